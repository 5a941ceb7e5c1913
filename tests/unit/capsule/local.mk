check_PROGRAMS += tests/unit/capsule/test-container tests/unit/capsule/test-lists
TESTS += tests/unit/capsule/test-container tests/unit/capsule/test-lists
tests_unit_capsule_test_container_SOURCES = tests/unit/capsule/test-container.c
tests_unit_capsule_test_container_LDADD = $(CAPSULE_LDADD) $(BASE_LDADD)
tests_unit_capsule_test_lists_SOURCES = tests/unit/capsule/test-lists.c
tests_unit_capsule_test_lists_LDADD = $(CAPSULE_LDADD) $(BASE_LDADD)
