/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cli/registry.c - `dencho registry`: the tax agency's public lists of numbers and names.
 *
 * A difference is published under a name that begins with "diff"; the options say it where a file
 * was renamed.
 */
#include "config.h"
#include "cli/output.h"
#include "cli/progress.h"

#include <inttypes.h>
#include <string.h>

static struct {
    gboolean difference;
    gboolean full;
    gboolean check;
} given;

static const GOptionEntry options[] = {
    {"difference", 0, 0, G_OPTION_ARG_NONE, &given.difference,
     "import: the files change the list that is there", NULL},
    {"full", 0, 0, G_OPTION_ARG_NONE, &given.full, "import: the files are the whole list", NULL},
    {"check", 0, 0, G_OPTION_ARG_NONE, &given.check, "status: read all of each list", NULL},
    {NULL}};

static const DnColumn columns[] = {
    {"list"}, {"verdict"}, {"as of"}, {"numbers", .right = true}, {"bytes", .right = true}};

typedef struct {
    DnTable *table; /* NULL for JSON */
    const DnCli *cli;
    bool damaged;
} Printer;

static bool
print_list(const json_t *row, void *user_data, GError **error)
{
    Printer *self = user_data;
    const char *verdict = dn_json_string(row, "verdict");
    const char *as_of = dn_json_string(row, "as_of");
    g_autofree char *numbers = g_strdup_printf("%" PRId64, dn_json_int(row, "numbers", 0));
    g_autofree char *bytes = g_strdup_printf("%" PRId64, dn_json_int(row, "bytes", 0));
    const char *cells[] = {dn_json_string(row, "list"), verdict, as_of ? as_of : "", numbers,
                           bytes};

    self->damaged = self->damaged || strcmp(verdict, "damaged") == 0;
    if (!self->table)
        return dn_out_json(row, error);
    if (dn_json_string(row, "message"))
        dn_cli_say(self->cli, "registry: %s", dn_json_string(row, "message"));
    return dn_table_add(self->table, cells, error);
}

static bool
show_status(const DnCli *cli, DnArchive *archive, GError **error)
{
    g_autoptr(DnTable) table =
        cli->json ? NULL : dn_table_new(columns, G_N_ELEMENTS(columns), false);
    Printer printer = {.table = table, .cli = cli};

    if (!dn_archive_registry_status(archive, given.check, print_list, &printer, error) ||
        (table && !dn_table_finish(table, error)))
        return false;
    return !printer.damaged ||
           dn_fail(error, DN_ERROR_CORRUPT, "a list is damaged; import it again");
}

static bool
is_difference(const char *path)
{
    g_autofree char *name = g_path_get_basename(path);

    return g_str_has_prefix(name, "diff");
}

static bool
import_files(DnCli *cli, DnArchive *archive, char **files, GError **error)
{
    DnRegistryImport request = {.files = (const char *const *)files,
                                .difference =
                                    given.difference || (!given.full && is_difference(files[0]))};
    DnBar bar = dn_bar_begin(cli, "registry");
    g_autoptr(json_t) result = NULL;

    dn_interrupt_catch();
    bool good =
        dn_archive_registry_import(archive, &request, dn_bar_progress, &bar, &result, error);

    dn_bar_clear(&bar);
    return good && dn_out_object(cli, result, error);
}

static bool
run(DnCli *cli, char **arguments, GError **error)
{
    bool status = strcmp(arguments[0], "status") == 0 && !arguments[1];
    bool import = strcmp(arguments[0], "import") == 0 && arguments[1];

    if ((!status && !import) || (given.full && given.difference))
        return dn_fail(error, DN_ERROR_INVALID,
                       "write dencho registry status, or registry import FILE ... with --full or "
                       "--difference");
    g_autoptr(DnArchive) archive = dn_cli_open(cli, error);

    if (!archive)
        return false;
    return status ? show_status(cli, archive, error)
                  : import_files(cli, archive, arguments + 1, error);
}

const DnCommand dn_command_registry = {
    .name = "registry",
    .arguments = "import|status [FILE ...]",
    .summary = "Take over the tax agency's public lists of numbers and names",
    .example = "dencho registry import 00_zenkoku_all_20260731.csv",
    .options = options,
    .least = 1,
    .most = 1001,
    .run = run,
};
