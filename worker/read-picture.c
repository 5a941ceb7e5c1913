/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * worker/read-picture.c - find the paper, read it; when that fails, turn it; when there are
 * several, each for itself.
 */
#include "config.h"
#include "worker/read-picture.h"
#include "base/clock.h"
#include "worker/normalise.h"

#include <math.h>
#include <stdlib.h>

enum { SHEET_RECEIPTS_MOST = 24, PER_MILLE = 1000 };

/* The main paper of a picture is so many times as large as what else is light in it. */
static const double MAIN_LEAST = 3;
/* Of a value that shows that a paper is a receipt of its own. */
static const double TOLD_LEAST = 0.5;
/* Of a value that leaves no room for others. */
static const double CERTAIN = 0.93;
/* Only a sheet that is at least so broad for its height has receipts side by side. */
static const double BROAD_LEAST = 0.6;
/* Papers whose tops lie closer, by the smaller one's height, stand in one row. */
static const double ROW_SHARE = 0.5;

typedef struct {
    const DnPictureOptions *options;
    int64_t end_ms;
    bool may_be_sheet;
} Look;

static void
text_free(gpointer data)
{
    DnPictureText *self = data;

    if (!self)
        return;
    dn_page_text_free(self->text);
    g_ptr_array_unref(self->operations);
    g_free(self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DnPictureText, text_free)

void
dn_picture_free(DnPicture *self)
{
    if (!self)
        return;
    g_ptr_array_unref(self->texts);
    g_free(self);
}

/* ---- one paper ---- */

/* A page, and how it came about. */
typedef struct {
    DnPixmap *pixels;
    GPtrArray *operations;
    DnMap to_upright;
} Page;

static void
page_clear(Page *self)
{
    g_clear_pointer(&self->pixels, dn_pixmap_free);
    g_clear_pointer(&self->operations, g_ptr_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Page, page_clear)

static GPtrArray *
copy_operations(const GPtrArray *operations)
{
    GPtrArray *copy = g_ptr_array_new_with_free_func(g_free);

    for (guint i = 0; i < operations->len; i++)
        g_ptr_array_add(copy, g_strdup(g_ptr_array_index(operations, i)));
    return copy;
}

/* What lies in @area (NULL: all) of the upright picture, ready to be read. */
static bool
prepare(const Look *look, const DnPixmap *upright, const DnQuad *area, const GPtrArray *operations,
        Page *out, GError **error)
{
    out->operations = copy_operations(operations);
    out->pixels = dn_normalise_page(upright, area, look->options->limits, out->operations,
                                    &out->to_upright, error);
    return out->pixels != NULL;
}

/* *@out_turn (nullable): asks whether the page lies the wrong way; then the text is poor. */
static DnPictureText *
read_text(const Look *look, const Page *page, unsigned *out_turn, GError **error)
{
    const DnPictureOptions *options = look->options;
    g_autoptr(DnPictureText) self = g_new0(DnPictureText, 1);
    /* At least 1: a deadline of 0 would be none. */
    DnReadPageOptions reading = {
        .profile = options->profile,
        .before = options->before,
        .before_count = options->before_count,
        .latin = options->latin,
        .line = options->line,
        .vertical = options->vertical,
        .column = options->column,
        .deadline_ms = (uint32_t)CLAMP(look->end_ms - dn_clock_monotonic_ms(), 1, G_MAXINT32),
        .out_turn = out_turn};

    self->operations = copy_operations(page->operations);
    self->to_upright = page->to_upright;
    if (!dn_read_page(options->recognizer, page->pixels, options->page, &reading, &self->text,
                      &self->complete, error))
        return NULL;
    return g_steal_pointer(&self);
}

/* *@out_text (transfer full): no words, when the page has no print; else it is left alone. */
static bool
skip_blank(const Look *look, const Page *page, DnPictureText **out_text, GError **error)
{
    const DnPixmap *pixels = page->pixels;
    bool blank = false;

    if (look->options->recognizer->driver->blind)
        return true;
    if (!dn_pixmap_is_blank(pixels, &blank, error))
        return false;
    if (!blank)
        return true;
    *out_text = g_new0(DnPictureText, 1);
    (*out_text)->operations = copy_operations(page->operations);
    (*out_text)->to_upright = page->to_upright;
    (*out_text)->text = dn_page_text_new(look->options->page, pixels->width_px, pixels->height_px,
                                         pixels->dpi_x, DN_PICTURE_BLANK);
    (*out_text)->complete = true;
    return true;
}

static double
quad_area(const DnQuad *quad)
{
    double width = 0;
    double height = 0;

    dn_quad_size(quad, &width, &height);
    return width * height;
}

/* The paper that the picture is of, or NULL when it is not clear. */
static const DnQuad *
main_paper(const GArray *papers)
{
    const DnQuad *largest = NULL;
    double next = 0;

    for (guint i = 0; i < papers->len; i++) {
        const DnQuad *quad = &g_array_index(papers, DnQuad, i);

        if (!largest || quad_area(quad) > quad_area(largest)) {
            next = largest ? quad_area(largest) : next;
            largest = quad;
        } else {
            next = MAX(next, quad_area(quad));
        }
    }
    return largest && quad_area(largest) >= MAIN_LEAST * next ? largest : NULL;
}

/* ---- several ---- */

typedef enum {
    NOTHING, /* hardly a word */
    WORDS,
    RECEIPT, /* it has what makes a receipt: a date and an amount */
} Worth;

/* *@out_key (transfer full): what tells this receipt from another. */
static Worth
worth_of(const DnPageText *text, const DnReadingProfile *profile, char **out_key)
{
    const DnPageText *pages[] = {text};
    g_autoptr(DnReading) reading = dn_reading_new(pages, 1, profile);

    *out_key = NULL;
    if (dn_field_confidence(&reading->date) < TOLD_LEAST ||
        dn_field_confidence(&reading->amount) < TOLD_LEAST)
        return dn_page_text_is_poor(text) ? NOTHING : WORDS;
    *out_key = g_strdup_printf("%s %" G_GINT64_FORMAT, dn_field_best(&reading->date)->text,
                               dn_field_best(&reading->amount)->number);
    return RECEIPT;
}

static double
top_of(const DnQuad *quad)
{
    return (quad->y[0] + quad->y[1]) / 2;
}

static double
left_of(const DnQuad *quad)
{
    return (quad->x[0] + quad->x[3]) / 2;
}

static int
by_top(gconstpointer a, gconstpointer b)
{
    double difference = top_of(a) - top_of(b);

    return difference < 0 ? -1 : difference > 0;
}

static int
by_left(gconstpointer a, gconstpointer b)
{
    double difference = left_of(a) - left_of(b);

    return difference < 0 ? -1 : difference > 0;
}

/* As one reads: rows from the top, in each from the left. */
static void
sort_papers(GArray *papers)
{
    g_array_sort(papers, by_top);
    for (guint from = 0, to = 0; from < papers->len; from = to) {
        const DnQuad *first = &g_array_index(papers, DnQuad, from);
        double height = (first->y[2] + first->y[3]) / 2 - top_of(first);

        for (to = from + 1; to < papers->len; to++) {
            const DnQuad *next = &g_array_index(papers, DnQuad, to);
            double least = MIN(height, (next->y[2] + next->y[3]) / 2 - top_of(next));

            if (top_of(next) - top_of(first) > ROW_SHARE * least)
                break;
        }
        qsort(&g_array_index(papers, DnQuad, from), to - from, sizeof(DnQuad), by_left);
    }
}

/* (transfer full) What stands on each of the papers that are seen; NULL without error when fewer
 * than two of them are receipts. */
static GPtrArray *
read_papers(Look *look, const DnPixmap *upright, const GArray *papers, const GPtrArray *operations,
            GError **error)
{
    g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(text_free);
    unsigned receipts = 0;

    for (guint i = 0; i < papers->len; i++) {
        g_auto(Page) page = {0};
        g_autoptr(DnPictureText) text = NULL;
        g_autofree char *key = NULL;

        if (!prepare(look, upright, &g_array_index(papers, DnQuad, i), operations, &page, error) ||
            !(text = read_text(look, &page, NULL, error)))
            return NULL;
        Worth worth = worth_of(text->text, look->options->profile, &key);

        receipts += worth == RECEIPT;
        if (worth != NOTHING)
            g_ptr_array_add(texts, g_steal_pointer(&text));
    }
    look->may_be_sheet = receipts < 2 && texts->len >= 2;
    return receipts >= 2 ? g_steal_pointer(&texts) : NULL;
}

/* (transfer full) *@out_key (transfer full): NULL when the block is no receipt. */
static DnPictureText *
read_block(const Look *look, const Page *page, const DnQuad *block, char **out_key, GError **error)
{
    g_auto(Page)
        part = {.operations = copy_operations(page->operations), .to_upright = page->to_upright};
    DnPictureText *text = NULL;

    part.pixels = dn_normalise_part(page->pixels, block, look->options->limits, part.operations,
                                    &part.to_upright, error);
    if (!part.pixels || !(text = read_text(look, &part, NULL, error)))
        return NULL;
    worth_of(text->text, look->options->profile, out_key);
    return text;
}

/* Do both stand in one column, @below under @block? */
static bool
is_below(const DnQuad *block, const DnQuad *below)
{
    return below->x[0] == block->x[0] && below->y[0] >= block->y[0];
}

/* (transfer full) What stands in each of the blocks, when each is a receipt unlike the others; NULL
 * without error when one is not. A receipt may have a gap of its own: a block that is none is taken
 * together with the next one below it. */
static GPtrArray *
read_blocks(Look *look, const Page *page, const GArray *blocks, GError **error)
{
    g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(text_free);
    g_autoptr(GHashTable) keys = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    for (guint i = 0; i < blocks->len; i++) {
        DnQuad block = g_array_index(blocks, DnQuad, i);
        char *key = NULL;
        g_autoptr(DnPictureText) text = read_block(look, page, &block, &key, error);

        while (text && !key && i + 1 < blocks->len &&
               is_below(&block, &g_array_index(blocks, DnQuad, i + 1))) {
            const DnQuad *below = &g_array_index(blocks, DnQuad, ++i);

            block.y[2] = block.y[3] = below->y[2];
            text_free(text);
            text = read_block(look, page, &block, &key, error);
        }
        if (!text)
            return NULL;
        if (!key || !g_hash_table_add(keys, key)) {
            look->may_be_sheet = texts->len >= 2;
            return NULL;
        }
        g_ptr_array_add(texts, g_steal_pointer(&text));
    }
    return texts->len >= 2 ? g_steal_pointer(&texts) : NULL;
}

/* ---- the picture ---- */

/* (transfer full) The words of @text that stand in @block. */
static DnPageText *
words_in(const DnPageText *text, const DnQuad *block)
{
    DnPageText *part =
        dn_page_text_new(text->page, text->width_px, text->height_px, text->dpi, text->origin);
    GPtrArray *words = dn_word_array_new();

    for (guint i = 0; i < text->lines->len; i++) {
        const DnLine *line = g_ptr_array_index(text->lines, i);

        for (guint k = 0; k < line->words->len; k++) {
            const DnWord *word = g_ptr_array_index(line->words, k);
            double x = word->box.x + word->box.width / 2.0;
            double y = word->box.y + word->box.height / 2.0;

            if (x >= block->x[0] && x < block->x[2] && y >= block->y[0] && y < block->y[2])
                g_ptr_array_add(words, dn_word_new(word->text, &word->box, word->confidence));
        }
    }
    dn_page_text_take_words(part, words);
    return part;
}

/* Are the values of @text, which was read from the whole page, those of one document? Then they are
 * certain, and hardly a block has a date of its own. */
static bool
is_one(const Look *look, const DnPageText *text, const GArray *blocks)
{
    const DnPageText *whole[] = {text};
    g_autoptr(DnReading) reading = dn_reading_new(whole, 1, look->options->profile);
    unsigned dated = 0;

    if (dn_field_confidence(&reading->date) < CERTAIN ||
        dn_field_confidence(&reading->amount) < CERTAIN)
        return false;
    for (guint i = 0; i < blocks->len; i++) {
        g_autoptr(DnPageText) words = words_in(text, &g_array_index(blocks, DnQuad, i));
        const DnPageText *part[] = {words};
        g_autoptr(DnReading) own = dn_reading_new(part, 1, look->options->profile);

        dated += own->date.candidates->len > 0;
    }
    return dated < 2;
}

/* (transfer full) The receipts side by side on a sheet, one by one; NULL without error when there
 * are none. @text: of the whole of @page. */
static GPtrArray *
read_columns(Look *look, const Page *page, const DnPageText *text, GError **error)
{
    if (page->pixels->width_px < BROAD_LEAST * page->pixels->height_px)
        return NULL;
    g_autoptr(GArray) blocks = dn_pixmap_find_columns(page->pixels, look->options->limits, error);

    return blocks && blocks->len >= 2 && blocks->len <= SHEET_RECEIPTS_MOST &&
                   !is_one(look, text, blocks)
               ? read_blocks(look, page, blocks, error)
               : NULL;
}

/* (transfer full) What stands on the upright picture, or the part of it that is wanted. */
static GPtrArray *
read_wanted(Look *look, const DnPixmap *upright, const GPtrArray *operations, unsigned *out_turn,
            GError **error)
{
    g_autoptr(GArray) papers = dn_pixmap_find_papers(upright, look->options->limits, error);
    g_autoptr(DnPictureText) text = NULL;
    g_autoptr(GPtrArray) texts = NULL;
    g_autoptr(GError) problem = NULL;
    g_auto(Page) page = {0};
    bool sheet = look->options->sheet;

    if (!papers || !prepare(look, upright, main_paper(papers), operations, &page, error) ||
        !skip_blank(look, &page, &text, error))
        return NULL;
    if (!text && sheet && papers->len >= 2 && papers->len <= SHEET_RECEIPTS_MOST) {
        sort_papers(papers);
        texts = read_papers(look, upright, papers, operations, &problem);
        sheet = false;
    }
    if (!text && !texts && !problem) {
        text = read_text(look, &page, out_turn, &problem);
        if (text && sheet && !(out_turn && *out_turn != 1))
            texts = read_columns(look, &page, text->text, &problem);
    }
    if (problem) {
        g_propagate_error(error, g_steal_pointer(&problem));
        return NULL;
    }
    if (!texts) {
        texts = g_ptr_array_new_with_free_func(text_free);
        g_ptr_array_add(texts, g_steal_pointer(&text));
    }
    return g_steal_pointer(&texts);
}

/* The corners of what is wanted of the picture, on whole pixels. */
static DnQuad
wanted_quad(const DnBox *area, const DnPixmap *upright)
{
    double left = floor((double)upright->width_px * area->x / PER_MILLE);
    double top = floor((double)upright->height_px * area->y / PER_MILLE);
    double right = ceil((double)upright->width_px * (area->x + area->width) / PER_MILLE);
    double bottom = ceil((double)upright->height_px * (area->y + area->height) / PER_MILLE);

    return (DnQuad){{left, right, right, left}, {top, top, bottom, bottom}};
}

/* (transfer full) What stands on the upright picture. */
static GPtrArray *
read_upright(Look *look, const DnPixmap *upright, const GPtrArray *operations, unsigned *out_turn,
             GError **error)
{
    const DnBox *area = &look->options->area;

    if (area->width == 0)
        return read_wanted(look, upright, operations, out_turn, error);
    DnQuad quad = wanted_quad(area, upright);
    DnMap to_upright = dn_map_identity();
    g_autoptr(GPtrArray) noted = copy_operations(operations);
    g_autoptr(DnPixmap) part =
        dn_normalise_part(upright, &quad, look->options->limits, noted, &to_upright, error);
    GPtrArray *texts = part ? read_wanted(look, part, noted, out_turn, error) : NULL;

    for (guint i = 0; texts && i < texts->len; i++) {
        DnPictureText *text = g_ptr_array_index(texts, i);

        text->to_upright = dn_map_then(&text->to_upright, &to_upright);
    }
    return texts;
}

DnPicture *
dn_read_picture(const DnPixmap *captured, unsigned orientation, const DnPictureOptions *options,
                GError **error)
{
    Look look = {.options = options, .end_ms = dn_clock_monotonic_ms() + options->deadline_ms};
    g_autoptr(GPtrArray) operations = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(DnPixmap) upright =
        dn_normalise_upright(captured, orientation, options->limits, operations, error);
    unsigned turn = 1;
    g_autoptr(GPtrArray) texts =
        upright ? read_upright(&look, upright, operations, &turn, error) : NULL;

    if (texts && turn != 1) {
        DnPixmap *turned = dn_pixmap_orient(upright, turn, options->limits, error);

        if (!turned)
            return NULL;
        dn_pixmap_free(upright);
        upright = turned;
        g_ptr_array_add(operations, g_strdup_printf("orient %u", turn));
        g_ptr_array_unref(texts);
        texts = read_upright(&look, upright, operations, NULL, error);
    }
    if (!texts)
        return NULL;
    DnPicture *self = g_new0(DnPicture, 1);

    self->orientation = dn_orientation_then(orientation, turn);
    self->texts = g_steal_pointer(&texts);
    self->may_be_sheet = look.may_be_sheet;
    return self;
}
