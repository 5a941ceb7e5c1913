# The benchmarks. `make bench-store` writes bench/store.tsv; BENCH_FLAGS=--quick for a first look,
# BENCH_DIR for a folder on the disk that is meant. `make check` only sees that it still runs.
EXTRA_PROGRAMS += bench/store
bench_store_CFLAGS = $(AM_CFLAGS) $(ENGINE_CFLAGS)
bench_store_SOURCES = bench/store.c bench/baseline.c bench/baseline.h bench/rows.c bench/rows.h \
	tests/unit/evidence/authority.c tests/unit/evidence/authority.h
bench_store_LDADD = $(ENGINE_LDADD)
EXTRA_DIST += bench/slowsync.c bench/store.gp
dist_check_SCRIPTS += bench/smoke.sh
TESTS += bench/smoke.sh
bench/smoke.log: bench/store$(EXEEXT) bench/slowsync.so tools/dencho-tsa$(EXEEXT)
CLEANFILES += bench/slowsync.so bench/store$(EXEEXT) bench/store.tsv

BENCH_DIR = bench

bench/slowsync.so: bench/slowsync.c
	$(AM_V_CC)$(CC) $(CFLAGS) -shared -fPIC -o $@ $(srcdir)/bench/slowsync.c -ldl

bench-store: bench/store$(EXEEXT) bench/slowsync.so tools/dencho-tsa$(EXEEXT)
	bench/store$(EXEEXT) --slowsync bench/slowsync.so --dir $(BENCH_DIR) $(BENCH_FLAGS) >bench/store.tsv.new
	mv bench/store.tsv.new bench/store.tsv
	cat bench/store.tsv

# The charts of docs/performance.md, from the last table; needs gnuplot.
bench-plot: bench/store.tsv
	gnuplot -e "table='bench/store.tsv'; ratios='$(srcdir)/docs/performance-ratios.svg'; clients='$(srcdir)/docs/performance-clients.svg'" \
		$(srcdir)/bench/store.gp

# The search: make check runs it once with few vouchers, to see that it works.
bench_search_SOURCES = bench/search.c bench/vouchers.c bench/vouchers.h
bench_search_CFLAGS = $(AM_CFLAGS) $(SQLITE_CFLAGS)
bench_search_LDADD = $(INDEX_LDADD) $(BASE_LDADD) $(SQLITE_LIBS) -lm
dist_check_SCRIPTS += bench/search-check.sh
EXTRA_DIST += bench/search-sqlite.sql bench/search-sqlite-index.sql bench/search-charts.sh bench/search-postgresql.sh
if SQLITE
check_PROGRAMS += bench/search
TESTS += bench/search-check.sh
else
EXTRA_PROGRAMS += bench/search
endif
bench/search-check.log: bench/search$(EXEEXT)

# N=10000000 make bench-search: figures on standard output and in bench-search.tsv, after those of
# the smaller steps. BENCH_SEARCH_DIR=DIR keeps the files there and uses those that are there: load
# once, ask often. With a server of PostgreSQL that psql reaches, its figures come behind.
bench-search: bench/search$(EXEEXT)
	rm -rf bench-search.files bench-search.tsv
	for n in 10000 100000 $${N:-1000000}; do \
		files=$${BENCH_SEARCH_DIR:-bench-search.files}/$$n; \
		mkdir -p "$$files"; \
		only=; test $$n = $${N:-1000000} || only=--growth; \
		test -z "$$BENCH_SEARCH_DIR" || only="$$only --keep"; \
		DENCHO_SRCDIR='$(abs_top_srcdir)' bench/search -n $$n $$only -d "$$files" \
			| tee -a bench-search.tsv; \
		rm -rf bench-search.files; \
	done
	$(SHELL) $(srcdir)/bench/search-postgresql.sh bench/search$(EXEEXT) $${N:-1000000} 50000 200 \
		| tee -a bench-search.tsv

# How well documents are read: bench/reading reads those of a table, tools/score-reading judges.
EXTRA_PROGRAMS += bench/reading
EXTRA_DIST += bench/reading.sh
bench_reading_CFLAGS = $(AM_CFLAGS) $(CODECS_CFLAGS) $(OCR_CFLAGS) $(WORKER_CFLAGS) -fopenmp
bench_reading_SOURCES = bench/reading.c
bench_reading_LDADD = $(WORKER_LDADD)
bench_reading_LDFLAGS = $(AM_LDFLAGS) -fopenmp
CLEANFILES += bench/reading$(EXEEXT)

EXTRA_PROGRAMS += bench/reading-speed
bench_reading_speed_SOURCES = bench/reading-speed.c
bench_reading_speed_LDADD = $(BASE_LDADD)
CLEANFILES += bench/reading-speed$(EXEEXT)

# What reading costs beside bare tesseract and ocrmypdf, and what a second worker brings: on an idle
# machine. BENCH_FLAGS="--rounds 1" for a first look.
bench-reading-speed: bench/reading-speed$(EXEEXT) samples/make-samples$(EXEEXT) cli/dencho$(EXEEXT) worker/dencho-worker$(EXEEXT)
	bench/reading-speed$(EXEEXT) $(BENCH_FLAGS) $(srcdir)/samples | tee bench-reading-speed.tsv

# COUNT documents of all classes and renderings, made once; what is read of their pixels is kept, so
# that another run shows what other fields make of it. ../shared/eval, where it is there, comes after.
bench-reading: bench/reading$(EXEEXT) samples/make-samples$(EXEEXT) tools/score-reading$(EXEEXT)
	DENCHO_SRCDIR='$(abs_top_srcdir)' sh $(srcdir)/bench/reading.sh $${COUNT:-320}
