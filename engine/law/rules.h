/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/law/rules.h - what one archive's owner has settled of what the law leaves open. Pure.
 *
 * Read from the sections [law] and [retention] of dencho.conf. A choice that holds for a period
 * stands as a list "2026-04-01=each;2027-04-01=total": it changes with a fiscal year and never
 * within one (law row R44).
 */
#ifndef ENGINE_LAW_RULES_H
#define ENGINE_LAW_RULES_H

#include "base/settings.h"
#include "engine/law/deadline.h"
#include "engine/law/electronic.h"
#include "engine/law/retention.h"

G_BEGIN_DECLS

typedef struct DnRules DnRules;

/** INVALID names the setting, says what is wrong with it and what would be right: also for the
 * entry by cycle without a written procedure (R03) and for a way of keeping e-transactions that
 * this archive cannot carry (R52). */
DnRules *dn_rules_new(const DnSettings *settings, GError **error);
void dn_rules_free(DnRules *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DnRules, dn_rules_free)

/** Whether 重要書類 is what the owner treats a document of @kind as (R01, K4). */
bool dn_rules_is_important(const DnRules *self, const char *kind);

/** How and when a document came: on paper that was scanned, or as data. */
typedef struct {
    bool is_scan;
    const char *channel; /* (nullable) of data: by which it came, when that was said */
    DnDate received;
} DnArrival;

/** R51: by which of the four ways such a document is kept; not for scans. */
DnKept dn_rules_kept(const DnRules *self, const DnArrival *arrival);

/** INVALID for a channel that the owner has not set up. @channel: nullable. */
bool dn_rules_check_channel(const DnRules *self, const char *channel, GError **error);

/** The last day on which a document may enter. False when it has none: a general document
 * (R08), or an e-transaction that is kept in another way than by our time stamp (R51). */
bool dn_rules_deadline(const DnRules *self, const DnArrival *arrival, const char *kind,
                       DnDate *out_deadline);

/** R07: until when a new scan of a bad one that was found on @found may enter. */
DnDate dn_rules_rescan_deadline(const DnRules *self, const DnDate *found);

/** R23: scans are kept without time stamps, by the synchronised clock of a third party that keeps
 * them for the taxpayer (規2⑥二柱書, 通4-26). */
bool dn_rules_hosted(const DnRules *self);

/** True when a stamp is part of how such a document is kept (R19, R51). */
bool dn_rules_want_stamp(const DnRules *self, const DnArrival *arrival);

/** The last day on which a document must be kept. @kinds: all that it was ever called, so that a
 * correction never shortens it. */
DnDate dn_rules_keep_until(const DnRules *self, const DnDate *received, const char *const *kinds);

DnFiscalYear dn_rules_fiscal_year(const DnRules *self, const DnDate *date);

/** R44: "each" or "total": what stands as date and amount of a monthly bundle that is dated @date.
 * R45: "as-printed", "incl" or "excl" of tax. NULL when nothing is settled for that day. */
const char *dn_rules_bundle(const DnRules *self, const DnDate *date);
const char *dn_rules_amount_basis(const DnRules *self, const DnDate *date);

/** R61: whether scans of @kind are kept as data on the day of receipt; true when nothing is said of
 * that kind. */
bool dn_rules_scans_kept(const DnRules *self, const char *kind, const DnDate *received);

typedef enum { DN_CHART_NONE, DN_CHART_FAILED, DN_CHART_PASSED } DnChart;

/** R14, R15: the newest test chart of @device up to @day: of its own row, else the one that is for
 * all. *@out_record: where its record is (lent), NULL unless it was passed. @device: nullable. */
DnChart dn_rules_test_chart(const DnRules *self, const char *device, const DnDate *day,
                            const char **out_record);

/** The reference of the written procedure; NULL when none is recorded. */
const char *dn_rules_procedure(const DnRules *self);

/** R53: electronic documents are corrected and deleted by request and approval only. */
bool dn_rules_second_person(const DnRules *self);

G_END_DECLS
#endif
