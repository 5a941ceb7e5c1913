/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ocr/closer.c - the name of the issuer, looked at once more and by itself.
 *
 * Among the lines of a page kanji are left out or taken for others, and a second pass over the page
 * makes the same mistakes. A picture of the one line, without neighbours, rules or the frame of a
 * seal, is read better, and better still by a second model that learned other pixels. It costs a
 * few hundredths of a pass. What the looks agree on takes the place of the words in all passes.
 */
#include "config.h"
#include "base/memory.h"
#include "base/text.h"
#include "ocr/read-page.h"

#include <string.h>

enum { MODE_LINE = 7 };
enum { LINES_MOST = 2 }; /* a shop's name, and its branch below */
enum { HEIGHT_LEAST_PX = 10, HEIGHT_MOST_PX = 300 };
enum { RIM_PX = 12, LETTERS_LEAST = 3, LETTERS_MOST = 60 };
enum { DEADLINE_LEAST_MS = 200 };

static const double DARK = 0.62;      /* of the paper: what is darker is ink */
static const double GAP_MOST = 1.2;   /* of the height: more parts two cells */
static const double SIDE_SHARE = 0.6; /* of the height: room before and behind the words */
static const double ABOVE_SHARE = 0.25;
static const double SURER = 0.15;
static const double LIKE_LEAST = 0.45; /* of the letters: else another thing was looked at */

/* A line of the page that is looked at again. */
typedef struct {
    DnBox words; /* around its words */
    char *text;  /* as the first pass has it */
} Place;

static void
place_clear(gpointer data)
{
    g_free(((Place *)data)->text);
}

static bool
is_in(const DnBox *area, const DnBox *box)
{
    int32_t x = box->x + box->width / 2;
    int32_t y = box->y + box->height / 2;

    return x >= area->x && x < area->x + area->width && y >= area->y && y < area->y + area->height;
}

static bool
is_japanese(const char *text)
{
    unsigned letters = 0;

    for (const char *p = text; *p; p = g_utf8_next_char(p))
        letters += dn_text_is_cjk(g_utf8_get_char(p));
    return letters >= 2;
}

static const DnWord *
word_at(const DnLine *line, guint index)
{
    return g_ptr_array_index(line->words, index);
}

static double
gap_after(const DnLine *line, guint index)
{
    const DnBox *left = &word_at(line, index)->box;
    const DnBox *right = &word_at(line, index + 1)->box;

    return right->x - (left->x + (double)left->width);
}

/* The words of @line that stand in @area, with those that follow each other closely. */
static bool
place_on_line(const DnLine *line, const DnBox *area, Place *out)
{
    g_autoptr(GString) text = g_string_new(NULL);
    guint first = 0;
    guint last = 0;
    DnBox box = {0};

    while (first < line->words->len && !is_in(area, &word_at(line, first)->box))
        first++;
    if (first == line->words->len)
        return false;
    last = first;
    while (last + 1 < line->words->len &&
           (is_in(area, &word_at(line, last + 1)->box) ||
            gap_after(line, last) < GAP_MOST * word_at(line, last)->box.height))
        last++;
    while (first > 0 && gap_after(line, first - 1) < GAP_MOST * word_at(line, first)->box.height)
        first--;
    for (guint i = first; i <= last; i++) {
        box = dn_box_union(&box, &word_at(line, i)->box);
        g_string_append(text, word_at(line, i)->text);
    }
    if (!is_japanese(text->str) || box.height < HEIGHT_LEAST_PX || box.height > HEIGHT_MOST_PX)
        return false;
    *out = (Place){.words = box, .text = g_string_free(g_steal_pointer(&text), FALSE)};
    return true;
}

/* (transfer full) array of Place. */
static GArray *
places_of(const DnPageText *text, const DnBox *area)
{
    GArray *places = g_array_new(FALSE, FALSE, sizeof(Place));

    g_array_set_clear_func(places, place_clear);
    for (guint i = 0; i < text->lines->len && places->len < LINES_MOST; i++) {
        Place place;

        if (place_on_line(g_ptr_array_index(text->lines, i), area, &place))
            g_array_append_val(places, place);
    }
    return places;
}

static uint8_t
paper_of(const DnPixmap *page, const DnBox *area)
{
    unsigned histogram[256] = {0};
    unsigned total = (unsigned)area->width * (unsigned)area->height;
    unsigned below = 0;
    int level = 0;

    for (int32_t y = area->y; y < area->y + area->height; y++)
        for (int32_t x = area->x; x < area->x + area->width; x++)
            histogram[dn_pixmap_row(page, (uint32_t)y)[x]]++;
    while (level < 255 && (below += histogram[level]) * 4 < total * 3)
        level++;
    return (uint8_t)level;
}

static bool
has_ink(const DnPixmap *page, const DnBox *area, int32_t y, uint8_t dark)
{
    for (int32_t x = area->x; x < area->x + area->width; x++)
        if (dn_pixmap_row(page, (uint32_t)y)[x] < dark)
            return true;
    return false;
}

/* Narrows @area to the band of rows around its middle: boxes of words reach into other lines. */
static void
take_band(const DnPixmap *page, DnBox *area, uint8_t dark)
{
    int32_t end = area->y + area->height;
    int32_t gap_most = MAX(1, area->height / 16);
    int32_t best_top = area->y;
    int32_t best_rows = 0;
    int32_t top = -1;
    int32_t empty = 0;

    for (int32_t y = area->y; y <= end; y++) {
        bool ink = y < end && has_ink(page, area, y, dark);

        if (ink && top < 0)
            top = y;
        empty = ink ? 0 : empty + 1;
        if (top < 0 || (empty <= gap_most && y < end))
            continue;
        int32_t rows = y - empty + 1 - top;

        if (rows > best_rows) {
            best_rows = rows;
            best_top = top;
        }
        top = -1;
    }
    if (best_rows > 0) {
        area->y = best_top;
        area->height = best_rows;
    }
}

static DnBox
clipped(double left, double top, double right, double bottom, const DnPixmap *page)
{
    int32_t x = (int32_t)CLAMP(left, 0, page->width_px - 1.0);
    int32_t y = (int32_t)CLAMP(top, 0, page->height_px - 1.0);

    return (DnBox){x, y, MAX(1, (int32_t)MIN(right, page->width_px) - x),
                   MAX(1, (int32_t)MIN(bottom, page->height_px) - y)};
}

/* (transfer full) The line at @place alone, in a rim of paper. */
static DnPixmap *
picture_of(const DnPixmap *page, const Place *place, const DnLimits *limits, GError **error)
{
    const DnBox *box = &place->words;
    double side = SIDE_SHARE * box->height;
    double above = ABOVE_SHARE * box->height;
    DnBox area = clipped(box->x - side, box->y - above, box->x + box->width + 2 * side,
                         box->y + box->height + above, page);
    uint8_t paper = paper_of(page, &area);

    take_band(page, &area, (uint8_t)(DARK * paper));
    DnPixmap *picture =
        dn_pixmap_new((uint32_t)area.width + 2 * RIM_PX, (uint32_t)area.height + 2 * RIM_PX,
                      DN_PIXEL_GRAY8, limits, error);

    if (!picture)
        return NULL;
    picture->dpi_x = page->dpi_x;
    picture->dpi_y = page->dpi_y;
    memset(picture->data, paper, (size_t)picture->width_px * picture->height_px);
    for (int32_t y = 0; y < area.height; y++)
        memcpy(dn_pixmap_row(picture, (uint32_t)y + RIM_PX) + RIM_PX,
               dn_pixmap_row(page, (uint32_t)(area.y + y)) + area.x, (size_t)area.width);
    return picture;
}

/* What one look gave. */
typedef struct {
    char *text;
    double confidence;
} Look;

static void
look_clear(Look *self)
{
    g_free(self->text);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Look, look_clear)

static bool
look(DnRecognizer *recognizer, const DnPixmap *picture, unsigned page, uint32_t deadline_ms,
     Look *out, GError **error)
{
    g_autoptr(DnPageText) text = NULL;
    g_autoptr(GString) joined = g_string_new(NULL);
    bool complete = false;

    if (!dn_recognizer_page(recognizer, picture, page, MODE_LINE, deadline_ms, &text, &complete,
                            error))
        return false;
    out->confidence = 1;
    for (guint i = 0; i < text->lines->len; i++) {
        const DnLine *line = g_ptr_array_index(text->lines, i);

        for (guint w = 0; w < line->words->len; w++) {
            g_string_append(joined, word_at(line, w)->text);
            out->confidence = MIN(out->confidence, word_at(line, w)->confidence);
        }
    }
    out->text = g_string_free(g_steal_pointer(&joined), FALSE);
    return true;
}

static bool
are_alike(const char *a, const char *b)
{
    const DnCandidate first = {.text = (char *)a};
    const DnCandidate second = {.text = (char *)b};

    return dn_names_share(&first, &second, LIKE_LEAST);
}

static bool
is_name(const char *text)
{
    glong letters = text ? g_utf8_strlen(text, -1) : 0;

    return letters >= LETTERS_LEAST && letters <= LETTERS_MOST && is_japanese(text);
}

/* Which of the two looks is right: (transfer none), NULL for neither. The second model sees more
 * kanji; where both see as many letters, the surer one is right. */
static const Look *
choose(const Place *place, const Look *first, const Look *second)
{
    bool first_fits = is_name(first->text) && are_alike(first->text, place->text);
    bool second_fits = is_name(second->text) && are_alike(second->text, place->text);

    if (first_fits && second_fits)
        return first->confidence > second->confidence + SURER &&
                       g_utf8_strlen(first->text, -1) == g_utf8_strlen(second->text, -1)
                   ? first
                   : second;
    return second_fits ? second : first_fits ? first : NULL;
}

static void
put(DnPageText *text, const Place *place, const Look *seen)
{
    for (DnPageText *pass = text; pass; pass = pass->second)
        dn_page_text_put(pass, &place->words, seen->text, seen->confidence);
}

static bool
look_at(const DnReadPageOptions *options, DnRecognizer *recognizer, const DnPixmap *page_clear,
        unsigned page, uint32_t deadline_ms, const Place *place, DnPageText *text, GError **error)
{
    g_autoptr(DnPixmap) picture = picture_of(page_clear, place, &dn_limits_default, error);
    g_auto(Look) first = {0};
    g_auto(Look) second = {0};

    if (!picture || !look(recognizer, picture, page, deadline_ms, &first, error) ||
        !look(options->line, picture, page, deadline_ms, &second, error))
        return false;
    const Look *seen = choose(place, &first, &second);

    if (seen)
        put(text, place, seen);
    return true;
}

bool
dn_page_look_closer(DnRecognizer *recognizer, const DnPixmap *page_clear, unsigned page,
                    const DnReadPageOptions *options, uint32_t deadline_ms, DnPageText *text,
                    GError **error)
{
    const DnPageText *pages[] = {text};
    g_autoptr(DnReading) reading = dn_reading_new(pages, 1, options->profile);
    const DnCandidate *name =
        reading->party.candidates->len ? g_ptr_array_index(reading->party.candidates, 0) : NULL;

    if (!name || !name->text || !is_japanese(name->text))
        return true;
    g_autoptr(GArray) places = places_of(text, &name->box);

    if (places->len == 0 && text->second) {
        g_array_unref(places);
        places = places_of(text->second, &name->box);
    }
    for (guint i = 0; i < places->len; i++)
        if (!look_at(options, recognizer, page_clear, page, deadline_ms,
                     &g_array_index(places, Place, i), text, error))
            return false;
    return true;
}
