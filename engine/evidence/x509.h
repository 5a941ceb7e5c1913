/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/evidence/x509.h - what every certificate, chain and digest is held to here, whoever asks:
 * time stamps, revocations, the trust list.
 *
 * Threads: any.
 */
#ifndef ENGINE_EVIDENCE_X509_H
#define ENGINE_EVIDENCE_X509_H

#include <glib.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>
#include <stdbool.h>
#include <stdint.h>

G_BEGIN_DECLS

typedef STACK_OF(X509) X509Stack;
typedef STACK_OF(X509_CRL) CrlStack;

static inline void
dn_x509_stack_free(X509Stack *self)
{
    sk_X509_pop_free(self, X509_free);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(BIO, BIO_free_all)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(X509, X509_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(X509_CRL, X509_CRL_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(X509_STORE, X509_STORE_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(X509_STORE_CTX, X509_STORE_CTX_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(X509Stack, dn_x509_stack_free)

/** False for SHA-1, MD5 and what is unknown (NULL): they no longer prove anything. */
bool dn_x509_digest_holds(const EVP_MD *md);

/** A chain as of @at_utc_ms: at most 8 certificates, 112 bits of security (RSA 2048, P-224,
 * SHA-224). What is trusted need not be self-signed: the trust list is the root. */
void dn_x509_set_rules(X509_VERIFY_PARAM *param, int64_t at_utc_ms);

/** Milliseconds of UTC; @otherwise for what is no time, or NULL. */
int64_t dn_x509_utc_ms(const ASN1_TIME *time, int64_t otherwise);

/** A pem_password_cb: certificates and lists are never encrypted, and nobody is asked. */
int dn_x509_refuse_passphrase(char *buffer, int size, int for_writing, void *user_data);

G_END_DECLS
#endif
