INDEX_TESTS = tests/unit/index/test-fold tests/unit/index/test-gate tests/unit/index/test-key tests/unit/index/test-kv \
	tests/unit/index/test-parties tests/unit/index/test-posting tests/unit/index/test-query
check_PROGRAMS += $(INDEX_TESTS)
TESTS += $(INDEX_TESTS)
tests_unit_index_test_fold_SOURCES = tests/unit/index/test-fold.c
tests_unit_index_test_fold_LDADD = $(INDEX_LDADD) $(BASE_LDADD)
tests_unit_index_test_gate_SOURCES = tests/unit/index/test-gate.c
tests_unit_index_test_gate_LDADD = $(INDEX_LDADD) $(BASE_LDADD)
tests_unit_index_test_key_SOURCES = tests/unit/index/test-key.c
tests_unit_index_test_key_LDADD = $(INDEX_LDADD) $(BASE_LDADD)
tests_unit_index_test_kv_SOURCES = tests/unit/index/test-kv.c
tests_unit_index_test_kv_LDADD = $(INDEX_LDADD) $(BASE_LDADD)
tests_unit_index_test_parties_SOURCES = tests/unit/index/test-parties.c
tests_unit_index_test_parties_LDADD = $(INDEX_LDADD) $(BASE_LDADD)
tests_unit_index_test_posting_SOURCES = tests/unit/index/test-posting.c
tests_unit_index_test_posting_LDADD = $(INDEX_LDADD) $(BASE_LDADD)
tests_unit_index_test_query_SOURCES = tests/unit/index/test-query.c
tests_unit_index_test_query_LDADD = $(INDEX_LDADD) $(BASE_LDADD)
