check_PROGRAMS += tests/unit/engine/test-voucher tests/unit/engine/test-zip tests/unit/engine/test-archive tests/unit/engine/test-keys
TESTS += tests/unit/engine/test-voucher tests/unit/engine/test-zip tests/unit/engine/test-archive tests/unit/engine/test-keys
tests_unit_engine_test_voucher_SOURCES = tests/unit/engine/test-voucher.c
tests_unit_engine_test_voucher_LDADD = $(ENGINE_LDADD)
tests_unit_engine_test_zip_SOURCES = tests/unit/engine/test-zip.c
tests_unit_engine_test_zip_LDADD = $(ENGINE_LDADD)
tests_unit_engine_test_archive_SOURCES = tests/unit/engine/test-archive.c
tests_unit_engine_test_archive_LDADD = $(ENGINE_LDADD)
tests_unit_engine_test_keys_SOURCES = tests/unit/engine/test-keys.c
tests_unit_engine_test_keys_LDADD = $(ENGINE_LDADD)
check_PROGRAMS += tests/unit/engine/test-damage tests/unit/engine/test-threads
TESTS += tests/unit/engine/test-damage tests/unit/engine/test-threads
tests_unit_engine_test_damage_SOURCES = \
	tests/unit/engine/test-damage.c tests/torture/common.c tests/torture/common.h
tests_unit_engine_test_damage_LDADD = $(ENGINE_LDADD)
tests_unit_engine_test_threads_SOURCES = \
	tests/unit/engine/test-threads.c tests/unit/store/tsan-glib.c
tests_unit_engine_test_threads_LDADD = $(ENGINE_LDADD)
EXTRA_DIST += tests/tsan.supp
check_PROGRAMS += tests/unit/engine/test-backup
TESTS += tests/unit/engine/test-backup
tests_unit_engine_test_backup_SOURCES = tests/unit/engine/test-backup.c
tests_unit_engine_test_backup_LDADD = $(ENGINE_LDADD)
