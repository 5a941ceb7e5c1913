/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * index/query.c - a query answered by the cheapest of several ways, all of which agree.
 *
 * In order: the table that is sorted as asked is walked and tested row by row; a page often fills
 * at once. If a budget of rows does not fill it, the terms that have an index become sources, the
 * smallest of them is tested, sorted, and cut to the page. Everything is read from one snapshot.
 */
#include "config.h"
#include "index/query.h"
#include "base/digest.h"
#include "index/party.h"
#include "index/search.h"
#include "index/text.h"

#include <string.h>

enum {
    MAX_TERMS = 256,
    BUDGET_ROWS = 512,     /* of a walk, before other ways are looked at ... */
    BUDGET_ROWS_A_HIT = 4, /* ... and as many more for each voucher asked for */
    SHORT_STEPS = 4096,    /* of an intersection that is no longer than a walk would be */
    CURSOR_VERSION = 1,
    FINGERPRINT_BYTES = DN_SEARCH_FINGERPRINT_BYTES,
    CURSOR_BYTES = 1 + FINGERPRINT_BYTES + 1 + 8 + 8,
    TRIM_SLACK = 1024,
};

typedef struct {
    DnPlace place;
    bool has_id;
    bool deleted;
    DnUuid id;
} Hit;

static void
search_clear(DnSearch *search)
{
    if (search->words)
        g_ptr_array_unref(search->words);
    if (search->streams)
        g_ptr_array_unref(search->streams);
    if (search->terms)
        g_ptr_array_unref(search->terms);
    for (int state = 0; state < DN_SEARCH_STATES; state++)
        dn_kv_cursor_close(search->by_seq[state]);
    dn_kv_snapshot_free(search->snapshot);
    g_free(search->party);
    g_free(search->number);
    g_clear_error(&search->error);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(DnSearch, search_clear)

static void
add_text(GByteArray *bytes, const char *text)
{
    dn_key_add_u8(bytes, text != NULL);
    dn_key_add_string(bytes, text ? text : "");
}

/* Of everything but the page. */
static void
search_fingerprint(DnSearch *search)
{
    const DnQuery *query = search->query;
    g_autoptr(GByteArray) bytes = dn_key_new(search->tenant, DN_KEY_SEQ);
    DnSha256 hash;

    dn_key_add_u8(bytes, query->has_date);
    dn_key_add_i32(bytes, query->has_date ? query->date_from_days : 0);
    dn_key_add_i32(bytes, query->has_date ? query->date_to_days : 0);
    dn_key_add_u8(bytes, query->has_amount);
    dn_key_add_i64(bytes, query->has_amount ? query->amount_from : 0);
    dn_key_add_i64(bytes, query->has_amount ? query->amount_to : 0);
    add_text(bytes, query->party);
    add_text(bytes, query->text);
    add_text(bytes, query->kind);
    add_text(bytes, query->label);
    dn_key_add_u8(bytes, (uint8_t)query->missing);
    dn_key_add_u8(bytes, (uint8_t)query->deleted);
    dn_key_add_u8(bytes, (uint8_t)query->sort);
    hash = dn_sha256(bytes->data, bytes->len);
    memcpy(search->fingerprint, hash.bytes, FINGERPRINT_BYTES);
}

static char *
cursor_write(const DnSearch *search, const DnPlace *place)
{
    g_autoptr(GByteArray) bytes = g_byte_array_sized_new(CURSOR_BYTES);
    char *text = NULL;

    dn_key_add_u8(bytes, CURSOR_VERSION);
    g_byte_array_append(bytes, search->fingerprint, FINGERPRINT_BYTES);
    dn_key_add_u8(bytes, place->missing);
    dn_key_add_i64(bytes, place->value);
    dn_key_add_u64(bytes, place->seq);
    text = g_base64_encode(bytes->data, bytes->len);
    g_strcanon(g_strdelimit(g_strdelimit(text, "+", '-'), "/", '_'),
               G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "-_", '\0');
    return text;
}

static bool
cursor_read(DnSearch *search, const char *text, GError **error)
{
    g_autofree char *padded = NULL;
    g_autofree guchar *bytes = NULL;
    gsize size = 0;
    DnKeyReader in;
    uint8_t version = 0;

    if (strlen(text) != (CURSOR_BYTES * 4 + 2) / 3 ||
        strspn(text, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "-_") != strlen(text))
        return dn_fail(error, DN_ERROR_INVALID, "not a cursor of a search");
    padded = g_strconcat(text, "==", NULL);
    padded[(strlen(text) + 3) / 4 * 4] = '\0';
    bytes = g_base64_decode(g_strdelimit(g_strdelimit(padded, "-", '+'), "_", '/'), &size);
    in = (DnKeyReader){bytes, size};
    if (size != CURSOR_BYTES || !dn_key_read_u8(&in, &version) || version != CURSOR_VERSION)
        return dn_fail(error, DN_ERROR_INVALID, "not a cursor of a search");
    if (memcmp(in.bytes, search->fingerprint, FINGERPRINT_BYTES) != 0)
        return dn_fail(error, DN_ERROR_INVALID,
                       "the cursor belongs to another search; begin again without it");
    in.bytes += FINGERPRINT_BYTES;
    in.size -= FINGERPRINT_BYTES;
    if (!dn_key_read_u8(&in, &search->after.missing) || search->after.missing > 1 ||
        !dn_key_read_i64(&in, &search->after.value) || !dn_key_read_u64(&in, &search->after.seq))
        return dn_fail(error, DN_ERROR_INVALID, "not a cursor of a search");
    search->has_after = true;
    return true;
}

static bool
search_init(DnSearch *search, DnKv *kv, const DnUuid *tenant, const DnQuery *query, GError **error)
{
    *search = (DnSearch){.tenant = tenant, .query = query};
    /* The smallest value means "missing", which no range includes. */
    search->date_from = MAX(query->date_from_days, INT32_MIN + 1);
    search->date_to = query->date_to_days;
    search->amount_from = MAX(query->amount_from, INT64_MIN + 1);
    search->amount_to = query->amount_to;
    search->wanted[false] = query->deleted != DN_DELETED_ONLY;
    search->wanted[true] = query->deleted != DN_DELETED_EXCLUDE;
    if (query->party) {
        search->number = dn_party_number(query->party);
        search->party = search->number ? NULL : dn_party_fold(query->party);
        if (search->party && !*search->party)
            return dn_fail(error, DN_ERROR_INVALID, "party: no letter or digit to look for");
    }
    if (query->text) {
        search->terms = dn_text_terms(query->text);
        if (search->terms->len == 0)
            return dn_fail(error, DN_ERROR_INVALID, "text: no word to look for");
        if (search->terms->len > MAX_TERMS)
            return dn_fail(error, DN_ERROR_LIMIT, "text: %u words, at most %d can be looked for",
                           search->terms->len, MAX_TERMS);
    }
    search->streams = g_ptr_array_new_with_free_func(dn_stream_free);
    search_fingerprint(search);
    search->snapshot = dn_kv_snapshot(kv);
    return true;
}

static bool
is_impossible(const DnSearch *search)
{
    const DnQuery *query = search->query;

    return (query->has_date && search->date_from > search->date_to) ||
           (query->has_amount && search->amount_from > search->amount_to) ||
           (search->party && query->missing == DN_MISSING_PARTY) ||
           (query->has_date && query->missing == DN_MISSING_DATE) ||
           (query->has_amount && query->missing == DN_MISSING_AMOUNT);
}

static bool
is_after(const DnSearch *search, const DnPlace *place)
{
    return !search->has_after ||
           dn_place_compare(place, &search->after, dn_search_sorts_down(search->query->sort)) > 0;
}

static void
add_hit(DnSearch *search, GArray *hits, DnCandidate *candidate)
{
    Hit hit = {.place = dn_candidate_place(search, candidate), .deleted = candidate->deleted};

    if (!is_after(search, &hit.place))
        return;
    if (candidate->value && dn_candidate_cover(search, candidate)) {
        hit.has_id = true;
        hit.id = candidate->cover.id;
    }
    g_array_append_val(hits, hit);
}

static int
compare_hits(gconstpointer a, gconstpointer b, gpointer down)
{
    return dn_place_compare(&((const Hit *)a)->place, &((const Hit *)b)->place,
                            GPOINTER_TO_INT(down));
}

static void
sort_hits(const DnSearch *search, GArray *hits, guint most)
{
    g_array_sort_with_data(hits, compare_hits,
                           GINT_TO_POINTER(dn_search_sorts_down(search->query->sort)));
    if (hits->len > most)
        g_array_set_size(hits, most);
}

/* True when the page, and one more to know that there is a next, or the end was reached. */
static bool
find_by_walk(DnSearch *search, GArray *hits, guint most, uint64_t budget)
{
    g_auto(DnWalk) walk = {.tail = dn_walk_tail(search)};
    DnCandidate row;

    search->steps = 0;
    while (hits->len < most) {
        if (search->steps++ >= budget)
            return false;
        if (!dn_walk_next(search, &walk, &row))
            return true;
        if (dn_candidate_matches(search, &row))
            add_hit(search, hits, &row);
    }
    return true;
}

static void
find_by_source(DnSearch *search, DnSource *source, GArray *hits, guint most)
{
    guint room = most > G_MAXUINT / 2 - TRIM_SLACK ? G_MAXUINT : 2 * most + TRIM_SLACK;
    DnCandidate row;

    while (!search->error && dn_source_next(search, source, &row)) {
        if (dn_candidate_matches(search, &row))
            add_hit(search, hits, &row);
        if (hits->len >= room)
            sort_hits(search, hits, most);
    }
    sort_hits(search, hits, most);
}

/* Every voucher in order, nothing kept: exports visit millions. */
static bool
visit_walk(DnSearch *search, DnQueryVisitor visit, void *user_data, GError **error)
{
    g_auto(DnWalk) walk = {.tail = dn_walk_tail(search)};
    DnCandidate row;

    while (dn_walk_next(search, &walk, &row)) {
        DnPlace place;

        if (!dn_candidate_matches(search, &row))
            continue;
        place = dn_candidate_place(search, &row);
        if (!is_after(search, &place))
            continue;
        if (!dn_candidate_cover(search, &row))
            break;
        if (!visit(&row.cover.id, user_data, error))
            return false;
    }
    return true;
}

static bool
visit_hits(DnSearch *search, GArray *hits, DnQueryVisitor visit, void *user_data, GError **error)
{
    for (guint i = 0; i < hits->len; i++) {
        Hit *hit = &g_array_index(hits, Hit, i);

        if (!hit->has_id) {
            DnCandidate row = {.seq = hit->place.seq, .has_state = true, .deleted = hit->deleted};

            if (!dn_candidate_cover(search, &row))
                return dn_search_damaged(search);
            hit->id = row.cover.id;
        }
        if (!visit(&hit->id, user_data, error))
            return false;
    }
    return true;
}

/* Words are dear to test one voucher at a time, and often rare: are all that have them few? */
static bool
is_short(DnSearch *search, DnSource *source)
{
    DnCandidate ignored;

    while (source->steps < SHORT_STEPS && dn_source_next(search, source, &ignored))
        ;
    if (source->steps >= SHORT_STEPS)
        return false;
    dn_source_rewind(source);
    return true;
}

/* A page by the walk, or by the words when few have them; false when that would take long. */
static bool
find_quickly(DnSearch *search, GArray *hits, guint most)
{
    uint64_t budget = BUDGET_ROWS + (uint64_t)BUDGET_ROWS_A_HIT * search->query->limit;

    if (search->terms) {
        g_autoptr(DnSource) lists = dn_source_of_lists(search);

        if (is_short(search, lists)) {
            find_by_source(search, lists, hits, most);
            return true;
        }
        budget *= 1 + DN_SEARCH_SEEK_STEPS * search->terms->len;
    }
    return find_by_walk(search, hits, most, budget);
}

/* True when walking in order goes through the very rows that @source would. */
static bool
is_walk(const DnSearch *search, const DnSource *source)
{
    const DnRange *range = NULL;

    if (source->streams || source->ranges->len == 0)
        return false;
    range = g_ptr_array_index(source->ranges, 0);
    return range->tail == dn_walk_tail(search) && range->tail != DN_TAIL_ALL;
}

static bool
find(DnSearch *search, DnQueryVisitor visit, void *user_data, char **out_cursor, GError **error)
{
    uint32_t limit = search->query->limit;
    guint most = limit == 0 || limit == UINT32_MAX ? G_MAXUINT : limit + 1;
    g_autoptr(GArray) hits = g_array_new(FALSE, FALSE, sizeof(Hit));
    g_autoptr(GPtrArray) sources = NULL;
    g_autofree char *cursor = NULL;
    bool all = false;

    if (limit == 0 || !find_quickly(search, hits, most)) {
        DnSource *source = NULL;

        g_array_set_size(hits, 0);
        sources = dn_source_all(search);
        source = sources->len > 0 ? dn_source_race(search, sources) : NULL;
        if (search->error)
            return false;
        if (source && !is_walk(search, source))
            find_by_source(search, source, hits, most);
        else if (limit == 0)
            all = true;
        else
            find_by_walk(search, hits, most, UINT64_MAX);
    }
    if (search->error)
        return false;
    if (hits->len == most && limit != 0) {
        g_array_set_size(hits, limit);
        cursor = cursor_write(search, &g_array_index(hits, Hit, limit - 1).place);
    }
    if (!(all ? visit_walk(search, visit, user_data, error)
              : visit_hits(search, hits, visit, user_data, error)) ||
        search->error)
        return false;
    if (out_cursor)
        *out_cursor = g_steal_pointer(&cursor);
    return true;
}

bool
dn_index_find(DnKv *kv, const DnUuid *tenant, const DnQuery *query, DnQueryVisitor visit,
              void *user_data, char **out_cursor, GError **error)
{
    g_auto(DnSearch) search = {0};

    if (!search_init(&search, kv, tenant, query, error) ||
        (query->after && !cursor_read(&search, query->after, error)))
        return false;
    if (is_impossible(&search)) {
        if (out_cursor)
            *out_cursor = NULL;
        return true;
    }
    if (find(&search, visit, user_data, out_cursor, error))
        return true;
    if (search.error)
        g_propagate_error(error, g_steal_pointer(&search.error));
    return false;
}

bool
dn_index_count(DnKv *kv, const DnUuid *tenant, const DnQuery *query, uint64_t *out_count,
               GError **error)
{
    g_auto(DnSearch) search = {0};
    DnQuery unsorted = *query;
    g_autoptr(GPtrArray) sources = NULL;
    DnSource *source = NULL;
    DnCandidate row;
    uint64_t count = 0;

    unsorted.sort = DN_SORT_REGISTERED;
    if (!search_init(&search, kv, tenant, &unsorted, error))
        return false;
    if (!is_impossible(&search)) {
        sources = dn_source_all(&search);
        if (sources->len == 0)
            g_ptr_array_add(sources, dn_source_of_table(&search, DN_KEY_SEQ, DN_TAIL_SEQ));
        source = dn_source_race(&search, sources);
        while (!search.error && dn_source_next(&search, source, &row))
            count += dn_candidate_matches(&search, &row);
    }
    if (search.error) {
        g_propagate_error(error, g_steal_pointer(&search.error));
        return false;
    }
    *out_count = count;
    return true;
}
