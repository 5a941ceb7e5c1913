/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tests/unit/codecs/test-paper.c - sheets of paper in a picture, columns on a sheet, and the maps
 * between pictures.
 */
#include "config.h"
#include "codecs/codec.h"

#include <math.h>
#include <string.h>

static const DnQuad aslant = {{150, 640, 610, 120}, {100, 140, 900, 870}};

static DnPixmap *
picture(uint32_t width_px, uint32_t height_px, uint8_t level)
{
    DnPixmap *self = dn_pixmap_new(width_px, height_px, DN_PIXEL_GRAY8, &dn_limits_default, NULL);

    g_assert_nonnull(self);
    memset(self->data, level, (size_t)width_px * height_px);
    return self;
}

static void
fill_box(DnPixmap *self, uint32_t x0, uint32_t y0, uint32_t width, uint32_t height, uint8_t level)
{
    for (uint32_t y = y0; y < y0 + height; y++)
        memset(dn_pixmap_row(self, y) + x0, level, width);
}

/* Lines of words: dark boxes with gaps. */
static void
print_lines(DnPixmap *self, uint32_t x0, uint32_t y0, uint32_t width, uint32_t height)
{
    for (uint32_t y = y0; y + 14 <= y0 + height; y += 24)
        for (uint32_t x = x0; x + 30 <= x0 + width; x += 40)
            fill_box(self, x, y, 30, 12, 40);
}

/* A printed sheet laid into the picture by the same map that finds it again. */
static void
lay(DnPixmap *self, const DnQuad *quad)
{
    DnMap map = dn_quad_map(quad, 500, 800);
    g_autoptr(DnPixmap) sheet = picture(500, 800, 245);

    print_lines(sheet, 30, 30, 440, 740);
    for (uint32_t y = 0; y < 1600; y++)
        for (uint32_t x = 0; x < 1000; x++) {
            double at_x = x / 2.0;
            double at_y = y / 2.0;

            dn_map_point(&map, &at_x, &at_y);
            dn_pixmap_row(self, (uint32_t)at_y)[(uint32_t)at_x] =
                dn_pixmap_row(sheet, y / 2)[x / 2];
        }
}

static GArray *
papers_of(const DnPixmap *self)
{
    g_autoptr(GError) error = NULL;
    GArray *papers = dn_pixmap_find_papers(self, &dn_limits_default, &error);

    g_assert_no_error(error);
    return papers;
}

static void
test_a_sheet_on_a_desk_is_found(void)
{
    static const uint8_t desks[] = {20, 90, 170}; /* cloth, wood, a light table */

    for (size_t i = 0; i < G_N_ELEMENTS(desks); i++) {
        g_autoptr(DnPixmap) photo = picture(800, 1000, desks[i]);

        lay(photo, &aslant);
        g_autoptr(GArray) papers = papers_of(photo);

        g_assert_cmpuint(papers->len, ==, 1);
        for (int k = 0; k < 4; k++) {
            g_assert_cmpfloat_with_epsilon(g_array_index(papers, DnQuad, 0).x[k], aslant.x[k], 8);
            g_assert_cmpfloat_with_epsilon(g_array_index(papers, DnQuad, 0).y[k], aslant.y[k], 8);
        }
    }
}

static void
test_half_a_sheet_in_a_shadow_is_still_one(void)
{
    g_autoptr(DnPixmap) photo = picture(800, 1000, 60);

    lay(photo, &aslant);
    for (uint32_t y = 0; y < 1000; y++)
        for (uint32_t x = 0; x < 800; x++) {
            double light = 1 - 0.35 / (1 + exp((500.0 - y) / 60));

            dn_pixmap_row(photo, y)[x] = (uint8_t)(dn_pixmap_row(photo, y)[x] * light);
        }
    g_autoptr(GArray) papers = papers_of(photo);

    g_assert_cmpuint(papers->len, ==, 1);
    g_assert_cmpfloat_with_epsilon(g_array_index(papers, DnQuad, 0).y[2], aslant.y[2], 10);
}

/* Nothing is cut out of a scan, of a blank sheet, of noise, or where no sides are straight. */
static void
test_what_is_no_clear_sheet_is_none(void)
{
    g_autoptr(DnPixmap) scan = picture(800, 1000, 250);
    g_autoptr(DnPixmap) disc = picture(800, 1000, 40);
    g_autoptr(DnPixmap) noise = picture(800, 1000, 0);
    g_autoptr(DnPixmap) dot = picture(1, 1, 255);

    print_lines(scan, 60, 60, 680, 880);
    for (uint32_t y = 0; y < 1000; y++)
        for (uint32_t x = 0; x < 800; x++) {
            if (hypot((double)x - 400, (double)y - 500) < 300)
                dn_pixmap_row(disc, y)[x] = 240;
            dn_pixmap_row(noise, y)[x] = (uint8_t)((x * 7919 + y * 104729) % 251);
        }
    const DnPixmap *const all[] = {scan, disc, noise, dot};

    for (size_t i = 0; i < G_N_ELEMENTS(all); i++) {
        g_autoptr(GArray) papers = papers_of(all[i]);

        g_assert_cmpuint(papers->len, ==, 0);
    }
}

static void
test_R18_each_paper_on_a_mount_sheet_is_found(void)
{
    g_autoptr(DnPixmap) sheet = picture(1200, 900, 180);

    for (uint32_t i = 0; i < 3; i++) {
        fill_box(sheet, 60 + 380 * i, 60, 320, 500 + 100 * i, 248);
        print_lines(sheet, 80 + 380 * i, 80, 280, 450);
    }
    g_autoptr(GArray) papers = papers_of(sheet);

    g_assert_cmpuint(papers->len, ==, 3);
}

/* The same on a desk: the sheet is lighter than the desk, the receipts than the sheet. */
static void
test_R18_papers_on_a_mount_sheet_on_a_desk_are_found(void)
{
    g_autoptr(DnPixmap) photo = picture(1400, 1100, 40);

    fill_box(photo, 60, 60, 1280, 980, 170);
    for (uint32_t i = 0; i < 2; i++) {
        fill_box(photo, 120 + 600 * i, 120, 480, 800, 248);
        print_lines(photo, 150 + 600 * i, 150, 420, 740);
    }
    g_autoptr(GArray) papers = papers_of(photo);

    g_assert_cmpuint(papers->len, ==, 2);
}

static GArray *
columns_of(const DnPixmap *self)
{
    g_autoptr(GError) error = NULL;
    GArray *columns = dn_pixmap_find_columns(self, &dn_limits_default, &error);

    g_assert_no_error(error);
    return columns;
}

static void
test_R18_blocks_side_by_side_are_found(void)
{
    g_autoptr(DnPixmap) page = picture(1200, 1600, 250);

    print_lines(page, 60, 60, 480, 700);
    print_lines(page, 60, 900, 480, 600);
    print_lines(page, 660, 60, 480, 1000);
    g_autoptr(GArray) blocks = columns_of(page);

    g_assert_cmpuint(blocks->len, ==, 3);
    const DnQuad *second = &g_array_index(blocks, DnQuad, 1);

    g_assert_cmpfloat_with_epsilon(second->y[0], 900, 15);
    g_assert_cmpfloat_with_epsilon(second->x[1], 530, 20);
}

static void
test_a_letter_is_one_column(void)
{
    g_autoptr(DnPixmap) page = picture(1200, 1600, 250);

    print_lines(page, 60, 60, 480, 300);
    print_lines(page, 660, 60, 480, 300);
    print_lines(page, 60, 500, 1080, 800); /* what crosses the gap */
    g_autoptr(GArray) blocks = columns_of(page);

    g_assert_cmpuint(blocks->len, ==, 0);
}

static void
test_straighten_brings_a_sheet_back(void)
{
    g_autoptr(DnPixmap) photo = picture(800, 1000, 60);
    g_autoptr(DnPixmap) wanted = picture(500, 800, 245);
    g_autoptr(GError) error = NULL;
    double off = 0;

    lay(photo, &aslant);
    print_lines(wanted, 30, 30, 440, 740);
    g_autoptr(DnPixmap) page =
        dn_pixmap_straighten(photo, &aslant, 500, 800, &dn_limits_default, &error);

    g_assert_no_error(error);
    for (size_t i = 0; i < 500 * 800; i++)
        off += abs(page->data[i] - wanted->data[i]);
    g_assert_cmpfloat(off / (500 * 800), <, 25); /* strokes' edges only; turned by a half: 90 */
}

/* Corners on whole pixels: the pixels themselves. */
static void
test_straighten_cuts_out_exactly(void)
{
    g_autoptr(DnPixmap) page = picture(60, 50, 0);
    DnQuad box = {{10, 40, 40, 10}, {5, 5, 45, 45}};

    for (size_t i = 0; i < 60 * 50; i++)
        page->data[i] = (uint8_t)(i * 31);
    g_autoptr(DnPixmap) part = dn_pixmap_straighten(page, &box, 30, 40, &dn_limits_default, NULL);

    for (uint32_t y = 0; y < 40; y++)
        g_assert_cmpmem(dn_pixmap_row(part, y), 30, dn_pixmap_row(page, y + 5) + 10, 30);
}

static void
test_two_orientations_are_one(void)
{
    g_autoptr(DnPixmap) page = picture(3, 2, 0);

    for (uint8_t i = 0; i < 6; i++)
        page->data[i] = i;
    for (unsigned first = 1; first <= 8; first++)
        for (unsigned second = 1; second <= 8; second++) {
            unsigned both = dn_orientation_then(first, second);
            g_autoptr(DnPixmap) once = dn_pixmap_orient(page, first, &dn_limits_default, NULL);
            g_autoptr(DnPixmap) twice = dn_pixmap_orient(once, second, &dn_limits_default, NULL);
            g_autoptr(DnPixmap) direct = dn_pixmap_orient(page, both, &dn_limits_default, NULL);

            g_assert_cmpuint(direct->width_px, ==, twice->width_px);
            g_assert_cmpmem(direct->data, 6, twice->data, 6);
        }
}

/* Corners from outside may say anything. */
static void
test_a_figure_without_area_is_no_crash(void)
{
    g_autoptr(DnPixmap) page = picture(60, 50, 90);
    static const DnQuad none[] = {{{0, 0, 0, 0}, {0, 0, 0, 0}},
                                  {{0, 10, 20, 30}, {0, 0, 0, 0}},
                                  {{-1e9, 1e9, 5, 5}, {5, 5, 1e9, -1e9}}};

    for (size_t i = 0; i < G_N_ELEMENTS(none); i++) {
        g_autoptr(DnPixmap) part =
            dn_pixmap_straighten(page, &none[i], 30, 40, &dn_limits_default, NULL);

        g_assert_nonnull(part);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/paper/desk", test_a_sheet_on_a_desk_is_found);
    g_test_add_func("/paper/shadow", test_half_a_sheet_in_a_shadow_is_still_one);
    g_test_add_func("/paper/none", test_what_is_no_clear_sheet_is_none);
    g_test_add_func("/paper/mount", test_R18_each_paper_on_a_mount_sheet_is_found);
    g_test_add_func("/paper/mount-desk", test_R18_papers_on_a_mount_sheet_on_a_desk_are_found);
    g_test_add_func("/paper/columns", test_R18_blocks_side_by_side_are_found);
    g_test_add_func("/paper/letter", test_a_letter_is_one_column);
    g_test_add_func("/paper/straighten", test_straighten_brings_a_sheet_back);
    g_test_add_func("/paper/cut", test_straighten_cuts_out_exactly);
    g_test_add_func("/paper/orientations", test_two_orientations_are_one);
    g_test_add_func("/paper/no-area", test_a_figure_without_area_is_no_crash);
    return g_test_run();
}
