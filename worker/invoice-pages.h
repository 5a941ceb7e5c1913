/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * worker/invoice-pages.h - an e-invoice laid out on paper, so that people can read it (law row
 * R55).
 *
 * First what an invoice shows, then every element of the file with its value: nothing that the file
 * says is kept from the reader. A4 upright; coordinates are points, text boxes pixels of
 * DN_INVOICE_DPI.
 *
 * Threads: one belongs to one thread.
 */
#ifndef WORKER_INVOICE_PAGES_H
#define WORKER_INVOICE_PAGES_H

#include "codecs/codec.h"
#include "ocr/einvoice.h"
#include "ocr/page-text.h"

#include <cairo.h>

G_BEGIN_DECLS

enum { DN_INVOICE_WIDTH_PT = 595, DN_INVOICE_HEIGHT_PT = 842, DN_INVOICE_DPI = 144 };

typedef struct DnInvoicePages DnInvoicePages;

/** At most @max_pages pages; dn_invoice_pages_is_whole() says whether all found room. */
DnInvoicePages *dn_invoice_pages_new(const DnEinvoice *invoice, unsigned max_pages);
void dn_invoice_pages_free(DnInvoicePages *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DnInvoicePages, dn_invoice_pages_free)

unsigned dn_invoice_pages_count(const DnInvoicePages *self);
bool dn_invoice_pages_is_whole(const DnInvoicePages *self);

/** What the page shows. @index from 0. */
DnPageText *dn_invoice_pages_text(const DnInvoicePages *self, unsigned index);

/** Facts as those of a page that was drawn. */
DnPageInfo dn_invoice_pages_info(const DnInvoicePages *self);

/** Draws in points, on what is there. */
void dn_invoice_pages_draw(const DnInvoicePages *self, unsigned index, cairo_t *cairo);

/** (transfer full) The page as a picture; look at its status. */
cairo_surface_t *dn_invoice_pages_image(const DnInvoicePages *self, unsigned index);

G_END_DECLS
#endif
