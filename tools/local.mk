noinst_PROGRAMS += tools/dencho-tsa
tools_dencho_tsa_SOURCES = tools/dencho-tsa.c
tools_dencho_tsa_LDADD = $(BASE_LDADD)

dist_check_SCRIPTS += tools/check-layers tools/check-format
TESTS += tools/check-layers tools/check-format
