/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/law/electronic.h - by which of four ways an electronic document is kept true (規4①; law
 * rows R51, R52). Pure.
 *
 * The owner names the channels by which such documents come, and settles the way for each from a
 * day on: a document is judged by what held on the day of its receipt. A new rule is one more item.
 */
#ifndef ENGINE_LAW_ELECTRONIC_H
#define ENGINE_LAW_ELECTRONIC_H

#include "base/date.h"
#include "base/settings.h"

G_BEGIN_DECLS

/** The four ways, by the number of their item in 規4①. */
typedef enum {
    DN_KEPT_STAMPED = 1, /* it was time-stamped before it was exchanged */
    DN_KEPT_STAMP,       /* it is time-stamped promptly, or after the business cycle */
    DN_KEPT_SYSTEM,      /* it was exchanged by, and is kept in, a system that keeps a history */
    DN_KEPT_RULE,        /* by a written rule against corrections and deletions without cause */
} DnKept;

/** "stamped", "stamp", "system", "rule": as the settings write it. */
const char *dn_kept_name(DnKept kept);

/** "規4①一" ... */
const char *dn_kept_article(DnKept kept);

typedef struct DnElectronic DnElectronic;

/** Reads [law] channels ("mail;web;api=engine") and [law] electronic
 * ("rule;mail:2026-04-01=stamp"). INVALID names the item and what would be right: also for the
 * system's way where a channel's documents are put in later (電子問39). */
DnElectronic *dn_electronic_new(const DnSettings *settings, GError **error);
void dn_electronic_free(DnElectronic *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DnElectronic, dn_electronic_free)

/** INVALID for a channel that is not set up, with those that are. @channel: nullable. */
bool dn_electronic_check(const DnElectronic *self, const char *channel, GError **error);

/** The way that held on @received for what came by @channel (nullable: it was not said). */
DnKept dn_electronic_kept(const DnElectronic *self, const char *channel, const DnDate *received);

G_END_DECLS
#endif
