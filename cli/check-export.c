/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cli/check-export.c - `dencho check-export`: checks an audit capsule without archive or key.
 */
#include "config.h"
#include "cli/failures.h"

static char *trust_file;

static const GOptionEntry options[] = {{"trust-file", 0, 0, G_OPTION_ARG_FILENAME, &trust_file,
                                        "list of the authorities that are trusted", "FILE"},
                                       {NULL}};

static bool
run(DnCli *cli, char **arguments, GError **error)
{
    g_autoptr(json_t) totals = NULL;
    DnFailures failures = {.bar = dn_bar_begin(cli, "check-export"),
                           .advice = "do not rely on this copy; ask for another one"};

    dn_interrupt_catch();
    bool good = dn_capsule_check(arguments[0], trust_file, dn_failures_print, dn_bar_progress,
                                 &failures, &totals, error);

    dn_bar_clear(&failures.bar);
    return good && dn_failures_finish(&failures, cli, totals, error);
}

const DnCommand dn_command_check_export = {
    .name = "check-export",
    .arguments = "PATH",
    .summary = "Check an audit capsule, file or folder, without archive or key",
    .example = "dencho check-export audit.zip --trust-file trust.conf",
    .options = options,
    .least = 1,
    .most = 1,
    .run = run,
};
