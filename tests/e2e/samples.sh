#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# All sample documents: what is clean is read right, what is read wrong is not read confidently.
# shellcheck source=tests/e2e/lib.sh
. "${DENCHO_SRCDIR:?}/tests/e2e/lib.sh"
export DENCHO_ARCHIVE=$work/archive

ok "an archive" "$dencho" init archive
"$dencho" --json ingest "$samples/documents" >results 2>err
result $? "every sample is archived and read"
# clean: 95 of 100 right in date, amount and party, none confidently wrong
ok "clean samples" sh -c '"$0" "$1" --class clean --recall 95 --confident-wrong 0 <results' "$build/tools/score-reading" "$samples/truth.tsv"
sed 's/^/# /' out
ok "all samples" sh -c '"$0" "$1" --recall 80 --confident-wrong 2 <results' "$build/tools/score-reading" "$samples/truth.tsv"
sed 's/^/# /' out
finish
