/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * codecs/tiff.c - TIFF over libtiff.
 *
 * Pages: the chain of directories is walked here, on the bytes, because a hostile chain may loop or
 * fork; libtiff is then asked for one directory by its offset. Thumbnails and masks are no pages.
 *
 * Pixels: strips and tiles are decoded one at a time into a block buffer, unpacked to 8-bit samples
 * and converted to gray or RGB. What is not made of plain samples (YCbCr without JPEG, L*a*b*,
 * LogLuv, old-style JPEG) goes block-wise through libtiff's RGBA interface, which is told that the
 * wanted orientation is the stored one and so turns nothing.
 *
 * Damage: a block that ends beyond the file is decoded again from the bytes that are there, into a
 * buffer that was white before, so its rest stays white.
 */
#include "config.h"
#include "codecs/codec.h"

#include "base/log.h"
#include "base/memory.h"
#include "codecs/exif.h"

#include <stdio.h>
#include <string.h>
#include <tiffio.h>

enum {
    TIFF_MAX_SAMPLES = 8,
    TIFF_MAX_INDEXED_BITS = 8,
    TIFF_TROUBLE_BYTES = 160,
    TIFF_SPARE_BYTES = 1 << 16, /* what tables add to an encoded block */
    /* Directories looked at for each page that may be read: room for a thumbnail and a mask. */
    TIFF_DIRECTORIES_PER_PAGE = 3,
};

typedef struct {
    DnDocument base;
    TIFF *tiff;
    const uint8_t *data;
    uint64_t size;
    uint64_t position;
    GArray *pages; /* of uint64_t: offset of the directory */
    /* The first thing libtiff complained about since tiff_select(). */
    char trouble[TIFF_TROUBLE_BYTES];
} TiffDocument;

/* How the samples of one page lie. */
typedef struct {
    DnPageInfo info;
    uint16_t photometric;
    uint16_t samples; /* a pixel, alpha and unknown ones included */
    uint16_t colours; /* of these, the ones that are colour */
    uint16_t format;
    uint16_t compression;
    bool planar;
    bool tiled;
    bool has_alpha;  /* the sample after the colours */
    bool associated; /* colours are multiplied by it already */
    bool foreign;    /* left to libtiff's RGBA interface */
    uint32_t block_width_px;
    uint32_t block_height_px;
    uint8_t palette[1U << TIFF_MAX_INDEXED_BITS][3];
} TiffLayout;

static const struct {
    uint16_t compression;
    bool lossy;
    const char *name;
} tiff_compressions[] = {
    {COMPRESSION_NONE, false, "none"},
    {COMPRESSION_CCITTRLE, false, "ccitt-rle"},
    {COMPRESSION_CCITTRLEW, false, "ccitt-rlew"},
    {COMPRESSION_CCITTFAX3, false, "ccitt-g3"},
    {COMPRESSION_CCITTFAX4, false, "ccitt-g4"},
    {COMPRESSION_LZW, false, "lzw"},
    {COMPRESSION_OJPEG, true, "jpeg"},
    {COMPRESSION_JPEG, true, "jpeg"},
    {COMPRESSION_PACKBITS, false, "packbits"},
    {COMPRESSION_THUNDERSCAN, false, "thunderscan"},
    {COMPRESSION_NEXT, false, "next"},
    {COMPRESSION_ADOBE_DEFLATE, false, "deflate"},
    {COMPRESSION_DEFLATE, false, "deflate"},
    {COMPRESSION_PIXARLOG, true, "pixarlog"},
    {COMPRESSION_JBIG, false, "jbig"},
    {COMPRESSION_SGILOG, true, "sgilog"},
    {COMPRESSION_SGILOG24, true, "sgilog"},
    {COMPRESSION_LZMA, false, "lzma"},
    {COMPRESSION_ZSTD, false, "zstd"},
    {COMPRESSION_WEBP, true, "webp"},
    {COMPRESSION_LERC, true, "lerc"},
};

/* The memory as libtiff's file. */

static tmsize_t
tiff_io_read(thandle_t handle, void *buffer, tmsize_t size)
{
    TiffDocument *self = handle;
    uint64_t left = self->position < self->size ? self->size - self->position : 0;

    if (size <= 0)
        return 0;
    if ((uint64_t)size > left)
        size = (tmsize_t)left;
    memcpy(buffer, self->data + self->size - left, (size_t)size);
    self->position += (uint64_t)size;
    return size;
}

static tmsize_t
tiff_io_write(thandle_t handle G_GNUC_UNUSED, void *buffer G_GNUC_UNUSED,
              tmsize_t size G_GNUC_UNUSED)
{
    return -1;
}

static toff_t
tiff_io_seek(thandle_t handle, toff_t offset, int whence)
{
    TiffDocument *self = handle;

    if (whence == SEEK_CUR)
        offset += self->position;
    else if (whence == SEEK_END)
        offset += self->size;
    self->position = offset;
    return offset;
}

static int
tiff_io_close(thandle_t handle G_GNUC_UNUSED)
{
    return 0;
}

static toff_t
tiff_io_size(thandle_t handle)
{
    return ((TiffDocument *)handle)->size;
}

static int G_GNUC_PRINTF(4, 0)
    tiff_io_error(TIFF *tiff G_GNUC_UNUSED, void *user_data, const char *module G_GNUC_UNUSED,
                  const char *fmt, va_list args)
{
    TiffDocument *self = user_data;

    if (self->trouble[0] == '\0')
        vsnprintf(self->trouble, sizeof self->trouble, fmt, args);
    return 1;
}

static int G_GNUC_PRINTF(4, 0)
    tiff_io_warning(TIFF *tiff G_GNUC_UNUSED, void *user_data G_GNUC_UNUSED,
                    const char *module G_GNUC_UNUSED, const char *fmt G_GNUC_UNUSED,
                    va_list args G_GNUC_UNUSED)
{
    return 1;
}

/* Sets FORMAT with what libtiff said; false. */
static bool
tiff_fail(const TiffDocument *self, const char *what, GError **error)
{
    g_autofree char *said = dn_log_escape(self->trouble[0] ? self->trouble : "damaged");

    return dn_fail(error, DN_ERROR_FORMAT, "%s: %s", what, said);
}

/* The chain of directories. */

typedef struct {
    const uint8_t *data;
    uint64_t size;
    bool big_endian;
    bool big_tiff;
} TiffBytes;

static bool
tiff_number(const TiffBytes *self, uint64_t offset, unsigned width, uint64_t *out)
{
    uint64_t value = 0;

    if (offset > self->size || self->size - offset < width)
        return false;
    for (unsigned i = 0; i < width; i++)
        value = value << 8 | self->data[offset + (self->big_endian ? i : width - 1 - i)];
    *out = value;
    return true;
}

/* Where the next directory lies, and whether the one at @offset is a page. False when @offset holds
 * no directory. */
static bool
tiff_directory(const TiffBytes *self, uint64_t offset, bool *out_is_page, uint64_t *out_next)
{
    unsigned count_width = self->big_tiff ? 8 : 2;
    unsigned entry_bytes = self->big_tiff ? 20 : 12;
    unsigned link_width = self->big_tiff ? 8 : 4;
    uint64_t count = 0;
    uint64_t first = 0;
    uint64_t tag = 0;
    uint64_t type = 0;
    uint64_t kind = 0;

    if (!tiff_number(self, offset, count_width, &count) || count == 0 ||
        count > self->size / entry_bytes)
        return false;
    first = offset + count_width;
    *out_is_page = true;
    /* Tags are in ascending order and this is the lowest. */
    if (tiff_number(self, first, 2, &tag) && tag == TIFFTAG_SUBFILETYPE &&
        tiff_number(self, first + 2, 2, &type) &&
        tiff_number(self, first + (self->big_tiff ? 12 : 8), type == TIFF_SHORT ? 2 : 4, &kind))
        *out_is_page = (kind & (FILETYPE_REDUCEDIMAGE | FILETYPE_MASK)) == 0;
    /* A chain that is cut off ends. */
    if (!tiff_number(self, first + count * entry_bytes, link_width, out_next))
        *out_next = 0;
    return true;
}

static bool
tiff_list_pages(TiffDocument *self, GError **error)
{
    TiffBytes bytes = {.data = self->data, .size = self->size};
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    uint64_t most = (uint64_t)self->base.limits.max_pages + 1;
    uint64_t first = 0;
    uint64_t version = 0;
    uint64_t next = 0;
    bool is_page = false;

    bytes.big_endian = self->data[0] == 'M';
    bytes.big_tiff = tiff_number(&bytes, 2, 2, &version) && version == TIFF_VERSION_BIG;
    if (!tiff_number(&bytes, bytes.big_tiff ? 8 : 4, bytes.big_tiff ? 8 : 4, &first))
        return dn_fail(error, DN_ERROR_FORMAT, "the header is cut off");
    for (uint64_t offset = first; offset != 0 && self->pages->len < most; offset = next) {
        if (g_hash_table_size(seen) >= most * TIFF_DIRECTORIES_PER_PAGE ||
            g_hash_table_contains(seen, &offset) ||
            !tiff_directory(&bytes, offset, &is_page, &next))
            break;
        g_hash_table_add(seen, g_memdup2(&offset, sizeof offset));
        if (is_page)
            g_array_append_val(self->pages, offset);
    }
    if (self->pages->len == 0 && g_hash_table_size(seen) > 0)
        g_array_append_val(self->pages, first);
    if (self->pages->len == 0)
        return dn_fail(error, DN_ERROR_FORMAT, "no directory of a page at byte %" G_GUINT64_FORMAT,
                       first);
    return true;
}

static unsigned
tiff_bid(const uint8_t *head, size_t size)
{
    static const uint8_t marks[][4] = {
        {'I', 'I', 42, 0}, {'M', 'M', 0, 42}, {'I', 'I', 43, 0}, {'M', 'M', 0, 43}};

    for (size_t i = 0; i < G_N_ELEMENTS(marks); i++)
        if (size >= sizeof marks[i] && memcmp(head, marks[i], sizeof marks[i]) == 0)
            return 32;
    return 0;
}

static DnDocument *
tiff_open(GBytes *bytes, const DnLimits *limits, GError **error)
{
    g_autoptr(DnDocument) base =
        dn_document_new(&dn_codec_tiff, sizeof(TiffDocument), bytes, limits);
    TiffDocument *self = (TiffDocument *)base;
    TIFFOpenOptions *options = NULL;
    size_t size = 0;

    self->data = g_bytes_get_data(bytes, &size);
    self->size = size;
    self->pages = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    if (!tiff_list_pages(self, error))
        return NULL;
    options = TIFFOpenOptionsAlloc();
    if (!options)
        return dn_fail_null(error, DN_ERROR_LIMIT, "no memory for libtiff");
    TIFFOpenOptionsSetMaxSingleMemAlloc(
        options, (tmsize_t)MIN(limits->max_memory_bytes, (uint64_t)G_MAXSSIZE));
    TIFFOpenOptionsSetErrorHandlerExtR(options, tiff_io_error, self);
    TIFFOpenOptionsSetWarningHandlerExtR(options, tiff_io_warning, self);
    /* r: read, m: no mapping, h: no directory yet. */
    self->tiff = TIFFClientOpenExt("document", "rmh", self, tiff_io_read, tiff_io_write,
                                   tiff_io_seek, tiff_io_close, tiff_io_size, NULL, NULL, options);
    TIFFOpenOptionsFree(options);
    if (!self->tiff) {
        tiff_fail(self, "header", error);
        return NULL;
    }
    return g_steal_pointer(&base);
}

static void
tiff_close(DnDocument *base)
{
    TiffDocument *self = (TiffDocument *)base;

    g_clear_pointer(&self->tiff, TIFFClose);
    g_clear_pointer(&self->pages, g_array_unref);
}

static unsigned
tiff_page_count(const DnDocument *base)
{
    return ((const TiffDocument *)base)->pages->len;
}

/* One page's layout. */

static bool
tiff_select(TiffDocument *self, unsigned page, GError **error)
{
    self->trouble[0] = '\0';
    if (!TIFFSetSubDirectory(self->tiff, g_array_index(self->pages, uint64_t, page)))
        return tiff_fail(self, "directory", error);
    return true;
}

static void
tiff_resolution(TIFF *tiff, DnPageInfo *info)
{
    float x = 0;
    float y = 0;
    uint16_t unit = RESUNIT_INCH;

    TIFFGetFieldDefaulted(tiff, TIFFTAG_RESOLUTIONUNIT, &unit);
    if (TIFFGetField(tiff, TIFFTAG_XRESOLUTION, &x))
        info->dpi_x = dn_exif_dpi((double)x, unit);
    if (TIFFGetField(tiff, TIFFTAG_YRESOLUTION, &y))
        info->dpi_y = dn_exif_dpi((double)y, unit);
}

static bool
tiff_compression(TiffLayout *layout, GError **error)
{
    if (!TIFFIsCODECConfigured(layout->compression))
        return dn_fail(error, DN_ERROR_UNSUPPORTED, "compression %u is not read here",
                       layout->compression);
    layout->info.compression = "other";
    for (size_t i = 0; i < G_N_ELEMENTS(tiff_compressions); i++)
        if (tiff_compressions[i].compression == layout->compression) {
            layout->info.compression = tiff_compressions[i].name;
            layout->info.lossy = tiff_compressions[i].lossy;
        }
    return true;
}

static bool
tiff_palette(TIFF *tiff, TiffLayout *layout, GError **error)
{
    uint16_t *channel[3] = {NULL, NULL, NULL};
    uint16_t highest = 0;
    unsigned count = 1U << layout->info.bits_per_sample;

    if (layout->info.bits_per_sample > TIFF_MAX_INDEXED_BITS)
        return dn_fail(error, DN_ERROR_UNSUPPORTED, "a palette of %u bits is not read here",
                       layout->info.bits_per_sample);
    if (!TIFFGetField(tiff, TIFFTAG_COLORMAP, &channel[0], &channel[1], &channel[2]))
        return dn_fail(error, DN_ERROR_FORMAT, "the palette is missing");
    for (unsigned i = 0; i < count; i++)
        for (unsigned c = 0; c < 3; c++)
            highest = MAX(highest, channel[c][i]);
    /* Some old writers gave 8 bits where the format has 16. */
    for (unsigned i = 0; i < count; i++)
        for (unsigned c = 0; c < 3; c++)
            layout->palette[i][c] = (uint8_t)(highest < 256 ? channel[c][i] : channel[c][i] >> 8);
    return true;
}

/* What the samples are; false when they are nothing that is read here. */
static bool
tiff_colours(TIFF *tiff, TiffLayout *layout, GError **error)
{
    uint16_t extra_count = 0;
    uint16_t *extra = NULL;
    unsigned bits = layout->info.bits_per_sample;
    bool plain_bits = bits >= 1 && bits <= 16;

    layout->info.colour = DN_COLOUR_RGB;
    layout->colours = 3;
    switch (layout->photometric) {
    case PHOTOMETRIC_MINISBLACK:
    case PHOTOMETRIC_MINISWHITE:
    case PHOTOMETRIC_MASK:
        layout->info.colour = bits == 1 ? DN_COLOUR_BILEVEL : DN_COLOUR_GRAY;
        layout->colours = 1;
        plain_bits = plain_bits || bits == 32;
        break;
    case PHOTOMETRIC_PALETTE:
        layout->colours = 1;
        if (!tiff_palette(tiff, layout, error))
            return false;
        break;
    case PHOTOMETRIC_RGB:
        break;
    case PHOTOMETRIC_SEPARATED:
        layout->colours = 4;
        break;
    case PHOTOMETRIC_YCBCR:
        layout->foreign = layout->compression != COMPRESSION_JPEG || layout->planar;
        break;
    case PHOTOMETRIC_CIELAB:
    case PHOTOMETRIC_LOGLUV:
        layout->foreign = true;
        break;
    case PHOTOMETRIC_LOGL:
        layout->info.colour = DN_COLOUR_GRAY;
        layout->colours = 1;
        layout->foreign = true;
        break;
    default:
        return dn_fail(error, DN_ERROR_UNSUPPORTED, "colour space %u is not read here",
                       layout->photometric);
    }
    layout->foreign = layout->foreign || layout->compression == COMPRESSION_OJPEG;
    if (layout->foreign)
        return true;
    if (layout->samples < layout->colours)
        return dn_fail(error, DN_ERROR_FORMAT, "%u samples a pixel where the colours need %u",
                       layout->samples, layout->colours);
    if (layout->format != SAMPLEFORMAT_UINT && layout->format != SAMPLEFORMAT_VOID)
        return dn_fail(error, DN_ERROR_UNSUPPORTED, "samples of format %u are not read here",
                       layout->format);
    if (!plain_bits)
        return dn_fail(error, DN_ERROR_UNSUPPORTED, "samples of %u bits are not read here", bits);
    if (layout->samples > layout->colours &&
        TIFFGetFieldDefaulted(tiff, TIFFTAG_EXTRASAMPLES, &extra_count, &extra) &&
        extra_count > 0) {
        layout->has_alpha =
            extra[0] == EXTRASAMPLE_ASSOCALPHA || extra[0] == EXTRASAMPLE_UNASSALPHA;
        layout->associated = extra[0] == EXTRASAMPLE_ASSOCALPHA;
    }
    return true;
}

/* Reads the facts of @page and leaves libtiff at its directory. */
static bool
tiff_layout(TiffDocument *self, unsigned page, TiffLayout *layout, GError **error)
{
    TIFF *tiff = self->tiff;
    DnPageInfo *info = &layout->info;
    uint16_t bits = 1;
    uint16_t orientation = ORIENTATION_TOPLEFT;
    uint16_t planar = PLANARCONFIG_CONTIG;

    if (!tiff_select(self, page, error))
        return false;
    if (!TIFFGetField(tiff, TIFFTAG_IMAGEWIDTH, &info->width_px) ||
        !TIFFGetField(tiff, TIFFTAG_IMAGELENGTH, &info->height_px))
        return dn_fail(error, DN_ERROR_FORMAT, "the size of the picture is missing");
    layout->samples = 1;
    layout->format = SAMPLEFORMAT_UINT;
    layout->compression = COMPRESSION_NONE;
    TIFFGetFieldDefaulted(tiff, TIFFTAG_BITSPERSAMPLE, &bits);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_SAMPLESPERPIXEL, &layout->samples);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_SAMPLEFORMAT, &layout->format);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_COMPRESSION, &layout->compression);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_ORIENTATION, &orientation);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_PLANARCONFIG, &planar);
    if (!TIFFGetField(tiff, TIFFTAG_PHOTOMETRIC, &layout->photometric))
        layout->photometric = layout->samples >= 3 ? PHOTOMETRIC_RGB : PHOTOMETRIC_MINISBLACK;
    if (layout->samples == 0 || layout->samples > TIFF_MAX_SAMPLES)
        return dn_fail(error, DN_ERROR_UNSUPPORTED, "%u samples a pixel are not read here",
                       layout->samples);
    info->bits_per_sample = bits;
    info->orientation = dn_exif_orientation(orientation);
    layout->planar = planar == PLANARCONFIG_SEPARATE && layout->samples > 1;
    tiff_resolution(tiff, info);
    return tiff_compression(layout, error) && tiff_colours(tiff, layout, error);
}

/* Sets the size of a block; checked, because a tile may be far larger than the picture. */
static bool
tiff_blocks(TiffDocument *self, TiffLayout *layout, GError **error)
{
    uint32_t rows = 0;

    layout->tiled = TIFFIsTiled(self->tiff);
    layout->block_width_px = layout->info.width_px;
    if (layout->tiled) {
        if (!TIFFGetField(self->tiff, TIFFTAG_TILEWIDTH, &layout->block_width_px) ||
            !TIFFGetField(self->tiff, TIFFTAG_TILELENGTH, &layout->block_height_px))
            return dn_fail(error, DN_ERROR_FORMAT, "the size of a tile is missing");
        return dn_limits_check_size(&self->base.limits, "tile", layout->block_width_px,
                                    layout->block_height_px, error);
    }
    TIFFGetFieldDefaulted(self->tiff, TIFFTAG_ROWSPERSTRIP, &rows);
    layout->block_height_px =
        rows == 0 ? layout->info.height_px : MIN(rows, layout->info.height_px);
    return true;
}

static bool
tiff_header(DnDocument *base, unsigned page, DnPageInfo *out_info, GError **error)
{
    g_autofree TiffLayout *layout = g_new0(TiffLayout, 1);

    if (!tiff_layout((TiffDocument *)base, page, layout, error))
        return false;
    *out_info = layout->info;
    return true;
}

/* Samples to pixels. */

/* @count samples of @bits to one byte each, @step apart; palette indexes keep their value. */
static void
tiff_unpack(const uint8_t *row, size_t count, unsigned bits, bool indexes, uint8_t *to, size_t step)
{
    unsigned highest = bits < 32 ? (1U << bits) - 1 : UINT32_MAX;
    unsigned scale = indexes || bits > 8 ? 1 : 255 / highest;

    if (bits == 8) {
        for (size_t i = 0; i < count; i++)
            to[i * step] = row[i];
    } else if (bits == 16 || bits == 32) {
        /* libtiff has swapped these to the machine's order. */
        for (size_t i = 0; i < count; i++) {
            uint16_t half = 0;
            uint32_t word = 0;

            if (bits == 16) {
                memcpy(&half, row + 2 * i, sizeof half);
                to[i * step] = (uint8_t)((half * 255U + 32767U) / 65535U);
            } else {
                memcpy(&word, row + 4 * i, sizeof word);
                to[i * step] = (uint8_t)(word >> 24);
            }
        }
    } else if (bits == 1) {
        for (size_t i = 0; i < count; i++)
            to[i * step] = (uint8_t)((row[i / 8] >> (7 - i % 8) & 1U) * scale);
    } else if (bits == 2 || bits == 4) {
        unsigned per_byte = 8 / bits;

        for (size_t i = 0; i < count; i++) {
            unsigned shift = 8 - bits - (unsigned)(i % per_byte) * bits;

            to[i * step] = (uint8_t)((row[i / per_byte] >> shift & highest) * scale);
        }
    } else {
        for (size_t i = 0; i < count; i++) {
            uint32_t value = 0;

            for (size_t bit = i * bits; bit < (i + 1) * bits; bit++)
                value = value << 1 | (row[bit / 8] >> (7 - bit % 8) & 1U);
            to[i * step] = (uint8_t)(indexes ? value : (value * 255U + highest / 2) / highest);
        }
    }
}

static uint8_t
tiff_on_white(unsigned value, unsigned alpha, bool associated)
{
    if (associated)
        return (uint8_t)MIN(value + 255 - alpha, 255U);
    return (uint8_t)((value * alpha + 255U * (255 - alpha) + 127) / 255);
}

/* @count pixels of @samples bytes each to gray or RGB. */
static void
tiff_convert(const TiffLayout *layout, const uint8_t *samples, size_t count, uint8_t *to)
{
    bool gray = layout->info.colour != DN_COLOUR_RGB;
    bool inverted = layout->photometric == PHOTOMETRIC_MINISWHITE;

    /* Most pages need nothing more, and these loops are several times as fast. */
    if (!layout->has_alpha && gray && layout->samples == 1) {
        for (size_t i = 0; i < count; i++)
            to[i] = samples[i] ^ (inverted ? 0xff : 0);
        return;
    }
    if (!layout->has_alpha && layout->samples == 3 &&
        (layout->photometric == PHOTOMETRIC_RGB || layout->photometric == PHOTOMETRIC_YCBCR)) {
        memcpy(to, samples, count * 3);
        return;
    }
    for (size_t i = 0; i < count; i++, samples += layout->samples) {
        uint8_t rgb[3] = {samples[0], samples[0], samples[0]};

        if (gray) {
            rgb[0] = inverted ? (uint8_t)(255 - samples[0]) : samples[0];
        } else if (layout->photometric == PHOTOMETRIC_PALETTE) {
            memcpy(rgb, layout->palette[samples[0]], sizeof rgb);
        } else if (layout->photometric == PHOTOMETRIC_SEPARATED) {
            for (unsigned c = 0; c < 3; c++)
                rgb[c] = (uint8_t)(((255U - samples[c]) * (255U - samples[3]) + 127) / 255);
        } else {
            memcpy(rgb, samples, sizeof rgb);
        }
        if (layout->has_alpha)
            for (unsigned c = 0; c < (gray ? 1U : 3U); c++)
                rgb[c] = tiff_on_white(rgb[c], samples[layout->colours], layout->associated);
        *to++ = rgb[0];
        if (!gray) {
            *to++ = rgb[1];
            *to++ = rgb[2];
        }
    }
}

/* The byte that makes a block white before it is decoded. */
static uint8_t
tiff_white_byte(const TiffLayout *layout)
{
    unsigned best = 0;
    unsigned best_sum = 0;
    unsigned fill = 0;

    if (layout->photometric == PHOTOMETRIC_MINISWHITE ||
        layout->photometric == PHOTOMETRIC_SEPARATED)
        return 0;
    if (layout->photometric != PHOTOMETRIC_PALETTE)
        return 0xff;
    for (unsigned i = 0; i < 1U << layout->info.bits_per_sample; i++) {
        const uint8_t *rgb = layout->palette[i];
        unsigned sum = (unsigned)rgb[0] + rgb[1] + rgb[2];

        if (sum > best_sum) {
            best = i;
            best_sum = sum;
        }
    }
    for (unsigned bit = 0; bit < 8; bit += layout->info.bits_per_sample)
        fill = fill << layout->info.bits_per_sample | best;
    return (uint8_t)fill;
}

/* Decodes block @index into @out, white where nothing could be decoded. False when it is damaged.
 */
static bool
tiff_read_block(TiffDocument *self, const TiffLayout *layout, uint32_t index, uint8_t *out,
                tmsize_t size)
{
    tmsize_t got = 0;
    uint64_t offset = 0;
    uint64_t bytes = 0;
    g_autofree uint8_t *rest = NULL;

    memset(out, tiff_white_byte(layout), (size_t)size);
    got = layout->tiled ? TIFFReadEncodedTile(self->tiff, index, out, size)
                        : TIFFReadEncodedStrip(self->tiff, index, out, size);
    if (got == size)
        return true;
    offset = TIFFGetStrileOffset(self->tiff, index);
    bytes = TIFFGetStrileByteCount(self->tiff, index);
    if (offset == 0 || offset >= self->size || bytes <= self->size - offset)
        return false;
    /* No more than a block can need: thousands of blocks may all claim the rest of the file. */
    bytes = MIN(self->size - offset, (uint64_t)size * 2 + TIFF_SPARE_BYTES);
    rest = dn_try_array(bytes, 1, NULL); /* a copy, because libtiff may turn its bits round */
    if (!rest)
        return false;
    memcpy(rest, self->data + offset, bytes);
    memset(out, tiff_white_byte(layout), (size_t)size);
    /* Without compression libtiff gives nothing unless all that is asked for is there. */
    if (layout->compression == COMPRESSION_NONE && bytes < (uint64_t)size)
        size = (tmsize_t)bytes;
    TIFFReadFromUserBuffer(self->tiff, index, rest, (tmsize_t)bytes, out, size);
    return false;
}

typedef struct {
    uint64_t blocks;
    uint64_t damaged;
} TiffDamage;

/* A page none of whose blocks could be decoded and that shows nothing is no page. */
static bool
tiff_judge(const TiffDocument *self, const DnPixmap *pixmap, const TiffDamage *damage,
           GError **error)
{
    size_t size = dn_pixmap_stride(pixmap) * pixmap->height_px;

    if (damage->damaged < damage->blocks)
        return true;
    if (pixmap->data[0] != 0xff || memcmp(pixmap->data, pixmap->data + 1, size - 1) != 0)
        return true;
    return tiff_fail(self, "nothing could be decoded", error);
}

static bool
tiff_decode_plain(TiffDocument *self, const TiffLayout *layout, DnFailOn fail_on, DnPixmap *pixmap,
                  GError **error)
{
    TIFF *tiff = self->tiff;
    unsigned planes = layout->planar ? layout->samples : 1;
    unsigned wanted = layout->planar ? layout->colours + (layout->has_alpha ? 1U : 0U) : 1;
    unsigned per_row = layout->planar ? 1 : layout->samples;
    uint64_t row_bytes = layout->tiled ? TIFFTileRowSize64(tiff) : TIFFScanlineSize64(tiff);
    uint64_t least_bytes =
        ((uint64_t)layout->block_width_px * per_row * layout->info.bits_per_sample + 7) / 8;
    size_t plane_bytes = 0;
    g_autofree uint8_t *block = NULL;
    g_autofree uint8_t *samples = NULL;
    TiffDamage damage = {0, 0};

    g_assert(wanted <= planes);
    if (row_bytes < least_bytes)
        return tiff_fail(self, "the size of a row does not fit the samples", error);
    if (__builtin_mul_overflow(row_bytes, layout->block_height_px, &plane_bytes) ||
        plane_bytes > self->base.limits.max_memory_bytes)
        return dn_fail(error, DN_ERROR_LIMIT,
                       "a block of %u rows of %" G_GUINT64_FORMAT
                       " bytes, allowed are %" G_GUINT64_FORMAT " bytes",
                       layout->block_height_px, row_bytes, self->base.limits.max_memory_bytes);
    block = dn_try_array(plane_bytes, wanted, error);
    samples = block ? dn_try_array(layout->block_width_px, layout->samples, error) : NULL;
    if (!samples)
        return false;
    for (uint32_t y = 0; y < pixmap->height_px; y += layout->block_height_px) {
        uint32_t rows = MIN(layout->block_height_px, pixmap->height_px - y);
        uint32_t block_rows = layout->tiled ? layout->block_height_px : rows;

        for (uint32_t x = 0; x < pixmap->width_px; x += layout->block_width_px) {
            uint32_t columns = MIN(layout->block_width_px, pixmap->width_px - x);

            for (unsigned p = 0; p < wanted; p++) {
                uint32_t index = layout->tiled ? TIFFComputeTile(tiff, x, y, 0, (uint16_t)p)
                                               : TIFFComputeStrip(tiff, y, (uint16_t)p);

                damage.blocks++;
                if (tiff_read_block(self, layout, index, block + p * plane_bytes,
                                    (tmsize_t)(row_bytes * block_rows)))
                    continue;
                damage.damaged++;
                if (fail_on == DN_FAIL_ON_TRUNCATED) {
                    g_autofree char *what =
                        g_strdup_printf("%s %u", layout->tiled ? "tile" : "strip", index);

                    return tiff_fail(self, what, error);
                }
            }
            for (uint32_t r = 0; r < rows; r++) {
                for (unsigned p = 0; p < wanted; p++)
                    tiff_unpack(block + p * plane_bytes + r * row_bytes, (size_t)columns * per_row,
                                layout->info.bits_per_sample,
                                layout->photometric == PHOTOMETRIC_PALETTE, samples + p,
                                layout->planar ? layout->samples : 1);
                tiff_convert(layout, samples, columns,
                             dn_pixmap_row(pixmap, y + r) + (size_t)x * pixmap->format);
            }
        }
    }
    return tiff_judge(self, pixmap, &damage, error);
}

static void
tiff_convert_rgba(const uint32_t *raster, size_t count, const DnPixmap *pixmap, uint8_t *to)
{
    for (size_t i = 0; i < count; i++) {
        unsigned alpha = TIFFGetA(raster[i]);

        *to++ = tiff_on_white(TIFFGetR(raster[i]), alpha, true);
        if (pixmap->format == DN_PIXEL_GRAY8)
            continue;
        *to++ = tiff_on_white(TIFFGetG(raster[i]), alpha, true);
        *to++ = tiff_on_white(TIFFGetB(raster[i]), alpha, true);
    }
}

static bool
tiff_decode_foreign(TiffDocument *self, const TiffLayout *layout, DnFailOn fail_on,
                    DnPixmap *pixmap, GError **error)
{
    TIFFRGBAImage image;
    char said[1024] = "";
    uint32_t most_rows = MIN(layout->block_height_px, pixmap->height_px);
    g_autofree uint32_t *raster =
        dn_try_array((size_t)pixmap->width_px * most_rows, sizeof *raster, error);
    TiffDamage damage = {0, 0};

    if (!raster)
        return false;
    if (!TIFFRGBAImageOK(self->tiff, said) ||
        !TIFFRGBAImageBegin(&image, self->tiff, fail_on == DN_FAIL_ON_TRUNCATED, said)) {
        g_autofree char *escaped = dn_log_escape(said);

        return dn_fail(error, self->trouble[0] ? DN_ERROR_FORMAT : DN_ERROR_UNSUPPORTED, "%s",
                       escaped);
    }
    image.req_orientation = image.orientation;
    for (uint32_t y = 0; y < pixmap->height_px; y += layout->block_height_px) {
        uint32_t rows = MIN(layout->block_height_px, pixmap->height_px - y);

        memset(raster, 0xff, (size_t)pixmap->width_px * rows * sizeof *raster);
        self->trouble[0] = '\0';
        image.row_offset = (int)y;
        image.col_offset = 0;
        damage.blocks++;
        if (!TIFFRGBAImageGet(&image, raster, pixmap->width_px, rows) || self->trouble[0]) {
            damage.damaged++;
            if (fail_on == DN_FAIL_ON_TRUNCATED)
                break;
        }
        for (uint32_t r = 0; r < rows; r++)
            tiff_convert_rgba(raster + (size_t)r * pixmap->width_px, pixmap->width_px, pixmap,
                              dn_pixmap_row(pixmap, y + r));
    }
    TIFFRGBAImageEnd(&image);
    if (damage.damaged > 0 && fail_on == DN_FAIL_ON_TRUNCATED)
        return tiff_fail(self, "damaged", error);
    return tiff_judge(self, pixmap, &damage, error);
}

static DnPixmap *
tiff_decode(DnDocument *base, unsigned page, DnFailOn fail_on, GError **error)
{
    TiffDocument *self = (TiffDocument *)base;
    g_autofree TiffLayout *layout = g_new0(TiffLayout, 1);
    g_autoptr(DnPixmap) pixmap = NULL;
    bool done = false;

    if (!tiff_layout(self, page, layout, error))
        return NULL;
    if (layout->photometric == PHOTOMETRIC_YCBCR && !layout->foreign)
        TIFFSetField(self->tiff, TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB);
    if (!tiff_blocks(self, layout, error))
        return NULL;
    pixmap = dn_pixmap_new(layout->info.width_px, layout->info.height_px,
                           layout->info.colour == DN_COLOUR_RGB ? DN_PIXEL_RGB24 : DN_PIXEL_GRAY8,
                           &self->base.limits, error);
    if (!pixmap)
        return NULL;
    pixmap->dpi_x = layout->info.dpi_x;
    pixmap->dpi_y = layout->info.dpi_y;
    done = layout->foreign ? tiff_decode_foreign(self, layout, fail_on, pixmap, error)
                           : tiff_decode_plain(self, layout, fail_on, pixmap, error);
    return done ? g_steal_pointer(&pixmap) : NULL;
}

const DnCodec dn_codec_tiff = {
    .name = "tiff",
    .media_type = "image/tiff",
    .bid = tiff_bid,
    .open = tiff_open,
    .page_count = tiff_page_count,
    .header = tiff_header,
    .decode = tiff_decode,
    .close = tiff_close,
};

/* ---- two-tone pages in the code of fax machines (ITU-T T.6): libtiff writes a file of one strip
 * into memory, and the strip is taken out ---- */

typedef struct {
    GByteArray *bytes;
    uint64_t at;
    uint64_t most;
} FaxMemory;

enum { BLACK_BELOW = 128 };

/* Codes that grow beyond the pixels are of no use; a file has a little more around them. */
enum { HEADROOM_BYTES = 4096 };

static tmsize_t
fax_io_read(thandle_t handle, void *data, tmsize_t size)
{
    FaxMemory *self = handle;
    uint64_t left = self->bytes->len > self->at ? self->bytes->len - self->at : 0;
    uint64_t count = MIN((uint64_t)size, left);

    memcpy(data, self->bytes->data + self->at, count);
    self->at += count;
    return (tmsize_t)count;
}

static tmsize_t
fax_io_write(thandle_t handle, void *data, tmsize_t size)
{
    FaxMemory *self = handle;

    if (size < 0 || self->at > self->most || (uint64_t)size > self->most - self->at)
        return 0;
    uint64_t end = self->at + (uint64_t)size;
    guint was = self->bytes->len;

    if (end > was) {
        g_byte_array_set_size(self->bytes, (guint)end);
        memset(self->bytes->data + was, 0, end - was);
    }
    memcpy(self->bytes->data + self->at, data, (size_t)size);
    self->at = end;
    return size;
}

static toff_t
fax_io_seek(thandle_t handle, toff_t offset, int whence)
{
    FaxMemory *self = handle;

    self->at = whence == SEEK_CUR   ? self->at + offset
               : whence == SEEK_END ? self->bytes->len + offset
                                    : offset;
    return self->at;
}

static int
fax_io_close(thandle_t handle G_GNUC_UNUSED)
{
    return 0;
}

static toff_t
fax_io_size(thandle_t handle)
{
    return ((FaxMemory *)handle)->bytes->len;
}

static int G_GNUC_PRINTF(4, 0)
    fax_say_nothing(TIFF *tiff G_GNUC_UNUSED, void *user_data G_GNUC_UNUSED,
                    const char *module G_GNUC_UNUSED, const char *fmt G_GNUC_UNUSED,
                    va_list args G_GNUC_UNUSED)
{
    return 1;
}

static TIFF *
fax_open(FaxMemory *memory)
{
    TIFFOpenOptions *options = TIFFOpenOptionsAlloc();

    if (!options)
        return NULL;
    TIFFOpenOptionsSetErrorHandlerExtR(options, fax_say_nothing, NULL);
    TIFFOpenOptionsSetWarningHandlerExtR(options, fax_say_nothing, NULL);
    TIFF *tiff = TIFFClientOpenExt("fax", "wm", memory, fax_io_read, fax_io_write, fax_io_seek,
                                   fax_io_close, fax_io_size, NULL, NULL, options);

    TIFFOpenOptionsFree(options);
    return tiff;
}

bool
dn_pixmap_is_bilevel(const DnPixmap *self)
{
    size_t count = (size_t)self->width_px * self->height_px;

    if (self->format != DN_PIXEL_GRAY8)
        return false;
    for (size_t i = 0; i < count; i++)
        if (self->data[i] != 0 && self->data[i] != 255)
            return false;
    return true;
}

/* One bit a pixel, 1 is black; rows begin at a byte. */
static uint8_t *
fax_pack(const DnPixmap *self, size_t stride, GError **error)
{
    uint8_t *bits = dn_try_array(self->height_px, stride, error);

    if (!bits)
        return NULL;
    memset(bits, 0, self->height_px * stride);
    for (uint32_t y = 0; y < self->height_px; y++) {
        const uint8_t *row = dn_pixmap_row(self, y);
        uint8_t *to = bits + y * stride;

        for (uint32_t x = 0; x < self->width_px; x++)
            to[x / 8] |= (uint8_t)((row[x] < BLACK_BELOW) << (7 - x % 8));
    }
    return bits;
}

static bool
fax_describe(TIFF *tiff, const DnPixmap *self)
{
    return TIFFSetField(tiff, TIFFTAG_IMAGEWIDTH, self->width_px) &&
           TIFFSetField(tiff, TIFFTAG_IMAGELENGTH, self->height_px) &&
           TIFFSetField(tiff, TIFFTAG_ROWSPERSTRIP, self->height_px) &&
           TIFFSetField(tiff, TIFFTAG_BITSPERSAMPLE, 1) &&
           TIFFSetField(tiff, TIFFTAG_SAMPLESPERPIXEL, 1) &&
           TIFFSetField(tiff, TIFFTAG_FILLORDER, FILLORDER_MSB2LSB) &&
           TIFFSetField(tiff, TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_MINISWHITE) &&
           TIFFSetField(tiff, TIFFTAG_COMPRESSION, COMPRESSION_CCITTFAX4);
}

GBytes *
dn_pixmap_to_g4(const DnPixmap *self, GError **error)
{
    size_t stride = ((size_t)self->width_px + 7) / 8;
    size_t size = stride * self->height_px;
    g_autofree uint8_t *bits = fax_pack(self, stride, error);
    g_autoptr(GByteArray) file = g_byte_array_new();
    FaxMemory memory = {.bytes = file, .most = size + HEADROOM_BYTES};
    GBytes *codes = NULL;
    toff_t *offsets = NULL;
    toff_t *counts = NULL;

    if (!bits)
        return NULL;
    TIFF *tiff = fax_open(&memory);

    if (!tiff)
        return dn_fail_null(error, DN_ERROR_LIMIT, "no memory for libtiff");
    if (fax_describe(tiff, self) && TIFFWriteEncodedStrip(tiff, 0, bits, (tmsize_t)size) >= 0 &&
        TIFFGetField(tiff, TIFFTAG_STRIPOFFSETS, &offsets) &&
        TIFFGetField(tiff, TIFFTAG_STRIPBYTECOUNTS, &counts) && counts[0] <= file->len &&
        offsets[0] <= file->len - counts[0])
        codes = g_bytes_new(file->data + offsets[0], counts[0]);
    TIFFCleanup(tiff); /* without writing a directory that nobody reads */
    return codes ? codes
                 : dn_fail_null(error, DN_ERROR_LIMIT, "the fax code is longer than the pixels");
}
