/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/report.c - what the law asks of each voucher, what is shown, and what is still to be done.
 *
 * It counts and names; it certifies nothing. A stamp counts when its token has been verified now, a
 * deadline when such a stamp lies before it.
 */
#include "config.h"
#include "engine/batch.h"
#include "engine/duty.h"
#include "engine/internal.h"

#include <string.h>

typedef struct {
    DnArchive *archive;
    DnBatches *batches;
    const DnTrust *trust;
    DnDate today;
    const DnDate *from;
    const DnDate *to;
    DnRowVisitor visit;
    DnProgress progress;
    void *user_data;
    uint64_t seen;
    json_t *totals;
} Report;

static const char *const stamp_names[] = {[DN_STAMP_NONE] = "none",
                                          [DN_STAMP_BROKEN] = "broken",
                                          [DN_STAMP_UNACCREDITED] = "not accredited",
                                          [DN_STAMP_ACCREDITED] = "accredited"};

static void
count(Report *report, const char *group, const char *name)
{
    json_t *counts = group ? json_object_get(report->totals, group) : report->totals;

    if (!counts) {
        counts = json_object();
        dn_json_take(report->totals, group, counts);
    }
    dn_json_set_int(counts, name, dn_json_int(counts, name, 0) + 1);
}

/* --- stamps --- */

static DnStamp
stamp_of_version(Report *report, const DnUuid *id, const json_t *version)
{
    g_autoptr(GArray) evidence = dn_batches_evidence(report->batches, id, version, NULL);
    bool accredited = true;

    if (!evidence)
        return DN_STAMP_BROKEN;
    if (evidence->len == 0)
        return DN_STAMP_NONE;
    for (guint i = 0; i < evidence->len; i++)
        accredited = accredited && g_array_index(evidence, DnEvidence, i).batch->info.accredited;
    return accredited ? DN_STAMP_ACCREDITED : DN_STAMP_UNACCREDITED;
}

/* The worst: a broken one is worse than none. */
static DnStamp
stamp_of(Report *report, const DnUuid *id, const json_t *state)
{
    const json_t *versions = json_object_get(state, "versions");
    DnStamp worst = DN_STAMP_ACCREDITED;

    for (size_t i = 0; i < json_array_size(versions); i++) {
        DnStamp stamp = stamp_of_version(report, id, json_array_get(versions, i));

        if (stamp == DN_STAMP_BROKEN)
            return stamp;
        worst = MIN(worst, stamp);
    }
    return worst;
}

/* --- one voucher --- */

static bool
in_range(const Report *report, const json_t *state)
{
    const char *text =
        dn_json_string(json_object_get(json_object_get(state, "fields"), "date"), "value");
    DnDate date;

    if (!report->from && !report->to)
        return true;
    if (!text)
        text = dn_json_string(state, "received");
    if (!text || !dn_date_parse(text, &date, NULL))
        return true; /* what has no day must not be left out */
    return (!report->from || dn_date_compare(&date, report->from) >= 0) &&
           (!report->to || dn_date_compare(&date, report->to) <= 0);
}

static void
count_checks(Report *report, const json_t *duty)
{
    const json_t *checks = json_object_get(duty, "checks");
    const char *worst = "pass";

    for (size_t i = 0; i < json_array_size(checks); i++) {
        const char *verdict = dn_json_string(json_array_get(checks, i), "verdict");

        if (strcmp(verdict, "fail") == 0 || strcmp(worst, "pass") == 0)
            worst = verdict;
    }
    count(report, "checks", json_array_size(checks) == 0 ? "n/a" : worst);
}

/* What the sender's time stamps are worth, where the voucher is kept by them. */
static DnStamp
brought_of(const Report *report, const json_t *state)
{
    return dn_duty_wants_brought(report->archive->rules, state, &report->today)
               ? dn_sender_stamp_judge_all(report->archive, report->trust, state)
               : DN_STAMP_NONE;
}

static bool
report_voucher(const json_t *state, void *user_data, GError **error)
{
    Report *report = user_data;
    const DnRules *rules = report->archive->rules;
    DnUuid id;

    if (!in_range(report, state))
        return true;
    if (report->progress && !report->progress(++report->seen, 0, report->user_data))
        return dn_fail(error, DN_ERROR_BUSY, "stopped on request");
    count(report, NULL, "vouchers");
    if (strcmp(dn_json_string(state, "state"), "disposed") == 0) {
        count(report, NULL, "disposed");
        return true;
    }
    if (dn_json_bool(state, "deleted", false)) {
        count(report, NULL, "deleted");
        return true;
    }
    if (!dn_uuid_parse(dn_json_string(state, "voucher"), &id, error))
        return false;
    const DnShown shown = {.stamp = stamp_of(report, &id, state),
                           .brought = brought_of(report, state)};
    json_t *duty = dn_duty(rules, state, &report->today);
    json_t *open = dn_duty_open(rules, state, duty, &shown, &report->today);
    g_autoptr(json_t) row = dn_voucher_row(state);

    count(report, "entry", dn_json_string(duty, "on_time"));
    count(report, "stamp", stamp_names[shown.stamp]);
    if (dn_json_string(duty, "electronic"))
        count(report, "electronic", dn_json_string(duty, "electronic"));
    count(report, "link", dn_json_string(duty, "link"));
    count(report, "paper", dn_json_string(duty, "paper"));
    count_checks(report, duty);
    count(report, NULL, json_array_size(open) > 0 ? "open" : "nothing_open");
    for (size_t i = 0; i < json_array_size(open); i++)
        count(report, "rules_open", dn_json_string(json_array_get(open, i), "rule"));
    dn_json_set_string(row, "stamp", stamp_names[shown.stamp]);
    if (dn_duty_wants_brought(rules, state, &report->today))
        dn_json_set_string(row, "brought", stamp_names[shown.brought]);
    dn_json_take(row, "law", duty);
    dn_json_take(row, "open", open);
    return report->visit(row, report->user_data, error);
}

bool
dn_archive_report(DnArchive *self, const DnDate *from, const DnDate *to, DnRowVisitor visit,
                  DnProgress progress, void *user_data, json_t **out_totals, GError **error)
{
    g_autoptr(DnTrust) trust = dn_archive_trust(self, error);
    g_autoptr(DnBatches) batches = trust ? dn_batches_new(self, trust) : NULL;
    g_autoptr(json_t) totals = json_object();
    Report report = {.archive = self,
                     .batches = batches,
                     .trust = trust,
                     .today = dn_date_in_japan(dn_clock_now_utc_ms()),
                     .from = from,
                     .to = to,
                     .visit = visit,
                     .progress = progress,
                     .user_data = user_data,
                     .totals = totals};
    static const char *const sums[] = {"vouchers", "nothing_open", "open",
                                       "deleted",  "disposed",     NULL};

    for (const char *const *sum = sums; *sum; sum++)
        dn_json_set_int(totals, *sum, 0);
    if (!batches || !dn_view_each(self, report_voucher, &report, error))
        return false;
    json_t *history = dn_view_settled(self, error);

    if (!history)
        return false;
    dn_json_take(totals, "rules", dn_settled(self));
    dn_json_take(totals, "rules_since", history);
    *out_totals = g_steal_pointer(&totals);
    return true;
}
