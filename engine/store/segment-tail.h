/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/store/segment-tail.h - the end of the open segment: what was put there, on its way to the
 * file, past the page cache where the file system allows it.
 *
 * Writing so takes whole blocks at places of blocks. The bytes of the last block that is not full
 * are kept in memory; with the next write that block is written again, the same bytes first, and
 * zeros fill it up behind the last ones. So a write torn anywhere leaves what stood in that block
 * before, as it does when the kernel writes back a page that an append has changed. The zeros are
 * those that an open segment may end in (docs/format.md).
 *
 * Who reads the file sees all that is written: the kernel drops from the page cache what is written
 * past it. A file system that refuses is written to through the page cache, without a word.
 *
 * Threads: the caller lets one thread at a time in. Errors: IO; LIMIT when memory is short.
 */
#ifndef ENGINE_STORE_SEGMENT_TAIL_H
#define ENGINE_STORE_SEGMENT_TAIL_H

#include "base/error.h"
#include <stddef.h>
#include <stdint.h>

G_BEGIN_DECLS

typedef struct {
    int fd;           /* of the segment, borrowed */
    int direct_fd;    /* of the same file, past the page cache; -1: that cannot be had */
    bool refused;     /* it can be had, and takes nothing */
    void *memory;     /* owned: @bytes lie in it at a place that may be written directly */
    uint8_t *bytes;   /* from the begun block on */
    size_t size;      /* of them in use */
    uint64_t start;   /* offset in the segment of the first: of a block */
    uint64_t written; /* the file has all before here */
    uint64_t filled;  /* ... and zeros from there to here, when that is more */
} DnSegmentTail;

/** Opens the segment file @path once more, whose descriptor @fd is lent and which ends at @end.
 * What @self held of another segment before is closed; it was zeroed once, with direct_fd = -1. */
bool dn_segment_tail_open(DnSegmentTail *self, const char *path, int fd, uint64_t end,
                          GError **error);
/** Forgets what was put and not written: the file was cut to @end. */
bool dn_segment_tail_rewind(DnSegmentTail *self, uint64_t end, GError **error);
void dn_segment_tail_close(DnSegmentTail *self);

/** Puts bytes at the end. What does not fit the memory is written. */
bool dn_segment_tail_put(DnSegmentTail *self, const void *bytes, size_t size, GError **error);
/** Writes what was put; it is not synced. After a failure an unknown part of it is there. */
bool dn_segment_tail_write(DnSegmentTail *self, GError **error);

/** Writes zeros from @from to @to, by whole blocks within, until one fails. @direct_fd: -1 when it
 * is not to be used. In any thread, as long as both stay open and nothing is put beyond @from. */
void dn_segment_tail_fill(int direct_fd, int fd, uint64_t from, uint64_t to);

G_END_DECLS
#endif
