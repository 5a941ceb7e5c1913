/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/store/segment-tail.c - the end of the open segment on its way to the file.
 */
#include "config.h"
#include "base/fs.h"
#include "base/memory.h"
#include "engine/store/segment-tail.h"

#include <string.h>
#include <unistd.h>

/* What is written at once: 104 KiB and 4 MiB past the page cache cost half of the processor's time
 * that the page cache takes, and pieces of less than 1 MiB cost more again. */
enum { BLOCK = DN_FS_BLOCK, ROOM = 2 << 20, ZEROS = 256 << 10 };

static uint64_t
block_of(uint64_t offset)
{
    return offset - offset % BLOCK;
}

void
dn_segment_tail_close(DnSegmentTail *self)
{
    dn_clear_fd(&self->direct_fd);
    g_clear_pointer(&self->memory, g_free);
}

bool
dn_segment_tail_rewind(DnSegmentTail *self, uint64_t end, GError **error)
{
    self->start = block_of(end);
    self->size = (size_t)(end - self->start);
    self->written = end;
    self->filled = end;
    return dn_fs_pread_all(self->fd, self->bytes, self->size, self->start, error);
}

bool
dn_segment_tail_open(DnSegmentTail *self, const char *path, int fd, uint64_t end, GError **error)
{
    if (!self->memory)
        self->memory = dn_try_buffer(ROOM + BLOCK - 1, error);
    if (!self->memory)
        return false;
    self->bytes = (uint8_t *)self->memory + (BLOCK - (uintptr_t)self->memory % BLOCK) % BLOCK;
    self->fd = fd;
    dn_clear_fd(&self->direct_fd);
    self->direct_fd = dn_fs_open_direct(path);
    self->refused = false;
    return dn_segment_tail_rewind(self, end, error);
}

bool
dn_segment_tail_put(DnSegmentTail *self, const void *bytes, size_t size, GError **error)
{
    const uint8_t *next = bytes;

    while (size > 0) {
        size_t piece = MIN(size, (size_t)ROOM - self->size);

        memcpy(self->bytes + self->size, next, piece);
        self->size += piece;
        next += piece;
        size -= piece;
        if (self->size == ROOM && !dn_segment_tail_write(self, error))
            return false;
    }
    return true;
}

/* False without an error: it is to be written through the page cache. */
static bool
write_directly(DnSegmentTail *self, GError **error)
{
    size_t size = (size_t)block_of(self->size + BLOCK - 1);

    if (self->direct_fd < 0 || self->refused)
        return false;
    memset(self->bytes + self->size, 0, size - self->size);
    if (!dn_fs_pwrite_direct(self->direct_fd, self->bytes, size, self->start, &self->refused,
                             error))
        return false;
    self->filled = MAX(self->filled, self->start + size);
    return true;
}

bool
dn_segment_tail_write(DnSegmentTail *self, GError **error)
{
    g_autoptr(GError) problem = NULL;
    uint64_t end = self->start + self->size;
    size_t begun = self->size % BLOCK;

    if (self->written == end)
        return true;
    if (!write_directly(self, &problem)) {
        if (problem) {
            g_propagate_error(error, g_steal_pointer(&problem));
            return false;
        }
        if (!dn_fs_pwrite_all(self->fd, self->bytes + (self->written - self->start),
                              (size_t)(end - self->written), self->written, error))
            return false;
    }
    memmove(self->bytes, self->bytes + self->size - begun, begun);
    self->start = end - begun;
    self->size = begun;
    self->written = end;
    return true;
}

void
dn_segment_tail_fill(int direct_fd, int fd, uint64_t from, uint64_t to)
{
    static const _Alignas(BLOCK) uint8_t zeros[ZEROS];

    from = block_of(from + BLOCK - 1);
    to = block_of(to);
    for (uint64_t at = from; at < to; at += ZEROS) {
        size_t size = (size_t)MIN((uint64_t)ZEROS, to - at);

        if (pwrite(direct_fd >= 0 ? direct_fd : fd, zeros, size, (off_t)at) != (ssize_t)size)
            return;
    }
}
