/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/capsule/spool.h - bytes that wait on disk for their place in a capsule.
 *
 * A capsule has files that grow with every voucher, and is written one file after the other. What
 * must wait goes into a file without a name beside the capsule, so that memory does not grow. It
 * holds nothing that the capsule will not hold; a crash leaves nothing of it.
 *
 * Threads: one at a time. Errors: IO.
 */
#ifndef ENGINE_CAPSULE_SPOOL_H
#define ENGINE_CAPSULE_SPOOL_H

#include "base/error.h"
#include <stddef.h>
#include <stdint.h>

G_BEGIN_DECLS

typedef struct DnSpool DnSpool;

/** An empty one, in the folder @dir. */
DnSpool *dn_spool_new(const char *dir, GError **error);
void dn_spool_free(DnSpool *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DnSpool, dn_spool_free)

bool dn_spool_add(DnSpool *self, const void *bytes, size_t size, GError **error);
bool dn_spool_add_text(DnSpool *self, const char *text, GError **error);
uint64_t dn_spool_bytes(const DnSpool *self);

typedef bool (*DnSpoolVisitor)(const void *bytes, size_t size, void *user_data, GError **error);
/** Visits all bytes from the first, in pieces. More may be added afterwards. */
bool dn_spool_each(DnSpool *self, DnSpoolVisitor visit, void *user_data, GError **error);

G_END_DECLS
#endif
