/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * samples/letter.c - A4 papers: invoices, delivery notes, quotations, orders, contracts,
 * statements.
 *
 * One table of words a kind of document, three layouts that print any of them.
 */
#include "config.h"
#include "samples/sample.h"
#include <string.h>

typedef struct {
    const char *title[2];
    const char *amount[2]; /* label of the total; NULL: this kind shows no money */
    const char *day[2];    /* label of the date */
    const char *greeting;
    const char *number;
    const char *due; /* label of the other date, or NULL */
    bool bank;
} LetterWords;

static const LetterWords letter_invoice = {{"請 求 書", "御 請 求 書"},
                                           {"ご請求金額", "合計金額"},
                                           {"請求日", "発行日"},
                                           "下記の通りご請求申し上げます。",
                                           "請求書番号",
                                           "お支払期限",
                                           true};
static const LetterWords letter_delivery = {{"納 品 書", "納 品 書"},
                                            {NULL, NULL},
                                            {"納品日", "納品年月日"},
                                            "下記の通り納品いたしました。ご査収ください。",
                                            "納品書番号",
                                            NULL,
                                            false};
static const LetterWords letter_delivery_priced = {{"納 品 書", "納品書(兼 明細書)"},
                                                   {"合計金額", "納品金額"},
                                                   {"納品日", "発行日"},
                                                   "下記の通り納品いたしました。",
                                                   "納品書番号",
                                                   NULL,
                                                   false};
static const LetterWords letter_quotation = {{"見 積 書", "御 見 積 書"},
                                             {"お見積金額", "御見積合計金額"},
                                             {"見積日", "発行日"},
                                             "下記の通りお見積り申し上げます。",
                                             "見積番号",
                                             "有効期限",
                                             false};
static const LetterWords letter_order = {{"注 文 書", "発 注 書"},
                                         {"ご注文金額", "発注金額合計"},
                                         {"注文日", "発注日"},
                                         "下記の通り注文いたします。",
                                         "注文番号",
                                         "納入期限",
                                         false};

static const double letter_left = 18;
static const double letter_right = 192;
enum { LETTER_FIRST_PAGE = 12 };

static const char *
letter_pick(const Deal *deal, unsigned bit, const char *const both[2])
{
    return both[(deal->look >> bit) & 1];
}

static void
letter_issuer(Pen *pen, double x, double y, const Deal *deal)
{
    const Company *issuer = deal->issuer;
    bool over = deal_overstamped(deal);
    double width = 0;
    char number[15];

    company_regnum(issuer, number);
    width = pen_fit(pen, x, y, 4.6, PEN_BOLD, 66, "%s", issuer->name);
    pen_text(pen, x, y + 6, 3.3, 0, "〒%s", issuer->zip);
    pen_fit(pen, x, y + 11, 3.3, 0, 68, "%s", issuer->address);
    pen_text(pen, x, y + 16, 3.3, 0, "TEL %s", issuer->tel);
    pen_text(pen, x, y + 21, 3.3, 0, "登録番号:%s", number);
    pen_seal(pen, over ? x + width : x + 61, over ? y + 1 : y + 19, 15, false,
             g_utf8_strlen(issuer->name, -1) > 9 ? "見本会社代表之印" : "見本之印");
}

/** The table of lines @from .. @to, filled up to @rows; returns its lower edge. */
static double
letter_table(Pen *pen, double y, const Deal *deal, unsigned from, unsigned to, unsigned rows,
             bool prices, bool grid)
{
    static const double edges[] = {18, 104, 122, 136, 162, 192};
    static const char *const heads[] = {"品名・摘要", "数量", "単位", "単価", "金額"};
    const double step = 7.2;
    unsigned columns = prices ? 5 : 3;
    double right = prices ? letter_right : 136;
    double top = y;

    pen_shade(pen, letter_left, y, right - letter_left, step, 0.88, 0.91, 0.94);
    for (unsigned i = 0; i < columns; i++)
        pen_text(pen, (edges[i] + edges[i + 1]) / 2, y + 5, 3.4, PEN_CENTER | PEN_BOLD, "%s",
                 heads[i]);
    for (unsigned i = 0; i < rows; i++) {
        const Line *line = &deal->lines[from + i];

        y += step;
        if (grid)
            pen_line(pen, letter_left, y, right, y, 0.2);
        if (from + i >= to)
            continue;
        pen_fit(pen, edges[0] + 2, y + 5, 3.5, 0, 82, "%s%s", line->name,
                line->rate == RATE_8 ? " ※" : "");
        pen_text(pen, edges[2] - 2, y + 5, 3.5, PEN_RIGHT, "%ld", (long)(line->quantity_c / 100));
        pen_text(pen, (edges[2] + edges[3]) / 2, y + 5, 3.5, PEN_CENTER, "%s",
                 line->unit[0] != '\0' ? line->unit : "点");
        if (prices) {
            g_autofree char *price = deal_money(deal, line->price);
            g_autofree char *amount = deal_money(deal, line->amount);

            pen_text(pen, edges[4] - 2, y + 5, 3.5, PEN_RIGHT, "%s", price);
            pen_text(pen, edges[5] - 2, y + 5, 3.5, PEN_RIGHT, "%s", amount);
        }
    }
    y += step;
    pen_line(pen, letter_left, y, right, y, 0.4);
    pen_line(pen, letter_left, top, right, top, 0.4);
    if (grid)
        for (unsigned i = 0; i <= columns; i++)
            pen_line(pen, edges[i], top, edges[i], y, 0.2);
    return y;
}

/** Subtotal, tax a rate, total at the right; what each rate is taken of at the left. */
static double
letter_totals(Pen *pen, double y, const Deal *deal, const char *label)
{
    static const char *const names[] = {"10%対象", "8%対象(軽減)"};
    g_autofree char *subtotal = deal_money(deal, deal->subtotal);
    g_autofree char *total = deal_money(deal, deal->total);
    double left_y = y + 6;
    const double x = 128;

    y += 6;
    pen_text(pen, x, y, 3.5, 0, "小計");
    pen_text(pen, letter_right - 2, y, 3.5, PEN_RIGHT, "%s", subtotal);
    for (int rate = RATE_10; rate <= RATE_8; rate++) {
        g_autofree char *base = deal_money(deal, deal->base[rate]);
        g_autofree char *tax = deal_money(deal, deal->tax[rate]);

        if (deal->base[rate] == 0)
            continue;
        y += 6.4;
        pen_line(pen, x - 2, y - 4.6, letter_right, y - 4.6, 0.15);
        pen_text(pen, x, y, 3.5, 0, "消費税(%d%%)", rate == RATE_10 ? 10 : 8);
        pen_text(pen, letter_right - 2, y, 3.5, PEN_RIGHT, "%s", tax);
        pen_text(pen, letter_left + 2, left_y, 3.2, 0, "%s", names[rate]);
        pen_text(pen, 70, left_y, 3.2, PEN_RIGHT, "%s円", base);
        pen_text(pen, 76, left_y, 3.2, 0, "消費税");
        pen_text(pen, 112, left_y, 3.2, PEN_RIGHT, "%s円", tax);
        pen_line(pen, letter_left, left_y + 1.6, 114, left_y + 1.6, 0.15);
        left_y += 6;
    }
    y += 6.8;
    pen_line(pen, x - 2, y - 4.8, letter_right, y - 4.8, 0.4);
    pen_text(pen, x, y, 3.9, PEN_BOLD, "%s", label);
    pen_text(pen, letter_right - 2, y, 3.9, PEN_RIGHT | PEN_BOLD, "¥%s", total);
    pen_line(pen, x - 2, y + 1.8, letter_right, y + 1.8, 0.4);
    if (deal->base[RATE_8] != 0)
        pen_text(pen, letter_left + 2, left_y, 3.1, 0, "※印は軽減税率(8%%)対象品目");
    return MAX(y + 2, left_y);
}

static void
letter_remarks(Pen *pen, double y, const Deal *deal, const LetterWords *words)
{
    pen_box(pen, letter_left, y, letter_right - letter_left, 26, 0.25);
    pen_text(pen, letter_left + 2, y + 5, 3.3, PEN_BOLD, "備考");
    if (words->bank) {
        pen_text(pen, letter_left + 4, y + 11, 3.3, 0, "お振込先: みほん銀行 見本支店 普通 %07u",
                 deal->number * 173);
        pen_text(pen, letter_left + 4, y + 16.5, 3.3, 0, "口座名義: %s", deal->issuer->name);
        pen_text(pen, letter_left + 4, y + 22, 3.3, 0,
                 "恐れ入りますが、振込手数料は貴社にてご負担願います。");
    } else if (words->due != NULL) {
        pen_text(pen, letter_left + 4, y + 11, 3.3, 0, "お支払条件: 月末締め翌月末払い");
        pen_text(pen, letter_left + 4, y + 16.5, 3.3, 0, "受渡場所: 貴社ご指定場所");
    } else {
        pen_text(pen, letter_left + 4, y + 11, 3.3, 0, "お気づきの点は7日以内にご連絡ください。");
    }
}

static double
letter_continue(Pen *pen, const Deal *deal, const LetterWords *words)
{
    pen_text(pen, 105, 22, 5.5, PEN_CENTER | PEN_BOLD, "%s 明細", words->title[0]);
    pen_text(pen, letter_right, 30, 3.3, PEN_RIGHT, "%s %u-%u  2/2ページ", words->number,
             deal->date.year, deal->number);
    return letter_table(pen, 36, deal, LETTER_FIRST_PAGE, deal->count,
                        deal->count - LETTER_FIRST_PAGE, words->amount[0] != NULL, true);
}

static double
letter_body(Pen *pen, double y, const Deal *deal, const LetterWords *words, bool grid)
{
    unsigned shown = MIN(deal->count, LETTER_FIRST_PAGE);
    bool prices = words->amount[0] != NULL;
    unsigned rows = grid ? MAX(shown, 9) : shown;

    y = letter_table(pen, y, deal, 0, shown, rows, prices, grid);
    if (deal->count > shown)
        pen_text(pen, letter_left + 2, y + 4.6, 3, 0, "(以下、次ページ)");
    if (prices)
        y = letter_totals(pen, y + (deal->count > shown ? 3 : 0), deal,
                          grid ? "合計" : "合計(税込)");
    letter_remarks(pen, MAX(y + 8, 236), deal, words);
    return 275;
}

/** Title in the middle, parties on both sides, the sum underlined. */
static double
letter_classic(Pen *pen, const Deal *deal, unsigned page, const LetterWords *words)
{
    g_autofree char *date = deal_date(&deal->date, deal->date_style);
    g_autofree char *due = deal_date(&deal->due, deal->date_style);
    g_autofree char *total = deal_money(deal, deal->total);

    pen->family = (deal->look & 1) != 0 ? "Noto Sans CJK JP" : "Noto Serif CJK JP";
    if (page > 0)
        return letter_continue(pen, deal, words);
    pen_text(pen, 105, 26, 8, PEN_CENTER | PEN_BOLD, "%s", letter_pick(deal, 1, words->title));
    pen_line(pen, 72, 29, 138, 29, 0.5);
    pen_text(pen, letter_right, 38, 3.5, PEN_RIGHT, "%s:%s", letter_pick(deal, 2, words->day),
             date);
    pen_text(pen, letter_right, 43.5, 3.5, PEN_RIGHT, "%s:%u-%u", words->number, deal->date.year,
             deal->number);
    pen_text(pen, letter_left, 46, 5, 0, "%s 御中", deal->buyer->name);
    pen_line(pen, letter_left, 48, 104, 48, 0.3);
    pen_text(pen, letter_left, 53.5, 3.3, 0, "〒%s %s", deal->buyer->zip, deal->buyer->address);
    pen_text(pen, letter_left, 64, 3.5, 0, "%s", words->greeting);
    letter_issuer(pen, 122, 56, deal);
    if (words->amount[0] != NULL) {
        pen_text(pen, letter_left, 77, 4.4, PEN_BOLD, "%s", letter_pick(deal, 3, words->amount));
        pen_text(pen, 100, 77.4, 6.4, PEN_RIGHT | PEN_BOLD, "¥%s-", total);
        pen_text(pen, 102, 77, 3.3, 0, "(税込)");
        pen_line(pen, letter_left, 79.5, 114, 79.5, 0.6);
    }
    if (words->due != NULL)
        pen_text(pen, letter_left, 86, 3.5, 0, "%s:%s", words->due, due);
    return letter_body(pen, 92, deal, words, true);
}

/** A coloured bar, as web services print. */
static double
letter_bar(Pen *pen, const Deal *deal, unsigned page, const LetterWords *words)
{
    g_autofree char *date = deal_date(&deal->date, deal->date_style);
    g_autofree char *due = deal_date(&deal->due, deal->date_style);
    g_autofree char *total = deal_money(deal, deal->total);
    double y = 84;

    pen->family = "Noto Sans CJK JP";
    if (page > 0)
        return letter_continue(pen, deal, words);
    if ((deal->look & 16) != 0)
        pen_shade(pen, 0, 0, 210, 6, 0.10, 0.42, 0.40);
    else
        pen_shade(pen, 0, 0, 210, 6, 0.20, 0.27, 0.55);
    pen_text(pen, letter_left, 24, 8.5, PEN_BOLD, "%s", letter_pick(deal, 1, words->title));
    pen_text(pen, 140, 18, 3.4, 0, "%s", words->number);
    pen_text(pen, letter_right, 18, 3.4, PEN_RIGHT, "INV%u%04u", deal->date.year, deal->number);
    pen_text(pen, 140, 23.5, 3.4, 0, "%s", letter_pick(deal, 2, words->day));
    pen_text(pen, letter_right, 23.5, 3.4, PEN_RIGHT, "%s", date);
    if (words->due != NULL) {
        pen_text(pen, 140, 29, 3.4, 0, "%s", words->due);
        pen_text(pen, letter_right, 29, 3.4, PEN_RIGHT, "%s", due);
    }
    pen_text(pen, letter_left, 40, 4.6, PEN_BOLD, "%s  御中", deal->buyer->name);
    pen_text(pen, letter_left, 46, 3.2, 0, "〒%s", deal->buyer->zip);
    pen_text(pen, letter_left, 50.5, 3.2, 0, "%s", deal->buyer->address);
    letter_issuer(pen, 122, 42, deal);
    if (words->amount[0] != NULL) {
        pen_shade(pen, letter_left, 64, 96, 13, 0.93, 0.95, 0.97);
        pen_text(pen, letter_left + 4, 72.4, 4, PEN_BOLD, "%s",
                 letter_pick(deal, 3, words->amount));
        pen_text(pen, 110, 73, 7, PEN_RIGHT | PEN_BOLD, "%s円", total);
    } else {
        pen_text(pen, letter_left, 72, 3.5, 0, "%s", words->greeting);
    }
    if (deal->count > LETTER_FIRST_PAGE)
        y = 80;
    return letter_body(pen, y, deal, words, false);
}

/** Ruled in Mincho, with the box of closing balances that wholesalers print. */
static double
letter_ruled(Pen *pen, const Deal *deal, unsigned page, const LetterWords *words)
{
    static const char *const heads[] = {"前回御請求額", "御入金額", "繰越金額",
                                        "今回御買上額", "消費税額", "今回御請求額"};
    g_autofree char *date = deal_date(&deal->date, deal->date_style);
    g_autofree char *due = deal_date(&deal->due, deal->date_style);
    g_autofree char *total = deal_money(deal, deal->total);
    g_autofree char *before = deal_money(deal, (int64_t)deal->number * 11);
    g_autofree char *bought = deal_money(deal, deal->subtotal);
    g_autofree char *tax = deal_money(deal, deal->tax[RATE_10] + deal->tax[RATE_8]);
    const char *cells[] = {before, before, "0", bought, tax, total};

    pen->family = "IPAMincho";
    if (page > 0)
        return letter_continue(pen, deal, words);
    pen_text(pen, 105, 22, 8, PEN_CENTER, "%s", letter_pick(deal, 1, words->title));
    pen_text(pen, letter_right, 30, 3.6, PEN_RIGHT, "%s  %s", letter_pick(deal, 2, words->day),
             date);
    pen_text(pen, letter_right, 35.5, 3.4, PEN_RIGHT, "%s %06u", words->number, deal->number);
    pen_text(pen, letter_left, 33, 3.4, 0, "〒%s", deal->buyer->zip);
    pen_text(pen, letter_left, 38, 3.4, 0, "%s", deal->buyer->address);
    pen_text(pen, letter_left, 47, 5.4, 0, "%s  御中", deal->buyer->name);
    letter_issuer(pen, 122, 45, deal);
    pen_text(pen, letter_left, 62, 3.6, 0, "%s", words->greeting);
    if (words->bank) {
        for (unsigned i = 0; i < G_N_ELEMENTS(heads); i++) {
            double x = letter_left + 29 * i;

            pen_box(pen, x, 72, 29, 6, 0.3);
            pen_box(pen, x, 78, 29, 9, i == 5 ? 0.7 : 0.3);
            pen_text(pen, x + 14.5, 76.4, 3.2, PEN_CENTER, "%s", heads[i]);
            pen_text(pen, x + 27, 84, i == 5 ? 4.6 : 3.8, PEN_RIGHT, i == 5 ? "¥%s" : "%s",
                     cells[i]);
        }
    } else if (words->amount[0] != NULL) {
        pen_box(pen, letter_left, 72, 96, 13, 0.6);
        pen_text(pen, letter_left + 4, 80.4, 4.4, 0, "%s", letter_pick(deal, 3, words->amount));
        pen_text(pen, 110, 81, 6.8, PEN_RIGHT, "¥%s", total);
    }
    if (words->due != NULL)
        pen_text(pen, letter_left, 69, 3.5, 0, "%s:%s", words->due, due);
    return letter_body(pen, 91, deal, words, true);
}

/** The table of papers wants functions: one for each layout and its words. */
#define LETTER_DRAW(layout, words)                                                                 \
    static double letter_##words##_##layout(Pen *pen, const Deal *deal, unsigned page)             \
    {                                                                                              \
        return letter_##layout(pen, deal, page, &letter_##words);                                  \
    }

LETTER_DRAW(classic, invoice)
LETTER_DRAW(bar, invoice)
LETTER_DRAW(ruled, invoice)
LETTER_DRAW(classic, delivery)
LETTER_DRAW(ruled, delivery)
LETTER_DRAW(bar, delivery_priced)
LETTER_DRAW(ruled, delivery_priced)
LETTER_DRAW(classic, quotation)
LETTER_DRAW(bar, quotation)
LETTER_DRAW(classic, order)
LETTER_DRAW(ruled, order)

static double
letter_english(Pen *pen, const Deal *deal, unsigned page G_GNUC_UNUSED)
{
    static const double columns[] = {18, 122, 156, 192};
    g_autofree char *date = deal_date(&deal->date, deal->date_style);
    g_autofree char *due = deal_date(&deal->due, deal->date_style);
    g_autofree char *total = deal_money(deal, deal->total);
    g_autofree char *subtotal = deal_money(deal, deal->subtotal);
    double y = 104;

    pen->family = (deal->look & 1) != 0 ? "Noto Sans CJK JP" : "Noto Serif CJK JP";
    pen_text(pen, letter_left, 24, 5.4, PEN_BOLD, "%s", deal->issuer->latin);
    pen_text(pen, letter_left, 30, 3.4, 0, "%s", deal->issuer->address);
    pen_text(pen, letter_left, 35.5, 3.4, 0, "Tel. %s", deal->issuer->tel);
    pen_text(pen, letter_right, 26, 10, PEN_RIGHT | PEN_BOLD, "INVOICE");
    pen_line(pen, letter_left, 42, letter_right, 42, 0.5);
    pen_text(pen, letter_left, 51, 3.4, PEN_BOLD, "Bill to");
    pen_text(pen, letter_left, 57, 4, 0, "%s", deal->buyer->latin);
    pen_text(pen, letter_left, 62.5, 3.4, 0, "Minato-ku, Tokyo, Japan");
    pen_text(pen, 122, 51, 3.4, 0, "Invoice No.");
    pen_text(pen, letter_right, 51, 3.4, PEN_RIGHT, "HL-%u", deal->number);
    pen_text(pen, 122, 57, 3.4, 0, "Invoice date");
    pen_text(pen, letter_right, 57, 3.4, PEN_RIGHT, "%s", date);
    pen_text(pen, 122, 63, 3.4, 0, "Due date");
    pen_text(pen, letter_right, 63, 3.4, PEN_RIGHT, "%s", due);
    pen_shade(pen, letter_left, 74, 174, 14, 0.94, 0.94, 0.90);
    pen_text(pen, letter_left + 4, 83, 4.2, 0, "Amount due");
    pen_text(pen, letter_right - 4, 83.4, 6, PEN_RIGHT | PEN_BOLD, "US$ %s", total);
    pen_text(pen, columns[0], y - 5, 3.4, PEN_BOLD, "Description");
    pen_text(pen, columns[1], y - 5, 3.4, PEN_RIGHT | PEN_BOLD, "Quantity");
    pen_text(pen, columns[2], y - 5, 3.4, PEN_RIGHT | PEN_BOLD, "Unit price");
    pen_text(pen, columns[3], y - 5, 3.4, PEN_RIGHT | PEN_BOLD, "Amount");
    pen_line(pen, letter_left, y - 3, letter_right, y - 3, 0.4);
    for (unsigned i = 0; i < deal->count; i++, y += 7) {
        const Line *line = &deal->lines[i];
        g_autofree char *price = deal_money(deal, line->price);
        g_autofree char *amount = deal_money(deal, line->amount);

        pen_text(pen, columns[0], y + 2, 3.6, 0, "%s", line->name);
        pen_text(pen, columns[1], y + 2, 3.6, PEN_RIGHT, "%ld %s", (long)(line->quantity_c / 100),
                 line->unit);
        pen_text(pen, columns[2], y + 2, 3.6, PEN_RIGHT, "%s", price);
        pen_text(pen, columns[3], y + 2, 3.6, PEN_RIGHT, "%s", amount);
        pen_line(pen, letter_left, y + 4, letter_right, y + 4, 0.15);
    }
    y += 6;
    pen_text(pen, 130, y, 3.6, 0, "Subtotal");
    pen_text(pen, letter_right, y, 3.6, PEN_RIGHT, "%s", subtotal);
    y += 6;
    pen_text(pen, 130, y, 3.6, 0, "VAT 0%%");
    pen_text(pen, letter_right, y, 3.6, PEN_RIGHT, "0.00");
    y += 7;
    pen_line(pen, 128, y - 5, letter_right, y - 5, 0.4);
    pen_text(pen, 130, y, 4.2, PEN_BOLD, "Total");
    pen_text(pen, letter_right, y, 4.2, PEN_RIGHT | PEN_BOLD, "US$ %s", total);
    pen_text(pen, letter_left, 250, 3.4, 0,
             "Payment by bank transfer. All charges are for the account of the remitter.");
    pen_text(pen, letter_left, 256, 3.4, 0, "Sample Bank, Example Branch, account 00 %u 11",
             deal->number);
    return 260;
}

static double
letter_contract(Pen *pen, const Deal *deal, unsigned page G_GNUC_UNUSED)
{
    g_autofree char *date = deal_date(&deal->date, 3);
    g_autofree char *due = deal_date(&deal->due, 3);
    g_autofree char *total = deal_money(deal, deal->total);
    g_autofree char *tax = deal_money(deal, deal->tax[RATE_10]);
    double y = 48;
    g_autofree char *clauses[] = {
        g_strdup_printf("%s(以下「甲」という。)と%s(以下「乙」という。)は、次の通り",
                        deal->buyer->name, deal->issuer->name),
        g_strdup("業務委託契約を締結する。"),
        g_strdup(""),
        g_strdup("第1条(委託業務) 甲は、次の業務を乙に委託し、乙はこれを受託する。"),
        g_strdup_printf("    %s", deal->lines[0].name),
        g_strdup_printf("第2条(契約期間) 本契約の期間は、契約締結日から%sまでとする。", due),
        g_strdup("第3条(委託料) 甲は、委託料として次の金額を乙に支払う。"),
        g_strdup_printf("    委託料総額 金%s円(うち消費税額 金%s円)", total, tax),
        g_strdup("第4条(支払方法) 甲は、業務完了の翌月末日までに乙の指定口座へ振り込む。"),
        g_strdup("第5条(秘密保持) 甲及び乙は、知り得た相手方の秘密を第三者に開示しない。"),
        g_strdup("第6条(再委託) 乙は、甲の書面による承諾なく業務を再委託してはならない。"),
        g_strdup("第7条(協議) 本契約に定めのない事項は、甲乙誠実に協議して定める。"),
        g_strdup(""),
        g_strdup("本契約締結の証として本書2通を作成し、甲乙記名押印の上、各1通を保有する。")};

    pen->family = "IPAMincho";
    pen_text(pen, 105, 30, 8, PEN_CENTER, "業務委託契約書");
    for (unsigned i = 0; i < G_N_ELEMENTS(clauses); i++, y += 9) {
        pen_fit(pen, 22, y, 3.9, 0, 168, "%s", clauses[i]);
        if (i > 0)
            g_clear_pointer(&clauses[i], g_free);
    }
    y += 8;
    pen_text(pen, 24, y, 4.2, 0, "契約締結日  %s", date);
    y += 13;
    pen_text(pen, 30, y, 3.8, 0, "甲  %s", deal->buyer->address);
    pen_text(pen, 38, y + 6.5, 4.4, 0, "%s", deal->buyer->name);
    pen_seal(pen, 150, y + 4, 15, true, "甲代表印");
    pen_text(pen, 30, y + 24, 3.8, 0, "乙  %s", deal->issuer->address);
    pen_text(pen, 38, y + 30.5, 4.4, 0, "%s", deal->issuer->name);
    pen_seal(pen, 150, y + 28, 15, true, "乙代表印");
    return 270;
}

/** What was bought in a month, no demand for payment. */
static double
letter_statement(Pen *pen, const Deal *deal, unsigned page G_GNUC_UNUSED)
{
    g_autofree char *date = deal_date(&deal->date, deal->date_style);
    g_autofree char *total = deal_money(deal, deal->total);

    pen->family = "Noto Sans CJK JP";
    pen_text(pen, letter_left, 26, 8, PEN_BOLD, "お取引明細書");
    pen_text(pen, letter_right, 24, 3.5, PEN_RIGHT, "発行日 %s", date);
    pen_text(pen, letter_right, 29.5, 3.5, PEN_RIGHT, "お客様番号 %u", deal->number);
    pen_text(pen, letter_left, 42, 4.8, 0, "%s 御中", deal->buyer->name);
    letter_issuer(pen, 122, 42, deal);
    pen_text(pen, letter_left, 72, 4.2, PEN_BOLD, "お取引金額合計");
    pen_text(pen, 110, 72.4, 6.4, PEN_RIGHT | PEN_BOLD, "%s円", total);
    pen_line(pen, letter_left, 75, 114, 75, 0.5);
    pen_text(pen, letter_left, 81, 3.3, 0, "本書は請求書ではありません。");
    return letter_body(pen, 86, deal, &letter_delivery_priced, true);
}

/** A circular: nothing was dealt, though a day and a sender are there. */
static double
letter_notice(Pen *pen, const Deal *deal, unsigned page G_GNUC_UNUSED)
{
    static const char *const text[] = {
        "拝啓 時下ますますご清栄のこととお慶び申し上げます。",
        "平素は格別のご高配を賜り、厚く御礼申し上げます。",
        "さて、このたび弊社では業務拡大に伴い、下記の通り事務所を移転することに",
        "なりました。これを機に、社員一同なお一層の努力をいたす所存でございます。",
        "今後とも変わらぬご愛顧を賜りますよう、お願い申し上げます。"};
    g_autofree char *date = deal_date(&deal->date, deal->date_style);
    double y = 100;

    pen->family = (deal->look & 1) != 0 ? "IPAMincho" : "Noto Serif CJK JP";
    pen_text(pen, letter_right, 26, 3.9, PEN_RIGHT, "%s", date);
    pen_text(pen, letter_left, 38, 4.4, 0, "お取引先各位");
    letter_issuer(pen, 122, 46, deal);
    pen_text(pen, 105, 86, 6.2, PEN_CENTER | PEN_BOLD, "事務所移転のお知らせ");
    for (unsigned i = 0; i < G_N_ELEMENTS(text); i++, y += 8)
        pen_text(pen, 26, y, 4, 0, "%s", text[i]);
    pen_text(pen, letter_right, y, 4, PEN_RIGHT, "敬具");
    pen_text(pen, 105, y + 14, 4, PEN_CENTER, "記");
    pen_text(pen, 36, y + 26, 4, 0, "新住所  %s", deal->issuer->address);
    pen_text(pen, 36, y + 34, 4, 0, "電話番号  %s(変更ありません)", deal->issuer->tel);
    pen_text(pen, letter_right, y + 50, 4, PEN_RIGHT, "以上");
    return y + 54;
}

static void
letter_deal_with(Deal *out, Chance *chance, const Company *issuer, int low, int high)
{
    static const unsigned styles[] = {0, 5, 1, 3, 2, 5};
    DealWish wish = {.issuer = issuer, .lines = (unsigned)chance_between(chance, low, high)};

    wish.date_style = styles[chance_below(chance, G_N_ELEMENTS(styles))];
    if (issuer->trade == TRADE_EXPORT)
        wish.date_style = 7 + chance_below(chance, 2);
    deal_make(out, chance, &wish);
}

static void
letter_deal(Deal *out, Chance *chance, const Company *issuer)
{
    letter_deal_with(out, chance, issuer, 2, 8);
}

static void
letter_deal_long(Deal *out, Chance *chance, const Company *issuer)
{
    letter_deal_with(out, chance, issuer, 20, 28);
}

static void
letter_deal_english(Deal *out, Chance *chance, const Company *issuer)
{
    letter_deal_with(out, chance, issuer, 2, 5);
}

static void
letter_deal_contract(Deal *out, Chance *chance, const Company *issuer)
{
    letter_deal_with(out, chance, issuer, 1, 1);
}

#define A4 210, 297
const Paper papers_letter[] = {
    {"invoice-classic", "invoice", A4, letter_invoice_classic, letter_deal, 1, TRADE_SERVICES,
     TRADE_FOOD},
    {"invoice-bar", "invoice", A4, letter_invoice_bar, letter_deal, 1, TRADE_SERVICES, TRADE_FOOD},
    {"invoice-ruled", "invoice", A4, letter_invoice_ruled, letter_deal, 1, TRADE_PRINTING,
     TRADE_FOOD},
    {"invoice-long", "invoice", A4, letter_invoice_classic, letter_deal_long, 2, TRADE_PARTS,
     TRADE_FOOD},
    {"delivery", "delivery_note", A4, letter_delivery_classic, letter_deal, 1, TRADE_PRINTING,
     TRADE_FOOD, .no_amount = true},
    {"delivery-ruled", "delivery_note", A4, letter_delivery_ruled, letter_deal, 1, TRADE_PRINTING,
     TRADE_FOOD, .no_amount = true},
    {"delivery-priced", "delivery_note", A4, letter_delivery_priced_bar, letter_deal, 1,
     TRADE_PRINTING, TRADE_FOOD},
    {"delivery-priced-ruled", "delivery_note", A4, letter_delivery_priced_ruled, letter_deal, 1,
     TRADE_PRINTING, TRADE_FOOD},
    {"quotation", "quotation", A4, letter_quotation_classic, letter_deal, 1, TRADE_SERVICES,
     TRADE_FOOD},
    {"quotation-bar", "quotation", A4, letter_quotation_bar, letter_deal, 1, TRADE_SERVICES,
     TRADE_FOOD},
    {"order", "order", A4, letter_order_classic, letter_deal, 1, TRADE_PARTS, TRADE_FOOD},
    {"order-ruled", "order", A4, letter_order_ruled, letter_deal, 1, TRADE_PARTS, TRADE_FOOD},
    {"contract", "contract", A4, letter_contract, letter_deal_contract, 1, TRADE_SERVICES,
     TRADE_SERVICES, .no_regnum = true, .no_seal = true},
    {"statement", "statement", A4, letter_statement, letter_deal, 1, TRADE_PARTS, TRADE_FOOD},
    {"notice", "other", A4, letter_notice, letter_deal, 1, TRADE_SERVICES, TRADE_FOOD,
     .no_amount = true},
    {"english", "invoice", A4, letter_english, letter_deal_english, 1, TRADE_EXPORT, TRADE_EXPORT,
     .no_seal = true},
};
const unsigned n_papers_letter = G_N_ELEMENTS(papers_letter);
