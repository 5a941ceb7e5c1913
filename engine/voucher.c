/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/voucher.c - entry by entry to the present state.
 *
 * The state before is shared and never changed: each function is given a copy of its outermost
 * object, and copies below it what it changes (own_object(), own_array()).
 */
#include "config.h"
#include "engine/voucher.h"

#include <string.h>

static const char *const field_names[] = {"date", "amount", "party", "registration_number", NULL};
static const char *const capture_names[] = {"paper", "device", "back", NULL};
static const char *const further_names[] = {"due_date", "number", "telephone", "taxes",
                                            NULL}; /* as read */

/* --- members --- */

static void
copy_member(DnArena *arena, DnValue *to, const DnValue *from, const char *key)
{
    const DnValue *value = dn_value_get(from, key);

    if (value && value->type != DN_VALUE_NULL)
        dn_value_set(arena, to, key, value);
}

static void
copy_members(DnArena *arena, DnValue *to, const DnValue *from, const char *const *keys)
{
    for (; *keys; keys++)
        copy_member(arena, to, from, *keys);
}

static void
set_string(DnArena *arena, DnValue *object, const char *key, const char *text)
{
    dn_value_set(arena, object, key, dn_value_new_string(arena, text));
}

static void
set_int(DnArena *arena, DnValue *object, const char *key, int64_t number)
{
    dn_value_set(arena, object, key, dn_value_new_int(arena, number));
}

static void
set_bool(DnArena *arena, DnValue *object, const char *key, bool value)
{
    dn_value_set(arena, object, key, dn_value_new_bool(arena, value));
}

/* A member of @object to change; made when it was not there. */
static DnValue *
own_object(DnArena *arena, DnValue *object, const char *key)
{
    DnValue *own = dn_value_copy(arena, dn_value_get(object, key), DN_VALUE_OBJECT);

    dn_value_set(arena, object, key, own);
    return own;
}

static DnValue *
own_array(DnArena *arena, DnValue *object, const char *key)
{
    DnValue *own = dn_value_copy(arena, dn_value_get(object, key), DN_VALUE_ARRAY);

    dn_value_set(arena, object, key, own);
    return own;
}

/* One item of an array of @object to change. */
static DnValue *
own_item(DnArena *arena, DnValue *object, const char *key, size_t index)
{
    DnValue *array = own_array(arena, object, key);
    DnValue *own = dn_value_copy(arena, array->items[index], DN_VALUE_OBJECT);

    array->items[index] = own;
    return own;
}

const DnValue *
dn_voucher_find_version(const DnValue *state, unsigned version)
{
    const DnValue *versions = dn_value_array(state, "versions");
    size_t count = dn_value_count(versions);

    if (count == 0 || version > count)
        return NULL;
    return dn_value_at(versions, version ? version - 1 : count - 1);
}

/* The version that @entry speaks of, to change. NULL when there is none. */
static DnValue *
own_version(DnArena *arena, DnValue *state, const DnValue *entry)
{
    unsigned number = (unsigned)dn_value_int(entry, "version", 0);
    size_t count = dn_value_count(dn_value_array(state, "versions"));

    if (!dn_value_is(dn_voucher_find_version(state, number), DN_VALUE_OBJECT))
        return NULL;
    return own_item(arena, state, "versions", number ? number - 1 : count - 1);
}

static bool
is_newest(const DnValue *state, const DnValue *version)
{
    return dn_voucher_find_version(state, 0) == version;
}

static ssize_t
array_find(const DnValue *array, const char *text)
{
    for (size_t i = 0; i < dn_value_count(array); i++)
        if (g_strcmp0(dn_value_text(array->items[i]), text) == 0)
            return (ssize_t)i;
    return -1;
}

/* All kinds a document was ever taken for: its retention is the longest of theirs. */
static void
note_kind(DnArena *arena, DnValue *state, const char *kind)
{
    DnValue *kinds = own_array(arena, state, "kinds");

    if (kind && array_find(kinds, kind) < 0)
        dn_value_append(arena, kinds, dn_value_new_string(arena, kind));
}

/* Who said it, when and why. */
static DnValue *
remark(DnArena *arena, const DnValue *entry)
{
    static const char *const keys[] = {"at", "actor", "reason", NULL};
    DnValue *note = dn_value_new_object(arena);

    copy_members(arena, note, entry, keys);
    return note;
}

/* --- one function a type of entry; @state is theirs to change --- */

/* A value that a person gave: nothing that is read later replaces it. */
static DnValue *
persons_value(DnArena *arena, const DnValue *value, const DnValue *entry, const char *source)
{
    DnValue *field = dn_value_copy(arena, value, DN_VALUE_OBJECT);

    if (!dn_value_is(value, DN_VALUE_OBJECT))
        dn_value_set(arena, field, "value", value);
    set_string(arena, field, "confidence", "1.000");
    set_string(arena, field, "source", source);
    copy_member(arena, field, entry, "actor");
    copy_member(arena, field, entry, "at");
    copy_member(arena, field, entry, "reason");
    return field;
}

static bool
is_persons(const DnValue *field)
{
    const char *source = dn_value_string(field, "source");

    return source && strcmp(source, "read") != 0;
}

static DnValue *
version_of(DnArena *arena, const DnValue *entry, int64_t number)
{
    static const char *const keys[] = {"name",       "at",     "actor", "reason",  "blob",
                                       "media_type", "period", "found", "brought", NULL};
    DnValue *version = dn_value_new_object(arena);

    set_int(arena, version, "version", number);
    copy_members(arena, version, entry, keys);
    dn_value_set(arena, version, "parts", dn_value_new_object(arena));
    return version;
}

static bool
apply_registered(DnArena *arena, DnValue *state, const DnValue *entry, GError **error)
{
    static const char *const keys[] = {"voucher", "origin",    "received",
                                       "channel", "exchanged", NULL};
    const char *kind = dn_value_string(entry, "kind");
    const DnValue *values = dn_value_object(entry, "values");
    const DnValue *labels = dn_value_array(entry, "labels");
    DnValue *fields = dn_value_new_object(arena);
    DnValue *versions = dn_value_new_array(arena);

    if (!dn_value_object(entry, "blob") || !dn_value_string(entry, "received"))
        return dn_fail(error, DN_ERROR_CORRUPT,
                       "a registration without document or day of receipt");
    copy_members(arena, state, entry, keys);
    set_int(arena, state, "version", 1);
    set_string(arena, state, "kind", kind ? kind : "other");
    set_bool(arena, state, "kind_given", kind != NULL);
    note_kind(arena, state, kind);
    copy_member(arena, state, entry, "paper");
    copy_member(arena, state, entry, "device");
    copy_member(arena, state, entry, "back");
    copy_member(arena, state, entry, "sheet");
    dn_value_set(arena, state, "registered", dn_value_get(entry, "at"));
    set_int(arena, state, "registered_seq", dn_value_int(entry, "seq", 0));
    set_string(arena, state, "state", "stored");
    set_bool(arena, state, "deleted", false);
    for (const char *const *name = field_names; *name; name++)
        if (dn_value_get(values, *name))
            dn_value_set(arena, fields, *name,
                         persons_value(arena, dn_value_get(values, *name), entry, "given"));
    dn_value_set(arena, state, "fields", fields);
    dn_value_set(arena, state, "labels", labels ? labels : dn_value_new_array(arena));
    dn_value_set(arena, state, "book_refs", dn_value_new_array(arena));
    dn_value_set(arena, state, "checks", dn_value_new_array(arena));
    dn_value_append(arena, versions, version_of(arena, entry, 1));
    dn_value_set(arena, state, "versions", versions);
    return true;
}

static void
read_fields(DnArena *arena, DnValue *state, const DnValue *read)
{
    DnValue *fields = own_object(arena, state, "fields");

    for (const char *const *name = field_names; *name; name++) {
        const DnValue *value = dn_value_get(read, *name);

        if (is_persons(dn_value_get(fields, *name)))
            continue;
        dn_value_remove(fields, *name);
        if (dn_value_is(value, DN_VALUE_OBJECT)) {
            DnValue *copy = dn_value_copy(arena, value, DN_VALUE_OBJECT);

            set_string(arena, copy, "source", "read");
            dn_value_set(arena, fields, *name, copy);
        } else {
            dn_value_set(arena, fields, *name, value);
        }
    }
    for (const char *const *name = further_names; *name; name++) {
        dn_value_remove(fields, *name);
        copy_member(arena, fields, read, *name);
    }
}

static bool
apply_read(DnArena *arena, DnValue *state, const DnValue *entry, GError **error)
{
    static const char *const keys[] = {"media_type", "pages",       "captured",
                                       "derived",    "attachments", "warnings",
                                       "pages_read", "parts",       NULL};
    const DnValue *read = dn_value_object(entry, "fields");
    DnValue *version = own_version(arena, state, entry);
    const char *kind = dn_value_string(entry, "kind");

    if (!read || !version)
        return dn_fail(error, DN_ERROR_CORRUPT, "a reading without fields or of no version");
    copy_members(arena, version, entry, keys);
    copy_member(arena, state, entry, "sheet");
    dn_value_remove(version, "error");
    if (!is_newest(state, version))
        return true; /* read late: the values of a newer version stand */
    dn_value_remove(state, "error");
    if (g_strcmp0(dn_value_string(state, "state"), "confirmed") == 0) {
        /* A person has said that the values are right: another reading only proposes. */
        dn_value_set(arena, state, "proposed", read);
        return true;
    }
    read_fields(arena, state, read);
    if (kind && !dn_value_bool(state, "kind_given", false)) {
        set_string(arena, state, "kind", kind);
        note_kind(arena, state, kind);
    }
    copy_member(arena, state, entry, "checks");
    set_string(arena, state, "state", "read");
    return true;
}

static bool
apply_unreadable(DnArena *arena, DnValue *state, const DnValue *entry, GError **error)
{
    DnValue *version = own_version(arena, state, entry);

    if (!version || !dn_value_object(entry, "error"))
        return dn_fail(error, DN_ERROR_CORRUPT, "a verdict without reason or on no version");
    copy_member(arena, version, entry, "error");
    copy_member(arena, version, entry, "media_type");
    if (is_newest(state, version))
        copy_member(arena, state, entry, "error");
    return true;
}

static bool
apply_change(DnArena *arena, DnValue *state, const DnValue *change, const DnValue *entry,
             GError **error)
{
    const char *name = dn_value_string(change, "field");
    const DnValue *after = dn_value_get(change, "after");

    if (g_strcmp0(name, "kind") == 0) {
        dn_value_set(arena, state, "kind", after);
        set_bool(arena, state, "kind_given", true);
        note_kind(arena, state, dn_value_text(after));
    } else if (name && g_strv_contains(capture_names, name)) {
        dn_value_set(arena, state, name, after);
    } else if (name && g_strv_contains(field_names, name)) {
        DnValue *field = persons_value(arena, after, entry, "corrected");
        const DnValue *old = dn_value_get(dn_value_get(state, "fields"), name);
        const DnValue *read = dn_value_get(old, "read");

        /* How a name was misread is how it will be misread again: known.c. */
        if (!read && !is_persons(old))
            read = dn_value_get(old, "value");
        if (strcmp(name, "party") == 0)
            dn_value_set(arena, field, "read", read);
        copy_member(arena, field, change, "currency");
        copy_member(arena, field, change, "scale");
        dn_value_set(arena, own_object(arena, state, "fields"), name, field);
    } else {
        return dn_fail(error, DN_ERROR_CORRUPT, "a correction of an unknown field");
    }
    return true;
}

static bool
apply_corrected(DnArena *arena, DnValue *state, const DnValue *entry, GError **error)
{
    const DnValue *changes = dn_value_array(entry, "changes");

    if (dn_value_count(changes) == 0)
        return dn_fail(error, DN_ERROR_CORRUPT, "a correction that corrects nothing");
    for (size_t i = 0; i < changes->size; i++)
        if (!apply_change(arena, state, changes->items[i], entry, error))
            return false;
    return true;
}

static bool
apply_revised(DnArena *arena, DnValue *state, const DnValue *entry, GError **error)
{
    DnValue *versions = own_array(arena, state, "versions");
    int64_t number = (int64_t)versions->size + 1;

    if (dn_value_int(entry, "version", 0) != number || !dn_value_object(entry, "blob"))
        return dn_fail(error, DN_ERROR_CORRUPT, "a revision that is not the next version");
    dn_value_append(arena, versions, version_of(arena, entry, number));
    set_int(arena, state, "version", number);
    set_string(arena, state, "state", "stored");
    dn_value_remove(state, "error");
    return true;
}

static bool
set_deleted(DnArena *arena, DnValue *state, bool deleted, GError **error)
{
    if (dn_value_bool(state, "deleted", false) == deleted)
        return dn_fail(error, DN_ERROR_CORRUPT, "deleted or brought back twice");
    set_bool(arena, state, "deleted", deleted);
    return true;
}

static bool
apply_deleted(DnArena *arena, DnValue *state, const DnValue *entry, GError **error)
{
    bool deleted = strcmp(dn_value_string(entry, "type"), "voucher.deleted") == 0;

    return set_deleted(arena, state, deleted, error);
}

static bool
apply_labelled(DnArena *arena, DnValue *state, const DnValue *entry, GError **error)
{
    DnValue *labels = own_array(arena, state, "labels");
    const DnValue *add = dn_value_array(entry, "add");
    const DnValue *drop = dn_value_array(entry, "remove");

    (void)error;
    for (size_t i = 0; i < dn_value_count(drop); i++) {
        ssize_t at = array_find(labels, dn_value_text(drop->items[i]));

        if (at >= 0)
            dn_value_remove_at(labels, (size_t)at);
    }
    for (size_t i = 0; i < dn_value_count(add); i++)
        if (array_find(labels, dn_value_text(add->items[i])) < 0)
            dn_value_append(arena, labels, add->items[i]);
    return true;
}

/* A link to the books, its end, the statement that there is none, or a relation to another voucher.
 */
static bool
apply_linked(DnArena *arena, DnValue *state, const DnValue *entry, GError **error)
{
    static const char *const relation_keys[] = {"relation", "other", NULL};
    const char *ref = dn_value_string(entry, "book_ref");
    const char *gone = dn_value_string(entry, "unlinked");
    DnValue *refs = NULL;
    ssize_t at = -1;

    if (dn_value_string(entry, "relation") && dn_value_string(entry, "other")) {
        DnValue *relation = dn_value_new_object(arena);

        copy_members(arena, relation, entry, relation_keys);
        dn_value_append(arena, own_array(arena, state, "relations"), relation);
        return true;
    }
    if (!ref && !gone && !dn_value_bool(entry, "no_entry", false))
        return dn_fail(error, DN_ERROR_CORRUPT, "a link to nothing");
    refs = own_array(arena, state, "book_refs");
    at = gone ? array_find(refs, gone) : -1;
    if (at >= 0)
        dn_value_remove_at(refs, (size_t)at);
    if (ref && array_find(refs, ref) < 0)
        dn_value_append(arena, refs, dn_value_new_string(arena, ref));
    if (ref)
        dn_value_remove(state, "no_entry");
    else if (!gone)
        dn_value_set(arena, state, "no_entry", remark(arena, entry));
    return true;
}

/* --- requests: asked by one, approved by another --- */

static ssize_t
request_find(const DnValue *state, int64_t number)
{
    const DnValue *requests = dn_value_array(state, "requests");

    for (size_t i = 0; i < dn_value_count(requests); i++)
        if (dn_value_int(requests->items[i], "request", 0) == number)
            return (ssize_t)i;
    return -1;
}

static bool
apply_request(DnArena *arena, DnValue *state, const DnValue *entry, GError **error)
{
    static const char *const keys[] = {"action", "changes", "slip", "subject", "party", NULL};
    DnValue *request = remark(arena, entry);

    (void)error;
    copy_members(arena, request, entry, keys);
    set_int(arena, request, "request", dn_value_int(entry, "seq", 0));
    dn_value_append(arena, own_array(arena, state, "requests"), request);
    return true;
}

/* What was asked for is done as if who approved it had done it, for the reason of who asked. */
static bool
apply_approved(DnArena *arena, DnValue *state, const DnValue *entry, GError **error)
{
    ssize_t at = request_find(state, dn_value_int(entry, "request", 0));
    DnValue *request = at >= 0 ? own_item(arena, state, "requests", (size_t)at) : NULL;
    DnValue *change = NULL;

    if (!request || dn_value_get(request, "approved"))
        return dn_fail(error, DN_ERROR_CORRUPT, "of no request, or approved twice");
    dn_value_set(arena, request, "approved", remark(arena, entry));
    if (g_strcmp0(dn_value_string(request, "action"), "correct") != 0)
        return set_deleted(arena, state, true, error);
    change = dn_value_copy(arena, entry, DN_VALUE_OBJECT);
    copy_member(arena, change, request, "reason");
    copy_member(arena, change, request, "changes");
    return apply_corrected(arena, state, change, error);
}

static bool
apply_excused(DnArena *arena, DnValue *state, const DnValue *entry, GError **error)
{
    (void)error;
    dn_value_append(arena, own_array(arena, state, "excuses"), remark(arena, entry));
    return true;
}

static ssize_t
hold_find(const DnValue *holds, const char *name)
{
    for (size_t i = 0; i < dn_value_count(holds); i++)
        if (g_strcmp0(dn_value_string(holds->items[i], "name"), name) == 0)
            return (ssize_t)i;
    return -1;
}

static bool
apply_hold(DnArena *arena, DnValue *state, const DnValue *entry, GError **error)
{
    bool placed = strcmp(dn_value_string(entry, "type"), "hold.placed") == 0;
    const char *name = dn_value_string(entry, "name");
    ssize_t at = hold_find(dn_value_array(state, "holds"), name);
    DnValue *hold = NULL;

    if (!name || placed != (at < 0))
        return dn_fail(error, DN_ERROR_CORRUPT, "a hold placed twice, or lifted and not placed");
    if (!placed) {
        dn_value_remove_at(own_array(arena, state, "holds"), (size_t)at);
        return true;
    }
    hold = remark(arena, entry);
    set_string(arena, hold, "name", name);
    dn_value_append(arena, own_array(arena, state, "holds"), hold);
    return true;
}

static bool
apply_disposed(DnArena *arena, DnValue *state, const DnValue *entry, GError **error)
{
    static const char *const keys[] = {"plan", "at", "actor", NULL};
    DnValue *disposal = dn_value_new_object(arena);

    (void)error;
    copy_members(arena, disposal, entry, keys);
    set_string(arena, state, "state", "disposed");
    dn_value_set(arena, state, "disposal", disposal);
    return true;
}

static bool
apply_confirmed(DnArena *arena, DnValue *state, const DnValue *entry, GError **error)
{
    (void)entry;
    (void)error;
    set_string(arena, state, "state", "confirmed");
    dn_value_remove(state, "proposed");
    return true;
}

static bool
apply_stamped(DnArena *arena, DnValue *state, const DnValue *entry, GError **error)
{
    static const char *const keys[] = {"seq",       "token",      "leaves", "gen_time",
                                       "authority", "accredited", "root",   NULL};
    DnValue *version = own_version(arena, state, entry);
    DnValue *stamp = dn_value_new_object(arena);

    if (!version)
        return dn_fail(error, DN_ERROR_CORRUPT, "a time stamp over no version");
    copy_members(arena, stamp, entry, keys);
    dn_value_set(arena, version, "stamp", stamp);
    return true;
}

static bool
apply_split(DnArena *arena, DnValue *state, const DnValue *entry, GError **error)
{
    if (!dn_value_object(entry, "sheet"))
        return dn_fail(error, DN_ERROR_CORRUPT, "a split without the receipts of the sheet");
    copy_member(arena, state, entry, "sheet");
    return true;
}

typedef struct {
    const char *type;
    bool (*apply)(DnArena *arena, DnValue *state, const DnValue *entry, GError **error);
} EntryRow;

static const EntryRow entry_table[] = {
    {"voucher.registered", apply_registered},
    {"voucher.read", apply_read},
    {"voucher.unreadable", apply_unreadable},
    {"voucher.corrected", apply_corrected},
    {"voucher.revised", apply_revised},
    {"voucher.split", apply_split},
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
is_disposed(const DnValue *state)
{
    return g_strcmp0(dn_value_string(state, "state"), "disposed") == 0;
}

const DnValue *
dn_voucher_apply(DnArena *arena, const DnValue *state, const DnValue *entry, GError **error)
{
    const char *type = dn_value_string(entry, "type");

    for (size_t i = 0; i < G_N_ELEMENTS(entry_table); i++) {
        bool first = entry_table[i].apply == apply_registered;
        DnValue *next = NULL;

        if (g_strcmp0(type, entry_table[i].type) != 0)
            continue;
        if (first != (state == NULL))
            return dn_fail_null(error, DN_ERROR_CORRUPT, "%s: the voucher is %s", type,
                                first ? "already registered" : "not registered");
        if (is_disposed(state) && strcmp(type, "evidence.stamped") != 0)
            return dn_fail_null(error, DN_ERROR_CORRUPT, "%s: the voucher has been disposed of",
                                type);
        next = dn_value_copy(arena, state, DN_VALUE_OBJECT);
        if (!entry_table[i].apply(arena, next, entry, error)) {
            dn_fail_in(error, "%s", type);
            return NULL;
        }
        return next;
    }
    return dn_fail_null(error, DN_ERROR_CORRUPT, "no entry of a voucher: %s", type ? type : "?");
}
