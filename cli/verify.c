/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cli/verify.c - `dencho verify`: is everything as it was archived?
 */
#include "config.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/failures.h"
#include "cli/value.h"

static struct {
    char *date;
    gboolean full;
} given;

static const GOptionEntry options[] = {
    {"date", 0, 0, G_OPTION_ARG_FILENAME, &given.date,
     "only vouchers of that transaction date, both ends included", "A..B"},
    {"full", 0, 0, G_OPTION_ARG_NONE, &given.full, "every byte of the log, and the view against it",
     NULL},
    {NULL}};

static bool
run(DnCli *cli, char **arguments, GError **error)
{
    DnDateRange dates = {0};
    g_autoptr(json_t) totals = NULL;
    DnFailures failures = {.bar = dn_bar_begin(cli, "verify"),
                           .advice = "leave the archive as it is and compare it with a backup"};

    (void)arguments;
    if (given.date && !dn_value_date_range(given.date, &dates, error))
        return dn_fail_in(error, "--date");
    g_autoptr(DnArchive) archive = dn_cli_open(cli, error);

    if (!archive)
        return false;
    dn_interrupt_catch();
    bool good = dn_archive_verify(archive, dates.has_from ? &dates.from : NULL,
                                  dates.has_to ? &dates.to : NULL, given.full, dn_failures_print,
                                  dn_bar_progress, &failures, &totals, error);

    dn_bar_clear(&failures.bar);
    return good && dn_failures_finish(&failures, cli, totals, error);
}

const DnCommand dn_command_verify = {
    .name = "verify",
    .arguments = "",
    .summary = "Check the chain, the stored bytes and the time-stamps",
    .example = "dencho verify --date 2026-04-01..2027-03-31",
    .options = options,
    .run = run,
};
