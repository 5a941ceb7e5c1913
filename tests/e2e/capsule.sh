#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# What an auditor takes: every form of it, checked with dencho, without dencho, and taken in again.
# shellcheck source=tests/e2e/lib.sh
. "${DENCHO_SRCDIR:?}/tests/e2e/lib.sh"
start_tsa
export DENCHO_ARCHIVE=$work/archive
flip=$build/tests/e2e/flip-bytes

ok "an archive" "$dencho" init archive --tsa-url "$tsa_url" --trust-file "$trust"
ok "a document that is read" "$dencho" --json ingest "$samples/documents/thermal-01.png"
slip=$(field voucher <out)
printf 'a hostile one' >hostile.txt
ok "one of a hostile counterparty" "$dencho" --json ingest --as-is --date 2026-05-01 --amount 1200 \
    --party '=</script><script>alert("x")</script>"髙﨑 & 〜商店' hostile.txt
hostile=$(field voucher <out)
printf 'plain' >plain.txt
ok "one more" "$dencho" --json ingest --as-is --date 2026-06-01 --amount 500 --party '山田商店' plain.txt
plain=$(field voucher <out)
ok "corrected" "$dencho" correct "$hostile" --amount 1300 --reason '<img src=x onerror=alert(1)>'
ok "a better scan" "$dencho" --json revise "$slip" "$samples/documents/thermal-03.png" --reason 'bent'
ok "read again" "$dencho" --json read "$slip"
ok "labelled" "$dencho" label "$slip" +travel
ok "linked to the books" "$dencho" link "$slip" J-2026-0001
ok "one deleted" "$dencho" delete "$plain" --reason 'twice'
ok "stamped" "$dencho" --json stamp
printf 'later' >later.txt
ok "one that waits for its stamp" "$dencho" --json ingest --as-is --date 2026-07-01 --amount 70 --party '山田商店' later.txt
"$dencho" -q --json verify --full | sed 's/"seconds".*//' >verified.before
snapshot() {
    "$dencho" --json search --deleted include &&
        "$dencho" --json search --deleted include | while IFS= read -r row; do
            id=$(printf '%s' "$row" | field voucher)
            "$dencho" --json show "$id" && "$dencho" --json history "$id"
        done
}
snapshot >snapshot.before

# --- the whole, as a file ---
ok "a capsule of everything" "$dencho" --json export -o all.zip
holds "all four vouchers, the deleted one too" test "$(field vouchers <out)" -eq 4
ok "checked" "$dencho" --json check-export all.zip --trust-file "$trust"
holds "four documents under a stamp, nothing failed" grep -q '"stamped":4,"failed":0' out
mkdir all
ok "unpacked with a stock tool" unzip -q all.zip -d all
ok "the folder is checked as well" "$dencho" --json check-export all --trust-file "$trust"
ok "and by sha256sum" sh -c 'cd all && sha256sum --quiet -c SHA256SUMS'
holds "names are the index's serials" test -f all/originals/0001_v1.png -a -f all/originals/0001_v2.png -a -f all/originals/0004_v1.bin
holds "the original is bit for bit" cmp all/originals/0001_v1.png "$samples/documents/thermal-01.png"
holds "counts say that nothing is left out" grep -q '^ *4  .*vouchers found' all/COUNTS.txt
holds "and how many are deleted" grep -q '^ *1  .*marked as deleted' all/COUNTS.txt
holds "the index begins as a spreadsheet wants" sh -c 'head -c 3 all/index.csv | od -An -tx1 | grep -q "ef bb bf"'
holds "no cell is a formula" sh -c '! cut -c 4- all/index.csv | grep -E "(^|,)\"[=+@]"'
holds "CP932 leads back to the same, but for what is listed" sh -c '
    iconv -f CP932 -t UTF-8 all/index-cp932.csv | sed "s/\[U+301C\]/〜/" >back.csv && tail -c +4 all/index.csv | cmp - back.csv'
holds "it is listed" grep -qx '3, 取引先, \[U+301C\], 〜' all/index-cp932-missing.txt
holds "the history says who changed what, and why" grep -q '"amount","1200","1300","<img src=x onerror=alert(1)>"' all/history.csv
holds "labels and books too" sh -c 'grep -q "\"labels\",\"\",\".*travel" all/history.csv && grep -q "\"book_ref\",\"\",\"J-2026-0001\"" all/history.csv'
holds "counterparties are a table" grep -q '"山田商店","2"' all/parties.csv
holds "codes have meanings" grep -q 'voucher.corrected' all/codes.csv
mkdir book
ok "the workbook is a package" unzip -q all/index.xlsx -d book
holds "of two sheets" grep -q 'sheetId="2"' book/xl/workbook.xml
holds "amounts are numbers" grep -q '<c><v>1300</v></c>' book/xl/worksheets/sheet1.xml
holds "and markup is text" grep -q '=&lt;/script&gt;' book/xl/worksheets/sheet1.xml
if command -v xmllint >/dev/null 2>&1; then
    ok "all its parts are XML" sh -c 'find book -type f -exec xmllint --noout {} +'
fi

# --- the page ---
holds "the page names its one script" grep -q "script-src 'sha256-" all/index.html
holds "no script can be smuggled in" test "$(grep -c '<script' all/index.html)" -eq 2
if command -v chromium >/dev/null 2>&1; then
    page() {
        timeout 120 chromium --headless --no-sandbox --disable-gpu --disable-quic --no-first-run \
            --disable-background-networking --disable-component-update --disable-sync \
            --user-data-dir="$work/profile" --virtual-time-budget=5000 --enable-logging=stderr \
            --dump-dom "file://$work/all/index.html$1" >dom 2>console
    }
    page '#0002'
    holds "a browser lists every voucher" sh -c 'test "$(grep -o "<tr tabindex\|<tr class=\"[a-z]*\" tabindex" dom | wc -l)" -eq 4'
    holds "shows its history" grep -q 'onerror=alert(1)&gt;\|&lt;img src=x' dom
    holds "with links to the original" grep -q 'href="originals/0002_v1.bin"' dom
    holds "and nothing is refused or fails" sh -c '! grep -q "CONSOLE.*\(rror\|efused\|violat\)" console'
else
    echo "# no browser here: the page was not opened"
fi

# --- without this program ---
holds "the verifier's source travels along" cmp all/verify-capsule.c "$srcdir/tools/verify-capsule.c"
ok "it needs a compiler and OpenSSL" ${CC:-cc} -o verify-capsule all/verify-capsule.c -lcrypto
holds "and is short enough to be read" test "$(lines <all/verify-capsule.c)" -le 1500
ok "it agrees, over the file" ./verify-capsule -l -C tsa/ca.pem all.zip
holds "and says when each document was there" test "$(grep -c '^20.*Z  originals/' out)" -eq 4
ok "over the folder" ./verify-capsule -C tsa/ca.pem all
ok "without an authority it says so" ./verify-capsule all
holds "in words" grep -q 'name the authority' out
"$tsa" init other >/dev/null
fails 1 "another authority's certificate is not enough" ./verify-capsule -C other/ca.pem all
fails 2 "what is no capsule is refused" ./verify-capsule plain.txt

# Only the TSA's certificate, openssl and sha256sum: voucher V was there at time T.
sed -n '/^```sh$/,/^```$/p' "$srcdir/docs/evidence.md" | sed '1d;$d' >by-hand.sh
ok "by hand: a document and its record" sh by-hand.sh all/originals/0002_v1.bin all/evidence/records/0002-v1.er tsa/ca.pem
holds "at its time" grep -q '^stamped: ' out
cp all/originals/0002_v1.bin changed.bin && chmod u+w changed.bin # what was unpacked is read-only to all but root
printf 'x' >>changed.bin
no_proof() { ! sh by-hand.sh changed.bin all/evidence/records/0002-v1.er tsa/ca.pem; }
ok "by hand: not of a changed one" no_proof
no_other() { ! sh by-hand.sh all/originals/0002_v1.bin all/evidence/records/0002-v1.er other/ca.pem; }
ok "by hand: not by another authority" no_other

# --- what is wrong is named, by both ---
named() { # file
    "$dencho" --json check-export bad --trust-file "$trust" >out 2>err && return 1
    grep -q "\"file\":\"$1\"" out || return 1
    ./verify-capsule -C tsa/ca.pem bad >out 2>err && return 1
    grep -q "^FAILED  $1: " out
}
rm -rf bad && cp -R all bad && chmod -R u+w bad && rm bad/text/0001_v1.txt
holds "a missing file" named text/0001_v1.txt
rm -rf bad && cp -R all bad && chmod -R u+w bad && echo more >bad/originals/0005_v1.txt
holds "an added file" named originals/0005_v1.txt
rm -rf bad && cp -R all bad && chmod -R u+w bad && mv bad/index.csv bad/index.old && ln -s index.old bad/index.csv
holds "a link in a file's place" named index.csv
forge() { # after a change of $1 the sums and only they are made right again
    (cd bad && sha256sum "$1" | cut -c 1-64 >../sum && sed -i "s,^[0-9a-f]*  $1\$,$(cat ../sum)  $1," SHA256SUMS)
}
rm -rf bad && cp -R all bad && chmod -R u+w bad && sed -i '3s/"at":"20/"at":"19/' bad/ledger.jsonl && forge ledger.jsonl
holds "a ledger whose sum was forged too" named ledger.jsonl
rm -rf bad && cp -R all bad && chmod -R u+w bad && sed -i '$d' bad/ledger.jsonl && forge ledger.jsonl
holds "a ledger cut at its end is not the manifest's" named manifest.json
rm -rf bad && cp -R all bad && chmod -R u+w bad && printf x >>bad/originals/0002_v1.bin && forge originals/0002_v1.bin
holds "a document whose sum was forged too" named originals/0002_v1.bin
rm -rf bad && cp -R all bad && chmod -R u+w bad && cp all/evidence/records/0001-v1.er bad/evidence/records/0002-v1.er && forge evidence/records/0002-v1.er
holds "another document's record" named evidence/records/0002-v1.er
ok "every so many bytes flipped: both notice, both name the file" "$flip" all.zip "$trust" tsa/ca.pem ./verify-capsule "${FLIP_STRIDE:-997}"
sed 's/^/# /' out
# As a folder: each file gone, altered in its first and last byte, a file added to each folder. Every byte was the ZIP's turn.
ok "every file taken away, altered, added to: both name it" "$flip" all "$trust" tsa/ca.pem ./verify-capsule 100000000

# --- other forms ---
ok "as a folder, named by values" "$dencho" --json export --folder folder --names date-party-amount
holds "in the tax office's order" test -f folder/originals/20260601_山田商店_500_0003_v1.bin
holds "without anything a shell could run" sh -c '! ls folder/originals | grep -q "[<>\"&;|*?=()]"'
ok "checked" "$dencho" --json check-export folder --trust-file "$trust"
ok "by the verifier" ./verify-capsule -C tsa/ca.pem folder
fails 73 "a folder is not overwritten" "$dencho" export --folder folder
fails 64 "one of the two" "$dencho" export --folder f -o f.zip
fails 64 "a name that is none" "$dencho" export -o g.zip --names party
holds "nothing is left of it" test ! -e g.zip
ok "a part" "$dencho" --json export --party 山田商店 -o part.zip
holds "of two vouchers" test "$(field vouchers <out)" -eq 2
ok "checked" "$dencho" --json check-export part.zip --trust-file "$trust"
ok "by the verifier" ./verify-capsule -C tsa/ca.pem part.zip
mkdir part
unzip -q part.zip -d part
holds "it says what was asked for" grep -q 'party 山田商店' part/COUNTS.txt
holds "and of how many" grep -q '^ *4  .*vouchers in the archive' part/COUNTS.txt
ok "of nothing" "$dencho" --json export --party 誰でもない -o none.zip
ok "checked" "$dencho" --json check-export none.zip --trust-file "$trust"

# --- taken in again ---
fails 64 "a part is no archive" "$dencho" import part.zip again
holds "nothing is left of it" test ! -e again -a ! -e again.key
cp all.zip spoilt.zip
printf 'x' | dd of=spoilt.zip bs=1 seek=5000 conv=notrunc 2>/dev/null
fails 76 "a changed one is refused" "$dencho" import spoilt.zip again
holds "nothing is left of it" test ! -e again -a ! -e again.key
ok "a whole one becomes an archive" "$dencho" --json import all.zip again --set "evidence.trust-file=$trust"
holds "with all its entries" test "$(field entries <out)" -eq "$(lines <all/ledger.jsonl)"
export DENCHO_ARCHIVE=$work/again
snapshot >snapshot.after
holds "it answers the same, byte for byte" cmp snapshot.before snapshot.after
"$dencho" -q --json verify --full | sed 's/"seconds".*//' >verified.after
holds "it verifies the same" cmp verified.before verified.after
holds "about something" grep -q '"stamped":4,"waiting":1,"failed":0' verified.after
ok "its ledger is the same, line by line" "$dencho" --json export --folder twice
holds "byte for byte" cmp twice/ledger.jsonl all/ledger.jsonl
holds "and all documents" diff -r twice/originals all/originals
ok "a replaced reading came along" sh -c 'ls all/parts | grep -q .'
fails 73 "nothing is overwritten" "$dencho" import all.zip again

# --- renewed twice, by a second stamp and by a stronger tree, and all of it once more ---
export DENCHO_ARCHIVE=$work/archive
ok "nothing is due" "$dencho" --json renew
holds "so nothing is renewed" grep -q '"renewed":0,"rehashed":0' out
ok "the plan says when" "$dencho" renew --plan
holds "it is due later" grep -q '^later.*time-stamp' out
ok "renewed early" "$dencho" --json renew --before 2040-01-01
holds "one stamp for the one there is" grep -q '"renewed":1' out
ok "renewed by a stronger tree" "$dencho" --json renew --digest sha512
holds "over each document" grep -q '"rehashed":4' out
ok "verified" "$dencho" -q --json verify --full
holds "nothing failed, and the one without a stamp is proved by the ledger" grep -q '"stamped":4,"waiting":0,"failed":0.*"log_proved":1' out
ok "exported" "$dencho" --json export -o renewed.zip
ok "checked" "$dencho" --json check-export renewed.zip --trust-file "$trust"
holds "all records hold" grep -q '"stamped":4,"failed":0' out
ok "by the verifier" ./verify-capsule -l -C tsa/ca.pem renewed.zip
unzip -q renewed.zip -d renewed
ok "by hand, through three stamps and two digests" sh by-hand.sh renewed/originals/0002_v1.bin renewed/evidence/records/0002-v1.er tsa/ca.pem
holds "each holds" test "$(grep -c 'Verification: OK' out)" -eq 3
ok "the record alone" "$dencho" cat "$hostile" --part record -o alone.er
holds "is the one of the capsule" cmp alone.er renewed/evidence/records/0002-v1.er
ok "every so many bytes flipped: both notice, both name the file" "$flip" renewed.zip "$trust" tsa/ca.pem ./verify-capsule "${FLIP_STRIDE:-4999}"
ok "every file taken away, altered, added to: both name it" "$flip" renewed "$trust" tsa/ca.pem ./verify-capsule 100000000
ok "taken in" "$dencho" --json import renewed.zip third --set "evidence.trust-file=$trust"
"$dencho" -q --json verify --full | sed 's/"seconds".*//' >renewed.before
DENCHO_ARCHIVE=$work/third "$dencho" -q --json verify --full | sed 's/"seconds".*//' >renewed.after
holds "R31: it verifies the same" sh -c 'sed "s/\"entries\":[0-9]*//" renewed.before >a && sed "s/\"entries\":[0-9]*//" renewed.after | cmp a -'
finish
