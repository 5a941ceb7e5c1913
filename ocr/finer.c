/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ocr/finer.c - what a page in Latin letters left in doubt, looked at once more as smoother print.
 *
 * The dots of a needle printer or a thermal head, seen at the resolution of a scanner, make letters
 * of many small edges, which the model takes for other letters; smoothed by a pixel or two they are
 * those it learned. A row of dashes takes the line of print above it away, and the bars of a bar
 * code the line that touches them below: both are taken out, and then the rules. Only the lines
 * that carry a doubtful value are read, or print without words where a value was not found.
 */
#include "config.h"
#include "base/memory.h"
#include "ocr/read-page.h"

#include <stdlib.h>
#include <string.h>

static const double CERTAIN = 0.93;
static const double FOUND = 0.5;
static const double BANDS_SHARE_MOST = 0.8; /* of the page: more is a page that cannot be read */
enum { PLACES_MOST = 2 };

/* A row of dashes. */
static const int DASH_DARK = 217;
static const double DASH_WIDTH = 0.5; /* of the page */
static const double DASH_GAP = 0.02;  /* of the page's width */
static const double DASH_THIN = 0.85; /* of its places */
enum { DASH_THICK_PX = 4 };

/* The bars of a bar code. */
static const int BAR_DARK = 150;
static const double BAR_HEIGHT = 2.5; /* of a line's height */
enum { BAR_LEAST_PX = 50, BARS_LEAST = 20, BAR_RIM_PX = 2 };

/* Print of this height needs more smoothing than one pass. */
enum { TALL_PX = 28, PASSES_TALL = 3 };

static void
add_boxes(GArray *boxes, const DnField *field)
{
    for (guint i = 0; i < field->candidates->len && i < PLACES_MOST; i++) {
        const DnCandidate *candidate = g_ptr_array_index(field->candidates, i);

        if (candidate->page > 0)
            g_array_append_val(boxes, candidate->box);
    }
}

static int
by_value(const void *a, const void *b)
{
    return *(const int32_t *)a - *(const int32_t *)b;
}

/* Dark pixels above and below of (@x, @y), itself included; more than a dash has is not counted. */
static uint32_t
thickness(const DnPixmap *page, uint32_t x, uint32_t y, uint32_t *out_top)
{
    uint32_t top = y;
    uint32_t bottom = y;

    while (top > 0 && y - top <= DASH_THICK_PX && dn_pixmap_row(page, top - 1)[x] < DASH_DARK)
        top--;
    while (bottom + 1 < page->height_px && bottom - y <= DASH_THICK_PX &&
           dn_pixmap_row(page, bottom + 1)[x] < DASH_DARK)
        bottom++;
    *out_top = top;
    return bottom - top + 1;
}

/* Takes the thin places of row @y between @from and @to out, when most of it is thin. */
static void
clear_dashes_of(DnPixmap *page, uint32_t from, uint32_t to, uint32_t y)
{
    const uint8_t *row = dn_pixmap_row(page, y);
    uint32_t dark = 0;
    uint32_t thin = 0;
    uint32_t top = 0;

    for (uint32_t x = from; x < to; x++)
        if (row[x] < DASH_DARK) {
            dark++;
            thin += thickness(page, x, y, &top) <= DASH_THICK_PX;
        }
    if (thin < DASH_THIN * dark)
        return;
    for (uint32_t x = from; x < to; x++) {
        uint32_t thick = row[x] < DASH_DARK ? thickness(page, x, y, &top) : 0;

        for (uint32_t i = 0; thick <= DASH_THICK_PX && i < thick; i++)
            page->data[(size_t)(top + i) * page->width_px + x] = 255;
    }
}

static void
clear_dashes(DnPixmap *page)
{
    uint32_t width = page->width_px;
    uint32_t gap_most = (uint32_t)(DASH_GAP * width);

    for (uint32_t y = 0; y < page->height_px; y++) {
        const uint8_t *row = dn_pixmap_row(page, y);
        uint32_t from = 0;
        uint32_t to = 0; /* after the last dark pixel of the run; 0: there is none */

        for (uint32_t x = 0; x <= width; x++) {
            if (x < width && row[x] < DASH_DARK) {
                from = to == 0 ? x : from;
                to = x + 1;
            } else if (to > 0 && (x == width || x - to > gap_most)) {
                if (to - from >= DASH_WIDTH * width)
                    clear_dashes_of(page, from, to, y);
                to = 0;
            }
        }
    }
}

typedef struct {
    int32_t x;
    int32_t top;
    int32_t bottom; /* after its last pixel */
} Bar;

/* Columns of pixels that are dark from top to bottom over more than a letter's height. */
static GArray *
find_bars(const DnPixmap *page, int32_t least_px)
{
    GArray *bars = g_array_new(FALSE, FALSE, sizeof(Bar));
    int32_t height = (int32_t)page->height_px;

    for (uint32_t x = 0; x < page->width_px; x++)
        for (int32_t y = 0, begin = -1; y <= height; y++) {
            bool dark = y < height && dn_pixmap_row(page, (uint32_t)y)[x] < BAR_DARK;

            if (dark && begin < 0)
                begin = y;
            if (dark || begin < 0)
                continue;
            if (y - begin >= least_px) {
                Bar bar = {(int32_t)x, begin, y};

                g_array_append_val(bars, bar);
            }
            begin = -1;
        }
    return bars;
}

/* All between the first bar and the last: thin ones are broken into dots. */
static void
clear_code(DnPixmap *page, int32_t left, int32_t right, int32_t top, int32_t bottom)
{
    left = MAX(0, left - BAR_RIM_PX);
    right = MIN((int32_t)page->width_px, right + BAR_RIM_PX + 1);
    for (int32_t y = MAX(0, top - BAR_RIM_PX); y < MIN(bottom, (int32_t)page->height_px); y++)
        memset(page->data + (size_t)y * page->width_px + (size_t)left, 255, (size_t)(right - left));
}

/* Bars that begin on one height, and end on one but for those that run into a letter. */
static void
clear_bars(DnPixmap *page, int32_t line_px)
{
    GArray *bars = find_bars(page, MAX(BAR_LEAST_PX, (int32_t)(BAR_HEIGHT * line_px)));

    while (bars->len >= BARS_LEAST) {
        g_autoptr(GArray) ends = g_array_new(FALSE, FALSE, sizeof(int32_t));
        GArray *others = g_array_new(FALSE, FALSE, sizeof(Bar));
        int32_t top = g_array_index(bars, Bar, 0).top;
        int32_t first_x = g_array_index(bars, Bar, 0).x;
        int32_t last_x = -2;
        unsigned count = 0; /* of bars, each of some columns */

        for (guint i = 0; i < bars->len; i++) {
            const Bar *bar = &g_array_index(bars, Bar, i);

            if (ABS(bar->top - top) > line_px / 2) {
                g_array_append_val(others, *bar);
                continue;
            }
            count += bar->x > last_x + 1;
            last_x = bar->x;
            g_array_append_val(ends, bar->bottom);
        }
        qsort(ends->data, ends->len, sizeof(int32_t), by_value);
        int32_t end = g_array_index(ends, int32_t, ends->len / 2) + BAR_RIM_PX;

        if (count >= BARS_LEAST)
            clear_code(page, first_x, last_x, top, end);
        g_array_unref(bars);
        bars = others;
    }
    g_array_unref(bars);
}

/* The mean of each pixel and its two neighbours, in both directions. */
static void
smooth(DnPixmap *page, uint8_t *scratch)
{
    size_t width = page->width_px;
    size_t height = page->height_px;

    for (size_t y = 0; y < height; y++) {
        const uint8_t *row = page->data + y * width;

        for (size_t x = 0; x < width; x++) {
            unsigned left = row[x > 0 ? x - 1 : 0];
            unsigned right = row[x + 1 < width ? x + 1 : x];

            scratch[y * width + x] = (uint8_t)((left + row[x] + right) / 3);
        }
    }
    for (size_t y = 0; y < height; y++) {
        const uint8_t *above = scratch + (y > 0 ? y - 1 : 0) * width;
        const uint8_t *here = scratch + y * width;
        const uint8_t *below = scratch + (y + 1 < height ? y + 1 : y) * width;

        for (size_t x = 0; x < width; x++)
            page->data[y * width + x] = (uint8_t)((above[x] + here[x] + below[x]) / 3);
    }
}

void
dn_page_smooth(DnPixmap *page, int32_t line_px, uint8_t *scratch)
{
    clear_dashes(page);
    clear_bars(page, line_px);
    /* After the bars: as a rule, a bar takes the stroke of a letter that it touches with it. */
    dn_page_clear_rules(page, scratch);
    memcpy(page->data, scratch, (size_t)page->width_px * page->height_px);
    for (int i = 0; i < (line_px >= TALL_PX ? PASSES_TALL : 1); i++)
        smooth(page, scratch);
}

/* Where to look; empty when nothing is in doubt, or all is. */
static GArray *
bands_in_doubt(const DnPageText *text, const DnPageText *last, const DnPixmap *page_bare,
               const DnReadingProfile *profile)
{
    const DnPageText *pages[] = {text};
    g_autoptr(DnReading) reading = dn_reading_new(pages, 1, profile);
    g_autoptr(GArray) boxes = g_array_new(FALSE, FALSE, sizeof(DnBox));
    const DnField *fields[] = {&reading->date, &reading->amount};
    bool missing = false;

    for (size_t i = 0; i < G_N_ELEMENTS(fields); i++) {
        double confidence = dn_field_confidence(fields[i]);

        if (confidence < CERTAIN)
            add_boxes(boxes, fields[i]);
        missing = missing || confidence < FOUND;
    }
    if (missing) {
        g_autoptr(GArray) unread = dn_bands_unread(last, page_bare);

        g_array_append_vals(boxes, unread->data, unread->len);
    }
    GArray *bands = dn_bands_new(last, (const DnBox *)(void *)boxes->data, boxes->len);

    if (dn_bands_share(bands, text) > BANDS_SHARE_MOST)
        g_array_set_size(bands, 0);
    return bands;
}

bool
dn_page_look_finer(const DnPixmap *page_clear, const DnPixmap *page_bare,
                   const DnReadPageOptions *options, uint32_t deadline_ms, DnPageText *text,
                   bool *out_complete, GError **error)
{
    DnPageText *last = text->second ? text->second : text;
    size_t size = (size_t)page_bare->width_px * page_bare->height_px;
    DnPixmap smoother = *page_bare;

    if (last->second)
        return true;
    g_autoptr(GArray) bands = bands_in_doubt(text, last, page_bare, options->profile);
    int32_t line_px = dn_page_text_usual_height(last, 0);

    if (bands->len == 0)
        return true;
    g_autofree uint8_t *pixels = dn_try_array(page_bare->height_px, page_bare->width_px, error);
    g_autofree uint8_t *scratch =
        pixels ? dn_try_array(page_bare->height_px, page_bare->width_px, error) : NULL;

    if (!scratch)
        return false;
    memcpy(pixels, page_clear->data, size);
    smoother.data = pixels;
    dn_page_smooth(&smoother, line_px, scratch);
    if (!dn_read_bands(options->latin, &smoother, last, bands, deadline_ms, &last->second,
                       out_complete, error))
        return false;
    g_autofree char *side = g_strdup_printf("margins; rules; smooth %d", line_px);
    g_autofree char *look = dn_bands_look(bands, side);

    dn_page_text_note(text, look, last->second->origin);
    return true;
}
