/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * base/date.h - days of the Gregorian calendar, and the forms in which people write them in Japan.
 *
 * Everything here is pure.
 */
#ifndef BASE_DATE_H
#define BASE_DATE_H

#include "base/error.h"
#include <stdint.h>

G_BEGIN_DECLS

typedef struct {
    int16_t year; /* 1..9999 */
    uint8_t month;
    uint8_t day;
} DnDate;

enum { DN_DATE_TEXT = 10 };

bool dn_date_is_valid(const DnDate *self);

/** Days since 1970-01-01 (negative before), and back. @self is valid. */
int32_t dn_date_to_days(const DnDate *self);
DnDate dn_date_from_days(int32_t days);

int dn_date_compare(const DnDate *a, const DnDate *b);

/** The day of a UTC time in Japan (UTC+9, no daylight saving since 1951). */
DnDate dn_date_in_japan(int64_t utc_ms);

/** "2026-04-01" into @out, which has room for DN_DATE_TEXT + 1. */
void dn_date_format(const DnDate *self, char *out);

/** The Gregorian year of year @era_year (1 = 元年) of the era @era: 令和 平成 昭和 大正 明治, one
 * of R H S T M in either case, or the one-character forms U+32FF, U+337B to U+337E. 0 when there is
 * no such era. */
int dn_date_era_year(const char *era, int era_year);

/** True when @date lies within the era, from its first day to its last (JIS X 0301). */
bool dn_date_in_era(const char *era, const DnDate *date);

/**
 * Reads a day as a person types it: 2026-04-01, 2026/4/1, 2026.4.1, 20260401, 2026年4月1日,
 * 令和8年4月1日, 令和元年5月1日, R8.4.1, R8/4/1, full-width digits and signs too, spaces ignored. A
 * day outside its era is refused. INVALID with an example of a right form.
 */
bool dn_date_parse(const char *text, DnDate *out, GError **error);

G_END_DECLS
#endif
