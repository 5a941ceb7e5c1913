/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/law/holidays.c - the holiday law as a table.
 *
 *   1 the holidays of a year     rows: name, month, rule, from year, to year (祝日法2)
 *   2 substitute holidays        a Sunday's holiday moves (祝日法3②; from 1973-04-12, wider from
 * 2007) 3 citizens' holidays         a day between two holidays (祝日法3③; from 1985-12-27)
 */
#include "config.h"
#include "engine/law/holidays.h"

enum { SUNDAY = 0, MONDAY = 1, SATURDAY = 6, WEEK = 7 };

typedef enum {
    ON_DAY,     /* value: the day of the month */
    ON_MONDAY,  /* value: the first, second ... Monday of the month */
    ON_EQUINOX, /* vernal in March, autumnal in September */
} Rule;

typedef struct {
    const char *name;
    uint8_t month;
    Rule rule;
    uint8_t value;
    int16_t from;
    int16_t to;
} HolidayRow;

enum { EVER = 2099 };

/* A row whose years are one year is a special law of that year: 1959-04-10, 1989-02-24, 1990-11-12
 * and 1993-06-09; 平成30年法律第99号 for 2019; 平成27年法律第33号 (Olympic games) for 2020 and
 * 2021. */
static const HolidayRow table[] = {
    {"元日", 1, ON_DAY, 1, 1949, EVER},
    {"成人の日", 1, ON_DAY, 15, 1949, 1999},
    {"成人の日", 1, ON_MONDAY, 2, 2000, EVER},
    {"建国記念の日", 2, ON_DAY, 11, 1967, EVER},
    {"天皇誕生日", 2, ON_DAY, 23, 2020, EVER},
    {"春分の日", 3, ON_EQUINOX, 0, 1949, EVER},
    {"天皇誕生日", 4, ON_DAY, 29, 1949, 1988},
    {"みどりの日", 4, ON_DAY, 29, 1989, 2006},
    {"昭和の日", 4, ON_DAY, 29, 2007, EVER},
    {"憲法記念日", 5, ON_DAY, 3, 1949, EVER},
    {"みどりの日", 5, ON_DAY, 4, 2007, EVER},
    {"こどもの日", 5, ON_DAY, 5, 1949, EVER},
    {"海の日", 7, ON_DAY, 20, 1996, 2002},
    {"海の日", 7, ON_MONDAY, 3, 2003, 2019},
    {"海の日", 7, ON_DAY, 23, 2020, 2020},
    {"海の日", 7, ON_DAY, 22, 2021, 2021},
    {"海の日", 7, ON_MONDAY, 3, 2022, EVER},
    {"山の日", 8, ON_DAY, 11, 2016, 2019},
    {"山の日", 8, ON_DAY, 10, 2020, 2020},
    {"山の日", 8, ON_DAY, 8, 2021, 2021},
    {"山の日", 8, ON_DAY, 11, 2022, EVER},
    {"敬老の日", 9, ON_DAY, 15, 1966, 2002},
    {"敬老の日", 9, ON_MONDAY, 3, 2003, EVER},
    {"秋分の日", 9, ON_EQUINOX, 0, 1948, EVER},
    {"体育の日", 10, ON_DAY, 10, 1966, 1999},
    {"体育の日", 10, ON_MONDAY, 2, 2000, 2019},
    {"スポーツの日", 7, ON_DAY, 24, 2020, 2020},
    {"スポーツの日", 7, ON_DAY, 23, 2021, 2021},
    {"スポーツの日", 10, ON_MONDAY, 2, 2022, EVER},
    {"文化の日", 11, ON_DAY, 3, 1948, EVER},
    {"勤労感謝の日", 11, ON_DAY, 23, 1948, EVER},
    {"天皇誕生日", 12, ON_DAY, 23, 1989, 2018},
    {"結婚の儀", 4, ON_DAY, 10, 1959, 1959},
    {"大喪の礼", 2, ON_DAY, 24, 1989, 1989},
    {"即位礼正殿の儀", 11, ON_DAY, 12, 1990, 1990},
    {"結婚の儀", 6, ON_DAY, 9, 1993, 1993},
    {"天皇の即位の日", 5, ON_DAY, 1, 2019, 2019},
    {"即位礼正殿の儀", 10, ON_DAY, 22, 2019, 2019},
};

static const DnDate law_begins = {1948, 7, 20};
static const DnDate substitutes_begin = {1973, 4, 12};
static const DnDate wider_substitutes_begin = {2007, 1, 1};
static const DnDate between_begins = {1985, 12, 27};

int
dn_weekday(const DnDate *date)
{
    int days = (dn_date_to_days(date) + 4) % WEEK; /* 1970-01-01 was a Thursday */

    return days < 0 ? days + WEEK : days;
}

static DnDate
day_near(const DnDate *date, int distance)
{
    return dn_date_from_days(dn_date_to_days(date) + distance);
}

static bool
is_before(const DnDate *date, const DnDate *other)
{
    return dn_date_compare(date, other) < 0;
}

/* The day of the month on which the sun stands in the equinox, in millionths of a day. The
 * constants are those of the Hydrographic Department of Japan for 1900-1979 and 1980-2099. */
static int
equinox_day(int year, bool vernal)
{
    int since = year - 1980;
    int64_t base = year < 1980 ? (vernal ? 20835700 : 23258800) : (vernal ? 20843100 : 23248800);
    int leaps = year < 1980 ? (year - 1983) / 4 : since / 4;

    return (int)((base + (int64_t)242194 * since) / 1000000 - leaps);
}

static int
row_day(const HolidayRow *row, int year)
{
    if (row->rule == ON_EQUINOX)
        return equinox_day(year, row->month == 3);
    if (row->rule == ON_DAY)
        return row->value;
    int first = dn_weekday(&(DnDate){(int16_t)year, row->month, 1});
    int monday = 1 + (MONDAY - first + WEEK) % WEEK;

    return monday + (row->value - 1) * WEEK;
}

/* 祝日法2: the holidays that have a name of their own. */
static const char *
national(const DnDate *date)
{
    if (is_before(date, &law_begins))
        return NULL;
    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        const HolidayRow *row = &table[i];

        if (row->month == date->month && date->year >= row->from && date->year <= row->to &&
            row_day(row, date->year) == date->day)
            return row->name;
    }
    return NULL;
}

/* 祝日法3②: until 2006 the Monday after a Sunday's holiday, since then the first day that is no
 * holiday itself. */
static bool
is_substitute(const DnDate *date)
{
    DnDate before = day_near(date, -1);

    if (is_before(date, &substitutes_begin))
        return false;
    if (is_before(date, &wider_substitutes_begin))
        return dn_weekday(date) == MONDAY && national(&before) &&
               !is_before(&before, &substitutes_begin);
    while (national(&before)) {
        if (dn_weekday(&before) == SUNDAY)
            return true;
        before = day_near(&before, -1);
    }
    return false;
}

/* 祝日法3③: the day before and the day after are holidays by name. */
static bool
is_between(const DnDate *date)
{
    DnDate before = day_near(date, -1);
    DnDate after = day_near(date, 1);

    if (is_before(date, &between_begins) || !national(&before) || !national(&after))
        return false;
    return !is_before(date, &wider_substitutes_begin) || dn_weekday(date) != SUNDAY;
}

const char *
dn_holiday_name(const DnDate *date)
{
    const char *name = national(date);

    if (name || date->year > EVER)
        return name;
    if (is_substitute(date))
        return "振替休日";
    return is_between(date) ? "国民の休日" : NULL;
}

static bool
is_day_off(const DnCalendar *calendar, const DnDate *date)
{
    for (size_t i = 0; calendar && i < calendar->count; i++) {
        const DnDayOff *day = &calendar->days[i];

        if (day->month == date->month && day->day == date->day &&
            (day->year == 0 || day->year == date->year))
            return true;
    }
    return false;
}

bool
dn_is_business_day(const DnCalendar *calendar, const DnDate *date)
{
    int weekday = dn_weekday(date);

    return weekday != SUNDAY && weekday != SATURDAY && !dn_holiday_name(date) &&
           !is_day_off(calendar, date);
}

DnDate
dn_business_day_after(const DnCalendar *calendar, const DnDate *from, unsigned count)
{
    /* Days off are given by people: a calendar that is all days off must not hold us for ever. */
    enum { MOST_DAYS = 366 };
    DnDate date = *from;

    for (int days = 0; count > 0 && days < MOST_DAYS; days++) {
        date = day_near(&date, 1);
        if (dn_is_business_day(calendar, &date))
            count--;
    }
    return date;
}
