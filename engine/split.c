/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/split.c - a person says how many receipts a sheet holds, and where (law row R18).
 *
 * The worker parts a sheet only where it is sure. What it did not part, or should not have parted,
 * a person puts right: the receipts that are there keep their places in order, further ones are
 * registered of the same bytes, those that are too many are marked as deleted. All of it is in the
 * archive together or not at all; then each receipt is read from its own part of the picture.
 */
#include "config.h"
#include "base/media-type.h"
#include "engine/internal.h"

#include <string.h>

enum { PER_MILLE = 1000, SIDE_LEAST = 10 };

typedef struct {
    DnArchive *archive;
    const DnSheetArea *areas;
    size_t count; /* of receipts, at least 1 */
    const char *reason;
    GArray *ids;        /* of DnUuid: the receipts as they are, then those to come */
    GPtrArray *states;  /* of json_t: of those that are */
    GPtrArray *entries; /* of json_t */
} Split;

static void
unref_json(gpointer value)
{
    json_decref(value);
}

static void
split_clear(Split *self)
{
    g_clear_pointer(&self->ids, g_array_unref);
    g_clear_pointer(&self->states, g_ptr_array_unref);
    g_clear_pointer(&self->entries, g_ptr_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Split, split_clear)

static bool
check_areas(const DnSheetArea *areas, size_t count, GError **error)
{
    if (count > DN_SHEET_RECEIPTS_MOST)
        return dn_fail(error, DN_ERROR_LIMIT, "a sheet has at most %d receipts",
                       DN_SHEET_RECEIPTS_MOST);
    if (count == 1)
        return dn_fail(error, DN_ERROR_INVALID, "one receipt needs no part of the sheet");
    for (size_t i = 0; i < count; i++) {
        const DnSheetArea *area = &areas[i];

        if (area->x < 0 || area->y < 0 || area->width < SIDE_LEAST || area->height < SIDE_LEAST ||
            area->width > PER_MILLE - area->x || area->height > PER_MILLE - area->y)
            return dn_fail(error, DN_ERROR_INVALID,
                           "part %zu does not lie on the sheet, or is narrower than 1 %%", i + 1);
    }
    return true;
}

/* A receipt that is there, if it may still change in this way. */
static bool
take_state(Split *self, const DnUuid *id, GError **error)
{
    json_t *state = dn_voucher_changeable(self->archive, id, error);

    if (!state)
        return false;
    g_ptr_array_add(self->states, state);
    g_array_append_val(self->ids, *id);
    const json_t *version = dn_voucher_version(state, 0);

    if (!dn_voucher_by_one_person(self->archive, state, error))
        return false;
    if (dn_json_bool(state, "deleted", false))
        return dn_fail(error, DN_ERROR_INVALID,
                       "a receipt of the sheet is deleted; bring it back with `dencho undelete`");
    if (json_array_size(json_object_get(state, "versions")) > 1)
        return dn_fail(error, DN_ERROR_INVALID,
                       "a receipt of the sheet has a version of its own by now");
    if (dn_json_int(version, "pages", 1) > 1 ||
        g_strcmp0(dn_json_string(version, "media_type"), DN_MEDIA_TYPE_XML) == 0)
        return dn_fail(error, DN_ERROR_INVALID,
                       "only a picture of one page is a sheet: the pages of a document are one "
                       "voucher");
    return true;
}

/* Every receipt of the sheet on which @id stands. */
static bool
take_states(Split *self, const DnUuid *id, GError **error)
{
    g_autoptr(json_t) state = dn_voucher_changeable(self->archive, id, error);
    const json_t *vouchers = json_object_get(json_object_get(state, "sheet"), "vouchers");

    if (!state)
        return false;
    if (json_array_size(vouchers) == 0)
        return take_state(self, id, error);
    for (size_t i = 0; i < json_array_size(vouchers); i++) {
        DnUuid one;

        if (!dn_uuid_parse(json_string_value(json_array_get(vouchers, i)), &one, error) ||
            !take_state(self, &one, error))
            return false;
    }
    return true;
}

static json_t *
place_of(const Split *self, size_t part, const json_t *vouchers)
{
    json_t *place = json_object();

    dn_json_set_int(place, "part", (int64_t)part + 1);
    dn_json_take(place, "vouchers", json_deep_copy(vouchers));
    if (self->areas) {
        const DnSheetArea *area = &self->areas[part];

        dn_json_take(place, "area",
                     json_pack("[i,i,i,i]", area->x, area->y, area->width, area->height));
    }
    return place;
}

/* The entry of receipt @part: of one that is there, that comes, or that goes. */
static bool
add_entry(Split *self, size_t part, const json_t *vouchers, GError **error)
{
    const DnUuid *id = &g_array_index(self->ids, DnUuid, part);
    const json_t *first = g_ptr_array_index(self->states, 0);
    json_t *entry = part >= self->states->len
                        ? dn_voucher_further(self->archive, first, dn_voucher_version(first, 0), id)
                    : part < self->count ? dn_voucher_entry("voucher.split", id)
                                         : dn_voucher_entry("voucher.deleted", id);

    g_ptr_array_add(self->entries, entry);
    if (part < self->count)
        dn_json_take(entry, "sheet", place_of(self, part, vouchers));
    return dn_entry_set_reason(entry, self->reason, error);
}

static bool
decide(Split *self, const DnUuid *id, GError **error)
{
    g_autoptr(json_t) vouchers = json_array();

    if (!take_states(self, id, error))
        return false;
    while (self->ids->len < self->count) {
        DnUuid further = dn_uuid_new();

        g_array_append_val(self->ids, further);
    }
    for (size_t i = 0; i < self->count; i++) {
        g_autofree char *text = dn_uuid_text(&g_array_index(self->ids, DnUuid, i));

        json_array_append_new(vouchers, json_string(text));
    }
    for (size_t i = 0; i < self->ids->len; i++)
        if (!add_entry(self, i, vouchers, error))
            return false;
    return dn_commit_all(self->archive, &self->archive->tenant, NULL, NULL, 0,
                         (const json_t *const *)(void *)self->entries->pdata, self->entries->len,
                         error);
}

/* Under every stripe, as the sheet may be of many vouchers: it takes one commit. */
static bool
decide_alone(Split *self, const DnUuid *id, GError **error)
{
    bool done = false;

    for (unsigned i = 0; i < DN_STRIPES; i++)
        g_mutex_lock(&self->archive->stripes[i]);
    done = decide(self, id, error);
    for (unsigned i = DN_STRIPES; i > 0; i--)
        g_mutex_unlock(&self->archive->stripes[i - 1]);
    return done;
}

bool
dn_archive_split(DnArchive *self, const DnUuid *id, const DnSheetArea *areas, size_t count,
                 const char *reason, json_t **out_result, GError **error)
{
    g_auto(Split) split = {
        .archive = self,
        .areas = count > 0 ? areas : NULL,
        .count = MAX(1, count),
        .reason = reason,
        .ids = g_array_new(FALSE, FALSE, sizeof(DnUuid)),
        .states = g_ptr_array_new_with_free_func(unref_json),
        .entries = g_ptr_array_new_with_free_func(unref_json),
    };

    if (!check_areas(areas, count, error) || !decide_alone(&split, id, error))
        return false;
    for (size_t i = 0; i < split.count; i++) {
        const DnUuid *receipt = &g_array_index(split.ids, DnUuid, i);
        DN_LOCKED(dn_archive_stripe(self, receipt->bytes));

        if (!dn_read_voucher(self, receipt, NULL, error))
            return dn_fail_in(error, "the sheet is split, but not read");
    }
    g_autoptr(json_t) state = dn_view_voucher(self, &g_array_index(split.ids, DnUuid, 0), error);
    json_t *result = state ? dn_read_result_of(self, state, "stored", error) : NULL;

    if (!result)
        return false;
    *out_result = result;
    return true;
}
