/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/tenant.c - tenants, each with a key and a ledger of its own, and the master key above
 * them.
 */
#include "config.h"
#include "base/fs.h"
#include "engine/internal.h"

#include <string.h>

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
        if (!visit(row, user_data, error))
            return false;
    }
    return true;
}

json_t *
dn_archive_key_check(DnArchive *self, GError **error)
{
    unsigned keys = 0;

    if (!dn_keyring_check(self->keys, &keys, error))
        return NULL;
    json_t *row = json_object();

    dn_json_set_int(row, "keys", keys);
    dn_json_set_string(row, "key_file", self->key_file);
    return row;
}

bool
dn_archive_key_rotate(DnArchive *self, const char *new_key_file, json_t **out_row, GError **error)
{
    g_autofree char *path = g_canonicalize_filename(new_key_file, NULL);
    g_autofree char *conf = g_build_filename(self->dir, "dencho.conf", NULL);
    g_autoptr(DnSecret) fresh = dn_secret_random(error);
    g_autoptr(json_t) entry = json_object();

    /* The new key is safe on disk before the first key is wrapped under it; interrupted in between,
     * each key file opens under the one or the other, and running it again with both completes. */
    if (!fresh || !dn_master_key_save(fresh, path, error) ||
        !dn_keyring_rotate_master(self->keys, fresh, error))
        return false;
    g_autofree char *key_id = dn_master_key_id(fresh);

    if (!dn_settings_set(self->settings, "archive", "key-file", path, error) ||
        !dn_settings_save(self->settings, conf, error))
        return dn_fail_in(error, "the keys are wrapped under %s, name it with --key-file", path);
    g_free(self->key_file);
    self->key_file = g_strdup(path);
    dn_json_set_string(entry, "type", "key.rotated");
    dn_json_set_string(entry, "role", "master");
    dn_json_set_string(entry, "key_id", key_id);
    if (!dn_commit(self, &self->tenant, NULL, NULL, 0, entry, error))
        return false;
    *out_row = json_object();
    dn_json_set_string(*out_row, "key_file", path);
    dn_json_set_string(*out_row, "key_id", key_id);
    return true;
}
