/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cli/read.c - `dencho read`: read documents, for the first time or again.
 */
#include "config.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/result.h"

static gboolean pending;

static const GOptionEntry options[] = {
    {"pending", 0, 0, G_OPTION_ARG_NONE, &pending, "all vouchers that wait to be read", NULL},
    {NULL}};

/* A result is printed before the wish to stop is looked at: it is durable by then. */
static bool
print_result(const json_t *result, void *user_data, GError **error)
{
    DnResults *results = user_data;

    if (!dn_results_add(results, NULL, result, error))
        return false;
    return !dn_interrupt_seen() || dn_fail(error, DN_ERROR_BUSY, "interrupted");
}

static bool
read_each(DnArchive *archive, char **names, DnResults *results, GError **error)
{
    for (; *names && !dn_interrupt_seen(); names++) {
        DnUuid id;
        g_autoptr(json_t) result = NULL;

        if (!dn_cli_find_id(archive, *names, &id, error) ||
            !dn_archive_read(archive, &id, &result, error) ||
            !dn_results_add(results, NULL, result, error))
            return dn_fail_in(error, "%s", *names);
    }
    return true;
}

static bool
run(DnCli *cli, char **arguments, GError **error)
{
    DnResults results = {.cli = cli};

    if (pending == (arguments[0] != NULL))
        return dn_fail(error, DN_ERROR_INVALID, "write dencho read --pending, or ids: read ID...");
    g_autoptr(DnArchive) archive = dn_cli_open(cli, error);

    if (!archive)
        return false;
    dn_interrupt_catch();
    if (!(pending ? dn_archive_read_pending(archive, print_result, &results, error)
                  : read_each(archive, arguments, &results, error)))
        return false;
    dn_results_sum(&results);
    cli->exit_status = results.exit_status;
    return true;
}

const DnCommand dn_command_read = {
    .name = "read",
    .arguments = "[ID...]",
    .summary = "Read documents that wait for it, or read them again",
    .example = "dencho read --pending",
    .options = options,
    .most = -1,
    .run = run,
};
