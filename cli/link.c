/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cli/link.c - `dencho link`: a voucher and its entry in the books.
 */
#include "config.h"
#include "cli/output.h"

static bool
run(DnCli *cli, char **arguments, GError **error)
{
    DnUuid id;
    g_autoptr(json_t) row = NULL;
    g_autoptr(DnArchive) archive = dn_cli_open(cli, error);

    return archive && dn_cli_find_id(archive, arguments[0], &id, error) &&
           dn_archive_link(archive, &id, arguments[1], &row, error) && dn_out_row(cli, row, error);
}

const DnCommand dn_command_link = {
    .name = "link",
    .arguments = "ID REF",
    .summary = "Link a voucher to an entry of the books",
    .example = "dencho link 01932b5e-7c1a-7def-8123-456789abcdef 2026-04/0815",
    .least = 2,
    .most = 2,
    .run = run,
};
