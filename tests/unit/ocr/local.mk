check_PROGRAMS += tests/unit/ocr/test-dates tests/unit/ocr/test-amounts
TESTS += tests/unit/ocr/test-dates tests/unit/ocr/test-amounts
tests_unit_ocr_test_dates_SOURCES = tests/unit/ocr/test-dates.c tests/unit/ocr/page.h
tests_unit_ocr_test_dates_LDADD = $(OCR_LDADD) $(BASE_LDADD)
tests_unit_ocr_test_amounts_SOURCES = tests/unit/ocr/test-amounts.c tests/unit/ocr/page.h
tests_unit_ocr_test_amounts_LDADD = $(OCR_LDADD) $(BASE_LDADD)
