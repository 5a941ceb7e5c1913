/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tools/system-pages.c - sets a document in pages: CommonMark's XML in, PDF out.
 *
 *   cmark-gfm -e table -t xml FILE.md | system-pages TITLE FILE.pdf
 *
 * Pango and Cairo set, libxml2 reads what cmark-gfm has parsed; here is only where each block goes.
 * Headings become the outline of the PDF. For the papers on the system that tools/system-documents
 * puts together, whose text is ours: nothing here is made for hostile input.
 */
#include "config.h"

#include <cairo-pdf.h>
#include <libxml/parser.h>
#include <libxml/tree.h>
#include <pango/pangocairo.h>
#include <stdio.h>
#include <string.h>

/* A4 in points, and what is left free of it. */
static const double page_width_pt = 595.276;
static const double page_height_pt = 841.890;
static const double margin_pt = 50;
static const double bottom_pt = 791; /* the footer stands below */
static const double step_pt = 14;    /* by which what is inside another block is moved */
static const double gap_pt = 6;
static const double cell_gap_pt = 5;

enum { LEVELS = 7, COLUMNS_MOST = 16 };

typedef struct {
    cairo_surface_t *surface;
    cairo_t *cairo;
    const char *title;
    double y_pt;
    unsigned page;
    int outline[LEVELS]; /* the last heading of each level */
} Pages;

/* --- text --- */

static bool
is(const xmlNode *node, const char *name)
{
    return strcmp((const char *)node->name, name) == 0;
}

static void
add_text(GString *markup, const xmlNode *node)
{
    xmlChar *content = xmlNodeGetContent(node);
    g_autofree char *escaped = g_markup_escape_text((const char *)content, -1);

    g_string_append(markup, escaped);
    xmlFree(content);
}

/* What stands in a paragraph, as Pango's markup. */
static void
add_inline(GString *markup, const xmlNode *parent)
{
    static const struct {
        const char *name;
        const char *begin;
        const char *end;
    } spans[] = {
        {"strong", "<b>", "</b>"}, {"emph", "<i>", "</i>"}, {"link", "", ""}, {"image", "[", "]"}};

    for (const xmlNode *node = parent->children; node; node = node->next) {
        if (node->type != XML_ELEMENT_NODE)
            continue;
        if (is(node, "softbreak"))
            g_string_append_c(markup, ' ');
        else if (is(node, "linebreak"))
            g_string_append_c(markup, '\n');
        else if (is(node, "code")) {
            g_string_append(markup, "<tt>");
            add_text(markup, node);
            g_string_append(markup, "</tt>");
        } else if (is(node, "text") || is(node, "html_inline"))
            add_text(markup, node);
        for (size_t i = 0; i < G_N_ELEMENTS(spans); i++)
            if (is(node, spans[i].name)) {
                g_string_append(markup, spans[i].begin);
                add_inline(markup, node);
                g_string_append(markup, spans[i].end);
            }
    }
}

/* --- pages --- */

static PangoLayout *
layout_of(Pages *self, const char *font, const char *markup, double width_pt)
{
    PangoLayout *layout = pango_cairo_create_layout(self->cairo);
    PangoFontDescription *description = pango_font_description_from_string(font);

    pango_layout_set_font_description(layout, description);
    pango_font_description_free(description);
    pango_layout_set_wrap(layout, PANGO_WRAP_WORD_CHAR);
    if (width_pt > 0)
        pango_layout_set_width(layout, (int)(width_pt * PANGO_SCALE));
    pango_layout_set_markup(layout, markup, -1);
    return layout;
}

static void
begin_page(Pages *self)
{
    g_autofree char *footer = NULL;

    if (self->page > 0)
        cairo_show_page(self->cairo);
    self->page++;
    footer = g_markup_printf_escaped("%s · %u", self->title, self->page);
    g_autoptr(PangoLayout) layout = layout_of(self, "Noto Sans CJK JP 7", footer, 0);

    cairo_move_to(self->cairo, margin_pt, bottom_pt + 12);
    pango_cairo_show_layout(self->cairo, layout);
    self->y_pt = margin_pt;
}

static void
make_room(Pages *self, double height_pt)
{
    if (self->y_pt + height_pt > bottom_pt)
        begin_page(self);
}

/* Line by line, so that what is longer than a page goes on upon the next. */
static void
put_layout(Pages *self, PangoLayout *layout, double x_pt)
{
    PangoLayoutIter *line = pango_layout_get_iter(layout);

    do {
        PangoRectangle box;

        pango_layout_iter_get_line_extents(line, NULL, &box);
        double height_pt = (double)box.height / PANGO_SCALE;
        double baseline_pt = (double)(pango_layout_iter_get_baseline(line) - box.y) / PANGO_SCALE;

        make_room(self, height_pt);
        cairo_move_to(self->cairo, x_pt + (double)box.x / PANGO_SCALE, self->y_pt + baseline_pt);
        pango_cairo_show_layout_line(self->cairo, pango_layout_iter_get_line_readonly(line));
        self->y_pt += height_pt;
    } while (pango_layout_iter_next_line(line));
    pango_layout_iter_free(line);
}

static void
put_markup(Pages *self, const char *font, const char *markup, double x_pt)
{
    g_autoptr(PangoLayout) layout = layout_of(self, font, markup, page_width_pt - margin_pt - x_pt);

    put_layout(self, layout, x_pt);
}

/* --- blocks --- */

static const char body_font[] = "Noto Sans CJK JP 9";
static const char code_font[] = "Noto Sans Mono CJK JP 6.5";
static const char cell_font[] = "Noto Sans CJK JP 7.5";

static void put_blocks(Pages *self, const xmlNode *parent, double x_pt);

static void
put_heading(Pages *self, const xmlNode *node, double x_pt)
{
    static const char *const fonts[LEVELS] = {
        [1] = "Noto Sans CJK JP Bold 18",  [2] = "Noto Sans CJK JP Bold 15",
        [3] = "Noto Sans CJK JP Bold 12",  [4] = "Noto Sans CJK JP Bold 10.5",
        [5] = "Noto Sans CJK JP Bold 9.5", [6] = "Noto Sans CJK JP Bold 9"};
    xmlChar *said = xmlGetProp(node, (const xmlChar *)"level");
    int level = CLAMP(said ? atoi((const char *)said) : 1, 1, LEVELS - 1);
    xmlChar *plain = xmlNodeGetContent(node);
    g_autofree char *name = g_strstrip(g_strdup((const char *)plain));
    g_autoptr(GString) markup = g_string_new(NULL);
    g_autofree char *target = NULL;

    xmlFree(said);
    xmlFree(plain);
    add_inline(markup, node);
    if (level <= 2 && self->y_pt > margin_pt)
        begin_page(self);
    make_room(self, 60); /* a heading does not end a page */
    target = g_strdup_printf("page=%u pos=[%.1f %.1f]", self->page, x_pt, self->y_pt);
    self->outline[level] =
        cairo_pdf_surface_add_outline(self->surface, self->outline[level - 1], name, target,
                                      level == 1 ? CAIRO_PDF_OUTLINE_FLAG_OPEN : 0);
    for (int deeper = level + 1; deeper < LEVELS; deeper++)
        self->outline[deeper] = self->outline[level];
    self->y_pt += gap_pt;
    put_markup(self, fonts[level], markup->str, x_pt);
    self->y_pt += gap_pt;
}

static void
put_code(Pages *self, const xmlNode *node, double x_pt)
{
    g_autoptr(GString) markup = g_string_new(NULL);

    add_text(markup, node);
    g_strchomp(markup->str);
    put_markup(self, code_font, markup->str, x_pt + step_pt);
    self->y_pt += gap_pt;
}

static void
put_list(Pages *self, const xmlNode *node, double x_pt)
{
    xmlChar *type = xmlGetProp(node, (const xmlChar *)"type");
    xmlChar *start = xmlGetProp(node, (const xmlChar *)"start");
    bool ordered = type && strcmp((const char *)type, "ordered") == 0;
    int number = start ? atoi((const char *)start) : 1;

    xmlFree(type);
    xmlFree(start);
    for (const xmlNode *item = node->children; item; item = item->next) {
        if (item->type != XML_ELEMENT_NODE)
            continue;
        g_autofree char *mark = ordered ? g_strdup_printf("%d.", number++) : g_strdup("•");
        g_autoptr(PangoLayout) layout = layout_of(self, body_font, mark, 0);

        make_room(self, step_pt);
        cairo_move_to(self->cairo, x_pt, self->y_pt);
        pango_cairo_show_layout(self->cairo, layout);
        put_blocks(self, item, x_pt + step_pt);
    }
}

/* --- tables --- */

typedef struct {
    size_t count;
    double widths_pt[COLUMNS_MOST];
} Columns;

static size_t
cells_of(const xmlNode *row, char **out_markup)
{
    bool head = is(row, "table_header");
    size_t count = 0;

    for (const xmlNode *cell = row->children; cell && count < COLUMNS_MOST; cell = cell->next) {
        if (cell->type != XML_ELEMENT_NODE)
            continue;
        GString *markup = g_string_new(head ? "<b>" : "");

        add_inline(markup, cell);
        g_string_append(markup, head ? "</b>" : "");
        out_markup[count++] = g_string_free(markup, FALSE);
    }
    return count;
}

/* A column is as wide as its widest cell; when that is too much, the wide ones share what the
 * narrow ones leave. */
static Columns
measure(Pages *self, const xmlNode *table, double width_pt)
{
    Columns columns = {0};
    double left_pt = 0;
    size_t wide = 0;

    for (const xmlNode *row = table->children; row; row = row->next) {
        char *markup[COLUMNS_MOST] = {NULL};
        size_t count = row->type == XML_ELEMENT_NODE ? cells_of(row, markup) : 0;

        for (size_t i = 0; i < count; i++) {
            g_autoptr(PangoLayout) layout = layout_of(self, cell_font, markup[i], 0);
            int width = 0;

            pango_layout_get_size(layout, &width, NULL);
            columns.widths_pt[i] =
                MAX(columns.widths_pt[i], (double)width / PANGO_SCALE + 2 * cell_gap_pt);
            g_free(markup[i]);
        }
        columns.count = MAX(columns.count, count);
    }
    double fair_pt = width_pt / (double)MAX(columns.count, 1);

    left_pt = width_pt;
    for (size_t i = 0; i < columns.count; i++) {
        if (columns.widths_pt[i] > fair_pt)
            wide++;
        else
            left_pt -= columns.widths_pt[i];
    }
    for (size_t i = 0; i < columns.count; i++)
        if (columns.widths_pt[i] > fair_pt)
            columns.widths_pt[i] = MIN(columns.widths_pt[i], left_pt / (double)wide);
    return columns;
}

static void
put_row(Pages *self, const xmlNode *row, const Columns *columns, double x_pt)
{
    char *markup[COLUMNS_MOST] = {NULL};
    PangoLayout *layouts[COLUMNS_MOST];
    size_t count = cells_of(row, markup);
    double height_pt = 0;

    for (size_t i = 0; i < count; i++) {
        int height = 0;

        layouts[i] = layout_of(self, cell_font, markup[i], columns->widths_pt[i] - 2 * cell_gap_pt);
        pango_layout_get_size(layouts[i], NULL, &height);
        height_pt = MAX(height_pt, (double)height / PANGO_SCALE);
        g_free(markup[i]);
    }
    make_room(self, height_pt);
    for (size_t i = 0; i < count; i++) {
        cairo_move_to(self->cairo, x_pt + cell_gap_pt, self->y_pt);
        pango_cairo_show_layout(self->cairo, layouts[i]);
        x_pt += columns->widths_pt[i];
        g_object_unref(layouts[i]);
    }
    self->y_pt += height_pt + 2;
}

static void
put_table(Pages *self, const xmlNode *table, double x_pt)
{
    double width_pt = page_width_pt - margin_pt - x_pt;
    Columns columns = measure(self, table, width_pt);

    for (const xmlNode *row = table->children; row; row = row->next) {
        if (row->type != XML_ELEMENT_NODE)
            continue;
        put_row(self, row, &columns, x_pt);
        cairo_set_line_width(self->cairo, 0.3);
        cairo_move_to(self->cairo, x_pt, self->y_pt - 1);
        cairo_line_to(self->cairo, x_pt + width_pt, self->y_pt - 1);
        cairo_stroke(self->cairo);
    }
    self->y_pt += gap_pt;
}

static void
put_block(Pages *self, const xmlNode *node, double x_pt)
{
    if (is(node, "heading"))
        put_heading(self, node, x_pt);
    else if (is(node, "paragraph")) {
        g_autoptr(GString) markup = g_string_new(NULL);

        add_inline(markup, node);
        put_markup(self, body_font, markup->str, x_pt);
        self->y_pt += gap_pt;
    } else if (is(node, "code_block"))
        put_code(self, node, x_pt);
    else if (is(node, "list"))
        put_list(self, node, x_pt);
    else if (is(node, "block_quote"))
        put_blocks(self, node, x_pt + step_pt);
    else if (is(node, "table"))
        put_table(self, node, x_pt);
}

static void
put_blocks(Pages *self, const xmlNode *parent, double x_pt)
{
    for (const xmlNode *node = parent->children; node; node = node->next)
        if (node->type == XML_ELEMENT_NODE)
            put_block(self, node, x_pt);
}

int
main(int argc, char **argv)
{
    Pages pages = {.title = argc == 3 ? argv[1] : ""};
    xmlDoc *document = NULL;

    if (argc != 3) {
        fprintf(stderr, "usage: system-pages TITLE FILE.pdf <XML\n");
        return 64;
    }
    document = xmlReadFd(0, NULL, NULL, XML_PARSE_NONET | XML_PARSE_HUGE);
    if (!document || !xmlDocGetRootElement(document)) {
        fprintf(stderr, "system-pages: this is no XML of cmark-gfm\n");
        return 65;
    }
    pages.surface = cairo_pdf_surface_create(argv[2], page_width_pt, page_height_pt);
    cairo_pdf_surface_set_metadata(pages.surface, CAIRO_PDF_METADATA_TITLE, pages.title);
    pages.cairo = cairo_create(pages.surface);
    begin_page(&pages);
    put_blocks(&pages, xmlDocGetRootElement(document), margin_pt);
    cairo_show_page(pages.cairo);
    cairo_surface_finish(pages.surface);
    cairo_status_t status = cairo_surface_status(pages.surface);

    cairo_destroy(pages.cairo);
    cairo_surface_destroy(pages.surface);
    xmlFreeDoc(document);
    if (status != CAIRO_STATUS_SUCCESS) {
        fprintf(stderr, "system-pages: %s: %s\n", argv[2], cairo_status_to_string(status));
        return 74;
    }
    return 0;
}
