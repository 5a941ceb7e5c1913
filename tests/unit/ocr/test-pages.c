/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tests/unit/ocr/test-pages.c - words into lines, two readings into one, values into JSON.
 */
#include "config.h"
#include "base/money.h"
#include "ocr/fields/fields.h"
#include "ocr/read-page.h"
#include "tests/unit/ocr/page.h"

#include <string.h>

static const DnLine *
line_at(const DnPageText *page, guint index)
{
    g_assert_cmpuint(index, <, page->lines->len);
    return g_ptr_array_index(page->lines, index);
}

static void
add_word(GPtrArray *words, const char *text, int x, int y, int width, int height)
{
    g_ptr_array_add(words, dn_word_new(text, &(DnBox){x, y, width, height}, 0.8));
}

static void
test_words_in_any_order_become_lines(void)
{
    g_autoptr(DnPageText) page = dn_page_text_new(1, 1000, 1000, 200, "tesseract");
    GPtrArray *words = dn_word_array_new();

    add_word(words, "¥1,200", 700, 104, 120, 30);
    add_word(words, "二", 130, 200, 30, 30);
    add_word(words, "合", 100, 100, 30, 30);
    add_word(words, "一", 100, 200, 30, 30);
    add_word(words, "計", 180, 101, 30, 30);
    dn_page_text_take_words(page, words);
    g_assert_cmpuint(page->lines->len, ==, 2);
    g_assert_cmpstr(line_at(page, 0)->text, ==, "合計 ¥1,200");
    g_assert_cmpstr(line_at(page, 1)->text, ==, "一二");
    g_assert_cmpint(line_at(page, 0)->box.x, ==, 100);
    g_assert_cmpint(line_at(page, 0)->box.width, ==, 720);
}

static void
test_lines_may_climb(void)
{
    g_autoptr(DnPageText) page = dn_page_text_new(1, 2000, 1000, 200, "tesseract");
    GPtrArray *words = dn_word_array_new();

    /* 1.5 px a step: at its end the upper line is higher than the lower one began. */
    for (int i = 0; i < 20; i++) {
        add_word(words, "a", i * 100, 200 - i * 4, 60, 30);
        add_word(words, "b", i * 100, 250 - i * 4, 60, 30);
    }
    dn_page_text_take_words(page, words);
    g_assert_cmpuint(page->lines->len, ==, 2);
    g_assert_null(strchr(line_at(page, 0)->text, 'b'));
    g_assert_null(strchr(line_at(page, 1)->text, 'a'));
}

static void
test_tall_word_does_not_glue_lines(void)
{
    g_autoptr(DnPageText) page = dn_page_text_new(1, 1000, 1000, 200, "tesseract");
    GPtrArray *words = dn_word_array_new();

    add_word(words, "|", 50, 100, 5, 200);
    add_word(words, "one", 100, 110, 60, 30);
    add_word(words, "two", 100, 160, 60, 30);
    add_word(words, "three", 100, 210, 60, 30);
    dn_page_text_take_words(page, words);
    g_assert_cmpuint(page->lines->len, ==, 4);
}

static void
test_runs_side_by_side_become_one_line(void)
{
    g_autoptr(DnPageText) page = dn_page_text_new(1, 1000, 1000, 200, "tesseract");
    GPtrArray *runs = g_ptr_array_new_with_free_func((GDestroyNotify)g_ptr_array_unref);
    GPtrArray *amounts = dn_word_array_new();
    GPtrArray *labels = dn_word_array_new();

    add_word(amounts, "60.30", 700, 100, 90, 30);
    add_word(labels, "TOTAL", 100, 102, 100, 30);
    add_word(labels, "RM", 210, 102, 40, 30);
    g_ptr_array_add(runs, amounts);
    g_ptr_array_add(runs, labels);
    g_ptr_array_add(runs, dn_word_array_new());
    dn_page_text_take_runs(page, runs);
    g_assert_cmpuint(page->lines->len, ==, 1);
    g_assert_cmpstr(line_at(page, 0)->text, ==, "TOTAL RM 60.30");
}

static void
add_glyphs(GArray *glyphs, const char *text, int x, int y, int step_px)
{
    for (const char *p = text; *p; p = g_utf8_next_char(p), x += step_px) {
        DnGlyph glyph = {g_utf8_get_char(p), {x, y, step_px - 2, 20}};

        g_array_append_val(glyphs, glyph);
    }
}

static void
test_text_layer_becomes_words(void)
{
    g_autoptr(GArray) glyphs = g_array_new(FALSE, TRUE, sizeof(DnGlyph));

    add_glyphs(glyphs, "Total due", 100, 100, 12);
    add_glyphs(glyphs, "271.04", 500, 100, 12);
    add_glyphs(glyphs, "next", 100, 200, 12);
    g_autoptr(DnPageText) page = dn_page_text_from_glyphs(3, 1654, 2339, 200, glyphs);

    g_assert_cmpstr(page->origin, ==, "text-layer");
    g_assert_cmpuint(page->page, ==, 3);
    g_assert_cmpuint(page->lines->len, ==, 2);
    g_assert_cmpstr(line_at(page, 0)->text, ==, "Total due 271.04");
    g_assert_cmpuint(line_at(page, 0)->words->len, ==, 3);
    const DnWord *word = g_ptr_array_index(line_at(page, 0)->words, 2);

    g_assert_cmpstr(word->text, ==, "271.04");
    g_assert_cmpint(word->box.x, ==, 500);
    g_assert_cmpfloat(word->confidence, ==, 1);
}

static void
test_text_layers_that_lie(void)
{
    g_autoptr(GArray) good = g_array_new(FALSE, TRUE, sizeof(DnGlyph));
    g_autoptr(GArray) short_one = g_array_new(FALSE, TRUE, sizeof(DnGlyph));
    g_autoptr(GArray) unmapped = g_array_new(FALSE, TRUE, sizeof(DnGlyph));

    add_glyphs(good, "請求書 合計 ¥1,200", 0, 0, 20);
    add_glyphs(short_one, "A1", 0, 0, 20);
    add_glyphs(unmapped, "Invoice 12 \xef\xbf\xbd\xef\xbf\xbd\xee\x80\x80\xee\x80\x81", 0, 0, 20);
    g_assert_true(dn_text_layer_is_plausible(good));
    g_assert_false(dn_text_layer_is_plausible(short_one));
    g_assert_false(dn_text_layer_is_plausible(unmapped));
    g_assert_false(dn_text_layer_is_plausible(NULL));
}

static void
test_empty_boxes_count_for_nothing(void)
{
    DnBox none = {50, 50, 0, 10};
    DnBox some = {10, 20, 30, 40};
    DnBox both = dn_box_union(&some, &(DnBox){30, 10, 20, 20});

    g_assert_cmpint(dn_box_union(&none, &some).x, ==, 10);
    g_assert_cmpint(dn_box_union(&some, &none).width, ==, 30);
    g_assert_cmpint(both.y, ==, 10);
    g_assert_cmpint(both.width, ==, 40);
    g_assert_cmpint(both.height, ==, 50);
}

static DnReading *
reading_of_two(const char *const *first, const char *const *second)
{
    g_autoptr(DnPageText) page = page_made_of(first, "tesseract", 0.9);
    const DnPageText *pages[] = {page};

    page->second = page_made_of(second, "tesseract", 0.9);
    return dn_reading_new(pages, 1, NULL);
}

static void
test_second_pass_fills_gaps(void)
{
    g_autoptr(DnReading) reading =
        reading_of_two(LINES("株式会社栗里食品", "TEL 053-059-2117", "2026年6月7日(日)"),
                       LINES("株式会社栗里食品", "小計  ¥1,000", "消費税  ¥100", "合計  ¥1,100"));

    g_assert_cmpstr(best_of(&reading->date)->text, ==, "2026-06-07");
    g_assert_cmpint(best_of(&reading->amount)->number, ==, 1100);
}

static void
test_passes_that_agree_are_surer(void)
{
    g_autoptr(DnReading) once = reading_of(NULL, LINES("2026年6月7日", "合計   ¥1,100"));
    g_autoptr(DnReading) twice = reading_of_two(LINES("2026年6月7日", "合計   ¥1,100"),
                                                LINES("2026年6月7日", "合計   ¥1,100"));

    g_assert_cmpfloat(best_of(&twice->date)->confidence, >=, best_of(&once->date)->confidence);
}

static void
test_passes_that_contradict_leave_doubt(void)
{
    g_autoptr(DnReading) reading = reading_of_two(LINES("発行日 2026年6月7日", "合計   ¥1,100"),
                                                  LINES("発行日 2026年6月1日", "合計   ¥7,100"));

    g_assert_cmpfloat(best_of(&reading->date)->confidence, <, 0.7);
    g_assert_cmpfloat(best_of(&reading->amount)->confidence, <, 0.7);
    g_assert_true(offers_text(&reading->date, "2026-06-07"));
    g_assert_true(offers_text(&reading->date, "2026-06-01"));
}

/* The amount stands on the second line, which was looked at again. */
static DnReading *
reading_with_a_look(const char *amount_again)
{
    g_autoptr(DnPageText) page =
        page_made_of(LINES("発行日 2026年6月7日", "合計   ¥1,100"), "tesseract", 0.9);
    const DnLine *line = g_ptr_array_index(page->lines, 1);
    g_autoptr(GArray) bands = dn_bands_new(page, &line->box, 1);
    g_autoptr(DnPageText) again = page_made_of(LINES("", amount_again), "tesseract", 0.9);

    g_assert_cmpuint(bands->len, ==, 1);
    page->second = dn_page_text_with(page, bands, again);
    const DnPageText *pages[] = {page};

    return dn_reading_new(pages, 1, NULL);
}

static void
test_a_look_says_nothing_of_other_lines(void)
{
    g_autoptr(DnReading) once = reading_of(NULL, LINES("発行日 2026年6月7日", "合計   ¥1,100"));
    g_autoptr(DnReading) same = reading_with_a_look("合計   ¥1,100");
    g_autoptr(DnReading) other = reading_with_a_look("合計   ¥7,100");

    g_assert_cmpfloat(best_of(&same->date)->confidence, ==, best_of(&once->date)->confidence);
    g_assert_cmpfloat(best_of(&same->amount)->confidence, >, best_of(&once->amount)->confidence);
    g_assert_cmpfloat(best_of(&other->date)->confidence, ==, best_of(&once->date)->confidence);
    g_assert_cmpfloat(best_of(&other->amount)->confidence, <, 0.7);
}

static void
test_bands_are_whole_lines_that_do_not_touch(void)
{
    g_autoptr(DnPageText) page = page_made_of(
        LINES("一行目 右", "二行目", "三行目", "", "", "", "七行目", "八行目"), "tesseract", 0.9);
    const DnBox boxes[] = {
        {0, 7 * PAGE_LINE_PX, 10, PAGE_LETTER_PX},
        {0, 2 * PAGE_LINE_PX, 10, PAGE_LETTER_PX},
        {0, 1 * PAGE_LINE_PX, 10, PAGE_LETTER_PX},
        {0, 500 * PAGE_LINE_PX, 10, PAGE_LETTER_PX}, /* no such place */
    };
    g_autoptr(GArray) bands = dn_bands_new(page, boxes, G_N_ELEMENTS(boxes));

    for (guint i = 0; i < bands->len; i++) {
        const DnBox *band = &g_array_index(bands, DnBox, i);

        g_assert_cmpint(band->x, ==, 0);
        g_assert_cmpint(band->width, ==, PAGE_WIDTH_PX);
        g_assert_cmpint(band->y + band->height, <=, (int)page->height_px);
        if (i > 0)
            g_assert_cmpint(band->y, >, band[-1].y + band[-1].height);
    }
    static const bool wanted[] = {true, true, false, true, false};

    g_assert_cmpuint(page->lines->len, ==, G_N_ELEMENTS(wanted));
    for (guint i = 0; i < page->lines->len; i++)
        g_assert_cmpint(
            dn_bands_hold(bands, &((const DnLine *)g_ptr_array_index(page->lines, i))->box), ==,
            wanted[i]);
}

static void
test_spellings_of_a_name_do_not_contradict(void)
{
    g_autoptr(DnReading) reading =
        reading_of_two(LINES("株式会社文具のふみつき堂", "TEL 052-026-9034"),
                       LINES("株式会社文上ふみつき堂", "TEL 052-026-9034"));

    g_assert_cmpfloat(best_of(&reading->party)->confidence, >, 0.7);
    g_assert_cmpfloat(best_of(&reading->party)->confidence, <, 0.95);
}

static void
test_json_of_a_reading(void)
{
    g_autoptr(DnReading) reading =
        reading_of(NULL, LINES("株式会社栗里食品", "登録番号 T7010401087546",
                               "2026年6月7日(日) 10:00", "10%対象   ¥1,100", "(内消費税等 ¥100)",
                               "合計   ¥1,100", "支払期限 2026年7月31日"));
    g_autoptr(json_t) fields = dn_reading_to_json(reading);
    const json_t *date = dn_json_object(fields, "date");
    const json_t *amount = dn_json_object(fields, "amount");
    const json_t *box = dn_json_array(amount, "box");
    double confidence = dn_json_real(date, "confidence", 0);

    g_assert_cmpstr(dn_json_string(date, "value"), ==, "2026-06-07");
    g_assert_cmpint(dn_json_int(date, "page", 0), ==, 1);
    g_assert_cmpfloat(ABS(confidence * 1000 - (int)(confidence * 1000 + 0.5)), <, 1e-6);
    g_assert_cmpint(dn_json_int(amount, "value", 0), ==, 1100);
    g_assert_cmpstr(dn_json_string(amount, "currency"), ==, "JPY");
    g_assert_cmpint(dn_json_int(amount, "scale", -1), ==, 0);
    g_assert_cmpuint(json_array_size(box), ==, 4);
    g_assert_cmpstr(dn_json_string(dn_json_object(fields, "registration_number"), "value"), ==,
                    "T7010401087546");
    const json_t *tax = json_array_get(dn_json_array(fields, "taxes"), 0);

    g_assert_cmpstr(dn_json_string(tax, "rate"), ==, "10");
    g_assert_cmpint(dn_json_int(tax, "base", 0), ==, 1100);
    g_assert_cmpint(dn_json_int(tax, "tax", 0), ==, 100);
    g_assert_true(dn_json_bool(tax, "base_includes_tax", false));
}

static void
test_nothing_read_is_an_empty_object(void)
{
    g_autoptr(DnReading) reading = dn_reading_new(NULL, 0, NULL);
    g_autoptr(json_t) fields = dn_reading_to_json(reading);

    g_assert_cmpuint(json_object_size(fields), ==, 0);
    g_assert_cmpstr(reading->kind, ==, "other");
}

static void
test_same_text_same_values(void)
{
    const char *const *lines = LINES("Shop A", "Shop B", "1 Street", "TOTAL 10.00", "TOTAL 12.00",
                                     "01/02/2020", "02/01/2020", "CASH 20.00", "CHANGE 8.00");
    static const DnReadingProfile dmy = {.date_order = "dmy", .currency = "MYR"};
    g_autofree char *first = NULL;

    for (int i = 0; i < 5; i++) {
        g_autoptr(DnReading) reading = reading_of(&dmy, lines);
        g_autoptr(json_t) fields = dn_reading_to_json(reading);
        g_autofree char *line = dn_json_line(fields);

        if (!first)
            first = g_steal_pointer(&line);
        else
            g_assert_cmpstr(line, ==, first);
    }
}

/* Whatever characters stand on a page, reading it ends and gives valid text. */
static void
test_hostile_pages(void)
{
    static const char *const pieces[] = {
        "¥",
        "1,2,3,4,5",
        "99999999999999999999999",
        "令和",
        "年月日",
        "----",
        "(((((",
        "T",
        "0000000000000",
        "合計",
        "TOTAL",
        "株式会社",
        "御中",
        "%",
        "10%",
        "....,,,,",
        "\xf0\x9f\x98\x80",
        "\u0301\u0301",
        "元",
        "一二三四五六七八九十百千万億円",
        "'26.",
        "A.B.C.",
        "24/24/24",
        "RM",
        "\\",
    };
    g_autoptr(GRand) random = g_rand_new_with_seed(20260401);

    for (int round = 0; round < 200; round++) {
        g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
        int count = g_rand_int_range(random, 1, 12);

        for (int i = 0; i < count; i++) {
            GString *line = g_string_new(NULL);
            int words = g_rand_int_range(random, 0, 8);

            for (int w = 0; w < words; w++) {
                g_string_append(line, pieces[g_rand_int_range(random, 0, G_N_ELEMENTS(pieces))]);
                if (g_rand_boolean(random))
                    g_string_append(line, g_rand_boolean(random) ? " " : "    ");
            }
            g_ptr_array_add(lines, g_string_free(line, FALSE));
        }
        g_ptr_array_add(lines, NULL);
        g_autoptr(DnReading) reading = reading_of(NULL, (const char *const *)(void *)lines->pdata);
        g_autoptr(json_t) fields = dn_reading_to_json(reading);
        g_autofree char *line = dn_json_line(fields);

        g_assert_true(g_utf8_validate(line, -1, NULL));
    }
}

/* A long document is read in bounded time, and its total stands at the end. */
static void
test_long_document(void)
{
    static const char *const hostile[] = {"消費税 ¥123", "小計 ¥1,000", "お預り ¥5,000",
                                          "お釣り ¥77",  "8%対象 ¥9",   "合計 ¥3"};
    g_autoptr(GPtrArray) items = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GPtrArray) parts = g_ptr_array_new_with_free_func(g_free);
    gint64 begin_us = g_get_monotonic_time();

    for (int i = 0; i < 1000; i++) {
        g_ptr_array_add(items, g_strdup_printf("商品%d    ¥%d", i, 100 + i));
        g_ptr_array_add(parts, g_strdup(hostile[i % G_N_ELEMENTS(hostile)]));
    }
    g_ptr_array_add(items, g_strdup("合計    ¥599,500"));
    g_ptr_array_add(items, NULL);
    g_ptr_array_add(parts, NULL);
    g_autoptr(DnReading) reading = reading_of(NULL, (const char *const *)(void *)items->pdata);
    g_autoptr(DnReading) other = reading_of(NULL, (const char *const *)(void *)parts->pdata);

    g_assert_cmpint(best_of(&reading->amount)->number, ==, 599500);
    g_assert_cmpint(g_get_monotonic_time() - begin_us, <, 60 * G_USEC_PER_SEC);
    g_test_message("%.2f s", (double)(g_get_monotonic_time() - begin_us) / G_USEC_PER_SEC);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ocr/layout/any-order", test_words_in_any_order_become_lines);
    g_test_add_func("/ocr/layout/climb", test_lines_may_climb);
    g_test_add_func("/ocr/layout/tall-word", test_tall_word_does_not_glue_lines);
    g_test_add_func("/ocr/layout/side-by-side", test_runs_side_by_side_become_one_line);
    g_test_add_func("/ocr/layout/text-layer", test_text_layer_becomes_words);
    g_test_add_func("/ocr/layout/text-layers-that-lie", test_text_layers_that_lie);
    g_test_add_func("/ocr/layout/boxes", test_empty_boxes_count_for_nothing);
    g_test_add_func("/ocr/reading/fills-gaps", test_second_pass_fills_gaps);
    g_test_add_func("/ocr/reading/agree", test_passes_that_agree_are_surer);
    g_test_add_func("/ocr/reading/contradict", test_passes_that_contradict_leave_doubt);
    g_test_add_func("/ocr/reading/look", test_a_look_says_nothing_of_other_lines);
    g_test_add_func("/ocr/bands/whole-lines", test_bands_are_whole_lines_that_do_not_touch);
    g_test_add_func("/ocr/reading/spellings", test_spellings_of_a_name_do_not_contradict);
    g_test_add_func("/ocr/reading/json", test_json_of_a_reading);
    g_test_add_func("/ocr/reading/nothing", test_nothing_read_is_an_empty_object);
    g_test_add_func("/ocr/reading/same-values", test_same_text_same_values);
    g_test_add_func("/ocr/reading/hostile", test_hostile_pages);
    g_test_add_func("/ocr/reading/long", test_long_document);
    return g_test_run();
}
