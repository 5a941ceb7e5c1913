check_PROGRAMS += tests/unit/law/test-law tests/unit/law/test-rules
TESTS += tests/unit/law/test-law tests/unit/law/test-rules
tests_unit_law_test_law_SOURCES = tests/unit/law/test-law.c
tests_unit_law_test_law_LDADD = $(LAW_LDADD) $(BASE_LDADD)
tests_unit_law_test_rules_SOURCES = tests/unit/law/test-rules.c
tests_unit_law_test_rules_LDADD = $(LAW_LDADD) $(BASE_LDADD)
