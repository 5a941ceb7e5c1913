#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# The whole way, once: documents in, read, found, corrected, stamped, verified, exported, rebuilt.
# shellcheck source=tests/e2e/lib.sh
. "${DENCHO_SRCDIR:?}/tests/e2e/lib.sh"
start_tsa
export DENCHO_ARCHIVE=$work/archive

ok "an archive is made" "$dencho" init archive --tsa-url "$tsa_url" --trust-file "$trust"
ok "documents of every form are read" "$dencho" --json ingest \
    "$samples/documents/invoice-01.pdf" "$samples/documents/thermal-01.png" \
    "$samples/documents/invoice-06.tif" "$samples/documents/exif-3.jpg" \
    "$samples/documents/slip-02.heic" "$samples/documents/delivery-01.pdf"
cp out ingested
holds "each gets a line" test "$(lines <ingested)" -eq 6
holds "each is stored" test "$(grep -c '"status":"stored"' ingested)" -eq 6
holds "none has an error" sh -c '! grep -q "\"error\":" ingested'
invoice=$(sed -n 1p ingested | field voucher)

# --- found ---
ok "by its date" "$dencho" --json search --date 2026-05-10
holds "that one alone" test "$(field voucher <out)" = "$invoice"
ok "by its amount, as people write it" "$dencho" --json search --amount '¥657,888..６５７８８８'
holds "that one alone" test "$(field voucher <out)" = "$invoice"
ok "by part of its vendor, half-width and without its legal form" "$dencho" --json search --party 'しろくま'
holds "that one alone" test "$(field voucher <out)" = "$invoice"
ok "by all three and an era" "$dencho" --json search --date 令和8年5月1日..R8.5.31 --amount 600000.. --party しろくま
holds "that one alone" test "$(field voucher <out)" = "$invoice"
ok "by what stands on it" "$dencho" --json search --text '請求書' --count
holds "some" test "$(field count <out)" != 0
ok "with the place where it stands" "$dencho" --json search --text '請求書' --snippets --limit 1
holds "on a page, in a box" grep -q '"snippets":\[{.*"page":1.*"width":[1-9]' out
ok "by a phrase" "$dencho" --json search --text '"請求書"' --count
holds "some" test "$(field count <out)" != 0
ok "a list of names as they are typed" "$dencho" --json parties しろくま
holds "one" test "$(lines <out)" -eq 1
ok "how it was found" "$dencho" --json search --party しろくま --limit 5 --explain
holds "by a plan" grep -q '"plan":".*"rows":[1-9]' out
ok "a sheet for a spreadsheet" "$dencho" search --csv utf8
holds "with a line each and one of titles" test "$(lines <out)" -eq 7
ok "a document without an amount is found by that" "$dencho" --json search --missing amount --kind delivery_note
holds "the delivery note" test "$(lines <out)" -eq 1
ok "a search that finds nothing succeeds" "$dencho" --json search --party 存在しない商店
holds "with nothing" test ! -s out
fails 64 "a wrong date is refused" "$dencho" search --date 2026-02-30
holds "with a right one" grep -q '2026-04-01' err

# --- corrected ---
fails 64 "a correction needs a reason" "$dencho" correct "$invoice" --amount 1
ok "a correction with one" "$dencho" correct "$invoice" --amount 657889 --reason 'misread'
ok "is in its history" "$dencho" --json history "$invoice"
holds "before and after, and why" grep -q '"before":657888,"after":657889\|"after":657889.*"before":657888\|"before":657888.*"after":657889' out
ok "and found by" "$dencho" --json search --amount 657889
holds "that one" test "$(field voucher <out)" = "$invoice"
ok "labelled" "$dencho" label "$invoice" +travel +2026q2
ok "found by label" "$dencho" --json search --label travel
holds "that one" test "$(field voucher <out)" = "$invoice"
ok "linked to the books" "$dencho" link "$invoice" J-2026-0001
ok "confirmed" "$dencho" confirm "$invoice"
slip=$(sed -n 5p ingested | field voucher)
ok "deleted" "$dencho" delete "$slip" --reason 'handed in twice'
ok "hidden from an ordinary search" "$dencho" --json search --kind receipt
holds "it is not there" sh -c "! grep -q $slip out"
ok "and found when asked for" "$dencho" --json search --deleted only
holds "that one" test "$(field voucher <out)" = "$slip"

# --- bytes ---
ok "the original comes back" "$dencho" cat "$invoice" -o original.pdf
holds "bit for bit" cmp original.pdf "$samples/documents/invoice-01.pdf"
thermal=$(sed -n 2p ingested | field voucher)
ok "a scan has a searchable rendition" "$dencho" cat "$thermal" --part rendition -o rendition.pdf
ok "whose text a PDF viewer finds" pdftotext rendition.pdf rendition.txt
holds "line by line" test "$(lines <rendition.txt)" -gt 20
holds "without gaps between kanji" grep -q '神田見本町' rendition.txt
ok "a page as a picture" "$dencho" cat "$thermal" --part page:1 -o page.png
holds "a PNG" sh -c 'head -c 8 page.png | od -An -tx1 | grep -q "89 50 4e 47"'
ok "a better scan becomes version 2" "$dencho" --json revise "$thermal" "$samples/documents/thermal-03.png" --reason 'bent'
ok "version 1 stays readable" "$dencho" cat "$thermal" --version 1 -o v1.png
holds "bit for bit" cmp v1.png "$samples/documents/thermal-01.png"
ok "the same bytes again are answered with the voucher" "$dencho" --json ingest "$samples/documents/invoice-01.pdf"
holds "as a duplicate" grep -q "\"status\":\"duplicate\".*$invoice\|$invoice.*\"status\":\"duplicate\"" out

# --- evidence ---
ok "stamped in one batch" "$dencho" --json stamp
holds "seven documents" test "$(field stamped <out)" -eq 7
holds "shown as not accredited" grep -q '"accredited":false' out
ok "nothing waits" "$dencho" --json stamp
holds "nothing" test "$(field stamped <out)" -eq 0
ok "the index is what the ledger says" "$dencho" --json verify --index
holds "all of it" grep -q '"checked":6,.*"failed":0' out
ok "everything verifies" "$dencho" --json verify --full
holds "no failure, all stamped" grep -q '"stamped":7,"waiting":0,"failed":0' out
ok "a part of a period too" "$dencho" --json verify --date 2026-05-01..2026-05-31

# --- the auditor ---
ok "an audit capsule" "$dencho" --json export -o capsule.zip
holds "with every voucher" grep -q '"vouchers":6' out
fails 73 "nothing is overwritten" "$dencho" export -o capsule.zip
ok "checked offline" "$dencho" --json check-export capsule.zip --trust-file "$trust"
holds "every version by its stamp, nothing failed" grep -q '"stamped":7,"failed":0' out
mkdir capsule
ok "unpacked with a stock tool" unzip -q capsule.zip -d capsule
ok "sha256sum agrees" sh -c 'cd capsule && sha256sum --quiet -c SHA256SUMS'
ok "openssl agrees" sh -c 'cd capsule && sed -n "/openssl ts/,\$p" README.txt >commands.sh && test -s commands.sh && sh -e commands.sh'
ok "the chain agrees, by sha256sum and a text editor" sh -c '
    cd capsule &&
    while IFS= read -r line; do printf %s "$line" | sha256sum | cut -c 1-64; done <ledger.jsonl | sed "\$d" >hashes &&
    sed 1d ledger.jsonl | grep -o "\"prev\":\"[0-9a-f]*\"" | cut -d "\"" -f 4 >links &&
    cmp hashes links'
size=$(wc -c <capsule.zip)
missed=0
at=11
while [ "$at" -lt "$size" ]; do
    cp capsule.zip changed.zip
    byte=$(od -An -tu1 -j "$at" -N 1 changed.zip | tr -d ' ')
    # shellcheck disable=SC2059
    printf "\\$(printf %o $((byte ^ 1)))" | dd of=changed.zip bs=1 seek="$at" conv=notrunc 2>/dev/null
    "$dencho" --json check-export changed.zip >out 2>err && missed=$((missed + 1))
    at=$((at + size / 12))
done
holds "a changed byte anywhere is noticed" test "$missed" -eq 0

# --- rebuilt ---
snapshot() {
    "$dencho" --json search --deleted include &&
        "$dencho" --json search --deleted include | while IFS= read -r row; do
            id=$(printf '%s' "$row" | field voucher)
            "$dencho" --json show "$id" && "$dencho" --json history "$id"
        done
}
snapshot >before
ok "the view is rebuilt" "$dencho" rebuild
snapshot >after
holds "and answers the same, byte for byte" cmp before after
holds "about something" test "$(lines <before)" -gt 20
ok "doctor looks at everything" "$dencho" doctor
ok "stats count" "$dencho" --json stats
holds "six vouchers, one deleted" grep -q '"vouchers":6,"deleted":1' out
finish
