/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tests/fuzz/fuzz-settings.c - a dencho.conf that was edited by hand.
 */
#include "config.h"
#include "fuzz.h"

#include "base/settings.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *path = fuzz_file("dencho.conf", data, size);
    g_autofree char *copy = fuzz_path("saved.conf");
    g_autoptr(DnSettings) settings = dn_settings_load(path, NULL);

    if (!settings)
        return 0;
    g_assert_true(dn_settings_save(settings, copy, NULL));
    g_autoptr(GError) error = NULL;
    g_autoptr(DnSettings) again = dn_settings_load(copy, &error);
    DnLimits limits = dn_settings_limits(settings);

    g_assert_no_error(error);
    DnLimits same = dn_settings_limits(again);

    g_assert_cmpuint(limits.max_pages, ==, same.max_pages);
    return 0;
}
