/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * base/clock.c - wall time, monotonic time, the kernel's word on both.
 */
#include "config.h"
#include "base/clock.h"

#include <sys/timex.h>
#include <time.h>

int64_t
dn_clock_now_utc_ms(void)
{
    return g_get_real_time() / 1000;
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

bool
dn_clock_parse(const char *text, int64_t *out_utc_ms, GError **error)
{
    g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
    g_autoptr(GDateTime) when = g_date_time_new_from_iso8601(text, utc);

    if (!when)
        return dn_fail(error, DN_ERROR_FORMAT, "not a time: want 2026-11-24T01:02:03.004Z");
    *out_utc_ms = g_date_time_to_unix(when) * 1000 + g_date_time_get_microsecond(when) / 1000;
    return true;
}
