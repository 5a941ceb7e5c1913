/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * codecs/jpeg.c - JPEG over libjpeg.
 *
 * libjpeg leaves a failing call by longjmp. jpeg_guard() is the only place where it lands;
 * everything a step uses lives in the JpegReader on the heap, so that no local variable is lost.
 *
 * A file that ends early is no error to libjpeg: it warns and goes on with gray. Decoding stops
 * here at the end of the block row where the bytes ended, and the rest stays white. Of a
 * progressive file every scan shows the whole page, so all that its scans gave is kept.
 */
#include "config.h"
#include "codecs/codec.h"

#include "base/memory.h"
#include "codecs/exif.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>
#include <jerror.h>

enum {
    /* Real files have at most 14 or so; thousands of empty scans over a large page are a bomb. */
    JPEG_MAX_SCANS = 100,
    JPEG_EXIF_BYTES = 0xffff,
    JPEG_MAX_RETRIES = 4,
};

typedef struct {
    struct jpeg_decompress_struct cinfo;
    struct jpeg_error_mgr trouble;
    struct jpeg_progress_mgr progress;
    jmp_buf escape;
    bool created;
    bool truncated;
    DnErrorCode code;
    char message[JMSG_LENGTH_MAX];
    const uint8_t *data;
    size_t size;
    uint64_t max_memory_bytes;
    /* For the step that decodes: */
    DnPixmap *pixmap;
    uint8_t *cmyk; /* one row */
} JpegReader;

static void
jpeg_reader_free(JpegReader *self)
{
    if (self->created)
        jpeg_destroy_decompress(&self->cinfo);
    dn_pixmap_free(self->pixmap);
    g_free(self->cmyk);
    g_free(self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(JpegReader, jpeg_reader_free)

static DnErrorCode
jpeg_code(int message)
{
    switch (message) {
    case JERR_OUT_OF_MEMORY:
    case JERR_NO_BACKING_STORE:
    case JERR_IMAGE_TOO_BIG:
    case JERR_WIDTH_OVERFLOW:
        return DN_ERROR_LIMIT;
    case JERR_SOF_UNSUPPORTED:
    case JERR_BAD_PRECISION:
    case JERR_ARITH_NOTIMPL:
    case JERR_CONVERSION_NOTIMPL:
    case JERR_NOT_COMPILED:
        return DN_ERROR_UNSUPPORTED;
    default:
        return DN_ERROR_FORMAT;
    }
}

static G_NORETURN void
jpeg_on_error(j_common_ptr cinfo)
{
    JpegReader *self = cinfo->client_data;

    self->code = jpeg_code(cinfo->err->msg_code);
    cinfo->err->format_message(cinfo, self->message);
    longjmp(self->escape, 1);
}

static void
jpeg_on_message(j_common_ptr cinfo, int level)
{
    JpegReader *self = cinfo->client_data;

    if (level >= 0)
        return;
    cinfo->err->num_warnings++;
    if (cinfo->err->msg_code == JWRN_JPEG_EOF || cinfo->err->msg_code == JWRN_HIT_MARKER)
        self->truncated = true;
}

static void
jpeg_on_output(j_common_ptr cinfo G_GNUC_UNUSED)
{
}

static void
jpeg_on_progress(j_common_ptr cinfo)
{
    JpegReader *self = cinfo->client_data;

    if (self->cinfo.input_scan_number <= JPEG_MAX_SCANS)
        return;
    self->code = DN_ERROR_LIMIT;
    g_snprintf(self->message, sizeof self->message, "more than the %d scans allowed",
               JPEG_MAX_SCANS);
    longjmp(self->escape, 1);
}

/* Runs @step; false when it left by an error, which is then in self->code and self->message. */
static bool
jpeg_guard(JpegReader *self, void (*step)(JpegReader *self))
{
    if (setjmp(self->escape))
        return false;
    step(self);
    return true;
}

static void
jpeg_step_header(JpegReader *self)
{
    struct jpeg_decompress_struct *cinfo = &self->cinfo;

    jpeg_create_decompress(cinfo);
    self->created = true;
    cinfo->client_data = self;
    cinfo->progress = &self->progress;
    self->progress.progress_monitor = jpeg_on_progress;
    cinfo->mem->max_memory_to_use = (long)MIN(self->max_memory_bytes, (uint64_t)G_MAXLONG);
    jpeg_mem_src(cinfo, self->data, self->size);
    jpeg_save_markers(cinfo, JPEG_APP0 + 1, JPEG_EXIF_BYTES);
    jpeg_read_header(cinfo, TRUE);
}

/* A reader that has read all before the pixels, of the first @size bytes. */
static JpegReader *
jpeg_reader_new(const DnDocument *document, size_t size, GError **error)
{
    g_autoptr(JpegReader) self = g_new0(JpegReader, 1);

    self->data = g_bytes_get_data(document->bytes, NULL);
    self->size = size;
    self->max_memory_bytes = document->limits.max_memory_bytes;
    self->cinfo.err = jpeg_std_error(&self->trouble);
    self->cinfo.client_data = self;
    self->trouble.error_exit = jpeg_on_error;
    self->trouble.emit_message = jpeg_on_message;
    self->trouble.output_message = jpeg_on_output;
    if (!jpeg_guard(self, jpeg_step_header))
        return dn_fail_null(error, self->code, "%s", self->message);
    if (self->cinfo.num_components != 1 && self->cinfo.num_components != 3 &&
        self->cinfo.num_components != 4)
        return dn_fail_null(error, DN_ERROR_UNSUPPORTED, "%d colour components are not read here",
                            self->cinfo.num_components);
    return g_steal_pointer(&self);
}

static void
jpeg_facts(const JpegReader *self, DnPageInfo *info)
{
    const struct jpeg_decompress_struct *cinfo = &self->cinfo;
    DnExif exif = {.orientation = 1};

    for (jpeg_saved_marker_ptr marker = cinfo->marker_list; marker; marker = marker->next)
        if (marker->marker == JPEG_APP0 + 1 && marker->data_length >= 6 &&
            memcmp(marker->data, "Exif\0", 6) == 0) {
            exif = dn_exif_read(marker->data, marker->data_length);
            break;
        }
    info->width_px = cinfo->image_width;
    info->height_px = cinfo->image_height;
    info->bits_per_sample = (unsigned)cinfo->data_precision;
    info->colour = cinfo->num_components == 1 ? DN_COLOUR_GRAY : DN_COLOUR_RGB;
    info->lossy = true;
    info->compression = cinfo->progressive_mode ? "jpeg-progressive" : "jpeg";
    info->orientation = exif.orientation;
    /* JFIF counts its units 1 inch, 2 centimetre; without one the numbers are only an aspect. */
    if (cinfo->saw_JFIF_marker && cinfo->density_unit > 0) {
        info->dpi_x = dn_exif_dpi(cinfo->X_density, cinfo->density_unit + 1U);
        info->dpi_y = dn_exif_dpi(cinfo->Y_density, cinfo->density_unit + 1U);
    } else {
        info->dpi_x = exif.dpi_x;
        info->dpi_y = exif.dpi_y;
    }
}

static unsigned
jpeg_bid(const uint8_t *head, size_t size)
{
    return size >= 3 && head[0] == 0xff && head[1] == 0xd8 && head[2] == 0xff ? 24 : 0;
}

static DnDocument *
jpeg_open(GBytes *bytes, const DnLimits *limits, GError **error)
{
    g_autoptr(DnDocument) self = dn_document_new(&dn_codec_jpeg, sizeof *self, bytes, limits);
    g_autoptr(JpegReader) reader = jpeg_reader_new(self, g_bytes_get_size(self->bytes), error);

    return reader ? g_steal_pointer(&self) : NULL;
}

static unsigned
jpeg_page_count(const DnDocument *self G_GNUC_UNUSED)
{
    return 1;
}

static bool
jpeg_header(DnDocument *self, unsigned page G_GNUC_UNUSED, DnPageInfo *out_info, GError **error)
{
    g_autoptr(JpegReader) reader = jpeg_reader_new(self, g_bytes_get_size(self->bytes), error);

    if (!reader)
        return false;
    jpeg_facts(reader, out_info);
    return true;
}

static void
jpeg_from_cmyk(const JpegReader *self, uint8_t *to)
{
    const uint8_t *from = self->cmyk;
    /* Adobe stores ink upside down: 255 is no ink. */
    unsigned flip = self->cinfo.saw_Adobe_marker ? 0 : 255;

    for (uint32_t x = 0; x < self->pixmap->width_px; x++, from += 4)
        for (unsigned c = 0; c < 3; c++)
            *to++ = (uint8_t)(((from[c] ^ flip) * (from[3] ^ flip) + 127) / 255);
}

static void
jpeg_step_rows(JpegReader *self)
{
    struct jpeg_decompress_struct *cinfo = &self->cinfo;
    uint32_t block_rows = 0;

    cinfo->out_color_space = cinfo->num_components == 1   ? JCS_GRAYSCALE
                             : cinfo->num_components == 3 ? JCS_RGB
                                                          : JCS_CMYK;
    jpeg_start_decompress(cinfo);
    block_rows = (uint32_t)cinfo->max_v_samp_factor * DCTSIZE;
    while (cinfo->output_scanline < cinfo->output_height) {
        uint8_t *row = dn_pixmap_row(self->pixmap, cinfo->output_scanline);
        JSAMPROW target = self->cmyk ? self->cmyk : row;

        jpeg_read_scanlines(cinfo, &target, 1);
        if (self->cmyk)
            jpeg_from_cmyk(self, row);
        if (self->truncated && !cinfo->progressive_mode && cinfo->output_scanline % block_rows == 0)
            return;
    }
    /* What follows the last row may be cut off: it shows nothing. */
}

/* Decodes the first @size bytes; @out_between says that they end between two scans. */
static DnPixmap *
jpeg_decode_first(DnDocument *self, size_t size, DnFailOn fail_on, bool *out_between,
                  GError **error)
{
    g_autoptr(JpegReader) reader = jpeg_reader_new(self, size, error);
    DnPageInfo info = {.orientation = 1};
    DnPixmap *pixmap = NULL;
    bool whole = false;

    if (!reader)
        return NULL;
    jpeg_facts(reader, &info);
    pixmap = reader->pixmap = dn_pixmap_new(
        info.width_px, info.height_px,
        info.colour == DN_COLOUR_RGB ? DN_PIXEL_RGB24 : DN_PIXEL_GRAY8, &self->limits, error);
    if (!pixmap)
        return NULL;
    pixmap->dpi_x = info.dpi_x;
    pixmap->dpi_y = info.dpi_y;
    if (reader->cinfo.num_components == 4) {
        reader->cmyk = dn_try_array(info.width_px, 4, error);
        if (!reader->cmyk)
            return NULL;
    }
    whole = jpeg_guard(reader, jpeg_step_rows);
    *out_between = !whole && reader->truncated && reader->cinfo.progressive_mode &&
                   reader->code == DN_ERROR_FORMAT;
    if (!whole && (fail_on == DN_FAIL_ON_TRUNCATED || reader->code != DN_ERROR_FORMAT ||
                   reader->cinfo.output_scanline == 0))
        return dn_fail_null(error, reader->code, "%s", reader->message);
    if (reader->truncated && fail_on == DN_FAIL_ON_TRUNCATED)
        return dn_fail_null(error, DN_ERROR_FORMAT, "the picture is cut off at row %u of %u",
                            reader->cinfo.output_scanline, info.height_px);
    return g_steal_pointer(&reader->pixmap);
}

/* Where the last marker segment of the first @size bytes begins; 0 when there is none. */
static size_t
jpeg_last_marker(const uint8_t *data, size_t size)
{
    for (size_t at = size; at-- > 1;) {
        uint8_t code = data[at];

        if (data[at - 1] == 0xff && code != 0 && code != 0xff &&
            !(code >= JPEG_RST0 && code < JPEG_RST0 + 8))
            return at - 1;
    }
    return 0;
}

static DnPixmap *
jpeg_decode(DnDocument *self, unsigned page G_GNUC_UNUSED, DnFailOn fail_on, GError **error)
{
    g_autoptr(GError) cause = NULL;
    size_t size = 0;
    const uint8_t *data = g_bytes_get_data(self->bytes, &size);
    bool between = false;
    DnPixmap *pixmap = jpeg_decode_first(self, size, fail_on, &between, &cause);

    /* A progressive file that is cut within the tables of a scan is refused as a whole. Without
     * that unfinished part the scans before it can be shown. */
    for (unsigned i = 0; i < JPEG_MAX_RETRIES && !pixmap && between && fail_on == DN_FAIL_ON_ERROR;
         i++) {
        size = jpeg_last_marker(data, size);
        between = false;
        pixmap = jpeg_decode_first(self, size, fail_on, &between, NULL);
    }
    if (!pixmap)
        g_propagate_error(error, g_steal_pointer(&cause));
    return pixmap;
}

static void
jpeg_close(DnDocument *self G_GNUC_UNUSED)
{
}

/* ---- writing: for what is shown, and not kept as evidence ---- */

typedef struct {
    struct jpeg_compress_struct cinfo;
    struct jpeg_error_mgr trouble;
    jmp_buf escape;
    unsigned char *bytes;
    unsigned long size;
    const DnPixmap *pixels;
    int quality;
} JpegWriter;

static void
jpeg_write_on_error(j_common_ptr cinfo)
{
    JpegWriter *self = cinfo->client_data;

    longjmp(self->escape, 1);
}

static void
jpeg_write_on_output(j_common_ptr cinfo)
{
    (void)cinfo; /* nothing goes to standard error */
}

static void
jpeg_write_all(JpegWriter *self)
{
    const DnPixmap *pixels = self->pixels;

    jpeg_create_compress(&self->cinfo);
    jpeg_mem_dest(&self->cinfo, &self->bytes, &self->size);
    self->cinfo.image_width = pixels->width_px;
    self->cinfo.image_height = pixels->height_px;
    self->cinfo.input_components = (int)pixels->format;
    self->cinfo.in_color_space = pixels->format == DN_PIXEL_GRAY8 ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_set_defaults(&self->cinfo);
    jpeg_set_quality(&self->cinfo, self->quality, TRUE);
    jpeg_start_compress(&self->cinfo, TRUE);
    while (self->cinfo.next_scanline < self->cinfo.image_height) {
        JSAMPROW row = dn_pixmap_row(pixels, self->cinfo.next_scanline);

        jpeg_write_scanlines(&self->cinfo, &row, 1);
    }
    jpeg_finish_compress(&self->cinfo);
}

static bool
jpeg_write_guard(JpegWriter *self)
{
    if (setjmp(self->escape))
        return false;
    jpeg_write_all(self);
    return true;
}

GBytes *
dn_pixmap_to_jpeg(const DnPixmap *self, int quality, GError **error)
{
    g_autofree JpegWriter *writer = g_new0(JpegWriter, 1);
    GBytes *jpeg = NULL;

    if (self->width_px > JPEG_MAX_DIMENSION || self->height_px > JPEG_MAX_DIMENSION)
        return dn_fail_null(error, DN_ERROR_LIMIT, "%u x %u px are more than a JPEG holds",
                            self->width_px, self->height_px);
    writer->cinfo.err = jpeg_std_error(&writer->trouble);
    writer->cinfo.client_data = writer;
    writer->trouble.error_exit = jpeg_write_on_error;
    writer->trouble.output_message = jpeg_write_on_output;
    writer->pixels = self;
    writer->quality = quality;
    bool written = jpeg_write_guard(writer);

    jpeg_destroy_compress(&writer->cinfo);
    if (written)
        jpeg = g_bytes_new_with_free_func(writer->bytes, writer->size, free, writer->bytes);
    else
        free(writer->bytes); /* the library asks malloc */
    return written ? jpeg : dn_fail_null(error, DN_ERROR_LIMIT, "no memory for a JPEG of the page");
}

const DnCodec dn_codec_jpeg = {
    .name = "jpeg",
    .media_type = "image/jpeg",
    .bid = jpeg_bid,
    .open = jpeg_open,
    .page_count = jpeg_page_count,
    .header = jpeg_header,
    .decode = jpeg_decode,
    .close = jpeg_close,
};
