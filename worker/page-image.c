/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * worker/page-image.c - decode and turn upright, or lay out an e-invoice; write as PNG.
 */
#include "config.h"
#include "worker/page-image.h"
#include "base/media-type.h"
#include "worker/invoice-pages.h"
#include "worker/rendition.h"

#include <cairo.h>

typedef struct {
    GByteArray *bytes;
    size_t most;
} Sink;

static cairo_status_t
append(void *closure, const unsigned char *data, unsigned length)
{
    Sink *sink = closure;

    if (length > sink->most - sink->bytes->len)
        return CAIRO_STATUS_WRITE_ERROR;
    g_byte_array_append(sink->bytes, data, length);
    return CAIRO_STATUS_SUCCESS;
}

/* (transfer full) @surface */
static GBytes *
write_png(cairo_surface_t *surface, size_t most, GError **error)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    Sink sink = {.bytes = bytes, .most = most};
    cairo_status_t status = cairo_surface_status(surface);

    if (status == CAIRO_STATUS_SUCCESS)
        status = cairo_surface_write_to_png_stream(surface, append, &sink);
    cairo_surface_destroy(surface);
    if (status == CAIRO_STATUS_WRITE_ERROR)
        return dn_fail_null(error, DN_ERROR_LIMIT,
                            "the picture exceeds the %zu bytes that are allowed", most);
    if (status != CAIRO_STATUS_SUCCESS)
        return dn_fail_null(error, DN_ERROR_EXTERNAL, "page image: %s",
                            cairo_status_to_string(status));
    return g_byte_array_free_to_bytes(g_steal_pointer(&bytes));
}

static GBytes *
invoice_image(GBytes *bytes, const DnJob *job, GError **error)
{
    g_autoptr(DnEinvoice) invoice = dn_einvoice_new(bytes, error);

    if (!invoice)
        return NULL;
    g_autoptr(DnInvoicePages) pages = dn_invoice_pages_new(invoice, job->limits.max_pages);

    if (job->page_image > dn_invoice_pages_count(pages))
        return dn_fail_null(error, DN_ERROR_INVALID, "there is no page %u of %u", job->page_image,
                            dn_invoice_pages_count(pages));
    return write_png(dn_invoice_pages_image(pages, job->page_image - 1),
                     job->limits.max_output_bytes, error);
}

GBytes *
dn_page_image(GBytes *bytes, const DnJob *job, GError **error)
{
    if (g_strcmp0(dn_media_type_sniff(bytes), DN_MEDIA_TYPE_XML) == 0)
        return invoice_image(bytes, job, error);
    g_autoptr(DnDocument) document = dn_document_open(bytes, &job->limits, error);
    unsigned index = job->page_image - 1;
    DnPageInfo info;

    if (!document || !dn_document_header(document, index, &info, error))
        return NULL;
    g_autoptr(DnPixmap) captured = dn_document_decode(document, index, DN_FAIL_ON_ERROR, error);
    g_autoptr(DnPixmap) upright =
        captured ? dn_pixmap_orient(captured, info.orientation, &job->limits, error) : NULL;

    return upright ? write_png(dn_rendition_image_of(upright), job->limits.max_output_bytes, error)
                   : NULL;
}
