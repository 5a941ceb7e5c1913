/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tests/unit/evidence/stamped-pdf.h - a small whole PDF with a document time stamp (ISO 32000-2
 * 12.8.5), as a sender's program makes it.
 */
#ifndef TESTS_UNIT_EVIDENCE_STAMPED_PDF_H
#define TESTS_UNIT_EVIDENCE_STAMPED_PDF_H

#include "tests/unit/evidence/authority.h"

enum { PDF_ROOM_BYTES = 8192 }; /* for the token */

/* A PDF of one page that says @title, with an empty place for a token at *@out_gap. */
static inline GString *
pdf_with_room(const char *title, const char *sub_filter, size_t *out_gap)
{
    GString *pdf = g_string_new("%PDF-1.7\n");
    size_t offsets[6] = {0};
    const char *const objects[] = {
        "<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [4 0 R] /SigFlags 3 >> >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] /Annots [4 0 R] >>",
        "<< /Type /Annot /Subtype /Widget /FT /Sig /T (stamp) /V 5 0 R /Rect [0 0 0 0] /F 132 >>",
    };
    size_t range = 0;

    for (size_t i = 0; i < G_N_ELEMENTS(objects); i++) {
        offsets[i + 1] = pdf->len;
        g_string_append_printf(pdf, "%zu 0 obj\n%s\nendobj\n", i + 1, objects[i]);
    }
    offsets[5] = pdf->len;
    g_string_append_printf(pdf,
                           "5 0 obj\n<< /Type /DocTimeStamp /Filter /Adobe.PPKLite "
                           "/SubFilter /%s /Name (%s) /ByteRange ",
                           sub_filter, title);
    range = pdf->len;
    g_string_append(pdf, "[0 0000000000 0000000000 0000000000] /Contents ");
    *out_gap = pdf->len;
    g_string_append_c(pdf, '<');
    for (int i = 0; i < 2 * PDF_ROOM_BYTES; i++)
        g_string_append_c(pdf, '0');
    g_string_append(pdf, "> >>\nendobj\n");
    size_t xref = pdf->len;

    g_string_append(pdf, "xref\n0 6\n0000000000 65535 f \n");
    for (size_t i = 1; i < G_N_ELEMENTS(offsets); i++)
        g_string_append_printf(pdf, "%010zu 00000 n \n", offsets[i]);
    g_string_append_printf(pdf, "trailer\n<< /Size 6 /Root 1 0 R >>\nstartxref\n%zu\n%%%%EOF\n",
                           xref);
    size_t after = *out_gap + 2 + 2 * PDF_ROOM_BYTES;
    g_autofree char *numbers =
        g_strdup_printf("[0 %010zu %010zu %010zu]", *out_gap, after, pdf->len - after);

    memcpy(pdf->str + range, numbers, strlen(numbers));
    return pdf;
}

/* The same with the time stamp of the authority in @folder, which is told @arguments. */
static inline GBytes *
stamped_pdf(const char *folder, const char *arguments, const char *title)
{
    size_t gap = 0;
    GString *pdf = pdf_with_room(title, "ETSI.RFC3161", &gap);
    size_t after = gap + 2 + 2 * PDF_ROOM_BYTES;
    g_autoptr(GByteArray) covered = g_byte_array_new();

    g_byte_array_append(covered, (const guint8 *)pdf->str, (guint)gap);
    g_byte_array_append(covered, (const guint8 *)pdf->str + after, (guint)(pdf->len - after));
    DnHash hash = dn_hash(DN_HASH_SHA256, covered->data, covered->len);
    g_autoptr(GBytes) token = authority_stamp(folder, arguments, &hash);
    gsize size = 0;
    const uint8_t *bytes = g_bytes_get_data(token, &size);

    g_assert_cmpuint(size, <=, PDF_ROOM_BYTES);
    for (gsize i = 0; i < size; i++) {
        char digits[3];

        g_snprintf(digits, sizeof digits, "%02x", bytes[i]);
        memcpy(pdf->str + gap + 1 + 2 * i, digits, 2);
    }
    return g_string_free_to_bytes(pdf);
}

#endif
