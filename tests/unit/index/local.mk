check_PROGRAMS += tests/unit/index/test-fold tests/unit/index/test-key tests/unit/index/test-kv \
	tests/unit/index/test-query
TESTS += tests/unit/index/test-fold tests/unit/index/test-key tests/unit/index/test-kv \
	tests/unit/index/test-query
tests_unit_index_test_fold_SOURCES = tests/unit/index/test-fold.c
tests_unit_index_test_fold_LDADD = $(INDEX_LDADD) $(BASE_LDADD)
tests_unit_index_test_key_SOURCES = tests/unit/index/test-key.c
tests_unit_index_test_key_LDADD = $(INDEX_LDADD) $(BASE_LDADD)
tests_unit_index_test_kv_SOURCES = tests/unit/index/test-kv.c
tests_unit_index_test_kv_LDADD = $(INDEX_LDADD) $(BASE_LDADD)
tests_unit_index_test_query_SOURCES = tests/unit/index/test-query.c
tests_unit_index_test_query_LDADD = $(INDEX_LDADD) $(BASE_LDADD)
