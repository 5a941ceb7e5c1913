/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * bench/vouchers.c - vouchers as a firm has them, made up.
 */
#include "config.h"
#include "bench/vouchers.h"

#include <math.h>
#include <string.h>

enum { VOUCHERS_A_PARTY = 50, MOST_PARTIES = 200000, TEXT_CHARS = 500, ARRIVAL_DAYS = 45 };

static const char *const places[] = {"東京", "大阪", "京都",   "名古屋", "札幌", "福岡", "仙台",
                                     "横浜", "神戸", "広島",   "金沢",   "新潟", "静岡", "千葉",
                                     "川崎", "浜松", "さくら", "みどり", "中央", "北陸"};
static const char *const names[] = {"山田", "佐藤", "鈴木", "髙橋", "田中",   "伊藤",       "渡辺",
                                    "山本", "中村", "小林", "加藤", "吉田",   "佐々木",     "松本",
                                    "井上", "木村", "斎藤", "清水", "山﨑",   "森",         "池田",
                                    "橋本", "阿部", "石川", "前田", "ヤマト", "サンライズ", "フジ"};
static const char *const trades[] = {"商店",   "電機",       "工業",     "印刷",     "運輸", "食品",
                                     "建設",   "商事",       "製作所",   "デザイン", "書店", "薬局",
                                     "不動産", "システムズ", "サービス", "製菓"};
static const char *const words[] = {"領収書",         "合計",
                                    "小計",           "消費税",
                                    "内税",           "お預り",
                                    "お釣り",         "現金",
                                    "税率10%",        "軽減税率8%",
                                    "登録番号",       "品名",
                                    "数量",           "単価",
                                    "コピー用紙",     "ボールペン",
                                    "会議室利用料",   "宿泊代",
                                    "新幹線",         "タクシー",
                                    "書籍",           "弁当",
                                    "コーヒー",       "駐車場",
                                    "切手",           "印紙",
                                    "電気料金",       "水道料金",
                                    "通信費",         "Wi-Fi",
                                    "USB cable",      "toner",
                                    "coffee",         "sandwich",
                                    "保守契約",       "設計図",
                                    "測量",           "修理",
                                    "部品",           "トナー",
                                    "封筒",           "清掃",
                                    "研修",           "参加費",
                                    "交通費",         "ガソリン",
                                    "高速道路",       "ETC",
                                    "お買上げ",       "ありがとうございました",
                                    "またのお越しを", "ポイント",
                                    "残高",           "クレジット",
                                    "担当",           "レジ"};

uint64_t
bench_random(uint64_t seed)
{
    uint64_t z = seed + UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

uint64_t
bench_below(uint64_t seed, uint64_t n)
{
    return bench_random(seed) % n;
}

/* In [0, 1). */
static double
fraction(uint64_t seed)
{
    return (double)(bench_random(seed) >> 11) / (double)(UINT64_C(1) << 53);
}

uint64_t
bench_parties(uint64_t total)
{
    return CLAMP(total / VOUCHERS_A_PARTY, 1, MOST_PARTIES);
}

void
bench_party(uint64_t party, char *name, size_t size)
{
    static const char *const forms[][2] = {
        {"株式会社", ""}, {"㈱", ""}, {"", "株式会社"}, {"(有)", ""}, {"", ""}};
    const char *const *form = forms[bench_below(party, G_N_ELEMENTS(forms))];
    uint64_t rest = party / (G_N_ELEMENTS(names) * G_N_ELEMENTS(trades));
    uint64_t turn = rest / (G_N_ELEMENTS(places) + 1);
    uint64_t place = rest % (G_N_ELEMENTS(places) + 1);
    char trade[64];

    g_snprintf(trade, sizeof trade, "%s",
               trades[party / G_N_ELEMENTS(names) % G_N_ELEMENTS(trades)]);
    if (turn > 0)
        g_snprintf(trade + strlen(trade), sizeof trade - strlen(trade), "第%" G_GUINT64_FORMAT,
                   turn);
    g_snprintf(name, size, "%s%s%s%s%s", form[0], place == 0 ? "" : places[place - 1],
               names[party % G_N_ELEMENTS(names)], trade, form[1]);
}

static int64_t
amount_of(uint64_t seed)
{
    /* Box and Muller; a median of 3,000 yen. */
    double normal = sqrt(-2 * log(1 - fraction(seed))) * cos(2 * G_PI * fraction(seed + 1));
    int64_t yen = (int64_t)exp(8.0 + 1.6 * normal);

    if (bench_below(seed + 2, 3) == 0)
        yen = yen / 100 * 100;
    if (bench_below(seed + 3, 3) == 0)
        yen = yen / 10 * 11;
    return bench_below(seed + 4, 300) == 0 ? -yen : yen;
}

/* As engine/row.c writes it: a scan that was read on the day it came in and stamped that night. */
static void
bench_shown(BenchVoucher *self, uint64_t n, uint64_t total)
{
    gint64 second = (BENCH_FIRST_DAY * G_GINT64_CONSTANT(86400)) +
                    (gint64)((double)BENCH_DAYS * 86400 * (double)n / (double)total);
    g_autoptr(GDateTime) at = g_date_time_new_from_unix_utc(second);
    g_autofree char *day = g_date_time_format(at, "%Y-%m-%d");
    g_autofree char *time = g_date_time_format(at, "%Y-%m-%dT%H:%M:%S");

    g_snprintf(self->shown, sizeof self->shown,
               "[1,\"read\",\"scan\",\"%s\",\"%s.%03uZ\",\"%s\",null,0,\"%sT18:00:07Z\"]", day,
               time, (unsigned)bench_below(n, 1000), self->record.party ? self->party : "", day);
    self->record.shown = self->shown;
}

void
bench_voucher(BenchVoucher *self, uint64_t n, uint64_t total)
{
    static const char *const kinds[] = {"receipt", "receipt",   "receipt", "receipt",   "receipt",
                                        "invoice", "invoice",   "invoice", "statement", "order",
                                        "order",   "quotation", "contract"};
    static const char *const labels[] = {"経費", "交際費", "出張", "設備", "監査"};
    uint64_t seed = n * 64;
    uint64_t parties = bench_parties(total);
    /* Cubed: the first hundredth of the names writes a fifth of all. */
    uint64_t party = (uint64_t)((double)parties * pow(fraction(seed), 3));
    int64_t day = (int64_t)((double)BENCH_DAYS * (double)n / (double)total) -
                  (int64_t)bench_below(seed + 1, ARRIVAL_DAYS);

    *self = (BenchVoucher){0};
    bench_party(party, self->party, sizeof self->party);
    g_snprintf(self->number, sizeof self->number, "T%013" G_GUINT64_FORMAT,
               bench_below(party + 7, UINT64_C(9000000000000)) + UINT64_C(1000000000000));
    self->labels[0] =
        bench_below(seed + 5, 10) == 0 ? labels[bench_below(seed + 6, G_N_ELEMENTS(labels))] : NULL;
    self->record = (DnIndexRecord){
        .registered_seq = n + 1,
        .date_days = BENCH_FIRST_DAY + (int32_t)MAX(day, 0),
        .amount = amount_of(seed + 10),
        .currency = "JPY",
        .party = self->party,
        .registration_number = bench_below(seed + 7, 3) == 0 ? NULL : self->number,
        .kind = kinds[bench_below(seed + 8, G_N_ELEMENTS(kinds))],
        .labels = self->labels,
        .deleted = bench_below(seed + 9, 60) == 0,
    };
    if (bench_below(seed + 20, 100) == 0)
        self->record.date_days = DN_DAYS_MISSING;
    else if ((self->record.date_days + 3) % 7 >= 5) /* day 0 was a Thursday */
        self->record.date_days -= 2;
    if (bench_below(seed + 21, 40) == 0)
        self->record.amount = DN_AMOUNT_MISSING;
    if (bench_below(seed + 22, 80) == 0)
        self->record.party = NULL;
    bench_shown(self, n, total);
    /* As an id of version 7: time, then noise. */
    for (unsigned i = 0; i < 16; i++)
        self->record.id.bytes[i] = (uint8_t)(i < 6 ? (n + (UINT64_C(1) << 40)) >> (8 * (5 - i))
                                                   : bench_random(seed + 30 + i));
}

char *
bench_text(uint64_t n)
{
    GString *text = g_string_new(NULL);
    uint64_t seed = (n + 1) * 100003;
    char party[128];
    size_t chars = 0;

    bench_party(bench_below(seed, 5000), party, sizeof party);
    g_string_append_printf(text, "%s\n伝票 B%06" G_GUINT64_FORMAT "\n", party, n % 1000000);
    while (chars < TEXT_CHARS) {
        size_t before = text->len;
        /* Squared: words at the front of the list are frequent. */
        double at = fraction(++seed);

        g_string_append(text, words[(size_t)((double)G_N_ELEMENTS(words) * at * at)]);
        if (bench_below(++seed, 3) == 0)
            g_string_append_printf(text, " %" G_GUINT64_FORMAT, bench_below(++seed, 20000));
        if (bench_below(++seed, 8) == 0) {
            g_string_append_printf(text, " %s%s",
                                   places[bench_below(seed + 1, G_N_ELEMENTS(places))],
                                   names[bench_below(seed + 2, G_N_ELEMENTS(names))]);
            seed += 2;
        }
        g_string_append(text, bench_below(++seed, 3) == 0 ? "\n" : " ");
        chars += (size_t)g_utf8_strlen(text->str + before, -1);
    }
    return g_string_free(text, FALSE);
}
