/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tests/fuzz/fuzz-layout.c - a text layer of any characters at any place.
 */
#include "config.h"
#include "fuzz.h"

#include "ocr/page-text.h"

/* Twelve bytes a glyph: character, place and size. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GArray) glyphs = g_array_new(FALSE, FALSE, sizeof(DnGlyph));

    for (; size >= 12; data += 12, size -= 12) {
        uint32_t character = (uint32_t)data[0] << 16 | (uint32_t)data[1] << 8 | data[2];
        DnGlyph glyph = {
            .character =
                character < 0x110000 && (character & 0x1ff800) != 0xd800 ? character : 0xfffd,
            .box = {(int16_t)(data[3] << 8 | data[4]), (int16_t)(data[5] << 8 | data[6]),
                    data[7] << 4 | data[8] >> 4, data[9] << 4 | data[10] >> 4}};

        g_array_append_val(glyphs, glyph);
    }
    dn_text_layer_is_plausible(glyphs);
    g_autoptr(DnPageText) page = dn_page_text_from_glyphs(1, 2480, 3508, 300, glyphs);

    for (guint i = 0; i < page->lines->len; i++) {
        const DnLine *line = page->lines->pdata[i];

        g_assert_true(line->words->len > 0 && g_utf8_validate(line->text, -1, NULL));
    }
    return 0;
}
