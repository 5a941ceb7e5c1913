/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ocr/beside.c - print in the pictures of a page that brings its own text.
 *
 * A program that writes invoices often sets the letterhead as a picture, so that the text layer
 * tells everything but who issued it. Where there is ink that no word of the layer accounts for,
 * the pixels are read; the layer stays as it is, and what the pictures say is a second reading of
 * those places.
 */
#include "config.h"
#include "base/memory.h"
#include "base/text.h"
#include "ocr/read-page.h"

#include <string.h>

enum { RIM_PX = 2 };
static const double SHARE_MOST = 0.8; /* of the page */

/* Takes the print of the layer's words out. */
static void
clear_words(DnPixmap *page, const DnPageText *layer)
{
    int32_t width = (int32_t)page->width_px;
    int32_t height = (int32_t)page->height_px;

    for (guint i = 0; i < layer->lines->len; i++) {
        const GPtrArray *words = ((const DnLine *)g_ptr_array_index(layer->lines, i))->words;

        for (guint k = 0; k < words->len; k++) {
            const DnBox *box = &((const DnWord *)g_ptr_array_index(words, k))->box;
            int32_t left = CLAMP(box->x - RIM_PX, 0, width);
            int32_t right = CLAMP(box->x + box->width + RIM_PX, left, width);
            int32_t bottom = CLAMP(box->y + box->height + RIM_PX, 0, height);

            for (int32_t y = CLAMP(box->y - RIM_PX, 0, height); y < bottom; y++)
                memset(page->data + (size_t)y * page->width_px + (size_t)left, 255,
                       (size_t)(right - left));
        }
    }
}

static bool
is_japanese(const DnPageText *layer)
{
    for (guint i = 0; i < layer->lines->len; i++)
        for (const char *p = ((const DnLine *)g_ptr_array_index(layer->lines, i))->text; *p;
             p = g_utf8_next_char(p))
            if (dn_text_is_cjk(g_utf8_get_char(p)))
                return true;
    return false;
}

bool
dn_read_beside(DnRecognizer *recognizer, DnRecognizer *latin, const DnPixmap *page_gray,
               uint32_t deadline_ms, DnPageText *layer, GError **error)
{
    DnPixmap pictures = *page_gray;
    bool complete = true;

    if (page_gray->format != DN_PIXEL_GRAY8 || layer->second ||
        page_gray->width_px != layer->width_px || page_gray->height_px != layer->height_px)
        return true;
    g_autofree uint8_t *pixels = dn_try_array(page_gray->height_px, page_gray->width_px, error);

    if (!pixels)
        return false;
    dn_page_clear_rules(page_gray, pixels);
    pictures.data = pixels;
    clear_words(&pictures, layer);
    g_autoptr(GArray) boxes = dn_bands_unread(layer, &pictures);
    g_autoptr(GArray) bands = dn_bands_new(layer, (const DnBox *)(void *)boxes->data, boxes->len);

    if (bands->len == 0 || dn_bands_share(bands, layer) > SHARE_MOST)
        return true;
    DnRecognizer *reader =
        !is_japanese(layer) && dn_recognizer_is_ready(latin, NULL) ? latin : recognizer;

    if (!dn_recognizer_is_ready(reader, NULL))
        return true;
    if (!dn_read_bands(reader, &pictures, layer, bands, deadline_ms, &layer->second, &complete,
                       error))
        return false;
    g_autofree char *look = dn_bands_look(bands, "rules; words");

    dn_page_text_note(layer, look, layer->second->origin);
    return true;
}
