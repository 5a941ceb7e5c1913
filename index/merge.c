/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * index/merge.c - rows of a few counterparties, or of dates and amounts, in the order of their
 * dates: a page of a party that has a million vouchers takes as many rows as it shows.
 */
#include "config.h"
#include "index/search.h"

#include <string.h>

static DnMerge *
merge_new(const char *name, bool is_party)
{
    DnMerge *merge = g_new0(DnMerge, 1);

    merge->name = name;
    merge->is_party = is_party;
    merge->prefixes = g_ptr_array_new_with_free_func((GDestroyNotify)g_byte_array_unref);
    merge->deleted = g_array_new(FALSE, FALSE, sizeof(bool));
    return merge;
}

static void
merge_close(DnMerge *merge)
{
    for (guint i = 0; merge->open && i < merge->prefixes->len; i++)
        dn_kv_cursor_close(merge->cursors[i]);
    g_clear_pointer(&merge->cursors, g_free);
    g_clear_pointer(&merge->rows, g_free);
    g_clear_pointer(&merge->has, g_free);
    merge->open = false;
}

void
dn_merge_free(DnMerge *merge)
{
    if (!merge)
        return;
    merge_close(merge);
    g_ptr_array_unref(merge->prefixes);
    g_array_unref(merge->deleted);
    g_free(merge);
}

static void
merge_add(DnMerge *merge, const DnSearch *search, DnKeyTable table, const char *name)
{
    for (int state = 0; state < DN_SEARCH_STATES; state++) {
        GByteArray *prefix = NULL;
        bool deleted = state == 1;

        if (!search->wanted[state])
            continue;
        prefix = dn_range_prefix(search, table, deleted);
        if (name)
            dn_key_add_string(prefix, name);
        g_ptr_array_add(merge->prefixes, prefix);
        g_array_append_val(merge->deleted, deleted);
    }
}

DnMerge *
dn_merge_of_party(DnSearch *search)
{
    g_autoptr(GPtrArray) names = NULL;
    DnMerge *merge = NULL;

    if (!dn_search_sorts_by_date(search->query->sort) ||
        (!search->party && !search->number && search->query->missing != DN_MISSING_PARTY))
        return NULL;
    if (!search->number) {
        names = dn_names_few(search);
        if (!names)
            return NULL;
    }
    merge = merge_new(search->number ? "the number by date" : "the names by date",
                      !search->number || search->query->missing != DN_MISSING_PARTY);
    if (search->number)
        merge_add(merge, search, DN_KEY_NUMBER, search->number);
    for (guint i = 0; names && i < names->len; i++)
        merge_add(merge, search, DN_KEY_PARTY, g_ptr_array_index(names, i));
    return merge;
}

DnMerge *
dn_merge_of_pair(DnSearch *search)
{
    DnMerge *merge = NULL;

    if (!dn_search_sorts_by_date(search->query->sort) || !search->query->has_amount ||
        search->query->missing == DN_MISSING_DATE)
        return NULL;
    /* Rows that miss the date are in no pair, but may be wanted. */
    if (!search->query->has_date)
        return NULL;
    merge = merge_new("date and amount by date", false);
    merge_add(merge, search, DN_KEY_PAIR, NULL);
    return merge;
}

/* Each on its first row of this phase, or beyond what was on an earlier page. */
static void
merge_open(DnSearch *search, DnMerge *merge)
{
    const DnQuery *query = search->query;
    bool down = dn_search_sorts_down(query->sort);
    int32_t from = merge->phase      ? DN_DAYS_MISSING
                   : query->has_date ? search->date_from
                                     : INT32_MIN + 1;
    int32_t to = merge->phase ? DN_DAYS_MISSING : query->has_date ? search->date_to : INT32_MAX;
    guint count = merge->prefixes->len;

    if (search->has_after && merge->phase == 0 && down)
        to = (int32_t)MIN(to, search->after.value);
    else if (search->has_after && merge->phase == 0)
        from = (int32_t)MAX(from, search->after.value);
    merge->cursors = g_new0(DnKvCursor *, count);
    merge->rows = g_new0(DnCandidate, count);
    merge->has = g_new0(bool, count);
    merge->given = count;
    merge->open = true;
    for (guint i = 0; i < count; i++) {
        GByteArray *prefix = g_ptr_array_index(merge->prefixes, i);
        DnRange *range = dn_range_new(g_byte_array_ref(prefix), DN_TAIL_ALL,
                                      g_array_index(merge->deleted, bool, i));

        dn_range_bound_i32(range, from, to);
        merge->cursors[i] = dn_range_cursor(search, range, down);
        search->steps += DN_SEARCH_SEEK_STEPS;
        dn_range_free(range);
    }
}

/* The row under a cursor, past those whose amount is ruled out. */
static void
merge_fill(DnSearch *search, DnMerge *merge, guint i)
{
    const GByteArray *prefix = g_ptr_array_index(merge->prefixes, i);
    bool down = dn_search_sorts_down(search->query->sort);
    unsigned misses = 0;

    merge->has[i] = false;
    while (dn_kv_cursor_valid(merge->cursors[i])) {
        if (!dn_candidate_from_row(search, merge->cursors[i], DN_TAIL_ALL,
                                   g_array_index(merge->deleted, bool, i), &merge->rows[i]))
            return;
        if (dn_range_skip(search, merge->cursors[i], prefix, &merge->rows[i], down, &misses)) {
            merge->rows[i].party_met = merge->is_party;
            merge->has[i] = true;
            return;
        }
    }
    dn_search_check(search, merge->cursors[i]);
}

static bool
merge_first(const DnSearch *search, const DnMerge *merge, guint *out_first)
{
    bool down = dn_search_sorts_down(search->query->sort);
    bool any = false;

    for (guint i = 0; i < merge->prefixes->len; i++) {
        int32_t day = merge->rows[i].date_days;

        if (!merge->has[i])
            continue;
        if (!any || (down ? day > merge->rows[*out_first].date_days
                          : day < merge->rows[*out_first].date_days))
            *out_first = i;
        any = true;
    }
    return any;
}

bool
dn_merge_next(DnSearch *search, DnMerge *merge, DnCandidate *out)
{
    for (; merge->phase < 2 && !search->error; merge->phase++) {
        guint first = 0;

        if (!dn_walk_has_phase(search, DN_TAIL_DATE, merge->phase))
            continue;
        if (!merge->open) {
            merge_open(search, merge);
            for (guint i = 0; i < merge->prefixes->len; i++)
                merge_fill(search, merge, i);
        } else if (merge->given < merge->prefixes->len) {
            dn_kv_cursor_next(merge->cursors[merge->given]);
            merge_fill(search, merge, merge->given);
        }
        if (search->error)
            return false;
        if (merge_first(search, merge, &first)) {
            *out = merge->rows[first];
            merge->given = first;
            return true;
        }
        merge_close(merge);
    }
    return false;
}
