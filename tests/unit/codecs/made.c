/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tests/unit/codecs/made.c - small documents of every format, made in memory.
 */
#include "config.h"
#include "made.h"

#include <cairo-pdf.h>
#include <libheif/heif.h>
#include <png.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>
#include <tiffio.h>

#include <jpeglib.h>

uint8_t
made_sample(uint32_t x, uint32_t y, unsigned channel)
{
    bool black = x >= 8 && x < 40 && y >= 8 && y < 24;
    bool red = x >= 56 && x < 88 && y >= 40 && y < 56;

    if (black)
        return 0;
    return red && channel != 0 ? 0 : 255;
}

/* What these two libraries keep until the process ends is no leak of ours. */
__attribute__((visibility("default"))) const char *__lsan_default_suppressions(void);

const char *
__lsan_default_suppressions(void)
{
    return "leak:libx265\nleak:libfontconfig\n";
}

/* TIFF */

typedef struct {
    GByteArray *bytes;
    uint64_t position;
} MadeFile;

static tmsize_t
made_read(thandle_t handle, void *to, tmsize_t size)
{
    MadeFile *file = handle;
    uint64_t left = file->position < file->bytes->len ? file->bytes->len - file->position : 0;

    size = MIN(size, (tmsize_t)left);
    memcpy(to, file->bytes->data + file->position, (size_t)size);
    file->position += (uint64_t)size;
    return size;
}

static tmsize_t
made_write(thandle_t handle, void *from, tmsize_t size)
{
    MadeFile *file = handle;

    if (file->position + (uint64_t)size > file->bytes->len) {
        guint before = file->bytes->len;

        g_byte_array_set_size(file->bytes, (guint)(file->position + (uint64_t)size));
        memset(file->bytes->data + before, 0, file->bytes->len - before);
    }
    memcpy(file->bytes->data + file->position, from, (size_t)size);
    file->position += (uint64_t)size;
    return size;
}

static toff_t
made_seek(thandle_t handle, toff_t offset, int whence)
{
    MadeFile *file = handle;

    file->position = whence == SEEK_CUR   ? file->position + offset
                     : whence == SEEK_END ? file->bytes->len + offset
                                          : offset;
    return file->position;
}

static int
made_close(thandle_t handle G_GNUC_UNUSED)
{
    return 0;
}

static toff_t
made_size(thandle_t handle)
{
    return ((MadeFile *)handle)->bytes->len;
}

/* The sample of the picture in the terms of @form, from 0 to 255. */
static unsigned
made_tiff_sample(const MadeTiff *form, uint32_t x, uint32_t y, unsigned sample)
{
    bool gray =
        form->photometric == PHOTOMETRIC_MINISBLACK || form->photometric == PHOTOMETRIC_MINISWHITE;
    unsigned colours = form->photometric == PHOTOMETRIC_SEPARATED         ? 4
                       : gray || form->photometric == PHOTOMETRIC_PALETTE ? 1
                                                                          : 3;

    if (sample >= colours) /* alpha: what is white is transparent, and black below */
        return made_sample(x, y, 1) == 255 ? 0 : 255;
    if (form->samples > colours && made_sample(x, y, 1) == 255)
        return 0;
    switch (form->photometric) {
    case PHOTOMETRIC_YCBCR:
        if (form->compression != COMPRESSION_JPEG) {
            static const unsigned red[] = {76, 85, 255};

            if (made_sample(x, y, 0) == 255 && made_sample(x, y, 1) == 0)
                return red[sample];
            return sample == 0 ? made_sample(x, y, 0) : 128;
        }
        return made_sample(x, y, sample);
    case PHOTOMETRIC_MINISWHITE:
        return 255U - made_sample(x, y, 1);
    case PHOTOMETRIC_MINISBLACK:
        return made_sample(x, y, 1);
    case PHOTOMETRIC_PALETTE: /* 0 black, 1 red, the rest white; not scaled */
        return made_sample(x, y, 1) ? (1U << form->bits) - 1 : made_sample(x, y, 0) ? 1 : 0;
    case PHOTOMETRIC_SEPARATED:
        return sample < 3 ? 255U - made_sample(x, y, sample) : 0;
    default:
        return made_sample(x, y, sample);
    }
}

static void
made_put_sample(uint8_t *row, size_t index, unsigned bits, unsigned value, bool scaled)
{
    unsigned highest = bits < 32 ? (1U << bits) - 1 : G_MAXUINT32;

    if (scaled)
        value = value == 255 ? highest : (unsigned)((uint64_t)value * highest / 255);
    if (bits == 16) {
        ((uint16_t *)(void *)row)[index] = (uint16_t)value;
        return;
    }
    if (bits == 32) {
        ((uint32_t *)(void *)row)[index] = value;
        return;
    }
    for (unsigned i = 0; i < bits; i++) {
        size_t bit = index * bits + i;

        if (value >> (bits - 1 - i) & 1U)
            row[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
    }
}

static void
made_fill_row(const MadeTiff *form, uint8_t *row, uint32_t x0, uint32_t y, uint32_t count,
              unsigned plane)
{
    bool scaled = form->photometric != PHOTOMETRIC_PALETTE;
    unsigned samples = form->planar ? 1 : form->samples;

    for (uint32_t x = 0; x < count; x++)
        for (unsigned s = 0; s < samples; s++)
            made_put_sample(row, (size_t)x * samples + s, form->bits,
                            made_tiff_sample(form, MIN(x0 + x, MADE_WIDTH_PX - 1U),
                                             MIN(y, MADE_HEIGHT_PX - 1U), plane + s),
                            scaled);
}

static void
made_tiff_pixels(TIFF *tiff, const MadeTiff *form)
{
    unsigned planes = form->planar ? form->samples : 1;
    bool upsampled = form->compression == COMPRESSION_JPEG;
    enum { SIDE = 32 };

    if (form->tiled) {
        TIFFSetField(tiff, TIFFTAG_TILEWIDTH, SIDE);
        TIFFSetField(tiff, TIFFTAG_TILELENGTH, SIDE);
    } else {
        TIFFSetField(tiff, TIFFTAG_ROWSPERSTRIP, upsampled ? 16 : 24);
    }
    for (unsigned p = 0; p < planes; p++)
        for (uint32_t y0 = 0; y0 < MADE_HEIGHT_PX; y0 += form->tiled ? SIDE : 1)
            for (uint32_t x0 = 0; x0 < MADE_WIDTH_PX; x0 += form->tiled ? SIDE : MADE_WIDTH_PX) {
                tmsize_t row_bytes = form->tiled ? TIFFTileRowSize(tiff) : TIFFScanlineSize(tiff);
                unsigned rows = form->tiled ? SIDE : 1;
                g_autofree uint8_t *block = g_malloc0((size_t)row_bytes * rows + 8);

                for (unsigned r = 0; r < rows; r++)
                    made_fill_row(form, block + r * row_bytes, x0, y0 + r,
                                  form->tiled ? (uint32_t)SIDE : (uint32_t)MADE_WIDTH_PX, p);
                if (form->tiled)
                    g_assert_cmpint(TIFFWriteTile(tiff, block, x0, y0, 0, (uint16_t)p), >, 0);
                else
                    g_assert_cmpint(TIFFWriteScanline(tiff, block, y0, (uint16_t)p), ==, 1);
            }
}

static void
made_tiff_directory(TIFF *tiff, const MadeTiff *form, bool thumbnail)
{
    uint16_t alpha = EXTRASAMPLE_UNASSALPHA;
    unsigned colours =
        form->photometric == PHOTOMETRIC_SEPARATED                                       ? 4
        : form->photometric == PHOTOMETRIC_RGB || form->photometric == PHOTOMETRIC_YCBCR ? 3
                                                                                         : 1;

    TIFFSetField(tiff, TIFFTAG_SUBFILETYPE, thumbnail ? FILETYPE_REDUCEDIMAGE : FILETYPE_PAGE);
    TIFFSetField(tiff, TIFFTAG_IMAGEWIDTH, MADE_WIDTH_PX);
    TIFFSetField(tiff, TIFFTAG_IMAGELENGTH, MADE_HEIGHT_PX);
    TIFFSetField(tiff, TIFFTAG_BITSPERSAMPLE, form->bits);
    TIFFSetField(tiff, TIFFTAG_SAMPLESPERPIXEL, form->samples);
    TIFFSetField(tiff, TIFFTAG_PHOTOMETRIC, form->photometric);
    TIFFSetField(tiff, TIFFTAG_COMPRESSION, form->compression);
    TIFFSetField(tiff, TIFFTAG_PLANARCONFIG,
                 form->planar ? PLANARCONFIG_SEPARATE : PLANARCONFIG_CONTIG);
    if (form->compression == COMPRESSION_JPEG) {
        TIFFSetField(tiff, TIFFTAG_JPEGQUALITY, 95);
        TIFFSetField(tiff, TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB);
    } else if (form->photometric == PHOTOMETRIC_YCBCR)
        TIFFSetField(tiff, TIFFTAG_YCBCRSUBSAMPLING, 1, 1);
    if (form->orientation)
        TIFFSetField(tiff, TIFFTAG_ORIENTATION, form->orientation);
    if (form->samples > colours)
        TIFFSetField(tiff, TIFFTAG_EXTRASAMPLES, 1, &alpha);
    TIFFSetField(tiff, TIFFTAG_RESOLUTIONUNIT,
                 form->centimetre ? RESUNIT_CENTIMETER : RESUNIT_INCH);
    TIFFSetField(tiff, TIFFTAG_XRESOLUTION, form->centimetre ? MADE_DPI / 2.54 : MADE_DPI);
    TIFFSetField(tiff, TIFFTAG_YRESOLUTION, form->centimetre ? MADE_DPI / 2.54 : MADE_DPI);
    if (form->photometric == PHOTOMETRIC_PALETTE) {
        uint16_t red[256];
        uint16_t other[256];

        memset(red, 0xff, sizeof red);
        memset(other, 0xff, sizeof other);
        red[0] = other[0] = 0;
        if (form->bits > 1)
            other[1] = 0;
        TIFFSetField(tiff, TIFFTAG_COLORMAP, red, other, other);
    }
    made_tiff_pixels(tiff, form);
    g_assert_cmpint(TIFFWriteDirectory(tiff), ==, 1);
}

GBytes *
made_tiff(const MadeTiff *form)
{
    MadeFile file = {.bytes = g_byte_array_new()};
    char mode[] = {'w', form->big_endian ? 'b' : 'l', form->big_tiff ? '8' : '4', '\0'};
    TIFF *tiff = TIFFClientOpen("made", mode, &file, made_read, made_write, made_seek, made_close,
                                made_size, NULL, NULL);

    g_assert_nonnull(tiff);
    for (unsigned i = 0; i < form->thumbnails; i++)
        made_tiff_directory(tiff, form, true);
    for (unsigned i = 0; i < MAX(form->pages, 1U); i++)
        made_tiff_directory(tiff, form, false);
    TIFFClose(tiff);
    return g_byte_array_free_to_bytes(file.bytes);
}

/* PNG */

static void
made_png_write(png_structp png, png_bytep bytes, png_size_t size)
{
    g_byte_array_append(png_get_io_ptr(png), bytes, (guint)size);
}

static void
made_png_flush(png_structp png G_GNUC_UNUSED)
{
}

GBytes *
made_png(const MadePng *form)
{
    GByteArray *bytes = g_byte_array_new();
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop info = png_create_info_struct(png);
    bool colour = form->colour & PNG_COLOR_MASK_COLOR;
    bool palette = form->colour == PNG_COLOR_TYPE_PALETTE;
    bool alpha = form->colour & PNG_COLOR_MASK_ALPHA;
    unsigned samples = (colour && !palette ? 3U : 1U) + (alpha ? 1U : 0U);
    static const png_color two[] = {{0, 0, 0}, {255, 255, 255}};
    static const png_color three[] = {{0, 0, 0}, {255, 0, 0}, {255, 255, 255}};
    unsigned highest = (1U << form->bits) - 1;
    png_color_16 key = {0, (png_uint_16)highest, (png_uint_16)highest, (png_uint_16)highest,
                        (png_uint_16)highest};
    g_autofree uint8_t *pixels =
        g_malloc0((size_t)MADE_WIDTH_PX * MADE_HEIGHT_PX * samples * 2 + 8);
    png_bytep rows[MADE_HEIGHT_PX];
    size_t stride = ((size_t)MADE_WIDTH_PX * samples * (unsigned)form->bits + 7) / 8;

    g_assert_false(setjmp(png_jmpbuf(png)));
    png_set_write_fn(png, bytes, made_png_write, made_png_flush);
    png_set_IHDR(png, info, MADE_WIDTH_PX, MADE_HEIGHT_PX, form->bits, form->colour,
                 form->interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_set_pHYs(png, info, 7874, 7874, PNG_RESOLUTION_METER);
    if (palette)
        png_set_PLTE(png, info, form->bits == 1 ? two : three, form->bits == 1 ? 2 : 3);
    if (form->transparent_key && palette)
        png_set_tRNS(png, info, (png_const_bytep) "\xff\xff\x00", 3, NULL);
    else if (form->transparent_key)
        png_set_tRNS(png, info, NULL, 0, &key);
    if (form->orientation) {
        GByteArray *exif = made_exif(form->orientation, MADE_DPI, false);

        png_set_eXIf_1(png, info, exif->len - 6, exif->data + 6);
        g_byte_array_unref(exif);
    }
    for (uint32_t y = 0; y < MADE_HEIGHT_PX; y++) {
        rows[y] = pixels + y * stride;
        for (uint32_t x = 0; x < MADE_WIDTH_PX; x++)
            for (unsigned s = 0; s < samples; s++) {
                bool white = made_sample(x, y, 1) == 255;
                unsigned value = made_sample(x, y, colour ? s : 1);

                if (palette)
                    value = white ? (form->bits == 1 ? 1 : 2) : made_sample(x, y, 0) ? 1 : 0;
                else if (alpha && s == samples - 1)
                    value = white ? 0 : 255;
                else if (alpha && white)
                    value = 0;
                made_put_sample(rows[y], (size_t)x * samples + s, (unsigned)form->bits, value,
                                !palette);
            }
    }
    png_write_info(png, info);
    png_write_image(png, rows);
    png_write_end(png, NULL);
    png_destroy_write_struct(&png, &info);
    return g_byte_array_free_to_bytes(bytes);
}

/* JPEG */

static void
made_number(GByteArray *bytes, unsigned width, uint32_t value, bool big_endian)
{
    for (unsigned i = 0; i < width; i++) {
        guint8 byte = (guint8)(value >> 8 * (big_endian ? width - 1 - i : i));

        g_byte_array_append(bytes, &byte, 1);
    }
}

GByteArray *
made_exif(unsigned orientation, unsigned dpi, bool big_endian)
{
    enum { ENTRIES = 4, DATA_AT = 8 + 2 + ENTRIES * 12 + 4 };
    GByteArray *bytes = g_byte_array_new();

    g_byte_array_append(bytes, (const guint8 *)"Exif\0\0", 6);
    g_byte_array_append(bytes, (const guint8 *)(big_endian ? "MM" : "II"), 2);
    made_number(bytes, 2, 42, big_endian);
    made_number(bytes, 4, 8, big_endian);
    made_number(bytes, 2, ENTRIES, big_endian);
    for (unsigned i = 0; i < ENTRIES; i++) {
        static const uint16_t tags[ENTRIES] = {0x112, 0x11a, 0x11b, 0x128};
        bool rational = tags[i] == 0x11a || tags[i] == 0x11b;

        made_number(bytes, 2, tags[i], big_endian);
        made_number(bytes, 2, rational ? 5 : 3, big_endian);
        made_number(bytes, 4, 1, big_endian);
        if (rational) {
            made_number(bytes, 4, DATA_AT, big_endian);
        } else {
            made_number(bytes, 2, tags[i] == 0x112 ? orientation : 2, big_endian);
            made_number(bytes, 2, 0, big_endian);
        }
    }
    made_number(bytes, 4, 0, big_endian);
    made_number(bytes, 4, dpi, big_endian);
    made_number(bytes, 4, 1, big_endian);
    return bytes;
}

GBytes *
made_jpeg(const MadeJpeg *form)
{
    struct jpeg_compress_struct cinfo;
    struct jpeg_error_mgr trouble;
    unsigned char *memory = NULL;
    unsigned long size = 0;
    GBytes *bytes = NULL;
    uint8_t row[MADE_WIDTH_PX * 4];
    JSAMPROW rows[] = {row};

    cinfo.err = jpeg_std_error(&trouble);
    jpeg_create_compress(&cinfo);
    jpeg_mem_dest(&cinfo, &memory, &size);
    cinfo.image_width = MADE_WIDTH_PX;
    cinfo.image_height = MADE_HEIGHT_PX;
    cinfo.input_components = form->components;
    cinfo.in_color_space = form->components == 1   ? JCS_GRAYSCALE
                           : form->components == 3 ? JCS_RGB
                                                   : JCS_CMYK;
    jpeg_set_defaults(&cinfo);
    jpeg_set_quality(&cinfo, 95, TRUE);
    cinfo.write_JFIF_header = form->exif_dpi == 0 && form->components != 4;
    cinfo.density_unit = 1;
    cinfo.X_density = cinfo.Y_density = MADE_DPI;
    if (form->progressive)
        jpeg_simple_progression(&cinfo);
    jpeg_start_compress(&cinfo, TRUE);
    if (form->orientation || form->exif_dpi) {
        GByteArray *exif =
            made_exif(MAX(form->orientation, 1U), form->exif_dpi ? form->exif_dpi : MADE_DPI, true);

        jpeg_write_marker(&cinfo, JPEG_APP0 + 1, exif->data, exif->len);
        g_byte_array_unref(exif);
    }
    while (cinfo.next_scanline < cinfo.image_height) {
        for (uint32_t x = 0; x < MADE_WIDTH_PX; x++)
            for (int c = 0; c < form->components; c++) {
                unsigned value = made_sample(x, cinfo.next_scanline,
                                             form->components == 1 ? 1 : (unsigned)c % 3);

                /* libjpeg marks CMYK as Adobe's, whose ink is upside down; the key is none. */
                row[x * (uint32_t)form->components + (uint32_t)c] = (uint8_t)(c == 3 ? 255 : value);
            }
        jpeg_write_scanlines(&cinfo, rows, 1);
    }
    jpeg_finish_compress(&cinfo);
    jpeg_destroy_compress(&cinfo);
    bytes = g_bytes_new(memory, size);
    free(memory);
    return bytes;
}

/* PDF */

static cairo_status_t
made_pdf_write(void *closure, const unsigned char *bytes, unsigned int size)
{
    g_byte_array_append(closure, bytes, size);
    return CAIRO_STATUS_SUCCESS;
}

static GBytes *
made_pdf_end(cairo_t *cairo, cairo_surface_t *surface, GByteArray *bytes)
{
    cairo_destroy(cairo);
    cairo_surface_finish(surface);
    g_assert_cmpint(cairo_surface_status(surface), ==, CAIRO_STATUS_SUCCESS);
    cairo_surface_destroy(surface);
    return g_byte_array_free_to_bytes(bytes);
}

GBytes *
made_pdf(double width_pt, double height_pt, unsigned pages)
{
    GByteArray *bytes = g_byte_array_new();
    cairo_surface_t *surface =
        cairo_pdf_surface_create_for_stream(made_pdf_write, bytes, width_pt, height_pt);
    cairo_t *cairo = cairo_create(surface);

    for (unsigned i = 0; i < pages; i++) {
        cairo_save(cairo);
        cairo_scale(cairo, width_pt / MADE_WIDTH_PX, height_pt / MADE_HEIGHT_PX);
        cairo_set_source_rgb(cairo, 0, 0, 0);
        cairo_rectangle(cairo, 8, 8, 32, 16);
        cairo_fill(cairo);
        cairo_set_source_rgb(cairo, 1, 0, 0);
        cairo_rectangle(cairo, 56, 40, 32, 16);
        cairo_fill(cairo);
        cairo_set_source_rgb(cairo, 0, 0, 0);
        cairo_set_font_size(cairo, 8);
        cairo_move_to(cairo, 8, 40);
        cairo_show_text(cairo, "Total");
        cairo_restore(cairo);
        cairo_show_page(cairo);
    }
    return made_pdf_end(cairo, surface, bytes);
}

GBytes *
made_pdf_scan(double width_pt, double height_pt)
{
    GByteArray *bytes = g_byte_array_new();
    cairo_surface_t *surface =
        cairo_pdf_surface_create_for_stream(made_pdf_write, bytes, width_pt, height_pt);
    cairo_t *cairo = cairo_create(surface);
    cairo_surface_t *picture =
        cairo_image_surface_create(CAIRO_FORMAT_RGB24, MADE_WIDTH_PX, MADE_HEIGHT_PX);
    uint8_t *data = cairo_image_surface_get_data(picture);
    int stride = cairo_image_surface_get_stride(picture);

    for (uint32_t y = 0; y < MADE_HEIGHT_PX; y++)
        for (uint32_t x = 0; x < MADE_WIDTH_PX; x++) {
            uint32_t word = (uint32_t)made_sample(x, y, 0) << 16 |
                            (uint32_t)made_sample(x, y, 1) << 8 | made_sample(x, y, 2);

            memcpy(data + y * (uint32_t)stride + 4 * x, &word, sizeof word);
        }
    cairo_surface_mark_dirty(picture);
    cairo_scale(cairo, width_pt / MADE_WIDTH_PX, height_pt / MADE_HEIGHT_PX);
    cairo_set_source_surface(cairo, picture, 0, 0);
    cairo_paint(cairo);
    cairo_surface_destroy(picture);
    return made_pdf_end(cairo, surface, bytes);
}

/* HEIC */

static struct heif_error
made_heic_write(struct heif_context *context G_GNUC_UNUSED, const void *data, size_t size,
                void *user_data)
{
    g_byte_array_append(user_data, data, (guint)size);
    return (struct heif_error){heif_error_Ok, heif_suberror_Unspecified, "ok"};
}

GBytes *
made_heic(void)
{
    struct heif_context *context = heif_context_alloc();
    struct heif_encoder *encoder = NULL;
    struct heif_image *image = NULL;
    struct heif_writer writer = {.writer_api_version = 1, .write = made_heic_write};
    GByteArray *bytes = g_byte_array_new();
    uint8_t *plane = NULL;
    int stride = 0;
    bool ok = heif_context_get_encoder_for_format(context, heif_compression_HEVC, &encoder).code ==
              heif_error_Ok;

    if (ok) {
        heif_image_create(MADE_WIDTH_PX, MADE_HEIGHT_PX, heif_colorspace_RGB,
                          heif_chroma_interleaved_RGB, &image);
        heif_image_add_plane(image, heif_channel_interleaved, MADE_WIDTH_PX, MADE_HEIGHT_PX, 8);
        plane = heif_image_get_plane(image, heif_channel_interleaved, &stride);
        for (uint32_t y = 0; y < MADE_HEIGHT_PX; y++)
            for (uint32_t i = 0; i < MADE_WIDTH_PX * 3; i++)
                plane[y * (uint32_t)stride + i] = made_sample(i / 3, y, i % 3);
        heif_encoder_set_lossy_quality(encoder, 95);
        ok = heif_context_encode_image(context, image, encoder, NULL, NULL).code == heif_error_Ok &&
             heif_context_write(context, &writer, bytes).code == heif_error_Ok;
        heif_image_release(image);
        heif_encoder_release(encoder);
    }
    heif_context_free(context);
    if (ok)
        return g_byte_array_free_to_bytes(bytes);
    g_byte_array_unref(bytes);
    return NULL;
}

GBytes *
made_cut(GBytes *whole, size_t size)
{
    return g_bytes_new(g_bytes_get_data(whole, NULL), size);
}
