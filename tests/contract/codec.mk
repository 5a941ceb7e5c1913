check_PROGRAMS += tests/contract/codec
TESTS += tests/contract/codec
tests_contract_codec_SOURCES = \
	tests/contract/codec.c tests/unit/codecs/made.c tests/unit/codecs/made.h
tests_contract_codec_CFLAGS = $(AM_CFLAGS) $(CODECS_CFLAGS)
tests_contract_codec_LDADD = $(CODECS_LDADD) $(BASE_LDADD)
