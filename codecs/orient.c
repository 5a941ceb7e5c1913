/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * codecs/orient.c - turns and mirrors a page upright.
 *
 * EXIF and TIFF number the eight ways in which a picture can lie. Each is a swap of the axes, a
 * mirror or both, so one table and one loop do all: where the upright pixel (x, y) comes from is
 * origin + x * step_x + y * step_y in the stored rows.
 */
#include "config.h"
#include "codecs/codec.h"

#include <string.h>

typedef struct {
    bool transposed;     /* upright columns are stored rows */
    bool from_last_row;  /* the upright origin lies in the last stored row */
    bool from_last_side; /* the upright origin lies in the last stored column */
} OrientWay;

static const OrientWay orient_ways[] = {
    [1] = {false, false, false}, [2] = {false, false, true}, [3] = {false, true, true},
    [4] = {false, true, false},  [5] = {true, false, false}, [6] = {true, true, false},
    [7] = {true, true, true},    [8] = {true, false, true},
};

static void
orient_gray(const uint8_t *from, ptrdiff_t step_x, uint8_t *to, uint32_t width_px)
{
    for (uint32_t x = 0; x < width_px; x++, from += step_x)
        to[x] = *from;
}

static void
orient_rgb(const uint8_t *from, ptrdiff_t step_x, uint8_t *to, uint32_t width_px)
{
    for (uint32_t x = 0; x < width_px; x++, from += step_x, to += 3) {
        to[0] = from[0];
        to[1] = from[1];
        to[2] = from[2];
    }
}

DnPixmap *
dn_pixmap_orient(const DnPixmap *self, unsigned orientation, const DnLimits *limits, GError **error)
{
    const OrientWay *way = &orient_ways[orientation >= 1 && orientation <= 8 ? orientation : 1];
    uint32_t width_px = way->transposed ? self->height_px : self->width_px;
    uint32_t height_px = way->transposed ? self->width_px : self->height_px;
    DnPixmap *out = dn_pixmap_new(width_px, height_px, self->format, limits, error);
    ptrdiff_t stored_column = self->format;
    ptrdiff_t stored_row = (ptrdiff_t)dn_pixmap_stride(self);
    const uint8_t *origin = self->data;
    ptrdiff_t step_x = 0;
    ptrdiff_t step_y = 0;

    if (!out)
        return NULL;
    if (way->from_last_row) {
        origin += stored_row * (ptrdiff_t)(self->height_px - 1);
        stored_row = -stored_row;
    }
    if (way->from_last_side) {
        origin += stored_column * (ptrdiff_t)(self->width_px - 1);
        stored_column = -stored_column;
    }
    step_x = way->transposed ? stored_row : stored_column;
    step_y = way->transposed ? stored_column : stored_row;
    out->dpi_x = way->transposed ? self->dpi_y : self->dpi_x;
    out->dpi_y = way->transposed ? self->dpi_x : self->dpi_y;
    for (uint32_t y = 0; y < height_px; y++) {
        const uint8_t *from = origin + step_y * (ptrdiff_t)y;
        uint8_t *to = dn_pixmap_row(out, y);

        if (step_x == self->format)
            memcpy(to, from, dn_pixmap_stride(out));
        else if (self->format == DN_PIXEL_GRAY8)
            orient_gray(from, step_x, to, width_px);
        else
            orient_rgb(from, step_x, to, width_px);
    }
    return out;
}

/* How a way turns the axes: where a step along x and along y of the upright page goes in the stored
 * one. */
static void
orient_axes(unsigned orientation, int axes[2][2])
{
    const OrientWay *way = &orient_ways[orientation >= 1 && orientation <= 8 ? orientation : 1];
    int side = way->from_last_side ? -1 : 1;
    int row = way->from_last_row ? -1 : 1;

    axes[0][0] = way->transposed ? 0 : side;
    axes[0][1] = way->transposed ? side : 0;
    axes[1][0] = way->transposed ? row : 0;
    axes[1][1] = way->transposed ? 0 : row;
}

unsigned
dn_orientation_then(unsigned first, unsigned second)
{
    int a[2][2];
    int b[2][2];
    int both[2][2];
    unsigned found = 1;

    orient_axes(first, a);
    orient_axes(second, b);
    for (int i = 0; i < 2; i++)
        for (int k = 0; k < 2; k++)
            both[i][k] = a[i][0] * b[0][k] + a[i][1] * b[1][k];
    for (unsigned orientation = 1; orientation <= 8; orientation++) {
        int one[2][2];

        orient_axes(orientation, one);
        if (memcmp(one, both, sizeof one) == 0)
            found = orientation;
    }
    return found;
}
