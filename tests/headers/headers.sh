#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# tests/headers/headers.sh - every header compiles alone, as C and, where it is meant to be
# included from C++ (G_BEGIN_DECLS), as C++. Prints TAP.
#
# A header that needs another one to be included before it works by luck.
set -eu
LC_ALL=C
export LC_ALL

root=${DENCHO_SRCDIR:-$(dirname "$0")/../..}
build=${DENCHO_BUILDDIR:-.}

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
trap 'exit 1' HUP INT TERM

# The build's own compilers, or the usual names when the script is run by hand.
made() {
    sed -n "s/^$1 = //p" "$build/Makefile" 2>/dev/null | head -n 1
}
cc=$(made CC)
cxx=$(made CXX)
flags=$(pkg-config --cflags glib-2.0 gio-2.0 jansson libcrypto pangocairo)

# $cc, $cxx and $flags hold several words.
# shellcheck disable=SC2086
compile() { # source, log
    case $1 in
    *.cc) set -- "$1" "$2" ${cxx:-c++} -std=c++17 ;;
    *) set -- "$1" "$2" ${cc:-cc} -std=gnu11 ;;
    esac
    source=$1 log=$2
    shift 2
    "$@" -fsyntax-only -Wall -Wextra -Werror -I"$build" -I"$root" $flags "$source" 2>"$log"
}

count=0
failed=0
verdict() { # what, 0 = as it should be
    count=$((count + 1))
    if [ "$2" -eq 0 ]; then
        echo "ok $count - $1"
    else
        echo "not ok $count - $1"
        sed 's/^/# /' "$scratch/log" | head -n 20
        failed=1
    fi
}

# Planted: a header that leans on another must be found, or the rest proves nothing.
printf 'gboolean planted(void);\n' >"$scratch/planted.h"
printf '#include "%s"\n' "$scratch/planted.h" >"$scratch/alone.c"
status=0
if compile "$scratch/alone.c" "$scratch/log"; then
    status=1
fi
verdict 'a header that leans on another is found' "$status"

(cd "$root" && find . -mindepth 1 \( -name '.*' -o -name 'build*' -o -name 'dencho-[0-9]*' \
    -o -name autom4te.cache \) -prune -o -type f -name '*.h' -print |
    sed 's,^\./,,' | sort) >"$scratch/headers"

while IFS= read -r header; do
    for suffix in c cc; do
        if [ "$suffix" = cc ] && ! grep -q '^G_BEGIN_DECLS' "$root/$header"; then
            continue
        fi
        # Twice: the guard must hold too.
        printf '#include "config.h"\n#include "%s"\n#include "%s"\n' "$header" "$header" \
            >"$scratch/alone.$suffix"
        status=0
        compile "$scratch/alone.$suffix" "$scratch/log" || status=$?
        verdict "$header compiles alone ($suffix)" "$status"
    done
done <"$scratch/headers"
echo "1..$count"
exit "$failed"
