/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ocr/rules.c - takes the ruled lines out of a page.
 *
 * A layout analysis takes a table's frame for a picture and drops what is in it, and glues a line
 * of text to the rule below it. A rule is a long run of dark pixels that is only a few pixels
 * thick; a run through a bold stroke or a black bar is thicker and stays.
 */
#include "config.h"
#include "ocr/read-page.h"

#include <string.h>

static const double DARK = 0.70;         /* of white */
static const double LENGTH_SHARE = 0.06; /* of the larger side */
static const double THICK_SHARE = 0.003; /* of the larger side */
enum { LENGTH_LEAST_PX = 60, THICK_LEAST_PX = 4, GAP_PX = 3, HALO_PX = 1 };

typedef struct {
    const uint8_t *from;
    uint8_t *to;
    size_t along;  /* pixels in the direction of the rules */
    size_t across; /* pixels in the other */
    ptrdiff_t along_step;
    ptrdiff_t across_step;
    size_t length_px;
    size_t thick_px;
    uint8_t dark;
} Direction;

static bool
is_dark(const Direction *self, size_t along, size_t across)
{
    return self->from[(ptrdiff_t)along * self->along_step + (ptrdiff_t)across * self->across_step] <
           self->dark;
}

/* How many dark pixels lie across the run at one of its places. */
static size_t
thickness(const Direction *self, size_t along, size_t across, size_t *out_first)
{
    size_t first = across;
    size_t last = across;

    while (first > 0 && across - first <= self->thick_px && is_dark(self, along, first - 1))
        first--;
    while (last + 1 < self->across && last - across <= self->thick_px &&
           is_dark(self, along, last + 1))
        last++;
    *out_first = first;
    return last - first + 1;
}

static void
clear_run(const Direction *self, size_t begin, size_t end, size_t across)
{
    for (size_t along = begin; along < end; along++) {
        size_t first = across;

        if (!is_dark(self, along, across))
            continue;
        size_t thick = thickness(self, along, across, &first);

        if (thick > self->thick_px)
            continue;
        size_t from = first > HALO_PX ? first - HALO_PX : 0;
        size_t to = MIN(first + thick + HALO_PX, self->across);

        for (size_t at = from; at < to; at++)
            self->to[(ptrdiff_t)along * self->along_step + (ptrdiff_t)at * self->across_step] = 255;
    }
}

/* Most of a rule is thin; a run through the strokes of bold letters is not. */
static bool
is_thin(const Direction *self, size_t begin, size_t end, size_t across)
{
    size_t thin = 0;
    size_t seen = 0;

    for (size_t along = begin; along < end; along += 4) {
        size_t first = 0;

        if (!is_dark(self, along, across))
            continue;
        seen++;
        thin += thickness(self, along, across, &first) <= self->thick_px;
    }
    return thin * 10 >= seen * 8;
}

/* A run that has ended, or goes on behind a gap: @along is the first place after it that is light.
 */
static bool
has_ended(const Direction *self, size_t along, size_t end)
{
    return along == self->along || along - end >= GAP_PX;
}

static void
clear_if_rule(const Direction *self, size_t begin, size_t end, size_t across)
{
    if (end - begin >= self->length_px && is_thin(self, begin, end, across))
        clear_run(self, begin, end, across);
}

/* Rules that lie as the rows do. */
static void
clear_along_rows(const Direction *self)
{
    for (size_t across = 0; across < self->across; across++) {
        const uint8_t *row = self->from + across * self->along;
        size_t begin = 0;
        size_t end = 0; /* after the last dark pixel of the run; 0: there is none */

        for (size_t along = 0; along <= self->along; along++) {
            if (along < self->along && row[along] < self->dark) {
                begin = end == 0 ? along : begin;
                end = along + 1;
            } else if (end > 0 && has_ended(self, along, end)) {
                clear_if_rule(self, begin, end, across);
                end = 0;
            }
        }
    }
}

/* The same of those that lie across them; the page is gone through by rows, as it is stored. */
static void
clear_across_rows(const Direction *self)
{
    g_autofree size_t *begins = g_new0(size_t, self->across);
    g_autofree size_t *ends = g_new0(size_t, self->across);

    for (size_t along = 0; along <= self->along; along++) {
        const uint8_t *row = self->from + along * self->across;

        for (size_t across = 0; across < self->across; across++) {
            if (along < self->along && row[across] < self->dark) {
                begins[across] = ends[across] == 0 ? along : begins[across];
                ends[across] = along + 1;
            } else if (ends[across] > 0 && has_ended(self, along, ends[across])) {
                clear_if_rule(self, begins[across], ends[across], across);
                ends[across] = 0;
            }
        }
    }
}

void
dn_page_clear_rules(const DnPixmap *page_gray, uint8_t *out)
{
    size_t width = page_gray->width_px;
    size_t height = page_gray->height_px;
    double larger = (double)MAX(width, height);
    Direction direction = {
        .from = page_gray->data,
        .to = out,
        .length_px = MAX(LENGTH_LEAST_PX, (size_t)(LENGTH_SHARE * larger)),
        .thick_px = MAX(THICK_LEAST_PX, (size_t)(THICK_SHARE * larger)),
        .dark = (uint8_t)(DARK * 255),
    };

    memcpy(out, page_gray->data, width * height);
    direction.along = width;
    direction.across = height;
    direction.along_step = 1;
    direction.across_step = (ptrdiff_t)width;
    clear_along_rows(&direction);
    direction.along = height;
    direction.across = width;
    direction.along_step = (ptrdiff_t)width;
    direction.across_step = 1;
    clear_across_rows(&direction);
}
