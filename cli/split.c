/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cli/split.c - `dencho split`: how many receipts a sheet holds, and where.
 */
#include "config.h"
#include "cli/output.h"
#include "cli/result.h"

enum { PER_MILLE = 1000 };

static struct {
    char *at;
    char **parts;
    gboolean one;
    char *reason;
} given;

static const GOptionEntry options[] = {
    {"at", 0, 0, G_OPTION_ARG_FILENAME, &given.at,
     "receipts side by side: where one ends and the next begins, in per cent from the left",
     "P[,P...]"},
    {"part", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &given.parts,
     "where a receipt lies: left, top, width and height in per cent of the sheet; once for each",
     "X,Y,W,H"},
    {"one", 0, 0, G_OPTION_ARG_NONE, &given.one, "it is one receipt after all", NULL},
    {"reason", 0, 0, G_OPTION_ARG_FILENAME, &given.reason, "why; required", "R"},
    {NULL}};

/* Per mille of @text, which says per cent. */
static bool
take_share(const char *text, int *out_share)
{
    char *end = NULL;
    double value = g_ascii_strtod(text, &end);

    if (end == text || *end || !(value >= 0 && value <= 100))
        return false;
    *out_share = (int)(value * PER_MILLE / 100 + 0.5);
    return true;
}

static bool
take_part(const char *text, GArray *areas, GError **error)
{
    g_auto(GStrv) words = g_strsplit(text, ",", -1);
    DnSheetArea area = {0};

    if (g_strv_length(words) != 4 || !take_share(words[0], &area.x) ||
        !take_share(words[1], &area.y) || !take_share(words[2], &area.width) ||
        !take_share(words[3], &area.height))
        return dn_fail(error, DN_ERROR_INVALID,
                       "--part: four numbers from 0 to 100, as in --part 0,0,50,100");
    g_array_append_val(areas, area);
    return true;
}

static bool
take_cuts(const char *text, GArray *areas, GError **error)
{
    g_auto(GStrv) words = g_strsplit(text, ",", -1);
    int before = 0;

    for (size_t i = 0; i == 0 || words[i - 1]; i++) {
        int cut = PER_MILLE;

        if (words[i] && (!take_share(words[i], &cut) || cut <= before))
            return dn_fail(error, DN_ERROR_INVALID,
                           "--at: numbers that grow from 0 to 100, as in --at 33,66");
        DnSheetArea area = {before, 0, cut - before, PER_MILLE};

        g_array_append_val(areas, area);
        before = cut;
    }
    return true;
}

static bool
take_areas(GArray *areas, GError **error)
{
    if ((given.at != NULL) + (given.parts != NULL) + (given.one != FALSE) != 1)
        return dn_fail(error, DN_ERROR_INVALID,
                       "write split ID --at P, split ID --part X,Y,W,H ..., or split ID --one");
    if (given.at)
        return take_cuts(given.at, areas, error);
    for (char **part = given.parts; part && *part; part++)
        if (!take_part(*part, areas, error))
            return false;
    return true;
}

static bool
run(DnCli *cli, char **arguments, GError **error)
{
    g_autoptr(GArray) areas = g_array_new(FALSE, FALSE, sizeof(DnSheetArea));
    g_autoptr(json_t) result = NULL;
    DnResults results = {.cli = cli};
    DnUuid id;

    if (!take_areas(areas, error) || !dn_cli_want_reason(given.reason, error))
        return false;
    g_autoptr(DnArchive) archive = dn_cli_open(cli, error);

    if (!archive || !dn_cli_find_id(archive, arguments[0], &id, error) ||
        !dn_archive_split(archive, &id, (const DnSheetArea *)(void *)areas->data, areas->len,
                          given.reason, &result, error) ||
        !dn_results_add(&results, NULL, result, error))
        return false;
    cli->exit_status = results.exit_status;
    return true;
}

const DnCommand dn_command_split = {
    .name = "split",
    .arguments = "ID",
    .summary = "Say how many receipts a sheet holds, and where",
    .example = "dencho split 01932b5e-7c1a-7def-8123-456789abcdef --at 50 "
               "--reason 'two receipts on one sheet'",
    .options = options,
    .least = 1,
    .most = 1,
    .run = run,
};
