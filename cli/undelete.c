/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cli/undelete.c - `dencho undelete`: takes a deletion back.
 */
#include "config.h"
#include "cli/output.h"

static char *reason;

static const GOptionEntry options[] = {
    {"reason", 0, 0, G_OPTION_ARG_FILENAME, &reason, "why; required", "R"}, {NULL}};

static bool
run(DnCli *cli, char **arguments, GError **error)
{
    return dn_out_reasoned_change(cli, arguments[0], reason, dn_archive_undelete, error);
}

const DnCommand dn_command_undelete = {
    .name = "undelete",
    .arguments = "ID",
    .summary = "Take the deletion of a voucher back",
    .example = "dencho undelete 01932b5e-7c1a-7def-8123-456789abcdef --reason 'was the right one'",
    .options = options,
    .least = 1,
    .most = 1,
    .run = run,
};
