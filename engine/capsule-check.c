/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/capsule-check.c - an audit capsule checked offline: no archive, no key.
 *
 *   container  of a ZIP, every byte is the one its contents call for    (capsule/zip.c)
 *   files      every file stands in SHA256SUMS, and every name there is a file
 *   evidence   leaves to root to token; each evidence record over the original it names
 *   chain      ledger.jsonl from its first line to its last, through each head that was stamped
 *   counts     manifest.json, vouchers.jsonl, documents.txt and what is there agree
 *
 * Text is read line by line; what is kept is a row for each file and each stamped head.
 */
#include "config.h"
#include "engine/capsule/container.h"
#include "engine/internal.h"

#include <openssl/evp.h>
#include <string.h>

enum { BLOB_MAX_BYTES = 64 << 20 };

typedef struct {
    DnContainerReader *capsule;
    DnTrust *trust;
    DnTokenMemo *memo;
    DnRowVisitor visit;
    DnProgress progress;
    void *user_data;
    json_t *manifest;
    DnUuid tenant;
    GHashTable *listed;    /* names in SHA256SUMS, lent by the container where it has them */
    GHashTable *heads;     /* seq -> DnSha256: heads of the ledger that were stamped */
    GHashTable *heads_512; /* seq -> DnHash: the same of the SHA-512 of all lines to there */
    EVP_MD_CTX *lines_512; /* of the lines so far; NULL: no head asks for it */
    GHashTable *gone;      /* vouchers without documents -> whether the ledger disposes of them */
    DnLedgerHead head;     /* while the chain is walked */
    const char *reading;   /* the file whose lines are visited */
    uint64_t lines;
    uint64_t vouchers;
    uint64_t documents;
    uint64_t entries;
    uint64_t stamped;
    uint64_t unrevoked;
    uint64_t failed;
    bool broken; /* the chain: what follows a broken link says nothing */
    bool accredited;
} Check;

static bool
report(Check *check, const char *file, const char *message, GError **error)
{
    g_autoptr(json_t) row = json_object();

    check->failed++;
    dn_json_set_string(row, "file", file);
    dn_json_set_string(row, "code", dn_error_name(DN_ERROR_CORRUPT));
    dn_json_set_string(row, "message", message);
    return check->visit(row, check->user_data, error);
}

static bool
report_error(Check *check, const char *file, GError *problem, GError **error)
{
    bool ok = report(check, file, problem->message, error);

    g_error_free(problem);
    return ok;
}

static bool
report_line(Check *check, const char *message, GError **error)
{
    g_autofree char *text =
        g_strdup_printf("line %" G_GUINT64_FORMAT ": %s", check->lines, message);

    return report(check, check->reading, text, error);
}

/* Visits the lines of a file; that it is missing or is no text is a finding. */
static bool
each_line(Check *check, const char *name, DnLineVisitor visit, GError **error)
{
    const DnZipFile *file = dn_container_find(check->capsule, name);
    GError *problem = NULL;

    if (!file)
        return report(check, name, "it is missing", error);
    check->reading = name;
    check->lines = 0;
    if (dn_container_lines(check->capsule, file, visit, check, &problem))
        return true;
    if (g_error_matches(problem, DN_ERROR, DN_ERROR_FORMAT))
        return report_error(check, name, problem, error);
    g_propagate_error(error, problem);
    return false;
}

static bool
step(Check *check, uint64_t done, GError **error)
{
    uint64_t total = (uint64_t)dn_json_int(check->manifest, "entries", 0) +
                     (uint64_t)dn_json_int(check->manifest, "documents", 0);

    if (check->progress && !check->progress(MIN(done, total), total, check->user_data))
        return dn_fail(error, DN_ERROR_BUSY, "stopped on request");
    return true;
}

/* --- files --- */

static bool
check_listed(char *line, size_t size, void *user_data, GError **error)
{
    Check *check = user_data;
    DnSha256 wanted;
    const char *name = size > DN_SHA256_HEX + 2 ? line + DN_SHA256_HEX + 2 : NULL;
    const DnZipFile *file = name ? dn_container_find(check->capsule, name) : NULL;

    check->lines++;
    if (!name || line[DN_SHA256_HEX] != ' ' || line[DN_SHA256_HEX + 1] != ' ')
        return report_line(check, "it is malformed", error);
    line[DN_SHA256_HEX] = '\0';
    if (!dn_unhex(line, wanted.bytes, sizeof wanted.bytes, NULL))
        return report_line(check, "it is malformed", error);
    if (!file) {
        g_autofree char *shown = g_utf8_make_valid(name, -1);

        return report(check, shown, "it stands in SHA256SUMS and is missing", error);
    }
    if (!g_hash_table_add(check->listed, (gpointer)file))
        return report(check, name, "it stands in SHA256SUMS twice", error);
    if (!dn_sha256_equal(&file->sha256, &wanted))
        return report(check, name, "its SHA-256 is not the one in SHA256SUMS: it has been changed",
                      error);
    return true;
}

static bool
check_files(Check *check, GError **error)
{
    if (!each_line(check, "SHA256SUMS", check_listed, error))
        return false;
    for (unsigned i = 0; i < dn_container_count(check->capsule); i++) {
        const DnZipFile *file = dn_container_file(check->capsule, i);

        if (strcmp(file->name, "SHA256SUMS") != 0 && !g_hash_table_contains(check->listed, file) &&
            !report(check, file->name, "it does not stand in SHA256SUMS: it has been added", error))
            return false;
    }
    return true;
}

/* --- chain --- */

static void
note_disposed(Check *check, const json_t *entry)
{
    const char *voucher = dn_json_string(entry, "voucher");

    if (voucher && g_strcmp0(dn_json_string(entry, "type"), "voucher.disposed") == 0 &&
        g_hash_table_contains(check->gone, voucher))
        g_hash_table_replace(check->gone, g_strdup(voucher), GINT_TO_POINTER(true));
}

/* A document may be missing only when the ledger says that it was disposed of. */
static bool
check_gone(Check *check, GError **error)
{
    GHashTableIter iter;
    gpointer voucher = NULL;
    gpointer disposed = NULL;

    g_hash_table_iter_init(&iter, check->gone);
    while (g_hash_table_iter_next(&iter, &voucher, &disposed)) {
        g_autofree char *message = g_strdup_printf(
            "no entry disposes of voucher %s, and its document is missing", (char *)voucher);

        if (!disposed && !report(check, "evidence/documents.txt", message, error))
            return false;
    }
    return true;
}

/* A blob that an entry names: it must be the file of that name, or any file when @name is NULL. */
static bool
check_named(Check *check, const json_t *ref, const char *name, GError **error)
{
    const char *sha256 = dn_json_string(ref, "sha256");
    const DnZipFile *file = name ? dn_container_find(check->capsule, name) : NULL;
    DnSha256 stated;

    if (!sha256 || !dn_unhex(sha256, stated.bytes, sizeof stated.bytes, NULL))
        return report_line(check, "it names no document", error);
    if (!name && !dn_container_find_digest(check->capsule, &stated))
        return report_line(check, "what it names is not in the capsule", error);
    if (file && !dn_sha256_equal(&file->sha256, &stated))
        return report(check, name, "it is not the one that the ledger names", error);
    return true;
}

static bool
check_proofs_named(Check *check, const json_t *entry, GError **error)
{
    const json_t *const lists[] = {json_object_get(entry, "crls"),
                                   json_object_get(entry, "answers")};

    if (!check_named(check, json_object_get(entry, "chain"), NULL, error))
        return false;
    for (size_t i = 0; i < G_N_ELEMENTS(lists); i++)
        for (size_t k = 0; k < json_array_size(lists[i]); k++)
            if (!check_named(check, json_array_get(lists[i], k), NULL, error))
                return false;
    return true;
}

/* The chain holds only words: here its documents and time stamps are found to be these. */
static bool
check_meaning(Check *check, const json_t *entry, GError **error)
{
    const char *type = dn_json_string(entry, "type");
    const char *voucher = dn_json_string(entry, "voucher");
    const json_t *parts = json_object_get(entry, "parts");
    const json_t *list = json_object_get(entry, "list");
    const char *key = NULL;
    json_t *ref = NULL;
    gint64 seq = (gint64)check->head.seq;

    if (g_strcmp0(type, "evidence.revocation") == 0)
        return check_proofs_named(check, entry, error);
    if (g_str_has_prefix(type, "evidence.")) {
        g_autofree char *token = g_strdup_printf("evidence/%" G_GINT64_FORMAT "/token.der", seq);
        g_autofree char *leaves = g_strdup_printf("evidence/%" G_GINT64_FORMAT "/leaves.txt", seq);

        return check_named(check, json_object_get(entry, "token"), token, error) &&
               check_named(check, json_object_get(entry, "leaves"), leaves, error);
    }
    note_disposed(check, entry);
    if (list && !check_named(check, list, NULL, error))
        return false;
    if (voucher && g_hash_table_contains(check->gone, voucher))
        return true;
    if (json_object_get(entry, "blob") &&
        !check_named(check, json_object_get(entry, "blob"), NULL, error))
        return false;
    json_object_foreach ((json_t *)parts, key, ref)
        if (!check_named(check, ref, NULL, error))
            return false;
    return true;
}

/* A hash-tree renewal stamps the whole ledger by a digest that the chain does not use. */
static bool
check_head_512(Check *check, const char *line, size_t size, GError **error)
{
    gint64 seq = (gint64)check->head.seq;
    const DnHash *stamped = g_hash_table_lookup(check->heads_512, &seq);
    DnHash found = {.kind = DN_HASH_SHA512};
    EVP_MD_CTX *copy = NULL;

    if (!check->lines_512)
        return true;
    EVP_DigestUpdate(check->lines_512, line, size);
    EVP_DigestUpdate(check->lines_512, "\n", 1);
    if (!stamped)
        return true;
    copy = EVP_MD_CTX_new();
    if (!copy || EVP_MD_CTX_copy_ex(copy, check->lines_512) != 1)
        g_error("out of memory");
    EVP_DigestFinal_ex(copy, found.bytes, NULL);
    EVP_MD_CTX_free(copy);
    bool same = dn_hash_equal(stamped, &found);

    g_hash_table_remove(check->heads_512, &seq);
    return same ||
           report_line(check, "the ledger up to here is not the one that was time-stamped", error);
}

static bool
check_entry(char *line, size_t size, void *user_data, GError **error)
{
    Check *check = user_data;
    GError *problem = NULL;

    check->lines++;
    if (check->broken)
        return true;
    g_autoptr(json_t) entry = dn_entry_check(line, &check->tenant, &check->head, &problem);

    if (!entry) {
        check->broken = true;
        return report_error(check, check->reading, problem, error);
    }
    check->entries++;
    if (!check_meaning(check, entry, error))
        return false;
    gint64 seq = (gint64)check->head.seq;
    const DnSha256 *stamped = g_hash_table_lookup(check->heads, &seq);

    if (!check_head_512(check, line, size, error))
        return false;
    if (stamped && !dn_sha256_equal(stamped, &check->head.hash) &&
        !report_line(check, "it is not the entry that was time-stamped as the ledger's head",
                     error))
        return false;
    g_hash_table_remove(check->heads, &seq);
    return step(check, check->documents + check->entries, error);
}

static bool
check_chain(Check *check, GError **error)
{
    if (g_hash_table_size(check->heads_512) > 0) {
        check->lines_512 = EVP_MD_CTX_new();
        if (!check->lines_512 || EVP_DigestInit_ex(check->lines_512, EVP_sha512(), NULL) != 1)
            return dn_fail(error, DN_ERROR_LIMIT, "out of memory");
    }
    if (!each_line(check, "ledger.jsonl", check_entry, error))
        return false;
    if (!check->broken && g_hash_table_size(check->heads) + g_hash_table_size(check->heads_512) > 0)
        return report(check, "ledger.jsonl",
                      "entries that were time-stamped are missing at its end", error);
    return check->broken || check_gone(check, error);
}

/* An entry of the vouchers chosen: a link of a chain of which the other links are not here. */
static bool
check_loose_entry(char *line, size_t size, void *user_data, GError **error)
{
    Check *check = user_data;
    GError *problem = NULL;
    g_autoptr(json_t) entry = dn_json_parse(line, size, &problem);
    g_autofree char *canonical = entry ? dn_json_canonical(entry, &problem) : NULL;

    check->lines++;
    if (!canonical)
        return report_error(check, check->reading, problem, error);
    if (strcmp(canonical, line) != 0)
        return report_line(check, "it is not in canonical form", error);
    note_disposed(check, entry);
    check->entries++;
    return step(check, check->documents + check->entries, error);
}

/* --- evidence --- */

static GBytes *
read_blob(Check *check, const DnZipFile *file, GError **error)
{
    return dn_container_read(check->capsule, file, BLOB_MAX_BYTES, error);
}

/* What a list of leaves says beyond the documents, which their records prove: heads of the ledger,
 * looked at with the chain, and tokens that were renewed, if they are here. */
static bool
check_leaf(Check *check, const char *name, const DnLeaf *leaf, GError **error)
{
    gint64 seq = (gint64)leaf->number;

    if (leaf->type == DN_LEAF_LEDGER && leaf->digest.kind == DN_HASH_SHA256)
        g_hash_table_insert(check->heads, g_memdup2(&seq, sizeof seq),
                            g_memdup2(leaf->digest.bytes, sizeof(DnSha256)));
    else if (leaf->type == DN_LEAF_LEDGER)
        g_hash_table_insert(check->heads_512, g_memdup2(&seq, sizeof seq),
                            g_memdup2(&leaf->digest, sizeof leaf->digest));
    if (leaf->type != DN_LEAF_STAMP)
        return true;
    g_autofree char *older = g_strdup_printf("evidence/%" G_GINT64_FORMAT "/token.der", seq);
    const DnZipFile *file = dn_container_find(check->capsule, older);
    GError *problem = NULL;
    g_autoptr(GBytes) token = file ? read_blob(check, file, &problem) : NULL;

    if (!file)
        return true;
    if (!token)
        return report_error(check, older, problem, error);
    DnHash found = dn_hash_bytes(leaf->digest.kind, token);

    return dn_hash_equal(&found, &leaf->digest) ||
           report(check, name, "it renews another token than the one here", error);
}

static bool
check_batch(Check *check, const DnZipFile *token_file, GError **error)
{
    g_autofree char *folder = g_path_get_dirname(token_file->name);
    g_autofree char *leaves_name = g_strdup_printf("%s/leaves.txt", folder);
    const DnZipFile *leaves_file = dn_container_find(check->capsule, leaves_name);
    g_auto(DnTokenInfo) info = {0};
    GError *problem = NULL;

    if (!leaves_file)
        return report(check, leaves_name, "it is missing", error);
    g_autoptr(GBytes) list = read_blob(check, leaves_file, &problem);
    g_autoptr(GBytes) token = list ? read_blob(check, token_file, &problem) : NULL;
    g_autoptr(GArray) leaves = token ? dn_leaves_parse(list, &problem) : NULL;

    if (!leaves)
        return report_error(check, folder, problem, error);
    g_autoptr(DnHashTree) tree = dn_leaves_tree(leaves);
    DnHash root = dn_hash_tree_root(tree);

    if (!dn_token_verify(token, &root, check->trust, &info, &problem))
        return report_error(check, token_file->name, problem, error);
    for (guint i = 0; i < leaves->len; i++)
        if (!check_leaf(check, leaves_name, &g_array_index(leaves, DnLeaf, i), error))
            return false;
    return true;
}

/* What the capsule has on revocations is held against each token. */
static bool
take_proofs(Check *check, GError **error)
{
    static const struct {
        const char *end;
        DnProofKind kind;
    } kinds[] = {
        {".crl", DN_PROOF_CRL}, {".ocsp", DN_PROOF_OCSP}, {"/chain.pem", DN_PROOF_CERTIFICATES}};

    for (unsigned i = 0; i < dn_container_count(check->capsule); i++) {
        const DnZipFile *file = dn_container_file(check->capsule, i);

        for (size_t k = 0; k < G_N_ELEMENTS(kinds); k++) {
            GError *problem = NULL;

            if (!g_str_has_prefix(file->name, "evidence/") ||
                !g_str_has_suffix(file->name, kinds[k].end))
                continue;
            g_autoptr(GBytes) bytes = read_blob(check, file, &problem);

            if ((!bytes || !dn_trust_add_proof(check->trust, kinds[k].kind, bytes, &problem)) &&
                !report_error(check, file->name, problem, error))
                return false;
        }
    }
    return true;
}

static bool
check_batches(Check *check, GError **error)
{
    for (unsigned i = 0; i < dn_container_count(check->capsule); i++) {
        const DnZipFile *file = dn_container_file(check->capsule, i);

        if (g_str_has_prefix(file->name, "evidence/") &&
            g_str_has_suffix(file->name, "/token.der") && !check_batch(check, file, error))
            return false;
    }
    return true;
}

/* The document's SHA-512 must be the one stated; without a document there is only that word. */
static bool
check_sha512(Check *check, const char *stated, const DnZipFile *original, DnHash *out_hash,
             GError **error)
{
    DnHash found;

    if (!dn_hash_unhex(stated, out_hash, NULL) || out_hash->kind != DN_HASH_SHA512)
        return report_line(check, "its SHA-512 is malformed", error);
    if (!original)
        return true;
    GError *problem = NULL;
    g_autoptr(GBytes) bytes = dn_container_read(check->capsule, original, G_MAXINT32, &problem);

    if (!bytes)
        return report_error(check, original->name, problem, error);
    found = dn_hash_bytes(DN_HASH_SHA512, bytes);
    return dn_hash_equal(&found, out_hash) ||
           report(check, original->name, "its SHA-512 is not the one its evidence was renewed with",
                  error);
}

static bool
check_record(Check *check, const char *name, const DnHash *documents, size_t count, GError **error)
{
    const DnZipFile *file = dn_container_find(check->capsule, name);
    GError *problem = NULL;
    g_auto(DnTokenInfo) info = {0};
    g_autoptr(GBytes) record = file ? read_blob(check, file, &problem) : NULL;

    if (!file)
        return report(check, name, "it is missing", error);
    if (!record || !dn_evidence_record_verify_with(record, documents, count, check->trust,
                                                   check->memo, &info, &problem))
        return report_error(check, name, problem, error);
    check->stamped++;
    check->unrevoked += info.revocation.state == DN_REVOCATION_GOOD;
    check->accredited = check->accredited && info.accredited;
    return true;
}

/* "sha256 voucher version file record [sha512]": a document and its proof. No file: it was disposed
 * of, and the proof is of its hash alone. */
static bool
check_document(char *line, size_t size, void *user_data, GError **error)
{
    Check *check = user_data;
    g_auto(GStrv) words = g_strsplit(line, " ", 7);
    guint count = g_strv_length(words);
    DnHash hashes[2] = {{.kind = DN_HASH_SHA512}, {.kind = DN_HASH_SHA512}};
    DnSha256 stated;

    (void)size;
    check->lines++;
    check->documents++;
    if ((count != 5 && count != 6) || !dn_unhex(words[0], stated.bytes, sizeof stated.bytes, NULL))
        return report_line(check, "it is malformed", error);
    bool gone = strcmp(words[3], "-") == 0;
    const DnZipFile *original = dn_container_find(check->capsule, words[3]);

    if (gone)
        g_hash_table_insert(check->gone, g_strdup(words[1]), GINT_TO_POINTER(false));
    else if (!original)
        return report(check, words[3], "it is missing", error);
    else if (!dn_sha256_equal(&stated, &original->sha256))
        return report(check, words[3], "its SHA-256 is not the one its voucher states", error);
    hashes[0] = dn_hash_of_sha256(&stated);
    if (count == 6 && !check_sha512(check, words[5], original, &hashes[1], error))
        return false;
    if (strcmp(words[4], "-") != 0 &&
        !check_record(check, words[4], hashes, count == 6 ? 2 : 1, error))
        return false;
    return step(check, check->documents + check->entries, error);
}

/* --- vouchers --- */

static bool
check_version(Check *check, const json_t *version, bool disposed, GError **error)
{
    static const char *const parts[] = {"rendition", "text", "words", "record", NULL};
    const char *name = dn_json_string(version, "file");
    const char *sha256 = dn_json_string(version, "sha256");
    const DnZipFile *file = name ? dn_container_find(check->capsule, name) : NULL;
    DnSha256 stated;

    if (disposed == (file != NULL) || !sha256 ||
        !dn_unhex(sha256, stated.bytes, sizeof stated.bytes, NULL))
        return report_line(check, "a version without its original", error);
    if (file && !dn_sha256_equal(&stated, &file->sha256))
        return report(check, name, "its SHA-256 is not the one its voucher states", error);
    if (dn_json_bool(version, "stamped", false) && !dn_json_string(version, "record"))
        return report_line(check, "a stamped version without its evidence record", error);
    for (const char *const *part = parts; *part; part++) {
        const char *part_name = dn_json_string(version, *part);

        if (part_name && !dn_container_find(check->capsule, part_name) &&
            !report(check, part_name, "it is missing", error))
            return false;
    }
    return true;
}

static bool
check_voucher(char *line, size_t size, void *user_data, GError **error)
{
    Check *check = user_data;
    GError *problem = NULL;
    g_autoptr(json_t) voucher = dn_json_parse(line, size, &problem);
    const json_t *versions = json_object_get(voucher, "versions");

    check->lines++;
    if (!voucher)
        return report_error(check, check->reading, problem, error);
    const char *id = dn_json_string(voucher, "voucher");
    bool disposed = g_strcmp0(dn_json_string(voucher, "state"), "disposed") == 0;

    check->vouchers++;
    if (disposed != (id && g_hash_table_contains(check->gone, id)))
        return report_line(check, "it and documents.txt disagree on whether it was disposed of",
                           error);
    if (json_array_size(versions) == 0)
        return report_line(check, "a voucher without a document", error);
    for (size_t i = 0; i < json_array_size(versions); i++)
        if (!check_version(check, json_array_get(versions, i), disposed, error))
            return false;
    return true;
}

/* --- counts --- */

static bool
check_count(Check *check, const char *what, uint64_t found, GError **error)
{
    g_autofree char *message = g_strdup_printf("it states another number of %s", what);

    return dn_json_int(check->manifest, what, -1) == (int64_t)found ||
           report(check, "manifest.json", message, error);
}

static bool
check_counts(Check *check, GError **error)
{
    return check_count(check, "files", dn_container_count(check->capsule), error) &&
           check_count(check, "vouchers", check->vouchers, error) &&
           check_count(check, "documents", check->documents, error) &&
           (check->broken || check_count(check, "entries", check->entries, error));
}

static bool
check_contents(Check *check, GError **error)
{
    const char *format = dn_json_string(check->manifest, "format");
    const char *ledger = dn_json_string(check->manifest, "ledger");

    if (g_strcmp0(format, "dencho capsule 1") != 0)
        return report(check, "manifest.json", "an unknown format: use a newer dencho", error);
    if (!dn_uuid_parse(dn_json_string(check->manifest, "tenant"), &check->tenant, NULL))
        return report(check, "manifest.json", "it names no tenant", error);
    if (!take_proofs(check, error) || !check_batches(check, error) ||
        !each_line(check, "evidence/documents.txt", check_document, error))
        return false;
    if (!(g_strcmp0(ledger, "complete") == 0
              ? check_chain(check, error)
              : each_line(check, "entries.jsonl", check_loose_entry, error) &&
                    check_gone(check, error)))
        return false;
    return each_line(check, "vouchers.jsonl", check_voucher, error) && check_counts(check, error);
}

static bool
check_all(Check *check, GPtrArray *problems, GError **error)
{
    const DnZipFile *file = dn_container_find(check->capsule, "manifest.json");
    GError *problem = NULL;

    for (guint i = 0; i < problems->len; i++)
        if (!report(check, NULL, g_ptr_array_index(problems, i), error))
            return false;
    if (!check_files(check, error))
        return false;
    if (!file)
        return report(check, "manifest.json", "it is missing", error);
    g_autoptr(GBytes) bytes = read_blob(check, file, &problem);

    if (bytes)
        check->manifest =
            dn_json_parse(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), &problem);
    if (!check->manifest)
        return report_error(check, "manifest.json", problem, error);
    return check_contents(check, error);
}

static json_t *
totals_of(const Check *check)
{
    json_t *totals = json_object();
    uint64_t bytes = 0;

    for (unsigned i = 0; i < dn_container_count(check->capsule); i++)
        bytes += dn_container_file(check->capsule, i)->size;
    dn_json_set_int(totals, "vouchers", (int64_t)check->vouchers);
    dn_json_set_int(totals, "files", dn_container_count(check->capsule));
    dn_json_set_int(totals, "bytes", (int64_t)bytes);
    dn_json_set_int(totals, "stamped", (int64_t)check->stamped);
    dn_json_set_int(totals, "failed", (int64_t)check->failed);
    dn_json_set_int(totals, "unrevoked", (int64_t)check->unrevoked);
    dn_json_set_bool(totals, "accredited", check->stamped > 0 && check->accredited);
    return totals;
}

bool
dn_capsule_check(const char *path, const char *trust_file, DnRowVisitor visit, DnProgress progress,
                 void *user_data, json_t **out_totals, GError **error)
{
    g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GHashTable) listed = g_hash_table_new(NULL, NULL);
    g_autoptr(GHashTable) heads =
        g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
    g_autoptr(GHashTable) heads_512 =
        g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
    g_autoptr(GHashTable) gone = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(DnTokenMemo) memo = dn_token_memo_new();
    g_autoptr(DnTrust) trust = trust_file ? dn_trust_load(trust_file, error) : dn_trust_new_empty();
    g_autoptr(DnContainerReader) capsule = trust ? dn_container_open(path, problems, error) : NULL;
    Check check = {.capsule = capsule,
                   .trust = trust,
                   .memo = memo,
                   .visit = visit,
                   .progress = progress,
                   .user_data = user_data,
                   .listed = listed,
                   .heads = heads,
                   .heads_512 = heads_512,
                   .gone = gone,
                   .accredited = true};

    if (!capsule)
        return dn_fail_in(error, "%s", path);
    bool ok = check_all(&check, problems, error);

    EVP_MD_CTX_free(check.lines_512);
    json_decref(check.manifest);
    check.manifest = NULL;
    if (ok)
        *out_totals = totals_of(&check);
    return ok;
}
