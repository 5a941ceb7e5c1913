/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cli/progress.h - how far long work has come, and the wish to stop it.
 *
 * The bar is one line on standard error, drawn only on a terminal and only when the work has taken
 * a second; --verbose gives plain lines instead where there is no terminal.
 *
 * Threads: a bar belongs to the main thread; dn_interrupt_seen() may be asked by any.
 */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include "cli/cli.h"

G_BEGIN_DECLS

/** From now on the first SIGINT or SIGTERM only asks to stop; a second one ends the process. */
void dn_interrupt_catch(void);

/** True after such a signal. */
bool dn_interrupt_seen(void);

typedef struct {
    const DnCli *cli;
    const char *what; /* "verify" */
    bool terminal;    /* standard error is one */
    bool drawn;
    int64_t begun_ms; /* of the monotonic clock */
    int64_t shown_ms;
} DnBar;

DnBar dn_bar_begin(const DnCli *cli, const char *what);

/** Draws when it is time to. */
void dn_bar_show(DnBar *self, uint64_t done, uint64_t total);

/** Takes the bar off the screen, before something else is printed and at the end. */
void dn_bar_clear(DnBar *self);

/** A DnProgress whose user data begins with a DnBar: shows it and ends the work on a signal. */
bool dn_bar_progress(uint64_t done, uint64_t total, void *user_data);

G_END_DECLS
#endif
