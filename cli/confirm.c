/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cli/confirm.c - `dencho confirm`: a person has checked the values.
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
           dn_archive_confirm(archive, &id, &row, error) && dn_out_row(cli, row, error);
}

const DnCommand dn_command_confirm = {
    .name = "confirm",
    .arguments = "ID",
    .summary = "Say that the values of a voucher were checked and are right",
    .example = "dencho confirm 01932b5e-7c1a-7def-8123-456789abcdef",
    .least = 1,
    .most = 1,
    .run = run,
};
