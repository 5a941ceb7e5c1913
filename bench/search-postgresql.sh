#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# The side of PostgreSQL, through psql: search-postgresql.sh BENCH-SEARCH VOUCHERS TEXTS REPEAT
#
# The same vouchers, questions and indexes as SQLite's, in a schema of its own of the database that
# psql's environment names (PGDATABASE, PGHOST ...), which is dropped at the end. Each time is what
# \timing says: it holds the way over the socket, which a library in the process does not have.
# Without a server that answers there are no rows, and that is no failure.
set -eu
bench=$1
vouchers=$2
texts=$3
repeat=$4
sql() { psql -X -q -v ON_ERROR_STOP=1 "$@"; }
command -v psql >/dev/null && psql -X -q -c 'SELECT 1' >/dev/null 2>&1 || {
    echo "search-postgresql.sh: no server answers" >&2
    exit 0
}
PGOPTIONS="-c search_path=dencho_bench,public -c jit=off"
export PGOPTIONS
work=$(mktemp -d)
trap 'sql -c "DROP SCHEMA IF EXISTS dencho_bench CASCADE" >/dev/null 2>&1; rm -rf "$work"' EXIT
sql <<'END'
SET client_min_messages = warning;
DROP SCHEMA IF EXISTS dencho_bench CASCADE;
CREATE SCHEMA dencho_bench;
CREATE EXTENSION IF NOT EXISTS pg_trgm SCHEMA public;
CREATE UNLOGGED TABLE loaded (seq bigint, id uuid, date int, amount bigint, folded text, number text,
  kind text, label text, deleted boolean, body text);
END
"$bench" -n "$vouchers" -t "$texts" --copy | sql -c 'COPY loaded FROM STDIN'
sql <<'END'
CREATE UNLOGGED TABLE party AS
  SELECT row_number() OVER () AS party, folded FROM (SELECT DISTINCT folded FROM loaded WHERE folded IS NOT NULL) AS names;
CREATE UNLOGGED TABLE voucher AS
  SELECT seq, id, date, amount, party, number, kind, label, deleted, body FROM loaded LEFT JOIN party USING (folded) ORDER BY seq;
DROP TABLE loaded;
CREATE UNIQUE INDEX ON party (folded COLLATE "C");
CREATE INDEX ON party (folded text_pattern_ops);
CREATE INDEX ON party USING gin (folded public.gin_trgm_ops);
CREATE UNIQUE INDEX ON voucher (seq);
CREATE INDEX ON voucher (date, seq) INCLUDE (id, amount, party)  WHERE NOT deleted;
CREATE INDEX ON voucher (amount, seq) INCLUDE (id, date, party)  WHERE NOT deleted;
CREATE INDEX ON voucher (date, amount, seq) INCLUDE (id)         WHERE NOT deleted;
CREATE INDEX ON voucher (party, date, amount, seq) INCLUDE (id)  WHERE NOT deleted;
CREATE INDEX ON voucher (party, amount, date, seq) INCLUDE (id)  WHERE NOT deleted;
CREATE INDEX ON voucher (kind, seq) INCLUDE (id, date, amount)   WHERE NOT deleted;
CREATE INDEX ON voucher (label, seq) INCLUDE (id, date, amount)  WHERE NOT deleted AND label IS NOT NULL;
CREATE INDEX ON voucher USING gin (body public.gin_trgm_ops)     WHERE body IS NOT NULL;
VACUUM ANALYZE;
END
"$bench" -n "$vouchers" -t "$texts" -r "$repeat" --sql >"$work/questions.sql"
sql -o /dev/null -f "$work/questions.sql" | awk '/^@/ { what = substr($0, 2) } /^Time: / { print what "\t" $2 * 1000 }' |
    sort -t "$(printf '\t')" -k 1,1 -k 2,2n |
    awk -F '\t' -v n="$vouchers" '
        function say() { if (count) {
            printf "%d\t%s\tpostgresql\tmedian_us\t%.1f\n", n, what, at[int((count + 1) / 2)]
            printf "%d\t%s\tpostgresql\tp99_us\t%.1f\n", n, what, at[int(count * 0.99 + 0.999)] } }
        $1 != what { say(); what = $1; count = 0 }
        { at[++count] = $2 }
        END { say() }'
