/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ocr/recognize.c - the calls every recogniser shares: what is asked is checked once, here.
 */
#include "config.h"
#include "ocr/recognize.h"

DnRecognizer *
dn_recognizer_open(const DnRecognizerDriver *driver, const char *model, GError **error)
{
    return driver->open(model, error);
}

bool
dn_recognizer_is_ready(DnRecognizer *self, GError **error)
{
    return self && (!self->driver->ready || self->driver->ready(self, error));
}

bool
dn_recognizer_page(DnRecognizer *self, const DnPixmap *page_gray, unsigned page, int layout_mode,
                   uint32_t deadline_ms, DnPageText **out_text, bool *out_complete, GError **error)
{
    if (page_gray->format != DN_PIXEL_GRAY8)
        return dn_fail(error, DN_ERROR_INVALID, "page %u: a recogniser reads grey pictures", page);
    if (page_gray->width_px == 0 || page_gray->height_px == 0)
        return dn_fail(error, DN_ERROR_INVALID, "page %u: an empty picture", page);
    return self->driver->page(self, page_gray, page, layout_mode, deadline_ms, out_text,
                              out_complete, error);
}

void
dn_recognizer_close(DnRecognizer *self)
{
    if (self)
        self->driver->close(self);
}
