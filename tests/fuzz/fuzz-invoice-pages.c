/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tests/fuzz/fuzz-invoice-pages.c - any e-invoice is laid out within its pages.
 */
#include "config.h"
#include "fuzz.h"

#include "worker/invoice-pages.h"

FUZZ_ALLOW_FONT_LEAKS

enum { PAGES_MOST = 3 };

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GBytes) bytes = g_bytes_new(data, size);
    g_autoptr(DnEinvoice) invoice = dn_einvoice_new(bytes, NULL);

    if (!invoice)
        return 0;
    g_autoptr(DnInvoicePages) pages = dn_invoice_pages_new(invoice, PAGES_MOST);

    g_assert_cmpuint(dn_invoice_pages_count(pages), <=, PAGES_MOST);
    for (unsigned i = 0; i < dn_invoice_pages_count(pages); i++) {
        g_autoptr(DnPageText) text = dn_invoice_pages_text(pages, i);

        g_assert_cmpuint(text->lines->len, >, 0); /* the page's number at least */
    }
    return 0;
}
