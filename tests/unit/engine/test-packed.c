/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tests/unit/engine/test-packed.c - one byte string for one value, both ways, whatever the bytes.
 *
 * Every value comes back as it was. Of bytes that are no work of ours either nothing is read, or a
 * value that is written as just these bytes: no two rows say the same.
 */
#include "config.h"
#include "base/json.h"
#include "engine/packed.h"

#include <string.h>

enum { DRAWN = 4000, FLIPS = 200, DEEPEST = 4 };

static GString *
pack(const DnValue *value)
{
    GString *out = g_string_new(NULL);

    dn_packed_write(out, value);
    return out;
}

/* In memory that ends where the bytes do, so that reading behind them is seen. */
static bool
is_read(const char *bytes, size_t size)
{
    g_autoptr(DnArena) arena = dn_arena_new();
    g_autoptr(GError) error = NULL;
    g_autofree char *exact = g_memdup2(bytes, size);
    const DnValue *value = dn_packed_read(arena, exact, size, &error);

    if (!value) {
        g_assert_error(error, DN_ERROR, DN_ERROR_CORRUPT);
        return false;
    }
    GString *again = pack(value);
    g_autofree char *text = dn_value_dup_text(value);

    g_assert_no_error(error);
    g_assert_cmpmem(again->str, again->len, bytes, size);
    g_assert_nonnull(dn_value_read(arena, text, strlen(text), &error));
    g_assert_no_error(error);
    g_string_free(again, TRUE);
    return true;
}

/* What is written of @json, canonical, is read as that again. */
static GString *
assert_comes_back(const char *json)
{
    g_autoptr(DnArena) arena = dn_arena_new();
    g_autoptr(GError) error = NULL;
    const DnValue *value = dn_value_read(arena, json, strlen(json), &error);

    g_assert_no_error(error);
    GString *packed = pack(value);
    g_autofree char *exact = g_memdup2(packed->str, packed->len);
    const DnValue *found = dn_packed_read(arena, exact, packed->len, &error);

    g_assert_no_error(error);
    g_autofree char *text = dn_value_dup_text(found);
    g_autoptr(json_t) shown = dn_json_of_value(found);
    g_autofree char *seen = dn_json_canonical(shown, &error);

    g_assert_cmpstr(text, ==, json);
    g_assert_cmpstr(seen, ==, json);
    g_assert_true(is_read(packed->str, packed->len));
    return packed;
}

/* --- drawn values --- */

static char *
draw_string(GRand *rand)
{
    static const char *const pieces[] = {"voucher",
                                         "amount",
                                         "receipt",
                                         "a",
                                         "\x01",
                                         "\x7f",
                                         "領収",
                                         "\xf0\x9f\x98\x80",
                                         "\xee\x80\x80",
                                         "01890000-0000-7000-8000-00000000000f",
                                         "0189000000007000800000000000000f",
                                         "01890000-0000-7000-8000-00000000000F"};
    GString *text = g_string_new(NULL);

    for (int left = g_rand_int_range(rand, 0, 4); left > 0; left--)
        g_string_append(text, pieces[g_rand_int_range(rand, 0, G_N_ELEMENTS(pieces))]);
    return g_string_free(text, FALSE);
}

static json_t *
draw_value(GRand *rand, int depth)
{
    json_t *value = NULL;
    g_autofree char *text = draw_string(rand);
    int64_t number = ((int64_t)g_rand_int(rand) << 21 | g_rand_int_range(rand, 0, 1 << 21)) >>
                     g_rand_int_range(rand, 0, 53);

    switch (g_rand_int_range(rand, 0, depth < DEEPEST ? 8 : 4)) {
    case 0:
        return json_null();
    case 1:
        return json_boolean(g_rand_boolean(rand));
    case 2:
        return json_integer(g_rand_boolean(rand) ? number : -number);
    case 3:
        return json_string(text);
    case 4:
    case 5:
        value = json_array();
        for (int left = g_rand_int_range(rand, 0, 5); left > 0; left--)
            json_array_append_new(value, draw_value(rand, depth + 1));
        return value;
    default:
        value = json_object();
        for (int left = g_rand_int_range(rand, 0, 1 + (40 >> (2 * depth))); left > 0; left--) {
            g_autofree char *key = draw_string(rand);

            json_object_set_new(value, key, draw_value(rand, depth + 1));
        }
        return value;
    }
}

static GString *
draw_packed(GRand *rand)
{
    g_autoptr(json_t) value = draw_value(rand, 0);
    g_autofree char *text = dn_json_canonical(value, NULL);

    return assert_comes_back(text);
}

static void
test_every_value_comes_back(void)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(g_test_rand_int());

    for (int i = 0; i < DRAWN; i++)
        g_string_free(draw_packed(rand), TRUE);
}

static void
test_ends_of_numbers(void)
{
    static const char *const numbers[] = {"0",
                                          "-1",
                                          "1",
                                          "63",
                                          "-64",
                                          "64",
                                          "8191",
                                          "8192",
                                          "[9007199254740991,-9007199254740991]",
                                          "-9007199254740990"};

    for (size_t i = 0; i < G_N_ELEMENTS(numbers); i++)
        g_string_free(assert_comes_back(numbers[i]), TRUE);
}

/* What a voucher's state says again and again takes little. */
static void
test_usual_strings_are_short(void)
{
    static const struct {
        const char *json;
        size_t size;
    } table[] = {
        {"\"receipt\"", 2},
        {"\"receipts\"", 2 + 8 + 1},
        {"\"01890000-0000-7000-8000-00000000000f\"", 1 + 16},
        {"\"01890000-0000-7000-8000-00000000000F\"", 2 + 36 + 1},
        {"\"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\"", 1 + 32},
        {"\"00112233445566778899aabbccddeeff00112233445566778899aabbccddeefg\"", 2 + 64 + 1},
        {"{\"amount\":{\"value\":1080}}", 2 + 1 + 2 + 1 + 3},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        GString *packed = assert_comes_back(table[i].json);

        g_assert_cmpuint(packed->len, ==, table[i].size);
        g_string_free(packed, TRUE);
    }
}

/* --- bytes that are no work of ours --- */

#define BYTES(text)                                                                                \
    {                                                                                              \
        text, sizeof text - 1                                                                      \
    }

static void
test_other_forms_are_refused(void)
{
    static const struct {
        const char *bytes;
        size_t size;
    } table[] = {
        BYTES(""),                                     /* nothing */
        BYTES("\x0a"),                                 /* no such tag */
        BYTES("\x00\x00"),                             /* more than one value */
        BYTES("\x03"),                                 /* a number that is not there */
        BYTES("\x03\x80\x00"),                         /* or longer than it need be */
        BYTES("\x03\xff\xff\xff\xff\xff\xff\xff"),     /* or has no end */
        BYTES("\x03\xff\xff\xff\xff\xff\xff\xff\x1f"), /* beyond 53 bits: -2^53 */
        BYTES("\x03\x80\x80\x80\x80\x80\x80\x80\x20"), /* 2^53 */
        BYTES("\x04\x01"),                             /* a string that ends behind the row */
        BYTES("\x04\x01z"),
        BYTES("\x04\x01zz"),
        BYTES("\x04\x02z\x00\x00"),   /* has a NUL */
        BYTES("\x04\x01\xff\x00"),    /* is no UTF-8 */
        BYTES("\x04\x02\xc3\xa9"),    /* is not ended */
        BYTES("\x04\x07receipt\x00"), /* is a word */
        BYTES("\x05\x00"),            /* a word before the first */
        BYTES("\x05\xff"),            /* behind the last */
        BYTES("\x06"
              "0123456789abcde"), /* half a UUID */
        BYTES("\x07"
              "0123456789abcdef"), /* half a SHA-256 */
        BYTES("\x04\x24"
              "01890000-0000-7000-8000-00000000000f\x00"), /* spelled */
        BYTES("\x08\x01"),                                 /* an array of what is not there */
        BYTES("\x08\xff\xff\xff\xff\x7f\x00"),             /* of more than there can be */
        BYTES("\x09\xff\xff\xff\xff\x7f\x00\x00"),
        BYTES("\x09\x01\x01"),                    /* a member without value */
        BYTES("\x09\x02\x02\x00\x01\x00"),        /* members in another order */
        BYTES("\x09\x02\x02\x00\x02\x00"),        /* twice the same */
        BYTES("\x09\x01\x00\x07receipt\x00\x00"), /* a name that is a word */
    };

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++)
        g_assert_false(is_read(table[i].bytes, table[i].size));
    g_assert_true(is_read("\x09\x02\x01\x00\x02\x00", 6));
    g_assert_true(is_read("\x03\xfe\xff\xff\xff\xff\xff\xff\x1f", 9));
}

static void
test_values_in_each_other_have_an_end(void)
{
    for (size_t depth = DN_VALUE_DEPTH - 1; depth <= DN_VALUE_DEPTH; depth++) {
        GString *packed = g_string_new(NULL);

        for (size_t i = 0; i < depth; i++)
            g_string_append_len(packed, "\x08\x01", 2);
        g_string_append_c(packed, '\0');
        g_assert_true(is_read(packed->str, packed->len) == (depth < DN_VALUE_DEPTH));
        g_string_free(packed, TRUE);
    }
}

static void
test_changed_bytes(void)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(g_test_rand_int());
    unsigned refused = 0;

    for (int i = 0; i < DRAWN / 10; i++) {
        GString *packed = draw_packed(rand);

        for (int k = 0; k < FLIPS; k++) {
            gsize at = (gsize)g_rand_int_range(rand, 0, (gint32)packed->len);
            char was = packed->str[at];

            packed->str[at] = (char)(was ^ (1 << g_rand_int_range(rand, 0, 8)));
            refused += !is_read(packed->str, packed->len);
            packed->str[at] = was;
        }
        for (gsize size = 0; size < MIN(packed->len, (gsize)FLIPS); size++)
            g_assert_false(is_read(packed->str, size));
        g_string_free(packed, TRUE);
    }
    g_assert_cmpuint(refused, >, 0);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define T(name) g_test_add_func("/packed/" #name, test_##name)
    T(every_value_comes_back);
    T(ends_of_numbers);
    T(usual_strings_are_short);
    T(other_forms_are_refused);
    T(values_in_each_other_have_an_end);
    T(changed_bytes);
#undef T
    return g_test_run();
}
