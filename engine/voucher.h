/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/voucher.h - a voucher's present state, made from its entries. Pure.
 *
 * The state is a JSON object that holds integers and strings only (fractions are strings), so that
 * the view is the same bytes however often it is rebuilt.
 *
 *   stored ──voucher.read──▶ read ──voucher.confirmed──▶ confirmed     ("state")
 *     └─voucher.unreadable: stays stored, with "error"
 *   voucher.disposed ends it: the bytes are gone, nothing but a time stamp follows.
 *   voucher.deleted / undeleted turn the flag "deleted"; voucher.revised appends to "versions" and
 * goes back to stored.
 */
#ifndef ENGINE_VOUCHER_H
#define ENGINE_VOUCHER_H

#include "base/json.h"

G_BEGIN_DECLS

/** The state after @entry, which shares with both what did not change: they live as long. @state:
 * the state before, NULL for a voucher.registered; not changed. CORRUPT when the entry does not fit
 * the state: such a ledger was not written by this program. */
const DnValue *dn_voucher_apply(DnArena *arena, const DnValue *state, const DnValue *entry,
                                GError **error);

/** Lends the record of one version, 0: the newest; NULL when there is none. */
const DnValue *dn_voucher_find_version(const DnValue *state, unsigned version);

/* --- engine/voucher-shown.c --- */

/** The same of a state as JSON. */
json_t *dn_voucher_version(const json_t *state, unsigned version);

/** (transfer full) The row of a search (engine/archive.h). */
json_t *dn_voucher_row(const json_t *state);

/** (transfer full) All that is known, at @version (engine/archive.h, dn_archive_show()). */
json_t *dn_voucher_details(const json_t *state, unsigned version);

/** (transfer full) What ingest answers. @status: "stored" or "duplicate". */
json_t *dn_voucher_result(const json_t *state, const char *status);

/** (transfer full) A copy of @value in which every fraction is a string of three decimals, as a
 * ledger line wants it. */
json_t *dn_voucher_freeze(const json_t *value);

/** True for a kind of document of the closed list. */
bool dn_voucher_kind_known(const char *kind);

G_END_DECLS
#endif
