/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/view-read.c - what the view shows.
 */
#include "config.h"
#include "engine/internal.h"
#include "engine/packed.h"
#include "engine/view-format.h"

#include <string.h>

/* The first key after all that begin with @prefix, which is not all 255. */
static void
after_prefix(const uint8_t *prefix, size_t size, uint8_t *after)
{
    memcpy(after, prefix, size);
    for (size_t i = size; i-- > 0;)
        if (++after[i] != 0)
            return;
}

/* A row that cannot be read is not shown; when the archive is opened next, the view is built again
 * from the log. */
static const DnValue *
read_row(DnArchive *self, DnArena *arena, const void *bytes, size_t size, GError **error)
{
    const DnValue *value = dn_packed_read(arena, bytes, size, error);

    if (value)
        return value;
    dn_view_condemn(self);
    dn_fail_in(error, "a row of the view is damaged, which is built again when the archive is "
                      "opened next, or by `dencho rebuild`");
    return NULL;
}

bool
dn_view_get(DnArchive *self, DnArena *arena, DnKvFamily family, const void *key, size_t size,
            const DnValue **out_value, GError **error)
{
    g_autoptr(GError) problem = NULL;
    g_autoptr(GBytes) row = dn_kv_get(self->view, family, key, size, &problem);
    const DnValue *value = NULL;

    if (problem) {
        g_propagate_error(error, g_steal_pointer(&problem));
        return false;
    }
    if (row) {
        gsize length = 0;
        const void *bytes = g_bytes_get_data(row, &length);
        void *copy = dn_arena_take(arena, length);

        memcpy(copy, bytes, length);
        value = read_row(self, arena, copy, length, error);
        if (!value)
            return false;
    }
    *out_value = value;
    return true;
}

/* (transfer full) NULL without an error when it is not there. */
static json_t *
get_json(DnArchive *self, DnKvFamily family, const void *key, size_t size, GError **error)
{
    g_autoptr(DnArena) arena = dn_arena_new();
    const DnValue *value = NULL;

    return dn_view_get(self, arena, family, key, size, &value, error) && value
               ? dn_json_of_value(value)
               : NULL;
}

const DnValue *
dn_view_state(DnArchive *self, DnArena *arena, const DnUuid *id, GError **error)
{
    uint8_t key[DN_VIEW_VOUCHER_KEY];
    const DnValue *state = NULL;

    dn_view_voucher_key(&self->tenant, id, key);
    if (!dn_view_current(self, error) ||
        !dn_view_get(self, arena, DN_KV_VOUCHER, key, sizeof key, &state, error))
        return NULL;
    return state ? state : dn_fail_null(error, DN_ERROR_NOT_FOUND, "no voucher has this id");
}

json_t *
dn_view_voucher(DnArchive *self, const DnUuid *id, GError **error)
{
    g_autoptr(DnArena) arena = dn_arena_new();
    const DnValue *state = dn_view_state(self, arena, id, error);

    return state ? dn_json_of_value(state) : NULL;
}

json_t *
dn_view_plan(DnArchive *self, uint64_t plan, GError **error)
{
    g_autoptr(GError) problem = NULL;
    uint8_t key[DN_VIEW_DISPOSAL_KEY];

    dn_view_disposal_row_key(&self->tenant, plan, key);
    json_t *row = get_json(self, DN_KV_META, key, sizeof key, &problem);

    if (!row && !problem)
        return dn_fail_null(error, DN_ERROR_NOT_FOUND,
                            "no disposal has this number; `dencho dispose --plan` gives one");
    if (!row)
        g_propagate_error(error, g_steal_pointer(&problem));
    return row;
}

json_t *
dn_view_stamp(DnArchive *self, uint64_t seq, GError **error)
{
    g_autoptr(GError) problem = NULL;
    uint8_t key[DN_VIEW_STAMP_KEY];

    dn_view_stamp_row_key(&self->tenant, seq, key);
    json_t *row = get_json(self, DN_KV_META, key, sizeof key, &problem);

    if (!row && !problem)
        return dn_fail_null(error, DN_ERROR_CORRUPT,
                            "the view knows no time stamp of entry %" G_GUINT64_FORMAT, seq);
    if (!row)
        g_propagate_error(error, g_steal_pointer(&problem));
    return row;
}

static bool
each_row(DnArchive *self, const uint8_t *from, const uint8_t *to, size_t size, DnRowVisitor visit,
         void *user_data, GError **error)
{
    g_autoptr(DnKvCursor) cursor =
        dn_kv_cursor(self->view, DN_KV_META, from, size, to, size, false);

    for (; dn_kv_cursor_valid(cursor); dn_kv_cursor_next(cursor)) {
        g_autoptr(DnArena) arena = dn_arena_new();
        size_t length = 0;
        const uint8_t *bytes = dn_kv_cursor_value(cursor, &length);
        const DnValue *value = read_row(self, arena, bytes, length, error);
        g_autoptr(json_t) row = value ? dn_json_of_value(value) : NULL;

        if (!row || !visit(row, user_data, error))
            return false;
    }
    return dn_kv_cursor_ok(cursor, error);
}

bool
dn_view_each_stamp(DnArchive *self, DnRowVisitor visit, void *user_data, GError **error)
{
    uint8_t from[DN_VIEW_STAMP_KEY];
    uint8_t to[DN_VIEW_STAMP_KEY];

    dn_view_stamp_row_key(&self->tenant, 0, from);
    dn_view_stamp_row_key(&self->tenant, UINT64_MAX, to);
    return each_row(self, from, to, sizeof from, visit, user_data, error);
}

bool
dn_view_signer(DnArchive *self, const char *signer, json_t **out_row, GError **error)
{
    g_autoptr(GError) problem = NULL;
    uint8_t key[DN_VIEW_SIGNER_KEY];
    DnSha256 digest;
    json_t *row = NULL;

    if (!dn_unhex(signer, digest.bytes, sizeof digest.bytes, error))
        return false;
    dn_view_signer_row_key(&self->tenant, &digest, key);
    row = get_json(self, DN_KV_META, key, sizeof key, &problem);
    if (problem) {
        g_propagate_error(error, g_steal_pointer(&problem));
        return false;
    }
    *out_row = row;
    return true;
}

bool
dn_view_each_signer(DnArchive *self, DnRowVisitor visit, void *user_data, GError **error)
{
    static const DnSha256 lowest;
    uint8_t from[DN_VIEW_SIGNER_KEY];
    uint8_t to[DN_VIEW_SIGNER_KEY];
    DnSha256 highest;

    memset(highest.bytes, 0xff, sizeof highest.bytes);
    dn_view_signer_row_key(&self->tenant, &lowest, from);
    dn_view_signer_row_key(&self->tenant, &highest, to);
    return each_row(self, from, to, sizeof from, visit, user_data, error);
}

json_t *
dn_view_settled(DnArchive *self, GError **error)
{
    g_autoptr(GError) problem = NULL;
    uint8_t key[DN_VIEW_SETTLED_KEY];

    dn_view_settled_row_key(&self->tenant, key);
    json_t *rows = get_json(self, DN_KV_META, key, sizeof key, &problem);

    if (!rows && problem) {
        g_propagate_error(error, g_steal_pointer(&problem));
        return NULL;
    }
    return rows ? rows : json_array();
}

json_t *
dn_view_registry(DnArchive *self, const char *name, GError **error)
{
    g_autofree char *key = dn_view_registry_row_key(name);

    return dn_view_current(self, error) ? get_json(self, DN_KV_META, key, strlen(key), error)
                                        : NULL;
}

bool
dn_view_find_prefix(DnArchive *self, const DnUuid *from, const DnUuid *to, DnUuid *out_id,
                    unsigned *out_count, GError **error)
{
    uint8_t first[DN_VIEW_VOUCHER_KEY];
    uint8_t last[DN_VIEW_VOUCHER_KEY];
    unsigned count = 0;

    dn_view_voucher_key(&self->tenant, from, first);
    dn_view_voucher_key(&self->tenant, to, last);
    g_autoptr(DnKvCursor) cursor =
        dn_kv_cursor(self->view, DN_KV_VOUCHER, first, sizeof first, NULL, 0, false);

    for (; dn_kv_cursor_valid(cursor) && count < 2; dn_kv_cursor_next(cursor)) {
        size_t size = 0;
        const uint8_t *key = dn_kv_cursor_key(cursor, &size);

        if (size != DN_VIEW_VOUCHER_KEY || memcmp(key, last, sizeof last) > 0)
            break;
        memcpy(out_id->bytes, key + 16, sizeof out_id->bytes);
        count++;
    }
    *out_count = count;
    return dn_kv_cursor_ok(cursor, error);
}

json_t *
dn_view_find_digest(DnArchive *self, const DnSha256 *digest, GError **error)
{
    uint8_t key[DN_VIEW_HASH_KEY];
    DnUuid id;

    if (!dn_view_current(self, error))
        return NULL;
    dn_view_hash_key(&self->tenant, digest, key);
    g_autoptr(GBytes) row = dn_kv_get(self->view, DN_KV_HASH, key, sizeof key, error);

    if (!row)
        return NULL;
    if (g_bytes_get_size(row) != sizeof id.bytes)
        return dn_fail_null(error, DN_ERROR_CORRUPT,
                            "a digest row of the view is damaged; rebuild it");
    memcpy(id.bytes, g_bytes_get_data(row, NULL), sizeof id.bytes);
    return dn_view_voucher(self, &id, error);
}

bool
dn_view_blob_place(DnArchive *self, const DnUuid *blob, DnStoreRef *out_place, GError **error)
{
    g_autoptr(GError) problem = NULL;
    g_autoptr(GBytes) row =
        dn_kv_get(self->view, DN_KV_BLOB, blob->bytes, sizeof blob->bytes, &problem);
    g_autofree char *id = dn_uuid_text(blob);

    if (row)
        return dn_view_parse_ref(row, out_place, error);
    if (!problem)
        return dn_fail(error, DN_ERROR_CORRUPT, "blob %s is not in the view; run `dencho rebuild`",
                       id);
    g_propagate_error(error, g_steal_pointer(&problem));
    return false;
}

bool
dn_view_position(DnArchive *self, DnStorePosition *out_position, GError **error)
{
    g_autoptr(GError) problem = NULL;
    g_autoptr(GBytes) row = dn_kv_get(self->view, DN_KV_META, dn_view_position_key,
                                      strlen(dn_view_position_key), &problem);

    if (problem) {
        g_propagate_error(error, g_steal_pointer(&problem));
        return false;
    }
    *out_position = (DnStorePosition){0};
    if (!row)
        return true;
    if (g_bytes_get_size(row) != DN_VIEW_POSITION_BYTES)
        return dn_fail(error, DN_ERROR_CORRUPT,
                       "the view's position is damaged; run `dencho rebuild`");
    const uint8_t *bytes = g_bytes_get_data(row, NULL);

    *out_position = (DnStorePosition){.segment = (uint32_t)dn_get_be(bytes, 4),
                                      .offset = dn_get_be(bytes + 4, 8)};
    return true;
}

bool
dn_view_is_current(DnArchive *self, bool *out_current, GError **error)
{
    g_autoptr(GError) problem = NULL;
    g_autoptr(GBytes) row =
        dn_kv_get(self->view, DN_KV_META, dn_view_format_key, strlen(dn_view_format_key), &problem);
    DnStorePosition position;

    if (problem) {
        g_propagate_error(error, g_steal_pointer(&problem));
        return false;
    }
    if (!dn_view_position(self, &position, error))
        return false;
    if (row)
        *out_current = g_bytes_get_size(row) == 1 &&
                       *(const uint8_t *)g_bytes_get_data(row, NULL) == DN_VIEW_FORMAT;
    else
        *out_current = position.segment == 0 && position.offset == 0; /* nothing in it yet */
    return true;
}

static bool
head_of_row(const json_t *row, DnLedgerHead *out_head, GError **error)
{
    *out_head = (DnLedgerHead){.seq = (uint64_t)dn_json_int(row, "seq", 0)};
    return dn_unhex(dn_json_string(row, "hash"), out_head->hash.bytes, sizeof out_head->hash.bytes,
                    error);
}

bool
dn_view_head(DnArchive *self, const DnUuid *tenant, DnLedgerHead *out_head, GError **error)
{
    g_autoptr(GError) problem = NULL;
    uint8_t key[DN_VIEW_TENANT_KEY];

    dn_view_tenant_row_key(tenant, key);
    g_autoptr(json_t) row = get_json(self, DN_KV_META, key, sizeof key, &problem);

    if (problem) {
        g_propagate_error(error, g_steal_pointer(&problem));
        return false;
    }
    *out_head = (DnLedgerHead){0};
    return !row || head_of_row(row, out_head, error);
}

GPtrArray *
dn_view_tenants(DnArchive *self, GError **error)
{
    uint8_t end[6];
    g_autoptr(GPtrArray) tenants = g_ptr_array_new_with_free_func((GDestroyNotify)json_decref);
    g_autoptr(DnArena) arena = dn_arena_new();

    after_prefix((const uint8_t *)dn_view_tenant_key, 6, end);
    g_autoptr(DnKvCursor) cursor =
        dn_kv_cursor(self->view, DN_KV_META, dn_view_tenant_key, 6, end, sizeof end, false);

    for (; dn_kv_cursor_valid(cursor); dn_kv_cursor_next(cursor)) {
        size_t size = 0;
        const uint8_t *key = dn_kv_cursor_key(cursor, &size);
        DnUuid id;

        if (size != DN_VIEW_TENANT_KEY)
            continue;
        memcpy(id.bytes, key + 6, 16);
        const uint8_t *bytes = dn_kv_cursor_value(cursor, &size);
        const DnValue *value = read_row(self, arena, bytes, size, error);

        if (!value)
            return NULL;
        json_t *row = dn_json_of_value(value);
        g_autofree char *id_text = dn_uuid_text(&id);

        dn_json_set_string(row, "tenant", id_text);
        g_ptr_array_add(tenants, row);
    }
    return dn_kv_cursor_ok(cursor, error) ? g_steal_pointer(&tenants) : NULL;
}

DnKvCursor *
dn_view_job_cursor(DnArchive *self, char job)
{
    uint8_t from[17];
    uint8_t to[17];

    memcpy(from, self->tenant.bytes, 16);
    from[16] = (uint8_t)job;
    after_prefix(from, sizeof from, to);
    return dn_kv_cursor(self->view, DN_KV_JOB, from, sizeof from, to, sizeof to, false);
}

bool
dn_view_job_next(DnKvCursor *cursor, DnUuid *out_id)
{
    bool found = false;

    for (; dn_kv_cursor_valid(cursor) && !found; dn_kv_cursor_next(cursor)) {
        size_t size = 0;
        const uint8_t *key = dn_kv_cursor_key(cursor, &size);

        found = size == DN_VIEW_JOB_KEY;
        if (found)
            memcpy(out_id->bytes, key + 17, 16);
    }
    return found;
}

GArray *
dn_view_jobs(DnArchive *self, char job, GError **error)
{
    g_autoptr(DnKvCursor) cursor = dn_view_job_cursor(self, job);
    g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(DnUuid));
    DnUuid id;

    while (dn_view_job_next(cursor, &id))
        g_array_append_val(ids, id);
    return dn_kv_cursor_ok(cursor, error) ? g_steal_pointer(&ids) : NULL;
}

bool
dn_view_count_jobs(DnArchive *self, char job, uint64_t *out_count, GError **error)
{
    g_autoptr(DnKvCursor) cursor = dn_view_job_cursor(self, job);
    uint64_t count = 0;
    DnUuid id;

    while (dn_view_job_next(cursor, &id))
        count++;
    *out_count = count;
    return dn_kv_cursor_ok(cursor, error);
}

/* By the counters of the index: a few rows a day, not one a voucher. */
bool
dn_view_count(DnArchive *self, uint64_t *out_count, GError **error)
{
    DnQuery everything = {.deleted = DN_DELETED_INCLUDE};

    return dn_index_count(self->view, &self->tenant, &everything, out_count, error);
}

bool
dn_view_each_packed(DnArchive *self, DnPackedVisitor visit, void *user_data, GError **error)
{
    uint8_t to[16];

    after_prefix(self->tenant.bytes, 16, to);
    g_autoptr(DnKvCursor) cursor =
        dn_kv_cursor(self->view, DN_KV_VOUCHER, self->tenant.bytes, 16, to, sizeof to, false);

    for (; dn_kv_cursor_valid(cursor); dn_kv_cursor_next(cursor)) {
        size_t size = 0;
        const uint8_t *bytes = dn_kv_cursor_value(cursor, &size);

        if (!visit(bytes, size, user_data, error))
            return false;
    }
    return dn_kv_cursor_ok(cursor, error);
}

typedef struct {
    DnArchive *archive;
    DnStateVisitor visit; /* one of both */
    DnValueVisitor visit_value;
    void *user_data;
} States;

static bool
visit_packed(const uint8_t *bytes, size_t size, void *user_data, GError **error)
{
    const States *states = user_data;
    g_autoptr(DnArena) arena = dn_arena_new();
    const DnValue *state = read_row(states->archive, arena, bytes, size, error);

    if (!state)
        return false;
    if (states->visit_value)
        return states->visit_value(state, states->user_data, error);
    g_autoptr(json_t) json = dn_json_of_value(state);

    return states->visit(json, states->user_data, error);
}

bool
dn_view_each(DnArchive *self, DnStateVisitor visit, void *user_data, GError **error)
{
    States states = {.archive = self, .visit = visit, .user_data = user_data};

    return dn_view_each_packed(self, visit_packed, &states, error);
}

bool
dn_view_each_value(DnArchive *self, DnValueVisitor visit, void *user_data, GError **error)
{
    States states = {.archive = self, .visit_value = visit, .user_data = user_data};

    return dn_view_each_packed(self, visit_packed, &states, error);
}

GArray *
dn_view_entries(DnArchive *self, const DnUuid *id, GError **error)
{
    uint8_t from[DN_VIEW_VOUCHER_KEY];
    uint8_t to[DN_VIEW_VOUCHER_KEY];
    g_autoptr(GArray) places = g_array_new(FALSE, FALSE, sizeof(DnEntryPlace));

    dn_view_voucher_key(&self->tenant, id, from);
    after_prefix(from, sizeof from, to);
    g_autoptr(DnKvCursor) cursor =
        dn_kv_cursor(self->view, DN_KV_ENTRY, from, sizeof from, to, sizeof to, false);

    for (; dn_kv_cursor_valid(cursor); dn_kv_cursor_next(cursor)) {
        size_t key_size = 0;
        size_t size = 0;
        const uint8_t *key = dn_kv_cursor_key(cursor, &key_size);
        const uint8_t *value = dn_kv_cursor_value(cursor, &size);
        g_autoptr(GBytes) row = g_bytes_new(value, size);
        DnEntryPlace place;

        if (key_size != DN_VIEW_ENTRY_KEY)
            return dn_fail_null(error, DN_ERROR_CORRUPT,
                                "a row of the view is damaged; rebuild it");
        place.seq = dn_get_be(key + DN_VIEW_VOUCHER_KEY, 8);
        if (!dn_view_parse_ref(row, &place.ref, error))
            return NULL;
        g_array_append_val(places, place);
    }
    return dn_kv_cursor_ok(cursor, error) ? g_steal_pointer(&places) : NULL;
}

/* The reference to the text of the newest version, for full-text search; NULL when it was not read
 * or has been disposed of. */
static const json_t *
text_ref(const json_t *state)
{
    if (g_strcmp0(dn_json_string(state, "state"), "disposed") == 0)
        return NULL;
    return json_object_get(json_object_get(dn_voucher_version(state, 0), "parts"), "text");
}

char *
dn_view_text_of_bytes(GBytes *bytes)
{
    gsize size = 0;
    const char *text = g_bytes_get_data(bytes, &size);

    return dn_text_sanitise(text, (gssize)size);
}

bool
dn_view_text(DnArchive *self, const DnUuid *tenant, const json_t *state, char **out_text,
             GError **error)
{
    const json_t *ref = text_ref(state);
    g_autoptr(GBytes) bytes = ref ? dn_blob_load(self, tenant, ref, DN_PART_TEXT, error) : NULL;

    if (ref && !bytes)
        return dn_fail_in(error, "text");
    *out_text = bytes ? dn_view_text_of_bytes(bytes) : NULL;
    return true;
}
