/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * codecs/straighten.c - a sheet seen from aside becomes a page seen from above.
 *
 * The four corners of the sheet fix the projective map between page and picture (Heckbert 1989);
 * each pixel of the page is mixed from the four around the place it comes from. Leptonica's
 * projective transforms keep the canvas of their input and so would cut a page that grows.
 */
#include "config.h"
#include "codecs/codec.h"

#include <math.h>

DnMap
dn_map_identity(void)
{
    return (DnMap){.m = {1, 0, 0, 0, 1, 0, 0, 0, 1}};
}

static void
straighten_multiply(const double *first, const double *second, double *out)
{
    for (int row = 0; row < 3; row++)
        for (int column = 0; column < 3; column++) {
            double sum = 0;

            for (int k = 0; k < 3; k++)
                sum += second[3 * row + k] * first[3 * k + column];
            out[3 * row + column] = sum;
        }
}

DnMap
dn_map_then(const DnMap *first, const DnMap *second)
{
    DnMap map = first->bent ? *first : *second;

    g_assert(!first->bent || !second->bent);
    if (first->bent)
        straighten_multiply(first->after, second->m, map.after);
    else
        straighten_multiply(first->m, second->m, map.m);
    return map;
}

static void
straighten_point(const double *m, double *x, double *y)
{
    double weight = m[6] * *x + m[7] * *y + m[8];
    double from_x = *x;

    *x = (m[0] * from_x + m[1] * *y + m[2]) / weight;
    *y = (m[3] * from_x + m[4] * *y + m[5]) / weight;
}

void
dn_map_point(const DnMap *self, double *x, double *y)
{
    straighten_point(self->m, x, y);
    if (!self->bent)
        return;
    dn_bend_point(&self->bend, x, y);
    straighten_point(self->after, x, y);
}

DnMap
dn_quad_map(const DnQuad *quad, double width, double height)
{
    const double *x = quad->x;
    const double *y = quad->y;
    double dx1 = x[1] - x[2];
    double dx2 = x[3] - x[2];
    double dx3 = x[0] - x[1] + x[2] - x[3];
    double dy1 = y[1] - y[2];
    double dy2 = y[3] - y[2];
    double dy3 = y[0] - y[1] + y[2] - y[3];
    double below = dx1 * dy2 - dx2 * dy1;
    double g = below != 0 ? (dx3 * dy2 - dx2 * dy3) / below : 0;
    double h = below != 0 ? (dx1 * dy3 - dx3 * dy1) / below : 0;
    DnMap square = {.m = {x[1] - x[0] + g * x[1], x[3] - x[0] + h * x[3], x[0],
                          y[1] - y[0] + g * y[1], y[3] - y[0] + h * y[3], y[0], g, h, 1}};
    DnMap unit = {{1 / width, 0, 0, 0, 1 / height, 0, 0, 0, 1}};

    return dn_map_then(&unit, &square);
}

void
dn_quad_size(const DnQuad *quad, double *out_width, double *out_height)
{
    const double *x = quad->x;
    const double *y = quad->y;

    *out_width = (hypot(x[1] - x[0], y[1] - y[0]) + hypot(x[2] - x[3], y[2] - y[3])) / 2;
    *out_height = (hypot(x[3] - x[0], y[3] - y[0]) + hypot(x[2] - x[1], y[2] - y[1])) / 2;
}

/* The pixel at (@x, @y), whose own middle is at a half, between four others; white beyond. */
static uint8_t
straighten_pick(const DnPixmap *self, double x, double y)
{
    double left = floor(x - 0.5);
    double top = floor(y - 0.5);
    float share_x = (float)(x - 0.5 - left);
    float share_y = (float)(y - 0.5 - top);
    float mixed = 0;

    /* Also of what is no number. */
    if (!(left >= -1 && top >= -1 && left < self->width_px && top < self->height_px))
        return 255;
    for (int64_t dy = 0; dy < 2; dy++)
        for (int64_t dx = 0; dx < 2; dx++) {
            int64_t column = (int64_t)left + dx;
            int64_t row = (int64_t)top + dy;
            bool inside =
                column >= 0 && row >= 0 && column < self->width_px && row < self->height_px;
            float value = inside ? dn_pixmap_row(self, (uint32_t)row)[column] : 255;

            mixed += value * (dx ? share_x : 1 - share_x) * (dy ? share_y : 1 - share_y);
        }
    return (uint8_t)(mixed + 0.5F);
}

DnPixmap *
dn_pixmap_straighten(const DnPixmap *self, const DnQuad *quad, uint32_t width_px,
                     uint32_t height_px, const DnLimits *limits, GError **error)
{
    DnMap map = dn_quad_map(quad, width_px, height_px);
    DnPixmap *out = NULL;

    if (self->format != DN_PIXEL_GRAY8)
        return dn_fail_null(error, DN_ERROR_INVALID, "only a gray picture can be straightened");
    out = dn_pixmap_new(width_px, height_px, DN_PIXEL_GRAY8, limits, error);
    if (!out)
        return NULL;
    out->dpi_x = self->dpi_x;
    out->dpi_y = self->dpi_y;
    for (uint32_t y = 0; y < height_px; y++) {
        uint8_t *to = dn_pixmap_row(out, y);

        for (uint32_t x = 0; x < width_px; x++) {
            double at_x = x + 0.5;
            double at_y = y + 0.5;

            dn_map_point(&map, &at_x, &at_y);
            to[x] = straighten_pick(self, at_x, at_y);
        }
    }
    return out;
}
