/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * codecs/pdf.c - PDF over poppler-glib, drawn by cairo.
 *
 * Only poppler_document_new_from_stream() opens an encrypted file without crashing; the other ways
 * in are not used.
 *
 * A PDF page has no pixels, so a resolution is chosen: that of the scan when the page is one
 * picture, otherwise 300 dpi, less when the page is large. header(), decode() and text() use the
 * same choice, which is made once a page. Rotation is applied by poppler. What comes out is 8-bit
 * RGB, always.
 *
 * poppler can neither be stopped nor bounded from here: the worker's time and memory limits are
 * what ends a page that never ends.
 */
#include "config.h"
#include "codecs/codec.h"

#include "base/log.h"
#include "base/memory.h"

#include <cairo.h>
#include <gio/gio.h>
#include <math.h>
#include <poppler.h>
#include <string.h>

enum {
    PDF_POINTS_PER_INCH = 72,
    PDF_NOMINAL_DPI = 300,
    PDF_LOWEST_NATIVE_DPI = 150,
    PDF_HIGHEST_NATIVE_DPI = 400,
    PDF_LOWEST_LARGE_DPI = 200,  /* a large page is not drawn below this to save pixels */
    PDF_LARGE_PIXELS = 40000000, /* A3 at 400 dpi; a picture beyond this is not unpacked */
    PDF_LOWEST_DPI = 40,         /* below it nothing can be read: the page is over the limit */
    PDF_MAX_CAIRO_SIDE = 32767,
    PDF_MARK_WITHIN = 1024, /* readers accept rubbish before %PDF up to here */
};

/* A page that is one picture covers at least this share of it. */
#define PDF_FULL_PAGE 0.9

typedef PopplerPage PdfPage; /* a name of our own to hang the cleanup on */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PdfPage, g_object_unref)

typedef struct {
    double dpi; /* 0: not chosen yet */
    uint32_t width_px;
    uint32_t height_px;
    double width_pt;
    double height_pt;
    double native_dpi; /* of the one picture that the page is; 0: it is none */
    DnColour colour;   /* of that picture */
} PdfScale;

typedef struct {
    DnDocument base;
    PopplerDocument *poppler;
    unsigned page_count;
    PdfScale *scales; /* one a page */
    bool pictures_bounded;
} PdfDocument;

/* Sets @error from poppler's and frees that; false. */
static bool
pdf_fail(GError *cause, GError **error)
{
    g_autofree char *said = dn_log_escape(cause ? cause->message : "damaged");

    if (g_error_matches(cause, POPPLER_ERROR, POPPLER_ERROR_ENCRYPTED))
        dn_fail(error, DN_ERROR_UNSUPPORTED,
                "the PDF is encrypted: it can be read when it is saved without a password");
    else
        dn_fail(error, DN_ERROR_FORMAT, "%s", said);
    g_clear_error(&cause);
    return false;
}

/* What poppler complains of quotes the document, which no log may hold. */
static void
pdf_on_log(const gchar *domain G_GNUC_UNUSED, GLogLevelFlags level G_GNUC_UNUSED,
           const gchar *message G_GNUC_UNUSED, gpointer user_data G_GNUC_UNUSED)
{
}

static void
pdf_silence(void)
{
    static gsize done = 0;

    if (!g_once_init_enter(&done))
        return;
    g_log_set_handler(
        "Poppler", G_LOG_LEVEL_WARNING | G_LOG_LEVEL_MESSAGE | G_LOG_LEVEL_INFO | G_LOG_LEVEL_DEBUG,
        pdf_on_log, NULL);
    g_once_init_leave(&done, 1);
}

static unsigned
pdf_bid(const uint8_t *head, size_t size)
{
    static const uint8_t mark[] = {'%', 'P', 'D', 'F'};

    if (size >= sizeof mark && memcmp(head, mark, sizeof mark) == 0)
        return 32;
    /* The mark proves less when it is not where it belongs. */
    return memmem(head, MIN(size, (size_t)PDF_MARK_WITHIN), mark, sizeof mark) ? 16 : 0;
}

/* The largest number that stands after @key anywhere in the file; 0 when it never stands there. */
static uint64_t
pdf_largest(const uint8_t *data, size_t size, const char *key)
{
    uint64_t largest = 0;
    size_t length = strlen(key);
    const uint8_t *end = data + size;
    const uint8_t *at = data;

    while ((at = memmem(at, (size_t)(end - at), key, length)) != NULL) {
        uint64_t value = 0;

        at += length;
        while (at < end && g_ascii_isspace(*at))
            at++;
        for (; at < end && g_ascii_isdigit(*at) && value < G_MAXUINT32; at++)
            value = value * 10 + (uint64_t)(*at - '0');
        largest = MAX(largest, value);
    }
    return MIN(largest, (uint64_t)G_MAXUINT32);
}

static DnDocument *
pdf_open(GBytes *bytes, const DnLimits *limits, GError **error)
{
    g_autoptr(DnDocument) base = dn_document_new(&dn_codec_pdf, sizeof(PdfDocument), bytes, limits);
    PdfDocument *self = (PdfDocument *)base;
    g_autoptr(GInputStream) stream = g_memory_input_stream_new_from_bytes(bytes);
    GError *cause = NULL;
    size_t size = 0;
    const uint8_t *data = g_bytes_get_data(bytes, &size);
    uint64_t widest = 0;
    uint64_t highest = 0;
    int pages = 0;

    pdf_silence();
    self->poppler = poppler_document_new_from_stream(stream, (goffset)size, NULL, NULL, &cause);
    if (!self->poppler) {
        pdf_fail(cause, error);
        return NULL;
    }
    pages = poppler_document_get_n_pages(self->poppler);
    if (pages < 1)
        return dn_fail_null(error, DN_ERROR_FORMAT, "the PDF has no pages");
    self->page_count = MIN((unsigned)pages, limits->max_pages + 1);
    self->scales = dn_try_array(self->page_count, sizeof *self->scales, error);
    if (!self->scales)
        return NULL;
    /* The dictionary of a picture is never compressed, so its size can be seen before poppler is
     * asked to unpack it. */
    widest = pdf_largest(data, size, "/Width");
    highest = pdf_largest(data, size, "/Height");
    self->pictures_bounded = widest > 0 && highest > 0 && widest * highest <= PDF_LARGE_PIXELS;
    return g_steal_pointer(&base);
}

static void
pdf_close(DnDocument *base)
{
    PdfDocument *self = (PdfDocument *)base;

    g_clear_object(&self->poppler);
    g_clear_pointer(&self->scales, g_free);
}

static unsigned
pdf_page_count(const DnDocument *base)
{
    return ((const PdfDocument *)base)->page_count;
}

static PdfPage *
pdf_page(PdfDocument *self, unsigned page, GError **error)
{
    PdfPage *found = poppler_document_get_page(self->poppler, (int)page);

    if (!found)
        return dn_fail_null(error, DN_ERROR_FORMAT, "the page cannot be found in the PDF");
    return found;
}

/* What the pixels of a picture show, whatever its stored form could have shown. */
static DnColour
pdf_colour(cairo_surface_t *surface)
{
    int width_px = cairo_image_surface_get_width(surface);
    int height_px = cairo_image_surface_get_height(surface);
    const uint8_t *data = cairo_image_surface_get_data(surface);
    ptrdiff_t stride = cairo_image_surface_get_stride(surface);
    DnColour colour = DN_COLOUR_BILEVEL;

    if (!data || (cairo_image_surface_get_format(surface) != CAIRO_FORMAT_RGB24 &&
                  cairo_image_surface_get_format(surface) != CAIRO_FORMAT_ARGB32))
        return DN_COLOUR_BILEVEL; /* a mask */
    for (int y = 0; y < height_px; y++)
        for (int x = 0; x < width_px; x++) {
            uint32_t pixel = 0;

            memcpy(&pixel, data + y * stride + (ptrdiff_t)4 * x, sizeof pixel);
            unsigned blue = pixel & 0xff;

            if ((pixel >> 16 & 0xff) != blue || (pixel >> 8 & 0xff) != blue)
                return DN_COLOUR_RGB;
            if (blue != 0 && blue != 255)
                colour = DN_COLOUR_GRAY;
        }
    return colour;
}

/* Pixels an inch of the one picture that the page consists of; 0 when it is not such a page. */
static double
pdf_native_dpi(PdfPage *page, double width_pt, double height_pt, DnColour *out_colour)
{
    GList *pictures = poppler_page_get_image_mapping(page);
    cairo_surface_t *surface = NULL;
    double dpi = 0;

    if (pictures && !pictures->next) {
        const PopplerImageMapping *picture = pictures->data;
        double area =
            fabs(picture->area.x2 - picture->area.x1) * fabs(picture->area.y2 - picture->area.y1);

        if (area >= PDF_FULL_PAGE * width_pt * height_pt)
            surface = poppler_page_get_image(page, picture->image_id);
        /* By areas, so that a rotated page needs no care. */
        if (surface && cairo_surface_get_type(surface) == CAIRO_SURFACE_TYPE_IMAGE) {
            *out_colour = pdf_colour(surface);
            dpi = PDF_POINTS_PER_INCH * sqrt((double)cairo_image_surface_get_width(surface) *
                                             cairo_image_surface_get_height(surface) / area);
        }
    }
    g_clear_pointer(&surface, cairo_surface_destroy);
    poppler_page_free_image_mapping(pictures);
    return isfinite(dpi) ? dpi : 0;
}

static double
pdf_choose_dpi(const PdfDocument *self, PdfPage *page, double width_pt, double height_pt,
               PdfScale *scale)
{
    const DnLimits *limits = &self->base.limits;
    double width_in = width_pt / PDF_POINTS_PER_INCH;
    double height_in = height_pt / PDF_POINTS_PER_INCH;
    double side_px = MIN(limits->max_side_px, (uint32_t)PDF_MAX_CAIRO_SIDE);
    double native =
        self->pictures_bounded ? pdf_native_dpi(page, width_pt, height_pt, &scale->colour) : 0;
    double dpi = PDF_NOMINAL_DPI;

    scale->native_dpi = native;
    if (native > 0)
        dpi = CLAMP(round(native), PDF_LOWEST_NATIVE_DPI, PDF_HIGHEST_NATIVE_DPI);
    dpi = MIN(dpi, MAX(PDF_LOWEST_LARGE_DPI, sqrt(PDF_LARGE_PIXELS / (width_in * height_in))));
    /* A pixel less each way, because sides are rounded up. */
    dpi = MIN(dpi, (side_px - 1) / MAX(width_in, height_in));
    return MIN(dpi, sqrt((double)limits->max_page_pixels / (width_in * height_in)) * 0.999);
}

/* The resolution and size at which @page is drawn. */
static bool
pdf_scale(PdfDocument *self, unsigned number, PdfPage *page, PdfScale *out, GError **error)
{
    PdfScale *scale = &self->scales[number];
    double width_pt = 0;
    double height_pt = 0;
    double dpi = 0;

    if (scale->dpi > 0) {
        *out = *scale;
        return true;
    }
    poppler_page_get_size(page, &width_pt, &height_pt);
    /* The comparison also refuses what is not a number. */
    if (!(width_pt > 0 && height_pt > 0 && width_pt < 1e9 && height_pt < 1e9))
        return dn_fail(error, DN_ERROR_FORMAT, "the page has no size");
    dpi = pdf_choose_dpi(self, page, width_pt, height_pt, scale);
    if (dpi < PDF_LOWEST_DPI)
        return dn_fail(error, DN_ERROR_LIMIT,
                       "the page is %.0f x %.0f points: within %u px a side and %" G_GUINT64_FORMAT
                       " px in all it could not be read",
                       width_pt, height_pt, self->base.limits.max_side_px,
                       self->base.limits.max_page_pixels);
    scale->width_pt = width_pt;
    scale->height_pt = height_pt;
    scale->width_px = (uint32_t)ceil(width_pt * dpi / PDF_POINTS_PER_INCH);
    scale->height_px = (uint32_t)ceil(height_pt * dpi / PDF_POINTS_PER_INCH);
    scale->dpi = dpi;
    *out = *scale;
    return true;
}

/* By the filters that the file names, for the library gives no stream as it is stored: dictionaries
 * of pictures are never packed themselves. The worst of all pictures counts. */
static void
pdf_stored_form(GBytes *bytes, DnPageInfo *out_info)
{
    static const struct {
        const char *filter;
        const char *compression;
        bool lossy;
    } forms[] = {{"/DCTDecode", "jpeg", true},    {"/JPXDecode", "jpeg2000", true},
                 {"/JBIG2Decode", "jbig2", true}, {"/CCITTFaxDecode", "ccitt", false},
                 {"/LZWDecode", "lzw", false},    {"/FlateDecode", "deflate", false}};
    size_t size = 0;
    const char *data = g_bytes_get_data(bytes, &size);

    for (size_t i = 0; i < G_N_ELEMENTS(forms); i++) {
        if (!memmem(data, size, forms[i].filter, strlen(forms[i].filter)))
            continue;
        out_info->compression = forms[i].compression;
        out_info->lossy = forms[i].lossy;
        return;
    }
}

static bool
pdf_header(DnDocument *base, unsigned number, DnPageInfo *out_info, GError **error)
{
    PdfDocument *self = (PdfDocument *)base;
    g_autoptr(PdfPage) page = pdf_page(self, number, error);
    PdfScale scale = {0};

    if (!page || !pdf_scale(self, number, page, &scale, error))
        return false;
    out_info->width_px = scale.width_px;
    out_info->height_px = scale.height_px;
    out_info->dpi_x = scale.dpi;
    out_info->dpi_y = scale.dpi;
    out_info->orientation = 1;
    out_info->bits_per_sample = 8;
    out_info->colour = DN_COLOUR_RGB;
    out_info->rendered = scale.native_dpi == 0;
    out_info->compression = "none";
    if (!out_info->rendered) {
        out_info->dpi_x = out_info->dpi_y = round(scale.native_dpi);
        out_info->colour = scale.colour;
        out_info->bits_per_sample = scale.colour == DN_COLOUR_BILEVEL ? 1 : 8;
        pdf_stored_form(base->bytes, out_info);
    }
    return true;
}

/* Draws the page on the white @surface and frees that. */
static bool
pdf_draw(PdfPage *page, cairo_surface_t *surface, double zoom, GError **error)
{
    cairo_t *cairo = cairo_create(surface);
    cairo_status_t status = CAIRO_STATUS_SUCCESS;

    cairo_scale(cairo, zoom, zoom);
    poppler_page_render(page, cairo);
    cairo_surface_flush(surface);
    status = cairo_status(cairo);
    if (status == CAIRO_STATUS_SUCCESS)
        status = cairo_surface_status(surface);
    cairo_destroy(cairo);
    cairo_surface_destroy(surface);
    if (status == CAIRO_STATUS_NO_MEMORY)
        return dn_fail(error, DN_ERROR_LIMIT, "no memory to draw the page");
    if (status != CAIRO_STATUS_SUCCESS)
        return dn_fail(error, DN_ERROR_FORMAT, "the page cannot be drawn: %s",
                       cairo_status_to_string(status));
    return true;
}

/* cairo's words of 0x00RRGGBB to bytes, in place: the bytes never overtake the words. */
static void
pdf_pack(uint8_t *data, size_t pixels)
{
    for (size_t i = 0; i < pixels; i++) {
        uint32_t word = 0;

        memcpy(&word, data + 4 * i, sizeof word);
        data[3 * i] = (uint8_t)(word >> 16);
        data[3 * i + 1] = (uint8_t)(word >> 8);
        data[3 * i + 2] = (uint8_t)word;
    }
}

/* A stamp in colour may have been put on a gray scan. */
static bool
pdf_has_no_colour(const DnPixmap *pixmap)
{
    size_t pixels = (size_t)pixmap->width_px * pixmap->height_px;

    for (const uint8_t *rgb = pixmap->data; pixels > 0; pixels--, rgb += 3)
        if (rgb[0] != rgb[1] || rgb[1] != rgb[2])
            return false;
    return true;
}

static DnPixmap *
pdf_decode(DnDocument *base, unsigned number, DnFailOn fail_on G_GNUC_UNUSED, GError **error)
{
    PdfDocument *self = (PdfDocument *)base;
    g_autoptr(PdfPage) page = pdf_page(self, number, error);
    PdfScale scale = {0};
    g_autofree uint8_t *data = NULL;
    DnPixmap *pixmap = NULL;
    cairo_surface_t *surface = NULL;
    size_t pixels = 0;

    if (!page || !pdf_scale(self, number, page, &scale, error) ||
        !dn_limits_check_size(&base->limits, "page", scale.width_px, scale.height_px, error))
        return NULL;
    pixels = (size_t)scale.width_px * scale.height_px;
    data = dn_try_array(pixels, 4, error);
    if (!data)
        return NULL;
    memset(data, 0xff, pixels * 4);
    surface = cairo_image_surface_create_for_data(data, CAIRO_FORMAT_RGB24, (int)scale.width_px,
                                                  (int)scale.height_px, (int)scale.width_px * 4);
    if (!pdf_draw(page, surface, scale.dpi / PDF_POINTS_PER_INCH, error))
        return NULL;
    pdf_pack(data, pixels);
    pixmap = g_new0(DnPixmap, 1);
    pixmap->width_px = scale.width_px;
    pixmap->height_px = scale.height_px;
    pixmap->format = DN_PIXEL_RGB24;
    pixmap->dpi_x = scale.dpi;
    pixmap->dpi_y = scale.dpi;
    pixmap->data = g_try_realloc(data, pixels * 3);
    if (pixmap->data)
        data = NULL;
    else
        pixmap->data = g_steal_pointer(&data); /* could not shrink: it stays a quarter too large */
    if (scale.native_dpi > 0 && scale.colour != DN_COLOUR_RGB && pdf_has_no_colour(pixmap)) {
        g_autoptr(DnPixmap) drawn = pixmap;

        return dn_pixmap_to_gray(drawn, &self->base.limits, error);
    }
    return pixmap;
}

/* @rectangle in whole pixels that cover it, cut at the edges of the page. */
static DnBox
pdf_box(const PopplerRectangle *rectangle, const PdfScale *scale)
{
    double zoom = scale->dpi / PDF_POINTS_PER_INCH;
    double x1 = CLAMP(floor(MIN(rectangle->x1, rectangle->x2) * zoom), 0, scale->width_px);
    double x2 = CLAMP(ceil(MAX(rectangle->x1, rectangle->x2) * zoom), 0, scale->width_px);
    double y1 = CLAMP(floor(MIN(rectangle->y1, rectangle->y2) * zoom), 0, scale->height_px);
    double y2 = CLAMP(ceil(MAX(rectangle->y1, rectangle->y2) * zoom), 0, scale->height_px);

    return (DnBox){(int32_t)x1, (int32_t)y1, (int32_t)(x2 - x1), (int32_t)(y2 - y1)};
}

static GArray *
pdf_text(DnDocument *base, unsigned number, GError **error)
{
    PdfDocument *self = (PdfDocument *)base;
    g_autoptr(PdfPage) page = pdf_page(self, number, error);
    g_autoptr(GArray) glyphs = g_array_new(FALSE, FALSE, sizeof(DnGlyph));
    g_autofree char *text = NULL;
    g_autofree PopplerRectangle *boxes = NULL;
    PdfScale scale = {0};
    guint count = 0;
    guint most = base->limits.max_output_bytes / sizeof(DnGlyph);
    guint i = 0;

    if (!page || !pdf_scale(self, number, page, &scale, error))
        return NULL;
    text = poppler_page_get_text(page);
    if (!text || !poppler_page_get_text_layout(page, &boxes, &count))
        return g_steal_pointer(&glyphs);
    if (count > most)
        return dn_fail_null(error, DN_ERROR_LIMIT, "%u characters of text, allowed are %u", count,
                            most);
    for (const char *at = text; *at != '\0' && i < count; i++) {
        gunichar character = g_utf8_get_char_validated(at, -1);
        DnGlyph glyph = {.character = character};
        bool outside = false;

        if (character == (gunichar)-1 || character == (gunichar)-2) {
            glyph.character = 0xfffd;
            at++;
        } else {
            at = g_utf8_next_char(at);
        }
        if (!isfinite(boxes[i].x1 + boxes[i].x2 + boxes[i].y1 + boxes[i].y2))
            continue;
        glyph.box = pdf_box(&boxes[i], &scale);
        /* A line feed has no extent; a letter without any lies beyond the page and is not seen. */
        outside = glyph.box.width == 0 || glyph.box.height == 0;
        if (!outside || g_unichar_isspace(glyph.character))
            g_array_append_val(glyphs, glyph);
    }
    return g_steal_pointer(&glyphs);
}

typedef struct {
    GByteArray *bytes;
    uint64_t *left_bytes; /* shared by all attachments of the document */
} PdfSink;

static gboolean
pdf_on_attachment(const gchar *data, gsize size, gpointer user_data, GError **error)
{
    PdfSink *sink = user_data;

    if (size > *sink->left_bytes)
        return dn_fail(error, DN_ERROR_LIMIT, "the embedded files are larger than is allowed");
    *sink->left_bytes -= size;
    g_byte_array_append(sink->bytes, (const guint8 *)data, (guint)size);
    return TRUE;
}

static DnAttachment *
pdf_attachment(PopplerAttachment *from, uint64_t *left_bytes, GError **error)
{
    g_autoptr(DnAttachment) self = g_new0(DnAttachment, 1);
    PdfSink sink = {.bytes = g_byte_array_new(), .left_bytes = left_bytes};
    g_autoptr(GError) cause = NULL;
    const char *name = poppler_attachment_get_name(from);
    bool saved = poppler_attachment_save_to_callback(from, pdf_on_attachment, &sink, &cause);

    self->bytes = g_byte_array_free_to_bytes(sink.bytes);
    self->name = g_strdup(name ? name : "");
    if (!saved) {
        if (g_error_matches(cause, DN_ERROR, DN_ERROR_LIMIT))
            g_propagate_error(error, g_steal_pointer(&cause));
        else
            pdf_fail(g_steal_pointer(&cause), error);
        return NULL;
    }
    return g_steal_pointer(&self);
}

static GPtrArray *
pdf_attachments(DnDocument *base, GError **error)
{
    PdfDocument *self = (PdfDocument *)base;
    g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func((GDestroyNotify)dn_attachment_free);
    guint count = poppler_document_get_n_attachments(self->poppler);
    uint64_t left_bytes = MIN(base->limits.max_document_bytes, (uint64_t)G_MAXUINT / 2);
    GList *found = NULL;
    bool ok = true;

    if (count > base->limits.max_attachments)
        return dn_fail_null(error, DN_ERROR_LIMIT, "%u embedded files, allowed are %u", count,
                            base->limits.max_attachments);
    found = poppler_document_get_attachments(self->poppler);
    for (GList *link = found; link && ok; link = link->next) {
        DnAttachment *one = pdf_attachment(link->data, &left_bytes, error);

        ok = one != NULL;
        if (ok)
            g_ptr_array_add(list, one);
    }
    g_list_free_full(found, g_object_unref);
    return ok ? g_steal_pointer(&list) : NULL;
}

const DnCodec dn_codec_pdf = {
    .name = "pdf",
    .media_type = "application/pdf",
    .bid = pdf_bid,
    .open = pdf_open,
    .page_count = pdf_page_count,
    .header = pdf_header,
    .decode = pdf_decode,
    .close = pdf_close,
    .text = pdf_text,
    .attachments = pdf_attachments,
};
