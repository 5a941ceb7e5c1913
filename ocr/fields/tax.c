/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ocr/fields/tax.c - the taxes block: base and tax of each rate.
 *
 * Printed as "10%対象 ¥1,000" with "(内消費税等 ¥90)" on the line or on the next, as a row of a
 * table, or as "外税8% ¥181". Whether the base holds the tax is decided by the arithmetic where
 * both are printed, else by the words.
 */
#include "config.h"
#include "ocr/fields/fields.h"
#include "base/money.h"

#include <string.h>

typedef enum { BASE, TAX, INCLUDED, EXCLUDED } Meaning;

static const DnLabel labels[] = {
    {"対象", BASE, 1},         {"対象額", BASE, 1},       {"対象計", BASE, 1},
    {"税抜", EXCLUDED, 1},     {"税抜対象", EXCLUDED, 1}, {"対価", BASE, 1},
    {"課税", BASE, 1},         {"小計", BASE, 1},         {"税込", INCLUDED, 1},
    {"税込対象", INCLUDED, 1}, {"内税対象", INCLUDED, 1}, {"外税対象", EXCLUDED, 1},
    {"消費税", TAX, 1},        {"消費税等", TAX, 1},      {"内消費税", TAX, 1},
    {"内消費税等", TAX, 1},    {"税額", TAX, 1},          {"内税", TAX, 1},
    {"内税額", TAX, 1},        {"外税", TAX, 1},          {"外税額", TAX, 1},
    {"消費税額", TAX, 1},      {"netto", EXCLUDED, 1},    {"net", EXCLUDED, 1},
    {"mwst", TAX, 1},          {"ust", TAX, 1},           {"vat", TAX, 1},
    {"gst", TAX, 1},           {"btw", TAX, 1},           {"tax", TAX, 1},
    {"tva", TAX, 1},           {"課税対象", BASE, 1},     {"対象消費税", TAX, 1},
};

static const int known_yen[] = {100, 80};
static const int known_others[] = {190, 70, 210, 90, 200, 55, 60, 100, 50};

static bool
rate_of(const DnFieldText *text, const DnNumber *number, int *out_permille)
{
    bool yen = strcmp(text->currency, "JPY") == 0;
    const int *known = yen ? known_yen : known_others;
    size_t count = yen ? G_N_ELEMENTS(known_yen) : G_N_ELEMENTS(known_others);
    int64_t unit = 1;

    if (!number->percent)
        return false;
    for (int i = dn_money_scale(text->currency); i > 0; i--)
        unit *= 10;
    for (size_t i = 0; i < count; i++)
        if (number->minor * 10 == known[i] * unit) {
            *out_permille = known[i];
            return true;
        }
    return false;
}

static DnTaxLine *
tax_line_of(GArray *taxes, int rate_permille)
{
    for (guint i = 0; i < taxes->len; i++) {
        DnTaxLine *line = &g_array_index(taxes, DnTaxLine, i);

        if (line->rate_permille == rate_permille)
            return line;
    }
    DnTaxLine line = {rate_permille, INT64_MIN, INT64_MIN, false};

    g_array_append_val(taxes, line);
    return &g_array_index(taxes, DnTaxLine, taxes->len - 1);
}

static void
set_amount(DnTaxLine *tax, Meaning meaning, int64_t minor)
{
    if (meaning == TAX) {
        if (tax->tax == INT64_MIN)
            tax->tax = minor;
        return;
    }
    if (tax->base == INT64_MIN) {
        tax->base = minor;
        tax->base_includes_tax = meaning == INCLUDED;
    }
}

static void
read_line(const DnFieldText *text, const DnFieldLine *line, GArray *taxes, int *rate)
{
    size_t scope = 0;
    Meaning meaning = BASE;
    unsigned amounts = 0;
    bool labelled = false;

    for (guint i = 0; i < line->numbers->len; i++) {
        const DnNumber *number = &g_array_index(line->numbers, DnNumber, i);
        g_autoptr(GArray) hits =
            dn_labels_find(line, scope, number->from, labels, G_N_ELEMENTS(labels));

        for (guint h = 0; h < hits->len; h++) {
            meaning = (Meaning)g_array_index(hits, DnLabelHit, h).label->meaning;
            labelled = true;
        }
        scope = number->to;
        if (rate_of(text, number, rate)) {
            amounts = 0;
            /* 10%対象: what follows the rate names it. */
            g_autoptr(GArray) after =
                dn_labels_find(line, number->to, line->plain_size, labels, G_N_ELEMENTS(labels));

            labelled = labelled || after->len > 0;
            continue;
        }
        if (*rate == 0 || !labelled || number->percent || number->counted ||
            (!dn_number_is_money(number) && dn_money_scale(text->currency) > 0))
            continue;
        if (hits->len == 0 && amounts == 1)
            meaning = TAX; /* the next column */
        set_amount(tax_line_of(taxes, *rate), meaning, number->minor);
        amounts++;
    }
    if (!labelled)
        *rate = 0;
}

GArray *
dn_read_taxes(const DnFieldText *text)
{
    GArray *taxes = g_array_new(FALSE, FALSE, sizeof(DnTaxLine));
    int rate = 0; /* of the line before: its tax may stand alone on the next one */

    for (guint i = 0; i < text->lines->len; i++)
        read_line(text, dn_field_text_line(text, i), taxes, &rate);
    for (guint i = taxes->len; i > 0; i--) {
        DnTaxLine *tax = &g_array_index(taxes, DnTaxLine, i - 1);

        if (tax->base == INT64_MIN && tax->tax == INT64_MIN) {
            g_array_remove_index(taxes, i - 1);
            continue;
        }
        if (tax->base == INT64_MIN || tax->tax == INT64_MIN)
            continue;
        double base = (double)tax->base;
        double inside = base * tax->rate_permille / (1000 + tax->rate_permille);
        double outside = base * tax->rate_permille / 1000;

        if (tax->tax >= inside - 1 && tax->tax <= inside + 1)
            tax->base_includes_tax = true;
        else if (tax->tax >= outside - 1 && tax->tax <= outside + 1)
            tax->base_includes_tax = false;
    }
    return taxes;
}
