/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * samples/write.c - pictures into files: PNG, JPEG, TIFF, HEIC, PDF.
 *
 * No clock and no host name gets into a file. Resolution is always told.
 */
#include "config.h"
#include "samples/sample.h"
#include <errno.h>
#include <glib/gstdio.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <cairo-pdf.h>
#include <jpeglib.h>
#include <libheif/heif.h>
#include <png.h>
#include <tiffio.h>

bool
write_png(const Picture *self, const char *path, double dpi, GError **error)
{
    FILE *file = fopen(path, "wb");
    png_structp png = NULL;
    png_infop info = NULL;
    int color = self->channels == 1   ? PNG_COLOR_TYPE_GRAY
                : self->channels == 3 ? PNG_COLOR_TYPE_RGB
                                      : PNG_COLOR_TYPE_RGBA;

    if (file == NULL)
        return dn_fail_errno(error, "%s", path);
    /* Without handlers libpng aborts: for a generator that is the right answer. */
    png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    info = png_create_info_struct(png);
    png_init_io(png, file);
    png_set_compression_level(png, 9);
    png_set_IHDR(png, info, self->width_px, self->height_px, 8, color, PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_set_pHYs(png, info, (png_uint_32)lround(dpi / 0.0254), (png_uint_32)lround(dpi / 0.0254),
                 PNG_RESOLUTION_METER);
    png_write_info(png, info);
    for (unsigned y = 0; y < self->height_px; y++)
        png_write_row(png, self->px + (size_t)y * self->width_px * self->channels);
    png_write_end(png, info);
    png_destroy_write_struct(&png, &info);
    return fclose(file) == 0 || dn_fail_errno(error, "%s", path);
}

static void
write_u16(GByteArray *out, unsigned value)
{
    const uint8_t bytes[] = {(uint8_t)(value >> 8), (uint8_t)value};

    g_byte_array_append(out, bytes, sizeof bytes);
}

static void
write_u32(GByteArray *out, unsigned value)
{
    write_u16(out, value >> 16);
    write_u16(out, value & 0xffff);
}

static void
write_entry(GByteArray *out, unsigned tag, unsigned type, unsigned count, unsigned value)
{
    write_u16(out, tag);
    write_u16(out, type);
    write_u32(out, count);
    if (type == 3) { /* a SHORT stands at the left of its field */
        write_u16(out, value);
        write_u16(out, 0);
    } else {
        write_u32(out, value);
    }
}

/** "Exif\0\0" and a big-endian TIFF folder with make, orientation, resolution and date. */
static GByteArray *
write_exif(unsigned orientation, double dpi, const DnDate *taken)
{
    enum { ENTRIES = 6, DATA = 8 + 2 + ENTRIES * 12 + 4 };
    static const char make[] = "SAMPLE";
    GByteArray *out = g_byte_array_new();
    char date[20 + 8];

    g_snprintf(date, sizeof date, "%04d:%02d:%02d 10:00:00", taken->year, taken->month, taken->day);
    g_byte_array_append(out, (const uint8_t *)"Exif\0\0MM\0*", 10);
    write_u32(out, 8);
    write_u16(out, ENTRIES);
    write_entry(out, 0x010f, 2, sizeof make, DATA);
    write_entry(out, 0x0112, 3, 1, orientation);
    write_entry(out, 0x011a, 5, 1, DATA + 8);
    write_entry(out, 0x011b, 5, 1, DATA + 16);
    write_entry(out, 0x0128, 3, 1, 2);
    write_entry(out, 0x0132, 2, 20, DATA + 24);
    write_u32(out, 0);
    g_byte_array_append(out, (const uint8_t *)make, sizeof make);
    g_byte_array_append(out, (const uint8_t *)"", 1);
    for (unsigned i = 0; i < 2; i++) {
        write_u32(out, (unsigned)lround(dpi));
        write_u32(out, 1);
    }
    g_byte_array_append(out, (const uint8_t *)date, 20);
    return out;
}

/** (transfer full) */
static GBytes *
write_jpeg_bytes(const Picture *self, double dpi, int quality, const GByteArray *exif)
{
    struct jpeg_compress_struct jpeg;
    struct jpeg_error_mgr handler;
    unsigned char *data = NULL;
    unsigned long size = 0;
    GBytes *out = NULL;

    jpeg.err = jpeg_std_error(&handler); /* exits: right for a generator */
    jpeg_create_compress(&jpeg);
    jpeg_mem_dest(&jpeg, &data, &size);
    jpeg.image_width = self->width_px;
    jpeg.image_height = self->height_px;
    jpeg.input_components = (int)self->channels;
    jpeg.in_color_space = self->channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_set_defaults(&jpeg);
    jpeg_set_quality(&jpeg, quality, TRUE);
    jpeg.dct_method = JDCT_ISLOW;
    jpeg.optimize_coding = TRUE;
    jpeg.density_unit = 1;
    jpeg.X_density = (UINT16)lround(dpi);
    jpeg.Y_density = (UINT16)lround(dpi);
    jpeg_start_compress(&jpeg, TRUE);
    if (exif != NULL)
        jpeg_write_marker(&jpeg, JPEG_APP0 + 1, exif->data, exif->len);
    while (jpeg.next_scanline < jpeg.image_height) {
        JSAMPROW row = self->px + (size_t)jpeg.next_scanline * self->width_px * self->channels;

        jpeg_write_scanlines(&jpeg, &row, 1);
    }
    jpeg_finish_compress(&jpeg);
    jpeg_destroy_compress(&jpeg);
    out = g_bytes_new(data, size);
    free(data);
    return out;
}

bool
write_jpeg(const Picture *self, const char *path, double dpi, int quality, unsigned orientation,
           const DnDate *taken, GError **error)
{
    g_autoptr(GByteArray) exif = orientation != 0 ? write_exif(orientation, dpi, taken) : NULL;
    g_autoptr(GBytes) bytes = write_jpeg_bytes(self, dpi, quality, exif);

    return g_file_set_contents(path, g_bytes_get_data(bytes, NULL), (gssize)g_bytes_get_size(bytes),
                               error);
}

static void
write_tiff_tiles(TIFF *tiff, const Picture *self)
{
    enum { SIDE = 256 };
    size_t pixel = self->channels;
    g_autofree uint8_t *tile = g_malloc(SIDE * SIDE * pixel);

    for (unsigned top = 0; top < self->height_px; top += SIDE)
        for (unsigned left = 0; left < self->width_px; left += SIDE) {
            unsigned wide = MIN(SIDE, self->width_px - left);

            memset(tile, 255, SIDE * SIDE * pixel);
            for (unsigned y = 0; y < SIDE && top + y < self->height_px; y++)
                memcpy(tile + y * SIDE * pixel,
                       self->px + ((size_t)(top + y) * self->width_px + left) * pixel,
                       wide * pixel);
            TIFFWriteTile(tiff, tile, left, top, 0, 0);
        }
}

static void
write_tiff_page(TIFF *tiff, const Picture *self, double dpi, TiffStyle style, unsigned page,
                unsigned n_pages)
{
    bool bits = style == TIFF_G4;

    TIFFSetField(tiff, TIFFTAG_IMAGEWIDTH, self->width_px);
    TIFFSetField(tiff, TIFFTAG_IMAGELENGTH, self->height_px);
    TIFFSetField(tiff, TIFFTAG_BITSPERSAMPLE, bits ? 1 : 8);
    TIFFSetField(tiff, TIFFTAG_SAMPLESPERPIXEL, bits ? 1 : self->channels);
    TIFFSetField(tiff, TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG);
    TIFFSetField(tiff, TIFFTAG_ORIENTATION, ORIENTATION_TOPLEFT);
    TIFFSetField(tiff, TIFFTAG_XRESOLUTION, dpi);
    TIFFSetField(tiff, TIFFTAG_YRESOLUTION, dpi);
    TIFFSetField(tiff, TIFFTAG_RESOLUTIONUNIT, RESUNIT_INCH);
    if (n_pages > 1) {
        TIFFSetField(tiff, TIFFTAG_SUBFILETYPE, FILETYPE_PAGE);
        TIFFSetField(tiff, TIFFTAG_PAGENUMBER, page, n_pages);
    }
    if (bits) {
        g_autoptr(GBytes) rows = picture_bits(self);
        size_t size = 0;
        const void *data = g_bytes_get_data(rows, &size);
        g_autofree void *copy = g_memdup2(data, size);

        TIFFSetField(tiff, TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_MINISWHITE);
        TIFFSetField(tiff, TIFFTAG_COMPRESSION, COMPRESSION_CCITTFAX4);
        TIFFSetField(tiff, TIFFTAG_ROWSPERSTRIP, self->height_px);
        TIFFWriteEncodedStrip(tiff, 0, copy, (tmsize_t)size);
        return;
    }
    TIFFSetField(tiff, TIFFTAG_PHOTOMETRIC,
                 self->channels == 1 ? PHOTOMETRIC_MINISBLACK : PHOTOMETRIC_RGB);
    TIFFSetField(tiff, TIFFTAG_COMPRESSION,
                 style == TIFF_TILES ? COMPRESSION_ADOBE_DEFLATE : COMPRESSION_LZW);
    TIFFSetField(tiff, TIFFTAG_PREDICTOR, PREDICTOR_HORIZONTAL);
    if (style == TIFF_TILES) {
        TIFFSetField(tiff, TIFFTAG_TILEWIDTH, 256);
        TIFFSetField(tiff, TIFFTAG_TILELENGTH, 256);
        write_tiff_tiles(tiff, self);
        return;
    }
    TIFFSetField(tiff, TIFFTAG_ROWSPERSTRIP, 64);
    for (unsigned y = 0; y < self->height_px; y++)
        TIFFWriteScanline(tiff, self->px + (size_t)y * self->width_px * self->channels, y, 0);
}

bool
write_tiff(Picture *const *pages, unsigned n_pages, const char *path, double dpi, TiffStyle style,
           GError **error)
{
    TIFF *tiff = TIFFOpen(path, "wl");

    if (tiff == NULL)
        return dn_fail(error, DN_ERROR_IO, "%s: cannot be written", path);
    for (unsigned i = 0; i < n_pages; i++) {
        write_tiff_page(tiff, pages[i], dpi, style, i, n_pages);
        if (!TIFFWriteDirectory(tiff)) {
            TIFFClose(tiff);
            return dn_fail(error, DN_ERROR_IO, "%s: page %u cannot be written", path, i + 1);
        }
    }
    TIFFClose(tiff);
    return true;
}

static bool
write_heif_try(struct heif_error result, const char *path, GError **error)
{
    return result.code == heif_error_Ok ||
           dn_fail(error, DN_ERROR_EXTERNAL, "%s: %s", path, result.message);
}

bool
write_heif(const Picture *self, const char *path, double dpi, const DnDate *taken, GError **error)
{
    g_autoptr(GByteArray) exif = write_exif(1, dpi, taken);
    struct heif_context *context = heif_context_alloc();
    struct heif_encoder *encoder = NULL;
    struct heif_image *image = NULL;
    struct heif_image_handle *handle = NULL;
    int stride = 0;
    uint8_t *plane = NULL;
    bool done = false;

    g_assert(self->channels == 3);
    if (!write_heif_try(
            heif_context_get_encoder_for_format(context, heif_compression_HEVC, &encoder), path,
            error)) {
        heif_context_free(context);
        return false;
    }
    heif_encoder_set_lossy_quality(encoder, 60);
    heif_image_create((int)self->width_px, (int)self->height_px, heif_colorspace_RGB,
                      heif_chroma_interleaved_RGB, &image);
    heif_image_add_plane(image, heif_channel_interleaved, (int)self->width_px, (int)self->height_px,
                         24);
    plane = heif_image_get_plane(image, heif_channel_interleaved, &stride);
    for (unsigned y = 0; y < self->height_px; y++)
        memcpy(plane + (size_t)y * (size_t)stride, self->px + (size_t)y * self->width_px * 3,
               (size_t)self->width_px * 3);
    done = write_heif_try(heif_context_encode_image(context, image, encoder, NULL, &handle), path,
                          error) &&
           write_heif_try(
               heif_context_add_exif_metadata(context, handle, exif->data + 6, (int)exif->len - 6),
               path, error) &&
           write_heif_try(heif_context_write_to_file(context, path), path, error);
    heif_image_handle_release(handle);
    heif_image_release(image);
    heif_encoder_release(encoder);
    heif_context_free(context);
    return done;
}

static cairo_surface_t *
write_pdf_open(const char *path, double width_mm, double height_mm, const DnDate *date)
{
    cairo_surface_t *surface =
        cairo_pdf_surface_create(path, width_mm * 72 / 25.4, height_mm * 72 / 25.4);
    g_autofree char *when =
        g_strdup_printf("%04d-%02d-%02dT10:00:00+09:00", date->year, date->month, date->day);

    cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_CREATE_DATE, when);
    cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_MOD_DATE, when);
    return surface;
}

static bool
write_pdf_close(cairo_surface_t *surface, cairo_t *cr, const char *path, GError **error)
{
    cairo_status_t status = CAIRO_STATUS_SUCCESS;

    cairo_destroy(cr);
    cairo_surface_finish(surface);
    status = cairo_surface_status(surface);
    cairo_surface_destroy(surface);
    return status == CAIRO_STATUS_SUCCESS ||
           dn_fail(error, DN_ERROR_IO, "%s: %s", path, cairo_status_to_string(status));
}

bool
write_pdf(const Paper *paper, const Deal *deal, const char *path, GError **error)
{
    g_autoptr(Picture) measure = NULL;
    double height_mm = paper->height_mm;
    cairo_surface_t *surface = NULL;
    cairo_t *cr = NULL;

    if (height_mm == 0) {
        measure = picture_print(paper, deal, 0, 50, 1);
        height_mm = measure->height_px * 25.4 / 50;
    }
    surface = write_pdf_open(path, paper->width_mm, height_mm, &deal->date);
    cr = cairo_create(surface);
    for (unsigned i = 0; i < paper->pages; i++) {
        Pen pen = {0};

        cairo_save(cr);
        pen_init(&pen, cr, 72, false);
        pen.vector = true;
        paper->draw(&pen, deal, i);
        pen_clear(&pen);
        cairo_restore(cr);
        cairo_show_page(cr);
    }
    return write_pdf_close(surface, cr, path, error);
}

/** One G4 strip and what cairo needs to know of it. NULL with @error. */
static GBytes *
write_g4(const Picture *self, const char *path, GError **error)
{
    g_autofree char *name = g_strconcat(path, ".g4", NULL);
    Picture *pages[] = {(Picture *)self};
    TIFF *tiff = NULL;
    uint8_t *data = NULL;
    tmsize_t size = 0;

    if (!write_tiff(pages, 1, name, 300, TIFF_G4, error))
        return NULL;
    tiff = TIFFOpen(name, "r");
    g_remove(name);
    if (tiff == NULL)
        return dn_fail_null(error, DN_ERROR_IO, "%s: cannot be read back", name);
    size = TIFFRawStripSize(tiff, 0);
    data = g_malloc((gsize)size);
    size = TIFFReadRawStrip(tiff, 0, data, size);
    TIFFClose(tiff);
    return g_bytes_new_take(data, (gsize)size);
}

static void
write_release(void *bytes)
{
    g_bytes_unref(bytes);
}

bool
write_pdf_pictures(Picture *const *pages, unsigned n_pages, const char *path, double dpi,
                   bool bilevel, const DnDate *date, GError **error)
{
    cairo_surface_t *surface = write_pdf_open(path, pages[0]->width_px * 25.4 / dpi,
                                              pages[0]->height_px * 25.4 / dpi, date);
    cairo_t *cr = cairo_create(surface);

    for (unsigned i = 0; i < n_pages; i++) {
        const Picture *page = pages[i];
        GBytes *bytes =
            bilevel ? write_g4(page, path, error) : write_jpeg_bytes(page, dpi, 72, NULL);
        cairo_surface_t *image = NULL;

        if (bytes == NULL) {
            write_pdf_close(surface, cr, path, NULL);
            return false;
        }
        /* The pixels of @image are never looked at: cairo copies the attached stream. */
        image = cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)page->width_px,
                                           (int)page->height_px);
        cairo_surface_set_mime_data(
            image, bilevel ? CAIRO_MIME_TYPE_CCITT_FAX : CAIRO_MIME_TYPE_JPEG,
            g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), write_release, bytes);
        if (bilevel) {
            char *params = g_strdup_printf("Columns=%u Rows=%u K=-1 EndOfBlock=true",
                                           page->width_px, page->height_px);

            cairo_surface_set_mime_data(image, CAIRO_MIME_TYPE_CCITT_FAX_PARAMS,
                                        (const unsigned char *)params, strlen(params), g_free,
                                        params);
        }
        cairo_save(cr);
        cairo_scale(cr, 72 / dpi, 72 / dpi);
        cairo_set_source_surface(cr, image, 0, 0);
        cairo_paint(cr);
        cairo_restore(cr);
        cairo_show_page(cr);
        cairo_surface_destroy(image);
    }
    return write_pdf_close(surface, cr, path, error);
}
