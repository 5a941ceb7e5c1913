check_PROGRAMS += tests/unit/ocr/test-dates tests/unit/ocr/test-amounts
TESTS += tests/unit/ocr/test-dates tests/unit/ocr/test-amounts
tests_unit_ocr_test_dates_SOURCES = tests/unit/ocr/test-dates.c tests/unit/ocr/page.h
tests_unit_ocr_test_dates_LDADD = $(OCR_LDADD) $(BASE_LDADD)
tests_unit_ocr_test_amounts_SOURCES = tests/unit/ocr/test-amounts.c tests/unit/ocr/page.h
tests_unit_ocr_test_amounts_LDADD = $(OCR_LDADD) $(BASE_LDADD)
check_PROGRAMS += tests/unit/ocr/test-papers
TESTS += tests/unit/ocr/test-papers
tests_unit_ocr_test_papers_SOURCES = tests/unit/ocr/test-papers.c tests/unit/ocr/page.h
tests_unit_ocr_test_papers_LDADD = $(OCR_LDADD) $(BASE_LDADD)
EXTRA_DIST += tests/unit/ocr/papers/ja-till.txt tests/unit/ocr/papers/ja-paper.txt \
	tests/unit/ocr/papers/western.txt tests/unit/ocr/papers/ja-others.txt \
	tests/unit/ocr/papers/western-others.txt
check_PROGRAMS += tests/unit/ocr/test-parties
TESTS += tests/unit/ocr/test-parties
tests_unit_ocr_test_parties_SOURCES = tests/unit/ocr/test-parties.c tests/unit/ocr/page.h
tests_unit_ocr_test_parties_LDADD = $(OCR_LDADD) $(BASE_LDADD)
check_PROGRAMS += tests/unit/ocr/test-pages
TESTS += tests/unit/ocr/test-pages
tests_unit_ocr_test_pages_SOURCES = tests/unit/ocr/test-pages.c tests/unit/ocr/page.h
tests_unit_ocr_test_pages_LDADD = $(OCR_LDADD) $(BASE_LDADD)
check_PROGRAMS += tests/unit/ocr/test-einvoice
TESTS += tests/unit/ocr/test-einvoice
tests_unit_ocr_test_einvoice_SOURCES = tests/unit/ocr/test-einvoice.c tests/unit/ocr/page.h
tests_unit_ocr_test_einvoice_LDADD = $(OCR_LDADD) $(BASE_LDADD)
if SAMPLES
check_PROGRAMS += tests/unit/ocr/test-recognizer
TESTS += tests/unit/ocr/test-recognizer
tests_unit_ocr_test_recognizer_SOURCES = tests/unit/ocr/test-recognizer.c tests/unit/ocr/page.h
tests_unit_ocr_test_recognizer_CFLAGS = $(AM_CFLAGS) $(SAMPLES_CFLAGS)
tests_unit_ocr_test_recognizer_LDADD = $(OCR_LDADD) $(BASE_LDADD) $(SAMPLES_LIBS)
endif
