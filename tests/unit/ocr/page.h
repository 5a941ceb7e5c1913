/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tests/unit/ocr/page.h - pages written as text: a line of it is a line of the page.
 *
 * Words are parted by blanks and stand on a grid, so that three blanks make a gap between columns.
 * A line with ^ before its first word is printed in twice the size.
 */
#ifndef TESTS_UNIT_OCR_PAGE_H
#define TESTS_UNIT_OCR_PAGE_H

#include "base/text.h"
#include "ocr/reading.h"

enum { PAGE_COLUMN_PX = 20, PAGE_LINE_PX = 40, PAGE_LETTER_PX = 30, PAGE_WIDTH_PX = 1600 };

G_GNUC_UNUSED static DnPageText *
page_made_of(const char *const *lines, const char *origin, double confidence)
{
    unsigned count = g_strv_length((char **)lines);
    DnPageText *page = dn_page_text_new(1, PAGE_WIDTH_PX, (count + 3) * PAGE_LINE_PX, 200, origin);
    GPtrArray *words = dn_word_array_new();

    for (unsigned row = 0, y = PAGE_LINE_PX; row < count; row++) {
        int column = 0;
        int size = 1;

        for (const char *p = lines[row]; *p;) {
            const char *end = p + strcspn(p, " ");

            if (end == p) {
                column++;
                p++;
                continue;
            }
            if (*p == '^') {
                size = 2;
                p++;
                continue;
            }
            g_autofree char *word = g_strndup(p, (gsize)(end - p));
            int columns = MAX(1, dn_text_columns(word)) * size;
            DnBox box = {column * PAGE_COLUMN_PX, (int)y, columns * PAGE_COLUMN_PX,
                         PAGE_LETTER_PX * size};

            g_ptr_array_add(words, dn_word_new(word, &box, confidence));
            column += columns;
            p = end;
        }
        y += (unsigned)(PAGE_LINE_PX * size);
    }
    dn_page_text_take_words(page, words);
    return page;
}

/* What is read of a page that came from pixels. @profile may be NULL. */
G_GNUC_UNUSED static DnReading *
reading_of(const DnReadingProfile *profile, const char *const *lines)
{
    g_autoptr(DnPageText) page = page_made_of(lines, "tesseract", 0.9);
    const DnPageText *pages[] = {page};

    return dn_reading_new(pages, 1, profile);
}

#define LINES(...) ((const char *const[]){__VA_ARGS__, NULL})

/* The best candidate, or NULL. */
G_GNUC_UNUSED static const DnCandidate *
best_of(const DnField *field)
{
    return field->candidates->len ? g_ptr_array_index(field->candidates, 0) : NULL;
}

G_GNUC_UNUSED static bool
offers_text(const DnField *field, const char *text)
{
    for (guint i = 0; i < field->candidates->len; i++)
        if (g_strcmp0(((const DnCandidate *)g_ptr_array_index(field->candidates, i))->text, text) ==
            0)
            return true;
    return false;
}

#endif
