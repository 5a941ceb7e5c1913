/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * codecs/deskew.c - turns a page so that its lines of text are level.
 *
 * The angle: dark pixels of a reduced copy are projected on the vertical axis along lines of every
 * candidate slope. At the right slope the profile is a comb, lines of text against the gaps between
 * them, and the sum of the squared steps from bin to bin is far above what it is at other slopes
 * (Postl's criterion). How far it stands out says whether to believe it.
 *
 * The picture is then turned about its centre on a canvas large enough to hold all of it, each
 * pixel mixed from the four around its origin.
 */
#include "config.h"
#include "codecs/codec.h"

#include "base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    DESKEW_SIDE_PX = 1000,    /* larger side of the reduced copy */
    DESKEW_COARSE_STEPS = 60, /* half degrees over 30 */
    DESKEW_FINE_STEPS = 10,   /* tenths of a degree about the best, and so either way */
    DESKEW_LEAST_DOTS = 300,  /* fewer dark pixels are no text */
    DESKEW_MEAN_RADIUS_PX = 12,
};

#define DESKEW_MAX_DEGREES 15.0
#define DESKEW_LEAST_DEGREES 0.3
/* A dark pixel is darker than this share of the mean around it. */
#define DESKEW_DARK 0.8
/* How far the best slope stands above the median one: receipts and letters have 3 to 300, pictures
 * without text and text beyond the range stay below. */
#define DESKEW_CONFIDENT 3.0
#define DESKEW_RADIANS (G_PI / 180)

typedef struct {
    int16_t x;
    int16_t y;
} DeskewDot;

typedef struct {
    GArray *dots; /* of DeskewDot */
    uint32_t width_px;
    uint32_t height_px;
    uint32_t *bins;
    uint32_t bin_count;
    uint32_t *first_bins; /* of each column: where the dots of its first row go */
} DeskewPage;

/* Where the dark pixels of @page lie. */
static bool
deskew_dots(const DnPixmap *page, GArray *dots, GError **error)
{
    g_autofree uint8_t *dark = dn_pixmap_dots(page, DESKEW_MEAN_RADIUS_PX, DESKEW_DARK, error);
    const uint8_t *next = dark;

    if (!dark)
        return false;
    for (uint32_t y = 0; y < page->height_px; y++)
        for (uint32_t x = 0; x < page->width_px; x++)
            if (*next++) {
                DeskewDot dot = {(int16_t)x, (int16_t)y};

                g_array_append_val(dots, dot);
            }
    return true;
}

/* How much of a comb the profile is along lines that fall by @degrees to the right. */
static double
deskew_score(const DeskewPage *page, double degrees)
{
    double slope = tan(degrees * DESKEW_RADIANS);
    double start = slope > 0 ? slope * page->width_px : 0;
    double score = 0;

    memset(page->bins, 0, page->bin_count * sizeof *page->bins);
    for (uint32_t x = 0; x < page->width_px; x++)
        page->first_bins[x] = (uint32_t)(start - slope * x + 0.5);
    for (guint i = 0; i < page->dots->len; i++) {
        const DeskewDot *dot = &g_array_index(page->dots, DeskewDot, i);

        page->bins[page->first_bins[dot->x] + (uint32_t)dot->y]++;
    }
    for (uint32_t i = 1; i < page->bin_count; i++) {
        double step = (double)page->bins[i] - page->bins[i - 1];

        score += step * step;
    }
    return score;
}

static int
deskew_compare(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;

    return x < y ? -1 : x > y;
}

/* The slope of the lines of text, or 0 when there is no clear one. */
static double
deskew_angle(const DeskewPage *page)
{
    double scores[DESKEW_COARSE_STEPS + 1];
    double best = 0;
    double best_score = -1;
    double around = 0;
    double median = 0;

    if (page->dots->len < DESKEW_LEAST_DOTS)
        return 0;
    for (int i = 0; i <= DESKEW_COARSE_STEPS; i++) {
        double degrees =
            (i - DESKEW_COARSE_STEPS / 2) * 2 * DESKEW_MAX_DEGREES / DESKEW_COARSE_STEPS;

        scores[i] = deskew_score(page, degrees);
        if (scores[i] > best_score) {
            best_score = scores[i];
            best = degrees;
        }
    }
    around = best;
    for (int i = -DESKEW_FINE_STEPS; i <= DESKEW_FINE_STEPS; i++) {
        double degrees = around + i / 10.0;
        double score = fabs(degrees) <= DESKEW_MAX_DEGREES ? deskew_score(page, degrees) : 0;

        if (score > best_score) {
            best_score = score;
            best = degrees;
        }
    }
    qsort(scores, G_N_ELEMENTS(scores), sizeof scores[0], deskew_compare);
    median = scores[G_N_ELEMENTS(scores) / 2];
    /* At the end of the range the true angle may lie beyond it. */
    if (best_score < DESKEW_CONFIDENT * median || fabs(best) > DESKEW_MAX_DEGREES - 0.05)
        return 0;
    return best;
}

static bool
deskew_measure(const DnPixmap *self, const DnLimits *limits, double *out_degrees, GError **error)
{
    double ratio = (double)DESKEW_SIDE_PX / MAX(self->width_px, self->height_px);
    g_autoptr(DnPixmap) small = NULL;
    g_autoptr(GArray) dots = g_array_new(FALSE, FALSE, sizeof(DeskewDot));
    g_autofree uint32_t *bins = NULL;
    g_autofree uint32_t *first_bins = NULL;
    DeskewPage page = {.dots = dots};

    ratio = MIN(ratio, 1);
    page.width_px = MAX(1U, (uint32_t)lround(self->width_px * ratio));
    page.height_px = MAX(1U, (uint32_t)lround(self->height_px * ratio));
    small = dn_pixmap_scale(self, page.width_px, page.height_px, limits, error);
    if (!small || !deskew_dots(small, dots, error))
        return false;
    page.bin_count = page.height_px + page.width_px / 2 + 2; /* tan 15 degrees is below a half */
    bins = page.bins = dn_try_array(page.bin_count, sizeof *bins, error);
    first_bins = page.first_bins =
        bins ? dn_try_array(page.width_px, sizeof *first_bins, error) : NULL;
    if (!first_bins)
        return false;
    *out_degrees = deskew_angle(&page);
    return true;
}

/* The pixel at (@x, @y) between four others; white beyond the page. */
static uint8_t
deskew_pick(const DnPixmap *self, double x, double y)
{
    int64_t left = (int64_t)floor(x);
    int64_t top = (int64_t)floor(y);
    float share_x = (float)(x - (double)left);
    float share_y = (float)(y - (double)top);
    float mixed = 0;

    for (int64_t dy = 0; dy < 2; dy++)
        for (int64_t dx = 0; dx < 2; dx++) {
            bool inside = left + dx >= 0 && left + dx < self->width_px && top + dy >= 0 &&
                          top + dy < self->height_px;
            float value = inside ? dn_pixmap_row(self, (uint32_t)(top + dy))[left + dx] : 255;

            mixed += value * (dx ? share_x : 1 - share_x) * (dy ? share_y : 1 - share_y);
        }
    return (uint8_t)(mixed + 0.5F);
}

/* Turns @self counter-clockwise by @degrees. */
static DnPixmap *
deskew_turn(const DnPixmap *self, double degrees, const DnLimits *limits, GError **error)
{
    double sine = sin(degrees * DESKEW_RADIANS);
    double cosine = cos(degrees * DESKEW_RADIANS);
    double width = self->width_px * fabs(cosine) + self->height_px * fabs(sine);
    double height = self->width_px * fabs(sine) + self->height_px * fabs(cosine);
    DnPixmap *out =
        dn_pixmap_new((uint32_t)ceil(width), (uint32_t)ceil(height), DN_PIXEL_GRAY8, limits, error);

    if (!out)
        return NULL;
    out->dpi_x = self->dpi_x;
    out->dpi_y = self->dpi_y;
    for (uint32_t y = 0; y < out->height_px; y++) {
        uint8_t *to = dn_pixmap_row(out, y);
        double from_y = y - (out->height_px - 1) / 2.0;
        double from_x = -((out->width_px - 1) / 2.0);
        double origin_x = from_x * cosine - from_y * sine + (self->width_px - 1) / 2.0;
        double origin_y = from_x * sine + from_y * cosine + (self->height_px - 1) / 2.0;

        for (uint32_t x = 0; x < out->width_px; x++)
            to[x] = deskew_pick(self, origin_x + x * cosine, origin_y + x * sine);
    }
    return out;
}

DnPixmap *
dn_pixmap_deskew(const DnPixmap *self, const DnLimits *limits, double *out_degrees, GError **error)
{
    double degrees = 0;
    DnPixmap *out = NULL;

    if (self->format != DN_PIXEL_GRAY8)
        return dn_fail_null(error, DN_ERROR_INVALID, "only a gray page can be deskewed");
    if (!deskew_measure(self, limits, &degrees, error))
        return NULL;
    if (fabs(degrees) < DESKEW_LEAST_DEGREES)
        degrees = 0;
    out = degrees == 0 ? dn_pixmap_orient(self, 1, limits, error)
                       : deskew_turn(self, degrees, limits, error);
    if (out)
        *out_degrees = degrees;
    return out;
}
