/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * codecs/dots.c - where a page is darker than around: print, on paper that is lit in any way.
 *
 * The mean around a pixel is that of the square about it, from a table of sums.
 */
#include "config.h"
#include "base/memory.h"
#include "codecs/codec.h"

#include <string.h>

uint8_t *
dn_pixmap_dots(const DnPixmap *self, uint32_t radius_px, double share, GError **error)
{
    uint32_t width = self->width_px;
    uint32_t height = self->height_px;
    size_t stride = (size_t)width + 1;
    /* 32 bits are enough for the pixels of a reduced copy. */
    g_autofree uint32_t *sums = dn_try_array(stride * ((size_t)height + 1), sizeof *sums, error);
    g_autofree uint8_t *dots = sums ? dn_try_array((size_t)width * height, 1, error) : NULL;

    if (!dots)
        return NULL;
    memset(sums, 0, stride * sizeof *sums);
    for (uint32_t y = 0; y < height; y++) {
        const uint8_t *row = dn_pixmap_row(self, y);
        uint32_t sum = 0;

        sums[(y + 1) * stride] = 0;
        for (uint32_t x = 0; x < width; x++) {
            sum += row[x];
            sums[(y + 1) * stride + x + 1] = sums[y * stride + x + 1] + sum;
        }
    }
    for (uint32_t y = 0; y < height; y++) {
        const uint8_t *row = dn_pixmap_row(self, y);
        const uint32_t *above = sums + (y > radius_px ? y - radius_px : 0) * stride;
        const uint32_t *below = sums + MIN(y + radius_px + 1, height) * stride;
        size_t rows = (size_t)(below - above) / stride;

        for (uint32_t x = 0; x < width; x++) {
            uint32_t left = x > radius_px ? x - radius_px : 0;
            uint32_t right = MIN(x + radius_px + 1, width);
            uint32_t sum = below[right] - above[right] - below[left] + above[left];
            double area = (double)(rows * (right - left));

            dots[(size_t)y * width + x] = (double)row[x] * area < share * (double)sum;
        }
    }
    return g_steal_pointer(&dots);
}
