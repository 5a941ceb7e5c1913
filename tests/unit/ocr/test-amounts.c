/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tests/unit/ocr/test-amounts.c - which number is the total, and how sure that is.
 */
#include "config.h"
#include "ocr/fields/fields.h"
#include "tests/unit/ocr/page.h"

static const DnReadingProfile ringgit = {.date_order = "dmy", .currency = "MYR"};
static const DnReadingProfile euro = {.date_order = "dmy", .currency = "EUR"};

static void
assert_amount(const DnReading *reading, int64_t minor, const char *currency)
{
    const DnCandidate *best = best_of(&reading->amount);

    g_assert_nonnull(best);
    g_assert_cmpint(best->number, ==, minor);
    g_assert_cmpstr(best->currency, ==, currency);
}

/* The one number of a line, or a failure. */
static DnNumber
number_of(const char *line, const DnReadingProfile *profile)
{
    g_autoptr(DnPageText) page = page_made_of(LINES(line), "tesseract", 0.9);
    const DnPageText *pages[] = {page};
    g_autoptr(DnFieldText) text = dn_field_text_new(pages, 1, profile);
    const DnFieldLine *only = dn_field_text_line(text, 0);

    g_assert_cmpuint(only->numbers->len, ==, 1);
    return g_array_index(only->numbers, DnNumber, 0);
}

static unsigned
count_numbers(const char *line, const DnReadingProfile *profile)
{
    g_autoptr(DnPageText) page = page_made_of(LINES(line), "tesseract", 0.9);
    const DnPageText *pages[] = {page};
    g_autoptr(DnFieldText) text = dn_field_text_new(pages, 1, profile);

    return dn_field_text_line(text, 0)->numbers->len;
}

static void
test_numbers_as_printed(void)
{
    static const struct {
        const char *line;
        int64_t minor;
        bool money;
    } cases[] = {
        {"¥10,800", 10800, true},
        {"\\10,800", 10800, true},
        {"￥１０，８００", 10800, true},
        {"10,800円", 10800, true},
        {"¥2, 268", 2268, true},
        {"\\1.284.910", 1284910, true},
        {"2. 449", 2449, true},
        {"▲500円", -500, true},
        {"¥-500", -500, true},
        {"-¥500", -500, true},
        {"1O,8OO", 10800, true},
        {"¥l,200", 1200, true},
        {"#330", 330, true},
        {"330", 330, false},
        {"8%", 8, false},
        {"金壱万弐千円也", 12000, true},
        {"金参拾伍万円也", 350000, true},
        {"金六万弐千四百八捨円也", 62480, true},
        {"金四万九千 百七拾円也", 49170, true},
        {"一億二千万円", 120000000, true},
        {"金一二、〇〇〇円也", 12000, true},
        {"金三五〇円", 350, true},
        {"¥178,200-", 178200, true},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_test_message("%s", cases[i].line);
        DnNumber number = number_of(cases[i].line, &dn_reading_profile_default);

        g_assert_cmpint(number.minor, ==, cases[i].minor);
        g_assert_cmpint(dn_number_is_money(&number), ==, cases[i].money);
    }
}

/* A letter of the sum was not read: what is left of it behind the gap is no sum of its own. */
static void
test_the_rest_of_a_sum_is_doubtful(void)
{
    g_assert_true(number_of("百七拾円也", &dn_reading_profile_default).minor == 170);
    g_assert_false(number_of("百七拾円也", &dn_reading_profile_default).doubtful);
    g_assert_true(
        number_of("金四万九千          百七拾円也", &dn_reading_profile_default).doubtful);
}

static void
test_numbers_of_other_currencies(void)
{
    static const struct {
        const char *line;
        int64_t minor;
    } cases[] = {{"RM 60.30", 6030},
                 {"1,234.50", 123450},
                 {"20. 00", 2000},
                 {"17..22", 1722},
                 {"RM1,000.00", 100000}};

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
        g_assert_cmpint(number_of(cases[i].line, &ringgit).minor, ==, cases[i].minor);
    g_assert_cmpint(number_of("1.234,50", &euro).minor, ==, 123450);
    g_assert_cmpint(number_of("€ 717,97", &euro).minor, ==, 71797);
    g_assert_cmpint(number_of("-2,84", &euro).minor, ==, -284);
}

static void
test_codes_are_no_numbers(void)
{
    g_assert_cmpuint(count_numbers("TEL 03-5631-3065", &dn_reading_profile_default), ==, 0);
    g_assert_cmpuint(count_numbers("T7010401087546", &dn_reading_profile_default), ==, 0);
    g_assert_cmpuint(count_numbers("12:34:56", &dn_reading_profile_default), ==, 0);
    g_assert_cmpuint(count_numbers("000221", &dn_reading_profile_default), ==, 0);
    g_assert_cmpuint(count_numbers("CB00035583", &ringgit), ==, 0);
    g_assert_cmpuint(count_numbers("99999999999999999999", &dn_reading_profile_default), ==, 0);
    /* A line that ends among kanji digits ends there. */
    g_assert_cmpuint(count_numbers("一二", &dn_reading_profile_default), ==, 0);
}

static void
test_misread_yen_sign_is_remembered(void)
{
    g_assert_cmpint(number_of("4330", &dn_reading_profile_default).other, ==, 330);
    g_assert_cmpint(number_of("¥4,330", &dn_reading_profile_default).other, ==, 0);
}

static void
test_thermal_receipt(void)
{
    g_autoptr(DnReading) reading =
        reading_of(NULL, LINES("コーラ              ¥95", "サイダー            ¥95",
                               "ゼリー              ¥348", "肉                  ¥1,730",
                               "小計                ¥2,268", "(外税8%対象         ¥2,268)",
                               "外税8%              ¥181", "合計                ¥2,449",
                               "お預り              ¥10,000", "お釣り              ¥7,551",
                               "お買上点数          9点"));

    assert_amount(reading, 2449, "JPY");
    g_assert_cmpfloat(best_of(&reading->amount)->confidence, >=, 0.95);
}

static void
test_total_is_found_without_its_word(void)
{
    g_autoptr(DnReading) reading = reading_of(
        NULL, LINES("牛乳        ¥198", "パン        ¥152", "小言        ¥350", "外税8%      ¥28",
                    "発言十      ¥378", "お預り      ¥500", "お釣り      ¥122"));
    g_autoptr(DnReading) nothing =
        reading_of(NULL, LINES("牛乳        ¥198", "パン        ¥152", "区ヰ        ¥350",
                               "現金        ¥400", "お釣り      ¥50"));

    assert_amount(reading, 378, "JPY");
    assert_amount(nothing, 350, "JPY");
}

static void
test_what_is_handed_over_is_not_the_total(void)
{
    g_autoptr(DnReading) reading =
        reading_of(NULL, LINES("お預り      ¥5,000", "お釣り      ¥1,200", "ポイント残高  ¥9,999"));
    const DnCandidate *best = best_of(&reading->amount);

    /* Nothing prints 3,800; it follows, and it says that it stands nowhere. */
    g_assert_nonnull(best);
    g_assert_cmpint(best->number, ==, 3800);
    g_assert_cmpuint(best->page, ==, 0);
    g_assert_cmpfloat(best->confidence, <, 0.95);
}

static void
test_wide_label_and_value_on_the_next_line(void)
{
    g_autoptr(DnReading) wide = reading_of(NULL, LINES("合     計          ¥1,200"));
    g_autoptr(DnReading) below = reading_of(NULL, LINES("ご請求金額", "¥178,200-"));

    assert_amount(wide, 1200, "JPY");
    assert_amount(below, 178200, "JPY");
}

static void
test_invoice_table(void)
{
    g_autoptr(DnReading) reading = reading_of(
        NULL, LINES("ご請求金額    ¥178,200-", "品名        数量     単価     税率     金額(税抜)",
                    "月極駐車場     3     38,000   10%      114,000",
                    "月極駐車場B    1     33,000   10%       33,000",
                    "管理費         1     15,000   10%       15,000",
                    "税率           対価の額(税抜)      消費税額",
                    "10%対象        162,000             16,200",
                    "合計           162,000             16,200", "請求金額       ¥178,200-"));

    assert_amount(reading, 178200, "JPY");
    g_assert_cmpfloat(best_of(&reading->amount)->confidence, >=, 0.95);
}

static void
test_head_of_a_total_is_restored(void)
{
    g_autoptr(DnReading) reading = reading_of(
        NULL, LINES("小計      121,745", "消費税(10%)  416", "消費税(8%)  9,406", "合計      567"));

    assert_amount(reading, 131567, "JPY");
    g_assert_cmpfloat(best_of(&reading->amount)->confidence, <, 0.95);
}

static void
test_disagreement_lowers(void)
{
    g_autoptr(DnReading) agree =
        reading_of(NULL, LINES("小計   ¥1,000", "消費税   ¥100", "合計   ¥1,100"));
    g_autoptr(DnReading) disagree =
        reading_of(NULL, LINES("小計   ¥1,000", "消費税   ¥100", "合計   ¥7,100", "お預り  ¥2,000",
                               "お釣り   ¥900"));

    assert_amount(agree, 1100, "JPY");
    g_assert_cmpfloat(best_of(&agree->amount)->confidence, >=, 0.95);
    g_assert_true(best_of(&disagree->amount)->number != 7100 ||
                  best_of(&disagree->amount)->confidence < 0.9);
}

static void
test_malaysian_receipt_rounds(void)
{
    g_autoptr(DnReading) reading = reading_of(
        &ringgit, LINES("1 UROKO SALAD          28.00 SR", "Sub Total :            74.68",
                        "GST :                  12.40", "Grand Total :          87.08",
                        "Rounding Adjustment :  0.02", "Net Total :            87.10"));

    assert_amount(reading, 8710, "MYR");
}

static void
test_latin_labels_with_wrong_letters(void)
{
    g_autoptr(DnReading) reading =
        reading_of(&ringgit, LINES("Total Sales (Excluding GST) :   96.00", "Total Qty: 2",
                                   "Taotai GST :      5.76", "Rounding : -0.01",
                                   "Tatal Sales (Inclusive of GST) :   101.75", "CASH :   101.75",
                                   "Change :   0.00"));

    assert_amount(reading, 10175, "MYR");
}

static void
test_european_receipt(void)
{
    g_autoptr(DnReading) reading = reading_of(
        &euro, LINES("Emmentaler     5,18 A", "Bulgur         1,98 A", "zu zahlen      7,16",
                     "Bar           10,00", "Rückgeld      -2,84"));

    assert_amount(reading, 716, "EUR");
    g_assert_cmpfloat(best_of(&reading->amount)->confidence, >=, 0.95);
}

static void
test_currency_marks(void)
{
    g_autoptr(DnReading) dollars =
        reading_of(NULL, LINES("INVOICE", "Subtotal   $ 600.00", "Tax   $ 36.60",
                               "Amount due   US$ 636.60", "Total   US$ 636.60"));
    g_autoptr(DnReading) misread =
        reading_of(NULL, LINES("INVOICE", "Amount due   USS 1,081.40", "Subtotal   1,081.40",
                               "Total   USS 1,081.40"));

    assert_amount(dollars, 63660, "USD");
    assert_amount(misread, 108140, "USD");
}

static void
test_refund_is_negative(void)
{
    g_autoptr(DnReading) reading =
        reading_of(NULL, LINES("返品", "合計      -¥1,100", "お釣り   ¥0"));

    assert_amount(reading, -1100, "JPY");
}

static void
test_nothing_from_a_page_without_money(void)
{
    g_autoptr(DnReading) reading =
        reading_of(NULL, LINES("納品書", "株式会社栗里食品", "TEL 053-059-2117", "米     3 個",
                               "塩     12 袋"));

    g_assert_null(best_of(&reading->amount));
}

/* The line of the total was not read: it is no less than the bases of both rates. */
static void
test_total_by_the_bases_of_both_rates(void)
{
    g_autoptr(DnReading) reading = reading_of(
        NULL, LINES("2026-03-10(火) 09:03", "週刊誌 ¥550", "レジ袋中 ¥3", "おにぎり鮭 \194軽",
                    "ボールペン黒 ¥157", "お茶 600ml", "@179X 2個 \358軽", "A", "(8% 対象 ¥552)",
                    "(内消費税等8% ¥40)", "(10%対象 ¥710)", "(内消費税等10% ¥64)",
                    "(内消費税等 ¥104)", "クレジット ¥1,262"));

    assert_amount(reading, 1262, "JPY");
}

/* Neither the total nor what was paid was read right; the table of taxes was. */
static void
test_total_by_the_table_of_taxes(void)
{
    g_autoptr(DnReading) named =
        reading_of(&ringgit, LINES("Tax Invoice", "Date : 03/06/2017 5:02:54 PM",
                                   "HM BAG    1    18.00      18.09",
                                   "Total Item Discount:     0.05", "Cash Received :     12.00",
                                   "GST Summary", "Tax Code      %      Taxable Amount      GST",
                                   "SR    16.98      1.92", "GST :     1.02"));
    g_autoptr(DnReading) beside = reading_of(&euro, LINES("Kassenbon", "zu zahlen      7,26",
                                                          "MWST%    MWST    Netto    Brutto",
                                                          "A 7 %      0,47      6,69      7,16"));

    assert_amount(named, 1800, "MYR");
    assert_amount(beside, 716, "EUR");
    g_assert_cmpfloat(best_of(&named->amount)->confidence, <, 0.95);
}

static void
test_a_digit_that_the_tax_corrects(void)
{
    g_autoptr(DnReading) reading =
        reading_of(&ringgit, LINES("SYL ROASTED DELIGHTS SDN. BHD.", "Total Qty: 7      51.42",
                                   "Total Sales (Excluding GST)      5142", "Total GST      3.08",
                                   "Total Sales (Inclusive of GST)      64.50"));

    assert_amount(reading, 5450, "MYR");
    g_assert_cmpfloat(best_of(&reading->amount)->confidence, <, 0.95);
    g_assert_cmpint(((const DnCandidate *)g_ptr_array_index(reading->amount.candidates, 1))->number,
                    ==, 6450);
}

/* A sign that nothing else on the page bears out is another one, misread. */
static void
test_a_lone_foreign_sign_from_pixels(void)
{
    g_autoptr(DnReading) pound =
        reading_of(&ringgit, LINES("Tax Invoice", "Item    1    RM 4.70    RM 4.70",
                                   "Total Sales :      RM 4.70", "SR 6.00    £6.33    0.33"));
    g_autoptr(DnReading) dollar = reading_of(
        NULL, LINES("請求書", "登録番号 T8700110005901", "小計      $10,000",
                    "消費税(10%)      $1,000", "合計      $11,000", "お支払期限 2026年9月30日"));

    assert_amount(pound, 470, "MYR");
    assert_amount(dollar, 11000, "JPY");
}

static void
test_currencies_and_their_decimals(void)
{
    static const struct {
        const char *line;
        const char *currency; /* of the archive */
        const char *wanted;
        int64_t minor;
    } cases[] = {
        {"Total    NT$1,250.00", "USD", "TWD", 125000},
        {"Total    HK$ 88.50", "USD", "HKD", 8850},
        {"Total    S$ 12.80", "MYR", "SGD", 1280},
        {"Total    ₩ 15,000", "JPY", "KRW", 15000},
        {"Total    149,00 kr", "SEK", "SEK", 14900},
        {"Total    149,00 kr", "DKK", "DKK", 14900},
        {"Total    $ 12.80", "CAD", "CAD", 1280},
        {"Total    KD 12.345", "KWD", "KWD", 12345},
        {"Total    CHF 12.80", "EUR", "CHF", 1280},
        {"Total    ₫ 250,000", "USD", "VND", 250000},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        DnReadingProfile profile = {.date_order = "dmy"};
        g_autoptr(DnPageText) page = page_made_of(LINES(cases[i].line), "text-layer", 1);
        const DnPageText *pages[] = {page};

        g_strlcpy(profile.currency, cases[i].currency, sizeof profile.currency);
        g_autoptr(DnReading) reading = dn_reading_new(pages, 1, &profile);

        g_test_message("%s", cases[i].line);
        assert_amount(reading, cases[i].minor, cases[i].wanted);
    }
}

/* 272 where 6,272 was paid: the head of the total was not read. */
static void
test_the_end_of_a_total_is_not_the_total(void)
{
    g_autoptr(DnReading) reading =
        reading_of(NULL, LINES("領収証", "2025年9月2日 10:11", "領収金額      272",
                               "(10%対象      ¥6, 272)", "クレジット      ¥6, 272"));

    assert_amount(reading, 6272, "JPY");
}

static void
test_hardly_anything_is_no_amount(void)
{
    g_autoptr(DnReading) reading =
        reading_of(NULL, LINES("納品書", "ベアリング 6204ZZ 105 | 個", "数量 8", "シャフト 12"));

    g_assert_cmpuint(reading->amount.candidates->len, ==, 0);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ocr/amount/numbers", test_numbers_as_printed);
    g_test_add_func("/ocr/amount/rest-of-a-sum", test_the_rest_of_a_sum_is_doubtful);
    g_test_add_func("/ocr/amount/other-currencies", test_numbers_of_other_currencies);
    g_test_add_func("/ocr/amount/codes", test_codes_are_no_numbers);
    g_test_add_func("/ocr/amount/misread-yen", test_misread_yen_sign_is_remembered);
    g_test_add_func("/ocr/amount/thermal", test_thermal_receipt);
    g_test_add_func("/ocr/amount/without-its-word", test_total_is_found_without_its_word);
    g_test_add_func("/ocr/amount/handed-over", test_what_is_handed_over_is_not_the_total);
    g_test_add_func("/ocr/amount/label-places", test_wide_label_and_value_on_the_next_line);
    g_test_add_func("/ocr/amount/invoice-table", test_invoice_table);
    g_test_add_func("/ocr/amount/head-restored", test_head_of_a_total_is_restored);
    g_test_add_func("/ocr/amount/disagreement", test_disagreement_lowers);
    g_test_add_func("/ocr/amount/rounding", test_malaysian_receipt_rounds);
    g_test_add_func("/ocr/amount/wrong-letters", test_latin_labels_with_wrong_letters);
    g_test_add_func("/ocr/amount/european", test_european_receipt);
    g_test_add_func("/ocr/amount/currency-marks", test_currency_marks);
    g_test_add_func("/ocr/amount/refund", test_refund_is_negative);
    g_test_add_func("/ocr/amount/no-money", test_nothing_from_a_page_without_money);
    g_test_add_func("/ocr/amount/bases", test_total_by_the_bases_of_both_rates);
    g_test_add_func("/ocr/amount/table-of-taxes", test_total_by_the_table_of_taxes);
    g_test_add_func("/ocr/amount/digit-corrected", test_a_digit_that_the_tax_corrects);
    g_test_add_func("/ocr/amount/lone-foreign-sign", test_a_lone_foreign_sign_from_pixels);
    g_test_add_func("/ocr/amount/currencies", test_currencies_and_their_decimals);
    g_test_add_func("/ocr/amount/end-of-a-total", test_the_end_of_a_total_is_not_the_total);
    g_test_add_func("/ocr/amount/none", test_hardly_anything_is_no_amount);
    return g_test_run();
}
