/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tests/unit/ocr/test-recognizer.c - the drivers: a scripted one, and tesseract on drawn pages.
 */
#include "config.h"
#include "ocr/read-page.h"
#include "tests/unit/ocr/page.h"

#include <glib/gstdio.h>
#include <pango/pangocairo.h>
#include <string.h>
#include <unistd.h>

#define assert_code(error, wanted)                                                                 \
    do {                                                                                           \
        g_assert_nonnull(error);                                                                   \
        g_assert_cmpint(dn_error_code(error), ==, DN_ERROR_##wanted);                              \
        g_clear_error(&(error));                                                                   \
    } while (0)

#ifdef __SANITIZE_ADDRESS__
/* What fontconfig caches for the life of the process is not ours. */
const char *__lsan_default_suppressions(void);

__attribute__((visibility("default"))) const char *
__lsan_default_suppressions(void)
{
    return "leak:libfontconfig\nleak:libpango\n";
}
#endif

enum { PICTURE_WIDTH_PX = 800, PICTURE_HEIGHT_PX = 700 };

typedef struct {
    DnPixmap pixmap;
    uint8_t *data;
} Picture;

static void
picture_clear(Picture *self)
{
    g_free(self->data);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Picture, picture_clear)

/* @text as a printer would set it, black on white. */
static Picture
drawn(const char *text, const char *font)
{
    cairo_surface_t *surface =
        cairo_image_surface_create(CAIRO_FORMAT_A8, PICTURE_WIDTH_PX, PICTURE_HEIGHT_PX);
    cairo_t *pen = cairo_create(surface);
    PangoLayout *layout = pango_cairo_create_layout(pen);
    PangoFontDescription *description = pango_font_description_from_string(font);
    Picture picture = {.data = g_malloc((gsize)PICTURE_WIDTH_PX * PICTURE_HEIGHT_PX)};

    pango_layout_set_font_description(layout, description);
    pango_layout_set_text(layout, text, -1);
    cairo_move_to(pen, 60, 60);
    pango_cairo_show_layout(pen, layout);
    cairo_surface_flush(surface);
    for (int y = 0; y < PICTURE_HEIGHT_PX; y++)
        for (int x = 0; x < PICTURE_WIDTH_PX; x++)
            picture.data[(gsize)y * PICTURE_WIDTH_PX + x] =
                255 - cairo_image_surface_get_data(
                          surface)[y * cairo_image_surface_get_stride(surface) + x];
    picture.pixmap =
        (DnPixmap){PICTURE_WIDTH_PX, PICTURE_HEIGHT_PX, DN_PIXEL_GRAY8, 200, 200, picture.data};
    pango_font_description_free(description);
    g_object_unref(layout);
    cairo_destroy(pen);
    cairo_surface_destroy(surface);
    return picture;
}

static char *
text_of(const DnPageText *page)
{
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < page->lines->len; i++)
        g_string_append_printf(text, "%s\n",
                               ((const DnLine *)g_ptr_array_index(page->lines, i))->text);
    return g_string_free(text, FALSE);
}

/* NULL, and the test is skipped, where the model is not installed. */
static DnRecognizer *
tesseract_or_skip(void)
{
    g_autoptr(GError) error = NULL;
    DnRecognizer *recognizer = dn_recognizer_open(&dn_recognizer_tesseract, "Japanese", &error);

    if (!recognizer)
        g_test_skip(error->message);
    return recognizer;
}

static void
test_script_lays_words_on_a_grid(void)
{
    g_autofree char *folder = g_dir_make_tmp("dencho-test-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, "script.txt", NULL);
    g_autoptr(GError) error = NULL;
    uint8_t pixel = 255;
    DnPixmap picture = {1, 1, DN_PIXEL_GRAY8, 0, 0, &pixel};
    g_autoptr(DnPageText) first = NULL;
    g_autoptr(DnPageText) second = NULL;
    g_autoptr(DnPageText) third = NULL;
    bool complete = false;

    g_assert_true(g_file_set_contents(path, "合計  1,200円\nThank you\f二枚目\n", -1, NULL));
    g_autoptr(DnRecognizer) recognizer = dn_recognizer_open(&dn_recognizer_script, path, &error);

    g_assert_no_error(error);
    g_assert_true(dn_recognizer_page(recognizer, &picture, 1, 4, 0, &first, &complete, &error));
    g_assert_true(complete);
    g_assert_cmpuint(first->lines->len, ==, 2);
    const DnLine *line = g_ptr_array_index(first->lines, 0);
    const DnWord *word = g_ptr_array_index(line->words, 1);

    g_assert_cmpstr(word->text, ==, "1,200円");
    g_assert_cmpint(word->box.x, ==, 6 * 20);
    g_assert_true(dn_recognizer_page(recognizer, &picture, 2, 4, 0, &second, &complete, &error));
    g_assert_cmpstr(((const DnLine *)g_ptr_array_index(second->lines, 0))->text, ==, "二枚目");
    g_assert_true(dn_recognizer_page(recognizer, &picture, 3, 4, 0, &third, &complete, &error));
    g_assert_cmpuint(third->lines->len, ==, 0);
    g_unlink(path);
    g_rmdir(folder);
}

static void
test_models_that_are_not_there(void)
{
    g_autoptr(GError) error = NULL;

    g_assert_null(dn_recognizer_open(&dn_recognizer_script, "/nonexistent/script", &error));
    assert_code(error, EXTERNAL);
    g_assert_null(dn_recognizer_open(&dn_recognizer_tesseract, "NoSuchModel", &error));
    assert_code(error, EXTERNAL);
    g_assert_null(dn_recognizer_open(&dn_recognizer_tesseract, "../../etc/passwd", &error));
    assert_code(error, INVALID);
}

static void
test_only_grey_pictures(void)
{
    g_autofree char *folder = g_dir_make_tmp("dencho-test-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, "script.txt", NULL);
    g_autoptr(GError) error = NULL;
    uint8_t pixel[3] = {0};
    DnPixmap colour = {1, 1, DN_PIXEL_RGB24, 0, 0, pixel};
    DnPixmap empty = {0, 0, DN_PIXEL_GRAY8, 0, 0, pixel};
    DnPageText *text = NULL;
    bool complete = false;

    g_assert_true(g_file_set_contents(path, "x", -1, NULL));
    g_autoptr(DnRecognizer) recognizer = dn_recognizer_open(&dn_recognizer_script, path, &error);

    g_assert_false(dn_recognizer_page(recognizer, &colour, 1, 4, 0, &text, &complete, &error));
    assert_code(error, INVALID);
    g_assert_false(dn_recognizer_page(recognizer, &empty, 1, 4, 0, &text, &complete, &error));
    assert_code(error, INVALID);
    g_assert_false(dn_read_page(recognizer, &colour, 1, NULL, &text, &complete, &error));
    assert_code(error, INVALID);
    g_assert_null(text);
    g_unlink(path);
    g_rmdir(folder);
}

static const char receipt[] = "SAMPLE HARDWARE SDN BHD\nTel: 03-1234 5678\n\nDate: 14/05/2018\n"
                              "Sub Total     82.10\nGST            4.90\nTotal         87.00\n"
                              "Cash         100.00\nChange        13.00\n";

static void
test_tesseract_reads_a_drawn_page(void)
{
    static const DnReadingProfile profile = {.date_order = "dmy", .currency = "MYR"};
    const DnReadPageOptions options = {.profile = &profile};
    g_autoptr(DnRecognizer) recognizer = tesseract_or_skip();
    g_autoptr(GError) error = NULL;
    g_autoptr(DnPageText) text = NULL;
    bool complete = false;

    if (!recognizer)
        return;
    g_auto(Picture) picture = drawn(receipt, "monospace 24px");

    g_assert_true(dn_read_page(recognizer, &picture.pixmap, 1, &options, &text, &complete, &error));
    g_assert_true(complete);
    const DnPageText *pages[] = {text};
    g_autoptr(DnReading) reading = dn_reading_new(pages, 1, &profile);

    g_assert_cmpint(best_of(&reading->amount)->number, ==, 8700);
    g_assert_cmpstr(best_of(&reading->date)->text, ==, "2018-05-14");
    const DnCandidate *amount = best_of(&reading->amount);

    g_assert_cmpint(amount->box.y, >, 60);
    g_assert_cmpint(amount->box.x + amount->box.width, <=, PICTURE_WIDTH_PX);
}

static void
test_tesseract_forgets_between_pages(void)
{
    g_autoptr(DnRecognizer) recognizer = tesseract_or_skip();
    g_autofree char *first = NULL;

    if (!recognizer)
        return;
    g_auto(Picture) page = drawn(receipt, "monospace 24px");
    g_auto(Picture) other = drawn("0O0O 1l1l 5S5S 8B8B\nZZ2Z 0O0O 1I1I", "sans bold 40px");

    for (int i = 0; i < 3; i++) {
        g_autoptr(DnPageText) text = NULL;
        g_autoptr(DnPageText) between = NULL;
        g_autoptr(GError) error = NULL;
        bool complete = false;

        g_assert_true(
            dn_recognizer_page(recognizer, &page.pixmap, 1, 6, 0, &text, &complete, &error));
        g_assert_true(
            dn_recognizer_page(recognizer, &other.pixmap, 1, 4, 0, &between, &complete, &error));
        g_autofree char *now = text_of(text);

        if (!first)
            first = g_steal_pointer(&now);
        else
            g_assert_cmpstr(now, ==, first);
    }
    g_assert_cmpuint(strlen(first), >, 50);
}

static void
test_deadline_gives_what_was_read(void)
{
    g_autoptr(DnRecognizer) recognizer = tesseract_or_skip();
    g_autoptr(DnPageText) text = NULL;
    g_autoptr(GError) error = NULL;
    GString *much = g_string_new(NULL);
    bool complete = true;

    if (!recognizer) {
        g_string_free(much, TRUE);
        return;
    }
    for (int i = 0; i < 60; i++)
        g_string_append(much, "quick brown fox jumps over the lazy dog 0123456789 and again\n");
    g_auto(Picture) picture = drawn(much->str, "monospace 11px");

    g_assert_true(
        dn_recognizer_page(recognizer, &picture.pixmap, 1, 6, 1, &text, &complete, &error));
    g_assert_nonnull(text);
    g_assert_false(complete);
    g_string_free(much, TRUE);
}

static void
test_blank_page_has_no_lines(void)
{
    g_autoptr(DnRecognizer) recognizer = tesseract_or_skip();
    g_autoptr(DnPageText) text = NULL;
    g_autoptr(GError) error = NULL;
    bool complete = false;

    if (!recognizer)
        return;
    g_auto(Picture) picture = drawn("", "sans 12px");

    g_assert_true(dn_read_page(recognizer, &picture.pixmap, 1, NULL, &text, &complete, &error));
    g_assert_cmpuint(text->lines->len, ==, 0);
}

/* A recogniser that sees where there is ink and calls it by what it counted. */
static bool
ink_page(DnRecognizer *recognizer G_GNUC_UNUSED, const DnPixmap *page_gray, unsigned page,
         int layout_mode G_GNUC_UNUSED, uint32_t deadline_ms G_GNUC_UNUSED, DnPageText **out_text,
         bool *out_complete, GError **error G_GNUC_UNUSED)
{
    GPtrArray *words = dn_word_array_new();
    int begin = -1;

    *out_text = dn_page_text_new(page, page_gray->width_px, page_gray->height_px, 200, "ink");
    *out_complete = true;
    for (int y = 0; y <= (int)page_gray->height_px; y++) {
        bool ink = y < (int)page_gray->height_px && dn_pixmap_row(page_gray, (uint32_t)y)[50] == 0;

        if (ink && begin < 0)
            begin = y;
        if (ink || begin < 0)
            continue;
        g_autofree char *name = g_strdup_printf("seen%u", words->len);

        g_ptr_array_add(words, dn_word_new(name, &(DnBox){50, begin, 20, y - begin}, 0.9));
        begin = -1;
    }
    dn_page_text_take_words(*out_text, words);
    return true;
}

static void
test_bands_come_back_to_their_place(void)
{
    static const DnRecognizerDriver ink = {.name = "ink", .page = ink_page};
    static const int tops[] = {40, 140, 240, 340};
    DnRecognizer recognizer = {&ink};
    g_autofree uint8_t *pixels = g_malloc(200 * 400);
    DnPixmap picture = {200, 400, DN_PIXEL_GRAY8, 200, 200, pixels};
    g_autoptr(DnPageText) first = dn_page_text_new(1, 200, 400, 200, "first");
    g_autoptr(DnPageText) second = NULL;
    g_autoptr(GError) error = NULL;
    GPtrArray *words = dn_word_array_new();
    bool complete = false;

    memset(pixels, 255, 200 * 400);
    for (size_t i = 0; i < G_N_ELEMENTS(tops); i++) {
        for (int y = tops[i]; y < tops[i] + 20; y++)
            memset(pixels + y * 200 + 50, 0, 20);
        g_ptr_array_add(words, dn_word_new("first", &(DnBox){50, tops[i], 20, 20}, 0.5));
    }
    dn_page_text_take_words(first, words);
    const DnBox boxes[] = {{50, 340, 20, 20}, {50, 140, 20, 20}};
    g_autoptr(GArray) bands = dn_bands_new(first, boxes, 2);

    g_assert_true(
        dn_read_bands(&recognizer, &picture, first, bands, 0, &second, &complete, &error));
    g_assert_true(complete);
    g_assert_cmpuint(second->lines->len, ==, G_N_ELEMENTS(tops));
    for (guint i = 0; i < second->lines->len; i++) {
        const DnLine *line = g_ptr_array_index(second->lines, i);
        const DnWord *word = g_ptr_array_index(line->words, 0);

        g_assert_cmpint(line->box.y, ==, tops[i]);
        g_assert_cmpint(word->box.y, ==, tops[i]);
        g_assert_cmpstr(word->text, ==, i == 1 ? "seen0" : i == 3 ? "seen1" : "first");
    }
}

static void
test_print_without_words_is_found(void)
{
    g_autofree uint8_t *pixels = g_malloc(200 * 400);
    DnPixmap picture = {200, 400, DN_PIXEL_GRAY8, 200, 200, pixels};
    g_autoptr(DnPageText) text = dn_page_text_new(1, 200, 400, 200, "first");
    g_autoptr(DnPageText) silent = dn_page_text_new(1, 200, 400, 200, "nothing");
    GPtrArray *words = dn_word_array_new();
    static const struct {
        int top;
        int height;
        double confidence; /* 0: no word is there */
    } ink[] = {{40, 20, 0.9}, {100, 20, 0.3}, {160, 20, 0.9}, {220, 20, 0}, {280, 3, 0}};

    memset(pixels, 255, 200 * 400);
    for (size_t i = 0; i < G_N_ELEMENTS(ink); i++) {
        for (int y = ink[i].top; y < ink[i].top + ink[i].height; y++)
            memset(pixels + y * 200 + 50, 0, 20);
        if (ink[i].confidence > 0)
            g_ptr_array_add(
                words, dn_word_new("word", &(DnBox){50, ink[i].top, 20, 20}, ink[i].confidence));
    }
    dn_page_text_take_words(text, words);
    g_autoptr(GArray) unread = dn_bands_unread(text, &picture);
    g_autoptr(GArray) none = dn_bands_unread(silent, &picture);

    /* The doubtful word and the one that is missing; not the speck. */
    g_assert_cmpuint(unread->len, ==, 2);
    g_assert_cmpint(g_array_index(unread, DnBox, 0).y, ==, 100);
    g_assert_cmpint(g_array_index(unread, DnBox, 1).y, ==, 220);
    g_assert_cmpint(g_array_index(unread, DnBox, 1).height, ==, 20);
    g_assert_cmpuint(none->len, ==, 0);
}

/* A recogniser that reads only what lies upright: the one with a black square in the first corner.
 */
static bool
upright_page(DnRecognizer *recognizer G_GNUC_UNUSED, const DnPixmap *page_gray, unsigned page,
             int layout_mode G_GNUC_UNUSED, uint32_t deadline_ms G_GNUC_UNUSED,
             DnPageText **out_text, bool *out_complete, GError **error G_GNUC_UNUSED)
{
    bool upright = dn_pixmap_row(page_gray, 40)[40] == 0;
    GPtrArray *words = dn_word_array_new();

    *out_text = dn_page_text_new(page, page_gray->width_px, page_gray->height_px, 200, "upright");
    *out_complete = true;
    g_ptr_array_add(words,
                    dn_word_new(upright ? "領収書合計金額千二百円也毎度" : "ill|1l.,-|'ilj|1",
                                &(DnBox){5, 5, 100, 20}, upright ? 0.9 : 0.4));
    dn_page_text_take_words(*out_text, words);
    return true;
}

static void
test_all_four_ways_up_are_found(void)
{
    static const DnRecognizerDriver driver = {.name = "upright", .page = upright_page};
    static const unsigned back[] = {[1] = 1, [3] = 3, [6] = 8, [8] = 6};
    DnRecognizer recognizer = {&driver};
    g_autofree uint8_t *pixels = g_malloc(300 * 300);
    DnPixmap picture = {300, 300, DN_PIXEL_GRAY8, 200, 200, pixels};

    memset(pixels, 240, 300 * 300);
    for (int y = 30; y < 90; y++)
        memset(pixels + y * 300 + 30, 0, 60);
    for (unsigned way = 1; way <= 8; way++) {
        DnReadPageOptions options = {.profile = &dn_reading_profile_default};
        g_autoptr(DnPageText) text = NULL;
        g_autoptr(GError) error = NULL;
        unsigned found = 0;
        unsigned turn = 1;
        bool complete = false;

        if (way >= G_N_ELEMENTS(back) || back[way] == 0)
            continue;
        g_autoptr(DnPixmap) turned =
            dn_pixmap_orient(&picture, back[way], &dn_limits_default, NULL);

        g_assert_true(dn_page_find_turn(&recognizer, turned, 0, &found, &error));
        g_assert_cmpuint(found, ==, way);
        /* And a page that reads poorly asks for it by itself. */
        options.out_turn = &turn;
        g_assert_true(dn_read_page(&recognizer, turned, 1, &options, &text, &complete, &error));
        g_assert_cmpuint(turn, ==, way);
    }
}

/* What reads nowhere is left as it lies: so little says nothing about the way up. */
static void
test_no_way_up_is_better(void)
{
    static const DnRecognizerDriver driver = {.name = "upright", .page = upright_page};
    DnRecognizer recognizer = {&driver};
    g_autofree uint8_t *pixels = g_malloc(300 * 200);
    DnPixmap picture = {300, 200, DN_PIXEL_GRAY8, 200, 200, pixels};
    g_autoptr(GError) error = NULL;
    unsigned found = 7;

    memset(pixels, 240, 300 * 200);
    g_assert_true(dn_page_find_turn(&recognizer, &picture, 0, &found, &error));
    g_assert_cmpuint(found, ==, 1);
}

/* Two scripts stand for two models; the pixels do not matter. */
static DnPageText *
read_scripted(const char *main_script, const char *latin_script)
{
    static const DnReadingProfile profile = {.date_order = "dmy", .currency = "MYR"};
    g_autofree char *folder = g_dir_make_tmp("dencho-test-XXXXXX", NULL);
    g_autofree char *main_path = g_build_filename(folder, "main", NULL);
    g_autofree char *latin_path = g_build_filename(folder, "latin", NULL);
    g_autofree uint8_t *pixels = g_malloc0(100 * 300);
    DnPixmap picture = {100, 300, DN_PIXEL_GRAY8, 0, 0, pixels};
    g_autoptr(GError) error = NULL;
    DnPageText *text = NULL;
    bool complete = false;

    g_assert_true(g_file_set_contents(main_path, main_script, -1, NULL));
    g_assert_true(g_file_set_contents(latin_path, latin_script, -1, NULL));
    g_autoptr(DnRecognizer) main_one = dn_recognizer_open(&dn_recognizer_script, main_path, &error);
    g_autoptr(DnRecognizer) latin = dn_recognizer_open(&dn_recognizer_script, latin_path, &error);
    const DnReadPageOptions options = {.profile = &profile, .latin = latin};

    g_assert_true(dn_read_page(main_one, &picture, 1, &options, &text, &complete, &error));
    g_assert_true(complete);
    g_unlink(main_path);
    g_unlink(latin_path);
    g_rmdir(folder);
    return text;
}

static void
test_doubt_brings_the_second_model(void)
{
    g_autoptr(DnPageText) doubtful = read_scripted("SHOP\nTOTRL 1Z.5O", "SHOP\nTOTAL 12.50");
    g_autoptr(DnPageText) kanji = read_scripted("店舗名不明\n合計金額", "latin was asked");

    g_assert_nonnull(doubtful->second);
    g_autofree char *text = text_of(doubtful->second);

    g_assert_nonnull(strstr(text, "TOTAL 12.50"));
    g_assert_nonnull(kanji->second);
    g_autofree char *again = text_of(kanji->second);

    g_assert_null(strstr(again, "latin"));
}

static void
test_certain_page_is_read_once(void)
{
    g_autoptr(DnPageText) text = read_scripted(
        "SAMPLE HARDWARE SDN BHD\nNo. 1, Jalan 2\nTel: 03-1234 5678\nDate: 14/05/2018 12:14\n"
        "Sub Total 82.10\nGST 4.90\nTotal 87.00\nCash 100.00\nChange 13.00\n"
        "SAMPLE HARDWARE SDN BHD\n",
        "never");

    g_assert_null(text->second);
}

static void
assert_every_pass_has(const DnPageText *text, const char *wanted)
{
    for (const DnPageText *pass = text; pass; pass = pass->second) {
        g_autofree char *now = text_of(pass);

        g_assert_nonnull(strstr(now, wanted));
    }
}

static DnRecognizer *
scripted(const char *folder, const char *name, const char *script)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);
    g_autoptr(GError) error = NULL;

    g_assert_true(g_file_set_contents(path, script, -1, NULL));
    DnRecognizer *recognizer = dn_recognizer_open(&dn_recognizer_script, path, &error);

    g_assert_no_error(error);
    g_unlink(path);
    return recognizer;
}

/* What a page says whose line is looked at again by the second Japanese model, its number by the
 * Latin one. */
static DnPageText *
look_again(const char *page_script, const char *line_script, const char *latin_script)
{
    g_autofree char *folder = g_dir_make_tmp("dencho-test-XXXXXX", NULL);
    g_autofree uint8_t *pixels = g_malloc0(800 * 300);
    DnPixmap picture = {800, 300, DN_PIXEL_GRAY8, 0, 0, pixels};
    g_autoptr(DnRecognizer) page = scripted(folder, "page", page_script);
    g_autoptr(DnRecognizer) line = scripted(folder, "line", line_script);
    g_autoptr(DnRecognizer) latin = scripted(folder, "latin", latin_script);
    const DnReadPageOptions options = {
        .profile = &dn_reading_profile_default, .line = line, .latin = latin};
    g_autoptr(GError) error = NULL;
    DnPageText *text = NULL;
    bool complete = false;

    memset(pixels, 250, 800 * 300);
    g_assert_true(dn_read_page(page, &picture, 1, &options, &text, &complete, &error));
    g_assert_true(complete);
    g_rmdir(folder);
    return text;
}

static const char named_page[] = "領収書\n株式会社湖精密\n〒394-0199 長野県岡谷市湖畔1-2\n"
                                 "TEL 0266-02-4478\n合計 1,000円\n";

static DnPageText *
read_closer(const char *line_script)
{
    return look_again(named_page, line_script, "");
}

static void
test_name_is_looked_at_closer(void)
{
    g_autoptr(DnPageText) text = read_closer("株式会社湖畔精密");

    g_assert_nonnull(text->second);
    for (const DnPageText *pass = text; pass; pass = pass->second) {
        g_autofree char *now = text_of(pass);

        g_assert_nonnull(strstr(now, "株式会社湖畔精密"));
        g_assert_null(strstr(now, "株式会社湖精密"));
        g_assert_nonnull(strstr(now, "TEL 0266-02-4478"));
        g_assert_cmpuint(pass->lines->len, ==, 5);
    }
}

/* What is not like the name was read of something else. */
static void
test_closer_look_in_vain(void)
{
    static const char *const scripts[] = {"", "合計金額のご案内", "|",
                                          "湖畔精密の株式会社のご利用ありがとうございます"};

    for (size_t i = 0; i < G_N_ELEMENTS(scripts); i++) {
        g_autoptr(DnPageText) text = read_closer(scripts[i]);
        g_autofree char *now = text_of(text);

        g_assert_nonnull(strstr(now, "株式会社湖精密"));
    }
}

/* Columns of text from the right, as on a receipt that is written by brush. */
static Picture
drawn_down(const char *const *columns)
{
    enum { LETTER_PX = 44, PITCH_PX = 100 };
    cairo_surface_t *surface =
        cairo_image_surface_create(CAIRO_FORMAT_A8, PICTURE_WIDTH_PX, PICTURE_HEIGHT_PX);
    cairo_t *pen = cairo_create(surface);
    PangoFontDescription *description = pango_font_description_from_string("Noto Serif CJK JP");
    Picture picture = {.data = g_malloc((gsize)PICTURE_WIDTH_PX * PICTURE_HEIGHT_PX)};
    int stride = cairo_image_surface_get_stride(surface);

    pango_font_description_set_absolute_size(description, LETTER_PX * PANGO_SCALE);
    for (int i = 0; columns[i]; i++) {
        cairo_save(pen);
        cairo_translate(pen, PICTURE_WIDTH_PX - 60 - i * PITCH_PX, 60);
        cairo_rotate(pen, G_PI / 2);
        PangoLayout *layout = pango_cairo_create_layout(pen);

        pango_context_set_base_gravity(pango_layout_get_context(layout), PANGO_GRAVITY_EAST);
        pango_layout_context_changed(layout);
        pango_layout_set_font_description(layout, description);
        pango_layout_set_text(layout, columns[i], -1);
        cairo_move_to(pen, 0, -LETTER_PX / 2.0);
        pango_cairo_show_layout(pen, layout);
        cairo_restore(pen);
        g_object_unref(layout);
    }
    cairo_surface_flush(surface);
    for (int y = 0; y < PICTURE_HEIGHT_PX; y++)
        for (int x = 0; x < PICTURE_WIDTH_PX; x++)
            picture.data[(gsize)y * PICTURE_WIDTH_PX + x] =
                255 - cairo_image_surface_get_data(surface)[y * stride + x];
    picture.pixmap =
        (DnPixmap){PICTURE_WIDTH_PX, PICTURE_HEIGHT_PX, DN_PIXEL_GRAY8, 200, 200, picture.data};
    pango_font_description_free(description);
    cairo_destroy(pen);
    cairo_surface_destroy(surface);
    return picture;
}

static const DnCandidate *
first_of(const DnField *field)
{
    g_assert_cmpuint(field->candidates->len, >, 0);
    return g_ptr_array_index(field->candidates, 0);
}

static void
test_text_that_runs_down(void)
{
    static const char *const columns[] = {"領収書",
                                          "山田商店 様",
                                          "金壱万弐千円也",
                                          "但し事務用品代として",
                                          "令和七年四月一日",
                                          "株式会社みなと商会",
                                          NULL};
    g_autoptr(GError) error = NULL;
    g_autoptr(DnRecognizer) recognizer = tesseract_or_skip();
    g_autoptr(DnRecognizer) vertical =
        dn_recognizer_open(&dn_recognizer_tesseract, "Japanese_vert", NULL);
    g_auto(Picture) picture = drawn_down(columns);
    g_autoptr(DnPageText) text = NULL;
    unsigned turn = 1;
    DnReadPageOptions options = {
        .profile = &dn_reading_profile_default, .vertical = vertical, .out_turn = &turn};
    bool complete = false;

    if (!recognizer)
        return;
    if (!vertical) {
        g_test_skip("the model for vertical text is not installed");
        return;
    }
    g_assert_true(dn_read_page(recognizer, &picture.pixmap, 1, &options, &text, &complete, &error));
    g_assert_no_error(error);
    g_assert_true(complete);
    g_assert_cmpuint(turn, ==, 1);
    g_assert_true(text->down);
    g_assert_nonnull(text->second);
    unsigned vertical_looks = 0;

    for (guint i = 0; i < text->looks->len; i++)
        vertical_looks += strstr(g_ptr_array_index(text->looks, i), "Japanese_vert") != NULL;
    g_assert_cmpuint(vertical_looks, ==, G_N_ELEMENTS(columns) - 1);
    g_assert_cmpuint(text->lines->len, ==, G_N_ELEMENTS(columns) - 1);
    for (guint i = 1; i < text->lines->len; i++) {
        const DnLine *right = g_ptr_array_index(text->lines, i - 1);
        const DnLine *line = g_ptr_array_index(text->lines, i);

        g_assert_cmpint(line->box.x + line->box.width, <, right->box.x);
        g_assert_cmpint(line->box.height, >, line->box.width);
    }
    const DnPageText *pages[] = {text};
    g_autoptr(DnReading) reading = dn_reading_new(pages, 1, &dn_reading_profile_default);

    const DnBox *day = &((const DnLine *)g_ptr_array_index(text->lines, 4))->box;

    g_assert_cmpstr(first_of(&reading->date)->text, ==, "2025-04-01");
    g_assert_cmpint(first_of(&reading->date)->box.x, ==, day->x);
    g_assert_cmpint(first_of(&reading->date)->box.y, >=, day->y);
    g_assert_cmpint(first_of(&reading->date)->box.height, <=, day->height);
    g_assert_cmpint(first_of(&reading->amount)->number, ==, 12000);
    g_assert_cmpstr(first_of(&reading->party)->text, ==, "株式会社みなと商会");
}

/* A kanji for each place: models lose count of the circles, and of what a comma is. */
static void
test_circles_of_a_sum(void)
{
    static const struct {
        const char *sum;
        int64_t value;
    } sums[] = {{"金一三、〇〇〇円也", 13000},
                {"金七三、〇〇〇円也", 73000},
                {"金二〇、三五〇円也", 20350}};
    g_autoptr(DnRecognizer) recognizer = tesseract_or_skip();

    for (size_t i = 0; recognizer && i < G_N_ELEMENTS(sums); i++) {
        const char *const columns[] = {"領収書",           "山田商店 様",        sums[i].sum,
                                       "令和七年四月一日", "株式会社みなと商会", NULL};
        g_auto(Picture) picture = drawn_down(columns);
        g_autoptr(GError) error = NULL;
        g_autoptr(DnPageText) text = NULL;
        bool complete = false;

        g_assert_true(dn_read_page(recognizer, &picture.pixmap, 1, NULL, &text, &complete, &error));
        g_assert_no_error(error);
        g_assert_true(text->down);
        const DnPageText *pages[] = {text};
        g_autoptr(DnReading) reading = dn_reading_new(pages, 1, &dn_reading_profile_default);

        g_assert_cmpint(first_of(&reading->amount)->number, ==, sums[i].value);
    }
}

static void
draw_frame(Picture *picture)
{
    enum { RIM_PX = 20, PEN_PX = 3 };

    for (int y = RIM_PX; y < PICTURE_HEIGHT_PX - RIM_PX; y++)
        for (int x = RIM_PX; x < PICTURE_WIDTH_PX - RIM_PX; x++)
            if (y < RIM_PX + PEN_PX || y >= PICTURE_HEIGHT_PX - RIM_PX - PEN_PX ||
                x < RIM_PX + PEN_PX || x >= PICTURE_WIDTH_PX - RIM_PX - PEN_PX)
                picture->data[(gsize)y * PICTURE_WIDTH_PX + x] = 0;
}

static void
test_a_frame_hides_no_columns(void)
{
    static const char *const columns[] = {"領収書", "山田商店 様", "金壱万弐千円也", NULL};
    g_auto(Picture) down = drawn_down(columns);
    g_auto(Picture) across = drawn(receipt, "monospace 24px");

    draw_frame(&down);
    draw_frame(&across);
    g_assert_true(dn_page_may_run_down(&down.pixmap));
    g_assert_false(dn_page_may_run_down(&across.pixmap));
}

/* A script that counts how often it is asked. */
typedef struct {
    DnRecognizer parent;
    DnRecognizer *script;
    unsigned asked;
} Counter;

static bool
counter_page(DnRecognizer *recognizer, const DnPixmap *page_gray, unsigned page, int layout_mode,
             uint32_t deadline_ms, DnPageText **out_text, bool *out_complete, GError **error)
{
    Counter *self = (Counter *)recognizer;

    self->asked++;
    return dn_recognizer_page(self->script, page_gray, page, layout_mode, deadline_ms, out_text,
                              out_complete, error);
}

static const DnRecognizerDriver counter_driver = {
    .name = "counter", .blind = true, .page = counter_page};

static const char certain_page[] = "領収書\n発行日 2025年4月1日\n株式会社湖畔精密\n"
                                   "登録番号 T8980100104512\nTEL 0266-02-4478\n"
                                   "小計 1,000円\n消費税(10%) 100円\n合計 1,100円\n";

/* Nobody looks on the second page for what the first says with certainty. */
static void
test_values_of_earlier_pages_are_not_sought(void)
{
    g_autofree char *folder = g_dir_make_tmp("dencho-test-XXXXXX", NULL);
    g_autofree char *script = g_strconcat(certain_page,
                                          "\f明細の続き\n部品 二個\n単価 三百\n"
                                          "部品 四個\n単価 五百\n",
                                          NULL);
    g_autofree uint8_t *pixels = g_malloc0(800 * 300);
    DnPixmap picture = {800, 300, DN_PIXEL_GRAY8, 0, 0, pixels};
    g_autoptr(DnRecognizer) pages = scripted(folder, "pages", script);
    Counter counter = {.parent = {&counter_driver}, .script = pages};
    DnReadPageOptions options = {.profile = &dn_reading_profile_default};
    g_autoptr(DnPageText) first = NULL;
    g_autoptr(DnPageText) alone = NULL;
    g_autoptr(DnPageText) second = NULL;
    g_autoptr(GError) error = NULL;
    bool complete = false;

    g_assert_true(dn_read_page(&counter.parent, &picture, 1, &options, &first, &complete, &error));
    g_assert_true(dn_read_page(&counter.parent, &picture, 2, &options, &alone, &complete, &error));
    g_assert_nonnull(alone->second);
    counter.asked = 0;
    options.before = &first;
    options.before_count = 1;
    g_assert_true(dn_read_page(&counter.parent, &picture, 2, &options, &second, &complete, &error));
    g_assert_null(second->second);
    g_assert_cmpuint(counter.asked, ==, 1);
    g_rmdir(folder);
}

/* Only where the second model disagrees is the first asked about the name by itself. */
static void
test_agreed_name_costs_one_look(void)
{
    static const char *const seen[] = {"株式会社湖精密", "株式会社湖畔精密"};
    unsigned asked[G_N_ELEMENTS(seen)];

    for (size_t i = 0; i < G_N_ELEMENTS(seen); i++) {
        g_autofree char *folder = g_dir_make_tmp("dencho-test-XXXXXX", NULL);
        g_autofree uint8_t *pixels = g_malloc(800 * 300);
        DnPixmap picture = {800, 300, DN_PIXEL_GRAY8, 0, 0, pixels};
        g_autoptr(DnRecognizer) page = scripted(folder, "page", named_page);
        g_autoptr(DnRecognizer) line = scripted(folder, "line", seen[i]);
        Counter counter = {.parent = {&counter_driver}, .script = page};
        const DnReadPageOptions options = {.profile = &dn_reading_profile_default, .line = line};
        g_autoptr(DnPageText) text = NULL;
        g_autoptr(GError) error = NULL;
        bool complete = false;

        memset(pixels, 250, 800 * 300);
        g_assert_true(
            dn_read_page(&counter.parent, &picture, 1, &options, &text, &complete, &error));
        asked[i] = counter.asked;
        g_rmdir(folder);
    }
    g_assert_cmpuint(asked[0] + 1, ==, asked[1]);
}

static unsigned times_opened;

static DnRecognizer *
counting_open(const char *model, GError **error)
{
    times_opened++;
    return dn_recognizer_script.open(model, error);
}

static void
test_model_is_opened_when_it_is_needed(void)
{
    g_autofree char *folder = g_dir_make_tmp("dencho-test-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, "script", NULL);
    DnRecognizerDriver counting = dn_recognizer_script;
    uint8_t pixel = 255;
    DnPixmap picture = {1, 1, DN_PIXEL_GRAY8, 0, 0, &pixel};
    g_autoptr(DnPageText) text = NULL;
    g_autoptr(DnPageText) none = NULL;
    g_autoptr(GError) error = NULL;
    bool complete = false;

    counting.open = counting_open;
    g_assert_true(g_file_set_contents(path, "合計", -1, NULL));
    g_autoptr(DnRecognizer) there = dn_recognizer_on_demand(&counting, path);
    g_autoptr(DnRecognizer) missing = dn_recognizer_on_demand(&counting, "/nonexistent/script");

    g_assert_true(there->driver->blind);
    g_assert_cmpuint(times_opened, ==, 0);
    g_assert_true(dn_recognizer_is_ready(there, &error));
    g_assert_true(dn_recognizer_page(there, &picture, 1, 4, 0, &text, &complete, &error));
    g_assert_cmpuint(text->lines->len, ==, 1);
    g_assert_cmpuint(times_opened, ==, 1);
    for (int i = 0; i < 2; i++) {
        g_assert_false(dn_recognizer_is_ready(missing, &error));
        assert_code(error, EXTERNAL);
        g_assert_false(dn_recognizer_page(missing, &picture, 1, 4, 0, &none, &complete, &error));
        assert_code(error, EXTERNAL);
    }
    g_assert_cmpuint(times_opened, ==, 2);
    g_assert_false(dn_recognizer_is_ready(NULL, &error));
    g_assert_no_error(error);
    g_unlink(path);
    g_rmdir(folder);
}

/* GCC calls these for "#pragma omp"; the library that recognises is full of them. */
void GOMP_parallel_sections(void (*run)(void *), void *data, unsigned threads, unsigned count,
                            unsigned flags);
unsigned GOMP_sections_next(void);

static void
inner_sections(void *data)
{
    unsigned *seen = data;

    while (GOMP_sections_next() != 0)
        (*seen)++;
}

static void
outer_sections(void *data)
{
    GString *order = data;
    unsigned section = 0;

    while ((section = GOMP_sections_next()) != 0) {
        unsigned inner = 0;

        GOMP_parallel_sections(inner_sections, &inner, 0, 3, 0);
        g_string_append_printf(order, "%u:%u ", section, inner);
    }
}

static void
test_sections_run_in_order(void)
{
    g_autoptr(GString) order = g_string_new(NULL);

    dn_recognizer_keep_to_one_thread();
    GOMP_parallel_sections(outer_sections, order, 4, 2, 0);
    g_assert_cmpstr(order->str, ==, "1:3 2:3 ");
    g_assert_cmpuint(GOMP_sections_next(), ==, 0);
}

/* Another pass has the same word a little higher; the line below stays. */
static void
test_put_takes_the_place_of_words(void)
{
    g_autoptr(DnPageText) text = dn_page_text_new(1, 800, 300, 200, "test");
    GPtrArray *words = dn_word_array_new();
    const DnBox area = {100, 100, 300, 30};

    g_ptr_array_add(words, dn_word_new("湖精密", &(DnBox){110, 90, 200, 46}, 0.9));
    g_ptr_array_add(words, dn_word_new("TEL", &(DnBox){110, 142, 200, 30}, 0.9));
    dn_page_text_take_words(text, words);
    dn_page_text_put(text, &area, "湖畔精密", 0.8);
    g_autofree char *now = text_of(text);

    g_assert_cmpuint(text->lines->len, ==, 2);
    g_assert_nonnull(strstr(now, "湖畔精密"));
    g_assert_null(strstr(now, "湖精密"));
    g_assert_nonnull(strstr(now, "TEL"));
}

/* Nothing was read where the name stands: above the telephone. */
static void
test_lost_name_is_sought(void)
{
    static const char page[] = "納品書\n\n\nTEL 0266-02-4478\n数量 3\n";
    g_autoptr(DnPageText) found = look_again(page, "株式会社湖畔精密", "");
    g_autoptr(DnPageText) recipient = look_again(page, "株式会社湖畔精密御中", "");
    g_autofree char *now = text_of(recipient);

    assert_every_pass_has(found, "株式会社湖畔精密");
    assert_every_pass_has(found, "TEL 0266-02-4478");
    g_assert_null(strstr(now, "湖畔精密"));
}

/* Zeros with a stroke were read as 9; other digits are not argued about. */
static void
test_zeros_of_the_number_are_looked_at(void)
{
    static const char page[] = "領収書\n登録番号:T8-9891-9919-4512\n合計 1,000円\n";
    static const char *const in_vain[] = {":T8-9801-0010-4513", ":T8-9801-0010-451", ":T8-9801",
                                          "8-9801-0010-4512-8-9801-0010-4512", ""};
    g_autoptr(DnPageText) right = look_again(page, "", "BG :T8-9801-0010-4512");
    g_autoptr(DnPageText) no_letter = look_again(page, "", "BG :18-9801-0010-4512");

    assert_every_pass_has(right, "登録番号:T8-9801-0010-4512");
    assert_every_pass_has(no_letter, "登録番号:T8-9801-0010-4512");
    for (size_t i = 0; i < G_N_ELEMENTS(in_vain); i++) {
        g_autoptr(DnPageText) same = look_again(page, "", in_vain[i]);

        assert_every_pass_has(same, "登録番号:T8-9891-9919-4512");
    }
}

static void
test_dark_rim_is_cleared(void)
{
    enum { WIDTH = 100, HEIGHT = 80 };
    uint8_t from[WIDTH * HEIGHT];
    uint8_t to[WIDTH * HEIGHT];
    DnPixmap page = {WIDTH, HEIGHT, DN_PIXEL_GRAY8, 0, 0, from};

    memset(from, 230, sizeof from);
    for (int y = 0; y < HEIGHT; y++)
        memset(from + y * WIDTH + 90, 10, 10); /* the rim at the right */
    memset(from + 40 * WIDTH + 30, 10, 20);    /* print */
    dn_page_clear_margins(&page, to);
    g_assert_cmpint(to[5 * WIDTH + 95], ==, 230);
    g_assert_cmpint(to[40 * WIDTH + 35], ==, 10);
    g_assert_cmpint(to[5 * WIDTH + 50], ==, 230);
}

static void
test_rules_go_and_letters_stay(void)
{
    enum { WIDTH = 400, HEIGHT = 200 };
    g_autofree uint8_t *from = g_malloc(WIDTH * HEIGHT);
    g_autofree uint8_t *to = g_malloc(WIDTH * HEIGHT);
    DnPixmap page = {WIDTH, HEIGHT, DN_PIXEL_GRAY8, 0, 0, from};

    memset(from, 255, WIDTH * HEIGHT);
    memset(from + 100 * WIDTH + 20, 0, 300); /* a rule */
    for (int y = 20; y < 180; y++)
        from[y * WIDTH + 350] = 0; /* one that stands */
    for (int y = 40; y < 60; y++)
        memset(from + y * WIDTH + 50, 0, 200); /* a bar */
    memset(from + 150 * WIDTH + 50, 0, 20);    /* a stroke */
    dn_page_clear_rules(&page, to);
    g_assert_cmpint(to[100 * WIDTH + 100], ==, 255);
    g_assert_cmpint(to[100 * WIDTH + 350], ==, 255);
    g_assert_cmpint(to[50 * WIDTH + 100], ==, 0);
    g_assert_cmpint(to[150 * WIDTH + 60], ==, 0);
}

static void
fill(uint8_t *px, int stride, DnBox box)
{
    for (int y = box.y; y < box.y + box.height; y++)
        memset(px + y * stride + box.x, 0, (size_t)box.width);
}

/* Dashes, bars and rules go, a letter that stands on them stays, though its stroke is as thin and
 * goes on where a bar ends. */
static void
test_dashes_and_bars_go_and_letters_stay(void)
{
    enum { WIDTH = 600, HEIGHT = 300, LINE = 24 };
    g_autofree uint8_t *px = g_malloc(WIDTH * HEIGHT);
    g_autofree uint8_t *scratch = g_malloc(WIDTH * HEIGHT);
    DnPixmap page = {WIDTH, HEIGHT, DN_PIXEL_GRAY8, 0, 0, px};

    memset(px, 255, WIDTH * HEIGHT);
    for (int x = 20; x < 580; x += 14)
        fill(px, WIDTH, (DnBox){x, 50, 8, 2}); /* dashes */
    fill(px, WIDTH, (DnBox){100, 20, 5, 28});  /* a stroke of a letter above them */
    for (int x = 100; x < 400; x += 10)
        fill(px, WIDTH, (DnBox){x, 100, 4, 120}); /* bars */
    fill(px, WIDTH, (DnBox){200, 220, 4, 24});    /* a letter that touches one */
    fill(px, WIDTH, (DnBox){500, 160, 6, 100});   /* a bar that stands alone */
    fill(px, WIDTH, (DnBox){550, 160, 2, 100});   /* a rule */
    dn_page_smooth(&page, LINE, scratch);
    g_assert_cmpint(px[50 * WIDTH + 24], ==, 255);
    g_assert_cmpint(px[30 * WIDTH + 102], ==, 0);
    g_assert_cmpint(px[150 * WIDTH + 152], ==, 255);
    g_assert_cmpint(px[235 * WIDTH + 202], <, 100);
    g_assert_cmpint(px[200 * WIDTH + 502], ==, 0);
    g_assert_cmpint(px[200 * WIDTH + 550], ==, 255);
}

/* What a picture on a page with a text layer says is a second reading of its place. */
static void
test_pictures_beside_a_text_layer(void)
{
    g_autoptr(DnPageText) layer = dn_page_text_new(1, 600, 300, 300, "text-layer");
    g_autoptr(DnPageText) full = dn_page_text_new(1, 600, 300, 300, "text-layer");
    g_autofree uint8_t *px = g_malloc(600 * 300);
    DnPixmap page = {600, 300, DN_PIXEL_GRAY8, 0, 0, px};
    static const DnRecognizerDriver ink = {.name = "ink", .page = ink_page};
    DnRecognizer recognizer = {&ink};
    g_autoptr(GError) error = NULL;
    GPtrArray *words = dn_word_array_new();
    GPtrArray *all = dn_word_array_new();
    DnBox word = {50, 40, 200, 30};
    DnBox picture = {50, 200, 200, 30};

    memset(px, 255, 600 * 300);
    fill(px, 600, word);
    fill(px, 600, picture);
    g_ptr_array_add(words, dn_word_new("Factuur", &word, 1));
    g_ptr_array_add(all, dn_word_new("Factuur", &word, 1));
    g_ptr_array_add(all, dn_word_new("Muster", &picture, 1));
    dn_page_text_take_words(layer, words);
    dn_page_text_take_words(full, all);
    g_assert_true(dn_read_beside(&recognizer, NULL, &page, 0, full, &error));
    g_assert_null(full->second);
    g_assert_true(dn_read_beside(&recognizer, NULL, &page, 0, layer, &error));
    g_assert_no_error(error);
    g_assert_nonnull(layer->second);
    g_assert_cmpuint(layer->second->bands->len, ==, 1);
    g_assert_cmpuint(layer->lines->len, ==, 1);
    const DnBox *band = &g_array_index(layer->second->bands, DnBox, 0);
    g_autofree char *look =
        g_strdup_printf("rules; words; bands %d+%d; ink", band->y, band->height);

    g_assert_cmpuint(full->looks->len, ==, 0);
    g_assert_cmpuint(layer->looks->len, ==, 1);
    g_assert_cmpstr(g_ptr_array_index(layer->looks, 0), ==, look);
}

/* ---- what is noted of the looks at a page ---- */

/* A script that keeps the pictures it is shown, and gives its own name as the origin. */
typedef struct {
    DnRecognizer parent;
    const char *name;
    DnRecognizer *script;
    GPtrArray *shown; /* of GBytes */
} Keeper;

static bool
keeper_page(DnRecognizer *recognizer, const DnPixmap *page_gray, unsigned page, int layout_mode,
            uint32_t deadline_ms, DnPageText **out_text, bool *out_complete, GError **error)
{
    Keeper *self = (Keeper *)recognizer;

    g_ptr_array_add(self->shown, g_bytes_new(page_gray->data,
                                             (gsize)page_gray->width_px * page_gray->height_px));
    if (!dn_recognizer_page(self->script, page_gray, page, layout_mode, deadline_ms, out_text,
                            out_complete, error))
        return false;
    g_free((*out_text)->origin);
    (*out_text)->origin = g_strdup(self->name);
    return true;
}

static const DnRecognizerDriver keeper_driver = {.name = "keeper", .page = keeper_page};

static bool
was_shown(const Keeper *self, GBytes *picture)
{
    for (guint i = 0; i < self->shown->len; i++)
        if (g_bytes_equal(g_ptr_array_index(self->shown, i), picture))
            return true;
    return false;
}

/* (transfer full) The rows of @page that "bands 10+20 50+20" names, as bands.c shows them. */
static GBytes *
bands_again(const DnPixmap *page, const DnPageText *text, const char *figures)
{
    g_autoptr(GArray) bands = g_array_new(FALSE, FALSE, sizeof(DnBox));
    g_auto(GStrv) rows = g_strsplit(figures, " ", -1);
    g_autofree char *folder = g_dir_make_tmp("dencho-test-XXXXXX", NULL);
    g_autoptr(DnRecognizer) script = scripted(folder, "mute", "");
    g_autoptr(GPtrArray) shown = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    Keeper mute = {{&keeper_driver}, "mute", script, shown};
    g_autoptr(DnPageText) again = NULL;
    bool complete = false;

    g_rmdir(folder);
    for (char **row = rows; *row; row++) {
        DnBox band = {.width = (int32_t)page->width_px};

        g_assert_cmpint(sscanf(*row, "%d+%d", &band.y, &band.height), ==, 2);
        g_array_append_val(bands, band);
    }
    g_assert_true(dn_read_bands(&mute.parent, page, text, bands, 0, &again, &complete, NULL));
    g_assert_cmpuint(shown->len, ==, 1);
    return g_bytes_ref(g_ptr_array_index(shown, 0));
}

/* (transfer full) What "cut 10,20 30x40 rim 250" names. */
static GBytes *
cut_again(const DnPixmap *page, const char *figures)
{
    enum { RIM = 12 };
    int x = 0;
    int y = 0;
    int width = 0;
    int height = 0;
    int rim = 0;

    g_assert_cmpint(sscanf(figures, "%d,%d %dx%d rim %d", &x, &y, &width, &height, &rim), ==, 5);
    size_t size = (size_t)(width + 2 * RIM) * (size_t)(height + 2 * RIM);
    uint8_t *pixels = g_malloc(size);

    memset(pixels, rim, size);
    for (int row = 0; row < height; row++)
        memcpy(pixels + (row + RIM) * (width + 2 * RIM) + RIM,
               dn_pixmap_row(page, (uint32_t)(y + row)) + x, (size_t)width);
    return g_bytes_new_take(pixels, size);
}

/* (transfer full) The picture that @look names; *@out_origin points to who read it. */
static GBytes *
look_done_again(const DnPixmap *picture, const DnPageText *text, const char *look,
                const char **out_origin)
{
    size_t size = (size_t)picture->width_px * picture->height_px;
    g_auto(GStrv) steps = g_strsplit(look, "; ", -1);
    g_autofree uint8_t *pixels = g_memdup2(picture->data, size);
    g_autofree uint8_t *other = g_malloc(size);
    DnPixmap page = *picture;
    GBytes *shown = NULL;
    guint count = g_strv_length(steps);

    page.data = pixels;
    for (guint i = 0; i + 1 < count; i++) {
        const char *figures = strchr(steps[i], ' ') ? strchr(steps[i], ' ') + 1 : "";

        g_assert_null(shown);
        if (g_str_equal(steps[i], "margins")) {
            dn_page_clear_margins(&page, other);
            memcpy(pixels, other, size);
        } else if (g_str_equal(steps[i], "rules")) {
            dn_page_clear_rules(&page, other);
            memcpy(pixels, other, size);
        } else if (g_str_has_prefix(steps[i], "smooth ")) {
            dn_page_smooth(&page, atoi(figures), other);
        } else if (g_str_has_prefix(steps[i], "bands ")) {
            shown = bands_again(&page, text, figures);
        } else {
            g_assert_true(g_str_has_prefix(steps[i], "cut "));
            shown = cut_again(&page, figures);
        }
    }
    *out_origin = strrchr(look, ';') + 2;
    return shown ? shown : g_bytes_new(pixels, size);
}

/* Reads a page by scripts, does again what is noted, and gives all notes as one text. */
static char *
noted_and_done_again(const char *page_script, const char *line_script, const char *latin_script)
{
    enum { WIDTH = 800, HEIGHT = 600, KEEPERS = 3 };
    const char *const scripts[KEEPERS] = {page_script, line_script, latin_script};
    static const char *const names[KEEPERS] = {"page", "line", "latin"};
    g_autofree char *folder = g_dir_make_tmp("dencho-test-XXXXXX", NULL);
    g_autofree uint8_t *pixels = g_malloc(WIDTH * HEIGHT);
    DnPixmap picture = {WIDTH, HEIGHT, DN_PIXEL_GRAY8, 0, 0, pixels};
    Keeper keepers[KEEPERS];
    DnReadPageOptions options = {.profile = &dn_reading_profile_default};
    g_autoptr(DnPageText) text = NULL;
    g_autoptr(GError) error = NULL;
    GString *notes = g_string_new(NULL);
    bool complete = false;

    /* Paper on which no two places are alike, and a rule. */
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++)
            pixels[y * WIDTH + x] = y >= 500 && y < 503 && x > 100 && x < 700
                                        ? 0
                                        : (uint8_t)(225 + (x * 7 + y * y) % 29);
    for (size_t i = 0; i < KEEPERS; i++)
        keepers[i] = (Keeper){{&keeper_driver},
                              names[i],
                              scripted(folder, names[i], scripts[i]),
                              g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref)};
    options.line = &keepers[1].parent;
    options.latin = &keepers[2].parent;
    g_assert_true(
        dn_read_page(&keepers[0].parent, &picture, 1, &options, &text, &complete, &error));
    g_assert_no_error(error);
    for (guint i = 0; i < text->looks->len; i++) {
        const char *look = g_ptr_array_index(text->looks, i);
        const char *origin = NULL;
        g_autoptr(GBytes) shown = look_done_again(&picture, text, look, &origin);
        size_t who = 0;

        while (who < KEEPERS && !g_str_equal(origin, names[who]))
            who++;
        g_assert_cmpuint(who, <, KEEPERS);
        g_assert_true(was_shown(&keepers[who], shown));
        g_string_append_printf(notes, "%s\n", look);
    }
    for (size_t i = 0; i < KEEPERS; i++) {
        dn_recognizer_close(keepers[i].script);
        g_ptr_array_unref(keepers[i].shown);
    }
    g_rmdir(folder);
    return g_string_free(notes, FALSE);
}

/* Every look that gave words can be done again from its note: the recogniser is shown the same. */
static void
test_looks_are_noted_so_that_they_can_be_done_again(void)
{
    g_autofree char *named = noted_and_done_again(named_page, "株式会社湖畔精密", "");
    g_autofree char *certain = noted_and_done_again(certain_page, "", "");
    g_autofree char *foreign = noted_and_done_again("ACME HARDWARE\nTotal 87.00\n", "",
                                                    "ACME HARDWARE LTD\nTotal 87.00\nThank you\n");

    g_assert_true(g_str_has_prefix(named, "margins; rules; page\n"));
    g_assert_nonnull(strstr(named, "margins; rules; bands "));
    g_assert_nonnull(strstr(named, "margins; cut "));
    /* Looks that gave no words are not told. */
    g_assert_cmpstr(certain, ==, "margins; rules; page\n");
    g_assert_nonnull(strstr(foreign, "margins; rules; latin\n"));
    g_assert_nonnull(strstr(foreign, "margins; rules; smooth "));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ocr/script/grid", test_script_lays_words_on_a_grid);
    g_test_add_func("/ocr/recognizer/no-model", test_models_that_are_not_there);
    g_test_add_func("/ocr/recognizer/only-grey", test_only_grey_pictures);
    g_test_add_func("/ocr/tesseract/drawn-page", test_tesseract_reads_a_drawn_page);
    g_test_add_func("/ocr/tesseract/forgets", test_tesseract_forgets_between_pages);
    g_test_add_func("/ocr/tesseract/deadline", test_deadline_gives_what_was_read);
    g_test_add_func("/ocr/tesseract/blank", test_blank_page_has_no_lines);
    g_test_add_func("/ocr/read-page/second-model", test_doubt_brings_the_second_model);
    g_test_add_func("/ocr/bands/back", test_bands_come_back_to_their_place);
    g_test_add_func("/ocr/bands/unread", test_print_without_words_is_found);
    g_test_add_func("/ocr/turn/ways", test_all_four_ways_up_are_found);
    g_test_add_func("/ocr/turn/none", test_no_way_up_is_better);
    g_test_add_func("/ocr/read-page/once", test_certain_page_is_read_once);
    g_test_add_func("/ocr/closer", test_name_is_looked_at_closer);
    g_test_add_func("/ocr/closer/vain", test_closer_look_in_vain);
    g_test_add_func("/ocr/closer/put", test_put_takes_the_place_of_words);
    g_test_add_func("/ocr/closer/lost", test_lost_name_is_sought);
    g_test_add_func("/ocr/closer/zeros", test_zeros_of_the_number_are_looked_at);
    g_test_add_func("/ocr/read-page/rim", test_dark_rim_is_cleared);
    g_test_add_func("/ocr/read-page/looks", test_looks_are_noted_so_that_they_can_be_done_again);
    g_test_add_func("/ocr/read-page/runs-down", test_text_that_runs_down);
    g_test_add_func("/ocr/read-page/circles-of-a-sum", test_circles_of_a_sum);
    g_test_add_func("/ocr/read-page/runs-down-in-a-frame", test_a_frame_hides_no_columns);
    g_test_add_func("/ocr/recognizer/sections-run-in-order", test_sections_run_in_order);
    g_test_add_func("/ocr/recognizer/opened-when-needed", test_model_is_opened_when_it_is_needed);
    g_test_add_func("/ocr/read-page/earlier-pages", test_values_of_earlier_pages_are_not_sought);
    g_test_add_func("/ocr/closer/agreed-name", test_agreed_name_costs_one_look);
    g_test_add_func("/ocr/read-page/rules", test_rules_go_and_letters_stay);
    g_test_add_func("/ocr/finer/dashes-and-bars", test_dashes_and_bars_go_and_letters_stay);
    g_test_add_func("/ocr/beside", test_pictures_beside_a_text_layer);
    return g_test_run();
}
