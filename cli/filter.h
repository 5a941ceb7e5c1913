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
    char *party;
    char *text;
    char *kind;
    char *label;
    char *missing;
    char *deleted;
} DnFilter;

/* Entries of a GOptionEntry table that fill the DnFilter @f. */
#define DN_FILTER_OPTIONS(f)                                                                        \
    {"date", 0, 0, G_OPTION_ARG_FILENAME, &(f).date, "transaction date, both ends included",        \
     "A..B"},                                                                                       \
        {"amount", 0, 0, G_OPTION_ARG_FILENAME, &(f).amount, "amount, both ends included", "A..B"}, \
        {"party",    0,                                                                             \
         0,          G_OPTION_ARG_FILENAME,                                                         \
         &(f).party, "part of the counterparty's name, or its registration number",                 \
         "S"},                                                                                      \
        {"text", 0, 0, G_OPTION_ARG_FILENAME, &(f).text, "words that the document holds", "S"},     \
        {"kind", 0, 0, G_OPTION_ARG_FILENAME, &(f).kind, "receipt, invoice, ...", "K"},             \
        {"label", 0, 0, G_OPTION_ARG_FILENAME, &(f).label, "a label that was given", "L"},          \
        {"missing",                                                                                 \
         0,                                                                                         \
         0,                                                                                         \
         G_OPTION_ARG_FILENAME,                                                                     \
         &(f).missing,                                                                              \
         "vouchers without that value: date, amount or party",                                      \
         "VALUE"},                                                                                  \
    {                                                                                               \
        "deleted", 0, 0, G_OPTION_ARG_FILENAME, &(f).deleted,                                       \
            "deleted vouchers: include or only (default: leave out)", "HOW"                         \
    }

/** A search and the values that it lends. Not to be copied: @search points into it. */
typedef struct {
    DnSearch search;
    DnDateRange dates;
    DnAmountRange amounts;
} DnFilterTerms;

/** Reads @self, which stays and lends its words to @out. INVALID. */
bool dn_filter_read(const DnFilter *self, const char *currency, DnFilterTerms *out, GError **error);

G_END_DECLS
#endif
