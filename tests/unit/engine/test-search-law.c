/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tests/unit/engine/test-search-law.c - the search that the law asks for (規則 2-6-5, 通達 4-9 to
 * 4-30), row by row of the table of requirements, through the archive's public header.
 */
#include "config.h"
#include "base/fs.h"
#include "engine/archive.h"
#include "engine/internal.h"
#include "tests/unit/engine/fixture.h"

#include <string.h>

static const DnArchiveOptions defaults = {.actor = "test", .worker_path = "/nonexistent"};

static void
set_up(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    g_autoptr(GError) error = NULL;

    fixture_init(f, NULL);
    f->archive = dn_archive_open(f->dir, &defaults, &error);
    g_assert_no_error(error);
}

/* What is typed in with a document; NULL and NO_AMOUNT leave a value blank. */
#define NO_AMOUNT INT64_MIN

static DnUuid
put_in(Fixture *f, const char *date, int64_t amount, const char *currency, const char *party,
       const char *kind)
{
    static unsigned number;
    g_autofree char *content = g_strdup_printf("\x89PNG\r\n\x1a\n%u", number++);
    g_autoptr(GBytes) bytes = g_bytes_new(content, strlen(content));
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) result = NULL;
    DnDate day = {0};
    DnUuid id;
    DnIngest request = {.date = date ? &day : NULL,
                        .amount = amount == NO_AMOUNT ? NULL : &amount,
                        .currency = currency,
                        .party = party,
                        .kind = kind,
                        .no_wait = true};

    g_assert_true(!date || dn_date_parse(date, &day, &error));
    g_assert_true(dn_archive_ingest(f->archive, bytes, &request, &result, &error));
    g_assert_no_error(error);
    g_assert_true(dn_uuid_parse(dn_json_string(result, "voucher"), &id, &error));
    return id;
}

static DnUuid
put(Fixture *f, const char *date, int64_t amount, const char *party, const char *kind)
{
    return put_in(f, date, amount, NULL, party, kind);
}

static bool
count_row(G_GNUC_UNUSED const json_t *row, void *user_data, G_GNUC_UNUSED GError **error)
{
    ++*(unsigned *)user_data;
    return true;
}

/* Of the whole period at once; --count must say the same. */
static unsigned
found(Fixture *f, const DnSearch *search)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *cursor = NULL;
    unsigned rows = 0;
    uint64_t count = 0;

    g_assert_true(dn_archive_search(f->archive, search, count_row, &rows, &cursor, &error));
    g_assert_no_error(error);
    g_assert_true(dn_archive_count(f->archive, search, &count, &error));
    g_assert_cmpuint(count, ==, rows);
    return rows;
}

static bool
keep_id(const json_t *row, void *user_data, G_GNUC_UNUSED GError **error)
{
    g_ptr_array_add(user_data, g_strdup(dn_json_string(row, "voucher")));
    return true;
}

static DnDate
day(const char *text)
{
    DnDate date;

    g_assert_true(dn_date_parse(text, &date, NULL));
    return date;
}

static void
test_R38_date_amount_and_party_are_keys(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    const DnDate april = day("2026-04-01");
    const int64_t amount = 10800;

    put(f, "2026-04-01", 10800, "株式会社山田商店", "receipt");
    put(f, "2026-04-02", 500, "佐藤電機", "receipt");
    g_assert_cmpuint(found(f, &(DnSearch){.date_from = &april, .date_to = &april}), ==, 1);
    g_assert_cmpuint(found(f, &(DnSearch){.amount_from = &amount, .amount_to = &amount}), ==, 1);
    g_assert_cmpuint(found(f, &(DnSearch){.party = "㈱ヤマダ商店"}), ==, 0);
    g_assert_cmpuint(found(f, &(DnSearch){.party = "(株)山田商店"}), ==, 1);
}

static void
test_R39_each_kind_has_its_own_rule(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    static const char *const kinds[] = {"receipt", "invoice",  "delivery_note", "quotation",
                                        "order",   "contract", "statement",     "other"};
    const DnDate april = day("2026-04-01");

    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++)
        put(f, "2026-04-01", strcmp(kinds[i], "delivery_note") == 0 ? NO_AMOUNT : 100, "山田",
            kinds[i]);
    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++)
        g_assert_cmpuint(
            found(f, &(DnSearch){.kind = kinds[i], .date_from = &april, .party = "山田"}), ==, 1);
    /* A delivery note has date and party, no amount, and is found by that. */
    g_assert_cmpuint(found(f, &(DnSearch){.kind = "delivery_note", .missing = "amount"}), ==, 1);
    g_assert_cmpuint(found(f, &(DnSearch){.missing = "amount"}), ==, 1);
}

/* 通達 4-30: the party may be a code if the code table is kept. */
static void
test_R39_party_may_be_a_code(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    put(f, "2026-04-01", 100, "A-0042", "receipt");
    put(f, "2026-04-01", 100, "A-00421", "receipt");
    g_assert_cmpuint(found(f, &(DnSearch){.party = "Ａ－００４２", .party_match = "exact"}), ==, 1);
    g_assert_cmpuint(found(f, &(DnSearch){.party = "a0042", .party_match = "prefix"}), ==, 2);
    g_assert_cmpuint(found(f, &(DnSearch){.party = "0042"}), ==, 2);
}

static void
test_R40_ranges_include_both_ends(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    const DnDate from = day("2026-04-01");
    const DnDate to = day("2026-04-30");
    const int64_t low = 1000;
    const int64_t high = 2000;

    put(f, "2026-03-31", 999, NULL, "receipt");
    put(f, "2026-04-01", 1000, NULL, "receipt");
    put(f, "2026-04-30", 2000, NULL, "receipt");
    put(f, "2026-05-01", 2001, NULL, "receipt");
    g_assert_cmpuint(found(f, &(DnSearch){.date_from = &from, .date_to = &to}), ==, 2);
    g_assert_cmpuint(found(f, &(DnSearch){.amount_from = &low, .amount_to = &high}), ==, 2);
}

static void
test_R40_ranges_may_be_open(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    const DnDate april = day("2026-04-01");
    const int64_t amount = 1000;

    put(f, "2026-03-31", 999, NULL, "receipt");
    put(f, "2026-04-01", 1000, NULL, "receipt");
    put(f, "2026-04-02", 1001, NULL, "receipt");
    put(f, NULL, NO_AMOUNT, NULL, "receipt"); /* in no range, also not in an open one */
    g_assert_cmpuint(found(f, &(DnSearch){.date_from = &april}), ==, 2);
    g_assert_cmpuint(found(f, &(DnSearch){.date_to = &april}), ==, 2);
    g_assert_cmpuint(found(f, &(DnSearch){.amount_from = &amount}), ==, 2);
    g_assert_cmpuint(found(f, &(DnSearch){.amount_to = &amount}), ==, 2);
}

static void
test_R40_zero_and_negative_are_amounts(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    const int64_t zero = 0;
    const int64_t minus = -1;
    const int64_t refund = -500;

    put(f, "2026-04-01", 0, NULL, "receipt");
    put(f, "2026-04-01", -500, NULL, "receipt");
    put(f, "2026-04-01", 500, NULL, "receipt");
    put(f, "2026-04-01", NO_AMOUNT, NULL, "receipt");
    g_assert_cmpuint(found(f, &(DnSearch){.amount_from = &zero, .amount_to = &zero}), ==, 1);
    g_assert_cmpuint(found(f, &(DnSearch){.amount_to = &minus}), ==, 1);
    g_assert_cmpuint(found(f, &(DnSearch){.amount_from = &refund, .amount_to = &zero}), ==, 2);
}

/* ¥1,000, $10.00 and $1,000 are three amounts; a number asks for one of them. */
static void
test_R40_an_amount_is_of_one_currency(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    const int64_t thousand = 1000;
    g_autoptr(GError) error = NULL;
    uint64_t count = 7;

    put(f, "2026-04-01", 1000, "山田", "receipt");
    put_in(f, "2026-04-01", 1000, "JPY", "山田", "receipt");
    put_in(f, "2026-04-01", 1000, "USD", "山田", "receipt");
    put_in(f, "2026-04-02", 100000, "USD", "佐藤", "receipt");
    put(f, "2026-04-02", NO_AMOUNT, "佐藤", "receipt");
    g_assert_cmpuint(found(f, &(DnSearch){.amount_from = &thousand, .amount_to = &thousand}), ==,
                     2);
    g_assert_cmpuint(found(f, &(DnSearch){.amount_from = &thousand}), ==, 2);
    g_assert_cmpuint(found(f, &(DnSearch){.amount_from = &thousand, .currency = "USD"}), ==, 2);
    g_assert_cmpuint(found(f, &(DnSearch){.amount_to = &thousand, .currency = "USD"}), ==, 1);
    g_assert_cmpuint(found(f, &(DnSearch){.amount_to = &thousand, .currency = "EUR"}), ==, 0);
    g_assert_cmpuint(found(f, &(DnSearch){.currency = "USD"}), ==, 2);
    g_assert_cmpuint(found(f, &(DnSearch){.currency = "USD", .party = "佐藤"}), ==, 1);
    g_assert_cmpuint(found(f, &(DnSearch){.currency = "JPY"}), ==, 2);
    /* Whoever asks for no amount is shown all. */
    g_assert_cmpuint(found(f, &(DnSearch){.party = "山田"}), ==, 3);
    g_assert_cmpuint(found(f, &(DnSearch){.sort = "-amount"}), ==, 5);
    g_assert_false(dn_archive_count(f->archive, &(DnSearch){.currency = "yen"}, &count, &error));
    g_assert_true(g_error_matches(error, DN_ERROR, DN_ERROR_INVALID));
    g_assert_cmpuint(count, ==, 7);
}

typedef struct {
    Fixture *f;
    unsigned rows;
} Compared;

/* The row of a search is the one that its state makes, whatever has become of the voucher. */
static bool
compare_row(const json_t *row, void *user_data, GError **error)
{
    Compared *self = user_data;
    DnUuid id;

    g_assert_true(dn_uuid_parse(dn_json_string(row, "voucher"), &id, NULL));
    g_autoptr(json_t) state = dn_view_voucher(self->f->archive, &id, error);
    g_autoptr(json_t) made = dn_voucher_row(state);
    g_autofree char *shown = json_dumps(row, JSON_SORT_KEYS);
    g_autofree char *wanted = json_dumps(made, JSON_SORT_KEYS);

    g_assert_cmpstr(shown, ==, wanted);
    self->rows++;
    return true;
}

static void
test_R43_a_row_shows_the_voucher_as_it_stands(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    static const char *const sorts[] = {"registered", "date", "-date", "amount", "-amount"};
    static const char *const label[] = {"travel", "経費", NULL};
    static const char *const none[] = {NULL};
    const int64_t minus = -2700;
    DnUuid ids[6];
    json_t *rows[6] = {NULL};

    ids[0] = put(f, "2026-04-01", 100, "株式会社 山田\"商店\"", "receipt");
    ids[1] = put_in(f, NULL, 2700, "USD", "Amazon Web Services, Inc.", "invoice");
    ids[2] = put(f, "2026-04-02", NO_AMOUNT, NULL, "delivery_note");
    ids[3] = put(f, "2026-04-03", 5, "佐藤", "receipt");
    ids[4] = put(f, NULL, NO_AMOUNT, NULL, "other");
    ids[5] = put(f, "2026-04-04", 6, "Amazon Web Services, Inc.", "receipt");
    g_assert_true(dn_archive_label(f->archive, &ids[0], label, none, &rows[0], NULL));
    g_assert_true(dn_archive_link(f->archive, &ids[0], "2026/0001", &rows[1], NULL));
    g_assert_true(dn_archive_delete(f->archive, &ids[3], "handed in twice", &rows[2], NULL));
    g_assert_true(dn_archive_confirm(f->archive, &ids[5], &rows[3], NULL));
    g_assert_true(dn_archive_correct(
        f->archive, &ids[5], &(DnCorrection){.amount = &minus, .currency = "MYR", .party = "鈴木"},
        "misread", &rows[4], NULL));
    for (size_t i = 0; i < G_N_ELEMENTS(sorts); i++)
        for (uint32_t limit = 0; limit <= 50; limit += 50) {
            Compared compared = {f, 0};
            g_autoptr(GError) error = NULL;
            g_autofree char *cursor = NULL;

            g_assert_true(dn_archive_search(
                f->archive, &(DnSearch){.sort = sorts[i], .limit = limit, .deleted = "include"},
                compare_row, &compared, &cursor, &error));
            g_assert_no_error(error);
            g_assert_cmpuint(compared.rows, ==, 6);
        }
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        json_decref(rows[i]);
}

/* The number stands with what is searched, and beside it only when it was printed otherwise. */
static void
test_R43_a_row_shows_the_registration_number(G_GNUC_UNUSED Fixture *f,
                                             G_GNUC_UNUSED gconstpointer data)
{
    DnCover cover = {.kind = "receipt",
                     .party = "",
                     .currency = "",
                     .labels = "",
                     .date_days = DN_DAYS_MISSING,
                     .amount = DN_AMOUNT_MISSING,
                     .number = "T1234567890123",
                     .shown = "[1,\"read\"]"};
    g_autoptr(json_t) row = dn_row_of_cover(&cover);

    g_assert_cmpstr(dn_json_string(row, "registration_number"), ==, "T1234567890123");
    cover.shown = "[1,\"read\",null,null,null,null,\"T1-2345-6789-0123\"]";
    g_autoptr(json_t) other = dn_row_of_cover(&cover);

    g_assert_cmpstr(dn_json_string(other, "registration_number"), ==, "T1-2345-6789-0123");
    /* Damage ends in no row, not in another one. */
    cover.shown = "[1,2,3,4,5,6,7,8,9,10,11]";
    g_assert_null(dn_row_of_cover(&cover));
    cover.shown = "{}";
    g_assert_null(dn_row_of_cover(&cover));
    cover.shown = NULL;
    g_assert_null(dn_row_of_cover(&cover));
}

static void
test_R40_a_range_may_cross_periods(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    const DnDate from = day("2019-01-01");
    const DnDate to = day("2027-12-31");

    for (int year = 2019; year < 2028; year++) {
        g_autofree char *date = g_strdup_printf("%d-12-31", year);

        put(f, date, year, NULL, "receipt");
    }
    g_assert_cmpuint(found(f, &(DnSearch){.date_from = &from, .date_to = &to}), ==, 9);
}

/* Eight vouchers that each have or have not one date, one amount, one party: every combination of
 * the keys finds just those that have all of it. */
static void
test_R41_any_keys_are_joined_by_and(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    const DnDate april = day("2026-04-01");
    const int64_t amount = 100;

    for (unsigned i = 0; i < 8; i++)
        put(f, i & 1 ? "2026-04-01" : "2026-05-01", i & 2 ? 100 : 200, i & 4 ? "山田" : "佐藤",
            "receipt");
    for (unsigned asked = 0; asked < 8; asked++) {
        DnSearch search = {.party = asked & 4 ? "山田" : NULL};

        if (asked & 1)
            search.date_from = search.date_to = &april;
        if (asked & 2)
            search.amount_from = search.amount_to = &amount;
        g_assert_cmpuint(found(f, &search), ==, 8 >> __builtin_popcount(asked));
    }
}

static void
test_R42_blanks_are_searchable(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    const DnDate april = day("2026-04-01");

    put(f, NULL, 100, "山田", "receipt");
    put(f, "2026-04-01", NO_AMOUNT, "山田", "receipt");
    put(f, "2026-04-01", 100, NULL, "receipt");
    put(f, "2026-04-01", 0, "株式会社", "receipt"); /* neither blank: 0 yen, a name all the same */
    put(f, NULL, NO_AMOUNT, NULL, "receipt");
    g_assert_cmpuint(found(f, &(DnSearch){.missing = "date"}), ==, 2);
    g_assert_cmpuint(found(f, &(DnSearch){.missing = "amount"}), ==, 2);
    g_assert_cmpuint(found(f, &(DnSearch){.missing = "party"}), ==, 2);
    g_assert_cmpuint(found(f, &(DnSearch){.missing = "amount", .date_from = &april}), ==, 1);
    g_assert_cmpuint(found(f, &(DnSearch){0}), ==, 5);
}

static void
test_R43_deleted_only_when_asked_for(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    DnUuid id = put(f, "2026-04-01", 100, "山田", "receipt");
    g_autoptr(json_t) row = NULL;

    put(f, "2026-04-01", 100, "山田", "receipt");
    g_assert_true(dn_archive_delete(f->archive, &id, "handed in twice", &row, NULL));
    g_assert_cmpuint(found(f, &(DnSearch){.party = "山田"}), ==, 1);
    g_assert_cmpuint(found(f, &(DnSearch){.party = "山田", .deleted = "include"}), ==, 2);
    g_assert_cmpuint(found(f, &(DnSearch){.party = "山田", .deleted = "only"}), ==, 1);
    g_clear_pointer(&row, json_decref);
    g_assert_true(dn_archive_undelete(f->archive, &id, "was not", &row, NULL));
    g_assert_cmpuint(found(f, &(DnSearch){.party = "山田"}), ==, 2);
}

/* What was corrected is found by its new value, and by the old one no more. */
static void
test_R43_only_what_matches_is_shown(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    DnUuid id = put(f, "2026-04-01", 100, "山田", "receipt");
    g_autoptr(json_t) row = NULL;
    const int64_t old = 100;
    const int64_t new = 1000;
    const DnCorrection correction = {.amount = &new, .party = "佐藤"};

    g_assert_true(dn_archive_correct(f->archive, &id, &correction, "misread", &row, NULL));
    g_assert_cmpuint(found(f, &(DnSearch){.amount_from = &old, .amount_to = &old}), ==, 0);
    g_assert_cmpuint(found(f, &(DnSearch){.party = "山田"}), ==, 0);
    g_assert_cmpuint(found(f, &(DnSearch){.amount_from = &new, .party = "佐藤"}), ==, 1);
}

static bool
settle(Fixture *f, const char *lines, GError **error)
{
    g_autofree char *path = g_build_filename(f->dir, "dencho.conf", NULL);
    g_autofree char *settings = NULL;
    g_autofree char *more = NULL;

    dn_archive_close(g_steal_pointer(&f->archive));
    g_assert_true(g_file_get_contents(path, &settings, NULL, NULL));
    more = g_strconcat(settings, "\n[law]\n", lines, NULL);
    g_assert_true(g_file_set_contents(path, more, -1, NULL));
    f->archive = dn_archive_open(f->dir, &defaults, error);
    if (f->archive)
        return true;
    g_assert_true(g_file_set_contents(path, settings, -1, NULL));
    f->archive = dn_archive_open(f->dir, &defaults, NULL);
    g_assert_nonnull(f->archive);
    return false;
}

/* What the owner has settled of the voucher that a search for its date, amount and party finds. */
static void
assert_settled(Fixture *f, const char *date, int64_t amount, const char *rule, const char *wanted)
{
    const DnDate on = day(date);
    g_autoptr(GPtrArray) ids = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GError) error = NULL;
    DnUuid id;

    g_assert_true(dn_archive_search(f->archive,
                                    &(DnSearch){.date_from = &on,
                                                .date_to = &on,
                                                .amount_from = &amount,
                                                .amount_to = &amount,
                                                .party = "山田"},
                                    keep_id, ids, NULL, &error));
    g_assert_no_error(error);
    g_assert_cmpuint(ids->len, ==, 1);
    g_assert_true(dn_uuid_parse(g_ptr_array_index(ids, 0), &id, NULL));
    g_autoptr(json_t) shown = dn_archive_show(f->archive, &id, 0, &error);

    g_assert_no_error(error);
    g_assert_cmpstr(dn_json_string(json_object_get(shown, "law"), rule), ==, wanted);
}

/* A monthly bundle is found by each of its transactions in a period for which that was settled, by
 * the day and the total of the whole in the next; within a period the rule stays. */
static void
test_R44_a_bundle_is_found_by_the_rule_of_its_period(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    const DnDate from = day("2026-04-01");
    const DnDate to = day("2027-03-31");
    g_autoptr(GError) error = NULL;

    g_assert_false(settle(f, "bundles=2026-04-01=each;2026-10-01=total\n", &error));
    g_assert_true(g_error_matches(error, DN_ERROR, DN_ERROR_INVALID));
    g_clear_error(&error);
    g_assert_true(settle(f, "bundles=2026-04-01=each;2027-04-01=total\n", &error));
    put(f, "2026-05-08", 1100, "山田商店", "invoice");
    put(f, "2026-05-21", 2200, "山田商店", "invoice");
    put(f, "2027-05-31", 3300, "山田商店", "invoice");
    assert_settled(f, "2026-05-08", 1100, "bundle", "each");
    assert_settled(f, "2026-05-21", 2200, "bundle", "each");
    assert_settled(f, "2027-05-31", 3300, "bundle", "total");
    g_assert_cmpuint(found(f, &(DnSearch){.date_from = &from, .date_to = &to}), ==, 2);
}

/* The amount that is searched is the one that was kept, with or without tax as was settled for its
 * period: who looks sees which. */
static void
test_R45_an_amount_is_found_on_the_basis_of_its_period(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    const int64_t without = 1000;
    const int64_t with = 1100;
    g_autoptr(GError) error = NULL;

    g_assert_false(settle(f, "amounts=2026-04-01=excl;2026-06-01=incl\n", &error));
    g_assert_true(g_error_matches(error, DN_ERROR, DN_ERROR_INVALID));
    g_clear_error(&error);
    g_assert_true(settle(f, "amounts=2026-04-01=excl;2027-04-01=incl\n", &error));
    put(f, "2026-05-08", without, "山田商店", "receipt");
    put(f, "2027-05-08", with, "山田商店", "receipt");
    assert_settled(f, "2026-05-08", without, "amounts", "excl");
    assert_settled(f, "2027-05-08", with, "amounts", "incl");
    /* Nothing is converted behind the back of who asks. */
    g_assert_cmpuint(found(f, &(DnSearch){.amount_from = &with, .amount_to = &with}), ==, 1);
    g_assert_cmpuint(found(f, &(DnSearch){.amount_from = &without, .amount_to = &without}), ==, 1);
}

/* Prompt whatever the archive holds: a page takes as many rows of the index as it shows, and few
 * more; seconds are in docs/search.md. */
static void
test_R37_a_page_takes_the_rows_that_it_shows(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    enum { VOUCHERS = 400, PAGE = 10, MOST_ROWS = 8 * PAGE };
    const DnDate from = day("2026-04-01");
    const int64_t low = 100;
    const DnSearch searches[] = {
        {.limit = PAGE},
        {.limit = PAGE, .sort = "-date"},
        {.limit = PAGE, .sort = "date", .date_from = &from},
        {.limit = PAGE, .sort = "amount", .amount_from = &low},
        {.limit = PAGE, .sort = "date", .party = "山田商店", .party_match = "exact"},
        {.limit = PAGE, .sort = "-amount", .party = "山田商店", .party_match = "exact"},
        {.limit = PAGE, .sort = "date", .party = "山田", .date_from = &from},
        {.limit = PAGE, .sort = "date", .date_from = &from, .amount_from = &low},
        {.limit = PAGE, .missing = "amount"},
    };

    for (int i = 0; i < VOUCHERS; i++) {
        g_autofree char *date = g_strdup_printf("2026-%02d-%02d", 4 + i % 9, 1 + i % 28);

        put(f, date, i % 8 == 7 ? NO_AMOUNT : 100 + i, i % 2 ? "山田商店" : "佐藤", "receipt");
    }
    for (size_t i = 0; i < G_N_ELEMENTS(searches); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(json_t) plan = dn_archive_explain(f->archive, &searches[i], &error);

        g_assert_no_error(error);
        g_test_message("%s: %s", dn_json_string(plan, "plan"), dn_json_string(plan, "raced"));
        g_assert_cmpint(dn_json_int(plan, "vouchers", 0), ==, PAGE);
        g_assert_cmpint(dn_json_int(plan, "rows", 0), <=, MOST_ROWS);
    }
}

/* Stored as one calendar: an era is only another way to write a day. */
static void
test_R46_eras_name_the_same_days(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    const DnDate april = day("令和8年4月1日");

    put(f, "R8.4.1", 100, NULL, "receipt");
    put(f, "2026-04-01", 100, NULL, "receipt");
    g_assert_cmpuint(found(f, &(DnSearch){.date_from = &april, .date_to = &april}), ==, 2);
}

/* --- and it is complete -------------------------------------------------------------------- */

static int64_t
index_problems(Fixture *f)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) totals = NULL;
    unsigned rows = 0;

    g_assert_true(dn_archive_verify_index(f->archive, count_row, NULL, &rows, &totals, &error));
    g_assert_no_error(error);
    g_assert_cmpint(dn_json_int(totals, "failed", -1), ==, rows);
    g_assert_cmpint(dn_json_int(totals, "rows", -1), >=, 0);
    return rows;
}

static void
test_R42_no_record_is_out_of_reach(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    DnUuid id = put(f, "2026-04-01", 100, "山田", "receipt");
    static const char *const label[] = {"travel", NULL};
    static const char *const none[] = {NULL};
    g_autoptr(json_t) row = NULL;
    g_autoptr(json_t) other = NULL;

    put(f, NULL, NO_AMOUNT, NULL, "other");
    g_assert_true(dn_archive_label(f->archive, &id, label, none, &row, NULL));
    g_assert_true(dn_archive_delete(f->archive, &id, "handed in twice", &other, NULL));
    g_assert_cmpint(index_problems(f), ==, 0);
}

/* Something that a rebuilt view has not, and a format that no program writes. */
static void
spoil_view(Fixture *f, const char *format)
{
    g_autoptr(DnKvBatch) batch = dn_kv_batch_new();
    g_autoptr(GError) error = NULL;

    dn_kv_batch_put(batch, DN_KV_INDEX, f->archive->tenant.bytes, 16, "", 0);
    if (format)
        dn_kv_batch_put(batch, DN_KV_META, "format", 6, format, 1);
    else
        dn_kv_batch_delete(batch, DN_KV_META, "format", 6); /* of a program that wrote none */
    g_assert_true(dn_kv_write(f->archive->view, batch, &error));
    g_assert_cmpint(index_problems(f), ==, 1);
    dn_archive_close(f->archive);
    f->archive = dn_archive_open(f->dir, &defaults, &error);
    g_assert_no_error(error);
}

static void
test_a_view_of_another_format_is_built_again(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    put(f, "2026-04-01", 100, "山田", "receipt");
    spoil_view(f, "\xff");
    g_assert_cmpint(index_problems(f), ==, 0);
    spoil_view(f, NULL);
    g_assert_cmpint(index_problems(f), ==, 0);
    g_assert_cmpuint(found(f, &(DnSearch){.party = "山田"}), ==, 1);
}

/* States and entries, too, not only rows. */
static void
test_a_lost_state_is_told(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    DnUuid id = put(f, "2026-04-01", 100, "山田", "receipt");
    g_autoptr(DnKvBatch) batch = dn_kv_batch_new();
    uint8_t key[32];

    put(f, "2026-04-02", 200, "佐藤", "receipt");
    memcpy(key, f->archive->tenant.bytes, 16);
    memcpy(key + 16, id.bytes, 16);
    dn_kv_batch_delete(batch, DN_KV_VOUCHER, key, sizeof key);
    g_assert_true(dn_kv_write(f->archive->view, batch, NULL));
    /* The voucher; the rows that nobody has; how many there are. */
    g_assert_cmpint(index_problems(f), ==, 3);
}

static void
test_parties_and_plans_are_told(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    unsigned rows = 0;

    put(f, "2026-04-01", 100, "株式会社山田商店", "receipt");
    put(f, "2026-04-01", 100, "山田電機", "receipt");
    g_assert_true(dn_archive_parties(f->archive, "山田", 10, count_row, &rows, &error));
    g_assert_cmpuint(rows, ==, 2);
    g_autoptr(json_t) plan =
        dn_archive_explain(f->archive, &(DnSearch){.party = "電機", .limit = 5}, &error);

    g_assert_no_error(error);
    g_assert_cmpint(dn_json_int(plan, "vouchers", 0), ==, 1);
    g_assert_nonnull(dn_json_string(plan, "plan"));
    g_assert_null(dn_archive_explain(f->archive, &(DnSearch){.party_match = "like"}, &error));
    g_assert_true(g_error_matches(error, DN_ERROR, DN_ERROR_INVALID));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define T(name) g_test_add("/search-law/" #name, Fixture, NULL, set_up, test_##name, tear_down)
    T(R38_date_amount_and_party_are_keys);
    T(R39_each_kind_has_its_own_rule);
    T(R39_party_may_be_a_code);
    T(R40_ranges_include_both_ends);
    T(R40_ranges_may_be_open);
    T(R40_zero_and_negative_are_amounts);
    T(R40_a_range_may_cross_periods);
    T(R40_an_amount_is_of_one_currency);
    T(R43_a_row_shows_the_voucher_as_it_stands);
    T(R43_a_row_shows_the_registration_number);
    T(R41_any_keys_are_joined_by_and);
    T(R42_blanks_are_searchable);
    T(R42_no_record_is_out_of_reach);
    T(R43_deleted_only_when_asked_for);
    T(R43_only_what_matches_is_shown);
    T(R44_a_bundle_is_found_by_the_rule_of_its_period);
    T(R45_an_amount_is_found_on_the_basis_of_its_period);
    T(R37_a_page_takes_the_rows_that_it_shows);
    T(R46_eras_name_the_same_days);
    T(parties_and_plans_are_told);
    T(a_view_of_another_format_is_built_again);
    T(a_lost_state_is_told);
    return g_test_run();
}
