/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cli/export.c - `dencho export`: an auditor takes a copy.
 */
#include "config.h"
#include "cli/filter.h"
#include "cli/output.h"
#include "cli/progress.h"

#include <string.h>

static DnFilter filter;
static char *output;
static char *folder;
static char *names;

static const GOptionEntry options[] = {
    {"output", 'o', 0, G_OPTION_ARG_FILENAME, &output, "the new file", "FILE"},
    {"folder", 0, 0, G_OPTION_ARG_FILENAME, &folder, "a new folder in place of a file", "DIR"},
    {"names", 0, 0, G_OPTION_ARG_FILENAME, &names,
     "name files by serial (default) or date-party-amount", "HOW"},
    DN_FILTER_OPTIONS(filter),
    {NULL}};

static bool
run(DnCli *cli, char **arguments, GError **error)
{
    DnFilterTerms terms;
    g_autoptr(json_t) result = NULL;
    DnBar bar = dn_bar_begin(cli, "export");

    DnExport export = {.path = folder ? folder : output, .folder = folder != NULL};

    (void)arguments;
    if (!output == !folder)
        return dn_fail(error, DN_ERROR_INVALID,
                       "where to? write -o audit.zip or --folder audit, one of them");
    if (!dn_value_choice("--names", names, "serial|date-party-amount", error))
        return false;
    export.names_by_values = names && strcmp(names, "date-party-amount") == 0;
    g_autoptr(DnArchive) archive = dn_cli_open(cli, error);

    if (!archive || !dn_filter_read(&filter, dn_archive_currency(archive), &terms, error))
        return false;
    dn_interrupt_catch();
    bool good =
        dn_archive_export(archive, &terms.search, &export, dn_bar_progress, &bar, &result, error);

    dn_bar_clear(&bar);
    return good && dn_out_object(cli, result, error);
}

const DnCommand dn_command_export = {
    .name = "export",
    .arguments = "",
    .summary = "Write an audit capsule of the vouchers that the terms find",
    .example = "dencho export --date 2026-04-01..2027-03-31 -o audit.zip",
    .options = options,
    .run = run,
};
