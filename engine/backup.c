/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/backup.c - a copy of the log that is worth having: checked while it is made, shared
 * between generations, and never in the way of who writes (law row R58).
 *
 * What is copied is decided in one moment: how far the view has applied the log, with the ledgers'
 * heads at that place. All before it is durable and does not change any more, so the rest needs no
 * lock. Keys are read after that moment, so that each blob before it has its key in the copy.
 *
 * A key that was destroyed must not come back: the archive keeps a note of each such key, the next
 * backup removes the key from all generations, and the notes travel with every generation. A key
 * that is gone without a note is damage, and stays in the generations that have it.
 */
#include "config.h"
#include "base/fs.h"
#include "base/memory.h"
#include "engine/backup.h"
#include "engine/store/segment-reader.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A segment that has more extents when it is finished is copied once more as a whole, so that what
 * ten years of hourly backups leave does not grow without end. */
enum { EXTENTS_MAX = 64, SMALL_MAX = 1 << 20 };

typedef struct {
    DnArchive *archive;
    const char *dest;
    char *tmp;
    bool quick;
    DnBackupPolicy policy;
    DnProgress progress;
    void *user_data;
    uint64_t done; /* bytes */
    uint64_t total;
    GPtrArray *generations;   /* DnGeneration, oldest first */
    const DnGeneration *base; /* the newest good one, or NULL */
    DnGeneration *fresh;
    GHashTable *pool; /* names in log/ */
    uint64_t copied;
    uint64_t checked;
    unsigned removed;
    unsigned damaged;
} Run;

static void
run_clear(Run *self)
{
    g_clear_pointer(&self->tmp, g_free);
    g_clear_pointer(&self->generations, g_ptr_array_unref);
    g_clear_pointer(&self->fresh, dn_generation_free);
    g_clear_pointer(&self->pool, g_hash_table_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Run, run_clear)

/* --- the folder --- */

/* (transfer full) @path without symbolic links, also when its last part is not there yet. */
static char *
real_path(const char *path, GError **error)
{
    g_autofree char *absolute = g_canonicalize_filename(path, NULL);
    g_autofree char *above = g_path_get_dirname(absolute);
    g_autofree char *name = g_path_get_basename(absolute);
    char *found = realpath(absolute, NULL);

    if (found)
        return found;
    if (errno == ENOENT) {
        g_autofree char *folder = realpath(above, NULL);

        if (folder)
            return g_build_filename(folder, name, NULL);
    }
    dn_fail_errno(error, "%s", above);
    return NULL;
}

/* Inside the archive a backup would be lost with it. */
static bool
is_elsewhere(const char *dest, const char *archive_dir, GError **error)
{
    g_autofree char *target = real_path(dest, error);
    g_autofree char *archive = target ? real_path(archive_dir, error) : NULL;
    g_autofree char *inside = archive ? g_strconcat(archive, "/", NULL) : NULL;

    if (!archive)
        return false;
    if (strcmp(target, archive) == 0 || g_str_has_prefix(target, inside))
        return dn_fail(error, DN_ERROR_INVALID,
                       "%s is in the archive's own folder and would be lost with it; name a folder "
                       "elsewhere, best on another disk",
                       dest);
    return true;
}

static bool
folder_is_free(const char *dest, GError **error)
{
    g_autoptr(GPtrArray) names = dn_fs_list(dest, error);

    for (guint i = 0; names && i < names->len; i++) {
        const char *name = g_ptr_array_index(names, i);

        if (strcmp(name, "lost+found") != 0 && strcmp(name, "dencho-backup.json.new") != 0)
            return dn_fail(error, DN_ERROR_EXISTS,
                           "%s holds other things than backups; name a new folder", dest);
    }
    return names != NULL;
}

static bool
begin_folder(const char *dest, const DnUuid *archive, GError **error)
{
    g_autofree char *marker = g_build_filename(dest, "dencho-backup.json", NULL);
    g_autofree char *absolute = g_canonicalize_filename(dest, NULL);
    g_autofree char *above = g_path_get_dirname(absolute);
    g_autofree char *id = dn_uuid_text(archive);
    g_autofree char *text = g_strdup_printf("{\"archive\":\"%s\",\"format\":1}\n", id);

    return dn_fs_make_dir(dest, false, error) && dn_fs_sync_dir(above, error) &&
           folder_is_free(dest, error) &&
           dn_fs_replace_file(marker, text, strlen(text), 0600, error);
}

static bool
prepare_folder(Run *self, int *out_lock, GError **error)
{
    g_autofree char *log = g_build_filename(self->dest, "log", NULL);
    g_autofree char *generations = g_build_filename(self->dest, "generations", NULL);
    g_autoptr(GError) problem = NULL;
    DnUuid owner;

    if (!is_elsewhere(self->dest, self->archive->dir, error))
        return false;
    if (!dn_backup_folder_archive(self->dest, &owner, &problem)) {
        if (dn_error_code(problem) != DN_ERROR_NOT_FOUND) {
            g_propagate_error(error, g_steal_pointer(&problem));
            return false;
        }
        if (!begin_folder(self->dest, &self->archive->id, error))
            return false;
    } else if (!dn_uuid_equal(&owner, &self->archive->id)) {
        return dn_fail(error, DN_ERROR_EXISTS,
                       "%s holds the backups of another archive; each needs a folder of its own",
                       self->dest);
    }
    return dn_backup_folder_lock(self->dest, true, out_lock, error) &&
           dn_fs_make_dir(log, false, error) && dn_fs_make_dir(generations, false, error) &&
           dn_fs_remove_tree(self->tmp, error) && dn_fs_make_dir(self->tmp, true, error) &&
           dn_fs_sync_dir(self->dest, error);
}

static bool
list_pool(Run *self, GError **error)
{
    g_autofree char *path = g_build_filename(self->dest, "log", NULL);
    g_autoptr(GPtrArray) names = dn_fs_list(path, error);

    for (guint i = 0; names && i < names->len; i++)
        g_hash_table_add(self->pool, g_strdup(g_ptr_array_index(names, i)));
    return names != NULL;
}

/* --- the moment --- */

/* Of the head of a ledger that nobody can read any more. */
static const char unknown[] = "0000000000000000000000000000000000000000000000000000000000000000";

static bool
note_moment(Run *self, GError **error)
{
    DnArchive *archive = self->archive;
    DnGeneration *fresh = self->fresh;
    DN_LOCKED(&archive->apply_lock);
    g_autoptr(GPtrArray) tenants = dn_view_tenants(archive, error);

    fresh->at_utc_ms = dn_clock_now_utc_ms();
    if (!tenants || !dn_view_position(archive, &fresh->end, error))
        return false;
    for (guint i = 0; i < tenants->len; i++) {
        const json_t *row = g_ptr_array_index(tenants, i);
        DnBackupHead head = {.head.seq = (uint64_t)dn_json_int(row, "seq", 0)};
        const char *hash = dn_json_string(row, "hash");

        if (!hash && dn_json_string(row, "closed"))
            hash = unknown;
        if (!dn_uuid_parse(dn_json_string(row, "tenant"), &head.tenant, error) ||
            !dn_unhex(hash ? hash : "", head.head.hash.bytes, sizeof head.head.hash.bytes, error))
            return dn_fail_in(error, "the view is damaged; run `dencho rebuild`");
        fresh->entries += head.head.seq;
        g_array_append_val(fresh->heads, head);
    }
    return fresh->end.segment > 0 ||
           dn_fail(error, DN_ERROR_NOT_FOUND, "the archive holds nothing yet");
}

static const DnBackupHead *
head_of(const DnGeneration *generation, const DnUuid *tenant)
{
    for (guint i = 0; i < generation->heads->len; i++) {
        const DnBackupHead *head = &g_array_index(generation->heads, DnBackupHead, i);

        if (dn_uuid_equal(&head->tenant, tenant))
            return head;
    }
    return NULL;
}

static bool
is_unknown(const DnLedgerHead *head)
{
    static const DnSha256 zeros;

    return dn_sha256_equal(&head->hash, &zeros);
}

/* An archive that was put back to an older state would go on in another direction than its backup.
 */
static bool
goes_on_from_base(const Run *self, GError **error)
{
    const DnGeneration *base = self->base;
    bool behind = base && dn_store_position_compare(&self->fresh->end, &base->end) < 0;

    for (guint i = 0; base && !behind && i < base->heads->len; i++) {
        const DnBackupHead *old = &g_array_index(base->heads, DnBackupHead, i);
        const DnBackupHead *now = head_of(self->fresh, &old->tenant);

        behind = !now || now->head.seq < old->head.seq ||
                 (now->head.seq == old->head.seq && !is_unknown(&now->head) &&
                  !dn_sha256_equal(&now->head.hash, &old->head.hash));
    }
    return !behind ||
           dn_fail(error, DN_ERROR_CORRUPT,
                   "it lacks entries that generation %u has: it was put back to an older state or "
                   "has lost some; restore that generation, or go on with a new folder for backups",
                   (unsigned)base->number);
}

/* --- the log --- */

static bool
tick(uint64_t bytes, void *user_data)
{
    Run *self = user_data;

    self->done += bytes;
    return !self->progress || self->progress(self->done, self->total, self->user_data);
}

static DnSegmentCopy
copy_of(Run *self, uint32_t segment, int source, uint64_t from, uint64_t to, int target)
{
    return (DnSegmentCopy){.archive = self->archive->id,
                           .segment = segment,
                           .from = from,
                           .to = to,
                           .source = source,
                           .target = target,
                           .tick = tick,
                           .user_data = self};
}

/* Into a file without its name, which it gets when all of it has reached the disk. */
static bool
write_extent(Run *self, int source, DnExtent *extent, GError **error)
{
    g_autofree char *part = g_build_filename(self->tmp, "extent", NULL);
    dn_autofd int target =
        dn_fs_open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0400);
    DnSegmentCopy copy =
        copy_of(self, extent->segment, source, extent->from, extent->from + extent->bytes, target);

    if (target < 0)
        return dn_fail_errno(error, "cannot make %s", part);
    if (!dn_segment_copy(&copy, &extent->digest, NULL, error))
        return false;
    if (!dn_fs_sync(target, error))
        return dn_fail_in(error, "%s", part);
    g_autofree char *path = dn_extent_path(self->dest, extent);

    if (!dn_fs_rename(part, path, error))
        return false;
    self->copied += extent->bytes;
    self->checked += extent->bytes;
    return true;
}

static bool
check_source(Run *self, int source, const DnExtent *extent, DnSha256 *out_digest, GError **error)
{
    DnSegmentCopy copy =
        copy_of(self, extent->segment, source, extent->from, extent->from + extent->bytes, -1);

    self->checked += extent->bytes;
    return dn_segment_copy(&copy, out_digest, NULL, error);
}

/* What an interrupted run has copied, and no generation names yet, is taken up by its name. */
static bool
find_leftover(const Run *self, const DnExtent *extent, DnSha256 *out_digest)
{
    g_autofree char *prefix = g_strdup_printf(
        "%06u-%" PRIu64 "-%" PRIu64 "-", (unsigned)extent->segment, extent->from, extent->bytes);
    GHashTableIter it;
    gpointer name = NULL;

    g_hash_table_iter_init(&it, self->pool);
    while (g_hash_table_iter_next(&it, &name, NULL))
        if (g_str_has_prefix(name, prefix) &&
            dn_unhex((const char *)name + strlen(prefix), out_digest->bytes,
                     sizeof out_digest->bytes, NULL))
            return true;
    return false;
}

static bool
is_in_pool(const Run *self, const DnExtent *extent)
{
    dn_autofd int fd = -1;

    return dn_extent_open(self->dest, extent, &fd, NULL);
}

static bool
add_new(Run *self, int source, DnExtent *extent, GError **error)
{
    DnSha256 digest;

    if (find_leftover(self, extent, &extent->digest) && is_in_pool(self, extent)) {
        if (!check_source(self, source, extent, &digest, error))
            return false;
        if (dn_sha256_equal(&digest, &extent->digest)) {
            g_array_append_val(self->fresh->extents, *extent);
            return true;
        }
    }
    if (!write_extent(self, source, extent, error))
        return false;
    g_array_append_val(self->fresh->extents, *extent);
    return true;
}

/* An extent that an earlier generation has. */
static bool
add_known(Run *self, int source, DnExtent *extent, GError **error)
{
    DnSha256 digest = extent->digest;

    if (!self->quick && !check_source(self, source, extent, &digest, error))
        return false;
    if (!is_in_pool(self, extent)) { /* lost there, but not here */
        DnSha256 known = extent->digest;

        if (!write_extent(self, source, extent, error))
            return false;
        digest = extent->digest;
        extent->digest = known;
    }
    if (!dn_sha256_equal(&digest, &extent->digest))
        return dn_fail(error, DN_ERROR_CORRUPT,
                       "segment %u, byte %" PRIu64 ": the %" PRIu64 " bytes from here on are not "
                       "those that were backed up",
                       (unsigned)extent->segment, extent->from, extent->bytes);
    g_array_append_val(self->fresh->extents, *extent);
    return true;
}

/* Lends the first of the base's extents of @segment and tells how many there are. */
static const DnExtent *
known_extents(const Run *self, uint32_t segment, guint *out_count)
{
    const DnExtent *first = NULL;

    *out_count = 0;
    for (guint i = 0; self->base && i < self->base->extents->len; i++) {
        const DnExtent *extent = &g_array_index(self->base->extents, DnExtent, i);

        if (extent->segment != segment)
            continue;
        first = first ? first : extent;
        ++*out_count;
    }
    return first;
}

static bool
open_source(const Run *self, uint32_t segment, int *out_fd, uint64_t *out_bytes, GError **error)
{
    g_autofree char *log_dir = g_build_filename(self->archive->dir, "log", NULL);
    g_autofree char *path = dn_segment_path(log_dir, segment);
    dn_autofd int fd = dn_fs_open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW, 0);
    struct stat st;

    if (fd < 0 || fstat(fd, &st) != 0)
        return dn_fail(error, errno == ENOENT ? DN_ERROR_CORRUPT : DN_ERROR_IO,
                       "segment %u, byte 0: cannot open it: %s", (unsigned)segment,
                       g_strerror(errno));
    posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
    *out_bytes =
        segment < self->fresh->end.segment ? (uint64_t)st.st_size : self->fresh->end.offset;
    *out_fd = dn_steal_fd(&fd);
    return true;
}

static bool
back_up_segment(Run *self, uint32_t segment, GError **error)
{
    dn_autofd int source = -1;
    uint64_t bytes = 0;
    uint64_t at = 0;
    guint count = 0;
    const DnExtent *known = known_extents(self, segment, &count);

    if (!open_source(self, segment, &source, &bytes, error))
        return false;
    if (count >= EXTENTS_MAX && segment < self->fresh->end.segment)
        count = 0;
    for (guint i = 0; i < count; i++) {
        DnExtent extent = known[i];

        at = extent.from + extent.bytes;
        if (at > bytes)
            return dn_fail(error, DN_ERROR_CORRUPT,
                           "segment %u, byte %" PRIu64 ": the segment ends here and was longer",
                           (unsigned)segment, bytes);
        if (!add_known(self, source, &extent, error))
            return false;
    }
    DnExtent rest = {.segment = segment, .from = at, .bytes = bytes - at};

    return rest.bytes == 0 || add_new(self, source, &rest, error);
}

static bool
back_up_log(Run *self, GError **error)
{
    g_autofree char *pool = g_build_filename(self->dest, "log", NULL);

    self->total = dn_store_state(self->archive->store).bytes;
    if (self->quick && self->base)
        self->total -= MIN(self->total, dn_generation_bytes(self->base));
    for (uint32_t segment = 1; segment <= self->fresh->end.segment; segment++)
        if (!back_up_segment(self, segment, error))
            return false;
    return dn_fs_sync_dir(pool, error);
}

/* --- keys and settings --- */

typedef struct {
    char *name;
    GBytes *bytes;
} Small;

static void
small_free(gpointer data)
{
    Small *small = data;

    g_free(small->name);
    g_bytes_unref(small->bytes);
    g_free(small);
}

static bool
collect_small(const char *name, GBytes *bytes, void *user_data, GError **error)
{
    Small *small = g_new0(Small, 1);

    (void)error;
    small->name = g_strdup(name);
    small->bytes = g_bytes_ref(bytes);
    g_ptr_array_add(user_data, small);
    return true;
}

/* The key that the file "ID@suffix" speaks of. */
static bool
key_of_name(const char *name, const char *suffix, DnUuid *out_id)
{
    g_autofree char *stem = NULL;

    if (!g_str_has_suffix(name, suffix))
        return false;
    stem = g_strndup(name, strlen(name) - strlen(suffix));
    return dn_uuid_parse(stem, out_id, NULL);
}

static bool
has_file(const DnGeneration *generation, const char *path)
{
    for (guint i = 0; i < generation->files->len; i++) {
        const DnBackupFile *file = g_ptr_array_index(generation->files, i);

        if (strcmp(file->path, path) == 0)
            return true;
    }
    return false;
}

static bool
write_small(Run *self, const char *path, GBytes *bytes, GError **error)
{
    g_autofree char *target = g_build_filename(self->tmp, "generation", path, NULL);
    DnBackupFile *file = g_new0(DnBackupFile, 1);
    gsize size = 0;
    const void *data = g_bytes_get_data(bytes, &size);

    file->path = g_strdup(path);
    file->bytes = size;
    file->digest = dn_sha256_bytes(bytes);
    g_ptr_array_add(self->fresh->files, file);
    return dn_fs_create_file(target, data ? data : "", size, 0400, error);
}

/* Every key of the base is still there, or a note says why not; no destroyed one is back. */
static bool
compare_keys(Run *self, GError **error)
{
    for (guint i = 0; self->base && i < self->base->files->len; i++) {
        const DnBackupFile *old = g_ptr_array_index(self->base->files, i);
        const char *name = strchr(old->path, '/');
        bool gone = false;
        DnUuid id;

        if (name && key_of_name(name + 1, ".key", &id) && !has_file(self->fresh, old->path)) {
            if (!dn_keyring_is_gone(self->archive->keys, &id, &gone, error))
                return false;
            if (!gone)
                return dn_fail(error, DN_ERROR_CORRUPT,
                               "%s is missing and was not destroyed: put it back from generation "
                               "%u",
                               old->path, (unsigned)self->base->number);
        }
        if (!name || !key_of_name(name + 1, ".gone", &id) || has_file(self->fresh, old->path))
            continue;
        return dn_fail(error, DN_ERROR_CORRUPT,
                       "%s is missing: a key that was destroyed may have come back with an older "
                       "copy of keys/; put the file back from generation %u and destroy the key "
                       "again",
                       old->path, (unsigned)self->base->number);
    }
    return true;
}

static bool
back_up_keys(Run *self, GError **error)
{
    g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(small_free);
    unsigned count = 0;
    uint8_t mac[DN_SHA256_BYTES];

    /* An older archive's key that authenticates the manifest is made by its first use: it must be
     * in the copy. */
    if (!dn_keyring_authenticate(self->archive->keys, "", "", 0, mac, error) ||
        !dn_keyring_check(self->archive->keys, &count, error) ||
        !dn_keyring_each_file(self->archive->keys, collect_small, list, error))
        return false;
    for (guint i = 0; i < list->len; i++) {
        const Small *small = g_ptr_array_index(list, i);
        g_autofree char *path = g_strconcat("keys/", small->name, NULL);
        bool gone = false;
        DnUuid id;

        if (key_of_name(small->name, ".key", &id) &&
            !dn_keyring_is_gone(self->archive->keys, &id, &gone, error))
            return false;
        if (!gone && !write_small(self, path, small->bytes, error))
            return false;
    }
    return compare_keys(self, error);
}

static bool
back_up_settings(Run *self, GError **error)
{
    g_autofree char *path = g_build_filename(self->archive->dir, "dencho.conf", NULL);
    g_autoptr(GBytes) bytes = dn_fs_load_file(path, SMALL_MAX, error);
    g_autoptr(DnSettings) settings = bytes ? dn_settings_load(path, error) : NULL;

    return settings && write_small(self, "dencho.conf", bytes, error);
}

/* --- the generation --- */

static bool
choose_base(Run *self, GError **error)
{
    for (guint i = 0; i < self->generations->len; i++) {
        DnGeneration *one = g_ptr_array_index(self->generations, i);

        self->fresh->number = MAX(self->fresh->number, one->number);
        if (!one->damage)
            dn_generation_authenticate(one, self->archive->keys, &one->damage);
        if (!one->damage)
            self->base = one;
        self->damaged += one->damage != NULL;
    }
    if (self->generations->len > 0 && !self->base)
        return dn_fail(error, DN_ERROR_CORRUPT,
                       "%s holds no generation that this archive can vouch for: its manifests are "
                       "damaged, or keys/ was put back to an older state; look at them with "
                       "`dencho backup --list`, or name a new folder",
                       self->dest);
    self->fresh->number++;
    return self->fresh->number != 0 ||
           dn_fail(error, DN_ERROR_LIMIT, "the numbers of generations are used up");
}

/* What has a folder and no manifest was never a generation, or is none any more. */
static bool
remove_unnamed_folders(const Run *self, GError **error)
{
    g_autofree char *path = g_build_filename(self->dest, "generations", NULL);
    g_autoptr(GPtrArray) names = dn_fs_list(path, error);

    for (guint i = 0; names && i < names->len; i++) {
        const char *name = g_ptr_array_index(names, i);
        g_autofree char *folder = g_build_filename(path, name, NULL);
        g_autofree char *manifest = g_strconcat(folder, ".json", NULL);
        bool is_folder = strspn(name, "0123456789") == strlen(name);

        if (is_folder && !g_file_test(manifest, G_FILE_TEST_EXISTS) &&
            !dn_fs_remove_tree(folder, error))
            return false;
    }
    return names != NULL;
}

static bool
publish(Run *self, GError **error)
{
    g_autofree char *built = g_build_filename(self->tmp, "generation", NULL);
    g_autofree char *folder = dn_generation_path(self->dest, self->fresh->number, "");
    g_autofree char *manifest = dn_generation_path(self->dest, self->fresh->number, ".json");
    g_autofree char *above = g_path_get_dirname(folder);
    g_autofree char *text = dn_generation_write(self->fresh, self->archive->keys, error);

    if (!text)
        return false;
    return dn_fs_rename(built, folder, error) && dn_fs_sync_dir(above, error) &&
           dn_fs_replace_file(manifest, text, strlen(text), 0400, error);
}

/* --- what is let go --- */

static void
name_extents(const Run *self, const DnGeneration *generation, GHashTable *named)
{
    for (guint i = 0; i < generation->extents->len; i++) {
        g_autofree char *path =
            dn_extent_path(self->dest, &g_array_index(generation->extents, DnExtent, i));

        g_hash_table_add(named, g_path_get_basename(path));
    }
}

static bool
remove_unnamed_extents(const Run *self, GError **error)
{
    g_autoptr(GHashTable) named = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    GHashTableIter it;
    gpointer name = NULL;

    if (self->damaged > 0) /* who knows what they name */
        return true;
    for (guint i = 0; i < self->generations->len; i++)
        name_extents(self, g_ptr_array_index(self->generations, i), named);
    name_extents(self, self->fresh, named);
    g_hash_table_iter_init(&it, self->pool);
    while (g_hash_table_iter_next(&it, &name, NULL)) {
        g_autofree char *path = g_build_filename(self->dest, "log", name, NULL);

        if (!g_hash_table_contains(named, name) && !dn_fs_unlink(path, error))
            return false;
    }
    return true;
}

static bool
forget(Run *self, guint at, GError **error)
{
    const DnGeneration *one = g_ptr_array_index(self->generations, at);
    g_autofree char *manifest = dn_generation_path(self->dest, one->number, ".json");

    if (!dn_fs_unlink(manifest, error))
        return false;
    g_ptr_array_remove_index(self->generations, at);
    self->removed++;
    return true;
}

/* Generations that cannot be read are left for a person to look at. */
static bool
apply_policy(Run *self, GError **error)
{
    g_autofree char *folder = g_build_filename(self->dest, "generations", NULL);
    g_autoptr(GArray) times = g_array_new(FALSE, FALSE, sizeof(int64_t));
    size_t good = 0;

    for (guint i = 0; i < self->generations->len; i++) {
        const DnGeneration *one = g_ptr_array_index(self->generations, i);

        if (!one->damage)
            g_array_append_val(times, one->at_utc_ms);
    }
    g_array_append_val(times, self->fresh->at_utc_ms);
    g_autofree bool *keep = g_new0(bool, times->len);

    dn_backup_policy_apply(&self->policy, (const int64_t *)times->data, times->len, keep);
    for (guint i = 0; i < self->generations->len;) {
        const DnGeneration *one = g_ptr_array_index(self->generations, i);

        if (one->damage || keep[good++])
            i++;
        else if (!forget(self, i, error))
            return false;
    }
    return dn_fs_sync_dir(folder, error);
}

/* The note takes the key's place, so that the generation tells why it is not there. */
static bool
replace_by_note(const Run *self, const char *path, const DnUuid *id, GError **error)
{
    g_autofree char *text = dn_uuid_text(id);
    g_autofree char *name = g_strconcat(text, ".gone", NULL);
    g_autofree char *source = g_build_filename(self->archive->dir, "keys", name, NULL);
    g_autofree char *folder = g_path_get_dirname(path);
    g_autofree char *target = g_build_filename(folder, name, NULL);
    g_autoptr(GBytes) note = dn_fs_load_file(source, SMALL_MAX, error);
    gsize size = 0;
    const void *bytes = note ? g_bytes_get_data(note, &size) : NULL;

    return note && dn_fs_replace_file(target, bytes, size, 0400, error) &&
           dn_fs_unlink(path, error);
}

/* Destroyed keys leave the older generations too. */
static bool
remove_destroyed_keys(const Run *self, const DnGeneration *one, GError **error)
{
    g_autofree char *folder = dn_generation_path(self->dest, one->number, "/keys");
    g_autoptr(GError) problem = NULL;
    g_autoptr(GPtrArray) names = dn_fs_list(folder, &problem);
    bool changed = false;

    if (!names && dn_error_code(problem) != DN_ERROR_NOT_FOUND) { /* a damaged one may lack it */
        g_propagate_error(error, g_steal_pointer(&problem));
        return false;
    }
    for (guint i = 0; names && i < names->len; i++) {
        const char *name = g_ptr_array_index(names, i);
        g_autofree char *path = g_build_filename(folder, name, NULL);
        bool gone = false;
        DnUuid id;

        if (!key_of_name(name, ".key", &id))
            continue;
        if (!dn_keyring_is_destroyed(self->archive->keys, &id, &gone, error))
            return false;
        if (gone && !replace_by_note(self, path, &id, error))
            return false;
        changed = changed || gone;
    }
    return !changed || dn_fs_sync_dir(folder, error);
}

static bool
let_go(Run *self, GError **error)
{
    for (guint i = 0; i < self->generations->len; i++)
        if (!remove_destroyed_keys(self, g_ptr_array_index(self->generations, i), error))
            return false;
    return apply_policy(self, error) && remove_unnamed_folders(self, error) &&
           remove_unnamed_extents(self, error);
}

/* --- the whole --- */

static bool
make_generation(Run *self, GError **error)
{
    g_autofree char *keys = g_build_filename(self->tmp, "generation", "keys", NULL);
    g_autofree char *built = g_build_filename(self->tmp, "generation", NULL);
    g_autoptr(GError) problem = NULL;

    if (note_moment(self, &problem) && goes_on_from_base(self, &problem) &&
        back_up_log(self, &problem) && dn_fs_make_dir(built, true, &problem) &&
        dn_fs_make_dir(keys, true, &problem) && back_up_keys(self, &problem) &&
        back_up_settings(self, &problem) && publish(self, &problem))
        return true;
    if (dn_error_code(problem) == DN_ERROR_CORRUPT)
        dn_fail_in(&problem, "the archive is damaged, the backups made before stay as they are");
    g_propagate_error(error, g_steal_pointer(&problem));
    return false;
}

static json_t *
result_of(const Run *self, int64_t begin_ms)
{
    g_autofree char *at = dn_clock_format(self->fresh->at_utc_ms);
    json_t *row = json_object();

    dn_json_set_int(row, "generation", self->fresh->number);
    dn_json_set_string(row, "at", at);
    dn_json_set_int(row, "entries", (int64_t)self->fresh->entries);
    dn_json_set_int(row, "bytes", (int64_t)dn_generation_bytes(self->fresh));
    dn_json_set_int(row, "copied_bytes", (int64_t)self->copied);
    dn_json_set_int(row, "checked_bytes", (int64_t)self->checked);
    dn_json_set_int(row, "generations", self->generations->len + 1);
    dn_json_set_int(row, "removed", self->removed);
    dn_json_set_int(row, "damaged", self->damaged);
    dn_json_take(row, "seconds", json_real((double)(dn_clock_monotonic_ms() - begin_ms) / 1000));
    return row;
}

bool
dn_archive_backup(DnArchive *self, const char *dest, const DnBackupOptions *options,
                  DnProgress progress, void *user_data, json_t **out_result, GError **error)
{
    int64_t begin_ms = dn_clock_monotonic_ms();
    g_auto(Run) run = {.archive = self,
                       .dest = dest,
                       .tmp = g_build_filename(dest, "tmp", NULL),
                       .quick = options && options->quick,
                       .progress = progress,
                       .user_data = user_data,
                       .fresh = dn_generation_new(),
                       .pool = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL)};
    dn_autofd int lock = -1;

    if (!dn_backup_policy_parse(options ? options->keep : NULL, &run.policy, error) ||
        !prepare_folder(&run, &lock, error))
        return false;
    run.fresh->archive = self->id;
    run.fresh->checked_all = !run.quick;
    run.generations = dn_generations_load(dest, error);
    if (!run.generations || !choose_base(&run, error) || !remove_unnamed_folders(&run, error) ||
        !list_pool(&run, error))
        return false;
    bool made = make_generation(&run, error);
    g_autoptr(GError) problem = NULL;

    /* A backup is what an older copy is put back from: from here on that is noticed. */
    if (made && !dn_witness_write(self, &problem))
        g_message("the witness of the log cannot be written: %s", problem->message);

    /* A full disk has room again for who waits for it. */
    if (!dn_fs_remove_tree(run.tmp, made ? error : NULL) || !made)
        return false;
    if (!let_go(&run, error))
        return dn_fail_in(error, "the backup is made, but what need not be kept stays");
    *out_result = result_of(&run, begin_ms);
    return true;
}
