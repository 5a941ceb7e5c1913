/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cli/restore.c - `dencho restore`: an archive again from a backup, verified.
 */
#include "config.h"
#include "cli/failures.h"
#include "cli/output.h"
#include "cli/value.h"

static struct {
    int generation;
    char *at;
} given;

static const GOptionEntry options[] = {
    {"generation", 0, 0, G_OPTION_ARG_INT, &given.generation, "that one; without it the newest",
     "N"},
    {"at", 0, 0, G_OPTION_ARG_FILENAME, &given.at, "the newest of that time or before", "TIME"},
    {NULL}};

static bool
run(DnCli *cli, char **arguments, GError **error)
{
    DnFailures failures = {.bar = dn_bar_begin(cli, "restore"),
                           .advice = "the archive is there as it was backed up; `dencho backup "
                                     "--list` shows other generations"};
    g_autoptr(json_t) totals = NULL;
    DnArchiveOptions opening;
    DnBackupPick pick = {0};
    int64_t at = 0;

    if (!dn_value_pick(given.generation, given.at, &at, &pick, error) ||
        !dn_cli_opening(cli, &opening, error))
        return false;
    dn_interrupt_catch();
    bool good = dn_backup_restore(arguments[0], &pick, arguments[1], &opening, dn_failures_print,
                                  dn_bar_progress, &failures, &totals, error);

    dn_bar_clear(&failures.bar);
    return good && dn_failures_finish(&failures, cli, totals, error);
}

const DnCommand dn_command_restore = {
    .name = "restore",
    .arguments = "BACKUPDIR NEWDIR",
    .summary = "Make an archive from a backup and verify all of it",
    .example = "dencho restore --key-file books.key /media/backup/books books",
    .options = options,
    .least = 2,
    .most = 2,
    .run = run,
};
