/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/law/retention.c - years of retention and where they begin.
 */
#include "config.h"
#include "engine/law/retention.h"
#include "engine/law/deadline.h"
#include "engine/law/tables.h"

enum {
    TAX_YEARS = 7, /* 法人税法施行規則59①, 所得税法施行規則63①, 消費税法施行令50① */
    OTHER_DOCUMENT_YEARS = 5, /* 所得税法施行規則63①: what has no part in cash and deposits */
    DUE_MONTHS = 2
};

static DnDate
next_day(const DnDate *date)
{
    return dn_date_from_days(dn_date_to_days(date) + 1);
}

DnDate
dn_retention_start(const DnDate *end, unsigned extension_months)
{
    DnDate begin = next_day(end);
    DnDate due = dn_months_end(&begin, DUE_MONTHS + extension_months);

    return next_day(&due);
}

DnDate
dn_retention_end(const DnDate *start, unsigned years)
{
    return dn_months_end(start, years * 12);
}

static bool
had_loss(const DnRetention *terms, int year)
{
    for (size_t i = 0; i < terms->loss_count; i++)
        if (terms->loss_years[i] == year)
            return true;
    return false;
}

static DnDate
later(const DnDate *a, const DnDate *b)
{
    return dn_date_compare(a, b) >= 0 ? *a : *b;
}

static DnDate
corporation_until(const DnRetention *terms, const DnDate *received)
{
    DnFiscalYear year = dn_fiscal_year_of(&terms->fiscal, received);
    DnDate start = dn_retention_start(&year.end, terms->extension_months);
    unsigned years = TAX_YEARS;

    if (had_loss(terms, year.begin.year))
        years = MAX(years, dn_law_loss_years(&year.begin));
    return dn_retention_end(&start, years);
}

static DnDate
sole_proprietor_until(const DnDate *received, const DnKind *kind)
{
    DnDate start = {(int16_t)(received->year + 1), 3, 16}; /* the day after the return is due */

    return dn_retention_end(&start, kind->is_cash ? TAX_YEARS : OTHER_DOCUMENT_YEARS);
}

/* The taxable period is the fiscal year, or the calendar year. An extended return is no reason for
 * another start here: the order says two months. */
static DnDate
consumption_tax_until(const DnRetention *terms, const DnDate *received)
{
    DnDate end = {received->year, 12, 31};

    if (terms->taxpayer == DN_CORPORATION)
        end = dn_fiscal_year_of(&terms->fiscal, received).end;
    DnDate start = dn_retention_start(&end, 0);

    return dn_retention_end(&start, TAX_YEARS);
}

DnDate
dn_retention_until(const DnRetention *terms, const DnDate *received, const DnKind *kind)
{
    DnDate until = terms->taxpayer == DN_CORPORATION ? corporation_until(terms, received)
                                                     : sole_proprietor_until(received, kind);

    if (terms->consumption_tax && kind->is_credit) {
        DnDate other = consumption_tax_until(terms, received);

        until = later(&until, &other);
    }
    return until;
}

bool
dn_retention_is_over(const DnDate *until, const DnDate *today)
{
    return dn_date_compare(today, until) > 0;
}
