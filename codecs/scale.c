/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * codecs/scale.c - a page at another size, each new pixel the mean of the area it covers.
 *
 * Separable: the stored rows under one new row are added with their share into a row of floats,
 * which is then added up along x. Enlarging is the same arithmetic with areas below one pixel.
 */
#include "config.h"
#include "codecs/codec.h"

#include "base/memory.h"

#include <string.h>

/* The part of the stored axis that lies under new pixel @index. */
typedef struct {
    uint32_t first;
    uint32_t last;      /* inclusive */
    float first_weight; /* share of the first and last stored pixel; between them it is 1 */
    float last_weight;
    float total;
} ScaleSpan;

static ScaleSpan
scale_span(uint32_t index, uint32_t stored, uint32_t wanted)
{
    uint64_t from = (uint64_t)index * stored; /* in units of 1 / wanted of a stored pixel */
    uint64_t to = from + stored;
    ScaleSpan span = {.first = (uint32_t)(from / wanted), .last = (uint32_t)((to - 1) / wanted)};

    span.total = (float)stored / (float)wanted;
    if (span.first == span.last) {
        span.first_weight = span.total;
        return span;
    }
    span.first_weight = (float)(wanted - from % wanted) / (float)wanted;
    span.last_weight = (float)(to - (uint64_t)span.last * wanted) / (float)wanted;
    return span;
}

static void
scale_add_row(float *sums, const uint8_t *row, size_t count, float weight)
{
    for (size_t i = 0; i < count; i++)
        sums[i] += weight * row[i];
}

static void
scale_write_row(const float *sums, const ScaleSpan *columns, const DnPixmap *out, uint8_t *to,
                float row_total)
{
    unsigned channels = out->format;

    for (uint32_t x = 0; x < out->width_px; x++) {
        const ScaleSpan *span = &columns[x];

        for (unsigned c = 0; c < channels; c++) {
            float sum = span->first_weight * sums[(size_t)span->first * channels + c];

            for (uint32_t i = span->first + 1; i < span->last; i++)
                sum += sums[(size_t)i * channels + c];
            if (span->last > span->first)
                sum += span->last_weight * sums[(size_t)span->last * channels + c];
            sum = sum / (span->total * row_total) + 0.5F;
            *to++ = sum >= 255.0F ? 255 : (uint8_t)sum;
        }
    }
}

DnPixmap *
dn_pixmap_scale(const DnPixmap *self, uint32_t width_px, uint32_t height_px, const DnLimits *limits,
                GError **error)
{
    g_autoptr(DnPixmap) out = dn_pixmap_new(width_px, height_px, self->format, limits, error);
    size_t stride = dn_pixmap_stride(self);
    g_autofree float *sums = NULL;
    g_autofree ScaleSpan *columns = NULL;

    if (!out)
        return NULL;
    sums = dn_try_array(stride, sizeof *sums, error);
    if (!sums)
        return NULL;
    columns = dn_try_array(width_px, sizeof *columns, error);
    if (!columns)
        return NULL;
    for (uint32_t x = 0; x < width_px; x++)
        columns[x] = scale_span(x, self->width_px, width_px);
    for (uint32_t y = 0; y < height_px; y++) {
        ScaleSpan rows = scale_span(y, self->height_px, height_px);

        memset(sums, 0, stride * sizeof *sums);
        scale_add_row(sums, dn_pixmap_row(self, rows.first), stride, rows.first_weight);
        for (uint32_t i = rows.first + 1; i < rows.last; i++)
            scale_add_row(sums, dn_pixmap_row(self, i), stride, 1.0F);
        if (rows.last > rows.first)
            scale_add_row(sums, dn_pixmap_row(self, rows.last), stride, rows.last_weight);
        scale_write_row(sums, columns, out, dn_pixmap_row(out, y), rows.total);
    }
    out->dpi_x = self->dpi_x * width_px / self->width_px;
    out->dpi_y = self->dpi_y * height_px / self->height_px;
    return g_steal_pointer(&out);
}
