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

score made "$work/made-$count/truth.tsv" "$work/made-$count"
score committed "$DENCHO_SRCDIR/samples/truth.tsv" "$DENCHO_SRCDIR/samples"
eval=$DENCHO_SRCDIR/../shared/eval
data=$DENCHO_SRCDIR/../shared/data
if [ -d "$eval" ] && [ -d "$data" ]; then
    score ja "$eval/ja.tsv" "$data"
    score sroie "$eval/sroie.tsv" "$data" --date-order dmy --currency MYR
    score eu "$eval/eu.tsv" "$data" --date-order dmy --currency EUR
fi
