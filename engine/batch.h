/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/batch.h - a stamped batch, loaded once for all the vouchers that stand in it.
 */
#ifndef ENGINE_BATCH_H
#define ENGINE_BATCH_H

#include "engine/internal.h"

G_BEGIN_DECLS

typedef struct {
    uint64_t seq; /* of its evidence.stamped entry */
    GArray *leaves;
    DnHashTree *tree;
    GBytes *token;
    GBytes *list; /* the leaves as they are stored */
    DnTokenInfo info;
    GError *failure; /* why the batch proves nothing; NULL: it holds */
} DnBatch;

typedef struct DnBatches DnBatches;

DnBatches *dn_batches_new(DnArchive *archive, const DnTrust *trust);
void dn_batches_free(DnBatches *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DnBatches, dn_batches_free)

/** Lends the batch that a version's "stamp" names, verified when first asked for: leaves, tree,
 * root, token. Never NULL; look at failure. */
const DnBatch *dn_batches_get(DnBatches *self, const json_t *stamp);

/** The place of a document's leaf in the batch, or -1. */
ssize_t dn_batch_find(const DnBatch *batch, const DnUuid *voucher, uint64_t version,
                      const DnSha256 *digest);

/** Lets go of a batch; when asked for again it is loaded again. */
void dn_batches_forget(DnBatches *self, uint64_t seq);

G_END_DECLS
#endif
