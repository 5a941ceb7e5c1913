# Manual pages.
dist_man_MANS += docs/dencho.1
EXTRA_DIST += docs/performance.md docs/performance-ratios.svg docs/performance-clients.svg
EXTRA_DIST += docs/requirements.md docs/requirements.tsv
EXTRA_DIST += docs/search.md docs/search-median.svg
EXTRA_DIST += docs/architecture.md docs/backup.md docs/capsule.md docs/durability.md docs/format.md
