/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * index/tally.h - how many vouchers have what lies at a place, as bytes.
 *
 * A tally is ascending places (16 bits), each a variable-length integer (7 bits a byte, the lowest
 * first, the highest bit says that more follow) of
 *
 *     (place - place before - 1) << 1 | counted        the place before the first is -1
 *
 * and, if counted, another of how many, zigzag; otherwise it is one. What is written is such a
 * tally too, of one more or one less, and tallies are summed when they are read or compacted: no
 * write reads, and what its last voucher lost is gone. Pure. One that does not read to its end is
 * damaged.
 */
#ifndef INDEX_TALLY_H
#define INDEX_TALLY_H

#include "index/posting.h"

G_BEGIN_DECLS

enum { DN_TALLY_ONE_BYTES = 4 };

/** Writes the tally of one voucher, or of one less; returns its bytes. */
size_t dn_tally_one(uint16_t place, bool removed, uint8_t out[DN_TALLY_ONE_BYTES]);

/** The other way: *@out_mark is place << 1 | removed. False when it is damaged. */
bool dn_tally_read_one(const uint8_t *bytes, size_t size, uint32_t *out_mark);

/** A tally that is read from its front, no further than somebody asks. Begins as {bytes, size, -1};
 * bytes are lent. */
typedef struct {
    const uint8_t *bytes;
    size_t size;   /* that are left */
    int32_t place; /* of the entry read last ... */
    int64_t count; /* ... and how many it says */
} DnTallyReader;

/** False at the end, and with bytes left when it is damaged. */
bool dn_tally_next(DnTallyReader *self);

/** (transfer full) The sum of @count marks. */
uint8_t *dn_tally_list(const uint32_t *marks, size_t count, size_t *out_size);

/** (transfer full, malloc) The sum of tallies; places that come to none are left out. NULL when one
 * is damaged. */
char *dn_tally_merge(const DnPostingList *tallies, size_t count, size_t *out_size);

G_END_DECLS
#endif
