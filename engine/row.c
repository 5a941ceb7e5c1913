/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/row.c - the row that a list shows of a voucher, made of what the index keeps.
 *
 * A state is kilobytes of JSON; a page of a list needs a few words of each. Those that search looks
 * at stand in the cover, the others are kept beside it in the row by arrival: a list reads neither
 * states nor the log. dn_voucher_row() makes the same row of a state.
 */
#include "config.h"
#include "base/date.h"
#include "engine/internal.h"

#include <string.h>

enum { FIRST_DAY = -719162, LAST_DAY = 2932896 }; /* of the years 1 to 9999 */

/* The members of a row that no search looks at, in the order in which they are kept. A new one is
 * added at the end and is a new format of the view. */
static const char *const shown[] = {
    "version", "state",   "origin", "received", "registered", "party", "registration_number",
    "scale",   "stamped", "sheet"};

/* As the cover has it: it need not be said twice. */
static bool
is_plain_number(const char *text)
{
    return text && text[0] == 'T' && strlen(text) == 1 + DN_COVER_DIGITS &&
           strspn(text + 1, "0123456789") == DN_COVER_DIGITS;
}

char *
dn_row_shown(const DnValue *state)
{
    const DnValue *fields = dn_value_get(state, "fields");
    const DnValue *amount = dn_value_get(fields, "amount");
    const DnValue *number = dn_value_get(fields, "registration_number");
    const DnValue *stamp = dn_value_get(dn_voucher_find_version(state, 0), "stamp");
    const bool plain = is_plain_number(dn_value_string(number, "value"));
    const bool has_amount = dn_value_is(dn_value_get(amount, "value"), DN_VALUE_INT);
    const DnValue *const values[G_N_ELEMENTS(shown)] = {
        dn_value_get(state, "version"),
        dn_value_get(state, "state"),
        dn_value_get(state, "origin"),
        dn_value_get(state, "received"),
        dn_value_get(state, "registered"),
        dn_value_get(dn_value_get(fields, "party"), "value"),
        plain ? NULL : dn_value_get(number, "value"),
        has_amount ? dn_value_get(amount, "scale") : NULL,
        dn_value_get(stamp, "gen_time"),
        dn_value_get(state, "sheet"),
    };
    GString *list = g_string_sized_new(128);
    size_t used = G_N_ELEMENTS(shown);

    while (used > 0 && !values[used - 1])
        used--;
    for (size_t i = 0; i < used; i++) {
        g_string_append_c(list, i == 0 ? '[' : ',');
        if (values[i])
            dn_value_write(list, values[i]);
        else
            g_string_append(list, "null");
    }
    g_string_append(list, used == 0 ? "[]" : "]");
    return g_string_free(list, FALSE);
}

/* References to the books are not labels to those who read. */
static json_t *
labels_of(const DnCover *cover)
{
    json_t *labels = json_array();
    const char *label = cover->labels;

    for (uint64_t i = 0; i < cover->label_count; i++) {
        if (!dn_view_is_book_label(label))
            json_array_append_new(labels, json_string(label));
        label += strlen(label) + 1;
    }
    return labels;
}

json_t *
dn_row_of_cover(const DnCover *cover)
{
    const char *text = cover->shown ? cover->shown : "";
    g_autoptr(json_t) list = dn_json_parse(text, strlen(text), NULL);
    g_autofree char *id = dn_uuid_text(&cover->id);
    json_t *row = NULL;

    if (!json_is_array(list) || json_array_size(list) > G_N_ELEMENTS(shown))
        return NULL;
    row = json_object();
    dn_json_set_string(row, "voucher", id);
    dn_json_set_string(row, "kind", *cover->kind ? cover->kind : NULL);
    dn_json_take(row, "labels", labels_of(cover));
    dn_json_set_bool(row, "deleted", cover->deleted);
    if (cover->date_days >= FIRST_DAY && cover->date_days <= LAST_DAY) {
        const DnDate day = dn_date_from_days(cover->date_days);
        char date[DN_DATE_TEXT + 1];

        dn_date_format(&day, date);
        dn_json_set_string(row, "date", date);
    }
    if (cover->amount != DN_AMOUNT_MISSING) {
        dn_json_set_int(row, "amount", cover->amount);
        dn_json_set_string(row, "currency", *cover->currency ? cover->currency : "JPY");
    }
    dn_json_set_string(row, "registration_number", *cover->number ? cover->number : NULL);
    for (size_t i = 0; i < json_array_size(list); i++) {
        json_t *value = json_array_get(list, i);

        if (!json_is_null(value))
            dn_json_take(row, shown[i], json_incref(value));
    }
    return row;
}
