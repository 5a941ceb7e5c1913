/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * index/names.c - which counterparties a name or a part of one means; counters give their vouchers.
 *
 * Names that begin with some letters are a range of the counters of names. Names that contain them
 * are a range of endings, of which each name is taken where the letters stand first in it.
 */
#include "config.h"
#include "index/month.h"
#include "index/search.h"

#include <string.h>

static GByteArray *
raw_prefix(const DnSearch *search, DnKeyTable table, const char *text)
{
    GByteArray *prefix = dn_key_new(search->tenant, table);

    g_byte_array_append(prefix, (const guint8 *)text, (guint)strlen(text));
    return prefix;
}

static DnKvCursor *
prefix_cursor(DnSearch *search, DnKvFamily family, const GByteArray *prefix)
{
    g_autoptr(GByteArray) to = dn_key_copy(prefix);
    bool bounded = dn_key_next(to);

    search->steps += DN_SEARCH_SEEK_STEPS;
    return dn_kv_snapshot_cursor(search->snapshot, family, prefix->data, prefix->len,
                                 bounded ? to->data : NULL, bounded ? to->len : 0, false);
}

bool
dn_names_match(const DnSearch *search, const char *name)
{
    switch (search->query->party_match) {
    case DN_PARTY_PREFIX:
        return g_str_has_prefix(name, search->party);
    case DN_PARTY_EXACT:
        return strcmp(name, search->party) == 0;
    case DN_PARTY_CONTAINED:
        break;
    }
    return strstr(name, search->party) != NULL;
}

DnNames *
dn_names_open(DnSearch *search)
{
    DnNames *names = g_new0(DnNames, 1);

    if (!search->party || search->query->party_match == DN_PARTY_EXACT)
        return names;
    if (search->query->party_match == DN_PARTY_PREFIX) {
        names->prefix = raw_prefix(search, DN_KEY_NAME, search->party);
        names->cursor = prefix_cursor(search, DN_KV_COUNT, names->prefix);
    } else {
        names->prefix = raw_prefix(search, DN_KEY_ENDING, search->party);
        names->cursor = prefix_cursor(search, DN_KV_NAME, names->prefix);
    }
    return names;
}

void
dn_names_free(DnNames *names)
{
    if (!names)
        return;
    dn_kv_cursor_close(names->cursor);
    if (names->prefix)
        g_byte_array_unref(names->prefix);
    g_free(names->last);
    g_free(names);
}

/* (transfer full) The name in the row under the cursor, or NULL on failure. */
static char *
names_here(DnSearch *search, const DnNames *names)
{
    enum { BEFORE = DN_UUID_BYTES + 1 };
    DnKeyReader in = {NULL, 0};
    g_autofree char *text = NULL;

    in.bytes = dn_kv_cursor_key(names->cursor, &in.size);
    search->rows++;
    search->steps++;
    in.bytes += BEFORE;
    in.size -= MIN(in.size, BEFORE);
    if (!dn_key_read_string(&in, &text)) {
        dn_search_damaged(search);
        return NULL;
    }
    if (search->query->party_match == DN_PARTY_PREFIX)
        return g_steal_pointer(&text);
    g_autofree char *head = g_strndup((const char *)in.bytes, in.size);

    return g_strconcat(head, text, NULL);
}

/* Of an ending: where the name has the letters first. */
static bool
names_is_first(const DnSearch *search, const DnNames *names, const char *name)
{
    size_t size = 0;

    if (search->query->party_match == DN_PARTY_PREFIX)
        return g_strcmp0(names->last, name) != 0; /* one row a state */
    const uint8_t *key = dn_kv_cursor_key(names->cursor, &size);
    const char *hit = strstr(name, search->party);
    size_t before = hit ? (size_t)(hit - name) : 0;

    /* The key holds the whole name and two bytes that end the ending; nothing in it is escaped. */
    return hit && size >= before && memcmp(key + size - before, name, before) == 0 &&
           key[size - before - 1] == 0x01;
}

char *
dn_names_next(DnSearch *search, DnNames *names)
{
    if (!names->cursor) {
        bool ended = names->ended;

        names->ended = true;
        return ended ? NULL : g_strdup(search->party ? search->party : "");
    }
    while (dn_kv_cursor_valid(names->cursor)) {
        g_autofree char *name = names_here(search, names);

        if (!name)
            return NULL;
        bool first = names_is_first(search, names, name);

        dn_kv_cursor_next(names->cursor);
        if (first) {
            g_free(names->last);
            names->last = g_strdup(name);
            return g_steal_pointer(&name);
        }
    }
    dn_search_check(search, names->cursor);
    return NULL;
}

const GPtrArray *
dn_names_few(DnSearch *search)
{
    g_autoptr(GPtrArray) few = NULL;
    g_autoptr(DnNames) names = NULL;
    char *name = NULL;

    if (search->knows_few)
        return search->few;
    search->knows_few = true;
    few = g_ptr_array_new_with_free_func(g_free);
    names = dn_names_open(search);
    while ((name = dn_names_next(search, names))) {
        g_ptr_array_add(few, name);
        if (few->len > DN_SEARCH_FEW_NAMES)
            return NULL;
    }
    search->few = g_steal_pointer(&few);
    return search->few;
}

/* --- counters --- */

static uint64_t
counter_value(const uint8_t *bytes, size_t size)
{
    uint64_t value = 0;

    if (size != sizeof value)
        return 0;
    memcpy(&value, bytes, sizeof value);
    return GUINT64_FROM_LE(value);
}

/* The counters from @prefix, from to @prefix, to. Damage shows as a number of vouchers that is not
 * true; `verify --index` finds it. */
static uint64_t
sum(DnSearch *search, const GByteArray *prefix, int32_t from, int32_t to)
{
    g_autoptr(GByteArray) first = dn_key_copy(prefix);
    g_autoptr(GByteArray) after = dn_key_copy(prefix);
    g_autoptr(DnKvCursor) cursor = NULL;
    uint64_t all = 0;
    bool bounded = false;

    dn_key_add_i32(first, from);
    dn_key_add_i32(after, to);
    bounded = dn_key_next(after);
    cursor = dn_kv_snapshot_cursor(search->snapshot, DN_KV_COUNT, first->data, first->len,
                                   bounded ? after->data : NULL, bounded ? after->len : 0, false);
    search->steps += DN_SEARCH_SEEK_STEPS;
    for (; dn_kv_cursor_valid(cursor); dn_kv_cursor_next(cursor)) {
        size_t size = 0;
        const uint8_t *value = dn_kv_cursor_value(cursor, &size);

        all += counter_value(value, size);
        search->rows++;
        search->steps++;
    }
    dn_search_check(search, cursor);
    return all;
}

/* Rows of one name from one day to another, by their number. */
static uint64_t
count_days(DnSearch *search, const char *name, bool deleted, int64_t from, int64_t to)
{
    GByteArray *prefix = dn_range_prefix(search, DN_KEY_PARTY, deleted);
    DnRange *range = NULL;
    g_autoptr(DnKvCursor) cursor = NULL;
    uint64_t count = 0;

    if (from > to) {
        g_byte_array_unref(prefix);
        return 0;
    }
    dn_key_add_string(prefix, name);
    range = dn_range_new(prefix, DN_TAIL_ALL, deleted);
    dn_range_bound_i32(range, (int32_t)from, (int32_t)to);
    cursor = dn_range_cursor(search, range, false);
    dn_range_free(range);
    search->steps += DN_SEARCH_SEEK_STEPS;
    for (; dn_kv_cursor_valid(cursor); dn_kv_cursor_next(cursor))
        count++;
    search->rows += count;
    search->steps += count;
    dn_search_check(search, cursor);
    return count;
}

static uint64_t
count_name(DnSearch *search, const char *name, bool deleted)
{
    g_autoptr(GByteArray) prefix = dn_range_prefix(search, DN_KEY_MONTH, deleted);
    int64_t first = 0;
    int64_t last = 0;
    int64_t from = search->date_from;
    int64_t to = search->date_to;

    dn_key_add_string(prefix, name);
    if (search->query->missing == DN_MISSING_DATE)
        return sum(search, prefix, DN_DAYS_MISSING, DN_DAYS_MISSING);
    if (!search->query->has_date)
        return sum(search, prefix, INT32_MIN, INT32_MAX);
    /* The months that lie in the range as a whole; what is left at both ends are days. */
    first = dn_month_of_day(from);
    if (dn_month_first_day(first) < from)
        first++;
    last = dn_month_of_day(to + 1) - 1;
    if (first > last)
        return count_days(search, name, deleted, from, to);
    return count_days(search, name, deleted, from, dn_month_first_day(first) - 1) +
           sum(search, prefix, (int32_t)first, (int32_t)last) +
           count_days(search, name, deleted, dn_month_first_day(last + 1), to);
}

static uint64_t
count_all(DnSearch *search, bool deleted)
{
    g_autoptr(GByteArray) prefix = dn_range_prefix(search, DN_KEY_DAY, deleted);

    if (search->query->missing == DN_MISSING_DATE)
        return sum(search, prefix, DN_DAYS_MISSING, DN_DAYS_MISSING);
    if (search->query->has_date)
        return sum(search, prefix, search->date_from, search->date_to);
    return sum(search, prefix, INT32_MIN, INT32_MAX);
}

bool
dn_count_quickly(DnSearch *search, uint64_t *out_count)
{
    const DnQuery *query = search->query;
    bool by_name = search->party || query->missing == DN_MISSING_PARTY;
    const GPtrArray *names = NULL;
    uint64_t count = 0;

    if (query->has_amount || query->currency || query->missing == DN_MISSING_AMOUNT ||
        search->terms || query->kind || query->label || search->number)
        return false;
    if (by_name)
        names = dn_names_few(search);
    if (by_name && !names)
        return false;
    for (int state = 0; state < DN_SEARCH_STATES; state++) {
        if (!search->wanted[state])
            continue;
        if (!by_name)
            count += count_all(search, state);
        for (guint i = 0; by_name && i < names->len; i++)
            count += count_name(search, g_ptr_array_index(names, i), state);
    }
    *out_count = count;
    return true;
}

/* --- type-ahead --- */

/* (transfer full) One way in which the folded @name was printed. */
static char *
spelling_of(DnSearch *search, const char *name)
{
    g_autoptr(GByteArray) prefix = dn_key_new(search->tenant, DN_KEY_SPELLING);
    g_autoptr(DnKvCursor) cursor = NULL;
    DnKeyReader in = {NULL, 0};
    char *printed = NULL;

    dn_key_add_string(prefix, name);
    cursor = prefix_cursor(search, DN_KV_NAME, prefix);
    if (!dn_kv_cursor_valid(cursor)) {
        dn_search_check(search, cursor);
        return g_strdup(name);
    }
    in.bytes = dn_kv_cursor_key(cursor, &in.size);
    in.bytes += prefix->len;
    in.size -= prefix->len;
    if (!dn_key_read_string(&in, &printed)) {
        dn_search_damaged(search);
        return g_strdup(name);
    }
    return printed;
}

static uint64_t
living(DnSearch *search, const char *name)
{
    g_autoptr(GByteArray) key = dn_key_new(search->tenant, DN_KEY_NAME);
    g_autoptr(GBytes) value = NULL;

    dn_key_add_string(key, name);
    dn_key_add_u8(key, false);
    value = dn_kv_snapshot_get(search->snapshot, DN_KV_COUNT, key->data, key->len, &search->error);
    return value ? counter_value(g_bytes_get_data(value, NULL), g_bytes_get_size(value)) : 0;
}

bool
dn_index_parties(DnKv *kv, const DnUuid *tenant, const char *prefix, uint32_t limit,
                 DnPartyVisitor visit, void *user_data, GError **error)
{
    g_autofree char *folded = dn_party_fold(prefix);
    DnQuery query = {.party_match = DN_PARTY_PREFIX};
    DnSearch search = {.tenant = tenant, .query = &query, .party = folded};
    g_autoptr(DnKvSnapshot) snapshot = NULL;
    g_autoptr(DnNames) names = NULL;
    bool ok = true;

    if (*prefix && !*folded)
        return dn_fail(error, DN_ERROR_INVALID, "party: no letter or digit to look for");
    search.snapshot = snapshot = dn_kv_snapshot(kv);
    names = dn_names_open(&search);
    for (uint32_t shown = 0; ok && shown < limit && !search.error;) {
        g_autofree char *name = dn_names_next(&search, names);
        uint64_t count = name ? living(&search, name) : 0;

        if (!name)
            break;
        if (count > 0) {
            g_autofree char *printed = spelling_of(&search, name);

            ok = visit(printed, count, user_data, error);
            shown++;
        }
    }
    if (search.error) {
        if (ok)
            g_propagate_error(error, search.error);
        else
            g_error_free(search.error);
        return false;
    }
    return ok;
}
