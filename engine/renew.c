/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/renew.c - evidence is renewed before it ends (law row R20; RFC 4998 section 5).
 *
 *   time-stamp   the certificate of a token, or the algorithm of its signature, ends: a fresh token
 *                over a tree of the tokens that end. One leaf serves all vouchers of a batch
 *   hash-tree    the digest of the trees ends: every document that is still here is hashed by a
 *                stronger one, with the evidence that it has so far, and a new chain begins
 *
 * Nothing that is there changes: a renewal is one more entry with its list of leaves and its token.
 * What a renewal is over must still hold at that moment, so a stamp that has ended already cannot
 * be renewed; it is named. A renewal also stamps the ledger's head.
 */
#include "config.h"
#include "engine/batch.h"
#include "engine/internal.h"

#include <string.h>

enum { RENEW_STAMPS = 1000 /* whose documents one hash-tree renewal takes up, at most */ };

static const int64_t ms_per_day = 24LL * 60 * 60 * 1000;
static const int64_t japan_ms = 9LL * 60 * 60 * 1000;

/* A time stamp, as little of it as a plan needs: there may be very many. */
typedef struct {
    uint64_t seq;
    uint64_t renewed_by;
    uint64_t rehashed_by;
    int64_t gen_utc_ms;
    int64_t until_utc_ms;  /* end of certificates */
    int64_t last_utc_ms;   /* end of the signature's algorithm */
    const char *authority; /* interned */
    DnHashKind kind;       /* of its tree */
    bool accredited;
    bool of_documents; /* its leaves are documents: a chain begins here */
} Stamp;

typedef struct {
    DnArchive *archive;
    const DnRenewal *how;
    DnBatches *batches;
    DnTrust *trust;
    GArray *stamps;     /* Stamp, by seq */
    GHashTable *groups; /* text -> json row, of the plan */
    int64_t now_utc_ms;
    int64_t margin_ms;
    uint64_t last_seq; /* what is newer was made by this call */
    DnRowVisitor visit;
    DnProgress progress;
    void *user_data;
    uint64_t done;
    uint64_t total;
    uint64_t renewed;
    uint64_t rehashed;
    uint64_t tokens;
    uint64_t ended;
    uint64_t failed;
    DnLeaf ledger; /* kind 0: not made yet */
} Renew;

/* --- what there is --- */

/* In Japan. */
static int64_t
end_of_day(const DnDate *day)
{
    return ((int64_t)dn_date_to_days(day) + 1) * ms_per_day - japan_ms - 1;
}

static bool
note_stamp(const json_t *row, void *user_data, GError **error)
{
    Renew *renew = user_data;
    const char *renewal = dn_json_string(row, "renewal");
    unsigned strength = (unsigned)dn_json_int(row, "strength", 0);
    Stamp stamp = {.seq = (uint64_t)dn_json_int(row, "seq", 0),
                   .renewed_by = (uint64_t)dn_json_int(row, "renewed_by", 0),
                   .rehashed_by = (uint64_t)dn_json_int(row, "rehashed_by", 0),
                   .gen_utc_ms = dn_json_time(row, "gen_time"),
                   .until_utc_ms = dn_json_time(row, "until"),
                   .authority = g_intern_string(dn_json_string(row, "authority")),
                   .kind = DN_HASH_SHA256,
                   .accredited = dn_json_bool(row, "accredited", false),
                   .of_documents = g_strcmp0(renewal, "time-stamp") != 0};

    (void)error;
    dn_hash_kind_parse(dn_json_string(row, "digest"), &stamp.kind);
    if (stamp.until_utc_ms < 0) { /* the entry does not say: the token does */
        const DnBatch *batch = dn_batches_get(renew->batches, row);

        stamp.until_utc_ms = batch->failure ? INT64_MAX : batch->info.until_utc_ms;
        strength = batch->failure ? G_MAXUINT : batch->info.security_bits;
        dn_batches_forget(renew->batches, stamp.seq);
    }
    DnDate last = dn_strength_until(strength);

    stamp.last_utc_ms = end_of_day(&last);
    g_array_append_val(renew->stamps, stamp);
    return true;
}

static int
compare_stamps(const void *a, const void *b)
{
    const Stamp *x = a;
    const Stamp *y = b;

    return (x->seq > y->seq) - (x->seq < y->seq);
}

static Stamp *
find_stamp(Renew *renew, uint64_t seq)
{
    Stamp key = {.seq = seq};

    return bsearch(&key, renew->stamps->data, renew->stamps->len, sizeof(Stamp), compare_stamps);
}

static bool
read_stamps(Renew *renew, GError **error)
{
    g_array_set_size(renew->stamps, 0);
    return dn_view_each_stamp(renew->archive, note_stamp, renew, error);
}

/* The newest stamp of the chain that @first begins. */
static Stamp *
head_of(Renew *renew, Stamp *first)
{
    Stamp *head = first;

    while (head->renewed_by > head->seq) {
        Stamp *next = find_stamp(renew, head->renewed_by);

        if (!next)
            break;
        head = next;
    }
    return head;
}

/* --- when --- */

/* The margin, but never more than a quarter of what a stamp lasts: a short-lived one must not be
 * due on the day on which it is made. */
static int64_t
due_of(const Renew *renew, int64_t made_utc_ms, int64_t end_utc_ms)
{
    return end_utc_ms - MIN(renew->margin_ms, MAX(end_utc_ms - made_utc_ms, 0) / 4);
}

static int64_t
stamp_end(const Stamp *stamp)
{
    return MIN(stamp->until_utc_ms, stamp->last_utc_ms);
}

static bool
is_due(const Renew *renew, const Stamp *stamp, int64_t end_utc_ms)
{
    const DnDate *before = renew->how->before;

    return renew->now_utc_ms >= due_of(renew, stamp->gen_utc_ms, end_utc_ms) ||
           (before && stamp->seq <= renew->last_seq &&
            end_utc_ms < (int64_t)dn_date_to_days(before) * ms_per_day - japan_ms);
}

static bool
has_ended(const Renew *renew, const Stamp *stamp)
{
    return renew->now_utc_ms >= stamp->until_utc_ms;
}

static int64_t
tree_end(DnHashKind kind)
{
    DnDate last = dn_strength_until(dn_strength_of_hash(kind));

    return end_of_day(&last);
}

/* Whether the documents of a stamp are to get a stronger tree. */
static bool
wants_rehash(const Renew *renew, const Stamp *stamp)
{
    return stamp->of_documents && !stamp->rehashed_by && stamp->kind == DN_HASH_SHA256 &&
           (renew->how->digest || is_due(renew, stamp, tree_end(stamp->kind)));
}

/* --- the plan --- */

static char *
day_of(int64_t utc_ms)
{
    DnDate day = dn_date_in_japan(utc_ms);
    char text[DN_DATE_TEXT + 1];

    dn_date_format(&day, text);
    return g_strdup(text);
}

static void
plan_group(Renew *renew, const char *renewal, const Stamp *stamp, const char *why, int64_t end,
           bool ended)
{
    g_autofree char *ends = day_of(end);
    g_autofree char *due = day_of(due_of(renew, stamp->gen_utc_ms, end));
    const char *state = ended ? "ended" : is_due(renew, stamp, end) ? "due" : "later";
    char *key =
        g_strdup_printf("%s %s %s %s %s %s", due, ends, renewal, state, why, stamp->authority);
    json_t *row = g_hash_table_lookup(renew->groups, key);

    if (!row) {
        row = json_object();
        dn_json_set_string(row, "renewal", renewal);
        dn_json_set_string(row, "state", state);
        dn_json_set_string(row, "due", due);
        dn_json_set_string(row, "ends", ends);
        dn_json_set_string(row, "why", why);
        dn_json_set_string(row, "authority", stamp->authority);
        dn_json_set_string(row, "digest", dn_hash_kind_name(stamp->kind));
        dn_json_set_int(row, "stamps", 0);
        g_hash_table_insert(renew->groups, key, row);
    } else {
        g_free(key);
    }
    dn_json_set_int(row, "stamps", dn_json_int(row, "stamps", 0) + 1);
}

static int
compare_keys(gconstpointer a, gconstpointer b)
{
    return strcmp(a, b);
}

static bool
show_plan(Renew *renew, GError **error)
{
    g_autoptr(GHashTable) met = g_hash_table_new(g_int64_hash, g_int64_equal);

    for (guint i = 0; i < renew->stamps->len; i++) {
        Stamp *first = &g_array_index(renew->stamps, Stamp, i);
        Stamp *head = NULL;

        if (!first->of_documents || first->rehashed_by)
            continue;
        head = head_of(renew, first);
        if (first->kind == DN_HASH_SHA256)
            plan_group(renew, "hash-tree", first, "the digest of the hash tree weakens",
                       tree_end(first->kind), false);
        if (g_hash_table_add(met, &head->seq))
            plan_group(renew, "time-stamp", head,
                       head->until_utc_ms <= head->last_utc_ms ? "its certificate ends"
                                                               : "its algorithm weakens",
                       stamp_end(head), has_ended(renew, head));
    }
    GList *keys = g_list_sort(g_hash_table_get_keys(renew->groups), compare_keys);
    bool good = true;

    for (GList *key = keys; good && key; key = key->next)
        good = renew->visit(g_hash_table_lookup(renew->groups, key->data), renew->user_data, error);
    g_list_free(keys);
    return good;
}

/* --- doing it --- */

static bool
go_on(Renew *renew, GError **error)
{
    if (renew->progress &&
        !renew->progress(MIN(renew->done, renew->total), renew->total, renew->user_data))
        return dn_fail(error, DN_ERROR_BUSY, "stopped on request; what was renewed stays so");
    return true;
}

static bool
tell_failure(Renew *renew, const Stamp *stamp, const char *state, const char *message,
             GError **error)
{
    g_autoptr(json_t) row = json_object();

    dn_json_set_int(row, "seq", (int64_t)stamp->seq);
    dn_json_set_string(row, "state", state);
    dn_json_set_string(row, "message", message);
    return renew->visit(row, renew->user_data, error);
}

/* Lends the stamp when it holds, and @head, the newest of its chain, has not ended. NULL without
 * error: it was named as one that does not. */
static const DnBatch *
load_stamp(Renew *renew, const Stamp *stamp, const Stamp *head, GError **error)
{
    g_autoptr(json_t) row = dn_view_stamp(renew->archive, stamp->seq, error);
    const DnBatch *batch = row ? dn_batches_get(renew->batches, row) : NULL;

    if (!batch)
        return NULL;
    if (has_ended(renew, head)) {
        g_autofree char *ended = day_of(head->until_utc_ms);
        g_autofree char *message = g_strdup_printf(
            "its certificate ended on %s; what it proves it proves by its own time alone", ended);

        renew->ended++;
        tell_failure(renew, stamp, "ended", message, error);
        return NULL;
    }
    if (!batch->failure)
        return batch;
    renew->failed++;
    tell_failure(renew, stamp, "failed", batch->failure->message, error);
    return NULL;
}

static bool
commit_renewal(Renew *renew, const char *renewal, GArray *leaves, const json_t *of, uint64_t what,
               GError **error)
{
    DnHashKind kind = g_array_index(leaves, DnLeaf, 0).digest.kind;
    g_autoptr(json_t) entry = json_object();
    static const char *const keys[] = {"renewal",   "digest",     "gen_time", "until",
                                       "authority", "accredited", "serial",   NULL};

    if (renew->ledger.digest.kind != kind &&
        !dn_leaf_of_ledger(renew->archive, kind, &renew->ledger, error))
        return false;
    g_array_append_val(leaves, renew->ledger);
    dn_json_set_string(entry, "type", "evidence.renewed");
    dn_json_set_string(entry, "renewal", renewal);
    if (of)
        dn_json_take(entry, "of", json_deep_copy(of));
    if (!dn_stamp_leaves(renew->archive, renew->trust, leaves, entry, error))
        return dn_fail_in(error, "no renewal");
    renew->tokens++;
    g_autoptr(json_t) row = json_object();

    dn_json_set_string(row, "state", "renewed");
    dn_json_set_int(row, of ? "documents" : "stamps", (int64_t)what);
    for (const char *const *key = keys; *key; key++)
        dn_json_take(row, *key, json_deep_copy(json_object_get(entry, *key)));
    g_array_set_size(leaves, 0);
    return renew->visit(row, renew->user_data, error) && go_on(renew, error);
}

/* --- time stamp over time stamps --- */

static bool
renew_kind(Renew *renew, GArray *heads, DnHashKind kind, GError **error)
{
    g_autoptr(GArray) leaves = g_array_new(FALSE, TRUE, sizeof(DnLeaf));

    for (guint i = 0; i < heads->len; i++) {
        const Stamp *stamp = &g_array_index(heads, Stamp, i);
        g_autoptr(GError) problem = NULL;

        if (stamp->kind != kind)
            continue;
        const DnBatch *batch = load_stamp(renew, stamp, stamp, &problem);

        if (problem) {
            g_propagate_error(error, g_steal_pointer(&problem));
            return false;
        }
        if (batch) {
            DnLeaf leaf = {.digest = dn_hash_bytes(kind, batch->token),
                           .type = DN_LEAF_STAMP,
                           .number = stamp->seq};

            g_array_append_val(leaves, leaf);
            renew->renewed++;
        }
        renew->done++;
        dn_batches_forget(renew->batches, stamp->seq);
        if (leaves->len == DN_BATCH_MAX &&
            !commit_renewal(renew, "time-stamp", leaves, NULL, leaves->len, error))
            return false;
    }
    return leaves->len == 0 ||
           commit_renewal(renew, "time-stamp", leaves, NULL, leaves->len, error);
}

/* The heads of all chains that are due, each once. */
static GArray *
due_heads(Renew *renew)
{
    g_autoptr(GHashTable) met = g_hash_table_new(g_int64_hash, g_int64_equal);
    GArray *heads = g_array_new(FALSE, FALSE, sizeof(Stamp));

    for (guint i = 0; i < renew->stamps->len; i++) {
        Stamp *first = &g_array_index(renew->stamps, Stamp, i);
        Stamp *head = NULL;

        if (!first->of_documents || first->rehashed_by)
            continue;
        head = head_of(renew, first);
        if (is_due(renew, head, stamp_end(head)) && g_hash_table_add(met, &head->seq))
            g_array_append_val(heads, *head);
    }
    return heads;
}

static bool
renew_stamps(Renew *renew, GError **error)
{
    g_autoptr(GArray) heads = due_heads(renew);

    renew->total += heads->len;
    return renew_kind(renew, heads, DN_HASH_SHA256, error) &&
           renew_kind(renew, heads, DN_HASH_SHA512, error);
}

/* --- a stronger tree --- */

/* Adds the leaf of one document; nothing for what has been disposed of. */
static bool
rehash_document(Renew *renew, const DnLeaf *old, GArray *leaves, GError **error)
{
    DnArchive *archive = renew->archive;
    g_autoptr(json_t) state = dn_view_voucher(archive, &old->voucher, error);
    const json_t *version = state ? dn_voucher_version(state, (unsigned)old->number) : NULL;
    DnLeaf leaf = {.type = DN_LEAF_DOCUMENT, .voucher = old->voucher, .number = old->number};

    if (!state)
        return false;
    if (!version)
        return dn_fail(error, DN_ERROR_CORRUPT, "a time stamp over no version");
    if (g_strcmp0(dn_json_string(state, "state"), "disposed") == 0)
        return true;
    g_autoptr(GBytes) bytes = dn_blob_load(
        archive, &archive->tenant, json_object_get(version, "blob"), DN_PART_ORIGINAL, error);
    g_autoptr(GArray) evidence =
        bytes ? dn_batches_evidence(renew->batches, &old->voucher, version, error) : NULL;
    g_autoptr(GBytes) record =
        evidence ? dn_evidence_make_record(evidence, evidence->len, error) : NULL;

    if (!record)
        return dn_fail_in(error, "voucher %s", dn_json_string(state, "voucher"));
    leaf.document = dn_hash_bytes(DN_HASH_SHA512, bytes);
    if (!dn_evidence_record_rehash_leaf(record, &leaf.document, &leaf.digest, error))
        return false;
    g_array_append_val(leaves, leaf);
    renew->rehashed++;
    return true;
}

/* The documents of one stamp. A document that cannot be read or proved keeps its stamp out. */
static bool
rehash_stamp(Renew *renew, Stamp *stamp, GArray *leaves, json_t *of, GError **error)
{
    g_autoptr(GError) problem = NULL;
    const DnBatch *batch = load_stamp(renew, stamp, head_of(renew, stamp), &problem);
    guint before = leaves->len;
    uint64_t rehashed = renew->rehashed;

    if (problem) {
        g_propagate_error(error, g_steal_pointer(&problem));
        return false;
    }
    for (guint i = 0; batch && i < batch->leaves->len; i++) {
        const DnLeaf *leaf = &g_array_index(batch->leaves, DnLeaf, i);

        if (leaf->type != DN_LEAF_DOCUMENT || rehash_document(renew, leaf, leaves, &problem))
            continue;
        g_array_set_size(leaves, before);
        renew->rehashed = rehashed;
        renew->failed++;
        return tell_failure(renew, stamp, "failed", problem->message, error);
    }
    if (leaves->len > before)
        json_array_append_new(of, json_integer((json_int_t)stamp->seq));
    return true;
}

static bool
rehash_stamps(Renew *renew, GError **error)
{
    g_autoptr(GArray) leaves = g_array_new(FALSE, TRUE, sizeof(DnLeaf));
    g_autoptr(json_t) of = json_array();

    for (guint i = 0; i < renew->stamps->len; i++) {
        Stamp *stamp = &g_array_index(renew->stamps, Stamp, i);

        if (!wants_rehash(renew, stamp))
            continue;
        renew->done++;
        if (!rehash_stamp(renew, stamp, leaves, of, error))
            return false;
        dn_batches_forget(renew->batches, stamp->seq);
        if (leaves->len < DN_BATCH_MAX && json_array_size(of) < RENEW_STAMPS)
            continue;
        if (!commit_renewal(renew, "hash-tree", leaves, of, leaves->len, error))
            return false;
        json_array_clear(of);
    }
    return leaves->len == 0 || commit_renewal(renew, "hash-tree", leaves, of, leaves->len, error);
}

static uint64_t
count_rehash(Renew *renew)
{
    uint64_t count = 0;

    for (guint i = 0; i < renew->stamps->len; i++)
        count += wants_rehash(renew, &g_array_index(renew->stamps, Stamp, i));
    return count;
}

static bool
renew_all(Renew *renew, GError **error)
{
    g_autoptr(GError) problem = NULL;

    dn_revocation_refresh(renew->archive, renew->trust,
                          NULL); /* what is renewed is covered with it */
    renew->total = count_rehash(renew);
    if (renew->total > 0 && (!rehash_stamps(renew, error) || !read_stamps(renew, error)))
        return false;
    if (!renew_stamps(renew, error))
        return false;
    if (renew->tokens > 0 && !dn_witness_write(renew->archive, &problem))
        g_message("the witness of the log cannot be written: %s", problem->message);
    return true;
}

bool
dn_archive_renew(DnArchive *self, const DnRenewal *how, DnRowVisitor visit, DnProgress progress,
                 void *user_data, json_t **out_totals, GError **error)
{
    DN_LOCKED(dn_archive_stripe(self, self->tenant.bytes)); /* and no batch meanwhile */
    int64_t days =
        CLAMP(dn_settings_int(self->settings, "evidence", "renew-before-days"), 0, 36500);
    g_autoptr(DnTrust) trust = dn_archive_trust(self, error);
    g_autoptr(DnBatches) batches = trust ? dn_batches_new(self, trust) : NULL;
    g_autoptr(GArray) stamps = g_array_new(FALSE, FALSE, sizeof(Stamp));
    g_autoptr(GHashTable) groups =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)json_decref);
    Renew renew = {.archive = self,
                   .how = how,
                   .batches = batches,
                   .trust = trust,
                   .stamps = stamps,
                   .groups = groups,
                   .now_utc_ms = dn_clock_now_utc_ms(),
                   .margin_ms = days * ms_per_day,
                   .visit = visit,
                   .progress = progress,
                   .user_data = user_data};

    if (!trust)
        return false;
    if (how->digest && strcmp(how->digest, "sha512") != 0)
        return dn_fail(error, DN_ERROR_INVALID,
                       "a hash tree can be renewed to sha512 and to nothing else");
    if (!read_stamps(&renew, error))
        return false;
    if (stamps->len > 0)
        renew.last_seq = g_array_index(stamps, Stamp, stamps->len - 1).seq;
    if (!(how->plan ? show_plan(&renew, error) : renew_all(&renew, error)))
        return false;
    json_t *totals = json_object();

    dn_json_set_int(totals, "stamps", stamps->len);
    if (!how->plan) {
        dn_json_set_int(totals, "renewed", (int64_t)renew.renewed);
        dn_json_set_int(totals, "rehashed", (int64_t)renew.rehashed);
        dn_json_set_int(totals, "tokens", (int64_t)renew.tokens);
        dn_json_set_int(totals, "ended", (int64_t)renew.ended);
        dn_json_set_int(totals, "failed", (int64_t)renew.failed);
    }
    *out_totals = totals;
    return true;
}
