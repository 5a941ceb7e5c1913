noinst_LIBRARIES += codecs/libcodecs.a
codecs_libcodecs_a_CFLAGS = $(AM_CFLAGS) $(CODECS_CFLAGS)
codecs_libcodecs_a_SOURCES = codecs/codec.h codecs/pixmap.h
CODECS_LDADD = codecs/libcodecs.a $(CODECS_LIBS)
