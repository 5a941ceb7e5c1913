/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * index/query.h - vouchers found by date, amount, counterparty and more.
 *
 * The rows of one voucher are a pure function of its record, so an update writes the difference of
 * two records. A query is planned: one index gives a range of keys in the order asked for, covering
 * values answer the other terms. All terms are joined by AND, ranges include both ends (規則 2-6-5,
 * law rows R38 to R46).
 *
 * Threads: any; see index/kv.h.
 */
#ifndef INDEX_QUERY_H
#define INDEX_QUERY_H

#include "base/uuid.h"
#include "index/kv.h"
#include "index/record.h"

G_BEGIN_DECLS

enum { DN_DAYS_MISSING = INT32_MIN };
#define DN_AMOUNT_MISSING INT64_MIN

/** What search knows of a voucher: its newest version. */
typedef struct {
    DnUuid id;
    uint64_t registered_seq; /* of voucher.registered: the order of arrival; unique in a tenant */
    int32_t date_days;       /* transaction date, days since 1970-01-01, or DN_DAYS_MISSING */
    int64_t amount;          /* minor units, or DN_AMOUNT_MISSING */
    const char *currency;    /* ISO 4217; NULL: JPY */
    const char *party;       /* as printed (nullable) */
    const char *registration_number; /* (nullable) "T" + 13 digits */
    const char *kind;
    const char *const *labels; /* (nullable) ended by NULL */
    bool deleted;
    const char *shown; /* (nullable) what a result shows beside all this; nobody looks into it */
} DnIndexRecord;

/** Adds to @batch what turns the rows of @before (NULL: none) into those of @after (NULL: none). */
void dn_index_update(DnKvBatch *batch, const DnUuid *tenant, const DnIndexRecord *before,
                     const DnIndexRecord *after);

/** The same for the full text that was read of the voucher (UTF-8, nullable), which is named by its
 * registered_seq: a text has hundreds of rows, and ids of 16 random bytes would be most of them. */
void dn_index_update_text(DnKvBatch *batch, const DnUuid *tenant, uint64_t registered_seq,
                          const char *before, const char *after);

typedef enum { DN_DELETED_EXCLUDE, DN_DELETED_INCLUDE, DN_DELETED_ONLY } DnDeleted;
typedef enum { DN_MISSING_NONE, DN_MISSING_DATE, DN_MISSING_AMOUNT, DN_MISSING_PARTY } DnMissing;
typedef enum {
    DN_SORT_REGISTERED,
    DN_SORT_DATE,
    DN_SORT_DATE_DOWN,
    DN_SORT_AMOUNT,
    DN_SORT_AMOUNT_DOWN
} DnSort;

/** How a folded name is compared. */
typedef enum { DN_PARTY_CONTAINED, DN_PARTY_PREFIX, DN_PARTY_EXACT } DnPartyMatch;

/** (transfer full) The text that was read of a voucher, or NULL when there is none. */
typedef bool (*DnTextLoader)(const DnUuid *id, char **out_text, void *user_data, GError **error);

/** A zeroed query finds everything that is not deleted, in order of arrival. */
typedef struct {
    bool has_date;
    int32_t date_from_days; /* inclusive; INT32_MIN + 1: open */
    int32_t date_to_days;   /* inclusive; INT32_MAX: open */
    bool has_amount;
    int64_t amount_from; /* inclusive; INT64_MIN + 1: open */
    int64_t amount_to;
    const char *currency; /* (nullable) amounts of this one only; those without an amount have none.
                             Without it units of different currencies are compared as numbers */
    const char *party;    /* a name or part of one, or a registration number "T..." exactly */
    DnPartyMatch party_match;
    const char *text;       /* all its words and "phrases" (index/text.h) */
    DnTextLoader load_text; /* needed for phrases: the index holds words only */
    void *load_data;
    const char *kind;
    const char *label;
    DnMissing missing;
    DnDeleted deleted;
    DnSort sort;       /* missing values come last, either way; equal ones in order of arrival, or
                          the latest first when the sort goes down */
    uint32_t limit;    /* 0: no limit */
    const char *after; /* (nullable) cursor of an earlier page */
} DnQuery;

typedef bool (*DnQueryVisitor)(const DnUuid *id, void *user_data, GError **error);

/** What an answer took. */
typedef struct {
    const char *plan; /* static: the way that came first: "walk by date", "rows of names" */
    char *raced;      /* (owned) "walk by date 512, rows of names 37": steps of each */
    uint64_t rows;    /* looked at, of all ways */
    uint64_t steps;   /* a row is one, a seek is DN_INDEX_SEEK_STEPS */
    uint64_t texts;   /* read for phrases */
} DnIndexCost;

void dn_index_cost_clear(DnIndexCost *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(DnIndexCost, dn_index_cost_clear)

/** Visits up to query->limit vouchers in order. *@out_cursor (transfer full, nullable out) is where
 * the next page begins, NULL at the end: an opaque string that stays valid while vouchers are
 * added. The whole page is of one moment; a visitor may write. INVALID for a cursor of another
 * query, and for a party or a text of which folding leaves nothing; LIMIT for a text of too many
 * words; CORRUPT, IO; or what the visitor failed with. */
bool dn_index_find(DnKv *kv, const DnUuid *tenant, const DnQuery *query, DnQueryVisitor visit,
                   void *user_data, char **out_cursor, GError **error);
/** The same, and *@out_cost (transfer full) tells how. */
bool dn_index_explain(DnKv *kv, const DnUuid *tenant, const DnQuery *query, DnQueryVisitor visit,
                      void *user_data, char **out_cursor, DnIndexCost *out_cost, GError **error);

/** What a result shows is lent to the visitor until it returns. */
typedef bool (*DnCoverVisitor)(const DnCover *row, void *user_data, GError **error);

/** dn_index_find(), and hands out all that the index knows of each: with @shown, which lies in one
 * row of each voucher. */
bool dn_index_find_rows(DnKv *kv, const DnUuid *tenant, const DnQuery *query, DnCoverVisitor visit,
                        void *user_data, char **out_cursor, GError **error);

/** How many vouchers the query finds; limit and cursor do not count. */
bool dn_index_count(DnKv *kv, const DnUuid *tenant, const DnQuery *query, uint64_t *out_count,
                    GError **error);

/** @name: one spelling of the counterparty, as printed. @count: vouchers that are not deleted. */
typedef bool (*DnPartyVisitor)(const char *name, uint64_t count, void *user_data, GError **error);

/** Visits up to @limit counterparties whose folded names begin with @prefix ("": all), in the order
 * of the folded names; none that has no voucher. INVALID for a prefix of which folding leaves
 * nothing. */
bool dn_index_parties(DnKv *kv, const DnUuid *tenant, const char *prefix, uint32_t limit,
                      DnPartyVisitor visit, void *user_data, GError **error);

/** index/party.c: (transfer full) the name folded for comparison: NFKC, case, hiragana to katakana,
 * legal forms (株式会社, ㈱, (株) ...), spaces and punctuation dropped. Pure. */
char *dn_party_fold(const char *name);

/** index/text.c: (transfer full) array of strings, each once: bigrams of CJK runs, folded words of
 * the rest. Pure. */
GPtrArray *dn_text_tokens(const char *text);

G_END_DECLS
#endif
