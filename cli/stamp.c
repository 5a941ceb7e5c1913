/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cli/stamp.c - `dencho stamp`: time-stamps what waits for it.
 */
#include "config.h"
#include "cli/output.h"

static struct {
    gboolean due;
} given;

static const GOptionEntry options[] = {{"due", 0, 0, G_OPTION_ARG_NONE, &given.due,
                                        "only when 10,000 documents wait, or one for ten minutes",
                                        NULL},
                                       {NULL}};

static bool
run(DnCli *cli, char **arguments, GError **error)
{
    g_autoptr(json_t) result = NULL;
    g_autoptr(json_t) waiting = NULL;
    g_autoptr(DnArchive) archive = dn_cli_open(cli, error);

    (void)arguments;
    if (!archive || (given.due && !dn_archive_stamp_due(archive, &waiting, error)))
        return false;
    if (waiting && !dn_json_bool(waiting, "due", false))
        return dn_out_object(cli, waiting, error);
    if (!dn_archive_stamp(archive, &result, error))
        return false;
    dn_cli_say_accreditation(cli, "stamp", result);
    return dn_out_object(cli, result, error);
}

const DnCommand dn_command_stamp = {
    .name = "stamp",
    .arguments = "",
    .summary = "Get one time-stamp for all that waits for it",
    .example = "dencho stamp",
    .options = options,
    .run = run,
};
