/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/seal/seal-internal.h - what the files of this folder share: the three
 * primitives by OpenSSL, and derivation inside the keyring. Nobody else includes it.
 *
 * An unwrapped key never leaves the keyring: callers get keys derived from it, each for one
 * sealing, on their stack, and wipe them.
 */
#ifndef ENGINE_SEAL_SEAL_INTERNAL_H
#define ENGINE_SEAL_SEAL_INTERNAL_H

#include "engine/seal/keyring.h"

G_BEGIN_DECLS

enum { DN_GCM_NONCE_BYTES = 12, DN_GCM_TAG_BYTES = 16, DN_SALT_BYTES = 16, DN_PERIOD_MAX = 16 };

/** From the operating system; never fails. */
void dn_random_bytes(void *bytes, size_t size);

/** HKDF-SHA256 (RFC 5869) of a DN_KEY_BYTES key: @out has DN_KEY_BYTES. */
void dn_hkdf(const uint8_t *key, const void *salt, size_t salt_size, const void *info,
             size_t info_size, uint8_t *out);

/** HMAC-SHA256 (RFC 2104): @out has 32 bytes. */
void dn_hmac(const uint8_t *key, size_t key_size, const void *bytes, size_t size, uint8_t *out);

/** AES-256-GCM under one key for many nonces: what is made of the key is made once. One thread at a
 * time. It holds the expanded key; free it when the work is done. */
typedef struct DnGcm DnGcm;
DnGcm *dn_gcm_new(const uint8_t *key, bool sealing);
void dn_gcm_free(DnGcm *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DnGcm, dn_gcm_free)

/** @out has @size + DN_GCM_TAG_BYTES, the tag last. @size is at most 2^30. */
void dn_gcm_seal(DnGcm *self, const uint8_t *nonce, const void *bound, size_t bound_size,
                 const uint8_t *plain, size_t size, uint8_t *out);

/** @size counts the tag. False when it does not open; @out then holds nothing of use. */
bool dn_gcm_open(DnGcm *self, const uint8_t *nonce, const void *bound, size_t bound_size,
                 const uint8_t *sealed, size_t size, uint8_t *out);

/** The same for a key that serves once. */
void dn_gcm_seal_once(const uint8_t *key, const uint8_t *nonce, const void *bound,
                      size_t bound_size, const uint8_t *plain, size_t size, uint8_t *out);
bool dn_gcm_open_once(const uint8_t *key, const uint8_t *nonce, const void *bound,
                      size_t bound_size, const uint8_t *sealed, size_t size, uint8_t *out);

/** @key: (transfer full). */
DnStreamCipher *dn_stream_cipher_new(DnSecret *key);

const DnUuid *dn_keyring_archive(const DnKeyring *self);

/** The id of the key that seals under @period now; made, durably, when there is none. INVALID for a
 * period that is not 1 to 16 of [0-9A-Za-z-]. */
bool dn_keyring_period_key(DnKeyring *self, const DnUuid *tenant, const char *period,
                           DnUuid *out_id, GError **error);
bool dn_keyring_ledger_key(DnKeyring *self, const DnUuid *tenant, DnUuid *out_id, GError **error);

/** HKDF with key @id of @tenant. NOT_FOUND when that key has been destroyed. */
bool dn_keyring_derive(DnKeyring *self, const DnUuid *tenant, const DnUuid *id, const void *salt,
                       size_t salt_size, const void *info, size_t info_size, uint8_t *out,
                       GError **error);

G_END_DECLS
#endif
