/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/law/tables.h - figures of the law with the day from which each holds. Pure.
 *
 * A new law is a new row in tables.c. A day before the first row gets that row's figure, unless
 * said otherwise.
 */
#ifndef ENGINE_LAW_TABLES_H
#define ENGINE_LAW_TABLES_H

#include "base/date.h"

G_BEGIN_DECLS

/** Business days within which a document enters, counted from the day after its receipt or after
 * its business cycle (通4-17, 4-18; R02, R03). */
unsigned dn_law_entry_business_days(const DnDate *received);

/** Rates of consumption tax in tenths of a percent (消費税法29, 地方税法72の83 together).
 * @out_reduced is 0 when there was no reduced rate. 0 before 1989-04-01. */
unsigned dn_law_tax_rates(const DnDate *supply, unsigned *out_reduced);

/** How many percent of the tax on a purchase from a seller without registration count as input tax
 * (平成28年改正法附則52, 53 as amended). */
unsigned dn_law_unregistered_credit(const DnDate *purchase);

/** Years of retention of the documents of a fiscal year with a loss that is carried forward
 * (法人税法施行規則26の3①), by the first day of that year. */
unsigned dn_law_loss_years(const DnDate *fiscal_year_begin);

/** Lends the article that rules @topic on @day ("good-books", "seamless"), NULL when there is none
 * on that day. */
const char *dn_law_article(const char *topic, const DnDate *day);

G_END_DECLS
#endif
