# SPDX-License-Identifier: GPL-3.0-or-later
# tests/e2e/lib.sh - what every end-to-end test begins with: a folder of its own, TAP, the real programs.
#
# A test is: ok "what must hold" COMMAND...   or   no "what must not" COMMAND...   and at the end: finish
# shellcheck shell=sh
set -u
umask 077
srcdir=${DENCHO_SRCDIR:?run me by make check}
build=${DENCHO_BUILDDIR:?run me by make check}
dencho=$build/cli/dencho
tsa=$build/tools/dencho-tsa
samples=$srcdir/samples
work=$(mktemp -d "${TMPDIR:-/tmp}/dencho-e2e-XXXXXX")
count=0
failures=0
tsa_pid=''

clean_up() {
    [ -z "$tsa_pid" ] || kill "$tsa_pid" 2>/dev/null
    chmod -R u+w "$work" 2>/dev/null
    rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 1' INT TERM
cd "$work" || exit 1
unset DENCHO_ARCHIVE

result() {
    count=$((count + 1))
    if [ "$1" -eq 0 ]; then
        echo "ok $count - $2"
    else
        failures=$((failures + 1))
        echo "not ok $count - $2"
        sed 's/^/# /' out err 2>/dev/null | head -n 40
    fi
}

# ok NAME COMMAND...: it must succeed. Its output is left in ./out and ./err.
ok() {
    name=$1
    shift
    "$@" >out 2>err
    result $? "$name"
}

# fails STATUS NAME COMMAND...: it must end with that status.
fails() {
    want=$1
    name=$2
    shift 2
    "$@" >out 2>err
    got=$?
    [ "$got" -eq "$want" ]
    result $? "$name (exit $want, got $got)"
}

# holds NAME COMMAND...: like ok, for checks whose output nobody needs; ./out stays what it was.
holds() {
    name=$1
    shift
    "$@" >/dev/null 2>&1
    result $? "$name"
}

finish() {
    echo "1..$count"
    exit 0 # the lines above say what failed
}

# field NAME < JSON line: the value of the first member of that name, unquoted.
field() {
    sed -n "s/.*\"$1\":\"\{0,1\}\([^,\"}]*\).*/\1/p" | head -n 1
}

lines() {
    wc -l | tr -d ' '
}

# Starts the test authority; sets $tsa_url and $trust.
start_tsa() { # more arguments: of its certificate
    "$tsa" init tsa "$@" >/dev/null || exit 1
    "$tsa" serve tsa --port 0 --port-file tsa/port >tsa/log 2>&1 &
    tsa_pid=$!
    tries=0
    while [ ! -s tsa/port ] && [ "$tries" -lt 100 ]; do
        tries=$((tries + 1))
        sleep 0.1
    done
    # shellcheck disable=SC2034
    tsa_url=http://127.0.0.1:$(cat tsa/port)/
    # shellcheck disable=SC2034
    trust=$work/tsa/trust.conf
}
