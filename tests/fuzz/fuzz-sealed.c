/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tests/fuzz/fuzz-sealed.c - sealed blobs and lines: opened whole and unchanged, or refused.
 */
#include "config.h"
#include "fuzz.h"

#include "engine/seal/envelope.h"

#include <string.h>

static const DnUuid archive = {{1}};
static const DnSealName name = {{{2}}, {{3}}, DN_PART_TEXT};

static DnKeyring *
open_keys(void)
{
    static const uint8_t key[DN_KEY_BYTES] = {1};
    g_autofree char *dir = fuzz_path("keys");
    g_autoptr(DnSecret) master = dn_secret_copy(key, sizeof key, NULL);
    DnKeyring *keys = dn_keyring_create(dir, &archive, master, NULL);

    g_assert_nonnull(keys);
    g_assert_true(dn_keyring_add_tenant(keys, &name.tenant, NULL));
    return keys;
}

/* The input says where a well sealed blob is changed: keys are new in every run, so no file can be
 * a sealed blob itself. Its first bytes are the plain text, the others pairs of place and change.
 */
static void
try_changed(DnKeyring *keys, const uint8_t *data, size_t size)
{
    size_t plain_size = size / 2;
    g_autoptr(GBytes) plain = g_bytes_new(data, plain_size);
    g_autoptr(GBytes) sealed = dn_seal_blob(keys, &name, "2026", plain, NULL, NULL);
    g_autoptr(GByteArray) changed = g_byte_array_new();

    g_assert_nonnull(sealed);
    g_byte_array_append(changed, g_bytes_get_data(sealed, NULL), (guint)g_bytes_get_size(sealed));
    for (size_t i = plain_size; i + 1 < size; i += 2)
        changed->data[data[i] % changed->len] ^= data[i + 1];
    if (size > 0 && data[size - 1] % 4 == 0)
        g_byte_array_set_size(changed, changed->len - data[size - 1] % (changed->len + 1));
    g_autoptr(GBytes) bytes = g_bytes_new(changed->data, changed->len);
    g_autoptr(GBytes) opened = dn_unseal_blob(keys, &name, bytes, NULL);

    if (opened)
        g_assert_true(g_bytes_equal(bytes, sealed) && g_bytes_equal(opened, plain));
    else
        g_assert_false(g_bytes_equal(bytes, sealed));
}

/* The input says how long the whole is, its first bytes are the header. */
static void
try_header(DnKeyring *keys, const uint8_t *data, size_t size)
{
    uint8_t header[DN_SEALED_HEADER] = {'d', 'n', 'b', 'l'};
    uint64_t sealed_bytes = 0;

    for (size_t i = 0; i < size; i++)
        sealed_bytes = sealed_bytes << 8 | data[i];
    memcpy(header + 4, data, MIN(size, sizeof header - 4));
    g_autoptr(DnUnsealer) unsealer = dn_unsealer_new(keys, &name, header, sealed_bytes, NULL);

    g_assert_null(unsealer); /* no key has that id */
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static DnKeyring *keys;
    g_autoptr(GBytes) bytes = g_bytes_new(data, size);

    if (!keys)
        keys = open_keys();
    g_autoptr(GBytes) blob = dn_unseal_blob(keys, &name, bytes, NULL);
    g_autofree char *line = dn_unseal_line(keys, &name.tenant, size, bytes, NULL);

    g_assert_true(!blob && !line);
    try_header(keys, data, size);
    try_changed(keys, data, size);
    return 0;
}
