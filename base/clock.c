/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * base/clock.c - wall time, monotonic time, the kernel's word on both.
 */
#include "config.h"
#include "base/clock.h"

#include <string.h>
#include <sys/timex.h>
#include <time.h>

static int64_t clock_shift_ms;

void
dn_clock_shift(int64_t ms)
{
    clock_shift_ms = ms;
}

int64_t
dn_clock_now_utc_ms(void)
{
    return g_get_real_time() / 1000 + clock_shift_ms;
}

int64_t
dn_clock_monotonic_ms(void)
{
    return g_get_monotonic_time() / 1000;
}

DnClockReading
dn_clock_read(void)
{
    struct timex state = {0};
    int result = adjtimex(&state);
    DnClockReading reading = {.now_utc_ms = dn_clock_now_utc_ms(), .max_error_us = -1};

    if (result >= 0) {
        reading.synchronised = result != TIME_ERROR && !(state.status & STA_UNSYNC);
        reading.max_error_us = state.maxerror;
    }
    return reading;
}

char *
dn_clock_format(int64_t utc_ms)
{
    time_t seconds = (time_t)(utc_ms / 1000);
    int ms = (int)(utc_ms % 1000);
    struct tm tm;

    if (ms < 0) {
        ms += 1000;
        seconds--;
    }
    gmtime_r(&seconds, &tm);
    return g_strdup_printf("%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", tm.tm_year + 1900, tm.tm_mon + 1,
                           tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, ms);
}

static bool
read_number(const char *digits, unsigned count, int *out)
{
    *out = 0;
    for (unsigned i = 0; i < count; i++) {
        if (!g_ascii_isdigit(digits[i]))
            return false;
        *out = *out * 10 + (digits[i] - '0');
    }
    return true;
}

/* What dn_clock_format() writes, which is nearly all that is ever read. */
static bool
parse_own_form(const char *text, int64_t *out_utc_ms)
{
    static const char form[] = "0000-00-00T00:00:00.000Z";
    struct tm tm = {0};
    struct tm whole;
    int ms = 0;

    if (strlen(text) != sizeof form - 1)
        return false;
    for (size_t i = 0; i < sizeof form - 1; i++)
        if (form[i] != '0' && form[i] != text[i])
            return false;
    if (!read_number(text, 4, &tm.tm_year) || !read_number(text + 5, 2, &tm.tm_mon) ||
        !read_number(text + 8, 2, &tm.tm_mday) || !read_number(text + 11, 2, &tm.tm_hour) ||
        !read_number(text + 14, 2, &tm.tm_min) || !read_number(text + 17, 2, &tm.tm_sec) ||
        !read_number(text + 20, 3, &ms))
        return false;
    tm.tm_year -= 1900;
    tm.tm_mon--;
    whole = tm;
    *out_utc_ms = (int64_t)timegm(&whole) * 1000 + ms;
    return whole.tm_mday == tm.tm_mday && whole.tm_mon == tm.tm_mon && whole.tm_sec == tm.tm_sec &&
           whole.tm_min == tm.tm_min && whole.tm_hour == tm.tm_hour && tm.tm_year >= -1899;
}

bool
dn_clock_parse(const char *text, int64_t *out_utc_ms, GError **error)
{
    int64_t own = 0;

    if (parse_own_form(text, &own)) {
        *out_utc_ms = own;
        return true;
    }
    g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
    g_autoptr(GDateTime) when = g_date_time_new_from_iso8601(text, utc);

    if (!when)
        return dn_fail(error, DN_ERROR_FORMAT, "not a time: want 2026-11-24T01:02:03.004Z");
    *out_utc_ms = g_date_time_to_unix(when) * 1000 + g_date_time_get_microsecond(when) / 1000;
    return true;
}
