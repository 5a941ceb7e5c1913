/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ocr/fields/kind.c - what sort of document it is: by its title, else by what it is built of.
 */
#include "config.h"
#include "ocr/fields/fields.h"

#include <string.h>

typedef enum { RECEIPT, INVOICE, DELIVERY_NOTE, QUOTATION, ORDER, CONTRACT, STATEMENT, OTHER } Kind;

static const char *const names[] = {"receipt", "invoice",  "delivery_note", "quotation",
                                    "order",   "contract", "statement",     "other"};

static const DnLabel titles[] = {
    {"領収書", RECEIPT, 3},
    {"領収証", RECEIPT, 3},
    {"領収證", RECEIPT, 3},
    {"領收書", RECEIPT, 3},
    {"レシート", RECEIPT, 2.5},
    {"お買上票", RECEIPT, 2.5},
    {"利用明細", RECEIPT, 1.5},
    {"ご利用明細", RECEIPT, 1.5},
    {"預り証", RECEIPT, 1},
    {"領収", RECEIPT, 1.2},
    {"請求書", INVOICE, 3},
    {"御請求書", INVOICE, 3.2},
    {"ご請求書", INVOICE, 3.2},
    {"請求明細書", INVOICE, 3},
    {"適格請求書", INVOICE, 2.5},
    {"適格簡易請求書", RECEIPT, 1.5},
    {"納品書", DELIVERY_NOTE, 3},
    {"納品伝票", DELIVERY_NOTE, 3},
    {"納品明細", DELIVERY_NOTE, 2.5},
    {"出荷明細", DELIVERY_NOTE, 2},
    {"送り状", DELIVERY_NOTE, 1.5},
    {"見積書", QUOTATION, 3},
    {"御見積書", QUOTATION, 3.2},
    {"お見積書", QUOTATION, 3.2},
    {"見積依頼書", QUOTATION, 2},
    {"注文書", ORDER, 3},
    {"発注書", ORDER, 3},
    {"注文請書", ORDER, 3},
    {"ご注文書", ORDER, 3},
    {"契約書", CONTRACT, 3},
    {"覚書", CONTRACT, 2},
    {"月次明細", STATEMENT, 3},
    {"取引明細", STATEMENT, 2.5},
    {"明細書", STATEMENT, 2},
    {"利用明細書", STATEMENT, 2.2},
    {"残高証明", STATEMENT, 2.5},
    {"入出金明細", STATEMENT, 2.5},
    {"支払通知書", STATEMENT, 2.5},
    {"お支払通知書", STATEMENT, 2.5},
    {"支払明細書", STATEMENT, 2.5},
    {"receipt", RECEIPT, 2},
    {"officialreceipt", RECEIPT, 3},
    {"cashreceipt", RECEIPT, 3},
    {"guestcheck", RECEIPT, 2},
    {"売上票", RECEIPT, 2.5},
    {"利用証明書", RECEIPT, 2},
    {"facturasimplificada", RECEIPT, 3.2},
    {"documentocommerciale", RECEIPT, 2.5},
    {"scontrino", RECEIPT, 2.5},
    {"kvitto", RECEIPT, 2.5},
    {"kvittering", RECEIPT, 2.5},
    {"kassabon", RECEIPT, 2.5},
    {"creditmemo", INVOICE, 2.2},
    {"kassenbon", RECEIPT, 3},
    {"quittung", RECEIPT, 2.5},
    {"kundenbeleg", RECEIPT, 2.5},
    {"cashbill", RECEIPT, 2.5},
    {"invoice", INVOICE, 2.2},
    {"taxinvoice", INVOICE, 2.2},
    {"rechnung", INVOICE, 2.6},
    {"handelsrechnung", INVOICE, 2.8},
    {"factuur", INVOICE, 2.8},
    {"facture", INVOICE, 2.8},
    {"fattura", INVOICE, 2.8},
    {"factura", INVOICE, 2.8},
    {"avoir", INVOICE, 2.0},
    {"gutschrift", INVOICE, 2.0},
    {"creditnote", INVOICE, 2.2},
    {"kopiefactuur", INVOICE, 3},
    {"deliverynote", DELIVERY_NOTE, 3},
    {"packingslip", DELIVERY_NOTE, 3},
    {"deliveryorder", DELIVERY_NOTE, 2},
    {"lieferschein", DELIVERY_NOTE, 2.4},
    {"pakbon", DELIVERY_NOTE, 3},
    {"quotation", QUOTATION, 3},
    {"quote", QUOTATION, 2.4},
    {"estimate", QUOTATION, 2.4},
    {"angebot", QUOTATION, 2.6},
    {"offerte", QUOTATION, 2.8},
    {"purchaseorder", ORDER, 3},
    {"orderconfirmation", ORDER, 2.6},
    {"auftragsbestätigung", ORDER, 2.6},
    {"contract", CONTRACT, 1.6},
    {"agreement", CONTRACT, 2},
    {"vertrag", CONTRACT, 2},
    {"statementofaccount", STATEMENT, 3},
    {"accountstatement", STATEMENT, 3},
    {"kontoauszug", STATEMENT, 3},
};

/* Words that only a till prints. */
static const DnLabel till[] = {
    {"領収いたし", 0, 1.8},    {"領収致し", 0, 1.8},   {"領収しま", 0, 1.8},
    {"正に領収", 0, 1.6},      {"コード決済", 0, 0.8}, {"クレジット", 0, 0.6},
    {"乗車料金", 0, 1},        {"運賃", 0, 0.6},       {"お会計", 0, 0.8},
    {"テーブル", 0, 0.5},      {"またのお越し", 0, 1}, {"ご来店", 0, 1},
    {"お預り", 0, 1},          {"お預かり", 0, 1},     {"預り", 0, 0.8},
    {"お釣り", 0, 1.2},        {"おつり", 0, 1.2},     {"釣銭", 0, 1.2},
    {"お釣", 0, 1.0},          {"釣り", 0, 0.8},       {"現計", 0, 1},
    {"お買上点数", 0, 1.2},    {"買上点数", 0, 1},     {"レジ", 0, 1},
    {"責no", 0, 0.8},          {"小計", 0, 0.5},       {"点数", 0, 0.5},
    {"ポイント", 0, 0.5},      {"軽減税率", 0, 0.3},   {"外税", 0, 0.4},
    {"内税", 0, 0.4},          {"電子マネー", 0, 0.8}, {"cash", 0, 0.8},
    {"change", 0, 1.0},        {"cashier", 0, 1.2},    {"tendered", 0, 1},
    {"bar", 0, 0.8},           {"bargeld", 0, 1},      {"rückgeld", 0, 1.2},
    {"ruckgeld", 0, 1.2},      {"zurück", 0, 1},       {"zuruck", 0, 1},
    {"zuzahlen", 0, 0.6},      {"summe", 0, 0.3},      {"einkauf", 0, 0.8},
    {"rounding", 0, 0.8},      {"visa", 0, 0.4},       {"mastercard", 0, 0.4},
    {"kartenzahlung", 0, 0.8}, {"subtotal", 0, 0.4},   {"changedue", 0, 1.2},
    {"haveaniceday", 0, 0.8},  {"thankyou", 0, 0.4},   {"comeagain", 0, 0.8},
    {"check#", 0, 0.6},        {"server", 0, 0.5},     {"tip", 0, 0.6},
    {"gratuity", 0, 0.6},      {"amex", 0, 0.4},       {"discover", 0, 0.4},
    {"debit", 0, 0.4},         {"trans#", 0, 0.5},     {"espèces", 0, 1},
    {"rendu", 0, 1},           {"contanti", 0, 1},     {"contante", 0, 1},
    {"resto", 0, 0.8},         {"efectivo", 0, 1},     {"cambio", 0, 0.8},
    {"contant", 0, 0.8},       {"wisselgeld", 0, 1},   {"troco", 0, 1},
    {"つり銭", 0, 1},
};

/* How much a title at its place counts; words in running text are no titles. */
static double
weight_of(const DnFieldText *text, const DnFieldLine *line, const DnLabelHit *hit)
{
    DnBox box = dn_field_line_box(line, hit->from, hit->to);
    double height = box.height / text->height_px;
    double weight = hit->label->weight;
    const char *after = line->plain + hit->to;
    size_t begin = hit->from;
    size_t end = hit->to;

    while (begin > 0 && line->plain[begin - 1] != '\t')
        begin--;
    while (end < line->plain_size && line->plain[end] != '\t')
        end++;
    bool alone = end - begin <= (hit->to - hit->from) + 15; /* a few kanji more */
    bool numbered = g_str_has_prefix(after, "番号") || g_str_has_prefix(after, "No") ||
                    g_str_has_prefix(after, "日");

    if (!hit->exact)
        weight *= 0.7;
    weight *= alone ? 1.0 : line->place < 0.3 ? 0.7 : 0.3;
    if (numbered)
        weight *= 0.5;
    weight += height >= 1.7 ? 1.5 : height >= 1.3 ? 0.8 : 0;
    if (line->page == 1 && line->place < 0.25)
        weight += 0.8;
    else if (line->place > 0.6)
        weight *= 0.6;
    return weight;
}

const char *
dn_read_kind(const DnFieldText *text)
{
    double scores[OTHER + 1] = {0};
    double till_score = 0;
    Kind best = OTHER;

    for (guint i = 0; i < text->lines->len; i++) {
        const DnFieldLine *line = dn_field_text_line(text, i);
        g_autoptr(GArray) hits =
            dn_labels_find(line, 0, line->plain_size, titles, G_N_ELEMENTS(titles));
        g_autoptr(GArray) words =
            dn_labels_find(line, 0, line->plain_size, till, G_N_ELEMENTS(till));

        for (guint h = 0; h < hits->len; h++) {
            const DnLabelHit *hit = &g_array_index(hits, DnLabelHit, h);

            scores[hit->label->meaning] =
                MAX(scores[hit->label->meaning], weight_of(text, line, hit));
        }
        for (guint h = 0; h < words->len; h++)
            till_score += g_array_index(words, DnLabelHit, h).label->weight;
    }
    /* A till's slip may carry "tax invoice" on its head; it is a receipt all the same. */
    if (till_score >= 1.5)
        scores[RECEIPT] = MAX(scores[RECEIPT], MIN(3.4, till_score + 0.4));
    for (int kind = RECEIPT; kind < OTHER; kind++)
        if (scores[kind] > scores[best])
            best = (Kind)kind;
    return scores[best] >= 1.0 ? names[best] : names[OTHER];
}
