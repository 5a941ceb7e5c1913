/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * index/key.h - keys whose bytes sort as their values do, and the tables they make up.
 *
 * A key is written part by part into a GByteArray and read back part by part. Integers are
 * big-endian, signed ones with the sign bit flipped; a string ends with 00 01 and a 00 in it
 * becomes 00 ff, so that "a" sorts before "ab" whatever follows. Pure.
 *
 * Rows of DN_KV_INDEX, all of which begin with the tenant (16 bytes) and the table (1 byte):
 *
 *     table     key                                        value
 *     SEQ       state, seq                                 cover
 *     DATE      state, date, seq                           cover
 *     AMOUNT    state, amount, seq                         cover
 *     PAIR      state, date, amount, seq                   -      both are there
 *     PARTY     state, folded name, date, amount, seq   -      "" without a name
 *     NUMBER    state, "T...", date, amount, seq           -
 *     KIND      kind, seq                                  -
 *     LABEL     label, seq                                 -
 *     TOKEN     token, seq                                 -
 *
 * state is 0, or 1 for a deleted voucher: a search that wants none never meets one. A missing date
 * or amount is the smallest value of its type. seq is registered_seq, which names a voucher within
 * its tenant. Counters (DN_KV_COUNT): tenant, NAME, folded name -> how many vouchers carry it.
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
    DN_KEY_NUMBER = 'G',
    DN_KEY_KIND = 'K',
    DN_KEY_LABEL = 'L',
    DN_KEY_TOKEN = 'W',
    DN_KEY_NAME = 'N',
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
