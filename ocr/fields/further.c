/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ocr/fields/further.c - what helps to know a document again: its own number, and the issuer's
 * telephone.
 *
 * Both are taken only where something says what they are: a label, or for a telephone the form that
 * such numbers have in Japan. A fax is none, nor is a number under which the buyer files.
 */
#include "config.h"
#include "ocr/fields/fields.h"

#include <string.h>

enum {
    NUMBER_LEAST = 3,
    NUMBER_MOST = 24,
    JAPANESE_LEAST = 10,
    JAPANESE_MOST = 11,
    DIGITS_LEAST = 8,
    DIGITS_MOST = 13,
    REGISTRATION_DIGITS = 13
};

static const double LABELLED = 0.93;
static const double BY_FORM = 0.75;
static const double SEEN_MOST = 0.9; /* of pixels: no second sign confirms it */

typedef enum { OWN, OTHER } Meaning;

static const DnLabel number_labels[] = {
    {"請求書番号", OWN, 1.0},    {"請求番号", OWN, 1.0},      {"請求書no", OWN, 1.0},
    {"伝票番号", OWN, 1.0},      {"伝票no", OWN, 1.0},        {"領収書番号", OWN, 1.0},
    {"領収書no", OWN, 1.0},      {"領収番号", OWN, 1.0},      {"領収証番号", OWN, 1.0},
    {"レシート番号", OWN, 1.0},  {"レシートno", OWN, 1.0},    {"納品書番号", OWN, 1.0},
    {"納品番号", OWN, 1.0},      {"見積番号", OWN, 1.0},      {"見積書番号", OWN, 1.0},
    {"取引番号", OWN, 0.9},      {"管理番号", OWN, 0.8},      {"invoiceno", OWN, 1.0},
    {"invoiceno.", OWN, 1.0},    {"invoicenumber", OWN, 1.0}, {"invoice#", OWN, 1.0},
    {"billno", OWN, 1.0},        {"receiptno", OWN, 1.0},     {"receipt#", OWN, 1.0},
    {"docno", OWN, 1.0},         {"slipno", OWN, 0.9},        {"rechnungsnummer", OWN, 1.0},
    {"rechnungsnr", OWN, 1.0},   {"rechnungnr", OWN, 1.0},    {"rechnungs-nr", OWN, 1.0},
    {"belegnummer", OWN, 1.0},   {"beleg-nr", OWN, 1.0},      {"factuurnummer", OWN, 1.0},
    {"factuurnr", OWN, 1.0},     {"numérodefacture", OWN, 1}, {"factureno", OWN, 1.0},
    {"登録番号", OTHER, 1.0},    {"注文番号", OTHER, 1.0},    {"会員番号", OTHER, 1.0},
    {"会員no", OTHER, 1.0},      {"口座番号", OTHER, 1.0},    {"承認番号", OTHER, 1.0},
    {"事業者番号", OTHER, 1.0},  {"電話番号", OTHER, 1.0},    {"orderno", OTHER, 1.0},
    {"ordernumber", OTHER, 1.0}, {"customerno", OTHER, 1.0},  {"kundennummer", OTHER, 1.0},
    {"gstno", OTHER, 1.0},       {"vatno", OTHER, 1.0},       {"accountno", OTHER, 1.0},
};

static const DnLabel telephone_labels[] = {
    {"tel", OWN, 1.0},       {"電話", OWN, 1.0},         {"電話番号", OWN, 1.0},
    {"telephone", OWN, 1.0}, {"phone", OWN, 1.0},        {"telefon", OWN, 1.0},
    {"tél", OWN, 1.0},       {"fon", OWN, 0.9},          {"fax", OTHER, 1.0},
    {"telefax", OTHER, 1.0}, {"ファックス", OTHER, 1.0}, {"ファクス", OTHER, 1.0},
};

static void
offer(DnField *out, const DnFieldText *text, const DnFieldLine *line, size_t from, size_t to,
      char *value, double confidence)
{
    DnCandidate *candidate = dn_candidate_new(line, from, to);
    double seen = text->recognised ? dn_field_line_confidence(line, from, to) : 1;

    candidate->text = value;
    candidate->confidence =
        text->recognised ? MIN(SEEN_MOST, confidence * MAX(0.3, seen)) : confidence;
    g_ptr_array_add(out->candidates, candidate);
}

/* The last label before @at in the line. */
static const DnLabel *
label_before(const DnFieldLine *line, size_t at, const DnLabel *table, size_t count,
             size_t *out_end)
{
    g_autoptr(GArray) hits = dn_labels_find(line, 0, at, table, count);
    const DnLabelHit *last = hits->len ? &g_array_index(hits, DnLabelHit, hits->len - 1) : NULL;

    *out_end = last ? last->to : 0;
    return last ? last->label : NULL;
}

/* --- the number of the document --- */

static bool
is_number_byte(char c)
{
    return g_ascii_isalnum(c) || c == '-' || c == '/' || c == '_';
}

/* What stands at @at may be a document's number; *@out_to: its end. */
static bool
take_number(const DnFieldText *text, const char *plain, size_t at, size_t *out_to)
{
    size_t to = at;
    unsigned digits = 0;

    for (; is_number_byte(plain[to]); to++)
        digits += g_ascii_isdigit(plain[to]) ? 1 : 0;
    while (to > at && !g_ascii_isalnum(plain[to - 1]))
        to--;
    g_autofree char *token = g_strndup(plain + at, to - at);
    g_autoptr(GArray) dates = dn_dates_find(token, text->profile, text->currency);
    bool registration = digits == REGISTRATION_DIGITS && (*token == 'T' || digits == to - at);

    *out_to = to;
    return digits > 0 && !registration && to - at >= NUMBER_LEAST && to - at <= NUMBER_MOST &&
           (dates->len == 0 || digits > 8);
}

void
dn_read_document_numbers(const DnFieldText *text, DnField *out)
{
    for (guint i = 0; i < text->lines->len; i++) {
        const DnFieldLine *line = dn_field_text_line(text, i);
        g_autoptr(GArray) hits =
            dn_labels_find(line, 0, line->plain_size, number_labels, G_N_ELEMENTS(number_labels));

        for (guint h = 0; h < hits->len; h++) {
            const DnLabelHit *hit = &g_array_index(hits, DnLabelHit, h);
            size_t at = hit->to;
            size_t to = 0;

            if (hit->label->meaning != OWN)
                continue;
            while (line->plain[at] && strchr(" \t:.#", line->plain[at]))
                at++;
            if (g_ascii_strncasecmp(line->plain + at, "no", 2) == 0 &&
                !g_ascii_isalnum(line->plain[at + 2]))
                for (at += 2; line->plain[at] && strchr(" \t:.#", line->plain[at]);)
                    at++;
            if (take_number(text, line->plain, at, &to))
                offer(out, text, line, at, to, g_strndup(line->plain + at, to - at),
                      LABELLED * hit->label->weight * (hit->exact ? 1 : 0.7));
        }
    }
    dn_field_settle(out);
}

/* --- the telephone of the issuer --- */

/* Digits from @at on, across what parts their groups. */
static size_t
take_telephone(const char *plain, size_t at, GString *digits, unsigned *out_groups)
{
    size_t to = at;
    bool open = false;

    *out_groups = 1;
    for (size_t p = at; plain[p]; p++) {
        if (g_ascii_isdigit(plain[p])) {
            g_string_append_c(digits, plain[p]);
            to = p + 1;
            open = false;
        } else if (!open && strchr("-()", plain[p])) {
            *out_groups += g_ascii_isdigit(plain[p + 1]) || plain[p] == '-';
            open = plain[p] == '-';
        } else {
            break;
        }
    }
    return to;
}

void
dn_read_telephones(const DnFieldText *text, DnField *out)
{
    for (guint i = 0; i < text->lines->len; i++) {
        const DnFieldLine *line = dn_field_text_line(text, i);

        for (size_t at = 0; at < line->plain_size; at++) {
            bool begins =
                g_ascii_isdigit(line->plain[at]) &&
                (at == 0 ||
                 (!g_ascii_isalnum(line->plain[at - 1]) && !strchr("-./,:", line->plain[at - 1])) ||
                 (line->plain[at - 1] == ':' && at > 1 && !g_ascii_isdigit(line->plain[at - 2])));

            if (!begins)
                continue;
            g_autoptr(GString) digits = g_string_new(NULL);
            unsigned groups = 0;
            size_t label_end = 0;
            size_t to = take_telephone(line->plain, at, digits, &groups);
            const DnLabel *label = label_before(line, at, telephone_labels,
                                                G_N_ELEMENTS(telephone_labels), &label_end);
            bool named = label && at - label_end <= 6;
            bool japanese = digits->str[0] == '0' && digits->str[1] != '0' &&
                            digits->len >= JAPANESE_LEAST && digits->len <= JAPANESE_MOST;
            bool foreign = named && !text->japanese && digits->len >= DIGITS_LEAST &&
                           digits->len <= DIGITS_MOST;

            if ((japanese && (named || groups >= 3)) || foreign) {
                if (!named || label->meaning == OWN)
                    offer(out, text, line, at, to, g_strdup(digits->str),
                          named ? LABELLED : BY_FORM);
            }
            at = MAX(at, to - 1);
        }
    }
    dn_field_settle(out);
}
