noinst_LIBRARIES += ocr/libocr.a
ocr_libocr_a_CFLAGS = $(AM_CFLAGS) $(PIXEL_CFLAGS) $(OCR_CFLAGS) -fopenmp
ocr_libocr_a_SOURCES = ocr/page-text.h ocr/recognize.h ocr/reading.h \
	ocr/page-text.c ocr/layout.c ocr/recognize.c ocr/on-demand.c ocr/tesseract.c ocr/one-thread.c ocr/script.c ocr/reading.c ocr/margin.c ocr/rules.c ocr/turn.c ocr/bands.c ocr/closer.c ocr/columns.h ocr/columns.c ocr/finer.c ocr/beside.c ocr/read-page.c ocr/read-page.h \
	ocr/xml-tree.h ocr/xml-tree.c ocr/einvoice.h ocr/einvoice.c ocr/structured.c \
	ocr/fields/fields.h ocr/fields/further.c ocr/fields/text.c ocr/fields/number.c ocr/fields/label.c ocr/fields/score.c ocr/fields/spelling.c \
	ocr/fields/date.c ocr/fields/amount.c ocr/fields/party.c ocr/fields/regnum.c ocr/fields/tax.c \
	ocr/fields/kind.c
OCR_LDADD = ocr/libocr.a $(OCR_LIBS) -lgomp $(CODECS_LDADD)
