/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/law/fiscal-year.c - fiscal years.
 */
#include "config.h"
#include "engine/law/fiscal-year.h"

int
dn_fiscal_year(const DnDate *received, int first_month)
{
    return received->month >= first_month ? received->year : received->year - 1;
}
