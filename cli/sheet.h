/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cli/sheet.h - vouchers as comma-separated values for a spreadsheet, in UTF-8 or CP932.
 *
 * RFC 4180 with CRLF; UTF-8 begins with a byte order mark, without which Excel takes it for CP932.
 * A text that a spreadsheet would take for a formula (it begins with = + - @ or a control) gets an
 * apostrophe in front: names come from documents of strangers. A character that CP932 lacks becomes
 * 〓, and each cell in which that happens is told.
 *
 * Threads: one at a time.
 */
#ifndef CLI_SHEET_H
#define CLI_SHEET_H

#include "cli/cli.h"

G_BEGIN_DECLS

typedef enum { DN_SHEET_UTF8, DN_SHEET_CP932 } DnSheetEncoding;

typedef struct DnListSheet DnListSheet;

/** Writes the line of titles. EXTERNAL when this system's iconv does not know CP932. */
DnListSheet *dn_list_sheet_new(DnCli *cli, DnSheetEncoding encoding, GError **error);
/** One row of a search. */
bool dn_list_sheet_add(DnListSheet *self, const json_t *row, GError **error);
/** The exit status becomes FORMAT's when a character was lacking. */
void dn_list_sheet_finish(DnListSheet *self);
void dn_list_sheet_free(DnListSheet *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DnListSheet, dn_list_sheet_free)

/** (transfer full) @text in CP932, 〓 for what it lacks; *@out_lacking (transfer full) lists those
 * characters once each, "" when there are none. */
GBytes *dn_list_sheet_cp932(GIConv to_cp932, const char *text, char **out_lacking);

G_END_DECLS
#endif
