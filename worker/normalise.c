/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * worker/normalise.c - which pixel operations a page needs, in which order.
 *
 * Evening the light helps photographs and hurts scans, so it is done only where the paper itself is
 * seen to change its brightness.
 */
#include "config.h"
#include "worker/normalise.h"
#include "worker/checks.h"

#include <math.h>

enum { TILES = 8, TILE_SAMPLES_A_SIDE = 48 };
enum { PAPER_PERCENT = 90 }; /* of a tile's pixels are darker than its paper */
enum { PAPER_LEAST = 48 };   /* darker than this the tile shows no paper */

/* A camera's pixels are more than its lens resolves: beyond this the recogniser sees grain instead
 * of strokes, and takes long to do so. */
enum { PHOTO_SHORT_SIDE_PX = 1400, PHOTO_LARGE_PX = 2000 };

/* From this ratio of the darkest to the brightest paper on. */
static const double EVEN_RATIO_LEAST = 0.75;

static int
paper_of_tile(const DnPixmap *page, uint32_t x0, uint32_t y0, uint32_t width, uint32_t height)
{
    unsigned histogram[256] = {0};
    uint32_t step_x = MAX(1, width / TILE_SAMPLES_A_SIDE);
    uint32_t step_y = MAX(1, height / TILE_SAMPLES_A_SIDE);
    unsigned count = 0;

    for (uint32_t y = y0; y < y0 + height; y += step_y)
        for (uint32_t x = x0; x < x0 + width; x += step_x, count++)
            histogram[dn_pixmap_row(page, y)[x]]++;
    unsigned below = 0;
    int level = 0;

    while (level < 255 && (below += histogram[level]) * 100 < count * PAPER_PERCENT)
        level++;
    return level;
}

bool
dn_normalise_is_unevenly_lit(const DnPixmap *page_gray)
{
    uint32_t width = page_gray->width_px / TILES;
    uint32_t height = page_gray->height_px / TILES;
    int darkest = 255;
    int brightest = 0;

    if (width == 0 || height == 0)
        return false;
    for (uint32_t row = 0; row < TILES; row++)
        for (uint32_t column = 0; column < TILES; column++) {
            int paper = paper_of_tile(page_gray, column * width, row * height, width, height);

            if (paper < PAPER_LEAST)
                continue;
            darkest = MIN(darkest, paper);
            brightest = MAX(brightest, paper);
        }
    return brightest > 0 && darkest < EVEN_RATIO_LEAST * brightest;
}

/* Without a resolution that can be believed it is no scan. */
static bool
is_large_photo(const DnPixmap *page, bool is_uneven)
{
    return MIN(page->width_px, page->height_px) >= PHOTO_LARGE_PX &&
           (is_uneven || !dn_checks_believable_dpi(page->dpi_x, page->dpi_y));
}

static DnPixmap *
shrink(const DnPixmap *page, const DnLimits *limits, GError **error)
{
    double ratio = (double)PHOTO_SHORT_SIDE_PX / MIN(page->width_px, page->height_px);

    return dn_pixmap_scale(page, (uint32_t)lround(page->width_px * ratio),
                           (uint32_t)lround(page->height_px * ratio), limits, error);
}

static void
note(GPtrArray *operations, const char *name)
{
    g_ptr_array_add(operations, g_strdup(name));
}

/* Takes the result of an operation in the place of its input. */
static bool
replace(DnPixmap **page, DnPixmap *next)
{
    if (!next)
        return false;
    dn_pixmap_free(*page);
    *page = next;
    return true;
}

DnPixmap *
dn_normalise_page(const DnPixmap *captured, unsigned orientation, const DnLimits *limits,
                  GPtrArray *operations, DnTurn *out_turn, GError **error)
{
    g_autoptr(DnPixmap) page = dn_pixmap_to_gray(captured, limits, error);
    bool sideways = orientation >= 5 && orientation <= 8;
    double degrees = 0;
    double scale = 1;

    if (!page)
        return NULL;
    if (captured->format != DN_PIXEL_GRAY8)
        note(operations, "gray");
    if (orientation >= 2 && orientation <= 8) {
        if (!replace(&page, dn_pixmap_orient(page, orientation, limits, error)))
            return NULL;
        g_ptr_array_add(operations, g_strdup_printf("orient %u", orientation));
    }
    bool is_uneven = dn_normalise_is_unevenly_lit(page);

    if (is_large_photo(page, is_uneven)) {
        if (!replace(&page, shrink(page, limits, error)))
            return NULL;
        g_ptr_array_add(operations,
                        g_strdup_printf("scale %ux%u", page->width_px, page->height_px));
        scale = (double)(sideways ? captured->height_px : captured->width_px) / page->width_px;
    }
    if (is_uneven) {
        if (!replace(&page, dn_pixmap_flatten(page, limits, error)))
            return NULL;
        note(operations, "flatten");
    }
    if (!replace(&page, dn_pixmap_deskew(page, limits, &degrees, error)))
        return NULL;
    if (degrees != 0)
        g_ptr_array_add(operations, g_strdup_printf("deskew %.2f", degrees));
    *out_turn = (DnTurn){degrees, scale};
    return g_steal_pointer(&page);
}
