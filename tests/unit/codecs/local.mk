check_PROGRAMS += tests/unit/codecs/test-corpus tests/unit/codecs/test-drivers \
	tests/unit/codecs/test-pixmap tests/unit/codecs/test-paper tests/unit/codecs/test-print \
	tests/unit/codecs/test-curl
TESTS += tests/unit/codecs/test-corpus tests/unit/codecs/test-drivers \
	tests/unit/codecs/test-pixmap tests/unit/codecs/test-paper tests/unit/codecs/test-print \
	tests/unit/codecs/test-curl

tests_unit_codecs_test_print_SOURCES = tests/unit/codecs/test-print.c
tests_unit_codecs_test_print_CFLAGS = $(AM_CFLAGS) $(CODECS_CFLAGS)
tests_unit_codecs_test_print_LDADD = $(CODECS_LDADD) $(BASE_LDADD)

tests_unit_codecs_test_curl_SOURCES = tests/unit/codecs/test-curl.c
tests_unit_codecs_test_curl_LDADD = $(CODECS_LDADD) $(BASE_LDADD)

tests_unit_codecs_test_paper_SOURCES = tests/unit/codecs/test-paper.c
tests_unit_codecs_test_paper_LDADD = $(CODECS_LDADD) $(BASE_LDADD)

tests_unit_codecs_test_corpus_SOURCES = tests/unit/codecs/test-corpus.c
tests_unit_codecs_test_corpus_LDADD = $(CODECS_LDADD) $(BASE_LDADD)

tests_unit_codecs_test_drivers_SOURCES = \
	tests/unit/codecs/made.c tests/unit/codecs/made.h tests/unit/codecs/test-drivers.c
tests_unit_codecs_test_drivers_CFLAGS = $(AM_CFLAGS) $(CODECS_CFLAGS)
tests_unit_codecs_test_drivers_LDADD = $(CODECS_LDADD) $(BASE_LDADD)

tests_unit_codecs_test_pixmap_SOURCES = tests/unit/codecs/test-pixmap.c
tests_unit_codecs_test_pixmap_LDADD = $(CODECS_LDADD) $(BASE_LDADD)
