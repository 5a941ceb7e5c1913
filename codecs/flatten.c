/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * codecs/flatten.c - evens the lighting of a photographed page.
 *
 * Each pixel is divided by the background around it: the page blurred over about 5 % of its smaller
 * side. The background is smooth, so it is made on a reduced copy (three box blurs are close to a
 * Gaussian one) and read back between its pixels. The quotients are then stretched: where most of
 * them lie is paper and becomes white, the darkest become black. Of help for photographs; a flat
 * scan only loses by it, so the caller decides.
 */
#include "config.h"
#include "codecs/codec.h"

#include "base/memory.h"

#include <math.h>

enum {
    FLATTEN_SIDE_PX = 400, /* smaller side of the reduced copy */
    FLATTEN_BLUR_DIVISOR = 20,
    FLATTEN_PASSES = 3,
    FLATTEN_BINS = 512, /* of quotients, which lie between 0 and 2 */
};

/* A page whose darkest and lightest quotient lie closer holds no writing, only noise. */
#define FLATTEN_LEAST_CONTRAST 0.25
/* Paper is a little uneven: what comes this near to its most common quotient is white too. */
#define FLATTEN_PAPER 0.95
#define FLATTEN_BLACK_SHARE 0.005

/* Mean over 2 * @radius + 1 values along one line, which goes on with its end values. */
static void
flatten_blur_line(const float *from, float *to, size_t count, size_t step, size_t radius)
{
    double sum = 0;
    double window = 2.0 * (double)radius + 1;

    for (size_t i = 0; i <= 2 * radius; i++)
        sum += from[(i < radius ? 0 : MIN(i - radius, count - 1)) * step];
    for (size_t i = 0; i < count; i++) {
        to[i * step] = (float)(sum / window);
        sum += from[MIN(i + radius + 1, count - 1) * step] -
               from[(i < radius ? 0 : i - radius) * step];
    }
}

/* Blurs @field in place with the help of @spare, which has the same size. */
static void
flatten_blur(float *field, float *spare, size_t width, size_t height, size_t radius)
{
    for (unsigned pass = 0; pass < FLATTEN_PASSES; pass++) {
        for (size_t y = 0; y < height; y++)
            flatten_blur_line(field + y * width, spare + y * width, width, 1, radius);
        for (size_t x = 0; x < width; x++)
            flatten_blur_line(spare + x, field + x, height, width, radius);
    }
}

/* The background on a reduced copy of the page. */
typedef struct {
    float *values;
    uint32_t width_px;
    uint32_t height_px;
} FlattenField;

static bool
flatten_background(const DnPixmap *self, const DnLimits *limits, FlattenField *out, GError **error)
{
    uint32_t smaller = MIN(self->width_px, self->height_px);
    double ratio = smaller > FLATTEN_SIDE_PX ? (double)FLATTEN_SIDE_PX / smaller : 1;
    uint32_t width_px = MAX(1U, (uint32_t)lround(self->width_px * ratio));
    uint32_t height_px = MAX(1U, (uint32_t)lround(self->height_px * ratio));
    g_autoptr(DnPixmap) small = dn_pixmap_scale(self, width_px, height_px, limits, error);
    size_t count = (size_t)width_px * height_px;
    g_autofree float *spare = NULL;
    g_autofree float *field = NULL;

    if (!small)
        return false;
    field = dn_try_array(count, sizeof *field, error);
    spare = field ? dn_try_array(count, sizeof *spare, error) : NULL;
    if (!spare)
        return false;
    for (size_t i = 0; i < count; i++)
        field[i] = small->data[i];
    flatten_blur(field, spare, width_px, height_px,
                 MAX(1U, MIN(width_px, height_px) / FLATTEN_BLUR_DIVISOR / 2));
    *out = (FlattenField){g_steal_pointer(&field), width_px, height_px};
    return true;
}

/* Where a pixel of the page lies between two of the background. */
typedef struct {
    uint32_t low;
    uint32_t high;
    float share; /* of the high one */
} FlattenSpot;

static FlattenSpot
flatten_spot(uint32_t at, uint32_t page, uint32_t field)
{
    float place = ((float)at + 0.5F) * (float)field / (float)page - 0.5F;
    FlattenSpot spot = {0, 0, 0};

    if (place > 0) {
        spot.low = MIN((uint32_t)place, field - 1);
        spot.high = MIN(spot.low + 1, field - 1);
        spot.share = place - (float)spot.low;
    }
    return spot;
}

/* The quotients of row @y, between 0 and 2. */
static void
flatten_row(const DnPixmap *self, const FlattenField *field, const FlattenSpot *columns, uint32_t y,
            float *quotients)
{
    FlattenSpot spot = flatten_spot(y, self->height_px, field->height_px);
    const float *upper = field->values + (size_t)spot.low * field->width_px;
    const float *lower = field->values + (size_t)spot.high * field->width_px;
    const uint8_t *row = dn_pixmap_row(self, y);

    for (uint32_t x = 0; x < self->width_px; x++) {
        const FlattenSpot *c = &columns[x];
        float above = upper[c->low] + (upper[c->high] - upper[c->low]) * c->share;
        float below = lower[c->low] + (lower[c->high] - lower[c->low]) * c->share;
        float quotient = ((float)row[x] + 1) / (above + (below - above) * spot.share + 1);

        quotients[x] = MIN(quotient, 1.999F);
    }
}

/* Which quotient becomes black, and which white. */
static void
flatten_ends(const uint64_t *bins, uint64_t pixels, float *out_black, float *out_white)
{
    unsigned mode = 0;
    unsigned dark = 0;
    uint64_t seen = 0;
    float white = 0;
    float black = 0;

    for (unsigned i = 1; i < FLATTEN_BINS; i++)
        if (bins[i] > bins[mode])
            mode = i;
    for (seen = bins[0]; dark < mode && (double)seen < (double)pixels * FLATTEN_BLACK_SHARE;)
        seen += bins[++dark];
    white = (float)((mode + 0.5) * 2 / FLATTEN_BINS * FLATTEN_PAPER);
    black = (float)((dark + 0.5) * 2 / FLATTEN_BINS);
    *out_white = white;
    *out_black = MIN(black, white - (float)FLATTEN_LEAST_CONTRAST);
}

DnPixmap *
dn_pixmap_flatten(const DnPixmap *self, const DnLimits *limits, GError **error)
{
    g_autoptr(DnPixmap) out = NULL;
    FlattenField field = {NULL, 0, 0};
    g_autofree float *values = NULL;
    g_autofree float *quotients = NULL;
    g_autofree FlattenSpot *columns = NULL;
    uint64_t bins[FLATTEN_BINS] = {0};
    float black = 0;
    float white = 1;

    if (self->format != DN_PIXEL_GRAY8)
        return dn_fail_null(error, DN_ERROR_INVALID, "only a gray page can be flattened");
    if (!flatten_background(self, limits, &field, error))
        return NULL;
    values = field.values;
    out = dn_pixmap_new(self->width_px, self->height_px, DN_PIXEL_GRAY8, limits, error);
    quotients = out ? dn_try_array(self->width_px, sizeof *quotients, error) : NULL;
    columns = quotients ? dn_try_array(self->width_px, sizeof *columns, error) : NULL;
    if (!columns)
        return NULL;
    for (uint32_t x = 0; x < self->width_px; x++)
        columns[x] = flatten_spot(x, self->width_px, field.width_px);
    for (uint32_t y = 0; y < self->height_px; y++) {
        flatten_row(self, &field, columns, y, quotients);
        for (uint32_t x = 0; x < self->width_px; x++)
            bins[(unsigned)(quotients[x] * FLATTEN_BINS / 2)]++;
    }
    flatten_ends(bins, (uint64_t)self->width_px * self->height_px, &black, &white);
    for (uint32_t y = 0; y < self->height_px; y++) {
        uint8_t *to = dn_pixmap_row(out, y);

        flatten_row(self, &field, columns, y, quotients);
        for (uint32_t x = 0; x < self->width_px; x++) {
            float value = (quotients[x] - black) / (white - black) * 255;

            to[x] = (uint8_t)(CLAMP(value, 0.0F, 255.0F) + 0.5F);
        }
    }
    out->dpi_x = self->dpi_x;
    out->dpi_y = self->dpi_y;
    return g_steal_pointer(&out);
}
