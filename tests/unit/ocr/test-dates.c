/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tests/unit/ocr/test-dates.c - which day is read of which line.
 */
#include "config.h"
#include "ocr/fields/fields.h"
#include "tests/unit/ocr/page.h"

#include <string.h>

typedef struct {
    const char *printed;
    const char *iso; /* NULL: no day */
} Case;

static char *
first_day(const char *printed, const DnReadingProfile *profile)
{
    g_autofree char *plain = dn_text_nfkc(printed);
    g_autoptr(GArray) hits = dn_dates_find(plain, profile, profile->currency);
    char iso[DN_DATE_TEXT + 1];

    if (hits->len == 0)
        return NULL;
    dn_date_format(&g_array_index(hits, DnDateHit, 0).date, iso);
    return g_strdup(iso);
}

static void
check(const Case *cases, size_t count, const DnReadingProfile *profile)
{
    for (size_t i = 0; i < count; i++) {
        g_autofree char *day = first_day(cases[i].printed, profile);

        if (g_strcmp0(day, cases[i].iso) != 0)
            g_test_message("%s: %s, wanted %s", cases[i].printed, day ? day : "nothing",
                           cases[i].iso ? cases[i].iso : "nothing");
        g_assert_cmpstr(day, ==, cases[i].iso);
    }
}

static void
test_japanese_forms(void)
{
    static const Case cases[] = {
        {"2026年4月1日", "2026-04-01"},
        {"2026 年 06 月 07 日 (日 16:52", "2026-06-07"},
        {"2026年 6月 3日(水)18:09", "2026-06-03"},
        {"令和8年4月1日", "2026-04-01"},
        {"令和元年5月1日", "2019-05-01"},
        {"R8.4.1", "2026-04-01"},
        {"R08.04.01", "2026-04-01"},
        {"Ｒ８．４．１", "2026-04-01"},
        {"令8.4.1", "2026-04-01"},
        {"平成31年4月30日", "2019-04-30"},
        {"H31.4.30", "2019-04-30"},
        {"S63/12/31", "1988-12-31"},
        {"㋿8年4月1日", "2026-04-01"},
        {"2026/04/01(水) 12:34", "2026-04-01"},
        {"2026-04-01", "2026-04-01"},
        {"2026.04.01", "2026-04-01"},
        {"2026/ 4/ 1", "2026-04-01"},
        {"'26.4.1", "2026-04-01"},
        {"26/04/01", "2026-04-01"},
        {"24年04月01日", "2024-04-01"},
        {"二〇二六年四月一日", "2026-04-01"},
        {"令和八年四月一日", "2026-04-01"},
        {"令和十年十二月三十一日", "2028-12-31"},
        {"20260401", "2026-04-01"},
    };

    check(cases, G_N_ELEMENTS(cases), &dn_reading_profile_default);
}

static void
test_forms_as_misread(void)
{
    static const Case cases[] = {
        {"2O26年4月1日", "2026-04-01"},
        {"2026年l2月1日", "2026-12-01"},
        {"2026年4月l0日", "2026-04-10"},
        {"2026午4月1日", "2026-04-01"},
        {"2026年4月1目", "2026-04-01"},
        {"2026/O4/01", "2026-04-01"},
        {"8年4月1日", "2026-04-01"},
        {"二O二 五 年三月+四 日", "2025-03-14"},
        {"ニ〇二五年十二 月二 十五 日", "2025-12-25"},
        {"令和七年九 月 六 日", "2025-09-06"},
    };

    check(cases, G_N_ELEMENTS(cases), &dn_reading_profile_default);
}

static void
test_no_days(void)
{
    static const Case cases[] = {
        {"2026年13月1日", NULL}, {"2026年4月31日", NULL},   {"令和7年2月29日", NULL},
        {"令和0年1月1日", NULL}, {"令和元年4月30日", NULL}, {"TEL 03-5631-3065", NULL},
        {"12:34:56", NULL},      {"T7010401087546", NULL},  {"4970111270158", NULL},
        {"¥2,449", NULL},        {"1-2-3", NULL},           {"No. 12/345", NULL},
    };

    check(cases, G_N_ELEMENTS(cases), &dn_reading_profile_default);
}

static void
test_forms_of_other_countries(void)
{
    static const DnReadingProfile dmy = {.date_order = "dmy", .currency = "MYR"};
    static const DnReadingProfile mdy = {.date_order = "mdy", .currency = "USD"};
    static const Case cases[] = {
        {"01-Apr-2018", "2018-04-01"},      {"18 APR 2018", "2018-04-18"},
        {"Apr 1, 2018", "2018-04-01"},      {"August 3 , 2014", "2014-08-03"},
        {"18.04.2020", "2020-04-18"},       {"18/03/18", "2018-03-18"},
        {"19/10/2018", "2018-10-19"},       {"23-01-2019 13:14:15 PM", "2019-01-23"},
        {"7. Mai 2014", "2014-05-07"},      {"19 april 2014", "2014-04-19"},
        {"3. Dezember 2019", "2019-12-03"}, {"8-9-2022", "2022-09-08"},
        {"16 février 2017", "2017-02-16"},  {"1st May 2020", "2020-05-01"},
        {"02.03.20 15:59", "2020-03-02"},   {"9/3/2018 20:54", "2018-03-09"},
    };
    static const Case american[] = {{"03/20/2023", "2023-03-20"},
                                    {"04/05/2023", "2023-04-05"},
                                    {"20/03/2023", "2023-03-20"},
                                    {"12/31/19", "2019-12-31"}};

    check(cases, G_N_ELEMENTS(cases), &dmy);
    check(american, G_N_ELEMENTS(american), &mdy);
}

static void
test_era_table(void)
{
    const char *root = g_getenv("DENCHO_SRCDIR");
    g_autofree char *path =
        g_build_filename(root ? root : ".", "../shared/data/ja-companies/era-dates.tsv", NULL);
    g_autofree char *table = NULL;

    if (!g_file_get_contents(path, &table, NULL, NULL)) {
        g_test_skip("the table of era dates is not here");
        return;
    }
    g_auto(GStrv) lines = g_strsplit(table, "\n", -1);

    for (int i = 1; lines[i]; i++) {
        g_auto(GStrv) cells = g_strsplit(lines[i], "\t", -1);

        if (g_strv_length(cells) < 2)
            continue;
        Case one = {cells[0], *cells[1] ? cells[1] : NULL};

        check(&one, 1, &dn_reading_profile_default);
    }
}

static void
assert_date(const DnReading *reading, const char *iso)
{
    const DnCandidate *best = best_of(&reading->date);

    g_assert_nonnull(best);
    g_assert_cmpstr(best->text, ==, iso);
}

static void
test_day_of_the_transaction_not_of_payment(void)
{
    g_autoptr(DnReading) reading =
        reading_of(NULL, LINES("請求書", "お支払期限: 2026年9月30日", "発行日: 2026年9月1日",
                               "有効期限 2026年12月31日", "次回 2026年10月1日"));

    assert_date(reading, "2026-09-01");
    g_assert_cmpfloat(best_of(&reading->date)->confidence, >, 0.8);
}

static void
test_transaction_before_issue(void)
{
    g_autoptr(DnReading) reading =
        reading_of(NULL, LINES("取引年月日: 2026年8月31日", "発行日: 2026年9月1日"));

    assert_date(reading, "2026-08-31");
    g_assert_true(offers_text(&reading->date, "2026-09-01"));
}

static void
test_head_of_column_labels_the_day_below(void)
{
    static const DnReadingProfile mdy = {.date_order = "mdy", .currency = "USD"};
    g_autoptr(DnReading) reading =
        reading_of(&mdy, LINES("Invoice Date:          Due Date:          Reference:",
                               "03/20/2023             04/04/2023         CUSTREF123"));

    assert_date(reading, "2023-03-20");
}

static void
test_birth_and_expiry_alone_are_nothing(void)
{
    g_autoptr(DnReading) reading =
        reading_of(NULL, LINES("生年月日 1990年1月1日", "有効期限 2027年1月31日まで"));
    const DnCandidate *best = best_of(&reading->date);

    g_assert_true(!best || best->confidence < 0.4);
}

static void
test_weekday_decides(void)
{
    g_autoptr(DnReading) right = reading_of(NULL, LINES("2026年06月07日(日) 16:52"));
    g_autoptr(DnReading) wrong = reading_of(NULL, LINES("2026年06月01日(日) 16:52"));

    assert_date(right, "2026-06-07");
    g_assert_cmpfloat(best_of(&right->date)->confidence, >=, 0.95);
    g_assert_cmpfloat(best_of(&wrong->date)->confidence, <, 0.9);
}

static void
test_stroked_zero_is_found_by_the_weekday(void)
{
    g_autoptr(DnReading) repaired = reading_of(NULL, LINES("2925/19/20(月) 14:99 責 :091"));
    g_autoptr(DnReading) unproved = reading_of(NULL, LINES("2925/19/20 14:99 責 :091"));

    assert_date(repaired, "2025-10-20");
    g_assert_cmpfloat(best_of(&repaired->date)->confidence, <, 0.95);
    g_assert_null(best_of(&unproved->date));
}

static void
test_stroked_zero_with_label_and_time_is_doubtful(void)
{
    g_autoptr(DnReading) offered = reading_of(NULL, LINES("日時 2925-02-13 19:34"));
    g_autoptr(DnReading) month = reading_of(NULL, LINES("日時: 2026年92月27日 12:53"));
    g_autoptr(DnReading) untimed = reading_of(NULL, LINES("日時 2925-02-13"));
    g_autoptr(DnReading) printed = reading_of(NULL, LINES("賞味期限 2925-02-13 19:34"));

    assert_date(offered, "2025-02-13");
    g_assert_cmpfloat(best_of(&offered->date)->confidence, <, 0.9);
    assert_date(month, "2026-02-27");
    g_assert_cmpfloat(best_of(&month->date)->confidence, <, 0.9);
    g_assert_null(best_of(&untimed->date));
    g_assert_null(best_of(&printed->date));
}

static void
test_window_of_the_received_day(void)
{
    DnReadingProfile profile = dn_reading_profile_default;

    profile.received = (DnDate){2026, 6, 10};
    g_autoptr(DnReading) reading =
        reading_of(&profile, LINES("2036年6月7日 10:00", "2026年6月7日", "2001年1月1日"));

    assert_date(reading, "2026-06-07");
}

static void
test_faint_digits_are_not_certain(void)
{
    g_autoptr(DnPageText) page = page_made_of(LINES("Date: 18/02/2018"), "tesseract", 0.3);
    const DnPageText *pages[] = {page};
    static const DnReadingProfile dmy = {.date_order = "dmy", .currency = "MYR"};
    g_autoptr(DnReading) reading = dn_reading_new(pages, 1, &dmy);

    assert_date(reading, "2018-02-18");
    g_assert_cmpfloat(best_of(&reading->date)->confidence, <, 0.95);
}

/* A date whose strokes were not read is offered, with doubt; a number of eight digits elsewhere is
 * none. */
static void
test_a_day_without_its_strokes(void)
{
    static const DnReadingProfile dmy = {.date_order = "dmy", .currency = "MYR"};
    g_autoptr(DnReading) reading =
        reading_of(&dmy, LINES("Tax Invoice", "27032018      No : CS-20243", "Total    12.00"));
    g_autoptr(DnReading) number =
        reading_of(&dmy, LINES("Tax Invoice", "No 27132018", "Member A27032018", "Total    12.00"));

    g_assert_nonnull(best_of(&reading->date));
    g_assert_cmpstr(best_of(&reading->date)->text, ==, "2018-03-27");
    g_assert_cmpfloat(best_of(&reading->date)->confidence, <, 0.9);
    g_assert_false(offers_text(&number->date, "2018-03-27"));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ocr/date/japanese-forms", test_japanese_forms);
    g_test_add_func("/ocr/date/as-misread", test_forms_as_misread);
    g_test_add_func("/ocr/date/no-days", test_no_days);
    g_test_add_func("/ocr/date/other-countries", test_forms_of_other_countries);
    g_test_add_func("/ocr/date/era-table", test_era_table);
    g_test_add_func("/ocr/date/not-of-payment", test_day_of_the_transaction_not_of_payment);
    g_test_add_func("/ocr/date/transaction-before-issue", test_transaction_before_issue);
    g_test_add_func("/ocr/date/head-of-column", test_head_of_column_labels_the_day_below);
    g_test_add_func("/ocr/date/birth-and-expiry", test_birth_and_expiry_alone_are_nothing);
    g_test_add_func("/ocr/date/weekday", test_weekday_decides);
    g_test_add_func("/ocr/date/stroked-zero", test_stroked_zero_is_found_by_the_weekday);
    g_test_add_func("/ocr/date/stroked-zero-doubtful",
                    test_stroked_zero_with_label_and_time_is_doubtful);
    g_test_add_func("/ocr/date/window", test_window_of_the_received_day);
    g_test_add_func("/ocr/date/faint", test_faint_digits_are_not_certain);
    g_test_add_func("/ocr/date/without-strokes", test_a_day_without_its_strokes);
    return g_test_run();
}
