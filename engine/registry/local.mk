noinst_LIBRARIES += engine/registry/libregistry.a
engine_registry_libregistry_a_CFLAGS = $(AM_CFLAGS) $(ENGINE_CFLAGS)
engine_registry_libregistry_a_SOURCES = \
	engine/registry/file.c engine/registry/file.h engine/registry/list.c engine/registry/list.h \
	engine/registry/sorter.c engine/registry/sorter.h
REGISTRY_LDADD = engine/registry/libregistry.a
