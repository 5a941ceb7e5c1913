/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/search.c - a clerk's question becomes a query of the index.
 */
#include "config.h"
#include "base/money.h"
#include "engine/internal.h"

#include <string.h>

/* The place of @word in @words, -1 when absent, 0 for NULL. */
static int
choose(const char *word, const char *const *words)
{
    if (!word)
        return 0;
    for (int i = 0; words[i]; i++)
        if (strcmp(word, words[i]) == 0)
            return i;
    return -1;
}

static bool
choose_modes(const DnSearch *search, DnQuery *query, GError **error)
{
    static const char *const missing[] = {"", "date", "amount", "party", NULL};
    static const char *const deleted[] = {"", "include", "only", NULL};
    static const char *const matches[] = {"contained", "prefix", "exact", NULL};
    static const char *const sorts[] = {"registered", "date", "-date", "amount", "-amount", NULL};
    int m = choose(search->missing, missing);
    int d = choose(search->deleted, deleted);
    int s = choose(search->sort, sorts);
    int p = choose(search->party_match, matches);

    if (m < 0)
        return dn_fail(error, DN_ERROR_INVALID, "--missing takes date, amount or party");
    if (d < 0)
        return dn_fail(error, DN_ERROR_INVALID, "--deleted takes include or only");
    if (s < 0)
        return dn_fail(error, DN_ERROR_INVALID,
                       "--sort takes registered, date, -date, amount or -amount");
    if (p < 0)
        return dn_fail(error, DN_ERROR_INVALID, "--party-match takes contained, prefix or exact");
    query->party_match = (DnPartyMatch)p;
    query->missing = (DnMissing)m;
    query->deleted = (DnDeleted)d;
    query->sort = (DnSort)s;
    return true;
}

/* For phrases. */
static bool
load_text(const DnUuid *id, char **out_text, void *user_data, GError **error)
{
    DnArchive *self = user_data;
    g_autoptr(json_t) state = dn_view_voucher(self, id, error);

    return state && dn_view_text(self, &self->tenant, state, out_text, error);
}

bool
dn_search_query_of(DnArchive *self, const DnSearch *search, DnQuery *out_query,
                   char **out_book_label, GError **error)
{
    DnQuery query = {
        .has_date = search->date_from || search->date_to,
        .date_from_days = search->date_from ? dn_date_to_days(search->date_from) : INT32_MIN + 1,
        .date_to_days = search->date_to ? dn_date_to_days(search->date_to) : INT32_MAX,
        .has_amount = search->amount_from || search->amount_to,
        .amount_from = search->amount_from ? *search->amount_from : INT64_MIN + 1,
        .amount_to = search->amount_to ? *search->amount_to : INT64_MAX,
        .currency = search->currency,
        .party = search->party,
        .text = search->text,
        .load_text = load_text,
        .load_data = self,
        .kind = search->kind,
        .label = search->label,
        .limit = search->limit,
        .after = search->after,
    };

    g_clear_pointer(out_book_label, g_free);
    if (query.has_amount && !query.currency)
        query.currency = dn_archive_currency(self);
    if (query.currency && dn_money_scale(query.currency) < 0)
        return dn_fail(error, DN_ERROR_INVALID, "--currency: write its three letters, as in JPY");
    if (search->book_ref && search->label)
        return dn_fail(error, DN_ERROR_INVALID, "--book-ref and --label do not go together");
    if (search->book_ref)
        query.label = *out_book_label = dn_view_book_label(search->book_ref);

    if (search->kind && !dn_voucher_kind_known(search->kind))
        return dn_fail(error, DN_ERROR_INVALID,
                       "unknown kind; one of receipt, invoice, delivery_note, quotation, order, "
                       "contract, statement, other");
    if (query.date_from_days > query.date_to_days)
        return dn_fail(error, DN_ERROR_INVALID, "the range of dates ends before it begins");
    if (query.amount_from > query.amount_to)
        return dn_fail(error, DN_ERROR_INVALID, "the range of amounts ends before it begins");
    if (!choose_modes(search, &query, error))
        return false;
    *out_query = query;
    return true;
}

bool
dn_search_query(DnArchive *self, const DnSearch *search, DnQuery *out_query, GError **error)
{
    char *no_label = NULL;

    if (search->book_ref)
        return dn_fail(error, DN_ERROR_INVALID, "--book-ref is no term here");
    return dn_search_query_of(self, search, out_query, &no_label, error);
}

typedef struct {
    DnArchive *archive;
    const char *snippets_of; /* (nullable) text */
    DnRowVisitor visit;
    void *user_data;
} Rows;

static bool
add_snippets(const Rows *rows, const DnUuid *id, json_t *row, GError **error)
{
    g_autoptr(json_t) state = dn_view_voucher(rows->archive, id, error);

    return state && dn_snippets_add(rows->archive, state, rows->snippets_of, row, error);
}

static bool
visit_row(const DnCover *cover, void *user_data, GError **error)
{
    const Rows *rows = user_data;
    g_autoptr(json_t) row = dn_row_of_cover(cover);

    if (!row)
        return dn_fail(error, DN_ERROR_CORRUPT,
                       "a row of the view is damaged; run `dencho rebuild`");
    return (!rows->snippets_of || add_snippets(rows, &cover->id, row, error)) &&
           rows->visit(row, rows->user_data, error);
}

bool
dn_archive_search(DnArchive *self, const DnSearch *search, DnRowVisitor visit, void *user_data,
                  char **out_cursor, GError **error)
{
    Rows rows = {.archive = self,
                 .snippets_of = search->snippets ? search->text : NULL,
                 .visit = visit,
                 .user_data = user_data};
    g_autofree char *book_label = NULL;
    DnQuery query;

    return dn_view_current(self, error) &&
           dn_search_query_of(self, search, &query, &book_label, error) &&
           dn_index_find_rows(self->view, &self->tenant, &query, visit_row, &rows, out_cursor,
                              error);
}

bool
dn_archive_count(DnArchive *self, const DnSearch *search, uint64_t *out_count, GError **error)
{
    g_autofree char *book_label = NULL;
    DnQuery query;

    return dn_view_current(self, error) &&
           dn_search_query_of(self, search, &query, &book_label, error) &&
           dn_index_count(self->view, &self->tenant, &query, out_count, error);
}

static bool
count_row(G_GNUC_UNUSED const DnUuid *id, void *user_data, G_GNUC_UNUSED GError **error)
{
    ++*(int64_t *)user_data;
    return true;
}

json_t *
dn_archive_explain(DnArchive *self, const DnSearch *search, GError **error)
{
    int64_t begin_ms = dn_clock_monotonic_ms();
    g_auto(DnIndexCost) cost = {0};
    json_t *row = NULL;
    int64_t vouchers = 0;
    g_autofree char *book_label = NULL;
    DnQuery query;

    if (!dn_view_current(self, error) ||
        !dn_search_query_of(self, search, &query, &book_label, error) ||
        !dn_index_explain(self->view, &self->tenant, &query, count_row, &vouchers, NULL, &cost,
                          error))
        return NULL;
    row = json_object();
    dn_json_set_string(row, "plan", cost.plan);
    dn_json_set_string(row, "raced", cost.raced);
    dn_json_set_int(row, "rows", (int64_t)cost.rows);
    dn_json_set_int(row, "steps", (int64_t)cost.steps);
    dn_json_set_int(row, "texts", (int64_t)cost.texts);
    dn_json_set_int(row, "vouchers", vouchers);
    dn_json_take(row, "seconds", json_real((double)(dn_clock_monotonic_ms() - begin_ms) / 1000));
    return row;
}

static bool
visit_party(const char *name, uint64_t count, void *user_data, GError **error)
{
    Rows *rows = user_data;
    g_autoptr(json_t) row = json_object();

    dn_json_set_string(row, "party", name);
    dn_json_set_int(row, "vouchers", (int64_t)count);
    return rows->visit(row, rows->user_data, error);
}

bool
dn_archive_parties(DnArchive *self, const char *prefix, uint32_t limit, DnRowVisitor visit,
                   void *user_data, GError **error)
{
    Rows rows = {.archive = self, .visit = visit, .user_data = user_data};

    return dn_view_current(self, error) &&
           dn_index_parties(self->view, &self->tenant, prefix, limit, visit_party, &rows, error);
}

/* --- ids, in full or by their beginning --- */

/* The first or last id that begins with @text: the digits that are not written are all 0 or all f.
 */
static bool
complete_id(const char *text, char digit, DnUuid *out_id)
{
    char whole[DN_UUID_TEXT + 1];

    for (size_t i = 0; i < DN_UUID_TEXT; i++) {
        bool hyphen = i == 8 || i == 13 || i == 18 || i == 23;

        whole[i] = hyphen ? '-' : digit;
    }
    memcpy(whole, text, strlen(text));
    whole[DN_UUID_TEXT] = '\0';
    return dn_uuid_parse(whole, out_id, NULL);
}

bool
dn_archive_find_id(DnArchive *self, const char *text, DnUuid *out_id, GError **error)
{
    size_t size = strlen(text);
    unsigned count = 0;
    DnUuid from;
    DnUuid to;
    DnUuid found;

    if (size < DN_ID_PREFIX || size > DN_UUID_TEXT || !complete_id(text, '0', &from) ||
        !complete_id(text, 'f', &to))
        return dn_fail(
            error, DN_ERROR_INVALID,
            "not an id: write it as in 01932b5e-7c1a-7def-8123-456789abcdef, or its first "
            "%d or more characters",
            DN_ID_PREFIX);
    if (!dn_view_find_prefix(self, &from, &to, &found, &count, error))
        return false;
    if (count == 0)
        return dn_fail(error, DN_ERROR_NOT_FOUND,
                       "no voucher has this id; `dencho search` lists them");
    if (count > 1)
        return dn_fail(error, DN_ERROR_INVALID,
                       "more than one id begins like this: write more of it");
    *out_id = found;
    return true;
}
