/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/evidence/token.h - what tsa.c and record.c ask of token.c beyond evidence.h.
 *
 * Threads: as evidence.h.
 */
#ifndef ENGINE_EVIDENCE_TOKEN_H
#define ENGINE_EVIDENCE_TOKEN_H

#include "engine/evidence/evidence.h"
#include <openssl/asn1.h>

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

/** True when the token carries just that nonce. Verifies nothing else. */
bool dn_token_has_nonce(GBytes *token, const ASN1_INTEGER *nonce);

G_END_DECLS
#endif
