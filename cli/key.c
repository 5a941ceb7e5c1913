/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cli/key.c - `dencho key`: the master key, checked, changed, given out and got back.
 */
#include "config.h"
#include "cli/output.h"
#include "cli/passphrase.h"

#include <string.h>
#include <unistd.h>

static struct {
    gboolean protect;
    char *output;
    char *private_key;
} given;

static const GOptionEntry options[] = {
    {"protect", 0, 0, G_OPTION_ARG_NONE, &given.protect,
     "the new key file gets a passphrase (rotate, restore, recover)", NULL},
    {"output", 'o', 0, G_OPTION_ARG_FILENAME, &given.output,
     "the envelope (escrow) or the key file (recover) to make", "FILE"},
    {"private-key", 0, 0, G_OPTION_ARG_FILENAME, &given.private_key,
     "whose envelope it is, in PEM (recover)", "FILE"},
    {NULL}};

static bool
print_row(DnCli *cli, bool done, json_t *result, GError **error)
{
    g_autoptr(json_t) row = result;

    return done && dn_out_object(cli, row, error);
}

/* --- of an archive --- */

static bool
check(DnCli *cli, char **arguments, GError **error)
{
    g_autoptr(DnArchive) archive = dn_cli_open(cli, error);
    json_t *row = archive ? dn_archive_key_check(archive, error) : NULL;

    (void)arguments;
    return print_row(cli, row != NULL, row, error);
}

static bool
rotate_master(DnCli *cli, char **arguments, GError **error)
{
    g_autoptr(DnArchive) archive = dn_cli_open(cli, error);
    json_t *row = NULL;
    bool done = archive && dn_archive_key_rotate(archive, arguments[0], given.protect, &row, error);

    if (!print_row(cli, done, row, error))
        return false;
    dn_cli_say(cli,
               "key: back up %s now, and keep the old file for as long as backups that it "
               "opens; envelopes and sheets of the old key do not open the archive any more",
               arguments[0]);
    return true;
}

/* `key rotate master` without a file is an unfinished command, no wish for a file "master". */
static bool
rotate_short(DnCli *cli, char **arguments, GError **error)
{
    return strcmp(arguments[0], "master") == 0
               ? dn_fail(error, DN_ERROR_INVALID, "write dencho key rotate master NEWFILE")
               : rotate_master(cli, arguments, error);
}

static bool
rotate_tenant(DnCli *cli, char **arguments, GError **error)
{
    g_autoptr(DnArchive) archive = dn_cli_open(cli, error);
    json_t *row = NULL;
    bool done = archive && dn_archive_key_rotate_tenant(archive, &row, error);

    (void)arguments;
    return print_row(cli, done, row, error);
}

static bool
protect(DnCli *cli, char **arguments, GError **error)
{
    g_autoptr(DnArchive) archive = dn_cli_open(cli, error);
    json_t *row = NULL;
    bool done = archive && dn_archive_key_protect(archive, arguments[0], &row, error);

    if (!print_row(cli, done, row, error))
        return false;
    dn_cli_say(cli, "key: %s is used from now on; destroy other copies of the key that lie open",
               arguments[0]);
    return true;
}

static bool
recovery(DnCli *cli, char **arguments, GError **error)
{
    g_autoptr(DnArchive) archive = NULL;

    (void)arguments;
    if (cli->json)
        return dn_fail(error, DN_ERROR_INVALID, "a key is printed for paper, not as JSON");
    archive = dn_cli_open(cli, error);
    if (!archive || !dn_archive_key_recovery(archive, STDOUT_FILENO, error))
        return false;
    dn_cli_say(cli, "key: who reads this sheet reads the archive; `dencho key restore FILE` takes "
                    "it back");
    return true;
}

static bool
escrow(DnCli *cli, char **arguments, GError **error)
{
    g_autoptr(DnArchive) archive = NULL;
    json_t *row = NULL;

    if (!given.output)
        return dn_fail(error, DN_ERROR_INVALID, "name the envelope to make: -o FILE");
    archive = dn_cli_open(cli, error);
    bool done = archive && dn_archive_key_escrow(archive, arguments[0], given.output, &row, error);

    return print_row(cli, done, row, error);
}

/* --- without one --- */

static DnKeyMake
make_for(const DnCli *cli, const char *file)
{
    return (DnKeyMake){
        .key_file = file, .protect = given.protect, .passphrases = dn_passphrases(cli)};
}

static bool
restore(DnCli *cli, char **arguments, GError **error)
{
    DnKeyMake make = make_for(cli, arguments[0]);
    json_t *row = NULL;

    if (!dn_passphrase_check(cli, error))
        return false;
    if (isatty(STDIN_FILENO) == 1)
        dn_cli_say(cli, "key: type the five lines of the sheet, then Ctrl-D");
    bool done = dn_key_restore(STDIN_FILENO, &make, &row, error);

    return print_row(cli, done, row, error);
}

static bool
recover(DnCli *cli, char **arguments, GError **error)
{
    DnKeyMake make = make_for(cli, given.output);
    json_t *row = NULL;

    if (!given.private_key || !given.output)
        return dn_fail(error, DN_ERROR_INVALID,
                       "name the private key and the key file to make: --private-key FILE "
                       "-o FILE");
    bool done = dn_passphrase_check(cli, error) &&
                dn_key_recover(arguments[0], given.private_key, &make, &row, error);

    return print_row(cli, done, row, error);
}

/* --- which --- */

static const struct {
    const char *words; /* that lead to it */
    const char *file;  /* what follows, or NULL */
    bool (*run)(DnCli *cli, char **arguments, GError **error);
} verbs[] = {
    {"check", NULL, check},
    {"rotate master", "NEWFILE", rotate_master},
    {"rotate tenant", NULL, rotate_tenant},
    {"rotate", "NEWFILE", rotate_short},
    {"protect", "NEWFILE", protect},
    {"recovery", NULL, recovery},
    {"restore", "FILE", restore},
    {"escrow", "PEM", escrow},
    {"recover", "FILE", recover},
};

static bool
run(DnCli *cli, char **arguments, GError **error)
{
    unsigned count = g_strv_length(arguments);

    for (size_t i = 0; i < G_N_ELEMENTS(verbs); i++) {
        g_auto(GStrv) words = g_strsplit(verbs[i].words, " ", -1);
        unsigned leading = g_strv_length(words);
        bool same = count == leading + (verbs[i].file != NULL);

        for (unsigned k = 0; same && k < leading; k++)
            same = strcmp(arguments[k], words[k]) == 0;
        if (same)
            return verbs[i].run(cli, arguments + leading, error);
    }
    return dn_fail(error, DN_ERROR_INVALID,
                   "write dencho key check, rotate master NEWFILE, rotate tenant, protect NEWFILE, "
                   "recovery, restore FILE, escrow PEM -o FILE, or recover FILE --private-key FILE "
                   "-o FILE");
}

const DnCommand dn_command_key = {
    .name = "key",
    .arguments = "check|rotate|protect|recovery|restore|escrow|recover [FILE]",
    .summary = "Check the master key, change it, print it, give it into safe keeping",
    .example = "dencho key rotate master /media/safe/books-2027.key",
    .options = options,
    .least = 1,
    .most = 3,
    .run = run,
};
