/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/import.c - a complete capsule becomes an archive again.
 *
 * The ledger's lines go in byte for byte, so the chain, every id, who did what and when, and the
 * proof that a time stamp is of the ledger's head stay what they were. The blobs that a line names
 * are found in the capsule by their SHA-256 and sealed under keys of the new archive. A capsule is
 * checked as a whole before the first line is taken; what fails leaves nothing behind.
 */
#include "config.h"
#include "base/fs.h"
#include "engine/capsule/container.h"
#include "engine/internal.h"

#include <string.h>
#include <unistd.h>

enum { LINES_A_SYNC = 256 }; /* nobody is told of a line before all are in */

typedef struct {
    DnArchive *archive;
    DnContainerReader *capsule;
    json_t *manifest;
    DnUuid tenant;
    GHashTable *periods; /* id of a voucher -> fiscal year of its key, interned */
    GHashTable *known;   /* ids of blobs that are in the new archive */
    char *name;          /* of the tenant */
    DnLedgerHead head;
    uint64_t ticket; /* of the last append */
    uint64_t blobs;
    uint64_t bytes;
    DnProgress progress;
    void *user_data;
} Import;

enum { BLOBS_MAX = 32 }; /* of one entry: no entry that is made here names more */

typedef struct {
    DnStoreBlob blobs[BLOBS_MAX];
    size_t count;
} Sealed;

static void
sealed_clear(Sealed *sealed)
{
    for (size_t i = 0; i < sealed->count; i++)
        g_clear_pointer(&sealed->blobs[i].sealed, g_bytes_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Sealed, sealed_clear)

static guint
hash_id(gconstpointer key)
{
    guint hash = 0;

    memcpy(&hash, ((const DnUuid *)key)->bytes + 12, sizeof hash); /* the random end */
    return hash;
}

static gboolean
ids_equal(gconstpointer a, gconstpointer b)
{
    return dn_uuid_equal(a, b);
}

/* --- blobs --- */

static bool
add_blob(Import *import, Sealed *sealed, const json_t *ref, DnPart part, const char *period,
         GError **error)
{
    DnSealName name = {.tenant = import->tenant, .part = part};
    DnSha256 digest;

    if (!ref)
        return true;
    if (sealed->count == BLOBS_MAX)
        return dn_fail(error, DN_ERROR_LIMIT, "an entry names more than %d blobs", BLOBS_MAX);
    if (!dn_uuid_parse(dn_json_string(ref, "id"), &name.blob, error) ||
        !dn_unhex(dn_json_string(ref, "sha256"), digest.bytes, sizeof digest.bytes, error))
        return false;
    if (g_hash_table_contains(import->known, &name.blob)) /* the receipts of one sheet share it */
        return true;
    const DnZipFile *file = dn_container_find_digest(import->capsule, &digest);

    if (!file) /* of what was disposed of: the check has found no other to be missing */
        return true;
    g_autoptr(GBytes) plain =
        dn_container_read(import->capsule, file, import->archive->limits.max_document_bytes, error);
    DnNewBlob blob = {.id = name.blob, .part = part, .plain = plain};
    g_autoptr(GBytes) packed = plain ? dn_blob_pack(&blob, error) : NULL;
    GBytes *bytes =
        packed ? dn_seal_blob(import->archive->keys, &name, period, packed, NULL, error) : NULL;

    if (!bytes)
        return false;
    sealed->blobs[sealed->count++] =
        (DnStoreBlob){.id = name.blob, .part = (char)part, .sealed = bytes};
    g_hash_table_add(import->known, g_memdup2(&name.blob, sizeof name.blob));
    import->blobs++;
    import->bytes += g_bytes_get_size(plain);
    return true;
}

/* The fiscal year under whose key a voucher's parts lie. */
static const char *
period_of(Import *import, const json_t *entry, GError **error)
{
    const char *stated = dn_json_string(entry, "period");
    DnUuid id;

    if (!dn_uuid_parse(dn_json_string(entry, "voucher"), &id, error))
        return NULL;
    if (stated)
        g_hash_table_insert(import->periods, g_memdup2(&id, sizeof id),
                            (gpointer)g_intern_string(stated));
    const char *period = g_hash_table_lookup(import->periods, &id);

    return period ? period
                  : dn_fail_null(error, DN_ERROR_CORRUPT, "an entry of an unregistered voucher");
}

static bool
add_evidence(Import *import, const json_t *entry, Sealed *sealed, GError **error)
{
    const json_t *const lists[] = {json_object_get(entry, "crls"),
                                   json_object_get(entry, "answers")};

    if (!add_blob(import, sealed, json_object_get(entry, "token"), DN_PART_TOKEN,
                  dn_evidence_period, error) ||
        !add_blob(import, sealed, json_object_get(entry, "leaves"), DN_PART_EVIDENCE,
                  dn_evidence_period, error) ||
        !add_blob(import, sealed, json_object_get(entry, "chain"), DN_PART_EVIDENCE,
                  dn_evidence_period, error))
        return false;
    for (size_t i = 0; i < G_N_ELEMENTS(lists); i++)
        for (size_t k = 0; k < json_array_size(lists[i]); k++)
            if (!add_blob(import, sealed, json_array_get(lists[i], k), DN_PART_EVIDENCE,
                          dn_evidence_period, error))
                return false;
    return true;
}

static bool
add_blobs(Import *import, const json_t *entry, Sealed *sealed, GError **error)
{
    const json_t *parts = json_object_get(entry, "parts");
    const json_t *original = json_object_get(entry, "blob");

    if (g_str_has_prefix(dn_json_string(entry, "type"), "evidence."))
        return add_evidence(import, entry, sealed, error);
    if (!add_blob(import, sealed, json_object_get(entry, "list"), DN_PART_EVIDENCE,
                  dn_evidence_period, error))
        return false;
    if (!original && json_object_size(parts) == 0)
        return true;
    const char *period = period_of(import, entry, error);

    return period && add_blob(import, sealed, original, DN_PART_ORIGINAL, period, error) &&
           add_blob(import, sealed, json_object_get(parts, "text"), DN_PART_TEXT, period, error) &&
           add_blob(import, sealed, json_object_get(parts, "words"), DN_PART_WORDS, period,
                    error) &&
           add_blob(import, sealed, json_object_get(parts, "rendition"), DN_PART_RENDITION, period,
                    error);
}

/* --- lines --- */

static bool
append_line(Import *import, const char *line, const json_t *entry, GError **error)
{
    DnArchive *archive = import->archive;
    g_auto(Sealed) sealed = {0};
    g_auto(DnStoreReceipt) receipt = {0};
    uint64_t seq = import->head.seq;

    if (!add_blobs(import, entry, &sealed, error))
        return false;
    g_autoptr(GBytes) bytes = dn_seal_line(archive->keys, &import->tenant, seq, line, error);

    if (!bytes)
        return false;
    DnStoreEntry store_entry = {.seq = seq, .sealed = bytes};
    DnStoreCommit commit = {.tenant = import->tenant,
                            .expected_head = seq - 1,
                            .blobs = sealed.blobs,
                            .blob_count = sealed.count,
                            .entries = &store_entry,
                            .entry_count = 1};

    if (!dn_store_append(archive->store, &commit, &receipt, error))
        return false;
    import->ticket = receipt.ticket;
    return seq % LINES_A_SYNC != 0 || dn_store_wait(archive->store, import->ticket, error);
}

static bool
take_line(char *line, size_t size, void *user_data, GError **error)
{
    Import *import = user_data;
    g_autoptr(json_t) entry = dn_entry_check(line, &import->tenant, &import->head, error);
    uint64_t total = (uint64_t)dn_json_int(import->manifest, "entries", 0);

    (void)size;
    if (!entry || !append_line(import, line, entry, error))
        return dn_fail_in(error, "entry %" G_GUINT64_FORMAT, import->head.seq);
    if (g_strcmp0(dn_json_string(entry, "type"), "tenant.created") == 0) {
        g_free(import->name);
        import->name = g_strdup(dn_json_string(entry, "name"));
    }
    if (import->progress &&
        !import->progress(MIN(import->head.seq, total), total, import->user_data))
        return dn_fail(error, DN_ERROR_BUSY, "stopped on request; nothing was left behind");
    return true;
}

/* --- the whole --- */

static bool
print_nothing(const json_t *row, void *user_data, GError **error)
{
    (void)row;
    (void)user_data;
    (void)error;
    return true;
}

static bool
check_first(const char *path, GError **error)
{
    g_autoptr(json_t) totals = NULL;

    if (!dn_capsule_check(path, NULL, print_nothing, NULL, NULL, &totals, error))
        return false;
    return dn_json_int(totals, "failed", 0) == 0 ||
           dn_fail(error, DN_ERROR_CORRUPT,
                   "the capsule has been changed in %" G_GINT64_FORMAT
                   " places; `dencho check-export` names them",
                   dn_json_int(totals, "failed", 0));
}

static bool
read_manifest(Import *import, GError **error)
{
    const DnZipFile *file = dn_container_find(import->capsule, "manifest.json");
    g_autoptr(GBytes) bytes = dn_container_read(import->capsule, file, 1 << 20, error);

    if (!bytes)
        return false;
    import->manifest = dn_json_parse(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), error);
    if (!import->manifest)
        return false;
    if (g_strcmp0(dn_json_string(import->manifest, "ledger"), "complete") != 0)
        return dn_fail(error, DN_ERROR_INVALID,
                       "a selection of vouchers has no whole ledger; import takes a capsule that "
                       "was exported without terms");
    return dn_uuid_parse(dn_json_string(import->manifest, "tenant"), &import->tenant, error);
}

static void
import_clear(Import *import)
{
    g_clear_pointer(&import->archive, dn_archive_close);
    g_clear_pointer(&import->capsule, dn_container_close);
    g_clear_pointer(&import->manifest, json_decref);
    g_clear_pointer(&import->periods, g_hash_table_unref);
    g_clear_pointer(&import->known, g_hash_table_unref);
    g_clear_pointer(&import->name, g_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Import, import_clear)

static bool
fill(Import *import, const char *dir, const char *key_file, const DnSecret *master, GError **error)
{
    const DnZipFile *ledger = dn_container_find(import->capsule, "ledger.jsonl");
    DnArchiveOptions options = {.key_file = key_file, .actor = "dencho:import"};
    uint64_t entries = 0;
    bool view_at_fault = false;

    import->archive = dn_archive_open_all(dir, &options, master, NULL, NULL, error);
    import->periods = g_hash_table_new_full(hash_id, ids_equal, g_free, NULL);
    import->known = g_hash_table_new_full(hash_id, ids_equal, g_free, NULL);
    return import->archive &&
           dn_keyring_add_tenant(import->archive->keys, &import->tenant, error) &&
           dn_container_lines(import->capsule, ledger, take_line, import, error) &&
           dn_store_wait(import->archive->store, import->ticket, error) &&
           dn_view_catch_up(import->archive, NULL, NULL, &entries, &view_at_fault, error);
}

static json_t *
result_of(const Import *import, const char *dir, const char *key_file)
{
    g_autofree char *tenant = dn_uuid_text(&import->tenant);
    json_t *result = json_object();

    dn_json_set_string(result, "archive", dir);
    dn_json_set_string(result, "key_file", key_file);
    dn_json_set_string(result, "tenant", tenant);
    dn_json_set_string(result, "name", import->name);
    dn_json_set_int(result, "vouchers", dn_json_int(import->manifest, "vouchers", 0));
    dn_json_set_int(result, "entries", (int64_t)import->head.seq);
    dn_json_set_int(result, "blobs", (int64_t)import->blobs);
    dn_json_set_int(result, "bytes", (int64_t)import->bytes);
    return result;
}

bool
dn_archive_import(const char *path, const char *dir, const DnArchiveInit *options,
                  DnProgress progress, void *user_data, json_t **out_result, GError **error)
{
    g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *key_file = NULL;
    g_autoptr(DnSecret) master = NULL;
    g_auto(Import) import = {.progress = progress, .user_data = user_data};

    if (!check_first(path, error))
        return dn_fail_in(error, "%s", path);
    import.capsule = dn_container_open(path, problems, error);
    if (!import.capsule || !read_manifest(&import, error) ||
        !dn_archive_make(dir, options, &master, &key_file, error))
        return false;
    if (!fill(&import, dir, key_file, master, error)) {
        g_clear_pointer(&import.archive, dn_archive_close);
        dn_fs_remove_tree(dir, NULL);
        unlink(key_file);
        return false;
    }
    *out_result = result_of(&import, dir, key_file);
    return true;
}
