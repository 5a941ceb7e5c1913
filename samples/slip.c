/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * samples/slip.c - 領収書: the forms that a clerk fills in and stamps.
 */
#include "config.h"
#include "samples/sample.h"

static const char *
slip_reason(const Deal *deal)
{
    switch (deal->issuer->trade) {
    case TRADE_STATIONERY:
        return (deal->look & 64) != 0 ? "文房具代" : "事務用品代";
    case TRADE_CAFE:
    case TRADE_RESTAURANT:
        return (deal->look & 64) != 0 ? "ご飲食代" : "お食事代";
    case TRADE_HARDWARE:
        return (deal->look & 64) != 0 ? "工具・資材代" : "消耗品代";
    default:
        return "お品代";
    }
}

/** Returns the middle of the seal of @seal_mm: at the end of the name, or clear of it. */
static double
slip_issuer(Pen *pen, double x, double y, const Deal *deal, double seal_mm)
{
    const double number_mm = 46; /* what the line below the name needs */
    double width = 0;
    const Company *issuer = deal->issuer;
    char number[15];

    company_regnum(issuer, number);
    pen_text(pen, x, y, 3.1, 0, "〒%s", issuer->zip);
    pen_fit(pen, x, y + 4.6, 3.1, 0, 66, "%s", issuer->address);
    width = pen_text(pen, x, y + 10.4, 4.1, PEN_BOLD, "%s", issuer->name);
    pen_text(pen, x, y + 15.2, 3.1, 0, "TEL %s", issuer->tel);
    pen_text(pen, x, y + 19.8, 3.1, 0, "登録番号 %s", number);
    if (deal_overstamped(deal))
        return x + width + seal_mm / 2 - 5;
    return x + MAX(width + 1.5, number_mm) + seal_mm / 2;
}

static void
slip_taxes(Pen *pen, double x, double y, const Deal *deal)
{
    g_autofree char *net = deal_money(deal, deal->total - deal->tax[RATE_10]);
    g_autofree char *tax = deal_money(deal, deal->tax[RATE_10]);

    pen_text(pen, x, y, 3, 0, "内 訳");
    pen_line(pen, x, y + 1.4, x + 52, y + 1.4, 0.2);
    pen_text(pen, x, y + 5.8, 3, 0, "税抜金額(10%%)");
    pen_text(pen, x + 52, y + 5.8, 3, PEN_RIGHT, "¥%s", net);
    pen_line(pen, x, y + 7.2, x + 52, y + 7.2, 0.2);
    pen_text(pen, x, y + 11.6, 3, 0, "消費税額等(10%%)");
    pen_text(pen, x + 52, y + 11.6, 3, PEN_RIGHT, "¥%s", tax);
    pen_line(pen, x, y + 13, x + 52, y + 13, 0.2);
}

/** Landscape, from the pad of a stationer's. */
static double
slip_pad(Pen *pen, const Deal *deal, unsigned page G_GNUC_UNUSED)
{
    g_autofree char *date = deal_date(&deal->date, deal->date_style);
    g_autofree char *total = deal_money(deal, deal->total);

    pen->family = (deal->look & 1) != 0 ? "IPAMincho" : "Noto Serif CJK JP";
    pen_box(pen, 5, 5, 170, 80, 0.5);
    pen_text(pen, 90, 18, 8, PEN_CENTER | PEN_BOLD, "%s",
             (deal->look & 2) != 0 ? "領 収 証" : "領 収 書");
    pen_text(pen, 168, 13, 3.2, PEN_RIGHT, "No. %06u", deal->number);
    pen_text(pen, 168, 19, 3.6, PEN_RIGHT, "%s", date);
    pen_text(pen, 14, 29, 5, 0, "%s", deal->buyer->name);
    pen_text(pen, 104, 29, 4.4, 0, "%s", (deal->look & 4) != 0 ? "様" : "御中");
    pen_line(pen, 12, 31, 112, 31, 0.3);
    pen_shade(pen, 30, 35, 120, 12, 0.93, 0.93, 0.93);
    pen_text(pen, 36, 43.6, 5, 0, "%s", (deal->look & 8) != 0 ? "金額" : "領収金額");
    pen_text(pen, 94, 44.2, 8, PEN_CENTER | PEN_BOLD, "¥%s-", total);
    pen_text(pen, 136, 43.6, 3.2, 0, "(税込)");
    pen_text(pen, 30, 53.5, 3.7, 0, "但 %sとして", slip_reason(deal));
    pen_text(pen, 30, 59, 3.4, 0, "上記正に領収いたしました");
    if (deal->total - deal->tax[RATE_10] >= 50000) { /* 印紙税法 別表第一 17 号 */
        pen_box(pen, 70, 62, 18, 20, 0.2);
        pen_text(pen, 79, 70, 2.8, PEN_CENTER, "収 入");
        pen_text(pen, 79, 76, 2.8, PEN_CENTER, "印 紙");
    }
    slip_taxes(pen, 14, 66, deal);
    pen_seal(pen, slip_issuer(pen, 94, 60.5, deal, 14), 72, 14, false, "印");
    return 90;
}

/** The sum in the old numerals that nobody can alter. */
static double
slip_kanji(Pen *pen, const Deal *deal, unsigned page G_GNUC_UNUSED)
{
    g_autofree char *date = deal_date(&deal->date, 3);
    g_autofree char *total = deal_kanji(deal->total);
    g_autofree char *tax = deal_money(deal, deal->tax[RATE_10]);

    pen->family = "IPAMincho";
    pen_text(pen, 90, 17, 9, PEN_CENTER, "領  収  書");
    pen_line(pen, 62, 19.5, 118, 19.5, 0.6);
    pen_text(pen, 14, 30, 5, 0, "%s 様", deal->buyer->name);
    pen_line(pen, 12, 32, 110, 32, 0.3);
    pen_box(pen, 24, 36, 132, 13, 0.4);
    pen_fit(pen, 90, 45.5, 8, PEN_CENTER, 124, "金%s円也", total);
    pen_text(pen, 26, 55.5, 3.8, 0, "但し %s(内消費税等 %s円・10%%)", slip_reason(deal), tax);
    pen_text(pen, 26, 61.5, 3.8, 0, "%s  上記の通り領収致しました", date);
    pen_seal(pen, slip_issuer(pen, 94, 66, deal, 13), 77, 13, true, "見本");
    return 92;
}

/** A4 quarter, printed by an office program. */
static double
slip_office(Pen *pen, const Deal *deal, unsigned page G_GNUC_UNUSED)
{
    g_autofree char *date = deal_date(&deal->date, deal->date_style);
    g_autofree char *total = deal_money(deal, deal->total);

    pen->family = (deal->look & 1) != 0 ? "Noto Sans CJK JP" : "IPAPGothic";
    pen_shade(pen, 8, 8, 164, 11, 0.16, 0.30, 0.45);
    pen_ink(pen, 1, 1, 1);
    pen_text(pen, 90, 16, 6.4, PEN_CENTER | PEN_BOLD, "領 収 書");
    pen_ink(pen, 0, 0, 0);
    pen_text(pen, 12, 30, 4.6, 0, "%s 御中", deal->buyer->name);
    pen_line(pen, 10, 32, 96, 32, 0.3);
    pen_text(pen, 168, 26, 3.3, PEN_RIGHT, "領収書番号: R-%u-%u", deal->date.year, deal->number);
    pen_text(pen, 168, 31, 3.3, PEN_RIGHT, "%s: %s", (deal->look & 2) != 0 ? "領収日" : "発行日",
             date);
    pen_text(pen, 12, 43, 4.2, 0, "合計金額");
    pen_text(pen, 38, 43.5, 7, PEN_BOLD, "¥%s", total);
    pen_text(pen, 92, 43, 3.3, 0, "(税込)");
    pen_line(pen, 10, 46, 110, 46, 0.7);
    pen_text(pen, 12, 53, 3.5, 0, "但し、%sとして。上記金額を正に領収いたしました。",
             slip_reason(deal));
    slip_taxes(pen, 12, 63, deal);
    pen_seal(pen, slip_issuer(pen, 94, 62, deal, 15), 74, 15, false, "見本之印");
    return 90;
}

static void
slip_deal(Deal *out, Chance *chance, const Company *issuer)
{
    static const unsigned styles[] = {3, 3, 0, 5, 1};
    int64_t total = chance_between(chance, 8, 900) * 110;
    DealWish wish = {.issuer = issuer, .tax_inside = true};

    wish.total = chance_below(chance, 3) == 0 ? total - total % 1000 + 1000 : total;
    wish.date_style = styles[chance_below(chance, G_N_ELEMENTS(styles))];
    deal_make(out, chance, &wish);
}

const Paper papers_slip[] = {
    {"pad", "receipt", 180, 90, slip_pad, slip_deal, 1, TRADE_CAFE, TRADE_HARDWARE},
    {"kanji", "receipt", 180, 92, slip_kanji, slip_deal, 1, TRADE_CAFE, TRADE_HARDWARE},
    {"office", "receipt", 180, 90, slip_office, slip_deal, 1, TRADE_CAFE, TRADE_HARDWARE},
};
const unsigned n_papers_slip = G_N_ELEMENTS(papers_slip);
