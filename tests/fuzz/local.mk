EXTRA_DIST += tests/fuzz/corpus
