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

/* --- what one receipt gives: an entry, and blobs that it names --- */

typedef struct {
    GArray *blobs;      /* of DnNewBlob, for all receipts of the document */
    GPtrArray *entries; /* of json_t */
} Reading;

static void
entry_free(gpointer entry)
{
    json_decref(entry);
}

static void
reading_init(Reading *self)
{
    self->blobs = g_array_new(FALSE, FALSE, sizeof(DnNewBlob));
    self->entries = g_ptr_array_new_with_free_func(entry_free);
}

static void
reading_clear(Reading *self)
{
    g_clear_pointer(&self->blobs, g_array_unref);
    g_clear_pointer(&self->entries, g_ptr_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Reading, reading_clear)

static void
add_part(Reading *self, json_t *parts, const char *name, DnPart part, GBytes *bytes)
{
    if (!bytes || g_bytes_get_size(bytes) == 0)
        return;
    DnNewBlob blob = dn_new_blob(part, bytes, NULL);

    dn_json_take(parts, name, dn_blob_ref(&blob));
    g_array_append_val(self->blobs, blob);
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

/* @rendition (nullable): that of the whole sheet, sealed once and named by each of its receipts.
 * Lends the entry; NULL with an error. */
static json_t *
add_reading(DnArchive *archive, Reading *self, const DnUuid *id, int64_t version,
            const DnReadResult *result, const json_t *rendition, GError **error)
{
    g_autoptr(json_t) reading = json_deep_copy(result->reading);
    g_autoptr(json_t) known = NULL;

    if (!dn_known_improve(archive, reading, &known, error))
        return NULL;
    json_t *entry = dn_voucher_entry("voucher.read", id);
    json_t *parts = json_object();

    copy_claims(entry, reading);
    if (known)
        dn_json_take(entry, "known", dn_voucher_freeze(known));
    add_part(self, parts, "text", DN_PART_TEXT, result->text);
    add_part(self, parts, "words", DN_PART_WORDS, result->words);
    if (rendition)
        dn_json_take(parts, "rendition", json_deep_copy(rendition));
    else
        add_part(self, parts, "rendition", DN_PART_RENDITION, result->rendition);
    dn_json_take(entry, "parts", parts);
    dn_json_set_string(entry, "read_by", PACKAGE_NAME " " PACKAGE_VERSION);
    dn_json_set_int(entry, "version", version);
    g_ptr_array_add(self->entries, entry);
    return entry;
}

static bool
commit(DnArchive *self, const char *period, const Reading *reading, GError **error)
{
    return dn_commit_all(self, &self->tenant, period,
                         (const DnNewBlob *)(void *)reading->blobs->data, reading->blobs->len,
                         (const json_t *const *)(void *)reading->entries->pdata,
                         reading->entries->len, error);
}

static bool
commit_reading(DnArchive *self, const DnUuid *id, const json_t *version, const DnReadResult *result,
               GError **error)
{
    g_auto(Reading) reading = {0};

    reading_init(&reading);
    return add_reading(self, &reading, id, dn_json_int(version, "version", 0), result, NULL,
                       error) &&
           commit(self, dn_json_string(version, "period"), &reading, error);
}

/* --- several receipts on one sheet: law row R18 --- */

/* A sheet of several receipts; of which a person has said that it is one, it is none. */
static bool
is_sheet(const json_t *state)
{
    return json_array_size(json_object_get(json_object_get(state, "sheet"), "vouchers")) > 1;
}

/* May this document still fall into several? Once it has been read as one, or a person has said
 * what stands on it, it is one. */
static bool
may_part(const json_t *state)
{
    return g_strcmp0(dn_json_string(state, "state"), "stored") == 0 &&
           !json_object_get(state, "sheet") &&
           json_array_size(json_object_get(state, "versions")) == 1 &&
           json_object_size(json_object_get(state, "fields")) == 0;
}

/* (transfer full) {"part":N,"vouchers":[...]}: which receipt of the sheet, and all of them. */
static json_t *
sheet_place(const json_t *vouchers, size_t part)
{
    json_t *place = json_object();

    dn_json_set_int(place, "part", (int64_t)part);
    dn_json_take(place, "vouchers", json_deep_copy(vouchers));
    return place;
}

json_t *
dn_voucher_further(const DnArchive *self, const json_t *state, const json_t *version,
                   const DnUuid *id)
{
    static const char *const of_state[] = {"origin", "received", "paper",     "device", "back",
                                           "labels", "channel",  "exchanged", NULL};
    static const char *const of_version[] = {"name", "media_type", "period",
                                             "blob", "brought",    NULL};
    json_t *entry = dn_voucher_entry("voucher.registered", id);

    for (const char *const *key = of_state; *key; key++)
        if (json_object_get(state, *key))
            dn_json_take(entry, *key, json_deep_copy(json_object_get(state, *key)));
    for (const char *const *key = of_version; *key; key++)
        if (json_object_get(version, *key))
            dn_json_take(entry, *key, json_deep_copy(json_object_get(version, *key)));
    if (dn_json_bool(state, "kind_given", false))
        dn_json_set_string(entry, "kind", dn_json_string(state, "kind"));
    dn_json_take(entry, "values", json_object());
    dn_entry_set_engine(self, entry);
    return entry;
}

/* The first receipt is the voucher that the document came in as, each further one a voucher of its
 * own. All are in the archive together or not at all. */
static bool
commit_sheet(DnArchive *self, const DnUuid *id, const json_t *state, const DnReadResult *result,
             GError **error)
{
    const json_t *version = dn_voucher_version(state, 0);
    g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(DnUuid));
    g_autoptr(json_t) vouchers = json_array();
    g_auto(Reading) reading = {0};
    const json_t *rendition = NULL;
    size_t part = 0;

    reading_init(&reading);
    for (const DnReadResult *one = result; one; one = one->next) {
        DnUuid voucher = one == result ? *id : dn_uuid_new();
        g_autofree char *text = dn_uuid_text(&voucher);

        g_array_append_val(ids, voucher);
        json_array_append_new(vouchers, json_string(text));
    }
    for (const DnReadResult *one = result; one; one = one->next, part++) {
        const DnUuid *voucher = &g_array_index(ids, DnUuid, part);

        if (part > 0) {
            json_t *first = dn_voucher_further(self, state, version, voucher);

            dn_json_take(first, "sheet", sheet_place(vouchers, part + 1));
            g_ptr_array_add(reading.entries, first);
        }
        json_t *entry =
            add_reading(self, &reading, voucher, part > 0 ? 1 : dn_json_int(version, "version", 0),
                        one, part > 0 ? rendition : NULL, error);

        if (!entry)
            return false;
        if (part == 0) {
            dn_json_take(entry, "sheet", sheet_place(vouchers, 1));
            rendition = json_object_get(json_object_get(entry, "parts"), "rendition");
        }
    }
    return commit(self, dn_json_string(version, "period"), &reading, error);
}

/* The reading that is @state's own: the only one, or its place on the sheet. NULL: the sheet no
 * longer falls into the receipts that it was. */
static const DnReadResult *
own_part(const json_t *state, const DnReadResult *result)
{
    const json_t *sheet = json_object_get(state, "sheet");
    int64_t part = dn_json_int(sheet, "part", 1);
    const DnReadResult *own = NULL;
    size_t count = 0;

    if (!result->next)
        return result;
    for (const DnReadResult *one = result; one; one = one->next)
        if (++count == (size_t)part)
            own = one;
    return count == json_array_size(json_object_get(sheet, "vouchers")) ? own : NULL;
}

static bool
read_and_commit(DnArchive *self, const DnUuid *id, const json_t *state, GBytes *bytes, bool sheet,
                GError **error)
{
    const json_t *version = dn_voucher_version(state, 0);
    const json_t *area = json_object_get(json_object_get(state, "sheet"), "area");
    g_autoptr(DnReadResult) result = NULL;
    DnReadJob job = {
        .date_order = dn_settings_string(self->settings, "reading", "date-order"),
        .currency = dn_archive_currency(self),
        .received = dn_json_string(state, "received"),
        .kind = dn_json_bool(state, "kind_given", false) ? dn_json_string(state, "kind") : NULL,
        .rendition = true,
        .sheet = sheet && !area,
    };

    /* Where a person has said that this receipt lies; nothing else is read of the sheet. */
    for (size_t i = 0; i < G_N_ELEMENTS(job.area); i++)
        job.area[i] = (int)json_integer_value(json_array_get(area, i));

    if (!dn_reader_read(dn_archive_reader(self), bytes, &job, &result, error))
        return false;
    if (result->next && !json_object_get(state, "sheet"))
        return commit_sheet(self, id, state, result, error);
    const DnReadResult *own = own_part(state, result);

    return own ? commit_reading(self, id, version, own, error)
               : read_and_commit(self, id, state, bytes, false, error);
}

bool
dn_read_voucher(DnArchive *self, const DnUuid *id, GBytes *document, GError **error)
{
    g_autoptr(json_t) state = dn_voucher_changeable(self, id, error);
    const json_t *version = dn_voucher_version(state, 0);
    g_autoptr(GBytes) bytes = document ? g_bytes_ref(document) : NULL;
    g_autoptr(GError) problem = NULL;

    if (!state)
        return false;
    if (!bytes)
        bytes = dn_blob_load(self, &self->tenant, json_object_get(version, "blob"),
                             DN_PART_ORIGINAL, error);
    if (!bytes)
        return false;
    if (read_and_commit(self, id, state, bytes, is_sheet(state) || may_part(state), &problem))
        return true;
    if (is_verdict(problem))
        return commit_verdict(self, id, dn_json_int(version, "version", 0), problem, error);
    g_propagate_error(error, g_steal_pointer(&problem));
    return false;
}

json_t *
dn_read_result_of(DnArchive *self, const json_t *state, const char *status, GError **error)
{
    g_autoptr(json_t) result = dn_voucher_result(state, status);
    const json_t *sheet = json_object_get(state, "sheet");
    const json_t *vouchers = json_object_get(sheet, "vouchers");
    json_t *others = NULL;

    if (dn_json_int(sheet, "part", 0) != 1)
        return g_steal_pointer(&result);
    others = json_array();
    dn_json_take(result, "others", others);
    for (size_t i = 1; i < json_array_size(vouchers); i++) {
        DnUuid id;

        if (!dn_uuid_parse(json_string_value(json_array_get(vouchers, i)), &id, error))
            return NULL;
        g_autoptr(json_t) other = dn_view_voucher(self, &id, error);

        if (!other)
            return NULL;
        json_array_append_new(others, dn_voucher_result(other, status));
    }
    return g_steal_pointer(&result);
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
    json_t *result = dn_read_result_of(self, state, "stored", error);

    if (!result)
        return false;
    *out_result = result;
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
