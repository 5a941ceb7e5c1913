/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tests/unit/codecs/test-drivers.c - what is particular to each format.
 *
 * What all drivers share is asked in tests/contract/codec.c.
 */
#include "config.h"
#include "codecs/codec.h"

#include "codecs/exif.h"
#include "made.h"

#include <math.h>
#include <png.h>
#include <stdlib.h>
#include <string.h>
#include <tiffio.h>

#define assert_code(error, wanted)                                                                 \
    do {                                                                                           \
        g_assert_nonnull(error);                                                                   \
        g_assert_cmpint(dn_error_code(error), ==, DN_ERROR_##wanted);                              \
        g_clear_error(&(error));                                                                   \
    } while (0)

static DnDocument *
drivers_open(GBytes *bytes)
{
    g_autoptr(GError) error = NULL;
    DnDocument *document = dn_document_open(bytes, &dn_limits_default, &error);

    g_assert_no_error(error);
    return document;
}

/* Opens @bytes (transfer full) and decodes page 0, which must succeed. */
static DnPixmap *
drivers_decode(GBytes *bytes, DnFailOn fail_on, DnPageInfo *out_info)
{
    g_autoptr(DnDocument) document = drivers_open(bytes);
    g_autoptr(GError) error = NULL;
    DnPixmap *pixmap = NULL;

    g_bytes_unref(bytes);
    g_assert_true(dn_document_header(document, 0, out_info, &error));
    pixmap = dn_document_decode(document, 0, fail_on, &error);
    g_assert_no_error(error);
    return pixmap;
}

/* Every pixel is that of the picture, or near. Colourless forms show red as black. */
static void
drivers_check_picture(const DnPixmap *pixmap, int tolerance)
{
    g_assert_cmpuint(pixmap->width_px, ==, MADE_WIDTH_PX);
    g_assert_cmpuint(pixmap->height_px, ==, MADE_HEIGHT_PX);
    for (uint32_t y = 0; y < MADE_HEIGHT_PX; y++)
        for (uint32_t x = 0; x < MADE_WIDTH_PX; x++)
            for (unsigned c = 0; c < (unsigned)pixmap->format; c++) {
                int seen = dn_pixmap_row(pixmap, y)[x * (unsigned)pixmap->format + c];
                int wanted = made_sample(x, y, pixmap->format == DN_PIXEL_RGB24 ? c : 1);

                g_assert_cmpint(abs(seen - wanted), <=, tolerance);
            }
}

/* Sniffing */

static const struct {
    const char *head;
    size_t size;
    const char *driver; /* NULL: no driver */
} sniff_cases[] = {
    {"II\x2a\0\x08\0\0\0", 8, "tiff"},
    {"MM\0\x2a\0\0\0\x08", 8, "tiff"},
    {"II\x2b\0\x08\0\0\0", 8, "tiff"},
    {"MM\0\x2b\0\x08\0\0", 8, "tiff"},
    {"\x89PNG\r\n\x1a\n", 8, "png"},
    {"\x89PNG\n\x1a\n\0", 8, NULL},
    {"\xff\xd8\xff\xe0", 4, "jpeg"},
    {"\xff\xd8\xff%PDF-1.7", 11, "jpeg"},
    {"%PDF-1.7", 8, "pdf"},
    {"\r\n rubbish %PDF-1.7", 19, "pdf"},
    {"\0\0\0\x18"
     "ftypheic\0\0\0\0",
     16, "heif"},
    {"\0\0\0\x18"
     "ftypmif1\0\0\0\0",
     16, "heif"},
    {"\0\0\0\x18"
     "ftypisom\0\0\0\0",
     16, NULL},
    {"a text without a picture", 24, NULL},
    {"II", 2, NULL},
    {"\xff\xd8", 2, NULL},
    {"%PD", 3, NULL},
};

static void
test_sniff(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(sniff_cases); i++) {
        g_autoptr(GError) error = NULL;
        const DnCodec *codec =
            dn_codec_sniff((const uint8_t *)sniff_cases[i].head, sniff_cases[i].size, &error);

        if (sniff_cases[i].driver)
            g_assert_cmpstr(codec ? codec->name : "none", ==, sniff_cases[i].driver);
        else {
            g_assert_null(codec);
            assert_code(error, UNSUPPORTED);
        }
    }
}

static void
test_sniff_looks_for_pdf_in_the_first_kilobyte(void)
{
    uint8_t head[2000];
    g_autoptr(GError) error = NULL;

    memset(head, ' ', sizeof head);
    memcpy(head + 1020, "%PDF", 4);
    g_assert_true(dn_codec_sniff(head, sizeof head, &error) == &dn_codec_pdf);
    memset(head, ' ', sizeof head);
    memcpy(head + 1021, "%PDF", 4);
    g_assert_null(dn_codec_sniff(head, sizeof head, &error));
    assert_code(error, UNSUPPORTED);
}

/* TIFF */

static const MadeTiff tiff_forms[] = {
    {.photometric = PHOTOMETRIC_MINISWHITE,
     .bits = 1,
     .samples = 1,
     .compression = COMPRESSION_CCITTFAX4},
    {.photometric = PHOTOMETRIC_MINISWHITE,
     .bits = 1,
     .samples = 1,
     .compression = COMPRESSION_CCITTFAX3},
    {.photometric = PHOTOMETRIC_MINISBLACK,
     .bits = 1,
     .samples = 1,
     .compression = COMPRESSION_CCITTRLE},
    {.photometric = PHOTOMETRIC_MINISBLACK,
     .bits = 1,
     .samples = 1,
     .compression = COMPRESSION_PACKBITS,
     .tiled = true},
    {.photometric = PHOTOMETRIC_MINISBLACK,
     .bits = 2,
     .samples = 1,
     .compression = COMPRESSION_NONE},
    {.photometric = PHOTOMETRIC_MINISWHITE,
     .bits = 4,
     .samples = 1,
     .compression = COMPRESSION_LZW},
    {.photometric = PHOTOMETRIC_MINISBLACK,
     .bits = 8,
     .samples = 1,
     .compression = COMPRESSION_ADOBE_DEFLATE},
    {.photometric = PHOTOMETRIC_MINISBLACK,
     .bits = 8,
     .samples = 2,
     .compression = COMPRESSION_NONE},
    {.photometric = PHOTOMETRIC_MINISBLACK,
     .bits = 12,
     .samples = 1,
     .compression = COMPRESSION_NONE},
    {.photometric = PHOTOMETRIC_MINISBLACK,
     .bits = 16,
     .samples = 1,
     .compression = COMPRESSION_LZW,
     .big_endian = true},
    {.photometric = PHOTOMETRIC_MINISWHITE,
     .bits = 16,
     .samples = 1,
     .compression = COMPRESSION_NONE,
     .tiled = true},
    {.photometric = PHOTOMETRIC_MINISBLACK,
     .bits = 32,
     .samples = 1,
     .compression = COMPRESSION_NONE,
     .big_endian = true},
    {.photometric = PHOTOMETRIC_PALETTE, .bits = 1, .samples = 1, .compression = COMPRESSION_NONE},
    {.photometric = PHOTOMETRIC_PALETTE, .bits = 4, .samples = 1, .compression = COMPRESSION_LZW},
    {.photometric = PHOTOMETRIC_PALETTE,
     .bits = 8,
     .samples = 1,
     .compression = COMPRESSION_PACKBITS,
     .tiled = true},
    {.photometric = PHOTOMETRIC_RGB,
     .bits = 8,
     .samples = 3,
     .compression = COMPRESSION_NONE,
     .big_tiff = true},
    {.photometric = PHOTOMETRIC_RGB, .bits = 8, .samples = 4, .compression = COMPRESSION_LZW},
    {.photometric = PHOTOMETRIC_RGB,
     .bits = 8,
     .samples = 3,
     .compression = COMPRESSION_LZW,
     .planar = true},
    {.photometric = PHOTOMETRIC_RGB,
     .bits = 8,
     .samples = 4,
     .compression = COMPRESSION_LZW,
     .planar = true,
     .tiled = true},
    {.photometric = PHOTOMETRIC_RGB, .bits = 4, .samples = 3, .compression = COMPRESSION_NONE},
    {.photometric = PHOTOMETRIC_RGB,
     .bits = 16,
     .samples = 3,
     .compression = COMPRESSION_ADOBE_DEFLATE,
     .big_endian = true,
     .big_tiff = true},
    {.photometric = PHOTOMETRIC_RGB,
     .bits = 16,
     .samples = 4,
     .compression = COMPRESSION_NONE,
     .planar = true},
    {.photometric = PHOTOMETRIC_SEPARATED, .bits = 8, .samples = 4, .compression = COMPRESSION_LZW},
    {.photometric = PHOTOMETRIC_SEPARATED,
     .bits = 16,
     .samples = 4,
     .compression = COMPRESSION_NONE,
     .planar = true},
    {.photometric = PHOTOMETRIC_RGB, .bits = 8, .samples = 3, .compression = COMPRESSION_JPEG},
    {.photometric = PHOTOMETRIC_YCBCR, .bits = 8, .samples = 3, .compression = COMPRESSION_JPEG},
    {.photometric = PHOTOMETRIC_YCBCR,
     .bits = 8,
     .samples = 3,
     .compression = COMPRESSION_JPEG,
     .tiled = true},
    {.photometric = PHOTOMETRIC_MINISBLACK,
     .bits = 8,
     .samples = 1,
     .compression = COMPRESSION_JPEG},
    {.photometric = PHOTOMETRIC_RGB, .bits = 8, .samples = 3, .compression = COMPRESSION_ZSTD},
    {.photometric = PHOTOMETRIC_RGB, .bits = 8, .samples = 3, .compression = COMPRESSION_LZMA},
};

static void
test_tiff_forms(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(tiff_forms); i++) {
        const MadeTiff *form = &tiff_forms[i];
        bool lossy = form->compression == COMPRESSION_JPEG;
        bool gray = form->photometric <= PHOTOMETRIC_MINISBLACK;
        DnPageInfo info = {0};
        g_autoptr(DnPixmap) pixmap = NULL;

        if (!TIFFIsCODECConfigured(form->compression))
            continue;
        g_test_message("form %zu", i);
        pixmap = drivers_decode(made_tiff(form), DN_FAIL_ON_TRUNCATED, &info);
        g_assert_cmpuint(info.bits_per_sample, ==, form->bits);
        g_assert_cmpint(info.lossy, ==, lossy);
        g_assert_cmpint(info.colour, ==,
                        !gray             ? DN_COLOUR_RGB
                        : form->bits == 1 ? DN_COLOUR_BILEVEL
                                          : DN_COLOUR_GRAY);
        g_assert_cmpfloat(info.dpi_x, ==, MADE_DPI);
        if (form->photometric == PHOTOMETRIC_PALETTE && form->bits == 1) {
            /* Two colours: the red rectangle is the white entry's neighbour, black. */
            g_assert_cmpuint(pixmap->data[0], ==, 255);
            continue;
        }
        /* JPEG halves the colour's resolution, so edges of red are far off. */
        drivers_check_picture(pixmap, !lossy ? 0 : gray ? 12 : 255);
        if (lossy && !gray) {
            const uint8_t *red = dn_pixmap_row(pixmap, 48) + 72 * 3;

            g_assert_cmpuint(red[0], >, 235);
            g_assert_cmpuint(red[1], <, 20);
            g_assert_cmpuint(dn_pixmap_row(pixmap, 16)[24 * 3], <, 20);
            g_assert_cmpuint(dn_pixmap_row(pixmap, 60)[20], >, 235);
        }
    }
}

static void
test_tiff_orientation_is_said_not_applied(void)
{
    for (uint16_t orientation = 1; orientation <= 8; orientation++) {
        const MadeTiff forms[] = {
            {.photometric = PHOTOMETRIC_MINISBLACK,
             .bits = 8,
             .samples = 1,
             .compression = COMPRESSION_NONE,
             .orientation = orientation,
             .centimetre = true},
            {.photometric = PHOTOMETRIC_YCBCR,
             .bits = 8,
             .samples = 3,
             .compression = COMPRESSION_LZW,
             .orientation = orientation},
            {.photometric = PHOTOMETRIC_YCBCR,
             .bits = 8,
             .samples = 3,
             .compression = COMPRESSION_NONE,
             .orientation = orientation,
             .tiled = true},
            {.photometric = PHOTOMETRIC_RGB,
             .bits = 8,
             .samples = 3,
             .compression = COMPRESSION_NONE,
             .orientation = orientation,
             .tiled = true},
        };

        for (size_t i = 0; i < G_N_ELEMENTS(forms); i++) {
            DnPageInfo info = {0};
            g_autoptr(DnPixmap) pixmap =
                drivers_decode(made_tiff(&forms[i]), DN_FAIL_ON_TRUNCATED, &info);

            g_assert_cmpuint(info.orientation, ==, orientation);
            g_assert_cmpfloat_with_epsilon(info.dpi_y, MADE_DPI, 0.01);
            drivers_check_picture(pixmap, forms[i].photometric == PHOTOMETRIC_YCBCR ? 2 : 0);
        }
    }
}

static void
test_tiff_thumbnails_are_no_pages(void)
{
    MadeTiff form = {.photometric = PHOTOMETRIC_MINISBLACK,
                     .bits = 8,
                     .samples = 1,
                     .compression = COMPRESSION_NONE,
                     .pages = 3,
                     .thumbnails = 2};
    g_autoptr(GBytes) bytes = made_tiff(&form);
    g_autoptr(DnDocument) document = drivers_open(bytes);
    g_autoptr(GBytes) big = NULL;
    g_autoptr(DnDocument) big_document = NULL;

    g_assert_cmpuint(dn_document_page_count(document), ==, 3);
    form.big_tiff = form.big_endian = true;
    big = made_tiff(&form);
    big_document = drivers_open(big);
    g_assert_cmpuint(dn_document_page_count(big_document), ==, 3);
}

/* A TIFF written by hand, its directory in front of the pixels: gray, 8 bits, one strip. */
typedef struct {
    uint32_t width_px;
    uint32_t height_px;
    uint16_t compression;
    uint16_t samples;
    uint32_t strip_bytes;
    uint32_t next; /* directory */
} HandTiff;

enum { HAND_ENTRIES = 9, HAND_PIXELS_AT = 8 + 2 + HAND_ENTRIES * 12 + 4 };

static void
hand_number(GByteArray *bytes, unsigned width, uint32_t value)
{
    for (unsigned i = 0; i < width; i++) {
        uint8_t byte = (uint8_t)(value >> 8 * i);

        g_byte_array_append(bytes, &byte, 1);
    }
}

static GBytes *
hand_tiff(const HandTiff *form, const uint8_t *pixels, size_t size)
{
    GByteArray *bytes = g_byte_array_new();
    const uint32_t entries[HAND_ENTRIES][2] = {{256, form->width_px},
                                               {257, form->height_px},
                                               {258, 8},
                                               {259, form->compression},
                                               {262, 1},
                                               {273, HAND_PIXELS_AT},
                                               {277, form->samples},
                                               {278, form->height_px},
                                               {279, form->strip_bytes}};

    g_byte_array_append(bytes, (const guint8 *)"II\x2a\0\x08\0\0\0", 8);
    hand_number(bytes, 2, HAND_ENTRIES);
    for (unsigned i = 0; i < HAND_ENTRIES; i++) {
        hand_number(bytes, 2, entries[i][0]);
        hand_number(bytes, 2, 4);
        hand_number(bytes, 4, 1);
        hand_number(bytes, 4, entries[i][1]);
    }
    hand_number(bytes, 4, form->next);
    g_byte_array_append(bytes, pixels, (guint)size);
    return g_byte_array_free_to_bytes(bytes);
}

static void
test_tiff_directory_loop_ends(void)
{
    static const uint8_t pixels[4] = {0};
    HandTiff form = {2, 2, COMPRESSION_NONE, 1, 4, 8};
    g_autoptr(GBytes) loop = hand_tiff(&form, pixels, sizeof pixels);
    g_autoptr(DnDocument) document = drivers_open(loop);
    g_autoptr(DnPixmap) pixmap = NULL;
    g_autoptr(GBytes) beyond = NULL;
    g_autoptr(DnDocument) other = NULL;

    g_assert_cmpuint(dn_document_page_count(document), ==, 1);
    pixmap = dn_document_decode(document, 0, DN_FAIL_ON_TRUNCATED, NULL);
    g_assert_nonnull(pixmap);
    form.next = 0x7fffffff;
    beyond = hand_tiff(&form, pixels, sizeof pixels);
    other = drivers_open(beyond);
    g_assert_cmpuint(dn_document_page_count(other), ==, 1);
}

static void
test_tiff_keeps_what_is_there_of_a_strip(void)
{
    enum { SIDE = 64, THERE = 20 };
    uint8_t pixels[SIDE * SIDE] = {0};
    uint8_t packed[SIDE * (SIDE + 1)];
    HandTiff forms[] = {{SIDE, SIDE, COMPRESSION_NONE, 1, sizeof pixels, 0},
                        {SIDE, SIDE, COMPRESSION_PACKBITS, 1, sizeof packed, 0}};

    memset(packed, 0, sizeof packed);
    for (unsigned y = 0; y < SIDE; y++)
        packed[y * (SIDE + 1)] = SIDE - 1; /* that many bytes and one follow as they are */
    for (size_t i = 0; i < G_N_ELEMENTS(forms); i++) {
        size_t row_bytes = i == 0 ? SIDE : SIDE + 1;
        GBytes *cut = hand_tiff(&forms[i], i == 0 ? pixels : packed, THERE * row_bytes);
        g_autoptr(DnDocument) document = drivers_open(cut);
        DnPageInfo info = {0};
        g_autoptr(GError) error = NULL;
        g_autoptr(DnPixmap) pixmap = NULL;

        g_assert_null(dn_document_decode(document, 0, DN_FAIL_ON_TRUNCATED, &error));
        assert_code(error, FORMAT);
        pixmap = drivers_decode(cut, DN_FAIL_ON_ERROR, &info);
        for (unsigned y = 0; y < SIDE; y++)
            g_assert_cmpuint(dn_pixmap_row(pixmap, y)[SIDE / 2], ==, y < THERE ? 0 : 255);
    }
}

static void
test_tiff_of_which_nothing_is_there(void)
{
    static const uint8_t none[1] = {0};
    HandTiff form = {64, 64, COMPRESSION_CCITTFAX4, 1, 100, 0};
    g_autoptr(GBytes) bytes = hand_tiff(&form, none, 0);
    g_autoptr(DnDocument) document = drivers_open(bytes);
    g_autoptr(GError) error = NULL;

    g_assert_null(dn_document_decode(document, 0, DN_FAIL_ON_ERROR, &error));
    assert_code(error, FORMAT);
}

static void
test_tiff_large_size_is_refused_before_memory(void)
{
    static const uint8_t few[4] = {0};
    static const HandTiff forms[] = {{31000, 31000, COMPRESSION_CCITTFAX4, 1, 4, 0},
                                     {1000000, 1000000, COMPRESSION_NONE, 1, 4, 0},
                                     {100000, 1, COMPRESSION_NONE, 1, 4, 0}};

    for (size_t i = 0; i < G_N_ELEMENTS(forms); i++) {
        g_autoptr(GBytes) bytes = hand_tiff(&forms[i], few, sizeof few);
        g_autoptr(DnDocument) document = drivers_open(bytes);
        g_autoptr(GError) error = NULL;

        g_assert_null(dn_document_decode(document, 0, DN_FAIL_ON_ERROR, &error));
        assert_code(error, LIMIT);
    }
}

static void
test_tiff_that_is_not_read_here(void)
{
    static const uint8_t few[4] = {0};
    static const HandTiff forms[] = {{2, 2, COMPRESSION_NONE, 9, 4, 0}, {2, 2, 65000, 1, 4, 0}};

    for (size_t i = 0; i < G_N_ELEMENTS(forms); i++) {
        g_autoptr(GBytes) bytes = hand_tiff(&forms[i], few, sizeof few);
        g_autoptr(DnDocument) document = drivers_open(bytes);
        DnPageInfo info = {0};
        g_autoptr(GError) error = NULL;

        g_assert_false(dn_document_header(document, 0, &info, &error));
        assert_code(error, UNSUPPORTED);
    }
}

/* PNG */

static void
test_png_forms(void)
{
    static const int forms[][2] = {
        {PNG_COLOR_TYPE_GRAY, 1},       {PNG_COLOR_TYPE_GRAY, 2},
        {PNG_COLOR_TYPE_GRAY, 4},       {PNG_COLOR_TYPE_GRAY, 8},
        {PNG_COLOR_TYPE_GRAY, 16},      {PNG_COLOR_TYPE_PALETTE, 2},
        {PNG_COLOR_TYPE_PALETTE, 4},    {PNG_COLOR_TYPE_PALETTE, 8},
        {PNG_COLOR_TYPE_RGB, 8},        {PNG_COLOR_TYPE_RGB, 16},
        {PNG_COLOR_TYPE_RGB_ALPHA, 8},  {PNG_COLOR_TYPE_RGB_ALPHA, 16},
        {PNG_COLOR_TYPE_GRAY_ALPHA, 8}, {PNG_COLOR_TYPE_GRAY_ALPHA, 16},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(forms); i++)
        for (unsigned variant = 0; variant < 4; variant++) {
            MadePng form = {.colour = forms[i][0],
                            .bits = forms[i][1],
                            .interlaced = variant & 1,
                            .transparent_key =
                                (variant & 2) && !(forms[i][0] & PNG_COLOR_MASK_ALPHA),
                            .orientation = variant + 1};
            DnPageInfo info = {0};
            g_autoptr(DnPixmap) pixmap =
                drivers_decode(made_png(&form), DN_FAIL_ON_TRUNCATED, &info);

            g_test_message("colour %d, %d bits, variant %u", forms[i][0], forms[i][1], variant);
            drivers_check_picture(pixmap, 0);
            g_assert_cmpuint(info.orientation, ==, variant + 1);
            g_assert_cmpuint(info.bits_per_sample, ==, (unsigned)form.bits);
            g_assert_cmpfloat_with_epsilon(info.dpi_x, MADE_DPI, 0.01);
            g_assert_false(info.lossy);
            g_assert_cmpint(info.colour, ==,
                            form.colour & PNG_COLOR_MASK_COLOR ? DN_COLOUR_RGB
                            : form.bits == 1                   ? DN_COLOUR_BILEVEL
                                                               : DN_COLOUR_GRAY);
        }
}

static void
test_png_cut_keeps_its_top(void)
{
    g_autoptr(GBytes) whole = made_png(&(MadePng){.colour = PNG_COLOR_TYPE_RGB, .bits = 16});
    GBytes *cut = made_cut(whole, g_bytes_get_size(whole) - 60);
    DnPageInfo info = {0};
    g_autoptr(DnPixmap) pixmap = drivers_decode(cut, DN_FAIL_ON_ERROR, &info);

    g_assert_cmpuint(dn_pixmap_row(pixmap, 10)[30], ==, 0);
    g_assert_cmpuint(dn_pixmap_row(pixmap, MADE_HEIGHT_PX - 1)[0], ==, 255);
}

/* JPEG */

static void
test_jpeg_forms(void)
{
    for (int components = 1; components <= 4; components++)
        for (unsigned progressive = 0; progressive < 2; progressive++) {
            MadeJpeg form = {.components = components,
                             .progressive = progressive,
                             .orientation = (unsigned)components + 1};
            DnPageInfo info = {0};
            g_autoptr(DnPixmap) pixmap = NULL;

            if (components == 2)
                continue;
            pixmap = drivers_decode(made_jpeg(&form), DN_FAIL_ON_TRUNCATED, &info);
            g_assert_true(info.lossy);
            g_assert_cmpuint(info.orientation, ==, form.orientation);
            g_assert_cmpstr(info.compression, ==, progressive ? "jpeg-progressive" : "jpeg");
            g_assert_cmpfloat(info.dpi_x, ==, MADE_DPI);
            if (components == 1) {
                drivers_check_picture(pixmap, 12);
                continue;
            }
            g_assert_cmpuint(dn_pixmap_row(pixmap, 48)[72 * 3], >, 235);
            g_assert_cmpuint(dn_pixmap_row(pixmap, 48)[72 * 3 + 1], <, 20);
            g_assert_cmpuint(dn_pixmap_row(pixmap, 16)[24 * 3], <, 20);
            g_assert_cmpuint(dn_pixmap_row(pixmap, 60)[20], >, 235);
        }
}

static void
test_jpeg_resolution_from_exif(void)
{
    DnPageInfo info = {0};
    g_autoptr(DnPixmap) pixmap =
        drivers_decode(made_jpeg(&(MadeJpeg){.components = 3, .orientation = 8, .exif_dpi = 72}),
                       DN_FAIL_ON_TRUNCATED, &info);

    g_assert_cmpfloat(info.dpi_x, ==, 72);
    g_assert_cmpuint(info.orientation, ==, 8);
    g_assert_cmpfloat(pixmap->dpi_y, ==, 72);
}

/* Where the first scan of a JPEG begins. */
static size_t
jpeg_first_scan(const uint8_t *data, size_t size)
{
    for (size_t i = 0; i + 1 < size; i++)
        if (data[i] == 0xff && data[i + 1] == 0xda)
            return i;
    g_assert_not_reached();
}

static void
test_jpeg_cut_leaves_white_below(void)
{
    g_autoptr(GBytes) whole = made_jpeg(&(MadeJpeg){.components = 1});
    size_t size = 0;
    const uint8_t *data = g_bytes_get_data(whole, &size);
    size_t scan = jpeg_first_scan(data, size);
    GBytes *cut = made_cut(whole, scan + (size - scan) / 2);
    g_autoptr(DnDocument) document = drivers_open(cut);
    g_autoptr(GError) error = NULL;
    DnPageInfo info = {0};
    g_autoptr(DnPixmap) pixmap = NULL;

    g_assert_null(dn_document_decode(document, 0, DN_FAIL_ON_TRUNCATED, &error));
    assert_code(error, FORMAT);
    pixmap = drivers_decode(cut, DN_FAIL_ON_ERROR, &info);
    g_assert_cmpuint(dn_pixmap_row(pixmap, 12)[20], <, 20);
    for (uint32_t x = 0; x < MADE_WIDTH_PX; x++)
        g_assert_cmpuint(dn_pixmap_row(pixmap, MADE_HEIGHT_PX - 1)[x], ==, 255);
}

static void
test_jpeg_of_many_scans_is_limited(void)
{
    g_autoptr(GBytes) whole = made_jpeg(&(MadeJpeg){.components = 1, .progressive = true});
    size_t size = 0;
    const uint8_t *data = g_bytes_get_data(whole, &size);
    size_t scan = jpeg_first_scan(data, size);
    size_t next = scan + 2 + jpeg_first_scan(data + scan + 2, size - scan - 2);
    GByteArray *bytes = g_byte_array_new();
    g_autoptr(GBytes) bomb = NULL;
    g_autoptr(DnDocument) document = NULL;
    g_autoptr(GError) error = NULL;

    /* The first scan, with the tables for the second behind it, over and over. */
    g_byte_array_append(bytes, data, (guint)scan);
    for (unsigned i = 0; i < 300; i++)
        g_byte_array_append(bytes, data + scan, (guint)(next - scan));
    g_byte_array_append(bytes, data + scan, (guint)(size - scan));
    bomb = g_byte_array_free_to_bytes(bytes);
    document = drivers_open(bomb);
    g_assert_null(dn_document_decode(document, 0, DN_FAIL_ON_ERROR, &error));
    assert_code(error, LIMIT);
}

/* EXIF */

static void
test_exif_damaged_is_none(void)
{
    GByteArray *exif = made_exif(6, 300, false);
    DnExif read = dn_exif_read(exif->data + 6, exif->len - 6);
    g_autoptr(GRand) random = g_rand_new_with_seed(4);

    g_assert_cmpuint(read.orientation, ==, 6);
    g_assert_cmpfloat(read.dpi_y, ==, 300);
    for (guint size = 0; size < exif->len; size++) {
        g_autofree uint8_t *part = g_memdup2(exif->data, MAX(size, 1U));

        g_assert_cmpuint(dn_exif_read(part, size).orientation, <=, 8);
    }
    for (unsigned i = 0; i < 500; i++) {
        g_autofree uint8_t *bent = g_memdup2(exif->data, exif->len);

        bent[g_rand_int_range(random, 6, (gint32)exif->len)] =
            (uint8_t)g_rand_int_range(random, 0, 256);
        read = dn_exif_read(bent, exif->len);
        g_assert_cmpuint(read.orientation, >=, 1);
        g_assert_cmpuint(read.orientation, <=, 8);
        g_assert_true(isfinite(read.dpi_x) && read.dpi_x >= 0);
    }
    g_byte_array_unref(exif);
    exif = made_exif(9, 0, true);
    read = dn_exif_read(exif->data, exif->len);
    g_assert_cmpuint(read.orientation, ==, 1);
    g_assert_cmpfloat(read.dpi_x, ==, 0);
    g_byte_array_unref(exif);
}

static void
test_exif_units(void)
{
    g_assert_cmpfloat(dn_exif_dpi(300, DN_EXIF_UNIT_INCH), ==, 300);
    g_assert_cmpfloat_with_epsilon(dn_exif_dpi(100, DN_EXIF_UNIT_CENTIMETRE), 254, 0.001);
    g_assert_cmpfloat(dn_exif_dpi(300, DN_EXIF_UNIT_NONE), ==, 0);
    g_assert_cmpfloat(dn_exif_dpi(300, 77), ==, 0);
    g_assert_cmpfloat(dn_exif_dpi((double)NAN, DN_EXIF_UNIT_INCH), ==, 0);
    g_assert_cmpfloat(dn_exif_dpi((double)INFINITY, DN_EXIF_UNIT_INCH), ==, 0);
    g_assert_cmpfloat(dn_exif_dpi(-300, DN_EXIF_UNIT_INCH), ==, 0);
}

/* PDF */

/* A PDF of one empty page written by hand; poppler finds its objects without a table of them. */
static GBytes *
hand_pdf(const char *page_extra, const char *catalogue_extra, const char *objects,
         const char *trailer_extra)
{
    char *text = g_strdup_printf("%%PDF-1.7\n1 0 obj\n<</Type/Catalog/Pages 2 0 R%s>>\nendobj\n"
                                 "2 0 obj\n<</Type/Pages/Kids[3 0 R]/Count 1>>\nendobj\n"
                                 "3 0 obj\n<</Type/Page/Parent 2 0 R%s>>\nendobj\n%s"
                                 "trailer\n<</Root 1 0 R%s>>\n%%%%EOF\n",
                                 catalogue_extra, page_extra, objects, trailer_extra);

    return g_bytes_new_take(text, strlen(text));
}

/* Every letter of the text layer of page 0 must have ink in its box. The text, (transfer full). */
static char *
pdf_check_text(GBytes *bytes)
{
    g_autoptr(DnDocument) document = drivers_open(bytes);
    g_autoptr(GError) error = NULL;
    g_autoptr(GArray) glyphs = dn_document_text(document, 0, &error);
    g_autoptr(DnPixmap) pixmap = dn_document_decode(document, 0, DN_FAIL_ON_ERROR, &error);
    GString *text = g_string_new(NULL);

    g_assert_no_error(error);
    for (guint i = 0; i < glyphs->len; i++) {
        const DnGlyph *glyph = &g_array_index(glyphs, DnGlyph, i);
        bool ink = false;

        g_string_append_unichar(text, glyph->character);
        if (g_unichar_isspace(glyph->character))
            continue;
        g_assert_cmpint(glyph->box.x, >=, 0);
        g_assert_cmpint(glyph->box.x + glyph->box.width, <=, (int)pixmap->width_px);
        g_assert_cmpint(glyph->box.y + glyph->box.height, <=, (int)pixmap->height_px);
        for (int y = glyph->box.y; y < glyph->box.y + glyph->box.height; y++)
            for (int x = glyph->box.x; x < glyph->box.x + glyph->box.width; x++)
                ink = ink || dn_pixmap_row(pixmap, (uint32_t)y)[3 * x] < 128;
        g_assert_true(ink);
    }
    return g_string_free(text, FALSE);
}

static void
test_pdf_text_lies_on_the_pixels(void)
{
    static const char *const boxes[] = {
        "/MediaBox[0 0 200 100]",
        "/MediaBox[0 0 200 100]/Rotate 90",
        "/MediaBox[0 0 200 100]/Rotate 180",
        "/MediaBox[0 0 200 100]/Rotate 270",
        "/MediaBox[-40 -30 200 100]/CropBox[10 10 190 90]",
        "/MediaBox[-40 -30 200 100]/CropBox[10 10 190 90]/Rotate 270",
    };
    g_autoptr(GBytes) made = made_pdf(288, 192, 1);
    g_autofree char *made_text = pdf_check_text(made);

    g_assert_nonnull(strstr(made_text, "Total"));
    for (size_t i = 0; i < G_N_ELEMENTS(boxes); i++) {
        g_autofree char *page =
            g_strconcat(boxes[i], "/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>", NULL);
        g_autoptr(GBytes) bytes =
            hand_pdf(page, "",
                     "4 0 obj\n<</Length 42>>\nstream\nBT /F 24 Tf 40 40 Td (HMEN) Tj ET         "
                     "\nendstream\nendobj\n"
                     "5 0 obj\n<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>\nendobj\n",
                     "");
        g_autofree char *text = pdf_check_text(bytes);

        g_test_message("%s: %s", boxes[i], text);
        g_assert_nonnull(strstr(text, "HMEN"));
    }
}

static void
test_pdf_scan_keeps_its_resolution(void)
{
    /* 96 pixels over 36 points are 192 an inch. */
    DnPageInfo info = {0};
    g_autoptr(DnPixmap) pixmap = drivers_decode(made_pdf_scan(36, 24), DN_FAIL_ON_ERROR, &info);

    g_assert_cmpfloat(info.dpi_x, ==, 192);
    g_assert_cmpuint(info.width_px, ==, MADE_WIDTH_PX);
    drivers_check_picture(pixmap, 8);
}

/* A scan in a PDF is a capture as in any other file; a page that a program drew is none. */
static void
test_R09_R11_R14_a_scan_in_a_pdf_is_a_capture(void)
{
    g_autoptr(GBytes) scan = made_pdf_scan(36, 24);
    g_autoptr(GBytes) text = made_pdf(144, 96, 1);
    g_autoptr(DnDocument) document = drivers_open(scan);
    g_autoptr(DnDocument) drawn = drivers_open(text);
    DnPageInfo info = {0};

    g_assert_true(dn_document_header(document, 0, &info, NULL));
    g_assert_false(info.rendered);
    g_assert_cmpint(info.colour, ==, DN_COLOUR_RGB);
    g_assert_cmpuint(info.bits_per_sample, ==, 8);
    g_assert_false(info.lossy);
    g_assert_cmpstr(info.compression, ==, "deflate");
    g_assert_true(dn_document_header(drawn, 0, &info, NULL));
    g_assert_true(info.rendered);
}

static void
test_pdf_resolution_of_coarse_and_fine_scans(void)
{
    static const struct {
        double width_pt;
        double dpi;    /* at which it is drawn */
        double native; /* of the picture, which is what the law asks for */
    } cases[] = {{72, 150, 96}, {12, 400, 576}};

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        DnPageInfo info = {0};
        g_autoptr(DnPixmap) pixmap = drivers_decode(
            made_pdf_scan(cases[i].width_pt, cases[i].width_pt * 2 / 3), DN_FAIL_ON_ERROR, &info);

        g_assert_cmpfloat(pixmap->dpi_y, ==, cases[i].dpi);
        g_assert_cmpfloat(info.dpi_x, ==, cases[i].native);
    }
}

static void
test_pdf_large_pages(void)
{
    static const struct {
        const char *box;
        double least_dpi; /* 0: LIMIT */
        double most_dpi;
    } cases[] = {
        {"/MediaBox[0 0 595 842]", 300, 300},   {"/MediaBox[0 0 2384 3370]", 200, 280}, /* A0 */
        {"/MediaBox[0 0 9000 9000]", 70, 90},   /* 125 inches */
        {"/MediaBox[0 0 14400 14400]", 45, 60}, /* the largest that the format allows */
        {"/MediaBox[0 0 40000 40000]", 0, 0},   {"/MediaBox[0 0 1000000 3]", 0, 0},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GBytes) bytes = hand_pdf(cases[i].box, "", "", "");
        g_autoptr(DnDocument) document = drivers_open(bytes);
        g_autoptr(GError) error = NULL;
        DnPageInfo info = {0};

        if (cases[i].least_dpi <= 0) {
            g_assert_false(dn_document_header(document, 0, &info, &error));
            assert_code(error, LIMIT);
            continue;
        }
        g_assert_true(dn_document_header(document, 0, &info, &error));
        g_assert_cmpfloat(info.dpi_x, >=, cases[i].least_dpi);
        g_assert_cmpfloat(info.dpi_x, <=, cases[i].most_dpi);
        g_assert_true(dn_limits_check_size(&dn_limits_default, "page", info.width_px,
                                           info.height_px, &error));
    }
}

static void
test_pdf_rotation_is_applied(void)
{
    g_autoptr(GBytes) bytes = hand_pdf("/MediaBox[0 0 72 144]/Rotate 90", "", "", "");
    g_autoptr(DnDocument) document = drivers_open(bytes);
    DnPageInfo info = {0};

    g_assert_true(dn_document_header(document, 0, &info, NULL));
    g_assert_cmpuint(info.width_px, ==, 600);
    g_assert_cmpuint(info.height_px, ==, 300);
    g_assert_cmpuint(info.orientation, ==, 1);
}

static void
test_pdf_encrypted_says_so(void)
{
    g_autoptr(GBytes) bytes = hand_pdf(
        "/MediaBox[0 0 72 72]", "",
        "4 0 obj\n<</Filter/Standard/V 1/R 2/P -4"
        "/O<000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f>"
        "/U<000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f>>>\nendobj\n",
        "/Encrypt 4 0 R/ID[<00112233445566778899aabbccddeeff><00112233445566778899aabbccddeeff>]");
    g_autoptr(GError) error = NULL;

    g_assert_null(dn_document_open(bytes, &dn_limits_default, &error));
    g_assert_nonnull(error);
    g_assert_nonnull(strstr(error->message, "encrypted"));
    assert_code(error, UNSUPPORTED);
}

static GBytes *
pdf_with_attachment(void)
{
    return hand_pdf("/MediaBox[0 0 72 72]", "/Names<</EmbeddedFiles<</Names[(a)4 0 R(b)4 0 R]>>>>",
                    "4 0 obj\n<</Type/Filespec/F(invoice.xml)/UF(invoice.xml)/EF<</F 5 0 R>>>>\n"
                    "endobj\n5 0 obj\n<</Type/EmbeddedFile/Length 11>>\nstream\n<Invoice/>\n\n"
                    "endstream\nendobj\n",
                    "");
}

static void
test_pdf_attachments(void)
{
    g_autoptr(GBytes) bytes = pdf_with_attachment();
    g_autoptr(DnDocument) document = drivers_open(bytes);
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) list = dn_document_attachments(document, &error);
    const DnAttachment *first = NULL;
    size_t size = 0;

    g_assert_no_error(error);
    g_assert_cmpuint(list->len, ==, 2);
    first = g_ptr_array_index(list, 0);
    g_assert_cmpstr(first->name, ==, "invoice.xml");
    g_assert_true(g_str_has_prefix(g_bytes_get_data(first->bytes, &size), "<Invoice/>"));
    g_assert_cmpuint(size, >=, 11);
}

static void
test_pdf_attachments_are_limited(void)
{
    g_autoptr(GBytes) bytes = pdf_with_attachment();
    DnLimits limits = dn_limits_default;
    g_autoptr(DnDocument) document = NULL;
    g_autoptr(GError) error = NULL;

    limits.max_attachments = 1;
    document = dn_document_open(bytes, &limits, &error);
    g_assert_no_error(error);
    g_assert_null(dn_document_attachments(document, &error));
    assert_code(error, LIMIT);
}

static void
test_pdf_text_is_limited(void)
{
    g_autoptr(GBytes) bytes = made_pdf(288, 192, 1);
    DnLimits limits = dn_limits_default;
    g_autoptr(DnDocument) document = NULL;
    g_autoptr(GError) error = NULL;

    limits.max_output_bytes = 2 * sizeof(DnGlyph);
    document = dn_document_open(bytes, &limits, &error);
    g_assert_no_error(error);
    g_assert_null(dn_document_text(document, 0, &error));
    assert_code(error, LIMIT);
}

/* HEIC */

static void
test_heic_picture(void)
{
    GBytes *bytes = made_heic();
    DnPageInfo info = {0};
    g_autoptr(DnPixmap) pixmap = NULL;

    if (!bytes) {
        g_test_skip("there is no encoder for this format");
        return;
    }
    pixmap = drivers_decode(bytes, DN_FAIL_ON_TRUNCATED, &info);
    g_assert_cmpuint(info.orientation, ==, 1);
    g_assert_cmpfloat(info.dpi_x, ==, 0);
    g_assert_true(info.lossy);
    g_assert_cmpuint(dn_pixmap_row(pixmap, 48)[72 * 3], >, 225);
    g_assert_cmpuint(dn_pixmap_row(pixmap, 48)[72 * 3 + 1], <, 30);
    g_assert_cmpuint(dn_pixmap_row(pixmap, 16)[24 * 3], <, 30);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/sniff/heads", test_sniff);
    g_test_add_func("/sniff/pdf", test_sniff_looks_for_pdf_in_the_first_kilobyte);
    g_test_add_func("/tiff/forms", test_tiff_forms);
    g_test_add_func("/tiff/orientation", test_tiff_orientation_is_said_not_applied);
    g_test_add_func("/tiff/thumbnails", test_tiff_thumbnails_are_no_pages);
    g_test_add_func("/tiff/loop", test_tiff_directory_loop_ends);
    g_test_add_func("/tiff/cut", test_tiff_keeps_what_is_there_of_a_strip);
    g_test_add_func("/tiff/nothing", test_tiff_of_which_nothing_is_there);
    g_test_add_func("/tiff/large", test_tiff_large_size_is_refused_before_memory);
    g_test_add_func("/tiff/unsupported", test_tiff_that_is_not_read_here);
    g_test_add_func("/png/forms", test_png_forms);
    g_test_add_func("/png/cut", test_png_cut_keeps_its_top);
    g_test_add_func("/jpeg/forms", test_jpeg_forms);
    g_test_add_func("/jpeg/exif", test_jpeg_resolution_from_exif);
    g_test_add_func("/jpeg/cut", test_jpeg_cut_leaves_white_below);
    g_test_add_func("/jpeg/scans", test_jpeg_of_many_scans_is_limited);
    g_test_add_func("/exif/damaged", test_exif_damaged_is_none);
    g_test_add_func("/exif/units", test_exif_units);
    g_test_add_func("/pdf/text", test_pdf_text_lies_on_the_pixels);
    g_test_add_func("/pdf/scan", test_pdf_scan_keeps_its_resolution);
    g_test_add_func("/pdf/capture", test_R09_R11_R14_a_scan_in_a_pdf_is_a_capture);
    g_test_add_func("/pdf/scan-dpi", test_pdf_resolution_of_coarse_and_fine_scans);
    g_test_add_func("/pdf/large", test_pdf_large_pages);
    g_test_add_func("/pdf/rotation", test_pdf_rotation_is_applied);
    g_test_add_func("/pdf/encrypted", test_pdf_encrypted_says_so);
    g_test_add_func("/pdf/attachments", test_pdf_attachments);
    g_test_add_func("/pdf/attachment-limit", test_pdf_attachments_are_limited);
    g_test_add_func("/pdf/text-limit", test_pdf_text_is_limited);
    g_test_add_func("/heic/picture", test_heic_picture);
    return g_test_run();
}
