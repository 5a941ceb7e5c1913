/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cli/revise.c - `dencho revise`: a better scan of the same paper.
 */
#include "config.h"
#include "cli/output.h"
#include "cli/result.h"
#include "base/source.h"
#include "base/text.h"

static char *reason;
static char *found;

static const GOptionEntry options[] = {
    {"reason", 0, 0, G_OPTION_ARG_FILENAME, &reason, "why; required", "R"},
    {"found", 0, 0, G_OPTION_ARG_FILENAME, &found,
     "day on which the scan before was found to be bad (default: today)", "D"},
    {NULL}};

static bool
run(DnCli *cli, char **arguments, GError **error)
{
    DnUuid id;
    DnDate found_day;
    DnResults results = {.cli = cli};
    g_autoptr(json_t) result = NULL;
    g_autofree char *base = g_path_get_basename(arguments[1]);
    g_autofree char *name = dn_text_sanitise(base, -1);

    if (!dn_cli_want_reason(reason, error))
        return false;
    if (found && !dn_date_parse(found, &found_day, error))
        return dn_fail_in(error, "--found");
    g_autoptr(DnArchive) archive = dn_cli_open(cli, error);

    if (!archive || !dn_cli_find_id(archive, arguments[0], &id, error))
        return false;
    g_autoptr(GBytes) bytes =
        dn_source_read_file(arguments[1], dn_archive_max_document_bytes(archive), error);

    if (!bytes)
        return dn_fail_in(error, "%s", arguments[1]);
    if (!dn_archive_revise(archive, &id, bytes, name, reason, found ? &found_day : NULL, &result,
                           error) ||
        !dn_results_add(&results, NULL, result, error))
        return false;
    cli->exit_status = results.exit_status;
    return true;
}

const DnCommand dn_command_revise = {
    .name = "revise",
    .arguments = "ID FILE",
    .summary = "Make a better scan of the same paper the next version of a voucher",
    .example = "dencho revise 01932b5e-7c1a-7def-8123-456789abcdef better.tif "
               "--reason 'a corner was folded'",
    .options = options,
    .least = 2,
    .most = 2,
    .run = run,
};
