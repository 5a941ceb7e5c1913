/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * samples/till.c - thermal rolls of 80 mm: supermarket, convenience store, restaurant, machine.
 *
 * 72 mm are printed: 48 half-width letters of 1.5 mm, as the common 203 dpi heads do.
 */
#include "config.h"
#include "samples/sample.h"

static const double till_left = 4;
static const double till_right = 76;
static const double till_middle = 40;
static const double till_size = 3;
static const double till_step = 4.1;

static const char *const till_payments[] = {"現金", "クレジット", "交通系IC", "コード決済"};

/** IPAGothic strokes its half-width zeros. Embedded in a PDF it is a tenth of the other's size. */
static void
till_font(Pen *pen, const Deal *deal)
{
    pen->family = pen->vector || deal_slashed(deal) ? "IPAGothic" : "Noto Sans Mono CJK JP";
}

static void till_row(Pen *pen, double y, unsigned flags, const char *left, const char *fmt, ...)
    G_GNUC_PRINTF(5, 6);

static void
till_row(Pen *pen, double y, unsigned flags, const char *left, const char *fmt, ...)
{
    g_autofree char *right = NULL;
    va_list args;

    va_start(args, fmt);
    right = g_strdup_vprintf(fmt, args);
    va_end(args);
    pen_fit(pen, till_left, y, till_size, flags, 46, "%s", left);
    pen_text(pen, till_right, y, till_size, flags | PEN_RIGHT, "%s", right);
}

static void
till_number(Pen *pen, double y, unsigned flags, const Deal *deal, const char *label)
{
    char number[15];
    double x = (flags & PEN_CENTER) != 0 ? till_middle : till_left;

    company_regnum(deal->issuer, number);
    if ((deal->look & 0x4000) != 0)
        pen_text(pen, x, y, till_size, flags, "%s%.2s-%.4s-%.4s-%s", label, number, number + 2,
                 number + 6, number + 10);
    else
        pen_text(pen, x, y, till_size, flags, "%s%s", label, number);
}

/** Base and tax of each rate that occurs; returns the next line. */
static double
till_rates(Pen *pen, double y, const Deal *deal, const char *base_8, const char *base_10,
           const char *tax_8, const char *tax_10)
{
    const char *const bases[] = {base_10, base_8};
    const char *const taxes[] = {tax_10, tax_8};

    for (int rate = RATE_8; rate >= RATE_10; rate--) {
        g_autofree char *base = deal_money(deal, deal->base[rate]);
        g_autofree char *tax = deal_money(deal, deal->tax[rate]);

        if (deal->base[rate] == 0)
            continue;
        till_row(pen, y, 0, bases[rate], deal->tax_inside ? "¥%s)" : "¥%s", base);
        till_row(pen, y + till_step, 0, taxes[rate], deal->tax_inside ? "¥%s)" : "¥%s", tax);
        y += 2 * till_step;
    }
    return y;
}

static double
till_paid(Pen *pen, double y, const Deal *deal, const char *cash, const char *change)
{
    g_autofree char *tendered = deal_money(deal, deal->tendered);
    g_autofree char *back = deal_money(deal, deal->tendered - deal->total);
    g_autofree char *total = deal_money(deal, deal->total);

    if (deal->payment != PAY_CASH) {
        till_row(pen, y, 0, till_payments[deal->payment], "¥%s", total);
        return y + till_step;
    }
    till_row(pen, y, 0, cash, "¥%s", tendered);
    till_row(pen, y + till_step, 0, change, "¥%s", back);
    return y + 2 * till_step;
}

/** The sum stretched by @stretch, as cheap heads enlarge, or in a larger face. */
static void
till_total(Pen *pen, double y, unsigned stretch, const Deal *deal, const char *label)
{
    g_autofree char *total = deal_money(deal, deal->total);
    bool face = (deal->look & 0xc00) != 0;
    double size = face ? 4.8 : till_size;

    stretch = face ? 0 : stretch;
    pen_text(pen, till_left, y, size, stretch, "%s", label);
    pen_text(pen, till_right, y, size, PEN_RIGHT | stretch, "¥%s", total);
}

static unsigned
till_pieces(const Deal *deal)
{
    int64_t sum = 0;

    for (unsigned i = 0; i < deal->count; i++)
        sum += deal->lines[i].quantity_c;
    return (unsigned)(sum / 100);
}

static double
till_head(Pen *pen, double y, const Deal *deal)
{
    const Company *shop = deal->issuer;

    till_font(pen, deal);
    if ((deal->look & 1) != 0) {
        pen_text(pen, till_middle, y, till_size, PEN_CENTER, "%s",
                 (deal->look & 2) != 0 ? "毎度ありがとうございます" : "ご来店ありがとうございます");
        y += till_step;
    }
    y += 4;
    pen_fit(pen, till_middle, y, 6, PEN_CENTER | PEN_BOLD, 70, "%s", shop->shop);
    y += till_step + 1;
    pen_text(pen, till_middle, y, till_size, PEN_CENTER, "%s", shop->branch);
    y += till_step;
    if ((deal->look & 4) != 0) {
        pen_text(pen, till_middle, y, till_size, PEN_CENTER, "%s", shop->name);
        y += till_step;
    }
    pen_fit(pen, till_middle, y, till_size, PEN_CENTER, 72, "%s", shop->address);
    y += till_step;
    pen_text(pen, till_middle, y, till_size, PEN_CENTER, "%s%s",
             (deal->look & 8) != 0 ? "TEL " : "電話:", shop->tel);
    return y + till_step;
}

static double
till_market(Pen *pen, const Deal *deal, unsigned page G_GNUC_UNUSED)
{
    g_autofree char *date = deal_date(&deal->date, deal->date_style);
    g_autofree char *subtotal = deal_money(deal, deal->subtotal);
    double y = till_head(pen, 8, deal);

    till_number(pen, y, PEN_CENTER, deal, (deal->look & 16) != 0 ? "登録番号 " : "事業者番号:");
    y += 1.5 * till_step;
    pen_text(pen, till_left, y, till_size, 0, "%s(%s)%02d:%02d", date, deal_weekday(&deal->date),
             deal->hour, deal->minute);
    pen_text(pen, till_right, y, till_size, PEN_RIGHT, "レジ%04u", deal->number % 12 + 1);
    y += till_step;
    pen_text(pen, till_left, y, till_size, 0, "責No%08u %s", deal->number, "担当 ミホン");
    y += 1.3 * till_step;
    for (unsigned i = 0; i < deal->count; i++) {
        const Line *line = &deal->lines[i];
        g_autofree char *amount = deal_money(deal, line->amount);
        g_autofree char *price = deal_money(deal, line->price);

        if (line->quantity_c == 100) {
            g_autofree char *name =
                g_strdup_printf("%s%s", line->rate == RATE_8 ? "*" : " ", line->name);

            till_row(pen, y, 0, name, "¥%s", amount);
        } else {
            g_autofree char *many =
                g_strdup_printf("     %ldコ X 単%s", (long)(line->quantity_c / 100), price);

            pen_text(pen, till_left, y, till_size, 0, "%s%s", line->rate == RATE_8 ? "*" : " ",
                     line->name);
            y += till_step;
            till_row(pen, y, 0, many, "¥%s", amount);
        }
        y += till_step;
    }
    pen_dashes(pen, till_left, y - 2, till_right);
    y += till_step * 0.5;
    till_row(pen, y, 0, (deal->look & 32) != 0 ? "小計" : "小  計", "¥%s", subtotal);
    y = till_rates(pen, y + till_step, deal, "(外税8%対象額", "(外税10%対象額", "外税8%",
                   "外税10%");
    y += 0.6 * till_step;
    till_total(pen, y, PEN_WIDE, deal, (deal->look & 64) != 0 ? "合計" : "合 計");
    y = till_paid(pen, y + 1.4 * till_step, deal, "お預り", "お釣り");
    y += 0.4 * till_step;
    pen_text(pen, till_left, y, till_size, 0, "お買上点数   %u点", till_pieces(deal));
    y += till_step;
    if (deal->base[RATE_8] != 0) {
        pen_text(pen, till_left, y, till_size, 0, "「*」印は軽減税率8%%適用商品です");
        y += till_step;
    }
    if ((deal->look & 128) != 0) {
        pen_dashes(pen, till_left, y - 2, till_right);
        y += till_step * 0.5;
        pen_text(pen, till_left, y, till_size, 0, "会員No. ****%u", deal->number);
        y += till_step;
        till_row(pen, y, 0, "今回ポイント", "%ldP", (long)deal->points);
        till_row(pen, y + till_step, 0, "累計ポイント", "%ldP",
                 (long)deal->points + deal->number % 900);
        y += 2 * till_step;
    }
    pen_barcode(pen, 8, y - 1, 62, 9, deal->number);
    y += 13;
    pen_text(pen, till_left, y, till_size, 0, "レシートNo%04u", deal->number);
    return y + 4;
}

static double
till_convenience(Pen *pen, const Deal *deal, unsigned page G_GNUC_UNUSED)
{
    g_autofree char *date = deal_date(&deal->date, deal->date_style);
    g_autofree char *tax = deal_money(deal, deal->tax[RATE_10] + deal->tax[RATE_8]);
    double y = till_head(pen, 8, deal);

    pen_text(pen, till_left, y, till_size, 0, "レジ#%u", deal->number % 4 + 1);
    y += till_step;
    pen_text(pen, till_left, y, till_size, 0, "%s(%s) %02d:%02d", date, deal_weekday(&deal->date),
             deal->hour, deal->minute);
    pen_text(pen, till_right, y, till_size, PEN_RIGHT, "責:%03u", deal->number % 400);
    y += 1.8 * till_step;
    pen_text(pen, till_middle, y, 4.5, PEN_CENTER, "%s",
             (deal->look & 16) != 0 ? "【 領 収 証 】" : "領 収 書");
    y += 1.7 * till_step;
    for (unsigned i = 0; i < deal->count; i++, y += till_step) {
        const Line *line = &deal->lines[i];
        g_autofree char *amount = deal_money(deal, line->amount);

        if (line->quantity_c != 100) {
            g_autofree char *price = deal_money(deal, line->price);

            pen_text(pen, till_left, y, till_size, 0, "%s", line->name);
            y += till_step;
            pen_text(pen, till_left + 6, y, till_size, 0, "@%s× %ld個", price,
                     (long)(line->quantity_c / 100));
        } else {
            pen_fit(pen, till_left, y, till_size, 0, 46, "%s", line->name);
        }
        pen_text(pen, till_right, y, till_size, PEN_RIGHT, "¥%s%s", amount,
                 line->rate == RATE_8 ? "軽" : "  ");
    }
    y += till_step;
    till_total(pen, y, PEN_TALL, deal, (deal->look & 32) != 0 ? "合   計" : "税込合計");
    y += till_step * 1.2;
    y = till_rates(pen, y, deal, "( 8%対象", "(10%対象", "  (内消費税等 8%", "  (内消費税等10%");
    if (deal->base[RATE_8] != 0 && deal->base[RATE_10] != 0) {
        till_row(pen, y, 0, "(内消費税等", "¥%s)", tax);
        y += till_step;
    }
    y = till_paid(pen, y + 0.4 * till_step, deal, "お預り", "お釣");
    y += 0.5 * till_step;
    if (deal->base[RATE_8] != 0) {
        pen_text(pen, till_left, y, till_size, 0, "「軽」は軽減税率(8%%)対象商品です。");
        y += till_step;
    }
    till_number(pen, y, 0, deal, "登録番号:");
    y += till_step;
    pen_text(pen, till_left, y, till_size, 0, "%s", "商品価格には消費税等を含みます。");
    return y + 5;
}

static double
till_restaurant(Pen *pen, const Deal *deal, unsigned page G_GNUC_UNUSED)
{
    g_autofree char *date = deal_date(&deal->date, deal->date_style);
    g_autofree char *total = deal_money(deal, deal->total);
    double y = till_head(pen, 9, deal);

    till_number(pen, y, PEN_CENTER, deal, "登録番号 ");
    y += 1.6 * till_step;
    pen_text(pen, till_left, y, till_size, 0, "日時:%s %02d:%02d", date, deal->hour, deal->minute);
    pen_text(pen, till_right, y, till_size, PEN_RIGHT, "伝票No.%u", deal->number);
    y += till_step;
    pen_text(pen, till_left, y, till_size, 0, "テーブル %02u   人数 %u名", deal->number % 30 + 1,
             deal->number % 5 + 1);
    y += 0.6 * till_step;
    pen_dashes(pen, till_left, y, till_right);
    y += till_step;
    for (unsigned i = 0; i < deal->count; i++, y += till_step) {
        const Line *line = &deal->lines[i];
        g_autofree char *amount = deal_money(deal, line->amount);

        pen_fit(pen, till_left, y, till_size, 0, 40, "%s%s", line->name,
                line->rate == RATE_8 ? "※" : "");
        pen_text(pen, 56, y, till_size, PEN_RIGHT, "%ld点", (long)(line->quantity_c / 100));
        pen_text(pen, till_right, y, till_size, PEN_RIGHT, "¥%s", amount);
    }
    pen_dashes(pen, till_left, y - 2, till_right);
    y += till_step;
    pen_text(pen, till_left, y, 4.2, 0, "%s", (deal->look & 32) != 0 ? "お会計" : "合計金額");
    pen_text(pen, till_right, y, 4.6, PEN_RIGHT, "%s円", total);
    y += 1.3 * till_step;
    y = till_rates(pen, y, deal, "(8%対象 税込", "(10%対象 税込", "(内消費税", "(内消費税");
    y = till_paid(pen, y + 0.3 * till_step, deal, "お預かり", "おつり");
    y += 0.6 * till_step;
    if (deal->base[RATE_8] != 0) {
        pen_text(pen, till_left, y, till_size, 0, "※は軽減税率対象(お持ち帰り)");
        y += till_step;
    }
    pen_text(pen, till_middle, y + 1, till_size, PEN_CENTER, "またのお越しをお待ちしております");
    return y + 7;
}

/** Car parks, taxis, filling stations: one thing, large. */
static double
till_machine(Pen *pen, const Deal *deal, unsigned page G_GNUC_UNUSED)
{
    const Line *line = &deal->lines[0];
    g_autofree char *date = deal_date(&deal->date, deal->date_style);
    g_autofree char *total = deal_money(deal, deal->total);
    g_autofree char *tax = deal_money(deal, deal->tax[RATE_10]);
    double y = 11;

    till_font(pen, deal);
    pen_text(pen, till_middle, y, 6, PEN_CENTER, "%s",
             (deal->look & 16) != 0 ? "領 収 書" : "領 収 証");
    y += 2 * till_step;
    if (deal->issuer->trade == TRADE_TAXI)
        pen_text(pen, till_left, y, till_size, 0, "車番 見本 50 あ %02u-%02u   乗務員 %u",
                 deal->number / 100, deal->number % 100, deal->number % 700);
    else
        pen_text(pen, till_left, y, till_size, 0, "精算機 %02u   No.%06u", deal->number % 6 + 1,
                 deal->number * 7);
    y += till_step;
    pen_text(pen, till_left, y, till_size, 0, "%s %s %02d:%02d",
             deal->issuer->trade == TRADE_PARKING ? "出庫日時" : "日時", date, deal->hour,
             deal->minute);
    y += till_step;
    if (deal->issuer->trade == TRADE_PARKING) {
        pen_text(pen, till_left, y, till_size, 0, "駐車時間 %u時間%02u分", deal->number % 6,
                 deal->number % 60);
        y += till_step;
    }
    if (deal->issuer->trade == TRADE_FUEL) {
        g_autofree char *price = deal_money(deal, line->price);

        pen_text(pen, till_left, y, till_size, 0, "%s", line->name);
        y += till_step;
        pen_text(pen, till_left + 3, y, till_size, 0, "数量 %ld.%02ldL  単価 ¥%s",
                 (long)(line->quantity_c / 100), (long)(line->quantity_c % 100), price);
        y += till_step;
    }
    y += 0.9 * till_step;
    pen_text(pen, till_left, y, 4.2, 0, "%s",
             deal->issuer->trade == TRADE_PARKING ? "駐車料金"
             : deal->issuer->trade == TRADE_TAXI  ? "運賃合計"
                                                  : "領収金額");
    pen_text(pen, till_right, y, 5.4, PEN_RIGHT, "¥%s", total);
    y += 1.4 * till_step;
    till_row(pen, y, 0, "(10%対象", "¥%s)", total);
    till_row(pen, y + till_step, 0, "(内消費税", "¥%s)", tax);
    y += 2.2 * till_step;
    y = till_paid(pen, y, deal, "投入金額", "釣銭");
    y += 0.7 * till_step;
    pen_text(pen, till_left, y, till_size, 0, "上記正に領収いたしました。");
    y += 1.5 * till_step;
    pen_text(pen, till_left, y, 3.6, 0, "%s", deal->issuer->name);
    y += till_step;
    pen_text(pen, till_left, y, till_size, 0, "%s", deal->issuer->branch);
    y += till_step;
    pen_fit(pen, till_left, y, till_size, 0, 72, "%s", deal->issuer->address);
    y += till_step;
    till_number(pen, y, 0, deal, "登録番号 ");
    y += till_step;
    pen_text(pen, till_left, y, till_size, 0, "TEL %s", deal->issuer->tel);
    return y + 7;
}

static unsigned
till_style(Chance *chance)
{
    static const unsigned styles[] = {0, 0, 1, 1, 5, 2, 3, 6};

    return styles[chance_below(chance, G_N_ELEMENTS(styles))];
}

static void
till_outside(Deal *out, Chance *chance, const Company *issuer)
{
    DealWish wish = {.issuer = issuer, .lines = (unsigned)chance_between(chance, 3, 12)};

    wish.date_style = till_style(chance);
    deal_make(out, chance, &wish);
}

static void
till_inside(Deal *out, Chance *chance, const Company *issuer)
{
    DealWish wish = {
        .issuer = issuer, .lines = (unsigned)chance_between(chance, 1, 7), .tax_inside = true};

    wish.date_style = till_style(chance);
    deal_make(out, chance, &wish);
}

const Paper papers_till[] = {
    {"market", "receipt", 80, 0, till_market, till_outside, 1, TRADE_GROCERY, TRADE_GROCERY},
    {"market", "receipt", 80, 0, till_market, till_outside, 1, TRADE_STATIONERY, TRADE_HARDWARE},
    {"convenience", "receipt", 80, 0, till_convenience, till_inside, 1, TRADE_GROCERY,
     TRADE_CONVENIENCE},
    {"restaurant", "receipt", 80, 0, till_restaurant, till_inside, 1, TRADE_CAFE, TRADE_RESTAURANT},
    {"machine", "receipt", 80, 0, till_machine, till_inside, 1, TRADE_PARKING, TRADE_FUEL,
     .no_shop = true},
};
const unsigned n_papers_till = G_N_ELEMENTS(papers_till);
