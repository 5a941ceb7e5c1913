/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tests/unit/law/test-rules.c - what the owner settles in dencho.conf.
 */
#include "config.h"
#include "engine/law/rules.h"

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

/* The rules of "section.key", "value" pairs, ended by NULL. */
static DnRules *
rules_of(const char *const *pairs, GError **error)
{
    g_autoptr(DnSettings) settings = dn_settings_new();

    for (; pairs && *pairs; pairs += 2) {
        g_auto(GStrv) name = g_strsplit(pairs[0], ".", 2);

        g_assert_true(dn_settings_set(settings, name[0], name[1], pairs[1], NULL));
    }
    return dn_rules_new(settings, error);
}

#define RULES(...) rules_of((const char *const[]){__VA_ARGS__, NULL}, NULL)

static void
assert_refused(const char *key, const char *value, const char *says)
{
    const char *const pairs[] = {key, value, NULL};
    g_autoptr(GError) error = NULL;
    g_autoptr(DnRules) rules = rules_of(pairs, &error);

    g_assert_null(rules);
    g_assert_error(error, DN_ERROR, DN_ERROR_INVALID);
    g_assert_nonnull(strstr(error->message, says));
}

static bool
has_deadline(const DnRules *rules, bool is_scan, const char *kind, const DnDate *received,
             DnDate *out_deadline)
{
    DnArrival arrival = {.is_scan = is_scan, .received = *received};

    return dn_rules_deadline(rules, &arrival, kind, out_deadline);
}

static bool
wants_stamp(const DnRules *rules, bool is_scan)
{
    DnArrival arrival = {.is_scan = is_scan, .received = day("2026-04-21")};

    return dn_rules_want_stamp(rules, &arrival);
}

static void
test_defaults_are_the_strict_ones(void)
{
    g_autoptr(DnRules) rules = rules_of(NULL, NULL);
    DnDate received = day("2026-04-21");
    DnDate deadline;

    g_assert_true(dn_rules_is_important(rules, "order"));
    g_assert_true(has_deadline(rules, true, "order", &received, &deadline));
    assert_day(deadline, "2026-05-01");
    g_assert_true(wants_stamp(rules, true));
    const char *record = NULL;

    g_assert_cmpint(dn_rules_test_chart(rules, "any", &received, &record), ==, DN_CHART_NONE);
}

static void
test_R02_the_owners_days_off_count(void)
{
    g_autoptr(DnRules) rules = RULES("law.days-off", "04-24; 2026-05-01");
    DnDate received = day("2026-04-21");
    DnDate deadline;

    g_assert_true(has_deadline(rules, true, "receipt", &received, &deadline));
    assert_day(deadline, "2026-05-08"); /* two days later, over Golden Week */
}

static void
test_R03_no_cycle_without_a_procedure(void)
{
    assert_refused("law.entry", "cycle", "procedure");
    assert_refused("law.cycle-months", "3", "two months");
    assert_refused("law.entry", "whenever", "early or cycle");
    g_autoptr(DnRules) rules = RULES("law.entry", "cycle", "law.procedure", "規程 2026-04");
    DnDate received = day("2026-04-21");
    DnDate deadline;

    g_assert_true(has_deadline(rules, true, "receipt", &received, &deadline));
    assert_day(deadline, "2026-06-30");
}

static void
test_R07_a_new_scan_counts_from_the_discovery(void)
{
    g_autoptr(DnRules) rules = rules_of(NULL, NULL);
    DnDate found = day("2026-09-01");

    assert_day(dn_rules_rescan_deadline(rules, &found), "2026-09-10");
}

static void
test_R08_general_documents_have_no_deadline(void)
{
    g_autoptr(DnRules) rules = RULES("law.documents", "by-kind");
    DnDate received = day("1999-04-21");
    DnDate deadline;

    g_assert_false(has_deadline(rules, true, "quotation", &received, &deadline));
    g_assert_true(has_deadline(rules, true, "receipt", &received, &deadline));
    g_assert_true(has_deadline(rules, true, "napkin", &received, &deadline));
}

static void
test_R44_one_rule_a_period(void)
{
    g_autoptr(DnRules) rules = RULES("law.bundles", "2026-04-01=each;2027-04-01=total");
    DnDate before = day("2026-03-31");
    DnDate first = day("2027-03-31");
    DnDate second = day("2027-04-01");

    g_assert_null(dn_rules_bundle(rules, &before));
    g_assert_cmpstr(dn_rules_bundle(rules, &first), ==, "each");
    g_assert_cmpstr(dn_rules_bundle(rules, &second), ==, "total");
    assert_refused("law.bundles", "2026-07-01=each", "2026-04-01");
    assert_refused("law.bundles", "2027-04-01=each;2026-04-01=total", "earliest");
    assert_refused("law.bundles", "2027-04-01=some", "each or total");
}

static void
test_R45_tax_in_or_out_by_period(void)
{
    g_autoptr(DnRules) rules = RULES("law.amounts", "2026-04-01=as-printed;2027-04-01=incl");
    DnDate date = day("2026-05-01");

    g_assert_cmpstr(dn_rules_amount_basis(rules, &date), ==, "as-printed");
    assert_refused("law.amounts", "2026-10-01=excl", "whole fiscal years");
}

static void
test_R51_R52_how_electronic_documents_are_kept(void)
{
    g_autoptr(DnRules) rule = rules_of(NULL, NULL);
    g_autoptr(DnRules) stamp = RULES("law.electronic", "stamp");
    DnDate received = day("2026-04-21");
    DnDate deadline;

    g_assert_false(wants_stamp(rule, false));
    g_assert_false(has_deadline(rule, false, "invoice", &received, &deadline));
    g_assert_true(wants_stamp(stamp, false));
    g_assert_true(has_deadline(stamp, false, "invoice", &received, &deadline));
    assert_day(deadline, "2026-05-01");
    assert_refused("law.electronic", "system", "option 3");
}

/* Only what our own stamp keeps has a day by which it must be stamped: each channel its own. */
static void
test_R51_a_deadline_is_of_the_channel(void)
{
    static const struct {
        const char *channel;
        bool stamp;
    } rows[] = {{"mail", true}, {"web", false}, {"edi", false}, {"api", false}, {NULL, false}};
    g_autoptr(DnRules) rules = RULES("law.channels", "mail;web;edi;api=engine", "law.electronic",
                                     "rule;mail:2026-04-01=stamp;web:rule;edi:stamped;api:system",
                                     "law.entry", "cycle", "law.procedure", "規程");
    DnDate deadline;

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        DnArrival arrival = {.channel = rows[i].channel, .received = day("2026-04-21")};

        g_assert_true(dn_rules_deadline(rules, &arrival, "invoice", &deadline) == rows[i].stamp);
        g_assert_true(dn_rules_want_stamp(rules, &arrival) == rows[i].stamp);
        if (rows[i].stamp)
            assert_day(deadline, "2026-06-30"); /* after the cycle */
        arrival.received = day("2026-03-31");   /* before the rule */
        g_assert_false(dn_rules_want_stamp(rules, &arrival));
    }
}

static void
test_R23_no_stamp_only_in_the_hands_of_a_third_party(void)
{
    const char *const own[] = {
        "law.scans", "hosted", "law.operator", "Ｙａｍａｄａ", "law.taxpayer-name",
        "yamada ",   NULL};
    g_autoptr(DnRules) stamped = rules_of(NULL, NULL);
    g_autoptr(DnRules) hosted =
        RULES("law.scans", "hosted", "law.operator", "Cloud KK", "law.taxpayer-name", "Yamada");
    g_autoptr(GError) error = NULL;

    g_assert_false(dn_rules_hosted(stamped));
    g_assert_true(wants_stamp(stamped, true));
    g_assert_true(dn_rules_hosted(hosted));
    g_assert_false(wants_stamp(hosted, true));
    g_assert_null(rules_of(own, &error));
    g_assert_error(error, DN_ERROR, DN_ERROR_INVALID);
    g_assert_nonnull(strstr(error->message, "taxpayer"));
    assert_refused("law.scans", "hosted", "law] operator");
    assert_refused("law.scans", "never", "stamp or hosted");
}

static void
test_R61_from_when_to_when_scans_are_kept(void)
{
    g_autoptr(DnRules) rules =
        RULES("law.scans-kept", "receipt=2026-04-01..;invoice=2026-04-01..2027-03-31");
    DnDate before = day("2026-03-31");
    DnDate within = day("2027-03-31");
    DnDate after = day("2027-04-01");

    g_assert_false(dn_rules_scans_kept(rules, "receipt", &before));
    g_assert_true(dn_rules_scans_kept(rules, "receipt", &after));
    g_assert_true(dn_rules_scans_kept(rules, "invoice", &within));
    g_assert_false(dn_rules_scans_kept(rules, "invoice", &after));
    g_assert_true(dn_rules_scans_kept(rules, "contract", &before));
    assert_refused("law.scans-kept", "napkin=2026-04-01..", "kind");
    assert_refused("law.scans-kept", "receipt=2026-04-01", "receipt=2026-04-01..2027-03-31");
}

static void
test_R15_the_newest_chart_of_a_device(void)
{
    static const struct {
        const char *device;
        const char *day;
        DnChart chart;
        const char *record;
    } rows[] = {
        {"ix1600", "2026-03-31", DN_CHART_PASSED, "drawer 1"}, /* by what is for all */
        {"ix1600", "2026-04-01", DN_CHART_PASSED, "cabinet 2"},
        {"ix1600", "2026-05-31", DN_CHART_PASSED, "cabinet 2"},
        {"ix1600", "2026-06-01", DN_CHART_FAILED, NULL},
        {"ix1600", "2026-06-03", DN_CHART_PASSED, "cabinet 3"},
        {"pixel:8", "2026-04-02", DN_CHART_PASSED, "x=y"},
        {"fi-8170", "2026-04-02", DN_CHART_PASSED, "drawer 1"},
        {NULL, "2026-06-01", DN_CHART_PASSED, "drawer 1"},
    };
    g_autoptr(DnRules) rules =
        RULES("law.test-chart", "drawer 1", "law.test-charts",
              "ix1600:2026-04-01=cabinet 2;pixel:8:2026-04-02=x=y;ix1600:2026-06-01=failed;"
              "ix1600:2026-06-02=cabinet 3");

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        const char *record = "?";
        DnDate date = day(rows[i].day);

        g_assert_cmpint(dn_rules_test_chart(rules, rows[i].device, &date, &record), ==,
                        rows[i].chart);
        g_assert_cmpstr(record, ==, rows[i].record);
    }
    assert_refused("law.test-charts", "ix1600=cabinet 2", "ix1600:2026-04-01=cabinet 2");
    assert_refused("law.test-charts", "ix1600:2026-04-01=", "ix1600:2026-04-01=cabinet 2");
    assert_refused("law.test-charts", ":2026-04-01=x", "ix1600:2026-04-01=cabinet 2");
    assert_refused("law.test-charts", "a:2026-04-02=x;a:2026-04-01=y", "earliest");
}

static void
test_retention_is_never_shortened_by_another_kind(void)
{
    g_autoptr(DnRules) rules = RULES("retention.taxpayer", "sole-proprietor");
    DnDate received = day("2026-05-01");
    static const char *const before[] = {"receipt", NULL};
    static const char *const after[] = {"quotation", "receipt", NULL};

    assert_day(dn_rules_keep_until(rules, &received, before), "2034-03-15");
    assert_day(dn_rules_keep_until(rules, &received, after), "2034-03-15");
    assert_day(dn_rules_keep_until(rules, &received, NULL), "2034-03-15");
}

static void
test_retention_by_settings(void)
{
    g_autoptr(DnRules) rules =
        RULES("retention.fiscal-year-changes", "2027-01-01", "retention.loss-years", "2025;2026",
              "retention.extension-months", "1");
    DnDate received = day("2026-12-31");
    static const char *const kinds[] = {"invoice", NULL};

    assert_day(dn_rules_fiscal_year(rules, &received).end, "2026-12-31");
    assert_day(dn_rules_keep_until(rules, &received, kinds), "2037-03-31");
    assert_refused("retention.loss-years", "2025;last", "2025;2026");
    assert_refused("retention.fiscal-year-changes", "2027-01-02", "firsts of months");
    assert_refused("retention.extension-months", "12", "0 to 4");
    assert_refused("retention.taxpayer", "charity", "corporation or sole-proprietor");
    assert_refused("law.days-off", "13-45", "12-29");
}

#define T(name) g_test_add_func("/rules/" #name, test_##name)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    T(defaults_are_the_strict_ones);
    T(R02_the_owners_days_off_count);
    T(R03_no_cycle_without_a_procedure);
    T(R07_a_new_scan_counts_from_the_discovery);
    T(R08_general_documents_have_no_deadline);
    T(R44_one_rule_a_period);
    T(R45_tax_in_or_out_by_period);
    T(R23_no_stamp_only_in_the_hands_of_a_third_party);
    T(R51_R52_how_electronic_documents_are_kept);
    T(R51_a_deadline_is_of_the_channel);
    T(R61_from_when_to_when_scans_are_kept);
    T(R15_the_newest_chart_of_a_device);
    T(retention_is_never_shortened_by_another_kind);
    T(retention_by_settings);
    return g_test_run();
}
