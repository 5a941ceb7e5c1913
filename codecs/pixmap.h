/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * codecs/pixmap.h - one page as pixels in memory.
 *
 * Rows run from top to bottom, without padding. A pixmap belongs to one thread at a time.
 */
#ifndef CODECS_PIXMAP_H
#define CODECS_PIXMAP_H

#include "base/limits.h"
#include <stdint.h>

G_BEGIN_DECLS

typedef enum {
    DN_PIXEL_GRAY8 = 1, /* one byte a pixel, 0 black, 255 white */
    DN_PIXEL_RGB24 = 3, /* three bytes a pixel, sRGB */
} DnPixelFormat;        /* the value is the number of bytes a pixel */

typedef struct {
    uint32_t width_px;
    uint32_t height_px;
    DnPixelFormat format;
    double dpi_x; /* 0 when unknown */
    double dpi_y;
    uint8_t *data; /* width_px x height_px x format bytes */
} DnPixmap;

/** A white page. LIMIT when @limits does not allow the size, FORMAT for a zero side. */
DnPixmap *dn_pixmap_new(uint32_t width_px, uint32_t height_px, DnPixelFormat format,
                        const DnLimits *limits, GError **error);
void dn_pixmap_free(DnPixmap *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DnPixmap, dn_pixmap_free)

static inline size_t
dn_pixmap_stride(const DnPixmap *self)
{
    return (size_t)self->width_px * self->format;
}

static inline uint8_t *
dn_pixmap_row(const DnPixmap *self, uint32_t y)
{
    return self->data + (size_t)y * dn_pixmap_stride(self);
}

G_END_DECLS
#endif
