/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * index/source.c - candidates by the terms of a query: a range of dates, of amounts, of both
 * (skipping within each day to the amounts wanted), the rows of the names that match, or the
 * intersection of ordered lists.
 *
 * Nothing is estimated: the sources race, each a bounded number of steps at a time, and the first
 * to reach its end is the smallest. A race costs at most a small multiple of its winner.
 */
#include "config.h"
#include "index/search.h"

#include <string.h>

enum { RACE_STEPS = 512 }; /* of the first round; doubled each round */

void
dn_source_free(void *data)
{
    DnSource *source = data;

    dn_kv_cursor_close(source->cursor);
    if (source->ranges)
        g_ptr_array_unref(source->ranges);
    if (source->streams)
        g_ptr_array_unref(source->streams);
    g_free(source);
}

static DnSource *
source_new(void)
{
    DnSource *source = g_new0(DnSource, 1);

    source->ranges = g_ptr_array_new_with_free_func(dn_range_free);
    return source;
}

void
dn_source_rewind(DnSource *source)
{
    g_clear_pointer(&source->cursor, dn_kv_cursor_close);
    source->range = 0;
    source->standing = false;
    source->next_seq = 0;
    source->ended = false;
}

/* A table whose keys end with date, amount, seq: all terms on them become bounds. */
static void
source_add_all(DnSource *source, const DnSearch *search, GByteArray *prefix, bool deleted)
{
    DnRange *range = dn_range_new(prefix, DN_TAIL_ALL, deleted);

    if (search->query->has_date)
        dn_range_bound_i32(range, search->date_from, search->date_to);
    else if (search->query->missing == DN_MISSING_DATE)
        dn_range_bound_i32(range, DN_DAYS_MISSING, DN_DAYS_MISSING);
    g_ptr_array_add(source->ranges, range);
}

/* Passes rows over that the amount rules out: a few one by one, then by a seek to where the next
 * can be. True when the row under the cursor stays. */
static bool
source_skip(DnSource *source, const DnSearch *search, const DnRange *range, const DnCandidate *row)
{
    g_autoptr(GByteArray) key = NULL;
    bool below = row->amount < search->amount_from;

    if (!search->query->has_amount || (!below && row->amount <= search->amount_to)) {
        source->misses = 0;
        return true;
    }
    if (++source->misses < DN_SEARCH_NEXTS || (!below && row->date_days == INT32_MAX)) {
        dn_kv_cursor_next(source->cursor);
        return false;
    }
    key = dn_key_copy(range->prefix);
    dn_key_add_i32(key, below ? row->date_days : row->date_days + 1);
    dn_key_add_i64(key, search->amount_from);
    source->misses = 0;
    source->steps += DN_SEARCH_SEEK_STEPS;
    dn_kv_cursor_seek(source->cursor, key->data, key->len);
    return false;
}

static bool
source_next_row(DnSearch *search, DnSource *source, DnCandidate *out)
{
    while (source->range < source->ranges->len && !search->error) {
        const DnRange *range = g_ptr_array_index(source->ranges, source->range);

        if (!source->cursor) {
            source->cursor = dn_range_cursor(search, range, false);
            source->standing = false;
            source->misses = 0;
            source->steps += DN_SEARCH_SEEK_STEPS;
        }
        if (source->standing)
            dn_kv_cursor_next(source->cursor);
        source->standing = false;
        while (dn_kv_cursor_valid(source->cursor)) {
            source->steps++;
            if (!dn_candidate_from_row(search, source->cursor, range->tail, range->deleted, out))
                return false;
            if (range->tail == DN_TAIL_ALL && !source_skip(source, search, range, out))
                continue;
            out->party_met = source->is_party;
            source->standing = true;
            return true;
        }
        dn_search_check(search, source->cursor);
        g_clear_pointer(&source->cursor, dn_kv_cursor_close);
        source->range++;
    }
    return false;
}

static bool
source_next_common(DnSearch *search, DnSource *source, DnCandidate *out)
{
    uint64_t seq = source->next_seq;
    guint agreed = 0;

    if (source->ended)
        return false;
    for (guint i = 0; agreed < source->streams->len; i = (i + 1) % source->streams->len) {
        uint64_t found = 0;

        if (!dn_stream_seek(search, g_ptr_array_index(source->streams, i), seq, &found,
                            &source->steps) ||
            search->error)
            return false;
        agreed = found == seq ? agreed + 1 : 1;
        seq = found;
    }
    *out = (DnCandidate){.seq = seq, .text_met = search->terms != NULL};
    source->steps += DN_SEARCH_SEEK_STEPS; /* its cover has to be looked up */
    source->ended = seq == UINT64_MAX;
    source->next_seq = seq + 1;
    return true;
}

bool
dn_source_next(DnSearch *search, DnSource *source, DnCandidate *out)
{
    return source->streams ? source_next_common(search, source, out)
                           : source_next_row(search, source, out);
}

/* The folded names that contain the party asked for. */
static GPtrArray *
matching_names(DnSearch *search)
{
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GByteArray) from = dn_key_new(search->tenant, DN_KEY_NAME);
    g_autoptr(GByteArray) to = dn_key_copy(from);
    g_autoptr(DnKvCursor) cursor = NULL;
    bool bounded = dn_key_next(to);

    cursor = dn_kv_snapshot_cursor(search->snapshot, DN_KV_COUNT, from->data, from->len,
                                   bounded ? to->data : NULL, bounded ? to->len : 0, false);
    for (; dn_kv_cursor_valid(cursor); dn_kv_cursor_next(cursor)) {
        static const uint8_t none[sizeof(uint64_t)];
        DnKeyReader in = {NULL, 0};
        g_autofree char *name = NULL;
        size_t size = 0;
        const uint8_t *value = dn_kv_cursor_value(cursor, &size);

        if (size == sizeof none && memcmp(value, none, sizeof none) == 0)
            continue;
        in.bytes = dn_kv_cursor_key(cursor, &in.size);
        in.bytes += from->len;
        in.size -= from->len;
        if (!dn_key_read_string(&in, &name))
            dn_search_damaged(search);
        else if (strstr(name, search->party))
            g_ptr_array_add(names, g_steal_pointer(&name));
    }
    dn_search_check(search, cursor);
    return names;
}

static DnSource *
source_of_party(DnSearch *search)
{
    DnSource *source = source_new();
    g_autoptr(GPtrArray) names = NULL;

    source->is_party = !search->number || search->query->missing != DN_MISSING_PARTY;
    if (search->number)
        for (int state = 0; state < DN_SEARCH_STATES; state++) {
            GByteArray *prefix = NULL;

            if (!search->wanted[state])
                continue;
            prefix = dn_range_prefix(search, DN_KEY_NUMBER, state);
            dn_key_add_string(prefix, search->number);
            source_add_all(source, search, prefix, state);
        }
    if (search->number)
        return source;
    if (search->party) {
        names = matching_names(search);
    } else {
        names = g_ptr_array_new_with_free_func(g_free);
        g_ptr_array_add(names, g_strdup("")); /* rows without a name */
    }
    for (guint i = 0; i < names->len; i++)
        for (int state = 0; state < DN_SEARCH_STATES; state++) {
            GByteArray *prefix = NULL;

            if (!search->wanted[state])
                continue;
            prefix = dn_range_prefix(search, DN_KEY_PARTY, state);
            dn_key_add_string(prefix, g_ptr_array_index(names, i));
            source_add_all(source, search, prefix, state);
        }
    return source;
}

/* All of one table, or the range of it that the query asks for. */
DnSource *
dn_source_of_table(const DnSearch *search, DnKeyTable table, DnTail tail)
{
    const DnQuery *query = search->query;
    DnSource *source = source_new();

    for (int state = 0; state < DN_SEARCH_STATES; state++) {
        DnRange *range = NULL;

        if (!search->wanted[state])
            continue;
        if (tail == DN_TAIL_ALL) {
            source_add_all(source, search, dn_range_prefix(search, table, state), state);
            continue;
        }
        range = dn_range_new(dn_range_prefix(search, table, state), tail, state);
        if (tail == DN_TAIL_DATE && query->has_date)
            dn_range_bound_i32(range, search->date_from, search->date_to);
        else if (tail == DN_TAIL_DATE)
            dn_range_bound_i32(range, DN_DAYS_MISSING, DN_DAYS_MISSING);
        else if (tail == DN_TAIL_AMOUNT && query->has_amount)
            dn_range_bound_i64(range, search->amount_from, search->amount_to);
        else if (tail == DN_TAIL_AMOUNT)
            dn_range_bound_i64(range, DN_AMOUNT_MISSING, DN_AMOUNT_MISSING);
        g_ptr_array_add(source->ranges, range);
    }
    return source;
}

DnSource *
dn_source_of_lists(DnSearch *search)
{
    DnSource *source = source_new();

    g_clear_pointer(&source->ranges, g_ptr_array_unref);
    source->streams = g_ptr_array_new();
    dn_stream_open_words(search);
    for (guint i = 0; search->words && i < search->words->len; i++)
        g_ptr_array_add(source->streams, g_ptr_array_index(search->words, i));
    if (search->query->label)
        g_ptr_array_add(source->streams,
                        dn_stream_open(search, DN_KEY_LABEL, search->query->label));
    if (search->query->kind)
        g_ptr_array_add(source->streams, dn_stream_open(search, DN_KEY_KIND, search->query->kind));
    return source;
}

/* Every index that a term of the query names. Empty when there is none. */
GPtrArray *
dn_source_all(DnSearch *search)
{
    const DnQuery *query = search->query;
    GPtrArray *sources = g_ptr_array_new_with_free_func(dn_source_free);

    if (query->has_date || query->missing == DN_MISSING_DATE)
        g_ptr_array_add(sources, dn_source_of_table(search, DN_KEY_DATE, DN_TAIL_DATE));
    if (query->has_amount || query->missing == DN_MISSING_AMOUNT)
        g_ptr_array_add(sources, dn_source_of_table(search, DN_KEY_AMOUNT, DN_TAIL_AMOUNT));
    if (query->has_date && query->has_amount)
        g_ptr_array_add(sources, dn_source_of_table(search, DN_KEY_PAIR, DN_TAIL_ALL));
    if (search->party || search->number || query->missing == DN_MISSING_PARTY)
        g_ptr_array_add(sources, source_of_party(search));
    if (search->terms || query->label || query->kind)
        g_ptr_array_add(sources, dn_source_of_lists(search));
    return sources;
}

/* The smallest: the first to reach its end when all go on in turn. */
DnSource *
dn_source_race(DnSearch *search, GPtrArray *sources)
{
    DnCandidate ignored;

    for (uint64_t steps = RACE_STEPS; sources->len > 1 && !search->error; steps *= 2)
        for (guint i = 0; i < sources->len; i++) {
            DnSource *source = g_ptr_array_index(sources, i);

            while (source->steps < steps && dn_source_next(search, source, &ignored))
                ;
            if (source->steps < steps) {
                dn_source_rewind(source);
                return source;
            }
        }
    return g_ptr_array_index(sources, 0);
}
