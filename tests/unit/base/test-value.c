/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tests/unit/base/test-value.c - canonical JSON is read when it is canonical, and only then.
 *
 * What another reader (jansson) makes of a text, written canonically, is the text again: that is
 * what canonical means, and what dn_value_read() must find out in one pass.
 */
#include "config.h"
#include "base/json.h"

#include <string.h>

enum { DRAWN = 20000, DEEPEST = 4 };

static bool
is_canonical(const char *text, size_t size)
{
    g_autoptr(json_t) value = dn_json_parse(text, size, NULL);
    g_autofree char *again = value ? dn_json_canonical(value, NULL) : NULL;

    return again && strlen(again) == size && memcmp(again, text, size) == 0;
}

static bool
is_read(const char *text, size_t size)
{
    g_autoptr(DnArena) arena = dn_arena_new();
    g_autoptr(GError) error = NULL;
    const DnValue *value = dn_value_read(arena, text, size, &error);

    if (value) {
        g_autofree char *again = dn_value_dup_text(value);

        g_assert_no_error(error);
        g_assert_cmpmem(again, strlen(again), text, size);
    } else {
        g_assert_error(error, DN_ERROR, DN_ERROR_FORMAT);
    }
    return value != NULL;
}

/* --- drawn values --- */

static char *
draw_string(GRand *rand)
{
    static const char *const pieces[] = {"a",
                                         "b",
                                         "\"",
                                         "\\",
                                         "\n",
                                         "\x01",
                                         "\x1f",
                                         "/",
                                         "\x7f",
                                         "\xc3\xa9",
                                         "領収",
                                         "サク",
                                         "\t",
                                         "\x08",
                                         "\xf0\x9f\x98\x80",
                                         "\xee\x80\x80",
                                         "\xef\xbf\xbd",
                                         "0",
                                         " ",
                                         "\r"};
    GString *text = g_string_new(NULL);

    for (int left = g_rand_int_range(rand, 0, 8); left > 0; left--)
        g_string_append(text, pieces[g_rand_int_range(rand, 0, G_N_ELEMENTS(pieces))]);
    return g_string_free(text, FALSE);
}

static json_t *
draw_value(GRand *rand, int depth)
{
    json_t *value = NULL;
    g_autofree char *text = draw_string(rand);
    int64_t number = (int64_t)g_rand_int(rand) << 21 | g_rand_int_range(rand, 0, 1 << 21);

    switch (g_rand_int_range(rand, 0, depth < DEEPEST ? 8 : 5)) {
    case 0:
        return json_null();
    case 1:
        return json_boolean(g_rand_boolean(rand));
    case 2:
        return json_integer(g_rand_boolean(rand) ? number : -number);
    case 3:
        return json_integer(g_rand_int_range(rand, -20, 20));
    case 4:
        return json_string(text);
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

static void
test_every_canonical_text_is_read(void)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(g_test_rand_int());

    for (int i = 0; i < DRAWN / 4; i++) {
        g_autoptr(json_t) value = draw_value(rand, 0);
        g_autofree char *text = dn_json_canonical(value, NULL);

        g_assert_nonnull(text);
        g_assert_true(is_read(text, strlen(text)));
        g_assert_true(is_canonical(text, strlen(text)));
    }
}

/* A byte changed, doubled, taken out or moved: most of it is no JSON, some is, some canonical. */
static void
damage(GRand *rand, GString *text)
{
    static const char signs[] = "{}[]\",:\\0123456789-+.eEu \n\x01/btnfrtruefalsnl\xc3\xa9";
    gsize at = (gsize)g_rand_int_range(rand, 0, (gint32)text->len);

    switch (g_rand_int_range(rand, 0, 4)) {
    case 0:
        text->str[at] = signs[g_rand_int_range(rand, 0, sizeof signs - 1)];
        break;
    case 1:
        g_string_insert_c(text, (gssize)at, signs[g_rand_int_range(rand, 0, sizeof signs - 1)]);
        break;
    case 2:
        g_string_erase(text, (gssize)at, 1);
        break;
    default: {
        gsize other = (gsize)g_rand_int_range(rand, 0, (gint32)text->len);
        char c = text->str[at];

        text->str[at] = text->str[other];
        text->str[other] = c;
    }
    }
}

static void
test_what_is_read_is_canonical(void)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(g_test_rand_int());
    int read = 0;

    for (int i = 0; i < DRAWN; i++) {
        g_autoptr(json_t) value = draw_value(rand, 1);
        g_autofree char *canonical = dn_json_canonical(value, NULL);
        g_autoptr(GString) text = g_string_new(canonical);

        for (int left = g_rand_int_range(rand, 1, 4); left > 0 && text->len > 0; left--)
            damage(rand, text);
        g_assert_cmpint(is_read(text->str, text->len), ==, is_canonical(text->str, text->len));
        read += is_read(text->str, text->len);
    }
    g_assert_cmpint(read, >, DRAWN / 100);
    g_assert_cmpint(read, <, DRAWN);
}

static void
test_other_forms_of_a_value_are_refused(void)
{
    static const char *const refused[] = {"",
                                          " 1",
                                          "1 ",
                                          "01",
                                          "-0",
                                          "+1",
                                          "1.0",
                                          "1e3",
                                          "-",
                                          "tru",
                                          "truee",
                                          "\"\\/\"",
                                          "\"\\u0041\"",
                                          "\"\\u000a\"",
                                          "\"\\u001F\"",
                                          "\"\\u0000\"",
                                          "\"\n\"",
                                          "\"\\ud83d\\ude00\"",
                                          "[1, 2]",
                                          "[1,]",
                                          "[,1]",
                                          "[",
                                          "]",
                                          "{\"b\":1,\"a\":2}",
                                          "{\"a\":1,\"a\":1}",
                                          "{\"a\" :1}",
                                          "{\"a\":}",
                                          "{a:1}",
                                          "{\"a\":1,}",
                                          "9007199254740992",
                                          "-9007199254740992",
                                          "12345678901234567890",
                                          "\"\xff\"",
                                          "\"\xc0\x80\"",
                                          "\"\xed\xa0\x80\"",
                                          "\"a"};
    static const char *const read[] = {"0", "-1", "9007199254740991", "\"\\u001f\"", "\"\x7f\"",
                                       "\"/\"", "[]", "{}", "{\"\":1}", "null", "true", "false",
                                       "\"\\\"\\\\\\b\\f\\n\\r\\t\"",
                                       /* U+10000 stands before U+E000, by UTF-16 */
                                       "{\"\xf0\x90\x80\x80\":1,\"\xee\x80\x80\":2}"};

    for (size_t i = 0; i < G_N_ELEMENTS(refused); i++)
        g_assert_false(is_read(refused[i], strlen(refused[i])));
    for (size_t i = 0; i < G_N_ELEMENTS(read); i++)
        g_assert_true(is_read(read[i], strlen(read[i])));
    g_assert_false(is_read("1\0", 2));
    g_assert_false(is_read("\"a\0b\"", 5));
}

static void
test_depth_is_bounded(void)
{
    for (int over = 0; over < 2; over++) {
        g_autoptr(GString) text = g_string_new(NULL);

        for (int i = 0; i < DN_VALUE_DEPTH + over; i++)
            g_string_append_c(text, '[');
        for (int i = 0; i < DN_VALUE_DEPTH + over; i++)
            g_string_append_c(text, ']');
        g_assert_cmpint(is_read(text->str, text->len), ==, over == 0);
    }
}

static void
test_what_is_made_is_in_order(void)
{
    g_autoptr(DnArena) arena = dn_arena_new();
    g_autoptr(GRand) rand = g_rand_new_with_seed(g_test_rand_int());

    for (int round = 0; round < 500; round++) {
        DnValue *made = dn_value_new_object(arena);
        g_autoptr(json_t) same = json_object();
        g_autoptr(GPtrArray) keys = g_ptr_array_new_with_free_func(g_free);

        for (int left = g_rand_int_range(rand, 0, 60); left > 0; left--) {
            char *key = draw_string(rand);
            int number = g_rand_int_range(rand, 0, 100);

            g_ptr_array_add(keys, key);
            if (g_rand_int_range(rand, 0, 4) == 0) {
                dn_value_remove(made, key);
                json_object_del(same, key);
            } else {
                dn_value_set(arena, made, key, dn_value_new_int(arena, number));
                json_object_set_new(same, key, json_integer(number));
                g_assert_cmpint(dn_value_int(made, key, -1), ==, number);
            }
        }
        g_autofree char *text = dn_value_dup_text(made);
        g_autofree char *wanted = dn_json_canonical(same, NULL);

        g_assert_cmpstr(text, ==, wanted);
    }
}

static void
test_a_copy_leaves_what_it_was_made_of(void)
{
    static const char text[] = "{\"a\":[1,2],\"b\":\"c\"}";
    g_autoptr(DnArena) arena = dn_arena_new();
    const DnValue *value = dn_value_read(arena, text, strlen(text), NULL);
    DnValue *copy = dn_value_copy(arena, value, DN_VALUE_OBJECT);
    DnValue *list = dn_value_copy(arena, dn_value_get(value, "a"), DN_VALUE_ARRAY);

    dn_value_append(arena, list, dn_value_new_string(arena, "three"));
    dn_value_remove_at(list, 0);
    dn_value_set(arena, copy, "a", list);
    dn_value_remove(copy, "b");
    dn_value_set(arena, copy, "absent", NULL);
    g_autofree char *before = dn_value_dup_text(value);
    g_autofree char *after = dn_value_dup_text(copy);

    g_assert_cmpstr(before, ==, text);
    g_assert_cmpstr(after, ==, "{\"a\":[2,\"three\"]}");
    g_assert_null(dn_value_string(value, "a"));
    g_assert_null(dn_value_get(NULL, "a"));
    g_assert_cmpuint(dn_value_copy(arena, NULL, DN_VALUE_OBJECT)->size, ==, 0);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/value/every_canonical_text_is_read", test_every_canonical_text_is_read);
    g_test_add_func("/value/what_is_read_is_canonical", test_what_is_read_is_canonical);
    g_test_add_func("/value/other_forms_of_a_value_are_refused",
                    test_other_forms_of_a_value_are_refused);
    g_test_add_func("/value/depth_is_bounded", test_depth_is_bounded);
    g_test_add_func("/value/what_is_made_is_in_order", test_what_is_made_is_in_order);
    g_test_add_func("/value/a_copy_leaves_what_it_was_made_of",
                    test_a_copy_leaves_what_it_was_made_of);
    return g_test_run();
}
