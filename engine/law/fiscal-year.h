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

G_END_DECLS
#endif
