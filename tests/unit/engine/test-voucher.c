/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tests/unit/engine/test-voucher.c - entries become a state, and only entries that fit.
 */
#include "config.h"
#include "engine/law/fiscal-year.h"
#include "tests/unit/engine/apply.h"

#include <string.h>

static const char registered[] =
    "{\"type\":\"voucher.registered\",\"seq\":2,\"at\":\"2026-04-01T00:00:00.000Z\",\"actor\":"
    "\"t\","
    "\"voucher\":\"01932b5e-7c1a-7def-8123-456789abcdef\",\"origin\":\"scan\","
    "\"received\":\"2026-04-01\",\"media_type\":\"image/png\",\"period\":\"2026\","
    "\"blob\":{\"id\":\"b1\",\"sha256\":\"aa\",\"bytes\":3},\"values\":{}}";

static const char read_by_worker[] =
    "{\"type\":\"voucher.read\",\"seq\":3,\"version\":1,\"kind\":\"receipt\",\"pages\":1,"
    "\"fields\":{\"date\":{\"value\":\"2026-03-31\",\"confidence\":\"0.980\",\"page\":1},"
    "\"amount\":{\"value\":10800,\"currency\":\"JPY\",\"scale\":0,\"confidence\":\"0.900\"},"
    "\"party\":{\"value\":\"霞商店\",\"confidence\":\"0.700\"}},"
    "\"parts\":{\"text\":{\"id\":\"t1\",\"sha256\":\"bb\",\"bytes\":9}},\"checks\":[]}";

static json_t *
entry(const char *text)
{
    g_autoptr(GError) error = NULL;
    json_t *value = dn_json_parse(text, strlen(text), &error);

    g_assert_no_error(error);
    return value;
}

/* The state after a list of lines that all fit. */
static json_t *
state_after(const char *const *lines)
{
    json_t *state = NULL;

    for (; *lines; lines++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(json_t) one = entry(*lines);
        json_t *next = apply(state, one, &error);

        g_assert_no_error(error);
        json_decref(state);
        state = next;
    }
    return state;
}

static void
test_reading_gives_values_with_their_origin(void)
{
    g_autoptr(json_t) state = state_after((const char *const[]){registered, read_by_worker, NULL});
    g_autoptr(json_t) row = dn_voucher_row(state);
    g_autoptr(json_t) result = dn_voucher_result(state, "stored");
    json_t *date = json_object_get(json_object_get(result, "fields"), "date");

    g_assert_cmpstr(dn_json_string(row, "date"), ==, "2026-03-31");
    g_assert_cmpint(dn_json_int(row, "amount", 0), ==, 10800);
    g_assert_cmpstr(dn_json_string(row, "kind"), ==, "receipt");
    g_assert_cmpstr(dn_json_string(row, "state"), ==, "read");
    g_assert_true(json_is_real(json_object_get(date, "confidence")));
    g_assert_cmpfloat_with_epsilon(dn_json_real(date, "confidence", 0), 0.98, 1e-9);
    g_assert_cmpstr(dn_json_string(date, "source"), ==, "read");
}

static void
test_a_persons_value_outlives_every_reading(void)
{
    static const char corrected[] =
        "{\"type\":\"voucher.corrected\",\"seq\":4,\"at\":\"x\",\"actor\":\"clerk\",\"reason\":"
        "\"misread\","
        "\"changes\":[{\"field\":\"amount\",\"before\":10800,\"after\":10801,\"currency\":\"JPY\","
        "\"scale\":0}]}";
    g_autoptr(json_t) state = state_after(
        (const char *const[]){registered, read_by_worker, corrected, read_by_worker, NULL});
    g_autoptr(json_t) details = dn_voucher_details(state, 0);
    json_t *amount = json_object_get(json_object_get(details, "fields"), "amount");

    g_assert_cmpint(dn_json_int(details, "amount", 0), ==, 10801);
    g_assert_cmpstr(dn_json_string(amount, "source"), ==, "corrected");
    g_assert_cmpstr(dn_json_string(amount, "actor"), ==, "clerk");
    g_assert_cmpstr(dn_json_string(amount, "reason"), ==, "misread");
    g_assert_cmpstr(dn_json_string(details, "party"), ==, "霞商店");
}

static void
test_a_reading_of_a_confirmed_voucher_only_proposes(void)
{
    static const char other_reading[] =
        "{\"type\":\"voucher.read\",\"seq\":5,\"version\":1,\"kind\":\"invoice\","
        "\"fields\":{\"date\":{\"value\":\"2020-01-01\",\"confidence\":\"0.990\"}},\"parts\":{}}";
    g_autoptr(json_t) state = state_after((const char *const[]){
        registered, read_by_worker, "{\"type\":\"voucher.confirmed\"}", other_reading, NULL});
    g_autoptr(json_t) details = dn_voucher_details(state, 0);

    g_assert_cmpstr(dn_json_string(details, "state"), ==, "confirmed");
    g_assert_cmpstr(dn_json_string(details, "date"), ==, "2026-03-31");
    g_assert_cmpstr(dn_json_string(details, "kind"), ==, "receipt");
    g_assert_cmpstr(
        dn_json_string(json_object_get(json_object_get(details, "proposed"), "date"), "value"), ==,
        "2020-01-01");
}

/* Which receipt of a sheet it is stands in the row, in all details and in what ingest answers. */
static void
test_R18_a_receipt_knows_its_sheet(void)
{
    g_autofree char *line =
        g_strdup_printf("%.*s,\"sheet\":{\"part\":2,\"vouchers\":[\"a\",\"b\"]}}",
                        (int)strlen(registered) - 1, registered);
    json_t *sheet = json_pack("{s:i,s:[s,s]}", "part", 2, "vouchers", "a", "b");
    g_autoptr(json_t) state = state_after((const char *const[]){line, NULL});
    g_autoptr(json_t) row = dn_voucher_row(state);
    g_autoptr(json_t) details = dn_voucher_details(state, 0);
    g_autoptr(json_t) result = dn_voucher_result(state, "stored");

    g_assert_true(json_equal(json_object_get(row, "sheet"), sheet));
    g_assert_true(json_equal(json_object_get(details, "sheet"), sheet));
    g_assert_true(json_equal(json_object_get(result, "sheet"), sheet));
    json_decref(sheet);
}

/* Law rows R24 to R27: old versions stay, a deletion is a flag. */
static void
test_versions_and_deletion_keep_everything(void)
{
    static const char revised[] =
        "{\"type\":\"voucher.revised\",\"version\":2,\"reason\":\"bent\",\"media_type\":\"image/"
        "tiff\","
        "\"blob\":{\"id\":\"b2\",\"sha256\":\"cc\",\"bytes\":4},\"period\":\"2026\"}";
    g_autoptr(json_t) state = state_after(
        (const char *const[]){registered, read_by_worker, revised,
                              "{\"type\":\"voucher.deleted\",\"reason\":\"twice\"}", NULL});
    g_autoptr(json_t) first = dn_voucher_details(state, 1);
    g_autoptr(json_t) newest = dn_voucher_details(state, 0);

    g_assert_true(json_is_true(json_object_get(newest, "deleted")));
    g_assert_cmpint(dn_json_int(newest, "version", 0), ==, 2);
    g_assert_cmpint(json_array_size(json_object_get(newest, "versions")), ==, 2);
    g_assert_cmpstr(dn_json_string(newest, "date"), ==, "2026-03-31");
    g_assert_cmpstr(dn_json_string(newest, "state"), ==, "stored");
    g_assert_cmpstr(
        dn_json_string(json_object_get(json_object_get(first, "blobs"), "original"), "sha256"), ==,
        "aa");
    g_assert_null(dn_voucher_version(state, 3));
}

static void
test_a_stamp_belongs_to_its_version(void)
{
    g_autoptr(json_t) state = state_after((const char *const[]){
        registered, "{\"type\":\"evidence.stamped\",\"version\":1,\"seq\":9,\"gen_time\":\"T\"}",
        NULL});
    g_autoptr(json_t) row = dn_voucher_row(state);

    g_assert_cmpstr(dn_json_string(row, "stamped"), ==, "T");
}

static void
test_entries_that_do_not_fit_are_corrupt(void)
{
    static const char *const never_first[] = {"{\"type\":\"voucher.corrected\",\"changes\":[{"
                                              "\"field\":\"date\",\"after\":\"2026-01-01\"}]}",
                                              "{\"type\":\"voucher.deleted\"}",
                                              "{\"type\":\"voucher.confirmed\"}", read_by_worker};
    static const char *const never_next[] = {
        registered,
        "{\"type\":\"voucher.undeleted\"}",
        "{\"type\":\"voucher.revised\",\"version\":3,\"blob\":{}}",
        "{\"type\":\"voucher.read\",\"version\":7,\"fields\":{}}",
        "{\"type\":\"voucher.corrected\",\"changes\":[]}",
        "{\"type\":\"voucher.corrected\",\"changes\":[{\"field\":\"mood\",\"after\":1}]}",
        "{\"type\":\"voucher.linked\"}",
        "{\"type\":\"voucher.invented\"}",
        "{}"};
    g_autoptr(json_t) state = state_after((const char *const[]){registered, NULL});
    g_autofree char *before = dn_json_line(state);

    for (size_t i = 0; i < G_N_ELEMENTS(never_first); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(json_t) one = entry(never_first[i]);

        g_assert_null(apply(NULL, one, &error));
        g_assert_error(error, DN_ERROR, DN_ERROR_CORRUPT);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(never_next); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(json_t) one = entry(never_next[i]);

        g_assert_null(apply(state, one, &error));
        g_assert_error(error, DN_ERROR, DN_ERROR_CORRUPT);
    }
    g_autofree char *after = dn_json_line(state);

    g_assert_cmpstr(before, ==, after);
}

static void
test_labels_and_links_are_sets(void)
{
    g_autoptr(json_t) state = state_after((const char *const[]){
        registered, "{\"type\":\"voucher.labelled\",\"add\":[\"a\",\"b\",\"a\"],\"remove\":[]}",
        "{\"type\":\"voucher.labelled\",\"add\":[],\"remove\":[\"a\",\"x\"]}",
        "{\"type\":\"voucher.linked\",\"book_ref\":\"J-1\"}",
        "{\"type\":\"voucher.linked\",\"book_ref\":\"J-1\"}", NULL});
    g_autofree char *labels = dn_json_line(json_object_get(state, "labels"));
    g_autofree char *refs = dn_json_line(json_object_get(state, "book_refs"));

    g_assert_cmpstr(labels, ==, "[\"b\"]");
    g_assert_cmpstr(refs, ==, "[\"J-1\"]");
}

static void
test_fractions_never_enter_a_state(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) value = entry("{\"a\":[0.12345,{\"b\":1.0}],\"c\":3,\"d\":\"x\"}");
    g_autoptr(json_t) frozen = dn_voucher_freeze(value);
    g_autofree char *line = dn_json_canonical(frozen, &error);

    g_assert_no_error(error);
    g_assert_cmpstr(line, ==, "{\"a\":[\"0.123\",{\"b\":\"1.000\"}],\"c\":3,\"d\":\"x\"}");
}

static void
test_fiscal_years_begin_when_they_begin(void)
{
    g_assert_cmpint(dn_fiscal_year(&(DnDate){2026, 3, 31}, 4), ==, 2025);
    g_assert_cmpint(dn_fiscal_year(&(DnDate){2026, 4, 1}, 4), ==, 2026);
    g_assert_cmpint(dn_fiscal_year(&(DnDate){2026, 1, 1}, 1), ==, 2026);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define T(name) g_test_add_func("/voucher/" #name, test_##name)
    T(reading_gives_values_with_their_origin);
    T(R18_a_receipt_knows_its_sheet);
    T(a_persons_value_outlives_every_reading);
    T(a_reading_of_a_confirmed_voucher_only_proposes);
    T(versions_and_deletion_keep_everything);
    T(a_stamp_belongs_to_its_version);
    T(entries_that_do_not_fit_are_corrupt);
    T(labels_and_links_are_sets);
    T(fractions_never_enter_a_state);
    T(fiscal_years_begin_when_they_begin);
    return g_test_run();
}
