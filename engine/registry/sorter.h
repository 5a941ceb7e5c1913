/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/registry/sorter.h - more records than memory holds, in order.
 *
 * Records gather in a fixed arena; a full one is sorted and written to a nameless file of the given
 * folder, and the runs are merged as they are read back. Memory is that of the arena and a small
 * buffer a run, however many records come.
 *
 * Threads: one sorter belongs to one thread. Life cycle: new, add ..., start, next ..., free.
 */
#ifndef ENGINE_REGISTRY_SORTER_H
#define ENGINE_REGISTRY_SORTER_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

G_BEGIN_DECLS

enum { DN_SORT_KEY = 16, DN_SORT_PAYLOAD_MOST = 1024 };

/** What is sorted: by the bytes of the key. Equal keys come in any order. */
typedef struct {
    uint8_t key[DN_SORT_KEY];
    const uint8_t *payload; /* lent, until the next call */
    uint16_t size;
} DnSortRecord;

typedef struct DnSorter DnSorter;

/** @dir: where runs are written; nothing of them has a name. @arena_bytes: 0 for the default. */
DnSorter *dn_sorter_new(const char *dir, size_t arena_bytes);
void dn_sorter_free(DnSorter *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DnSorter, dn_sorter_free)

/** Copies @record, whose payload is at most DN_SORT_PAYLOAD_MOST bytes. IO, LIMIT (too many). */
bool dn_sorter_add(DnSorter *self, const DnSortRecord *record, GError **error);

/** No more records: from here on they are read. IO. */
bool dn_sorter_start(DnSorter *self, GError **error);

/** The next record in order; *@out_more is false after the last one. IO. */
bool dn_sorter_next(DnSorter *self, DnSortRecord *out_record, bool *out_more, GError **error);

G_END_DECLS
#endif
