/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tests/torture/powerloss-preload.c - records what a process does to files, for powerloss.c.
 *
 * Preloaded, it passes every call on and then, for those that succeed under the folder
 * DENCHO_TRACE_ROOT, appends a record to the file DENCHO_TRACE (powerloss.h). What is written to
 * descriptor 1 is an acknowledgement and is recorded too. One lock around call and record keeps the
 * order true. Tests only.
 */
#define _GNU_SOURCE 1
#include "tests/torture/powerloss.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_ROOM = 4096 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int trace_fd = -1;
static char root[PATH_ROOM];
static size_t root_size; /* with its slash */

/* The function that would have been called without us. */
#define NEXT(name) ((__typeof__(&name))next_of(#name))

static void *
next_of(const char *name)
{
    void *found = dlsym(RTLD_NEXT, name);

    if (!found)
        abort();
    return found;
}

__attribute__((constructor)) static void
begin(void)
{
    const char *path = getenv("DENCHO_TRACE");
    const char *top = getenv("DENCHO_TRACE_ROOT");

    if (!path || !top)
        return;
    snprintf(root, sizeof root, "%s/", top);
    root_size = strlen(root);
    trace_fd = NEXT(open)(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static void
put(const void *bytes, size_t size)
{
    if (NEXT(write)(trace_fd, bytes, size) != (ssize_t)size)
        abort();
}

static void
record(TraceOp op, const char *path, const char *other, uint64_t offset, const void *data,
       size_t size)
{
    TraceRecord head = {.op = (char)op, .offset = offset, .size = size};

    snprintf(head.path, sizeof head.path, "%.254s", path);
    snprintf(head.other, sizeof head.other, "%.255s", other);
    put(&head, sizeof head);
    if (size > 0)
        put(data, size);
}

/* The part of @path below the root, or NULL. */
static const char *
below(const char *path)
{
    if (trace_fd < 0 || strncmp(path, root, root_size - 1) != 0)
        return NULL;
    if (path[root_size - 1] == '\0')
        return ".";
    return path[root_size - 1] == '/' ? path + root_size : NULL;
}

static const char *
path_of(int fd, char room[PATH_ROOM])
{
    char link[64];
    ssize_t got = 0;

    if (trace_fd < 0)
        return NULL;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    got = readlink(link, room, PATH_ROOM - 1);
    if (got < 0)
        return NULL;
    room[got] = '\0';
    return below(room);
}

/* Records an operation on an open file, keeping errno. */
static void
record_fd(TraceOp op, int fd, uint64_t offset, const void *data, size_t size)
{
    int saved = errno;
    char room[PATH_ROOM];
    const char *path = path_of(fd, room);

    if (path)
        record(op, path, "", offset, data, size);
    errno = saved;
}

static void
record_path(TraceOp op, const char *path, const char *other)
{
    int saved = errno;
    const char *part = below(path);
    const char *other_part = other ? below(other) : "";

    if (part && other_part)
        record(op, part, other_part, 0, NULL, 0);
    errno = saved;
}

/* --- writing --- */

ssize_t
write(int fd, const void *bytes, size_t size)
{
    ssize_t got = 0;
    off_t end = 0;

    pthread_mutex_lock(&lock);
    got = NEXT(write)(fd, bytes, size);
    if (got > 0 && fd == STDOUT_FILENO && trace_fd >= 0)
        record(TRACE_ACKNOWLEDGE, "", "", 0, bytes, (size_t)got);
    else if (got > 0 && (end = lseek(fd, 0, SEEK_CUR)) >= got)
        record_fd(TRACE_WRITE, fd, (uint64_t)(end - got), bytes, (size_t)got);
    pthread_mutex_unlock(&lock);
    return got;
}

static ssize_t
write_at(int fd, const void *bytes, size_t size, off_t offset)
{
    ssize_t got = 0;

    pthread_mutex_lock(&lock);
    got = NEXT(pwrite)(fd, bytes, size, offset);
    if (got > 0)
        record_fd(TRACE_WRITE, fd, (uint64_t)offset, bytes, (size_t)got);
    pthread_mutex_unlock(&lock);
    return got;
}

ssize_t
pwrite(int fd, const void *bytes, size_t size, off_t offset)
{
    return write_at(fd, bytes, size, offset);
}

ssize_t
pwrite64(int fd, const void *bytes, size_t size, off64_t offset)
{
    return write_at(fd, bytes, size, offset);
}

static int
cut(int fd, off_t size)
{
    int result = 0;

    pthread_mutex_lock(&lock);
    result = NEXT(ftruncate)(fd, size);
    if (result == 0)
        record_fd(TRACE_TRUNCATE, fd, (uint64_t)size, NULL, 0);
    pthread_mutex_unlock(&lock);
    return result;
}

int
ftruncate(int fd, off_t size)
{
    return cut(fd, size);
}

int
ftruncate64(int fd, off64_t size)
{
    return cut(fd, size);
}

/* --- syncing --- */

static void
record_sync(int fd)
{
    int saved = errno;
    struct stat st;

    if (fstat(fd, &st) == 0)
        record_fd(S_ISDIR(st.st_mode) ? TRACE_SYNC_DIR : TRACE_SYNC, fd, 0, NULL, 0);
    errno = saved;
}

int
fsync(int fd)
{
    int result = 0;

    pthread_mutex_lock(&lock);
    result = NEXT(fsync)(fd);
    if (result == 0)
        record_sync(fd);
    pthread_mutex_unlock(&lock);
    return result;
}

int
fdatasync(int fd)
{
    int result = 0;

    pthread_mutex_lock(&lock);
    result = NEXT(fdatasync)(fd);
    if (result == 0)
        record_sync(fd);
    pthread_mutex_unlock(&lock);
    return result;
}

/* --- names --- */

static int
open_at(int dir, const char *path, int flags, mode_t mode)
{
    bool fresh = false;
    int fd = -1;

    pthread_mutex_lock(&lock);
    fresh = (flags & O_CREAT) && faccessat(dir, path, F_OK, AT_SYMLINK_NOFOLLOW) != 0;
    fd = NEXT(openat)(dir, path, flags, mode);
    if (fd >= 0 && fresh)
        record_fd(TRACE_CREATE, fd, 0, NULL, 0);
    else if (fd >= 0 && (flags & O_TRUNC))
        record_fd(TRACE_TRUNCATE, fd, 0, NULL, 0);
    pthread_mutex_unlock(&lock);
    return fd;
}

#define MODE_OF(flags)                                                                             \
    mode_t mode = 0;                                                                               \
    if ((flags) & (O_CREAT | O_TMPFILE)) {                                                         \
        va_list rest;                                                                              \
        va_start(rest, flags);                                                                     \
        mode = va_arg(rest, mode_t);                                                               \
        va_end(rest);                                                                              \
    }

int
open(const char *path, int flags, ...)
{
    MODE_OF(flags)
    return open_at(AT_FDCWD, path, flags, mode);
}

int
open64(const char *path, int flags, ...)
{
    MODE_OF(flags)
    return open_at(AT_FDCWD, path, flags, mode);
}

int
rename(const char *from, const char *to)
{
    int result = 0;

    pthread_mutex_lock(&lock);
    result = NEXT(rename)(from, to);
    if (result == 0)
        record_path(TRACE_RENAME, from, to);
    pthread_mutex_unlock(&lock);
    return result;
}

int
renameat2(int from_dir, const char *from, int to_dir, const char *to, unsigned flags)
{
    int result = 0;

    pthread_mutex_lock(&lock);
    result = NEXT(renameat2)(from_dir, from, to_dir, to, flags);
    if (result == 0)
        record_path(TRACE_RENAME, from, to);
    pthread_mutex_unlock(&lock);
    return result;
}

int
unlink(const char *path)
{
    int result = 0;

    pthread_mutex_lock(&lock);
    result = NEXT(unlink)(path);
    if (result == 0)
        record_path(TRACE_UNLINK, path, NULL);
    pthread_mutex_unlock(&lock);
    return result;
}

int
rmdir(const char *path)
{
    int result = 0;

    pthread_mutex_lock(&lock);
    result = NEXT(rmdir)(path);
    if (result == 0)
        record_path(TRACE_RMDIR, path, NULL);
    pthread_mutex_unlock(&lock);
    return result;
}

int
remove(const char *path)
{
    struct stat st;

    return lstat(path, &st) == 0 && S_ISDIR(st.st_mode) ? rmdir(path) : unlink(path);
}

int
mkdir(const char *path, mode_t mode)
{
    int result = 0;

    pthread_mutex_lock(&lock);
    result = NEXT(mkdir)(path, mode);
    if (result == 0)
        record_path(TRACE_MKDIR, path, NULL);
    pthread_mutex_unlock(&lock);
    return result;
}
