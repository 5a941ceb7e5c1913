/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cli/rebuild.c - `dencho rebuild`: the view anew from the log.
 */
#include "config.h"
#include "cli/output.h"
#include "cli/progress.h"

static bool
run(DnCli *cli, char **arguments, GError **error)
{
    g_autoptr(json_t) result = NULL;
    DnBar bar = dn_bar_begin(cli, "rebuild");
    const char *dir = NULL;
    DnArchiveOptions opening;

    (void)arguments;
    if (!dn_cli_archive(cli, &dir, &opening, error))
        return false;
    dn_interrupt_catch();
    bool good = dn_archive_rebuild(dir, &opening, dn_bar_progress, &bar, &result, error);

    dn_bar_clear(&bar);
    return good && dn_out_object(cli, result, error);
}

const DnCommand dn_command_rebuild = {
    .name = "rebuild",
    .arguments = "",
    .summary = "Drop the view of the archive and build it again from the log",
    .example = "dencho rebuild",
    .run = run,
};
