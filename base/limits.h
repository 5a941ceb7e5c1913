/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * base/limits.h - caps on everything that comes from outside.
 *
 * Every decode takes a DnLimits. A cap that is reached is LIMIT, and the message carries the figure
 * that was found and the figure that is allowed. Defaults suit receipts and invoices; dencho.conf
 * changes them (base/settings-table.def).
 */
#ifndef BASE_LIMITS_H
#define BASE_LIMITS_H

#include "base/error.h"
#include <stdint.h>

G_BEGIN_DECLS

typedef struct {
    uint64_t max_document_bytes; /* one uploaded file */
    uint64_t max_page_pixels;    /* width x height of one page, decoded or rendered */
    uint32_t max_side_px;        /* width or height */
    uint32_t max_pages;          /* pages read of one document; more are archived, not read */
    uint64_t max_memory_bytes;   /* address space of a worker */
    uint32_t max_document_ms;    /* wall time of a worker on one document */
    uint32_t max_page_ms;        /* recognition of one page; what is read by then is kept */
    uint32_t max_output_bytes;   /* one part that a worker sends back */
    uint32_t max_attachments;    /* embedded files listed of one document */
} DnLimits;

extern const DnLimits dn_limits_default;

/** False with LIMIT, naming @what, unless a picture of @width_px x @height_px is allowed.
 * Zero sides are FORMAT. */
bool dn_limits_check_size(const DnLimits *self, const char *what, uint64_t width_px,
                          uint64_t height_px, GError **error);

G_END_DECLS
#endif
