/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * bench/reading.c - documents read in this process, their words kept: for work on the fields.
 *
 * usage: reading [--cache DIR] [--date-order O] [--currency C] [--received DAY] [--only NAME]
 *                [--words] TRUTH.tsv [ROOT]
 *
 * Prints a line a document of the table as `dencho ingest --json` does, for tools/score-reading.
 * What the recogniser says of a picture is kept in DIR under the SHA-256 of the pixels, the model
 * and the layout mode, so that a second run with other fields reads no pixels again. The sandbox,
 * the archive, and what they know of counterparties have no part in it. --words shows on standard
 * error what each pass read, the least confidence of a line before it.
 */
#include "config.h"
#include "base/digest.h"
#include "base/json.h"
#include "worker/read-document.h"

#include <stdio.h>
#include <string.h>

/* --- a recogniser that remembers --- */

static gboolean show_words;

typedef struct {
    DnRecognizer parent;
    DnRecognizer *real; /* opened when first needed: a full memory needs no model */
    char *model;
    const char *dir;
} Memory;

static char *
memory_path(const Memory *self, const DnPixmap *page, int mode)
{
    g_autoptr(DnDigest) digest = dn_digest_new();
    g_autofree char *head = g_strdup_printf("%s %d %u %u %.1f\n", self->model, mode, page->width_px,
                                            page->height_px, page->dpi_x);

    dn_digest_add(digest, head, strlen(head));
    dn_digest_add(digest, page->data, (size_t)page->width_px * page->height_px);
    DnSha256 sum = dn_digest_finish(digest);
    g_autofree char *hex = dn_hex(sum.bytes, 16);

    return g_strdup_printf("%s/%s.json", self->dir, hex);
}

static json_t *
text_to_json(const DnPageText *text)
{
    json_t *lines = json_array();

    for (guint i = 0; i < text->lines->len; i++) {
        const DnLine *line = g_ptr_array_index(text->lines, i);
        json_t *words = json_array();

        for (guint w = 0; w < line->words->len; w++) {
            const DnWord *word = g_ptr_array_index(line->words, w);

            json_array_append_new(words,
                                  json_pack("[s,i,i,i,i,f]", word->text, word->box.x, word->box.y,
                                            word->box.width, word->box.height, word->confidence));
        }
        json_array_append_new(lines, json_pack("{s:s,s:o}", "text", line->text, "words", words));
    }
    return json_pack("{s:i,s:i,s:f,s:s,s:o}", "width", (int)text->width_px, "height",
                     (int)text->height_px, "dpi", text->dpi, "origin", text->origin, "lines",
                     lines);
}

static void
line_free(gpointer data)
{
    DnLine *line = data;

    g_ptr_array_unref(line->words);
    g_free(line->text);
    g_free(line);
}

static DnPageText *
text_from_json(const json_t *kept, unsigned page)
{
    DnPageText *text = dn_page_text_new(
        page, (uint32_t)dn_json_int(kept, "width", 0), (uint32_t)dn_json_int(kept, "height", 0),
        dn_json_real(kept, "dpi", 0), dn_json_string(kept, "origin"));
    const json_t *lines = dn_json_array(kept, "lines");

    g_ptr_array_set_free_func(text->lines, line_free);
    for (size_t i = 0; i < json_array_size(lines); i++) {
        const json_t *words = dn_json_array(json_array_get(lines, i), "words");
        DnLine *line = g_new0(DnLine, 1);

        line->words = dn_word_array_new();
        line->text = g_strdup(dn_json_string(json_array_get(lines, i), "text"));
        for (size_t w = 0; w < json_array_size(words); w++) {
            const char *word = NULL;
            DnBox box = {0};
            double confidence = 0;

            if (json_unpack(json_array_get(words, w), "[s,i,i,i,i,F]", &word, &box.x, &box.y,
                            &box.width, &box.height, &confidence) != 0)
                g_error("a file of the cache is damaged");
            g_ptr_array_add(line->words, dn_word_new(word, &box, confidence));
            line->box = dn_box_union(&line->box, &box);
        }
        g_ptr_array_add(text->lines, line);
    }
    return text;
}

static void
show(const DnPageText *text)
{
    fprintf(stderr, "## %s, %u x %u\n", text->origin, text->width_px, text->height_px);
    for (guint i = 0; i < text->lines->len; i++) {
        const DnLine *line = g_ptr_array_index(text->lines, i);
        double least = 1;

        for (guint w = 0; w < line->words->len; w++)
            least = MIN(least, ((const DnWord *)g_ptr_array_index(line->words, w))->confidence);
        fprintf(stderr, "%.2f %s\n", least, line->text);
    }
}

static bool
remember(DnRecognizer *recognizer, const DnPixmap *page_gray, unsigned page, int layout_mode,
         uint32_t deadline_ms, DnPageText **out_text, bool *out_complete, GError **error)
{
    Memory *self = (Memory *)recognizer;
    g_autofree char *path = self->dir ? memory_path(self, page_gray, layout_mode) : NULL;
    g_autofree char *known = NULL;
    gsize size = 0;

    *out_complete = true;
    if (path && g_file_get_contents(path, &known, &size, NULL)) {
        g_autoptr(json_t) kept = dn_json_parse(known, size, error);

        *out_text = kept ? text_from_json(kept, page) : NULL;
        return kept != NULL;
    }
    if (!self->real)
        self->real = dn_recognizer_open(&dn_recognizer_tesseract, self->model, error);
    if (!self->real || !dn_recognizer_page(self->real, page_gray, page, layout_mode, deadline_ms,
                                           out_text, out_complete, error))
        return false;
    g_autoptr(json_t) kept = text_to_json(*out_text);
    g_autofree char *line = dn_json_line(kept);

    return !path || g_file_set_contents(path, line, -1, error);
}

static bool
memory_page(DnRecognizer *recognizer, const DnPixmap *page_gray, unsigned page, int layout_mode,
            uint32_t deadline_ms, DnPageText **out_text, bool *out_complete, GError **error)
{
    if (!remember(recognizer, page_gray, page, layout_mode, deadline_ms, out_text, out_complete,
                  error))
        return false;
    if (show_words)
        show(*out_text);
    return true;
}

static void
memory_close(DnRecognizer *recognizer)
{
    Memory *self = (Memory *)recognizer;

    dn_recognizer_close(self->real);
    g_free(self->model);
    g_free(self);
}

static const DnRecognizerDriver memory_driver = {
    .name = "memory", .page = memory_page, .close = memory_close};

static DnRecognizer *
memory_new(const char *model, const char *dir)
{
    Memory *self = g_new0(Memory, 1);

    self->parent.driver = &memory_driver;
    self->model = g_strdup(model);
    self->dir = dir;
    return &self->parent;
}

/* --- documents --- */

static void
page_done(unsigned page, void *user_data)
{
    (void)page;
    (void)user_data;
}

static void
read_one(const char *path, const DnJob *job, const DnReadTools *tools)
{
    g_autoptr(json_t) result = json_object();
    g_autoptr(DnOutcome) outcome = NULL;
    g_autoptr(GError) error = NULL;
    const char *media_type = NULL;
    g_autofree char *bytes = NULL;
    gsize size = 0;

    dn_json_set_string(result, "file", path);
    dn_json_set_string(result, "status", "stored");
    if (g_file_get_contents(path, &bytes, &size, &error)) {
        g_autoptr(GBytes) document = g_bytes_new_take(g_steal_pointer(&bytes), size);

        if (dn_read_document(document, job, tools, &outcome, &media_type, &error)) {
            dn_json_set_string(result, "kind", dn_json_string(outcome->reading, "kind"));
            dn_json_take(result, "fields",
                         json_incref(json_object_get(outcome->reading, "fields")));
            dn_json_take(result, "checks",
                         json_incref(json_object_get(outcome->reading, "checks")));
        }
    }
    if (error)
        dn_json_set_string(result, "error", error->message);
    g_autofree char *line = dn_json_line(result);

    puts(line);
    fflush(stdout);
}

int
main(int argc, char **argv)
{
    g_autofree char *cache = NULL;
    g_autofree char *order = NULL;
    g_autofree char *currency = NULL;
    g_autofree char *received = NULL;
    g_autofree char *only = NULL;
    const GOptionEntry entries[] = {
        {"cache", 0, 0, G_OPTION_ARG_FILENAME, &cache, "keep words here", "DIR"},
        {"date-order", 0, 0, G_OPTION_ARG_STRING, &order, "ymd (default), dmy or mdy", "O"},
        {"currency", 0, 0, G_OPTION_ARG_STRING, &currency, "JPY by default", "C"},
        {"received", 0, 0, G_OPTION_ARG_STRING, &received, "the day of receipt; today", "DAY"},
        {"only", 0, 0, G_OPTION_ARG_STRING, &only, "those with NAME in their path", "NAME"},
        {"words", 0, 0, G_OPTION_ARG_NONE, &show_words, "show what was read", NULL},
        {0}};
    g_autoptr(GOptionContext) context = g_option_context_new("TRUTH.tsv [ROOT]");
    g_autoptr(GError) error = NULL;
    g_autofree char *text = NULL;
    DnJob job = {.profile = dn_reading_profile_default, .limits = dn_limits_default};

    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, &argc, &argv, &error) || argc < 2 || argc > 3 ||
        (received && !dn_date_parse(received, &job.profile.received, &error)) ||
        !g_file_get_contents(argv[1], &text, NULL, &error)) {
        fprintf(stderr, "reading: %s\n", error ? error->message : "name one table of truth");
        return 64;
    }
    if (cache)
        g_mkdir_with_parents(cache, 0777);
    if (!received)
        job.profile.received = dn_date_in_japan(g_get_real_time() / 1000);
    if (order)
        g_strlcpy(job.profile.date_order, order, sizeof job.profile.date_order);
    if (currency)
        g_strlcpy(job.profile.currency, currency, sizeof job.profile.currency);
    g_autofree char *folder = g_path_get_dirname(argv[1]);
    const char *root = argc == 3 ? argv[2] : folder;
    g_autoptr(DnRecognizer) japanese = memory_new("Japanese", cache);
    g_autoptr(DnRecognizer) latin = memory_new("eng", cache);
    g_autoptr(DnRecognizer) accented = memory_new("deu", cache);
    g_autoptr(DnRecognizer) vertical = memory_new("Japanese_vert", cache);
    g_autoptr(DnRecognizer) column = memory_new("jpn_vert", cache);
    g_autoptr(DnRecognizer) line = memory_new("jpn", cache);
    DnReadTools tools = {.recognizer = japanese,
                         .latin = latin,
                         .accented = accented,
                         .vertical = vertical,
                         .column = column,
                         .line = line,
                         .page_done = page_done};
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

    for (int i = 1; lines[i] && *lines[i]; i++) {
        g_auto(GStrv) row = g_strsplit(lines[i], "\t", 2);
        g_autofree char *path = g_build_filename(root, row[0], NULL);

        if (!only || strstr(row[0], only))
            read_one(path, &job, &tools);
    }
    return 0;
}
