/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/ledger/ledger.c - canonical lines and their chain.
 *
 * There is one byte string for one entry (RFC 8785), and base/value.h reads no other: what could
 * be read is canonical.
 */
#include "config.h"
#include "engine/ledger/ledger.h"

#include <inttypes.h>
#include <string.h>

static const char *const entry_types[] = {
#define DN_ENTRY(name, meaning) name,
#include "engine/ledger/entry-types.def"
#undef DN_ENTRY
};

/* Members that this file alone sets. */
static const char *const own_members[] = {"seq", "prev", "tenant", "actor", "at", "clock"};

static const uint64_t SEQ_MAX = (UINT64_C(1) << 53) - 1;

bool
dn_entry_type_known(const char *type)
{
    for (size_t i = 0; type && i < G_N_ELEMENTS(entry_types); i++)
        if (strcmp(entry_types[i], type) == 0)
            return true;
    return false;
}

static bool
check_body(const json_t *body, const char *actor, const DnLedgerHead *head, GError **error)
{
    if (!json_is_object(body) || !dn_entry_type_known(dn_json_string(body, "type")))
        return dn_fail(error, DN_ERROR_INVALID, "an entry has one of the known types");
    for (size_t i = 0; i < G_N_ELEMENTS(own_members); i++)
        if (json_object_get(body, own_members[i]))
            return dn_fail(error, DN_ERROR_INVALID, "an entry may not set \"%s\" itself",
                           own_members[i]);
    if (!actor || !*actor || !g_utf8_validate(actor, -1, NULL))
        return dn_fail(error, DN_ERROR_INVALID, "an entry has an actor, in UTF-8");
    if (head->seq >= SEQ_MAX)
        return dn_fail(error, DN_ERROR_LIMIT, "the ledger is full");
    return true;
}

static json_t *
clock_object(const DnClockReading *clock)
{
    json_t *object = json_object();

    dn_json_set_bool(object, "sync", clock->synchronised);
    if (clock->max_error_us >= 0) /* absent when the kernel does not know */
        dn_json_set_int(object, "error_us", clock->max_error_us);
    return object;
}

char *
dn_entry_line(const json_t *body, const DnUuid *tenant, const char *actor,
              const DnClockReading *clock, const DnLedgerHead *head, DnLedgerHead *out_head,
              GError **error)
{
    g_autoptr(json_t) entry = NULL;
    g_autofree char *prev = dn_hex(head->hash.bytes, DN_SHA256_BYTES);
    g_autofree char *tenant_text = dn_uuid_text(tenant);
    g_autofree char *at = dn_clock_format(clock->now_utc_ms);
    char *line = NULL;

    if (!check_body(body, actor, head, error))
        return NULL;
    entry = json_copy((json_t *)(uintptr_t)body); /* shallow; jansson copies from non-const only */
    dn_json_set_int(entry, "seq", (int64_t)head->seq + 1);
    dn_json_set_string(entry, "prev", prev);
    dn_json_set_string(entry, "tenant", tenant_text);
    dn_json_set_string(entry, "actor", actor);
    dn_json_set_string(entry, "at", at);
    dn_json_take(entry, "clock", clock_object(clock));
    line = dn_json_canonical(entry, error);
    if (!line)
        return NULL;
    *out_head = (DnLedgerHead){.seq = head->seq + 1, .hash = dn_sha256(line, strlen(line))};
    return line;
}

static bool
check_chain(const DnValue *entry, const DnUuid *tenant, const DnLedgerHead *head, GError **error)
{
    g_autofree char *prev = dn_hex(head->hash.bytes, DN_SHA256_BYTES);
    g_autofree char *tenant_text = dn_uuid_text(tenant);

    if (dn_value_int(entry, "seq", -1) != (int64_t)head->seq + 1)
        return dn_fail(error, DN_ERROR_CORRUPT, "its number is %" PRId64,
                       dn_value_int(entry, "seq", -1));
    if (g_strcmp0(dn_value_string(entry, "prev"), prev) != 0)
        return dn_fail(error, DN_ERROR_CORRUPT, "it does not follow the entry before it");
    if (g_strcmp0(dn_value_string(entry, "tenant"), tenant_text) != 0)
        return dn_fail(error, DN_ERROR_CORRUPT, "it belongs to another tenant");
    return true;
}

/* Only a later program writes other types. It is named by what it has written: a word of a few
 * letters. */
static bool
check_type(const char *type, GError **error)
{
    enum { TYPE_MOST = 64 };

    if (dn_entry_type_known(type))
        return true;
    if (!type || !*type || strlen(type) > TYPE_MOST ||
        strspn(type, "abcdefghijklmnopqrstuvwxyz0123456789.-_") != strlen(type))
        return dn_fail(error, DN_ERROR_CORRUPT, "it has no type");
    return dn_fail(error, DN_ERROR_UNSUPPORTED,
                   "it is of the type %s, which only a later version has written; this program "
                   "knows those of dencho %s. Use the later one: nothing was changed",
                   type, PACKAGE_VERSION);
}

static bool
check_members(const DnValue *entry, GError **error)
{
    const char *at = dn_value_string(entry, "at");
    const char *actor = dn_value_string(entry, "actor");
    const DnValue *sync = dn_value_get(dn_value_object(entry, "clock"), "sync");
    int64_t at_utc_ms = 0;

    if (!check_type(dn_value_string(entry, "type"), error))
        return false;
    if (!actor || !*actor)
        return dn_fail(error, DN_ERROR_CORRUPT, "it has no actor");
    if (!at || !dn_clock_parse(at, &at_utc_ms, NULL))
        return dn_fail(error, DN_ERROR_CORRUPT, "it has no time");
    if (!dn_value_is(sync, DN_VALUE_TRUE) && !dn_value_is(sync, DN_VALUE_FALSE))
        return dn_fail(error, DN_ERROR_CORRUPT, "it does not say what its clock was worth");
    return true;
}

const DnValue *
dn_entry_parse(DnArena *arena, char *line, DnSha256 *out_hash, GError **error)
{
    size_t size = strlen(line);
    DnSha256 hash = dn_sha256(line, size);
    const DnValue *entry = dn_value_parse(arena, line, size, NULL);

    if (!dn_value_is(entry, DN_VALUE_OBJECT))
        return dn_fail_null(error, DN_ERROR_CORRUPT, "its line is no object of canonical JSON");
    if (!check_members(entry, error))
        return NULL;
    *out_hash = hash;
    return entry;
}

bool
dn_entry_follow(const DnValue *entry, const DnSha256 *hash, const DnUuid *tenant,
                DnLedgerHead *head, GError **error)
{
    if (!check_chain(entry, tenant, head, error))
        return dn_fail_in(error, "entry %" PRIu64, head->seq + 1);
    *head = (DnLedgerHead){.seq = head->seq + 1, .hash = *hash};
    return true;
}

json_t *
dn_entry_check(const char *line, const DnUuid *tenant, DnLedgerHead *head, GError **error)
{
    g_autoptr(DnArena) arena = dn_arena_new();
    g_autofree char *copy = g_strdup(line);
    DnSha256 hash;
    const DnValue *entry = dn_entry_parse(arena, copy, &hash, error);
    DnLedgerHead next = *head;
    json_t *parsed = NULL;

    if (!entry) {
        dn_fail_in(error, "entry %" PRIu64, head->seq + 1);
        return NULL;
    }
    if (!dn_entry_follow(entry, &hash, tenant, &next, error))
        return NULL;
    parsed = dn_json_parse(line, strlen(line), error);
    if (parsed)
        *head = next;
    return parsed;
}
