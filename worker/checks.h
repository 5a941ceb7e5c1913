/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * worker/checks.h - does a capture satisfy what the law asks of a scan (規2⑥二)?
 *
 * Pure. One verdict a rule for the whole document: the worst page decides, and the figure says what
 * was found there. "unknown" is an honest answer: a camera knows its pixels, not the paper's size.
 */
#ifndef WORKER_CHECKS_H
#define WORKER_CHECKS_H

#include "base/json.h"
#include "codecs/codec.h"

G_BEGIN_DECLS

/** True when a file's resolution can be a measurement: not absent, not the 72 or 96 dpi that
 * cameras and screens write for want of one. */
bool dn_checks_believable_dpi(double dpi_x, double dpi_y);

/** True for documents of which the law wants colour (重要書類): all kinds but quotations and
 * orders. @kind may be NULL. */
bool dn_checks_is_important(const char *kind);

/**
 * (transfer full) Array of {"rule","verdict","figure"} for R09 (declared resolution), R10 (pixels,
 * where none is declared), R11 (colour) and R14 (lossless). A rule that concerns no page is absent.
 */
json_t *dn_checks(const DnPageInfo *pages, size_t count, bool important);

/** (transfer full) {"rule":"R18","verdict":"unknown","figure"}: a picture that was read as one
 * receipt may be a sheet of several. */
json_t *dn_checks_sheet(void);

/**
 * (transfer full) {"rule":"BLANK","verdict","figure"}: fail when none of the @page_count pages has
 * print, pass when some have: the empty back of a sheet is as it should be. NULL for @count 0.
 * @blank: @count numbers of pages, from 1.
 */
json_t *dn_checks_blank(const unsigned *blank, size_t count, unsigned page_count);

G_END_DECLS
#endif
