/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cli/history.c - `dencho history`: what happened to a voucher, from the first entry on.
 */
#include "config.h"
#include "cli/output.h"
#include "base/money.h"

#include <inttypes.h>
#include <string.h>

/* Members that stand in the line of an entry or below it in a form of their own. */
static const char *const in_line[] = {"seq", "at", "actor", "type", "reason", "changes", NULL};

/* (transfer full) A value as it was; an amount in the units of @currency, where that is known. */
static char *
value_text(const json_t *value, const char *currency)
{
    if (!value || json_is_null(value))
        return g_strdup("(none)");
    if (!json_is_integer(value) || !currency)
        return dn_json_text(value);
    g_autofree char *amount = dn_money_format_grouped(json_integer_value(value), currency);

    return g_strconcat(amount, " ", currency, NULL);
}

static bool
print_change(const json_t *change, GError **error)
{
    const char *field = dn_json_string(change, "field");
    g_autofree char *before =
        value_text(json_object_get(change, "before"), dn_json_string(change, "before_currency"));
    g_autofree char *after =
        value_text(json_object_get(change, "after"), dn_json_string(change, "currency"));

    return dn_out_line(error, "    %s: %s → %s", field ? field : "", before, after);
}

/* What else the entry says: labels, a link, the name of the file ... */
static bool
print_rest(const json_t *entry, GError **error)
{
    const char *key = NULL;
    json_t *value = NULL;
    json_t *unconst = (json_t *)(uintptr_t)entry; /* jansson iterates non-const only */

    json_object_foreach (unconst, key, value) {
        g_autofree char *text = dn_json_text(value);

        if (text[0] && !g_strv_contains(in_line, key) &&
            !dn_out_line(error, "    %s: %s", key, text))
            return false;
    }
    return true;
}

static bool
print_entry(const json_t *entry, void *user_data, GError **error)
{
    const DnCli *cli = user_data;

    if (cli->json)
        return dn_out_json(entry, error);
    const char *at = dn_json_string(entry, "at");
    const char *actor = dn_json_string(entry, "actor");
    const char *type = dn_json_string(entry, "type");
    const char *reason = dn_json_string(entry, "reason");
    const json_t *changes = dn_json_array(entry, "changes");

    if (!dn_out_line(error, "%" PRId64 "  %s  %s  %s%s%s", dn_json_int(entry, "seq", 0),
                     at ? at : "", actor ? actor : "", type ? type : "", reason ? "  " : "",
                     reason ? reason : ""))
        return false;
    for (size_t i = 0; i < json_array_size(changes); i++)
        if (!print_change(json_array_get(changes, i), error))
            return false;
    return print_rest(entry, error);
}

static bool
run(DnCli *cli, char **arguments, GError **error)
{
    DnUuid id;
    g_autoptr(DnArchive) archive = dn_cli_open(cli, error);

    return archive && dn_cli_find_id(archive, arguments[0], &id, error) &&
           dn_archive_history(archive, &id, print_entry, cli, error);
}

const DnCommand dn_command_history = {
    .name = "history",
    .arguments = "ID",
    .summary = "Show who changed what of a voucher, when and why",
    .example = "dencho history 01932b5e-7c1a-7def-8123-456789abcdef",
    .least = 1,
    .most = 1,
    .run = run,
};
