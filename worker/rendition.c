/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * worker/rendition.c - cairo draws the words, then the page image over them.
 *
 * cairo knows no invisible text, so the words lie under the opaque image: nobody sees them, and
 * search and copy find them. A font without a glyph for a character does no harm, because cairo
 * writes the character itself beside it (ActualText).
 */
#include "config.h"
#include "worker/rendition.h"
#include "base/text.h"
#include "worker/checks.h"

#include <cairo-pdf.h>
#include <cairo.h>
#include <math.h>
#include <string.h>

struct DnRendition {
    cairo_surface_t *surface;
    cairo_t *cairo;
    GByteArray *bytes;
    uint64_t max_bytes;
    bool is_full;
};

static const double POINTS_AN_INCH = 72;
static const double DPI_FALLBACK = 200;
static const double SIDE_POINTS_MOST = 14400; /* PDF 1.7, appendix C */
static const double ASCENT = 0.8;             /* of a word's box stands above the base line */
enum { JPEG_QUALITY = 85 };
static const char FONT[] = "Noto Sans CJK JP";

static cairo_status_t
append(void *closure, const unsigned char *data, unsigned length)
{
    DnRendition *self = closure;

    /* An error here would make cairo lose memory; it is told when the page is done. */
    if (self->bytes->len + (uint64_t)length > self->max_bytes)
        self->is_full = true;
    if (!self->is_full)
        g_byte_array_append(self->bytes, data, length);
    return CAIRO_STATUS_SUCCESS;
}

static bool
check(const DnRendition *self, cairo_status_t status, GError **error)
{
    if (self->is_full)
        return dn_fail(error, DN_ERROR_LIMIT,
                       "the rendition would exceed %" G_GUINT64_FORMAT " bytes", self->max_bytes);
    if (status == CAIRO_STATUS_NO_MEMORY || status == CAIRO_STATUS_INVALID_SIZE)
        return dn_fail(error, DN_ERROR_LIMIT, "no memory for the rendition");
    return status == CAIRO_STATUS_SUCCESS ||
           dn_fail(error, DN_ERROR_EXTERNAL, "rendition: %s", cairo_status_to_string(status));
}

DnRendition *
dn_rendition_new(uint64_t max_bytes, GError **error)
{
    g_autoptr(DnRendition) self = g_new0(DnRendition, 1);

    self->bytes = g_byte_array_new();
    self->max_bytes = max_bytes;
    self->surface = cairo_pdf_surface_create_for_stream(append, self, 1, 1);
    self->cairo = cairo_create(self->surface);
    if (!check(self, cairo_status(self->cairo), error))
        return NULL;
    return g_steal_pointer(&self);
}

void
dn_rendition_free(DnRendition *self)
{
    if (!self)
        return;
    g_clear_pointer(&self->cairo, cairo_destroy);
    if (self->surface) {
        self->is_full = true; /* closing writes the rest, which nobody wants */
        cairo_surface_finish(self->surface);
        cairo_surface_destroy(self->surface);
    }
    g_byte_array_unref(self->bytes);
    g_free(self);
}

/* ---- the image ---- */

bool
dn_rendition_jpeg_facts(GBytes *jpeg, uint32_t *out_width_px, uint32_t *out_height_px,
                        unsigned *out_components)
{
    enum { SOI = 0xD8, SOF0 = 0xC0, SOF1 = 0xC1, SOF2 = 0xC2, SOS = 0xDA, FRAME_BYTES = 10 };
    size_t size = 0;
    const uint8_t *data = g_bytes_get_data(jpeg, &size);
    size_t at = 2;

    if (size < 4 || data[0] != 0xFF || data[1] != SOI)
        return false;
    while (size - at >= FRAME_BYTES) {
        const uint8_t *p = data + at;
        size_t length = (size_t)p[2] << 8 | p[3];

        if (p[0] != 0xFF)
            return false;
        if (p[1] == 0xFF) { /* padding */
            at++;
            continue;
        }
        if (p[1] == SOS || length < 2 || length > size - at - 2)
            return false;
        if (p[1] >= SOF0 && p[1] <= 0xCF && p[1] != 0xC4 && p[1] != 0xC8 && p[1] != 0xCC) {
            /* Baseline, extended and progressive, 8 bits: what a PDF reader decodes (DCTDecode). */
            if (p[1] > SOF2 || p[4] != 8)
                return false;
            *out_height_px = (uint32_t)p[5] << 8 | p[6];
            *out_width_px = (uint32_t)p[7] << 8 | p[8];
            *out_components = p[9];
            return true;
        }
        at += 2 + length;
    }
    return false;
}

static bool
can_embed(GBytes *jpeg, const DnPixmap *captured)
{
    uint32_t width_px = 0;
    uint32_t height_px = 0;
    unsigned components = 0;

    /* Four components (CMYK) come inverted from some programs and not from others: decoded. */
    return jpeg && dn_rendition_jpeg_facts(jpeg, &width_px, &height_px, &components) &&
           (components == 1 || components == 3) && width_px == captured->width_px &&
           height_px == captured->height_px;
}

static void
copy_row(uint32_t *to, const uint8_t *from, const DnPixmap *pixmap)
{
    if (pixmap->format == DN_PIXEL_GRAY8)
        for (uint32_t x = 0; x < pixmap->width_px; x++)
            to[x] = from[x] * 0x010101U;
    else
        for (uint32_t x = 0; x < pixmap->width_px; x++, from += 3)
            to[x] = (uint32_t)from[0] << 16 | (uint32_t)from[1] << 8 | from[2];
}

/* cairo writes gray and two-tone pictures as such, though it takes them in as colour. */
cairo_surface_t *
dn_rendition_image_of(const DnPixmap *pixmap)
{
    cairo_surface_t *image = cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)pixmap->width_px,
                                                        (int)pixmap->height_px);

    if (cairo_surface_status(image) != CAIRO_STATUS_SUCCESS)
        return image;
    uint8_t *data = cairo_image_surface_get_data(image);
    size_t stride = (size_t)cairo_image_surface_get_stride(image);

    for (uint32_t y = 0; y < pixmap->height_px; y++)
        copy_row((uint32_t *)(void *)(data + y * stride), dn_pixmap_row(pixmap, y), pixmap);
    cairo_surface_mark_dirty(image);
    return image;
}

static void
release_bytes(void *bytes)
{
    g_bytes_unref(bytes);
}

/* (transfer full) The bytes by which the page image is stored: the captured JPEG itself, fax codes
 * of a two-tone page, a JPEG of what has grain (the original is kept without loss, and is what
 * counts), else NULL: cairo stores drawn pictures small and whole. */
static GBytes *
stored_form(const DnRenditionPage *page, const char **out_mime_type)
{
    *out_mime_type = CAIRO_MIME_TYPE_JPEG;
    if (can_embed(page->jpeg, page->captured))
        return g_bytes_ref(page->jpeg);
    if (dn_pixmap_has_grain(page->captured))
        return dn_pixmap_to_jpeg(page->captured, JPEG_QUALITY, NULL);
    *out_mime_type = CAIRO_MIME_TYPE_CCITT_FAX;
    return dn_pixmap_is_bilevel(page->captured) ? dn_pixmap_to_g4(page->captured, NULL) : NULL;
}

/* (transfer full) @bytes, of which cairo keeps a reference with the image. */
static cairo_status_t
attach(cairo_surface_t *image, const char *mime_type, GBytes *bytes)
{
    size_t size = 0;
    const uint8_t *data = g_bytes_get_data(bytes, &size);
    cairo_status_t status =
        cairo_surface_set_mime_data(image, mime_type, data, size, release_bytes, bytes);

    if (status != CAIRO_STATUS_SUCCESS)
        g_bytes_unref(bytes);
    return status;
}

static bool
paint_image(DnRendition *self, const DnRenditionPage *page, GError **error)
{
    cairo_surface_t *image = dn_rendition_image_of(page->captured);
    cairo_status_t status = cairo_surface_status(image);
    const char *mime_type = NULL;
    GBytes *bytes = status == CAIRO_STATUS_SUCCESS ? stored_form(page, &mime_type) : NULL;

    if (bytes)
        status = attach(image, mime_type, bytes);
    if (bytes && status == CAIRO_STATUS_SUCCESS && !g_str_equal(mime_type, CAIRO_MIME_TYPE_JPEG)) {
        char *facts = g_strdup_printf("Columns=%u Rows=%u K=-1", page->captured->width_px,
                                      page->captured->height_px);

        status =
            attach(image, CAIRO_MIME_TYPE_CCITT_FAX_PARAMS, g_bytes_new_take(facts, strlen(facts)));
    }
    if (status == CAIRO_STATUS_SUCCESS) {
        cairo_set_source_surface(self->cairo, image, 0, 0);
        cairo_paint(self->cairo);
        cairo_set_source_rgb(self->cairo, 0, 0, 0); /* lets go of the image */
        status = cairo_status(self->cairo);
    }
    cairo_surface_destroy(image);
    return check(self, status, error);
}

/* From pixels as stored to the upright page; the sides are those of the stored page. */
static cairo_matrix_t
upright_matrix(unsigned orientation, double width, double height)
{
    const cairo_matrix_t matrices[] = {
        {1, 0, 0, 1, 0, 0},            /* 1 upright */
        {-1, 0, 0, 1, width, 0},       /* 2 mirrored left to right */
        {-1, 0, 0, -1, width, height}, /* 3 upside down */
        {1, 0, 0, -1, 0, height},      /* 4 mirrored top to bottom */
        {0, 1, 1, 0, 0, 0},            /* 5 transposed */
        {0, 1, -1, 0, height, 0},      /* 6 to be turned right */
        {0, -1, -1, 0, height, width}, /* 7 transposed the other way */
        {0, -1, 1, 0, 0, width},       /* 8 to be turned left */
    };

    return matrices[orientation >= 1 && orientation <= 8 ? orientation - 1 : 0];
}

/* ---- the words ---- */

void
dn_rendition_select_font(cairo_t *cairo)
{
    cairo_select_font_face(cairo, FONT, CAIRO_FONT_SLANT_NORMAL, CAIRO_FONT_WEIGHT_NORMAL);
}

/* The length of a step of one pixel along an axis at (@x, @y). */
static double
step_length(const DnMap *map, double x, double y, double dx, double dy)
{
    double from_x = x;
    double from_y = y;
    double to_x = x + dx;
    double to_y = y + dy;

    dn_map_point(map, &from_x, &from_y);
    dn_map_point(map, &to_x, &to_y);
    return hypot(to_x - from_x, to_y - from_y);
}

static void
draw_word(cairo_t *cairo, const DnWord *word, const DnMap *map)
{
    double x = word->box.x + word->box.width / 2.0;
    double y = word->box.y + word->box.height / 2.0;
    double width = word->box.width * step_length(map, x, y, 1, 0);
    double height = word->box.height * step_length(map, x, y, 0, 1);
    cairo_text_extents_t extents;

    if (!(width > 0) || !(height > 0) || !isfinite(width) || !isfinite(height) ||
        !g_utf8_validate(word->text, -1, NULL))
        return;
    cairo_text_extents(cairo, word->text, &extents);
    if (!(extents.x_advance > 0))
        return;
    dn_map_point(map, &x, &y);
    cairo_save(cairo);
    cairo_translate(cairo, x - width / 2, y + (ASCENT - 0.5) * height);
    cairo_scale(cairo, width / extents.x_advance, height);
    cairo_move_to(cairo, 0, 0); /* the point is no part of what save and restore keep */
    cairo_show_text(cairo, word->text);
    cairo_restore(cairo);
}

/* Recognisers part CJK text as they please; a reader of the PDF must not see gaps that the paper
 * has not. */
static bool
continues(const DnWord *word, const DnWord *next)
{
    const char *last = g_utf8_find_prev_char(word->text, word->text + strlen(word->text));
    int gap = next->box.x - (word->box.x + word->box.width);

    return last && dn_text_is_cjk(g_utf8_get_char(last)) &&
           dn_text_is_cjk(g_utf8_get_char(next->text)) && next->box.x > word->box.x &&
           gap * 5 <
               MAX(word->box.height, next->box.height) * 4; /* a space of the paper is wider */
}

static void
draw_line(cairo_t *cairo, const DnLine *line, const DnMap *map)
{
    for (unsigned i = 0; i < line->words->len;) {
        const DnWord *word = line->words->pdata[i];
        g_autoptr(GString) text = g_string_new(word->text);
        DnWord run = {.box = word->box};

        while (++i < line->words->len && continues(word, line->words->pdata[i])) {
            word = line->words->pdata[i];
            g_string_append(text, word->text);
            run.box = dn_box_union(&run.box, &word->box);
        }
        run.text = text->str;
        draw_word(cairo, &run, map);
    }
}

/* Boxes are those of the page that was read; the image is shown as captured, so each word is moved
 * to where it stands there. It is not turned itself: on a slope of a few degrees readers take a
 * word for a heap of letters and no longer find it. */
static void
draw_words(cairo_t *cairo, const DnRenditionText *words)
{
    const DnPageText *text = words->text;

    dn_rendition_select_font(cairo);
    cairo_set_font_size(cairo, 1);
    for (unsigned i = 0; i < text->lines->len; i++)
        draw_line(cairo, text->lines->pdata[i], &words->to_upright);
}

bool
dn_rendition_add_page(DnRendition *self, const DnRenditionPage *page, GError **error)
{
    const DnPixmap *captured = page->captured;
    bool sideways = page->orientation >= 5 && page->orientation <= 8;
    bool believable = dn_checks_believable_dpi(captured->dpi_x, captured->dpi_y);
    double width_px = sideways ? captured->height_px : captured->width_px;
    double height_px = sideways ? captured->width_px : captured->height_px;
    double dpi_x = !believable ? DPI_FALLBACK : sideways ? captured->dpi_y : captured->dpi_x;
    double dpi_y = !believable ? DPI_FALLBACK : sideways ? captured->dpi_x : captured->dpi_y;
    double shrink =
        MIN(1.0, SIDE_POINTS_MOST / (MAX(width_px / dpi_x, height_px / dpi_y) * POINTS_AN_INCH));
    double scale_x = shrink * POINTS_AN_INCH / dpi_x;
    double scale_y = shrink * POINTS_AN_INCH / dpi_y;
    cairo_matrix_t upright =
        upright_matrix(page->orientation, captured->width_px, captured->height_px);

    cairo_pdf_surface_set_size(self->surface, width_px * scale_x, height_px * scale_y);
    cairo_save(self->cairo);
    cairo_scale(self->cairo, scale_x, scale_y);
    for (size_t i = 0; i < page->text_count; i++)
        draw_words(self->cairo, &page->texts[i]);
    cairo_transform(self->cairo, &upright);
    if (!paint_image(self, page, error))
        return false;
    cairo_restore(self->cairo);
    cairo_show_page(self->cairo);
    return check(self, cairo_status(self->cairo), error);
}

bool
dn_rendition_add_drawing(DnRendition *self, double width_pt, double height_pt,
                         void (*draw)(cairo_t *cairo, const void *user_data), const void *user_data,
                         GError **error)
{
    cairo_pdf_surface_set_size(self->surface, width_pt, height_pt);
    cairo_save(self->cairo);
    draw(self->cairo, user_data);
    cairo_restore(self->cairo);
    cairo_show_page(self->cairo);
    return check(self, cairo_status(self->cairo), error);
}

GBytes *
dn_rendition_finish(DnRendition *self, GError **error)
{
    cairo_surface_finish(self->surface);
    if (!check(self, cairo_surface_status(self->surface), error))
        return NULL;
    GBytes *pdf = g_bytes_new(self->bytes->data, self->bytes->len);

    return pdf;
}

void
dn_rendition_warm_up(void)
{
    cairo_surface_t *scratch = cairo_recording_surface_create(CAIRO_CONTENT_COLOR, NULL);
    cairo_t *cairo = cairo_create(scratch);
    cairo_text_extents_t extents;

    dn_rendition_select_font(cairo);
    cairo_text_extents(cairo, "0", &extents);
    cairo_destroy(cairo);
    cairo_surface_destroy(scratch);
}
