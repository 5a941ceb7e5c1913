/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * base/limits.c - default caps and the check that all decoders share.
 */
#include "config.h"
#include "base/limits.h"

#include <inttypes.h>

const DnLimits dn_limits_default = {
    .max_document_bytes = UINT64_C(64) << 20,
    .max_page_pixels = UINT64_C(100000000), /* A4 at 1,000 dpi */
    .max_side_px = 32000,
    .max_pages = 200,
    .max_memory_bytes = UINT64_C(1500) << 20,
    .max_document_ms = 300000,
    .max_page_ms = 60000,
    .max_output_bytes = 64U << 20,
    .max_attachments = 64,
};

bool
dn_limits_check_size(const DnLimits *self, const char *what, uint64_t width_px, uint64_t height_px,
                     GError **error)
{
    uint64_t pixels = 0;

    if (width_px == 0 || height_px == 0)
        return dn_fail(error, DN_ERROR_FORMAT, "%s has no pixels (%" PRIu64 " x %" PRIu64 ")", what,
                       width_px, height_px);
    if (width_px > self->max_side_px || height_px > self->max_side_px)
        return dn_fail(error, DN_ERROR_LIMIT,
                       "%s is %" PRIu64 " x %" PRIu64 " px, allowed are %u px a side", what,
                       width_px, height_px, self->max_side_px);
    if (__builtin_mul_overflow(width_px, height_px, &pixels) || pixels > self->max_page_pixels)
        return dn_fail(error, DN_ERROR_LIMIT,
                       "%s has %" PRIu64 " x %" PRIu64 " px, allowed are %" PRIu64 " in all", what,
                       width_px, height_px, self->max_page_pixels);
    return true;
}
