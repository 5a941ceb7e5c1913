/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/backup-set.c - manifests and names of a folder of backups, and what a policy keeps.
 *
 * A manifest comes from a disk that others may write to: every number and path in it is checked
 * before it is used as one.
 */
#include "config.h"
#include "base/fs.h"
#include "base/memory.h"
#include "engine/backup.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FORMAT_VERSION = 1, MANIFEST_MAX = 64 << 20, POLICY_MAX = 10000 };

static const char mac_label[] = "dencho 1 backup";

/* --- generations in memory --- */

static void
file_free(gpointer data)
{
    DnBackupFile *file = data;

    g_free(file->path);
    g_free(file);
}

DnGeneration *
dn_generation_new(void)
{
    DnGeneration *self = g_new0(DnGeneration, 1);

    self->heads = g_array_new(FALSE, FALSE, sizeof(DnBackupHead));
    self->extents = g_array_new(FALSE, FALSE, sizeof(DnExtent));
    self->files = g_ptr_array_new_with_free_func(file_free);
    return self;
}

void
dn_generation_free(DnGeneration *self)
{
    if (!self)
        return;
    g_array_unref(self->heads);
    g_array_unref(self->extents);
    g_ptr_array_unref(self->files);
    g_clear_pointer(&self->signed_bytes, g_bytes_unref);
    g_clear_error(&self->damage);
    g_free(self);
}

uint64_t
dn_generation_bytes(const DnGeneration *self)
{
    uint64_t bytes = 0;

    for (guint i = 0; i < self->extents->len; i++)
        bytes += g_array_index(self->extents, DnExtent, i).bytes;
    return bytes;
}

char *
dn_generation_path(const char *dest, uint32_t number, const char *suffix)
{
    return g_strdup_printf("%s/generations/%06u%s", dest, (unsigned)number, suffix);
}

char *
dn_extent_path(const char *dest, const DnExtent *extent)
{
    g_autofree char *hex = dn_hex(extent->digest.bytes, sizeof extent->digest.bytes);

    return g_strdup_printf("%s/log/%06u-%" PRIu64 "-%" PRIu64 "-%s", dest,
                           (unsigned)extent->segment, extent->from, extent->bytes, hex);
}

/* --- writing a manifest --- */

static void
set_digest(json_t *object, const DnSha256 *digest)
{
    g_autofree char *hex = dn_hex(digest->bytes, sizeof digest->bytes);

    dn_json_set_string(object, "sha256", hex);
}

static json_t *
heads_json(const DnGeneration *self)
{
    json_t *list = json_array();

    for (guint i = 0; i < self->heads->len; i++) {
        const DnBackupHead *from = &g_array_index(self->heads, DnBackupHead, i);
        g_autofree char *tenant = dn_uuid_text(&from->tenant);
        json_t *head = json_object();

        dn_json_set_string(head, "tenant", tenant);
        dn_json_set_int(head, "seq", (int64_t)from->head.seq);
        set_digest(head, &from->head.hash);
        json_array_append_new(list, head);
    }
    return list;
}

static json_t *
extents_json(const DnGeneration *self)
{
    json_t *list = json_array();

    for (guint i = 0; i < self->extents->len; i++) {
        const DnExtent *from = &g_array_index(self->extents, DnExtent, i);
        json_t *extent = json_object();

        dn_json_set_int(extent, "segment", from->segment);
        dn_json_set_int(extent, "from", (int64_t)from->from);
        dn_json_set_int(extent, "bytes", (int64_t)from->bytes);
        set_digest(extent, &from->digest);
        json_array_append_new(list, extent);
    }
    return list;
}

static json_t *
files_json(const DnGeneration *self)
{
    json_t *list = json_array();

    for (guint i = 0; i < self->files->len; i++) {
        const DnBackupFile *from = g_ptr_array_index(self->files, i);
        json_t *file = json_object();

        dn_json_set_string(file, "path", from->path);
        dn_json_set_int(file, "bytes", (int64_t)from->bytes);
        set_digest(file, &from->digest);
        json_array_append_new(list, file);
    }
    return list;
}

char *
dn_generation_write(const DnGeneration *self, DnKeyring *keys, GError **error)
{
    g_autoptr(json_t) manifest = json_object();
    g_autofree char *archive = dn_uuid_text(&self->archive);
    g_autofree char *at = dn_clock_format(self->at_utc_ms);
    json_t *position = json_object();
    uint8_t mac[DN_SHA256_BYTES];

    dn_json_set_int(manifest, "format", FORMAT_VERSION);
    dn_json_set_string(manifest, "archive", archive);
    dn_json_set_int(manifest, "generation", self->number);
    dn_json_set_string(manifest, "at", at);
    dn_json_set_string(manifest, "checked", self->checked_all ? "all" : "copied");
    dn_json_set_int(position, "segment", self->end.segment);
    dn_json_set_int(position, "offset", (int64_t)self->end.offset);
    dn_json_take(manifest, "position", position);
    dn_json_set_int(manifest, "entries", (int64_t)self->entries);
    dn_json_take(manifest, "heads", heads_json(self));
    dn_json_take(manifest, "log", extents_json(self));
    dn_json_take(manifest, "files", files_json(self));
    g_autofree char *bare = dn_json_canonical(manifest, error);

    if (!bare || !dn_keyring_authenticate(keys, mac_label, bare, strlen(bare), mac, error))
        return NULL;
    g_autofree char *hex = dn_hex(mac, sizeof mac);

    dn_json_set_string(manifest, "mac", hex);
    g_autofree char *line = dn_json_canonical(manifest, error);

    return line ? g_strconcat(line, "\n", NULL) : NULL;
}

bool
dn_generation_authenticate(const DnGeneration *self, DnKeyring *keys, GError **error)
{
    gsize size = 0;
    const void *bytes = g_bytes_get_data(self->signed_bytes, &size);
    DnSha256 mac;

    if (!dn_keyring_authenticate(keys, mac_label, bytes, size, mac.bytes, error))
        return false;
    return dn_sha256_equal(&mac, &self->mac) ||
           dn_fail(error, DN_ERROR_CORRUPT,
                   "generation %u: the manifest was not written by this archive",
                   (unsigned)self->number);
}

/* --- reading one --- */

static bool
get_number(const json_t *object, const char *key, uint64_t least, uint64_t most, uint64_t *out,
           GError **error)
{
    int64_t value = dn_json_int(object, key, -1);

    if (value < 0 || (uint64_t)value < least || (uint64_t)value > most)
        return dn_fail(error, DN_ERROR_CORRUPT, "%s is missing or out of range", key);
    *out = (uint64_t)value;
    return true;
}

static bool
get_digest(const json_t *object, const char *key, DnSha256 *out, GError **error)
{
    const char *text = dn_json_string(object, key);

    if (!text || !dn_unhex(text, out->bytes, sizeof out->bytes, NULL))
        return dn_fail(error, DN_ERROR_CORRUPT, "%s is no SHA-256", key);
    return true;
}

static bool
get_uuid(const json_t *object, const char *key, DnUuid *out, GError **error)
{
    const char *text = dn_json_string(object, key);

    if (!text || !dn_uuid_parse(text, out, NULL))
        return dn_fail(error, DN_ERROR_CORRUPT, "%s is no id", key);
    return true;
}

static bool
read_head(const json_t *from, DnGeneration *self, GError **error)
{
    DnBackupHead head = {0};

    if (!get_uuid(from, "tenant", &head.tenant, error) ||
        !get_number(from, "seq", 1, INT64_MAX, &head.head.seq, error) ||
        !get_digest(from, "sha256", &head.head.hash, error))
        return false;
    g_array_append_val(self->heads, head);
    return true;
}

/* Extents cover each segment from its first byte on without a gap, and the segments follow each
 * other. */
static bool
read_extent(const json_t *from, DnGeneration *self, GError **error)
{
    const DnExtent *last = self->extents->len > 0
                               ? &g_array_index(self->extents, DnExtent, self->extents->len - 1)
                               : NULL;
    DnExtent extent = {0};
    uint64_t segment = 0;

    if (!get_number(from, "segment", 1, UINT32_MAX, &segment, error) ||
        !get_number(from, "from", 0, INT64_MAX / 2, &extent.from, error) ||
        !get_number(from, "bytes", 1, INT64_MAX / 2, &extent.bytes, error) ||
        !get_digest(from, "sha256", &extent.digest, error))
        return false;
    extent.segment = (uint32_t)segment;
    bool follows =
        last && extent.segment == last->segment && extent.from == last->from + last->bytes;
    bool begins = extent.segment == (last ? last->segment + 1 : 1) && extent.from == 0;

    if (!follows && !begins)
        return dn_fail(error, DN_ERROR_CORRUPT, "the extents of the log have a gap");
    g_array_append_val(self->extents, extent);
    return true;
}

/* Only names that this program gives: nothing leads out of the generation's folder. */
static bool
path_is_ours(const char *path)
{
    const char *name = g_str_has_prefix(path, "keys/") ? path + strlen("keys/") : path;

    return (name != path || strcmp(path, "dencho.conf") == 0) && *name && *name != '.' &&
           strlen(name) < 128 && !strchr(name, '/');
}

static bool
read_file(const json_t *from, DnGeneration *self, GError **error)
{
    g_autofree DnBackupFile *file = g_new0(DnBackupFile, 1);
    const char *path = dn_json_string(from, "path");

    if (!path || !path_is_ours(path))
        return dn_fail(error, DN_ERROR_CORRUPT, "the path of a file is none of a backup's");
    if (!get_number(from, "bytes", 0, MANIFEST_MAX, &file->bytes, error) ||
        !get_digest(from, "sha256", &file->digest, error))
        return false;
    file->path = g_strdup(path);
    g_ptr_array_add(self->files, g_steal_pointer(&file));
    return true;
}

typedef bool (*ReadOne)(const json_t *from, DnGeneration *self, GError **error);

static bool
read_list(const json_t *manifest, const char *key, ReadOne read_one, DnGeneration *self,
          GError **error)
{
    const json_t *list = dn_json_array(manifest, key);

    if (!list)
        return dn_fail(error, DN_ERROR_CORRUPT, "%s is missing", key);
    for (size_t i = 0; i < json_array_size(list); i++)
        if (!read_one(json_array_get(list, i), self, error))
            return false;
    return true;
}

static bool
read_members(const json_t *manifest, DnGeneration *self, GError **error)
{
    const json_t *position = dn_json_object(manifest, "position");
    const char *at = dn_json_string(manifest, "at");
    uint64_t number = 0;
    uint64_t segment = 0;

    if (!get_uuid(manifest, "archive", &self->archive, error) ||
        !get_number(manifest, "generation", 1, UINT32_MAX, &number, error) ||
        !get_number(manifest, "entries", 0, INT64_MAX, &self->entries, error) ||
        !get_number(position, "segment", 1, UINT32_MAX, &segment, error) ||
        !get_number(position, "offset", 1, INT64_MAX, &self->end.offset, error))
        return false;
    if (number != self->number)
        return dn_fail(error, DN_ERROR_CORRUPT, "it is the manifest of generation %" PRIu64,
                       number);
    if (!at || !dn_clock_parse(at, &self->at_utc_ms, NULL))
        return dn_fail(error, DN_ERROR_CORRUPT, "the time is missing or malformed");
    self->end.segment = (uint32_t)segment;
    self->checked_all = g_strcmp0(dn_json_string(manifest, "checked"), "all") == 0;
    return read_list(manifest, "heads", read_head, self, error) &&
           read_list(manifest, "log", read_extent, self, error) &&
           read_list(manifest, "files", read_file, self, error);
}

static bool
parse_manifest(const char *text, size_t size, DnGeneration *self, GError **error)
{
    g_autoptr(json_t) manifest = dn_json_parse(text, size, NULL);

    if (!json_is_object(manifest))
        return dn_fail(error, DN_ERROR_CORRUPT, "it is not JSON");
    if (dn_json_int(manifest, "format", 0) > FORMAT_VERSION)
        return dn_fail(error, DN_ERROR_UNSUPPORTED, "format %" PRId64 "; this program knows %d",
                       dn_json_int(manifest, "format", 0), FORMAT_VERSION);
    if (!get_digest(manifest, "mac", &self->mac, error) || !read_members(manifest, self, error))
        return false;
    json_object_del(manifest, "mac");
    char *bare = dn_json_canonical(manifest, error);

    if (!bare)
        return false;
    self->signed_bytes = g_bytes_new_take(bare, strlen(bare));
    return true;
}

/* (transfer full) The generation of a manifest; with ->damage when it is no use. NULL for what is
 * no manifest's name. IO only when the disk fails. */
static bool
load_generation(const char *dest, const char *name, DnGeneration **out, GError **error)
{
    guint64 number = g_ascii_strtoull(name, NULL, 10);
    g_autofree char *canonical = g_strdup_printf("%06u.json", (unsigned)number);
    g_autoptr(DnGeneration) self = dn_generation_new();
    g_autoptr(GError) problem = NULL;
    gsize size = 0;

    if (number == 0 || number > UINT32_MAX || strcmp(canonical, name) != 0)
        return true;
    self->number = (uint32_t)number;
    g_autofree char *path = dn_generation_path(dest, self->number, ".json");

    g_autoptr(GBytes) text = dn_fs_load_file(path, MANIFEST_MAX, &problem);

    if (text) {
        const char *bytes = g_bytes_get_data(text, &size);

        parse_manifest(bytes, size, self, &problem);
    } else if (dn_error_code(problem) == DN_ERROR_IO) {
        g_propagate_error(error, g_steal_pointer(&problem));
        return false;
    }
    if (problem)
        dn_fail_in(&problem, "generations/%s", canonical);
    self->damage = g_steal_pointer(&problem);
    *out = g_steal_pointer(&self);
    return true;
}

static gint
compare_numbers(gconstpointer a, gconstpointer b)
{
    const DnGeneration *left = *(DnGeneration *const *)a;
    const DnGeneration *right = *(DnGeneration *const *)b;

    return (left->number > right->number) - (left->number < right->number);
}

GPtrArray *
dn_generations_load(const char *dest, GError **error)
{
    g_autofree char *path = g_build_filename(dest, "generations", NULL);
    g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func((GDestroyNotify)dn_generation_free);
    g_autoptr(GError) problem = NULL;
    g_autoptr(GPtrArray) names = dn_fs_list(path, &problem);

    /* Before the first backup there is no such folder. Any other failure is one: what is not in
     * this list would be removed as what no generation needs. */
    if (!names && dn_error_code(problem) != DN_ERROR_NOT_FOUND) {
        g_propagate_error(error, g_steal_pointer(&problem));
        return NULL;
    }
    for (guint i = 0; names && i < names->len; i++) {
        const char *name = g_ptr_array_index(names, i);
        DnGeneration *one = NULL;

        if (!g_str_has_suffix(name, ".json"))
            continue;
        if (!load_generation(dest, name, &one, error))
            return NULL;
        if (one)
            g_ptr_array_add(list, one);
    }
    g_ptr_array_sort(list, compare_numbers);
    return g_steal_pointer(&list);
}

/* --- the folder --- */

bool
dn_backup_folder_archive(const char *dest, DnUuid *out_archive, GError **error)
{
    g_autofree char *path = g_build_filename(dest, "dencho-backup.json", NULL);
    g_autoptr(GError) problem = NULL;
    g_autoptr(GBytes) text = dn_fs_load_file(path, MANIFEST_MAX, &problem);
    gsize size = 0;

    if (!text) {
        if (dn_error_code(problem) == DN_ERROR_NOT_FOUND)
            return dn_fail(error, DN_ERROR_NOT_FOUND, "%s is no folder of backups", dest);
        g_propagate_error(error, g_steal_pointer(&problem));
        return false;
    }
    const char *bytes = g_bytes_get_data(text, &size);
    g_autoptr(json_t) marker = dn_json_parse(bytes, size, NULL);

    if (dn_json_int(marker, "format", 0) > FORMAT_VERSION)
        return dn_fail(error, DN_ERROR_UNSUPPORTED,
                       "%s was made by a newer dencho; use that or another folder", dest);
    return get_uuid(marker, "archive", out_archive, error) || dn_fail_in(error, "%s", path);
}

bool
dn_backup_folder_lock(const char *dest, bool write, int *out_fd, GError **error)
{
    g_autofree char *path = g_build_filename(dest, "lock", NULL);
    int flags = write ? O_RDWR | O_CREAT : O_RDONLY;
    dn_autofd int fd = dn_fs_open(path, flags | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0 && !write) { /* a copy of the folder, or one that may only be read */
        *out_fd = -1;
        return true;
    }
    if (fd < 0)
        return dn_fail_errno(error, "cannot open %s", path);
    if (flock(fd, (write ? LOCK_EX : LOCK_SH) | LOCK_NB) != 0)
        return dn_fail(error, DN_ERROR_BUSY, "%s is in use by another backup, check or restore",
                       dest);
    *out_fd = dn_steal_fd(&fd);
    return true;
}

bool
dn_extent_open(const char *dest, const DnExtent *extent, int *out_fd, GError **error)
{
    g_autofree char *path = dn_extent_path(dest, extent);
    dn_autofd int fd = dn_fs_open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW, 0);
    struct stat st;

    if (fd < 0 || fstat(fd, &st) != 0)
        return dn_fail_errno(error, "cannot open %s", path);
    if (!S_ISREG(st.st_mode) || (uint64_t)st.st_size != extent->bytes)
        return dn_fail(error, DN_ERROR_CORRUPT, "%s has %" PRId64 " bytes, not %" PRIu64, path,
                       (int64_t)st.st_size, extent->bytes);
    posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
    *out_fd = dn_steal_fd(&fd);
    return true;
}

/* --- what is kept --- */

static unsigned *
policy_member(DnBackupPolicy *policy, const char *word)
{
    const struct {
        const char *name;
        unsigned *value;
    } table[] = {{"last", &policy->last},
                 {"daily", &policy->daily},
                 {"weekly", &policy->weekly},
                 {"monthly", &policy->monthly},
                 {"yearly", &policy->yearly}};

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++)
        if (strcmp(table[i].name, word) == 0)
            return table[i].value;
    return NULL;
}

bool
dn_backup_policy_parse(const char *text, DnBackupPolicy *out, GError **error)
{
    g_auto(GStrv) words = g_strsplit(text ? text : "last=7,daily=7", ",", -1);
    DnBackupPolicy policy = {0};

    for (char **word = words; *word || word == words; word++) {
        char *equals = *word ? strchr(*word, '=') : NULL;
        guint64 count = 0;
        unsigned *member = NULL;

        if (equals)
            *equals = '\0';
        member = equals ? policy_member(&policy, *word) : NULL;
        if (!member || *member > 0 ||
            !g_ascii_string_to_unsigned(equals + 1, 10, 1, POLICY_MAX, &count, NULL))
            return dn_fail(error, DN_ERROR_INVALID,
                           "want what is kept as in daily=7,weekly=4,monthly=12 (last, daily, "
                           "weekly, monthly, yearly; 1 to %d each)",
                           POLICY_MAX);
        *member = (unsigned)count;
    }
    *out = policy;
    return true;
}

/* A number that is the same for two times exactly when they lie in the same span. */
static int64_t
span_of(char span, int64_t at_utc_ms)
{
    DnDate day = dn_date_in_japan(at_utc_ms);
    int64_t days = dn_date_to_days(&day);

    switch (span) {
    case 'd':
        return days;
    case 'w': /* 1970-01-01 was a Thursday */
        return days + 3 >= 0 ? (days + 3) / 7 : (days + 3 - 6) / 7;
    case 'm':
        return day.year * 12 + day.month;
    default:
        return day.year;
    }
}

/* The newest of each of the last @most spans that have any. */
static void
keep_spans(char span, unsigned most, const int64_t *at_utc_ms, size_t count, bool *keep)
{
    for (size_t i = count; i-- > 0 && most > 0;) {
        if (i + 1 < count && span_of(span, at_utc_ms[i]) == span_of(span, at_utc_ms[i + 1]))
            continue;
        keep[i] = true;
        most--;
    }
}

void
dn_backup_policy_apply(const DnBackupPolicy *policy, const int64_t *at_utc_ms, size_t count,
                       bool *out_keep)
{
    for (size_t i = 0; i < count; i++)
        out_keep[i] = count - i <= MAX(policy->last, 1U);
    keep_spans('d', policy->daily, at_utc_ms, count, out_keep);
    keep_spans('w', policy->weekly, at_utc_ms, count, out_keep);
    keep_spans('m', policy->monthly, at_utc_ms, count, out_keep);
    keep_spans('y', policy->yearly, at_utc_ms, count, out_keep);
}
