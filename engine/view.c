/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/view.c - the log, applied: catalogue, search rows, jobs.
 *
 * Each commit becomes one atomic write that also holds the log position it stands for, so that the
 * view is always the log up to some commit. After a crash it goes on from there; without it, it is
 * built again and is the same.
 *
 *   META     "position" -> segment, offset          "tenant", uuid -> {"name","seq","hash"}
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

    voucher_key(&self->tenant, id, key);
    json_t *state = get_json(self, DN_KV_VOUCHER, key, sizeof key, &problem);

    if (!state && !problem)
        return dn_fail_null(error, DN_ERROR_NOT_FOUND, "no voucher has this id");
    if (!state)
        g_propagate_error(error, g_steal_pointer(&problem));
    return state;
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
    DnArchive *archive;
    const DnApply *apply;
    DnKvBatch *batch;
    GHashTable *states; /* voucher text -> json_t: states this commit has already changed */
} Applying;

static json_t *
state_before(Applying *applying, const char *voucher, const uint8_t *key, GError **error)
{
    json_t *changed = g_hash_table_lookup(applying->states, voucher);

    if (changed)
        return json_incref(changed);
    return get_json(applying->archive, DN_KV_VOUCHER, key, VOUCHER_KEY, error);
}

/* The plain bytes of a blob of this very commit, or of an earlier one. */
static GBytes *
blob_of(Applying *applying, const json_t *ref, DnPart part, GError **error)
{
    const DnApply *apply = applying->apply;
    DnSealName name = {.tenant = apply->tenant, .part = part};

    if (!dn_uuid_parse(dn_json_string(ref, "id"), &name.blob, error))
        return NULL;
    for (size_t i = 0; i < apply->blob_count; i++) {
        if (!dn_uuid_equal(&apply->blobs[i].id, &name.blob))
            continue;
        return dn_blob_open(applying->archive, &name, &apply->blob_refs[i], ref, error);
    }
    return dn_blob_load(applying->archive, &apply->tenant, ref, part, error);
}

static void
record_of(const json_t *state, DnIndexRecord *record, const char **labels)
{
    const json_t *fields = json_object_get(state, "fields");
    const json_t *amount = json_object_get(fields, "amount");
    const json_t *list = json_object_get(state, "labels");
    const char *date = dn_json_string(json_object_get(fields, "date"), "value");
    DnDate day;

    *record = (DnIndexRecord){
        .registered_seq = (uint64_t)dn_json_int(state, "registered_seq", 0),
        .date_days = DN_DAYS_MISSING,
        .amount = dn_json_int(amount, "value", DN_AMOUNT_MISSING),
        .currency = dn_json_string(amount, "currency"),
        .party = dn_json_string(json_object_get(fields, "party"), "value"),
        .registration_number =
            dn_json_string(json_object_get(fields, "registration_number"), "value"),
        .kind = dn_json_string(state, "kind"),
        .labels = labels,
        .deleted = dn_json_bool(state, "deleted", false),
    };
    if (date && dn_date_parse(date, &day, NULL))
        record->date_days = dn_date_to_days(&day);
    dn_uuid_parse(dn_json_string(state, "voucher"), &record->id, NULL);
    for (size_t i = 0; i < json_array_size(list); i++)
        labels[i] = json_string_value(json_array_get(list, i));
}

static void
update_index(Applying *applying, const json_t *before, const json_t *after)
{
    g_autofree const char **labels_before =
        g_new0(const char *, json_array_size(json_object_get(before, "labels")) + 1);
    g_autofree const char **labels_after =
        g_new0(const char *, json_array_size(json_object_get(after, "labels")) + 1);
    DnIndexRecord old;
    DnIndexRecord new;

    if (before)
        record_of(before, &old, labels_before);
    record_of(after, &new, labels_after);
    dn_index_update(applying->batch, &applying->apply->tenant, before ? &old : NULL, &new);
}

/* The text of a version that was read, for full-text search; none when it was not. */
static bool
text_of(Applying *applying, const json_t *state, char **out_text, GError **error)
{
    const json_t *ref =
        json_object_get(json_object_get(dn_voucher_version(state, 0), "parts"), "text");

    *out_text = NULL;
    if (!ref)
        return true;
    g_autoptr(GBytes) text = blob_of(applying, ref, DN_PART_TEXT, error);

    if (!text)
        return false;
    gsize size = 0;
    const char *bytes = g_bytes_get_data(text, &size);

    *out_text = dn_text_sanitise(bytes, (gssize)size);
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
apply_to_voucher(Applying *applying, const char *voucher, const json_t *entry, GError **error)
{
    g_autoptr(GError) problem = NULL;
    const char *type = dn_json_string(entry, "type");
    uint8_t key[VOUCHER_KEY];
    DnUuid id;

    if (!dn_uuid_parse(voucher, &id, error))
        return false;
    voucher_key(&applying->apply->tenant, &id, key);
    g_autoptr(json_t) before = state_before(applying, voucher, key, &problem);

    if (problem) {
        g_propagate_error(error, g_steal_pointer(&problem));
        return false;
    }
    g_autoptr(json_t) after = dn_voucher_apply(before, entry, error);
    g_autofree char *row = after ? dn_json_canonical(after, error) : NULL;

    if (!row)
        return dn_fail_in(error, "voucher %s", voucher);
    dn_kv_batch_put(applying->batch, DN_KV_VOUCHER, key, sizeof key, row, strlen(row));
    update_index(applying, before, after);
    if (strcmp(type, "voucher.registered") == 0 || strcmp(type, "voucher.revised") == 0) {
        if (!note_document(applying, entry, &id, error) ||
            !update_text(applying, before, after, error))
            return false;
    } else if (strcmp(type, "voucher.read") == 0) {
        set_job(applying, 'r', &id, false);
        if (!update_text(applying, before, after, error))
            return false;
    } else if (strcmp(type, "voucher.unreadable") == 0) {
        set_job(applying, 'r', &id, false);
    } else if (strcmp(type, "evidence.stamped") == 0) {
        set_job(applying, 's', &id, has_unstamped_version(after));
    }
    g_hash_table_insert(applying->states, g_strdup(voucher), g_steal_pointer(&after));
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
        g_autofree char *voucher = dn_uuid_text(&leaf->voucher);

        dn_json_set_int(one, "version", (int64_t)leaf->number);
        if (!apply_to_voucher(applying, voucher, one, error))
            return false;
    }
    return true;
}

static void
note_place(Applying *applying, const char *voucher, uint64_t seq, const DnStoreRef *ref)
{
    uint8_t key[ENTRY_KEY];
    uint8_t value[DN_VIEW_REF_BYTES];
    DnUuid id;

    if (!dn_uuid_parse(voucher, &id, NULL))
        return;
    voucher_key(&applying->apply->tenant, &id, key);
    dn_put_be(key + VOUCHER_KEY, seq, 8);
    dn_view_format_ref(ref, value);
    dn_kv_batch_put(applying->batch, DN_KV_ENTRY, key, sizeof key, value, sizeof value);
}

/* Another tenant ends. What the view has of it goes with dn_closing_complete(). */
static bool
note_closed(Applying *applying, const json_t *entry, GError **error)
{
    static const char *const members[] = {"name", "hash", NULL};
    g_autoptr(json_t) row = json_object();
    uint8_t key[22];
    DnUuid tenant;

    if (!dn_uuid_parse(dn_json_string(entry, "closed_tenant"), &tenant, error))
        return false;
    if (dn_uuid_equal(&tenant, &applying->apply->tenant))
        return dn_fail(error, DN_ERROR_CORRUPT, "a tenant cannot close itself");
    for (const char *const *member = members; *member; member++)
        dn_json_set_string(row, *member, dn_json_string(entry, *member));
    dn_json_set_int(row, "seq", dn_json_int(entry, "last_seq", 0));
    dn_json_set_string(row, "closed", dn_json_string(entry, "at"));
    tenant_row_key(&tenant, key);
    g_autofree char *text = dn_json_canonical(row, error);

    if (!text)
        return false;
    dn_kv_batch_put(applying->batch, DN_KV_META, key, sizeof key, text, strlen(text));
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

static bool
note_tenant(Applying *applying, const char *name, GError **error)
{
    const DnApply *apply = applying->apply;
    g_autofree char *hash = dn_hex(apply->head.hash.bytes, sizeof apply->head.hash.bytes);
    uint8_t key[22];
    g_autoptr(GError) problem = NULL;

    tenant_row_key(&apply->tenant, key);
    g_autoptr(json_t) row = get_json(applying->archive, DN_KV_META, key, sizeof key, &problem);

    if (problem) {
        g_propagate_error(error, g_steal_pointer(&problem));
        return false;
    }
    if (!row)
        row = json_object();
    if (name)
        dn_json_set_string(row, "name", name);
    dn_json_set_int(row, "seq", (int64_t)apply->head.seq);
    dn_json_set_string(row, "hash", hash);
    g_autofree char *text = dn_json_canonical(row, error);

    if (!text)
        return false;
    dn_kv_batch_put(applying->batch, DN_KV_META, key, sizeof key, text, strlen(text));
    return true;
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
    }
}

static void
note_position(Applying *applying)
{
    uint8_t value[POSITION_BYTES];

    dn_put_be(value, applying->apply->end.segment, 4);
    dn_put_be(value + 4, applying->apply->end.offset, 8);
    dn_kv_batch_put(applying->batch, DN_KV_META, position_key, strlen(position_key), value,
                    sizeof value);
}

static void
free_state(gpointer state)
{
    json_decref(state);
}

bool
dn_view_apply(DnArchive *self, const DnApply *apply, GError **error)
{
    g_autoptr(DnKvBatch) batch = dn_kv_batch_new();
    g_autoptr(GHashTable) states =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_state);
    Applying applying = {.archive = self, .apply = apply, .batch = batch, .states = states};
    g_autofree char *tenant_name = NULL;

    note_blobs(&applying);
    for (size_t i = 0; i < apply->entry_count; i++) {
        g_autoptr(json_t) entry = dn_json_parse(apply->lines[i], strlen(apply->lines[i]), error);
        const char *type = dn_json_string(entry, "type");
        const char *voucher = dn_json_string(entry, "voucher");
        bool ok = true;

        if (!entry)
            return false;
        if (g_strcmp0(type, "tenant.created") == 0)
            tenant_name = g_strdup(dn_json_string(entry, "name"));
        if (g_strcmp0(type, "evidence.stamped") == 0)
            ok = apply_stamped(&applying, entry, error);
        else if (g_strcmp0(type, "tenant.closed") == 0)
            ok = note_closed(&applying, entry, error);
        else if (voucher)
            ok = apply_to_voucher(&applying, voucher, entry, error);
        if (!ok)
            return dn_fail_in(error, "entry %" G_GINT64_FORMAT, dn_json_int(entry, "seq", 0));
        if (voucher)
            note_place(&applying, voucher, (uint64_t)dn_json_int(entry, "seq", 0),
                       &apply->entry_refs[i]);
    }
    if (!note_tenant(&applying, tenant_name, error))
        return false;
    note_position(&applying);
    return dn_kv_write(self->view, batch, error);
}

/* --- catching up --- */

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

typedef struct {
    DnArchive *archive;
    GHashTable *heads;
    GHashTable *closed; /* (nullable) DnUuid: tenants whose end is on record anywhere in the log */
    uint64_t entries;
    DnProgress progress;
    void *user_data;
} CatchUp;

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
    g_autofree char *id = dn_uuid_text(&visit->tenant);

    return dn_fail(error, DN_ERROR_NOT_FOUND,
                   "the keys of tenant %s are missing from keys/, and no entry says that it was "
                   "closed: put them back from a backup",
                   id);
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
apply_visit(const DnStoreVisit *visit, void *user_data, GError **error)
{
    CatchUp *up = user_data;
    g_auto(GStrv) lines = g_new0(char *, visit->entry_count + 1);
    bool closed = false;

    if (!is_closed(up, visit, &closed, error))
        return false;
    if (closed)
        return true;
    DnLedgerHead *head = head_for(up, &visit->tenant, error);

    if (!head)
        return false;
    for (size_t i = 0; i < visit->entry_count; i++) {
        lines[i] = dn_unseal_line(up->archive->keys, &visit->tenant, visit->entries[i].seq,
                                  visit->entries[i].sealed, error);
        if (!lines[i])
            return false;
        g_autoptr(json_t) entry = dn_entry_check(lines[i], &visit->tenant, head, error);

        if (!entry)
            return false;
    }
    DnApply apply = {.tenant = visit->tenant,
                     .end = visit->end,
                     .blob_count = visit->blob_count,
                     .blobs = visit->blobs,
                     .blob_refs = visit->blob_refs,
                     .entry_count = visit->entry_count,
                     .entry_refs = visit->entry_refs,
                     .lines = lines,
                     .head = *head};

    if (!dn_view_apply(up->archive, &apply, error))
        return false;
    up->entries += visit->entry_count;
    if (up->progress && !up->progress(up->entries, 0, up->user_data))
        return dn_fail(error, DN_ERROR_BUSY, "stopped on request");
    return true;
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

bool
dn_view_catch_up(DnArchive *self, DnProgress progress, void *user_data, uint64_t *out_entries,
                 GError **error)
{
    g_autoptr(GHashTable) heads = dn_heads_new();
    CatchUp up = {.archive = self, .heads = heads, .progress = progress, .user_data = user_data};
    DnStorePosition end = dn_store_end(self->store);
    DnStorePosition position;

    if (!dn_view_position(self, &position, error))
        return false;
    if (dn_store_position_compare(&position, &end) > 0)
        return dn_fail(error, DN_ERROR_CORRUPT,
                       "the view knows more than the log holds: the log has been cut or replaced "
                       "by an older copy");
    bool ok = dn_store_each(self->store, &position, 0, apply_visit, &up, error) &&
              (position.segment > 0 || mark_absent(self, error));

    if (up.closed)
        g_hash_table_unref(up.closed);
    if (!ok)
        return false;
    *out_entries = up.entries;
    return true;
}
