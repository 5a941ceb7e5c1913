/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cli/label.c - `dencho label`: words of the user on a voucher.
 */
#include "config.h"
#include "cli/output.h"

static bool
run(DnCli *cli, char **arguments, GError **error)
{
    DnUuid id;
    g_autoptr(GStrvBuilder) added = g_strv_builder_new();
    g_autoptr(GStrvBuilder) removed = g_strv_builder_new();
    g_autoptr(json_t) row = NULL;
    const char *name = NULL;

    for (char **word = arguments; *word; word++) {
        bool sign = **word == '+' || **word == '-';

        if (sign && (*word)[1] == '\0')
            return dn_fail(error, DN_ERROR_INVALID, "a label is missing: write +april or -april");
        if (sign)
            g_strv_builder_add(**word == '+' ? added : removed, *word + 1);
        else if (name)
            return dn_fail(error, DN_ERROR_INVALID,
                           "'%s': write +%s to add the label, -%s to remove it", *word, *word,
                           *word);
        else
            name = *word;
    }
    if (!name)
        return dn_fail(error, DN_ERROR_INVALID, "which voucher? write dencho label ID +april");
    g_auto(GStrv) add = g_strv_builder_end(added);
    g_auto(GStrv) remove = g_strv_builder_end(removed);
    g_autoptr(DnArchive) archive = dn_cli_open(cli, error);

    return archive && dn_cli_find_id(archive, name, &id, error) &&
           dn_archive_label(archive, &id, (const char *const *)add, (const char *const *)remove,
                            &row, error) &&
           dn_out_row(cli, row, error);
}

const DnCommand dn_command_label = {
    .name = "label",
    .arguments = "ID +LABEL|-LABEL...",
    .summary = "Add labels to a voucher and remove them",
    .example = "dencho label 01932b5e-7c1a-7def-8123-456789abcdef +travel -unsorted",
    .least = 2,
    .most = -1,
    .minus_words = true,
    .run = run,
};
