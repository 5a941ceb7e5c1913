#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Files that are broken, lie or want to harm: each gets a clear verdict, none harms.
# shellcheck source=tests/e2e/lib.sh
. "${DENCHO_SRCDIR:?}/tests/e2e/lib.sh"
export DENCHO_ARCHIVE=$work/archive
ok "an archive" "$dencho" init archive

# A voucher that was stored and could not be read has the error of expected.tsv, one that was read has none.
sed 1d "$samples/broken/expected.tsv" | while IFS='	' read -r file expected _; do
    "$dencho" --json ingest "$samples/broken/$file" >out 2>err
    status=$?
    code=$(sed -n 's/.*"error":{[^}]*"code":"\([A-Z_]*\)".*/\1/p' out)
    case "|$expected|" in
    *"|${code:-read}|"*) verdict=0 ;;
    *) verdict=1 ;;
    esac
    case $status in
    0) [ -z "$code" ] || verdict=1 ;;
    65 | 69 | 70 | 71) [ -n "$code" ] || verdict=1 ;;
    *) verdict=1 ;;
    esac
    echo "$verdict $file is ${code:-read}, exit $status (wanted $expected)"
done >verdicts
while read -r verdict text; do
    result "$verdict" "$text"
done <verdicts
holds "there were some" test "$(lines <verdicts)" -gt 10

ok "as it is, everything that has bytes goes in" sh -c '"$0" --json ingest --as-is "$1" >all; cat all' "$dencho" "$samples/broken"
holds "rejected is only what is empty" sh -c 'test "$(grep -c "\"status\":\"rejected\"" all)" -le 1'
ok "and all of it verifies" "$dencho" --json verify --full
holds "without a failure" grep -q '"failed":0' out
printf 'x' >"$(printf 'evil\033[31m\nname.txt')"
fails 69 "a hostile name is shown harmlessly" sh -c '"$0" ingest evil*' "$dencho"
holds "no escape reaches the terminal" sh -c '! grep -q "$(printf "\033")" out err'
fails 66 "a missing file" "$dencho" ingest no-such-file.pdf
fails 64 "an unknown command" "$dencho" serach
holds "is answered with the nearest" grep -q search err
fails 64 "a wrong amount" "$dencho" search --amount 1,08,00
finish
