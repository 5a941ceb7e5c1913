/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cli/key.c - `dencho key`: the master key.
 */
#include "config.h"
#include "cli/output.h"

#include <string.h>

static bool
run(DnCli *cli, char **arguments, GError **error)
{
    bool check = strcmp(arguments[0], "check") == 0 && !arguments[1];
    bool rotate = strcmp(arguments[0], "rotate") == 0 && arguments[1];
    g_autoptr(json_t) result = NULL;

    if (!check && !rotate)
        return dn_fail(error, DN_ERROR_INVALID, "write dencho key check, or key rotate NEWFILE");
    g_autoptr(DnArchive) archive = dn_cli_open(cli, error);

    if (!archive)
        return false;
    if (check)
        result = dn_archive_key_check(archive, error);
    else
        dn_archive_key_rotate(archive, arguments[1], &result, error);
    if (!result || !dn_out_object(cli, result, error))
        return false;
    if (rotate)
        dn_cli_say(cli,
                   "key: back up %s now, and keep the old file for as long as backups that it "
                   "opens",
                   arguments[1]);
    return true;
}

const DnCommand dn_command_key = {
    .name = "key",
    .arguments = "check|rotate [NEWFILE]",
    .summary = "Check that the master key opens every key, or change it",
    .example = "dencho key rotate /media/safe/books-2027.key",
    .least = 1,
    .most = 2,
    .run = run,
};
