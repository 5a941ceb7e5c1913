/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tests/unit/engine/test-duty.c - what is said of a voucher on a given day, from its state alone.
 *
 * A test that proves a row of docs/requirements.md has its number in its name.
 */
#include "config.h"
#include "engine/duty.h"
#include "tests/unit/engine/apply.h"

#include <string.h>

static DnDate
day(const char *text)
{
    DnDate date;

    g_assert_true(dn_date_parse(text, &date, NULL));
    return date;
}

/* The rules of "section.key", "value" pairs, ended by NULL. */
static DnRules *
rules_of(const char *const *pairs)
{
    g_autoptr(DnSettings) settings = dn_settings_new();
    g_autoptr(GError) error = NULL;

    for (; pairs && *pairs; pairs += 2) {
        g_auto(GStrv) name = g_strsplit(pairs[0], ".", 2);

        g_assert_true(dn_settings_set(settings, name[0], name[1], pairs[1], NULL));
    }
    DnRules *rules = dn_rules_new(settings, &error);

    g_assert_no_error(error);
    return rules;
}

#define RULES(...) rules_of((const char *const[]){__VA_ARGS__, NULL})

/* The state after @entry, in JSON with ' for ". */
static json_t *
then(json_t *state, const char *entry)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text = g_strdup(entry);
    g_autoptr(json_t) before = state;

    g_strdelimit(text, "'", '"');
    g_autoptr(json_t) one = dn_json_parse(text, strlen(text), &error);

    g_assert_no_error(error);
    json_t *after = apply(before, one, &error);

    g_assert_no_error(error);
    return after;
}

static json_t *
registered(const char *origin, const char *kind, const char *received)
{
    g_autofree char *entry = g_strdup_printf(
        "{'type':'voucher.registered','seq':2,'at':'2026-04-01T00:00:00.000Z','actor':'t',"
        "'voucher':'01932b5e-7c1a-7def-8123-456789abcdef','origin':'%s','kind':'%s',"
        "'received':'%s','period':'2026','blob':{'id':'b','sha256':'aa','bytes':3},"
        "'values':{'date':'2026-04-20','party':'x','amount':{'value':1,'currency':'JPY'}}}",
        origin, kind, received);

    return then(NULL, entry);
}

static json_t *
stamped(json_t *state, int version, const char *gen_time)
{
    g_autofree char *entry = g_strdup_printf(
        "{'type':'evidence.stamped','seq':9,'version':%d,'gen_time':'%s','root':'aa'}", version,
        gen_time);

    return then(state, entry);
}

static json_t *
captured(json_t *state, int width, int height, int bits, const char *colour, bool lossy)
{
    g_autofree char *entry = g_strdup_printf(
        "{'type':'voucher.read','seq':3,'version':1,'kind':'other','fields':{},'captured':[{'page':"
        "1,'width_px':%d,'height_px':%d,'dpi_x':'72.000','dpi_y':'72.000','bits':%d,'colour':'%s',"
        "'lossy':%s,'rendered':false}],'parts':{}}",
        width, height, bits, colour, lossy ? "true" : "false");

    return then(state, entry);
}

static json_t *
duty_on(const DnRules *rules, const json_t *state, const char *today)
{
    DnDate date = day(today);

    return dn_duty(rules, state, &date);
}

static void
assert_member(const json_t *duty, const char *key, const char *value)
{
    g_assert_cmpstr(dn_json_string(duty, key), ==, value);
}

static const char *
check_of(const json_t *duty, const char *rule)
{
    const json_t *checks = json_object_get(duty, "checks");

    for (size_t i = 0; i < json_array_size(checks); i++)
        if (strcmp(dn_json_string(json_array_get(checks, i), "rule"), rule) == 0)
            return dn_json_string(json_array_get(checks, i), "verdict");
    return NULL;
}

static bool
is_open(const DnRules *rules, const json_t *state, DnStamp stamp, const char *today,
        const char *rule)
{
    DnDate date = day(today);
    DnShown shown = {.stamp = stamp, .brought = stamp};
    g_autoptr(json_t) duty = dn_duty(rules, state, &date);
    g_autoptr(json_t) open = dn_duty_open(rules, state, duty, &shown, &date);

    for (size_t i = 0; i < json_array_size(open); i++) {
        const json_t *item = json_array_get(open, i);

        g_assert_nonnull(dn_json_string(item, "what"));
        g_assert_nonnull(dn_json_string(item, "do"));
        if (strcmp(dn_json_string(item, "rule"), rule) == 0)
            return true;
    }
    return false;
}

/* ---- entry ---- */

static void
test_R02_R05_a_day_too_late_is_late(void)
{
    g_autoptr(DnRules) rules = rules_of(NULL);
    g_autoptr(json_t) in_time =
        stamped(registered("scan", "receipt", "2026-04-21"), 1, "2026-05-01T14:59:59.000Z");
    g_autoptr(json_t) late =
        stamped(registered("scan", "receipt", "2026-04-21"), 1, "2026-05-01T15:00:00.000Z");
    g_autoptr(json_t) first = duty_on(rules, in_time, "2026-08-01");
    g_autoptr(json_t) second = duty_on(rules, late, "2026-08-01"); /* 2 May in Japan */

    assert_member(first, "entry_deadline", "2026-05-01");
    assert_member(first, "entered_at", "2026-05-01T14:59:59.000Z");
    assert_member(first, "on_time", "on_time");
    assert_member(second, "on_time", "late");
    assert_member(second, "paper", "keep");
    g_assert_true(is_open(rules, late, DN_STAMP_ACCREDITED, "2026-08-01", "R05"));
    g_assert_false(is_open(rules, in_time, DN_STAMP_ACCREDITED, "2026-08-01", "R05"));
}

static void
test_R03_by_cycle(void)
{
    g_autoptr(DnRules) rules = RULES("law.entry", "cycle", "law.procedure", "規程");
    g_autoptr(json_t) state =
        stamped(registered("scan", "receipt", "2026-04-21"), 1, "2026-06-30T01:00:00.000Z");
    g_autoptr(json_t) duty = duty_on(rules, state, "2026-08-01");

    assert_member(duty, "entry_deadline", "2026-06-30");
    assert_member(duty, "on_time", "on_time");
}

static void
test_R04_what_is_uploaded_has_not_entered(void)
{
    g_autoptr(DnRules) rules = rules_of(NULL);
    g_autoptr(json_t) state = registered("scan", "receipt", "2026-04-21");
    g_autoptr(json_t) before = duty_on(rules, state, "2026-05-01");
    g_autoptr(json_t) after = duty_on(rules, state, "2026-05-02");

    assert_member(before, "on_time", "waiting");
    assert_member(before, "entered_at", NULL);
    assert_member(after, "on_time", "late");
}

static void
test_R06_an_excuse_does_not_make_it_timely(void)
{
    g_autoptr(DnRules) rules = rules_of(NULL);
    g_autoptr(json_t) state = registered("scan", "receipt", "2026-04-21");

    state = then(g_steal_pointer(&state),
                 "{'type':'voucher.excused','reason':'flood','actor':'a','at':'x'}");
    state = then(g_steal_pointer(&state),
                 "{'type':'voucher.excused','reason':'flood, with report','actor':'a','at':'y'}");
    g_autoptr(json_t) duty = duty_on(rules, state, "2026-08-01");
    g_autoptr(json_t) details = dn_voucher_details(state, 0);

    assert_member(duty, "on_time", "late");
    g_assert_cmpuint(json_array_size(json_object_get(details, "excuses")), ==, 2);
}

static void
test_R07_a_new_scan_keeps_it_timely(void)
{
    static const char revised[] =
        "{'type':'voucher.revised','seq':5,'version':2,'found':'2026-09-01','reason':'bent',"
        "'blob':{'id':'c','sha256':'bb','bytes':3},'period':'2026'}";
    g_autoptr(DnRules) rules = rules_of(NULL);
    g_autoptr(json_t) state =
        stamped(registered("scan", "receipt", "2026-04-21"), 1, "2026-04-22T00:00:00.000Z");

    state = then(g_steal_pointer(&state), revised);
    g_autoptr(json_t) in_time = stamped(json_incref(state), 2, "2026-09-10T00:00:00.000Z");
    g_autoptr(json_t) late = stamped(json_incref(state), 2, "2026-09-11T00:00:00.000Z");
    g_autoptr(json_t) duty = duty_on(rules, in_time, "2026-10-01");
    const json_t *rescan = json_array_get(json_object_get(duty, "rescans"), 0);

    assert_member(duty, "on_time", "on_time");
    assert_member(rescan, "deadline", "2026-09-10");
    assert_member(rescan, "on_time", "on_time");
    g_assert_false(is_open(rules, in_time, DN_STAMP_ACCREDITED, "2026-10-01", "R07"));
    g_assert_true(is_open(rules, late, DN_STAMP_ACCREDITED, "2026-10-01", "R07"));
    g_assert_false(is_open(rules, late, DN_STAMP_ACCREDITED, "2026-10-01", "R05"));
}

static void
test_R08_a_general_document_of_any_age_has_no_deadline(void)
{
    g_autoptr(DnRules) rules = RULES("law.documents", "by-kind");
    g_autoptr(json_t) state = registered("scan", "quotation", "2006-04-21");
    g_autoptr(json_t) duty = duty_on(rules, state, "2026-08-01");

    assert_member(duty, "importance", "general");
    assert_member(duty, "entry_deadline", NULL);
    assert_member(duty, "on_time", "n/a");
    assert_member(duty, "link", "n/a");
}

/* ---- captures ---- */

static void
test_R09_R10_the_size_of_the_paper_decides(void)
{
    g_autoptr(DnRules) rules = rules_of(NULL);
    g_autoptr(json_t) phone =
        captured(registered("scan", "receipt", "2026-04-21"), 2000, 1500, 8, "rgb", false);
    g_autoptr(json_t) unknown = duty_on(rules, phone, "2026-04-22");

    g_assert_cmpstr(check_of(unknown, "R09"), ==, "unknown");
    phone = then(g_steal_pointer(&phone),
                 "{'type':'voucher.corrected','changes':[{'field':'paper','after':'A4'}]}");
    g_autoptr(json_t) as_a4 = duty_on(rules, phone, "2026-04-22");

    g_assert_cmpstr(check_of(as_a4, "R09"), ==, "fail");
    phone = then(g_steal_pointer(&phone),
                 "{'type':'voucher.corrected','changes':[{'field':'paper','after':'A6'}]}");
    g_autoptr(json_t) as_a6 = duty_on(rules, phone, "2026-04-22");

    g_assert_cmpstr(check_of(as_a6, "R09"), ==, "pass");
}

static void
test_R11_gray_is_enough_for_general_documents_only(void)
{
    g_autoptr(DnRules) strict = rules_of(NULL);
    g_autoptr(DnRules) by_kind = RULES("law.documents", "by-kind");
    g_autoptr(json_t) state =
        captured(registered("scan", "quotation", "2026-04-21"), 2338, 1654, 8, "gray", false);
    g_autoptr(json_t) first = duty_on(strict, state, "2026-04-22");
    g_autoptr(json_t) second = duty_on(by_kind, state, "2026-04-22");

    g_assert_cmpstr(check_of(first, "R11"), ==, "fail");
    g_assert_cmpstr(check_of(second, "R11"), ==, "pass");
    /* called a receipt, it is judged as one */
    state = then(g_steal_pointer(&state),
                 "{'type':'voucher.corrected','changes':[{'field':'kind','after':'receipt'}]}");
    g_autoptr(json_t) third = duty_on(by_kind, state, "2026-04-22");

    g_assert_cmpstr(check_of(third, "R11"), ==, "fail");
}

static void
test_R14_R15_a_chart_closes_what_a_lossy_form_leaves_open(void)
{
    g_autoptr(DnRules) without = rules_of(NULL);
    g_autoptr(DnRules) with = RULES("law.test-chart", "JIS X 6933, 2026-04-01, cabinet 2");
    g_autoptr(json_t) state =
        captured(registered("scan", "receipt", "2026-04-21"), 2338, 1654, 8, "rgb", true);

    g_assert_true(is_open(without, state, DN_STAMP_ACCREDITED, "2026-04-22", "R14"));
    g_assert_false(is_open(with, state, DN_STAMP_ACCREDITED, "2026-04-22", "R14"));
}

/* The chart of its device counts, as it stood on the day of the scan. */
static void
test_R15_a_device_without_a_passed_chart_flags_its_scans(void)
{
    g_autoptr(DnRules) rules =
        RULES("law.test-charts", "good:2026-03-01=cabinet 2;bad:2026-03-01=failed;"
                                 "late:2026-04-02=cabinet 3");
    static const struct {
        const char *device;
        bool lossy_passes;
        bool failed;
    } rows[] = {{"good", true, false},
                {"bad", false, true},
                {"late", false, false},
                {"other", false, false}};

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *said = g_strdup_printf("{'type':'voucher.corrected','changes':[{'field':"
                                                "'device','after':'%s'}]}",
                                                rows[i].device);
        g_autoptr(json_t) lossy =
            then(captured(registered("scan", "receipt", "2026-04-21"), 2338, 1654, 8, "rgb", true),
                 said);
        g_autoptr(json_t) lossless =
            then(captured(registered("scan", "receipt", "2026-04-21"), 2338, 1654, 8, "rgb", false),
                 said);
        g_autoptr(json_t) duty = duty_on(rules, lossy, "2026-04-22");

        assert_member(duty, "device", rows[i].device);
        g_assert_true(is_open(rules, lossy, DN_STAMP_ACCREDITED, "2026-04-22", "R14") !=
                      rows[i].lossy_passes);
        /* without a chart what is lossless is taken to be legible; not after a chart that failed */
        g_assert_false(is_open(rules, lossless, DN_STAMP_ACCREDITED, "2026-04-22", "R14"));
        g_assert_true(is_open(rules, lossless, DN_STAMP_ACCREDITED, "2026-04-22", "R15") ==
                      rows[i].failed);
    }
}

static void
test_R12_a_person_says_what_stands_on_the_back(void)
{
    g_autoptr(DnRules) rules = rules_of(NULL);
    g_autoptr(json_t) state = registered("scan", "receipt", "2026-04-21");
    g_autoptr(json_t) data = registered("electronic", "invoice", "2026-04-21");

    g_assert_true(is_open(rules, state, DN_STAMP_ACCREDITED, "2026-04-22", "R12"));
    g_assert_false(is_open(rules, data, DN_STAMP_ACCREDITED, "2026-04-22", "R12"));
    state = then(g_steal_pointer(&state),
                 "{'type':'voucher.corrected','changes':[{'field':'back','after':'blank'}]}");
    g_autoptr(json_t) duty = duty_on(rules, state, "2026-04-22");
    g_autoptr(json_t) details = dn_voucher_details(state, 0);

    g_assert_false(is_open(rules, state, DN_STAMP_ACCREDITED, "2026-04-22", "R12"));
    assert_member(duty, "back", "blank");
    assert_member(details, "back", "blank");
}

static void
test_a_scan_that_was_not_looked_at_passes_nothing(void)
{
    g_autoptr(DnRules) rules = rules_of(NULL);
    g_autoptr(json_t) state = registered("scan", "receipt", "2026-04-21");
    g_autoptr(json_t) duty = duty_on(rules, state, "2026-04-22");

    g_assert_cmpstr(check_of(duty, "R09"), ==, "unknown");
    g_assert_cmpstr(check_of(duty, "R11"), ==, "unknown");
    g_assert_true(is_open(rules, state, DN_STAMP_ACCREDITED, "2026-04-22", "R09"));
    g_assert_false(is_open(rules, state, DN_STAMP_ACCREDITED, "2026-04-22", "R11"));
}

/* ---- stamps, links, keys ---- */

static void
test_R19_what_is_missing_or_not_accredited_is_open(void)
{
    g_autoptr(DnRules) rules = rules_of(NULL);
    g_autoptr(json_t) state = registered("scan", "receipt", "2026-04-21");

    g_assert_true(is_open(rules, state, DN_STAMP_NONE, "2026-04-22", "R19"));
    g_assert_true(is_open(rules, state, DN_STAMP_UNACCREDITED, "2026-04-22", "R19"));
    g_assert_true(is_open(rules, state, DN_STAMP_BROKEN, "2026-04-22", "R20"));
    g_assert_false(is_open(rules, state, DN_STAMP_ACCREDITED, "2026-04-22", "R19"));
}

static void
test_R32_R33_R34_linked_none_or_pending(void)
{
    g_autoptr(DnRules) rules = rules_of(NULL);
    g_autoptr(json_t) state = registered("scan", "receipt", "2026-04-21");
    g_autoptr(json_t) pending = duty_on(rules, state, "2026-04-22");

    assert_member(pending, "link", "pending");
    g_assert_true(is_open(rules, state, DN_STAMP_ACCREDITED, "2027-03-31", "R33"));
    g_assert_false(is_open(rules, state, DN_STAMP_ACCREDITED, "2027-03-31", "R34"));
    g_assert_true(is_open(rules, state, DN_STAMP_ACCREDITED, "2027-04-01", "R34"));
    state = then(g_steal_pointer(&state),
                 "{'type':'voucher.linked','no_entry':true,'reason':'private','actor':'a'}");
    g_autoptr(json_t) none = duty_on(rules, state, "2026-04-22");

    assert_member(none, "link", "none");
    state = then(g_steal_pointer(&state), "{'type':'voucher.linked','book_ref':'J-1'}");
    g_autoptr(json_t) linked = duty_on(rules, state, "2026-04-22");

    assert_member(linked, "link", "linked");
    g_assert_null(json_object_get(state, "no_entry"));
    state = then(g_steal_pointer(&state), "{'type':'voucher.linked','unlinked':'J-1'}");
    g_autoptr(json_t) again = duty_on(rules, state, "2026-04-22");

    assert_member(again, "link", "pending");
}

static void
test_R38_R39_keys_that_are_missing(void)
{
    g_autoptr(DnRules) rules = rules_of(NULL);
    g_autoptr(json_t) state =
        then(NULL, "{'type':'voucher.registered','seq':2,'at':'2026-04-01T00:00:00.000Z','voucher':"
                   "'01932b5e-7c1a-7def-8123-456789abcdef','origin':'electronic','kind':"
                   "'delivery_note','received':'2026-04-21','blob':{'id':'b','sha256':'aa'},"
                   "'values':{'date':'2026-04-20','party':'x'}}");

    /* a delivery note has no amount to be found by */
    g_assert_false(is_open(rules, state, DN_STAMP_NONE, "2026-04-22", "R38"));
    state = then(g_steal_pointer(&state),
                 "{'type':'voucher.corrected','changes':[{'field':'kind','after':'invoice'}]}");
    g_assert_true(is_open(rules, state, DN_STAMP_NONE, "2026-04-22", "R38"));
}

static void
test_R51_electronic_documents_need_a_rule_or_a_stamp(void)
{
    g_autoptr(DnRules) nothing = rules_of(NULL);
    g_autoptr(DnRules) rule = RULES("law.procedure", "規程");
    g_autoptr(DnRules) stamp = RULES("law.electronic", "stamp");
    g_autoptr(json_t) state = registered("electronic", "invoice", "2026-04-21");
    g_autoptr(json_t) duty = duty_on(rule, state, "2026-04-22");

    assert_member(duty, "electronic", "rule");
    g_assert_true(is_open(nothing, state, DN_STAMP_NONE, "2026-04-22", "R51"));
    g_assert_false(is_open(rule, state, DN_STAMP_NONE, "2026-04-22", "R51"));
    g_assert_false(is_open(rule, state, DN_STAMP_NONE, "2026-04-22", "R19"));
    g_assert_true(is_open(stamp, state, DN_STAMP_NONE, "2026-04-22", "R19"));
}

static void
test_R61_a_scan_of_a_day_without_scanning(void)
{
    g_autoptr(DnRules) rules = RULES("law.scans-kept", "receipt=2026-05-01..");
    g_autoptr(json_t) state = registered("scan", "receipt", "2026-04-21");

    g_assert_true(is_open(rules, state, DN_STAMP_ACCREDITED, "2026-04-22", "R61"));
}

static void
test_R62_paper_may_go_after_a_person_has_looked(void)
{
    g_autoptr(DnRules) rules = rules_of(NULL);
    g_autoptr(json_t) state =
        captured(registered("scan", "receipt", "2026-04-21"), 2338, 1654, 8, "rgb", false);

    state = stamped(g_steal_pointer(&state), 1, "2026-04-22T00:00:00.000Z");
    g_autoptr(json_t) before = duty_on(rules, state, "2026-04-23");

    assert_member(before, "paper", "keep");
    state = then(g_steal_pointer(&state), "{'type':'voucher.confirmed'}");
    g_autoptr(json_t) front = duty_on(rules, state, "2026-04-23");

    assert_member(front, "paper", "keep"); /* and at its back (R12) */
    state = then(g_steal_pointer(&state),
                 "{'type':'voucher.corrected','changes':[{'field':'back','after':'print'}]}");
    g_autoptr(json_t) after = duty_on(rules, state, "2026-04-23");

    assert_member(after, "paper", "may go");
}

static void
test_R44_R45_what_was_settled_stands_with_the_voucher(void)
{
    g_autoptr(DnRules) rules =
        RULES("law.bundles", "2026-04-01=total", "law.amounts", "2026-04-01=excl");
    g_autoptr(json_t) state = registered("scan", "invoice", "2026-05-21");
    g_autoptr(json_t) duty = duty_on(rules, state, "2026-05-22");

    assert_member(duty, "bundle", "total");
    assert_member(duty, "amounts", "excl");
    assert_member(duty, "fiscal_year", "2026-04-01..2027-03-31");
}

static void
test_a_correction_never_shortens_retention(void)
{
    g_autoptr(DnRules) rules = RULES("retention.taxpayer", "sole-proprietor");
    g_autoptr(json_t) state = registered("scan", "receipt", "2026-04-21");

    state = then(g_steal_pointer(&state),
                 "{'type':'voucher.corrected','changes':[{'field':'kind','after':'quotation'}]}");
    g_autoptr(json_t) duty = duty_on(rules, state, "2026-04-22");

    assert_member(duty, "keep_until", "2034-03-15");
}

static void
test_a_disposed_voucher_takes_no_more_entries(void)
{
    g_autoptr(json_t) state = registered("scan", "receipt", "2026-04-21");

    state = then(g_steal_pointer(&state), "{'type':'voucher.disposed','plan':7,'actor':'a'}");
    g_assert_cmpstr(dn_json_string(state, "state"), ==, "disposed");
    g_autoptr(json_t) label = json_pack("{s:s}", "type", "voucher.confirmed");
    g_autoptr(GError) error = NULL;

    g_assert_null(apply(state, label, &error));
    g_assert_error(error, DN_ERROR, DN_ERROR_CORRUPT);
    state = stamped(g_steal_pointer(&state), 1, "2026-04-22T00:00:00.000Z");
    g_assert_cmpstr(dn_json_string(state, "state"), ==, "disposed");
}

#define T(name) g_test_add_func("/duty/" #name, test_##name)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    T(R02_R05_a_day_too_late_is_late);
    T(R03_by_cycle);
    T(R04_what_is_uploaded_has_not_entered);
    T(R06_an_excuse_does_not_make_it_timely);
    T(R07_a_new_scan_keeps_it_timely);
    T(R08_a_general_document_of_any_age_has_no_deadline);
    T(R09_R10_the_size_of_the_paper_decides);
    T(R11_gray_is_enough_for_general_documents_only);
    T(R14_R15_a_chart_closes_what_a_lossy_form_leaves_open);
    T(R15_a_device_without_a_passed_chart_flags_its_scans);
    T(R12_a_person_says_what_stands_on_the_back);
    T(a_scan_that_was_not_looked_at_passes_nothing);
    T(R19_what_is_missing_or_not_accredited_is_open);
    T(R32_R33_R34_linked_none_or_pending);
    T(R38_R39_keys_that_are_missing);
    T(R51_electronic_documents_need_a_rule_or_a_stamp);
    T(R61_a_scan_of_a_day_without_scanning);
    T(R62_paper_may_go_after_a_person_has_looked);
    T(R44_R45_what_was_settled_stands_with_the_voucher);
    T(a_correction_never_shortens_retention);
    T(a_disposed_voucher_takes_no_more_entries);
    return g_test_run();
}
