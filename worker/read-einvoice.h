/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * worker/read-einvoice.h - a document that is an e-invoice and nothing else.
 */
#ifndef WORKER_READ_EINVOICE_H
#define WORKER_READ_EINVOICE_H

#include "worker/read-document.h"

G_BEGIN_DECLS

/** As dn_read_document(), for bytes that dn_media_type_sniff() takes for an e-invoice: its values,
 * pages laid out from it, and these as a PDF. FORMAT, UNSUPPORTED, LIMIT, EXTERNAL. */
bool dn_read_einvoice(GBytes *bytes, const DnJob *job, const DnReadTools *tools,
                      DnOutcome **out_outcome, GError **error);

G_END_DECLS
#endif
