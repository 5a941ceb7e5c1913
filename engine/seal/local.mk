noinst_LIBRARIES += engine/seal/libseal.a
engine_seal_libseal_a_CFLAGS = $(AM_CFLAGS) $(ENGINE_CFLAGS)
engine_seal_libseal_a_SOURCES = engine/seal/envelope.h engine/seal/keyring.h engine/seal/secret.h 
SEAL_LDADD = engine/seal/libseal.a 
