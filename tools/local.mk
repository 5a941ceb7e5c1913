noinst_PROGRAMS += tools/dencho-tsa tools/score-reading
tools_dencho_tsa_SOURCES = tools/dencho-tsa.c
tools_dencho_tsa_LDADD = $(BASE_LDADD)
tools_score_reading_SOURCES = tools/score-reading.c
tools_score_reading_LDADD = $(BASE_LDADD)

dist_check_SCRIPTS += tools/check-layers tools/check-format tools/check-requirements tools/check-claims
TESTS += tools/check-layers tools/check-format tools/check-requirements tools/check-claims

EXTRA_DIST += tools/demo tools/requirements
