/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ocr/read-page.c - which passes a page needs.
 *
 * A sheet with columns and ruled tables is read as columns first, a slip as one block; the other
 * way follows only where a value is missing or in doubt, because a pass costs the better part of a
 * second. A page in Latin letters is read again by a model made for them, if there is one. Rules
 * are taken out before the one-block pass, which would drop a framed table whole.
 */
#include "config.h"
#include "ocr/read-page.h"
#include "base/memory.h"
#include "base/text.h"

enum { MODE_COLUMNS = 4, MODE_BLOCK = 6 };
enum { CJK_NOISE = 4 }; /* strokes of a logo are read as kanji: fewer than one in so many letters */
enum { DEADLINE_LEAST_MS = 200 }; /* a pass that has less is not begun */

static const double SHEET_LEAST = 0.60; /* width over height of a sheet of paper ... */
static const double SHEET_MOST = 0.90;  /* ... a slip is longer, a form is broad */
static const double CERTAIN = 0.93;     /* a second pass is not worth it any more */

static bool
is_sheet(const DnPixmap *page)
{
    double ratio = (double)page->width_px / page->height_px;

    return ratio >= SHEET_LEAST && ratio <= SHEET_MOST;
}

static bool
is_certain(const DnField *field)
{
    return field->candidates->len > 0 &&
           ((const DnCandidate *)g_ptr_array_index(field->candidates, 0))->confidence >= CERTAIN;
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
leaves_doubt(const DnPageText *text, const DnReadingProfile *profile)
{
    const DnPageText *pages[] = {text};
    g_autoptr(DnReading) reading = dn_reading_new(pages, 1, profile);

    return !is_certain(&reading->date) || !is_certain(&reading->amount) ||
           !is_certain(&reading->party) ||
           (!is_latin(text) && !is_certain(&reading->registration_number));
}

static bool
read_once(DnRecognizer *recognizer, const DnPixmap *page_clear, unsigned page, int mode,
          uint32_t deadline_ms, DnPageText **out_text, bool *out_complete, GError **error)
{
    g_autofree uint8_t *pixels = NULL;
    DnPixmap picture = *page_clear;

    if (mode == MODE_BLOCK) {
        pixels = dn_try_array(page_clear->width_px, page_clear->height_px, error);
        if (!pixels)
            return false;
        dn_page_clear_rules(page_clear, pixels);
        picture.data = pixels;
    }
    return dn_recognizer_page(recognizer, &picture, page, mode, deadline_ms, out_text, out_complete,
                              error);
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

bool
dn_read_page(DnRecognizer *recognizer, const DnPixmap *page_gray, unsigned page,
             const DnReadPageOptions *options, DnPageText **out_text, bool *out_complete,
             GError **error)
{
    static const DnReadPageOptions defaults = {0};
    const DnReadPageOptions *wanted = options ? options : &defaults;
    int64_t begin_us = g_get_monotonic_time();
    g_autofree uint8_t *pixels = NULL;
    DnPixmap clear = *page_gray;
    g_autoptr(DnPageText) text = NULL;
    bool complete = false;

    if (page_gray->format != DN_PIXEL_GRAY8 || page_gray->width_px == 0 ||
        page_gray->height_px == 0)
        return dn_fail(error, DN_ERROR_INVALID, "page %u: not a grey picture", page);
    pixels = dn_try_array(page_gray->width_px, page_gray->height_px, error);
    if (!pixels)
        return false;
    dn_page_clear_margins(page_gray, pixels);
    clear.data = pixels;
    int mode = is_sheet(&clear) ? MODE_COLUMNS : MODE_BLOCK;

    if (!read_once(recognizer, &clear, page, mode, wanted->deadline_ms, &text, &complete, error))
        return false;
    uint32_t left_ms = ms_left(wanted, begin_us);

    if (complete && left_ms > 0 && wanted->out_turn && dn_page_text_is_poor(text)) {
        unsigned turn = 1;

        if (!dn_page_find_turn(recognizer, &clear, wanted->deadline_ms ? left_ms : 0, &turn, error))
            return false;
        left_ms = ms_left(wanted, begin_us);
        if (turn != 1) {
            *wanted->out_turn = turn;
            left_ms = 0;
        }
    }
    if (complete && left_ms > 0 && leaves_doubt(text, wanted->profile)) {
        bool latin = wanted->latin && is_latin(text);

        mode = latin || mode == MODE_COLUMNS ? MODE_BLOCK : MODE_COLUMNS;
        if (!read_once(latin ? wanted->latin : recognizer, &clear, page, mode,
                       wanted->deadline_ms ? left_ms : 0, &text->second, &complete, error))
            return false;
    }
    *out_text = g_steal_pointer(&text);
    *out_complete = complete;
    return true;
}
