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

DnFiscalYear
dn_fiscal_year_of(const DnFiscalCalendar *calendar, const DnDate *date)
{
    int month = calendar->first_month;
    const DnDate *since = NULL;
    const DnDate *until = NULL;

    for (size_t i = 0; i < calendar->change_count; i++) {
        const DnDate *from = &calendar->changes[i].from;

        if (dn_date_compare(date, from) < 0) {
            until = from;
            break;
        }
        since = from;
        month = from->month;
    }
    int year = dn_fiscal_year(date, month);
    DnDate begin = {(int16_t)year, (uint8_t)month, 1};
    DnDate next = {(int16_t)(year + 1), (uint8_t)month, 1};

    if (since && dn_date_compare(since, &begin) > 0)
        begin = *since;
    if (until && dn_date_compare(until, &next) < 0)
        next = *until;
    return (DnFiscalYear){.begin = begin, .end = dn_date_from_days(dn_date_to_days(&next) - 1)};
}
