check_PROGRAMS += tests/unit/base/test-base
TESTS += tests/unit/base/test-base
tests_unit_base_test_base_SOURCES = tests/unit/base/test-base.c
tests_unit_base_test_base_LDADD = $(BASE_LDADD)
check_PROGRAMS += tests/unit/base/test-value
TESTS += tests/unit/base/test-value
tests_unit_base_test_value_SOURCES = tests/unit/base/test-value.c
tests_unit_base_test_value_LDADD = $(BASE_LDADD)
if FAILPOINTS
check_PROGRAMS += tests/unit/base/test-failpoint
TESTS += tests/unit/base/test-failpoint
tests_unit_base_test_failpoint_SOURCES = tests/unit/base/test-failpoint.c
tests_unit_base_test_failpoint_LDADD = $(BASE_LDADD)
endif
