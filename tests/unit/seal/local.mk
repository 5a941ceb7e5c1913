check_PROGRAMS += tests/unit/seal/test-seal
TESTS += tests/unit/seal/test-seal
tests_unit_seal_test_seal_SOURCES = tests/unit/seal/test-seal.c tests/unit/store/tsan-glib.c
tests_unit_seal_test_seal_LDADD = $(SEAL_LDADD) $(BASE_LDADD)
