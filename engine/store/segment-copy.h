/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/store/segment-copy.h - bytes of a segment from one file to another, each frame checked on
 * its way.
 *
 * What has been durable in a segment never changes, so a copy can be made while commits go on
 * behind it, and a later copy can go on where this one ended: an extent is the bytes of a segment
 * from the end of one commit to the end of another, or to the end of the file.
 *
 * What is compared with its checksum are the very bytes that are written, so that a copy that
 * succeeds cannot hold damage that its source has. Keys are not needed.
 *
 * Threads: any, on different descriptors. Errors: CORRUPT with "segment 3, byte 812: " in front,
 * IO, UNSUPPORTED, BUSY (stopped on request).
 */
#ifndef ENGINE_STORE_SEGMENT_COPY_H
#define ENGINE_STORE_SEGMENT_COPY_H

#include "base/digest.h"
#include "base/uuid.h"
#include <stdint.h>

G_BEGIN_DECLS

/** Told of bytes done since the last call; false asks to stop. */
typedef bool (*DnCopyTick)(uint64_t bytes, void *user_data);

typedef struct {
    DnUuid archive;
    uint32_t segment;
    uint64_t from; /* in the segment: 0 or the end of a commit */
    uint64_t to;
    int source;
    uint64_t base; /* offset in the segment of the source's first byte */
    int target;    /* is written from its position on; -1: only check */
    DnCopyTick tick;
    void *user_data;
} DnSegmentCopy;

/** *@out_digest is that of the bytes from @from to @to. *@out_bad (nullable) after CORRUPT: the
 * offset in the segment of the frame that failed. Nothing is synced. */
bool dn_segment_copy(const DnSegmentCopy *self, DnSha256 *out_digest, uint64_t *out_bad,
                     GError **error);

G_END_DECLS
#endif
