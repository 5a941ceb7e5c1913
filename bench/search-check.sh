#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# The benchmark runs, and both sides find the same number of vouchers.
set -eu
echo 1..2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if "${DENCHO_BUILDDIR:?}/bench/search" -n 2000 -t 200 -r 20 -c 1 -T 4 -s 0.2 -d "$work" >"$work.tsv"; then
    echo "ok 1 - it runs"
else
    echo "not ok 1 - it runs"
fi
# Words are bigrams here and trigrams there, and pages of fewer than fifty are all.
if awk -F '\t' '$4 == "rows" && $2 !~ /^crowd/ { rows[$2] = rows[$2] " " $5; }
    END { for (what in rows) { split(rows[what], n, " "); seen++; if (n[1] != n[2]) { print "# " what rows[what]; bad = 1 } }
          exit bad || seen < 20 }' "$work.tsv"; then
    echo "ok 2 - both sides find as many"
else
    echo "not ok 2 - both sides find as many"
fi
rm -f "$work.tsv"
