/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ocr/columns.h - a page whose text runs down, read column by column.
 *
 * Threads: as the recogniser's. Boxes are pixels of the page. The same pixels give the same words,
 * unless the deadline ends first.
 */
#ifndef OCR_COLUMNS_H
#define OCR_COLUMNS_H

#include "ocr/recognize.h"

G_BEGIN_DECLS

typedef struct DnColumns DnColumns;

/** (transfer full) What stands on the page as columns of ink. @page_bare: GRAY8 without rules, must
 * outlive it. Errors: LIMIT on memory. */
DnColumns *dn_columns_find(const DnPixmap *page_bare, GError **error);
void dn_columns_free(DnColumns *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DnColumns, dn_columns_free)

/** Whether they are columns of text: reads the longest of them, and compares what is sure there
 * with what @text, which was read along lines, has in their places. Otherwise as dn_columns_read().
 */
bool dn_columns_are_text(DnColumns *self, DnRecognizer *recognizer, bool laid,
                         const DnPageText *text, uint32_t deadline_ms, bool *out_text,
                         GError **error);

/**
 * Reads each column by itself: as it stands, or @laid out, its letters in a row, which takes a
 * recogniser for rows. A line of *@out_text is a column, the first one the rightmost.
 * @deadline_ms: for all; 0 for none. Errors: as dn_recognizer_page(), and LIMIT on memory.
 */
bool dn_columns_read(DnColumns *self, DnRecognizer *recognizer, bool laid, unsigned page,
                     uint32_t deadline_ms, DnPageText **out_text, bool *out_complete,
                     GError **error);

G_END_DECLS
#endif
