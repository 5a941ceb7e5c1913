/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/evidence/revocation.h - what is known of certificates that were revoked, for trust.c and
 * token.c.
 *
 * Threads: adding is before, asking from any thread.
 */
#ifndef ENGINE_EVIDENCE_REVOCATION_H
#define ENGINE_EVIDENCE_REVOCATION_H

#include "engine/evidence/evidence.h"
#include <openssl/x509.h>

G_BEGIN_DECLS

typedef struct DnRevoked DnRevoked;

DnRevoked *dn_revoked_new(void);
void dn_revoked_free(DnRevoked *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DnRevoked, dn_revoked_free)

/** As dn_trust_add_proof(). What is there already is not added again. */
bool dn_revoked_add(DnRevoked *self, DnProofKind kind, GBytes *bytes, GError **error);

/** Lends the certificates that came with proofs: they help to build chains. */
const STACK_OF(X509) * dn_revoked_certificates(const DnRevoked *self);

/** What is known of the certificates of @chain, the last of which is trusted for itself. The token
 * is of @gen_utc_ms and was renewed at @renewed_utc_ms, or never: 0. */
DnRevocation dn_revoked_judge(const DnRevoked *self, STACK_OF(X509) * chain, int64_t gen_utc_ms,
                              int64_t renewed_utc_ms);

/** The same of the one certificate at @index of @chain. */
DnRevocation dn_revoked_judge_one(const DnRevoked *self, STACK_OF(X509) * chain, int index,
                                  int64_t gen_utc_ms, int64_t renewed_utc_ms);

G_END_DECLS
#endif
