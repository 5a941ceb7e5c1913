/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/tenant.c - tenants, each with a key and a ledger of its own.
 */
#include "config.h"
#include "engine/internal.h"

#include <string.h>
#include <unistd.h>

enum { NAME_MAX_BYTES = 200 };

static bool
check_name(DnArchive *self, const char *name, GError **error)
{
    g_autoptr(GPtrArray) tenants = dn_view_tenants(self, error);
    g_autofree char *safe = dn_text_sanitise(name ? name : "", -1);

    if (!tenants)
        return false;
    if (!*safe || strlen(safe) > NAME_MAX_BYTES || strcmp(safe, name) != 0 || strchr(safe, '\n'))
        return dn_fail(error, DN_ERROR_INVALID, "a tenant's name is 1 to %d printable bytes",
                       NAME_MAX_BYTES);
    for (guint i = 0; i < tenants->len; i++)
        if (g_strcmp0(dn_json_string(g_ptr_array_index(tenants, i), "name"), name) == 0)
            return dn_fail(error, DN_ERROR_EXISTS, "a tenant has this name already");
    return true;
}

bool
dn_archive_tenant_create(DnArchive *self, const char *name, json_t **out_row, GError **error)
{
    DnUuid tenant = dn_uuid_new();
    g_autoptr(json_t) entry = json_object();
    g_autofree char *id = dn_uuid_text(&tenant);

    /* The key first: an entry that nobody can open would be worse than a key that nobody uses. */
    if (!check_name(self, name, error) || !dn_keyring_add_tenant(self->keys, &tenant, error))
        return false;
    dn_json_set_string(entry, "type", "tenant.created");
    dn_json_set_string(entry, "name", name);
    if (!dn_commit(self, &tenant, NULL, NULL, 0, entry, error))
        return false;
    *out_row = json_object();
    dn_json_set_string(*out_row, "tenant", id);
    dn_json_set_string(*out_row, "name", name);
    return true;
}

bool
dn_archive_tenant_list(DnArchive *self, DnRowVisitor visit, void *user_data, GError **error)
{
    g_autoptr(GPtrArray) tenants = dn_view_tenants(self, error);

    if (!tenants)
        return false;
    for (guint i = 0; i < tenants->len; i++) {
        const json_t *tenant = g_ptr_array_index(tenants, i);
        g_autoptr(json_t) row = json_object();

        dn_json_set_string(row, "tenant", dn_json_string(tenant, "tenant"));
        dn_json_set_string(row, "name", dn_json_string(tenant, "name"));
        dn_json_set_int(row, "entries", dn_json_int(tenant, "seq", 0));
        dn_json_set_string(row, "closed", dn_json_string(tenant, "closed"));
        if (!visit(row, user_data, error))
            return false;
    }
    return true;
}
