/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/restore.c - backups are listed, proved, and become archives again.
 *
 * A generation decides which part of the log comes back. The keys come from the newest generation:
 * its key files are those that the present master key opens, and what has been destroyed since is
 * not among them. So an old generation gives back what was acknowledged then, but for what must
 * not come back.
 *
 * An archive that is being made has no dencho.conf, without which nothing takes it for one; that
 * file is written last.
 */
#include "config.h"
#include "base/fs.h"
#include "base/memory.h"
#include "engine/backup.h"
#include "engine/store/segment-reader.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NOTE_MAX = 64 << 10 };

typedef struct {
    const char *dest;
    int lock;
    DnUuid archive;
    GPtrArray *generations;
    const DnGeneration *picked;
    const DnGeneration *newest; /* whose keys are used */
    DnRowVisitor visit;
    DnProgress progress;
    void *user_data;
    uint64_t done; /* bytes */
    uint64_t total;
    uint64_t failed;
} Source;

static void
source_clear(Source *self)
{
    g_clear_pointer(&self->generations, g_ptr_array_unref);
    dn_clear_fd(&self->lock);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Source, source_clear)

static bool
tick(uint64_t bytes, void *user_data)
{
    Source *self = user_data;

    self->done += bytes;
    return !self->progress ||
           self->progress(MIN(self->done, self->total), self->total, self->user_data);
}

/* --- which generation --- */

static bool
open_folder(Source *self, GError **error)
{
    if (!dn_backup_folder_archive(self->dest, &self->archive, error) ||
        !dn_backup_folder_lock(self->dest, false, &self->lock, error))
        return false;
    self->generations = dn_generations_load(self->dest, error);
    if (!self->generations)
        return false;
    for (guint i = 0; i < self->generations->len; i++) {
        DnGeneration *one = g_ptr_array_index(self->generations, i);

        if (!one->damage && !dn_uuid_equal(&one->archive, &self->archive))
            dn_fail(&one->damage, DN_ERROR_CORRUPT,
                    "generations/%06u.json: it belongs to another archive", (unsigned)one->number);
    }
    return true;
}

static bool
fits(const DnGeneration *one, const DnBackupPick *pick)
{
    if (pick && pick->generation > 0)
        return one->number == pick->generation;
    if (pick && pick->at_utc_ms)
        return !one->damage && one->at_utc_ms <= *pick->at_utc_ms;
    return true;
}

/* The newest that fits. A damaged one is passed over only when a time was asked for: else somebody
 * would get older values than he thinks. */
static bool
pick_generation(Source *self, const DnBackupPick *pick, GError **error)
{
    for (guint i = 0; i < self->generations->len; i++) {
        const DnGeneration *one = g_ptr_array_index(self->generations, i);

        if (!one->damage)
            self->newest = one;
        if (fits(one, pick))
            self->picked = one;
    }
    if (!self->picked)
        return dn_fail(error, DN_ERROR_NOT_FOUND,
                       "there is no such generation; `dencho backup --list %s` shows all",
                       self->dest);
    if (self->picked->damage)
        return dn_fail(error, dn_error_code(self->picked->damage),
                       "%s; name another one with --generation", self->picked->damage->message);
    self->total = dn_generation_bytes(self->picked);
    return true;
}

bool
dn_backup_list(const char *dest, DnRowVisitor visit, void *user_data, GError **error)
{
    g_auto(Source) source = {.dest = dest, .lock = -1};

    if (!open_folder(&source, error))
        return false;
    for (guint i = 0; i < source.generations->len; i++) {
        const DnGeneration *one = g_ptr_array_index(source.generations, i);
        g_autoptr(json_t) row = json_object();
        g_autofree char *at = one->damage ? NULL : dn_clock_format(one->at_utc_ms);

        dn_json_set_int(row, "generation", one->number);
        if (one->damage) {
            dn_json_set_string(row, "code", dn_error_name(dn_error_code(one->damage)));
            dn_json_set_string(row, "message", one->damage->message);
        } else {
            dn_json_set_string(row, "at", at);
            dn_json_set_int(row, "entries", (int64_t)one->entries);
            dn_json_set_int(row, "tenants", one->heads->len);
            dn_json_set_int(row, "bytes", (int64_t)dn_generation_bytes(one));
            dn_json_set_int(row, "segments", one->end.segment);
            dn_json_set_string(row, "checked", one->checked_all ? "all" : "copied");
        }
        if (!visit(row, user_data, error))
            return false;
    }
    return true;
}

/* --- small files --- */

/* (transfer full) The bytes of @file in generation @number, compared with its digest. */
static GBytes *
read_small(const char *dest, uint32_t number, const DnBackupFile *file, GError **error)
{
    g_autofree char *folder = dn_generation_path(dest, number, "");
    g_autofree char *path = g_build_filename(folder, file->path, NULL);
    g_autoptr(GBytes) bytes = dn_fs_load_file(path, (size_t)file->bytes, error);

    if (!bytes)
        return NULL;
    DnSha256 digest = dn_sha256_bytes(bytes);

    if (g_bytes_get_size(bytes) != file->bytes || !dn_sha256_equal(&digest, &file->digest))
        return dn_fail_null(error, DN_ERROR_CORRUPT, "%s has changed", file->path);
    return g_steal_pointer(&bytes);
}

/* (transfer full) The same bytes from whichever generation still has them. */
static GBytes *
find_small(const Source *self, const DnGeneration *of, const DnBackupFile *file, GError **error)
{
    GBytes *bytes = read_small(self->dest, of->number, file, error);

    for (guint i = self->generations->len; !bytes && i-- > 0;) {
        const DnGeneration *other = g_ptr_array_index(self->generations, i);

        bytes = read_small(self->dest, other->number, file, NULL);
        if (bytes)
            g_clear_error(error);
    }
    return bytes;
}

/* (transfer full) The note that the key in @file was destroyed, from any generation, or NULL. The
 * keyring tells a forged one. */
static char *
find_note(const Source *self, const DnBackupFile *file)
{
    if (!g_str_has_suffix(file->path, ".key"))
        return NULL;
    g_autofree char *stem = g_strndup(file->path, strlen(file->path) - strlen(".key"));

    for (guint i = self->generations->len; i-- > 0;) {
        const DnGeneration *one = g_ptr_array_index(self->generations, i);
        g_autofree char *folder = dn_generation_path(self->dest, one->number, "");
        g_autofree char *path = g_strdup_printf("%s/%s.gone", folder, stem);

        if (g_file_test(path, G_FILE_TEST_IS_REGULAR))
            return g_steal_pointer(&path);
    }
    return NULL;
}

static bool
is_key(const DnBackupFile *file)
{
    return g_str_has_prefix(file->path, "keys/");
}

/* --- the check --- */

typedef struct {
    Source *source;
    DnKeyring *keys;   /* NULL without a master key */
    GHashTable *heads; /* DnUuid -> DnLedgerHead */
    GHashTable *gone;  /* DnUuid -> DnLedgerHead: of tenants whose key was destroyed; .seq counts */
    uint64_t files;
    uint64_t entries;
    uint64_t documents;
    uint64_t destroyed;
} Check;

/* @offset: in the file; UINT64_MAX: unknown. Takes @problem. */
static bool
report(Check *self, const char *file, uint64_t offset, GError *problem, GError **error)
{
    g_autoptr(GError) owned = problem;
    g_autoptr(json_t) row = json_object();

    if (dn_error_code(owned) == DN_ERROR_BUSY) {
        g_propagate_error(error, g_steal_pointer(&owned));
        return false;
    }
    self->source->failed++;
    dn_json_set_string(row, "file", file);
    if (offset != UINT64_MAX)
        dn_json_set_int(row, "offset", (int64_t)offset);
    dn_json_set_string(row, "code", dn_error_name(dn_error_code(owned)));
    dn_json_set_string(row, "message", owned->message);
    return self->source->visit(row, self->source->user_data, error);
}

static bool
check_small(Check *self, const DnGeneration *of, GError **error)
{
    for (guint i = 0; i < of->files->len; i++) {
        const DnBackupFile *file = g_ptr_array_index(of->files, i);
        g_autofree char *name =
            g_strdup_printf("generations/%06u/%s", (unsigned)of->number, file->path);
        g_autoptr(GError) problem = NULL;
        g_autoptr(GBytes) bytes = NULL;

        /* Keys of older generations are not used, and those since destroyed are gone. */
        if (is_key(file) && of != self->source->newest)
            continue;
        self->files++;
        bytes = read_small(self->source->dest, of->number, file, &problem);
        if (!bytes && is_key(file) && dn_error_code(problem) == DN_ERROR_NOT_FOUND) {
            g_autofree char *note = find_note(self->source, file);

            if (note)
                continue;
        }
        if (!bytes && !report(self, name, UINT64_MAX, g_steal_pointer(&problem), error))
            return false;
    }
    return true;
}

static bool
check_line(Check *self, const DnUuid *tenant, const DnStoreEntry *sealed, GError **error)
{
    DnLedgerHead *head = g_hash_table_lookup(self->heads, tenant);
    g_autoptr(GError) problem = NULL;

    if (!head) {
        head = g_new0(DnLedgerHead, 1);
        g_hash_table_insert(self->heads, g_memdup2(tenant, sizeof *tenant), head);
    }
    self->entries++;
    g_autofree char *line =
        dn_unseal_line(self->keys, tenant, sealed->seq, sealed->sealed, &problem);

    if (!line && dn_error_code(problem) == DN_ERROR_NOT_FOUND) {
        DnLedgerHead *gone = g_hash_table_lookup(self->gone, tenant);

        if (!gone) {
            gone = g_new0(DnLedgerHead, 1);
            g_hash_table_insert(self->gone, g_memdup2(tenant, sizeof *tenant), gone);
        }
        gone->seq++;
        return true;
    }
    if (!line) {
        g_propagate_error(error, g_steal_pointer(&problem));
        return false;
    }
    g_autoptr(json_t) entry = dn_entry_check(line, tenant, head, error);

    return entry != NULL;
}

static bool
check_document(Check *self, const DnUuid *tenant, const DnStoreBlob *blob, GError **error)
{
    DnSealName name = {.tenant = *tenant, .blob = blob->id, .part = (DnPart)blob->part};
    g_autoptr(GError) problem = NULL;
    g_autoptr(GBytes) plain = dn_unseal_blob(self->keys, &name, blob->sealed, &problem);

    if (plain) {
        self->documents++;
        return true;
    }
    if (dn_error_code(problem) == DN_ERROR_NOT_FOUND) {
        self->destroyed++;
        return true;
    }
    g_propagate_error(error, g_steal_pointer(&problem));
    return false;
}

static bool
open_commit(Check *self, const DnSegmentItem *item, GError **error)
{
    for (guint i = 0; i < item->blobs->len; i++)
        if (!check_document(self, &item->frame.tenant, &g_array_index(item->blobs, DnStoreBlob, i),
                            error))
            return false;
    for (guint i = 0; i < item->entries->len; i++)
        if (!check_line(self, &item->frame.tenant, &g_array_index(item->entries, DnStoreEntry, i),
                        error))
            return false;
    return true;
}

/* Everything in the extent opens. */
static bool
open_extent(Check *self, const DnExtent *extent, int fd, uint64_t *out_bad, GError **error)
{
    DnSegmentReader reader = {.fd = fd,
                              .archive = self->source->archive,
                              .segment = extent->segment,
                              .base = extent->from,
                              .end = extent->from + extent->bytes};
    g_autoptr(DnSegmentItem) item = dn_segment_item_new();
    uint64_t at = MAX(extent->from, (uint64_t)DN_SEGMENT_HEADER);

    while (at < reader.end) {
        if (!dn_segment_reader_next(&reader, at, DN_SEGMENT_KEEP_BLOBS, item, error)) {
            *out_bad = item->bad;
            return false;
        }
        *out_bad = at;
        if (item->at == DN_SEGMENT_AT_COMMIT && !open_commit(self, item, error))
            return dn_fail_in(error, "segment %u, byte %" PRIu64, (unsigned)extent->segment, at);
        at = item->end;
    }
    return true;
}

static bool
read_extent(Check *self, const DnExtent *extent, uint64_t *out_bad, GError **error)
{
    dn_autofd int fd = -1;
    DnSha256 digest;

    if (!dn_extent_open(self->source->dest, extent, &fd, error))
        return false;
    DnSegmentCopy copy = {.archive = self->source->archive,
                          .segment = extent->segment,
                          .from = extent->from,
                          .to = extent->from + extent->bytes,
                          .source = fd,
                          .base = extent->from,
                          .target = -1,
                          .tick = tick,
                          .user_data = self->source};

    if (!dn_segment_copy(&copy, &digest, out_bad, error))
        return false;
    if (!dn_sha256_equal(&digest, &extent->digest)) {
        *out_bad = extent->from;
        return dn_fail(error, DN_ERROR_CORRUPT, "the file is not the one that was backed up");
    }
    return !self->keys || open_extent(self, extent, fd, out_bad, error);
}

static bool
check_extents(Check *self, GError **error)
{
    const DnGeneration *of = self->source->picked;

    for (guint i = 0; i < of->extents->len; i++) {
        const DnExtent *extent = &g_array_index(of->extents, DnExtent, i);
        g_autofree char *path = dn_extent_path("", extent);
        g_autoptr(GError) problem = NULL;
        uint64_t bad = UINT64_MAX;

        self->files++;
        if (!read_extent(self, extent, &bad, &problem) &&
            !report(self, path + 1, bad == UINT64_MAX ? bad : bad - extent->from,
                    g_steal_pointer(&problem), error))
            return false;
    }
    return true;
}

/* An archive that was restored without the keys of a closed tenant does not count its entries. */
static void
leave_out_unlisted(Check *self)
{
    const DnGeneration *of = self->source->picked;
    GHashTableIter it;
    gpointer tenant = NULL;
    gpointer gone = NULL;

    g_hash_table_iter_init(&it, self->gone);
    while (g_hash_table_iter_next(&it, &tenant, &gone)) {
        bool listed = false;

        for (guint i = 0; i < of->heads->len && !listed; i++)
            listed = dn_uuid_equal(&g_array_index(of->heads, DnBackupHead, i).tenant, tenant);
        if (listed)
            continue;
        self->entries -= ((const DnLedgerHead *)gone)->seq;
        g_hash_table_remove(self->heads, tenant);
    }
}

/* What was opened is what the manifest counts, to the last entry of each tenant. */
static bool
check_heads(Check *self, GError **error)
{
    const DnGeneration *of = self->source->picked;
    g_autofree char *name = g_strdup_printf("generations/%06u.json", (unsigned)of->number);
    g_autoptr(GError) problem = NULL;

    leave_out_unlisted(self);
    if (self->entries != of->entries || g_hash_table_size(self->heads) != of->heads->len)
        dn_fail(&problem, DN_ERROR_CORRUPT, "it counts %" PRIu64 " entries, the log has %" PRIu64,
                of->entries, self->entries);
    for (guint i = 0; !problem && i < of->heads->len; i++) {
        const DnBackupHead *wanted = &g_array_index(of->heads, DnBackupHead, i);
        const DnLedgerHead *found = g_hash_table_lookup(self->heads, &wanted->tenant);

        if (g_hash_table_contains(self->gone, &wanted->tenant))
            continue;
        if (!found || found->seq != wanted->head.seq ||
            !dn_sha256_equal(&found->hash, &wanted->head.hash))
            dn_fail(&problem, DN_ERROR_CORRUPT,
                    "the chain of a tenant does not end where the manifest says");
    }
    return !problem || report(self, name, UINT64_MAX, g_steal_pointer(&problem), error);
}

/* *@out_keys is NULL without an error when there is no master key to be had. */
static bool
open_keys(const Source *self, const DnArchiveOptions *options, DnKeyring **out_keys, GError **error)
{
    g_autofree char *folder = dn_generation_path(self->dest, self->newest->number, "");
    g_autofree char *conf = g_build_filename(folder, "dencho.conf", NULL);
    g_autofree char *keys_dir = g_build_filename(folder, "keys", NULL);
    g_autofree char *key_file = NULL;
    g_autoptr(GError) problem = NULL;
    bool asked = options->key_file || options->key_fd > 0;
    bool protected = false;
    g_autoptr(DnSettings) settings = dn_settings_load(conf, asked ? error : NULL);

    if (!settings)
        return !asked;
    if (!asked && !dn_settings_string(settings, "archive", "key-file")[0])
        return true;
    g_autoptr(DnSecret) master =
        dn_archive_master("", settings, options, &key_file, &protected, &problem);

    if (!master && !asked && dn_error_code(problem) == DN_ERROR_NOT_FOUND)
        return true;
    if (!master) {
        g_propagate_error(error, g_steal_pointer(&problem));
        return false;
    }
    *out_keys = dn_keyring_open(keys_dir, &self->archive, master, &problem);
    if (*out_keys || (self->failed > 0 && dn_error_code(problem) == DN_ERROR_CORRUPT))
        return true; /* that files of keys are damaged has been told */
    g_propagate_error(error, g_steal_pointer(&problem));
    return false;
}

static bool
check_manifest(Check *self, const DnGeneration *of, GError **error)
{
    g_autofree char *name = g_strdup_printf("generations/%06u.json", (unsigned)of->number);
    g_autoptr(GError) problem = NULL;

    self->files++;
    return dn_generation_authenticate(of, self->keys, &problem) ||
           report(self, name, UINT64_MAX, g_steal_pointer(&problem), error);
}

static bool
check_keys(Check *self, GError **error)
{
    const Source *source = self->source;
    g_autofree char *folder =
        g_strdup_printf("generations/%06u/keys", (unsigned)source->newest->number);
    g_autoptr(GError) problem = NULL;
    unsigned count = 0;

    if (!check_manifest(self, source->newest, error) ||
        (source->newest != source->picked && !check_manifest(self, source->picked, error)))
        return false;
    return dn_keyring_check(self->keys, &count, &problem) ||
           report(self, folder, UINT64_MAX, g_steal_pointer(&problem), error);
}

static json_t *
totals_of(const Check *self, int64_t begin_ms)
{
    const DnGeneration *of = self->source->picked;
    g_autofree char *at = dn_clock_format(of->at_utc_ms);
    json_t *row = json_object();

    dn_json_set_int(row, "generation", of->number);
    dn_json_set_string(row, "at", at);
    dn_json_set_int(row, "files", (int64_t)self->files);
    dn_json_set_int(row, "bytes", (int64_t)dn_generation_bytes(of));
    dn_json_set_bool(row, "opened", self->keys != NULL);
    if (self->keys) {
        dn_json_set_int(row, "entries", (int64_t)self->entries);
        dn_json_set_int(row, "documents", (int64_t)self->documents);
        dn_json_set_int(row, "destroyed", (int64_t)self->destroyed);
    }
    dn_json_set_int(row, "failed", (int64_t)self->source->failed);
    dn_json_take(row, "seconds", json_real((double)(dn_clock_monotonic_ms() - begin_ms) / 1000));
    return row;
}

bool
dn_backup_check(const char *dest, const DnBackupPick *pick, const DnArchiveOptions *options,
                DnRowVisitor visit, DnProgress progress, void *user_data, json_t **out_totals,
                GError **error)
{
    int64_t begin_ms = dn_clock_monotonic_ms();
    g_auto(Source) source = {
        .dest = dest, .lock = -1, .visit = visit, .progress = progress, .user_data = user_data};
    g_autoptr(GHashTable) heads = dn_heads_new();
    g_autoptr(GHashTable) gone = dn_heads_new();
    g_autoptr(DnKeyring) keys = NULL;
    Check check = {.source = &source, .heads = heads, .gone = gone};

    if (!open_folder(&source, error) || !pick_generation(&source, pick, error) ||
        !check_small(&check, source.newest, error) ||
        (source.newest != source.picked && !check_small(&check, source.picked, error)) ||
        !open_keys(&source, options, &keys, error))
        return false;
    check.keys = keys;
    if ((keys && !check_keys(&check, error)) || !check_extents(&check, error))
        return false;
    /* After damage was told of, the counts would only say it again. */
    if (keys && source.failed == 0 && !check_heads(&check, error))
        return false;
    *out_totals = totals_of(&check, begin_ms);
    return true;
}

/* --- the restore --- */

typedef struct {
    Source *source;
    char *dir;
    DnSettings *settings;
    DnSecret *master;
    char *key_file;
} Restore;

static void
restore_clear(Restore *self)
{
    g_clear_pointer(&self->dir, g_free);
    g_clear_pointer(&self->settings, dn_settings_free);
    g_clear_pointer(&self->master, dn_secret_free);
    g_clear_pointer(&self->key_file, g_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Restore, restore_clear)

static bool
restore_small(const Restore *self, const DnGeneration *of, const DnBackupFile *file,
              const char *name, GError **error)
{
    g_autofree char *path = g_build_filename(self->dir, name, NULL);
    g_autoptr(GBytes) bytes = find_small(self->source, of, file, error);
    gsize size = 0;

    if (!bytes)
        return dn_fail_in(error, "generations/%06u", (unsigned)of->number);
    const void *data = g_bytes_get_data(bytes, &size);

    return dn_fs_create_file(path, data ? data : "", size, 0400, error);
}

/* When the newest generation is damaged, the one before names keys that have been destroyed since:
 * then the note comes back instead. */
static bool
restore_key(const Restore *self, const DnBackupFile *file, GError **error)
{
    g_autoptr(GError) problem = NULL;
    g_autofree char *note = NULL;
    g_autoptr(GBytes) text = NULL;
    gsize size = 0;

    if (restore_small(self, self->source->newest, file, file->path, &problem))
        return true;
    if (dn_error_code(problem) == DN_ERROR_NOT_FOUND)
        note = find_note(self->source, file);
    text = note ? dn_fs_load_file(note, NOTE_MAX, NULL) : NULL;
    if (!text) {
        g_propagate_error(error, g_steal_pointer(&problem));
        return false;
    }
    const void *bytes = g_bytes_get_data(text, &size);
    g_autofree char *name = g_path_get_basename(note);
    g_autofree char *path = g_build_filename(self->dir, "keys", name, NULL);

    return dn_fs_replace_file(path, bytes, size, 0400, error);
}

static bool
restore_keys(const Restore *self, GError **error)
{
    const DnGeneration *newest = self->source->newest;
    g_autofree char *keys_dir = g_build_filename(self->dir, "keys", NULL);

    if (!dn_fs_make_dir(keys_dir, true, error))
        return false;
    for (guint i = 0; i < newest->files->len; i++) {
        const DnBackupFile *file = g_ptr_array_index(newest->files, i);

        if (is_key(file) && !restore_key(self, file, error))
            return false;
    }
    return true;
}

/* The settings of the generation, and the master key that they or the caller tell of. */
static bool
load_settings(Restore *self, const DnArchiveOptions *options, GError **error)
{
    const DnGeneration *picked = self->source->picked;
    static const char unfinished[] = "dencho.conf.restored";
    g_autofree char *path = g_build_filename(self->dir, unfinished, NULL);
    bool protected = false;

    for (guint i = 0; i < picked->files->len; i++) {
        const DnBackupFile *file = g_ptr_array_index(picked->files, i);

        if (!is_key(file) && !restore_small(self, picked, file, unfinished, error))
            return false;
    }
    self->settings = dn_settings_load(path, error);
    if (!self->settings)
        return false;
    self->master =
        dn_archive_master(self->dir, self->settings, options, &self->key_file, &protected, error);
    if (!self->master)
        return false;
    if (!dn_fs_unlink(path, error))
        return false;
    return !options->key_file ||
           dn_settings_set(self->settings, "archive", "key-file", self->key_file, error);
}

static bool
authenticate(const Restore *self, GError **error)
{
    const Source *source = self->source;
    g_autofree char *keys_dir = g_build_filename(self->dir, "keys", NULL);
    g_autoptr(DnKeyring) keys = dn_keyring_open(keys_dir, &source->archive, self->master, error);
    unsigned count = 0;

    return keys && dn_generation_authenticate(source->newest, keys, error) &&
           dn_generation_authenticate(source->picked, keys, error) &&
           dn_keyring_check(keys, &count, error) &&
           /* A rotation that was unfinished then is finished in the newest keys. */
           dn_settings_set(self->settings, "archive", "next-key-file", "", error);
}

static bool
restore_extent(const Restore *self, const DnExtent *extent, int target, GError **error)
{
    Source *source = self->source;
    dn_autofd int fd = -1;
    g_autofree char *path = dn_extent_path("", extent);
    DnSha256 digest;

    if (!dn_extent_open(source->dest, extent, &fd, error))
        return false;
    DnSegmentCopy copy = {.archive = source->archive,
                          .segment = extent->segment,
                          .from = extent->from,
                          .to = extent->from + extent->bytes,
                          .source = fd,
                          .base = extent->from,
                          .target = target,
                          .tick = tick,
                          .user_data = source};

    if (!dn_segment_copy(&copy, &digest, NULL, error))
        return dn_fail_in(error, "%s", path + 1);
    return dn_sha256_equal(&digest, &extent->digest) ||
           dn_fail(error, DN_ERROR_CORRUPT, "%s: the file is not the one that was backed up",
                   path + 1);
}

static bool
restore_log(const Restore *self, GError **error)
{
    const DnGeneration *picked = self->source->picked;
    g_autofree char *log_dir = g_build_filename(self->dir, "log", NULL);
    dn_autofd int target = -1;

    if (!dn_fs_make_dir(log_dir, true, error))
        return false;
    for (guint i = 0; i < picked->extents->len; i++) {
        const DnExtent *extent = &g_array_index(picked->extents, DnExtent, i);
        bool last = i + 1 == picked->extents->len ||
                    g_array_index(picked->extents, DnExtent, i + 1).from == 0;

        if (extent->from == 0) {
            g_autofree char *path = dn_segment_path(log_dir, extent->segment);

            dn_clear_fd(&target);
            target = dn_fs_open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
            if (target < 0)
                return dn_fail_errno(error, "cannot make %s", path);
        }
        if (!restore_extent(self, extent, target, error) || (last && !dn_fs_sync(target, error)))
            return false;
    }
    return dn_fs_sync_dir(log_dir, error);
}

static bool
make_archive(Restore *self, const DnArchiveOptions *options, GError **error)
{
    g_autofree char *conf = g_build_filename(self->dir, "dencho.conf", NULL);
    g_autofree char *above = g_path_get_dirname(self->dir);

    return load_settings(self, options, error) && restore_keys(self, error) &&
           authenticate(self, error) && restore_log(self, error) &&
           dn_settings_save(self->settings, conf, error) && dn_fs_sync_dir(above, error);
}

static void
add_totals(json_t *sum, const json_t *one)
{
    static const char *const counts[] = {"checked", "stamped", "log_proved",
                                         "waiting", "failed",  "destroyed"};

    for (size_t i = 0; i < G_N_ELEMENTS(counts); i++)
        dn_json_set_int(sum, counts[i],
                        dn_json_int(sum, counts[i], 0) + dn_json_int(one, counts[i], 0));
    dn_json_set_int(sum, "entries", dn_json_int(one, "entries", 0)); /* of all, each time */
}

/* The heads are those of the manifest: nothing of the log was left out. */
static bool
compare_heads(const Restore *self, DnArchive *archive, GError **error)
{
    const DnGeneration *picked = self->source->picked;

    for (guint i = 0; i < picked->heads->len; i++) {
        const DnBackupHead *wanted = &g_array_index(picked->heads, DnBackupHead, i);
        DnLedgerHead found;
        bool gone = false;

        if (!dn_keyring_is_tenant_gone(archive->keys, &wanted->tenant, &gone, error) ||
            !dn_view_head(archive, &wanted->tenant, &found, error))
            return false;
        if (gone) /* nobody can read its ledger any more */
            continue;
        if (found.seq != wanted->head.seq || !dn_sha256_equal(&found.hash, &wanted->head.hash))
            return dn_fail(error, DN_ERROR_CORRUPT,
                           "the chain of a tenant does not end where the manifest says");
    }
    return true;
}

/* Documents of every tenant, and once every byte of the log. */
static bool
verify_all(const Restore *self, DnArchive *archive, json_t *sum, GError **error)
{
    const Source *source = self->source;
    g_autoptr(GPtrArray) tenants = dn_view_tenants(archive, error);
    bool accredited = true;

    if (!tenants || !compare_heads(self, archive, error))
        return false;
    for (guint i = 0; i < tenants->len; i++) {
        g_autoptr(json_t) one = NULL;

        if (!dn_uuid_parse(dn_json_string(g_ptr_array_index(tenants, i), "tenant"),
                           &archive->tenant, error) ||
            !dn_archive_verify(archive, NULL, NULL, i == 0 ? DN_VERIFY_FULL : DN_VERIFY_DOCUMENTS,
                               source->visit, source->progress, source->user_data, &one, error))
            return false;
        add_totals(sum, one);
        if (dn_json_int(one, "stamped", 0) > 0)
            accredited = accredited && dn_json_bool(one, "accredited", false);
    }
    dn_json_set_bool(sum, "accredited", dn_json_int(sum, "stamped", 0) > 0 && accredited);
    return true;
}

/* What the next opening would refuse is told, or accepted for a reason, while the operator looks.
 */
static bool
meet_witness(const Restore *self, DnArchive *archive, const char *reason, json_t *sum,
             GError **error)
{
    g_autoptr(GError) found = NULL;

    archive->key_file = g_strdup(self->key_file);
    archive->witness_holds = false; /* what it tells of stays as it is unless this passes */
    if (!archive->key_file || dn_witness_check(archive, &found))
        return true;
    if (!g_error_matches(found, DN_ERROR, DN_ERROR_CORRUPT)) {
        g_propagate_error(error, g_steal_pointer(&found));
        return false;
    }
    if (!reason || dn_json_int(sum, "failed", 1) > 0) {
        dn_json_set_string(sum, "older", found->message);
        return true;
    }
    if (!dn_archive_use_tenant(archive, DN_DEFAULT_TENANT, error) ||
        !dn_witness_accept(archive, found, reason, error))
        return dn_fail_in(error, "it is older than its witness, which could not be accepted");
    dn_json_set_bool(sum, "accepted", true);
    return true;
}

static bool
open_and_verify(const Restore *self, const DnArchiveOptions *options, json_t *sum, GError **error)
{
    g_autoptr(DnArchive) archive =
        dn_archive_open_all(self->dir, options, self->master, NULL, NULL, error);

    return archive && verify_all(self, archive, sum, error) &&
           meet_witness(self, archive, options->accept_rollback, sum, error);
}

bool
dn_backup_restore(const char *src, const DnBackupPick *pick, const char *dir,
                  const DnArchiveOptions *options, DnRowVisitor visit, DnProgress progress,
                  void *user_data, json_t **out_totals, GError **error)
{
    int64_t begin_ms = dn_clock_monotonic_ms();
    g_auto(Source) source = {
        .dest = src, .lock = -1, .visit = visit, .progress = progress, .user_data = user_data};
    g_auto(Restore) restore = {.source = &source, .dir = g_canonicalize_filename(dir, NULL)};
    g_autoptr(json_t) sum = json_object();

    if (!open_folder(&source, error) || !pick_generation(&source, pick, error))
        return false;
    if (!dn_fs_make_dir(restore.dir, true, error))
        return dn_fail_in(error, "an archive is restored into a new folder");
    if (!make_archive(&restore, options, error)) {
        dn_fs_remove_tree(restore.dir, NULL);
        return false;
    }
    if (!open_and_verify(&restore, options, sum, error))
        return dn_fail_in(error, "%s is restored, but could not be verified", restore.dir);
    g_autofree char *at = dn_clock_format(source.picked->at_utc_ms);

    dn_json_set_string(sum, "archive", restore.dir);
    dn_json_set_int(sum, "generation", source.picked->number);
    dn_json_set_string(sum, "at", at);
    dn_json_set_int(sum, "bytes", (int64_t)dn_generation_bytes(source.picked));
    dn_json_take(sum, "seconds", json_real((double)(dn_clock_monotonic_ms() - begin_ms) / 1000));
    *out_totals = g_steal_pointer(&sum);
    return true;
}
