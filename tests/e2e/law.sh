#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# What the law asks, by command: deadlines, versions, links, holds, disposal, the report.
# Checks that prove a row of docs/requirements.md name it.
# shellcheck source=tests/e2e/lib.sh
. "${DENCHO_SRCDIR:?}/tests/e2e/lib.sh"
start_tsa
export DENCHO_ARCHIVE=$work/archive

# report_of ID: the line of the report that speaks of it.
report_of() {
    "$dencho" --json report compliance | grep "\"voucher\":\"$1\""
}

# post URL REQUEST ANSWER: asks a time-stamp authority as a sender's program does.
post() {
    perl -MIO::Socket::INET -e '
        my ($host, $request, $answer) = ($ARGV[0] =~ m|http://([^/]+)|, @ARGV[1, 2]);
        local $/;
        open my $in, "<:raw", $request or die; my $body = <$in>;
        my $tsa = IO::Socket::INET->new($host) or die;
        print $tsa "POST / HTTP/1.1\r\nHost: $host\r\nContent-Type: application/timestamp-query\r\n" .
            "Content-Length: " . length($body) . "\r\nConnection: close\r\n\r\n$body";
        $tsa->flush; (my $said = <$tsa>) =~ s/.*?\r\n\r\n//s;
        open my $out, ">:raw", $answer or die; print $out $said;' "$@"
}

fails 64 "R03 entry by cycle needs a written procedure" "$dencho" init cycle --set law.entry=cycle
holds "R03 and nothing is made without" test ! -e cycle
fails 64 "R44 a rule does not change within a fiscal year" "$dencho" init bundles --set law.bundles=2026-07-01=each
fails 64 "R52 option 3 is not to be had by putting in later" "$dencho" init system --set law.electronic=system
ok "an archive is made" "$dencho" init archive --tsa-url "$tsa_url" --trust-file "$trust" \
    --set law.procedure=rules/2026-04.pdf --set 'law.days-off=12-29;12-30;12-31'

# --- in time and too late ---
fails 64 "R60 a scan of a printout is refused" "$dencho" ingest --origin printout "$samples/documents/thermal-01.png"
ok "R02 a document of today comes in" "$dencho" --json ingest --origin scan --kind receipt --no-wait \
    "$samples/documents/thermal-01.png"
fresh=$(field voucher <out)
holds "R04 and waits: what is uploaded has not entered" grep -q '"on_time":"waiting"' out
ok "R02 one of January comes in too" "$dencho" --json ingest --origin scan --kind receipt --received 2026-01-05 --no-wait \
    "$samples/documents/thermal-03.png"
late=$(field voucher <out)
holds "R02 and is told to be late, by Japan's holidays" grep -q '"entry_deadline":"2026-01-15","on_time":"late"' out
ok "R05 a table says so to a person" "$dencho" ingest --origin scan --received 2026-01-05 --no-wait "$samples/documents/slip-02.heic"
holds "R05 and to keep the paper" grep -q 'LATE since 2026-01-15: keep the paper' out
ok "all are stamped" "$dencho" stamp
report_of "$fresh" >fresh.json
report_of "$late" >late.json
holds "R04 stamped today it is in time" grep -q '"on_time":"on_time"' fresh.json
holds "R02 stamped today the other stays late" grep -q '"on_time":"late"' late.json
holds "R19 a stamp of an authority that is not accredited is shown as such" grep -q '"rule":"R19","what":"NON-ACCREDITED' fresh.json
holds "R64 what is not shown is open" grep -q '"open":\[{' fresh.json
ok "R06 the reason is noted" "$dencho" excuse "$late" --reason 'flood, report of 2026-01-07'
ok "R06 and shown" "$dencho" --json show "$late"
holds "R06 with who and when" grep -q '"excuses":\[{"actor":"cli:[^"]*","at":"[^"]*","reason":"flood' out
holds "R05 it stays late" grep -q '"on_time":"late"' out
holds "show tells until when it must be kept" grep -q '"keep_until":"20' out

# --- versions ---
ok "R07 a better scan of the fresh one" "$dencho" --json revise "$fresh" "$samples/documents/thermal-05.png" --found 2026-01-07 --reason bent
ok "R07 stamped" "$dencho" stamp
report_of "$fresh" >fresh.json
holds "R07 the voucher stays in time" grep -q '"entered_at":"[^"]*","on_time":"on_time"' fresh.json
holds "R07 the new scan counts from the discovery" grep -q '"rescans":\[{"version":2,"deadline":"2026-01-19","on_time":"late"}\]' fresh.json
ok "R25 the bent one stays readable" "$dencho" cat "$fresh" --version 1 -o bent.png
holds "R25 bit for bit" cmp bent.png "$samples/documents/thermal-01.png"
fails 66 "R24 no version of what never came in" "$dencho" revise 01932b5e-7c1a-7def-8123-456789abcdef "$samples/documents/thermal-01.png" --reason x

# --- what is kept, and what is made of it ---
ok "R16 the better one was read, and has a rendition" "$dencho" cat "$fresh" --part rendition -o rendition.pdf
ok "R16 its original" "$dencho" cat "$fresh" -o better.png
holds "R16 is what came in, to the bit" cmp better.png "$samples/documents/thermal-05.png"
ok "R54 its history" "$dencho" --json history "$fresh"
holds "R54 names what read it, and from which document" sh -c "grep '\"type\":\"voucher.read\"' out | grep -q '\"read_by\":\"dencho [0-9.]*\"' &&
    grep '\"type\":\"voucher.revised\"' out | grep -q '$(sha256sum <"$samples/documents/thermal-05.png" | cut -c 1-64)'"
ok "R36 a page as a picture" "$dencho" cat "$fresh" --part page:1 -o page.png
# size FILE: width and height of a PNG, which stand from its 17th byte on.
size() {
    od -An -tu1 -j16 -N8 "$1"
}
holds "R36 whole: as large as the scan" test "$(size page.png)" = "$(size "$samples/documents/thermal-05.png")"
if command -v pdfinfo >/dev/null 2>&1; then
    holds "R36 one page of paper is one page of the rendition" sh -c 'pdfinfo rendition.pdf | grep -q "^Pages: *1$"'
fi
ok "R17 two pages of one document" "$dencho" --json ingest --no-wait "$samples/documents/invoice-05.tif"
holds "R17 are one voucher" test "$(lines <out)" -eq 1
holds "R17 hashed as one object" grep -q "\"sha256\":\"$(sha256sum <"$samples/documents/invoice-05.tif" | cut -c 1-64)\"" out
two=$(field voucher <out)
ok "R17 read" "$dencho" --json read "$two"
holds "R17 both" grep -q '"pages":2' out

# --- both sides, and the device ---
ok "R12 a scan of which its back is known" "$dencho" --json ingest --origin scan --back captured --device ix1600 --no-wait \
    "$samples/documents/thermal-08.png"
sides=$(field voucher <out)
fails 64 "R12 a back is blank, print or captured" "$dencho" correct "$fresh" --back white --reason seen
report_of "$fresh" >fresh.json
holds "R12 of another nobody has said what is on the back" grep -q '"rule":"R12"' fresh.json
ok "R12 somebody looks" "$dencho" correct "$fresh" --back blank --reason 'looked at it'
report_of "$fresh" >fresh.json
holds "R12 and it is not asked again" sh -c '! grep -q "\"rule\":\"R12\"" fresh.json'
report_of "$sides" >sides.json
holds "R12 nor of the first" sh -c '! grep -q "\"rule\":\"R12\"" sides.json && grep -q "\"back\":\"captured\"" sides.json'
holds "R15 its device is told" grep -q '"device":"ix1600"' sides.json
"$dencho" init charts --set 'law.test-charts=ix1600:2026-01-01=failed' >/dev/null 2>&1
ok "R15 a scan of a device that failed its chart" "$dencho" -A charts --json ingest --origin scan --device ix1600 --no-wait \
    "$samples/documents/thermal-08.png"
ok "R15 is told to be" "$dencho" -A charts --json report compliance
holds "R15 with what to do" grep -q '"rule":"R15","what":"its device had failed[^}]*"do":"scan again' out

ok "all of these are stamped" "$dencho" stamp

# --- XML that can be read by eye ---
cat >invoice.xml <<'EOX'
<Invoice xmlns='urn:oasis:names:specification:ubl:schema:xsd:Invoice-2'><ID>A-7</ID><IssueDate>2026-04-15</IssueDate>
<DocumentCurrencyCode>JPY</DocumentCurrencyCode><AccountingSupplierParty><Party><PartyLegalEntity>
<RegistrationName>株式会社みどり文具</RegistrationName></PartyLegalEntity></Party></AccountingSupplierParty>
<LegalMonetaryTotal><TaxInclusiveAmount>10800</TaxInclusiveAmount></LegalMonetaryTotal>
<InvoiceLine><ID>1</ID><Item><Name>封筒</Name></Item></InvoiceLine></Invoice>
EOX
ok "R55 an e-invoice comes in" "$dencho" --json ingest invoice.xml
xml=$(field voucher <out)
ok "R55 is found by what its XML says" "$dencho" --json search --party みどり文具 --amount 10800..10800 --date 2026-04-15..2026-04-15
holds "R55 and is that one" grep -q "\"voucher\":\"$xml\"" out
ok "R55 it has a form for the eye" "$dencho" cat "$xml" --part rendition -o invoice.pdf
holds "R55 of pages" sh -c 'head -c 5 invoice.pdf | grep -q "^%PDF-"'
ok "R55 a page on the screen" "$dencho" cat "$xml" --part page:1 -o invoice.png
if command -v pdftotext >/dev/null 2>&1; then
    ok "R55 its words" pdftotext invoice.pdf invoice.txt
    holds "R55 name the seller and the goods" sh -c 'grep -q みどり文具 invoice.txt && grep -q 封筒 invoice.txt && grep -q 10,800 invoice.txt'
fi
ok "R55 the XML itself is as it was" "$dencho" cat "$xml" -o same.xml
holds "R55 to the byte" cmp same.xml invoice.xml
ok "no batch is due yet" "$dencho" --json stamp --due
holds "it waits" grep -q '"due":false,"waiting":1' out
ok "it is stamped" "$dencho" stamp
ok "R21 the proofs of one month, in one operation" "$dencho" --json verify --proofs --date 2026-04-01..2026-04-30
holds "R21 are those of the one voucher of it" grep -q '"checked":1,"stamped":1,"waiting":0,"failed":0' out
ok "R21 and of everything" "$dencho" --json verify --proofs
holds "R21 hold" grep -q '"waiting":0,"failed":0' out

# --- who closes a batch ---
"$dencho" init batches --tsa-url "$tsa_url" --trust-file "$trust" --set evidence.batch-documents=3 >out 2>err
for n in 1 2 3 4 5 6 7; do printf 'batch %s' $n >"batch-$n.txt"; done
ok "two documents are no batch" "$dencho" -A batches ingest --as-is batch-1.txt batch-2.txt
holds "and wait" sh -c "\"$dencho\" -A batches --json stats | grep -q '\"unstamped\":2'"
ok "the third fills it" "$dencho" -A batches ingest --as-is batch-3.txt
holds "ingest closed it" grep -q '3 documents were time-stamped' err
holds "none waits" sh -c "\"$dencho\" -A batches --json stats | grep -q '\"unstamped\":0'"
printf '[evidence]\nstamp-by=timer\n' >>batches/dencho.conf
ok "left to a timer" "$dencho" -A batches ingest --as-is batch-4.txt batch-5.txt batch-6.txt
holds "it says so and does nothing" sh -c "grep -q 'a batch is due' err && \"$dencho\" -A batches --json stats | grep -q '\"unstamped\":3'"
sed -i "s/stamp-by=timer/stamp-by=ingest/; s|^tsa-url=.*|tsa-url=http://127.0.0.1:1/|" batches/dencho.conf
ok "an outage fails no ingest" "$dencho" -A batches ingest --as-is batch-7.txt
holds "it is said" grep -q 'the documents are stored; no time stamp, 4 documents go on waiting' err
holds "and nothing is lost" sh -c "\"$dencho\" -A batches --json stats | grep -q '\"vouchers\":7'"

# --- channels ---
ok "R51 an archive whose mail is kept by its sender's stamp, the web by rule, a service by exchange" "$dencho" init channels \
    --trust-file "$trust" --tsa-url "$tsa_url" --set 'law.channels=mail;web;orders=engine;bank' \
    --set 'law.electronic=stamp;mail:stamped;web:rule;orders:system' --set law.procedure=rules/2026.pdf
fails 64 "R52 mail is not exchanged by the engine" "$dencho" init mail --set 'law.electronic=mail:system'
fails 64 "R52 nor declared to be" "$dencho" init mail --set 'law.channels=mail=engine'
fails 64 "R52 a file that is put in does not come by exchange" "$dencho" -A channels ingest --channel orders --as-is --no-wait invoice.xml
holds "R52 and is told why" grep -q 電子問39 out
fails 64 "R51 nor by a channel that nobody has set up" "$dencho" -A channels ingest --channel fax --no-wait invoice.xml
holds "R51 but by these" grep -q 'mail, web, orders, bank' out
cp invoice.xml stamped.xml && echo >>stamped.xml
openssl ts -query -data stamped.xml -sha512 -cert -out query.tsq 2>/dev/null
ok "R51 a sender has a document stamped" post "$tsa_url" query.tsq stamped.tsr
ok "R51 option 1 it comes in with that" "$dencho" -A channels --json ingest --channel mail --token stamped.tsr --no-wait stamped.xml
one=$(field voucher <out)
ok "R51 option 1 another comes without" "$dencho" -A channels --json ingest --channel mail --no-wait invoice.xml
bare=$(field voucher <out)
cp invoice.xml web.xml && echo >>web.xml && echo >>web.xml
ok "R51 option 4 one from the web" "$dencho" -A channels --json ingest --channel web --no-wait web.xml
web=$(field voucher <out)
cp web.xml bank.xml && echo >>bank.xml
ok "R51 option 2 one of the bank" "$dencho" -A channels --json ingest --channel bank --no-wait bank.xml
bank=$(field voucher <out)
ok "R51 option 2 stamped by us" "$dencho" -A channels stamp
export DENCHO_ARCHIVE=$work/channels
for each in one bare web bank; do
    eval "report_of \$$each >$each.json"
done
holds "R51 option 1 is shown with its stamp" grep -q '"electronic":"stamped","option":1,"article":"規4①一","shown_by":"it came with' one.json
holds "R51 option 1 nothing of R51 is open" sh -c '! grep -q "\"rule\":\"R51\"" one.json'
holds "R51 option 1 without a stamp it is, and what to do" grep -q '"rule":"R51","what":"it came without[^}]*"do":"ask the sender' bare.json
holds "R51 option 4 names the written rule" grep -q '"electronic":"rule","option":4,[^}]*"shown_by":"written rule: rules/2026.pdf"' web.json
holds "R51 option 2 names the stamp, in time" grep -q '"on_time":"on_time".*"electronic":"stamp","option":2,[^}]*"shown_by":"time stamp of' bank.json
ok "R51 a person reads it too" "$dencho" report compliance
holds "R51 by its number" grep -q "^$one.*kept: option 1 (stamped)" out
ok "R51 the voucher shows the stamp it came with" "$dencho" --json show "$one"
holds "R51 which holds" grep -q '"brought":{[^}]*"form":"token"[^}]*"holds":true' out
ok "R50 its history" "$dencho" --json history "$one"
holds "R50 names the program and the format that stored it" grep -q '"type":"voucher.registered".*"engine":"'"$("$dencho" --version)"'","format":1' out
ok "R51 a capsule" "$dencho" export --folder channels.out
holds "R51 says it of each" sh -c 'test $(grep -c "\"law\":{\"article\"\|\"law\":{\"electronic\"" channels.out/vouchers.jsonl) -eq 4'
holds "R51 and by which channel it came" sh -c 'grep -q "\"channel\",\"\",\"mail\"" channels.out/history.csv && grep -q "\"channel\",\"\",\"bank\"" channels.out/history.csv'
ok "R51 the token in its ledger" sh -c 'sed -n "s/.*\"brought_token\":\"\([^\"]*\)\".*/\1/p" channels.out/ledger.jsonl | base64 -d >token.der'
ok "R51 proves it without this program" openssl ts -verify -token_in -in token.der -data stamped.xml -CAfile tsa/ca.pem -partial_chain
export DENCHO_ARCHIVE=$work/archive

# --- links ---
ok "R33 what has no entry of the books" "$dencho" report pending
holds "R33 is listed" grep -q "^$fresh" out
ok "R32 linked" "$dencho" link "$fresh" 2026-04/0815
ok "R32 and back" "$dencho" --json search --book-ref 2026-04/0815
holds "R32 to the same" test "$(field voucher <out)" = "$fresh"
fails 64 "R33 none without a reason" "$dencho" link "$late" --none
ok "R33 none with one" "$dencho" link "$late" --none --reason private
ok "R33 neither is pending" "$dencho" report pending
holds "R33 any more" sh -c "! grep -q '$fresh\|$late' out"
ok "R28 what replaces another is a voucher of its own" "$dencho" link "$fresh" --replaces "$late"
ok "R28 each" "$dencho" --json show "$late"
holds "R28 shows the other" grep -q "\"other\":\"$fresh\",\"relation\":\"replaced_by\"" out
holds "R28 and keeps its own version" grep -q '"version":1' out

# --- two persons ---
ok "R53 an archive where electronic documents change by two persons" "$dencho" init two --set law.second-person=yes
ok "R53 a document" "$dencho" -A two --json ingest --origin electronic --party 霞商店 --amount 500 --no-wait "$samples/documents/invoice-01.pdf"
invoice=$(field voucher <out)
fails 77 "R53 one alone cannot" "$dencho" -A two correct "$invoice" --amount 600 --reason misread
fails 64 "R53 a request wants its items" "$dencho" -A two request correct "$invoice" --amount 600 --reason misread
ok "R53 a request with them" "$dencho" -A two --json request correct "$invoice" --amount 600 --slip S-1 --subject chairs --reason misread
request=$(field request <out)
fails 77 "R53 who asks cannot approve" "$dencho" -A two approve "$invoice" "$request"
ok "R53 another can" "$dencho" -A two --as chief --json approve "$invoice" "$request"
holds "R53 and it is done" grep -q '"amount":600' out
ok "R53 both forms" "$dencho" -A two --json history "$invoice"
holds "R53 are in the history" sh -c 'grep -q request.filed out && grep -q request.approved out'

# --- the end ---
ok "an old document" "$dencho" --json ingest --origin electronic --received 2010-05-01 "$samples/documents/invoice-01.pdf"
old=$(field voucher <out)
ok "stamped" "$dencho" stamp
ok "periods are listed" "$dencho" --json dispose
holds "the old one may go" grep -q '"period":"2010","vouchers":1,"keep_until":"2018-05-31","holds":0,"ready":true' out
period=$("$dencho" --json dispose | grep -v 2010 | field period)
fails 64 "R26 a period that must be kept stays" "$dencho" dispose --plan "$period"
holds "and why is said" grep -q 'must be kept until' err
ok "a hold" "$dencho" hold place audit-2026 "$old" --reason 'tax office'
fails 64 "a held voucher stays" "$dencho" dispose --plan 2010
ok "lifted" "$dencho" hold lift audit-2026 "$old" --reason 'closed'
ok "planned" "$dencho" --json dispose --plan 2010
plan=$(field plan <out)
fails 77 "not without approval" "$dencho" dispose --run "$plan"
fails 77 "nor by who planned it" "$dencho" dispose --approve "$plan"
ok "approved by another person" "$dencho" --as chief dispose --approve "$plan"
ok "the document is still there" "$dencho" cat "$old" -o old.pdf
find archive/keys -name '*.key' >keys.before
ok "carried out" "$dencho" --json dispose --run "$plan"
find archive/keys -name '*.key' >keys.after
holds "one key is gone" test "$(lines <keys.after)" -eq $(($(lines <keys.before) - 1))
fails 66 "the bytes are gone" "$dencho" cat "$old" -o gone.pdf
ok "its history stays" "$dencho" --json history "$old"
holds "to the end" grep -q 'voucher.disposed' out
ok "R20 everything verifies, its stamp too" "$dencho" --json verify --full
holds "R20 nothing failed" grep -q '"failed":0' out
"$dencho" --json show "$old" >before
ok "the view is rebuilt without its key" "$dencho" rebuild
"$dencho" --json show "$old" >after
holds "and says the same" cmp before after
ok "a capsule is made of what is left" "$dencho" export -o capsule.zip
ok "and checks" "$dencho" --json check-export capsule.zip --trust-file "$trust"
ok "the verifier is built" ${CC:-cc} -o verify-capsule "$srcdir/tools/verify-capsule.c" -lcrypto
ok "and agrees" ./verify-capsule capsule.zip
"$dencho" -q export --folder forged
sed '1s|originals/[^ ]*|-|' forged/evidence/documents.txt >forged.txt
cat forged.txt >forged/evidence/documents.txt
"$dencho" --json check-export forged >out 2>err || :
holds "nothing else may be missing" grep -q 'no entry disposes of' out
# A token that is taken away, or that of another batch in its place; the list of checksums is made to fit.
stamps=$(find forged/evidence -name token.der | sort)
first=$(echo "$stamps" | sed -n 1p)
second=$(echo "$stamps" | sed -n 2p)
for trick in away exchanged; do
    rm -rf stripped
    "$dencho" -q export --folder stripped
    if [ "$trick" = away ]; then
        rm "stripped/${first#forged/}"
    else
        cat "stripped/${second#forged/}" >"stripped/${first#forged/}.new" && mv -f "stripped/${first#forged/}.new" "stripped/${first#forged/}"
    fi
    (cd stripped && find . -type f ! -name SHA256SUMS | sed 's|^\./||' | sort | xargs sha256sum) >sums && cat sums >stripped/SHA256SUMS
    "$dencho" --json check-export stripped >out 2>err || :
    holds "R22 a token $trick is noticed" grep -q "\"file\":\"[^\"]*\",\"code\"" out
    if ./verify-capsule stripped >out 2>err; then
        result 1 "R22 and by the verifier"
    else
        result 0 "R22 and by the verifier"
    fi
done
./verify-capsule forged >out 2>err || :
holds "says the verifier too" sh -c 'cat out err | grep -q "no entry disposes of"'
ok "it becomes an archive again" "$dencho" --json import capsule.zip again --set "evidence.trust-file=$trust" --set law.procedure=rules/2026-04.pdf
ok "in which everything verifies" "$dencho" -A again --json verify --full
holds "nothing failed" grep -q '"failed":0' out
"$dencho" -A again --json show "$old" >after
holds "and the voucher is what it was" cmp before after
ok "its index too" "$dencho" -A again --json verify --index
holds "of which nothing failed" grep -q '"failed":0' out

# --- the report ---
ok "R64 the report" "$dencho" report compliance
holds "R64 each open row says what to do" sh -c '! grep "^    R" out | grep -v ": [a-zA-Z]"'
ok "R64 a part of it" "$dencho" --json report compliance --date 2010-01-01..2010-12-31
holds "R64 with what was settled" grep -q '"law.procedure":"rules/2026-04.pdf"' out
for word in 改ざん防止 法令適合 JIIMA認証相当; do
    holds "nothing claims $word" sh -c "! '$dencho' --help | grep -q $word"
done
finish
