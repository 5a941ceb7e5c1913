/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tests/unit/codecs/test-curl.c - lines of print on paper that does not lie flat.
 *
 * The pages are bent by circles and steps, which are not the curves that are fitted.
 */
#include "config.h"
#include "codecs/codec.h"

#include <math.h>
#include <string.h>

enum { WIDTH = 900, HEIGHT = 1300, FIRST_LINE = 90, LINE = 40, LINES = 28 };

static DnPixmap *
picture(uint32_t width_px, uint32_t height_px, uint8_t level)
{
    DnLimits limits = dn_limits_default;

    limits.max_side_px = 40000;
    DnPixmap *self = dn_pixmap_new(width_px, height_px, DN_PIXEL_GRAY8, &limits, NULL);

    g_assert_nonnull(self);
    memset(self->data, level, (size_t)width_px * height_px);
    return self;
}

/* A receipt: labels on the left, amounts on the right, a sentence now and then. */
static DnPixmap *
receipt(void)
{
    DnPixmap *self = picture(WIDTH, HEIGHT, 240);

    for (uint32_t line = 0; line < LINES; line++) {
        uint32_t top = FIRST_LINE + LINE * line;
        uint32_t label = 120 + line * 67 % 190;

        for (uint32_t x = 60; x < WIDTH - 60; x++) {
            bool word = x < 60 + label || x >= WIDTH - 60 - 90 || line % 6 == 2;

            for (uint32_t y = top; word && x % 14 < 10 && y < top + 18; y++)
                if ((x * 7 + y / 6 * 5 + line * 3) % 11 < 8)
                    dn_pixmap_row(self, y)[x] = 30;
        }
    }
    return self;
}

typedef double (*Shape)(double u, double v);

/* A cylinder seen from aside. */
static double
arch(double u, double v)
{
    return 60 * (sqrt(1.3 - 4 * (u - 0.5) * (u - 0.5)) - 0.85) * (1 + 0.2 * v);
}

/* The same seen from above and near: the top moves one way, the bottom the other. */
static double
arch_from_above(double u, double v)
{
    return 3 * arch(u, 0) * (v - 0.5);
}

/* The right side stands up. */
static double
edge(double u, double v)
{
    double up = MAX(0, u - 0.55);

    return -130 * up * up * (1 + v);
}

static double
wave(double u, double v)
{
    return 14 * sin(2 * G_PI * u) * (1.4 - v);
}

/* Lines that fan out, as those of a flat page do that is seen from aside. */
static double
fan(double u, double v)
{
    return 30 * (u - 0.5) * (v - 0.3);
}

/* @flat as it is seen when what stands at (x, y) is moved down by @shape. */
static DnPixmap *
bend(const DnPixmap *flat, Shape shape)
{
    DnPixmap *self = picture(flat->width_px, flat->height_px, 240);

    for (uint32_t y = 0; y < self->height_px; y++)
        for (uint32_t x = 0; x < self->width_px; x++) {
            double u = (x + 0.5) / self->width_px;
            double from = y;

            for (int i = 0; i < 8; i++)
                from = y - shape(u, from / self->height_px);
            if (from < 0 || from >= self->height_px - 1)
                continue;
            double share = from - floor(from);
            const uint8_t *row = dn_pixmap_row(flat, (uint32_t)from) + x;

            dn_pixmap_row(self, y)[x] =
                (uint8_t)(row[0] * (1 - share) + row[flat->width_px] * share + 0.5);
        }
    return self;
}

static bool
find(const DnPixmap *page, DnBend *out_bend)
{
    g_autoptr(GError) error = NULL;
    bool bent = true;

    g_assert_true(dn_pixmap_find_bend(page, &dn_limits_default, out_bend, &bent, &error));
    g_assert_no_error(error);
    return bent;
}

/* What stood in one line stands in one row again, and the map leads back to where it was seen. */
static void
test_lines_become_straight(void)
{
    static const Shape shapes[] = {arch, arch_from_above, edge, wave};
    g_autoptr(DnPixmap) flat = receipt();

    for (size_t i = 0; i < G_N_ELEMENTS(shapes); i++) {
        g_autoptr(DnPixmap) page = bend(flat, shapes[i]);
        DnBend found;
        DnBend again;
        DnMap map;

        g_assert_true(find(page, &found));
        g_assert_true(dn_bend_map(&found, &map));
        g_autoptr(DnPixmap) straight = dn_pixmap_unbend(page, &found, &dn_limits_default, NULL);

        g_assert_nonnull(straight);
        g_assert_false(find(straight, &again));
        for (int line = 2; line < LINES - 2; line++) {
            double v = (FIRST_LINE + LINE * line) / (double)HEIGHT;
            double seen = v * HEIGHT + shapes[i](0.5, v);
            double row = 0;
            double nearest = 1e9;

            /* The row of the straight page that shows the middle of this line. */
            for (int y = 0; y < (int)straight->height_px; y++) {
                double at_x = WIDTH / 2.0;
                double at_y = y;

                dn_map_point(&map, &at_x, &at_y);
                if (fabs(at_y - seen) < nearest) {
                    nearest = fabs(at_y - seen);
                    row = y;
                }
            }
            for (int column = 70; column < WIDTH - 70; column += 40) {
                double x = column;
                double y = row;

                dn_map_point(&map, &x, &y);
                g_assert_cmpfloat(x, ==, column);
                g_assert_cmpfloat_with_epsilon(y, v * HEIGHT + shapes[i](column / (double)WIDTH, v),
                                               LINE / 6.0);
            }
        }
    }
}

static void
test_what_is_not_bent_stays(void)
{
    g_autoptr(DnPixmap) flat = receipt();
    g_autoptr(DnPixmap) fanned = bend(flat, fan);
    g_autoptr(DnPixmap) blank = picture(WIDTH, HEIGHT, 250);
    g_autoptr(DnPixmap) noise = picture(WIDTH, HEIGHT, 0);
    g_autoptr(DnPixmap) bars = picture(WIDTH, HEIGHT, 250);
    DnBend found;
    guint32 state = 1;

    for (size_t i = 0; i < (size_t)WIDTH * HEIGHT; i++) {
        state = state * 1664525 + 1013904223;
        noise->data[i] = (uint8_t)(state >> 24);
        bars->data[i] = i % WIDTH % 23 < 9 ? 20 : 250;
    }
    g_assert_false(find(flat, &found));
    g_assert_false(find(fanned, &found));
    g_assert_false(find(blank, &found));
    g_assert_false(find(noise, &found));
    g_assert_false(find(bars, &found));
}

static void
test_sizes_that_show_no_lines(void)
{
    static const uint32_t sizes[][2] = {{1, 1},     {1, 2000},  {2000, 1},  {35000, 1},
                                        {1, 35000}, {35000, 9}, {127, 127}, {35000, 400}};
    DnBend found;

    for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
        g_autoptr(DnPixmap) page = picture(sizes[i][0], sizes[i][1], 200);

        for (size_t k = 0; k < (size_t)page->width_px * page->height_px; k += 3)
            page->data[k] = 10;
        g_assert_false(find(page, &found));
    }
}

/* The same figures give the same pixels, on any machine. */
static void
test_figures_are_enough(void)
{
    g_autoptr(DnPixmap) page = picture(300, 200, 0);
    const DnBend figures = {.width_px = 300,
                            .height_px = 200,
                            .left = 40,
                            .span = 230,
                            .top = {-31, 94, 27, -13},
                            .bottom = {12, -57, 8, 5}};
    uint32_t sum = 2166136261U;

    for (uint32_t y = 0; y < 200; y++)
        for (uint32_t x = 0; x < 300; x++)
            dn_pixmap_row(page, y)[x] = (uint8_t)(x * 5 + y * 7 + x * y / 16);
    g_autoptr(DnPixmap) straight = dn_pixmap_unbend(page, &figures, &dn_limits_default, NULL);

    g_assert_nonnull(straight);
    for (size_t i = 0; i < (size_t)straight->width_px * straight->height_px; i++)
        sum = (sum ^ straight->data[i]) * 16777619U;
    g_assert_cmpuint(straight->width_px, ==, 300);
    g_assert_cmpuint(straight->height_px, ==, 218);
    g_assert_cmphex(sum, ==, 0x2cde2698);
}

/* Each pixel of the result is where the map says that it comes from. */
static void
test_pixels_and_map_agree(void)
{
    g_autoptr(DnPixmap) page = picture(300, 240, 0);
    const DnBend figures = {.width_px = 300,
                            .height_px = 240,
                            .left = 20,
                            .span = 250,
                            .top = {52, 171, 0, 21},
                            .bottom = {-90, -70, 33, 0}};
    DnMap map;

    for (uint32_t y = 0; y < 240; y++)
        memset(dn_pixmap_row(page, y), (int)y, 300);
    g_autoptr(DnPixmap) straight = dn_pixmap_unbend(page, &figures, &dn_limits_default, NULL);

    g_assert_true(dn_bend_map(&figures, &map));
    for (uint32_t y = 0; y < straight->height_px; y++)
        for (uint32_t column = 0; column < 300; column += 7) {
            double at_x = column + 0.5;
            double at_y = y + 0.5;

            dn_map_point(&map, &at_x, &at_y);
            if (at_y < 1 || at_y > 239)
                continue;
            g_assert_cmpfloat_with_epsilon(at_y - 0.5, dn_pixmap_row(straight, y)[column], 0.6);
        }
    /* Nothing was cut off. */
    for (uint32_t column = 0; column < 300; column++) {
        int first = 255;
        int last = 0;

        for (uint32_t y = 0; y < straight->height_px; y++) {
            int from = dn_pixmap_row(straight, y)[column];

            first = MIN(first, from);
            last = from < 240 ? MAX(last, from) : last;
        }
        g_assert_cmpint(first, <=, 2);
        g_assert_cmpint(last, >=, 237);
    }
}

/* A part cut out of the straight page, and the page itself a part of a picture. */
static void
test_maps_before_and_after_a_bend(void)
{
    const DnBend figures = {
        .width_px = 300, .height_px = 240, .span = 300, .top = {40, 60}, .bottom = {40, 60}};
    const DnMap cut = {.m = {1, 0, 17, 0, 1, 31, 0, 0, 1}};
    const DnMap scaled = {.m = {2, 0, 100, 0, 2, 50, 0, 0, 1}};
    DnMap bent;

    g_assert_true(dn_bend_map(&figures, &bent));
    DnMap to_page = dn_map_then(&cut, &bent);
    DnMap to_picture = dn_map_then(&to_page, &scaled);
    double x = 20;
    double y = 30;
    double wanted_x = 37;
    double wanted_y = 61;

    dn_map_point(&to_picture, &x, &y);
    dn_map_point(&bent, &wanted_x, &wanted_y);
    g_assert_cmpfloat_with_epsilon(x, 2 * wanted_x + 100, 1e-6);
    g_assert_cmpfloat_with_epsilon(y, 2 * wanted_y + 50, 1e-6);
}

static void
test_no_bend_of_this_page(void)
{
    g_autoptr(DnPixmap) page = picture(300, 200, 200);
    g_autoptr(DnPixmap) colour = dn_pixmap_new(300, 200, DN_PIXEL_RGB24, &dn_limits_default, NULL);
    const DnBend none[] = {
        {.width_px = 300, .height_px = 201, .span = 300},
        {.width_px = 299, .height_px = 200, .span = 299},
        {.width_px = 300, .height_px = 200, .span = 0},
        {.width_px = 300, .height_px = 200, .span = 300, .top = {0, 1500}},
        {.width_px = 300, .height_px = 200, .span = 300, .top = {0, 600}, .bottom = {0, -600}},
        {.width_px = 300, .height_px = 200, .span = 300, .top = {INT32_MIN, INT32_MAX}},
        {.width_px = 300, .height_px = 200, .span = UINT32_MAX, .left = UINT32_MAX},
    };
    const DnBend good = {.width_px = 300, .height_px = 200, .span = 300, .top = {0, 30}};
    g_autoptr(GError) error = NULL;
    DnMap map;
    DnBend found;
    bool bent = false;

    for (size_t i = 0; i < G_N_ELEMENTS(none); i++) {
        g_autoptr(GError) problem = NULL;

        g_assert_null(dn_pixmap_unbend(page, &none[i], &dn_limits_default, &problem));
        g_assert_cmpint(dn_error_code(problem), ==, DN_ERROR_INVALID);
        g_assert_true(i < 2 || !dn_bend_map(&none[i], &map));
    }
    g_assert_null(dn_pixmap_unbend(colour, &good, &dn_limits_default, &error));
    g_assert_cmpint(dn_error_code(error), ==, DN_ERROR_INVALID);
    g_clear_error(&error);
    g_assert_false(dn_pixmap_find_bend(colour, &dn_limits_default, &found, &bent, &error));
    g_assert_cmpint(dn_error_code(error), ==, DN_ERROR_INVALID);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/curl/straight", test_lines_become_straight);
    g_test_add_func("/curl/not-bent", test_what_is_not_bent_stays);
    g_test_add_func("/curl/sizes", test_sizes_that_show_no_lines);
    g_test_add_func("/curl/figures", test_figures_are_enough);
    g_test_add_func("/curl/map", test_pixels_and_map_agree);
    g_test_add_func("/curl/maps", test_maps_before_and_after_a_bend);
    g_test_add_func("/curl/none", test_no_bend_of_this_page);
    return g_test_run();
}
