/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * base/money.h - amounts as signed integers of a currency's smallest unit.
 *
 * JPY has no minor unit, so 10,800 yen is 10800; 27.00 EUR is 2700 (ISO 4217). Pure.
 */
#ifndef BASE_MONEY_H
#define BASE_MONEY_H

#include "base/error.h"
#include <stdint.h>

G_BEGIN_DECLS

/** How many decimals ISO 4217 gives @currency ("JPY": 0, "EUR": 2, "KWD": 3); -1 when it does not
 * look like a currency code. Unknown codes of three capitals count as 2. */
int dn_money_scale(const char *currency);

/** Whether documents in this currency are mostly written in letters with umlauts or accents. */
bool dn_money_is_of_accents(const char *currency);

/** Smallest unit of @minor written with a dot and no grouping: 10800 JPY "10800", 2700 EUR "27.00".
 * (transfer full) */
char *dn_money_format(int64_t minor, const char *currency);

/** For people: "10,800", "27.00". (transfer full) */
char *dn_money_format_grouped(int64_t minor, const char *currency);

/**
 * Reads an amount as a person types it: 10800, 10,800, ¥10,800, 10,800円, -500, ▲500, 27.00,
 * full-width too. Decimals beyond the currency's are refused, as is a separator that does not part
 * thousands. Up to 15 digits, those of the smallest unit counted. INVALID with an example of a
 * right form.
 */
bool dn_money_parse(const char *text, const char *currency, int64_t *out_minor, GError **error);

G_END_DECLS
#endif
