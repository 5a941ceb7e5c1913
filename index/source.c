/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * index/source.c - candidates by the terms of a query: a range of dates, of amounts, of both
 * (skipping within each day to the amounts wanted), the rows of the names that match, or the
 * intersection of ordered lists.
 *
 * Nothing is estimated: whoever uses sources lets them race.
 */
#include "config.h"
#include "index/search.h"

#include <string.h>

enum { LISTS_AHEAD = 64 };

void
dn_source_free(void *data)
{
    DnSource *source = data;

    dn_kv_cursor_close(source->cursor);
    dn_names_free(source->names);
    g_ptr_array_unref(source->ranges);
    if (source->streams)
        g_ptr_array_unref(source->streams);
    if (source->ahead)
        g_array_unref(source->ahead);
    if (source->rows)
        g_byte_array_unref(source->rows);
    g_free(source);
}

static DnSource *
source_new(const char *name)
{
    DnSource *source = g_new0(DnSource, 1);

    source->name = name;
    source->ranges = g_ptr_array_new_with_free_func(dn_range_free);
    return source;
}

/* A table whose keys end with date and amount, either first: the terms on that become bounds. */
static void
source_add_all(DnSource *source, const DnSearch *search, GByteArray *prefix, DnTail tail,
               bool deleted)
{
    DnRange *range = dn_range_new(prefix, tail, deleted);

    if (tail == DN_TAIL_BY_AMOUNT && search->query->has_amount)
        dn_range_bound_i64(range, search->amount_from, search->amount_to);
    else if (tail == DN_TAIL_BY_AMOUNT && search->query->missing == DN_MISSING_AMOUNT)
        dn_range_bound_i64(range, DN_AMOUNT_MISSING, DN_AMOUNT_MISSING);
    else if (tail == DN_TAIL_BY_AMOUNT)
        ; /* all of them */
    else if (search->query->has_date)
        dn_range_bound_i32(range, search->date_from, search->date_to);
    else if (search->query->missing == DN_MISSING_DATE)
        dn_range_bound_i32(range, DN_DAYS_MISSING, DN_DAYS_MISSING);
    g_ptr_array_add(source->ranges, range);
}

static void
source_add_name(DnSource *source, const DnSearch *search, const char *name)
{
    for (int state = 0; state < DN_SEARCH_STATES; state++) {
        GByteArray *prefix = NULL;

        if (!search->wanted[state])
            continue;
        prefix = dn_range_prefix(search, source->table, state);
        dn_key_add_string(prefix, name);
        source_add_all(source, search, prefix, source->tail, state);
    }
}

/* More ranges, of the next name; false when there is none. Those gone through are let go. */
static bool
source_more(DnSearch *search, DnSource *source)
{
    g_autofree char *name = source->names ? dn_names_next(search, source->names) : NULL;

    if (!name || search->error)
        return false;
    g_ptr_array_set_size(source->ranges, 0);
    source->range = 0;
    source_add_name(source, search, name);
    return true;
}

/* Stands at the beginning of the range. One cursor serves all: to open one costs more than to seek.
 */
static void
source_open_range(DnSearch *search, DnSource *source, const DnRange *range)
{
    search->steps += DN_SEARCH_SEEK_STEPS;
    source->standing = false;
    source->misses = 0;
    if (source->cursor)
        dn_kv_cursor_range(source->cursor, range->from->data, range->from->len,
                           range->to ? range->to->data : NULL, range->to ? range->to->len : 0);
    else
        source->cursor = dn_range_cursor(search, range, false);
}

static bool
source_next_row(DnSearch *search, DnSource *source, DnCandidate *out)
{
    while (!search->error) {
        const DnRange *range = NULL;

        if (source->range == source->ranges->len) {
            if (!source_more(search, source))
                return false;
            continue;
        }
        range = g_ptr_array_index(source->ranges, source->range);
        if (!source->ended) { /* the range before, or none was begun */
            source_open_range(search, source, range);
            source->ended = true;
        }
        if (source->standing)
            dn_kv_cursor_next(source->cursor);
        source->standing = false;
        while (dn_kv_cursor_valid(source->cursor)) {
            if (!dn_candidate_from_row(search, source->cursor, range->tail, range->deleted, out))
                return false;
            if ((range->tail == DN_TAIL_ALL || range->tail == DN_TAIL_BY_AMOUNT) &&
                !dn_range_skip(search, source->cursor, range->prefix, range->tail, out, false,
                               &source->misses))
                continue;
            out->party_met = source->is_party;
            out->kind_met = source->is_kind;
            out->label_met = source->is_label;
            source->standing = true;
            return true;
        }
        dn_search_check(search, source->cursor);
        source->ended = false;
        source->range++;
    }
    return false;
}

/* The next voucher that all lists have. */
static bool
source_common(DnSearch *search, DnSource *source, DnCandidate *out)
{
    uint64_t seq = source->next_seq;
    guint agreed = 0;

    if (source->ended)
        return false;
    for (guint i = 0; agreed < source->streams->len; i = (i + 1) % source->streams->len) {
        uint64_t found = 0;

        if (!dn_stream_seek(search, g_ptr_array_index(source->streams, i), seq, &found) ||
            search->error)
            return false;
        agreed = found == seq ? agreed + 1 : 1;
        seq = found;
    }
    *out = (DnCandidate){.seq = seq, .text_met = search->terms != NULL};
    source->ended = seq == UINT64_MAX;
    source->next_seq = seq + 1;
    return true;
}

/* A page that is shown by arrival, of which few were deleted. */
static guint
first_ahead(const DnSearch *search)
{
    enum { DELETED = 2 };
    uint32_t limit = search->query->limit;

    return search->query->sort == DN_SORT_REGISTERED && limit > 0 && limit < LISTS_AHEAD - DELETED
               ? limit + 1 + DELETED
               : LISTS_AHEAD;
}

/* A voucher's state is in no list, so each is to be looked up: a page of them at once. */
static bool
source_next_common(DnSearch *search, DnSource *source, DnCandidate *out)
{
    while (!search->error) {
        DnCandidate next;

        while (source->ahead_next < source->ahead->len) {
            *out = g_array_index(source->ahead, DnCandidate, source->ahead_next++);
            if (out->value)
                return true;
        }
        g_array_set_size(source->ahead, 0);
        g_byte_array_set_size(source->rows, 0);
        source->ahead_next = 0;
        source->ahead_most = source->ahead_most == 0 ? first_ahead(search) : LISTS_AHEAD;
        while (source->ahead->len < source->ahead_most && source_common(search, source, &next))
            g_array_append_val(source->ahead, next);
        if (source->ahead->len == 0 || search->error ||
            !dn_candidates_look_up(search, (DnCandidate *)(void *)source->ahead->data,
                                   source->ahead->len, source->rows))
            return false;
    }
    return false;
}

bool
dn_source_next(DnSearch *search, DnSource *source, DnCandidate *out)
{
    return source->streams ? source_next_common(search, source, out)
                           : source_next_row(search, source, out);
}

static DnSource *
source_of_party(DnSearch *search)
{
    DnSource *source = source_new(search->number ? "rows of the number" : "rows of the names");

    source->is_party = !search->number || search->query->missing != DN_MISSING_PARTY;
    source->table = search->number ? DN_KEY_NUMBER : DN_KEY_PARTY;
    source->tail = DN_TAIL_ALL;
    if (search->number)
        source_add_name(source, search, search->number);
    else
        source->names = dn_names_open(search); /* one, "", when the name is missing */
    return source;
}

static DnSource *
source_of_party_amount(DnSearch *search)
{
    DnSource *source = source_new("rows of the names by amount");

    source->is_party = true;
    source->table = DN_KEY_PARTY_AMOUNT;
    source->tail = DN_TAIL_BY_AMOUNT;
    source->names = dn_names_open(search);
    return source;
}

/* All of one table, or the range of it that the query asks for. */
DnSource *
dn_source_of_table(const DnSearch *search, const char *name, DnKeyTable table, DnTail tail)
{
    const DnQuery *query = search->query;
    DnSource *source = source_new(name);

    for (int state = 0; state < DN_SEARCH_STATES; state++) {
        DnRange *range = NULL;

        if (!search->wanted[state])
            continue;
        if (tail == DN_TAIL_ALL) {
            source_add_all(source, search, dn_range_prefix(search, table, state), tail, state);
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

/* Or none: those are a list, too. */
static bool
is_one_name(const DnSearch *search)
{
    return search->query->missing == DN_MISSING_PARTY ||
           (search->party && search->query->party_match == DN_PARTY_EXACT);
}

static DnSource *
source_of_lists(DnSearch *search)
{
    bool labelled = search->query->label || search->query->kind;
    DnSource *source = source_new(search->terms ? "lists of the words"
                                  : labelled    ? "lists of label and kind"
                                                : "list of the name");

    source->ahead = g_array_new(FALSE, FALSE, sizeof(DnCandidate));
    source->rows = g_byte_array_new();
    source->streams = dn_stream_open_words(search);
    if (search->query->label)
        g_ptr_array_add(source->streams,
                        dn_stream_open(search, DN_KEY_LABEL, search->query->label));
    if (search->query->kind)
        g_ptr_array_add(source->streams, dn_stream_open(search, DN_KEY_KIND, search->query->kind));
    if (is_one_name(search))
        g_ptr_array_add(source->streams,
                        dn_stream_open(search, DN_KEY_ARRIVAL, search->party ? search->party : ""));
    /* Those of an earlier page are not asked for again. */
    if (search->has_after && search->query->sort == DN_SORT_REGISTERED)
        source->next_seq = search->after.seq;
    return source;
}

/* A page by arrival of one kind or one label. */
static bool
is_of_term(const DnSearch *search)
{
    const DnQuery *query = search->query;

    return !search->terms && !query->kind != !query->label && query->sort == DN_SORT_REGISTERED &&
           search->wanted[false] != search->wanted[true];
}

static DnSource *
source_of_term(DnSearch *search)
{
    const char *kind = search->query->kind;
    bool deleted = search->wanted[true];
    DnSource *source = source_new(kind ? "rows of the kind" : "rows of the label");
    GByteArray *prefix = dn_range_prefix(search, kind ? DN_KEY_KIND : DN_KEY_LABEL, deleted);
    DnRange *range = NULL;

    dn_key_add_term(prefix, kind ? kind : search->query->label);
    range = dn_range_new(prefix, DN_TAIL_TERM, deleted);
    /* Those of an earlier page are not asked for again. */
    if (search->has_after)
        dn_key_add_u64(range->from, search->after.seq);
    source->is_kind = kind != NULL;
    source->is_label = kind == NULL;
    g_ptr_array_add(source->ranges, range);
    return source;
}

/* Every index that a term of the query names. Empty when there is none. */
GPtrArray *
dn_source_all(DnSearch *search, bool merged)
{
    const DnQuery *query = search->query;
    GPtrArray *sources = g_ptr_array_new_with_free_func(dn_source_free);
    bool by_party = search->party || search->number || query->missing == DN_MISSING_PARTY;
    bool of_amount = query->has_amount || query->missing == DN_MISSING_AMOUNT;
    bool only_party =
        !of_amount && !query->currency && !search->terms && !query->label && !query->kind;
    /* Of many names, a merge that meets other terms only by chance may go through all. */
    bool few = merged && by_party && (search->number || dn_names_few(search) || only_party);
    bool by_date = dn_search_sorts_by_date(query->sort);

    if (merged && is_of_term(search))
        g_ptr_array_add(sources, source_of_term(search));
    else if (search->terms || query->label || query->kind)
        g_ptr_array_add(sources, source_of_lists(search));
    if (by_party && !(few && by_date))
        g_ptr_array_add(sources, source_of_party(search));
    /* Most names have so few rows that those are all read before this has found a page of them. */
    if (merged && is_one_name(search) && sources->len == 1 && query->sort == DN_SORT_REGISTERED)
        g_ptr_array_add(sources, source_of_lists(search));
    if (by_party && of_amount && !search->number &&
        !(few && dn_search_sorts_by_amount(query->sort)))
        g_ptr_array_add(sources, source_of_party_amount(search));
    if (query->has_date && query->has_amount && !(merged && by_date))
        g_ptr_array_add(sources, dn_source_of_table(search, "rows of date and amount", DN_KEY_PAIR,
                                                    DN_TAIL_ALL));
    if (query->has_date || query->missing == DN_MISSING_DATE)
        g_ptr_array_add(sources,
                        dn_source_of_table(search, "rows of the date", DN_KEY_DATE, DN_TAIL_DATE));
    if (of_amount)
        g_ptr_array_add(sources, dn_source_of_table(search, "rows of the amount", DN_KEY_AMOUNT,
                                                    DN_TAIL_AMOUNT));
    return sources;
}
