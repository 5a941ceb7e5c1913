/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cli/value.c - ranges, amounts, words from a list.
 */
#include "config.h"
#include "cli/value.h"
#include "base/text.h"
#include "base/money.h"

#include <string.h>

const char *const dn_typed_names[] = {"date",   "amount", "party",   "kind",   "received", "label",
                                      "origin", "paper",  "channel", "device", "back",     NULL};

/* Parts "A..B" into its ends; "" is an open one. A single value is both. */
static bool
split_range(const char *text, char **out_from, char **out_to, GError **error)
{
    const char *dots = strstr(text, "..");

    if (text[0] == '\0' || strcmp(text, "..") == 0)
        return dn_fail(error, DN_ERROR_INVALID,
                       "a range needs an end: write A..B, A.., ..B or one value");
    *out_from = dots ? g_strndup(text, (size_t)(dots - text)) : g_strdup(text);
    *out_to = g_strdup(dots ? dots + 2 : text);
    g_strstrip(*out_from);
    g_strstrip(*out_to);
    return true;
}

bool
dn_value_date_range(const char *text, DnDateRange *out, GError **error)
{
    g_autofree char *from = NULL;
    g_autofree char *to = NULL;
    DnDateRange range = {0};

    if (!split_range(text, &from, &to, error))
        return false;
    range.has_from = from[0] != '\0';
    range.has_to = to[0] != '\0';
    if ((range.has_from && !dn_date_parse(from, &range.from, error)) ||
        (range.has_to && !dn_date_parse(to, &range.to, error)))
        return false;
    if (range.has_from && range.has_to && dn_date_compare(&range.from, &range.to) > 0)
        return dn_fail(error, DN_ERROR_INVALID,
                       "the range ends before it begins: write 2026-04-01..2026-04-30");
    *out = range;
    return true;
}

/* The currency that stands behind an amount, or NULL. */
static const char *
code_of(const char *amount)
{
    size_t size = strlen(amount);
    const char *code = size > DN_CURRENCY_TEXT ? amount + size - DN_CURRENCY_TEXT : "";

    return dn_money_scale(code) >= 0 ? code : NULL;
}

bool
dn_value_amount_range(const char *text, bool may_name, char *currency, DnAmountRange *out,
                      GError **error)
{
    g_autofree char *from = NULL;
    g_autofree char *to = NULL;
    DnAmountRange range = {0};
    const char *code = NULL;

    if (!split_range(text, &from, &to, error))
        return false;
    range.has_from = from[0] != '\0';
    range.has_to = to[0] != '\0';
    code = code_of(range.has_to ? to : from);
    if (may_name && code)
        g_strlcpy(currency, code, DN_CURRENCY_TEXT + 1);
    if ((range.has_from && !dn_money_parse(from, currency, &range.from, error)) ||
        (range.has_to && !dn_money_parse(to, currency, &range.to, error)))
        return false;
    if (range.has_from && range.has_to && range.from > range.to)
        return dn_fail(error, DN_ERROR_INVALID,
                       "the range ends below its begin: write 10,000..20,000");
    *out = range;
    return true;
}

bool
dn_value_amount(const char *text, const char *currency, int64_t *out_minor, char *out_currency,
                GError **error)
{
    g_autofree char *plain = g_strstrip(g_strdup(text));
    const char *code = code_of(plain);

    if (code)
        currency = code;
    if (!dn_money_parse(plain, currency, out_minor, error))
        return false;
    g_strlcpy(out_currency, currency, DN_CURRENCY_TEXT + 1);
    return true;
}

bool
dn_value_time(const char *text, int64_t *out_utc_ms, GError **error)
{
    static const int64_t day_ms = INT64_C(24) * 3600 * 1000;
    static const int64_t japan_ms = INT64_C(9) * 3600 * 1000;
    g_autoptr(GTimeZone) local = g_time_zone_new_local();
    g_autofree char *seconds =
        g_strconcat(text, strlen(text) == strlen("2026-11-24 09:30") ? ":00" : "", NULL);
    g_autoptr(GDateTime) time = g_date_time_new_from_iso8601(seconds, local);
    DnDate day;

    if (time) {
        *out_utc_ms = g_date_time_to_unix(time) * 1000 + g_date_time_get_microsecond(time) / 1000;
        return true;
    }
    if (!dn_date_parse(text, &day, NULL))
        return dn_fail(error, DN_ERROR_INVALID,
                       "'%s' is no time: write 2026-11-24T09:30:00+09:00, 2026-11-24 09:30 or "
                       "2026-11-24",
                       text);
    *out_utc_ms = ((int64_t)dn_date_to_days(&day) + 1) * day_ms - japan_ms - 1;
    return true;
}

bool
dn_value_pick(int generation, const char *at_text, int64_t *at, DnBackupPick *out_pick,
              GError **error)
{
    if (generation < 0 || (generation > 0 && at_text))
        return dn_fail(error, DN_ERROR_INVALID,
                       "write --generation 3 as --list shows it, or --at 2026-11-24");
    if (at_text && !dn_value_time(at_text, at, error))
        return dn_fail_in(error, "--at");
    *out_pick =
        (DnBackupPick){.generation = (unsigned)generation, .at_utc_ms = at_text ? at : NULL};
    return true;
}

bool
dn_value_choice(const char *what, const char *text, const char *choices, GError **error)
{
    g_auto(GStrv) words = g_strsplit(choices, "|", -1);

    if (!text || g_strv_contains((const char *const *)words, text))
        return true;
    g_autofree char *list = g_strjoinv(", ", words);

    return dn_fail(error, DN_ERROR_INVALID, "%s '%s' is unknown: write one of %s", what, text,
                   list);
}

const char *
dn_value_nearest(const char *word, const char *const *words)
{
    /* A word that shares less than about two thirds of its letters is no slip of the pen. */
    size_t least = MAX(2, strlen(word) / 3) + 1;
    const char *best = NULL;

    for (; *words; words++) {
        size_t distance = dn_text_distance(word, *words);

        if (distance < least) {
            least = distance;
            best = *words;
        }
    }
    return best;
}

static void
add_labels(DnTyped *self, const char *text)
{
    g_autoptr(GStrvBuilder) all = g_strv_builder_new();
    g_auto(GStrv) words = g_strsplit(text, ";", -1);

    if (self->labels)
        g_strv_builder_addv(all, (const char **)self->labels);
    for (char **word = words; *word; word++)
        if (*g_strstrip(*word))
            g_strv_builder_add(all, *word);
    g_strfreev(self->labels);
    self->labels = g_strv_builder_end(all);
}

static void
replace_text(char **slot, const char *text)
{
    g_free(*slot);
    *slot = g_strdup(text);
}

bool
dn_typed_set(DnTyped *self, const char *name, const char *text, const char *currency,
             GError **error)
{
    bool good = true;

    if (!text || !*text)
        return true;
    if (strcmp(name, "date") == 0)
        self->has_date = good = dn_date_parse(text, &self->date, error);
    else if (strcmp(name, "received") == 0)
        self->has_received = good = dn_date_parse(text, &self->received, error);
    else if (strcmp(name, "amount") == 0)
        self->has_amount = good =
            dn_value_amount(text, currency, &self->amount, self->currency, error);
    else if (strcmp(name, "party") == 0)
        replace_text(&self->party, text);
    else if (strcmp(name, "kind") == 0)
        replace_text(&self->kind, text);
    else if (strcmp(name, "label") == 0)
        add_labels(self, text);
    else if (strcmp(name, "paper") == 0)
        replace_text(&self->paper, text);
    else if (strcmp(name, "channel") == 0)
        replace_text(&self->channel, text);
    else if (strcmp(name, "device") == 0)
        replace_text(&self->device, text);
    else if (strcmp(name, "back") == 0)
        replace_text(&self->back, text);
    else if ((good = dn_value_choice("origin", text, "scan|electronic|printout", error)))
        replace_text(&self->origin, text);
    return good || dn_fail_in(error, "%s", name);
}

bool
dn_typed_correction(DnTyped *self, const char *date, const char *amount, const char *currency,
                    DnCorrection *out, GError **error)
{
    if (!dn_typed_set(self, "date", date, NULL, error) ||
        !dn_typed_set(self, "amount", amount, currency, error))
        return false;
    out->date = self->has_date ? &self->date : NULL;
    out->amount = self->has_amount ? &self->amount : NULL;
    out->currency = self->has_amount ? self->currency : NULL;
    return true;
}

DnTyped *
dn_typed_copy(const DnTyped *self)
{
    DnTyped *copy = g_new(DnTyped, 1);

    *copy = *self;
    copy->origin = g_strdup(self->origin);
    copy->channel = g_strdup(self->channel);
    copy->kind = g_strdup(self->kind);
    copy->paper = g_strdup(self->paper);
    copy->device = g_strdup(self->device);
    copy->back = g_strdup(self->back);
    copy->party = g_strdup(self->party);
    copy->labels = g_strdupv(self->labels);
    return copy;
}

void
dn_typed_fill(const DnTyped *self, DnIngest *out)
{
    out->origin = self->origin;
    out->channel = self->channel;
    out->kind = self->kind;
    out->paper = self->paper;
    out->device = self->device;
    out->back = self->back;
    out->party = self->party;
    out->date = self->has_date ? &self->date : NULL;
    out->received = self->has_received ? &self->received : NULL;
    out->amount = self->has_amount ? &self->amount : NULL;
    out->currency = self->has_amount ? self->currency : NULL;
    out->labels = (const char *const *)self->labels;
}

void
dn_typed_clear(DnTyped *self)
{
    g_free(self->origin);
    g_free(self->channel);
    g_free(self->kind);
    g_free(self->paper);
    g_free(self->device);
    g_free(self->back);
    g_free(self->party);
    g_strfreev(self->labels);
    *self = (DnTyped){0};
}

void
dn_typed_free(DnTyped *self)
{
    if (!self)
        return;
    dn_typed_clear(self);
    g_free(self);
}
