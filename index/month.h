/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * index/month.h - months counted from year 0 of the Gregorian calendar, of any 32-bit day.
 *
 * base/date.h refuses years that no voucher has; a counter must take what a key takes. Pure.
 */
#ifndef INDEX_MONTH_H
#define INDEX_MONTH_H

#include <stdint.h>

/** Days since 1970-01-01 of the first of @month. */
static inline int64_t
dn_month_first_day(int64_t month)
{
    /* Years that begin in March, in eras of 400 years: the leap day is then the last of a year. */
    int64_t from_march = month - 2;
    int64_t year = from_march >= 0 ? from_march / 12 : -((11 - from_march) / 12);
    int64_t era = year >= 0 ? year / 400 : -((399 - year) / 400);
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (from_march - year * 12) + 2) / 5;

    return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year -
           719468;
}

static inline int64_t
dn_month_of_day(int64_t day)
{
    int64_t shifted = day + 719468;
    int64_t era = shifted >= 0 ? shifted / 146097 : -((146096 - shifted) / 146097);
    int64_t day_of_era = shifted - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);

    return (year_of_era + era * 400) * 12 + (5 * day_of_year + 2) / 153 + 2;
}

#endif
