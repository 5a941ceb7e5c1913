/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/batch.c - leaves, tree and token of a time stamp, checked against each other, and how
 * stamps renew each other.
 */
#include "config.h"
#include "engine/batch.h"

#include <string.h>

size_t dn_batches_leaves_kept = 80000;

enum { TOKEN_WEIGHT = 16 }; /* a stamp's token takes as much memory as so many leaves */

struct DnBatches {
    DnArchive *archive;
    const DnTrust *trust;
    GHashTable *by_seq; /* int64 -> DnBatch */
    GQueue loaded;      /* DnBatch, the one that was asked for last first */
    size_t weight;      /* of those */
    bool keeps_few;
};

/* --- finding leaves --- */

static guint
leaf_hash(gconstpointer key)
{
    const DnLeaf *leaf = key;
    guint hash = (guint)leaf->number * 31 + leaf->type;
    guint random = 0;

    memcpy(&random, leaf->voucher.bytes + 12, sizeof random);
    return hash ^ random;
}

static gboolean
leaf_equal(gconstpointer a, gconstpointer b)
{
    const DnLeaf *x = a;
    const DnLeaf *y = b;

    return x->type == y->type && x->number == y->number && dn_uuid_equal(&x->voucher, &y->voucher);
}

static ssize_t
find_leaf(const DnBatch *batch, const DnLeaf *wanted)
{
    return (ssize_t)GPOINTER_TO_SIZE(g_hash_table_lookup(batch->places, wanted)) - 1;
}

static void
note_places(DnBatch *batch)
{
    batch->places = g_hash_table_new(leaf_hash, leaf_equal);
    for (guint i = 0; i < batch->leaves->len; i++) {
        DnLeaf *leaf = &g_array_index(batch->leaves, DnLeaf, i);

        if (leaf->type != DN_LEAF_LEDGER && !g_hash_table_contains(batch->places, leaf))
            g_hash_table_insert(batch->places, leaf, GSIZE_TO_POINTER((gsize)i + 1));
    }
}

/* --- stamps --- */

static size_t
batch_weight(const DnBatch *batch)
{
    return TOKEN_WEIGHT + (batch->leaves ? batch->leaves->len : 0);
}

static void
batch_unload(DnBatch *batch)
{
    batch->is_loaded = false;
    g_clear_pointer(&batch->places, g_hash_table_unref);
    g_clear_pointer(&batch->leaves, g_array_unref);
    g_clear_pointer(&batch->tree, dn_hash_tree_free);
    g_clear_pointer(&batch->token, g_bytes_unref);
    g_clear_pointer(&batch->list, g_bytes_unref);
}

static void
batch_free(gpointer data)
{
    DnBatch *batch = data;

    batch_unload(batch);
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
    g_queue_clear(&self->loaded);
    g_hash_table_unref(self->by_seq);
    g_free(self);
}

void
dn_batches_keep_few(DnBatches *self)
{
    self->keeps_few = true;
}

unsigned
dn_batches_loaded(const DnBatches *self)
{
    return self->loaded.length;
}

/* It is the one that was asked for last. */
static void
note_use(DnBatches *self, DnBatch *batch)
{
    if (batch->use) {
        g_queue_unlink(&self->loaded, batch->use);
        g_queue_push_head_link(&self->loaded, batch->use);
        return;
    }
    g_queue_push_head(&self->loaded, batch);
    batch->use = self->loaded.head;
    self->weight += batch_weight(batch);
}

static void
drop_use(DnBatches *self, DnBatch *batch)
{
    if (!batch->use)
        return;
    self->weight -= batch_weight(batch);
    g_queue_delete_link(&self->loaded, g_steal_pointer(&batch->use));
}

/* Never while something that was lent is still looked at: at the beginning of a call. */
static void
let_go_of_old(DnBatches *self)
{
    while (self->keeps_few && self->weight > dn_batches_leaves_kept && self->loaded.length > 1) {
        DnBatch *oldest = g_queue_peek_tail(&self->loaded);

        drop_use(self, oldest);
        batch_unload(oldest);
    }
}

/* When the token had to hold until, by what the next stamp says of itself; 0: for ever. */
static bool
held_until(DnBatches *self, DnBatch *batch, int64_t *out_utc_ms, GError **error)
{
    g_autoptr(json_t) row = dn_view_stamp(self->archive, batch->seq, error);
    uint64_t next = 0;

    if (!row)
        return false;
    batch->renewed_by = (uint64_t)dn_json_int(row, "renewed_by", 0);
    batch->rehashed_by = (uint64_t)dn_json_int(row, "rehashed_by", 0);
    next = batch->renewed_by ? batch->renewed_by : batch->rehashed_by;
    *out_utc_ms = 0;
    if (!next)
        return true;
    g_autoptr(json_t) after = dn_view_stamp(self->archive, next, error);

    return after && dn_clock_parse(dn_json_string(after, "gen_time"), out_utc_ms, error);
}

/* The token, verified unless this very one was before. */
static bool
prove(DnBatches *self, DnBatch *batch, const DnHash *root, const json_t *stamp, GError **error)
{
    DnSha256 token = dn_sha256_bytes(batch->token);
    int64_t until_utc_ms = 0;

    if (batch->info.serial)
        return dn_sha256_equal(&token, &batch->proved) ||
               dn_fail(error, DN_ERROR_CORRUPT, "its token is not the one that was verified");
    if (!held_until(self, batch, &until_utc_ms, error) ||
        !dn_token_verify_until(batch->token, root, self->trust, until_utc_ms, &batch->info, error))
        return false;
    batch->proved = token;
    g_autofree char *gen_time = dn_clock_format(batch->info.gen_time_utc_ms);

    return g_strcmp0(gen_time, dn_json_string(stamp, "gen_time")) == 0 ||
           dn_fail(error, DN_ERROR_CORRUPT, "its entry states another time than its token");
}

static bool
load(DnBatches *self, const json_t *stamp, DnBatch *batch, GError **error)
{
    DnArchive *archive = self->archive;
    DnHash stated;

    batch->list = dn_blob_load(archive, &archive->tenant, json_object_get(stamp, "leaves"),
                               DN_PART_EVIDENCE, error);
    if (!batch->list)
        return dn_fail_in(error, "leaves");
    batch->leaves = dn_leaves_parse(batch->list, error);
    if (!batch->leaves)
        return false;
    note_places(batch);
    batch->tree = dn_leaves_tree(batch->leaves);
    DnHash root = dn_hash_tree_root(batch->tree);

    if (!dn_hash_unhex(dn_json_string(stamp, "root"), &stated, error))
        return dn_fail_in(error, "root");
    if (!dn_hash_equal(&root, &stated))
        return dn_fail(error, DN_ERROR_CORRUPT,
                       "the leaves do not lead to the root that was stamped");
    batch->token = dn_blob_load(archive, &archive->tenant, json_object_get(stamp, "token"),
                                DN_PART_TOKEN, error);
    return batch->token && prove(self, batch, &root, stamp, error);
}

/* One that failed stays as it is: it proves nothing however often it is asked for. */
static const DnBatch *
get(DnBatches *self, uint64_t seq, const json_t *stamp)
{
    gint64 key = (gint64)seq;
    DnBatch *batch = g_hash_table_lookup(self->by_seq, &key);

    if (!batch) {
        batch = g_new0(DnBatch, 1);
        batch->seq = seq;
        g_hash_table_insert(self->by_seq, &batch->seq, batch);
    }
    if (!batch->is_loaded && !batch->failure) {
        batch->is_loaded = true;
        if (!load(self, stamp, batch, &batch->failure))
            dn_fail_in(&batch->failure, "time stamp of entry %" G_GUINT64_FORMAT, seq);
    }
    if (batch->is_loaded)
        note_use(self, batch);
    return batch;
}

const DnBatch *
dn_batches_get(DnBatches *self, const json_t *stamp)
{
    let_go_of_old(self);
    return get(self, (uint64_t)dn_json_int(stamp, "seq", 0), stamp);
}

void
dn_batches_forget(DnBatches *self, uint64_t seq)
{
    gint64 key = (gint64)seq;
    DnBatch *batch = g_hash_table_lookup(self->by_seq, &key);

    if (!batch)
        return;
    drop_use(self, batch);
    g_hash_table_remove(self->by_seq, &key);
}

/* --- the evidence of one version --- */

/* The stamp of entry @seq when it holds, or NULL. */
static const DnBatch *
stamp_of_entry(DnBatches *self, uint64_t seq, GError **error)
{
    gint64 key = (gint64)seq;
    const DnBatch *batch = g_hash_table_lookup(self->by_seq, &key);
    g_autoptr(json_t) row = NULL;

    if (!batch || (!batch->is_loaded && !batch->failure)) {
        row = dn_view_stamp(self->archive, seq, error);
        if (!row)
            return NULL;
    }
    batch = get(self, seq, row);
    return batch->failure
               ? dn_fail_null(error, dn_error_code(batch->failure), "%s", batch->failure->message)
               : batch;
}

/* Time stamp over time stamp, from the one that opened the chain to the last before a chain of a
 * stronger digest was begun. */
static bool
add_renewals(DnBatches *self, GArray *evidence, GError **error)
{
    const DnBatch *first = g_array_index(evidence, DnEvidence, evidence->len - 1).batch;
    uint64_t end = first->rehashed_by ? first->rehashed_by : UINT64_MAX;

    for (const DnBatch *last = first; last->renewed_by && last->renewed_by < end;) {
        const DnBatch *next = stamp_of_entry(self, last->renewed_by, error);
        DnLeaf wanted = {.type = DN_LEAF_STAMP, .number = last->seq};
        ssize_t at = next ? find_leaf(next, &wanted) : -1;

        if (!next)
            return false;
        if (at < 0 || next->seq <= last->seq)
            return dn_fail(error, DN_ERROR_CORRUPT,
                           "the time stamp of entry %" G_GUINT64_FORMAT
                           " does not renew the one of entry %" G_GUINT64_FORMAT,
                           next->seq, last->seq);
        const DnLeaf *leaf = &g_array_index(next->leaves, DnLeaf, at);
        DnHash token = dn_hash_bytes(leaf->digest.kind, last->token);

        if (!dn_hash_equal(&token, &leaf->digest))
            return dn_fail(error, DN_ERROR_CORRUPT,
                           "the time stamp of entry %" G_GUINT64_FORMAT " renews another token",
                           next->seq);
        DnEvidence step = {.batch = next, .leaf = (size_t)at};

        g_array_append_val(evidence, step);
        last = next;
    }
    return true;
}

/* The first step of the next chain, if the version has one: a document that was disposed of before
 * then has none. */
static bool
add_rehash(DnBatches *self, GArray *evidence, uint64_t seq, const DnLeaf *document, bool *out_added,
           GError **error)
{
    const DnBatch *next = stamp_of_entry(self, seq, error);
    ssize_t at = next ? find_leaf(next, document) : -1;
    DnEvidence step = {.batch = next, .leaf = (size_t)at, .opens_chain = true};

    *out_added = false;
    if (!next)
        return false;
    if (at < 0)
        return true;
    const DnLeaf *leaf = &g_array_index(next->leaves, DnLeaf, at);
    g_autoptr(GBytes) record = dn_evidence_make_record(evidence, evidence->len, error);
    DnHash wanted;

    if (!record || !dn_evidence_record_rehash_leaf(record, &leaf->document, &wanted, error))
        return false;
    if (!leaf->document.kind || !dn_hash_equal(&wanted, &leaf->digest))
        return dn_fail(error, DN_ERROR_CORRUPT,
                       "the hash tree of entry %" G_GUINT64_FORMAT " renews other evidence", seq);
    g_array_append_val(evidence, step);
    *out_added = true;
    return true;
}

GArray *
dn_batches_evidence_of(DnBatches *self, const DnUuid *voucher, const DnStamped *stamped,
                       GError **error)
{
    g_autoptr(GArray) evidence = g_array_new(FALSE, FALSE, sizeof(DnEvidence));
    DnLeaf document = {.type = DN_LEAF_DOCUMENT, .voucher = *voucher, .number = stamped->version};
    DnHash wanted = dn_hash_of_sha256(&stamped->digest);

    if (!stamped->seq)
        return g_steal_pointer(&evidence);
    let_go_of_old(self);
    const DnBatch *batch = stamp_of_entry(self, stamped->seq, error);

    if (!batch)
        return NULL;
    ssize_t at = find_leaf(batch, &document);

    if (at < 0 || !dn_hash_equal(&g_array_index(batch->leaves, DnLeaf, at).digest, &wanted))
        return dn_fail_null(error, DN_ERROR_CORRUPT,
                            "the document is no leaf of the batch that stamped it");
    DnEvidence first = {.batch = batch, .leaf = (size_t)at, .opens_chain = true};

    g_array_append_val(evidence, first);
    for (bool more = true; more;) {
        const DnBatch *opening = g_array_index(evidence, DnEvidence, evidence->len - 1).batch;

        if (!add_renewals(self, evidence, error))
            return NULL;
        more = opening->rehashed_by > opening->seq;
        if (more && !add_rehash(self, evidence, opening->rehashed_by, &document, &more, error))
            return NULL;
    }
    return g_steal_pointer(&evidence);
}

bool
dn_stamped_read(const json_t *version, DnStamped *out_stamped, GError **error)
{
    const json_t *stamp = json_object_get(version, "stamp");
    DnStamped stamped = {.version = (uint64_t)dn_json_int(version, "version", 0),
                         .seq = (uint64_t)dn_json_int(stamp, "seq", 0)};

    if (stamp && !stamped.seq)
        return dn_fail(error, DN_ERROR_CORRUPT, "its time stamp names no entry");
    if (!dn_unhex(dn_json_string(json_object_get(version, "blob"), "sha256"), stamped.digest.bytes,
                  sizeof stamped.digest.bytes, error))
        return false;
    *out_stamped = stamped;
    return true;
}

GArray *
dn_batches_evidence(DnBatches *self, const DnUuid *voucher, const json_t *version, GError **error)
{
    DnStamped stamped;

    return dn_stamped_read(version, &stamped, error)
               ? dn_batches_evidence_of(self, voucher, &stamped, error)
               : NULL;
}

GBytes *
dn_evidence_make_record(const GArray *evidence, guint count, GError **error)
{
    g_autoptr(GBytes) record = NULL;

    for (guint i = 0; i < count; i++) {
        const DnEvidence *step = &g_array_index(evidence, DnEvidence, i);
        const DnHash *leaf = &g_array_index(step->batch->leaves, DnLeaf, step->leaf).digest;
        g_autoptr(GArray) path = dn_hash_tree_path(step->batch->tree, step->leaf);
        const DnHash *hashes = (const DnHash *)(void *)path->data;
        GBytes *next = NULL;

        if (i == 0)
            next = dn_evidence_record_new(leaf, hashes, path->len, step->batch->token, error);
        else if (step->opens_chain)
            next = dn_evidence_record_rehash(record, leaf, hashes, path->len, step->batch->token,
                                             error);
        else
            next = dn_evidence_record_renew(record, hashes, path->len, step->batch->token, error);
        if (!next)
            return NULL;
        g_clear_pointer(&record, g_bytes_unref);
        record = next;
    }
    return g_steal_pointer(&record);
}

const DnHash *
dn_evidence_document(const GArray *evidence, DnHashKind kind)
{
    for (guint i = 0; i < evidence->len; i++) {
        const DnEvidence *step = &g_array_index(evidence, DnEvidence, i);
        const DnLeaf *leaf = &g_array_index(step->batch->leaves, DnLeaf, step->leaf);

        if (step->opens_chain && leaf->document.kind == kind)
            return &leaf->document;
    }
    return NULL;
}
