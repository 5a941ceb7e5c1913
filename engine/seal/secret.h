/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/seal/secret.h - key bytes that never touch the disk, a core dump or a child process by
 * accident.
 *
 * A secret lies on pages that hold only secrets, are locked, left out of core dumps, not inherited
 * by fork() and wiped on free. It has no text form but dn_secret_peek(); nothing here logs. Memory
 * that cannot be locked is LIMIT, never a quiet fallback: a few pages serve a whole archive, so
 * that the 64 KiB a plain user may lock are enough.
 *
 * Threads: a secret is immutable and may be shared; free it once.
 */
#ifndef ENGINE_SEAL_SECRET_H
#define ENGINE_SEAL_SECRET_H

#include "base/error.h"
#include <stddef.h>
#include <stdint.h>

G_BEGIN_DECLS

enum { DN_KEY_BYTES = 32 };

typedef struct DnSecret DnSecret;

/** DN_KEY_BYTES from the operating system. LIMIT when memory cannot be locked. */
DnSecret *dn_secret_random(GError **error);

/** @size zeroed bytes, to be filled through dn_secret_bytes(). INVALID, LIMIT. */
DnSecret *dn_secret_new(size_t size, GError **error);
uint8_t *dn_secret_bytes(DnSecret *self);

/** A copy of @bytes, 1 to 4096 of them (INVALID); the caller wipes its own. */
DnSecret *dn_secret_copy(const void *bytes, size_t size, GError **error);

const uint8_t *dn_secret_peek(const DnSecret *self, size_t *out_size);
void dn_secret_free(DnSecret *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DnSecret, dn_secret_free)

/** All that @fd gives until its end, 1 to @max bytes (FORMAT); @max is less than 4096. IO. */
DnSecret *dn_secret_read_fd(int fd, size_t max, GError **error);

G_END_DECLS
#endif
