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
/** (transfer full) array of DnSha256: the sibling at each level from the leaf up, from which
 * dn_evidence_record_new() makes the reduced hash tree. A level at which the node stands alone adds
 * nothing; the path of the only leaf of a tree is empty. @leaf < the count of leaves. */
GArray *dn_hash_tree_path(const DnHashTree *self, size_t leaf);
void dn_hash_tree_free(DnHashTree *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DnHashTree, dn_hash_tree_free)

/** The root that @leaf and @path lead to. */
DnSha256 dn_hash_path_root(const DnSha256 *leaf, const DnSha256 *path, size_t count);

/* --- trust list (trust.c) --- */

typedef struct DnTrust DnTrust;

/**
 * Reads a trust file: GKeyFile, one group an authority:
 *   [authority NAME]  certificate=FILE.pem (CA or TSA certificate, relative to the trust file; any
 *   further certificates in FILE.pem only help to build the chain)
 *   from=2024-01-01  until=2034-12-31 (days in Japan, inclusive; until may be missing)
 *   policy=1.2.3.4 (optional: the only policy accepted)  accredited=true|false
 * INVALID with the group and the key; an unknown key is an error. NOT_FOUND, DENIED, IO for the
 * file or a certificate that cannot be read, LIMIT above 1 MiB.
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
    char *serial;    /* hexadecimal, a minus sign before a negative one */
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
 * returns. (transfer full) the DER of the TimeStampToken (a CMS ContentInfo), bit for bit as it
 * came. Only http and https, no redirects, no proxy. INVALID for the URL; EXTERNAL says what the
 * authority answered, or that it cannot be reached; LIMIT after @timeout_ms (> 0) or above 1 MiB;
 * FORMAT when the answer is no time-stamp response.
 */
GBytes *dn_tsa_stamp(const char *url, const DnSha256 *imprint, uint32_t timeout_ms, GError **error);

/**
 * Verifies a token over @imprint at its own genTime (RFC 3161 appendix B): signature, imprint,
 * signer's certificate with critical timeStamping usage, chain to @trust. CORRUPT when it does not
 * hold; an untrusted issuer is no failure but info.trusted false. Revocation is not looked up.
 *
 * "Verifies" is not "unchanged": parts of a token are not signed (the embedded issuer certificates
 * above all). Who must know that a token is the one that was archived compares its SHA-256.
 */
bool dn_token_verify(GBytes *token, const DnSha256 *imprint, const DnTrust *trust,
                     DnTokenInfo *out_info, GError **error);

/** (transfer full) PEM of every certificate in the token, signer first, for `openssl ts -verify
 * -untrusted`. */
char *dn_token_certificates_pem(GBytes *token, GError **error);

/* --- evidence records (record.c): RFC 4998 EvidenceRecord, DER --- */

/** (transfer full) The record of @leaf: @path from dn_hash_tree_path(), @token over the root. The
 * leaf itself is part of it: RFC 4998 4.3 looks for it in the first list. FORMAT when @token is no
 * ContentInfo, LIMIT when it is too large. */
GBytes *dn_evidence_record_new(const DnSha256 *leaf, const DnSha256 *path, size_t count,
                               GBytes *token, GError **error);

/**
 * Verifies a record over the data object whose SHA-256 is @leaf. Errors as dn_token_verify(), and
 * UNSUPPORTED for what RFC 4998 allows and this archive never writes: another digest than SHA-256,
 * encryption, attributes, a second chain. @out_info tells of the first token, which says since when
 * the data object exists; but trusted and accredited hold only when they hold for every token.
 */
bool dn_evidence_record_verify(GBytes *record, const DnSha256 *leaf, const DnTrust *trust,
                               DnTokenInfo *out_info, GError **error);

/** Tokens that have been verified, so that the thousands of records that share one ask once. Holds
 * for one trust list. Threads: one at a time. */
typedef struct DnTokenMemo DnTokenMemo;
DnTokenMemo *dn_token_memo_new(void);
void dn_token_memo_free(DnTokenMemo *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DnTokenMemo, dn_token_memo_free)

/** dn_evidence_record_verify() that takes from and adds to @memo (nullable). */
bool dn_evidence_record_verify_with(GBytes *record, const DnSha256 *leaf, const DnTrust *trust,
                                    DnTokenMemo *memo, DnTokenInfo *out_info, GError **error);

/** The hash that a renewal must stamp: of the newest token in @record (RFC 4998 5.2). Records that
 * share a token share it, so that one leaf in the tree of a renewal serves them all. */
bool dn_evidence_record_renewal_leaf(GBytes *record, DnSha256 *out_leaf, GError **error);

/** (transfer full) @record with one more archive time-stamp in its chain: @path leads from its
 * renewal leaf to the root that @token stamps. Time-stamp renewal, to be done before the newest
 * token's certificate ends. Errors as dn_evidence_record_new(), CORRUPT for @record. */
GBytes *dn_evidence_record_renew(GBytes *record, const DnSha256 *path, size_t count, GBytes *token,
                                 GError **error);

/** (transfer full) The oldest token in @record, bit for bit, for tools that take a token alone. */
GBytes *dn_evidence_record_token(GBytes *record, GError **error);

G_END_DECLS
#endif
