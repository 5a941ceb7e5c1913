/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * index/record.h - the rows of a voucher and the value that covers a search; dn_index_update() is
 * in index/query.h. Pure.
 */
#ifndef INDEX_RECORD_H
#define INDEX_RECORD_H

#include "index/key.h"
#include <string.h>

G_BEGIN_DECLS

enum { DN_COVER_DIGITS = 13 };

/** What the value of a SEQ, DATE or AMOUNT row says: enough to answer every term but the text. The
 * strings are lent by the bytes that were read. */
typedef struct {
    DnUuid id;
    int32_t date_days;
    int64_t amount;
    bool deleted;
    const char *party;                /* folded; "" without a name */
    char number[DN_COVER_DIGITS + 2]; /* "T" and digits, or "" */
    const char *kind;
    const char *currency; /* "" for JPY, or without an amount; cut to 8 bytes */
    const char *labels;   /* label_count strings, one behind the other, each with its NUL */
    uint64_t label_count;
    const char *shown; /* (nullable) what else a result shows, in a SEQ row */
} DnCover;

/** Reads a value. False when it is damaged; all strings of a good one end within it. */
bool dn_cover_read(DnCover *self, const uint8_t *bytes, size_t size);

/** @currency as rows have it: "" for NULL and for JPY. */
static inline const char *
dn_index_currency(const char *currency)
{
    return currency && strcmp(currency, "JPY") != 0 ? currency : "";
}

/** Only whose it is. */
bool dn_cover_read_id(DnUuid *out_id, const uint8_t *bytes, size_t size);

bool dn_cover_has_label(const DnCover *self, const char *label);

G_END_DECLS
#endif
