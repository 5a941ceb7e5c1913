/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/change.c - what people say of a voucher: corrected, revised, deleted, labelled, linked,
 * confirmed, excused.
 *
 * Each is one entry; what was before stays readable (規則 2-6-2 ハ, law rows R24 to R28). The state
 * is read, judged and committed under the voucher's stripe, so that two people at once make two
 * entries that fit.
 */
#include "config.h"
#include "base/capture.h"
#include "base/media-type.h"
#include "base/money.h"
#include "engine/internal.h"

#include <string.h>

json_t *
dn_voucher_entry(const char *type, const DnUuid *id)
{
    g_autofree char *voucher = dn_uuid_text(id);
    json_t *entry = json_object();

    dn_json_set_string(entry, "type", type);
    dn_json_set_string(entry, "voucher", voucher);
    return entry;
}

void
dn_entry_set_engine(const DnArchive *self, json_t *entry)
{
    dn_json_set_string(entry, "engine", PACKAGE_NAME " " PACKAGE_VERSION);
    dn_json_set_int(entry, "format", dn_settings_int(self->settings, "archive", "format"));
}

json_t *
dn_voucher_changeable(DnArchive *self, const DnUuid *id, GError **error)
{
    g_autoptr(json_t) state = dn_view_voucher(self, id, error);

    if (state && g_strcmp0(dn_json_string(state, "state"), "disposed") == 0)
        return dn_fail_null(error, DN_ERROR_INVALID,
                            "the voucher has been disposed of; nothing of it can change");
    return g_steal_pointer(&state);
}

bool
dn_check_back(const char *back, GError **error)
{
    static const char *const known[] = {"blank", "print", "captured", NULL};

    return !back || g_strv_contains(known, back) ||
           dn_fail(error, DN_ERROR_INVALID,
                   "unknown back; blank, print (the same on all papers) or captured");
}

const char *
dn_actor_person(const char *actor)
{
    const char *colon = actor ? strrchr(actor, ':') : NULL;

    return colon ? colon + 1 : actor ? actor : "";
}

bool
dn_entry_set_reason(json_t *entry, const char *reason, GError **error)
{
    g_autofree char *safe = dn_text_sanitise(reason ? reason : "", -1);

    g_strstrip(safe);
    if (!*safe)
        return dn_fail(error, DN_ERROR_INVALID, "a reason is needed: --reason 'amount misread'");
    dn_json_set_string(entry, "reason", safe);
    return true;
}

/* Commits @entry and answers with the row after it. */
static bool
commit_change(DnArchive *self, const DnUuid *id, const json_t *entry, json_t **out_row,
              GError **error)
{
    if (!dn_commit(self, &self->tenant, NULL, NULL, 0, entry, error))
        return false;
    g_autoptr(json_t) state = dn_view_voucher(self, id, error);

    if (!state)
        return false;
    *out_row = dn_voucher_row(state);
    return true;
}

static void
add_change(json_t *changes, const char *field, const json_t *before, json_t *after)
{
    json_t *change = json_object();

    dn_json_set_string(change, "field", field);
    dn_json_take(change, "before", before ? json_deep_copy(before) : json_null());
    dn_json_take(change, "after", after);
    json_array_append_new(changes, change);
}

static const json_t *
present_value(const json_t *state, const char *field)
{
    return json_object_get(json_object_get(json_object_get(state, "fields"), field), "value");
}

static bool
add_changes(DnArchive *self, const json_t *state, const DnCorrection *correction, json_t *changes,
            GError **error)
{
    if (correction->date) {
        char date[DN_DATE_TEXT + 1];

        dn_date_format(correction->date, date);
        add_change(changes, "date", present_value(state, "date"), json_string(date));
    }
    if (correction->amount) {
        const char *currency =
            correction->currency ? correction->currency : dn_archive_currency(self);

        if (dn_money_scale(currency) < 0)
            return dn_fail(error, DN_ERROR_INVALID, "not a currency code: write JPY");
        add_change(changes, "amount", present_value(state, "amount"),
                   json_integer(*correction->amount));
        json_t *change = json_array_get(changes, json_array_size(changes) - 1);

        dn_json_set_string(
            change, "before_currency",
            dn_json_string(json_object_get(json_object_get(state, "fields"), "amount"),
                           "currency"));
        dn_json_set_string(change, "currency", currency);
        dn_json_set_int(change, "scale", dn_money_scale(currency));
    }
    if (correction->party) {
        g_autofree char *party = dn_text_sanitise(correction->party, -1);

        add_change(changes, "party", present_value(state, "party"), json_string(party));
    }
    if (correction->kind) {
        if (!dn_voucher_kind_known(correction->kind))
            return dn_fail(
                error, DN_ERROR_INVALID,
                "unknown kind; one of receipt, invoice, delivery_note, quotation, order, "
                "contract, statement, other");
        add_change(changes, "kind", json_object_get(state, "kind"), json_string(correction->kind));
    }
    if (correction->paper) {
        uint32_t side = 0;

        if (!dn_capture_paper(correction->paper, &side, &side))
            return dn_fail(error, DN_ERROR_INVALID, "unknown paper; A3 to A7 or B4 to B6");
        add_change(changes, "paper", json_object_get(state, "paper"),
                   json_string(correction->paper));
    }
    if (correction->device) {
        g_autofree char *device = dn_text_sanitise(correction->device, -1);

        add_change(changes, "device", json_object_get(state, "device"), json_string(device));
    }
    if (!dn_check_back(correction->back, error))
        return false;
    if (correction->back)
        add_change(changes, "back", json_object_get(state, "back"), json_string(correction->back));
    if (json_array_size(changes) == 0)
        return dn_fail(error, DN_ERROR_INVALID,
                       "nothing to correct: give --date, --amount, --party, --kind, --paper, "
                       "--device or --back");
    return true;
}

json_t *
dn_correction_changes(DnArchive *self, const json_t *state, const DnCorrection *correction,
                      GError **error)
{
    g_autoptr(json_t) changes = json_array();

    return add_changes(self, state, correction, changes, error) ? g_steal_pointer(&changes) : NULL;
}

/* Where the owner has settled so, a document that came in as data changes by two people (law row
 * R53). */
bool
dn_voucher_by_one_person(DnArchive *self, const json_t *state, GError **error)
{
    return !dn_rules_second_person(self->rules) ||
           g_strcmp0(dn_json_string(state, "origin"), "electronic") != 0 ||
           dn_fail(error, DN_ERROR_DENIED,
                   "an electronic document changes by request and another person's approval: "
                   "dencho request, then dencho approve");
}

bool
dn_archive_correct(DnArchive *self, const DnUuid *id, const DnCorrection *correction,
                   const char *reason, json_t **out_row, GError **error)
{
    DN_LOCKED(dn_archive_stripe(self, id->bytes));
    g_autoptr(json_t) state = dn_voucher_changeable(self, id, error);
    g_autoptr(json_t) entry = dn_voucher_entry("voucher.corrected", id);
    json_t *changes = NULL;

    if (!state || !dn_voucher_by_one_person(self, state, error) ||
        !dn_entry_set_reason(entry, reason, error))
        return false;
    changes = dn_correction_changes(self, state, correction, error);
    if (!changes)
        return false;
    dn_json_take(entry, "changes", changes);
    return commit_change(self, id, entry, out_row, error);
}

bool
dn_archive_revise(DnArchive *self, const DnUuid *id, GBytes *document, const char *name,
                  const char *reason, const DnDate *found, json_t **out_result, GError **error)
{
    DN_LOCKED(dn_archive_stripe(self, id->bytes));
    DnDate today = dn_date_in_japan(dn_clock_now_utc_ms());
    char found_day[DN_DATE_TEXT + 1];
    const char *media_type = dn_media_type_sniff(document);
    g_autoptr(json_t) state = dn_voucher_changeable(self, id, error);
    const json_t *before = dn_voucher_version(state, 0);
    g_autoptr(json_t) entry = dn_voucher_entry("voucher.revised", id);
    DnNewBlob original = dn_new_blob(DN_PART_ORIGINAL, document, NULL);
    g_autoptr(GError) problem = NULL;

    if (!state || !dn_entry_set_reason(entry, reason, error))
        return false;
    if (dn_json_bool(state, "deleted", false))
        return dn_fail(error, DN_ERROR_INVALID,
                       "the voucher is deleted; bring it back with `dencho undelete` first");
    if (!media_type || g_bytes_get_size(document) > self->limits.max_document_bytes)
        return dn_fail(
            error, media_type ? DN_ERROR_LIMIT : DN_ERROR_UNSUPPORTED,
            "a revision is a better scan: TIFF, PNG, JPEG, HEIC or PDF within the limits");
    if (name) {
        g_autofree char *safe = dn_text_sanitise(name, -1);

        dn_json_set_string(entry, "name", safe);
    }
    dn_json_set_int(entry, "version", dn_json_int(before, "version", 0) + 1);
    dn_date_format(found ? found : &today, found_day);
    dn_json_set_string(entry, "found", found_day);
    dn_json_set_string(entry, "media_type", media_type);
    dn_json_set_string(entry, "period", dn_json_string(before, "period"));
    dn_json_take(entry, "blob", dn_blob_ref(&original));
    dn_entry_set_engine(self, entry);
    if (dn_duty_wants_brought(self->rules, state, &today) &&
        !dn_sender_stamp_note(self, document, NULL, entry, error))
        return false;
    if (!dn_commit(self, &self->tenant, dn_json_string(before, "period"), &original, 1, entry,
                   error))
        return false;
    dn_read_voucher(self, id, document, &problem);
    g_autoptr(json_t) after = dn_view_voucher(self, id, error);
    json_t *result = after ? dn_read_result_of(self, after, "stored", error) : NULL;

    if (!result)
        return false;
    if (problem) /* the version is in the archive and waits to be read */
        dn_json_take(result, "error", dn_error_json(dn_error_code(problem), problem->message));
    *out_result = result;
    return true;
}

static bool
set_deleted(DnArchive *self, const DnUuid *id, bool deleted, const char *reason, json_t **out_row,
            GError **error)
{
    DN_LOCKED(dn_archive_stripe(self, id->bytes));
    g_autoptr(json_t) state = dn_voucher_changeable(self, id, error);
    g_autoptr(json_t) entry =
        dn_voucher_entry(deleted ? "voucher.deleted" : "voucher.undeleted", id);

    if (!state || (deleted && !dn_voucher_by_one_person(self, state, error)) ||
        !dn_entry_set_reason(entry, reason, error))
        return false;
    if (dn_json_bool(state, "deleted", false) == deleted)
        return dn_fail(error, DN_ERROR_INVALID,
                       deleted ? "the voucher is deleted already" : "the voucher is not deleted");
    return commit_change(self, id, entry, out_row, error);
}

bool
dn_archive_delete(DnArchive *self, const DnUuid *id, const char *reason, json_t **out_row,
                  GError **error)
{
    return set_deleted(self, id, true, reason, out_row, error);
}

bool
dn_archive_undelete(DnArchive *self, const DnUuid *id, const char *reason, json_t **out_row,
                    GError **error)
{
    return set_deleted(self, id, false, reason, out_row, error);
}

bool
dn_archive_confirm(DnArchive *self, const DnUuid *id, json_t **out_row, GError **error)
{
    DN_LOCKED(dn_archive_stripe(self, id->bytes));
    g_autoptr(json_t) state = dn_voucher_changeable(self, id, error);
    g_autoptr(json_t) entry = dn_voucher_entry("voucher.confirmed", id);

    return state && commit_change(self, id, entry, out_row, error);
}

static json_t *
labels_of(const char *const *labels)
{
    json_t *list = json_array();

    for (; labels && *labels; labels++) {
        g_autofree char *safe = dn_text_sanitise(*labels, -1);

        g_strstrip(safe);
        if (*safe)
            json_array_append_new(list, json_string(safe));
    }
    return list;
}

bool
dn_archive_label(DnArchive *self, const DnUuid *id, const char *const *add,
                 const char *const *remove, json_t **out_row, GError **error)
{
    DN_LOCKED(dn_archive_stripe(self, id->bytes));
    g_autoptr(json_t) state = dn_voucher_changeable(self, id, error);
    g_autoptr(json_t) entry = dn_voucher_entry("voucher.labelled", id);

    dn_json_take(entry, "add", labels_of(add));
    dn_json_take(entry, "remove", labels_of(remove));
    if (json_array_size(json_object_get(entry, "add")) +
            json_array_size(json_object_get(entry, "remove")) ==
        0)
        return dn_fail(error, DN_ERROR_INVALID,
                       "no label: write +travel to add, -travel to remove");
    return state && commit_change(self, id, entry, out_row, error);
}

/* --- links: to the books, and from voucher to voucher --- */

static bool
set_book_ref(json_t *entry, const char *member, const char *book_ref, GError **error)
{
    g_autofree char *safe = dn_text_sanitise(book_ref ? book_ref : "", -1);

    g_strstrip(safe);
    if (!*safe)
        return dn_fail(error, DN_ERROR_INVALID, "no entry of the books named: write 2026-000123");
    dn_json_set_string(entry, member, safe);
    return true;
}

bool
dn_archive_link(DnArchive *self, const DnUuid *id, const char *book_ref, json_t **out_row,
                GError **error)
{
    DN_LOCKED(dn_archive_stripe(self, id->bytes));
    g_autoptr(json_t) state = dn_voucher_changeable(self, id, error);
    g_autoptr(json_t) entry = dn_voucher_entry("voucher.linked", id);

    return state && set_book_ref(entry, "book_ref", book_ref, error) &&
           commit_change(self, id, entry, out_row, error);
}

bool
dn_archive_unlink(DnArchive *self, const DnUuid *id, const char *book_ref, const char *reason,
                  json_t **out_row, GError **error)
{
    DN_LOCKED(dn_archive_stripe(self, id->bytes));
    g_autoptr(json_t) state = dn_voucher_changeable(self, id, error);
    g_autoptr(json_t) entry = dn_voucher_entry("voucher.linked", id);

    if (!state || !set_book_ref(entry, "unlinked", book_ref, error) ||
        !dn_entry_set_reason(entry, reason, error))
        return false;
    json_t *refs = json_object_get(state, "book_refs");
    bool linked = false;

    for (size_t i = 0; i < json_array_size(refs); i++)
        linked |= strcmp(json_string_value(json_array_get(refs, i)),
                         dn_json_string(entry, "unlinked")) == 0;
    if (!linked)
        return dn_fail(error, DN_ERROR_INVALID, "the voucher is not linked to that entry");
    return commit_change(self, id, entry, out_row, error);
}

bool
dn_archive_link_none(DnArchive *self, const DnUuid *id, const char *reason, json_t **out_row,
                     GError **error)
{
    DN_LOCKED(dn_archive_stripe(self, id->bytes));
    g_autoptr(json_t) state = dn_voucher_changeable(self, id, error);
    g_autoptr(json_t) entry = dn_voucher_entry("voucher.linked", id);

    dn_json_set_bool(entry, "no_entry", true);
    if (!state || !dn_entry_set_reason(entry, reason, error))
        return false;
    if (json_array_size(json_object_get(state, "book_refs")) > 0)
        return dn_fail(error, DN_ERROR_INVALID,
                       "the voucher has an entry of the books; take the link away first");
    return commit_change(self, id, entry, out_row, error);
}

static bool
has_relation(const json_t *state, const char *relation, const char *other)
{
    const json_t *relations = json_object_get(state, "relations");

    for (size_t i = 0; i < json_array_size(relations); i++) {
        const json_t *each = json_array_get(relations, i);

        if (g_strcmp0(dn_json_string(each, "relation"), relation) == 0 &&
            g_strcmp0(dn_json_string(each, "other"), other) == 0)
            return true;
    }
    return false;
}

/* One side of a relation; nothing to do when it is there already. */
static bool
relate(DnArchive *self, const DnUuid *id, const char *relation, const DnUuid *other, GError **error)
{
    DN_LOCKED(dn_archive_stripe(self, id->bytes));
    g_autoptr(json_t) state = dn_voucher_changeable(self, id, error);
    g_autoptr(json_t) entry = dn_voucher_entry("voucher.linked", id);
    g_autofree char *other_text = dn_uuid_text(other);

    if (!state)
        return false;
    if (has_relation(state, relation, other_text))
        return true;
    dn_json_set_string(entry, "relation", relation);
    dn_json_set_string(entry, "other", other_text);
    return dn_commit(self, &self->tenant, NULL, NULL, 0, entry, error);
}

/* Two entries, one on each side. When the second is cut off, the same call again makes it. */
bool
dn_archive_replace(DnArchive *self, const DnUuid *id, const DnUuid *replaced, json_t **out_row,
                   GError **error)
{
    if (dn_uuid_equal(id, replaced))
        return dn_fail(error, DN_ERROR_INVALID, "a voucher cannot replace itself");
    g_autoptr(json_t) other = dn_voucher_changeable(self, replaced, error);

    if (!other || !relate(self, id, "replaces", replaced, error) ||
        !relate(self, replaced, "replaced_by", id, error))
        return false;
    g_autoptr(json_t) state = dn_view_voucher(self, id, error);

    if (!state)
        return false;
    *out_row = dn_voucher_row(state);
    return true;
}

bool
dn_archive_excuse(DnArchive *self, const DnUuid *id, const char *reason, json_t **out_row,
                  GError **error)
{
    DN_LOCKED(dn_archive_stripe(self, id->bytes));
    g_autoptr(json_t) state = dn_voucher_changeable(self, id, error);
    g_autoptr(json_t) entry = dn_voucher_entry("voucher.excused", id);

    return state && dn_entry_set_reason(entry, reason, error) &&
           commit_change(self, id, entry, out_row, error);
}
