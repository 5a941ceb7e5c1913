/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/settled.c - what the owner has settled in dencho.conf, and since when.
 *
 * Deadlines and retention follow the sections [law] and [retention], which are a file that can be
 * edited. So each change of theirs becomes an entry of the tenant's ledger when the archive is next
 * opened: who looks back sees which rules a day was judged by.
 */
#include "config.h"
#include "engine/internal.h"

#include <string.h>

static json_t *
settled_of(const DnSettings *settings)
{
    static const struct {
        const char *section;
        const char *key;
    } table[] = {
#define DN_SETTING(section, key, kind, fallback, meaning) {section, key},
#include "base/settings-table.def"
#undef DN_SETTING
    };
    json_t *rules = json_object();

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        g_autofree char *name = g_strconcat(table[i].section, ".", table[i].key, NULL);

        if (strcmp(table[i].section, "law") == 0 || strcmp(table[i].section, "retention") == 0)
            dn_json_set_string(rules, name,
                               dn_settings_string(settings, table[i].section, table[i].key));
    }
    return rules;
}

json_t *
dn_settled(const DnArchive *self)
{
    return settled_of(self->settings);
}

bool
dn_settled_note(DnArchive *self, GError **error)
{
    DN_LOCKED(dn_archive_stripe(self, self->tenant.bytes));
    g_autoptr(json_t) history = dn_view_settled(self, error);
    g_autoptr(json_t) now = dn_settled(self);
    g_autoptr(DnSettings) defaults = dn_settings_new();
    g_autoptr(json_t) first = settled_of(defaults);

    if (!history)
        return false;
    size_t count = json_array_size(history);
    const json_t *last =
        count ? json_object_get(json_array_get(history, count - 1), "rules") : first;

    if (json_equal(last, now))
        return true;
    g_autoptr(json_t) entry = json_object();

    dn_json_set_string(entry, "type", "tenant.settled");
    dn_json_take(entry, "rules", json_incref(now));
    return dn_commit(self, &self->tenant, NULL, NULL, 0, entry, error);
}
