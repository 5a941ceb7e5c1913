/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * samples/pen.c - text, rules and seals in millimetres.
 *
 * Font families are pinned and fallback is off: a machine without a family fails to look right at
 * once instead of choosing another.
 */
#include "config.h"
#include "samples/sample.h"
#include <math.h>
#include <string.h>

void
pen_init(Pen *self, cairo_t *cr, double dpi, bool dots)
{
    g_autoptr(PangoFontMap) fonts = pango_cairo_font_map_new_for_font_type(CAIRO_FONT_TYPE_FT);
    PangoContext *context = pango_font_map_create_context(fonts);
    g_autoptr(PangoAttrList) attrs = pango_attr_list_new();
    cairo_font_options_t *options = cairo_font_options_create();

    cairo_scale(cr, dpi / 25.4, dpi / 25.4);
    cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
    cairo_font_options_set_hint_style(options,
                                      dots ? CAIRO_HINT_STYLE_FULL : CAIRO_HINT_STYLE_NONE);
    cairo_font_options_set_antialias(options, dots ? CAIRO_ANTIALIAS_NONE : CAIRO_ANTIALIAS_GRAY);
    if (dots)
        cairo_set_antialias(cr, CAIRO_ANTIALIAS_NONE);
    pango_cairo_context_set_font_options(context, options);
    cairo_font_options_destroy(options);
    pango_cairo_context_set_resolution(context, 72);
    /* The unit is a millimetre: whole units would put letters on a grid as wide as they are. */
    pango_context_set_round_glyph_positions(context, FALSE);
    pango_context_set_language(context, pango_language_from_string("ja"));
    pango_cairo_update_context(cr, context);
    self->cr = cr;
    self->layout = pango_layout_new(context);
    g_object_unref(context);
    self->family = "IPAGothic";
    self->vector = false;
    pango_attr_list_insert(attrs, pango_attr_fallback_new(FALSE));
    pango_layout_set_attributes(self->layout, attrs);
    pen_ink(self, 0, 0, 0);
}

void
pen_clear(Pen *self)
{
    g_clear_object(&self->layout);
}

static double
pen_put(Pen *self, double x, double y, double size, unsigned flags, double fit, const char *text)
{
    PangoFontDescription *font = pango_font_description_new();
    PangoRectangle box = {0};
    const char *family =
        self->vector && strcmp(self->family, "Noto Sans CJK JP") == 0 ? "IPAPGothic" : self->family;
    bool bold = (flags & PEN_BOLD) != 0 && !g_str_has_prefix(family, "IPA");
    double sx = (flags & PEN_WIDE) != 0 ? 2 : 1;
    double sy = (flags & PEN_TALL) != 0 ? 2 : 1;
    double width = 0;

    pango_font_description_set_family_static(font, family);
    pango_font_description_set_absolute_size(font, size * PANGO_SCALE);
    pango_font_description_set_weight(font, bold ? PANGO_WEIGHT_BOLD : PANGO_WEIGHT_NORMAL);
    pango_layout_set_font_description(self->layout, font);
    pango_font_description_free(font);
    pango_layout_set_text(self->layout, text, -1);
    cairo_save(self->cr);
    pango_layout_get_extents(self->layout, NULL, &box);
    width = (double)box.width / PANGO_SCALE * sx;
    if (fit > 0 && width > fit) {
        sx *= fit / width;
        width = fit;
    }
    if ((flags & 3) == PEN_CENTER)
        x -= width / 2;
    else if ((flags & 3) == PEN_RIGHT)
        x -= width;
    cairo_translate(self->cr, x, y);
    cairo_scale(self->cr, sx, sy);
    cairo_move_to(self->cr, 0, -(double)pango_layout_get_baseline(self->layout) / PANGO_SCALE);
    pango_cairo_show_layout(self->cr, self->layout);
    cairo_restore(self->cr);
    return width;
}

double
pen_text(Pen *self, double x, double y, double size, unsigned flags, const char *fmt, ...)
{
    g_autofree char *text = NULL;
    va_list args;

    va_start(args, fmt);
    text = g_strdup_vprintf(fmt, args);
    va_end(args);
    return pen_put(self, x, y, size, flags, 0, text);
}

double
pen_fit(Pen *self, double x, double y, double size, unsigned flags, double fit, const char *fmt,
        ...)
{
    g_autofree char *text = NULL;
    va_list args;

    va_start(args, fmt);
    text = g_strdup_vprintf(fmt, args);
    va_end(args);
    return pen_put(self, x, y, size, flags, fit, text);
}

void
pen_down(Pen *self, double x, double y, double size, const char *fmt, ...)
{
    PangoContext *context = pango_layout_get_context(self->layout);
    g_autofree char *text = NULL;
    va_list args;

    va_start(args, fmt);
    text = g_strdup_vprintf(fmt, args);
    va_end(args);
    cairo_save(self->cr);
    cairo_translate(self->cr, x, y);
    cairo_rotate(self->cr, G_PI / 2);
    pango_context_set_base_gravity(context, PANGO_GRAVITY_EAST);
    pango_layout_context_changed(self->layout);
    /* The baseline of letters that stand upright in a column goes through their middle. */
    pen_put(self, 0, 0, size, PEN_LEFT, 0, text);
    pango_context_set_base_gravity(context, PANGO_GRAVITY_SOUTH);
    pango_layout_context_changed(self->layout);
    cairo_restore(self->cr);
}

void
pen_line(Pen *self, double x1, double y1, double x2, double y2, double width)
{
    cairo_set_line_width(self->cr, width);
    cairo_move_to(self->cr, x1, y1);
    cairo_line_to(self->cr, x2, y2);
    cairo_stroke(self->cr);
}

void
pen_dashes(Pen *self, double x1, double y, double x2)
{
    const double dash[] = {1.5, 0.9};

    cairo_set_dash(self->cr, dash, 2, 0);
    pen_line(self, x1, y, x2, y, 0.25);
    cairo_set_dash(self->cr, NULL, 0, 0);
}

void
pen_box(Pen *self, double x, double y, double w, double h, double width)
{
    cairo_set_line_width(self->cr, width);
    cairo_rectangle(self->cr, x, y, w, h);
    cairo_stroke(self->cr);
}

void
pen_shade(Pen *self, double x, double y, double w, double h, double r, double g, double b)
{
    pen_ink(self, r, g, b);
    cairo_rectangle(self->cr, x, y, w, h);
    cairo_fill(self->cr);
    pen_ink(self, 0, 0, 0);
}

void
pen_ink(Pen *self, double r, double g, double b)
{
    cairo_set_source_rgb(self->cr, r, g, b);
}

void
pen_seal(Pen *self, double x, double y, double size, bool round, const char *letters)
{
    const char *family = self->family;
    glong n = g_utf8_strlen(letters, -1);
    glong rows = (glong)ceil(sqrt((double)n));
    glong columns = (n + rows - 1) / rows;
    double cell = size * (round ? 0.68 : 0.9) / (double)rows;
    const char *at = letters;

    cairo_save(self->cr);
    cairo_translate(self->cr, x, y);
    cairo_set_source_rgba(self->cr, 0.80, 0.13, 0.10, 0.78);
    self->family = "Noto Serif CJK JP";
    cairo_set_line_width(self->cr, size * 0.035);
    cairo_new_path(self->cr);
    if (round)
        cairo_arc(self->cr, 0, 0, size / 2, 0, 2 * G_PI);
    else
        cairo_rectangle(self->cr, -size / 2, -size / 2, size, size);
    cairo_stroke(self->cr);
    for (glong i = 0; i < n; i++, at = g_utf8_next_char(at)) {
        glong column = i / rows;
        glong row = i % rows;
        double cx = ((double)(columns - 1) / 2 - (double)column) * cell;
        double cy = ((double)row - (double)(rows - 1) / 2) * cell;

        pen_text(self, cx, cy + cell * 0.36, cell * 0.94, PEN_CENTER | PEN_BOLD, "%.*s",
                 (int)(g_utf8_next_char(at) - at), at);
    }
    cairo_restore(self->cr);
    self->family = family;
    pen_ink(self, 0, 0, 0);
}

void
pen_barcode(Pen *self, double x, double y, double w, double h, unsigned seed)
{
    Chance chance = {seed};
    double at = x;

    while (at < x + w) {
        double bar = 0.25 * chance_between(&chance, 1, 3);

        cairo_rectangle(self->cr, at, y, bar, h);
        cairo_fill(self->cr);
        at += bar + 0.25 * chance_between(&chance, 1, 3);
    }
}
