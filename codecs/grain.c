/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * codecs/grain.c - pixels of a camera or scanner told from those that a program drew.
 *
 * Grain and paper do not compress without loss; print drawn by a program does, and a JPEG of it is
 * larger and worse. The two are told apart by how many pixels differ a little from their neighbour.
 */
#include "config.h"
#include "codecs/codec.h"

#include <stdlib.h>

enum {
    GRAIN_STEP_MOST = 24, /* a larger step is an edge */
    GRAIN_ROWS = 64,      /* of the page are looked at */
};

#define GRAIN_LEAST 0.15 /* of the pixels */

bool
dn_pixmap_has_grain(const DnPixmap *self)
{
    uint32_t step = MAX(1U, self->height_px / GRAIN_ROWS);
    size_t channels = self->format;
    uint64_t grain = 0;
    uint64_t seen = 0;

    for (uint32_t y = 0; y < self->height_px; y += step) {
        const uint8_t *row = dn_pixmap_row(self, y);

        for (size_t x = 1; x < self->width_px; x++, seen++) {
            int difference = abs(row[x * channels] - row[(x - 1) * channels]);

            grain += difference > 0 && difference <= GRAIN_STEP_MOST;
        }
    }
    return seen > 0 && (double)grain >= GRAIN_LEAST * (double)seen;
}
