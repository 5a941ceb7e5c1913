/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tests/unit/index/test-key.c - the order of keys is the order of values.
 */
#include "config.h"
#include "index/key.h"
#include "index/record.h"

#include <string.h>

enum { ROUNDS = 20000 };

static const DnUuid tenant = {{1, 2, 3}};

static int
sign(int value)
{
    return (value > 0) - (value < 0);
}

static int
compare_keys(const GByteArray *a, const GByteArray *b)
{
    int order = memcmp(a->data, b->data, MIN(a->len, b->len));

    return order != 0 ? sign(order) : (a->len > b->len) - (a->len < b->len);
}

/* Many small and extreme numbers, so that neighbours and signs meet. */
static int64_t
random_integer(void)
{
    int64_t wide = (int64_t)(((uint64_t)g_test_rand_int() << 32) | (uint32_t)g_test_rand_int());

    switch (g_test_rand_int_range(0, 4)) {
    case 0:
        return g_test_rand_int_range(-3, 4);
    case 1:
        return g_test_rand_bit() ? INT64_MAX : INT64_MIN;
    case 2:
        return wide >> g_test_rand_int_range(0, 63);
    default:
        return wide;
    }
}

static void
test_integers_sort_as_bytes(void)
{
    for (int i = 0; i < ROUNDS; i++) {
        int64_t a = random_integer();
        int64_t b = random_integer();
        int32_t c = (int32_t)a;
        int32_t d = (int32_t)b;
        g_autoptr(GByteArray) ka = dn_key_new(&tenant, DN_KEY_AMOUNT);
        g_autoptr(GByteArray) kb = dn_key_new(&tenant, DN_KEY_AMOUNT);
        g_autoptr(GByteArray) kc = dn_key_new(&tenant, DN_KEY_DATE);
        g_autoptr(GByteArray) kd = dn_key_new(&tenant, DN_KEY_DATE);

        dn_key_add_i64(ka, a);
        dn_key_add_i64(kb, b);
        g_assert_cmpint(compare_keys(ka, kb), ==, (a > b) - (a < b));
        dn_key_add_i32(kc, c);
        dn_key_add_i32(kd, d);
        g_assert_cmpint(compare_keys(kc, kd), ==, (c > d) - (c < d));
    }
}

static char *
random_text(void)
{
    static const char letters[] = {'a', 'b', '\x01', '\x02', '\x7f', '\xc3', '\xff'};
    int size = g_test_rand_int_range(0, 6);
    char *text = g_malloc0((gsize)size + 1);

    for (int i = 0; i < size; i++)
        text[i] = letters[g_test_rand_int_range(0, G_N_ELEMENTS(letters))];
    return text;
}

/* A string, then a number: a shorter string comes first whatever the numbers are. */
static void
test_strings_sort_as_bytes_whatever_follows(void)
{
    for (int i = 0; i < ROUNDS; i++) {
        g_autofree char *a = random_text();
        g_autofree char *b = random_text();
        int64_t x = random_integer();
        int64_t y = random_integer();
        int order = sign(strcmp(a, b));
        g_autoptr(GByteArray) ka = dn_key_new(&tenant, DN_KEY_PARTY);
        g_autoptr(GByteArray) kb = dn_key_new(&tenant, DN_KEY_PARTY);
        g_autofree char *read = NULL;
        int64_t number = 0;
        DnKeyReader in;

        dn_key_add_string(ka, a);
        dn_key_add_i64(ka, x);
        dn_key_add_string(kb, b);
        dn_key_add_i64(kb, y);
        g_assert_cmpint(compare_keys(ka, kb), ==, order != 0 ? order : (x > y) - (x < y));

        in = (DnKeyReader){ka->data + DN_UUID_BYTES + 1, ka->len - DN_UUID_BYTES - 1};
        g_assert_true(dn_key_read_string(&in, &read));
        g_assert_cmpstr(read, ==, a);
        g_assert_true(dn_key_read_i64(&in, &number));
        g_assert_cmpint(number, ==, x);
        g_assert_cmpuint(in.size, ==, 0);
    }
}

static void
test_next_is_after_all_that_begin_so(void)
{
    g_autoptr(GByteArray) key = dn_key_new(&tenant, DN_KEY_LABEL);
    g_autoptr(GByteArray) inside = dn_key_new(&tenant, DN_KEY_LABEL);
    g_autoptr(GByteArray) full = g_byte_array_new();

    dn_key_add_u8(key, 0xff);
    dn_key_add_u8(inside, 0xff);
    dn_key_add_u64(inside, UINT64_MAX);
    g_assert_true(dn_key_next(key));
    g_assert_cmpint(compare_keys(key, inside), >, 0);
    g_assert_cmpuint(key->data[key->len - 1], ==, DN_KEY_LABEL + 1);
    dn_key_add_u64(full, UINT64_MAX);
    g_assert_false(dn_key_next(full));
}

static void
test_long_terms_stay_short_and_apart(void)
{
    g_autofree char *a = g_strnfill(100000, 'x');
    g_autofree char *b = g_strnfill(100001, 'x');
    g_autoptr(GByteArray) ka = dn_key_new(&tenant, DN_KEY_LABEL);
    g_autoptr(GByteArray) kb = dn_key_new(&tenant, DN_KEY_LABEL);

    dn_key_add_term(ka, a);
    dn_key_add_term(kb, b);
    g_assert_cmpuint(ka->len, <, 128);
    g_assert_cmpint(compare_keys(ka, kb), !=, 0);
}

static void
test_damaged_parts_are_refused(void)
{
    static const uint8_t open_end[] = {'a', 'b'};
    static const uint8_t bad_escape[] = {'a', 0, 'b', 0, 1};
    static const uint8_t half_escape[] = {'a', 0};
    DnKeyReader in = {open_end, sizeof open_end};
    g_autofree char *text = NULL;
    uint64_t number = 0;

    g_assert_false(dn_key_read_string(&in, &text));
    in = (DnKeyReader){bad_escape, sizeof bad_escape};
    g_assert_false(dn_key_read_string(&in, &text));
    in = (DnKeyReader){half_escape, sizeof half_escape};
    g_assert_false(dn_key_read_string(&in, &text));
    in = (DnKeyReader){open_end, sizeof open_end};
    g_assert_false(dn_key_read_u64(&in, &number));
    g_assert_null(text);
}

/* Noise of any length: refused or read, but never beyond its end (the sanitizer watches). */
static void
test_noise_is_no_cover(void)
{
    for (int i = 0; i < ROUNDS; i++) {
        gsize size = (gsize)g_test_rand_int_range(0, 80);
        g_autofree uint8_t *bytes = g_malloc(size + 1);
        DnCover cover;

        for (gsize k = 0; k < size; k++)
            bytes[k] = (uint8_t)(g_test_rand_bit() ? g_test_rand_int() : 0);
        if (size > 1) {
            bytes[0] = 1;
            bytes[1] = 0;
        }
        if (dn_cover_read(&cover, bytes, size))
            g_assert_false(dn_cover_has_label(&cover, "no such label"));
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/key/integers", test_integers_sort_as_bytes);
    g_test_add_func("/key/strings", test_strings_sort_as_bytes_whatever_follows);
    g_test_add_func("/key/next", test_next_is_after_all_that_begin_so);
    g_test_add_func("/key/long-terms", test_long_terms_stay_short_and_apart);
    g_test_add_func("/key/damaged", test_damaged_parts_are_refused);
    g_test_add_func("/key/noise", test_noise_is_no_cover);
    return g_test_run();
}
