check_PROGRAMS += tests/unit/base/test-base
TESTS += tests/unit/base/test-base
tests_unit_base_test_base_SOURCES = tests/unit/base/test-base.c
tests_unit_base_test_base_LDADD = $(BASE_LDADD)
