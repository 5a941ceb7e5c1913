/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/seal/envelope.c - blobs and lines under AES-256-GCM (docs/format.md, "Sealed bytes").
 *
 * Every sealing has its own key: HKDF of the period or ledger key with 16 fresh random bytes as
 * salt. A nonce therefore can never meet the same key twice, not even when a commit failed and the
 * same blob id or the same seq is sealed again with other content. That is why the nonces inside
 * can be plain counters.
 */
#include "config.h"
#include "base/bytes.h"
#include "base/digest-pair.h"
#include "base/failpoint.h"
#include "base/memory.h"
#include "engine/seal/envelope.h"
#include "engine/seal/seal-internal.h"

#include <openssl/crypto.h>
#include <string.h>

enum {
    HEADER = DN_SEALED_HEADER,
    AT_VERSION = 4,
    AT_PART = 5,
    AT_CHUNK_LOG2 = 6,
    AT_KEY_ID = 8,
    AT_SALT = 24,
    FIRST_VERSION = 1,  /* all chunks have 1 MiB */
    SECOND_VERSION = 2, /* the header says */
    FIRST_CHUNK_LOG2 = 20,
    CHUNK_LOG2 = 14, /* what is sealed now; docs/format.md says why */
    CHUNK_LOG2_LEAST = 12,
    CHUNK_LOG2_MOST = 20,
    BOUND = HEADER + 3 * DN_UUID_BYTES,
    LINE_MAX_BYTES = 1 << FIRST_CHUNK_LOG2,
};

/* One sealing. What is bound into every chunk and into the key: header, archive, tenant, object
 * (the blob's id, or eight zeros and seq). */
typedef struct {
    uint8_t bytes[BOUND];
    size_t chunk; /* plain bytes of each chunk but the last */
    DnGcm *gcm;
} Envelope;

static void
clear_envelope(Envelope *self)
{
    g_clear_pointer(&self->gcm, dn_gcm_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Envelope, clear_envelope)

static const char blob_magic[4] = {'d', 'n', 'b', 'l'};
static const char line_magic[4] = {'d', 'n', 'l', 'n'};

static bool
envelope_open(Envelope *self, bool sealing, DnKeyring *keys, const uint8_t *header,
              const DnUuid *tenant, const DnUuid *object, GError **error)
{
    uint8_t *next = self->bytes;
    uint8_t key[DN_KEY_BYTES];
    DnUuid key_id;

    memcpy(next, header, HEADER);
    next += HEADER;
    memcpy(next, dn_keyring_archive(keys)->bytes, DN_UUID_BYTES);
    memcpy(next + DN_UUID_BYTES, tenant->bytes, DN_UUID_BYTES);
    memcpy(next + 2 * DN_UUID_BYTES, object->bytes, DN_UUID_BYTES);
    memcpy(key_id.bytes, header + AT_KEY_ID, DN_UUID_BYTES);
    if (!dn_keyring_derive(keys, tenant, &key_id, header + AT_SALT, DN_SALT_BYTES, self->bytes,
                           BOUND, key, error))
        return false;
    self->chunk = (size_t)1 << header[AT_CHUNK_LOG2];
    self->gcm = dn_gcm_new(key, sealing);
    OPENSSL_cleanse(key, sizeof key);
    return true;
}

static void
make_header(uint8_t *out, const char magic[4], uint8_t version, uint8_t chunk_log2, char part,
            const DnUuid *key_id)
{
    memset(out, 0, HEADER);
    memcpy(out, magic, 4);
    out[AT_VERSION] = version;
    out[AT_PART] = (uint8_t)part;
    out[AT_CHUNK_LOG2] = chunk_log2;
    memcpy(out + AT_KEY_ID, key_id->bytes, DN_UUID_BYTES);
    dn_random_bytes(out + AT_SALT, DN_SALT_BYTES);
}

static bool
is_chunk_log2(uint8_t version, uint8_t log2)
{
    return version == FIRST_VERSION ? log2 == FIRST_CHUNK_LOG2
                                    : log2 >= CHUNK_LOG2_LEAST && log2 <= CHUNK_LOG2_MOST;
}

/* After it the header may be believed as to the size of its chunks. */
static bool
check_header(const uint8_t *sealed, uint64_t size, const char magic[4], char part, GError **error)
{
    if (size < HEADER + DN_GCM_TAG_BYTES || memcmp(sealed, magic, 4) != 0)
        return dn_fail(error, DN_ERROR_CORRUPT, "not sealed bytes of this kind");
    if (sealed[AT_VERSION] > SECOND_VERSION)
        return dn_fail(error, DN_ERROR_UNSUPPORTED, "sealed in format %u; this program knows %d",
                       sealed[AT_VERSION], SECOND_VERSION);
    if (sealed[AT_VERSION] < FIRST_VERSION ||
        !is_chunk_log2(sealed[AT_VERSION], sealed[AT_CHUNK_LOG2]))
        return dn_fail(error, DN_ERROR_CORRUPT, "sealed in chunks of a size that there is not");
    if (sealed[AT_PART] != (uint8_t)part)
        return dn_fail(error, DN_ERROR_CORRUPT, "sealed as another kind of part");
    return true;
}

static uint64_t
chunk_count(uint64_t plain_bytes, size_t chunk)
{
    return plain_bytes == 0 ? 1 : (plain_bytes - 1) / chunk + 1;
}

static uint64_t
sealed_size(uint64_t plain_bytes, size_t chunk)
{
    return HEADER + plain_bytes + chunk_count(plain_bytes, chunk) * DN_GCM_TAG_BYTES;
}

uint64_t
dn_sealed_size(uint64_t plain_bytes)
{
    return sealed_size(plain_bytes, (size_t)1 << CHUNK_LOG2);
}

static bool
plain_size(uint64_t sealed_bytes, size_t chunk, uint64_t *out_plain_bytes, GError **error)
{
    uint64_t body = sealed_bytes - HEADER;
    uint64_t plain = 0;

    if (sealed_bytes >= HEADER + DN_GCM_TAG_BYTES)
        plain = body - ((body - 1) / (chunk + DN_GCM_TAG_BYTES) + 1) * DN_GCM_TAG_BYTES;
    if (sealed_size(plain, chunk) != sealed_bytes || chunk_count(plain, chunk) > UINT32_MAX)
        return dn_fail(error, DN_ERROR_CORRUPT, "nothing sealed has %" G_GUINT64_FORMAT " bytes",
                       (guint64)sealed_bytes);
    *out_plain_bytes = plain;
    return true;
}

static void
chunk_nonce(uint32_t chunk, bool last, uint8_t nonce[DN_GCM_NONCE_BYTES])
{
    memset(nonce, 0, DN_GCM_NONCE_BYTES);
    dn_put_be(nonce + 7, chunk, 4);
    nonce[11] = last;
}

static size_t
chunk_bytes(const Envelope *self, uint64_t plain_bytes, uint64_t index)
{
    return (size_t)MIN(plain_bytes - index * self->chunk, (uint64_t)self->chunk);
}

/* @out has room for the plain text of that chunk. */
static bool
open_chunk(const Envelope *self, const uint8_t *sealed, uint64_t plain_bytes, uint64_t index,
           uint8_t *out, GError **error)
{
    uint64_t count = chunk_count(plain_bytes, self->chunk);
    size_t piece = chunk_bytes(self, plain_bytes, index);
    uint8_t nonce[DN_GCM_NONCE_BYTES];

    chunk_nonce((uint32_t)index, index + 1 == count, nonce);
    if (!dn_gcm_open(self->gcm, nonce, self->bytes, BOUND, sealed, piece + DN_GCM_TAG_BYTES, out))
        return dn_fail(error, DN_ERROR_CORRUPT,
                       "chunk %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT
                       " does not open: changed, cut short, or moved from another place",
                       (guint64)index + 1, (guint64)count);
    return true;
}

/* The chunks from @first on that lie in @sealed, one after the other. */
static bool
open_chunks(const Envelope *self, const uint8_t *sealed, uint64_t plain_bytes, uint64_t first,
            uint64_t count, uint8_t *out, GError **error)
{
    for (uint64_t i = 0; i < count; i++)
        if (!open_chunk(self, sealed + i * (self->chunk + DN_GCM_TAG_BYTES), plain_bytes, first + i,
                        out + i * self->chunk, error))
            return false;
    return true;
}

/* Each chunk is hashed and opened as soon as it is sealed, while it is still near, with a key that
 * was derived anew from the sealed header, as a reader will do it in ten years. What is hashed
 * beside it, if @plain_too, are the very bytes that the comparison has just read. */
static bool
seal_and_compare(const Envelope *sealing, const Envelope *opening, const uint8_t *plain,
                 size_t size, bool plain_too, uint8_t *sealed, DnDigestPair *digests,
                 GError **error)
{
    uint64_t count = chunk_count(size, sealing->chunk);
    g_autofree uint8_t *scratch = dn_try_buffer(MIN(size, sealing->chunk), error);
    uint8_t nonce[DN_GCM_NONCE_BYTES];

    if (!scratch)
        return false;
    if (size == 0)
        plain = (const uint8_t *)""; /* GBytes has no address for nothing */
    for (uint64_t i = 0; i < count; i++) {
        size_t piece = chunk_bytes(sealing, size, i);

        chunk_nonce((uint32_t)i, i + 1 == count, nonce);
        dn_gcm_seal(sealing->gcm, nonce, sealing->bytes, BOUND, plain, piece, sealed);
        if (DN_FAILPOINT("seal.memory"))
            sealed[piece / 2] ^= 1; /* as a bit that flips in our memory would */
        if (!open_chunk(opening, sealed, size, i, scratch, error))
            return false;
        if (piece > 0 && memcmp(scratch, plain, piece) != 0)
            return dn_fail(error, DN_ERROR_CORRUPT,
                           "what was sealed does not open to the same "
                           "bytes: check this machine's memory");
        dn_digest_pair_add(digests, plain, plain_too ? piece : 0, sealed, piece + DN_GCM_TAG_BYTES);
        plain += piece;
        sealed += piece + DN_GCM_TAG_BYTES;
    }
    return true;
}

/* @out_plain (nullable): of the plain bytes; @out_digest: of the sealed ones. */
static GBytes *
seal(DnKeyring *keys, const DnUuid *tenant, const DnUuid *object, const uint8_t *header,
     const uint8_t *plain, size_t size, DnSha256 *out_plain, DnSha256 *out_digest, GError **error)
{
    g_auto(Envelope) sealing = {0};
    g_auto(Envelope) opening = {0};
    g_autoptr(DnDigestPair) digests = dn_digest_pair_new();
    g_autofree uint8_t *sealed = NULL;
    DnSha256 unwanted;
    size_t sealed_bytes = 0;

    if (size > SIZE_MAX / 2)
        return dn_fail_null(error, DN_ERROR_LIMIT, "%zu bytes are too many to seal", size);
    sealed_bytes = (size_t)sealed_size(size, (size_t)1 << header[AT_CHUNK_LOG2]);
    sealed = dn_try_buffer(sealed_bytes, error);
    if (!sealed || !envelope_open(&sealing, true, keys, header, tenant, object, error))
        return NULL;
    memcpy(sealed, header, HEADER);
    dn_digest_pair_add(digests, NULL, 0, header, HEADER);
    if (!envelope_open(&opening, false, keys, sealed, tenant, object, error) ||
        !seal_and_compare(&sealing, &opening, plain, size, out_plain != NULL, sealed + HEADER,
                          digests, error))
        return NULL;
    dn_digest_pair_finish(digests, out_plain ? out_plain : &unwanted, out_digest);
    return g_bytes_new_take(g_steal_pointer(&sealed), sealed_bytes);
}

GBytes *
dn_seal_and_hash_blob(DnKeyring *keys, const DnSealName *name, const char *period, GBytes *plain,
                      DnSha256 *out_plain, DnSha256 *out_digest, GError **error)
{
    size_t size = 0;
    const uint8_t *bytes = g_bytes_get_data(plain, &size);
    uint8_t header[HEADER];
    DnUuid key_id;

    if (!dn_keyring_period_key(keys, &name->tenant, period, &key_id, error))
        return NULL;
    make_header(header, blob_magic, SECOND_VERSION, CHUNK_LOG2, (char)name->part, &key_id);
    return seal(keys, &name->tenant, &name->blob, header, bytes, size, out_plain, out_digest,
                error);
}

GBytes *
dn_seal_blob(DnKeyring *keys, const DnSealName *name, const char *period, GBytes *plain,
             DnSha256 *out_digest, GError **error)
{
    DnSha256 unwanted;

    return dn_seal_and_hash_blob(keys, name, period, plain, NULL,
                                 out_digest ? out_digest : &unwanted, error);
}

/* --- opening --- */

struct DnUnsealer {
    Envelope envelope;
    uint64_t plain_bytes;
};

DnUnsealer *
dn_unsealer_new(DnKeyring *keys, const DnSealName *name, const uint8_t header[DN_SEALED_HEADER],
                uint64_t sealed_bytes, GError **error)
{
    g_autoptr(DnUnsealer) self = g_new0(DnUnsealer, 1);

    if (!check_header(header, sealed_bytes, blob_magic, (char)name->part, error) ||
        !plain_size(sealed_bytes, (size_t)1 << header[AT_CHUNK_LOG2], &self->plain_bytes, error) ||
        !envelope_open(&self->envelope, false, keys, header, &name->tenant, &name->blob, error))
        return NULL;
    return g_steal_pointer(&self);
}

uint64_t
dn_unsealer_plain_bytes(const DnUnsealer *self)
{
    return self->plain_bytes;
}

uint64_t
dn_unsealer_chunk_bytes(const DnUnsealer *self)
{
    return self->envelope.chunk;
}

uint64_t
dn_unsealer_chunk_count(const DnUnsealer *self)
{
    return chunk_count(self->plain_bytes, self->envelope.chunk);
}

void
dn_unsealer_place(const DnUnsealer *self, uint64_t first, uint64_t count, uint64_t *out_offset,
                  uint64_t *out_size)
{
    uint64_t begin = first * self->envelope.chunk;
    uint64_t end = MIN((first + count) * self->envelope.chunk, self->plain_bytes);

    g_assert(count > 0 && first + count <= dn_unsealer_chunk_count(self));
    *out_offset = HEADER + begin + first * DN_GCM_TAG_BYTES;
    *out_size = end - begin + count * DN_GCM_TAG_BYTES;
}

bool
dn_unsealer_open(DnUnsealer *self, uint64_t first, uint64_t count, const uint8_t *sealed,
                 uint8_t *out, GError **error)
{
    return open_chunks(&self->envelope, sealed, self->plain_bytes, first, count, out, error);
}

void
dn_unsealer_free(DnUnsealer *self)
{
    if (!self)
        return;
    clear_envelope(&self->envelope);
    g_free(self);
}

GBytes *
dn_unseal_blob(DnKeyring *keys, const DnSealName *name, GBytes *sealed, GError **error)
{
    size_t size = 0;
    const uint8_t *bytes = g_bytes_get_data(sealed, &size);
    g_autofree uint8_t *plain = NULL;

    if (size < HEADER)
        return dn_fail_null(error, DN_ERROR_CORRUPT, "not sealed bytes of this kind");
    g_autoptr(DnUnsealer) unsealer = dn_unsealer_new(keys, name, bytes, size, error);

    plain = unsealer ? dn_try_buffer((size_t)unsealer->plain_bytes, error) : NULL;
    if (!plain || !dn_unsealer_open(unsealer, 0, dn_unsealer_chunk_count(unsealer), bytes + HEADER,
                                    plain, error))
        return NULL;
    return g_bytes_new_take(g_steal_pointer(&plain), (size_t)unsealer->plain_bytes);
}

/* --- ledger lines: one chunk each, as in the first version --- */

static DnUuid
line_object(uint64_t seq)
{
    DnUuid object = {{0}};

    dn_put_be(object.bytes + 8, seq, 8);
    return object;
}

GBytes *
dn_seal_line(DnKeyring *keys, const DnUuid *tenant, uint64_t seq, const char *line, GError **error)
{
    DnUuid object = line_object(seq);
    size_t size = strlen(line);
    uint8_t header[HEADER];
    DnSha256 digest;
    DnUuid key_id;

    if (size > LINE_MAX_BYTES)
        return dn_fail_null(error, DN_ERROR_LIMIT, "a ledger line has %zu bytes, %d are allowed",
                            size, LINE_MAX_BYTES);
    if (!dn_keyring_ledger_key(keys, tenant, &key_id, error))
        return NULL;
    make_header(header, line_magic, FIRST_VERSION, FIRST_CHUNK_LOG2, 'l', &key_id);
    return seal(keys, tenant, &object, header, (const uint8_t *)line, size, NULL, &digest, error);
}

char *
dn_unseal_line(DnKeyring *keys, const DnUuid *tenant, uint64_t seq, GBytes *sealed, GError **error)
{
    DnUuid object = line_object(seq);
    size_t sealed_bytes = 0;
    const uint8_t *bytes = g_bytes_get_data(sealed, &sealed_bytes);
    g_auto(Envelope) envelope = {0};
    g_autofree char *line = NULL;
    uint64_t size = 0;

    if (!check_header(bytes, sealed_bytes, line_magic, 'l', error) ||
        !plain_size(sealed_bytes, (size_t)1 << bytes[AT_CHUNK_LOG2], &size, error))
        return NULL;
    if (size > LINE_MAX_BYTES || chunk_count(size, (size_t)1 << bytes[AT_CHUNK_LOG2]) > 1)
        return dn_fail_null(error, DN_ERROR_CORRUPT, "a ledger line of %" G_GUINT64_FORMAT " bytes",
                            (guint64)size);
    line = dn_try_array((size_t)size + 1, 1, error);
    if (!line || !envelope_open(&envelope, false, keys, bytes, tenant, &object, error) ||
        !open_chunk(&envelope, bytes + HEADER, size, 0, (uint8_t *)line, error))
        return NULL;
    if (memchr(line, '\0', (size_t)size))
        return dn_fail_null(error, DN_ERROR_CORRUPT, "a ledger line with a zero byte");
    return g_steal_pointer(&line);
}
