/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * codecs/gray.c - luminance of a colour page.
 *
 * Weights of ITU-R BT.601 in 16 bits; they add up to 65536, so white stays white.
 */
#include "config.h"
#include "codecs/codec.h"

#include <string.h>

enum { GRAY_RED = 19595, GRAY_GREEN = 38470, GRAY_BLUE = 7471, GRAY_HALF = 32768 };

DnPixmap *
dn_pixmap_to_gray(const DnPixmap *self, const DnLimits *limits, GError **error)
{
    DnPixmap *out = dn_pixmap_new(self->width_px, self->height_px, DN_PIXEL_GRAY8, limits, error);
    size_t pixels = 0;

    if (!out)
        return NULL;
    out->dpi_x = self->dpi_x;
    out->dpi_y = self->dpi_y;
    pixels = (size_t)self->width_px * self->height_px;
    if (self->format == DN_PIXEL_GRAY8) {
        memcpy(out->data, self->data, pixels);
        return out;
    }
    for (size_t i = 0; i < pixels; i++) {
        const uint8_t *rgb = self->data + 3 * i;

        out->data[i] = (uint8_t)((rgb[0] * (uint32_t)GRAY_RED + rgb[1] * (uint32_t)GRAY_GREEN +
                                  rgb[2] * (uint32_t)GRAY_BLUE + GRAY_HALF) >>
                                 16);
    }
    return out;
}
