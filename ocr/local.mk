noinst_LIBRARIES += ocr/libocr.a
ocr_libocr_a_CFLAGS = $(AM_CFLAGS) $(OCR_CFLAGS) -fopenmp
ocr_libocr_a_SOURCES = ocr/page-text.h ocr/recognize.h ocr/reading.h
OCR_LDADD = ocr/libocr.a $(OCR_LIBS) -fopenmp
