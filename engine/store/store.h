/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/store/store.h - the log: sealed blobs and sealed entries, appended in commits, never
 * changed.
 *
 * A commit holds blobs and entries of one tenant and is all there or not there at all.
 * dn_store_append() orders it and dn_store_wait() returns when it is durable; all commits that wait
 * at the same moment share one fdatasync. An acknowledgement may be given only after
 * dn_store_wait(). There is no call that replaces or removes. The store sees sealed bytes only.
 *
 * Threads: every call may come from any thread; appends are ordered by the order in which they
 * return. Failure: when a write or sync fails, every commit not yet durable fails with it (IO), the
 * log is cut back to the last durable commit, and the heads go back with it: the next append whose
 * expected head is the durable one starts afresh. When even the cut fails, or a sync has failed,
 * the store refuses appends with IO until it is opened again; reads go on. The cut itself is synced
 * before a failure is reported, so what has failed does not come back; only when that very cut
 * fails does the next opening decide.
 *
 * One contract suite (tests/contract/store.c) runs on every driver: segment, memory, fault.
 */
#ifndef ENGINE_STORE_STORE_H
#define ENGINE_STORE_STORE_H

#include "base/digest.h"
#include "base/uuid.h"
#include <stdint.h>

G_BEGIN_DECLS

typedef struct DnStore DnStore;

/** Where the body of a frame lies. Valid for ever. */
typedef struct {
    uint32_t segment; /* from 1 */
    uint64_t offset;  /* of the sealed bytes in the segment */
    uint64_t size;    /* of the sealed bytes */
} DnStoreRef;

/** The place just after a commit; orders commits. {0, 0} is before the first. */
typedef struct {
    uint32_t segment;
    uint64_t offset;
} DnStorePosition;

typedef struct {
    DnUuid id;
    char part; /* DnPart of engine/seal */
    GBytes *sealed;
    const DnSha256 *digest; /* (nullable) of @sealed, when the caller has it; not set when read */
} DnStoreBlob;

typedef struct {
    uint64_t seq; /* from 1 in each tenant, without gaps */
    GBytes *sealed;
} DnStoreEntry;

/** What one commit appends. Blobs come before the entries that name them. Nothing is copied or kept
 * after the call but references on the GBytes. */
typedef struct {
    DnUuid tenant;
    uint64_t expected_head; /* seq of the tenant's last appended entry, 0 before the first */
    const DnStoreBlob *blobs;
    size_t blob_count;
    const DnStoreEntry *entries; /* at least one */
    size_t entry_count;
} DnStoreCommit;

typedef struct {
    DnStorePosition end; /* position after the commit */
    DnStoreRef *blobs;   /* one a blob, in the order given */
    DnStoreRef *entries; /* one an entry */
    uint64_t ticket;     /* for dn_store_wait() */
} DnStoreReceipt;

void dn_store_receipt_clear(DnStoreReceipt *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(DnStoreReceipt, dn_store_receipt_clear)

/** One commit as it is read back; lent for the visit. */
typedef struct {
    DnUuid tenant;
    DnStorePosition end;
    size_t blob_count;
    const DnStoreBlob *blobs; /* .sealed is NULL unless DN_STORE_VISIT_BLOBS */
    const DnStoreRef *blob_refs;
    size_t entry_count;
    const DnStoreEntry *entries;
    const DnStoreRef *entry_refs;
} DnStoreVisit;

typedef bool (*DnStoreVisitor)(const DnStoreVisit *visit, void *user_data, GError **error);

/** True when the caller has himself just proved the bytes of the blob at @ref. */
typedef bool (*DnStoreVouch)(const DnStoreRef *ref, void *user_data);

enum { DN_STORE_VISIT_BLOBS = 1 }; /* also reads and checks the bytes of blobs */

/** What opening found, for a person: bytes cut from an unfinished tail, commits kept. */
typedef struct {
    uint64_t cut_bytes;
    uint32_t segments;
    uint64_t bytes;
} DnStoreState;

/** A stored body that is read piece by piece; what a driver opens begins with it. */
typedef struct DnStorePart DnStorePart;
struct DnStorePart {
    uint64_t size;
    bool (*read)(DnStorePart *self, uint64_t offset, uint64_t size, void *out, GError **error);
    void (*free)(DnStorePart *self);
};

typedef struct {
    const char *name;
    bool (*append)(DnStore *self, const DnStoreCommit *commit, DnStoreReceipt *out_receipt,
                   GError **error);
    bool (*wait)(DnStore *self, uint64_t ticket, GError **error);
    GBytes *(*read)(DnStore *self, const DnStoreRef *ref, GError **error);
    DnStorePart *(*open_part)(DnStore *self, const DnStoreRef *ref, bool seen, GError **error);
    bool (*each)(DnStore *self, const DnStorePosition *from, unsigned flags, DnStoreVisitor visit,
                 void *user_data, GError **error);
    void (*end)(DnStore *self, DnStorePosition *out_end);
    void (*state)(DnStore *self, DnStoreState *out_state);
    bool (*check)(DnStore *self, DnStoreVouch vouch, void *user_data, GPtrArray *problems,
                  GError **error);
    void (*close)(DnStore *self);
    void (*expect)(DnStore *self, const DnStoreRef *ref); /* optional */
    /* optional: every commit that is not durable fails now, as if a write had; IO when the store
     * takes nothing more after that */
    bool (*abandon)(DnStore *self, GError **error);
} DnStoreDriver;

struct DnStore {
    const DnStoreDriver *driver;
};

/** Segment files in @dir (log/), of @segment_bytes (0: 256 MiB). Makes the folder and the first
 * segment when @create (EXISTS when there is one). Recovers the open segment: walks to the last
 * complete commit and cuts what follows, unless a later frame proves that what does not pass had
 * been durable. CORRUPT: that, a segment that is missing, belongs to another archive or fails the
 * check of its header or trailer. BUSY is not given here (the archive holds the lock).
 * UNSUPPORTED: a newer format. */
DnStore *dn_store_open_segments(const char *dir, const DnUuid *archive, uint64_t segment_bytes,
                                bool create, GError **error);

/** The check of dn_store_check() on segment files that cannot be opened or are not open. An
 * unfinished tail is a finding here. Opens nothing for writing. */
bool dn_store_check_segments(const char *dir, const DnUuid *archive, GPtrArray *problems,
                             GError **error);

/** Everything in memory, for tests. */
DnStore *dn_store_open_memory(void);

/** (transfer full) @inner misbehaving on purpose, for tests: the @nth "append" or "wait" from now
 * (1: the next) fails with IO, and with it every commit that is not durable, as when a disk fails.
 * A wait for a commit that is durable already cannot fail; the failure then hits the next one. */
DnStore *dn_store_open_fault(DnStore *inner);
void dn_store_fault_next(DnStore *self, const char *call, unsigned nth);

/** Puts @commit at the end of the log, in memory or file but not yet durable. BUSY when the
 * tenant's head is not commit->expected_head: read the head again. LIMIT when it does not fit a
 * segment. INVALID when there is no entry or their seq do not follow the head. IO. */
bool dn_store_append(DnStore *self, const DnStoreCommit *commit, DnStoreReceipt *out_receipt,
                     GError **error);

/** Returns when the commit behind @ticket is durable. IO when it never will be: then it is not in
 * the log. */
bool dn_store_wait(DnStore *self, uint64_t ticket, GError **error);

/** (transfer full) The sealed bytes at @ref, checked against their frame. CORRUPT names segment and
 * offset. */
GBytes *dn_store_read(DnStore *self, const DnStoreRef *ref, GError **error);

/** Opens the sealed bytes at @ref to be read piece by piece. The place is checked as
 * dn_store_read() does, once; the bytes are not: it is for a caller who proves them himself, as
 * opening sealed bytes does. A part belongs to one thread and does not outlive the store. */
DnStorePart *dn_store_open_part(DnStore *self, const DnStoreRef *ref, GError **error);

/** The same of a place that this store has opened before, which is not checked again. */
DnStorePart *dn_store_open_part_again(DnStore *self, const DnStoreRef *ref, GError **error);

/** A hint: the sealed bytes at @ref will be read soon, so that the disk may begin. Nothing is
 * checked and nothing can fail. */
void dn_store_expect(DnStore *self, const DnStoreRef *ref);

/** Reads @size bytes from @offset on to @out. INVALID when they end beyond the part. */
bool dn_store_part_read(DnStorePart *self, uint64_t offset, uint64_t size, void *out,
                        GError **error);

void dn_store_part_free(DnStorePart *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DnStorePart, dn_store_part_free)

/** Visits every durable commit after @from (NULL: all; else the end of a commit) in order. Stops
 * when @visit fails. CORRUPT with the place, also when @from lies beyond the end of the log: then
 * the log has lost what its reader has seen. */
bool dn_store_each(DnStore *self, const DnStorePosition *from, unsigned flags, DnStoreVisitor visit,
                   void *user_data, GError **error);

/** The position after the last durable commit. */
DnStorePosition dn_store_end(DnStore *self);
DnStoreState dn_store_state(DnStore *self);

/** Checks every byte of every segment: headers, frames, trailers, their SHA-256, and that no
 * segment is missing. Each finding is added to @problems as a string "segment 3, byte 812: ...";
 * false only when the check itself could not go on. */
bool dn_store_check(DnStore *self, GPtrArray *problems, GError **error);

/** The same but for the bodies of blobs that @vouch (nullable) accepts: who has opened a sealed
 * blob and compared it with its hash need not have it hashed once more. */
bool dn_store_check_rest(DnStore *self, DnStoreVouch vouch, void *user_data, GPtrArray *problems,
                         GError **error);

void dn_store_close(DnStore *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DnStore, dn_store_close)

int dn_store_position_compare(const DnStorePosition *a, const DnStorePosition *b);

G_END_DECLS
#endif
