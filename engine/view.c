/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/view.c - the log, applied: catalogue, search rows, jobs.
 *
 * Each commit becomes one atomic write that also holds the log position it stands for, so that the
 * view is always the log up to some commit. After a crash it goes on from there; without it, it is
 * built again and is the same.
 *
 *   META     "format" -> FORMAT, 1 byte
 *            "position" -> segment, offset          "tenant", uuid -> {"name","seq","hash"}
 *            "disposal", tenant, seq of the plan -> {"plan","period","planned_by",...}
 *            "settled", tenant -> [{"at","actor","rules"}]
 *   VOUCHER  tenant, voucher -> state               ENTRY  tenant, voucher, seq -> place
 *   BLOB     blob -> place                          HASH   tenant, SHA-256 -> voucher
 *   JOB      tenant, 'r' | 's', voucher -> nothing  INDEX  see index/
 */
#include "config.h"
#include "engine/internal.h"
#include "engine/view-format.h"

#include <string.h>

enum { POSITION_BYTES = 12, VOUCHER_KEY = 32, ENTRY_KEY = 40, HASH_KEY = 48, JOB_KEY = 33 };

static const char position_key[] = "position";
static const char tenant_key[] = "tenant";
static const char disposal_key[] = "disposal";
static const char settled_key[] = "settled";
static const char format_key[] = "format";

/* Of all rows, those of index/ too. A view of another number is built again when it is opened, so
 * that a change of any row raises it and is done. */
static const uint8_t FORMAT = 3;

enum { SETTLED_KEY = 7 + 16 };
enum { DISPOSAL_KEY = 8 + 16 + 8 };

/* --- keys --- */

static void
voucher_key(const DnUuid *tenant, const DnUuid *id, uint8_t *key)
{
    memcpy(key, tenant->bytes, 16);
    memcpy(key + 16, id->bytes, 16);
}

static void
job_key(const DnUuid *tenant, char job, const DnUuid *id, uint8_t *key)
{
    memcpy(key, tenant->bytes, 16);
    key[16] = (uint8_t)job;
    memcpy(key + 17, id->bytes, 16);
}

static void
digest_key(const DnUuid *tenant, const DnSha256 *digest, uint8_t *key)
{
    memcpy(key, tenant->bytes, 16);
    memcpy(key + 16, digest->bytes, 32);
}

static void
tenant_row_key(const DnUuid *tenant, uint8_t key[22])
{
    memcpy(key, tenant_key, 6);
    memcpy(key + 6, tenant->bytes, 16);
}

static void
plan_key(const DnUuid *tenant, uint64_t plan, uint8_t key[DISPOSAL_KEY])
{
    memcpy(key, disposal_key, 8);
    memcpy(key + 8, tenant->bytes, 16);
    dn_put_be(key + 24, plan, 8);
}

static void
settled_row_key(const DnUuid *tenant, uint8_t key[SETTLED_KEY])
{
    memcpy(key, settled_key, 7);
    memcpy(key + 7, tenant->bytes, 16);
}

/* The first key after all that begin with @prefix, which is not all 255. */
static void
after_prefix(const uint8_t *prefix, size_t size, uint8_t *after)
{
    memcpy(after, prefix, size);
    for (size_t i = size; i-- > 0;)
        if (++after[i] != 0)
            return;
}

/* --- reading --- */

static json_t *
get_json(DnArchive *self, DnKvFamily family, const void *key, size_t size, GError **error)
{
    g_autoptr(GError) problem = NULL;
    g_autoptr(GBytes) row = dn_kv_get(self->view, family, key, size, &problem);
    gsize length = 0;

    if (!row) {
        if (problem)
            g_propagate_error(error, g_steal_pointer(&problem));
        return NULL;
    }
    const char *text = g_bytes_get_data(row, &length);
    json_t *value = dn_json_parse(text, length, NULL);

    if (!value)
        return dn_fail_null(error, DN_ERROR_CORRUPT,
                            "a row of the view is damaged; run `dencho rebuild`");
    return value;
}

json_t *
dn_view_voucher(DnArchive *self, const DnUuid *id, GError **error)
{
    g_autoptr(GError) problem = NULL;
    uint8_t key[VOUCHER_KEY];

    if (!dn_view_current(self, error))
        return NULL;
    voucher_key(&self->tenant, id, key);
    json_t *state = get_json(self, DN_KV_VOUCHER, key, sizeof key, &problem);

    if (!state && !problem)
        return dn_fail_null(error, DN_ERROR_NOT_FOUND, "no voucher has this id");
    if (!state)
        g_propagate_error(error, g_steal_pointer(&problem));
    return state;
}

json_t *
dn_view_plan(DnArchive *self, uint64_t plan, GError **error)
{
    g_autoptr(GError) problem = NULL;
    uint8_t key[DISPOSAL_KEY];

    plan_key(&self->tenant, plan, key);
    json_t *row = get_json(self, DN_KV_META, key, sizeof key, &problem);

    if (!row && !problem)
        return dn_fail_null(error, DN_ERROR_NOT_FOUND,
                            "no disposal has this number; `dencho dispose --plan` gives one");
    if (!row)
        g_propagate_error(error, g_steal_pointer(&problem));
    return row;
}

json_t *
dn_view_settled(DnArchive *self, GError **error)
{
    g_autoptr(GError) problem = NULL;
    uint8_t key[SETTLED_KEY];

    settled_row_key(&self->tenant, key);
    json_t *rows = get_json(self, DN_KV_META, key, sizeof key, &problem);

    if (!rows && problem) {
        g_propagate_error(error, g_steal_pointer(&problem));
        return NULL;
    }
    return rows ? rows : json_array();
}

bool
dn_view_find_prefix(DnArchive *self, const DnUuid *from, const DnUuid *to, DnUuid *out_id,
                    unsigned *out_count, GError **error)
{
    uint8_t first[VOUCHER_KEY];
    uint8_t last[VOUCHER_KEY];
    unsigned count = 0;

    voucher_key(&self->tenant, from, first);
    voucher_key(&self->tenant, to, last);
    g_autoptr(DnKvCursor) cursor =
        dn_kv_cursor(self->view, DN_KV_VOUCHER, first, sizeof first, NULL, 0, false);

    for (; dn_kv_cursor_valid(cursor) && count < 2; dn_kv_cursor_next(cursor)) {
        size_t size = 0;
        const uint8_t *key = dn_kv_cursor_key(cursor, &size);

        if (size != VOUCHER_KEY || memcmp(key, last, sizeof last) > 0)
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
    uint8_t key[HASH_KEY];
    DnUuid id;

    if (!dn_view_current(self, error))
        return NULL;
    digest_key(&self->tenant, digest, key);
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
    g_autoptr(GBytes) row =
        dn_kv_get(self->view, DN_KV_META, position_key, strlen(position_key), &problem);

    if (problem) {
        g_propagate_error(error, g_steal_pointer(&problem));
        return false;
    }
    *out_position = (DnStorePosition){0};
    if (!row)
        return true;
    if (g_bytes_get_size(row) != POSITION_BYTES)
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
        dn_kv_get(self->view, DN_KV_META, format_key, strlen(format_key), &problem);
    DnStorePosition position;

    if (problem) {
        g_propagate_error(error, g_steal_pointer(&problem));
        return false;
    }
    if (!dn_view_position(self, &position, error))
        return false;
    if (row)
        *out_current = g_bytes_get_size(row) == sizeof FORMAT &&
                       *(const uint8_t *)g_bytes_get_data(row, NULL) == FORMAT;
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
    uint8_t key[22];

    tenant_row_key(tenant, key);
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

    after_prefix((const uint8_t *)tenant_key, 6, end);
    g_autoptr(DnKvCursor) cursor =
        dn_kv_cursor(self->view, DN_KV_META, tenant_key, 6, end, sizeof end, false);

    for (; dn_kv_cursor_valid(cursor); dn_kv_cursor_next(cursor)) {
        size_t size = 0;
        const uint8_t *key = dn_kv_cursor_key(cursor, &size);
        DnUuid id;

        if (size != 22)
            continue;
        memcpy(id.bytes, key + 6, 16);
        const char *text = (const char *)dn_kv_cursor_value(cursor, &size);
        json_t *row = dn_json_parse(text, size, error);

        if (!row)
            return NULL;
        g_autofree char *id_text = dn_uuid_text(&id);

        dn_json_set_string(row, "tenant", id_text);
        g_ptr_array_add(tenants, row);
    }
    return dn_kv_cursor_ok(cursor, error) ? g_steal_pointer(&tenants) : NULL;
}

GArray *
dn_view_jobs(DnArchive *self, char job, GError **error)
{
    uint8_t from[17];
    uint8_t to[17];
    g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(DnUuid));

    memcpy(from, self->tenant.bytes, 16);
    from[16] = (uint8_t)job;
    after_prefix(from, sizeof from, to);
    g_autoptr(DnKvCursor) cursor =
        dn_kv_cursor(self->view, DN_KV_JOB, from, sizeof from, to, sizeof to, false);

    for (; dn_kv_cursor_valid(cursor); dn_kv_cursor_next(cursor)) {
        size_t size = 0;
        const uint8_t *key = dn_kv_cursor_key(cursor, &size);
        DnUuid id;

        if (size != JOB_KEY)
            continue;
        memcpy(id.bytes, key + 17, 16);
        g_array_append_val(ids, id);
    }
    return dn_kv_cursor_ok(cursor, error) ? g_steal_pointer(&ids) : NULL;
}

bool
dn_view_count(DnArchive *self, uint64_t *out_count, GError **error)
{
    uint8_t to[16];
    uint64_t count = 0;

    after_prefix(self->tenant.bytes, 16, to);
    g_autoptr(DnKvCursor) cursor =
        dn_kv_cursor(self->view, DN_KV_VOUCHER, self->tenant.bytes, 16, to, sizeof to, false);

    for (; dn_kv_cursor_valid(cursor); dn_kv_cursor_next(cursor))
        count++;
    *out_count = count;
    return dn_kv_cursor_ok(cursor, error);
}

bool
dn_view_each(DnArchive *self, DnStateVisitor visit, void *user_data, GError **error)
{
    uint8_t to[16];

    after_prefix(self->tenant.bytes, 16, to);
    g_autoptr(DnKvCursor) cursor =
        dn_kv_cursor(self->view, DN_KV_VOUCHER, self->tenant.bytes, 16, to, sizeof to, false);

    for (; dn_kv_cursor_valid(cursor); dn_kv_cursor_next(cursor)) {
        size_t size = 0;
        const char *text = (const char *)dn_kv_cursor_value(cursor, &size);
        g_autoptr(json_t) state = dn_json_parse(text, size, error);

        if (!state)
            return dn_fail_in(error, "a row of the view (run `dencho rebuild`)");
        if (!visit(state, user_data, error))
            return false;
    }
    return dn_kv_cursor_ok(cursor, error);
}

GArray *
dn_view_entries(DnArchive *self, const DnUuid *id, GError **error)
{
    uint8_t from[VOUCHER_KEY];
    uint8_t to[VOUCHER_KEY];
    g_autoptr(GArray) places = g_array_new(FALSE, FALSE, sizeof(DnEntryPlace));

    voucher_key(&self->tenant, id, from);
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

        if (key_size != ENTRY_KEY)
            return dn_fail_null(error, DN_ERROR_CORRUPT,
                                "a row of the view is damaged; rebuild it");
        place.seq = dn_get_be(key + VOUCHER_KEY, 8);
        if (!dn_view_parse_ref(row, &place.ref, error))
            return NULL;
        g_array_append_val(places, place);
    }
    return dn_kv_cursor_ok(cursor, error) ? g_steal_pointer(&places) : NULL;
}

/* --- applying --- */

typedef struct {
    json_t *state;
    DnUuid tenant;
    DnUuid id;
} Changed;

typedef struct {
    DnUuid id;
    char *name; /* (nullable) when the tenant is new */
    DnLedgerHead head;
    json_t *last_row; /* (nullable) when the tenant was closed: what stays of it */
} Tenant;

/* Commits on their way into one write. What one of them has changed, the next must see. */
typedef struct {
    DnArchive *archive;
    const DnApply *apply; /* the commit at hand */
    DnKvBatch *batch;
    GHashTable *states;  /* tenant and voucher -> Changed */
    GHashTable *blobs;   /* blob -> DnStoreRef */
    GHashTable *tenants; /* tenant -> Tenant */
    GHashTable *rows;    /* key of META -> json_t, of what has rows of its own there */
} Applying;

static guint
uuid_hash(gconstpointer key)
{
    guint value;

    memcpy(&value, ((const DnUuid *)key)->bytes + 12, sizeof value); /* the random end */
    return value;
}

static gboolean
uuid_same(gconstpointer a, gconstpointer b)
{
    return dn_uuid_equal(a, b);
}

static guint
changed_hash(gconstpointer key)
{
    return uuid_hash(&((const Changed *)key)->id);
}

static gboolean
changed_same(gconstpointer a, gconstpointer b)
{
    const Changed *x = a;
    const Changed *y = b;

    return dn_uuid_equal(&x->id, &y->id) && dn_uuid_equal(&x->tenant, &y->tenant);
}

static void
changed_free(gpointer data)
{
    Changed *changed = data;

    json_decref(changed->state);
    g_free(changed);
}

static void
tenant_free(gpointer data)
{
    Tenant *tenant = data;

    g_free(tenant->name);
    json_decref(tenant->last_row);
    g_free(tenant);
}

static void
bytes_free(gpointer bytes)
{
    g_bytes_unref(bytes);
}

static void
row_free(gpointer row)
{
    json_decref(row);
}

static void
applying_init(Applying *self, DnArchive *archive)
{
    self->archive = archive;
    self->batch = dn_kv_batch_new();
    self->states = g_hash_table_new_full(changed_hash, changed_same, NULL, changed_free);
    self->blobs = g_hash_table_new_full(uuid_hash, uuid_same, NULL, NULL);
    self->tenants = g_hash_table_new_full(uuid_hash, uuid_same, NULL, tenant_free);
    self->rows = g_hash_table_new_full(g_bytes_hash, g_bytes_equal, bytes_free, row_free);
}

static void
applying_clear(Applying *self)
{
    g_clear_pointer(&self->batch, dn_kv_batch_free);
    g_clear_pointer(&self->states, g_hash_table_unref);
    g_clear_pointer(&self->blobs, g_hash_table_unref);
    g_clear_pointer(&self->tenants, g_hash_table_unref);
    g_clear_pointer(&self->rows, g_hash_table_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Applying, applying_clear)

/* (transfer full) NULL without error: there is none. */
static json_t *
state_before(Applying *applying, const DnUuid *id, GError **error)
{
    Changed wanted = {.tenant = applying->apply->tenant, .id = *id};
    const Changed *changed = g_hash_table_lookup(applying->states, &wanted);
    uint8_t key[VOUCHER_KEY];

    if (changed)
        return json_incref(changed->state);
    voucher_key(&applying->apply->tenant, id, key);
    return get_json(applying->archive, DN_KV_VOUCHER, key, VOUCHER_KEY, error);
}

/* Takes @state. */
static void
set_state(Applying *applying, const DnUuid *id, json_t *state)
{
    Changed *changed = g_new(Changed, 1);

    *changed = (Changed){.state = state, .tenant = applying->apply->tenant, .id = *id};
    g_hash_table_replace(applying->states, changed, changed);
}

/* (transfer full) A row of META, for the caller to change. NULL without error: there is none. */
static json_t *
row_before(Applying *applying, const void *key, size_t size, GError **error)
{
    g_autoptr(GBytes) wanted = g_bytes_new(key, size);
    json_t *row = g_hash_table_lookup(applying->rows, wanted);

    return row ? json_incref(row) : get_json(applying->archive, DN_KV_META, key, size, error);
}

static void
set_row(Applying *applying, const void *key, size_t size, json_t *row)
{
    g_hash_table_replace(applying->rows, g_bytes_new(key, size), json_incref(row));
}

/* The plain bytes of a blob of one of these commits, or of an earlier one. */
static GBytes *
blob_of(Applying *applying, const json_t *ref, DnPart part, GError **error)
{
    const DnUuid *tenant = &applying->apply->tenant;
    DnSealName name = {.tenant = *tenant, .part = part};
    const DnStoreRef *place = NULL;

    if (!dn_uuid_parse(dn_json_string(ref, "id"), &name.blob, error))
        return NULL;
    place = g_hash_table_lookup(applying->blobs, &name.blob);
    return place ? dn_blob_open(applying->archive, &name, place, ref, error)
                 : dn_blob_load(applying->archive, tenant, ref, part, error);
}

/* Books are found by their references as vouchers are by labels. A label cannot begin like this, it
 * has no control characters. */
char *
dn_view_book_label(const char *book_ref)
{
    return g_strconcat("\x1f", book_ref, NULL);
}

bool
dn_view_is_book_label(const char *label)
{
    return label[0] == '\x1f';
}

/* (transfer full) Labels and references to the books. */
static char **
words_of(const json_t *state)
{
    const json_t *labels = json_object_get(state, "labels");
    const json_t *refs = json_object_get(state, "book_refs");
    size_t count = 0;
    char **words = g_new0(char *, json_array_size(labels) + json_array_size(refs) + 1);

    for (size_t i = 0; i < json_array_size(labels); i++)
        words[count++] = g_strdup(json_string_value(json_array_get(labels, i)));
    for (size_t i = 0; i < json_array_size(refs); i++)
        words[count++] = dn_view_book_label(json_string_value(json_array_get(refs, i)));
    return words;
}

void
dn_view_record(const json_t *state, DnIndexRecord *out_record, char ***out_labels, char **out_shown)
{
    const json_t *fields = json_object_get(state, "fields");
    const json_t *amount = json_object_get(fields, "amount");
    const char *date = dn_json_string(json_object_get(fields, "date"), "value");
    char **labels = words_of(state);
    DnDate day;

    *out_record = (DnIndexRecord){
        .registered_seq = (uint64_t)dn_json_int(state, "registered_seq", 0),
        .date_days = DN_DAYS_MISSING,
        .amount = dn_json_int(amount, "value", DN_AMOUNT_MISSING),
        .currency = dn_json_string(amount, "currency"),
        .party = dn_json_string(json_object_get(fields, "party"), "value"),
        .registration_number =
            dn_json_string(json_object_get(fields, "registration_number"), "value"),
        .kind = dn_json_string(state, "kind"),
        .labels = (const char *const *)labels,
        .deleted = dn_json_bool(state, "deleted", false),
    };
    if (date && dn_date_parse(date, &day, NULL))
        out_record->date_days = dn_date_to_days(&day);
    dn_uuid_parse(dn_json_string(state, "voucher"), &out_record->id, NULL);
    out_record->shown = *out_shown = dn_row_shown(state);
    *out_labels = labels;
}

static void
update_index(Applying *applying, const json_t *before, const json_t *after)
{
    g_auto(GStrv) labels_before = NULL;
    g_auto(GStrv) labels_after = NULL;
    g_autofree char *shown_before = NULL;
    g_autofree char *shown_after = NULL;
    DnIndexRecord old;
    DnIndexRecord new;

    if (before)
        dn_view_record(before, &old, &labels_before, &shown_before);
    dn_view_record(after, &new, &labels_after, &shown_after);
    dn_index_update(applying->batch, &applying->apply->tenant, before ? &old : NULL, &new);
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

static char *
text_of_bytes(GBytes *bytes)
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
    *out_text = bytes ? text_of_bytes(bytes) : NULL;
    return true;
}

/* False without an error: no commit so far has brought it. */
static bool
is_known_blob(Applying *applying, const json_t *ref, GError **error)
{
    DnUuid id;

    if (!dn_uuid_parse(dn_json_string(ref, "id"), &id, error))
        return false;
    if (g_hash_table_contains(applying->blobs, &id))
        return true;
    g_autoptr(GBytes) row =
        dn_kv_get(applying->archive->view, DN_KV_BLOB, id.bytes, sizeof id.bytes, error);

    return row != NULL;
}

/* The same for a commit that is being applied: its own blobs are in no row yet. */
static bool
text_of(Applying *applying, const json_t *state, char **out_text, GError **error)
{
    const json_t *ref = text_ref(state);

    *out_text = NULL;
    if (!ref)
        return true;
    g_autoptr(GError) problem = NULL;

    /* An archive that was made of a capsule never had the words of what was disposed of before.
     * Where they should be there, a check misses them. */
    if (!is_known_blob(applying, ref, &problem) && !problem)
        return true;
    g_autoptr(GBytes) bytes = problem ? NULL : blob_of(applying, ref, DN_PART_TEXT, &problem);

    /* The key of its period has been destroyed: an entry further on says so. */
    if (!bytes && g_error_matches(problem, DN_ERROR, DN_ERROR_NOT_FOUND))
        return true;
    if (!bytes) {
        g_propagate_error(error, g_steal_pointer(&problem));
        return false;
    }
    *out_text = text_of_bytes(bytes);
    return true;
}

static bool
update_text(Applying *applying, const json_t *before, const json_t *after, GError **error)
{
    g_autofree char *old = NULL;
    g_autofree char *new = NULL;

    if (!text_of(applying, before, &old, error) || !text_of(applying, after, &new, error))
        return dn_fail_in(error, "text");
    dn_index_update_text(applying->batch, &applying->apply->tenant,
                         (uint64_t)dn_json_int(after, "registered_seq", 0), old, new);
    return true;
}

static void
set_job(Applying *applying, char job, const DnUuid *id, bool waits)
{
    uint8_t key[JOB_KEY];

    job_key(&applying->apply->tenant, job, id, key);
    if (waits)
        dn_kv_batch_put(applying->batch, DN_KV_JOB, key, sizeof key, "", 0);
    else
        dn_kv_batch_delete(applying->batch, DN_KV_JOB, key, sizeof key);
}

/* A document came in: it waits to be read and to be stamped, and the same bytes are a duplicate
 * from now on. */
static bool
note_document(Applying *applying, const json_t *entry, const DnUuid *id, GError **error)
{
    uint8_t key[HASH_KEY];
    DnSha256 digest;

    if (!dn_unhex(dn_json_string(json_object_get(entry, "blob"), "sha256"), digest.bytes,
                  sizeof digest.bytes, error))
        return false;
    digest_key(&applying->apply->tenant, &digest, key);
    dn_kv_batch_put(applying->batch, DN_KV_HASH, key, sizeof key, id->bytes, sizeof id->bytes);
    set_job(applying, 'r', id, dn_json_string(entry, "media_type") != NULL);
    set_job(applying, 's', id, true);
    return true;
}

static bool
has_unstamped_version(const json_t *state)
{
    const json_t *versions = json_object_get(state, "versions");

    for (size_t i = 0; i < json_array_size(versions); i++)
        if (!json_object_get(json_array_get(versions, i), "stamp"))
            return true;
    return false;
}

/* One entry of one voucher. */
static bool
apply_to_voucher(Applying *applying, const DnUuid *id, const json_t *entry, GError **error)
{
    g_autoptr(GError) problem = NULL;
    const char *type = dn_json_string(entry, "type");
    g_autoptr(json_t) before = state_before(applying, id, &problem);

    if (problem) {
        g_propagate_error(error, g_steal_pointer(&problem));
        return false;
    }
    g_autoptr(json_t) after = dn_voucher_apply(before, entry, error);

    if (!after)
        return false;
    update_index(applying, before, after);
    if (strcmp(type, "voucher.registered") == 0 || strcmp(type, "voucher.revised") == 0) {
        if (!note_document(applying, entry, id, error) ||
            !update_text(applying, before, after, error))
            return false;
    } else if (strcmp(type, "voucher.read") == 0) {
        set_job(applying, 'r', id, false);
        if (!update_text(applying, before, after, error))
            return false;
    } else if (strcmp(type, "voucher.disposed") == 0) {
        set_job(applying, 'r', id, false);
        if (!update_text(applying, before, after, error))
            return false;
    } else if (strcmp(type, "voucher.unreadable") == 0) {
        set_job(applying, 'r', id, false);
    } else if (strcmp(type, "evidence.stamped") == 0) {
        set_job(applying, 's', id, has_unstamped_version(after));
    }
    set_state(applying, id, g_steal_pointer(&after));
    return true;
}

/* A batch's entry speaks of all vouchers whose digests are its leaves. */
static bool
apply_stamped(Applying *applying, const json_t *entry, GError **error)
{
    g_autoptr(GBytes) bytes =
        blob_of(applying, json_object_get(entry, "leaves"), DN_PART_EVIDENCE, error);
    g_autoptr(GArray) leaves = bytes ? dn_leaves_parse(bytes, error) : NULL;

    if (!leaves)
        return dn_fail_in(error, "evidence");
    for (guint i = 0; i < leaves->len; i++) {
        const DnLeaf *leaf = &g_array_index(leaves, DnLeaf, i);

        if (leaf->is_ledger)
            continue;
        g_autoptr(json_t) one = json_copy((json_t *)(uintptr_t)entry);

        dn_json_set_int(one, "version", (int64_t)leaf->number);
        if (!apply_to_voucher(applying, &leaf->voucher, one, error))
            return false;
    }
    return true;
}

static bool
note_settled(Applying *applying, const json_t *entry, GError **error)
{
    static const char *const keys[] = {"at", "actor", "rules", NULL};
    uint8_t key[SETTLED_KEY];
    g_autoptr(GError) problem = NULL;

    settled_row_key(&applying->apply->tenant, key);
    g_autoptr(json_t) rows = row_before(applying, key, sizeof key, &problem);

    if (problem) {
        g_propagate_error(error, g_steal_pointer(&problem));
        return false;
    }
    if (!rows)
        rows = json_array();
    json_t *row = json_object();

    for (const char *const *member = keys; *member; member++)
        dn_json_take(row, *member, json_deep_copy(json_object_get(entry, *member)));
    json_array_append_new(rows, row);
    set_row(applying, key, sizeof key, rows);
    return true;
}

/* A disposal goes from its plan to its end. */
static bool
note_disposal(Applying *applying, const json_t *entry, GError **error)
{
    static const char *const steps[][2] = {{"disposal.planned", "planned"},
                                           {"disposal.approved", "approved"},
                                           {"disposal.done", "done"}};
    static const char *const keys[] = {"period", "vouchers", "sha256", "list", NULL};
    const char *type = dn_json_string(entry, "type");
    bool planned = strcmp(type, steps[0][0]) == 0;
    int64_t plan = dn_json_int(entry, planned ? "seq" : "plan", 0);
    uint8_t key[DISPOSAL_KEY];
    g_autoptr(GError) problem = NULL;

    plan_key(&applying->apply->tenant, (uint64_t)plan, key);
    g_autoptr(json_t) row = row_before(applying, key, sizeof key, &problem);

    if (problem) {
        g_propagate_error(error, g_steal_pointer(&problem));
        return false;
    }
    if (planned != (row == NULL))
        return dn_fail(error, DN_ERROR_CORRUPT, "%s: of a disposal that was not planned", type);
    if (planned) {
        row = json_object();
        dn_json_set_int(row, "plan", plan);
        for (const char *const *member = keys; *member; member++)
            if (json_object_get(entry, *member))
                dn_json_take(row, *member, json_deep_copy(json_object_get(entry, *member)));
    }
    for (size_t i = 0; i < G_N_ELEMENTS(steps); i++)
        if (strcmp(type, steps[i][0]) == 0)
            dn_json_set_string(row, steps[i][1], dn_json_string(entry, "actor"));
    set_row(applying, key, sizeof key, row);
    return true;
}

static void
note_place(Applying *applying, const DnUuid *id, uint64_t seq, const DnStoreRef *ref)
{
    uint8_t key[ENTRY_KEY];
    uint8_t value[DN_VIEW_REF_BYTES];

    voucher_key(&applying->apply->tenant, id, key);
    dn_put_be(key + VOUCHER_KEY, seq, 8);
    dn_view_format_ref(ref, value);
    dn_kv_batch_put(applying->batch, DN_KV_ENTRY, key, sizeof key, value, sizeof value);
}

static void
note_blobs(Applying *applying)
{
    const DnApply *apply = applying->apply;

    for (size_t i = 0; i < apply->blob_count; i++) {
        uint8_t value[DN_VIEW_REF_BYTES];

        dn_view_format_ref(&apply->blob_refs[i], value);
        dn_kv_batch_put(applying->batch, DN_KV_BLOB, apply->blobs[i].id.bytes, DN_UUID_BYTES, value,
                        sizeof value);
        g_hash_table_replace(applying->blobs, (gpointer)(uintptr_t)&apply->blobs[i].id,
                             (gpointer)(uintptr_t)&apply->blob_refs[i]);
    }
}

static Tenant *
tenant_of(Applying *applying, const DnUuid *id)
{
    Tenant *tenant = g_hash_table_lookup(applying->tenants, id);

    if (!tenant) {
        tenant = g_new0(Tenant, 1);
        tenant->id = *id;
        g_hash_table_insert(applying->tenants, &tenant->id, tenant);
    }
    return tenant;
}

static void
note_tenant(Applying *applying, const char *name)
{
    Tenant *tenant = tenant_of(applying, &applying->apply->tenant);

    tenant->head = applying->apply->head;
    if (name) {
        g_free(tenant->name);
        tenant->name = g_strdup(name);
    }
}

/* Another tenant ends. What the view has of it goes with dn_closing_complete(). */
static bool
note_closed(Applying *applying, const json_t *entry, GError **error)
{
    static const char *const members[] = {"name", "hash", NULL};
    Tenant *closed = NULL;
    DnUuid tenant;

    if (!dn_uuid_parse(dn_json_string(entry, "closed_tenant"), &tenant, error))
        return false;
    if (dn_uuid_equal(&tenant, &applying->apply->tenant))
        return dn_fail(error, DN_ERROR_CORRUPT, "a tenant cannot close itself");
    closed = tenant_of(applying, &tenant);
    json_decref(closed->last_row);
    closed->last_row = json_object();
    for (const char *const *member = members; *member; member++)
        dn_json_set_string(closed->last_row, *member, dn_json_string(entry, *member));
    dn_json_set_int(closed->last_row, "seq", dn_json_int(entry, "last_seq", 0));
    dn_json_set_string(closed->last_row, "closed", dn_json_string(entry, "at"));
    return true;
}

static bool
apply_commit(Applying *applying, GError **error)
{
    const DnApply *apply = applying->apply;

    note_blobs(applying);
    note_tenant(applying, NULL);
    for (size_t i = 0; i < apply->entry_count; i++) {
        const json_t *entry = apply->entries[i];
        const char *type = dn_json_string(entry, "type");
        const char *voucher = dn_json_string(entry, "voucher");
        bool ok = true;
        DnUuid id;

        if (g_strcmp0(type, "tenant.created") == 0)
            note_tenant(applying, dn_json_string(entry, "name"));
        if (g_strcmp0(type, "evidence.stamped") == 0)
            ok = apply_stamped(applying, entry, error);
        else if (g_strcmp0(type, "tenant.closed") == 0)
            ok = note_closed(applying, entry, error);
        else if (g_strcmp0(type, "tenant.settled") == 0)
            ok = note_settled(applying, entry, error);
        else if (g_str_has_prefix(type, "disposal."))
            ok = note_disposal(applying, entry, error);
        else if (voucher)
            ok = (dn_uuid_parse(voucher, &id, error) &&
                  apply_to_voucher(applying, &id, entry, error)) ||
                 dn_fail_in(error, "voucher %s", voucher);
        if (!ok)
            return dn_fail_in(error, "entry %" G_GINT64_FORMAT, dn_json_int(entry, "seq", 0));
        if (voucher && dn_uuid_parse(voucher, &id, NULL))
            note_place(applying, &id, (uint64_t)dn_json_int(entry, "seq", 0),
                       &apply->entry_refs[i]);
    }
    return true;
}

/* --- what stands at the end of the commits, once each --- */

static bool
write_states(Applying *applying, GError **error)
{
    GHashTableIter iter;
    gpointer value = NULL;

    g_hash_table_iter_init(&iter, applying->states);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const Changed *changed = value;
        g_autofree char *row = dn_json_canonical(changed->state, error);
        uint8_t key[VOUCHER_KEY];

        if (!row)
            return dn_fail_in(error, "voucher %s", dn_json_string(changed->state, "voucher"));
        voucher_key(&changed->tenant, &changed->id, key);
        dn_kv_batch_put(applying->batch, DN_KV_VOUCHER, key, sizeof key, row, strlen(row));
    }
    return true;
}

/* (transfer full) The row of a tenant that goes on. */
static json_t *
tenant_row(Applying *applying, const Tenant *tenant, GError **error)
{
    g_autofree char *hash = dn_hex(tenant->head.hash.bytes, sizeof tenant->head.hash.bytes);
    uint8_t key[22];
    g_autoptr(GError) problem = NULL;

    tenant_row_key(&tenant->id, key);
    json_t *row = get_json(applying->archive, DN_KV_META, key, sizeof key, &problem);

    if (problem) {
        g_propagate_error(error, g_steal_pointer(&problem));
        return NULL;
    }
    if (!row)
        row = json_object();
    dn_json_set_string(row, "name", tenant->name);
    dn_json_set_int(row, "seq", (int64_t)tenant->head.seq);
    dn_json_set_string(row, "hash", hash);
    return row;
}

static bool
write_tenant(Applying *applying, const Tenant *tenant, GError **error)
{
    g_autoptr(json_t) row =
        tenant->last_row ? json_incref(tenant->last_row) : tenant_row(applying, tenant, error);
    g_autofree char *text = row ? dn_json_canonical(row, error) : NULL;
    uint8_t key[22];

    if (!text)
        return false;
    tenant_row_key(&tenant->id, key);
    dn_kv_batch_put(applying->batch, DN_KV_META, key, sizeof key, text, strlen(text));
    return true;
}

static bool
write_tenants(Applying *applying, GError **error)
{
    GHashTableIter iter;
    gpointer tenant = NULL;

    g_hash_table_iter_init(&iter, applying->tenants);
    while (g_hash_table_iter_next(&iter, NULL, &tenant))
        if (!write_tenant(applying, tenant, error))
            return false;
    return true;
}

static bool
write_rows(Applying *applying, GError **error)
{
    GHashTableIter iter;
    gpointer key = NULL;
    gpointer row = NULL;

    g_hash_table_iter_init(&iter, applying->rows);
    while (g_hash_table_iter_next(&iter, &key, &row)) {
        g_autofree char *text = dn_json_canonical(row, error);
        gsize size = 0;
        const void *bytes = g_bytes_get_data(key, &size);

        if (!text)
            return false;
        dn_kv_batch_put(applying->batch, DN_KV_META, bytes, size, text, strlen(text));
    }
    return true;
}

static void
write_position(Applying *applying, const DnStorePosition *end)
{
    uint8_t value[POSITION_BYTES];

    dn_put_be(value, end->segment, 4);
    dn_put_be(value + 4, end->offset, 8);
    dn_kv_batch_put(applying->batch, DN_KV_META, position_key, strlen(position_key), value,
                    sizeof value);
    dn_kv_batch_put(applying->batch, DN_KV_META, format_key, strlen(format_key), &FORMAT,
                    sizeof FORMAT);
}

bool
dn_view_apply(DnArchive *self, const DnApply *applies, size_t count, GError **error)
{
    g_auto(Applying) applying = {0};

    if (count == 0)
        return true;
    applying_init(&applying, self);
    for (size_t i = 0; i < count; i++) {
        applying.apply = &applies[i];
        if (!apply_commit(&applying, error))
            return false;
    }
    if (!write_states(&applying, error) || !write_tenants(&applying, error) ||
        !write_rows(&applying, error))
        return false;
    write_position(&applying, &applies[count - 1].end);
    if (!dn_kv_write(self->view, applying.batch, error))
        return false;
    self->applied = applies[count - 1].end;
    return true;
}

bool
dn_view_mark_gone(DnArchive *self, const DnUuid *tenant, GError **error)
{
    g_autoptr(DnKvBatch) batch = dn_kv_batch_new();
    uint8_t key[22];

    tenant_row_key(tenant, key);
    g_autoptr(json_t) row = get_json(self, DN_KV_META, key, sizeof key, error);

    if (!row)
        return false;
    dn_json_set_bool(row, "gone", true);
    g_autofree char *text = dn_json_canonical(row, error);

    if (!text)
        return false;
    dn_kv_batch_put(batch, DN_KV_META, key, sizeof key, text, strlen(text));
    return dn_kv_write(self->view, batch, error) && dn_kv_flush(self->view, error);
}

/* --- catching up --- */

GHashTable *
dn_heads_new(void)
{
    return g_hash_table_new_full(uuid_hash, uuid_same, g_free, g_free);
}

static GHashTable *
uuids_new(void)
{
    return g_hash_table_new_full(uuid_hash, uuid_same, g_free, NULL);
}

/*
 * A pipeline of two rounds: while the commits of one round are unsealed and parsed by all cores,
 * those of the round before are applied, and written at once.
 */
enum { ROUND_COMMITS = 1024, ROUND_BYTES = 8 << 20 };

/* A commit of a round. */
typedef struct {
    DnApply apply;
    DnStoreEntry *sealed; /* with a reference on the bytes */
    json_t **entries;
    DnSha256 *hashes;
    GError *failure; /* of unsealing and parsing */
} Item;

typedef struct {
    DnArchive *archive;
    GPtrArray *items; /* Item */
    size_t bytes;
    gint next; /* the first item that no thread has taken */
    GThread **threads;
    unsigned thread_count;
} Round;

typedef struct {
    DnArchive *archive;
    GHashTable *heads;
    GHashTable *closed; /* (nullable) DnUuid: tenants whose end is on record anywhere in the log */
    bool view_failed;
    uint64_t entries;
    DnProgress progress;
    void *user_data;
    Round rounds[2];
    unsigned filling; /* the round that is being filled; the other is being parsed */
    bool failed;      /* to apply: nothing may be applied after it */
} CatchUp;

static void
item_free(gpointer data)
{
    Item *item = data;

    for (size_t i = 0; i < item->apply.entry_count; i++) {
        g_clear_pointer(&item->sealed[i].sealed, g_bytes_unref);
        json_decref(item->entries[i]);
    }
    g_free((gpointer)(uintptr_t)item->apply.blobs);
    g_free((gpointer)(uintptr_t)item->apply.blob_refs);
    g_free((gpointer)(uintptr_t)item->apply.entry_refs);
    g_free(item->sealed);
    g_free(item->entries);
    g_free(item->hashes);
    g_clear_error(&item->failure);
    g_free(item);
}

static Item *
item_new(const DnStoreVisit *visit)
{
    Item *item = g_new0(Item, 1);
    size_t count = visit->entry_count;

    item->sealed = g_memdup2(visit->entries, count * sizeof *visit->entries);
    for (size_t i = 0; i < count; i++)
        g_bytes_ref(item->sealed[i].sealed);
    item->entries = g_new0(json_t *, count + 1);
    item->hashes = g_new0(DnSha256, count + 1);
    item->apply = (DnApply){
        .tenant = visit->tenant,
        .end = visit->end,
        .blob_count = visit->blob_count,
        .blobs = g_memdup2(visit->blobs, visit->blob_count * sizeof *visit->blobs),
        .blob_refs = g_memdup2(visit->blob_refs, visit->blob_count * sizeof *visit->blob_refs),
        .entry_count = count,
        .entry_refs = g_memdup2(visit->entry_refs, count * sizeof *visit->entry_refs),
        .entries = item->entries};
    return item;
}

static void
parse_item(DnArchive *archive, Item *item)
{
    for (size_t i = 0; i < item->apply.entry_count; i++) {
        g_autofree char *line =
            dn_unseal_line(archive->keys, &item->apply.tenant, item->sealed[i].seq,
                           item->sealed[i].sealed, &item->failure);

        if (line)
            item->entries[i] = dn_entry_parse(line, &item->hashes[i], &item->failure);
        if (!item->entries[i]) {
            dn_fail_in(&item->failure, "entry %" G_GUINT64_FORMAT, item->sealed[i].seq);
            return;
        }
    }
}

static gpointer
parse_round(gpointer data)
{
    Round *round = data;

    for (;;) {
        guint number = (guint)g_atomic_int_add(&round->next, 1);

        if (number >= round->items->len)
            return NULL;
        parse_item(round->archive, g_ptr_array_index(round->items, number));
    }
}

static void
round_start(Round *self)
{
    enum { WORTH_A_THREAD = 16 };
    unsigned wanted = MIN(g_get_num_processors(), self->items->len / WORTH_A_THREAD);

    self->next = 0;
    self->threads = g_new0(GThread *, wanted + 1);
    for (self->thread_count = 0; self->thread_count < wanted; self->thread_count++)
        self->threads[self->thread_count] = g_thread_new("parse", parse_round, self);
}

static void
round_join(Round *self)
{
    if (self->threads)
        parse_round(self); /* what no thread has taken */
    for (unsigned i = 0; i < self->thread_count; i++)
        g_thread_join(self->threads[i]);
    self->thread_count = 0;
    g_clear_pointer(&self->threads, g_free);
}

static void
round_clear(Round *self)
{
    round_join(self);
    g_ptr_array_set_size(self->items, 0);
    self->bytes = 0;
}

static DnLedgerHead *
head_for(CatchUp *up, const DnUuid *tenant, GError **error)
{
    DnLedgerHead *head = g_hash_table_lookup(up->heads, tenant);

    if (!head) {
        DnLedgerHead known;

        if (!dn_view_head(up->archive, tenant, &known, error))
            return NULL;
        head = g_memdup2(&known, sizeof known);
        g_hash_table_insert(up->heads, g_memdup2(tenant, sizeof *tenant), head);
    }
    return head;
}

static bool
chain_item(CatchUp *up, Item *item, GError **error)
{
    DnLedgerHead *head = head_for(up, &item->apply.tenant, error);

    if (!head) {
        up->view_failed = true;
        return false;
    }
    if (item->failure) {
        g_propagate_error(error, g_steal_pointer(&item->failure));
        return false;
    }
    for (size_t i = 0; i < item->apply.entry_count; i++)
        if (!dn_entry_follow(item->entries[i], &item->hashes[i], &item->apply.tenant, head, error))
            return false;
    item->apply.head = *head;
    return true;
}

/* All of a round that has been parsed, in one write. What stands before an entry that does not fit
 * is applied too. */
static bool
apply_round(CatchUp *up, Round *round, GError **error)
{
    g_autofree DnApply *applies = g_new0(DnApply, round->items->len + 1);
    g_autoptr(GError) problem = NULL;
    uint64_t entries = 0;
    guint count = 0;

    round_join(round);
    for (; count < round->items->len; count++) {
        Item *item = g_ptr_array_index(round->items, count);

        if (!chain_item(up, item, &problem))
            break;
        applies[count] = item->apply;
        entries += item->apply.entry_count;
    }
    if (!dn_view_apply(up->archive, applies, count, error)) {
        up->view_failed = true;
        return false;
    }
    up->entries += entries;
    if (problem) {
        g_propagate_error(error, g_steal_pointer(&problem));
        return false;
    }
    round_clear(round);
    if (up->progress && entries > 0 && !up->progress(up->entries, 0, up->user_data))
        return dn_fail(error, DN_ERROR_BUSY, "stopped on request");
    return true;
}

static bool
turn_rounds(CatchUp *up, GError **error)
{
    round_start(&up->rounds[up->filling]);
    up->filling = 1 - up->filling;
    up->failed = !apply_round(up, &up->rounds[up->filling], error);
    return !up->failed;
}

/* Before a log is read to its end, a tenant without keys may be one whose closing comes later. */
static bool
collect_closed(const DnStoreVisit *visit, void *user_data, GError **error)
{
    CatchUp *up = user_data;

    if (!dn_keyring_has_tenant(up->archive->keys, &visit->tenant))
        return true;
    for (size_t i = 0; i < visit->entry_count; i++) {
        g_autofree char *line =
            dn_unseal_line(up->archive->keys, &visit->tenant, visit->entries[i].seq,
                           visit->entries[i].sealed, error);
        g_autoptr(json_t) entry = NULL;
        DnUuid tenant;

        if (!line)
            return false;
        if (!strstr(line, "\"tenant.closed\""))
            continue;
        entry = dn_json_parse(line, strlen(line), error);
        if (!entry)
            return false;
        if (g_strcmp0(dn_json_string(entry, "type"), "tenant.closed") == 0 &&
            dn_uuid_parse(dn_json_string(entry, "closed_tenant"), &tenant, NULL))
            g_hash_table_add(up->closed, g_memdup2(&tenant, sizeof tenant));
    }
    return true;
}

/* Whether the visit is to be passed over: a tenant that was closed, so that nothing opens it. */
static bool
is_closed(CatchUp *up, const DnStoreVisit *visit, bool *out_closed, GError **error)
{
    *out_closed = false;
    if (dn_keyring_has_tenant(up->archive->keys, &visit->tenant))
        return true;
    if (!up->closed) {
        up->closed = uuids_new();
        if (!dn_store_each(up->archive->store, NULL, 0, collect_closed, up, error))
            return false;
    }
    *out_closed = g_hash_table_contains(up->closed, &visit->tenant);
    if (*out_closed)
        return true;
    /* An older state that was restored: the record came later, the note came with the keys. */
    if (!dn_keyring_is_tenant_gone(up->archive->keys, &visit->tenant, out_closed, error))
        return false;
    if (*out_closed)
        return true;
    g_autofree char *id = dn_uuid_text(&visit->tenant);

    return dn_fail(error, DN_ERROR_NOT_FOUND,
                   "the keys of tenant %s are missing from keys/, and no entry says that it was "
                   "closed: put them back from a backup",
                   id);
}

static bool
take_visit(const DnStoreVisit *visit, void *user_data, GError **error)
{
    CatchUp *up = user_data;
    Round *round = &up->rounds[up->filling];
    bool closed = false;

    if (!is_closed(up, visit, &closed, error))
        return false;
    if (closed)
        return true;
    g_ptr_array_add(round->items, item_new(visit));
    for (size_t i = 0; i < visit->entry_count; i++)
        round->bytes += g_bytes_get_size(visit->entries[i].sealed);
    return (round->items->len < ROUND_COMMITS && round->bytes < ROUND_BYTES) ||
           turn_rounds(up, error);
}

/* A view that was built from nothing holds nothing of a tenant that had no keys. */
static bool
mark_absent(DnArchive *self, GError **error)
{
    g_autoptr(GPtrArray) tenants = dn_view_tenants(self, error);

    for (guint i = 0; tenants && i < tenants->len; i++) {
        const json_t *row = g_ptr_array_index(tenants, i);
        DnUuid tenant;

        if (!dn_json_string(row, "closed"))
            continue;
        if (!dn_uuid_parse(dn_json_string(row, "tenant"), &tenant, error))
            return false;
        if (!dn_keyring_has_tenant(self->keys, &tenant) && !dn_view_mark_gone(self, &tenant, error))
            return false;
    }
    return tenants != NULL;
}

static bool
catch_up(CatchUp *up, const DnStorePosition *position, GError **error)
{
    g_autoptr(GError) problem = NULL;
    bool read = dn_store_each(up->archive->store, position, 0, take_visit, up, &problem);

    /* What could be read is applied, whatever came after it. */
    if (!up->failed && (!turn_rounds(up, error) || !turn_rounds(up, error)))
        return false;
    if (!read)
        g_propagate_error(error, g_steal_pointer(&problem));
    return read;
}

bool
dn_view_catch_up(DnArchive *self, DnProgress progress, void *user_data, uint64_t *out_entries,
                 bool *out_view_at_fault, GError **error)
{
    g_autoptr(GHashTable) heads = dn_heads_new();
    CatchUp up = {.archive = self, .heads = heads, .progress = progress, .user_data = user_data};
    DnStorePosition end = dn_store_end(self->store);
    DnStorePosition position;
    bool whole = false;

    *out_view_at_fault = true;
    if (!dn_view_position(self, &position, error))
        return false;
    *out_view_at_fault = false;
    self->applied = position;
    if (dn_store_position_compare(&position, &end) > 0)
        return dn_fail(error, DN_ERROR_CORRUPT,
                       "the view knows more than the log holds: the log has been cut or replaced "
                       "by an older copy. Put the newest log back; if there is none, go on with "
                       "`dencho doctor --accept-rollback --reason ...`");
    for (unsigned i = 0; i < G_N_ELEMENTS(up.rounds); i++)
        up.rounds[i] = (Round){.archive = self, .items = g_ptr_array_new_with_free_func(item_free)};
    whole = catch_up(&up, &position, error) && (position.segment > 0 || mark_absent(self, error));
    if (up.closed)
        g_hash_table_unref(up.closed);
    for (unsigned i = 0; i < G_N_ELEMENTS(up.rounds); i++) {
        round_clear(&up.rounds[i]);
        g_ptr_array_unref(up.rounds[i].items);
    }
    if (!whole) {
        *out_view_at_fault = up.view_failed;
        return false;
    }
    g_atomic_int_set(&self->view_behind, false);
    *out_entries = up.entries;
    return true;
}

bool
dn_view_current(DnArchive *self, GError **error)
{
    uint64_t entries = 0;
    bool view_at_fault = false;

    if (!g_atomic_int_get(&self->view_behind))
        return true;
    DN_LOCKED(&self->apply_lock);

    return dn_view_catch_up(self, NULL, NULL, &entries, &view_at_fault, error) ||
           dn_fail_in(error, "the view cannot follow the log");
}
