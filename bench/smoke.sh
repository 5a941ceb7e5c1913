#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# bench/smoke.sh - the benchmark still runs and fills every row. It says nothing about speed.
set -u
build=${DENCHO_BUILDDIR:?run me by make check}
dir=$(mktemp -d "${TMPDIR:-/tmp}/dencho-bench-XXXXXX") || exit 1
trap 'rm -rf "$dir"' EXIT
rows='put_100KiB_1_client_ms put_100KiB_16_clients_per_s bulk_put_MB_per_s read_whole_MB_per_s
read_64KiB_ranges_in_order_MB_per_s verify_full_cold_MB_per_s verify_full_warm_MB_per_s open_after_kill_s
rebuild_entries_per_s correct_16_clients_per_s memory_16_clients_50MiB_MiB disk_bytes_per_byte_stored
syncs_per_put_1_client verify_proofs_vouchers_per_s'
# The preload is not for programs under a sanitizer, which must be loaded first.
slow=
if ! grep -q '__asan_init\|__tsan_init' "$build/bench/store" 2>/dev/null; then
    slow="--slowsync=$build/bench/slowsync.so"
    rows="$rows put_100KiB_16_clients_sync_1ms_slower_per_s put_100KiB_16_clients_sync_5ms_slower_per_s"
fi
# shellcheck disable=SC2086
"$build/bench/store" --quick --dir "$dir" $slow >"$dir/out" 2>"$dir/err"
status=$?
count=1
[ $status -eq 0 ] && echo "ok 1 - it runs" || { echo "not ok 1 - it runs (exit $status)"; sed 's/^/# /' "$dir/err"; }
tab=$(printf '\t')
for row in $rows; do
    count=$((count + 1))
    if grep -q "^$row${tab}[1-9][0-9]*${tab}[0-9]" "$dir/out"; then
        echo "ok $count - $row"
    else
        echo "not ok $count - $row has no figure"
    fi
done
echo "1..$count"
