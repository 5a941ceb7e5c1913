#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# samples/check-samples.sh - tables and files agree, sums of digits are right, make-samples repeats itself.

here=${DENCHO_SRCDIR:-.}/samples
made=${DENCHO_BUILDDIR:-.}/samples/make-samples
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
# fontconfig keeps what it has read until the end
ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0"
export ASAN_OPTIONS
tab=$(printf '\t')
number=0
failed=0

check() { # NAME COMMAND...: ok when the command succeeds and prints nothing
    name=$1
    shift
    number=$((number + 1))
    if "$@" >"$folder/out" 2>&1 && [ ! -s "$folder/out" ]; then
        echo "ok $number - $name"
    else
        failed=1
        sed 's/^/# /' "$folder/out"
        echo "not ok $number - $name"
    fi
}

table_names_files() { # TABLE FOLDER: one row a file, one file a row
    tail -n +2 "$1" | cut -f1 | sed 's|.*/||' | sort >"$folder/rows"
    ls "$2" | grep -v '^expected.tsv$' | sort | diff "$folder/rows" -
}

rows_are_sound() { # TABLE
    awk -F"$tab" '
        function bad(why) { print $1 ": " why }
        NR == 1 {
            if ($0 != "file\tdate\tdate_alts\tamount\tcurrency\tparty\tparty_alts\tregnum\tkind\tclass\tnotes")
                print "header: " $0
            next
        }
        NF != 11 { bad(NF " columns") }
        $2 !~ /^202[4-6]-[01][0-9]-[0-3][0-9]$/ { bad("date " $2) }
        $5 == "JPY" && $4 !~ /^[1-9][0-9]*$/ { bad("amount " $4) }
        $5 == "USD" && $4 !~ /^[1-9][0-9]*\.[0-9][0-9]$/ { bad("amount " $4) }
        $5 !~ /^(JPY|USD|-)$/ || ($5 == "-") != ($4 == "-") { bad("currency " $5) }
        $6 == "" { bad("no party") }
        $9 !~ /^(receipt|invoice|delivery_note|quotation|order|contract|statement|other)$/ { bad("kind " $9) }
        $10 !~ /^(clean|hard)$/ { bad("class " $10) }
        $8 != "-" {
            sum = 0
            for (i = 0; i < 12; i++)
                sum += substr($8, 14 - i, 1) * (i % 2 ? 2 : 1)
            if ($8 !~ /^T[0-9]+$/ || length($8) != 14 || substr($8, 2, 1) != 9 - sum % 9)
                bad("registration number " $8)
        }' "$1"
}

enough() { # TABLE: what the measurements need
    awk -F"$tab" 'NR > 1 { n++; clean += $10 == "clean" }
        END { if (n < 36 || clean < 24) print n " documents, " clean " clean" }' "$1"
}

verdicts_are_known() {
    tail -n +2 "$here/broken/expected.tsv" | cut -f2 | tr '|' '\n' | grep -vxE 'read|FORMAT|LIMIT|UNSUPPORTED'
    return 0
}

small() { # FOLDER KIB
    size=$(cat "$1"/* | wc -c)
    [ "$size" -le $(($2 * 1024)) ] || echo "$1: $size bytes"
}

twice_the_same() {
    "$made" "$folder/a" --count 6 --seed 9 && "$made" "$folder/b" --count 6 --seed 9 &&
        diff -r "$folder/a" "$folder/b"
}

west_repeats() {
    for region in MY EU US; do
        "$made" "$folder/w1" --count 3 --seed 9 --west $region && "$made" "$folder/w2" --count 3 --seed 9 --west $region &&
            diff -r "$folder/w1" "$folder/w2" || return 1
        awk -F"$tab" 'NR > 1 && ($4 !~ /^[1-9][0-9]*\.[0-9][0-9]$/ || $5 !~ /^(MYR|EUR|USD|GBP)$/ || $6 == "")' "$folder/w1/truth.tsv"
        rm -rf "$folder/w1" "$folder/w2"
    done
}

columns_repeat() {
    "$made" "$folder/d1" --count 4 --seed 9 --vertical && "$made" "$folder/d2" --count 4 --seed 9 --vertical &&
        diff -r "$folder/d1" "$folder/d2" || return 1
    rows_are_sound "$folder/d1/truth.tsv"
}

seeds_differ() {
    "$made" "$folder/c" --count 6 --seed 10 && ! cmp -s "$folder/a/truth.tsv" "$folder/c/truth.tsv"
}

committed_truth() {
    if ! "$made" "$folder/set" 2>"$folder/log"; then # it may say that there is no qpdf
        cat "$folder/log"
        return 1
    fi
    diff "$folder/set/truth.tsv" "$here/truth.tsv" &&
        diff "$folder/set/broken/expected.tsv" "$here/broken/expected.tsv"
}

check "truth.tsv names the documents" table_names_files "$here/truth.tsv" "$here/documents"
check "expected.tsv names the broken files" table_names_files "$here/broken/expected.tsv" "$here/broken"
check "the rows are sound" rows_are_sound "$here/truth.tsv"
check "there are enough documents" enough "$here/truth.tsv"
check "verdicts are known" verdicts_are_known
check "documents are small" small "$here/documents" 6144
check "broken files are small" small "$here/broken" 300
if [ -x "$made" ]; then
    check "a seed gives the same bytes" twice_the_same
    check "documents of other countries are sound and repeat" west_repeats
    check "documents in columns are sound and repeat" columns_repeat
    check "another seed gives other documents" seeds_differ
    check "drawn rows are sound" rows_are_sound "$folder/a/truth.tsv"
    check "the set has the committed truth" committed_truth
    for file in "$here"/documents/*; do
        cmp -s "$file" "$folder/set/documents/${file##*/}" || echo "# other library versions: ${file##*/} has other bytes"
    done
fi
echo "1..$number"
exit $failed
