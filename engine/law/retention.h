/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/law/retention.h - until when a document must be kept. Pure.
 *
 * The clock is that of the fiscal year in which the document was received, not of its own date.
 * Each tax has its own start and length; the last day of all that apply is the answer
 * (法人税法施行規則59, 26の3①; 所得税法施行規則63; 消費税法施行令50①).
 */
#ifndef ENGINE_LAW_RETENTION_H
#define ENGINE_LAW_RETENTION_H

#include "base/kinds.h"
#include "engine/law/fiscal-year.h"

G_BEGIN_DECLS

typedef enum { DN_CORPORATION, DN_SOLE_PROPRIETOR } DnTaxpayer;

typedef struct {
    DnTaxpayer taxpayer;
    DnFiscalCalendar fiscal;   /* of a corporation; a sole proprietor's year is the calendar's */
    unsigned extension_months; /* by which the filing of a corporation's return is extended */
    bool consumption_tax;      /* credits input tax: its documents support that too */
    const int16_t *loss_years; /* lent; calendar years in which fiscal years with a loss began */
    size_t loss_count;
} DnRetention;

/** The first day of retention for the income of a fiscal year that ends on @end: the day after the
 * return is due, two months and @extension_months later. */
DnDate dn_retention_start(const DnDate *end, unsigned extension_months);

/** The last day of a period of @years that begins on @start. */
DnDate dn_retention_end(const DnDate *start, unsigned years);

/** The last day on which a document of @kind must be kept that was received on @received. */
DnDate dn_retention_until(const DnRetention *terms, const DnDate *received, const DnKind *kind);

/** True from the day after the last one. */
bool dn_retention_is_over(const DnDate *until, const DnDate *today);

G_END_DECLS
#endif
