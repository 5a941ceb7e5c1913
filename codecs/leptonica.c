/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * codecs/leptonica.c - pixels to and from Leptonica, whose rows are words with the first pixel in
 * the highest bits.
 */
#include "config.h"
#include "codecs/leptonica.h"

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
        const uint8_t *row = dn_pixmap_row(gray, y);

        for (uint32_t x = 0; x < gray->width_px; x++)
            SET_DATA_BYTE(line, x, row[x]);
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
