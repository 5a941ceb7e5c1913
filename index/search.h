/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * index/search.h - the parts of one search: what is asked, rows as candidates, and the ways to come
 * by them. Only query.c and these parts include this.
 *
 * Threads: a search and all that belongs to it stay in one thread. Errors: the first is kept in
 * search->error; whatever reads rows then ends as if there were no more, and the caller looks.
 * Cursors are of the search's snapshot: everything is freed before it.
 */
#ifndef INDEX_SEARCH_H
#define INDEX_SEARCH_H

#include "index/key.h"
#include "index/query.h"
#include "index/record.h"

G_BEGIN_DECLS

enum {
    DN_SEARCH_STATES = 2,     /* there, deleted */
    DN_SEARCH_SEEK_STEPS = 8, /* a seek costs as much as so many steps */
    DN_SEARCH_FINGERPRINT_BYTES = 8,
    DN_SEARCH_NEXTS = 8, /* rows passed one by one before a seek */
};

/** Where a voucher stands in the order asked for. */
typedef struct {
    uint8_t missing; /* 1: has no value to sort by, comes last */
    int64_t value;   /* date or amount; 0 in order of arrival */
    uint64_t seq;
} DnPlace;

/** One word's vouchers in order of arrival: rows, or what was collected of several. */
typedef struct {
    DnKvCursor *cursor; /* (nullable) */
    GByteArray *prefix; /* of all its rows */
    GArray *seqs;       /* (nullable) */
    uint64_t floor;     /* no voucher from here to where the cursor stands */
} DnStream;

/** One query, taken apart. */
typedef struct {
    DnKvSnapshot *snapshot;
    const DnUuid *tenant;
    const DnQuery *query;
    int32_t date_from;
    int32_t date_to;
    int64_t amount_from;
    int64_t amount_to;
    bool wanted[DN_SEARCH_STATES];
    char *party;        /* (nullable) folded */
    char *number;       /* (nullable) */
    GPtrArray *terms;   /* (nullable) DnTextTerm */
    GPtrArray *streams; /* DnStream: owns them */
    GPtrArray *words;   /* (nullable) the stream of each term, once opened */
    bool has_after;
    DnPlace after;
    uint8_t fingerprint[DN_SEARCH_FINGERPRINT_BYTES];
    DnKvCursor *by_seq[DN_SEARCH_STATES]; /* opened when the first cover is looked up */
    uint64_t steps;
    GError *error; /* the first failure; everything then ends */
} DnSearch;

bool dn_search_sorts_down(DnSort sort);
bool dn_search_sorts_by_date(DnSort sort);
bool dn_search_sorts_by_amount(DnSort sort);

/** Keeps CORRUPT, unless there is an error already. Returns false. */
bool dn_search_damaged(DnSearch *self);
/** At the end of @cursor: keeps the error if it is not its real end. */
void dn_search_check(DnSearch *self, DnKvCursor *cursor);

/** In the order asked for; @down turns values and arrival round, but not that missing comes last.
 */
int dn_place_compare(const DnPlace *a, const DnPlace *b, bool down);

/** What the keys of a table end with. */
typedef enum { DN_TAIL_SEQ, DN_TAIL_DATE, DN_TAIL_AMOUNT, DN_TAIL_ALL } DnTail;

/** How many bytes that is. */
extern const size_t dn_tail_bytes[];

/** Rows of one table whose keys lie together. */
typedef struct {
    GByteArray *from;
    GByteArray *to; /* (nullable) */
    GByteArray *prefix;
    DnTail tail;
    bool deleted;
} DnRange;

/** (transfer full) The beginning of the keys of @table in a state. */
GByteArray *dn_range_prefix(const DnSearch *search, DnKeyTable table, bool deleted);
/** (transfer full) All keys that begin with @prefix, which it takes. */
DnRange *dn_range_new(GByteArray *prefix, DnTail tail, bool deleted);
/** Of those, the ones whose next part lies in [@from, @to]. */
void dn_range_bound_i32(DnRange *range, int32_t from, int32_t to);
void dn_range_bound_i64(DnRange *range, int64_t from, int64_t to);
/** (transfer full) A cursor over it. */
DnKvCursor *dn_range_cursor(DnSearch *search, const DnRange *range, bool backwards);
void dn_range_free(void *data);

/** A row that may be a hit. @value and the strings of @cover are lent until the cursor it came
 * from, or the next look-up of a cover, moves. */
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
} DnCandidate;

/** What the key of the row under @cursor says. */
bool dn_candidate_from_row(DnSearch *search, const DnKvCursor *cursor, DnTail tail, bool deleted,
                           DnCandidate *out);
/** Looks its cover up. False when the voucher is in no state that is wanted, or on failure. */
bool dn_candidate_cover(DnSearch *search, DnCandidate *candidate);
/** Does it meet all terms? */
bool dn_candidate_matches(DnSearch *search, DnCandidate *candidate);
/** Where one that matched, or came from a walk, stands. */
DnPlace dn_candidate_place(const DnSearch *search, const DnCandidate *candidate);

/** (transfer none: the search owns it) The vouchers of one term of an index of lists. */
DnStream *dn_stream_open(DnSearch *search, DnKeyTable table, const char *term);
/** The first voucher at or after @seq; false when there is none. Adds what it cost to *@steps. */
bool dn_stream_seek(DnSearch *search, DnStream *stream, uint64_t seq, uint64_t *out_seq,
                    uint64_t *steps);
/** Fills search->words, once. */
void dn_stream_open_words(DnSearch *search);
/** Does the text of voucher @seq have all words? */
bool dn_stream_has_words(DnSearch *search, uint64_t seq);
void dn_stream_free(void *data);

/** Candidates in any order, by one term of the query or several. */
typedef struct {
    GPtrArray *ranges;  /* (nullable) DnRange */
    GPtrArray *streams; /* (nullable) DnStream, lent by the search */
    guint range;
    DnKvCursor *cursor; /* (nullable) on ranges[range] */
    bool standing;      /* on a row that was given out */
    unsigned misses;
    uint64_t next_seq;
    bool ended;
    bool is_party;
    uint64_t steps;
} DnSource;

void dn_source_free(void *data);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DnSource, dn_source_free)
/** (transfer full) One of words, label and kind together. */
DnSource *dn_source_of_lists(DnSearch *search);
/** (transfer full) All of one table, or the range of it that the query asks for. */
DnSource *dn_source_of_table(const DnSearch *search, DnKeyTable table, DnTail tail);
/** (transfer full) Every source that a term of the query names. Empty when there is none. */
GPtrArray *dn_source_all(DnSearch *search);
/** (transfer none) The smallest: the first to reach its end when all go on in turn. */
DnSource *dn_source_race(DnSearch *search, GPtrArray *sources);
bool dn_source_next(DnSearch *search, DnSource *source, DnCandidate *out);
/** Begins again. */
void dn_source_rewind(DnSource *source);

/** All rows in the order asked for. */
typedef struct {
    DnTail tail;
    int phase; /* of those with a value, then of those without */
    bool open;
    DnKvCursor *cursors[DN_SEARCH_STATES];
    bool standing[DN_SEARCH_STATES];
} DnWalk;

DnTail dn_walk_tail(const DnSearch *search);
/** The next row, whether or not it matches. */
bool dn_walk_next(DnSearch *search, DnWalk *walk, DnCandidate *out);
void dn_walk_close(DnWalk *walk);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(DnWalk, dn_walk_close)

G_END_DECLS
#endif
