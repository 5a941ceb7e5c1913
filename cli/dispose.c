/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cli/dispose.c - `dencho dispose`: documents whose retention is over, by three steps of two
 * people.
 */
#include "config.h"
#include "cli/output.h"

static struct {
    char *plan;
    gint64 approve;
    gint64 run;
} given;

static const GOptionEntry options[] = {
    {"plan", 0, 0, G_OPTION_ARG_FILENAME, &given.plan, "list all that goes with a period",
     "PERIOD"},
    {"approve", 0, 0, G_OPTION_ARG_INT64, &given.approve, "agree to a plan of another person", "N"},
    {"run", 0, 0, G_OPTION_ARG_INT64, &given.run, "destroy what an approved plan lists", "N"},
    {NULL}};

static bool
print_period(const json_t *row, void *user_data, GError **error)
{
    const DnCli *cli = user_data;

    if (cli->json)
        return dn_out_json(row, error);
    return dn_out_line(
        error, "%s  documents: %" G_GINT64_FORMAT "  until: %s  held: %" G_GINT64_FORMAT "  %s",
        dn_json_string(row, "period"), dn_json_int(row, "vouchers", 0),
        dn_json_string(row, "keep_until"), dn_json_int(row, "holds", 0),
        dn_json_bool(row, "ready", false) ? "may go" : "stays");
}

static bool
run(DnCli *cli, char **arguments, GError **error)
{
    int steps = (given.plan != NULL) + (given.approve != 0) + (given.run != 0);
    g_autoptr(json_t) result = NULL;

    (void)arguments;
    if (steps > 1 || given.approve < 0 || given.run < 0)
        return dn_fail(error, DN_ERROR_INVALID,
                       "one step at a time: --plan 2015, then --approve N, then --run N");
    g_autoptr(DnArchive) archive = dn_cli_open(cli, error);

    if (!archive)
        return false;
    if (steps == 0)
        return dn_archive_dispose_periods(archive, print_period, cli, error);
    bool good = given.plan ? dn_archive_dispose_plan(archive, given.plan, &result, error)
                : given.approve
                    ? dn_archive_dispose_approve(archive, (uint64_t)given.approve, &result, error)
                    : dn_archive_dispose_run(archive, (uint64_t)given.run, &result, error);

    if (!good || !dn_out_object(cli, result, error))
        return false;
    if (given.plan)
        dn_cli_say(cli,
                   "dispose: another person approves it with dencho dispose --approve "
                   "%" G_GINT64_FORMAT,
                   dn_json_int(result, "plan", 0));
    if (given.run)
        dn_cli_say(cli, "dispose: copies of keys/ in backups still open the documents; let go of "
                        "them too");
    return true;
}

const DnCommand dn_command_dispose = {
    .name = "dispose",
    .arguments = "",
    .summary = "Show which periods may go, and destroy one: plan, approval, run",
    .example = "dencho dispose --plan 2015",
    .options = options,
    .run = run,
};
