noinst_LIBRARIES += engine/evidence/libevidence.a
engine_evidence_libevidence_a_CFLAGS = $(AM_CFLAGS) $(ENGINE_CFLAGS)
engine_evidence_libevidence_a_SOURCES = \
	engine/evidence/brought.c engine/evidence/brought.h \
	engine/evidence/evidence.h engine/evidence/hashtree.c engine/evidence/http.c \
	engine/evidence/http.h engine/evidence/proofs.c engine/evidence/record.c \
	engine/evidence/revocation.c engine/evidence/revocation.h \
	engine/evidence/strength.c engine/evidence/token.c engine/evidence/token.h engine/evidence/trust.c \
	engine/evidence/trust.h engine/evidence/tsa.c engine/evidence/x509.c engine/evidence/x509.h
EVIDENCE_LDADD = engine/evidence/libevidence.a $(ENGINE_LIBS)
