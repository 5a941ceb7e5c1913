/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/store/segment-format.c - the bytes of a segment file.
 */
#include "config.h"
#include "engine/store/segment-format.h"

#include <inttypes.h>
#include <string.h>

enum {
    CHECK = 8,
    /* segment header */
    SH_VERSION = 8,
    SH_SIZE = 10,
    SH_SEGMENT = 12,
    SH_ARCHIVE = 16,
    SH_PREVIOUS = 32,
    SH_CHECK = 64,
    /* frame header */
    FH_TYPE = 4,
    FH_PART = 5,
    FH_RESERVED = 6,
    FH_SERIAL = 8,
    FH_SIZE = 16,
    FH_TENANT = 24,
    FH_OBJECT = 40,
    FH_BODY = 56,
    FH_CHECK = 88,
};

static const char segment_magic[8] = {'d', 'e', 'n', 'c', 'h', 'o', '-', 'l'};
static const char footer_magic[8] = {'d', 'e', 'n', 'c', 'h', 'o', '-', 'e'};

DnUuid
dn_object_number(uint64_t number)
{
    DnUuid object = {{0}};

    dn_put_be(object.bytes + 8, number, 8);
    return object;
}

bool
dn_object_get_number(const DnUuid *object, uint64_t *out_number)
{
    if (dn_get_be(object->bytes, 8) != 0)
        return false;
    *out_number = dn_get_be(object->bytes + 8, 8);
    return true;
}

/* ---- segment header ---- */

void
dn_segment_header_write(const DnUuid *archive, uint32_t segment, const DnSha256 *previous,
                        uint8_t out[DN_SEGMENT_HEADER])
{
    DnSha256 check;

    memcpy(out, segment_magic, sizeof segment_magic);
    out[SH_VERSION] = 0;
    out[SH_VERSION + 1] = DN_SEGMENT_VERSION;
    out[SH_SIZE] = 0;
    out[SH_SIZE + 1] = DN_SEGMENT_HEADER;
    dn_put_be(out + SH_SEGMENT, segment, 4);
    memcpy(out + SH_ARCHIVE, archive->bytes, DN_UUID_BYTES);
    memcpy(out + SH_PREVIOUS, previous->bytes, DN_SHA256_BYTES);
    check = dn_sha256(out, SH_CHECK);
    memcpy(out + SH_CHECK, check.bytes, CHECK);
}

bool
dn_segment_header_read(const uint8_t in[DN_SEGMENT_HEADER], const DnUuid *archive, uint32_t segment,
                       DnSha256 *out_previous, GError **error)
{
    DnSha256 check = dn_sha256(in, SH_CHECK);
    unsigned version = (unsigned)in[SH_VERSION] << 8 | in[SH_VERSION + 1];

    if (memcmp(in, segment_magic, sizeof segment_magic) != 0 ||
        memcmp(in + SH_CHECK, check.bytes, CHECK) != 0)
        return dn_fail(error, DN_ERROR_CORRUPT, "the header fails its check");
    if (version != DN_SEGMENT_VERSION)
        return dn_fail(error, DN_ERROR_UNSUPPORTED, "format version %u; this program knows %d",
                       version, DN_SEGMENT_VERSION);
    if (memcmp(in + SH_ARCHIVE, archive->bytes, DN_UUID_BYTES) != 0)
        return dn_fail(error, DN_ERROR_CORRUPT, "the segment belongs to another archive");
    if (dn_get_be(in + SH_SEGMENT, 4) != segment)
        return dn_fail(error, DN_ERROR_CORRUPT, "the file holds segment %u",
                       (unsigned)dn_get_be(in + SH_SEGMENT, 4));
    memcpy(out_previous->bytes, in + SH_PREVIOUS, DN_SHA256_BYTES);
    return true;
}

/* ---- frames ---- */

static void
frame_check(const DnFramePlace *place, const uint8_t *header, uint8_t out[CHECK])
{
    uint8_t bytes[DN_UUID_BYTES + 4 + 8 + FH_CHECK];
    DnSha256 digest;

    memcpy(bytes, place->archive.bytes, DN_UUID_BYTES);
    dn_put_be(bytes + DN_UUID_BYTES, place->segment, 4);
    dn_put_be(bytes + DN_UUID_BYTES + 4, place->offset, 8);
    memcpy(bytes + DN_UUID_BYTES + 12, header, FH_CHECK);
    digest = dn_sha256(bytes, sizeof bytes);
    memcpy(out, digest.bytes, CHECK);
}

void
dn_frame_write(const DnFramePlace *place, const DnFrame *frame, uint8_t out[DN_FRAME_HEADER])
{
    memset(out, 0, DN_FRAME_HEADER);
    memcpy(out, DN_FRAME_MAGIC, 4);
    out[FH_TYPE] = (uint8_t)frame->type;
    out[FH_PART] = (uint8_t)frame->part;
    dn_put_be(out + FH_SERIAL, frame->serial, 8);
    dn_put_be(out + FH_SIZE, frame->size, 8);
    memcpy(out + FH_TENANT, frame->tenant.bytes, DN_UUID_BYTES);
    memcpy(out + FH_OBJECT, frame->object.bytes, DN_UUID_BYTES);
    memcpy(out + FH_BODY, frame->body.bytes, DN_SHA256_BYTES);
    frame_check(place, out, out + FH_CHECK);
}

bool
dn_frame_read(const DnFramePlace *place, const uint8_t in[DN_FRAME_HEADER], DnFrame *out,
              GError **error)
{
    uint8_t check[CHECK];

    frame_check(place, in, check);
    if (memcmp(in, DN_FRAME_MAGIC, 4) != 0 || memcmp(in + FH_CHECK, check, CHECK) != 0)
        return dn_fail(error, DN_ERROR_CORRUPT, "no frame stands here, or its header is damaged");
    if (!strchr("BECMT", in[FH_TYPE]) || in[FH_RESERVED] || in[FH_RESERVED + 1])
        return dn_fail(error, DN_ERROR_UNSUPPORTED, "a frame of a kind this program does not know");
    out->type = (DnFrameType)in[FH_TYPE];
    out->part = (char)in[FH_PART];
    out->serial = dn_get_be(in + FH_SERIAL, 8);
    out->size = dn_get_be(in + FH_SIZE, 8);
    memcpy(out->tenant.bytes, in + FH_TENANT, DN_UUID_BYTES);
    memcpy(out->object.bytes, in + FH_OBJECT, DN_UUID_BYTES);
    memcpy(out->body.bytes, in + FH_BODY, DN_SHA256_BYTES);
    return true;
}

void
dn_commit_body_write(const DnCommitBody *commit, uint8_t out[DN_COMMIT_BODY])
{
    dn_put_be(out, commit->blob_count, 4);
    dn_put_be(out + 4, commit->entry_count, 4);
    dn_put_be(out + 8, commit->durable, 8);
    memcpy(out + 16, commit->frames.bytes, DN_SHA256_BYTES);
}

void
dn_commit_body_read(const uint8_t in[DN_COMMIT_BODY], DnCommitBody *out)
{
    out->blob_count = (uint32_t)dn_get_be(in, 4);
    out->entry_count = (uint32_t)dn_get_be(in + 4, 4);
    out->durable = dn_get_be(in + 8, 8);
    memcpy(out->frames.bytes, in + 16, DN_SHA256_BYTES);
}

/* ---- trailer: u64 last commit end, u64 n, n offsets, u64 m, m heads of 24 bytes, digest, u64 own
 * offset, magic ---- */

void
dn_trailer_clear(DnTrailer *self)
{
    g_clear_pointer(&self->offsets, g_array_unref);
    g_clear_pointer(&self->heads, g_array_unref);
}

DnSha256
dn_trailer_digest(DnDigest *headers, const uint8_t *body, uint64_t size)
{
    dn_digest_add(headers, body, (size_t)size - DN_TRAILER_FOOTER - DN_SHA256_BYTES);
    return dn_digest_finish(headers);
}

GBytes *
dn_trailer_write(const DnTrailer *trailer, uint64_t offset, DnDigest *headers, DnSha256 *out_digest)
{
    size_t size =
        DN_TRAILER_FIXED + 8 * (size_t)trailer->offsets->len + 24 * (size_t)trailer->heads->len;
    uint8_t *body = g_malloc(size);
    uint8_t *next = body;

    dn_put_be(next, trailer->last_commit_end, 8);
    dn_put_be(next + 8, trailer->offsets->len, 8);
    next += 16;
    for (guint i = 0; i < trailer->offsets->len; i++, next += 8)
        dn_put_be(next, g_array_index(trailer->offsets, uint64_t, i), 8);
    dn_put_be(next, trailer->heads->len, 8);
    next += 8;
    for (guint i = 0; i < trailer->heads->len; i++, next += 24) {
        const DnSegmentHead *head = &g_array_index(trailer->heads, DnSegmentHead, i);

        memcpy(next, head->tenant.bytes, DN_UUID_BYTES);
        dn_put_be(next + DN_UUID_BYTES, head->seq, 8);
    }
    *out_digest = dn_trailer_digest(headers, body, size);
    memcpy(next, out_digest->bytes, DN_SHA256_BYTES);
    next += DN_SHA256_BYTES;
    dn_put_be(next, offset, 8);
    memcpy(next + 8, footer_magic, sizeof footer_magic);
    g_assert((size_t)(next + DN_TRAILER_FOOTER - body) == size);
    return g_bytes_new_take(body, size);
}

bool
dn_trailer_read(const uint8_t *in, uint64_t size, DnTrailer *out, GError **error)
{
    g_auto(DnTrailer) trailer = {0};
    uint64_t frames = 0;
    uint64_t heads = 0;
    const uint8_t *next = in;

    if (size >= DN_TRAILER_FIXED) {
        frames = dn_get_be(in + 8, 8);
        if (frames <= (size - DN_TRAILER_FIXED) / 8)
            heads = dn_get_be(in + 16 + 8 * frames, 8);
    }
    if (size < DN_TRAILER_FIXED || frames > (size - DN_TRAILER_FIXED) / 8 || heads > size / 24 ||
        DN_TRAILER_FIXED + 8 * frames + 24 * heads != size)
        return dn_fail(error, DN_ERROR_CORRUPT, "the trailer's lengths do not fit");
    trailer.last_commit_end = dn_get_be(next, 8);
    next += 16;
    trailer.offsets = g_array_sized_new(FALSE, FALSE, sizeof(uint64_t), (guint)frames);
    for (uint64_t i = 0; i < frames; i++, next += 8) {
        uint64_t offset = dn_get_be(next, 8);

        g_array_append_val(trailer.offsets, offset);
    }
    next += 8;
    trailer.heads = g_array_sized_new(FALSE, FALSE, sizeof(DnSegmentHead), (guint)heads);
    for (uint64_t i = 0; i < heads; i++, next += 24) {
        DnSegmentHead head = {.seq = dn_get_be(next + DN_UUID_BYTES, 8)};

        memcpy(head.tenant.bytes, next, DN_UUID_BYTES);
        g_array_append_val(trailer.heads, head);
    }
    memcpy(trailer.digest.bytes, next, DN_SHA256_BYTES);
    *out = trailer;
    trailer = (DnTrailer){0};
    return true;
}

bool
dn_trailer_find(const uint8_t in[DN_TRAILER_FOOTER], uint64_t file_size, uint64_t *out_offset)
{
    uint64_t offset = dn_get_be(in, 8);

    if (memcmp(in + 8, footer_magic, sizeof footer_magic) != 0 || offset < DN_SEGMENT_HEADER ||
        offset > file_size || file_size - offset < DN_FRAME_HEADER + DN_TRAILER_FIXED)
        return false;
    *out_offset = offset;
    return true;
}
