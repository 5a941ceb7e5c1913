/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/voucher.c - entry by entry to the present state.
 */
#include "config.h"
#include "engine/voucher.h"
#include "base/kinds.h"
#include "base/money.h"

#include <string.h>

static const char *const field_names[] = {"date", "amount", "party", "registration_number", NULL};
static const char *const further_names[] = {"due_date", "number", "taxes", NULL}; /* as read */

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

/* The value is shared, not copied: what has been made is changed only in a deep copy of its own
 * (dn_voucher_apply), so nobody sees another's changes. */
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

static json_t *
newest(json_t *state)
{
    return dn_voucher_version(state, 0);
}

static ssize_t
array_find(const json_t *array, const char *text)
{
    for (size_t i = 0; i < json_array_size(array); i++)
        if (g_strcmp0(json_string_value(json_array_get(array, i)), text) == 0)
            return (ssize_t)i;
    return -1;
}

/* All kinds a document was ever taken for: its retention is the longest of theirs. */
static void
note_kind(json_t *state, const char *kind)
{
    json_t *kinds = json_object_get(state, "kinds");

    if (!kinds) {
        kinds = json_array();
        dn_json_take(state, "kinds", kinds);
    }
    if (kind && array_find(kinds, kind) < 0)
        json_array_append_new(kinds, json_string(kind));
}

/* (transfer full) Who said it, when and why. */
static json_t *
remark(const json_t *entry)
{
    static const char *const keys[] = {"at", "actor", "reason", NULL};
    json_t *note = json_object();

    copy_members(note, entry, keys);
    return note;
}

/* --- one function a type of entry; @state is theirs to change --- */

/* A value that a person gave: nothing that is read later replaces it. */
static json_t *
persons_value(const json_t *value, const json_t *entry, const char *source)
{
    json_t *field = json_is_object(value) ? json_deep_copy(value) : json_object();

    if (!json_is_object(value))
        dn_json_take(field, "value", json_deep_copy(value));
    dn_json_set_string(field, "confidence", "1.000");
    dn_json_set_string(field, "source", source);
    copy_member(field, entry, "actor");
    copy_member(field, entry, "at");
    copy_member(field, entry, "reason");
    return field;
}

static bool
is_persons(const json_t *field)
{
    const char *source = dn_json_string(field, "source");

    return source && strcmp(source, "read") != 0;
}

static json_t *
version_of(const json_t *entry, int64_t number)
{
    static const char *const keys[] = {"name",       "at",     "actor", "reason", "blob",
                                       "media_type", "period", "found", NULL};
    json_t *version = json_object();

    dn_json_set_int(version, "version", number);
    copy_members(version, entry, keys);
    dn_json_take(version, "parts", json_object());
    return version;
}

static bool
apply_registered(json_t *state, const json_t *entry, GError **error)
{
    static const char *const keys[] = {"voucher", "origin", "received", NULL};
    const char *kind = dn_json_string(entry, "kind");
    json_t *fields = json_object();
    json_t *values = dn_json_object(entry, "values");

    if (!dn_json_object(entry, "blob") || !dn_json_string(entry, "received"))
        return dn_fail(error, DN_ERROR_CORRUPT,
                       "a registration without document or day of receipt");
    copy_members(state, entry, keys);
    dn_json_set_int(state, "version", 1);
    dn_json_set_string(state, "kind", kind ? kind : "other");
    dn_json_set_bool(state, "kind_given", kind != NULL);
    note_kind(state, kind);
    copy_member(state, entry, "paper");
    dn_json_take(state, "registered", json_deep_copy(json_object_get(entry, "at")));
    dn_json_set_int(state, "registered_seq", dn_json_int(entry, "seq", 0));
    dn_json_set_string(state, "state", "stored");
    dn_json_set_bool(state, "deleted", false);
    for (const char *const *name = field_names; *name; name++)
        if (json_object_get(values, *name))
            dn_json_take(fields, *name,
                         persons_value(json_object_get(values, *name), entry, "given"));
    dn_json_take(state, "fields", fields);
    dn_json_take(state, "labels",
                 dn_json_array(entry, "labels") ? json_deep_copy(json_object_get(entry, "labels"))
                                                : json_array());
    dn_json_take(state, "book_refs", json_array());
    dn_json_take(state, "checks", json_array());
    dn_json_take(state, "versions", json_array());
    json_array_append_new(json_object_get(state, "versions"), version_of(entry, 1));
    return true;
}

static bool
apply_read(json_t *state, const json_t *entry, GError **error)
{
    static const char *const keys[] = {"media_type", "pages",       "captured",
                                       "derived",    "attachments", "warnings",
                                       "pages_read", "parts",       NULL};
    json_t *read = dn_json_object(entry, "fields");
    json_t *fields = json_object_get(state, "fields");
    json_t *version = dn_voucher_version(state, (unsigned)dn_json_int(entry, "version", 0));
    const char *kind = dn_json_string(entry, "kind");

    if (!read || !version)
        return dn_fail(error, DN_ERROR_CORRUPT, "a reading without fields or of no version");
    copy_members(version, entry, keys);
    json_object_del(version, "error");
    if (version != newest(state))
        return true; /* read late: the values of a newer version stand */
    json_object_del(state, "error");
    if (strcmp(dn_json_string(state, "state"), "confirmed") == 0) {
        /* A person has said that the values are right: another reading only proposes. */
        dn_json_take(state, "proposed", json_deep_copy(read));
        return true;
    }
    for (const char *const *name = field_names; *name; name++) {
        json_t *value = json_object_get(read, *name);

        if (is_persons(json_object_get(fields, *name)))
            continue;
        json_object_del(fields, *name);
        if (value) {
            json_t *copy = json_deep_copy(value);

            dn_json_set_string(copy, "source", "read");
            dn_json_take(fields, *name, copy);
        }
    }
    for (const char *const *name = further_names; *name; name++) {
        json_object_del(fields, *name);
        copy_member(fields, read, *name);
    }
    if (kind && !dn_json_bool(state, "kind_given", false)) {
        dn_json_set_string(state, "kind", kind);
        note_kind(state, kind);
    }
    copy_member(state, entry, "checks");
    dn_json_set_string(state, "state", "read");
    return true;
}

static bool
apply_unreadable(json_t *state, const json_t *entry, GError **error)
{
    json_t *version = dn_voucher_version(state, (unsigned)dn_json_int(entry, "version", 0));

    if (!version || !dn_json_object(entry, "error"))
        return dn_fail(error, DN_ERROR_CORRUPT, "a verdict without reason or on no version");
    copy_member(version, entry, "error");
    copy_member(version, entry, "media_type");
    if (version == newest(state))
        copy_member(state, entry, "error");
    return true;
}

static bool
apply_corrected(json_t *state, const json_t *entry, GError **error)
{
    json_t *fields = json_object_get(state, "fields");
    json_t *changes = dn_json_array(entry, "changes");

    if (json_array_size(changes) == 0)
        return dn_fail(error, DN_ERROR_CORRUPT, "a correction that corrects nothing");
    for (size_t i = 0; i < json_array_size(changes); i++) {
        json_t *change = json_array_get(changes, i);
        const char *name = dn_json_string(change, "field");

        if (g_strcmp0(name, "kind") == 0) {
            dn_json_take(state, "kind", json_deep_copy(json_object_get(change, "after")));
            dn_json_set_bool(state, "kind_given", true);
            note_kind(state, dn_json_string(change, "after"));
        } else if (g_strcmp0(name, "paper") == 0) {
            dn_json_take(state, "paper", json_deep_copy(json_object_get(change, "after")));
        } else if (name && g_strv_contains(field_names, name)) {
            json_t *field = persons_value(json_object_get(change, "after"), entry, "corrected");

            copy_member(field, change, "currency");
            copy_member(field, change, "scale");
            dn_json_take(fields, name, field);
        } else {
            return dn_fail(error, DN_ERROR_CORRUPT, "a correction of an unknown field");
        }
    }
    return true;
}

static bool
apply_revised(json_t *state, const json_t *entry, GError **error)
{
    json_t *versions = json_object_get(state, "versions");
    int64_t number = (int64_t)json_array_size(versions) + 1;

    if (dn_json_int(entry, "version", 0) != number || !dn_json_object(entry, "blob"))
        return dn_fail(error, DN_ERROR_CORRUPT, "a revision that is not the next version");
    json_array_append_new(versions, version_of(entry, number));
    dn_json_set_int(state, "version", number);
    dn_json_set_string(state, "state", "stored");
    json_object_del(state, "error");
    return true;
}

static bool
apply_deleted(json_t *state, const json_t *entry, GError **error)
{
    bool deleted = strcmp(dn_json_string(entry, "type"), "voucher.deleted") == 0;

    if (dn_json_bool(state, "deleted", false) == deleted)
        return dn_fail(error, DN_ERROR_CORRUPT, "deleted or brought back twice");
    dn_json_set_bool(state, "deleted", deleted);
    return true;
}

static bool
apply_labelled(json_t *state, const json_t *entry, GError **error)
{
    json_t *labels = json_object_get(state, "labels");
    json_t *add = dn_json_array(entry, "add");
    json_t *drop = dn_json_array(entry, "remove");

    (void)error;
    for (size_t i = 0; i < json_array_size(drop); i++) {
        ssize_t at = array_find(labels, json_string_value(json_array_get(drop, i)));

        if (at >= 0)
            json_array_remove(labels, (size_t)at);
    }
    for (size_t i = 0; i < json_array_size(add); i++)
        if (array_find(labels, json_string_value(json_array_get(add, i))) < 0)
            json_array_append(labels, json_array_get(add, i));
    return true;
}

/* A link to the books, its end, the statement that there is none, or a relation to another voucher.
 */
static bool
apply_linked(json_t *state, const json_t *entry, GError **error)
{
    json_t *refs = json_object_get(state, "book_refs");
    const char *ref = dn_json_string(entry, "book_ref");
    const char *gone = dn_json_string(entry, "unlinked");
    ssize_t at = array_find(refs, gone);

    if (dn_json_string(entry, "relation") && dn_json_string(entry, "other")) {
        static const char *const keys[] = {"relation", "other", NULL};
        json_t *relations = json_object_get(state, "relations");
        json_t *relation = json_object();

        if (!relations) {
            relations = json_array();
            dn_json_take(state, "relations", relations);
        }
        copy_members(relation, entry, keys);
        json_array_append_new(relations, relation);
        return true;
    }
    if (!ref && !gone && !dn_json_bool(entry, "no_entry", false))
        return dn_fail(error, DN_ERROR_CORRUPT, "a link to nothing");
    if (gone && at >= 0)
        json_array_remove(refs, (size_t)at);
    if (ref && array_find(refs, ref) < 0)
        json_array_append_new(refs, json_string(ref));
    if (ref)
        json_object_del(state, "no_entry");
    else if (!gone)
        dn_json_take(state, "no_entry", remark(entry));
    return true;
}

/* --- requests: asked by one, approved by another --- */

static json_t *
request_find(const json_t *state, int64_t number)
{
    const json_t *requests = json_object_get(state, "requests");

    for (size_t i = 0; i < json_array_size(requests); i++)
        if (dn_json_int(json_array_get(requests, i), "request", 0) == number)
            return json_array_get(requests, i);
    return NULL;
}

static bool
apply_request(json_t *state, const json_t *entry, GError **error)
{
    static const char *const keys[] = {"action", "changes", "slip", "subject", "party", NULL};
    json_t *requests = json_object_get(state, "requests");
    json_t *request = remark(entry);

    (void)error;
    if (!requests) {
        requests = json_array();
        dn_json_take(state, "requests", requests);
    }
    copy_members(request, entry, keys);
    dn_json_set_int(request, "request", dn_json_int(entry, "seq", 0));
    json_array_append_new(requests, request);
    return true;
}

/* What was asked for is done as if who approved it had done it, for the reason of who asked. */
static bool
apply_approved(json_t *state, const json_t *entry, GError **error)
{
    json_t *request = request_find(state, dn_json_int(entry, "request", 0));

    if (!request || json_object_get(request, "approved"))
        return dn_fail(error, DN_ERROR_CORRUPT, "of no request, or approved twice");
    g_autoptr(json_t) change = json_deep_copy(entry);

    copy_member(change, request, "reason");
    copy_member(change, request, "changes");
    dn_json_take(request, "approved", remark(entry));
    if (g_strcmp0(dn_json_string(request, "action"), "correct") == 0)
        return apply_corrected(state, change, error);
    dn_json_set_string(change, "type", "voucher.deleted");
    return apply_deleted(state, change, error);
}

static bool
apply_excused(json_t *state, const json_t *entry, GError **error)
{
    json_t *excuses = json_object_get(state, "excuses");

    (void)error;
    if (!excuses) {
        excuses = json_array();
        dn_json_take(state, "excuses", excuses);
    }
    json_array_append_new(excuses, remark(entry));
    return true;
}

static ssize_t
hold_find(const json_t *holds, const char *name)
{
    for (size_t i = 0; i < json_array_size(holds); i++)
        if (g_strcmp0(dn_json_string(json_array_get(holds, i), "name"), name) == 0)
            return (ssize_t)i;
    return -1;
}

static bool
apply_hold(json_t *state, const json_t *entry, GError **error)
{
    bool placed = strcmp(dn_json_string(entry, "type"), "hold.placed") == 0;
    const char *name = dn_json_string(entry, "name");
    json_t *holds = json_object_get(state, "holds");
    ssize_t at = hold_find(holds, name);

    if (!name || placed != (at < 0))
        return dn_fail(error, DN_ERROR_CORRUPT, "a hold placed twice, or lifted and not placed");
    if (!placed) {
        json_array_remove(holds, (size_t)at);
        return true;
    }
    if (!holds) {
        holds = json_array();
        dn_json_take(state, "holds", holds);
    }
    json_t *hold = remark(entry);

    dn_json_set_string(hold, "name", name);
    json_array_append_new(holds, hold);
    return true;
}

static bool
apply_disposed(json_t *state, const json_t *entry, GError **error)
{
    static const char *const keys[] = {"plan", "at", "actor", NULL};
    json_t *disposal = json_object();

    (void)error;
    copy_members(disposal, entry, keys);
    dn_json_set_string(state, "state", "disposed");
    dn_json_take(state, "disposal", disposal);
    return true;
}

static bool
apply_confirmed(json_t *state, const json_t *entry, GError **error)
{
    (void)entry;
    (void)error;
    dn_json_set_string(state, "state", "confirmed");
    json_object_del(state, "proposed");
    return true;
}

static bool
apply_stamped(json_t *state, const json_t *entry, GError **error)
{
    static const char *const keys[] = {"seq",       "token",      "leaves", "gen_time",
                                       "authority", "accredited", "root",   NULL};
    json_t *version = dn_voucher_version(state, (unsigned)dn_json_int(entry, "version", 0));
    json_t *stamp = json_object();

    if (!version)
        return dn_fail(error, DN_ERROR_CORRUPT, "a time stamp over no version");
    copy_members(stamp, entry, keys);
    dn_json_take(version, "stamp", stamp);
    return true;
}

typedef struct {
    const char *type;
    bool (*apply)(json_t *state, const json_t *entry, GError **error);
} EntryRow;

static const EntryRow entry_table[] = {
    {"voucher.registered", apply_registered},
    {"voucher.read", apply_read},
    {"voucher.unreadable", apply_unreadable},
    {"voucher.corrected", apply_corrected},
    {"voucher.revised", apply_revised},
    {"voucher.deleted", apply_deleted},
    {"voucher.undeleted", apply_deleted},
    {"voucher.labelled", apply_labelled},
    {"voucher.linked", apply_linked},
    {"voucher.confirmed", apply_confirmed},
    {"request.filed", apply_request},
    {"request.approved", apply_approved},
    {"voucher.excused", apply_excused},
    {"hold.placed", apply_hold},
    {"hold.lifted", apply_hold},
    {"voucher.disposed", apply_disposed},
    {"evidence.stamped", apply_stamped},
};

static bool
is_disposed(const json_t *state)
{
    return g_strcmp0(dn_json_string(state, "state"), "disposed") == 0;
}

json_t *
dn_voucher_apply(const json_t *state, const json_t *entry, GError **error)
{
    const char *type = dn_json_string(entry, "type");
    g_autoptr(json_t) next = state ? json_deep_copy(state) : json_object();

    for (size_t i = 0; i < G_N_ELEMENTS(entry_table); i++) {
        bool first = entry_table[i].apply == apply_registered;

        if (g_strcmp0(type, entry_table[i].type) != 0)
            continue;
        if (first != (state == NULL))
            return dn_fail_null(error, DN_ERROR_CORRUPT, "%s: the voucher is %s", type,
                                first ? "already registered" : "not registered");
        if (is_disposed(state) && strcmp(type, "evidence.stamped") != 0)
            return dn_fail_null(error, DN_ERROR_CORRUPT, "%s: the voucher has been disposed of",
                                type);
        if (!entry_table[i].apply(next, entry, error)) {
            dn_fail_in(error, "%s", type);
            return NULL;
        }
        return g_steal_pointer(&next);
    }
    return dn_fail_null(error, DN_ERROR_CORRUPT, "no entry of a voucher: %s", type ? type : "?");
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
    static const char *const keys[] = {"voucher",  "version",    "state",  "kind",    "origin",
                                       "received", "registered", "labels", "deleted", NULL};
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
    static const char *const shared[] = {"book_refs", "no_entry", "relations", "excuses",
                                         "holds",     "requests", "paper",     "disposal",
                                         "checks",    "error",    NULL};
    static const char *const of_version[] = {"name",     "media_type", "pages",
                                             "captured", "derived",    "attachments",
                                             "warnings", "pages_read", NULL};
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
    copy_member(result, state, "error");
    return result;
}
