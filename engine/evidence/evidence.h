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

#include "base/date.h"
#include "base/digest.h"
#include "base/error.h"

G_BEGIN_DECLS

/* --- hashes of either kind (hashtree.c, pure) --- */

/** What a hash tree is made of; the value is the size in bytes. SHA-512 takes over when SHA-256
 * weakens (RFC 4998 5.3). */
typedef enum {
    DN_HASH_SHA256 = 32,
    DN_HASH_SHA512 = 64,
} DnHashKind;

enum { DN_HASH_MAX = 64 };

typedef struct {
    DnHashKind kind;
    uint8_t bytes[DN_HASH_MAX]; /* the first @kind of them */
} DnHash;

DnHash dn_hash(DnHashKind kind, const void *bytes, size_t size);
DnHash dn_hash_bytes(DnHashKind kind, GBytes *bytes);
DnHash dn_hash_of_sha256(const DnSha256 *hash);
bool dn_hash_equal(const DnHash *a, const DnHash *b);
/** "sha256" or "sha512". */
const char *dn_hash_kind_name(DnHashKind kind);
/** False for a name of no kind that is known. */
bool dn_hash_kind_parse(const char *name, DnHashKind *out_kind);
/** (transfer full) Its hexadecimal digits. */
char *dn_hash_hex(const DnHash *hash);
/** Reads digits back; their number says the kind. FORMAT. */
bool dn_hash_unhex(const char *text, DnHash *out_hash, GError **error);

/* --- hash tree (hashtree.c, pure) --- */

typedef struct DnHashTree DnHashTree;

/** A binary tree over @count >= 1 leaves of one kind in the order given; one leaf: the root is that
 * leaf. A node is the hash of its children's hashes in binary ascending order, one after the other
 * (RFC 4998 4.2.1). */
DnHashTree *dn_hash_tree_new(const DnHash *leaves, size_t count);
DnHash dn_hash_tree_root(const DnHashTree *self);
/** (transfer full) array of DnHash: the sibling at each level from the leaf up, from which
 * dn_evidence_record_new() makes the reduced hash tree. A level at which the node stands alone adds
 * nothing; the path of the only leaf of a tree is empty. @leaf < the count of leaves. */
GArray *dn_hash_tree_path(const DnHashTree *self, size_t leaf);
void dn_hash_tree_free(DnHashTree *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DnHashTree, dn_hash_tree_free)

/** The root that @leaf and @path lead to. */
DnHash dn_hash_path_root(const DnHash *leaf, const DnHash *path, size_t count);

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
typedef enum {
    DN_PROOF_CRL,          /* DER (RFC 5280) */
    DN_PROOF_OCSP,         /* DER, an OCSPResponse (RFC 6960) */
    DN_PROOF_CERTIFICATES, /* PEM: they help to build chains and are trusted by nobody */
} DnProofKind;

enum { DN_PROOF_MAX_BYTES = 4 * 1024 * 1024 };

/** Adds what is known of revocations: from then on tokens that verify against the list are held
 * against it. To be done before other threads have the list. What nobody of the list has signed
 * says nothing. FORMAT, LIMIT. */
bool dn_trust_add_proof(DnTrust *self, DnProofKind kind, GBytes *bytes, GError **error);
/** Trusts nobody: tokens still verify by their own signature and show as NON-ACCREDITED, issuer
 * unknown. */
DnTrust *dn_trust_new_empty(void);
void dn_trust_free(DnTrust *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DnTrust, dn_trust_free)

/* --- revocation (revocation.c) --- */

typedef enum {
    DN_REVOCATION_UNKNOWN, /* nothing that was kept speaks of every certificate of the chain */
    DN_REVOCATION_GOOD,
    DN_REVOCATION_REVOKED,
} DnRevocationState;

/** What is known of the certificates of a signer's chain, at the time of its token. */
typedef struct {
    DnRevocationState state;
    bool by_ocsp;         /* else by a CRL */
    int64_t as_of_utc_ms; /* when that was issued */
    int64_t next_utc_ms;  /* until when it is the newest */
    int64_t since_utc_ms; /* revoked: since when */
    int reason;           /* RFC 5280 5.3.1; -1: not stated */
} DnRevocation;

/** (transfer full) "not revoked, by CRL of 2026-04-01T…", "revocation unknown", "REVOKED since …".
 */
char *dn_revocation_text(const DnRevocation *revocation);

/* --- tokens (tsa.c, token.c) --- */

typedef struct {
    int64_t gen_time_utc_ms;
    char *serial;           /* hexadecimal, a minus sign before a negative one */
    char *policy;           /* dotted OID */
    char *authority;        /* name in the trust list, or the signer's subject */
    bool trusted;           /* chains to an authority of the trust list whose dates cover genTime */
    bool accredited;        /* and that is marked as accredited; false is shown as NON-ACCREDITED */
    int64_t until_utc_ms;   /* when the first certificate of the signer's chain ends, as far as it
                               is known */
    unsigned security_bits; /* of the signer's key and of what was signed: the weaker one */
    char *signer;           /* SHA-256 of the signer's certificate */
    DnRevocation revocation; /* unknown or good: a token of a revoked signer does not hold */
} DnTokenInfo;

void dn_token_info_clear(DnTokenInfo *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(DnTokenInfo, dn_token_info_clear)

/** An authority, and how it is asked. */
typedef struct {
    const char *url;
    const char *policy;  /* (nullable) dotted OID: asked for, and no other is accepted */
    uint32_t timeout_ms; /* > 0 */
} DnTsa;

/**
 * Asks the authority at @tsa->url (RFC 3161 over HTTP, section 3.4) for a token over @imprint, with
 * a nonce and with its certificate. Checks status, imprint, nonce, policy and signature before it
 * returns. (transfer full) the DER of the TimeStampToken (a CMS ContentInfo), bit for bit as it
 * came. Only http and https, no redirects, no proxy. INVALID for the URL or the policy; EXTERNAL
 * says what the authority answered, or that it cannot be reached; LIMIT after @tsa->timeout_ms or
 * above 1 MiB; FORMAT when the answer is no time-stamp response.
 */
GBytes *dn_tsa_stamp(const DnTsa *tsa, const DnHash *imprint, GError **error);

/**
 * Verifies a token over @imprint at its own genTime (RFC 3161 appendix B): signature, imprint,
 * signer's certificate with critical timeStamping usage, chain to @trust, and that what @trust
 * knows of revocations does not undo it. CORRUPT when it does not hold; an untrusted issuer is no
 * failure but info.trusted false.
 *
 * "Verifies" is not "unchanged": parts of a token are not signed (the embedded issuer certificates
 * above all). Who must know that a token is the one that was archived compares its SHA-256.
 */
bool dn_token_verify(GBytes *token, const DnHash *imprint, const DnTrust *trust,
                     DnTokenInfo *out_info, GError **error);

/** The same of a token over which a newer one was put at @renewed_utc_ms: its signer's certificate
 * must have held until then. 0: none was. */
bool dn_token_verify_until(GBytes *token, const DnHash *imprint, const DnTrust *trust,
                           int64_t renewed_utc_ms, DnTokenInfo *out_info, GError **error);

/** True when @trust knows a chain to the signer of @token, and somebody in it who could revoke. */
bool dn_token_is_revocable(GBytes *token, const DnTrust *trust);

/** Where proofs that a signer was not revoked are looked for. */
typedef struct {
    const char *const *files; /* (nullable) CRLs in files, DER or PEM; ended by NULL */
    bool fetch;               /* where the certificates say, over http: CRLs, else OCSP */
    uint32_t timeout_ms;      /* of each question, > 0 */
} DnProofSources;

/** What was found. */
typedef struct {
    GBytes *chain;           /* PEM, signer first, the trusted one last; NULL: no chain is known */
    GPtrArray *crls;         /* GBytes, DER */
    GPtrArray *answers;      /* GBytes: OCSP responses */
    DnRevocation revocation; /* of the token, by these alone */
    char *problem;           /* (nullable) why a source gave nothing */
} DnProofs;

void dn_proofs_free(DnProofs *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DnProofs, dn_proofs_free)

/** (transfer full) Gathers what shows that the signer of @token, which holds, was not revoked: what
 * the token brings along, then @sources. Only for a signer that @trust knows: no other may say
 * where this program connects to. What is of use is added to @trust. CORRUPT for the token. */
DnProofs *dn_proofs_gather(GBytes *token, DnTrust *trust, const DnProofSources *sources,
                           GError **error);

/** (transfer full) PEM of every certificate in the token, signer first, for `openssl ts -verify
 * -untrusted`. */
char *dn_token_certificates_pem(GBytes *token, GError **error);

/* --- evidence records (record.c): RFC 4998 EvidenceRecord, DER --- */

/** (transfer full) The record of @leaf: @path from dn_hash_tree_path(), @token over the root. The
 * leaf itself is part of it: RFC 4998 4.3 looks for it in the first list. FORMAT when @token is no
 * ContentInfo, LIMIT when it is too large. */
GBytes *dn_evidence_record_new(const DnHash *leaf, const DnHash *path, size_t count, GBytes *token,
                               GError **error);

/**
 * Verifies a record over the data object whose hash is @document. Errors as dn_token_verify(), and
 * UNSUPPORTED for what RFC 4998 allows and this archive never writes: another digest than SHA-256
 * and SHA-512, encryption, attributes. @out_info tells of the first token, which says since when
 * the data object exists; but trusted, accredited and that no signer was revoked hold only when
 * they hold for every token.
 */
bool dn_evidence_record_verify(GBytes *record, const DnHash *document, const DnTrust *trust,
                               DnTokenInfo *out_info, GError **error);

/** Tokens that have been verified, so that the thousands of records that share one ask once. Holds
 * for one trust list. Threads: one at a time. */
typedef struct DnTokenMemo DnTokenMemo;
DnTokenMemo *dn_token_memo_new(void);
void dn_token_memo_free(DnTokenMemo *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DnTokenMemo, dn_token_memo_free)

/** The same with the document's hash in every kind that the record uses, @document_count of them,
 * taking from and adding to @memo (nullable). INVALID when a kind is missing. */
bool dn_evidence_record_verify_with(GBytes *record, const DnHash *documents, size_t document_count,
                                    const DnTrust *trust, DnTokenMemo *memo, DnTokenInfo *out_info,
                                    GError **error);

/** True when the record has a chain over hashes of @kind: verifying it wants the document's. */
bool dn_evidence_record_uses(GBytes *record, DnHashKind kind);

/** The hash that a time-stamp renewal must stamp: of the newest token in @record, of the kind of
 * its newest chain (RFC 4998 5.2). Records that share a token share it, so that one leaf in the
 * tree of a renewal serves them all. */
bool dn_evidence_record_renewal_leaf(GBytes *record, DnHash *out_leaf, GError **error);

/** (transfer full) @record with one more archive time-stamp in its newest chain: @path leads from
 * its renewal leaf to the root that @token stamps. Time-stamp renewal, to be done before the newest
 * token's certificate ends. Errors as dn_evidence_record_new(), CORRUPT for @record. */
GBytes *dn_evidence_record_renew(GBytes *record, const DnHash *path, size_t count, GBytes *token,
                                 GError **error);

/** The hash that a hash-tree renewal must stamp (RFC 4998 5.3): of @document, the data object's
 * hash of the fresh kind, and of all chains of @record. */
bool dn_evidence_record_rehash_leaf(GBytes *record, const DnHash *document, DnHash *out_leaf,
                                    GError **error);

/** (transfer full) @record with one more chain: @path leads from @leaf, which
 * dn_evidence_record_rehash_leaf() gave, to the root that @token stamps. Hash-tree renewal, to be
 * done before the digest of the newest chain weakens. Errors as dn_evidence_record_renew(). */
GBytes *dn_evidence_record_rehash(GBytes *record, const DnHash *leaf, const DnHash *path,
                                  size_t count, GBytes *token, GError **error);

/** (transfer full) The oldest token in @record, bit for bit, for tools that take a token alone. */
GBytes *dn_evidence_record_token(GBytes *record, GError **error);

/* --- how long algorithms last (strength.c, pure) --- */

/** The last day on which what has @security_bits may still be relied on for new proof: NIST SP
 * 800-57 part 1, and a day of our own where it names none. */
DnDate dn_strength_until(unsigned security_bits);

/** Bits of security of a hash tree of @kind: half of its size (collisions). */
unsigned dn_strength_of_hash(DnHashKind kind);

G_END_DECLS
#endif
