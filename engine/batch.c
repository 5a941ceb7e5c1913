/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/batch.c - leaves, tree and token of a batch, checked against each other.
 */
#include "config.h"
#include "engine/batch.h"

#include <string.h>

struct DnBatches {
    DnArchive *archive;
    const DnTrust *trust;
    GHashTable *by_seq; /* int64 -> DnBatch */
};

static void
batch_free(gpointer data)
{
    DnBatch *batch = data;

    g_clear_pointer(&batch->leaves, g_array_unref);
    g_clear_pointer(&batch->tree, dn_hash_tree_free);
    g_clear_pointer(&batch->token, g_bytes_unref);
    g_clear_pointer(&batch->list, g_bytes_unref);
    dn_token_info_clear(&batch->info);
    g_clear_error(&batch->failure);
    g_free(batch);
}

DnBatches *
dn_batches_new(DnArchive *archive, const DnTrust *trust)
{
    DnBatches *self = g_new0(DnBatches, 1);

    self->archive = archive;
    self->trust = trust;
    self->by_seq = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, batch_free);
    return self;
}

void
dn_batches_free(DnBatches *self)
{
    if (!self)
        return;
    g_hash_table_unref(self->by_seq);
    g_free(self);
}

static bool
load(DnBatches *self, const json_t *stamp, DnBatch *batch, GError **error)
{
    DnArchive *archive = self->archive;
    DnSha256 stated;

    batch->list = dn_blob_load(archive, &archive->tenant, json_object_get(stamp, "leaves"),
                               DN_PART_EVIDENCE, error);
    if (!batch->list)
        return dn_fail_in(error, "leaves");
    batch->leaves = dn_leaves_parse(batch->list, error);
    if (!batch->leaves)
        return false;
    batch->tree = dn_leaves_tree(batch->leaves);
    DnSha256 root = dn_hash_tree_root(batch->tree);

    if (!dn_unhex(dn_json_string(stamp, "root"), stated.bytes, sizeof stated.bytes, error))
        return dn_fail_in(error, "root");
    if (!dn_sha256_equal(&root, &stated))
        return dn_fail(error, DN_ERROR_CORRUPT,
                       "the leaves do not lead to the root that was stamped");
    batch->token = dn_blob_load(archive, &archive->tenant, json_object_get(stamp, "token"),
                                DN_PART_TOKEN, error);
    return batch->token && dn_token_verify(batch->token, &root, self->trust, &batch->info, error);
}

const DnBatch *
dn_batches_get(DnBatches *self, const json_t *stamp)
{
    gint64 seq = dn_json_int(stamp, "seq", 0);
    DnBatch *batch = g_hash_table_lookup(self->by_seq, &seq);

    if (batch)
        return batch;
    batch = g_new0(DnBatch, 1);
    batch->seq = (uint64_t)seq;
    g_hash_table_insert(self->by_seq, &batch->seq, batch);
    if (!load(self, stamp, batch, &batch->failure))
        dn_fail_in(&batch->failure, "time stamp of entry %" G_GINT64_FORMAT, seq);
    return batch;
}

void
dn_batches_forget(DnBatches *self, uint64_t seq)
{
    gint64 key = (gint64)seq;

    g_hash_table_remove(self->by_seq, &key);
}

ssize_t
dn_batch_find(const DnBatch *batch, const DnUuid *voucher, uint64_t version, const DnSha256 *digest)
{
    for (guint i = 0; i < batch->leaves->len; i++) {
        const DnLeaf *leaf = &g_array_index(batch->leaves, DnLeaf, i);

        if (!leaf->is_ledger && leaf->number == version && dn_uuid_equal(&leaf->voucher, voucher))
            return dn_sha256_equal(&leaf->digest, digest) ? (ssize_t)i : -1;
    }
    return -1;
}
