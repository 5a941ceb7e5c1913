/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/seal/escrow.h - the master key enveloped to somebody's public key, so that who holds the
 * private part can give it back when it is lost.
 *
 *   RSA (a certificate or a bare key of 2048 bits or more): CMS AuthEnvelopedData with RSA-OAEP and
 *   AES-256-GCM, whose content is a master key file: `openssl cms -decrypt -inform DER` opens it
 *   X25519: 132 bytes of our own (docs/format.md), because OpenSSL 3.0 has no CMS for that curve
 *
 * Threads: any. Errors: FORMAT, UNSUPPORTED (another kind of key), INVALID (a weak one), DENIED
 * (the private key is another one), IO.
 */
#ifndef ENGINE_SEAL_ESCROW_H
#define ENGINE_SEAL_ESCROW_H

#include "engine/seal/master-key.h"

G_BEGIN_DECLS

/** (transfer full) The envelope of @master to the certificate or public key in the PEM file
 * @public_pem. *@out_recipient (transfer full): SHA-256 of its SubjectPublicKeyInfo in
 * hexadecimal. *@out_kind: "rsa" or "x25519", static. */
GBytes *dn_escrow_seal(const DnSecret *master, const char *public_pem, char **out_recipient,
                       const char **out_kind, GError **error);

/** Lends the passphrase of a private key; called at most once, and only when it has one. */
typedef const DnSecret *(*DnEscrowPassphrase)(void *user_data);

/** The master key in @envelope, by the private key in the PEM file @private_pem. */
DnSecret *dn_escrow_open(GBytes *envelope, const char *private_pem, DnEscrowPassphrase ask,
                         void *user_data, GError **error);

G_END_DECLS
#endif
