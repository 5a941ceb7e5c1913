/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cli/failures.h - what a check found wrong, a line each, and the totals at its end.
 */
#ifndef CLI_FAILURES_H
#define CLI_FAILURES_H

#include "cli/progress.h"

G_BEGIN_DECLS

typedef struct {
    DnBar bar;          /* first: dn_bar_progress() takes the whole as its user data */
    const char *advice; /* what next, when anything failed */
    uint64_t count;
} DnFailures;

/** A DnRowVisitor whose user data is a DnFailures. */
bool dn_failures_print(const json_t *failure, void *user_data, GError **error);

/** Prints @totals; the exit status becomes CORRUPT's when anything failed. */
bool dn_failures_finish(const DnFailures *self, DnCli *cli, const json_t *totals, GError **error);

G_END_DECLS
#endif
