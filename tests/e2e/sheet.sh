#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Several receipts on one mount sheet: one original, a voucher for each receipt.
# shellcheck source=tests/e2e/lib.sh
. "${DENCHO_SRCDIR:?}/tests/e2e/lib.sh"
make_samples=$build/samples/make-samples
if [ ! -x "$make_samples" ]; then
    echo "1..0 # SKIP make-samples was not built"
    exit 0
fi
start_tsa
export DENCHO_ARCHIVE=$work/archive
"$make_samples" sheets --count 1 --seed 7 --mount 3 >out 2>err
result $? "a sheet with three receipts"
sheet=sheets/documents/mount-00001.jpg

# date, amount and party of the receipt that is number $1 on the sheet
cell() {
    sed -n "$(($1 + 1))p" sheets/sheets.tsv | cut -f "$2"
}

ok "an archive is made" "$dencho" init archive --tsa-url "$tsa_url" --trust-file "$trust"
ok "the sheet comes in" "$dencho" --json ingest "$sheet"
first=$(grep -o '"voucher":"[^"]*"' out | head -n 1 | field voucher)
holds "and is answered with what stands on its other receipts" grep -q '"others":\[{.*"part":2.*"part":3' out
ok "R18 each receipt is a voucher of its own" "$dencho" --json search
holds "three" test "$(lines <out)" -eq 3
for part in 1 2 3; do
    ok "R18 receipt $part is found by its date and amount" "$dencho" --json search \
        --date "$(cell $part 3)" --amount "$(cell $part 4)"
    holds "that one alone" test "$(lines <out)" -eq 1
    holds "with its place on the sheet" grep -q "\"part\":$part,\"vouchers\":\[\"$first\"" out
done
third=$(field voucher <out)
holds "under an id of its own" test "$third" != "$first"
ok "R18 it is found by its words" "$dencho" --json search --text 'ほしの'
holds "alone" test "$(field voucher <out)" = "$third"
ok "R18 it is linked to the books by itself" "$dencho" link "$third" J-2026-0003
ok "the first is not" "$dencho" --json show "$first"
holds "linked" sh -c '! grep -q J-2026-0003 out'
ok "R17 the sheet is one original: the third receipt gives its bytes" "$dencho" cat "$third" -o third.jpg
holds "bit for bit" cmp third.jpg "$sheet"
ok "what was read of it says from which part of the picture" "$dencho" --json show "$third"
holds "by operations with their figures" grep -q '"operations":\["gray","straighten [0-9.,]* ' out
ok "a rendition shows the sheet" "$dencho" cat "$third" --part rendition -o third.pdf
ok "with all its words" pdftotext third.pdf third.txt
ok "R17 the same sheet again is a duplicate" "$dencho" --json ingest "$sheet"
holds "of the first, with the others" grep -q "\"status\":\"duplicate\",\"voucher\":\"$first\".*\"others\":\[{" out
ok "R18 a receipt is corrected by itself" "$dencho" correct "$third" --amount 4321 --reason misread
ok "found by that" "$dencho" --json search --amount 4321
holds "alone" test "$(field voucher <out)" = "$third"
ok "read again" "$dencho" --json read "$third"
ok "it keeps what a person said" "$dencho" --json search --amount 4321
holds "alone" test "$(field voucher <out)" = "$third"
ok "and the sheet does not fall apart again" "$dencho" --json search
holds "three" test "$(lines <out)" -eq 3
ok "stamped" "$dencho" --json stamp
holds "three" test "$(field stamped <out)" -eq 3
ok "everything verifies" "$dencho" --json verify --full
holds "nothing failed" grep -q '"waiting":0,"failed":0' out
ok "an audit capsule" "$dencho" --json export -o capsule.zip
ok "checks offline" "$dencho" --json check-export capsule.zip --trust-file "$trust"
holds "nothing failed" grep -q '"failed":0' out
ok "and becomes an archive again" "$dencho" --json import capsule.zip again
ok "with three vouchers of one original" "$dencho" -A again --json verify --full
holds "nothing failed" grep -q '"failed":0' out
ok "the view is made again" "$dencho" rebuild
ok "and has the three" "$dencho" --json search
holds "three" test "$(lines <out)" -eq 3

# --- a person knows better ---
fails 64 "a split needs a reason" "$dencho" split "$first" --one
fails 64 "and parts that lie on the sheet" "$dencho" split "$first" --part 0,0,50,50 --part 60,0,50,50 --reason x
fails 64 "two of them" "$dencho" split "$first" --part 0,0,50,50 --reason x
ok "R18 a clerk says that it is one receipt" "$dencho" --json split "$third" --one --reason 'one receipt, folded'
holds "the first" test "$(field voucher <out)" = "$first"
ok "it is found" "$dencho" --json search
holds "alone" test "$(lines <out)" -eq 1
ok "the others are deleted, and why is known" "$dencho" --json history "$third"
holds "by the words of the clerk" grep -q '"reason":"one receipt, folded"' out
ok "read again" "$dencho" --json read "$first"
holds "it stays one" sh -c '! grep -q "others\":\[{" out'
ok "R18 and that there are three after all" "$dencho" --json split "$first" --part 0,0,50,50 --part 50,0,50,50 \
    --part 0,50,50,50 --reason 'three receipts'
holds "which are read from their places" grep -q "\"value\":\"$(cell 3 3)\"" out
for part in 1 2 3; do
    ok "receipt $part is found by its date and amount" "$dencho" --json search \
        --date "$(cell $part 3)" --amount "$(cell $part 4)"
    holds "that one alone" test "$(lines <out)" -eq 1
done
ok "what a reading took its part by" "$dencho" --json show "$(field voucher <out)"
holds "is noted" grep -q '"operations":\["gray","straighten 0.0,[0-9.,]* ' out
ok "all of it verifies" "$dencho" --json verify --full
holds "nothing failed" grep -q '"failed":0' out
ok "the view is made again" "$dencho" rebuild
ok "and has the three" "$dencho" --json search
holds "three" test "$(lines <out)" -eq 3

# --- what is one stays one ---
ok "a person who says what stands on it gets one voucher" "$dencho" init one
ok "one" "$dencho" -A one --json ingest "$sheet" --amount 100
ok "only" "$dencho" -A one --json search
holds "one" test "$(lines <out)" -eq 1
ok "R17 the pages of one document are one voucher" "$dencho" -A one --json ingest "$samples/documents/invoice-05.tif"
holds "without others" sh -c '! grep -q others out'
fails 64 "nor can it be split" "$dencho" -A one split "$(field voucher <out)" --at 50 --reason x
ok "what a person said of a receipt" "$dencho" -A one --json search --amount 100
ok "stays when the sheet is split" "$dencho" -A one --json split "$(field voucher <out)" --at 50 --reason two
holds "with the first" grep -q '"amount":{[^}]*"value":100' out
ok "two" "$dencho" -A one --json search
finish
