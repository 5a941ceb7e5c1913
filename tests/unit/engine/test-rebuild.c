/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tests/unit/engine/test-rebuild.c - the view is a function of the log: however it was built, row
 * by row it is the same.
 */
#include "config.h"
#include "base/failpoint.h"
#include "base/fs.h"
#include "engine/internal.h"
#include "index/key.h"
#include "index/posting.h"
#include "tests/unit/engine/fixture.h"

#include <string.h>

enum { VOUCHERS = 40, ROUNDS = 6 };

static const DnArchiveOptions defaults = {.actor = "test", .worker_path = "/nonexistent"};

static void
open_archive(Fixture *f)
{
    g_autoptr(GError) error = NULL;

    f->archive = dn_archive_open(f->dir, &defaults, &error);
    g_assert_no_error(error);
}

static void
set_up(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    fixture_init(f, NULL);
    open_archive(f);
}

/* --- an archive with a history --- */

static DnUuid
register_one(Fixture *f, int number)
{
    static const char *const parties[] = {"株式会社アオキ商店", "山田印刷 (株)", "Example Ltd."};
    g_autofree char *content = g_strdup_printf("\x89PNG\r\n\x1a\n%d", number);
    g_autoptr(GBytes) bytes = g_bytes_new(content, strlen(content));
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) result = NULL;
    DnDate date = {2026, number % 12 + 1, number % 28 + 1};
    int64_t amount = number * 37 % 1000;
    DnIngest request = {.date = number % 7 ? &date : NULL,
                        .amount = number % 5 ? &amount : NULL,
                        .party = parties[number % 3],
                        .kind = "receipt",
                        .no_wait = true};
    DnUuid id;

    g_assert_true(dn_archive_ingest(f->archive, bytes, &request, &result, &error));
    g_assert_no_error(error);
    g_assert_true(dn_uuid_parse(dn_json_string(result, "voucher"), &id, &error));
    return id;
}

static void
read_one(Fixture *f, const DnUuid *id, int number)
{
    g_autofree char *content =
        g_strdup_printf("領収書 合計 %d 円 page%d\nありがとうございます", number * 100, number % 4);
    g_autoptr(GBytes) text = g_bytes_new(content, strlen(content));
    DnNewBlob blob = dn_new_blob(DN_PART_TEXT, text, NULL);
    g_autoptr(json_t) entry = dn_voucher_entry("voucher.read", id);
    json_t *parts = json_object();
    json_t *fields = json_object();
    g_autoptr(GError) error = NULL;

    dn_json_take(parts, "text", dn_blob_ref(&blob));
    dn_json_take(fields, "party", json_pack("{s:s,s:s}", "value", "カスミ", "confidence", "0.5"));
    dn_json_set_int(entry, "version", 1);
    dn_json_take(entry, "parts", parts);
    dn_json_take(entry, "fields", fields);
    g_assert_true(dn_commit(f->archive, &f->archive->tenant, "2026", &blob, 1, entry, &error));
    g_assert_no_error(error);
}

static void
change_one(Fixture *f, const DnUuid *id, int number)
{
    g_autoptr(json_t) row = NULL;
    g_autoptr(GError) error = NULL;
    int64_t amount = number + 5000;
    const char *const labels[] = {number % 2 ? "経費" : "出張", NULL};
    DnCorrection correction = {.amount = &amount};
    bool ok = true;

    switch (number % 6) {
    case 0:
        ok = dn_archive_correct(f->archive, id, &correction, "misread", &row, &error);
        break;
    case 1:
        ok = dn_archive_delete(f->archive, id, "twice", &row, &error);
        break;
    case 2:
        ok = dn_archive_label(f->archive, id, labels, NULL, &row, &error);
        break;
    case 3:
        ok = dn_archive_link(f->archive, id, "J-1", &row, &error);
        break;
    default:
        read_one(f, id, number);
        break;
    }
    g_assert_no_error(error);
    g_assert_true(ok);
}

static void
make_history(Fixture *f)
{
    DnUuid ids[VOUCHERS];

    for (int i = 0; i < VOUCHERS; i++)
        ids[i] = register_one(f, i);
    for (int i = 0; i < VOUCHERS; i++)
        change_one(f, &ids[i], i);
    for (int i = 0; i < VOUCHERS; i += 3)
        if (i % 6 != 1)
            read_one(f, &ids[i], i + 1);
}

/* --- all that the view holds --- */

static bool
is_nothing(DnKvFamily family, const uint8_t *value, size_t size)
{
    static const uint8_t zero[8];

    return (family == DN_KV_COUNT && size == sizeof zero && memcmp(value, zero, size) == 0) ||
           ((family == DN_KV_POSTING || family == DN_KV_TALLY) && size == 0);
}

/* (transfer full) Every row in hexadecimal digits. */
static char *
everything(Fixture *f)
{
    GString *all = g_string_new(NULL);

    for (int family = 0; family < DN_KV_FAMILIES; family++) {
        g_autoptr(DnKvCursor) cursor =
            dn_kv_cursor(f->archive->view, (DnKvFamily)family, "", 0, NULL, 0, false);

        for (; dn_kv_cursor_valid(cursor); dn_kv_cursor_next(cursor)) {
            size_t key_size = 0;
            size_t size = 0;
            const uint8_t *key = dn_kv_cursor_key(cursor, &key_size);
            const uint8_t *value = dn_kv_cursor_value(cursor, &size);

            if (is_nothing((DnKvFamily)family, value, size))
                continue;
            g_autofree char *left = dn_hex(key, key_size);
            g_autofree char *right = dn_hex(value, size);

            g_string_append_printf(all, "%d %s %s\n", family, left, right);
        }
        g_assert_true(dn_kv_cursor_ok(cursor, NULL));
    }
    return g_string_free(all, FALSE);
}

static bool
no_failure(const json_t *row, G_GNUC_UNUSED void *user_data, G_GNUC_UNUSED GError **error)
{
    g_error("%s", dn_json_string(row, "message"));
    return false;
}

static void
assert_view_is(Fixture *f, const char *wanted)
{
    g_autofree char *found = everything(f);
    g_autoptr(json_t) totals = NULL;
    g_autoptr(GError) error = NULL;

    g_assert_cmpstr(found, ==, wanted);
    g_assert_true(dn_archive_verify_index(f->archive, no_failure, NULL, NULL, &totals, &error));
    g_assert_no_error(error);
    g_assert_cmpint(dn_json_int(totals, "checked", 0), ==, VOUCHERS);
}

static bool
rebuild(Fixture *f, GError **error)
{
    g_autoptr(json_t) result = NULL;

    g_clear_pointer(&f->archive, dn_archive_close);
    return dn_archive_rebuild(f->dir, &defaults, NULL, NULL, &result, error);
}

/* A view that is found damaged is removed and built again, which must not hide behind this. */
static void
open_what_is_there(Fixture *f)
{
    g_autofree char *witness = g_build_filename(f->dir, "view", "witness", NULL);

    g_assert_true(g_file_set_contents(witness, "", 0, NULL));
    open_archive(f);
    g_assert_true(g_file_test(witness, G_FILE_TEST_EXISTS));
}

/* Entry by entry as they came, all at once, in many loads: the same. */
static void
test_however_it_is_built(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    static const size_t loads[] = {1, 3000, 64 << 20};
    size_t usual = dn_view_load_bytes;

    make_history(f);
    g_autofree char *as_it_came = everything(f);

    for (size_t i = 0; i < G_N_ELEMENTS(loads); i++) {
        g_autoptr(GError) error = NULL;

        dn_view_load_bytes = loads[i];
        g_assert_true(rebuild(f, &error));
        g_assert_no_error(error);
        open_what_is_there(f);
        assert_view_is(f, as_it_came);
    }
    dn_view_load_bytes = usual;
}

#ifdef DN_FAILPOINTS
/* A load that fails at any of its writes: the next opening goes on from what was whole. */
static void
test_it_goes_on_after_a_failure(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    size_t usual = dn_view_load_bytes;

    make_history(f);
    g_autofree char *as_it_came = everything(f);

    dn_view_load_bytes = 3000;
    for (uint64_t round = 0; round < ROUNDS; round++) {
        g_autoptr(GError) error = NULL;

        dn_failpoint_arm(&(DnFailPlan){
            .kind = DN_FAIL_EIO, .nth = 1 + round * 2, .only = "kv.ingest", .from_then_on = true});
        g_assert_false(rebuild(f, &error));
        dn_failpoint_arm(NULL);
        g_assert_error(error, DN_ERROR, DN_ERROR_IO);
        open_what_is_there(f);
        assert_view_is(f, as_it_came);
    }
    dn_view_load_bytes = usual;
}
#endif

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define T(name) g_test_add("/rebuild/" #name, Fixture, NULL, set_up, test_##name, tear_down)
    T(however_it_is_built);
#ifdef DN_FAILPOINTS
    T(it_goes_on_after_a_failure);
#endif
    return g_test_run();
}
