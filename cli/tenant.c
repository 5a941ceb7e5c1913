/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cli/tenant.c - `dencho tenant`: whose vouchers an archive holds.
 */
#include "config.h"
#include "cli/output.h"
#include "cli/progress.h"

#include <string.h>

static struct {
    char *export_file;
    char *reason;
    gboolean without_export;
    gboolean early;
} given;

static const GOptionEntry options[] = {
    {"export", 0, 0, G_OPTION_ARG_FILENAME, &given.export_file,
     "close: an export of all that the tenant has", "FILE"},
    {"without-export", 0, 0, G_OPTION_ARG_NONE, &given.without_export,
     "close: although nothing was handed out", NULL},
    {"early", 0, 0, G_OPTION_ARG_NONE, &given.early,
     "close: although vouchers must still be kept, or are on hold", NULL},
    {"reason", 0, 0, G_OPTION_ARG_FILENAME, &given.reason, "close: why, for the ledger", "TEXT"},
    {NULL}};

static const DnColumn columns[] = {{"tenant"}, {"name"}, {"closed"}};

typedef struct {
    const DnCli *cli;
    DnTable *table; /* NULL for JSON */
} Printer;

static bool
print_tenant(const json_t *row, void *user_data, GError **error)
{
    const Printer *self = user_data;
    const char *cells[] = {dn_json_string(row, "tenant"), dn_json_string(row, "name"),
                           dn_json_string(row, "closed") ? dn_json_string(row, "closed") : ""};

    return self->table ? dn_table_add(self->table, cells, error) : dn_out_json(row, error);
}

static bool
close_tenant(DnCli *cli, DnArchive *archive, const char *name, GError **error)
{
    DnTenantClose how = {.export_file = given.export_file,
                         .without_export = given.without_export,
                         .early = given.early,
                         .reason = given.reason};
    DnBar bar = dn_bar_begin(cli, "tenant");
    g_autoptr(json_t) row = NULL;

    dn_interrupt_catch();
    bool done = dn_archive_tenant_close(archive, name, &how, dn_bar_progress, &bar, &row, error);

    dn_bar_clear(&bar);
    if (!done || !dn_out_object(cli, row, error))
        return false;
    dn_cli_say(cli, "tenant: closed; backups made before still hold its keys: let go of them");
    return true;
}

static bool
run(DnCli *cli, char **arguments, GError **error)
{
    bool list = strcmp(arguments[0], "list") == 0 && !arguments[1];
    bool create = strcmp(arguments[0], "create") == 0 && arguments[1];
    bool closing = strcmp(arguments[0], "close") == 0 && arguments[1];
    g_autoptr(json_t) row = NULL;
    g_autoptr(DnTable) table =
        cli->json || closing ? NULL : dn_table_new(columns, G_N_ELEMENTS(columns), false);
    Printer printer = {.cli = cli, .table = table};

    if (!list && !create && !closing)
        return dn_fail(error, DN_ERROR_INVALID,
                       "write dencho tenant list, tenant create NAME, or tenant close NAME");
    g_autoptr(DnArchive) archive = dn_cli_open(cli, error);

    if (!archive)
        return false;
    if (closing)
        return close_tenant(cli, archive, arguments[1], error);
    if (list ? !dn_archive_tenant_list(archive, print_tenant, &printer, error)
             : !dn_archive_tenant_create(archive, arguments[1], &row, error) ||
                   !print_tenant(row, &printer, error))
        return false;
    return !table || dn_table_finish(table, error);
}

const DnCommand dn_command_tenant = {
    .name = "tenant",
    .arguments = "list|create|close [NAME]",
    .summary = "List the tenants of an archive, make one, or end one",
    .example = "dencho tenant create yamada-shoten",
    .options = options,
    .least = 1,
    .most = 2,
    .run = run,
};
