/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cli/value.h - what a person types as the value of an option or of a cell: ranges, amounts, words
 * from a list.
 *
 * Pure. Errors are INVALID and show a right form.
 */
#ifndef CLI_VALUE_H
#define CLI_VALUE_H

#include "base/date.h"
#include "engine/archive.h"

G_BEGIN_DECLS

enum { DN_CURRENCY_TEXT = 3 };

typedef struct {
    bool has_from;
    bool has_to;
    DnDate from;
    DnDate to;
} DnDateRange;

typedef struct {
    bool has_from;
    bool has_to;
    int64_t from; /* minor units */
    int64_t to;
} DnAmountRange;

/** "A..B", "A..", "..B", or one value for both ends. Both ends are included. */
bool dn_value_date_range(const char *text, DnDateRange *out, GError **error);
/** Of @currency, which has room for DN_CURRENCY_TEXT + 1; when @may_name, a code behind the last
 * amount names another and is put there ("20..27.00 USD"). */
bool dn_value_amount_range(const char *text, bool may_name, char *currency, DnAmountRange *out,
                           GError **error);

/** "2026-11-24T09:30:00+09:00", "2026-11-24 09:30" in local time, or a day: its end in Japan. */
bool dn_value_time(const char *text, int64_t *out_utc_ms, GError **error);

/** What --generation (0: not given) and --at (nullable) name. @at is lent to @out_pick. INVALID:
 * both, or no such number. */
bool dn_value_pick(int generation, const char *at_text, int64_t *at, DnBackupPick *out_pick,
                   GError **error);

/** An amount of @currency, or of the currency whose code follows it ("27.00 USD"). @out_currency
 * has room for DN_CURRENCY_TEXT + 1. */
bool dn_value_amount(const char *text, const char *currency, int64_t *out_minor, char *out_currency,
                     GError **error);

/** True when @text is NULL or one of @choices, parted by '|'. @what names it in the message. */
bool dn_value_choice(const char *what, const char *text, const char *choices, GError **error);

/** The word of @words (ended by NULL) that is a slip of the pen away from @word; lent, or NULL. */
const char *dn_value_nearest(const char *word, const char *const *words);

/** What is typed in about a document. All members may be unset. Owns its strings. */
typedef struct {
    char *origin;
    char *channel;
    char *kind;
    char *paper;
    char *device;
    char *back;
    char *party;
    char currency[DN_CURRENCY_TEXT + 1]; /* of @amount */
    DnDate date;
    DnDate received;
    int64_t amount;
    bool has_date;
    bool has_received;
    bool has_amount;
    char **labels; /* (nullable) ended by NULL */
} DnTyped;

/** The names that dn_typed_set() knows; ended by NULL. */
extern const char *const dn_typed_names[];

/** Sets what @name ("date", "amount", "party", "kind", "received", "label", "origin", "paper",
 * "channel", "device", "back") stands for. NULL and "" set nothing; "label" adds labels, parted by
 * ';'. */
bool dn_typed_set(DnTyped *self, const char *name, const char *text, const char *currency,
                  GError **error);

/** Sets @date and @amount (nullable), which may name a currency other than @currency, and lends
 * them to @out. */
bool dn_typed_correction(DnTyped *self, const char *date, const char *amount, const char *currency,
                         DnCorrection *out, GError **error);

/** (transfer full) */
DnTyped *dn_typed_copy(const DnTyped *self);

/** Lends all values to @out. */
void dn_typed_fill(const DnTyped *self, DnIngest *out);

/** Empties @self without freeing it. */
void dn_typed_clear(DnTyped *self);
void dn_typed_free(DnTyped *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(DnTyped, dn_typed_clear)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DnTyped, dn_typed_free)

G_END_DECLS
#endif
