/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/view-apply.c - commits of the log become rows of the view.
 *
 * Each commit becomes part of one atomic write that also holds the log position it stands for, so
 * that the view is always the log up to some commit. After a crash it goes on from there; without
 * it, it is built again and is the same.
 *
 * Two steps. In the order of the log, by one thread: each entry changes the state of its voucher.
 * Then, of each voucher that has changed, once: what turns its rows of before these commits into
 * those of after them. Vouchers are independent of each other, so all cores share that step, and it
 * is the greater one.
 */
#include "config.h"
#include "engine/internal.h"
#include "engine/known.h"
#include "engine/packed.h"
#include "engine/view-format.h"

#include <string.h>

typedef struct {
    DnUuid tenant;
    DnUuid id;
    const DnValue *before; /* (nullable) these commits */
    const DnValue *state;  /* (nullable) */
} Changed;

typedef struct {
    DnUuid id;
    char *name; /* (nullable) when the tenant is new */
    DnLedgerHead head;
    const DnValue *last_row; /* (nullable) when the tenant was closed: what stays of it */
} Tenant;

/* Commits on their way into one write. What one of them has changed, the next must see. */
typedef struct {
    DnArchive *archive;
    const DnApply *apply; /* the commit at hand */
    DnArena *arena;
    GPtrArray *batches;  /* DnKvBatch, written together */
    DnKvBatch *batch;    /* the first of them */
    GPtrArray *changed;  /* Changed, in the order in which they did first */
    GHashTable *states;  /* the same, by tenant and voucher */
    GHashTable *blobs;   /* blob -> DnStoreRef */
    GHashTable *tenants; /* tenant -> Tenant */
    GHashTable *rows;    /* key of META -> DnValue, of what has rows of its own there */
} Applying;

static guint
changed_hash(gconstpointer key)
{
    return dn_uuid_hash(&((const Changed *)key)->id);
}

static gboolean
changed_same(gconstpointer a, gconstpointer b)
{
    const Changed *x = a;
    const Changed *y = b;

    return dn_uuid_equal(&x->id, &y->id) && dn_uuid_equal(&x->tenant, &y->tenant);
}

static void
tenant_free(gpointer data)
{
    Tenant *tenant = data;

    g_free(tenant->name);
    g_free(tenant);
}

static void
bytes_free(gpointer bytes)
{
    g_bytes_unref(bytes);
}

static void
applying_init(Applying *self, DnArchive *archive)
{
    self->archive = archive;
    self->arena = dn_arena_new();
    self->batch = dn_kv_batch_new();
    self->batches = g_ptr_array_new_with_free_func((GDestroyNotify)dn_kv_batch_free);
    g_ptr_array_add(self->batches, self->batch);
    self->changed = g_ptr_array_new();
    self->states = g_hash_table_new(changed_hash, changed_same);
    self->blobs = g_hash_table_new(dn_uuid_hash, dn_uuid_same);
    self->tenants = g_hash_table_new_full(dn_uuid_hash, dn_uuid_same, NULL, tenant_free);
    self->rows = g_hash_table_new_full(g_bytes_hash, g_bytes_equal, bytes_free, NULL);
}

static void
applying_clear(Applying *self)
{
    g_clear_pointer(&self->states, g_hash_table_unref);
    g_clear_pointer(&self->changed, g_ptr_array_unref);
    g_clear_pointer(&self->blobs, g_hash_table_unref);
    g_clear_pointer(&self->tenants, g_hash_table_unref);
    g_clear_pointer(&self->rows, g_hash_table_unref);
    g_clear_pointer(&self->batches, g_ptr_array_unref);
    g_clear_pointer(&self->arena, dn_arena_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Applying, applying_clear)

/* The voucher and its state, before anything is changed when these commits have not met it. */
static Changed *
changed_of(Applying *applying, const DnUuid *id, GError **error)
{
    Changed wanted = {.tenant = applying->apply->tenant, .id = *id};
    Changed *changed = g_hash_table_lookup(applying->states, &wanted);
    uint8_t key[DN_VIEW_VOUCHER_KEY];

    if (changed)
        return changed;
    dn_view_voucher_key(&wanted.tenant, id, key);
    if (!dn_view_get(applying->archive, applying->arena, DN_KV_VOUCHER, key, sizeof key,
                     &wanted.before, error))
        return NULL;
    wanted.state = wanted.before;
    changed = dn_arena_take(applying->arena, sizeof *changed);
    *changed = wanted;
    g_hash_table_add(applying->states, changed);
    g_ptr_array_add(applying->changed, changed);
    return changed;
}

/* A row of META as it stands now. *@out_row is NULL when there is none. */
static bool
row_before(Applying *applying, const void *key, size_t size, const DnValue **out_row,
           GError **error)
{
    g_autoptr(GBytes) wanted = g_bytes_new(key, size);

    *out_row = g_hash_table_lookup(applying->rows, wanted);
    return *out_row ||
           dn_view_get(applying->archive, applying->arena, DN_KV_META, key, size, out_row, error);
}

static void
set_row(Applying *applying, const void *key, size_t size, const DnValue *row)
{
    g_hash_table_replace(applying->rows, g_bytes_new(key, size), (gpointer)(uintptr_t)row);
}

static void
set_string(Applying *applying, DnValue *row, const char *key, const char *text)
{
    dn_value_set(applying->arena, row, key, dn_value_new_string(applying->arena, text));
}

static void
set_int(Applying *applying, DnValue *row, const char *key, int64_t number)
{
    dn_value_set(applying->arena, row, key, dn_value_new_int(applying->arena, number));
}

/* The plain bytes of a blob of one of these commits, or of an earlier one. */
static GBytes *
blob_of(Applying *applying, const DnUuid *tenant, const DnValue *ref, DnPart part, GError **error)
{
    const DnStoreRef *place = NULL;
    DnBlobRef blob;

    if (!ref)
        return dn_fail_null(error, DN_ERROR_CORRUPT, "an entry names no blob");
    if (!dn_blob_ref_of(ref, &blob, error))
        return NULL;
    place = g_hash_table_lookup(applying->blobs, &blob.id);
    return place ? dn_blob_open(applying->archive, tenant, &blob, part, place, error)
                 : dn_blob_load_value(applying->archive, tenant, ref, part, error);
}

/* --- in the order of the log --- */

static void
set_job(Applying *applying, char job, const DnUuid *id, bool waits)
{
    uint8_t key[DN_VIEW_JOB_KEY];

    dn_view_job_key(&applying->apply->tenant, job, id, key);
    if (waits)
        dn_kv_batch_put(applying->batch, DN_KV_JOB, key, sizeof key, "", 0);
    else
        dn_kv_batch_delete(applying->batch, DN_KV_JOB, key, sizeof key);
}

/* A document came in: it waits to be read and to be stamped, and the same bytes are a duplicate
 * from now on. Of the receipts on one sheet, which share them, the first is answered with. */
static bool
note_document(Applying *applying, const DnValue *entry, const DnUuid *id, GError **error)
{
    uint8_t key[DN_VIEW_HASH_KEY];
    DnSha256 digest;

    if (!dn_unhex(dn_value_string(dn_value_get(entry, "blob"), "sha256"), digest.bytes,
                  sizeof digest.bytes, error))
        return false;
    dn_view_hash_key(&applying->apply->tenant, &digest, key);
    if (!dn_value_get(entry, "sheet"))
        dn_kv_batch_put(applying->batch, DN_KV_HASH, key, sizeof key, id->bytes, sizeof id->bytes);
    set_job(applying, 'r', id, dn_value_string(entry, "media_type") != NULL);
    set_job(applying, 's', id, true);
    return true;
}

static bool
has_unstamped_version(const DnValue *state)
{
    const DnValue *versions = dn_value_array(state, "versions");

    for (size_t i = 0; i < dn_value_count(versions); i++)
        if (!dn_value_get(versions->items[i], "stamp"))
            return true;
    return false;
}

/* One entry of one voucher. */
static bool
apply_to_voucher(Applying *applying, const DnUuid *id, const DnValue *entry, GError **error)
{
    const char *type = dn_value_string(entry, "type");
    Changed *changed = changed_of(applying, id, error);
    const DnValue *after =
        changed ? dn_voucher_apply(applying->arena, changed->state, entry, error) : NULL;

    if (!after)
        return false;
    changed->state = after;
    if (strcmp(type, "voucher.registered") == 0 || strcmp(type, "voucher.revised") == 0)
        return note_document(applying, entry, id, error);
    if (strcmp(type, "voucher.read") == 0 || strcmp(type, "voucher.disposed") == 0 ||
        strcmp(type, "voucher.unreadable") == 0)
        set_job(applying, 'r', id, false);
    else if (strcmp(type, "evidence.stamped") == 0)
        set_job(applying, 's', id, has_unstamped_version(after));
    return true;
}

/* Notes in the row of the time stamp of entry @seq which entry renews it: the first that does. */
static bool
note_renewal(Applying *applying, uint64_t seq, const char *member, int64_t by, GError **error)
{
    uint8_t key[DN_VIEW_STAMP_KEY];
    const DnValue *before = NULL;
    DnValue *row = NULL;

    dn_view_stamp_row_key(&applying->apply->tenant, seq, key);
    if (!row_before(applying, key, sizeof key, &before, error))
        return false;
    if (!before)
        return dn_fail(error, DN_ERROR_CORRUPT,
                       "it renews entry %" G_GUINT64_FORMAT ", which is no time stamp", seq);
    if (dn_value_get(before, member))
        return true;
    row = dn_value_copy(applying->arena, before, DN_VALUE_OBJECT);
    set_int(applying, row, member, by);
    set_row(applying, key, sizeof key, row);
    return true;
}

/* (transfer none, of the arena) The row of the signer that an entry names, to be changed; its key.
 */
static DnValue *
signer_row(Applying *applying, const DnValue *entry, uint8_t key[DN_VIEW_SIGNER_KEY],
           GError **error)
{
    const char *signer = dn_value_string(entry, "signer");
    const DnValue *before = NULL;
    DnValue *row = NULL;
    DnSha256 digest;

    if (!signer || !dn_unhex(signer, digest.bytes, sizeof digest.bytes, NULL))
        return dn_fail_null(error, DN_ERROR_CORRUPT, "it names no signer");
    dn_view_signer_row_key(&applying->apply->tenant, &digest, key);
    if (!row_before(applying, key, DN_VIEW_SIGNER_KEY, &before, error))
        return NULL;
    row = before ? dn_value_copy(applying->arena, before, DN_VALUE_OBJECT)
                 : dn_value_new_object(applying->arena);
    dn_value_set(applying->arena, row, "signer", dn_value_get(entry, "signer"));
    return row;
}

/* The newest stamp of a signer; whether what is kept speaks of its time. Times are of one form, so
 * in order as they are. */
static bool
note_signed(Applying *applying, const DnValue *entry, GError **error)
{
    static const char *const keys[] = {"authority", "gen_time", "until", "token", NULL};
    uint8_t key[DN_VIEW_SIGNER_KEY];
    DnValue *row = NULL;

    if (!dn_value_get(entry, "signer"))
        return true;
    row = signer_row(applying, entry, key, error);
    if (!row)
        return false;
    const DnValue *proofs = dn_value_object(row, "proofs");
    const char *next = dn_value_string(proofs, "next");
    const char *gen_time = dn_value_string(entry, "gen_time");

    for (const char *const *member = keys; *member; member++)
        dn_value_set(applying->arena, row, *member, dn_value_get(entry, *member));
    if (!next || !gen_time || strcmp(gen_time, next) > 0)
        set_int(applying, row, "bare", dn_value_int(row, "bare", 0) + 1);
    set_row(applying, key, sizeof key, row);
    return true;
}

static bool
note_revocation(Applying *applying, const DnValue *entry, GError **error)
{
    static const char *const keys[] = {"seq",   "state", "as_of",   "next", "since",
                                       "chain", "crls",  "answers", NULL};
    DnValue *proofs = dn_value_new_object(applying->arena);
    uint8_t key[DN_VIEW_SIGNER_KEY];
    DnValue *row = signer_row(applying, entry, key, error);

    if (!row)
        return false;
    for (const char *const *member = keys; *member; member++)
        if (dn_value_get(entry, *member))
            dn_value_set(applying->arena, proofs, *member, dn_value_get(entry, *member));
    dn_value_set(applying->arena, row, "authority", dn_value_get(entry, "authority"));
    dn_value_set(applying->arena, row, "proofs", proofs);
    if (dn_value_string(entry, "next"))
        set_int(applying, row, "bare", 0);
    set_row(applying, key, sizeof key, row);
    return true;
}

static bool
note_stamp(Applying *applying, const DnValue *entry, GError **error)
{
    static const char *const keys[] = {"seq",        "at",     "type",     "renewal",
                                       "root",       "token",  "leaves",   "leaf_count",
                                       "gen_time",   "until",  "strength", "authority",
                                       "accredited", "serial", "digest",   NULL};
    DnValue *row = dn_value_new_object(applying->arena);
    uint8_t key[DN_VIEW_STAMP_KEY];

    for (const char *const *member = keys; *member; member++)
        dn_value_set(applying->arena, row, *member, dn_value_get(entry, *member));
    dn_view_stamp_row_key(&applying->apply->tenant, (uint64_t)dn_value_int(entry, "seq", 0), key);
    set_row(applying, key, sizeof key, row);
    return note_signed(applying, entry, error);
}

/* A renewal stands behind the stamps whose tokens, or whose documents, it is over. */
static bool
apply_renewed(Applying *applying, const DnValue *entry, GError **error)
{
    const DnValue *of = dn_value_array(entry, "of");
    int64_t seq = dn_value_int(entry, "seq", 0);
    g_autoptr(GBytes) bytes = blob_of(applying, &applying->apply->tenant,
                                      dn_value_get(entry, "leaves"), DN_PART_EVIDENCE, error);
    g_autoptr(GArray) leaves = bytes ? dn_leaves_parse(bytes, error) : NULL;

    if (!leaves || !note_stamp(applying, entry, error))
        return dn_fail_in(error, "evidence");
    for (guint i = 0; i < leaves->len; i++) {
        const DnLeaf *leaf = &g_array_index(leaves, DnLeaf, i);

        if (leaf->type == DN_LEAF_STAMP &&
            !note_renewal(applying, leaf->number, "renewed_by", seq, error))
            return false;
    }
    for (size_t i = 0; i < dn_value_count(of); i++) {
        const DnValue *stamp = dn_value_at(of, i);

        if (!dn_value_is(stamp, DN_VALUE_INT))
            return dn_fail(error, DN_ERROR_CORRUPT, "it names no time stamp");
        if (!note_renewal(applying, (uint64_t)stamp->number, "rehashed_by", seq, error))
            return false;
    }
    return true;
}

/* A batch's entry speaks of all vouchers whose digests are its leaves. */
static bool
apply_stamped(Applying *applying, const DnValue *entry, GError **error)
{
    g_autoptr(GBytes) bytes = blob_of(applying, &applying->apply->tenant,
                                      dn_value_get(entry, "leaves"), DN_PART_EVIDENCE, error);
    g_autoptr(GArray) leaves = bytes ? dn_leaves_parse(bytes, error) : NULL;

    if (!leaves || !note_stamp(applying, entry, error))
        return dn_fail_in(error, "evidence");
    for (guint i = 0; i < leaves->len; i++) {
        const DnLeaf *leaf = &g_array_index(leaves, DnLeaf, i);
        DnValue *one = NULL;

        if (leaf->type != DN_LEAF_DOCUMENT)
            continue;
        one = dn_value_copy(applying->arena, entry, DN_VALUE_OBJECT);
        set_int(applying, one, "version", (int64_t)leaf->number);
        if (!apply_to_voucher(applying, &leaf->voucher, one, error))
            return false;
    }
    return true;
}

static bool
note_settled(Applying *applying, const DnValue *entry, GError **error)
{
    static const char *const keys[] = {"at", "actor", "rules", NULL};
    uint8_t key[DN_VIEW_SETTLED_KEY];
    const DnValue *before = NULL;
    DnValue *rows = NULL;
    DnValue *row = NULL;

    dn_view_settled_row_key(&applying->apply->tenant, key);
    if (!row_before(applying, key, sizeof key, &before, error))
        return false;
    rows = dn_value_copy(applying->arena, before, DN_VALUE_ARRAY);
    row = dn_value_new_object(applying->arena);
    for (const char *const *member = keys; *member; member++)
        dn_value_set(applying->arena, row, *member, dn_value_get(entry, *member));
    dn_value_append(applying->arena, rows, row);
    set_row(applying, key, sizeof key, rows);
    return true;
}

/* A public list is another from now on. */
static bool
note_registry(Applying *applying, const DnValue *entry, GError **error)
{
    static const char *const keys[] = {"at",   "actor",   "list",  "form",   "as_of",
                                       "rows", "numbers", "bytes", "sha256", NULL};
    const char *list = dn_value_string(entry, "list");
    DnValue *row = dn_value_new_object(applying->arena);

    if (!list)
        return dn_fail(error, DN_ERROR_CORRUPT, "registry.imported: of no list");
    g_autofree char *key = dn_view_registry_row_key(list);

    for (const char *const *member = keys; *member; member++)
        dn_value_set(applying->arena, row, *member, dn_value_get(entry, *member));
    set_row(applying, key, strlen(key), row);
    return true;
}

/* A disposal goes from its plan to its end. */
static bool
note_disposal(Applying *applying, const DnValue *entry, GError **error)
{
    static const char *const steps[][2] = {{"disposal.planned", "planned"},
                                           {"disposal.approved", "approved"},
                                           {"disposal.done", "done"}};
    static const char *const keys[] = {"period", "vouchers", "sha256", "list", NULL};
    const char *type = dn_value_string(entry, "type");
    bool planned = strcmp(type, steps[0][0]) == 0;
    int64_t plan = dn_value_int(entry, planned ? "seq" : "plan", 0);
    uint8_t key[DN_VIEW_DISPOSAL_KEY];
    const DnValue *before = NULL;
    DnValue *row = NULL;

    dn_view_disposal_row_key(&applying->apply->tenant, (uint64_t)plan, key);
    if (!row_before(applying, key, sizeof key, &before, error))
        return false;
    if (planned != (before == NULL))
        return dn_fail(error, DN_ERROR_CORRUPT, "%s: of a disposal that was not planned", type);
    row = dn_value_copy(applying->arena, before, DN_VALUE_OBJECT);
    if (planned) {
        set_int(applying, row, "plan", plan);
        for (const char *const *member = keys; *member; member++)
            dn_value_set(applying->arena, row, *member, dn_value_get(entry, *member));
    }
    for (size_t i = 0; i < G_N_ELEMENTS(steps); i++)
        if (strcmp(type, steps[i][0]) == 0)
            set_string(applying, row, steps[i][1], dn_value_string(entry, "actor"));
    set_row(applying, key, sizeof key, row);
    return true;
}

static void
note_place(Applying *applying, const DnUuid *id, uint64_t seq, const DnStoreRef *ref)
{
    uint8_t key[DN_VIEW_ENTRY_KEY];
    uint8_t value[DN_VIEW_REF_BYTES];

    dn_view_entry_key(&applying->apply->tenant, id, seq, key);
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
note_closed(Applying *applying, const DnValue *entry, GError **error)
{
    static const char *const members[] = {"name", "hash", NULL};
    DnValue *row = NULL;
    DnUuid tenant;

    if (!dn_uuid_parse(dn_value_string(entry, "closed_tenant"), &tenant, error))
        return false;
    if (dn_uuid_equal(&tenant, &applying->apply->tenant))
        return dn_fail(error, DN_ERROR_CORRUPT, "a tenant cannot close itself");
    row = dn_value_new_object(applying->arena);
    for (const char *const *member = members; *member; member++)
        set_string(applying, row, *member, dn_value_string(entry, *member));
    set_int(applying, row, "seq", dn_value_int(entry, "last_seq", 0));
    set_string(applying, row, "closed", dn_value_string(entry, "at"));
    tenant_of(applying, &tenant)->last_row = row;
    return true;
}

static bool
apply_entry(Applying *applying, const DnValue *entry, const DnStoreRef *place, GError **error)
{
    const char *type = dn_value_string(entry, "type");
    const char *voucher = dn_value_string(entry, "voucher");
    DnUuid id;

    if (voucher && !dn_uuid_parse(voucher, &id, error))
        return dn_fail_in(error, "voucher %s", voucher);
    if (voucher)
        note_place(applying, &id, (uint64_t)dn_value_int(entry, "seq", 0), place);
    if (g_strcmp0(type, "tenant.created") == 0)
        note_tenant(applying, dn_value_string(entry, "name"));
    if (g_strcmp0(type, "evidence.stamped") == 0)
        return apply_stamped(applying, entry, error);
    if (g_strcmp0(type, "evidence.renewed") == 0)
        return apply_renewed(applying, entry, error);
    if (g_strcmp0(type, "evidence.revocation") == 0)
        return note_revocation(applying, entry, error);
    if (g_strcmp0(type, "tenant.closed") == 0)
        return note_closed(applying, entry, error);
    if (g_strcmp0(type, "tenant.settled") == 0)
        return note_settled(applying, entry, error);
    if (g_strcmp0(type, "registry.imported") == 0)
        return note_registry(applying, entry, error);
    if (g_str_has_prefix(type, "disposal."))
        return note_disposal(applying, entry, error);
    return !voucher || apply_to_voucher(applying, &id, entry, error) ||
           dn_fail_in(error, "voucher %s", voucher);
}

static bool
apply_commit(Applying *applying, GError **error)
{
    const DnApply *apply = applying->apply;

    note_blobs(applying);
    note_tenant(applying, NULL);
    for (size_t i = 0; i < apply->entry_count; i++)
        if (!apply_entry(applying, apply->entries[i], &apply->entry_refs[i], error))
            return dn_fail_in(error, "entry %" G_GINT64_FORMAT,
                              dn_value_int(apply->entries[i], "seq", 0));
    return true;
}

/* --- the rows of one voucher --- */

/* What one core writes. */
typedef struct {
    Applying *applying;
    guint first; /* of changed */
    guint end;
    DnKvBatch *batch;
    GString *packed;
    GError *failure;
} Writer;

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

/* (transfer full) Labels and references to the books; NULL when there are none. */
static char **
words_of(const DnValue *state)
{
    const DnValue *labels = dn_value_array(state, "labels");
    const DnValue *refs = dn_value_array(state, "book_refs");
    size_t most = dn_value_count(labels) + dn_value_count(refs);
    size_t count = 0;
    char **words = most > 0 ? g_new0(char *, most + 1) : NULL;

    for (size_t i = 0; i < dn_value_count(labels); i++)
        if (dn_value_text(labels->items[i]))
            words[count++] = g_strdup(dn_value_text(labels->items[i]));
    for (size_t i = 0; i < dn_value_count(refs); i++)
        if (dn_value_text(refs->items[i]))
            words[count++] = dn_view_book_label(dn_value_text(refs->items[i]));
    return words;
}

void
dn_view_record(const DnValue *state, DnIndexRecord *out_record, char ***out_labels,
               char **out_shown)
{
    const DnValue *fields = dn_value_get(state, "fields");
    const DnValue *amount = dn_value_get(fields, "amount");
    const char *date = dn_value_string(dn_value_get(fields, "date"), "value");
    char **labels = words_of(state);
    DnDate day;

    *out_record = (DnIndexRecord){
        .registered_seq = (uint64_t)dn_value_int(state, "registered_seq", 0),
        .date_days = DN_DAYS_MISSING,
        .amount = dn_value_int(amount, "value", DN_AMOUNT_MISSING),
        .currency = dn_value_string(amount, "currency"),
        .party = dn_value_string(dn_value_get(fields, "party"), "value"),
        .registration_number =
            dn_value_string(dn_value_get(fields, "registration_number"), "value"),
        .kind = dn_value_string(state, "kind"),
        .labels = (const char *const *)labels,
        .deleted = dn_value_bool(state, "deleted", false),
    };
    if (date && dn_date_parse(date, &day, NULL))
        out_record->date_days = dn_date_to_days(&day);
    dn_uuid_parse(dn_value_string(state, "voucher"), &out_record->id, NULL);
    out_record->shown = *out_shown = dn_row_shown(state);
    *out_labels = labels;
}

static void
update_index(Writer *writer, const Changed *changed)
{
    g_auto(GStrv) labels_before = NULL;
    g_auto(GStrv) labels_after = NULL;
    g_autofree char *shown_before = NULL;
    g_autofree char *shown_after = NULL;
    DnIndexRecord old;
    DnIndexRecord new;

    if (changed->before)
        dn_view_record(changed->before, &old, &labels_before, &shown_before);
    dn_view_record(changed->state, &new, &labels_after, &shown_after);
    dn_index_update(writer->batch, &changed->tenant, changed->before ? &old : NULL, &new);
    dn_known_update(writer->batch, &changed->tenant, changed->before, changed->state);
}

/* The reference to the text of the newest version, for full-text search; NULL when it was not read
 * or has been disposed of. */
static const DnValue *
text_ref(const DnValue *state)
{
    if (g_strcmp0(dn_value_string(state, "state"), "disposed") == 0)
        return NULL;
    return dn_value_get(dn_value_get(dn_voucher_find_version(state, 0), "parts"), "text");
}

/* False without an error: no commit so far has brought it. */
static bool
is_known_blob(Applying *applying, const DnValue *ref, GError **error)
{
    DnUuid id;

    if (!dn_uuid_parse(dn_value_string(ref, "id"), &id, error))
        return false;
    if (g_hash_table_contains(applying->blobs, &id))
        return true;
    g_autoptr(GBytes) row =
        dn_kv_get(applying->archive->view, DN_KV_BLOB, id.bytes, sizeof id.bytes, error);

    return row != NULL;
}

/* The text of a state; the blobs of these commits are in no row yet. */
static bool
text_of(Writer *writer, const DnUuid *tenant, const DnValue *ref, char **out_text, GError **error)
{
    Applying *applying = writer->applying;
    g_autoptr(GError) problem = NULL;

    *out_text = NULL;
    if (!ref)
        return true;
    /* An archive that was made of a capsule never had the words of what was disposed of before.
     * Where they should be there, a check misses them. */
    if (!is_known_blob(applying, ref, &problem) && !problem)
        return true;
    g_autoptr(GBytes) bytes =
        problem ? NULL : blob_of(applying, tenant, ref, DN_PART_TEXT, &problem);

    /* The key of its period has been destroyed: an entry further on says so. */
    if (!bytes && g_error_matches(problem, DN_ERROR, DN_ERROR_NOT_FOUND))
        return true;
    if (!bytes) {
        g_propagate_error(error, g_steal_pointer(&problem));
        return false;
    }
    *out_text = dn_view_text_of_bytes(bytes);
    return true;
}

static bool
update_text(Writer *writer, const Changed *changed, GError **error)
{
    const DnValue *ref_before = text_ref(changed->before);
    const DnValue *ref_after = text_ref(changed->state);
    g_autofree char *old = NULL;
    g_autofree char *new = NULL;

    if (ref_before == ref_after ||
        (ref_before && ref_after &&
         g_strcmp0(dn_value_string(ref_before, "id"), dn_value_string(ref_after, "id")) == 0))
        return true; /* the same blob */
    if (!text_of(writer, &changed->tenant, ref_before, &old, error) ||
        !text_of(writer, &changed->tenant, ref_after, &new, error))
        return dn_fail_in(error, "text");
    dn_index_update_text(writer->batch, &changed->tenant,
                         (uint64_t)dn_value_int(changed->state, "registered_seq", 0), old, new);
    return true;
}

static bool
write_changed(Writer *writer, const Changed *changed, GError **error)
{
    uint8_t key[DN_VIEW_VOUCHER_KEY];

    g_string_truncate(writer->packed, 0);
    dn_packed_write(writer->packed, changed->state);
    dn_view_voucher_key(&changed->tenant, &changed->id, key);
    dn_kv_batch_put(writer->batch, DN_KV_VOUCHER, key, sizeof key, writer->packed->str,
                    writer->packed->len);
    update_index(writer, changed);
    return update_text(writer, changed, error) ||
           dn_fail_in(error, "voucher %s", dn_value_string(changed->state, "voucher"));
}

static gpointer
write_share(gpointer data)
{
    Writer *writer = data;

    for (guint i = writer->first; i < writer->end; i++)
        if (!write_changed(writer, g_ptr_array_index(writer->applying->changed, i),
                           &writer->failure))
            break;
    return NULL;
}

/* Each core takes vouchers that stand together, and their batches are written in that order, so
 * that nothing depends on how many cores there are. */
static bool
write_all_changed(Applying *applying, GError **error)
{
    enum { WORTH_A_THREAD = 64, MOST_CORES = 64 };
    Writer writers[MOST_CORES];
    GThread *threads[MOST_CORES] = {NULL};
    guint all = applying->changed->len;
    guint count = MAX(all / WORTH_A_THREAD, 1);
    bool ok = true;

    if (count > 1) /* asking reads a file, which a commit of one voucher would notice */
        count = MIN(count, MIN(g_get_num_processors(), MOST_CORES));
    for (guint i = 0; i < count; i++) {
        writers[i] = (Writer){.applying = applying,
                              .first = (guint)((uint64_t)all * i / count),
                              .end = (guint)((uint64_t)all * (i + 1) / count),
                              .batch = dn_kv_batch_new(),
                              .packed = g_string_sized_new(2048)};
        g_ptr_array_add(applying->batches, writers[i].batch);
        if (i > 0)
            threads[i] = g_thread_new("rows", write_share, &writers[i]);
    }
    write_share(&writers[0]);
    for (guint i = 0; i < count; i++) {
        if (threads[i])
            g_thread_join(threads[i]);
        g_string_free(writers[i].packed, TRUE);
        if (writers[i].failure && ok) {
            g_propagate_error(error, g_steal_pointer(&writers[i].failure));
            ok = false;
        }
        g_clear_error(&writers[i].failure);
    }
    return ok;
}

/* --- what stands at the end of the commits, once each --- */

/* The row of a tenant that goes on. */
static const DnValue *
tenant_row(Applying *applying, const Tenant *tenant, GError **error)
{
    char *hash = dn_arena_take(applying->arena, DN_SHA256_HEX + 1);
    g_autofree char *hex = dn_hex(tenant->head.hash.bytes, sizeof tenant->head.hash.bytes);
    uint8_t key[DN_VIEW_TENANT_KEY];
    const DnValue *before = NULL;
    DnValue *row = NULL;

    g_strlcpy(hash, hex, DN_SHA256_HEX + 1);
    dn_view_tenant_row_key(&tenant->id, key);
    if (!dn_view_get(applying->archive, applying->arena, DN_KV_META, key, sizeof key, &before,
                     error))
        return NULL;
    row = dn_value_copy(applying->arena, before, DN_VALUE_OBJECT);
    set_string(applying, row, "name", tenant->name);
    set_int(applying, row, "seq", (int64_t)tenant->head.seq);
    set_string(applying, row, "hash", hash);
    return row;
}

static void
put_row(Applying *applying, const void *key, size_t size, const DnValue *row)
{
    GString *packed = g_string_sized_new(256);

    dn_packed_write(packed, row);
    dn_kv_batch_put(applying->batch, DN_KV_META, key, size, packed->str, packed->len);
    g_string_free(packed, TRUE);
}

static bool
write_tenants(Applying *applying, GError **error)
{
    GHashTableIter iter;
    gpointer value = NULL;

    g_hash_table_iter_init(&iter, applying->tenants);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const Tenant *tenant = value;
        const DnValue *row =
            tenant->last_row ? tenant->last_row : tenant_row(applying, tenant, error);
        uint8_t key[DN_VIEW_TENANT_KEY];

        if (!row)
            return false;
        dn_view_tenant_row_key(&tenant->id, key);
        put_row(applying, key, sizeof key, row);
    }
    return true;
}

static void
write_rows(Applying *applying)
{
    GHashTableIter iter;
    gpointer key = NULL;
    gpointer row = NULL;

    g_hash_table_iter_init(&iter, applying->rows);
    while (g_hash_table_iter_next(&iter, &key, &row)) {
        gsize size = 0;
        const void *bytes = g_bytes_get_data(key, &size);

        put_row(applying, bytes, size, row);
    }
}

static void
write_position(Applying *applying, const DnStorePosition *end)
{
    static const uint8_t format = DN_VIEW_FORMAT;
    uint8_t value[DN_VIEW_POSITION_BYTES];

    dn_put_be(value, end->segment, 4);
    dn_put_be(value + 4, end->offset, 8);
    dn_kv_batch_put(applying->batch, DN_KV_META, dn_view_position_key, strlen(dn_view_position_key),
                    value, sizeof value);
    dn_kv_batch_put(applying->batch, DN_KV_META, dn_view_format_key, strlen(dn_view_format_key),
                    &format, sizeof format);
}

static void
forget_changed(const Applying *applying)
{
    for (guint i = 0; i < applying->changed->len; i++) {
        const Changed *changed = g_ptr_array_index(applying->changed, i);

        dn_lately_forget(applying->archive->lately, &changed->id);
    }
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
    if (!write_all_changed(&applying, error) || !write_tenants(&applying, error))
        return false;
    write_rows(&applying);
    write_position(&applying, &applies[count - 1].end);
    if (!dn_kv_write_all(self->view, (const DnKvBatch *const *)applying.batches->pdata,
                         applying.batches->len, error))
        return false;
    forget_changed(&applying);
    self->applied = applies[count - 1].end;
    return true;
}

static bool
would_take(Applying *applying, const json_t *entry, GError **error)
{
    static const DnStoreRef nowhere;
    const char *type = dn_json_string(entry, "type");
    g_autofree char *text = NULL;
    const DnValue *value = NULL;

    if (g_str_has_prefix(type, "evidence."))
        return true; /* its list was made of the versions that are there, and none goes */
    text = dn_json_canonical(entry, error);
    value = text ? dn_value_read(applying->arena, text, strlen(text), error) : NULL;
    return value && apply_entry(applying, value, &nowhere, error);
}

bool
dn_view_would_take(DnArchive *self, const DnUuid *tenant, const json_t *const *entries,
                   size_t count, GError **error)
{
    DnApply apply = {.tenant = *tenant};
    g_auto(Applying) applying = {0};

    applying_init(&applying, self);
    applying.apply = &apply;
    for (size_t i = 0; i < count; i++)
        if (!would_take(&applying, entries[i], error))
            return dn_fail_in(error,
                              "an entry that would not fit what it speaks of; nothing was stored");
    return true;
}

bool
dn_view_mark_gone(DnArchive *self, const DnUuid *tenant, GError **error)
{
    g_auto(Applying) applying = {0};
    uint8_t key[DN_VIEW_TENANT_KEY];
    const DnValue *before = NULL;
    DnValue *row = NULL;

    applying_init(&applying, self);
    dn_view_tenant_row_key(tenant, key);
    if (!dn_view_get(self, applying.arena, DN_KV_META, key, sizeof key, &before, error))
        return false;
    row = dn_value_copy(applying.arena, before, DN_VALUE_OBJECT);
    dn_value_set(applying.arena, row, "gone", dn_value_new_bool(applying.arena, true));
    put_row(&applying, key, sizeof key, row);
    dn_lately_forget_all(self->lately);
    return dn_kv_write(self->view, applying.batch, error) && dn_kv_flush(self->view, error);
}
