noinst_LIBRARIES += engine/seal/libseal.a
engine_seal_libseal_a_CFLAGS = $(AM_CFLAGS) $(ENGINE_CFLAGS)
engine_seal_libseal_a_SOURCES = \
	engine/seal/crypto.c engine/seal/envelope.c engine/seal/envelope.h engine/seal/escrow.c \
	engine/seal/escrow.h engine/seal/keyring.c engine/seal/master-key.c \
	engine/seal/master-key.h engine/seal/recovery.c \
	engine/seal/keyring.h engine/seal/seal-internal.h engine/seal/secret.c engine/seal/secret.h \
	engine/seal/stream-cipher.c
SEAL_LDADD = engine/seal/libseal.a 
