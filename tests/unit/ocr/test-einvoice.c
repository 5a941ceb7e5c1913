/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tests/unit/ocr/test-einvoice.c - e-invoices made here, hostile ones, and those of
 * ../shared/data where it lies beside the project.
 */
#include "config.h"
#include "base/media-type.h"
#include "ocr/einvoice.h"
#include "ocr/xml-tree.h"
#include "page.h"

#include <string.h>

#define assert_code(error, wanted)                                                                 \
    do {                                                                                           \
        g_assert_nonnull(error);                                                                   \
        g_assert_cmpint(dn_error_code(error), ==, DN_ERROR_##wanted);                              \
        g_clear_error(&(error));                                                                   \
    } while (0)

#define UBL "urn:oasis:names:specification:ubl:schema:xsd:"

/* (transfer full) A made-up invoice; the same files are where the fuzzer starts. */
static char *
sample(const char *name)
{
    g_autofree char *path = g_build_filename(g_getenv("DENCHO_SRCDIR") ?: ".", "tests", "fuzz",
                                             "corpus", "einvoice", name, NULL);
    char *text = NULL;

    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    return text;
}

static DnEinvoice *
parse(const char *text, GError **error)
{
    g_autoptr(GBytes) bytes = g_bytes_new(text, strlen(text));

    return dn_einvoice_new(bytes, error);
}

static DnEinvoice *
parse_well(const char *text)
{
    g_autoptr(GError) error = NULL;
    DnEinvoice *invoice = parse(text, &error);

    g_assert_no_error(error);
    g_assert_nonnull(invoice);
    return invoice;
}

static DnEinvoice *
parse_sample(const char *name)
{
    g_autofree char *text = sample(name);

    return parse_well(text);
}

static const char *
sniff(const char *text)
{
    g_autoptr(GBytes) bytes = g_bytes_new(text, strlen(text));

    return dn_media_type_sniff(bytes);
}

/* ---- what is read ---- */

static void
test_a_japanese_invoice(void)
{
    g_autoptr(DnEinvoice) invoice = parse_sample("ubl-invoice.xml");
    g_autoptr(DnReading) reading = dn_einvoice_reading(invoice, NULL);
    const DnTaxLine *taxes = (const DnTaxLine *)(void *)reading->taxes->data;

    g_assert_cmpstr(best_of(&reading->date)->text, ==, "2026-04-15");
    g_assert_true(offers_text(&reading->date, "2026-03-31"));
    g_assert_cmpint(best_of(&reading->amount)->number, ==, 21800);
    g_assert_cmpstr(best_of(&reading->amount)->currency, ==, "JPY");
    g_assert_cmpstr(best_of(&reading->party)->text, ==, "株式会社みどり文具");
    g_assert_true(offers_text(&reading->party, "みどり文具"));
    g_assert_cmpstr(best_of(&reading->registration_number)->text, ==, "T8700110005901");
    g_assert_cmpstr(best_of(&reading->number)->text, ==, "2026-0415");
    g_assert_cmpstr(best_of(&reading->due_date)->text, ==, "2026-05-31");
    g_assert_cmpstr(reading->kind, ==, "invoice");
    g_assert_cmpfloat(best_of(&reading->amount)->confidence, >=, 0.95);
    g_assert_cmpuint(reading->taxes->len, ==, 2); /* none of the second currency */
    g_assert_cmpint(taxes[0].rate_permille, ==, 100);
    g_assert_cmpint(taxes[0].tax, ==, 1000);
    g_assert_cmpint(taxes[1].rate_permille, ==, 80);
    g_assert_cmpint(taxes[1].base, ==, 10000);
}

static void
test_all_that_people_want_to_see(void)
{
    g_autoptr(DnEinvoice) invoice = parse_sample("ubl-invoice.xml");
    const DnEinvoiceLine *line = invoice->lines->pdata[0];
    bool found = false;

    g_assert_cmpstr(invoice->buyer.name, ==, "買手株式会社");
    g_assert_cmpstr(invoice->seller.address, ==, "千代田区");
    g_assert_cmpstr(invoice->note, ==, "毎度 ありがとう ございます");
    g_assert_cmpint(invoice->tax, ==, 1800);
    g_assert_cmpint(invoice->payable, ==, 11800);
    g_assert_cmpuint(invoice->lines->len, ==, 1);
    g_assert_cmpstr(line->description, ==, "コピー用紙 & 封筒");
    g_assert_cmpstr(line->quantity, ==, "3 EA");
    g_assert_cmpstr(line->price, ==, "6666.67");
    g_assert_cmpint(line->amount, ==, 20000);
    for (guint i = 0; i < invoice->elements->len; i++) {
        const DnEinvoiceElement *element = invoice->elements->pdata[i];

        found = found || g_strcmp0(element->text, "JP123") == 0;
    }
    g_assert_true(found);
}

static void
test_a_credit_note_gives_money_back(void)
{
    g_autoptr(DnEinvoice) invoice = parse_sample("ubl-credit-note.xml");
    g_autoptr(DnEinvoice) coded = parse_sample("cii-2-credit.xml");
    g_autoptr(DnReading) reading = dn_einvoice_reading(invoice, NULL);

    g_assert_cmpint(best_of(&reading->amount)->number, ==, -21800);
    g_assert_cmpint(g_array_index(reading->taxes, DnTaxLine, 0).tax, ==, -1000);
    g_assert_cmpuint(invoice->lines->len, ==, 1);
    g_assert_cmpint(coded->total, ==, -11900);
}

static void
test_cross_industry_invoices_of_both_versions(void)
{
    static const char *const names[] = {"cii-2.xml", "cii-1.xml"};

    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *text = sample(names[i]);
        g_autoptr(DnEinvoice) invoice = parse_well(text);
        g_autoptr(DnReading) reading = dn_einvoice_reading(invoice, NULL);

        g_assert_cmpstr(sniff(text), ==, DN_MEDIA_TYPE_XML);
        g_assert_cmpstr(best_of(&reading->date)->text, ==, "2026-04-15");
        g_assert_cmpint(best_of(&reading->amount)->number, ==, 11900);
        g_assert_cmpstr(best_of(&reading->amount)->currency, ==, "EUR");
        g_assert_cmpstr(best_of(&reading->party)->text, ==, "Muster & Söhne GmbH");
        g_assert_null(best_of(&reading->registration_number)); /* a German number is none */
        g_assert_cmpint(g_array_index(reading->taxes, DnTaxLine, 0).rate_permille, ==, 55);
        g_assert_cmpint(invoice->payable, ==, 1950);
    }
}

static void
test_a_day_or_number_that_cannot_be_right_is_doubted(void)
{
    g_autoptr(DnEinvoice) invoice = parse_sample("ubl-invoice.xml");
    DnReadingProfile profile = dn_reading_profile_default;

    profile.received = (DnDate){2026, 4, 1};
    g_autoptr(DnReading) early = dn_einvoice_reading(invoice, &profile);

    g_assert_cmpfloat(best_of(&early->date)->confidence, <, 0.95);
    g_free(invoice->seller.registration_number);
    invoice->seller.registration_number = g_strdup("T1234567890123");
    profile.received.month = 5;
    g_autoptr(DnReading) reading = dn_einvoice_reading(invoice, &profile);

    g_assert_cmpfloat(best_of(&reading->date)->confidence, >=, 0.95);
    g_assert_cmpfloat(best_of(&reading->registration_number)->confidence, <, 0.95);
}

/* One element replaced in a small invoice; an amount or day that is not plain is none. */
static DnEinvoice *
with_values(const char *currency, const char *total, const char *issued)
{
    g_autofree char *text = g_strdup_printf(
        "<Invoice xmlns='" UBL "Invoice-2'><IssueDate>%s</IssueDate><DocumentCurrencyCode>%s"
        "</DocumentCurrencyCode><LegalMonetaryTotal><TaxInclusiveAmount>%s</TaxInclusiveAmount>"
        "</LegalMonetaryTotal></Invoice>",
        issued, currency, total);

    return parse_well(text);
}

static void
test_amounts_as_written(void)
{
    static const struct {
        const char *currency;
        const char *text;
        int64_t minor;
    } table[] = {{"JPY", "810", 810},
                 {"JPY", "810.00", 810},
                 {"JPY", "-810", -810},
                 {"JPY", "810.5", INT64_MIN},
                 {"EUR", "7.1", 710},
                 {"EUR", "+.50", 50},
                 {"EUR", "0", 0},
                 {"KWD", "1.234", 1234},
                 {"EUR", "1,234.50", INT64_MIN},
                 {"EUR", "1e9", INT64_MIN},
                 {"EUR", "", INT64_MIN},
                 {"EUR", "-", INT64_MIN},
                 {"EUR", "1.2.3", INT64_MIN},
                 {"JPY", "000000000000000000000000007", 7},
                 {"JPY", "999999999999999", 999999999999999},
                 {"JPY", "9999999999999999", INT64_MIN},
                 {"EUR", "99999999999999", INT64_MIN},
                 {"yen", "10", INT64_MIN}};

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        g_autoptr(DnEinvoice) invoice = with_values(table[i].currency, table[i].text, "2026-04-15");

        g_assert_cmpint(invoice->total, ==, table[i].minor);
    }
}

static void
test_days_as_written(void)
{
    static const struct {
        const char *text;
        int year;
    } table[] = {{"2026-04-15", 2026}, {"2026-04-15+09:00", 2026},
                 {"20260415", 2026},   {"2026-04-15T00:00:00", 2026},
                 {"2026-02-30", 0},    {"2026-0415", 0},
                 {"202604-15", 0},     {"15.04.2026", 0},
                 {"2026", 0},          {"", 0}};

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        g_autoptr(DnEinvoice) invoice = with_values("JPY", "1", table[i].text);

        g_assert_cmpint(invoice->issued.year, ==, table[i].year);
    }
}

/* ---- with the page ---- */

static DnReading *
told(void)
{
    g_autoptr(DnEinvoice) invoice = parse_sample("ubl-invoice.xml");

    return dn_einvoice_reading(invoice, NULL);
}

static void
assert_agreement(DnReading *seen, const char *verdict, const char *field)
{
    g_autoptr(DnReading) reading = told();
    g_autoptr(DnReading) page = seen;
    g_autoptr(json_t) check = dn_reading_take_seen(reading, page);

    g_assert_cmpstr(dn_json_string(check, "rule"), ==, "XML");
    g_assert_cmpstr(dn_json_string(check, "verdict"), ==, verdict);
    if (field)
        g_assert_nonnull(strstr(dn_json_string(check, "figure"), field));
    g_assert_null(strstr(dn_json_string(check, "figure"), "21,800"));
    g_assert_cmpint(best_of(&reading->amount)->number, ==, 21800);
    g_assert_cmpstr(best_of(&reading->amount)->origin, ==, "xml");
}

static void
test_a_page_that_says_the_same_passes(void)
{
    assert_agreement(reading_of(NULL, LINES("請求書", "発行日 2026年4月15日", "合計 ¥21,800",
                                            "株式会社みどり文具", "登録番号 T8700110005901")),
                     "pass", NULL);
}

static void
test_a_page_that_says_otherwise_fails(void)
{
    g_autoptr(DnReading) reading = told();
    g_autoptr(DnReading) page = reading_of(
        NULL, LINES("請求書", "発行日 2026年4月15日", "ご請求金額 ¥31,800", "株式会社みどり文具"));
    g_autoptr(json_t) check = dn_reading_take_seen(reading, page);
    bool kept = false;

    g_assert_cmpstr(dn_json_string(check, "verdict"), ==, "fail");
    g_assert_nonnull(strstr(dn_json_string(check, "figure"), "amount"));
    g_assert_null(strstr(dn_json_string(check, "figure"), "31"));
    g_assert_cmpint(best_of(&reading->amount)->number, ==, 21800);
    for (guint i = 1; i < reading->amount.candidates->len; i++)
        kept = kept || ((const DnCandidate *)reading->amount.candidates->pdata[i])->number == 31800;
    g_assert_true(kept);
}

static void
test_an_empty_page_says_nothing(void)
{
    assert_agreement(reading_of(NULL, LINES("*")), "unknown", NULL);
}

static void
test_the_page_fills_what_the_file_leaves_open(void)
{
    g_autoptr(DnEinvoice) invoice = with_values("JPY", "", "2026-04-15");
    g_autoptr(DnReading) reading = dn_einvoice_reading(invoice, NULL);
    g_autoptr(DnReading) page = reading_of(NULL, LINES("合計 ¥5,400", "登録番号 T8700110005901"));
    g_autoptr(json_t) check = dn_reading_take_seen(reading, page);

    g_assert_cmpint(best_of(&reading->amount)->number, ==, 5400);
    g_assert_null(best_of(&reading->amount)->origin);
    g_assert_cmpstr(best_of(&reading->registration_number)->text, ==, "T8700110005901");
}

/* ---- hostile files ---- */

static void
assert_refused(const char *text, DnErrorCode code)
{
    g_autoptr(GError) error = NULL;

    g_assert_null(parse(text, &error));
    g_assert_nonnull(error);
    g_assert_cmpint(dn_error_code(error), ==, code);
}

#define INVOICE(inside) "<Invoice xmlns='" UBL "Invoice-2'>" inside "</Invoice>"

static void
test_no_document_type(void)
{
    assert_refused("<!DOCTYPE Invoice>" INVOICE(""), DN_ERROR_UNSUPPORTED);
    assert_refused("<!DOCTYPE Invoice SYSTEM \"file:///etc/passwd\">" INVOICE(""),
                   DN_ERROR_UNSUPPORTED);
    assert_refused(
        "<!DOCTYPE x [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]>" INVOICE("<ID>&b;</ID>"),
        DN_ERROR_UNSUPPORTED);
    assert_refused("<!DOCTYPE x [<!ENTITY % p SYSTEM \"http://localhost/\"> %p;]>" INVOICE(""),
                   DN_ERROR_UNSUPPORTED);
    g_assert_null(sniff("<!DOCTYPE Invoice>" INVOICE("")));
    assert_refused(INVOICE("<ID>&unknown;</ID>"), DN_ERROR_FORMAT);
}

static void
test_no_inclusion(void)
{
    g_autoptr(DnEinvoice) invoice =
        parse_well("<Invoice xmlns='" UBL "Invoice-2' xmlns:xi='http://www.w3.org/2001/XInclude'>"
                   "<ID><xi:include href='file:///etc/passwd' parse='text'/></ID></Invoice>");

    g_assert_null(invoice->number);
}

static void
test_what_is_no_invoice(void)
{
    static const char *const wrong[] = {"<html/>", "<Invoice/>", "<Invoice xmlns='urn:other'/>",
                                        "<CreditNote xmlns='" UBL "Invoice-2'/>"};

    for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
        assert_refused(wrong[i], DN_ERROR_UNSUPPORTED);
        g_assert_null(sniff(wrong[i]));
    }
    assert_refused("", DN_ERROR_FORMAT);
    assert_refused("<Invoice", DN_ERROR_FORMAT);
    assert_refused("<Invoice xmlns='" UBL "Invoice-2'><ID>", DN_ERROR_FORMAT);
    g_assert_null(sniff("  <!-- never ends " INVOICE("")));
    g_assert_null(sniff("<"));
}

static char *
repeat(const char *what, unsigned count)
{
    GString *text = g_string_new(NULL);

    while (count-- > 0)
        g_string_append(text, what);
    return g_string_free(text, FALSE);
}

static void
assert_too_much(const char *before, const char *what, unsigned count, const char *after)
{
    g_autofree char *many = repeat(what, count);
    g_autofree char *text =
        g_strconcat("<Invoice xmlns='" UBL "Invoice-2'", before, many, after, NULL);

    assert_refused(text, DN_ERROR_LIMIT);
}

static void
test_bounds(void)
{
    assert_too_much(">", "<a>", 100000, "");
    assert_too_much(">", "<a/>", 300000, "</Invoice>");
    assert_too_much("", " a=''", 100000, "/>");
    assert_too_much(">", "                                ", (21 << 20) / 32, "</Invoice>");
}

static void
test_long_text_is_cut_at_a_character(void)
{
    g_autofree char *many = repeat("長", 100000);
    g_autofree char *text =
        g_strconcat("<Invoice xmlns='" UBL "Invoice-2'><ID>", many, "</ID></Invoice>", NULL);
    g_autoptr(GBytes) bytes = g_bytes_new(text, strlen(text));
    g_autoptr(GError) error = NULL;
    g_autoptr(DnXmlTree) tree = dn_xml_tree_new(bytes, &error);

    g_assert_no_error(error);
    const char *kept = dn_xml_text(tree->root, "ID");

    g_assert_cmpuint(strlen(kept), <=, DN_XML_TEXT_BYTES);
    g_assert_true(g_utf8_validate(kept, -1, NULL));
    g_autoptr(DnEinvoice) invoice = parse_well(text);

    g_assert_cmpint(g_utf8_strlen(invoice->number, -1), <=, 200);
}

static void
test_encodings(void)
{
    g_autofree char *ubl_invoice = sample("ubl-invoice.xml");
    g_autofree char *lying = g_strconcat("<?xml version='1.0' encoding='UTF-8-W/O-BOM'?>",
                                         strstr(ubl_invoice, "<Invoice"), NULL);
    g_autofree char *wrong = g_strconcat("<?xml version='1.0' encoding='EBCDIC-CP-US'?>",
                                         strstr(ubl_invoice, "<Invoice"), NULL);
    g_autofree char *marked = g_strconcat("\xEF\xBB\xBF", ubl_invoice, NULL);
    const char *const texts[] = {lying, wrong, marked};

    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(DnEinvoice) invoice = parse_well(texts[i]);

        g_assert_cmpstr(sniff(texts[i]), ==, DN_MEDIA_TYPE_XML);
        g_assert_cmpstr(invoice->buyer.name, ==, "買手株式会社");
    }
    assert_refused("<Invoice xmlns='" UBL "Invoice-2'><ID>\xe9</ID></Invoice>",
                   DN_ERROR_UNSUPPORTED);
}

static void
test_utf16(void)
{
    g_autofree char *ubl_invoice = sample("ubl-invoice.xml");
    glong units = 0;
    g_autofree gunichar2 *wide = g_utf8_to_utf16(ubl_invoice, -1, NULL, &units, NULL);

    for (int big = 0; big <= 1; big++) {
        g_autoptr(GByteArray) array = g_byte_array_new();
        g_autoptr(GError) error = NULL;
        guint8 mark[] = {big ? 0xFE : 0xFF, big ? 0xFF : 0xFE};

        g_byte_array_append(array, mark, 2);
        for (glong i = 0; i < units; i++) {
            guint8 high = (guint8)(wide[i] >> 8);
            guint8 low = (guint8)wide[i];
            guint8 pair[] = {big ? high : low, big ? low : high};

            g_byte_array_append(array, pair, 2);
        }
        g_autoptr(GBytes) bytes = g_bytes_new(array->data, array->len);
        g_autoptr(GBytes) odd = g_bytes_new(array->data, array->len - 1);
        g_autoptr(DnEinvoice) invoice = dn_einvoice_new(bytes, &error);

        g_assert_no_error(error);
        g_assert_cmpstr(dn_media_type_sniff(bytes), ==, DN_MEDIA_TYPE_XML);
        g_assert_cmpstr(invoice->seller.name, ==, "株式会社みどり文具");
        g_assert_null(dn_einvoice_new(odd, &error));
        assert_code(error, FORMAT);
    }
}

static void
test_every_cut_of_a_file_is_refused_or_read(void)
{
    g_autofree char *ubl_invoice = sample("ubl-invoice.xml");

    for (size_t size = 0; size < strlen(ubl_invoice) - 2; size += 7) {
        g_autoptr(GBytes) bytes = g_bytes_new(ubl_invoice, size);
        g_autoptr(GError) error = NULL;
        g_autoptr(DnEinvoice) invoice = dn_einvoice_new(bytes, &error);

        g_assert_null(invoice);
        g_assert_nonnull(error);
        dn_media_type_sniff(bytes);
    }
}

/* ---- real ones ---- */

static void
test_published_examples(void)
{
    static const struct {
        const char *file;
        int64_t total;
        const char *seller;
        int year;
    } table[] = {{"Annex.xml", 134200, "株式会社〇〇商事", 2022},
                 {"allowance2.xml", 139670, "株式会社 ○○商事", 2003},
                 {"rounding_JPY.xml", 9291, "Bluem BV", 2015},
                 {"UBLwarning.xml", 7039, "Bluem BV", 2015}};

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        g_autofree char *path =
            g_build_filename(g_getenv("DENCHO_SRCDIR") ?: ".", "..", "shared", "data",
                             "ja-invoices", "jp-pint", table[i].file, NULL);
        g_autofree char *text = NULL;

        if (!g_file_get_contents(path, &text, NULL, NULL))
            continue;
        g_autoptr(DnEinvoice) invoice = parse_well(text);

        g_assert_cmpstr(sniff(text), ==, DN_MEDIA_TYPE_XML);
        g_assert_cmpint(invoice->total, ==, table[i].total);
        g_assert_cmpstr(invoice->seller.name, ==, table[i].seller);
        g_assert_cmpint(invoice->issued.year, ==, table[i].year);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/einvoice/japanese", test_a_japanese_invoice);
    g_test_add_func("/einvoice/all", test_all_that_people_want_to_see);
    g_test_add_func("/einvoice/credit", test_a_credit_note_gives_money_back);
    g_test_add_func("/einvoice/cross-industry", test_cross_industry_invoices_of_both_versions);
    g_test_add_func("/einvoice/doubt", test_a_day_or_number_that_cannot_be_right_is_doubted);
    g_test_add_func("/einvoice/amounts", test_amounts_as_written);
    g_test_add_func("/einvoice/days", test_days_as_written);
    g_test_add_func("/einvoice/page/same", test_a_page_that_says_the_same_passes);
    g_test_add_func("/einvoice/page/other", test_a_page_that_says_otherwise_fails);
    g_test_add_func("/einvoice/page/nothing", test_an_empty_page_says_nothing);
    g_test_add_func("/einvoice/page/fills", test_the_page_fills_what_the_file_leaves_open);
    g_test_add_func("/einvoice/hostile/type", test_no_document_type);
    g_test_add_func("/einvoice/hostile/inclusion", test_no_inclusion);
    g_test_add_func("/einvoice/hostile/other", test_what_is_no_invoice);
    g_test_add_func("/einvoice/hostile/bounds", test_bounds);
    g_test_add_func("/einvoice/hostile/text", test_long_text_is_cut_at_a_character);
    g_test_add_func("/einvoice/hostile/encodings", test_encodings);
    g_test_add_func("/einvoice/hostile/utf16", test_utf16);
    g_test_add_func("/einvoice/hostile/cut", test_every_cut_of_a_file_is_refused_or_read);
    g_test_add_func("/einvoice/published", test_published_examples);
    return g_test_run();
}
