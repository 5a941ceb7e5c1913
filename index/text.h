/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * index/text.h - full text cut into what is stored and what is asked for. Pure.
 *
 * CJK runs have no words, so they are stored as all pairs of neighbours, plus the last character
 * alone: every character then begins some token, and a query of one character is a prefix. A query
 * of more is all its pairs. Pairs are not checked to be neighbours of each other: a text that has
 * all pairs of the query apart from each other is found too, unless the query stands in quotation
 * marks: a phrase of several tokens is looked for in the text itself. A word of other scripts, or a
 * number, is one token.
 */
#ifndef INDEX_TEXT_H
#define INDEX_TEXT_H

#include "base/error.h"

G_BEGIN_DECLS

typedef struct {
    char *token;
    bool prefix; /* any token that begins so */
} DnTextTerm;

/** (transfer full) Array of DnTextTerm, each once: all must be met. */
GPtrArray *dn_text_terms(const char *text);

/** (transfer full) The phrases of a query, folded: what stands within "" or “”. */
GPtrArray *dn_text_phrases(const char *query);

/** (transfer full) The same, and the words outside of phrases: what a hit is shown by. */
GPtrArray *dn_text_needles(const char *query);

/** (transfer full) @text as phrases are compared: folded, one space where words or signs part; none
 * between CJK characters, since recognition puts them there. */
char *dn_text_flat(const char *text);

/** The place of the first @phrase in @flat that begins and ends no word in its middle; NULL when
 * there is none. */
const char *dn_text_find_phrase(const char *flat, const char *phrase);

/** Is a phrase one token? Then whatever has the token has the phrase, and no text need be read. */
bool dn_text_is_token(const char *phrase);

/** Folds one character that stands for the same as another: width, case and kana are not told
 * apart; 0 for what is dropped. For NFKC text. Latin accents are dropped. */
gunichar dn_text_fold(gunichar c);

G_END_DECLS
#endif
