/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * base/fs.h - the system calls of the disk, each with its retry, its error and its count.
 *
 * Short writes and EINTR are handled here and nowhere else. A failed sync is never retried: after
 * it the kernel may have dropped the dirty pages, and a second call that succeeds proves nothing.
 *
 * Threads: any, on different descriptors.
 */
#ifndef BASE_FS_H
#define BASE_FS_H

#include "base/error.h"
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

G_BEGIN_DECLS

/** Writes all @size bytes at the current position. IO. */
bool dn_fs_write_all(int fd, const void *bytes, size_t size, GError **error);

/** Writes all @size bytes at @offset. IO; then an unknown part of them is there. */
bool dn_fs_pwrite_all(int fd, const void *bytes, size_t size, uint64_t offset, GError **error);

enum { DN_FS_BLOCK = 4096 };

/** Opens the file for writing past the page cache (O_DIRECT), or -1 where that cannot be had by
 * blocks of DN_FS_BLOCK. */
int dn_fs_open_direct(const char *path);

/** Writes all @size bytes at @offset past the page cache; address, size and offset are multiples of
 * DN_FS_BLOCK. When the file system does not take them so, false without an error: they are then to
 * be written through the page cache, and @out_refused tells that it never will. IO; an unknown part
 * of them is there after any failure. */
bool dn_fs_pwrite_direct(int fd, const void *bytes, size_t size, uint64_t offset, bool *out_refused,
                         GError **error);

/** Reads exactly @size bytes at @offset; CORRUPT when the file ends before, IO. */
bool dn_fs_pread_all(int fd, void *bytes, size_t size, uint64_t offset, GError **error);

/** fdatasync(2), and fsync(2) for a folder or a file whose size must be durable. */
bool dn_fs_datasync(int fd, GError **error);
bool dn_fs_sync(int fd, GError **error);

/** Syncs the folder @path, so that names in it are durable. */
bool dn_fs_sync_dir(const char *path, GError **error);

/** open(2), so that a test can let it fail; -1 and errno. */
int dn_fs_open(const char *path, int flags, mode_t mode);

/** (transfer full) All of a regular file of at most @most bytes, not through a symbolic link.
 * NOT_FOUND, CORRUPT when it is none or is longer, IO. */
GBytes *dn_fs_load_file(const char *path, size_t most, GError **error);

/** (transfer full) The names in a folder, sorted; all of them, or NULL with NOT_FOUND or IO: a part
 * of a list is taken for the whole by who decides what to remove. */
GPtrArray *dn_fs_list(const char *path, GError **error);

/** rename(2), and unlink(2) for which an absent file is fine. Durable with the folder's sync. */
bool dn_fs_rename(const char *from, const char *to, GError **error);
bool dn_fs_unlink(const char *path, GError **error);

/** How many syncs this process has asked for; a test holds the store to its promise with it. */
uint64_t dn_fs_sync_count(void);

/** Makes the folder with mode 0700; one that exists is fine unless @exclusive (EXISTS). */
bool dn_fs_make_dir(const char *path, bool exclusive, GError **error);

/** Makes a file durable that is there and may be only in memory, and its name. */
bool dn_fs_settle_file(const char *path, GError **error);

/** Replaces or makes @path so that a crash leaves the old or the new content, never a mixture: a
 * new file beside it, fsync, rename, fsync of the folder. */
bool dn_fs_replace_file(const char *path, const void *bytes, size_t size, mode_t mode,
                        GError **error);

/** Makes @path, which must not exist (EXISTS), durable with that content; a crash leaves it whole
 * or absent. */
bool dn_fs_create_file(const char *path, const void *bytes, size_t size, mode_t mode,
                       GError **error);

/** Removes a folder and all in it without following symbolic links; NULL-safe on absence. */
bool dn_fs_remove_tree(const char *path, GError **error);

G_END_DECLS
#endif
