#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# tests/fuzz/check-fuzz.sh - runs each fuzz target for a while and says what it found. Prints TAP.
#
#   FUZZ_SECONDS=60 check-fuzz.sh PROGRAM...     (make check-fuzz)
#
# What is found anew stays in fuzz-work/NAME of the build folder and is where the next run begins.
# An input that breaks a target is fuzz-work/NAME.crash-...; fixed, it goes into the corpus.
set -eu
LC_ALL=C
export LC_ALL

seconds=${FUZZ_SECONDS:-60}
root=${DENCHO_SRCDIR:-$(dirname "$0")/../..}
G_DEBUG=fatal-criticals
ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=1:allocator_may_return_null=1}
export DENCHO_SRCDIR="$root" G_DEBUG ASAN_OPTIONS

# Files of a run need not survive it, and nobody waits for a disk.
[ -w /dev/shm ] && export TMPDIR=/dev/shm

count=0
failed=0
for program; do
    name=$(basename "$program")
    name=${name#fuzz-}
    count=$((count + 1))
    if ! "$program" -help=1 >/dev/null 2>&1; then
        echo "Bail out! $program is no fuzzer: configure --enable-fuzzing CC=clang CXX=clang++"
        exit 1
    fi
    mkdir -p "fuzz-work/$name"
    corpus=$root/tests/fuzz/corpus/$name
    [ -d "$corpus" ] || corpus=''
    more=''
    case $name in
    codec) more=$root/samples/broken ;;
    invoice-pages) more=$root/tests/fuzz/corpus/einvoice ;;
    key-file) more=$root/samples/vectors/1/keys ;;
    esac
    log=fuzz-work/$name.log
    # shellcheck disable=SC2086
    if nice "$program" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=2048 -max_len=65536 \
        -print_final_stats=1 -artifact_prefix="fuzz-work/$name." \
        "fuzz-work/$name" $corpus $more >"$log" 2>&1; then
        runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
        echo "ok $count - $name, $runs runs in $seconds s"
    else
        echo "not ok $count - $name"
        grep -E 'ERROR|SUMMARY|Assertion|runtime error|Test unit written' "$log" | head -n 8 |
            sed 's/^/# /'
        failed=1
    fi
done
echo "1..$count"
exit "$failed"
