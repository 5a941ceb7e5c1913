/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * codecs/png.c - PNG over libpng.
 *
 * libpng leaves a failing call by longjmp. png_guard() is the only place where it lands; everything
 * a step uses lives in the PngReader on the heap, so that no local variable is lost on the way.
 */
#include "config.h"
#include "codecs/codec.h"

#include "base/log.h"
#include "base/memory.h"
#include "codecs/exif.h"

#include <png.h>
#include <setjmp.h>
#include <string.h>

enum {
    PNG_MAX_CHUNKS = 128,          /* kept of text and such */
    PNG_MAX_CHUNK_BYTES = 8 << 20, /* of one, unpacked */
    PNG_SIGNATURE_BYTES = 8,       /* before the first chunk */
    PNG_CHUNK_BYTES = 12,          /* of a chunk beside its data: length, name, check sum */
    PNG_MESSAGE_BYTES = 120,
    /* libpng unpacks nothing of a piece that it could not read whole, so of a picture that is cut
     * off as much as this is lost. */
    PNG_PIECE_BYTES = 64,
};

typedef struct {
    const uint8_t *data;
    size_t size;
    size_t position;
    const DnLimits *limits;
    png_structp png;
    png_infop info;
    char message[PNG_MESSAGE_BYTES];
    /* For the step that decodes: */
    DnPixmap *pixmap;
    uint8_t *rows;      /* where rows with alpha go before they are flattened */
    uint32_t rows_done; /* of the last pass */
    unsigned channels;
    unsigned passes;
} PngReader;

static void
png_reader_free(PngReader *self)
{
    png_destroy_read_struct(&self->png, &self->info, NULL);
    dn_pixmap_free(self->pixmap);
    g_free(self->rows);
    g_free(self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PngReader, png_reader_free)

static void
png_on_read(png_structp png, png_bytep to, png_size_t size)
{
    PngReader *self = png_get_io_ptr(png);

    if (size > self->size - self->position)
        png_error(png, "the picture is cut off");
    memcpy(to, self->data + self->position, size);
    self->position += size;
}

static G_NORETURN void
png_on_error(png_structp png, png_const_charp message)
{
    PngReader *self = png_get_error_ptr(png);

    g_strlcpy(self->message, message, sizeof self->message);
    png_longjmp(png, 1);
}

static void
png_on_warning(png_structp png G_GNUC_UNUSED, png_const_charp message G_GNUC_UNUSED)
{
}

/* Runs @step; false when it left by an error, whose words are then in self->message. */
static bool
png_guard(PngReader *self, void (*step)(PngReader *self))
{
    if (setjmp(png_jmpbuf(self->png)))
        return false;
    step(self);
    return true;
}

static bool
png_fail(const PngReader *self, GError **error)
{
    g_autofree char *said = dn_log_escape(self->message);

    return dn_fail(error, DN_ERROR_FORMAT, "%s (at byte %zu)", said, self->position);
}

static void
png_step_header(PngReader *self)
{
    /* Colour profiles and texts are not needed, and can be bombs. */
    static const png_byte unread[] = "iCCP\0zTXt\0iTXt\0tEXt\0sPLT";

    png_set_read_fn(self->png, self, png_on_read);
    png_set_user_limits(self->png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
    png_set_chunk_cache_max(self->png, PNG_MAX_CHUNKS);
    png_set_chunk_malloc_max(self->png, PNG_MAX_CHUNK_BYTES);
    png_set_compression_buffer_size(self->png, PNG_PIECE_BYTES);
    png_set_keep_unknown_chunks(self->png, PNG_HANDLE_CHUNK_NEVER, unread, sizeof unread / 5);
    png_read_info(self->png, self->info);
}

/* A reader that has read all before the pixels. */
static PngReader *
png_reader_new(const DnDocument *document, GError **error)
{
    g_autoptr(PngReader) self = g_new0(PngReader, 1);

    self->data = g_bytes_get_data(document->bytes, &self->size);
    self->limits = &document->limits;
    self->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, self, png_on_error, png_on_warning);
    self->info = self->png ? png_create_info_struct(self->png) : NULL;
    if (!self->info)
        return dn_fail_null(error, DN_ERROR_LIMIT, "no memory for libpng");
    if (!png_guard(self, png_step_header)) {
        png_fail(self, error);
        return NULL;
    }
    return g_steal_pointer(&self);
}

/* The orientation in an eXIf chunk, which may also stand behind the pixels. */
static unsigned
png_orientation(const uint8_t *data, size_t size)
{
    size_t at = PNG_SIGNATURE_BYTES;

    while (at <= size && size - at >= PNG_CHUNK_BYTES) {
        size_t length = (size_t)data[at] << 24 | (size_t)data[at + 1] << 16 |
                        (size_t)data[at + 2] << 8 | data[at + 3];

        if (length > size - at - PNG_CHUNK_BYTES)
            break;
        if (memcmp(data + at + 4, "eXIf", 4) == 0)
            return dn_exif_read(data + at + 8, length).orientation;
        at += PNG_CHUNK_BYTES + length;
    }
    return 1;
}

static void
png_facts(PngReader *self, DnPageInfo *info)
{
    png_uint_32 dots_x = 0;
    png_uint_32 dots_y = 0;
    int unit = PNG_RESOLUTION_UNKNOWN;
    int colour = png_get_color_type(self->png, self->info);

    info->width_px = png_get_image_width(self->png, self->info);
    info->height_px = png_get_image_height(self->png, self->info);
    info->bits_per_sample = png_get_bit_depth(self->png, self->info);
    info->colour = DN_COLOUR_RGB;
    if (!(colour & PNG_COLOR_MASK_COLOR))
        info->colour = info->bits_per_sample == 1 ? DN_COLOUR_BILEVEL : DN_COLOUR_GRAY;
    if (png_get_pHYs(self->png, self->info, &dots_x, &dots_y, &unit) &&
        unit == PNG_RESOLUTION_METER) {
        info->dpi_x = dn_exif_dpi(dots_x / 100.0, DN_EXIF_UNIT_CENTIMETRE);
        info->dpi_y = dn_exif_dpi(dots_y / 100.0, DN_EXIF_UNIT_CENTIMETRE);
    }
    info->orientation = png_orientation(self->data, self->size);
    info->compression = "deflate";
}

static unsigned
png_bid(const uint8_t *head, size_t size)
{
    return size >= PNG_SIGNATURE_BYTES && png_sig_cmp(head, 0, PNG_SIGNATURE_BYTES) == 0 ? 64 : 0;
}

static DnDocument *
png_open(GBytes *bytes, const DnLimits *limits, GError **error)
{
    g_autoptr(DnDocument) self = dn_document_new(&dn_codec_png, sizeof *self, bytes, limits);
    g_autoptr(PngReader) reader = png_reader_new(self, error);

    return reader ? g_steal_pointer(&self) : NULL;
}

static unsigned
png_page_count(const DnDocument *self G_GNUC_UNUSED)
{
    return 1;
}

static bool
png_header(DnDocument *self, unsigned page G_GNUC_UNUSED, DnPageInfo *out_info, GError **error)
{
    g_autoptr(PngReader) reader = png_reader_new(self, error);

    if (!reader)
        return false;
    png_facts(reader, out_info);
    return true;
}

static void
png_step_start(PngReader *self)
{
    png_set_user_limits(self->png, self->limits->max_side_px, self->limits->max_side_px);
    png_set_expand(self->png);
    png_set_scale_16(self->png);
    self->passes = (unsigned)png_set_interlace_handling(self->png);
    png_read_update_info(self->png, self->info);
    self->channels = png_get_channels(self->png, self->info);
}

static void
png_on_white(const uint8_t *from, size_t count, unsigned colours, uint8_t *to)
{
    for (size_t x = 0; x < count; x++, from += colours + 1)
        for (unsigned c = 0; c < colours; c++)
            *to++ =
                (uint8_t)((from[c] * from[colours] + 255U * (255U - from[colours]) + 127) / 255);
}

static void
png_step_rows(PngReader *self)
{
    DnPixmap *pixmap = self->pixmap;
    size_t stride = (size_t)pixmap->width_px * self->channels;

    for (unsigned pass = 0; pass < self->passes; pass++)
        for (uint32_t y = 0; y < pixmap->height_px; y++) {
            /* A picture that comes in passes needs what the pass before left in each row. */
            uint8_t *row = self->rows ? self->rows + (self->passes > 1 ? y * stride : 0)
                                      : dn_pixmap_row(pixmap, y);

            png_read_row(self->png, row, NULL);
            if (self->rows && self->passes == 1)
                png_on_white(row, pixmap->width_px, pixmap->format, dn_pixmap_row(pixmap, y));
            self->rows_done++;
        }
    png_read_end(self->png, NULL);
}

static DnPixmap *
png_decode(DnDocument *self, unsigned page G_GNUC_UNUSED, DnFailOn fail_on, GError **error)
{
    g_autoptr(PngReader) reader = png_reader_new(self, error);
    DnPageInfo info = {.orientation = 1};
    DnPixmap *pixmap = NULL;

    if (!reader)
        return NULL;
    png_facts(reader, &info);
    pixmap = reader->pixmap = dn_pixmap_new(
        info.width_px, info.height_px,
        info.colour == DN_COLOUR_RGB ? DN_PIXEL_RGB24 : DN_PIXEL_GRAY8, &self->limits, error);
    if (!pixmap)
        return NULL;
    pixmap->dpi_x = info.dpi_x;
    pixmap->dpi_y = info.dpi_y;
    if (!png_guard(reader, png_step_start)) {
        png_fail(reader, error);
        return NULL;
    }
    if (reader->channels != pixmap->format && reader->channels != pixmap->format + 1U)
        return dn_fail_null(error, DN_ERROR_EXTERNAL, "libpng gives %u channels", reader->channels);
    if (reader->channels != pixmap->format) {
        size_t stride = (size_t)pixmap->width_px * reader->channels;

        /* Zero is transparent, so what is never decoded is white. */
        reader->rows = dn_try_array(reader->passes > 1 ? pixmap->height_px : 1, stride, error);
        if (!reader->rows)
            return NULL;
    }
    if (!png_guard(reader, png_step_rows) &&
        (fail_on == DN_FAIL_ON_TRUNCATED || reader->rows_done == 0)) {
        png_fail(reader, error);
        return NULL;
    }
    if (reader->rows && reader->passes > 1)
        png_on_white(reader->rows, (size_t)pixmap->width_px * pixmap->height_px, pixmap->format,
                     pixmap->data);
    return g_steal_pointer(&reader->pixmap);
}

static void
png_close(DnDocument *self G_GNUC_UNUSED)
{
}

const DnCodec dn_codec_png = {
    .name = "png",
    .media_type = "image/png",
    .bid = png_bid,
    .open = png_open,
    .page_count = png_page_count,
    .header = png_header,
    .decode = png_decode,
    .close = png_close,
};
