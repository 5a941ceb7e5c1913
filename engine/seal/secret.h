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

/** A copy of @bytes, 1 to 4096 of them (INVALID); the caller wipes its own. */
DnSecret *dn_secret_copy(const void *bytes, size_t size, GError **error);

const uint8_t *dn_secret_peek(const DnSecret *self, size_t *out_size);
void dn_secret_free(DnSecret *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DnSecret, dn_secret_free)

/** Reads a master key file: "dencho master key 1" and 64 hexadecimal digits with a checksum, as
 * written by dn_master_key_save(). DENIED unless it is a regular file that only its owner can read,
 * FORMAT. */
DnSecret *dn_master_key_load(const char *path, GError **error);

/** The same from an open descriptor (a pipe of a secret manager); its permissions are not asked. */
DnSecret *dn_master_key_read_fd(int fd, GError **error);

/** Makes @path, which must not exist, with mode 0400. */
bool dn_master_key_save(const DnSecret *master, const char *path, GError **error);

/** Public: the first 16 hexadecimal digits of HMAC(master, "dencho key id"): tells two keys apart.
 * (transfer full) */
char *dn_master_key_id(const DnSecret *master);

G_END_DECLS
#endif
