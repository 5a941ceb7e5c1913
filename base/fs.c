/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * base/fs.c - system calls of the disk.
 */
#include "config.h"
#include "base/fs.h"
#include "base/failpoint.h"
#include "base/memory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static atomic_uint_fast64_t sync_count;

bool
dn_fs_write_all(int fd, const void *bytes, size_t size, GError **error)
{
    const uint8_t *next = bytes;

    while (size > 0) {
        ssize_t wrote = DN_FAILPOINT("fs.write") ? -1 : write(fd, next, DN_FAILPOINT_SIZE(size));

        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote < 0)
            return dn_fail_errno(error, "cannot write");
        next += wrote;
        size -= (size_t)wrote;
    }
    return true;
}

bool
dn_fs_pwrite_all(int fd, const void *bytes, size_t size, uint64_t offset, GError **error)
{
    const uint8_t *next = bytes;

    while (size > 0) {
        ssize_t wrote = DN_FAILPOINT("fs.pwrite")
                            ? -1
                            : pwrite(fd, next, DN_FAILPOINT_SIZE(size), (off_t)offset);

        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote < 0)
            return dn_fail_errno(error, "cannot write");
        next += wrote;
        offset += (uint64_t)wrote;
        size -= (size_t)wrote;
    }
    return true;
}

/* False when the kernel says that it wants larger blocks, or none at all. */
static bool
takes_blocks(int fd)
{
#ifdef STATX_DIOALIGN
    struct statx st;

    if (statx(fd, "", AT_EMPTY_PATH, STATX_DIOALIGN, &st) == 0 && (st.stx_mask & STATX_DIOALIGN))
        return st.stx_dio_offset_align > 0 && DN_FS_BLOCK % st.stx_dio_offset_align == 0 &&
               DN_FS_BLOCK % st.stx_dio_mem_align == 0;
#else
    (void)fd;
#endif
    return true;
}

int
dn_fs_open_direct(const char *path)
{
    dn_autofd int fd = DN_FAILPOINT("fs.open-direct")
                           ? -1
                           : open(path, O_WRONLY | O_DIRECT | O_CLOEXEC | O_NOFOLLOW);

    return fd >= 0 && takes_blocks(fd) ? dn_steal_fd(&fd) : -1;
}

bool
dn_fs_pwrite_direct(int fd, const void *bytes, size_t size, uint64_t offset, bool *out_refused,
                    GError **error)
{
    enum { SECTOR = 512 }; /* where a write may end short */
    size_t done = 0;

    *out_refused = false;
    while (done < size) {
        ssize_t wrote =
            DN_FAILPOINT("fs.pwrite")
                ? -1
                : pwrite(fd, (const uint8_t *)bytes + done,
                         DN_FAILPOINT_SIZE(size - done) / SECTOR * SECTOR, (off_t)(offset + done));

        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote < 0 && errno != EINVAL && errno != EOPNOTSUPP)
            return dn_fail_errno(error, "cannot write");
        *out_refused = wrote < 0;
        if (wrote < DN_FS_BLOCK)
            return false;
        done += (size_t)wrote - (size_t)wrote % DN_FS_BLOCK;
    }
    return true;
}

bool
dn_fs_pread_all(int fd, void *bytes, size_t size, uint64_t offset, GError **error)
{
    uint8_t *next = bytes;

    while (size > 0) {
        ssize_t got =
            DN_FAILPOINT("fs.pread") ? -1 : pread(fd, next, DN_FAILPOINT_SIZE(size), (off_t)offset);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return dn_fail_errno(error, "cannot read");
        if (got == 0)
            return dn_fail(error, DN_ERROR_CORRUPT,
                           "the file ends at byte %" PRIu64 ", %zu too early", offset, size);
        next += got;
        offset += (uint64_t)got;
        size -= (size_t)got;
    }
    return true;
}

bool
dn_fs_datasync(int fd, GError **error)
{
    atomic_fetch_add(&sync_count, 1);
    return (!DN_FAILPOINT("fs.datasync") && fdatasync(fd) == 0) ||
           dn_fail_errno(error, "cannot sync");
}

bool
dn_fs_sync(int fd, GError **error)
{
    atomic_fetch_add(&sync_count, 1);
    return (!DN_FAILPOINT("fs.sync") && fsync(fd) == 0) || dn_fail_errno(error, "cannot sync");
}

int
dn_fs_open(const char *path, int flags, mode_t mode)
{
    return DN_FAILPOINT("fs.open") ? -1 : open(path, flags, mode);
}

GBytes *
dn_fs_load_file(const char *path, size_t most, GError **error)
{
    dn_autofd int fd = dn_fs_open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0);
    g_autofree uint8_t *bytes = NULL;
    struct stat st;

    if (fd < 0 || fstat(fd, &st) != 0) {
        dn_fail_errno(error, "cannot open %s", path);
        return NULL;
    }
    if (!S_ISREG(st.st_mode) || (uint64_t)st.st_size > most)
        return dn_fail_null(error, DN_ERROR_CORRUPT, "%s is no file, or longer than %zu bytes",
                            path, most);
    bytes = dn_try_array((size_t)st.st_size + 1, 1, error); /* the last is zero: text may be read */
    if (!bytes || !dn_fs_pread_all(fd, bytes, (size_t)st.st_size, 0, error)) {
        dn_fail_in(error, "%s", path);
        return NULL;
    }
    return g_bytes_new_take(g_steal_pointer(&bytes), (gsize)st.st_size);
}

static int
compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

GPtrArray *
dn_fs_list(const char *path, GError **error)
{
    DIR *dir = DN_FAILPOINT("fs.opendir") ? NULL : opendir(path);
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    const struct dirent *next = NULL;

    if (!dir) {
        dn_fail_errno(error, "cannot open the folder %s", path);
        return NULL;
    }
    for (;;) {
        errno = 0;
        next = DN_FAILPOINT("fs.readdir") ? NULL : readdir(dir);
        if (!next)
            break;
        if (strcmp(next->d_name, ".") != 0 && strcmp(next->d_name, "..") != 0)
            g_ptr_array_add(names, g_strdup(next->d_name));
    }
    if (errno != 0) { /* the end of the list leaves it alone */
        dn_fail_errno(error, "cannot list the folder %s", path);
        closedir(dir);
        return NULL;
    }
    closedir(dir);
    g_ptr_array_sort(names, compare_names);
    return g_steal_pointer(&names);
}

bool
dn_fs_rename(const char *from, const char *to, GError **error)
{
    return (!DN_FAILPOINT("fs.rename") && rename(from, to) == 0) ||
           dn_fail_errno(error, "cannot put %s in place", to);
}

bool
dn_fs_unlink(const char *path, GError **error)
{
    return (!DN_FAILPOINT("fs.unlink") && (unlink(path) == 0 || errno == ENOENT)) ||
           dn_fail_errno(error, "cannot remove %s", path);
}

bool
dn_fs_sync_dir(const char *path, GError **error)
{
    dn_autofd int fd =
        DN_FAILPOINT("fs.open-dir") ? -1 : open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0)
        return dn_fail_errno(error, "cannot open the folder %s", path);
    return dn_fs_sync(fd, error);
}

uint64_t
dn_fs_sync_count(void)
{
    return atomic_load(&sync_count);
}

bool
dn_fs_make_dir(const char *path, bool exclusive, GError **error)
{
    struct stat st;

    if (!DN_FAILPOINT("fs.mkdir") && mkdir(path, 0700) == 0)
        return true;
    if (errno == EEXIST && !exclusive && stat(path, &st) == 0 && S_ISDIR(st.st_mode))
        return true;
    return dn_fail_errno(error, "cannot make the folder %s", path);
}

static bool
write_new_file(const char *path, const void *bytes, size_t size, mode_t mode, GError **error)
{
    dn_autofd int fd = DN_FAILPOINT("fs.create")
                           ? -1
                           : open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);

    if (fd < 0)
        return dn_fail_errno(error, "cannot make the file %s", path);
    if (!dn_fs_write_all(fd, bytes, size, error) || !dn_fs_sync(fd, error)) {
        unlink(path);
        return dn_fail_in(error, "%s", path);
    }
    return true;
}

bool
dn_fs_settle_file(const char *path, GError **error)
{
    g_autofree char *dir = g_path_get_dirname(path);
    dn_autofd int fd = dn_fs_open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0);

    if (fd < 0)
        return dn_fail_errno(error, "cannot open %s", path);
    return dn_fs_sync(fd, error) && dn_fs_sync_dir(dir, error);
}

bool
dn_fs_replace_file(const char *path, const void *bytes, size_t size, mode_t mode, GError **error)
{
    g_autofree char *dir = g_path_get_dirname(path);
    g_autofree char *fresh = g_strdup_printf("%s.new", path);

    unlink(fresh); /* left by a crash: it was never the file */
    if (!write_new_file(fresh, bytes, size, mode, error))
        return false;
    if (!dn_fs_rename(fresh, path, error)) {
        unlink(fresh);
        return false;
    }
    return dn_fs_sync_dir(dir, error);
}

/* Renames unless @path is there. The name comes when the bytes are durable: a crash must not leave
 * a file of that name with a part of them. */
static bool
place_new_file(const char *fresh, const char *path)
{
    if (DN_FAILPOINT("fs.place"))
        return false;
    if (renameat2(AT_FDCWD, fresh, AT_FDCWD, path, RENAME_NOREPLACE) == 0)
        return true;
    if (errno != EINVAL && errno != ENOSYS)
        return false;
    return link(fresh, path) == 0 && unlink(fresh) == 0; /* a file system that cannot */
}

bool
dn_fs_create_file(const char *path, const void *bytes, size_t size, mode_t mode, GError **error)
{
    g_autofree char *dir = g_path_get_dirname(path);
    g_autofree char *fresh = g_strdup_printf("%s.new", path);
    struct stat st;

    if (lstat(path, &st) == 0)
        return dn_fail(error, DN_ERROR_EXISTS, "the file %s is there already", path);
    unlink(fresh);
    if (!write_new_file(fresh, bytes, size, mode, error))
        return false;
    if (!place_new_file(fresh, path)) {
        dn_fail_errno(error, "cannot make the file %s", path);
        unlink(fresh);
        return false;
    }
    return dn_fs_sync_dir(dir, error);
}

static int
remove_one(const char *path, const struct stat *st, int kind, struct FTW *where)
{
    (void)st;
    (void)kind;
    (void)where;
    return DN_FAILPOINT("fs.remove") ? -1 : remove(path);
}

bool
dn_fs_remove_tree(const char *path, GError **error)
{
    if (nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS) != 0 && errno != ENOENT)
        return dn_fail_errno(error, "cannot remove %s", path);
    return true;
}
