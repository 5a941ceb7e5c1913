/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ocr/bands.c - a second look at a few lines of a page.
 *
 * The lines that carry a doubtful value are cut out as bands over the whole width, for label and
 * value may stand far apart, set below each other on a small page of their own, and read as one
 * block. What was read is put back in place of the lines it was cut from.
 */
#include "config.h"
#include "base/memory.h"
#include "ocr/read-page.h"

#include <string.h>

enum { MODE_BLOCK = 6 };

static const double PAD = 0.25;       /* of a line's height, above and below; accents and seals */
static const double GAP = 0.60;       /* of a line's height: white between two bands */
static const double READ_LEAST = 0.6; /* of a word that was read */
static const double INK_SHARE = 0.25; /* of a line's height: dark pixels of a row with print ... */
static const double LINE_SHARE = 0.4; /* ... and rows of a line */
static const int DARK = 178;
enum { GAP_LEAST_PX = 8, MARGIN_PX = 24 };
enum { WHITE = 255 };

static int
by_top(gconstpointer a, gconstpointer b)
{
    const DnBox *first = a;
    const DnBox *second = b;

    return (first->y > second->y) - (first->y < second->y);
}

/* The line under the middle of @box as a band. */
static void
add_band(GArray *bands, const DnPageText *text, const DnBox *box)
{
    DnBox band = *box;

    for (guint i = 0; i < text->lines->len; i++) {
        const DnLine *line = g_ptr_array_index(text->lines, i);
        int32_t middle = line->box.y + line->box.height / 2;

        if (middle >= box->y && middle < box->y + box->height)
            band = dn_box_union(&band, &line->box);
    }
    int32_t pad = (int32_t)(PAD * box->height) + 1;
    int32_t top = MAX(0, band.y - pad);
    int32_t bottom = MIN((int32_t)text->height_px, band.y + band.height + pad);

    if (bottom <= top)
        return;
    band = (DnBox){0, top, (int32_t)text->width_px, bottom - top};
    g_array_append_val(bands, band);
}

static int
by_size(gconstpointer a, gconstpointer b)
{
    return *(const int32_t *)a - *(const int32_t *)b;
}

int32_t
dn_page_text_usual_height(const DnPageText *text, double confidence)
{
    g_autoptr(GArray) heights = g_array_new(FALSE, FALSE, sizeof(int32_t));

    for (guint i = 0; i < text->lines->len; i++) {
        const DnLine *line = g_ptr_array_index(text->lines, i);

        for (guint k = 0; k < line->words->len; k++) {
            const DnWord *word = g_ptr_array_index(line->words, k);

            if (word->confidence >= confidence)
                g_array_append_val(heights, word->box.height);
        }
    }
    g_array_sort(heights, by_size);
    return heights->len ? g_array_index(heights, int32_t, heights->len / 2) : 0;
}

/* Marks in @covered (a byte a column) what sure words of @text cover of row @y. */
static void
cover_row(const DnPageText *text, int32_t y, int32_t spread, uint8_t *covered)
{
    int32_t width = (int32_t)text->width_px;

    memset(covered, 0, text->width_px);
    for (guint i = 0; i < text->lines->len; i++) {
        const DnLine *line = g_ptr_array_index(text->lines, i);

        if (y < line->box.y - spread || y >= line->box.y + line->box.height + spread)
            continue;
        for (guint k = 0; k < line->words->len; k++) {
            const DnWord *word = g_ptr_array_index(line->words, k);
            int32_t from = CLAMP(word->box.x - spread, 0, width);
            int32_t to = CLAMP(word->box.x + word->box.width + spread, from, width);

            if (word->confidence >= READ_LEAST && y >= word->box.y - spread &&
                y < word->box.y + word->box.height + spread)
                memset(covered + from, 1, (size_t)(to - from));
        }
    }
}

static int32_t
ink_of_row(const uint8_t *row, const uint8_t *covered, uint32_t width)
{
    int32_t ink = 0;

    for (uint32_t x = 0; x < width; x++)
        ink += row[x] < DARK && !covered[x];
    return ink;
}

GArray *
dn_bands_unread(const DnPageText *text, const DnPixmap *page_bare)
{
    GArray *boxes = g_array_new(FALSE, FALSE, sizeof(DnBox));
    g_autofree uint8_t *covered = g_malloc(page_bare->width_px);
    int32_t usual = dn_page_text_usual_height(text, READ_LEAST);
    int32_t spread = usual / 4;
    int32_t height = (int32_t)page_bare->height_px;
    int32_t begin = -1;

    for (int32_t y = 0; usual > 0 && y <= height; y++) {
        if (y < height)
            cover_row(text, y, spread, covered);
        bool inky = y < height && ink_of_row(dn_pixmap_row(page_bare, (uint32_t)y), covered,
                                             page_bare->width_px) >= INK_SHARE * usual;

        if (inky && begin < 0)
            begin = y;
        if (inky || begin < 0)
            continue;
        if (y - begin >= LINE_SHARE * usual) {
            DnBox box = {0, begin, (int32_t)page_bare->width_px, y - begin};

            g_array_append_val(boxes, box);
        }
        begin = -1;
    }
    return boxes;
}

/* Bands that touch become one. */
static void
join_bands(GArray *bands)
{
    g_array_sort(bands, by_top);
    for (guint i = 1; i < bands->len;) {
        DnBox *before = &g_array_index(bands, DnBox, i - 1);
        const DnBox *band = &g_array_index(bands, DnBox, i);

        if (band->y > before->y + before->height) {
            i++;
            continue;
        }
        before->height = MAX(before->height, band->y + band->height - before->y);
        g_array_remove_index(bands, i);
    }
}

GArray *
dn_bands_new(const DnPageText *text, const DnBox *boxes, size_t count)
{
    GArray *bands = g_array_new(FALSE, FALSE, sizeof(DnBox));

    for (size_t i = 0; i < count; i++)
        add_band(bands, text, &boxes[i]);
    join_bands(bands);
    return bands;
}

double
dn_bands_share(const GArray *bands, const DnPageText *text)
{
    double height = 0;

    for (guint i = 0; i < bands->len; i++)
        height += g_array_index(bands, DnBox, i).height;
    return text->height_px > 0 ? height / text->height_px : 1;
}

char *
dn_bands_look(const GArray *bands, const char *look)
{
    GString *text = g_string_new(look);

    g_string_append(text, "; bands");
    for (guint i = 0; i < bands->len; i++) {
        const DnBox *band = &g_array_index(bands, DnBox, i);

        g_string_append_printf(text, " %d+%d", band->y, band->height);
    }
    return g_string_free(text, FALSE);
}

static int32_t
gap_of(const DnBox *band)
{
    return MAX(GAP_LEAST_PX, (int32_t)(GAP * band->height));
}

static uint32_t
stack_height(const GArray *bands)
{
    int64_t height = MARGIN_PX;

    for (guint i = 0; i < bands->len; i++) {
        const DnBox *band = &g_array_index(bands, DnBox, i);

        height += band->height + gap_of(band);
    }
    return (uint32_t)(height + MARGIN_PX);
}

/* Words of the stack go back to where they were cut from; a line lies where most of it is. */
static void
put_back(DnPageText *text, const GArray *bands)
{
    for (guint i = 0; i < text->lines->len; i++) {
        DnLine *line = g_ptr_array_index(text->lines, i);
        int32_t middle = line->box.y + line->box.height / 2;
        int32_t at = MARGIN_PX;
        int32_t down = 0;

        for (guint k = 0; k < bands->len; k++) {
            const DnBox *band = &g_array_index(bands, DnBox, k);

            down = band->y - at;
            at += band->height + gap_of(band);
            if (middle < at)
                break;
        }
        line->box.y += down;
        for (guint k = 0; k < line->words->len; k++)
            ((DnWord *)g_ptr_array_index(line->words, k))->box.y += down;
    }
}

bool
dn_read_bands(DnRecognizer *recognizer, const DnPixmap *page_bare, const DnPageText *text,
              const GArray *bands, uint32_t deadline_ms, DnPageText **out_text, bool *out_complete,
              GError **error)
{
    DnPixmap stack = *page_bare;
    uint32_t at = MARGIN_PX;
    g_autoptr(DnPageText) again = NULL;

    stack.height_px = stack_height(bands);
    g_autofree uint8_t *pixels = dn_try_array(stack.height_px, stack.width_px, error);

    if (!pixels)
        return false;
    memset(pixels, WHITE, (size_t)stack.height_px * stack.width_px);
    stack.data = pixels;
    for (guint i = 0; i < bands->len; i++) {
        const DnBox *band = &g_array_index(bands, DnBox, i);

        memcpy(pixels + (size_t)at * stack.width_px,
               page_bare->data + (size_t)band->y * stack.width_px,
               (size_t)band->height * stack.width_px);
        at += (uint32_t)(band->height + gap_of(band));
    }
    if (!dn_recognizer_page(recognizer, &stack, text->page, MODE_BLOCK, deadline_ms, &again,
                            out_complete, error))
        return false;
    put_back(again, bands);
    *out_text = dn_page_text_with(text, bands, again);
    return true;
}
