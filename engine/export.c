/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/export.c - what an auditor takes away: an audit capsule that needs neither us nor our
 * keys. docs/capsule.md lists its files.
 *
 * One pass over the vouchers. What grows with their number waits in spools, so memory does not: the
 * ids (16 bytes each) and the counterparties are all that is kept.
 */
#include "config.h"
#include "base/fs.h"
#include "base/memory.h"
#include "engine/export.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

/* --- the ledger --- */

/* The parts that no voucher's present version names: of readings that a later one replaced, and the
 * list of a disposal. A capsule that can be imported has them too. */
static bool
keep_part(Export *export, const json_t *current, const char *name, const json_t *ref, DnPart part,
          GError **error)
{
    const char *id = dn_json_string(ref, "id");
    g_autofree char *path = g_strdup_printf("parts/%s", id);

    if (!id || g_strcmp0(dn_json_string(json_object_get(current, name), "id"), id) == 0)
        return true;
    return dn_export_blob(export, ref, part, path, error);
}

static bool
keep_parts(Export *export, const json_t *entry, GError **error)
{
    const json_t *parts = json_object_get(entry, "parts");
    const char *voucher = dn_json_string(entry, "voucher");
    DnUuid id;

    if (json_object_size(parts) == 0)
        return true;
    if (!dn_uuid_parse(voucher, &id, error))
        return false;
    g_autoptr(json_t) state = dn_view_voucher(export->archive, &id, error);

    if (!state)
        return false;
    const json_t *version = dn_voucher_version(state, (unsigned)dn_json_int(entry, "version", 0));
    const json_t *current = json_object_get(version, "parts");

    if (g_strcmp0(dn_json_string(state, "state"), "disposed") == 0) /* gone with its key */
        return true;
    return keep_part(export, current, "text", json_object_get(parts, "text"), DN_PART_TEXT,
                     error) &&
           keep_part(export, current, "words", json_object_get(parts, "words"), DN_PART_WORDS,
                     error) &&
           keep_part(export, current, "rendition", json_object_get(parts, "rendition"),
                     DN_PART_RENDITION, error);
}

static bool
add_ledger_line(const DnStoreVisit *visit, void *user_data, GError **error)
{
    Export *export = user_data;
    DnArchive *archive = export->archive;

    if (!dn_uuid_equal(&visit->tenant, &archive->tenant))
        return true;
    for (size_t i = 0; i < visit->entry_count; i++) {
        if (visit->entries[i].seq > export->head.seq) /* written while this export runs */
            continue;
        g_autofree char *line = dn_unseal_line(archive->keys, &visit->tenant, visit->entries[i].seq,
                                               visit->entries[i].sealed, error);
        g_autoptr(json_t) entry = line ? dn_json_parse(line, strlen(line), error) : NULL;

        if (!entry || !dn_spool_add_text(export->entries, line, error) ||
            !dn_spool_add_text(export->entries, "\n", error))
            return false;
        if (g_str_has_prefix(dn_json_string(entry, "type"), "evidence.") &&
            !dn_export_stamp(export, entry, error))
            return false;
        if (!keep_parts(export, entry, error) ||
            !keep_part(export, NULL, "list", json_object_get(entry, "list"), DN_PART_EVIDENCE,
                       error))
            return dn_fail_in(error, "entry %" G_GUINT64_FORMAT, visit->entries[i].seq);
        export->entry_count++;
    }
    return dn_export_step(export, error);
}

/* --- the whole --- */

bool
dn_export_step(Export *export, GError **error)
{
    uint64_t total = export->ids->len + (export->complete ? export->head.seq : 0);
    uint64_t done = export->done + (export->complete ? export->entry_count : 0);

    if (export->progress && !export->progress(done, total, export->user_data))
        return dn_fail(error, DN_ERROR_BUSY, "stopped on request; nothing was left behind");
    return true;
}

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
           !search->currency && !search->party && !search->text && !search->kind &&
           !search->label && !search->book_ref && !search->missing && !search->limit &&
           !search->after && g_strcmp0(search->deleted, "only") != 0;
}

bool
dn_file_sha256(const char *path, char **out_hex, GError **error)
{
    dn_autofd int fd = dn_fs_open(path, O_RDONLY | O_CLOEXEC, 0);
    struct stat st;
    DnSha256 digest;

    if (fd < 0 || fstat(fd, &st) != 0)
        return dn_fail_errno(error, "cannot open %s", path);
    if (!dn_zip_digest(fd, 0, (uint64_t)st.st_size, NULL, &digest, error))
        return false;
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
    dn_sheet_free(export->index);
    dn_sheet_free(export->history);
    dn_spool_free(export->vouchers);
    dn_spool_free(export->entries);
    dn_spool_free(export->documents);
    dn_spool_free(export->page);
    dn_spool_free(export->commands);
    dn_spool_free(export->proofs);
    dn_container_free(export->container);
    dn_batches_free(export->batches);
    dn_trust_free(export->trust);
    g_queue_clear(&export->batches_loaded);
    g_clear_pointer(&export->batches_written, g_hash_table_unref);
    g_clear_pointer(&export->parties, g_hash_table_unref);
    g_clear_pointer(&export->ids, g_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Export, export_clear)

static bool
open_lists(Export *export, GError **error)
{
    static const char *const index_head[] = {
        "番号",   "取引年月日", "金額",           "通貨", "取引先",   "登録番号", "種別",
        "受領日", "状態",       "タイムスタンプ", "id",   "ファイル", NULL};
    static const char *const history_head[] = {"番号", "id",     "日時",   "操作者", "操作",
                                               "項目", "変更前", "変更後", "理由",   NULL};
    DnSpool **const spools[] = {&export->vouchers, &export->entries,  &export->documents,
                                &export->page,     &export->commands, &export->proofs};

    export->parties = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    export->batches = dn_batches_new(export->archive, export->trust);
    export->batches_written = g_hash_table_new(NULL, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(spools); i++) {
        *spools[i] = dn_container_spool(export->container, error);
        if (!*spools[i])
            return false;
    }
    export->index = dn_sheet_new(export->container, "索引簿", index_head, "ttnttttttttt", error);
    if (export->index)
        export->history =
            dn_sheet_new(export->container, "訂正削除の履歴", history_head, "ttttttttt", error);
    return export->history != NULL;
}

static bool
choose(Export *export, const DnSearch *search, GError **error)
{
    DnArchive *self = export->archive;
    g_autofree char *cursor = NULL;
    g_autofree char *book_label = NULL;
    DnQuery query;

    if (!dn_search_query_of(self, search, &query, &book_label, error))
        return false;
    if (!search->deleted)
        query.deleted =
            DN_DELETED_INCLUDE; /* nothing is left out of what an auditor takes (law row R27) */
    export->ids = g_array_new(FALSE, FALSE, sizeof(DnUuid));
    export->complete = asks_for_all(search);
    /* The head first: each entry up to it is of a voucher that is found. */
    if (!dn_view_head(self, &self->tenant, &export->head, error) ||
        !dn_index_find(self->view, &self->tenant, &query, collect_id, export->ids, &cursor, error))
        return false;
    export->digits = 4;
    for (guint count = export->ids->len; count >= 10000; count /= 10)
        export->digits++;
    return true;
}

bool
dn_archive_export(DnArchive *self, const DnSearch *search, const DnExport *options,
                  DnProgress progress, void *user_data, json_t **out_result, GError **error)
{
    g_auto(Export) export = {
        .archive = self, .options = options, .progress = progress, .user_data = user_data};
    g_autofree char *sha256 = NULL;
    DnSha256 digest;

    export.trust = dn_archive_trust_list(self, error);
    if (!export.trust || !choose(&export, search, error))
        return false;
    export.container = dn_container_create(options->path, options->folder, error);
    if (!export.container || !open_lists(&export, error))
        return false;
    for (guint i = 0; i < export.ids->len; i++)
        if (!dn_export_voucher(&export, &g_array_index(export.ids, DnUuid, i), error) ||
            !dn_export_step(&export, error))
            return false;
    if (export.complete && !dn_store_each(self->store, NULL, 0, add_ledger_line, &export, error))
        return false;
    if (!dn_export_front(&export, search, error) ||
        !dn_container_finish(export.container, &digest, error) ||
        (!options->folder && !dn_file_sha256(options->path, &sha256, error)))
        return false;
    if (!sha256)
        sha256 = dn_hex(digest.bytes, sizeof digest.bytes);
    json_t *result = json_object();

    dn_json_set_string(result, "file", options->path);
    dn_json_set_int(result, "vouchers", (int64_t) export.done);
    dn_json_set_int(result, "files", (int64_t)dn_container_files(export.container));
    dn_json_set_int(result, "bytes", (int64_t)dn_container_bytes(export.container));
    dn_json_set_string(result, "sha256", sha256);
    *out_result = result;
    return note_export(self, result, error);
}
