/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/law/holidays.h - the public holidays of Japan and the days on which business is done.
 * Pure.
 *
 * Holidays are computed from 国民の祝日に関する法律 (昭和23年法律第178号) as it stood at the time,
 * from its first day, 1948-07-20, to 2099-12-31. The two equinoxes are fixed by the gazette of the
 * February before; the formula has agreed with it so far. Outside these years there is no holiday.
 */
#ifndef ENGINE_LAW_HOLIDAYS_H
#define ENGINE_LAW_HOLIDAYS_H

#include "base/date.h"

G_BEGIN_DECLS

/** Lends the name of the holiday on @date in Japanese, NULL when it is none. */
const char *dn_holiday_name(const DnDate *date);

/** 0: Sunday ... 6: Saturday. */
int dn_weekday(const DnDate *date);

/** A day or a yearly day on which one tenant does no business beside the public holidays. */
typedef struct {
    int16_t year; /* 0: every year */
    uint8_t month;
    uint8_t day;
} DnDayOff;

/** The days off of one tenant; a zeroed one has only those of the law. */
typedef struct {
    const DnDayOff *days; /* lent */
    size_t count;
} DnCalendar;

/** A day that is no Saturday, Sunday, public holiday or day off of @calendar (nullable). */
bool dn_is_business_day(const DnCalendar *calendar, const DnDate *date);

/** The @count-th business day after @from, which itself does not count (民法140). With a @count of
 * 0 @from itself. */
DnDate dn_business_day_after(const DnCalendar *calendar, const DnDate *from, unsigned count);

G_END_DECLS
#endif
