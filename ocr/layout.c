/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ocr/layout.c - from loose words to lines.
 *
 * Runs are taken from left to right; each goes to the line whose last word it overlaps most in
 * height. Comparing with the last word, not with the whole line, lets a line climb or fall across a
 * page that is a little skewed. A word much taller than its neighbours (a logo, a stroke of a
 * frame) does not glue the lines it crosses.
 */
#include "config.h"
#include "ocr/page-text.h"
#include "base/text.h"

#include <math.h>

static const double OVERLAP_LEAST = 0.55; /* of the lower of the two words */
static const double HEIGHT_RATIO_MOST = 3.5;
static const double GAP_OF_A_SPACE = 0.30; /* of the height: between Latin and CJK characters */
static const double GAP_OF_A_SPACE_DOWN = 0.45; /* of the width, in a column */
static const double GAP_OF_A_CELL = 1.5; /* of the height: a text layer's word never spans it */
enum { RUNS_MOST = 50000 };              /* a page that has more is not read to its end */
enum { GLYPHS_LEAST = 8 };

static double
overlap_of(const DnBox *a, const DnBox *b)
{
    double top = MAX(a->y, b->y);
    double bottom = MIN((double)a->y + a->height, (double)b->y + b->height);
    double lower = MAX(1, MIN(a->height, b->height));
    double taller = MAX(1, MAX(a->height, b->height));

    return taller / lower > HEIGHT_RATIO_MOST ? 0 : (bottom - top) / lower;
}

static const DnWord *
last_word(const DnLine *line)
{
    return g_ptr_array_index(line->words, line->words->len - 1);
}

static int
by_left(gconstpointer a, gconstpointer b)
{
    const GPtrArray *left = *(GPtrArray *const *)a;
    const GPtrArray *right = *(GPtrArray *const *)b;
    const DnWord *first = g_ptr_array_index(left, 0);
    const DnWord *second = g_ptr_array_index(right, 0);

    if (first->box.x != second->box.x)
        return first->box.x < second->box.x ? -1 : 1;
    return (first->box.y > second->box.y) - (first->box.y < second->box.y);
}

static int
by_middle(gconstpointer a, gconstpointer b)
{
    const DnLine *first = *(DnLine *const *)a;
    const DnLine *second = *(DnLine *const *)b;
    int64_t first_middle = (int64_t)first->box.y * 2 + first->box.height;
    int64_t second_middle = (int64_t)second->box.y * 2 + second->box.height;

    if (first_middle != second_middle)
        return first_middle < second_middle ? -1 : 1;
    return (first->box.x > second->box.x) - (first->box.x < second->box.x);
}

static bool
space_between(const DnWord *left, const DnWord *right)
{
    gunichar before = g_utf8_get_char(g_utf8_prev_char(left->text + strlen(left->text)));
    gunichar after = g_utf8_get_char(right->text);
    bool before_cjk = dn_text_is_cjk(before);
    bool after_cjk = dn_text_is_cjk(after);
    int32_t gap_px = right->box.x - (left->box.x + left->box.width);

    if (before_cjk && after_cjk)
        return false;
    if (!before_cjk && !after_cjk)
        return true;
    return gap_px > GAP_OF_A_SPACE * MIN(left->box.height, right->box.height);
}

static void
finish_line(DnLine *line)
{
    GString *text = g_string_new(NULL);

    line->box = (DnBox){0};
    for (guint i = 0; i < line->words->len; i++) {
        const DnWord *word = g_ptr_array_index(line->words, i);

        if (i > 0 && space_between(g_ptr_array_index(line->words, i - 1), word))
            g_string_append_c(text, ' ');
        g_string_append(text, word->text);
        line->box = dn_box_union(&line->box, &word->box);
    }
    line->text = g_string_free(text, FALSE);
}

/* The line that @word continues, or NULL. */
static DnLine *
line_of(const GPtrArray *lines, const DnWord *word)
{
    DnLine *best = NULL;
    double best_overlap = OVERLAP_LEAST;

    for (guint i = 0; i < lines->len; i++) {
        DnLine *line = g_ptr_array_index(lines, i);
        const DnWord *last = last_word(line);
        double overlap = overlap_of(&last->box, &word->box);
        int32_t inside_px = last->box.x + last->box.width - word->box.x;

        /* Words that stand over each other are two readings of one place, or two lines. */
        if (inside_px > MIN(last->box.width, word->box.width) / 2)
            continue;
        if (overlap > best_overlap) {
            best = line;
            best_overlap = overlap;
        }
    }
    return best;
}

void
dn_page_text_take_runs(DnPageText *self, GPtrArray *runs)
{
    g_autoptr(GPtrArray) sorted = g_ptr_array_new();

    for (guint i = 0; i < runs->len && i < RUNS_MOST; i++) {
        GPtrArray *run = g_ptr_array_index(runs, i);

        if (run->len > 0)
            g_ptr_array_add(sorted, run);
    }
    g_ptr_array_sort(sorted, by_left);
    for (guint i = 0; i < sorted->len; i++) {
        GPtrArray *run = g_ptr_array_index(sorted, i);
        DnLine *line = line_of(self->lines, g_ptr_array_index(run, 0));

        if (!line) {
            line = g_new0(DnLine, 1);
            line->words = dn_word_array_new();
            g_ptr_array_add(self->lines, line);
        }
        while (run->len > 0)
            g_ptr_array_add(line->words, g_ptr_array_steal_index(run, 0));
    }
    for (guint i = 0; i < self->lines->len; i++)
        finish_line(g_ptr_array_index(self->lines, i));
    g_ptr_array_sort(self->lines, by_middle);
    g_ptr_array_unref(runs);
}

static void
finish_column(DnLine *line)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (guint i = 0; i < line->words->len; i++) {
        const DnWord *word = g_ptr_array_index(line->words, i);
        const DnWord *above = i > 0 ? g_ptr_array_index(line->words, i - 1) : NULL;

        if (above && word->box.y - (above->box.y + above->box.height) >
                         GAP_OF_A_SPACE_DOWN * word->box.width)
            g_string_append_c(text, ' ');
        g_string_append(text, word->text);
        line->box = dn_box_union(&line->box, &word->box);
    }
    line->text = g_string_free(g_steal_pointer(&text), FALSE);
}

void
dn_page_text_take_columns(DnPageText *self, GPtrArray *runs)
{
    for (guint i = 0; i < runs->len && i < RUNS_MOST; i++) {
        GPtrArray *run = g_ptr_array_index(runs, i);

        if (run->len == 0)
            continue;
        DnLine *line = g_new0(DnLine, 1);

        line->words = g_ptr_array_ref(run);
        finish_column(line);
        g_ptr_array_add(self->lines, line);
    }
    g_ptr_array_unref(runs);
    self->down = true;
}

DnBox
dn_box_stand(const DnBox *laid, uint32_t width_px)
{
    return (DnBox){(int32_t)width_px - laid->y - laid->height, laid->x, laid->height, laid->width};
}

static DnBox
laid_box(const DnBox *box, uint32_t width_px)
{
    return (DnBox){box->y, (int32_t)width_px - box->x - box->width, box->height, box->width};
}

DnPageText *
dn_page_text_lay(const DnPageText *self)
{
    DnPageText *text =
        dn_page_text_new(self->page, self->height_px, self->width_px, self->dpi, self->origin);

    for (guint i = 0; i < self->lines->len; i++) {
        const DnLine *line = g_ptr_array_index(self->lines, i);
        DnLine *laid = g_new0(DnLine, 1);

        laid->words = dn_word_array_new();
        laid->box = laid_box(&line->box, self->width_px);
        laid->text = g_strdup(line->text);
        for (guint k = 0; k < line->words->len; k++) {
            const DnWord *word = g_ptr_array_index(line->words, k);
            DnBox box = laid_box(&word->box, self->width_px);

            g_ptr_array_add(laid->words, dn_word_new(word->text, &box, word->confidence));
        }
        g_ptr_array_add(text->lines, laid);
    }
    return text;
}

void
dn_page_text_take_words(DnPageText *self, GPtrArray *words)
{
    GPtrArray *runs = g_ptr_array_new_with_free_func((GDestroyNotify)g_ptr_array_unref);

    for (guint i = 0; i < words->len; i++) {
        GPtrArray *run = dn_word_array_new();

        g_ptr_array_add(run, g_ptr_array_index(words, i));
        g_ptr_array_add(runs, run);
    }
    g_ptr_array_set_free_func(words, NULL);
    g_ptr_array_unref(words);
    dn_page_text_take_runs(self, runs);
}

bool
dn_bands_hold(const GArray *bands, const DnBox *box)
{
    int32_t middle = box->y + box->height / 2;

    for (guint i = 0; i < bands->len; i++) {
        const DnBox *band = &g_array_index(bands, DnBox, i);

        if (middle >= band->y && middle < band->y + band->height)
            return true;
    }
    return false;
}

static DnLine *
copy_line(const DnLine *line)
{
    DnLine *copy = g_new0(DnLine, 1);

    copy->words = dn_word_array_new();
    copy->box = line->box;
    copy->text = g_strdup(line->text);
    for (guint i = 0; i < line->words->len; i++) {
        const DnWord *word = g_ptr_array_index(line->words, i);

        g_ptr_array_add(copy->words, dn_word_new(word->text, &word->box, word->confidence));
    }
    return copy;
}

DnPageText *
dn_page_text_with(const DnPageText *self, const GArray *bands, DnPageText *again)
{
    DnPageText *text =
        dn_page_text_new(self->page, self->width_px, self->height_px, self->dpi, again->origin);

    text->bands = g_array_new(FALSE, FALSE, sizeof(DnBox));
    g_array_append_vals(text->bands, bands->data, bands->len);
    for (guint i = 0; i < self->lines->len; i++) {
        const DnLine *line = g_ptr_array_index(self->lines, i);

        if (!dn_bands_hold(bands, &line->box))
            g_ptr_array_add(text->lines, copy_line(line));
    }
    while (again->lines->len > 0)
        g_ptr_array_add(text->lines, g_ptr_array_steal_index(again->lines, 0));
    g_ptr_array_sort(text->lines, by_middle);
    return text;
}

static bool
stands_in(const DnBox *area, const DnBox *box)
{
    int32_t x = box->x + box->width / 2;
    int32_t y = box->y + box->height / 2;

    return x >= area->x && x < area->x + area->width && y >= area->y && y < area->y + area->height;
}

void
dn_page_text_put(DnPageText *self, const DnBox *area, const char *text, double confidence)
{
    GPtrArray *runs = g_ptr_array_new_with_free_func((GDestroyNotify)g_ptr_array_unref);
    g_autoptr(GPtrArray) dropped = dn_word_array_new();
    GPtrArray *put = dn_word_array_new();

    g_ptr_array_add(put, dn_word_new(text, area, confidence));
    g_ptr_array_add(runs, put);
    for (guint i = 0; i < self->lines->len; i++) {
        GPtrArray *words = ((DnLine *)g_ptr_array_index(self->lines, i))->words;
        GPtrArray *run = dn_word_array_new();

        while (words->len > 0) {
            DnWord *word = g_ptr_array_steal_index(words, 0);

            g_ptr_array_add(stands_in(area, &word->box) ? dropped : run, word);
        }
        g_ptr_array_add(runs, run);
    }
    g_ptr_array_set_size(self->lines, 0);
    dn_page_text_take_runs(self, runs);
}

static bool
is_readable(gunichar c)
{
    return c != 0xfffd && g_unichar_isdefined(c) && g_unichar_type(c) != G_UNICODE_PRIVATE_USE &&
           !g_unichar_iscntrl(c);
}

bool
dn_text_layer_is_plausible(const GArray *glyphs)
{
    guint letters = 0;
    guint unreadable = 0;

    for (guint i = 0; glyphs && i < glyphs->len; i++) {
        gunichar c = g_array_index(glyphs, DnGlyph, i).character;

        if (g_unichar_isspace(c))
            continue;
        if (!is_readable(c))
            unreadable++;
        else if (g_unichar_isalnum(c))
            letters++;
    }
    return letters >= GLYPHS_LEAST && unreadable * 10 <= letters;
}

/* True when @next begins another word than the one that ends with @before. */
static bool
word_ends(const DnGlyph *before, const DnGlyph *next)
{
    double height_px = MAX(1, MIN(before->box.height, next->box.height));
    double gap_px = (double)next->box.x - ((double)before->box.x + before->box.width);
    double fall_px = fabs((double)next->box.y - before->box.y);

    if (fall_px > height_px / 2)
        return true;
    if (gap_px < -height_px)
        return true;
    /* Without a space of its own a gap decides; kanji are set apart without being words. */
    return gap_px > (dn_text_is_cjk(next->character) ? 1.0 : GAP_OF_A_SPACE) * height_px ||
           gap_px > GAP_OF_A_CELL * height_px;
}

static void
end_word(GPtrArray *words, GString *text, DnBox *box)
{
    if (text->len > 0)
        g_ptr_array_add(words, dn_word_new(text->str, box, 1.0));
    g_string_truncate(text, 0);
    *box = (DnBox){0};
}

DnPageText *
dn_page_text_from_glyphs(unsigned page, uint32_t width_px, uint32_t height_px, double dpi,
                         const GArray *glyphs)
{
    DnPageText *self = dn_page_text_new(page, width_px, height_px, dpi, "text-layer");
    GPtrArray *words = dn_word_array_new();
    GString *text = g_string_new(NULL);
    const DnGlyph *before = NULL;
    DnBox box = {0};

    for (guint i = 0; i < glyphs->len; i++) {
        const DnGlyph *glyph = &g_array_index(glyphs, DnGlyph, i);
        gunichar c = glyph->character;

        if (g_unichar_isspace(c) || !is_readable(c)) {
            end_word(words, text, &box);
            before = NULL;
            continue;
        }
        if (before && word_ends(before, glyph))
            end_word(words, text, &box);
        g_string_append_unichar(text, c);
        box = dn_box_union(&box, &glyph->box);
        before = glyph;
    }
    end_word(words, text, &box);
    g_string_free(text, TRUE);
    dn_page_text_take_words(self, words);
    return self;
}
