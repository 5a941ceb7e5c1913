# see Makefile.am
libexec_PROGRAMS += worker/dencho-worker
noinst_LIBRARIES += worker/libworker.a
EXTRA_DIST += worker/protocol.md
worker_libworker_a_CFLAGS = $(AM_CFLAGS) $(PIXEL_CFLAGS) $(CODECS_CFLAGS) $(OCR_CFLAGS) $(WORKER_CFLAGS)
worker_libworker_a_SOURCES = \
	worker/checks.c worker/checks.h worker/normalise.c worker/normalise.h \
	worker/invoice-pages.c worker/invoice-pages.h \
	worker/page-image.c worker/page-image.h worker/read-einvoice.c worker/read-einvoice.h \
	worker/protocol.c worker/protocol.h worker/read-document.c worker/read-document.h \
	worker/read-picture.c worker/read-picture.h \
	worker/rendition.c worker/rendition.h worker/sandbox.c worker/sandbox.h
WORKER_LDADD = worker/libworker.a ocr/libocr.a codecs/libcodecs.a base/libbase.a \
	$(WORKER_LIBS) $(OCR_LIBS) $(CODECS_LIBS) $(BASE_LIBS) -lm
worker_dencho_worker_CFLAGS = $(AM_CFLAGS) $(CODECS_CFLAGS) $(OCR_CFLAGS) $(WORKER_CFLAGS) -fopenmp
worker_dencho_worker_SOURCES = worker/main.c
worker_dencho_worker_LDADD = $(WORKER_LDADD)
worker_dencho_worker_LDFLAGS = $(AM_LDFLAGS) -fopenmp
