/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/seal/crypto.c - HKDF, HMAC and AES-256-GCM by OpenSSL 3.
 *
 * With keys and sizes that this folder chooses itself these calls fail only when the library is
 * broken or memory is out; going on would mean storing plain text, so the process ends there. The
 * one failure that is data, a tag that does not fit, is a return value.
 */
#include "config.h"
#include "engine/seal/seal-internal.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <string.h>

typedef struct {
    EVP_CIPHER *gcm;
    EVP_KDF *hkdf;
} Algorithms;

/* Fetched once for the process: a fetch for each call costs more than sealing a line. */
static const Algorithms *
algorithms(void)
{
    static Algorithms once;
    static gsize ready;

    if (g_once_init_enter(&ready)) {
        once.gcm = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
        once.hkdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
        if (!once.gcm || !once.hkdf)
            g_error("OpenSSL lacks AES-256-GCM or HKDF");
        g_once_init_leave(&ready, 1);
    }
    return &once;
}

void
dn_hkdf(const uint8_t *key, const void *salt, size_t salt_size, const void *info, size_t info_size,
        uint8_t *out)
{
    EVP_KDF_CTX *context = EVP_KDF_CTX_new(algorithms()->hkdf);
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)"SHA256", 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)(uintptr_t)key, DN_KEY_BYTES),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, (void *)(uintptr_t)salt, salt_size),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, (void *)(uintptr_t)info, info_size),
        OSSL_PARAM_construct_end(),
    };

    if (!context || EVP_KDF_derive(context, out, DN_KEY_BYTES, params) != 1)
        g_error("HKDF failed");
    EVP_KDF_CTX_free(context);
}

void
dn_hmac(const uint8_t *key, size_t key_size, const void *bytes, size_t size, uint8_t *out)
{
    unsigned length = 0;

    if (!HMAC(EVP_sha256(), key, (int)key_size, bytes, size, out, &length))
        g_error("HMAC failed");
}

void
dn_gcm_seal(const uint8_t *key, const uint8_t *nonce, const void *bound, size_t bound_size,
            const uint8_t *plain, size_t size, uint8_t *out)
{
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    int length = 0;

    g_assert(size <= (1u << 30));
    if (!context || EVP_EncryptInit_ex2(context, algorithms()->gcm, key, nonce, NULL) != 1 ||
        EVP_EncryptUpdate(context, NULL, &length, bound, (int)bound_size) != 1 ||
        (size > 0 && EVP_EncryptUpdate(context, out, &length, plain, (int)size) != 1) ||
        EVP_EncryptFinal_ex(context, out + size, &length) != 1 ||
        EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, DN_GCM_TAG_BYTES, out + size) != 1)
        g_error("AES-256-GCM failed");
    EVP_CIPHER_CTX_free(context);
}

bool
dn_gcm_open(const uint8_t *key, const uint8_t *nonce, const void *bound, size_t bound_size,
            const uint8_t *sealed, size_t size, uint8_t *out)
{
    EVP_CIPHER_CTX *context = NULL;
    uint8_t tag[DN_GCM_TAG_BYTES];
    uint8_t none[DN_GCM_TAG_BYTES];
    int length = 0;
    bool opened = false;

    if (size < DN_GCM_TAG_BYTES || size > (1u << 30))
        return false;
    size -= DN_GCM_TAG_BYTES;
    memcpy(tag, sealed + size, sizeof tag);
    context = EVP_CIPHER_CTX_new();
    if (!context || EVP_DecryptInit_ex2(context, algorithms()->gcm, key, nonce, NULL) != 1 ||
        EVP_DecryptUpdate(context, NULL, &length, bound, (int)bound_size) != 1 ||
        (size > 0 && EVP_DecryptUpdate(context, out, &length, sealed, (int)size) != 1) ||
        EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, DN_GCM_TAG_BYTES, tag) != 1)
        g_error("AES-256-GCM failed");
    opened = EVP_DecryptFinal_ex(context, none, &length) == 1;
    EVP_CIPHER_CTX_free(context);
    if (!opened)
        OPENSSL_cleanse(out, size); /* plain text that nothing vouches for */
    return opened;
}
