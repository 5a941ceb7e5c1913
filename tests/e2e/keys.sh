#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# The master key: under a passphrase, on paper, in escrow, rotated; a tenant that ends. And no key in anything that is printed.
# shellcheck source=tests/e2e/lib.sh
. "${DENCHO_SRCDIR:?}/tests/e2e/lib.sh"
export DENCHO_ARCHIVE=$work/archive
mkdir logs
printf 'five random words are good\n' >phrase
cat phrase phrase >phrases
said=0

# d ARGUMENTS...: dencho, verbose, with all that it says kept for the search at the end.
d() {
    said=$((said + 1))
    "$dencho" --verbose "$@" >logs/$said.out 2>logs/$said.err
    status=$?
    cat logs/$said.out
    cat logs/$said.err >&2
    return $status
}
p() { # with the passphrase of the present key file, and of a new one
    d --passphrase-fd 3 "$@" 3<phrases
}

ok "an archive whose key has a passphrase" p init archive
holds "is nobody's without it" grep -q '^dencho protected key 1$' archive.key
fails 77 "with nobody to ask it does not open" setsid -w "$dencho" key check
printf 'five random words are bad\n' >wrong
fails 77 "nor with another passphrase" "$dencho" --passphrase-fd 3 key check 3<wrong
ok "with its own, it does" p --json key check
holds "and says which key, where, how" grep -q '"key_id":"[0-9a-f]\{16\}","key_file":".*archive.key","mode":"0400","protected":true' out
fails 64 "a passphrase does not come from standard input" "$dencho" --passphrase-fd 0 key check
printf 'too short\n' >short
fails 64 "a short passphrase is refused" "$dencho" --passphrase-fd 3 init other 3<short
ok "a voucher" p ingest --as-is "$samples/documents/invoice-01.pdf" --no-wait --amount 10800

# --- paper ---
ok "a sheet of paper" "$dencho" --passphrase-fd 3 key recovery 3<phrase
cp out sheet
holds "has a heading and five lines" test "$(lines <sheet)" -eq 6
sed 1d sheet | sed 's/^[1-5]  //' | tr 'A-Z01' 'a-zol' | tr ' ' '-' >typed
ok "typed back carelessly" sh -c '"$0" --json key restore paper.key <typed' "$dencho"
ok "it opens the archive" d --key-file paper.key search
awk 'NR == 4 { a = substr($0, 4, 1); b = substr($0, 5, 1); if (a == b) b = a == "7" ? "8" : "7"
               print substr($0, 1, 3) b a substr($0, 6); next } { print }' sheet >swapped
fails 65 "two characters in the wrong order" sh -c '"$0" key restore other.key <swapped' "$dencho"
holds "are found in their line" grep -q 'line 3:' err
holds "and no key file is made of them" test ! -e other.key

# --- escrow ---
if command -v openssl >/dev/null; then
    openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=notary -days 9 -keyout notary.pem -out notary.crt 2>/dev/null
    openssl genpkey -algorithm X25519 -out holder.pem 2>/dev/null
    openssl pkey -in holder.pem -pubout -out holder.pub
    ok "enveloped to a certificate" p --json key escrow notary.crt -o notary.env
    ok "opened by stock openssl" sh -c \
        'umask 277; openssl cms -decrypt -binary -inform DER -in notary.env -inkey notary.pem -out stock.key'
    ok "that key opens the archive" d --key-file stock.key search
    ok "enveloped to an X25519 key" p --json key escrow holder.pub -o holder.env
    fails 73 "nothing is overwritten" p key escrow holder.pub -o holder.env
    ok "opened by its holder" d key recover holder.env --private-key holder.pem -o holder.key
    ok "that key opens the archive too" d --key-file holder.key search
    fails 77 "and for nobody else" d key recover holder.env --private-key notary.pem -o nobody.key
fi

# --- rotated ---
size=$(wc -c <archive/log/000001.seg)
before=$(sha256sum <archive/log/000001.seg)
ok "the master is rotated" p key rotate master next.key
holds "and stays protected" grep -q '^dencho protected key 1$' next.key
holds "no byte of the log was rewritten" test "$(head -c "$size" archive/log/000001.seg | sha256sum)" = "$before"
fails 77 "the old key is refused" d --key-file paper.key search
ok "the new one opens" p search
ok "the tenant's key is rotated" p key rotate tenant
ok "rotated in the short form" p key rotate third.key
fails 73 "never onto a file that is there" p key rotate master next.key
fails 64 "nor without a file" p key rotate master
ok "everything verifies" p --json verify --full
holds "without a failure" grep -q '"failed":0' out

# --- a tenant ends ---
ok "a tenant" p tenant create acme
ok "with a voucher" p --tenant acme ingest --as-is wrong --party Vanishing
fails 64 "wants an export to be closed" p tenant close acme
ok "all of it is exported" p --tenant acme export -o acme.zip
fails 64 "the default tenant stays" p tenant close default --without-export --reason no
fails 64 "and its vouchers must be kept" p tenant close acme --export acme.zip
holds "for how long is said" grep -q 'until 20' err
fails 64 "early only with a reason" p tenant close acme --export acme.zip --early
ok "closed" p --json tenant close acme --export acme.zip --early --reason 'they keep them from now on'
holds "how many went early is said" grep -q '"kept":1' out
fails 66 "it does not open any more" p --tenant acme search
ok "the others verify" p --json verify --full
holds "and its entries are counted" grep -q '"failed":0,.*"opaque":3' out
ok "rebuilt without it" p rebuild
ok "verified again" p --json verify --full
holds "the same" grep -q '"failed":0,.*"opaque":3' out
holds "the export still checks" "$dencho" check-export acme.zip

# --- nothing tells a key ---
hex=$(sed -n 2p paper.key)
holds "there is a key to look for" test "$(printf %s "$hex" | wc -c)" -eq 64
holds "and there are things to look through" test "$(find logs -type f | lines)" -gt 40
holds "its digits are in no output" sh -c "! grep -rqiF '$hex' logs"
holds "nor half of them" sh -c "! grep -rqiF '$(printf %s "$hex" | cut -c 17-48)' logs"
holds "nor in the archive" sh -c "! grep -rqaiF '$hex' archive"
holds "a passphrase neither" sh -c "! grep -rqaF 'random words' logs archive"
sed 1d sheet | cut -c 4- >groups
holds "nor a line of the sheet" sh -c '! grep -rqF -f groups logs'

# While it runs: no secret in its arguments or its environment, and no core file of it.
mkfifo pipe
"$dencho" --passphrase-fd 3 search 3<pipe >out 2>err &
pid=$!
exec 4>pipe
if [ -r /proc/$pid/limits ]; then
    tries=0 # until the program has come as far as to open the archive
    until [ "$(cat archive/lock)" = $pid ] || [ $tries -ge 100 ]; do
        tries=$((tries + 1))
        sleep 0.1
    done
    holds "no secret in its arguments" sh -c "! grep -qaF random /proc/$pid/cmdline"
    holds "nor in its environment" sh -c "! grep -qaF random /proc/$pid/environ 2>/dev/null"
    holds "no core file of it" grep -q '^Max core file size *0 ' /proc/$pid/limits
fi
cat phrase >&4
exec 4>&-
wait $pid
result $? "a passphrase may come late"
finish
