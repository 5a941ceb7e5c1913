/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * index/run.c - rows gathered, found, sorted.
 *
 * Rows are sorted in groups: all rows of a table of a tenant begin with the same bytes, so that
 * within a group the sixteen bytes after those decide nearly every comparison, as two integers.
 */
#include "config.h"
#include "index/run.h"
#include "base/value.h"
#include "index/posting.h"
#include "index/tally.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_SHARED = DN_UUID_BYTES + 1, RECENT = 256 };

/* How many bytes the keys of a group share: the tenant, and the table where there are several. */
static const uint8_t shared_bytes[DN_KV_FAMILIES] = {
    [DN_KV_VOUCHER] = DN_UUID_BYTES,   [DN_KV_ENTRY] = DN_UUID_BYTES,
    [DN_KV_HASH] = DN_UUID_BYTES,      [DN_KV_JOB] = DN_UUID_BYTES + 1,
    [DN_KV_INDEX] = DN_UUID_BYTES + 1, [DN_KV_NAME] = DN_UUID_BYTES + 1,
    [DN_KV_COUNT] = DN_UUID_BYTES + 1, [DN_KV_POSTING] = DN_UUID_BYTES + 1,
    [DN_KV_TALLY] = DN_UUID_BYTES + 1,
};

/* What is added to a key of COUNT, POSTING or TALLY. */
typedef struct {
    int64_t sum;
    uint32_t *marks; /* as dn_posting_list() and dn_tally_list() take them */
    uint32_t count;
    uint32_t room;
} Total;

typedef struct {
    Total *total; /* (nullable) then there is no value */
    uint32_t key_size;
    uint32_t value_size;
    uint8_t family;
    bool is_delete;
    uint8_t bytes[]; /* the key, then the value */
} Row;

typedef struct {
    uint64_t order[2]; /* the bytes after those that are shared */
    const Row *row;
    uint32_t number; /* which came first, of one key */
} Entry;

typedef struct {
    uint8_t family;
    uint8_t shared_size;
    uint8_t shared[MOST_SHARED];
    GArray *entries; /* Entry */
    bool sorted;     /* so far */
} Group;

typedef struct {
    const Row *row; /* (nullable) */
    uint64_t hash;  /* of its key: rows lie anywhere, and few need be looked at */
} Slot;

struct DnRun {
    DnArena *arena;
    size_t bytes;
    GPtrArray *groups;     /* Group */
    GHashTable *by_prefix; /* the same */
    Group *recent[RECENT]; /* by family and last shared byte */
    Slot *slots;           /* of keys that are looked up: open addressing */
    uint32_t slots_bits;
    uint32_t slots_used;
};

static void
group_free(gpointer data)
{
    Group *group = data;

    g_array_unref(group->entries);
    g_free(group);
}

static guint
group_hash(gconstpointer data)
{
    const Group *group = data;
    guint hash = group->family;

    for (size_t i = 0; i < group->shared_size; i++)
        hash = hash * 31 + group->shared[i];
    return hash;
}

static gboolean
group_same(gconstpointer a, gconstpointer b)
{
    const Group *x = a;
    const Group *y = b;

    return x->family == y->family && x->shared_size == y->shared_size &&
           memcmp(x->shared, y->shared, x->shared_size) == 0;
}

DnRun *
dn_run_new(void)
{
    enum { FIRST_BITS = 12 };
    DnRun *self = g_new0(DnRun, 1);

    self->arena = dn_arena_new();
    self->groups = g_ptr_array_new_with_free_func(group_free);
    self->by_prefix = g_hash_table_new(group_hash, group_same);
    self->slots_bits = FIRST_BITS;
    self->slots = g_new0(Slot, (gsize)1 << FIRST_BITS);
    return self;
}

static bool
has_marks(DnKvFamily family)
{
    return family == DN_KV_POSTING || family == DN_KV_TALLY;
}

static bool
is_total(DnKvFamily family)
{
    return family == DN_KV_COUNT || has_marks(family);
}

static bool
is_looked_up(DnKvFamily family)
{
    return family == DN_KV_META || family == DN_KV_VOUCHER || family == DN_KV_BLOB;
}

void
dn_run_free(DnRun *self)
{
    if (!self)
        return;
    for (guint i = 0; i < self->groups->len; i++) {
        Group *group = g_ptr_array_index(self->groups, i);

        for (guint n = 0; has_marks((DnKvFamily)group->family) && n < group->entries->len; n++)
            g_free(g_array_index(group->entries, Entry, n).row->total->marks);
    }
    g_hash_table_unref(self->by_prefix);
    g_ptr_array_unref(self->groups);
    dn_arena_free(self->arena);
    g_free(self->slots);
    g_free(self);
}

size_t
dn_run_bytes(const DnRun *self)
{
    return self->bytes;
}

/* --- groups --- */

static Group *
group_of(DnRun *self, DnKvFamily family, const uint8_t *key, size_t key_size)
{
    size_t shared = MIN(shared_bytes[family], key_size);
    unsigned at = ((unsigned)family * 29 + (shared > 0 ? key[shared - 1] : 0)) % RECENT;
    Group *group = self->recent[at];
    Group wanted = {0};

    if (group && group->family == family && group->shared_size == shared &&
        memcmp(group->shared, key, shared) == 0)
        return group;
    wanted.family = (uint8_t)family;
    wanted.shared_size = (uint8_t)shared;
    memcpy(wanted.shared, key, shared);
    group = g_hash_table_lookup(self->by_prefix, &wanted);
    if (!group) {
        group = g_memdup2(&wanted, sizeof wanted);
        group->entries = g_array_new(FALSE, FALSE, sizeof(Entry));
        group->sorted = true;
        g_ptr_array_add(self->groups, group);
        g_hash_table_add(self->by_prefix, group);
    }
    self->recent[at] = group;
    return group;
}

/* Eight bytes of a key from @at on, zeros behind its end. */
static uint64_t
order_of(const uint8_t *key, size_t key_size, size_t at)
{
    uint64_t order = 0;

    if (key_size >= at + sizeof order) {
        memcpy(&order, key + at, sizeof order);
        return GUINT64_FROM_BE(order);
    }
    for (size_t i = at; i < at + sizeof order; i++)
        order = order << 8 | (i < key_size ? key[i] : 0);
    return order;
}

/* As far as the entries alone tell: 0 when the rows must be looked at. */
static int
compare_orders(const Entry *a, const Entry *b)
{
    unsigned which = a->order[0] == b->order[0];

    return (a->order[which] > b->order[which]) - (a->order[which] < b->order[which]);
}

static void
group_add(DnRun *self, const Row *row)
{
    Group *group = group_of(self, (DnKvFamily)row->family, row->bytes, row->key_size);
    Entry entry = {
        .order = {order_of(row->bytes, row->key_size, group->shared_size),
                  order_of(row->bytes, row->key_size, group->shared_size + sizeof(uint64_t))},
        .row = row,
        .number = group->entries->len};

    if (group->sorted && group->entries->len > 0)
        group->sorted =
            compare_orders(&g_array_index(group->entries, Entry, group->entries->len - 1), &entry) <
            0;
    g_array_append_val(group->entries, entry);
    self->bytes += sizeof entry;
}

/* --- finding --- */

static uint64_t
hash_of(DnKvFamily family, const uint8_t *key, size_t key_size)
{
    static const uint64_t odd = UINT64_C(0x9e3779b97f4a7c15);
    uint64_t hash = (key_size << 8 | (uint64_t)family) * odd;
    uint64_t word = 0;

    for (; key_size >= sizeof word; key += sizeof word, key_size -= sizeof word) {
        memcpy(&word, key, sizeof word);
        hash = (hash ^ word) * odd;
        hash ^= hash >> 29;
    }
    word = 0;
    memcpy(&word, key, key_size);
    hash = (hash ^ word) * odd;
    return hash ^ hash >> 32;
}

/* The slot of a key of @hash, or the empty one where it belongs. */
static Slot *
slot_of(const DnRun *self, DnKvFamily family, const uint8_t *key, size_t key_size, uint64_t hash)
{
    uint64_t mask = (UINT64_C(1) << self->slots_bits) - 1;
    uint64_t at = hash & mask;

    for (; self->slots[at].row; at = (at + 1) & mask) {
        const Row *row = self->slots[at].row;

        if (self->slots[at].hash == hash && row->family == family && row->key_size == key_size &&
            memcmp(row->bytes, key, key_size) == 0)
            break;
    }
    return &self->slots[at];
}

static void
slots_grow(DnRun *self)
{
    Slot *old = self->slots;
    size_t count = (size_t)1 << self->slots_bits;
    uint64_t mask = 2 * count - 1;

    self->bytes += count * sizeof *old;
    self->slots_bits++;
    self->slots = g_new0(Slot, count * 2);
    for (size_t i = 0; i < count; i++) {
        uint64_t at = old[i].hash & mask;

        if (!old[i].row)
            continue;
        while (self->slots[at].row)
            at = (at + 1) & mask;
        self->slots[at] = old[i];
    }
    g_free(old);
}

static void
slot_set(DnRun *self, Slot *slot, const Row *row, uint64_t hash)
{
    if (!slot->row)
        self->slots_used++;
    *slot = (Slot){row, hash};
    if (self->slots_used > (UINT64_C(1) << self->slots_bits) / 2)
        slots_grow(self);
}

static DnKvOperation
operation_of(const Row *row)
{
    return (DnKvOperation){.family = (DnKvFamily)row->family,
                           .is_delete = row->is_delete,
                           .key = row->bytes,
                           .key_size = row->key_size,
                           .value = row->bytes + row->key_size,
                           .value_size = row->value_size};
}

bool
dn_run_find(const DnRun *self, DnKvFamily family, const void *key, size_t key_size,
            DnKvOperation *out)
{
    const Row *row = NULL;

    if (is_looked_up(family))
        row = slot_of(self, family, key, key_size, hash_of(family, key, key_size))->row;
    if (row)
        *out = operation_of(row);
    return row != NULL;
}

/* --- adding --- */

/* @value_size: of what stands behind the key. */
static Row *
row_new(DnRun *self, const DnKvOperation *operation, size_t value_size)
{
    size_t size = sizeof(Row) + operation->key_size + value_size;
    Row *row = dn_arena_take(self->arena, size);

    *row = (Row){.key_size = (uint32_t)operation->key_size,
                 .value_size = (uint32_t)value_size,
                 .family = (uint8_t)operation->family,
                 .is_delete = operation->is_delete};
    memcpy(row->bytes, operation->key, operation->key_size);
    if (value_size > 0)
        memcpy(row->bytes + operation->key_size, operation->value, value_size);
    self->bytes += size;
    group_add(self, row);
    return row;
}

static void
add_mark(DnRun *self, Total *total, const DnKvOperation *operation)
{
    uint32_t mark = 0;
    bool read = operation->family == DN_KV_TALLY
                    ? dn_tally_read_one(operation->value, operation->value_size, &mark)
                    : dn_posting_read_one(operation->value, operation->value_size, &mark);

    if (!read)
        g_assert_not_reached(); /* dn_kv_batch_post() or dn_kv_batch_tally() wrote it */
    if (total->count == total->room) {
        uint32_t room = MAX(total->room * 2, 4);

        self->bytes += (room - total->room) * sizeof *total->marks;
        total->marks = g_renew(uint32_t, total->marks, room);
        total->room = room;
    }
    total->marks[total->count++] = mark;
}

static void
add_to_total(DnRun *self, const DnKvOperation *operation)
{
    uint64_t hash = hash_of(operation->family, operation->key, operation->key_size);
    Slot *slot = slot_of(self, operation->family, operation->key, operation->key_size, hash);
    Total *total = slot->row ? slot->row->total : NULL;
    uint64_t delta = 0;

    if (!total) {
        Row *row = row_new(self, operation, 0);

        row->total = total = dn_arena_take(self->arena, sizeof *total);
        *total = (Total){0};
        self->bytes += sizeof *total;
        slot_set(self, slot, row, hash);
    }
    if (has_marks(operation->family)) {
        add_mark(self, total, operation);
        return;
    }
    memcpy(&delta, operation->value, sizeof delta);
    total->sum += (int64_t)GUINT64_FROM_LE(delta);
}

void
dn_run_add(DnRun *self, const DnKvOperation *operation)
{
    Row *row = NULL;
    uint64_t hash = 0;

    if (is_total(operation->family)) {
        add_to_total(self, operation);
        return;
    }
    row = row_new(self, operation, operation->value_size);
    if (!is_looked_up(operation->family))
        return;
    hash = hash_of(operation->family, row->bytes, row->key_size);
    slot_set(self, slot_of(self, operation->family, row->bytes, row->key_size, hash), row, hash);
}

/* --- in order --- */

static int
compare_keys(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size)
{
    int order = memcmp(a, b, MIN(a_size, b_size));

    return order != 0 ? order : (a_size > b_size) - (a_size < b_size);
}

static int
compare_rows(const void *a, const void *b)
{
    const Entry *left = a;
    const Entry *right = b;
    const Row *x = left->row;
    const Row *y = right->row;
    int order = compare_orders(left, right);

    if (order == 0)
        order = compare_keys(x->bytes, x->key_size, y->bytes, y->key_size);
    return order != 0 ? order : (left->number > right->number) - (left->number < right->number);
}

static int
compare_groups(gconstpointer a, gconstpointer b)
{
    const Group *x = *(const Group *const *)a;
    const Group *y = *(const Group *const *)b;

    if (x->family != y->family)
        return x->family < y->family ? -1 : 1;
    return compare_keys(x->shared, x->shared_size, y->shared, y->shared_size);
}

static bool
visit_total(const Row *row, unsigned group, DnRunVisitor visit, void *user_data)
{
    const Total *total = row->total;
    uint64_t bits = GUINT64_TO_LE((uint64_t)total->sum);
    DnKvOperation operation = operation_of(row);
    g_autofree uint8_t *list = NULL;

    if (has_marks((DnKvFamily)row->family)) {
        list = row->family == DN_KV_TALLY
                   ? dn_tally_list(total->marks, total->count, &operation.value_size)
                   : dn_posting_list(total->marks, total->count, &operation.value_size);
        operation.value = list;
        return visit(&operation, group, user_data);
    }
    operation.value = &bits;
    operation.value_size = sizeof bits;
    return total->sum == 0 || visit(&operation, group, user_data);
}

static bool
visit_row(const Row *row, unsigned group, DnRunVisitor visit, void *user_data)
{
    DnKvOperation operation = operation_of(row);

    return visit(&operation, group, user_data);
}

/* Sorted rows lie anywhere in memory: each is asked for before its turn. */
static void
expect_row(const Entry *entries, guint at, guint count)
{
    if (at < count) {
        __builtin_prefetch(entries[at].row);
        __builtin_prefetch((const uint8_t *)entries[at].row + 64);
    }
}

static bool
visit_group(Group *group, unsigned number, DnRunVisitor visit, void *user_data)
{
    enum { AHEAD = 8 };
    const Entry *entries = NULL;

    if (!group->sorted)
        qsort(group->entries->data, group->entries->len, sizeof(Entry), compare_rows);
    entries = (const Entry *)group->entries->data;
    for (guint i = 0; i < group->entries->len; i++) {
        const Row *row = entries[i].row;
        const Row *next = i + 1 < group->entries->len ? entries[i + 1].row : NULL;

        expect_row(entries, i + AHEAD, group->entries->len);
        if (next && compare_orders(&entries[i], &entries[i + 1]) == 0 &&
            compare_keys(row->bytes, row->key_size, next->bytes, next->key_size) == 0)
            continue; /* the last word about a key stands */
        if (row->total ? !visit_total(row, number, visit, user_data)
                       : !visit_row(row, number, visit, user_data))
            return false;
    }
    return true;
}

bool
dn_run_each(DnRun *self, DnRunVisitor visit, void *user_data)
{
    memset(self->recent, 0, sizeof self->recent);
    g_ptr_array_sort(self->groups, compare_groups);
    for (guint i = 0; i < self->groups->len; i++)
        if (!visit_group(g_ptr_array_index(self->groups, i), i, visit, user_data))
            return false;
    return true;
}
