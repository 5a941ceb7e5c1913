/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ocr/turn.c - which way up a page lies, when its file does not say, and whether its text may run
 * down.
 *
 * No measure of ink tells up from down in kana, kanji and Latin letters alike, but a recogniser
 * does: what it reads upside down or along columns are few words, and it is not sure of them. So
 * when a reading is poor, one square of the page that is full of print is read in each of the four
 * ways, and a way that is clearly better than the present one is believed. Text that runs down the
 * page has white columns and no white rows.
 */
#include "config.h"
#include "ocr/read-page.h"
#include "base/memory.h"
#include "base/text.h"

#include <math.h>

enum { MODE_BLOCK = 6 };
enum {
    WINDOW_PX = 640,
    GRID = 8
};                         /* the square that is tried, and the steps it is looked for by */
enum { LETTERS_FEW = 12 }; /* of a reading that says nothing about the way up */

static const double SURE = 0.60;      /* words below it count for nothing */
static const double POOR = 0.62;      /* mean confidence of a reading that may lie the wrong way */
static const double CLEARLY = 1.5;    /* so many times the letters of the present way */
static const double DARK_SHARE = 0.7; /* of the mean of the page: print */

/* White between columns of text; and between the rows of the same page, where letters of one
 * column stand beside gaps of another. */
static const double GAPS_LEAST = 0.3;
static const double GAPS_CLEARLY = 2; /* so many times the white of the rows */
static const double RULE_SHARE = 0.6; /* of a side, ink that is no text */
enum { SPECK_SHARE = 100 };           /* of a side, ink that counts for none: a frame's */

static const unsigned ways[] = {1, 3, 6, 8}; /* EXIF: upright, upside down, on its sides */

/* Letters of words that are sure, and all letters. */
static double
sure_letters(const DnPageText *text, double *out_all, double *out_mean)
{
    double sure = 0;
    double all = 0;
    double sum = 0;

    for (guint i = 0; i < text->lines->len; i++) {
        const DnLine *line = g_ptr_array_index(text->lines, i);

        for (guint k = 0; k < line->words->len; k++) {
            const DnWord *word = g_ptr_array_index(line->words, k);
            double letters = 0;

            for (const char *p = word->text; *p; p = g_utf8_next_char(p))
                letters += g_unichar_isalnum(g_utf8_get_char(p));
            all += letters;
            sum += letters * word->confidence;
            if (word->confidence >= SURE)
                sure += letters * word->confidence;
        }
    }
    *out_all = all;
    *out_mean = all > 0 ? sum / all : 0;
    return sure;
}

bool
dn_page_text_is_poor(const DnPageText *text)
{
    double all = 0;
    double mean = 0;

    sure_letters(text, &all, &mean);
    return all < LETTERS_FEW || mean < POOR;
}

static double
mean_of(const DnPixmap *page)
{
    uint64_t sum = 0;

    for (uint32_t y = 0; y < page->height_px; y++) {
        const uint8_t *row = dn_pixmap_row(page, y);
        uint32_t of_row = 0;

        for (uint32_t x = 0; x < page->width_px; x++)
            of_row += row[x];
        sum += of_row;
    }
    return (double)sum / ((double)page->width_px * page->height_px);
}

/* The square with the most print: its top left corner and its side. */
static uint32_t
find_window(const DnPixmap *page, uint32_t *out_x, uint32_t *out_y)
{
    uint32_t side = MIN(MIN(page->width_px, page->height_px), WINDOW_PX);
    uint64_t best = 0;
    uint8_t dark = (uint8_t)(DARK_SHARE * mean_of(page));

    *out_x = (page->width_px - side) / 2;
    *out_y = (page->height_px - side) / 2;
    for (uint32_t i = 0; i <= GRID; i++)
        for (uint32_t k = 0; k <= GRID; k++) {
            uint32_t y0 = (page->height_px - side) * i / GRID;
            uint32_t x0 = (page->width_px - side) * k / GRID;
            uint64_t print = 0;

            for (uint32_t y = y0; y < y0 + side; y += 4)
                for (uint32_t x = x0; x < x0 + side; x += 4)
                    print += dn_pixmap_row(page, y)[x] < dark;
            if (print > best) {
                best = print;
                *out_x = x0;
                *out_y = y0;
            }
        }
    return side;
}

static double
try_way(DnRecognizer *recognizer, const DnPixmap *window, unsigned way, uint32_t deadline_ms,
        GError **error)
{
    DnLimits limits = dn_limits_default;
    g_autoptr(DnPixmap) turned = dn_pixmap_orient(window, way, &limits, error);
    g_autoptr(DnPageText) text = NULL;
    bool complete = false;
    double all = 0;
    double mean = 0;

    if (!turned || !dn_recognizer_page(recognizer, turned, 1, MODE_BLOCK, deadline_ms, &text,
                                       &complete, error))
        return -1;
    return sure_letters(text, &all, &mean);
}

/* (transfer full) */
static DnPixmap *
take_window(const DnPixmap *page, uint32_t x, uint32_t y, uint32_t side, GError **error)
{
    DnLimits limits = dn_limits_default;
    DnPixmap *window = dn_pixmap_new(side, side, DN_PIXEL_GRAY8, &limits, error);

    for (uint32_t row = 0; window && row < side; row++)
        memcpy(dn_pixmap_row(window, row), dn_pixmap_row(page, y + row) + x, side);
    return window;
}

/* Print, not a speck or a rule from side to side: of @ink dark pixels across @across. */
static bool
is_print(uint32_t ink, uint32_t across)
{
    return ink > across / SPECK_SHARE && ink < RULE_SHARE * across;
}

/* The share of empty ones among the @count columns, and among the rows, between the first and the
 * last that are not. */
static double
empty_share(const uint32_t *ink, uint32_t count, uint32_t across)
{
    uint32_t first = 0;
    uint32_t end = count;
    uint32_t empty = 0;

    while (first < end && !is_print(ink[first], across))
        first++;
    while (end > first && !is_print(ink[end - 1], across))
        end--;
    for (uint32_t i = first; i < end; i++)
        empty += !is_print(ink[i], across);
    return end > first ? (double)empty / (end - first) : 0;
}

bool
dn_page_may_run_down(const DnPixmap *page_gray)
{
    uint32_t width = page_gray->width_px;
    uint32_t height = page_gray->height_px;
    g_autofree uint32_t *columns = g_new0(uint32_t, width);
    g_autofree uint32_t *rows = g_new0(uint32_t, height);
    uint8_t dark = (uint8_t)(DARK_SHARE * mean_of(page_gray));

    for (uint32_t y = 0; y < height; y++) {
        const uint8_t *row = dn_pixmap_row(page_gray, y);
        uint32_t ink = 0;

        for (uint32_t x = 0; x < width; x++)
            ink += row[x] < dark;
        rows[y] = ink;
        for (uint32_t x = 0; ink > 0 && x < width; x++)
            columns[x] += row[x] < dark;
    }
    double down = empty_share(columns, width, height);

    return down >= GAPS_LEAST && down >= GAPS_CLEARLY * empty_share(rows, height, width);
}

bool
dn_page_find_turn(DnRecognizer *recognizer, const DnPixmap *page_gray, uint32_t deadline_ms,
                  unsigned *out_orientation, GError **error)
{
    uint32_t x = 0;
    uint32_t y = 0;
    uint32_t side = find_window(page_gray, &x, &y);
    g_autoptr(DnPixmap) window = take_window(page_gray, x, y, side, error);
    double present = 0;
    double best = 0;
    unsigned found = 1;

    if (!window)
        return false;
    for (size_t i = 0; i < G_N_ELEMENTS(ways); i++) {
        double letters = try_way(recognizer, window, ways[i], deadline_ms, error);

        if (letters < 0)
            return false;
        if (i == 0)
            present = letters;
        if (letters > best) {
            best = letters;
            found = ways[i];
        }
    }
    *out_orientation = best >= LETTERS_FEW && best > CLEARLY * present ? found : 1;
    return true;
}
