/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cli/tenant.c - `dencho tenant`: whose vouchers an archive holds.
 */
#include "config.h"
#include "cli/output.h"

#include <string.h>

static const DnColumn columns[] = {{"tenant"}, {"name"}};

typedef struct {
    const DnCli *cli;
    DnTable *table; /* NULL for JSON */
} Printer;

static bool
print_tenant(const json_t *row, void *user_data, GError **error)
{
    const Printer *self = user_data;
    const char *cells[] = {dn_json_string(row, "tenant"), dn_json_string(row, "name")};

    return self->table ? dn_table_add(self->table, cells, error) : dn_out_json(row, error);
}

static bool
run(DnCli *cli, char **arguments, GError **error)
{
    bool list = strcmp(arguments[0], "list") == 0 && !arguments[1];
    bool create = strcmp(arguments[0], "create") == 0 && arguments[1];
    g_autoptr(json_t) row = NULL;
    g_autoptr(DnTable) table =
        cli->json ? NULL : dn_table_new(columns, G_N_ELEMENTS(columns), false);
    Printer printer = {.cli = cli, .table = table};

    if (!list && !create)
        return dn_fail(error, DN_ERROR_INVALID, "write dencho tenant list, or tenant create NAME");
    g_autoptr(DnArchive) archive = dn_cli_open(cli, error);

    if (!archive)
        return false;
    if (list ? !dn_archive_tenant_list(archive, print_tenant, &printer, error)
             : !dn_archive_tenant_create(archive, arguments[1], &row, error) ||
                   !print_tenant(row, &printer, error))
        return false;
    return !table || dn_table_finish(table, error);
}

const DnCommand dn_command_tenant = {
    .name = "tenant",
    .arguments = "list|create [NAME]",
    .summary = "List the tenants of an archive, or make one",
    .example = "dencho tenant create yamada-shoten",
    .least = 1,
    .most = 2,
    .run = run,
};
