/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ocr/structured.c - an e-invoice as a reading, and what becomes of the page it came with.
 *
 * The two parts of a hybrid invoice should say the same. The structured one is taken, because it
 * was not guessed; that the page says otherwise is told, because people pay by the page.
 */
#include "config.h"
#include "base/text.h"
#include "ocr/einvoice.h"
#include "ocr/fields/fields.h"

#include <string.h>

static const double SURE = 0.99;
static const double DOUBTFUL = 0.6;    /* a value that cannot be right, though it is said */
static const double SECONDARY = 0.3;   /* another value of the same kind that the file names */
static const double SEEN_ENOUGH = 0.5; /* what was read of the page counts from here on */
static const char ORIGIN[] = "xml";

/* (transfer full) @text */
static DnCandidate *
offer(DnField *field, char *text, double confidence)
{
    DnCandidate *candidate = dn_candidate_new(NULL, 0, 0);

    candidate->text = text;
    candidate->confidence = confidence;
    candidate->origin = ORIGIN;
    g_ptr_array_add(field->candidates, candidate);
    return candidate;
}

static void
offer_text(DnField *field, const char *text, double confidence)
{
    if (text)
        offer(field, g_strdup(text), confidence);
}

static void
offer_date(DnField *field, const DnDate *date, double confidence)
{
    char text[DN_DATE_TEXT + 1];

    if (date->year == 0)
        return;
    dn_date_format(date, text);
    offer(field, g_strdup(text), confidence);
}

/* A day after the one on which the document came is not the day of a transaction that was. */
static double
trust_in_day(const DnDate *date, const DnReadingProfile *profile)
{
    bool windowed = profile && profile->received.year > 0 && date->year > 0;

    return windowed && dn_date_to_days(date) > dn_date_to_days(&profile->received) + 1 ? DOUBTFUL
                                                                                       : SURE;
}

static void
read_dates(const DnEinvoice *invoice, const DnReadingProfile *profile, DnReading *reading)
{
    const DnDate *days[] = {&invoice->issued, &invoice->delivered, &invoice->period_to};
    bool found = false;

    for (size_t i = 0; i < G_N_ELEMENTS(days); i++) {
        offer_date(&reading->date, days[i], found ? SECONDARY : trust_in_day(days[i], profile));
        found = found || days[i]->year > 0;
    }
    offer_date(&reading->due_date, &invoice->due, SURE);
    dn_field_settle(&reading->date);
}

/* Total with tax; where the file has only what is left to be paid, that. */
static void
read_amount(const DnEinvoice *invoice, DnReading *reading)
{
    const int64_t amounts[] = {invoice->total, invoice->payable};
    bool found = false;

    for (size_t i = 0; i < G_N_ELEMENTS(amounts); i++) {
        if (amounts[i] == INT64_MIN)
            continue;
        DnCandidate *candidate = offer(&reading->amount, NULL, found ? SECONDARY : SURE);

        candidate->number = amounts[i];
        g_strlcpy(candidate->currency, invoice->currency, sizeof candidate->currency);
        found = true;
    }
    dn_field_settle(&reading->amount);
}

DnReading *
dn_einvoice_reading(const DnEinvoice *self, const DnReadingProfile *profile)
{
    DnReading *reading = dn_reading_new_empty();
    const char *number = self->seller.registration_number;

    g_free(reading->kind);
    reading->kind = g_strdup("invoice");
    read_dates(self, profile, reading);
    read_amount(self, reading);
    offer_text(&reading->party, self->seller.name, SURE);
    offer_text(&reading->party, self->seller.trading_name, SECONDARY);
    dn_field_settle(&reading->party);
    offer_text(&reading->registration_number, number,
               number && dn_regnum_check_digit(number + 1) ? SURE : DOUBTFUL);
    offer_text(&reading->number, self->number, SURE);
    g_array_append_vals(reading->taxes, self->taxes->data, self->taxes->len);
    return reading;
}

/* ---- the page beside it ---- */

typedef bool (*Same)(const DnCandidate *, const DnCandidate *);

static bool
same_exactly(const DnCandidate *a, const DnCandidate *b)
{
    return a->number == b->number && g_strcmp0(a->text, b->text) == 0 &&
           strcmp(a->currency, b->currency) == 0;
}

/* 03/11/2017 on the page is two days, and the reader of the page may have taken the other one. */
static bool
same_day(const DnCandidate *a, const DnCandidate *b)
{
    DnDate first = {0};
    DnDate second = {0};

    return dn_date_parse(a->text, &first, NULL) && dn_date_parse(b->text, &second, NULL) &&
           first.year == second.year &&
           ((first.month == second.month && first.day == second.day) ||
            (first.month == second.day && first.day == second.month));
}

static char *
bare_name(const char *name)
{
    char *text = dn_text_nfkc(name);
    char *folded = text ? g_utf8_casefold(text, -1) : g_strdup("");

    g_free(text);
    dn_text_remove_spaces(folded);
    return folded;
}

static bool
same_name(const DnCandidate *a, const DnCandidate *b)
{
    g_autofree char *first = bare_name(a->text);
    g_autofree char *second = bare_name(b->text);

    return strstr(first, second) || strstr(second, first) || dn_names_are_alike(a, b);
}

typedef enum { NOT_SEEN, AGREES, DIFFERS } Agreement;

static Agreement
compare(const DnField *told, const DnField *seen, Same same)
{
    Agreement agreement = NOT_SEEN;
    DnCandidate *best = dn_field_best(told);

    if (!best)
        return NOT_SEEN;
    for (guint i = 0; i < seen->candidates->len; i++) {
        const DnCandidate *one = g_ptr_array_index(seen->candidates, i);

        if (same(best, one)) {
            best->page = one->page; /* a person wants to see where it stands */
            best->box = one->box;
            return AGREES;
        }
        if (one->confidence >= SEEN_ENOUGH)
            agreement = DIFFERS;
    }
    return agreement;
}

/* What was seen follows what was told, and is no more than an alternative to it. */
static void
take(DnField *told, DnField *seen)
{
    double most = dn_field_best(told) ? dn_field_confidence(told) / 2 : 1;

    while (seen->candidates->len > 0) {
        DnCandidate *one = g_ptr_array_steal_index(seen->candidates, 0);

        one->confidence = MIN(one->confidence, most);
        g_ptr_array_add(told->candidates, one);
    }
    dn_field_settle(told);
}

static json_t *
verdict(unsigned compared, const GString *differing)
{
    json_t *check = json_object();
    g_autofree char *figure = NULL;

    if (compared == 0)
        figure = g_strdup("the page shows none of the values");
    else if (differing->len == 0)
        figure = g_strdup_printf("%u of %u values stand on the page too", compared, compared);
    else
        figure =
            g_strdup_printf("of %u values the page shows otherwise: %s", compared, differing->str);
    dn_json_set_string(check, "rule", "XML");
    dn_json_set_string(check, "verdict",
                       compared == 0        ? "unknown"
                       : differing->len > 0 ? "fail"
                                            : "pass");
    dn_json_set_string(check, "figure", figure);
    return check;
}

json_t *
dn_reading_take_seen(DnReading *self, DnReading *seen)
{
    struct {
        const char *name;
        DnField *told;
        DnField *seen;
        Same same;
    } fields[] = {
        {"date", &self->date, &seen->date, same_day},
        {"amount", &self->amount, &seen->amount, same_exactly},
        {"party", &self->party, &seen->party, same_name},
        {"registration_number", &self->registration_number, &seen->registration_number,
         same_exactly},
        {"due_date", &self->due_date, &seen->due_date, same_day},
        {"number", &self->number, &seen->number, same_exactly},
    };
    g_autoptr(GString) differing = g_string_new(NULL);
    unsigned compared = 0;

    for (size_t i = 0; i < G_N_ELEMENTS(fields); i++) {
        Agreement agreement = compare(fields[i].told, fields[i].seen, fields[i].same);

        compared += agreement != NOT_SEEN;
        if (agreement == DIFFERS)
            g_string_append_printf(differing, "%s%s", differing->len ? ", " : "", fields[i].name);
        take(fields[i].told, fields[i].seen);
    }
    if (self->taxes->len == 0)
        g_array_append_vals(self->taxes, seen->taxes->data, seen->taxes->len);
    return verdict(compared, differing);
}
