/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tests/unit/index/test-posting.c - lists of places against arrays of flags, tallies against arrays
 * of numbers; months against GDate.
 */
#include "config.h"
#include "base/fs.h"
#include "index/kv.h"
#include "index/month.h"
#include "index/posting.h"
#include "index/tally.h"

#include <stdlib.h>
#include <string.h>

static int
below(int n)
{
    return g_test_rand_int_range(0, n);
}

/* What a list of one operation after another leaves. */
typedef struct {
    bool there[DN_POSTING_PLACES];
    bool told[DN_POSTING_PLACES];
} Flags;

static void
flags_merge(Flags *flags, GByteArray *list, bool whole)
{
    DnPostingList lists[8];
    uint8_t bytes[8][DN_POSTING_ONE_BYTES];
    size_t count = 0;
    size_t size = 0;
    char *merged = NULL;

    lists[count++] = (DnPostingList){(const char *)list->data, list->len};
    for (; count < G_N_ELEMENTS(lists); count++) {
        uint16_t place = (uint16_t)(below(3) ? below(64) : below(DN_POSTING_PLACES));
        bool removed = below(3) == 0;

        lists[count] = (DnPostingList){(const char *)bytes[count],
                                       dn_posting_one(place, removed, bytes[count])};
        flags->there[place] = !removed;
        flags->told[place] = true;
    }
    merged = dn_posting_merge(lists, count, whole, &size);
    g_assert_nonnull(merged);
    g_byte_array_set_size(list, 0);
    g_byte_array_append(list, (const guint8 *)merged, (guint)size);
    free(merged);
}

static void
assert_list(const Flags *flags, const GByteArray *list)
{
    g_autoptr(GArray) seqs = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    guint at = 0;

    g_assert_true(dn_posting_read(list->data, list->len, 1000, seqs));
    for (uint64_t place = 0; place < DN_POSTING_PLACES; place++) {
        if (!flags->there[place])
            continue;
        g_assert_cmpuint(at, <, seqs->len);
        g_assert_cmpuint(g_array_index(seqs, uint64_t, at++), ==, 1000 + place);
    }
    g_assert_cmpuint(at, ==, seqs->len);
}

/* Read on a few at a time, it is the same list. */
static void
assert_parts(const Flags *flags, const GByteArray *list)
{
    DnPostingReader reader = {list->data, list->len, -1};
    uint64_t place = 0;
    uint64_t some[5];
    size_t room = 0;
    size_t count = 0;

    do {
        room = (size_t)below(G_N_ELEMENTS(some)) + 1;
        count = dn_posting_next(&reader, 1000, some, room);
        g_assert_cmpuint(count, <=, room);
        for (size_t i = 0; i < count; i++, place++) {
            while (place < DN_POSTING_PLACES && !flags->there[place])
                place++;
            g_assert_cmpuint(some[i], ==, 1000 + place);
        }
    } while (count == room);
    g_assert_cmpuint(reader.size, ==, 0);
    for (; place < DN_POSTING_PLACES; place++)
        g_assert_false(flags->there[place]);
}

static void
test_the_last_word_about_a_place_stands(gconstpointer data)
{
    for (int round = 0; round < 50; round++) {
        g_autofree Flags *flags = g_new0(Flags, 1);
        g_autoptr(GByteArray) list = g_byte_array_new();

        for (int i = below(30); i >= 0; i--)
            flags_merge(flags, list, GPOINTER_TO_INT(data));
        assert_list(flags, list);
        assert_parts(flags, list);
    }
}

/* A removal below which something may lie must not be lost. */
static void
test_a_part_keeps_what_it_removes(void)
{
    uint8_t gone[DN_POSTING_ONE_BYTES];
    uint8_t base[DN_POSTING_ONE_BYTES];
    DnPostingList removal = {(const char *)gone, dn_posting_one(7, true, gone)};
    DnPostingList both[2] = {{(const char *)base, dn_posting_one(7, false, base)}, {0}};
    size_t size = 0;
    char *part = dn_posting_merge(&removal, 1, false, &size);
    char *whole = NULL;

    both[1] = (DnPostingList){part, size};
    whole = dn_posting_merge(both, 2, true, &size);
    g_assert_cmpuint(size, ==, 0);
    free(part);
    free(whole);
}

static void
test_neighbours_cost_a_byte(void)
{
    DnPostingList lists[1000];
    uint8_t bytes[1000][DN_POSTING_ONE_BYTES];
    size_t size = 0;

    for (size_t i = 0; i < 1000; i++)
        lists[i] = (DnPostingList){(const char *)bytes[i],
                                   dn_posting_one((uint16_t)(30000 + 2 * i), false, bytes[i])};
    free(dn_posting_merge(lists, 1000, true, &size));
    g_assert_cmpuint(size, ==, 1002);
}

static void
test_damaged_lists_are_told(void)
{
    static const struct {
        const char *bytes;
        size_t size;
    } damaged[] = {{"\x80", 1},
                   {"\x80\x80\x80", 3},
                   {"\xff\xff\x7f", 3},
                   {"\xfe\xff\x07\x00", 4},
                   {"\x02\xff", 2}};

    for (size_t i = 0; i < G_N_ELEMENTS(damaged); i++) {
        g_autoptr(GArray) seqs = g_array_new(FALSE, FALSE, sizeof(uint64_t));
        DnPostingList list = {damaged[i].bytes, damaged[i].size};
        size_t size = 42;

        g_assert_false(dn_posting_read((const uint8_t *)list.bytes, list.size, 0, seqs));
        g_assert_null(dn_posting_merge(&list, 1, true, &size));
    }
}

static void
test_months_are_those_of_the_calendar(void)
{
    for (int i = 0; i < 20000; i++) {
        gint32 julian = 1 + below(3000000);
        g_autoptr(GDate) date = g_date_new_julian((guint32)julian);
        int64_t day = julian - 719163; /* of 1970-01-01 */
        int64_t month = (int64_t)g_date_get_year(date) * 12 + g_date_get_month(date) - 1;

        g_assert_cmpint(dn_month_of_day(day), ==, month);
        g_assert_cmpint(dn_month_first_day(month), ==, day - g_date_get_day(date) + 1);
    }
    /* Any day of a key lies between the first of its month and that of the next. */
    for (int i = 0; i < 20000; i++) {
        int64_t day = i < 4 ? (int64_t[]){INT32_MIN, INT32_MAX, -1, 0}[i]
                            : (int64_t)(gint32)g_test_rand_int();
        int64_t month = dn_month_of_day(day);

        g_assert_cmpint(dn_month_first_day(month), <=, day);
        g_assert_cmpint(dn_month_first_day(month + 1), >, day);
    }
}

static void
assert_tally(const int64_t *counts, size_t places, const char *tally, size_t size)
{
    DnTallyReader reader = {.bytes = (const uint8_t *)tally, .size = size, .place = -1};

    for (size_t place = 0; place < places; place++) {
        if (counts[place] == 0)
            continue;
        g_assert_true(dn_tally_next(&reader));
        g_assert_cmpint(reader.place, ==, (int32_t)place);
        g_assert_cmpint(reader.count, ==, counts[place]);
    }
    g_assert_false(dn_tally_next(&reader));
    g_assert_cmpuint(reader.size, ==, 0);
}

/* However they are summed, and whatever comes to nothing on the way. */
static void
test_tallies_are_sums(void)
{
    for (int turn = 0; turn < 200; turn++) {
        int64_t counts[DN_POSTING_PLACES] = {0};
        char *sum = NULL;
        size_t size = 0;

        for (int step = 0; step < 20; step++) {
            uint8_t one[DN_TALLY_ONE_BYTES];
            uint32_t marks[40];
            size_t marks_size = 0;
            g_autofree uint8_t *list = NULL;
            uint32_t mark = 0;
            char *before = sum;

            for (size_t i = 0; i < G_N_ELEMENTS(marks); i++) {
                int place = below(8) ? below(6) * 13107 : below(DN_POSTING_PLACES);

                marks[i] = (uint32_t)place << 1 | (below(2) == 0);
                counts[place] += marks[i] & 1 ? -1 : 1;
            }
            list = dn_tally_list(marks, G_N_ELEMENTS(marks), &marks_size);
            mark = marks[0];
            counts[mark >> 1] += mark & 1 ? -1 : 1;
            DnPostingList lists[] = {
                {before, size},
                {(const char *)list, marks_size},
                {(const char *)one, dn_tally_one((uint16_t)(mark >> 1), mark & 1, one)}};

            g_assert_true(dn_tally_read_one(one, lists[2].size, &mark));
            g_assert_cmpuint(mark, ==, marks[0]);
            sum = dn_tally_merge(lists + !before, 3 - !before, &size);
            free(before);
        }
        assert_tally(counts, G_N_ELEMENTS(counts), sum, size);
        free(sum);
    }
}

static void
test_damaged_tallies_are_told(void)
{
    static const struct {
        const char *bytes;
        size_t size;
    } damaged[] = {{"\x80", 1},
                   {"\x01", 1},
                   {"\x00\x01\x80", 3},
                   {"\x80\x80\x08", 3},
                   {"\xfe\xff\x07\x00", 4},
                   {"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11}};

    for (size_t i = 0; i < G_N_ELEMENTS(damaged); i++) {
        DnPostingList list = {damaged[i].bytes, damaged[i].size};
        uint32_t mark = 0;
        size_t size = 0;

        g_assert_null(dn_tally_merge(&list, 1, &size));
        g_assert_false(dn_tally_read_one((const uint8_t *)list.bytes, list.size, &mark));
    }
}

/* (transfer full) What a reader takes it for: a sum of 0, or a list of none, need not be there. */
static GBytes *
value_of(DnKv *kv, DnKvFamily family, const char *key)
{
    static const uint8_t zero[8] = {0};
    g_autoptr(GBytes) value = dn_kv_get(kv, family, key, strlen(key), NULL);

    return value ? g_steal_pointer(&value)
                 : g_bytes_new(zero, family == DN_KV_COUNT ? sizeof zero : 0);
}

/* Lists and counters of a large batch are gathered before they are written. */
static void
test_a_large_batch_is_the_same_as_small_ones(void)
{
    g_autofree char *dir = g_dir_make_tmp("dencho-posting-XXXXXX", NULL);
    g_autofree char *view = g_build_filename(dir, "view", NULL);
    g_autoptr(DnKv) kv = dn_kv_open(view, NULL, NULL, NULL);
    g_autoptr(DnKvBatch) large = dn_kv_batch_new();

    for (int i = 0; i < 10000; i++) {
        g_autoptr(DnKvBatch) small = dn_kv_batch_new();
        g_autofree char *name = g_strdup_printf("%d", below(50));
        g_autofree char *copy = g_strconcat("copy", name, NULL);
        uint16_t place = (uint16_t)below(300);
        bool removed = below(2);
        int64_t delta = below(9) - 4;

        dn_kv_batch_post(small, name, strlen(name), place, removed);
        dn_kv_batch_add(small, name, strlen(name), delta);
        dn_kv_batch_post(large, copy, strlen(copy), place, removed);
        dn_kv_batch_tally(small, name, strlen(name), place % 20, removed);
        dn_kv_batch_tally(large, copy, strlen(copy), place % 20, removed);
        dn_kv_batch_add(large, copy, strlen(copy), delta);
        g_assert_true(dn_kv_write(kv, small, NULL));
    }
    g_assert_true(dn_kv_write(kv, large, NULL));
    for (int i = 0; i < 50; i++)
        for (DnKvFamily family = DN_KV_COUNT; family <= DN_KV_TALLY; family++) {
            g_autofree char *name = g_strdup_printf("%d", i);
            g_autofree char *copy = g_strconcat("copy", name, NULL);
            g_autoptr(GBytes) one = value_of(kv, family, name);
            g_autoptr(GBytes) other = value_of(kv, family, copy);

            g_assert_true(g_bytes_equal(one, other));
        }
    g_clear_pointer(&kv, dn_kv_close);
    g_assert_true(dn_fs_remove_tree(dir, NULL));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_data_func("/posting/whole", GINT_TO_POINTER(true),
                         test_the_last_word_about_a_place_stands);
    g_test_add_data_func("/posting/part", GINT_TO_POINTER(false),
                         test_the_last_word_about_a_place_stands);
    g_test_add_func("/posting/removal", test_a_part_keeps_what_it_removes);
    g_test_add_func("/posting/size", test_neighbours_cost_a_byte);
    g_test_add_func("/posting/damaged", test_damaged_lists_are_told);
    g_test_add_func("/posting/tallies", test_tallies_are_sums);
    g_test_add_func("/posting/tallies-damaged", test_damaged_tallies_are_told);
    g_test_add_func("/posting/months", test_months_are_those_of_the_calendar);
    g_test_add_func("/posting/batch", test_a_large_batch_is_the_same_as_small_ones);
    return g_test_run();
}
