/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/store/memory.c - the log in memory: the contract of store.h without a disk.
 *
 * A commit becomes "durable" when someone waits for it or for a later one. Positions and references
 * look like those of one endless segment.
 */
#include "config.h"
#include "engine/store/store.h"

#include <inttypes.h>
#include <string.h>

typedef struct {
    uint64_t ticket;
    DnUuid tenant;
    DnStorePosition end;
    size_t blob_count;
    DnStoreBlob *blobs;
    DnStoreRef *blob_refs;
    size_t entry_count;
    DnStoreEntry *entries;
    DnStoreRef *entry_refs;
} MemoryCommit;

typedef struct {
    DnStore base;
    GMutex lock;
    GPtrArray *commits;  /* MemoryCommit, in order */
    GHashTable *tickets; /* uint64_t of tickets that failed */
    guint durable;       /* how many of the commits */
    uint64_t ticket;
} MemoryStore;

static const DnStoreDriver memory_driver;

static MemoryStore *
memory_store(DnStore *store)
{
    g_assert(store->driver == &memory_driver);
    return (MemoryStore *)store;
}

static void
free_commit(gpointer data)
{
    MemoryCommit *commit = data;

    for (size_t i = 0; i < commit->blob_count; i++)
        g_bytes_unref(commit->blobs[i].sealed);
    for (size_t i = 0; i < commit->entry_count; i++)
        g_bytes_unref(commit->entries[i].sealed);
    g_free(commit->blobs);
    g_free(commit->blob_refs);
    g_free(commit->entries);
    g_free(commit->entry_refs);
    g_free(commit);
}

static uint64_t
head_of(const MemoryStore *self, const DnUuid *tenant)
{
    for (guint i = self->commits->len; i-- > 0;) {
        const MemoryCommit *commit = g_ptr_array_index(self->commits, i);

        if (dn_uuid_equal(&commit->tenant, tenant))
            return commit->entries[commit->entry_count - 1].seq;
    }
    return 0;
}

static DnStoreRef
next_ref(DnStorePosition *end, GBytes *sealed)
{
    DnStoreRef ref = {1, end->offset, g_bytes_get_size(sealed)};

    end->offset += ref.size + 1; /* an empty body has a place of its own too */
    return ref;
}

static MemoryCommit *
copy_commit(const DnStoreCommit *from, DnStorePosition start)
{
    MemoryCommit *commit = g_new0(MemoryCommit, 1);

    commit->tenant = from->tenant;
    commit->end = start;
    commit->blob_count = from->blob_count;
    commit->entry_count = from->entry_count;
    commit->blobs = g_memdup2(from->blobs, from->blob_count * sizeof *from->blobs);
    commit->entries = g_memdup2(from->entries, from->entry_count * sizeof *from->entries);
    commit->blob_refs = g_new0(DnStoreRef, from->blob_count + 1);
    commit->entry_refs = g_new0(DnStoreRef, from->entry_count + 1);
    for (size_t i = 0; i < from->blob_count; i++) {
        g_bytes_ref(commit->blobs[i].sealed);
        commit->blob_refs[i] = next_ref(&commit->end, commit->blobs[i].sealed);
    }
    for (size_t i = 0; i < from->entry_count; i++) {
        g_bytes_ref(commit->entries[i].sealed);
        commit->entry_refs[i] = next_ref(&commit->end, commit->entries[i].sealed);
    }
    return commit;
}

static DnStorePosition
end_of(const MemoryStore *self, guint count)
{
    const MemoryCommit *last = count ? g_ptr_array_index(self->commits, count - 1) : NULL;

    return last ? last->end : (DnStorePosition){0, 0};
}

static bool
memory_append(DnStore *store, const DnStoreCommit *commit, DnStoreReceipt *out_receipt,
              GError **error)
{
    MemoryStore *self = memory_store(store);
    MemoryCommit *copy = NULL;
    DnStorePosition start = {1, 0};
    uint64_t head = 0;

    g_mutex_lock(&self->lock);
    head = head_of(self, &commit->tenant);
    if (head != commit->expected_head) {
        g_mutex_unlock(&self->lock);
        return dn_fail(error, DN_ERROR_BUSY, "the tenant's head is %" PRIu64 ", not %" PRIu64, head,
                       commit->expected_head);
    }
    start.offset = end_of(self, self->commits->len).offset;
    copy = copy_commit(commit, start);
    copy->ticket = ++self->ticket;
    g_ptr_array_add(self->commits, copy);
    out_receipt->end = copy->end;
    out_receipt->ticket = copy->ticket;
    out_receipt->blobs = g_memdup2(copy->blob_refs, (copy->blob_count + 1) * sizeof(DnStoreRef));
    out_receipt->entries =
        g_memdup2(copy->entry_refs, (copy->entry_count + 1) * sizeof(DnStoreRef));
    g_mutex_unlock(&self->lock);
    return true;
}

static bool
memory_wait(DnStore *store, uint64_t ticket, GError **error)
{
    MemoryStore *self = memory_store(store);
    bool known = false;
    bool failed = false;

    g_mutex_lock(&self->lock);
    known = ticket <= self->ticket;
    failed = g_hash_table_contains(self->tickets, &ticket);
    while (self->durable < self->commits->len &&
           ((MemoryCommit *)g_ptr_array_index(self->commits, self->durable))->ticket <= ticket)
        self->durable++;
    g_mutex_unlock(&self->lock);
    if (!known)
        return dn_fail(error, DN_ERROR_INVALID, "no commit has that ticket");
    return !failed || dn_fail(error, DN_ERROR_IO, "the commit was not stored");
}

static bool
memory_abandon(DnStore *store, GError **error)
{
    MemoryStore *self = memory_store(store);

    (void)error;
    g_mutex_lock(&self->lock);
    for (guint i = self->durable; i < self->commits->len; i++) {
        const MemoryCommit *commit = g_ptr_array_index(self->commits, i);

        g_hash_table_add(self->tickets, g_memdup2(&commit->ticket, sizeof commit->ticket));
    }
    g_ptr_array_set_size(self->commits, (gint)self->durable);
    g_mutex_unlock(&self->lock);
    return true;
}

static GBytes *
find_bytes(const MemoryCommit *commit, const DnStoreRef *ref)
{
    for (size_t i = 0; i < commit->blob_count; i++)
        if (commit->blob_refs[i].offset == ref->offset)
            return commit->blob_refs[i].size == ref->size ? commit->blobs[i].sealed : NULL;
    for (size_t i = 0; i < commit->entry_count; i++)
        if (commit->entry_refs[i].offset == ref->offset)
            return commit->entry_refs[i].size == ref->size ? commit->entries[i].sealed : NULL;
    return NULL;
}

static GBytes *
memory_read(DnStore *store, const DnStoreRef *ref, GError **error)
{
    MemoryStore *self = memory_store(store);
    GBytes *bytes = NULL;

    g_mutex_lock(&self->lock);
    for (guint i = 0; ref->segment == 1 && !bytes && i < self->commits->len; i++)
        bytes = find_bytes(g_ptr_array_index(self->commits, i), ref);
    if (bytes)
        g_bytes_ref(bytes);
    g_mutex_unlock(&self->lock);
    if (!bytes)
        dn_fail(error, DN_ERROR_CORRUPT, "segment %u, byte %" PRIu64 ": the log has no such place",
                (unsigned)ref->segment, ref->offset);
    return bytes;
}

typedef struct {
    DnStorePart base;
    GBytes *bytes;
} MemoryPart;

static bool
part_read(DnStorePart *part, uint64_t offset, uint64_t size, void *out, GError **error)
{
    const MemoryPart *self = (const MemoryPart *)part;

    (void)error;
    if (size > 0)
        memcpy(out, (const uint8_t *)g_bytes_get_data(self->bytes, NULL) + offset, size);
    return true;
}

static void
part_free(DnStorePart *part)
{
    MemoryPart *self = (MemoryPart *)part;

    g_bytes_unref(self->bytes);
    g_free(self);
}

static DnStorePart *
memory_open_part(DnStore *store, const DnStoreRef *ref, G_GNUC_UNUSED bool seen, GError **error)
{
    GBytes *whole = memory_read(store, ref, error);
    MemoryPart *self = whole ? g_new0(MemoryPart, 1) : NULL;

    if (!self)
        return NULL;
    self->base = (DnStorePart){.size = ref->size, .read = part_read, .free = part_free};
    self->bytes = whole;
    return &self->base;
}

static bool
visit_commit(const MemoryCommit *commit, unsigned flags, DnStoreVisitor visit, void *user_data,
             GError **error)
{
    g_autofree DnStoreBlob *blobs =
        g_memdup2(commit->blobs, commit->blob_count * sizeof *commit->blobs);
    DnStoreVisit one = {.tenant = commit->tenant,
                        .end = commit->end,
                        .blob_count = commit->blob_count,
                        .blobs = blobs,
                        .blob_refs = commit->blob_refs,
                        .entry_count = commit->entry_count,
                        .entries = commit->entries,
                        .entry_refs = commit->entry_refs};

    for (size_t i = 0; !(flags & DN_STORE_VISIT_BLOBS) && i < commit->blob_count; i++)
        blobs[i].sealed = NULL;
    return visit(&one, user_data, error);
}

static bool
memory_each(DnStore *store, const DnStorePosition *from, unsigned flags, DnStoreVisitor visit,
            void *user_data, GError **error)
{
    MemoryStore *self = memory_store(store);
    guint durable = 0;
    DnStorePosition end;

    g_mutex_lock(&self->lock);
    durable = self->durable;
    end = end_of(self, durable);
    g_mutex_unlock(&self->lock);
    if (from && dn_store_position_compare(from, &end) > 0)
        return dn_fail(error, DN_ERROR_CORRUPT, "the log ends before that position");
    for (guint i = 0; i < durable; i++) {
        const MemoryCommit *commit = NULL;

        /* A durable commit is never changed or freed; only the array may move. */
        g_mutex_lock(&self->lock);
        commit = g_ptr_array_index(self->commits, i);
        g_mutex_unlock(&self->lock);
        if ((!from || dn_store_position_compare(&commit->end, from) > 0) &&
            !visit_commit(commit, flags, visit, user_data, error))
            return false;
    }
    return true;
}

static void
memory_end(DnStore *store, DnStorePosition *out_end)
{
    MemoryStore *self = memory_store(store);

    g_mutex_lock(&self->lock);
    *out_end = end_of(self, self->durable);
    g_mutex_unlock(&self->lock);
}

static void
memory_state(DnStore *store, DnStoreState *out_state)
{
    DnStorePosition end;

    memory_end(store, &end);
    *out_state = (DnStoreState){.segments = 1, .bytes = end.offset};
}

static bool
memory_check(DnStore *store, DnStoreVouch vouch, void *user_data, GPtrArray *problems,
             GError **error)
{
    (void)store;
    (void)vouch;
    (void)user_data;
    (void)problems;
    (void)error;
    return true; /* memory does not rot in a way that it could notice itself */
}

static void
memory_close(DnStore *store)
{
    MemoryStore *self = memory_store(store);

    g_ptr_array_unref(self->commits);
    g_hash_table_unref(self->tickets);
    g_mutex_clear(&self->lock);
    g_free(self);
}

static const DnStoreDriver memory_driver = {
    .name = "memory",
    .append = memory_append,
    .wait = memory_wait,
    .read = memory_read,
    .open_part = memory_open_part,
    .each = memory_each,
    .end = memory_end,
    .state = memory_state,
    .check = memory_check,
    .close = memory_close,
    .abandon = memory_abandon,
};

DnStore *
dn_store_open_memory(void)
{
    MemoryStore *self = g_new0(MemoryStore, 1);

    self->base.driver = &memory_driver;
    g_mutex_init(&self->lock);
    self->commits = g_ptr_array_new_with_free_func(free_commit);
    self->tickets = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    return &self->base;
}
