check_PROGRAMS += tests/unit/store/test-segment
TESTS += tests/unit/store/test-segment
tests_unit_store_test_segment_SOURCES = \
	tests/unit/store/test-segment.c
tests_unit_store_test_segment_LDADD = $(STORE_LDADD) $(BASE_LDADD)
check_PROGRAMS += tests/unit/store/test-segment-copy
TESTS += tests/unit/store/test-segment-copy
tests_unit_store_test_segment_copy_SOURCES = tests/unit/store/test-segment-copy.c
tests_unit_store_test_segment_copy_LDADD = $(STORE_LDADD) $(BASE_LDADD)
include samples/vectors/local.mk
check_PROGRAMS += tests/unit/store/test-vectors
TESTS += tests/unit/store/test-vectors
tests_unit_store_test_vectors_SOURCES = tests/unit/store/test-vectors.c
tests_unit_store_test_vectors_LDADD = $(SEAL_LDADD) $(STORE_LDADD) $(LEDGER_LDADD) $(BASE_LDADD)
check_PROGRAMS += tests/unit/store/test-leaders
TESTS += tests/unit/store/test-leaders
tests_unit_store_test_leaders_SOURCES = tests/unit/store/test-leaders.c
tests_unit_store_test_leaders_LDADD = $(STORE_LDADD) $(BASE_LDADD)
