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

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

typedef struct {
    EVP_CIPHER *gcm;
    EVP_MD *sha256;
} Algorithms;

/* Fetched once for the process: a fetch for each call costs more than sealing a line. */
static const Algorithms *
algorithms(void)
{
    static Algorithms once;
    static gsize ready;

    if (g_once_init_enter(&ready)) {
        once.gcm = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
        once.sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
        if (!once.gcm || !once.sha256)
            g_error("OpenSSL lacks AES-256-GCM or SHA-256");
        g_once_init_leave(&ready, 1);
    }
    return &once;
}

enum { HMAC_BLOCK = 64, HMAC_BYTES = 32 };

/* Half of an HMAC: the digest of the key, each byte of it changed by @pad, and what follows. */
static void
hmac_half(EVP_MD_CTX *context, const uint8_t *key, size_t key_size, uint8_t pad, const void *bytes,
          size_t size, const void *more, size_t more_size, uint8_t *out)
{
    uint8_t block[HMAC_BLOCK];

    for (size_t i = 0; i < HMAC_BLOCK; i++)
        block[i] = (uint8_t)((i < key_size ? key[i] : 0) ^ pad);
    if (EVP_DigestInit_ex2(context, algorithms()->sha256, NULL) != 1 ||
        EVP_DigestUpdate(context, block, sizeof block) != 1 ||
        EVP_DigestUpdate(context, bytes, size) != 1 ||
        EVP_DigestUpdate(context, more, more_size) != 1 ||
        EVP_DigestFinal_ex(context, out, NULL) != 1)
        g_error("HMAC failed");
    OPENSSL_cleanse(block, sizeof block);
}

/* RFC 2104 on a context that serves several in turn. Each line and blob has a key of its own, and
 * OpenSSL's HMAC takes ten times as long to be set up as the few blocks take to be hashed. */
static void
hmac_of(EVP_MD_CTX *context, const uint8_t *key, size_t key_size, const void *bytes, size_t size,
        const void *more, size_t more_size, uint8_t *out)
{
    uint8_t inner[HMAC_BYTES];

    g_assert(key_size <= HMAC_BLOCK);
    hmac_half(context, key, key_size, 0x36, bytes, size, more, more_size, inner);
    hmac_half(context, key, key_size, 0x5c, inner, sizeof inner, "", 0, out);
    OPENSSL_cleanse(inner, sizeof inner);
}

/* RFC 5869 for an output of one digest: extract, then the first block of expand. */
void
dn_hkdf(const uint8_t *key, const void *salt, size_t salt_size, const void *info, size_t info_size,
        uint8_t *out)
{
    static const uint8_t first_block = 1;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    uint8_t extracted[DN_KEY_BYTES];

    if (!context)
        g_error("HMAC failed");
    hmac_of(context, salt, salt_size, key, DN_KEY_BYTES, "", 0, extracted);
    hmac_of(context, extracted, sizeof extracted, info, info_size, &first_block, 1, out);
    OPENSSL_cleanse(extracted, sizeof extracted);
    EVP_MD_CTX_free(context); /* wipes its state */
}

void
dn_hmac(const uint8_t *key, size_t key_size, const void *bytes, size_t size, uint8_t *out)
{
    unsigned length = 0;

    if (!HMAC(EVP_sha256(), key, (int)key_size, bytes, size, out, &length))
        g_error("HMAC failed");
}

struct DnGcm {
    EVP_CIPHER_CTX *context;
};

DnGcm *
dn_gcm_new(const uint8_t *key, bool sealing)
{
    DnGcm *self = g_new0(DnGcm, 1);

    self->context = EVP_CIPHER_CTX_new();
    if (!self->context ||
        (sealing ? EVP_EncryptInit_ex2(self->context, algorithms()->gcm, key, NULL, NULL)
                 : EVP_DecryptInit_ex2(self->context, algorithms()->gcm, key, NULL, NULL)) != 1)
        g_error("AES-256-GCM failed");
    return self;
}

void
dn_gcm_free(DnGcm *self)
{
    if (!self)
        return;
    EVP_CIPHER_CTX_free(self->context); /* wipes what it made of the key */
    g_free(self);
}

void
dn_gcm_seal(DnGcm *self, const uint8_t *nonce, const void *bound, size_t bound_size,
            const uint8_t *plain, size_t size, uint8_t *out)
{
    EVP_CIPHER_CTX *context = self->context;
    int length = 0;

    g_assert(size <= (1u << 30));
    if (EVP_EncryptInit_ex2(context, NULL, NULL, nonce, NULL) != 1 ||
        EVP_EncryptUpdate(context, NULL, &length, bound, (int)bound_size) != 1 ||
        (size > 0 && EVP_EncryptUpdate(context, out, &length, plain, (int)size) != 1) ||
        EVP_EncryptFinal_ex(context, out + size, &length) != 1 ||
        EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, DN_GCM_TAG_BYTES, out + size) != 1)
        g_error("AES-256-GCM failed");
}

bool
dn_gcm_open(DnGcm *self, const uint8_t *nonce, const void *bound, size_t bound_size,
            const uint8_t *sealed, size_t size, uint8_t *out)
{
    EVP_CIPHER_CTX *context = self->context;
    uint8_t tag[DN_GCM_TAG_BYTES];
    uint8_t none[DN_GCM_TAG_BYTES];
    int length = 0;

    if (size < DN_GCM_TAG_BYTES || size > (1u << 30))
        return false;
    size -= DN_GCM_TAG_BYTES;
    memcpy(tag, sealed + size, sizeof tag);
    if (EVP_DecryptInit_ex2(context, NULL, NULL, nonce, NULL) != 1 ||
        EVP_DecryptUpdate(context, NULL, &length, bound, (int)bound_size) != 1 ||
        (size > 0 && EVP_DecryptUpdate(context, out, &length, sealed, (int)size) != 1) ||
        EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, DN_GCM_TAG_BYTES, tag) != 1)
        g_error("AES-256-GCM failed");
    if (EVP_DecryptFinal_ex(context, none, &length) == 1)
        return true;
    OPENSSL_cleanse(out, size); /* plain text that nothing vouches for */
    return false;
}

void
dn_gcm_seal_once(const uint8_t *key, const uint8_t *nonce, const void *bound, size_t bound_size,
                 const uint8_t *plain, size_t size, uint8_t *out)
{
    g_autoptr(DnGcm) gcm = dn_gcm_new(key, true);

    dn_gcm_seal(gcm, nonce, bound, bound_size, plain, size, out);
}

bool
dn_gcm_open_once(const uint8_t *key, const uint8_t *nonce, const void *bound, size_t bound_size,
                 const uint8_t *sealed, size_t size, uint8_t *out)
{
    g_autoptr(DnGcm) gcm = dn_gcm_new(key, false);

    return dn_gcm_open(gcm, nonce, bound, bound_size, sealed, size, out);
}
