/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cli/stamp.c - `dencho stamp`: time-stamps what waits for it.
 */
#include "config.h"
#include "cli/output.h"

static bool
run(DnCli *cli, char **arguments, GError **error)
{
    g_autoptr(json_t) result = NULL;
    g_autoptr(DnArchive) archive = dn_cli_open(cli, error);

    (void)arguments;
    if (!archive || !dn_archive_stamp(archive, &result, error))
        return false;
    dn_cli_say_accreditation(cli, "stamp", result);
    return dn_out_object(cli, result, error);
}

const DnCommand dn_command_stamp = {
    .name = "stamp",
    .arguments = "",
    .summary = "Get one time-stamp for all that waits for it",
    .example = "dencho stamp",
    .run = run,
};
