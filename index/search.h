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
#include "index/posting.h"
#include "index/query.h"
#include "index/record.h"

G_BEGIN_DECLS

enum {
    DN_SEARCH_STATES = 2,     /* there, deleted */
    DN_SEARCH_SEEK_STEPS = 8, /* a seek costs as much as so many steps */
    DN_SEARCH_FINGERPRINT_BYTES = 8,
    DN_SEARCH_NEXTS = 8, /* rows passed one by one before a seek */
    DN_SEARCH_FEW_NAMES = 64,
};

/** Where a voucher stands in the order asked for. */
typedef struct {
    uint8_t missing; /* 1: has no value to sort by, comes last */
    int64_t value;   /* date or amount; 0 in order of arrival */
    uint64_t seq;
} DnPlace;

/** One term's vouchers in order of arrival, a block of them at a time. */
typedef struct {
    DnKvCursor *cursor;
    GByteArray *prefix; /* of all its blocks */
    GHashTable *blocks; /* (nullable) of all words that begin with the term: those joined so far */
    GArray *seqs;       /* of the block, as far as it was read */
    guint at;           /* in seqs: the last answer */
    uint64_t base;      /* of the block's places */
    DnPostingReader rest; /* of the block */
    uint64_t floor;       /* no voucher of the term from here to the first of the block ... */
    uint64_t end;         /* ... nor from its last to before here */
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
    char *party;          /* (nullable) folded */
    char *number;         /* (nullable) */
    const char *currency; /* (nullable) as rows have it */
    GPtrArray *terms;     /* (nullable) DnTextTerm */
    GPtrArray *phrases;   /* (nullable) folded */
    GPtrArray *streams;   /* DnStream: owns them */
    GPtrArray *words;     /* (nullable) the stream of each term, to ask about one voucher */
    bool has_after;
    DnPlace after;
    GPtrArray *few; /* (nullable) the names that the party means, when they are few ... */
    bool knows_few; /* ... or many */
    DnKvCursor *by_seq[DN_SEARCH_STATES]; /* opened when the first cover is looked up */
    uint64_t steps;
    uint64_t rows;
    uint64_t texts;
    bool is_inside; /* the gate */
    GError *error;  /* the first failure; everything then ends */
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
typedef enum {
    DN_TAIL_SEQ,
    DN_TAIL_DATE,
    DN_TAIL_AMOUNT,
    DN_TAIL_ALL,       /* date, amount, seq */
    DN_TAIL_BY_AMOUNT, /* amount, date, seq */
    DN_TAIL_TERM       /* seq, and no cover */
} DnTail;

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
    bool kind_met;
    bool label_met;
    bool deleted;
    int32_t date_days;
    int64_t amount;
    const char *currency; /* (nullable) as in rows, without a NUL: lent like @value */
    size_t currency_size;
    bool later;    /* none yet: whoever was asked has done enough for now */
    bool has_id;   /* without a cover */
    bool is_whole; /* value is of SEQ: it has what is shown, too */
    DnUuid id;
    guint row;            /* of a look-up of many: where it put the value */
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
/** Looks up the rows of @count that are of ascending seq, into @rows, which keeps them. Those that
 * are in no state that is wanted have no value then. False on failure. */
bool dn_candidates_look_up(DnSearch *search, DnCandidate *candidates, guint count,
                           GByteArray *rows);
/** Does it meet all terms? */
bool dn_candidate_matches(DnSearch *search, DnCandidate *candidate);
/** Where one that matched, or came from a walk, stands. */
DnPlace dn_candidate_place(const DnSearch *search, const DnCandidate *candidate);

/** (transfer none: the search owns it) The vouchers of one term. */
DnStream *dn_stream_open(DnSearch *search, DnKeyTable table, const char *term);
/** (transfer full) A new stream of each word of the text; the search owns the streams. */
GPtrArray *dn_stream_open_words(DnSearch *search);
/** The first voucher at or after @seq; false when there is none. */
bool dn_stream_seek(DnSearch *search, DnStream *stream, uint64_t seq, uint64_t *out_seq);
/** Does the text of voucher @seq have all words? */
bool dn_stream_has_words(DnSearch *search, uint64_t seq);
void dn_stream_free(void *data);

/** The folded names that the party of the query means, one after another. */
typedef struct {
    DnKvCursor *cursor; /* (nullable) */
    GByteArray *prefix; /* of the rows gone through */
    char *last;
    bool ended;
} DnNames;

DnNames *dn_names_open(DnSearch *search);
/** (transfer full) Each once; NULL at the end. */
char *dn_names_next(DnSearch *search, DnNames *names);
void dn_names_free(DnNames *names);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DnNames, dn_names_free)
/** (transfer none) All of them, or NULL when they are more than DN_SEARCH_FEW_NAMES. */
const GPtrArray *dn_names_few(DnSearch *search);

/** Does the folded @name meet the party of the query? */
bool dn_names_match(const DnSearch *search, const char *name);

/** Of rows with @tail ALL or BY_AMOUNT: passes one over that its second value rules out, a few one
 * by one, then by a seek to where the next can be, either way. True when the row under @cursor
 * stays. @prefix: of the table, before the first value. */
bool dn_range_skip(DnSearch *search, DnKvCursor *cursor, const GByteArray *prefix, DnTail tail,
                   const DnCandidate *row, bool down, unsigned *misses);

/** Candidates in any order, by one term of the query or several. */
typedef struct {
    const char *name;   /* static: what a plan calls it */
    GPtrArray *ranges;  /* DnRange */
    DnNames *names;     /* (nullable) give more ranges when those are through ... */
    DnKeyTable table;   /* ... of this table, */
    DnTail tail;        /* whose keys end so */
    GPtrArray *streams; /* (nullable) DnStream, lent by the search: instead of ranges */
    guint range;
    DnKvCursor *cursor; /* (nullable) on ranges[range] */
    bool standing;      /* on a row that was given out */
    unsigned misses;
    uint64_t next_seq;
    GArray *ahead;    /* DnCandidate, of lists: a few, whose rows were looked up together */
    guint ahead_next; /* of them */
    guint ahead_most;
    GByteArray *rows; /* theirs */
    bool ended;
    bool is_party; /* its rows themselves answer for the party, */
    bool is_kind;  /* the kind, */
    bool is_label; /* the label */
} DnSource;

void dn_source_free(void *data);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DnSource, dn_source_free)
/** (transfer full) All of one table, or the range of it that the query asks for. */
DnSource *dn_source_of_table(const DnSearch *search, const char *name, DnKeyTable table,
                             DnTail tail);
/** (transfer full) Every source that a term of the query names. Empty when there is none.
 * @merged: without those whose rows a merge goes through in order. */
GPtrArray *dn_source_all(DnSearch *search, bool merged);
/** The next, whether or not it matches. Those of streams come in order of arrival. */
bool dn_source_next(DnSearch *search, DnSource *source, DnCandidate *out);

/** Rows of one of the ranges that are merged, read ahead. */
typedef struct DnMergeInput DnMergeInput;

/** Rows of some ranges of one table, each in the order of its first value, merged in the order
 * asked for; those of one value in any order. Missing values come last. */
typedef struct {
    const char *name; /* static */
    DnTail tail;
    GPtrArray *inputs; /* DnMergeInput; of many names, those that were opened */
    GArray *turns;     /* a heap of who can have the next row */
    bool many;         /* names: their ranges are opened one by one, as it comes to them, */
    bool too_many;     /* or not at all: nothing ever comes */
    GByteArray *names; /* of many: each ended by NUL */
    DnNames *lister;   /* (nullable) gives names ... */
    GPtrArray *listed; /* ... into this, ... */
    guint looked_up;   /* ... whose lists are looked up then */
    DnKvCursor *spans; /* (nullable) or names are read with their lists ... */
    int state;         /* ... of these vouchers */
    bool is_party;
    bool whole; /* all rows that it goes through meet the terms it is for */
    int phase;
    bool open;
    DnKvCursor *cursor;  /* (nullable) one for all */
    DnMergeInput *under; /* (nullable) whose next row is under it */
} DnMerge;

/** (transfer full) One by a term of the query, or NULL when there is none or the order is another.
 * The first is the one that names say, the second that of both date and amount. */
DnMerge *dn_merge_of_party(DnSearch *search);
DnMerge *dn_merge_of_pair(DnSearch *search);
/** About how many steps it is from @rows more rows, as far as names are known. */
uint64_t dn_merge_steps_left(const DnMerge *merge, uint64_t rows);
/** The next, whether or not it matches; or later. */
bool dn_merge_next(DnSearch *search, DnMerge *merge, DnCandidate *out);
void dn_merge_free(DnMerge *merge);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DnMerge, dn_merge_free)

/** How many vouchers match, by counters. False when they cannot tell. */
bool dn_count_quickly(DnSearch *search, uint64_t *out_count);

/** All rows in the order asked for. */
typedef struct {
    DnTail tail;
    int phase; /* of those with a value, then of those without */
    bool open;
    DnKvCursor *cursors[DN_SEARCH_STATES];
    bool standing[DN_SEARCH_STATES];
} DnWalk;

DnTail dn_walk_tail(const DnSearch *search);
/** Whether vouchers with a value (phase 0) or without (1) can be wanted. */
bool dn_walk_has_phase(const DnSearch *search, DnTail tail, int phase);
/** The next row, whether or not it matches. */
bool dn_walk_next(DnSearch *search, DnWalk *walk, DnCandidate *out);
void dn_walk_close(DnWalk *walk);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(DnWalk, dn_walk_close)

G_END_DECLS
#endif
