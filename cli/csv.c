/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cli/csv.c - RFC 4180.
 */
#include "config.h"
#include "cli/csv.h"

#include <string.h>

enum { MOST_CELLS = 256 };

static const char BYTE_ORDER_MARK[] = "\xef\xbb\xbf";

typedef struct {
    const char *next;
    const char *end;
    unsigned line;
} Cursor;

static void
row_free(gpointer data)
{
    DnCsvRow *row = data;

    g_strfreev(row->cells);
    g_free(row);
}

/* The line break at the cursor in bytes: 0, 1 or 2. */
static size_t
break_size(const Cursor *at)
{
    if (at->next < at->end && *at->next == '\n')
        return 1;
    return at->next + 1 < at->end && at->next[0] == '\r' && at->next[1] == '\n' ? 2 : 0;
}

/* The cursor stands behind the opening quote and ends behind the closing one. */
static bool
take_quoted(Cursor *at, GString *cell, GError **error)
{
    unsigned begun = at->line;

    for (;;) {
        if (at->next == at->end)
            return dn_fail(error, DN_ERROR_FORMAT, "line %u: a quote is opened and not closed",
                           begun);
        if (*at->next == '"') {
            at->next++;
            if (at->next == at->end || *at->next != '"')
                break;
        }
        at->line += *at->next == '\n';
        g_string_append_c(cell, *at->next++);
    }
    if (at->next < at->end && *at->next != ',' && break_size(at) == 0)
        return dn_fail(error, DN_ERROR_FORMAT, "line %u: text follows a closing quote", at->line);
    return true;
}

static bool
take_plain(Cursor *at, GString *cell, GError **error)
{
    while (at->next < at->end && *at->next != ',' && break_size(at) == 0) {
        if (*at->next == '"')
            return dn_fail(error, DN_ERROR_FORMAT,
                           "line %u: a quote inside a cell that is not quoted", at->line);
        if (*at->next == '\r')
            return dn_fail(error, DN_ERROR_FORMAT, "line %u: a carriage return alone", at->line);
        g_string_append_c(cell, *at->next++);
    }
    return true;
}

/* (transfer full) The row at the cursor, which is not at the end, and its line break. */
static DnCsvRow *
take_row(Cursor *at, GError **error)
{
    g_autoptr(GStrvBuilder) cells = g_strv_builder_new();
    unsigned line = at->line;
    unsigned count = 0;
    bool more = true;

    while (more) {
        g_autoptr(GString) cell = g_string_new(NULL);
        bool quoted = at->next < at->end && *at->next == '"';

        at->next += quoted;
        if (++count > MOST_CELLS)
            return dn_fail_null(error, DN_ERROR_LIMIT, "line %u: more than %d cells", line,
                                MOST_CELLS);
        if (quoted ? !take_quoted(at, cell, error) : !take_plain(at, cell, error))
            return NULL;
        g_strv_builder_add(cells, cell->str);
        more = at->next < at->end && *at->next == ',';
        at->next += more;
    }
    at->line += break_size(at) > 0;
    at->next += break_size(at);
    DnCsvRow *row = g_new(DnCsvRow, 1);

    *row = (DnCsvRow){.line = line, .count = count, .cells = g_strv_builder_end(cells)};
    return row;
}

GPtrArray *
dn_csv_parse(const char *text, size_t size, GError **error)
{
    g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func(row_free);
    Cursor at = {.next = text, .end = text + size, .line = 1};
    const char *bad = NULL;

    if (!g_utf8_validate_len(text, size, &bad))
        return dn_fail_null(error, DN_ERROR_FORMAT,
                            "byte %zu is not UTF-8; save the table as \"CSV UTF-8\"",
                            (size_t)(bad - text) + 1);
    if (size >= strlen(BYTE_ORDER_MARK) &&
        memcmp(text, BYTE_ORDER_MARK, strlen(BYTE_ORDER_MARK)) == 0)
        at.next += strlen(BYTE_ORDER_MARK);
    while (at.next < at.end) {
        size_t empty = break_size(&at);

        if (empty > 0) {
            at.next += empty;
            at.line++;
            continue;
        }
        DnCsvRow *row = take_row(&at, error);

        if (!row)
            return NULL;
        g_ptr_array_add(rows, row);
    }
    return g_steal_pointer(&rows);
}
