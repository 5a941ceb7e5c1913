/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/seal/keyring.h - the keys of one archive, each wrapped by the one above it.
 *
 *   master key --wraps--> view key, authentication key
 *              --wraps--> tenant key --wraps--> ledger key
 *                                    --wraps--> period key (one a tenant and fiscal year)
 *   key of one sealed blob = HKDF(period key, fresh salt, archive, tenant, blob id, part)
 *   key of one sealed line = HKDF(ledger key, fresh salt, archive, tenant, seq)
 *
 * All wrapped keys are random. Each is one file in keys/, named by its key id; its associated data
 * binds archive, tenant, role, period and the wrapping key's id, so that a file put in another's
 * place does not open. Rotating the master re-wraps the view and tenant keys and touches no blob.
 * Destroying a period's file shreds that period's blobs, once the copies of keys/ in backups have
 * gone too.
 *
 * Threads: all calls may come from any thread. A child process made by fork() has no keys: it must
 * exec. Errors: DENIED (the master key is another one), CORRUPT (a key file fails its check, or is
 * missing and was not destroyed), NOT_FOUND (no such tenant, or its key has been destroyed), LIMIT
 * (memory cannot be locked), IO.
 */
#ifndef ENGINE_SEAL_KEYRING_H
#define ENGINE_SEAL_KEYRING_H

#include "base/uuid.h"
#include "engine/seal/master-key.h"

G_BEGIN_DECLS

typedef struct DnKeyring DnKeyring;

/** Makes the folder @dir (keys/) for a new archive. EXISTS when it holds keys already. */
DnKeyring *dn_keyring_create(const char *dir, const DnUuid *archive, const DnSecret *master,
                             GError **error);
DnKeyring *dn_keyring_open(const char *dir, const DnUuid *archive, const DnSecret *master,
                           GError **error);
void dn_keyring_free(DnKeyring *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DnKeyring, dn_keyring_free)

/** Makes a tenant's keys, durably. EXISTS. Interrupted, it can be called again. */
bool dn_keyring_add_tenant(DnKeyring *self, const DnUuid *tenant, GError **error);

/** Hands over @other, under which some keys are wrapped since a rotation was interrupted: they open
 * from then on, and dn_keyring_rotate_master() to it completes. DENIED when no key is. */
bool dn_keyring_add_master(DnKeyring *self, const DnSecret *other, GError **error);

/** Whether some key is wrapped by a master key that this keyring has not got. */
bool dn_keyring_is_split(DnKeyring *self);

/** (transfer full) The master key, or NULL with LIMIT. */
DnSecret *dn_keyring_master(DnKeyring *self, GError **error);

/** Whether the keys are there that open @tenant's ledger. */
bool dn_keyring_has_tenant(DnKeyring *self, const DnUuid *tenant);

/** (transfer full) array of DnUuid: tenants that have a key. */
GArray *dn_keyring_tenants(DnKeyring *self);

/** Re-wraps the view key and every tenant key under @fresh. Interrupted at any point, each key file
 * opens under the old or the new master; opening with the old one and calling it again completes.
 * The caller makes @fresh durable first. */
bool dn_keyring_rotate_master(DnKeyring *self, const DnSecret *fresh, GError **error);

/** Makes a fresh tenant key, re-wraps that tenant's ledger and period keys under it, then removes
 * the old one. Interrupted, the tenant stays usable; calling it again completes. */
bool dn_keyring_rotate_tenant(DnKeyring *self, const DnUuid *tenant, GError **error);

/** Removes the key of @period: its blobs never open again (NOT_FOUND from then on). A later sealing
 * under the same period makes a new key. NOT_FOUND when there is none. */
bool dn_keyring_destroy_period(DnKeyring *self, const DnUuid *tenant, const char *period,
                               GError **error);

/** Removes all keys of @tenant, its own first; interrupted, calling it again completes. */
bool dn_keyring_destroy_tenant(DnKeyring *self, const DnUuid *tenant, GError **error);

/** Makes a fresh view key and removes the old one: what was written under it opens no more. Take
 * the view away first. Interrupted, calling it again completes. */
bool dn_keyring_renew_view(DnKeyring *self, GError **error);

/** *@out_id: the id of the tenant key that wraps @tenant's keys now. NOT_FOUND. */
bool dn_keyring_tenant_key(DnKeyring *self, const DnUuid *tenant, DnUuid *out_id, GError **error);
/** A key that was removed leaves "ID.gone" in keys/, written before the key goes: whom it served
 * and an authenticator, no part of the key. So a copy of keys/ can be told to let go of it, and a
 * key that is merely lost is not taken for one that was destroyed. CORRUPT when such a file is not
 * of this archive's making. */
bool dn_keyring_is_gone(DnKeyring *self, const DnUuid *id, bool *out_gone, GError **error);

/** The same, but not for a tenant key that a fresh one has replaced: older copies of keys/ need it
 * to open what it wraps, and it opens nothing that was destroyed. */
bool dn_keyring_is_destroyed(DnKeyring *self, const DnUuid *id, bool *out_destroyed,
                             GError **error);

/** Whether @tenant has no key because it was destroyed, as a note tells. */
bool dn_keyring_is_tenant_gone(DnKeyring *self, const DnUuid *tenant, bool *out_gone,
                               GError **error);

/** Visits the bytes of every file of keys/ as they stand at one moment: no rotation or destruction
 * comes in between. @name is lent. */
typedef bool (*DnKeyFileVisitor)(const char *name, GBytes *bytes, void *user_data, GError **error);
bool dn_keyring_each_file(DnKeyring *self, DnKeyFileVisitor visit, void *user_data, GError **error);

/** HMAC-SHA256 of @bytes under a key that is derived for @label from the archive's key for such
 * purposes, which is made when an older archive has none and stays the same through every rotation.
 * @out has DN_SHA256_BYTES. */
bool dn_keyring_authenticate(DnKeyring *self, const char *label, const void *bytes, size_t size,
                             uint8_t *out, GError **error);

/** Opens every key file once, past all caches; the number that opened. CORRUPT names the file. */
bool dn_keyring_check(DnKeyring *self, unsigned *out_keys, GError **error);

/** HMAC-SHA256 of @bytes under a key that is derived from the master key for the witness. */
void dn_keyring_witness(DnKeyring *self, const void *bytes, size_t size, uint8_t out_mac[32]);

typedef struct DnStreamCipher DnStreamCipher;

/** The cipher of the view's files (AES-256-CTR). */
DnStreamCipher *dn_keyring_view_cipher(DnKeyring *self, GError **error);

/** XORs @size bytes at byte @offset of the key stream that @nonce names. Thread-safe. @self: a
 * DnStreamCipher; void so that it can be handed to the index as a plain function. */
void dn_stream_cipher_apply(void *self, const uint8_t nonce[16], uint64_t offset, uint8_t *bytes,
                            size_t size);
void dn_stream_cipher_free(DnStreamCipher *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DnStreamCipher, dn_stream_cipher_free)

G_END_DECLS
#endif
