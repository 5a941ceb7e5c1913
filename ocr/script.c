/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ocr/script.c - a recogniser that reads what a file tells it to.
 *
 * For tests of what comes after recognition: the model is the path of a UTF-8 file. A line of it is
 * a line of the page, white space parts words, a form feed parts pages. Words stand on a grid of
 * cells 20 px wide (40 px for a wide character) and 40 px high.
 */
#include "config.h"
#include "ocr/recognize.h"
#include "base/text.h"

typedef struct {
    DnRecognizer parent;
    char **pages;
} Script;

extern const DnRecognizerDriver dn_recognizer_script;

enum { COLUMN_PX = 20, LINE_PX = 40, LETTER_PX = 30 };
enum { SCRIPT_BYTES_MOST = 4 * 1024 * 1024 };

static Script *
script_of(DnRecognizer *recognizer)
{
    g_assert(recognizer->driver == &dn_recognizer_script);
    return (Script *)recognizer;
}

static DnRecognizer *
script_open(const char *model, GError **error)
{
    g_autoptr(GError) cause = NULL;
    g_autofree char *text = NULL;
    gsize size = 0;

    if (!g_file_get_contents(model, &text, &size, &cause))
        return dn_fail_null(error, DN_ERROR_EXTERNAL, "no script to read from: %s", cause->message);
    if (size > SCRIPT_BYTES_MOST)
        return dn_fail_null(error, DN_ERROR_LIMIT, "a script of %zu bytes, %d are allowed", size,
                            SCRIPT_BYTES_MOST);
    if (!g_utf8_validate(text, (gssize)size, NULL))
        return dn_fail_null(error, DN_ERROR_FORMAT, "the script is not UTF-8");
    Script *self = g_new0(Script, 1);

    self->parent.driver = &dn_recognizer_script;
    self->pages = g_strsplit(text, "\f", -1);
    return &self->parent;
}

static GPtrArray *
run_of(const char *line, int row)
{
    GPtrArray *run = dn_word_array_new();
    int column = 0;

    for (const char *p = line; *p;) {
        const char *end = p;

        while (*end && !g_unichar_isspace(g_utf8_get_char(end)))
            end = g_utf8_next_char(end);
        if (end == p) {
            column += g_unichar_iswide(g_utf8_get_char(p)) ? 2 : 1;
            p = g_utf8_next_char(p);
            continue;
        }
        g_autofree char *word = g_strndup(p, (gsize)(end - p));
        int columns = MAX(1, dn_text_columns(word));
        DnBox box = {column * COLUMN_PX, row * LINE_PX, columns * COLUMN_PX, LETTER_PX};

        g_ptr_array_add(run, dn_word_new(word, &box, 0.9));
        column += columns;
        p = end;
    }
    return run;
}

static bool
script_page(DnRecognizer *recognizer, const DnPixmap *page_gray, unsigned page,
            int layout_mode G_GNUC_UNUSED, uint32_t deadline_ms G_GNUC_UNUSED,
            DnPageText **out_text, bool *out_complete, GError **error G_GNUC_UNUSED)
{
    Script *self = script_of(recognizer);
    DnPageText *text = dn_page_text_new(page, page_gray->width_px, page_gray->height_px,
                                        page_gray->dpi_x, "script");
    GPtrArray *runs = g_ptr_array_new_with_free_func((GDestroyNotify)g_ptr_array_unref);

    if (page >= 1 && page <= g_strv_length(self->pages)) {
        g_auto(GStrv) lines = g_strsplit(self->pages[page - 1], "\n", -1);

        for (int row = 0; lines[row]; row++)
            g_ptr_array_add(runs, run_of(lines[row], row));
    }
    dn_page_text_take_runs(text, runs);
    *out_text = text;
    *out_complete = true;
    return true;
}

static void
script_close(DnRecognizer *recognizer)
{
    Script *self = script_of(recognizer);

    g_strfreev(self->pages);
    g_free(self);
}

const DnRecognizerDriver dn_recognizer_script = {
    .name = "script",
    .blind = true,
    .open = script_open,
    .page = script_page,
    .close = script_close,
};
