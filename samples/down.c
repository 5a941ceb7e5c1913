/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * samples/down.c - 領収書 whose text runs down the page (縦書き), in columns from the right.
 *
 * The buyer stands at the right with 様 or 御中, the issuer at the lower left beside his seal; sums
 * and days are in kanji numerals, as a brush or a program for New Year cards writes them.
 */
#include "config.h"
#include "samples/sample.h"

static const char *const down_digits[] = {"〇", "一", "二", "三", "四",
                                          "五", "六", "七", "八", "九"};

/** 二十六 for 26, below a hundred. */
static void
down_number(GString *out, int n)
{
    if (n >= 20)
        g_string_append(out, down_digits[n / 10]);
    if (n >= 10)
        g_string_append(out, "十");
    if (n % 10 != 0)
        g_string_append(out, down_digits[n % 10]);
}

/** Every digit as its kanji, for years, house numbers and sums with a point at the thousands. */
static char *
down_letters(const char *text)
{
    GString *out = g_string_new(NULL);

    for (const char *p = text; *p; p++)
        if (g_ascii_isdigit(*p))
            g_string_append(out, down_digits[*p - '0']);
        else if (*p == '-')
            g_string_append(out, "の");
        else if (*p == ',')
            g_string_append(out, "、");
        else
            g_string_append_c(out, *p);
    return g_string_free(out, FALSE);
}

/** 令和八年六月七日, or 二〇二六年六月七日. */
static char *
down_date(const DnDate *date, bool era)
{
    g_autofree char *year = g_strdup_printf("%d", (int)date->year);
    g_autofree char *letters = down_letters(year);
    GString *out = g_string_new(era ? "令和" : letters);

    if (era)
        down_number(out, (int)date->year - 2018);
    g_string_append(out, "年");
    down_number(out, (int)date->month);
    g_string_append(out, "月");
    down_number(out, (int)date->day);
    g_string_append(out, "日");
    return g_string_free(out, FALSE);
}

/** 金壱万弐千円也, 一万二千円 or 金一二、〇〇〇円也. */
static char *
down_sum(const Deal *deal)
{
    g_autofree char *old = deal_kanji(deal->total);
    g_autofree char *figures = deal_money(deal, deal->total);
    g_autofree char *letters = down_letters(figures);
    static const char *const pairs[][2] = {{"壱", "一"}, {"弐", "二"}, {"参", "三"}, {"拾", "十"}};
    g_autoptr(GString) plain = g_string_new(old);

    if ((deal->look & 3) != 0)
        return g_strdup_printf("金%s円也", (deal->look & 3) == 3 ? letters : old);
    for (size_t i = 0; i < G_N_ELEMENTS(pairs); i++)
        g_string_replace(plain, pairs[i][0], pairs[i][1], 0);
    return g_strdup_printf("金 %s円", plain->str);
}

static const char *
down_reason(const Deal *deal)
{
    return deal->issuer->trade == TRADE_STATIONERY ? "事務用品代"
           : deal->issuer->trade == TRADE_HARDWARE ? "消耗品代"
                                                   : "御食事代";
}

/** The issuer's columns, the first at @x, above @bottom. */
static void
down_issuer(Pen *pen, double x, double bottom, double step, const Deal *deal)
{
    g_autofree char *address = down_letters(deal->issuer->address);
    double name_mm = 5.2 * (double)g_utf8_strlen(deal->issuer->name, -1);
    double top = bottom - name_mm - 13;

    pen_down(pen, x, MAX(bottom - 80, 12), 3.4, "%s", address);
    pen_down(pen, x - step, top, 5, "%s", deal->issuer->name);
    pen_seal(pen, x - step, bottom - (deal_overstamped(deal) ? 12 : 6), 11, false, "見本");
}

/** Landscape: everything in one row of columns. */
static double
down_wide(Pen *pen, const Deal *deal, unsigned page G_GNUC_UNUSED)
{
    g_autofree char *date = down_date(&deal->date, (deal->look & 4) == 0);
    g_autofree char *sum = down_sum(deal);

    pen->family = (deal->look & 8) != 0 ? "IPAMincho" : "Noto Serif CJK JP";
    pen_box(pen, 4, 4, 142, 97, 0.4);
    pen_down(pen, 136, 26, 9, "領 収 書");
    pen_down(pen, 118, 12, 6, "%s %s", deal->buyer->name, (deal->look & 16) != 0 ? "様" : "御中");
    pen_down(pen, 98, 14, 7.4, "%s", sum);
    pen_down(pen, 82, 16, 4.6, "但し%sとして", down_reason(deal));
    pen_down(pen, 70, 16, 4.6, "右の金額正に領収致しました");
    pen_down(pen, 56, 14, 4.8, "%s", date);
    down_issuer(pen, 38, 98, 16, deal);
    return 105;
}

/** A narrow slip, the buyer first, as at a temple or an inn. */
static double
down_slip(Pen *pen, const Deal *deal, unsigned page G_GNUC_UNUSED)
{
    g_autofree char *date = down_date(&deal->date, (deal->look & 4) == 0);
    g_autofree char *sum = down_sum(deal);

    pen->family = (deal->look & 8) != 0 ? "IPAMincho" : "Noto Serif CJK JP";
    pen_down(pen, 84, 14, 6, "%s 様", deal->buyer->name);
    pen_down(pen, 69, 22, 9, "領 収 証");
    pen_down(pen, 54, 16, 7.6, "%s", sum);
    pen_line(pen, 48.5, 14, 48.5, 130, 0.3);
    pen_down(pen, 42, 18, 4.6, "但 %s", down_reason(deal));
    pen_down(pen, 34, 18, 4.6, "%s", date);
    down_issuer(pen, 23, 150, 11, deal);
    return 155;
}

static void
down_deal(Deal *out, Chance *chance, const Company *issuer)
{
    int64_t total = chance_between(chance, 8, 900) * 110;
    DealWish wish = {.issuer = issuer, .tax_inside = true};

    wish.total = chance_below(chance, 2) == 0 ? total - total % 1000 + 1000 : total;
    deal_make(out, chance, &wish);
}

const Paper papers_down[] = {
    {"down-wide", "receipt", 150, 105, down_wide, down_deal, 1, TRADE_CAFE, TRADE_HARDWARE,
     .no_regnum = true, .no_shop = true},
    {"down-slip", "receipt", 95, 155, down_slip, down_deal, 1, TRADE_CAFE, TRADE_HARDWARE,
     .no_regnum = true, .no_shop = true},
};
const unsigned n_papers_down = G_N_ELEMENTS(papers_down);
