/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * codecs/heif.c - HEIC, the form in which phones keep photographs, over libheif.
 *
 * Pages are the top-level pictures, the primary one first; thumbnails and depth maps are none.
 * libheif applies rotation and mirroring itself, so the orientation is always 1, whatever EXIF
 * says. A picture is coded as a whole: of a truncated one nothing can be kept.
 */
#include "config.h"
#include "codecs/codec.h"

#include "base/log.h"
#include "base/memory.h"
#include "codecs/exif.h"

#include <libheif/heif.h>
#include <string.h>

enum { HEIF_MAX_EXIF_BYTES = 1 << 20, HEIF_EXIF_OFFSET_BYTES = 4 };

typedef struct heif_context HeifContext;
typedef struct heif_image_handle HeifHandle;
typedef const struct heif_image HeifImage;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HeifHandle, heif_image_handle_release)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HeifImage, heif_image_release)

typedef struct {
    DnDocument base;
    HeifContext *context;
    GArray *pages; /* of heif_item_id */
} HeifDocument;

/* Sets @error from what libheif answered; false. */
static bool
heif_fail(struct heif_error answer, GError **error)
{
    DnErrorCode code = DN_ERROR_EXTERNAL;
    g_autofree char *said = dn_log_escape(answer.message);

    switch (answer.code) {
    case heif_error_Input_does_not_exist:
    case heif_error_Invalid_input:
    case heif_error_Decoder_plugin_error:
        code = DN_ERROR_FORMAT;
        break;
    case heif_error_Unsupported_filetype:
    case heif_error_Unsupported_feature:
        code = DN_ERROR_UNSUPPORTED;
        break;
    case heif_error_Memory_allocation_error:
        code = DN_ERROR_LIMIT;
        break;
    default:
        break;
    }
    if (answer.subcode == heif_suberror_Security_limit_exceeded)
        code = DN_ERROR_LIMIT;
    return dn_fail(error, code, "%s", said);
}

static unsigned
heif_bid(const uint8_t *head, size_t size)
{
    static const char *const brands[] = {"heic", "heix", "heim", "heis", "hevc", "hevx", "mif1"};

    if (size < 12 || memcmp(head + 4, "ftyp", 4) != 0)
        return 0;
    for (size_t i = 0; i < G_N_ELEMENTS(brands); i++)
        if (memcmp(head + 8, brands[i], 4) == 0)
            return 64;
    return 0;
}

static void
heif_list_pages(HeifDocument *self)
{
    int count = heif_context_get_number_of_top_level_images(self->context);
    heif_item_id primary = 0;
    g_autofree heif_item_id *ids = NULL;

    if (heif_context_get_primary_image_ID(self->context, &primary).code == heif_error_Ok)
        g_array_append_val(self->pages, primary);
    count = (int)MIN((unsigned)MAX(count, 0), self->base.limits.max_pages + 1);
    ids = g_new0(heif_item_id, (size_t)count);
    count = heif_context_get_list_of_top_level_image_IDs(self->context, ids, count);
    for (int i = 0; i < count && self->pages->len <= self->base.limits.max_pages; i++)
        if (self->pages->len == 0 || ids[i] != primary)
            g_array_append_val(self->pages, ids[i]);
}

static DnDocument *
heif_open(GBytes *bytes, const DnLimits *limits, GError **error)
{
    g_autoptr(DnDocument) base =
        dn_document_new(&dn_codec_heif, sizeof(HeifDocument), bytes, limits);
    HeifDocument *self = (HeifDocument *)base;
    size_t size = 0;
    const void *data = g_bytes_get_data(bytes, &size);
    struct heif_error answer = {heif_error_Ok};

    self->pages = g_array_new(FALSE, FALSE, sizeof(heif_item_id));
    self->context = heif_context_alloc();
    if (!self->context)
        return dn_fail_null(error, DN_ERROR_LIMIT, "no memory for libheif");
    heif_context_set_maximum_image_size_limit(self->context,
                                              (int)MIN(limits->max_side_px, (uint32_t)G_MAXINT));
    /* No threads of its own: a worker has a core and a cap on memory. */
    heif_context_set_max_decoding_threads(self->context, 0);
    answer = heif_context_read_from_memory_without_copy(self->context, data, size, NULL);
    if (answer.code != heif_error_Ok) {
        heif_fail(answer, error);
        return NULL;
    }
    heif_list_pages(self);
    if (self->pages->len == 0)
        return dn_fail_null(error, DN_ERROR_FORMAT, "no picture in the file");
    return g_steal_pointer(&base);
}

static void
heif_close(DnDocument *base)
{
    HeifDocument *self = (HeifDocument *)base;

    g_clear_pointer(&self->context, heif_context_free);
    g_clear_pointer(&self->pages, g_array_unref);
}

static unsigned
heif_page_count(const DnDocument *base)
{
    return ((const HeifDocument *)base)->pages->len;
}

static HeifHandle *
heif_handle(HeifDocument *self, unsigned page, GError **error)
{
    HeifHandle *handle = NULL;
    struct heif_error answer = heif_context_get_image_handle(
        self->context, g_array_index(self->pages, heif_item_id, page), &handle);

    if (answer.code != heif_error_Ok) {
        heif_fail(answer, error);
        return NULL;
    }
    return handle;
}

static DnExif
heif_exif(const HeifHandle *handle)
{
    DnExif none = {.orientation = 1};
    heif_item_id id = 0;
    g_autofree uint8_t *block = NULL;
    size_t size = 0;
    size_t offset = 0;

    if (heif_image_handle_get_list_of_metadata_block_IDs(handle, "Exif", &id, 1) != 1)
        return none;
    size = heif_image_handle_get_metadata_size(handle, id);
    if (size <= HEIF_EXIF_OFFSET_BYTES || size > HEIF_MAX_EXIF_BYTES)
        return none;
    block = g_malloc(size);
    if (heif_image_handle_get_metadata(handle, id, block).code != heif_error_Ok)
        return none;
    /* The block starts with where in it the TIFF header lies. */
    offset = (size_t)block[0] << 24 | (size_t)block[1] << 16 | (size_t)block[2] << 8 | block[3];
    if (offset >= size - HEIF_EXIF_OFFSET_BYTES)
        return none;
    offset += HEIF_EXIF_OFFSET_BYTES;
    return dn_exif_read(block + offset, size - offset);
}

static void
heif_facts(const HeifHandle *handle, DnPageInfo *info)
{
    DnExif exif = heif_exif(handle);
    int bits = heif_image_handle_get_luma_bits_per_pixel(handle);

    info->width_px = (uint32_t)MAX(heif_image_handle_get_width(handle), 0);
    info->height_px = (uint32_t)MAX(heif_image_handle_get_height(handle), 0);
    info->dpi_x = exif.dpi_x;
    info->dpi_y = exif.dpi_y;
    info->orientation = 1;
    info->bits_per_sample = bits > 0 ? (unsigned)bits : 8;
    info->colour = DN_COLOUR_RGB;
    info->lossy = true;
    info->compression = "hevc";
}

static bool
heif_header(DnDocument *base, unsigned page, DnPageInfo *out_info, GError **error)
{
    g_autoptr(HeifHandle) handle = heif_handle((HeifDocument *)base, page, error);

    if (!handle)
        return false;
    heif_facts(handle, out_info);
    return true;
}

static HeifImage *
heif_pixels(const HeifHandle *handle, bool alpha, DnFailOn fail_on, GError **error)
{
    struct heif_decoding_options *options = heif_decoding_options_alloc();
    struct heif_image *image = NULL;
    struct heif_error answer = {heif_error_Ok};

    if (!options)
        return dn_fail_null(error, DN_ERROR_LIMIT, "no memory for libheif");
    options->convert_hdr_to_8bit = 1;
    options->strict_decoding = fail_on == DN_FAIL_ON_TRUNCATED;
    answer = heif_decode_image(handle, &image, heif_colorspace_RGB,
                               alpha ? heif_chroma_interleaved_RGBA : heif_chroma_interleaved_RGB,
                               options);
    heif_decoding_options_free(options);
    if (answer.code != heif_error_Ok) {
        heif_fail(answer, error);
        return NULL;
    }
    return image;
}

static void
heif_copy_row(const uint8_t *from, bool alpha, bool associated, uint32_t count, uint8_t *to)
{
    if (!alpha) {
        memcpy(to, from, (size_t)count * 3);
        return;
    }
    for (uint32_t x = 0; x < count; x++, from += 4)
        for (unsigned c = 0; c < 3; c++)
            *to++ = associated
                        ? (uint8_t)MIN(from[c] + 255U - from[3], 255U)
                        : (uint8_t)((from[c] * from[3] + 255U * (255U - from[3]) + 127) / 255);
}

static DnPixmap *
heif_decode(DnDocument *base, unsigned page, DnFailOn fail_on, GError **error)
{
    g_autoptr(HeifHandle) handle = heif_handle((HeifDocument *)base, page, error);
    g_autoptr(HeifImage) image = NULL;
    g_autoptr(DnPixmap) pixmap = NULL;
    DnPageInfo info = {.orientation = 1};
    bool alpha = false;
    bool associated = false;
    const uint8_t *plane = NULL;
    int stride = 0;

    if (!handle)
        return NULL;
    heif_facts(handle, &info);
    alpha = heif_image_handle_has_alpha_channel(handle);
    associated = alpha && heif_image_handle_is_premultiplied_alpha(handle);
    image = heif_pixels(handle, alpha, fail_on, error);
    if (!image)
        return NULL;
    plane = heif_image_get_plane_readonly(image, heif_channel_interleaved, &stride);
    /* The header is a promise of the container; the coded picture may differ from it. */
    if (!plane || heif_image_get_width(image, heif_channel_interleaved) != (int)info.width_px ||
        heif_image_get_height(image, heif_channel_interleaved) != (int)info.height_px)
        return dn_fail_null(error, DN_ERROR_FORMAT, "the coded picture is not of the size %u x %u",
                            info.width_px, info.height_px);
    pixmap = dn_pixmap_new(info.width_px, info.height_px, DN_PIXEL_RGB24, &base->limits, error);
    if (!pixmap)
        return NULL;
    pixmap->dpi_x = info.dpi_x;
    pixmap->dpi_y = info.dpi_y;
    for (uint32_t y = 0; y < info.height_px; y++)
        heif_copy_row(plane + (size_t)y * (size_t)stride, alpha, associated, info.width_px,
                      dn_pixmap_row(pixmap, y));
    return g_steal_pointer(&pixmap);
}

const DnCodec dn_codec_heif = {
    .name = "heif",
    .media_type = "image/heic",
    .bid = heif_bid,
    .open = heif_open,
    .page_count = heif_page_count,
    .header = heif_header,
    .decode = heif_decode,
    .close = heif_close,
};
