/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * index/record.c - the rows that make a voucher findable.
 *
 * A cover is packed, since three rows of a voucher have it and blocks are unpacked to be read:
 *
 *     what is there (1 byte: the flags below), id (16); date and amount, if there, each as a
 * number; registration number (6), if there; kind (1 byte: which of a list, or 0 and the word);
 * party; currency, labels (how many, each) and, in a SEQ row, what is shown beside, if there
 *
 * A number is zigzag (sign in the lowest bit) in groups of 7 bits, the lowest first, the highest
 * bit of a byte says that more follow. A word ends with NUL.
 */
#include "config.h"
#include "index/record.h"
#include "index/month.h"
#include "index/party.h"
#include "index/posting.h"
#include "index/query.h"

#include <string.h>

enum {
    NUMBER_BYTES = 6,   /* of 13 digits */
    MAX_CURRENCY = 8,   /* less than an id */
    MAX_SPELLING = 256, /* bytes of a name that a list shows */
};

enum {
    HAS_DATE = 1,
    HAS_AMOUNT = 2,
    HAS_NUMBER = 4,
    HAS_CURRENCY = 8,
    HAS_LABELS = 16,
    HAS_SHOWN = 32,
    IS_DELETED = 64,
    IS_COVER = 128, /* always */
};

/* One that is added goes to the end: places are written. */
static const char *const kinds[] = {"receipt", "invoice",  "delivery_note", "quotation",
                                    "order",   "contract", "statement",     "other"};

typedef struct {
    GByteArray *key;
    GByteArray *value; /* (nullable) */
} Row;

static void
row_free(void *data)
{
    Row *row = data;

    g_byte_array_unref(row->key);
    if (row->value)
        g_byte_array_unref(row->value);
    g_free(row);
}

/* Takes @key. */
static void
rows_add(GPtrArray *rows, GByteArray *key, GByteArray *value)
{
    Row *row = g_new0(Row, 1);

    row->key = key;
    row->value = value ? g_byte_array_ref(value) : NULL;
    g_ptr_array_add(rows, row);
}

static void
add_c_string(GByteArray *value, const char *text)
{
    g_byte_array_append(value, (const guint8 *)text, (guint)strlen(text) + 1);
}

static char *
folded_party(const DnIndexRecord *record)
{
    return record->party ? dn_party_fold(record->party) : g_strdup("");
}

static char *
number_of(const DnIndexRecord *record)
{
    char *number =
        record->registration_number ? dn_party_number(record->registration_number) : NULL;

    return number ? number : g_strdup("");
}

/* "" for yen and for what names none: nearly all. */
static const char *
currency_of(const DnIndexRecord *record)
{
    return dn_index_currency(record->amount == DN_AMOUNT_MISSING ? NULL : record->currency);
}

static void
add_currency(GByteArray *value, const DnIndexRecord *record)
{
    const char *currency = currency_of(record);

    g_byte_array_append(value, (const guint8 *)currency, (guint)strnlen(currency, MAX_CURRENCY));
}

static void
add_number(GByteArray *value, int64_t number)
{
    uint64_t rest = (uint64_t)number << 1 ^ (number < 0 ? UINT64_MAX : 0);

    for (; rest >= 0x80; rest >>= 7)
        dn_key_add_u8(value, (uint8_t)(rest | 0x80));
    dn_key_add_u8(value, (uint8_t)rest);
}

static bool
read_number(DnKeyReader *in, int64_t *out)
{
    uint64_t value = 0;
    uint8_t byte = 0x80;

    for (unsigned shift = 0; byte & 0x80; shift += 7) {
        if (shift > 63 || !dn_key_read_u8(in, &byte))
            return false;
        value |= (uint64_t)(byte & 0x7f) << shift;
    }
    *out = (int64_t)(value >> 1 ^ (value & 1 ? UINT64_MAX : 0));
    return true;
}

static void
add_kind(GByteArray *value, const char *kind)
{
    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++)
        if (strcmp(kind, kinds[i]) == 0) {
            dn_key_add_u8(value, (uint8_t)(i + 1));
            return;
        }
    dn_key_add_u8(value, 0);
    add_c_string(value, kind);
}

static void
add_registration(GByteArray *value, const char *number)
{
    uint64_t digits = g_ascii_strtoull(number + 1, NULL, 10);

    for (int i = NUMBER_BYTES - 1; i >= 0; i--)
        dn_key_add_u8(value, (uint8_t)(digits >> (8 * i)));
}

static GByteArray *
cover_new(const DnIndexRecord *record, const char *party, const char *number)
{
    GByteArray *value = g_byte_array_sized_new(128);
    const char *const none[] = {NULL};
    const char *const *labels = record->labels ? record->labels : none;
    bool has_date = record->date_days != DN_DAYS_MISSING;
    bool has_amount = record->amount != DN_AMOUNT_MISSING;
    bool has_currency = *currency_of(record) != '\0';

    dn_key_add_u8(value, (uint8_t)(IS_COVER | (record->deleted ? IS_DELETED : 0) |
                                   (has_date ? HAS_DATE : 0) | (has_amount ? HAS_AMOUNT : 0) |
                                   (*number ? HAS_NUMBER : 0) | (has_currency ? HAS_CURRENCY : 0) |
                                   (labels[0] ? HAS_LABELS : 0)));
    g_byte_array_append(value, record->id.bytes, DN_UUID_BYTES);
    if (has_date)
        add_number(value, record->date_days);
    if (has_amount)
        add_number(value, record->amount);
    if (*number)
        add_registration(value, number);
    add_kind(value, record->kind ? record->kind : "");
    add_c_string(value, party);
    if (has_currency) {
        add_currency(value, record);
        dn_key_add_u8(value, 0);
    }
    if (labels[0])
        add_number(value, g_strv_length((char **)labels));
    for (size_t i = 0; labels[i]; i++)
        add_c_string(value, labels[i]);
    return value;
}

/* (transfer full) The same, and what is shown beside. */
static GByteArray *
cover_shown(const GByteArray *cover, const char *shown)
{
    GByteArray *row = dn_key_copy(cover);

    if (shown) {
        row->data[0] |= HAS_SHOWN;
        add_c_string(row, shown);
    }
    return row;
}

static bool
read_c_string(DnKeyReader *in, const char **out)
{
    const uint8_t *end = in->size > 0 ? memchr(in->bytes, '\0', in->size) : NULL;

    if (!end)
        return false;
    *out = (const char *)in->bytes;
    in->size -= (size_t)(end + 1 - in->bytes);
    in->bytes = end + 1;
    return true;
}

static bool
read_values(DnCover *self, DnKeyReader *in, uint8_t flags)
{
    int64_t days = DN_DAYS_MISSING;

    self->amount = DN_AMOUNT_MISSING;
    if ((flags & HAS_DATE && (!read_number(in, &days) || days != (int32_t)days)) ||
        (flags & HAS_AMOUNT && !read_number(in, &self->amount)))
        return false;
    self->date_days = (int32_t)days;
    return true;
}

static bool
read_registration(DnCover *self, DnKeyReader *in, uint8_t flags)
{
    uint64_t digits = 0;

    self->number[0] = '\0';
    if (!(flags & HAS_NUMBER))
        return true;
    for (int i = 0; i < NUMBER_BYTES; i++) {
        uint8_t byte = 0;

        if (!dn_key_read_u8(in, &byte))
            return false;
        digits = digits << 8 | byte;
    }
    self->number[0] = 'T';
    for (int i = DN_COVER_DIGITS; i > 0; digits /= 10)
        self->number[i--] = (char)('0' + digits % 10);
    self->number[DN_COVER_DIGITS + 1] = '\0';
    return digits == 0;
}

static bool
read_kind(DnCover *self, DnKeyReader *in)
{
    uint8_t place = 0;

    if (!dn_key_read_u8(in, &place) || place > G_N_ELEMENTS(kinds))
        return false;
    if (place == 0)
        return read_c_string(in, &self->kind);
    self->kind = kinds[place - 1];
    return true;
}

static bool
read_labels(DnCover *self, DnKeyReader *in, uint8_t flags)
{
    const char *label = NULL;
    int64_t count = 0;

    if (flags & HAS_LABELS && (!read_number(in, &count) || count < 0))
        return false;
    self->label_count = (uint64_t)count;
    self->labels = (const char *)in->bytes;
    for (int64_t i = 0; i < count; i++)
        if (!read_c_string(in, &label))
            return false;
    return true;
}

bool
dn_cover_read(DnCover *self, const uint8_t *bytes, size_t size)
{
    DnKeyReader in = {bytes, size};
    uint8_t flags = 0;

    self->shown = NULL;
    self->currency = "";
    if (!dn_key_read_u8(&in, &flags) || !(flags & IS_COVER) || in.size < DN_UUID_BYTES)
        return false;
    self->deleted = (flags & IS_DELETED) != 0;
    memcpy(self->id.bytes, in.bytes, DN_UUID_BYTES);
    in.bytes += DN_UUID_BYTES;
    in.size -= DN_UUID_BYTES;
    return read_values(self, &in, flags) && read_registration(self, &in, flags) &&
           read_kind(self, &in) && read_c_string(&in, &self->party) &&
           (!(flags & HAS_CURRENCY) || read_c_string(&in, &self->currency)) &&
           read_labels(self, &in, flags) &&
           (!(flags & HAS_SHOWN) || read_c_string(&in, &self->shown)) && in.size == 0;
}

bool
dn_cover_read_id(DnUuid *out_id, const uint8_t *bytes, size_t size)
{
    if (size < 1 + DN_UUID_BYTES || !(bytes[0] & IS_COVER))
        return false;
    memcpy(out_id->bytes, bytes + 1, DN_UUID_BYTES);
    return true;
}

bool
dn_cover_has_label(const DnCover *self, const char *label)
{
    const char *p = self->labels;

    for (uint64_t i = 0; i < self->label_count; i++) {
        if (strcmp(p, label) == 0)
            return true;
        p += strlen(p) + 1;
    }
    return false;
}

static GByteArray *
state_key(const DnUuid *tenant, DnKeyTable table, bool deleted)
{
    GByteArray *key = dn_key_new(tenant, table);

    dn_key_add_u8(key, deleted);
    return key;
}

static void
add_all_keys(GByteArray *key, const DnIndexRecord *record)
{
    dn_key_add_i32(key, record->date_days);
    dn_key_add_i64(key, record->amount);
    dn_key_add_u64(key, record->registered_seq);
}

/* All rows of @record; a pure function of it. */
static void
rows_of(GPtrArray *rows, const DnUuid *tenant, const DnIndexRecord *record, const char *party)
{
    g_autofree char *number = number_of(record);
    g_autoptr(GByteArray) cover = cover_new(record, party, number);
    g_autoptr(GByteArray) row = cover_shown(cover, record->shown);
    g_autoptr(GByteArray) id = g_byte_array_new();
    g_autoptr(GByteArray) currency = g_byte_array_new();
    GByteArray *key = state_key(tenant, DN_KEY_SEQ, record->deleted);

    g_byte_array_append(id, record->id.bytes, DN_UUID_BYTES);
    add_currency(id, record);
    add_currency(currency, record);
    dn_key_add_u64(key, record->registered_seq);
    rows_add(rows, key, row);

    key = state_key(tenant, DN_KEY_DATE, record->deleted);
    dn_key_add_i32(key, record->date_days);
    dn_key_add_u64(key, record->registered_seq);
    rows_add(rows, key, cover);

    key = state_key(tenant, DN_KEY_AMOUNT, record->deleted);
    dn_key_add_i64(key, record->amount);
    dn_key_add_u64(key, record->registered_seq);
    rows_add(rows, key, cover);

    if (record->date_days != DN_DAYS_MISSING && record->amount != DN_AMOUNT_MISSING) {
        key = state_key(tenant, DN_KEY_PAIR, record->deleted);
        add_all_keys(key, record);
        rows_add(rows, key, currency);
    }
    key = state_key(tenant, DN_KEY_PARTY, record->deleted);
    dn_key_add_string(key, party);
    add_all_keys(key, record);
    rows_add(rows, key, id);

    key = state_key(tenant, DN_KEY_PARTY_AMOUNT, record->deleted);
    dn_key_add_string(key, party);
    dn_key_add_i64(key, record->amount);
    dn_key_add_i32(key, record->date_days);
    dn_key_add_u64(key, record->registered_seq);
    rows_add(rows, key, currency);
    if (*number) {
        key = state_key(tenant, DN_KEY_NUMBER, record->deleted);
        dn_key_add_string(key, number);
        add_all_keys(key, record);
        rows_add(rows, key, currency);
    }
}

static guint
row_hash(gconstpointer data)
{
    const Row *row = data;
    guint hash = 5381;

    for (guint i = 0; i < row->key->len; i++)
        hash = hash * 33 + row->key->data[i];
    return hash;
}

static bool
same_bytes(const GByteArray *a, const GByteArray *b)
{
    return a->len == b->len && (a->len == 0 || memcmp(a->data, b->data, a->len) == 0);
}

static gboolean
row_equal(gconstpointer a, gconstpointer b)
{
    return same_bytes(((const Row *)a)->key, ((const Row *)b)->key);
}

static GHashTable *
row_set(GPtrArray *rows)
{
    GHashTable *set = g_hash_table_new(row_hash, row_equal);

    for (guint i = 0; i < rows->len; i++)
        g_hash_table_add(set, g_ptr_array_index(rows, i));
    return set;
}

static bool
same_value(const Row *a, const Row *b)
{
    return !a->value || same_bytes(a->value, b->value);
}

/* A table's rows all have values or have none, so equal keys are comparable. */
static void
write_difference(DnKvBatch *batch, GPtrArray *before, GPtrArray *after)
{
    g_autoptr(GHashTable) old = before->len > 0 ? row_set(before) : NULL;
    g_autoptr(GHashTable) new = before->len > 0 ? row_set(after) : NULL;

    for (guint i = 0; i < before->len; i++) {
        Row *row = g_ptr_array_index(before, i);

        if (!g_hash_table_contains(new, row))
            dn_kv_batch_delete(batch, DN_KV_INDEX, row->key->data, row->key->len);
    }
    for (guint i = 0; i < after->len; i++) {
        Row *row = g_ptr_array_index(after, i);
        Row *stands = old ? g_hash_table_lookup(old, row) : NULL;

        if (!stands || !same_value(row, stands))
            dn_kv_batch_put(batch, DN_KV_INDEX, row->key->data, row->key->len,
                            row->value ? row->value->data : (const guint8 *)"",
                            row->value ? row->value->len : 0);
    }
}

/* (transfer full) The keys of the counters that @record is one of. */
static GPtrArray *
counters_of(const DnUuid *tenant, const DnIndexRecord *record, const char *party)
{
    GPtrArray *keys = g_ptr_array_new_with_free_func((GDestroyNotify)g_byte_array_unref);
    GByteArray *key = dn_key_new(tenant, DN_KEY_DAY);
    int32_t month = record->date_days == DN_DAYS_MISSING
                        ? DN_DAYS_MISSING
                        : (int32_t)dn_month_of_day(record->date_days);

    dn_key_add_u8(key, record->deleted);
    dn_key_add_i32(key, record->date_days);
    g_ptr_array_add(keys, key);
    key = state_key(tenant, DN_KEY_MONTH, record->deleted);
    dn_key_add_string(key, party);
    dn_key_add_i32(key, month);
    g_ptr_array_add(keys, key);
    if (*party) {
        key = dn_key_new(tenant, DN_KEY_NAME);
        dn_key_add_string(key, party);
        dn_key_add_u8(key, record->deleted);
        g_ptr_array_add(keys, key);
    }
    return keys;
}

static void
count_difference(DnKvBatch *batch, GPtrArray *before, GPtrArray *after)
{
    for (guint i = 0; i < before->len || i < after->len; i++) {
        const GByteArray *old = i < before->len ? g_ptr_array_index(before, i) : NULL;
        const GByteArray *new = i < after->len ? g_ptr_array_index(after, i) : NULL;

        if (old && new &&same_bytes(old, new))
            continue;
        if (old)
            dn_kv_batch_add(batch, old->data, old->len, -1);
        if (new)
            dn_kv_batch_add(batch, new->data, new->len, 1);
    }
}

/* (transfer full) The keys of DN_KV_NAME: first the spelling, which is what the others follow from.
 */
static GPtrArray *
names_of(const DnUuid *tenant, const char *printed, const char *party)
{
    GPtrArray *keys = g_ptr_array_new_with_free_func((GDestroyNotify)g_byte_array_unref);
    g_autofree char *shown = g_utf8_make_valid(printed, (gssize)strnlen(printed, MAX_SPELLING));
    GByteArray *key = dn_key_new(tenant, DN_KEY_SPELLING);

    dn_key_add_string(key, party);
    dn_key_add_string(key, shown);
    g_ptr_array_add(keys, key);
    for (const char *p = party; *p; p = g_utf8_next_char(p)) {
        key = dn_key_new(tenant, DN_KEY_ENDING);
        dn_key_add_string(key, p);
        g_byte_array_append(key, (const guint8 *)party, (guint)(p - party));
        g_ptr_array_add(keys, key);
    }
    return keys;
}

static void
add_names(DnKvBatch *batch, const DnUuid *tenant, const char *printed, const char *party)
{
    g_autoptr(GPtrArray) keys = names_of(tenant, printed, party);
    const GByteArray *mark = g_ptr_array_index(keys, 0);

    dn_kv_batch_once(batch, mark->data, mark->len, keys->len);
    for (guint i = 0; i < keys->len; i++) {
        const GByteArray *key = g_ptr_array_index(keys, i);

        dn_kv_batch_put(batch, DN_KV_NAME, key->data, key->len, "", 0);
    }
}

static GByteArray *
posting_key(const DnUuid *tenant, DnKeyTable table, const char *term, uint64_t seq)
{
    GByteArray *key = dn_key_new(tenant, table);

    dn_key_add_term(key, term);
    dn_key_add_u64(key, seq >> DN_POSTING_BITS);
    return key;
}

static bool
has_key(const GPtrArray *keys, const GByteArray *key)
{
    for (guint i = 0; i < keys->len; i++)
        if (same_bytes(g_ptr_array_index(keys, i), key))
            return true;
    return false;
}

/* (transfer full) The keys of the lists of kind and labels. */
static GPtrArray *
lists_of(const DnUuid *tenant, const DnIndexRecord *record)
{
    GPtrArray *keys = g_ptr_array_new_with_free_func((GDestroyNotify)g_byte_array_unref);
    uint64_t seq = record->registered_seq;

    g_ptr_array_add(keys, posting_key(tenant, DN_KEY_KIND, record->kind ? record->kind : "", seq));
    for (size_t i = 0; record->labels && record->labels[i]; i++) {
        g_autoptr(GByteArray) key = posting_key(tenant, DN_KEY_LABEL, record->labels[i], seq);

        if (!has_key(keys, key))
            g_ptr_array_add(keys, g_steal_pointer(&key));
    }
    return keys;
}

static void
post_lists(DnKvBatch *batch, uint64_t seq, const GPtrArray *keys, const GPtrArray *but_not,
           bool removed)
{
    for (guint i = 0; i < keys->len; i++) {
        const GByteArray *key = g_ptr_array_index(keys, i);

        if (!has_key(but_not, key))
            dn_kv_batch_post(batch, key->data, key->len, (uint16_t)(seq % DN_POSTING_PLACES),
                             removed);
    }
}

void
dn_index_update(DnKvBatch *batch, const DnUuid *tenant, const DnIndexRecord *before,
                const DnIndexRecord *after)
{
    g_autoptr(GPtrArray) old = g_ptr_array_new_with_free_func(row_free);
    g_autoptr(GPtrArray) new = g_ptr_array_new_with_free_func(row_free);
    g_autofree char *old_party = before ? folded_party(before) : g_strdup("");
    g_autofree char *new_party = after ? folded_party(after) : g_strdup("");
    g_autoptr(GPtrArray) old_counters =
        before ? counters_of(tenant, before, old_party) : g_ptr_array_new();
    g_autoptr(GPtrArray) new_counters =
        after ? counters_of(tenant, after, new_party) : g_ptr_array_new();
    g_autoptr(GPtrArray) old_lists = before ? lists_of(tenant, before) : g_ptr_array_new();
    g_autoptr(GPtrArray) new_lists = after ? lists_of(tenant, after) : g_ptr_array_new();

    if (before)
        rows_of(old, tenant, before, old_party);
    if (after)
        rows_of(new, tenant, after, new_party);
    write_difference(batch, old, new);
    if (before)
        post_lists(batch, before->registered_seq, old_lists, new_lists, true);
    if (after)
        post_lists(batch, after->registered_seq, new_lists, old_lists, false);
    count_difference(batch, old_counters, new_counters);
    if (after && *new_party && (!before || g_strcmp0(before->party, after->party) != 0))
        add_names(batch, tenant, after->party, new_party);
}

static GHashTable *
string_set(GPtrArray *strings)
{
    GHashTable *set = g_hash_table_new(g_str_hash, g_str_equal);

    for (guint i = 0; i < strings->len; i++)
        g_hash_table_add(set, g_ptr_array_index(strings, i));
    return set;
}

static void
post_tokens(DnKvBatch *batch, const DnUuid *tenant, uint64_t seq, GPtrArray *tokens,
            GPtrArray *but_not, bool removed)
{
    g_autoptr(GHashTable) stand = but_not->len > 0 ? string_set(but_not) : NULL;

    for (guint i = 0; i < tokens->len; i++) {
        g_autoptr(GByteArray) key = NULL;

        if (stand && g_hash_table_contains(stand, g_ptr_array_index(tokens, i)))
            continue;
        key = posting_key(tenant, DN_KEY_TOKEN, g_ptr_array_index(tokens, i), seq);
        dn_kv_batch_post(batch, key->data, key->len, (uint16_t)(seq % DN_POSTING_PLACES), removed);
    }
}

void
dn_index_update_text(DnKvBatch *batch, const DnUuid *tenant, uint64_t registered_seq,
                     const char *before, const char *after)
{
    g_autoptr(GPtrArray) old = dn_text_tokens(before);
    g_autoptr(GPtrArray) new = dn_text_tokens(after);

    post_tokens(batch, tenant, registered_seq, old, new, true);
    post_tokens(batch, tenant, registered_seq, new, old, false);
}
