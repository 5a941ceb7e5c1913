#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Backups as an operator makes them: each byte once, killed at any moment, damaged on either side, full, and what comes
# back is what was there. DENCHO_KILLS says how often; make check takes a few.
# shellcheck source=tests/e2e/lib.sh
. "${DENCHO_SRCDIR:?}/tests/e2e/lib.sh"
kills=${DENCHO_KILLS:-5}
seed=${DENCHO_SEED:-$$}
echo "# seed $seed"
export DENCHO_ARCHIVE=$work/archive

make_documents() { # FOLDER FROM TO
    mkdir -p "$1"
    n=$2
    while [ "$n" -le "$3" ]; do
        { printf '\211PNG\r\n\032\n'; printf 'document %d ' "$n"; head -c 30000 /dev/urandom; } >"$1/$n.png"
        n=$((n + 1))
    done
}

# Everything that a clerk or an auditor can see of an archive, one line each.
seen() { # ARCHIVE
    "$dencho" --json -A "$1" --key-file "$work/$1.key" search --deleted include --limit 1000 >rows || return 1
    cat rows
    sed -n 's/.*"voucher":"\([0-9a-f-]\{36\}\)".*/\1/p' rows | head -n 5 | while read -r voucher; do
        for what in show history; do
            "$dencho" --json -A "$1" --key-file "$work/$1.key" $what "$voucher" || return 1
        done
        "$dencho" -A "$1" --key-file "$work/$1.key" cat "$voucher" | sha256sum
    done
}

# The key in a place of its own: beside the archive's lies the witness, which an older generation does not agree with.
key_for() { # ARCHIVE
    cp archive.key "$1.key"
}

# Flips one byte of FILE in its middle.
flip() {
    size=$(wc -c <"$1")
    at=$((size / 2))
    chmod u+w "$1"
    byte=$(dd if="$1" bs=1 skip=$at count=1 2>/dev/null | od -An -tu1 | tr -d ' ')
    # shellcheck disable=SC2059
    printf "\\$(printf %03o $((byte ^ 16)))" | dd of="$1" bs=1 seek=$at conv=notrunc 2>/dev/null
}

ok "an archive with small segments" "$dencho" init archive --set archive.segment-bytes=400000
make_documents documents 1 30
ok "documents" "$dencho" ingest --no-wait documents
ok "another tenant" "$dencho" tenant create another

# --- incremental ---
ok "a first backup" "$dencho" --json backup backups
first=$(field bytes <out)
holds "copies the log once" test "$(field copied_bytes <out)" -eq "$first"
seen archive >seen.1
sleep 0.01
make_documents more 31 33
ok "more documents" "$dencho" ingest --no-wait more
ok "a correction" "$dencho" correct "$(sed -n 's/.*"voucher":"\([0-9a-f-]\{36\}\)".*/\1/p' seen.1 | head -n 1)" --party '霞商店' --reason misread
ok "a second backup" "$dencho" --json backup backups
second=$(field bytes <out)
holds "copies only what is new" test "$(field copied_bytes <out)" -eq $((second - first))
holds "which is little" test $((second - first)) -lt $((first / 5))
seen archive >seen.2
ok "both are listed" "$dencho" --json backup --list backups
holds "with their numbers" test "$(grep -c '"generation":' out)" -eq 2
at=$(sed -n 's/.*"at":"\([^"]*\)".*"generation":1[,}].*/\1/p; s/.*"generation":1,"at":"\([^"]*\)".*/\1/p' out | head -n 1)

# --- what it must not hold ---
holds "no master key, no view" sh -c '! find backups | grep -q "archive.key\|view\|CURRENT"'
holds "no name, no document in it" sh -c '! grep -rlaF -e 霞商店 -e another -e "document 1" backups'
holds "nobody else may look into it" test "$(stat -c %a backups)" = 700

# --- proof and restore ---
ok "the check opens everything" "$dencho" --json backup --check backups
holds "with the key" grep -q '"opened":true.*"failed":0' out
ok "without a key it says so" env -u DENCHO_ARCHIVE "$dencho" backup --check --generation 1 backups
holds "on standard error" grep -q 'without the master key' err
key_for again
ok "R58 the newest comes back" "$dencho" --json --key-file again.key restore backups again
holds "R58 verified" grep -q '"failed":0' out
seen again >seen.again
holds "R58 and is what was there" cmp seen.2 seen.again
key_for before
ok "as does the one before" "$dencho" --json --key-file before.key restore --generation 1 backups before
seen before >seen.before
holds "as it was then" cmp seen.1 seen.before
key_for timed
ok "or what there was at a time" "$dencho" --json --key-file timed.key restore --at "$at" backups timed
seen timed >seen.timed
holds "which is the same" cmp seen.1 seen.timed
ok "the other tenant is there" "$dencho" -A again --tenant another search --count
ok "the restored archive goes on" "$dencho" -A again --json ingest --no-wait --as-is "$srcdir/README.md"
key_for late
cp archive.key.witness late.key.witness
ok "with the witness beside the key" "$dencho" --key-file late.key restore --generation 1 backups late
fails 76 "an older generation is called older" "$dencho" -A late search --count
ok "and goes on with a reason" "$dencho" -A late doctor --accept-rollback --reason "the disk was lost"
ok "from then on" "$dencho" -A late search --count
fails 73 "a restore replaces nothing" "$dencho" --key-file archive.key restore backups again
fails 66 "a generation that is not there" "$dencho" --key-file archive.key restore --generation 9 backups nine
fails 66 "without the key nothing" "$dencho" restore backups keyless
holds "and leaves nothing" test ! -e keyless
ok "another archive" "$dencho" init other
fails 77 "another key" "$dencho" --key-file other.key restore backups keyless
fails 73 "another archive's folder of backups" "$dencho" -A other backup backups
fails 73 "a folder with other things" "$dencho" backup documents
fails 64 "a folder in the archive" "$dencho" backup archive/backups
fails 64 "a policy that says nothing" "$dencho" backup --keep sometimes backups

# --- killed ---
round=0
while [ $round -lt "$kills" ]; do
    round=$((round + 1))
    make_documents "kill$round" $((100 + round * 20)) $((115 + round * 20))
    ok "round $round: documents" "$dencho" ingest --no-wait "kill$round"
    "$dencho" --json backup backups >killed 2>err &
    pid=$!
    seed=$(((seed * 1103515245 + 12345) % 2147483648))
    sleep "0.$(printf %03d $((seed / 65536 % 120)))"
    kill -9 $pid 2>/dev/null
    wait $pid 2>/dev/null
    ok "round $round: the last generation is good" "$dencho" --json backup --check backups
    holds "round $round: without a failure" grep -q '"failed":0' out
    rm -rf killed.archive
    ok "round $round: and comes back" "$dencho" --json --key-file archive.key restore backups killed.archive
    if [ -s killed ]; then
        holds "round $round: what was told is there" test "$(field generation <out)" = "$(field generation <killed)"
    fi
done
ok "the next run completes" "$dencho" --json backup backups
holds "nothing is left of the others" test ! -e backups/tmp
bytes=$(field bytes <out)
ok "all generations are good" "$dencho" --json backup --check backups
holds "and every byte is there once" test "$(cat backups/log/* | wc -c)" -eq "$bytes"

# --- kept ---
ok "only two are kept" "$dencho" --json backup --keep last=2 backups
ok "two are listed" "$dencho" --json backup --list backups
holds "the newest" test "$(lines <out)" -eq 2
seen archive >seen.3

# --- the units ---
if command -v systemd-analyze >/dev/null 2>&1; then
    mkdir units
    sed "s,@bindir@,$build/cli,g; /^Documentation/d" "$srcdir/data/dencho-backup@.service.in" >units/dencho-backup@books.service
    sed /^Documentation/d "$srcdir/data/dencho-backup@.timer" >units/dencho-backup@books.timer
    ok "systemd takes the units" systemd-analyze verify "$work/units/dencho-backup@books.service" \
        "$work/units/dencho-backup@books.timer"
    holds "without a warning" test ! -s err
fi

# --- a damaged source ---
flip archive/log/000001.seg
fails 76 "a damaged archive is not backed up" "$dencho" backup backups
holds "the place is named" grep -q 'segment 1, byte [0-9]' err
flip archive/log/000001.seg
holds "nothing was added" test "$(find backups/generations -name '*.json' | lines)" -eq 2
ok "what is there is good" "$dencho" backup --check backups

# --- a damaged backup ---
extent=$(find backups/log -name '000002-0-*' | head -n 1)
flip "$extent"
fails 76 "a damaged backup is noticed" "$dencho" --json backup --check backups
holds "with file and offset" grep -q "\"file\":\"log/000002-0-[^\"]*\",\"offset\":[1-9]" out
fails 76 "also without the key" env -u DENCHO_ARCHIVE "$dencho" backup --check backups
fails 76 "and is not restored" "$dencho" --key-file archive.key restore backups damaged
holds "not even in part" test ! -e damaged
rm -f "$extent"
ok "the advice: removed, it is copied again" "$dencho" --json backup backups
ok "and is good" "$dencho" backup --check backups

# --- another file system, and a full one ---
other=$(mktemp -d /dev/shm/dencho-e2e-XXXXXX 2>/dev/null)
if [ -n "$other" ] && [ "$(stat -c %d "$other")" != "$(stat -c %d "$work")" ]; then
    ok "onto another file system" "$dencho" --json backup "$other/backups"
    key_for far
    ok "it comes back from there" "$dencho" --key-file far.key restore "$other/backups" far
    seen far >seen.far
    holds "and is what was there" cmp seen.3 seen.far
else
    echo "# no second file system here"
fi
[ -z "$other" ] || rm -rf "$other"
make_documents full 900 910
ok "documents" "$dencho" ingest --no-wait full
fails 74 "a target without room" sh -c 'trap "" XFSZ; ulimit -f 100; exec "$0" backup backups' "$dencho"
ok "leaves what is there" "$dencho" backup --check backups
holds "and nothing half" test ! -e backups/tmp
ok "with room it goes on" "$dencho" --json backup backups
ok "to a good one" "$dencho" backup --check backups
finish
