noinst_LIBRARIES += engine/store/libstore.a
engine_store_libstore_a_CFLAGS = $(AM_CFLAGS) $(ENGINE_CFLAGS)
engine_store_libstore_a_SOURCES = \
	engine/store/fault.c engine/store/memory.c engine/store/segment-format.c \
	engine/store/segment-format.h engine/store/segment-copy.c engine/store/segment-copy.h \
	engine/store/segment-reader.c engine/store/segment-reader.h \
	engine/store/segment-tail.c engine/store/segment-tail.h \
	engine/store/segment.c engine/store/store.c engine/store/store.h
STORE_LDADD = engine/store/libstore.a 
