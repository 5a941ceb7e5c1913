/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cli/excuse.c - `dencho excuse`: why a voucher came in late.
 */
#include "config.h"
#include "cli/output.h"

static char *reason;

static const GOptionEntry options[] = {
    {"reason", 0, 0, G_OPTION_ARG_FILENAME, &reason, "why, and what shows it; required", "R"},
    {NULL}};

static bool
run(DnCli *cli, char **arguments, GError **error)
{
    DnUuid id;
    g_autoptr(json_t) row = NULL;

    if (!dn_cli_want_reason(reason, error))
        return false;
    g_autoptr(DnArchive) archive = dn_cli_open(cli, error);

    return archive && dn_cli_find_id(archive, arguments[0], &id, error) &&
           dn_archive_excuse(archive, &id, reason, &row, error) && dn_out_row(cli, row, error);
}

const DnCommand dn_command_excuse = {
    .name = "excuse",
    .arguments = "ID",
    .summary = "Note why a voucher came in late; it stays late",
    .example = "dencho excuse 01932b5e-7c1a-7def-8123-456789abcdef "
               "--reason 'the office was flooded, report of 2026-09-03'",
    .options = options,
    .least = 1,
    .most = 1,
    .run = run,
};
