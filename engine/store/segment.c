/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/store/segment.c - the log in segment files: group commit, rollover, recovery.
 *
 * Appending puts frames to the tail of the segment under the lock, in order, which keeps them in
 * memory until it is full (segment-tail.h); waiting elects one leader who writes what is there and
 * syncs, without the lock, everything appended so far, while others go on appending. A leader who
 * had company last time waits for it a little before he syncs: those who were just served come back
 * with their next commit, and a sync that they miss makes them wait for two. Who is alone never
 * waits. Where a sync is slow, those who missed it do not wait for its end: another leader syncs
 * beside the first. A failure takes all commits that are not durable with it: the file is cut back
 * to its durable end and the cut is synced before anyone is told, so that a commit reported as
 * failed cannot come back after a crash.
 *
 * Syncs at the same time need a descriptor each. The kernel reports an error of writing back once
 * for each open file; on a shared one the second caller could be told of a success that is none. On
 * its own each sync vouches for all that was written before it began, whoever wrote it and
 * whichever ends first, so a later one may settle the commits of the earlier ones too.
 *
 * Rolling over makes the next file durable before the trailer of the full one is written. So a
 * finished segment always has a follower, and a log whose last file was taken away is noticed. An
 * empty follower of an unfinished segment is what a crash in between leaves; it is removed.
 *
 * Zeros are written ahead of a client who puts one small document after the other: a sync that only
 * fills space which the file has already is half as long, because nothing but the bytes themselves
 * must reach the disk. They are no part of the log and nothing is promised of them; closing and
 * rolling over cut them off, opening finds them behind the last commit and does the same.
 *
 * docs/format.md describes the bytes, docs/durability.md the promises.
 */
#include "config.h"
#include "base/failpoint.h"
#include "base/fs.h"
#include "base/memory.h"
#include "engine/store/segment-reader.h"
#include "engine/store/segment-tail.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const uint64_t DEFAULT_SEGMENT_BYTES = UINT64_C(256) << 20;
enum { OPEN_FILES = 64, READ_AHEAD = 128 << 10 };
enum { COMPANY_SHARE = 2, COMPANY_MAX_US = 1000, MUCH_BYTES = 4 << 20 };
/* Syncs beside each other cost more than they gain when they take less. */
enum { LEADERS = 4, SLOW_SYNC_US = 1000 };
/* Zeros ahead: how many, how many at once, after how many syncs of one commit, of what size. */
enum { AHEAD_BYTES = 2 << 20, AHEAD_LEAST = 256 << 10, AHEAD_FROM = 8, SMALL_SYNC = 256 << 10 };

typedef struct {
    DnUuid tenant;
    uint64_t appended;
    uint64_t durable;
} Head;

/* A commit that is written and not yet durable. */
typedef struct {
    uint64_t ticket;
    uint64_t serial;
    Head *head;
    uint64_t seq;
    DnStorePosition end;
} Pending;

typedef struct {
    uint64_t first;
    uint64_t last;
} TicketRange;

typedef struct {
    DnStore base;
    char *dir;
    DnUuid archive;
    uint64_t segment_bytes;

    GMutex lock; /* guards all below */
    GCond changed;
    int fd; /* of the open segment */
    uint32_t segment;
    DnSegmentTail tail; /* of the open segment: what was appended and is not written */
    uint64_t end;       /* of it, as appended */
    uint64_t durable;   /* of it, as synced */
    GArray *offsets;    /* uint64_t: of its frames */
    uint64_t serial;
    uint64_t durable_serial;
    DnStorePosition durable_end;
    DnSha256 previous; /* digest of the segment before */
    GHashTable *heads; /* tenant -> Head */
    GArray *pending;   /* Pending, oldest first */
    GArray *failed;    /* TicketRange: tickets that never became durable */
    uint64_t ticket;
    uint64_t settled;           /* tickets up to here are durable or failed */
    unsigned leaders;           /* at work without the lock */
    bool led[LEADERS];          /* which descriptors they sync: fd, then beside_fd */
    int beside_fd[LEADERS - 1]; /* -1: not needed yet */
    uint64_t covered;           /* the last ticket that a sync under way or done was begun for */
    bool gathering;             /* a leader waits for company and has not begun */
    uint64_t company;   /* commits that the last sync served or found behind it when it was done */
    gint64 sync_us;     /* what the last sync took */
    unsigned alone;     /* small commits in a row that had a sync for themselves */
    uint64_t ahead;     /* the file holds zeros from its end to here, when that is more */
    GThread *filler;    /* (nullable) who wrote them last */
    bool filling;       /* he is at work without the lock */
    uint64_t fill_from; /* from here on */
    bool rolling;       /* somebody waits for the end of all syncs to roll over */
    bool cutting;       /* a failure is being undone: no new appends */
    bool marked;        /* nothing was appended after the last mark */
    char *failure;      /* (nullable) why the last of @failed failed */
    GError *broken;     /* why appends are refused until the store is opened again */

    uint64_t cut_bytes;
    uint64_t finished_bytes;

    GMutex open_lock; /* guards the next; never held with lock */
    GHashTable *open; /* segment -> DnSegmentReader in an atomic box: kept open for reads */
} SegmentStore;

static const DnStoreDriver segment_driver;

static SegmentStore *
segment_store(DnStore *store)
{
    g_assert(store->driver == &segment_driver);
    return (SegmentStore *)store;
}

/* ---- heads ---- */

static guint
uuid_hash(gconstpointer key)
{
    guint hash = 0;

    memcpy(&hash, (const uint8_t *)key + DN_UUID_BYTES - sizeof hash, sizeof hash);
    return hash;
}

static gboolean
uuid_equal(gconstpointer a, gconstpointer b)
{
    return memcmp(a, b, DN_UUID_BYTES) == 0;
}

static Head *
head_of(GHashTable *heads, const DnUuid *tenant)
{
    Head *head = g_hash_table_lookup(heads, tenant);

    if (!head) {
        head = g_new0(Head, 1);
        head->tenant = *tenant;
        g_hash_table_insert(heads, &head->tenant, head);
    }
    return head;
}

static GHashTable *
heads_new(const GArray *list)
{
    GHashTable *heads = g_hash_table_new_full(uuid_hash, uuid_equal, NULL, g_free);

    for (guint i = 0; list && i < list->len; i++) {
        const DnSegmentHead *from = &g_array_index(list, DnSegmentHead, i);
        Head *head = head_of(heads, &from->tenant);

        head->appended = from->seq;
        head->durable = from->seq;
    }
    return heads;
}

static int
compare_heads(gconstpointer a, gconstpointer b)
{
    return memcmp(a, b, DN_UUID_BYTES);
}

static GArray *
heads_list(GHashTable *heads)
{
    GArray *list = g_array_new(FALSE, TRUE, sizeof(DnSegmentHead));
    GHashTableIter it;
    gpointer value = NULL;

    g_hash_table_iter_init(&it, heads);
    while (g_hash_table_iter_next(&it, NULL, &value)) {
        const Head *from = value;
        DnSegmentHead head = {.tenant = from->tenant, .seq = from->durable};

        if (head.seq > 0) /* a first append that failed leaves an empty head */
            g_array_append_val(list, head);
    }
    g_array_sort(list, compare_heads);
    return list;
}

/* ---- what is durable, what has failed; under the lock ---- */

static void
settle(SegmentStore *self, uint64_t ticket, uint64_t end)
{
    guint count = 0;

    for (; count < self->pending->len; count++) {
        const Pending *commit = &g_array_index(self->pending, Pending, count);

        if (commit->ticket > ticket)
            break;
        commit->head->durable = commit->seq;
        self->durable_serial = commit->serial;
        self->durable_end = commit->end;
    }
    g_array_remove_range(self->pending, 0, count);
    self->durable = end;
    self->settled = ticket;
}

static void
break_store(SegmentStore *self, const GError *why)
{
    if (!self->broken)
        self->broken =
            g_error_new(DN_ERROR, DN_ERROR_IO, "the log takes nothing until it is opened again: %s",
                        why->message);
}

static void
fail_pending(SegmentStore *self)
{
    for (guint i = 0; i < self->pending->len; i++) {
        const Pending *commit = &g_array_index(self->pending, Pending, i);

        commit->head->appended = commit->head->durable;
    }
    if (self->ticket > self->settled) {
        TicketRange range = {self->settled + 1, self->ticket};

        g_array_append_val(self->failed, range);
    }
    g_array_set_size(self->pending, 0);
    self->settled = self->ticket;
    self->serial = self->durable_serial;
    self->end = self->durable;
    while (self->offsets->len > 0 &&
           g_array_index(self->offsets, uint64_t, self->offsets->len - 1) >= self->durable)
        g_array_set_size(self->offsets, self->offsets->len - 1);
}

static bool
cut_file(SegmentStore *self, GError **error)
{
    self->ahead = 0;
    if (DN_FAILPOINT("segment.cut") || ftruncate(self->fd, (off_t)self->durable) != 0)
        return dn_fail_errno(error, "cannot cut the log back");
    return dn_fs_datasync(self->fd, error) &&
           dn_segment_tail_rewind(&self->tail, self->durable, error);
}

/* Undoes everything that is not durable, because of @why (nullable). Waits for a leader first: what
 * he syncs stays. */
static void
cut_back(SegmentStore *self, const GError *why)
{
    g_autoptr(GError) problem = NULL;

    self->cutting = true;
    while (self->leaders > 0 || self->filling)
        g_cond_wait(&self->changed, &self->lock);
    if (!cut_file(self, &problem))
        break_store(self, problem);
    g_free(self->failure);
    self->failure = g_strdup(why ? why->message : "writing the log failed");
    fail_pending(self);
    self->cutting = false;
    g_cond_broadcast(&self->changed);
}

/* After a failed sync nothing is known of the pages that were to be written; the cut is tried so
 * that what was reported as failed does not come back, but the store stays shut either way. */
static void
sync_failed(SegmentStore *self, const GError *why)
{
    break_store(self, why);
    cut_file(self, NULL);
    fail_pending(self);
    g_cond_broadcast(&self->changed);
}

/* Commits for which no sync has been begun. */
static uint64_t
waiting_commits(const SegmentStore *self)
{
    return self->ticket - MAX(self->covered, self->settled);
}

static bool
has_failed(const SegmentStore *self, uint64_t ticket)
{
    for (guint i = self->failed->len; i-- > 0;) {
        const TicketRange *range = &g_array_index(self->failed, TicketRange, i);

        if (ticket > range->last)
            return false;
        if (ticket >= range->first)
            return true;
    }
    return false;
}

static bool
refuse_broken(const SegmentStore *self, GError **error)
{
    g_propagate_error(error, g_error_copy(self->broken));
    return false;
}

/* ---- writing ---- */

/* Has the file take what was appended. */
static bool
write_tail(SegmentStore *self, GError **error)
{
    bool wrote = dn_segment_tail_write(&self->tail, error);

    self->ahead = MAX(self->ahead, self->tail.filled);
    return wrote || dn_fail_in(error, "segment %u", (unsigned)self->segment);
}

/* The same; when it cannot, all that is not durable goes. */
static bool
write_out(SegmentStore *self, GError **error)
{
    g_autoptr(GError) problem = NULL;

    if (write_tail(self, &problem))
        return true;
    cut_back(self, problem);
    g_propagate_error(error, g_steal_pointer(&problem));
    return false;
}

typedef struct {
    SegmentStore *store;
    uint64_t offset;   /* of the next frame */
    DnDigest *headers; /* of the commit's frames */
} Writer;

static bool
writer_put(Writer *self, const DnFrame *frame, const void *body, GError **error)
{
    DnFramePlace place = {
        .archive = self->store->archive, .segment = self->store->segment, .offset = self->offset};
    uint8_t header[DN_FRAME_HEADER];

    dn_frame_write(&place, frame, header);
    dn_digest_add(self->headers, header, sizeof header);
    g_array_append_val(self->store->offsets, self->offset);
    self->offset += DN_FRAME_HEADER + frame->size;
    return dn_segment_tail_put(&self->store->tail, header, sizeof header, error) &&
           dn_segment_tail_put(&self->store->tail, body, (size_t)frame->size, error);
}

static uint64_t
commit_size(const DnStoreCommit *commit)
{
    uint64_t size = DN_FRAME_HEADER + DN_COMMIT_BODY;

    for (size_t i = 0; i < commit->blob_count; i++)
        size += DN_FRAME_HEADER + g_bytes_get_size(commit->blobs[i].sealed);
    for (size_t i = 0; i < commit->entry_count; i++)
        size += DN_FRAME_HEADER + g_bytes_get_size(commit->entries[i].sealed);
    return size;
}

static bool
writer_put_part(Writer *self, DnFrame *frame, GBytes *sealed, const DnSha256 *digest,
                DnStoreRef *out_ref, GError **error)
{
    size_t size = 0;
    const void *bytes = g_bytes_get_data(sealed, &size);

    frame->size = size;
    frame->body = *digest;
    *out_ref = (DnStoreRef){self->store->segment, self->offset + DN_FRAME_HEADER, size};
    return writer_put(self, frame, bytes ? bytes : "", error);
}

/* @digests: of the blobs, then of the entries. */
static bool
write_commit(Writer *self, const DnStoreCommit *commit, const DnSha256 *digests,
             DnStoreReceipt *receipt, GError **error)
{
    DnFrame frame = {.serial = self->store->serial + 1, .tenant = commit->tenant};
    DnCommitBody body = {.blob_count = (uint32_t)commit->blob_count,
                         .entry_count = (uint32_t)commit->entry_count,
                         .durable = self->store->durable};
    uint8_t bytes[DN_COMMIT_BODY];

    frame.type = DN_FRAME_BLOB;
    for (size_t i = 0; i < commit->blob_count; i++) {
        frame.part = commit->blobs[i].part;
        frame.object = commit->blobs[i].id;
        if (!writer_put_part(self, &frame, commit->blobs[i].sealed, digests++, &receipt->blobs[i],
                             error))
            return false;
    }
    frame.type = DN_FRAME_ENTRY;
    frame.part = 0;
    for (size_t i = 0; i < commit->entry_count; i++) {
        frame.object = dn_object_number(commit->entries[i].seq);
        if (!writer_put_part(self, &frame, commit->entries[i].sealed, digests++,
                             &receipt->entries[i], error))
            return false;
    }
    body.frames = dn_digest_finish(self->headers);
    dn_commit_body_write(&body, bytes);
    frame.type = DN_FRAME_COMMIT;
    frame.size = sizeof bytes;
    frame.body = dn_sha256(bytes, sizeof bytes);
    return writer_put(self, &frame, bytes, error);
}

static bool
append_commit(SegmentStore *self, const DnStoreCommit *commit, const DnSha256 *digests,
              DnStoreReceipt *receipt, GError **error)
{
    g_autoptr(DnDigest) headers = dn_digest_new();
    g_autoptr(GError) problem = NULL;
    Writer writer = {.store = self, .offset = self->end, .headers = headers};
    Pending pending = {0};

    if (!write_commit(&writer, commit, digests, receipt, &problem)) {
        dn_fail_in(&problem, "segment %u", (unsigned)self->segment);
        cut_back(self, problem);
        g_propagate_error(error, g_steal_pointer(&problem));
        return false;
    }
    pending = (Pending){.ticket = ++self->ticket,
                        .serial = ++self->serial,
                        .head = head_of(self->heads, &commit->tenant),
                        .seq = commit->expected_head + commit->entry_count,
                        .end = {self->segment, writer.offset}};
    pending.head->appended = pending.seq;
    g_array_append_val(self->pending, pending);
    if (self->gathering && waiting_commits(self) == self->company)
        g_cond_broadcast(&self->changed); /* a leader may wait for this one */
    self->end = writer.offset;
    self->marked = false;
    receipt->end = pending.end;
    receipt->ticket = pending.ticket;
    return true;
}

/* ---- rollover, under the lock and without a leader ---- */

static bool
sync_all(SegmentStore *self, GError **error)
{
    g_autoptr(GError) problem = NULL;

    if (self->durable == self->end)
        return true;
    if (!write_out(self, error))
        return false;
    if (!dn_fs_datasync(self->fd, &problem)) {
        sync_failed(self, problem);
        g_propagate_error(error, g_steal_pointer(&problem));
        return false;
    }
    settle(self, self->ticket, self->end);
    g_cond_broadcast(&self->changed);
    return true;
}

/* The trailer must be the last of its file, so the zeros are gone for certain before it is there.
 */
static bool
cut_ahead(SegmentStore *self, GError **error)
{
    g_autoptr(GError) problem = NULL;

    if (self->ahead <= self->end)
        return true;
    if (DN_FAILPOINT("segment.cut-ahead") || ftruncate(self->fd, (off_t)self->end) != 0)
        return dn_fail_errno(error, "cannot cut off the space that was filled ahead");
    self->ahead = 0;
    if (dn_fs_datasync(self->fd, &problem))
        return true;
    sync_failed(self, problem);
    g_propagate_error(error, g_steal_pointer(&problem));
    return false;
}

static GBytes *
make_trailer(SegmentStore *self, DnSha256 *out_digest, GError **error)
{
    g_auto(DnSegmentReader) reader = {.fd = -1};
    g_autoptr(DnDigest) headers = dn_digest_new();
    g_autoptr(GArray) heads = heads_list(self->heads);
    DnTrailer trailer = {
        .last_commit_end = self->durable_end.offset, .offsets = self->offsets, .heads = heads};

    if (!dn_segment_reader_open(&reader, self->dir, &self->archive, self->segment, error) ||
        !dn_segment_reader_digest(&reader, self->offsets, headers, error))
        return NULL;
    return dn_trailer_write(&trailer, self->end, headers, out_digest);
}

static bool
write_trailer(SegmentStore *self, GBytes *body, GError **error)
{
    size_t size = 0;
    const uint8_t *bytes = g_bytes_get_data(body, &size);
    DnFramePlace place = {.archive = self->archive, .segment = self->segment, .offset = self->end};
    DnFrame frame = {.type = DN_FRAME_TRAILER,
                     .serial = self->serial,
                     .size = size,
                     .body = dn_sha256(bytes, size)};
    uint8_t header[DN_FRAME_HEADER];

    dn_frame_write(&place, &frame, header);
    return dn_fs_pwrite_all(self->fd, header, sizeof header, self->end, error) &&
           dn_fs_pwrite_all(self->fd, bytes, size, self->end + sizeof header, error);
}

static bool
make_segment(const char *dir, const DnUuid *archive, uint32_t segment, const DnSha256 *previous,
             GError **error)
{
    g_autofree char *path = dn_segment_path(dir, segment);
    uint8_t header[DN_SEGMENT_HEADER];

    dn_segment_header_write(archive, segment, previous, header);
    return dn_fs_create_file(path, header, sizeof header, 0600, error);
}

static bool
open_tail(SegmentStore *self, GError **error)
{
    g_autofree char *path = dn_segment_path(self->dir, self->segment);

    return dn_segment_tail_open(&self->tail, path, self->fd, self->end, error);
}

static int
open_segment(const char *dir, uint32_t segment, GError **error)
{
    g_autofree char *path = dn_segment_path(dir, segment);
    int fd = DN_FAILPOINT("segment.open") ? -1 : open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);

    if (fd < 0)
        dn_fail_errno(error, "cannot open the segment %s", path);
    return fd;
}

static void
clear_descriptors(SegmentStore *self)
{
    dn_clear_fd(&self->fd);
    for (unsigned i = 0; i < G_N_ELEMENTS(self->beside_fd); i++)
        dn_clear_fd(&self->beside_fd[i]);
}

static void
remove_follower(SegmentStore *self)
{
    g_autofree char *path = dn_segment_path(self->dir, self->segment + 1);
    g_autoptr(GError) problem = NULL;

    if (((DN_FAILPOINT("segment.unlink") || unlink(path) != 0) && errno != ENOENT &&
         !dn_fail_errno(&problem, "cannot remove %s", path)) ||
        !dn_fs_sync_dir(self->dir, &problem))
        break_store(self, problem);
}

/* First the cut, then the follower: a trailer without one must not be left. */
static void
undo_roll_over(SegmentStore *self, bool remove)
{
    cut_back(self, NULL);
    if (remove && !self->broken)
        remove_follower(self);
}

static bool
roll_over(SegmentStore *self, GError **error)
{
    g_autoptr(GBytes) trailer = NULL;
    g_autoptr(GError) problem = NULL;
    DnSha256 digest;
    dn_autofd int next = -1;

    if (!sync_all(self, error) || !cut_ahead(self, error))
        return false;
    trailer = make_trailer(self, &digest, error);
    if (!trailer)
        return false;
    if (!make_segment(self->dir, &self->archive, self->segment + 1, &digest, &problem)) {
        /* A file that is there already is not ours to remove: someone else writes this log. */
        undo_roll_over(self, dn_error_code(problem) != DN_ERROR_EXISTS);
        g_propagate_error(error, g_steal_pointer(&problem));
        return false;
    }
    if ((next = open_segment(self->dir, self->segment + 1, error)) < 0 ||
        !write_trailer(self, trailer, error)) {
        undo_roll_over(self, true);
        return false;
    }
    if (!dn_fs_sync(self->fd, &problem)) {
        sync_failed(self, problem); /* the follower stays: the trailer may have reached the disk */
        g_propagate_error(error, g_steal_pointer(&problem));
        return false;
    }
    fchmod(self->fd, 0400); /* a reminder to people; nothing relies on it */
    clear_descriptors(self);
    self->finished_bytes += self->end + DN_FRAME_HEADER + g_bytes_get_size(trailer);
    self->fd = dn_steal_fd(&next);
    self->segment++;
    self->previous = digest;
    self->end = DN_SEGMENT_HEADER;
    self->durable = DN_SEGMENT_HEADER;
    g_array_set_size(self->offsets, 0);
    if (open_tail(self, &problem))
        return true;
    break_store(self, problem);
    return refuse_broken(self, error);
}

/* ---- the driver: append and wait ---- */

/* Waits until @size bytes can be written at self->end, rolling over when they do not fit. */
static bool
make_room(SegmentStore *self, const DnStoreCommit *commit, uint64_t size, GError **error)
{
    for (;;) {
        const Head *head = NULL;

        if (self->cutting || (self->filling && self->end + size > self->fill_from)) {
            g_cond_wait(&self->changed, &self->lock);
            continue;
        }
        if (self->broken)
            return refuse_broken(self, error);
        head = g_hash_table_lookup(self->heads, &commit->tenant);
        if ((head ? head->appended : 0) != commit->expected_head)
            return dn_fail(error, DN_ERROR_BUSY, "the tenant's head is %" PRIu64 ", not %" PRIu64,
                           head ? head->appended : 0, commit->expected_head);
        if (size > self->segment_bytes - DN_SEGMENT_HEADER)
            return dn_fail(error, DN_ERROR_LIMIT,
                           "a commit of %" PRIu64 " bytes does not fit a segment of %" PRIu64, size,
                           self->segment_bytes);
        if (size <= self->segment_bytes - MIN(self->end, self->segment_bytes))
            return true;
        if (self->leaders == 0 && !self->filling) {
            if (!roll_over(self, error))
                return false;
            continue;
        }
        self->rolling = true;
        g_cond_wait(&self->changed, &self->lock);
        self->rolling = false; /* who else waits for it says so again */
    }
}

static bool
segment_append(DnStore *store, const DnStoreCommit *commit, DnStoreReceipt *out_receipt,
               GError **error)
{
    SegmentStore *self = segment_store(store);
    g_auto(DnStoreReceipt) receipt = {.blobs = g_new0(DnStoreRef, commit->blob_count + 1),
                                      .entries = g_new0(DnStoreRef, commit->entry_count + 1)};
    g_autofree DnSha256 *digests = g_new(DnSha256, commit->blob_count + commit->entry_count);
    uint64_t size = commit_size(commit);
    bool appended = false;

    for (size_t i = 0; i < commit->blob_count; i++)
        digests[i] = commit->blobs[i].digest ? *commit->blobs[i].digest
                                             : dn_sha256_bytes(commit->blobs[i].sealed);
    for (size_t i = 0; i < commit->entry_count; i++)
        digests[commit->blob_count + i] = dn_sha256_bytes(commit->entries[i].sealed);

    g_mutex_lock(&self->lock);
    appended = make_room(self, commit, size, error) &&
               append_commit(self, commit, digests, &receipt, error);
    g_mutex_unlock(&self->lock);
    if (!appended)
        return false;
    *out_receipt = receipt;
    receipt = (DnStoreReceipt){0};
    return true;
}

/* Until as many commits are there as came last time, and never longer than a part of what a sync
 * takes; the lock is released meanwhile. Where there is much to write the disk is not kept idle. */
static void
wait_for_company(SegmentStore *self)
{
    gint64 deadline = g_get_monotonic_time() + MIN(self->sync_us / COMPANY_SHARE, COMPANY_MAX_US);

    self->gathering = true;
    while (self->company > 1 && waiting_commits(self) < self->company && !self->cutting &&
           !self->rolling && self->end - self->durable < MUCH_BYTES)
        if (!g_cond_wait_until(&self->changed, &self->lock, deadline))
            break;
    self->gathering = false;
}

/* ---- zeros ahead ---- */

static gpointer
fill_ahead(gpointer data)
{
    SegmentStore *self = data;
    uint64_t from = 0;
    uint64_t to = 0;
    int direct_fd = -1;
    int fd = -1;

    g_mutex_lock(&self->lock);
    from = self->fill_from;
    to = MIN(from + AHEAD_BYTES, self->segment_bytes);
    direct_fd = self->tail.refused
                    ? -1
                    : self->tail.direct_fd; /* both stay open: rolling over and closing wait */
    fd = self->fd;
    g_mutex_unlock(&self->lock);
    dn_segment_tail_fill(direct_fd, fd, from, to);
    g_mutex_lock(&self->lock);
    self->ahead = to; /* or less, when it failed: it is cut off all the same */
    self->filling = false;
    g_cond_broadcast(&self->changed);
    g_mutex_unlock(&self->lock);
    return NULL;
}

static void
join_filler(SegmentStore *self)
{
    if (self->filler)
        g_thread_join(g_steal_pointer(&self->filler));
}

/* After a sync that served one commit of @bytes. Who comes back for the next finds some space left:
 * another thread fills more meanwhile. */
static void
keep_ahead(SegmentStore *self, uint64_t bytes)
{
    self->alone = bytes <= SMALL_SYNC ? self->alone + 1 : 0;
    if (self->alone < AHEAD_FROM || self->filling || self->broken || self->cutting ||
        self->leaders > 0 || self->ahead > self->end + AHEAD_BYTES / 2 ||
        MAX(self->ahead, self->end) + AHEAD_LEAST > self->segment_bytes)
        return;
    join_filler(self); /* he has nothing more to do */
    self->fill_from = MAX(self->ahead, self->end);
    self->filler = g_thread_try_new("log-ahead", fill_ahead, self, NULL);
    self->filling = self->filler != NULL;
}

/* The number of a descriptor that nobody syncs, when a leader is still to be had. */
static unsigned
free_descriptor(const SegmentStore *self)
{
    unsigned which = 0;

    while (self->led[which])
        which++;
    return which;
}

/* Opens it when it is needed first. */
static bool
has_descriptor(SegmentStore *self, unsigned which)
{
    int *fd = which ? &self->beside_fd[which - 1] : &self->fd;

    if (*fd < 0)
        *fd = open_segment(self->dir, self->segment, NULL);
    return *fd >= 0;
}

/* A sync beside others is for those whom they, which are slow, do not serve. */
static bool
may_lead(SegmentStore *self, uint64_t ticket)
{
    if (self->cutting || self->gathering)
        return false;
    return self->leaders == 0 ||
           (self->leaders < LEADERS && ticket > self->covered && !self->rolling &&
            self->sync_us >= SLOW_SYNC_US && has_descriptor(self, free_descriptor(self)));
}

/* Writes all that is appended by now and syncs it; releases the lock meanwhile. */
static void
lead(SegmentStore *self)
{
    unsigned which = free_descriptor(self);
    g_autoptr(GError) problem = NULL;
    uint64_t durable = 0;
    uint64_t count = 0;
    uint64_t ticket = 0;
    uint64_t end = 0;
    gint64 begin_us = 0;
    int fd = -1;
    bool synced = false;

    self->leaders++;
    self->led[which] = true;
    wait_for_company(self);
    if (self->cutting || self->broken || !write_tail(self, &problem)) {
        self->led[which] = false;
        self->leaders--;
        if (problem)
            cut_back(self, problem);
        g_cond_broadcast(&self->changed);
        return;
    }
    count = waiting_commits(self);
    ticket = self->ticket;
    end = self->end;
    durable = self->durable;
    self->covered = ticket;
    /* It stays open: rolling over waits for the leaders. */
    fd = which ? self->beside_fd[which - 1] : self->fd;
    g_mutex_unlock(&self->lock);
    begin_us = g_get_monotonic_time();
    synced = dn_fs_datasync(fd, &problem);
    g_mutex_lock(&self->lock);
    self->led[which] = false;
    self->leaders--;
    self->sync_us = g_get_monotonic_time() - begin_us;
    self->company = count + waiting_commits(self);
    if (!synced)
        sync_failed(self, problem);
    else if (ticket > self->settled) /* else another was first, or has failed with all of it */
        settle(self, ticket, end);
    keep_ahead(self, synced && self->company == 1 ? end - durable : UINT64_MAX);
    g_cond_broadcast(&self->changed);
}

static bool
segment_wait(DnStore *store, uint64_t ticket, GError **error)
{
    SegmentStore *self = segment_store(store);
    bool durable = false;

    g_mutex_lock(&self->lock);
    if (ticket > self->ticket) {
        g_mutex_unlock(&self->lock);
        return dn_fail(error, DN_ERROR_INVALID, "no commit has that ticket");
    }
    while (ticket > self->settled) {
        if (may_lead(self, ticket))
            lead(self);
        else
            g_cond_wait(&self->changed, &self->lock);
    }
    durable = !has_failed(self, ticket);
    if (!durable && self->broken)
        refuse_broken(self, error);
    else if (!durable)
        dn_fail(error, DN_ERROR_IO, "the commit was not stored: %s", self->failure);
    g_mutex_unlock(&self->lock);
    return durable;
}

static bool
segment_abandon(DnStore *store, GError **error)
{
    SegmentStore *self = segment_store(store);
    bool usable = false;

    g_mutex_lock(&self->lock);
    while (self->cutting)
        g_cond_wait(&self->changed, &self->lock);
    cut_back(self, NULL);
    usable = !self->broken || refuse_broken(self, error);
    g_mutex_unlock(&self->lock);
    return usable;
}

/* ---- the driver: reading ---- */

typedef struct {
    uint32_t segment;
    uint64_t end;
    DnStorePosition durable_end;
} Snapshot;

static Snapshot
snapshot(SegmentStore *self, bool durable_only)
{
    Snapshot now;

    g_mutex_lock(&self->lock);
    now.segment = self->segment;
    now.end = durable_only ? self->durable : self->end;
    now.durable_end = self->durable_end;
    g_mutex_unlock(&self->lock);
    return now;
}

static bool
open_reader(SegmentStore *self, const Snapshot *now, uint32_t segment, DnSegmentReader *out,
            GError **error)
{
    if (!dn_segment_reader_open(out, self->dir, &self->archive, segment, error))
        return false;
    if (segment == now->segment)
        out->end = MIN(out->end, now->end);
    return true;
}

typedef DnSegmentReader ReaderBox; /* one that g_atomic_rc_box_new() made */

static void
box_clear(gpointer reader)
{
    dn_segment_reader_close(reader);
}

static void
box_release(gpointer reader)
{
    g_atomic_rc_box_release_full(reader, box_clear);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ReaderBox, box_release)

/* A reader that stays open for the reads to come; who has it may go on with it when it is let go.
 * Its end is where the file ended when it was opened: see find_frame(). */
static ReaderBox *
open_box(SegmentStore *self, uint32_t segment, GError **error)
{
    ReaderBox *box = NULL;
    DnSegmentReader fresh = {.fd = -1};

    g_mutex_lock(&self->open_lock);
    box = g_hash_table_lookup(self->open, GUINT_TO_POINTER(segment));
    if (box)
        g_atomic_rc_box_acquire(box);
    g_mutex_unlock(&self->open_lock);
    if (box || !dn_segment_reader_open(&fresh, self->dir, &self->archive, segment, error))
        return box;
    box = g_atomic_rc_box_new(ReaderBox);
    *box = fresh;
    g_mutex_lock(&self->open_lock);
    if (g_hash_table_size(self->open) >= OPEN_FILES)
        g_hash_table_remove_all(self->open);
    g_hash_table_replace(self->open, GUINT_TO_POINTER(segment), g_atomic_rc_box_acquire(box));
    g_mutex_unlock(&self->open_lock);
    return box;
}

/* What was appended and nobody has waited for yet can be read too: the file must have it first. */
static bool
is_written(SegmentStore *self, const DnStoreRef *ref, GError **error)
{
    bool written = true;

    g_mutex_lock(&self->lock);
    while (self->cutting)
        g_cond_wait(&self->changed, &self->lock);
    if (ref->segment == self->segment && ref->offset < self->end &&
        ref->offset + ref->size > self->tail.written && !self->broken)
        written = write_out(self, error);
    g_mutex_unlock(&self->lock);
    return written;
}

/* The frame of @ref, checked but for its body, and a reader for it: a copy that borrows @out_box's
 * descriptor. */
static bool
find_frame(SegmentStore *self, const DnStoreRef *ref, ReaderBox **out_box,
           DnSegmentReader *out_reader, DnFrame *out_frame, GError **error)
{
    Snapshot now = {0};
    uint64_t offset = ref->offset - DN_FRAME_HEADER;
    struct stat st;

    if (!is_written(self, ref, error))
        return false;
    now = snapshot(self, false);
    if (ref->segment == 0 || ref->segment > now.segment ||
        ref->offset < DN_SEGMENT_HEADER + DN_FRAME_HEADER)
        return dn_fail(error, DN_ERROR_CORRUPT,
                       "segment %u, byte %" PRIu64 ": the log has no such place",
                       (unsigned)ref->segment, ref->offset);
    g_autoptr(ReaderBox) box = open_box(self, ref->segment, error);

    if (!box)
        return false;
    *out_reader = *box;
    /* A file only grows: how far it has is asked when the place lies behind what was known. */
    if (ref->offset > box->end || ref->size > box->end - ref->offset) {
        if (fstat(box->fd, &st) != 0)
            return dn_fail_errno(error, "segment %u", (unsigned)ref->segment);
        out_reader->end = (uint64_t)st.st_size;
    }
    if (ref->segment == now.segment)
        out_reader->end = MIN(out_reader->end, now.end);
    if (!dn_segment_reader_frame(out_reader, offset, out_frame, NULL, error))
        return false;
    if (out_frame->size != ref->size ||
        (out_frame->type != DN_FRAME_BLOB && out_frame->type != DN_FRAME_ENTRY))
        return dn_fail(error, DN_ERROR_CORRUPT,
                       "segment %u, byte %" PRIu64 ": not the frame that was asked for",
                       (unsigned)ref->segment, offset);
    *out_box = g_steal_pointer(&box);
    return true;
}

static GBytes *
segment_read(DnStore *store, const DnStoreRef *ref, GError **error)
{
    g_autoptr(ReaderBox) box = NULL;
    DnSegmentReader reader;
    DnFrame frame;

    if (!find_frame(segment_store(store), ref, &box, &reader, &frame, error))
        return NULL;
    return dn_segment_reader_body(&reader, ref->offset - DN_FRAME_HEADER, &frame, error);
}

typedef struct {
    DnStorePart base;
    ReaderBox *box;
    DnSegmentReader reader; /* borrows the descriptor of the box */
    uint64_t frame;         /* offset of its frame */
} SegmentPart;

static bool
part_read(DnStorePart *part, uint64_t offset, uint64_t size, void *out, GError **error)
{
    SegmentPart *self = (SegmentPart *)part;

    return dn_segment_reader_part(&self->reader, self->frame, offset, size, out, error);
}

static void
part_free(DnStorePart *part)
{
    SegmentPart *self = (SegmentPart *)part;

    box_release(self->box);
    g_free(self);
}

/* As find_frame() without the frame. */
static bool
find_segment(SegmentStore *self, uint32_t segment, ReaderBox **out_box, DnSegmentReader *out_reader,
             GError **error)
{
    ReaderBox *box = open_box(self, segment, error);

    if (!box)
        return false;
    *out_reader = *box;
    *out_box = box;
    return true;
}

static DnStorePart *
segment_open_part(DnStore *store, const DnStoreRef *ref, bool seen, GError **error)
{
    SegmentPart *self = g_new0(SegmentPart, 1);
    DnFrame frame;

    if (!(seen ? find_segment(segment_store(store), ref->segment, &self->box, &self->reader, error)
               : find_frame(segment_store(store), ref, &self->box, &self->reader, &frame, error))) {
        g_free(self);
        return NULL;
    }
    self->base = (DnStorePart){.size = ref->size, .read = part_read, .free = part_free};
    self->frame = ref->offset - DN_FRAME_HEADER;
    return &self->base;
}

/* The header of the frame is read with the body, and before it. The kernel takes no more of one
 * announcement than it reads ahead by itself. */
static void
segment_expect(DnStore *store, const DnStoreRef *ref)
{
    SegmentStore *self = segment_store(store);
    g_autoptr(ReaderBox) box = open_box(self, ref->segment, NULL);
    uint64_t end = ref->offset + ref->size;

    if (!box || ref->offset < DN_FRAME_HEADER || end < ref->size || ref->size > self->segment_bytes)
        return;
    for (uint64_t at = ref->offset - DN_FRAME_HEADER; at < end; at += READ_AHEAD)
        posix_fadvise(box->fd, (off_t)at, (off_t)MIN(end - at, (uint64_t)READ_AHEAD),
                      POSIX_FADV_WILLNEED);
}

static bool
visit_item(const DnSegmentReader *reader, const DnSegmentItem *item, DnStoreVisitor visit,
           void *user_data, GError **error)
{
    DnStoreVisit one = {
        .tenant = item->frame.tenant,
        .end = {reader->segment, item->end},
        .blob_count = item->blobs->len,
        .blobs = (const DnStoreBlob *)(const void *)item->blobs->data,
        .blob_refs = (const DnStoreRef *)(const void *)item->blob_refs->data,
        .entry_count = item->entries->len,
        .entries = (const DnStoreEntry *)(const void *)item->entries->data,
        .entry_refs = (const DnStoreRef *)(const void *)item->entry_refs->data,
    };

    return visit(&one, user_data, error);
}

typedef struct {
    DnSegmentBlobs blobs;
    DnStoreVisitor visit;
    void *user_data;
    uint64_t serial; /* of the last commit, 0 when not known */
} Visiting;

static bool
each_in_segment(const DnSegmentReader *reader, uint64_t offset, bool finished, Visiting *visiting,
                GError **error)
{
    g_autoptr(DnSegmentItem) item = dn_segment_item_new();

    for (;; offset = item->end) {
        if (!dn_segment_reader_next(reader, offset, visiting->blobs, item, error))
            return false;
        if (item->at == DN_SEGMENT_AT_MARK)
            continue;
        if (item->at != DN_SEGMENT_AT_COMMIT)
            break;
        if (visiting->serial > 0 && item->frame.serial != visiting->serial + 1)
            return dn_fail(error, DN_ERROR_CORRUPT,
                           "segment %u, byte %" PRIu64 ": commits are missing before this one",
                           (unsigned)reader->segment, offset);
        visiting->serial = item->frame.serial;
        if (!visit_item(reader, item, visiting->visit, visiting->user_data, error))
            return false;
    }
    if (finished != (item->at == DN_SEGMENT_AT_TRAILER) || item->end != reader->end)
        return dn_fail(error, DN_ERROR_CORRUPT,
                       "segment %u, byte %" PRIu64 ": the segment does not end here as it should",
                       (unsigned)reader->segment, item->end);
    return true;
}

static bool
segment_each(DnStore *store, const DnStorePosition *from, unsigned flags, DnStoreVisitor visit,
             void *user_data, GError **error)
{
    SegmentStore *self = segment_store(store);
    Snapshot now = snapshot(self, true);
    DnStorePosition start = from && from->segment > 0 ? *from : (DnStorePosition){1, 0};
    Visiting visiting = {.blobs = flags & DN_STORE_VISIT_BLOBS ? DN_SEGMENT_KEEP_BLOBS
                                                               : DN_SEGMENT_SKIP_BLOBS,
                         .visit = visit,
                         .user_data = user_data};

    if (from && dn_store_position_compare(from, &now.durable_end) > 0)
        return dn_fail(error, DN_ERROR_CORRUPT,
                       "segment %u, byte %" PRIu64 ": the log ends before, at segment %u, "
                       "byte %" PRIu64,
                       (unsigned)from->segment, from->offset, (unsigned)now.durable_end.segment,
                       now.durable_end.offset);
    for (uint32_t segment = start.segment; segment <= now.segment; segment++) {
        g_auto(DnSegmentReader) reader = {.fd = -1};
        uint64_t offset = segment == start.segment ? MAX(start.offset, (uint64_t)DN_SEGMENT_HEADER)
                                                   : DN_SEGMENT_HEADER;

        if (!open_reader(self, &now, segment, &reader, error))
            return false;
        dn_segment_reader_read_ahead(&reader);
        if (!each_in_segment(&reader, offset, segment < now.segment, &visiting, error))
            return false;
    }
    return true;
}

static void
segment_end(DnStore *store, DnStorePosition *out_end)
{
    SegmentStore *self = segment_store(store);

    *out_end = snapshot(self, true).durable_end;
}

static void
segment_state(DnStore *store, DnStoreState *out_state)
{
    SegmentStore *self = segment_store(store);

    g_mutex_lock(&self->lock);
    out_state->cut_bytes = self->cut_bytes;
    out_state->segments = self->segment;
    out_state->bytes = self->finished_bytes + self->durable;
    g_mutex_unlock(&self->lock);
}

/* ---- the check ---- */

typedef struct {
    GPtrArray *problems;
    GHashTable *heads;
    uint64_t serial; /* of the last commit; UINT64_MAX when damage makes it unknown */
    DnSha256 previous;
    bool previous_known;
    DnStoreVouch vouch;
    void *vouch_data;
} Checking;

G_GNUC_PRINTF(4, 5)
static void
add_problem(Checking *self, uint32_t segment, uint64_t offset, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    g_autofree char *what = g_strdup_vprintf(fmt, args);
    va_end(args);
    g_ptr_array_add(self->problems, g_strdup_printf("segment %u, byte %" PRIu64 ": %s",
                                                    (unsigned)segment, offset, what));
}

static void
take_problem(Checking *self, GError **problem)
{
    g_ptr_array_add(self->problems, g_strdup((*problem)->message));
    g_clear_error(problem);
}

static void
check_commit(Checking *self, uint32_t segment, const DnSegmentItem *item)
{
    uint64_t first = g_array_index(item->entries, DnStoreEntry, 0).seq;
    Head *head = head_of(self->heads, &item->frame.tenant);

    if (self->serial != UINT64_MAX) {
        if (item->frame.serial != self->serial + 1)
            add_problem(self, segment, item->start, "commits are missing before this one");
        if (first != head->durable + 1)
            add_problem(self, segment, item->start, "the tenant's entries have a gap");
    }
    self->serial = item->frame.serial;
    head->durable = first + item->entries->len - 1;
}

/* After damage: each frame of the directory alone, until a commit closes; the place behind it. */
static uint64_t
check_past_damage(Checking *self, const DnSegmentReader *reader, uint64_t bad,
                  const GArray *offsets)
{
    for (guint i = 0; i < offsets->len; i++) {
        uint64_t offset = g_array_index(offsets, uint64_t, i);
        g_autoptr(GError) problem = NULL;
        DnFrame frame;

        if (offset <= bad)
            continue;
        if (!dn_segment_reader_frame(reader, offset, &frame, NULL, &problem) ||
            !dn_segment_reader_check_body(reader, offset, &frame, &problem))
            take_problem(self, &problem);
        else if (frame.type == DN_FRAME_COMMIT || frame.type == DN_FRAME_MARK)
            return offset + DN_FRAME_HEADER + frame.size;
    }
    return UINT64_MAX;
}

static void
check_tail(Checking *self, const DnSegmentReader *reader, const DnSegmentItem *item,
           GError **problem)
{
    bool durable = true;
    uint64_t data_end = 0;

    if (dn_segment_reader_was_durable(reader, item->start, &durable, NULL) && !durable &&
        dn_segment_reader_data_end(reader, item->start, &data_end, NULL)) {
        if (data_end > item->start)
            add_problem(self, reader->segment, item->start,
                        "%" PRIu64 " bytes of an unfinished commit; opening the archive cuts them",
                        data_end - item->start);
    } else {
        g_ptr_array_add(self->problems, g_strdup((*problem)->message));
    }
    g_clear_error(problem);
}

/* @trailer_offset: UINT64_MAX for a segment without a trailer that passes. */
static void
check_frames(Checking *self, const DnSegmentReader *reader, bool finished, const DnTrailer *trailer,
             uint64_t trailer_offset, GArray *found)
{
    g_autoptr(DnSegmentItem) item = dn_segment_item_new();
    uint64_t end = MIN(trailer_offset, reader->end);
    uint64_t offset = DN_SEGMENT_HEADER;

    while (offset < end) {
        g_autoptr(GError) problem = NULL;

        if (dn_segment_reader_next(reader, offset, DN_SEGMENT_CHECK_BLOBS, item, &problem)) {
            if (item->at == DN_SEGMENT_AT_TRAILER) {
                if (!finished)
                    add_problem(self, reader->segment + 1, 0, "the segment is missing");
                return; /* of a finished one: its trailer was reported already */
            }
            if (item->at == DN_SEGMENT_AT_COMMIT)
                check_commit(self, reader->segment, item);
            g_array_append_vals(found, item->offsets->data, item->offsets->len);
            offset = item->end;
            continue;
        }
        self->serial = UINT64_MAX;
        if (trailer_offset == UINT64_MAX) {
            check_tail(self, reader, item, &problem);
            return;
        }
        take_problem(self, &problem);
        offset = check_past_damage(self, reader, item->bad, trailer->offsets);
    }
}

static void
check_trailer(Checking *self, const DnSegmentReader *reader, const DnTrailer *trailer,
              uint64_t offset, const GArray *found)
{
    g_autoptr(DnDigest) headers = dn_digest_new();
    g_autoptr(GArray) heads = heads_list(self->heads);
    g_autoptr(GError) problem = NULL;
    g_autoptr(GBytes) body = NULL;
    DnFrame frame;
    DnSha256 digest;

    if (found->len != trailer->offsets->len ||
        memcmp(found->data, trailer->offsets->data, found->len * sizeof(uint64_t)) != 0)
        add_problem(self, reader->segment, offset, "the directory does not list the frames");
    if (heads->len != trailer->heads->len ||
        memcmp(heads->data, trailer->heads->data, heads->len * sizeof(DnSegmentHead)) != 0)
        add_problem(self, reader->segment, offset, "the heads of the tenants do not fit");
    if (!dn_segment_reader_digest(reader, trailer->offsets, headers, &problem) ||
        !dn_segment_reader_frame(reader, offset, &frame, NULL, &problem) ||
        !(body = dn_segment_reader_body(reader, offset, &frame, &problem))) {
        take_problem(self, &problem);
        return;
    }
    digest = dn_trailer_digest(headers, g_bytes_get_data(body, NULL), g_bytes_get_size(body));
    if (!dn_sha256_equal(&digest, &trailer->digest))
        add_problem(self, reader->segment, offset, "the digest of the segment does not fit");
}

/* @end: how far an open segment is checked. */
static void
check_segment(Checking *self, const char *dir, const DnUuid *archive, uint32_t segment,
              bool finished, uint64_t end)
{
    g_auto(DnSegmentReader) reader = {.fd = -1};
    g_auto(DnTrailer) trailer = {0};
    g_autoptr(GArray) found = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    g_autoptr(GError) problem = NULL;
    uint64_t trailer_offset = UINT64_MAX;
    guint before = self->problems->len;
    bool known = self->previous_known;
    DnFrame frame;

    self->previous_known = false;
    if (!dn_segment_reader_open(&reader, dir, archive, segment, &problem)) {
        if (dn_error_code(problem) == DN_ERROR_NOT_FOUND)
            add_problem(self, segment, 0, "the segment is missing");
        else
            take_problem(self, &problem);
        self->serial = UINT64_MAX;
        return;
    }
    reader.end = MIN(reader.end, end);
    reader.vouch = self->vouch;
    reader.vouch_data = self->vouch_data;
    dn_segment_reader_read_ahead(&reader);
    if (known && !dn_sha256_equal(&reader.previous, &self->previous))
        add_problem(self, segment, 0, "it does not follow segment %u", (unsigned)segment - 1);
    if (finished) {
        if (dn_segment_reader_trailer(&reader, &trailer, &frame, &trailer_offset, &problem)) {
            self->previous = trailer.digest;
            self->previous_known = true;
        } else {
            take_problem(self, &problem);
        }
    }
    check_frames(self, &reader, finished, &trailer, trailer_offset, found);
    if (trailer_offset != UINT64_MAX && self->problems->len == before)
        check_trailer(self, &reader, &trailer, trailer_offset, found);
}

static void
check_range(Checking *self, const char *dir, const DnUuid *archive, uint32_t last, uint64_t end)
{
    self->heads = heads_new(NULL);
    self->previous_known = true; /* zeros before the first */
    for (uint32_t segment = 1; segment <= last; segment++)
        check_segment(self, dir, archive, segment, segment < last,
                      segment < last ? UINT64_MAX : end);
    g_hash_table_unref(self->heads);
}

static bool
segment_check(DnStore *store, DnStoreVouch vouch, void *user_data, GPtrArray *problems,
              GError **error)
{
    SegmentStore *self = segment_store(store);
    Snapshot now = snapshot(self, true);
    Checking checking = {.problems = problems, .vouch = vouch, .vouch_data = user_data};

    (void)error;
    check_range(&checking, self->dir, &self->archive, now.segment, now.end);
    return true;
}

/* ---- opening ---- */

static int
compare_numbers(gconstpointer a, gconstpointer b)
{
    const uint32_t *left = a;
    const uint32_t *right = b;

    return (*left > *right) - (*left < *right);
}

/* (transfer full) Numbers of the segment files in @dir, in order. */
static GArray *
list_segments(const char *dir, GError **error)
{
    g_autoptr(GPtrArray) names = dn_fs_list(dir, error);
    g_autoptr(GArray) numbers = g_array_new(FALSE, FALSE, sizeof(uint32_t));

    if (!names)
        return NULL;
    for (guint i = 0; i < names->len; i++) {
        const char *name = g_ptr_array_index(names, i);
        guint64 number = 0;

        if (!g_str_has_suffix(name, ".seg"))
            continue;
        number = g_ascii_strtoull(name, NULL, 10);
        if (number > 0 && number <= UINT32_MAX) {
            uint32_t segment = (uint32_t)number;
            g_autofree char *path = dn_segment_path("", segment);

            if (strcmp(path + 1, name) == 0)
                g_array_append_val(numbers, segment);
        }
    }
    g_array_sort(numbers, compare_numbers);
    return g_steal_pointer(&numbers);
}

static bool
check_numbers(const GArray *numbers, const char *dir, GError **error)
{
    if (numbers->len == 0)
        return dn_fail(error, DN_ERROR_CORRUPT, "%s: segment 1 is missing", dir);
    for (guint i = 0; i < numbers->len; i++)
        if (g_array_index(numbers, uint32_t, i) != i + 1)
            return dn_fail(error, DN_ERROR_CORRUPT, "%s: segment %u is missing", dir, i + 1);
    return true;
}

bool
dn_store_check_segments(const char *dir, const DnUuid *archive, GPtrArray *problems, GError **error)
{
    g_autoptr(GArray) numbers = list_segments(dir, error);
    Checking checking = {.problems = problems};
    uint32_t last = 1;

    if (!numbers)
        return false;
    if (numbers->len > 0)
        last = g_array_index(numbers, uint32_t, numbers->len - 1);
    check_range(&checking, dir, archive, last, UINT64_MAX);
    return true;
}

static bool
is_empty_segment(const char *dir, uint32_t segment)
{
    g_autofree char *path = dn_segment_path(dir, segment);
    struct stat st;

    return lstat(path, &st) == 0 && S_ISREG(st.st_mode) && st.st_size <= DN_SEGMENT_HEADER;
}

static bool
check_previous(SegmentStore *self, const DnSegmentReader *reader, GError **error)
{
    if (dn_sha256_equal(&reader->previous, &self->previous))
        return true;
    return dn_fail(error, DN_ERROR_CORRUPT, "segment %u, byte 0: it does not follow segment %u",
                   (unsigned)reader->segment, (unsigned)reader->segment - 1);
}

/* Header and trailer of a finished segment; its frames are checked when read and by the check. */
static bool
load_finished(SegmentStore *self, uint32_t segment, bool *out_unfinished, GError **error)
{
    g_auto(DnSegmentReader) reader = {.fd = -1};
    g_auto(DnTrailer) trailer = {0};
    DnFrame frame;
    uint64_t offset = 0;

    if (!dn_segment_reader_open(&reader, self->dir, &self->archive, segment, error) ||
        !check_previous(self, &reader, error))
        return false;
    if (!dn_segment_reader_trailer(&reader, &trailer, &frame, &offset, error)) {
        *out_unfinished = true;
        return false;
    }
    g_hash_table_unref(self->heads);
    self->heads = heads_new(trailer.heads);
    self->previous = trailer.digest;
    self->serial = frame.serial;
    self->durable_end = (DnStorePosition){segment, trailer.last_commit_end};
    self->finished_bytes += reader.end;
    return true;
}

static bool
recover_commit(SegmentStore *self, const DnSegmentItem *item, GError **error)
{
    Head *head = head_of(self->heads, &item->frame.tenant);
    uint64_t first = g_array_index(item->entries, DnStoreEntry, 0).seq;

    if (item->frame.serial != self->serial + 1 || first != head->durable + 1)
        return dn_fail(error, DN_ERROR_CORRUPT,
                       "segment %u, byte %" PRIu64 ": commits are missing before this one",
                       (unsigned)self->segment, item->start);
    self->serial = item->frame.serial;
    head->durable = first + item->entries->len - 1;
    head->appended = head->durable;
    self->durable_end = (DnStorePosition){self->segment, item->end};
    return true;
}

/* The tail that does not pass is a torn write, unless something later proves that it was whole
 * once. */
static bool
judge_tail(const DnSegmentReader *reader, uint64_t start, GError **problem, GError **error)
{
    bool durable = true;

    /* Only damage may be cut, never what could not be read for want of memory or a working disk. */
    if (dn_error_code(*problem) == DN_ERROR_CORRUPT &&
        !dn_segment_reader_was_durable(reader, start, &durable, error))
        return false;
    if (!durable)
        return true;
    g_propagate_error(error, g_steal_pointer(problem));
    return false;
}

static bool
walk_open_segment(SegmentStore *self, const DnSegmentReader *reader, GError **error)
{
    g_autoptr(DnSegmentItem) item = dn_segment_item_new();
    g_autoptr(GError) problem = NULL;

    self->end = DN_SEGMENT_HEADER;
    self->marked = true;
    while (dn_segment_reader_next(reader, self->end, DN_SEGMENT_CHECK_BLOBS, item, &problem)) {
        if (item->at == DN_SEGMENT_AT_END)
            return true;
        if (item->at == DN_SEGMENT_AT_TRAILER)
            return dn_fail(error, DN_ERROR_CORRUPT, "%s: segment %u is missing", self->dir,
                           (unsigned)self->segment + 1);
        if (item->at == DN_SEGMENT_AT_COMMIT && !recover_commit(self, item, error))
            return false;
        self->marked = item->at == DN_SEGMENT_AT_MARK;
        g_array_append_vals(self->offsets, item->offsets->data, item->offsets->len);
        self->end = item->end;
    }
    return judge_tail(reader, item->start, &problem, error);
}

static bool
recover(SegmentStore *self, GError **error)
{
    g_auto(DnSegmentReader) reader = {.fd = -1};
    uint64_t data_end = 0;

    if (!dn_segment_reader_open(&reader, self->dir, &self->archive, self->segment, error))
        return false;
    dn_segment_reader_read_ahead(&reader);
    if (!check_previous(self, &reader, error) || !walk_open_segment(self, &reader, error))
        return false;
    self->fd = open_segment(self->dir, self->segment, error);
    if (self->fd < 0)
        return false;
    if (!dn_segment_reader_data_end(&reader, self->end, &data_end, error))
        return false;
    self->cut_bytes = data_end - self->end; /* zeros behind are space, not bytes that are lost */
    if (reader.end > self->end &&
        (DN_FAILPOINT("segment.cut-tail") || ftruncate(self->fd, (off_t)self->end) != 0))
        return dn_fail_errno(error, "segment %u: cannot cut the unfinished tail",
                             (unsigned)self->segment);
    /* What was found may still be only in the page cache of a process that was killed. */
    if (!dn_fs_sync(self->fd, error))
        return dn_fail_in(error, "segment %u", (unsigned)self->segment);
    self->durable = self->end;
    self->durable_serial = self->serial;
    return open_tail(self, error);
}

static bool
load_log(SegmentStore *self, GError **error)
{
    g_autoptr(GArray) numbers = list_segments(self->dir, error);

    if (!numbers || !check_numbers(numbers, self->dir, error))
        return false;
    self->segment = numbers->len;
    for (uint32_t segment = 1; segment < self->segment; segment++) {
        g_autoptr(GError) problem = NULL;
        bool unfinished = false;

        if (load_finished(self, segment, &unfinished, &problem))
            continue;
        if (!unfinished || segment + 1 != self->segment ||
            !is_empty_segment(self->dir, self->segment)) {
            g_propagate_error(error, g_steal_pointer(&problem));
            return false;
        }
        self->segment = segment; /* a crash while rolling over */
        remove_follower(self);
        if (self->broken)
            return refuse_broken(self, error);
    }
    return recover(self, error);
}

static void
free_store(SegmentStore *self)
{
    clear_descriptors(self);
    dn_segment_tail_close(&self->tail);
    g_free(self->failure);
    g_hash_table_unref(self->heads);
    g_array_unref(self->offsets);
    g_array_unref(self->pending);
    g_array_unref(self->failed);
    g_clear_error(&self->broken);
    g_hash_table_unref(self->open);
    g_mutex_clear(&self->open_lock);
    g_mutex_clear(&self->lock);
    g_cond_clear(&self->changed);
    g_free(self->dir);
    g_free(self);
}

/* So that later damage to the last commits is told from a torn tail. Nothing depends on it. */
static void
write_mark(SegmentStore *self)
{
    DnFramePlace place = {.archive = self->archive, .segment = self->segment, .offset = self->end};
    uint8_t bytes[DN_FRAME_HEADER + DN_MARK_BODY];
    DnFrame frame = {.type = DN_FRAME_MARK, .serial = self->serial, .size = DN_MARK_BODY};

    dn_put_be(bytes + DN_FRAME_HEADER, self->durable, 8);
    frame.body = dn_sha256(bytes + DN_FRAME_HEADER, DN_MARK_BODY);
    dn_frame_write(&place, &frame, bytes);
    if (!dn_fs_pwrite_all(self->fd, bytes, sizeof bytes, self->end, NULL) ||
        (self->ahead > self->end && ftruncate(self->fd, (off_t)(self->end + sizeof bytes)) != 0) ||
        !dn_fs_datasync(self->fd, NULL))
        g_debug("segment %u: closed without a mark", (unsigned)self->segment);
}

static void
segment_close(DnStore *store)
{
    SegmentStore *self = segment_store(store);

    g_mutex_lock(&self->lock);
    while (self->leaders > 0 || self->cutting || self->filling)
        g_cond_wait(&self->changed, &self->lock);
    if (!self->broken && !self->marked && sync_all(self, NULL))
        write_mark(self);
    g_mutex_unlock(&self->lock);
    join_filler(self);
    free_store(self);
}

/* The folder and its first segment. A file shorter than a header is what an interrupted creation
 * leaves; nothing can be in it. */
static bool
create_log(const char *dir, const DnUuid *archive, GError **error)
{
    static const DnSha256 nothing_before;
    g_autofree char *above = g_path_get_dirname(dir);
    g_autofree char *path = dn_segment_path(dir, 1);
    struct stat st;

    if (!dn_fs_make_dir(dir, false, error) || !dn_fs_sync_dir(above, error))
        return false;
    if (lstat(path, &st) == 0 && S_ISREG(st.st_mode) && st.st_size < DN_SEGMENT_HEADER &&
        !dn_fs_unlink(path, error))
        return false;
    return make_segment(dir, archive, 1, &nothing_before, error);
}

DnStore *
dn_store_open_segments(const char *dir, const DnUuid *archive, uint64_t segment_bytes, bool create,
                       GError **error)
{
    SegmentStore *self = NULL;

    if (create && !create_log(dir, archive, error))
        return NULL;
    self = g_new0(SegmentStore, 1);
    self->base.driver = &segment_driver;
    self->dir = g_strdup(dir);
    self->archive = *archive;
    self->segment_bytes =
        MAX(segment_bytes ? segment_bytes : DEFAULT_SEGMENT_BYTES, (uint64_t)DN_SEGMENT_HEADER);
    self->fd = -1;
    self->tail.direct_fd = -1;
    for (unsigned i = 0; i < G_N_ELEMENTS(self->beside_fd); i++)
        self->beside_fd[i] = -1;
    g_mutex_init(&self->lock);
    g_cond_init(&self->changed);
    g_mutex_init(&self->open_lock);
    self->open = g_hash_table_new_full(NULL, NULL, NULL, box_release);
    self->heads = heads_new(NULL);
    self->offsets = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    self->pending = g_array_new(FALSE, FALSE, sizeof(Pending));
    self->failed = g_array_new(FALSE, FALSE, sizeof(TicketRange));
    if (!load_log(self, error)) {
        free_store(self);
        return NULL;
    }
    return &self->base;
}

static const DnStoreDriver segment_driver = {
    .name = "segment",
    .append = segment_append,
    .wait = segment_wait,
    .read = segment_read,
    .open_part = segment_open_part,
    .each = segment_each,
    .end = segment_end,
    .state = segment_state,
    .check = segment_check,
    .close = segment_close,
    .expect = segment_expect,
    .abandon = segment_abandon,
};
