/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tests/fuzz/fuzz-einvoice.c - XML from a stranger; what it says must pass the archive's check.
 */
#include "config.h"
#include "fuzz.h"

#include "base/media-type.h"
#include "engine/answer.h"
#include "ocr/einvoice.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GBytes) bytes = g_bytes_new(data, size);
    g_autoptr(GError) error = NULL;
    g_autoptr(DnEinvoice) invoice = dn_einvoice_new(bytes, &error);
    g_autoptr(GError) refusal = NULL;

    dn_media_type_sniff(bytes);
    g_assert_true((invoice == NULL) == (error != NULL));
    if (!invoice)
        return 0;
    g_autoptr(DnReading) reading = dn_einvoice_reading(invoice, NULL);
    g_autoptr(DnReading) seen = dn_einvoice_reading(invoice, &dn_reading_profile_default);
    g_autoptr(json_t) check = dn_reading_take_seen(reading, seen);
    g_autoptr(json_t) answer = json_pack(
        "{s:s,s:i,s:i,s:s,s:o,s:[],s:[],s:[O],s:[],s:[]}", "media_type", DN_MEDIA_TYPE_XML, "pages",
        1, "pages_read", 1, "kind", reading->kind, "fields", dn_reading_to_json(reading),
        "captured", "derived", "checks", check, "attachments", "warnings");
    g_autofree char *line G_GNUC_UNUSED = dn_json_line(answer);
    g_autoptr(GBytes) body = g_bytes_new(line, strlen(line));
    g_autoptr(json_t) held G_GNUC_UNUSED = dn_answer_reading(body, &refusal);

    g_assert_no_error(refusal);
    g_assert_cmpstr(dn_json_string(check, "verdict"), !=, "fail");
    return 0;
}
