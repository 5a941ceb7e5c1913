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
    char *reason;
} given;

static const GOptionEntry options[] = {
    {"generation", 0, 0, G_OPTION_ARG_INT, &given.generation, "that one; without it the newest",
     "N"},
    {"at", 0, 0, G_OPTION_ARG_FILENAME, &given.at, "the newest of that time or before", "TIME"},
    {"reason", 0, 0, G_OPTION_ARG_FILENAME, &given.reason,
     "go on with it although the archive had got further, and why, for the ledger", "TEXT"},
    {NULL}};

/* The archive is whole, and its next opening would be refused: with what to do about it. */
static void
say_older(const DnCli *cli, const char *dir, const json_t *totals)
{
    const char *older = dn_json_string(totals, "older");

    if (!older)
        return;
    g_autofree char *where = g_shell_quote(dir);
    g_autofree char *key = cli->key_file ? g_shell_quote(cli->key_file) : NULL;

    dn_cli_say(cli,
               "restore: this generation is older than what the witness beside the key file "
               "remembers (%s)",
               older);
    dn_cli_say(cli,
               "restore: until that is accepted the archive does not open. To go on with it:\n"
               "  dencho%s%s -A %s doctor --accept-rollback --reason 'why'",
               key ? " --key-file " : "", key ? key : "", where);
    dn_cli_say(cli, "restore: only to look into it: use a copy of the key file in another folder, "
                    "without its .witness");
}

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
        (given.reason && !dn_cli_want_reason(given.reason, error)) ||
        !dn_cli_opening(cli, &opening, error))
        return false;
    opening.accept_rollback = given.reason;
    dn_interrupt_catch();
    bool good = dn_backup_restore(arguments[0], &pick, arguments[1], &opening, dn_failures_print,
                                  dn_bar_progress, &failures, &totals, error);

    dn_bar_clear(&failures.bar);
    if (!good || !dn_failures_finish(&failures, cli, totals, error))
        return false;
    say_older(cli, arguments[1], totals);
    return true;
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
