/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/seal/keyring.c - wrapped keys in keys/, one file each (docs/format.md, "Key files").
 *
 * The header of a key file is plain, so opening the folder needs no unwrapping; the tag covers all
 * of it. A key that is wrapped names the key that wraps it. That is what makes a rotation safe to
 * interrupt: each file always says by itself which key opens it.
 *
 * Unwrapped keys are kept in a small cache of locked memory and never handed out; a file is read
 * again when its key has left the cache.
 */
#include "config.h"
#include "base/bytes.h"
#include "base/digest.h"
#include "base/failpoint.h"
#include "base/fs.h"
#include "base/memory.h"
#include "engine/seal/seal-internal.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    AT_VERSION = 8,
    AT_ROLE = 10,
    AT_PERIOD_SIZE = 11,
    AT_PERIOD = 12,
    AT_ARCHIVE = 28,
    AT_TENANT = 44,
    AT_ID = 60,
    AT_PARENT = 76,
    AT_GENERATION = 92,
    BOUND = 96, /* bytes before the nonce: the associated data */
    AT_NONCE = 96,
    AT_SEALED = 108,
    FILE_BYTES = 156,
    GONE_BYTES = BOUND + DN_SHA256_BYTES,
    OTHER_MAX = 64 << 10, /* of any file in keys/ */
    FORMAT_VERSION = 1,
    CACHE_MAX = 256,
};

static const char magic[8] = {'d', 'e', 'n', 'c', 'h', 'o', '-', 'k'};
static const char gone_magic[8] = {'d', 'e', 'n', 'c', 'h', 'o', '-', 'g'};
static const char gone_label[] = "dencho 1 gone";

typedef enum {
    ROLE_VIEW = 'v',   /* wrapped by the master key; one an archive, also proves the master */
    ROLE_TENANT = 't', /* wrapped by the master key */
    ROLE_AUTH = 'a',   /* wrapped by the master key; one an archive */
    ROLE_LEDGER = 'l', /* wrapped by a tenant key */
    ROLE_PERIOD = 'p', /* wrapped by a tenant key */
} Role;

typedef struct {
    DnUuid id;
    DnUuid tenant;
    DnUuid parent; /* id of the wrapping key; for the master 8 bytes of its public id, then zeros */
    Role role;
    char period[DN_PERIOD_MAX + 1];
    uint32_t generation; /* tenant keys: the highest is the current one */
} KeyInfo;

struct DnKeyring {
    GMutex lock;
    char *dir;
    DnUuid archive;
    DnSecret *master;
    DnUuid master_id;
    DnSecret *fresh; /* the new master while a rotation is unfinished */
    DnUuid fresh_id;
    GHashTable *keys;    /* id -> KeyInfo, owned */
    GHashTable *current; /* "role tenant period" -> KeyInfo, lent */
    GHashTable *cache;   /* id -> DnSecret, owned */
};

static guint
uuid_hash(gconstpointer key)
{
    guint hash = 0;

    memcpy(&hash, (const uint8_t *)key + DN_UUID_BYTES - sizeof hash, sizeof hash);
    return hash;
}

static gboolean
uuid_equal(gconstpointer a, gconstpointer b)
{
    return memcmp(a, b, DN_UUID_BYTES) == 0;
}

static DnUuid
master_id(const DnSecret *master)
{
    g_autofree char *hex = dn_master_key_id(master);
    DnUuid id = {{0}};

    dn_unhex(hex, id.bytes, 8, NULL);
    return id;
}

static char *
key_path(const DnKeyring *self, const DnUuid *id)
{
    g_autofree char *text = dn_uuid_text(id);

    return g_strdup_printf("%s/%s.key", self->dir, text);
}

/* ---- one file ---- */

static bool
role_is_known(uint8_t role)
{
    return role == ROLE_VIEW || role == ROLE_TENANT || role == ROLE_AUTH || role == ROLE_LEDGER ||
           role == ROLE_PERIOD;
}

static bool
is_wrapped_by_master(Role role)
{
    return role == ROLE_VIEW || role == ROLE_TENANT || role == ROLE_AUTH;
}

static bool
period_is_valid(const char *period, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (!g_ascii_isalnum(period[i]) && period[i] != '-')
            return false;
    return size >= 1 && size <= DN_PERIOD_MAX;
}

static bool
parse_key_file(const DnKeyring *self, const DnUuid *id, const uint8_t *bytes, KeyInfo *out,
               GError **error)
{
    static const DnUuid nobody;
    size_t period_size = bytes[AT_PERIOD_SIZE];

    if (memcmp(bytes, magic, sizeof magic) != 0)
        return dn_fail(error, DN_ERROR_CORRUPT, "not a key file");
    if (bytes[AT_VERSION] != 0 || bytes[AT_VERSION + 1] != FORMAT_VERSION)
        return dn_fail(error, DN_ERROR_UNSUPPORTED, "key format %u; this program knows %d",
                       (unsigned)bytes[AT_VERSION] << 8 | bytes[AT_VERSION + 1], FORMAT_VERSION);
    if (memcmp(bytes + AT_ARCHIVE, self->archive.bytes, DN_UUID_BYTES) != 0)
        return dn_fail(error, DN_ERROR_CORRUPT, "the key belongs to another archive");
    if (memcmp(bytes + AT_ID, id->bytes, DN_UUID_BYTES) != 0)
        return dn_fail(error, DN_ERROR_CORRUPT, "the key is not the one the file is named after");
    if (!role_is_known(bytes[AT_ROLE]) || period_size > DN_PERIOD_MAX ||
        (bytes[AT_ROLE] == ROLE_PERIOD) !=
            period_is_valid((const char *)bytes + AT_PERIOD, period_size))
        return dn_fail(error, DN_ERROR_CORRUPT, "the key's role or period is damaged");
    if ((bytes[AT_ROLE] == ROLE_VIEW || bytes[AT_ROLE] == ROLE_AUTH) &&
        memcmp(bytes + AT_TENANT, nobody.bytes, DN_UUID_BYTES) != 0)
        return dn_fail(error, DN_ERROR_CORRUPT, "a key of the whole archive names a tenant");
    memset(out, 0, sizeof *out);
    out->id = *id;
    memcpy(out->tenant.bytes, bytes + AT_TENANT, DN_UUID_BYTES);
    memcpy(out->parent.bytes, bytes + AT_PARENT, DN_UUID_BYTES);
    out->role = (Role)bytes[AT_ROLE];
    memcpy(out->period, bytes + AT_PERIOD, period_size);
    out->generation = (uint32_t)dn_get_be(bytes + AT_GENERATION, 4);
    return true;
}

static bool
read_key_file(const DnKeyring *self, const DnUuid *id, uint8_t bytes[FILE_BYTES], KeyInfo *out,
              GError **error)
{
    g_autofree char *path = key_path(self, id);
    dn_autofd int fd =
        DN_FAILPOINT("keyring.open") ? -1 : open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    struct stat st;

    if (fd < 0 || fstat(fd, &st) != 0)
        return dn_fail_errno(error, "cannot open the key file %s", path);
    if (!S_ISREG(st.st_mode) || st.st_size != FILE_BYTES)
        return dn_fail(error, DN_ERROR_CORRUPT, "%s: a key file has %d bytes", path, FILE_BYTES);
    if (!dn_fs_pread_all(fd, bytes, FILE_BYTES, 0, error) ||
        !parse_key_file(self, id, bytes, out, error))
        return dn_fail_in(error, "%s", path);
    return true;
}

/* Keys that wrap are used for nothing else, and never directly. */
static void
wrapping_key(const DnKeyring *self, const DnSecret *parent, uint8_t out[DN_KEY_BYTES])
{
    static const char label[] = "dencho 1 wrap";

    dn_hkdf(dn_secret_peek(parent, NULL), self->archive.bytes, DN_UUID_BYTES, label, strlen(label),
            out);
}

/* The BOUND bytes that say what the key is. */
static void
write_bound(const DnKeyring *self, const KeyInfo *info, const char *file_magic, uint8_t *bytes)
{
    memset(bytes, 0, BOUND);
    memcpy(bytes, file_magic, sizeof magic);
    bytes[AT_VERSION + 1] = FORMAT_VERSION;
    bytes[AT_ROLE] = (uint8_t)info->role;
    bytes[AT_PERIOD_SIZE] = (uint8_t)strlen(info->period);
    memcpy(bytes + AT_PERIOD, info->period, strlen(info->period));
    memcpy(bytes + AT_ARCHIVE, self->archive.bytes, DN_UUID_BYTES);
    memcpy(bytes + AT_TENANT, info->tenant.bytes, DN_UUID_BYTES);
    memcpy(bytes + AT_ID, info->id.bytes, DN_UUID_BYTES);
    memcpy(bytes + AT_PARENT, info->parent.bytes, DN_UUID_BYTES);
    dn_put_be(bytes + AT_GENERATION, info->generation, 4);
}

static bool
write_key_file(const DnKeyring *self, const KeyInfo *info, const DnSecret *key,
               const DnSecret *parent, GError **error)
{
    g_autofree char *path = key_path(self, &info->id);
    uint8_t bytes[FILE_BYTES] = {0};
    uint8_t wrap[DN_KEY_BYTES];

    write_bound(self, info, magic, bytes);
    dn_random_bytes(bytes + AT_NONCE, DN_GCM_NONCE_BYTES);
    wrapping_key(self, parent, wrap);
    dn_gcm_seal_once(wrap, bytes + AT_NONCE, bytes, BOUND, dn_secret_peek(key, NULL), DN_KEY_BYTES,
                     bytes + AT_SEALED);
    OPENSSL_cleanse(wrap, sizeof wrap);
    /* Also a new one appears whole or not at all: a torn file would close the archive. */
    return dn_fs_replace_file(path, bytes, sizeof bytes, 0400, error);
}

static DnSecret *
unwrap(const DnKeyring *self, const uint8_t bytes[FILE_BYTES], const DnSecret *parent,
       GError **error)
{
    g_autoptr(DnSecret) key = dn_secret_new(DN_KEY_BYTES, error);
    uint8_t wrap[DN_KEY_BYTES];
    bool opened = false;

    if (!key)
        return NULL;
    wrapping_key(self, parent, wrap);
    opened = dn_gcm_open_once(wrap, bytes + AT_NONCE, bytes, BOUND, bytes + AT_SEALED,
                              FILE_BYTES - AT_SEALED, dn_secret_bytes(key));
    OPENSSL_cleanse(wrap, sizeof wrap);
    if (!opened)
        return dn_fail_null(error, DN_ERROR_CORRUPT, "the key file fails its check");
    return g_steal_pointer(&key);
}

/* ---- the keys in memory; all of these under the lock ---- */

static const DnSecret *secret_of(DnKeyring *self, const KeyInfo *info, GError **error);
static bool is_gone(DnKeyring *self, const DnUuid *id, bool *out_gone, GError **error);

/* A key without a file: destroyed when its note says so, else lost. */
static bool
fail_missing(DnKeyring *self, const DnUuid *id, const char *what, GError **error)
{
    g_autofree char *text = dn_uuid_text(id);
    bool gone = false;

    if (!is_gone(self, id, &gone, error))
        return false;
    if (gone)
        return dn_fail(error, DN_ERROR_NOT_FOUND, "%s has been destroyed", what);
    return dn_fail(error, DN_ERROR_CORRUPT, "%s is missing: put keys/%s.key back from a backup",
                   what, text);
}

static const DnSecret *
parent_of(DnKeyring *self, const KeyInfo *info, GError **error)
{
    const KeyInfo *parent = NULL;

    if (is_wrapped_by_master(info->role)) {
        if (dn_uuid_equal(&info->parent, &self->master_id))
            return self->master;
        if (self->fresh && dn_uuid_equal(&info->parent, &self->fresh_id))
            return self->fresh;
        return dn_fail_null(error, DN_ERROR_DENIED, "the key is wrapped by another master key");
    }
    parent = g_hash_table_lookup(self->keys, &info->parent);
    if (!parent) {
        fail_missing(self, &info->parent, "the tenant's key", error);
        return NULL;
    }
    if (parent->role != ROLE_TENANT || !dn_uuid_equal(&parent->tenant, &info->tenant))
        return dn_fail_null(error, DN_ERROR_CORRUPT,
                            "the key names a wrapping key of another "
                            "tenant");
    return secret_of(self, parent, error);
}

static bool
same_info(const KeyInfo *a, const KeyInfo *b)
{
    return dn_uuid_equal(&a->id, &b->id) && dn_uuid_equal(&a->tenant, &b->tenant) &&
           dn_uuid_equal(&a->parent, &b->parent) && a->role == b->role &&
           strcmp(a->period, b->period) == 0 && a->generation == b->generation;
}

/* Reads the file and opens it, past the cache. */
static DnSecret *
load_secret(DnKeyring *self, const KeyInfo *info, GError **error)
{
    g_autofree char *path = key_path(self, &info->id);
    const DnSecret *parent = parent_of(self, info, error);
    uint8_t bytes[FILE_BYTES];
    DnSecret *key = NULL;
    KeyInfo found;

    if (parent && read_key_file(self, &info->id, bytes, &found, error)) {
        if (!same_info(&found, info))
            dn_fail(error, DN_ERROR_CORRUPT, "the key file has changed since it was opened");
        else
            key = unwrap(self, bytes, parent, error);
    }
    if (!key)
        dn_fail_in(error, "%s", path);
    return key;
}

static const DnSecret *
secret_of(DnKeyring *self, const KeyInfo *info, GError **error)
{
    DnSecret *key = g_hash_table_lookup(self->cache, &info->id);

    if (key)
        return key;
    key = load_secret(self, info, error);
    if (!key)
        return NULL;
    if (g_hash_table_size(self->cache) >= CACHE_MAX)
        g_hash_table_remove_all(self->cache);
    g_hash_table_insert(self->cache, g_memdup2(&info->id, sizeof info->id), key);
    return key;
}

static char *
slot_name(Role role, const DnUuid *tenant, const char *period)
{
    g_autofree char *text = dn_uuid_text(tenant);

    return g_strdup_printf("%c %s %s", (char)role, text, period);
}

static const KeyInfo *
find_current(DnKeyring *self, Role role, const DnUuid *tenant, const char *period)
{
    g_autofree char *slot = slot_name(role, tenant, period);

    return g_hash_table_lookup(self->current, slot);
}

/* Two tenant keys stand side by side while a rotation is unfinished: the later generation counts.
 */
static void
offer_current(DnKeyring *self, KeyInfo *info)
{
    g_autofree char *slot = slot_name(info->role, &info->tenant, info->period);
    const KeyInfo *old = g_hash_table_lookup(self->current, slot);

    if (!old || info->generation > old->generation ||
        (info->generation == old->generation &&
         memcmp(info->id.bytes, old->id.bytes, DN_UUID_BYTES) > 0))
        g_hash_table_replace(self->current, g_steal_pointer(&slot), info);
}

static void
index_keys(DnKeyring *self)
{
    GHashTableIter it;
    gpointer info = NULL;

    g_hash_table_remove_all(self->current);
    g_hash_table_iter_init(&it, self->keys);
    while (g_hash_table_iter_next(&it, NULL, &info))
        offer_current(self, info);
}

static KeyInfo *
add_info(DnKeyring *self, const KeyInfo *info)
{
    KeyInfo *copy = g_memdup2(info, sizeof *info);

    g_hash_table_replace(self->keys, &copy->id, copy);
    offer_current(self, copy);
    return copy;
}

static KeyInfo *
make_key(DnKeyring *self, Role role, const DnUuid *tenant, const char *period, uint32_t generation,
         const DnUuid *parent_id, const DnSecret *parent, GError **error)
{
    g_autoptr(DnSecret) key = dn_secret_random(error);
    KeyInfo info = {
        .tenant = *tenant, .parent = *parent_id, .role = role, .generation = generation};

    if (!key)
        return NULL;
    info.id = dn_uuid_new();
    g_strlcpy(info.period, period, sizeof info.period);
    if (!write_key_file(self, &info, key, parent, error))
        return NULL;
    return add_info(self, &info);
}

static bool
authenticate(DnKeyring *self, const char *label, const void *bytes, size_t size, uint8_t *out,
             GError **error)
{
    static const DnUuid nobody;
    const KeyInfo *info = find_current(self, ROLE_AUTH, &nobody, "");
    const DnSecret *secret = NULL;
    uint8_t key[DN_KEY_BYTES];

    if (!info)
        info = make_key(self, ROLE_AUTH, &nobody, "", 1, &self->master_id, self->master, error);
    secret = info ? secret_of(self, info, error) : NULL;
    if (!secret)
        return false;
    dn_hkdf(dn_secret_peek(secret, NULL), self->archive.bytes, DN_UUID_BYTES, label, strlen(label),
            key);
    dn_hmac(key, sizeof key, bytes, size, out);
    OPENSSL_cleanse(key, sizeof key);
    return true;
}

static char *
gone_path(const DnKeyring *self, const DnUuid *id)
{
    g_autofree char *text = dn_uuid_text(id);

    return g_strdup_printf("%s/%s.gone", self->dir, text);
}

/* Before the key goes: a removal that is interrupted is completed by asking for it again. */
static bool
write_gone(DnKeyring *self, const DnUuid *id, GError **error)
{
    const KeyInfo *info = g_hash_table_lookup(self->keys, id);
    g_autofree char *path = gone_path(self, id);
    uint8_t bytes[GONE_BYTES];

    if (!info)
        return true;
    write_bound(self, info, gone_magic, bytes);
    return authenticate(self, gone_label, bytes, BOUND, bytes + BOUND, error) &&
           dn_fs_replace_file(path, bytes, sizeof bytes, 0400, error);
}

static bool
is_gone(DnKeyring *self, const DnUuid *id, bool *out_gone, GError **error)
{
    g_autofree char *path = gone_path(self, id);
    g_autoptr(GError) problem = NULL;
    g_autoptr(GBytes) file = dn_fs_load_file(path, OTHER_MAX, &problem);
    const uint8_t *bytes = file ? g_bytes_get_data(file, NULL) : NULL;
    uint8_t mac[DN_SHA256_BYTES];

    if (problem && dn_error_code(problem) == DN_ERROR_NOT_FOUND) {
        *out_gone = false;
        return true;
    }
    if (problem) {
        g_propagate_error(error, g_steal_pointer(&problem));
        return false;
    }
    if (g_bytes_get_size(file) != GONE_BYTES || memcmp(bytes, gone_magic, sizeof gone_magic) != 0 ||
        memcmp(bytes + AT_ARCHIVE, self->archive.bytes, DN_UUID_BYTES) != 0 ||
        memcmp(bytes + AT_ID, id->bytes, DN_UUID_BYTES) != 0)
        return dn_fail(error, DN_ERROR_CORRUPT, "%s: does not say that this key is gone", path);
    if (!authenticate(self, gone_label, bytes, BOUND, mac, error))
        return false;
    if (CRYPTO_memcmp(mac, bytes + BOUND, sizeof mac) != 0)
        return dn_fail(error, DN_ERROR_CORRUPT, "%s: was not written by this archive", path);
    *out_gone = true;
    return true;
}

static bool
remove_key(DnKeyring *self, const DnUuid *id, GError **error)
{
    g_autofree char *path = key_path(self, id);
    DnUuid copy = *id;

    if (!write_gone(self, id, error))
        return false;
    if (DN_FAILPOINT("keyring.unlink") || (unlink(path) != 0 && errno != ENOENT))
        return dn_fail_errno(error, "cannot remove the key file %s", path);
    g_hash_table_remove(self->cache, &copy);
    g_hash_table_remove(self->keys, &copy);
    return true;
}

/* Ids of keys with @role of @tenant (NULL: of any). */
static GArray *
list_keys(DnKeyring *self, Role role, const DnUuid *tenant)
{
    GArray *ids = g_array_new(FALSE, FALSE, sizeof(DnUuid));
    GHashTableIter it;
    gpointer value = NULL;

    g_hash_table_iter_init(&it, self->keys);
    while (g_hash_table_iter_next(&it, NULL, &value)) {
        const KeyInfo *info = value;

        if (info->role == role && (!tenant || dn_uuid_equal(&info->tenant, tenant)))
            g_array_append_val(ids, info->id);
    }
    return ids;
}

/* ---- opening ---- */

static DnKeyring *
keyring_new(const char *dir, const DnUuid *archive, const DnSecret *master, GError **error)
{
    size_t size = 0;
    const uint8_t *bytes = dn_secret_peek(master, &size);
    g_autoptr(DnSecret) copy = NULL;
    DnKeyring *self = NULL;

    if (size != DN_KEY_BYTES)
        return dn_fail_null(error, DN_ERROR_INVALID, "a master key has %d bytes", DN_KEY_BYTES);
    copy = dn_secret_copy(bytes, size, error);
    if (!copy)
        return NULL;
    self = g_new0(DnKeyring, 1);
    g_mutex_init(&self->lock);
    self->dir = g_strdup(dir);
    self->archive = *archive;
    self->master = g_steal_pointer(&copy);
    self->master_id = master_id(master);
    self->keys = g_hash_table_new_full(uuid_hash, uuid_equal, NULL, g_free);
    self->current = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    self->cache =
        g_hash_table_new_full(uuid_hash, uuid_equal, g_free, (GDestroyNotify)dn_secret_free);
    return self;
}

void
dn_keyring_free(DnKeyring *self)
{
    if (!self)
        return;
    g_hash_table_unref(self->current);
    g_hash_table_unref(self->cache);
    g_hash_table_unref(self->keys);
    dn_secret_free(self->master);
    dn_secret_free(self->fresh);
    g_mutex_clear(&self->lock);
    g_free(self->dir);
    g_free(self);
}

static bool
read_folder(DnKeyring *self, GError **error)
{
    g_autoptr(GPtrArray) names = dn_fs_list(self->dir, error);

    for (guint i = 0; names && i < names->len; i++) {
        const char *name = g_ptr_array_index(names, i);
        g_autofree char *stem = NULL;
        uint8_t bytes[FILE_BYTES];
        KeyInfo info;
        DnUuid id;

        if (!g_str_has_suffix(name, ".key"))
            continue; /* a replacement that a crash left behind was never the key */
        stem = g_strndup(name, strlen(name) - strlen(".key"));
        if (!dn_uuid_parse(stem, &id, NULL))
            return dn_fail(error, DN_ERROR_CORRUPT, "%s/%s: the name is not a key's id", self->dir,
                           name);
        if (!read_key_file(self, &id, bytes, &info, error))
            return false;
        add_info(self, &info);
    }
    return names != NULL;
}

DnKeyring *
dn_keyring_create(const char *dir, const DnUuid *archive, const DnSecret *master, GError **error)
{
    static const DnUuid nobody;
    g_autoptr(DnKeyring) self = keyring_new(dir, archive, master, error);
    g_autofree char *above = g_path_get_dirname(dir);

    if (!self || !dn_fs_make_dir(dir, false, error) || !dn_fs_sync_dir(above, error) ||
        !read_folder(self, error))
        return NULL;
    if (g_hash_table_size(self->keys) > 0)
        return dn_fail_null(error, DN_ERROR_EXISTS, "%s already holds keys", dir);
    if (!make_key(self, ROLE_VIEW, &nobody, "", 1, &self->master_id, self->master, error) ||
        !make_key(self, ROLE_AUTH, &nobody, "", 1, &self->master_id, self->master, error))
        return NULL;
    return g_steal_pointer(&self);
}

DnKeyring *
dn_keyring_open(const char *dir, const DnUuid *archive, const DnSecret *master, GError **error)
{
    static const DnUuid nobody;
    g_autoptr(DnKeyring) self = keyring_new(dir, archive, master, error);
    const KeyInfo *view = NULL;

    if (!self || !read_folder(self, error))
        return NULL;
    view = find_current(self, ROLE_VIEW, &nobody, "");
    if (!view)
        return dn_fail_null(error, DN_ERROR_CORRUPT, "%s: the key of the view is missing", dir);
    if (!secret_of(self, view, error))
        return NULL;
    return g_steal_pointer(&self);
}

static bool
is_foreign(const DnKeyring *self, const KeyInfo *info)
{
    return is_wrapped_by_master(info->role) && !dn_uuid_equal(&info->parent, &self->master_id) &&
           !(self->fresh && dn_uuid_equal(&info->parent, &self->fresh_id));
}

bool
dn_keyring_is_split(DnKeyring *self)
{
    GHashTableIter it;
    gpointer info = NULL;
    bool split = false;

    g_mutex_lock(&self->lock);
    g_hash_table_iter_init(&it, self->keys);
    while (!split && g_hash_table_iter_next(&it, NULL, &info))
        split = is_foreign(self, info);
    g_mutex_unlock(&self->lock);
    return split;
}

/* Under the lock. */
static bool
wraps_some_key(DnKeyring *self, const DnUuid *id)
{
    GHashTableIter it;
    gpointer info = NULL;

    g_hash_table_iter_init(&it, self->keys);
    while (g_hash_table_iter_next(&it, NULL, &info))
        if (dn_uuid_equal(&((const KeyInfo *)info)->parent, id))
            return true;
    return false;
}

bool
dn_keyring_add_master(DnKeyring *self, const DnSecret *other, GError **error)
{
    size_t size = 0;
    const uint8_t *bytes = dn_secret_peek(other, &size);
    g_autoptr(DnSecret) copy = dn_secret_copy(bytes, size, error);
    DnUuid id = master_id(other);
    bool wanted = false;

    if (!copy)
        return false;
    g_mutex_lock(&self->lock);
    wanted = size == DN_KEY_BYTES && wraps_some_key(self, &id);
    if (wanted && !dn_uuid_equal(&id, &self->master_id)) {
        dn_secret_free(self->fresh);
        self->fresh = g_steal_pointer(&copy);
        self->fresh_id = id;
    }
    g_mutex_unlock(&self->lock);
    return wanted || dn_fail(error, DN_ERROR_DENIED, "no key is wrapped by this master key");
}

DnSecret *
dn_keyring_master(DnKeyring *self, GError **error)
{
    DnSecret *copy = NULL;

    g_mutex_lock(&self->lock);
    copy = dn_secret_copy(dn_secret_peek(self->master, NULL), DN_KEY_BYTES, error);
    g_mutex_unlock(&self->lock);
    return copy;
}

/* ---- tenants and periods ---- */

bool
dn_keyring_has_tenant(DnKeyring *self, const DnUuid *tenant)
{
    bool has = false;

    g_mutex_lock(&self->lock);
    has =
        find_current(self, ROLE_TENANT, tenant, "") && find_current(self, ROLE_LEDGER, tenant, "");
    g_mutex_unlock(&self->lock);
    return has;
}

bool
dn_keyring_tenant_key(DnKeyring *self, const DnUuid *tenant, DnUuid *out_id, GError **error)
{
    const KeyInfo *key = NULL;

    g_mutex_lock(&self->lock);
    key = find_current(self, ROLE_TENANT, tenant, "");
    if (key)
        *out_id = key->id;
    g_mutex_unlock(&self->lock);
    return key || dn_fail(error, DN_ERROR_NOT_FOUND, "there is no key of that tenant");
}

static bool
add_tenant(DnKeyring *self, const DnUuid *tenant, GError **error)
{
    const KeyInfo *key = find_current(self, ROLE_TENANT, tenant, "");
    const DnSecret *secret = NULL;

    if (key && find_current(self, ROLE_LEDGER, tenant, ""))
        return dn_fail(error, DN_ERROR_EXISTS, "the tenant already has a key");
    /* A tenant key without a ledger key is an addition that was interrupted: go on from there. */
    if (!key)
        key = make_key(self, ROLE_TENANT, tenant, "", 1, &self->master_id, self->master, error);
    secret = key ? secret_of(self, key, error) : NULL;
    return secret && make_key(self, ROLE_LEDGER, tenant, "", 1, &key->id, secret, error);
}

bool
dn_keyring_add_tenant(DnKeyring *self, const DnUuid *tenant, GError **error)
{
    bool added = false;

    g_mutex_lock(&self->lock);
    added = add_tenant(self, tenant, error);
    g_mutex_unlock(&self->lock);
    return added;
}

static int
compare_ids(gconstpointer a, gconstpointer b)
{
    return memcmp(a, b, DN_UUID_BYTES);
}

GArray *
dn_keyring_tenants(DnKeyring *self)
{
    GArray *tenants = g_array_new(FALSE, FALSE, sizeof(DnUuid));
    GHashTableIter it;
    gpointer value = NULL;

    g_mutex_lock(&self->lock);
    g_hash_table_iter_init(&it, self->current);
    while (g_hash_table_iter_next(&it, NULL, &value)) {
        const KeyInfo *info = value;

        if (info->role == ROLE_LEDGER && find_current(self, ROLE_TENANT, &info->tenant, ""))
            g_array_append_val(tenants, info->tenant);
    }
    g_mutex_unlock(&self->lock);
    g_array_sort(tenants, compare_ids);
    return tenants;
}

bool
dn_keyring_period_key(DnKeyring *self, const DnUuid *tenant, const char *period, DnUuid *out_id,
                      GError **error)
{
    const KeyInfo *key = NULL;
    const KeyInfo *parent = NULL;
    const DnSecret *secret = NULL;

    if (!period || !period_is_valid(period, strnlen(period, DN_PERIOD_MAX + 1)))
        return dn_fail(error, DN_ERROR_INVALID,
                       "a period is 1 to %d letters, digits or hyphens, such as 2026",
                       DN_PERIOD_MAX);
    g_mutex_lock(&self->lock);
    key = find_current(self, ROLE_PERIOD, tenant, period);
    if (!key) {
        parent = find_current(self, ROLE_TENANT, tenant, "");
        if (!parent)
            dn_fail(error, DN_ERROR_NOT_FOUND, "there is no key of that tenant");
        secret = parent ? secret_of(self, parent, error) : NULL;
        key = secret ? make_key(self, ROLE_PERIOD, tenant, period, 1, &parent->id, secret, error)
                     : NULL;
    }
    if (key)
        *out_id = key->id;
    g_mutex_unlock(&self->lock);
    return key != NULL;
}

bool
dn_keyring_ledger_key(DnKeyring *self, const DnUuid *tenant, DnUuid *out_id, GError **error)
{
    const KeyInfo *key = NULL;

    g_mutex_lock(&self->lock);
    key = find_current(self, ROLE_LEDGER, tenant, "");
    if (key)
        *out_id = key->id;
    g_mutex_unlock(&self->lock);
    return key || dn_fail(error, DN_ERROR_NOT_FOUND, "there is no key of that tenant");
}

bool
dn_keyring_derive(DnKeyring *self, const DnUuid *tenant, const DnUuid *id, const void *salt,
                  size_t salt_size, const void *info, size_t info_size, uint8_t *out,
                  GError **error)
{
    const KeyInfo *key = NULL;
    const DnSecret *secret = NULL;
    uint8_t bytes[DN_KEY_BYTES];

    g_mutex_lock(&self->lock);
    key = g_hash_table_lookup(self->keys, id);
    if (!key)
        fail_missing(self, id, "the key it was sealed with", error);
    else if (!dn_uuid_equal(&key->tenant, tenant) ||
             (key->role != ROLE_PERIOD && key->role != ROLE_LEDGER))
        dn_fail(error, DN_ERROR_CORRUPT, "it was sealed with a key of another tenant");
    else
        secret = secret_of(self, key, error);
    if (secret)
        memcpy(bytes, dn_secret_peek(secret, NULL), sizeof bytes);
    g_mutex_unlock(&self->lock);
    if (!secret)
        return false;
    /* Without the lock: every core derives, and it takes as long as a line is opened in. */
    dn_hkdf(bytes, salt, salt_size, info, info_size, out);
    OPENSSL_cleanse(bytes, sizeof bytes);
    return true;
}

const DnUuid *
dn_keyring_archive(const DnKeyring *self)
{
    return &self->archive;
}

void
dn_keyring_witness(DnKeyring *self, const void *bytes, size_t size, uint8_t out_mac[32])
{
    static const char label[] = "dencho 1 witness";
    uint8_t key[DN_KEY_BYTES];

    g_mutex_lock(&self->lock);
    dn_hkdf(dn_secret_peek(self->master, NULL), self->archive.bytes, DN_UUID_BYTES, label,
            strlen(label), key);
    g_mutex_unlock(&self->lock);
    dn_hmac(key, sizeof key, bytes, size, out_mac);
    OPENSSL_cleanse(key, sizeof key);
}

DnStreamCipher *
dn_keyring_view_cipher(DnKeyring *self, GError **error)
{
    static const char label[] = "dencho 1 view";
    static const DnUuid nobody;
    g_autoptr(DnSecret) key = dn_secret_new(DN_KEY_BYTES, error);
    const KeyInfo *view = NULL;
    const DnSecret *secret = NULL;

    if (!key)
        return NULL;
    g_mutex_lock(&self->lock);
    view = find_current(self, ROLE_VIEW, &nobody, "");
    secret = secret_of(self, view, error);
    if (secret)
        dn_hkdf(dn_secret_peek(secret, NULL), self->archive.bytes, DN_UUID_BYTES, label,
                strlen(label), dn_secret_bytes(key));
    g_mutex_unlock(&self->lock);
    return secret ? dn_stream_cipher_new(g_steal_pointer(&key)) : NULL;
}

/* ---- rotation and destruction ---- */

static bool
rewrap(DnKeyring *self, const DnUuid *id, const DnUuid *parent_id, const DnSecret *parent,
       GError **error)
{
    KeyInfo *info = g_hash_table_lookup(self->keys, id);
    g_autoptr(DnSecret) key = load_secret(self, info, error);
    KeyInfo changed = *info;

    if (!key)
        return false;
    if (dn_uuid_equal(&info->parent, parent_id))
        return true; /* done before an interruption */
    changed.parent = *parent_id;
    if (!write_key_file(self, &changed, key, parent, error))
        return false;
    *info = changed;
    return true;
}

static bool
rotate_master(DnKeyring *self, GError **error)
{
    g_autoptr(GArray) tenants = list_keys(self, ROLE_TENANT, NULL);
    g_autoptr(GArray) views = list_keys(self, ROLE_VIEW, NULL);
    g_autoptr(GArray) auths = list_keys(self, ROLE_AUTH, NULL);

    for (guint i = 0; i < auths->len; i++)
        if (!rewrap(self, &g_array_index(auths, DnUuid, i), &self->fresh_id, self->fresh, error))
            return false;
    for (guint i = 0; i < tenants->len; i++)
        if (!rewrap(self, &g_array_index(tenants, DnUuid, i), &self->fresh_id, self->fresh, error))
            return false;
    /* Last: until then the old master opens the archive, and the rotation can be completed. */
    for (guint i = 0; i < views->len; i++)
        if (!rewrap(self, &g_array_index(views, DnUuid, i), &self->fresh_id, self->fresh, error))
            return false;
    return true;
}

bool
dn_keyring_rotate_master(DnKeyring *self, const DnSecret *fresh, GError **error)
{
    size_t size = 0;
    const uint8_t *bytes = dn_secret_peek(fresh, &size);
    DnSecret *copy = NULL;
    DnUuid fresh_id = master_id(fresh);
    bool done = false;

    if (size != DN_KEY_BYTES)
        return dn_fail(error, DN_ERROR_INVALID, "a master key has %d bytes", DN_KEY_BYTES);
    copy = dn_secret_copy(bytes, size, error);
    if (!copy)
        return false;
    g_mutex_lock(&self->lock);
    if (self->fresh && !dn_uuid_equal(&self->fresh_id, &fresh_id)) {
        dn_fail(error, DN_ERROR_BUSY, "a rotation to another master key is unfinished");
        dn_secret_free(copy);
    } else {
        dn_secret_free(self->fresh);
        self->fresh = copy;
        self->fresh_id = fresh_id;
        done = rotate_master(self, error);
    }
    if (done) {
        dn_secret_free(self->master);
        self->master = g_steal_pointer(&self->fresh);
        self->master_id = fresh_id;
    }
    g_mutex_unlock(&self->lock);
    return done;
}

static bool
rotate_tenant(DnKeyring *self, const DnUuid *tenant, GError **error)
{
    g_autoptr(GArray) old = list_keys(self, ROLE_TENANT, tenant);
    g_autoptr(GArray) ledgers = list_keys(self, ROLE_LEDGER, tenant);
    g_autoptr(GArray) periods = list_keys(self, ROLE_PERIOD, tenant);
    const KeyInfo *current = find_current(self, ROLE_TENANT, tenant, "");
    const DnSecret *cached = NULL;
    g_autoptr(DnSecret) secret = NULL;
    DnUuid fresh_id;

    if (!current)
        return dn_fail(error, DN_ERROR_NOT_FOUND, "there is no key of that tenant");
    if (old->len < 2) /* more than one: an unfinished rotation, which is completed */
        current = make_key(self, ROLE_TENANT, tenant, "", current->generation + 1, &self->master_id,
                           self->master, error);
    cached = current ? secret_of(self, current, error) : NULL;
    if (!cached)
        return false;
    secret = dn_secret_copy(dn_secret_peek(cached, NULL), DN_KEY_BYTES, error);
    if (!secret)
        return false;
    fresh_id = current->id;
    for (guint i = 0; i < ledgers->len; i++)
        if (!rewrap(self, &g_array_index(ledgers, DnUuid, i), &fresh_id, secret, error))
            return false;
    for (guint i = 0; i < periods->len; i++)
        if (!rewrap(self, &g_array_index(periods, DnUuid, i), &fresh_id, secret, error))
            return false;
    for (guint i = 0; i < old->len; i++)
        if (!dn_uuid_equal(&g_array_index(old, DnUuid, i), &fresh_id) &&
            !remove_key(self, &g_array_index(old, DnUuid, i), error))
            return false;
    return dn_fs_sync_dir(self->dir, error);
}

bool
dn_keyring_rotate_tenant(DnKeyring *self, const DnUuid *tenant, GError **error)
{
    bool done = false;

    g_mutex_lock(&self->lock);
    done = rotate_tenant(self, tenant, error);
    index_keys(self);
    g_mutex_unlock(&self->lock);
    return done;
}

static bool
renew_view(DnKeyring *self, GError **error)
{
    static const DnUuid nobody;
    g_autoptr(GArray) old = list_keys(self, ROLE_VIEW, NULL);
    const KeyInfo *current = find_current(self, ROLE_VIEW, &nobody, "");

    if (old->len < 2) /* more than one: an interrupted renewal, which is completed */
        current = make_key(self, ROLE_VIEW, &nobody, "", current->generation + 1, &self->master_id,
                           self->master, error);
    if (!current)
        return false;
    DnUuid fresh = current->id;

    for (guint i = 0; i < old->len; i++)
        if (!dn_uuid_equal(&g_array_index(old, DnUuid, i), &fresh) &&
            !remove_key(self, &g_array_index(old, DnUuid, i), error))
            return false;
    return dn_fs_sync_dir(self->dir, error);
}

bool
dn_keyring_renew_view(DnKeyring *self, GError **error)
{
    bool done = false;

    g_mutex_lock(&self->lock);
    done = renew_view(self, error);
    index_keys(self);
    g_mutex_unlock(&self->lock);
    return done;
}

static bool
remove_keys(DnKeyring *self, Role role, const DnUuid *tenant, const char *period, unsigned *removed,
            GError **error)
{
    g_autoptr(GArray) ids = list_keys(self, role, tenant);

    for (guint i = 0; i < ids->len; i++) {
        const KeyInfo *info = g_hash_table_lookup(self->keys, &g_array_index(ids, DnUuid, i));

        if (period && strcmp(info->period, period) != 0)
            continue;
        if (!remove_key(self, &g_array_index(ids, DnUuid, i), error))
            return false;
        ++*removed;
    }
    return true;
}

static bool
finish_removal(DnKeyring *self, bool done, unsigned removed, GError **error)
{
    index_keys(self);
    if (!done)
        return false;
    /* Also when there is nothing left to remove: the removal before may have failed at its sync,
     * and a key that was destroyed must not come back with the power. */
    if (!dn_fs_sync_dir(self->dir, error))
        return false;
    return removed > 0 || dn_fail(error, DN_ERROR_NOT_FOUND, "there is no such key");
}

bool
dn_keyring_destroy_period(DnKeyring *self, const DnUuid *tenant, const char *period, GError **error)
{
    unsigned removed = 0;
    bool done = false;

    g_mutex_lock(&self->lock);
    done = remove_keys(self, ROLE_PERIOD, tenant, period, &removed, error);
    done = finish_removal(self, done, removed, error);
    g_mutex_unlock(&self->lock);
    return done;
}

bool
dn_keyring_destroy_tenant(DnKeyring *self, const DnUuid *tenant, GError **error)
{
    unsigned removed = 0;
    bool done = false;

    g_mutex_lock(&self->lock);
    /* The tenant key goes first: from then on nothing of the tenant opens. */
    done = remove_keys(self, ROLE_TENANT, tenant, NULL, &removed, error) &&
           remove_keys(self, ROLE_LEDGER, tenant, NULL, &removed, error) &&
           remove_keys(self, ROLE_PERIOD, tenant, NULL, &removed, error);
    done = finish_removal(self, done, removed, error);
    g_mutex_unlock(&self->lock);
    return done;
}

bool
dn_keyring_check(DnKeyring *self, unsigned *out_keys, GError **error)
{
    GHashTableIter it;
    gpointer info = NULL;
    unsigned count = 0;
    bool good = true;

    g_mutex_lock(&self->lock);
    g_hash_table_iter_init(&it, self->keys);
    while (good && g_hash_table_iter_next(&it, NULL, &info)) {
        g_autoptr(DnSecret) key = load_secret(self, info, error);

        good = key != NULL;
        count += good;
    }
    g_mutex_unlock(&self->lock);
    if (good)
        *out_keys = count;
    return good;
}

/* ---- for copies of keys/ ---- */

bool
dn_keyring_authenticate(DnKeyring *self, const char *label, const void *bytes, size_t size,
                        uint8_t *out, GError **error)
{
    bool done = false;

    g_mutex_lock(&self->lock);
    done = authenticate(self, label, bytes, size, out, error);
    g_mutex_unlock(&self->lock);
    return done;
}

static bool
each_file(DnKeyring *self, DnKeyFileVisitor visit, void *user_data, GError **error)
{
    g_autoptr(GPtrArray) names = dn_fs_list(self->dir, error);

    for (guint i = 0; names && i < names->len; i++) {
        const char *name = g_ptr_array_index(names, i);
        g_autofree char *path = g_build_filename(self->dir, name, NULL);
        g_autoptr(GBytes) bytes = NULL;

        if (g_str_has_suffix(name, ".new"))
            continue; /* a replacement that a crash left behind */
        bytes = dn_fs_load_file(path, OTHER_MAX, error);
        if (!bytes || !visit(name, bytes, user_data, error))
            return false;
    }
    return names != NULL;
}

bool
dn_keyring_each_file(DnKeyring *self, DnKeyFileVisitor visit, void *user_data, GError **error)
{
    bool done = false;

    g_mutex_lock(&self->lock);
    done = each_file(self, visit, user_data, error);
    g_mutex_unlock(&self->lock);
    return done;
}

bool
dn_keyring_is_gone(DnKeyring *self, const DnUuid *id, bool *out_gone, GError **error)
{
    bool known = false;

    g_mutex_lock(&self->lock);
    known = is_gone(self, id, out_gone, error);
    g_mutex_unlock(&self->lock);
    return known;
}

typedef struct {
    const DnUuid *tenant;
    DnUuid
        id; /* of the ledger key that a note speaks of: unlike a tenant key it is never replaced */
    bool found;
} TenantNote;

static bool
look_for_tenant(const char *name, GBytes *file, void *user_data, GError **error)
{
    TenantNote *self = user_data;
    const uint8_t *bytes = g_bytes_get_data(file, NULL);

    (void)error;
    if (g_str_has_suffix(name, ".gone") && g_bytes_get_size(file) == GONE_BYTES &&
        bytes[AT_ROLE] == ROLE_LEDGER &&
        memcmp(bytes + AT_TENANT, self->tenant->bytes, DN_UUID_BYTES) == 0) {
        memcpy(self->id.bytes, bytes + AT_ID, DN_UUID_BYTES);
        self->found = true;
    }
    return true;
}

bool
dn_keyring_is_tenant_gone(DnKeyring *self, const DnUuid *tenant, bool *out_gone, GError **error)
{
    TenantNote note = {.tenant = tenant};
    bool done = true;
    bool gone = false;

    g_mutex_lock(&self->lock);
    if (!find_current(self, ROLE_LEDGER, tenant, ""))
        done = each_file(self, look_for_tenant, &note, error) &&
               (!note.found || is_gone(self, &note.id, &gone, error));
    g_mutex_unlock(&self->lock);
    if (done)
        *out_gone = gone;
    return done;
}

/* Under the lock. What a note that passed says: was its tenant key only replaced? */
static bool
was_replaced(DnKeyring *self, const DnUuid *id)
{
    g_autofree char *path = gone_path(self, id);
    g_autoptr(GBytes) note = dn_fs_load_file(path, OTHER_MAX, NULL);
    const uint8_t *bytes = note ? g_bytes_get_data(note, NULL) : NULL;
    DnUuid tenant;

    if (!bytes || g_bytes_get_size(note) != GONE_BYTES || bytes[AT_ROLE] != ROLE_TENANT)
        return false;
    memcpy(tenant.bytes, bytes + AT_TENANT, DN_UUID_BYTES);
    return find_current(self, ROLE_LEDGER, &tenant, "") != NULL;
}

bool
dn_keyring_is_destroyed(DnKeyring *self, const DnUuid *id, bool *out_destroyed, GError **error)
{
    bool gone = false;
    bool done = false;

    g_mutex_lock(&self->lock);
    done = is_gone(self, id, &gone, error);
    if (done)
        *out_destroyed = gone && !was_replaced(self, id);
    g_mutex_unlock(&self->lock);
    return done;
}
