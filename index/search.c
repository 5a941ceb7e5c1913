/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * index/search.c - places, ranges of keys, and candidates.
 *
 * A candidate knows what its key says; the rest comes from its cover, read only when a term needs
 * it.
 */
#include "config.h"
#include "index/search.h"
#include "index/gate.h"
#include "index/text.h"

#include <string.h>

enum {
    TEXT_STEPS = 64, /* to read, unseal and unpack one */
    COVER_NEXTS = 4,
    LOOK_UP_STEPS = 4, /* each of many */
    SEQ_KEY_BYTES = DN_UUID_BYTES + 1 + 1 + 8,
};

const size_t dn_tail_bytes[] = {
    [DN_TAIL_SEQ] = 8,         [DN_TAIL_DATE] = 4 + 8,          [DN_TAIL_AMOUNT] = 8 + 8,
    [DN_TAIL_ALL] = 4 + 8 + 8, [DN_TAIL_BY_AMOUNT] = 8 + 4 + 8, [DN_TAIL_TERM] = 8};

bool
dn_search_damaged(DnSearch *search)
{
    if (!search->error)
        dn_fail(&search->error, DN_ERROR_CORRUPT, "the index has a row that cannot be read");
    return false;
}

void
dn_search_check(DnSearch *search, DnKvCursor *cursor)
{
    if (!search->error)
        dn_kv_cursor_ok(cursor, &search->error);
}

bool
dn_search_sorts_down(DnSort sort)
{
    return sort == DN_SORT_DATE_DOWN || sort == DN_SORT_AMOUNT_DOWN;
}

bool
dn_search_sorts_by_date(DnSort sort)
{
    return sort == DN_SORT_DATE || sort == DN_SORT_DATE_DOWN;
}

bool
dn_search_sorts_by_amount(DnSort sort)
{
    return sort == DN_SORT_AMOUNT || sort == DN_SORT_AMOUNT_DOWN;
}

int
dn_place_compare(const DnPlace *a, const DnPlace *b, bool down)
{
    int order = 0;

    if (a->missing != b->missing)
        return a->missing < b->missing ? -1 : 1;
    if (a->value != b->value)
        order = a->value < b->value ? -1 : 1;
    else
        order = (a->seq > b->seq) - (a->seq < b->seq);
    return down ? -order : order;
}

void
dn_range_free(void *data)
{
    DnRange *range = data;

    g_byte_array_unref(range->prefix);
    g_byte_array_unref(range->from);
    if (range->to)
        g_byte_array_unref(range->to);
    g_free(range);
}

/* All keys that begin with @prefix. Takes it. */
DnRange *
dn_range_new(GByteArray *prefix, DnTail tail, bool deleted)
{
    DnRange *range = g_new0(DnRange, 1);

    range->prefix = prefix;
    range->from = dn_key_copy(prefix);
    range->to = dn_key_copy(prefix);
    if (!dn_key_next(range->to))
        g_clear_pointer(&range->to, g_byte_array_unref);
    range->tail = tail;
    range->deleted = deleted;
    return range;
}

/* Of those, the ones whose next part lies in [from, to]. */
void
dn_range_bound_i32(DnRange *range, int32_t from, int32_t to)
{
    dn_key_add_i32(range->from, from);
    if (range->to)
        g_byte_array_unref(range->to);
    range->to = dn_key_copy(range->prefix);
    dn_key_add_i32(range->to, to);
    if (!dn_key_next(range->to))
        g_clear_pointer(&range->to, g_byte_array_unref);
}

void
dn_range_bound_i64(DnRange *range, int64_t from, int64_t to)
{
    dn_key_add_i64(range->from, from);
    if (range->to)
        g_byte_array_unref(range->to);
    range->to = dn_key_copy(range->prefix);
    dn_key_add_i64(range->to, to);
    if (!dn_key_next(range->to))
        g_clear_pointer(&range->to, g_byte_array_unref);
}

DnKvCursor *
dn_range_cursor(DnSearch *search, const DnRange *range, bool backwards)
{
    return dn_kv_snapshot_cursor(search->snapshot, DN_KV_INDEX, range->from->data, range->from->len,
                                 range->to ? range->to->data : NULL, range->to ? range->to->len : 0,
                                 backwards);
}

GByteArray *
dn_range_prefix(const DnSearch *search, DnKeyTable table, bool deleted)
{
    GByteArray *key = dn_key_new(search->tenant, table);

    dn_key_add_u8(key, deleted);
    return key;
}

static bool
candidate_read_cover(DnSearch *search, DnCandidate *candidate)
{
    if (!dn_cover_read(&candidate->cover, candidate->value, candidate->value_size))
        return dn_search_damaged(search);
    candidate->has_cover = true;
    candidate->has_state = true;
    candidate->deleted = candidate->cover.deleted;
    candidate->has_date = true;
    candidate->date_days = candidate->cover.date_days;
    candidate->has_amount = true;
    candidate->amount = candidate->cover.amount;
    candidate->currency = candidate->cover.currency;
    candidate->currency_size = strlen(candidate->cover.currency);
    return true;
}

/* Hits of a page are often neighbours by arrival: a few steps cost less than a seek. */
static void
cover_seek(DnKvCursor *cursor, const GByteArray *wanted)
{
    for (unsigned i = 0; i < COVER_NEXTS && dn_kv_cursor_valid(cursor); i++) {
        size_t size = 0;
        const uint8_t *key = dn_kv_cursor_key(cursor, &size);
        int order = size == wanted->len ? memcmp(key, wanted->data, size) : 1;

        if (order == 0)
            return;
        if (order > 0)
            break;
        dn_kv_cursor_next(cursor);
    }
    dn_kv_cursor_seek(cursor, wanted->data, wanted->len);
}

/* Finds the cover by seq. False when the voucher is in no state that is wanted, or on failure. */
bool
dn_candidate_cover(DnSearch *search, DnCandidate *candidate)
{
    if (candidate->has_cover)
        return true;
    if (candidate->value)
        return candidate_read_cover(search, candidate);
    for (int state = 0; state < DN_SEARCH_STATES; state++) {
        g_autoptr(GByteArray) key = NULL;
        const uint8_t *found = NULL;
        size_t size = 0;

        if (!search->wanted[state] || (candidate->has_state && candidate->deleted != (state == 1)))
            continue;
        search->steps += DN_SEARCH_SEEK_STEPS;
        if (!search->by_seq[state]) {
            DnRange *range =
                dn_range_new(dn_range_prefix(search, DN_KEY_SEQ, state), DN_TAIL_SEQ, state);

            search->by_seq[state] = dn_range_cursor(search, range, false);
            dn_range_free(range);
        }
        key = dn_range_prefix(search, DN_KEY_SEQ, state);
        dn_key_add_u64(key, candidate->seq);
        cover_seek(search->by_seq[state], key);
        if (!dn_kv_cursor_valid(search->by_seq[state])) {
            dn_search_check(search, search->by_seq[state]);
            continue;
        }
        found = dn_kv_cursor_key(search->by_seq[state], &size);
        if (size != key->len || memcmp(found, key->data, size) != 0)
            continue;
        candidate->value = dn_kv_cursor_value(search->by_seq[state], &candidate->value_size);
        candidate->is_whole = true;
        return candidate_read_cover(search, candidate);
    }
    return false;
}

/* Of a look-up of many. */
typedef struct {
    DnCandidate *candidates;
    const guint *which; /* candidate is asked for by each key */
    GByteArray *rows;
    bool deleted;
} LookUp;

static void
look_up_found(size_t which, const uint8_t *value, size_t size, void *user_data)
{
    LookUp *self = user_data;
    DnCandidate *candidate = &self->candidates[self->which[which]];

    /* The bytes may move before all are there. */
    candidate->row = self->rows->len;
    candidate->value_size = size;
    candidate->is_whole = true;
    candidate->has_state = true;
    candidate->deleted = self->deleted;
    g_byte_array_append(self->rows, value, (guint)size);
}

bool
dn_candidates_look_up(DnSearch *search, DnCandidate *candidates, guint count, GByteArray *rows)
{
    g_autofree guint *which = g_new(guint, count);

    for (int state = 0; state < DN_SEARCH_STATES; state++) {
        LookUp look_up = {candidates, which, rows, state == 1};
        g_autoptr(GByteArray) keys = NULL;
        guint asked = 0;

        if (!search->wanted[state])
            continue;
        keys = g_byte_array_sized_new(count * SEQ_KEY_BYTES);
        for (guint i = 0; i < count; i++) {
            g_autoptr(GByteArray) key = NULL;

            if (candidates[i].is_whole ||
                (candidates[i].has_state && candidates[i].deleted != (state == 1)))
                continue;
            key = dn_range_prefix(search, DN_KEY_SEQ, state);
            dn_key_add_u64(key, candidates[i].seq);
            g_byte_array_append(keys, key->data, key->len);
            which[asked++] = i;
        }
        search->steps += asked * LOOK_UP_STEPS;
        if (asked > 0 &&
            !dn_kv_snapshot_get_many(search->snapshot, DN_KV_INDEX, keys->data, SEQ_KEY_BYTES,
                                     asked, look_up_found, &look_up, &search->error))
            return false;
    }
    for (guint i = 0; i < count; i++)
        if (candidates[i].is_whole)
            candidates[i].value = rows->data + candidates[i].row;
    return true;
}

static bool
candidate_values_match(const DnSearch *search, const DnCandidate *candidate)
{
    const DnQuery *query = search->query;

    if (search->currency &&
        (candidate->amount == DN_AMOUNT_MISSING ||
         candidate->currency_size != strlen(search->currency) ||
         memcmp(candidate->currency, search->currency, candidate->currency_size) != 0))
        return false;
    if (query->has_date &&
        (candidate->date_days == DN_DAYS_MISSING || candidate->date_days < search->date_from ||
         candidate->date_days > search->date_to))
        return false;
    if (query->has_amount &&
        (candidate->amount == DN_AMOUNT_MISSING || candidate->amount < search->amount_from ||
         candidate->amount > search->amount_to))
        return false;
    if (query->missing == DN_MISSING_DATE && candidate->date_days != DN_DAYS_MISSING)
        return false;
    return query->missing != DN_MISSING_AMOUNT || candidate->amount == DN_AMOUNT_MISSING;
}

static bool
candidate_cover_matches(const DnSearch *search, const DnCover *cover)
{
    const DnQuery *query = search->query;

    if (search->party && !dn_names_match(search, cover->party))
        return false;
    if (search->number && strcmp(cover->number, search->number) != 0)
        return false;
    if (query->missing == DN_MISSING_PARTY && *cover->party)
        return false;
    if (query->kind && strcmp(cover->kind, query->kind) != 0)
        return false;
    return !query->label || dn_cover_has_label(cover, query->label);
}

/* A phrase is in no index: the text itself is read. */
static bool
candidate_has_phrases(DnSearch *search, DnCandidate *candidate)
{
    const DnQuery *query = search->query;
    g_autofree char *text = NULL;
    g_autofree char *flat = NULL;
    bool loaded = false;

    if (!dn_candidate_cover(search, candidate))
        return false;
    search->texts++;
    search->steps += TEXT_STEPS;
    /* It may have to wait. */
    if (search->is_inside)
        dn_gate_leave(dn_gate_of_process());
    loaded = query->load_text(&candidate->cover.id, &text, query->load_data, &search->error);
    if (search->is_inside)
        dn_gate_return(dn_gate_of_process());
    if (!loaded)
        return false;
    flat = dn_text_flat(text ? text : "");
    for (guint i = 0; i < search->phrases->len; i++)
        if (!dn_text_find_phrase(flat, g_ptr_array_index(search->phrases, i)))
            return false;
    return true;
}

/* A cover has the name in it as it is, so that most rows of a walk need not be taken apart. */
static bool
can_have_party(const DnSearch *search, const DnCandidate *candidate)
{
    return !search->party || candidate->party_met || candidate->has_cover || !candidate->value ||
           memmem(candidate->value, candidate->value_size, search->party, strlen(search->party)) !=
               NULL;
}

bool
dn_candidate_matches(DnSearch *search, DnCandidate *candidate)
{
    const DnQuery *query = search->query;
    bool by_date = query->has_date || query->missing == DN_MISSING_DATE ||
                   dn_search_sorts_by_date(query->sort);
    bool by_amount = query->has_amount || query->missing == DN_MISSING_AMOUNT ||
                     dn_search_sorts_by_amount(query->sort);
    bool by_party = search->party || search->number || query->missing == DN_MISSING_PARTY;

    if (!candidate->has_state || (by_date && !candidate->has_date) ||
        (by_amount && !candidate->has_amount) || (by_party && !candidate->party_met) ||
        (search->currency && !candidate->currency) || (query->kind && !candidate->kind_met) ||
        (query->label && !candidate->label_met)) {
        if (!can_have_party(search, candidate) || !dn_candidate_cover(search, candidate) ||
            !candidate_cover_matches(search, &candidate->cover))
            return false;
    }
    return search->wanted[candidate->deleted] && candidate_values_match(search, candidate) &&
           (!search->terms || candidate->text_met || dn_stream_has_words(search, candidate->seq)) &&
           (!search->phrases || candidate_has_phrases(search, candidate));
}

DnPlace
dn_candidate_place(const DnSearch *search, const DnCandidate *candidate)
{
    DnPlace place = {.seq = candidate->seq};

    if (dn_search_sorts_by_date(search->query->sort)) {
        place.missing = candidate->date_days == DN_DAYS_MISSING;
        place.value = place.missing ? 0 : candidate->date_days;
    } else if (dn_search_sorts_by_amount(search->query->sort)) {
        place.missing = candidate->amount == DN_AMOUNT_MISSING;
        place.value = place.missing ? 0 : candidate->amount;
    }
    return place;
}

/* Where in the keys of @tail the next row can be that the second value does not rule out, beyond
 * @row. False when there is none. */
static bool
range_next_place(const DnSearch *search, DnTail tail, const DnCandidate *row, bool down,
                 bool same_first, GByteArray *key)
{
    if (tail == DN_TAIL_ALL) {
        if (!same_first && row->date_days == (down ? INT32_MIN : INT32_MAX))
            return false;
        dn_key_add_i32(key, same_first ? row->date_days : row->date_days + (down ? -1 : 1));
        dn_key_add_i64(key, down ? search->amount_to : search->amount_from);
    } else {
        if (!same_first && row->amount == (down ? INT64_MIN : INT64_MAX))
            return false;
        dn_key_add_i64(key, same_first ? row->amount : row->amount + (down ? -1 : 1));
        dn_key_add_i32(key, down ? search->date_to : search->date_from);
    }
    if (down)
        dn_key_add_u64(key, UINT64_MAX);
    return true;
}

bool
dn_range_skip(DnSearch *search, DnKvCursor *cursor, const GByteArray *prefix, DnTail tail,
              const DnCandidate *row, bool down, unsigned *misses)
{
    bool by_day = tail == DN_TAIL_ALL;
    bool below = by_day ? row->amount < search->amount_from : row->date_days < search->date_from;
    bool above = by_day ? row->amount > search->amount_to : row->date_days > search->date_to;
    g_autoptr(GByteArray) key = NULL;

    if (!(by_day ? search->query->has_amount : search->query->has_date) || (!below && !above)) {
        *misses = 0;
        return true;
    }
    if (++*misses < DN_SEARCH_NEXTS) {
        dn_kv_cursor_next(cursor);
        return false;
    }
    key = dn_key_copy(prefix);
    /* below != down: what is wanted with the same first value is still to come. */
    if (!range_next_place(search, tail, row, down, below != down, key)) {
        dn_kv_cursor_next(cursor);
        return false;
    }
    *misses = 0;
    search->steps += DN_SEARCH_SEEK_STEPS;
    dn_kv_cursor_seek(cursor, key->data, key->len);
    return false;
}

/* What the key of the row under @cursor says. */
bool
dn_candidate_from_row(DnSearch *search, const DnKvCursor *cursor, DnTail tail, bool deleted,
                      DnCandidate *out)
{
    size_t size = 0;
    const uint8_t *key = dn_kv_cursor_key(cursor, &size);
    DnKeyReader in = {key + size - dn_tail_bytes[tail], dn_tail_bytes[tail]};

    *out = (DnCandidate){.has_state = true, .deleted = deleted};
    search->rows++;
    search->steps++;
    if (size < dn_tail_bytes[tail])
        return dn_search_damaged(search);
    if (tail == DN_TAIL_DATE || tail == DN_TAIL_ALL)
        out->has_date = dn_key_read_i32(&in, &out->date_days);
    if (tail == DN_TAIL_AMOUNT || tail == DN_TAIL_ALL || tail == DN_TAIL_BY_AMOUNT)
        out->has_amount = dn_key_read_i64(&in, &out->amount);
    if (tail == DN_TAIL_BY_AMOUNT)
        out->has_date = dn_key_read_i32(&in, &out->date_days);
    dn_key_read_u64(&in, &out->seq);
    key = dn_kv_cursor_value(cursor, &size);
    if (tail == DN_TAIL_SEQ || tail == DN_TAIL_DATE || tail == DN_TAIL_AMOUNT) {
        out->value = key;
        out->value_size = size;
        out->is_whole = tail == DN_TAIL_SEQ;
    } else {
        out->has_id = size >= DN_UUID_BYTES;
        if (out->has_id)
            memcpy(out->id.bytes, key, DN_UUID_BYTES);
        if (tail != DN_TAIL_TERM) {
            out->currency = (const char *)key + (out->has_id ? DN_UUID_BYTES : 0);
            out->currency_size = size - (out->has_id ? DN_UUID_BYTES : 0);
        }
    }
    return true;
}
