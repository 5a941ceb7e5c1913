/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * index/posting.c - lists of places, written, merged and read.
 */
#include "config.h"
#include "index/posting.h"

#include <stdlib.h>
#include <string.h>

enum { WORDS = DN_POSTING_PLACES / 64, MOST_BYTES = 3 };

size_t
dn_posting_put(uint8_t *out, uint64_t value)
{
    size_t size = 0;

    for (; value >= 0x80; value >>= 7)
        out[size++] = (uint8_t)(value | 0x80);
    out[size++] = (uint8_t)value;
    return size;
}

/* False at the end, and with bytes left when it is damaged. */
static bool
reader_next(DnPostingReader *self, bool *out_removed)
{
    uint32_t value = 0;
    size_t used = 0;
    uint8_t byte = 0x80;

    while ((byte & 0x80) && used < MIN(self->size, MOST_BYTES)) {
        byte = self->bytes[used];
        value |= (uint32_t)(byte & 0x7f) << (7 * used++);
    }
    if ((byte & 0x80) || (int64_t)self->place + 1 + (value >> 1) >= DN_POSTING_PLACES)
        return false;
    self->bytes += used;
    self->size -= used;
    self->place += 1 + (int32_t)(value >> 1);
    *out_removed = value & 1;
    return true;
}

size_t
dn_posting_one(uint16_t place, bool removed, uint8_t out[DN_POSTING_ONE_BYTES])
{
    return dn_posting_put(out, (uint32_t)place << 1 | removed);
}

size_t
dn_posting_next(DnPostingReader *self, uint64_t base, uint64_t *out, size_t room)
{
    size_t count = 0;
    bool removed = false;

    while (count < room && reader_next(self, &removed))
        if (!removed)
            out[count++] = base + (uint64_t)self->place;
    return count;
}

bool
dn_posting_read(const uint8_t *bytes, size_t size, uint64_t base, GArray *out)
{
    DnPostingReader reader = {bytes, size, -1};
    uint64_t some[64];
    size_t count = 0;

    do {
        count = dn_posting_next(&reader, base, some, G_N_ELEMENTS(some));
        g_array_append_vals(out, some, (guint)count);
    } while (count == G_N_ELEMENTS(some));
    return reader.size == 0;
}

static bool
apply(const DnPostingList *list, uint64_t *there, uint64_t *removed)
{
    DnPostingReader reader = {(const uint8_t *)list->bytes, list->size, -1};
    bool is_removed = false;

    while (reader_next(&reader, &is_removed)) {
        uint64_t bit = UINT64_C(1) << (reader.place & 63);
        int32_t word = reader.place >> 6;

        if (is_removed) {
            removed[word] |= bit;
            there[word] &= ~bit;
        } else {
            there[word] |= bit;
            removed[word] &= ~bit;
        }
    }
    return reader.size == 0;
}

/* @out has room for MOST_BYTES an entry. */
static size_t
write_list(const uint64_t *there, const uint64_t *removed, bool whole, uint8_t *out)
{
    int32_t before = -1;
    size_t size = 0;

    for (int32_t word = 0; word < WORDS; word++) {
        uint64_t bits = whole ? there[word] : there[word] | removed[word];

        for (; bits != 0; bits &= bits - 1) {
            int32_t place = word << 6 | __builtin_ctzll(bits);
            uint32_t gap = (uint32_t)(place - before - 1);
            bool gone = removed[word] >> (place & 63) & 1;

            size += dn_posting_put(out + size, gap << 1 | gone);
            before = place;
        }
    }
    return size;
}

char *
dn_posting_merge(const DnPostingList *lists, size_t count, bool whole, size_t *out_size)
{
    uint64_t there[WORDS];
    uint64_t removed[WORDS];
    size_t room = 0;
    uint8_t *out = NULL;

    memset(there, 0, sizeof there);
    memset(removed, 0, sizeof removed);
    for (size_t i = 0; i < count; i++) {
        if (!apply(&lists[i], there, removed))
            return NULL;
        room += lists[i].size;
    }
    /* An entry may grow when one before it goes: by two bytes at most. */
    out = malloc(room * MOST_BYTES + 1);
    if (out)
        *out_size = write_list(there, removed, whole, out);
    return (char *)out;
}

bool
dn_posting_read_one(const uint8_t *bytes, size_t size, uint32_t *out_mark)
{
    DnPostingReader reader = {bytes, size, -1};
    bool removed = false;

    if (!reader_next(&reader, &removed) || reader.size > 0)
        return false;
    *out_mark = (uint32_t)reader.place << 1 | removed;
    return true;
}

/* Documents mostly come in order, and then the list is written as it stands. */
static bool
list_ascending(const uint32_t *marks, size_t count, uint8_t *out, size_t *out_size)
{
    int32_t before = -1;
    size_t size = 0;

    for (size_t i = 0; i < count; i++) {
        int32_t place = (int32_t)(marks[i] >> 1);

        if (place <= before)
            return false;
        size += dn_posting_put(out + size, (uint32_t)(place - before - 1) << 1 | (marks[i] & 1));
        before = place;
    }
    *out_size = size;
    return true;
}

uint8_t *
dn_posting_list(const uint32_t *marks, size_t count, size_t *out_size)
{
    uint8_t *out = g_malloc(count * MOST_BYTES + 1);
    uint64_t there[WORDS];
    uint64_t removed[WORDS];

    if (list_ascending(marks, count, out, out_size))
        return out;
    memset(there, 0, sizeof there);
    memset(removed, 0, sizeof removed);
    for (size_t i = 0; i < count; i++) {
        uint64_t bit = UINT64_C(1) << (marks[i] >> 1 & 63);
        uint64_t *to = marks[i] & 1 ? removed : there;
        uint64_t *from = marks[i] & 1 ? there : removed;

        to[marks[i] >> 7] |= bit;
        from[marks[i] >> 7] &= ~bit;
    }
    *out_size = write_list(there, removed, false, out);
    return out;
}
