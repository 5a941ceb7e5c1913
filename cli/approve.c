/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cli/approve.c - `dencho approve`: what another person asked for is done.
 */
#include "config.h"
#include "cli/output.h"

static bool
run(DnCli *cli, char **arguments, GError **error)
{
    guint64 request = 0;
    DnUuid id;
    g_autoptr(json_t) row = NULL;

    if (!g_ascii_string_to_unsigned(arguments[1], 10, 1, G_MAXINT64, &request, NULL))
        return dn_fail(error, DN_ERROR_INVALID, "which request? write its number: approve ID 42");
    g_autoptr(DnArchive) archive = dn_cli_open(cli, error);

    return archive && dn_cli_find_id(archive, arguments[0], &id, error) &&
           dn_archive_approve(archive, &id, request, &row, error) && dn_out_row(cli, row, error);
}

const DnCommand dn_command_approve = {
    .name = "approve",
    .arguments = "ID REQUEST",
    .summary = "Approve what another person asked for, and do it",
    .example = "dencho approve 01932b5e-7c1a-7def-8123-456789abcdef 42",
    .least = 2,
    .most = 2,
    .run = run,
};
