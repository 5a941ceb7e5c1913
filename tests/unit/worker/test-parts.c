/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tests/unit/worker/test-parts.c - the worker's pure parts and the archive's eye on its answers.
 */
#include "config.h"
#include "engine/answer.h"
#include "worker/checks.h"
#include "worker/normalise.h"
#include "worker/protocol.h"
#include "worker/read-document.h"
#include "worker/rendition.h"

#include <cairo.h>
#include <glib/gstdio.h>
#include <math.h>
#include <poppler.h>
#include <string.h>
#include <unistd.h>

#define assert_code(error, wanted)                                                                 \
    do {                                                                                           \
        g_assert_nonnull(error);                                                                   \
        g_assert_cmpint(dn_error_code(error), ==, DN_ERROR_##wanted);                              \
        g_clear_error(&(error));                                                                   \
    } while (0)

/* fontconfig and cairo keep what they have loaded for ever. */
__attribute__((visibility("default"))) const char *__lsan_default_suppressions(void);

const char *
__lsan_default_suppressions(void)
{
    return "leak:libfontconfig\nleak:libcairo\n";
}

/* ---- checks ---- */

static const DnPageInfo good_scan = {.width_px = 2480,
                                     .height_px = 3508,
                                     .dpi_x = 300,
                                     .dpi_y = 300,
                                     .orientation = 1,
                                     .bits_per_sample = 8,
                                     .colour = DN_COLOUR_RGB,
                                     .compression = "lzw"};

static char *
verdict_of(const DnPageInfo *pages, size_t count, bool important, const char *rule)
{
    g_autoptr(json_t) checks = dn_checks(pages, count, important);

    for (size_t i = 0; i < json_array_size(checks); i++) {
        const json_t *check = json_array_get(checks, i);

        g_assert_nonnull(dn_json_string(check, "figure"));
        if (g_strcmp0(dn_json_string(check, "rule"), rule) == 0)
            return g_strdup(dn_json_string(check, "verdict"));
    }
    return g_strdup("absent");
}

static void
assert_verdict(const DnPageInfo *page, bool important, const char *rule, const char *wanted)
{
    g_autofree char *verdict = verdict_of(page, 1, important, rule);

    g_assert_cmpstr(verdict, ==, wanted);
}

static void
test_a_good_scan_passes_all(void)
{
    assert_verdict(&good_scan, true, "R09", "pass");
    assert_verdict(&good_scan, true, "R10", "absent");
    assert_verdict(&good_scan, true, "R11", "pass");
    assert_verdict(&good_scan, true, "R14", "pass");
}

static void
test_both_axes_need_200_dpi(void)
{
    DnPageInfo page = good_scan;

    page.dpi_y = 100;
    assert_verdict(&page, true, "R09", "fail");
    page.dpi_x = page.dpi_y = 199.9; /* 7,870 dots a metre */
    assert_verdict(&page, true, "R09", "pass");
    page.dpi_x = page.dpi_y = 199;
    assert_verdict(&page, true, "R09", "fail");
}

static void
test_pixels_decide_where_no_resolution_is_known(void)
{
    DnPageInfo page = good_scan;
    const struct {
        uint32_t width_px;
        uint32_t height_px;
        const char *wanted;
    } table[] = {{2338, 1654, "pass"},
                 {1654, 2338, "pass"},
                 {2337, 1654, "unknown"},
                 {3000, 1600, "unknown"}};
    static const double placeholders[] = {0, 72, 96, 1, 100000, NAN};

    for (size_t k = 0; k < G_N_ELEMENTS(placeholders); k++)
        for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
            page.dpi_x = page.dpi_y = placeholders[k];
            page.width_px = table[i].width_px;
            page.height_px = table[i].height_px;
            assert_verdict(&page, true, "R10", table[i].wanted);
            assert_verdict(&page, true, "R09", "absent");
        }
}

static void
test_colour_is_asked_of_important_documents(void)
{
    DnPageInfo page = good_scan;

    page.colour = DN_COLOUR_GRAY;
    assert_verdict(&page, true, "R11", "fail");
    assert_verdict(&page, false, "R11", "pass");
    page.colour = DN_COLOUR_BILEVEL;
    page.bits_per_sample = 1;
    assert_verdict(&page, false, "R11", "fail");
    page.colour = DN_COLOUR_RGB;
    page.bits_per_sample = 4;
    assert_verdict(&page, true, "R11", "fail");
    g_assert_false(dn_checks_is_important("order"));
    g_assert_true(dn_checks_is_important("receipt"));
    g_assert_true(dn_checks_is_important(NULL));
}

static void
test_the_worst_page_decides_and_is_named(void)
{
    DnPageInfo pages[3] = {good_scan, good_scan, good_scan};

    pages[1].lossy = true;
    pages[2].rendered = true;
    g_autoptr(json_t) checks = dn_checks(pages, 3, true);
    const json_t *lossless = json_array_get(checks, json_array_size(checks) - 1);

    g_assert_cmpstr(dn_json_string(lossless, "rule"), ==, "R14");
    g_assert_cmpstr(dn_json_string(lossless, "verdict"), ==, "unknown");
    g_assert_nonnull(strstr(dn_json_string(lossless, "figure"), "page 2"));
}

static void
test_what_was_not_captured_is_not_checked(void)
{
    DnPageInfo page = good_scan;

    page.rendered = true;
    g_autoptr(json_t) checks = dn_checks(&page, 1, true);

    g_assert_cmpuint(json_array_size(checks), ==, 0);
}

static void
test_blank_pages_are_named(void)
{
    const unsigned backs[] = {2, 4};
    unsigned many[200];
    g_autoptr(json_t) some = dn_checks_blank(backs, 2, 4);
    g_autoptr(json_t) none = dn_checks_blank(backs, 0, 4);

    for (unsigned i = 0; i < G_N_ELEMENTS(many); i++)
        many[i] = i + 1;
    g_autoptr(json_t) all = dn_checks_blank(many, G_N_ELEMENTS(many), G_N_ELEMENTS(many));

    g_assert_null(none);
    g_assert_cmpstr(dn_json_string(some, "rule"), ==, "BLANK");
    g_assert_cmpstr(dn_json_string(some, "verdict"), ==, "pass");
    g_assert_nonnull(strstr(dn_json_string(some, "figure"), "2, 4"));
    g_assert_cmpstr(dn_json_string(all, "verdict"), ==, "fail");
    g_assert_cmpuint(strlen(dn_json_string(all, "figure")), <, 100);
}

/* ---- the job ---- */

static bool
parse_job(const char *text, DnJob *job, GError **error)
{
    g_autoptr(GBytes) body = g_bytes_new(text, strlen(text));

    return dn_job_parse(body, job, error);
}

static void
test_a_job_keeps_defaults_for_what_it_does_not_say(void)
{
    DnJob job;
    g_autoptr(GError) error = NULL;

    g_assert_true(parse_job("{\"profile\":{\"date_order\":\"dmy\",\"received\":\"2026-04-01\"},"
                            "\"limits\":{\"pages\":3},\"rendition\":true,\"kind\":\"order\"}",
                            &job, &error));
    g_assert_no_error(error);
    g_assert_cmpstr(job.profile.date_order, ==, "dmy");
    g_assert_cmpint(job.profile.received.month, ==, 4);
    g_assert_cmpuint(job.limits.max_pages, ==, 3);
    g_assert_cmpuint(job.limits.max_page_ms, ==, dn_limits_default.max_page_ms);
    g_assert_true(job.rendition);
    g_assert_cmpstr(job.kind, ==, "order");
}

static void
test_a_wrong_job_is_invalid(void)
{
    static const char *const wrong[] = {"",
                                        "[]",
                                        "{\"limits\":{\"pages\":0}}",
                                        "{\"area\":[0,0,1001,10]}",
                                        "{\"area\":[500,0,501,10]}",
                                        "{\"area\":[-1,0,10,10]}",
                                        "{\"area\":[0,0,0,10]}",
                                        "{\"area\":[0,0,10]}",
                                        "{\"area\":[0,0,10,4294967306]}",
                                        "{\"area\":7}",
                                        "{\"limits\":{\"page_ms\":\"1\"}}",
                                        "{\"limits\":{\"side_px\":99999999999}}",
                                        "{\"profile\":{\"date_order\":\"ydm\"}}",
                                        "{\"profile\":{\"currency\":\"yen\"}}"};
    DnJob job;

    for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_autoptr(GError) error = NULL;

        g_assert_false(parse_job(wrong[i], &job, &error));
        assert_code(error, INVALID);
    }
}

/* ---- text and words ---- */

static DnPageText *
page_with_words(unsigned page, const char *first, const char *second)
{
    DnPageText *text = dn_page_text_new(page, 1000, 500, 200, "script");
    GPtrArray *words = g_ptr_array_new();

    g_ptr_array_add(words, dn_word_new(first, &(DnBox){100, 100, 200, 40}, 0.9));
    g_ptr_array_add(words, dn_word_new(second, &(DnBox){400, 100, 300, 40}, 0.8));
    dn_page_text_take_words(text, words);
    return text;
}

static void
test_words_pass_their_own_check(void)
{
    g_autoptr(GPtrArray) pages = g_ptr_array_new_with_free_func((GDestroyNotify)dn_page_text_free);
    g_autoptr(GError) error = NULL;

    g_ptr_array_add(pages, page_with_words(1, "Total", "10,800"));
    g_ptr_array_add(pages, page_with_words(2, "\xE5\x90\x88\xE8\xA8\x88", "\xFF\x01junk"));
    g_autoptr(GBytes) words = dn_protocol_words(pages);
    g_autoptr(GBytes) text = dn_protocol_text(pages);

    g_assert_true(dn_answer_check_words(words, &error));
    g_assert_no_error(error);
    g_assert_true(dn_answer_check_text(text, &error));
    g_autofree char *copy = g_strndup(g_bytes_get_data(text, NULL), g_bytes_get_size(text));
    g_auto(GStrv) parts = g_strsplit(copy, "\f", -1);

    g_assert_cmpuint(g_strv_length(parts), ==, 2);
    g_assert_nonnull(strstr(parts[0], "Total"));
    g_assert_null(strchr(copy, '\x01'));
}

static void
test_a_second_reading_adds_what_the_first_did_not_see(void)
{
    g_autoptr(GPtrArray) pages = g_ptr_array_new_with_free_func((GDestroyNotify)dn_page_text_free);
    DnPageText *page = page_with_words(1, "Total", "10,800");

    page->second = dn_page_text_new(1, 1000, 500, 200, "script");
    GPtrArray *words = dn_word_array_new();

    g_ptr_array_add(words, dn_word_new("Total", &(DnBox){100, 100, 200, 40}, 0.9));
    g_ptr_array_add(words, dn_word_new("10,800", &(DnBox){400, 100, 300, 40}, 0.8));
    g_ptr_array_add(words, dn_word_new("Shop", &(DnBox){100, 300, 200, 40}, 0.8));
    dn_page_text_take_words(page->second, words);
    g_ptr_array_add(pages, page);
    g_autoptr(GBytes) text = dn_protocol_text(pages);
    g_autofree char *copy = g_strndup(g_bytes_get_data(text, NULL), g_bytes_get_size(text));
    g_auto(GStrv) totals = g_strsplit(copy, "Total", -1);

    g_assert_cmpuint(g_strv_length(totals), ==, 2);
    g_assert_nonnull(strstr(copy, "Shop"));
}

/* ---- answers ---- */

static const char right_reading[] =
    "{\"media_type\":\"image/tiff\",\"pages\":2,\"pages_read\":2,\"kind\":\"receipt\","
    "\"fields\":{\"date\":{\"value\":\"2026-04-01\",\"confidence\":0.98,\"page\":1,"
    "\"box\":[1,2,3,4],\"alternatives\":[{\"value\":\"2026-01-04\",\"confidence\":0.1}]},"
    "\"amount\":{\"value\":10800,\"currency\":\"JPY\",\"scale\":0,\"confidence\":1},"
    "\"taxes\":[{\"rate\":\"10\",\"base\":9819,\"tax\":981,\"base_includes_tax\":false}]},"
    "\"captured\":[{\"page\":1,\"width_px\":10,\"height_px\":10,\"dpi_x\":300,\"dpi_y\":300.5,"
    "\"bits\":8,\"colour\":\"rgb\",\"lossy\":false,\"compression\":\"lzw\",\"orientation\":1,"
    "\"rendered\":false}],\"derived\":[{\"page\":1,\"operations\":[\"gray\"],"
    "\"looks\":[\"margins; script\"],\"complete\":true}],"
    "\"checks\":[{\"rule\":\"R09\",\"verdict\":\"pass\",\"figure\":\"300 x 300 dpi\"}],"
    "\"attachments\":[],\"warnings\":[]}";

static json_t *
answer(const char *text, GError **error)
{
    g_autoptr(GBytes) body = g_bytes_new(text, strlen(text));

    return dn_answer_reading(body, error);
}

static void
test_a_right_reading_is_kept_and_strange_members_go(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) plain = answer(right_reading, &error);
    g_autoptr(GString) text = g_string_new(right_reading);

    g_assert_no_error(error);
    g_string_insert(text, 1, "\"evil\":{\"deep\":[1,2,3]},");
    g_string_replace(text, "\"value\":10800", "\"value\":10800,\"approved\":true", 1);
    g_autoptr(json_t) pruned = answer(text->str, &error);

    g_assert_no_error(error);
    g_assert_true(json_equal(plain, pruned));
    const json_t *page = json_array_get(dn_json_array(plain, "derived"), 0);
    const json_t *looks = dn_json_array(page, "looks");

    g_assert_cmpuint(json_array_size(looks), ==, 1);
    g_assert_cmpstr(json_string_value(json_array_get(looks, 0)), ==, "margins; script");
}

static void
test_a_wrong_reading_is_refused(void)
{
    static const struct {
        const char *find;
        const char *put;
    } changes[] = {
        {"\"receipt\"", "\"ransom\""},
        {"\"image/tiff\"", "\"image/tiff\\r\\nX: y\""},
        {"\"image/tiff\"", "7"},
        {"2026-04-01", "2026-02-30"},
        {"2026-04-01", "2026/04/01"},
        {"\"value\":10800", "\"value\":10800.5"},
        {"\"value\":10800", "\"value\":\"10800\""},
        {"\"value\":10800", "\"value\":9000000000000000000"},
        {"\"JPY\"", "\"jp\""},
        {"\"scale\":0", "\"scale\":40"},
        {"0.98", "1.5"},
        {"0.98", "-1"},
        {"[1,2,3,4]", "[1,2,3]"},
        {"[1,2,3,4]", "[1,2,3,9999999999]"},
        {"\"pass\"", "\"passed\""},
        {"\"R09\"", "\"\\u0007R09\""},
        {"\"lossy\":false", "\"lossy\":0"},
        {"\"pages\":2", "\"pages\":0"},
        {"\"attachments\":[]", "\"attachments\":{}"},
        {"\"attachments\":[]", "\"attachments\":[{\"name\":\"a\",\"bytes\":1,\"sha256\":\"00\"}]"},
        {",\"warnings\":[]", ""},
        {"\"pages\":2", "\"pages\":2,\"pages\":2"},
        {"300 x 300 dpi", "\xFF"},
        {"[\"margins; script\"]", "\"margins; script\""},
        {"margins; script", "margins\\u001b[2J"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(changes); i++) {
        g_autoptr(GString) text = g_string_new(right_reading);
        g_autoptr(GError) error = NULL;

        g_assert_cmpuint(g_string_replace(text, changes[i].find, changes[i].put, 1), ==, 1);
        g_assert_null(answer(text->str, &error));
        assert_code(error, FORMAT);
    }
}

static bool
check_words(const char *text, GError **error)
{
    g_autoptr(GBytes) body = g_bytes_new(text, strlen(text));

    return dn_answer_check_words(body, error);
}

static void
test_wrong_words_are_refused(void)
{
    static const char head[] = "{\"pages\":[{\"page\":1,\"width_px\":1,\"height_px\":1,\"dpi\":0,"
                               "\"origin\":\"x\",\"lines\":[[";
    static const char *const tuples[] = {"[\"a\",1,2,3,4]", "[\"a\",1,2,3,4,0.5,6]",
                                         "[1,1,2,3,4,0.5]", "[\"a\",1,2,3,4,1.5]", "{}"};
    g_autofree char *right = g_strconcat(head, "[\"a\",1,2,3,4,0.5]", "]]}]}", NULL);

    g_assert_true(check_words(right, NULL));
    for (size_t i = 0; i < G_N_ELEMENTS(tuples); i++) {
        g_autofree char *text = g_strconcat(head, tuples[i], "]]}]}", NULL);
        g_autoptr(GError) error = NULL;

        g_assert_false(check_words(text, &error));
        assert_code(error, FORMAT);
    }
}

static void
test_a_flood_of_values_is_limit(void)
{
    enum { COUNT = 8000000 };
    g_autofree char *text = g_malloc(COUNT + 1);
    g_autoptr(GError) error = NULL;

    for (size_t i = 0; i < COUNT; i++)
        text[i] = i == 0 ? '[' : i == COUNT - 1 ? ']' : i % 2 ? '0' : ',';
    text[COUNT] = '\0';
    g_assert_false(check_words(text, &error));
    assert_code(error, LIMIT);
}

static void
test_a_verdict_has_only_codes_of_documents(void)
{
    static const struct {
        const char *code;
        DnErrorCode wanted;
    } table[] = {{"FORMAT", DN_ERROR_FORMAT},          {"LIMIT", DN_ERROR_LIMIT},
                 {"DENIED", DN_ERROR_EXTERNAL},        {"INVALID", DN_ERROR_INVALID},
                 {"CORRUPT", DN_ERROR_EXTERNAL},       {"NONSENSE", DN_ERROR_EXTERNAL},
                 {"UNSUPPORTED", DN_ERROR_UNSUPPORTED}};

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        g_autofree char *text =
            g_strdup_printf("{\"code\":\"%s\",\"message\":\"page 1\"}", table[i].code);
        g_autoptr(GBytes) body = g_bytes_new(text, strlen(text));
        g_autoptr(GError) verdict = NULL;

        g_assert_true(dn_answer_verdict(body, &verdict, NULL));
        g_assert_cmpint(dn_error_code(verdict), ==, table[i].wanted);
    }
}

/* ---- pixels ---- */

static DnPixmap *
gray_page(uint32_t width_px, uint32_t height_px)
{
    DnPixmap *page = dn_pixmap_new(width_px, height_px, DN_PIXEL_GRAY8, &dn_limits_default, NULL);

    g_assert_nonnull(page);
    return page;
}

static void
test_a_lamp_and_a_shadow_are_told_apart(void)
{
    g_autoptr(DnPixmap) page = gray_page(800, 1000);

    for (uint32_t y = 0; y < 1000; y++)
        for (uint32_t x = 0; x < 800; x += 9) /* print */
            dn_pixmap_row(page, y)[x] = 20;
    g_assert_false(dn_normalise_is_unevenly_lit(page));
    for (uint32_t y = 0; y < 1000; y++)
        for (uint32_t x = 0; x < 800; x++)
            dn_pixmap_row(page, y)[x] = (uint8_t)(dn_pixmap_row(page, y)[x] * (800 - x / 2) / 800);
    g_assert_true(dn_normalise_is_unevenly_lit(page));
}

static char *
normalise(DnPixmap *captured, unsigned orientation, const DnQuad *area, DnMap *out_map)
{
    g_autoptr(GPtrArray) operations = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GError) error = NULL;
    g_autoptr(DnPixmap) upright =
        dn_normalise_upright(captured, orientation, &dn_limits_default, operations, &error);
    g_autoptr(DnPixmap) page =
        dn_normalise_page(upright, area, &dn_limits_default, operations, out_map, &error);

    g_assert_no_error(error);
    g_assert_nonnull(page);
    g_ptr_array_add(operations, NULL);
    return g_strjoinv(", ", (char **)operations->pdata);
}

static void
assert_leads(const DnMap *map, double x, double y, double wanted_x, double wanted_y)
{
    dn_map_point(map, &x, &y);
    g_assert_cmpfloat_with_epsilon(x, wanted_x, 0.01);
    g_assert_cmpfloat_with_epsilon(y, wanted_y, 0.01);
}

static void
test_a_large_photo_is_made_smaller_and_a_scan_is_not(void)
{
    g_autoptr(DnPixmap) page = gray_page(2800, 4000);
    DnMap map;
    g_autofree char *photo = normalise(page, 6, NULL, &map);

    g_assert_cmpstr(photo, ==, "orient 6, scale 2000x1400");
    assert_leads(&map, 100, 50, 200, 100);
    page->dpi_x = page->dpi_y = 300;
    g_autofree char *scan = normalise(page, 1, NULL, &map);

    g_assert_cmpstr(scan, ==, "");
    assert_leads(&map, 100, 50, 100, 50);
}

/* What is noted suffices to do it again, and the map leads from what was read to where it stood. */
static void
test_R16_a_paper_is_straightened_as_it_is_noted(void)
{
    g_autoptr(DnPixmap) page = gray_page(2800, 4000);
    DnQuad area = {{200, 2600, 2600, 200}, {300, 300, 3900, 3900}};
    DnMap map;
    g_autofree char *operations = normalise(page, 1, &area, &map);

    g_assert_cmpstr(operations, ==,
                    "scale 1633x2333, straighten 116.6,175.0 1516.4,175.0 1516.4,2274.7 "
                    "116.6,2274.7 to 1400x2100");
    assert_leads(&map, 0, 0, 116.6 * 2800 / 1633, 175.0 * 4000 / 2333);
    assert_leads(&map, 1400, 2100, 1516.4 * 2800 / 1633, 2274.7 * 4000 / 2333);
}

/* Does the operations again that @notes name, on @page. */
static DnPixmap *
replay(const DnPixmap *page, GPtrArray *notes)
{
    DnPixmap *self = dn_pixmap_orient(page, 1, &dn_limits_default, NULL);

    for (guint i = 0; i < notes->len; i++) {
        const char *note = notes->pdata[i];
        DnBend bend = {.width_px = self->width_px, .height_px = self->height_px};
        double terms[8];
        double degrees = 0;
        unsigned width_px = 0;
        unsigned height_px = 0;
        DnPixmap *next = NULL;

        if (sscanf(note, "scale %ux%u", &width_px, &height_px) == 2) {
            next = dn_pixmap_scale(self, width_px, height_px, &dn_limits_default, NULL);
        } else if (g_str_has_prefix(note, "deskew ")) {
            next = dn_pixmap_deskew(self, &dn_limits_default, &degrees, NULL);
            g_assert_cmpfloat_with_epsilon(degrees, g_ascii_strtod(note + 7, NULL), 0.005);
        } else if (strcmp(note, "flatten") == 0) {
            next = dn_pixmap_flatten(self, &dn_limits_default, NULL);
        } else if (sscanf(note, "curl %u+%u %lf,%lf,%lf,%lf %lf,%lf,%lf,%lf", &bend.left,
                          &bend.span, &terms[0], &terms[1], &terms[2], &terms[3], &terms[4],
                          &terms[5], &terms[6], &terms[7]) == 10) {
            for (int k = 0; k < 4; k++) {
                bend.top[k] = (int32_t)lround(terms[k] * 10);
                bend.bottom[k] = (int32_t)lround(terms[k + 4] * 10);
            }
            next = dn_pixmap_unbend(self, &bend, &dn_limits_default, NULL);
        }
        g_assert_nonnull(next);
        dn_pixmap_free(self);
        self = next;
    }
    return self;
}

/* What is noted of a bent page makes the page that was read again, to the last bit, and the map
 * leads from it, and from a part of it, to where the print stood. */
static void
test_R16_a_bent_page_is_made_straight_as_it_is_noted(void)
{
    enum { LEFT = 150, LINE = 56, LINES = 44 };
    g_autoptr(DnPixmap) photo = gray_page(2100, 2800);
    g_autoptr(GPtrArray) operations = g_ptr_array_new_with_free_func(g_free);
    DnQuad area = {{100, 500, 500, 100}, {200, 200, 700, 700}};
    DnMap map;

    memset(photo->data, 235, (size_t)2100 * 2800);
    for (int line = 0; line < LINES; line++)
        for (int x = LEFT; x < 2100 - LEFT; x++) {
            double u = x / 2100.0 - 0.5;
            int top = 120 + LINE * line + (int)(160 * u * u);

            if (x % 22 < 15 && (line % 4 == 0 || x < 800 || x > 1700))
                for (int y = top; y < top + 26; y++)
                    dn_pixmap_row(photo, (uint32_t)y)[x] = 40;
        }
    /* A shadow. */
    for (uint32_t y = 0; y < 2800; y++)
        for (uint32_t x = 0; x < 2100; x++)
            dn_pixmap_row(photo, y)[x] =
                (uint8_t)(dn_pixmap_row(photo, y)[x] * (2100 - x / 2) / 2100);
    g_autoptr(DnPixmap) page =
        dn_normalise_page(photo, NULL, &dn_limits_default, operations, &map, NULL);

    g_assert_nonnull(page);
    g_assert_cmpstr(operations->pdata[0], ==, "scale 1400x1867");
    g_assert_true(g_str_has_prefix(operations->pdata[operations->len - 1], "curl "));
    g_autoptr(DnPixmap) again = replay(photo, operations);

    g_assert_cmpmem(page->data, (size_t)page->width_px * page->height_px, again->data,
                    (size_t)again->width_px * again->height_px);
    /* One row of the straight page, as it ran on the photograph. */
    for (double x = 150; x < 1250; x += 50) {
        double seen_x = x;
        double seen_y = 700;
        double middle_x = 700;
        double middle_y = 700;
        double u = x * 1.5 / 2100 - 0.5;

        dn_map_point(&map, &seen_x, &seen_y);
        dn_map_point(&map, &middle_x, &middle_y);
        g_assert_cmpfloat_with_epsilon(seen_y - middle_y, 160 * u * u, 6);
    }
    DnMap part_map = map;
    g_autoptr(DnPixmap) part =
        dn_normalise_part(page, &area, &dn_limits_default, operations, &part_map, NULL);
    double wanted_x = 300;
    double wanted_y = 450;

    g_assert_nonnull(part);
    dn_map_point(&map, &wanted_x, &wanted_y);
    assert_leads(&part_map, 200, 250, wanted_x, wanted_y);
}

static char *
text_of_pdf(GBytes *pdf, double *out_width_pt, double *out_height_pt)
{
    g_autoptr(GError) error = NULL;
    PopplerDocument *document = poppler_document_new_from_bytes(pdf, NULL, &error);

    g_assert_no_error(error);
    PopplerPage *page = poppler_document_get_page(document, 0);
    char *text = poppler_page_get_text(page);

    poppler_page_get_size(page, out_width_pt, out_height_pt);
    g_object_unref(page);
    g_object_unref(document);
    return text;
}

static GBytes *
render_one(const DnRenditionPage *page)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(DnRendition) rendition = dn_rendition_new(1 << 20, &error);

    g_assert_true(dn_rendition_add_page(rendition, page, &error));
    GBytes *pdf = dn_rendition_finish(rendition, &error);

    g_assert_no_error(error);
    return pdf;
}

static void
test_a_rendition_shows_the_page_upright_and_has_its_words(void)
{
    g_autoptr(DnPixmap) captured = gray_page(500, 1000); /* lies on its side */
    g_autoptr(DnPageText) text =
        page_with_words(1, "Total", "\xE5\x90\x88\xE8\xA8\x88\xF0\xA0\xAE\xB7");
    double width_pt = 0;
    double height_pt = 0;

    captured->dpi_x = captured->dpi_y = 200;
    g_autoptr(GBytes) pdf =
        render_one(&(DnRenditionPage){.captured = captured,
                                      .orientation = 6,
                                      .texts = &(DnRenditionText){text, dn_map_identity()},
                                      .text_count = 1});
    g_autofree char *found = text_of_pdf(pdf, &width_pt, &height_pt);

    g_assert_cmpfloat_with_epsilon(width_pt, 360, 0.01);
    g_assert_cmpfloat_with_epsilon(height_pt, 180, 0.01);
    g_assert_nonnull(strstr(found, "Total"));
    g_assert_nonnull(strstr(found, "\xE5\x90\x88\xE8\xA8\x88\xF0\xA0\xAE\xB7"));
}

/* A page of 1 bit is stored by fax codes, and shows the same pixels: here a black frame and a
 * cross. */
static void
test_a_two_tone_page_is_stored_as_fax(void)
{
    static const char filter[] = "CCITTFaxDecode";
    g_autoptr(DnPixmap) captured = gray_page(403, 301); /* no multiple of 8 */
    g_autoptr(GError) error = NULL;

    memset(captured->data, 255, (size_t)403 * 301);
    for (uint32_t y = 0; y < 301; y++)
        for (uint32_t x = 0; x < 403; x++)
            if (x < 9 || y < 9 || x >= 394 || y >= 292 || x == y)
                dn_pixmap_row(captured, y)[x] = 0;
    g_assert_true(dn_pixmap_is_bilevel(captured));
    captured->dpi_x = captured->dpi_y = 200;
    g_autoptr(GBytes) pdf = render_one(&(DnRenditionPage){.captured = captured, .orientation = 1});
    gsize size = 0;
    const char *data = g_bytes_get_data(pdf, &size);

    g_assert_nonnull(memmem(data, size, filter, strlen(filter)));
    PopplerDocument *document = poppler_document_new_from_bytes(pdf, NULL, &error);

    g_assert_no_error(error);
    PopplerPage *page = poppler_document_get_page(document, 0);
    GList *images = poppler_page_get_image_mapping(page);

    g_assert_nonnull(images);
    cairo_surface_t *shown =
        poppler_page_get_image(page, ((PopplerImageMapping *)images->data)->image_id);

    g_assert_cmpint(cairo_image_surface_get_width(shown), ==, 403);
    g_assert_cmpint(cairo_image_surface_get_height(shown), ==, 301);
    for (uint32_t y = 0; y < 301; y++) {
        const uint8_t *row =
            cairo_image_surface_get_data(shown) + y * (size_t)cairo_image_surface_get_stride(shown);

        for (uint32_t x = 0; x < 403; x++)
            g_assert_cmpuint(row[4 * x], ==, dn_pixmap_row(captured, y)[x]);
    }
    cairo_surface_destroy(shown);
    poppler_page_free_image_mapping(images);
    g_object_unref(page);
    g_object_unref(document);
}

/* Dots that are strewn have longer codes than pixels: stored another way. */
static void
test_fax_codes_that_grow_are_refused(void)
{
    g_autoptr(DnPixmap) captured = gray_page(400, 300);
    g_autoptr(GError) error = NULL;

    for (uint32_t y = 0; y < 300; y++)
        for (uint32_t x = 0; x < 400; x++)
            dn_pixmap_row(captured, y)[x] = (x * 7 + y * 13 + x * y) % 3 ? 0 : 255;
    g_assert_null(dn_pixmap_to_g4(captured, &error));
    g_assert_cmpint(dn_error_code(error), ==, DN_ERROR_LIMIT);
    g_autoptr(GBytes) pdf = render_one(&(DnRenditionPage){.captured = captured, .orientation = 1});

    g_assert_nonnull(pdf);
    captured->data[5] = 128;
    g_assert_false(dn_pixmap_is_bilevel(captured));
}

/* Where the middle of the word @text stands on the first page, in points from the top left. */
static bool
middle_of(GBytes *pdf, const char *text, double *out_x, double *out_y)
{
    PopplerDocument *document = poppler_document_new_from_bytes(pdf, NULL, NULL);
    PopplerPage *page = poppler_document_get_page(document, 0);
    GList *found = poppler_page_find_text(page, text);
    double height = 0;
    bool is_there = found != NULL;

    poppler_page_get_size(page, NULL, &height);
    if (is_there) {
        const PopplerRectangle *area = found->data;

        *out_x = (area->x1 + area->x2) / 2;
        *out_y = height - (area->y1 + area->y2) / 2; /* PDF counts from the bottom */
    }
    g_list_free_full(found, (GDestroyNotify)poppler_rectangle_free);
    g_object_unref(page);
    g_object_unref(document);
    return is_there;
}

/* codecs/deskew.c turns about the centre: a point of the turned page comes from the point that
 * stands at the angle plus the degrees. */
static void
test_words_stand_where_they_stand_on_the_captured_page(void)
{
    static const double degrees[] = {0, 14, -14};
    const double middle_x = 500, middle_y = 250; /* of the captured page */
    const double tolerance = 16;                 /* a glyph's box is not the word's */

    for (size_t i = 0; i < G_N_ELEMENTS(degrees); i++) {
        g_autoptr(DnPixmap) captured = gray_page(1000, 500);
        g_autoptr(DnPageText) text = page_with_words(1, "Total", "10,800");
        double sine = sin(degrees[i] * G_PI / 180);
        double cosine = cos(degrees[i] * G_PI / 180);
        double x = 0;
        double y = 0;

        captured->dpi_x = captured->dpi_y = 72.5; /* so that points are nearly pixels */
        /* A page of 600 x 300 px: half the size, with a rim from the turning. */
        DnMap map = {.m = {2 * cosine, -2 * sine, middle_x - 600 * cosine + 300 * sine, 2 * sine,
                           2 * cosine, middle_y - 600 * sine - 300 * cosine, 0, 0, 1}};
        g_autoptr(GBytes) pdf =
            render_one(&(DnRenditionPage){.captured = captured,
                                          .orientation = 1,
                                          .texts = &(DnRenditionText){text, map},
                                          .text_count = 1});
        /* The middle of "Total" is (200, 120) of the page that was read. */
        double from_x = (200 - 300) * 2;
        double from_y = (120 - 150) * 2;

        g_assert_true(middle_of(pdf, "Total", &x, &y));
        g_assert_cmpfloat_with_epsilon(x * 72.5 / 72, from_x * cosine - from_y * sine + middle_x,
                                       tolerance);
        g_assert_cmpfloat_with_epsilon(y * 72.5 / 72, from_x * sine + from_y * cosine + middle_y,
                                       tolerance);
    }
}

/* On a bent page each word stands where the bend has it. */
static void
test_words_of_a_bent_page_stand_where_they_were_seen(void)
{
    const DnBend bend = {.width_px = 1000,
                         .height_px = 500,
                         .span = 1000,
                         .top = {0, 600, 0, 0},
                         .bottom = {0, 600, 0, 0}};
    g_autoptr(DnPixmap) captured = gray_page(1000, 500);
    g_autoptr(DnPageText) text = page_with_words(1, "Total", "10,800");
    DnMap map;
    double x = 0;
    double y = 0;
    double wanted_x = 200;
    double wanted_y = 120;

    captured->dpi_x = captured->dpi_y = 72.5;
    g_assert_true(dn_bend_map(&bend, &map));
    dn_map_point(&map, &wanted_x, &wanted_y);
    g_autoptr(GBytes) pdf = render_one(&(DnRenditionPage){.captured = captured,
                                                          .orientation = 1,
                                                          .texts = &(DnRenditionText){text, map},
                                                          .text_count = 1});

    g_assert_true(middle_of(pdf, "Total", &x, &y));
    g_assert_cmpfloat_with_epsilon(x * 72.5 / 72, wanted_x, 16);
    g_assert_cmpfloat_with_epsilon(y * 72.5 / 72, wanted_y, 16);
    /* It is not where a flat page would have it. */
    g_assert_cmpfloat(fabs(y * 72.5 / 72 - 120), >, 20);
}

static void
test_words_lie_under_the_image(void)
{
    g_autoptr(DnPixmap) captured = gray_page(1000, 500);
    g_autoptr(DnPageText) text = page_with_words(1, "MMMMM", "WWWWW");
    g_autoptr(GBytes) pdf =
        render_one(&(DnRenditionPage){.captured = captured,
                                      .orientation = 1,
                                      .texts = &(DnRenditionText){text, dn_map_identity()},
                                      .text_count = 1});
    PopplerDocument *document = poppler_document_new_from_bytes(pdf, NULL, NULL);
    PopplerPage *page = poppler_document_get_page(document, 0);
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, 360, 180);
    cairo_t *cairo = cairo_create(surface);

    poppler_page_render(page, cairo);
    cairo_surface_flush(surface);
    const unsigned char *data = cairo_image_surface_get_data(surface);
    int stride = cairo_image_surface_get_stride(surface);

    for (int y = 1; y < 179; y++)
        for (int x = 1; x < 359; x++)
            g_assert_cmpuint(data[y * stride + x * 4], ==, 255);
    cairo_destroy(cairo);
    cairo_surface_destroy(surface);
    g_object_unref(page);
    g_object_unref(document);
}

static void
test_a_rendition_that_grows_too_large_is_limit(void)
{
    g_autoptr(DnPixmap) captured = gray_page(1000, 1000);
    g_autoptr(GError) error = NULL;
    g_autoptr(DnRendition) rendition = dn_rendition_new(2000, &error);
    DnRenditionPage page = {.captured = captured, .orientation = 1};

    for (size_t i = 0; i < 1000 * 1000; i++)
        captured->data[i] = (uint8_t)g_random_int();
    bool added = dn_rendition_add_page(rendition, &page, &error);

    g_assert_null(added ? dn_rendition_finish(rendition, &error) : NULL);
    assert_code(error, LIMIT);
}

static void
test_facts_of_a_jpeg(void)
{
    static const uint8_t head[] = {0xFF, 0xD8, 0xFF, 0xE0, 0, 4, 'x', 'y',  0xFF, 0xFF, 0xC2, 0, 17,
                                   8,    0x01, 0x02, 0x03, 4, 3, 1,   0x22, 0,    2,    0x11, 1, 3};
    uint32_t width_px = 0;
    uint32_t height_px = 0;
    unsigned components = 0;

    for (size_t size = 0; size <= sizeof head; size++) {
        g_autoptr(GBytes) part = g_bytes_new(head, size);
        bool known = dn_rendition_jpeg_facts(part, &width_px, &height_px, &components);

        if (size == sizeof head)
            g_assert_false(known); /* the frame is said to be longer than the file */
    }
    uint8_t right[sizeof head + 10] = {0};

    memcpy(right, head, sizeof head);
    g_autoptr(GBytes) whole = g_bytes_new(right, sizeof right);

    g_assert_true(dn_rendition_jpeg_facts(whole, &width_px, &height_px, &components));
    g_assert_cmpuint(width_px, ==, 0x304);
    g_assert_cmpuint(height_px, ==, 0x102);
    g_assert_cmpuint(components, ==, 3);
}

/* Umlauts are for the countries that have them, and only where the model for them can be opened. */
static void
latin_pages_have_the_model_of_their_currency(void)
{
    g_autofree char *path = NULL;
    g_autoptr(GError) error = NULL;
    int fd = g_file_open_tmp("dencho-script-XXXXXX", &path, &error);

    g_assert_no_error(error);
    close(fd);
    g_autoptr(DnRecognizer) latin = dn_recognizer_on_demand(&dn_recognizer_script, path);
    g_autoptr(DnRecognizer) accented = dn_recognizer_on_demand(&dn_recognizer_script, path);
    g_autoptr(DnRecognizer) missing =
        dn_recognizer_on_demand(&dn_recognizer_script, "/nonexistent/script");
    DnReadTools both = {.latin = latin, .accented = accented};
    DnReadTools one = {.latin = latin, .accented = missing};
    DnReadTools alone = {.latin = latin};

    g_assert_true(dn_read_tools_latin(&both, "EUR") == accented);
    g_assert_true(dn_read_tools_latin(&both, "CHF") == accented);
    g_assert_true(dn_read_tools_latin(&both, "MYR") == latin);
    g_assert_true(dn_read_tools_latin(&both, "JPY") == latin);
    g_assert_true(dn_read_tools_latin(&one, "EUR") == latin);
    g_assert_true(dn_read_tools_latin(&alone, "EUR") == latin);
    g_unlink(path);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(test) g_test_add_func("/worker/" #test, test)
    ADD(latin_pages_have_the_model_of_their_currency);
    ADD(test_a_good_scan_passes_all);
    ADD(test_both_axes_need_200_dpi);
    ADD(test_pixels_decide_where_no_resolution_is_known);
    ADD(test_colour_is_asked_of_important_documents);
    ADD(test_the_worst_page_decides_and_is_named);
    ADD(test_what_was_not_captured_is_not_checked);
    ADD(test_blank_pages_are_named);
    ADD(test_a_job_keeps_defaults_for_what_it_does_not_say);
    ADD(test_a_wrong_job_is_invalid);
    ADD(test_words_pass_their_own_check);
    ADD(test_a_right_reading_is_kept_and_strange_members_go);
    ADD(test_a_wrong_reading_is_refused);
    ADD(test_wrong_words_are_refused);
    ADD(test_a_flood_of_values_is_limit);
    ADD(test_a_verdict_has_only_codes_of_documents);
    ADD(test_a_lamp_and_a_shadow_are_told_apart);
    ADD(test_a_rendition_shows_the_page_upright_and_has_its_words);
    ADD(test_a_large_photo_is_made_smaller_and_a_scan_is_not);
    ADD(test_R16_a_paper_is_straightened_as_it_is_noted);
    ADD(test_R16_a_bent_page_is_made_straight_as_it_is_noted);
    ADD(test_words_of_a_bent_page_stand_where_they_were_seen);
    ADD(test_words_stand_where_they_stand_on_the_captured_page);
    ADD(test_words_lie_under_the_image);
    ADD(test_a_second_reading_adds_what_the_first_did_not_see);
    ADD(test_a_rendition_that_grows_too_large_is_limit);
    ADD(test_a_two_tone_page_is_stored_as_fax);
    ADD(test_fax_codes_that_grow_are_refused);
    ADD(test_facts_of_a_jpeg);
#undef ADD
    return g_test_run();
}
