/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/seal/envelope.h - sealed blobs and sealed ledger lines.
 *
 * A blob is sealed in chunks of 1 MiB under AES-256-GCM in the STREAM construction (Hoang,
 * Reyhanitabar, Rogaway, Vizar 2015): the nonce is the chunk's number and a last-chunk flag, so
 * reordering, duplication and truncation fail; the associated data binds archive, tenant, blob id
 * and kind of part. Any range can be opened without the rest. The exact bytes stand in
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

/** Seals @plain under the key of @period (a fiscal year such as "2026", made when first used);
 * opens it again and compares before it returns, so that a bit flipped in our own memory does not
 * become the archived truth. (transfer full) */
GBytes *dn_seal_blob(DnKeyring *keys, const DnSealName *name, const char *period, GBytes *plain,
                     GError **error);

/** (transfer full) The whole plain text. The key is found by the key id in @sealed. */
GBytes *dn_unseal_blob(DnKeyring *keys, const DnSealName *name, GBytes *sealed, GError **error);

/** (transfer full) @size bytes of the plain text from @offset on; only the chunks that hold them
 * are opened, so a change elsewhere in the blob goes unseen. INVALID when the range ends beyond it.
 */
GBytes *dn_unseal_range(DnKeyring *keys, const DnSealName *name, GBytes *sealed, uint64_t offset,
                        uint64_t size, GError **error);

/** Where chunk @index of sealed bytes of that size lies in them; 0 is preceded by the header of
 * DN_SEALED_HEADER bytes. CORRUPT as dn_sealed_plain_size(), INVALID when there is no such chunk.
 */
enum { DN_SEALED_HEADER = 40, DN_SEALED_CHUNK_PLAIN = 1 << 20 };
bool dn_sealed_chunk(uint64_t sealed_bytes, uint64_t index, uint64_t *out_offset,
                     uint64_t *out_size, GError **error);

/** Opens single chunks of one blob without the rest of it; the key is derived once. */
typedef struct DnUnsealer DnUnsealer;
DnUnsealer *dn_unsealer_new(DnKeyring *keys, const DnSealName *name, GBytes *header,
                            uint64_t sealed_bytes, GError **error);
uint64_t dn_unsealer_plain_bytes(const DnUnsealer *self);
/** Opens chunk @index, which is @sealed, to @out: DN_SEALED_CHUNK_PLAIN bytes, the last one fewer.
 */
bool dn_unsealer_open(const DnUnsealer *self, uint64_t index, GBytes *sealed, uint8_t *out,
                      GError **error);
void dn_unsealer_free(DnUnsealer *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DnUnsealer, dn_unsealer_free)

/** Bytes on disk of @plain_bytes; and back (CORRUPT when no plain text has that size). */
uint64_t dn_sealed_size(uint64_t plain_bytes);
bool dn_sealed_plain_size(uint64_t sealed_bytes, uint64_t *out_plain_bytes, GError **error);

/** Seals one ledger line of at most 1 MiB (LIMIT); @seq is bound as associated data. (transfer
 * full) */
GBytes *dn_seal_line(DnKeyring *keys, const DnUuid *tenant, uint64_t seq, const char *line,
                     GError **error);

/** (transfer full) The line, NUL-terminated. */
char *dn_unseal_line(DnKeyring *keys, const DnUuid *tenant, uint64_t seq, GBytes *sealed,
                     GError **error);

G_END_DECLS
#endif
