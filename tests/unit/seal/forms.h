/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tests/unit/seal/forms.h - blobs sealed in any form that docs/format.md knows.
 *
 * The program seals in one form only and opens all. What older programs left is made here, from the
 * document and OpenSSL; only the keys come from the keyring.
 */
#ifndef TESTS_UNIT_SEAL_FORMS_H
#define TESTS_UNIT_SEAL_FORMS_H

#include "engine/seal/envelope.h"
#include "engine/seal/seal-internal.h"

#include <openssl/evp.h>
#include <string.h>

static inline void
form_seal_chunk(const uint8_t key[32], uint64_t index, bool last, const uint8_t *bound,
                const uint8_t *plain, size_t size, uint8_t *out)
{
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    uint8_t nonce[12] = {[11] = last};
    int length = 0;

    for (int i = 0; i < 4; i++)
        nonce[7 + i] = (uint8_t)(index >> (24 - 8 * i));
    g_assert_true(EVP_EncryptInit_ex(context, EVP_aes_256_gcm(), NULL, key, nonce) == 1 &&
                  EVP_EncryptUpdate(context, NULL, &length, bound, 88) == 1 &&
                  (size == 0 || EVP_EncryptUpdate(context, out, &length, plain, (int)size) == 1) &&
                  EVP_EncryptFinal_ex(context, out + size, &length) == 1 &&
                  EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, 16, out + size) == 1);
    EVP_CIPHER_CTX_free(context);
}

/** (transfer full) @plain sealed in format @version, in chunks of 2^@chunk_log2 bytes. */
static inline GBytes *
form_seal(DnKeyring *keys, const DnSealName *name, const char *period, GBytes *plain,
          uint8_t version, uint8_t chunk_log2)
{
    size_t size = 0;
    const uint8_t *bytes = g_bytes_get_data(plain, &size);
    size_t chunk = (size_t)1 << chunk_log2;
    g_autoptr(GByteArray) sealed = g_byte_array_new();
    g_autofree uint8_t *out = g_malloc(chunk + 16);
    uint8_t bound[88] = {'d', 'n', 'b', 'l', version, (uint8_t)name->part, chunk_log2};
    uint8_t key[32];
    uint64_t index = 0;
    DnUuid id;

    g_assert_true(dn_keyring_period_key(keys, &name->tenant, period, &id, NULL));
    memcpy(bound + 8, id.bytes, 16);
    dn_random_bytes(bound + 24, 16);
    memcpy(bound + 40, dn_keyring_archive(keys)->bytes, 16);
    memcpy(bound + 56, name->tenant.bytes, 16);
    memcpy(bound + 72, name->blob.bytes, 16);
    g_assert_true(
        dn_keyring_derive(keys, &name->tenant, &id, bound + 24, 16, bound, 88, key, NULL));
    g_byte_array_append(sealed, bound, 40);
    do {
        size_t piece = MIN(size, chunk);

        form_seal_chunk(key, index++, piece == size, bound, bytes, piece, out);
        g_byte_array_append(sealed, out, (guint)piece + 16);
        bytes += piece;
        size -= piece;
    } while (size > 0);
    return g_byte_array_free_to_bytes(g_steal_pointer(&sealed));
}

#endif
