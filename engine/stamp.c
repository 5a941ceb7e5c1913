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

#include <string.h>

enum { BATCH_MAX = 10000, TSA_TIMEOUT_MS = 20000 };

const char dn_evidence_period[] = "evidence";

DnTrust *
dn_archive_trust(DnArchive *self, GError **error)
{
    const char *path = dn_settings_string(self->settings, "evidence", "trust-file");

    return path[0] ? dn_trust_load(path, error) : dn_trust_new_empty();
}

/* --- leaves --- */

GArray *
dn_leaves_parse(GBytes *bytes, GError **error)
{
    gsize size = 0;
    const char *data = g_bytes_get_data(bytes, &size);
    g_autofree char *text = g_strndup(data ? data : "", size);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    g_autoptr(GArray) leaves = g_array_new(FALSE, TRUE, sizeof(DnLeaf));

    for (guint i = 0; lines[i] && lines[i + 1]; i++) {
        g_auto(GStrv) words = g_strsplit(lines[i], " ", 4);
        DnLeaf leaf = {0};
        guint64 number = 0;

        if (g_strv_length(words) != 3 ||
            !dn_unhex(words[0], leaf.digest.bytes, sizeof leaf.digest.bytes, NULL) ||
            !g_ascii_string_to_unsigned(words[2], 10, 0, G_MAXINT64, &number, NULL))
            return dn_fail_null(error, DN_ERROR_CORRUPT, "leaf %u is malformed", i + 1);
        leaf.number = number;
        leaf.is_ledger = strcmp(words[1], "ledger") == 0;
        if (!leaf.is_ledger && !dn_uuid_parse(words[1], &leaf.voucher, NULL))
            return dn_fail_null(error, DN_ERROR_CORRUPT, "leaf %u names no voucher", i + 1);
        g_array_append_val(leaves, leaf);
    }
    if (leaves->len == 0)
        return dn_fail_null(error, DN_ERROR_CORRUPT, "a batch without leaves");
    return g_steal_pointer(&leaves);
}

DnHashTree *
dn_leaves_tree(const GArray *leaves)
{
    g_autofree DnSha256 *digests = g_new(DnSha256, leaves->len);

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
        g_autofree char *hex = dn_hex(leaf->digest.bytes, sizeof leaf->digest.bytes);
        g_autofree char *voucher = dn_uuid_text(&leaf->voucher);

        g_string_append_printf(text, "%s %s %" G_GUINT64_FORMAT "\n", hex,
                               leaf->is_ledger ? "ledger" : voucher, leaf->number);
    }
    return g_string_free_to_bytes(text);
}

static bool
add_versions(GArray *leaves, const DnUuid *id, const json_t *state, GError **error)
{
    const json_t *versions = json_object_get(state, "versions");

    for (size_t i = 0; i < json_array_size(versions); i++) {
        const json_t *version = json_array_get(versions, i);
        DnLeaf leaf = {.voucher = *id, .number = i + 1};

        if (json_object_get(version, "stamp"))
            continue;
        if (!dn_unhex(dn_json_string(json_object_get(version, "blob"), "sha256"), leaf.digest.bytes,
                      sizeof leaf.digest.bytes, error))
            return false;
        g_array_append_val(leaves, leaf);
    }
    return true;
}

static GArray *
collect_leaves(DnArchive *self, GError **error)
{
    g_autoptr(GArray) ids = dn_view_jobs(self, 's', error);
    g_autoptr(GArray) leaves = g_array_new(FALSE, TRUE, sizeof(DnLeaf));
    DnLedgerHead head;

    if (!ids)
        return NULL;
    for (guint i = 0; i < ids->len && leaves->len < BATCH_MAX; i++) {
        const DnUuid *id = &g_array_index(ids, DnUuid, i);
        g_autoptr(json_t) state = dn_view_voucher(self, id, error);

        if (!state || !add_versions(leaves, id, state, error))
            return NULL;
    }
    if (leaves->len == 0)
        return g_steal_pointer(&leaves);
    if (!dn_view_head(self, &self->tenant, &head, error))
        return NULL;
    DnLeaf last = {.digest = head.hash, .is_ledger = true, .number = head.seq};

    g_array_append_val(leaves, last);
    return g_steal_pointer(&leaves);
}

/* --- the batch --- */

static json_t *
stamp_entry(const DnSha256 *root, const DnTokenInfo *info, const DnNewBlob blobs[2], guint count)
{
    g_autofree char *hex = dn_hex(root->bytes, sizeof root->bytes);
    g_autofree char *gen_time = dn_clock_format(info->gen_time_utc_ms);
    json_t *entry = json_object();

    dn_json_set_string(entry, "type", "evidence.stamped");
    dn_json_set_string(entry, "root", hex);
    dn_json_set_int(entry, "leaf_count", count);
    dn_json_set_string(entry, "gen_time", gen_time);
    dn_json_set_string(entry, "authority", info->authority);
    dn_json_set_string(entry, "serial", info->serial);
    dn_json_set_bool(entry, "accredited", info->accredited);
    dn_json_take(entry, "token", dn_blob_ref(&blobs[0]));
    dn_json_take(entry, "leaves", dn_blob_ref(&blobs[1]));
    return entry;
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

bool
dn_archive_stamp(DnArchive *self, json_t **out_result, GError **error)
{
    DN_LOCKED(dn_archive_stripe(self, self->tenant.bytes)); /* one batch at a time */
    const char *url = dn_settings_string(self->settings, "evidence", "tsa-url");
    g_autoptr(DnTrust) trust = dn_archive_trust(self, error);
    g_autoptr(GArray) leaves = trust ? collect_leaves(self, error) : NULL;
    g_auto(DnTokenInfo) info = {0};
    g_autoptr(GError) problem = NULL;

    if (!leaves)
        return false;
    if (leaves->len == 0) {
        *out_result = stamp_result(NULL, 0);
        return true;
    }
    if (!url[0])
        return dn_fail(error, DN_ERROR_INVALID,
                       "%u wait for a time stamp and no authority is set; write its address into "
                       "dencho.conf as [evidence] tsa-url",
                       leaves->len - 1);
    g_autoptr(DnHashTree) tree = dn_leaves_tree(leaves);
    DnSha256 root = dn_hash_tree_root(tree);
    g_autoptr(GBytes) token = dn_tsa_stamp(url, &root, TSA_TIMEOUT_MS, error);

    if (!token || !dn_token_verify(token, &root, trust, &info, error))
        return dn_fail_in(error, "no time stamp, %u documents go on waiting", leaves->len - 1);
    g_autoptr(GBytes) list = format_leaves(leaves);
    DnNewBlob blobs[2] = {dn_new_blob(DN_PART_TOKEN, token, NULL),
                          dn_new_blob(DN_PART_EVIDENCE, list, NULL)};
    g_autoptr(json_t) entry = stamp_entry(&root, &info, blobs, leaves->len);

    if (!dn_commit(self, &self->tenant, dn_evidence_period, blobs, G_N_ELEMENTS(blobs), entry,
                   error))
        return false;
    if (!dn_witness_write(self, &problem))
        g_message("the witness of the log cannot be written: %s", problem->message);
    *out_result = stamp_result(entry, leaves->len - 1);
    return true;
}
