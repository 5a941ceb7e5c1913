/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cli/cli.h - what the commands of dencho(1) share: the table of commands and the options that all
 * of them take.
 *
 * A command is one file with one constant DnCommand, listed in cli/commands.def. Help, parsing and
 * the check of the manual page are made from these constants. A process runs one command, so its
 * options live in file-static variables that GOption fills.
 *
 * Text options are G_OPTION_ARG_FILENAME: GOption then hands the bytes over as they came, while its
 * STRING converts from the locale and fails under LANG=C for every Japanese name. They are checked
 * to be UTF-8 by dn_cli_main().
 *
 * Threads: the main thread, except where said otherwise.
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include "engine/archive.h"

G_BEGIN_DECLS

/** One run of the program. */
typedef struct {
    char *archive_dir;
    char *tenant;
    char *key_file;
    char *actor;       /* "cli:yamada": who acts, for the ledger */
    int key_fd;        /* -1 when none was given */
    int passphrase_fd; /* -1 when none was given */
    gboolean json;
    gboolean quiet;
    gboolean verbose;
    bool terminal;    /* standard output is one */
    unsigned columns; /* its width; G_MAXUINT when it is no terminal */
    int exit_status;  /* of a run that ends without an error; 0 unless a command sets it */
} DnCli;

typedef struct {
    const char *name;
    const char *arguments;       /* as in a synopsis: "ID FILE"; "" for none */
    const char *summary;         /* one line without a full stop */
    const char *example;         /* a line that can be typed as it stands */
    const GOptionEntry *options; /* (nullable) ended by an empty entry */
    int least;                   /* arguments at least */
    int most;                    /* and at most; -1: any number */
    bool minus_words;            /* after an id a word with one minus is an argument, no option */
    /** @arguments is ended by NULL and within least and most. */
    bool (*run)(DnCli *cli, char **arguments, GError **error);
} DnCommand;

#define DN_COMMAND(name) extern const DnCommand dn_command_##name;
#include "cli/commands.def"
#undef DN_COMMAND

/** All commands, in the order of the help; ended by NULL. */
const DnCommand *const *dn_cli_commands(void);

/** The options that every command takes; ended by an empty entry. */
const GOptionEntry *dn_cli_global_options(void);

/** The whole program but for the exit: returns the exit status. Call once a process. */
int dn_cli_main(int argc, char **argv);

/** Lends the folder that -A or DENCHO_ARCHIVE names, or NULL. */
const char *dn_cli_archive_dir(const DnCli *cli);

/** How to open an archive, whichever it is. */
bool dn_cli_opening(const DnCli *cli, DnArchiveOptions *out_options, GError **error);

/** Lends the folder of the archive that -A or DENCHO_ARCHIVE names, and how to open it. INVALID
 * when neither does. */
bool dn_cli_archive(const DnCli *cli, const char **out_dir, DnArchiveOptions *out_options,
                    GError **error);

/** (transfer full) Opens it. */
DnArchive *dn_cli_open(const DnCli *cli, GError **error);

/** The voucher that @text names: a whole id, or its first 8 or more characters when no other
 * voucher of the tenant begins with them. INVALID, NOT_FOUND. */
bool dn_cli_find_id(DnArchive *archive, const char *text, DnUuid *out_id, GError **error);

/** INVALID unless @reason says something. */
bool dn_cli_want_reason(const char *reason, GError **error);

/** A line on standard error, "dencho: ...", escaped; for hints and summaries. Nothing when --quiet.
 */
void dn_cli_say(const DnCli *cli, const char *fmt, ...) G_GNUC_PRINTF(2, 3);

/** Says NON-ACCREDITED when @result has time-stamps that are not all of an authority that the trust
 * list shows as accredited: a chain of certificates that holds does not show accreditation. */
void dn_cli_say_accreditation(const DnCli *cli, const char *what, const json_t *result);

G_END_DECLS
#endif
