/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * index/merge.c - rows of a few counterparties in the order of their dates or amounts, or of dates
 * and amounts in that of the dates: a page of a party that has a million vouchers takes as many
 * rows as it shows.
 *
 * One cursor serves all ranges, since to open one costs more than to seek: a few rows of each are
 * read ahead, more of those that are taken from more often.
 */
#include "config.h"
#include "index/search.h"

#include <string.h>

enum {
    FIRST_ROWS = 4, /* read ahead of each range; doubled each time ... */
    MOST_ROWS = 64, /* ... up to this */
    MOST_MISSES = 32,
    CURRENCY_BYTES = 8,
};

typedef struct {
    uint64_t seq;
    int64_t amount;
    int32_t date_days;
    bool has_id;
    uint8_t currency_size;
    char currency[CURRENCY_BYTES];
    DnUuid id;
} Row;

struct DnMergeInput {
    GByteArray *prefix;
    bool deleted;
    bool ended;
    GByteArray *from; /* what is still to be read of this phase */
    GByteArray *to;   /* (nullable) */
    GArray *rows;     /* Row */
    guint at;         /* the first that was not given out */
    guint ahead;
};

static void
input_free(void *data)
{
    DnMergeInput *input = data;

    g_byte_array_unref(input->prefix);
    g_byte_array_unref(input->from);
    if (input->to)
        g_byte_array_unref(input->to);
    g_array_unref(input->rows);
    g_free(input);
}

static DnMerge *
merge_new(const char *name, DnTail tail, bool is_party, bool whole)
{
    DnMerge *merge = g_new0(DnMerge, 1);

    merge->name = name;
    merge->tail = tail;
    merge->is_party = is_party;
    merge->whole = whole;
    merge->inputs = g_ptr_array_new_with_free_func(input_free);
    return merge;
}

void
dn_merge_free(DnMerge *merge)
{
    if (!merge)
        return;
    dn_kv_cursor_close(merge->cursor);
    g_ptr_array_unref(merge->inputs);
    g_free(merge);
}

static void
merge_add(DnMerge *merge, const DnSearch *search, DnKeyTable table, const char *name)
{
    for (int state = 0; state < DN_SEARCH_STATES; state++) {
        DnMergeInput *input = NULL;

        if (!search->wanted[state])
            continue;
        input = g_new0(DnMergeInput, 1);
        input->prefix = dn_range_prefix(search, table, state == 1);
        if (name)
            dn_key_add_string(input->prefix, name);
        input->deleted = state == 1;
        input->from = g_byte_array_new();
        input->rows = g_array_new(FALSE, FALSE, sizeof(Row));
        g_ptr_array_add(merge->inputs, input);
    }
}

DnMerge *
dn_merge_of_party(DnSearch *search)
{
    const DnQuery *query = search->query;
    bool by_date = dn_search_sorts_by_date(query->sort);
    bool whole = by_date ? !query->has_amount && query->missing != DN_MISSING_AMOUNT
                         : !query->has_date && query->missing != DN_MISSING_DATE;
    const GPtrArray *names = NULL;
    DnMerge *merge = NULL;

    if ((!by_date && (!dn_search_sorts_by_amount(query->sort) || search->number)) ||
        (!search->party && !search->number && query->missing != DN_MISSING_PARTY))
        return NULL;
    if (!search->number) {
        names = dn_names_few(search);
        if (!names)
            return NULL;
    }
    merge = merge_new(search->number ? "the number by date"
                      : by_date      ? "the names by date"
                                     : "the names by amount",
                      by_date ? DN_TAIL_ALL : DN_TAIL_BY_AMOUNT,
                      !search->number || query->missing != DN_MISSING_PARTY, whole);
    if (search->number)
        merge_add(merge, search, DN_KEY_NUMBER, search->number);
    for (guint i = 0; names && i < names->len; i++)
        merge_add(merge, search, by_date ? DN_KEY_PARTY : DN_KEY_PARTY_AMOUNT,
                  g_ptr_array_index(names, i));
    return merge;
}

DnMerge *
dn_merge_of_pair(DnSearch *search)
{
    DnMerge *merge = NULL;

    /* Rows that miss one of both are in no pair. */
    if (!dn_search_sorts_by_date(search->query->sort) || !search->query->has_amount ||
        !search->query->has_date)
        return NULL;
    merge = merge_new("date and amount by date", DN_TAIL_ALL, false, false);
    merge_add(merge, search, DN_KEY_PAIR, NULL);
    return merge;
}

/* Of the dates of this phase, what was not on an earlier page. */
static void
bound_dates(const DnSearch *search, int phase, DnRange *range)
{
    const DnQuery *query = search->query;
    int32_t from = phase ? DN_DAYS_MISSING : query->has_date ? search->date_from : INT32_MIN + 1;
    int32_t to = phase ? DN_DAYS_MISSING : query->has_date ? search->date_to : INT32_MAX;

    if (search->has_after && phase == 0 && dn_search_sorts_down(query->sort))
        to = (int32_t)MIN(to, search->after.value);
    else if (search->has_after && phase == 0)
        from = (int32_t)MAX(from, search->after.value);
    dn_range_bound_i32(range, from, to);
}

static void
bound_amounts(const DnSearch *search, int phase, DnRange *range)
{
    const DnQuery *query = search->query;
    int64_t from = phase               ? DN_AMOUNT_MISSING
                   : query->has_amount ? search->amount_from
                                       : INT64_MIN + 1;
    int64_t to = phase ? DN_AMOUNT_MISSING : query->has_amount ? search->amount_to : INT64_MAX;

    if (search->has_after && phase == 0 && dn_search_sorts_down(query->sort))
        to = MIN(to, search->after.value);
    else if (search->has_after && phase == 0)
        from = MAX(from, search->after.value);
    dn_range_bound_i64(range, from, to);
}

static void
set_bytes(GByteArray *to, const void *bytes, size_t size)
{
    g_byte_array_set_size(to, 0);
    g_byte_array_append(to, bytes, (guint)size);
}

static void
merge_open(const DnSearch *search, DnMerge *merge)
{
    for (guint i = 0; i < merge->inputs->len; i++) {
        DnMergeInput *input = g_ptr_array_index(merge->inputs, i);
        DnRange *range = dn_range_new(g_byte_array_ref(input->prefix), merge->tail, input->deleted);

        if (merge->tail == DN_TAIL_ALL)
            bound_dates(search, merge->phase, range);
        else
            bound_amounts(search, merge->phase, range);
        set_bytes(input->from, range->from->data, range->from->len);
        g_clear_pointer(&input->to, g_byte_array_unref);
        input->to = range->to ? g_byte_array_ref(range->to) : NULL;
        dn_range_free(range);
        input->ended = false;
        input->ahead = FIRST_ROWS;
        input->at = 0;
        g_array_set_size(input->rows, 0);
    }
    merge->under = NULL;
    merge->open = true;
}

static void
input_point(DnSearch *search, DnMerge *merge, DnMergeInput *input, bool down)
{
    const void *to = input->to ? input->to->data : NULL;
    size_t to_size = input->to ? input->to->len : 0;

    if (merge->under == input)
        return;
    search->steps += DN_SEARCH_SEEK_STEPS;
    if (merge->cursor)
        dn_kv_cursor_range(merge->cursor, input->from->data, input->from->len, to, to_size);
    else
        merge->cursor = dn_kv_snapshot_cursor(search->snapshot, DN_KV_INDEX, input->from->data,
                                              input->from->len, to, to_size, down);
    merge->under = input;
}

static void
input_take(DnMergeInput *input, const DnCandidate *candidate)
{
    Row row = {.seq = candidate->seq,
               .amount = candidate->amount,
               .date_days = candidate->date_days,
               .has_id = candidate->has_id,
               .currency_size = (uint8_t)MIN(candidate->currency_size, CURRENCY_BYTES),
               .id = candidate->id};

    memcpy(row.currency, candidate->currency, row.currency_size);
    g_array_append_val(input->rows, row);
}

/* What comes behind the row under the cursor is still to be read. */
static void
input_mark(DnMerge *merge, DnMergeInput *input, bool down)
{
    size_t size = 0;
    const uint8_t *key = dn_kv_cursor_key(merge->cursor, &size);

    if (down) {
        if (!input->to)
            input->to = g_byte_array_new();
        set_bytes(input->to, key, size);
    } else {
        set_bytes(input->from, key, size);
        dn_key_add_u8(input->from, 0); /* the first key after it */
    }
}

/* Reads some rows ahead. One that its second value rules out is handed on after many such, so that
 * whoever races comes to an end of its turn. */
static void
input_fill(DnSearch *search, DnMerge *merge, DnMergeInput *input)
{
    bool down = dn_search_sorts_down(search->query->sort);
    unsigned misses = 0;
    unsigned missed = 0;
    DnCandidate row;

    g_array_set_size(input->rows, 0);
    input->at = 0;
    input_point(search, merge, input, down);
    while (input->rows->len < input->ahead && dn_kv_cursor_valid(merge->cursor)) {
        if (!dn_candidate_from_row(search, merge->cursor, merge->tail, input->deleted, &row))
            return;
        if (missed < MOST_MISSES && !dn_range_skip(search, merge->cursor, input->prefix,
                                                   merge->tail, &row, down, &misses)) {
            missed++;
            continue;
        }
        input_take(input, &row);
        if (missed >= MOST_MISSES)
            input->ahead = input->rows->len;
        if (input->rows->len == input->ahead)
            input_mark(merge, input, down);
        dn_kv_cursor_next(merge->cursor);
    }
    if (!dn_kv_cursor_valid(merge->cursor)) {
        dn_search_check(search, merge->cursor);
        input->ended = true;
        merge->under = NULL;
    }
    input->ahead = MIN(2 * input->ahead, MOST_ROWS);
}

/* Its next row, or NULL at its end. */
static const Row *
input_first(DnSearch *search, DnMerge *merge, DnMergeInput *input)
{
    if (input->at == input->rows->len && !input->ended)
        input_fill(search, merge, input);
    return input->at < input->rows->len ? &g_array_index(input->rows, Row, input->at) : NULL;
}

static bool
is_before(const DnMerge *merge, const Row *a, const Row *b, bool down)
{
    if (merge->tail == DN_TAIL_ALL)
        return down ? a->date_days > b->date_days : a->date_days < b->date_days;
    return down ? a->amount > b->amount : a->amount < b->amount;
}

static bool
merge_take(DnSearch *search, DnMerge *merge, DnCandidate *out)
{
    bool down = dn_search_sorts_down(search->query->sort);
    DnMergeInput *first = NULL;
    const Row *best = NULL;

    for (guint i = 0; i < merge->inputs->len; i++) {
        DnMergeInput *input = g_ptr_array_index(merge->inputs, i);
        const Row *row = input_first(search, merge, input);

        if (search->error)
            return false;
        if (row && (!best || is_before(merge, row, best, down))) {
            best = row;
            first = input;
        }
    }
    if (!first)
        return false;
    *out = (DnCandidate){.seq = best->seq,
                         .has_state = true,
                         .has_date = true,
                         .has_amount = true,
                         .party_met = merge->is_party,
                         .deleted = first->deleted,
                         .date_days = best->date_days,
                         .amount = best->amount,
                         .currency = best->currency,
                         .currency_size = best->currency_size,
                         .has_id = best->has_id,
                         .id = best->id};
    first->at++; /* the row stays until this one is asked again */
    return true;
}

bool
dn_merge_next(DnSearch *search, DnMerge *merge, DnCandidate *out)
{
    DnTail tail = merge->tail == DN_TAIL_ALL ? DN_TAIL_DATE : DN_TAIL_AMOUNT;

    for (; merge->phase < 2 && !search->error; merge->phase++) {
        if (!dn_walk_has_phase(search, tail, merge->phase))
            continue;
        if (!merge->open)
            merge_open(search, merge);
        if (merge_take(search, merge, out))
            return true;
        merge->open = false;
    }
    return false;
}
