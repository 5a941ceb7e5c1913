/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * base/date.c - calendar arithmetic and Japanese eras.
 *
 * Day numbers by the proleptic Gregorian calendar in 400-year cycles of 146,097 days.
 */
#include "config.h"
#include "base/date.h"
#include "base/text.h"

#include <string.h>

typedef struct {
    const char *kanji;
    char letter;
    gunichar square; /* the one-character form of Unicode */
    DnDate first;    /* first day of the era */
    DnDate last;     /* its last; the present era has none yet */
} Era;

static const Era eras[] = {
    {"令和", 'R', 0x32ff, {2019, 5, 1}, {9999, 12, 31}},
    {"平成", 'H', 0x337b, {1989, 1, 8}, {2019, 4, 30}},
    {"昭和", 'S', 0x337c, {1926, 12, 25}, {1989, 1, 7}},
    {"大正", 'T', 0x337d, {1912, 7, 30}, {1926, 12, 24}},
    {"明治", 'M', 0x337e, {1868, 1, 25}, {1912, 7, 29}},
};

static int
days_in_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return month == 2 && leap ? 29 : days[month - 1];
}

bool
dn_date_is_valid(const DnDate *self)
{
    return self->year >= 1 && self->year <= 9999 && self->month >= 1 && self->month <= 12 &&
           self->day >= 1 && self->day <= days_in_month(self->year, self->month);
}

int32_t
dn_date_to_days(const DnDate *self)
{
    int32_t year = self->year - (self->month <= 2); /* years that begin in March */
    int32_t cycle = (year >= 0 ? year : year - 399) / 400;
    int32_t year_of_cycle = year - cycle * 400;
    int32_t month_of_year = (self->month + 9) % 12;
    int32_t day_of_year = (153 * month_of_year + 2) / 5 + self->day - 1;

    return cycle * 146097 + year_of_cycle * 365 + year_of_cycle / 4 - year_of_cycle / 100 +
           day_of_year - 719468;
}

DnDate
dn_date_from_days(int32_t days)
{
    int32_t shifted = days + 719468;
    int32_t cycle = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
    int32_t day_of_cycle = shifted - cycle * 146097;
    int32_t year_of_cycle =
        (day_of_cycle - day_of_cycle / 1460 + day_of_cycle / 36524 - day_of_cycle / 146096) / 365;
    int32_t day_of_year =
        day_of_cycle - (365 * year_of_cycle + year_of_cycle / 4 - year_of_cycle / 100);
    int32_t month_of_year = (5 * day_of_year + 2) / 153;
    int32_t month = month_of_year < 10 ? month_of_year + 3 : month_of_year - 9;

    return (DnDate){.year = (int16_t)(year_of_cycle + cycle * 400 + (month <= 2)),
                    .month = (uint8_t)month,
                    .day = (uint8_t)(day_of_year - (153 * month_of_year + 2) / 5 + 1)};
}

int
dn_date_compare(const DnDate *a, const DnDate *b)
{
    if (a->year != b->year)
        return a->year < b->year ? -1 : 1;
    if (a->month != b->month)
        return a->month < b->month ? -1 : 1;
    return (a->day > b->day) - (a->day < b->day);
}

DnDate
dn_date_in_japan(int64_t utc_ms)
{
    const int64_t day_ms = INT64_C(86400000);
    int64_t local_ms = utc_ms + INT64_C(9) * 3600 * 1000;
    int64_t days = local_ms >= 0 ? local_ms / day_ms : (local_ms - day_ms + 1) / day_ms;

    return dn_date_from_days((int32_t)days);
}

void
dn_date_format(const DnDate *self, char *out)
{
    g_snprintf(out, DN_DATE_TEXT + 1, "%04d-%02u-%02u", self->year, self->month, self->day);
}

/* The era that @text begins with, and how many bytes name it. */
static const Era *
era_at(const char *text, size_t *out_size)
{
    gunichar first = g_utf8_get_char(text);

    for (size_t i = 0; i < G_N_ELEMENTS(eras); i++) {
        if (g_str_has_prefix(text, eras[i].kanji)) {
            *out_size = strlen(eras[i].kanji);
            return &eras[i];
        }
        if (first == eras[i].square || first == (gunichar)eras[i].letter ||
            first == (gunichar)g_ascii_tolower(eras[i].letter)) {
            *out_size = (size_t)(g_utf8_next_char(text) - text);
            return &eras[i];
        }
    }
    return NULL;
}

int
dn_date_era_year(const char *era, int era_year)
{
    size_t size = 0;
    const Era *found = era_at(era, &size);

    return found && era[size] == '\0' && era_year >= 1 ? found->first.year + era_year - 1 : 0;
}

bool
dn_date_in_era(const char *era, const DnDate *date)
{
    size_t size = 0;
    const Era *found = era_at(era, &size);

    return found && dn_date_compare(date, &found->first) >= 0 &&
           dn_date_compare(date, &found->last) <= 0;
}

static bool
refuse(const char *why, GError **error)
{
    return dn_fail(error, DN_ERROR_INVALID,
                   "not a day (%s): write 2026-04-01, 2026/4/1 or 令和8年4月1日", why);
}

/* Digits at *@cursor, at most @most of them; 元 is 1 where @gannen. */
static int
take_number(const char **cursor, int most, bool gannen)
{
    int value = 0;
    int count = 0;

    if (gannen && g_str_has_prefix(*cursor, "元")) {
        *cursor += strlen("元");
        return 1;
    }
    while (count < most && g_ascii_isdigit(**cursor)) {
        value = value * 10 + (**cursor - '0');
        (*cursor)++;
        count++;
    }
    return count ? value : -1;
}

static bool
take_mark(const char **cursor, const char *kanji)
{
    if (g_str_has_prefix(*cursor, kanji)) {
        *cursor += strlen(kanji);
        return true;
    }
    if (**cursor && strchr("-/.", **cursor)) {
        (*cursor)++;
        return true;
    }
    return false;
}

bool
dn_date_parse(const char *text, DnDate *out, GError **error)
{
    g_autofree char *plain = dn_text_nfkc(text);
    size_t era_size = 0;

    if (!plain)
        return refuse("not UTF-8", error);
    dn_text_remove_spaces(plain);
    const char *cursor = plain;
    const Era *era = era_at(cursor, &era_size);
    DnDate date = {0};

    cursor += era_size;
    if (!era && strlen(cursor) == 8 && strspn(cursor, "0123456789") == 8) {
        date.year = (int16_t)take_number(&cursor, 4, false);
        date.month = (uint8_t)take_number(&cursor, 2, false);
        date.day = (uint8_t)take_number(&cursor, 2, false);
    } else {
        int year = take_number(&cursor, era ? 2 : 4, era != NULL);
        bool year_mark = take_mark(&cursor, "年");
        int month = take_number(&cursor, 2, false);
        bool month_mark = take_mark(&cursor, "月");
        int day = take_number(&cursor, 2, false);

        if (g_str_has_prefix(cursor, "日"))
            cursor += strlen("日");
        if (year < 0 || month < 0 || day < 0 || !year_mark || !month_mark)
            return refuse("a part is missing", error);
        date = (DnDate){(int16_t)(era ? era->first.year + year - 1 : year), (uint8_t)month,
                        (uint8_t)day};
    }
    if (*cursor)
        return refuse("something follows it", error);
    if (!era && date.year < 1000)
        return refuse("the year needs four digits", error);
    if (!dn_date_is_valid(&date))
        return refuse("no such day in the calendar", error);
    if (era && (dn_date_compare(&date, &era->first) < 0 || dn_date_compare(&date, &era->last) > 0))
        return refuse("outside its era", error);
    *out = date;
    return true;
}
