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
 * "may go"|"n/a","electronic":"stamped"|"stamp"|"system"|"rule"?,"option":1..4?,"article"?,
 * "shown_by"?,"device"?,"test_chart"?,"back"?,"bundle"?,"amounts"?,"checks":[...]}
 *
 * "entered_at" is the time of the first version's stamp (law row R04). "checks" are those of the
 * newest capture, judged again by what is known now of paper, kind and test chart. Of an electronic
 * document "electronic", "option" and "article" say by which of the four ways it is kept (R51),
 * "shown_by" what shows it; without that nothing does.
 */
json_t *dn_duty(const DnRules *rules, const json_t *state, const DnDate *today);

/** The last day on which the voucher must be kept; false when its day of receipt is damaged. */
bool dn_duty_keep_until(const DnRules *rules, const json_t *state, DnDate *out_until);

typedef enum { DN_STAMP_NONE, DN_STAMP_BROKEN, DN_STAMP_UNACCREDITED, DN_STAMP_ACCREDITED } DnStamp;

/** What was found of a voucher's time stamps, each the worst of all its versions. */
typedef struct {
    DnStamp stamp;   /* ours */
    DnStamp brought; /* those that the versions came with, by which it is kept (規4①一) */
} DnShown;

/** (transfer full) {"electronic","option","article","shown_by"?}: how an electronic document is
 * kept (R51); NULL for a scan. */
json_t *dn_duty_kept(const DnRules *rules, const json_t *state, const DnDate *today);

/** True when the voucher is kept by the time stamp that it came with: dn_duty_open() then wants to
 * know what that is worth. */
bool dn_duty_wants_brought(const DnRules *rules, const json_t *state, const DnDate *today);

/** (transfer full) Array of {"rule","what","do"}: what is not shown of a voucher. @duty: of
 * dn_duty(). */
json_t *dn_duty_open(const DnRules *rules, const json_t *state, const json_t *duty,
                     const DnShown *shown, const DnDate *today);

G_END_DECLS
#endif
