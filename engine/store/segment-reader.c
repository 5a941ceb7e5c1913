/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/store/segment-reader.c - reading one segment file.
 */
#include "config.h"
#include "base/failpoint.h"
#include "base/fs.h"
#include "base/memory.h"
#include "engine/store/segment-reader.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIECE = 1 << 20 };

/* (transfer full) Room for what is read of @size bytes at once: most frames are small, and large
 * memory is got from the system and given back each time. */
static uint8_t *
piece_of(uint64_t size)
{
    return g_malloc((gsize)CLAMP(size, 1, (uint64_t)PIECE));
}

static bool
fail_at(const DnSegmentReader *self, uint64_t offset, GError **error)
{
    return dn_fail_in(error, "segment %u, byte %" PRIu64, (unsigned)self->segment, offset);
}

static DnFramePlace
place_of(const DnSegmentReader *self, uint64_t offset)
{
    return (DnFramePlace){.archive = self->archive, .segment = self->segment, .offset = offset};
}

char *
dn_segment_path(const char *dir, uint32_t segment)
{
    return g_strdup_printf("%s/%06u.seg", dir, (unsigned)segment);
}

enum { WINDOW_LEAST = 16 << 10, WINDOW = 256 << 10 };

struct DnSegmentWindow {
    uint64_t offset;
    size_t size;
    size_t piece; /* how much was read last */
    uint8_t bytes[WINDOW];
};

void
dn_segment_reader_close(DnSegmentReader *self)
{
    dn_clear_fd(&self->fd);
    g_clear_pointer(&self->window, g_free);
}

void
dn_segment_reader_read_ahead(DnSegmentReader *self)
{
    if (!self->window)
        self->window = g_malloc(sizeof *self->window);
    self->window->size = 0;
    self->window->piece = WINDOW_LEAST;
}

/* Offsets are those of the segment, also when the file is only a part of it. */
static bool
read_file(const DnSegmentReader *self, void *out, size_t size, uint64_t offset, GError **error)
{
    return dn_fs_pread_all(self->fd, out, size, offset - self->base, error);
}

/* Small reads come from the window, which moves on; large ones pass it by. Who jumps, as over the
 * body of a blob, gets a small one: on a cold disk what is read beyond the need is waited for. */
static bool
read_at(const DnSegmentReader *self, void *out, size_t size, uint64_t offset, GError **error)
{
    struct DnSegmentWindow *window = self->window;

    if (!window || size > WINDOW / 4)
        return read_file(self, out, size, offset, error);
    if (offset < window->offset || offset - window->offset > window->size ||
        window->size - (offset - window->offset) < size) {
        bool goes_on = offset >= window->offset && offset - window->offset <= window->size;
        size_t piece = 0;

        window->piece = goes_on ? MIN(2 * window->piece, (size_t)WINDOW) : WINDOW_LEAST;
        piece = (size_t)MIN((uint64_t)MAX(window->piece, size), self->end - MIN(offset, self->end));
        window->size = 0;
        if (piece < size)
            return read_file(self, out, size, offset, error);
        if (!read_file(self, window->bytes, piece, offset, error))
            return false;
        window->offset = offset;
        window->size = piece;
    }
    memcpy(out, window->bytes + (offset - window->offset), size);
    return true;
}

bool
dn_segment_reader_open(DnSegmentReader *self, const char *dir, const DnUuid *archive,
                       uint32_t segment, GError **error)
{
    g_autofree char *path = dn_segment_path(dir, segment);
    uint8_t header[DN_SEGMENT_HEADER];
    struct stat st;

    *self = (DnSegmentReader){.fd = -1, .archive = *archive, .segment = segment};
    self->fd = DN_FAILPOINT("reader.open") ? -1 : open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (self->fd < 0 || fstat(self->fd, &st) != 0) {
        dn_fail_errno(error, "cannot open the segment %s", path);
        dn_clear_fd(&self->fd);
        return false;
    }
    self->end = (uint64_t)st.st_size;
    if (!S_ISREG(st.st_mode))
        dn_fail(error, DN_ERROR_CORRUPT, "not a regular file");
    else if (read_at(self, header, sizeof header, 0, error) &&
             dn_segment_header_read(header, archive, segment, &self->previous, error))
        return true;
    dn_clear_fd(&self->fd);
    return fail_at(self, 0, error);
}

bool
dn_segment_reader_frame(const DnSegmentReader *self, uint64_t offset, DnFrame *out,
                        uint8_t out_raw[DN_FRAME_HEADER], GError **error)
{
    DnFramePlace place = place_of(self, offset);
    uint8_t raw[DN_FRAME_HEADER];

    if (offset > self->end || self->end - offset < DN_FRAME_HEADER) {
        dn_fail(error, DN_ERROR_CORRUPT, "the file ends within a frame's header");
        return fail_at(self, offset, error);
    }
    if (!read_at(self, raw, sizeof raw, offset, error) || !dn_frame_read(&place, raw, out, error))
        return fail_at(self, offset, error);
    if (out->size > self->end - offset - DN_FRAME_HEADER) {
        dn_fail(error, DN_ERROR_CORRUPT, "the file ends within a frame");
        return fail_at(self, offset, error);
    }
    if (out_raw)
        memcpy(out_raw, raw, sizeof raw);
    return true;
}

bool
dn_segment_reader_part(const DnSegmentReader *self, uint64_t offset, uint64_t from, uint64_t size,
                       void *out, GError **error)
{
    return read_at(self, out, (size_t)size, offset + DN_FRAME_HEADER + from, error) ||
           fail_at(self, offset, error);
}

/* Not checked. */
static GBytes *
read_body(const DnSegmentReader *self, uint64_t offset, const DnFrame *frame, GError **error)
{
    g_autofree uint8_t *bytes = NULL;

    if (frame->size > SIZE_MAX / 2)
        dn_fail(error, DN_ERROR_LIMIT, "a body of %" PRIu64 " bytes", frame->size);
    else
        bytes = dn_try_buffer((size_t)frame->size, error);
    if (!bytes) {
        fail_at(self, offset, error);
        return NULL;
    }
    return dn_segment_reader_part(self, offset, 0, frame->size, bytes, error)
               ? g_bytes_new_take(g_steal_pointer(&bytes), (size_t)frame->size)
               : NULL;
}

GBytes *
dn_segment_reader_body(const DnSegmentReader *self, uint64_t offset, const DnFrame *frame,
                       GError **error)
{
    g_autoptr(GBytes) bytes = read_body(self, offset, frame, error);

    if (!bytes)
        return NULL;
    DnSha256 digest = dn_sha256_bytes(bytes);

    if (dn_sha256_equal(&digest, &frame->body))
        return g_steal_pointer(&bytes);
    dn_fail(error, DN_ERROR_CORRUPT, "the bytes of the frame that starts here have changed");
    fail_at(self, offset, error);
    return NULL;
}

bool
dn_segment_reader_check_body(const DnSegmentReader *self, uint64_t offset, const DnFrame *frame,
                             GError **error)
{
    g_autoptr(DnDigest) digest = dn_digest_new();
    g_autofree uint8_t *piece = piece_of(frame->size);
    DnSha256 found;

    for (uint64_t done = 0; done < frame->size;) {
        size_t size = (size_t)MIN(frame->size - done, (uint64_t)PIECE);

        if (!read_at(self, piece, size, offset + DN_FRAME_HEADER + done, error))
            return fail_at(self, offset, error);
        dn_digest_add(digest, piece, size);
        done += size;
    }
    found = dn_digest_finish(digest);
    if (dn_sha256_equal(&found, &frame->body))
        return true;
    dn_fail(error, DN_ERROR_CORRUPT, "the bytes of the frame that starts here have changed");
    return fail_at(self, offset, error);
}

/* ---- items ---- */

static void
clear_blob(gpointer data)
{
    DnStoreBlob *blob = data;

    g_clear_pointer(&blob->sealed, g_bytes_unref);
}

static void
clear_entry(gpointer data)
{
    DnStoreEntry *entry = data;

    g_clear_pointer(&entry->sealed, g_bytes_unref);
}

DnSegmentItem *
dn_segment_item_new(void)
{
    DnSegmentItem *self = g_new0(DnSegmentItem, 1);

    self->blobs = g_array_new(FALSE, FALSE, sizeof(DnStoreBlob));
    g_array_set_clear_func(self->blobs, clear_blob);
    self->blob_refs = g_array_new(FALSE, FALSE, sizeof(DnStoreRef));
    self->entries = g_array_new(FALSE, FALSE, sizeof(DnStoreEntry));
    g_array_set_clear_func(self->entries, clear_entry);
    self->entry_refs = g_array_new(FALSE, FALSE, sizeof(DnStoreRef));
    self->offsets = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    return self;
}

void
dn_segment_item_free(DnSegmentItem *self)
{
    if (!self)
        return;
    g_array_unref(self->blobs);
    g_array_unref(self->blob_refs);
    g_array_unref(self->entries);
    g_array_unref(self->entry_refs);
    g_array_unref(self->offsets);
    g_free(self);
}

static void
item_reset(DnSegmentItem *self, uint64_t offset)
{
    g_array_set_size(self->blobs, 0);
    g_array_set_size(self->blob_refs, 0);
    g_array_set_size(self->entries, 0);
    g_array_set_size(self->entry_refs, 0);
    g_array_set_size(self->offsets, 0);
    self->start = offset;
    self->end = offset;
    self->bad = offset;
}

static bool
take_blob(const DnSegmentReader *self, const DnFrame *frame, DnSegmentBlobs blobs,
          DnSegmentItem *item, GError **error)
{
    DnStoreRef ref = {self->segment, item->end + DN_FRAME_HEADER, frame->size};
    DnStoreBlob blob = {.id = frame->object, .part = frame->part};

    if (item->entries->len > 0)
        return dn_fail(error, DN_ERROR_CORRUPT, "a blob stands after the commit's entries");
    if (blobs == DN_SEGMENT_CHECK_BLOBS && !(self->vouch && self->vouch(&ref, self->vouch_data)) &&
        !dn_segment_reader_check_body(self, item->end, frame, error))
        return false;
    if (blobs == DN_SEGMENT_KEEP_BLOBS) {
        blob.sealed = dn_segment_reader_body(self, item->end, frame, error);
        if (!blob.sealed)
            return false;
    }
    g_array_append_val(item->blobs, blob);
    g_array_append_val(item->blob_refs, ref);
    return true;
}

static bool
take_entry(const DnSegmentReader *self, const DnFrame *frame, DnSegmentItem *item, GError **error)
{
    DnStoreRef ref = {self->segment, item->end + DN_FRAME_HEADER, frame->size};
    DnStoreEntry entry = {0};

    if (!dn_object_get_number(&frame->object, &entry.seq) ||
        (item->entries->len > 0 &&
         entry.seq != g_array_index(item->entries, DnStoreEntry, item->entries->len - 1).seq + 1))
        return dn_fail(error, DN_ERROR_CORRUPT, "the entry's number is out of order");
    entry.sealed = dn_segment_reader_body(self, item->end, frame, error);
    if (!entry.sealed)
        return false;
    g_array_append_val(item->entries, entry);
    g_array_append_val(item->entry_refs, ref);
    return true;
}

static bool
read_commit_body(const DnSegmentReader *self, uint64_t offset, const DnFrame *frame,
                 DnCommitBody *out, GError **error)
{
    g_autoptr(GBytes) bytes = NULL;

    if (frame->size != DN_COMMIT_BODY)
        return dn_fail(error, DN_ERROR_CORRUPT, "a commit frame of a wrong size");
    bytes = dn_segment_reader_body(self, offset, frame, error);
    if (!bytes)
        return false;
    dn_commit_body_read(g_bytes_get_data(bytes, NULL), out);
    return true;
}

static bool
close_commit(const DnSegmentReader *self, DnSegmentItem *item, DnDigest *headers, GError **error)
{
    DnSha256 frames = dn_digest_finish(headers);
    uint64_t head = 0;

    if (!read_commit_body(self, item->end, &item->frame, &item->body, error))
        return false;
    if (item->body.blob_count != item->blobs->len || item->body.entry_count != item->entries->len ||
        item->entries->len == 0 || !dn_sha256_equal(&item->body.frames, &frames) ||
        !dn_object_get_number(&item->frame.object, &head) ||
        head != g_array_index(item->entries, DnStoreEntry, item->entries->len - 1).seq ||
        item->body.durable > item->start)
        return dn_fail(error, DN_ERROR_CORRUPT, "the commit does not fit its frames");
    item->at = DN_SEGMENT_AT_COMMIT;
    return true;
}

/* A mark or trailer stands between commits, never within one. */
static bool
take_single(const DnSegmentReader *self, DnSegmentItem *item, GError **error)
{
    if (item->offsets->len > 1)
        return dn_fail(error, DN_ERROR_CORRUPT, "a commit lacks its last frame");
    if (item->frame.type == DN_FRAME_MARK && item->frame.size != DN_MARK_BODY)
        return dn_fail(error, DN_ERROR_CORRUPT, "a mark of a wrong size");
    item->at = item->frame.type == DN_FRAME_MARK ? DN_SEGMENT_AT_MARK : DN_SEGMENT_AT_TRAILER;
    return dn_segment_reader_check_body(self, item->end, &item->frame, error);
}

/* One frame of the item; *out_done when it was its last. */
static bool
next_frame(const DnSegmentReader *self, DnSegmentBlobs blobs, DnSegmentItem *item,
           DnDigest *headers, bool *out_done, GError **error)
{
    DnFrame first = item->frame;
    uint8_t raw[DN_FRAME_HEADER];
    DnFrame *frame = &item->frame;
    bool good = false;

    if (!dn_segment_reader_frame(self, item->end, frame, raw, error))
        return false;
    if (item->offsets->len > 0 &&
        (frame->serial != first.serial || !dn_uuid_equal(&frame->tenant, &first.tenant)))
        return dn_fail(error, DN_ERROR_CORRUPT, "a frame of another commit");
    g_array_append_val(item->offsets, item->end);
    switch (frame->type) {
    case DN_FRAME_BLOB:
        good = take_blob(self, frame, blobs, item, error);
        break;
    case DN_FRAME_ENTRY:
        good = take_entry(self, frame, item, error);
        break;
    case DN_FRAME_COMMIT:
        *out_done = true;
        good = close_commit(self, item, headers, error);
        break;
    case DN_FRAME_MARK:
    case DN_FRAME_TRAILER:
        *out_done = true;
        good = take_single(self, item, error);
        break;
    }
    dn_digest_add(headers, raw, sizeof raw);
    item->end += good ? DN_FRAME_HEADER + frame->size : 0;
    return good;
}

bool
dn_segment_reader_next(const DnSegmentReader *self, uint64_t offset, DnSegmentBlobs blobs,
                       DnSegmentItem *item, GError **error)
{
    g_autoptr(DnDigest) headers = dn_digest_new();
    bool done = false;

    item_reset(item, offset);
    if (offset == self->end) {
        item->at = DN_SEGMENT_AT_END;
        return true;
    }
    while (!done) {
        g_autoptr(GError) problem = NULL;

        if (next_frame(self, blobs, item, headers, &done, &problem))
            continue;
        item->bad = item->end;
        if (!g_str_has_prefix(problem->message, "segment "))
            fail_at(self, item->bad, &problem);
        g_propagate_error(error, g_steal_pointer(&problem));
        return false;
    }
    return true;
}

bool
dn_segment_reader_trailer(const DnSegmentReader *self, DnTrailer *out, DnFrame *out_frame,
                          uint64_t *out_offset, GError **error)
{
    uint8_t footer[DN_TRAILER_FOOTER];
    g_autoptr(GBytes) body = NULL;
    uint64_t offset = 0;
    size_t size = 0;

    if (self->end < DN_SEGMENT_HEADER + DN_TRAILER_FOOTER ||
        !read_at(self, footer, sizeof footer, self->end - sizeof footer, NULL) ||
        !dn_trailer_find(footer, self->end, &offset)) {
        dn_fail(error, DN_ERROR_CORRUPT, "the segment does not end with its trailer");
        return fail_at(self, self->end, error);
    }
    if (!dn_segment_reader_frame(self, offset, out_frame, NULL, error))
        return false;
    if (out_frame->type != DN_FRAME_TRAILER ||
        offset + DN_FRAME_HEADER + out_frame->size != self->end) {
        dn_fail(error, DN_ERROR_CORRUPT, "the trailer is not the last frame");
        return fail_at(self, offset, error);
    }
    body = dn_segment_reader_body(self, offset, out_frame, error);
    if (!body)
        return false;
    if (!dn_trailer_read(g_bytes_get_data(body, &size), g_bytes_get_size(body), out, error))
        return fail_at(self, offset, error);
    *out_offset = offset;
    return true;
}

bool
dn_segment_reader_digest(const DnSegmentReader *self, const GArray *offsets, DnDigest *digest,
                         GError **error)
{
    uint8_t header[DN_SEGMENT_HEADER];

    if (!read_at(self, header, sizeof header, 0, error))
        return fail_at(self, 0, error);
    dn_digest_add(digest, header, sizeof header);
    for (guint i = 0; i < offsets->len; i++) {
        uint8_t raw[DN_FRAME_HEADER];
        DnFrame frame;

        if (!dn_segment_reader_frame(self, g_array_index(offsets, uint64_t, i), &frame, raw, error))
            return false;
        dn_digest_add(digest, raw, sizeof raw);
    }
    return true;
}

/* ---- rot or torn tail ---- */

/* What a whole frame at @candidate says of the time it was written: a commit or mark tells how far
 * the segment was durable then; a trailer is written only when all before it is. What does not pass
 * as a frame says nothing; only a failure to read is an error. */
static bool
witness(const DnSegmentReader *self, uint64_t candidate, uint64_t offset, bool *out_durable,
        GError **error)
{
    g_autoptr(GError) problem = NULL;
    g_autoptr(GBytes) body = NULL;
    DnCommitBody commit = {0};
    DnFrame frame;

    *out_durable = false;
    if (dn_segment_reader_frame(self, candidate, &frame, NULL, &problem)) {
        if (frame.type == DN_FRAME_COMMIT &&
            read_commit_body(self, candidate, &frame, &commit, &problem))
            *out_durable = commit.durable > offset;
        if (frame.type == DN_FRAME_MARK && frame.size == DN_MARK_BODY) {
            body = dn_segment_reader_body(self, candidate, &frame, &problem);
            *out_durable = body && dn_get_be(g_bytes_get_data(body, NULL), 8) > offset;
        }
        if (frame.type == DN_FRAME_TRAILER)
            *out_durable = true;
    }
    if (!problem || dn_error_code(problem) == DN_ERROR_CORRUPT)
        return true;
    g_propagate_error(error, g_steal_pointer(&problem));
    return false;
}

bool
dn_segment_reader_data_end(const DnSegmentReader *self, uint64_t offset, uint64_t *out_end,
                           GError **error)
{
    g_autofree uint8_t *piece = piece_of(self->end - MIN(offset, self->end));
    uint64_t at = self->end;

    while (at > offset) {
        size_t size = (size_t)MIN(at - offset, (uint64_t)PIECE);

        if (!read_at(self, piece, size, at - size, error))
            return fail_at(self, at - size, error);
        for (size_t i = size; i > 0; i--)
            if (piece[i - 1] != 0) {
                uint64_t behind = at - size + i;

                *out_end = self->end - behind < DN_FRAME_HEADER ? self->end : behind;
                return true;
            }
        at -= size;
    }
    *out_end = offset;
    return true;
}

bool
dn_segment_reader_was_durable(const DnSegmentReader *self, uint64_t offset, bool *out_durable,
                              GError **error)
{
    enum { OVERLAP = sizeof DN_FRAME_MAGIC - 2 };
    g_autofree uint8_t *piece = piece_of(self->end - MIN(offset, self->end));
    uint64_t at = offset;

    while (at < self->end && self->end - at > (uint64_t)OVERLAP) {
        size_t size = (size_t)MIN(self->end - at, (uint64_t)PIECE);
        const uint8_t *next = piece;

        if (!read_at(self, piece, size, at, error))
            return fail_at(self, at, error);
        while ((next = memmem(next, size - (size_t)(next - piece), DN_FRAME_MAGIC, 4)) != NULL) {
            bool durable = false;

            if (!witness(self, at + (uint64_t)(next - piece), offset, &durable, error))
                return false;
            if (durable) {
                *out_durable = true;
                return true;
            }
            next++;
        }
        at += size - OVERLAP;
    }
    *out_durable = false;
    return true;
}
