/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cli/import.c - `dencho import`: an archive made of a capsule.
 */
#include "config.h"
#include "cli/output.h"
#include "cli/progress.h"

static char **settings;

static const GOptionEntry options[] = {{"set", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &settings,
                                        "a setting of the new dencho.conf; may be repeated",
                                        "SECTION.KEY=VALUE"},
                                       {NULL}};

static bool
run(DnCli *cli, char **arguments, GError **error)
{
    DnArchiveInit init = {.key_file = cli->key_file, .settings = (const char *const *)settings};
    g_autoptr(json_t) result = NULL;
    DnBar bar = dn_bar_begin(cli, "import");

    dn_interrupt_catch();
    bool good =
        dn_archive_import(arguments[0], arguments[1], &init, dn_bar_progress, &bar, &result, error);

    dn_bar_clear(&bar);
    return good && dn_out_object(cli, result, error);
}

const DnCommand dn_command_import = {
    .name = "import",
    .arguments = "CAPSULE DIR",
    .summary = "Make a new archive of a complete audit capsule",
    .example = "dencho import audit.zip books-again --key-file /media/safe/again.key",
    .options = options,
    .least = 2,
    .most = 2,
    .run = run,
};
