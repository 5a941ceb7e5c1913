/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/duty.h - what the law asks of one voucher, and what is shown of it.
 *
 * Pure: from a voucher's state, the owner's rules and the day. Nothing here calls a voucher lawful;
 * it says what is shown and what is still to be done.
 */
#ifndef ENGINE_DUTY_H
#define ENGINE_DUTY_H

#include "base/json.h"
#include "engine/law/rules.h"

G_BEGIN_DECLS

/**
 * (transfer full) {"importance":"important"|"general","entry_deadline"?,"entered_at"?,
 * "on_time":"on_time"|"late"|"waiting"|"n/a","rescans":[{"version","deadline","on_time"}]?,
 * "fiscal_year":"A..B","keep_until","link":"linked"|"none"|"pending"|"n/a","paper":"keep"|
 * "may go"|"n/a","electronic":"stamp"|"rule"?,"bundle"?,"amounts"?,"checks":[...]}
 *
 * "entered_at" is the time of the first version's stamp (law row R04). "checks" are those of the
 * newest capture, judged again by what is known now of paper, kind and test chart.
 */
json_t *dn_duty(const DnRules *rules, const json_t *state, const DnDate *today);

/** The last day on which the voucher must be kept; false when its day of receipt is damaged. */
bool dn_duty_keep_until(const DnRules *rules, const json_t *state, DnDate *out_until);

typedef enum { DN_STAMP_NONE, DN_STAMP_BROKEN, DN_STAMP_UNACCREDITED, DN_STAMP_ACCREDITED } DnStamp;

/** (transfer full) Array of {"rule","what","do"}: what is not shown of a voucher. @duty: of
 * dn_duty(). @stamp: the worst of all its versions. */
json_t *dn_duty_open(const DnRules *rules, const json_t *state, const json_t *duty, DnStamp stamp,
                     const DnDate *today);

G_END_DECLS
#endif
