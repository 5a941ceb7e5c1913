/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * index/tally.c - tallies written, summed and read.
 */
#include "config.h"
#include "index/tally.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_BITS = 64, MOST_BYTES = 3 + 10 };

typedef struct {
    int32_t place;
    int64_t count;
} Entry;

static size_t
put_entry(uint8_t *out, int32_t before, const Entry *entry)
{
    uint32_t gap = (uint32_t)(entry->place - before - 1);
    size_t size = dn_posting_put(out, gap << 1 | (entry->count != 1));
    uint64_t count = (uint64_t)entry->count << 1 ^ (entry->count < 0 ? UINT64_MAX : 0);

    return entry->count == 1 ? size : size + dn_posting_put(out + size, count);
}

static bool
reader_take(DnTallyReader *self, uint64_t *out)
{
    uint64_t value = 0;
    uint8_t byte = 0x80;

    for (unsigned shift = 0; byte & 0x80; shift += 7) {
        if (shift >= MOST_BITS || self->size == 0)
            return false;
        byte = *self->bytes++;
        self->size--;
        value |= (uint64_t)(byte & 0x7f) << shift;
    }
    *out = value;
    return true;
}

bool
dn_tally_next(DnTallyReader *self)
{
    DnTallyReader ahead = *self;
    uint64_t gap = 0;
    uint64_t count = 2; /* one, zigzag */

    if (!reader_take(&ahead, &gap) || gap >> 1 >= DN_POSTING_PLACES ||
        ahead.place + 1 + (int32_t)(gap >> 1) >= DN_POSTING_PLACES ||
        (gap & 1 && !reader_take(&ahead, &count)))
        return false;
    ahead.place += 1 + (int32_t)(gap >> 1);
    ahead.count = (int64_t)(count >> 1 ^ (count & 1 ? UINT64_MAX : 0));
    *self = ahead;
    return true;
}

size_t
dn_tally_one(uint16_t place, bool removed, uint8_t out[DN_TALLY_ONE_BYTES])
{
    return put_entry(out, -1, &(Entry){place, removed ? -1 : 1});
}

bool
dn_tally_read_one(const uint8_t *bytes, size_t size, uint32_t *out_mark)
{
    DnTallyReader reader = {.bytes = bytes, .size = size, .place = -1};

    if (!dn_tally_next(&reader) || reader.size > 0 || (reader.count != 1 && reader.count != -1))
        return false;
    *out_mark = (uint32_t)reader.place << 1 | (reader.count < 0);
    return true;
}

static int
compare_entries(gconstpointer a, gconstpointer b)
{
    return ((const Entry *)a)->place - ((const Entry *)b)->place;
}

/* Sorts them. @out has room for MOST_BYTES an entry. */
static size_t
write_sums(GArray *entries, uint8_t *out)
{
    int32_t before = -1;
    size_t size = 0;

    g_array_sort(entries, compare_entries);
    for (guint i = 0; i < entries->len;) {
        Entry sum = {g_array_index(entries, Entry, i).place, 0};

        for (; i < entries->len && g_array_index(entries, Entry, i).place == sum.place; i++)
            sum.count =
                (int64_t)((uint64_t)sum.count + (uint64_t)g_array_index(entries, Entry, i).count);
        if (sum.count != 0) {
            size += put_entry(out + size, before, &sum);
            before = sum.place;
        }
    }
    return size;
}

uint8_t *
dn_tally_list(const uint32_t *marks, size_t count, size_t *out_size)
{
    g_autoptr(GArray) entries = g_array_sized_new(FALSE, FALSE, sizeof(Entry), (guint)count);
    uint8_t *out = g_malloc(count * MOST_BYTES + 1);

    for (size_t i = 0; i < count; i++) {
        Entry entry = {(int32_t)(marks[i] >> 1), marks[i] & 1 ? -1 : 1};

        g_array_append_val(entries, entry);
    }
    *out_size = write_sums(entries, out);
    return out;
}

char *
dn_tally_merge(const DnPostingList *tallies, size_t count, size_t *out_size)
{
    g_autoptr(GArray) entries = g_array_new(FALSE, FALSE, sizeof(Entry));
    uint8_t *out = NULL;

    for (size_t i = 0; i < count; i++) {
        DnTallyReader reader = {
            .bytes = (const uint8_t *)tallies[i].bytes, .size = tallies[i].size, .place = -1};

        while (dn_tally_next(&reader)) {
            Entry entry = {reader.place, reader.count};

            g_array_append_val(entries, entry);
        }
        if (reader.size > 0)
            return NULL;
    }
    out = malloc((size_t)entries->len * MOST_BYTES + 1);
    if (out)
        *out_size = write_sums(entries, out);
    return (char *)out;
}
