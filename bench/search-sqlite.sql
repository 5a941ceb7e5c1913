-- SPDX-License-Identifier: GPL-3.0-or-later
-- The side of SQLite in bench/search.c: one table, one covering index for each key and pair that a
-- query of the table names, trigrams for names and text. Improvements are welcome: what makes it
-- faster belongs here.
--
-- Names are folded by the same dn_party_fold() before they are inserted, so that both sides answer
-- the same question. Deleted vouchers are left out of every index by a partial index: a query that
-- wants them too would have to read the table, but no query of the bench does.
PRAGMA page_size = 8192;
PRAGMA journal_mode = WAL;
PRAGMA synchronous = OFF;
PRAGMA cache_size = -65536;
PRAGMA mmap_size = 8589934592;
PRAGMA temp_store = MEMORY;

CREATE TABLE party (
  party  INTEGER PRIMARY KEY,
  folded TEXT NOT NULL UNIQUE
);
CREATE TABLE voucher (
  seq     INTEGER PRIMARY KEY,
  id      BLOB NOT NULL,
  date    INTEGER,            -- days since 1970-01-01
  amount  INTEGER,
  party   INTEGER,            -- -> party
  number  TEXT,
  kind    TEXT NOT NULL,
  label   TEXT,
  deleted INTEGER NOT NULL
);
CREATE VIRTUAL TABLE party_gram USING fts5(folded, content='party', content_rowid='party', tokenize='trigram');
CREATE VIRTUAL TABLE text_gram USING fts5(body, content='', tokenize='trigram');
