/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/capsule/page.h - index.html: one page that searches and shows a capsule in any browser.
 *
 * It needs no network and may use none: its policy (Content-Security-Policy) names the one script
 * and the one style sheet by their SHA-256, so that nothing in a hostile document's name or party
 * can run, and no address can be called.
 *
 * Threads: one at a time. Errors: IO.
 */
#ifndef ENGINE_CAPSULE_PAGE_H
#define ENGINE_CAPSULE_PAGE_H

#include "base/json.h"
#include "engine/capsule/container.h"

G_BEGIN_DECLS

/** Adds what the page shows of one voucher, an object, to @rows, an empty spool at first. */
bool dn_page_add(DnSpool *rows, const json_t *voucher, GError **error);

/** Adds index.html with @rows; @about is shown below its title. */
bool dn_page_write(DnContainer *container, DnSpool *rows, const char *about, GError **error);

G_END_DECLS
#endif
