/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ocr/columns.c - a page whose text runs down, read column by column.
 *
 * A layout analysis glues what stands beside each other, and a model for vertical text is the
 * weaker one. So the columns are found here, by their ink, and each is read twice by itself: as it
 * stands, by the model for such text; and with its letters, which stand upright in their column,
 * cut apart and laid out in a row, by the model that reads rows. The two make different mistakes.
 *
 * The letters of a column follow each other at one distance, but for a blank here and there. The
 * cuts are those that cross the least ink and are nearest to that distance apart; strokes that
 * stand by themselves, as in 二 and 三, have no say of their own.
 *
 * Models lose count of circles that follow each other, and take the comma with its blank for
 * letters. Both are found by their shape, left out of the row, and set where they stand.
 */
#include "config.h"
#include "base/memory.h"
#include "base/text.h"
#include "codecs/leptonica.h"
#include "ocr/columns.h"

#include <math.h>
#include <string.h>

enum { MODE_DOWN = 5, MODE_LINE = 7 };
enum { COLUMNS_MOST = 48, PIECES_MOST = 4000, CELLS_MOST = 200 };
enum { SIDE_LEAST_PX = 10, RIM_PX = 12, PITCH_STEPS = 10 };
enum { TRIED_MOST = 3, LETTERS_FEW = 8 }; /* columns that tell whether all are */

static const double DARK = 0.62;        /* of the paper: what is darker is ink */
static const double PAPER_SHARE = 0.75; /* this share of the pixels is no lighter than the paper */
static const double GAP_SHARE = 0.11;   /* of the page's height: from letter to letter */
static const double BESIDE_SHARE = 0.5; /* of the narrower of two pieces of a column */
static const double LETTER_MOST = 0.25; /* of a side of the page: longer ink is a frame */
static const double WIDTH_MOST = 0.25;  /* of the page's width */
static const double SURE = 0.60;        /* words below it count for nothing */
static const double LENGTH_LEAST = 3;   /* of a column that tells whether all are, by its width */

/* From letter to letter, by the width of the column. */
static const double PITCH_LEAST = 0.94;
static const double PITCH_MOST = 1.40;
/* How far a single letter's share may be off. */
static const double STEP_LEAST = 0.55;
static const double STEP_MOST = 1.45;
/* What a cut costs: ink it crosses by the width, a step that is off by its square, and blank rows
 * that are left out, by the distance. */
static const double COST_INK = 5;
static const double COST_OFF = 2;
static const double COST_BLANK = 0.7;
static const double COST_LETTER = 0.02;

typedef struct {
    DnBox box;
    GArray *cuts; /* (nullable) of int32_t pairs: first row and end of each letter */
    int32_t pitch;
    uint8_t paper;
} Column;

static void
column_clear(gpointer data)
{
    g_clear_pointer(&((Column *)data)->cuts, g_array_unref);
}

struct DnColumns {
    const DnPixmap *page;
    GArray *columns; /* of Column, from the right */
    uint8_t dark;    /* what is darker is ink */
};

void
dn_columns_free(DnColumns *self)
{
    if (!self)
        return;
    g_array_unref(self->columns);
    g_free(self);
}

/* ---- columns ---- */

/* Two pieces of ink are of one column when they stand over each other, and not far apart. */
static bool
are_of_one(const DnBox *a, const DnBox *b, int32_t gap_px)
{
    int32_t across = MIN(a->x + a->width, b->x + b->width) - MAX(a->x, b->x);
    int32_t apart = MAX(a->y, b->y) - MIN(a->y + a->height, b->y + b->height);

    return apart <= gap_px && across >= BESIDE_SHARE * MIN(a->width, b->width);
}

static int
by_right(gconstpointer a, gconstpointer b)
{
    const DnBox *first = &((const Column *)a)->box;
    const DnBox *second = &((const Column *)b)->box;
    int32_t first_middle = 2 * first->x + first->width;
    int32_t second_middle = 2 * second->x + second->width;

    if (first_middle != second_middle)
        return first_middle > second_middle ? -1 : 1;
    return (first->y > second->y) - (first->y < second->y);
}

static void
join_pieces(GArray *pieces, int32_t gap_px)
{
    for (guint i = 0; i < pieces->len; i++)
        for (guint k = 0; k < pieces->len; k++) {
            DnBox *one = &g_array_index(pieces, DnBox, i);
            const DnBox *other = &g_array_index(pieces, DnBox, k);

            if (k == i || !are_of_one(one, other, gap_px))
                continue;
            *one = dn_box_union(one, other);
            g_array_remove_index_fast(pieces, k);
            /* It may reach others now; what took its place was not seen. */
            i = MIN(i, k);
            k = G_MAXUINT;
        }
}

/* Frames and rules that lean, of which more is left than of a level one. */
static void
drop_frames(PIX *ink)
{
    l_int32 width = pixGetWidth(ink);
    l_int32 height = pixGetHeight(ink);
    PIXA *parts = NULL;
    BOXA *boxes = pixConnComp(ink, &parts, 8);

    for (l_int32 i = 0; boxes && i < boxaGetCount(boxes); i++) {
        l_int32 x = 0, y = 0, w = 0, h = 0;

        boxaGetBoxGeometry(boxes, i, &x, &y, &w, &h);
        if (w <= LETTER_MOST * width && h <= LETTER_MOST * height)
            continue;
        PIX *part = pixaGetPix(parts, i, L_CLONE);

        pixRasterop(ink, x, y, w, h, PIX_DST & PIX_NOT(PIX_SRC), part, 0, 0);
        pixDestroy(&part);
    }
    boxaDestroy(&boxes);
    pixaDestroy(&parts);
}

/* (transfer full) array of DnBox: ink, what stands closely below each other joined. */
static GArray *
pieces_of(const DnColumns *self, int32_t gap_px, GError **error)
{
    const DnPixmap *page = self->page;
    g_autoptr(GArray) pieces = g_array_new(FALSE, FALSE, sizeof(DnBox));
    g_autoptr(DnPix) gray = dn_pix_new(page, error);

    if (!gray)
        return NULL;
    g_autoptr(DnPix) ink = pixThresholdToBinary(gray, self->dark);
    if (ink)
        drop_frames(ink);
    g_autoptr(DnPix) closed = ink ? pixCloseSafeBrick(NULL, ink, 1, gap_px | 1) : NULL;
    BOXA *boxes = closed ? pixConnCompBB(closed, 8) : NULL;

    if (!boxes)
        return dn_fail_null(error, DN_ERROR_LIMIT, "no memory to find the columns of a page");
    for (l_int32 i = 0; i < boxaGetCount(boxes) && pieces->len < PIECES_MOST; i++) {
        DnBox box = {0};

        boxaGetBoxGeometry(boxes, i, &box.x, &box.y, &box.width, &box.height);
        if (box.width >= SIDE_LEAST_PX / 2 && box.height >= SIDE_LEAST_PX / 2)
            g_array_append_val(pieces, box);
    }
    boxaDestroy(&boxes);
    join_pieces(pieces, gap_px);
    return g_steal_pointer(&pieces);
}

DnColumns *
dn_columns_find(const DnPixmap *page_bare, GError **error)
{
    g_autoptr(DnColumns) self = g_new0(DnColumns, 1);
    int32_t gap_px = MAX(3, (int32_t)(GAP_SHARE * page_bare->height_px));

    self->page = page_bare;
    self->columns = g_array_new(FALSE, FALSE, sizeof(Column));
    g_array_set_clear_func(self->columns, column_clear);
    const DnBox all = {0, 0, (int32_t)page_bare->width_px, (int32_t)page_bare->height_px};

    self->dark = (uint8_t)(DARK * dn_pixmap_quantile(page_bare, &all, PAPER_SHARE));
    g_autoptr(GArray) pieces = pieces_of(self, gap_px, error);

    if (!pieces)
        return NULL;
    for (guint i = 0; i < pieces->len && self->columns->len < COLUMNS_MOST; i++) {
        Column column = {.box = g_array_index(pieces, DnBox, i)};

        if (column.box.width >= SIDE_LEAST_PX && column.box.height >= SIDE_LEAST_PX &&
            column.box.width <= WIDTH_MOST * page_bare->width_px) {
            column.paper = dn_pixmap_quantile(page_bare, &column.box, PAPER_SHARE);
            g_array_append_val(self->columns, column);
        }
    }
    g_array_sort(self->columns, by_right);
    return g_steal_pointer(&self);
}

/* ---- letters ---- */

/* The dark pixels of each row of @box. */
static uint32_t *
ink_of_rows(const DnColumns *self, const DnBox *box)
{
    uint32_t *ink = g_new0(uint32_t, (gsize)box->height + 1);

    for (int32_t y = 0; y < box->height; y++) {
        const uint8_t *row = dn_pixmap_row(self->page, (uint32_t)(box->y + y)) + box->x;

        for (int32_t x = 0; x < box->width; x++)
            ink[y] += row[x] < self->dark;
    }
    return ink;
}

/* The cheapest way from the first row to the last, at @pitch. @from[y]: where the step to row y
 * began. */
static double
walk(const uint32_t *ink, const DnBox *box, double pitch, double *cost, int32_t *from)
{
    int32_t least = MAX(1, (int32_t)(STEP_LEAST * pitch));
    int32_t most = (int32_t)(STEP_MOST * pitch);

    cost[0] = 0;
    from[0] = 0;
    for (int32_t y = 1; y <= box->height; y++) {
        /* Rows that are blank may be left out. */
        cost[y] = ink[y - 1] == 0 ? cost[y - 1] + COST_BLANK / pitch : 1e9;
        from[y] = y - 1;
        double crossed = y < box->height ? COST_INK * ink[y] / box->width : 0;

        for (int32_t step = least; step <= most && step <= y; step++) {
            double off = (step - pitch) / pitch;
            /* The first letter and the last lack the blank before and after them. */
            double rim = y == step || y == box->height ? MIN(0, off) : 0;
            double total =
                cost[y - step] + COST_LETTER + crossed + COST_OFF * (off - rim) * (off - rim);

            if (total < cost[y]) {
                cost[y] = total;
                from[y] = y - step;
            }
        }
    }
    return cost[box->height];
}

static bool
is_blank(const uint32_t *ink, int32_t from, int32_t to)
{
    for (int32_t y = from; y < to; y++)
        if (ink[y] > 0)
            return false;
    return true;
}

static void
cut_letters(const DnColumns *self, Column *column)
{
    const DnBox *box = &column->box;
    gsize rows = (gsize)box->height + 1;
    g_autofree uint32_t *ink = ink_of_rows(self, box);
    g_autofree double *cost = g_new(double, rows);
    g_autofree int32_t *from = g_new(int32_t, rows);
    double best_cost = G_MAXDOUBLE;
    double best_pitch = box->width;

    for (int i = 0; i <= PITCH_STEPS; i++) {
        double pitch =
            box->width * (PITCH_LEAST + (PITCH_MOST - PITCH_LEAST) * i / (double)PITCH_STEPS);
        /* By the letter, lest few large ones win. */
        double total = walk(ink, box, pitch, cost, from) * pitch;

        if (total < best_cost) {
            best_cost = total;
            best_pitch = pitch;
        }
    }
    walk(ink, box, best_pitch, cost, from);
    column->pitch = MAX(1, (int32_t)(best_pitch + 0.5));
    column->cuts = g_array_new(FALSE, FALSE, 2 * sizeof(int32_t));
    for (int32_t y = box->height; y > 0; y = from[y]) {
        int32_t cut[2] = {from[y], y};

        if (!is_blank(ink, cut[0], cut[1]))
            g_array_prepend_val(column->cuts, cut);
    }
}

static const int32_t *
cut_at(const Column *column, guint index)
{
    return &g_array_index(column->cuts, int32_t, 2 * (gsize)index);
}

/* ---- circles and commas ---- */

typedef enum { SHAPE_LETTER, SHAPE_CIRCLE, SHAPE_COMMA } Shape;

static bool
is_ink(const DnColumns *self, int32_t x, int32_t y)
{
    return dn_pixmap_row(self->page, (uint32_t)y)[x] < self->dark;
}

/* What the ink of @area covers; without width or height: none. */
static DnBox
ink_within(const DnColumns *self, const DnBox *area)
{
    int32_t left = area->x + area->width, right = area->x;
    int32_t top = area->y + area->height, end = area->y;

    for (int32_t y = area->y; y < area->y + area->height; y++)
        for (int32_t x = area->x; x < area->x + area->width; x++)
            if (is_ink(self, x, y)) {
                left = MIN(left, x);
                right = MAX(right, x + 1);
                top = MIN(top, y);
                end = MAX(end, y + 1);
            }
    return right > left ? (DnBox){left, top, right - left, end - top} : (DnBox){0};
}

/* From the middle each ray crosses one stroke, near the ellipse that fills @ink: 口 has corners
 * beyond it, 日 and 円 have strokes within. */
static bool
is_circle(const DnColumns *self, const DnBox *ink)
{
    enum { RAYS = 24, STRAYS_MOST = 3 };
    static const double NEAREST = 0.60, FARTHEST = 1.12, REACH = 1.45;
    double half_width = ink->width / 2.0, half_height = ink->height / 2.0;
    int strays = 0;

    for (int i = 0; i < RAYS; i++) {
        double across = cos(2 * G_PI * i / RAYS), down = sin(2 * G_PI * i / RAYS);
        double first = 0, last = 0;

        for (double r = 0; r < REACH; r += 0.5 / MAX(half_width, half_height)) {
            int32_t x = ink->x + (int32_t)(half_width + r * across * half_width);
            int32_t y = ink->y + (int32_t)(half_height + r * down * half_height);

            if (x < ink->x || y < ink->y || x >= ink->x + ink->width || y >= ink->y + ink->height)
                break;
            if (!is_ink(self, x, y))
                continue;
            first = last > 0 ? first : r;
            last = MAX(r, 0.01);
        }
        strays += last <= 0 || first < NEAREST || last > FARTHEST;
    }
    return strays <= STRAYS_MOST;
}

static Shape
shape_of(const DnColumns *self, const Column *column, const int32_t *cut)
{
    static const double CIRCLE_LEAST = 0.50, COMMA_MOST = 0.42, ROUND_MOST = 1.30;
    const DnBox *box = &column->box;
    DnBox cell = {box->x, box->y + cut[0], box->width, cut[1] - cut[0]};
    DnBox ink = ink_within(self, &cell);
    int32_t longer = MAX(ink.width, ink.height), shorter = MIN(ink.width, ink.height);

    if (longer == 0)
        return SHAPE_LETTER;
    /* In the right upper corner of its square. */
    if (longer <= COMMA_MOST * box->width && 2 * longer <= 5 * shorter &&
        2 * ink.x + ink.width > 2 * box->x + box->width)
        return SHAPE_COMMA;
    if (shorter >= CIRCLE_LEAST * box->width && longer <= ROUND_MOST * shorter &&
        is_circle(self, &ink))
        return SHAPE_CIRCLE;
    return SHAPE_LETTER;
}

/* ---- pictures of a column ---- */

/* (transfer full) */
static DnPixmap *
blank_picture(const DnColumns *self, uint8_t paper, int64_t width, int64_t height, GError **error)
{
    DnPixmap *picture = dn_pixmap_new((uint32_t)width + 2 * RIM_PX, (uint32_t)height + 2 * RIM_PX,
                                      DN_PIXEL_GRAY8, &dn_limits_default, error);

    if (!picture)
        return NULL;
    picture->dpi_x = self->page->dpi_x;
    picture->dpi_y = self->page->dpi_y;
    memset(picture->data, paper, (size_t)picture->width_px * picture->height_px);
    return picture;
}

/* Copies @rows of the column into @picture, their left upper corner to (@x, @y). */
static void
copy_rows(const DnColumns *self, const Column *column, const int32_t *rows, DnPixmap *picture,
          int32_t x, int32_t y)
{
    for (int32_t row = rows[0]; row < rows[1]; row++)
        memcpy(dn_pixmap_row(picture, (uint32_t)(y + row - rows[0])) + x,
               dn_pixmap_row(self->page, (uint32_t)(column->box.y + row)) + column->box.x,
               (size_t)column->box.width);
}

static int32_t
tallest(const Column *column)
{
    int32_t most = column->pitch;

    for (guint i = 0; i < column->cuts->len; i++)
        most = MAX(most, cut_at(column, i)[1] - cut_at(column, i)[0]);
    return most;
}

/* The letters in a row, each in the middle of its height. (transfer full) */
static DnPixmap *
picture_laid(const DnColumns *self, const Column *column, GError **error)
{
    int32_t height = tallest(column);
    int32_t pitch = MAX(column->pitch, column->box.width);
    DnPixmap *picture =
        blank_picture(self, column->paper, (int64_t)pitch * column->cuts->len, height, error);

    for (guint i = 0; picture && i < column->cuts->len; i++) {
        const int32_t *cut = cut_at(column, i);

        int32_t room = height - (cut[1] - cut[0]);
        /* The first one and the last are without the white above and below them. */
        int32_t above = i == 0 ? room : i + 1 == column->cuts->len ? 0 : room / 2;

        copy_rows(self, column, cut, picture,
                  RIM_PX + (int32_t)i * pitch + (pitch - column->box.width) / 2, RIM_PX + above);
    }
    return picture;
}

/* ---- reading ---- */

/* @word was read in a row: back to where its letters stand in the column. */
static void
put_back_laid(const Column *column, DnWord *word)
{
    int32_t pitch = MAX(column->pitch, column->box.width);
    int32_t last = (int32_t)column->cuts->len - 1;
    int32_t first = CLAMP((word->box.x + pitch / 4 - RIM_PX) / pitch, 0, last);
    int32_t end = CLAMP((word->box.x + word->box.width - pitch / 4 - RIM_PX) / pitch, first, last);
    int32_t top = cut_at(column, (guint)first)[0];

    word->box = (DnBox){column->box.x, column->box.y + top, column->box.width,
                        cut_at(column, (guint)end)[1] - top};
}

static void
put_back_down(const Column *column, DnWord *word)
{
    int32_t top = CLAMP(word->box.y - RIM_PX, 0, column->box.height - 1);
    int32_t end = CLAMP(word->box.y + word->box.height - RIM_PX, top + 1, column->box.height);

    word->box = (DnBox){column->box.x, column->box.y + top, column->box.width, end - top};
}

/* ---- letters that are taken for others ---- */

static bool
is_kana(gunichar c)
{
    return c >= 0x3041 && c <= 0x30fc && c != 0x30fb;
}

/* What kanji numerals with few strokes are taken for; 0: nothing of that kind. */
static gunichar
numeral_like(gunichar c)
{
    static const struct {
        const char *like;
        const char *numeral;
    } numerals[] = {{"O", "〇"},  {"o", "〇"},  {"0", "〇"},  {"○", "〇"},
                    {"◯", "〇"},  {"ー", "一"}, {"-", "一"},  {"—", "一"},
                    {"ニ", "二"}, {"=", "二"},  {"ミ", "三"}, {"ハ", "八"},
                    {"+", "十"},  {"カ", "九"}, {"給", "拾"}, {"仟", "千"}};

    for (size_t i = 0; i < G_N_ELEMENTS(numerals); i++)
        if (g_utf8_get_char(numerals[i].like) == c)
            return g_utf8_get_char(numerals[i].numeral);
    return 0;
}

static bool
is_numeral(gunichar c)
{
    return dn_text_has_letter("〇一二三四五六七八九十百千万億壱弐参拾金円年月日、,", c);
}

/* In a run of numerals and what is written with them, what looks like one is one. */
static void
take_numerals(gunichar *letters, guint count)
{
    enum { SURE_LEAST = 2 };

    for (guint from = 0, end = 0; from < count; from = end + 1) {
        guint sure = 0;

        for (end = from; end < count && (is_numeral(letters[end]) || numeral_like(letters[end]));
             end++)
            sure += is_numeral(letters[end]);
        for (guint i = from; i < end && sure >= SURE_LEAST; i++) {
            gunichar numeral = numeral_like(letters[i]);
            gunichar zero = g_utf8_get_char("〇");

            /* One circle is now and then read as both. */
            if (numeral == zero && ((i + 1 < end && letters[i + 1] == zero) ||
                                    (i > from && letters[i - 1] == zero && letters[i] != zero)))
                letters[i] = 0;
            else if (numeral)
                letters[i] = numeral;
        }
    }
}

/* A stroke that stands upright among kana is a long vowel. */
static void
take_vowels(gunichar *letters, guint count)
{
    for (guint i = 1; i < count; i++)
        if (dn_text_has_letter("|!lI1[「｜丨", letters[i]) && is_kana(letters[i - 1]))
            letters[i] = 0x30fc;
}

/* What the letters of a column, from its first word to its last, can only be. */
static void
mend_words(GPtrArray *words)
{
    g_autoptr(GArray) letters = g_array_new(FALSE, FALSE, sizeof(gunichar));
    guint at = 0;

    for (guint i = 0; i < words->len; i++)
        for (const char *p = ((DnWord *)g_ptr_array_index(words, i))->text; *p;
             p = g_utf8_next_char(p)) {
            gunichar c = g_utf8_get_char(p);

            g_array_append_val(letters, c);
        }
    take_numerals((gunichar *)(void *)letters->data, letters->len);
    take_vowels((gunichar *)(void *)letters->data, letters->len);
    for (guint i = 0; i < words->len;) {
        DnWord *word = g_ptr_array_index(words, i);
        GString *text = g_string_new(NULL);

        for (const char *p = word->text; *p; p = g_utf8_next_char(p), at++)
            if (g_array_index(letters, gunichar, at))
                g_string_append_unichar(text, g_array_index(letters, gunichar, at));
        g_free(word->text);
        word->text = g_string_free(text, FALSE);
        if (*word->text)
            i++;
        else
            g_ptr_array_remove_index(words, i);
    }
}

/* @read: what was read of the cells that are @shapes LETTER. With a letter for each of them the
 * others are set between: (transfer full); else NULL. */
static GPtrArray *
set_shapes(const Column *column, const GArray *shapes, guint letters, const GPtrArray *read)
{
    g_autoptr(GPtrArray) run = dn_word_array_new();
    g_autoptr(GString) text = g_string_new(NULL);
    g_autoptr(GArray) sure = g_array_new(FALSE, FALSE, sizeof(double));
    double least = 1;

    for (guint i = 0; i < read->len; i++) {
        const DnWord *word = g_ptr_array_index(read, i);

        for (const char *p = word->text; *p; p = g_utf8_next_char(p)) {
            double confidence = word->confidence;

            g_string_append_unichar(text, g_utf8_get_char(p));
            g_array_append_val(sure, confidence);
            least = MIN(least, confidence);
        }
    }
    if (sure->len != letters)
        return NULL;
    const char *p = text->str;

    for (guint i = 0, k = 0; i < shapes->len; i++) {
        Shape shape = g_array_index(shapes, Shape, i);
        const int32_t *cut = cut_at(column, i);
        DnBox box = {column->box.x, column->box.y + cut[0], column->box.width, cut[1] - cut[0]};
        gunichar c = shape == SHAPE_COMMA ? 0x3001 : 0x3007;
        double confidence = least;

        if (shape == SHAPE_LETTER) {
            c = g_utf8_get_char(p);
            p = g_utf8_next_char(p);
            confidence = g_array_index(sure, double, k++);
        }
        char letter[7] = {0};

        g_unichar_to_utf8(c, letter);
        g_ptr_array_add(run, dn_word_new(letter, &box, confidence));
    }
    return g_steal_pointer(&run);
}

/* Circles and commas by their shape, the rest read in a row. *@out_run stays NULL when the column
 * has none of them or the rest is not read letter by letter. */
static bool
read_shapes(const DnColumns *self, const Column *column, DnRecognizer *recognizer, unsigned page,
            uint32_t deadline_ms, GPtrArray **out_run, bool *out_complete, GError **error)
{
    g_autoptr(GArray) shapes = g_array_new(FALSE, FALSE, sizeof(Shape));
    g_autoptr(GArray) cuts = g_array_new(FALSE, FALSE, 2 * sizeof(int32_t));
    g_autoptr(GPtrArray) read = dn_word_array_new();
    g_autoptr(DnPageText) seen = NULL;

    for (guint i = 0; i < column->cuts->len; i++) {
        Shape shape = shape_of(self, column, cut_at(column, i));

        g_array_append_val(shapes, shape);
        if (shape == SHAPE_LETTER)
            g_array_append_vals(cuts, cut_at(column, i), 1);
    }
    if (cuts->len == 0 || cuts->len == column->cuts->len)
        return true;
    Column rest = *column;

    rest.cuts = cuts;
    g_autoptr(DnPixmap) picture = picture_laid(self, &rest, error);

    if (!picture || !dn_recognizer_page(recognizer, picture, page, MODE_LINE, deadline_ms, &seen,
                                        out_complete, error))
        return false;
    for (guint i = 0; i < seen->lines->len; i++) {
        DnLine *line = g_ptr_array_index(seen->lines, i);

        while (line->words->len > 0)
            g_ptr_array_add(read, g_ptr_array_steal_index(line->words, 0));
    }
    *out_run = set_shapes(column, shapes, cuts->len, read);
    return true;
}

/* The words of one column, in @out as one run more. */
static bool
read_column(const DnColumns *self, Column *column, DnRecognizer *recognizer, bool laid,
            unsigned page, uint32_t deadline_ms, GPtrArray *out, DnPageText *text,
            bool *out_complete, GError **error)
{
    const int32_t all[2] = {0, column->box.height};
    g_autoptr(DnPixmap) picture = NULL;
    g_autoptr(DnPageText) seen = NULL;
    g_autoptr(GPtrArray) read = dn_word_array_new();
    g_autoptr(GPtrArray) shaped = NULL;

    if (laid) {
        if (!column->cuts)
            cut_letters(self, column);
        if (column->cuts->len == 0 || column->cuts->len > CELLS_MOST)
            return true;
        picture = picture_laid(self, column, error);
    } else {
        picture = blank_picture(self, column->paper, column->box.width, column->box.height, error);
        if (picture)
            copy_rows(self, column, all, picture, RIM_PX, RIM_PX);
    }
    if (!picture || !dn_recognizer_page(recognizer, picture, page, laid ? MODE_LINE : MODE_DOWN,
                                        deadline_ms, &seen, out_complete, error))
        return false;
    for (guint i = 0; i < seen->lines->len; i++) {
        DnLine *line = g_ptr_array_index(seen->lines, i);

        while (line->words->len > 0) {
            DnWord *word = g_ptr_array_steal_index(line->words, 0);

            if (laid)
                put_back_laid(column, word);
            else
                put_back_down(column, word);
            g_ptr_array_add(read, word);
        }
    }
    if (laid && *out_complete &&
        !read_shapes(self, column, recognizer, page, deadline_ms, &shaped, out_complete, error))
        return false;
    GPtrArray *run = shaped ? shaped : read;

    mend_words(run);
    g_ptr_array_add(out, g_ptr_array_ref(run));
    if (run->len > 0) {
        g_autofree char *look = g_strdup_printf(
            "margins; rules; column %d,%d %dx%d%s rim %u", column->box.x, column->box.y,
            column->box.width, column->box.height, laid ? " laid" : "", column->paper);

        dn_page_text_note(text, look, seen->origin);
    }
    if (!text->origin)
        text->origin = g_strdup(seen->origin);
    return true;
}

bool
dn_columns_read(DnColumns *self, DnRecognizer *recognizer, bool laid, unsigned page,
                uint32_t deadline_ms, DnPageText **out_text, bool *out_complete, GError **error)
{
    int64_t begin_us = g_get_monotonic_time();
    g_autoptr(DnPageText) text = dn_page_text_new(page, self->page->width_px, self->page->height_px,
                                                  self->page->dpi_x, NULL);
    g_autoptr(GPtrArray) runs = g_ptr_array_new_with_free_func((GDestroyNotify)g_ptr_array_unref);
    bool complete = true;

    text->down = true;
    for (guint i = 0; complete && i < self->columns->len; i++) {
        int64_t spent_ms = (g_get_monotonic_time() - begin_us) / 1000;

        if (deadline_ms > 0 && spent_ms >= deadline_ms) {
            complete = false;
            break;
        }
        if (!read_column(self, &g_array_index(self->columns, Column, i), recognizer, laid, page,
                         deadline_ms > 0 ? deadline_ms - (uint32_t)spent_ms : 0, runs, text,
                         &complete, error))
            return false;
    }
    dn_page_text_take_columns(text, g_steal_pointer(&runs));
    if (!text->origin)
        text->origin = g_strdup(recognizer->driver->name);
    *out_text = g_steal_pointer(&text);
    *out_complete = complete;
    return true;
}

/* ---- are they? ---- */

static double
sure_letters(const DnPageText *text, const DnBox *area)
{
    double sure = 0;

    for (guint i = 0; i < text->lines->len; i++) {
        const DnLine *line = g_ptr_array_index(text->lines, i);

        for (guint k = 0; k < line->words->len; k++) {
            const DnWord *word = g_ptr_array_index(line->words, k);
            int32_t x = word->box.x + word->box.width / 2;
            int32_t y = word->box.y + word->box.height / 2;

            if (word->confidence >= SURE && x >= area->x && x < area->x + area->width &&
                y >= area->y && y < area->y + area->height)
                sure += (double)g_utf8_strlen(word->text, -1) * word->confidence;
        }
    }
    return sure;
}

static int
by_length(gconstpointer a, gconstpointer b)
{
    return (*(Column *const *)b)->box.height - (*(Column *const *)a)->box.height;
}

bool
dn_columns_are_text(DnColumns *self, DnRecognizer *recognizer, bool laid, const DnPageText *text,
                    uint32_t deadline_ms, bool *out_text, GError **error)
{
    g_autoptr(GPtrArray) longest = g_ptr_array_new();
    g_autoptr(DnPageText) down =
        dn_page_text_new(text->page, text->width_px, text->height_px, 0, text->origin);
    g_autoptr(GPtrArray) runs = g_ptr_array_new_with_free_func((GDestroyNotify)g_ptr_array_unref);
    double as_columns = 0;
    double as_lines = 0;
    bool complete = true;

    for (guint i = 0; i < self->columns->len; i++) {
        Column *column = &g_array_index(self->columns, Column, i);

        if (column->box.height >= LENGTH_LEAST * column->box.width)
            g_ptr_array_add(longest, column);
    }
    g_ptr_array_sort(longest, by_length);
    g_ptr_array_set_size(longest, (int)MIN(longest->len, TRIED_MOST));
    for (guint i = 0; i < longest->len && complete; i++)
        if (!read_column(self, g_ptr_array_index(longest, i), recognizer, laid, text->page,
                         deadline_ms, runs, down, &complete, error))
            return false;
    dn_page_text_take_columns(down, g_steal_pointer(&runs));
    for (guint i = 0; i < longest->len; i++) {
        const Column *column = g_ptr_array_index(longest, i);

        as_columns += sure_letters(down, &column->box);
        as_lines += sure_letters(text, &column->box);
    }
    *out_text = complete && as_columns >= LETTERS_FEW && as_columns > as_lines;
    return true;
}
