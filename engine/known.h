/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/known.h - what the archive knows of counterparties, and what a reading gains by it.
 *
 * Two sources: the tenant's own vouchers whose counterparty a person has confirmed or corrected,
 * and the tax agency's public lists. What stands in a document and was confirmed by nobody teaches
 * nothing: a hostile document changes no later reading.
 *
 * Threads: any. Nothing of it is logged: a counterparty may be a person.
 */
#ifndef ENGINE_KNOWN_H
#define ENGINE_KNOWN_H

#include "engine/internal.h"

G_BEGIN_DECLS

/** What a voucher teaches, as rows of the view: those of @before (nullable) go, those of @after
 * come. They follow from the states alone. */
void dn_known_update(DnKvBatch *batch, const DnUuid *tenant, const DnValue *before,
                     const DnValue *after);

/**
 * Holds @reading (of a worker, its fractions are numbers) against what is known: the proper
 * spelling of a counterparty, the name that belongs to a number or a telephone, surer or less sure
 * values, the check ISSUER (registered on the day of the transaction). A value that was not read of
 * the page has "origin" "vouchers" or "registry".
 * *@out_known (transfer full; NULL when nothing was found): {"lists":[{"list","sha256","as_of"}],
 * "found":[{"by","in","party"?,"vouchers"?,"from"?,"to"?}]}: all that the change rests on.
 */
bool dn_known_improve(DnArchive *self, json_t *reading, json_t **out_known, GError **error);

G_END_DECLS
#endif
