/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * worker/read-einvoice.c - nothing is recognised here: the file says its values, and pages are made
 * of it for people.
 */
#include "config.h"
#include "worker/read-einvoice.h"
#include "base/media-type.h"
#include "worker/invoice-pages.h"
#include "worker/rendition.h"

typedef struct {
    const DnInvoicePages *pages;
    unsigned index;
} Sheet;

static void
draw(cairo_t *cairo, const void *user_data)
{
    const Sheet *sheet = user_data;

    dn_invoice_pages_draw(sheet->pages, sheet->index, cairo);
}

static GBytes *
render(const DnInvoicePages *pages, const DnLimits *limits, GError **error)
{
    g_autoptr(DnRendition) rendition = dn_rendition_new(limits->max_output_bytes, error);

    if (!rendition)
        return NULL;
    for (unsigned i = 0; i < dn_invoice_pages_count(pages); i++) {
        const Sheet sheet = {.pages = pages, .index = i};

        if (!dn_rendition_add_drawing(rendition, DN_INVOICE_WIDTH_PT, DN_INVOICE_HEIGHT_PT, draw,
                                      &sheet, error))
            return NULL;
    }
    return dn_rendition_finish(rendition, error);
}

static json_t *
compose(const DnEinvoice *invoice, const DnJob *job, const GPtrArray *reports, json_t *warnings)
{
    g_autoptr(DnReading) reading = dn_einvoice_reading(invoice, &job->profile);
    json_t *object = json_object();

    dn_json_set_string(object, "media_type", DN_MEDIA_TYPE_XML);
    dn_json_set_int(object, "pages", reports->len);
    dn_json_set_int(object, "pages_read", reports->len);
    dn_json_set_string(object, "kind", reading->kind);
    dn_json_take(object, "fields", dn_reading_to_json(reading));
    dn_json_take(object, "captured", dn_protocol_captured(reports));
    dn_json_take(object, "derived", dn_protocol_derived(reports));
    dn_json_take(object, "checks", json_array()); /* all of them are about captures */
    dn_json_take(object, "attachments", json_array());
    dn_json_take(object, "warnings", json_incref(warnings));
    return object;
}

bool
dn_read_einvoice(GBytes *bytes, const DnJob *job, const DnReadTools *tools, DnOutcome **out_outcome,
                 GError **error)
{
    g_autoptr(DnOutcome) outcome = g_new0(DnOutcome, 1);
    g_autoptr(GPtrArray) reports =
        g_ptr_array_new_with_free_func((GDestroyNotify)dn_page_report_free);
    g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func((GDestroyNotify)dn_page_text_free);
    g_autoptr(json_t) warnings = json_array();

    if (g_bytes_get_size(bytes) > job->limits.max_document_bytes)
        return dn_fail(error, DN_ERROR_LIMIT,
                       "the document has %zu bytes, allowed are %" G_GUINT64_FORMAT,
                       g_bytes_get_size(bytes), job->limits.max_document_bytes);
    g_autoptr(DnEinvoice) invoice = dn_einvoice_new(bytes, error);

    if (!invoice)
        return false;
    g_autoptr(DnInvoicePages) pages = dn_invoice_pages_new(invoice, job->limits.max_pages);

    for (unsigned i = 0; i < dn_invoice_pages_count(pages); i++) {
        DnPageReport *report = dn_page_report_new(i + 1);

        report->info = dn_invoice_pages_info(pages);
        report->origin = g_strdup("xml");
        g_ptr_array_add(reports, report);
        g_ptr_array_add(texts, dn_invoice_pages_text(pages, i));
        tools->page_done(i + 1, tools->user_data);
    }
    if (!dn_invoice_pages_is_whole(pages))
        json_array_append_new(
            warnings, json_sprintf("pages: the rendition ends after %u pages, the file does not",
                                   reports->len));
    if (job->rendition) {
        outcome->rendition = render(pages, &job->limits, error);
        if (!outcome->rendition)
            return false;
    }
    outcome->text = dn_protocol_text(texts);
    outcome->words = dn_protocol_words(texts);
    outcome->reading = compose(invoice, job, reports, warnings);
    *out_outcome = g_steal_pointer(&outcome);
    return true;
}
