/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/snippet.c - where on the document the words of a search stand.
 *
 * The index says which vouchers have a word, the words part (docs/format.md) where each word was
 * read. A line is put together from its words as the index folds text, with the place at which each
 * of them begins, so that what was found in the line gives the boxes it covers.
 */
#include "config.h"
#include "engine/internal.h"
#include "index/text.h"

#include <string.h>

enum { MOST_SNIPPETS = 3, BOX = 4, WORD_TEXT = 0, WORD_BOX = 1 };

typedef struct {
    GString *flat;
    GArray *starts; /* gsize: where word i begins in flat */
    GString *shown;
} Line;

static bool
is_cjk_at(const char *text, bool at_end)
{
    const char *p = at_end ? g_utf8_prev_char(text + strlen(text)) : text;

    return dn_text_is_cjk(g_utf8_get_char(p));
}

static void
line_add(Line *line, const char *text)
{
    g_autofree char *flat = dn_text_flat(text);

    if (*flat && line->flat->len > 0 && !is_cjk_at(line->flat->str, true) &&
        !is_cjk_at(flat, false))
        g_string_append_c(line->flat, ' ');
    g_array_append_val(line->starts, line->flat->len);
    g_string_append(line->flat, flat);
    if (line->shown->len > 0 && *text && !is_cjk_at(line->shown->str, true))
        g_string_append_c(line->shown, ' ');
    g_string_append(line->shown, text);
}

/* The box around the words from @from to before @to. */
static void
set_box(json_t *snippet, const json_t *words, gsize from, gsize to)
{
    static const char *const names[BOX] = {"x", "y", "width", "height"};
    json_int_t box[BOX] = {0};

    for (gsize i = from; i < to; i++) {
        const json_t *word = json_array_get(words, i);
        json_int_t one[BOX];

        for (size_t k = 0; k < BOX; k++)
            one[k] = json_integer_value(json_array_get(word, WORD_BOX + k));
        if (i > from) {
            json_int_t right = MAX(box[0] + box[2], one[0] + one[2]);
            json_int_t bottom = MAX(box[1] + box[3], one[1] + one[3]);

            one[0] = MIN(box[0], one[0]);
            one[1] = MIN(box[1], one[1]);
            one[2] = right - one[0];
            one[3] = bottom - one[1];
        }
        memcpy(box, one, sizeof box);
    }
    for (size_t k = 0; k < BOX; k++)
        dn_json_set_int(snippet, names[k], box[k]);
}

/* The words that [@hit, @hit + @size) of the line's flat text covers. */
static void
covered(const Line *line, gsize hit, gsize size, gsize *out_from, gsize *out_to)
{
    gsize from = 0;
    gsize to = 0;

    for (gsize i = 0; i < line->starts->len; i++) {
        gsize start = g_array_index(line->starts, gsize, i);

        if (start <= hit)
            from = i;
        if (start < hit + size)
            to = i + 1;
    }
    *out_from = from;
    *out_to = to;
}

static void
look_in_line(json_t *snippets, const json_t *words, json_int_t page, const GPtrArray *needles)
{
    Line line = {g_string_new(NULL), g_array_new(FALSE, FALSE, sizeof(gsize)), g_string_new(NULL)};

    for (size_t i = 0; i < json_array_size(words); i++) {
        const char *text = json_string_value(json_array_get(json_array_get(words, i), WORD_TEXT));

        line_add(&line, text ? text : "");
    }
    for (guint i = 0; i < needles->len && json_array_size(snippets) < MOST_SNIPPETS; i++) {
        const char *needle = g_ptr_array_index(needles, i);
        const char *hit = dn_text_find_phrase(line.flat->str, needle);
        gsize from = 0;
        gsize to = 0;

        if (!hit)
            continue;
        json_t *snippet = json_object();

        covered(&line, (gsize)(hit - line.flat->str), strlen(needle), &from, &to);
        dn_json_set_string(snippet, "text", line.shown->str);
        dn_json_set_int(snippet, "page", page);
        set_box(snippet, words, from, to);
        json_array_append_new(snippets, snippet);
        break; /* a line is shown once */
    }
    g_string_free(line.flat, TRUE);
    g_string_free(line.shown, TRUE);
    g_array_unref(line.starts);
}

bool
dn_snippets_add(DnArchive *self, const json_t *state, const char *text, json_t *row, GError **error)
{
    const json_t *ref =
        json_object_get(json_object_get(dn_voucher_version(state, 0), "parts"), "words");
    g_autoptr(GPtrArray) needles = dn_text_needles(text);
    g_autoptr(GBytes) bytes =
        ref ? dn_blob_load(self, &self->tenant, ref, DN_PART_WORDS, error) : NULL;
    g_autoptr(json_t) snippets = json_array();
    gsize size = 0;

    if (!ref)
        return true;
    if (!bytes)
        return dn_fail_in(error, "words");
    const char *data = g_bytes_get_data(bytes, &size);
    g_autoptr(json_t) words = dn_json_parse(data, size, error);
    const json_t *pages = json_object_get(words, "pages");

    if (!words)
        return dn_fail_in(error, "words");
    for (size_t i = 0; i < json_array_size(pages); i++) {
        const json_t *page = json_array_get(pages, i);
        const json_t *lines = json_object_get(page, "lines");

        for (size_t k = 0; k < json_array_size(lines); k++)
            if (json_array_size(snippets) < MOST_SNIPPETS)
                look_in_line(snippets, json_array_get(lines, k), dn_json_int(page, "page", 0),
                             needles);
    }
    dn_json_take(row, "snippets", g_steal_pointer(&snippets));
    return true;
}
