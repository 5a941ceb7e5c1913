/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tests/unit/engine/report.h - what the report on compliance says of one voucher.
 */
#ifndef TESTS_UNIT_ENGINE_REPORT_H
#define TESTS_UNIT_ENGINE_REPORT_H

#include "engine/archive.h"

#include <string.h>

static inline bool
report_collect(const json_t *row, void *user_data, GError **error)
{
    (void)error;
    return json_array_append_new(user_data, json_deep_copy(row)) == 0;
}

/* (transfer full) The row of the report that speaks of @id. */
static inline json_t *
report_of(DnArchive *archive, const DnUuid *id)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) rows = json_array();
    g_autoptr(json_t) totals = NULL;
    g_autofree char *text = dn_uuid_text(id);

    g_assert_true(
        dn_archive_report(archive, NULL, NULL, report_collect, NULL, rows, &totals, &error));
    g_assert_no_error(error);
    for (size_t i = 0; i < json_array_size(rows); i++)
        if (g_strcmp0(dn_json_string(json_array_get(rows, i), "voucher"), text) == 0)
            return json_incref(json_array_get(rows, i));
    g_assert_not_reached();
}

static inline bool
report_is_open(const json_t *row, const char *rule)
{
    const json_t *open = json_object_get(row, "open");

    for (size_t i = 0; i < json_array_size(open); i++)
        if (strcmp(dn_json_string(json_array_get(open, i), "rule"), rule) == 0)
            return true;
    return false;
}

#endif
