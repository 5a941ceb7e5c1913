/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cli/request.c - `dencho request`: a change that another person must approve.
 */
#include "config.h"
#include "cli/output.h"
#include "cli/value.h"

#include <string.h>

static struct {
    char *slip;
    char *subject;
    char *counterparty;
    char *date;
    char *amount;
    char *party;
    char *kind;
    char *reason;
} given;

static const GOptionEntry options[] = {
    {"slip", 0, 0, G_OPTION_ARG_FILENAME, &given.slip, "number of the slip; required", "N"},
    {"subject", 0, 0, G_OPTION_ARG_FILENAME, &given.subject,
     "what the transaction is about; required", "S"},
    {"counterparty", 0, 0, G_OPTION_ARG_FILENAME, &given.counterparty,
     "with whom (default: as the voucher says)", "S"},
    {"date", 0, 0, G_OPTION_ARG_FILENAME, &given.date, "transaction date", "D"},
    {"amount", 0, 0, G_OPTION_ARG_FILENAME, &given.amount, "total, tax included", "N"},
    {"party", 0, 0, G_OPTION_ARG_FILENAME, &given.party, "counterparty as it should be", "S"},
    {"kind", 0, 0, G_OPTION_ARG_FILENAME, &given.kind, "receipt, invoice, ...", "K"},
    {"reason", 0, 0, G_OPTION_ARG_FILENAME, &given.reason, "why; required", "R"},
    {NULL}};

static bool
run(DnCli *cli, char **arguments, GError **error)
{
    bool correct = strcmp(arguments[0], "correct") == 0;
    bool values = given.date || given.amount || given.party || given.kind;
    DnUuid id;
    DnCorrection correction = {.party = given.party, .kind = given.kind};
    g_auto(DnTyped) typed = {0};
    g_autoptr(json_t) result = NULL;

    if ((!correct && strcmp(arguments[0], "delete") != 0) || correct != values)
        return dn_fail(error, DN_ERROR_INVALID,
                       "write request correct ID --amount 10,800, or request delete ID");
    if (!dn_cli_want_reason(given.reason, error))
        return false;
    g_autoptr(DnArchive) archive = dn_cli_open(cli, error);

    if (!archive || !dn_cli_find_id(archive, arguments[1], &id, error) ||
        !dn_typed_correction(&typed, given.date, given.amount, dn_archive_currency(archive),
                             &correction, error))
        return false;
    DnRequest request = {.correction = correct ? &correction : NULL,
                         .slip = given.slip,
                         .subject = given.subject,
                         .party = given.counterparty};

    if (!dn_archive_request(archive, &id, &request, given.reason, &result, error) ||
        !dn_out_object(cli, result, error))
        return false;
    dn_cli_say(cli, "request: another person approves it with dencho approve %s %" G_GINT64_FORMAT,
               arguments[1], dn_json_int(result, "request", 0));
    return true;
}

const DnCommand dn_command_request = {
    .name = "request",
    .arguments = "correct|delete ID",
    .summary = "Ask for a change of a voucher that another person must approve",
    .example = "dencho request correct 01932b5e-7c1a-7def-8123-456789abcdef --amount 10,800 "
               "--slip 2026-0815 --subject 'office chairs' --reason 'amount was misread'",
    .options = options,
    .least = 2,
    .most = 2,
    .run = run,
};
