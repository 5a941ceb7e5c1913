/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tests/unit/engine/test-deadlines.c - the days of an archive as its report tells them, by a clock
 * that is moved and an authority that stamps by it: documents come in, are stamped, or are not.
 *
 * A test that proves a row of docs/requirements.md has its number in its name.
 */
#include "config.h"
#include "base/clock.h"
#include "engine/archive.h"
#include "tests/unit/engine/fixture.h"
#include "tests/unit/engine/report.h"
#include "tests/unit/evidence/authority.h"

#include <string.h>

static const int64_t ms_per_day = INT64_C(24) * 60 * 60 * 1000;

typedef struct {
    Fixture archive;
    char *tsa;
    Authority *authority;
} Life;

static void
set_up(Life *life, gconstpointer data)
{
    g_autofree char *root = g_dir_make_tmp("dencho-deadlines-XXXXXX", NULL);

    life->tsa = g_build_filename(root, "tsa", NULL);
    authority_init(life->tsa, "--valid-from 2026-01-01 --days 1000");
    fixture_init(&life->archive, &(DnArchiveInit){.settings = data});
}

static void
take_down(Life *life, gconstpointer data)
{
    g_autofree char *root = g_path_get_dirname(life->tsa);

    g_clear_pointer(&life->authority, authority_free);
    tear_down(&life->archive, data);
    dn_clock_shift(0);
    g_assert_true(dn_fs_remove_tree(root, NULL));
    g_free(life->tsa);
}

/* It is noon of that day in Japan, for the archive and for the authority. */
static void
live_on(Life *life, const char *date)
{
    DnDate wanted;
    g_autofree char *clock = g_strconcat("--clock ", date, "T03:00:00.000Z", NULL);
    g_autofree char *conf = g_build_filename(life->archive.dir, "dencho.conf", NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(GKeyFile) settings = g_key_file_new();
    DnArchiveOptions options = {.actor = "cli:clerk", .worker_path = "/nonexistent"};

    g_clear_pointer(&life->archive.archive, dn_archive_close);
    g_clear_pointer(&life->authority, authority_free);
    g_assert_true(dn_date_parse(date, &wanted, NULL));
    dn_clock_shift(0);
    dn_clock_shift((int64_t)dn_date_to_days(&wanted) * ms_per_day + ms_per_day / 8 -
                   dn_clock_now_utc_ms());
    life->authority = authority_start(life->tsa, clock);
    g_assert_true(g_key_file_load_from_file(settings, conf, G_KEY_FILE_KEEP_COMMENTS, &error));
    g_key_file_set_string(settings, "evidence", "tsa-url", authority_url(life->authority));
    g_assert_true(g_key_file_save_to_file(settings, conf, &error));
    life->archive.archive = dn_archive_open(life->archive.dir, &options, &error);
    g_assert_no_error(error);
}

static GBytes *
picture(const char *content)
{
    g_autofree char *bytes = g_strconcat("\x89PNG\r\n\x1a\n", content, NULL);

    return g_bytes_new(bytes, strlen(bytes));
}

/* Received on the day that it is. */
static DnUuid
ingest(Life *life, const char *content, const char *kind)
{
    g_autoptr(GBytes) bytes = picture(content);
    g_autoptr(json_t) result = NULL;
    g_autoptr(GError) error = NULL;
    DnIngest request = {.origin = "scan", .kind = kind, .no_wait = true};
    DnUuid id;

    dn_archive_ingest(life->archive.archive, bytes, &request, &result, &error);
    g_assert_no_error(error);
    g_assert_true(dn_uuid_parse(dn_json_string(result, "voucher"), &id, NULL));
    return id;
}

static void
stamp(Life *life, int64_t wanted)
{
    g_autoptr(json_t) result = NULL;
    g_autoptr(GError) error = NULL;

    dn_archive_stamp(life->archive.archive, &result, &error);
    g_assert_no_error(error);
    g_assert_cmpint(dn_json_int(result, "stamped", -1), ==, wanted);
}

static void
assert_told(Life *life, const DnUuid *id, const char *deadline, const char *on_time)
{
    g_autoptr(json_t) row = report_of(life->archive.archive, id);
    const json_t *law = json_object_get(row, "law");

    g_assert_cmpstr(dn_json_string(law, "entry_deadline"), ==, deadline);
    g_assert_cmpstr(dn_json_string(law, "on_time"), ==, on_time);
    g_assert_true(report_is_open(row, "R05") == (strcmp(on_time, "late") == 0));
}

/* 2026-04-24 is a Friday; 29 April and 3 to 6 May are holidays. */
static void
test_R02_R04_R05_seven_business_days(Life *life, gconstpointer data)
{
    (void)data;
    live_on(life, "2026-04-21");
    DnUuid tuesday = ingest(life, "tuesday", "receipt");

    assert_told(life, &tuesday, "2026-05-01", "waiting");
    live_on(life, "2026-04-24");
    DnUuid friday = ingest(life, "friday", "receipt");

    assert_told(life, &friday, "2026-05-11", "waiting");
    live_on(life, "2026-05-01"); /* the last day of Tuesday's */
    assert_told(life, &tuesday, "2026-05-01", "waiting");
    stamp(life, 2);
    assert_told(life, &tuesday, "2026-05-01", "on_time");
    g_autoptr(json_t) row = report_of(life->archive.archive, &tuesday);

    /* by the word of the authority, not of the upload */
    g_assert_true(g_str_has_prefix(dn_json_string(json_object_get(row, "law"), "entered_at"),
                                   "2026-05-01T03:00:0"));
    live_on(life, "2026-05-07");
    DnUuid thursday = ingest(life, "thursday", "receipt");

    live_on(life, "2026-05-18"); /* a Monday: the seventh business day */
    assert_told(life, &thursday, "2026-05-18", "waiting");
    live_on(life, "2026-05-19");
    assert_told(life, &thursday, "2026-05-18", "late"); /* it waits, and is late */
    stamp(life, 1);
    assert_told(life, &thursday, "2026-05-18", "late"); /* a stamp does not mend it */
    assert_told(life, &friday, "2026-05-11", "on_time");
}

static const char *const by_cycle[] = {"law.entry=cycle", "law.procedure=rules/2026.pdf", NULL};

static void
test_R03_after_the_cycle(Life *life, gconstpointer data)
{
    (void)data;
    live_on(life, "2026-04-21");
    DnUuid first = ingest(life, "first", "receipt");

    live_on(life, "2026-06-30");
    assert_told(life, &first, "2026-06-30", "waiting");
    stamp(life, 1);
    assert_told(life, &first, "2026-06-30", "on_time");
    DnUuid end = ingest(life, "end", "receipt");

    live_on(life, "2026-09-09"); /* the cycle ends on 29 August, a Saturday */
    assert_told(life, &end, "2026-09-08", "late");
}

static void
test_R06_R07_excused_and_scanned_again(Life *life, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) excused = NULL;
    g_autoptr(json_t) revised = NULL;
    g_autoptr(GBytes) better = picture("better");

    (void)data;
    live_on(life, "2026-04-21");
    DnUuid bent = ingest(life, "bent", "receipt");

    stamp(life, 1);
    DnUuid late = ingest(life, "late", "receipt");

    live_on(life, "2026-08-03");
    stamp(life, 1);
    g_assert_true(dn_archive_excuse(life->archive.archive, &late, "flood, report of 2026-04-22",
                                    &excused, &error));
    assert_told(life, &late, "2026-05-01", "late");
    live_on(life, "2026-09-01"); /* somebody finds the bent one */
    g_assert_true(dn_archive_revise(life->archive.archive, &bent, better, "b.png", "bent", NULL,
                                    &revised, &error));
    live_on(life, "2026-09-10"); /* the seventh business day from there */
    stamp(life, 1);
    g_autoptr(json_t) row = report_of(life->archive.archive, &bent);
    const json_t *rescans = json_object_get(json_object_get(row, "law"), "rescans");

    assert_told(life, &bent, "2026-05-01", "on_time");
    g_assert_cmpstr(dn_json_string(json_array_get(rescans, 0), "deadline"), ==, "2026-09-10");
    g_assert_cmpstr(dn_json_string(json_array_get(rescans, 0), "on_time"), ==, "on_time");
    g_assert_false(report_is_open(row, "R07"));
}

static const char *const by_kind[] = {"law.documents=by-kind", NULL};

static void
test_R08_a_general_document_may_come_at_any_time(Life *life, gconstpointer data)
{
    (void)data;
    live_on(life, "2026-04-21");
    DnUuid quotation = ingest(life, "quotation", "quotation");
    DnUuid receipt = ingest(life, "receipt", "receipt");

    live_on(life, "2027-04-21");
    assert_told(life, &quotation, NULL, "n/a");
    assert_told(life, &receipt, "2026-05-01", "late");
}

#define T(name, settings)                                                                          \
    g_test_add("/deadlines/" #name, Life, settings, set_up, test_##name, take_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    T(R02_R04_R05_seven_business_days, NULL);
    T(R03_after_the_cycle, by_cycle);
    T(R06_R07_excused_and_scanned_again, NULL);
    T(R08_a_general_document_may_come_at_any_time, by_kind);
    return g_test_run();
}
