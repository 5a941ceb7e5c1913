/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/law/tables.c - rows "from this day on", the earliest first.
 */
#include "config.h"
#include "engine/law/tables.h"

#include <string.h>

typedef struct {
    DnDate from;
    unsigned value;
    unsigned second;
} Row;

/* R02, R03: 通4-17, 通4-18, "about seven business days". */
static const Row entry_business_days[] = {
    {{2022, 1, 1}, 7, 0},
};

/* 消費税法29 and 地方税法72の83: standard, reduced. */
static const Row tax_rates[] = {
    {{1, 1, 1}, 0, 0},     {{1989, 4, 1}, 30, 0},    {{1997, 4, 1}, 50, 0},
    {{2014, 4, 1}, 80, 0}, {{2019, 10, 1}, 100, 80},
};

/* 平成28年改正法附則52, 53; the steps from 2026-10-01 by 令和8年改正. Before invoices were asked
 * for (2023-10-01) all of it counted. */
static const Row unregistered_credit[] = {
    {{1, 1, 1}, 100, 0},    {{2023, 10, 1}, 80, 0}, {{2026, 10, 1}, 70, 0},
    {{2028, 10, 1}, 50, 0}, {{2030, 10, 1}, 30, 0}, {{2031, 10, 1}, 0, 0},
};

/* 法人税法施行規則26の3①: fiscal years that begin on or after the day. */
static const Row loss_years[] = {
    {{1, 1, 1}, 7, 0},
    {{2008, 4, 1}, 9, 0},
    {{2018, 4, 1}, 10, 0},
};

/* Articles that move. */
static const struct {
    const char *topic;
    DnDate from;
    const char *article;
} articles[] = {
    {"good-books", {2022, 1, 1}, "規5⑤"}, /* 優良な電子帳簿 */
    {"good-books", {2027, 1, 1}, "規5④"},
    {"seamless", {2027, 1, 1}, "規5⑤"}, /* デジタルシームレス */
};

static const Row *
row_at(const Row *rows, size_t count, const DnDate *day)
{
    const Row *row = &rows[0];

    for (size_t i = 1; i < count && dn_date_compare(day, &rows[i].from) >= 0; i++)
        row = &rows[i];
    return row;
}

#define ROW_AT(rows, day) row_at(rows, G_N_ELEMENTS(rows), day)

unsigned
dn_law_entry_business_days(const DnDate *received)
{
    return ROW_AT(entry_business_days, received)->value;
}

unsigned
dn_law_tax_rates(const DnDate *supply, unsigned *out_reduced)
{
    const Row *row = ROW_AT(tax_rates, supply);

    *out_reduced = row->second;
    return row->value;
}

unsigned
dn_law_unregistered_credit(const DnDate *purchase)
{
    return ROW_AT(unregistered_credit, purchase)->value;
}

unsigned
dn_law_loss_years(const DnDate *fiscal_year_begin)
{
    return ROW_AT(loss_years, fiscal_year_begin)->value;
}

const char *
dn_law_article(const char *topic, const DnDate *day)
{
    const char *article = NULL;

    for (size_t i = 0; i < G_N_ELEMENTS(articles); i++)
        if (strcmp(articles[i].topic, topic) == 0 && dn_date_compare(day, &articles[i].from) >= 0)
            article = articles[i].article;
    return article;
}
