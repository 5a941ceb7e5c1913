#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# What the program says of an archive that is damaged, older than it was, or in use: where, whose, what next.
# shellcheck source=tests/e2e/lib.sh
. "${DENCHO_SRCDIR:?}/tests/e2e/lib.sh"
export DENCHO_ARCHIVE=$work/archive

document() {
    { printf '\211PNG\r\n\032\n'; printf 'document %s ' "$1"; head -c 3000 /dev/zero; } >"$1.png"
}

for name in a b c d; do
    document $name
done
ok "an archive is made" "$dencho" init archive
ok "a document goes in" "$dencho" --json ingest --no-wait a.png
first=$(sed -n 1p out | field voucher)
ok "and another" "$dencho" ingest --no-wait b.png

# --- in use ---
mkdir many
i=0
while [ $i -lt 300 ]; do
    i=$((i + 1))
    { printf '\211PNG\r\n\032\n'; printf 'document %d ' $i; } >many/$i.png
done
ok "another archive" "$dencho" init busy
: >busy/lock
"$dencho" -A busy ingest --no-wait many >/dev/null 2>&1 &
holder=$!
until [ -s busy/lock ]; do # it has the lock; stopped, it keeps it
    kill -0 $holder || break
done
kill -STOP $holder
fails 75 "a second process is refused" "$dencho" -A busy search
holds "and told which process has it" grep -q "process $holder " err
kill -CONT $holder
wait $holder

# --- an older copy ---
cp -a archive older
ok "more go in" "$dencho" ingest --no-wait c.png
mv archive newest
mv older archive
fails 76 "an older copy that was put back is refused" "$dencho" search
holds "and called that" grep -q "older copy" err
holds "with the way on" grep -q -e "--accept-rollback" err
fails 64 "which wants a reason" "$dencho" doctor --accept-rollback
"$dencho" --json doctor --accept-rollback --reason "the disk was lost" >out 2>err
holds "accepted, the log is in order" grep -q '"name":"log","verdict":"ok"\|"verdict":"ok","message":"[^"]*","name":"log"\|segments' out
ok "and it opens from then on" "$dencho" --json search --count
ok "what it lost is stored again" "$dencho" --json ingest --no-wait c.png
holds "as new" grep -q '"status":"stored"' out
ok "all verifies" "$dencho" verify --full

# --- rot ---
size=$(wc -c <archive/log/000001.seg)
printf '\377' | dd of=archive/log/000001.seg bs=1 seek=2000 conv=notrunc 2>dd.err
fails 76 "a flipped byte is found" "$dencho" --json verify --full
holds "with segment and byte" grep -q '"segment":1' out
holds "and the voucher it belongs to" grep -q "\"voucher\":\"$first\"" out
holds "nothing was cut" test "$(wc -c <archive/log/000001.seg)" -ge "$size"

# --- the view ---
rm -rf archive
mv newest archive
rm -f archive.key.witness
printf 'rubbish' >archive/view/CURRENT
ok "a damaged view is no hindrance" "$dencho" --json search --count
holds "it is built again, and says so" grep -q "built again" err
holds "with all that was in it" grep -q '"count":3[,}]' out
finish
