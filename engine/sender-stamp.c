/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/sender-stamp.c - the time stamp that a document came with, by which its channel is kept
 * (規4①一; law row R51).
 *
 * What comes in is noted as it is, also a stamp that proves nothing: the report says so, and the
 * document is in the archive. A token that lay beside the document is part of its first entry, so
 * that the chain, our next time stamp and every export have it; of a PDF's own only what it says is
 * noted, for the token is in the document.
 */
#include "config.h"
#include "engine/evidence/brought.h"
#include "engine/internal.h"

#include <string.h>

static bool
find(GBytes *document, GBytes *token, DnBrought *out_brought, GError **error)
{
    return token ? dn_brought_beside(token, out_brought, error)
                 : dn_brought_in_pdf(document, out_brought, error);
}

static void
describe(json_t *brought, const DnTokenInfo *info)
{
    g_autofree char *gen_time = dn_clock_format(info->gen_time_utc_ms);
    g_autofree char *until = dn_clock_format(info->until_utc_ms);

    dn_json_set_string(brought, "gen_time", gen_time);
    dn_json_set_string(brought, "until", until);
    dn_json_set_string(brought, "authority", info->authority);
    dn_json_set_string(brought, "serial", info->serial);
    dn_json_set_bool(brought, "accredited", info->accredited);
}

bool
dn_sender_stamp_note(DnArchive *self, GBytes *document, GBytes *token, json_t *entry,
                     GError **error)
{
    g_autoptr(DnTrust) trust = dn_archive_trust(self, error);
    g_auto(DnBrought) brought = {0};
    g_auto(DnTokenInfo) info = {0};
    g_autoptr(GError) problem = NULL;
    json_t *note = NULL;

    if (!trust)
        return false;
    if (!find(document, token, &brought, &problem)) {
        if (token) /* not a stamp at all: the request is wrong */
            return dn_fail(error, DN_ERROR_INVALID, "time stamp: %s", problem->message);
        return true; /* the report says that there is none */
    }
    note = json_object();
    dn_json_set_string(note, "form", token ? "token" : "pdf");
    if (dn_brought_verify(&brought, document, trust, &info, &problem))
        describe(note, &info);
    else
        dn_json_set_string(note, "failure", problem->message);
    dn_json_take(entry, "brought", note);
    if (token) {
        gsize size = 0;
        const void *bytes = g_bytes_get_data(brought.token, &size);
        g_autofree char *text = g_base64_encode(bytes, size);

        dn_json_set_string(entry, "brought_token", text);
    }
    return true;
}

/* --- what it is worth now --- */

/* (transfer full) The token in the entry of @number, among those of the voucher @id. */
static GBytes *
load_token(DnArchive *self, const DnUuid *id, int64_t number, GError **error)
{
    g_autoptr(GArray) places = dn_view_entries(self, id, error);

    for (guint i = 0; places && i < places->len; i++) {
        g_autofree char *line =
            dn_entry_load(self, &self->tenant, &g_array_index(places, DnEntryPlace, i), error);
        g_autoptr(json_t) entry = line ? dn_json_parse(line, strlen(line), error) : NULL;
        const char *text = dn_json_string(entry, "brought_token");
        gsize size = 0;

        if (!entry)
            return NULL;
        if (!text || dn_json_int(entry, "version", 1) != number)
            continue;
        guchar *bytes = g_base64_decode(text, &size);

        return g_bytes_new_take(bytes, size);
    }
    return places ? dn_fail_null(error, DN_ERROR_CORRUPT, "its token is not in the ledger") : NULL;
}

/* The document stands in the first voucher of a sheet, and so does its token. */
static bool
owner_of(const json_t *state, DnUuid *out_id, GError **error)
{
    const json_t *vouchers = json_object_get(json_object_get(state, "sheet"), "vouchers");
    const char *first = json_string_value(json_array_get(vouchers, 0));

    return dn_uuid_parse(first ? first : dn_json_string(state, "voucher"), out_id, error);
}

static bool
check(DnArchive *self, const DnTrust *trust, const json_t *state, const json_t *version,
      DnTokenInfo *out_info, GError **error)
{
    const json_t *note = json_object_get(version, "brought");
    bool beside = g_strcmp0(dn_json_string(note, "form"), "token") == 0;
    g_auto(DnBrought) brought = {0};
    g_autoptr(GBytes) token = NULL;
    DnUuid owner;
    g_autoptr(GBytes) document = dn_blob_load(self, &self->tenant, json_object_get(version, "blob"),
                                              DN_PART_ORIGINAL, error);

    if (!document || !owner_of(state, &owner, error))
        return false;
    if (beside && !(token = load_token(self, &owner, dn_json_int(version, "version", 1), error)))
        return false;
    return find(document, token, &brought, error) &&
           dn_brought_verify(&brought, document, trust, out_info, error);
}

DnStamp
dn_sender_stamp_judge(DnArchive *self, const DnTrust *trust, const json_t *state,
                      const json_t *version, GError **error)
{
    g_auto(DnTokenInfo) info = {0};

    if (!json_object_get(version, "brought")) {
        dn_fail(error, DN_ERROR_NOT_FOUND, "it came without a time stamp");
        return DN_STAMP_NONE;
    }
    if (!check(self, trust, state, version, &info, error))
        return DN_STAMP_BROKEN;
    return info.accredited ? DN_STAMP_ACCREDITED : DN_STAMP_UNACCREDITED;
}

DnStamp
dn_sender_stamp_judge_all(DnArchive *self, const DnTrust *trust, const json_t *state)
{
    const json_t *versions = json_object_get(state, "versions");
    DnStamp worst = DN_STAMP_ACCREDITED;

    for (size_t i = 0; i < json_array_size(versions); i++) {
        DnStamp stamp =
            dn_sender_stamp_judge(self, trust, state, json_array_get(versions, i), NULL);

        if (stamp == DN_STAMP_BROKEN)
            return stamp;
        worst = MIN(worst, stamp);
    }
    return worst;
}
