include engine/seal/local.mk
include engine/store/local.mk
include engine/ledger/local.mk
include engine/evidence/local.mk
include engine/reader.mk
