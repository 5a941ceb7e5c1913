/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/capsule-check.c - an audit capsule checked offline: no archive, no key.
 *
 *   container  every byte is the one its contents call for              (zip.c)
 *   files      every file stands in SHA256SUMS, and every name there is a file
 *   chain      ledger.jsonl from its first line to its last
 *   evidence   leaves to root to token; each evidence record over the original it names
 *   counts     manifest.json, vouchers.jsonl and what is there agree
 */
#include "config.h"
#include "engine/internal.h"
#include "engine/zip.h"

#include <string.h>

enum { TEXT_MAX_BYTES = 1 << 30 };

typedef struct {
    DnZipReader *zip;
    DnTrust *trust;
    DnRowVisitor visit;
    DnProgress progress;
    void *user_data;
    json_t *manifest;
    uint64_t vouchers;
    uint64_t stamped;
    uint64_t failed;
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

/* (transfer full) A file of the capsule as NUL-terminated text; NULL is reported by the caller. */
static char *
read_text(Check *check, const char *name, GError **error)
{
    const DnZipFile *file = dn_zip_find(check->zip, name);
    g_autoptr(GBytes) bytes = NULL;
    gsize size = 0;

    if (!file)
        return dn_fail_null(error, DN_ERROR_NOT_FOUND, "it is missing");
    bytes = dn_zip_read(check->zip, file, TEXT_MAX_BYTES, error);
    if (!bytes)
        return NULL;
    const char *data = g_bytes_get_data(bytes, &size);

    return g_strndup(data ? data : "", size);
}

/* --- files --- */

static bool
check_listed(Check *check, const char *line, GHashTable *listed, GError **error)
{
    DnSha256 wanted;
    g_autofree char *hex = g_strndup(line, DN_SHA256_HEX);
    const char *name = strlen(line) > DN_SHA256_HEX + 2 ? line + DN_SHA256_HEX + 2 : NULL;
    const DnZipFile *file = name ? dn_zip_find(check->zip, name) : NULL;

    if (!name || !dn_unhex(hex, wanted.bytes, sizeof wanted.bytes, NULL))
        return report(check, "SHA256SUMS", "a line is malformed", error);
    g_hash_table_add(listed, g_strdup(name));
    if (!file)
        return report(check, name, "it stands in SHA256SUMS and is missing", error);
    if (!dn_sha256_equal(&file->sha256, &wanted))
        return report(check, name, "its SHA-256 is not the one in SHA256SUMS: it has been changed",
                      error);
    return true;
}

static bool
check_files(Check *check, GError **error)
{
    g_autoptr(GHashTable) listed = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    GError *problem = NULL;
    g_autofree char *text = read_text(check, "SHA256SUMS", &problem);

    if (!text)
        return report_error(check, "SHA256SUMS", problem, error);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

    for (char **line = lines; *line; line++)
        if (**line && !check_listed(check, *line, listed, error))
            return false;
    for (unsigned i = 0; i < dn_zip_count(check->zip); i++) {
        const DnZipFile *file = dn_zip_file(check->zip, i);

        if (strcmp(file->name, "SHA256SUMS") != 0 && !g_hash_table_contains(listed, file->name) &&
            !report(check, file->name, "it does not stand in SHA256SUMS: it has been added", error))
            return false;
    }
    return true;
}

/* --- chain --- */

static bool
check_chain(Check *check, const DnUuid *tenant, GError **error)
{
    GError *problem = NULL;
    g_autofree char *text = read_text(check, "ledger.jsonl", &problem);
    DnLedgerHead head = {0};

    if (!text)
        return report_error(check, "ledger.jsonl", problem, error);
    for (char *line = text; *line;) {
        char *end = strchr(line, '\n');

        if (!end)
            return report(check, "ledger.jsonl", "its last line has no end", error);
        *end = '\0';
        g_autoptr(json_t) entry = dn_entry_check(line, tenant, &head, &problem);

        if (!entry)
            return report_error(check, "ledger.jsonl", problem, error);
        line = end + 1;
    }
    return true;
}

/* --- evidence --- */

static bool
check_batch(Check *check, const char *folder, GError **error)
{
    g_autofree char *leaves_name = g_strdup_printf("%s/leaves.txt", folder);
    g_autofree char *token_name = g_strdup_printf("%s/token.der", folder);
    const DnZipFile *leaves_file = dn_zip_find(check->zip, leaves_name);
    const DnZipFile *token_file = dn_zip_find(check->zip, token_name);
    g_auto(DnTokenInfo) info = {0};
    GError *problem = NULL;

    if (!leaves_file || !token_file)
        return report(check, folder, "leaves.txt or token.der is missing", error);
    g_autoptr(GBytes) list = dn_zip_read(check->zip, leaves_file, TEXT_MAX_BYTES, error);
    g_autoptr(GBytes) token =
        list ? dn_zip_read(check->zip, token_file, TEXT_MAX_BYTES, error) : NULL;

    if (!token)
        return false;
    g_autoptr(GArray) leaves = dn_leaves_parse(list, &problem);

    if (!leaves)
        return report_error(check, leaves_name, problem, error);
    g_autoptr(DnHashTree) tree = dn_leaves_tree(leaves);
    DnSha256 root = dn_hash_tree_root(tree);

    if (!dn_token_verify(token, &root, check->trust, &info, &problem))
        return report_error(check, token_name, problem, error);
    return true;
}

static bool
check_record(Check *check, const char *name, const DnSha256 *original, GError **error)
{
    const DnZipFile *file = dn_zip_find(check->zip, name);
    g_autoptr(GBytes) record = file ? dn_zip_read(check->zip, file, TEXT_MAX_BYTES, error) : NULL;
    g_auto(DnTokenInfo) info = {0};
    GError *problem = NULL;

    if (!record)
        return file ? false : report(check, name, "it is missing", error);
    if (!dn_evidence_record_verify(record, original, check->trust, &info, &problem))
        return report_error(check, name, problem, error);
    check->stamped++;
    check->accredited = check->accredited && info.accredited;
    return true;
}

/* The original of a serial and version, by the beginning and end of its name. */
static const DnZipFile *
find_original(Check *check, const char *serial, unsigned version)
{
    g_autofree char *prefix = g_strdup_printf("originals/%s_", serial);
    g_autofree char *mark = g_strdup_printf("_v%u.", version);

    for (unsigned i = 0; i < dn_zip_count(check->zip); i++) {
        const DnZipFile *file = dn_zip_file(check->zip, i);
        const char *last = g_strrstr(file->name, "_v");

        if (g_str_has_prefix(file->name, prefix) && last && g_str_has_prefix(last, mark))
            return file;
    }
    return NULL;
}

static bool
check_document(Check *check, const json_t *voucher, const json_t *version, GError **error)
{
    const char *serial = dn_json_string(voucher, "serial");
    unsigned number = (unsigned)dn_json_int(version, "version", 0);
    const DnZipFile *original = serial ? find_original(check, serial, number) : NULL;
    const char *stated = dn_json_string(version, "sha256");
    g_autofree char *record = g_strdup_printf("evidence/records/%s-v%u.er", serial, number);
    DnSha256 digest;

    if (!original || !stated || !dn_unhex(stated, digest.bytes, sizeof digest.bytes, NULL))
        return report(check, "vouchers.jsonl", "a version without its original", error);
    if (!dn_sha256_equal(&digest, &original->sha256))
        return report(check, original->name, "its SHA-256 is not the one its voucher states",
                      error);
    if (!json_is_true(json_object_get(version, "stamped")))
        return true;
    return check_record(check, record, &original->sha256, error);
}

static bool
check_vouchers(Check *check, GError **error)
{
    GError *problem = NULL;
    g_autofree char *text = read_text(check, "vouchers.jsonl", &problem);

    if (!text)
        return report_error(check, "vouchers.jsonl", problem, error);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

    for (char **line = lines; *line && **line; line++) {
        g_autoptr(json_t) voucher = dn_json_parse(*line, strlen(*line), &problem);

        if (!voucher)
            return report_error(check, "vouchers.jsonl", problem, error);
        const json_t *versions = json_object_get(voucher, "versions");

        check->vouchers++;
        for (size_t i = 0; i < json_array_size(versions); i++)
            if (!check_document(check, voucher, json_array_get(versions, i), error))
                return false;
        if (check->progress &&
            !check->progress(check->vouchers, (uint64_t)dn_json_int(check->manifest, "vouchers", 0),
                             check->user_data))
            return dn_fail(error, DN_ERROR_BUSY, "stopped on request");
    }
    return true;
}

static bool
check_batches(Check *check, GError **error)
{
    for (unsigned i = 0; i < dn_zip_count(check->zip); i++) {
        const char *name = dn_zip_file(check->zip, i)->name;

        if (!g_str_has_prefix(name, "evidence/") || !g_str_has_suffix(name, "/token.der"))
            continue;
        g_autofree char *folder = g_path_get_dirname(name);

        if (!check_batch(check, folder, error))
            return false;
    }
    return true;
}

/* --- counts --- */

static bool
check_counts(Check *check, GError **error)
{
    if (dn_json_int(check->manifest, "files", -1) != (int64_t)dn_zip_count(check->zip) &&
        !report(check, "manifest.json", "it states another number of files", error))
        return false;
    if (dn_json_int(check->manifest, "vouchers", -1) != (int64_t)check->vouchers &&
        !report(check, "manifest.json", "it states another number of vouchers", error))
        return false;
    return true;
}

static bool
check_contents(Check *check, GError **error)
{
    const char *format = dn_json_string(check->manifest, "format");
    DnUuid tenant;

    if (g_strcmp0(format, "dencho capsule 1") != 0)
        return report(check, "manifest.json", "an unknown format: use a newer dencho", error);
    if (!dn_uuid_parse(dn_json_string(check->manifest, "tenant"), &tenant, NULL))
        return report(check, "manifest.json", "it names no tenant", error);
    if (g_strcmp0(dn_json_string(check->manifest, "ledger"), "complete") == 0 &&
        !check_chain(check, &tenant, error))
        return false;
    return check_batches(check, error) && check_vouchers(check, error) &&
           check_counts(check, error);
}

static bool
check_all(Check *check, GPtrArray *problems, GError **error)
{
    GError *problem = NULL;
    g_autofree char *text = NULL;

    for (guint i = 0; i < problems->len; i++)
        if (!report(check, NULL, g_ptr_array_index(problems, i), error))
            return false;
    if (!check_files(check, error))
        return false;
    text = read_text(check, "manifest.json", &problem);
    if (text)
        check->manifest = dn_json_parse(text, strlen(text), &problem);
    if (!check->manifest)
        return report_error(check, "manifest.json", problem, error);
    return check_contents(check, error);
}

bool
dn_capsule_check(const char *path, const char *trust_file, DnRowVisitor visit, DnProgress progress,
                 void *user_data, json_t **out_totals, GError **error)
{
    g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(DnTrust) trust = trust_file ? dn_trust_load(trust_file, error) : dn_trust_new_empty();
    g_autoptr(DnZipReader) zip = trust ? dn_zip_open(path, problems, error) : NULL;
    Check check = {.zip = zip,
                   .trust = trust,
                   .visit = visit,
                   .progress = progress,
                   .user_data = user_data,
                   .accredited = true};

    if (!zip)
        return dn_fail_in(error, "%s", path);
    bool ok = check_all(&check, problems, error);

    json_decref(check.manifest);
    if (!ok)
        return false;
    json_t *totals = json_object();
    uint64_t bytes = 0;

    for (unsigned i = 0; i < dn_zip_count(zip); i++)
        bytes += dn_zip_file(zip, i)->size;
    dn_json_set_int(totals, "vouchers", (int64_t)check.vouchers);
    dn_json_set_int(totals, "files", dn_zip_count(zip));
    dn_json_set_int(totals, "bytes", (int64_t)bytes);
    dn_json_set_int(totals, "stamped", (int64_t)check.stamped);
    dn_json_set_int(totals, "failed", (int64_t)check.failed);
    dn_json_set_bool(totals, "accredited", check.stamped > 0 && check.accredited);
    *out_totals = totals;
    return true;
}
