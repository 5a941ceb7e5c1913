/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * codecs/seal.c - lifts red seals off the print below them.
 *
 * A company's seal is stamped over the end of its name, and in grey the one cannot be told from the
 * other. Red patches are sought on a coarse grid; a patch is a seal when it is about as high as it
 * is broad, of a seal's size beside the page, more paper than ink, and red along its whole rim.
 * Letters, logos and red forms are none of that and stay. Inside a seal its luminance parts ink on
 * paper from ink on print: paste covers, but print below it stays darker. (The red channel would
 * part them better, were it not that JPEG smears colour over the rim of every stroke.)
 */
#include "config.h"
#include "codecs/codec.h"

#include "base/memory.h"

#include <math.h>
#include <string.h>

enum {
    GRID_SIDE = 256,    /* cells along the smaller side of the page */
    RED_LEAST = 40,     /* more red than green and blue, of 255 */
    TINGED_LEAST = 12,  /* the same for the rim of a stroke */
    CELL_RED_SHARE = 8, /* one pixel in so many makes a cell red */
    RAYS = 48,
    SEALS_MOST = 32,
};

/* Sides of a seal, by the smaller side of the page: 5 to 45 mm of a sheet or a slip. */
static const double SIDE_LEAST = 0.028;
static const double SIDE_MOST = 0.30;
static const double ASPECT_MOST = 1.4;
/* Of the cells in its box. */
static const double INK_LEAST = 0.15;
static const double INK_MOST = 0.92;
/* Of its pixels: a filled logo has more. */
static const double PIXELS_MOST = 0.62;
/* Of the rays from its middle that meet red at its rim, and where the rim begins. */
static const double RIM_LEAST = 0.8;
static const double RIM_FROM = 0.80;
/* By the luminance of ink on paper: lighter is paper, darker is print. */
static const double PAPER_FROM = 0.92;
static const double PRINT_TO = 0.62;
static const double PRINT_LEVEL = 0.15; /* of the paper's */

typedef struct {
    uint8_t *cells; /* 0 plain, 1 red, 2 red and seen */
    uint32_t *stack;
    uint32_t width;
    uint32_t height;
    uint32_t cell_px;
} SealGrid;

typedef struct {
    uint32_t x0; /* cells; the ends are outside */
    uint32_t y0;
    uint32_t x1;
    uint32_t y1;
    uint32_t count;
} SealPatch;

static void
seal_grid_clear(SealGrid *self)
{
    g_free(self->cells);
    g_free(self->stack);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(SealGrid, seal_grid_clear)

static int
seal_redness(const uint8_t *rgb)
{
    return rgb[0] - MAX(rgb[1], rgb[2]);
}

static unsigned
seal_count_red(const DnPixmap *page, uint32_t x0, uint32_t y0, uint32_t x1, uint32_t y1)
{
    unsigned red = 0;

    for (uint32_t y = y0; y < MIN(y1, page->height_px); y++) {
        const uint8_t *row = dn_pixmap_row(page, y);

        for (uint32_t x = x0; x < MIN(x1, page->width_px); x++)
            red += seal_redness(row + 3 * (size_t)x) >= RED_LEAST;
    }
    return red;
}

static bool
seal_grid_fill(SealGrid *self, const DnPixmap *page, GError **error)
{
    self->cell_px = MAX(1U, MIN(page->width_px, page->height_px) / GRID_SIDE);
    self->width = (page->width_px + self->cell_px - 1) / self->cell_px;
    self->height = (page->height_px + self->cell_px - 1) / self->cell_px;
    self->cells = dn_try_array(self->width, self->height, error);
    self->stack = self->cells
                      ? dn_try_array((size_t)self->width * self->height, sizeof *self->stack, error)
                      : NULL;
    if (!self->stack)
        return false;
    for (uint32_t y = 0; y < self->height; y++)
        for (uint32_t x = 0; x < self->width; x++) {
            uint32_t left = x * self->cell_px;
            uint32_t top = y * self->cell_px;
            unsigned red =
                seal_count_red(page, left, top, left + self->cell_px, top + self->cell_px);

            self->cells[(size_t)y * self->width + x] =
                red * CELL_RED_SHARE >= self->cell_px * self->cell_px;
        }
    return true;
}

/* The patch of red around cell @start, which is then seen. */
static SealPatch
seal_patch_at(SealGrid *self, uint32_t start)
{
    SealPatch patch = {self->width, self->height, 0, 0, 0};
    size_t top = 0;

    self->stack[top++] = start;
    self->cells[start] = 2;
    while (top > 0) {
        uint32_t at = self->stack[--top];
        uint32_t x = at % self->width;
        uint32_t y = at / self->width;

        patch.x0 = MIN(patch.x0, x);
        patch.y0 = MIN(patch.y0, y);
        patch.x1 = MAX(patch.x1, x + 1);
        patch.y1 = MAX(patch.y1, y + 1);
        patch.count++;
        for (uint32_t ny = y > 0 ? y - 1 : 0; ny <= MIN(y + 1, self->height - 1); ny++)
            for (uint32_t nx = x > 0 ? x - 1 : 0; nx <= MIN(x + 1, self->width - 1); nx++)
                if (self->cells[(size_t)ny * self->width + nx] == 1) {
                    self->cells[(size_t)ny * self->width + nx] = 2;
                    self->stack[top++] = ny * self->width + nx;
                }
    }
    return patch;
}

/* Does red lie along the whole rim? The rim of a round seal is the ellipse in its box, that of a
 * square one lies outside of it. */
static bool
seal_has_rim(const SealGrid *grid, const SealPatch *patch)
{
    double radius_x = (patch->x1 - patch->x0) / 2.0;
    double radius_y = (patch->y1 - patch->y0) / 2.0;
    unsigned met = 0;

    for (unsigned ray = 0; ray < RAYS; ray++) {
        double cosine = cos(2 * G_PI * ray / RAYS);
        double sine = sin(2 * G_PI * ray / RAYS);
        double end = 1 / MAX(fabs(cosine), fabs(sine)); /* where the ray leaves the box */
        bool hit = false;

        for (double r = RIM_FROM; r < end && !hit; r += 0.02) {
            uint32_t x = (uint32_t)(patch->x0 + radius_x + r * radius_x * cosine);
            uint32_t y = (uint32_t)(patch->y0 + radius_y + r * radius_y * sine);

            hit = x < patch->x1 && y < patch->y1 && grid->cells[(size_t)y * grid->width + x] != 0;
        }
        met += hit;
    }
    return met >= RIM_LEAST * RAYS;
}

static bool
seal_is_one(const SealGrid *grid, const SealPatch *patch, const DnPixmap *page)
{
    double width = patch->x1 - patch->x0;
    double height = patch->y1 - patch->y0;
    double smaller = MIN(grid->width, grid->height);
    double cell_pixels = (double)grid->cell_px * grid->cell_px;

    return width >= SIDE_LEAST * smaller && height >= SIDE_LEAST * smaller && width >= 6 &&
           height >= 6 && width <= SIDE_MOST * smaller && height <= SIDE_MOST * smaller &&
           width <= ASPECT_MOST * height && height <= ASPECT_MOST * width &&
           patch->count >= INK_LEAST * width * height &&
           patch->count <= INK_MOST * width * height && seal_has_rim(grid, patch) &&
           seal_count_red(page, patch->x0 * grid->cell_px, patch->y0 * grid->cell_px,
                          patch->x1 * grid->cell_px,
                          patch->y1 * grid->cell_px) <= PIXELS_MOST * width * height * cell_pixels;
}

/* The value below which @share of the @count values lie. */
static int
seal_level(const unsigned *histogram, unsigned count, double share)
{
    unsigned below = 0;
    int level = 0;

    while (level < 255 && (below += histogram[level]) < share * count)
        level++;
    return level;
}

static void
seal_lift(const DnPixmap *page, const SealGrid *grid, const SealPatch *patch, DnPixmap *gray)
{
    uint32_t x0 = (patch->x0 > 0 ? patch->x0 - 1 : 0) * grid->cell_px;
    uint32_t y0 = (patch->y0 > 0 ? patch->y0 - 1 : 0) * grid->cell_px;
    uint32_t x1 = MIN(page->width_px, (patch->x1 + 1) * grid->cell_px);
    uint32_t y1 = MIN(page->height_px, (patch->y1 + 1) * grid->cell_px);
    unsigned reds[256] = {0}; /* by luminance */
    unsigned plain[256] = {0};
    unsigned red_count = 0;
    unsigned plain_count = 0;

    for (uint32_t y = y0; y < y1; y++)
        for (uint32_t x = x0; x < x1; x++) {
            const uint8_t *rgb = dn_pixmap_row(page, y) + 3 * (size_t)x;

            uint8_t light = dn_pixmap_row(gray, y)[x];

            if (seal_redness(rgb) >= RED_LEAST) {
                reds[light]++;
                red_count++;
            } else if (seal_redness(rgb) < TINGED_LEAST) {
                plain[light]++;
                plain_count++;
            }
        }
    double ink = seal_level(reds, red_count, 0.5);
    double paper = seal_level(plain, plain_count, 0.75);

    for (uint32_t y = y0; y < y1; y++)
        for (uint32_t x = x0; x < x1; x++) {
            const uint8_t *rgb = dn_pixmap_row(page, y) + 3 * (size_t)x;
            uint8_t *to = dn_pixmap_row(gray, y) + x;
            double share = CLAMP((*to - PRINT_TO * ink) / ((PAPER_FROM - PRINT_TO) * ink), 0, 1);

            if (ink > 0 && seal_redness(rgb) >= TINGED_LEAST)
                *to = MAX(*to, (uint8_t)lround(paper * (PRINT_LEVEL + (1 - PRINT_LEVEL) * share)));
        }
}

DnPixmap *
dn_pixmap_lift_seals(const DnPixmap *self, const DnLimits *limits, unsigned *out_seals,
                     GError **error)
{
    g_auto(SealGrid) grid = {0};
    g_autoptr(DnPixmap) gray = dn_pixmap_to_gray(self, limits, error);
    unsigned seals = 0;

    if (!gray)
        return NULL;
    if (self->format == DN_PIXEL_RGB24) {
        if (!seal_grid_fill(&grid, self, error))
            return NULL;
        for (uint32_t at = 0; at < grid.width * grid.height && seals < SEALS_MOST; at++) {
            if (grid.cells[at] != 1)
                continue;
            SealPatch patch = seal_patch_at(&grid, at);

            if (!seal_is_one(&grid, &patch, self))
                continue;
            seal_lift(self, &grid, &patch, gray);
            seals++;
        }
    }
    *out_seals = seals;
    return g_steal_pointer(&gray);
}
