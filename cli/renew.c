/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cli/renew.c - `dencho renew`: evidence is renewed before it ends.
 */
#include "config.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/value.h"

#include <string.h>

static struct {
    gboolean plan;
    char *digest;
    char *before;
} given;

static const GOptionEntry options[] = {
    {"plan", 0, 0, G_OPTION_ARG_NONE, &given.plan, "only tell what there is to renew, and by when",
     NULL},
    {"before", 0, 0, G_OPTION_ARG_FILENAME, &given.before,
     "also renew what ends before that day, due or not", "DATE"},
    {"digest", 0, 0, G_OPTION_ARG_FILENAME, &given.digest,
     "renew the hash trees by a stronger digest, due or not: sha512", "NAME"},
    {NULL}};

static const DnColumn columns[] = {{"state"},        {"due"},    {"ends"},      {"renewal"},
                                   {"stamps", true}, {"digest"}, {"authority"}, {"why"}};

typedef struct {
    DnBar bar; /* the first: dn_bar_progress() */
    DnCli *cli;
    DnTable *table; /* of a plan; NULL for JSON */
} Printer;

static bool
print_group(Printer *self, const json_t *row, GError **error)
{
    g_autofree char *stamps = g_strdup_printf("%" G_GINT64_FORMAT, dn_json_int(row, "stamps", 0));
    const char *cells[] = {dn_json_string(row, "state"),
                           dn_json_string(row, "due"),
                           dn_json_string(row, "ends"),
                           dn_json_string(row, "renewal"),
                           stamps,
                           dn_json_string(row, "digest"),
                           dn_json_string(row, "authority"),
                           dn_json_string(row, "why")};

    return dn_table_add(self->table, cells, error);
}

static bool
print_row(const json_t *row, void *user_data, GError **error)
{
    Printer *self = user_data;
    const char *state = dn_json_string(row, "state");

    if (strcmp(state, "ended") == 0 || strcmp(state, "failed") == 0)
        self->cli->exit_status = dn_error_exit_status(DN_ERROR_CORRUPT);
    dn_bar_clear(&self->bar);
    if (self->cli->json)
        return dn_out_json(row, error);
    if (self->table)
        return print_group(self, row, error);
    if (strcmp(state, "renewed") != 0)
        return dn_out_line(error, "%s  time stamp of entry %" G_GINT64_FORMAT ": %s", state,
                           dn_json_int(row, "seq", 0), dn_json_string(row, "message"));
    bool stamps = json_object_get(row, "stamps") != NULL;

    return dn_out_line(error, "renewed  %" G_GINT64_FORMAT " %s by %s at %s, until %s%s",
                       dn_json_int(row, stamps ? "stamps" : "documents", 0),
                       stamps ? "time stamps" : "documents", dn_json_string(row, "authority"),
                       dn_json_string(row, "gen_time"), dn_json_string(row, "until"),
                       dn_json_bool(row, "accredited", false) ? "" : "  NON-ACCREDITED");
}

static bool
run(DnCli *cli, char **arguments, GError **error)
{
    DnDate before;
    g_autoptr(json_t) totals = NULL;
    DnRenewal how = {.plan = given.plan, .digest = given.digest};
    g_autoptr(DnTable) table =
        given.plan && !cli->json ? dn_table_new(columns, G_N_ELEMENTS(columns), false) : NULL;
    Printer printer = {.cli = cli, .table = table, .bar = dn_bar_begin(cli, "renew")};

    (void)arguments;
    if (given.before && !dn_date_parse(given.before, &before, error))
        return dn_fail_in(error, "--before");
    if (given.before)
        how.before = &before;
    g_autoptr(DnArchive) archive = dn_cli_open(cli, error);

    if (!archive)
        return false;
    dn_interrupt_catch();
    bool good =
        dn_archive_renew(archive, &how, print_row, dn_bar_progress, &printer, &totals, error);

    dn_bar_clear(&printer.bar);
    if (!good || (table && !dn_table_finish(table, error)))
        return false;
    return given.plan || dn_out_object(cli, totals, error);
}

const DnCommand dn_command_renew = {
    .name = "renew",
    .arguments = "",
    .summary = "Renew time stamps and hash trees before they end",
    .example = "dencho renew --plan",
    .options = options,
    .run = run,
};
