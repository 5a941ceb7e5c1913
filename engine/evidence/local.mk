noinst_LIBRARIES += engine/evidence/libevidence.a
engine_evidence_libevidence_a_CFLAGS = $(AM_CFLAGS) $(ENGINE_CFLAGS)
engine_evidence_libevidence_a_SOURCES = engine/evidence/evidence.h 
EVIDENCE_LDADD = engine/evidence/libevidence.a $(ENGINE_LIBS)
