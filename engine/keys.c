/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/keys.c - the master key of an archive: made, checked, changed, given out and got back.
 *
 * A rotation of the master is written down in dencho.conf before its new file is made, and taken
 * from there when the archive is already wrapped under it; in between each key file says which of
 * the two opens it. So it may be interrupted anywhere, and the same call completes it. The ledger
 * says that a key was changed or given out, never what it is.
 */
#include "config.h"
#include "base/fs.h"
#include "base/memory.h"
#include "engine/internal.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ENVELOPE_MOST = 64 << 10, SHEET_MOST = 2048 };

/* --- passphrases --- */

static DnSecret *
ask(const DnPassphrases *passphrases, DnPassphraseKind kind, const char *file, GError **error)
{
    g_autoptr(DnSecret) buffer = NULL;
    size_t size = 0;

    if (!passphrases || !passphrases->ask)
        return dn_fail_null(error, DN_ERROR_DENIED,
                            "%s: a passphrase is needed, and there is nobody to ask", file);
    buffer = dn_secret_new(DN_PASSPHRASE_MOST, error);
    if (!buffer || !passphrases->ask(kind, file, (char *)dn_secret_bytes(buffer),
                                     DN_PASSPHRASE_MOST, &size, passphrases->user_data, error))
        return NULL;
    if (size == 0 && kind == DN_PASSPHRASE_REPEAT)
        return g_steal_pointer(&buffer);
    if (size == 0)
        return dn_fail_null(error, DN_ERROR_INVALID, "%s: the passphrase is empty", file);
    return dn_secret_copy(dn_secret_bytes(buffer), size, error);
}

static DnSecret *
ask_fresh(const DnPassphrases *passphrases, const char *file, GError **error)
{
    g_autoptr(DnSecret) first = ask(passphrases, DN_PASSPHRASE_FRESH, file, error);
    g_autoptr(DnSecret) second = first ? ask(passphrases, DN_PASSPHRASE_REPEAT, file, error) : NULL;
    size_t size = 0;
    size_t again = 0;

    if (!second)
        return NULL;
    const uint8_t *bytes = dn_secret_peek(first, &size);
    const uint8_t *repeated = dn_secret_peek(second, &again);

    if (repeated[0] && (size != again || memcmp(bytes, repeated, size) != 0))
        return dn_fail_null(error, DN_ERROR_INVALID, "the two passphrases differ");
    return g_steal_pointer(&first);
}

/* --- key files --- */

DnSecret *
dn_key_text_open(const DnSecret *text, const char *path, const DnPassphrases *passphrases,
                 GError **error)
{
    g_autoptr(DnSecret) passphrase = NULL;
    DnSecret *master = NULL;

    if (dn_key_text_is_protected(text)) {
        passphrase = ask(passphrases, DN_PASSPHRASE_KEY_FILE, path, error);
        if (!passphrase)
            return NULL;
    }
    master = dn_master_key_parse(text, passphrase, error);
    if (!master)
        dn_fail_in(error, "%s", path);
    return master;
}

DnSecret *
dn_key_file_load(const char *path, const DnPassphrases *passphrases, bool *out_protected,
                 GError **error)
{
    g_autoptr(DnSecret) text = dn_key_text_load(path, error);
    DnSecret *master = text ? dn_key_text_open(text, path, passphrases, error) : NULL;

    if (master && out_protected)
        *out_protected = dn_key_text_is_protected(text);
    return master;
}

/* Of a key of that name that is no more. Left there, it would refuse the new key's archive. */
static bool
drop_witness(const char *path, GError **error)
{
    return dn_fs_unlink(path, error);
}

bool
dn_key_file_make(const DnSecret *master, const char *path, bool protect,
                 const DnPassphrases *passphrases, GError **error)
{
    g_autofree char *witness = g_strconcat(path, ".witness", NULL);
    g_autoptr(DnSecret) passphrase = NULL;

    /* Before a person types, and before the witness goes: it would be that of the key that is
     * there.
     */
    if (g_file_test(path, G_FILE_TEST_EXISTS))
        return dn_fail(error, DN_ERROR_EXISTS, "%s is there; name a new file", path);
    if (!protect)
        return drop_witness(witness, error) && dn_master_key_save(master, path, error);
    passphrase = ask_fresh(passphrases, path, error);
    return passphrase && drop_witness(witness, error) &&
           dn_master_key_save_protected(master, passphrase, NULL, path, error);
}

static json_t *
key_row(const DnSecret *master, const char *path)
{
    g_autofree char *key_id = dn_master_key_id(master);
    json_t *row = json_object();

    dn_json_set_string(row, "key_id", key_id);
    dn_json_set_string(row, "key_file", path);
    return row;
}

/* --- of an archive --- */

json_t *
dn_archive_key_check(DnArchive *self, GError **error)
{
    g_autoptr(DnSecret) master = dn_keyring_master(self->keys, error);
    g_autofree char *keys_dir = g_build_filename(self->dir, "keys", NULL);
    g_autoptr(GArray) tenants = dn_keyring_tenants(self->keys);
    unsigned keys = 0;
    struct stat st;

    if (!master || !dn_keyring_check(self->keys, &keys, error))
        return NULL;
    json_t *row = key_row(master, self->key_file);

    if (self->key_file && stat(self->key_file, &st) == 0) {
        g_autofree char *mode = g_strdup_printf("%04o", (unsigned)st.st_mode & 07777);

        dn_json_set_string(row, "mode", mode);
    }
    dn_json_set_bool(row, "protected", self->key_protected);
    dn_json_set_string(row, "keys_dir", keys_dir);
    dn_json_set_int(row, "keys", keys);
    dn_json_set_int(row, "tenants", tenants->len);
    return row;
}

static bool
save_setting(DnArchive *self, const char *key, const char *value, GError **error)
{
    return dn_settings_set(self->settings, "archive", key, value, error);
}

static bool
save_settings(DnArchive *self, GError **error)
{
    g_autofree char *conf = g_build_filename(self->dir, "dencho.conf", NULL);

    return dn_settings_save(self->settings, conf, error);
}

static bool
use_key_file(DnArchive *self, const char *path, bool protected, GError **error)
{
    if (!save_setting(self, "key-file", path, error) ||
        !save_setting(self, "next-key-file", "", error) || !save_settings(self, error))
        return dn_fail_in(error, "the key is in %s, name it with --key-file", path);
    g_free(self->key_file);
    self->key_file = g_strdup(path);
    self->key_protected = protected;
    self->witnessed = (DnStorePosition){0}; /* beside this key there is none yet */
    return true;
}

static bool
note_key(DnArchive *self, json_t *entry, GError **error)
{
    g_autoptr(json_t) owned = entry;

    return dn_commit(self, &self->tenant, NULL, NULL, 0, owned, error);
}

static json_t *
key_entry(const char *type, const char *role, const char *key_id)
{
    json_t *entry = json_object();

    dn_json_set_string(entry, "type", type);
    dn_json_set_string(entry, "role", role);
    dn_json_set_string(entry, "key_id", key_id);
    return entry;
}

/* The key that the rotation leads to: of @path when an interrupted one left it, else a fresh one
 * that is safe on disk before the first key is wrapped under it. */
static DnSecret *
next_master(DnArchive *self, const char *path, bool *protect, GError **error)
{
    const char *next = dn_settings_string(self->settings, "archive", "next-key-file");
    bool resumes = strcmp(next, path) == 0;
    g_autoptr(DnSecret) fresh = NULL;

    if (resumes && g_file_test(path, G_FILE_TEST_EXISTS)) {
        g_autoptr(GError) problem = NULL;

        fresh = dn_key_file_load(path, &self->passphrases, protect, &problem);
        /* Its making may have been interrupted before its name was durable. */
        if (fresh)
            return dn_fs_settle_file(path, error) ? g_steal_pointer(&fresh) : NULL;
        /* Torn while it was written: no key can be wrapped under it. */
        if (!g_error_matches(problem, DN_ERROR, DN_ERROR_FORMAT) ||
            dn_keyring_is_split(self->keys)) {
            g_propagate_error(error, g_steal_pointer(&problem));
            return NULL;
        }
        if (!dn_fs_unlink(path, error))
            return NULL;
    }
    if (*next && !resumes && g_file_test(next, G_FILE_TEST_EXISTS))
        return dn_fail_null(error, DN_ERROR_BUSY,
                            "a rotation to %s is unfinished: name that file to complete it", next);
    if (g_strcmp0(path, self->key_file) == 0)
        return dn_fail_null(error, DN_ERROR_EXISTS, "%s is the archive's key already", path);
    if (g_file_test(path, G_FILE_TEST_EXISTS))
        return dn_fail_null(error, DN_ERROR_EXISTS, "%s is there; name a new file", path);
    fresh = dn_secret_random(error);
    if (!fresh || !save_setting(self, "next-key-file", path, error) ||
        !save_settings(self, error) ||
        !dn_key_file_make(fresh, path, *protect, &self->passphrases, error))
        return NULL;
    return g_steal_pointer(&fresh);
}

bool
dn_archive_key_rotate(DnArchive *self, const char *new_key_file, bool protect, json_t **out_row,
                      GError **error)
{
    g_autofree char *path = g_canonicalize_filename(new_key_file, NULL);
    bool protected = protect || self->key_protected;
    g_autoptr(DnSecret) fresh = next_master(self, path, &protected, error);

    if (!fresh || !dn_keyring_rotate_master(self->keys, fresh, error))
        return false;
    g_autoptr(json_t) row = key_row(fresh, path);

    /* The entry first: without the mark in the settings nothing would call for it any more. */
    if (!note_key(self, key_entry("key.rotated", "master", dn_json_string(row, "key_id")), error) ||
        !use_key_file(self, path, protected, error))
        return false;
    *out_row = g_steal_pointer(&row);
    return true;
}

bool
dn_archive_key_rotate_tenant(DnArchive *self, json_t **out_row, GError **error)
{
    g_autofree char *tenant = dn_uuid_text(&self->tenant);
    DnUuid key;

    if (!dn_keyring_rotate_tenant(self->keys, &self->tenant, error) ||
        !dn_keyring_tenant_key(self->keys, &self->tenant, &key, error))
        return false;
    g_autofree char *key_id = dn_uuid_text(&key);

    if (!note_key(self, key_entry("key.rotated", "tenant", key_id), error))
        return false;
    *out_row = json_object();
    dn_json_set_string(*out_row, "tenant", tenant);
    dn_json_set_string(*out_row, "key_id", key_id);
    return true;
}

bool
dn_archive_key_protect(DnArchive *self, const char *new_key_file, json_t **out_row, GError **error)
{
    g_autofree char *path = g_canonicalize_filename(new_key_file, NULL);
    g_autoptr(DnSecret) master = dn_keyring_master(self->keys, error);

    if (!master)
        return false;
    if (*dn_settings_string(self->settings, "archive", "next-key-file"))
        return dn_fail(error, DN_ERROR_BUSY, "a rotation is unfinished: complete it first");
    if (!dn_key_file_make(master, path, true, &self->passphrases, error) ||
        !use_key_file(self, path, true, error))
        return false;
    *out_row = key_row(master, path);
    return true;
}

bool
dn_archive_key_recovery(DnArchive *self, int fd, GError **error)
{
    g_autoptr(DnSecret) master = dn_keyring_master(self->keys, error);
    g_autoptr(DnSecret) text = master ? dn_recovery_text(master, error) : NULL;
    size_t size = 0;
    const uint8_t *bytes = NULL;

    if (!text)
        return false;
    g_autofree char *key_id = dn_master_key_id(master);
    json_t *entry = key_entry("key.escrowed", "master", key_id);

    dn_json_set_string(entry, "kind", "paper");
    if (!note_key(self, entry, error))
        return false;
    bytes = dn_secret_peek(text, &size);
    return dn_fs_write_all(fd, bytes, size, error);
}

bool
dn_archive_key_escrow(DnArchive *self, const char *public_pem, const char *envelope_file,
                      json_t **out_row, GError **error)
{
    g_autoptr(DnSecret) master = dn_keyring_master(self->keys, error);
    g_autofree char *recipient = NULL;
    const char *kind = NULL;
    g_autoptr(GBytes) envelope =
        master ? dn_escrow_seal(master, public_pem, &recipient, &kind, error) : NULL;
    gsize size = 0;

    if (!envelope)
        return false;
    const void *bytes = g_bytes_get_data(envelope, &size);
    DnSha256 digest = dn_sha256(bytes, size);
    g_autofree char *sha256 = dn_hex(digest.bytes, sizeof digest.bytes);
    g_autofree char *key_id = dn_master_key_id(master);
    json_t *entry = key_entry("key.escrowed", "master", key_id);

    dn_json_set_string(entry, "kind", kind);
    dn_json_set_string(entry, "recipient", recipient);
    dn_json_set_string(entry, "sha256", sha256);
    /* Noted before it is given out: an envelope that the ledger does not know shall not exist. */
    if (g_file_test(envelope_file, G_FILE_TEST_EXISTS)) {
        json_decref(entry);
        return dn_fail(error, DN_ERROR_EXISTS, "%s is there; name a new file", envelope_file);
    }
    if (!note_key(self, entry, error) ||
        !dn_fs_create_file(envelope_file, bytes, size, 0400, error))
        return false;
    *out_row = json_object();
    dn_json_set_string(*out_row, "file", envelope_file);
    dn_json_set_string(*out_row, "key_id", key_id);
    dn_json_set_string(*out_row, "kind", kind);
    dn_json_set_string(*out_row, "recipient", recipient);
    dn_json_set_string(*out_row, "sha256", sha256);
    return true;
}

/* --- without an archive --- */

static bool
make_of(const DnSecret *master, const DnKeyMake *make, json_t **out_row, GError **error)
{
    if (!dn_key_file_make(master, make->key_file, make->protect, &make->passphrases, error))
        return false;
    *out_row = key_row(master, make->key_file);
    return true;
}

bool
dn_key_restore(int fd, const DnKeyMake *make, json_t **out_row, GError **error)
{
    g_autoptr(DnSecret) text = dn_secret_read_fd(fd, SHEET_MOST, error);
    g_autoptr(DnSecret) master = text ? dn_recovery_parse(text, error) : NULL;

    return master && make_of(master, make, out_row, error);
}

typedef struct {
    const DnKeyMake *make;
    const char *file;
    DnSecret *answer;
    GError *problem;
} PrivateKey;

static const DnSecret *
ask_private(void *user_data)
{
    PrivateKey *key = user_data;

    key->answer = ask(&key->make->passphrases, DN_PASSPHRASE_PRIVATE_KEY, key->file, &key->problem);
    return key->answer;
}

bool
dn_key_recover(const char *envelope_file, const char *private_pem, const DnKeyMake *make,
               json_t **out_row, GError **error)
{
    g_autofree char *bytes = NULL;
    PrivateKey key = {.make = make, .file = private_pem};
    struct stat st;
    gsize size = 0;

    if (stat(envelope_file, &st) != 0)
        return dn_fail_errno(error, "%s", envelope_file);
    if (!S_ISREG(st.st_mode) || st.st_size > ENVELOPE_MOST)
        return dn_fail(error, DN_ERROR_FORMAT, "%s: not an envelope of a master key",
                       envelope_file);
    if (!g_file_get_contents(envelope_file, &bytes, &size, NULL))
        return dn_fail_errno(error, "%s", envelope_file);
    g_autoptr(GBytes) envelope = g_bytes_new(bytes, size);
    g_autoptr(GError) problem = NULL;
    g_autoptr(DnSecret) master = dn_escrow_open(envelope, private_pem, ask_private, &key, &problem);

    dn_secret_free(key.answer);
    if (!master) {
        if (key.problem) { /* why there was no passphrase says more than that it did not fit */
            g_error_free(problem);
            problem = key.problem;
        }
        g_propagate_error(error, g_steal_pointer(&problem));
        return dn_fail_in(error, "%s", envelope_file);
    }
    return make_of(master, make, out_row, error);
}
