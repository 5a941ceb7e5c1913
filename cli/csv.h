/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cli/csv.h - comma-separated values as RFC 4180 has them.
 *
 * Cells may be quoted, a quote inside is doubled, and a quoted cell may hold commas and line
 * breaks. Lines end with LF or CRLF; a byte order mark at the start is dropped; empty lines are
 * skipped. Everything else that is not RFC 4180 is FORMAT with the line. Pure.
 */
#ifndef CLI_CSV_H
#define CLI_CSV_H

#include "base/error.h"

G_BEGIN_DECLS

typedef struct {
    unsigned line; /* on which the row begins, from 1 */
    unsigned count;
    char **cells; /* ended by NULL */
} DnCsvRow;

/** (transfer full) Rows as DnCsvRow. FORMAT; LIMIT for more cells in a row than any table has. */
GPtrArray *dn_csv_parse(const char *text, size_t size, GError **error);

G_END_DECLS
#endif
