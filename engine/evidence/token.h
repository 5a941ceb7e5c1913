/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/evidence/token.h - what tsa.c, record.c and proofs.c ask of token.c beyond evidence.h.
 *
 * Threads: as evidence.h.
 */
#ifndef ENGINE_EVIDENCE_TOKEN_H
#define ENGINE_EVIDENCE_TOKEN_H

#include "engine/evidence/evidence.h"
#include <openssl/asn1.h>
#include <openssl/x509.h>

G_BEGIN_DECLS

enum { DN_TOKEN_MAX_BYTES = 1024 * 1024 };

typedef struct {
    int digest_nid; /* NID_sha256 ... */
    const uint8_t *bytes;
    size_t size_bytes;
} DnTokenImprint;

/** dn_token_verify() over an imprint of any digest. The signer's certificate must also hold at
 * @renewed_utc_ms, when a newer token was put over this one; 0 when none was. */
bool dn_token_verify_imprint(GBytes *token, const DnTokenImprint *imprint, const DnTrust *trust,
                             int64_t renewed_utc_ms, DnTokenInfo *out_info, GError **error);

/** The NID of the digest by which the token stamps; NID_undef when it is no token. Verifies nothing
 * else. */
int dn_token_digest(GBytes *token);

/** (transfer full) The token in the time-stamp response @bytes, bit for bit; NULL when it is none
 * or brings none. */
GBytes *dn_token_of_response(GBytes *bytes);

/** Whose token it is: *@out_chain (transfer full, NULL when the list knows none) leads from the
 * signer to an authority of the list; *@out_crls (nullable, transfer full) are the lists that the
 * token brings along. What it stamps and what is known of revocations is not looked at. CORRUPT. */
bool dn_token_chain(GBytes *token, const DnTrust *trust, STACK_OF(X509) * *out_chain,
                    STACK_OF(X509_CRL) * *out_crls, DnTokenInfo *out_info, GError **error);

/** True when the token carries just that nonce. Verifies nothing else. */
bool dn_token_has_nonce(GBytes *token, const ASN1_INTEGER *nonce);

G_END_DECLS
#endif
