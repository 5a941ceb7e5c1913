check_PROGRAMS += tests/unit/engine/test-voucher tests/unit/engine/test-zip tests/unit/engine/test-archive
TESTS += tests/unit/engine/test-voucher tests/unit/engine/test-zip tests/unit/engine/test-archive
tests_unit_engine_test_voucher_SOURCES = tests/unit/engine/test-voucher.c
tests_unit_engine_test_voucher_LDADD = $(ENGINE_LDADD)
tests_unit_engine_test_zip_SOURCES = tests/unit/engine/test-zip.c
tests_unit_engine_test_zip_LDADD = $(ENGINE_LDADD)
tests_unit_engine_test_archive_SOURCES = tests/unit/engine/test-archive.c
tests_unit_engine_test_archive_LDADD = $(ENGINE_LDADD)
