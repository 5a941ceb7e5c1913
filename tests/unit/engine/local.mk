check_PROGRAMS += tests/unit/engine/test-voucher tests/unit/engine/test-zip tests/unit/engine/test-archive tests/unit/engine/test-keys tests/unit/engine/test-duty tests/unit/engine/test-lawful
TESTS += tests/unit/engine/test-voucher tests/unit/engine/test-zip tests/unit/engine/test-archive tests/unit/engine/test-keys tests/unit/engine/test-duty tests/unit/engine/test-lawful
tests_unit_engine_test_voucher_SOURCES = tests/unit/engine/test-voucher.c tests/unit/engine/apply.h
tests_unit_engine_test_voucher_LDADD = $(ENGINE_LDADD)
tests_unit_engine_test_zip_SOURCES = tests/unit/engine/test-zip.c
tests_unit_engine_test_zip_LDADD = $(ENGINE_LDADD)
tests_unit_engine_test_archive_SOURCES = tests/unit/engine/test-archive.c tests/unit/engine/fixture.h
tests_unit_engine_test_archive_LDADD = $(ENGINE_LDADD)
tests_unit_engine_test_keys_SOURCES = tests/unit/engine/test-keys.c tests/unit/engine/fixture.h
tests_unit_engine_test_keys_LDADD = $(ENGINE_LDADD)
check_PROGRAMS += tests/unit/engine/test-damage tests/unit/engine/test-threads
TESTS += tests/unit/engine/test-damage tests/unit/engine/test-threads
tests_unit_engine_test_damage_SOURCES = \
	tests/unit/engine/test-damage.c tests/torture/common.c tests/torture/common.h
tests_unit_engine_test_damage_LDADD = $(ENGINE_LDADD)
tests_unit_engine_test_threads_SOURCES = \
	tests/unit/engine/test-threads.c
tests_unit_engine_test_threads_LDADD = $(ENGINE_LDADD)
EXTRA_DIST += tests/tsan.supp
check_PROGRAMS += tests/unit/engine/test-rebuild
TESTS += tests/unit/engine/test-rebuild
tests_unit_engine_test_rebuild_SOURCES = tests/unit/engine/test-rebuild.c tests/unit/engine/fixture.h
tests_unit_engine_test_rebuild_LDADD = $(ENGINE_LDADD)
check_PROGRAMS += tests/unit/engine/test-backup
TESTS += tests/unit/engine/test-backup
tests_unit_engine_test_backup_SOURCES = tests/unit/engine/test-backup.c
tests_unit_engine_test_backup_LDADD = $(ENGINE_LDADD)
tests_unit_engine_test_duty_SOURCES = tests/unit/engine/test-duty.c tests/unit/engine/apply.h
tests_unit_engine_test_duty_LDADD = $(ENGINE_LDADD)
tests_unit_engine_test_lawful_SOURCES = tests/unit/engine/test-lawful.c tests/unit/engine/fixture.h
tests_unit_engine_test_lawful_LDADD = $(ENGINE_LDADD)
check_PROGRAMS += tests/unit/engine/test-search-law
TESTS += tests/unit/engine/test-search-law
tests_unit_engine_test_search_law_SOURCES = tests/unit/engine/test-search-law.c tests/unit/engine/fixture.h
tests_unit_engine_test_search_law_LDADD = $(ENGINE_LDADD)
check_PROGRAMS += tests/unit/engine/test-forms
TESTS += tests/unit/engine/test-forms
tests_unit_engine_test_forms_SOURCES = tests/unit/engine/test-forms.c tests/unit/seal/forms.h tests/unit/engine/fixture.h
tests_unit_engine_test_forms_LDADD = $(ENGINE_LDADD)
check_PROGRAMS += tests/unit/engine/test-renew
TESTS += tests/unit/engine/test-renew
tests_unit_engine_test_renew_SOURCES = tests/unit/engine/test-renew.c \
	tests/unit/evidence/authority.c tests/unit/evidence/authority.h
tests_unit_engine_test_renew_LDADD = $(ENGINE_LDADD)
check_PROGRAMS += tests/unit/engine/test-proofs
TESTS += tests/unit/engine/test-proofs
tests_unit_engine_test_proofs_SOURCES = tests/unit/engine/test-proofs.c \
	tests/unit/evidence/authority.c tests/unit/evidence/authority.h
tests_unit_engine_test_proofs_LDADD = $(ENGINE_LDADD)
EXTRA_DIST += tools/verify-capsule.c
check_PROGRAMS += tests/unit/engine/test-registry
TESTS += tests/unit/engine/test-registry
tests_unit_engine_test_registry_SOURCES = tests/unit/engine/test-registry.c
tests_unit_engine_test_registry_LDADD = $(ENGINE_LDADD)
check_PROGRAMS += tests/unit/engine/test-clock
TESTS += tests/unit/engine/test-clock
tests_unit_engine_test_clock_SOURCES = tests/unit/engine/test-clock.c tests/unit/engine/fixture.h
tests_unit_engine_test_clock_LDADD = $(ENGINE_LDADD)
check_PROGRAMS += tests/unit/engine/test-channels
TESTS += tests/unit/engine/test-channels
tests_unit_engine_test_channels_SOURCES = tests/unit/engine/test-channels.c \
	tests/unit/engine/fixture.h tests/unit/engine/report.h tests/unit/evidence/stamped-pdf.h \
	tests/unit/evidence/authority.c tests/unit/evidence/authority.h
tests_unit_engine_test_channels_LDADD = $(ENGINE_LDADD)
check_PROGRAMS += tests/unit/engine/test-deadlines
TESTS += tests/unit/engine/test-deadlines
tests_unit_engine_test_deadlines_SOURCES = tests/unit/engine/test-deadlines.c \
	tests/unit/engine/fixture.h tests/unit/engine/report.h tests/unit/evidence/authority.c \
	tests/unit/evidence/authority.h
tests_unit_engine_test_deadlines_LDADD = $(ENGINE_LDADD)
check_PROGRAMS += tests/unit/engine/test-packed
TESTS += tests/unit/engine/test-packed
tests_unit_engine_test_packed_SOURCES = tests/unit/engine/test-packed.c
tests_unit_engine_test_packed_LDADD = $(ENGINE_LDADD)
