/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/evidence/trust.h - what a trust list says, for token.c.
 *
 * Threads: immutable after dn_trust_load(); everything is lent by the DnTrust.
 */
#ifndef ENGINE_EVIDENCE_TRUST_H
#define ENGINE_EVIDENCE_TRUST_H

#include "base/date.h"
#include "engine/evidence/evidence.h"
#include "engine/evidence/revocation.h"
#include <openssl/x509.h>

G_BEGIN_DECLS

typedef struct {
    char *name;
    X509 *anchor;           /* where a chain may end: a CA, or the TSA itself */
    STACK_OF(X509) * extra; /* may stand between; never trusted by itself */
    DnDate from;
    DnDate until; /* the last day; 9999-12-31 when the list names none */
    char *policy; /* (nullable) dotted OID */
    bool accredited;
} DnTrustAuthority;

size_t dn_trust_count(const DnTrust *self);
/** In the order of the file, accredited ones first. */
const DnTrustAuthority *dn_trust_peek(const DnTrust *self, size_t index);

/** What the list knows of revocations; lent. */
const DnRevoked *dn_trust_revoked(const DnTrust *self);

G_END_DECLS
#endif
