/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tests/unit/codecs/test-print.c - the operations that look at print: is there any?
 */
#include "config.h"
#include "codecs/codec.h"

#include <cairo.h>
#include <math.h>
#include <string.h>

enum { PAGE_WIDTH = 1240, PAGE_HEIGHT = 1754 }; /* A4 at 150 dpi */

/* A page that a test draws on; its own noise, the same on every machine. */
typedef struct {
    cairo_surface_t *surface;
    cairo_t *pen;
    uint32_t seed;
} Sheet;

static Sheet
sheet_new(void)
{
    Sheet sheet = {.surface =
                       cairo_image_surface_create(CAIRO_FORMAT_RGB24, PAGE_WIDTH, PAGE_HEIGHT),
                   .seed = 1};

    sheet.pen = cairo_create(sheet.surface);
    cairo_set_source_rgb(sheet.pen, 0.96, 0.96, 0.96);
    cairo_paint(sheet.pen);
    return sheet;
}

static void
sheet_clear(Sheet *self)
{
    cairo_destroy(self->pen);
    cairo_surface_destroy(self->surface);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Sheet, sheet_clear)

static void
write_line(Sheet *self, double size, double x, double y, double gray, const char *text)
{
    cairo_select_font_face(self->pen, "DejaVu Sans", CAIRO_FONT_SLANT_NORMAL,
                           CAIRO_FONT_WEIGHT_NORMAL);
    cairo_set_font_size(self->pen, size);
    cairo_set_source_rgb(self->pen, gray, gray, gray);
    cairo_move_to(self->pen, x, y);
    cairo_show_text(self->pen, text);
}

static void
fill_box(Sheet *self, double x, double y, double width, double height, double gray)
{
    cairo_set_source_rgb(self->pen, gray, gray, gray);
    cairo_rectangle(self->pen, x, y, width, height);
    cairo_fill(self->pen);
}

static void
fill_disc(Sheet *self, double x, double y, double radius, double gray)
{
    cairo_set_source_rgb(self->pen, gray, gray, gray);
    cairo_arc(self->pen, x, y, radius, 0, 2 * G_PI);
    cairo_fill(self->pen);
}

static int
dice(Sheet *self, int below)
{
    self->seed = self->seed * 1103515245U + 12345U;
    return (int)(self->seed >> 16) % below;
}

/* What a scanner gives of it: grain of a few levels. */
static DnPixmap *
scanned(Sheet *self)
{
    DnPixmap *page =
        dn_pixmap_new(PAGE_WIDTH, PAGE_HEIGHT, DN_PIXEL_GRAY8, &dn_limits_default, NULL);
    int stride = cairo_image_surface_get_stride(self->surface);

    g_assert_nonnull(page);
    cairo_surface_flush(self->surface);
    for (int y = 0; y < PAGE_HEIGHT; y++)
        for (int x = 0; x < PAGE_WIDTH; x++) {
            int light = cairo_image_surface_get_data(self->surface)[y * stride + 4 * x];

            dn_pixmap_row(page, (uint32_t)y)[x] = (uint8_t)CLAMP(light + dice(self, 9) - 4, 0, 255);
        }
    page->dpi_x = page->dpi_y = 150;
    return page;
}

/* ---- blank ---- */

static bool
is_blank(Sheet *self)
{
    g_autoptr(DnPixmap) page = scanned(self);
    g_autoptr(GError) error = NULL;
    bool blank = false;

    g_assert_true(dn_pixmap_is_blank(page, &blank, &error));
    g_assert_no_error(error);
    return blank;
}

static void
test_blank_paper(void)
{
    g_auto(Sheet) sheet = sheet_new();

    g_assert_true(is_blank(&sheet));
}

/* Dust, two holes of a punch, the lid's rim, the streak of a speck on the scanner's glass. */
static void
test_blank_with_the_marks_of_handling(void)
{
    g_auto(Sheet) sheet = sheet_new();

    for (int i = 0; i < 3000; i++)
        fill_box(&sheet, dice(&sheet, PAGE_WIDTH), dice(&sheet, PAGE_HEIGHT), 1 + dice(&sheet, 2),
                 1 + dice(&sheet, 2), 0.2);
    g_assert_true(is_blank(&sheet));
    fill_disc(&sheet, 70, PAGE_HEIGHT / 2.0 - 236, 18, 0.1);
    fill_disc(&sheet, 70, PAGE_HEIGHT / 2.0 + 236, 18, 0.1);
    g_assert_true(is_blank(&sheet));
    fill_box(&sheet, PAGE_WIDTH - 40, 0, 40, PAGE_HEIGHT, 0.05);
    fill_box(&sheet, 400, 0, 2, PAGE_HEIGHT, 0.4);
    g_assert_true(is_blank(&sheet));
}

/* The other side of the sheet, mirrored and pale. */
static void
test_blank_although_the_back_shines_through(void)
{
    g_auto(Sheet) sheet = sheet_new();

    cairo_translate(sheet.pen, PAGE_WIDTH, 0);
    cairo_scale(sheet.pen, -1, 1);
    for (int i = 0; i < 30; i++)
        write_line(&sheet, 26, 120, 150 + 45 * i, 0.87, "Invoice total 12,800 yen thank you");
    g_assert_true(is_blank(&sheet));
}

static void
test_one_line_of_print_is_not_blank(void)
{
    g_auto(Sheet) sheet = sheet_new();
    g_auto(Sheet) faint = sheet_new();
    g_auto(Sheet) small = sheet_new();
    g_auto(Sheet) amount = sheet_new();

    write_line(&sheet, 24, 500, 900, 0.1, "Total 1,200");
    g_assert_false(is_blank(&sheet));
    write_line(&faint, 24, 500, 900, 0.70, "Total 1,200"); /* what a faded thermal print has left */
    g_assert_false(is_blank(&faint));
    write_line(&small, 13, 300, 1600, 0.2, "page 2 of 2"); /* 6 points */
    g_assert_false(is_blank(&small));
    write_line(&amount, 30, 900, 100, 0.1, "500");
    g_assert_false(is_blank(&amount));
}

/* Whatever else a person should see. */
static void
test_what_is_large_is_not_blank(void)
{
    g_auto(Sheet) stamp = sheet_new();
    g_auto(Sheet) full = sheet_new();
    g_auto(Sheet) dark = sheet_new();

    cairo_set_line_width(stamp.pen, 3);
    cairo_set_source_rgb(stamp.pen, 0.3, 0.3, 0.3);
    cairo_arc(stamp.pen, 700, 800, 60, 0, 2 * G_PI);
    cairo_stroke(stamp.pen);
    g_assert_false(is_blank(&stamp));
    for (int i = 0; i < 30; i++)
        write_line(&full, 26, 120, 150 + 45 * i, 0.1, "Invoice total 12,800 yen thank you");
    g_assert_false(is_blank(&full));
    fill_box(&dark, 0, 0, PAGE_WIDTH, PAGE_HEIGHT, 0.1); /* no paper is seen */
    g_assert_false(is_blank(&dark));
}

static void
test_blank_is_asked_of_gray(void)
{
    g_autoptr(DnPixmap) colour = dn_pixmap_new(20, 20, DN_PIXEL_RGB24, &dn_limits_default, NULL);
    g_autoptr(DnPixmap) dot = dn_pixmap_new(1, 1, DN_PIXEL_GRAY8, &dn_limits_default, NULL);
    g_autoptr(GError) error = NULL;
    bool blank = false;

    g_assert_false(dn_pixmap_is_blank(colour, &blank, &error));
    g_assert_cmpint(dn_error_code(error), ==, DN_ERROR_INVALID);
    g_clear_error(&error);
    g_assert_true(dn_pixmap_is_blank(dot, &blank, &error));
    g_assert_true(blank);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/print/blank/paper", test_blank_paper);
    g_test_add_func("/print/blank/handled", test_blank_with_the_marks_of_handling);
    g_test_add_func("/print/blank/back", test_blank_although_the_back_shines_through);
    g_test_add_func("/print/blank/line", test_one_line_of_print_is_not_blank);
    g_test_add_func("/print/blank/large", test_what_is_large_is_not_blank);
    g_test_add_func("/print/blank/gray-only", test_blank_is_asked_of_gray);
    return g_test_run();
}
