/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cli/stats.c - `dencho stats`: figures of an archive.
 */
#include "config.h"
#include "cli/output.h"

static bool
run(DnCli *cli, char **arguments, GError **error)
{
    g_autoptr(DnArchive) archive = dn_cli_open(cli, error);
    g_autoptr(json_t) stats = archive ? dn_archive_stats(archive, error) : NULL;

    (void)arguments;
    return stats && dn_out_object(cli, stats, error);
}

const DnCommand dn_command_stats = {
    .name = "stats",
    .arguments = "",
    .summary = "Print how much an archive holds",
    .example = "dencho stats --json",
    .run = run,
};
