/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cli/result.h - what became of a document, as ingest, read and revise print it.
 *
 * Threads: one at a time.
 */
#ifndef CLI_RESULT_H
#define CLI_RESULT_H

#include "cli/cli.h"

G_BEGIN_DECLS

/** (transfer full) A document that never reached the archive: "rejected" for the reason @problem.
 */
json_t *dn_result_rejected(const GError *problem);

/** 0 when the document is in the archive and was read; else the exit status of its "error". */
int dn_result_exit_status(const json_t *result);

/** (transfer full) The value of a field as people read it, with '?' behind it when the reading is
 * less sure than DN_RESULT_SURE; "" when there is none. */
char *dn_result_field(const json_t *result, const char *name);

#define DN_RESULT_SURE 0.95

/** A table that is printed line by line, because each line is a receipt: no line waits for the
 * next. @name_title: the first column, NULL for none; @name_columns: its width. */
typedef struct {
    const DnCli *cli;
    const char *name_title;
    int name_columns;
    bool titled;
    unsigned stored;
    unsigned unread; /* stored, but not read */
    unsigned duplicates;
    unsigned rejected;
    int exit_status; /* of the first that failed */
} DnResults;

/** Prints @result (a JSON line or a table line), counts it, and hands the line to the system. */
bool dn_results_add(DnResults *self, const char *name, const json_t *result, GError **error);

/** Says the counts, unless --quiet. */
void dn_results_sum(const DnResults *self);

G_END_DECLS
#endif
