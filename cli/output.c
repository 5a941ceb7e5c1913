/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cli/output.c - lines, JSON and tables.
 */
#include "config.h"
#include "cli/output.h"
#include "base/log.h"
#include "base/money.h"
#include "base/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    BLOCK_ROWS = 1000,   /* rows that are aligned with each other */
    SHORT_ID = 13,       /* the 48 bits of time of a UUID version 7 */
    WIDE_TERMINAL = 120, /* columns from which whole ids fit */
    PARTY_COLUMNS = 32,  /* of a party before it is cut on a terminal */
    MOST_COLUMNS = 16,   /* of any table here */
};

static const char GAP[] = "  ";

bool
dn_out_bytes(const void *bytes, size_t size, GError **error)
{
    return size == 0 || fwrite(bytes, 1, size, stdout) == size ||
           dn_fail_errno(error, "cannot write to standard output");
}

bool
dn_out_flush(GError **error)
{
    return (fflush(stdout) == 0 && !ferror(stdout)) ||
           dn_fail_errno(error, "cannot write to standard output");
}

static bool
write_line(const char *text, GError **error)
{
    return dn_out_bytes(text, strlen(text), error) && dn_out_bytes("\n", 1, error);
}

bool
dn_out_line(GError **error, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    g_autofree char *text = g_strdup_vprintf(fmt, args);
    va_end(args);
    g_autofree char *safe = dn_log_escape(text);

    return write_line(safe, error);
}

bool
dn_out_json(const json_t *value, GError **error)
{
    g_autofree char *line = dn_json_line(value);

    return write_line(line, error);
}

/* --- tables --- */

static void
append_spaces(GString *out, int count)
{
    while (count-- > 0)
        g_string_append_c(out, ' ');
}

char *
dn_table_line(const DnColumn *columns, const int *widths, size_t count, const char *const *cells)
{
    GString *line = g_string_new(NULL);

    for (size_t i = 0; i < count; i++) {
        const char *cell = cells[i] ? cells[i] : "";
        int padding = widths[i] - dn_text_columns(cell);

        if (i > 0)
            g_string_append(line, GAP);
        if (columns[i].right)
            append_spaces(line, padding);
        g_string_append(line, cell);
        if (!columns[i].right)
            append_spaces(line, padding);
    }
    while (line->len > 0 && line->str[line->len - 1] == ' ')
        g_string_truncate(line, line->len - 1);
    return g_string_free(line, FALSE);
}

char *
dn_table_cut(const char *text, int most)
{
    const char *end = text;
    int columns = 0;

    if (most == 0 || dn_text_columns(text) <= most)
        return g_strdup(text);
    for (; *end; end = g_utf8_next_char(end)) {
        g_autofree char *one = g_strndup(end, (size_t)(g_utf8_next_char(end) - end));

        columns += dn_text_columns(one);
        if (columns > most - 1)
            break;
    }
    return g_strdup_printf("%.*s…", (int)(end - text), text);
}

struct DnTable {
    const DnColumn *columns;
    size_t count;
    bool cut;
    bool titled;
    GPtrArray *rows; /* of GStrv */
};

DnTable *
dn_table_new(const DnColumn *columns, size_t count, bool cut)
{
    DnTable *self = g_new0(DnTable, 1);

    g_assert(count <= MOST_COLUMNS);
    self->columns = columns;
    self->count = count;
    self->cut = cut;
    self->rows = g_ptr_array_new_with_free_func((GDestroyNotify)g_strfreev);
    return self;
}

bool
dn_table_finish(DnTable *self, GError **error)
{
    int widths[MOST_COLUMNS] = {0};
    const char *titles[MOST_COLUMNS] = {0};

    if (self->rows->len == 0)
        return true;
    for (size_t i = 0; i < self->count; i++) {
        titles[i] = self->columns[i].title;
        widths[i] = dn_text_columns(titles[i]);
        for (guint r = 0; r < self->rows->len; r++)
            widths[i] = MAX(widths[i], dn_text_columns(((char **)self->rows->pdata[r])[i]));
    }
    if (!self->titled) {
        g_autofree char *line = dn_table_line(self->columns, widths, self->count, titles);

        self->titled = true;
        if (!write_line(line, error))
            return false;
    }
    for (guint r = 0; r < self->rows->len; r++) {
        g_autofree char *line = dn_table_line(self->columns, widths, self->count,
                                              (const char *const *)self->rows->pdata[r]);

        if (!write_line(line, error))
            return false;
    }
    g_ptr_array_set_size(self->rows, 0);
    return true;
}

bool
dn_table_add(DnTable *self, const char *const *cells, GError **error)
{
    char **row = g_new0(char *, self->count + 1);

    for (size_t i = 0; i < self->count; i++) {
        g_autofree char *safe = dn_log_escape(cells[i]);

        row[i] = dn_table_cut(safe, self->cut ? self->columns[i].most : 0);
    }
    g_ptr_array_add(self->rows, row);
    return self->rows->len < BLOCK_ROWS || dn_table_finish(self, error);
}

void
dn_table_free(DnTable *self)
{
    if (!self)
        return;
    g_ptr_array_unref(self->rows);
    g_free(self);
}

/* --- members of results --- */

int
dn_row_id_columns(const DnCli *cli)
{
    return cli->columns >= WIDE_TERMINAL ? DN_UUID_TEXT : SHORT_ID;
}

char *
dn_row_id(const DnCli *cli, const json_t *row)
{
    const char *id = dn_json_string(row, "voucher");

    return g_strndup(id ? id : "", (gsize)dn_row_id_columns(cli));
}

char *
dn_row_amount(const json_t *row, const char *key)
{
    const char *currency = dn_json_string(row, "currency");

    if (!json_is_integer(json_object_get(row, key)))
        return g_strdup("");
    return dn_money_format_grouped(dn_json_int(row, key, 0), currency ? currency : "JPY");
}

/* (transfer full) An array of words in one cell, or NULL when it holds something else. */
static char *
join_words(const json_t *array)
{
    GString *out = g_string_new(NULL);

    for (size_t i = 0; i < json_array_size(array); i++) {
        const char *word = json_string_value(json_array_get(array, i));

        if (!word) {
            g_string_free(out, TRUE);
            return NULL;
        }
        g_string_append_printf(out, "%s%s", i > 0 ? " " : "", word);
    }
    return g_string_free(out, FALSE);
}

char *
dn_json_text(const json_t *value)
{
    char *words = json_is_array(value) ? join_words(value) : NULL;

    if (words)
        return words;
    if (!value || json_is_null(value) || (json_is_object(value) && json_object_size(value) == 0))
        return g_strdup("");
    if (json_is_string(value))
        return g_strdup(json_string_value(value));
    if (json_is_boolean(value))
        return g_strdup(json_is_true(value) ? "yes" : "no");
    return dn_json_line(value);
}

static const DnColumn row_columns[] = {
    {"voucher"},
    {"date"},
    {"amount", .right = true},
    {""},
    {"party", .most = PARTY_COLUMNS},
    {"kind"},
    {"state"},
    {"labels", .most = PARTY_COLUMNS},
};

DnTable *
dn_rows_new(const DnCli *cli)
{
    return dn_table_new(row_columns, G_N_ELEMENTS(row_columns), cli->terminal);
}

bool
dn_rows_add(DnTable *table, const DnCli *cli, const json_t *row, GError **error)
{
    g_autofree char *id = dn_row_id(cli, row);
    g_autofree char *amount = dn_row_amount(row, "amount");
    g_autofree char *labels = dn_json_text(dn_json_array(row, "labels"));
    const char *state =
        dn_json_bool(row, "deleted", false) ? "deleted" : dn_json_string(row, "state");
    const char *cells[] = {id,
                           dn_json_string(row, "date"),
                           amount,
                           amount[0] ? dn_json_string(row, "currency") : NULL,
                           dn_json_string(row, "party"),
                           dn_json_string(row, "kind"),
                           state,
                           labels};

    return dn_table_add(table, cells, error);
}

bool
dn_out_row(const DnCli *cli, const json_t *row, GError **error)
{
    if (cli->json)
        return dn_out_json(row, error);
    g_autoptr(DnTable) table = dn_rows_new(cli);

    return dn_rows_add(table, cli, row, error) && dn_table_finish(table, error);
}

bool
dn_out_object(const DnCli *cli, const json_t *object, GError **error)
{
    const char *key = NULL;
    json_t *value = NULL;
    json_t *unconst = (json_t *)(uintptr_t)object; /* jansson iterates non-const only */

    if (cli->json)
        return dn_out_json(object, error);
    json_object_foreach (unconst, key, value) {
        g_autofree char *text = dn_json_text(value);

        if (!dn_out_line(error, "%s: %s", key, text))
            return false;
    }
    return true;
}

bool
dn_out_reasoned_change(DnCli *cli, const char *id_text, const char *reason, DnReasonedChange change,
                       GError **error)
{
    DnUuid id;
    g_autoptr(json_t) row = NULL;

    if (!dn_cli_want_reason(reason, error))
        return false;
    g_autoptr(DnArchive) archive = dn_cli_open(cli, error);

    return archive && dn_cli_find_id(archive, id_text, &id, error) &&
           change(archive, &id, reason, &row, error) && dn_out_row(cli, row, error);
}
