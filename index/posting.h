/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * index/posting.h - which vouchers of a block of 65,536 have a word, as bytes.
 *
 * A list is ascending places (seq within the block, 16 bits), each a variable-length integer
 * (7 bits a byte, the lowest first, the highest bit says that more follow) of
 *
 *     (place - place before - 1) << 1 | removed        the place before the first is -1
 *
 * so that a word on most vouchers costs a byte each. What is written is such a list too, of what
 * was added or removed, and lists are merged when they are read or compacted: no write reads.
 * Pure. A list that does not read to its end is damaged.
 */
#ifndef INDEX_POSTING_H
#define INDEX_POSTING_H

#include "base/error.h"
#include <stddef.h>
#include <stdint.h>

G_BEGIN_DECLS

enum { DN_POSTING_BITS = 16, DN_POSTING_PLACES = 1 << DN_POSTING_BITS, DN_POSTING_ONE_BYTES = 3 };

/** Writes such an integer, in 10 bytes at most; returns its bytes. */
size_t dn_posting_put(uint8_t *out, uint64_t value);

/** Writes the list of one place; returns its bytes. */
size_t dn_posting_one(uint16_t place, bool removed, uint8_t out[DN_POSTING_ONE_BYTES]);

/** The other way: *@out_mark is place << 1 | removed. False when it is damaged. */
bool dn_posting_read_one(const uint8_t *bytes, size_t size, uint32_t *out_mark);

/** (transfer full) The list of what was added and removed, one after another: the last word about a
 * place stands. */
uint8_t *dn_posting_list(const uint32_t *marks, size_t count, size_t *out_size);

/** A list that is read from its front, no further than somebody asks. Begins as {bytes, size, -1};
 * bytes are lent. */
typedef struct {
    const uint8_t *bytes;
    size_t size;   /* that are left */
    int32_t place; /* of the entry read last */
} DnPostingReader;

/** The next places that are not removed, at most @room of them, each plus @base; fewer at the end,
 * with bytes left when it is damaged. */
size_t dn_posting_next(DnPostingReader *self, uint64_t base, uint64_t *out, size_t room);

/** Appends all of them to @out, a GArray of uint64_t. False when it is damaged. */
bool dn_posting_read(const uint8_t *bytes, size_t size, uint64_t base, GArray *out);

typedef struct {
    const char *bytes;
    size_t size;
} DnPostingList;

/** (transfer full, malloc) The lists one after another: the last word about a place stands.
 * @whole: nothing is below, so that what was removed need not be said. NULL when one is damaged. */
char *dn_posting_merge(const DnPostingList *lists, size_t count, bool whole, size_t *out_size);

G_END_DECLS
#endif
