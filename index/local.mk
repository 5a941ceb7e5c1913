noinst_LIBRARIES += index/libindex.a
index_libindex_a_CFLAGS = $(AM_CFLAGS) $(INDEX_CFLAGS)
index_libindex_a_CXXFLAGS = $(AM_CXXFLAGS) $(INDEX_CFLAGS)
index_libindex_a_SOURCES = index/kv.h index/query.h
INDEX_LDADD = index/libindex.a $(INDEX_LIBS) -lstdc++
