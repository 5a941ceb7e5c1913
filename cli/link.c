/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cli/link.c - `dencho link`: a voucher and its entry in the books, or the voucher it replaces.
 */
#include "config.h"
#include "cli/output.h"

static struct {
    char *replaces;
    gboolean none;
    gboolean remove;
    char *reason;
} given;

static const GOptionEntry options[] = {
    {"replaces", 0, 0, G_OPTION_ARG_FILENAME, &given.replaces,
     "the voucher in place of which this one was sent", "OTHER"},
    {"none", 0, 0, G_OPTION_ARG_NONE, &given.none, "no entry of the books belongs to it", NULL},
    {"remove", 0, 0, G_OPTION_ARG_NONE, &given.remove, "take the link to REF away", NULL},
    {"reason", 0, 0, G_OPTION_ARG_FILENAME, &given.reason, "why; required with --none and --remove",
     "R"},
    {NULL}};

static bool
change(DnArchive *archive, const DnUuid *id, const char *ref, json_t **out_row, GError **error)
{
    DnUuid other;

    if (given.replaces)
        return dn_cli_find_id(archive, given.replaces, &other, error) &&
               dn_archive_replace(archive, id, &other, out_row, error);
    if (given.none)
        return dn_archive_link_none(archive, id, given.reason, out_row, error);
    if (given.remove)
        return dn_archive_unlink(archive, id, ref, given.reason, out_row, error);
    return dn_archive_link(archive, id, ref, out_row, error);
}

static bool
run(DnCli *cli, char **arguments, GError **error)
{
    bool with_ref = arguments[1] != NULL;
    int ways = (given.replaces != NULL) + (given.none != FALSE) + (given.remove != FALSE);
    DnUuid id;
    g_autoptr(json_t) row = NULL;

    if (ways > 1 || with_ref == (given.replaces || given.none))
        return dn_fail(error, DN_ERROR_INVALID,
                       "write link ID REF, link ID REF --remove, link ID --none, or link ID "
                       "--replaces OTHER");
    if ((given.none || given.remove) && !dn_cli_want_reason(given.reason, error))
        return false;
    g_autoptr(DnArchive) archive = dn_cli_open(cli, error);

    return archive && dn_cli_find_id(archive, arguments[0], &id, error) &&
           change(archive, &id, arguments[1], &row, error) && dn_out_row(cli, row, error);
}

const DnCommand dn_command_link = {
    .name = "link",
    .arguments = "ID [REF]",
    .summary = "Link a voucher to an entry of the books, or to the voucher it replaces",
    .example = "dencho link 01932b5e-7c1a-7def-8123-456789abcdef 2026-04/0815",
    .options = options,
    .least = 1,
    .most = 2,
    .run = run,
};
