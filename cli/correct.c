/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cli/correct.c - `dencho correct`: values that were read or typed wrong.
 */
#include "config.h"
#include "cli/output.h"
#include "cli/value.h"

static struct {
    char *date;
    char *amount;
    char *party;
    char *kind;
    char *paper;
    char *device;
    char *back;
    char *reason;
} given;

static const GOptionEntry options[] = {
    {"date", 0, 0, G_OPTION_ARG_FILENAME, &given.date, "transaction date", "D"},
    {"amount", 0, 0, G_OPTION_ARG_FILENAME, &given.amount, "total, tax included", "N"},
    {"party", 0, 0, G_OPTION_ARG_FILENAME, &given.party, "counterparty", "S"},
    {"kind", 0, 0, G_OPTION_ARG_FILENAME, &given.kind, "receipt, invoice, ...", "K"},
    {"paper", 0, 0, G_OPTION_ARG_FILENAME, &given.paper, "size of the paper of a scan: A4, B5 ...",
     "P"},
    {"device", 0, 0, G_OPTION_ARG_FILENAME, &given.device, "which scanner or phone made the scan",
     "NAME"},
    {"back", 0, 0, G_OPTION_ARG_FILENAME, &given.back,
     "what stands on the back: blank, print (the same on all), captured", "B"},
    {"reason", 0, 0, G_OPTION_ARG_FILENAME, &given.reason, "why; required", "R"},
    {NULL}};

static bool
run(DnCli *cli, char **arguments, GError **error)
{
    DnUuid id;
    DnCorrection correction = {.party = given.party,
                               .kind = given.kind,
                               .paper = given.paper,
                               .device = given.device,
                               .back = given.back};
    g_auto(DnTyped) typed = {0};
    g_autoptr(json_t) row = NULL;

    if (!given.date && !given.amount && !given.party && !given.kind && !given.paper &&
        !given.device && !given.back)
        return dn_fail(
            error, DN_ERROR_INVALID,
            "nothing to correct: write --date, --amount, --party, --kind, --paper, --device or "
            "--back");
    if (!dn_cli_want_reason(given.reason, error))
        return false;
    g_autoptr(DnArchive) archive = dn_cli_open(cli, error);

    if (!archive || !dn_cli_find_id(archive, arguments[0], &id, error) ||
        !dn_typed_correction(&typed, given.date, given.amount, dn_archive_currency(archive),
                             &correction, error))
        return false;

    return dn_archive_correct(archive, &id, &correction, given.reason, &row, error) &&
           dn_out_row(cli, row, error);
}

const DnCommand dn_command_correct = {
    .name = "correct",
    .arguments = "ID",
    .summary = "Correct values of a voucher; the old ones stay in its history",
    .example = "dencho correct 01932b5e-7c1a-7def-8123-456789abcdef --amount 10,800 "
               "--reason 'amount was misread'",
    .options = options,
    .least = 1,
    .most = 1,
    .run = run,
};
