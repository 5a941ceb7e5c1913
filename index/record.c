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
#include "index/span.h"

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

enum { MOST_ROWS = 10 };

/* Where a row stands in the bytes of its Rows. */
typedef struct {
    guint key;
    guint key_size;
    guint value;
    guint value_size;
} Row;

/* Rows whose keys and values stand one behind the other; several may have one value. */
typedef struct {
    GByteArray *bytes;
    GArray *rows; /* Row */
} Rows;

static void
rows_init(Rows *self)
{
    self->bytes = g_byte_array_sized_new(1024);
    self->rows = g_array_sized_new(FALSE, FALSE, sizeof(Row), MOST_ROWS);
}

static void
rows_clear(Rows *self)
{
    g_byte_array_unref(self->bytes);
    g_array_unref(self->rows);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Rows, rows_clear)

/* Begins a key, to be added to until row_end(). */
static void
row_begin(Rows *self, const DnUuid *tenant, DnKeyTable table)
{
    Row row = {.key = self->bytes->len};

    g_byte_array_append(self->bytes, tenant->bytes, DN_UUID_BYTES);
    dn_key_add_u8(self->bytes, (uint8_t)table);
    g_array_append_val(self->rows, row);
}

/* The value stands from @value to @value_end. */
static void
row_end(Rows *self, guint value, guint value_end)
{
    Row *row = &g_array_index(self->rows, Row, self->rows->len - 1);

    row->key_size = self->bytes->len - row->key;
    row->value = value;
    row->value_size = value_end - value;
}

static const Row *
row_at(const Rows *self, guint i)
{
    return &g_array_index(self->rows, Row, i);
}

static const uint8_t *
row_key(const Rows *self, const Row *row)
{
    return self->bytes->data + row->key;
}

static const uint8_t *
row_value(const Rows *self, const Row *row)
{
    return self->bytes->data + row->value;
}

/* The row of the same key, or NULL. A voucher has so few that all are looked at. */
static const Row *
rows_find(const Rows *self, const uint8_t *key, guint key_size)
{
    for (guint i = 0; i < self->rows->len; i++) {
        const Row *row = row_at(self, i);

        if (row->key_size == key_size && memcmp(row_key(self, row), key, key_size) == 0)
            return row;
    }
    return NULL;
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

/* @shown: (nullable) what is shown beside. */
static void
add_cover(GByteArray *value, const DnIndexRecord *record, const char *party, const char *number,
          const char *shown)
{
    const char *const none[] = {NULL};
    const char *const *labels = record->labels ? record->labels : none;
    bool has_date = record->date_days != DN_DAYS_MISSING;
    bool has_amount = record->amount != DN_AMOUNT_MISSING;
    bool has_currency = *currency_of(record) != '\0';

    dn_key_add_u8(value, (uint8_t)(IS_COVER | (record->deleted ? IS_DELETED : 0) |
                                   (has_date ? HAS_DATE : 0) | (has_amount ? HAS_AMOUNT : 0) |
                                   (*number ? HAS_NUMBER : 0) | (has_currency ? HAS_CURRENCY : 0) |
                                   (labels[0] ? HAS_LABELS : 0) | (shown ? HAS_SHOWN : 0)));
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
    if (shown)
        add_c_string(value, shown);
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

static void
row_begin_state(Rows *self, const DnUuid *tenant, DnKeyTable table, bool deleted)
{
    row_begin(self, tenant, table);
    dn_key_add_u8(self->bytes, deleted);
}

static void
add_all_keys(GByteArray *key, const DnIndexRecord *record)
{
    dn_key_add_i32(key, record->date_days);
    dn_key_add_i64(key, record->amount);
    dn_key_add_u64(key, record->registered_seq);
}

/* The value stands from @id to @id_end. */
static void
add_term_row(Rows *out, const DnUuid *tenant, DnKeyTable table, const DnIndexRecord *record,
             const char *term, guint id, guint id_end)
{
    row_begin_state(out, tenant, table, record->deleted);
    dn_key_add_term(out->bytes, term);
    dn_key_add_u64(out->bytes, record->registered_seq);
    row_end(out, id, id_end);
}

/* A label that is there twice is one. */
static bool
is_repeated(const char *const *labels, size_t which)
{
    for (size_t i = 0; i < which; i++)
        if (strcmp(labels[i], labels[which]) == 0)
            return true;
    return false;
}

/* All rows of @record; a pure function of it. */
static void
rows_of(Rows *out, const DnUuid *tenant, const DnIndexRecord *record, const char *party)
{
    g_autofree char *number = number_of(record);
    GByteArray *bytes = out->bytes;
    bool deleted = record->deleted;
    guint shown = bytes->len;
    guint cover = 0;
    guint id = 0;
    guint currency = 0;
    guint currency_end = 0;

    add_cover(bytes, record, party, number, record->shown);
    cover = bytes->len;
    add_cover(bytes, record, party, number, NULL);
    id = bytes->len;
    g_byte_array_append(bytes, record->id.bytes, DN_UUID_BYTES);
    currency = bytes->len;
    add_currency(bytes, record);
    currency_end = bytes->len;

    row_begin_state(out, tenant, DN_KEY_SEQ, deleted);
    dn_key_add_u64(bytes, record->registered_seq);
    row_end(out, shown, cover);

    row_begin_state(out, tenant, DN_KEY_DATE, deleted);
    dn_key_add_i32(bytes, record->date_days);
    dn_key_add_u64(bytes, record->registered_seq);
    row_end(out, cover, id);

    row_begin_state(out, tenant, DN_KEY_AMOUNT, deleted);
    dn_key_add_i64(bytes, record->amount);
    dn_key_add_u64(bytes, record->registered_seq);
    row_end(out, cover, id);

    if (record->date_days != DN_DAYS_MISSING && record->amount != DN_AMOUNT_MISSING) {
        row_begin_state(out, tenant, DN_KEY_PAIR, deleted);
        add_all_keys(bytes, record);
        row_end(out, currency, currency_end);
    }
    row_begin_state(out, tenant, DN_KEY_PARTY, deleted);
    dn_key_add_string(bytes, party);
    add_all_keys(bytes, record);
    row_end(out, id, currency_end);

    row_begin_state(out, tenant, DN_KEY_PARTY_AMOUNT, deleted);
    dn_key_add_string(bytes, party);
    dn_key_add_i64(bytes, record->amount);
    dn_key_add_i32(bytes, record->date_days);
    dn_key_add_u64(bytes, record->registered_seq);
    row_end(out, currency, currency_end);
    add_term_row(out, tenant, DN_KEY_KIND, record, record->kind ? record->kind : "", id, currency);
    for (size_t i = 0; record->labels && record->labels[i]; i++)
        if (!is_repeated(record->labels, i))
            add_term_row(out, tenant, DN_KEY_LABEL, record, record->labels[i], id, currency);
    if (*number) {
        row_begin_state(out, tenant, DN_KEY_NUMBER, deleted);
        dn_key_add_string(bytes, number);
        add_all_keys(bytes, record);
        row_end(out, currency, currency_end);
    }
}

static void
write_difference(DnKvBatch *batch, const Rows *before, const Rows *after)
{
    for (guint i = 0; i < before->rows->len; i++) {
        const Row *row = row_at(before, i);

        if (!rows_find(after, row_key(before, row), row->key_size))
            dn_kv_batch_delete(batch, DN_KV_INDEX, row_key(before, row), row->key_size);
    }
    for (guint i = 0; i < after->rows->len; i++) {
        const Row *row = row_at(after, i);
        const Row *stands = rows_find(before, row_key(after, row), row->key_size);

        if (!stands || stands->value_size != row->value_size ||
            memcmp(row_value(before, stands), row_value(after, row), row->value_size) != 0)
            dn_kv_batch_put(batch, DN_KV_INDEX, row_key(after, row), row->key_size,
                            row_value(after, row), row->value_size);
    }
}

/* The keys of the counters that @record is one of. */
static void
counters_of(Rows *out, const DnUuid *tenant, const DnIndexRecord *record, const char *party)
{
    int32_t month = record->date_days == DN_DAYS_MISSING
                        ? DN_DAYS_MISSING
                        : (int32_t)dn_month_of_day(record->date_days);

    row_begin_state(out, tenant, DN_KEY_DAY, record->deleted);
    dn_key_add_i32(out->bytes, record->date_days);
    row_end(out, 0, 0);
    row_begin_state(out, tenant, DN_KEY_MONTH, record->deleted);
    dn_key_add_string(out->bytes, party);
    dn_key_add_i32(out->bytes, month);
    row_end(out, 0, 0);
    if (*party) {
        row_begin(out, tenant, DN_KEY_NAME);
        dn_key_add_string(out->bytes, party);
        dn_key_add_u8(out->bytes, record->deleted);
        row_end(out, 0, 0);
    }
}

/* Of counters @but_not has, nothing changes. */
static void
count(DnKvBatch *batch, const Rows *counters, const Rows *but_not, int64_t delta)
{
    for (guint i = 0; i < counters->rows->len; i++) {
        const Row *row = row_at(counters, i);

        if (!rows_find(but_not, row_key(counters, row), row->key_size))
            dn_kv_batch_add(batch, row_key(counters, row), row->key_size, delta);
    }
}

/* A spelling is what the other rows of DN_KV_NAME follow from. */
static void
add_names(DnKvBatch *batch, const DnUuid *tenant, const char *printed, const char *party)
{
    g_autofree char *shown = g_utf8_make_valid(printed, (gssize)strnlen(printed, MAX_SPELLING));
    g_auto(Rows) names = {0};
    const Row *mark = NULL;

    rows_init(&names);
    row_begin(&names, tenant, DN_KEY_SPELLING);
    dn_key_add_string(names.bytes, party);
    dn_key_add_string(names.bytes, shown);
    row_end(&names, 0, 0);
    mark = row_at(&names, 0);
    if (!dn_kv_batch_once(batch, row_key(&names, mark), mark->key_size,
                          1 + (unsigned)g_utf8_strlen(party, -1)))
        return;
    for (const char *p = party; *p; p = g_utf8_next_char(p)) {
        row_begin(&names, tenant, DN_KEY_ENDING);
        dn_key_add_string(names.bytes, p);
        g_byte_array_append(names.bytes, (const guint8 *)party, (guint)(p - party));
        row_end(&names, 0, 0);
    }
    for (guint i = 0; i < names.rows->len; i++) {
        const Row *row = row_at(&names, i);

        dn_kv_batch_put(batch, DN_KV_NAME, row_key(&names, row), row->key_size, "", 0);
    }
}

static void
add_list(Rows *out, const DnUuid *tenant, DnKeyTable table, const DnIndexRecord *record,
         const char *term)
{
    row_begin(out, tenant, table);
    dn_key_add_term(out->bytes, term);
    dn_key_add_u64(out->bytes, record->registered_seq >> DN_POSTING_BITS);
    row_end(out, 0, 0);
}

/* The keys of the lists of counterparty, kind and labels. */
static void
lists_of(Rows *out, const DnUuid *tenant, const DnIndexRecord *record, const char *party)
{
    add_list(out, tenant, DN_KEY_ARRIVAL, record, party);
    add_list(out, tenant, DN_KEY_KIND, record, record->kind ? record->kind : "");
    for (size_t i = 0; record->labels && record->labels[i]; i++)
        if (!is_repeated(record->labels, i))
            add_list(out, tenant, DN_KEY_LABEL, record, record->labels[i]);
}

static void
post_lists(DnKvBatch *batch, uint64_t seq, const Rows *lists, const Rows *but_not, bool removed)
{
    for (guint i = 0; i < lists->rows->len; i++) {
        const Row *row = row_at(lists, i);
        const uint8_t *key = row_key(lists, row);

        if (!rows_find(but_not, key, row->key_size))
            dn_kv_batch_post(batch, key, row->key_size, (uint16_t)(seq % DN_POSTING_PLACES),
                             removed);
    }
}

/* The keys of the tallies of the values of a name, and its places in them. */
static void
spans_of(Rows *out, const DnUuid *tenant, const DnIndexRecord *record, const char *party)
{
    const uint16_t places[] = {dn_span_of_days(record->date_days),
                               dn_span_of_amount(record->amount)};
    static const DnKeyTable tables[] = {DN_KEY_DAYS, DN_KEY_SUMS};

    for (size_t i = 0; *party && i < G_N_ELEMENTS(places); i++) {
        guint place = out->bytes->len;

        g_byte_array_append(out->bytes, (const guint8 *)&places[i], sizeof places[i]);
        row_begin_state(out, tenant, tables[i], record->deleted);
        dn_key_add_string(out->bytes, party);
        row_end(out, place, place + (guint)sizeof places[i]);
    }
}

static void
tally_spans(DnKvBatch *batch, const Rows *spans, const Rows *but_not, bool removed)
{
    for (guint i = 0; i < spans->rows->len; i++) {
        const Row *row = row_at(spans, i);
        const Row *stands = rows_find(but_not, row_key(spans, row), row->key_size);
        uint16_t place = 0;

        memcpy(&place, row_value(spans, row), sizeof place);
        if (!stands || memcmp(row_value(but_not, stands), &place, sizeof place) != 0)
            dn_kv_batch_tally(batch, row_key(spans, row), row->key_size, place, removed);
    }
}

/* All that a record makes; nothing of none. */
typedef struct {
    char *party; /* folded */
    Rows rows;
    Rows counters;
    Rows lists;
    Rows spans;
} Made;

static void
made_init(Made *self, const DnUuid *tenant, const DnIndexRecord *record)
{
    rows_init(&self->rows);
    rows_init(&self->counters);
    rows_init(&self->lists);
    rows_init(&self->spans);
    self->party = record ? folded_party(record) : g_strdup("");
    if (!record)
        return;
    rows_of(&self->rows, tenant, record, self->party);
    counters_of(&self->counters, tenant, record, self->party);
    lists_of(&self->lists, tenant, record, self->party);
    spans_of(&self->spans, tenant, record, self->party);
}

static void
made_clear(Made *self)
{
    rows_clear(&self->rows);
    rows_clear(&self->counters);
    rows_clear(&self->lists);
    rows_clear(&self->spans);
    g_free(self->party);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Made, made_clear)

void
dn_index_update(DnKvBatch *batch, const DnUuid *tenant, const DnIndexRecord *before,
                const DnIndexRecord *after)
{
    g_auto(Made) old = {0};
    g_auto(Made) new = {0};

    made_init(&old, tenant, before);
    made_init(&new, tenant, after);
    write_difference(batch, &old.rows, &new.rows);
    if (before)
        post_lists(batch, before->registered_seq, &old.lists, &new.lists, true);
    if (after)
        post_lists(batch, after->registered_seq, &new.lists, &old.lists, false);
    tally_spans(batch, &old.spans, &new.spans, true);
    tally_spans(batch, &new.spans, &old.spans, false);
    count(batch, &old.counters, &new.counters, -1);
    count(batch, &new.counters, &old.counters, 1);
    if (after && *new.party && (!before || g_strcmp0(before->party, after->party) != 0))
        add_names(batch, tenant, after->party, new.party);
}

static void
posting_key(GByteArray *out, const DnUuid *tenant, DnKeyTable table, const char *term, uint64_t seq)
{
    uint8_t name = (uint8_t)table;

    g_byte_array_set_size(out, 0);
    g_byte_array_append(out, tenant->bytes, DN_UUID_BYTES);
    g_byte_array_append(out, &name, 1);
    dn_key_add_term(out, term);
    dn_key_add_u64(out, seq >> DN_POSTING_BITS);
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
    g_autoptr(GByteArray) key = g_byte_array_sized_new(64);

    for (guint i = 0; i < tokens->len; i++) {
        if (stand && g_hash_table_contains(stand, g_ptr_array_index(tokens, i)))
            continue;
        posting_key(key, tenant, DN_KEY_TOKEN, g_ptr_array_index(tokens, i), seq);
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
