/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cli/backup.c - `dencho backup`: a copy of the archive, what copies there are, and are they good?
 */
#include "config.h"
#include "cli/failures.h"
#include "cli/output.h"
#include "cli/value.h"

#include <inttypes.h>

static struct {
    char *keep;
    gboolean quick;
    gboolean list;
    gboolean check;
    int generation;
    char *at;
} given;

static const GOptionEntry options[] = {
    {"keep", 0, 0, G_OPTION_ARG_FILENAME, &given.keep,
     "which generations stay: last, daily, weekly, monthly, yearly (default: last=7,daily=7)",
     "daily=7,weekly=4"},
    {"quick", 0, 0, G_OPTION_ARG_NONE, &given.quick, "check only what is copied, not the whole log",
     NULL},
    {"list", 0, 0, G_OPTION_ARG_NONE, &given.list, "list the generations in DIR", NULL},
    {"check", 0, 0, G_OPTION_ARG_NONE, &given.check, "prove that a generation can be restored",
     NULL},
    {"generation", 0, 0, G_OPTION_ARG_INT, &given.generation,
     "check that one; without it the newest", "N"},
    {"at", 0, 0, G_OPTION_ARG_FILENAME, &given.at, "check the newest of that time or before",
     "TIME"},
    {NULL}};

/* --- a list --- */

static const DnColumn columns[] = {{"generation", .right = true}, {"at"},
                                   {"entries", .right = true},    {"bytes", .right = true},
                                   {"segments", .right = true},   {"checked"}};

typedef struct {
    DnTable *table; /* NULL for JSON */
    unsigned damaged;
} Printer;

static bool
print_generation(const json_t *row, void *user_data, GError **error)
{
    Printer *self = user_data;
    g_autofree char *number = dn_json_text(json_object_get(row, "generation"));
    g_autofree char *entries = dn_json_text(json_object_get(row, "entries"));
    g_autofree char *bytes = dn_json_text(json_object_get(row, "bytes"));
    g_autofree char *segments = dn_json_text(json_object_get(row, "segments"));
    const char *code = dn_json_string(row, "code");
    const char *cells[] = {number,   code ? code : dn_json_string(row, "at"), entries, bytes,
                           segments, dn_json_string(row, "checked")};

    self->damaged += code != NULL;
    return self->table ? dn_table_add(self->table, cells, error) : dn_out_json(row, error);
}

static bool
list(DnCli *cli, const char *dest, GError **error)
{
    g_autoptr(DnTable) table =
        cli->json ? NULL : dn_table_new(columns, G_N_ELEMENTS(columns), false);
    Printer printer = {.table = table};

    if (!dn_backup_list(dest, print_generation, &printer, error) ||
        (table && !dn_table_finish(table, error)))
        return false;
    if (printer.damaged > 0)
        cli->exit_status = dn_error_exit_status(DN_ERROR_CORRUPT);
    return true;
}

/* --- a check --- */

/* The key of the archive that -A names opens its backups too. */
static bool
find_key(const DnCli *cli, DnArchiveOptions *opening, char **out_key_file, GError **error)
{
    const char *dir = dn_cli_archive_dir(cli);

    if (!dn_cli_opening(cli, opening, error))
        return false;
    if (!dir || opening->key_file || opening->key_fd > 0)
        return true;
    g_autofree char *absolute = g_canonicalize_filename(dir, NULL);

    *out_key_file = g_strconcat(absolute, ".key", NULL);
    if (g_file_test(*out_key_file, G_FILE_TEST_EXISTS))
        opening->key_file = *out_key_file;
    return true;
}

static bool
check(DnCli *cli, const char *dest, GError **error)
{
    DnFailures failures = {.bar = dn_bar_begin(cli, "backup"),
                           .advice = "remove the files named and run backup again: it copies them "
                                     "anew while the archive has them"};
    g_autoptr(json_t) totals = NULL;
    g_autofree char *key_file = NULL;
    DnArchiveOptions opening;
    DnBackupPick pick = {0};
    int64_t at = 0;

    if (!dn_value_pick(given.generation, given.at, &at, &pick, error) ||
        !find_key(cli, &opening, &key_file, error))
        return false;
    dn_interrupt_catch();
    bool good = dn_backup_check(dest, &pick, &opening, dn_failures_print, dn_bar_progress,
                                &failures, &totals, error);

    dn_bar_clear(&failures.bar);
    if (!good || !dn_failures_finish(&failures, cli, totals, error))
        return false;
    if (!dn_json_bool(totals, "opened", false))
        dn_cli_say(cli, "backup: without the master key only the bytes were checked, nothing was "
                        "opened; name it with --key-file");
    return true;
}

/* --- a backup --- */

static bool
back_up(DnCli *cli, const char *dest, GError **error)
{
    DnBackupOptions how = {.keep = given.keep, .quick = given.quick};
    DnBar bar = dn_bar_begin(cli, "backup");
    g_autoptr(json_t) result = NULL;
    g_autoptr(DnArchive) archive = dn_cli_open(cli, error);

    if (!archive)
        return false;
    dn_interrupt_catch();
    bool good = dn_archive_backup(archive, dest, &how, dn_bar_progress, &bar, &result, error);

    dn_bar_clear(&bar);
    if (!good || !dn_out_object(cli, result, error))
        return false;
    if (dn_json_int(result, "damaged", 0) > 0)
        dn_cli_say(cli,
                   "backup: %" PRId64
                   " generations in %s are damaged, `dencho backup --list` names "
                   "them; no bytes of the log are removed while they are there",
                   dn_json_int(result, "damaged", 0), dest);
    return true;
}

static bool
run(DnCli *cli, char **arguments, GError **error)
{
    if (given.list && given.check)
        return dn_fail(error, DN_ERROR_INVALID, "either --list or --check");
    if ((given.generation != 0 || given.at) && !given.check)
        return dn_fail(error, DN_ERROR_INVALID, "--generation and --at go with --check");
    if ((given.keep || given.quick) && (given.list || given.check))
        return dn_fail(error, DN_ERROR_INVALID, "--keep and --quick are for a backup");
    if (given.list)
        return list(cli, arguments[0], error);
    return given.check ? check(cli, arguments[0], error) : back_up(cli, arguments[0], error);
}

const DnCommand dn_command_backup = {
    .name = "backup",
    .arguments = "DIR",
    .summary = "Copy the archive into a folder of backups, list or check what is there",
    .example = "dencho backup --keep daily=7,weekly=4,monthly=12 /media/backup/books",
    .options = options,
    .least = 1,
    .most = 1,
    .run = run,
};
