/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/ledger/ledger.h - entries: one line of canonical JSON each, chained by SHA-256.
 *
 *   {"actor":"cli:root","at":"2026-11-24T01:02:03.004Z","clock":{"error_us":1200,"sync":true},
 *    "prev":"<64 hex>","seq":17,"tenant":"<uuid>","type":"voucher.corrected","voucher":"<uuid>",
 * ...}
 *
 * "prev" is the SHA-256 of the line before, in the form it is exported, without its line feed; the
 * first entry's is 64 zeros. An auditor checks a ledger with sha256sum and a text editor. Pure: no
 * file, no key.
 */
#ifndef ENGINE_LEDGER_LEDGER_H
#define ENGINE_LEDGER_LEDGER_H

#include "base/clock.h"
#include "base/digest.h"
#include "base/json.h"
#include "base/uuid.h"

G_BEGIN_DECLS

/** Where a tenant's chain ends. All zero before the first entry. */
typedef struct {
    uint64_t seq;
    DnSha256 hash;
} DnLedgerHead;

/** Every type of entry; the list is closed, an entry of another does not parse: UNSUPPORTED names
 * it. */
bool dn_entry_type_known(const char *type);

/**
 * The canonical line for @body (type and the members of that type), as the entry after @head; sets
 * seq, prev, tenant, actor, at and clock. (transfer full) INVALID for an unknown type, a member
 * that @body may not set, or a value without canonical form.
 * @out_head is the head after it.
 */
char *dn_entry_line(const json_t *body, const DnUuid *tenant, const char *actor,
                    const DnClockReading *clock, const DnLedgerHead *head, DnLedgerHead *out_head,
                    GError **error);

/**
 * Parses a line and checks it against the chain: canonical form byte for byte, seq, prev and
 * tenant. @head moves on. CORRUPT says which entry and what does not fit, UNSUPPORTED its type.
 * (transfer full)
 */
json_t *dn_entry_check(const char *line, const DnUuid *tenant, DnLedgerHead *head, GError **error);

/**
 * The two halves of dn_entry_check(), for who has many lines and several cores: what a line says of
 * itself (canonical form, members; *@out_hash is its SHA-256), and whether it follows @head, which
 * moves on. @hash is of the line that @entry was parsed from. @line is read in place: changed, and
 * lent to the result.
 */
const DnValue *dn_entry_parse(DnArena *arena, char *line, DnSha256 *out_hash, GError **error);
bool dn_entry_follow(const DnValue *entry, const DnSha256 *hash, const DnUuid *tenant,
                     DnLedgerHead *head, GError **error);

G_END_DECLS
#endif
