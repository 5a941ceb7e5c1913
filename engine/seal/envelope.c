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
    CHUNK_LOG2 = 20,
    CHUNK = DN_SEALED_CHUNK_PLAIN,
    SEALED_CHUNK = CHUNK + DN_GCM_TAG_BYTES,
    FORMAT_VERSION = 1,
    BOUND = HEADER + 3 * DN_UUID_BYTES,
    LINE_MAX_BYTES = CHUNK,
};

/* What is bound into every chunk and, without the salt's help, into the key: header, archive,
 * tenant, object (the blob's id, or eight zeros and seq). */
typedef struct {
    uint8_t bytes[BOUND];
    uint8_t key[DN_KEY_BYTES];
} Envelope;

static void
clear_envelope(Envelope *self)
{
    OPENSSL_cleanse(self->key, sizeof self->key);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Envelope, clear_envelope)

static const char blob_magic[4] = {'d', 'n', 'b', 'l'};
static const char line_magic[4] = {'d', 'n', 'l', 'n'};

static bool
envelope_open(Envelope *self, DnKeyring *keys, const uint8_t *header, const DnUuid *tenant,
              const DnUuid *object, GError **error)
{
    uint8_t *next = self->bytes;
    DnUuid key_id;

    memcpy(next, header, HEADER);
    next += HEADER;
    memcpy(next, dn_keyring_archive(keys)->bytes, DN_UUID_BYTES);
    memcpy(next + DN_UUID_BYTES, tenant->bytes, DN_UUID_BYTES);
    memcpy(next + 2 * DN_UUID_BYTES, object->bytes, DN_UUID_BYTES);
    memcpy(key_id.bytes, header + AT_KEY_ID, DN_UUID_BYTES);
    return dn_keyring_derive(keys, tenant, &key_id, header + AT_SALT, DN_SALT_BYTES, self->bytes,
                             BOUND, self->key, error);
}

static void
make_header(uint8_t *out, const char magic[4], char part, const DnUuid *key_id)
{
    memset(out, 0, HEADER);
    memcpy(out, magic, 4);
    out[AT_VERSION] = FORMAT_VERSION;
    out[AT_PART] = (uint8_t)part;
    out[AT_CHUNK_LOG2] = CHUNK_LOG2;
    memcpy(out + AT_KEY_ID, key_id->bytes, DN_UUID_BYTES);
    dn_random_bytes(out + AT_SALT, DN_SALT_BYTES);
}

static bool
check_header(const uint8_t *sealed, size_t size, const char magic[4], char part, GError **error)
{
    if (size < HEADER + DN_GCM_TAG_BYTES || memcmp(sealed, magic, 4) != 0)
        return dn_fail(error, DN_ERROR_CORRUPT, "not sealed bytes of this kind");
    if (sealed[AT_VERSION] != FORMAT_VERSION)
        return dn_fail(error, DN_ERROR_UNSUPPORTED, "sealed in format %u; this program knows %d",
                       sealed[AT_VERSION], FORMAT_VERSION);
    if (sealed[AT_CHUNK_LOG2] != CHUNK_LOG2 || sealed[AT_PART] != (uint8_t)part)
        return dn_fail(error, DN_ERROR_CORRUPT, "sealed as another kind of part");
    return true;
}

static void
chunk_nonce(uint32_t chunk, bool last, uint8_t nonce[DN_GCM_NONCE_BYTES])
{
    memset(nonce, 0, DN_GCM_NONCE_BYTES);
    nonce[7] = (uint8_t)(chunk >> 24);
    nonce[8] = (uint8_t)(chunk >> 16);
    nonce[9] = (uint8_t)(chunk >> 8);
    nonce[10] = (uint8_t)chunk;
    nonce[11] = last;
}

static uint64_t
chunk_count(uint64_t plain_bytes)
{
    return plain_bytes == 0 ? 1 : (plain_bytes - 1) / CHUNK + 1;
}

uint64_t
dn_sealed_size(uint64_t plain_bytes)
{
    return HEADER + plain_bytes + chunk_count(plain_bytes) * DN_GCM_TAG_BYTES;
}

bool
dn_sealed_plain_size(uint64_t sealed_bytes, uint64_t *out_plain_bytes, GError **error)
{
    uint64_t body = sealed_bytes - HEADER;
    uint64_t plain = 0;

    if (sealed_bytes < HEADER + DN_GCM_TAG_BYTES)
        return dn_fail(error, DN_ERROR_CORRUPT, "nothing sealed has %" G_GUINT64_FORMAT " bytes",
                       (guint64)sealed_bytes);
    plain = body - ((body - 1) / SEALED_CHUNK + 1) * DN_GCM_TAG_BYTES;
    if (dn_sealed_size(plain) != sealed_bytes || chunk_count(plain) > UINT32_MAX)
        return dn_fail(error, DN_ERROR_CORRUPT, "nothing sealed has %" G_GUINT64_FORMAT " bytes",
                       (guint64)sealed_bytes);
    *out_plain_bytes = plain;
    return true;
}

static void
seal_chunk(const Envelope *self, const uint8_t *plain, size_t size, uint64_t index, uint8_t *out)
{
    size_t piece = MIN(size - (size_t)index * CHUNK, (size_t)CHUNK);
    uint8_t nonce[DN_GCM_NONCE_BYTES];

    if (size == 0)
        plain = (const uint8_t *)""; /* GBytes has no address for nothing */
    chunk_nonce((uint32_t)index, index + 1 == chunk_count(size), nonce);
    dn_gcm_seal(self->key, nonce, self->bytes, BOUND, plain + index * CHUNK, piece, out);
}

/* @out has room for the plain text of that chunk. */
static bool
open_chunk(const Envelope *self, const uint8_t *sealed, uint64_t plain_bytes, uint64_t index,
           uint8_t *out, GError **error)
{
    uint64_t count = chunk_count(plain_bytes);
    size_t piece = (size_t)MIN(plain_bytes - index * CHUNK, (uint64_t)CHUNK);
    uint8_t nonce[DN_GCM_NONCE_BYTES];

    chunk_nonce((uint32_t)index, index + 1 == count, nonce);
    if (!dn_gcm_open(self->key, nonce, self->bytes, BOUND, sealed, piece + DN_GCM_TAG_BYTES, out))
        return dn_fail(error, DN_ERROR_CORRUPT,
                       "chunk %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT
                       " does not open: changed, cut short, or moved from another place",
                       (guint64)index + 1, (guint64)count);
    return true;
}

/* Each chunk is opened as soon as it is sealed, while it is still near, with a key that was derived
 * anew from the sealed header, as a reader will do it in ten years. */
static bool
seal_and_compare(const Envelope *sealing, const Envelope *opening, const uint8_t *plain,
                 size_t size, uint8_t *sealed, GError **error)
{
    g_autofree uint8_t *scratch = dn_try_buffer(MIN(size, (size_t)CHUNK), error);

    if (!scratch)
        return false;
    for (uint64_t i = 0; i < chunk_count(size); i++) {
        size_t piece = MIN(size - (size_t)i * CHUNK, (size_t)CHUNK);
        uint8_t *chunk = sealed + HEADER + i * SEALED_CHUNK;

        seal_chunk(sealing, plain, size, i, chunk);
        if (DN_FAILPOINT("seal.memory"))
            chunk[piece / 2] ^= 1; /* as a bit that flips in our memory would */
        if (!open_chunk(opening, chunk, size, i, scratch, error))
            return false;
        if (piece > 0 && memcmp(scratch, plain + i * CHUNK, piece) != 0)
            return dn_fail(error, DN_ERROR_CORRUPT,
                           "what was sealed does not open to the same "
                           "bytes: check this machine's memory");
    }
    return true;
}

static GBytes *
seal(DnKeyring *keys, const DnUuid *tenant, const DnUuid *object, const uint8_t *header,
     const uint8_t *plain, size_t size, GError **error)
{
    g_auto(Envelope) sealing = {0};
    g_auto(Envelope) opening = {0};
    size_t sealed_size = (size_t)dn_sealed_size(size);
    g_autofree uint8_t *sealed = NULL;

    if (size > SIZE_MAX / 2)
        return dn_fail_null(error, DN_ERROR_LIMIT, "%zu bytes are too many to seal", size);
    sealed = dn_try_buffer(sealed_size, error);
    if (!sealed || !envelope_open(&sealing, keys, header, tenant, object, error))
        return NULL;
    memcpy(sealed, header, HEADER);
    if (!envelope_open(&opening, keys, sealed, tenant, object, error) ||
        !seal_and_compare(&sealing, &opening, plain, size, sealed, error))
        return NULL;
    return g_bytes_new_take(g_steal_pointer(&sealed), sealed_size);
}

GBytes *
dn_seal_blob(DnKeyring *keys, const DnSealName *name, const char *period, GBytes *plain,
             GError **error)
{
    size_t size = 0;
    const uint8_t *bytes = g_bytes_get_data(plain, &size);
    uint8_t header[HEADER];
    DnUuid key_id;

    if (!dn_keyring_period_key(keys, &name->tenant, period, &key_id, error))
        return NULL;
    make_header(header, blob_magic, (char)name->part, &key_id);
    return seal(keys, &name->tenant, &name->blob, header, bytes, size, error);
}

GBytes *
dn_unseal_range(DnKeyring *keys, const DnSealName *name, GBytes *sealed, uint64_t offset,
                uint64_t size, GError **error)
{
    size_t sealed_size = 0;
    const uint8_t *bytes = g_bytes_get_data(sealed, &sealed_size);
    g_auto(Envelope) envelope = {0};
    g_autofree uint8_t *plain = NULL;
    g_autoptr(GBytes) chunks = NULL;
    uint64_t total = 0;
    uint64_t first = offset / CHUNK;
    uint64_t end = 0;

    if (!check_header(bytes, sealed_size, blob_magic, (char)name->part, error) ||
        !dn_sealed_plain_size(sealed_size, &total, error))
        return NULL;
    if (offset > total || size > total - offset)
        return dn_fail_null(error, DN_ERROR_INVALID,
                            "the range ends beyond the blob's %" G_GUINT64_FORMAT " bytes",
                            (guint64)total);
    /* An empty blob has one empty chunk, which must open too. */
    end = MIN(chunk_count(offset + size), chunk_count(total));
    if (first >= chunk_count(total))
        first = chunk_count(total) - 1;
    plain = dn_try_buffer((size_t)(MIN(end * CHUNK, total) - first * CHUNK), error);
    if (!plain || !envelope_open(&envelope, keys, bytes, &name->tenant, &name->blob, error))
        return NULL;
    for (uint64_t i = first; i < end; i++)
        if (!open_chunk(&envelope, bytes + HEADER + i * SEALED_CHUNK, total, i,
                        plain + (i - first) * CHUNK, error))
            return NULL;
    chunks = g_bytes_new_take(g_steal_pointer(&plain),
                              (size_t)(MIN(end * CHUNK, total) - first * CHUNK));
    if (first * CHUNK == offset && g_bytes_get_size(chunks) == size)
        return g_steal_pointer(&chunks);
    return g_bytes_new_from_bytes(chunks, (size_t)(offset - first * CHUNK), (size_t)size);
}

GBytes *
dn_unseal_blob(DnKeyring *keys, const DnSealName *name, GBytes *sealed, GError **error)
{
    uint64_t size = 0;

    if (!dn_sealed_plain_size(g_bytes_get_size(sealed), &size, error))
        return NULL;
    return dn_unseal_range(keys, name, sealed, 0, size, error);
}

bool
dn_sealed_chunk(uint64_t sealed_bytes, uint64_t index, uint64_t *out_offset, uint64_t *out_size,
                GError **error)
{
    uint64_t plain = 0;

    if (!dn_sealed_plain_size(sealed_bytes, &plain, error))
        return false;
    if (index >= chunk_count(plain))
        return dn_fail(error, DN_ERROR_INVALID, "there are %" G_GUINT64_FORMAT " chunks",
                       (guint64)chunk_count(plain));
    *out_offset = HEADER + index * SEALED_CHUNK;
    *out_size = MIN((uint64_t)SEALED_CHUNK, sealed_bytes - *out_offset);
    return true;
}

struct DnUnsealer {
    Envelope envelope;
    uint64_t plain_bytes;
};

DnUnsealer *
dn_unsealer_new(DnKeyring *keys, const DnSealName *name, GBytes *header, uint64_t sealed_bytes,
                GError **error)
{
    size_t size = 0;
    const uint8_t *bytes = g_bytes_get_data(header, &size);
    g_autoptr(DnUnsealer) self = g_new0(DnUnsealer, 1);

    if (size != HEADER || !check_header(bytes, sealed_bytes, blob_magic, (char)name->part, error) ||
        !dn_sealed_plain_size(sealed_bytes, &self->plain_bytes, error) ||
        !envelope_open(&self->envelope, keys, bytes, &name->tenant, &name->blob, error))
        return NULL;
    return g_steal_pointer(&self);
}

uint64_t
dn_unsealer_plain_bytes(const DnUnsealer *self)
{
    return self->plain_bytes;
}

bool
dn_unsealer_open(const DnUnsealer *self, uint64_t index, GBytes *sealed, uint8_t *out,
                 GError **error)
{
    size_t size = 0;
    const uint8_t *bytes = g_bytes_get_data(sealed, &size);

    if (index >= chunk_count(self->plain_bytes) ||
        size != MIN(self->plain_bytes - index * CHUNK, (uint64_t)CHUNK) + DN_GCM_TAG_BYTES)
        return dn_fail(error, DN_ERROR_INVALID, "no chunk of this blob");
    return open_chunk(&self->envelope, bytes, self->plain_bytes, index, out, error);
}

void
dn_unsealer_free(DnUnsealer *self)
{
    if (!self)
        return;
    clear_envelope(&self->envelope);
    g_free(self);
}

static DnUuid
line_object(uint64_t seq)
{
    DnUuid object = {{0}};

    for (int i = 0; i < 8; i++)
        object.bytes[8 + i] = (uint8_t)(seq >> (56 - 8 * i));
    return object;
}

GBytes *
dn_seal_line(DnKeyring *keys, const DnUuid *tenant, uint64_t seq, const char *line, GError **error)
{
    DnUuid object = line_object(seq);
    size_t size = strlen(line);
    uint8_t header[HEADER];
    DnUuid key_id;

    if (size > LINE_MAX_BYTES)
        return dn_fail_null(error, DN_ERROR_LIMIT, "a ledger line has %zu bytes, %d are allowed",
                            size, LINE_MAX_BYTES);
    if (!dn_keyring_ledger_key(keys, tenant, &key_id, error))
        return NULL;
    make_header(header, line_magic, 'l', &key_id);
    return seal(keys, tenant, &object, header, (const uint8_t *)line, size, error);
}

char *
dn_unseal_line(DnKeyring *keys, const DnUuid *tenant, uint64_t seq, GBytes *sealed, GError **error)
{
    DnUuid object = line_object(seq);
    size_t sealed_size = 0;
    const uint8_t *bytes = g_bytes_get_data(sealed, &sealed_size);
    g_auto(Envelope) envelope = {0};
    g_autofree char *line = NULL;
    uint64_t size = 0;

    if (!check_header(bytes, sealed_size, line_magic, 'l', error) ||
        !dn_sealed_plain_size(sealed_size, &size, error))
        return NULL;
    if (size > LINE_MAX_BYTES)
        return dn_fail_null(error, DN_ERROR_CORRUPT, "a ledger line of %" G_GUINT64_FORMAT " bytes",
                            (guint64)size);
    line = dn_try_array((size_t)size + 1, 1, error);
    if (!line || !envelope_open(&envelope, keys, bytes, tenant, &object, error) ||
        !open_chunk(&envelope, bytes + HEADER, size, 0, (uint8_t *)line, error))
        return NULL;
    if (memchr(line, '\0', (size_t)size))
        return dn_fail_null(error, DN_ERROR_CORRUPT, "a ledger line with a zero byte");
    return g_steal_pointer(&line);
}
