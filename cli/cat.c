/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cli/cat.c - `dencho cat`: the bytes of a voucher.
 */
#include "config.h"
#include "cli/output.h"
#include "base/fs.h"
#include "base/log.h"

#include <string.h>

static struct {
    char *part;
    int version;
    char *output;
} given;

static const GOptionEntry options[] = {{"part", 0, 0, G_OPTION_ARG_FILENAME, &given.part,
                                        "original (default), rendition, text, words or page:N",
                                        "PART"},
                                       {"version", 0, 0, G_OPTION_ARG_INT, &given.version,
                                        "an older version (default: the newest)", "N"},
                                       {"output", 'o', 0, G_OPTION_ARG_FILENAME, &given.output,
                                        "a new file instead of standard output", "FILE"},
                                       {NULL}};

/* A document could drive a terminal with escape sequences, so there only text appears, escaped. */
static bool
write_to_terminal(const char *text, size_t size, const char *media_type, GError **error)
{
    if (!g_str_has_prefix(media_type, "text/") && strcmp(media_type, "application/json") != 0)
        return dn_fail(error, DN_ERROR_INVALID,
                       "%s is nothing for a terminal: write -o FILE or redirect the output",
                       media_type);
    g_autofree char *copy = g_strndup(text, size);
    g_auto(GStrv) lines = g_strsplit(copy, "\n", -1);

    for (char **line = lines; *line; line++)
        if ((line[1] || **line) && !dn_out_line(error, "%s", *line))
            return false;
    return true;
}

static bool
run(DnCli *cli, char **arguments, GError **error)
{
    DnUuid id;
    const char *part = given.part ? given.part : "original";
    const char *media_type = NULL;
    gsize size = 0;

    if (given.version < 0)
        return dn_fail(error, DN_ERROR_INVALID, "versions count from 1: write --version 1");
    g_autoptr(DnArchive) archive = dn_cli_open(cli, error);

    if (!archive || !dn_cli_find_id(archive, arguments[0], &id, error))
        return false;
    g_autoptr(GBytes) bytes =
        dn_archive_cat(archive, &id, part, (unsigned)given.version, &media_type, error);

    if (!bytes)
        return false;
    const char *data = g_bytes_get_data(bytes, &size);

    if (given.output)
        return dn_fs_create_file(given.output, data, size, 0600, error);
    if (cli->terminal)
        return write_to_terminal(data ? data : "", size, media_type ? media_type : "", error);
    return size == 0 || dn_out_bytes(data, size, error);
}

const DnCommand dn_command_cat = {
    .name = "cat",
    .arguments = "ID",
    .summary = "Write out a document or what was made of it",
    .example = "dencho cat 01932b5e-7c1a-7def-8123-456789abcdef --part rendition -o copy.pdf",
    .options = options,
    .least = 1,
    .most = 1,
    .run = run,
};
