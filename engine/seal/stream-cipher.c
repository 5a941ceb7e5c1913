/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/seal/stream-cipher.c - AES-256-CTR at any offset, for the files of the view.
 *
 * The counter block of byte n is nonce + n / 16, as one 128-bit big-endian number. It hides, it
 * does not authenticate: the view is checked against the log, never trusted. Each nonce must be
 * random and must serve one file.
 */
#include "config.h"
#include "engine/seal/seal-internal.h"

#include <openssl/evp.h>
#include <string.h>

enum { BLOCK = 16, PIECE = 1 << 30, POOL_MAX = 16 };

struct DnStreamCipher {
    GMutex lock;
    EVP_CIPHER *cipher;
    EVP_CIPHER_CTX *idle[POOL_MAX]; /* keyed: a new offset then costs no key schedule */
    unsigned idle_count;
    DnSecret *key;
};

DnStreamCipher *
dn_stream_cipher_new(DnSecret *key)
{
    DnStreamCipher *self = g_new0(DnStreamCipher, 1);

    g_mutex_init(&self->lock);
    self->cipher = EVP_CIPHER_fetch(NULL, "AES-256-CTR", NULL);
    if (!self->cipher)
        g_error("OpenSSL lacks AES-256-CTR");
    self->key = key;
    return self;
}

void
dn_stream_cipher_free(DnStreamCipher *self)
{
    if (!self)
        return;
    for (unsigned i = 0; i < self->idle_count; i++)
        EVP_CIPHER_CTX_free(self->idle[i]);
    EVP_CIPHER_free(self->cipher);
    dn_secret_free(self->key);
    g_mutex_clear(&self->lock);
    g_free(self);
}

static EVP_CIPHER_CTX *
take_context(DnStreamCipher *self)
{
    EVP_CIPHER_CTX *context = NULL;

    g_mutex_lock(&self->lock);
    if (self->idle_count > 0)
        context = self->idle[--self->idle_count];
    g_mutex_unlock(&self->lock);
    if (context)
        return context;
    context = EVP_CIPHER_CTX_new();
    if (!context || EVP_EncryptInit_ex2(context, self->cipher, dn_secret_peek(self->key, NULL),
                                        NULL, NULL) != 1)
        g_error("AES-256-CTR failed");
    return context;
}

static void
give_back(DnStreamCipher *self, EVP_CIPHER_CTX *context)
{
    g_mutex_lock(&self->lock);
    if (self->idle_count < POOL_MAX) {
        self->idle[self->idle_count++] = context;
        context = NULL;
    }
    g_mutex_unlock(&self->lock);
    EVP_CIPHER_CTX_free(context);
}

static void
counter_block(const uint8_t nonce[16], uint64_t block, uint8_t out[BLOCK])
{
    unsigned carry = 0;

    for (int i = BLOCK - 1; i >= 0; i--) {
        unsigned sum = nonce[i] + (unsigned)(block & 0xff) + carry;

        out[i] = (uint8_t)sum;
        carry = sum >> 8;
        block >>= 8;
    }
}

void
dn_stream_cipher_apply(void *cipher, const uint8_t nonce[16], uint64_t offset, uint8_t *bytes,
                       size_t size)
{
    DnStreamCipher *self = cipher;
    EVP_CIPHER_CTX *context = take_context(self);
    uint8_t iv[BLOCK];
    uint8_t skipped[BLOCK] = {0};
    int length = 0;

    counter_block(nonce, offset / BLOCK, iv);
    if (EVP_EncryptInit_ex2(context, NULL, NULL, iv, NULL) != 1 ||
        (offset % BLOCK > 0 &&
         EVP_EncryptUpdate(context, skipped, &length, skipped, (int)(offset % BLOCK)) != 1))
        g_error("AES-256-CTR failed");
    while (size > 0) {
        size_t piece = MIN(size, (size_t)PIECE);

        if (EVP_EncryptUpdate(context, bytes, &length, bytes, (int)piece) != 1)
            g_error("AES-256-CTR failed");
        bytes += piece;
        size -= piece;
    }
    give_back(self, context);
}
