/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/evidence/brought.h - the time stamp that a document brings along from its sender.
 *
 * It lies beside the document as a token (RFC 3161), or in a PDF as its document time stamp (ISO
 * 32000-2 12.8.5, ETSI EN 319 142-1): then it covers every byte of the file but itself. Everything
 * here is of others: bounded, and nothing is believed before dn_brought_verify().
 *
 * Threads: all calls may come from any thread.
 */
#ifndef ENGINE_EVIDENCE_BROUGHT_H
#define ENGINE_EVIDENCE_BROUGHT_H

#include "engine/evidence/evidence.h"

G_BEGIN_DECLS

/** As large as a token beside a document may be: it becomes part of a ledger entry. */
enum { DN_BROUGHT_MAX_BYTES = 64 * 1024 };

/** A token, and the one stretch of the document that it does not cover: of a PDF, where it stands
 * itself; else nothing. */
typedef struct {
    GBytes *token;
    size_t gap_at;
    size_t gap_size;
} DnBrought;

void dn_brought_clear(DnBrought *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(DnBrought, dn_brought_clear)

/** The token in @bytes, which are a token or an authority's answer with one (.tsr). FORMAT for
 * anything else, LIMIT above DN_BROUGHT_MAX_BYTES. */
bool dn_brought_beside(GBytes *bytes, DnBrought *out_brought, GError **error);

/** The document time stamp of the PDF @document that covers all of it. NOT_FOUND: it has none, or
 * bytes were added or changed after it. */
bool dn_brought_in_pdf(GBytes *document, DnBrought *out_brought, GError **error);

/** dn_token_verify() of a token over @document by the digest that the token names, of SHA-224 or
 * better. */
bool dn_brought_verify(const DnBrought *brought, GBytes *document, const DnTrust *trust,
                       DnTokenInfo *out_info, GError **error);

G_END_DECLS
#endif
