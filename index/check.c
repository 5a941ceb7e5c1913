/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * index/check.c - the rows that the vouchers make against the rows that are there.
 */
#include "config.h"
#include "index/check.h"
#include "base/digest.h"
#include "index/key.h"
#include "index/posting.h"
#include "index/tally.h"

#include <string.h>

/* Adding digests takes no account of order, and takes a row that is there twice twice. */
typedef struct {
    uint64_t low;
    uint64_t high;
} Sum;

struct DnIndexCheck {
    DnKvSnapshot *snapshot;
    DnUuid tenant;
    Sum wanted[DN_KV_FAMILIES];
    uint64_t rows;
    bool missing; /* of the voucher that is looked at */
    GError *error;
};

static void
sum_add(Sum *sum, const void *key, size_t key_size, const void *value, size_t value_size,
        uint64_t times)
{
    g_autoptr(GByteArray) bytes = g_byte_array_sized_new((guint)(key_size + value_size + 8));
    DnSha256 digest;
    uint64_t halves[2];

    dn_key_add_u64(bytes, key_size);
    g_byte_array_append(bytes, key, (guint)key_size);
    g_byte_array_append(bytes, value, (guint)value_size);
    digest = dn_sha256(bytes->data, bytes->len);
    memcpy(halves, digest.bytes, sizeof halves);
    sum->low += halves[0] * times;
    sum->high += halves[1] * times;
}

DnIndexCheck *
dn_index_check_new(DnKv *kv, const DnUuid *tenant)
{
    DnIndexCheck *self = g_new0(DnIndexCheck, 1);

    self->snapshot = dn_kv_snapshot(kv);
    self->tenant = *tenant;
    return self;
}

void
dn_index_check_free(DnIndexCheck *self)
{
    if (!self)
        return;
    dn_kv_snapshot_free(self->snapshot);
    g_clear_error(&self->error);
    g_free(self);
}

static bool
check_row(const DnKvOperation *op, void *user_data)
{
    DnIndexCheck *self = user_data;
    Sum *sum = &self->wanted[op->family];

    if (op->family == DN_KV_COUNT) {
        sum_add(sum, op->key, op->key_size, "", 0, 1);
        return true;
    }
    if (op->family == DN_KV_POSTING || op->family == DN_KV_TALLY) {
        sum_add(sum, op->key, op->key_size, op->value, op->value_size, 1);
        return true;
    }
    g_autoptr(GBytes) row =
        dn_kv_snapshot_get(self->snapshot, op->family, op->key, op->key_size, &self->error);

    if (self->error)
        return false;
    self->rows++;
    sum_add(sum, op->key, op->key_size, op->value, op->value_size, 1);
    if (!row || g_bytes_get_size(row) != op->value_size ||
        (op->value_size > 0 && memcmp(g_bytes_get_data(row, NULL), op->value, op->value_size) != 0))
        self->missing = true;
    return true;
}

bool
dn_index_check_voucher(DnIndexCheck *self, const DnIndexRecord *record, const char *text,
                       GError **error)
{
    g_autoptr(DnKvBatch) batch = dn_kv_batch_new();

    self->missing = false;
    dn_index_update(batch, &self->tenant, NULL, record);
    dn_index_update_text(batch, &self->tenant, record->registered_seq, NULL, text);
    if (!dn_kv_batch_each(batch, check_row, self)) {
        g_propagate_error(error, g_steal_pointer(&self->error));
        return false;
    }
    if (self->missing)
        return dn_fail(error, DN_ERROR_CORRUPT,
                       "search does not find the voucher by all of its values; run "
                       "`dencho rebuild`");
    return true;
}

static bool
sum_posting(Sum *sum, const uint8_t *key, size_t key_size, const uint8_t *value, size_t value_size,
            uint64_t *rows)
{
    g_autoptr(GArray) places = g_array_new(FALSE, FALSE, sizeof(uint64_t));

    if (!dn_posting_read(value, value_size, 0, places))
        return false;
    for (guint i = 0; i < places->len; i++) {
        uint8_t one[DN_POSTING_ONE_BYTES];
        size_t size = dn_posting_one((uint16_t)g_array_index(places, uint64_t, i), false, one);

        sum_add(sum, key, key_size, one, size, 1);
    }
    *rows += places->len;
    return true;
}

static bool
sum_tally(Sum *sum, const uint8_t *key, size_t key_size, const uint8_t *value, size_t value_size,
          uint64_t *rows)
{
    DnTallyReader reader = {.bytes = value, .size = value_size, .place = -1};

    for (; dn_tally_next(&reader); ++*rows) {
        uint8_t one[DN_TALLY_ONE_BYTES];
        size_t size = dn_tally_one((uint16_t)reader.place, false, one);

        sum_add(sum, key, key_size, one, size, (uint64_t)reader.count);
    }
    return reader.size == 0;
}

static bool
sum_row(DnKvFamily family, Sum *sum, const DnKvCursor *cursor, uint64_t *rows)
{
    size_t key_size = 0;
    size_t value_size = 0;
    const uint8_t *key = dn_kv_cursor_key(cursor, &key_size);
    const uint8_t *value = dn_kv_cursor_value(cursor, &value_size);
    uint64_t count = 0;

    if (family == DN_KV_POSTING)
        return sum_posting(sum, key, key_size, value, value_size, rows);
    if (family == DN_KV_TALLY)
        return sum_tally(sum, key, key_size, value, value_size, rows);
    if (family == DN_KV_INDEX) {
        sum_add(sum, key, key_size, value, value_size, 1);
        return true;
    }
    if (value_size != sizeof count)
        return false;
    memcpy(&count, value, sizeof count);
    sum_add(sum, key, key_size, "", 0, GUINT64_FROM_LE(count));
    return true;
}

/* All rows of the tenant in one family against what its vouchers wrote there. */
static bool
check_family(DnIndexCheck *self, DnKvFamily family, const char *what, GError **error)
{
    g_autoptr(GByteArray) from = g_byte_array_new();
    g_autoptr(GByteArray) to = NULL;
    g_autoptr(DnKvCursor) cursor = NULL;
    Sum there = {0};
    bool bounded = false;
    bool readable = true;

    g_byte_array_append(from, self->tenant.bytes, DN_UUID_BYTES);
    to = dn_key_copy(from);
    bounded = dn_key_next(to);
    cursor = dn_kv_snapshot_cursor(self->snapshot, family, from->data, from->len,
                                   bounded ? to->data : NULL, bounded ? to->len : 0, false);
    for (; readable && dn_kv_cursor_valid(cursor); dn_kv_cursor_next(cursor))
        readable = sum_row(family, &there, cursor, &self->rows);
    if (readable && !dn_kv_cursor_ok(cursor, error))
        return false;
    if (!readable || there.low != self->wanted[family].low ||
        there.high != self->wanted[family].high)
        return dn_fail(error, DN_ERROR_CORRUPT,
                       "the index's %s are not what the vouchers say; run `dencho rebuild`", what);
    return true;
}

bool
dn_index_check_finish(DnIndexCheck *self, uint64_t *out_rows, GError **error)
{
    if (!check_family(self, DN_KV_INDEX, "rows", error) ||
        !check_family(self, DN_KV_COUNT, "counts", error) ||
        !check_family(self, DN_KV_POSTING, "lists", error) ||
        !check_family(self, DN_KV_TALLY, "values of names", error))
        return false;
    *out_rows = self->rows;
    return true;
}
