/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tests/unit/ocr/test-parties.c - issuer, registration number, taxes and kind of whole pages.
 */
#include "config.h"
#include "ocr/fields/fields.h"
#include "tests/unit/ocr/page.h"

#include <string.h>

static void
assert_party(const DnReading *reading, const char *name)
{
    const DnCandidate *best = best_of(&reading->party);

    g_assert_nonnull(best);
    g_assert_cmpstr(best->text, ==, name);
}

static DnReading *
reading_of_text_layer(const char *const *lines)
{
    g_autoptr(DnPageText) page = page_made_of(lines, "text-layer", 1.0);
    const DnPageText *pages[] = {page};

    return dn_reading_new(pages, 1, NULL);
}

static void
test_issuer_not_recipient(void)
{
    g_autoptr(DnReading) reading = reading_of_text_layer(
        LINES("                    請求書",
              "株式会社サンプル物流 総務部 御中          取引年月日: 2026年8月31日",
              "下記の通りご請求申し上げます。            発行日: 2026年9月1日",
              "                                          株式会社パーキングPIJ",
              "                                          登録番号 T8700110005901",
              "                                          〒150-0002",
              "                                          東京都渋谷区渋谷1-2-3",
              "                                          TEL: 03-1234-5678"));

    assert_party(reading, "株式会社パーキングPIJ");
    g_assert_cmpfloat(best_of(&reading->party)->confidence, >=, 0.95);
    g_assert_false(offers_text(&reading->party, "株式会社サンプル物流 総務部 御中"));
}

static void
test_recipient_under_its_head(void)
{
    g_autoptr(DnReading) reading = reading_of_text_layer(LINES(
        "Northgate Sample Supply, Inc.          INVOICE", "880 Example Avenue, Sampleton, USA",
        "Tel. +1 503 555 0142", "", "Bill to                    Invoice No. HL-7054",
        "Minato Shokai Co., Ltd.    Invoice date 20 April 2025",
        "Minato-ku, Tokyo, Japan    Due date 7 June 2025"));

    g_assert_true(g_str_has_prefix(best_of(&reading->party)->text, "Northgate Sample Supply, Inc"));
}

static void
test_only_a_recipient_is_no_issuer(void)
{
    g_autoptr(DnReading) reading = reading_of(NULL, LINES("領収書", "株式会社みなと商会 様"));

    g_assert_null(best_of(&reading->party));
    g_autoptr(DnReading) stump = reading_of(NULL, LINES("領収書", "株式会社みなと商会御"));

    g_assert_null(best_of(&stump->party));
}

/* A seal over the name in the head leaves a stump of it; the account names its holder in the clear.
 */
static void
test_the_holder_of_the_account_where_a_seal_hides_the_head(void)
{
    g_autoptr(DnReading) reading = reading_of(
        NULL,
        LINES("                御請求書", "                         発行日 2024年4月2日",
              "みなとロジスティクス株式会社御中         株式会社本",
              "                                         〒669-0199",
              "                                         兵庫県丹波篠山市栗見本215",
              "                                         TEL 079-055-8830",
              "品名          数量      単価      金額", "黒豆煮        40        1,230     49,200",
              "合計                               49,200", "備考",
              "お振込先:みほん銀行見本支店普通1039211", "口座名義:株式会社栗里食品"));

    assert_party(reading, "株式会社栗里食品");
}

/* 印 behind a name is its seal; within a name it is a letter like any other. */
static void
test_a_printer_is_no_seal(void)
{
    g_autoptr(DnReading) printer = reading_of(
        NULL, LINES("請求書", "株式会社みなと商会 御中", "2024年11月5日", "潮見坂印刷株式会社",
                    "登録番号 T5981400066973", "TEL 03-0000-0000"));
    g_autoptr(DnReading) sealed =
        reading_of(NULL, LINES("請求書", "株式会社みなと商会 御中", "2024年11月5日",
                               "株式会社霞商店 印", "登録番号 T5981400066973", "TEL 03-0000-0000"));
    g_autoptr(DnReading) scratched = reading_of(
        NULL, LINES("請求書", "株式会社みなと商会 御中", "2024年11月5日", "株式会社霞商店 (®8",
                    "登録番号 T5981400066973", "TEL 03-0000-0000"));

    assert_party(printer, "潮見坂印刷株式会社");
    assert_party(sealed, "株式会社霞商店");
    assert_party(scratched, "株式会社霞商店");
}

static void
test_shop_and_branch_on_a_receipt(void)
{
    g_autoptr(DnReading) reading = reading_of(
        NULL, LINES("業務スーパー", "墨田店", "TEL 03-5631-3065", "事業者番号:T7-0104-0108-7546",
                    "2026年06月07日(日) 16:52", "コーラ      ¥95", "合計      ¥95"));

    assert_party(reading, "業務スーパー 墨田店");
}

static void
test_malaysian_names(void)
{
    static const DnReadingProfile ringgit = {.date_order = "dmy", .currency = "MYR"};
    g_autoptr(DnReading) reading = reading_of(
        &ringgit, LINES("tan woon yann", "UROKO JAPANESE CUISINE SDN BHD", "22A-1, JALAN 17/54,",
                        "SECTION 17,", "46400 PETALING JAYA,", "GST Reg No: 001126838272",
                        "Date : 14/05/2018 12:14:08 PM", "Total :   87.10"));
    g_autoptr(DnReading) apart = reading_of(&ringgit, LINES("PASARAYA BORONG PINTAR     SDN BHD",
                                                            "NO. 19, JALAN 2,", "Total :   3.20"));

    assert_party(reading, "UROKO JAPANESE CUISINE SDN BHD");
    g_assert_true(g_str_has_prefix(best_of(&apart->party)->text, "PASARAYA BORONG PINTAR"));
}

static void
test_address_after_the_legal_form_is_cut(void)
{
    static const DnReadingProfile euro = {.date_order = "dmy", .currency = "EUR"};
    g_autoptr(DnReading) reading =
        reading_of(&euro, LINES("QualityHosting AG - Uferweg 40-42 - D-63571 Gelnhausen",
                                "Rechnung", "Rechnungsdatum  7. Mai 2014"));

    assert_party(reading, "QualityHosting AG");
}

/* "gst" is in hinG STationery, "table" in vegetable: only words count. */
static void
test_a_word_within_a_name_is_no_label(void)
{
    static const DnReadingProfile ringgit = {.date_order = "dmy", .currency = "MYR"};
    g_autoptr(DnReading) reading = reading_of(
        &ringgit, LINES("LIAN HING STATIONERY SDN BHD", "(162761-M)", "NO.32 & 33, JALAN SR 1/9,",
                        "GST ID : 002139201536", "Tax Invoice", "Total    12.00"));
    g_autoptr(DnReading) vegetables =
        reading_of(&ringgit, LINES("SERI VEGETABLE TRADING", "18, JALAN PERMAS 10/7", "TABLE : 3",
                                   "Total    12.00"));

    assert_party(reading, "LIAN HING STATIONERY SDN BHD");
    assert_party(vegetables, "SERI VEGETABLE TRADING");
}

/* Whose number stands below it; what stands between lines of an address is one. */
static void
test_the_company_of_a_number_and_its_address(void)
{
    static const DnReadingProfile ringgit = {.date_order = "dmy", .currency = "MYR"};
    static const DnReadingProfile euro = {.date_order = "dmy", .currency = "EUR"};
    g_autoptr(DnReading) reading = reading_of(
        &ringgit, LINES("JIAWEI HOUSE", "002693074-K", "13, JLN TASIK UTAMA 8",
                        "MEDAN NIAGA DAMAI SG BESI", "57000 KL", "INVOICE", "Total    65.20"));
    g_autoptr(DnReading) street =
        reading_of(&euro, LINES("Aldi GmbH & Co. KG", "Pohlweg 110", "33100 Paderborn",
                                "MOSER ROTH PREMIUM      1,99 A", "Summe      1,99"));

    assert_party(reading, "JIAWEI HOUSE");
    g_assert_false(offers_text(&reading->party, "MEDAN NIAGA DAMAI SG BESI") &&
                   best_of(&reading->party)->confidence < 0.5);
    g_assert_true(g_str_has_prefix(best_of(&street->party)->text, "Aldi GmbH"));
}

/* SDN BHD on a line of its own belongs to the name above it, and names nobody by itself. */
static void
test_a_legal_form_on_the_next_line(void)
{
    static const DnReadingProfile ringgit = {.date_order = "dmy", .currency = "MYR"};
    static const DnReadingProfile euro = {.date_order = "dmy", .currency = "EUR"};
    g_autoptr(DnReading) malaysian =
        reading_of(&ringgit, LINES("  MAJU INDAH ENTERPRISE", "       (M) SDN BHD",
                                   "NO. 12, JALAN CONTOH 3/7,", "81300 SKUDAI, JOHOR",
                                   "TAX INVOICE", "TOTAL    12.00"));
    g_autoptr(DnReading) french =
        reading_of(&euro, LINES("Pharmacie Saint-Exemple", "        SARL", "28 place du Marché",
                                "75099 Exempleville", "TICKET", "Total TTC    12,00"));
    g_autoptr(DnReading) alone = reading_of(&ringgit, LINES("(M) SDN BHD", "TOTAL    12.00"));

    assert_party(malaysian, "MAJU INDAH ENTERPRISE (M) SDN BHD");
    assert_party(french, "Pharmacie Saint-Exemple SARL");
    g_assert_null(best_of(&alone->party));
}

static void
test_what_follows_a_legal_form_is_no_name(void)
{
    static const DnReadingProfile euro = {.date_order = "dmy", .currency = "EUR"};
    g_autoptr(DnReading) reading = reading_of(
        &euro, LINES("e-Muster Nederland B.V. iov Muster.com", "Voorbeeldweg 48, 8499 BL, Dorp",
                     "Kopie factuur", "Factuur totaal EUR    49,99"));

    g_assert_true(g_str_has_prefix(best_of(&reading->party)->text, "e-Muster Nederland B.V"));
    g_assert_null(strstr(best_of(&reading->party)->text, "iov"));
}

static void
test_common_words_are_spelled(void)
{
    static const char *const pairs[][2] = {
        {"PERMNIAGAGN RIANG RIA", "PERNIAGAAN RIANG RIA"},
        {"RES AURANT JIAWEI", "RESTAURANT JIAWEI"},
        {"Yong Tat Hardwore Tradlng", "Yong Tat Hardware Trading"},
        {"KEDAI SERVIS TAYAR", "KEDAI SERVIS TAYAR"}, /* no word of the list */
        {"LIAN HING", "LIAN HING"},
        {"", ""},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(pairs); i++) {
        g_autofree char *spelled = dn_spell_name(pairs[i][0]);

        g_assert_cmpstr(spelled, ==, pairs[i][1]);
    }
}

/* One pass reads the name, another the end of it: the whole is the name. */
static void
test_a_part_of_a_name_is_not_another_name(void)
{
    static const DnReadingProfile ringgit = {.date_order = "dmy", .currency = "MYR"};
    g_autoptr(DnPageText) page = page_made_of(
        LINES("RESTAURANT JIAWEI", "002693074-K", "13, JLN TASIK UTAMA 8", "Total    65.20"),
        "tesseract", 0.9);
    const DnPageText *pages[] = {page};

    page->second = page_made_of(
        LINES("           JIAWEI", "002693074-K", "13, JLN TASIK UTAMA 8", "Total    65.20"),
        "tesseract", 0.95);
    g_autoptr(DnReading) reading = dn_reading_new(pages, 1, &ringgit);

    assert_party(reading, "RESTAURANT JIAWEI");
    g_assert_false(offers_text(&reading->party, "JIAWEI"));
}

static void
test_titles_slogans_and_dates_are_no_names(void)
{
    g_autoptr(DnReading) reading = reading_of(
        NULL, LINES("領収書", "毎度ありがとうございます", "2026年6月3日", "¥1,200", "印"));

    g_assert_null(best_of(&reading->party));
}

static void
test_registration_numbers(void)
{
    static const struct {
        const char *line;
        const char *number; /* NULL: none */
        double least;
        double most;
    } cases[] = {
        {"登録番号 T7010401087546", "T7010401087546", 0.95, 1},
        {"事業者番号 : T7-0104-0108-7546", "T7010401087546", 0.95, 1},
        {"登録番号：Ｔ７０１０４０１０８７５４６", "T7010401087546", 0.95, 1},
        {"登録番号 T 7010 4010 87546", "T7010401087546", 0.95, 1},
        {"T7010401087546", "T7010401087546", 0.9, 1},
        {"登録番号 17010401087546", "T7010401087546", 0.5, 0.94},
        {"登録番号 7010401087546", "T7010401087546", 0.5, 0.94},
        {"登録番号 T701O401087546", "T7010401087546", 0.5, 0.94},
        {"登録番号 T7010401087547", "T7010401087547", 0.1, 0.9},
        {"7010401087546", NULL, 0, 0},
        {"4970111270158 JAN", NULL, 0, 0},
        {"伝票番号 7010401087546", NULL, 0, 0},
        {"登録番号 T701040108754", NULL, 0, 0},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(DnReading) reading = reading_of(NULL, LINES(cases[i].line));
        const DnCandidate *best = best_of(&reading->registration_number);

        g_test_message("%s", cases[i].line);
        g_assert_cmpstr(best ? best->text : NULL, ==, cases[i].number);
        if (best) {
            g_assert_cmpfloat(best->confidence, >=, cases[i].least);
            g_assert_cmpfloat(best->confidence, <=, cases[i].most);
        }
    }
}

static void
test_number_under_its_label(void)
{
    g_autoptr(DnReading) reading =
        reading_of(NULL, LINES("適格請求書発行事業者登録番号", "7010401087546"));

    g_assert_nonnull(best_of(&reading->registration_number));
}

static void
test_stroked_zeros_cannot_be_checked(void)
{
    /* 0 and 9 leave the same remainder by 9. */
    g_autoptr(DnReading) reading =
        reading_of(NULL, LINES("2925/19/20(月) 14:99", "登録番号:T5989100133290"));

    g_assert_true(dn_regnum_check_digit("5989100133290"));
    g_assert_true(dn_regnum_check_digit("5980100133290"));
    g_assert_cmpfloat(best_of(&reading->registration_number)->confidence, <, 0.95);
}

static void
test_check_digits(void)
{
    const char *root = g_getenv("DENCHO_SRCDIR");
    g_autofree char *path =
        g_build_filename(root ? root : ".", "../shared/data/ja-companies/check-digit.tsv", NULL);
    g_autofree char *table = NULL;

    g_assert_true(dn_regnum_check_digit("7000012050002"));
    g_assert_false(dn_regnum_check_digit("1234567890123"));
    g_assert_false(dn_regnum_check_digit("70000120500"));
    g_assert_false(dn_regnum_check_digit("700001205000a"));
    if (!g_file_get_contents(path, &table, NULL, NULL))
        return;
    g_auto(GStrv) lines = g_strsplit(table, "\n", -1);

    for (int i = 1; lines[i]; i++) {
        g_auto(GStrv) cells = g_strsplit(lines[i], "\t", -1);

        if (g_strv_length(cells) >= 2)
            g_assert_cmpint(dn_regnum_check_digit(cells[0]), ==, strcmp(cells[1], "true") == 0);
    }
}

static const DnTaxLine *
tax_of(const DnReading *reading, int rate_permille)
{
    for (guint i = 0; i < reading->taxes->len; i++) {
        const DnTaxLine *line = &g_array_index(reading->taxes, DnTaxLine, i);

        if (line->rate_permille == rate_permille)
            return line;
    }
    return NULL;
}

static void
test_taxes_by_rate(void)
{
    g_autoptr(DnReading) inside =
        reading_of(NULL, LINES("(8%対象       ¥708)", "(内消費税等8%   ¥52)", "(10%対象      ¥451)",
                               "(内消費税等10%  ¥41)"));
    g_autoptr(DnReading) table = reading_of(NULL, LINES("税率         対価の額(税抜)     消費税額",
                                                        "10%対象      162,000       16,200"));
    g_autoptr(DnReading) apart = reading_of(
        NULL, LINES("外税8%対象額    ¥4,378", "外税8%     ¥350", "ポイント10倍  5%還元"));

    g_assert_cmpint(tax_of(inside, 80)->base, ==, 708);
    g_assert_cmpint(tax_of(inside, 80)->tax, ==, 52);
    g_assert_true(tax_of(inside, 80)->base_includes_tax);
    g_assert_cmpint(tax_of(inside, 100)->base, ==, 451);
    g_assert_cmpint(tax_of(inside, 100)->tax, ==, 41);
    g_assert_cmpint(tax_of(table, 100)->base, ==, 162000);
    g_assert_cmpint(tax_of(table, 100)->tax, ==, 16200);
    g_assert_false(tax_of(table, 100)->base_includes_tax);
    g_assert_cmpint(tax_of(apart, 80)->base, ==, 4378);
    g_assert_cmpint(tax_of(apart, 80)->tax, ==, 350);
    g_assert_cmpuint(apart->taxes->len, ==, 1);
}

static void
test_kinds(void)
{
    const struct {
        const char *const *lines;
        const char *kind;
    } cases[] = {
        {LINES("領 収 書", "¥12,000-"), "receipt"},
        {LINES("御請求書", "株式会社みなと商会 御中"), "invoice"},
        {LINES("領収書", "請求書番号: R-20260818-0031"), "receipt"},
        {LINES("納品書", "請求書は別途お送りします"), "delivery_note"},
        {LINES("御 見 積 書", "有効期限 2026年12月31日"), "quotation"},
        {LINES("注文書", "納期 2026年12月31日"), "order"},
        {LINES("業務委託契約書", "甲と乙は"), "contract"},
        {LINES("お支払明細書", "2026年3月分"), "statement"},
        {LINES("小計  ¥350", "お預り  ¥500", "お釣り  ¥150"), "receipt"},
        {LINES("TAX INVOICE", "CASH   20.00", "CHANGE   0.00", "Cashier: root"), "receipt"},
        {LINES("Rechnung", "Rechnungsnr.   30064443"), "invoice"},
        {LINES("FACTUUR.", "Factuurnummer: 993548900"), "invoice"},
        {LINES("会議のお知らせ", "明日 10時"), "other"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(DnReading) reading = reading_of(NULL, cases[i].lines);

        g_test_message("%s", cases[i].lines[0]);
        g_assert_cmpstr(reading->kind, ==, cases[i].kind);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ocr/party/issuer-not-recipient", test_issuer_not_recipient);
    g_test_add_func("/ocr/party/under-its-head", test_recipient_under_its_head);
    g_test_add_func("/ocr/party/only-a-recipient", test_only_a_recipient_is_no_issuer);
    g_test_add_func("/ocr/party/a-printer-is-no-seal", test_a_printer_is_no_seal);
    g_test_add_func("/ocr/party/holder-of-the-account",
                    test_the_holder_of_the_account_where_a_seal_hides_the_head);
    g_test_add_func("/ocr/party/shop-and-branch", test_shop_and_branch_on_a_receipt);
    g_test_add_func("/ocr/party/malaysian", test_malaysian_names);
    g_test_add_func("/ocr/party/address-cut", test_address_after_the_legal_form_is_cut);
    g_test_add_func("/ocr/party/words", test_a_word_within_a_name_is_no_label);
    g_test_add_func("/ocr/party/company-number", test_the_company_of_a_number_and_its_address);
    g_test_add_func("/ocr/party/form-below", test_a_legal_form_on_the_next_line);
    g_test_add_func("/ocr/party/after-the-form", test_what_follows_a_legal_form_is_no_name);
    g_test_add_func("/ocr/party/spelled", test_common_words_are_spelled);
    g_test_add_func("/ocr/party/part-of-a-name", test_a_part_of_a_name_is_not_another_name);
    g_test_add_func("/ocr/party/no-names", test_titles_slogans_and_dates_are_no_names);
    g_test_add_func("/ocr/regnum/forms", test_registration_numbers);
    g_test_add_func("/ocr/regnum/under-its-label", test_number_under_its_label);
    g_test_add_func("/ocr/regnum/stroked-zeros", test_stroked_zeros_cannot_be_checked);
    g_test_add_func("/ocr/regnum/check-digit", test_check_digits);
    g_test_add_func("/ocr/tax/by-rate", test_taxes_by_rate);
    g_test_add_func("/ocr/kind", test_kinds);
    return g_test_run();
}
