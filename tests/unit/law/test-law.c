/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tests/unit/law/test-law.c - the tables against what the law, its commentary and the gazette say.
 *
 * A test that proves a row of docs/requirements.md has its number in its name.
 */
#include "config.h"
#include "base/capture.h"
#include "base/kinds.h"
#include "engine/law/deadline.h"
#include "engine/law/retention.h"
#include "engine/law/tables.h"

#include <string.h>

static DnDate
day(const char *text)
{
    DnDate date;

    g_assert_true(dn_date_parse(text, &date, NULL));
    return date;
}

static void
assert_day(DnDate date, const char *text)
{
    char found[DN_DATE_TEXT + 1];

    dn_date_format(&date, found);
    g_assert_cmpstr(found, ==, text);
}

/* ---- holidays ---- */

/* All holidays of a year as "01-01 01-12 ...". */
static char *
holidays_of(int year)
{
    g_autoptr(GString) all = g_string_new(NULL);
    DnDate date = {(int16_t)year, 1, 1};

    for (; date.year == year; date = dn_date_from_days(dn_date_to_days(&date) + 1))
        if (dn_holiday_name(&date))
            g_string_append_printf(all, "%s%02d-%02d", all->len ? " " : "", date.month, date.day);
    return g_string_free(g_steal_pointer(&all), FALSE);
}

static void
test_holidays_of_years(void)
{
    static const struct {
        int year;
        const char *holidays;
    } table[] = {
        /* the law's first year: only what lies after 20 July */
        {1948, "09-23 11-03 11-23"},
        {1959, "01-01 01-15 03-21 04-10 04-29 05-03 05-05 09-24 11-03 11-23"},
        /* the first substitute */
        {1973, "01-01 01-15 02-11 03-21 04-29 04-30 05-03 05-05 09-15 09-23 09-24 10-10 11-03 "
               "11-23"},
        /* the first citizens' holiday lies in 1988 */
        {1988, "01-01 01-15 02-11 03-20 03-21 04-29 05-03 05-04 05-05 09-15 09-23 10-10 11-03 "
               "11-23"},
        {1989, "01-01 01-02 01-15 01-16 02-11 02-24 03-21 04-29 05-03 05-04 05-05 09-15 09-23 "
               "10-10 11-03 11-23 12-23"},
        /* abdication and accession */
        {2019, "01-01 01-14 02-11 03-21 04-29 04-30 05-01 05-02 05-03 05-04 05-05 05-06 07-15 "
               "08-11 08-12 09-16 09-23 10-14 10-22 11-03 11-04 11-23"},
        /* the games that were to be, and were */
        {2020, "01-01 01-13 02-11 02-23 02-24 03-20 04-29 05-03 05-04 05-05 05-06 07-23 07-24 "
               "08-10 09-21 09-22 11-03 11-23"},
        {2021, "01-01 01-11 02-11 02-23 03-20 04-29 05-03 05-04 05-05 07-22 07-23 08-08 08-09 "
               "09-20 09-23 11-03 11-23"},
        {2026, "01-01 01-12 02-11 02-23 03-20 04-29 05-03 05-04 05-05 05-06 07-20 08-11 09-21 "
               "09-22 09-23 10-12 11-03 11-23"},
        {1947, ""},
        {2100, ""},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        g_autofree char *found = holidays_of(table[i].year);

        g_assert_cmpstr(found, ==, table[i].holidays);
    }
}

static void
test_holidays_have_names(void)
{
    static const char *const table[][2] = {
        {"2026-05-06", "振替休日"},   {"2026-09-22", "国民の休日"},   {"2006-04-29", "みどりの日"},
        {"2007-04-29", "昭和の日"},   {"2007-05-04", "みどりの日"},   {"2006-05-04", "国民の休日"},
        {"2019-10-14", "体育の日"},   {"2022-10-10", "スポーツの日"}, {"2018-12-23", "天皇誕生日"},
        {"2020-02-23", "天皇誕生日"}, {"2026-05-07", NULL},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        DnDate date = day(table[i][0]);

        g_assert_cmpstr(dn_holiday_name(&date), ==, table[i][1]);
    }
}

static void
test_equinoxes(void)
{
    static const char *const equinoxes[] = {"1949-03-21", "1956-03-21", "1960-03-20", "1979-03-21",
                                            "1979-09-24", "1980-03-20", "2000-09-23", "2012-09-22",
                                            "2016-09-22", "2023-03-21", "2024-03-20", "2026-09-23",
                                            "2030-03-20", "2044-09-22", "2092-03-19", "2099-03-20"};

    for (size_t i = 0; i < G_N_ELEMENTS(equinoxes); i++) {
        DnDate date = day(equinoxes[i]);
        const char *name = dn_holiday_name(&date);

        g_assert_cmpstr(name, ==, date.month == 3 ? "春分の日" : "秋分の日");
    }
}

static void
test_business_days(void)
{
    static const DnDayOff off[] = {{0, 12, 29}, {0, 12, 30}, {0, 12, 31}, {2026, 8, 14}};
    DnCalendar calendar = {off, G_N_ELEMENTS(off)};
    DnDate year_end = day("2026-12-28");
    DnDate obon = day("2026-08-14");
    DnDate obon_after = day("2027-08-13");

    g_assert_cmpint(dn_weekday(&year_end), ==, 1);
    g_assert_true(dn_is_business_day(&calendar, &year_end));
    assert_day(dn_business_day_after(NULL, &year_end, 1), "2026-12-29");
    assert_day(dn_business_day_after(&calendar, &year_end, 1), "2027-01-04");
    assert_day(dn_business_day_after(&calendar, &year_end, 0), "2026-12-28");
    g_assert_false(dn_is_business_day(&calendar, &obon));
    g_assert_true(dn_is_business_day(NULL, &obon));
    g_assert_true(dn_is_business_day(&calendar, &obon_after));
}

static void
test_a_calendar_of_days_off_only_ends(void)
{
    g_autoptr(GArray) off = g_array_new(FALSE, FALSE, sizeof(DnDayOff));
    DnDate from = day("2026-01-01");

    for (uint8_t month = 1; month <= 12; month++)
        for (uint8_t d = 1; d <= 31; d++) {
            DnDayOff one = {0, month, d};

            g_array_append_val(off, one);
        }
    DnCalendar calendar = {(const DnDayOff *)off->data, off->len};
    DnDate end = dn_business_day_after(&calendar, &from, 7);

    g_assert_cmpint(end.year, <=, 2027);
}

/* ---- deadlines ---- */

static void
test_R02_entry_promptly(void)
{
    DnDate received = day("2026-04-21");
    DnDate deadline = dn_entry_deadline(DN_ENTRY_EARLY, 2, NULL, &received);
    DnDate late = day("2026-05-02");
    DnDate today = day("2026-06-01");

    assert_day(deadline, "2026-05-01");
    g_assert_cmpint(dn_entry_verdict(&deadline, &deadline, &today), ==, DN_TIMELY_ON_TIME);
    g_assert_cmpint(dn_entry_verdict(&deadline, &late, &today), ==, DN_TIMELY_LATE);
}

static void
test_R03_entry_by_cycle(void)
{
    DnDate received = day("2026-04-21");

    assert_day(dn_entry_cycle_end(&received, 2), "2026-06-20");
    assert_day(dn_entry_deadline(DN_ENTRY_CYCLE, 2, NULL, &received), "2026-06-30");
    assert_day(dn_entry_cycle_end(&received, 1), "2026-05-20");
    assert_day(dn_entry_cycle_end(&received, 12), "2026-06-20"); /* two months at most */
}

static void
test_R03_the_end_of_a_month(void)
{
    static const char *const table[][2] = {
        {"2026-12-31", "2027-02-28"}, {"2026-12-30", "2027-02-28"}, {"2026-12-29", "2027-02-28"},
        {"2026-12-28", "2027-02-27"}, {"2027-12-31", "2028-02-29"}, {"2027-12-29", "2028-02-28"},
        {"2026-01-01", "2026-02-28"}, {"2026-07-31", "2026-09-30"}, {"2026-06-30", "2026-08-29"}};

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        DnDate received = day(table[i][0]);

        assert_day(dn_entry_cycle_end(&received, 2), table[i][1]);
    }
}

static void
test_R04_without_a_stamp_nothing_is_on_time(void)
{
    DnDate deadline = day("2026-05-01");
    DnDate last = day("2026-05-01");
    DnDate after = day("2026-05-02");

    g_assert_cmpint(dn_entry_verdict(&deadline, NULL, &last), ==, DN_TIMELY_WAITING);
    g_assert_cmpint(dn_entry_verdict(&deadline, NULL, &after), ==, DN_TIMELY_LATE);
    g_assert_cmpint(dn_entry_verdict(NULL, NULL, &after), ==, DN_TIMELY_NONE);
    g_assert_cmpstr(dn_timely_name(DN_TIMELY_NONE), ==, "n/a");
}

/* ---- captures ---- */

static void
test_R09_resolution_by_pixels_of_a_known_paper(void)
{
    g_assert_cmpint(dn_capture_pixels(2338, 1654, "A4"), ==, DN_CAPTURE_PASS);
    g_assert_cmpint(dn_capture_pixels(1654, 2338, "A4"), ==, DN_CAPTURE_PASS);
    g_assert_cmpint(dn_capture_pixels(2337, 1654, "A4"), ==, DN_CAPTURE_FAIL);
    g_assert_cmpint(dn_capture_pixels(2338, 1653, "A4"), ==, DN_CAPTURE_FAIL);
    g_assert_cmpint(dn_capture_pixels(3000, 1600, "A4"), ==, DN_CAPTURE_FAIL);
    g_assert_cmpint(dn_capture_pixels(1653, 1165, "A5"), ==, DN_CAPTURE_PASS);
    g_assert_cmpint(dn_capture_pixels(1653, 1165, "A4"), ==, DN_CAPTURE_FAIL);
}

static void
test_R09_resolution_that_is_declared(void)
{
    g_assert_cmpint(dn_capture_resolution(200, 200), ==, DN_CAPTURE_PASS);
    g_assert_cmpint(dn_capture_resolution(300, 199), ==, DN_CAPTURE_FAIL); /* both axes */
    g_assert_cmpint(dn_capture_resolution(199.898, 199.898), ==,
                    DN_CAPTURE_PASS); /* 7,870 a metre */
}

static void
test_R10_a_camera_knows_no_paper(void)
{
    g_assert_cmpint(dn_capture_resolution(72, 72), ==, DN_CAPTURE_CONCERNS_NOT);
    g_assert_cmpint(dn_capture_pixels(2000, 1500, NULL), ==, DN_CAPTURE_UNKNOWN);
    g_assert_cmpint(dn_capture_pixels(2000, 1500, "napkin"), ==, DN_CAPTURE_UNKNOWN);
    g_assert_cmpint(dn_capture_pixels(4032, 3024, NULL), ==, DN_CAPTURE_PASS);
    g_assert_cmpstr(dn_capture_verdict_name(DN_CAPTURE_UNKNOWN), ==, "unknown");
}

static void
test_R11_colour(void)
{
    g_assert_cmpint(dn_capture_colour(8, true, false, true), ==, DN_CAPTURE_PASS);
    g_assert_cmpint(dn_capture_colour(8, false, false, true), ==, DN_CAPTURE_FAIL);
    g_assert_cmpint(dn_capture_colour(1, false, true, true), ==, DN_CAPTURE_FAIL);
    g_assert_cmpint(dn_capture_colour(8, false, false, false), ==, DN_CAPTURE_PASS);
    g_assert_cmpint(dn_capture_colour(1, false, true, false), ==, DN_CAPTURE_FAIL);
    g_assert_cmpint(dn_capture_colour(4, true, false, true), ==, DN_CAPTURE_FAIL);
}

static void
test_R14_R15_a_lossy_form_needs_a_chart(void)
{
    g_assert_cmpint(dn_capture_compression(false, false), ==, DN_CAPTURE_PASS);
    g_assert_cmpint(dn_capture_compression(true, false), ==, DN_CAPTURE_UNKNOWN);
    g_assert_cmpint(dn_capture_compression(true, true), ==, DN_CAPTURE_PASS);
}

/* ---- kinds ---- */

static void
test_R01_what_is_unknown_is_important(void)
{
    g_assert_true(dn_kind(NULL)->important);
    g_assert_true(dn_kind("napkin")->important);
    g_assert_null(dn_kind_find("napkin"));
    g_assert_true(dn_kind("contract")->important);
    g_assert_true(dn_kind("delivery_note")->important);
    g_assert_false(dn_kind("quotation")->important);
    g_assert_false(dn_kind("order")->important);
}

static void
test_R39_keys_by_kind(void)
{
    g_assert_false(dn_kind("delivery_note")->has_amount);
    g_assert_true(dn_kind("receipt")->has_amount);
    g_assert_true(dn_kind("invoice")->has_amount);
    g_assert_true(dn_kind("order")->has_amount);
    g_assert_true(dn_kind("quotation")->has_amount);
    g_auto(GStrv) names = g_strsplit(dn_kind_names, ", ", -1);

    g_assert_cmpuint(g_strv_length(names), ==, 8);
    for (char **name = names; *name; name++)
        g_assert_cmpstr(dn_kind(*name)->name, ==, *name);
}

/* ---- retention ---- */

static void
assert_until(const DnRetention *terms, const char *received, const char *kind, const char *until)
{
    DnDate date = day(received);

    assert_day(dn_retention_until(terms, &date, dn_kind(kind)), until);
}

static void
test_retention_of_a_corporation(void)
{
    static const int16_t loss[] = {2025};
    DnRetention april = {.fiscal = {.first_month = 4}, .consumption_tax = true};
    DnRetention january = {.fiscal = {.first_month = 1}, .consumption_tax = true};
    DnDate end = day("2026-03-31");
    DnDate start = dn_retention_start(&end, 0);

    assert_day(start, "2026-06-01");
    assert_until(&april, "2025-04-01", "invoice", "2033-05-31");
    assert_until(&april, "2026-03-31", "invoice", "2033-05-31");
    assert_until(&april, "2026-04-01", "invoice", "2034-05-31");
    april.loss_years = loss;
    april.loss_count = 1;
    assert_until(&april, "2026-03-31", "invoice", "2036-05-31"); /* a later loss lengthens */
    assert_until(&april, "2026-04-01", "invoice", "2034-05-31"); /* but that year only */
    end = day("2026-12-31");
    assert_day(dn_retention_start(&end, 0), "2027-03-01");
    assert_until(&january, "2026-06-10", "receipt", "2034-02-28");
    january.loss_years = (const int16_t[]){2026};
    january.loss_count = 1;
    assert_until(&january, "2026-06-10", "receipt", "2037-02-28");
    january.extension_months = 1;
    assert_until(&january, "2026-06-10", "receipt", "2037-03-31");
}

static void
test_retention_of_losses_before_2018(void)
{
    static const int16_t loss[] = {2007, 2017, 2018};
    DnRetention april = {.fiscal = {.first_month = 4}, .loss_years = loss, .loss_count = 3};

    assert_until(&april, "2017-10-01", "invoice", "2027-05-31"); /* 9 */
    assert_until(&april, "2018-10-01", "invoice", "2029-05-31"); /* 10 */
    assert_until(&april, "2007-10-01", "invoice", "2015-05-31"); /* 7 */
}

static void
test_retention_over_a_changed_fiscal_year(void)
{
    static const DnFiscalChange change[] = {{{2027, 1, 1}}};
    DnRetention terms = {.fiscal = {4, change, 1}};
    DnDate in_short = day("2026-12-31");
    DnDate after = day("2027-04-01");
    DnFiscalYear year = dn_fiscal_year_of(&terms.fiscal, &in_short);

    assert_day(year.begin, "2026-04-01");
    assert_day(year.end, "2026-12-31");
    year = dn_fiscal_year_of(&terms.fiscal, &after);
    assert_day(year.begin, "2027-01-01");
    assert_day(year.end, "2027-12-31");
    assert_until(&terms, "2026-12-31", "invoice", "2034-02-28");
    assert_until(&terms, "2026-03-31", "invoice", "2033-05-31");
}

static void
test_retention_after_a_short_first_year(void)
{
    static const DnFiscalChange change[] = {{{2026, 10, 1}}};
    DnFiscalCalendar calendar = {4, change, 1};
    DnDate date = day("2026-11-01");
    DnFiscalYear year = dn_fiscal_year_of(&calendar, &date);

    assert_day(year.begin, "2026-10-01");
    assert_day(year.end, "2027-09-30");
    date = day("2026-09-30");
    year = dn_fiscal_year_of(&calendar, &date);
    assert_day(year.end, "2026-09-30");
}

static void
test_retention_of_a_sole_proprietor(void)
{
    DnRetention plain = {.taxpayer = DN_SOLE_PROPRIETOR, .fiscal = {.first_month = 1}};
    DnRetention credits = plain;

    credits.consumption_tax = true;
    assert_until(&plain, "2026-05-01", "receipt", "2034-03-15");   /* from 16 March 2027, 7 years */
    assert_until(&plain, "2026-05-01", "invoice", "2032-03-15");   /* 5 */
    assert_until(&credits, "2026-05-01", "invoice", "2034-02-28"); /* from 1 March 2027, 7 years */
    assert_until(&credits, "2026-05-01", "receipt", "2034-03-15"); /* the later of both */
    assert_until(&credits, "2026-05-01", "quotation", "2032-03-15");
}

static void
test_retention_is_over_the_day_after_its_last(void)
{
    DnDate until = day("2033-05-31");
    DnDate before = day("2033-05-30");
    DnDate after = day("2033-06-01");

    g_assert_false(dn_retention_is_over(&until, &before));
    g_assert_false(dn_retention_is_over(&until, &until));
    g_assert_true(dn_retention_is_over(&until, &after));
}

/* ---- figures with a day ---- */

static void
test_rates_by_day(void)
{
    static const struct {
        const char *day;
        unsigned standard;
        unsigned reduced;
    } table[] = {{"1989-03-31", 0, 0},  {"1989-04-01", 30, 0},   {"2014-03-31", 50, 0},
                 {"2019-09-30", 80, 0}, {"2019-10-01", 100, 80}, {"2026-11-01", 100, 80}};

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        DnDate date = day(table[i].day);
        unsigned reduced = 1;

        g_assert_cmpuint(dn_law_tax_rates(&date, &reduced), ==, table[i].standard);
        g_assert_cmpuint(reduced, ==, table[i].reduced);
    }
}

static void
test_credit_for_unregistered_sellers_by_day(void)
{
    static const struct {
        const char *day;
        unsigned percent;
    } table[] = {{"2023-09-30", 100}, {"2023-10-01", 80}, {"2026-09-30", 80}, {"2026-10-01", 70},
                 {"2028-09-30", 70},  {"2028-10-01", 50}, {"2030-09-30", 50}, {"2030-10-01", 30},
                 {"2031-09-30", 30},  {"2031-10-01", 0}};

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        DnDate date = day(table[i].day);

        g_assert_cmpuint(dn_law_unregistered_credit(&date), ==, table[i].percent);
    }
}

static void
test_articles_that_move(void)
{
    DnDate before = day("2026-12-31");
    DnDate after = day("2027-01-01");

    g_assert_cmpstr(dn_law_article("good-books", &before), ==, "規5⑤");
    g_assert_cmpstr(dn_law_article("good-books", &after), ==, "規5④");
    g_assert_null(dn_law_article("seamless", &before));
    g_assert_cmpstr(dn_law_article("seamless", &after), ==, "規5⑤");
}

#define T(name) g_test_add_func("/law/" #name, test_##name)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    T(holidays_of_years);
    T(holidays_have_names);
    T(equinoxes);
    T(business_days);
    T(a_calendar_of_days_off_only_ends);
    T(R02_entry_promptly);
    T(R03_entry_by_cycle);
    T(R03_the_end_of_a_month);
    T(R04_without_a_stamp_nothing_is_on_time);
    T(R09_resolution_by_pixels_of_a_known_paper);
    T(R09_resolution_that_is_declared);
    T(R10_a_camera_knows_no_paper);
    T(R11_colour);
    T(R14_R15_a_lossy_form_needs_a_chart);
    T(R01_what_is_unknown_is_important);
    T(R39_keys_by_kind);
    T(retention_of_a_corporation);
    T(retention_of_losses_before_2018);
    T(retention_over_a_changed_fiscal_year);
    T(retention_after_a_short_first_year);
    T(retention_of_a_sole_proprietor);
    T(retention_is_over_the_day_after_its_last);
    T(rates_by_day);
    T(credit_for_unregistered_sellers_by_day);
    T(articles_that_move);
    return g_test_run();
}
