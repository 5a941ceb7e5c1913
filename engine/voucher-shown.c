/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/voucher-shown.c - what of a voucher's state others see, as JSON.
 */
#include "config.h"
#include "base/kinds.h"
#include "engine/voucher.h"

#include <string.h>

bool
dn_voucher_kind_known(const char *kind)
{
    return dn_kind_find(kind) != NULL;
}

/* --- fractions --- */

json_t *
dn_voucher_freeze(const json_t *value)
{
    json_t *copy = NULL;

    switch (json_typeof(value)) {
    case JSON_REAL: {
        char text[G_ASCII_DTOSTR_BUF_SIZE];

        return json_string(g_ascii_formatd(text, sizeof text, "%.3f", json_real_value(value)));
    }
    case JSON_ARRAY:
        copy = json_array();
        for (size_t i = 0; i < json_array_size(value); i++)
            json_array_append_new(copy, dn_voucher_freeze(json_array_get(value, i)));
        return copy;
    case JSON_OBJECT: {
        json_t *unconst = (json_t *)(uintptr_t)value; /* jansson iterates non-const only */
        const char *key = NULL;
        json_t *member = NULL;

        copy = json_object();
        json_object_foreach (unconst, key, member)
            dn_json_take(copy, key, dn_voucher_freeze(member));
        return copy;
    }
    default:
        return json_deep_copy(value);
    }
}

/* The way back, for the members whose value is a number to a reader. */
static json_t *
thaw(const json_t *value)
{
    static const char *const fractions[] = {"confidence", "dpi_x", "dpi_y", NULL};
    json_t *copy = NULL;

    if (json_is_array(value)) {
        copy = json_array();
        for (size_t i = 0; i < json_array_size(value); i++)
            json_array_append_new(copy, thaw(json_array_get(value, i)));
        return copy;
    }
    if (json_is_object(value)) {
        json_t *unconst = (json_t *)(uintptr_t)value;
        const char *key = NULL;
        json_t *member = NULL;

        copy = json_object();
        json_object_foreach (unconst, key, member) {
            if (json_is_string(member) && g_strv_contains(fractions, key))
                dn_json_take(copy, key, json_real(g_ascii_strtod(json_string_value(member), NULL)));
            else
                dn_json_take(copy, key, thaw(member));
        }
        return copy;
    }
    return json_deep_copy(value);
}

/* --- members --- */

/* The value is shared, not copied: what is shown of a state is not changed. */
static void
copy_member(json_t *to, const json_t *from, const char *key)
{
    json_t *value = json_object_get(from, key);

    if (value && !json_is_null(value))
        dn_json_take(to, key, json_incref(value));
}

static void
copy_members(json_t *to, const json_t *from, const char *const *keys)
{
    for (; *keys; keys++)
        copy_member(to, from, *keys);
}

json_t *
dn_voucher_version(const json_t *state, unsigned version)
{
    json_t *versions = dn_json_array(state, "versions");
    size_t count = json_array_size(versions);

    if (count == 0 || version > count)
        return NULL;
    return json_array_get(versions, version ? version - 1 : count - 1);
}

/* --- what others see of it --- */

static void
add_values(json_t *row, const json_t *state)
{
    const json_t *fields = json_object_get(state, "fields");
    const json_t *amount = json_object_get(fields, "amount");

    dn_json_set_string(row, "date", dn_json_string(json_object_get(fields, "date"), "value"));
    if (json_is_integer(json_object_get(amount, "value"))) {
        copy_member(row, amount, "currency");
        copy_member(row, amount, "scale");
        dn_json_set_int(row, "amount", dn_json_int(amount, "value", 0));
    }
    dn_json_set_string(row, "party", dn_json_string(json_object_get(fields, "party"), "value"));
    dn_json_set_string(row, "registration_number",
                       dn_json_string(json_object_get(fields, "registration_number"), "value"));
}

json_t *
dn_voucher_row(const json_t *state)
{
    static const char *const keys[] = {"voucher", "version",  "state",      "kind",
                                       "origin",  "received", "registered", "labels",
                                       "deleted", "sheet",    NULL};
    json_t *row = json_object();
    const json_t *stamp = json_object_get(dn_voucher_version(state, 0), "stamp");

    copy_members(row, state, keys);
    add_values(row, state);
    dn_json_set_string(row, "stamped", dn_json_string(stamp, "gen_time"));
    return row;
}

json_t *
dn_voucher_details(const json_t *state, unsigned version)
{
    static const char *const shared[] = {
        "book_refs", "no_entry", "relations", "excuses",   "holds",  "requests", "paper", "device",
        "back",      "disposal", "channel",   "exchanged", "checks", "error",    NULL};
    static const char *const of_version[] = {"name",       "media_type",  "pages",   "captured",
                                             "derived",    "attachments", "brought", "warnings",
                                             "pages_read", NULL};
    const json_t *one = dn_voucher_version(state, version);
    const json_t *versions = dn_json_array(state, "versions");
    json_t *details = dn_voucher_row(state);
    json_t *list = json_array();
    json_t *blobs = json_object();

    copy_members(details, state, shared);
    dn_json_take(details, "fields", thaw(json_object_get(state, "fields")));
    if (json_object_get(state, "proposed"))
        dn_json_take(details, "proposed", thaw(json_object_get(state, "proposed")));
    dn_json_take(details, "version", json_deep_copy(json_object_get(one, "version")));
    copy_members(details, one, of_version);
    if (json_object_get(details, "captured"))
        dn_json_take(details, "captured", thaw(json_object_get(details, "captured")));
    copy_member(details, one, "error");
    if (json_object_get(one, "stamp"))
        dn_json_take(details, "evidence", json_deep_copy(json_object_get(one, "stamp")));
    dn_json_take(blobs, "original", json_deep_copy(json_object_get(one, "blob")));
    json_object_update(blobs, json_object_get(one, "parts"));
    dn_json_take(details, "blobs", blobs);
    for (size_t i = 0; i < json_array_size(versions); i++) {
        static const char *const keys[] = {"version",    "at",    "actor", "reason",
                                           "media_type", "found", NULL};
        const json_t *each = json_array_get(versions, i);
        json_t *brief = json_object();

        copy_members(brief, each, keys);
        dn_json_set_string(brief, "sha256",
                           dn_json_string(json_object_get(each, "blob"), "sha256"));
        dn_json_set_bool(brief, "stamped", json_object_get(each, "stamp") != NULL);
        json_array_append_new(list, brief);
    }
    dn_json_take(details, "versions", list);
    return details;
}

json_t *
dn_voucher_result(const json_t *state, const char *status)
{
    const json_t *version = dn_voucher_version(state, 0);
    json_t *result = json_object();

    dn_json_set_string(result, "status", status);
    copy_member(result, state, "voucher");
    copy_member(result, state, "version");
    dn_json_set_string(result, "sha256",
                       dn_json_string(json_object_get(version, "blob"), "sha256"));
    copy_member(result, version, "pages");
    copy_member(result, version, "media_type");
    copy_member(result, state, "kind");
    copy_member(result, state, "origin");
    copy_member(result, state, "state");
    dn_json_take(result, "fields", thaw(json_object_get(state, "fields")));
    copy_member(result, state, "checks");
    copy_member(result, state, "sheet");
    copy_member(result, state, "error");
    return result;
}
