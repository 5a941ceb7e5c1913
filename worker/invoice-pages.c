/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * worker/invoice-pages.c - lines of text from top to bottom, a new page when one is full.
 *
 * The layout is made once, as pieces of text with their places; the picture, the PDF and the words
 * with their boxes all come from these.
 */
#include "config.h"
#include "worker/invoice-pages.h"
#include "base/money.h"
#include "worker/rendition.h"

#include <math.h>
#include <string.h>

enum { MARGIN = 48, LABEL_WIDTH = 130, FACT_LINES_MOST = 4, CELL_LINES_MOST = 4 };
enum { INDENT = 8, DEPTH_SHOWN = 12 };
static const double BODY = 9.5; /* sizes of type, points */
static const double SMALL = 7.5;
static const double HEADING = 11;
static const double TITLE = 20;
static const double GAP = 1.45; /* from base line to base line, in sizes */
static const double ASCENT = 0.88;
static const double DESCENT = 0.22;

typedef struct {
    double x;
    double y; /* of the base line */
    double size;
    double width;
    char *text; /* NULL: a rule of this width */
} Piece;

struct DnInvoicePages {
    GPtrArray *pages; /* of GArray of Piece */
    cairo_surface_t *scratch;
    cairo_t *cairo; /* measures */
    unsigned max_pages;
    double y; /* top of what comes next */
    bool whole;
};

typedef struct {
    const char *text; /* (nullable) */
    double x;
    double width;
    bool right; /* aligned */
} Cell;

/* ---- pieces ---- */

static void
piece_clear(void *data)
{
    g_free(((Piece *)data)->text);
}

static double
width_of(const DnInvoicePages *self, const char *text, double size)
{
    cairo_text_extents_t extents;

    cairo_set_font_size(self->cairo, size);
    cairo_text_extents(self->cairo, text, &extents);
    return extents.x_advance;
}

static GArray *
current(const DnInvoicePages *self)
{
    return self->pages->pdata[self->pages->len - 1];
}

static void
begin_page(DnInvoicePages *self)
{
    GArray *page = g_array_new(FALSE, FALSE, sizeof(Piece));

    g_array_set_clear_func(page, piece_clear);
    g_ptr_array_add(self->pages, page);
    self->y = MARGIN;
}

/* Makes room for @height; false when there is none left. */
static bool
make_room(DnInvoicePages *self, double height)
{
    if (!self->whole)
        return false;
    if (self->y + height <= DN_INVOICE_HEIGHT_PT - MARGIN - 2 * SMALL)
        return true;
    if (self->pages->len >= self->max_pages) {
        self->whole = false;
        return false;
    }
    begin_page(self);
    return true;
}

static void
put(DnInvoicePages *self, double x, double top, double size, const char *text)
{
    Piece piece = {.x = x,
                   .y = top + ASCENT * size,
                   .size = size,
                   .width = width_of(self, text, size),
                   .text = g_strdup(text)};

    g_array_append_val(current(self), piece);
}

static void
rule(DnInvoicePages *self)
{
    Piece piece = {.x = MARGIN, .y = self->y, .width = DN_INVOICE_WIDTH_PT - 2 * MARGIN};

    if (!make_room(self, 2 * BODY))
        return;
    piece.y = self->y;
    g_array_append_val(current(self), piece);
    self->y += 3;
}

/* How many bytes of @text fit into @width: all, or up to a space near the end, or to a character.
 */
static size_t
fitting(const DnInvoicePages *self, const char *text, double size, double width)
{
    double used = 0;
    size_t space = 0;
    const char *at = text;

    if (width_of(self, text, size) <= width)
        return strlen(text);
    while (*at) {
        char letter[8] = {0};
        const char *next = g_utf8_next_char(at);

        memcpy(letter, at, MIN((size_t)(next - at), sizeof letter - 1));
        used += width_of(self, letter, size);
        if (used > width)
            break;
        if (*at == ' ')
            space = (size_t)(at - text);
        at = next;
    }
    if (*at && space * 3 > (size_t)(at - text) * 2)
        return space;
    return at > text ? (size_t)(at - text) : (size_t)(g_utf8_next_char(text) - text);
}

/* Puts @cell from @top on, at most @most lines; returns how many. */
static unsigned
put_cell(DnInvoicePages *self, const Cell *cell, double top, double size, unsigned most)
{
    const char *text = cell->text ? cell->text : "";
    unsigned count = 0;

    while (*text && count < most) {
        size_t taken = fitting(self, text, size, cell->width);
        bool cut = text[taken] && count + 1 == most;
        g_autofree char *part = g_strndup(text, taken);
        g_autofree char *line = g_strconcat(part, cut ? "…" : "", NULL);
        double x = cell->x;

        if (cell->right)
            x += MAX(0, cell->width - width_of(self, line, size));
        put(self, x, top + count * size * GAP, size, line);
        text += taken;
        while (*text == ' ')
            text++;
        count++;
    }
    return count;
}

/* Lines that a row of @cells takes. */
static unsigned
lines_of(const DnInvoicePages *self, const Cell *cells, size_t count, double size, unsigned most)
{
    unsigned lines = 1;

    for (size_t i = 0; i < count; i++) {
        const char *text = cells[i].text ? cells[i].text : "";
        unsigned own = 0;

        while (*text && own < most) {
            text += fitting(self, text, size, cells[i].width);
            while (*text == ' ')
                text++;
            own++;
        }
        lines = MAX(lines, own);
    }
    return lines;
}

static void
row(DnInvoicePages *self, const Cell *cells, size_t count, double size, unsigned most)
{
    double height = lines_of(self, cells, count, size, most) * size * GAP;

    if (!make_room(self, height))
        return;
    for (size_t i = 0; i < count; i++)
        put_cell(self, &cells[i], self->y, size, most);
    self->y += height;
}

/* ---- the invoice ---- */

static void
fact(DnInvoicePages *self, const char *label, const char *value)
{
    const Cell cells[] = {{.text = label, .x = MARGIN, .width = LABEL_WIDTH - 6},
                          {.text = value,
                           .x = MARGIN + LABEL_WIDTH,
                           .width = DN_INVOICE_WIDTH_PT - 2 * MARGIN - LABEL_WIDTH}};

    if (value)
        row(self, cells, G_N_ELEMENTS(cells), BODY, FACT_LINES_MOST);
}

static void
heading(DnInvoicePages *self, const char *text)
{
    const Cell cell = {.text = text, .x = MARGIN, .width = DN_INVOICE_WIDTH_PT - 2 * MARGIN};

    self->y += 8;
    if (!make_room(self, HEADING * GAP + 3 * BODY)) /* not alone at the foot of a page */
        return;
    row(self, &cell, 1, HEADING, 1);
    rule(self);
}

static char *
day(const DnDate *date)
{
    char text[DN_DATE_TEXT + 1];

    if (date->year == 0)
        return NULL;
    dn_date_format(date, text);
    return g_strdup(text);
}

static void
fact_day(DnInvoicePages *self, const char *label, const DnDate *date)
{
    g_autofree char *text = day(date);

    fact(self, label, text);
}

static char *
money(const DnEinvoice *invoice, int64_t amount)
{
    return amount == INT64_MIN ? NULL : dn_money_format_grouped(amount, invoice->currency);
}

static void
fact_money(DnInvoicePages *self, const DnEinvoice *invoice, const char *label, int64_t amount)
{
    g_autofree char *figure = money(invoice, amount);
    g_autofree char *text = figure ? g_strdup_printf("%s %s", figure, invoice->currency) : NULL;

    fact(self, label, text);
}

static void
head(DnInvoicePages *self, const DnEinvoice *invoice)
{
    const Cell title = {.text = invoice->credit ? "返還請求書 Credit note" : "請求書 Invoice",
                        .x = MARGIN,
                        .width = DN_INVOICE_WIDTH_PT - 2 * MARGIN};
    g_autofree char *from = day(&invoice->period_from);
    g_autofree char *to = day(&invoice->period_to);
    g_autofree char *period =
        from || to ? g_strdup_printf("%s - %s", from ? from : "", to ? to : "") : NULL;

    row(self, &title, 1, TITLE, 1);
    rule(self);
    fact(self, "番号 Number", invoice->number);
    fact_day(self, "発行日 Issued", &invoice->issued);
    fact_day(self, "引渡日 Delivered", &invoice->delivered);
    fact(self, "取引期間 Period", period);
    fact_day(self, "支払期日 Due", &invoice->due);
    fact_money(self, invoice, "合計 Total with tax", invoice->total);
    if (invoice->payable != invoice->total)
        fact_money(self, invoice, "支払額 Payable", invoice->payable);
}

static void
party(DnInvoicePages *self, const char *title, const DnEinvoiceParty *who)
{
    heading(self, title);
    fact(self, "名称 Name", who->name);
    fact(self, "商号 Trading as", who->trading_name);
    fact(self, "登録番号 Registration", who->registration_number);
    if (g_strcmp0(who->tax_number, who->registration_number) != 0)
        fact(self, "税番号 Tax number", who->tax_number);
    fact(self, "住所 Address", who->address);
    fact(self, "電話 Telephone", who->telephone);
}

static void
line_row(DnInvoicePages *self, const char *const texts[6])
{
    static const struct {
        double x;
        double width;
        bool right;
    } columns[] = {{0, 30, false},  {34, 205, false}, {243, 70, true},
                   {317, 70, true}, {391, 34, true},  {429, 70, true}};
    Cell cells[G_N_ELEMENTS(columns)];

    for (size_t i = 0; i < G_N_ELEMENTS(columns); i++)
        cells[i] = (Cell){.text = texts[i],
                          .x = MARGIN + columns[i].x,
                          .width = columns[i].width,
                          .right = columns[i].right};
    row(self, cells, G_N_ELEMENTS(cells), BODY, CELL_LINES_MOST);
}

static void
lines_table(DnInvoicePages *self, const DnEinvoice *invoice)
{
    static const char *const titles[] = {"No.", "品目 Item", "数量", "単価", "%", "金額"};

    if (invoice->lines->len == 0)
        return;
    heading(self, "明細 Lines");
    line_row(self, titles);
    rule(self);
    for (guint i = 0; i < invoice->lines->len && self->whole; i++) {
        const DnEinvoiceLine *line = invoice->lines->pdata[i];
        g_autofree char *amount = money(invoice, line->amount);
        const char *texts[] = {line->number, line->description, line->quantity,
                               line->price,  line->rate,        amount};

        line_row(self, texts);
    }
}

static void
sums(DnInvoicePages *self, const DnEinvoice *invoice)
{
    heading(self, "税と合計 Taxes and totals");
    for (guint i = 0; i < invoice->taxes->len; i++) {
        const DnTaxLine *tax = &g_array_index(invoice->taxes, DnTaxLine, i);
        g_autofree char *base = money(invoice, tax->base);
        g_autofree char *amount = money(invoice, tax->tax);
        g_autofree char *label = g_strdup_printf("%g%% 対象 Taxed", tax->rate_permille / 10.0);
        g_autofree char *text =
            g_strdup_printf("%s  税 Tax %s", base ? base : "", amount ? amount : "");

        fact(self, label, text);
    }
    fact_money(self, invoice, "税抜 Without tax", invoice->net);
    fact_money(self, invoice, "消費税 Tax", invoice->tax);
    fact_money(self, invoice, "税込 With tax", invoice->total);
    fact_money(self, invoice, "支払額 Payable", invoice->payable);
    fact(self, "備考 Note", invoice->note);
}

static void
elements_list(DnInvoicePages *self, const DnEinvoice *invoice)
{
    heading(self, "XML の全項目 All elements of the file");
    for (guint i = 0; i < invoice->elements->len && self->whole; i++) {
        const DnEinvoiceElement *element = invoice->elements->pdata[i];
        double x = MARGIN + INDENT * MIN(element->depth, DEPTH_SHOWN);
        g_autofree char *text =
            g_strconcat(element->name, element->text ? ": " : "", element->text, NULL);
        const Cell cell = {.text = text, .x = x, .width = DN_INVOICE_WIDTH_PT - MARGIN - x};

        row(self, &cell, 1, SMALL, CELL_LINES_MOST);
    }
}

static void
number_pages(DnInvoicePages *self, const DnEinvoice *invoice)
{
    for (guint i = 0; i < self->pages->len; i++) {
        g_autofree char *text =
            g_strdup_printf("%s  %u / %u", invoice->syntax, i + 1, self->pages->len);
        double width = width_of(self, text, SMALL);
        Piece piece = {.x = DN_INVOICE_WIDTH_PT - MARGIN - width,
                       .y = DN_INVOICE_HEIGHT_PT - MARGIN,
                       .size = SMALL,
                       .width = width,
                       .text = g_steal_pointer(&text)};

        g_array_append_val((GArray *)self->pages->pdata[i], piece);
    }
}

DnInvoicePages *
dn_invoice_pages_new(const DnEinvoice *invoice, unsigned max_pages)
{
    DnInvoicePages *self = g_new0(DnInvoicePages, 1);

    self->pages = g_ptr_array_new_with_free_func((GDestroyNotify)g_array_unref);
    self->scratch = cairo_recording_surface_create(CAIRO_CONTENT_COLOR, NULL);
    self->cairo = cairo_create(self->scratch);
    dn_rendition_select_font(self->cairo);
    self->max_pages = MAX(1, max_pages);
    self->whole = true;
    begin_page(self);
    head(self, invoice);
    party(self, "発行者 Seller", &invoice->seller);
    party(self, "宛先 Buyer", &invoice->buyer);
    lines_table(self, invoice);
    sums(self, invoice);
    elements_list(self, invoice);
    number_pages(self, invoice);
    return self;
}

void
dn_invoice_pages_free(DnInvoicePages *self)
{
    if (!self)
        return;
    g_clear_pointer(&self->pages, g_ptr_array_unref);
    g_clear_pointer(&self->cairo, cairo_destroy);
    g_clear_pointer(&self->scratch, cairo_surface_destroy);
    g_free(self);
}

unsigned
dn_invoice_pages_count(const DnInvoicePages *self)
{
    return self->pages->len;
}

bool
dn_invoice_pages_is_whole(const DnInvoicePages *self)
{
    return self->whole;
}

/* ---- what comes of it ---- */

static double
pixels(double points)
{
    return points * DN_INVOICE_DPI / 72;
}

DnPageInfo
dn_invoice_pages_info(const DnInvoicePages *self G_GNUC_UNUSED)
{
    return (DnPageInfo){.width_px = (uint32_t)pixels(DN_INVOICE_WIDTH_PT),
                        .height_px = (uint32_t)pixels(DN_INVOICE_HEIGHT_PT),
                        .dpi_x = DN_INVOICE_DPI,
                        .dpi_y = DN_INVOICE_DPI,
                        .orientation = 1,
                        .bits_per_sample = 8,
                        .colour = DN_COLOUR_RGB,
                        .rendered = true,
                        .compression = "none"};
}

static GPtrArray *
words_of(const DnInvoicePages *self, const Piece *piece)
{
    g_auto(GStrv) parts = g_strsplit(piece->text, " ", -1);
    GPtrArray *words = dn_word_array_new();
    double space = width_of(self, " ", piece->size);
    double x = piece->x;

    for (char **part = parts; *part; part++) {
        double width = width_of(self, *part, piece->size);
        DnBox box = {.x = (int32_t)pixels(x),
                     .y = (int32_t)pixels(piece->y - ASCENT * piece->size),
                     .width = MAX(1, (int32_t)ceil(pixels(width))),
                     .height = (int32_t)pixels((ASCENT + DESCENT) * piece->size)};

        if (**part)
            g_ptr_array_add(words, dn_word_new(*part, &box, 1));
        x += width + space;
    }
    return words;
}

DnPageText *
dn_invoice_pages_text(const DnInvoicePages *self, unsigned index)
{
    const GArray *page = self->pages->pdata[index];
    DnPageInfo info = dn_invoice_pages_info(self);
    DnPageText *text =
        dn_page_text_new(index + 1, info.width_px, info.height_px, DN_INVOICE_DPI, "xml");
    GPtrArray *runs = g_ptr_array_new_with_free_func((GDestroyNotify)g_ptr_array_unref);

    for (guint i = 0; i < page->len; i++) {
        const Piece *piece = &g_array_index(page, Piece, i);

        if (piece->text)
            g_ptr_array_add(runs, words_of(self, piece));
    }
    dn_page_text_take_runs(text, runs);
    return text;
}

void
dn_invoice_pages_draw(const DnInvoicePages *self, unsigned index, cairo_t *cairo)
{
    const GArray *page = self->pages->pdata[index];

    cairo_set_source_rgb(cairo, 0, 0, 0);
    cairo_set_line_width(cairo, 0.5);
    dn_rendition_select_font(cairo);
    for (guint i = 0; i < page->len; i++) {
        const Piece *piece = &g_array_index(page, Piece, i);

        cairo_move_to(cairo, piece->x, piece->y);
        if (piece->text) {
            cairo_set_font_size(cairo, piece->size);
            cairo_show_text(cairo, piece->text);
        } else {
            cairo_rel_line_to(cairo, piece->width, 0);
            cairo_stroke(cairo);
        }
    }
}

cairo_surface_t *
dn_invoice_pages_image(const DnInvoicePages *self, unsigned index)
{
    DnPageInfo info = dn_invoice_pages_info(self);
    cairo_surface_t *image =
        cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)info.width_px, (int)info.height_px);
    cairo_t *cairo = cairo_create(image);

    cairo_set_source_rgb(cairo, 1, 1, 1);
    cairo_paint(cairo);
    cairo_scale(cairo, pixels(1), pixels(1));
    dn_invoice_pages_draw(self, index, cairo);
    cairo_destroy(cairo);
    return image;
}
