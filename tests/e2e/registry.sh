#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Public lists and confirmed vouchers: what a reading gains by them, and what it does not.
# shellcheck source=tests/e2e/lib.sh
. "${DENCHO_SRCDIR:?}/tests/e2e/lib.sh"
export DENCHO_ARCHIVE=$work/archive

# issuer NUMBER FROM EXPIRED NAME: a row of the list of issuers as it is published.
issuer() {
    printf '1,"%s","01","0","2","1","1","%s","2026-07-01","","%s","","","","","","","","%s","","","","",""\n' "$@"
}

ok "an archive is made" "$dencho" init archive
ok "without a list there is nothing to tell" "$dencho" --json registry status
holds "and that is told" grep -q '"list":"issuers","verdict":"absent"' out
ok "doctor tells it too" "$dencho" --json doctor
holds "and how to get one" grep -q '"name":"registry".*registry import' out
holds "and which models are there" grep -q '"models":{[^}]*"page":true' out

# --- a reading without and with the list ---
ok "a receipt comes in before the list" "$dencho" --json ingest "$samples/documents/thermal-04.jpg"
holds "and has no verdict on its issuer" test "$(grep -c ISSUER out)" -eq 0
before=$(field voucher <out)
{
    issuer T5980100133290 2023-10-01 "" 株式会社ことり屋
    issuer T8980100104512 2023-10-01 2025-10-31 株式会社ひぐらし青果
    issuer T9980200210077 2025-12-01 "" 株式会社あおばフーズ
    issuer T1980100870416 2023-10-01 "" 合同会社あさつゆ企画
} >all.csv
iconv -f UTF-8 -t CP932 all.csv >sjis.csv
ok "a list in Shift_JIS is taken over" "$dencho" --json registry import sjis.csv
holds "with all its numbers" grep -q '"list":"issuers","form":"full","as_of":"2026-07-01","rows":4,"numbers":4' out
first=$(field sha256 <out)
ok "the same in UTF-8 is taken over" "$dencho" --json registry import --full all.csv
holds "and changes nothing" grep -q '"unchanged":true' out
ok "its state is told" "$dencho" --json registry status --check
holds "as good" grep -q '"list":"issuers","verdict":"ok","at"' out
ok "and by doctor" "$dencho" --json doctor
holds "with its day and rows" grep -q '"name":"registry".*issuers: ok as of 2026-07-01, 4 rows.*' out
holds "and as data" grep -q '"lists":\[.*"list":"issuers"[^}]*"rows":4[^}]*"verdict":"ok"\|"lists":\[.*"list":"issuers","verdict":"ok"' out
ok "the receipt is read again" "$dencho" --json read "$before"
holds "its issuer was registered on the day" grep -q '"figure":"registered since 2023-10-01[^"]*","rule":"ISSUER","verdict":"pass"' out
ok "the entry is there" "$dencho" --json show "$before"
ok "one whose registration had ended" "$dencho" --json ingest "$samples/documents/thermal-01.png"
holds "fails" grep -q '"figure":"registered 2023-10-01 until 2025-10-31","rule":"ISSUER","verdict":"fail"' out
ok "one from before the registration" "$dencho" --json ingest "$samples/documents/thermal-03.png"
holds "fails too" grep -q '"figure":"registered since 2025-12-01[^"]*","rule":"ISSUER","verdict":"fail"' out
ok "one whose zeros have a stroke" "$dencho" --json ingest "$samples/documents/thermal-05.png"
holds "has the number that is in the list" grep -q '"value":"T5980100133290"}' out

# --- the difference of a day ---
issuer T8980100104512 2023-10-01 2025-12-31 株式会社ひぐらし青果 >diff_20260702.csv
ok "the difference of a day is taken over" "$dencho" --json registry import diff_20260702.csv
holds "on top of the list" grep -q "\"form\":\"difference\".*\"numbers\":4.*\"base\":\"$first\"" out
fails 65 "what is no list is refused" "$dencho" registry import "$samples/documents/thermal-01.png"
fails 64 "no file, no import" "$dencho" registry import
printf '1,"T5980100133290","01"\n' >bad.csv
fails 65 "a list with too few columns is refused" "$dencho" registry import bad.csv

# --- what a person says teaches ---
ok "a name is corrected" "$dencho" correct "$before" --party "コトリマート 西見本駅前" --reason "as we write it"
ok "the next of the same number comes in" "$dencho" --json ingest "$samples/documents/faint-01.jpg"
cp out learned
ok "and another" "$dencho" --json revise "$(field voucher <learned)" "$samples/documents/thermal-05.png" --reason "better" --found 2026-07-01
ok "a receipt that nobody has looked at" "$dencho" --json ingest "$samples/documents/thermal-12.jpg"
holds "has the name that is printed" grep -q '"source":"read","value":"[^"]*ふみつき' out
holds "the learned spelling is used" grep -q '"source":"read","value":"コトリマート 西見本駅前"' learned
ok "all the view is built again" "$dencho" rebuild
ok "and knows the same" "$dencho" --json read "$(field voucher <learned)"
holds "name" grep -q '"source":"read","value":"コトリマート 西見本駅前"' out
holds "the ledger says what a reading rests on" sh -c \
    "$dencho export --folder capsule && grep -q '\"known\":{\"found\":\[.*\"vouchers\"' capsule/ledger.jsonl"
holds "and which list was taken over" grep -q '"type":"registry.imported"' capsule/ledger.jsonl
holds "no name went to a log" sh -c '! grep -q コトリ err'

# --- a list that is damaged or gone ---
for file in archive/registry/issuers-*.reg; do
    dd if=/dev/zero of="$file" bs=1 seek=40 count=4 conv=notrunc 2>/dev/null
done
fails 76 "damage is found" "$dencho" registry status --check
ok "documents are read all the same" "$dencho" --json read "$before"
rm archive/registry/*.reg
ok "a list that is gone is told" "$dencho" --json registry status
holds "as missing" grep -q '"list":"issuers","verdict":"missing"' out
ok "and imported again" "$dencho" registry import --full all.csv
ok "the archive is whole" "$dencho" verify --full
finish
