# Tiny archives of each format version, that every later program must open (docs/format.md).
EXTRA_DIST += \
	samples/vectors/1/expected/01a20efe-c27b-7784-b4b0-802065d2907d.t \
	samples/vectors/1/expected/01a20efe-c27f-7689-aea0-600d94f98ec8.o \
	samples/vectors/1/expected/01a20efe-c287-7696-a2b0-76554bacc2ce.t \
	samples/vectors/1/expected/01a20efe-c28f-70d4-8cd4-50c0a133aad9.o \
	samples/vectors/1/expected/01a20efe-c2ad-737b-8055-d4a9e5a7dde1.t \
	samples/vectors/1/expected/01a20efe-c2b7-71c5-b690-fe4dd24f3b36.o \
	samples/vectors/1/expected/ledger.jsonl \
	samples/vectors/1/keys/01a20efe-c23f-74f4-9fd4-03ca543f9a49.key \
	samples/vectors/1/keys/01a20efe-c247-74a8-a5fd-a8d26a725d34.key \
	samples/vectors/1/keys/01a20efe-c249-73fc-a6e5-b83ebaaf9857.key \
	samples/vectors/1/keys/01a20efe-c26f-7381-9c96-ca3f69c1b5e5.key \
	samples/vectors/1/keys/01a20efe-c28f-70d5-beec-5114c4be1afa.key \
	samples/vectors/1/log/000001.seg \
	samples/vectors/1/log/000002.seg \
	samples/vectors/1/master.key \
	samples/vectors/2/expected/01a20efe-c27b-7784-b4b0-802065d2907d.t \
	samples/vectors/2/expected/01a20efe-c27f-7689-aea0-600d94f98ec8.o \
	samples/vectors/2/expected/01a20efe-c287-7696-a2b0-76554bacc2ce.t \
	samples/vectors/2/expected/01a20efe-c28f-70d4-8cd4-50c0a133aad9.o \
	samples/vectors/2/expected/01a20efe-c2ad-737b-8055-d4a9e5a7dde1.t \
	samples/vectors/2/expected/01a20efe-c2b7-71c5-b690-fe4dd24f3b36.o \
	samples/vectors/2/expected/01a20f8c-4893-7621-a64b-6d559e103f21.o \
	samples/vectors/2/expected/01a20f8c-4897-750d-95eb-34de14f6fd7b.r \
	samples/vectors/2/expected/01a20f8c-4899-7385-b28f-09489684d148.o \
	samples/vectors/2/expected/01a20f8c-489b-716b-b1e9-b877953cfeff.r \
	samples/vectors/2/expected/01a20f8c-489f-7133-8777-bc7b569e2615.o \
	samples/vectors/2/expected/ledger.jsonl \
	samples/vectors/2/keys/01a20efe-c23f-74f4-9fd4-03ca543f9a49.key \
	samples/vectors/2/keys/01a20efe-c247-74a8-a5fd-a8d26a725d34.key \
	samples/vectors/2/keys/01a20efe-c249-73fc-a6e5-b83ebaaf9857.key \
	samples/vectors/2/keys/01a20efe-c26f-7381-9c96-ca3f69c1b5e5.key \
	samples/vectors/2/keys/01a20efe-c28f-70d5-beec-5114c4be1afa.key \
	samples/vectors/2/log/000001.seg \
	samples/vectors/2/log/000002.seg \
	samples/vectors/2/log/000003.seg \
	samples/vectors/2/master.key \
	samples/vectors/keys/passphrase samples/vectors/keys/protected.key \
	samples/vectors/keys/recovery.txt samples/vectors/keys/rsa.envelope samples/vectors/keys/rsa.pem \
	samples/vectors/keys/rsa.pub samples/vectors/keys/x25519.envelope \
	samples/vectors/keys/x25519.pem samples/vectors/keys/x25519.pub
