check_PROGRAMS += tests/unit/seal/test-seal tests/unit/seal/test-master-key tests/unit/seal/test-memory
TESTS += tests/unit/seal/test-seal tests/unit/seal/test-master-key tests/unit/seal/test-memory
tests_unit_seal_test_seal_SOURCES = tests/unit/seal/test-seal.c tests/unit/seal/forms.h
tests_unit_seal_test_seal_LDADD = $(SEAL_LDADD) $(BASE_LDADD)
tests_unit_seal_test_master_key_SOURCES = tests/unit/seal/test-master-key.c
tests_unit_seal_test_master_key_LDADD = $(SEAL_LDADD) $(BASE_LDADD)
tests_unit_seal_test_memory_SOURCES = tests/unit/seal/test-memory.c
tests_unit_seal_test_memory_LDADD = $(SEAL_LDADD) $(BASE_LDADD)
