check_PROGRAMS += tests/unit/ledger/test-ledger
TESTS += tests/unit/ledger/test-ledger
tests_unit_ledger_test_ledger_SOURCES = tests/unit/ledger/test-ledger.c
tests_unit_ledger_test_ledger_LDADD = $(LEDGER_LDADD) $(BASE_LDADD)
