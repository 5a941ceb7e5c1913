/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * index/query.c - a query answered by the cheapest of several ways, all of which agree.
 *
 * In order: rows in the very order asked for are walked (Walk) and tested one by one; a page often
 * fills at once. If a budget of rows does not fill it, each term that an index answers becomes a
 * Source of candidates: a range of dates, of amounts, of both (skipping within each day to the
 * amounts wanted), the rows of the names that match, or the intersection of ordered lists (words,
 * label, kind). Nothing is estimated: the sources race, each a bounded number of steps at a time,
 * and the first to reach its end is the smallest. Its candidates are tested, sorted, and cut to the
 * page. A race costs at most a small multiple of its winner.
 *
 * A candidate knows what its key says; the rest comes from its cover, read only when a term needs
 * it. Everything is read from one snapshot.
 */
#include "config.h"
#include "index/query.h"
#include "base/digest.h"
#include "index/party.h"
#include "index/record.h"
#include "index/text.h"

#include <string.h>

enum {
    STATES = 2, /* there, deleted */
    MAX_TERMS = 256,
    BUDGET_ROWS = 512,     /* of a walk, before other ways are looked at ... */
    BUDGET_ROWS_A_HIT = 4, /* ... and as many more for each voucher asked for */
    RACE_STEPS = 512,      /* of the first round; doubled each round */
    SEEK_STEPS = 8,        /* a seek costs as much as so many steps */
    SHORT_STEPS = 4096,
    NEXTS_BEFORE_SEEK = 8,
    CURSOR_VERSION = 1,
    FINGERPRINT_BYTES = 8,
    CURSOR_BYTES = 1 + FINGERPRINT_BYTES + 1 + 8 + 8,
    TRIM_SLACK = 1024,
};

/** Where a voucher stands in the order asked for. */
typedef struct {
    uint8_t missing; /* 1: has no value to sort by, comes last */
    int64_t value;   /* date or amount; 0 in order of arrival */
    uint64_t seq;
} Place;

typedef struct {
    Place place;
    bool has_id;
    bool deleted;
    DnUuid id;
} Hit;

/** One word's vouchers in order of arrival: rows, or what was collected of several. */
typedef struct {
    DnKvCursor *cursor; /* (nullable) */
    GByteArray *prefix; /* of all its rows */
    GArray *seqs;       /* (nullable) */
    uint64_t floor;     /* no voucher from here to where the cursor stands */
} Stream;

typedef struct {
    DnKvSnapshot *snapshot;
    const DnUuid *tenant;
    const DnQuery *query;
    int32_t date_from;
    int32_t date_to;
    int64_t amount_from;
    int64_t amount_to;
    bool wanted[STATES];
    char *party;        /* (nullable) folded */
    char *number;       /* (nullable) */
    GPtrArray *terms;   /* (nullable) DnTextTerm */
    GPtrArray *streams; /* Stream: owns them */
    GPtrArray *words;   /* (nullable) the stream of each term, once opened */
    bool has_after;
    Place after;
    uint8_t fingerprint[FINGERPRINT_BYTES];
    DnKvCursor *by_seq[STATES]; /* opened when the first cover is looked up */
    uint64_t steps;
    GError *error; /* the first failure; everything then ends */
} Search;

typedef enum { TAIL_SEQ, TAIL_DATE, TAIL_AMOUNT, TAIL_ALL } Tail;

static const size_t tail_bytes[] = {
    [TAIL_SEQ] = 8, [TAIL_DATE] = 4 + 8, [TAIL_AMOUNT] = 8 + 8, [TAIL_ALL] = 4 + 8 + 8};

typedef struct {
    uint64_t seq;
    bool has_state;
    bool has_date;
    bool has_amount;
    bool party_met; /* the row itself answers for the party */
    bool text_met;
    bool deleted;
    int32_t date_days;
    int64_t amount;
    const uint8_t *value; /* (nullable) of a row that has a cover */
    size_t value_size;
    bool has_cover;
    DnCover cover;
} Candidate;

typedef struct {
    GByteArray *from;
    GByteArray *to; /* (nullable) */
    GByteArray *prefix;
    Tail tail;
    bool deleted;
} Range;

typedef struct {
    GPtrArray *ranges;  /* (nullable) Range */
    GPtrArray *streams; /* (nullable) Stream, lent by the search */
    guint range;
    DnKvCursor *cursor; /* (nullable) on ranges[range] */
    bool standing;      /* on a row that was given out */
    unsigned misses;
    uint64_t next_seq;
    bool ended;
    bool is_party;
    uint64_t steps;
} Source;

/* --- places ------------------------------------------------------------------------------- */

static bool
sorts_down(DnSort sort)
{
    return sort == DN_SORT_DATE_DOWN || sort == DN_SORT_AMOUNT_DOWN;
}

static bool
sorts_by_date(DnSort sort)
{
    return sort == DN_SORT_DATE || sort == DN_SORT_DATE_DOWN;
}

static bool
sorts_by_amount(DnSort sort)
{
    return sort == DN_SORT_AMOUNT || sort == DN_SORT_AMOUNT_DOWN;
}

static int
place_compare(const Place *a, const Place *b, bool down)
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

/* --- ranges ------------------------------------------------------------------------------- */

static GByteArray *
key_copy(const GByteArray *key)
{
    GByteArray *copy = g_byte_array_sized_new(key->len + 32);

    g_byte_array_append(copy, key->data, key->len);
    return copy;
}

static void
range_free(void *data)
{
    Range *range = data;

    g_byte_array_unref(range->prefix);
    g_byte_array_unref(range->from);
    if (range->to)
        g_byte_array_unref(range->to);
    g_free(range);
}

/* All keys that begin with @prefix. Takes it. */
static Range *
range_new(GByteArray *prefix, Tail tail, bool deleted)
{
    Range *range = g_new0(Range, 1);

    range->prefix = prefix;
    range->from = key_copy(prefix);
    range->to = key_copy(prefix);
    if (!dn_key_next(range->to))
        g_clear_pointer(&range->to, g_byte_array_unref);
    range->tail = tail;
    range->deleted = deleted;
    return range;
}

/* Of those, the ones whose next part lies in [from, to]. */
static void
range_bound_i32(Range *range, int32_t from, int32_t to)
{
    dn_key_add_i32(range->from, from);
    if (range->to)
        g_byte_array_unref(range->to);
    range->to = key_copy(range->prefix);
    dn_key_add_i32(range->to, to);
    if (!dn_key_next(range->to))
        g_clear_pointer(&range->to, g_byte_array_unref);
}

static void
range_bound_i64(Range *range, int64_t from, int64_t to)
{
    dn_key_add_i64(range->from, from);
    if (range->to)
        g_byte_array_unref(range->to);
    range->to = key_copy(range->prefix);
    dn_key_add_i64(range->to, to);
    if (!dn_key_next(range->to))
        g_clear_pointer(&range->to, g_byte_array_unref);
}

static DnKvCursor *
range_cursor(Search *search, const Range *range, bool backwards)
{
    return dn_kv_snapshot_cursor(search->snapshot, DN_KV_INDEX, range->from->data, range->from->len,
                                 range->to ? range->to->data : NULL, range->to ? range->to->len : 0,
                                 backwards);
}

static GByteArray *
state_prefix(const Search *search, DnKeyTable table, bool deleted)
{
    GByteArray *key = dn_key_new(search->tenant, table);

    dn_key_add_u8(key, deleted);
    return key;
}

/* --- the search --------------------------------------------------------------------------- */

static bool
search_damaged(Search *search)
{
    if (!search->error)
        dn_fail(&search->error, DN_ERROR_CORRUPT, "the index has a row that cannot be read");
    return false;
}

/* At the end of a cursor: was it the end? */
static void
search_check(Search *search, DnKvCursor *cursor)
{
    if (!search->error)
        dn_kv_cursor_ok(cursor, &search->error);
}

static void
stream_free(void *data)
{
    Stream *stream = data;

    dn_kv_cursor_close(stream->cursor);
    if (stream->prefix)
        g_byte_array_unref(stream->prefix);
    if (stream->seqs)
        g_array_unref(stream->seqs);
    g_free(stream);
}

static void
search_clear(Search *search)
{
    if (search->words)
        g_ptr_array_unref(search->words);
    if (search->streams)
        g_ptr_array_unref(search->streams);
    if (search->terms)
        g_ptr_array_unref(search->terms);
    for (int state = 0; state < STATES; state++)
        dn_kv_cursor_close(search->by_seq[state]);
    dn_kv_snapshot_free(search->snapshot);
    g_free(search->party);
    g_free(search->number);
    g_clear_error(&search->error);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Search, search_clear)

static void
add_text(GByteArray *bytes, const char *text)
{
    dn_key_add_u8(bytes, text != NULL);
    dn_key_add_string(bytes, text ? text : "");
}

/* Of everything but the page. */
static void
search_fingerprint(Search *search)
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
cursor_write(const Search *search, const Place *place)
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
cursor_read(Search *search, const char *text, GError **error)
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
search_init(Search *search, DnKv *kv, const DnUuid *tenant, const DnQuery *query, GError **error)
{
    *search = (Search){.tenant = tenant, .query = query};
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
    search->streams = g_ptr_array_new_with_free_func(stream_free);
    search_fingerprint(search);
    search->snapshot = dn_kv_snapshot(kv);
    return true;
}

static bool
is_impossible(const Search *search)
{
    const DnQuery *query = search->query;

    return (query->has_date && search->date_from > search->date_to) ||
           (query->has_amount && search->amount_from > search->amount_to) ||
           (search->party && query->missing == DN_MISSING_PARTY) ||
           (query->has_date && query->missing == DN_MISSING_DATE) ||
           (query->has_amount && query->missing == DN_MISSING_AMOUNT);
}

/* --- streams ------------------------------------------------------------------------------ */

static Stream *
stream_open(Search *search, DnKeyTable table, const char *term)
{
    Stream *stream = g_new0(Stream, 1);
    Range *range = NULL;

    stream->prefix = dn_key_new(search->tenant, table);
    dn_key_add_term(stream->prefix, term);
    range = range_new(g_byte_array_ref(stream->prefix), TAIL_SEQ, false);
    stream->cursor = range_cursor(search, range, false);
    range_free(range);
    return stream;
}

static int
compare_seqs(gconstpointer a, gconstpointer b)
{
    uint64_t left = *(const uint64_t *)a;
    uint64_t right = *(const uint64_t *)b;

    return (left > right) - (left < right);
}

/* The seq at the end of the cursor's key. */
static bool
cursor_seq(Search *search, const DnKvCursor *cursor, uint64_t *out_seq)
{
    size_t size = 0;
    const uint8_t *key = dn_kv_cursor_key(cursor, &size);
    DnKeyReader in = {key + size - tail_bytes[TAIL_SEQ], tail_bytes[TAIL_SEQ]};

    if (size < tail_bytes[TAIL_SEQ] || !dn_key_read_u64(&in, out_seq))
        return search_damaged(search);
    return true;
}

/* Vouchers with any token that begins with @term. */
static Stream *
stream_collect(Search *search, const char *term)
{
    Stream *stream = g_new0(Stream, 1);
    GByteArray *prefix = dn_key_new(search->tenant, DN_KEY_TOKEN);
    Range *range = NULL;
    g_autoptr(DnKvCursor) cursor = NULL;
    guint kept = 0;
    uint64_t seq = 0;

    stream->seqs = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    g_byte_array_append(prefix, (const guint8 *)term, (guint)strlen(term));
    range = range_new(prefix, TAIL_SEQ, false);
    cursor = range_cursor(search, range, false);
    range_free(range);
    for (; dn_kv_cursor_valid(cursor); dn_kv_cursor_next(cursor))
        if (cursor_seq(search, cursor, &seq))
            g_array_append_val(stream->seqs, seq);
    search_check(search, cursor);
    g_array_sort(stream->seqs, compare_seqs);
    for (guint i = 0; i < stream->seqs->len; i++) {
        seq = g_array_index(stream->seqs, uint64_t, i);
        if (kept == 0 || g_array_index(stream->seqs, uint64_t, kept - 1) != seq)
            g_array_index(stream->seqs, uint64_t, kept++) = seq;
    }
    g_array_set_size(stream->seqs, kept);
    return stream;
}

static bool
stream_seek_array(Stream *stream, uint64_t seq, uint64_t *out_seq)
{
    guint low = 0;
    guint high = stream->seqs->len;

    while (low < high) {
        guint middle = low + (high - low) / 2;

        if (g_array_index(stream->seqs, uint64_t, middle) < seq)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == stream->seqs->len)
        return false;
    *out_seq = g_array_index(stream->seqs, uint64_t, low);
    return true;
}

/* Where the cursor stands; false at its end. */
static bool
stream_here(Search *search, const Stream *stream, uint64_t *out_seq)
{
    if (!dn_kv_cursor_valid(stream->cursor)) {
        search_check(search, stream->cursor);
        return false;
    }
    return cursor_seq(search, stream->cursor, out_seq);
}

/* The first voucher at or after @seq; false when there is none. Near ones are reached step by step,
 * others by a seek. */
static bool
stream_seek(Search *search, Stream *stream, uint64_t seq, uint64_t *out_seq, uint64_t *steps)
{
    uint64_t here = 0;
    bool has = false;

    ++*steps;
    if (stream->seqs)
        return stream_seek_array(stream, seq, out_seq);
    has = stream_here(search, stream, &here);
    for (unsigned i = 0; has && here < seq && i < NEXTS_BEFORE_SEEK; i++) {
        stream->floor = here + 1;
        ++*steps;
        dn_kv_cursor_next(stream->cursor);
        has = stream_here(search, stream, &here);
    }
    if (seq < stream->floor || (has && here < seq)) {
        guint size = stream->prefix->len;

        *steps += SEEK_STEPS;
        dn_key_add_u64(stream->prefix, seq);
        dn_kv_cursor_seek(stream->cursor, stream->prefix->data, stream->prefix->len);
        g_byte_array_set_size(stream->prefix, size);
        stream->floor = seq;
        has = stream_here(search, stream, &here);
    }
    if (has)
        *out_seq = here;
    return has;
}

static Stream *
search_keep(Search *search, Stream *stream)
{
    g_ptr_array_add(search->streams, stream);
    return stream;
}

/* Opened once, for whoever asks: each seek stands alone. */
static void
search_open_words(Search *search)
{
    if (search->words || !search->terms)
        return;
    search->words = g_ptr_array_new();
    for (guint i = 0; i < search->terms->len; i++) {
        DnTextTerm *term = g_ptr_array_index(search->terms, i);
        Stream *stream = term->prefix ? stream_collect(search, term->token)
                                      : stream_open(search, DN_KEY_TOKEN, term->token);

        g_ptr_array_add(search->words, search_keep(search, stream));
    }
}

static bool
has_words(Search *search, uint64_t seq)
{
    uint64_t found = 0;

    search_open_words(search);
    for (guint i = 0; i < search->words->len; i++)
        if (!stream_seek(search, g_ptr_array_index(search->words, i), seq, &found,
                         &search->steps) ||
            found != seq)
            return false;
    return true;
}

/* --- candidates --------------------------------------------------------------------------- */

static bool
candidate_read_cover(Search *search, Candidate *candidate)
{
    if (!dn_cover_read(&candidate->cover, candidate->value, candidate->value_size) ||
        candidate->cover.seq != candidate->seq)
        return search_damaged(search);
    candidate->has_cover = true;
    candidate->has_state = true;
    candidate->deleted = candidate->cover.deleted;
    candidate->has_date = true;
    candidate->date_days = candidate->cover.date_days;
    candidate->has_amount = true;
    candidate->amount = candidate->cover.amount;
    return true;
}

/* Finds the cover by seq. False when the voucher is in no state that is wanted, or on failure. */
static bool
candidate_cover(Search *search, Candidate *candidate)
{
    if (candidate->has_cover)
        return true;
    if (candidate->value)
        return candidate_read_cover(search, candidate);
    for (int state = 0; state < STATES; state++) {
        g_autoptr(GByteArray) key = NULL;
        const uint8_t *found = NULL;
        size_t size = 0;

        if (!search->wanted[state] || (candidate->has_state && candidate->deleted != (state == 1)))
            continue;
        search->steps += SEEK_STEPS;
        if (!search->by_seq[state]) {
            Range *range = range_new(state_prefix(search, DN_KEY_SEQ, state), TAIL_SEQ, state);

            search->by_seq[state] = range_cursor(search, range, false);
            range_free(range);
        }
        key = state_prefix(search, DN_KEY_SEQ, state);
        dn_key_add_u64(key, candidate->seq);
        dn_kv_cursor_seek(search->by_seq[state], key->data, key->len);
        if (!dn_kv_cursor_valid(search->by_seq[state])) {
            search_check(search, search->by_seq[state]);
            continue;
        }
        found = dn_kv_cursor_key(search->by_seq[state], &size);
        if (size != key->len || memcmp(found, key->data, size) != 0)
            continue;
        candidate->value = dn_kv_cursor_value(search->by_seq[state], &candidate->value_size);
        return candidate_read_cover(search, candidate);
    }
    return false;
}

static bool
candidate_values_match(const Search *search, const Candidate *candidate)
{
    const DnQuery *query = search->query;

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
candidate_cover_matches(const Search *search, const DnCover *cover)
{
    const DnQuery *query = search->query;

    if (search->party && !strstr(cover->party, search->party))
        return false;
    if (search->number && strcmp(cover->number, search->number) != 0)
        return false;
    if (query->missing == DN_MISSING_PARTY && *cover->party)
        return false;
    if (query->kind && strcmp(cover->kind, query->kind) != 0)
        return false;
    return !query->label || dn_cover_has_label(cover, query->label);
}

static bool
candidate_matches(Search *search, Candidate *candidate)
{
    const DnQuery *query = search->query;
    bool by_date =
        query->has_date || query->missing == DN_MISSING_DATE || sorts_by_date(query->sort);
    bool by_amount =
        query->has_amount || query->missing == DN_MISSING_AMOUNT || sorts_by_amount(query->sort);
    bool by_party = search->party || search->number || query->missing == DN_MISSING_PARTY;

    if (!candidate->has_state || (by_date && !candidate->has_date) ||
        (by_amount && !candidate->has_amount) || (by_party && !candidate->party_met) ||
        query->kind || query->label) {
        if (!candidate_cover(search, candidate) ||
            !candidate_cover_matches(search, &candidate->cover))
            return false;
    }
    return search->wanted[candidate->deleted] && candidate_values_match(search, candidate) &&
           (!search->terms || candidate->text_met || has_words(search, candidate->seq));
}

static Place
candidate_place(const Search *search, const Candidate *candidate)
{
    Place place = {.seq = candidate->seq};

    if (sorts_by_date(search->query->sort)) {
        place.missing = candidate->date_days == DN_DAYS_MISSING;
        place.value = place.missing ? 0 : candidate->date_days;
    } else if (sorts_by_amount(search->query->sort)) {
        place.missing = candidate->amount == DN_AMOUNT_MISSING;
        place.value = place.missing ? 0 : candidate->amount;
    }
    return place;
}

/* What the key of the row under @cursor says. */
static bool
candidate_from_row(Search *search, const DnKvCursor *cursor, Tail tail, bool deleted,
                   Candidate *out)
{
    size_t size = 0;
    const uint8_t *key = dn_kv_cursor_key(cursor, &size);
    DnKeyReader in = {key + size - tail_bytes[tail], tail_bytes[tail]};

    *out = (Candidate){.has_state = true, .deleted = deleted};
    if (size < tail_bytes[tail])
        return search_damaged(search);
    if (tail == TAIL_DATE || tail == TAIL_ALL)
        out->has_date = dn_key_read_i32(&in, &out->date_days);
    if (tail == TAIL_AMOUNT || tail == TAIL_ALL)
        out->has_amount = dn_key_read_i64(&in, &out->amount);
    dn_key_read_u64(&in, &out->seq);
    if (tail != TAIL_ALL)
        out->value = dn_kv_cursor_value(cursor, &out->value_size);
    return true;
}

/* --- sources ------------------------------------------------------------------------------ */

static void
source_free(void *data)
{
    Source *source = data;

    dn_kv_cursor_close(source->cursor);
    if (source->ranges)
        g_ptr_array_unref(source->ranges);
    if (source->streams)
        g_ptr_array_unref(source->streams);
    g_free(source);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Source, source_free)

static Source *
source_new(void)
{
    Source *source = g_new0(Source, 1);

    source->ranges = g_ptr_array_new_with_free_func(range_free);
    return source;
}

static void
source_rewind(Source *source)
{
    g_clear_pointer(&source->cursor, dn_kv_cursor_close);
    source->range = 0;
    source->standing = false;
    source->next_seq = 0;
    source->ended = false;
}

/* A table whose keys end with date, amount, seq: all terms on them become bounds. */
static void
source_add_all(Source *source, const Search *search, GByteArray *prefix, bool deleted)
{
    Range *range = range_new(prefix, TAIL_ALL, deleted);

    if (search->query->has_date)
        range_bound_i32(range, search->date_from, search->date_to);
    else if (search->query->missing == DN_MISSING_DATE)
        range_bound_i32(range, DN_DAYS_MISSING, DN_DAYS_MISSING);
    g_ptr_array_add(source->ranges, range);
}

/* Passes rows over that the amount rules out: a few one by one, then by a seek to where the next
 * can be. True when the row under the cursor stays. */
static bool
source_skip(Source *source, const Search *search, const Range *range, const Candidate *row)
{
    g_autoptr(GByteArray) key = NULL;
    bool below = row->amount < search->amount_from;

    if (!search->query->has_amount || (!below && row->amount <= search->amount_to)) {
        source->misses = 0;
        return true;
    }
    if (++source->misses < NEXTS_BEFORE_SEEK || (!below && row->date_days == INT32_MAX)) {
        dn_kv_cursor_next(source->cursor);
        return false;
    }
    key = key_copy(range->prefix);
    dn_key_add_i32(key, below ? row->date_days : row->date_days + 1);
    dn_key_add_i64(key, search->amount_from);
    source->misses = 0;
    source->steps += SEEK_STEPS;
    dn_kv_cursor_seek(source->cursor, key->data, key->len);
    return false;
}

static bool
source_next_row(Search *search, Source *source, Candidate *out)
{
    while (source->range < source->ranges->len && !search->error) {
        const Range *range = g_ptr_array_index(source->ranges, source->range);

        if (!source->cursor) {
            source->cursor = range_cursor(search, range, false);
            source->standing = false;
            source->misses = 0;
            source->steps += SEEK_STEPS;
        }
        if (source->standing)
            dn_kv_cursor_next(source->cursor);
        source->standing = false;
        while (dn_kv_cursor_valid(source->cursor)) {
            source->steps++;
            if (!candidate_from_row(search, source->cursor, range->tail, range->deleted, out))
                return false;
            if (range->tail == TAIL_ALL && !source_skip(source, search, range, out))
                continue;
            out->party_met = source->is_party;
            source->standing = true;
            return true;
        }
        search_check(search, source->cursor);
        g_clear_pointer(&source->cursor, dn_kv_cursor_close);
        source->range++;
    }
    return false;
}

static bool
source_next_common(Search *search, Source *source, Candidate *out)
{
    uint64_t seq = source->next_seq;
    guint agreed = 0;

    if (source->ended)
        return false;
    for (guint i = 0; agreed < source->streams->len; i = (i + 1) % source->streams->len) {
        uint64_t found = 0;

        if (!stream_seek(search, g_ptr_array_index(source->streams, i), seq, &found,
                         &source->steps) ||
            search->error)
            return false;
        agreed = found == seq ? agreed + 1 : 1;
        seq = found;
    }
    *out = (Candidate){.seq = seq, .text_met = search->terms != NULL};
    source->steps += SEEK_STEPS; /* its cover has to be looked up */
    source->ended = seq == UINT64_MAX;
    source->next_seq = seq + 1;
    return true;
}

static bool
source_next(Search *search, Source *source, Candidate *out)
{
    return source->streams ? source_next_common(search, source, out)
                           : source_next_row(search, source, out);
}

/* The folded names that contain the party asked for. */
static GPtrArray *
matching_names(Search *search)
{
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GByteArray) from = dn_key_new(search->tenant, DN_KEY_NAME);
    g_autoptr(GByteArray) to = key_copy(from);
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
            search_damaged(search);
        else if (strstr(name, search->party))
            g_ptr_array_add(names, g_steal_pointer(&name));
    }
    search_check(search, cursor);
    return names;
}

static Source *
source_of_party(Search *search)
{
    Source *source = source_new();
    g_autoptr(GPtrArray) names = NULL;

    source->is_party = !search->number || search->query->missing != DN_MISSING_PARTY;
    if (search->number)
        for (int state = 0; state < STATES; state++) {
            GByteArray *prefix = NULL;

            if (!search->wanted[state])
                continue;
            prefix = state_prefix(search, DN_KEY_NUMBER, state);
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
        for (int state = 0; state < STATES; state++) {
            GByteArray *prefix = NULL;

            if (!search->wanted[state])
                continue;
            prefix = state_prefix(search, DN_KEY_PARTY, state);
            dn_key_add_string(prefix, g_ptr_array_index(names, i));
            source_add_all(source, search, prefix, state);
        }
    return source;
}

/* All of one table, or the range of it that the query asks for. */
static Source *
source_of_table(const Search *search, DnKeyTable table, Tail tail)
{
    const DnQuery *query = search->query;
    Source *source = source_new();

    for (int state = 0; state < STATES; state++) {
        Range *range = NULL;

        if (!search->wanted[state])
            continue;
        if (tail == TAIL_ALL) {
            source_add_all(source, search, state_prefix(search, table, state), state);
            continue;
        }
        range = range_new(state_prefix(search, table, state), tail, state);
        if (tail == TAIL_DATE && query->has_date)
            range_bound_i32(range, search->date_from, search->date_to);
        else if (tail == TAIL_DATE)
            range_bound_i32(range, DN_DAYS_MISSING, DN_DAYS_MISSING);
        else if (tail == TAIL_AMOUNT && query->has_amount)
            range_bound_i64(range, search->amount_from, search->amount_to);
        else if (tail == TAIL_AMOUNT)
            range_bound_i64(range, DN_AMOUNT_MISSING, DN_AMOUNT_MISSING);
        g_ptr_array_add(source->ranges, range);
    }
    return source;
}

static Source *
source_of_lists(Search *search)
{
    Source *source = source_new();

    g_clear_pointer(&source->ranges, g_ptr_array_unref);
    source->streams = g_ptr_array_new();
    search_open_words(search);
    for (guint i = 0; search->words && i < search->words->len; i++)
        g_ptr_array_add(source->streams, g_ptr_array_index(search->words, i));
    if (search->query->label)
        g_ptr_array_add(source->streams, search_keep(search, stream_open(search, DN_KEY_LABEL,
                                                                         search->query->label)));
    if (search->query->kind)
        g_ptr_array_add(source->streams,
                        search_keep(search, stream_open(search, DN_KEY_KIND, search->query->kind)));
    return source;
}

/* Every index that a term of the query names. Empty when there is none. */
static GPtrArray *
sources_of(Search *search)
{
    const DnQuery *query = search->query;
    GPtrArray *sources = g_ptr_array_new_with_free_func(source_free);

    if (query->has_date || query->missing == DN_MISSING_DATE)
        g_ptr_array_add(sources, source_of_table(search, DN_KEY_DATE, TAIL_DATE));
    if (query->has_amount || query->missing == DN_MISSING_AMOUNT)
        g_ptr_array_add(sources, source_of_table(search, DN_KEY_AMOUNT, TAIL_AMOUNT));
    if (query->has_date && query->has_amount)
        g_ptr_array_add(sources, source_of_table(search, DN_KEY_PAIR, TAIL_ALL));
    if (search->party || search->number || query->missing == DN_MISSING_PARTY)
        g_ptr_array_add(sources, source_of_party(search));
    if (search->terms || query->label || query->kind)
        g_ptr_array_add(sources, source_of_lists(search));
    return sources;
}

/* The smallest: the first to reach its end when all go on in turn. */
static Source *
sources_race(Search *search, GPtrArray *sources)
{
    Candidate ignored;

    for (uint64_t steps = RACE_STEPS; sources->len > 1 && !search->error; steps *= 2)
        for (guint i = 0; i < sources->len; i++) {
            Source *source = g_ptr_array_index(sources, i);

            while (source->steps < steps && source_next(search, source, &ignored))
                ;
            if (source->steps < steps) {
                source_rewind(source);
                return source;
            }
        }
    return g_ptr_array_index(sources, 0);
}

/* --- the walk ----------------------------------------------------------------------------- */

typedef struct {
    Tail tail;
    int phase; /* of those with a value, then of those without */
    bool open;
    DnKvCursor *cursors[STATES];
    bool standing[STATES];
} Walk;

static void
walk_close(Walk *walk)
{
    for (int state = 0; state < STATES; state++)
        g_clear_pointer(&walk->cursors[state], dn_kv_cursor_close);
    walk->open = false;
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Walk, walk_close)

static Tail
walk_tail(const Search *search)
{
    if (sorts_by_date(search->query->sort))
        return TAIL_DATE;
    return sorts_by_amount(search->query->sort) ? TAIL_AMOUNT : TAIL_SEQ;
}

/* False when no row of this phase can be wanted. */
static bool
walk_has_phase(const Search *search, Tail tail, int phase)
{
    const DnQuery *query = search->query;

    if (search->has_after && search->after.missing > phase)
        return false;
    if (tail == TAIL_SEQ)
        return phase == 0;
    if (tail == TAIL_DATE)
        return phase == 0 ? query->missing != DN_MISSING_DATE : !query->has_date;
    return phase == 0 ? query->missing != DN_MISSING_AMOUNT : !query->has_amount;
}

static Range *
walk_range(const Search *search, Tail tail, int phase, bool deleted)
{
    static const DnKeyTable tables[] = {DN_KEY_SEQ, DN_KEY_DATE, DN_KEY_AMOUNT};
    const DnQuery *query = search->query;
    Range *range = range_new(state_prefix(search, tables[tail], deleted), tail, deleted);

    if (tail == TAIL_DATE && phase == 1)
        range_bound_i32(range, DN_DAYS_MISSING, DN_DAYS_MISSING);
    else if (tail == TAIL_DATE)
        range_bound_i32(range, query->has_date ? search->date_from : INT32_MIN + 1,
                        query->has_date ? search->date_to : INT32_MAX);
    else if (tail == TAIL_AMOUNT && phase == 1)
        range_bound_i64(range, DN_AMOUNT_MISSING, DN_AMOUNT_MISSING);
    else if (tail == TAIL_AMOUNT)
        range_bound_i64(range, query->has_amount ? search->amount_from : INT64_MIN + 1,
                        query->has_amount ? search->amount_to : INT64_MAX);
    return range;
}

static void
walk_open(Search *search, Walk *walk)
{
    bool down = sorts_down(search->query->sort);

    for (int state = 0; state < STATES; state++) {
        Range *range = NULL;

        if (!search->wanted[state])
            continue;
        range = walk_range(search, walk->tail, walk->phase, state);
        walk->cursors[state] = range_cursor(search, range, down);
        walk->standing[state] = false;
        if (search->has_after && search->after.missing == walk->phase) {
            g_autoptr(GByteArray) key = key_copy(range->prefix);

            if (walk->tail == TAIL_DATE)
                dn_key_add_i32(key, walk->phase ? DN_DAYS_MISSING : (int32_t)search->after.value);
            else if (walk->tail == TAIL_AMOUNT)
                dn_key_add_i64(key, walk->phase ? DN_AMOUNT_MISSING : search->after.value);
            dn_key_add_u64(key, search->after.seq);
            dn_kv_cursor_seek(walk->cursors[state], key->data, key->len);
        }
        range_free(range);
    }
    walk->open = true;
}

static bool
walk_row(Search *search, Walk *walk, int state, Candidate *out)
{
    if (!walk->cursors[state])
        return false;
    if (walk->standing[state])
        dn_kv_cursor_next(walk->cursors[state]);
    walk->standing[state] = false;
    if (!dn_kv_cursor_valid(walk->cursors[state])) {
        search_check(search, walk->cursors[state]);
        return false;
    }
    return candidate_from_row(search, walk->cursors[state], walk->tail, state, out);
}

/* The next row in the order asked for, whether or not it matches. */
static bool
walk_next(Search *search, Walk *walk, Candidate *out)
{
    bool down = sorts_down(search->query->sort);

    for (; walk->phase < 2 && !search->error; walk->phase++) {
        Candidate rows[STATES];
        bool has[STATES] = {false, false};
        int first = 0;

        if (!walk_has_phase(search, walk->tail, walk->phase))
            continue;
        if (!walk->open)
            walk_open(search, walk);
        for (int state = 0; state < STATES; state++)
            has[state] = walk_row(search, walk, state, &rows[state]);
        if (search->error)
            return false;
        if (has[0] && has[1]) {
            Place a = candidate_place(search, &rows[0]);
            Place b = candidate_place(search, &rows[1]);

            first = place_compare(&a, &b, down) <= 0 ? 0 : 1;
        } else {
            first = has[0] ? 0 : 1;
        }
        if (has[first]) {
            *out = rows[first];
            walk->standing[first] = true;
            return true;
        }
        walk_close(walk);
    }
    return false;
}

/* --- finding ------------------------------------------------------------------------------ */

static bool
is_after(const Search *search, const Place *place)
{
    return !search->has_after ||
           place_compare(place, &search->after, sorts_down(search->query->sort)) > 0;
}

static void
add_hit(Search *search, GArray *hits, Candidate *candidate)
{
    Hit hit = {.place = candidate_place(search, candidate), .deleted = candidate->deleted};

    if (!is_after(search, &hit.place))
        return;
    if (candidate->value && candidate_cover(search, candidate)) {
        hit.has_id = true;
        hit.id = candidate->cover.id;
    }
    g_array_append_val(hits, hit);
}

static int
compare_hits(gconstpointer a, gconstpointer b, gpointer down)
{
    return place_compare(&((const Hit *)a)->place, &((const Hit *)b)->place, GPOINTER_TO_INT(down));
}

static void
sort_hits(const Search *search, GArray *hits, guint most)
{
    g_array_sort_with_data(hits, compare_hits, GINT_TO_POINTER(sorts_down(search->query->sort)));
    if (hits->len > most)
        g_array_set_size(hits, most);
}

/* True when the page, and one more to know that there is a next, or the end was reached. */
static bool
find_by_walk(Search *search, GArray *hits, guint most, uint64_t budget)
{
    g_auto(Walk) walk = {.tail = walk_tail(search)};
    Candidate row;

    search->steps = 0;
    while (hits->len < most) {
        if (search->steps++ >= budget)
            return false;
        if (!walk_next(search, &walk, &row))
            return true;
        if (candidate_matches(search, &row))
            add_hit(search, hits, &row);
    }
    return true;
}

static void
find_by_source(Search *search, Source *source, GArray *hits, guint most)
{
    guint room = most > G_MAXUINT / 2 - TRIM_SLACK ? G_MAXUINT : 2 * most + TRIM_SLACK;
    Candidate row;

    while (!search->error && source_next(search, source, &row)) {
        if (candidate_matches(search, &row))
            add_hit(search, hits, &row);
        if (hits->len >= room)
            sort_hits(search, hits, most);
    }
    sort_hits(search, hits, most);
}

/* Every voucher in order, nothing kept: exports visit millions. */
static bool
visit_walk(Search *search, DnQueryVisitor visit, void *user_data, GError **error)
{
    g_auto(Walk) walk = {.tail = walk_tail(search)};
    Candidate row;

    while (walk_next(search, &walk, &row)) {
        Place place;

        if (!candidate_matches(search, &row))
            continue;
        place = candidate_place(search, &row);
        if (!is_after(search, &place))
            continue;
        if (!candidate_cover(search, &row))
            break;
        if (!visit(&row.cover.id, user_data, error))
            return false;
    }
    return true;
}

static bool
visit_hits(Search *search, GArray *hits, DnQueryVisitor visit, void *user_data, GError **error)
{
    for (guint i = 0; i < hits->len; i++) {
        Hit *hit = &g_array_index(hits, Hit, i);

        if (!hit->has_id) {
            Candidate row = {.seq = hit->place.seq, .has_state = true, .deleted = hit->deleted};

            if (!candidate_cover(search, &row))
                return search_damaged(search);
            hit->id = row.cover.id;
        }
        if (!visit(&hit->id, user_data, error))
            return false;
    }
    return true;
}

/* Words are dear to test one voucher at a time, and often rare: are all that have them few? */
static bool
is_short(Search *search, Source *source)
{
    Candidate ignored;

    while (source->steps < SHORT_STEPS && source_next(search, source, &ignored))
        ;
    if (source->steps >= SHORT_STEPS)
        return false;
    source_rewind(source);
    return true;
}

/* A page by the walk, or by the words when few have them; false when that would take long. */
static bool
find_quickly(Search *search, GArray *hits, guint most)
{
    uint64_t budget = BUDGET_ROWS + (uint64_t)BUDGET_ROWS_A_HIT * search->query->limit;

    if (search->terms) {
        g_autoptr(Source) lists = source_of_lists(search);

        if (is_short(search, lists)) {
            find_by_source(search, lists, hits, most);
            return true;
        }
        budget *= 1 + SEEK_STEPS * search->terms->len;
    }
    return find_by_walk(search, hits, most, budget);
}

/* True when walking in order goes through the very rows that @source would. */
static bool
is_walk(const Search *search, const Source *source)
{
    const Range *range = NULL;

    if (source->streams || source->ranges->len == 0)
        return false;
    range = g_ptr_array_index(source->ranges, 0);
    return range->tail == walk_tail(search) && range->tail != TAIL_ALL;
}

static bool
find(Search *search, DnQueryVisitor visit, void *user_data, char **out_cursor, GError **error)
{
    uint32_t limit = search->query->limit;
    guint most = limit == 0 || limit == UINT32_MAX ? G_MAXUINT : limit + 1;
    g_autoptr(GArray) hits = g_array_new(FALSE, FALSE, sizeof(Hit));
    g_autoptr(GPtrArray) sources = NULL;
    g_autofree char *cursor = NULL;
    bool all = false;

    if (limit == 0 || !find_quickly(search, hits, most)) {
        Source *source = NULL;

        g_array_set_size(hits, 0);
        sources = sources_of(search);
        source = sources->len > 0 ? sources_race(search, sources) : NULL;
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
    g_auto(Search) search = {0};

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
    g_auto(Search) search = {0};
    DnQuery unsorted = *query;
    g_autoptr(GPtrArray) sources = NULL;
    Source *source = NULL;
    Candidate row;
    uint64_t count = 0;

    unsorted.sort = DN_SORT_REGISTERED;
    if (!search_init(&search, kv, tenant, &unsorted, error))
        return false;
    if (!is_impossible(&search)) {
        sources = sources_of(&search);
        if (sources->len == 0)
            g_ptr_array_add(sources, source_of_table(&search, DN_KEY_SEQ, TAIL_SEQ));
        source = sources_race(&search, sources);
        while (!search.error && source_next(&search, source, &row))
            count += candidate_matches(&search, &row);
    }
    if (search.error) {
        g_propagate_error(error, g_steal_pointer(&search.error));
        return false;
    }
    *out_count = count;
    return true;
}
