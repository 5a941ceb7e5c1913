/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * index/kv.h - ordered bytes on disk: the only door to RocksDB, and the only file that includes
 * rocksdb/c.h is kv.c.
 *
 * Everything in it can be rebuilt from the log, so it has no write-ahead log: a batch is atomic,
 * and what a crash loses is applied again from the log (the position applied travels in the same
 * batch; families are flushed together). Its files are encrypted by the cipher the engine hands in;
 * the index never sees a key.
 *
 * Threads: a DnKv may be used by any thread; a batch, a snapshot and a cursor belong to one. Every
 * cursor is closed before its snapshot, and all before their DnKv. Errors: CORRUPT (damaged, or
 * another key's files: rebuild), BUSY (another process has it), IO.
 */
#ifndef INDEX_KV_H
#define INDEX_KV_H

#include "base/error.h"
#include <stddef.h>
#include <stdint.h>

G_BEGIN_DECLS

/** Column families. */
typedef enum {
    DN_KV_META,    /* position applied, tenants, heads */
    DN_KV_VOUCHER, /* tenant, voucher -> present state */
    DN_KV_ENTRY,   /* tenant, voucher, seq -> where the entry lies */
    DN_KV_BLOB,    /* blob id -> where it lies */
    DN_KV_HASH,    /* tenant, SHA-256 -> voucher: exact duplicates */
    DN_KV_JOB,     /* tenant, kind of job, voucher: waits to be read, to be stamped */
    DN_KV_INDEX,   /* search rows; index/key.h */
    DN_KV_NAME,    /* names of counterparties; index/key.h */
    DN_KV_COUNT,   /* counters, written with dn_kv_batch_add() only */
    DN_KV_POSTING, /* words of texts, written with dn_kv_batch_post() only; index/posting.h */
    DN_KV_TALLY,   /* values of names, written with dn_kv_batch_tally() only; index/tally.h */
    DN_KV_FAMILIES
} DnKvFamily;

/** XORs @size bytes at @offset of the key stream named by @nonce; called from many threads. */
typedef void (*DnKvCipher)(void *user_data, const uint8_t nonce[16], uint64_t offset,
                           uint8_t *bytes, size_t size);

typedef struct DnKv DnKv;
typedef struct DnKvBatch DnKvBatch;
typedef struct DnKvSnapshot DnKvSnapshot;
typedef struct DnKvCursor DnKvCursor;

/** Opens or makes the folder @dir. @cipher may be NULL in tests: plain files. @user_data lives as
 * long as the DnKv. */
DnKv *dn_kv_open(const char *dir, DnKvCipher cipher, void *user_data, GError **error);
/** Makes all that was written durable. */
bool dn_kv_flush(DnKv *self, GError **error);
/** Reads every block of every file and compares its checksum. CORRUPT. */
bool dn_kv_check(DnKv *self, GError **error);

/** Sorts all files into their final place: after a bulk load. */
void dn_kv_compact(DnKv *self);
/** Flushes, then closes. NULL-safe. */
void dn_kv_close(DnKv *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DnKv, dn_kv_close)

/** (transfer full) The value, or NULL: without an error when the key is not there. */
GBytes *dn_kv_get(DnKv *self, DnKvFamily family, const void *key, size_t key_size, GError **error);

DnKvBatch *dn_kv_batch_new(void);
void dn_kv_batch_put(DnKvBatch *self, DnKvFamily family, const void *key, size_t key_size,
                     const void *value, size_t value_size);
void dn_kv_batch_delete(DnKvBatch *self, DnKvFamily family, const void *key, size_t key_size);
/** Adds @delta to the counter @key of DN_KV_COUNT: 64 bits, little-endian. One that is not there
 * counts as 0; one that comes to 0 goes away in time, so a reader takes 0 for absent. */
void dn_kv_batch_add(DnKvBatch *self, const void *key, size_t key_size, int64_t delta);
/** Adds the voucher at @place to the posting list @key of DN_KV_POSTING, or takes it out. A list
 * that comes to nothing goes away in time, so a reader takes an empty one for absent. */
void dn_kv_batch_post(DnKvBatch *self, const void *key, size_t key_size, uint16_t place,
                      bool removed);
/** Counts one voucher more, or less, at @place of the tally @key of DN_KV_TALLY. One that comes to
 * nothing goes away in time, so a reader takes an empty one for absent. */
void dn_kv_batch_tally(DnKvBatch *self, const void *key, size_t key_size, uint16_t place,
                       bool removed);
/** False when this batch says the same already: then nothing need be said. Else the next @count
 * operations say what is true for ever of @mark, and need not be said again: they
 * may be left out when this process has written the same lately. Nobody ever deletes what they put.
 */
bool dn_kv_batch_once(DnKvBatch *self, const void *mark, size_t mark_size, unsigned count);
/** How many puts, deletes and additions it holds. */
size_t dn_kv_batch_size(const DnKvBatch *self);

/** What one operation puts, adds or lists; all is lent. */
typedef struct {
    DnKvFamily family;
    bool is_delete;
    const void *key;
    size_t key_size;
    const void *value;
    size_t value_size;
} DnKvOperation;

/** Visits them in order, also those that dn_kv_write() would leave out; false when @visit was. */
bool dn_kv_batch_each(const DnKvBatch *self,
                      bool (*visit)(const DnKvOperation *operation, void *user_data),
                      void *user_data);
void dn_kv_batch_free(DnKvBatch *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DnKvBatch, dn_kv_batch_free)

/** Applies the whole batch or nothing. */
bool dn_kv_write(DnKv *self, const DnKvBatch *batch, GError **error);
/** Applies all of @count batches, one after another, or nothing. */
bool dn_kv_write_all(DnKv *self, const DnKvBatch *const *batches, size_t count, GError **error);

/** From here on batches are gathered in memory and written as whole sorted files, of all families
 * together, as soon as they take @memory_bytes: what is on disk is the state after some batch, as
 * always. dn_kv_get() sees rows of
 * META, VOUCHER and BLOB as soon as they are gathered, cursors and snapshots see nothing of a load
 * until its end. For millions of rows, by one thread that writes. */
void dn_kv_begin_load(DnKv *self, size_t memory_bytes);
/** Writes what is gathered; the load is over also when that fails. Without a load it does nothing.
 */
bool dn_kv_end_load(DnKv *self, GError **error);

/** The state of this moment, whatever is written afterwards: several reads that must agree. */
DnKvSnapshot *dn_kv_snapshot(DnKv *self);
void dn_kv_snapshot_free(DnKvSnapshot *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DnKvSnapshot, dn_kv_snapshot_free)

/** dn_kv_get() and dn_kv_cursor() on that state. */
GBytes *dn_kv_snapshot_get(DnKvSnapshot *self, DnKvFamily family, const void *key, size_t key_size,
                           GError **error);
/** What a look-up found: of which key, its value. */
typedef void (*DnKvFound)(size_t which, const uint8_t *value, size_t size, void *user_data);
/** Looks up @count keys of @key_size bytes, one behind another in ascending order, and tells of
 * those that are there: much less than as many seeks. Values are lent for the call. */
bool dn_kv_snapshot_get_many(DnKvSnapshot *self, DnKvFamily family, const void *keys,
                             size_t key_size, size_t count, DnKvFound found, void *user_data,
                             GError **error);
/** The same for keys of any size, GByteArrays in ascending order. */
bool dn_kv_snapshot_get_keys(DnKvSnapshot *self, DnKvFamily family, const GPtrArray *keys,
                             DnKvFound found, void *user_data, GError **error);
DnKvCursor *dn_kv_snapshot_cursor(DnKvSnapshot *self, DnKvFamily family, const void *from,
                                  size_t from_size, const void *to, size_t to_size, bool backwards);

/** A cursor over the keys in [@from, @to) (@to NULL: to the end), on the state of this moment,
 * forwards or backwards. It stands on the first key, if any. */
DnKvCursor *dn_kv_cursor(DnKv *self, DnKvFamily family, const void *from, size_t from_size,
                         const void *to, size_t to_size, bool backwards);
/** Puts it on the first key of another range of the same family: cheaper than to open another. */
void dn_kv_cursor_range(DnKvCursor *self, const void *from, size_t from_size, const void *to,
                        size_t to_size);
bool dn_kv_cursor_valid(const DnKvCursor *self);
void dn_kv_cursor_next(DnKvCursor *self);
/** Moves to the first key at or after @key (at or before it when backwards) within the range. */
void dn_kv_cursor_seek(DnKvCursor *self, const void *key, size_t key_size);
/** Lent until the cursor moves. */
const uint8_t *dn_kv_cursor_key(const DnKvCursor *self, size_t *out_size);
const uint8_t *dn_kv_cursor_value(const DnKvCursor *self, size_t *out_size);
/** False with CORRUPT or IO when the cursor became invalid for that reason rather than at the end
 * of its range. */
bool dn_kv_cursor_ok(const DnKvCursor *self, GError **error);
void dn_kv_cursor_close(DnKvCursor *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DnKvCursor, dn_kv_cursor_close)

G_END_DECLS
#endif
