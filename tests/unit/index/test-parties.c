/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tests/unit/index/test-parties.c - lists of counterparties, costs, and the check of an index.
 */
#include "config.h"
#include "base/fs.h"
#include "index/check.h"
#include "index/key.h"
#include "index/query.h"
#include "index/span.h"
#include "index/tally.h"

#include <string.h>

static const DnUuid tenant = {{9, 9}};
static const DnUuid stranger = {{9, 9, 0, 1}};

typedef struct {
    char *dir;
    DnKv *kv;
} Fixture;

static void
set_up(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    g_autofree char *view = NULL;

    f->dir = g_dir_make_tmp("dencho-parties-XXXXXX", NULL);
    view = g_build_filename(f->dir, "view", NULL);
    f->kv = dn_kv_open(view, NULL, NULL, NULL);
    g_assert_nonnull(f->kv);
}

static void
tear_down(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    dn_kv_close(f->kv);
    g_assert_true(dn_fs_remove_tree(f->dir, NULL));
    g_free(f->dir);
}

static DnIndexRecord
record(uint64_t seq, const char *party)
{
    static const char *const labels[] = {"経費", "経費", NULL}; /* twice the same is once */

    return (DnIndexRecord){.id = {{1, (uint8_t)(seq >> 8), (uint8_t)seq}},
                           .registered_seq = seq,
                           .date_days = 20000 + (int32_t)(seq % 400),
                           .amount = (int64_t)seq * 10,
                           .party = party,
                           .kind = "receipt",
                           .labels = labels};
}

static void
put(Fixture *f, const DnUuid *of, const DnIndexRecord *before, const DnIndexRecord *after,
    const char *text)
{
    g_autoptr(DnKvBatch) batch = dn_kv_batch_new();

    dn_index_update(batch, of, before, after);
    dn_index_update_text(batch, of, (after ? after : before)->registered_seq, NULL, text);
    g_assert_true(dn_kv_write(f->kv, batch, NULL));
}

static bool
join(const char *name, uint64_t count, void *user_data, G_GNUC_UNUSED GError **error)
{
    g_string_append_printf(user_data, "%s %" G_GUINT64_FORMAT "\n", name, count);
    return true;
}

static char *
parties(Fixture *f, const char *prefix, uint32_t limit)
{
    GString *names = g_string_new(NULL);

    g_assert_true(dn_index_parties(f->kv, &tenant, prefix, limit, join, names, NULL));
    return g_string_free(names, FALSE);
}

static void
test_names_are_listed_by_their_beginning(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    static const char *const names[] = {"株式会社ヤマト", "ﾔﾏﾄ㈱", "山田商店", "㈱やまだ", "佐藤"};
    g_autoptr(GError) error = NULL;

    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        DnIndexRecord one = record(i + 1, names[i]);

        put(f, &tenant, NULL, &one, NULL);
        put(f, &stranger, NULL, &one, NULL);
    }
    DnIndexRecord before = record(5, "佐藤");
    DnIndexRecord deleted = before;

    deleted.deleted = true;
    put(f, &tenant, &before, &deleted, NULL);
    g_autofree char *kana = parties(f, "やま", 10);
    g_autofree char *one = parties(f, "ﾔﾏ", 1);
    g_autofree char *kanji = parties(f, "（株）山田", 10);
    g_autofree char *gone = parties(f, "佐", 10);
    g_autofree char *inner = parties(f, "マト", 10);

    g_assert_cmpstr(kana, ==, "㈱やまだ 1\n株式会社ヤマト 2\n");
    g_assert_cmpstr(one, ==, "㈱やまだ 1\n");
    g_assert_cmpstr(kanji, ==, "山田商店 1\n");
    g_assert_cmpstr(gone, ==, ""); /* its only voucher is deleted */
    g_assert_cmpstr(inner, ==, "");
    g_assert_false(dn_index_parties(f->kv, &tenant, "・", 1, join, NULL, &error));
    g_assert_true(g_error_matches(error, DN_ERROR, DN_ERROR_INVALID));
}

static bool
ignore(G_GNUC_UNUSED const DnUuid *id, G_GNUC_UNUSED void *user_data, G_GNUC_UNUSED GError **error)
{
    return true;
}

static uint64_t
rows_for(Fixture *f, const DnQuery *query)
{
    g_auto(DnIndexCost) cost = {0};

    g_assert_true(dn_index_explain(f->kv, &tenant, query, ignore, NULL, NULL, &cost, NULL));
    g_assert_nonnull(cost.plan);
    g_assert_cmpuint(cost.steps, >=, cost.texts);
    return cost.rows;
}

/* Not a matter of time but of rows: a page takes what it shows, whatever lies around it. */
static void
test_a_page_touches_few_rows(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    g_autoptr(DnKvBatch) batch = dn_kv_batch_new();

    for (uint64_t seq = 1; seq <= 20000; seq++) {
        g_autofree char *rare = g_strdup_printf("商店%" G_GUINT64_FORMAT, seq % 1000);
        DnIndexRecord one = record(seq, seq % 2 ? "大手商事" : rare);

        one.amount = seq % 500 ? (int64_t)(seq % 97) : 777777;
        dn_index_update(batch, &tenant, NULL, &one);
    }
    g_assert_true(dn_kv_write(f->kv, batch, NULL));
    const DnQuery cheap[] = {
        {.sort = DN_SORT_DATE, .limit = 10},
        {.party = "大手商事", .party_match = DN_PARTY_EXACT, .sort = DN_SORT_DATE, .limit = 10},
        {.party = "手商", .sort = DN_SORT_DATE_DOWN, .limit = 10},
        {.party = "商店998", .limit = 10},
        {.has_amount = true, .amount_from = 777777, .amount_to = 777777, .limit = 10},
        {.kind = "receipt", .limit = 10},
        {.missing = DN_MISSING_AMOUNT, .limit = 10},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cheap); i++)
        g_assert_cmpuint(rows_for(f, &cheap[i]), <, i == 5 ? 25000 : 1500);
}

/* --- the check of an index ----------------------------------------------------------------- */

enum { MEMBERS = 50 };

static void
fill(Fixture *f)
{
    for (uint64_t seq = 1; seq <= MEMBERS; seq++) {
        DnIndexRecord one = record(seq, seq % 3 ? "山田商店" : NULL);

        put(f, &tenant, NULL, &one, seq % 2 ? "領収書 合計 10,800" : NULL);
        put(f, &stranger, NULL, &one, "他人");
    }
}

/* How many vouchers and sums are found wrong. */
static unsigned
problems(Fixture *f, uint64_t leave_out)
{
    g_autoptr(DnIndexCheck) check = dn_index_check_new(f->kv, &tenant);
    unsigned found = 0;
    uint64_t rows = 0;

    for (uint64_t seq = 1; seq <= MEMBERS; seq++) {
        DnIndexRecord one = record(seq, seq % 3 ? "山田商店" : NULL);

        if (seq != leave_out)
            found +=
                !dn_index_check_voucher(check, &one, seq % 2 ? "領収書 合計 10,800" : NULL, NULL);
    }
    found += !dn_index_check_finish(check, &rows, NULL);
    return found;
}

static void
test_a_good_index_passes(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    fill(f);
    g_assert_cmpuint(problems(f, 0), ==, 0);
}

static void
test_what_no_voucher_has_is_found(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    fill(f);
    g_assert_cmpuint(problems(f, 7), ==, 1);
}

/* Each row in turn is lost, and each value in turn is another. */
static void
test_each_row_counts(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    g_autoptr(DnKvCursor) cursor = NULL;

    fill(f);
    cursor = dn_kv_cursor(f->kv, DN_KV_INDEX, tenant.bytes, 16, stranger.bytes, 16, false);
    for (; dn_kv_cursor_valid(cursor); dn_kv_cursor_next(cursor)) {
        g_autoptr(DnKvBatch) lose = dn_kv_batch_new();
        g_autoptr(DnKvBatch) back = dn_kv_batch_new();
        size_t key_size = 0;
        size_t size = 0;
        const uint8_t *key = dn_kv_cursor_key(cursor, &key_size);
        const uint8_t *value = dn_kv_cursor_value(cursor, &size);

        if (g_test_rand_int_range(0, 2))
            dn_kv_batch_delete(lose, DN_KV_INDEX, key, key_size);
        else
            dn_kv_batch_put(lose, DN_KV_INDEX, key, key_size, "other", 5);
        dn_kv_batch_put(back, DN_KV_INDEX, key, key_size, value, size);
        g_assert_true(dn_kv_write(f->kv, lose, NULL));
        g_assert_cmpuint(problems(f, 0), ==, 2); /* the voucher and the sum */
        g_assert_true(dn_kv_write(f->kv, back, NULL));
    }
    g_assert_true(dn_kv_cursor_ok(cursor, NULL));
    g_assert_cmpuint(problems(f, 0), ==, 0);
}

static void
test_counts_and_lists_count(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    static const DnKvFamily families[] = {DN_KV_COUNT, DN_KV_POSTING, DN_KV_TALLY};

    fill(f);
    for (size_t i = 0; i < G_N_ELEMENTS(families); i++) {
        g_autoptr(DnKvCursor) cursor =
            dn_kv_cursor(f->kv, families[i], tenant.bytes, 16, stranger.bytes, 16, false);

        g_assert_true(dn_kv_cursor_valid(cursor));
        for (; dn_kv_cursor_valid(cursor); dn_kv_cursor_next(cursor))
            for (int turn = 1; turn >= 0; turn--) {
                g_autoptr(DnKvBatch) batch = dn_kv_batch_new();
                size_t size = 0;
                const uint8_t *key = dn_kv_cursor_key(cursor, &size);

                if (families[i] == DN_KV_COUNT)
                    dn_kv_batch_add(batch, key, size, turn ? 1 : -1);
                else if (families[i] == DN_KV_TALLY)
                    dn_kv_batch_tally(batch, key, size, 60000, !turn);
                else
                    dn_kv_batch_post(batch, key, size, 60000, !turn);
                g_assert_true(dn_kv_write(f->kv, batch, NULL));
                g_assert_cmpuint(problems(f, 0), ==, turn);
            }
    }
}

/* What a voucher had before a correction or its disposal is in no tally. */
static void
test_what_no_voucher_has_any_more_is_gone(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    g_autoptr(DnKvCursor) cursor = NULL;
    DnIndexRecord first = record(1, "山田商店");
    DnIndexRecord second = record(2, "山田商店");
    DnIndexRecord moved = second;
    DnIndexRecord corrected = first;
    unsigned tallies = 0;

    second.date_days = moved.date_days = first.date_days;
    second.amount = first.amount;
    moved.deleted = true;
    corrected.date_days += 7;
    corrected.amount = 987654;
    put(f, &tenant, NULL, &first, NULL);
    put(f, &tenant, NULL, &second, NULL);
    put(f, &tenant, &first, &corrected, NULL);
    put(f, &tenant, &second, &moved, NULL);
    put(f, &tenant, &moved, NULL, NULL);
    cursor = dn_kv_cursor(f->kv, DN_KV_TALLY, tenant.bytes, 16, stranger.bytes, 16, false);
    for (; dn_kv_cursor_valid(cursor); dn_kv_cursor_next(cursor)) {
        size_t size = 0;
        const uint8_t *key = dn_kv_cursor_key(cursor, &size);
        uint16_t wanted = key[16] == DN_KEY_DAYS ? dn_span_of_days(corrected.date_days)
                                                 : dn_span_of_amount(corrected.amount);
        const uint8_t *value = dn_kv_cursor_value(cursor, &size);
        DnTallyReader reader = {.bytes = value, .size = size, .place = -1};

        if (size == 0)
            continue;
        tallies++;
        g_assert_true(dn_tally_next(&reader));
        g_assert_cmpint(reader.place, ==, wanted);
        g_assert_cmpint(reader.count, ==, 1);
        g_assert_cmpuint(reader.size, ==, 0);
    }
    g_assert_cmpuint(tallies, ==, 2);
}

#define add(name, function) g_test_add("/parties/" name, Fixture, NULL, set_up, function, tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add("listed", test_names_are_listed_by_their_beginning);
    add("few-rows", test_a_page_touches_few_rows);
    add("check/good", test_a_good_index_passes);
    add("check/extra", test_what_no_voucher_has_is_found);
    add("check/rows", test_each_row_counts);
    add("check/sums", test_counts_and_lists_count);
    add("check/gone", test_what_no_voucher_has_any_more_is_gone);
    return g_test_run();
}
