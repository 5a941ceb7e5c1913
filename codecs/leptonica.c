/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * codecs/leptonica.c - pixels to and from Leptonica, whose rows are words with the first pixel in
 * the highest bits.
 */
#include "config.h"
#include "codecs/leptonica.h"

#include <string.h>

/* Four pixels a word, the first in its highest bits whatever the machine; zeros behind the last. */
static void
pix_take_row(l_uint32 *line, const uint8_t *row, uint32_t width_px)
{
    uint32_t words = width_px / 4;
    uint32_t rest = width_px % 4;

    for (uint32_t i = 0; i < words; i++) {
        l_uint32 word;

        memcpy(&word, row + 4 * (size_t)i, sizeof word);
        line[i] = GUINT32_FROM_BE(word);
    }
    if (rest > 0) {
        l_uint32 word = 0;

        memcpy(&word, row + 4 * (size_t)words, rest);
        line[words] = GUINT32_FROM_BE(word);
    }
}

PIX *
dn_pix_new(const DnPixmap *gray, GError **error)
{
    PIX *pix = pixCreateNoInit((l_int32)gray->width_px, (l_int32)gray->height_px, 8);

    if (!pix) {
        dn_fail(error, DN_ERROR_LIMIT, "no memory for a page of %u x %u pixels", gray->width_px,
                gray->height_px);
        return NULL;
    }
    for (uint32_t y = 0; y < gray->height_px; y++) {
        l_uint32 *line = pixGetData(pix) + (size_t)y * (size_t)pixGetWpl(pix);

        pix_take_row(line, dn_pixmap_row(gray, y), gray->width_px);
    }
    return pix;
}

DnPixmap *
dn_pix_to_pixmap(PIX *pix, const DnPixmap *like, const DnLimits *limits, GError **error)
{
    if (!pix)
        return dn_fail_null(error, DN_ERROR_LIMIT, "no memory for an operation on a page");
    uint32_t width_px = (uint32_t)pixGetWidth(pix);
    uint32_t height_px = (uint32_t)pixGetHeight(pix);
    DnPixmap *out = dn_pixmap_new(width_px, height_px, DN_PIXEL_GRAY8, limits, error);

    if (!out)
        return NULL;
    for (uint32_t y = 0; y < height_px; y++) {
        const l_uint32 *line = pixGetData(pix) + (size_t)y * (size_t)pixGetWpl(pix);
        uint8_t *row = dn_pixmap_row(out, y);

        for (uint32_t x = 0; x < width_px; x++)
            row[x] = pixGetDepth(pix) == 1 ? (GET_DATA_BIT(line, x) ? 0 : 255)
                                           : (uint8_t)GET_DATA_BYTE(line, x);
    }
    out->dpi_x = like->dpi_x;
    out->dpi_y = like->dpi_y;
    return out;
}
