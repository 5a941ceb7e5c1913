/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/show.c - one voucher: its values with their origin, its history, its bytes.
 */
#include "config.h"
#include "base/media-type.h"
#include "engine/batch.h"
#include "engine/duty.h"
#include "engine/internal.h"

#include <string.h>

/* --- evidence --- */

/* (transfer full) Each step of a version's evidence, the first stamp too. */
static json_t *
evidence_rows(const GArray *evidence)
{
    json_t *rows = json_array();

    for (guint i = 0; i < evidence->len; i++) {
        const DnEvidence *step = &g_array_index(evidence, DnEvidence, i);
        const DnTokenInfo *info = &step->batch->info;
        g_autofree char *gen_time = dn_clock_format(info->gen_time_utc_ms);
        g_autofree char *until = dn_clock_format(info->until_utc_ms);
        g_autofree char *revocation = dn_revocation_text(&info->revocation);
        const DnLeaf *leaf = &g_array_index(step->batch->leaves, DnLeaf, step->leaf);
        json_t *row = json_object();

        dn_json_set_int(row, "seq", (int64_t)step->batch->seq);
        dn_json_set_string(row, "renews",
                           i == 0              ? NULL
                           : step->opens_chain ? "hash-tree"
                                               : "time-stamp");
        dn_json_set_string(row, "digest", dn_hash_kind_name(leaf->digest.kind));
        dn_json_set_string(row, "gen_time", gen_time);
        dn_json_set_string(row, "until", until);
        dn_json_set_string(row, "authority", info->authority);
        dn_json_set_string(row, "serial", info->serial);
        dn_json_set_bool(row, "accredited", info->accredited);
        dn_json_set_string(row, "revocation", revocation);
        json_array_append_new(rows, row);
    }
    return rows;
}

/* Adds "chain" to the "evidence" of a version that has been stamped, or "failure". */
static bool
add_evidence(DnArchive *self, const DnUuid *id, const json_t *version, json_t *details,
             GError **error)
{
    json_t *shown = json_object_get(details, "evidence");

    if (!shown)
        return true;
    g_autoptr(DnTrust) trust = dn_archive_trust(self, error);
    g_autoptr(DnBatches) batches = trust ? dn_batches_new(self, trust) : NULL;
    g_autoptr(GError) problem = NULL;
    g_autoptr(GArray) evidence =
        batches ? dn_batches_evidence(batches, id, version, &problem) : NULL;

    if (!trust)
        return false;
    if (evidence)
        dn_json_take(shown, "chain", evidence_rows(evidence));
    else
        dn_json_set_string(shown, "failure", problem->message);
    return true;
}

/* What the time stamp is worth now that the version came with. */
static bool
add_brought(DnArchive *self, const json_t *state, const json_t *version, json_t *details,
            GError **error)
{
    json_t *shown = json_object_get(details, "brought");
    g_autoptr(GError) problem = NULL;

    if (!shown)
        return true;
    g_autoptr(DnTrust) trust = dn_archive_trust(self, error);

    if (!trust)
        return false;
    json_t *now = json_deep_copy(shown);
    DnStamp stamp = dn_sender_stamp_judge(self, trust, state, version, &problem);

    dn_json_set_bool(now, "holds", stamp >= DN_STAMP_UNACCREDITED);
    dn_json_set_bool(now, "accredited", stamp == DN_STAMP_ACCREDITED);
    if (problem)
        dn_json_set_string(now, "failure", problem->message);
    dn_json_take(details, "brought", now);
    return true;
}

static GBytes *
load_record(DnArchive *self, const DnUuid *id, const json_t *version, GError **error)
{
    g_autoptr(DnTrust) trust = dn_archive_trust_list(self, error);
    g_autoptr(DnBatches) batches = trust ? dn_batches_new(self, trust) : NULL;
    g_autoptr(GArray) evidence = batches ? dn_batches_evidence(batches, id, version, error) : NULL;

    if (!evidence)
        return NULL;
    if (evidence->len == 0)
        return dn_fail_null(error, DN_ERROR_NOT_FOUND,
                            "it waits for its time stamp: `dencho stamp`");
    return dn_evidence_make_record(evidence, evidence->len, error);
}

json_t *
dn_archive_show(DnArchive *self, const DnUuid *id, unsigned version, GError **error)
{
    g_autoptr(json_t) state = dn_view_voucher(self, id, error);

    if (!state)
        return NULL;
    if (!dn_voucher_version(state, version))
        return dn_fail_null(error, DN_ERROR_NOT_FOUND, "the voucher has no version %u", version);
    DnDate today = dn_date_in_japan(dn_clock_now_utc_ms());
    json_t *details = dn_voucher_details(state, version);

    dn_json_take(details, "law", dn_duty(self->rules, state, &today));
    if (!add_evidence(self, id, dn_voucher_version(state, version), details, error) ||
        !add_brought(self, state, dn_voucher_version(state, version), details, error)) {
        json_decref(details);
        return NULL;
    }
    return details;
}

/* --- history --- */

typedef struct {
    DnArchive *archive;
    DnRowVisitor visit;
    void *user_data;
} History;

/* An entry as people read it: no chain, no places. */
static json_t *
history_row(const json_t *entry)
{
    static const char *const keys[] = {
        "seq",     "at",        "actor",   "type",     "reason",   "changes",    "version",
        "name",    "add",       "remove",  "book_ref", "unlinked", "no_entry",   "relation",
        "other",   "found",     "plan",    "request",  "action",   "slip",       "subject",
        "party",   "error",     "kind",    "origin",   "received", "media_type", "values",
        "channel", "exchanged", "brought", "engine",   "format",   "read_by",    NULL};
    json_t *row = json_object();

    for (const char *const *key = keys; *key; key++) {
        const json_t *value = json_object_get(entry, *key);

        if (value)
            dn_json_take(row, *key, json_deep_copy(value));
    }
    const char *sha256 = dn_json_string(json_object_get(entry, "blob"), "sha256");

    dn_json_set_string(row, "sha256", sha256);
    return row;
}

bool
dn_archive_history(DnArchive *self, const DnUuid *id, DnRowVisitor visit, void *user_data,
                   GError **error)
{
    g_autoptr(json_t) state = dn_view_voucher(self, id, error);
    g_autoptr(GArray) places = state ? dn_view_entries(self, id, error) : NULL;

    if (!places)
        return false;
    for (guint i = 0; i < places->len; i++) {
        g_autofree char *line =
            dn_entry_load(self, &self->tenant, &g_array_index(places, DnEntryPlace, i), error);
        g_autoptr(json_t) entry = line ? dn_json_parse(line, strlen(line), error) : NULL;
        g_autoptr(json_t) row = entry ? history_row(entry) : NULL;

        if (!row || !visit(row, user_data, error))
            return false;
    }
    return true;
}

/* --- bytes --- */

typedef struct {
    const char *name;
    DnPart part;
    const char *media_type;
} PartRow;

static const PartRow part_table[] = {
    {"text", DN_PART_TEXT, "text/plain; charset=utf-8"},
    {"words", DN_PART_WORDS, "application/json"},
    {"rendition", DN_PART_RENDITION, "application/pdf"},
};

static GBytes *
load_original(DnArchive *self, const DnValue *version, const char **out_media_type, GError **error)
{
    GBytes *bytes = dn_blob_load_value(self, &self->tenant, dn_value_get(version, "blob"),
                                       DN_PART_ORIGINAL, error);

    if (bytes) {
        const char *known = dn_media_type_sniff(bytes);

        *out_media_type = known ? known : "application/octet-stream";
    }
    return bytes;
}

static GBytes *
page_image(DnArchive *self, const DnValue *version, const char *number, const char **out_media_type,
           GError **error)
{
    guint64 page = 0;
    const char *media_type = NULL;
    g_autoptr(GBytes) original = load_original(self, version, &media_type, error);

    if (!original)
        return NULL;
    if (!g_ascii_string_to_unsigned(number, 10, 1, G_MAXUINT16, &page, NULL))
        return dn_fail_null(error, DN_ERROR_INVALID, "no page number: write page:1");
    *out_media_type = "image/png";
    return dn_reader_page_image(dn_archive_reader(self), original, (unsigned)page, error);
}

typedef struct {
    const DnValue *ref; /* lent from the state */
    DnPart part;
    const char *media_type; /* NULL: of the original, to be looked at */
} Found;

static bool
find_part(const DnValue *version, const char *part, Found *out_found, GError **error)
{
    const Found original = {dn_value_get(version, "blob"), DN_PART_ORIGINAL, NULL};

    if (!part || strcmp(part, "original") == 0) {
        *out_found = original;
        return true;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(part_table); i++) {
        const PartRow *row = &part_table[i];
        const DnValue *ref = dn_value_get(dn_value_get(version, "parts"), row->name);

        if (strcmp(part, row->name) != 0)
            continue;
        if (ref)
            *out_found = (Found){ref, row->part, row->media_type};
        else if (strcmp(part, "rendition") == 0 &&
                 g_strcmp0(dn_value_string(version, "media_type"), "application/pdf") == 0)
            *out_found = original; /* a PDF is its own rendition */
        else
            return dn_fail(error, DN_ERROR_NOT_FOUND,
                           "the voucher has no %s; `dencho read` may make it", part);
        return true;
    }
    return dn_fail(error, DN_ERROR_INVALID,
                   "no such part; original, rendition, text, words, record or page:1");
}

/* A version of a voucher. */
static const DnValue *
find_version(DnArchive *self, DnArena *arena, const DnUuid *id, unsigned version, GError **error)
{
    const DnValue *state = dn_view_state(self, arena, id, error);
    const DnValue *one = state ? dn_voucher_find_version(state, version) : NULL;

    if (state && !one)
        return dn_fail_null(error, DN_ERROR_NOT_FOUND, "the voucher has no version %u", version);
    return one;
}

GBytes *
dn_archive_cat(DnArchive *self, const DnUuid *id, const char *part, unsigned version,
               const char **out_media_type, GError **error)
{
    g_autoptr(DnArena) arena = dn_arena_new();
    const DnValue *one = find_version(self, arena, id, version, error);
    Found found;

    if (!one)
        return NULL;
    if (part && g_str_has_prefix(part, "page:"))
        return page_image(self, one, part + strlen("page:"), out_media_type, error);
    if (g_strcmp0(part, "record") == 0) {
        *out_media_type = "application/octet-stream";
        g_autoptr(json_t) record_of = dn_json_of_value(one);

        return load_record(self, id, record_of, error);
    }
    if (!find_part(one, part, &found, error))
        return NULL;
    if (!found.media_type)
        return load_original(self, one, out_media_type, error);
    *out_media_type = found.media_type;
    return dn_blob_load_value(self, &self->tenant, found.ref, found.part, error);
}

DnPartReader *
dn_archive_open_part(DnArchive *self, const DnUuid *id, const char *part, unsigned version,
                     GError **error)
{
    DnLatelyAsked asked = {.tenant = self->tenant,
                           .voucher = *id,
                           .version = version,
                           .part = g_strcmp0(part, "rendition") == 0 ? DN_PART_RENDITION
                                                                     : DN_PART_ORIGINAL};
    bool is_remembered = !part || strcmp(part, "original") == 0 || strcmp(part, "rendition") == 0;
    DnBlobFound place;

    if (!dn_view_current(self, error))
        return NULL;
    if (is_remembered && dn_lately_find(self->lately, &asked, &place)) {
        DnPartReader *reader = dn_part_reader_new(self, &place, NULL);

        if (reader)
            return reader;
        dn_lately_forget(self->lately, id); /* what follows says why */
    }
    uint64_t changes = dn_lately_changes(self->lately);
    g_autoptr(DnArena) arena = dn_arena_new();
    const DnValue *one = find_version(self, arena, id, version, error);
    Found found;

    if (!one || !find_part(one, part, &found, error))
        return NULL;
    if (dn_part_is_packed(found.part))
        return dn_part_reader_new_packed(self, &self->tenant, found.ref, found.part, error);
    if (!dn_blob_find(self, &self->tenant, found.ref, found.part, &place, error))
        return NULL;
    DnPartReader *reader = dn_part_reader_new(self, &place, error);

    if (reader && is_remembered)
        dn_lately_add(self->lately, &asked, &place, changes);
    return reader;
}
