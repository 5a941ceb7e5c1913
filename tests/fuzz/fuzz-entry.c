/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tests/fuzz/fuzz-entry.c - a line of a ledger: refused, or the canonical form of itself.
 */
#include "config.h"
#include "fuzz.h"

#include "engine/ledger/ledger.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const DnUuid tenant = {{1, 2, 3}};
    g_autofree char *line = g_strndup((const char *)data, size);
    DnLedgerHead first = {0};
    g_autoptr(json_t) entry = dn_entry_check(line, &tenant, &first, NULL);
    g_autofree char *again = entry ? dn_json_canonical(entry, NULL) : NULL;

    if (entry) {
        g_assert_cmpstr(again, ==, line);
        g_assert_cmpuint(first.seq, ==, 1);
    }
    return 0;
}
