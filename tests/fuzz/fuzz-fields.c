/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tests/fuzz/fuzz-fields.c - the readers of values on any text; what they say must pass the
 * archive's check.
 */
#include "config.h"
#include "fuzz.h"

#include "base/json.h"
#include "base/text.h"
#include "engine/answer.h"
#include "ocr/reading.h"

enum { COLUMN_PX = 20, LINE_PX = 40, LETTER_PX = 30 };

/* Lines of words on a grid, as tests/unit/ocr/page.h makes them. */
static DnPageText *
page_of(const char *text, const char *origin)
{
    DnPageText *page = dn_page_text_new(1, 1600, 2400, 200, origin);
    GPtrArray *words = dn_word_array_new();
    int row = 1;
    int column = 0;

    for (const char *p = text; *p;) {
        size_t length = strcspn(p, " \n\t\f\v\r");

        if (length == 0) {
            row += *p == '\n';
            column = *p == '\n' ? 0 : column + 1;
            p++;
            continue;
        }
        g_autofree char *word = g_strndup(p, length);
        int columns = MAX(1, dn_text_columns(word));
        DnBox box = {column * COLUMN_PX, row * LINE_PX, columns * COLUMN_PX, LETTER_PX};

        g_ptr_array_add(words, dn_word_new(word, &box, 0.9));
        column += columns;
        p += length;
    }
    dn_page_text_take_words(page, words);
    return page;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const orders[] = {"ymd", "dmy", "mdy"};
    DnReadingProfile profile = dn_reading_profile_default;
    unsigned chosen = size ? data[0] : 0;
    g_autofree char *text =
        dn_text_sanitise(size > 1 ? (const char *)data + 1 : "", size > 1 ? (gssize)size - 1 : 0);
    g_autoptr(DnPageText) page = page_of(text, chosen & 4 ? "text-layer" : "tesseract");
    const DnPageText *pages[] = {page};

    g_strlcpy(profile.date_order, orders[chosen % 3], sizeof profile.date_order);
    g_strlcpy(profile.currency, chosen & 8 ? "EUR" : "JPY", sizeof profile.currency);
    if (chosen & 16)
        profile.received = (DnDate){2026, 4, 1};
    if (chosen & 32)
        page->second = page_of(text, "tesseract again");
    g_autoptr(DnReading) reading = dn_reading_new(pages, 1, &profile);
    g_autoptr(json_t) answer = json_pack(
        "{s:s,s:i,s:i,s:s,s:o,s:[],s:[],s:[],s:[],s:[]}", "media_type", "application/pdf", "pages",
        1, "pages_read", 1, "kind", reading->kind, "fields", dn_reading_to_json(reading),
        "captured", "derived", "checks", "attachments", "warnings");
    g_autofree char *line G_GNUC_UNUSED = dn_json_line(answer);
    g_autoptr(GBytes) body = g_bytes_new(line, strlen(line));
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) held G_GNUC_UNUSED = dn_answer_reading(body, &error);

    g_assert_no_error(error);
    return 0;
}
