/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * base/json.c - canonical JSON (RFC 8785) and short hands for jansson.
 */
#include "config.h"
#include "base/json.h"

#include <inttypes.h>
#include <string.h>

static const int64_t MAX_EXACT = (INT64_C(1) << 53) - 1; /* what every JSON reader keeps exactly */

static bool write_value(GString *out, const json_t *value, GError **error);

static bool
is_plain(unsigned char c)
{
    return c >= 0x20 && c != '"' && c != '\\';
}

static void
write_string(GString *out, const char *text, size_t size)
{
    static const char escapes[] = {
        ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r'};
    size_t written = 0;

    g_string_append_c(out, '"');
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)text[i];

        if (is_plain(c))
            continue;
        g_string_append_len(out, text + written, (gssize)(i - written));
        written = i + 1;
        if (c == '"' || c == '\\') {
            g_string_append_c(out, '\\');
            g_string_append_c(out, (char)c);
        } else if (c < sizeof escapes && escapes[c]) {
            g_string_append_c(out, '\\');
            g_string_append_c(out, escapes[c]);
        } else {
            g_string_append_printf(out, "\\u%04x", c);
        }
    }
    g_string_append_len(out, text + written, (gssize)(size - written));
    g_string_append_c(out, '"');
}

static int
compare_utf16(const char *left, const char *right)
{
    g_autofree gunichar2 *x = g_utf8_to_utf16(left, -1, NULL, NULL, NULL);
    g_autofree gunichar2 *y = g_utf8_to_utf16(right, -1, NULL, NULL, NULL);
    size_t i = 0;

    while (x[i] && x[i] == y[i])
        i++;
    return (int)x[i] - (int)y[i];
}

/* RFC 8785 section 3.2.3 sorts by UTF-16 code units, which differs from the order of UTF-8 bytes
 * only between U+E000..U+FFFF and the supplementary planes: bytes from 0xee on. */
static int
compare_keys(const char *left, const char *right)
{
    const unsigned char *x = (const unsigned char *)left;
    const unsigned char *y = (const unsigned char *)right;

    while (*x && *x == *y) {
        x++;
        y++;
    }
    return *x < 0xee || *y < 0xee ? (int)*x - (int)*y : compare_utf16(left, right);
}

static int
compare_members(const void *a, const void *b)
{
    return compare_keys(*(const char *const *)a, *(const char *const *)b);
}

/* Entries and states have few members, often in order already: then qsort() is the slower way. */
static void
sort_keys(const char **keys, size_t count)
{
    enum { FEW = 32 };

    if (count > FEW) {
        qsort(keys, count, sizeof *keys, compare_members);
        return;
    }
    for (size_t i = 1; i < count; i++) {
        const char *key = keys[i];
        size_t at = i;

        for (; at > 0 && compare_keys(keys[at - 1], key) > 0; at--)
            keys[at] = keys[at - 1];
        keys[at] = key;
    }
}

static bool
write_object(GString *out, const json_t *object, GError **error)
{
    enum { NEAR = 32 };
    size_t count = json_object_size(object);
    const char *near[NEAR];
    g_autofree const char **far = count > NEAR ? g_new0(const char *, count) : NULL;
    const char **keys = far ? far : near;
    json_t *unconst = (json_t *)(uintptr_t)object; /* jansson iterates non-const only */
    size_t n = 0;

    for (void *it = json_object_iter(unconst); it; it = json_object_iter_next(unconst, it))
        keys[n++] = json_object_iter_key(it);
    sort_keys(keys, n);
    g_string_append_c(out, '{');
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            g_string_append_c(out, ',');
        write_string(out, keys[i], strlen(keys[i]));
        g_string_append_c(out, ':');
        if (!write_value(out, json_object_get(object, keys[i]), error))
            return dn_fail_in(error, "%s", keys[i]);
    }
    g_string_append_c(out, '}');
    return true;
}

static bool
write_value(GString *out, const json_t *value, GError **error)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return write_object(out, value, error);
    case JSON_ARRAY:
        g_string_append_c(out, '[');
        for (size_t i = 0; i < json_array_size(value); i++) {
            if (i > 0)
                g_string_append_c(out, ',');
            if (!write_value(out, json_array_get(value, i), error))
                return false;
        }
        g_string_append_c(out, ']');
        return true;
    case JSON_STRING:
        write_string(out, json_string_value(value), json_string_length(value));
        return true;
    case JSON_INTEGER:
        if (json_integer_value(value) > MAX_EXACT || json_integer_value(value) < -MAX_EXACT)
            return dn_fail(error, DN_ERROR_INVALID,
                           "an integer beyond 53 bits has no canonical form");
        g_string_append_printf(out, "%" PRId64, (int64_t)json_integer_value(value));
        return true;
    case JSON_TRUE:
        g_string_append(out, "true");
        return true;
    case JSON_FALSE:
        g_string_append(out, "false");
        return true;
    case JSON_NULL:
        g_string_append(out, "null");
        return true;
    case JSON_REAL:
    default:
        return dn_fail(error, DN_ERROR_INVALID, "a fraction has no place in a canonical line");
    }
}

char *
dn_json_canonical(const json_t *value, GError **error)
{
    g_autoptr(GString) out = g_string_sized_new(512);

    if (!write_value(out, value, error))
        return NULL;
    return g_string_free(g_steal_pointer(&out), FALSE);
}

char *
dn_json_line(const json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(6));
    char *line = g_strdup(text);

    free(text);
    return line;
}

json_t *
dn_json_parse(const char *text, size_t size, GError **error)
{
    json_error_t problem;
    json_t *value = json_loadb(text, size, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &problem);

    if (!value)
        return dn_fail_null(error, DN_ERROR_FORMAT, "not JSON at byte %d", problem.position);
    return value;
}

const char *
dn_json_string(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

json_t *
dn_json_object(const json_t *object, const char *key)
{
    json_t *value = json_object_get(object, key);

    return json_is_object(value) ? value : NULL;
}

json_t *
dn_json_array(const json_t *object, const char *key)
{
    json_t *value = json_object_get(object, key);

    return json_is_array(value) ? value : NULL;
}

bool
dn_json_bool(const json_t *object, const char *key, bool fallback)
{
    const json_t *value = json_object_get(object, key);

    return json_is_boolean(value) ? json_is_true(value) : fallback;
}

int64_t
dn_json_int(const json_t *object, const char *key, int64_t fallback)
{
    const json_t *value = json_object_get(object, key);

    return json_is_integer(value) ? json_integer_value(value) : fallback;
}

double
dn_json_real(const json_t *object, const char *key, double fallback)
{
    const json_t *value = json_object_get(object, key);

    return json_is_number(value) ? json_number_value(value) : fallback;
}

void
dn_json_take(json_t *object, const char *key, json_t *value)
{
    if (value && json_object_set_new(object, key, value) != 0)
        g_error("cannot set the JSON member %s", key);
}

void
dn_json_set_string(json_t *object, const char *key, const char *text)
{
    if (text)
        dn_json_take(object, key, json_string(text));
}

void
dn_json_set_int(json_t *object, const char *key, int64_t value)
{
    dn_json_take(object, key, json_integer(value));
}

void
dn_json_set_bool(json_t *object, const char *key, bool value)
{
    dn_json_take(object, key, json_boolean(value));
}
