noinst_LIBRARIES += codecs/libcodecs.a
codecs_libcodecs_a_CFLAGS = $(AM_CFLAGS) $(PIXEL_CFLAGS) $(CODECS_CFLAGS)
codecs_libcodecs_a_SOURCES = \
	codecs/blank.c codecs/codec.c codecs/codec.h codecs/columns.c codecs/curl.c codecs/deskew.c codecs/dots.c codecs/exif.c codecs/exif.h codecs/flatten.c \
	codecs/grain.c codecs/gray.c codecs/heif.c codecs/jpeg.c codecs/leptonica.c codecs/leptonica.h codecs/orient.c codecs/paper.c codecs/pdf.c \
	codecs/pixmap.c codecs/pixmap.h codecs/png.c codecs/quantile.c codecs/scale.c codecs/seal.c codecs/straighten.c codecs/tiff.c
CODECS_LDADD = codecs/libcodecs.a $(CODECS_LIBS) -lm
