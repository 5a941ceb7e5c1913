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

#include <zstd.h>

enum { ZSTD_LEVEL = 9 };

static bool
is_packed(DnPart part)
{
    return part == DN_PART_TEXT || part == DN_PART_WORDS || part == DN_PART_EVIDENCE;
}

json_t *
dn_blob_ref(const DnNewBlob *blob)
{
    g_autofree char *id = dn_uuid_text(&blob->id);
    DnSha256 digest = dn_sha256_bytes(blob->plain);
    g_autofree char *hex = dn_hex(digest.bytes, sizeof digest.bytes);
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

GBytes *
dn_blob_open(DnArchive *self, const DnSealName *name, const DnStoreRef *place, const json_t *ref,
             GError **error)
{
    const char *wanted = dn_json_string(ref, "sha256");
    DnSha256 digest;

    if (!dn_unhex(wanted, digest.bytes, sizeof digest.bytes, error))
        return NULL;
    g_autoptr(GBytes) sealed = dn_store_read(self->store, place, error);
    g_autoptr(GBytes) stored = sealed ? dn_unseal_blob(self->keys, name, sealed, error) : NULL;
    g_autoptr(GBytes) plain = stored ? unpack(ref, stored, error) : NULL;

    if (!plain) {
        dn_fail_in(error, "blob %s", dn_json_string(ref, "id"));
        return NULL;
    }
    DnSha256 found = dn_sha256_bytes(plain);

    if (!dn_sha256_equal(&found, &digest))
        return dn_fail_null(error, DN_ERROR_CORRUPT, "blob %s is not what its entry says",
                            dn_json_string(ref, "id"));
    return g_steal_pointer(&plain);
}

GBytes *
dn_blob_load(DnArchive *self, const DnUuid *tenant, const json_t *ref, DnPart part, GError **error)
{
    DnSealName name = {.tenant = *tenant, .part = part};
    g_autoptr(GError) problem = NULL;
    DnStoreRef place;

    if (!dn_uuid_parse(dn_json_string(ref, "id"), &name.blob, error)) {
        dn_fail_in(error, "blob");
        return NULL;
    }
    g_autoptr(GBytes) row =
        dn_kv_get(self->view, DN_KV_BLOB, name.blob.bytes, sizeof name.blob.bytes, &problem);

    if (!row && !problem)
        return dn_fail_null(error, DN_ERROR_NOT_FOUND, "blob %s is not in the view",
                            dn_json_string(ref, "id"));
    if (!row) {
        g_propagate_error(error, g_steal_pointer(&problem));
        return NULL;
    }
    return dn_view_parse_ref(row, &place, error) ? dn_blob_open(self, &name, &place, ref, error)
                                                 : NULL;
}

char *
dn_entry_load(DnArchive *self, const DnUuid *tenant, const DnEntryPlace *place, GError **error)
{
    g_autoptr(GBytes) sealed = dn_store_read(self->store, &place->ref, error);

    return sealed ? dn_unseal_line(self->keys, tenant, place->seq, sealed, error) : NULL;
}
