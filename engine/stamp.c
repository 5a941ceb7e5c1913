/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/stamp.c - all that waits gets one time stamp.
 *
 * The leaves of a batch are the SHA-256 of each original that has no stamp yet and, last, the head
 * of the ledger: so a stamp also proves every entry up to it. The list of leaves and the token are
 * kept as blobs under a period of their own, which no disposal of documents destroys.
 */
#include "config.h"
#include "engine/internal.h"

#include <openssl/evp.h>
#include <string.h>

const char dn_evidence_period[] = "evidence";

DnTrust *
dn_archive_trust_list(DnArchive *self, GError **error)
{
    const char *path = dn_settings_string(self->settings, "evidence", "trust-file");

    return path[0] ? dn_trust_load(path, error) : dn_trust_new_empty();
}

DnTrust *
dn_archive_trust(DnArchive *self, GError **error)
{
    g_autoptr(DnTrust) trust = dn_archive_trust_list(self, error);

    return trust && dn_revocation_know_all(self, trust, error) ? g_steal_pointer(&trust) : NULL;
}

/* --- leaves --- */

static bool
parse_leaf(char *const *words, guint count, DnLeaf *out_leaf, GError **error)
{
    DnLeaf leaf = {.type = DN_LEAF_DOCUMENT};
    guint64 number = 0;

    if ((count != 3 && count != 4) || !dn_hash_unhex(words[0], &leaf.digest, NULL) ||
        !g_ascii_string_to_unsigned(words[2], 10, 0, G_MAXINT64, &number, NULL))
        return dn_fail(error, DN_ERROR_CORRUPT, "it is malformed");
    leaf.number = number;
    if (strcmp(words[1], "ledger") == 0)
        leaf.type = DN_LEAF_LEDGER;
    else if (strcmp(words[1], "stamp") == 0)
        leaf.type = DN_LEAF_STAMP;
    else if (!dn_uuid_parse(words[1], &leaf.voucher, NULL))
        return dn_fail(error, DN_ERROR_CORRUPT, "it names no voucher");
    if (count == 4 &&
        (leaf.type != DN_LEAF_DOCUMENT || !dn_hash_unhex(words[3], &leaf.document, NULL) ||
         leaf.document.kind != leaf.digest.kind))
        return dn_fail(error, DN_ERROR_CORRUPT, "it is malformed");
    *out_leaf = leaf;
    return true;
}

GArray *
dn_leaves_parse(GBytes *bytes, GError **error)
{
    gsize size = 0;
    const char *data = g_bytes_get_data(bytes, &size);
    g_autofree char *text = g_strndup(data ? data : "", size);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    g_autoptr(GArray) leaves = g_array_new(FALSE, TRUE, sizeof(DnLeaf));

    for (guint i = 0; lines[i] && lines[i + 1]; i++) {
        g_auto(GStrv) words = g_strsplit(lines[i], " ", 5);
        DnLeaf leaf;

        if (!parse_leaf(words, g_strv_length(words), &leaf, error) ||
            (i > 0 && leaf.digest.kind != g_array_index(leaves, DnLeaf, 0).digest.kind &&
             !dn_fail(error, DN_ERROR_CORRUPT, "it is of another digest than the first"))) {
            dn_fail_in(error, "leaf %u", i + 1);
            return NULL;
        }
        g_array_append_val(leaves, leaf);
    }
    if (leaves->len == 0)
        return dn_fail_null(error, DN_ERROR_CORRUPT, "a batch without leaves");
    return g_steal_pointer(&leaves);
}

DnHashTree *
dn_leaves_tree(const GArray *leaves)
{
    g_autofree DnHash *digests = g_new(DnHash, leaves->len);

    for (guint i = 0; i < leaves->len; i++)
        digests[i] = g_array_index(leaves, DnLeaf, i).digest;
    return dn_hash_tree_new(digests, leaves->len);
}

static GBytes *
format_leaves(const GArray *leaves)
{
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < leaves->len; i++) {
        const DnLeaf *leaf = &g_array_index(leaves, DnLeaf, i);
        g_autofree char *hex = dn_hash_hex(&leaf->digest);
        g_autofree char *voucher = dn_uuid_text(&leaf->voucher);
        g_autofree char *document = leaf->document.kind ? dn_hash_hex(&leaf->document) : NULL;
        const char *const names[] = {
            [DN_LEAF_DOCUMENT] = voucher, [DN_LEAF_LEDGER] = "ledger", [DN_LEAF_STAMP] = "stamp"};

        g_string_append_printf(text, "%s %s %" G_GUINT64_FORMAT "%s%s\n", hex, names[leaf->type],
                               leaf->number, document ? " " : "", document ? document : "");
    }
    return g_string_free_to_bytes(text);
}

/* The ledger as it is exported, hashed by a digest that its chain does not use. */
typedef struct {
    DnArchive *archive;
    const uint64_t *seqs; /* after which the hash is wanted, ascending */
    DnHash *hashes;
    size_t count;
    size_t done;
    EVP_MD_CTX *context;
    EVP_MD_CTX *copy;
} LedgerHash;

static void
ledger_hash_clear(LedgerHash *self)
{
    EVP_MD_CTX_free(self->context);
    EVP_MD_CTX_free(self->copy);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(LedgerHash, ledger_hash_clear)

static bool
hash_lines(const DnStoreVisit *visit, void *user_data, GError **error)
{
    LedgerHash *self = user_data;

    if (!dn_uuid_equal(&visit->tenant, &self->archive->tenant))
        return true;
    for (size_t i = 0; i < visit->entry_count && self->done < self->count; i++) {
        g_autofree char *line =
            dn_unseal_line(self->archive->keys, &visit->tenant, visit->entries[i].seq,
                           visit->entries[i].sealed, error);

        if (!line)
            return false;
        EVP_DigestUpdate(self->context, line, strlen(line));
        EVP_DigestUpdate(self->context, "\n", 1);
        while (self->done < self->count && self->seqs[self->done] == visit->entries[i].seq) {
            DnHash *hash = &self->hashes[self->done++];

            hash->kind = DN_HASH_SHA512;
            EVP_MD_CTX_copy_ex(self->copy, self->context);
            EVP_DigestFinal_ex(self->copy, hash->bytes, NULL);
        }
    }
    return true;
}

bool
dn_ledger_sha512(DnArchive *self, const uint64_t *seqs, size_t count, DnHash *out_hashes,
                 GError **error)
{
    g_auto(LedgerHash) all = {.archive = self,
                              .seqs = seqs,
                              .hashes = out_hashes,
                              .count = count,
                              .context = EVP_MD_CTX_new(),
                              .copy = EVP_MD_CTX_new()};

    if (!all.context || !all.copy || EVP_DigestInit_ex(all.context, EVP_sha512(), NULL) != 1)
        return dn_fail(error, DN_ERROR_LIMIT, "out of memory");
    if (!dn_store_each(self->store, NULL, 0, hash_lines, &all, error))
        return dn_fail_in(error, "ledger");
    return all.done == count ||
           dn_fail(error, DN_ERROR_CORRUPT, "the ledger ends before entry %" G_GUINT64_FORMAT,
                   seqs[all.done]);
}

bool
dn_leaf_of_ledger(DnArchive *self, DnHashKind kind, DnLeaf *out_leaf, GError **error)
{
    DnLeaf leaf = {.type = DN_LEAF_LEDGER};
    DnLedgerHead head;

    if (!dn_view_head(self, &self->tenant, &head, error))
        return false;
    leaf.number = head.seq;
    leaf.digest = dn_hash_of_sha256(&head.hash);
    if (kind == DN_HASH_SHA512 && !dn_ledger_sha512(self, &head.seq, 1, &leaf.digest, error))
        return false;
    *out_leaf = leaf;
    return true;
}

static bool
add_versions(GArray *leaves, const DnUuid *id, const DnValue *state, GError **error)
{
    const DnValue *versions = dn_value_array(state, "versions");

    for (size_t i = 0; i < dn_value_count(versions); i++) {
        const DnValue *version = dn_value_at(versions, i);
        DnLeaf leaf = {.voucher = *id, .number = i + 1};

        if (dn_value_get(version, "stamp"))
            continue;
        if (!dn_hash_unhex(dn_value_string(dn_value_get(version, "blob"), "sha256"), &leaf.digest,
                           error))
            return false;
        g_array_append_val(leaves, leaf);
    }
    return true;
}

/* As the settings say, and never more than that. */
static guint
batch_documents(const DnArchive *self)
{
    return (guint)CLAMP(dn_settings_int(self->settings, "evidence", "batch-documents"), 1,
                        DN_BATCH_MAX);
}

static GArray *
collect_leaves(DnArchive *self, GError **error)
{
    g_autoptr(DnKvCursor) cursor = dn_view_job_cursor(self, 's');
    g_autoptr(GArray) leaves = g_array_new(FALSE, TRUE, sizeof(DnLeaf));
    guint most = batch_documents(self);
    DnLeaf last;
    DnUuid id;

    while (leaves->len < most && dn_view_job_next(cursor, &id)) {
        g_autoptr(DnArena) arena = dn_arena_new();
        const DnValue *state = dn_view_state(self, arena, &id, error);

        if (!state || !add_versions(leaves, &id, state, error))
            return NULL;
    }
    if (!dn_kv_cursor_ok(cursor, error))
        return NULL;
    if (leaves->len == 0)
        return g_steal_pointer(&leaves);
    if (!dn_leaf_of_ledger(self, DN_HASH_SHA256, &last, error))
        return NULL;
    g_array_append_val(leaves, last);
    return g_steal_pointer(&leaves);
}

/* --- the batch --- */

static void
describe_stamp(json_t *entry, const DnHash *root, const DnTokenInfo *info, const DnNewBlob blobs[2],
               guint count)
{
    g_autofree char *hex = dn_hash_hex(root);
    g_autofree char *gen_time = dn_clock_format(info->gen_time_utc_ms);
    g_autofree char *until = dn_clock_format(info->until_utc_ms);

    dn_json_set_string(entry, "digest", dn_hash_kind_name(root->kind));
    dn_json_set_string(entry, "root", hex);
    dn_json_set_int(entry, "leaf_count", count);
    dn_json_set_string(entry, "gen_time", gen_time);
    dn_json_set_string(entry, "until", until);
    dn_json_set_int(entry, "strength", info->security_bits);
    dn_json_set_string(entry, "authority", info->authority);
    dn_json_set_string(entry, "serial", info->serial);
    dn_json_set_string(entry, "policy", info->policy);
    dn_json_set_bool(entry, "accredited", info->accredited);
    dn_json_set_string(entry, "signer", info->signer);
    dn_json_take(entry, "token", dn_blob_ref(&blobs[0]));
    dn_json_take(entry, "leaves", dn_blob_ref(&blobs[1]));
}

bool
dn_stamp_leaves(DnArchive *self, DnTrust *trust, const GArray *leaves, json_t *entry,
                GError **error)
{
    g_autoptr(DnHashTree) tree = dn_leaves_tree(leaves);
    DnHash root = dn_hash_tree_root(tree);
    g_auto(DnTokenInfo) info = {0};
    g_autoptr(DnProofs) proofs = NULL;
    g_autoptr(GError) problem = NULL;
    g_autoptr(GBytes) token = dn_authority_ask(self, trust, &root, &info, &proofs, error);

    if (!token)
        return false;
    g_autoptr(GBytes) list = format_leaves(leaves);
    DnNewBlob blobs[2] = {dn_new_blob(DN_PART_TOKEN, token, NULL),
                          dn_new_blob(DN_PART_EVIDENCE, list, NULL)};

    describe_stamp(entry, &root, &info, blobs, leaves->len);
    if (!dn_commit(self, &self->tenant, dn_evidence_period, blobs, G_N_ELEMENTS(blobs), entry,
                   error))
        return false;
    if (proofs && !dn_revocation_keep(self, proofs, info.signer, info.authority, &problem))
        g_message("what shows that a signer was not revoked cannot be kept: %s", problem->message);
    return true;
}

static json_t *
stamp_result(const json_t *entry, guint vouchers)
{
    static const char *const keys[] = {"gen_time", "authority", "accredited",
                                       "root",     "serial",    NULL};
    json_t *result = json_object();

    dn_json_set_int(result, "stamped", vouchers);
    for (const char *const *key = keys; entry && *key; key++)
        dn_json_take(result, *key, json_deep_copy(json_object_get(entry, *key)));
    return result;
}

/* False when there is none. */
static bool
deadline_of(const DnArchive *self, const DnValue *state, DnDate *out_deadline)
{
    const char *received = dn_value_string(state, "received");
    DnArrival arrival = {.is_scan = g_strcmp0(dn_value_string(state, "origin"), "scan") == 0,
                         .channel = dn_value_string(state, "channel")};

    return received && dn_date_parse(received, &arrival.received, NULL) &&
           dn_rules_deadline(self->rules, &arrival, dn_value_string(state, "kind"), out_deadline);
}

bool
dn_stamp_waiting(DnArchive *self, uint64_t *out_count, DnDate *out_deadline, GError **error)
{
    g_autoptr(DnKvCursor) cursor = dn_view_job_cursor(self, 's');
    DnDate nearest = {9999, 12, 31};
    uint64_t count = 0;
    DnUuid id;

    for (; dn_view_job_next(cursor, &id); count++) {
        g_autoptr(DnArena) arena = dn_arena_new();
        const DnValue *state = dn_view_state(self, arena, &id, error);
        DnDate deadline;

        if (!state)
            return false;
        if (deadline_of(self, state, &deadline) && dn_date_compare(&deadline, &nearest) < 0)
            nearest = deadline;
    }
    *out_count = count;
    *out_deadline = nearest;
    return dn_kv_cursor_ok(cursor, error);
}

/* --- is a batch to be closed? --- */

enum { BATCH_MINUTES_MAX = 10, MINUTE_MS = 60 * 1000 };

/* Since when its oldest version waits, or INT64_MAX. */
static int64_t
waits_since(const DnValue *state)
{
    const DnValue *versions = dn_value_array(state, "versions");

    for (size_t i = 0; i < dn_value_count(versions); i++) {
        const DnValue *version = dn_value_at(versions, i);
        int64_t since = 0;

        if (!dn_value_get(version, "stamp") &&
            dn_clock_parse(dn_value_string(version, "at"), &since, NULL))
            return since;
    }
    return INT64_MAX;
}

bool
dn_archive_stamp_due(DnArchive *self, json_t **out_row, GError **error)
{
    g_autoptr(DnKvCursor) cursor = dn_view_job_cursor(self, 's');
    int64_t minutes =
        CLAMP(dn_settings_int(self->settings, "evidence", "batch-minutes"), 0, BATCH_MINUTES_MAX);
    int64_t limit = dn_clock_now_utc_ms() - minutes * MINUTE_MS;
    const char *by = dn_settings_string(self->settings, "evidence", "stamp-by");
    int64_t oldest = INT64_MAX;
    uint64_t waiting = 0;
    json_t *row = NULL;
    DnUuid id;

    if (strcmp(by, "ingest") != 0 && strcmp(by, "timer") != 0)
        return dn_fail(error, DN_ERROR_INVALID,
                       "[evidence] stamp-by in dencho.conf: want ingest or timer");
    /* Ids are in the order of arrival: only what came in before the limit can have waited so long.
     */
    for (; dn_view_job_next(cursor, &id); waiting++) {
        g_autoptr(DnArena) arena = dn_arena_new();
        const DnValue *state = NULL;

        if (oldest <= limit || dn_uuid_utc_ms(&id) > limit)
            continue;
        state = dn_view_state(self, arena, &id, error);
        if (!state)
            return false;
        oldest = MIN(oldest, waits_since(state));
    }
    if (!dn_kv_cursor_ok(cursor, error))
        return false;
    row = json_object();
    dn_json_set_bool(row, "due",
                     dn_authority_is_set(self) &&
                         (waiting >= batch_documents(self) || oldest <= limit));
    dn_json_set_int(row, "waiting", (int64_t)waiting);
    dn_json_set_string(row, "by", by);
    if (oldest <= limit) {
        g_autofree char *since = dn_clock_format(oldest);

        dn_json_set_string(row, "since", since);
    }
    *out_row = row;
    return true;
}

/* What an outage means, in the failure and in the log: how many wait, and how long they can. */
static bool
alarm_outage(DnArchive *self, GError **error)
{
    uint64_t waiting = 0;
    DnDate deadline;
    char day[DN_DATE_TEXT + 1];

    if (!dn_stamp_waiting(self, &waiting, &deadline, NULL))
        return dn_fail_in(error, "no time stamp");
    dn_date_format(&deadline, day);
    if (deadline.year == 9999)
        g_message("no time stamp: %" G_GUINT64_FORMAT
                  " documents wait, none of them has a deadline",
                  waiting);
    else
        g_message("no time stamp: %" G_GUINT64_FORMAT " documents wait, the nearest deadline is %s",
                  waiting, day);
    return deadline.year == 9999
               ? dn_fail_in(error, "no time stamp, %" G_GUINT64_FORMAT " documents go on waiting",
                            waiting)
               : dn_fail_in(error,
                            "no time stamp, %" G_GUINT64_FORMAT
                            " documents go on waiting, the nearest deadline is %s",
                            waiting, day);
}

/* One batch. *@out_stamped: how many documents; 0 when none waited. */
static bool
stamp_batch(DnArchive *self, DnTrust *trust, json_t *entry, unsigned *out_stamped, GError **error)
{
    g_autoptr(GArray) leaves = collect_leaves(self, error);

    if (!leaves)
        return false;
    *out_stamped = leaves->len > 0 ? leaves->len - 1 : 0;
    if (leaves->len == 0)
        return true;
    if (!dn_authority_is_set(self))
        return dn_fail(error, DN_ERROR_INVALID,
                       "%u wait for a time stamp and no authority is set; write its address into "
                       "dencho.conf as [evidence] tsa-url",
                       leaves->len - 1);
    dn_json_set_string(entry, "type", "evidence.stamped");
    return dn_stamp_leaves(self, trust, leaves, entry, error) || alarm_outage(self, error);
}

bool
dn_archive_stamp(DnArchive *self, json_t **out_result, GError **error)
{
    DN_LOCKED(dn_archive_stripe(self, self->tenant.bytes)); /* one batch at a time */
    g_autoptr(DnTrust) trust = dn_archive_trust(self, error);
    g_autoptr(json_t) last = NULL;
    g_autoptr(GError) problem = NULL;
    unsigned total = 0;
    unsigned stamped = 0;

    if (!trust)
        return false;
    do { /* what comes in meanwhile is of the next call: each batch but the last is full */
        g_autoptr(json_t) entry = json_object();

        if (!stamp_batch(self, trust, entry, &stamped, error))
            return false;
        total += stamped;
        if (stamped > 0) {
            json_decref(last);
            last = g_steal_pointer(&entry);
        }
    } while (stamped >= batch_documents(self));
    dn_revocation_refresh(self, trust, dn_json_string(last, "signer"));
    if (total > 0 && !dn_witness_write(self, &problem))
        g_message("the witness of the log cannot be written: %s", problem->message);
    *out_result = stamp_result(last, total);
    return true;
}
