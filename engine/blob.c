/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/blob.c - a document's bytes on their way into a sealed blob, and from a name in an entry
 * back.
 *
 * What is text (text layer, words, leaves of a batch) is compressed before it is sealed; its
 * SHA-256 and length in the entry are those of the uncompressed bytes. Originals and renditions are
 * kept as they are.
 */
#include "config.h"
#include "base/memory.h"
#include "engine/internal.h"
#include "engine/view-format.h"

#include <string.h>
#include <zstd.h>

enum { ZSTD_LEVEL = 9 };

static bool
is_packed(DnPart part)
{
    return part == DN_PART_TEXT || part == DN_PART_WORDS || part == DN_PART_EVIDENCE;
}

DnNewBlob
dn_new_blob(DnPart part, GBytes *plain, const DnSha256 *digest)
{
    return (DnNewBlob){.id = dn_uuid_new(),
                       .part = part,
                       .plain = plain,
                       .digest = digest ? *digest : dn_sha256_bytes(plain)};
}

json_t *
dn_blob_ref(const DnNewBlob *blob)
{
    g_autofree char *id = dn_uuid_text(&blob->id);
    g_autofree char *hex = dn_hex(blob->digest.bytes, sizeof blob->digest.bytes);
    json_t *ref = json_object();

    dn_json_set_string(ref, "id", id);
    dn_json_set_string(ref, "sha256", hex);
    dn_json_set_int(ref, "bytes", (int64_t)g_bytes_get_size(blob->plain));
    if (is_packed(blob->part))
        dn_json_set_string(ref, "encoding", "zstd");
    return ref;
}

GBytes *
dn_blob_pack(const DnNewBlob *blob, GError **error)
{
    gsize size = 0;
    const void *data = g_bytes_get_data(blob->plain, &size);
    size_t room = ZSTD_compressBound(size);

    if (!is_packed(blob->part))
        return g_bytes_ref(blob->plain);
    g_autofree uint8_t *packed = dn_try_array(room, 1, error);

    if (!packed)
        return NULL;
    size_t used = ZSTD_compress(packed, room, size ? data : "", size, ZSTD_LEVEL);

    if (ZSTD_isError(used))
        return dn_fail_null(error, DN_ERROR_EXTERNAL, "zstd: %s", ZSTD_getErrorName(used));
    return g_bytes_new(packed, used);
}

static GBytes *
unpack(const json_t *ref, GBytes *packed, GError **error)
{
    gsize size = 0;
    const void *data = g_bytes_get_data(packed, &size);
    int64_t wanted = dn_json_int(ref, "bytes", -1);

    if (g_strcmp0(dn_json_string(ref, "encoding"), "zstd") != 0)
        return g_bytes_ref(packed);
    if (wanted < 0)
        return dn_fail_null(error, DN_ERROR_CORRUPT, "its entry states no length");
    g_autofree uint8_t *plain = dn_try_array((size_t)wanted, 1, error);

    if (!plain)
        return NULL;
    size_t got = ZSTD_decompress(plain, (size_t)wanted, data, size);

    if (ZSTD_isError(got) || got != (size_t)wanted)
        return dn_fail_null(error, DN_ERROR_CORRUPT,
                            "it does not unpack to the length in its entry");
    return g_bytes_new_take(g_steal_pointer(&plain), got);
}

/* --- sealed bytes, chunk by chunk --- */

static DnUnsealer *
unsealer_at(DnArchive *self, const DnSealName *name, const DnStoreRef *place, GError **error)
{
    uint64_t size = MIN(place->size, (uint64_t)DN_SEALED_HEADER);
    g_autoptr(GBytes) header = dn_store_read_part(self->store, place, 0, size, error);

    return header ? dn_unsealer_new(self->keys, name, header, place->size, error) : NULL;
}

static bool
open_chunk(DnStore *store, const DnStoreRef *place, const DnUnsealer *unsealer, uint64_t index,
           uint8_t *out, GError **error)
{
    uint64_t offset = 0;
    uint64_t size = 0;

    if (!dn_sealed_chunk(place->size, index, &offset, &size, error))
        return false;
    g_autoptr(GBytes) sealed = dn_store_read_part(store, place, offset, size, error);

    return sealed && dn_unsealer_open(unsealer, index, sealed, out, error);
}

/* Each chunk is hashed while it is still near. */
static GBytes *
unseal(DnArchive *self, const DnSealName *name, const DnStoreRef *place, DnSha256 *out_digest,
       GError **error)
{
    g_autoptr(DnUnsealer) unsealer = unsealer_at(self, name, place, error);
    uint64_t size = unsealer ? dn_unsealer_plain_bytes(unsealer) : 0;
    g_autofree uint8_t *plain = unsealer ? dn_try_buffer((size_t)size, error) : NULL;
    g_autoptr(DnDigest) digest = dn_digest_new();
    uint64_t done = 0;

    if (!plain)
        return NULL;
    do { /* an empty blob has one empty chunk, which must open too */
        uint64_t piece = MIN(size - done, (uint64_t)DN_SEALED_CHUNK_PLAIN);

        if (!open_chunk(self->store, place, unsealer, done / DN_SEALED_CHUNK_PLAIN, plain + done,
                        error))
            return NULL;
        dn_digest_add(digest, plain + done, (size_t)piece);
        done += piece;
    } while (done < size);
    *out_digest = dn_digest_finish(digest);
    return g_bytes_new_take(g_steal_pointer(&plain), (size_t)size);
}

/* The tags and the SHA-256 in the entry prove every byte, so the frame's own digest need not. When
 * they do not fit, it tells a damaged log, with the place, from a wrong key or name. */
static bool
blame_the_log(DnArchive *self, const DnStoreRef *place, GError **problem, GError **error)
{
    g_autoptr(GBytes) checked = dn_store_read(self->store, place, error);

    if (checked)
        g_propagate_error(error, g_steal_pointer(problem));
    return false;
}

GBytes *
dn_blob_open(DnArchive *self, const DnSealName *name, const DnStoreRef *place, const json_t *ref,
             GError **error)
{
    const char *wanted = dn_json_string(ref, "sha256");
    g_autoptr(GError) problem = NULL;
    DnSha256 digest;
    DnSha256 found;

    if (!dn_unhex(wanted, digest.bytes, sizeof digest.bytes, error))
        return NULL;
    g_autoptr(GBytes) stored = unseal(self, name, place, &found, &problem);

    if (!stored)
        blame_the_log(self, place, &problem, error);
    g_autoptr(GBytes) plain = stored ? unpack(ref, stored, error) : NULL;

    if (!plain) {
        dn_fail_in(error, "blob %s", dn_json_string(ref, "id"));
        return NULL;
    }
    if (plain != stored)
        found = dn_sha256_bytes(plain);
    if (!dn_sha256_equal(&found, &digest))
        return dn_fail_null(error, DN_ERROR_CORRUPT, "blob %s is not what its entry says",
                            dn_json_string(ref, "id"));
    return g_steal_pointer(&plain);
}

bool
dn_blob_find(DnArchive *self, const json_t *ref, DnUuid *out_id, DnStoreRef *out_place,
             GError **error)
{
    if (!dn_uuid_parse(dn_json_string(ref, "id"), out_id, error))
        return dn_fail_in(error, "blob");
    return dn_view_blob_place(self, out_id, out_place, error);
}

GBytes *
dn_blob_load(DnArchive *self, const DnUuid *tenant, const json_t *ref, DnPart part, GError **error)
{
    DnSealName name = {.tenant = *tenant, .part = part};
    DnStoreRef place;

    return dn_blob_find(self, ref, &name.blob, &place, error)
               ? dn_blob_open(self, &name, &place, ref, error)
               : NULL;
}

/* --- a part, piece by piece --- */

struct DnPartReader {
    DnStore *store;
    DnStoreRef place;
    DnUnsealer *unsealer; /* NULL: all of it stands in chunk */
    uint64_t size;
    uint64_t chunk_index;
    GBytes *chunk; /* the one opened last */
};

DnPartReader *
dn_part_reader_new(DnArchive *self, const DnUuid *tenant, const json_t *ref, DnPart part,
                   GError **error)
{
    DnSealName name = {.tenant = *tenant, .part = part};
    g_autoptr(DnPartReader) reader = g_new0(DnPartReader, 1);

    reader->store = self->store;
    if (!dn_blob_find(self, ref, &name.blob, &reader->place, error))
        return NULL;
    if (is_packed(part)) {
        reader->chunk = dn_blob_open(self, &name, &reader->place, ref, error);
        if (!reader->chunk)
            return NULL;
        reader->size = g_bytes_get_size(reader->chunk);
        return g_steal_pointer(&reader);
    }
    reader->unsealer = unsealer_at(self, &name, &reader->place, error);
    if (!reader->unsealer)
        return NULL;
    reader->size = dn_unsealer_plain_bytes(reader->unsealer);
    return g_steal_pointer(&reader);
}

uint64_t
dn_part_reader_size(const DnPartReader *self)
{
    return self->size;
}

/* Lends the chunk. */
static GBytes *
chunk_at(DnPartReader *self, uint64_t index, GError **error)
{
    uint64_t size =
        MIN(self->size - index * DN_SEALED_CHUNK_PLAIN, (uint64_t)DN_SEALED_CHUNK_PLAIN);
    g_autofree uint8_t *plain = NULL;

    if (self->chunk && (!self->unsealer || self->chunk_index == index))
        return self->chunk;
    plain = dn_try_buffer((size_t)size, error);
    if (!plain || !open_chunk(self->store, &self->place, self->unsealer, index, plain, error))
        return NULL;
    g_clear_pointer(&self->chunk, g_bytes_unref);
    self->chunk = g_bytes_new_take(g_steal_pointer(&plain), (size_t)size);
    self->chunk_index = index;
    return self->chunk;
}

GBytes *
dn_part_reader_read(DnPartReader *self, uint64_t offset, uint64_t size, GError **error)
{
    uint64_t step = self->unsealer ? DN_SEALED_CHUNK_PLAIN : MAX(self->size, 1);

    if (offset > self->size || size > self->size - offset)
        return dn_fail_null(error, DN_ERROR_INVALID,
                            "the range ends beyond the part's %" G_GUINT64_FORMAT " bytes",
                            self->size);
    if (size > 0 && offset / step == (offset + size - 1) / step) { /* the common case: no copy */
        GBytes *chunk = chunk_at(self, offset / step, error);

        return chunk ? g_bytes_new_from_bytes(chunk, offset % step, size) : NULL;
    }
    g_autofree uint8_t *out = dn_try_buffer((size_t)size, error);

    if (!out)
        return NULL;
    for (uint64_t done = 0; done < size;) {
        uint64_t at = (offset + done) % step;
        uint64_t piece = MIN(size - done, step - at);
        GBytes *chunk = chunk_at(self, (offset + done) / step, error);

        if (!chunk)
            return NULL;
        memcpy(out + done, (const uint8_t *)g_bytes_get_data(chunk, NULL) + at, piece);
        done += piece;
    }
    return g_bytes_new_take(g_steal_pointer(&out), size);
}

void
dn_part_reader_free(DnPartReader *self)
{
    if (!self)
        return;
    dn_unsealer_free(self->unsealer);
    g_clear_pointer(&self->chunk, g_bytes_unref);
    g_free(self);
}

char *
dn_entry_load(DnArchive *self, const DnUuid *tenant, const DnEntryPlace *place, GError **error)
{
    g_autoptr(GBytes) sealed = dn_store_read(self->store, &place->ref, error);

    return sealed ? dn_unseal_line(self->keys, tenant, place->seq, sealed, error) : NULL;
}
