/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cli/progress.c - the bar and the signals.
 */
#include "config.h"
#include "cli/progress.h"
#include "base/clock.h"

#include <inttypes.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

enum {
    PATIENCE_MS = 1000, /* work that is shorter needs no bar */
    REDRAW_MS = 100,
    PLAIN_MS = 10000, /* between plain lines */
    BAR_CELLS = 24,
};

static atomic_bool interrupted; /* lock-free, so a handler may set it and any thread ask it */

static void
note_signal(int number)
{
    (void)number;
    atomic_store(&interrupted, true);
}

void
dn_interrupt_catch(void)
{
    struct sigaction action = {.sa_handler = note_signal, .sa_flags = SA_RESTART | SA_RESETHAND};

    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

bool
dn_interrupt_seen(void)
{
    return atomic_load(&interrupted);
}

DnBar
dn_bar_begin(const DnCli *cli, const char *what)
{
    return (DnBar){.cli = cli,
                   .what = what,
                   .terminal = isatty(STDERR_FILENO) == 1,
                   .begun_ms = dn_clock_monotonic_ms()};
}

static void
draw(DnBar *self, uint64_t done, uint64_t total)
{
    char cells[BAR_CELLS + 1] = {0};
    int full = (int)((double)MIN(done, total) / (double)total * BAR_CELLS);

    for (int i = 0; i < BAR_CELLS; i++)
        cells[i] = i < full ? '#' : '.';
    fprintf(stderr, "\r\033[K%s [%s] %" PRIu64 " of %" PRIu64, self->what, cells, done, total);
    fflush(stderr);
    self->drawn = true;
}

void
dn_bar_show(DnBar *self, uint64_t done, uint64_t total)
{
    int64_t now_ms = dn_clock_monotonic_ms();
    int64_t pause_ms = self->terminal ? REDRAW_MS : PLAIN_MS;

    if (self->cli->quiet || total == 0 || now_ms - self->begun_ms < PATIENCE_MS ||
        now_ms - self->shown_ms < pause_ms)
        return;
    if (self->terminal)
        draw(self, done, total);
    else if (self->cli->verbose)
        fprintf(stderr, "dencho: %s: %" PRIu64 " of %" PRIu64 "\n", self->what, done, total);
    self->shown_ms = now_ms;
}

void
dn_bar_clear(DnBar *self)
{
    if (!self->drawn)
        return;
    fputs("\r\033[K", stderr);
    fflush(stderr);
    self->drawn = false;
}

bool
dn_bar_progress(uint64_t done, uint64_t total, void *user_data)
{
    dn_bar_show(user_data, done, total);
    return !dn_interrupt_seen();
}
