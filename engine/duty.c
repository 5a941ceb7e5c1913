/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/duty.c - deadlines, retention, capture, link and stamp of one voucher, side by side.
 */
#include "config.h"
#include "engine/duty.h"
#include "base/capture.h"
#include "base/clock.h"
#include "engine/voucher.h"

#include <string.h>

static void
set_day(json_t *object, const char *key, const DnDate *date)
{
    char text[DN_DATE_TEXT + 1];

    dn_date_format(date, text);
    dn_json_set_string(object, key, text);
}

static bool
day_of(const json_t *object, const char *key, DnDate *out_date)
{
    const char *text = dn_json_string(object, key);

    return text && dn_date_parse(text, out_date, NULL);
}

static bool
is_scan(const json_t *state)
{
    return g_strcmp0(dn_json_string(state, "origin"), "scan") == 0;
}

/* A day of receipt that is damaged counts as @today. */
static DnArrival
arrival_of(const json_t *state, const DnDate *today)
{
    DnArrival arrival = {.is_scan = is_scan(state), .channel = dn_json_string(state, "channel")};

    if (!day_of(state, "received", &arrival.received))
        arrival.received = *today;
    return arrival;
}

/* When a version entered: the time of its stamp, or that of its entry where a third party keeps
 * scans by its own clock (R23). */
static const char *
entered_at(const DnRules *rules, const json_t *state, const json_t *version)
{
    const char *gen_time = dn_json_string(json_object_get(version, "stamp"), "gen_time");

    return !gen_time && is_scan(state) && dn_rules_hosted(rules) ? dn_json_string(version, "at")
                                                                 : gen_time;
}

/* The same as a day in Japan. */
static bool
entered(const DnRules *rules, const json_t *state, const json_t *version, DnDate *out_date)
{
    const char *at = entered_at(rules, state, version);
    int64_t utc_ms = 0;

    if (!at || !dn_clock_parse(at, &utc_ms, NULL))
        return false;
    *out_date = dn_date_in_japan(utc_ms);
    return true;
}

/* --- entry (R02 to R08) --- */

static void
add_entry(json_t *duty, const DnRules *rules, const json_t *state, const DnArrival *arrival,
          const DnDate *today)
{
    const json_t *first = dn_voucher_version(state, 1);
    DnDate deadline;
    DnDate entry;
    bool has_deadline = dn_rules_deadline(rules, arrival, dn_json_string(state, "kind"), &deadline);
    bool has_entered = entered(rules, state, first, &entry);

    if (has_deadline)
        set_day(duty, "entry_deadline", &deadline);
    dn_json_set_string(duty, "entered_at", entered_at(rules, state, first));
    dn_json_set_string(duty, "on_time",
                       dn_timely_name(dn_entry_verdict(has_deadline ? &deadline : NULL,
                                                       has_entered ? &entry : NULL, today)));
}

/* A better scan counts from the day on which the bad one was found; the status of the voucher stays
 * that of its first version (R07). */
static void
add_rescans(json_t *duty, const DnRules *rules, const json_t *state, const DnDate *today)
{
    const json_t *versions = json_object_get(state, "versions");
    json_t *rescans = json_array();

    for (size_t i = 1; i < json_array_size(versions); i++) {
        const json_t *version = json_array_get(versions, i);
        json_t *rescan = json_object();
        DnDate found;
        DnDate entry;

        dn_json_set_int(rescan, "version", (int64_t)i + 1);
        if (day_of(version, "found", &found)) {
            DnDate deadline = dn_rules_rescan_deadline(rules, &found);
            DnTimely timely = dn_entry_verdict(
                &deadline, entered(rules, state, version, &entry) ? &entry : NULL, today);

            set_day(rescan, "deadline", &deadline);
            dn_json_set_string(rescan, "on_time", dn_timely_name(timely));
        }
        json_array_append_new(rescans, rescan);
    }
    if (json_array_size(rescans) > 0)
        dn_json_take(duty, "rescans", rescans);
    else
        json_decref(rescans);
}

/* --- the capture (R09 to R15), judged again --- */

static double
number_of(const json_t *page, const char *key)
{
    const json_t *value = json_object_get(page, key); /* fractions are strings in a state */

    return json_is_string(value) ? g_ascii_strtod(json_string_value(value), NULL)
                                 : json_number_value(value);
}

typedef struct {
    const char *paper;
    bool important;
    bool chart; /* of its device one has been passed */
} Known;

static DnCaptureVerdict
judge_size(const json_t *page, const Known *known)
{
    double dpi_x = number_of(page, "dpi_x");
    double dpi_y = number_of(page, "dpi_y");

    if (!known->paper && dn_capture_believable_dpi(dpi_x, dpi_y))
        return dn_capture_resolution(dpi_x, dpi_y);
    return dn_capture_pixels((uint32_t)dn_json_int(page, "width_px", 0),
                             (uint32_t)dn_json_int(page, "height_px", 0), known->paper);
}

static DnCaptureVerdict
judge_colour(const json_t *page, const Known *known)
{
    const char *colour = dn_json_string(page, "colour");

    return dn_capture_colour((unsigned)dn_json_int(page, "bits", 0), g_strcmp0(colour, "rgb") == 0,
                             g_strcmp0(colour, "bilevel") == 0, known->important);
}

static DnCaptureVerdict
judge_compression(const json_t *page, const Known *known)
{
    return dn_capture_compression(dn_json_bool(page, "lossy", true), known->chart);
}

static const struct {
    const char *rule;
    DnCaptureVerdict (*judge)(const json_t *page, const Known *known);
    const char *what;
    const char *act;
} captures[] = {
    {"R09", judge_size, "200 dots in 25.4 mm",
     "say how large the paper is (dencho correct ID --paper A4), or scan again at 200 dpi or more"},
    {"R11", judge_colour, "256 levels of red, green and blue", "scan again in colour"},
    {"R14", judge_compression, "a lossy form without a test chart",
     "say which device it was (dencho correct ID --device NAME); test it with JIS X 6933 and write "
     "where the record is into [law] test-charts"},
};

/* The newest test chart of the device when it made the newest version (R15). */
static DnChart
chart_of(const DnRules *rules, const json_t *state, const char **out_record)
{
    const char *at = dn_json_string(dn_voucher_version(state, 0), "at");
    int64_t utc_ms = 0;
    DnDate day = {9999, 12, 31};

    if (at && dn_clock_parse(at, &utc_ms, NULL))
        day = dn_date_in_japan(utc_ms);
    return dn_rules_test_chart(rules, dn_json_string(state, "device"), &day, out_record);
}

static json_t *
judge_captures(const DnRules *rules, const json_t *state)
{
    const char *record = NULL;
    const json_t *pages = json_object_get(dn_voucher_version(state, 0), "captured");
    Known known = {.paper = dn_json_string(state, "paper"),
                   .important = dn_rules_is_important(rules, dn_json_string(state, "kind")),
                   .chart = chart_of(rules, state, &record) == DN_CHART_PASSED};
    json_t *checks = json_array();

    for (size_t rule = 0; is_scan(state) && rule < G_N_ELEMENTS(captures); rule++) {
        DnCaptureVerdict worst = DN_CAPTURE_CONCERNS_NOT;

        for (size_t i = 0; i < json_array_size(pages); i++) {
            const json_t *page = json_array_get(pages, i);

            if (!dn_json_bool(page, "rendered", false))
                worst = MAX(worst, captures[rule].judge(page, &known));
        }
        /* A scan of which no page was seen as a picture has shown nothing. */
        if (worst == DN_CAPTURE_CONCERNS_NOT)
            worst = DN_CAPTURE_UNKNOWN;
        json_t *check = json_object();

        dn_json_set_string(check, "rule", captures[rule].rule);
        dn_json_set_string(check, "verdict", dn_capture_verdict_name(worst));
        json_array_append_new(checks, check);
    }
    return checks;
}

/* --- retention --- */

bool
dn_duty_keep_until(const DnRules *rules, const json_t *state, DnDate *out_until)
{
    const json_t *list = json_object_get(state, "kinds");
    g_autofree const char **kinds = g_new0(const char *, json_array_size(list) + 2);
    DnDate received;
    size_t count = 0;

    if (!day_of(state, "received", &received))
        return false;
    for (size_t i = 0; i < json_array_size(list); i++)
        kinds[count++] = json_string_value(json_array_get(list, i));
    if (count == 0)
        kinds[count++] = dn_json_string(state, "kind");
    *out_until = dn_rules_keep_until(rules, &received, kinds);
    return true;
}

/* --- link and paper (R32, R33, R62) --- */

static const char *
link_state(const json_t *state, bool important)
{
    if (json_array_size(json_object_get(state, "book_refs")) > 0)
        return "linked";
    if (json_object_get(state, "no_entry"))
        return "none";
    return is_scan(state) && important ? "pending" : "n/a";
}

/* Paper may go when its scan is in time, whole, and a person has looked at it and at its back. */
static const char *
paper_state(const DnRules *rules, const json_t *state, const json_t *duty)
{
    const json_t *checks = json_object_get(duty, "checks");
    const char *on_time = dn_json_string(duty, "on_time");
    bool stamped = entered_at(rules, state, dn_voucher_version(state, 0)) != NULL;
    const char *record = NULL;

    if (!is_scan(state))
        return "n/a";
    for (size_t i = 0; i < json_array_size(checks); i++)
        if (strcmp(dn_json_string(json_array_get(checks, i), "verdict"), "pass") != 0)
            return "keep";
    if (!dn_json_string(state, "back") || chart_of(rules, state, &record) == DN_CHART_FAILED)
        return "keep";
    return stamped && (strcmp(on_time, "on_time") == 0 || strcmp(on_time, "n/a") == 0) &&
                   strcmp(dn_json_string(state, "state"), "confirmed") == 0
               ? "may go"
               : "keep";
}

/* --- how data is kept true (R51) --- */

/* (transfer full, nullable) What shows that the voucher is kept in that way. */
static char *
shown_by(const DnRules *rules, const json_t *state, DnKept kept)
{
    const json_t *first = dn_voucher_version(state, 1);
    const json_t *brought = json_object_get(first, "brought");
    const char *brought_at = dn_json_string(brought, "gen_time");
    const char *stamped_at = dn_json_string(json_object_get(first, "stamp"), "gen_time");
    const char *procedure = dn_rules_procedure(rules);

    switch (kept) {
    case DN_KEPT_STAMPED:
        return brought_at ? g_strdup_printf("it came with the time stamp of %s by %s", brought_at,
                                            dn_json_string(brought, "authority"))
                          : NULL;
    case DN_KEPT_STAMP:
        return stamped_at ? g_strdup_printf("time stamp of %s", stamped_at) : NULL;
    case DN_KEPT_SYSTEM:
        return dn_json_bool(state, "exchanged", false)
                   ? g_strdup_printf("exchanged by %s as entry %" G_GINT64_FORMAT
                                     " of the ledger, in which nothing is overwritten",
                                     dn_json_string(state, "channel"),
                                     dn_json_int(state, "registered_seq", 0))
                   : NULL;
    case DN_KEPT_RULE:
        return procedure ? g_strdup_printf("written rule: %s", procedure) : NULL;
    }
    return NULL;
}

json_t *
dn_duty_kept(const DnRules *rules, const json_t *state, const DnDate *today)
{
    DnArrival arrival = arrival_of(state, today);
    DnKept kept = dn_rules_kept(rules, &arrival);
    g_autofree char *shown = shown_by(rules, state, kept);

    if (arrival.is_scan)
        return NULL;
    json_t *way = json_object();

    dn_json_set_string(way, "electronic", dn_kept_name(kept));
    dn_json_set_int(way, "option", kept);
    dn_json_set_string(way, "article", dn_kept_article(kept));
    dn_json_set_string(way, "shown_by", shown);
    return way;
}

bool
dn_duty_wants_brought(const DnRules *rules, const json_t *state, const DnDate *today)
{
    DnArrival arrival = arrival_of(state, today);

    return !arrival.is_scan && dn_rules_kept(rules, &arrival) == DN_KEPT_STAMPED;
}

/* By which device, and what stands on the back (R12, R15). */
static void
add_capture(json_t *duty, const DnRules *rules, const json_t *state)
{
    const char *record = NULL;
    DnChart chart = chart_of(rules, state, &record);

    dn_json_set_string(duty, "device", dn_json_string(state, "device"));
    dn_json_set_string(duty, "test_chart", chart == DN_CHART_FAILED ? "failed" : record);
    dn_json_set_string(duty, "back", dn_json_string(state, "back"));
}

/* --- all of it --- */

static void
add_fiscal_year(json_t *duty, const DnRules *rules, const DnDate *received)
{
    DnFiscalYear year = dn_rules_fiscal_year(rules, received);
    char begin[DN_DATE_TEXT + 1];
    char end[DN_DATE_TEXT + 1];

    dn_date_format(&year.begin, begin);
    dn_date_format(&year.end, end);
    g_autofree char *both = g_strconcat(begin, "..", end, NULL);

    dn_json_set_string(duty, "fiscal_year", both);
}

json_t *
dn_duty(const DnRules *rules, const json_t *state, const DnDate *today)
{
    bool important = dn_rules_is_important(rules, dn_json_string(state, "kind"));
    json_t *duty = json_object();
    DnArrival arrival = arrival_of(state, today);
    g_autoptr(json_t) kept = dn_duty_kept(rules, state, today);
    DnDate until;
    DnDate date;

    dn_json_set_string(duty, "importance", important ? "important" : "general");
    add_entry(duty, rules, state, &arrival, today);
    add_rescans(duty, rules, state, today);
    add_fiscal_year(duty, rules, &arrival.received);
    if (dn_duty_keep_until(rules, state, &until))
        set_day(duty, "keep_until", &until);
    if (kept)
        json_object_update(duty, kept);
    if (!day_of(json_object_get(json_object_get(state, "fields"), "date"), "value", &date))
        date = arrival.received;
    dn_json_set_string(duty, "bundle", dn_rules_bundle(rules, &date));
    dn_json_set_string(duty, "amounts", dn_rules_amount_basis(rules, &date));
    dn_json_set_string(duty, "link", link_state(state, important));
    if (arrival.is_scan)
        add_capture(duty, rules, state);
    dn_json_take(duty, "checks", judge_captures(rules, state));
    dn_json_set_string(duty, "paper", paper_state(rules, state, duty));
    return duty;
}

/* --- what is open --- */

static void
add_open(json_t *open, const char *rule, const char *what, const char *act)
{
    json_t *item = json_object();

    dn_json_set_string(item, "rule", rule);
    dn_json_set_string(item, "what", what);
    dn_json_set_string(item, "do", act);
    json_array_append_new(open, item);
}

static void
open_entry(json_t *open, const json_t *duty)
{
    const char *on_time = dn_json_string(duty, "on_time");
    const char *deadline = dn_json_string(duty, "entry_deadline");
    const json_t *rescans = json_object_get(duty, "rescans");

    if (strcmp(on_time, "late") == 0) {
        g_autofree char *what = g_strconcat("LATE: it had to be stamped by ", deadline, NULL);

        add_open(open, "R05", what,
                 "keep the paper; stamp at once if it waits; say why: dencho excuse ID --reason R");
    }
    for (size_t i = 0; i < json_array_size(rescans); i++)
        if (g_strcmp0(dn_json_string(json_array_get(rescans, i), "on_time"), "late") == 0)
            add_open(open, "R07", "a new scan came in too long after the bad one was found",
                     "keep the paper");
}

static void
open_captures(json_t *open, const DnRules *rules, const json_t *state, const json_t *duty)
{
    const json_t *checks = json_object_get(duty, "checks");
    const char *record = NULL;

    if (is_scan(state) && !dn_json_string(state, "back"))
        add_open(open, "R12", "nobody has said whether anything stands on the back",
                 "look, and scan the back too when something does: dencho correct ID --back blank, "
                 "print (the same on all) or captured, with --reason R");
    if (is_scan(state) && chart_of(rules, state, &record) == DN_CHART_FAILED)
        add_open(open, "R15", "its device had failed its newest test chart",
                 "scan again with a device that has passed: dencho revise ID FILE");

    if (is_scan(state) && !json_object_get(dn_voucher_version(state, 0), "captured")) {
        add_open(open, "R09", "nobody has looked at the picture yet", "dencho read ID");
        return;
    }
    for (size_t i = 0; i < json_array_size(checks) && i < G_N_ELEMENTS(captures); i++) {
        const char *verdict = dn_json_string(json_array_get(checks, i), "verdict");
        g_autofree char *what = g_strconcat(captures[i].what, ": ", verdict, NULL);

        if (strcmp(verdict, "pass") != 0)
            add_open(open, captures[i].rule, what, captures[i].act);
    }
}

static void
open_stamp(json_t *open, const DnRules *rules, const DnArrival *arrival, DnStamp stamp)
{
    if (!dn_rules_want_stamp(rules, arrival))
        return;
    if (stamp == DN_STAMP_NONE)
        add_open(open, "R19", "not every version has a time stamp", "dencho stamp");
    else if (stamp == DN_STAMP_BROKEN)
        add_open(open, "R20", "a time stamp proves nothing", "dencho verify says why");
    else if (stamp == DN_STAMP_UNACCREDITED)
        add_open(open, "R19", "NON-ACCREDITED time stamp",
                 "stamp with an authority that the Minister has accredited and name it in the "
                 "trust list");
}

static void
open_link(json_t *open, const DnRules *rules, const json_t *state, const json_t *duty,
          const DnDate *today)
{
    DnDate received;

    if (strcmp(dn_json_string(duty, "link"), "pending") != 0)
        return;
    bool closed = false;

    if (day_of(state, "received", &received)) {
        DnFiscalYear year = dn_rules_fiscal_year(rules, &received);

        closed = dn_date_compare(&year.end, today) < 0;
    }
    add_open(open, closed ? "R34" : "R33",
             closed ? "no entry of the books, and their year has ended"
                    : "no entry of the books yet",
             "dencho link ID REF, or dencho link ID --none --reason R");
}

static void
open_keys(json_t *open, const json_t *state)
{
    const json_t *fields = json_object_get(state, "fields");
    const char *const names[] = {
        "date", "party", dn_kind(dn_json_string(state, "kind"))->has_amount ? "amount" : NULL,
        NULL};

    for (const char *const *name = names; *name; name++) {
        const json_t *value = json_object_get(json_object_get(fields, *name), "value");
        g_autofree char *what = g_strconcat("no ", *name, " to be found by", NULL);
        g_autofree char *act = g_strdup_printf("dencho correct ID --%s ... --reason R", *name);

        if (!value || json_is_null(value))
            add_open(open, "R38", what, act);
    }
}

/* Kept by a time stamp from before the exchange (規4①一). */
static void
open_brought(json_t *open, const json_t *state, const DnArrival *arrival, DnStamp brought)
{
    const json_t *versions = json_object_get(state, "versions");

    if (brought == DN_STAMP_NONE)
        add_open(open, "R51", "it came without a time stamp, and its channel is kept by that",
                 "ask the sender for a stamped one: a PDF with a document time stamp, or a token "
                 "(dencho ingest --token FILE); or settle another way in [law] electronic");
    else if (brought == DN_STAMP_BROKEN)
        add_open(open, "R51", "the time stamp that it came with proves nothing",
                 "dencho show ID says why; ask the sender for one that holds");
    else if (brought == DN_STAMP_UNACCREDITED)
        add_open(open, "R19", "it came with a NON-ACCREDITED time stamp",
                 "name its authority in the trust list if the Minister has accredited it; else ask "
                 "the sender for another");
    for (size_t i = 0; i < json_array_size(versions); i++) {
        const json_t *one = json_object_get(json_array_get(versions, i), "brought");
        const char *at = dn_json_string(one, "gen_time");
        int64_t utc_ms = 0;

        if (!at || !dn_clock_parse(at, &utc_ms, NULL))
            continue;
        DnDate day = dn_date_in_japan(utc_ms);

        if (dn_date_compare(&day, &arrival->received) > 0)
            add_open(open, "R51", "it was stamped after its receipt, not before the exchange",
                     "correct nothing; ask the sender, or settle in [law] electronic that the "
                     "channel is kept by our own stamp");
    }
}

static void
open_electronic(json_t *open, const DnRules *rules, const json_t *state, const DnArrival *arrival,
                const DnShown *shown)
{
    if (arrival->is_scan)
        return;
    switch (dn_rules_kept(rules, arrival)) {
    case DN_KEPT_STAMPED:
        open_brought(open, state, arrival, shown->brought);
        return;
    case DN_KEPT_STAMP: /* open_stamp() */
        return;
    case DN_KEPT_SYSTEM:
        if (!dn_json_bool(state, "exchanged", false))
            add_open(open, "R52", "put in later, and its channel is kept by exchange",
                     "have the service hand its documents over itself; settle stamp or rule for "
                     "what people put in");
        return;
    case DN_KEPT_RULE:
        if (!dn_rules_procedure(rules))
            add_open(open, "R51", "kept by a written rule, and none is recorded",
                     "write its name and place into [law] procedure");
        return;
    }
}

json_t *
dn_duty_open(const DnRules *rules, const json_t *state, const json_t *duty, const DnShown *shown,
             const DnDate *today)
{
    DnArrival arrival = arrival_of(state, today);
    json_t *open = json_array();
    DnDate received;

    open_entry(open, duty);
    open_captures(open, rules, state, duty);
    open_stamp(open, rules, &arrival, shown->stamp);
    open_link(open, rules, state, duty, today);
    open_keys(open, state);
    open_electronic(open, rules, state, &arrival, shown);
    if (is_scan(state) && day_of(state, "received", &received) &&
        !dn_rules_scans_kept(rules, dn_json_string(state, "kind"), &received))
        add_open(open, "R61", "received on a day on which such scans are not kept as data",
                 "keep the paper; [law] scans-kept says from when to when");
    return open;
}
