/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tests/unit/index/test-query.c - what is found is what a plain scan of all records finds.
 *
 * The oracle knows nothing of keys and plans: it filters and sorts an array. Random draws come from
 * g_test, which prints its seed; --seed repeats a run.
 */
#include "config.h"
#include "base/fs.h"
#include "index/gate.h"
#include "index/party.h"
#include "index/query.h"
#include "index/span.h"
#include "index/text.h"

#include <string.h>

#define assert_code(error, wanted)                                                                 \
    do {                                                                                           \
        g_assert_nonnull(error);                                                                   \
        g_assert_cmpint(dn_error_code(error), ==, DN_ERROR_##wanted);                              \
        g_clear_error(&(error));                                                                   \
    } while (0)

static const DnUuid tenant = {{7, 7, 7}};
static const DnUuid neighbours[] = {{{7, 7, 6, 255}}, {{7, 7, 7, 1}}};

static const char *const parties[] = {"株式会社山田商店",
                                      "㈱山田商店",
                                      "山田電機",
                                      "ヤマダ",
                                      "(有)タナカ",
                                      "田中",
                                      "Amazon Japan G.K.",
                                      "アマゾンジャパン合同会社",
                                      "髙島屋",
                                      "株式会社",
                                      "・"};
static const char *const kinds[] = {"receipt", "receipt", "receipt", "invoice", "quotation"};
static const char *const labels[] = {"経費", "travel", "a", "b"};
static const char *const words[] = {"領収書",   "合計", "東京駅", "coffee", "10,800",
                                    "コーヒー", "書類", "駅",     "京都",   "tax"};
static const char *const currencies[] = {"JPY", "JPY", "JPY", NULL, "USD", "EUR"};
static const char *const numbers[] = {"T1234567890123", "T9999999999999"};

typedef struct {
    DnIndexRecord record;
    const char *labels[3];
    char *text; /* (nullable) */
    char shown[16];
} Voucher;

typedef struct {
    char *dir;
    DnKv *kv;
    GPtrArray *vouchers;
    uint64_t last_seq;
} Fixture;

static void
voucher_free(void *data)
{
    Voucher *voucher = data;

    g_free(voucher->text);
    g_free(voucher);
}

static void
set_up(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *view = NULL;

    f->dir = g_dir_make_tmp("dencho-query-XXXXXX", NULL);
    view = g_build_filename(f->dir, "view", NULL);
    f->kv = dn_kv_open(view, NULL, NULL, &error);
    g_assert_no_error(error);
    f->vouchers = g_ptr_array_new_with_free_func(voucher_free);
}

static void
tear_down(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    g_ptr_array_unref(f->vouchers);
    dn_kv_close(f->kv);
    g_assert_true(dn_fs_remove_tree(f->dir, NULL));
    g_free(f->dir);
}

static int
below(int n)
{
    return g_test_rand_int_range(0, n);
}

#define any(array) ((array)[below(G_N_ELEMENTS(array))])

static int32_t
random_days(void)
{
    static const int32_t extremes[] = {INT32_MIN + 1, -1, 0, INT32_MAX};

    return below(20) == 0 ? any(extremes) : 20000 + below(30);
}

static int64_t
random_amount(void)
{
    static const int64_t extremes[] = {INT64_MIN + 1, -1, 0, INT64_MAX, -500};

    return below(10) == 0 ? any(extremes) : 100 * below(40);
}

/* Everything of it but id and seq. */
static void
voucher_draw(Voucher *voucher)
{
    DnIndexRecord *record = &voucher->record;
    g_autoptr(GString) text = g_string_new(NULL);

    record->date_days = below(8) == 0 ? DN_DAYS_MISSING : random_days();
    record->amount = below(8) == 0 ? DN_AMOUNT_MISSING : random_amount();
    record->currency = any(currencies);
    record->party = below(8) == 0 ? NULL : any(parties);
    record->registration_number = below(3) == 0 ? any(numbers) : NULL;
    record->kind = any(kinds);
    record->deleted = below(6) == 0;
    voucher->labels[0] = below(2) == 0 ? any(labels) : NULL;
    voucher->labels[1] = voucher->labels[0] && below(2) == 0 ? any(labels) : NULL;
    record->labels = below(4) == 0 ? NULL : voucher->labels;
    g_snprintf(voucher->shown, sizeof voucher->shown, "%d", below(1000));
    record->shown = below(9) == 0 ? NULL : voucher->shown;
    for (int i = below(6); i > 0; i--)
        g_string_append_printf(text, "%s\n", any(words));
    g_free(voucher->text);
    voucher->text = below(5) == 0 ? NULL : g_strdup(text->str);
}

static void
add_to_batch(DnKvBatch *batch, const DnUuid *of, const Voucher *before, const Voucher *after)
{
    dn_index_update(batch, of, before ? &before->record : NULL, after ? &after->record : NULL);
    dn_index_update_text(batch, of, (after ? after : before)->record.registered_seq,
                         before ? before->text : NULL, after ? after->text : NULL);
}

static void
write_change(Fixture *f, const Voucher *before, const Voucher *after)
{
    g_autoptr(DnKvBatch) batch = dn_kv_batch_new();

    add_to_batch(batch, &tenant, before, after);
    g_assert_true(dn_kv_write(f->kv, batch, NULL));
}

/* Not written yet. */
static Voucher *
new_voucher(Fixture *f)
{
    Voucher *voucher = g_new0(Voucher, 1);

    /* Lists are kept by blocks of 65,536. */
    f->last_seq += 1 + (uint64_t)below(4) + (below(40) == 0 ? 60000 : 0);
    voucher->record.id = dn_uuid_new();
    voucher->record.registered_seq = f->last_seq;
    voucher_draw(voucher);
    g_ptr_array_add(f->vouchers, voucher);
    return voucher;
}

static Voucher *
add_voucher(Fixture *f)
{
    Voucher *voucher = new_voucher(f);

    write_change(f, NULL, voucher);
    return voucher;
}

static void
change_voucher(Fixture *f)
{
    if (f->vouchers->len == 0)
        return; /* the draw has taken all away */
    guint i = (guint)below((int)f->vouchers->len);
    Voucher *voucher = g_ptr_array_index(f->vouchers, i);
    Voucher before = *voucher;

    before.text = g_strdup(voucher->text);
    if (before.record.labels)
        before.record.labels = before.labels;
    if (before.record.shown)
        before.record.shown = before.shown;
    if (below(8) == 0) {
        write_change(f, voucher, NULL);
        g_ptr_array_remove_index_fast(f->vouchers, i);
    } else {
        if (below(3) == 0)
            voucher->record.deleted = !voucher->record.deleted;
        else
            voucher_draw(voucher);
        write_change(f, &before, voucher);
    }
    g_free(before.text);
}

/* --- the oracle --------------------------------------------------------------------------- */

static bool
oracle_has_text(const Voucher *voucher, const char *text)
{
    g_autoptr(GPtrArray) terms = dn_text_terms(text);
    g_autoptr(GPtrArray) tokens = dn_text_tokens(voucher->text);

    for (guint i = 0; i < terms->len; i++) {
        DnTextTerm *term = g_ptr_array_index(terms, i);
        bool found = false;

        for (guint k = 0; k < tokens->len && !found; k++) {
            const char *token = g_ptr_array_index(tokens, k);

            found = term->prefix ? g_str_has_prefix(token, term->token)
                                 : strcmp(token, term->token) == 0;
        }
        if (!found)
            return false;
    }
    return true;
}

static bool
oracle_has_phrases(const Voucher *voucher, const char *text)
{
    g_autoptr(GPtrArray) phrases = dn_text_phrases(text);
    g_autofree char *flat = dn_text_flat(voucher->text ? voucher->text : "");

    for (guint i = 0; i < phrases->len; i++)
        if (!dn_text_find_phrase(flat, g_ptr_array_index(phrases, i)))
            return false;
    return true;
}

static bool
oracle_has_party(const DnIndexRecord *record, const char *party, DnPartyMatch match)
{
    g_autofree char *number = dn_party_number(party);
    g_autofree char *name = record->party ? dn_party_fold(record->party) : g_strdup("");
    g_autofree char *wanted = dn_party_fold(party);

    if (number)
        return g_strcmp0(record->registration_number, number) == 0;
    if (match == DN_PARTY_EXACT)
        return strcmp(name, wanted) == 0;
    if (match == DN_PARTY_PREFIX)
        return g_str_has_prefix(name, wanted);
    return strstr(name, wanted) != NULL;
}

static bool
oracle_has_label(const DnIndexRecord *record, const char *label)
{
    return record->labels && g_strv_contains(record->labels, label);
}

static bool
oracle_misses_party(const DnIndexRecord *record)
{
    g_autofree char *name = record->party ? dn_party_fold(record->party) : g_strdup("");

    return !*name;
}

static bool
oracle_matches(const Voucher *voucher, const DnQuery *query)
{
    const DnIndexRecord *r = &voucher->record;

    if (r->deleted ? query->deleted == DN_DELETED_EXCLUDE : query->deleted == DN_DELETED_ONLY)
        return false;
    if (query->has_date &&
        (r->date_days == DN_DAYS_MISSING || r->date_days < query->date_from_days ||
         r->date_days > query->date_to_days))
        return false;
    if (query->has_amount && (r->amount == DN_AMOUNT_MISSING || r->amount < query->amount_from ||
                              r->amount > query->amount_to))
        return false;
    if (query->currency && (r->amount == DN_AMOUNT_MISSING ||
                            strcmp(r->currency ? r->currency : "JPY", query->currency) != 0))
        return false;
    if ((query->missing == DN_MISSING_DATE && r->date_days != DN_DAYS_MISSING) ||
        (query->missing == DN_MISSING_AMOUNT && r->amount != DN_AMOUNT_MISSING) ||
        (query->missing == DN_MISSING_PARTY && !oracle_misses_party(r)))
        return false;
    return (!query->kind || strcmp(r->kind, query->kind) == 0) &&
           (!query->label || oracle_has_label(r, query->label)) &&
           (!query->party || oracle_has_party(r, query->party, query->party_match)) &&
           (!query->text ||
            (oracle_has_text(voucher, query->text) && oracle_has_phrases(voucher, query->text)));
}

static int
oracle_compare(gconstpointer a, gconstpointer b, gpointer data)
{
    const DnIndexRecord *left = &(*(Voucher *const *)a)->record;
    const DnIndexRecord *right = &(*(Voucher *const *)b)->record;
    DnSort sort = ((const DnQuery *)data)->sort;
    bool date = sort == DN_SORT_DATE || sort == DN_SORT_DATE_DOWN;
    bool amount = sort == DN_SORT_AMOUNT || sort == DN_SORT_AMOUNT_DOWN;
    int sign = sort == DN_SORT_DATE_DOWN || sort == DN_SORT_AMOUNT_DOWN ? -1 : 1;
    int64_t x = date ? left->date_days : amount ? left->amount : 0;
    int64_t y = date ? right->date_days : amount ? right->amount : 0;
    int64_t none = date ? DN_DAYS_MISSING : amount ? DN_AMOUNT_MISSING : 1;

    if ((x == none) != (y == none))
        return x == none ? 1 : -1;
    if (x != y)
        return x < y ? -sign : sign;
    return left->registered_seq < right->registered_seq ? -sign : sign;
}

static GPtrArray *
oracle_find(Fixture *f, const DnQuery *query)
{
    GPtrArray *found = g_ptr_array_new();

    for (guint i = 0; i < f->vouchers->len; i++)
        if (oracle_matches(g_ptr_array_index(f->vouchers, i), query))
            g_ptr_array_add(found, g_ptr_array_index(f->vouchers, i));
    g_ptr_array_sort_with_data(found, oracle_compare, (gpointer)query);
    return found;
}

/* --- asking ------------------------------------------------------------------------------- */

static bool
collect(const DnUuid *id, void *user_data, G_GNUC_UNUSED GError **error)
{
    g_array_append_vals(user_data, id, 1);
    return true;
}

static bool
load_text(const DnUuid *id, char **out_text, void *user_data, G_GNUC_UNUSED GError **error)
{
    const Fixture *f = user_data;

    for (guint i = 0; i < f->vouchers->len; i++) {
        const Voucher *voucher = g_ptr_array_index(f->vouchers, i);

        if (dn_uuid_equal(&voucher->record.id, id)) {
            *out_text = g_strdup(voucher->text);
            return true;
        }
    }
    g_assert_not_reached();
}

typedef struct {
    GPtrArray *wanted;
    guint at;
} Rows;

/* What is handed out of a voucher is what was put in. */
static bool
same_row(const DnCover *row, void *user_data, G_GNUC_UNUSED GError **error)
{
    Rows *rows = user_data;
    const Voucher *voucher = g_ptr_array_index(rows->wanted, rows->at++);
    const DnIndexRecord *record = &voucher->record;
    bool foreign = record->amount != DN_AMOUNT_MISSING && record->currency &&
                   strcmp(record->currency, "JPY") != 0;

    g_assert_true(dn_uuid_equal(&row->id, &record->id));
    g_assert_cmpint(row->date_days, ==, record->date_days);
    g_assert_cmpint(row->amount, ==, record->amount);
    g_assert_cmpstr(row->currency, ==, foreign ? record->currency : "");
    g_assert_cmpstr(row->kind, ==, record->kind);
    g_assert_cmpint(row->deleted, ==, record->deleted);
    g_assert_cmpuint(row->label_count, ==,
                     record->labels ? g_strv_length((char **)record->labels) : 0);
    g_assert_cmpstr(row->shown, ==, record->shown);
    return true;
}

static void
assert_rows(Fixture *f, const DnQuery *query, GPtrArray *wanted)
{
    DnQuery first = *query;
    Rows rows = {wanted, 0};
    GError *error = NULL;

    first.load_text = load_text;
    first.load_data = f;
    dn_index_find_rows(f->kv, &tenant, &first, same_row, &rows, NULL, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(rows.at, ==, query->limit ? MIN(query->limit, wanted->len) : wanted->len);
}

static GArray *
find_all(Fixture *f, const DnQuery *query)
{
    GArray *ids = g_array_new(FALSE, FALSE, sizeof(DnUuid));
    DnQuery page = *query;
    g_autofree char *after = NULL;

    page.load_text = load_text;
    page.load_data = f;

    do {
        guint before = ids->len;
        char *next = NULL;
        GError *error = NULL;

        page.after = after;
        dn_index_find(f->kv, &tenant, &page, collect, ids, &next, &error);
        g_assert_no_error(error);
        g_free(after);
        after = next;
        if (page.limit > 0)
            g_assert_cmpuint(ids->len - before, <=, page.limit);
        g_assert_true(!after || ids->len - before == page.limit);
    } while (after);
    return ids;
}

static char *
describe(const DnQuery *q)
{
    return g_strdup_printf("date %d %d..%d amount %d %" G_GINT64_FORMAT "..%" G_GINT64_FORMAT
                           " %s party %s text %s kind %s label %s missing %d deleted %d sort %d "
                           "limit %u",
                           q->has_date, q->date_from_days, q->date_to_days, q->has_amount,
                           q->amount_from, q->amount_to, q->currency, q->party, q->text, q->kind,
                           q->label, q->missing, q->deleted, q->sort, q->limit);
}

static void
assert_same(Fixture *f, const DnQuery *query)
{
    g_autoptr(GPtrArray) wanted = oracle_find(f, query);
    g_autoptr(GArray) found = find_all(f, query);
    g_autoptr(GError) error = NULL;
    uint64_t count = 0;
    bool same = found->len == wanted->len;

    for (guint i = 0; i < wanted->len && same; i++)
        same = dn_uuid_equal(&((Voucher *)g_ptr_array_index(wanted, i))->record.id,
                             &g_array_index(found, DnUuid, i));
    if (!same) {
        g_autofree char *what = describe(query);

        g_test_message("%s: %u wanted, %u found", what, wanted->len, found->len);
    }
    g_assert_true(same);
    assert_rows(f, query, wanted);
    DnQuery counted = *query;

    counted.load_text = load_text;
    counted.load_data = f;
    dn_index_count(f->kv, &tenant, &counted, &count, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(count, ==, wanted->len);
}

static void
query_draw(DnQuery *query)
{
    static const uint32_t limits[] = {0, 1, 2, 3, 7, 50, 1000};
    static const char *const searched[] = {"山田",
                                           "やまだ",
                                           "田",
                                           "アマゾン",
                                           "amazon",
                                           "島屋",
                                           "T1234567890123",
                                           "t9999999999999",
                                           "なし",
                                           "株式会社",
                                           "山田商店",
                                           "髙島屋",
                                           "アマゾンジャパン"};

    *query = (DnQuery){.limit = any(limits)};
    query->has_date = below(3) == 0;
    query->date_from_days = below(4) == 0 ? INT32_MIN + 1 : random_days();
    query->date_to_days =
        below(4) == 0 ? INT32_MAX : MIN(query->date_from_days, INT32_MAX - 6) + below(6);
    if (below(4) == 0)
        query->date_to_days = random_days();
    query->has_amount = below(3) == 0;
    query->amount_from = below(4) == 0 ? INT64_MIN + 1 : random_amount();
    query->amount_to = below(4) == 0 ? INT64_MAX : random_amount();
    query->currency = below(5) == 0 ? any(currencies) : NULL;
    query->party = below(4) == 0 ? any(searched) : NULL;
    query->text = below(4) == 0 ? any(words) : NULL;
    if (below(12) == 0)
        query->text = "領収書 coffee";
    if (below(12) == 0)
        query->text = below(2) ? "\"コーヒー 書類\"" : "合計 “東京駅”";
    query->party_match = (DnPartyMatch)below(3);
    query->kind = below(5) == 0 ? any(kinds) : NULL;
    query->label = below(5) == 0 ? any(labels) : NULL;
    query->missing = below(4) == 0 ? (DnMissing)below(4) : DN_MISSING_NONE;
    query->deleted = (DnDeleted)below(3);
    query->sort = (DnSort)below(5);
}

/* Before the others, so that rows of other tenants stand on both sides. */
static void
add_neighbours(Fixture *f)
{
    for (size_t i = 0; i < G_N_ELEMENTS(neighbours); i++)
        for (int k = 0; k < 20; k++) {
            g_autoptr(DnKvBatch) batch = dn_kv_batch_new();
            Voucher voucher = {.record = {.registered_seq = (uint64_t)k}};

            voucher_draw(&voucher);
            add_to_batch(batch, &neighbours[i], NULL, &voucher);
            g_assert_true(dn_kv_write(f->kv, batch, NULL));
            g_free(voucher.text);
        }
}

static void
test_any_query_is_a_plain_scan(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    add_neighbours(f);
    for (int round = 0; round < 60; round++) {
        for (int i = below(20); i >= 0; i--)
            add_voucher(f);
        for (int i = below(10); i > 0; i--)
            change_voucher(f);
        for (int i = 0; i < 50; i++) {
            DnQuery query;

            query_draw(&query);
            assert_same(f, &query);
        }
        if (below(10) == 0)
            g_assert_true(dn_kv_flush(f->kv, NULL));
    }
}

/* Many, so that the budget of a walk does not suffice and sources race. */
static void
test_queries_of_many(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    for (int i = 0; i < 4000; i++)
        add_voucher(f);
    for (int i = 0; i < 200; i++) {
        DnQuery query;

        query_draw(&query);
        if (query.limit > 0 && query.limit < 50)
            query.limit = 50;
        assert_same(f, &query);
    }
}

/* A character begins many words; a page of what has it reads them for the vouchers that it shows,
 * not for all. */
static void
test_one_character_reads_one_block(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    enum { BLOCKS = 5, BLOCK = 65536, EACH = 60 };
    g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(DnUuid));
    DnQuery query = {.text = "領", .limit = 5};
    uint64_t rows[2] = {0, 0};

    for (unsigned i = 0; i < BLOCKS * EACH; i++) {
        Voucher *voucher = g_new0(Voucher, 1);
        gunichar second = 0x4e00 + i % 40;
        char utf8[7] = "";

        g_unichar_to_utf8(second, utf8);
        voucher->text = g_strconcat("領", utf8, " 合計", NULL);
        voucher->record.id = dn_uuid_new();
        voucher->record.registered_seq = i / EACH * BLOCK + i % EACH + 1;
        voucher->record.date_days = DN_DAYS_MISSING;
        voucher->record.amount = DN_AMOUNT_MISSING;
        voucher->record.kind = "receipt";
        g_ptr_array_add(f->vouchers, voucher);
        write_change(f, NULL, voucher);
    }
    assert_same(f, &query);
    for (int all = 0; all < 2; all++) {
        g_auto(DnIndexCost) cost = {0};

        query.limit = all ? BLOCKS * EACH : 5;
        g_assert_true(dn_index_explain(f->kv, &tenant, &query, collect, ids, NULL, &cost, NULL));
        rows[all] = cost.rows;
    }
    g_assert_cmpuint(ids->len, ==, 5 + BLOCKS * EACH);
    g_assert_cmpuint(rows[0] * (BLOCKS - 2), <, rows[1]);
}

static void
test_removing_all_leaves_no_row(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    g_autoptr(DnKvCursor) rows = NULL;
    g_autoptr(DnKvCursor) counts = NULL;

    for (int i = 0; i < 100; i++)
        add_voucher(f);
    for (int i = 0; i < 100; i++)
        change_voucher(f);
    for (guint i = 0; i < f->vouchers->len; i++)
        write_change(f, g_ptr_array_index(f->vouchers, i), NULL);
    rows = dn_kv_cursor(f->kv, DN_KV_INDEX, "", 0, NULL, 0, false);
    g_assert_false(dn_kv_cursor_valid(rows));
    counts = dn_kv_cursor(f->kv, DN_KV_COUNT, "", 0, NULL, 0, false);
    for (; dn_kv_cursor_valid(counts); dn_kv_cursor_next(counts)) {
        static const uint8_t zero[8];
        size_t size = 0;
        const uint8_t *value = dn_kv_cursor_value(counts, &size);

        g_assert_cmpmem(value, size, zero, sizeof zero);
    }
}

static void
test_same_record_writes_nothing(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    Voucher *voucher = add_voucher(f);
    g_autoptr(DnKvBatch) none = dn_kv_batch_new();
    g_autoptr(DnKvBatch) one = dn_kv_batch_new();
    Voucher changed = *voucher;

    add_to_batch(none, &tenant, voucher, voucher);
    g_assert_cmpuint(dn_kv_batch_size(none), ==, 0);
    changed.record.labels = NULL;
    voucher->record.labels = voucher->labels;
    voucher->labels[0] = "x";
    voucher->labels[1] = NULL;
    dn_index_update(one, &tenant, &voucher->record, &changed.record);
    g_assert_cmpuint(dn_kv_batch_size(one), ==,
                     5); /* three covers, a row and a list of the label */
}

static void
test_cursor_holds_while_vouchers_are_added(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    for (int sort = DN_SORT_REGISTERED; sort <= DN_SORT_AMOUNT_DOWN; sort++) {
        DnQuery query = {.sort = (DnSort)sort, .limit = 10, .deleted = DN_DELETED_INCLUDE};
        g_autoptr(GPtrArray) old = NULL;
        g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(DnUuid));
        g_autofree char *after = NULL;
        guint at = 0;

        for (int i = 0; i < 100; i++)
            add_voucher(f);
        old = oracle_find(f, &query);
        do {
            char *next = NULL;

            query.after = after;
            g_assert_true(dn_index_find(f->kv, &tenant, &query, collect, ids, &next, NULL));
            g_free(after);
            after = next;
            add_voucher(f);
        } while (after);
        /* All that was there comes, once, in order; what was added may come between. */
        for (guint i = 0; i < ids->len && at < old->len; i++)
            at += dn_uuid_equal(&g_array_index(ids, DnUuid, i),
                                &((Voucher *)g_ptr_array_index(old, at))->record.id);
        g_assert_cmpuint(at, ==, old->len);
    }
}

static void
test_foreign_cursors_are_refused(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    static const char *const garbage[] = {"", "x", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
                                          "=====", "\xff\xfe"};
    DnQuery query = {.limit = 2};
    g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(DnUuid));
    g_autofree char *cursor = NULL;
    g_autofree char *untouched = NULL;
    g_autoptr(GError) error = NULL;

    for (int i = 0; i < 20; i++)
        add_voucher(f);
    g_assert_true(dn_index_find(f->kv, &tenant, &query, collect, ids, &cursor, NULL));
    g_assert_nonnull(cursor);
    g_assert_cmpuint(strspn(cursor, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "-_"), ==,
                     strlen(cursor));
    query.after = cursor;
    query.limit = 5; /* another page size is the same query */
    g_assert_true(dn_index_find(f->kv, &tenant, &query, collect, ids, NULL, &error));
    query.sort = DN_SORT_DATE;
    g_assert_false(dn_index_find(f->kv, &tenant, &query, collect, ids, &untouched, &error));
    assert_code(error, INVALID);
    query.sort = DN_SORT_REGISTERED;
    query.kind = "receipt";
    g_assert_false(dn_index_find(f->kv, &tenant, &query, collect, ids, &untouched, &error));
    assert_code(error, INVALID);
    query.kind = NULL;
    g_assert_false(dn_index_find(f->kv, &neighbours[0], &query, collect, ids, &untouched, &error));
    assert_code(error, INVALID);
    for (size_t i = 0; i < G_N_ELEMENTS(garbage); i++) {
        query.after = garbage[i];
        g_assert_false(dn_index_find(f->kv, &tenant, &query, collect, ids, &untouched, &error));
        assert_code(error, INVALID);
    }
    g_assert_null(untouched);
}

static void
test_empty_terms_are_invalid(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GString) long_text = g_string_new(NULL);
    uint64_t count = 42;

    g_assert_false(dn_index_count(f->kv, &tenant, &(DnQuery){.party = "・ "}, &count, &error));
    assert_code(error, INVALID);
    g_assert_false(dn_index_count(f->kv, &tenant, &(DnQuery){.text = "--"}, &count, &error));
    assert_code(error, INVALID);
    for (int i = 0; i < 1000; i++)
        g_string_append_printf(long_text, "w%d ", i);
    g_assert_false(
        dn_index_count(f->kv, &tenant, &(DnQuery){.text = long_text->str}, &count, &error));
    assert_code(error, LIMIT);
    g_assert_cmpuint(count, ==, 42);
}

static bool
refuse_second(G_GNUC_UNUSED const DnUuid *id, void *user_data, GError **error)
{
    int *calls = user_data;

    return ++*calls < 2 || dn_fail(error, DN_ERROR_DENIED, "enough");
}

static void
test_visitor_stops_the_search(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    static const uint32_t limits[] = {0, 10};

    for (int i = 0; i < 10; i++)
        add_voucher(f);
    for (size_t i = 0; i < G_N_ELEMENTS(limits); i++) {
        DnQuery query = {.limit = limits[i], .deleted = DN_DELETED_INCLUDE};
        g_autoptr(GError) error = NULL;
        int calls = 0;

        g_assert_false(dn_index_find(f->kv, &tenant, &query, refuse_second, &calls, NULL, &error));
        assert_code(error, DENIED);
        g_assert_cmpint(calls, ==, 2);
    }
}

/* Of a search that goes on for long: nobody has a place while these are called. */
static bool
load_outside(G_GNUC_UNUSED const DnUuid *id, char **out_text, void *user_data, GError **error)
{
    int *calls = user_data;

    g_assert_cmpuint(dn_gate_inside(dn_gate_of_process()), ==, 0);
    if (++*calls > 20)
        return dn_fail(error, DN_ERROR_DENIED, "enough");
    *out_text = g_strdup("会議室の利用料");
    return true;
}

static bool
visit_outside(G_GNUC_UNUSED const DnUuid *id, void *user_data, G_GNUC_UNUSED GError **error)
{
    int *calls = user_data;

    ++*calls;
    g_assert_cmpuint(dn_gate_inside(dn_gate_of_process()), ==, 0);
    return true;
}

static void
test_no_place_is_kept_outside(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    for (uint64_t seq = 1; seq <= 40; seq++) {
        g_autoptr(DnKvBatch) batch = dn_kv_batch_new();
        DnIndexRecord record = {.id = dn_uuid_new(),
                                .registered_seq = seq,
                                .date_days = DN_DAYS_MISSING,
                                .amount = DN_AMOUNT_MISSING,
                                .kind = "receipt"};

        dn_index_update(batch, &tenant, NULL, &record);
        dn_index_update_text(batch, &tenant, seq, NULL, "会議室の利用料");
        g_assert_true(dn_kv_write(f->kv, batch, NULL));
    }
    for (uint32_t limit = 18; limit <= 25; limit += 7) {
        int loads = 0;
        int visits = 0;
        g_autoptr(GError) error = NULL;
        DnQuery query = {.text = "\"会議室の利用料\"",
                         .limit = limit,
                         .load_text = load_outside,
                         .load_data = &loads};
        bool ok = dn_index_find(f->kv, &tenant, &query, visit_outside, &visits, NULL, &error);

        g_assert_true(ok == (limit < 20));
        g_assert_cmpint(visits, ==, ok ? (int)limit : 0);
        if (!ok)
            assert_code(error, DENIED);
        g_assert_cmpuint(dn_gate_inside(dn_gate_of_process()), ==, 0);
    }
}

static void
test_hostile_records_are_stored(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    g_autofree char *big = g_strnfill(200000, 'x');
    const char *const big_labels[] = {big, "", "\xff", NULL};
    DnIndexRecord record = {.id = dn_uuid_new(),
                            .registered_seq = UINT64_MAX,
                            .date_days = INT32_MAX,
                            .amount = INT64_MAX,
                            .party = big,
                            .registration_number = big,
                            .kind = big,
                            .labels = big_labels};
    g_autoptr(DnKvBatch) batch = dn_kv_batch_new();
    g_autoptr(DnKvBatch) undo = dn_kv_batch_new();
    uint64_t count = 0;

    dn_index_update(batch, &tenant, NULL, &record);
    dn_index_update_text(batch, &tenant, UINT64_MAX, NULL, big);
    g_assert_true(dn_kv_write(f->kv, batch, NULL));
    for (size_t i = 0; big_labels[i]; i++) {
        DnQuery query = {.label = big_labels[i], .kind = big, .party = "xxx", .text = big};

        g_assert_true(dn_index_count(f->kv, &tenant, &query, &count, NULL));
        g_assert_cmpuint(count, ==, 1);
    }
    dn_index_update(undo, &tenant, &record, NULL);
    g_assert_true(dn_kv_write(f->kv, undo, NULL));
    g_assert_true(dn_index_count(f->kv, &tenant, &(DnQuery){0}, &count, NULL));
    g_assert_cmpuint(count, ==, 0);
}

static void
test_damaged_row_is_corrupt(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    g_autoptr(DnKvBatch) batch = dn_kv_batch_new();
    g_autoptr(DnKvCursor) cursor = NULL;
    g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(DnUuid));
    g_autoptr(GError) error = NULL;

    add_voucher(f);
    cursor = dn_kv_cursor(f->kv, DN_KV_INDEX, "", 0, NULL, 0, false);
    for (; dn_kv_cursor_valid(cursor); dn_kv_cursor_next(cursor)) {
        size_t size = 0;
        const uint8_t *key = dn_kv_cursor_key(cursor, &size);

        dn_kv_batch_put(batch, DN_KV_INDEX, key, size, "?", 1);
    }
    g_assert_true(dn_kv_write(f->kv, batch, NULL));
    for (int sort = DN_SORT_REGISTERED; sort <= DN_SORT_AMOUNT_DOWN; sort++) {
        DnQuery query = {.deleted = DN_DELETED_INCLUDE, .sort = (DnSort)sort};

        g_assert_false(dn_index_find(f->kv, &tenant, &query, collect, ids, NULL, &error));
        assert_code(error, CORRUPT);
    }
}

/* A part of a name that means some hundred names, whose rows are merged as it comes to them. */
static void
test_parts_of_many_names(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    enum { NAMES = 400, VOUCHERS = 1500, CHANGES = 600, QUERIES = 150 };
    static const char *const parts[] = {"商店", "商店1", "店", "1", "店2", "商店3"};
    static const uint32_t limits[] = {5, 20, 50, 200};
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    unsigned merged[DN_SORT_AMOUNT_DOWN + 1] = {0};

    for (int i = 0; i < NAMES; i++)
        g_ptr_array_add(names, g_strdup_printf("%s商店%d", i % 3 ? "" : "東", i));
    for (int i = 0; i < VOUCHERS; i++) {
        Voucher *voucher = add_voucher(f);
        Voucher named = *voucher;

        named.record.party = g_ptr_array_index(names, (guint)below(NAMES));
        named.record.date_days = below(9) == 0 ? random_days() : 15000 + below(3000);
        write_change(f, voucher, &named);
        voucher->record.party = named.record.party;
        voucher->record.date_days = named.record.date_days;
    }
    for (int i = 0; i < CHANGES; i++)
        change_voucher(f);
    g_assert_true(dn_kv_flush(f->kv, NULL));
    for (int i = 0; i < QUERIES; i++) {
        g_auto(DnIndexCost) cost = {0};
        g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(DnUuid));
        DnQuery query = {.party = any(parts),
                         .party_match = below(2) ? DN_PARTY_PREFIX : DN_PARTY_CONTAINED,
                         .limit = any(limits),
                         .deleted = (DnDeleted)below(3),
                         .sort = (DnSort)below(5),
                         .has_date = below(3) == 0,
                         .date_from_days = 15000 + below(2000),
                         .has_amount = below(4) == 0,
                         .amount_from = random_amount(),
                         .amount_to = INT64_MAX,
                         .kind = below(8) == 0 ? "receipt" : NULL,
                         .missing = below(4) == 0 ? (DnMissing)below(3) : DN_MISSING_NONE};

        query.date_to_days = query.date_from_days + below(2000);
        assert_same(f, &query);
        g_assert_true(dn_index_explain(f->kv, &tenant, &query, collect, ids, NULL, &cost, NULL));
        merged[query.sort] += g_str_has_prefix(cost.plan, "the names by");
    }
    for (int sort = DN_SORT_DATE; sort <= DN_SORT_AMOUNT_DOWN; sort++)
        g_assert_cmpuint(merged[sort], >, 0);
}

/* Of a name that has very many vouchers, and of those without one, a list gives a page by arrival.
 */
static void
test_one_name_by_arrival(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    enum { VOUCHERS = 9000, CHANGES = 800, QUERIES = 40 };
    g_autoptr(DnKvBatch) batch = dn_kv_batch_new();

    for (int i = 0; i < VOUCHERS; i++) {
        Voucher *voucher = new_voucher(f);

        voucher->record.party = i % 15 == 0 ? "ヤマダ" : i % 15 == 7 ? NULL : "タナカ";
        g_clear_pointer(&voucher->text, g_free);
        add_to_batch(batch, &tenant, NULL, voucher);
    }
    g_assert_true(dn_kv_write(f->kv, batch, NULL));
    for (int i = 0; i < CHANGES; i++)
        change_voucher(f);
    for (int i = 0; i < QUERIES; i++) {
        g_auto(DnIndexCost) cost = {0};
        g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(DnUuid));
        bool plain = i < 2;
        bool named = i % 2;
        DnQuery query = {.party = named ? "やまだ" : NULL,
                         .party_match = DN_PARTY_EXACT,
                         .missing = named ? DN_MISSING_NONE : DN_MISSING_PARTY,
                         .limit = 20,
                         .deleted = plain ? DN_DELETED_INCLUDE : (DnDeleted)below(3),
                         .has_amount = !plain && below(3) == 0,
                         .amount_from = random_amount(),
                         .amount_to = INT64_MAX,
                         .kind = !plain && below(4) == 0 ? "quotation" : NULL};

        assert_same(f, &query);
        g_assert_true(dn_index_explain(f->kv, &tenant, &query, collect, ids, NULL, &cost, NULL));
        if (plain)
            g_assert_cmpstr(cost.plan, ==, "list of the name");
    }
}

/* Places ascend as values do, and a value lies in the range of its place. */
static void
test_places_of_values_ascend(G_GNUC_UNUSED Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    enum { DRAWS = 20000 };
    static const int64_t edges[] = {
        INT64_MIN + 1, INT64_MIN + 2, -257, -256, -255,          -1,       0, 1, 127, 128, 255,
        256,           257,           511,  512,  INT64_MAX - 1, INT64_MAX};

    g_assert_cmpuint(dn_span_of_days(DN_DAYS_MISSING), ==, DN_SPAN_MISSING);
    g_assert_cmpuint(dn_span_of_amount(DN_AMOUNT_MISSING), ==, DN_SPAN_MISSING);
    for (int i = 0; i < DRAWS; i++) {
        uint64_t bits =
            ((uint64_t)(uint32_t)g_test_rand_int() << 32 | (uint32_t)g_test_rand_int()) >>
            below(64);
        int64_t a = below(3) ? (int64_t)bits : any(edges);
        int64_t b = below(2) ? any(edges) : a + (a < INT64_MAX - 300 ? below(300) : 0);
        int64_t from = 0;
        int64_t to = 0;

        if (a == DN_AMOUNT_MISSING)
            continue;
        g_assert_true(a > b || dn_span_of_amount(a) <= dn_span_of_amount(b));
        dn_span_amounts(dn_span_of_amount(a), &from, &to);
        g_assert_true(from <= a && a <= to);
        int32_t x = MAX((int32_t)a, INT32_MIN + 1);
        int32_t y = MAX((int32_t)b, INT32_MIN + 1);

        g_assert_true(x > y || dn_span_of_days(x) <= dn_span_of_days(y));
        g_assert_cmpuint(dn_span_of_days(x), !=, DN_SPAN_MISSING);
        dn_span_days(dn_span_of_days(x), &from, &to);
        g_assert_true(from <= x && x <= to);
    }
}

#define add(name, function) g_test_add("/query/" name, Fixture, NULL, set_up, function, tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add("plain-scan", test_any_query_is_a_plain_scan);
    add("many", test_queries_of_many);
    add("many-names", test_parts_of_many_names);
    add("one-name-by-arrival", test_one_name_by_arrival);
    add("places", test_places_of_values_ascend);
    add("one-character", test_one_character_reads_one_block);
    add("remove", test_removing_all_leaves_no_row);
    add("difference", test_same_record_writes_nothing);
    add("cursor", test_cursor_holds_while_vouchers_are_added);
    add("foreign-cursor", test_foreign_cursors_are_refused);
    add("empty-terms", test_empty_terms_are_invalid);
    add("visitor", test_visitor_stops_the_search);
    add("outside", test_no_place_is_kept_outside);
    add("hostile", test_hostile_records_are_stored);
    add("damaged", test_damaged_row_is_corrupt);
    return g_test_run();
}
