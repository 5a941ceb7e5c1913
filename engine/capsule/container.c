/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/capsule/container.c - one interface over the two forms.
 */
#include "config.h"
#include "engine/capsule/container.h"
#include "base/fs.h"
#include "base/memory.h"
#include "engine/capsule/folder.h"

#include <fcntl.h>
#include <string.h>

enum { STEP_BYTES = 1 << 16, LINE_MAX_BYTES = 64 << 20 };

static const char sums_name[] = "SHA256SUMS";

/* --- writing --- */

struct DnContainer {
    char *dir; /* beside the capsule */
    DnZipWriter *zip;
    DnFolderWriter *folder; /* the one or the other */
    DnSpool *sums;
    DnDigest *digest;
    char *open;
    uint64_t files;
    uint64_t bytes;
};

DnContainer *
dn_container_create(const char *path, bool folder, GError **error)
{
    g_autoptr(DnContainer) self = g_new0(DnContainer, 1);

    self->dir = g_path_get_dirname(path);
    self->digest = dn_digest_new();
    if (folder)
        self->folder = dn_folder_create(path, error);
    else
        self->zip = dn_zip_create(path, error);
    if (self->folder || self->zip)
        self->sums = dn_spool_new(self->dir, error);
    if (self->sums)
        return g_steal_pointer(&self);
    dn_fail_in(error, "%s", path);
    return NULL;
}

bool
dn_container_begin(DnContainer *self, const char *name, GError **error)
{
    g_assert(!self->open);
    self->open = g_strdup(name);
    return (self->zip ? dn_zip_begin(self->zip, name, error)
                      : dn_folder_begin(self->folder, name, error)) ||
           dn_fail_in(error, "%s", name);
}

bool
dn_container_write(DnContainer *self, const void *bytes, size_t size, GError **error)
{
    dn_digest_add(self->digest, bytes, size);
    self->bytes += size;
    return (self->zip ? dn_zip_write(self->zip, bytes, size, error)
                      : dn_folder_write(self->folder, bytes, size, error)) ||
           dn_fail_in(error, "%s", self->open);
}

bool
dn_container_end(DnContainer *self, GError **error)
{
    DnSha256 digest = dn_digest_finish(self->digest);
    g_autofree char *hex = dn_hex(digest.bytes, sizeof digest.bytes);
    g_autofree char *name = g_steal_pointer(&self->open);
    g_autofree char *line = g_strdup_printf("%s  %s\n", hex, name);

    self->files++;
    return ((self->zip ? dn_zip_end(self->zip, error) : dn_folder_end(self->folder, error)) &&
            dn_spool_add_text(self->sums, line, error)) ||
           dn_fail_in(error, "%s", name);
}

bool
dn_container_add(DnContainer *self, const char *name, const void *bytes, size_t size,
                 GError **error)
{
    return dn_container_begin(self, name, error) && dn_container_write(self, bytes, size, error) &&
           dn_container_end(self, error);
}

static bool
write_piece(const void *bytes, size_t size, void *user_data, GError **error)
{
    return dn_container_write(user_data, bytes, size, error);
}

bool
dn_container_write_spool(DnContainer *self, DnSpool *spool, GError **error)
{
    return dn_spool_each(spool, write_piece, self, error);
}

bool
dn_container_add_spool(DnContainer *self, const char *name, DnSpool *spool, GError **error)
{
    return dn_container_begin(self, name, error) && dn_container_write_spool(self, spool, error) &&
           dn_container_end(self, error);
}

bool
dn_container_finish(DnContainer *self, DnSha256 *out_sums, GError **error)
{
    if (!dn_container_begin(self, sums_name, error) ||
        !dn_container_write_spool(self, self->sums, error))
        return false;
    *out_sums = dn_digest_finish(self->digest);
    g_clear_pointer(&self->open, g_free);
    self->files++;
    return self->zip ? dn_zip_end(self->zip, error) && dn_zip_finish(self->zip, error)
                     : dn_folder_end(self->folder, error) && dn_folder_finish(self->folder, error);
}

uint64_t
dn_container_files(const DnContainer *self)
{
    return self->files;
}

uint64_t
dn_container_bytes(const DnContainer *self)
{
    return self->zip ? dn_zip_bytes(self->zip) : self->bytes;
}

DnSpool *
dn_container_spool(const DnContainer *self, GError **error)
{
    return dn_spool_new(self->dir, error);
}

void
dn_container_free(DnContainer *self)
{
    if (!self)
        return;
    dn_zip_free(self->zip);
    dn_folder_free(self->folder);
    dn_spool_free(self->sums);
    dn_digest_free(self->digest);
    g_free(self->open);
    g_free(self->dir);
    g_free(self);
}

/* --- reading --- */

struct DnContainerReader {
    char *path;
    DnZipReader *zip;      /* NULL: a folder */
    GPtrArray *files;      /* DnZipFile, sorted by name; owned when a folder */
    GHashTable *by_digest; /* made when first asked for */
};

static gint
compare_names(gconstpointer a, gconstpointer b)
{
    const DnZipFile *x = *(const DnZipFile *const *)a;
    const DnZipFile *y = *(const DnZipFile *const *)b;

    return strcmp(x->name, y->name);
}

DnContainerReader *
dn_container_open(const char *path, GPtrArray *problems, GError **error)
{
    g_autoptr(DnContainerReader) self = g_new0(DnContainerReader, 1);

    self->path = g_strdup(path);
    if (g_file_test(path, G_FILE_TEST_IS_DIR)) {
        self->files = g_ptr_array_new_with_free_func((GDestroyNotify)dn_zip_file_free);
        if (!dn_folder_scan(path, self->files, problems, error))
            return NULL;
    } else {
        self->zip = dn_zip_open(path, problems, error);
        if (!self->zip)
            return NULL;
        self->files = g_ptr_array_new();
        for (unsigned i = 0; i < dn_zip_count(self->zip); i++)
            g_ptr_array_add(self->files, (gpointer)dn_zip_file(self->zip, i));
    }
    g_ptr_array_sort(self->files, compare_names);
    for (guint i = 1; i < self->files->len; i++)
        if (compare_names(&self->files->pdata[i - 1], &self->files->pdata[i]) == 0)
            g_ptr_array_add(problems, g_strdup_printf("%s: two files have this name",
                                                      dn_container_file(self, i)->name));
    return g_steal_pointer(&self);
}

unsigned
dn_container_count(const DnContainerReader *self)
{
    return self->files->len;
}

const DnZipFile *
dn_container_file(const DnContainerReader *self, unsigned index)
{
    return g_ptr_array_index(self->files, index);
}

const DnZipFile *
dn_container_find(const DnContainerReader *self, const char *name)
{
    guint from = 0;
    guint to = self->files->len;

    while (from < to) {
        guint middle = from + (to - from) / 2;
        const DnZipFile *file = g_ptr_array_index(self->files, middle);
        int order = strcmp(name, file->name);

        if (order == 0)
            return file;
        if (order < 0)
            to = middle;
        else
            from = middle + 1;
    }
    return NULL;
}

static guint
hash_digest(gconstpointer key)
{
    guint hash = 0;

    memcpy(&hash, key, sizeof hash);
    return hash;
}

static gboolean
digests_equal(gconstpointer a, gconstpointer b)
{
    return dn_sha256_equal(a, b);
}

const DnZipFile *
dn_container_find_digest(DnContainerReader *self, const DnSha256 *digest)
{
    if (!self->by_digest) {
        self->by_digest = g_hash_table_new(hash_digest, digests_equal);
        for (guint i = 0; i < self->files->len; i++) {
            DnZipFile *file = g_ptr_array_index(self->files, i);

            g_hash_table_insert(self->by_digest, &file->sha256, file);
        }
    }
    return g_hash_table_lookup(self->by_digest, digest);
}

/* (owned) The descriptor in which the file lies. */
static int
open_file(const DnContainerReader *self, const DnZipFile *file, GError **error)
{
    int fd = -1;

    if (self->zip) {
        fd = fcntl(dn_zip_fd(self->zip), F_DUPFD_CLOEXEC, 3);
    } else {
        g_autofree char *path = g_build_filename(self->path, file->name, NULL);

        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY);
    }
    if (fd < 0)
        dn_fail_errno(error, "cannot open %s", file->name);
    return fd;
}

GBytes *
dn_container_read(const DnContainerReader *self, const DnZipFile *file, uint64_t max_bytes,
                  GError **error)
{
    if (file->size > max_bytes)
        return dn_fail_null(error, DN_ERROR_LIMIT,
                            "%s has %" G_GUINT64_FORMAT " bytes, allowed are %" G_GUINT64_FORMAT,
                            file->name, file->size, max_bytes);
    dn_autofd int fd = open_file(self, file, error);
    g_autofree uint8_t *bytes = fd >= 0 ? dn_try_array(file->size, 1, error) : NULL;

    if (!bytes || !dn_fs_pread_all(fd, bytes, file->size, file->offset, error))
        return NULL;
    return g_bytes_new_take(g_steal_pointer(&bytes), file->size);
}

/* Gives out what is whole; the rest goes to the front. */
static bool
give_lines(GByteArray *held, DnLineVisitor visit, void *user_data, GError **error)
{
    size_t at = 0;
    uint8_t *end = NULL;

    while (at < held->len && (end = memchr(held->data + at, '\n', held->len - at))) {
        size_t size = (size_t)(end - (held->data + at));

        if (memchr(held->data + at, '\0', size))
            return dn_fail(error, DN_ERROR_FORMAT, "a line with a NUL");
        *end = '\0';
        if (!visit((char *)held->data + at, size, user_data, error))
            return false;
        at += size + 1;
    }
    g_byte_array_remove_range(held, 0, (guint)at);
    return held->len <= LINE_MAX_BYTES ||
           dn_fail(error, DN_ERROR_FORMAT, "a line of more than %d bytes", LINE_MAX_BYTES);
}

bool
dn_container_lines(const DnContainerReader *self, const DnZipFile *file, DnLineVisitor visit,
                   void *user_data, GError **error)
{
    dn_autofd int fd = open_file(self, file, error);
    g_autoptr(GByteArray) held = g_byte_array_new();
    g_autofree uint8_t *step = dn_try_array(STEP_BYTES, 1, error);

    if (fd < 0 || !step)
        return false;
    for (uint64_t at = 0; at < file->size;) {
        size_t part = (size_t)MIN(file->size - at, STEP_BYTES);

        if (!dn_fs_pread_all(fd, step, part, file->offset + at, error))
            return false;
        g_byte_array_append(held, step, (guint)part);
        if (!give_lines(held, visit, user_data, error))
            return false;
        at += part;
    }
    return held->len == 0 || dn_fail(error, DN_ERROR_FORMAT, "its last line has no end");
}

void
dn_container_close(DnContainerReader *self)
{
    if (!self)
        return;
    g_clear_pointer(&self->by_digest, g_hash_table_unref);
    g_clear_pointer(&self->files, g_ptr_array_unref);
    dn_zip_close(self->zip);
    g_free(self->path);
    g_free(self);
}
