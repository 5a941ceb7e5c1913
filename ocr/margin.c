/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ocr/margin.c - whitens the dark rim of a scan.
 *
 * A scanner with its lid open, or a table around a sheet, leaves black along the sides. A layout
 * analysis with one threshold for the page then finds no paper and gives an empty page. From each
 * side whatever is dark without a break is painted white; print that touches the edge loses a
 * stroke at most.
 */
#include "config.h"
#include "ocr/read-page.h"

#include <string.h>

static const double PAPER_SHARE = 0.80; /* this share of the pixels is darker than the paper */
static const double DARK = 0.62;        /* of the paper's brightness */
static const double REACH_MOST = 0.30;  /* of the side: no rim is wider */
enum { BRIDGE_PX = 2, BLEED_PX = 3 };   /* light specks inside the rim; its soft edge */

/* Whitens the rim along one line of @count pixels that lie @step apart; reads from @from, because
 * the other direction must see the same page. */
static void
clear_line(const uint8_t *from, uint8_t *to, size_t count, ptrdiff_t step, uint8_t dark,
           uint8_t paper)
{
    size_t most = (size_t)(REACH_MOST * (double)count);
    size_t end = 0;

    for (size_t i = 0; i < most && i <= end + BRIDGE_PX; i++)
        if (from[(ptrdiff_t)i * step] < dark)
            end = i + 1;
    if (end == 0)
        return;
    end = MIN(end + BLEED_PX, count);
    for (size_t i = 0; i < end; i++)
        to[(ptrdiff_t)i * step] = MAX(to[(ptrdiff_t)i * step], paper);
}

void
dn_page_clear_margins(const DnPixmap *page_gray, uint8_t *out)
{
    size_t width = page_gray->width_px;
    size_t height = page_gray->height_px;
    const DnBox all = {0, 0, (int32_t)width, (int32_t)height};
    uint8_t paper = dn_pixmap_quantile(page_gray, &all, PAPER_SHARE);
    uint8_t dark = (uint8_t)(DARK * paper);

    memcpy(out, page_gray->data, width * height);
    for (size_t y = 0; y < height; y++) {
        const uint8_t *row = page_gray->data + y * width;

        clear_line(row, out + y * width, width, 1, dark, paper);
        clear_line(row + width - 1, out + y * width + width - 1, width, -1, dark, paper);
    }
    for (size_t x = 0; x < width; x++) {
        const uint8_t *column = page_gray->data + x;
        size_t last = (height - 1) * width;

        clear_line(column, out + x, height, (ptrdiff_t)width, dark, paper);
        clear_line(column + last, out + x + last, height, -(ptrdiff_t)width, dark, paper);
    }
}
