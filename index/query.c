/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * index/query.c - a query answered by the cheapest of several ways, all of which agree.
 *
 * The ways of a page: to walk the table that is sorted as asked and test row by row; to go through
 * the rows of a few names, or of date and amount, by date; to go through all rows of a term that
 * has an index, and sort. Which is the shortest depends on how many vouchers have what, together,
 * and nothing knows that; so they race, each a number of steps at a time that doubles each round,
 * and the first to fill the page, or to come to its end, has won. A race costs at most a small
 * multiple of its winner. Everything is read from one snapshot.
 */
#include "config.h"
#include "index/query.h"
#include "base/digest.h"
#include "index/gate.h"
#include "index/party.h"
#include "index/search.h"
#include "index/text.h"

#include <stdlib.h>
#include <string.h>

enum {
    MAX_TERMS = 256,
    RACE_STEPS = 256,  /* of each in the first round */
    MANY_STEPS = 1024, /* the same, to learn who is likely to win */
    FAVOURITE = 4,     /* times as many for the one that is likely to win */
    CURSOR_VERSION = 1,
    FINGERPRINT_BYTES = DN_SEARCH_FINGERPRINT_BYTES,
    CURSOR_BYTES = 1 + FINGERPRINT_BYTES + 1 + 8 + 8,
    TRIM_SLACK = 1024,
    LOOK_UP_MOST = 256,
    MOST_ROW_BYTES = 1 << 20, /* that are kept: beyond, they are looked up again */
    SHORT_STEPS = 256,        /* before it needs a place at the gate */
};

typedef struct {
    DnPlace place;
    bool has_id;
    bool deleted;
    DnUuid id;
    guint row;      /* in the rows of its way ... */
    guint row_size; /* ... or 0: not there */
} Hit;

static void
search_clear(DnSearch *search)
{
    if (search->words)
        g_ptr_array_unref(search->words);
    if (search->phrases)
        g_ptr_array_unref(search->phrases);
    if (search->streams)
        g_ptr_array_unref(search->streams);
    if (search->terms)
        g_ptr_array_unref(search->terms);
    if (search->few)
        g_ptr_array_unref(search->few);
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
search_fingerprint(const DnSearch *search, uint8_t out[FINGERPRINT_BYTES])
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
    add_text(bytes, query->currency);
    add_text(bytes, query->party);
    dn_key_add_u8(bytes, (uint8_t)query->party_match);
    add_text(bytes, query->text);
    add_text(bytes, query->kind);
    add_text(bytes, query->label);
    dn_key_add_u8(bytes, (uint8_t)query->missing);
    dn_key_add_u8(bytes, (uint8_t)query->deleted);
    dn_key_add_u8(bytes, (uint8_t)query->sort);
    hash = dn_sha256(bytes->data, bytes->len);
    memcpy(out, hash.bytes, FINGERPRINT_BYTES);
}

static char *
cursor_write(const DnSearch *search, const DnPlace *place)
{
    g_autoptr(GByteArray) bytes = g_byte_array_sized_new(CURSOR_BYTES);
    uint8_t fingerprint[FINGERPRINT_BYTES];
    char *text = NULL;

    search_fingerprint(search, fingerprint);
    dn_key_add_u8(bytes, CURSOR_VERSION);
    g_byte_array_append(bytes, fingerprint, FINGERPRINT_BYTES);
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
    uint8_t fingerprint[FINGERPRINT_BYTES];
    DnKeyReader in;
    uint8_t version = 0;

    search_fingerprint(search, fingerprint);
    if (strlen(text) != (CURSOR_BYTES * 4 + 2) / 3 ||
        strspn(text, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "-_") != strlen(text))
        return dn_fail(error, DN_ERROR_INVALID, "not a cursor of a search");
    padded = g_strconcat(text, "==", NULL);
    padded[(strlen(text) + 3) / 4 * 4] = '\0';
    bytes = g_base64_decode(g_strdelimit(g_strdelimit(padded, "-", '+'), "_", '/'), &size);
    in = (DnKeyReader){bytes, size};
    if (size != CURSOR_BYTES || !dn_key_read_u8(&in, &version) || version != CURSOR_VERSION)
        return dn_fail(error, DN_ERROR_INVALID, "not a cursor of a search");
    if (memcmp(in.bytes, fingerprint, FINGERPRINT_BYTES) != 0)
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

/* (transfer full) (nullable) Those that the lists alone do not answer. */
static GPtrArray *
phrases_to_read(const char *text)
{
    g_autoptr(GPtrArray) phrases = dn_text_phrases(text);

    for (guint i = phrases->len; i-- > 0;)
        if (dn_text_is_token(g_ptr_array_index(phrases, i)))
            g_ptr_array_remove_index(phrases, i);
    return phrases->len > 0 ? g_steal_pointer(&phrases) : NULL;
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
    search->currency = query->currency ? dn_index_currency(query->currency) : NULL;
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
        search->phrases = phrases_to_read(query->text);
        if (search->phrases && !query->load_text)
            return dn_fail(error, DN_ERROR_INVALID, "text: phrases cannot be looked for here");
        if (search->terms->len > MAX_TERMS)
            return dn_fail(error, DN_ERROR_LIMIT, "text: %u words, at most %d can be looked for",
                           search->terms->len, MAX_TERMS);
    }
    search->streams = g_ptr_array_new_with_free_func(dn_stream_free);
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
           ((query->has_amount || query->currency) && query->missing == DN_MISSING_AMOUNT);
}

static bool
is_after(const DnSearch *search, const DnPlace *place)
{
    return !search->has_after ||
           dn_place_compare(place, &search->after, dn_search_sorts_down(search->query->sort)) > 0;
}

/* @rows: (nullable) where a row that has all that is shown is kept, since it is at hand. */
static void
add_hit(DnSearch *search, GArray *hits, GByteArray *rows, DnCandidate *candidate)
{
    Hit hit = {.place = dn_candidate_place(search, candidate), .deleted = candidate->deleted};

    if (!is_after(search, &hit.place))
        return;
    if (candidate->has_id) {
        hit.has_id = true;
        hit.id = candidate->id;
    } else if (candidate->value) {
        hit.has_id = dn_cover_read_id(&hit.id, candidate->value, candidate->value_size);
        if (!hit.has_id)
            dn_search_damaged(search);
    }
    if (rows && candidate->is_whole && candidate->value && rows->len < MOST_ROW_BYTES) {
        hit.row = rows->len;
        hit.row_size = (guint)candidate->value_size;
        g_byte_array_append(rows, candidate->value, hit.row_size);
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

/* One way to the answer, as far as it has come. */
typedef struct {
    const char *name;
    DnSource *source; /* one of the three */
    DnMerge *merge;
    DnWalk *walk;
    bool by_place;    /* candidates come in the order asked for ... */
    bool by_value;    /* ... or those of one value together */
    unsigned answers; /* terms that all its candidates meet */
    GArray *hits;     /* NULL: they are only counted */
    GByteArray *rows; /* (nullable) of the hits of a page */
    uint64_t count;
    uint64_t steps;
} Way;

static void
way_free(void *data)
{
    Way *way = data;

    if (!way)
        return;
    if (way->source)
        dn_source_free(way->source);
    dn_merge_free(way->merge);
    if (way->walk)
        dn_walk_close(way->walk);
    g_free(way->walk);
    if (way->hits)
        g_array_unref(way->hits);
    if (way->rows)
        g_byte_array_unref(way->rows);
    g_free(way);
}

static Way *
add_way(GPtrArray *ways, const char *name, bool counts)
{
    Way *way = g_new0(Way, 1);

    way->name = name;
    way->hits = counts ? NULL : g_array_new(FALSE, FALSE, sizeof(Hit));
    g_ptr_array_add(ways, way);
    return way;
}

/* What is asked for. */
enum { TERM_DATE = 1, TERM_AMOUNT = 2, TERM_CURRENCY = 4, TERM_PARTY = 8, TERM_LIST = 16 };

static unsigned
terms_of(const DnSearch *search)
{
    const DnQuery *query = search->query;
    unsigned terms = 0;

    if (query->has_date || query->missing == DN_MISSING_DATE)
        terms |= TERM_DATE;
    if (query->has_amount || query->missing == DN_MISSING_AMOUNT)
        terms |= TERM_AMOUNT;
    if (search->currency)
        terms |= TERM_CURRENCY;
    if (search->party || search->number || query->missing == DN_MISSING_PARTY)
        terms |= TERM_PARTY;
    if (search->terms || query->label || query->kind)
        terms |= TERM_LIST;
    return terms;
}

static void
add_walk(DnSearch *search, GPtrArray *ways)
{
    static const char *const names[] = {"walk by arrival", "walk by date", "walk by amount"};
    DnTail tail = dn_walk_tail(search);
    Way *way = add_way(ways, names[tail], false);

    way->walk = g_new0(DnWalk, 1);
    way->walk->tail = tail;
    way->by_place = true;
    way->answers = tail == DN_TAIL_DATE ? TERM_DATE : tail == DN_TAIL_AMOUNT ? TERM_AMOUNT : 0;
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
range_is_one_value(const DnRange *range)
{
    g_autoptr(GByteArray) next = dn_key_copy(range->from);

    return dn_key_next(next) && next->len == range->to->len &&
           memcmp(next->data, range->to->data, next->len) == 0;
}

/* Do its candidates come in order of arrival? Lists do, and rows of one date or amount. */
static bool
is_by_arrival(const DnSource *source)
{
    const DnRange *range = NULL;
    size_t value = 0;

    if (source->streams)
        return true;
    if (source->ranges->len != 1 || source->names)
        return false;
    range = g_ptr_array_index(source->ranges, 0);
    if (range->tail == DN_TAIL_TERM)
        return true;
    if (range->tail != DN_TAIL_DATE && range->tail != DN_TAIL_AMOUNT)
        return false;
    value = dn_tail_bytes[range->tail] - dn_tail_bytes[DN_TAIL_SEQ];
    return range->to && range->from->len == range->prefix->len + value && range_is_one_value(range);
}

static unsigned
source_answers(const DnSource *source)
{
    const DnRange *range = NULL;

    if (source->streams || source->is_kind || source->is_label)
        return TERM_LIST;
    if (source->ranges->len == 0)
        return 0;
    range = g_ptr_array_index(source->ranges, 0);
    return range->tail == DN_TAIL_DATE     ? TERM_DATE
           : range->tail == DN_TAIL_AMOUNT ? TERM_AMOUNT
                                           : 0;
}

static void
add_sources(DnSearch *search, GPtrArray *ways, bool pages, bool counts)
{
    g_autoptr(GPtrArray) sources = dn_source_all(search, pages);

    g_ptr_array_set_free_func(sources, NULL);
    for (guint i = 0; i < sources->len; i++) {
        DnSource *source = g_ptr_array_index(sources, i);
        Way *way = NULL;

        if (pages && is_walk(search, source)) {
            dn_source_free(source);
            continue;
        }
        way = add_way(ways, source->name, counts);
        way->source = source;
        way->by_place = search->query->sort == DN_SORT_REGISTERED && is_by_arrival(source);
        way->answers = source_answers(source);
    }
}

static void
add_merge(GPtrArray *ways, DnMerge *merge, unsigned answers)
{
    Way *way = NULL;

    if (!merge)
        return;
    way = add_way(ways, merge->name, false);
    way->merge = merge;
    way->by_value = true;
    way->answers = answers;
}

static bool
way_next(DnSearch *search, Way *way, DnCandidate *out)
{
    if (way->source)
        return dn_source_next(search, way->source, out);
    if (way->merge)
        return dn_merge_next(search, way->merge, out);
    return dn_walk_next(search, way->walk, out);
}

/* Of one that goes by values: is the page full, and @next of another than its last? */
static bool
is_next_value(const DnSearch *search, const Way *way, const DnCandidate *next, guint most)
{
    DnPlace place;
    const Hit *last = NULL;

    if (!way->by_value || way->hits->len < most)
        return false;
    place = dn_candidate_place(search, next);
    last = &g_array_index(way->hits, Hit, way->hits->len - 1);
    return place.missing != last->place.missing || place.value != last->place.value;
}

/* A search that turns out to be long goes on when there is a processor for it. */
static void
search_enter(DnSearch *search)
{
    if (search->is_inside || search->steps < SHORT_STEPS)
        return;
    dn_gate_enter(dn_gate_of_process());
    search->is_inside = true;
}

static void
search_leave(DnSearch *search)
{
    if (search->is_inside)
        dn_gate_leave(dn_gate_of_process());
    search->is_inside = false;
}

/* Goes on up to @steps in all; true when it has the answer. */
static bool
way_go(DnSearch *search, Way *way, uint64_t steps, guint most)
{
    guint room = most > G_MAXUINT / 2 - TRIM_SLACK ? G_MAXUINT : 2 * most + TRIM_SLACK;
    uint64_t before = search->steps - way->steps;
    DnCandidate row = {.later = false};
    bool done = false;

    if (way->merge && way->merge->too_many)
        return false;
    while (!done && !search->error && way->steps < steps) {
        bool full = way->by_place && way->hits && way->hits->len >= most;

        search_enter(search);
        search->steps++;
        if (full || !way_next(search, way, &row)) {
            done = true;
        } else if (row.later) {
            ; /* the steps are counted */
        } else if (is_next_value(search, way, &row, most)) {
            done = true;
        } else if (dn_candidate_matches(search, &row)) {
            way->count++;
            if (way->hits)
                add_hit(search, way->hits, way->rows, &row);
        }
        if (way->hits && !way->by_place && (done || way->hits->len >= room))
            sort_hits(search, way->hits, most);
        way->steps = search->steps - before;
    }
    return done;
}

/* About how many steps it is from its answer: one that comes in order finds the rest of a page as
 * often as it did so far. UINT64_MAX: nobody knows. */
static uint64_t
steps_left(const Way *way, guint most)
{
    uint64_t hits = way->hits ? way->hits->len : 0;

    if (!way->by_place && !way->by_value)
        return UINT64_MAX;
    if (hits >= most)
        return 0;
    if (way->merge)
        return dn_merge_steps_left(way->merge, most - hits);
    return way->steps == 0 ? UINT64_MAX : (most - hits) * way->steps / MAX(hits, 1);
}

static Way *
nearest(const GPtrArray *ways, guint most)
{
    Way *best = g_ptr_array_index(ways, 0);

    for (guint i = 1; i < ways->len; i++)
        if (steps_left(g_ptr_array_index(ways, i), most) < steps_left(best, most))
            best = g_ptr_array_index(ways, i);
    return best;
}

/* (transfer none) The first to have the answer. A merge of a few names is likely to be. One of many
 * that has only to show its rows knows how far it has to go, and a walk how often it finds one. */
static Way *
race_on(DnSearch *search, GPtrArray *ways, guint most)
{
    Way *front = g_ptr_array_index(ways, 0);
    bool few = front->merge && !front->merge->many;
    bool many = front->merge && front->merge->many && front->merge->whole;
    Way *favourite = few ? front : NULL;

    for (uint64_t steps = many ? MANY_STEPS : RACE_STEPS; !search->error; steps *= 2) {
        if (many && steps > MANY_STEPS)
            favourite = nearest(ways, most);
        if (ways->len == 1 || steps > UINT64_MAX / (2 * FAVOURITE))
            steps = UINT64_MAX / FAVOURITE;
        if (favourite && way_go(search, favourite, steps * FAVOURITE, most))
            return favourite;
        for (guint i = 0; i < ways->len; i++) {
            Way *way = g_ptr_array_index(ways, i);

            if (way != favourite && way_go(search, way, steps, most))
                return way;
        }
    }
    return NULL;
}

static Way *
race(DnSearch *search, GPtrArray *ways, guint most)
{
    Way *way = race_on(search, ways, most);

    search_leave(search);
    return way;
}

/* One that comes in order and meets all terms reads what it shows and no more: nobody can be much
 * faster, so nobody is asked to try. Nor where only lists name vouchers, by arrival: a walk would
 * ask the same lists about each. */
static void
keep_the_best(const DnSearch *search, GPtrArray *ways)
{
    unsigned terms = terms_of(search);

    for (guint i = 0; i < ways->len; i++) {
        Way *way = g_ptr_array_index(ways, i);

        if ((!way->by_place && !way->by_value) || (terms & ~way->answers) != 0)
            continue;
        g_ptr_array_index(ways, i) = NULL;
        g_ptr_array_set_size(ways, 0);
        g_ptr_array_add(ways, way);
        return;
    }
}

static void
tell_cost(const DnSearch *search, const GPtrArray *ways, const Way *way, DnIndexCost *cost)
{
    GString *raced = g_string_new(NULL);

    for (guint i = 0; i < ways->len; i++) {
        const Way *one = g_ptr_array_index(ways, i);

        g_string_append_printf(raced, "%s%s %" G_GUINT64_FORMAT, i ? ", " : "", one->name,
                               one->steps);
    }
    dn_index_cost_clear(cost);
    *cost = (DnIndexCost){.plan = way ? way->name : "none",
                          .raced = g_string_free(raced, FALSE),
                          .rows = search->rows,
                          .steps = search->steps,
                          .texts = search->texts};
}

void
dn_index_cost_clear(DnIndexCost *self)
{
    g_clear_pointer(&self->raced, g_free);
    *self = (DnIndexCost){0};
}

/* Whoever asked: by ids, or for all that is known of each. */
typedef struct {
    DnQueryVisitor visit;
    DnCoverVisitor visit_row;
    void *user_data;
} Asker;

static bool
tell_cover(const Asker *asker, const DnCover *cover, GError **error)
{
    return asker->visit_row ? asker->visit_row(cover, asker->user_data, error)
                            : asker->visit(&cover->id, asker->user_data, error);
}

/* The row by arrival is the one that has what is shown. */
static bool
tell_row(DnSearch *search, const Asker *asker, uint64_t seq, bool deleted, GError **error)
{
    DnCandidate row = {.seq = seq, .has_state = true, .deleted = deleted};

    if (!dn_candidate_cover(search, &row))
        return dn_search_damaged(search);
    return tell_cover(asker, &row.cover, error);
}

/* Every voucher in order, nothing kept: exports visit millions. */
static bool
visit_walk(DnSearch *search, const Asker *asker, GError **error)
{
    g_auto(DnWalk) walk = {.tail = dn_walk_tail(search)};
    DnCandidate row;

    while (dn_walk_next(search, &walk, &row)) {
        DnPlace place;
        bool ok = true;

        if (!dn_candidate_matches(search, &row))
            continue;
        place = dn_candidate_place(search, &row);
        if (!is_after(search, &place))
            continue;
        if (!dn_candidate_cover(search, &row))
            break;
        if (asker->visit)
            ok = asker->visit(&row.cover.id, asker->user_data, error);
        else if (walk.tail == DN_TAIL_SEQ)
            ok = asker->visit_row(&row.cover, asker->user_data, error);
        else
            ok = tell_row(search, asker, row.seq, row.deleted, error);
        if (!ok)
            return false;
    }
    return true;
}

static bool
needs_row(const Asker *asker, const Hit *hit)
{
    return hit->row_size == 0 && !(asker->visit && hit->has_id);
}

static int
compare_seqs(gconstpointer a, gconstpointer b)
{
    uint64_t x = ((const DnCandidate *)a)->seq;
    uint64_t y = ((const DnCandidate *)b)->seq;

    return (x > y) - (x < y);
}

/* (transfer full) The rows of those hits that are told by them, in order of arrival; NULL on
 * failure. @bytes keeps them. */
static GArray *
look_up_rows(DnSearch *search, const Hit *hits, guint count, const Asker *asker, GByteArray *bytes)
{
    g_autoptr(GArray) rows = g_array_new(FALSE, FALSE, sizeof(DnCandidate));

    for (guint i = 0; i < count; i++) {
        DnCandidate row = {.seq = hits[i].place.seq, .has_state = true, .deleted = hits[i].deleted};

        if (needs_row(asker, &hits[i]))
            g_array_append_val(rows, row);
    }
    g_array_sort(rows, compare_seqs);
    return dn_candidates_look_up(search, (DnCandidate *)(void *)rows->data, rows->len, bytes)
               ? g_steal_pointer(&rows)
               : NULL;
}

static bool
tell_hit(DnSearch *search, const Way *way, const Hit *hit, const GArray *rows, const Asker *asker,
         GError **error)
{
    const DnCandidate wanted = {.seq = hit->place.seq};
    const uint8_t *value = NULL;
    size_t size = hit->row_size;
    DnCover cover;

    if (asker->visit && hit->has_id)
        return asker->visit(&hit->id, asker->user_data, error);
    if (needs_row(asker, hit)) {
        const DnCandidate *row =
            bsearch(&wanted, rows->data, rows->len, sizeof wanted, compare_seqs);

        value = row->value;
        size = row->value_size;
    } else {
        value = way->rows->data + hit->row;
    }
    if (!value || !dn_cover_read(&cover, value, size))
        return dn_search_damaged(search);
    return tell_cover(asker, &cover, error);
}

/* Rows that are not at hand are looked up many at a time. */
static bool
visit_hits(DnSearch *search, const Way *way, const Asker *asker, GError **error)
{
    const Hit *hits = (const Hit *)(const void *)way->hits->data;
    guint count = 0;

    for (guint first = 0; first < way->hits->len; first += count) {
        g_autoptr(GByteArray) bytes = g_byte_array_new();
        g_autoptr(GArray) rows = NULL;

        count = MIN(way->hits->len - first, LOOK_UP_MOST);
        rows = look_up_rows(search, hits + first, count, asker, bytes);
        for (guint i = 0; rows && i < count; i++)
            if (!tell_hit(search, way, &hits[first + i], rows, asker, error))
                return false;
        if (!rows)
            return false;
    }
    return true;
}

/* Of ways that come in order, so that no more are kept than a page shows. */
static void
keep_rows(GPtrArray *ways)
{
    for (guint i = 0; i < ways->len; i++) {
        Way *way = g_ptr_array_index(ways, i);

        if (way->by_place)
            way->rows = g_byte_array_new();
    }
}

static bool
find(DnSearch *search, const Asker *asker, char **out_cursor, DnIndexCost *cost, GError **error)
{
    uint32_t limit = search->query->limit;
    guint most = limit == 0 || limit == UINT32_MAX ? G_MAXUINT : limit + 1;
    g_autoptr(GPtrArray) ways = g_ptr_array_new_with_free_func(way_free);
    g_autofree char *cursor = NULL;
    Way *way = NULL;
    bool all = false;

    if (limit == 0) {
        add_sources(search, ways, false, false);
        all = ways->len == 0 ||
              (ways->len == 1 && is_walk(search, ((Way *)g_ptr_array_index(ways, 0))->source));
    } else {
        DnMerge *merge = dn_merge_of_party(search);

        /* With many names, a walk is faster where they have most vouchers. */
        add_merge(ways, merge,
                  merge && merge->whole && !merge->many ? TERM_PARTY | TERM_DATE | TERM_AMOUNT : 0);
        add_merge(ways, dn_merge_of_pair(search), 0);
        add_sources(search, ways, true, false);
        add_walk(search, ways);
        keep_the_best(search, ways);
        if (asker->visit_row && limit != UINT32_MAX)
            keep_rows(ways);
    }
    if (!all)
        way = race(search, ways, most);
    if (search->error)
        return false;
    if (limit != 0 && way->hits->len == most) {
        g_array_set_size(way->hits, limit);
        cursor = cursor_write(search, &g_array_index(way->hits, Hit, limit - 1).place);
    }
    if (!(all ? visit_walk(search, asker, error) : visit_hits(search, way, asker, error)) ||
        search->error)
        return false;
    if (cost)
        tell_cost(search, ways, way, cost);
    if (out_cursor)
        *out_cursor = g_steal_pointer(&cursor);
    return true;
}

static bool
ask(DnKv *kv, const DnUuid *tenant, const DnQuery *query, const Asker *asker, char **out_cursor,
    DnIndexCost *out_cost, GError **error)
{
    g_auto(DnSearch) search = {0};

    if (!search_init(&search, kv, tenant, query, error) ||
        (query->after && !cursor_read(&search, query->after, error)))
        return false;
    if (is_impossible(&search)) {
        if (out_cursor)
            *out_cursor = NULL;
        if (out_cost)
            *out_cost =
                (DnIndexCost){.plan = "nothing can have all of that", .raced = g_strdup("")};
        return true;
    }
    if (find(&search, asker, out_cursor, out_cost, error))
        return true;
    if (search.error)
        g_propagate_error(error, g_steal_pointer(&search.error));
    return false;
}

bool
dn_index_explain(DnKv *kv, const DnUuid *tenant, const DnQuery *query, DnQueryVisitor visit,
                 void *user_data, char **out_cursor, DnIndexCost *out_cost, GError **error)
{
    const Asker asker = {.visit = visit, .user_data = user_data};

    return ask(kv, tenant, query, &asker, out_cursor, out_cost, error);
}

bool
dn_index_find(DnKv *kv, const DnUuid *tenant, const DnQuery *query, DnQueryVisitor visit,
              void *user_data, char **out_cursor, GError **error)
{
    return dn_index_explain(kv, tenant, query, visit, user_data, out_cursor, NULL, error);
}

bool
dn_index_find_rows(DnKv *kv, const DnUuid *tenant, const DnQuery *query, DnCoverVisitor visit,
                   void *user_data, char **out_cursor, GError **error)
{
    const Asker asker = {.visit_row = visit, .user_data = user_data};

    return ask(kv, tenant, query, &asker, out_cursor, NULL, error);
}

/* By all rows of the term that has the fewest. */
static uint64_t
count_rows(DnSearch *search)
{
    g_autoptr(GPtrArray) ways = g_ptr_array_new_with_free_func(way_free);
    Way *way = NULL;

    add_sources(search, ways, false, true);
    if (ways->len == 0) {
        way = add_way(ways, "all", true);
        way->source = dn_source_of_table(search, "all", DN_KEY_SEQ, DN_TAIL_SEQ);
    }
    way = race(search, ways, G_MAXUINT);
    return way ? way->count : 0;
}

bool
dn_index_count(DnKv *kv, const DnUuid *tenant, const DnQuery *query, uint64_t *out_count,
               GError **error)
{
    g_auto(DnSearch) search = {0};
    DnQuery unsorted = *query;
    uint64_t count = 0;

    unsorted.sort = DN_SORT_REGISTERED;
    if (!search_init(&search, kv, tenant, &unsorted, error))
        return false;
    if (!is_impossible(&search) && !dn_count_quickly(&search, &count))
        count = count_rows(&search);
    if (search.error) {
        g_propagate_error(error, g_steal_pointer(&search.error));
        return false;
    }
    *out_count = count;
    return true;
}
