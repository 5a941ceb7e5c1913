/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tests/fuzz/fuzz-codec.c - every codec: open, header, pixels, text layer, attachments.
 */
#include "config.h"
#include "fuzz.h"

#include "codecs/codec.h"

FUZZ_ALLOW_FONT_LEAKS

enum { PAGES_MOST = 2 };

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    DnLimits limits = dn_limits_default;
    g_autoptr(GBytes) bytes = g_bytes_new(data, size);

    limits.max_page_pixels = 1 << 20; /* what is slow because it is large is not looked for here */
    limits.max_side_px = 4096;
    g_autoptr(DnDocument) document = dn_document_open(bytes, &limits, NULL);

    if (!document)
        return 0;
    for (unsigned i = 0; i < MIN(dn_document_page_count(document), PAGES_MOST); i++) {
        DnPageInfo info;

        if (!dn_document_header(document, i, &info, NULL))
            continue;
        g_autoptr(DnPixmap) strict = dn_document_decode(document, i, DN_FAIL_ON_TRUNCATED, NULL);
        g_autoptr(DnPixmap) lax =
            strict ? NULL : dn_document_decode(document, i, DN_FAIL_ON_ERROR, NULL);
        const DnPixmap *pixmap = strict ? strict : lax;
        g_autoptr(GArray) glyphs G_GNUC_UNUSED = dn_document_text(document, i, NULL);

        if (pixmap)
            g_assert_true(pixmap->width_px == info.width_px && pixmap->height_px == info.height_px);
    }
    g_autoptr(GPtrArray) attachments G_GNUC_UNUSED = dn_document_attachments(document, NULL);

    return 0;
}
