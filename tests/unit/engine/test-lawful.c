/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tests/unit/engine/test-lawful.c - versions, links, holds and disposal through the public header,
 * without a worker.
 *
 * A test that proves a row of docs/requirements.md has its number in its name.
 */
#include "config.h"
#include "base/clock.h"
#include "base/fs.h"
#include "engine/archive.h"
#include "tests/unit/engine/fixture.h"

#include <glib/gstdio.h>
#include <string.h>

/* One person after another works with the archive. */
static void
open_as(Fixture *fixture, const char *actor)
{
    g_autoptr(GError) error = NULL;
    DnArchiveOptions options = {.actor = actor, .worker_path = "/nonexistent"};

    g_clear_pointer(&fixture->archive, dn_archive_close);
    fixture->archive = dn_archive_open(fixture->dir, &options, &error);
    g_assert_no_error(error);
}

static void
set_up(Fixture *fixture, gconstpointer data)
{
    DnArchiveInit init = {.settings = data};

    fixture_init(fixture, &init);
    open_as(fixture, "cli:clerk");
}

static GBytes *
document(const char *content)
{
    g_autofree char *bytes = g_strconcat("\x89PNG\r\n\x1a\n", content, NULL);

    return g_bytes_new(bytes, strlen(bytes));
}

static DnDate
day(const char *text)
{
    DnDate date;

    g_assert_true(dn_date_parse(text, &date, NULL));
    return date;
}

static json_t *
ingest_result(Fixture *fixture, const char *content, const char *received)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) bytes = document(content);
    DnDate date = received ? day(received) : dn_date_in_japan(dn_clock_now_utc_ms());
    json_t *result = NULL;
    DnIngest request = {.origin = "scan", .received = &date, .no_wait = true};

    g_assert_true(dn_archive_ingest(fixture->archive, bytes, &request, &result, &error));
    g_assert_no_error(error);
    return result;
}

static DnUuid
ingest(Fixture *fixture, const char *content, const char *received)
{
    g_autoptr(json_t) result = ingest_result(fixture, content, received);
    DnUuid id;

    g_assert_cmpstr(dn_json_string(result, "status"), ==, "stored");
    g_assert_true(dn_uuid_parse(dn_json_string(result, "voucher"), &id, NULL));
    return id;
}

static json_t *
show(Fixture *fixture, const DnUuid *id)
{
    g_autoptr(GError) error = NULL;
    json_t *details = dn_archive_show(fixture->archive, id, 0, &error);

    g_assert_no_error(error);
    return details;
}

static void
assert_holds_bytes(Fixture *fixture, const DnUuid *id, unsigned version, const char *content)
{
    g_autoptr(GError) error = NULL;
    const char *type = NULL;
    g_autoptr(GBytes) wanted = document(content);
    g_autoptr(GBytes) found =
        dn_archive_cat(fixture->archive, id, "original", version, &type, &error);

    g_assert_no_error(error);
    g_assert_true(g_bytes_equal(found, wanted));
}

static bool
collect(const json_t *row, void *user_data, GError **error)
{
    (void)error;
    g_ptr_array_add(user_data, dn_json_line(row));
    return true;
}

static GPtrArray *
lines(void)
{
    return g_ptr_array_new_with_free_func(g_free);
}

static GPtrArray *
search(Fixture *fixture, const DnSearch *terms)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *cursor = NULL;
    GPtrArray *rows = lines();

    g_assert_true(dn_archive_search(fixture->archive, terms, collect, rows, &cursor, &error));
    g_assert_no_error(error);
    return rows;
}

static GPtrArray *
history(Fixture *fixture, const DnUuid *id)
{
    g_autoptr(GError) error = NULL;
    GPtrArray *rows = lines();

    g_assert_true(dn_archive_history(fixture->archive, id, collect, rows, &error));
    g_assert_no_error(error);
    return rows;
}

static int64_t
verify(Fixture *fixture)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) failures = lines();
    g_autoptr(json_t) totals = NULL;

    g_assert_true(dn_archive_verify(fixture->archive, NULL, NULL, DN_VERIFY_FULL, collect, NULL,
                                    failures, &totals, &error));
    g_assert_no_error(error);
    for (guint i = 0; i < failures->len; i++)
        g_test_message("%s", (char *)g_ptr_array_index(failures, i));
    return dn_json_int(totals, "failed", -1);
}

static void
rebuild(Fixture *fixture)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) result = NULL;
    DnArchiveOptions options = {.actor = "cli:clerk", .worker_path = "/nonexistent"};

    g_clear_pointer(&fixture->archive, dn_archive_close);
    g_assert_true(dn_archive_rebuild(fixture->dir, &options, NULL, NULL, &result, &error));
    g_assert_no_error(error);
    open_as(fixture, "cli:clerk");
}

#define assert_fails(call, wanted)                                                                 \
    do {                                                                                           \
        g_autoptr(GError) failure = NULL;                                                          \
        GError **error = &failure;                                                                 \
        g_assert_false(call);                                                                      \
        g_assert_error(failure, DN_ERROR, DN_ERROR_##wanted);                                      \
    } while (0)

#define assert_works(call)                                                                         \
    do {                                                                                           \
        g_autoptr(GError) failure = NULL;                                                          \
        GError **error = &failure;                                                                 \
        bool worked = (call);                                                                      \
        g_assert_no_error(failure);                                                                \
        g_assert_true(worked);                                                                     \
    } while (0)

/* ---- entry ---- */

static void
test_R02_late_is_taken_in_and_told(Fixture *fixture, gconstpointer data)
{
    (void)data;
    g_autoptr(json_t) late = ingest_result(fixture, "old", "2026-01-05");
    g_autoptr(json_t) fresh = ingest_result(fixture, "new", NULL);

    g_assert_cmpstr(dn_json_string(late, "status"), ==, "stored");
    g_assert_cmpstr(dn_json_string(json_object_get(late, "law"), "on_time"), ==, "late");
    g_assert_cmpstr(dn_json_string(json_object_get(late, "law"), "entry_deadline"), ==,
                    "2026-01-15");
    g_assert_cmpstr(dn_json_string(json_object_get(fresh, "law"), "on_time"), ==, "waiting");
}

static void
test_R03_an_archive_by_cycle_needs_a_procedure(void)
{
    g_autofree char *root = g_dir_make_tmp("dencho-lawful-XXXXXX", NULL);
    g_autofree char *dir = g_build_filename(root, "archive", NULL);
    g_autofree char *key = NULL;
    static const char *const settings[] = {"law.entry=cycle", NULL};
    DnArchiveInit init = {.settings = settings};

    assert_fails(dn_archive_init(dir, &init, &key, error), INVALID);
    g_assert_false(g_file_test(dir, G_FILE_TEST_EXISTS));
    g_assert_true(dn_fs_remove_tree(root, NULL));
}

static void
test_R01_R60_what_is_refused_at_the_door(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GBytes) bytes = document("x");
    g_autoptr(json_t) result = NULL;

    (void)data;
    assert_fails(dn_archive_ingest(fixture->archive, bytes, &(DnIngest){.origin = "printout"},
                                   &result, error),
                 INVALID);
    assert_fails(
        dn_archive_ingest(fixture->archive, bytes, &(DnIngest){.kind = "napkin"}, &result, error),
        INVALID);
    assert_fails(
        dn_archive_ingest(fixture->archive, bytes, &(DnIngest){.paper = "A99"}, &result, error),
        INVALID);
}

/* ---- versions ---- */

/* The worker cannot start: the version is archived all the same, and the answer says that it was
 * not read. */
static void
revise(Fixture *fixture, const DnUuid *id, const char *content, const DnDate *found)
{
    g_autoptr(GBytes) bytes = document(content);
    g_autoptr(json_t) result = NULL;

    assert_works(dn_archive_revise(fixture->archive, id, bytes, "better.png", "bent", found,
                                   &result, error));
    g_assert_cmpstr(dn_json_string(result, "status"), ==, "stored");
    g_assert_nonnull(dn_json_string(json_object_get(result, "error"), "code"));
    g_assert_nonnull(dn_json_string(json_object_get(result, "error"), "message"));
}

static void
test_a_revision_waits_for_a_worker_that_starts(Fixture *fixture, gconstpointer data)
{
    DnUuid id = ingest(fixture, "one", NULL);
    g_autoptr(GPtrArray) rows = lines();

    (void)data;
    revise(fixture, &id, "two", NULL);
    g_autoptr(json_t) details = show(fixture, &id);
    g_autoptr(json_t) stats = dn_archive_stats(fixture->archive, NULL);

    g_assert_cmpint(dn_json_int(details, "version", 0), ==, 2);
    g_assert_cmpstr(dn_json_string(details, "state"), ==, "stored");
    g_assert_null(json_object_get(details, "error")); /* no verdict on the document */
    g_assert_cmpint(dn_json_int(stats, "unread", 0), ==, 1);
    /* it is among what waits, and is tried again */
    assert_fails(dn_archive_read_pending(fixture->archive, collect, rows, error), IO);
}

static void
test_R24_R25_a_version_follows_the_newest(Fixture *fixture, gconstpointer data)
{
    DnUuid id = ingest(fixture, "one", NULL);
    DnUuid stranger = dn_uuid_new();
    g_autoptr(GBytes) bytes = document("two");
    g_autoptr(json_t) result = NULL;

    (void)data;
    /* no version without a voucher that came in before */
    assert_fails(
        dn_archive_revise(fixture->archive, &stranger, bytes, NULL, "bent", NULL, &result, error),
        NOT_FOUND);
    revise(fixture, &id, "two", NULL);
    revise(fixture, &id, "three", NULL);
    g_autoptr(json_t) details = show(fixture, &id);

    g_assert_cmpint(dn_json_int(details, "version", 0), ==, 3);
    assert_holds_bytes(fixture, &id, 1, "one");
    assert_holds_bytes(fixture, &id, 2, "two");
    assert_holds_bytes(fixture, &id, 3, "three");
}

static void
test_R07_the_day_of_discovery_is_kept(Fixture *fixture, gconstpointer data)
{
    DnUuid id = ingest(fixture, "one", NULL);
    DnDate found = day("2026-09-01");

    (void)data;
    revise(fixture, &id, "two", &found);
    g_autoptr(json_t) details = show(fixture, &id);
    const json_t *second = json_array_get(json_object_get(details, "versions"), 1);

    g_assert_cmpstr(dn_json_string(second, "found"), ==, "2026-09-01");
    g_assert_cmpstr(dn_json_string(second, "reason"), ==, "bent");
}

static void
test_R26_R27_R29_deleted_is_a_mark(Fixture *fixture, gconstpointer data)
{
    DnUuid id = ingest(fixture, "one", NULL);
    int64_t amount = 500;
    DnCorrection correction = {.amount = &amount, .party = "霞商店"};
    g_autoptr(json_t) corrected = NULL;
    g_autoptr(json_t) deleted = NULL;

    (void)data;
    assert_works(
        dn_archive_correct(fixture->archive, &id, &correction, "misread", &corrected, error));
    amount = 600;
    g_clear_pointer(&corrected, json_decref);
    assert_works(
        dn_archive_correct(fixture->archive, &id, &correction, "misread again", &corrected, error));
    assert_works(dn_archive_delete(fixture->archive, &id, "twice", &deleted, error));
    g_autoptr(GPtrArray) usual = search(fixture, &(DnSearch){0});
    g_autoptr(GPtrArray) asked = search(fixture, &(DnSearch){.deleted = "only"});
    g_autoptr(GPtrArray) past = history(fixture, &id);
    const char *second = g_ptr_array_index(past, 2);

    g_assert_cmpuint(usual->len, ==, 0);
    g_assert_cmpuint(asked->len, ==, 1);
    assert_holds_bytes(fixture, &id, 1, "one");
    g_assert_cmpuint(past->len, ==, 4);
    g_assert_nonnull(strstr(second, "\"before\":500"));
    g_assert_nonnull(strstr(second, "\"after\":600"));
    g_assert_nonnull(strstr(second, "\"actor\":\"cli:clerk\""));
    g_assert_nonnull(strstr(second, "misread again"));
    g_assert_nonnull(strstr(g_ptr_array_index(past, 3), "twice"));
}

static void
test_R28_a_replacement_is_a_new_voucher(Fixture *fixture, gconstpointer data)
{
    DnUuid first = ingest(fixture, "one", NULL);
    DnUuid second = ingest(fixture, "two", NULL);
    DnUuid stranger = dn_uuid_new();
    g_autofree char *first_text = dn_uuid_text(&first);
    g_autofree char *second_text = dn_uuid_text(&second);

    (void)data;
    for (int i = 0; i < 2; i++) { /* the same call again adds nothing */
        g_autoptr(json_t) row = NULL;

        assert_works(dn_archive_replace(fixture->archive, &second, &first, &row, error));
    }
    g_autoptr(json_t) new = show(fixture, &second);
    g_autoptr(json_t) old = show(fixture, &first);
    const json_t *replaces = json_object_get(new, "relations");
    const json_t *replaced = json_object_get(old, "relations");
    g_autoptr(json_t) none = NULL;

    g_assert_cmpint(dn_json_int(new, "version", 0), ==, 1);
    g_assert_cmpint(dn_json_int(old, "version", 0), ==, 1);
    g_assert_cmpuint(json_array_size(replaces), ==, 1);
    g_assert_cmpstr(dn_json_string(json_array_get(replaces, 0), "relation"), ==, "replaces");
    g_assert_cmpstr(dn_json_string(json_array_get(replaces, 0), "other"), ==, first_text);
    g_assert_cmpuint(json_array_size(replaced), ==, 1);
    g_assert_cmpstr(dn_json_string(json_array_get(replaced, 0), "relation"), ==, "replaced_by");
    g_assert_cmpstr(dn_json_string(json_array_get(replaced, 0), "other"), ==, second_text);
    assert_holds_bytes(fixture, &first, 1, "one");
    assert_fails(dn_archive_replace(fixture->archive, &first, &first, &none, error), INVALID);
    assert_fails(dn_archive_replace(fixture->archive, &first, &stranger, &none, error), NOT_FOUND);
}

/* ---- a second person ---- */

static const char *const two_persons[] = {"law.second-person=yes", NULL};

static void
test_R53_electronic_documents_change_by_two_persons(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GBytes) bytes = document("data");
    g_autoptr(json_t) stored = NULL;
    g_autoptr(json_t) row = NULL;
    g_autoptr(json_t) asked = NULL;
    g_autoptr(json_t) again = NULL;
    g_autoptr(json_t) to_delete = NULL;
    int64_t amount = 500;
    DnCorrection correction = {.amount = &amount};
    DnRequest request = {&correction, "S-1", "chairs", NULL};
    DnRequest incomplete = {&correction, NULL, "chairs", NULL};
    DnUuid id;

    (void)data;
    assert_works(dn_archive_ingest(
        fixture->archive, bytes,
        &(DnIngest){.origin = "electronic", .party = "霞商店", .no_wait = true}, &stored, error));
    g_assert_true(dn_uuid_parse(dn_json_string(stored, "voucher"), &id, NULL));
    /* no way round */
    assert_fails(dn_archive_correct(fixture->archive, &id, &correction, "misread", &row, error),
                 DENIED);
    assert_fails(dn_archive_delete(fixture->archive, &id, "twice", &row, error), DENIED);
    assert_fails(dn_archive_request(fixture->archive, &id, &incomplete, "misread", &asked, error),
                 INVALID);
    assert_fails(dn_archive_request(fixture->archive, &id, &request, " ", &asked, error), INVALID);
    assert_works(dn_archive_request(fixture->archive, &id, &request, "misread", &asked, error));
    assert_works(dn_archive_request(fixture->archive, &id, &request, "once more", &again, error));
    uint64_t first = (uint64_t)dn_json_int(asked, "request", 0);
    uint64_t second = (uint64_t)dn_json_int(again, "request", 0);
    g_autoptr(GPtrArray) before = search(fixture, &(DnSearch){.amount_from = &amount});

    g_assert_cmpuint(before->len, ==, 0);
    assert_fails(dn_archive_approve(fixture->archive, &id, first, &row, error), DENIED);
    open_as(fixture, "server:clerk");
    assert_fails(dn_archive_approve(fixture->archive, &id, first, &row, error), DENIED);
    open_as(fixture, "cli:chief");
    assert_fails(dn_archive_approve(fixture->archive, &id, first + 1000, &row, error), NOT_FOUND);
    assert_works(dn_archive_approve(fixture->archive, &id, first, &row, error));
    g_assert_cmpint(dn_json_int(row, "amount", 0), ==, 500);
    g_autoptr(GPtrArray) after = search(fixture, &(DnSearch){.amount_from = &amount});

    g_assert_cmpuint(after->len, ==, 1);
    /* done once; and the other request was for a voucher without an amount */
    g_clear_pointer(&row, json_decref);
    assert_fails(dn_archive_approve(fixture->archive, &id, first, &row, error), INVALID);
    assert_fails(dn_archive_approve(fixture->archive, &id, second, &row, error), INVALID);
    /* both forms are found at the voucher, with the eight items */
    g_autoptr(json_t) details = show(fixture, &id);
    const json_t *form = json_array_get(json_object_get(details, "requests"), 0);
    static const char *const items[] = {"at",     "slip",   "subject", "party",
                                        "action", "reason", "actor",   NULL};

    for (const char *const *item = items; *item; item++)
        g_assert_nonnull(dn_json_string(form, *item));
    g_assert_cmpstr(dn_json_string(form, "party"), ==, "霞商店");
    g_assert_cmpstr(dn_json_string(json_object_get(form, "approved"), "actor"), ==, "cli:chief");
    g_assert_nonnull(dn_json_string(json_object_get(form, "approved"), "at"));
    g_assert_cmpuint(json_array_size(json_object_get(form, "changes")), ==, 1);
    /* deletion goes the same way */
    request.correction = NULL;
    assert_works(dn_archive_request(fixture->archive, &id, &request, "twice", &to_delete, error));
    open_as(fixture, "cli:clerk");
    assert_works(dn_archive_approve(fixture->archive, &id,
                                    (uint64_t)dn_json_int(to_delete, "request", 0), &row, error));
    g_assert_true(dn_json_bool(row, "deleted", false));
    g_autoptr(json_t) live = show(fixture, &id);

    rebuild(fixture);
    g_autoptr(json_t) rebuilt = show(fixture, &id);

    g_assert_true(json_equal(live, rebuilt));
    g_assert_cmpint(verify(fixture), ==, 0);
}

/* ---- links ---- */

static void
test_R32_from_the_voucher_to_the_books_and_back(Fixture *fixture, gconstpointer data)
{
    DnUuid one = ingest(fixture, "one", NULL);
    DnUuid two = ingest(fixture, "two", NULL);
    g_autofree char *one_text = dn_uuid_text(&one);

    (void)data;
    for (int i = 0; i < 2; i++) {
        g_autoptr(json_t) row = NULL;

        assert_works(dn_archive_link(fixture->archive, i ? &two : &one, "J-1", &row, error));
    }
    g_autoptr(json_t) second = NULL;
    g_autoptr(json_t) gone = NULL;
    g_autoptr(json_t) wrong = NULL;

    assert_works(dn_archive_link(fixture->archive, &one, "J-2", &second, error));
    g_autoptr(GPtrArray) both = search(fixture, &(DnSearch){.book_ref = "J-1"});
    g_autoptr(GPtrArray) single = search(fixture, &(DnSearch){.book_ref = "J-2"});
    g_autoptr(GPtrArray) label = search(fixture, &(DnSearch){.label = "J-1"});

    g_assert_cmpuint(both->len, ==, 2);
    g_assert_cmpuint(single->len, ==, 1);
    g_assert_nonnull(strstr(g_ptr_array_index(single, 0), one_text));
    g_assert_cmpuint(label->len, ==, 0);
    /* renumbered: the old link goes, its history stays */
    assert_fails(dn_archive_unlink(fixture->archive, &one, "J-2", "", &wrong, error), INVALID);
    assert_fails(dn_archive_unlink(fixture->archive, &one, "J-9", "merged", &wrong, error),
                 INVALID);
    assert_works(dn_archive_unlink(fixture->archive, &one, "J-2", "merged", &gone, error));
    g_autoptr(GPtrArray) none = search(fixture, &(DnSearch){.book_ref = "J-2"});
    g_autoptr(GPtrArray) past = history(fixture, &one);

    g_assert_cmpuint(none->len, ==, 0);
    g_assert_nonnull(strstr(g_ptr_array_index(past, past->len - 1), "\"unlinked\":\"J-2\""));
    rebuild(fixture);
    g_autoptr(GPtrArray) again = search(fixture, &(DnSearch){.book_ref = "J-1"});

    g_assert_cmpuint(again->len, ==, 2);
}

static void
test_R33_no_entry_of_the_books_needs_a_reason(Fixture *fixture, gconstpointer data)
{
    DnUuid id = ingest(fixture, "one", NULL);
    g_autoptr(json_t) row = NULL;
    g_autoptr(json_t) linked = NULL;
    g_autoptr(json_t) wrong = NULL;

    (void)data;
    assert_fails(dn_archive_link_none(fixture->archive, &id, " ", &wrong, error), INVALID);
    assert_works(dn_archive_link_none(fixture->archive, &id, "private", &row, error));
    g_autoptr(json_t) details = show(fixture, &id);

    g_assert_cmpstr(dn_json_string(json_object_get(details, "law"), "link"), ==, "none");
    g_assert_cmpstr(dn_json_string(json_object_get(details, "no_entry"), "reason"), ==, "private");
    assert_works(dn_archive_link(fixture->archive, &id, "J-1", &linked, error));
    assert_fails(dn_archive_link_none(fixture->archive, &id, "no", &wrong, error), INVALID);
}

/* ---- search ---- */

static void
ingest_values(Fixture *fixture, const char *content, const char *date, const int64_t *amount,
              const char *party)
{
    g_autoptr(GBytes) bytes = document(content);
    g_autoptr(json_t) result = NULL;
    DnDate typed = date ? day(date) : (DnDate){0};
    DnIngest request = {
        .date = date ? &typed : NULL, .amount = amount, .party = party, .no_wait = true};

    assert_works(dn_archive_ingest(fixture->archive, bytes, &request, &result, error));
}

static void
assert_count(Fixture *fixture, const DnSearch *terms, guint wanted)
{
    g_autoptr(GPtrArray) rows = search(fixture, terms);

    g_assert_cmpuint(rows->len, ==, wanted);
}

static const int64_t nothing = 0;
static const int64_t refund = -500;
static const int64_t price = 10800;

static void
fill_for_searches(Fixture *fixture)
{
    ingest_values(fixture, "a", "2026-04-01", &price, "株式会社 霞商店");
    ingest_values(fixture, "b", "2026-04-30", &nothing, "霞商店");
    ingest_values(fixture, "c", "令和8年5月1日", &refund, "山田商店");
    ingest_values(fixture, "d", NULL, NULL, NULL);
}

static void
test_R40_R46_ranges_include_both_ends(Fixture *fixture, gconstpointer data)
{
    DnDate first = day("2026-04-01");
    DnDate last = day("R8.4.30");
    DnDate may = day("2026-05-01");

    (void)data;
    fill_for_searches(fixture);
    assert_count(fixture, &(DnSearch){.date_from = &first, .date_to = &last}, 2);
    assert_count(fixture, &(DnSearch){.date_from = &last}, 2);
    assert_count(fixture, &(DnSearch){.date_to = &first}, 1);
    assert_count(fixture, &(DnSearch){.date_from = &may, .date_to = &may}, 1);
    assert_count(fixture, &(DnSearch){.amount_from = &refund, .amount_to = &nothing}, 2);
    assert_count(fixture, &(DnSearch){.amount_from = &nothing, .amount_to = &nothing}, 1);
    assert_count(fixture, &(DnSearch){.amount_from = &price}, 1);
    assert_fails(dn_archive_count(fixture->archive,
                                  &(DnSearch){.date_from = &last, .date_to = &first},
                                  &(uint64_t){0}, error),
                 INVALID);
}

static void
test_R38_R41_R43_R48_any_two_keys_are_joined(Fixture *fixture, gconstpointer data)
{
    DnDate first = day("2026-04-01");
    DnDate last = day("2026-04-30");

    (void)data;
    fill_for_searches(fixture);
    assert_count(fixture, &(DnSearch){.party = "霞"}, 2);
    assert_count(fixture, &(DnSearch){.date_from = &first, .date_to = &last, .amount_to = &nothing},
                 1);
    assert_count(fixture, &(DnSearch){.date_from = &last, .party = "霞"}, 1);
    assert_count(fixture, &(DnSearch){.amount_from = &price, .party = "霞"}, 1);
    assert_count(fixture, &(DnSearch){.amount_from = &price, .party = "山田"}, 0);
}

static void
test_R42_what_lacks_a_key_is_found_by_that(Fixture *fixture, gconstpointer data)
{
    static const char *const keys[] = {"date", "amount", "party"};

    (void)data;
    fill_for_searches(fixture);
    for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) /* an amount of 0 is one */
        assert_count(fixture, &(DnSearch){.missing = keys[i]}, 1);
    assert_count(fixture, &(DnSearch){0}, 4);
}

/* ---- report ---- */

static void
test_R64_nothing_is_shown_that_is_not(Fixture *fixture, gconstpointer data)
{
    DnUuid id = ingest(fixture, "one", "2026-01-05");
    DnUuid gone = ingest(fixture, "two", NULL);
    DnDate from = day("2026-01-01");
    DnDate to = day("2026-01-31");
    g_autoptr(GPtrArray) all = lines();
    g_autoptr(GPtrArray) january = lines();
    g_autoptr(json_t) totals = NULL;
    g_autoptr(json_t) part = NULL;
    g_autoptr(json_t) row = NULL;
    g_autofree char *id_text = dn_uuid_text(&id);

    (void)data;
    assert_works(dn_archive_delete(fixture->archive, &gone, "twice", &row, error));
    assert_works(
        dn_archive_report(fixture->archive, NULL, NULL, collect, NULL, all, &totals, error));
    assert_works(
        dn_archive_report(fixture->archive, &from, &to, collect, NULL, january, &part, error));
    g_assert_cmpuint(all->len, ==, 1);
    g_assert_cmpint(dn_json_int(totals, "vouchers", 0), ==, 2);
    g_assert_cmpint(dn_json_int(totals, "deleted", 0), ==, 1);
    g_assert_cmpint(dn_json_int(totals, "open", 0), ==, 1);
    g_assert_cmpint(dn_json_int(totals, "nothing_open", -1), ==, 0);
    g_assert_cmpint(dn_json_int(json_object_get(totals, "entry"), "late", 0), ==, 1);
    g_assert_cmpint(dn_json_int(json_object_get(totals, "stamp"), "none", 0), ==, 1);
    /* undated, it is reported by its day of receipt */
    g_assert_cmpuint(january->len, ==, 1);
    g_assert_nonnull(strstr(g_ptr_array_index(january, 0), id_text));
    g_assert_nonnull(strstr(g_ptr_array_index(january, 0), "\"rule\":\"R05\""));
    g_assert_nonnull(strstr(g_ptr_array_index(january, 0), "\"rule\":\"R19\""));
    g_assert_cmpstr(dn_json_string(json_object_get(totals, "rules"), "law.entry"), ==, "early");
}

/* ---- holds and disposal ---- */

static uint64_t
plan(Fixture *fixture, const char *period)
{
    g_autoptr(json_t) result = NULL;

    assert_works(dn_archive_dispose_plan(fixture->archive, period, &result, error));
    g_assert_cmpint(dn_json_int(result, "plan", 0), >, 0);
    return (uint64_t)dn_json_int(result, "plan", 0);
}

static void
approve(Fixture *fixture, uint64_t number)
{
    g_autoptr(json_t) result = NULL;

    open_as(fixture, "cli:chief");
    assert_works(dn_archive_dispose_approve(fixture->archive, number, &result, error));
    open_as(fixture, "cli:clerk");
}

static void
run(Fixture *fixture, uint64_t number)
{
    g_autoptr(json_t) result = NULL;

    assert_works(dn_archive_dispose_run(fixture->archive, number, &result, error));
}

static void
test_retention_ends_with_a_plan_an_approval_and_a_record(Fixture *fixture, gconstpointer data)
{
    DnUuid old = ingest(fixture, "old", "2010-05-01");
    DnUuid young = ingest(fixture, "young", NULL);
    uint64_t number = plan(fixture, "2010");
    const char *type = NULL;
    g_autoptr(json_t) row = NULL;
    g_autoptr(json_t) result = NULL;
    DnCorrection correction = {.party = "x"};

    (void)data;
    approve(fixture, number);
    run(fixture, number);
    g_autoptr(json_t) details = show(fixture, &old);
    g_autoptr(GPtrArray) past = history(fixture, &old);

    g_assert_cmpstr(dn_json_string(details, "state"), ==, "disposed");
    g_assert_cmpint(dn_json_int(json_object_get(details, "disposal"), "plan", 0), ==, number);
    g_assert_cmpint(strlen(dn_json_string(
                        json_object_get(json_object_get(details, "blobs"), "original"), "sha256")),
                    ==, 64);
    g_assert_cmpuint(past->len, ==, 2);
    g_assert_nonnull(strstr(g_ptr_array_index(past, 1), "voucher.disposed"));
    assert_fails(dn_archive_cat(fixture->archive, &old, "original", 0, &type, error) != NULL,
                 NOT_FOUND);
    assert_holds_bytes(fixture, &young, 1, "young");
    g_assert_cmpint(verify(fixture), ==, 0);
    /* nothing of it changes any more, and it is done once */
    assert_fails(dn_archive_correct(fixture->archive, &old, &correction, "x", &row, error),
                 INVALID);
    assert_fails(dn_archive_undelete(fixture->archive, &old, "x", &row, error), INVALID);
    assert_fails(dn_archive_dispose_run(fixture->archive, number, &result, error), INVALID);
    rebuild(fixture);
    g_autoptr(json_t) rebuilt = show(fixture, &old);

    g_assert_true(json_equal(details, rebuilt));
    g_assert_cmpint(verify(fixture), ==, 0);
    /* the same bytes come in anew; nobody is told of a voucher that has none */
    g_autoptr(json_t) anew = ingest_result(fixture, "old", "2010-05-01");

    g_assert_cmpstr(dn_json_string(anew, "status"), ==, "stored");
}

static void
test_R26_retention_is_not_over_by_any_path(Fixture *fixture, gconstpointer data)
{
    DnUuid old = ingest(fixture, "old", "2010-05-01");
    DnUuid young = ingest(fixture, "young", NULL);
    DnDate today = dn_date_in_japan(dn_clock_now_utc_ms());
    g_autofree char *present =
        g_strdup_printf("%d", today.month >= 4 ? today.year : today.year - 1);
    g_autoptr(json_t) result = NULL;
    g_autoptr(json_t) row = NULL;
    uint64_t number = 0;

    (void)data;
    /* not while a voucher of the period must stay */
    assert_fails(dn_archive_dispose_plan(fixture->archive, present, &result, error), INVALID);
    assert_fails(dn_archive_dispose_plan(fixture->archive, "evidence", &result, error), INVALID);
    assert_fails(dn_archive_dispose_plan(fixture->archive, "", &result, error), INVALID);
    assert_fails(dn_archive_dispose_plan(fixture->archive, "1999", &result, error), NOT_FOUND);
    assert_works(
        dn_archive_delete(fixture->archive, &young, "deleted is not disposed", &row, error));
    assert_fails(dn_archive_dispose_plan(fixture->archive, present, &result, error), INVALID);
    assert_holds_bytes(fixture, &young, 1, "young");
    /* not without approval, not by the same person under another program */
    number = plan(fixture, "2010");
    assert_fails(dn_archive_dispose_run(fixture->archive, number, &result, error), DENIED);
    assert_fails(dn_archive_dispose_approve(fixture->archive, number, &result, error), DENIED);
    open_as(fixture, "server:clerk");
    assert_fails(dn_archive_dispose_approve(fixture->archive, number, &result, error), DENIED);
    assert_fails(dn_archive_dispose_run(fixture->archive, number + 1000, &result, error),
                 NOT_FOUND);
    assert_holds_bytes(fixture, &old, 1, "old");
    /* not what came into the period after the approval */
    approve(fixture, number);
    DnUuid later = ingest(fixture, "later", "2010-06-01");

    assert_fails(dn_archive_dispose_run(fixture->archive, number, &result, error), INVALID);
    assert_holds_bytes(fixture, &old, 1, "old");
    assert_holds_bytes(fixture, &later, 1, "later");
}

static const char *const loss_settings[] = {"retention.loss-years=2017", NULL};

static void
test_retention_of_a_loss_year_is_longer(Fixture *fixture, gconstpointer data)
{
    g_autoptr(json_t) lost = ingest_result(fixture, "lost", "2017-05-01");
    g_autoptr(json_t) usual = ingest_result(fixture, "usual", "2016-05-01");

    (void)data;
    /* 9 years for years begun before 2018-04-01 */
    g_assert_cmpstr(dn_json_string(json_object_get(lost, "law"), "keep_until"), ==, "2027-05-31");
    g_assert_cmpstr(dn_json_string(json_object_get(usual, "law"), "keep_until"), ==, "2024-05-31");
}

/* What was settled, and since when, is told by the ledger, not by the file alone. */
static void
test_retention_rules_have_a_history(Fixture *fixture, gconstpointer data)
{
    g_autofree char *conf = g_build_filename(fixture->dir, "dencho.conf", NULL);
    g_autoptr(GPtrArray) rows = lines();
    g_autoptr(json_t) totals = NULL;
    g_autofree char *text = NULL;
    DnUuid id = ingest(fixture, "one", "2017-05-01");

    (void)data;
    g_assert_true(g_file_get_contents(conf, &text, NULL, NULL));
    char *year = strstr(text, "2017");

    g_assert_nonnull(year);
    year[3] = '6'; /* another year had the loss */
    g_assert_true(g_file_set_contents(conf, text, -1, NULL));
    open_as(fixture, "cli:chief");
    open_as(fixture, "cli:clerk"); /* nothing new: no entry */
    rebuild(fixture);
    assert_works(
        dn_archive_report(fixture->archive, NULL, NULL, collect, NULL, rows, &totals, error));
    const json_t *since = json_object_get(totals, "rules_since");
    const json_t *second = json_array_get(since, 1);
    g_autoptr(json_t) details = show(fixture, &id);

    g_assert_cmpuint(json_array_size(since), ==, 2);
    g_assert_cmpstr(
        dn_json_string(json_object_get(json_array_get(since, 0), "rules"), "retention.loss-years"),
        ==, "2017");
    g_assert_cmpstr(dn_json_string(json_object_get(second, "rules"), "retention.loss-years"), ==,
                    "2016");
    g_assert_cmpstr(dn_json_string(second, "actor"), ==, "cli:chief");
    g_assert_cmpstr(dn_json_string(json_object_get(details, "law"), "keep_until"), ==,
                    "2025-05-31");
    g_assert_cmpint(verify(fixture), ==, 0);
}

/* The key file of a period cannot be removed: as when the machine stops in between. */
static void
test_a_disposal_that_was_cut_off_is_completed(Fixture *fixture, gconstpointer data)
{
    g_autofree char *keys = g_build_filename(fixture->dir, "keys", NULL);
    g_autoptr(GHashTable) before = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autofree char *key = NULL;
    g_autoptr(json_t) result = NULL;
    const char *name = NULL;
    GDir *listing = g_dir_open(keys, 0, NULL);

    (void)data;
    while ((name = g_dir_read_name(listing)))
        g_hash_table_add(before, g_strdup(name));
    g_dir_close(listing);
    DnUuid id = ingest(fixture, "old", "2010-05-01");

    listing = g_dir_open(keys, 0, NULL);
    while ((name = g_dir_read_name(listing)))
        if (!g_hash_table_contains(before, name))
            key = g_build_filename(keys, name, NULL);
    g_dir_close(listing);
    g_assert_nonnull(key);
    uint64_t number = plan(fixture, "2010");
    g_autofree char *aside = g_strconcat(fixture->root, "/aside", NULL);
    g_autofree char *inner = g_build_filename(key, "x", NULL);

    approve(fixture, number);
    g_assert_cmpint(g_rename(key, aside), ==, 0);
    g_assert_cmpint(g_mkdir_with_parents(inner, 0700), ==, 0);
    assert_fails(dn_archive_dispose_run(fixture->archive, number, &result, error), IO);
    g_assert_true(dn_fs_remove_tree(key, NULL));
    g_assert_cmpint(g_rename(aside, key), ==, 0);
    open_as(fixture, "cli:clerk");
    g_autoptr(json_t) between = show(fixture, &id);

    g_assert_cmpstr(dn_json_string(between, "state"), ==, "disposed");
    g_assert_true(g_file_test(key, G_FILE_TEST_EXISTS));
    run(fixture, number);
    g_assert_false(g_file_test(key, G_FILE_TEST_EXISTS));
    g_assert_cmpint(verify(fixture), ==, 0);
}

static void
test_a_hold_stops_a_disposal_at_every_step(Fixture *fixture, gconstpointer data)
{
    DnUuid one = ingest(fixture, "one", "2010-05-01");
    DnUuid two = ingest(fixture, "two", "2010-05-02");
    g_autoptr(json_t) result = NULL;
    g_autoptr(json_t) row = NULL;
    uint64_t number = plan(fixture, "2010");
    static const char *const names[] = {"audit-2026", "suit"};

    (void)data;
    approve(fixture, number);
    for (int i = 0; i < 2; i++) {
        g_autoptr(json_t) held = NULL;

        assert_works(
            dn_archive_hold_place(fixture->archive, &two, names[i], "asked for", &held, error));
    }
    assert_fails(dn_archive_hold_place(fixture->archive, &two, names[0], "asked for", &row, error),
                 INVALID);
    assert_fails(dn_archive_hold_place(fixture->archive, &one, "", "asked for", &row, error),
                 INVALID);
    assert_fails(dn_archive_hold_place(fixture->archive, &one, "x", "", &row, error), INVALID);
    assert_fails(dn_archive_dispose_run(fixture->archive, number, &result, error), INVALID);
    assert_fails(dn_archive_dispose_plan(fixture->archive, "2010", &result, error), INVALID);
    g_autoptr(GPtrArray) held = lines();

    assert_works(dn_archive_hold_list(fixture->archive, collect, held, error));
    g_assert_cmpuint(held->len, ==, 1);
    g_assert_nonnull(strstr(g_ptr_array_index(held, 0), "suit"));
    /* one of two is not enough */
    assert_works(dn_archive_hold_lift(fixture->archive, &two, names[0], "over", &row, error));
    assert_fails(dn_archive_dispose_run(fixture->archive, number, &result, error), INVALID);
    assert_holds_bytes(fixture, &one, 1, "one");
    g_clear_pointer(&row, json_decref);
    assert_works(dn_archive_hold_lift(fixture->archive, &two, names[1], "over", &row, error));
    assert_fails(dn_archive_hold_lift(fixture->archive, &two, names[1], "over", &row, error),
                 INVALID);
    run(fixture, number);
    assert_fails(dn_archive_hold_place(fixture->archive, &two, "late", "x", &row, error), INVALID);
    g_assert_cmpint(verify(fixture), ==, 0);
}

static void
test_periods_are_listed_with_what_keeps_them(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GPtrArray) rows = lines();

    (void)data;
    ingest(fixture, "old", "2010-05-01");
    ingest(fixture, "young", NULL);
    assert_works(dn_archive_dispose_periods(fixture->archive, collect, rows, error));
    g_assert_cmpuint(rows->len, ==, 2);
    g_assert_nonnull(strstr(g_ptr_array_index(rows, 0), "\"ready\":true"));
    g_assert_nonnull(strstr(g_ptr_array_index(rows, 0), "\"keep_until\":\"2018-05-31\""));
    g_assert_nonnull(strstr(g_ptr_array_index(rows, 1), "\"ready\":false"));
}

#define T(name) g_test_add("/lawful/" #name, Fixture, NULL, set_up, test_##name, tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    T(R02_late_is_taken_in_and_told);
    g_test_add_func("/lawful/R03_an_archive_by_cycle_needs_a_procedure",
                    test_R03_an_archive_by_cycle_needs_a_procedure);
    T(R01_R60_what_is_refused_at_the_door);
    T(R24_R25_a_version_follows_the_newest);
    T(a_revision_waits_for_a_worker_that_starts);
    T(R07_the_day_of_discovery_is_kept);
    T(R26_R27_R29_deleted_is_a_mark);
    T(R28_a_replacement_is_a_new_voucher);
    g_test_add("/lawful/R53_electronic_documents_change_by_two_persons", Fixture, two_persons,
               set_up, test_R53_electronic_documents_change_by_two_persons, tear_down);
    T(R32_from_the_voucher_to_the_books_and_back);
    T(R33_no_entry_of_the_books_needs_a_reason);
    T(R40_R46_ranges_include_both_ends);
    T(R38_R41_R43_R48_any_two_keys_are_joined);
    T(R42_what_lacks_a_key_is_found_by_that);
    T(R64_nothing_is_shown_that_is_not);
    T(retention_ends_with_a_plan_an_approval_and_a_record);
    T(R26_retention_is_not_over_by_any_path);
    g_test_add("/lawful/retention_of_a_loss_year_is_longer", Fixture, loss_settings, set_up,
               test_retention_of_a_loss_year_is_longer, tear_down);
    g_test_add("/lawful/retention_rules_have_a_history", Fixture, loss_settings, set_up,
               test_retention_rules_have_a_history, tear_down);
    T(a_disposal_that_was_cut_off_is_completed);
    T(a_hold_stops_a_disposal_at_every_step);
    T(periods_are_listed_with_what_keeps_them);
    return g_test_run();
}
