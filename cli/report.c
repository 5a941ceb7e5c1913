/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cli/report.c - `dencho report`: what the law asks of each voucher, what is shown, what is open.
 */
#include "config.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/value.h"

#include <string.h>

static char *date;

static const GOptionEntry options[] = {
    {"date", 0, 0, G_OPTION_ARG_FILENAME, &date,
     "only vouchers of that transaction date, both ends included", "A..B"},
    {NULL}};

typedef struct {
    DnBar bar; /* first: dn_bar_progress() takes it */
    bool pending;
} Printer;

static bool
print_open(const json_t *row, GError **error)
{
    const json_t *open = json_object_get(row, "open");

    for (size_t i = 0; i < json_array_size(open); i++) {
        const json_t *item = json_array_get(open, i);

        if (!dn_out_line(error, "    %s %s: %s", dn_json_string(item, "rule"),
                         dn_json_string(item, "what"), dn_json_string(item, "do")))
            return false;
    }
    return true;
}

static bool
print_row(const json_t *row, void *user_data, GError **error)
{
    Printer *self = user_data;
    const json_t *law = json_object_get(row, "law");
    const char *day = dn_json_string(row, "date");
    const char *deadline = dn_json_string(law, "entry_deadline");
    const char *link = dn_json_string(law, "link");
    const char *until = dn_json_string(law, "keep_until");
    const char *electronic = dn_json_string(law, "electronic");
    g_autofree char *kept = electronic ? g_strdup_printf("  kept: option %" G_GINT64_FORMAT " (%s)",
                                                         dn_json_int(law, "option", 0), electronic)
                                       : g_strdup("");

    if (self->pending && g_strcmp0(link, "pending") != 0)
        return true;
    dn_bar_clear(&self->bar);
    if (self->bar.cli->json)
        return dn_out_json(row, error);
    return dn_out_line(error,
                       "%s  %s  %s  entry: %s%s%s  stamp: %s  link: %s  paper: %s  version: "
                       "%" G_GINT64_FORMAT "  keep until: %s%s",
                       dn_json_string(row, "voucher"), day ? day : "no date",
                       dn_json_string(row, "kind"), dn_json_string(law, "on_time"),
                       deadline ? " by " : "", deadline ? deadline : "",
                       dn_json_string(row, "stamp"), link, dn_json_string(law, "paper"),
                       dn_json_int(row, "version", 0), until ? until : "?", kept) &&
           print_open(row, error);
}

static bool
run(DnCli *cli, char **arguments, GError **error)
{
    Printer printer = {.bar = dn_bar_begin(cli, "report"),
                       .pending = strcmp(arguments[0], "pending") == 0};
    DnDateRange dates = {0};
    g_autoptr(json_t) totals = NULL;

    if (!printer.pending && strcmp(arguments[0], "compliance") != 0)
        return dn_fail(error, DN_ERROR_INVALID,
                       "write dencho report compliance, or dencho report pending");
    if (date && !dn_value_date_range(date, &dates, error))
        return dn_fail_in(error, "--date");
    g_autoptr(DnArchive) archive = dn_cli_open(cli, error);

    if (!archive)
        return false;
    dn_interrupt_catch();
    bool good = dn_archive_report(archive, dates.has_from ? &dates.from : NULL,
                                  dates.has_to ? &dates.to : NULL, print_row, dn_bar_progress,
                                  &printer, &totals, error);

    dn_bar_clear(&printer.bar);
    if (!good || (!printer.pending && !dn_out_object(cli, totals, error)))
        return false;
    if (!printer.pending)
        dn_cli_say(cli, "report: what is shown is shown; documents themselves are checked by "
                        "dencho verify, and whether all of it satisfies the law is for you and "
                        "your adviser to say");
    return true;
}

const DnCommand dn_command_report = {
    .name = "report",
    .arguments = "compliance|pending",
    .summary = "Show what the law asks of each voucher and what is still to be done",
    .example = "dencho report compliance --date 2026-04-01..2027-03-31",
    .options = options,
    .least = 1,
    .most = 1,
    .run = run,
};
