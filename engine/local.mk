include engine/capsule/local.mk
include engine/seal/local.mk
include engine/store/local.mk
include engine/ledger/local.mk
include engine/evidence/local.mk
include engine/law/local.mk
include engine/registry/local.mk
include engine/reader.mk

noinst_LIBRARIES += engine/libengine.a
engine_libengine_a_CFLAGS = $(AM_CFLAGS) $(ENGINE_CFLAGS)
engine_libengine_a_SOURCES = \
	engine/archive.c engine/archive.h engine/authority.c engine/backup.c engine/backup.h engine/backup-set.c \
	engine/batch.c engine/batch.h engine/blob.c \
	engine/capsule-check.c engine/change.c engine/commit.c engine/doctor.c engine/export.c \
	engine/export.h engine/export-front.c engine/export-voucher.c engine/import.c \
	engine/ingest.c engine/internal.h engine/known.c engine/known.h engine/lately.c engine/lately.h engine/packed.c engine/packed.h engine/packed-words.def engine/read.c engine/registry.c engine/reserve.c engine/restore.c engine/row.c engine/search.c engine/show.c engine/snippet.c engine/split.c \
	engine/stamp.c engine/renew.c engine/revocation.c engine/sender-stamp.c engine/settled.c engine/request.c engine/dispose.c engine/duty.c engine/duty.h \
	engine/report.c engine/tenant.c engine/close.c engine/keys.c engine/verify.c engine/verify.h engine/verify-chain.c \
	engine/verify-index.c engine/view-format.h engine/view-apply.c engine/view-catch-up.c engine/view-read.c \
	engine/voucher.c engine/voucher-shown.c engine/voucher.h \
	engine/witness.c

# What a program of the archive links, from the top down.
ENGINE_LDADD = engine/libengine.a $(READER_LDADD) $(SEAL_LDADD) $(STORE_LDADD) $(LEDGER_LDADD) \
	$(EVIDENCE_LDADD) $(CAPSULE_LDADD) $(LAW_LDADD) $(REGISTRY_LDADD) $(INDEX_LDADD) $(BASE_LDADD)
