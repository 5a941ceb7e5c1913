#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# The papers on the system that the law asks for: made of this tree, whole, installed when made.
# shellcheck source=tests/e2e/lib.sh
. "${DENCHO_SRCDIR:?}/tests/e2e/lib.sh"
for tool in cmark-gfm mandoc pdftotext; do
    command -v "$tool" >/dev/null || {
        echo "1..0 # SKIP $tool is not here"
        exit 0
    }
done
[ -x "$build/tools/system-pages" ] || {
    echo "1..0 # SKIP built without pangocairo"
    exit 0
}
unset MAKEFLAGS MFLAGS MAKELEVEL
html=$build/docs/dencho-system.html
pdf=$build/docs/dencho-system.pdf

ok "R50 the papers are made" make -s -C "$build" system-documents
holds "R50 a PDF whose title is the release" sh -c "pdfinfo '$pdf' | grep -q 'Title: *$("$dencho" --version)'"
pdftotext "$pdf" - 2>/dev/null | tr -s ' \n\f' '   ' >words
holds "R50 of this version, and of the format that each record names" grep -q "program version [0-9.]*, log format 1\\." words
for part in 'イ Overview' 'ロ Specifications' 'ハ Manual' 'ニ How'; do
    holds "R50 part $part" grep -q "$part" words
done

# whole LIST FILE: each line of LIST stands in FILE.
whole() {
    while IFS= read -r line; do
        grep -qF -e "$line" "$2" || echo "$line"
    done <"$1" >missing
    test -s "$1" && test ! -s missing
}

sed -n 's/^DN_COMMAND(\(.*\))$/<h4>\1<\/h4>/p' "$srcdir/cli/commands.def" | tr _ - >list
holds "R50 the manual of every command" whole list "$html"
sed -n 's/^DN_ENTRY("\([^"]*\)".*/<code>\1<\/code>/p' "$srcdir/engine/ledger/entry-types.def" >list
holds "R50 every type of entry" whole list "$html"
sed -n 's/^DN_SETTING("\([^"]*\)", "\([^"]*\)".*/<code>\1.\2<\/code>/p' "$srcdir/base/settings-table.def" >list
holds "R50 every setting" whole list "$html"
sed -n 's/^## //p' "$srcdir/docs/format.md" | tr -d '\140' >list
holds "R50 every section of the format on disk" whole list words
(cd "$srcdir" && find engine index worker -name '*.c') | sed 's/.*/<code>&<\/code>/' >list
holds "R50 every source file of the engine" whole list "$html"
holds "R50 each with what it does" sh -c "! grep -A 1 '<td><code>[a-z/-]*\\.[ch]</code></td>' '$html' | grep -q '<td></td>'"

ok "R50 they are installed" make -s -C "$build" install-system-documents DESTDIR="$work/there"
find there -name 'dencho-system.*' | sort >installed
holds "R50 both of them" test "$(lines <installed)" -eq 2
holds "R50 as they were made" cmp "$pdf" "$(tail -n 1 installed)"
finish
