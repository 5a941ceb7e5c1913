/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tests/unit/worker/test-reader.c - the pool with real workers on documents made here, and with
 * impostors that keep to no protocol.
 */
#include "config.h"
#include "base/fs.h"
#include "base/wire.h"
#include "engine/reader.h"

#include <cairo-pdf.h>
#include <cairo.h>
#include <glib/gstdio.h>
#include <poppler.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <tiffio.h>
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

static char *folder;      /* of this test's files */
static char *worker_path; /* the built worker */
static char *script;      /* model of the scripted recogniser */

static const char SCRIPT_TEXT[] = "TOTAL 10,800\nfirst page\f\nsecond page\n";

/* ---- documents ---- */

static cairo_status_t
append(void *closure, const unsigned char *data, unsigned length)
{
    g_byte_array_append(closure, data, length);
    return CAIRO_STATUS_SUCCESS;
}

static void
draw_text(cairo_t *cairo, double size, double x, double y, const char *text)
{
    cairo_select_font_face(cairo, "DejaVu Sans", CAIRO_FONT_SLANT_NORMAL, CAIRO_FONT_WEIGHT_NORMAL);
    cairo_set_font_size(cairo, size);
    cairo_set_source_rgb(cairo, 0, 0, 0);
    cairo_move_to(cairo, x, y);
    cairo_show_text(cairo, text);
}

static cairo_surface_t *
draw_page(int width_px, int height_px, double size)
{
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, width_px, height_px);
    cairo_t *cairo = cairo_create(surface);

    cairo_set_source_rgb(cairo, 1, 1, 1);
    cairo_paint(cairo);
    for (int i = 0; i < 6; i++)
        draw_text(cairo, size, size, size * 2 * (i + 1), "TOTAL 10,800 JPY");
    cairo_destroy(cairo);
    cairo_surface_flush(surface);
    return surface;
}

static GBytes *
make_png(void)
{
    GByteArray *bytes = g_byte_array_new();
    cairo_surface_t *surface = draw_page(900, 700, 50);

    cairo_surface_write_to_png_stream(surface, append, bytes);
    cairo_surface_destroy(surface);
    return g_byte_array_free_to_bytes(bytes);
}

static GBytes *
make_pdf(void)
{
    GByteArray *bytes = g_byte_array_new();
    cairo_surface_t *surface = cairo_pdf_surface_create_for_stream(append, bytes, 595, 842);
    cairo_t *cairo = cairo_create(surface);

    for (int i = 0; i < 8; i++)
        draw_text(cairo, 20, 50, 100 + 40 * i, "Invoice total amount 10,800 JPY");
    cairo_show_page(cairo);
    cairo_destroy(cairo);
    cairo_surface_finish(surface);
    cairo_surface_destroy(surface);
    return g_byte_array_free_to_bytes(bytes);
}

static GBytes *
make_tiff_of(unsigned pages, uint32_t width_px, uint32_t height_px)
{
    g_autofree char *path = g_build_filename(folder, "pages.tif", NULL);
    g_autofree uint8_t *row = g_malloc(width_px);
    char *data = NULL;
    gsize size = 0;
    TIFF *tiff = TIFFOpen(path, "w");

    memset(row, 255, width_px);
    for (unsigned page = 0; page < pages; page++) {
        TIFFSetField(tiff, TIFFTAG_IMAGEWIDTH, width_px);
        TIFFSetField(tiff, TIFFTAG_IMAGELENGTH, height_px);
        TIFFSetField(tiff, TIFFTAG_BITSPERSAMPLE, 8);
        TIFFSetField(tiff, TIFFTAG_SAMPLESPERPIXEL, 1);
        TIFFSetField(tiff, TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_MINISBLACK);
        TIFFSetField(tiff, TIFFTAG_COMPRESSION, COMPRESSION_LZW);
        TIFFSetField(tiff, TIFFTAG_XRESOLUTION, 300.0);
        TIFFSetField(tiff, TIFFTAG_YRESOLUTION, 300.0);
        TIFFSetField(tiff, TIFFTAG_RESOLUTIONUNIT, RESUNIT_INCH);
        for (uint32_t y = 0; y < height_px; y++)
            TIFFWriteScanline(tiff, row, y, 0);
        TIFFWriteDirectory(tiff);
    }
    TIFFClose(tiff);
    g_assert_true(g_file_get_contents(path, &data, &size, NULL));
    return g_bytes_new_take(data, size);
}

static GBytes *
make_tiff(unsigned pages)
{
    return make_tiff_of(pages, 400, 300);
}

/* ---- readers ---- */

static DnReader *
real_reader(const char *model, unsigned workers)
{
    return dn_reader_new(
        &(DnReaderOptions){.worker_path = worker_path, .model = model, .workers = workers});
}

static pid_t
only_worker(DnReader *reader)
{
    g_autoptr(GArray) pids = dn_reader_worker_pids(reader);

    g_assert_cmpuint(pids->len, ==, 1);
    return g_array_index(pids, pid_t, 0);
}

static char *
text_of(const DnReadResult *result)
{
    return g_strndup(g_bytes_get_data(result->text, NULL), g_bytes_get_size(result->text));
}

static const char *
verdict_of(const json_t *reading, const char *rule)
{
    json_t *checks = dn_json_array(reading, "checks");

    for (size_t i = 0; i < json_array_size(checks); i++)
        if (g_strcmp0(dn_json_string(json_array_get(checks, i), "rule"), rule) == 0)
            return dn_json_string(json_array_get(checks, i), "verdict");
    return "absent";
}

static void
test_a_picture_is_read_and_rendered(void)
{
    g_autoptr(DnReader) reader = real_reader("eng", 1);
    g_autoptr(GBytes) png = make_png();
    g_autoptr(DnReadResult) result = NULL;
    g_autoptr(GError) error = NULL;
    DnReadJob job = {.rendition = true, .received = "2026-04-01"};

    g_assert_true(dn_reader_read(reader, png, &job, &result, &error));
    g_assert_no_error(error);
    g_autofree char *text = text_of(result);

    g_assert_nonnull(strstr(text, "10,800"));
    g_assert_cmpstr(dn_json_string(result->reading, "media_type"), ==, "image/png");
    g_assert_cmpint(dn_json_int(result->reading, "pages", 0), ==, 1);
    g_assert_cmpstr(verdict_of(result->reading, "R10"), ==, "unknown");
    g_assert_cmpstr(verdict_of(result->reading, "R11"), ==, "pass");
    const json_t *derived = json_array_get(dn_json_array(result->reading, "derived"), 0);
    const char *look = json_string_value(json_array_get(dn_json_array(derived, "looks"), 0));

    g_assert_true(g_str_has_prefix(look, "margins; "));
    g_assert_true(g_str_has_suffix(look, dn_json_string(derived, "origin")));
    g_assert_nonnull(result->rendition);
    PopplerDocument *pdf = poppler_document_new_from_bytes(result->rendition, NULL, &error);
    PopplerPage *page = poppler_document_get_page(pdf, 0);
    g_autofree char *hidden = poppler_page_get_text(page);

    g_assert_nonnull(strstr(hidden, "10,800"));
    g_object_unref(page);
    g_object_unref(pdf);
}

/* Every word that was read is found in the rendition at the place where it was read. */
static void
check_word(PopplerPage *page, const json_t *word, double points_a_pixel)
{
    const char *text = json_string_value(json_array_get(word, 0));
    GList *found = poppler_page_find_text(page, text);
    double height = 0;
    bool is_there = false;

    poppler_page_get_size(page, NULL, &height);
    for (GList *link = found; link; link = link->next) {
        const PopplerRectangle *place = link->data;
        double x = json_number_value(json_array_get(word, 1)) * points_a_pixel;
        double y = json_number_value(json_array_get(word, 2)) * points_a_pixel;

        is_there = is_there || (ABS(place->x1 - x) < 10 && ABS(height - place->y2 - y) < 10);
        poppler_rectangle_free(link->data);
    }
    g_list_free(found);
    if (!is_there)
        g_test_message("%s", text);
    g_assert_true(is_there);
}

static void
test_words_of_a_rendition_stand_in_their_boxes(void)
{
    g_autoptr(DnReader) reader = real_reader("eng", 1);
    g_autoptr(GBytes) png = make_png();
    g_autoptr(DnReadResult) result = NULL;
    g_autoptr(GError) error = NULL;
    DnReadJob job = {.rendition = true};

    g_assert_true(dn_reader_read(reader, png, &job, &result, &error));
    g_assert_no_error(error);
    PopplerDocument *pdf = poppler_document_new_from_bytes(result->rendition, NULL, &error);
    PopplerPage *page = poppler_document_get_page(pdf, 0);
    size_t size = 0;
    const char *text = g_bytes_get_data(result->words, &size);
    g_autoptr(json_t) words = dn_json_parse(text, size, &error);
    json_t *lines = dn_json_array(json_array_get(dn_json_array(words, "pages"), 0), "lines");
    double width = 0;
    unsigned checked = 0;

    poppler_page_get_size(page, &width, NULL);
    double scale = width / (double)dn_json_int(json_array_get(dn_json_array(words, "pages"), 0),
                                               "width_px", 1);

    for (size_t i = 0; i < json_array_size(lines); i++)
        for (size_t k = 0; k < json_array_size(json_array_get(lines, i)); k++, checked++)
            check_word(page, json_array_get(json_array_get(lines, i), k), scale);
    g_assert_cmpuint(checked, >, 3);
    g_object_unref(page);
    g_object_unref(pdf);
}

static void
test_a_born_digital_pdf_needs_neither_model_nor_rendition(void)
{
    g_autoptr(DnReader) reader = real_reader("no-such-model", 1);
    g_autoptr(GBytes) pdf = make_pdf();
    g_autoptr(GBytes) png = make_png();
    g_autoptr(DnReadResult) result = NULL;
    g_autoptr(GError) error = NULL;
    DnReadJob job = {.rendition = true};

    g_assert_true(dn_reader_read(reader, pdf, &job, &result, &error));
    g_assert_no_error(error);
    g_autofree char *text = text_of(result);

    g_assert_nonnull(strstr(text, "10,800"));
    g_assert_null(result->rendition);
    /* No rule of captures concerns it; what it says of itself is looked at all the same. */
    const json_t *checks = dn_json_array(result->reading, "checks");

    for (size_t i = 0; i < json_array_size(checks); i++)
        g_assert_cmpstr(dn_json_string(json_array_get(checks, i), "rule"), ==, "ITEMS");
    g_clear_pointer(&result, dn_read_result_free);
    g_assert_false(dn_reader_read(reader, png, &job, &result, &error));
    assert_code(error, IO); /* no verdict on the picture: it can be read when the model is there */
    g_assert_false(dn_reader_probe(reader, NULL, &error));
    assert_code(error, IO);
}

/* A folder of models in which @left_out (nullable) is not; NULL where they are not installed. */
static char *
models_without(const char *left_out)
{
    static const char *const places[] = {"/usr/share/tesseract-ocr/5/tessdata",
                                         "/usr/share/tesseract-ocr/4.00/tessdata",
                                         "/usr/share/tessdata", NULL};
    static const char *const models[] = {"Japanese", "Japanese_vert", "jpn_vert",
                                         "eng",      "deu",           "jpn"};
    g_autofree char *here = g_strconcat(folder, "/models-", left_out ? left_out : "all", NULL);

    g_mkdir(here, 0700);
    for (const char *const *place = places; *place; place++) {
        unsigned found = 0;

        for (size_t i = 0; i < G_N_ELEMENTS(models); i++) {
            g_autofree char *name = g_strconcat(models[i], ".traineddata", NULL);
            g_autofree char *from = g_build_filename(*place, name, NULL);
            g_autofree char *to = g_build_filename(here, name, NULL);

            found += g_file_test(from, G_FILE_TEST_EXISTS);
            if (g_strcmp0(models[i], left_out) != 0)
                symlink(from, to);
        }
        if (found == G_N_ELEMENTS(models))
            return g_steal_pointer(&here);
    }
    g_test_skip("the recognition models are not installed");
    return NULL;
}

static void
test_the_worker_tells_which_models_are_there(void)
{
    static const struct {
        const char *model; /* NULL: none is missing */
        const char *use;
    } missing[] = {{NULL, ""},
                   {"eng", "latin"},
                   {"deu", "accented"},
                   {"Japanese_vert", "vertical"},
                   {"jpn_vert", "column"},
                   {"jpn", "line"}};
    static const char *const uses[] = {"latin", "accented", "vertical", "column", "line"};

    for (size_t i = 0; i < G_N_ELEMENTS(missing); i++) {
        g_autofree char *here = models_without(missing[i].model);
        g_autoptr(json_t) models = NULL;
        g_autoptr(GError) error = NULL;

        if (!here)
            return;
        g_setenv("TESSDATA_PREFIX", here, TRUE);
        g_autoptr(DnReader) reader = real_reader(NULL, 1);
        bool told = dn_reader_probe(reader, &models, &error);

        g_unsetenv("TESSDATA_PREFIX");
        g_assert_no_error(error);
        g_assert_true(told);
        for (size_t k = 0; k < G_N_ELEMENTS(uses); k++)
            g_assert_true(json_is_boolean(json_object_get(models, uses[k])) &&
                          dn_json_bool(models, uses[k], false) ==
                              !g_str_equal(uses[k], missing[i].use));
    }
}

static void
test_a_scripted_worker_has_no_further_models(void)
{
    g_autoptr(DnReader) reader = real_reader(script, 1);
    g_autoptr(json_t) models = NULL;
    g_autoptr(GError) error = NULL;

    g_assert_true(dn_reader_probe(reader, &models, &error));
    g_assert_no_error(error);
    g_assert_cmpuint(json_object_size(models), ==, 0);
}

/* A receipt in columns from the right, each letter below the other. */
static GBytes *
make_columns(void)
{
    enum { LETTER_PX = 44, PITCH_PX = 100, WIDTH_PX = 800, HEIGHT_PX = 700 };
    static const char *const columns[] = {"領収書",           "山田商店様",
                                          "金壱万弐千円也",   "但し事務用品代として",
                                          "令和七年四月一日", "株式会社みなと商会"};
    GByteArray *bytes = g_byte_array_new();
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, WIDTH_PX, HEIGHT_PX);
    cairo_t *cairo = cairo_create(surface);

    cairo_set_source_rgb(cairo, 1, 1, 1);
    cairo_paint(cairo);
    cairo_set_source_rgb(cairo, 0, 0, 0);
    cairo_select_font_face(cairo, "Noto Serif CJK JP", CAIRO_FONT_SLANT_NORMAL,
                           CAIRO_FONT_WEIGHT_NORMAL);
    cairo_set_font_size(cairo, LETTER_PX);
    for (size_t i = 0; i < G_N_ELEMENTS(columns); i++) {
        int y = 60 + LETTER_PX;

        for (const char *p = columns[i]; *p; p = g_utf8_next_char(p), y += LETTER_PX + 4) {
            g_autofree char *letter = g_strndup(p, (gsize)(g_utf8_next_char(p) - p));

            cairo_move_to(cairo, WIDTH_PX - PITCH_PX * ((int)i + 1), y);
            cairo_show_text(cairo, letter);
        }
    }
    cairo_destroy(cairo);
    cairo_surface_write_to_png_stream(surface, append, bytes);
    cairo_surface_destroy(surface);
    return g_byte_array_free_to_bytes(bytes);
}

static GBytes *
committed_document(const char *name)
{
    g_autofree char *path =
        g_build_filename(g_getenv("DENCHO_SRCDIR"), "samples", "documents", name, NULL);
    char *data = NULL;
    gsize size = 0;

    g_assert_true(g_file_get_contents(path, &data, &size, NULL));
    return g_bytes_new_take(data, size);
}

/* All that is told of @document, as bytes. */
static char *
all_of(DnReader *reader, GBytes *document)
{
    g_autoptr(DnReadResult) result = NULL;
    g_autoptr(GError) error = NULL;
    g_autofree char *reading = NULL;
    g_autofree char *text = NULL;

    dn_reader_read(reader, document, NULL, &result, &error);
    g_assert_no_error(error);
    reading = dn_json_line(result->reading);
    text = text_of(result);
    return g_strdup_printf("%s\n%s\n%.*s", reading, text, (int)g_bytes_get_size(result->words),
                           (const char *)g_bytes_get_data(result->words, NULL));
}

static void
test_a_document_reads_the_same_whatever_came_before(void)
{
    g_autofree char *here = models_without(NULL);
    g_autoptr(DnReader) forth = real_reader(NULL, 1);
    g_autoptr(DnReader) back = real_reader(NULL, 1);
    g_autoptr(GPtrArray) documents = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    g_autoptr(GPtrArray) first = g_ptr_array_new_with_free_func(g_free);

    if (!here)
        return;
    /* Each wants models that the others do not. */
    g_ptr_array_add(documents, committed_document("thermal-04.jpg"));
    g_ptr_array_add(documents, make_columns());
    g_ptr_array_add(documents, committed_document("photo-01.jpg"));
    g_ptr_array_add(documents, committed_document("english-02.png"));
    for (guint i = 0; i < documents->len; i++)
        g_ptr_array_add(first, all_of(forth, documents->pdata[i]));
    g_assert_nonnull(strstr(first->pdata[1], "Japanese_vert"));
    g_assert_null(strstr(first->pdata[0], "Japanese_vert"));
    for (guint i = documents->len; i-- > 0;) {
        g_autofree char *again = all_of(back, documents->pdata[i]);

        g_assert_cmpstr(again, ==, first->pdata[i]);
    }
    g_autofree char *last = all_of(back, documents->pdata[3]); /* with every model loaded */

    g_assert_cmpstr(last, ==, first->pdata[3]);
}

static void
test_a_page_without_print_says_so(void)
{
    g_autoptr(DnReader) reader = real_reader("eng", 1);
    g_autoptr(GBytes) white = make_tiff(2);
    g_autoptr(GBytes) png = make_png();
    g_autoptr(DnReadResult) result = NULL;
    g_autoptr(DnReadResult) printed = NULL;
    g_autoptr(GError) error = NULL;

    g_assert_true(dn_reader_read(reader, white, NULL, &result, &error));
    g_assert_no_error(error);
    g_assert_cmpstr(verdict_of(result->reading, "BLANK"), ==, "fail");
    g_assert_cmpint(dn_json_int(result->reading, "pages_read", 0), ==, 2);
    g_assert_cmpstr(
        dn_json_string(json_array_get(dn_json_array(result->reading, "derived"), 0), "origin"), ==,
        "blank");
    g_assert_true(dn_reader_read(reader, png, NULL, &printed, &error));
    g_assert_cmpstr(verdict_of(printed->reading, "BLANK"), ==, "absent");
}

/* ---- sheets ---- */

/* Papers with print, side by side on a darker sheet. */
static GBytes *
make_sheet(int papers)
{
    enum { PAPER_WIDTH = 320, PAPER_HEIGHT = 600, PITCH = 380 };
    GByteArray *bytes = g_byte_array_new();
    cairo_surface_t *surface =
        cairo_image_surface_create(CAIRO_FORMAT_RGB24, 60 + papers * PITCH, 900);
    cairo_t *cairo = cairo_create(surface);

    cairo_set_source_rgb(cairo, 0.7, 0.7, 0.7);
    cairo_paint(cairo);
    for (int i = 0; i < papers; i++) {
        cairo_set_source_rgb(cairo, 1, 1, 1);
        cairo_rectangle(cairo, 60 + i * PITCH, 60, PAPER_WIDTH, PAPER_HEIGHT);
        cairo_fill(cairo);
        for (int line = 0; line < 16; line++)
            draw_text(cairo, 20, 80 + i * PITCH, 110 + line * 32, "TOTAL 10,800 JPY SUM");
    }
    cairo_surface_write_to_png_stream(surface, append, bytes);
    cairo_destroy(cairo);
    cairo_surface_destroy(surface);
    return g_byte_array_free_to_bytes(bytes);
}

/* How many receipts a sheet with @papers is read as, when each of them says @words. */
static unsigned
receipts_on(int papers, const char *words, bool sheet, char **out_verdict)
{
    g_autofree char *path = g_build_filename(folder, "sheet-script", NULL);
    g_autofree char *model = g_strconcat("script:", path, NULL);
    g_autoptr(DnReader) reader = real_reader(model, 1);
    g_autoptr(GBytes) png = make_sheet(papers);
    g_autoptr(DnReadResult) result = NULL;
    g_autoptr(GError) error = NULL;
    DnReadJob job = {.sheet = sheet, .received = "2026-04-01"};
    unsigned count = 0;

    g_assert_true(g_file_set_contents(path, words, -1, NULL));
    g_assert_true(dn_reader_read(reader, png, &job, &result, &error));
    g_assert_no_error(error);
    for (const DnReadResult *one = result; one; one = one->next)
        count++;
    *out_verdict = g_strdup(verdict_of(result->reading, "R18"));
    return count;
}

/* Papers that are seen, but are not surely receipts, are one document, and that is said: a clerk
 * may know better. */
static void
test_R18_papers_that_were_read_as_one_are_told(void)
{
    static const char words[] = "notes of the meeting with the committee\nsecond line of words\n";
    static const char receipt[] = "領収書\n株式会社湖畔精密\n2026年3月1日\n合計 10,800円\n";
    static const struct {
        int papers;
        const char *words;
        bool sheet;
        unsigned receipts;
        const char *verdict;
    } cases[] = {
        {2, words, true, 1, "unknown"},  {3, words, true, 1, "unknown"},
        {1, words, true, 1, "absent"},   /* one paper */
        {2, "", true, 1, "absent"},      /* nothing on them */
        {2, words, false, 1, "absent"},  /* nobody asked */
        {2, receipt, true, 2, "absent"}, /* told apart */
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *verdict = NULL;

        g_assert_cmpuint(receipts_on(cases[i].papers, cases[i].words, cases[i].sheet, &verdict), ==,
                         cases[i].receipts);
        g_assert_cmpstr(verdict, ==, cases[i].verdict);
    }
}

/* ---- e-invoices ---- */

static const char INVOICE[] =
    "<Invoice xmlns='urn:oasis:names:specification:ubl:schema:xsd:Invoice-2'><ID>A-7</ID>"
    "<IssueDate>2026-04-15</IssueDate><DocumentCurrencyCode>JPY</DocumentCurrencyCode>"
    "<AccountingSupplierParty><Party><PartyLegalEntity><RegistrationName>株式会社みどり文具"
    "</RegistrationName></PartyLegalEntity></Party></AccountingSupplierParty>"
    "<LegalMonetaryTotal><TaxInclusiveAmount>10800</TaxInclusiveAmount></LegalMonetaryTotal>"
    "<InvoiceLine><ID>1</ID><Item><Name>封筒</Name></Item></InvoiceLine></Invoice>";

/* A page that says @total with @attached as an embedded file; readers rebuild the missing table of
 * objects. */
static GBytes *
make_hybrid(const char *total, const char *attached)
{
    g_autofree char *content =
        g_strdup_printf("BT /F1 20 Tf 50 700 Td (Invoice date 2026-04-15) Tj "
                        "0 -60 Td (Invoice total amount %s) Tj ET",
                        total);
    char *text = g_strdup_printf(
        "%%PDF-1.7\n"
        "1 0 obj <</Type/Catalog/Pages 2 0 R/Names<</EmbeddedFiles<</Names[(i.xml) 6 0 R]>>>>>> "
        "endobj\n"
        "2 0 obj <</Type/Pages/Kids[3 0 R]/Count 1>> endobj\n"
        "3 0 obj <</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font"
        "<</F1 5 0 R>>>>>> endobj\n"
        "4 0 obj <</Length %zu>> stream\n%s\nendstream endobj\n"
        "5 0 obj <</Type/Font/Subtype/Type1/BaseFont/Helvetica>> endobj\n"
        "6 0 obj <</Type/Filespec/F(i.xml)/EF<</F 7 0 R>>>> endobj\n"
        "7 0 obj <</Type/EmbeddedFile/Length %zu>> stream\n%s\nendstream endobj\n"
        "trailer <</Root 1 0 R/Size 8>>\n",
        strlen(content), content, strlen(attached), attached);

    return g_bytes_new_take(text, strlen(text));
}

static json_t *
xml_check(const DnReadResult *result)
{
    json_t *checks = dn_json_array(result->reading, "checks");

    for (size_t i = 0; i < json_array_size(checks); i++)
        if (g_strcmp0(dn_json_string(json_array_get(checks, i), "rule"), "XML") == 0)
            return json_array_get(checks, i);
    return NULL;
}

static void
test_R55_a_bare_e_invoice_is_read_and_can_be_looked_at(void)
{
    g_autoptr(DnReader) reader = real_reader("no-such-model", 1);
    g_autoptr(GBytes) xml = g_bytes_new_static(INVOICE, strlen(INVOICE));
    g_autoptr(DnReadResult) result = NULL;
    g_autoptr(GError) error = NULL;
    DnReadJob job = {.rendition = true};

    g_assert_true(dn_reader_read(reader, xml, &job, &result, &error));
    g_assert_no_error(error);
    json_t *fields = dn_json_object(result->reading, "fields");
    PopplerDocument *pdf = poppler_document_new_from_bytes(result->rendition, NULL, &error);
    PopplerPage *page = poppler_document_get_page(pdf, 0);
    g_autofree char *shown = poppler_page_get_text(page);
    g_autofree char *text = text_of(result);

    g_assert_cmpint(dn_json_int(dn_json_object(fields, "amount"), "value", 0), ==, 10800);
    g_assert_cmpstr(dn_json_string(dn_json_object(fields, "number"), "value"), ==, "A-7");
    g_assert_cmpint(poppler_document_get_n_pages(pdf), ==,
                    dn_json_int(result->reading, "pages", 0));
    g_assert_nonnull(strstr(shown, "10,800"));
    g_assert_nonnull(strstr(shown, "株式会社みどり文具"));
    g_assert_nonnull(strstr(shown, "封筒"));
    g_assert_nonnull(strstr(text, "株式会社みどり文具"));
    g_object_unref(page);
    g_object_unref(pdf);
    g_autoptr(GBytes) picture = dn_reader_page_image(reader, xml, 1, &error);

    g_assert_no_error(error);
    g_assert_cmpmem(g_bytes_get_data(picture, NULL), 8, "\x89PNG\r\n\x1a\n", 8);
    g_assert_null(dn_reader_page_image(reader, xml, 99, &error));
    assert_code(error, INVALID);
}

static void
test_an_embedded_e_invoice_is_believed_before_the_page(void)
{
    static const struct {
        const char *total;
        const char *attached;
        int64_t amount;
        const char *verdict;
    } table[] = {{"JPY 10,800", INVOICE, 10800, "pass"},
                 {"JPY 90,800", INVOICE, 10800, "fail"},
                 {"JPY 90,800",
                  "<Invoice xmlns='urn:oasis:names:specification:ubl:schema:xsd:"
                  "Invoice-2'><ID>",
                  90800, "unknown"},
                 {"JPY 90,800", "<other/>", 90800, NULL}};
    g_autoptr(DnReader) reader = real_reader("no-such-model", 1);

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        g_autoptr(GBytes) pdf = make_hybrid(table[i].total, table[i].attached);
        g_autoptr(DnReadResult) result = NULL;
        g_autoptr(GError) error = NULL;

        g_assert_true(dn_reader_read(reader, pdf, NULL, &result, &error));
        g_assert_no_error(error);
        json_t *amount = dn_json_object(dn_json_object(result->reading, "fields"), "amount");

        g_assert_cmpint(dn_json_int(amount, "value", 0), ==, table[i].amount);
        g_assert_cmpstr(dn_json_string(xml_check(result), "verdict"), ==, table[i].verdict);
    }
}

static void
test_a_page_is_given_as_a_picture(void)
{
    g_autoptr(DnReader) reader = real_reader(script, 1);
    g_autoptr(GBytes) tiff = make_tiff(2);
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) picture = dn_reader_page_image(reader, tiff, 2, &error);

    g_assert_no_error(error);
    g_assert_cmpmem(g_bytes_get_data(picture, NULL), 8, "\x89PNG\r\n\x1a\n", 8);
    g_assert_null(dn_reader_page_image(reader, tiff, 3, &error));
    assert_code(error, INVALID);
    g_assert_true(dn_reader_probe(reader, NULL, &error)); /* the worker goes on */
    g_assert_no_error(error);
}

static void
count_pages(unsigned page, void *user_data)
{
    unsigned *last = user_data;

    g_assert_cmpuint(page, ==, *last + 1);
    *last = page;
}

static void
test_pages_are_told_as_they_are_done(void)
{
    g_autoptr(DnReader) reader = real_reader(script, 1);
    g_autoptr(GBytes) tiff = make_tiff(3);
    g_autoptr(DnReadResult) result = NULL;
    g_autoptr(GError) error = NULL;
    unsigned last = 0;
    DnReadJob job = {.progress = count_pages, .user_data = &last, .rendition = true};

    g_assert_true(dn_reader_read(reader, tiff, &job, &result, &error));
    g_assert_no_error(error);
    g_autofree char *text = text_of(result);
    g_auto(GStrv) pages = g_strsplit(text, "\f", -1);

    g_assert_cmpuint(last, ==, 3);
    g_assert_cmpuint(g_strv_length(pages), ==, 3);
    g_assert_nonnull(strstr(pages[1], "second"));
    g_assert_cmpstr(verdict_of(result->reading, "R09"), ==, "pass");
    g_assert_nonnull(result->rendition);
}

static void
test_more_pages_than_allowed_are_not_read_and_that_is_said(void)
{
    DnLimits limits = dn_limits_default;

    limits.max_pages = 2;
    g_autoptr(DnReader) reader = dn_reader_new(
        &(DnReaderOptions){.worker_path = worker_path, .model = script, .limits = &limits});
    g_autoptr(GBytes) tiff = make_tiff(5);
    g_autoptr(DnReadResult) result = NULL;
    DnReadJob job = {.rendition = true};

    g_assert_true(dn_reader_read(reader, tiff, &job, &result, NULL));
    g_assert_cmpint(dn_json_int(result->reading, "pages_read", 0), ==, 2);
    g_assert_cmpuint(json_array_size(dn_json_array(result->reading, "warnings")), ==, 2);
    g_assert_null(result->rendition);
}

static void
test_the_verdict_on_a_document_leaves_the_worker_alive(void)
{
    g_autoptr(DnReader) reader = real_reader(script, 1);
    g_autoptr(GBytes) noise = g_bytes_new_static("no document at all", 18);
    g_autoptr(GBytes) nothing = g_bytes_new_static("", 0);
    g_autoptr(GBytes) whole = make_png();
    g_autoptr(GBytes) stump = g_bytes_new_from_bytes(whole, 0, 40);
    g_autoptr(DnReadResult) result = NULL;
    g_autoptr(GError) error = NULL;

    g_assert_false(dn_reader_read(reader, noise, NULL, &result, &error));
    assert_code(error, UNSUPPORTED);
    pid_t before = only_worker(reader);

    g_assert_false(dn_reader_read(reader, nothing, NULL, &result, &error));
    assert_code(error, FORMAT);
    g_assert_false(dn_reader_read(reader, stump, NULL, &result, &error));
    assert_code(error, FORMAT);
    g_assert_cmpint(only_worker(reader), ==, before);
    g_assert_null(result);
}

static void
test_a_document_above_the_limit_reaches_no_worker(void)
{
    DnLimits limits = dn_limits_default;

    limits.max_document_bytes = 100;
    g_autoptr(DnReader) reader =
        dn_reader_new(&(DnReaderOptions){.worker_path = "/nonexistent", .limits = &limits});
    g_autoptr(GBytes) png = make_png();
    g_autoptr(GError) error = NULL;
    g_autoptr(DnReadResult) result = NULL;

    g_assert_false(dn_reader_read(reader, png, NULL, &result, &error));
    assert_code(error, LIMIT);
}

/* ---- workers that die ---- */

typedef struct {
    DnReader *reader;
    int signal_number;
    unsigned times;
    bool wait;
} Assassin;

static void
strike(unsigned page, void *user_data)
{
    Assassin *self = user_data;

    if (page != 1 || self->times == 0)
        return;
    self->times--;
    kill(only_worker(self->reader), self->signal_number);
}

static bool
read_under_attack(DnReader *reader, int signal_number, unsigned times, DnReadResult **out_result,
                  GError **error)
{
    /* More pages than the socket holds messages of, so that the worker cannot be done before. */
    g_autoptr(GBytes) tiff = make_tiff(150);
    Assassin assassin = {.reader = reader, .signal_number = signal_number, .times = times};
    DnReadJob job = {.progress = strike, .user_data = &assassin};

    return dn_reader_read(reader, tiff, &job, out_result, error);
}

static void
test_a_crash_is_tried_again_once(void)
{
    g_autoptr(DnReader) reader = real_reader(script, 1);
    g_autoptr(DnReadResult) result = NULL;
    g_autoptr(GError) error = NULL;

    g_assert_true(read_under_attack(reader, SIGSEGV, 1, &result, &error));
    g_assert_no_error(error);
    g_assert_cmpint(dn_json_int(result->reading, "pages", 0), ==, 150);
}

static void
test_two_crashes_are_the_verdict_and_the_pool_goes_on(void)
{
    g_autoptr(DnReader) reader = real_reader(script, 1);
    g_autoptr(DnReadResult) result = NULL;
    g_autoptr(GError) error = NULL;

    g_assert_false(read_under_attack(reader, SIGSEGV, 2, &result, &error));
    assert_code(error, EXTERNAL);
    g_assert_false(read_under_attack(reader, SIGKILL, 2, &result, &error));
    assert_code(error, LIMIT);
    g_assert_false(read_under_attack(reader, SIGXCPU, 1, &result, &error));
    assert_code(error, LIMIT);
    g_assert_true(read_under_attack(reader, 0, 0, &result, &error));
    g_assert_no_error(error);
}

static void
test_a_worker_that_died_between_two_jobs_is_replaced(void)
{
    g_autoptr(DnReader) reader = real_reader(script, 1);
    g_autoptr(GBytes) tiff = make_tiff(1);
    g_autoptr(DnReadResult) first = NULL;
    g_autoptr(DnReadResult) second = NULL;
    g_autoptr(GError) error = NULL;

    g_assert_true(dn_reader_read(reader, tiff, NULL, &first, &error));
    kill(only_worker(reader), SIGKILL);
    g_assert_true(dn_reader_read(reader, tiff, NULL, &second, &error));
    g_assert_no_error(error);
}

static void
test_a_page_that_needs_too_much_memory_is_limit(void)
{
    DnLimits limits = dn_limits_default;

    limits.max_memory_bytes = UINT64_C(300) << 20;
    g_autoptr(DnReader) reader = dn_reader_new(
        &(DnReaderOptions){.worker_path = worker_path, .model = script, .limits = &limits});
    g_autoptr(GBytes) large = make_tiff_of(1, 10000, 9900);
    g_autoptr(GBytes) small = make_tiff(1);
    g_autoptr(DnReadResult) result = NULL;
    g_autoptr(GError) error = NULL;
    DnReadJob job = {.rendition = true};

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    g_test_skip("shadow memory takes more than any cap");
    return;
#endif
    g_assert_false(dn_reader_read(reader, large, &job, &result, &error));
    g_test_message("%s", error->message);
    assert_code(error, LIMIT);
    g_assert_true(dn_reader_read(reader, small, &job, &result, &error));
    g_assert_no_error(error);
}

static void
test_a_worker_that_stands_still_is_limit(void)
{
    DnLimits limits = dn_limits_default;

    limits.max_document_ms = 1000;
    g_autoptr(DnReader) reader = dn_reader_new(
        &(DnReaderOptions){.worker_path = worker_path, .model = script, .limits = &limits});
    g_autoptr(DnReadResult) result = NULL;
    g_autoptr(GError) error = NULL;
    gint64 begin_us = g_get_monotonic_time();

    g_assert_false(read_under_attack(reader, SIGSTOP, 1, &result, &error));
    assert_code(error, LIMIT);
    g_assert_cmpint(g_get_monotonic_time() - begin_us, <, 20 * G_USEC_PER_SEC);
    g_autoptr(GArray) pids = dn_reader_worker_pids(reader);

    g_assert_cmpuint(pids->len, ==, 0);
}

static void
test_a_worker_makes_room_after_its_pages(void)
{
    g_autoptr(DnReader) reader = dn_reader_new(
        &(DnReaderOptions){.worker_path = worker_path, .model = script, .pages_per_worker = 4});
    g_autoptr(GBytes) tiff = make_tiff(3);
    g_autoptr(GArray) pids = NULL;
    pid_t first = 0;

    for (int i = 0; i < 2; i++) {
        g_autoptr(DnReadResult) result = NULL;

        g_assert_true(dn_reader_read(reader, tiff, NULL, &result, NULL));
        if (i == 0)
            first = only_worker(reader);
    }
    pids = dn_reader_worker_pids(reader);
    g_assert_cmpuint(pids->len, ==, 0);
    g_assert_cmpint(kill(first, 0), ==, -1);
    g_autoptr(DnReadResult) again = NULL;

    g_assert_true(dn_reader_read(reader, tiff, NULL, &again, NULL));
    g_assert_cmpint(only_worker(reader), !=, first);
}

static void
test_a_worker_has_a_process_group_of_its_own(void)
{
    g_autoptr(DnReader) reader = real_reader(script, 1);
    g_autoptr(GBytes) tiff = make_tiff(1);
    g_autoptr(DnReadResult) result = NULL;

    g_assert_true(dn_reader_read(reader, tiff, NULL, &result, NULL));
    g_assert_cmpint(getpgid(only_worker(reader)), ==, only_worker(reader));
}

/* ---- several at once ---- */

typedef struct {
    DnReader *reader;
    GBytes *document;
    unsigned read;
} Caller;

static void *
call_often(void *data)
{
    Caller *self = data;

    for (int i = 0; i < 4; i++) {
        g_autoptr(DnReadResult) result = NULL;
        g_autoptr(GError) error = NULL;

        self->read += dn_reader_read(self->reader, self->document, NULL, &result, &error);
        g_assert_no_error(error);
    }
    return NULL;
}

static void
test_four_callers_share_two_workers(void)
{
    enum { CALLERS = 4 };
    g_autoptr(DnReader) reader = real_reader(script, 2);
    g_autoptr(GBytes) tiff = make_tiff(2);
    Caller callers[CALLERS];
    GThread *threads[CALLERS];
    unsigned read = 0;

    for (int i = 0; i < CALLERS; i++) {
        callers[i] = (Caller){reader, tiff, 0};
        threads[i] = g_thread_new("caller", call_often, &callers[i]);
    }
    for (int i = 0; i < CALLERS; i++) {
        g_thread_join(threads[i]);
        read += callers[i].read;
    }
    g_autoptr(GArray) pids = dn_reader_worker_pids(reader);

    g_assert_cmpuint(read, ==, CALLERS * 4);
    g_assert_cmpuint(pids->len, <=, 2);
    g_assert_cmpuint(pids->len, >=, 1);
    /* The threads that called have ended; their workers must not have. */
    g_autoptr(DnReadResult) result = NULL;
    pid_t before = g_array_index(pids, pid_t, 0);

    g_assert_true(dn_reader_read(reader, tiff, NULL, &result, NULL));
    g_assert_cmpint(kill(before, 0), ==, 0);
}

/* ---- impostors ---- */

static char *
write_impostor(const char *name, const char *commands)
{
    char *path = g_build_filename(folder, name, NULL);
    g_autofree char *text = g_strdup_printf("#!/bin/sh\n%s\n", commands);

    g_assert_true(dn_fs_create_file(path, text, strlen(text), 0700, NULL));
    return path;
}

static void
append_frame(GByteArray *bytes, char type, const char *body, size_t size)
{
    const uint8_t head[] = {(uint8_t)type, (uint8_t)(size >> 24), (uint8_t)(size >> 16),
                            (uint8_t)(size >> 8), (uint8_t)size};

    g_byte_array_append(bytes, head, sizeof head);
    g_byte_array_append(bytes, (const uint8_t *)body, (guint)size);
}

static const char READING[] =
    "{\"media_type\":\"image/tiff\",\"pages\":1,\"pages_read\":1,\"kind\":\"other\",\"fields\":{},"
    "\"captured\":[],\"derived\":[],\"checks\":[],\"attachments\":[],\"warnings\":[],\"x\":1}";

/* What an impostor says: the letters of the messages in order, with the right bodies but for those
 * that are given. */
typedef struct {
    const char *name;
    const char *messages;
    const char *reading;
    const char *text;
    const char *words;
    const char *pdf;
    bool is_believed;
    unsigned receipts; /* on a sheet that was asked for; 0: none was */
} Speech;

static const Speech speeches[] = {
    {.name = "right", .messages = "PRTWD", .is_believed = true},
    {.name = "right-with-pdf", .messages = "PRTWVD", .is_believed = true},
    {.name = "a-sheet", .messages = "PRTWRTWRTWVD", .is_believed = true, .receipts = 3},
    {.name = "one-receipt", .messages = "PRTWD", .is_believed = true, .receipts = 1},
    {.name = "not-asked-for", .messages = "PRTWRTWD"},
    {.name = "half-a-receipt", .messages = "PRTWRTD", .receipts = 2},
    {.name = "too-many",
     .messages = "PRTWRTWRTWRTWRTWRTWRTWRTWRTWRTWRTWRTWRTWRTWRTWRTWRTWRTWRTWRTWRTWRTWRTWRTWRTWD",
     .receipts = 25},
    {.name = "no-reading", .messages = "PTWD"},
    {.name = "no-words", .messages = "RTD"},
    {.name = "twice", .messages = "RRTWD"},
    {.name = "verdict-after-reading", .messages = "RED"},
    {.name = "page-after-reading", .messages = "RPTWD"},
    {.name = "a-job", .messages = "J"},
    {.name = "nothing", .messages = "D"},
    {.name = "page-twice", .messages = "PPRTWD"},
    {.name = "bad-reading", .messages = "RTWD", .reading = "{\"pages\":1}"},
    {.name = "not-json", .messages = "RTWD", .reading = "{\"pages\":1,"},
    {.name = "bad-text", .messages = "RTWD", .text = "\xC3("},
    {.name = "bad-words", .messages = "RTWD", .words = "[]"},
    {.name = "bad-pdf", .messages = "RTWVD", .pdf = "GIF89a"},
};

static const char *
or_else(const char *text, const char *fallback)
{
    return text ? text : fallback;
}

static char *
write_speaker(const Speech *speech)
{
    GByteArray *bytes = g_byte_array_new();
    g_autofree char *path = g_build_filename(folder, speech->name, NULL);
    g_autofree char *script_name = g_strconcat(speech->name, ".sh", NULL);
    g_autofree char *commands = g_strdup_printf("cat '%s' >&3; exec sleep 60", path);

    for (const char *type = speech->messages; *type; type++) {
        const char *body = *type == 'P'   ? "{\"page\":1}"
                           : *type == 'R' ? or_else(speech->reading, READING)
                           : *type == 'T' ? or_else(speech->text, "text")
                           : *type == 'W' ? or_else(speech->words, "{\"pages\":[]}")
                           : *type == 'V' ? or_else(speech->pdf, "%PDF-1.5")
                           : *type == 'E' ? "{\"code\":\"FORMAT\",\"message\":\"x\"}"
                                          : "";

        append_frame(bytes, *type, body, strlen(body));
    }
    g_assert_true(dn_fs_create_file(path, bytes->data, bytes->len, 0600, NULL));
    g_byte_array_unref(bytes);
    return write_impostor(script_name, commands);
}

static void
test_only_a_right_answer_is_believed(void)
{
    g_autoptr(GBytes) document = g_bytes_new_static("x", 1);

    for (size_t i = 0; i < G_N_ELEMENTS(speeches); i++) {
        g_autofree char *path = write_speaker(&speeches[i]);
        g_autoptr(DnReader) reader = dn_reader_new(&(DnReaderOptions){.worker_path = path});
        g_autoptr(DnReadResult) result = NULL;
        g_autoptr(GError) error = NULL;
        DnReadJob job = {.sheet = speeches[i].receipts > 0};
        bool read = dn_reader_read(reader, document, &job, &result, &error);
        unsigned receipts = 0;

        g_test_message("%s: %s", speeches[i].name, error ? error->message : "believed");
        g_assert_cmpint(read, ==, speeches[i].is_believed);
        for (const DnReadResult *one = result; one; one = one->next)
            receipts++;
        g_assert_cmpuint(receipts, ==, read ? MAX(1, speeches[i].receipts) : 0);
        if (!read) {
            assert_code(error, EXTERNAL);
            continue;
        }
        g_assert_null(json_object_get(result->reading, "x"));
        /* It sleeps and would not go by itself; the pool does not wait for it long. */
        kill(only_worker(reader), SIGKILL);
    }
}

static void
test_garbage_is_external_and_quick(void)
{
    static const struct {
        const char *name;
        const char *commands;
    } table[] = {
        {"garbage.sh", "printf 'what a nice day it is' >&3; exec sleep 60"},
        {"huge.sh", "printf 'R\\377\\377\\377\\377' >&3; exec sleep 60"},
        {"short.sh", "printf 'R\\000\\000' >&3"},
        {"status.sh", "exit 3"},
        {"hang-up.sh", "exec 3>&-; exec sleep 60"},
    };
    g_autoptr(GBytes) document = g_bytes_new_static("x", 1);

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        g_autofree char *path = write_impostor(table[i].name, table[i].commands);
        g_autoptr(DnReader) reader = dn_reader_new(&(DnReaderOptions){.worker_path = path});
        g_autoptr(DnReadResult) result = NULL;
        g_autoptr(GError) error = NULL;
        gint64 begin_us = g_get_monotonic_time();

        g_assert_false(dn_reader_read(reader, document, NULL, &result, &error));
        g_test_message("%s: %s", table[i].name, error->message);
        assert_code(error, EXTERNAL);
        g_assert_cmpint(g_get_monotonic_time() - begin_us, <, 10 * G_USEC_PER_SEC);
    }
}

static void
test_a_worker_that_is_not_there_is_no_verdict(void)
{
    g_autoptr(DnReader) reader = dn_reader_new(&(DnReaderOptions){.worker_path = "/nonexistent"});
    g_autoptr(GBytes) document = g_bytes_new_static("x", 1);
    g_autoptr(DnReadResult) result = NULL;
    g_autoptr(GError) error = NULL;

    g_assert_false(dn_reader_read(reader, document, NULL, &result, &error));
    assert_code(error, IO);
}

static void
test_nothing_is_handed_down_to_a_worker(void)
{
    g_autofree char *environment_path = g_build_filename(folder, "environment", NULL);
    g_autofree char *descriptors_path = g_build_filename(folder, "descriptors", NULL);
    g_autofree char *commands = g_strdup_printf("env >'%s'; ls /proc/$$/fd >'%s'; exit 3",
                                                environment_path, descriptors_path);
    g_autofree char *path = write_impostor("curious.sh", commands);
    g_autofree char *environment = NULL;
    g_autofree char *descriptors = NULL;
    g_autoptr(GBytes) document = g_bytes_new_static("x", 1);
    g_autoptr(DnReadResult) result = NULL;
    int leak = dup(STDERR_FILENO); /* without close-on-exec, as a careless library might have it */

    g_setenv("DENCHO_TEST_SECRET", "s3cret", TRUE);
    g_autoptr(DnReader) reader = dn_reader_new(&(DnReaderOptions){.worker_path = path});

    g_assert_false(dn_reader_read(reader, document, NULL, &result, NULL));
    close(leak);
    g_unsetenv("DENCHO_TEST_SECRET");
    g_assert_true(g_file_get_contents(environment_path, &environment, NULL, NULL));
    g_assert_true(g_file_get_contents(descriptors_path, &descriptors, NULL, NULL));
    g_assert_null(strstr(environment, "s3cret"));
    g_assert_nonnull(strstr(environment, "OMP_THREAD_LIMIT=1"));
    /* The shell itself may hold its script at 10 or above. */
    g_assert_true(g_str_has_prefix(descriptors, "0\n1\n"));
    g_assert_null(strstr(descriptors, "\n4\n"));
    g_assert_null(strstr(descriptors, "\n5\n"));
}

/* ---- documents of the wild ---- */

/* A sample of each folder; with DENCHO_TEST_ALL in the environment all files, by tesseract, which
 * takes minutes. */

static void
read_folder(DnReader *reader, const char *name, unsigned most)
{
    g_autofree char *path =
        g_build_filename(g_getenv("DENCHO_SRCDIR"), "..", "shared", "data", name, NULL);
    g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
    const char *entry = NULL;

    while (dir && most > 0 && (entry = g_dir_read_name(dir))) {
        g_autofree char *file = g_build_filename(path, entry, NULL);
        g_autoptr(DnReadResult) result = NULL;
        g_autoptr(GError) error = NULL;
        g_autofree char *data = NULL;
        gsize size = 0;

        if (!g_file_get_contents(file, &data, &size, NULL))
            continue;
        g_autoptr(GBytes) bytes = g_bytes_new_take(g_steal_pointer(&data), size);
        bool read = dn_reader_read(reader, bytes, NULL, &result, &error);

        most--;
        g_test_message("%s/%s: %s", name, entry,
                       read ? "read" : dn_error_name(dn_error_code(error)));
        g_assert_true(read == (result != NULL) && read == (error == NULL));
        if (!read)
            g_assert_cmpint(dn_error_code(error), !=, DN_ERROR_IO);
    }
}

static void
test_documents_of_the_wild_end_in_a_reading_or_a_verdict(void)
{
    static const char *const folders[] = {"codec-libtiff", "codec-pillow", "pdf-broken",
                                          "pdf-ocr",       "pdfa",         "exif-orientation"};
    DnLimits limits = dn_limits_default;
    struct rusage usage;
    bool in_full = g_getenv("DENCHO_TEST_ALL") != NULL;

    limits.max_document_ms = in_full ? 20000 : 2000;
    limits.max_page_ms = in_full ? 10000 : 1000;
    limits.max_pages = in_full ? 20 : 2;
    g_autoptr(DnReader) reader = dn_reader_new(&(DnReaderOptions){
        .worker_path = worker_path, .model = in_full ? "Japanese" : script, .limits = &limits});

    for (size_t i = 0; i < G_N_ELEMENTS(folders); i++)
        read_folder(reader, folders[i], in_full ? 1000 : 6);
    getrusage(RUSAGE_SELF, &usage);
    g_test_message("resident set of this side: at most %ld KiB", usage.ru_maxrss);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    if (!g_getenv("DENCHO_BUILDDIR"))
        g_error("DENCHO_BUILDDIR must name the build folder");
    folder = g_dir_make_tmp("dencho-reader-XXXXXX", NULL);
    worker_path = g_build_filename(g_getenv("DENCHO_BUILDDIR"), "worker", "dencho-worker", NULL);
    g_autofree char *script_path = g_build_filename(folder, "script", NULL);

    g_assert_true(g_file_set_contents(script_path, SCRIPT_TEXT, -1, NULL));
    script = g_strconcat("script:", script_path, NULL);
#define ADD(test) g_test_add_func("/reader/" #test, test)
    ADD(test_a_picture_is_read_and_rendered);
    ADD(test_a_born_digital_pdf_needs_neither_model_nor_rendition);
    ADD(test_the_worker_tells_which_models_are_there);
    ADD(test_a_scripted_worker_has_no_further_models);
    ADD(test_a_document_reads_the_same_whatever_came_before);
    ADD(test_a_page_without_print_says_so);
    ADD(test_R18_papers_that_were_read_as_one_are_told);
    ADD(test_R55_a_bare_e_invoice_is_read_and_can_be_looked_at);
    ADD(test_an_embedded_e_invoice_is_believed_before_the_page);
    ADD(test_a_page_is_given_as_a_picture);
    ADD(test_words_of_a_rendition_stand_in_their_boxes);
    ADD(test_pages_are_told_as_they_are_done);
    ADD(test_more_pages_than_allowed_are_not_read_and_that_is_said);
    ADD(test_the_verdict_on_a_document_leaves_the_worker_alive);
    ADD(test_a_document_above_the_limit_reaches_no_worker);
    ADD(test_a_crash_is_tried_again_once);
    ADD(test_two_crashes_are_the_verdict_and_the_pool_goes_on);
    ADD(test_a_worker_that_died_between_two_jobs_is_replaced);
    ADD(test_a_page_that_needs_too_much_memory_is_limit);
    ADD(test_a_worker_that_stands_still_is_limit);
    ADD(test_a_worker_makes_room_after_its_pages);
    ADD(test_a_worker_has_a_process_group_of_its_own);
    ADD(test_four_callers_share_two_workers);
    ADD(test_only_a_right_answer_is_believed);
    ADD(test_garbage_is_external_and_quick);
    ADD(test_a_worker_that_is_not_there_is_no_verdict);
    ADD(test_nothing_is_handed_down_to_a_worker);
    ADD(test_documents_of_the_wild_end_in_a_reading_or_a_verdict);
#undef ADD
    int status = g_test_run();

    dn_fs_remove_tree(folder, NULL);
    g_free(folder);
    g_free(worker_path);
    g_free(script);
    return status;
}
