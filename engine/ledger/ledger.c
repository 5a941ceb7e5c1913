/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/ledger/ledger.c - canonical lines and their chain.
 *
 * There is one byte string for one entry (RFC 8785), so checking a line means making it again from
 * what was parsed and comparing.
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
check_chain(const json_t *entry, const DnUuid *tenant, const DnLedgerHead *head, GError **error)
{
    g_autofree char *prev = dn_hex(head->hash.bytes, DN_SHA256_BYTES);
    g_autofree char *tenant_text = dn_uuid_text(tenant);

    if (dn_json_int(entry, "seq", -1) != (int64_t)head->seq + 1)
        return dn_fail(error, DN_ERROR_CORRUPT, "its number is %" PRId64,
                       dn_json_int(entry, "seq", -1));
    if (g_strcmp0(dn_json_string(entry, "prev"), prev) != 0)
        return dn_fail(error, DN_ERROR_CORRUPT, "it does not follow the entry before it");
    if (g_strcmp0(dn_json_string(entry, "tenant"), tenant_text) != 0)
        return dn_fail(error, DN_ERROR_CORRUPT, "it belongs to another tenant");
    return true;
}

static bool
check_members(const json_t *entry, GError **error)
{
    const char *at = dn_json_string(entry, "at");
    const char *actor = dn_json_string(entry, "actor");
    const json_t *clock = dn_json_object(entry, "clock");
    int64_t at_utc_ms = 0;

    if (!dn_entry_type_known(dn_json_string(entry, "type")))
        return dn_fail(error, DN_ERROR_CORRUPT, "its type is not known");
    if (!actor || !*actor)
        return dn_fail(error, DN_ERROR_CORRUPT, "it has no actor");
    if (!at || !dn_clock_parse(at, &at_utc_ms, NULL))
        return dn_fail(error, DN_ERROR_CORRUPT, "it has no time");
    if (!json_is_boolean(json_object_get(clock, "sync")))
        return dn_fail(error, DN_ERROR_CORRUPT, "it does not say what its clock was worth");
    return true;
}

/* The line must be the one byte string that its value has. */
static bool
check_canonical(const json_t *entry, const char *line, GError **error)
{
    g_autofree char *canonical = dn_json_canonical(entry, NULL);

    if (!canonical || strcmp(canonical, line) != 0)
        return dn_fail(error, DN_ERROR_CORRUPT, "its line is not canonical JSON");
    return true;
}

json_t *
dn_entry_parse(const char *line, DnSha256 *out_hash, GError **error)
{
    size_t size = strlen(line);
    g_autoptr(json_t) entry = dn_json_parse(line, size, NULL);

    if (!json_is_object(entry))
        return dn_fail_null(error, DN_ERROR_CORRUPT, "it is not a JSON object");
    if (!check_canonical(entry, line, error) || !check_members(entry, error))
        return NULL;
    *out_hash = dn_sha256(line, size);
    return g_steal_pointer(&entry);
}

bool
dn_entry_follow(const json_t *entry, const DnSha256 *hash, const DnUuid *tenant, DnLedgerHead *head,
                GError **error)
{
    if (!check_chain(entry, tenant, head, error))
        return dn_fail_in(error, "entry %" PRIu64, head->seq + 1);
    *head = (DnLedgerHead){.seq = head->seq + 1, .hash = *hash};
    return true;
}

json_t *
dn_entry_check(const char *line, const DnUuid *tenant, DnLedgerHead *head, GError **error)
{
    DnSha256 hash;
    g_autoptr(json_t) entry = dn_entry_parse(line, &hash, error);

    if (!entry) {
        dn_fail_in(error, "entry %" PRIu64, head->seq + 1);
        return NULL;
    }
    return dn_entry_follow(entry, &hash, tenant, head, error) ? g_steal_pointer(&entry) : NULL;
}
