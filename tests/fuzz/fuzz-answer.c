/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tests/fuzz/fuzz-answer.c - what a worker that was taken over may say.
 */
#include "config.h"
#include "fuzz.h"

#include "engine/answer.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GBytes) bytes = g_bytes_new(data, size);
    g_autoptr(GError) verdict = NULL;
    g_autoptr(GError) error = NULL;
    unsigned page = 0;
    g_autoptr(json_t) reading = dn_answer_reading(bytes, &error);

    g_assert_true((reading == NULL) == (error != NULL));
    if (dn_answer_verdict(bytes, &verdict, NULL))
        g_assert_nonnull(verdict);
    if (dn_answer_page(bytes, &page, NULL))
        g_assert_cmpuint(page, >, 0);
    dn_answer_check_words(bytes, NULL);
    dn_answer_check_text(bytes, NULL);
    dn_answer_check_rendition(bytes, NULL);
    dn_answer_check_png(bytes, NULL);
    if (reading) { /* what was held passes again */
        g_autofree char *line = dn_json_line(reading);
        g_autoptr(GBytes) again = g_bytes_new(line, strlen(line));
        g_autoptr(json_t) held = dn_answer_reading(again, NULL);

        g_assert_nonnull(held);
    }
    return 0;
}
