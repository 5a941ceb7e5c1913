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
    gboolean proofs;
    gboolean full;
    gboolean index;
} given;

static const GOptionEntry options[] = {
    {"date", 0, 0, G_OPTION_ARG_FILENAME, &given.date,
     "only vouchers of that transaction date, both ends included", "A..B"},
    {"proofs", 0, 0, G_OPTION_ARG_NONE, &given.proofs,
     "only chain and time-stamps: no document is opened", NULL},
    {"full", 0, 0, G_OPTION_ARG_NONE, &given.full, "every byte of the log, and the view against it",
     NULL},
    {"index", 0, 0, G_OPTION_ARG_NONE, &given.index,
     "only the view: that it shows and finds what the ledger says", NULL},
    {NULL}};

/* A log too damaged to open: what opening said, and everything else that a reading of all its bytes
 * finds. */
static bool
verify_closed(DnCli *cli, DnFailures *failures, const GError *closed, GError **error)
{
    g_autoptr(json_t) totals = NULL;
    const char *dir = NULL;
    DnArchiveOptions how = {0};
    bool good = dn_cli_archive(cli, &dir, &how, error) &&
                dn_archive_check_log(dir, &how, dn_failures_print, failures, &totals, error);

    dn_bar_clear(&failures->bar);
    if (good && dn_json_int(totals, "failed", 0) == 0)
        return dn_fail(error, DN_ERROR_CORRUPT, "%s", closed->message);
    return good && dn_failures_finish(failures, cli, totals, error);
}

static bool
run(DnCli *cli, char **arguments, GError **error)
{
    DnDateRange dates = {0};
    g_autoptr(json_t) totals = NULL;
    DnFailures failures = {.bar = dn_bar_begin(cli, "verify"),
                           .advice = "leave the archive as it is and compare it with a backup"};

    (void)arguments;
    if (given.index && (given.date || given.full || given.proofs))
        return dn_fail(error, DN_ERROR_INVALID, "--index goes with no other option");
    if (given.proofs && given.full)
        return dn_fail(error, DN_ERROR_INVALID, "--proofs opens nothing, --full everything");
    if (given.index)
        failures.advice = "run dencho rebuild: the log has all of it";
    if (given.date && !dn_value_date_range(given.date, &dates, error))
        return dn_fail_in(error, "--date");
    g_autoptr(GError) closed = NULL;
    g_autoptr(DnArchive) archive = dn_cli_open(cli, &closed);

    if (!archive && given.full && g_error_matches(closed, DN_ERROR, DN_ERROR_CORRUPT))
        return verify_closed(cli, &failures, closed, error);
    if (!archive) {
        g_propagate_error(error, g_steal_pointer(&closed));
        return false;
    }
    DnVerifyDepth depth = given.full     ? DN_VERIFY_FULL
                          : given.proofs ? DN_VERIFY_PROOFS
                                         : DN_VERIFY_DOCUMENTS;

    dn_interrupt_catch();
    bool good = given.index
                    ? dn_archive_verify_index(archive, dn_failures_print, dn_bar_progress,
                                              &failures, &totals, error)
                    : dn_archive_verify(archive, dates.has_from ? &dates.from : NULL,
                                        dates.has_to ? &dates.to : NULL, depth, dn_failures_print,
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
