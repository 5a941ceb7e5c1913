/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * index/merge.c - rows of counterparties in the order of their dates or amounts, or of dates and
 * amounts in that of the dates: a page of a party that has a million vouchers takes as many rows
 * as it shows.
 *
 * One cursor serves all ranges, since to open one costs more than to seek: a few rows of each are
 * read ahead, more of those that are taken from more often.
 *
 * Ranges take turns in a heap, by the value of their next row. A part of a name may mean thousands
 * of names. Tallies say where the values of each lie (index/span.h), so a name's first turn is
 * known without a look at its rows; they are looked at when it is the first of all, which of most
 * it never is.
 */
#include "config.h"
#include "index/search.h"
#include "index/span.h"
#include "index/tally.h"

#include <string.h>

enum {
    FIRST_ROWS = 4, /* read ahead of each range; doubled each time ... */
    MOST_ROWS = 64, /* ... up to this */
    MOST_MISSES = 32,
    CURRENCY_BYTES = 8,
    NAMES_AT_ONCE = 64,
    MOST_NAMES = 1 << 11, /* of more a walk finds a page sooner */
    MOST_OPENED = 16,     /* before somebody else has a turn in the race */
    LIST_STEPS = 20,      /* to look one up */
    OPEN_STEPS = 64,      /* to look at the rows of a name */
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

/* When a range is to be asked. */
typedef struct {
    int64_t order;       /* of its next row, or less: smaller ones come first */
    DnMergeInput *input; /* (nullable) not opened yet */
    guint name;          /* then where it stands in the names */
    bool deleted;
} Turn;

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
    merge->turns = g_array_new(FALSE, FALSE, sizeof(Turn));
    merge->names = g_byte_array_new();
    merge->listed = g_ptr_array_new_with_free_func(g_free);
    return merge;
}

void
dn_merge_free(DnMerge *merge)
{
    if (!merge)
        return;
    dn_kv_cursor_close(merge->cursor);
    dn_kv_cursor_close(merge->spans);
    dn_names_free(merge->lister);
    g_ptr_array_unref(merge->listed);
    g_ptr_array_unref(merge->inputs);
    g_array_unref(merge->turns);
    g_byte_array_unref(merge->names);
    g_free(merge);
}

static DnMergeInput *
merge_add_state(DnMerge *merge, const DnSearch *search, DnKeyTable table, const char *name,
                bool deleted)
{
    DnMergeInput *input = g_new0(DnMergeInput, 1);

    input->prefix = dn_range_prefix(search, table, deleted);
    if (name)
        dn_key_add_string(input->prefix, name);
    input->deleted = deleted;
    input->from = g_byte_array_new();
    input->rows = g_array_new(FALSE, FALSE, sizeof(Row));
    g_ptr_array_add(merge->inputs, input);
    return input;
}

static void
merge_add(DnMerge *merge, const DnSearch *search, DnKeyTable table, const char *name)
{
    for (int state = 0; state < DN_SEARCH_STATES; state++)
        if (search->wanted[state])
            merge_add_state(merge, search, table, name, state == 1);
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
    if (!search->number)
        names = dn_names_few(search);
    if (search->error)
        return NULL;
    merge = merge_new(search->number ? "the number by date"
                      : by_date      ? "the names by date"
                                     : "the names by amount",
                      by_date ? DN_TAIL_ALL : DN_TAIL_BY_AMOUNT,
                      !search->number || query->missing != DN_MISSING_PARTY, whole);
    merge->many = !search->number && !names;
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

/* Of the dates or amounts of this phase, what was not on an earlier page. */
static void
find_bounds(const DnSearch *search, const DnMerge *merge, int64_t *out_from, int64_t *out_to)
{
    const DnQuery *query = search->query;
    bool by_date = merge->tail == DN_TAIL_ALL;
    int64_t from = by_date ? INT32_MIN + 1 : INT64_MIN + 1;
    int64_t to = by_date ? INT32_MAX : INT64_MAX;

    if (merge->phase) {
        from = to = by_date ? DN_DAYS_MISSING : DN_AMOUNT_MISSING;
    } else if (by_date && query->has_date) {
        from = search->date_from;
        to = search->date_to;
    } else if (!by_date && query->has_amount) {
        from = search->amount_from;
        to = search->amount_to;
    }
    if (search->has_after && merge->phase == 0 && dn_search_sorts_down(query->sort))
        to = MIN(to, search->after.value);
    else if (search->has_after && merge->phase == 0)
        from = MAX(from, search->after.value);
    *out_from = from;
    *out_to = to;
}

static void
set_bytes(GByteArray *to, const void *bytes, size_t size)
{
    g_byte_array_set_size(to, 0);
    g_byte_array_append(to, bytes, (guint)size);
}

static void
input_open(const DnSearch *search, const DnMerge *merge, DnMergeInput *input)
{
    DnRange *range = dn_range_new(g_byte_array_ref(input->prefix), merge->tail, input->deleted);
    int64_t from = 0;
    int64_t to = 0;

    find_bounds(search, merge, &from, &to);
    if (merge->tail == DN_TAIL_ALL)
        dn_range_bound_i32(range, (int32_t)from, (int32_t)to);
    else
        dn_range_bound_i64(range, from, to);
    set_bytes(input->from, range->from->data, range->from->len);
    g_clear_pointer(&input->to, g_byte_array_unref);
    input->to = range->to ? g_byte_array_ref(range->to) : NULL;
    dn_range_free(range);
    input->ended = false;
    input->ahead = FIRST_ROWS;
    input->at = 0;
    g_array_set_size(input->rows, 0);
}

static Turn *
turn_at(const DnMerge *merge, guint i)
{
    return &g_array_index(merge->turns, Turn, i);
}

/* The first of all was put off, or is another. */
static void
sink_first(DnMerge *merge)
{
    guint i = 0;
    guint child = 1;

    for (; child < merge->turns->len; child = 2 * i + 1) {
        Turn turn = *turn_at(merge, i);

        if (child + 1 < merge->turns->len &&
            turn_at(merge, child + 1)->order < turn_at(merge, child)->order)
            child++;
        if (turn.order <= turn_at(merge, child)->order)
            return;
        *turn_at(merge, i) = *turn_at(merge, child);
        *turn_at(merge, child) = turn;
        i = child;
    }
}

static void
add_turn(DnMerge *merge, Turn turn)
{
    guint i = merge->turns->len;

    g_array_append_val(merge->turns, turn);
    while (i > 0 && turn.order < turn_at(merge, (i - 1) / 2)->order) {
        *turn_at(merge, i) = *turn_at(merge, (i - 1) / 2);
        i = (i - 1) / 2;
        *turn_at(merge, i) = turn;
    }
}

static void
drop_first(DnMerge *merge)
{
    *turn_at(merge, 0) = *turn_at(merge, merge->turns->len - 1);
    g_array_set_size(merge->turns, merge->turns->len - 1);
    sink_first(merge);
}

static void
merge_open(DnSearch *search, DnMerge *merge)
{
    g_array_set_size(merge->turns, 0);
    merge->under = NULL;
    merge->open = true;
    if (merge->many) {
        g_ptr_array_set_size(merge->inputs, 0);
        g_byte_array_set_size(merge->names, 0);
        merge->state = 0;
        merge->looked_up = 0;
        if (search->query->party_match == DN_PARTY_CONTAINED && merge->listed->len == 0)
            merge->lister = dn_names_open(search);
        return;
    }
    for (guint i = 0; i < merge->inputs->len; i++) {
        DnMergeInput *input = g_ptr_array_index(merge->inputs, i);

        input_open(search, merge, input);
        add_turn(merge, (Turn){.order = INT64_MIN, .input = input});
    }
}

/* --- many names --- */

/* (transfer full) The beginning of the keys of the lists that say where the values of names lie. */
static GByteArray *
span_prefix(const DnSearch *search, const DnMerge *merge, bool deleted)
{
    return dn_range_prefix(search, merge->tail == DN_TAIL_ALL ? DN_KEY_DAYS : DN_KEY_SUMS, deleted);
}

/* When the name that has the values of @list can have its first row; false when it has none. */
static bool
span_order(DnSearch *search, const DnMerge *merge, const uint8_t *list, size_t size,
           int64_t *out_order)
{
    bool by_date = merge->tail == DN_TAIL_ALL;
    bool down = dn_search_sorts_down(search->query->sort);
    DnTallyReader reader = {.bytes = list, .size = size, .place = -1};
    int64_t from = 0;
    int64_t to = 0;
    int64_t least = 0;
    int64_t most = 0;
    int32_t found = 0;
    bool any = false;
    bool more = true;

    find_bounds(search, merge, &from, &to);
    if (from > to)
        return false;
    const int32_t first = by_date ? dn_span_of_days((int32_t)from) : dn_span_of_amount(from);
    const int32_t last = by_date ? dn_span_of_days((int32_t)to) : dn_span_of_amount(to);

    while (!(any && !down) && (more = dn_tally_next(&reader)) && reader.place <= last)
        if (reader.place >= first && reader.count > 0) {
            found = reader.place;
            any = true;
        }
    if (!more && reader.size > 0)
        dn_search_damaged(search);
    if (!any)
        return false;
    if (merge->phase) {
        *out_order = INT64_MIN;
        return true;
    }
    if (by_date)
        dn_span_days((uint16_t)found, &least, &most);
    else
        dn_span_amounts((uint16_t)found, &least, &most);
    *out_order = down ? ~MIN(most, to) : MAX(least, from);
    return true;
}

static void
add_name(DnSearch *search, DnMerge *merge, const char *name, bool deleted, const uint8_t *list,
         size_t size)
{
    Turn turn = {.deleted = deleted, .name = merge->names->len};

    if (!span_order(search, merge, list, size, &turn.order))
        return;
    if (merge->turns->len == DN_SEARCH_STATES * MOST_NAMES) {
        merge->too_many = true;
        return;
    }
    g_byte_array_append(merge->names, (const guint8 *)name, (guint)strlen(name) + 1);
    add_turn(merge, turn);
}

/* Names that begin with some letters are a range of those lists. False when all were read. */
static bool
read_names(DnSearch *search, DnMerge *merge)
{
    enum { BEFORE = DN_UUID_BYTES + 2 };

    if (merge->state == DN_SEARCH_STATES)
        return false;
    if (!merge->spans && search->wanted[merge->state]) {
        g_autoptr(GByteArray) from = span_prefix(search, merge, merge->state == 1);
        g_autoptr(GByteArray) to = NULL;
        bool bounded = false;

        g_byte_array_append(from, (const guint8 *)search->party, (guint)strlen(search->party));
        to = dn_key_copy(from);
        bounded = dn_key_next(to);
        search->steps += DN_SEARCH_SEEK_STEPS;
        merge->spans =
            dn_kv_snapshot_cursor(search->snapshot, DN_KV_TALLY, from->data, from->len,
                                  bounded ? to->data : NULL, bounded ? to->len : 0, false);
    }
    for (int i = 0; merge->spans && i < NAMES_AT_ONCE; i++) {
        DnKeyReader in = {NULL, 0};
        g_autofree char *name = NULL;
        const uint8_t *list = NULL;
        size_t size = 0;

        if (!dn_kv_cursor_valid(merge->spans)) {
            dn_search_check(search, merge->spans);
            g_clear_pointer(&merge->spans, dn_kv_cursor_close);
            break;
        }
        in.bytes = dn_kv_cursor_key(merge->spans, &in.size) + BEFORE;
        in.size -= MIN(in.size, BEFORE);
        list = dn_kv_cursor_value(merge->spans, &size);
        if (!dn_key_read_string(&in, &name)) {
            dn_search_damaged(search);
            return false;
        }
        search->rows++;
        search->steps++;
        add_name(search, merge, name, merge->state == 1, list, size);
        dn_kv_cursor_next(merge->spans);
    }
    if (!merge->spans)
        merge->state++;
    return true;
}

/* Names that were found, whose lists are looked up. */
typedef struct {
    DnSearch *search;
    DnMerge *merge;
    const GPtrArray *names;
    bool deleted;
} Found;

static void
found_list(size_t which, const uint8_t *value, size_t size, void *user_data)
{
    Found *found = user_data;

    add_name(found->search, found->merge, g_ptr_array_index(found->names, which), found->deleted,
             value, size);
}

static int
compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Names that contain some letters come from a table of endings, in no order. They are counted
 * before a list is looked up, which costs several times as much. */
static void
list_names(DnSearch *search, DnMerge *merge)
{
    char *name = NULL;

    for (int i = 0; i < NAMES_AT_ONCE && (name = dn_names_next(search, merge->lister)); i++)
        g_ptr_array_add(merge->listed, name);
    merge->too_many = merge->listed->len > MOST_NAMES;
    if (!name) {
        g_ptr_array_sort(merge->listed, compare_names);
        dn_names_free(merge->lister);
        merge->lister = NULL;
    }
}

static bool
look_up_names(DnSearch *search, DnMerge *merge)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();

    if (merge->lister) {
        list_names(search, merge);
        return true;
    }
    while (names->len < NAMES_AT_ONCE && merge->looked_up < merge->listed->len)
        g_ptr_array_add(names, g_ptr_array_index(merge->listed, merge->looked_up++));
    if (names->len == 0)
        return false;
    for (int state = 0; state < DN_SEARCH_STATES && !search->error; state++) {
        g_autoptr(GPtrArray) keys =
            g_ptr_array_new_with_free_func((GDestroyNotify)g_byte_array_unref);
        Found found = {search, merge, names, state == 1};

        if (!search->wanted[state])
            continue;
        for (guint i = 0; i < names->len; i++) {
            GByteArray *key = span_prefix(search, merge, state == 1);

            dn_key_add_string(key, g_ptr_array_index(names, i));
            g_ptr_array_add(keys, key);
        }
        search->steps += names->len * LIST_STEPS;
        dn_kv_snapshot_get_keys(search->snapshot, DN_KV_TALLY, keys, found_list, &found,
                                &search->error);
    }
    return true;
}

/* Some more names; false when it has all. */
static bool
gather(DnSearch *search, DnMerge *merge)
{
    if (!merge->many)
        return false;
    return search->query->party_match == DN_PARTY_CONTAINED ? look_up_names(search, merge)
                                                            : read_names(search, merge);
}

/* --- rows --- */

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

static int64_t
row_order(const DnMerge *merge, const Row *row, bool down)
{
    int64_t value = merge->tail == DN_TAIL_ALL ? row->date_days : row->amount;

    return down ? ~value : value;
}

static void
open_name(DnSearch *search, DnMerge *merge, Turn *turn)
{
    turn->input = merge_add_state(merge, search,
                                  merge->tail == DN_TAIL_ALL ? DN_KEY_PARTY : DN_KEY_PARTY_AMOUNT,
                                  (const char *)merge->names->data + turn->name, turn->deleted);
    input_open(search, merge, turn->input);
    search->steps += OPEN_STEPS;
}

static void
give(const DnMerge *merge, DnMergeInput *input, const Row *row, DnCandidate *out)
{
    *out = (DnCandidate){.seq = row->seq,
                         .has_state = true,
                         .has_date = true,
                         .has_amount = true,
                         .party_met = merge->is_party,
                         .deleted = input->deleted,
                         .date_days = row->date_days,
                         .amount = row->amount,
                         .currency = row->currency,
                         .currency_size = row->currency_size,
                         .has_id = row->has_id,
                         .id = row->id};
    input->at++; /* the row stays until this one is asked again */
}

/* A row is given when it is not later than what is known of all others. */
static bool
merge_take(DnSearch *search, DnMerge *merge, DnCandidate *out)
{
    bool down = dn_search_sorts_down(search->query->sort);

    for (int opened = 0; merge->turns->len > 0;) {
        Turn *first = turn_at(merge, 0);
        const Row *row = NULL;

        if (!first->input && opened++ == MOST_OPENED) {
            *out = (DnCandidate){.later = true};
            return true;
        }
        if (!first->input)
            open_name(search, merge, first);
        row = input_first(search, merge, first->input);
        if (search->error)
            return false;
        if (!row) {
            drop_first(merge);
        } else if (row_order(merge, row, down) > first->order) {
            first->order = row_order(merge, row, down);
            sink_first(merge);
        } else {
            give(merge, first->input, row, out);
            return true;
        }
    }
    return false;
}

uint64_t
dn_merge_steps_left(const DnMerge *merge, uint64_t rows)
{
    uint64_t ties = 0;

    if (merge->too_many)
        return UINT64_MAX;
    /* All that can come first are looked at before one of them does. */
    for (guint i = 0; i < merge->turns->len; i++)
        ties += !turn_at(merge, i)->input && turn_at(merge, i)->order == turn_at(merge, 0)->order;
    return (uint64_t)(merge->listed->len - merge->looked_up) * LIST_STEPS +
           MAX(rows, ties) * OPEN_STEPS;
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
        if (merge->too_many || gather(search, merge)) {
            *out = (DnCandidate){.later = true};
            return !search->error;
        }
        if (merge_take(search, merge, out))
            return true;
        merge->open = false;
    }
    return false;
}
