/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cli/filter.c - options to a DnSearch.
 */
#include "config.h"
#include "cli/filter.h"
#include "base/money.h"

bool
dn_filter_read(const DnFilter *self, const char *currency, DnFilterTerms *out, GError **error)
{
    *out = (DnFilterTerms){0};
    if (self->date && !dn_value_date_range(self->date, &out->dates, error))
        return dn_fail_in(error, "--date");
    if (self->currency && dn_money_scale(self->currency) < 0)
        return dn_fail(error, DN_ERROR_INVALID, "--currency %s: write its three letters, as in JPY",
                       self->currency);
    g_strlcpy(out->currency, self->currency ? self->currency : currency, sizeof out->currency);
    if (self->amount &&
        !dn_value_amount_range(self->amount, !self->currency, out->currency, &out->amounts, error))
        return dn_fail_in(error, "--amount");
    if (!dn_value_choice("--party-match", self->party_match, "contained|prefix|exact", error) ||
        !dn_value_choice("--missing", self->missing, "date|amount|party", error) ||
        !dn_value_choice("--deleted", self->deleted, "include|only", error))
        return false;
    out->search = (DnSearch){
        .date_from = out->dates.has_from ? &out->dates.from : NULL,
        .date_to = out->dates.has_to ? &out->dates.to : NULL,
        .amount_from = out->amounts.has_from ? &out->amounts.from : NULL,
        .amount_to = out->amounts.has_to ? &out->amounts.to : NULL,
        .currency = self->amount || self->currency ? out->currency : NULL,
        .party = self->party,
        .party_match = self->party_match,
        .text = self->text,
        .kind = self->kind,
        .label = self->label,
        .book_ref = self->book_ref,
        .missing = self->missing,
        .deleted = self->deleted,
    };
    return true;
}
