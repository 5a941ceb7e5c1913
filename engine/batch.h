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
    bool is_loaded;       /* else leaves, tree, token, list and places were let go */
    DnSha256 proved;      /* of the token, once it was verified over the root */
    GList *use;           /* its link among those that are loaded */
} DnBatch;

typedef struct DnBatches DnBatches;

DnBatches *dn_batches_new(DnArchive *archive, const DnTrust *trust);
void dn_batches_free(DnBatches *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DnBatches, dn_batches_free)

/** From now on stamps stay in memory up to so many leaves, those that were asked for last: what is
 * lent is lent until the next call. Of the others what was proved is kept, so that loading one
 * again verifies no signature again. */
void dn_batches_keep_few(DnBatches *self);
/** Tests make it small. */
extern size_t dn_batches_leaves_kept;
/** How many are in memory. */
unsigned dn_batches_loaded(const DnBatches *self);

/** Lends the stamp that @stamp ({"seq","token","leaves","root"}) names, verified when first asked
 * for: leaves, tree, root, token, and that the token held until it was renewed. Never NULL; look at
 * failure. */
const DnBatch *dn_batches_get(DnBatches *self, const json_t *stamp);

/** What stamps a version: found in the state of its voucher. */
typedef struct {
    uint64_t version;
    DnSha256 digest; /* of the document */
    uint64_t seq;    /* of the evidence.stamped entry; 0: it waits */
} DnStamped;

/** Reads it from a version of a state. CORRUPT, FORMAT. */
bool dn_stamped_read(const json_t *version, DnStamped *out_stamped, GError **error);

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

/** The same of what the caller has read of the version. */
GArray *dn_batches_evidence_of(DnBatches *self, const DnUuid *voucher, const DnStamped *stamped,
                               GError **error);

/** (transfer full) The evidence record (RFC 4998) that the first @count steps make. */
GBytes *dn_evidence_make_record(const GArray *evidence, guint count, GError **error);

/** The document's hash by a stronger digest as a hash-tree renewal states it, or NULL. Lent. */
const DnHash *dn_evidence_document(const GArray *evidence, DnHashKind kind);

/** Lets go of a batch; when asked for again it is loaded again. */
void dn_batches_forget(DnBatches *self, uint64_t seq);

G_END_DECLS
#endif
