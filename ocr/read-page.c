/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ocr/read-page.c - which passes a page needs.
 *
 * A sheet with columns and ruled tables is read as columns first, a slip as one block. A pass costs
 * the better part of a second, so what follows goes only to where it is needed (bands.c): the lines
 * that carry a doubtful value, and, where a value was not found, print that gave no words. The
 * whole page is read again, in the other way, only when the first reading is poor, or a page in
 * Latin letters leaves a value open: a model made for them, if there is one, reads all of it
 * better. Rules are taken out before a block is read, which would drop a framed table whole.
 * The name of an issuer in kanji is looked at once more in the end (closer.c), and what a page in
 * Latin letters leaves in doubt (finer.c).
 */
#include "config.h"
#include "ocr/read-page.h"
#include "base/memory.h"
#include "base/text.h"
#include "ocr/columns.h"

enum { MODE_COLUMNS = 4, MODE_BLOCK = 6 };
enum { CJK_NOISE = 4 }; /* strokes of a logo are read as kanji: fewer than one in so many letters */
enum { DEADLINE_LEAST_MS = 200 }; /* a pass that has less is not begun */

static const double SHEET_LEAST = 0.60;     /* width over height of a sheet of paper ... */
static const double SHEET_MOST = 0.90;      /* ... a slip is longer, a form is broad */
static const double CERTAIN = 0.93;         /* a second pass is not worth it any more */
static const double LIKELY = 0.85;          /* its own lines tell, not those of its rivals */
static const double FOUND = 0.5;            /* below it nobody knows where the value stands */
static const double BANDS_SHARE_MOST = 0.5; /* of the page; more is read as a whole */
enum { REGNUM_DIGITS_LEAST = 12 };
enum { PLACES_MOST = 3 }; /* a value is looked for at */

static bool
is_sheet(const DnPixmap *page)
{
    double ratio = (double)page->width_px / page->height_px;

    return ratio >= SHEET_LEAST && ratio <= SHEET_MOST;
}

static bool
is_certain(const DnField *field)
{
    return dn_field_confidence(field) >= CERTAIN;
}

static bool
is_likely(const DnField *field)
{
    return dn_field_confidence(field) >= LIKELY;
}

static bool
is_latin(const DnPageText *text)
{
    unsigned cjk = 0;
    unsigned letters = 0;

    for (guint i = 0; i < text->lines->len; i++) {
        const DnLine *line = g_ptr_array_index(text->lines, i);

        for (const char *p = line->text; *p; p = g_utf8_next_char(p)) {
            gunichar c = g_utf8_get_char(p);

            if (dn_text_is_cjk(c))
                cjk++;
            else if (g_unichar_isalpha(c))
                letters++;
        }
    }
    return letters > cjk * CJK_NOISE;
}

static bool
is_found(const DnField *field)
{
    return dn_field_confidence(field) >= FOUND;
}

/* The places on @page of the best candidates; of the first one where hardly another comes into
 * question. */
static void
add_boxes(GArray *boxes, const DnField *field, unsigned page)
{
    guint most = is_likely(field) ? 1 : PLACES_MOST;

    for (guint i = 0; i < field->candidates->len && i < most; i++) {
        const DnCandidate *candidate = g_ptr_array_index(field->candidates, i);

        if (candidate->page == page)
            g_array_append_val(boxes, candidate->box);
    }
}

/* Lines that may hold a registration number of which a stroke was taken for a digit more or less.
 */
static void
add_digits(GArray *boxes, const DnPageText *text)
{
    for (guint i = 0; i < text->lines->len; i++) {
        const DnLine *line = g_ptr_array_index(text->lines, i);
        int digits = 0;

        for (const char *p = line->text; *p; p++)
            digits += g_ascii_isdigit(*p) != 0;
        if (digits >= REGNUM_DIGITS_LEAST)
            g_array_append_val(boxes, line->box);
    }
}

/* What to look at again. */
typedef enum { NOWHERE, AT_BANDS, EVERYWHERE } Doubt;

/* A page, and the same without its rules once that was needed: made of rows that lie as in it. */
typedef struct {
    DnPixmap clear;
    DnPixmap bare;
} Sides;

static void
sides_clear(Sides *self)
{
    g_clear_pointer(&self->clear.data, g_free);
    g_clear_pointer(&self->bare.data, g_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Sides, sides_clear)

static bool
sides_begin(Sides *self, const DnPixmap *page, GError **error)
{
    self->clear = *page;
    self->clear.data = dn_try_array(page->width_px, page->height_px, error);
    if (!self->clear.data)
        return false;
    dn_page_clear_margins(page, self->clear.data);
    return true;
}

static const DnPixmap *
sides_bare(Sides *self, GError **error)
{
    if (self->bare.data)
        return &self->bare;
    self->bare = self->clear;
    self->bare.data = dn_try_array(self->clear.width_px, self->clear.height_px, error);
    if (!self->bare.data)
        return NULL;
    dn_page_clear_rules(&self->clear, self->bare.data);
    return &self->bare;
}

static bool
read_once(DnRecognizer *recognizer, Sides *sides, unsigned page, int mode, uint32_t deadline_ms,
          DnPageText **out_text, bool *out_complete, GError **error)
{
    const DnPixmap *picture = mode == MODE_BLOCK ? sides_bare(sides, error) : &sides->clear;

    return picture && dn_recognizer_page(recognizer, picture, page, mode, deadline_ms, out_text,
                                         out_complete, error);
}

static bool
read_again(DnRecognizer *recognizer, Sides *sides, const GArray *bands, uint32_t deadline_ms,
           DnPageText *text, bool *out_complete, GError **error)
{
    const DnPixmap *picture = sides_bare(sides, error);

    return picture && dn_read_bands(recognizer, picture, text, bands, deadline_ms, &text->second,
                                    out_complete, error);
}

/* Notes in @text how @pass, which is one of its readings, came about. */
static void
note_pass(DnPageText *text, const DnPageText *pass, bool without_rules)
{
    const char *side = without_rules ? "margins; rules" : "margins";
    g_autofree char *look = pass->bands ? dn_bands_look(pass->bands, side) : g_strdup(side);

    dn_page_text_note(text, look, pass->origin);
}

DnReading *
dn_page_reading(const DnReadPageOptions *options, const DnPageText *text)
{
    g_autofree const DnPageText **pages = g_new(const DnPageText *, options->before_count + 1);

    for (size_t i = 0; i < options->before_count; i++)
        pages[i] = options->before[i];
    pages[options->before_count] = text;
    return dn_reading_new(pages, options->before_count + 1, options->profile);
}

/* Where the page is to be looked at again. *@out_bands (transfer full): for AT_BANDS. */
static bool
find_doubt(const DnPageText *text, const DnReadPageOptions *options, Sides *sides, Doubt *out_doubt,
           GArray **out_bands, GError **error)
{
    g_autoptr(DnReading) reading = dn_page_reading(options, text);
    g_autoptr(GArray) boxes = g_array_new(FALSE, FALSE, sizeof(DnBox));
    const DnField *wanted[] = {&reading->date, &reading->amount, &reading->party,
                               &reading->registration_number};
    bool latin = is_latin(text);
    bool missing = false;

    *out_doubt = EVERYWHERE;
    /* Other amounts bear a total out, and the model for Latin letters reads them all better. */
    if (dn_page_text_is_poor(text) || (latin && !is_certain(&reading->amount)))
        return true;
    for (size_t i = 0; i < G_N_ELEMENTS(wanted) - latin; i++) {
        missing = missing || !is_found(wanted[i]);
        /* A likely name is left to the closer look, which sees more of it. */
        if (!is_certain(wanted[i]) &&
            !(wanted[i] == &reading->party && options->line && is_likely(wanted[i])))
            add_boxes(boxes, wanted[i], text->page);
    }
    if (missing && latin)
        return true;
    if (!latin && !is_found(&reading->registration_number))
        add_digits(boxes, text);
    if (missing) {
        const DnPixmap *bare = sides_bare(sides, error);

        if (!bare)
            return false;
        g_autoptr(GArray) unread = dn_bands_unread(text, bare);

        g_array_append_vals(boxes, unread->data, unread->len);
    }
    g_autoptr(GArray) bands = dn_bands_new(text, (const DnBox *)(void *)boxes->data, boxes->len);

    if (dn_bands_share(bands, text) > BANDS_SHARE_MOST)
        return true;
    *out_doubt = bands->len > 0 ? AT_BANDS : NOWHERE;
    *out_bands = g_steal_pointer(&bands);
    return true;
}

/* What is left of the deadline; 0 when a further pass is not worth beginning. */
static uint32_t
ms_left(const DnReadPageOptions *options, int64_t begin_us)
{
    int64_t spent_ms = (g_get_monotonic_time() - begin_us) / 1000;

    if (options->deadline_ms == 0)
        return G_MAXUINT32;
    return spent_ms + DEADLINE_LEAST_MS < options->deadline_ms
               ? options->deadline_ms - (uint32_t)spent_ms
               : 0;
}

/* What is left for one look of a page that has a deadline; 0: it has none. */
static uint32_t
ms_for_look(const DnReadPageOptions *options, int64_t begin_us)
{
    return options->deadline_ms > 0 ? MAX(1, ms_left(options, begin_us)) : 0;
}

/* Reads the page as columns, when that is how its text runs: then *@text is replaced. */
static bool
read_down(DnRecognizer *recognizer, const DnReadPageOptions *options, Sides *sides, unsigned page,
          int64_t begin_us, DnPageText **text, bool *out_complete, bool *out_down, GError **error)
{
    DnRecognizer *const models[] = {options->column, options->vertical};
    g_autoptr(DnPageText) columns = NULL;
    g_autoptr(DnColumns) found = NULL;
    const DnPixmap *bare = NULL;
    bool likely = !recognizer->driver->blind && dn_page_may_run_down(&sides->clear);

    if (recognizer->driver->blind || (!likely && !dn_page_text_is_poor(*text)))
        return true;
    if (!(bare = sides_bare(sides, error)) || !(found = dn_columns_find(bare, error)) ||
        !dn_columns_are_text(found, recognizer, true, *text, ms_for_look(options, begin_us),
                             out_down, error))
        return false;
    /* A further model is opened only for what looks like columns. */
    for (size_t i = 0; i < G_N_ELEMENTS(models) && likely && !*out_down; i++)
        if (dn_recognizer_is_ready(models[i], NULL) &&
            !dn_columns_are_text(found, models[i], false, *text, ms_for_look(options, begin_us),
                                 out_down, error))
            return false;
    if (!*out_down)
        return true;
    if (!dn_columns_read(found, recognizer, true, page, ms_for_look(options, begin_us), &columns,
                         out_complete, error))
        return false;
    DnPageText *last = columns;

    for (size_t i = 0; i < G_N_ELEMENTS(models); i++) {
        if (!*out_complete || !dn_recognizer_is_ready(models[i], NULL))
            continue;
        if (!dn_columns_read(found, models[i], false, page, ms_for_look(options, begin_us),
                             &last->second, out_complete, error))
            return false;
        last = last->second;
        while (last->looks->len > 0)
            g_ptr_array_add(columns->looks, g_ptr_array_steal_index(last->looks, 0));
    }
    dn_page_text_free(*text);
    *text = g_steal_pointer(&columns);
    return true;
}

bool
dn_read_page(DnRecognizer *recognizer, const DnPixmap *page_gray, unsigned page,
             const DnReadPageOptions *options, DnPageText **out_text, bool *out_complete,
             GError **error)
{
    static const DnReadPageOptions defaults = {0};
    const DnReadPageOptions *wanted = options ? options : &defaults;
    int64_t begin_us = g_get_monotonic_time();
    g_auto(Sides) sides = {0};
    g_autoptr(DnPageText) text = NULL;
    bool complete = false;
    bool down = false;

    if (page_gray->format != DN_PIXEL_GRAY8 || page_gray->width_px == 0 ||
        page_gray->height_px == 0)
        return dn_fail(error, DN_ERROR_INVALID, "page %u: not a grey picture", page);
    if (!sides_begin(&sides, page_gray, error))
        return false;
    int mode = is_sheet(page_gray) ? MODE_COLUMNS : MODE_BLOCK;

    if (!read_once(recognizer, &sides, page, mode, wanted->deadline_ms, &text, &complete, error))
        return false;
    note_pass(text, text, mode == MODE_BLOCK);
    uint32_t left_ms = ms_left(wanted, begin_us);

    if (complete && left_ms > 0 &&
        !read_down(recognizer, wanted, &sides, page, begin_us, &text, &complete, &down, error))
        return false;
    left_ms = ms_left(wanted, begin_us);
    if (complete && left_ms > 0 && !down && wanted->out_turn && dn_page_text_is_poor(text)) {
        unsigned turn = 1;

        if (!dn_page_find_turn(recognizer, &sides.clear, wanted->deadline_ms ? left_ms : 0, &turn,
                               error))
            return false;
        left_ms = ms_left(wanted, begin_us);
        if (turn != 1) {
            *wanted->out_turn = turn;
            left_ms = 0;
        }
    }
    g_autoptr(GArray) bands = NULL;
    Doubt doubt = NOWHERE;

    /* What follows cuts lines out of the page, and one that runs down has columns. */
    if (complete && left_ms > 0 && !down &&
        !find_doubt(text, wanted, &sides, &doubt, &bands, error))
        return false;
    if (doubt != NOWHERE) {
        bool latin = is_latin(text) && dn_recognizer_is_ready(wanted->latin, NULL);
        DnRecognizer *other = latin ? wanted->latin : recognizer;
        uint32_t most_ms = wanted->deadline_ms ? left_ms : 0;

        mode = latin || mode == MODE_COLUMNS ? MODE_BLOCK : MODE_COLUMNS;
        if (doubt == EVERYWHERE || other->driver->blind
                ? !read_once(other, &sides, page, mode, most_ms, &text->second, &complete, error)
                : !read_again(other, &sides, bands, most_ms, text, &complete, error))
            return false;
        note_pass(text, text->second, text->second->bands || mode == MODE_BLOCK);
    }
    left_ms = ms_left(wanted, begin_us);
    if (complete && left_ms > 0 && !down && (!wanted->out_turn || *wanted->out_turn == 1) &&
        !is_latin(text) && dn_recognizer_is_ready(wanted->line, NULL) &&
        !dn_page_look_closer(recognizer, &sides.clear, page, wanted,
                             wanted->deadline_ms ? left_ms : 0, text, error))
        return false;
    if (complete && left_ms > 0 && (!wanted->out_turn || *wanted->out_turn == 1) &&
        is_latin(text) && dn_recognizer_is_ready(wanted->latin, NULL)) {
        const DnPixmap *bare = sides_bare(&sides, error);

        if (!bare || !dn_page_look_finer(&sides.clear, bare, wanted,
                                         wanted->deadline_ms ? left_ms : 0, text, &complete, error))
            return false;
    }
    *out_text = g_steal_pointer(&text);
    *out_complete = complete;
    return true;
}
