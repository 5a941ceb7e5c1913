#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# The chart of docs/search.md from the figures of make bench-search: search-charts.sh FIGURES.tsv DIR
set -eu
figures=$1
out=$2
command -v gnuplot >/dev/null || { echo "search-charts.sh: gnuplot is not installed" >&2; exit 69; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
most=$(cut -f 1 "$figures" | grep -v vouchers | sort -n | tail -n 1)
awk -F '\t' -v n="$most" '$1 == n && $4 == "median_us" && $2 !~ /^crowd/ {
        if (!($2 in at)) { at[$2] = ++count; name[count] = $2 } v[$2, $3] = $5 }
    END { for (i = 1; i <= count; i++) printf "\"%s\"\t%s\t%s\n", name[i], v[name[i], "dencho"], v[name[i], "sqlite"] }' \
    "$figures" >"$work/median"
gnuplot <<END
set terminal svg size 900,520 font "sans-serif,11"
set output "$out/search-median.svg"
set style data histograms
set style fill solid 0.8
set logscale y
set ylabel "microseconds, median, warm"
set xtics rotate by -45 font ",9"
set grid y
set title "First page of 50, $most vouchers"
plot "$work/median" using 2:xtic(1) title "dencho", "" using 3 title "SQLite"
END
