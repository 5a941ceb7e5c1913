check_PROGRAMS += tests/unit/store/test-segment
TESTS += tests/unit/store/test-segment
tests_unit_store_test_segment_SOURCES = tests/unit/store/test-segment.c
tests_unit_store_test_segment_LDADD = $(STORE_LDADD) $(BASE_LDADD)
