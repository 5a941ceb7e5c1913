/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/capsule/folder.c - files below one folder.
 */
#include "config.h"
#include "engine/capsule/folder.h"
#include "base/failpoint.h"
#include "base/fs.h"
#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DEPTH_MAX = 8 };

struct DnFolderWriter {
    char *path;
    char *last_dir; /* the folder made last, so that it is not made for every file */
    int fd;         /* of the open file, or -1 */
    uint64_t end;
    bool finished;
};

DnFolderWriter *
dn_folder_create(const char *path, GError **error)
{
    if (!dn_fs_make_dir(path, true, error))
        return NULL;
    DnFolderWriter *self = g_new0(DnFolderWriter, 1);

    self->path = g_strdup(path);
    self->fd = -1;
    return self;
}

/* Makes the folders above @name, one after the other. */
static bool
make_parents(DnFolderWriter *self, const char *name, GError **error)
{
    g_autofree char *dir = g_path_get_dirname(name);

    if (strcmp(dir, ".") == 0 || g_strcmp0(dir, self->last_dir) == 0)
        return true;
    for (const char *slash = strchr(name, '/'); slash; slash = strchr(slash + 1, '/')) {
        g_autofree char *part = g_strndup(name, (size_t)(slash - name));
        g_autofree char *path = g_build_filename(self->path, part, NULL);

        if (!dn_fs_make_dir(path, false, error))
            return false;
    }
    g_free(self->last_dir);
    self->last_dir = g_steal_pointer(&dir);
    return true;
}

bool
dn_folder_begin(DnFolderWriter *self, const char *name, GError **error)
{
    g_autofree char *path = g_build_filename(self->path, name, NULL);

    g_assert(self->fd < 0 && !self->finished);
    if (!dn_zip_check_name(name, error) || !make_parents(self, name, error))
        return false;
    self->fd = dn_fs_open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    self->end = 0;
    return self->fd >= 0 || dn_fail_errno(error, "cannot make the file");
}

bool
dn_folder_write(DnFolderWriter *self, const void *bytes, size_t size, GError **error)
{
    if (!dn_fs_pwrite_all(self->fd, bytes, size, self->end, error))
        return false;
    self->end += size;
    return true;
}

bool
dn_folder_end(DnFolderWriter *self, GError **error)
{
    (void)error;
    dn_clear_fd(&self->fd);
    return true;
}

bool
dn_folder_finish(DnFolderWriter *self, GError **error)
{
    g_autofree char *parent = g_path_get_dirname(self->path);
    dn_autofd int fd = dn_fs_open(self->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);

    /* One call for the whole file system: a sync for each of a hundred thousand files takes hours.
     */
    if (fd < 0 || DN_FAILPOINT("folder.sync") || syncfs(fd) != 0)
        return dn_fail_errno(error, "cannot sync %s", self->path);
    if (!dn_fs_sync_dir(parent, error))
        return false;
    self->finished = true;
    return true;
}

void
dn_folder_free(DnFolderWriter *self)
{
    if (!self)
        return;
    dn_clear_fd(&self->fd);
    if (!self->finished)
        dn_fs_remove_tree(self->path, NULL); /* half a capsule helps nobody */
    g_free(self->last_dir);
    g_free(self->path);
    g_free(self);
}

/* --- reading --- */

static bool
scan_file(int dir, const char *base, const char *name, GPtrArray *files, GError **error)
{
    dn_autofd int fd = openat(dir, base, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY);
    struct stat st;
    DnZipFile file = {0};

    if (fd < 0 || fstat(fd, &st) != 0)
        return dn_fail_errno(error, "cannot open %s", name);
    file.size = (uint64_t)st.st_size;
    if (!dn_zip_digest(fd, 0, file.size, NULL, &file.sha256, error))
        return dn_fail_in(error, "%s", name);
    DnZipFile *added = g_memdup2(&file, sizeof file);

    added->name = g_strdup(name);
    g_ptr_array_add(files, added);
    return true;
}

static bool scan_dir(int parent, const char *base, const char *prefix, unsigned depth,
                     GPtrArray *files, GPtrArray *problems, GError **error);

static bool
scan_one(int dir, const char *base, const char *prefix, unsigned depth, GPtrArray *files,
         GPtrArray *problems, GError **error)
{
    g_autofree char *name = prefix ? g_build_filename(prefix, base, NULL) : g_strdup(base);
    struct stat st;

    if (fstatat(dir, base, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return dn_fail_errno(error, "cannot look at %s", name);
    if (!g_utf8_validate(name, -1, NULL) || depth > DEPTH_MAX ||
        (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))) {
        g_autofree char *shown = g_utf8_make_valid(name, -1);

        g_ptr_array_add(problems, g_strdup_printf("%s: it is no file of a capsule", shown));
        return true;
    }
    return S_ISDIR(st.st_mode) ? scan_dir(dir, base, name, depth + 1, files, problems, error)
                               : scan_file(dir, base, name, files, error);
}

static bool
scan_dir(int parent, const char *base, const char *prefix, unsigned depth, GPtrArray *files,
         GPtrArray *problems, GError **error)
{
    dn_autofd int fd =
        openat(parent, base, O_RDONLY | O_DIRECTORY | O_CLOEXEC | (prefix ? O_NOFOLLOW : 0));
    g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", fd);
    g_autoptr(GDir) listing = fd >= 0 ? g_dir_open(path, 0, error) : NULL;
    const char *name = NULL;

    if (!listing)
        return fd >= 0 ? false : dn_fail_errno(error, "cannot open %s", base);
    while ((name = g_dir_read_name(listing)))
        if (!scan_one(fd, name, prefix, depth, files, problems, error))
            return false;
    return true;
}

bool
dn_folder_scan(const char *path, GPtrArray *files, GPtrArray *problems, GError **error)
{
    return scan_dir(AT_FDCWD, path, NULL, 0, files, problems, error);
}
