/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cli/manifest.c - rows of files and values.
 */
#include "config.h"
#include "cli/manifest.h"
#include "cli/csv.h"
#include "base/source.h"

#include <string.h>

enum {
    MAX_MANIFEST_BYTES = 64 << 20,
    MOST_NAMED_LINES = 20, /* in one message */
};

static const char FILE_COLUMN[] = "file";

static void
row_free(gpointer data)
{
    DnManifestRow *row = data;

    g_free(row->path);
    dn_typed_free(row->typed);
    g_clear_error(&row->problem);
    g_free(row);
}

/* Titles are folded to lower case in place, because spreadsheets and people capitalise them. */
static bool
check_titles(DnCsvRow *titles, unsigned *out_file, GError **error)
{
    bool has_file = false;

    for (unsigned i = 0; i < titles->count; i++) {
        char *folded = g_ascii_strdown(g_strstrip(titles->cells[i]), -1);
        bool is_file = strcmp(folded, FILE_COLUMN) == 0;

        g_free(titles->cells[i]);
        titles->cells[i] = folded;
        if (is_file)
            *out_file = i;
        has_file = has_file || is_file;
        if (!is_file && !g_strv_contains(dn_typed_names, folded)) {
            const char *nearest = dn_value_nearest(folded, dn_typed_names);

            return dn_fail(error, DN_ERROR_INVALID, "line %u: unknown column '%s'%s%s%s",
                           titles->line, folded,
                           nearest ? "; did you mean '"
                                   : "; there are file, date, amount, party, "
                                     "kind, received, label, origin, paper, channel, device, back",
                           nearest ? nearest : "", nearest ? "'?" : "");
        }
        for (unsigned j = 0; j < i; j++)
            if (strcmp(titles->cells[j], folded) == 0)
                return dn_fail(error, DN_ERROR_INVALID, "line %u: the column '%s' stands twice",
                               titles->line, folded);
    }
    return has_file || dn_fail(error, DN_ERROR_INVALID,
                               "line %u: a column 'file' is missing: write file,date,amount,party",
                               titles->line);
}

/* All lines with a wrong number of cells at once: a person mends them in one go. */
static bool
check_counts(const GPtrArray *rows, unsigned wanted, GError **error)
{
    g_autoptr(GString) lines = g_string_new(NULL);
    unsigned bad = 0;

    for (guint i = 1; i < rows->len; i++) {
        const DnCsvRow *row = rows->pdata[i];

        if (row->count != wanted && bad++ < MOST_NAMED_LINES)
            g_string_append_printf(lines, "%s%u (%u)", lines->len > 0 ? ", " : "", row->line,
                                   row->count);
    }
    return bad == 0 ||
           dn_fail(error, DN_ERROR_FORMAT,
                   "%u lines have not the %u cells of the title line: line %s%s; nothing was taken",
                   bad, wanted, lines->str, bad > MOST_NAMED_LINES ? " ..." : "");
}

static DnManifestRow *
make_row(const DnCsvRow *titles, const DnCsvRow *cells, unsigned file, const char *folder,
         const DnTyped *defaults, const char *currency)
{
    DnManifestRow *row = g_new0(DnManifestRow, 1);
    const char *name = cells->cells[file];

    row->line = cells->line;
    row->typed = dn_typed_copy(defaults);
    row->path =
        g_path_is_absolute(name) || !*name ? g_strdup(name) : g_build_filename(folder, name, NULL);
    if (!*name)
        dn_fail(&row->problem, DN_ERROR_INVALID, "the file's name is missing");
    for (unsigned i = 0; i < titles->count && !row->problem; i++)
        if (i != file)
            dn_typed_set(row->typed, titles->cells[i], cells->cells[i], currency, &row->problem);
    if (row->problem)
        dn_fail_in(&row->problem, "line %u", row->line);
    return row;
}

GPtrArray *
dn_manifest_parse(const char *text, size_t size, const char *folder, const DnTyped *defaults,
                  const char *currency, GError **error)
{
    g_autoptr(GPtrArray) cells = dn_csv_parse(text, size, error);
    g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func(row_free);
    unsigned file = 0;

    if (!cells)
        return NULL;
    if (cells->len == 0)
        return dn_fail_null(error, DN_ERROR_FORMAT,
                            "the table is empty: its first line is file,date,amount,party");
    DnCsvRow *titles = cells->pdata[0];

    if (!check_titles(titles, &file, error) || !check_counts(cells, titles->count, error))
        return NULL;
    for (guint i = 1; i < cells->len; i++)
        g_ptr_array_add(rows, make_row(titles, cells->pdata[i], file, folder, defaults, currency));
    return g_steal_pointer(&rows);
}

GPtrArray *
dn_manifest_read(const char *path, const DnTyped *defaults, const char *currency, GError **error)
{
    g_autofree char *folder = g_path_get_dirname(path);
    g_autoptr(GBytes) bytes = dn_source_read_file(path, MAX_MANIFEST_BYTES, error);
    gsize size = 0;

    if (!bytes)
        return (dn_fail_in(error, "%s", path), NULL);
    const char *text = g_bytes_get_data(bytes, &size);
    GPtrArray *rows = dn_manifest_parse(text ? text : "", size, folder, defaults, currency, error);

    if (!rows)
        dn_fail_in(error, "%s", path);
    return rows;
}
