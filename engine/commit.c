/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/commit.c - the one door through which facts enter the archive.
 *
 * Seal, chain, append, wait for the disk, apply to the view. The chain needs an order, so line and
 * append happen under the write lock; the wait does not, so that commits of many threads share one
 * fdatasync. The view is brought up in the order of the log: who comes back from the wait first
 * applies everything before its own commit too, for a log is durable from its front.
 */
#include "config.h"
#include "engine/internal.h"

#include <string.h>

/* A commit that stands in the log's queue and not yet in the view. */
typedef struct {
    uint64_t ticket;
    DnUuid tenant;
    DnStoreReceipt receipt;
    DnStoreBlob *blobs; /* ids and parts only */
    size_t blob_count;
    DnArena *arena;          /* of what follows */
    const DnValue **entries; /* as the lines say them */
    size_t entry_count;
    DnLedgerHead head; /* after the last */
    bool applied;
    GError *failure; /* of applying */
} Pending;

static void
pending_free(Pending *pending)
{
    if (!pending)
        return;
    dn_store_receipt_clear(&pending->receipt);
    g_free(pending->blobs);
    dn_arena_free(pending->arena);
    g_free(pending->entries);
    g_clear_error(&pending->failure);
    g_free(pending);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Pending, pending_free)

typedef struct {
    DnStoreBlob *blobs;
    DnSha256 *digests; /* of the sealed bytes: made before the write lock is taken */
    size_t count;
} Sealed;

static void
sealed_clear(Sealed *sealed)
{
    for (size_t i = 0; i < sealed->count; i++)
        g_clear_pointer(&sealed->blobs[i].sealed, g_bytes_unref);
    g_clear_pointer(&sealed->blobs, g_free);
    g_clear_pointer(&sealed->digests, g_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Sealed, sealed_clear)

bool
dn_new_document(DnArchive *self, const DnUuid *tenant, const char *period, GBytes *plain,
                DnNewBlob *out_blob, GError **error)
{
    DnNewBlob blob = {.id = dn_uuid_new(), .part = DN_PART_ORIGINAL, .plain = plain};
    DnSealName name = {.tenant = *tenant, .blob = blob.id, .part = blob.part};

    blob.sealed = dn_seal_and_hash_blob(self->keys, &name, period, plain, &blob.digest,
                                        &blob.sealed_digest, error);
    if (!blob.sealed)
        return dn_fail_in(error, "cannot seal");
    *out_blob = blob;
    return true;
}

void
dn_new_blob_clear(DnNewBlob *blob)
{
    g_clear_pointer(&blob->sealed, g_bytes_unref);
}

/* @out_digest: of the sealed bytes. */
static GBytes *
seal_one(DnArchive *self, const DnUuid *tenant, const char *period, const DnNewBlob *blob,
         DnSha256 *out_digest, GError **error)
{
    DnSealName name = {.tenant = *tenant, .blob = blob->id, .part = blob->part};
    g_autoptr(GBytes) packed = NULL;

    if (blob->sealed) {
        *out_digest = blob->sealed_digest;
        return g_bytes_ref(blob->sealed);
    }
    packed = dn_blob_pack(blob, error);
    return packed ? dn_seal_blob(self->keys, &name, period, packed, out_digest, error) : NULL;
}

static bool
seal_all(DnArchive *self, const DnUuid *tenant, const char *period, const DnNewBlob *blobs,
         size_t count, Sealed *out_sealed, GError **error)
{
    out_sealed->blobs = g_new0(DnStoreBlob, count + 1);
    out_sealed->digests = g_new0(DnSha256, count + 1);
    for (size_t i = 0; i < count; i++) {
        GBytes *sealed = seal_one(self, tenant, period, &blobs[i], &out_sealed->digests[i], error);

        if (!sealed)
            return dn_fail_in(error, "cannot seal");
        out_sealed->blobs[out_sealed->count++] = (DnStoreBlob){.id = blobs[i].id,
                                                               .part = (char)blobs[i].part,
                                                               .sealed = sealed,
                                                               .digest = &out_sealed->digests[i]};
    }
    return true;
}

/* Under the write lock. After a failed append the heads in memory run ahead of the log; what the
 * log kept has been applied once the queue is empty, and then the view knows. */
static DnLedgerHead *
present_head(DnArchive *self, const DnUuid *tenant, GError **error)
{
    DnLedgerHead *head = NULL;

    while (self->heads_are_stale && !g_queue_is_empty(&self->pending))
        g_cond_wait(&self->write_changed, &self->write_lock);
    if (self->heads_are_stale) {
        g_hash_table_remove_all(self->heads);
        self->heads_are_stale = false;
    }
    head = g_hash_table_lookup(self->heads, tenant);
    if (!head) {
        DnLedgerHead read;

        if (g_atomic_int_get(&self->view_behind)) {
            dn_fail(error, DN_ERROR_IO, "the view does not follow the log");
            return NULL;
        }
        if (!dn_view_head(self, tenant, &read, error))
            return NULL;
        head = g_memdup2(&read, sizeof read);
        g_hash_table_insert(self->heads, g_memdup2(tenant, sizeof *tenant), head);
    }
    return head;
}

enum { CLOCK_BOUND_US = 1000000, CLOCK_BACK_MS = 1000 };

/* Under the write lock. Where no time stamp says when a document came in, our own clock does: then
 * it must be one that can be relied on (law row R23). */
static bool
check_clock(DnArchive *self, const DnClockReading *clock, const json_t *entry, GError **error)
{
    const char *type = dn_json_string(entry, "type");
    bool sound = clock->synchronised && clock->max_error_us <= CLOCK_BOUND_US;

    if (clock->now_utc_ms < self->last_commit_utc_ms - CLOCK_BACK_MS)
        g_message("the clock went back by %" G_GINT64_FORMAT " ms",
                  self->last_commit_utc_ms - clock->now_utc_ms);
    self->last_commit_utc_ms = clock->now_utc_ms;
    return sound || !dn_rules_hosted(self->rules) ||
           (g_strcmp0(type, "voucher.registered") != 0 &&
            g_strcmp0(type, "voucher.revised") != 0) ||
           dn_fail(error, DN_ERROR_EXTERNAL,
                   "the clock is not synchronised, and scans are kept by its word alone ([law] "
                   "scans=hosted): run an NTP client, `dencho doctor` tells");
}

/* Lines on their way into the log. */
typedef struct {
    DnStoreEntry *entries;
    size_t count;
} Lines;

static void
lines_clear(Lines *lines)
{
    for (size_t i = 0; i < lines->count; i++)
        g_bytes_unref(lines->entries[i].sealed);
    g_clear_pointer(&lines->entries, g_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Lines, lines_clear)

/* The next line of the chain, after pending->head. */
static bool
chain(DnArchive *self, Pending *pending, const json_t *entry, const DnClockReading *clock,
      Lines *lines, GError **error)
{
    DnLedgerHead before = pending->head;
    g_autofree char *line =
        dn_entry_line(entry, &pending->tenant, self->actor, clock, &before, &pending->head, error);
    const DnValue *said = line ? dn_value_read(pending->arena, line, strlen(line), error) : NULL;

    if (!said)
        return false;
    pending->entries[pending->entry_count++] = said;
    GBytes *sealed = dn_seal_line(self->keys, &pending->tenant, pending->head.seq, line, error);

    if (!sealed)
        return false;
    lines->entries[lines->count++] = (DnStoreEntry){.seq = pending->head.seq, .sealed = sealed};
    return true;
}

/* Chains and appends; the result waits in the queue. */
static Pending *
append(DnArchive *self, const DnUuid *tenant, const Sealed *sealed, const json_t *const *entries,
       size_t entry_count, GError **error)
{
    DN_LOCKED(&self->write_lock);
    DnClockReading clock = dn_clock_read();
    DnLedgerHead *head = present_head(self, tenant, error);
    g_autoptr(Pending) pending = g_new0(Pending, 1);
    g_auto(Lines) lines = {.entries = g_new0(DnStoreEntry, entry_count)};

    if (!head)
        return NULL;
    for (size_t i = 0; i < entry_count; i++)
        if (!check_clock(self, &clock, entries[i], error))
            return NULL;
    pending->arena = dn_arena_new();
    pending->tenant = *tenant;
    pending->head = *head;
    pending->entries = g_new0(const DnValue *, entry_count);
    for (size_t i = 0; i < entry_count; i++)
        if (!chain(self, pending, entries[i], &clock, &lines, error))
            return NULL;
    DnStoreCommit commit = {.tenant = *tenant,
                            .expected_head = head->seq,
                            .blobs = sealed->blobs,
                            .blob_count = sealed->count,
                            .entries = lines.entries,
                            .entry_count = lines.count};

    if (!dn_store_append(self->store, &commit, &pending->receipt, error)) {
        self->heads_are_stale = true;
        return NULL;
    }
    pending->ticket = pending->receipt.ticket;
    pending->blob_count = sealed->count;
    pending->blobs = g_memdup2(sealed->blobs, sealed->count * sizeof *sealed->blobs);
    *head = pending->head;
    g_queue_push_tail(&self->pending, pending);
    return g_steal_pointer(&pending);
}

static void
leave_queue(DnArchive *self, Pending *pending)
{
    DN_LOCKED(&self->write_lock);

    g_queue_remove(&self->pending, pending);
    g_cond_broadcast(&self->write_changed);
}

/* (transfer container) What stands in the queue up to @mine. */
static GPtrArray *
queue_up_to(DnArchive *self, const Pending *mine)
{
    DN_LOCKED(&self->write_lock);
    GPtrArray *list = g_ptr_array_new();

    for (GList *link = self->pending.head; link; link = link->next) {
        g_ptr_array_add(list, link->data);
        if (link->data == mine)
            break;
    }
    return list;
}

static DnApply
apply_of(Pending *pending)
{
    return (DnApply){.tenant = pending->tenant,
                     .end = pending->receipt.end,
                     .blob_count = pending->blob_count,
                     .blobs = pending->blobs,
                     .blob_refs = pending->receipt.blobs,
                     .entry_count = pending->entry_count,
                     .entry_refs = pending->receipt.entries,
                     .entries = pending->entries,
                     .head = pending->head};
}

static bool
is_applied(const DnArchive *self, const Pending *pending)
{
    return dn_store_position_compare(&pending->receipt.end, &self->applied) <= 0;
}

/* All in one write, without what another's catching up has applied before. */
static bool
apply_together(DnArchive *self, GPtrArray *list, GError **error)
{
    g_autofree DnApply *applies = g_new(DnApply, list->len + 1);
    size_t count = 0;

    for (guint i = 0; i < list->len; i++)
        if (!is_applied(self, g_ptr_array_index(list, i)))
            applies[count++] = apply_of(g_ptr_array_index(list, i));
    return dn_view_apply(self, applies, count, error);
}

/* The log has them for certain: what the view does not take at first is read back from there. */
static void
apply_list(DnArchive *self, GPtrArray *list)
{
    g_autoptr(GError) problem = NULL;
    uint64_t entries = 0;
    bool view_at_fault = false;

    if (g_atomic_int_get(&self->view_behind) || !apply_together(self, list, NULL)) {
        g_atomic_int_set(&self->view_behind, true);
        dn_view_catch_up(self, NULL, NULL, &entries, &view_at_fault, &problem);
    }
    for (guint i = 0; i < list->len; i++) {
        Pending *pending = g_ptr_array_index(list, i);

        if (problem && !is_applied(self, pending))
            pending->failure = g_error_copy(problem);
        pending->applied = true;
        leave_queue(self, pending);
    }
}

/* @mine is durable, and so is all that stands before it. */
static bool
apply_up_to(DnArchive *self, Pending *mine, GError **error)
{
    DN_LOCKED(&self->apply_lock);

    if (!mine->applied) {
        g_autoptr(GPtrArray) list = queue_up_to(self, mine);

        apply_list(self, list);
    }
    if (mine->failure) {
        g_propagate_error(error, g_steal_pointer(&mine->failure));
        return dn_fail_in(
            error, "stored, but the view could not follow; it is tried again with the next call");
    }
    return true;
}

bool
dn_commit(DnArchive *self, const DnUuid *tenant, const char *period, const DnNewBlob *blobs,
          size_t blob_count, const json_t *entry, GError **error)
{
    return dn_commit_all(self, tenant, period, blobs, blob_count, &entry, 1, error);
}

bool
dn_commit_all(DnArchive *self, const DnUuid *tenant, const char *period, const DnNewBlob *blobs,
              size_t blob_count, const json_t *const *entries, size_t entry_count, GError **error)
{
    g_auto(Sealed) sealed = {0};
    g_autoptr(GError) problem = NULL;

    if (!dn_reserve_take(self, error) || !dn_view_current(self, error) ||
        !dn_view_would_take(self, tenant, entries, entry_count, error) ||
        !seal_all(self, tenant, period, blobs, blob_count, &sealed, error))
        return false;
    g_autoptr(Pending) pending = append(self, tenant, &sealed, entries, entry_count, &problem);

    if (!pending) {
        if (g_error_matches(problem, DN_ERROR, DN_ERROR_IO))
            dn_reserve_release(self);
        g_propagate_error(error, g_steal_pointer(&problem));
        return false;
    }
    if (!dn_store_wait(self->store, pending->ticket, error)) {
        g_mutex_lock(&self->write_lock);
        self->heads_are_stale = true;
        g_mutex_unlock(&self->write_lock);
        leave_queue(self, pending);
        dn_reserve_release(self);
        return false;
    }
    return apply_up_to(self, pending, error);
}
