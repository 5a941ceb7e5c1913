/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * codecs/pixmap.c - one page as pixels in memory.
 */
#include "config.h"
#include "codecs/pixmap.h"

#include "base/memory.h"

#include <string.h>

DnPixmap *
dn_pixmap_new(uint32_t width_px, uint32_t height_px, DnPixelFormat format, const DnLimits *limits,
              GError **error)
{
    DnPixmap *self = NULL;
    uint8_t *data = NULL;
    size_t stride = 0;

    g_assert(format == DN_PIXEL_GRAY8 || format == DN_PIXEL_RGB24);
    if (!dn_limits_check_size(limits, "picture", width_px, height_px, error))
        return NULL;
    stride = (size_t)width_px * format;
    data = dn_try_array(height_px, stride, error);
    if (!data)
        return NULL;
    memset(data, 0xff, stride * height_px);
    self = g_new0(DnPixmap, 1);
    self->width_px = width_px;
    self->height_px = height_px;
    self->format = format;
    self->data = data;
    return self;
}

void
dn_pixmap_free(DnPixmap *self)
{
    if (!self)
        return;
    g_free(self->data);
    g_free(self);
}
