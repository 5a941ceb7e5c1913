/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tests/unit/codecs/test-pixmap.c - the operations on pixels.
 */
#include "config.h"
#include "codecs/codec.h"

#include <math.h>
#include <string.h>

#define assert_code(error, wanted)                                                                 \
    do {                                                                                           \
        g_assert_nonnull(error);                                                                   \
        g_assert_cmpint(dn_error_code(error), ==, DN_ERROR_##wanted);                              \
        g_clear_error(&(error));                                                                   \
    } while (0)

static DnPixmap *
pixmap_new(uint32_t width_px, uint32_t height_px, DnPixelFormat format)
{
    DnPixmap *pixmap = dn_pixmap_new(width_px, height_px, format, &dn_limits_default, NULL);

    g_assert_nonnull(pixmap);
    pixmap->dpi_x = 300;
    pixmap->dpi_y = 150;
    return pixmap;
}

static void
test_new_is_white_and_limited(void)
{
    g_autoptr(DnPixmap) pixmap = pixmap_new(5, 3, DN_PIXEL_RGB24);
    DnLimits limits = dn_limits_default;
    g_autoptr(GError) error = NULL;

    g_assert_cmpuint(dn_pixmap_stride(pixmap), ==, 15);
    for (unsigned i = 0; i < 45; i++)
        g_assert_cmpuint(pixmap->data[i], ==, 255);
    g_assert_true(dn_pixmap_row(pixmap, 2) == pixmap->data + 30);
    limits.max_page_pixels = 14;
    g_assert_null(dn_pixmap_new(5, 3, DN_PIXEL_GRAY8, &limits, &error));
    assert_code(error, LIMIT);
    g_assert_null(dn_pixmap_new(0, 3, DN_PIXEL_GRAY8, &limits, &error));
    assert_code(error, FORMAT);
    dn_pixmap_free(NULL);
}

static void
test_quantile_is_of_the_area(void)
{
    g_autoptr(DnPixmap) page = pixmap_new(10, 4, DN_PIXEL_GRAY8);
    const DnBox inside = {2, 1, 4, 2};

    memset(page->data, 0, 40);
    for (uint32_t x = 2; x < 6; x++) {
        dn_pixmap_row(page, 1)[x] = 50;
        dn_pixmap_row(page, 2)[x] = x < 4 ? 200 : 255;
    }
    g_assert_cmpuint(dn_pixmap_quantile(page, &inside, 0.5), ==, 50);
    g_assert_cmpuint(dn_pixmap_quantile(page, &inside, 0.75), ==, 200);
    g_assert_cmpuint(dn_pixmap_quantile(page, &inside, 0.76), ==, 255);
    g_assert_cmpuint(dn_pixmap_quantile(page, &(DnBox){0, 0, 10, 4}, 0.75), ==, 0);
}

static void
test_every_operation_is_limited(void)
{
    g_autoptr(DnPixmap) pixmap = pixmap_new(50, 30, DN_PIXEL_GRAY8);
    DnLimits limits = dn_limits_default;
    g_autoptr(GError) error = NULL;
    double degrees = 7;
    unsigned seals = 7;

    limits.max_page_pixels = 100;
    g_assert_null(dn_pixmap_orient(pixmap, 6, &limits, &error));
    assert_code(error, LIMIT);
    g_assert_null(dn_pixmap_to_gray(pixmap, &limits, &error));
    assert_code(error, LIMIT);
    g_assert_null(dn_pixmap_lift_seals(pixmap, &limits, &seals, &error));
    assert_code(error, LIMIT);
    g_assert_null(dn_pixmap_scale(pixmap, 20, 10, &limits, &error));
    assert_code(error, LIMIT);
    g_assert_null(dn_pixmap_scale(pixmap, 0, 10, &limits, &error));
    assert_code(error, FORMAT);
    g_assert_null(dn_pixmap_flatten(pixmap, &limits, &error));
    assert_code(error, LIMIT);
    g_assert_null(dn_pixmap_deskew(pixmap, &limits, &degrees, &error));
    assert_code(error, LIMIT);
    g_assert_cmpfloat(degrees, ==, 7);
}

/* Rows of the upright picture are "abc" and "def"; how it is stored in each of the eight ways. */
static const struct {
    unsigned orientation;
    unsigned width_px;
    const char *stored;
} orient_cases[] = {
    {0, 3, "abcdef"}, {1, 3, "abcdef"}, {2, 3, "cbafed"}, {3, 3, "fedcba"}, {4, 3, "defabc"},
    {5, 2, "adbecf"}, {6, 2, "cfbead"}, {7, 2, "fcebda"}, {8, 2, "daebfc"}, {9, 3, "abcdef"},
};

static void
test_orient_makes_all_eight_upright(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(orient_cases); i++)
        for (unsigned channels = 1; channels <= 3; channels += 2) {
            unsigned width_px = orient_cases[i].width_px;
            bool turned = width_px == 2;
            g_autoptr(DnPixmap) stored = pixmap_new(width_px, 6 / width_px, channels);
            g_autoptr(DnPixmap) upright = NULL;

            for (unsigned p = 0; p < 6; p++)
                for (unsigned c = 0; c < channels; c++)
                    stored->data[p * channels + c] =
                        (uint8_t)(orient_cases[i].stored[p] + (int)(c * 50));
            upright =
                dn_pixmap_orient(stored, orient_cases[i].orientation, &dn_limits_default, NULL);
            g_assert_cmpuint(upright->width_px, ==, 3);
            g_assert_cmpuint(upright->height_px, ==, 2);
            g_assert_cmpfloat(upright->dpi_x, ==, turned ? 150 : 300);
            g_assert_cmpfloat(upright->dpi_y, ==, turned ? 300 : 150);
            for (unsigned p = 0; p < 6; p++)
                for (unsigned c = 0; c < channels; c++)
                    g_assert_cmpuint(upright->data[p * channels + c], ==, 'a' + p + c * 50);
        }
}

static void
test_gray_is_luminance(void)
{
    static const uint8_t colours[] = {0, 0, 0, 255, 255, 255, 255, 0, 0, 0, 255, 0, 0, 0, 255};
    static const uint8_t wanted[] = {0, 255, 76, 150, 29};
    g_autoptr(DnPixmap) colour = pixmap_new(5, 1, DN_PIXEL_RGB24);
    g_autoptr(DnPixmap) gray = NULL;
    g_autoptr(DnPixmap) again = NULL;

    memcpy(colour->data, colours, sizeof colours);
    gray = dn_pixmap_to_gray(colour, &dn_limits_default, NULL);
    g_assert_cmpint(gray->format, ==, DN_PIXEL_GRAY8);
    g_assert_cmpfloat(gray->dpi_x, ==, 300);
    g_assert_cmpmem(gray->data, 5, wanted, sizeof wanted);
    again = dn_pixmap_to_gray(gray, &dn_limits_default, NULL);
    g_assert_cmpmem(again->data, 5, wanted, sizeof wanted);
}

static void
paint(DnPixmap *page, uint32_t x0, uint32_t y0, uint32_t x1, uint32_t y1, const uint8_t *rgb)
{
    for (uint32_t y = y0; y < y1; y++)
        for (uint32_t x = x0; x < x1; x++)
            memcpy(dn_pixmap_row(page, y) + 3 * (size_t)x, rgb, 3);
}

static const uint8_t seal_ink[] = {215, 82, 75};
static const uint8_t seal_on_print[] = {159, 26, 20};
static const uint8_t print_black[] = {30, 30, 30};

/* A page of 600 x 800 with a line of print whose end lies under a square seal. */
static DnPixmap *
page_with_seal(void)
{
    DnPixmap *page = pixmap_new(600, 800, DN_PIXEL_RGB24);

    memset(page->data, 250, 600 * 800 * 3);
    paint(page, 300, 120, 400, 123, seal_ink);
    paint(page, 300, 217, 400, 220, seal_ink);
    paint(page, 300, 120, 303, 220, seal_ink);
    paint(page, 397, 120, 400, 220, seal_ink);
    paint(page, 330, 140, 370, 200, seal_ink);
    paint(page, 200, 165, 330, 175, print_black);
    paint(page, 330, 165, 360, 175, seal_on_print);
    return page;
}

static void
test_seals_are_lifted_off_print(void)
{
    g_autoptr(DnPixmap) page = page_with_seal();
    unsigned seals = 7;
    g_autoptr(DnPixmap) gray = dn_pixmap_lift_seals(page, &dn_limits_default, &seals, NULL);

    g_assert_cmpuint(seals, ==, 1);
    g_assert_cmpint(gray->format, ==, DN_PIXEL_GRAY8);
    for (uint32_t x = 200; x < 360; x++)
        g_assert_cmpuint(dn_pixmap_row(gray, 170)[x], <, 100);
    for (uint32_t x = 361; x < 400; x++)
        g_assert_cmpuint(dn_pixmap_row(gray, 170)[x], >, 200);
    for (uint32_t x = 300; x < 400; x++)
        g_assert_cmpuint(dn_pixmap_row(gray, 121)[x], >, 200);
}

static void
test_red_that_is_no_seal_stays(void)
{
    g_autoptr(DnPixmap) page = pixmap_new(600, 800, DN_PIXEL_RGB24);
    g_autoptr(DnPixmap) plain = NULL;
    unsigned seals = 7;

    memset(page->data, 250, 600 * 800 * 3);
    paint(page, 50, 60, 350, 64, seal_ink);    /* a rule */
    paint(page, 400, 60, 480, 140, seal_ink);  /* a filled logo */
    paint(page, 100, 300, 106, 400, seal_ink); /* a cross: no rim */
    paint(page, 54, 347, 154, 353, seal_ink);
    paint(page, 20, 500, 580, 503, seal_ink); /* a form, too large */
    paint(page, 20, 780, 580, 783, seal_ink);
    paint(page, 20, 500, 23, 783, seal_ink);
    paint(page, 577, 500, 580, 783, seal_ink);
    plain = dn_pixmap_to_gray(page, &dn_limits_default, NULL);
    g_autoptr(DnPixmap) gray = dn_pixmap_lift_seals(page, &dn_limits_default, &seals, NULL);

    g_assert_cmpuint(seals, ==, 0);
    g_assert_cmpmem(gray->data, 600 * 800, plain->data, 600 * 800);
    g_autoptr(DnPixmap) again = dn_pixmap_lift_seals(gray, &dn_limits_default, &seals, NULL);

    g_assert_cmpuint(seals, ==, 0);
    g_assert_cmpmem(again->data, 600 * 800, plain->data, 600 * 800);
}

/* A picture of a few pixels has fewer cells than a seal has. */
static void
test_seals_of_small_pictures(void)
{
    for (uint32_t side = 1; side <= 9; side++) {
        g_autoptr(DnPixmap) page = pixmap_new(side, 10 - side, DN_PIXEL_RGB24);
        unsigned seals = 7;

        paint(page, 0, 0, side, 10 - side, seal_ink);
        g_autoptr(DnPixmap) gray = dn_pixmap_lift_seals(page, &dn_limits_default, &seals, NULL);

        g_assert_cmpuint(seals, ==, 0);
        g_assert_cmpuint(gray->width_px, ==, side);
    }
}

static void
test_scale_is_the_mean_of_the_area(void)
{
    static const uint8_t from[] = {0, 100, 200, 40, 50, 60, 10, 20, 30, 0, 0, 255};
    g_autoptr(DnPixmap) pixmap = pixmap_new(4, 3, DN_PIXEL_GRAY8);
    g_autoptr(DnPixmap) half = NULL;
    g_autoptr(DnPixmap) third = NULL;

    memcpy(pixmap->data, from, sizeof from);
    half = dn_pixmap_scale(pixmap, 2, 3, &dn_limits_default, NULL);
    g_assert_cmpuint(half->data[0], ==, 50);
    g_assert_cmpuint(half->data[1], ==, 120);
    g_assert_cmpuint(half->data[5], ==, 128);
    g_assert_cmpfloat(half->dpi_x, ==, 150);
    g_assert_cmpfloat(half->dpi_y, ==, 150);
    /* Each new pixel covers one and a third: (0 + 100 / 3) / (4 / 3) = 25. */
    third = dn_pixmap_scale(pixmap, 3, 3, &dn_limits_default, NULL);
    g_assert_cmpuint(third->data[0], ==, 25);
}

static void
test_scale_keeps_what_is_even(void)
{
    static const uint32_t sides[] = {1, 2, 7, 31, 32, 33, 64, 100};

    for (size_t i = 0; i < G_N_ELEMENTS(sides); i++) {
        g_autoptr(DnPixmap) pixmap = pixmap_new(32, 17, DN_PIXEL_RGB24);
        g_autoptr(DnPixmap) scaled = NULL;

        for (size_t p = 0; p < 32U * 17U; p++) {
            pixmap->data[3 * p] = 255;
            pixmap->data[3 * p + 1] = 128;
            pixmap->data[3 * p + 2] = 0;
        }
        scaled = dn_pixmap_scale(pixmap, sides[i], sides[G_N_ELEMENTS(sides) - 1 - i],
                                 &dn_limits_default, NULL);
        for (size_t p = 0; p < (size_t)scaled->width_px * scaled->height_px; p++) {
            g_assert_cmpuint(scaled->data[3 * p], ==, 255);
            g_assert_cmpuint(scaled->data[3 * p + 1], ==, 128);
            g_assert_cmpuint(scaled->data[3 * p + 2], ==, 0);
        }
    }
}

/* A page with lines of words: dark bars of uneven length with gaps. */
static DnPixmap *
page_of_text(uint32_t width_px, uint32_t height_px)
{
    DnPixmap *page = pixmap_new(width_px, height_px, DN_PIXEL_GRAY8);
    g_autoptr(GRand) random = g_rand_new_with_seed(8);

    for (uint32_t line = height_px / 6; line + 40 < height_px * 5 / 6; line += 36)
        for (uint32_t x = width_px / 6; x + 40 < width_px * 5 / 6;) {
            uint32_t word = (uint32_t)g_rand_int_range(random, 8, 30);

            for (uint32_t y = 0; y < 14; y++)
                for (uint32_t i = 0; i < word; i += 1 + (y % 5 == 2))
                    dn_pixmap_row(page, line + y)[x + i] = 20;
            x += word + 8;
        }
    return page;
}

/* @page turned clockwise by @degrees about its middle, nearest pixel. */
static DnPixmap *
page_turned(const DnPixmap *page, double degrees)
{
    DnPixmap *out = pixmap_new(page->width_px, page->height_px, DN_PIXEL_GRAY8);
    double sine = sin(degrees * G_PI / 180);
    double cosine = cos(degrees * G_PI / 180);
    double middle_x = page->width_px / 2.0;
    double middle_y = page->height_px / 2.0;

    for (uint32_t y = 0; y < out->height_px; y++)
        for (uint32_t x = 0; x < out->width_px; x++) {
            double from_x = (x - middle_x) * cosine + (y - middle_y) * sine + middle_x;
            double from_y = -(x - middle_x) * sine + (y - middle_y) * cosine + middle_y;

            if (from_x >= 0 && from_y >= 0 && from_x < page->width_px && from_y < page->height_px)
                dn_pixmap_row(out, y)[x] = dn_pixmap_row(page, (uint32_t)from_y)[(uint32_t)from_x];
        }
    return out;
}

static uint64_t
darkness(const DnPixmap *page)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < (size_t)page->width_px * page->height_px; i++)
        sum += 255U - page->data[i];
    return sum;
}

static void
test_deskew_finds_the_angle(void)
{
    static const double angles[] = {-14, -7.3, -2, -0.6, 0.5, 1.2, 3.7, 9, 14.2};
    g_autoptr(DnPixmap) page = page_of_text(1200, 1000);

    for (size_t i = 0; i < G_N_ELEMENTS(angles); i++) {
        g_autoptr(DnPixmap) turned = page_turned(page, angles[i]);
        g_autoptr(DnPixmap) level = NULL;
        g_autoptr(DnPixmap) again = NULL;
        double degrees = 0;
        double rest = 1;

        level = dn_pixmap_deskew(turned, &dn_limits_default, &degrees, NULL);
        g_test_message("turned by %.1f, found %.1f", angles[i], degrees);
        g_assert_cmpfloat_with_epsilon(degrees, angles[i], 0.21);
        g_assert_cmpuint(level->width_px, >=, turned->width_px);
        g_assert_cmpfloat(level->dpi_x, ==, 300);
        /* Nothing was cut off, nothing was added. */
        g_assert_cmpfloat_with_epsilon((double)darkness(level) / (double)darkness(turned), 1, 0.02);
        again = dn_pixmap_deskew(level, &dn_limits_default, &rest, NULL);
        g_assert_nonnull(again);
        g_assert_cmpfloat(rest, ==, 0);
    }
}

static void
test_deskew_leaves_what_has_no_clear_angle(void)
{
    g_autoptr(DnPixmap) level = page_of_text(800, 600);
    g_autoptr(DnPixmap) white = pixmap_new(700, 500, DN_PIXEL_GRAY8);
    g_autoptr(DnPixmap) noise = pixmap_new(700, 500, DN_PIXEL_GRAY8);
    g_autoptr(DnPixmap) beyond = NULL;
    g_autoptr(DnPixmap) dot = pixmap_new(1, 1, DN_PIXEL_GRAY8);
    g_autoptr(GRand) random = g_rand_new_with_seed(3);
    DnPixmap *pages[5] = {level, white, noise, NULL, dot};

    for (size_t i = 0; i < 700U * 500U; i++)
        noise->data[i] = (uint8_t)g_rand_int_range(random, 0, 256);
    pages[3] = beyond = page_turned(level, 24);
    for (size_t i = 0; i < G_N_ELEMENTS(pages); i++) {
        double degrees = 5;
        g_autoptr(DnPixmap) same = dn_pixmap_deskew(pages[i], &dn_limits_default, &degrees, NULL);

        g_assert_cmpfloat(degrees, ==, 0);
        g_assert_cmpmem(same->data, (size_t)same->width_px * same->height_px, pages[i]->data,
                        (size_t)pages[i]->width_px * pages[i]->height_px);
    }
}

static void
test_flatten_evens_the_lighting(void)
{
    g_autoptr(DnPixmap) page = page_of_text(900, 700);
    g_autoptr(DnPixmap) lit = pixmap_new(900, 700, DN_PIXEL_GRAY8);
    g_autoptr(DnPixmap) flat = NULL;
    unsigned paper = 0;
    unsigned paper_white = 0;
    unsigned ink = 0;
    unsigned ink_dark = 0;

    /* A lamp at the left, and a shadow over the lower right part. */
    for (uint32_t y = 0; y < 700; y++)
        for (uint32_t x = 0; x < 900; x++) {
            double light = 0.95 - 0.55 * x / 900.0 - (x + y > 1100 ? 0.15 : 0);

            dn_pixmap_row(lit, y)[x] = (uint8_t)(dn_pixmap_row(page, y)[x] * light);
        }
    flat = dn_pixmap_flatten(lit, &dn_limits_default, NULL);
    g_assert_cmpuint(flat->width_px, ==, 900);
    g_assert_cmpfloat(flat->dpi_y, ==, 150);
    for (size_t i = 0; i < 900U * 700U; i++) {
        bool is_ink = page->data[i] < 128;

        *(is_ink ? &ink : &paper) += 1;
        if (is_ink)
            ink_dark += flat->data[i] < 110;
        else
            paper_white += flat->data[i] > 235;
    }
    g_assert_cmpfloat((double)paper_white / paper, >, 0.95);
    g_assert_cmpfloat((double)ink_dark / ink, >, 0.98);
}

static void
test_flatten_adds_nothing_to_a_blank_page(void)
{
    g_autoptr(DnPixmap) page = pixmap_new(300, 200, DN_PIXEL_GRAY8);
    g_autoptr(GRand) random = g_rand_new_with_seed(5);
    g_autoptr(DnPixmap) flat = NULL;
    g_autoptr(DnPixmap) black = pixmap_new(20, 20, DN_PIXEL_GRAY8);
    g_autoptr(DnPixmap) flat_black = NULL;

    for (size_t i = 0; i < 300U * 200U; i++)
        page->data[i] = (uint8_t)(180 + g_rand_int_range(random, -4, 5));
    flat = dn_pixmap_flatten(page, &dn_limits_default, NULL);
    for (size_t i = 0; i < 300U * 200U; i++)
        g_assert_cmpuint(flat->data[i], >, 200);
    memset(black->data, 0, 400);
    flat_black = dn_pixmap_flatten(black, &dn_limits_default, NULL);
    g_assert_nonnull(flat_black);
}

static void
test_gray_is_asked_for(void)
{
    g_autoptr(DnPixmap) colour = pixmap_new(30, 20, DN_PIXEL_RGB24);
    g_autoptr(GError) error = NULL;
    double degrees = 0;

    g_assert_null(dn_pixmap_flatten(colour, &dn_limits_default, &error));
    assert_code(error, INVALID);
    g_assert_null(dn_pixmap_deskew(colour, &dn_limits_default, &degrees, &error));
    assert_code(error, INVALID);
}

/* What a scanner gives is stored with loss where it is only shown; what a program drew is not. */
static void
test_jpeg_of_what_has_grain(void)
{
    g_autoptr(DnPixmap) drawn = pixmap_new(300, 200, DN_PIXEL_RGB24);
    g_autoptr(DnPixmap) scan = pixmap_new(300, 200, DN_PIXEL_RGB24);
    g_autoptr(GError) error = NULL;
    uint32_t noise = 1;

    memset(dn_pixmap_row(drawn, 50), 0, 30 * dn_pixmap_stride(drawn));
    for (size_t i = 0; i < 200 * dn_pixmap_stride(scan); i++) {
        noise = noise * 1664525 + 1013904223;
        scan->data[i] = (uint8_t)(240 + (noise >> 29));
    }
    g_assert_false(dn_pixmap_has_grain(drawn));
    g_assert_true(dn_pixmap_has_grain(scan));
    g_autoptr(GBytes) jpeg = dn_pixmap_to_jpeg(scan, 85, &error);

    g_assert_no_error(error);
    g_autoptr(DnDocument) document = dn_document_open(jpeg, &dn_limits_default, &error);
    g_autoptr(DnPixmap) back = dn_document_decode(document, 0, DN_FAIL_ON_TRUNCATED, &error);

    g_assert_no_error(error);
    g_assert_true(document->codec == &dn_codec_jpeg);
    g_assert_cmpuint(back->width_px, ==, 300);
    g_assert_cmpuint(back->height_px, ==, 200);
    g_assert_cmpuint(g_bytes_get_size(jpeg), <, 300 * 200 / 2);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pixmap/new", test_new_is_white_and_limited);
    g_test_add_func("/pixmap/quantile", test_quantile_is_of_the_area);
    g_test_add_func("/pixmap/limits", test_every_operation_is_limited);
    g_test_add_func("/pixmap/orient", test_orient_makes_all_eight_upright);
    g_test_add_func("/pixmap/gray", test_gray_is_luminance);
    g_test_add_func("/pixmap/seals", test_seals_are_lifted_off_print);
    g_test_add_func("/pixmap/seals-none", test_red_that_is_no_seal_stays);
    g_test_add_func("/pixmap/seals-small", test_seals_of_small_pictures);
    g_test_add_func("/pixmap/scale", test_scale_is_the_mean_of_the_area);
    g_test_add_func("/pixmap/scale-even", test_scale_keeps_what_is_even);
    g_test_add_func("/pixmap/deskew", test_deskew_finds_the_angle);
    g_test_add_func("/pixmap/deskew-unclear", test_deskew_leaves_what_has_no_clear_angle);
    g_test_add_func("/pixmap/flatten", test_flatten_evens_the_lighting);
    g_test_add_func("/pixmap/flatten-blank", test_flatten_adds_nothing_to_a_blank_page);
    g_test_add_func("/pixmap/jpeg", test_jpeg_of_what_has_grain);
    g_test_add_func("/pixmap/gray-only", test_gray_is_asked_for);
    return g_test_run();
}
