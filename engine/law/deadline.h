/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/law/deadline.h - until when a document must have entered the archive (規2⑥一). Pure.
 *
 * "Entered" is the time of its time stamp, never that of an upload or a photograph (law row R04).
 */
#ifndef ENGINE_LAW_DEADLINE_H
#define ENGINE_LAW_DEADLINE_H

#include "engine/law/holidays.h"

G_BEGIN_DECLS

typedef enum {
    DN_ENTRY_EARLY, /* 早期入力方式: promptly (規2⑥一イ) */
    DN_ENTRY_CYCLE, /* 業務処理サイクル方式: after the usual cycle of work (規2⑥一ロ) */
} DnEntryMethod;

enum { DN_CYCLE_MONTHS_MOST = 2 };

/** @date plus @months, and what the civil code makes of it: a period of months that begins on @date
 * ends the day before the day of the same number, or with the month that has no such day (民法143).
 */
DnDate dn_months_end(const DnDate *date, unsigned months);

/** The day on which the business cycle of a document ends that was received on @received. */
DnDate dn_entry_cycle_end(const DnDate *received, unsigned cycle_months);

/** The last day on which a document may enter: some seven business days from the day after
 * @received, or from the day after the cycle's end. @cycle_months: 1 or 2, for the cycle only.
 * @calendar: nullable. */
DnDate dn_entry_deadline(DnEntryMethod method, unsigned cycle_months, const DnCalendar *calendar,
                         const DnDate *received);

typedef enum { DN_TIMELY_ON_TIME, DN_TIMELY_LATE, DN_TIMELY_WAITING, DN_TIMELY_NONE } DnTimely;

/** What is to be said of a document. @deadline: NULL when it has none. @entered: NULL while it
 * waits for its stamp; from the day after the deadline a waiting document is late. */
DnTimely dn_entry_verdict(const DnDate *deadline, const DnDate *entered, const DnDate *today);

/** "on_time", "late", "waiting", "n/a". */
const char *dn_timely_name(DnTimely timely);

G_END_DECLS
#endif
