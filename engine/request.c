/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/request.c - one person asks for a change, another approves it (通7-7; law row R53).
 *
 * Both forms are entries of the voucher and stay as long as it does. What is approved is just what
 * was asked for: when a value has changed in between, it must be asked for again.
 */
#include "config.h"
#include "engine/internal.h"

#include <string.h>

static bool
set_words(json_t *entry, const char *key, const char *text, const char *option, GError **error)
{
    g_autofree char *safe = dn_text_sanitise(text ? text : "", -1);

    g_strstrip(safe);
    if (!*safe)
        return dn_fail(error, DN_ERROR_INVALID, "a request needs its %s: %s", key, option);
    dn_json_set_string(entry, key, safe);
    return true;
}

static const char *
party_of(const json_t *state)
{
    return dn_json_string(json_object_get(json_object_get(state, "fields"), "party"), "value");
}

static bool
set_action(DnArchive *self, const json_t *state, const DnRequest *request, json_t *entry,
           GError **error)
{
    json_t *changes = NULL;

    dn_json_set_string(entry, "action", request->correction ? "correct" : "delete");
    if (!request->correction)
        return !dn_json_bool(state, "deleted", false) ||
               dn_fail(error, DN_ERROR_INVALID, "the voucher is deleted already");
    changes = dn_correction_changes(self, state, request->correction, error);
    dn_json_take(entry, "changes", changes ? changes : json_null());
    return changes != NULL;
}

bool
dn_archive_request(DnArchive *self, const DnUuid *id, const DnRequest *request, const char *reason,
                   json_t **out_result, GError **error)
{
    DN_LOCKED(dn_archive_stripe(self, id->bytes));
    g_autoptr(json_t) state = dn_voucher_changeable(self, id, error);
    g_autoptr(json_t) entry = dn_voucher_entry("request.filed", id);

    if (!state || !set_action(self, state, request, entry, error) ||
        !set_words(entry, "slip", request->slip, "--slip 2026-0815", error) ||
        !set_words(entry, "subject", request->subject, "--subject 'office chairs'", error) ||
        !set_words(entry, "party", request->party ? request->party : party_of(state),
                   "--counterparty 山田商店", error) ||
        !dn_entry_set_reason(entry, reason, error) ||
        !dn_commit(self, &self->tenant, NULL, NULL, 0, entry, error))
        return false;
    g_autoptr(json_t) after = dn_view_voucher(self, id, error);
    const json_t *requests = json_object_get(after, "requests");

    if (!after)
        return false;
    *out_result = json_deep_copy(json_array_get(requests, json_array_size(requests) - 1));
    dn_json_set_string(*out_result, "voucher", dn_json_string(entry, "voucher"));
    return true;
}

static const json_t *
request_of(const json_t *state, uint64_t number)
{
    const json_t *requests = json_object_get(state, "requests");

    for (size_t i = 0; i < json_array_size(requests); i++)
        if ((uint64_t)dn_json_int(json_array_get(requests, i), "request", 0) == number)
            return json_array_get(requests, i);
    return NULL;
}

static const json_t *
present_value(const json_t *state, const char *field)
{
    const json_t *value = json_object_get(state, field);

    return value
               ? value
               : json_object_get(json_object_get(json_object_get(state, "fields"), field), "value");
}

/* Everything that was to change is still as it was. */
static bool
still_stands(const json_t *state, const json_t *request, GError **error)
{
    const json_t *changes = json_object_get(request, "changes");

    if (!changes && dn_json_bool(state, "deleted", false))
        return dn_fail(error, DN_ERROR_INVALID, "the voucher is deleted already");
    for (size_t i = 0; i < json_array_size(changes); i++) {
        const json_t *change = json_array_get(changes, i);
        const json_t *before = json_object_get(change, "before");
        const json_t *now = present_value(state, dn_json_string(change, "field"));

        if (json_is_null(before) ? now != NULL : !json_equal(before, now))
            return dn_fail(error, DN_ERROR_INVALID,
                           "the voucher has changed since; ask for it again with dencho request");
    }
    return true;
}

bool
dn_archive_approve(DnArchive *self, const DnUuid *id, uint64_t number, json_t **out_row,
                   GError **error)
{
    DN_LOCKED(dn_archive_stripe(self, id->bytes));
    g_autoptr(json_t) state = dn_voucher_changeable(self, id, error);
    const json_t *request = request_of(state, number);
    g_autoptr(json_t) entry = dn_voucher_entry("request.approved", id);

    if (!state)
        return false;
    if (!request)
        return dn_fail(error, DN_ERROR_NOT_FOUND,
                       "the voucher has no such request; dencho show lists them");
    if (json_object_get(request, "approved"))
        return dn_fail(error, DN_ERROR_INVALID, "it is approved already");
    if (strcmp(dn_actor_person(dn_json_string(request, "actor")), dn_actor_person(self->actor)) ==
        0)
        return dn_fail(error, DN_ERROR_DENIED,
                       "who asked for it cannot approve it; another person must");
    if (!still_stands(state, request, error))
        return false;
    dn_json_set_int(entry, "request", (int64_t)number);
    if (!dn_commit(self, &self->tenant, NULL, NULL, 0, entry, error))
        return false;
    g_autoptr(json_t) after = dn_view_voucher(self, id, error);

    if (!after)
        return false;
    *out_row = dn_voucher_row(after);
    return true;
}
