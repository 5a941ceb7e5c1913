/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tests/unit/index/test-kv.c - ordered bytes: atomic, encrypted, and nothing torn by a crash.
 *
 * The cipher here is a toy with the shape of a real one: a stream that depends on key, nonce and
 * offset. Random draws are seeded by g_test (--seed).
 */
#include "config.h"
#include "base/digest.h"
#include "base/fs.h"
#include "index/kv.h"

#include <string.h>
#include <unistd.h>

#define assert_code(error, wanted)                                                                 \
    do {                                                                                           \
        g_assert_nonnull(error);                                                                   \
        g_assert_cmpint(dn_error_code(error), ==, DN_ERROR_##wanted);                              \
        g_clear_error(&(error));                                                                   \
    } while (0)

static const char needle[] = "PLAINTEXT-OF-A-VOUCHER";

static uint64_t
mix(uint64_t x)
{
    x ^= x >> 30;
    x *= UINT64_C(0xbf58476d1ce4e5b9);
    x ^= x >> 27;
    x *= UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

static void
toy_cipher(void *user_data, const uint8_t nonce[16], uint64_t offset, uint8_t *bytes, size_t size)
{
    uint64_t key = *(const uint64_t *)user_data;
    uint64_t salt[2];

    memcpy(salt, nonce, sizeof salt);
    for (size_t i = 0; i < size; i++) {
        uint64_t at = offset + i;

        bytes[i] ^= (uint8_t)(mix(key ^ mix(salt[0] ^ mix(salt[1] + at / 8))) >> (at % 8 * 8));
    }
}

static uint64_t key_one = 0x1234567;
static uint64_t key_two = 0x7654321;

typedef struct {
    char *dir;
    char *kv;
} Fixture;

static void
set_up(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    f->dir = g_dir_make_tmp("dencho-kv-XXXXXX", NULL);
    g_assert_nonnull(f->dir);
    f->kv = g_build_filename(f->dir, "view", NULL);
}

static void
tear_down(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    g_assert_true(dn_fs_remove_tree(f->dir, NULL));
    g_free(f->kv);
    g_free(f->dir);
}

static DnKv *
open_kv(const char *dir)
{
    GError *error = NULL;
    DnKv *kv = dn_kv_open(dir, toy_cipher, &key_one, &error);

    g_assert_no_error(error);
    g_assert_nonnull(kv);
    return kv;
}

static void
put(DnKvBatch *batch, DnKvFamily family, const char *key, const char *value)
{
    dn_kv_batch_put(batch, family, key, strlen(key), value, strlen(value));
}

static char *
get(DnKv *kv, DnKvFamily family, const char *key)
{
    GError *error = NULL;
    g_autoptr(GBytes) value = dn_kv_get(kv, family, key, strlen(key), &error);
    gsize size = 0;
    const char *bytes = value ? g_bytes_get_data(value, &size) : NULL;

    g_assert_no_error(error);
    return value ? g_strndup(bytes ? bytes : "", size) : NULL;
}

static void
test_values_survive_reopening(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    for (int round = 0; round < 2; round++) {
        g_autoptr(DnKv) kv = open_kv(f->kv);
        g_autoptr(DnKvBatch) batch = dn_kv_batch_new();
        g_autofree char *a = NULL;
        g_autofree char *empty = NULL;
        g_autofree char *gone = NULL;

        if (round == 0) {
            put(batch, DN_KV_META, "a", "first");
            put(batch, DN_KV_META, "a", "second");
            put(batch, DN_KV_JOB, "empty", "");
            put(batch, DN_KV_JOB, "gone", "x");
            dn_kv_batch_delete(batch, DN_KV_JOB, "gone", 4);
            g_assert_true(dn_kv_write(kv, batch, NULL));
        }
        a = get(kv, DN_KV_META, "a");
        empty = get(kv, DN_KV_JOB, "empty");
        gone = get(kv, DN_KV_JOB, "gone");
        g_assert_cmpstr(a, ==, "second");
        g_assert_cmpstr(empty, ==, "");
        g_assert_null(gone);
    }
}

typedef struct {
    size_t next; /* no key below is told of any more */
    unsigned found;
} Many;

static void
found_one(size_t which, const uint8_t *value, size_t size, void *user_data)
{
    Many *self = user_data;
    g_autofree char *wanted = g_strdup_printf("value %zu", which);

    g_assert_cmpuint(which, >=, self->next);
    g_assert_cmpuint(which % 3, ==, 0);
    g_assert_cmpmem(value, size, wanted, strlen(wanted));
    self->next = which + 1;
    self->found++;
}

/* Each third is there, some of them on disk; one is deleted after the snapshot. */
static void
test_many_are_looked_up_together(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    enum { ALL = 500, KEY = 6 };
    g_autoptr(DnKv) kv = open_kv(f->kv);
    g_autoptr(DnKvSnapshot) snapshot = NULL;
    g_autoptr(GString) keys = g_string_new(NULL);
    g_autoptr(DnKvBatch) later = dn_kv_batch_new();
    Many many = {0};

    for (unsigned i = 0; i < ALL; i++) {
        g_autoptr(DnKvBatch) batch = dn_kv_batch_new();
        g_autofree char *key = g_strdup_printf("k%05u", i);
        g_autofree char *value = g_strdup_printf("value %u", i);

        g_string_append(keys, key);
        if (i % 3 == 0)
            put(batch, DN_KV_INDEX, key, value);
        g_assert_true(dn_kv_write(kv, batch, NULL));
        if (i == ALL / 2)
            g_assert_true(dn_kv_flush(kv, NULL));
    }
    snapshot = dn_kv_snapshot(kv);
    dn_kv_batch_delete(later, DN_KV_INDEX, "k00003", KEY);
    put(later, DN_KV_INDEX, "k00004", "new");
    g_assert_true(dn_kv_write(kv, later, NULL));
    g_assert_true(dn_kv_snapshot_get_many(snapshot, DN_KV_INDEX, keys->str, KEY, ALL, found_one,
                                          &many, NULL));
    g_assert_cmpuint(many.found, ==, (ALL + 2) / 3);
    g_assert_true(
        dn_kv_snapshot_get_many(snapshot, DN_KV_INDEX, NULL, KEY, 0, found_one, &many, NULL));
}

static char *
walk(DnKvCursor *cursor)
{
    GString *keys = g_string_new(NULL);

    for (; dn_kv_cursor_valid(cursor); dn_kv_cursor_next(cursor)) {
        size_t size = 0;
        const char *key = (const char *)dn_kv_cursor_key(cursor, &size);

        g_string_append_len(keys, key, (gssize)size);
    }
    g_assert_true(dn_kv_cursor_ok(cursor, NULL));
    return g_string_free(keys, FALSE);
}

typedef struct {
    const char *from;
    const char *to;
    bool backwards;
    const char *seek;
    const char *wanted;
} CursorCase;

static void
test_cursors_keep_to_their_range(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    static const CursorCase cases[] = {
        {"", NULL, false, NULL, "bdfh"}, {"", NULL, true, NULL, "hfdb"},
        {"d", "h", false, NULL, "df"},   {"d", "h", true, NULL, "fd"},
        {"c", "g", false, "a", "df"},    {"c", "g", false, "e", "f"},
        {"c", "g", false, "f", "f"},     {"c", "g", false, "g", ""},
        {"c", "g", false, "z", ""},      {"c", "g", true, "z", "fd"},
        {"c", "g", true, "e", "d"},      {"c", "g", true, "d", "d"},
        {"c", "g", true, "c", ""},       {"c", "g", true, "a", ""},
        {"x", NULL, false, NULL, ""},    {"", "b", true, NULL, ""},
        {"", "c", true, NULL, "b"},      {"b", NULL, true, "bb", "b"},
    };
    g_autoptr(DnKv) kv = open_kv(f->kv);
    g_autoptr(DnKvBatch) batch = dn_kv_batch_new();

    for (const char *p = "bdfh"; *p; p++)
        dn_kv_batch_put(batch, DN_KV_INDEX, p, 1, "", 0);
    g_assert_true(dn_kv_write(kv, batch, NULL));
    for (int flushed = 0; flushed < 2; flushed++) {
        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
            const CursorCase *c = &cases[i];
            g_autofree char *keys = NULL;
            g_autoptr(DnKvCursor) cursor =
                dn_kv_cursor(kv, DN_KV_INDEX, c->from, strlen(c->from), c->to,
                             c->to ? strlen(c->to) : 0, c->backwards);

            if (c->seek)
                dn_kv_cursor_seek(cursor, c->seek, strlen(c->seek));
            keys = walk(cursor);
            g_assert_cmpstr(keys, ==, c->wanted);
        }
        g_assert_true(dn_kv_flush(kv, NULL));
    }
}

static void
test_snapshot_does_not_move(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    g_autoptr(DnKv) kv = open_kv(f->kv);
    g_autoptr(DnKvBatch) first = dn_kv_batch_new();
    g_autoptr(DnKvBatch) second = dn_kv_batch_new();
    g_autoptr(DnKvSnapshot) snapshot = NULL;
    g_autoptr(DnKvCursor) cursor = NULL;
    g_autoptr(GBytes) absent = NULL;
    g_autofree char *keys = NULL;

    put(first, DN_KV_BLOB, "a", "");
    g_assert_true(dn_kv_write(kv, first, NULL));
    snapshot = dn_kv_snapshot(kv);
    put(second, DN_KV_BLOB, "b", "");
    dn_kv_batch_delete(second, DN_KV_BLOB, "a", 1);
    g_assert_true(dn_kv_write(kv, second, NULL));
    cursor = dn_kv_snapshot_cursor(snapshot, DN_KV_BLOB, "", 0, NULL, 0, false);
    keys = walk(cursor);
    g_assert_cmpstr(keys, ==, "a");
    absent = dn_kv_snapshot_get(snapshot, DN_KV_BLOB, "b", 1, NULL);
    g_assert_null(absent);
}

static int64_t
count_of(DnKv *kv, const char *key)
{
    g_autoptr(GBytes) value = dn_kv_get(kv, DN_KV_COUNT, key, strlen(key), NULL);
    int64_t count = 0;

    if (value) {
        g_assert_cmpuint(g_bytes_get_size(value), ==, sizeof count);
        memcpy(&count, g_bytes_get_data(value, NULL), sizeof count);
    }
    return GINT64_FROM_LE(count);
}

static void
test_counters_add_up(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    int64_t wanted = 0;

    for (int round = 0; round < 20; round++) {
        g_autoptr(DnKv) kv = open_kv(f->kv);
        g_autoptr(DnKvBatch) batch = dn_kv_batch_new();

        for (int i = 0; i < 5; i++) {
            int64_t delta = g_test_rand_int_range(-3, 4);

            dn_kv_batch_add(batch, "n", 1, delta);
            wanted += delta;
        }
        g_assert_true(dn_kv_write(kv, batch, NULL));
        g_assert_cmpint(count_of(kv, "n"), ==, wanted);
        if (g_test_rand_bit())
            g_assert_true(dn_kv_flush(kv, NULL));
        g_assert_cmpint(count_of(kv, "n"), ==, wanted);
    }
}

static void
test_second_open_is_busy(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    g_autoptr(DnKv) kv = open_kv(f->kv);
    g_autoptr(GError) error = NULL;

    g_assert_null(dn_kv_open(f->kv, toy_cipher, &key_one, &error));
    assert_code(error, BUSY);
}

static void
test_other_process_is_busy(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    g_autoptr(DnKv) kv = NULL;
    g_autoptr(GError) error = NULL;

    if (g_test_subprocess()) {
        g_assert_null(dn_kv_open(g_getenv("TEST_KV"), toy_cipher, &key_one, &error));
        assert_code(error, BUSY);
        return;
    }
    kv = open_kv(f->kv);
    g_setenv("TEST_KV", f->kv, TRUE);
    g_test_trap_subprocess(NULL, 0, 0);
    g_test_trap_assert_passed();
}

static void
fill(DnKv *kv, int count)
{
    g_autoptr(DnKvBatch) batch = dn_kv_batch_new();

    for (int i = 0; i < count; i++) {
        g_autofree char *key = g_strdup_printf("%s-%d", needle, i);

        for (int family = 0; family < DN_KV_COUNT; family++)
            put(batch, (DnKvFamily)family, key, key);
        dn_kv_batch_add(batch, key, strlen(key), i);
    }
    g_assert_true(dn_kv_write(kv, batch, NULL));
}

static void
test_other_key_is_corrupt(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    DnKv *kv = open_kv(f->kv);

    fill(kv, 10);
    dn_kv_close(kv);
    g_assert_null(dn_kv_open(f->kv, toy_cipher, &key_two, &error));
    assert_code(error, CORRUPT);
    g_assert_null(dn_kv_open(f->kv, NULL, NULL, &error));
    assert_code(error, CORRUPT);
    kv = open_kv(f->kv); /* and nothing was harmed by trying */
    g_autofree char *key = g_strdup_printf("%s-7", needle);
    g_autofree char *value = get(kv, DN_KV_HASH, key);
    g_assert_cmpstr(value, ==, key);
    dn_kv_close(kv);
}

/* --- a load --- */

/* One drawn operation, the same in both batches. */
static void
draw_operation(DnKvBatch *a, DnKvBatch *b)
{
    DnKvBatch *const both[] = {a, b};
    uint8_t key[28] = {0};
    size_t size = sizeof key;
    int what = g_test_rand_int_range(0, 11);
    DnKvFamily family = (DnKvFamily)g_test_rand_int_range(0, DN_KV_COUNT);
    uint16_t place = (uint16_t)g_test_rand_int_range(0, 40);
    bool removed = g_test_rand_int_range(0, 4) == 0;
    int64_t delta = g_test_rand_int_range(-2, 3);
    g_autofree char *value = g_strdup_printf("%s-%d", needle, g_test_rand_int_range(0, 1000));

    key[15] = (uint8_t)g_test_rand_int_range(0, 3); /* tenants */
    key[16] = (uint8_t)g_test_rand_int_range(0, 3); /* tables */
    key[20] = (uint8_t)g_test_rand_int_range(0, 3);
    key[27] = (uint8_t)g_test_rand_int_range(0, 8);
    if (g_test_rand_int_range(0, 20) == 0)
        size = (size_t)g_test_rand_int_range(1, sizeof key);
    for (int i = 0; i < 2; i++) {
        if (what == 0)
            dn_kv_batch_post(both[i], key, size, place, removed);
        else if (what == 1)
            dn_kv_batch_add(both[i], key, size, delta);
        else if (what == 2)
            dn_kv_batch_tally(both[i], key, size, place, removed);
        else if (what < 5)
            dn_kv_batch_delete(both[i], family, key, size);
        else
            dn_kv_batch_put(both[i], family, key, size, value, strlen(value));
    }
}

/* All rows of a family in hexadecimal digits, but counters of 0 and empty lists. */
static char *
rows_of(DnKv *kv, DnKvFamily family)
{
    g_autoptr(DnKvCursor) cursor = dn_kv_cursor(kv, family, "", 0, NULL, 0, false);
    GString *rows = g_string_new(NULL);

    for (; dn_kv_cursor_valid(cursor); dn_kv_cursor_next(cursor)) {
        size_t key_size = 0;
        size_t size = 0;
        const uint8_t *key = dn_kv_cursor_key(cursor, &key_size);
        const uint8_t *value = dn_kv_cursor_value(cursor, &size);
        g_autofree char *left = dn_hex(key, key_size);
        g_autofree char *right = dn_hex(value, size);

        if ((family == DN_KV_COUNT && strcmp(right, "0000000000000000") == 0) ||
            ((family == DN_KV_POSTING || family == DN_KV_TALLY) && size == 0))
            continue;
        g_string_append_printf(rows, "%s %s\n", left, right);
    }
    g_assert_true(dn_kv_cursor_ok(cursor, NULL));
    return g_string_free(rows, FALSE);
}

static void
assert_same_row(DnKv *plain, DnKv *loaded, DnKvFamily family)
{
    uint8_t key[28] = {0};

    key[15] = (uint8_t)g_test_rand_int_range(0, 3);
    key[16] = (uint8_t)g_test_rand_int_range(0, 3);
    key[20] = (uint8_t)g_test_rand_int_range(0, 3);
    key[27] = (uint8_t)g_test_rand_int_range(0, 8);
    g_autoptr(GBytes) wanted = dn_kv_get(plain, family, key, sizeof key, NULL);
    g_autoptr(GBytes) found = dn_kv_get(loaded, family, key, sizeof key, NULL);

    g_assert_true(wanted ? found && g_bytes_equal(wanted, found) : !found);
}

static void
test_a_load_writes_what_batches_write(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    static const size_t memories[] = {1, 20000, 1 << 20};
    static const DnKvFamily seen[] = {DN_KV_META, DN_KV_VOUCHER, DN_KV_BLOB};

    for (size_t m = 0; m < G_N_ELEMENTS(memories); m++) {
        g_autofree char *other = g_strdup_printf("%s-%zu", f->kv, m);
        g_autofree char *mine = g_strdup_printf("%s-load-%zu", f->kv, m);
        g_autoptr(DnKv) plain = open_kv(other);
        g_autoptr(DnKv) loaded = open_kv(mine);

        for (int load = 0; load < 3; load++) {
            if (load > 0)
                dn_kv_begin_load(loaded, memories[m]);
            for (int i = 0; i < 8; i++) {
                g_autoptr(DnKvBatch) a = dn_kv_batch_new();
                g_autoptr(DnKvBatch) b = dn_kv_batch_new();

                for (int left = g_test_rand_int_range(0, 300); left > 0; left--)
                    draw_operation(a, b);
                g_assert_true(dn_kv_write(plain, a, NULL));
                g_assert_true(dn_kv_write(loaded, b, NULL));
                for (int look = 0; look < 30; look++)
                    assert_same_row(plain, loaded, seen[look % G_N_ELEMENTS(seen)]);
            }
            g_assert_true(load == 1 ? dn_kv_end_load(loaded, NULL) : dn_kv_flush(loaded, NULL));
            for (int family = 0; family < DN_KV_FAMILIES; family++) {
                g_autofree char *wanted = rows_of(plain, (DnKvFamily)family);
                g_autofree char *found = rows_of(loaded, (DnKvFamily)family);

                g_assert_cmpstr(found, ==, wanted);
            }
        }
        g_assert_true(dn_kv_end_load(loaded, NULL));
        g_assert_true(dn_kv_check(loaded, NULL));
    }
}

/* What did not come to its end is not there, and its files go. */
static void
test_a_load_that_was_left_leaves_nothing(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    g_autofree char *folder = g_build_filename(f->kv, "load", NULL);
    g_autofree char *path = g_build_filename(folder, "000000.sst", NULL);
    DnKv *kv = open_kv(f->kv);

    fill(kv, 3);
    dn_kv_close(kv);
    g_assert_true(dn_fs_make_dir(folder, false, NULL));
    g_assert_true(g_file_set_contents(path, "half", -1, NULL));
    kv = open_kv(f->kv);
    g_assert_false(g_file_test(folder, G_FILE_TEST_EXISTS));
    g_autofree char *key = g_strdup_printf("%s-2", needle);
    g_autofree char *value = get(kv, DN_KV_HASH, key);

    g_assert_cmpstr(value, ==, key);
    dn_kv_close(kv);
}

static unsigned
scan_for(const char *dir, const char *const *words, unsigned *out_files)
{
    g_autoptr(GDir) names = g_dir_open(dir, 0, NULL);
    const char *name = NULL;
    unsigned hits = 0;

    while ((name = g_dir_read_name(names))) {
        g_autofree char *path = g_build_filename(dir, name, NULL);
        g_autofree char *bytes = NULL;
        gsize size = 0;

        /* RocksDB removes what it no longer needs meanwhile. */
        if (!g_file_get_contents(path, &bytes, &size, NULL)) {
            g_assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
            continue;
        }
        ++*out_files;
        for (size_t i = 0; words[i]; i++)
            if (memmem(bytes, size, words[i], strlen(words[i]))) {
                g_test_message("%s: has %s", name, words[i]);
                hits++;
            }
    }
    return hits;
}

static void
test_no_file_has_plain_text(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    /* Of ours, and of what RocksDB says about itself in CURRENT, MANIFEST, OPTIONS, LOG and SST. */
    static const char *const words[] = {needle,    "MANIFEST", "rocksdb", "leveldb", "voucher",
                                        "default", "Options",  "index",   NULL};
    unsigned files = 0;

    for (int round = 0; round < 3; round++) {
        DnKv *kv = open_kv(f->kv);

        if (round == 1)
            dn_kv_begin_load(kv, 1);
        fill(kv, 500);
        g_assert_true(dn_kv_flush(kv, NULL));
        fill(kv, 500);
        g_assert_true(dn_kv_end_load(kv, NULL));
        g_assert_cmpuint(scan_for(f->kv, words, &files), ==, 0);
        dn_kv_close(kv);
    }
    files = 0;
    g_assert_cmpuint(scan_for(f->kv, words, &files), ==, 0);
    g_assert_cmpuint(files, >, 8);

    /* The scan does find things: without the cipher they are there. */
    g_autofree char *plain = g_build_filename(f->dir, "plain", NULL);
    DnKv *kv = dn_kv_open(plain, NULL, NULL, NULL);
    fill(kv, 10);
    g_assert_true(dn_kv_flush(kv, NULL));
    g_assert_cmpuint(scan_for(plain, words, &files), >, 5);
    dn_kv_close(kv);
}

static void
test_damage_is_reported(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    for (int round = 0; round < 24; round++) {
        g_autofree char *dir = g_strdup_printf("%s/d%d", f->dir, round);
        g_autoptr(GDir) names = NULL;
        g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func(g_free);
        g_autoptr(GError) error = NULL;
        g_autofree char *bytes = NULL;
        const char *name = NULL;
        const char *victim = NULL;
        gsize size = 0;
        DnKv *kv = open_kv(dir);

        fill(kv, 50);
        dn_kv_close(kv);
        names = g_dir_open(dir, 0, NULL);
        while ((name = g_dir_read_name(names)))
            if (strcmp(name, "LOCK") != 0)
                g_ptr_array_add(files, g_build_filename(dir, name, NULL));
        victim = g_ptr_array_index(files, g_test_rand_int_range(0, (gint)files->len));
        g_assert_true(g_file_get_contents(victim, &bytes, &size, NULL));
        if (size == 0)
            continue;
        if (g_test_rand_bit())
            size = (gsize)g_test_rand_int_range(0, (gint)size);
        else
            bytes[g_test_rand_int_range(0, (gint)size)] ^= 0x40;
        g_assert_true(g_file_set_contents(victim, bytes, (gssize)size, NULL));

        /* Either it does not matter, or it is said; never a crash, never a wrong value. */
        kv = dn_kv_open(dir, toy_cipher, &key_one, &error);
        if (!kv) {
            g_assert_true(g_error_matches(error, DN_ERROR, DN_ERROR_CORRUPT) ||
                          g_error_matches(error, DN_ERROR, DN_ERROR_IO));
            continue;
        }
        for (int i = 0; i < 50 && !error; i++) {
            g_autofree char *key = g_strdup_printf("%s-%d", needle, i);
            g_autoptr(GBytes) value = dn_kv_get(kv, DN_KV_JOB, key, strlen(key), &error);

            if (value)
                g_assert_cmpmem(g_bytes_get_data(value, NULL), g_bytes_get_size(value), key,
                                strlen(key));
        }
        dn_kv_close(kv);
        g_assert_true(dn_fs_remove_tree(dir, NULL));
    }
}

static void
test_big_batch(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    enum { COUNT = 100000 };
    g_autoptr(DnKv) kv = open_kv(f->kv);
    g_autoptr(DnKvBatch) batch = dn_kv_batch_new();
    g_autoptr(DnKvCursor) cursor = NULL;
    g_autofree char *value = g_strnfill(400, 'v');
    unsigned seen = 0;

    for (uint32_t i = 0; i < COUNT; i++) {
        uint32_t key = GUINT32_TO_BE(i * 2654435761U);

        dn_kv_batch_put(batch, DN_KV_INDEX, &key, sizeof key, value, 400);
    }
    g_assert_true(dn_kv_write(kv, batch, NULL));
    cursor = dn_kv_cursor(kv, DN_KV_INDEX, "", 0, NULL, 0, false);
    for (; dn_kv_cursor_valid(cursor); dn_kv_cursor_next(cursor))
        seen++;
    g_assert_true(dn_kv_cursor_ok(cursor, NULL));
    g_assert_cmpuint(seen, ==, COUNT);
}

/* Writes batch n to all families, flushes now and then, and dies without a word. */
static void
write_and_die(const char *dir, int batches, int flush_every)
{
    DnKv *kv = open_kv(dir);
    g_autofree char *padding = g_strnfill(20000, 'p');

    for (int n = 1; n <= batches; n++) {
        g_autoptr(DnKvBatch) batch = dn_kv_batch_new();
        g_autofree char *text = g_strdup_printf("%08d", n);

        put(batch, DN_KV_META, "applied", text);
        for (int family = DN_KV_VOUCHER; family < DN_KV_COUNT; family++)
            put(batch, (DnKvFamily)family, text, padding);
        dn_kv_batch_add(batch, "batches", 7, 1);
        g_assert_true(dn_kv_write(kv, batch, NULL));
        if (n % flush_every == 0)
            g_assert_true(dn_kv_flush(kv, NULL));
    }
    _exit(0);
}

static void
test_kill_leaves_one_moment(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    /* Without flushes the memtables fill (20 kB x 6 x 700 > 16 MiB) and go out by themselves. */
    static const int flush_every[] = {1000000, 7, 100};
    int last[G_N_ELEMENTS(flush_every)] = {0};

    if (g_test_subprocess()) {
        write_and_die(g_getenv("TEST_KV"), 700, atoi(g_getenv("TEST_FLUSH")));
        return;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(flush_every); i++) {
        g_autofree char *dir = g_strdup_printf("%s/k%zu", f->dir, i);
        g_autofree char *every = g_strdup_printf("%d", flush_every[i]);
        g_autofree char *applied = NULL;
        DnKv *kv = NULL;

        g_setenv("TEST_KV", dir, TRUE);
        g_setenv("TEST_FLUSH", every, TRUE);
        g_test_trap_subprocess(NULL, 0, 0);
        g_test_trap_assert_passed();
        kv = open_kv(dir);
        applied = get(kv, DN_KV_META, "applied");
        last[i] = applied ? atoi(applied) : 0;
        g_assert_cmpint(count_of(kv, "batches"), ==, last[i]);
        for (int n = 1; n <= 700; n += 1 + (n < last[i] - 3 ? 20 : 0)) {
            g_autofree char *text = g_strdup_printf("%08d", n);

            for (int family = DN_KV_VOUCHER; family < DN_KV_COUNT; family++) {
                g_autofree char *value = get(kv, (DnKvFamily)family, text);

                g_assert_true((value != NULL) == (n <= last[i]));
            }
        }
        dn_kv_close(kv);
    }
    g_assert_cmpint(last[0], >, 0); /* something went out, and less than all */
    g_assert_cmpint(last[0], <, 700);
    g_assert_cmpint(last[1], ==, 700);
    g_assert_cmpint(last[2], ==, 700);
}

static gpointer
writer(gpointer data)
{
    for (int i = 0; i < 200; i++)
        fill(data, 5);
    return NULL;
}

static void
test_threads_share_it(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    g_autoptr(DnKv) kv = open_kv(f->kv);
    g_autofree char *key = g_strdup_printf("%s-4", needle);
    GThread *threads[4];

    for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
        threads[i] = g_thread_new("writer", writer, kv);
    for (int i = 0; i < 20; i++)
        g_assert_true(dn_kv_flush(kv, NULL));
    for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
        g_thread_join(threads[i]);
    g_assert_cmpint(count_of(kv, key), ==, 4 * 200 * 4);
}

static void
write_one(DnKv *kv, const char *key)
{
    g_autoptr(DnKvBatch) batch = dn_kv_batch_new();

    put(batch, DN_KV_INDEX, key, "");
    g_assert_true(dn_kv_write(kv, batch, NULL));
}

/* What the rows of @family under a new snapshot are, one behind the other. */
static char *
all_keys(DnKv *kv, DnKvFamily family)
{
    g_autoptr(DnKvSnapshot) snapshot = dn_kv_snapshot(kv);
    g_autoptr(DnKvCursor) cursor = dn_kv_snapshot_cursor(snapshot, family, "", 0, NULL, 0, false);
    GString *keys = g_string_new(NULL);

    for (; dn_kv_cursor_valid(cursor); dn_kv_cursor_next(cursor)) {
        size_t size = 0;
        const char *key = (const char *)dn_kv_cursor_key(cursor, &size);

        g_string_append_len(keys, key, (gssize)size);
    }
    return g_string_free(keys, FALSE);
}

/* A snapshot that was let go serves the next reader, but not once something was written, whichever
 * way, nor when it was taken before that and let go after it. */
static void
test_a_snapshot_is_of_its_moment(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    g_autoptr(DnKv) kv = open_kv(f->kv);
    DnKvSnapshot *old = NULL;
    g_autofree char *none = all_keys(kv, DN_KV_INDEX);

    g_assert_cmpstr(none, ==, "");
    write_one(kv, "a");
    for (int again = 0; again < 2; again++) {
        g_autofree char *one = all_keys(kv, DN_KV_INDEX);

        g_assert_cmpstr(one, ==, "a");
    }
    old = dn_kv_snapshot(kv);
    write_one(kv, "b");
    dn_kv_snapshot_free(old);
    g_autofree char *two = all_keys(kv, DN_KV_INDEX);
    g_assert_cmpstr(two, ==, "ab");
    g_assert_true(dn_kv_flush(kv, NULL));
    dn_kv_compact(kv);
    g_autofree char *flushed = all_keys(kv, DN_KV_INDEX);
    g_assert_cmpstr(flushed, ==, "ab");

    dn_kv_begin_load(kv, 1);
    write_one(kv, "c");
    g_assert_true(dn_kv_end_load(kv, NULL));
    g_autofree char *loaded = all_keys(kv, DN_KV_INDEX);
    g_assert_cmpstr(loaded, ==, "abc");
}

#define add(name, function) g_test_add("/kv/" name, Fixture, NULL, set_up, function, tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add("reopen", test_values_survive_reopening);
    add("cursors", test_cursors_keep_to_their_range);
    add("many", test_many_are_looked_up_together);
    add("snapshot", test_snapshot_does_not_move);
    add("snapshot-again", test_a_snapshot_is_of_its_moment);
    add("counters", test_counters_add_up);
    add("busy", test_second_open_is_busy);
    add("busy-process", test_other_process_is_busy);
    add("other-key", test_other_key_is_corrupt);
    add("no-plain-text", test_no_file_has_plain_text);
    add("damage", test_damage_is_reported);
    add("big-batch", test_big_batch);
    add("load", test_a_load_writes_what_batches_write);
    add("load-left", test_a_load_that_was_left_leaves_nothing);
    add("kill", test_kill_leaves_one_moment);
    add("threads", test_threads_share_it);
    return g_test_run();
}
