noinst_LIBRARIES += index/libindex.a
index_libindex_a_CFLAGS = $(AM_CFLAGS) $(INDEX_CFLAGS)
index_libindex_a_CXXFLAGS = $(AM_CXXFLAGS) $(INDEX_CFLAGS)
index_libindex_a_SOURCES = \
	index/check.c index/check.h index/encrypted-env.cc index/encrypted-env.h index/gate.c index/gate.h index/key.c index/key.h index/kv.c index/kv.h \
	index/merge.c index/month.h index/names.c \
	index/party.c index/party.h index/posting.c index/posting.h index/query.c index/query.h index/record.c index/record.h \
	index/run.c index/run.h \
	index/search.c index/search.h index/source.c index/span.h index/stream.c index/walk.c \
	index/tally.c index/tally.h index/text.c index/text.h
INDEX_LDADD = index/libindex.a $(INDEX_LIBS) -lstdc++
