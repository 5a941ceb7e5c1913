/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tests/unit/engine/apply.h - dn_voucher_apply() for tests that think in JSON.
 */
#ifndef TESTS_UNIT_ENGINE_APPLY_H
#define TESTS_UNIT_ENGINE_APPLY_H

#include "base/json.h"
#include "engine/voucher.h"

/* (transfer full) */
static inline json_t *
apply(const json_t *state, const json_t *entry, GError **error)
{
    g_autoptr(DnArena) arena = dn_arena_new();
    const DnValue *before = state ? dn_json_value(arena, state, error) : NULL;
    const DnValue *one = dn_json_value(arena, entry, error);
    const DnValue *after = one ? dn_voucher_apply(arena, before, one, error) : NULL;
    g_autofree char *text = after ? dn_value_dup_text(after) : NULL;

    return text ? dn_json_parse(text, strlen(text), error) : NULL;
}

#endif
