/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cli/show.c - `dencho show`: everything known of a voucher.
 */
#include "config.h"
#include "cli/output.h"
#include "base/money.h"

#include <inttypes.h>
#include <string.h>

static int version;

static const GOptionEntry options[] = {
    {"version", 0, 0, G_OPTION_ARG_INT, &version, "an older version (default: the newest)", "N"},
    {NULL}};

/* The members that have a block of their own. */
static const char *const blocks[] = {"fields",      "requests", "law",   "proposed", "checks",
                                     "captured",    "versions", "blobs", "evidence", "brought",
                                     "attachments", "error",    NULL};

static bool
print_plain(const json_t *voucher, GError **error)
{
    const char *key = NULL;
    json_t *value = NULL;
    json_t *unconst = (json_t *)(uintptr_t)voucher; /* jansson iterates non-const only */

    json_object_foreach (unconst, key, value) {
        g_autofree char *text =
            strcmp(key, "amount") == 0 ? dn_row_amount(voucher, key) : dn_json_text(value);

        if (text[0] && !g_strv_contains(blocks, key) && !dn_out_line(error, "%s: %s", key, text))
            return false;
    }
    return true;
}

/* Where a value comes from: the page, the engine, or the person. */
static bool
print_field(const char *name, const json_t *field, GError **error)
{
    static const char *const shown[] = {"value", "currency", "scale", "box", "alternatives", NULL};
    const char *key = NULL;
    json_t *member = NULL;
    json_t *unconst = (json_t *)(uintptr_t)field;
    g_autoptr(GString) origin = g_string_new(NULL);
    const json_t *raw = json_object_get(field, "value");
    const char *currency = dn_json_string(field, "currency");
    g_autofree char *value = json_is_integer(raw) && currency ? dn_row_amount(field, "value")
                                                              : dn_json_text(raw ? raw : field);

    json_object_foreach (unconst, key, member) {
        g_autofree char *text = dn_json_text(member);

        if (raw && !g_strv_contains(shown, key))
            g_string_append_printf(origin, "%s%s %s", origin->len > 0 ? ", " : "", key, text);
    }
    return dn_out_line(error, "  %s: %s%s%s%s%s%s", name, value, currency ? " " : "",
                       currency ? currency : "", origin->len > 0 ? " (" : "", origin->str,
                       origin->len > 0 ? ")" : "");
}

static bool
print_block(const char *title, const json_t *block, GError **error)
{
    const char *key = NULL;
    json_t *value = NULL;
    json_t *unconst = (json_t *)(uintptr_t)block;

    if (!block || (json_is_object(block) ? json_object_size(block) : json_array_size(block)) == 0)
        return true;
    if (!dn_out_line(error, "%s:", title))
        return false;
    for (size_t i = 0; i < json_array_size(block); i++) {
        g_autofree char *text = dn_json_text(json_array_get(block, i));

        if (!dn_out_line(error, "  %s", text))
            return false;
    }
    if (!json_is_object(block))
        return true;
    json_object_foreach (unconst, key, value)
        if (!print_field(key, value, error))
            return false;
    return true;
}

static bool
run(DnCli *cli, char **arguments, GError **error)
{
    DnUuid id;

    if (version < 0)
        return dn_fail(error, DN_ERROR_INVALID, "versions count from 1: write --version 1");
    g_autoptr(DnArchive) archive = dn_cli_open(cli, error);

    if (!archive || !dn_cli_find_id(archive, arguments[0], &id, error))
        return false;
    g_autoptr(json_t) voucher = dn_archive_show(archive, &id, (unsigned)version, error);

    if (!voucher)
        return false;
    if (cli->json)
        return dn_out_json(voucher, error);
    if (!print_plain(voucher, error))
        return false;
    for (const char *const *block = blocks; *block; block++)
        if (!print_block(*block, json_object_get(voucher, *block), error))
            return false;
    return true;
}

const DnCommand dn_command_show = {
    .name = "show",
    .arguments = "ID",
    .summary = "Show everything that is known of a voucher",
    .example = "dencho show 01932b5e-7c1a-7def-8123-456789abcdef",
    .options = options,
    .least = 1,
    .most = 1,
    .run = run,
};
