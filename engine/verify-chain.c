/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/verify-chain.c - every entry of the ledger, in order, and every time stamp over it.
 *
 * Opening and reading a line takes the time, and needs nothing of the lines before it: all cores do
 * that, a round of commits at once. That each follows the one before is then seen in order.
 */
#include "config.h"
#include "engine/verify.h"

#include <string.h>

typedef struct {
    Verify *verify;
    GHashTable *heads;
    GHashTable *opaque; /* DnUuid -> DnLedgerHead of tenants without keys; only seq is known */
    GArray *hashes;     /* DnSha256 of each entry of this tenant, seq 1 first */
    char last_at[32];   /* of the entry before */
    GArray *heads_512;  /* DnLeaf: heads that were stamped by SHA-512 */
    GArray *lines;      /* Line: the round */
    size_t bytes;       /* of its lines as they are sealed */
    gint next;          /* the first slice of it that no thread has taken */
} Chain;

/* --- lines are opened --- */

enum { ROUND_LINES = 4096, ROUND_BYTES = 8 << 20, SLICE = 64 };

typedef struct {
    DnUuid tenant;
    uint64_t seq;
    DnStoreRef place;
    GBytes *sealed;
    char *text;  /* what the entry was read from, and lends from */
    char *stamp; /* the same once more, of a time stamp: whole */
    const DnValue *entry;
    DnSha256 hash;
    GError *failure;
} Line;

static void
line_clear(gpointer data)
{
    Line *line = data;

    g_clear_pointer(&line->sealed, g_bytes_unref);
    g_clear_pointer(&line->text, g_free);
    g_clear_pointer(&line->stamp, g_free);
    g_clear_error(&line->failure);
}

static void
open_line(Chain *chain, Line *line, DnArena *arena)
{
    line->text = dn_unseal_line(chain->verify->archive->keys, &line->tenant, line->seq,
                                line->sealed, &line->failure);
    if (line->text && strstr(line->text, "\"type\":\"evidence."))
        line->stamp = g_strdup(line->text);
    if (line->text)
        line->entry = dn_entry_parse(arena, line->text, &line->hash, &line->failure);
    if (line->text && !line->entry)
        dn_fail_in(&line->failure, "entry %" G_GUINT64_FORMAT, line->seq);
}

typedef struct {
    Chain *chain;
    DnArena *arena;
    GThread *thread;
} Helper;

static gpointer
open_slices(gpointer data)
{
    Helper *helper = data;
    GArray *lines = helper->chain->lines;

    for (;;) {
        guint slice = (guint)g_atomic_int_add(&helper->chain->next, 1);

        if (slice * SLICE >= lines->len)
            return NULL;
        for (guint i = slice * SLICE; i < MIN((slice + 1) * SLICE, lines->len); i++)
            open_line(helper->chain, &g_array_index(lines, Line, i), helper->arena);
    }
}

/* --- and follow each other --- */

/* The heads that leaves of SHA-512 name are compared together: check_heads_512(). */
static bool
is_head(const Chain *chain, const DnLeaf *leaf)
{
    if (leaf->type != DN_LEAF_LEDGER || leaf->number == 0 || leaf->number > chain->hashes->len)
        return false;
    if (leaf->digest.kind != DN_HASH_SHA256)
        return true;
    DnHash head = dn_hash_of_sha256(&g_array_index(chain->hashes, DnSha256, leaf->number - 1));

    return dn_hash_equal(&leaf->digest, &head);
}

static bool
check_stamped_head(Chain *chain, const json_t *entry, GError **error)
{
    const DnBatch *batch = dn_batches_get(chain->verify->batches, entry);

    if (batch->failure)
        return dn_fail(error, dn_error_code(batch->failure), "%s", batch->failure->message);
    const DnLeaf *leaf = &g_array_index(batch->leaves, DnLeaf, batch->leaves->len - 1);

    chain->verify->stamped_head = MAX(chain->verify->stamped_head, leaf->number);
    if (leaf->digest.kind == DN_HASH_SHA512)
        g_array_append_vals(chain->heads_512, leaf, 1);
    if (!is_head(chain, leaf))
        return dn_fail(error, DN_ERROR_CORRUPT,
                       "the ledger's head that was stamped with entry %" G_GINT64_FORMAT
                       " is not in the chain",
                       dn_json_int(entry, "seq", 0));
    return true;
}

/* What is kept of revocations must be there and be what it is called; what it proves is held
 * against each token. */
static bool
check_proofs(const Chain *chain, const json_t *entry, GError **error)
{
    g_autoptr(DnTrust) nobody = dn_trust_new_empty();

    return dn_revocation_know(chain->verify->archive, nobody, entry, error);
}

static bool
check_entry(Chain *chain, const Line *line, DnLedgerHead *head, GError **error)
{
    g_autoptr(json_t) stamp = NULL;

    if (line->failure)
        return dn_fail(error, dn_error_code(line->failure), "%s", line->failure->message);
    if (!dn_entry_follow(line->entry, &line->hash, &line->tenant, head, error))
        return false;
    chain->verify->entries++;
    if (!dn_uuid_equal(&line->tenant, &chain->verify->archive->tenant))
        return true;
    g_array_append_val(chain->hashes, head->hash);
    const char *type = dn_value_string(line->entry, "type");
    const char *at = dn_value_string(line->entry, "at");

    chain->verify->clock_back += strcmp(at, chain->last_at) < 0; /* one form, so in order */
    g_strlcpy(chain->last_at, at, sizeof chain->last_at);
    if (!g_str_has_prefix(type, "evidence."))
        return true;
    stamp = dn_json_parse(line->stamp, strlen(line->stamp), error);
    if (stamp && strcmp(type, "evidence.revocation") == 0)
        return check_proofs(chain, stamp, error);
    return stamp && check_stamped_head(chain, stamp, error);
}

static DnLedgerHead *
head_in(GHashTable *heads, const DnUuid *tenant)
{
    DnLedgerHead *head = g_hash_table_lookup(heads, tenant);

    if (!head) {
        head = g_new0(DnLedgerHead, 1);
        g_hash_table_insert(heads, g_memdup2(tenant, sizeof *tenant), head);
    }
    return head;
}

static bool
follow_line(Chain *chain, const Line *line, GError **error)
{
    DnLedgerHead *head = head_in(chain->heads, &line->tenant);
    g_autoptr(GError) problem = NULL;

    if (check_entry(chain, line, head, &problem))
        return true;
    head->seq = line->seq; /* what follows is still compared with what it follows */
    dn_fail_in(&problem, "segment %u, byte %" G_GUINT64_FORMAT, line->place.segment,
               line->place.offset);
    return dn_verify_report(chain->verify, NULL, problem, error);
}

static bool
finish_lines(Chain *chain, GError **error)
{
    guint slices = (chain->lines->len + SLICE - 1) / SLICE;
    guint count = MAX(1, MIN(g_get_num_processors(), slices));
    g_autofree Helper *helpers = g_new0(Helper, count);
    bool good = true;

    chain->next = 0;
    for (guint i = 0; i < count; i++)
        helpers[i] = (Helper){.chain = chain, .arena = dn_arena_new()};
    for (guint i = 1; i < count; i++)
        helpers[i].thread = g_thread_new("verify", open_slices, &helpers[i]);
    open_slices(&helpers[0]);
    for (guint i = 1; i < count; i++)
        g_thread_join(helpers[i].thread);
    for (guint i = 0; good && i < chain->lines->len; i++)
        good = follow_line(chain, &g_array_index(chain->lines, Line, i), error);
    for (guint i = 0; i < count; i++)
        dn_arena_free(helpers[i].arena);
    g_array_set_size(chain->lines, 0);
    chain->bytes = 0;
    return good &&
           dn_verify_go_on(chain->verify, chain->verify->entries + chain->verify->opaque, error);
}

static bool
take_commit(const DnStoreVisit *visit, void *user_data, GError **error)
{
    Chain *chain = user_data;

    if (!dn_keyring_has_tenant(chain->verify->archive->keys, &visit->tenant)) {
        head_in(chain->opaque, &visit->tenant)->seq += visit->entry_count;
        chain->verify->opaque += visit->entry_count;
        return true;
    }
    for (size_t i = 0; i < visit->entry_count; i++) {
        Line line = {.tenant = visit->tenant,
                     .seq = visit->entries[i].seq,
                     .place = visit->entry_refs[i],
                     .sealed = g_bytes_ref(visit->entries[i].sealed)};

        chain->bytes += g_bytes_get_size(line.sealed);
        g_array_append_val(chain->lines, line);
    }
    return (chain->lines->len < ROUND_LINES && chain->bytes < ROUND_BYTES) ||
           finish_lines(chain, error);
}

/* --- where it ends --- */

/* What was durable when it was walked the view must show by now, also while others go on writing.
 */
static bool
bring_view_up(DnArchive *self, GError **error)
{
    DN_LOCKED(&self->apply_lock);
    DnStorePosition position;
    DnStorePosition end = dn_store_end(self->store);
    uint64_t entries = 0;
    bool view_at_fault = false;

    if (!dn_view_position(self, &position, error))
        return false;
    return dn_store_position_compare(&position, &end) == 0 ||
           dn_view_catch_up(self, NULL, NULL, &entries, &view_at_fault, error);
}

static bool
heads_match(Verify *verify, GHashTable *heads, GError **error)
{
    GHashTableIter iter;
    gpointer tenant = NULL;
    gpointer head = NULL;
    g_autoptr(GError) behind = NULL;

    if (!bring_view_up(verify->archive, &behind) && !dn_verify_report(verify, NULL, behind, error))
        return false;
    g_hash_table_iter_init(&iter, heads);
    while (g_hash_table_iter_next(&iter, &tenant, &head)) {
        g_autoptr(GError) problem = NULL;
        const DnLedgerHead *log = head;
        DnLedgerHead view;

        if (!dn_view_head(verify->archive, tenant, &view, error))
            return false;
        if (view.seq > log->seq || /* entries that came after the walk */
            (view.seq == log->seq && dn_sha256_equal(&view.hash, &log->hash)))
            continue;
        dn_fail(&problem, DN_ERROR_CORRUPT,
                "the view ends at entry %" G_GUINT64_FORMAT ", the log at %" G_GUINT64_FORMAT
                "; run `dencho rebuild`",
                view.seq, log->seq);
        if (!dn_verify_report(verify, NULL, problem, error))
            return false;
    }
    return true;
}

/* A tenant without keys must have been closed, and all of its entries must be there still. */
static bool
check_end(Verify *verify, const json_t *row, DnLedgerHead *seen, GError **error)
{
    const char *id = dn_json_string(row, "tenant");
    int64_t wanted = dn_json_int(row, "seq", 0);
    g_autoptr(GError) problem = NULL;

    if (!dn_json_string(row, "closed"))
        dn_fail(
            &problem, DN_ERROR_NOT_FOUND,
            "the keys of tenant %s are missing from keys/, and no entry says that it was closed",
            id);
    else if (seen->seq != (uint64_t)wanted)
        dn_fail(&problem, DN_ERROR_CORRUPT,
                "tenant %s was closed at entry %" G_GINT64_FORMAT
                ", the log holds %" G_GUINT64_FORMAT,
                id, wanted, seen->seq);
    return !problem || dn_verify_report(verify, NULL, problem, error);
}

static bool
check_ends(Verify *verify, GHashTable *opaque, GError **error)
{
    g_autoptr(GPtrArray) rows = dn_view_tenants(verify->archive, error);
    static DnLedgerHead nothing;

    for (guint i = 0; rows && i < rows->len; i++) {
        const json_t *row = g_ptr_array_index(rows, i);
        DnLedgerHead *seen = NULL;
        DnUuid tenant;

        if (!dn_uuid_parse(dn_json_string(row, "tenant"), &tenant, error))
            return false;
        seen = g_hash_table_lookup(opaque, &tenant);
        if ((seen || dn_json_string(row, "closed")) &&
            !check_end(verify, row, seen ? seen : &nothing, error))
            return false;
    }
    return rows != NULL;
}

static int
compare_heads(gconstpointer a, gconstpointer b)
{
    const DnLeaf *x = a;
    const DnLeaf *y = b;

    return (x->number > y->number) - (x->number < y->number);
}

/* The ledger once more, by the digest that took over: only where hash trees were renewed. */
static bool
check_heads_512(Chain *chain, GError **error)
{
    GArray *heads = chain->heads_512;
    g_autofree uint64_t *seqs = g_new(uint64_t, heads->len + 1);
    g_autofree DnHash *found = g_new0(DnHash, heads->len + 1);
    g_autoptr(GError) problem = NULL;

    if (heads->len == 0)
        return true;
    g_array_sort(heads, compare_heads);
    for (guint i = 0; i < heads->len; i++)
        seqs[i] = g_array_index(heads, DnLeaf, i).number;
    if (!dn_ledger_sha512(chain->verify->archive, seqs, heads->len, found, &problem))
        return dn_verify_report(chain->verify, NULL, problem, error);
    for (guint i = 0; i < heads->len; i++)
        if (!dn_hash_equal(&found[i], &g_array_index(heads, DnLeaf, i).digest)) {
            dn_fail(&problem, DN_ERROR_CORRUPT,
                    "the ledger up to entry %" G_GUINT64_FORMAT
                    " is not the one that was stamped by SHA-512",
                    seqs[i]);
            return dn_verify_report(chain->verify, NULL, problem, error);
        }
    return true;
}

bool
dn_verify_chain(Verify *verify, GError **error)
{
    g_autoptr(GHashTable) heads = dn_heads_new();
    g_autoptr(GHashTable) opaque = dn_heads_new();
    g_autoptr(GArray) hashes = g_array_new(FALSE, FALSE, sizeof(DnSha256));
    g_autoptr(GArray) heads_512 = g_array_new(FALSE, FALSE, sizeof(DnLeaf));
    g_autoptr(GArray) lines = g_array_new(FALSE, FALSE, sizeof(Line));
    g_autoptr(GError) problem = NULL;
    Chain chain = {.verify = verify,
                   .lines = lines,
                   .heads = heads,
                   .opaque = opaque,
                   .hashes = hashes,
                   .heads_512 = heads_512};

    g_array_set_clear_func(lines, line_clear);
    bool whole = dn_store_each(verify->archive->store, NULL, 0, take_commit, &chain, &problem);
    bool damaged = g_error_matches(problem, DN_ERROR, DN_ERROR_CORRUPT) ||
                   g_error_matches(problem, DN_ERROR, DN_ERROR_NOT_FOUND);

    if (!whole && !damaged) {
        g_propagate_error(error, g_steal_pointer(&problem));
        return false;
    }
    if (!finish_lines(&chain, error)) /* what could be read is checked, whatever came after it */
        return false;
    return damaged ? dn_verify_report(verify, NULL, problem, error)
                   : check_heads_512(&chain, error) && heads_match(verify, heads, error) &&
                         check_ends(verify, opaque, error);
}
