check_PROGRAMS += tests/contract/store
TESTS += tests/contract/store
tests_contract_store_SOURCES = tests/contract/store.c
tests_contract_store_LDADD = $(STORE_LDADD) $(BASE_LDADD)
