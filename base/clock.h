/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * base/clock.h - what time it is, and how far that can be trusted.
 *
 * Times are UTC and count milliseconds since 1970. What the kernel says of its synchronisation is
 * stored with each ledger entry, because a time stamp is worth what its clock was worth.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include "base/error.h"
#include <stdint.h>

G_BEGIN_DECLS

typedef struct {
    int64_t now_utc_ms;
    bool synchronised;    /* the kernel's clock is disciplined by NTP or PTP */
    int64_t max_error_us; /* the kernel's bound on its own error; -1 when unknown */
} DnClockReading;

/** Reads the clock and adjtimex(2). Never fails: what the kernel does not tell is "unknown". */
DnClockReading dn_clock_read(void);

/** Now, milliseconds since 1970 UTC. */
int64_t dn_clock_now_utc_ms(void);

/** For tests that live through years: from now on every reading of the time is later by this much.
 * Not before threads that read it. */
void dn_clock_shift(int64_t ms);

/** Milliseconds of a clock that never jumps; for time-outs. */
int64_t dn_clock_monotonic_ms(void);

/** (transfer full) "2026-11-24T01:02:03.004Z": RFC 3339, always UTC, always three decimals. */
char *dn_clock_format(int64_t utc_ms);

/** Reads back what dn_clock_format() wrote. FORMAT. */
bool dn_clock_parse(const char *text, int64_t *out_utc_ms, GError **error);

G_END_DECLS
#endif
