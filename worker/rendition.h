/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * worker/rendition.h - a searchable PDF: the page as it was captured, upright, and its words.
 *
 * Threads: one rendition belongs to one thread. Life cycle: new, add_page for each page in order,
 * finish, free.
 */
#ifndef WORKER_RENDITION_H
#define WORKER_RENDITION_H

#include "codecs/codec.h"
#include "ocr/page-text.h"

#include <cairo.h>

G_BEGIN_DECLS

typedef struct DnRendition DnRendition;

/** Words, and how the page that they were read from lies over the upright page. */
typedef struct {
    const DnPageText *text;
    DnMap to_upright;
} DnRenditionText;

/** What may become of one page. */
typedef struct {
    const DnPixmap *captured; /* pixels as stored */
    unsigned orientation;     /* 1..8; the page is shown upright */
    GBytes *jpeg; /* (nullable) the stored JPEG of just these pixels, embedded as it is */
    const DnRenditionText *texts; /* words: one for each paper on the page */
    size_t text_count;
} DnRenditionPage;

/** An empty document of at most @max_bytes. */
DnRendition *dn_rendition_new(uint64_t max_bytes, GError **error);
void dn_rendition_free(DnRendition *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DnRendition, dn_rendition_free)

/** LIMIT when the document or the memory for the page is too large, EXTERNAL. After a failure the
 * rendition is of no use. */
bool dn_rendition_add_page(DnRendition *self, const DnRenditionPage *page, GError **error);

/** Adds a page of @width_pt x @height_pt that @draw draws, in points. LIMIT, EXTERNAL. */
bool dn_rendition_add_drawing(DnRendition *self, double width_pt, double height_pt,
                              void (*draw)(cairo_t *cairo, const void *user_data),
                              const void *user_data, GError **error);

/** Sets the font that has Japanese. */
void dn_rendition_select_font(cairo_t *cairo);

/** (transfer full) The PDF. LIMIT, EXTERNAL. */
GBytes *dn_rendition_finish(DnRendition *self, GError **error);

/** Makes cairo and fontconfig load their fonts' index, once and before a sandbox. */
void dn_rendition_warm_up(void);

/** How many colour components the JPEG file has, and its size; false when these bytes are no JPEG
 * that a PDF may hold as it is. */
bool dn_rendition_jpeg_facts(GBytes *jpeg, uint32_t *out_width_px, uint32_t *out_height_px,
                             unsigned *out_components);

/** (transfer full) @pixmap as a picture for cairo; look at its status. */
cairo_surface_t *dn_rendition_image_of(const DnPixmap *pixmap);

G_END_DECLS
#endif
