/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/batch.h - time stamps, loaded once for all the vouchers that stand on them, and the chain
 * of stamps and renewals that is the evidence of one version.
 *
 * Threads: one at a time.
 */
#ifndef ENGINE_BATCH_H
#define ENGINE_BATCH_H

#include "engine/internal.h"

G_BEGIN_DECLS

typedef struct {
    uint64_t seq; /* of its evidence.stamped or evidence.renewed entry */
    GArray *leaves;
    DnHashTree *tree;
    GBytes *token;
    GBytes *list; /* the leaves as they are stored */
    DnTokenInfo info;
    uint64_t renewed_by;  /* seq of the time stamp over its token; 0: none */
    uint64_t rehashed_by; /* seq of the time stamp over its documents by a stronger digest */
    GError *failure;      /* why the stamp proves nothing; NULL: it holds, until it was renewed */
    GHashTable *places;   /* DnLeaf -> its number + 1 */
} DnBatch;

typedef struct DnBatches DnBatches;

DnBatches *dn_batches_new(DnArchive *archive, const DnTrust *trust);
void dn_batches_free(DnBatches *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DnBatches, dn_batches_free)

/** Lends the stamp that @stamp ({"seq","token","leaves","root"}) names, verified when first asked
 * for: leaves, tree, root, token, and that the token held until it was renewed. Never NULL; look at
 * failure. */
const DnBatch *dn_batches_get(DnBatches *self, const json_t *stamp);

/** The place of a document's leaf in the batch that stamped it first, or -1. */
ssize_t dn_batch_find(const DnBatch *batch, const DnUuid *voucher, uint64_t version,
                      const DnSha256 *digest);

/** One step of a version's evidence. */
typedef struct {
    const DnBatch *batch; /* lent until it is forgotten */
    size_t leaf;
    bool opens_chain; /* over the document; else over the token of the step before */
} DnEvidence;

/**
 * (transfer full) array of DnEvidence: the first stamp of a version that has one, and each renewal
 * since, every one of them verified, and that their leaves follow one from the other. CORRUPT says
 * what does not hold.
 */
GArray *dn_batches_evidence(DnBatches *self, const DnUuid *voucher, const json_t *version,
                            GError **error);

/** (transfer full) The evidence record (RFC 4998) that the first @count steps make. */
GBytes *dn_evidence_make_record(const GArray *evidence, guint count, GError **error);

/** The document's hash by a stronger digest as a hash-tree renewal states it, or NULL. Lent. */
const DnHash *dn_evidence_document(const GArray *evidence, DnHashKind kind);

/** Lets go of a batch; when asked for again it is loaded again. */
void dn_batches_forget(DnBatches *self, uint64_t seq);

G_END_DECLS
#endif
