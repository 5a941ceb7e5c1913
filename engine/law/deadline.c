/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/law/deadline.c - entry periods (規2⑥一, 通4-17, 4-18; law rows R02 to R08).
 */
#include "config.h"
#include "engine/law/deadline.h"
#include "engine/law/tables.h"

static int
days_of_month(int year, int month)
{
    DnDate first = {(int16_t)year, (uint8_t)month, 1};
    DnDate next = {(int16_t)(month == 12 ? year + 1 : year), (uint8_t)(month % 12 + 1), 1};

    return dn_date_to_days(&next) - dn_date_to_days(&first);
}

DnDate
dn_months_end(const DnDate *date, unsigned months)
{
    unsigned since = date->month - 1u + months;
    int year = date->year + (int)(since / 12);
    int month = (int)(since % 12) + 1;
    int days = days_of_month(year, month);

    if (date->day > days) /* the month has no such day: its last one ends the period */
        return (DnDate){(int16_t)year, (uint8_t)month, (uint8_t)days};
    DnDate same = {(int16_t)year, (uint8_t)month, date->day};

    return dn_date_from_days(dn_date_to_days(&same) - 1);
}

DnDate
dn_entry_cycle_end(const DnDate *received, unsigned cycle_months)
{
    return dn_months_end(received, CLAMP(cycle_months, 1u, (unsigned)DN_CYCLE_MONTHS_MOST));
}

DnDate
dn_entry_deadline(DnEntryMethod method, unsigned cycle_months, const DnCalendar *calendar,
                  const DnDate *received)
{
    DnDate from = method == DN_ENTRY_EARLY ? *received : dn_entry_cycle_end(received, cycle_months);

    return dn_business_day_after(calendar, &from, dn_law_entry_business_days(received));
}

DnTimely
dn_entry_verdict(const DnDate *deadline, const DnDate *entered, const DnDate *today)
{
    if (!deadline)
        return DN_TIMELY_NONE;
    if (dn_date_compare(entered ? entered : today, deadline) > 0)
        return DN_TIMELY_LATE;
    return entered ? DN_TIMELY_ON_TIME : DN_TIMELY_WAITING;
}

const char *
dn_timely_name(DnTimely timely)
{
    static const char *const names[] = {[DN_TIMELY_ON_TIME] = "on_time",
                                        [DN_TIMELY_LATE] = "late",
                                        [DN_TIMELY_WAITING] = "waiting",
                                        [DN_TIMELY_NONE] = "n/a"};

    return names[timely];
}
