/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cli/search.c - `dencho search`: vouchers by date, amount, counterparty and more.
 */
#include "config.h"
#include "cli/filter.h"
#include "cli/output.h"

#include <inttypes.h>

static DnFilter filter;
static struct {
    char *sort;
    int limit;
    char *after;
    gboolean count;
} given;

static const GOptionEntry options[] = {
    DN_FILTER_OPTIONS(filter),
    {"sort", 0, 0, G_OPTION_ARG_FILENAME, &given.sort,
     "registered (default), date, -date, amount or -amount", "ORDER"},
    {"limit", 0, 0, G_OPTION_ARG_INT, &given.limit, "at most N vouchers", "N"},
    {"after", 0, 0, G_OPTION_ARG_FILENAME, &given.after, "the next page: what the page before said",
     "CURSOR"},
    {"count", 0, 0, G_OPTION_ARG_NONE, &given.count, "only how many there are", NULL},
    {NULL}};

typedef struct {
    const DnCli *cli;
    DnTable *table; /* NULL for JSON */
    bool any;
} Printer;

static bool
print_row(const json_t *row, void *user_data, GError **error)
{
    Printer *self = user_data;

    self->any = true;
    return self->table ? dn_rows_add(self->table, self->cli, row, error) : dn_out_json(row, error);
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
    g_autofree char *cursor = NULL;

    (void)arguments;
    if (given.limit < 0)
        return dn_fail(error, DN_ERROR_INVALID, "--limit %d: write --limit 50", given.limit);
    if (!dn_value_choice("--sort", given.sort, "registered|date|-date|amount|-amount", error))
        return false;
    g_autoptr(DnArchive) archive = dn_cli_open(cli, error);

    if (!archive || !dn_filter_read(&filter, dn_archive_currency(archive), &terms, error))
        return false;
    terms.search.sort = given.sort;
    terms.search.limit = (uint32_t)given.limit;
    terms.search.after = given.after;
    if (given.count)
        return print_count(cli, archive, &terms.search, error);
    if (!dn_archive_search(archive, &terms.search, print_row, &printer, &cursor, error))
        return false;
    if (!printer.any)
        dn_cli_say(cli, "search: no voucher has all of that");
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
