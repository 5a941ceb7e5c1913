#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Killed at any moment of an ingest: every voucher whose line was printed is there and verifies, nothing half-made shows.
# DENCHO_KILLS and DENCHO_DOCUMENTS say how often and of how many; make check takes a few.
# shellcheck source=tests/e2e/lib.sh
. "${DENCHO_SRCDIR:?}/tests/e2e/lib.sh"
kills=${DENCHO_KILLS:-6}
documents=${DENCHO_DOCUMENTS:-200}

mkdir documents
i=0
while [ $i -lt "$documents" ]; do
    i=$((i + 1))
    # A small document of its own each: a PNG head and a body that differs.
    { printf '\211PNG\r\n\032\n'; printf 'document %d ' $i; head -c $((i * 97 % 5000)) /dev/zero; } >"documents/$i.png"
done
seed=${DENCHO_SEED:-$$}
echo "# seed $seed"
round=0
while [ $round -lt "$kills" ]; do
    round=$((round + 1))
    rm -rf archive archive.key
    "$dencho" init archive >out 2>err || exit 1
    export DENCHO_ARCHIVE=$work/archive
    "$dencho" --json ingest --no-wait documents >printed 2>err &
    pid=$!
    # From at once to about when it would be done.
    seed=$(((seed * 1103515245 + 12345) % 2147483648))
    sleep "0.$(printf %03d $((seed / 65536 % 900)))"
    kill -9 $pid 2>/dev/null
    wait $pid 2>/dev/null
    # The last line may be cut in the middle: it was not yet told.
    sed -n 's/.*"voucher":"\([0-9a-f-]\{36\}\)".*}$/\1/p' printed | sort >told
    ok "round $round: it opens again, $(lines <told) were told" "$dencho" --json search
    sed -n 's/.*"voucher":"\([0-9a-f-]\{36\}\)".*/\1/p' out | sort >found
    holds "round $round: every one told is there ($(lines <found) in all)" test "$(comm -23 told found | lines)" -eq 0
    ok "round $round: all verify" "$dencho" --json verify --full
    holds "round $round: without a failure" grep -q '"failed":0' out
    ok "round $round: the rest goes in" "$dencho" --json ingest --no-wait documents
    ok "round $round: and all are there" "$dencho" --json search --count
    holds "round $round: each once" grep -q "\"count\":$documents[,}]" out
done
finish
