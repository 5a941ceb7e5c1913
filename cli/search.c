/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cli/search.c - `dencho search`: vouchers by date, amount, counterparty and more.
 */
#include "config.h"
#include "cli/filter.h"
#include "cli/output.h"
#include "cli/sheet.h"

#include <inttypes.h>

static DnFilter filter;
static struct {
    char *sort;
    int limit;
    char *after;
    gboolean count;
    gboolean explain;
    gboolean snippets;
    char *csv;
} given;

static const GOptionEntry options[] = {
    DN_FILTER_OPTIONS(filter),
    {"sort", 0, 0, G_OPTION_ARG_FILENAME, &given.sort,
     "registered (default), date, -date, amount or -amount", "ORDER"},
    {"limit", 0, 0, G_OPTION_ARG_INT, &given.limit, "at most N vouchers", "N"},
    {"after", 0, 0, G_OPTION_ARG_FILENAME, &given.after, "the next page: what the page before said",
     "CURSOR"},
    {"count", 0, 0, G_OPTION_ARG_NONE, &given.count, "only how many there are", NULL},
    {"explain", 0, 0, G_OPTION_ARG_NONE, &given.explain, "only how they are found", NULL},
    {"snippets", 0, 0, G_OPTION_ARG_NONE, &given.snippets,
     "with --text: the lines that have it, with page and place", NULL},
    {"csv", 0, 0, G_OPTION_ARG_FILENAME, &given.csv, "a table for a spreadsheet: utf8 or cp932",
     "ENCODING"},
    {NULL}};

typedef struct {
    const DnCli *cli;
    DnTable *table;     /* NULL for JSON */
    DnListSheet *sheet; /* NULL but for CSV */
    bool any;
} Printer;

/* Beneath its voucher: "  p.1 (120,340) 合計 10,800". Held rows of the table come first. */
static bool
print_snippets(Printer *self, const json_t *row, GError **error)
{
    const json_t *snippets = json_object_get(row, "snippets");

    if (json_array_size(snippets) > 0 && !dn_table_finish(self->table, error))
        return false;
    for (size_t i = 0; i < json_array_size(snippets); i++) {
        const json_t *one = json_array_get(snippets, i);

        if (!dn_out_line(error, "    p.%" PRId64 " (%" PRId64 ",%" PRId64 ") %s",
                         dn_json_int(one, "page", 0), dn_json_int(one, "x", 0),
                         dn_json_int(one, "y", 0), dn_json_string(one, "text")))
            return false;
    }
    return true;
}

static bool
print_row(const json_t *row, void *user_data, GError **error)
{
    Printer *self = user_data;

    self->any = true;
    if (self->sheet)
        return dn_list_sheet_add(self->sheet, row, error);
    if (!self->table)
        return dn_out_json(row, error);
    return dn_rows_add(self->table, self->cli, row, error) && print_snippets(self, row, error);
}

static bool
print_count(DnCli *cli, DnArchive *archive, const DnSearch *search, GError **error)
{
    uint64_t count = 0;

    if (!dn_archive_count(archive, search, &count, error))
        return false;
    if (!cli->json)
        return dn_out_line(error, "%" PRIu64, count);
    g_autoptr(json_t) line = json_object();

    dn_json_set_int(line, "count", (int64_t)count);
    return dn_out_json(line, error);
}

static bool
print_plan(const DnCli *cli, DnArchive *archive, const DnSearch *search, GError **error)
{
    g_autoptr(json_t) plan = dn_archive_explain(archive, search, error);

    return plan && dn_out_object(cli, plan, error);
}

static bool
print_cursor(const DnCli *cli, const char *cursor, GError **error)
{
    if (!cursor)
        return true;
    if (!cli->json)
        return dn_out_line(error, "next page: --after %s", cursor);
    g_autoptr(json_t) line = json_object();

    dn_json_set_string(line, "cursor", cursor);
    return dn_out_json(line, error);
}

static bool
run(DnCli *cli, char **arguments, GError **error)
{
    DnFilterTerms terms;
    g_autoptr(DnTable) table = cli->json ? NULL : dn_rows_new(cli);
    Printer printer = {.cli = cli, .table = table};
    g_autoptr(DnListSheet) sheet = NULL;
    g_autofree char *cursor = NULL;

    (void)arguments;
    if (given.limit < 0)
        return dn_fail(error, DN_ERROR_INVALID, "--limit %d: write --limit 50", given.limit);
    if (!dn_value_choice("--csv", given.csv, "utf8|cp932", error))
        return false;
    if (given.snippets && !filter.text)
        return dn_fail(error, DN_ERROR_INVALID, "--snippets shows where a --text stands");
    if (!dn_value_choice("--sort", given.sort, "registered|date|-date|amount|-amount", error))
        return false;
    g_autoptr(DnArchive) archive = dn_cli_open(cli, error);

    if (!archive || !dn_filter_read(&filter, dn_archive_currency(archive), &terms, error))
        return false;
    terms.search.sort = given.sort;
    terms.search.limit = (uint32_t)given.limit;
    terms.search.after = given.after;
    terms.search.snippets = given.snippets;
    if (given.count)
        return print_count(cli, archive, &terms.search, error);
    if (given.explain)
        return print_plan(cli, archive, &terms.search, error);
    if (given.csv) {
        bool cp932 = g_str_equal(given.csv, "cp932");

        sheet = dn_list_sheet_new(cli, cp932 ? DN_SHEET_CP932 : DN_SHEET_UTF8, error);
        if (!sheet)
            return false;
        printer.sheet = sheet;
    }
    if (!dn_archive_search(archive, &terms.search, print_row, &printer, &cursor, error))
        return false;
    if (!printer.any)
        dn_cli_say(cli, "search: no voucher has all of that");
    if (sheet) { /* nothing but the table is on standard output */
        if (cursor)
            dn_cli_say(cli, "next page: --after %s", cursor);
        dn_list_sheet_finish(sheet);
        return true;
    }
    return (!table || dn_table_finish(table, error)) && print_cursor(cli, cursor, error);
}

const DnCommand dn_command_search = {
    .name = "search",
    .arguments = "",
    .summary = "Find vouchers; all terms must hold",
    .example = "dencho search --date 2026-04-01..2026-06-30 --amount 10,000.. --party 山田商店",
    .options = options,
    .run = run,
};
