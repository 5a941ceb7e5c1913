/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cli/init.c - `dencho init`: a new archive with its key.
 */
#include "config.h"
#include "cli/output.h"
#include "cli/passphrase.h"
#include "cli/value.h"
#include "base/money.h"

static struct {
    char *currency;
    char *date_order;
    char *tsa_url;
    char *trust_file;
    char **settings;
    gboolean protect;
} given;

static const GOptionEntry options[] = {
    {"currency", 0, 0, G_OPTION_ARG_FILENAME, &given.currency,
     "currency of an amount that names none (default: JPY)", "CUR"},
    {"date-order", 0, 0, G_OPTION_ARG_FILENAME, &given.date_order,
     "how to read 04/05/2026: ymd, dmy or mdy", "ORDER"},
    {"tsa-url", 0, 0, G_OPTION_ARG_FILENAME, &given.tsa_url, "time-stamp authority (RFC 3161)",
     "URL"},
    {"trust-file", 0, 0, G_OPTION_ARG_FILENAME, &given.trust_file,
     "list of the authorities that are trusted", "FILE"},
    {"protect", 0, 0, G_OPTION_ARG_NONE, &given.protect,
     "the key file gets a passphrase (also with --passphrase-fd)", NULL},
    {"set", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &given.settings,
     "any other setting of dencho.conf; may be repeated", "SECTION.KEY=VALUE"},
    {NULL}};

static void
add_setting(GStrvBuilder *settings, const char *name, const char *value)
{
    if (!value)
        return;
    g_autofree char *setting = g_strconcat(name, "=", value, NULL);

    g_strv_builder_add(settings, setting);
}

/* (transfer full) The options as settings; --set comes last and wins. */
static char **
collect_settings(void)
{
    g_autoptr(GStrvBuilder) settings = g_strv_builder_new();
    g_autofree char *trust_file =
        given.trust_file ? g_canonicalize_filename(given.trust_file, NULL) : NULL;

    add_setting(settings, "reading.currency", given.currency);
    add_setting(settings, "reading.date-order", given.date_order);
    add_setting(settings, "evidence.tsa-url", given.tsa_url);
    add_setting(settings, "evidence.trust-file", trust_file);
    if (given.settings)
        g_strv_builder_addv(settings, (const char **)given.settings);
    return g_strv_builder_end(settings);
}

static bool
run(DnCli *cli, char **arguments, GError **error)
{
    g_auto(GStrv) settings = collect_settings();
    DnArchiveInit init = {.key_file = cli->key_file,
                          .settings = (const char *const *)settings,
                          .protect = given.protect || cli->passphrase_fd != -1,
                          .passphrases = dn_passphrases(cli)};
    g_autofree char *key_file = NULL;

    if (given.currency && dn_money_scale(given.currency) < 0)
        return dn_fail(error, DN_ERROR_INVALID, "--currency %s: write its three letters, as in JPY",
                       given.currency);
    if (!dn_passphrase_check(cli, error) ||
        !dn_value_choice("--date-order", given.date_order, "ymd|dmy|mdy", error) ||
        !dn_archive_init(arguments[0], &init, &key_file, error))
        return false;
    if (cli->json) {
        g_autoptr(json_t) result = json_object();

        dn_json_set_string(result, "archive", arguments[0]);
        dn_json_set_string(result, "key_file", key_file);
        return dn_out_json(result, error);
    }
    if (!dn_out_line(error, "archive: %s", arguments[0]) ||
        !dn_out_line(error, "key: %s", key_file))
        return false;
    dn_cli_say(cli, "back up both, and keep them apart: without the key nothing opens, and who has "
                    "both reads everything");
    return true;
}

const DnCommand dn_command_init = {
    .name = "init",
    .arguments = "DIR",
    .summary = "Make an archive and its key",
    .example = "dencho init books --key-file /media/safe/books.key",
    .options = options,
    .least = 1,
    .most = 1,
    .run = run,
};
