/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/verify-index.c - does a search show what the ledger says, all of it and nothing else?
 *
 *   ledger → state   every voucher that was registered has a state, and there are no more states
 *   entries = state  each state is made again from the voucher's entries
 *   state = index    each row of the index is made again from the states (index/check.h)
 *
 * Commits are held back while it runs: both sides are of one moment.
 */
#include "config.h"
#include "engine/internal.h"
#include "index/check.h"

#include <string.h>

typedef struct {
    DnArchive *archive;
    DnIndexCheck *check;
    DnRowVisitor visit;
    DnProgress progress;
    void *user_data;
    GHashTable *heads;
    DnStorePosition end; /* of what the view shows: what is durable beyond waits to be applied */
    uint64_t registered; /* vouchers in the ledger */
    uint64_t checked;    /* states in the view */
    uint64_t rows;
    uint64_t failed;
} Verify;

static bool
report(Verify *verify, const char *voucher, const GError *problem, GError **error)
{
    g_autoptr(json_t) row = json_object();

    verify->failed++;
    dn_json_set_string(row, "voucher", voucher);
    dn_json_set_string(row, "code", dn_error_name(dn_error_code(problem)));
    dn_json_set_string(row, "message", problem->message);
    return verify->visit(row, verify->user_data, error);
}

static bool
go_on(Verify *verify, GError **error)
{
    if (verify->progress && !verify->progress(verify->checked, 0, verify->user_data))
        return dn_fail(error, DN_ERROR_BUSY, "stopped on request");
    return true;
}

static bool
check_entry(Verify *verify, const json_t *entry, GError **error)
{
    const char *voucher = dn_json_string(entry, "voucher");
    g_autoptr(GError) problem = NULL;
    DnUuid id;

    if (g_strcmp0(dn_json_string(entry, "type"), "voucher.registered") != 0)
        return true;
    verify->registered++;
    if (!dn_uuid_parse(voucher, &id, error))
        return false;
    g_autoptr(json_t) state = dn_view_voucher(verify->archive, &id, &problem);

    if (state)
        return true;
    if (!g_error_matches(problem, DN_ERROR, DN_ERROR_NOT_FOUND)) {
        g_propagate_error(error, g_steal_pointer(&problem));
        return false;
    }
    g_clear_error(&problem);
    dn_fail(&problem, DN_ERROR_CORRUPT,
            "the ledger has the voucher, the view has not; run "
            "`dencho rebuild`");
    return report(verify, voucher, problem, error);
}

static bool
check_commit(const DnStoreVisit *visit, void *user_data, GError **error)
{
    Verify *verify = user_data;
    DnLedgerHead *head = g_hash_table_lookup(verify->heads, &visit->tenant);

    if (!dn_uuid_equal(&visit->tenant, &verify->archive->tenant) ||
        dn_store_position_compare(&visit->end, &verify->end) > 0)
        return true;
    if (!head) {
        head = g_new0(DnLedgerHead, 1);
        g_hash_table_insert(verify->heads, g_memdup2(&visit->tenant, sizeof visit->tenant), head);
    }
    for (size_t i = 0; i < visit->entry_count; i++) {
        g_autofree char *line =
            dn_unseal_line(verify->archive->keys, &visit->tenant, visit->entries[i].seq,
                           visit->entries[i].sealed, error);
        g_autoptr(json_t) entry = line ? dn_entry_check(line, &visit->tenant, head, error) : NULL;

        if (!entry || !check_entry(verify, entry, error))
            return false;
    }
    return go_on(verify, error);
}

static bool
check_index(Verify *verify, const json_t *state, GError **error)
{
    g_auto(GStrv) labels = NULL;
    g_autofree char *text = NULL;
    g_autofree char *shown = NULL;
    g_autoptr(DnArena) arena = dn_arena_new();
    const DnValue *value = dn_json_value(arena, state, error);
    DnIndexRecord record;

    if (!value)
        return false;
    dn_view_record(value, &record, &labels, &shown);
    return dn_view_text(verify->archive, &verify->archive->tenant, state, &text, error) &&
           dn_index_check_voucher(verify->check, &record, text, error);
}

static bool
check_state(const json_t *state, void *user_data, GError **error)
{
    Verify *verify = user_data;
    const char *voucher = dn_json_string(state, "voucher");
    g_autoptr(GError) problem = NULL;
    DnUuid id;

    if (!dn_uuid_parse(voucher, &id, error))
        return false;
    verify->checked++;
    if (!dn_view_check_state(verify->archive, &id, state, &problem)) {
        if (!report(verify, voucher, problem, error))
            return false;
        g_clear_error(&problem);
    }
    /* Also when the state is wrong: what is searched is then compared with what is shown. */
    if (!check_index(verify, state, &problem) && !report(verify, voucher, problem, error))
        return false;
    return go_on(verify, error);
}

static bool
check_sums(Verify *verify, GError **error)
{
    g_autoptr(GError) problem = NULL;

    if (!dn_index_check_finish(verify->check, &verify->rows, &problem) &&
        !report(verify, NULL, problem, error))
        return false;
    if (verify->checked == verify->registered)
        return true;
    g_clear_error(&problem);
    dn_fail(&problem, DN_ERROR_CORRUPT,
            "the ledger has %" G_GUINT64_FORMAT " vouchers, the view %" G_GUINT64_FORMAT
            "; run `dencho rebuild`",
            verify->registered, verify->checked);
    return report(verify, NULL, problem, error);
}

bool
dn_archive_verify_index(DnArchive *self, DnRowVisitor visit, DnProgress progress, void *user_data,
                        json_t **out_totals, GError **error)
{
    int64_t begin_ms = dn_clock_monotonic_ms();
    DN_LOCKED(&self->apply_lock);
    g_autoptr(GHashTable) heads = dn_heads_new();
    g_autoptr(DnIndexCheck) check = dn_index_check_new(self->view, &self->tenant);
    Verify verify = {.archive = self,
                     .check = check,
                     .visit = visit,
                     .progress = progress,
                     .user_data = user_data,
                     .heads = heads};

    if (!dn_view_position(self, &verify.end, error) ||
        !dn_store_each(self->store, NULL, 0, check_commit, &verify, error) ||
        !dn_view_each(self, check_state, &verify, error) || !check_sums(&verify, error))
        return false;
    json_t *row = json_object();

    dn_json_set_int(row, "checked", (int64_t)verify.checked);
    dn_json_set_int(row, "rows", (int64_t)verify.rows);
    dn_json_set_int(row, "failed", (int64_t)verify.failed);
    dn_json_take(row, "seconds", json_real((double)(dn_clock_monotonic_ms() - begin_ms) / 1000));
    *out_totals = row;
    return true;
}
