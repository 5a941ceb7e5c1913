#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# What lies on the disk says nothing: no name, no amount, no byte run of a document; and no key, no archive.
# shellcheck source=tests/e2e/lib.sh
. "${DENCHO_SRCDIR:?}/tests/e2e/lib.sh"
export DENCHO_ARCHIVE=$work/archive

ok "an archive" "$dencho" init archive
cat >note.txt <<'END'
CONFIDENTIAL-MARKER-IN-A-DOCUMENT 株式会社ひみつ商会 合計 ¥7,654,321
END
ok "a document with a secret in it, and typed values" "$dencho" ingest note.txt --as-is --date 2026-04-01 \
    --amount 7654321 --party '株式会社ひみつ商会' --label SecretLabel
ok "a document that is read" "$dencho" --json ingest "$samples/documents/invoice-02.pdf"
id=$(field voucher <out)
ok "a correction" "$dencho" correct "$id" --party 'Hidden Vendor Inc' --reason 'because SecretReason'

# Nothing of it, in UTF-8, UTF-16, or as a number, in any file of the folder or in any file's name.
grep_all() {
    find archive -type f -exec grep -laF -- "$1" {} + | grep -q .
}
for secret in CONFIDENTIAL-MARKER ひみつ商会 7654321 7,654,321 SecretLabel 'Hidden Vendor' 'hidden vendor' \
    HIDDEN SecretReason あさつゆ 44550 T1980100870416 2026-04-01 voucher.registered '"seq"' note.txt '%PDF'; do
    holds "no '$secret' anywhere in the folder" sh -c "! find archive -type f -exec grep -laF -- '$secret' {} + | grep -q ."
done
if grep_all dencho; then # the test itself must be able to find something: the settings are in the clear
    holds "the search for secrets can find things" true
else
    holds "the search for secrets can find things" grep_all archive
fi
holds "no file name tells anything" sh -c '! find archive | grep -q "ひみつ\|note\|invoice"'
original_runs=0
for skip in 200 900 4000; do
    run=$(dd if="$samples/documents/invoice-02.pdf" bs=1 skip=$skip count=24 2>/dev/null | od -An -v -tx1 | tr -d ' \n')
    for file in $(find archive -type f); do
        od -An -v -tx1 "$file" | tr -d ' \n' | grep -q "$run" && original_runs=$((original_runs + 1))
    done
done
holds "no run of the original's bytes" test "$original_runs" -eq 0
holds "nobody else may look into it" test "$(stat -c %a archive)" = 700
holds "the key is its owner's alone" test "$(stat -c %a archive.key)" = 400

cp -r archive copy
rm -f copy.key
fails 66 "a copy without its key does not open" "$dencho" -A copy search
ok "another archive" "$dencho" init other
fails 77 "nor with another archive's key" "$dencho" -A copy --key-file other.key search
fails 77 "nor to be rebuilt" "$dencho" -A copy --key-file other.key rebuild
holds "and the refusal names no secret" sh -c '! grep -q "ひみつ\|7654321" out err'
ok "the archive itself still opens" "$dencho" search
finish
