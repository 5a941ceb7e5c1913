# A test program prints TAP. check_PROGRAMS that are tests are added to TESTS by the folder that has them.
include tests/unit/base/local.mk
include tests/unit/codecs/local.mk
include tests/unit/ocr/local.mk
include tests/unit/index/local.mk
include tests/unit/seal/local.mk
include tests/unit/store/local.mk
include tests/unit/ledger/local.mk
include tests/unit/evidence/local.mk
include tests/unit/capsule/local.mk
include tests/unit/engine/local.mk
include tests/unit/worker/local.mk
include tests/unit/cli/local.mk
include tests/contract/codec.mk
include tests/contract/store.mk
include tests/fuzz/local.mk
include tests/e2e/local.mk
include tests/headers/local.mk
