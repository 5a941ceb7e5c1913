/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * index/check.h - is the index what its vouchers make of it, and nothing else?
 *
 * Both ways without holding either: what each voucher should have written is looked up, and summed
 * as digests; what the index holds is summed in the same way. Equal sums mean equal sets, since
 * nothing of the first is missing from the second. (The sums find damage and errors; who can write
 * the index can also forge it. What proves is the log.)
 *
 * Threads: one. Nothing may be written between dn_index_check_new() and the end: the check reads
 * the state of its beginning, and the caller hands in the vouchers of that state.
 */
#ifndef INDEX_CHECK_H
#define INDEX_CHECK_H

#include "index/query.h"

G_BEGIN_DECLS

typedef struct DnIndexCheck DnIndexCheck;

DnIndexCheck *dn_index_check_new(DnKv *kv, const DnUuid *tenant);
/** CORRUPT when a row of this voucher is missing or says something else; the check can go on. */
bool dn_index_check_voucher(DnIndexCheck *self, const DnIndexRecord *record, const char *text,
                            GError **error);
/** When all vouchers were handed in: CORRUPT when the index has rows that none of them has, or
 * counts or lists that do not fit. *@out_rows: how many rows were compared. */
bool dn_index_check_finish(DnIndexCheck *self, uint64_t *out_rows, GError **error);
void dn_index_check_free(DnIndexCheck *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DnIndexCheck, dn_index_check_free)

G_END_DECLS
#endif
