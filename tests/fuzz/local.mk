# see tests/local.mk; tests/fuzz/fuzz.h says what a target is
EXTRA_DIST += tests/fuzz/corpus tests/fuzz/check-fuzz.sh
FUZZ_TARGETS = tests/fuzz/fuzz-answer tests/fuzz/fuzz-codec tests/fuzz/fuzz-einvoice \
	tests/fuzz/fuzz-entry tests/fuzz/fuzz-evidence tests/fuzz/fuzz-fields \
	tests/fuzz/fuzz-invoice-pages tests/fuzz/fuzz-json tests/fuzz/fuzz-key-file \
	tests/fuzz/fuzz-layout tests/fuzz/fuzz-query tests/fuzz/fuzz-sealed tests/fuzz/fuzz-segment \
	tests/fuzz/fuzz-settings tests/fuzz/fuzz-typed tests/fuzz/fuzz-wire tests/fuzz/fuzz-zip
check_PROGRAMS += $(FUZZ_TARGETS)
if FUZZING
FUZZ_MAIN = tests/fuzz/fuzz.h
FUZZ_LINK = $(AM_LDFLAGS) -fsanitize=fuzzer
else
TESTS += $(FUZZ_TARGETS)
FUZZ_MAIN = tests/fuzz/fuzz.h tests/fuzz/replay.c
FUZZ_LINK = $(AM_LDFLAGS)
endif

tests_fuzz_fuzz_answer_SOURCES = tests/fuzz/fuzz-answer.c $(FUZZ_MAIN)
tests_fuzz_fuzz_answer_CFLAGS = $(AM_CFLAGS)
tests_fuzz_fuzz_answer_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_answer_LDADD = $(READER_LDADD) $(BASE_LDADD)
tests_fuzz_fuzz_codec_SOURCES = tests/fuzz/fuzz-codec.c $(FUZZ_MAIN)
tests_fuzz_fuzz_codec_CFLAGS = $(AM_CFLAGS) $(CODECS_CFLAGS)
tests_fuzz_fuzz_codec_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_codec_LDADD = $(CODECS_LDADD) $(BASE_LDADD)
tests_fuzz_fuzz_einvoice_SOURCES = tests/fuzz/fuzz-einvoice.c $(FUZZ_MAIN)
tests_fuzz_fuzz_einvoice_CFLAGS = $(AM_CFLAGS) $(CODECS_CFLAGS)
tests_fuzz_fuzz_einvoice_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_einvoice_LDADD = $(READER_LDADD) $(OCR_LDADD) $(BASE_LDADD)
tests_fuzz_fuzz_entry_SOURCES = tests/fuzz/fuzz-entry.c $(FUZZ_MAIN)
tests_fuzz_fuzz_entry_CFLAGS = $(AM_CFLAGS)
tests_fuzz_fuzz_entry_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_entry_LDADD = $(LEDGER_LDADD) $(BASE_LDADD)
tests_fuzz_fuzz_evidence_SOURCES = tests/fuzz/fuzz-evidence.c $(FUZZ_MAIN)
tests_fuzz_fuzz_evidence_CFLAGS = $(AM_CFLAGS) $(ENGINE_CFLAGS)
tests_fuzz_fuzz_evidence_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_evidence_LDADD = $(EVIDENCE_LDADD) $(BASE_LDADD)
tests_fuzz_fuzz_fields_SOURCES = tests/fuzz/fuzz-fields.c $(FUZZ_MAIN)
tests_fuzz_fuzz_fields_CFLAGS = $(AM_CFLAGS) $(CODECS_CFLAGS)
tests_fuzz_fuzz_fields_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_fields_LDADD = $(READER_LDADD) $(OCR_LDADD) $(BASE_LDADD)
tests_fuzz_fuzz_invoice_pages_SOURCES = tests/fuzz/fuzz-invoice-pages.c $(FUZZ_MAIN)
tests_fuzz_fuzz_invoice_pages_CFLAGS = $(AM_CFLAGS) $(CODECS_CFLAGS) $(WORKER_CFLAGS)
tests_fuzz_fuzz_invoice_pages_LDFLAGS = $(FUZZ_LINK) -fopenmp
tests_fuzz_fuzz_invoice_pages_LDADD = $(WORKER_LDADD)
tests_fuzz_fuzz_json_SOURCES = tests/fuzz/fuzz-json.c $(FUZZ_MAIN)
tests_fuzz_fuzz_json_CFLAGS = $(AM_CFLAGS) $(CODECS_CFLAGS)
tests_fuzz_fuzz_json_LDFLAGS = $(FUZZ_LINK) -fopenmp
tests_fuzz_fuzz_json_LDADD = $(WORKER_LDADD)
tests_fuzz_fuzz_key_file_SOURCES = tests/fuzz/fuzz-key-file.c $(FUZZ_MAIN)
tests_fuzz_fuzz_key_file_CFLAGS = $(AM_CFLAGS)
tests_fuzz_fuzz_key_file_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_key_file_LDADD = $(SEAL_LDADD) $(BASE_LDADD)
tests_fuzz_fuzz_layout_SOURCES = tests/fuzz/fuzz-layout.c $(FUZZ_MAIN)
tests_fuzz_fuzz_layout_CFLAGS = $(AM_CFLAGS) $(CODECS_CFLAGS)
tests_fuzz_fuzz_layout_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_layout_LDADD = $(OCR_LDADD) $(BASE_LDADD)
tests_fuzz_fuzz_query_SOURCES = tests/fuzz/fuzz-query.c $(FUZZ_MAIN)
tests_fuzz_fuzz_query_CFLAGS = $(AM_CFLAGS)
tests_fuzz_fuzz_query_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_query_LDADD = $(INDEX_LDADD) $(BASE_LDADD)
tests_fuzz_fuzz_sealed_SOURCES = tests/fuzz/fuzz-sealed.c $(FUZZ_MAIN)
tests_fuzz_fuzz_sealed_CFLAGS = $(AM_CFLAGS)
tests_fuzz_fuzz_sealed_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_sealed_LDADD = $(SEAL_LDADD) $(BASE_LDADD)
tests_fuzz_fuzz_segment_SOURCES = tests/fuzz/fuzz-segment.c $(FUZZ_MAIN)
tests_fuzz_fuzz_segment_CFLAGS = $(AM_CFLAGS)
tests_fuzz_fuzz_segment_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_segment_LDADD = $(STORE_LDADD) $(BASE_LDADD)
tests_fuzz_fuzz_settings_SOURCES = tests/fuzz/fuzz-settings.c $(FUZZ_MAIN)
tests_fuzz_fuzz_settings_CFLAGS = $(AM_CFLAGS)
tests_fuzz_fuzz_settings_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_settings_LDADD = $(BASE_LDADD)
tests_fuzz_fuzz_typed_SOURCES = tests/fuzz/fuzz-typed.c $(FUZZ_MAIN)
tests_fuzz_fuzz_typed_CFLAGS = $(AM_CFLAGS)
tests_fuzz_fuzz_typed_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_typed_LDADD = $(BASE_LDADD)
tests_fuzz_fuzz_wire_SOURCES = tests/fuzz/fuzz-wire.c $(FUZZ_MAIN)
tests_fuzz_fuzz_wire_CFLAGS = $(AM_CFLAGS)
tests_fuzz_fuzz_wire_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_wire_LDADD = $(BASE_LDADD)
tests_fuzz_fuzz_zip_SOURCES = tests/fuzz/fuzz-zip.c $(FUZZ_MAIN)
tests_fuzz_fuzz_zip_CFLAGS = $(AM_CFLAGS)
tests_fuzz_fuzz_zip_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_zip_LDADD = $(CAPSULE_LDADD) $(BASE_LDADD)

check-fuzz: $(FUZZ_TARGETS)
	DENCHO_SRCDIR='$(abs_top_srcdir)' $(SHELL) $(srcdir)/tests/fuzz/check-fuzz.sh $(FUZZ_TARGETS)
