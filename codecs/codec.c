/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * codecs/codec.c - which driver reads a document, and what is checked before any driver is asked.
 *
 * A driver may rely on this: the page exists, it is one of the pages that limits allow to read, and
 * the size that its own header() reported has passed the limits before decode() is called.
 */
#include "config.h"
#include "codecs/codec.h"

static const DnCodec *const codec_list[] = {
    &dn_codec_tiff, &dn_codec_png, &dn_codec_jpeg, &dn_codec_pdf, &dn_codec_heif, NULL,
};

const DnCodec *const *
dn_codec_list(void)
{
    return codec_list;
}

const DnCodec *
dn_codec_sniff(const uint8_t *head, size_t size, GError **error)
{
    const DnCodec *best = NULL;
    unsigned best_bits = 0;

    if (size == 0)
        return dn_fail_null(error, DN_ERROR_FORMAT, "the document is empty");
    size = MIN(size, (size_t)DN_SNIFF_BYTES);
    for (const DnCodec *const *codec = codec_list; *codec; codec++) {
        unsigned bits = (*codec)->bid(head, size);

        if (bits > best_bits) {
            best = *codec;
            best_bits = bits;
        }
    }
    if (!best)
        return dn_fail_null(error, DN_ERROR_UNSUPPORTED, "no codec knows these bytes");
    return best;
}

DnDocument *
dn_document_new(const DnCodec *codec, size_t struct_size, GBytes *bytes, const DnLimits *limits)
{
    DnDocument *self = g_malloc0(struct_size);

    g_assert(struct_size >= sizeof *self);
    self->codec = codec;
    self->bytes = g_bytes_ref(bytes);
    self->limits = *limits;
    return self;
}

DnDocument *
dn_document_open(GBytes *bytes, const DnLimits *limits, GError **error)
{
    size_t size = 0;
    const uint8_t *data = g_bytes_get_data(bytes, &size);
    const DnCodec *codec = NULL;

    if (size > limits->max_document_bytes)
        return dn_fail_null(error, DN_ERROR_LIMIT,
                            "the document has %zu bytes, allowed are %" G_GUINT64_FORMAT, size,
                            limits->max_document_bytes);
    codec = dn_codec_sniff(data, size, error);
    return codec ? codec->open(bytes, limits, error) : NULL;
}

void
dn_document_close(DnDocument *self)
{
    if (!self)
        return;
    self->codec->close(self);
    g_bytes_unref(self->bytes);
    g_free(self);
}

unsigned
dn_document_page_count(const DnDocument *self)
{
    return self->codec->page_count(self);
}

static bool
codec_check_page(const DnDocument *self, unsigned page, GError **error)
{
    unsigned count = self->codec->page_count(self);

    if (page >= count)
        return dn_fail(error, DN_ERROR_INVALID, "there is no page %" G_GUINT64_FORMAT " of %u",
                       (guint64)page + 1, count);
    if (page >= self->limits.max_pages)
        return dn_fail(error, DN_ERROR_LIMIT, "page %u is not read, allowed are %u pages", page + 1,
                       self->limits.max_pages);
    return true;
}

bool
dn_document_header(DnDocument *self, unsigned page, DnPageInfo *out_info, GError **error)
{
    DnPageInfo info = {.orientation = 1};

    if (!codec_check_page(self, page, error))
        return false;
    if (!self->codec->header(self, page, &info, error))
        return dn_fail_in(error, "page %u", page + 1);
    *out_info = info;
    return true;
}

DnPixmap *
dn_document_decode(DnDocument *self, unsigned page, DnFailOn fail_on, GError **error)
{
    DnPixmap *pixmap = NULL;
    DnPageInfo info = {.orientation = 1};

    if (!dn_document_header(self, page, &info, error))
        return NULL;
    if (dn_limits_check_size(&self->limits, "picture", info.width_px, info.height_px, error))
        pixmap = self->codec->decode(self, page, fail_on, error);
    if (!pixmap)
        dn_fail_in(error, "page %u", page + 1);
    return pixmap;
}

GArray *
dn_document_text(DnDocument *self, unsigned page, GError **error)
{
    GArray *glyphs = NULL;

    if (!codec_check_page(self, page, error))
        return NULL;
    if (!self->codec->text)
        return g_array_new(FALSE, FALSE, sizeof(DnGlyph));
    glyphs = self->codec->text(self, page, error);
    if (!glyphs)
        dn_fail_in(error, "page %u", page + 1);
    return glyphs;
}

GPtrArray *
dn_document_attachments(DnDocument *self, GError **error)
{
    if (!self->codec->attachments)
        return g_ptr_array_new_with_free_func((GDestroyNotify)dn_attachment_free);
    return self->codec->attachments(self, error);
}

void
dn_attachment_free(DnAttachment *self)
{
    if (!self)
        return;
    g_free(self->name);
    g_free(self->media_type);
    g_clear_pointer(&self->bytes, g_bytes_unref);
    g_free(self);
}
