/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * base/digest.c - SHA-256 by OpenSSL.
 */
#include "config.h"
#include "base/digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <string.h>

struct DnDigest {
    EVP_MD_CTX *context;
};

/* Fetched once for the process: a fetch for each call costs more than hashing a line. */
static const EVP_MD *
sha256(void)
{
    static EVP_MD *once;
    static gsize ready;

    if (g_once_init_enter(&ready)) {
        once = EVP_MD_fetch(NULL, "SHA256", NULL);
        if (!once)
            g_error("SHA-256 is not available");
        g_once_init_leave(&ready, 1);
    }
    return once;
}

DnSha256
dn_sha256(const void *bytes, size_t size)
{
    DnSha256 digest;
    unsigned length = 0;

    if (EVP_Digest(size ? bytes : "", size, digest.bytes, &length, sha256(), NULL) != 1)
        g_error("SHA-256 is not available");
    return digest;
}

DnSha256
dn_sha256_bytes(GBytes *bytes)
{
    size_t size = 0;
    const void *data = g_bytes_get_data(bytes, &size);

    return dn_sha256(data, size);
}

DnDigest *
dn_digest_new(void)
{
    DnDigest *self = g_new0(DnDigest, 1);

    self->context = EVP_MD_CTX_new();
    if (!self->context || EVP_DigestInit_ex(self->context, sha256(), NULL) != 1)
        g_error("SHA-256 is not available");
    return self;
}

void
dn_digest_add(DnDigest *self, const void *bytes, size_t size)
{
    if (size > 0 && EVP_DigestUpdate(self->context, bytes, size) != 1)
        g_error("SHA-256 failed");
}

DnSha256
dn_digest_finish(DnDigest *self)
{
    DnSha256 digest;
    unsigned length = 0;

    if (EVP_DigestFinal_ex(self->context, digest.bytes, &length) != 1 ||
        EVP_DigestInit_ex(self->context, sha256(), NULL) != 1)
        g_error("SHA-256 failed");
    return digest;
}

void
dn_digest_free(DnDigest *self)
{
    if (!self)
        return;
    EVP_MD_CTX_free(self->context);
    g_free(self);
}

bool
dn_sha256_equal(const DnSha256 *a, const DnSha256 *b)
{
    return CRYPTO_memcmp(a->bytes, b->bytes, DN_SHA256_BYTES) == 0;
}

char *
dn_hex(const void *bytes, size_t size)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *in = bytes;
    char *text = g_malloc(2 * size + 1);

    for (size_t i = 0; i < size; i++) {
        text[2 * i] = digits[in[i] >> 4];
        text[2 * i + 1] = digits[in[i] & 15];
    }
    text[2 * size] = '\0';
    return text;
}

/* Of a hexadecimal digit, without asking which kind it is: digits are as good as random, so that a
 * branch on them is guessed wrongly every other time. */
static unsigned
digit_value(char c)
{
    return ((unsigned)c & 15) + ((unsigned)c >> 6) * 9;
}

bool
dn_unhex(const char *text, void *bytes, size_t size, GError **error)
{
    uint8_t *out = bytes;

    if (!text || strlen(text) != 2 * size)
        return dn_fail(error, DN_ERROR_FORMAT, "want %zu hexadecimal digits", 2 * size);
    for (size_t i = 0; i < 2 * size; i++)
        if (!g_ascii_isxdigit(text[i]))
            return dn_fail(error, DN_ERROR_FORMAT, "digit %zu is not hexadecimal", i + 1);
    for (size_t i = 0; i < size; i++)
        out[i] = (uint8_t)(digit_value(text[2 * i]) << 4 | digit_value(text[2 * i + 1]));
    return true;
}
