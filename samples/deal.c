/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * samples/deal.c - the figures of a document, right to the yen.
 *
 * Consumption tax is rounded down once a rate and document, as a qualified invoice has to.
 */
#include "config.h"
#include "samples/sample.h"
#include <string.h>

static const int deal_percent[N_RATES] = {10, 8, 0};

static int64_t
deal_tax(int64_t base, int percent, bool inside)
{
    return inside ? base * percent / (100 + percent) : base * percent / 100;
}

static void
deal_sum(Deal *self)
{
    memset(self->base, 0, sizeof self->base);
    self->subtotal = 0;
    for (unsigned i = 0; i < self->count; i++) {
        self->base[self->lines[i].rate] += self->lines[i].amount;
        self->subtotal += self->lines[i].amount;
    }
    self->total = self->subtotal;
    for (unsigned i = 0; i < N_RATES; i++) {
        self->tax[i] = deal_tax(self->base[i], deal_percent[i], self->tax_inside);
        if (!self->tax_inside)
            self->total += self->tax[i];
    }
}

static int64_t
deal_price(Chance *chance, const Goods *goods, bool inside)
{
    int64_t price = chance_between(chance, goods->low, goods->high);
    int64_t step = price >= 10000 ? 500 : price >= 400 ? 10 : 1;

    price -= price % step;
    if (inside && goods->rate != 0)
        price = price * (100 + goods->rate) / 100;
    return price;
}

static int64_t
deal_quantity(Chance *chance, const Goods *goods)
{
    int n = chance_below(chance, 3) == 0 || goods->most > 6 ? chance_between(chance, 1, goods->most)
                                                            : 1;

    if (goods->most >= 500)
        n = MAX(100, n - n % 50);
    else if (goods->most >= 40)
        n = MAX(5, n - n % 5);
    return (int64_t)n * 100;
}

static void
deal_fill(Deal *self, Chance *chance, unsigned lines)
{
    unsigned n_goods = 0;
    const Goods *goods = company_goods(self->issuer, &n_goods);
    bool used[32] = {false};

    g_assert(n_goods <= G_N_ELEMENTS(used));
    lines = MIN(lines, DEAL_LINES);
    for (self->count = 0; self->count < lines; self->count++) {
        Line *line = &self->lines[self->count];
        unsigned pick = chance_below(chance, n_goods);

        /* Each thing once, and then again as a later delivery of the same. */
        for (unsigned i = 0; i < n_goods && used[pick]; i++)
            pick = (pick + 1) % n_goods;
        used[pick] = true;
        line->name = goods[pick].name;
        line->unit = goods[pick].unit;
        line->rate = goods[pick].rate == 10 ? RATE_10 : goods[pick].rate == 8 ? RATE_8 : RATE_0;
        line->quantity_c = deal_quantity(chance, &goods[pick]);
        line->price = deal_price(chance, &goods[pick], self->tax_inside);
        if (self->issuer->trade == TRADE_FUEL)
            line->quantity_c = chance_between(chance, 1200, 5200);
        line->amount = line->price * line->quantity_c / 100;
        if (self->issuer->trade == TRADE_FUEL || n_goods == 1)
            lines = 1;
    }
}

static void
deal_pay(Deal *self, Chance *chance)
{
    static const int64_t notes[] = {1, 10, 100, 500, 1000, 5000, 10000};

    self->payment = (Payment)chance_below(chance, 4);
    self->tendered = self->total;
    if (self->payment == PAY_CASH) {
        int64_t note = notes[chance_between(chance, 3, 6)];

        self->tendered = (self->total + note - 1) / note * note;
    }
    self->points = self->total / 200;
}

void
deal_make(Deal *self, Chance *chance, const DealWish *wish)
{
    const DnDate first = {2024, 1, 6};
    const DnDate last = {2026, 11, 10};
    int32_t day = dn_date_to_days(&first);

    memset(self, 0, sizeof *self);
    self->issuer = wish->issuer;
    self->buyer = wish->buyer != NULL ? wish->buyer : company_buyer(chance);
    self->currency = wish->issuer->trade == TRADE_EXPORT ? "USD" : "JPY";
    day += (int32_t)chance_below(chance, (unsigned)(dn_date_to_days(&last) - day));
    self->date = dn_date_from_days(day);
    self->due = dn_date_from_days(day + chance_between(chance, 20, 61));
    self->hour = chance_between(chance, 8, 21);
    self->minute = chance_between(chance, 0, 59);
    self->number = chance_below(chance, 9000) + 1000;
    self->look = chance_below(chance, 1u << 16);
    self->date_style = wish->date_style;
    self->tax_inside = wish->tax_inside;
    if (wish->total != 0) {
        self->tax_inside = true;
        self->count = 1;
        self->lines[0] = (Line){"", "式", RATE_10, 100, wish->total, wish->total};
    } else {
        deal_fill(self, chance, wish->lines);
    }
    deal_sum(self);
    deal_pay(self, chance);
}

void
deal_fix_total(Deal *self, int64_t total)
{
    g_assert(self->count == 1 && self->tax_inside);
    self->lines[0].price = self->lines[0].amount = total;
    deal_sum(self);
}

char *
deal_date(const DnDate *date, unsigned style)
{
    static const char *const months[] = {"January",   "February", "March",    "April",
                                         "May",       "June",     "July",     "August",
                                         "September", "October",  "November", "December"};
    int y = date->year;
    int m = date->month;
    int d = date->day;

    switch (style) {
    case 0:
        return g_strdup_printf("%d年%02d月%02d日", y, m, d);
    case 1:
        return g_strdup_printf("%d/%02d/%02d", y, m, d);
    case 2:
        return g_strdup_printf("%d-%02d-%02d", y, m, d);
    case 3:
        return g_strdup_printf("令和%d年%d月%d日", y - 2018, m, d);
    case 4:
        return g_strdup_printf("R%d.%d.%d", y - 2018, m, d);
    case 5:
        return g_strdup_printf("%d年%2d月%2d日", y, m, d);
    case 6:
        return g_strdup_printf("%d.%d.%d", y, m, d);
    case 7:
        return g_strdup_printf("%s %d, %d", months[m - 1], d, y);
    default:
        return g_strdup_printf("%d %s %d", d, months[m - 1], y);
    }
}

const char *
deal_weekday(const DnDate *date)
{
    static const char *const names[] = {"木", "金", "土", "日", "月", "火", "水"};

    return names[(unsigned)dn_date_to_days(date) % 7]; /* 1970-01-01 was a Thursday */
}

char *
deal_kanji(int64_t amount)
{
    static const char *const digits[] = {"", "壱", "弐", "参", "四", "五", "六", "七", "八", "九"};
    static const char *const places[] = {"", "拾", "百", "千"};
    static const char *const groups[] = {"", "万", "億"};
    g_autoptr(GString) out = g_string_new(NULL);
    int64_t rest = amount;
    int64_t unit = 1000;

    g_assert(amount > 0 && amount < INT64_C(1000000000000));
    for (int group = 2; group >= 0; group--) {
        int64_t size = group == 2 ? 100000000 : group == 1 ? 10000 : 1;
        int64_t four = rest / size;

        rest %= size;
        if (four == 0)
            continue;
        unit = 1000;
        for (int place = 3; place >= 0; place--, unit /= 10) {
            int64_t digit = four / unit % 10;

            if (digit != 0)
                g_string_append_printf(out, "%s%s", digits[digit], places[place]);
        }
        g_string_append(out, groups[group]);
    }
    return g_strdup(out->str);
}

bool
deal_slashed(const Deal *self)
{
    return (self->look & 0x300) == 0;
}

bool
deal_overstamped(const Deal *self)
{
    return (self->look & 0x3000) == 0;
}

char *
deal_money(const Deal *self, int64_t amount)
{
    return dn_money_format_grouped(amount, self->currency);
}
