# SPDX-License-Identifier: GPL-3.0-or-later
if SAMPLES
noinst_PROGRAMS += samples/make-samples
samples_make_samples_SOURCES = \
	samples/broken.c samples/chance.c samples/companies.c samples/curl.c samples/deal.c samples/down.c samples/letter.c \
	samples/make-samples.c samples/pen.c samples/picture.c samples/sample.h samples/slip.c \
	samples/till.c samples/west.c samples/write.c
samples_make_samples_CFLAGS = $(AM_CFLAGS) $(SAMPLES_CFLAGS)
samples_make_samples_LDADD = $(BASE_LDADD) $(SAMPLES_LIBS) -lz -lm

regenerate-samples: samples/make-samples
	samples/make-samples $(srcdir)/samples
.PHONY: regenerate-samples
endif

EXTRA_DIST += samples/README.md samples/truth.tsv samples/documents samples/broken
dist_check_SCRIPTS += samples/check-samples.sh
TESTS += samples/check-samples.sh
