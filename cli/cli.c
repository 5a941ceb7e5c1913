/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cli/cli.c - from argv to a command and back to an exit status.
 *
 * The options of all commands may stand before or after the command's name. So argv is parsed
 * twice: up to the first word that is no option, with the global options; then what follows the
 * command's name, with the command's and the global ones.
 */
#include "config.h"
#include "cli/cli.h"
#include "cli/output.h"
#include "cli/passphrase.h"
#include "cli/progress.h"
#include "cli/value.h"
#include "base/log.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    EXIT_INTERRUPTED = 130, /* what a shell reports for a command that SIGINT ended */
    DEFAULT_COLUMNS = 80,
    HELP_COLUMN = 34,
};

static DnCli cli = {.key_fd = -1, .passphrase_fd = -1};
static gboolean want_help;
static char *acts_as;
static gboolean want_version;

static const DnCommand *const commands[] = {
#define DN_COMMAND(name) &dn_command_##name,
#include "cli/commands.def"
#undef DN_COMMAND
    NULL};

static const GOptionEntry global_options[] = {
    {"archive", 'A', 0, G_OPTION_ARG_FILENAME, &cli.archive_dir,
     "the archive; else the environment's DENCHO_ARCHIVE", "DIR"},
    {"tenant", 0, 0, G_OPTION_ARG_FILENAME, &cli.tenant, "whose vouchers (default: default)",
     "NAME"},
    {"key-file", 0, 0, G_OPTION_ARG_FILENAME, &cli.key_file, "file of the master key", "FILE"},
    {"key-fd", 0, 0, G_OPTION_ARG_INT, &cli.key_fd, "read the master key from descriptor N", "N"},
    {"passphrase-fd", 0, 0, G_OPTION_ARG_INT, &cli.passphrase_fd,
     "read passphrases from descriptor N, one a line; else a terminal is asked", "N"},
    {"as", 0, 0, G_OPTION_ARG_FILENAME, &acts_as, "who acts, where several people share an account",
     "NAME"},
    {"json", 0, 0, G_OPTION_ARG_NONE, &cli.json, "JSON Lines instead of tables", NULL},
    {"quiet", 'q', 0, G_OPTION_ARG_NONE, &cli.quiet, "no hints, summaries or progress", NULL},
    {"verbose", 'v', 0, G_OPTION_ARG_NONE, &cli.verbose, "also log what is being done", NULL},
    {"version", 0, 0, G_OPTION_ARG_NONE, &want_version, "print the version", NULL},
    {"help", 'h', 0, G_OPTION_ARG_NONE, &want_help, "print this help", NULL},
    {NULL}};

const DnCommand *const *
dn_cli_commands(void)
{
    return commands;
}

const GOptionEntry *
dn_cli_global_options(void)
{
    return global_options;
}

/* (transfer full) The global options but those that @command (nullable) has a meaning of its own
 * for: `show --version 2` asks for a version of the voucher. */
static GOptionEntry *
options_beside(const DnCommand *command)
{
    GOptionEntry *left = g_new0(GOptionEntry, G_N_ELEMENTS(global_options));
    size_t count = 0;

    for (const GOptionEntry *global = global_options; global->long_name; global++) {
        const GOptionEntry *own = command ? command->options : NULL;

        while (own && own->long_name && strcmp(own->long_name, global->long_name) != 0)
            own++;
        if (!own || !own->long_name)
            left[count++] = *global;
    }
    return left;
}

/* --- help --- */

static void
print_options(FILE *out, const GOptionEntry *options)
{
    for (; options && options->long_name; options++) {
        g_autofree char *letter =
            options->short_name ? g_strdup_printf("-%c, ", options->short_name) : g_strdup("");
        g_autofree char *left = g_strdup_printf(
            "%s--%s%s%s", letter, options->long_name, options->arg_description ? " " : "",
            options->arg_description ? options->arg_description : "");

        fprintf(out, "  %-*s %s\n", HELP_COLUMN, left, options->description);
    }
}

static void
print_program_help(FILE *out)
{
    fputs("usage: dencho [-A DIR] [--tenant NAME] COMMAND ...\n\ncommands:\n", out);
    for (const DnCommand *const *command = commands; *command; command++)
        fprintf(out, "  %-14s %s\n", (*command)->name, (*command)->summary);
    fputs("\noptions of every command:\n", out);
    print_options(out, global_options);
    fputs("\n`dencho COMMAND --help` tells more; dencho(1) tells all.\n", out);
}

static void
print_command_help(FILE *out, const DnCommand *command)
{
    g_autofree GOptionEntry *beside = options_beside(command);

    fprintf(out, "usage: dencho %s%s%s%s\n%s.\n", command->name,
            command->options ? " [OPTION...]" : "", command->arguments[0] ? " " : "",
            command->arguments, command->summary);
    if (command->options)
        fputs("\noptions:\n", out);
    print_options(out, command->options);
    fputs("\noptions of every command:\n", out);
    print_options(out, beside);
    fprintf(out, "\nexample:\n  %s\n", command->example);
}

/* --- argv --- */

static const DnCommand *
find_command(const char *name, GError **error)
{
    const char *names[G_N_ELEMENTS(commands)] = {0};

    for (size_t i = 0; commands[i]; i++) {
        names[i] = commands[i]->name;
        if (strcmp(names[i], name) == 0)
            return commands[i];
    }
    const char *nearest = dn_value_nearest(name, names);

    return dn_fail_null(error, DN_ERROR_INVALID, "unknown command '%s'%s%s%s", name,
                        nearest ? "; did you mean '" : "; `dencho --help` lists them",
                        nearest ? nearest : "", nearest ? "'?" : "");
}

/* GOption says only that an option is unknown; the slip of the pen is found here. */
static bool
refuse_option(const GError *problem, const DnCommand *command, GError **error)
{
    const char *dashes = strrchr(problem->message, ' ');
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    const char *nearest = NULL;

    if (problem->code == G_OPTION_ERROR_UNKNOWN_OPTION && dashes &&
        g_str_has_prefix(dashes, " --")) {
        for (const GOptionEntry *entry = command ? command->options : NULL;
             entry && entry->long_name; entry++)
            g_ptr_array_add(names, (gpointer)entry->long_name);
        for (const GOptionEntry *entry = global_options; entry->long_name; entry++)
            g_ptr_array_add(names, (gpointer)entry->long_name);
        g_ptr_array_add(names, NULL);
        nearest = dn_value_nearest(dashes + 3, (const char *const *)names->pdata);
    }
    return dn_fail(error, DN_ERROR_INVALID, "%s%s%s%s", problem->message,
                   nearest ? "; did you mean --" : "", nearest ? nearest : "", nearest ? "?" : "");
}

/* Parses *@words, whose first is the program or the command, and leaves what are no options. */
static bool
parse_options(char ***words, const DnCommand *command, GError **error)
{
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);
    g_autoptr(GError) problem = NULL;
    g_autofree GOptionEntry *beside = options_beside(command);

    g_option_context_set_help_enabled(context, FALSE);
    g_option_context_set_strict_posix(context, command == NULL);
    if (command && command->options)
        g_option_context_add_main_entries(context, command->options, NULL);
    g_option_context_add_main_entries(context, beside, NULL);
    return g_option_context_parse_strv(context, words, &problem) ||
           refuse_option(problem, command, error);
}

static bool
looks_like_id(const char *word)
{
    return strlen(word) >= DN_ID_PREFIX && word[strspn(word, "0123456789abcdefABCDEF-")] == '\0';
}

/* (transfer full) @words with those that begin with one minus, after the id, moved
 * behind a "--", so that GOption takes them for arguments. */
static char **
protect_minus_words(char **words)
{
    g_autoptr(GStrvBuilder) kept = g_strv_builder_new();
    g_autoptr(GStrvBuilder) moved = g_strv_builder_new();
    bool after_id = false;

    g_strv_builder_add(kept, words[0]);
    for (char **word = words + 1; *word; word++) {
        bool minus = (*word)[0] == '-' && (*word)[1] != '-' && (*word)[1] != '\0';

        g_strv_builder_add(minus && after_id ? moved : kept, *word);
        after_id = after_id || looks_like_id(*word);
    }
    g_auto(GStrv) tail = g_strv_builder_end(moved);

    if (tail[0]) {
        g_strv_builder_add(kept, "--");
        g_strv_builder_addv(kept, (const char **)tail);
    }
    return g_strv_builder_end(kept);
}

/* GOption leaves the "--" in place when a word with a minus follows it. */
static void
drop_separator(char **words)
{
    while (*words && strcmp(*words, "--") != 0)
        words++;
    if (*words)
        g_free(*words);
    for (; *words; words++)
        words[0] = words[1];
}

static bool
check_text(const char *what, const char *text, GError **error)
{
    return !text || g_utf8_validate(text, -1, NULL) ||
           dn_fail(error, DN_ERROR_INVALID, "%s is not UTF-8", what);
}

/* A name in the file system may be any bytes; all other words go into the ledger. */
static bool
check_option_texts(const GOptionEntry *entry, GError **error)
{
    static const char *const paths[] = {"FILE", "DIR", "CSV", NULL};

    for (; entry && entry->long_name; entry++) {
        if (!entry->arg_description || g_strv_contains(paths, entry->arg_description))
            continue;
        if (entry->arg == G_OPTION_ARG_FILENAME &&
            !check_text(entry->long_name, *(char **)entry->arg_data, error))
            return false;
        if (entry->arg != G_OPTION_ARG_FILENAME_ARRAY)
            continue;
        for (char **text = *(char ***)entry->arg_data; text && *text; text++)
            if (!check_text(entry->long_name, *text, error))
                return false;
    }
    return true;
}

static bool
check_arguments(const DnCommand *command, char **arguments, GError **error)
{
    int count = (int)g_strv_length(arguments);

    if (count < command->least || (command->most >= 0 && count > command->most))
        return dn_fail(error, DN_ERROR_INVALID, "too %s arguments: write dencho %s %s",
                       count < command->least ? "few" : "many", command->name, command->arguments);
    if (!strstr(command->arguments, "FILE") && !strstr(command->arguments, "DIR"))
        for (char **word = arguments; *word; word++)
            if (!check_text("an argument", *word, error))
                return false;
    return check_option_texts(command->options, error) && check_option_texts(global_options, error);
}

/* --- the process --- */

/* A file that is opened while a standard descriptor is closed would take its number, and what is
 * printed would go into that file. The stand-ins refuse what they are not for. */
static void
fill_standard_descriptors(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0 && errno == EBADF &&
            open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) < 0)
            _exit(dn_error_exit_status(DN_ERROR_IO));
}

/* (transfer full) The user by name, or by number when the system knows none. */
static char *
name_actor(void)
{
    const struct passwd *user = getpwuid(getuid());

    if (!user || !g_utf8_validate(user->pw_name, -1, NULL))
        return g_strdup_printf("cli:uid-%u", (unsigned)getuid());
    return g_strconcat("cli:", user->pw_name, NULL);
}

static void
look_at_terminal(void)
{
    struct winsize size = {0};

    cli.terminal = isatty(STDOUT_FILENO) == 1;
    cli.columns = G_MAXUINT;
    if (!cli.terminal)
        return;
    cli.columns = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col
                                                                                  : DEFAULT_COLUMNS;
}

static void
print_error(const DnCommand *command, const GError *error)
{
    g_autofree char *safe = dn_log_escape(error->message);
    bool has_options = command && command->options;

    fprintf(stderr, "dencho: %s%s%s", command ? command->name : "", command ? ": " : "", safe);
    if (has_options && dn_error_code(error) == DN_ERROR_INVALID)
        fprintf(stderr, "; see `dencho %s --help`", command->name);
    else if (dn_error_code(error) == DN_ERROR_BUSY)
        fputs("; try again when it has ended", stderr);
    fputc('\n', stderr);
}

static int
fail(const DnCommand *command, const GError *error)
{
    if (dn_interrupt_seen() && dn_error_code(error) == DN_ERROR_BUSY) {
        dn_cli_say(&cli, "%s: interrupted; what was done so far stands", command->name);
        return EXIT_INTERRUPTED;
    }
    print_error(command, error);
    return dn_error_exit_status(dn_error_code(error));
}

/* Output that the system refuses at the last moment is still an error. */
static int
finish(const DnCommand *command, int exit_status)
{
    g_autoptr(GError) error = NULL;

    return dn_out_flush(&error) ? exit_status : fail(command, error);
}

/* "cli:ACCOUNT:NAME": the account stands before what was said, so that the ledger tells both. */
static bool
take_name(GError **error)
{
    g_autofree char *account = cli.actor;
    g_autofree char *safe = acts_as ? dn_text_sanitise(acts_as, -1) : NULL;

    if (!safe) {
        cli.actor = g_steal_pointer(&account);
        return true;
    }
    g_strstrip(safe);
    cli.actor = g_strconcat(account, ":", safe, NULL);
    return (*safe && !strchr(safe, ':')) ||
           dn_fail(error, DN_ERROR_INVALID, "--as: write a name without ':': --as yamada");
}

static int
run_command(char **words)
{
    g_autoptr(GError) error = NULL;
    const DnCommand *command = find_command(words[0], &error);

    if (!command)
        return fail(NULL, error);
    g_auto(GStrv) rest = command->minus_words ? protect_minus_words(words) : g_strdupv(words);

    if (!parse_options(&rest, command, &error))
        return fail(command, error);
    if (want_help) {
        print_command_help(stdout, command);
        return finish(command, 0);
    }
    drop_separator(rest);
    char **arguments = rest + 1;

    dn_log_init("dencho", cli.verbose);
    if (!take_name(&error) || !check_arguments(command, arguments, &error) ||
        !command->run(&cli, arguments, &error)) {
        fflush(stdout); /* results that were given stand before the message */
        return fail(command, error);
    }
    return finish(command, dn_interrupt_seen() ? EXIT_INTERRUPTED : cli.exit_status);
}

int
dn_cli_main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;

    fill_standard_descriptors();
    umask(077);
    signal(SIGPIPE, SIG_IGN); /* a reader that went away is an error of write() */
    look_at_terminal();
    cli.actor = name_actor();
    if (argc < 1)
        return dn_error_exit_status(DN_ERROR_INVALID);
    g_auto(GStrv) words = g_strdupv(argv);

    if (!parse_options(&words, NULL, &error))
        return fail(NULL, error);
    if (want_version) {
        puts(PACKAGE_NAME " " PACKAGE_VERSION);
        return finish(NULL, 0);
    }
    if (words[1])
        return run_command(words + 1);
    print_program_help(want_help ? stdout : stderr);
    return finish(NULL, want_help ? 0 : dn_error_exit_status(DN_ERROR_INVALID));
}

/* --- for the commands --- */

const char *
dn_cli_archive_dir(const DnCli *self)
{
    const char *dir = self->archive_dir ? self->archive_dir : g_getenv("DENCHO_ARCHIVE");

    return dir && *dir ? dir : NULL;
}

bool
dn_cli_opening(const DnCli *self, DnArchiveOptions *out_options, GError **error)
{
    if (self->key_fd != -1 && self->key_fd <= STDERR_FILENO)
        return dn_fail(error, DN_ERROR_INVALID,
                       "--key-fd %d: a key comes from descriptor 3 or above: write "
                       "--key-fd 3 3<FILE",
                       self->key_fd);
    if (!dn_passphrase_check(self, error))
        return false;
    *out_options = (DnArchiveOptions){
        .key_file = self->key_file,
        .key_fd = MAX(0, self->key_fd), /* 0: none */
        .passphrases = dn_passphrases(self),
        .tenant = self->tenant,
        .actor = self->actor,
    };
    return true;
}

bool
dn_cli_archive(const DnCli *self, const char **out_dir, DnArchiveOptions *out_options,
               GError **error)
{
    const char *dir = dn_cli_archive_dir(self);

    if (!dir)
        return dn_fail(error, DN_ERROR_INVALID,
                       "which archive? write -A DIR or set DENCHO_ARCHIVE; "
                       "`dencho init DIR` makes one");
    if (!dn_cli_opening(self, out_options, error))
        return false;
    *out_dir = dir;
    return true;
}

DnArchive *
dn_cli_open(const DnCli *self, GError **error)
{
    const char *dir = NULL;
    DnArchiveOptions options;

    return dn_cli_archive(self, &dir, &options, error) ? dn_archive_open(dir, &options, error)
                                                       : NULL;
}

bool
dn_cli_find_id(DnArchive *archive, const char *text, DnUuid *out_id, GError **error)
{
    return dn_archive_find_id(archive, text, out_id, error) || dn_fail_in(error, "'%s'", text);
}

bool
dn_cli_want_reason(const char *reason, GError **error)
{
    g_autofree char *plain = g_strstrip(g_strdup(reason ? reason : ""));

    return plain[0] || dn_fail(error, DN_ERROR_INVALID,
                               "the ledger wants a reason: write --reason 'amount was misread'");
}

void
dn_cli_say(const DnCli *self, const char *fmt, ...)
{
    va_list args;

    if (self->quiet)
        return;
    va_start(args, fmt);
    g_autofree char *text = g_strdup_vprintf(fmt, args);
    va_end(args);
    g_autofree char *safe = dn_log_escape(text);

    fprintf(stderr, "dencho: %s\n", safe);
}

void
dn_cli_say_accreditation(const DnCli *self, const char *what, const json_t *result)
{
    if (dn_json_int(result, "stamped", 0) > 0 && !dn_json_bool(result, "accredited", false))
        dn_cli_say(self,
                   "%s: NON-ACCREDITED: the trust list shows no accreditation for an "
                   "authority of these time-stamps",
                   what);
}
