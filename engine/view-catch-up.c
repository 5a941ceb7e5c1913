/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/view-catch-up.c - the log read from where the view stands to its end.
 */
#include "config.h"
#include "engine/internal.h"
#include "engine/view-format.h"

#include <string.h>

GHashTable *
dn_heads_new(void)
{
    return g_hash_table_new_full(dn_uuid_hash, dn_uuid_same, g_free, g_free);
}

static GHashTable *
uuids_new(void)
{
    return g_hash_table_new_full(dn_uuid_hash, dn_uuid_same, g_free, NULL);
}

/*
 * A pipeline of two rounds: while the commits of one round are unsealed and parsed by all cores,
 * those of the round before are applied, and written at once.
 */
size_t dn_view_load_bytes = 64 << 20;

enum { ROUND_COMMITS = 1024, ROUND_BYTES = 8 << 20 };

/* A commit of a round, in its arena. */
typedef struct {
    DnApply apply;
    DnStoreEntry *sealed; /* with a reference on the bytes */
    char **lines;         /* that the entries lend their strings from */
    const DnValue **entries;
    DnSha256 *hashes;
    GError *failure; /* of unsealing and parsing */
} Item;

enum { MOST_CORES = 64 };

typedef struct {
    DnArchive *archive;
    DnArena *arena;   /* (nullable) of what came from the log */
    GPtrArray *items; /* Item */
    size_t bytes;
    gint next;                       /* the first item that no thread has taken */
    DnArena *parsed[MOST_CORES + 1]; /* (nullable) of the entries, one a thread that parsed some */
    gint parsed_count;
    GThread *threads[MOST_CORES];
    unsigned thread_count;
    bool is_started;
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
item_clear(gpointer data)
{
    Item *item = data;

    for (size_t i = 0; i < item->apply.entry_count; i++) {
        g_clear_pointer(&item->sealed[i].sealed, g_bytes_unref);
        g_free(item->lines[i]);
    }
    g_clear_error(&item->failure);
}

static void *
keep(DnArena *arena, const void *bytes, size_t size)
{
    void *copy = dn_arena_take(arena, size);

    if (size > 0)
        memcpy(copy, bytes, size);
    return copy;
}

static void *
nothing(DnArena *arena, size_t size)
{
    return memset(dn_arena_take(arena, size), 0, size);
}

static Item *
item_new(DnArena *arena, const DnStoreVisit *visit)
{
    Item *item = nothing(arena, sizeof *item);
    size_t count = visit->entry_count;

    item->sealed = keep(arena, visit->entries, count * sizeof *visit->entries);
    for (size_t i = 0; i < count; i++)
        g_bytes_ref(item->sealed[i].sealed);
    item->lines = nothing(arena, count * sizeof *item->lines);
    item->entries = nothing(arena, count * sizeof *item->entries);
    item->hashes = nothing(arena, count * sizeof *item->hashes);
    item->apply = (DnApply){
        .tenant = visit->tenant,
        .end = visit->end,
        .blob_count = visit->blob_count,
        .blobs = keep(arena, visit->blobs, visit->blob_count * sizeof *visit->blobs),
        .blob_refs = keep(arena, visit->blob_refs, visit->blob_count * sizeof *visit->blob_refs),
        .entry_count = count,
        .entry_refs = keep(arena, visit->entry_refs, count * sizeof *visit->entry_refs),
        .entries = item->entries};
    return item;
}

static void
parse_item(DnArchive *archive, DnArena *arena, Item *item)
{
    for (size_t i = 0; i < item->apply.entry_count; i++) {
        item->lines[i] = dn_unseal_line(archive->keys, &item->apply.tenant, item->sealed[i].seq,
                                        item->sealed[i].sealed, &item->failure);
        if (item->lines[i])
            item->entries[i] =
                dn_entry_parse(arena, item->lines[i], &item->hashes[i], &item->failure);
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
    DnArena *arena = dn_arena_new();

    round->parsed[g_atomic_int_add(&round->parsed_count, 1)] = arena;
    for (;;) {
        guint number = (guint)g_atomic_int_add(&round->next, 1);

        if (number >= round->items->len)
            return NULL;
        parse_item(round->archive, arena, g_ptr_array_index(round->items, number));
    }
}

static void
round_start(Round *self)
{
    enum { WORTH_A_THREAD = 16 };
    unsigned wanted =
        MIN(MIN(g_get_num_processors(), MOST_CORES), self->items->len / WORTH_A_THREAD);

    self->next = 0;
    self->is_started = true;
    for (self->thread_count = 0; self->thread_count < wanted; self->thread_count++)
        self->threads[self->thread_count] = g_thread_new("parse", parse_round, self);
}

static void
round_join(Round *self)
{
    if (self->is_started)
        parse_round(self); /* what no thread has taken */
    self->is_started = false;
    for (unsigned i = 0; i < self->thread_count; i++)
        g_thread_join(self->threads[i]);
    self->thread_count = 0;
}

static void
round_clear(Round *self)
{
    round_join(self);
    g_ptr_array_set_size(self->items, 0);
    for (gint i = 0; i < self->parsed_count; i++)
        dn_arena_free(self->parsed[i]);
    self->parsed_count = 0;
    g_clear_pointer(&self->arena, dn_arena_free);
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
    if (!round->arena)
        round->arena = dn_arena_new();
    g_ptr_array_add(round->items, item_new(round->arena, visit));
    for (size_t i = 0; i < visit->entry_count; i++)
        round->bytes += g_bytes_get_size(visit->entries[i].sealed);
    return (round->items->len < ROUND_COMMITS &&
            round->bytes < MIN((size_t)ROUND_BYTES, dn_view_load_bytes)) ||
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

/* The same by whole files. What was applied before a failure is kept here too. */
static bool
catch_up_loading(CatchUp *up, const DnStorePosition *position, GError **error)
{
    DnKv *view = up->archive->view;
    bool whole = false;

    dn_kv_begin_load(view, dn_view_load_bytes);
    whole = catch_up(up, position, error);
    if (dn_kv_end_load(view, whole ? error : NULL))
        return whole;
    up->view_failed = up->view_failed || whole;
    return false;
}

/* @alone: nobody else reads the view meanwhile. */
static bool
catch_up_from(DnArchive *self, bool alone, DnProgress progress, void *user_data,
              uint64_t *out_entries, bool *out_view_at_fault, GError **error)
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
        up.rounds[i] =
            (Round){.archive = self, .items = g_ptr_array_new_with_free_func(item_clear)};
    whole = alone ? catch_up_loading(&up, &position, error) : catch_up(&up, &position, error);
    whole = whole && (position.segment > 0 || mark_absent(self, error));
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
dn_view_catch_up(DnArchive *self, DnProgress progress, void *user_data, uint64_t *out_entries,
                 bool *out_view_at_fault, GError **error)
{
    return catch_up_from(self, false, progress, user_data, out_entries, out_view_at_fault, error);
}

bool
dn_view_build(DnArchive *self, DnProgress progress, void *user_data, uint64_t *out_entries,
              bool *out_view_at_fault, GError **error)
{
    return catch_up_from(self, true, progress, user_data, out_entries, out_view_at_fault, error);
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
