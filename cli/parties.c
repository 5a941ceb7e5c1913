/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cli/parties.c - `dencho parties`: counterparties by the beginning of their name.
 */
#include "config.h"
#include "cli/output.h"

#include <inttypes.h>

enum { LIMIT = 20 };

static int limit = LIMIT;

static const GOptionEntry options[] = {
    {"limit", 0, 0, G_OPTION_ARG_INT, &limit, "at most N names (default 20)", "N"}, {NULL}};

static const DnColumn columns[] = {{"vouchers", .right = true}, {"party"}};

typedef struct {
    const DnCli *cli;
    DnTable *table; /* NULL for JSON */
    bool any;
} Printer;

static bool
print_party(const json_t *row, void *user_data, GError **error)
{
    Printer *self = user_data;
    g_autofree char *count = NULL;

    self->any = true;
    if (!self->table)
        return dn_out_json(row, error);
    count = g_strdup_printf("%" PRId64, dn_json_int(row, "vouchers", 0));
    const char *const cells[] = {count, dn_json_string(row, "party")};

    return dn_table_add(self->table, cells, error);
}

static bool
run(DnCli *cli, char **arguments, GError **error)
{
    g_autoptr(DnTable) table =
        cli->json ? NULL : dn_table_new(columns, G_N_ELEMENTS(columns), cli->terminal);
    Printer printer = {.cli = cli, .table = table};

    if (limit < 1)
        return dn_fail(error, DN_ERROR_INVALID, "--limit %d: write --limit 20", limit);
    g_autoptr(DnArchive) archive = dn_cli_open(cli, error);

    if (!archive || !dn_archive_parties(archive, *arguments ? *arguments : "", (uint32_t)limit,
                                        print_party, &printer, error))
        return false;
    if (!printer.any)
        dn_cli_say(cli, "parties: no name begins so");
    return !table || dn_table_finish(table, error);
}

const DnCommand dn_command_parties = {
    .name = "parties",
    .arguments = "[NAME]",
    .summary = "List counterparties whose name begins so, with their vouchers",
    .example = "dencho parties やまだ",
    .options = options,
    .least = 0,
    .most = 1,
    .run = run,
};
