# The benchmarks. `make bench-store` writes bench/store.tsv; BENCH_FLAGS=--quick for a first look,
# BENCH_DIR for a folder on the disk that is meant. `make check` only sees that it still runs.
EXTRA_PROGRAMS += bench/store
bench_store_CFLAGS = $(AM_CFLAGS) $(ENGINE_CFLAGS)
bench_store_SOURCES = bench/store.c bench/baseline.c bench/baseline.h bench/rows.c bench/rows.h
bench_store_LDADD = $(ENGINE_LDADD)
EXTRA_DIST += bench/slowsync.c bench/store.gp
dist_check_SCRIPTS += bench/smoke.sh
TESTS += bench/smoke.sh
bench/smoke.log: bench/store$(EXEEXT) bench/slowsync.so
CLEANFILES += bench/slowsync.so bench/store$(EXEEXT) bench/store.tsv

BENCH_DIR = bench

bench/slowsync.so: bench/slowsync.c
	$(AM_V_CC)$(CC) $(CFLAGS) -shared -fPIC -o $@ $(srcdir)/bench/slowsync.c -ldl

bench-store: bench/store$(EXEEXT) bench/slowsync.so
	bench/store$(EXEEXT) --slowsync bench/slowsync.so --dir $(BENCH_DIR) $(BENCH_FLAGS) >bench/store.tsv.new
	mv bench/store.tsv.new bench/store.tsv
	cat bench/store.tsv

# The charts of docs/performance.md, from the last table; needs gnuplot.
bench-plot: bench/store.tsv
	gnuplot -e "table='bench/store.tsv'; ratios='$(srcdir)/docs/performance-ratios.svg'; clients='$(srcdir)/docs/performance-clients.svg'" \
		$(srcdir)/bench/store.gp

# Benchmarks are built and run by hand, or for one that is quick by make check: to see that it runs.
EXTRA_PROGRAMS += bench/search
bench_search_SOURCES = bench/search.c bench/vouchers.c bench/vouchers.h
bench_search_CFLAGS = $(AM_CFLAGS) $(SQLITE_CFLAGS)
bench_search_LDADD = $(INDEX_LDADD) $(BASE_LDADD) $(SQLITE_LIBS) -lm
CLEANFILES += bench/search
EXTRA_DIST += bench/search-sqlite.sql bench/search-sqlite-index.sql bench/search-charts.sh

BENCH_N = 1000000
BENCH_SEARCH_DIR = bench-search.files

# N=10000000 make bench-search, or make bench-search BENCH_N=10000000
bench-search: bench/search$(EXEEXT)
	rm -rf $(BENCH_SEARCH_DIR)
	mkdir -p $(BENCH_SEARCH_DIR)
	DENCHO_SRCDIR='$(abs_top_srcdir)' bench/search -n $${N:-$(BENCH_N)} -d $(BENCH_SEARCH_DIR) \
		| tee bench-search.tsv
	rm -rf $(BENCH_SEARCH_DIR)
