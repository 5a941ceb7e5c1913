#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Was the signer of a time stamp revoked? What shows it is fetched, kept, handed out and held against the token, here,
# by the verifier and by openssl.
# shellcheck source=tests/e2e/lib.sh
. "${DENCHO_SRCDIR:?}/tests/e2e/lib.sh"
export DENCHO_ARCHIVE=$work/archive

# One server has the lists, at an address that the certificate of the authority names.
"$tsa" init lists >/dev/null || exit 1
"$tsa" serve lists --port-file lists/port >lists/log 2>&1 &
lists_pid=$!
trap 'kill "$lists_pid" 2>/dev/null; clean_up' EXIT
tries=0
while [ ! -s lists/port ] && [ "$tries" -lt 100 ]; do
    tries=$((tries + 1))
    sleep 0.1
done
start_tsa --crl-url "http://127.0.0.1:$(cat lists/port)/ca.crl"
publish() { "$tsa" crl tsa "$@" && cp tsa/ca.crl lists/ca.crl; }
doctor() { "$dencho" --json doctor | grep '"revocation"'; }

ok "the verifier" ${CC:-cc} -o verify-capsule "$srcdir/tools/verify-capsule.c" -lcrypto
ok "an archive" "$dencho" init archive --tsa-url "$tsa_url" --trust-file "$trust"
printf 'one' >one.txt
"$dencho" --json ingest --as-is --date 2026-05-01 --amount 1200 --party '山田商店' one.txt >out
first=$(field voucher <out)

# --- nothing to be had ---
ok "a stamp does not wait for a proof" "$dencho" --json stamp
holds "it is there" grep -q '"stamped":1' out
holds "what is missing is logged" grep -q 'not known whether the signer of a time stamp was revoked.*HTTP 404' err
holds "and the doctor names it" sh -c "$dencho --json doctor | grep '\"revocation\"' | grep -q 'warning.*no proof yet'"
ok "verified" "$dencho" --json verify --full
holds "its revocation is unknown" grep -q '"stamped":1,"waiting":0,"failed":0.*"unrevoked":0' out
ok "shown" "$dencho" --json show "$first"
holds "as unknown" grep -q '"revocation":"revocation unknown"' out

# --- a list, later: the better proof ---
publish
ok "stamp fetches it when there is nothing to stamp" "$dencho" --json stamp
ok "verified" "$dencho" --json verify --full
holds "its signer was not revoked" grep -q '"failed":0.*"unrevoked":1' out
ok "shown" "$dencho" --json show "$first"
holds "by which list" grep -q '"revocation":"not revoked, by CRL of 20' out
holds "the doctor has nothing to say" sh -c "$dencho --json doctor | grep '\"revocation\"' | grep -q '\"ok\"'"
printf 'two' >two.txt
"$dencho" --json ingest --as-is --date 2026-05-02 --amount 100 --party '山田商店' two.txt >out
kill "$lists_pid"
ok "a list that is current is not fetched again" "$dencho" --json stamp
holds "so that nothing is missed" sh -c '! grep -q "not known" err'
ok "both signers are known" "$dencho" --json verify --full
holds "by the one list" grep -q '"failed":0.*"unrevoked":2' out

# --- in the capsule ---
ok "exported" "$dencho" --json export -o capsule.zip
mkdir capsule
unzip -q capsule.zip -d capsule
ok "checked" "$dencho" --json check-export capsule.zip --trust-file "$trust"
holds "with it" grep -q '"failed":0,"unrevoked":2' out
ok "by the verifier" ./verify-capsule -C tsa/ca.pem capsule.zip
ok "by openssl, as its README says" sh -c 'cd capsule && cp ../tsa/ca.pem AUTHORITY.pem &&
    sed -n "/  for list in/,/chain.pem$/p" README.txt >../commands.sh && test -s ../commands.sh && sh -e ../commands.sh'
holds "the signer is good" grep -q 'chain.pem: OK' out
ok "a part of it" "$dencho" --json export --amount 100..100 -o part.zip
ok "checked" "$dencho" --json check-export part.zip --trust-file "$trust"
holds "has its proof too" grep -q '"failed":0,"unrevoked":1' out
ok "by the verifier" ./verify-capsule -C tsa/ca.pem part.zip
ok "taken in" "$dencho" --json import capsule.zip again --set "evidence.trust-file=$trust"
ok "R31 verified there" "$dencho" -A again --json verify --full
holds "R31 the same" grep -q '"failed":0.*"unrevoked":2' out
rm -rf capsule/AUTHORITY.pem
damaged=$(cd capsule && ls evidence/*/1.crl)
chmod -R u+w capsule && printf 'x' >>"capsule/$damaged"
named() {
    "$dencho" --json check-export capsule --trust-file "$trust" >out 2>err && return 1
    grep -q "\"file\":\"$damaged\"" out || return 1
    ./verify-capsule -C tsa/ca.pem capsule >out 2>err && return 1
    grep -q "^FAILED  $damaged: " out
}
holds "a list that was altered is named by both" named

# --- the key was in other hands: all its stamps fall ---
publish --revoke keyCompromise
printf 'three' >three.txt
ok "an archive that does not know of it yet" "$dencho" init other --tsa-url "$tsa_url" --trust-file "$trust" \
    --set "evidence.revocation=$work/nothing.crl"
"$dencho" -A other --json ingest --as-is three.txt >out
ok "stamps" "$dencho" -A other --json stamp
ok "and verifies" "$dencho" -A other --json verify
cp tsa/ca.crl nothing.crl
ok "the list comes, in a file" "$dencho" -A other --json stamp
holds "it is said" grep -q 'REVOKED since' err
fails 76 "the stamp holds no more" "$dencho" -A other --json verify
holds "and it is told why" grep -q 'REVOKED since.*keyCompromise' out
holds "by the doctor too" sh -c "$dencho -A other --json doctor | grep '\"revocation\"' | grep -q 'problem.*REVOKED'"
printf 'four' >four.txt
"$dencho" -A other --json ingest --as-is four.txt >out
fails 71 "its authority is asked in vain" "$dencho" -A other --json stamp
ok "what there is can still be taken away" "$dencho" -A other --json export -o other.zip
fails 76 "and is found to be what it is" "$dencho" --json check-export other.zip --trust-file "$trust"
holds "by the program" grep -q 'REVOKED since' out
fails 1 "and by the verifier" ./verify-capsule -C tsa/ca.pem other.zip
holds "in that word" grep -q 'REVOKED' out
finish
