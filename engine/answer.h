/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/answer.h - what a worker may say.
 *
 * A worker reads hostile documents and may have been taken over by one. Whatever it sends is held
 * against the shapes of worker/protocol.md before the archive believes a word of it: types, ranges,
 * lengths, UTF-8. Members that are not known are dropped, anything else that is not as it should be
 * condemns the whole answer. Pure.
 *
 * Errors: FORMAT, LIMIT.
 */
#ifndef ENGINE_ANSWER_H
#define ENGINE_ANSWER_H

#include "base/json.h"

G_BEGIN_DECLS

/** The number of the page that is done. */
bool dn_answer_page(GBytes *body, unsigned *out_page, GError **error);

/** (transfer full) The R object with what is known of it. */
json_t *dn_answer_reading(GBytes *body, GError **error);

bool dn_answer_check_text(GBytes *body, GError **error);
bool dn_answer_check_words(GBytes *body, GError **error);
bool dn_answer_check_rendition(GBytes *body, GError **error);
bool dn_answer_check_png(GBytes *body, GError **error);

/** The verdict on the document as a GError in *@out_verdict; INVALID (the job), FORMAT, UNSUPPORTED
 * and LIMIT pass, all other codes become EXTERNAL. */
bool dn_answer_verdict(GBytes *body, GError **out_verdict, GError **error);

G_END_DECLS
#endif
