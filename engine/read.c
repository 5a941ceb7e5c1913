/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/read.c - a stored document is read by a worker, and what it read becomes an entry.
 *
 * Whatever the worker says is a claim about a hostile document: it is stored as such, never acted
 * upon. A document that cannot be read keeps its voucher and gets the reason as an entry of its
 * own.
 */
#include "config.h"
#include "engine/internal.h"
#include "engine/known.h"

#include <string.h>

DnReader *
dn_archive_reader(DnArchive *self)
{
    DN_LOCKED(&self->reader_lock);

    if (!self->reader) {
        DnReaderOptions options = {
            .worker_path = self->worker_path,
            .workers = dn_archive_workers(self),
            .model = dn_settings_string(self->settings, "reading", "model"),
            .limits = &self->limits,
        };

        self->reader = dn_reader_new(&options);
    }
    return self->reader;
}

/* A verdict on the document, as opposed to a fault of ours that another try may not meet. */
static bool
is_verdict(const GError *problem)
{
    switch (dn_error_code(problem)) {
    case DN_ERROR_FORMAT:
    case DN_ERROR_UNSUPPORTED:
    case DN_ERROR_LIMIT:
    case DN_ERROR_EXTERNAL:
        return true;
    default:
        return false;
    }
}

json_t *
dn_error_json(DnErrorCode code, const char *message)
{
    g_autofree char *safe = dn_text_sanitise(message, -1);
    json_t *error = json_object();

    dn_json_set_string(error, "code", dn_error_name(code));
    dn_json_set_string(error, "message", safe);
    return error;
}

static bool
commit_verdict(DnArchive *self, const DnUuid *id, int64_t version, const GError *problem,
               GError **error)
{
    g_autoptr(json_t) entry = dn_voucher_entry("voucher.unreadable", id);

    dn_json_set_int(entry, "version", version);
    dn_json_take(entry, "error", dn_error_json(dn_error_code(problem), problem->message));
    return dn_commit(self, &self->tenant, NULL, NULL, 0, entry, error);
}

typedef struct {
    DnNewBlob blobs[3];
    size_t count;
    json_t *parts;
} Parts;

static void
add_part(Parts *parts, const char *name, DnPart part, GBytes *bytes)
{
    DnNewBlob *blob = &parts->blobs[parts->count];

    if (!bytes || g_bytes_get_size(bytes) == 0)
        return;
    *blob = dn_new_blob(part, bytes, NULL);
    dn_json_take(parts->parts, name, dn_blob_ref(blob));
    parts->count++;
}

static void
copy_claims(json_t *entry, const json_t *reading)
{
    static const char *const members[] = {"media_type", "pages",      "kind",   "fields",
                                          "captured",   "derived",    "checks", "attachments",
                                          "warnings",   "pages_read", NULL};

    for (const char *const *name = members; *name; name++) {
        const json_t *value = json_object_get(reading, *name);

        if (value && !json_is_null(value))
            dn_json_take(entry, *name, dn_voucher_freeze(value));
    }
    if (!dn_voucher_kind_known(dn_json_string(entry, "kind")))
        json_object_del(entry, "kind");
}

static bool
commit_reading(DnArchive *self, const DnUuid *id, int64_t version, const char *period,
               const DnReadResult *result, GError **error)
{
    g_autoptr(json_t) entry = dn_voucher_entry("voucher.read", id);
    g_autoptr(json_t) reading = json_deep_copy(result->reading);
    g_autoptr(json_t) known = NULL;
    Parts parts = {.parts = json_object()};

    if (!dn_known_improve(self, reading, &known, error)) {
        json_decref(parts.parts);
        return false;
    }
    copy_claims(entry, reading);
    if (known)
        dn_json_take(entry, "known", dn_voucher_freeze(known));
    add_part(&parts, "text", DN_PART_TEXT, result->text);
    add_part(&parts, "words", DN_PART_WORDS, result->words);
    add_part(&parts, "rendition", DN_PART_RENDITION, result->rendition);
    dn_json_take(entry, "parts", parts.parts);
    dn_json_set_int(entry, "version", version);
    return dn_commit(self, &self->tenant, period, parts.blobs, parts.count, entry, error);
}

bool
dn_read_voucher(DnArchive *self, const DnUuid *id, GBytes *document, GError **error)
{
    g_autoptr(json_t) state = dn_voucher_changeable(self, id, error);
    const json_t *version = dn_voucher_version(state, 0);
    int64_t number = dn_json_int(version, "version", 0);
    DnReader *reader = state ? dn_archive_reader(self) : NULL;
    g_autoptr(GBytes) bytes = document ? g_bytes_ref(document) : NULL;
    g_autoptr(DnReadResult) result = NULL;
    g_autoptr(GError) problem = NULL;

    if (!reader)
        return false;
    if (!bytes)
        bytes = dn_blob_load(self, &self->tenant, json_object_get(version, "blob"),
                             DN_PART_ORIGINAL, error);
    if (!bytes)
        return false;
    DnReadJob job = {
        .date_order = dn_settings_string(self->settings, "reading", "date-order"),
        .currency = dn_archive_currency(self),
        .received = dn_json_string(state, "received"),
        .kind = dn_json_bool(state, "kind_given", false) ? dn_json_string(state, "kind") : NULL,
        .rendition = true,
    };

    if (dn_reader_read(reader, bytes, &job, &result, &problem))
        return commit_reading(self, id, number, dn_json_string(version, "period"), result, error);
    if (is_verdict(problem))
        return commit_verdict(self, id, number, problem, error);
    g_propagate_error(error, g_steal_pointer(&problem));
    return false;
}

bool
dn_archive_read(DnArchive *self, const DnUuid *id, json_t **out_result, GError **error)
{
    DN_LOCKED(dn_archive_stripe(self, id->bytes));

    if (!dn_read_voucher(self, id, NULL, error))
        return false;
    g_autoptr(json_t) state = dn_view_voucher(self, id, error);

    if (!state)
        return false;
    *out_result = dn_voucher_result(state, "stored");
    return true;
}

/* --- all that wait, side by side --- */

typedef struct {
    DnArchive *archive;
    DnRowVisitor visit;
    void *user_data;
    GMutex lock;
    GError *failure; /* the first */
} ReadMany;

static void
read_one(gpointer item, gpointer user_data)
{
    ReadMany *many = user_data;
    g_autofree DnUuid *id = item;
    g_autoptr(json_t) result = NULL;
    g_autoptr(GError) problem = NULL;
    bool stop = false;

    g_mutex_lock(&many->lock);
    stop = many->failure != NULL;
    g_mutex_unlock(&many->lock);
    if (stop)
        return;
    bool ok = dn_archive_read(many->archive, id, &result, &problem);

    DN_LOCKED(&many->lock);
    if (many->failure)
        return;
    if (!ok)
        many->failure = g_steal_pointer(&problem);
    else
        many->visit(result, many->user_data, &many->failure);
}

bool
dn_archive_read_pending(DnArchive *self, DnRowVisitor visit, void *user_data, GError **error)
{
    g_autoptr(GArray) ids = dn_view_jobs(self, 'r', error);
    ReadMany many = {.archive = self, .visit = visit, .user_data = user_data};

    if (!ids)
        return false;
    GThreadPool *pool =
        g_thread_pool_new(read_one, &many, (gint)dn_archive_workers(self), FALSE, error);

    if (!pool)
        return false;
    g_mutex_init(&many.lock);
    for (guint i = 0; i < ids->len; i++)
        g_thread_pool_push(pool, g_memdup2(&g_array_index(ids, DnUuid, i), sizeof(DnUuid)), NULL);
    g_thread_pool_free(pool, FALSE, TRUE);
    g_mutex_clear(&many.lock);
    if (many.failure) {
        g_propagate_error(error, many.failure);
        return false;
    }
    return true;
}
