/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/evidence/evidence.h - proof that bytes existed at a time, checkable without this program.
 *
 * A batch is one hash tree (RFC 4998 section 4.2) over the SHA-256 of each new original and of the
 * ledger's head; one RFC 3161 token stamps its root. Each voucher's evidence record is the reduced
 * hash tree of its leaf and the token: it verifies alone, offline.
 *
 * Threads: all calls may come from any thread; a DnTrust is immutable.
 */
#ifndef ENGINE_EVIDENCE_EVIDENCE_H
#define ENGINE_EVIDENCE_EVIDENCE_H

#include "base/digest.h"
#include "base/error.h"

G_BEGIN_DECLS

/* --- hash tree (hashtree.c, pure) --- */

typedef struct DnHashTree DnHashTree;

/** A binary tree over @count >= 1 leaves in the order given; one leaf: the root is that leaf. A
 * node is SHA-256 of its children's hashes in binary ascending order, one after the other (RFC
 * 4998 4.2.1). */
DnHashTree *dn_hash_tree_new(const DnSha256 *leaves, size_t count);
DnSha256 dn_hash_tree_root(const DnHashTree *self);
/** (transfer full) array of DnSha256: the sibling at each level from the leaf up: the reduced hash
 * tree. */
GArray *dn_hash_tree_path(const DnHashTree *self, size_t leaf);
void dn_hash_tree_free(DnHashTree *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DnHashTree, dn_hash_tree_free)

/** The root that @leaf and @path lead to. */
DnSha256 dn_hash_path_root(const DnSha256 *leaf, const DnSha256 *path, size_t count);

/* --- trust list (trust.c) --- */

typedef struct DnTrust DnTrust;

/**
 * Reads a trust file: GKeyFile, one group an authority:
 *   [authority NAME]  certificate=FILE.pem (CA or TSA certificate, relative to the trust file)
 *   from=2024-01-01  until=2034-12-31 (accreditation, inclusive; until may be missing)
 *   policy=1.2.3.4 (optional: the only policy accepted)  accredited=true|false
 * INVALID with the line's group; an unknown key is an error.
 */
DnTrust *dn_trust_load(const char *path, GError **error);
/** Trusts nobody: tokens still verify by their own signature and show as NON-ACCREDITED, issuer
 * unknown. */
DnTrust *dn_trust_new_empty(void);
void dn_trust_free(DnTrust *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DnTrust, dn_trust_free)

/* --- tokens (tsa.c, token.c) --- */

typedef struct {
    int64_t gen_time_utc_ms;
    char *serial;    /* hexadecimal */
    char *policy;    /* dotted OID */
    char *authority; /* name in the trust list, or the signer's subject */
    bool trusted;    /* chains to an authority of the trust list whose dates cover genTime */
    bool accredited; /* and that is marked as accredited; false is shown as NON-ACCREDITED */
} DnTokenInfo;

void dn_token_info_clear(DnTokenInfo *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(DnTokenInfo, dn_token_info_clear)

/**
 * Asks the authority at @url (RFC 3161 over HTTP, section 3.4) for a token over @imprint (SHA-256),
 * with a nonce and with its certificate. Checks status, imprint, nonce and signature before it
 * returns. (transfer full) the DER of the TimeStampToken (a CMS ContentInfo). EXTERNAL says what
 * the authority answered; LIMIT after @timeout_ms; FORMAT.
 */
GBytes *dn_tsa_stamp(const char *url, const DnSha256 *imprint, uint32_t timeout_ms, GError **error);

/**
 * Verifies a token over @imprint at its own genTime (RFC 3161 appendix B): signature, imprint,
 * signer's certificate with critical timeStamping usage, chain to @trust. CORRUPT when it does not
 * hold; an untrusted issuer is no failure but info.trusted false.
 */
bool dn_token_verify(GBytes *token, const DnSha256 *imprint, const DnTrust *trust,
                     DnTokenInfo *out_info, GError **error);

/** (transfer full) PEM of every certificate in the token, signer first, for `openssl ts -verify
 * -untrusted`. */
char *dn_token_certificates_pem(GBytes *token, GError **error);

/* --- evidence records (record.c): RFC 4998 EvidenceRecord, DER --- */

/** (transfer full) The record of one leaf: @path from dn_hash_tree_path(), @token over the root. */
GBytes *dn_evidence_record_new(const DnSha256 *path, size_t count, GBytes *token, GError **error);

/** Verifies a record over the data object whose SHA-256 is @leaf. Errors as dn_token_verify(). */
bool dn_evidence_record_verify(GBytes *record, const DnSha256 *leaf, const DnTrust *trust,
                               DnTokenInfo *out_info, GError **error);

G_END_DECLS
#endif
