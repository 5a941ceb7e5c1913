/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cli/hold.c - `dencho hold`: vouchers that must not be disposed of, whatever their age.
 */
#include "config.h"
#include "cli/output.h"

#include <string.h>

static char *reason;

static const GOptionEntry options[] = {
    {"reason", 0, 0, G_OPTION_ARG_FILENAME, &reason, "why; required to place and to lift", "R"},
    {NULL}};

static bool
print_held(const json_t *row, void *user_data, GError **error)
{
    const DnCli *cli = user_data;
    const json_t *holds = json_object_get(row, "holds");
    g_autoptr(GString) names = g_string_new(NULL);

    if (cli->json)
        return dn_out_json(row, error);
    for (size_t i = 0; i < json_array_size(holds); i++)
        g_string_append_printf(names, "%s%s", i ? ", " : "",
                               dn_json_string(json_array_get(holds, i), "name"));
    return dn_out_line(error, "%s  %s", dn_json_string(row, "voucher"), names->str);
}

/* Every id is looked up before the first one is changed. */
static bool
change(DnCli *cli, DnArchive *archive, bool place, const char *name, char **words, GError **error)
{
    g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(DnUuid));

    for (char **word = words; *word; word++) {
        DnUuid id;

        if (!dn_cli_find_id(archive, *word, &id, error))
            return false;
        g_array_append_val(ids, id);
    }
    for (guint i = 0; i < ids->len; i++) {
        const DnUuid *id = &g_array_index(ids, DnUuid, i);
        g_autoptr(json_t) row = NULL;

        if (!(place ? dn_archive_hold_place : dn_archive_hold_lift)(archive, id, name, reason, &row,
                                                                    error))
            return dn_fail_in(error, "%s", words[i]);
        if (!dn_out_row(cli, row, error))
            return false;
    }
    return true;
}

static bool
run(DnCli *cli, char **arguments, GError **error)
{
    bool list = strcmp(arguments[0], "list") == 0 && !arguments[1];
    bool place = strcmp(arguments[0], "place") == 0;
    bool lift = strcmp(arguments[0], "lift") == 0;

    if (!list && (!(place || lift) || !arguments[1] || !arguments[2]))
        return dn_fail(error, DN_ERROR_INVALID,
                       "write dencho hold place NAME ID..., hold lift NAME ID..., or hold list");
    if (!list && !dn_cli_want_reason(reason, error))
        return false;
    g_autoptr(DnArchive) archive = dn_cli_open(cli, error);

    if (!archive)
        return false;
    if (list)
        return dn_archive_hold_list(archive, print_held, cli, error);
    return change(cli, archive, place, arguments[1], arguments + 2, error);
}

const DnCommand dn_command_hold = {
    .name = "hold",
    .arguments = "place|lift|list [NAME ID...]",
    .summary = "Forbid that vouchers are disposed of, and allow it again",
    .example = "dencho hold place audit-2026 01932b5e-7c1a-7def-8123-456789abcdef "
               "--reason 'asked for by the tax office'",
    .options = options,
    .least = 1,
    .most = -1,
    .run = run,
};
