/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/store/segment-copy.c - frames in a stream: read once, checked, written once.
 */
#include "config.h"
#include "base/fs.h"
#include "engine/store/segment-copy.h"
#include "engine/store/segment-format.h"

#include <fcntl.h>
#include <inttypes.h>

enum { PIECE = 1 << 20 };

typedef struct {
    const DnSegmentCopy *copy;
    uint8_t *bytes; /* PIECE of them: what was read and not yet written */
    size_t size;
    size_t used;    /* of them: checked */
    uint64_t at;    /* offset in the segment of bytes[0] */
    DnDigest *file; /* of all that was read */
} Stream;

static uint64_t
position(const Stream *self)
{
    return self->at + self->used;
}

/* Writes what is there. The disk begins at once, so that the sync at the end has little left. */
static bool
flush(Stream *self, GError **error)
{
    int target = self->copy->target;

    if (target < 0 || self->size == 0)
        return true;
    if (!dn_fs_write_all(target, self->bytes, self->size, error))
        return false;
    sync_file_range(target, 0, 0, SYNC_FILE_RANGE_WRITE); /* a hint: its failure says nothing */
    return true;
}

/* Writes what is there and reads the next piece. */
static bool
refill(Stream *self, GError **error)
{
    const DnSegmentCopy *copy = self->copy;

    if (!flush(self, error))
        return false;
    if (copy->tick && self->size > 0 && !copy->tick(self->size, copy->user_data))
        return dn_fail(error, DN_ERROR_BUSY, "stopped on request");
    self->at += self->size;
    self->used = 0;
    self->size = 0;
    size_t next = (size_t)MIN((uint64_t)PIECE, copy->to - self->at);

    if (!dn_fs_pread_all(copy->source, self->bytes, next, self->at - copy->base, error))
        return false;
    self->size = next;
    dn_digest_add(self->file, self->bytes, next);
    return true;
}

/* The next @size bytes, at most what is left of the piece: lent until the next call. */
static bool
take(Stream *self, uint64_t wanted, const uint8_t **out_bytes, size_t *out_size, GError **error)
{
    if (self->used == self->size && !refill(self, error))
        return false;
    *out_size = (size_t)MIN((uint64_t)(self->size - self->used), wanted);
    *out_bytes = self->bytes + self->used;
    self->used += *out_size;
    return true;
}

/* A header, which may lie across two pieces. */
static bool
take_header(Stream *self, uint8_t *out, size_t size, GError **error)
{
    if (self->copy->to - position(self) < size)
        return dn_fail(error, DN_ERROR_CORRUPT, "the file ends within a header");
    while (size > 0) {
        const uint8_t *bytes = NULL;
        size_t got = 0;

        if (!take(self, size, &bytes, &got, error))
            return false;
        for (size_t i = 0; i < got; i++)
            *out++ = bytes[i];
        size -= got;
    }
    return true;
}

static bool
check_segment_header(Stream *self, GError **error)
{
    uint8_t header[DN_SEGMENT_HEADER];
    DnSha256 previous;

    return take_header(self, header, sizeof header, error) &&
           dn_segment_header_read(header, &self->copy->archive, self->copy->segment, &previous,
                                  error);
}

static bool
check_frame(Stream *self, DnDigest *body, GError **error)
{
    DnFramePlace place = {
        .archive = self->copy->archive, .segment = self->copy->segment, .offset = position(self)};
    uint8_t header[DN_FRAME_HEADER];
    DnFrame frame;

    if (!take_header(self, header, sizeof header, error) ||
        !dn_frame_read(&place, header, &frame, error))
        return false;
    if (frame.size > self->copy->to - position(self))
        return dn_fail(error, DN_ERROR_CORRUPT, "the file ends within a frame");
    for (uint64_t left = frame.size; left > 0;) {
        const uint8_t *bytes = NULL;
        size_t got = 0;

        if (!take(self, left, &bytes, &got, error))
            return false;
        dn_digest_add(body, bytes, got);
        left -= got;
    }
    DnSha256 found = dn_digest_finish(body);

    return dn_sha256_equal(&found, &frame.body) ||
           dn_fail(error, DN_ERROR_CORRUPT, "the bytes of the frame that starts here have changed");
}

bool
dn_segment_copy(const DnSegmentCopy *self, DnSha256 *out_digest, uint64_t *out_bad, GError **error)
{
    g_autoptr(DnDigest) file = dn_digest_new();
    g_autoptr(DnDigest) body = dn_digest_new();
    g_autofree uint8_t *bytes = g_malloc(PIECE);
    Stream stream = {.copy = self, .bytes = bytes, .at = self->from, .file = file};
    uint64_t start = self->from;
    bool good = true;

    while (good && position(&stream) < self->to) {
        start = position(&stream);
        good =
            start == 0 ? check_segment_header(&stream, error) : check_frame(&stream, body, error);
    }
    good = good && flush(&stream, error);
    if (!good) {
        if (out_bad)
            *out_bad = start;
        return dn_fail_in(error, "segment %u, byte %" PRIu64, (unsigned)self->segment, start);
    }
    if (self->tick && stream.size > 0 && !self->tick(stream.size, self->user_data))
        return dn_fail(error, DN_ERROR_BUSY, "stopped on request");
    *out_digest = dn_digest_finish(file);
    return true;
}
