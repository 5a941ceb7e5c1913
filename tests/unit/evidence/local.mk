evidence_tests = tests/unit/evidence/test-hashtree tests/unit/evidence/test-record \
	tests/unit/evidence/test-token tests/unit/evidence/test-trust tests/unit/evidence/test-tsa \
	tests/unit/evidence/test-revocation
evidence_test_helpers = tests/unit/evidence/authority.c tests/unit/evidence/authority.h

check_PROGRAMS += $(evidence_tests)
TESTS += $(evidence_tests)

tests_unit_evidence_test_hashtree_SOURCES = tests/unit/evidence/test-hashtree.c
tests_unit_evidence_test_hashtree_LDADD = $(EVIDENCE_LDADD) $(BASE_LDADD)
tests_unit_evidence_test_record_SOURCES = tests/unit/evidence/test-record.c \
	$(evidence_test_helpers)
tests_unit_evidence_test_record_LDADD = $(EVIDENCE_LDADD) $(BASE_LDADD)
tests_unit_evidence_test_token_SOURCES = tests/unit/evidence/test-token.c $(evidence_test_helpers)
tests_unit_evidence_test_token_LDADD = $(EVIDENCE_LDADD) $(BASE_LDADD)
tests_unit_evidence_test_trust_SOURCES = tests/unit/evidence/test-trust.c $(evidence_test_helpers)
tests_unit_evidence_test_trust_LDADD = $(EVIDENCE_LDADD) $(BASE_LDADD)
tests_unit_evidence_test_revocation_SOURCES = tests/unit/evidence/test-revocation.c $(evidence_test_helpers)
tests_unit_evidence_test_revocation_LDADD = $(EVIDENCE_LDADD) $(BASE_LDADD)
tests_unit_evidence_test_tsa_SOURCES = tests/unit/evidence/test-tsa.c $(evidence_test_helpers)
tests_unit_evidence_test_tsa_LDADD = $(EVIDENCE_LDADD) $(BASE_LDADD)
check_PROGRAMS += tests/unit/evidence/test-brought
TESTS += tests/unit/evidence/test-brought
tests_unit_evidence_test_brought_SOURCES = tests/unit/evidence/test-brought.c \
	tests/unit/evidence/stamped-pdf.h $(evidence_test_helpers)
tests_unit_evidence_test_brought_LDADD = $(EVIDENCE_LDADD) $(BASE_LDADD)
EXTRA_DIST += docs/evidence.md
