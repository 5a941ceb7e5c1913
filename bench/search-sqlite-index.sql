-- SPDX-License-Identifier: GPL-3.0-or-later
-- Made after the rows for the queries (smaller, packed tighter); made before them when the rate of
-- loading with indexes in place is measured.
CREATE INDEX by_date   ON voucher (date, seq, id, amount, party)    WHERE deleted = 0;
CREATE INDEX by_amount ON voucher (amount, seq, id, date, party)    WHERE deleted = 0;
CREATE INDEX by_pair   ON voucher (date, amount, seq, id)           WHERE deleted = 0;
CREATE INDEX by_party  ON voucher (party, date, amount, seq, id)    WHERE deleted = 0;
CREATE INDEX by_pamt   ON voucher (party, amount, date, seq, id)    WHERE deleted = 0;
CREATE INDEX by_number ON voucher (number, date, seq, id)           WHERE deleted = 0;
CREATE INDEX by_kind   ON voucher (kind, seq, id)                   WHERE deleted = 0;
CREATE INDEX by_label  ON voucher (label, seq, id)                  WHERE deleted = 0 AND label IS NOT NULL;
