/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * index/key.h - keys whose bytes sort as their values do, and the tables they make up.
 *
 * A key is written part by part into a GByteArray and read back part by part. Integers are
 * big-endian, signed ones with the sign bit flipped; a string ends with 00 01 and a 00 in it
 * becomes 00 ff, so that "a" sorts before "ab" whatever follows. Pure.
 *
 * All rows begin with the tenant (16 bytes) and the table (1 byte). Rows of DN_KV_INDEX:
 *
 *     table     key                                        value
 *     SEQ       state, seq                                 cover and what is shown
 *     DATE      state, date, seq                           cover
 *     AMOUNT    state, amount, seq                         cover
 *     PAIR      state, date, amount, seq                   currency      both are there
 *     PARTY     state, folded name, date, amount, seq      id, currency  "" without a name
 *     PARTY_AMOUNT  state, folded name, amount, date, seq  currency
 *     NUMBER    state, "T...", date, amount, seq           currency
 *     KIND, LABEL   state, term, seq                       id            each label
 *
 * A currency is left out when it is JPY.
 * state is 0, or 1 for a deleted voucher: a search that wants none never meets one. A missing date
 * or amount is the smallest value of its type. seq is registered_seq, which names a voucher within
 * its tenant.
 *
 * DN_KV_POSTING: KIND, LABEL, TOKEN or ARRIVAL, the term or the folded name, seq / 65,536 -> a list
 * of the rest of seq (index/posting.h).
 *
 * DN_KV_TALLY: DAYS or SUMS, state, folded name -> how many of its vouchers have a date, or an
 * amount, of each place (index/span.h, index/tally.h).
 *
 * DN_KV_NAME, of every name that was ever met; its rows never go away:
 *
 *     ENDING    ending of the folded name, what is before it     one a character
 *     SPELLING  folded name, name as printed
 *
 * so that all names that contain some letters are one range of endings. DN_KV_COUNT, vouchers:
 *
 *     NAME      folded name, state
 *     MONTH     state, folded name, month (index/month.h)
 *     DAY       state, date
 */
#ifndef INDEX_KEY_H
#define INDEX_KEY_H

#include "base/uuid.h"

G_BEGIN_DECLS

typedef enum {
    DN_KEY_SEQ = 'R',
    DN_KEY_DATE = 'D',
    DN_KEY_AMOUNT = 'A',
    DN_KEY_PAIR = 'X',
    DN_KEY_PARTY = 'P',
    DN_KEY_PARTY_AMOUNT = 'Q',
    DN_KEY_NUMBER = 'G',
    DN_KEY_KIND = 'K',
    DN_KEY_LABEL = 'L',
    DN_KEY_TOKEN = 'W',
    DN_KEY_NAME = 'N',
    DN_KEY_MONTH = 'M',
    DN_KEY_DAY = 'Y',
    DN_KEY_ENDING = 'E',
    DN_KEY_SPELLING = 'S',
    DN_KEY_DAYS = 'T',
    DN_KEY_SUMS = 'U',
    DN_KEY_ARRIVAL = 'V',
} DnKeyTable;

/** (transfer full) A key that begins with tenant and table. */
GByteArray *dn_key_new(const DnUuid *tenant, DnKeyTable table);

void dn_key_add_u8(GByteArray *key, uint8_t value);
void dn_key_add_u64(GByteArray *key, uint64_t value);
void dn_key_add_i32(GByteArray *key, int32_t value);
void dn_key_add_i64(GByteArray *key, int64_t value);
/** Any bytes but their order and end are kept: see above. */
void dn_key_add_string(GByteArray *key, const char *text);
/** A string that is only compared for equality; a long one is replaced by its digest. */
void dn_key_add_term(GByteArray *key, const char *text);

/** (transfer full) The same bytes again. */
GByteArray *dn_key_copy(const GByteArray *key);

/** Turns @key into the first key after all that begin with it; false when there is none (all bytes
 * are ff). */
bool dn_key_next(GByteArray *key);

/** What is left of a key or a value that is being read. */
typedef struct {
    const uint8_t *bytes;
    size_t size;
} DnKeyReader;

/** Each takes one part from the front, or returns false when it is not there: damaged. */
bool dn_key_read_u8(DnKeyReader *self, uint8_t *out);
bool dn_key_read_u64(DnKeyReader *self, uint64_t *out);
bool dn_key_read_i32(DnKeyReader *self, int32_t *out);
bool dn_key_read_i64(DnKeyReader *self, int64_t *out);
/** (transfer full). */
bool dn_key_read_string(DnKeyReader *self, char **out);

G_END_DECLS
#endif
