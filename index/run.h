/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * index/run.h - rows gathered in memory until they are written as sorted files.
 *
 * A load writes millions of rows in any order. Put into RocksDB one by one each costs a place in a
 * skip list, and is written and sorted again several times; gathered and sorted at once they cost a
 * fraction of that. What is put again or deleted replaces what was put before; counters are summed,
 * the places of a list gathered.
 *
 * Threads: one that adds; while nobody adds, any may look. Pure: no file.
 */
#ifndef INDEX_RUN_H
#define INDEX_RUN_H

#include "base/uuid.h"
#include "index/kv.h"

G_BEGIN_DECLS

typedef struct DnRun DnRun;

DnRun *dn_run_new(void);
/** NULL-safe. */
void dn_run_free(DnRun *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DnRun, dn_run_free)

/** The bytes are copied. */
void dn_run_add(DnRun *self, const DnKvOperation *operation);

/** About how much memory it takes. */
size_t dn_run_bytes(const DnRun *self);

/** What was said last about a key of META, VOUCHER or BLOB: false when nothing was. @out lends. */
bool dn_run_find(const DnRun *self, DnKvFamily family, const void *key, size_t key_size,
                 DnKvOperation *out);

/** Visits one operation a key, by family and key in ascending order: what is to be put or deleted,
 * added to a counter, merged into a list. @group counts the tables of tenants, whose keys never lie
 * between each other. False when @visit was. Once; nothing can be added or looked up after it, and
 * it may come from another thread. */
typedef bool (*DnRunVisitor)(const DnKvOperation *operation, unsigned group, void *user_data);
bool dn_run_each(DnRun *self, DnRunVisitor visit, void *user_data);

G_END_DECLS
#endif
