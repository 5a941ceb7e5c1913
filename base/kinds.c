/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * base/kinds.c - the table of kinds.
 */
#include "config.h"
#include "base/kinds.h"

#include <string.h>

const char dn_kind_names[] =
    "receipt, invoice, delivery_note, quotation, order, contract, statement, other";

static const DnKind table[] = {
#define DN_KIND(name, important, amount, cash, credit) {name, important, amount, cash, credit},
#include "base/kinds.def"
#undef DN_KIND
};

const DnKind *
dn_kind_find(const char *name)
{
    for (size_t i = 0; name && i < G_N_ELEMENTS(table); i++)
        if (strcmp(table[i].name, name) == 0)
            return &table[i];
    return NULL;
}

const DnKind *
dn_kind(const char *name)
{
    const DnKind *kind = dn_kind_find(name);

    return kind ? kind : &table[G_N_ELEMENTS(table) - 1];
}
