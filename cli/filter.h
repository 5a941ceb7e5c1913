/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cli/filter.h - the terms of a search as options, for search and export.
 */
#ifndef CLI_FILTER_H
#define CLI_FILTER_H

#include "cli/value.h"

G_BEGIN_DECLS

/** What GOption fills in. */
typedef struct {
    char *date;
    char *amount;
    char *currency;
    char *party;
    char *party_match;
    char *text;
    char *kind;
    char *label;
    char *book_ref;
    char *missing;
    char *deleted;
} DnFilter;

#define DN_FILTER_LONG(f, member, name, meaning, argument)                                         \
    {                                                                                              \
        .long_name = (name), .arg = G_OPTION_ARG_FILENAME, .arg_data = &(f).member,                \
        .description = (meaning), .arg_description = (argument)                                    \
    }

#define DN_FILTER_TERM(f, name, meaning, argument)                                                 \
    {                                                                                              \
        .long_name = #name, .arg = G_OPTION_ARG_FILENAME, .arg_data = &(f).name,                   \
        .description = (meaning), .arg_description = (argument)                                    \
    }

/* Entries of a GOptionEntry table that fill the DnFilter @f. */
#define DN_FILTER_OPTIONS(f)                                                                       \
    DN_FILTER_TERM(f, date, "transaction date, both ends included", "A..B"),                       \
        DN_FILTER_TERM(f, amount, "amount, both ends included", "A..B"),                           \
        DN_FILTER_TERM(f, currency, "of that amount (default: the archive's)", "CUR"),             \
        DN_FILTER_TERM(f, party, "part of the name, or the registration number", "S"),             \
        DN_FILTER_LONG(f, party_match, "party-match", "contained (default), prefix or exact",      \
                       "HOW"),                                                                     \
        DN_FILTER_TERM(f, text, "words and \"phrases\" that the document holds", "S"),             \
        DN_FILTER_TERM(f, kind, "receipt, invoice, ...", "K"),                                     \
        DN_FILTER_TERM(f, label, "a label that was given", "L"),                                   \
        {.long_name = "book-ref",                                                                  \
         .arg = G_OPTION_ARG_FILENAME,                                                             \
         .arg_data = &(f).book_ref,                                                                \
         .description = "an entry of the books that it is linked to",                              \
         .arg_description = "REF"},                                                                \
        DN_FILTER_TERM(f, missing, "vouchers without a date, amount or party", "VALUE"),           \
        DN_FILTER_TERM(f, deleted, "deleted vouchers: include or only (default: none)", "HOW")

/** A search and the values that it lends. Not to be copied: @search points into it. */
typedef struct {
    DnSearch search;
    DnDateRange dates;
    DnAmountRange amounts;
    char currency[DN_CURRENCY_TEXT + 1];
} DnFilterTerms;

/** Reads @self, which stays and lends its words to @out. @currency: of an amount that names none.
 * INVALID. */
bool dn_filter_read(const DnFilter *self, const char *currency, DnFilterTerms *out, GError **error);

G_END_DECLS
#endif
