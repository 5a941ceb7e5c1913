/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/export.c - what an auditor takes away: an audit capsule that needs neither us nor our
 * keys.
 *
 *   README.txt         what is what, and the commands that check it (sha256sum, openssl)
 *   index.csv          索引簿: serial, date, amount, party ... (UTF-8 with BOM)
 *   vouchers.jsonl     all that is known of each voucher         history.csv   every change: who,
 * when, why, before, after originals/ renditions/ text/    0001_20260401_PARTY_10800.pdf ...
 *   ledger.jsonl       the whole chain, or entries.jsonl: the entries of the vouchers chosen
 *   evidence/SEQ/      token.der, leaves.txt, certificates.pem; evidence/records/0001-v1.er (RFC
 * 4998) manifest.json      counts                                    SHA256SUMS    digest of every
 * other file
 */
#include "config.h"
#include "base/media-type.h"
#include "base/money.h"
#include "engine/batch.h"
#include "engine/internal.h"
#include "engine/zip.h"

#include <string.h>

static const char byte_order_mark[] =
    "\xef\xbb\xbf"; /* a spreadsheet takes it as "this is UTF-8" */

typedef struct {
    DnArchive *archive;
    DnZipWriter *zip;
    DnBatches *batches;
    GArray *ids;    /* DnUuid of the vouchers chosen, in order */
    GString *index; /* files that grow with the number of vouchers, a few hundred bytes each */
    GString *vouchers;
    GString *history;
    GString *entries;
    uint64_t done;
    DnProgress progress;
    void *user_data;
} Export;

/* --- names and cells --- */

/* A part of a file name: nothing that a file system or a shell could take for something else. */
static char *
safe_name(const char *text)
{
    GString *out = g_string_new(NULL);
    int characters = 0;

    for (const char *p = text ? text : ""; *p && characters < 40; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);

        if (g_unichar_isalnum(c) || g_unichar_type(c) == G_UNICODE_MODIFIER_LETTER || c == '-' ||
            c == 0x30fb)
            g_string_append_unichar(out, c);
        else if (out->len > 0 && out->str[out->len - 1] != '-')
            g_string_append_c(out, '-');
        characters++;
    }
    return g_string_free(out, FALSE);
}

/* RFC 4180; a leading sign that a spreadsheet would run as a formula is kept from it by an
 * apostrophe. */
static void
add_cell(GString *row, const char *text)
{
    if (row->len > 0 && row->str[row->len - 1] != '\n')
        g_string_append_c(row, ',');
    g_string_append_c(row, '"');
    if (text && strchr("=+@\t", text[0]) && text[0])
        g_string_append_c(row, '\'');
    for (const char *p = text ? text : ""; *p; p++) {
        if (*p == '"')
            g_string_append_c(row, '"');
        g_string_append_c(row, *p);
    }
    g_string_append_c(row, '"');
}

static void
end_row(GString *rows)
{
    g_string_append(rows, "\r\n");
}

static void
add_cells(GString *rows, const char *const *cells)
{
    for (; *cells; cells++)
        add_cell(rows, *cells);
    end_row(rows);
}

/* 0001_20260401_PARTY_10800: serial, date, party, amount, always in that order (一問一答 電子取引
 * 問44). */
static char *
stem_of(const json_t *row, uint64_t serial)
{
    g_autofree char *party = safe_name(dn_json_string(row, "party"));
    const char *date = dn_json_string(row, "date");
    g_autofree char *digits =
        date ? g_strdup_printf("%.4s%.2s%.2s", date, date + 5, date + 8) : g_strdup("nodate");
    g_autofree char *amount =
        json_object_get(row, "amount")
            ? dn_money_format(dn_json_int(row, "amount", 0), dn_json_string(row, "currency"))
            : g_strdup("noamount");

    return g_strdup_printf("%04" G_GUINT64_FORMAT "_%s_%s_%s", serial, digits, party, amount);
}

/* --- one voucher --- */

static bool
add_part(Export *export, const json_t *ref, DnPart part, const char *folder, const char *stem,
         unsigned version, const char *extension, char **out_name, GError **error)
{
    DnArchive *archive = export->archive;
    g_autoptr(GBytes) bytes = dn_blob_load(archive, &archive->tenant, ref, part, error);
    gsize size = 0;

    if (!bytes)
        return false;
    g_autofree char *name = g_strdup_printf("%s/%s_v%u.%s", folder, stem, version, extension);
    const void *data = g_bytes_get_data(bytes, &size);

    if (!dn_zip_add(export->zip, name, data, size, error))
        return false;
    if (out_name)
        *out_name = g_steal_pointer(&name);
    return true;
}

static bool
add_record(Export *export, const DnUuid *id, const json_t *version, uint64_t serial, GError **error)
{
    const json_t *stamp = json_object_get(version, "stamp");
    unsigned number = (unsigned)dn_json_int(version, "version", 0);
    DnSha256 digest;
    gsize size = 0;

    if (!stamp)
        return true;
    const DnBatch *batch = dn_batches_get(export->batches, stamp);

    if (batch->failure)
        return dn_fail(error, dn_error_code(batch->failure), "%s", batch->failure->message);
    if (!dn_unhex(dn_json_string(json_object_get(version, "blob"), "sha256"), digest.bytes,
                  sizeof digest.bytes, error))
        return false;
    ssize_t leaf = dn_batch_find(batch, id, number, &digest);

    if (leaf < 0)
        return dn_fail(error, DN_ERROR_CORRUPT,
                       "the document is no leaf of the batch that stamped it");
    g_autoptr(GArray) path = dn_hash_tree_path(batch->tree, (size_t)leaf);
    g_autoptr(GBytes) record = dn_evidence_record_new(&digest, (const DnSha256 *)(void *)path->data,
                                                      path->len, batch->token, error);

    if (!record)
        return false;
    g_autofree char *name =
        g_strdup_printf("evidence/records/%04" G_GUINT64_FORMAT "-v%u.er", serial, number);
    const void *data = g_bytes_get_data(record, &size);

    return dn_zip_add(export->zip, name, data, size, error);
}

/* All versions; the newest is the one the index names. */
static bool
add_versions(Export *export, const DnUuid *id, const json_t *state, const char *stem,
             uint64_t serial, char **out_original, GError **error)
{
    const json_t *versions = json_object_get(state, "versions");

    for (size_t i = 0; i < json_array_size(versions); i++) {
        const json_t *version = json_array_get(versions, i);
        const json_t *parts = json_object_get(version, "parts");
        unsigned number = (unsigned)i + 1;
        const char *extension = dn_media_type_extension(dn_json_string(version, "media_type"));

        g_clear_pointer(out_original, g_free);
        if (!add_part(export, json_object_get(version, "blob"), DN_PART_ORIGINAL, "originals", stem,
                      number, extension, out_original, error))
            return false;
        if (json_object_get(parts, "rendition") &&
            !add_part(export, json_object_get(parts, "rendition"), DN_PART_RENDITION, "renditions",
                      stem, number, "pdf", NULL, error))
            return false;
        if (json_object_get(parts, "text") &&
            !add_part(export, json_object_get(parts, "text"), DN_PART_TEXT, "text", stem, number,
                      "txt", NULL, error))
            return false;
        if (!add_record(export, id, version, serial, error))
            return false;
    }
    return true;
}

static char *
text_of_value(const json_t *value)
{
    if (json_is_string(value))
        return g_strdup(json_string_value(value));
    if (json_is_integer(value))
        return g_strdup_printf("%" G_GINT64_FORMAT, (gint64)json_integer_value(value));
    return g_strdup("");
}

static void
add_history(Export *export, const char *serial, const json_t *entry)
{
    const json_t *changes = json_object_get(entry, "changes");
    size_t rows = MAX(json_array_size(changes), 1);

    for (size_t i = 0; i < rows; i++) {
        const json_t *change = json_array_get(changes, i);
        g_autofree char *before = text_of_value(json_object_get(change, "before"));
        g_autofree char *after = text_of_value(json_object_get(change, "after"));
        const char *field = dn_json_string(change, "field");
        const char *reason = dn_json_string(entry, "reason");
        const char *const cells[] = {serial,
                                     dn_json_string(entry, "voucher"),
                                     dn_json_string(entry, "at"),
                                     dn_json_string(entry, "actor"),
                                     dn_json_string(entry, "type"),
                                     field ? field : "",
                                     before,
                                     after,
                                     reason ? reason : "",
                                     NULL};

        add_cells(export->history, cells);
    }
}

static bool
add_entries(Export *export, const DnUuid *id, const char *serial, GError **error)
{
    DnArchive *archive = export->archive;
    g_autoptr(GArray) places = dn_view_entries(archive, id, error);

    if (!places)
        return false;
    for (guint i = 0; i < places->len; i++) {
        g_autofree char *line = dn_entry_load(archive, &archive->tenant,
                                              &g_array_index(places, DnEntryPlace, i), error);
        g_autoptr(json_t) entry = line ? dn_json_parse(line, strlen(line), error) : NULL;

        if (!entry)
            return false;
        g_string_append_printf(export->entries, "%s\n", line);
        add_history(export, serial, entry);
    }
    return true;
}

static const char *
or_empty(const char *text)
{
    return text ? text : "";
}

static bool
add_voucher(Export *export, const DnUuid *id, GError **error)
{
    g_autoptr(json_t) state = dn_view_voucher(export->archive, id, error);
    g_autoptr(json_t) details = state ? dn_voucher_details(state, 0) : NULL;
    uint64_t serial = ++export->done;
    g_autofree char *number = g_strdup_printf("%04" G_GUINT64_FORMAT, serial);
    g_autofree char *original = NULL;

    if (!state)
        return false;
    g_autofree char *stem = stem_of(details, serial);

    if (!add_versions(export, id, state, stem, serial, &original, error) ||
        !add_entries(export, id, number, error))
        return dn_fail_in(error, "voucher %s", dn_json_string(state, "voucher"));
    g_autofree char *amount = json_object_get(details, "amount")
                                  ? dn_money_format(dn_json_int(details, "amount", 0),
                                                    dn_json_string(details, "currency"))
                                  : g_strdup("");
    const char *const cells[] = {number,
                                 or_empty(dn_json_string(details, "date")),
                                 amount,
                                 or_empty(dn_json_string(details, "currency")),
                                 or_empty(dn_json_string(details, "party")),
                                 or_empty(dn_json_string(details, "registration_number")),
                                 or_empty(dn_json_string(details, "kind")),
                                 or_empty(dn_json_string(details, "received")),
                                 dn_json_bool(details, "deleted", false) ? "deleted" : "",
                                 or_empty(dn_json_string(details, "stamped")),
                                 or_empty(dn_json_string(details, "voucher")),
                                 or_empty(original),
                                 NULL};

    add_cells(export->index, cells);
    dn_json_set_string(details, "serial", number);
    g_autofree char *line = dn_json_line(details);

    g_string_append_printf(export->vouchers, "%s\n", line);
    if (export->progress && !export->progress(export->done, export->ids->len, export->user_data))
        return dn_fail(error, DN_ERROR_BUSY, "stopped on request");
    return true;
}

/* --- what belongs to all --- */

static bool
write_ledger_line(const DnStoreVisit *visit, void *user_data, GError **error)
{
    Export *export = user_data;
    DnArchive *archive = export->archive;

    if (!dn_uuid_equal(&visit->tenant, &archive->tenant))
        return true;
    for (size_t i = 0; i < visit->entry_count; i++) {
        g_autofree char *line = dn_unseal_line(archive->keys, &visit->tenant, visit->entries[i].seq,
                                               visit->entries[i].sealed, error);

        if (!line || !dn_zip_write(export->zip, line, strlen(line), error) ||
            !dn_zip_write(export->zip, "\n", 1, error))
            return false;
    }
    return true;
}

static bool
add_ledger(Export *export, bool complete, GError **error)
{
    if (!complete)
        return dn_zip_add(export->zip, "entries.jsonl", export->entries->str, export->entries->len,
                          error);
    return dn_zip_begin(export->zip, "ledger.jsonl", error) &&
           dn_store_each(export->archive->store, NULL, 0, write_ledger_line, export, error) &&
           dn_zip_end(export->zip, error);
}

static bool
add_file(Export *export, uint64_t seq, const char *name, const void *bytes, size_t size,
         GError **error)
{
    g_autofree char *path = g_strdup_printf("evidence/%" G_GUINT64_FORMAT "/%s", seq, name);

    return dn_zip_add(export->zip, path, bytes, size, error);
}

static bool
add_bytes(Export *export, uint64_t seq, const char *name, GBytes *bytes, GError **error)
{
    gsize size = 0;
    const void *data = g_bytes_get_data(bytes, &size);

    return add_file(export, seq, name, data, size, error);
}

static bool
add_batches(Export *export, GString *commands, GError **error)
{
    g_autoptr(GPtrArray) list = dn_batches_list(export->batches);

    for (guint i = 0; i < list->len; i++) {
        const DnBatch *batch = g_ptr_array_index(list, i);
        DnSha256 root = dn_hash_tree_root(batch->tree);
        g_autofree char *hex = dn_hex(root.bytes, sizeof root.bytes);
        g_autofree char *pem = dn_token_certificates_pem(batch->token, error);

        if (!pem || !add_bytes(export, batch->seq, "token.der", batch->token, error) ||
            !add_bytes(export, batch->seq, "leaves.txt", batch->list, error) ||
            !add_file(export, batch->seq, "certificates.pem", pem, strlen(pem), error))
            return false;
        g_string_append_printf(commands,
                               "  openssl ts -verify -digest %s -in evidence/%" G_GUINT64_FORMAT
                               "/token.der -token_in \\\n    -CAfile evidence/%" G_GUINT64_FORMAT
                               "/certificates.pem -partial_chain    # %s%s\n",
                               hex, batch->seq, batch->seq, batch->info.authority,
                               batch->info.accredited ? "" : " -- NON-ACCREDITED");
    }
    return true;
}

static const char readme[] =
    "This is an audit capsule of dencho (電帳). Everything in it can be checked without that "
    "program.\n"
    "\n"
    "index.csv        one row a voucher: serial, date, amount, currency, party, registration "
    "number,\n"
    "                 kind, received, deleted, time of stamp, id, file (UTF-8 with BOM)\n"
    "history.csv      every entry of these vouchers: who, when, what, before, after, why\n"
    "vouchers.jsonl   all that is known of each voucher, where on the page each value was read\n"
    "originals/       the documents bit for bit as they came in, every version\n"
    "renditions/      searchable PDF of scanned pages        text/  what was read of them\n"
    "ledger.jsonl     the chain of all entries (entries.jsonl: only those of the vouchers "
    "chosen).\n"
    "                 \"prev\" of each line is the SHA-256 of the line before it, without its line "
    "feed.\n"
    "evidence/        time stamps: leaves.txt lists the SHA-256 of the documents under one stamp,\n"
    "                 records/SERIAL-vN.er is the evidence record (RFC 4998) of one document\n"
    "In a cell of a CSV file an apostrophe stands before a leading = + or @.\n"
    "\n"
    "To check that no file has changed:\n"
    "  sha256sum -c SHA256SUMS\n"
    "To check the chain (each number of the second list is one line below the first):\n"
    "  while IFS= read -r line; do printf %s \"$line\" | sha256sum; done < ledger.jsonl\n"
    "  grep -o '\"prev\":\"[0-9a-f]*\"' ledger.jsonl\n"
    "To check a time stamp (compare the certificate with the one its authority publishes):\n";

static bool
add_index(Export *export, bool complete, GError **error)
{
    g_autoptr(json_t) manifest = json_object();
    g_autoptr(GString) text = g_string_new(readme);
    g_autofree char *archive = dn_uuid_text(&export->archive->id);
    g_autofree char *tenant = dn_uuid_text(&export->archive->tenant);
    g_autofree char *now = dn_clock_format(dn_clock_now_utc_ms());

    if (!add_batches(export, text, error) || !add_ledger(export, complete, error) ||
        !dn_zip_add(export->zip, "index.csv", export->index->str, export->index->len, error) ||
        !dn_zip_add(export->zip, "history.csv", export->history->str, export->history->len,
                    error) ||
        !dn_zip_add(export->zip, "vouchers.jsonl", export->vouchers->str, export->vouchers->len,
                    error) ||
        !dn_zip_add(export->zip, "README.txt", text->str, text->len, error))
        return false;
    dn_json_set_string(manifest, "format", "dencho capsule 1");
    dn_json_set_string(manifest, "archive", archive);
    dn_json_set_string(manifest, "tenant", tenant);
    dn_json_set_string(manifest, "made", now);
    dn_json_set_string(manifest, "ledger", complete ? "complete" : "selected");
    dn_json_set_int(manifest, "vouchers", (int64_t) export->done);
    dn_json_set_int(manifest, "files", dn_zip_files(export->zip) + 2);
    g_autofree char *line = dn_json_canonical(manifest, error);

    if (!line || !dn_zip_add(export->zip, "manifest.json", line, strlen(line), error))
        return false;
    g_autofree char *sums = dn_zip_digests(export->zip);

    return dn_zip_add(export->zip, "SHA256SUMS", sums, strlen(sums), error);
}

/* --- the whole --- */

static bool
collect_id(const DnUuid *id, void *user_data, GError **error)
{
    (void)error;
    g_array_append_val((GArray *)user_data, *id);
    return true;
}

static bool
asks_for_all(const DnSearch *search)
{
    return !search->date_from && !search->date_to && !search->amount_from && !search->amount_to &&
           !search->party && !search->text && !search->kind && !search->label && !search->missing &&
           !search->limit && !search->after;
}

bool
dn_file_sha256(const char *path, char **out_hex, GError **error)
{
    g_autoptr(GMappedFile) file = g_mapped_file_new(path, FALSE, error);

    if (!file)
        return false;
    DnSha256 digest = dn_sha256(g_mapped_file_get_contents(file), g_mapped_file_get_length(file));

    *out_hex = dn_hex(digest.bytes, sizeof digest.bytes);
    return true;
}

static bool
note_export(DnArchive *self, const json_t *result, GError **error)
{
    g_autoptr(json_t) entry = json_object();

    dn_json_set_string(entry, "type", "archive.exported");
    dn_json_set_string(entry, "sha256", dn_json_string(result, "sha256"));
    dn_json_set_int(entry, "vouchers", dn_json_int(result, "vouchers", 0));
    dn_json_set_int(entry, "bytes", dn_json_int(result, "bytes", 0));
    return dn_commit(self, &self->tenant, NULL, NULL, 0, entry, error);
}

static void
export_clear(Export *export)
{
    g_clear_pointer(&export->zip, dn_zip_free);
    g_clear_pointer(&export->batches, dn_batches_free);
    g_clear_pointer(&export->ids, g_array_unref);
    if (export->index)
        g_string_free(export->index, TRUE);
    if (export->vouchers)
        g_string_free(export->vouchers, TRUE);
    if (export->history)
        g_string_free(export->history, TRUE);
    if (export->entries)
        g_string_free(export->entries, TRUE);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Export, export_clear)

bool
dn_archive_export(DnArchive *self, const DnSearch *search, const char *path, DnProgress progress,
                  void *user_data, json_t **out_result, GError **error)
{
    static const char *const index_head[] = {
        "番号",   "取引年月日", "金額",           "通貨", "取引先",   "登録番号", "種別",
        "受領日", "状態",       "タイムスタンプ", "id",   "ファイル", NULL};
    static const char *const history_head[] = {"番号", "id",     "日時",   "操作者", "操作",
                                               "項目", "変更前", "変更後", "理由",   NULL};
    g_autoptr(DnTrust) trust = dn_archive_trust(self, error);
    g_autofree char *cursor = NULL;
    g_autofree char *sha256 = NULL;
    DnQuery query;
    g_auto(Export) export = {.archive = self,
                             .index = g_string_new(NULL),
                             .vouchers = g_string_new(NULL),
                             .history = g_string_new(NULL),
                             .entries = g_string_new(NULL),
                             .ids = g_array_new(FALSE, FALSE, sizeof(DnUuid)),
                             .progress = progress,
                             .user_data = user_data};

    if (!trust || !dn_search_query(search, &query, error))
        return false;
    if (!search->deleted)
        query.deleted =
            DN_DELETED_INCLUDE; /* nothing is left out of what an auditor takes (law row R27) */
    if (!dn_index_find(self->view, &self->tenant, &query, collect_id, export.ids, &cursor, error))
        return false;
    export.batches = dn_batches_new(self, trust);
    export.zip = dn_zip_create(path, error);
    if (!export.zip)
        return dn_fail_in(error, "%s", path);
    add_cells(export.index, index_head);
    add_cells(export.history, history_head);
    g_string_prepend(export.index, byte_order_mark);
    g_string_prepend(export.history, byte_order_mark);
    for (guint i = 0; i < export.ids->len; i++)
        if (!add_voucher(&export, &g_array_index(export.ids, DnUuid, i), error))
            return false;
    if (!add_index(&export, asks_for_all(search), error) || !dn_zip_finish(export.zip, error) ||
        !dn_file_sha256(path, &sha256, error))
        return false;
    json_t *result = json_object();

    dn_json_set_string(result, "file", path);
    dn_json_set_int(result, "vouchers", (int64_t) export.done);
    dn_json_set_int(result, "files", dn_zip_files(export.zip));
    dn_json_set_int(result, "bytes", (int64_t)dn_zip_bytes(export.zip));
    dn_json_set_string(result, "sha256", sha256);
    *out_result = result;
    return note_export(self, result, error);
}
