/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cli/passphrase.c - one line, unseen.
 *
 * On the terminal the echo is off while a person types. A signal that would end or stop the program
 * meanwhile is caught, the echo restored, and the signal given again: a shell must not be left
 * blind.
 */
#include "config.h"
#include "base/memory.h"
#include "cli/passphrase.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};
static volatile sig_atomic_t caught;

static void
note_signal(int number)
{
    caught = number;
}

/* Byte by byte, so that the next line stays in the descriptor for who comes next. */
static bool
read_line(int fd, char *out, size_t size, size_t *out_size, GError **error)
{
    size_t used = 0;

    for (;;) {
        char byte = 0;
        ssize_t got = read(fd, &byte, 1);

        if (got < 0 && errno == EINTR && caught)
            return dn_fail(error, DN_ERROR_BUSY, "interrupted");
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return dn_fail_errno(error, "cannot read the passphrase");
        if (got == 0 || byte == '\n')
            break;
        if (used == size)
            return dn_fail(error, DN_ERROR_LIMIT, "a passphrase has at most %zu bytes", size);
        out[used++] = byte;
    }
    if (used > 0 && out[used - 1] == '\r')
        used--;
    if (used == 0)
        return dn_fail(error, DN_ERROR_INVALID, "there is no passphrase, or it is empty");
    *out_size = used;
    return true;
}

static bool
read_unseen(int terminal, char *out, size_t size, size_t *out_size, GError **error)
{
    struct termios before;
    struct termios silent;
    struct sigaction old[G_N_ELEMENTS(signals)];
    struct sigaction catcher = {.sa_handler = note_signal};
    bool good = false;

    if (tcgetattr(terminal, &before) != 0)
        return dn_fail_errno(error, "cannot ask on the terminal");
    caught = 0;
    for (size_t i = 0; i < G_N_ELEMENTS(signals); i++)
        sigaction(signals[i], &catcher, &old[i]);
    silent = before;
    silent.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK | ECHONL);
    good = tcsetattr(terminal, TCSAFLUSH, &silent) == 0 ||
           dn_fail_errno(error, "cannot switch the echo of the terminal off");
    good = good && read_line(terminal, out, size, out_size, error);
    tcsetattr(terminal, TCSAFLUSH, &before);
    for (size_t i = 0; i < G_N_ELEMENTS(signals); i++)
        sigaction(signals[i], &old[i], NULL);
    if (caught)
        raise(caught);
    return good;
}

static bool
ask_terminal(DnPassphraseKind kind, const char *file, char *out, size_t size, size_t *out_size,
             GError **error)
{
    static const char *const prompts[] = {
        [DN_PASSPHRASE_KEY_FILE] = "passphrase of ",
        [DN_PASSPHRASE_FRESH] = "new passphrase for ",
        [DN_PASSPHRASE_REPEAT] = "the same again for ",
        [DN_PASSPHRASE_PRIVATE_KEY] = "passphrase of the private key ",
    };
    dn_autofd int terminal = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
    g_autofree char *safe = g_filename_display_name(file);
    g_autoptr(GString) prompt = g_string_new(NULL);

    if (terminal < 0)
        return dn_fail(error, DN_ERROR_DENIED,
                       "%s: a passphrase is needed and there is no terminal to ask on: write "
                       "--passphrase-fd 3 3<FILE",
                       safe);
    g_string_append_printf(prompt, "%s%s: ", prompts[kind], safe);
    for (gsize i = 0; i < prompt->len; i++)
        if (g_ascii_iscntrl(prompt->str[i])) /* a name shall not steer the terminal */
            prompt->str[i] = '?';
    if (write(terminal, prompt->str, prompt->len) < 0)
        return dn_fail_errno(error, "cannot ask on the terminal");
    bool good = read_unseen(terminal, out, size, out_size, error);

    if (write(terminal, "\n", 1) < 0)
        return dn_fail_errno(error, "cannot write to the terminal");
    return good;
}

static bool
ask(DnPassphraseKind kind, const char *file, char *out, size_t size, size_t *out_size,
    void *user_data, GError **error)
{
    const DnCli *cli = user_data;

    if (cli->passphrase_fd < 0)
        return ask_terminal(kind, file, out, size, out_size, error);
    if (kind == DN_PASSPHRASE_REPEAT) {
        *out_size = 0;
        return true;
    }
    return read_line(cli->passphrase_fd, out, size, out_size, error) ||
           dn_fail_in(error, "--passphrase-fd %d", cli->passphrase_fd);
}

DnPassphrases
dn_passphrases(const DnCli *cli)
{
    return (DnPassphrases){.ask = ask, .user_data = (void *)(uintptr_t)cli};
}

bool
dn_passphrase_check(const DnCli *cli, GError **error)
{
    return cli->passphrase_fd == -1 || cli->passphrase_fd > STDERR_FILENO ||
           dn_fail(error, DN_ERROR_INVALID,
                   "--passphrase-fd %d: a passphrase comes from descriptor 3 or above: write "
                   "--passphrase-fd 3 3<FILE",
                   cli->passphrase_fd);
}
