/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/capsule/sheet.h - rows as CSV in UTF-8, as CSV in CP932, and as a sheet of a workbook.
 *
 * Spreadsheets in Japan still take CP932 for the encoding of a CSV file. It lacks characters that
 * names are written with. Such a one is written as [U+9AD9] and listed, never replaced in silence.
 * In CSV a spreadsheet runs a cell that begins with = + - @ as a formula: an apostrophe goes before
 * it, unless the column is one of numbers. A sheet knows text from formulas and needs none.
 *
 * Rows wait in spools; memory does not grow with their number. Threads: one at a time. Errors: IO,
 * UNSUPPORTED (the system does not know CP932).
 */
#ifndef ENGINE_CAPSULE_SHEET_H
#define ENGINE_CAPSULE_SHEET_H

#include "engine/capsule/container.h"

G_BEGIN_DECLS

typedef struct DnSheet DnSheet;

/** @name: of the sheet. @head: names of the columns, ended by NULL; kept. @kinds: a letter a
 * column, 't' for text or 'n' for numbers. */
DnSheet *dn_sheet_new(const DnContainer *container, const char *name, const char *const *head,
                      const char *kinds, GError **error);
void dn_sheet_free(DnSheet *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DnSheet, dn_sheet_free)

/** @cells: as many as columns, ended by NULL. */
bool dn_sheet_add(DnSheet *self, const char *const *cells, GError **error);

/** Lends the rows with a byte order mark, and in CP932. */
DnSpool *dn_sheet_utf8(DnSheet *self);
DnSpool *dn_sheet_cp932(DnSheet *self);
/** Lends the list of what CP932 lacks: "row, column, [U+9AD9], character" a line; *@out_count. */
DnSpool *dn_sheet_missing(DnSheet *self, uint64_t *out_count);

/** Adds a workbook (Office Open XML, ISO/IEC 29500) with a sheet a table; a table of more rows than
 * a sheet has goes on in the next. *@out_written is false, and nothing added, when it would be
 * larger than the 4 GiB of the only ZIP that spreadsheets read. */
bool dn_sheet_write_workbook(DnSheet *const *tables, size_t count, DnContainer *container,
                             const char *name, bool *out_written, GError **error);

G_END_DECLS
#endif
