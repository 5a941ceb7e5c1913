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

static bool
is_scan(const DnPixmap *page)
{
    return dn_checks_believable_dpi(page->dpi_x, page->dpi_y);
}

/* What becomes of the sides of a photograph of @smaller pixels on its smaller side. */
static double
photo_ratio(double smaller)
{
    return smaller >= PHOTO_LARGE_PX ? PHOTO_SHORT_SIDE_PX / smaller : 1;
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
dn_normalise_upright(const DnPixmap *captured, unsigned orientation, const DnLimits *limits,
                     GPtrArray *operations, GError **error)
{
    unsigned seals = 0;
    g_autoptr(DnPixmap) page = dn_pixmap_lift_seals(captured, limits, &seals, error);

    if (!page)
        return NULL;
    if (captured->format != DN_PIXEL_GRAY8)
        note(operations, seals > 0 ? "gray without seals" : "gray");
    if (orientation < 2 || orientation > 8)
        return g_steal_pointer(&page);
    g_ptr_array_add(operations, g_strdup_printf("orient %u", orientation));
    return dn_pixmap_orient(page, orientation, limits, error);
}

/* (transfer full) @from made smaller by @ratio. */
static DnPixmap *
shrink(const DnPixmap *from, double ratio, const DnLimits *limits, GPtrArray *operations,
       DnMap *out_map, GError **error)
{
    uint32_t width_px = MAX(1U, (uint32_t)lround(from->width_px * ratio));
    uint32_t height_px = MAX(1U, (uint32_t)lround(from->height_px * ratio));

    g_ptr_array_add(operations, g_strdup_printf("scale %ux%u", width_px, height_px));
    *out_map = (DnMap){.m = {(double)from->width_px / width_px, 0, 0, 0,
                             (double)from->height_px / height_px, 0, 0, 0, 1}};
    return dn_pixmap_scale(from, width_px, height_px, limits, error);
}

/* The place of a corner as it is noted, in tenths of a pixel: what is done again from the note must
 * be the same. */
static double
noted(double place)
{
    return round(place * 10) / 10;
}

/* (transfer full) What lies in @area of @from, as it is noted. */
static DnPixmap *
take_quad(const DnPixmap *from, const DnQuad *area, const DnLimits *limits, GPtrArray *operations,
          DnMap *out_map, GError **error)
{
    g_autoptr(GString) text = g_string_new("straighten");
    double width = 0;
    double height = 0;
    DnQuad quad;

    for (int i = 0; i < 4; i++) {
        char x[G_ASCII_DTOSTR_BUF_SIZE];
        char y[G_ASCII_DTOSTR_BUF_SIZE];

        quad.x[i] = noted(area->x[i]);
        quad.y[i] = noted(area->y[i]);
        g_string_append_printf(text, " %s,%s", g_ascii_formatd(x, sizeof x, "%.1f", quad.x[i]),
                               g_ascii_formatd(y, sizeof y, "%.1f", quad.y[i]));
    }
    dn_quad_size(&quad, &width, &height);
    uint32_t width_px = MAX(1U, (uint32_t)lround(width));
    uint32_t height_px = MAX(1U, (uint32_t)lround(height));

    g_string_append_printf(text, " to %ux%u", width_px, height_px);
    note(operations, text->str);
    *out_map = dn_quad_map(&quad, width_px, height_px);
    return dn_pixmap_straighten(from, &quad, width_px, height_px, limits, error);
}

/* The same of a photograph, which is made smaller before. */
static DnPixmap *
straighten(const DnPixmap *from, const DnQuad *area, const DnLimits *limits, GPtrArray *operations,
           DnMap *out_map, GError **error)
{
    g_autoptr(DnPixmap) small = NULL;
    DnMap scaled = dn_map_identity();
    DnMap straight = dn_map_identity();
    DnQuad quad = *area;
    double width = 0;
    double height = 0;

    dn_quad_size(area, &width, &height);
    double ratio = is_scan(from) ? 1 : photo_ratio(MIN(width, height));

    if (ratio < 1 && !(small = shrink(from, ratio, limits, operations, &scaled, error)))
        return NULL;
    for (int i = 0; i < 4; i++) {
        quad.x[i] /= scaled.m[0];
        quad.y[i] /= scaled.m[4];
    }
    DnPixmap *page = take_quad(small ? small : from, &quad, limits, operations, &straight, error);

    *out_map = dn_map_then(&straight, &scaled);
    return page;
}

DnPixmap *
dn_normalise_part(const DnPixmap *page, const DnQuad *area, const DnLimits *limits,
                  GPtrArray *operations, DnMap *map, GError **error)
{
    DnMap part = dn_map_identity();
    DnPixmap *out = take_quad(page, area, limits, operations, &part, error);

    *map = dn_map_then(&part, map);
    return out;
}

/* From points of a page that was turned about its middle to those of the page before. */
static DnMap
turned_map(const DnPixmap *turned, double before_width, double before_height, double degrees)
{
    double cosine = cos(degrees * G_PI / 180);
    double sine = sin(degrees * G_PI / 180);
    double x = turned->width_px / 2.0;
    double y = turned->height_px / 2.0;

    return (DnMap){.m = {cosine, -sine, before_width / 2 - x * cosine + y * sine, sine, cosine,
                         before_height / 2 - x * sine - y * cosine, 0, 0, 1}};
}

static DnPixmap *
level(const DnPixmap *page, const DnLimits *limits, GPtrArray *operations, DnMap *map,
      GError **error)
{
    double degrees = 0;
    DnPixmap *turned = dn_pixmap_deskew(page, limits, &degrees, error);

    if (!turned || degrees == 0)
        return turned;
    char text[G_ASCII_DTOSTR_BUF_SIZE];
    DnMap turn = turned_map(turned, page->width_px, page->height_px, degrees);

    *map = dn_map_then(&turn, map);
    g_ptr_array_add(operations, g_strdup_printf("deskew %s", g_ascii_formatd(text, sizeof text,
                                                                             "%.2f", degrees)));
    return turned;
}

/* What is noted suffices to unbend it again: left and width of the print, then the terms. */
static char *
bend_text(const DnBend *bend)
{
    g_autoptr(GString) text = g_string_new(NULL);

    g_string_append_printf(text, "curl %u+%u", bend->left, bend->span);
    for (int end = 0; end < 2; end++)
        for (int k = 0; k < DN_BEND_TERMS; k++) {
            char term[G_ASCII_DTOSTR_BUF_SIZE];
            int32_t tenths = end ? bend->bottom[k] : bend->top[k];

            g_ascii_formatd(term, sizeof term, "%.1f", (double)tenths / DN_BEND_UNITS);
            g_string_append_printf(text, "%s%s", k == 0 ? " " : ",", term);
        }
    return g_string_free(g_steal_pointer(&text), FALSE);
}

/* Makes the lines of a page straight whose paper does not lie flat. */
static bool
uncurl(DnPixmap **page, const DnLimits *limits, GPtrArray *operations, DnMap *map, GError **error)
{
    DnBend bend;
    DnMap part;
    bool bent = false;

    if (!dn_pixmap_find_bend(*page, limits, &bend, &bent, error))
        return false;
    if (!bent || !dn_bend_map(&bend, &part))
        return true;
    *map = dn_map_then(&part, map);
    g_ptr_array_add(operations, bend_text(&bend));
    return replace(page, dn_pixmap_unbend(*page, &bend, limits, error));
}

DnPixmap *
dn_normalise_page(const DnPixmap *upright, const DnQuad *area, const DnLimits *limits,
                  GPtrArray *operations, DnMap *out_map, GError **error)
{
    g_autoptr(DnPixmap) page = NULL;
    DnMap map = dn_map_identity();
    bool is_uneven = false;

    if (area && !(page = straighten(upright, area, limits, operations, &map, error)))
        return NULL;
    is_uneven = dn_normalise_is_unevenly_lit(page ? page : upright);
    if (!area && (is_uneven || !is_scan(upright))) {
        double ratio = photo_ratio(MIN(upright->width_px, upright->height_px));

        if (ratio < 1 && !(page = shrink(upright, ratio, limits, operations, &map, error)))
            return NULL;
    }
    if (is_uneven) {
        if (!replace(&page, dn_pixmap_flatten(page ? page : upright, limits, error)))
            return NULL;
        note(operations, "flatten");
    }
    if (!replace(&page, level(page ? page : upright, limits, operations, &map, error)))
        return NULL;
    if ((is_uneven || !is_scan(upright)) && !uncurl(&page, limits, operations, &map, error))
        return NULL;
    *out_map = map;
    return g_steal_pointer(&page);
}
