/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cli/delete.c - `dencho delete`: out of sight, not out of the archive.
 */
#include "config.h"
#include "cli/output.h"

static char *reason;

static const GOptionEntry options[] = {
    {"reason", 0, 0, G_OPTION_ARG_FILENAME, &reason, "why; required", "R"}, {NULL}};

static bool
run(DnCli *cli, char **arguments, GError **error)
{
    return dn_out_reasoned_change(cli, arguments[0], reason, dn_archive_delete, error);
}

const DnCommand dn_command_delete = {
    .name = "delete",
    .arguments = "ID",
    .summary = "Mark a voucher as deleted; it stays in the archive",
    .example =
        "dencho delete 01932b5e-7c1a-7def-8123-456789abcdef --reason 'private, filed by mistake'",
    .options = options,
    .least = 1,
    .most = 1,
    .run = run,
};
