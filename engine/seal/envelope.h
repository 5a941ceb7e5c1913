/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/seal/envelope.h - sealed blobs and sealed ledger lines.
 *
 * A blob is sealed in chunks of 16 KiB under AES-256-GCM in the STREAM construction (Hoang,
 * Reyhanitabar, Rogaway, Vizar 2015): the nonce is the chunk's number and a last-chunk flag, so
 * reordering, duplication and truncation fail; the associated data binds archive, tenant, blob id
 * and kind of part. Any range can be opened without the rest. The header says how large the chunks
 * are; blobs of the first version have 1 MiB and open for ever. The exact bytes stand in
 * docs/format.md.
 *
 * Every sealing has a key of its own, from a fresh random salt: the same blob id or seq may be
 * sealed again with other content, and no nonce ever meets the same key twice.
 *
 * Threads: any. Errors: CORRUPT (does not open: changed, moved to another tenant or id, truncated),
 * NOT_FOUND (the key has been destroyed), UNSUPPORTED (a newer format), LIMIT.
 */
#ifndef ENGINE_SEAL_ENVELOPE_H
#define ENGINE_SEAL_ENVELOPE_H

#include "base/digest.h"
#include "engine/seal/keyring.h"

G_BEGIN_DECLS

/** What a blob is; part of its associated data. */
typedef enum {
    DN_PART_ORIGINAL = 'o',
    DN_PART_TEXT = 't',
    DN_PART_WORDS = 'w',
    DN_PART_RENDITION = 'r',
    DN_PART_TOKEN = 'k',    /* a time-stamp token */
    DN_PART_EVIDENCE = 'e', /* leaves of a hash tree */
} DnPart;

typedef struct {
    DnUuid tenant;
    DnUuid blob;
    DnPart part;
} DnSealName;

enum { DN_SEALED_HEADER = 40 };

/** Seals @plain under the key of @period (a fiscal year such as "2026", made when first used);
 * opens it again and compares before it returns, so that a bit flipped in our own memory does not
 * become the archived truth. @out_digest (nullable): of the sealed bytes. (transfer full) */
GBytes *dn_seal_blob(DnKeyring *keys, const DnSealName *name, const char *period, GBytes *plain,
                     DnSha256 *out_digest, GError **error);

/** The same, and the SHA-256 of @plain (nullable): both are made in one pass, in the time of one.
 */
GBytes *dn_seal_and_hash_blob(DnKeyring *keys, const DnSealName *name, const char *period,
                              GBytes *plain, DnSha256 *out_plain, DnSha256 *out_digest,
                              GError **error);

/** (transfer full) The whole plain text. The key is found by the key id in @sealed. */
GBytes *dn_unseal_blob(DnKeyring *keys, const DnSealName *name, GBytes *sealed, GError **error);

/** Opens any chunks of one blob without the rest of it, so a change elsewhere goes unseen; the key
 * is derived once. @header: the first bytes of @sealed_bytes. An unsealer belongs to one thread. */
typedef struct DnUnsealer DnUnsealer;
DnUnsealer *dn_unsealer_new(DnKeyring *keys, const DnSealName *name,
                            const uint8_t header[DN_SEALED_HEADER], uint64_t sealed_bytes,
                            GError **error);
uint64_t dn_unsealer_plain_bytes(const DnUnsealer *self);
/** Plain bytes of each chunk but the last, and how many chunks there are; an empty blob has one. */
uint64_t dn_unsealer_chunk_bytes(const DnUnsealer *self);
uint64_t dn_unsealer_chunk_count(const DnUnsealer *self);
/** Where @count chunks from @first on, all of which exist, lie in the sealed bytes. */
void dn_unsealer_place(const DnUnsealer *self, uint64_t first, uint64_t count, uint64_t *out_offset,
                       uint64_t *out_size);
/** Opens these chunks, which are @sealed, to @out: dn_unsealer_chunk_bytes() for each, fewer for
 * the last. After a failure @out holds nothing of use. */
bool dn_unsealer_open(DnUnsealer *self, uint64_t first, uint64_t count, const uint8_t *sealed,
                      uint8_t *out, GError **error);
void dn_unsealer_free(DnUnsealer *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DnUnsealer, dn_unsealer_free)

/** Bytes on disk of @plain_bytes that are sealed now. */
uint64_t dn_sealed_size(uint64_t plain_bytes);

/** Seals one ledger line of at most 1 MiB (LIMIT); @seq is bound as associated data. (transfer
 * full) */
GBytes *dn_seal_line(DnKeyring *keys, const DnUuid *tenant, uint64_t seq, const char *line,
                     GError **error);

/** (transfer full) The line, NUL-terminated. */
char *dn_unseal_line(DnKeyring *keys, const DnUuid *tenant, uint64_t seq, GBytes *sealed,
                     GError **error);

G_END_DECLS
#endif
