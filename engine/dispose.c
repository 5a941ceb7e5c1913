/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/dispose.c - holds, and the end of documents whose retention is over.
 *
 *   plan      a list of all vouchers of a period, with the hash and the last day of each; refused
 *             while one of them must stay
 *   approve   by another person, of just that list
 *   run       every condition again, an entry for each voucher, then the key of the period
 *
 * The documents of a tenant's period are sealed under one key, so they go together; what is left of
 * each are its entries, its SHA-256 and its time stamps, and the list in a period that is never
 * destroyed. The entries come before the key's end: cut off in between, the archive says more gone
 * than is, and the same call completes it. During a run all stripes are held, so that nothing comes
 * into the period, is read, or gets a hold, between the last look and the end of the key.
 */
#include "config.h"
#include "engine/duty.h"
#include "engine/internal.h"

#include <string.h>

static const char evidence_period[] = "evidence";

/* --- holds --- */

static bool
set_name(json_t *entry, const char *name, GError **error)
{
    g_autofree char *safe = dn_text_sanitise(name ? name : "", -1);

    g_strstrip(safe);
    if (!*safe)
        return dn_fail(error, DN_ERROR_INVALID, "a hold needs a name: audit-2026");
    dn_json_set_string(entry, "name", safe);
    return true;
}

static bool
is_held(const json_t *state, const char *name)
{
    const json_t *holds = json_object_get(state, "holds");

    for (size_t i = 0; i < json_array_size(holds); i++)
        if (!name || g_strcmp0(dn_json_string(json_array_get(holds, i), "name"), name) == 0)
            return true;
    return false;
}

static bool
change_hold(DnArchive *self, const char *type, const DnUuid *id, const char *name,
            const char *reason, json_t **out_row, GError **error)
{
    DN_LOCKED(dn_archive_stripe(self, id->bytes));
    bool place = strcmp(type, "hold.placed") == 0;
    g_autoptr(json_t) state = dn_voucher_changeable(self, id, error);
    g_autoptr(json_t) entry = dn_voucher_entry(type, id);

    if (!state || !set_name(entry, name, error) || !dn_entry_set_reason(entry, reason, error))
        return false;
    if (is_held(state, dn_json_string(entry, "name")) == place)
        return dn_fail(error, DN_ERROR_INVALID,
                       place ? "that hold lies on the voucher already"
                             : "no such hold lies on the voucher");
    if (!dn_commit(self, &self->tenant, NULL, NULL, 0, entry, error))
        return false;
    g_autoptr(json_t) after = dn_view_voucher(self, id, error);

    if (!after)
        return false;
    *out_row = dn_voucher_row(after);
    return true;
}

bool
dn_archive_hold_place(DnArchive *self, const DnUuid *id, const char *name, const char *reason,
                      json_t **out_row, GError **error)
{
    return change_hold(self, "hold.placed", id, name, reason, out_row, error);
}

bool
dn_archive_hold_lift(DnArchive *self, const DnUuid *id, const char *name, const char *reason,
                     json_t **out_row, GError **error)
{
    return change_hold(self, "hold.lifted", id, name, reason, out_row, error);
}

typedef struct {
    DnRowVisitor visit;
    void *user_data;
} Rows;

static bool
visit_held(const json_t *state, void *user_data, GError **error)
{
    Rows *rows = user_data;

    if (!is_held(state, NULL))
        return true;
    g_autoptr(json_t) row = dn_voucher_row(state);

    dn_json_take(row, "holds", json_deep_copy(json_object_get(state, "holds")));
    return rows->visit(row, rows->user_data, error);
}

bool
dn_archive_hold_list(DnArchive *self, DnRowVisitor visit, void *user_data, GError **error)
{
    return dn_view_each(self, visit_held, &(Rows){visit, user_data}, error);
}

/* --- what a period holds --- */

static bool
is_disposed(const json_t *state)
{
    return g_strcmp0(dn_json_string(state, "state"), "disposed") == 0;
}

static bool
has_period(const json_t *state, const char *period)
{
    const json_t *versions = json_object_get(state, "versions");

    for (size_t i = 0; i < json_array_size(versions); i++)
        if (g_strcmp0(dn_json_string(json_array_get(versions, i), "period"), period) == 0)
            return true;
    return false;
}

/* Why a voucher must stay; NULL when it may go. */
static char *
why_it_stays(DnArchive *self, const json_t *state, const DnDate *today)
{
    char text[DN_DATE_TEXT + 1];
    DnDate until;

    if (!dn_duty_keep_until(self->rules, state, &until))
        return g_strdup("its day of receipt is damaged");
    dn_date_format(&until, text);
    if (!dn_retention_is_over(&until, today))
        return g_strdup_printf("it must be kept until %s", text);
    if (is_held(state, NULL))
        return g_strdup("a hold lies on it");
    return NULL;
}

typedef struct {
    uint64_t vouchers;
    uint64_t holds;
    DnDate until; /* the latest */
} Summary;

typedef struct {
    DnArchive *archive;
    GHashTable *periods; /* text -> Summary */
} Summing;

static bool
sum_voucher(const json_t *state, void *user_data, GError **error)
{
    Summing *summing = user_data;
    const char *period = dn_json_string(dn_voucher_version(state, 1), "period");
    DnDate until;

    (void)error;
    if (!period || is_disposed(state))
        return true;
    Summary *summary = g_hash_table_lookup(summing->periods, period);

    if (!summary) {
        summary = g_new0(Summary, 1);
        summary->until = (DnDate){1, 1, 1};
        g_hash_table_insert(summing->periods, g_strdup(period), summary);
    }
    summary->vouchers++;
    summary->holds += is_held(state, NULL);
    if (!dn_duty_keep_until(summing->archive->rules, state, &until))
        until = (DnDate){9999, 12, 31};
    if (dn_date_compare(&until, &summary->until) > 0)
        summary->until = until;
    return true;
}

static gint
compare_text(gconstpointer a, gconstpointer b)
{
    return g_strcmp0(a, b);
}

bool
dn_archive_dispose_periods(DnArchive *self, DnRowVisitor visit, void *user_data, GError **error)
{
    g_autoptr(GHashTable) periods = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    DnDate today = dn_date_in_japan(dn_clock_now_utc_ms());

    if (!dn_view_each(self, sum_voucher, &(Summing){self, periods}, error))
        return false;
    g_autoptr(GList) names = g_list_sort(g_hash_table_get_keys(periods), compare_text);

    for (GList *name = names; name; name = name->next) {
        const Summary *summary = g_hash_table_lookup(periods, name->data);
        g_autoptr(json_t) row = json_object();
        char until[DN_DATE_TEXT + 1];

        dn_date_format(&summary->until, until);
        dn_json_set_string(row, "period", name->data);
        dn_json_set_int(row, "vouchers", (int64_t)summary->vouchers);
        dn_json_set_string(row, "keep_until", until);
        dn_json_set_int(row, "holds", (int64_t)summary->holds);
        dn_json_set_bool(row, "ready",
                         summary->holds == 0 && dn_retention_is_over(&summary->until, &today));
        if (!visit(row, user_data, error))
            return false;
    }
    return true;
}

/* --- the list --- */

typedef struct {
    DnArchive *archive;
    const char *period;
    DnDate today;
    GString *list;  /* "voucher last-day sha256 ..." a line, a hash a version */
    GPtrArray *ids; /* text */
} Listing;

static void
listing_clear(Listing *listing)
{
    if (listing->list)
        g_string_free(listing->list, TRUE);
    g_clear_pointer(&listing->ids, g_ptr_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Listing, listing_clear)

static bool
list_voucher(const json_t *state, void *user_data, GError **error)
{
    Listing *listing = user_data;
    const json_t *versions = json_object_get(state, "versions");
    const char *voucher = dn_json_string(state, "voucher");
    char until[DN_DATE_TEXT + 1];
    DnDate last;

    if (!has_period(state, listing->period) || is_disposed(state))
        return true;
    g_autofree char *why = why_it_stays(listing->archive, state, &listing->today);

    if (why)
        return dn_fail(error, DN_ERROR_INVALID, "voucher %s: %s", voucher, why);
    dn_duty_keep_until(listing->archive->rules, state, &last);
    dn_date_format(&last, until);
    g_string_append_printf(listing->list, "%s %s", voucher, until);
    for (size_t i = 0; i < json_array_size(versions); i++)
        g_string_append_printf(
            listing->list, " %s",
            dn_json_string(json_object_get(json_array_get(versions, i), "blob"), "sha256"));
    g_string_append_c(listing->list, '\n');
    g_ptr_array_add(listing->ids, g_strdup(voucher));
    return true;
}

/* All that would go with the period; INVALID when one of it must stay. */
static bool
make_list(DnArchive *self, const char *period, Listing *out_listing, GError **error)
{
    out_listing->archive = self;
    out_listing->period = period;
    out_listing->today = dn_date_in_japan(dn_clock_now_utc_ms());
    out_listing->list = g_string_new(NULL);
    out_listing->ids = g_ptr_array_new_with_free_func(g_free);
    return dn_view_each(self, list_voucher, out_listing, error);
}

static char *
list_digest(const Listing *listing)
{
    DnSha256 digest = dn_sha256(listing->list->str, listing->list->len);

    return dn_hex(digest.bytes, sizeof digest.bytes);
}

static json_t *
plan_result(const json_t *plan)
{
    static const char *const keys[] = {"plan",    "period",   "vouchers", "sha256",
                                       "planned", "approved", NULL};
    json_t *result = json_object();

    for (const char *const *key = keys; *key; key++)
        if (json_object_get(plan, *key))
            dn_json_take(result, *key, json_deep_copy(json_object_get(plan, *key)));
    return result;
}

/* --- plan, approve, run --- */

bool
dn_archive_dispose_plan(DnArchive *self, const char *period, json_t **out_result, GError **error)
{
    DN_LOCKED(dn_archive_stripe(self, self->tenant.bytes)); /* one step of a disposal at a time */
    g_auto(Listing) listing = {0};
    g_autoptr(json_t) entry = json_object();
    DnLedgerHead head;

    if (!period || !*period || strcmp(period, evidence_period) == 0)
        return dn_fail(error, DN_ERROR_INVALID,
                       "which period? `dencho dispose` lists them: --period 2015");
    if (!make_list(self, period, &listing, error))
        return dn_fail_in(error, "period %s stays", period);
    if (listing.ids->len == 0)
        return dn_fail(error, DN_ERROR_NOT_FOUND, "period %s has no documents", period);
    g_autofree char *sha256 = list_digest(&listing);
    g_autoptr(GBytes) list = g_bytes_new(listing.list->str, listing.list->len);
    DnNewBlob blob = dn_new_blob(DN_PART_EVIDENCE, list, NULL);

    dn_json_set_string(entry, "type", "disposal.planned");
    dn_json_set_string(entry, "period", period);
    dn_json_set_int(entry, "vouchers", listing.ids->len);
    dn_json_set_string(entry, "sha256", sha256);
    dn_json_take(entry, "rules", dn_settled(self)); /* by which the list was made */
    dn_json_take(entry, "list", dn_blob_ref(&blob));
    if (!dn_commit(self, &self->tenant, evidence_period, &blob, 1, entry, error) ||
        !dn_view_head(self, &self->tenant, &head, error))
        return false;
    /* Others may have written since: the plan is the last of this tenant with this list. */
    for (uint64_t seq = head.seq; seq > 0; seq--) {
        g_autoptr(json_t) plan = dn_view_plan(self, seq, NULL);

        if (plan && strcmp(dn_json_string(plan, "sha256"), sha256) == 0) {
            *out_result = plan_result(plan);
            return true;
        }
    }
    return dn_fail(error, DN_ERROR_CORRUPT, "the plan is not in the view; run `dencho rebuild`");
}

/* The plan, while what it lists is what would go now. */
static json_t *
standing_plan(DnArchive *self, uint64_t number, Listing *out_listing, GError **error)
{
    g_autoptr(json_t) plan = dn_view_plan(self, number, error);

    if (!plan)
        return NULL;
    if (dn_json_string(plan, "done"))
        return dn_fail_null(error, DN_ERROR_INVALID, "disposal %" G_GUINT64_FORMAT " is done",
                            number);
    if (!make_list(self, dn_json_string(plan, "period"), out_listing, error)) {
        dn_fail_in(error, "disposal %" G_GUINT64_FORMAT " no longer stands", number);
        return NULL;
    }
    return g_steal_pointer(&plan);
}

static bool
same_list(const json_t *plan, const Listing *listing, GError **error)
{
    g_autofree char *sha256 = list_digest(listing);

    return strcmp(dn_json_string(plan, "sha256"), sha256) == 0 ||
           dn_fail(error, DN_ERROR_INVALID,
                   "the period has changed since disposal %" G_GINT64_FORMAT
                   " was planned; plan it again",
                   dn_json_int(plan, "plan", 0));
}

bool
dn_archive_dispose_approve(DnArchive *self, uint64_t number, json_t **out_result, GError **error)
{
    DN_LOCKED(dn_archive_stripe(self, self->tenant.bytes));
    g_auto(Listing) listing = {0};
    g_autoptr(json_t) plan = standing_plan(self, number, &listing, error);
    g_autoptr(json_t) entry = json_object();

    if (!plan || !same_list(plan, &listing, error))
        return false;
    if (strcmp(dn_actor_person(dn_json_string(plan, "planned")), dn_actor_person(self->actor)) == 0)
        return dn_fail(error, DN_ERROR_DENIED,
                       "who planned a disposal cannot approve it; another person must");
    if (dn_json_string(plan, "approved"))
        return dn_fail(error, DN_ERROR_INVALID, "it is approved already");
    dn_json_set_string(entry, "type", "disposal.approved");
    dn_json_set_int(entry, "plan", (int64_t)number);
    dn_json_set_string(entry, "sha256", dn_json_string(plan, "sha256"));
    if (!dn_commit(self, &self->tenant, NULL, NULL, 0, entry, error))
        return false;
    g_autoptr(json_t) after = dn_view_plan(self, number, error);

    if (!after)
        return false;
    *out_result = plan_result(after);
    return true;
}

typedef struct {
    DnArchive *archive;
    uint64_t plan;
    const char *period;
    bool any;
} Begun;

static bool
look_for_begun(const json_t *state, void *user_data, GError **error)
{
    Begun *begun = user_data;
    const json_t *disposal = json_object_get(state, "disposal");

    (void)error;
    begun->any |= disposal && dn_json_int(disposal, "plan", 0) == (int64_t)begun->plan;
    return true;
}

/* A run that was cut off has said of some vouchers that they are gone; then what is left of its
 * list is a part, and each of that part has passed every condition in make_list(). */
static bool
is_begun(DnArchive *self, const json_t *plan, bool *out_begun, GError **error)
{
    Begun begun = {.archive = self, .plan = (uint64_t)dn_json_int(plan, "plan", 0)};

    if (!dn_view_each(self, look_for_begun, &begun, error))
        return false;
    *out_begun = begun.any;
    return true;
}

/* Of the vouchers that go, none may be one that the plan did not list. */
static bool
all_listed(DnArchive *self, const json_t *plan, const Listing *listing, GError **error)
{
    g_autoptr(GBytes) bytes =
        dn_blob_load(self, &self->tenant, json_object_get(plan, "list"), DN_PART_EVIDENCE, error);
    gsize size = 0;

    if (!bytes)
        return dn_fail_in(error, "the list of the disposal");
    const char *data = g_bytes_get_data(bytes, &size);
    g_autofree char *text = g_strndup(data ? data : "", size);
    g_autoptr(GHashTable) known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_auto(GStrv) planned = g_strsplit(text, "\n", -1);
    g_auto(GStrv) now = g_strsplit(listing->list->str, "\n", -1);

    for (char **line = planned; *line; line++)
        g_hash_table_add(known, g_strdup(*line));
    for (char **line = now; *line; line++)
        if (!g_hash_table_contains(known, *line))
            return dn_fail(error, DN_ERROR_INVALID,
                           "the period has changed since the disposal was planned; plan it again");
    return true;
}

static bool
record_disposed(DnArchive *self, uint64_t number, const char *voucher, GError **error)
{
    DnUuid id;

    if (!dn_uuid_parse(voucher, &id, error))
        return false;
    g_autoptr(json_t) entry = dn_voucher_entry("voucher.disposed", &id);

    dn_json_set_int(entry, "plan", (int64_t)number);
    return dn_commit(self, &self->tenant, NULL, NULL, 0, entry, error);
}

static bool
destroy_key(DnArchive *self, const char *period, GError **error)
{
    g_autoptr(GError) problem = NULL;

    if (dn_keyring_destroy_period(self->keys, &self->tenant, period, &problem))
        return true;
    if (g_error_matches(problem, DN_ERROR, DN_ERROR_NOT_FOUND)) /* an earlier run got so far */
        return true;
    g_propagate_error(error, g_steal_pointer(&problem));
    return dn_fail_in(error, "the key of period %s", period);
}

/* All stripes are held. */
static bool
run_disposal(DnArchive *self, uint64_t number, json_t **out_result, GError **error)
{
    g_auto(Listing) listing = {0};
    g_autoptr(json_t) plan = standing_plan(self, number, &listing, error);
    bool begun = false;

    if (!plan || !is_begun(self, plan, &begun, error))
        return false;
    if (!dn_json_string(plan, "approved"))
        return dn_fail(error, DN_ERROR_DENIED,
                       "nobody has approved disposal %" G_GUINT64_FORMAT
                       "; another person must: dencho dispose --approve",
                       number);
    if (begun ? !all_listed(self, plan, &listing, error) : !same_list(plan, &listing, error))
        return false;
    const char *period = dn_json_string(plan, "period");

    for (guint i = 0; i < listing.ids->len; i++)
        if (!record_disposed(self, number, g_ptr_array_index(listing.ids, i), error))
            return false;
    if (!destroy_key(self, period, error))
        return false;
    g_autoptr(json_t) entry = json_object();

    dn_json_set_string(entry, "type", "disposal.done");
    dn_json_set_int(entry, "plan", (int64_t)number);
    dn_json_set_string(entry, "period", period);
    if (!dn_commit(self, &self->tenant, NULL, NULL, 0, entry, error))
        return false;
    json_t *result = json_object();

    dn_json_set_int(result, "plan", (int64_t)number);
    dn_json_set_string(result, "period", period);
    dn_json_set_int(result, "disposed", dn_json_int(plan, "vouchers", 0));
    *out_result = result;
    return true;
}

bool
dn_archive_dispose_run(DnArchive *self, uint64_t number, json_t **out_result, GError **error)
{
    for (int i = 0; i < DN_STRIPES; i++)
        g_mutex_lock(&self->stripes[i]);
    bool ok = run_disposal(self, number, out_result, error);

    for (int i = DN_STRIPES; i-- > 0;)
        g_mutex_unlock(&self->stripes[i]);
    return ok;
}
