/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tests/unit/engine/test-clock.c - what a clock is worth decides what may come in by its word.
 *
 * The kernel's answer is this file's: the clock of the machine that runs the test plays no part.
 */
#include "config.h"
#include "base/clock.h"
#include "engine/archive.h"
#include "tests/unit/engine/fixture.h"

#include <string.h>
#include <sys/timex.h>

enum { BOUND_US = 1000000 }; /* a time stamp's authority keeps its clock within a second, too */

static int kernel_state = TIME_OK;
static int kernel_status;
static long kernel_error_us = 2000;

/* In place of the C library's. */
int
adjtimex(struct timex *state)
{
    memset(state, 0, sizeof *state);
    state->status = kernel_status;
    state->maxerror = kernel_error_us;
    return kernel_state;
}

static void
kernel_says(int state, int status, long error_us)
{
    kernel_state = state;
    kernel_status = status;
    kernel_error_us = error_us;
}

static const char *const hosted[] = {"law.scans=hosted", "law.operator=Cloud KK",
                                     "law.taxpayer-name=Yamada Shoten", NULL};

static void
open_archive(Fixture *fixture)
{
    g_autoptr(GError) error = NULL;
    DnArchiveOptions options = {.actor = "cli:clerk", .worker_path = "/nonexistent"};

    g_clear_pointer(&fixture->archive, dn_archive_close);
    fixture->archive = dn_archive_open(fixture->dir, &options, &error);
    g_assert_no_error(error);
}

static void
set_up(Fixture *fixture, gconstpointer data)
{
    DnArchiveInit init = {.settings = data};

    kernel_says(TIME_OK, 0, 2000);
    fixture_init(fixture, &init);
    open_archive(fixture);
}

static GBytes *
document(const char *content)
{
    g_autofree char *bytes = g_strconcat("\x89PNG\r\n\x1a\n", content, NULL);

    return g_bytes_new(bytes, strlen(bytes));
}

static bool
ingest(Fixture *fixture, const char *content, json_t **out_result, GError **error)
{
    g_autoptr(GBytes) bytes = document(content);
    DnIngest request = {.origin = "scan", .kind = "receipt", .no_wait = true};

    return dn_archive_ingest(fixture->archive, bytes, &request, out_result, error);
}

static void
assert_taken(Fixture *fixture, const char *content, DnUuid *out_id)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) result = NULL;

    ingest(fixture, content, &result, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(dn_json_string(result, "status"), ==, "stored");
    g_assert_true(dn_uuid_parse(dn_json_string(result, "voucher"), out_id, NULL));
}

static void
assert_refused(Fixture *fixture, const char *content)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) before = dn_archive_stats(fixture->archive, NULL);
    g_autoptr(json_t) result = NULL;

    g_assert_false(ingest(fixture, content, &result, &error));
    g_assert_error(error, DN_ERROR, DN_ERROR_EXTERNAL);
    g_assert_nonnull(strstr(error->message, "synchronised"));
    g_assert_null(result);
    g_autoptr(json_t) after = dn_archive_stats(fixture->archive, NULL);

    g_assert_true(dn_json_int(before, "vouchers", -1) == dn_json_int(after, "vouchers", -2));
    g_assert_true(dn_json_int(before, "entries", -1) == dn_json_int(after, "entries", -2));
}

static void
test_R23_hosted_takes_nothing_in_by_a_clock_that_is_not_synchronised(Fixture *fixture,
                                                                     gconstpointer data)
{
    DnUuid id;
    g_autoptr(GBytes) better = document("better");
    g_autoptr(json_t) result = NULL;
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) row = NULL;

    (void)data;
    kernel_says(TIME_OK, 0, BOUND_US); /* the bound itself will do */
    assert_taken(fixture, "one", &id);
    kernel_says(TIME_OK, 0, BOUND_US + 1);
    assert_refused(fixture, "two");
    kernel_says(TIME_OK, STA_UNSYNC, 2000);
    assert_refused(fixture, "two");
    kernel_says(TIME_ERROR, 0, 2000);
    assert_refused(fixture, "two");
    kernel_says(-1, 0, 0); /* the kernel does not tell at all */
    assert_refused(fixture, "two");
    /* nor a new version */
    g_assert_false(
        dn_archive_revise(fixture->archive, &id, better, NULL, "bent", NULL, &result, &error));
    g_assert_error(error, DN_ERROR, DN_ERROR_EXTERNAL);
    /* what does not rest on the clock goes on */
    g_clear_error(&error);
    g_assert_true(dn_archive_confirm(fixture->archive, &id, &row, &error));
    g_assert_no_error(error);
    kernel_says(TIME_INS, 0, 2000); /* a leap second is coming: synchronised */
    assert_taken(fixture, "two", &id);
}

static void
test_R23_with_time_stamps_the_clock_is_only_noted(Fixture *fixture, gconstpointer data)
{
    DnUuid id;

    (void)data;
    kernel_says(TIME_ERROR, STA_UNSYNC, BOUND_US * 16L);
    assert_taken(fixture, "one", &id);
}

/* A voucher has entered by the clock's word: in time, with no time stamp at all. */
static void
test_R23_hosted_enters_when_it_is_stored(Fixture *fixture, gconstpointer data)
{
    DnUuid id;
    g_autoptr(GError) error = NULL;

    (void)data;
    assert_taken(fixture, "one", &id);
    g_autoptr(json_t) details = dn_archive_show(fixture->archive, &id, 0, &error);
    const json_t *law = json_object_get(details, "law");

    g_assert_no_error(error);
    g_assert_cmpstr(dn_json_string(law, "on_time"), ==, "on_time");
    g_assert_cmpstr(dn_json_string(law, "entered_at"), ==, dn_json_string(details, "registered"));
}

/* --- a clock that jumps back --- */

static int jumps_told;

static GLogWriterOutput
listen(GLogLevelFlags level, const GLogField *fields, gsize count, gpointer user_data)
{
    (void)level;
    (void)user_data;
    for (gsize i = 0; i < count; i++)
        if (strcmp(fields[i].key, "MESSAGE") == 0 && strstr(fields[i].value, "clock went back"))
            jumps_told++;
    return G_LOG_WRITER_HANDLED;
}

static bool
no_failure(const json_t *row, void *user_data, GError **error)
{
    (void)row;
    (void)user_data;
    return dn_fail(error, DN_ERROR_CORRUPT, "nothing was to be found");
}

static int64_t
jumps_found(Fixture *fixture)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) totals = NULL;

    g_assert_true(dn_archive_verify(fixture->archive, NULL, NULL, DN_VERIFY_FULL, no_failure, NULL,
                                    NULL, &totals, &error));
    g_assert_no_error(error);
    return dn_json_int(totals, "clock_back", 0);
}

static void
test_R23_a_clock_that_jumps_back_is_noticed(Fixture *fixture, gconstpointer data)
{
    enum { HOUR_MS = 60 * 60 * 1000 };
    DnUuid id;

    (void)data;
    assert_taken(fixture, "one", &id);
    dn_clock_shift(HOUR_MS);
    assert_taken(fixture, "two", &id);
    g_assert_cmpint(jumps_told, ==, 0);
    g_assert_cmpint(jumps_found(fixture), ==, 0);
    dn_clock_shift(0);
    assert_taken(fixture, "three", &id);
    g_assert_cmpint(jumps_told, ==, 1);
    g_assert_cmpint(jumps_found(fixture), ==, 1);
    /* the ledger tells it also when the program was not running meanwhile */
    dn_clock_shift(2 * HOUR_MS);
    open_archive(fixture);
    assert_taken(fixture, "four", &id);
    dn_clock_shift(0);
    open_archive(fixture);
    assert_taken(fixture, "five", &id);
    g_assert_cmpint(jumps_found(fixture), ==, 2);
}

#define T(name, settings)                                                                          \
    g_test_add("/clock/" #name, Fixture, settings, set_up, test_##name, tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_log_set_writer_func(listen, NULL, NULL);
    T(R23_hosted_takes_nothing_in_by_a_clock_that_is_not_synchronised, hosted);
    T(R23_with_time_stamps_the_clock_is_only_noted, NULL);
    T(R23_hosted_enters_when_it_is_stored, hosted);
    T(R23_a_clock_that_jumps_back_is_noticed, NULL);
    return g_test_run();
}
