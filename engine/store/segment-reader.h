/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/store/segment-reader.h - reading one segment file: its header, its commits in order, any
 * frame alone, its trailer. Used by recovery, by visits, by reads and by the check alike, so that
 * what one of them accepts all of them accept.
 *
 * Threads: a reader belongs to one thread; it has a descriptor of its own and reads with pread(2).
 * Errors: CORRUPT, with "segment 3, byte 812: " in front; UNSUPPORTED; IO.
 */
#ifndef ENGINE_STORE_SEGMENT_READER_H
#define ENGINE_STORE_SEGMENT_READER_H

#include "engine/store/segment-format.h"
#include "engine/store/store.h"

G_BEGIN_DECLS

typedef struct {
    int fd;
    DnUuid archive;
    uint32_t segment;
    uint64_t base; /* offset in the segment of the file's first byte: 0 but for a part of one */
    uint64_t end;  /* of what may be read, in the segment */
    struct DnSegmentWindow
        *window;        /* (nullable) bytes read ahead: dn_segment_reader_read_ahead() */
    DnSha256 previous;  /* digest of the segment before, as the header says it */
    DnStoreVouch vouch; /* (nullable) DN_SEGMENT_CHECK_BLOBS leaves out what it accepts */
    void *vouch_data;
} DnSegmentReader;

/** (transfer full) "dir/000003.seg". */
char *dn_segment_path(const char *dir, uint32_t segment);

/** Opens the file and checks its header. NOT_FOUND. */
bool dn_segment_reader_open(DnSegmentReader *self, const char *dir, const DnUuid *archive,
                            uint32_t segment, GError **error);
void dn_segment_reader_close(DnSegmentReader *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(DnSegmentReader, dn_segment_reader_close)

/** Makes the reader read large pieces at once, for who goes through the segment from its start. */
void dn_segment_reader_read_ahead(DnSegmentReader *self);

/** The frame header at @offset; its body lies within @self->end. @out_raw (nullable). */
bool dn_segment_reader_frame(const DnSegmentReader *self, uint64_t offset, DnFrame *out,
                             uint8_t out_raw[DN_FRAME_HEADER], GError **error);

/** The body of @frame at @offset, checked. */
GBytes *dn_segment_reader_body(const DnSegmentReader *self, uint64_t offset, const DnFrame *frame,
                               GError **error);
/** @size bytes of it from @from on, within it and not checked, to @out. */
bool dn_segment_reader_part(const DnSegmentReader *self, uint64_t offset, uint64_t from,
                            uint64_t size, void *out, GError **error);
/** Checks it without keeping it. */
bool dn_segment_reader_check_body(const DnSegmentReader *self, uint64_t offset,
                                  const DnFrame *frame, GError **error);

typedef enum {
    DN_SEGMENT_AT_END, /* nothing more */
    DN_SEGMENT_AT_COMMIT,
    DN_SEGMENT_AT_MARK,
    DN_SEGMENT_AT_TRAILER,
} DnSegmentAt;

/** What stands at one place of the log. Cleared and filled by each dn_segment_reader_next(). */
typedef struct {
    DnSegmentAt at;
    uint64_t start;
    uint64_t end;      /* where the next one starts */
    DnFrame frame;     /* the commit's, mark's or trailer's own */
    DnCommitBody body; /* of a commit */
    GArray *blobs;     /* DnStoreBlob */
    GArray *blob_refs; /* DnStoreRef */
    GArray *entries;   /* DnStoreEntry, bodies read */
    GArray *entry_refs;
    GArray *offsets; /* uint64_t: of all its frames */
    uint64_t bad;    /* after a failure: offset of the frame that failed */
} DnSegmentItem;

DnSegmentItem *dn_segment_item_new(void);
void dn_segment_item_free(DnSegmentItem *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DnSegmentItem, dn_segment_item_free)

typedef enum {
    DN_SEGMENT_SKIP_BLOBS,
    DN_SEGMENT_CHECK_BLOBS,
    DN_SEGMENT_KEEP_BLOBS,
} DnSegmentBlobs;

/** Reads what stands at @offset, all of it checked but the bodies of blobs, which @blobs decides.
 */
bool dn_segment_reader_next(const DnSegmentReader *self, uint64_t offset, DnSegmentBlobs blobs,
                            DnSegmentItem *item, GError **error);

/** The trailer, when the file ends with one that passes. */
bool dn_segment_reader_trailer(const DnSegmentReader *self, DnTrailer *out, DnFrame *out_frame,
                               uint64_t *out_offset, GError **error);

/** Feeds the segment's header and the frame headers at @offsets to @digest, each checked. */
bool dn_segment_reader_digest(const DnSegmentReader *self, const GArray *offsets, DnDigest *digest,
                              GError **error);

/** The place behind the last byte that is not zero, at least @offset: what lies between it and the
 * end of an open segment is space that was filled ahead. */
bool dn_segment_reader_data_end(const DnSegmentReader *self, uint64_t offset, uint64_t *out_end,
                                GError **error);

/** True when a later frame proves that bytes at @offset had once been durable: damage there is rot
 * and not the torn tail of a crash. */
bool dn_segment_reader_was_durable(const DnSegmentReader *self, uint64_t offset, bool *out_durable,
                                   GError **error);

G_END_DECLS
#endif
