/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/law/fiscal-year.h - to which fiscal year a document belongs. Pure.
 */
#ifndef ENGINE_LAW_FISCAL_YEAR_H
#define ENGINE_LAW_FISCAL_YEAR_H

#include "base/date.h"

G_BEGIN_DECLS

/** The calendar year in which the fiscal year of @received begins, when fiscal years begin on the
 * first of @first_month (1..12). Retention counts from the fiscal year of receipt (法人税法施行規則
 * 59, 67). */
int dn_fiscal_year(const DnDate *received, int first_month);

/** From @from, the first of a month, fiscal years begin in that month; the one before ends early.
 */
typedef struct {
    DnDate from;
} DnFiscalChange;

typedef struct {
    int first_month;               /* until the first change */
    const DnFiscalChange *changes; /* lent, the earliest first */
    size_t change_count;
} DnFiscalCalendar;

typedef struct {
    DnDate begin;
    DnDate end;
} DnFiscalYear;

/** The fiscal year in which @date lies. A year that a change cuts short is a year of its own. */
DnFiscalYear dn_fiscal_year_of(const DnFiscalCalendar *calendar, const DnDate *date);

G_END_DECLS
#endif
