/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * base/json.c - canonical JSON (RFC 8785) and short hands for jansson.
 */
#include "config.h"
#include "base/json.h"
#include "base/clock.h"

#include <stdlib.h>
#include <string.h>

static int
compare_members(const void *a, const void *b)
{
    return dn_value_compare_keys(((const DnMember *)a)->key, ((const DnMember *)b)->key);
}

/* Entries and states have few members, often in order already: then qsort() is the slower way. */
static void
sort_members(DnMember *members, size_t count)
{
    enum { FEW = 32 };

    if (count > FEW) {
        qsort(members, count, sizeof *members, compare_members);
        return;
    }
    for (size_t i = 1; i < count; i++) {
        DnMember member = members[i];
        size_t at = i;

        for (; at > 0 && dn_value_compare_keys(members[at - 1].key, member.key) > 0; at--)
            members[at] = members[at - 1];
        members[at] = member;
    }
}

static bool
value_of_object(DnArena *arena, const json_t *object, DnValue *out, GError **error)
{
    json_t *unconst = (json_t *)(uintptr_t)object; /* jansson iterates non-const only */
    size_t count = 0;

    out->members = dn_arena_take(arena, json_object_size(object) * sizeof *out->members);
    for (void *it = json_object_iter(unconst); it; it = json_object_iter_next(unconst, it)) {
        DnMember *member = &out->members[count++];

        member->key = json_object_iter_key(it);
        member->key_size = strlen(member->key);
        member->value = dn_json_value(arena, json_object_iter_value(it), error);
        if (!member->value)
            return dn_fail_in(error, "%s", member->key);
    }
    sort_members(out->members, count);
    out->size = out->room = (uint32_t)count;
    return true;
}

static bool
value_of_array(DnArena *arena, const json_t *array, DnValue *out, GError **error)
{
    size_t count = json_array_size(array);

    out->items = dn_arena_take(arena, count * sizeof *out->items);
    for (size_t i = 0; i < count; i++) {
        out->items[i] = dn_json_value(arena, json_array_get(array, i), error);
        if (!out->items[i])
            return false;
    }
    out->size = out->room = (uint32_t)count;
    return true;
}

const DnValue *
dn_json_value(DnArena *arena, const json_t *value, GError **error)
{
    DnValue *made = dn_arena_take(arena, sizeof *made);

    *made = (DnValue){.type = DN_VALUE_NULL};
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        made->type = DN_VALUE_OBJECT;
        return value_of_object(arena, value, made, error) ? made : NULL;
    case JSON_ARRAY:
        made->type = DN_VALUE_ARRAY;
        return value_of_array(arena, value, made, error) ? made : NULL;
    case JSON_STRING:
        made->type = DN_VALUE_STRING;
        made->text = json_string_value(value);
        made->size = (uint32_t)json_string_length(value);
        return made;
    case JSON_INTEGER:
        if (json_integer_value(value) > DN_VALUE_MAX_INT ||
            json_integer_value(value) < -DN_VALUE_MAX_INT)
            return dn_fail_null(error, DN_ERROR_INVALID,
                                "an integer beyond 53 bits has no canonical form");
        made->type = DN_VALUE_INT;
        made->number = json_integer_value(value);
        return made;
    case JSON_TRUE:
        made->type = DN_VALUE_TRUE;
        return made;
    case JSON_FALSE:
        made->type = DN_VALUE_FALSE;
        return made;
    case JSON_NULL:
        return made;
    case JSON_REAL:
    default:
        return dn_fail_null(error, DN_ERROR_INVALID, "a fraction has no place in a canonical line");
    }
}

static json_t *
json_of_array(const DnValue *array)
{
    json_t *made = json_array();

    for (uint32_t i = 0; i < array->size; i++)
        json_array_append_new(made, dn_json_of_value(array->items[i]));
    return made;
}

static json_t *
json_of_object(const DnValue *object)
{
    json_t *made = json_object();

    for (uint32_t i = 0; i < object->size; i++)
        json_object_set_new_nocheck(made, object->members[i].key,
                                    dn_json_of_value(object->members[i].value));
    return made;
}

json_t *
dn_json_of_value(const DnValue *value)
{
    switch (value->type) {
    case DN_VALUE_FALSE:
        return json_false();
    case DN_VALUE_TRUE:
        return json_true();
    case DN_VALUE_INT:
        return json_integer(value->number);
    case DN_VALUE_STRING:
        return json_stringn_nocheck(value->text, value->size);
    case DN_VALUE_ARRAY:
        return json_of_array(value);
    case DN_VALUE_OBJECT:
        return json_of_object(value);
    case DN_VALUE_NULL:
    default:
        return json_null();
    }
}

char *
dn_json_canonical(const json_t *value, GError **error)
{
    g_autoptr(DnArena) arena = dn_arena_new();
    const DnValue *canonical = dn_json_value(arena, value, error);

    return canonical ? dn_value_dup_text(canonical) : NULL;
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

int64_t
dn_json_time(const json_t *object, const char *key)
{
    const char *text = dn_json_string(object, key);
    int64_t utc_ms = -1;

    return text && dn_clock_parse(text, &utc_ms, NULL) ? utc_ms : -1;
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
