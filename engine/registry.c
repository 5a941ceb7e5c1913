/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/registry.c - the tax agency's public lists, imported: who bears a number, and since when.
 *
 * A list becomes a file of registry/ that is named by its digest; the digest is what the entry
 * registry.imported keeps, so that a file that was changed or exchanged is noticed and an answer
 * can be traced to the list it came from. The new file has its name before the ledger tells of it,
 * the old one goes after: whenever an import ends, the list that the ledger tells of last is there.
 * The files are no part of the log or of a backup: the agency has them, and they are imported
 * again.
 */
#include "config.h"
#include "engine/internal.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILES_MOST = 1000, NAME_HEX = 16 };
static const uint64_t LIST_BYTES_MOST = UINT64_C(16) << 30;
static const char folder[] = "registry";

static char *
list_path(const DnArchive *self, DnListKind kind, const DnSha256 *digest)
{
    g_autofree char *hex = dn_hex(digest->bytes, NAME_HEX / 2);
    g_autofree char *name = g_strdup_printf("%s-%s.reg", dn_list_name(kind), hex);

    return g_build_filename(self->dir, folder, name, NULL);
}

/* What the ledger tells of a list last; NULL without error: nothing. */
static json_t *
list_record(DnArchive *self, DnListKind kind, DnSha256 *out_digest, GError **error)
{
    g_autoptr(json_t) row = dn_view_registry(self, dn_list_name(kind), error);

    if (!row)
        return NULL;
    if (!dn_unhex(dn_json_string(row, "sha256"), out_digest->bytes, sizeof out_digest->bytes,
                  error)) {
        dn_fail_in(error, "list of %s", dn_list_name(kind));
        return NULL;
    }
    return g_steal_pointer(&row);
}

static DnRegistryFile *
list_open(DnArchive *self, DnListKind kind, json_t **out_record, GError **error)
{
    DnSha256 digest;
    g_autoptr(json_t) record = list_record(self, kind, &digest, error);
    g_autofree char *path = record ? list_path(self, kind, &digest) : NULL;
    DnRegistryFile *file = path ? dn_registry_file_open(path, &digest, error) : NULL;

    if (file && dn_registry_file_kind(file) != kind) {
        dn_registry_file_close(file);
        return dn_fail_null(error, DN_ERROR_CORRUPT, "%s is another list", path);
    }
    if (out_record)
        *out_record = g_steal_pointer(&record);
    return file;
}

/* --- asking --- */

/* Under registry_lock. A list that cannot be opened is told of once: documents are read without. */
static void
open_lists(DnArchive *self)
{
    for (DnListKind kind = DN_LIST_CORPORATIONS; kind <= DN_LIST_ISSUERS; kind++) {
        DnRegistryList *list = &self->registry[kind];
        g_autoptr(GError) problem = NULL;

        if (list->is_looked_for)
            continue;
        list->is_looked_for = true;
        list->file = list_open(self, kind, &list->record, &problem);
        if (problem)
            g_message("the list of %s cannot be used: %s", dn_list_name(kind), problem->message);
    }
}

static void
close_list(DnRegistryList *list)
{
    g_clear_pointer(&list->file, dn_registry_file_close);
    g_clear_pointer(&list->record, json_decref);
    list->is_looked_for = false;
}

void
dn_registry_close(DnArchive *self)
{
    for (DnListKind kind = DN_LIST_CORPORATIONS; kind <= DN_LIST_ISSUERS; kind++)
        close_list(&self->registry[kind]);
}

/* Documents are read without a list that turns out to be damaged; an operator is told once. */
static bool
give_up_list(DnRegistryList *list, DnListKind kind, GError *problem)
{
    g_autoptr(GError) owned = problem;

    g_message("the list of %s cannot be used: %s", dn_list_name(kind), owned->message);
    g_clear_pointer(&list->file, dn_registry_file_close);
    return false;
}

bool
dn_registry_find(DnArchive *self, DnListKind kind, uint64_t number, GArray *rows)
{
    DN_LOCKED(&self->registry_lock);
    DnRegistryList *list = &self->registry[kind];
    g_autoptr(GError) problem = NULL;

    open_lists(self);
    if (!list->file)
        return false;
    return dn_registry_file_find(list->file, number, rows, &problem) ||
           give_up_list(list, kind, g_steal_pointer(&problem));
}

bool
dn_registry_find_name(DnArchive *self, DnListKind kind, const char *folded, uint64_t *out_numbers,
                      size_t most, size_t *out_count)
{
    DN_LOCKED(&self->registry_lock);
    DnRegistryList *list = &self->registry[kind];
    g_autoptr(GError) problem = NULL;

    open_lists(self);
    *out_count = 0;
    if (!list->file)
        return false;
    return dn_registry_file_find_name(list->file, folded, out_numbers, most, out_count, &problem) ||
           give_up_list(list, kind, g_steal_pointer(&problem));
}

json_t *
dn_registry_used(DnArchive *self, DnListKind kind)
{
    static const char *const keys[] = {"list", "sha256", "as_of", NULL};
    DN_LOCKED(&self->registry_lock);

    open_lists(self);
    if (!self->registry[kind].file)
        return NULL;
    json_t *used = json_object();

    for (const char *const *key = keys; *key; key++)
        dn_json_set_string(used, *key, dn_json_string(self->registry[kind].record, *key));
    return used;
}

/* --- importing --- */

typedef struct {
    DnArchive *archive;
    const DnRegistryImport *request;
    DnProgress progress;
    void *user_data;
    uint64_t done;
    uint64_t total;
    DnListKind kind;
    uint64_t rows;
    int32_t as_of_days;
    json_t *sources;
    DnSorter *sorter;
    DnRegistryFile *base;
    json_t *base_record;
} Import;

static void
import_clear(Import *self)
{
    g_clear_pointer(&self->sources, json_decref);
    g_clear_pointer(&self->sorter, dn_sorter_free);
    g_clear_pointer(&self->base, dn_registry_file_close);
    g_clear_pointer(&self->base_record, json_decref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Import, import_clear)

static bool
import_goes_on(void *user_data)
{
    Import *self = user_data;

    return !self->progress || self->progress(self->done, self->total, self->user_data);
}

static bool
open_source(const char *path, int *out_fd, uint64_t *out_bytes, GError **error)
{
    struct stat st;

    *out_fd = open(path, O_RDONLY | O_CLOEXEC);
    if (*out_fd < 0 || fstat(*out_fd, &st) != 0)
        return dn_fail_errno(error, "%s", path);
    if (!S_ISREG(st.st_mode))
        return dn_fail(error, DN_ERROR_INVALID, "%s is no file", path);
    *out_bytes = (uint64_t)st.st_size;
    return true;
}

static bool
measure(Import *self, GError **error)
{
    size_t count = 0;

    for (const char *const *path = self->request->files; *path; path++) {
        uint64_t bytes = 0;
        dn_autofd int fd = -1;

        if (++count > FILES_MOST)
            return dn_fail(error, DN_ERROR_LIMIT, "more than %d files", FILES_MOST);
        if (!open_source(*path, &fd, &bytes, error))
            return false;
        self->total += bytes;
    }
    if (count == 0)
        return dn_fail(error, DN_ERROR_INVALID, "name the files of the list");
    return self->total <= LIST_BYTES_MOST ||
           dn_fail(error, DN_ERROR_LIMIT,
                   "%" G_GUINT64_FORMAT " bytes, allowed are %" G_GUINT64_FORMAT, self->total,
                   LIST_BYTES_MOST);
}

static bool
take_rows(Import *self, DnListReader *reader, GError **error)
{
    enum { ROWS_A_STEP = 4096 };
    uint64_t before = self->done;
    DnListRow row;
    bool more = true;

    for (;;) {
        if (!dn_list_reader_next(reader, &row, &more, error))
            return false;
        if (!more)
            break;
        if (self->kind == DN_LIST_UNKNOWN)
            self->kind = dn_list_reader_kind(reader);
        if (self->kind != dn_list_reader_kind(reader))
            return dn_fail(error, DN_ERROR_INVALID, "another list than the files before");
        if (!dn_registry_sort_row(self->sorter, &row, self->rows++, error))
            return false;
        self->as_of_days = MAX(self->as_of_days, row.update_days);
        self->done = before + dn_list_reader_bytes(reader);
        if (self->rows % ROWS_A_STEP == 0 && !import_goes_on(self))
            return dn_fail(error, DN_ERROR_BUSY, "stopped on request");
    }
    self->done = before + dn_list_reader_bytes(reader);
    return true;
}

static bool
take_source(Import *self, const char *path, GError **error)
{
    uint64_t bytes = 0;
    dn_autofd int fd = -1;

    if (!open_source(path, &fd, &bytes, error))
        return false;
    g_autoptr(DnListReader) reader = dn_list_reader_new(fd);

    if (!take_rows(self, reader, error))
        return dn_fail_in(error, "%s", path);
    DnSha256 digest = dn_list_reader_digest(reader);
    g_autofree char *hex = dn_hex(digest.bytes, sizeof digest.bytes);
    json_t *source = json_object();

    dn_json_set_int(source, "bytes", (int64_t)dn_list_reader_bytes(reader));
    dn_json_set_string(source, "sha256", hex);
    json_array_append_new(self->sources, source);
    return true;
}

/* What a difference changes. */
static bool
open_base(Import *self, GError **error)
{
    g_autoptr(GError) problem = NULL;
    DnDate as_of = dn_date_from_days(self->as_of_days);
    DnDate before;

    self->base = list_open(self->archive, self->kind, &self->base_record, &problem);
    if (!self->base && !problem)
        return dn_fail(error, DN_ERROR_INVALID,
                       "a difference changes a list: import the whole list of %s first",
                       dn_list_name(self->kind));
    if (!self->base) {
        g_propagate_error(error, g_steal_pointer(&problem));
        return false;
    }
    if (dn_date_parse(dn_json_string(self->base_record, "as_of"), &before, NULL) &&
        dn_date_compare(&as_of, &before) < 0)
        return dn_fail(error, DN_ERROR_INVALID,
                       "this difference is older than the list, which is of %s",
                       dn_json_string(self->base_record, "as_of"));
    return true;
}

static bool
build_file(Import *self, const char *path, DnRegistryTotals *out_totals, GError **error)
{
    g_autofree char *dir = g_path_get_dirname(path);
    dn_autofd int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    DnRegistryBuild build = {
        .kind = self->kind,
        .dir = dir,
        .base = self->base,
        .rows = self->sorter,
        .fold = dn_party_fold,
        .progress = import_goes_on,
        .user_data = self,
    };

    if (fd < 0)
        return dn_fail_errno(error, "cannot make %s", path);
    return dn_registry_file_build(&build, fd, out_totals, error);
}

static json_t *
import_entry(const Import *self, const DnRegistryTotals *totals)
{
    json_t *entry = json_object();
    g_autofree char *hex = dn_hex(totals->digest.bytes, sizeof totals->digest.bytes);
    DnDate as_of = dn_date_from_days(self->as_of_days);
    char day[DN_DATE_TEXT + 1];

    dn_date_format(&as_of, day);
    dn_json_set_string(entry, "type", "registry.imported");
    dn_json_set_string(entry, "list", dn_list_name(self->kind));
    dn_json_set_string(entry, "form", self->base ? "difference" : "full");
    dn_json_set_string(entry, "as_of", day);
    dn_json_set_int(entry, "rows", (int64_t)self->rows);
    dn_json_set_int(entry, "numbers", (int64_t)totals->numbers);
    dn_json_set_int(entry, "bytes", (int64_t)totals->bytes);
    dn_json_set_string(entry, "sha256", hex);
    dn_json_set_string(entry, "base", dn_json_string(self->base_record, "sha256"));
    dn_json_take(entry, "sources", json_incref(self->sources));
    return entry;
}

/* The lists are the archive's, their record is the first tenant's. */
static bool
record_tenant(DnArchive *self, DnUuid *out_tenant, GError **error)
{
    g_autoptr(GPtrArray) tenants = dn_view_tenants(self, error);

    if (!tenants)
        return false;
    *out_tenant = self->tenant;
    for (guint i = 0; i < tenants->len; i++)
        if (g_strcmp0(dn_json_string(g_ptr_array_index(tenants, i), "name"), DN_DEFAULT_TENANT) ==
            0)
            return dn_uuid_parse(dn_json_string(g_ptr_array_index(tenants, i), "tenant"),
                                 out_tenant, error);
    return true;
}

/* What earlier imports left; the file at @keep stays. */
static void
remove_others(const DnArchive *self, DnListKind kind, const char *keep)
{
    g_autofree char *dir = g_build_filename(self->dir, folder, NULL);
    g_autofree char *prefix = g_strconcat(dn_list_name(kind), "-", NULL);
    g_autoptr(GDir) names = g_dir_open(dir, 0, NULL);
    const char *name = NULL;

    while (names && (name = g_dir_read_name(names))) {
        g_autofree char *path = g_build_filename(dir, name, NULL);

        if (g_str_has_prefix(name, prefix) && strcmp(path, keep) != 0)
            unlink(path);
    }
}

static bool
put_in_place(Import *self, const char *fresh, const DnRegistryTotals *totals, json_t **out_result,
             GError **error)
{
    g_autofree char *path = list_path(self->archive, self->kind, &totals->digest);
    g_autofree char *dir = g_path_get_dirname(path);
    g_autoptr(json_t) entry = import_entry(self, totals);
    DnSha256 present;
    g_autoptr(GError) problem = NULL;
    g_autoptr(json_t) record = list_record(self->archive, self->kind, &present, &problem);
    bool unchanged = record && dn_sha256_equal(&present, &totals->digest);
    DnUuid tenant;

    if (problem) {
        g_propagate_error(error, g_steal_pointer(&problem));
        return false;
    }
    if (!record_tenant(self->archive, &tenant, error))
        return false;
    if (rename(fresh, path) != 0)
        return dn_fail_errno(error, "cannot rename %s", fresh);
    if (!dn_fs_sync_dir(dir, error))
        return false;
    if (!unchanged && !dn_commit(self->archive, &tenant, NULL, NULL, 0, entry, error)) {
        unlink(path);
        return false;
    }
    DN_LOCKED(&self->archive->registry_lock);

    close_list(&self->archive->registry[self->kind]);
    remove_others(self->archive, self->kind, path);
    json_object_del(entry, "type");
    json_object_del(entry, "sources");
    dn_json_set_bool(entry, "unchanged", unchanged);
    *out_result = g_steal_pointer(&entry);
    return true;
}

bool
dn_archive_registry_import(DnArchive *self, const DnRegistryImport *request, DnProgress progress,
                           void *user_data, json_t **out_result, GError **error)
{
    int64_t begin_ms = dn_clock_monotonic_ms();
    g_autofree char *dir = g_build_filename(self->dir, folder, NULL);
    g_autofree char *fresh = g_build_filename(dir, "new", NULL);
    g_auto(Import) import = {.archive = self,
                             .request = request,
                             .progress = progress,
                             .user_data = user_data,
                             .sources = json_array()};
    DnRegistryTotals totals;

    DN_LOCKED(&self->registry_import_lock);
    if (!measure(&import, error) || !dn_fs_make_dir(dir, false, error))
        return false;
    import.sorter = dn_sorter_new(dir, 0);
    for (const char *const *path = request->files; *path; path++)
        if (!take_source(&import, *path, error))
            return false;
    if (import.rows == 0)
        return dn_fail(error, DN_ERROR_FORMAT, "the list has no rows");
    if (request->difference && !open_base(&import, error))
        return false;
    bool good = build_file(&import, fresh, &totals, error) &&
                put_in_place(&import, fresh, &totals, out_result, error);

    if (!good)
        unlink(fresh);
    else
        dn_json_take(*out_result, "seconds",
                     json_real((double)(dn_clock_monotonic_ms() - begin_ms) / 1000));
    return good;
}

/* --- status --- */

static json_t *
list_status(DnArchive *self, DnListKind kind, bool check, GError **error)
{
    static const char *const keys[] = {"at",      "as_of", "form",   "rows",
                                       "numbers", "bytes", "sha256", NULL};
    g_autoptr(GError) problem = NULL;
    g_autoptr(json_t) record = NULL;
    json_t *row = json_object();
    g_autoptr(DnRegistryFile) file = list_open(self, kind, &record, &problem);
    bool good = file && (!check || dn_registry_file_check(file, &problem));

    dn_json_set_string(row, "list", dn_list_name(kind));
    dn_json_set_string(row, "verdict",
                       good                                                     ? "ok"
                       : !problem                                               ? "absent"
                       : g_error_matches(problem, DN_ERROR, DN_ERROR_NOT_FOUND) ? "missing"
                                                                                : "damaged");
    if (problem)
        dn_json_set_string(row, "message", problem->message);
    if (!record && !problem)
        return row;
    DnSha256 digest;

    if (!record)
        record = list_record(self, kind, &digest, error);
    if (!record) {
        json_decref(row);
        return NULL;
    }
    for (const char *const *key = keys; *key; key++)
        if (json_object_get(record, *key))
            dn_json_take(row, *key, json_incref(json_object_get(record, *key)));
    return row;
}

bool
dn_archive_registry_status(DnArchive *self, bool check, DnRowVisitor visit, void *user_data,
                           GError **error)
{
    for (DnListKind kind = DN_LIST_CORPORATIONS; kind <= DN_LIST_ISSUERS; kind++) {
        g_autoptr(json_t) row = list_status(self, kind, check, error);

        if (!row || !visit(row, user_data, error))
            return false;
    }
    return true;
}
