#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# bench/reading.sh COUNT - the table of figures: of made documents, of the committed ones, and of those in
# ../shared/eval where they are there.
set -eu
work=bench-reading.files
count=$1
mkdir -p "$work"
if [ ! -e "$work/made-$count/truth.tsv" ]; then
    samples/make-samples "$work/made-$count" --count "$count" --seed 1
fi

# score NAME TABLE ROOT [OPTIONS OF bench/reading ...]
score() {
    name=$1
    table=$2
    root=$3
    shift 3
    echo "== $name"
    bench/reading --cache "$work/words" "$@" "$table" "$root" >"$work/$name.jsonl"
    tools/score-reading "$table" <"$work/$name.jsonl" >"$work/$name.score"
    grep -v '^#' "$work/$name.score"
}

west() { # REGION OPTIONS: a quarter as many of another country
    if [ ! -e "$work/west-$1-$count/truth.tsv" ]; then
        samples/make-samples "$work/west-$1-$count" --count $((count / 4)) --seed 1 --west "$1"
    fi
    region=$1
    shift
    score "west-$region" "$work/west-$region-$count/truth.tsv" "$work/west-$region-$count" "$@"
}

if [ ! -e "$work/down-$count/truth.tsv" ]; then
    samples/make-samples "$work/down-$count" --count $((count / 8)) --seed 1 --vertical
fi

score made "$work/made-$count/truth.tsv" "$work/made-$count"
score committed "$DENCHO_SRCDIR/samples/truth.tsv" "$DENCHO_SRCDIR/samples"
score down "$work/down-$count/truth.tsv" "$work/down-$count"
west MY --date-order dmy --currency MYR
west EU --date-order dmy --currency EUR
west US --date-order mdy --currency USD
eval=$DENCHO_SRCDIR/../shared/eval
data=$DENCHO_SRCDIR/../shared/data
if [ -d "$eval" ] && [ -d "$data" ]; then
    score ja "$eval/ja.tsv" "$data"
    score sroie "$eval/sroie.tsv" "$data" --date-order dmy --currency MYR
    score eu "$eval/eu.tsv" "$data" --date-order dmy --currency EUR
fi
