# see tests/local.mk
check_PROGRAMS += tests/unit/worker/test-sandbox
TESTS += tests/unit/worker/test-sandbox
tests_unit_worker_test_sandbox_SOURCES = tests/unit/worker/test-sandbox.c
tests_unit_worker_test_sandbox_LDADD = worker/libworker.a base/libbase.a $(WORKER_LIBS) $(BASE_LIBS)
check_PROGRAMS += tests/unit/worker/test-parts
TESTS += tests/unit/worker/test-parts
tests_unit_worker_test_parts_CFLAGS = $(AM_CFLAGS) $(CODECS_CFLAGS)
tests_unit_worker_test_parts_LDFLAGS = $(AM_LDFLAGS) -fopenmp
tests_unit_worker_test_parts_SOURCES = tests/unit/worker/test-parts.c
tests_unit_worker_test_parts_LDADD = $(READER_LDADD) $(WORKER_LDADD)
check_PROGRAMS += tests/unit/worker/test-reader
TESTS += tests/unit/worker/test-reader
tests_unit_worker_test_reader_CFLAGS = $(AM_CFLAGS) $(CODECS_CFLAGS)
tests_unit_worker_test_reader_SOURCES = tests/unit/worker/test-reader.c
tests_unit_worker_test_reader_LDADD = $(READER_LDADD) base/libbase.a $(CODECS_LIBS) $(BASE_LIBS)
EXTRA_tests_unit_worker_test_reader_DEPENDENCIES = worker/dencho-worker
