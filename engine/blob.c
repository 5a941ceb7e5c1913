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

bool
dn_part_is_packed(DnPart part)
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
    if (dn_part_is_packed(blob->part))
        dn_json_set_string(ref, "encoding", "zstd");
    return ref;
}

GBytes *
dn_blob_pack(const DnNewBlob *blob, GError **error)
{
    gsize size = 0;
    const void *data = g_bytes_get_data(blob->plain, &size);
    size_t room = ZSTD_compressBound(size);

    if (!dn_part_is_packed(blob->part))
        return g_bytes_ref(blob->plain);
    g_autofree uint8_t *packed = dn_try_array(room, 1, error);

    if (!packed)
        return NULL;
    size_t used = ZSTD_compress(packed, room, size ? data : "", size, ZSTD_LEVEL);

    if (ZSTD_isError(used))
        return dn_fail_null(error, DN_ERROR_EXTERNAL, "zstd: %s", ZSTD_getErrorName(used));
    return g_bytes_new(packed, used);
}

/* What a member of an entry or a state says, in whatever form it was read. */
static bool
ref_of(const char *id, const char *sha256, int64_t bytes, const char *encoding, DnBlobRef *out_ref,
       GError **error)
{
    DnBlobRef ref = {.bytes = bytes, .packed = g_strcmp0(encoding, "zstd") == 0};

    if (!dn_uuid_parse(id, &ref.id, error) ||
        !dn_unhex(sha256, ref.digest.bytes, sizeof ref.digest.bytes, error))
        return dn_fail_in(error, "blob");
    *out_ref = ref;
    return true;
}

bool
dn_blob_ref_of_json(const json_t *ref, DnBlobRef *out_ref, GError **error)
{
    return ref_of(dn_json_string(ref, "id"), dn_json_string(ref, "sha256"),
                  dn_json_int(ref, "bytes", -1), dn_json_string(ref, "encoding"), out_ref, error);
}

bool
dn_blob_ref_of(const DnValue *ref, DnBlobRef *out_ref, GError **error)
{
    return ref_of(dn_value_string(ref, "id"), dn_value_string(ref, "sha256"),
                  dn_value_int(ref, "bytes", -1), dn_value_string(ref, "encoding"), out_ref, error);
}

static GBytes *
unpack(const DnBlobRef *ref, GBytes *packed, GError **error)
{
    gsize size = 0;
    const void *data = g_bytes_get_data(packed, &size);

    if (!ref->packed)
        return g_bytes_ref(packed);
    if (ref->bytes < 0)
        return dn_fail_null(error, DN_ERROR_CORRUPT, "its entry states no length");
    size_t wanted = (size_t)ref->bytes;
    g_autofree uint8_t *plain = dn_try_array(wanted, 1, error);

    if (!plain)
        return NULL;
    size_t got = ZSTD_decompress(plain, wanted, data, size);

    if (ZSTD_isError(got) || got != wanted)
        return dn_fail_null(error, DN_ERROR_CORRUPT,
                            "it does not unpack to the length in its entry");
    return g_bytes_new_take(g_steal_pointer(&plain), got);
}

/* --- sealed bytes, a few chunks at a time --- */

/* A sealed blob in the log. What is read at once stays near until it is opened. */
typedef struct {
    DnStorePart *part;
    DnUnsealer *unsealer;
    uint64_t step;   /* chunks */
    uint8_t *sealed; /* room for a step */
} SealedBlob;

enum { STEP_BYTES = 80 << 10 }; /* 64 KiB from anywhere, chunks being 16 KiB */

static void
sealed_blob_clear(SealedBlob *self)
{
    g_clear_pointer(&self->part, dn_store_part_free);
    g_clear_pointer(&self->unsealer, dn_unsealer_free);
    g_clear_pointer(&self->sealed, g_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(SealedBlob, sealed_blob_clear)

static bool
sealed_blob_open(SealedBlob *self, DnArchive *archive, const DnBlobFound *found, GError **error)
{
    self->part = dn_store_open_part_again(archive->store, &found->place, error);
    if (!self->part)
        return false;
    self->unsealer =
        dn_unsealer_new(archive->keys, &found->name, found->header, found->place.size, error);
    if (!self->unsealer)
        return false;
    self->step = MAX(STEP_BYTES / dn_unsealer_chunk_bytes(self->unsealer), 1);
    return true;
}

/* Checks the place, and reads the first bytes of what lies there. */
static bool
find_sealed(DnArchive *self, const DnSealName *name, const DnStoreRef *place,
            DnBlobFound *out_found, GError **error)
{
    g_autoptr(DnStorePart) part = dn_store_open_part(self->store, place, error);
    DnBlobFound found = {.name = *name, .place = *place};

    if (!part ||
        !dn_store_part_read(part, 0, MIN(place->size, sizeof found.header), found.header, error))
        return false;
    *out_found = found;
    return true;
}

/* Reads @count chunks, a step at most, to self->sealed. */
static bool
sealed_blob_read(SealedBlob *self, uint64_t first, uint64_t count, GError **error)
{
    uint64_t offset = 0;
    uint64_t size = 0;

    if (!self->sealed) {
        dn_unsealer_place(self->unsealer, 0,
                          MIN(self->step, dn_unsealer_chunk_count(self->unsealer)), &offset, &size);
        self->sealed = dn_try_buffer((size_t)size, error);
    }
    dn_unsealer_place(self->unsealer, first, count, &offset, &size);
    return self->sealed && dn_store_part_read(self->part, offset, size, self->sealed, error);
}

/* What is opened is hashed while it is still near. */
static GBytes *
unseal(DnArchive *self, const DnSealName *name, const DnStoreRef *place, DnSha256 *out_digest,
       GError **error)
{
    g_auto(SealedBlob) blob = {0};
    g_autoptr(DnDigest) digest = dn_digest_new();
    g_autofree uint8_t *plain = NULL;
    DnBlobFound found;

    dn_store_expect(self->store, place);
    if (!find_sealed(self, name, place, &found, error) ||
        !sealed_blob_open(&blob, self, &found, error))
        return NULL;
    uint64_t size = dn_unsealer_plain_bytes(blob.unsealer);
    uint64_t chunk = dn_unsealer_chunk_bytes(blob.unsealer);
    uint64_t chunks = dn_unsealer_chunk_count(blob.unsealer);

    plain = dn_try_buffer((size_t)size, error);
    if (!plain)
        return NULL;
    for (uint64_t first = 0; first < chunks; first += blob.step) {
        uint64_t count = MIN(chunks - first, blob.step);
        uint8_t *out = plain + first * chunk;

        if (!sealed_blob_read(&blob, first, count, error) ||
            !dn_unsealer_open(blob.unsealer, first, count, blob.sealed, out, error))
            return NULL;
        dn_digest_add(digest, out, (size_t)MIN(size - first * chunk, count * chunk));
    }
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
dn_blob_open(DnArchive *self, const DnUuid *tenant, const DnBlobRef *ref, DnPart part,
             const DnStoreRef *place, GError **error)
{
    DnSealName name = {.tenant = *tenant, .blob = ref->id, .part = part};
    g_autofree char *id = dn_uuid_text(&ref->id);
    g_autoptr(GError) problem = NULL;
    DnSha256 found;
    g_autoptr(GBytes) stored = unseal(self, &name, place, &found, &problem);

    if (!stored)
        blame_the_log(self, place, &problem, error);
    g_autoptr(GBytes) plain = stored ? unpack(ref, stored, error) : NULL;

    if (!plain) {
        dn_fail_in(error, "blob %s", id);
        return NULL;
    }
    if (plain != stored)
        found = dn_sha256_bytes(plain);
    if (!dn_sha256_equal(&found, &ref->digest))
        return dn_fail_null(error, DN_ERROR_CORRUPT, "blob %s is not what its entry says", id);
    return g_steal_pointer(&plain);
}

static GBytes *
load(DnArchive *self, const DnUuid *tenant, const DnBlobRef *ref, DnPart part, GError **error)
{
    DnStoreRef place;

    return dn_view_blob_place(self, &ref->id, &place, error)
               ? dn_blob_open(self, tenant, ref, part, &place, error)
               : NULL;
}

GBytes *
dn_blob_load(DnArchive *self, const DnUuid *tenant, const json_t *ref, DnPart part, GError **error)
{
    DnBlobRef blob;

    return dn_blob_ref_of_json(ref, &blob, error) ? load(self, tenant, &blob, part, error) : NULL;
}

GBytes *
dn_blob_load_value(DnArchive *self, const DnUuid *tenant, const DnValue *ref, DnPart part,
                   GError **error)
{
    DnBlobRef blob;

    return dn_blob_ref_of(ref, &blob, error) ? load(self, tenant, &blob, part, error) : NULL;
}

/* --- a part, piece by piece --- */

struct DnPartReader {
    uint64_t size;
    GBytes *whole; /* (nullable) all of it: it was packed */
    SealedBlob blob;
    uint8_t *edge; /* (nullable) the chunk of which only a piece was asked for last */
    uint64_t edge_index;
};

bool
dn_blob_find(DnArchive *self, const DnUuid *tenant, const DnValue *ref, DnPart part,
             DnBlobFound *out_found, GError **error)
{
    DnBlobRef blob;
    DnStoreRef place;

    if (!dn_blob_ref_of(ref, &blob, error) || !dn_view_blob_place(self, &blob.id, &place, error))
        return false;
    return find_sealed(self, &(DnSealName){.tenant = *tenant, .blob = blob.id, .part = part},
                       &place, out_found, error);
}

DnPartReader *
dn_part_reader_new_packed(DnArchive *self, const DnUuid *tenant, const DnValue *ref, DnPart part,
                          GError **error)
{
    g_autoptr(DnPartReader) reader = g_new0(DnPartReader, 1);

    reader->whole = dn_blob_load_value(self, tenant, ref, part, error);
    if (!reader->whole)
        return NULL;
    reader->size = g_bytes_get_size(reader->whole);
    return g_steal_pointer(&reader);
}

DnPartReader *
dn_part_reader_new(DnArchive *self, const DnBlobFound *found, GError **error)
{
    g_autoptr(DnPartReader) reader = g_new0(DnPartReader, 1);

    if (!sealed_blob_open(&reader->blob, self, found, error))
        return NULL;
    reader->size = dn_unsealer_plain_bytes(reader->blob.unsealer);
    return g_steal_pointer(&reader);
}

uint64_t
dn_part_reader_size(const DnPartReader *self)
{
    return self->size;
}

/* Bytes that are asked for: from @offset to @end, to @out. */
typedef struct {
    uint64_t offset;
    uint64_t end;
    uint8_t *out;
} Range;

static void
copy_edge(const DnPartReader *self, const Range *range)
{
    uint64_t chunk = dn_unsealer_chunk_bytes(self->blob.unsealer);
    uint64_t start = self->edge_index * chunk;
    uint64_t from = MAX(start, range->offset);
    uint64_t to = MIN(start + chunk, range->end);

    memcpy(range->out + (from - range->offset), self->edge + (from - start), to - from);
}

/* Opens chunk @index, which is @sealed: in place when all of it is wanted, else through the edge,
 * which is kept for the next piece. */
static bool
open_for(DnPartReader *self, const Range *range, uint64_t index, const uint8_t *sealed,
         GError **error)
{
    DnUnsealer *unsealer = self->blob.unsealer;
    uint64_t chunk = dn_unsealer_chunk_bytes(unsealer);
    uint64_t start = index * chunk;

    if (start >= range->offset && MIN(start + chunk, self->size) <= range->end)
        return dn_unsealer_open(unsealer, index, 1, sealed, range->out + (start - range->offset),
                                error);
    g_autofree uint8_t *edge = g_steal_pointer(&self->edge); /* kept only when it opens */

    if (!edge)
        edge = dn_try_buffer((size_t)MIN(chunk, self->size), error);
    if (!edge || !dn_unsealer_open(unsealer, index, 1, sealed, edge, error))
        return false;
    self->edge = g_steal_pointer(&edge);
    self->edge_index = index;
    copy_edge(self, range);
    return true;
}

static bool
read_range(DnPartReader *self, const Range *range, GError **error)
{
    uint64_t chunk = dn_unsealer_chunk_bytes(self->blob.unsealer);
    uint64_t behind = (range->end - 1) / chunk + 1;

    for (uint64_t next = range->offset / chunk; next < behind;) {
        uint64_t first = next;
        uint64_t count = MIN(behind - first, self->blob.step);

        if (self->edge && self->edge_index == next) {
            copy_edge(self, range);
            next++;
            continue;
        }
        if (!sealed_blob_read(&self->blob, first, count, error))
            return false;
        for (; next < first + count; next++) {
            uint64_t offset = 0;
            uint64_t base = 0;
            uint64_t size = 0;

            dn_unsealer_place(self->blob.unsealer, first, 1, &base, &size);
            dn_unsealer_place(self->blob.unsealer, next, 1, &offset, &size);
            if (!open_for(self, range, next, self->blob.sealed + (offset - base), error))
                return false;
        }
    }
    return true;
}

GBytes *
dn_part_reader_read(DnPartReader *self, uint64_t offset, uint64_t size, GError **error)
{
    if (offset > self->size || size > self->size - offset)
        return dn_fail_null(error, DN_ERROR_INVALID,
                            "the range ends beyond the part's %" G_GUINT64_FORMAT " bytes",
                            self->size);
    if (self->whole)
        return g_bytes_new_from_bytes(self->whole, offset, size);
    g_autofree uint8_t *out = dn_try_buffer((size_t)size, error);
    Range range = {offset, offset + size, out};

    if (!out || (size > 0 && !read_range(self, &range, error)))
        return NULL;
    return g_bytes_new_take(g_steal_pointer(&out), size);
}

void
dn_part_reader_free(DnPartReader *self)
{
    if (!self)
        return;
    sealed_blob_clear(&self->blob);
    g_clear_pointer(&self->whole, g_bytes_unref);
    g_free(self->edge);
    g_free(self);
}

char *
dn_entry_load(DnArchive *self, const DnUuid *tenant, const DnEntryPlace *place, GError **error)
{
    g_autoptr(GBytes) sealed = dn_store_read(self->store, &place->ref, error);

    return sealed ? dn_unseal_line(self->keys, tenant, place->seq, sealed, error) : NULL;
}
