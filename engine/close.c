/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/close.c - a tenant ends: its vouchers were handed out, its keys go, nothing of it opens.
 *
 *   1  no voucher must be kept any longer and no hold lies on any, or somebody says why they go
 *      all the same; the export is checked: whole, of this tenant, and nothing has happened since
 *   2  tenant.closed is noted, with the export's digest and where the ledger ended, in the ledger
 * of the tenant "default": the tenant's own cannot be read afterwards 3  the tenant's keys are
 * destroyed 4  the view, which holds dates, amounts and names, is built again under a fresh view
 * key, so that what the old one wrote, wherever it still lies, opens no more
 *
 * 2 decides: what comes after is completed by the next opening when it is interrupted. The log
 * keeps the tenant's frames, which nobody can read; the numbers in 2 show that none of them is
 * missing.
 */
#include "config.h"
#include "base/fs.h"
#include "engine/internal.h"
#include "engine/capsule/container.h"
#include "engine/duty.h"

#include <string.h>

enum { MANIFEST_MOST = 1 << 20 };

typedef struct {
    DnUuid id;
    const char *name;
    DnLedgerHead head;
} Closing;

/* --- the export holds all of it --- */

static const DnZipFile *
find_member(DnContainerReader *capsule, const char *name, GError **error)
{
    const DnZipFile *file = dn_container_find(capsule, name);

    return file ? file : dn_fail_null(error, DN_ERROR_INVALID, "it holds no %s", name);
}

static bool
is_id(const json_t *object, const char *member, const DnUuid *wanted)
{
    DnUuid id;

    return dn_json_string(object, member) &&
           dn_uuid_parse(dn_json_string(object, member), &id, NULL) && dn_uuid_equal(&id, wanted);
}

static bool
check_manifest(DnArchive *self, const Closing *closing, DnContainerReader *capsule, GError **error)
{
    const DnZipFile *file = find_member(capsule, "manifest.json", error);
    g_autoptr(GBytes) bytes = file ? dn_container_read(capsule, file, MANIFEST_MOST, error) : NULL;
    g_autoptr(json_t) manifest =
        bytes ? dn_json_parse(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), error) : NULL;
    DnQuery query;
    uint64_t vouchers = 0;

    if (!manifest)
        return false;
    if (!is_id(manifest, "archive", &self->id) || !is_id(manifest, "tenant", &closing->id))
        return dn_fail(error, DN_ERROR_INVALID, "it is of another tenant");
    if (g_strcmp0(dn_json_string(manifest, "ledger"), "complete") != 0)
        return dn_fail(error, DN_ERROR_INVALID, "it holds a part only; export without terms");
    if (!dn_search_query(self, &(DnSearch){.deleted = "include"}, &query, error) ||
        !dn_index_count(self->view, &closing->id, &query, &vouchers, error))
        return false;
    if (dn_json_int(manifest, "vouchers", -1) != (int64_t)vouchers)
        return dn_fail(error, DN_ERROR_INVALID,
                       "it holds %" G_GINT64_FORMAT " of %" G_GUINT64_FORMAT " vouchers",
                       dn_json_int(manifest, "vouchers", 0), vouchers);
    return true;
}

static bool
keep_line(char *line, size_t size, void *user_data, GError **error)
{
    (void)error;
    g_string_truncate(user_data, 0);
    g_string_append_len(user_data, line, (gssize)size);
    return true;
}

/* Where the ledger in the capsule ends. */
static bool
capsule_head(DnContainerReader *capsule, DnLedgerHead *out_head, GError **error)
{
    const DnZipFile *file = find_member(capsule, "ledger.jsonl", error);
    g_autoptr(GString) last = g_string_new(NULL);

    if (!file || !dn_container_lines(capsule, file, keep_line, last, error))
        return false;
    g_autoptr(json_t) entry = dn_json_parse(last->str, last->len, error);

    if (!entry)
        return false;
    out_head->seq = (uint64_t)dn_json_int(entry, "seq", 0);
    out_head->hash = dn_sha256(last->str, last->len);
    return true;
}

typedef struct {
    DnArchive *archive;
    const Closing *closing;
    DnLedgerHead head; /* from the capsule's on */
} Since;

static bool
check_since(const DnStoreVisit *visit, void *user_data, GError **error)
{
    Since *since = user_data;

    if (!dn_uuid_equal(&visit->tenant, &since->closing->id))
        return true;
    for (size_t i = 0; i < visit->entry_count; i++) {
        if (visit->entries[i].seq <= since->head.seq)
            continue;
        g_autofree char *line =
            dn_unseal_line(since->archive->keys, &visit->tenant, visit->entries[i].seq,
                           visit->entries[i].sealed, error);
        g_autoptr(json_t) entry =
            line ? dn_entry_check(line, &visit->tenant, &since->head, error) : NULL;

        if (!entry)
            return false;
        if (g_strcmp0(dn_json_string(entry, "type"), "archive.exported") != 0)
            return dn_fail(error, DN_ERROR_INVALID,
                           "the tenant has changed since (entry %" G_GUINT64_FORMAT
                           "); export it again",
                           since->head.seq);
    }
    return true;
}

/* An export is itself noted, after the capsule is written: such entries may follow its last. */
static bool
check_head(DnArchive *self, const Closing *closing, DnContainerReader *capsule, GError **error)
{
    Since since = {.archive = self, .closing = closing};

    if (!capsule_head(capsule, &since.head, error) ||
        !dn_store_each(self->store, NULL, 0, check_since, &since, error))
        return false;
    if (since.head.seq != closing->head.seq ||
        !dn_sha256_equal(&since.head.hash, &closing->head.hash))
        return dn_fail(error, DN_ERROR_INVALID, "its ledger is not this tenant's");
    return true;
}

static bool
count_failure(const json_t *row, void *user_data, GError **error)
{
    (void)row;
    (void)user_data;
    (void)error;
    return true;
}

static bool
check_export(DnArchive *self, const Closing *closing, const char *path, DnProgress progress,
             void *user_data, json_t *entry, GError **error)
{
    const char *trust = dn_settings_string(self->settings, "evidence", "trust-file");
    g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(json_t) totals = NULL;
    g_autoptr(DnContainerReader) capsule = NULL;
    g_autofree char *sha256 = NULL;

    if (!dn_capsule_check(path, *trust ? trust : NULL, count_failure, progress, user_data, &totals,
                          error))
        return false;
    if (dn_json_int(totals, "failed", 1) != 0)
        return dn_fail(error, DN_ERROR_CORRUPT,
                       "%s fails its check; see `dencho check-export`, and export again", path);
    capsule = dn_container_open(path, problems, error);
    if (!capsule || !check_manifest(self, closing, capsule, error) ||
        !check_head(self, closing, capsule, error) || !dn_file_sha256(path, &sha256, error))
        return dn_fail_in(error, "%s", path);
    dn_json_set_string(entry, "sha256", sha256);
    dn_json_set_int(entry, "vouchers", dn_json_int(totals, "vouchers", 0));
    return true;
}

/* --- what the law still asks for --- */

typedef struct {
    DnArchive *archive;
    DnDate today;
    DnDate until; /* the last day of all */
    int64_t kept;
    int64_t held;
} Staying;

static bool
count_staying(const json_t *state, void *user_data, GError **error)
{
    Staying *self = user_data;
    DnDate until;

    (void)error;
    if (g_strcmp0(dn_json_string(state, "state"), "disposed") == 0)
        return true;
    if (!dn_duty_keep_until(self->archive->rules, state, &until))
        until = (DnDate){9999, 12, 31}; /* who cannot say when it ends has not seen the end */
    self->kept += !dn_retention_is_over(&until, &self->today);
    self->held += json_array_size(json_object_get(state, "holds")) > 0;
    if (dn_date_compare(&until, &self->until) > 0)
        self->until = until;
    return true;
}

/* A closing destroys what a disposal would refuse to. Who says that it may, says why. */
static bool
check_duties(DnArchive *self, const Closing *closing, const DnTenantClose *how, json_t *entry,
             GError **error)
{
    Staying staying = {
        .archive = self, .today = dn_date_in_japan(dn_clock_now_utc_ms()), .until = {1, 1, 1}};
    DnUuid own = self->tenant;
    char until[DN_DATE_TEXT + 1];
    bool counted = false;

    self->tenant = closing->id;
    counted = dn_view_each(self, count_staying, &staying, error);
    self->tenant = own;
    if (!counted || (staying.kept == 0 && staying.held == 0))
        return counted;
    dn_date_format(&staying.until, until);
    if (!how->early)
        return dn_fail(error, DN_ERROR_INVALID,
                       "%" G_GINT64_FORMAT " of its vouchers must be kept, the last until %s, and "
                       "holds lie on %" G_GINT64_FORMAT "; when all of them are kept elsewhere "
                       "from now on: --early --reason 'who keeps them, and where'",
                       staying.kept, until, staying.held);
    dn_json_set_bool(entry, "early", true);
    dn_json_set_int(entry, "kept", staying.kept);
    dn_json_set_int(entry, "held", staying.held);
    dn_json_set_string(entry, "keep_until", until);
    return true;
}

/* --- the record --- */

static bool
find_tenants(DnArchive *self, GPtrArray *rows, const char *name, Closing *out_closing,
             DnUuid *out_default, GError **error)
{
    const json_t *found = NULL;
    bool has_default = false;

    for (guint i = 0; i < rows->len; i++) {
        const json_t *row = g_ptr_array_index(rows, i);
        const char *its_name = dn_json_string(row, "name");

        if (g_strcmp0(its_name, name) == 0)
            found = row;
        if (g_strcmp0(its_name, DN_DEFAULT_TENANT) == 0)
            has_default = dn_uuid_parse(dn_json_string(row, "tenant"), out_default, NULL);
    }
    if (!found || dn_json_string(found, "closed"))
        return dn_fail(error, DN_ERROR_NOT_FOUND,
                       "there is no such open tenant; `dencho tenant list` shows them");
    if (!has_default || strcmp(name, DN_DEFAULT_TENANT) == 0)
        return dn_fail(error, DN_ERROR_INVALID,
                       "the tenant \"" DN_DEFAULT_TENANT "\" keeps the record of the others and "
                       "cannot be closed");
    if (!dn_uuid_parse(dn_json_string(found, "tenant"), &out_closing->id, error))
        return false;
    if (dn_uuid_equal(&out_closing->id, &self->tenant))
        return dn_fail(error, DN_ERROR_INVALID,
                       "a tenant is closed from outside: leave --tenant out");
    out_closing->name = dn_json_string(found, "name");
    return dn_view_head(self, &out_closing->id, &out_closing->head, error);
}

static bool
has_reason(const DnTenantClose *how)
{
    g_autofree char *plain = g_strstrip(g_strdup(how->reason ? how->reason : ""));

    return *plain != '\0';
}

static json_t *
closing_entry(const Closing *closing, const DnTenantClose *how)
{
    g_autofree char *id = dn_uuid_text(&closing->id);
    g_autofree char *hash = dn_hex(closing->head.hash.bytes, sizeof closing->head.hash.bytes);
    json_t *entry = json_object();

    dn_json_set_string(entry, "type", "tenant.closed");
    dn_json_set_string(entry, "closed_tenant", id);
    dn_json_set_string(entry, "name", closing->name);
    dn_json_set_int(entry, "last_seq", (int64_t)closing->head.seq);
    dn_json_set_string(entry, "hash", hash);
    dn_json_set_string(entry, "reason", how->reason);
    return entry;
}

/* --- what follows from the record --- */

static bool
rebuild_view(DnArchive *self, DnProgress progress, void *user_data, GError **error)
{
    g_autofree char *view_dir = g_build_filename(self->dir, "view", NULL);
    uint64_t entries = 0;

    dn_lately_forget_all(self->lately);
    g_clear_pointer(&self->view, dn_kv_close);
    g_clear_pointer(&self->view_cipher, dn_stream_cipher_free);
    g_hash_table_remove_all(self->heads);
    return dn_fs_remove_tree(view_dir, error) && dn_keyring_renew_view(self->keys, error) &&
           dn_view_open(self, progress, user_data, &entries, error);
}

bool
dn_closing_complete(DnArchive *self, DnProgress progress, void *user_data, GError **error)
{
    g_autoptr(GPtrArray) rows = dn_view_tenants(self, error);
    bool any = false;

    if (!rows)
        return false;
    for (guint i = 0; i < rows->len; i++) {
        const json_t *row = g_ptr_array_index(rows, i);
        g_autoptr(GError) problem = NULL;
        DnUuid tenant;

        if (!dn_json_string(row, "closed") || dn_json_bool(row, "gone", false))
            continue;
        if (!dn_uuid_parse(dn_json_string(row, "tenant"), &tenant, error))
            return false;
        any = true;
        if (!dn_keyring_destroy_tenant(self->keys, &tenant, &problem) &&
            !g_error_matches(problem, DN_ERROR, DN_ERROR_NOT_FOUND)) {
            g_propagate_error(error, g_steal_pointer(&problem));
            return false;
        }
    }
    return !any || rebuild_view(self, progress, user_data, error);
}

bool
dn_archive_tenant_close(DnArchive *self, const char *name, const DnTenantClose *how,
                        DnProgress progress, void *user_data, json_t **out_row, GError **error)
{
    static const char *const members[] = {"early", "kept", "held", "keep_until", NULL};
    g_autoptr(GPtrArray) rows = dn_view_tenants(self, error);
    Closing closing = {0};
    DnUuid keeper;

    if (!rows || !find_tenants(self, rows, name, &closing, &keeper, error))
        return false;
    if (!how->export_file == !how->without_export)
        return dn_fail(error, DN_ERROR_INVALID,
                       "want an export of the tenant (--export FILE) or, not both, "
                       "--without-export with a --reason");
    if ((how->without_export || how->early) && !has_reason(how))
        return dn_fail(error, DN_ERROR_INVALID, "closing %s wants a reason",
                       how->early ? "early" : "without an export");
    g_autoptr(json_t) entry = closing_entry(&closing, how);

    if (!check_duties(self, &closing, how, entry, error))
        return false;
    if (how->export_file &&
        !check_export(self, &closing, how->export_file, progress, user_data, entry, error))
        return false;
    if (!dn_commit(self, &keeper, NULL, NULL, 0, entry, error) ||
        !dn_closing_complete(self, progress, user_data, error))
        return false;
    *out_row = json_object();
    dn_json_set_string(*out_row, "tenant", dn_json_string(entry, "closed_tenant"));
    dn_json_set_string(*out_row, "name", name);
    dn_json_set_int(*out_row, "entries", (int64_t)closing.head.seq);
    dn_json_set_string(*out_row, "sha256", dn_json_string(entry, "sha256"));
    for (const char *const *member = members; *member; member++)
        if (json_object_get(entry, *member))
            dn_json_take(*out_row, *member, json_incref(json_object_get(entry, *member)));
    return true;
}
