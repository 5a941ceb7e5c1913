/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tests/fuzz/fuzz-json.c - JSON: refused, or written and read again as the same.
 */
#include "config.h"
#include "fuzz.h"

#include "base/json.h"
#include "worker/protocol.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GBytes) bytes = g_bytes_new(data, size);
    g_autoptr(json_t) value = dn_json_parse(size ? (const char *)data : "", size, NULL);
    DnJob job;

    g_autoptr(DnArena) arena = dn_arena_new();
    const DnValue *read = dn_value_read(arena, size ? (const char *)data : "", size, NULL);
    g_autofree char *written = read ? dn_value_dup_text(read) : NULL;

    dn_job_parse(bytes, &job, NULL);
    if (!value) {
        g_assert_null(read);
        return 0;
    }
    g_autofree char *canonical = dn_json_canonical(value, NULL);
    g_autofree char *line G_GNUC_UNUSED = dn_json_line(value);

    /* What is canonical is read in one pass, and nothing else is. */
    g_assert_true((read != NULL) ==
                  (canonical && strlen(canonical) == size && memcmp(canonical, data, size) == 0));
    g_assert_true(!read || strcmp(written, canonical) == 0);
    if (!canonical)
        return 0;
    g_autoptr(json_t) again = dn_json_parse(canonical, strlen(canonical), NULL);
    g_autofree char *twice = again ? dn_json_canonical(again, NULL) : NULL;

    g_assert_cmpstr(twice, ==, canonical);
    g_assert_true(json_equal(value, again));
    return 0;
}
