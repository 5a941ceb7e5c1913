/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tests/fuzz/fuzz-zip.c - the container of an audit capsule.
 */
#include "config.h"
#include "fuzz.h"

#include "engine/capsule/zip.h"

enum { READ_MOST = 1 << 20 };

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *path = fuzz_file("capsule.zip", data, size);
    g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(DnZipReader) reader = dn_zip_open(path, problems, NULL);

    for (unsigned i = 0; reader && i < dn_zip_count(reader); i++) {
        const DnZipFile *file = dn_zip_file(reader, i);
        g_autoptr(GBytes) bytes = dn_zip_read(reader, file, READ_MOST, NULL);

        g_assert_true(file->offset <= size && file->size <= size - file->offset);
        g_assert_nonnull(dn_zip_find(reader, file->name));
        if (bytes)
            g_assert_cmpuint(g_bytes_get_size(bytes), ==, file->size);
    }
    return 0;
}
