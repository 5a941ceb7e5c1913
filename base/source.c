/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * base/source.c - read once, never again.
 */
#include "config.h"
#include "base/source.h"
#include "base/failpoint.h"
#include "base/fs.h"
#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { READ_STEP_BYTES = 1 << 20 };

static const int all_seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;

/* @expected: as many bytes are made room for at once. */
static GBytes *
read_all(int fd, uint64_t expected, uint64_t max_bytes, GError **error)
{
    g_autoptr(GByteArray) all = g_byte_array_sized_new((guint)MIN(expected, (uint64_t)G_MAXINT32));
    g_autofree uint8_t *step = dn_try_array(READ_STEP_BYTES, 1, error);

    if (!step)
        return NULL;
    for (;;) {
        /* The size that stat() told may have been true a moment ago; only the end of file counts.
         */
        ssize_t got = DN_FAILPOINT("source.pread")
                          ? -1
                          : pread(fd, step, DN_FAILPOINT_SIZE(READ_STEP_BYTES), (off_t)all->len);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            dn_fail_errno(error, "cannot read");
            return NULL;
        }
        if (got == 0)
            break;
        if ((uint64_t)all->len + (uint64_t)got > MIN(max_bytes, (uint64_t)G_MAXINT32))
            return dn_fail_null(error, DN_ERROR_LIMIT,
                                "more than the %" PRIu64 " bytes that are allowed", max_bytes);
        g_byte_array_append(all, step, (guint)got);
    }
    return g_byte_array_free_to_bytes(g_steal_pointer(&all));
}

GBytes *
dn_source_read_fd(int fd, uint64_t max_bytes, GError **error)
{
    return read_all(fd, 0, max_bytes, error);
}

GBytes *
dn_source_read_file(const char *path, uint64_t max_bytes, GError **error)
{
    /* O_NONBLOCK: a pipe under this name must not hold us up. */
    dn_autofd int fd = dn_fs_open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0);
    struct stat st;

    if (fd < 0 || fstat(fd, &st) != 0) {
        dn_fail_errno(error, "cannot open");
        return NULL;
    }
    if (!S_ISREG(st.st_mode))
        return dn_fail_null(error, DN_ERROR_INVALID, "not a regular file");
    if ((uint64_t)st.st_size > max_bytes)
        return dn_fail_null(error, DN_ERROR_LIMIT, "%" PRIu64 " bytes, allowed are %" PRIu64,
                            (uint64_t)st.st_size, max_bytes);
    return read_all(fd, (uint64_t)st.st_size, max_bytes, error);
}

typedef struct {
    void *address;
    size_t size;
} Mapping;

static void
unmap(void *data)
{
    Mapping *mapping = data;

    munmap(mapping->address, mapping->size);
    g_free(mapping);
}

GBytes *
dn_source_map_sealed(int fd, uint64_t max_bytes, GError **error)
{
    struct stat st;
    int seals = fcntl(fd, F_GET_SEALS);

    if (seals < 0 || (seals & all_seals) != all_seals)
        return dn_fail_null(error, DN_ERROR_FORMAT, "the document is not a sealed memory file");
    if (fstat(fd, &st) != 0) {
        dn_fail_errno(error, "cannot stat the document");
        return NULL;
    }
    if ((uint64_t)st.st_size > max_bytes)
        return dn_fail_null(error, DN_ERROR_LIMIT, "%" PRIu64 " bytes, allowed are %" PRIu64,
                            (uint64_t)st.st_size, max_bytes);
    if (st.st_size == 0)
        return g_bytes_new_static("", 0);

    void *address = DN_FAILPOINT("source.mmap")
                        ? MAP_FAILED
                        : mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);

    if (address == MAP_FAILED) {
        dn_fail_errno(error, "cannot map the document");
        return NULL;
    }
    Mapping *mapping = g_new(Mapping, 1);

    *mapping = (Mapping){address, (size_t)st.st_size};
    return g_bytes_new_with_free_func(address, (size_t)st.st_size, unmap, mapping);
}

int
dn_source_memfd(GBytes *bytes, GError **error)
{
    size_t size = 0;
    const uint8_t *data = g_bytes_get_data(bytes, &size);
    dn_autofd int fd = DN_FAILPOINT("source.memfd")
                           ? -1
                           : memfd_create("document", MFD_CLOEXEC | MFD_ALLOW_SEALING);

    if (fd < 0) {
        dn_fail_errno(error, "cannot make a memory file");
        return -1;
    }
    if (!dn_fs_write_all(fd, data, size, error))
        return -1;
    if (fcntl(fd, F_ADD_SEALS, all_seals) != 0) {
        dn_fail_errno(error, "cannot seal a memory file");
        return -1;
    }
    return dn_steal_fd(&fd);
}
