/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cli/doctor.c - `dencho doctor`: is all there that the archive needs?
 */
#include "config.h"
#include "cli/output.h"

#include <string.h>

static struct {
    gboolean accept_rollback;
    char *reason;
} given;

static const GOptionEntry options[] = {
    {"accept-rollback", 0, 0, G_OPTION_ARG_NONE, &given.accept_rollback,
     "go on with an older copy of the archive that was put back; needs --reason", NULL},
    {"reason", 0, 0, G_OPTION_ARG_STRING, &given.reason, "why, for the ledger", "TEXT"},
    {NULL}};

static const DnColumn columns[] = {{"check"}, {"verdict"}, {"message"}};

typedef struct {
    DnCli *cli;
    DnTable *table; /* NULL for JSON */
} Printer;

static bool
print_check(const json_t *check, void *user_data, GError **error)
{
    const Printer *self = user_data;
    const char *verdict = dn_json_string(check, "verdict");
    const char *cells[] = {dn_json_string(check, "name"), verdict,
                           dn_json_string(check, "message")};

    if (g_strcmp0(verdict, "problem") == 0)
        self->cli->exit_status = dn_error_exit_status(DN_ERROR_EXTERNAL);
    return self->table ? dn_table_add(self->table, cells, error) : dn_out_json(check, error);
}

static bool
run(DnCli *cli, char **arguments, GError **error)
{
    g_autoptr(DnTable) table =
        cli->json ? NULL : dn_table_new(columns, G_N_ELEMENTS(columns), false);
    Printer printer = {.cli = cli, .table = table};
    g_autoptr(DnArchive) archive = NULL;
    DnArchiveOptions how = {0};
    const char *dir = NULL;

    (void)arguments;
    if ((given.accept_rollback && !dn_cli_want_reason(given.reason, error)) ||
        !dn_cli_archive(cli, &dir, &how, error))
        return false;
    how.accept_rollback = given.accept_rollback ? given.reason : NULL;
    archive = dn_archive_open(dir, &how, error);
    return archive && dn_archive_doctor(archive, print_check, &printer, error) &&
           (!table || dn_table_finish(table, error));
}

const DnCommand dn_command_doctor = {
    .name = "doctor",
    .arguments = "",
    .summary = "Check keys, log, view, worker, models, lists, clock, disk and what waits",
    .example = "dencho doctor",
    .options = options,
    .run = run,
};
