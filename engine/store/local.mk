noinst_LIBRARIES += engine/store/libstore.a
engine_store_libstore_a_CFLAGS = $(AM_CFLAGS) $(ENGINE_CFLAGS)
engine_store_libstore_a_SOURCES = engine/store/store.h 
STORE_LDADD = engine/store/libstore.a 
