/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * base/text.h - Unicode as receipts need it. Pure.
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include "base/error.h"
#include <stddef.h>

G_BEGIN_DECLS

/** (transfer full) Compatibility composition (NFKC, UAX 15) of @text, or NULL when it is not UTF-8.
 */
char *dn_text_nfkc(const char *text);

/** (transfer full) @text with every byte that is not UTF-8 replaced by U+FFFD, and without NUL,
 * other controls than line feed, form feed and tab, surrogates and non-characters. What a document
 * said, made safe to store. */
char *dn_text_sanitise(const char *text, gssize size);

/** Removes white space, the ideographic space too, in place. */
void dn_text_remove_spaces(char *text);

/** True for kana, kanji, and the punctuation and full-width forms that stand among them. */
bool dn_text_is_cjk(gunichar c);

/** Whether @c is one of @letters; 0, the end of a text, never is. */
bool dn_text_has_letter(const char *letters, gunichar c);

/** (transfer full) @text without the spaces that stand between two CJK characters (OCR puts them
 * there). */
char *dn_text_join_cjk(const char *text);

/** How many columns of a terminal @text takes: wide characters two, combining marks none. */
int dn_text_columns(const char *text);

/** How many single-byte edits part two words: enough to suggest one for a slip of the pen. */
size_t dn_text_distance(const char *a, const char *b);

G_END_DECLS
#endif
