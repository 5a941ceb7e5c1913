/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tests/contract/codec.c - what codecs/codec.h promises, asked of every driver.
 *
 * A driver is added by a line in contract_subjects. Run under the address sanitizer this suite is
 * also the proof that cut and bent bytes end in a page or an error.
 */
#include "config.h"
#include "codecs/codec.h"

#include "tests/unit/codecs/made.h"

#include <png.h>
#include <string.h>
#include <tiffio.h>

enum { CONTRACT_CUTS = 16, CONTRACT_FLIPPED_FILES = 60, CONTRACT_FLIPS = 6 };

typedef struct {
    const DnCodec *codec;
    GBytes *(*make)(void);
    unsigned pages;
    bool keeps_part; /* a document without its last eighth still gives its page */
    bool wide;       /* larger than MADE_WIDTH_PX x MADE_HEIGHT_PX */
} ContractSubject;

static GBytes *
contract_tiff(void)
{
    return made_tiff(&(MadeTiff){.photometric = PHOTOMETRIC_RGB,
                                 .bits = 8,
                                 .samples = 3,
                                 .compression = COMPRESSION_LZW,
                                 .pages = 3});
}

static GBytes *
contract_tiff_fax(void)
{
    return made_tiff(&(MadeTiff){.photometric = PHOTOMETRIC_MINISWHITE,
                                 .bits = 1,
                                 .samples = 1,
                                 .compression = COMPRESSION_CCITTFAX4,
                                 .big_tiff = true,
                                 .pages = 2});
}

static GBytes *
contract_tiff_jpeg(void)
{
    return made_tiff(&(MadeTiff){.photometric = PHOTOMETRIC_YCBCR,
                                 .bits = 8,
                                 .samples = 3,
                                 .compression = COMPRESSION_JPEG,
                                 .tiled = true,
                                 .big_endian = true});
}

static GBytes *
contract_png(void)
{
    return made_png(&(MadePng){.colour = PNG_COLOR_TYPE_RGB, .bits = 8, .orientation = 3});
}

static GBytes *
contract_png_interlaced(void)
{
    return made_png(&(MadePng){.colour = PNG_COLOR_TYPE_RGB_ALPHA, .bits = 16, .interlaced = true});
}

static GBytes *
contract_jpeg(void)
{
    return made_jpeg(&(MadeJpeg){.components = 3, .orientation = 6});
}

static GBytes *
contract_jpeg_progressive(void)
{
    return made_jpeg(&(MadeJpeg){.components = 4, .progressive = true});
}

static GBytes *
contract_pdf(void)
{
    return made_pdf(144, 96, 2);
}

static GBytes *
contract_pdf_scan(void)
{
    return made_pdf_scan(36, 24);
}

static const ContractSubject contract_subjects[] = {
    {&dn_codec_tiff, contract_tiff, 3, false, false},
    {&dn_codec_tiff, contract_tiff_fax, 2, false, false},
    {&dn_codec_tiff, contract_tiff_jpeg, 1, false, false},
    {&dn_codec_png, contract_png, 1, true, false},
    {&dn_codec_png, contract_png_interlaced, 1, true, false},
    {&dn_codec_jpeg, contract_jpeg, 1, true, false},
    {&dn_codec_jpeg, contract_jpeg_progressive, 1, true, false},
    {&dn_codec_pdf, contract_pdf, 2, false, true},
    {&dn_codec_pdf, contract_pdf_scan, 1, false, true},
    {&dn_codec_heif, made_heic, 1, false, false},
};

/* The document of @subject, or NULL with the test skipped when there is no encoder for it. */
static GBytes *
contract_make(const ContractSubject *subject)
{
    GBytes *bytes = subject->make();

    if (!bytes)
        g_test_skip("there is no encoder for this format");
    return bytes;
}

/* An error must be one that a document can cause. */
static void
contract_check_error(GError **error)
{
    DnErrorCode code = DN_ERROR_INVALID;

    g_assert_nonnull(*error);
    code = dn_error_code(*error);
    g_assert_true(code == DN_ERROR_FORMAT || code == DN_ERROR_UNSUPPORTED ||
                  code == DN_ERROR_LIMIT || code == DN_ERROR_EXTERNAL);
    g_assert_cmpuint(strlen((*error)->message), >, 0);
    g_clear_error(error);
}

static void
contract_check_pixmap(const DnPixmap *pixmap, const DnPageInfo *info)
{
    g_assert_cmpuint(pixmap->width_px, ==, info->width_px);
    g_assert_cmpuint(pixmap->height_px, ==, info->height_px);
    g_assert_cmpfloat(pixmap->dpi_x, ==, info->dpi_x);
    g_assert_cmpfloat(pixmap->dpi_y, ==, info->dpi_y);
    g_assert_cmpint(pixmap->format, ==,
                    info->colour == DN_COLOUR_RGB ? DN_PIXEL_RGB24 : DN_PIXEL_GRAY8);
}

/* Does all that can be done with the bytes. How many pages came out. */
static unsigned
contract_read_all(GBytes *bytes, DnFailOn fail_on)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(DnDocument) document = dn_document_open(bytes, &dn_limits_default, &error);
    g_autoptr(GPtrArray) attachments = NULL;
    unsigned pages = 0;

    if (!document) {
        contract_check_error(&error);
        return 0;
    }
    g_assert_cmpuint(dn_document_page_count(document), >=, 1);
    for (unsigned page = 0; page < MIN(dn_document_page_count(document), 4U); page++) {
        DnPageInfo info = {0};
        g_autoptr(DnPixmap) pixmap = NULL;
        g_autoptr(GArray) glyphs = NULL;

        if (!dn_document_header(document, page, &info, &error)) {
            contract_check_error(&error);
            continue;
        }
        g_assert_cmpuint(info.orientation, >=, 1);
        g_assert_cmpuint(info.orientation, <=, 8);
        g_assert_nonnull(info.compression);
        pixmap = dn_document_decode(document, page, fail_on, &error);
        if (pixmap) {
            pages++;
            contract_check_pixmap(pixmap, &info);
        } else {
            contract_check_error(&error);
        }
        glyphs = dn_document_text(document, page, &error);
        if (!glyphs)
            contract_check_error(&error);
    }
    attachments = dn_document_attachments(document, &error);
    if (!attachments)
        contract_check_error(&error);
    return pages;
}

static void
test_open_and_decode(gconstpointer data)
{
    const ContractSubject *subject = data;
    g_autoptr(GBytes) bytes = contract_make(subject);
    g_autoptr(DnDocument) document = NULL;
    g_autoptr(GError) error = NULL;

    if (!bytes)
        return;
    document = dn_document_open(bytes, &dn_limits_default, &error);
    g_assert_no_error(error);
    g_assert_true(document->codec == subject->codec);
    g_assert_cmpuint(dn_document_page_count(document), ==, subject->pages);
    /* In any order, and more than once. */
    for (unsigned i = 2 * subject->pages; i-- > 0;) {
        unsigned page = i % subject->pages;
        DnPageInfo info = {0};
        g_autoptr(DnPixmap) pixmap = NULL;
        const uint8_t *white = NULL;
        const uint8_t *black = NULL;

        g_assert_true(dn_document_header(document, page, &info, &error));
        pixmap = dn_document_decode(document, page, DN_FAIL_ON_TRUNCATED, &error);
        g_assert_no_error(error);
        contract_check_pixmap(pixmap, &info);
        g_assert_cmpint(info.rendered, ==, subject->make == contract_pdf);
        if (!subject->wide) {
            g_assert_cmpuint(info.width_px, ==, MADE_WIDTH_PX);
            g_assert_cmpuint(info.height_px, ==, MADE_HEIGHT_PX);
        }
        white = dn_pixmap_row(pixmap, pixmap->height_px - 2);
        black = dn_pixmap_row(pixmap, pixmap->height_px / 4) +
                (size_t)pixmap->width_px / 4 * pixmap->format;
        for (unsigned c = 0; c < (unsigned)pixmap->format; c++) {
            g_assert_cmpuint(white[c], >, 245);
            g_assert_cmpuint(black[c], <, 10);
        }
    }
}

static void
test_document_outlives_its_bytes(gconstpointer data)
{
    const ContractSubject *subject = data;
    GBytes *bytes = contract_make(subject);
    g_autoptr(DnDocument) document = NULL;
    g_autoptr(DnPixmap) pixmap = NULL;

    if (!bytes)
        return;
    document = dn_document_open(bytes, &dn_limits_default, NULL);
    g_bytes_unref(bytes);
    pixmap = dn_document_decode(document, 0, DN_FAIL_ON_TRUNCATED, NULL);
    g_assert_nonnull(pixmap);
}

static void
test_page_that_is_not_there(gconstpointer data)
{
    const ContractSubject *subject = data;
    g_autoptr(GBytes) bytes = contract_make(subject);
    g_autoptr(DnDocument) document = NULL;
    static const unsigned beyond[] = {0, 1, 1000};
    g_autoptr(GError) error = NULL;
    DnPageInfo info = {.width_px = 7};

    if (!bytes)
        return;
    document = dn_document_open(bytes, &dn_limits_default, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(beyond); i++) {
        unsigned page = subject->pages + beyond[i];

        g_assert_false(dn_document_header(document, page, &info, &error));
        g_assert_cmpint(dn_error_code(error), ==, DN_ERROR_INVALID);
        g_clear_error(&error);
        g_assert_null(dn_document_decode(document, page, DN_FAIL_ON_ERROR, &error));
        g_assert_cmpint(dn_error_code(error), ==, DN_ERROR_INVALID);
        g_clear_error(&error);
        g_assert_null(dn_document_text(document, page, &error));
        g_assert_cmpint(dn_error_code(error), ==, DN_ERROR_INVALID);
        g_clear_error(&error);
    }
    g_assert_false(dn_document_header(document, G_MAXUINT, &info, &error));
    g_assert_cmpint(dn_error_code(error), ==, DN_ERROR_INVALID);
    g_assert_cmpuint(info.width_px, ==, 7);
}

/* Decoding page 0 under @limits must end in LIMIT, wherever the driver notices. */
static void
contract_expect_limit(GBytes *bytes, const DnLimits *limits)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(DnDocument) document = dn_document_open(bytes, limits, &error);

    if (document)
        g_assert_null(dn_document_decode(document, 0, DN_FAIL_ON_ERROR, &error));
    g_assert_nonnull(error);
    g_assert_cmpint(dn_error_code(error), ==, DN_ERROR_LIMIT);
}

static void
test_limits(gconstpointer data)
{
    const ContractSubject *subject = data;
    g_autoptr(GBytes) bytes = contract_make(subject);
    DnLimits limits = dn_limits_default;

    if (!bytes)
        return;
    limits.max_page_pixels = 100;
    contract_expect_limit(bytes, &limits);
    limits = dn_limits_default;
    limits.max_side_px = 10;
    contract_expect_limit(bytes, &limits);
    limits = dn_limits_default;
    limits.max_document_bytes = g_bytes_get_size(bytes) - 1;
    contract_expect_limit(bytes, &limits);
}

static void
test_pages_beyond_the_limit(gconstpointer data)
{
    const ContractSubject *subject = data;
    g_autoptr(GBytes) bytes = contract_make(subject);
    DnLimits limits = dn_limits_default;
    g_autoptr(DnDocument) document = NULL;
    g_autoptr(DnPixmap) pixmap = NULL;
    g_autoptr(GError) error = NULL;

    if (!bytes)
        return;
    limits.max_pages = 1;
    document = dn_document_open(bytes, &limits, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(dn_document_page_count(document), ==, MIN(subject->pages, 2U));
    pixmap = dn_document_decode(document, 0, DN_FAIL_ON_ERROR, &error);
    g_assert_no_error(error);
    if (subject->pages < 2)
        return;
    g_assert_null(dn_document_decode(document, 1, DN_FAIL_ON_ERROR, &error));
    g_assert_cmpint(dn_error_code(error), ==, DN_ERROR_LIMIT);
}

static void
test_cut_anywhere(gconstpointer data)
{
    const ContractSubject *subject = data;
    g_autoptr(GBytes) bytes = contract_make(subject);
    size_t size = 0;

    if (!bytes)
        return;
    size = g_bytes_get_size(bytes);
    for (size_t i = 0; i < CONTRACT_CUTS; i++) {
        g_autoptr(GBytes) cut = made_cut(bytes, size * i / CONTRACT_CUTS);
        unsigned kept = contract_read_all(cut, DN_FAIL_ON_ERROR);
        unsigned strict = contract_read_all(cut, DN_FAIL_ON_TRUNCATED);

        g_assert_cmpuint(strict, <=, kept);
        if (subject->keeps_part && i > CONTRACT_CUTS * 3 / 4) {
            g_assert_cmpuint(kept, ==, 1);
            g_assert_cmpuint(strict, ==, 0);
        }
    }
    /* The first bytes one by one: every header there is ends somewhere in them. */
    for (size_t i = 0; i < MIN(size, (size_t)64); i++) {
        g_autoptr(GBytes) cut = made_cut(bytes, i);

        contract_read_all(cut, DN_FAIL_ON_ERROR);
    }
}

static void
test_flipped_bytes(gconstpointer data)
{
    const ContractSubject *subject = data;
    g_autoptr(GBytes) bytes = contract_make(subject);
    g_autoptr(GRand) random = g_rand_new_with_seed(20260401);
    size_t size = 0;

    if (!bytes)
        return;
    size = g_bytes_get_size(bytes);
    for (unsigned i = 0; i < CONTRACT_FLIPPED_FILES; i++) {
        /* Every other file only in its first bytes, where the lengths are. */
        gint32 range = (gint32)(i % 2 ? size : MIN(size, (size_t)200));
        g_autofree uint8_t *bent = g_memdup2(g_bytes_get_data(bytes, NULL), size);
        g_autoptr(GBytes) document = NULL;

        for (unsigned flip = 0; flip < CONTRACT_FLIPS; flip++)
            bent[g_rand_int_range(random, 0, range)] = (uint8_t)g_rand_int_range(random, 0, 256);
        document = g_bytes_new(bent, size);
        contract_read_all(document, i % 4 < 2 ? DN_FAIL_ON_ERROR : DN_FAIL_ON_TRUNCATED);
    }
}

static void
test_every_driver_is_here(void)
{
    for (const DnCodec *const *codec = dn_codec_list(); *codec; codec++) {
        bool found = false;

        for (size_t i = 0; i < G_N_ELEMENTS(contract_subjects); i++)
            found = found || contract_subjects[i].codec == *codec;
        g_assert_true(found);
        g_assert_nonnull((*codec)->name);
        g_assert_nonnull((*codec)->media_type);
        g_assert_cmpuint((*codec)->bid((const uint8_t *)"", 0), ==, 0);
    }
}

static void
test_empty_bytes(void)
{
    g_autoptr(GBytes) empty = g_bytes_new(NULL, 0);
    g_autoptr(GError) error = NULL;

    g_assert_null(dn_document_open(empty, &dn_limits_default, &error));
    g_assert_cmpint(dn_error_code(error), ==, DN_ERROR_FORMAT);
}

int
main(int argc, char **argv)
{
    static const struct {
        const char *name;
        GTestDataFunc run;
    } cases[] = {
        {"open-and-decode", test_open_and_decode},
        {"outlives-its-bytes", test_document_outlives_its_bytes},
        {"no-such-page", test_page_that_is_not_there},
        {"limits", test_limits},
        {"pages-beyond-the-limit", test_pages_beyond_the_limit},
        {"cut", test_cut_anywhere},
        {"flipped", test_flipped_bytes},
    };

    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/codec/every-driver", test_every_driver_is_here);
    g_test_add_func("/codec/empty", test_empty_bytes);
    for (size_t s = 0; s < G_N_ELEMENTS(contract_subjects); s++)
        for (size_t c = 0; c < G_N_ELEMENTS(cases); c++) {
            g_autofree char *path = g_strdup_printf(
                "/codec/%s-%zu/%s", contract_subjects[s].codec->name, s, cases[c].name);

            g_test_add_data_func(path, &contract_subjects[s], cases[c].run);
        }
    return g_test_run();
}
