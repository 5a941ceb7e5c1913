/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * base/digest.h - SHA-256 (FIPS 180-4), whole and in steps, and its 64 hexadecimal digits.
 */
#ifndef BASE_DIGEST_H
#define BASE_DIGEST_H

#include "base/error.h"
#include <stddef.h>
#include <stdint.h>

G_BEGIN_DECLS

enum { DN_SHA256_BYTES = 32, DN_SHA256_HEX = 64 };

typedef struct {
    uint8_t bytes[DN_SHA256_BYTES];
} DnSha256;

DnSha256 dn_sha256(const void *bytes, size_t size);
DnSha256 dn_sha256_bytes(GBytes *bytes);

typedef struct DnDigest DnDigest;
DnDigest *dn_digest_new(void);
void dn_digest_add(DnDigest *self, const void *bytes, size_t size);
/** The digest of all that was added; @self is then empty and can be used again. */
DnSha256 dn_digest_finish(DnDigest *self);
void dn_digest_free(DnDigest *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DnDigest, dn_digest_free)

bool dn_sha256_equal(const DnSha256 *a, const DnSha256 *b);

/** (transfer full) @size bytes as lower-case hexadecimal digits. */
char *dn_hex(const void *bytes, size_t size);

/** Exactly 2 x @size digits of either case, nothing else. FORMAT. */
bool dn_unhex(const char *text, void *bytes, size_t size, GError **error);

G_END_DECLS
#endif
