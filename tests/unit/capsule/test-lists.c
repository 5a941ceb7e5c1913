/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tests/unit/capsule/test-lists.c - cells and rows that are hostile, rare or many.
 */
#include "config.h"
#include "base/fs.h"
#include "engine/capsule/page.h"
#include "engine/capsule/sheet.h"

#include <string.h>

typedef struct {
    char *dir;
    DnContainer *capsule;
    char *path;
} Fixture;

static const char *const head[] = {"名前", "数", NULL};

static void
set_up(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;

    (void)data;
    fixture->dir = g_dir_make_tmp("dencho-lists-XXXXXX", &error);
    g_assert_no_error(error);
    fixture->path = g_build_filename(fixture->dir, "capsule", NULL);
    fixture->capsule = dn_container_create(fixture->path, true, &error);
    g_assert_no_error(error);
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
    (void)data;
    dn_container_free(fixture->capsule);
    g_assert_true(dn_fs_remove_tree(fixture->dir, NULL));
    g_free(fixture->dir);
    g_free(fixture->path);
}

static bool
join(const void *bytes, size_t size, void *user_data, GError **error)
{
    (void)error;
    g_string_append_len(user_data, bytes, (gssize)size);
    return true;
}

static char *
text_of(DnSpool *spool)
{
    g_autoptr(GError) error = NULL;
    GString *text = g_string_new(NULL);

    g_assert_true(dn_spool_each(spool, join, text, &error));
    return g_string_free(text, FALSE);
}

static DnSheet *
sheet_of(Fixture *fixture, const char *name, const char *number)
{
    g_autoptr(GError) error = NULL;
    const char *const cells[] = {name, number, NULL};
    DnSheet *sheet = dn_sheet_new(fixture->capsule, "表", head, "tn", &error);

    g_assert_no_error(error);
    g_assert_true(dn_sheet_add(sheet, cells, &error));
    return sheet;
}

static void
test_csv_is_rfc_4180_and_runs_nothing(Fixture *fixture, gconstpointer data)
{
    static const char *const formulas[] = {"=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"};

    (void)data;
    for (size_t i = 0; i < G_N_ELEMENTS(formulas); i++) {
        g_autoptr(DnSheet) sheet = sheet_of(fixture, formulas[i], "-5");
        g_autofree char *csv = text_of(dn_sheet_utf8(sheet));
        g_autofree char *row = g_strdup_printf("\r\n\"'%s\",\"-5\"\r\n", formulas[i]);

        g_assert_true(g_str_has_suffix(csv, row));
    }
    g_autoptr(DnSheet) sheet = sheet_of(fixture, "a\"b,c\nd", "1");
    g_autofree char *csv = text_of(dn_sheet_utf8(sheet));

    g_assert_cmpstr(csv, ==, "\xef\xbb\xbf\"名前\",\"数\"\r\n\"a\"\"b,c\nd\",\"1\"\r\n");
}

static void
test_what_cp932_lacks_is_listed(Fixture *fixture, gconstpointer data)
{
    g_autoptr(DnSheet) sheet = sheet_of(fixture, "髙﨑,𠮷野①ｱ", "1");
    g_autofree char *csv = text_of(dn_sheet_cp932(sheet));
    g_autoptr(GError) error = NULL;
    uint64_t count = 0;
    g_autofree char *missing = text_of(dn_sheet_missing(sheet, &count));
    g_autofree char *back = g_convert(csv, -1, "UTF-8", "CP932", NULL, NULL, &error);

    (void)data;
    g_assert_no_error(error);
    g_assert_cmpstr(back, ==, "\"名前\",\"数\"\r\n\"髙﨑,[U+20BB7]野①ｱ\",\"1\"\r\n");
    g_assert_cmpuint(count, ==, 1);
    g_assert_cmpstr(missing, ==, "2, 名前, [U+20BB7], 𠮷\n");
}

/* Little-endian, as in a ZIP. */
static uint32_t
number_at(const uint8_t *bytes, unsigned size)
{
    uint32_t value = 0;

    while (size-- > 0)
        value = value << 8 | bytes[size];
    return value;
}

/* (transfer full) The bytes of a stored member of a plain ZIP, whose CRC-32 must be right. */
static char *
member_of(const char *zip, gsize size, const char *name)
{
    const uint8_t *at = (const uint8_t *)zip;
    const uint8_t *end = at + size;

    while (at + 30 < end && number_at(at, 4) == 0x04034b50) {
        uint32_t bytes = number_at(at + 18, 4);
        uint32_t name_bytes = number_at(at + 26, 2);
        const uint8_t *body = at + 30 + name_bytes;

        g_assert_cmpuint(dn_crc32(0, body, bytes), ==, number_at(at + 14, 4));
        if (strlen(name) == name_bytes && memcmp(at + 30, name, name_bytes) == 0)
            return g_strndup((const char *)body, bytes);
        at = body + bytes;
    }
    g_assert_cmpuint(number_at(at, 4), ==, 0x02014b50);
    return NULL;
}

static void
test_a_workbook_keeps_text_and_numbers_apart(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(DnSheet) one = sheet_of(fixture, "=<b>&\"\x01", "1300");
    g_autoptr(DnSheet) two = sheet_of(fixture, "x", "-12.50");
    g_autoptr(DnSheet) three = sheet_of(fixture, "x", "1e5");
    DnSheet *const sheets[] = {one, two, three};
    g_autofree char *file = g_build_filename(fixture->path, "book.xlsx", NULL);
    g_autofree char *zip = NULL;
    bool written = false;
    gsize size = 0;

    (void)data;
    g_assert_true(
        dn_sheet_write_workbook(sheets, 3, fixture->capsule, "book.xlsx", &written, &error));
    g_assert_no_error(error);
    g_assert_true(written);
    g_assert_true(g_file_get_contents(file, &zip, &size, &error));
    g_autofree char *first = member_of(zip, size, "xl/worksheets/sheet1.xml");
    g_autofree char *second = member_of(zip, size, "xl/worksheets/sheet2.xml");
    g_autofree char *third = member_of(zip, size, "xl/worksheets/sheet3.xml");
    g_autofree char *list = member_of(zip, size, "xl/workbook.xml");
    g_autofree char *types = member_of(zip, size, "[Content_Types].xml");

    g_assert_nonnull(strstr(first, ">=&lt;b&gt;&amp;&quot;\xef\xbf\xbd</t>"));
    g_assert_nonnull(strstr(first, "<c><v>1300</v></c>"));
    g_assert_nonnull(strstr(second, "<c><v>-12.50</v></c>"));
    g_assert_nonnull(strstr(third, ">1e5</t>"));
    g_assert_nonnull(strstr(list, "name=\"表\" sheetId=\"1\""));
    g_assert_nonnull(strstr(types, "/xl/worksheets/sheet3.xml"));
    g_assert_null(member_of(zip, size, "none"));
}

static void
test_nothing_in_a_row_ends_its_element(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(DnSpool) rows = dn_container_spool(fixture->capsule, &error);
    g_autoptr(json_t) hostile = json_object();
    g_autofree char *file = g_build_filename(fixture->path, "index.html", NULL);
    g_autofree char *html = NULL;
    unsigned ends = 0;

    (void)data;
    dn_json_set_string(hostile, "p", "</script><script>alert(1)</script><!-- @SCRIPT@");
    g_assert_true(dn_page_add(rows, hostile, &error));
    g_assert_true(dn_page_add(rows, hostile, &error));
    g_assert_true(dn_page_write(fixture->capsule, rows, "<b>", &error));
    g_assert_true(g_file_get_contents(file, &html, NULL, &error));
    for (const char *p = html; (p = strstr(p, "</script>")); p++)
        ends++;
    g_assert_cmpuint(ends, ==, 2); /* the page's own two */
    const char *from = strstr(html, "id=\"data\">") + strlen("id=\"data\">");
    const char *to = strstr(from, "</script>");
    g_autoptr(json_t) parsed = dn_json_parse(from, (size_t)(to - from), &error);

    g_assert_no_error(error);
    g_assert_cmpstr(dn_json_string(parsed, "about"), ==, "<b>");
    g_assert_cmpuint(json_array_size(json_object_get(parsed, "vouchers")), ==, 2);
    g_assert_true(json_equal(json_array_get(json_object_get(parsed, "vouchers"), 1), hostile));
}

static void
test_the_policy_names_the_script(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(DnSpool) rows = dn_container_spool(fixture->capsule, &error);
    g_autofree char *file = g_build_filename(fixture->path, "index.html", NULL);
    g_autofree char *html = NULL;

    (void)data;
    g_assert_true(dn_page_write(fixture->capsule, rows, "", &error));
    g_assert_true(g_file_get_contents(file, &html, NULL, &error));
    const char *script = strstr(html, "<script>") + strlen("<script>");
    DnSha256 digest = dn_sha256(script, (size_t)(strstr(script, "</script>") - script));
    g_autofree char *base64 = g_base64_encode(digest.bytes, sizeof digest.bytes);
    g_autofree char *rule = g_strdup_printf("script-src 'sha256-%s'", base64);

    g_assert_nonnull(strstr(html, rule));
    g_assert_nonnull(strstr(html, "default-src 'none'"));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define T(name, test) g_test_add("/lists/" name, Fixture, NULL, set_up, test, tear_down)
    T("csv", test_csv_is_rfc_4180_and_runs_nothing);
    T("cp932", test_what_cp932_lacks_is_listed);
    T("workbook", test_a_workbook_keeps_text_and_numbers_apart);
    T("page/rows", test_nothing_in_a_row_ends_its_element);
    T("page/policy", test_the_policy_names_the_script);
    return g_test_run();
}
