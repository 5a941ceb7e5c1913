/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/store/segment-format.h - the bytes of a segment file, without files: headers, frames,
 * commits and trailers to and from memory. Pure; docs/format.md describes the same in words.
 *
 * Every header is bound to its archive, its segment and its offset, so that a block that a disk
 * wrote to the wrong place, or a frame copied from elsewhere, does not pass. Errors: CORRUPT,
 * UNSUPPORTED (a newer format).
 */
#ifndef ENGINE_STORE_SEGMENT_FORMAT_H
#define ENGINE_STORE_SEGMENT_FORMAT_H

#include "base/bytes.h"
#include "base/digest.h"
#include "base/uuid.h"
#include <stdint.h>

G_BEGIN_DECLS

enum {
    DN_SEGMENT_HEADER = 72, /* bytes */
    DN_FRAME_HEADER = 96,
    DN_COMMIT_BODY = 48,
    DN_MARK_BODY = 8,
    DN_TRAILER_FIXED = 72, /* bytes of a trailer's body beside its two lists */
    DN_TRAILER_FOOTER = 16,
    DN_SEGMENT_VERSION = 1,
};

#define DN_FRAME_MAGIC "DNFR"

/** Where a header stands; part of its check. */
typedef struct {
    DnUuid archive;
    uint32_t segment;
    uint64_t offset;
} DnFramePlace;

typedef enum {
    DN_FRAME_BLOB = 'B',
    DN_FRAME_ENTRY = 'E',
    DN_FRAME_COMMIT = 'C',
    DN_FRAME_MARK = 'M', /* written on closing: all before it is durable */
    DN_FRAME_TRAILER = 'T',
} DnFrameType;

typedef struct {
    DnFrameType type;
    char part;       /* of a blob */
    uint64_t serial; /* of the commit it belongs to, from 1 over the whole log */
    uint64_t size;   /* of the body */
    DnUuid tenant;
    DnUuid object; /* blob id; or eight zeros and a number: seq of an entry, head after a commit */
    DnSha256 body;
} DnFrame;

typedef struct {
    uint32_t blob_count;
    uint32_t entry_count;
    uint64_t
        durable;     /* all bytes of this segment before here had been synced when it was written */
    DnSha256 frames; /* over the headers of the commit's frames */
} DnCommitBody;

typedef struct {
    DnUuid tenant;
    uint64_t seq;
} DnSegmentHead;

typedef struct {
    uint64_t last_commit_end;
    GArray *offsets; /* uint64_t: of every frame before the trailer */
    GArray *heads;   /* DnSegmentHead: of every tenant of the log so far, by tenant */
    DnSha256 digest; /* of the segment */
} DnTrailer;

void dn_trailer_clear(DnTrailer *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(DnTrailer, dn_trailer_clear)

DnUuid dn_object_number(uint64_t number);
/** False when the first eight bytes are not zero. */
bool dn_object_get_number(const DnUuid *object, uint64_t *out_number);

void dn_segment_header_write(const DnUuid *archive, uint32_t segment, const DnSha256 *previous,
                             uint8_t out[DN_SEGMENT_HEADER]);
bool dn_segment_header_read(const uint8_t in[DN_SEGMENT_HEADER], const DnUuid *archive,
                            uint32_t segment, DnSha256 *out_previous, GError **error);

void dn_frame_write(const DnFramePlace *place, const DnFrame *frame, uint8_t out[DN_FRAME_HEADER]);
bool dn_frame_read(const DnFramePlace *place, const uint8_t in[DN_FRAME_HEADER], DnFrame *out,
                   GError **error);

void dn_commit_body_write(const DnCommitBody *commit, uint8_t out[DN_COMMIT_BODY]);
void dn_commit_body_read(const uint8_t in[DN_COMMIT_BODY], DnCommitBody *out);

/** (transfer full) The body of the trailer whose frame stands at @offset. @headers: digest that was
 * fed the segment's header and every frame header in order; it is finished here. */
GBytes *dn_trailer_write(const DnTrailer *trailer, uint64_t offset, DnDigest *headers,
                         DnSha256 *out_digest);
/** The body was checked against its frame already. */
bool dn_trailer_read(const uint8_t *in, uint64_t size, DnTrailer *out, GError **error);
/** Offset of the trailer's frame, from the last DN_TRAILER_FOOTER bytes of a file; false when they
 * are not the end of a finished segment. */
bool dn_trailer_find(const uint8_t in[DN_TRAILER_FOOTER], uint64_t file_size, uint64_t *out_offset);
/** What the trailer's digest must be, given @headers as above and the trailer's body. */
DnSha256 dn_trailer_digest(DnDigest *headers, const uint8_t *body, uint64_t size);

G_END_DECLS
#endif
