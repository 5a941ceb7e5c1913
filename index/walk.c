/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * index/walk.c - rows in the very order asked for, both states merged, missing values last.
 */
#include "config.h"
#include "index/search.h"

void
dn_walk_close(DnWalk *walk)
{
    for (int state = 0; state < DN_SEARCH_STATES; state++)
        g_clear_pointer(&walk->cursors[state], dn_kv_cursor_close);
    walk->open = false;
}

DnTail
dn_walk_tail(const DnSearch *search)
{
    if (dn_search_sorts_by_date(search->query->sort))
        return DN_TAIL_DATE;
    return dn_search_sorts_by_amount(search->query->sort) ? DN_TAIL_AMOUNT : DN_TAIL_SEQ;
}

/* False when no row of this phase can be wanted. */
bool
dn_walk_has_phase(const DnSearch *search, DnTail tail, int phase)
{
    const DnQuery *query = search->query;

    if (search->has_after && search->after.missing > phase)
        return false;
    if (tail == DN_TAIL_SEQ)
        return phase == 0;
    if (tail == DN_TAIL_DATE)
        return phase == 0 ? query->missing != DN_MISSING_DATE : !query->has_date;
    return phase == 0 ? query->missing != DN_MISSING_AMOUNT
                      : !query->has_amount && !query->currency;
}

static DnRange *
walk_range(const DnSearch *search, DnTail tail, int phase, bool deleted)
{
    static const DnKeyTable tables[] = {DN_KEY_SEQ, DN_KEY_DATE, DN_KEY_AMOUNT};
    const DnQuery *query = search->query;
    DnRange *range = dn_range_new(dn_range_prefix(search, tables[tail], deleted), tail, deleted);

    if (tail == DN_TAIL_DATE && phase == 1)
        dn_range_bound_i32(range, DN_DAYS_MISSING, DN_DAYS_MISSING);
    else if (tail == DN_TAIL_DATE)
        dn_range_bound_i32(range, query->has_date ? search->date_from : INT32_MIN + 1,
                           query->has_date ? search->date_to : INT32_MAX);
    else if (tail == DN_TAIL_AMOUNT && phase == 1)
        dn_range_bound_i64(range, DN_AMOUNT_MISSING, DN_AMOUNT_MISSING);
    else if (tail == DN_TAIL_AMOUNT)
        dn_range_bound_i64(range, query->has_amount ? search->amount_from : INT64_MIN + 1,
                           query->has_amount ? search->amount_to : INT64_MAX);
    return range;
}

static void
walk_open(DnSearch *search, DnWalk *walk)
{
    bool down = dn_search_sorts_down(search->query->sort);

    for (int state = 0; state < DN_SEARCH_STATES; state++) {
        DnRange *range = NULL;

        if (!search->wanted[state])
            continue;
        range = walk_range(search, walk->tail, walk->phase, state);
        walk->cursors[state] = dn_range_cursor(search, range, down);
        walk->standing[state] = false;
        if (search->has_after && search->after.missing == walk->phase) {
            g_autoptr(GByteArray) key = dn_key_copy(range->prefix);

            if (walk->tail == DN_TAIL_DATE)
                dn_key_add_i32(key, walk->phase ? DN_DAYS_MISSING : (int32_t)search->after.value);
            else if (walk->tail == DN_TAIL_AMOUNT)
                dn_key_add_i64(key, walk->phase ? DN_AMOUNT_MISSING : search->after.value);
            dn_key_add_u64(key, search->after.seq);
            dn_kv_cursor_seek(walk->cursors[state], key->data, key->len);
        }
        dn_range_free(range);
    }
    walk->open = true;
}

static bool
walk_row(DnSearch *search, DnWalk *walk, int state, DnCandidate *out)
{
    if (!walk->cursors[state])
        return false;
    if (walk->standing[state])
        dn_kv_cursor_next(walk->cursors[state]);
    walk->standing[state] = false;
    if (!dn_kv_cursor_valid(walk->cursors[state])) {
        dn_search_check(search, walk->cursors[state]);
        return false;
    }
    return dn_candidate_from_row(search, walk->cursors[state], walk->tail, state, out);
}

/* The next row in the order asked for, whether or not it matches. */
bool
dn_walk_next(DnSearch *search, DnWalk *walk, DnCandidate *out)
{
    bool down = dn_search_sorts_down(search->query->sort);

    for (; walk->phase < 2 && !search->error; walk->phase++) {
        DnCandidate rows[DN_SEARCH_STATES];
        bool has[DN_SEARCH_STATES] = {false, false};
        int first = 0;

        if (!dn_walk_has_phase(search, walk->tail, walk->phase))
            continue;
        if (!walk->open)
            walk_open(search, walk);
        for (int state = 0; state < DN_SEARCH_STATES; state++)
            has[state] = walk_row(search, walk, state, &rows[state]);
        if (search->error)
            return false;
        if (has[0] && has[1]) {
            DnPlace a = dn_candidate_place(search, &rows[0]);
            DnPlace b = dn_candidate_place(search, &rows[1]);

            first = dn_place_compare(&a, &b, down) <= 0 ? 0 : 1;
        } else {
            first = has[0] ? 0 : 1;
        }
        if (has[first]) {
            *out = rows[first];
            walk->standing[first] = true;
            return true;
        }
        dn_walk_close(walk);
    }
    return false;
}
