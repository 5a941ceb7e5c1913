/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * codecs/quantile.c - how light most of an area is: the gray of its paper, when there is more paper
 * than print.
 */
#include "config.h"
#include "codecs/codec.h"

uint8_t
dn_pixmap_quantile(const DnPixmap *self, const DnBox *area, double share)
{
    size_t bins[256] = {0};
    size_t count = (size_t)area->width * (size_t)area->height;
    size_t seen = 0;
    int level = 0;

    for (int32_t y = area->y; y < area->y + area->height; y++) {
        const uint8_t *row = dn_pixmap_row(self, (uint32_t)y);

        for (int32_t x = area->x; x < area->x + area->width; x++)
            bins[row[x]]++;
    }
    while (level < 255 && (double)(seen += bins[level]) < share * (double)count)
        level++;
    return (uint8_t)level;
}
