/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * index/party.h - what a search for a counterparty compares; dn_party_fold() is in index/query.h.
 * Pure.
 */
#ifndef INDEX_PARTY_H
#define INDEX_PARTY_H

#include "base/error.h"

G_BEGIN_DECLS

/** (transfer full) "T" and 13 digits when @text is a registration number, however it was typed
 * (width, case, spaces, hyphens); NULL when it is not. */
char *dn_party_number(const char *text);

G_END_DECLS
#endif
