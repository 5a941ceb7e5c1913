/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cli/output.h - lines, JSON and tables on standard output.
 *
 * A write that fails (a full disk, a reader that went away) is IO, so that a command stops and its
 * exit status tells; the program ignores SIGPIPE for that. Text from outside reaches a person only
 * escaped: tables and dn_out_line() see to it. JSON is written as it is.
 *
 * Threads: one at a time.
 */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include "cli/cli.h"

G_BEGIN_DECLS

/** Formats, escapes, and ends with a line feed. */
bool dn_out_line(GError **error, const char *fmt, ...) G_GNUC_PRINTF(2, 3);

/** One JSON line. */
bool dn_out_json(const json_t *value, GError **error);

/** Bytes as they are. */
bool dn_out_bytes(const void *bytes, size_t size, GError **error);

/** Hands everything to the system. Until then nothing is said to have been written. */
bool dn_out_flush(GError **error);

typedef struct {
    const char *title;
    bool right; /* numbers stand to the right */
    int most;   /* on a terminal longer cells are cut; 0: never */
} DnColumn;

/** (transfer full) One line of a table: cells padded to @widths (columns of a terminal, not bytes
 * or characters), without spaces at its end. Cells are lent and already escaped. */
char *dn_table_line(const DnColumn *columns, const int *widths, size_t count,
                    const char *const *cells);

/** (transfer full) @text cut to @most columns with an ellipsis when it is longer; 0: whole. */
char *dn_table_cut(const char *text, int most);

typedef struct DnTable DnTable;

/** @columns is lent for the table's life. The title line comes with the first row. */
DnTable *dn_table_new(const DnColumn *columns, size_t count, bool cut);

/** Copies and escapes @cells; NULL is an empty cell. Writes when a block of rows is full, so that
 * no result, however long, is held in memory. */
bool dn_table_add(DnTable *self, const char *const *cells, GError **error);

/** Writes the rows that are still held. */
bool dn_table_finish(DnTable *self, GError **error);

void dn_table_free(DnTable *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DnTable, dn_table_free)

/* --- members of results, as people read them --- */

/** (transfer full) An id as tables show it: whole when there is room, else its first 13 characters.
 */
char *dn_row_id(const DnCli *cli, const json_t *row);

/** How many columns that takes. */
int dn_row_id_columns(const DnCli *cli);

/** (transfer full) "10,800" of the row's or field's minor units, or "" when there is none. @key
 * names the member of the units: "amount" in a row, "value" in a field. */
char *dn_row_amount(const json_t *row, const char *key);

/** (transfer full) A value of any type in one line; "" for one that says nothing. */
char *dn_json_text(const json_t *value);

/** The table of vouchers: dn_rows_new(), dn_rows_add() for each row, dn_table_finish(). */
DnTable *dn_rows_new(const DnCli *cli);
bool dn_rows_add(DnTable *table, const DnCli *cli, const json_t *row, GError **error);

/** One voucher: a JSON line or a table of one row. */
bool dn_out_row(const DnCli *cli, const json_t *row, GError **error);

/** An object: a JSON line, or a line "name: value" for each member. */
bool dn_out_object(const DnCli *cli, const json_t *object, GError **error);

/** A change that a reason is enough for: dn_archive_delete() and its like. */
typedef bool (*DnReasonedChange)(DnArchive *archive, const DnUuid *id, const char *reason,
                                 json_t **out_row, GError **error);

/** Makes @change on the voucher that @id_text names and prints its row. INVALID without a reason.
 */
bool dn_out_reasoned_change(DnCli *cli, const char *id_text, const char *reason,
                            DnReasonedChange change, GError **error);

G_END_DECLS
#endif
