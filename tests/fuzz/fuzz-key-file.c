/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tests/fuzz/fuzz-key-file.c - a master key file, and a wrapped key in the folder of keys.
 */
#include "config.h"
#include "fuzz.h"

#include "engine/seal/keyring.h"

/* That of samples/vectors/1, whose key files are seeds. */
static const DnUuid archive = {{0x01, 0x93, 0x2b, 0x5e, 0x7c, 0x1a, 0x7d, 0xef, 0x81, 0x23, 0x45,
                                0x67, 0x89, 0xab, 0xcd, 0xef}};

static void
try_master(const uint8_t *data, size_t size)
{
    int fd = fuzz_descriptor(data, size);
    g_autoptr(DnSecret) master = dn_master_key_read_fd(fd, NULL);
    size_t bytes = 0;

    close(fd);
    if (!master)
        return;
    g_autofree char *id = dn_master_key_id(master);

    dn_secret_peek(master, &bytes);
    g_assert_cmpuint(bytes, ==, DN_KEY_BYTES);
    g_assert_cmpuint(strlen(id), ==, 16);
}

static void
try_wrapped(const uint8_t *data, size_t size)
{
    static const uint8_t key[DN_KEY_BYTES] = {1};
    g_autofree char *dir = fuzz_path("keys");
    g_autoptr(DnSecret) master = dn_secret_copy(key, sizeof key, NULL);
    unsigned count = 0;

    g_assert_cmpint(g_mkdir_with_parents(dir, 0700), ==, 0);
    g_autofree char *path G_GNUC_UNUSED =
        fuzz_file("keys/01a20efe-c23f-74f4-9fd4-03ca543f9a49.key", data, size);
    g_autoptr(DnKeyring) keys = dn_keyring_open(dir, &archive, master, NULL);

    if (keys) {
        g_autoptr(GArray) tenants G_GNUC_UNUSED = dn_keyring_tenants(keys);

        dn_keyring_check(keys, &count, NULL);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    try_master(data, size);
    try_wrapped(data, size);
    return 0;
}
