/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ocr/closer.c - the name of the issuer and its number, looked at once more and by themselves.
 *
 * Among the lines of a page kanji are left out or taken for others, and a second pass over the page
 * makes the same mistakes. A picture of the one line, without neighbours, rules or the frame of a
 * seal, is read better, and better still by a second model that learned other pixels. It costs a
 * few hundredths of a pass. What is seen takes the place of the words in all passes.
 *
 * Where no name with a legal form was found, it was lost in a seal or dropped whole: it stands at
 * the head of the block in which the telephone and the number of the issuer stand.
 *
 * Zeros with a stroke are read as 9 by the Japanese models. Check digits do not tell the two apart
 * (9 is 0 to them); the model for Latin letters does.
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

static const double DARK = 0.62;        /* of the paper: what is darker is ink */
static const double PAPER_SHARE = 0.75; /* this share of the pixels is no lighter than the paper */
static const double GAP_MOST = 1.2;     /* of the height: more parts two cells */
static const double SIDE_SHARE = 0.6;   /* of the height: room before and behind the words */
static const double WIDER_MOST = 20;    /* of the height */
static const double ABOVE_SHARE = 0.25;
static const double SURER = 0.15;
static const double PLAIN = 0.6;
static const double LIKE_LEAST = 0.45; /* of the letters: else another thing was looked at */

/* A name that was not found is sought where the best one is less sure than this. */
static const double FOUND_SURELY = 0.72;
static const double NAME_LEAST = 0.4;
static const double NAME_WIDTH = 13; /* of the height of the telephone's line */
/* From one line of a block to the next, by the height of the lower. */
static const double PITCH_MOST = 2.1;
static const double FIRST_WORD = 5;
enum { ROWS_MOST = 5, NUMBER_DIGITS = 13 };
static const double NUMBER_SURELY = 0.93;
static const double NUMBER_MOST = 0.9;

/* A line of the page that is looked at again. */
typedef struct {
    DnBox words; /* around its words */
    char *text;  /* as the first pass has it */
    DnBox cut;   /* what was cut out to look at it ... */
    uint8_t rim; /* ... and the gray around it */
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
cell_on_line(const DnLine *line, const DnBox *area, Place *out)
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
    if (box.height < HEIGHT_LEAST_PX || box.height > HEIGHT_MOST_PX)
        return false;
    *out = (Place){.words = box, .text = g_string_free(g_steal_pointer(&text), FALSE)};
    return true;
}

static bool
place_on_line(const DnLine *line, const DnBox *area, Place *out)
{
    Place place = {0};

    if (!cell_on_line(line, area, &place))
        return false;
    if (!is_japanese(place.text)) {
        place_clear(&place);
        return false;
    }
    *out = place;
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

static bool
column_has_ink(const DnPixmap *page, const DnBox *rows, int32_t x, uint8_t dark)
{
    int32_t needed = MAX(2, rows->height / 16);

    for (int32_t y = rows->y; y < rows->y + rows->height && needed > 0; y++)
        needed -= dn_pixmap_row(page, (uint32_t)y)[x] < dark;
    return needed == 0;
}

/* Where the print that goes on beyond @x in the direction of @step ends. */
static int32_t
print_end(const DnPixmap *page, const DnBox *rows, int32_t x, int step, uint8_t dark)
{
    int32_t blank_most = (int32_t)(SIDE_SHARE * rows->height);
    int32_t far = x + step * (int32_t)(WIDER_MOST * rows->height);
    int32_t end = x;

    for (int32_t at = x;
         at >= 0 && at < (int32_t)page->width_px && at != far && (at - end) * step <= blank_most;
         at += step)
        if (column_has_ink(page, rows, at, dark))
            end = at;
    return end;
}

/* (transfer full) The line at @place alone, in a rim of paper. What goes on beyond its words, and
 * was not read at all, belongs to it. */
static DnPixmap *
picture_of(const DnPixmap *page, Place *place, const DnLimits *limits, GError **error)
{
    DnBox *box = &place->words;
    DnBox rows =
        clipped(box->x, box->y, box->x + (double)box->width, box->y + (double)box->height, page);
    uint8_t ink = (uint8_t)(DARK * dn_pixmap_quantile(page, &rows, PAPER_SHARE));
    int32_t right = print_end(page, &rows, rows.x + rows.width - 1, 1, ink);
    int32_t left = print_end(page, &rows, rows.x, -1, ink);

    box->x = MIN(box->x, left);
    box->width = MAX(box->width, right + 1 - box->x);
    double side = SIDE_SHARE * box->height;
    double above = ABOVE_SHARE * box->height;
    DnBox area = clipped(box->x - side, box->y - above, box->x + box->width + side,
                         box->y + box->height + above, page);
    uint8_t paper = dn_pixmap_quantile(page, &area, PAPER_SHARE);

    take_band(page, &area, (uint8_t)(DARK * paper));
    place->cut = area;
    place->rim = paper;
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
    char *origin;
    double confidence;
} Look;

static void
look_clear(Look *self)
{
    g_free(self->text);
    g_free(self->origin);
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
    out->origin = g_strdup(text->origin);
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

/* Are the letters of @few all in @many, in order? Then the look that gave @few lost some. */
static bool
lost_letters(const char *few, const char *many)
{
    for (; *many && *few; many = g_utf8_next_char(many))
        if (g_utf8_get_char(few) == g_utf8_get_char(many))
            few = g_utf8_next_char(few);
    return !*few;
}

/* Which of the two looks is right: (transfer none), NULL for neither. The second model sees more
 * kanji; where both see as many letters, the surer one is right. */
static const Look *
choose(const Place *place, const Look *first, const Look *second)
{
    bool first_fits = is_name(first->text) && are_alike(first->text, place->text);
    bool second_fits = is_name(second->text) && are_alike(second->text, place->text);

    if (first_fits && second_fits && first->confidence >= PLAIN &&
        strlen(first->text) > strlen(second->text) && lost_letters(second->text, first->text))
        return first;
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
    g_autofree char *look =
        g_strdup_printf("margins; cut %d,%d %dx%d rim %u", place->cut.x, place->cut.y,
                        place->cut.width, place->cut.height, place->rim);

    dn_page_text_note(text, look, seen->origin);
}

static bool
look_at(const DnReadPageOptions *options, DnRecognizer *recognizer, const DnPixmap *page_clear,
        unsigned page, uint32_t deadline_ms, Place *place, DnPageText *text, GError **error)
{
    if (!is_name(place->text)) /* nothing that is seen could be like it */
        return true;
    g_autoptr(DnPixmap) picture = picture_of(page_clear, place, &dn_limits_default, error);
    g_auto(Look) first = {0};
    g_auto(Look) second = {0};

    if (!picture || !look(options->line, picture, page, deadline_ms, &second, error))
        return false;
    /* When the second model agrees with the page, the first need not be asked again. */
    if (g_str_equal(second.text, place->text)) {
        put(text, place, &second);
        return true;
    }
    if (!look(recognizer, picture, page, deadline_ms, &first, error))
        return false;
    const Look *seen = choose(place, &first, &second);

    if (seen)
        put(text, place, seen);
    return true;
}

/* ---- a name that was not found ---- */

static bool
has_form(const char *text)
{
    static const char *const forms[] = {"株式会社", "有限会社", "合同会社", "(株)", "(有)"};

    for (size_t i = 0; i < G_N_ELEMENTS(forms); i++)
        if (strstr(text, forms[i]))
            return true;
    return false;
}

/* The cell of @text in which @box stands. */
static bool
cell_of(const DnPageText *text, const DnBox *box, Place *out)
{
    for (guint i = 0; i < text->lines->len; i++)
        if (cell_on_line(g_ptr_array_index(text->lines, i), box, out))
            return true;
    return false;
}

/* The cell right above @cell that begins where it does. */
static bool
cell_above(const DnPageText *text, const DnBox *cell, Place *out)
{
    DnBox area = {cell->x - cell->height, cell->y - (int32_t)(PITCH_MOST * cell->height),
                  (int32_t)(FIRST_WORD * cell->height), (int32_t)(PITCH_MOST * cell->height)};

    for (guint i = text->lines->len; i > 0; i--) {
        Place place = {0};

        if (!cell_on_line(g_ptr_array_index(text->lines, i - 1), &area, &place))
            continue;
        if (ABS(place.words.x - cell->x) <= cell->height &&
            place.words.y + place.words.height / 2 < cell->y) {
            *out = place;
            return true;
        }
        place_clear(&place);
    }
    return false;
}

/* Puts the name that @area holds into @text, if one is seen there. */
static bool
look_for_name(const DnReadPageOptions *options, const DnPixmap *page_clear, unsigned page,
              uint32_t deadline_ms, const DnBox *area, DnPageText *text, bool *out_found,
              GError **error)
{
    Place place = {.words = *area};
    g_auto(Look) seen = {0};
    g_autoptr(DnPixmap) picture = picture_of(page_clear, &place, &dn_limits_default, error);

    if (!picture || !look(options->line, picture, page, deadline_ms, &seen, error))
        return false;
    *out_found = is_name(seen.text) && has_form(seen.text) && seen.confidence >= NAME_LEAST &&
                 !strstr(seen.text, "御中");
    if (*out_found)
        put(text, &place, &seen);
    return true;
}

static bool
look_above(const DnReadPageOptions *options, const DnPixmap *page_clear, unsigned page,
           uint32_t deadline_ms, const DnBox *anchor, DnPageText *text, GError **error)
{
    Place top = {0};
    Place next = {0};
    bool found = false;

    if (!cell_of(text, anchor, &top))
        return true;
    unsigned rows = 0;

    for (; rows < ROWS_MOST && cell_above(text, &top.words, &next); rows++) {
        place_clear(&top);
        top = next;
    }
    DnBox cell = top.words;
    double height = anchor->height;

    place_clear(&top);
    cell.width = MAX(cell.width, (int32_t)(NAME_WIDTH * height));
    DnBox above = {cell.x, MAX(0, cell.y - (int32_t)(1.9 * height)), cell.width,
                   (int32_t)(1.7 * height)};

    if (rows > 0 &&
        !look_for_name(options, page_clear, page, deadline_ms, &cell, text, &found, error))
        return false;
    return found || above.y + above.height > cell.y ||
           look_for_name(options, page_clear, page, deadline_ms, &above, text, &found, error);
}

/* ---- the number ---- */

/* The thirteen digits at the end of @text; false when there are none. The T before them may have
 * become a digit. */
static bool
number_in(const char *text, char *out_digits)
{
    unsigned count = 0;

    for (const char *p = text + strlen(text); p > text; p--) {
        if (p[-1] == '-')
            continue;
        if (!g_ascii_isdigit(p[-1]))
            break;
        count++;
        if (count <= NUMBER_DIGITS)
            out_digits[NUMBER_DIGITS - count] = p[-1];
    }
    return count == NUMBER_DIGITS || count == NUMBER_DIGITS + 1;
}

static bool
is_zero_like(char digit)
{
    return digit == '0' || digit == '9';
}

/* Puts @digits in the place of the last of @text; false when they differ by more than 0 and 9. */
static bool
replace_digits(char *text, const char *digits)
{
    int left = NUMBER_DIGITS;

    for (size_t i = strlen(text); i > 0 && left > 0; i--) {
        char *p = &text[i - 1];

        if (!g_ascii_isdigit(*p))
            continue;
        left--;
        if (*p != digits[left] && !(is_zero_like(*p) && is_zero_like(digits[left])))
            return false;
        *p = digits[left];
    }
    return left == 0;
}

static bool
look_at_number(const DnReadPageOptions *options, const DnPixmap *page_clear, unsigned page,
               uint32_t deadline_ms, const DnBox *box, DnPageText *text, GError **error)
{
    Place place = {0};
    g_auto(Look) seen = {0};
    char digits[NUMBER_DIGITS];

    if (!cell_of(text, box, &place))
        return true;
    g_autofree char *cell = place.text;
    g_autoptr(DnPixmap) picture = picture_of(page_clear, &place, &dn_limits_default, error);

    if (!picture || !look(options->latin, picture, page, deadline_ms, &seen, error))
        return false;
    if (number_in(seen.text, digits) && replace_digits(cell, digits)) {
        const Look corrected = {
            .text = cell, .origin = seen.origin, .confidence = MIN(seen.confidence, NUMBER_MOST)};

        put(text, &place, &corrected);
    }
    return true;
}

static bool
look_at_name(DnRecognizer *recognizer, const DnPixmap *page_clear, unsigned page,
             const DnReadPageOptions *options, uint32_t deadline_ms, const DnBox *box,
             DnPageText *text, GError **error)
{
    g_autoptr(GArray) places = places_of(text, box);

    if (places->len == 0 && text->second) {
        g_array_unref(places);
        places = places_of(text->second, box);
    }
    for (guint i = 0; i < places->len; i++)
        if (!look_at(options, recognizer, page_clear, page, deadline_ms,
                     &g_array_index(places, Place, i), text, error))
            return false;
    return true;
}

bool
dn_page_look_closer(DnRecognizer *recognizer, const DnPixmap *page_clear, unsigned page,
                    const DnReadPageOptions *options, uint32_t deadline_ms, DnPageText *text,
                    GError **error)
{
    g_autoptr(DnReading) reading = dn_page_reading(options, text);
    const DnCandidate *name = dn_field_best(&reading->party);
    const DnCandidate *number = dn_field_best(&reading->registration_number);
    const DnCandidate *telephone = dn_field_best(&reading->telephone);
    const DnCandidate *anchor = telephone ? telephone : number;

    if (name && name->page == page && name->text && is_japanese(name->text) &&
        !look_at_name(recognizer, page_clear, page, options, deadline_ms, &name->box, text, error))
        return false;
    if (anchor && anchor->page == page && anchor->box.height > 0 &&
        (!name || name->confidence < FOUND_SURELY) &&
        !look_above(options, page_clear, page, deadline_ms, &anchor->box, text, error))
        return false;
    if (number && number->page == page && number->confidence < NUMBER_SURELY &&
        number->box.height > 0 && dn_recognizer_is_ready(options->latin, NULL) &&
        !look_at_number(options, page_clear, page, deadline_ms, &number->box, text, error))
        return false;
    return true;
}
