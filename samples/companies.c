/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * samples/companies.c - companies that do not exist, and what they sell.
 *
 * No registry office has a code that begins with 98, so that no corporate number here belongs to
 * anybody; no Japanese subscriber number begins with 0; the towns are made up.
 */
#include "config.h"
#include "samples/sample.h"
#include <string.h>

const Company companies[] = {
    {"株式会社ひぐらし青果", "スーパーひぐらし", "神田見本店", "Higurashi Seika Co., Ltd.",
     "101-0099", "東京都千代田区神田見本町2-4-1", "03-0251-7710", "980100104512", TRADE_GROCERY},
    {"株式会社あおばフーズ", "フレッシュあおば", "緑ヶ浜店", "Aoba Foods Co., Ltd.", "227-0199",
     "神奈川県横浜市緑浜区あおば台5-12", "045-098-3321", "980200210077", TRADE_GROCERY},
    {"株式会社ことり屋", "コトリマート", "西見本駅前店", "Kotoriya Co., Ltd.", "160-0199",
     "東京都新宿区西見本1-8-3", "03-0342-1180", "980100133290", TRADE_CONVENIENCE},
    {"株式会社デイリーほしの", "デイリーほしの", "浜通り三丁目店", "Daily Hoshino Co., Ltd.",
     "550-0199", "大阪府大阪市西区浜通り3-2-15", "06-0531-4402", "981200187766", TRADE_CONVENIENCE},
    {"有限会社喫茶こもれび", "珈琲館こもれび", "本店", "Komorebi Coffee Ltd.", "604-0199",
     "京都府京都市中京区見本小路上ル118", "075-021-6655", "981300025814", TRADE_CAFE},
    {"株式会社潮風ダイニング", "海鮮居酒屋 うみねこ", "港町店", "Shiokaze Dining Co., Ltd.",
     "231-0199", "神奈川県横浜市中区港町9-1-4 2F", "045-065-2908", "980200317428",
     TRADE_RESTAURANT},
    {"株式会社麦のひげ", "手打うどん 麦ひげ", "中央通り店", "Mugi no Hige Inc.", "760-0199",
     "香川県高松市中央通り6-3", "087-082-1417", "984700008231", TRADE_RESTAURANT},
    {"株式会社文具のふみつき堂", "文具のふみつき堂", "日の出町店",
     "Fumitsukido Stationery Co., Ltd.", "460-0199", "愛知県名古屋市中区日の出町4-20",
     "052-026-9034", "981800290655", TRADE_STATIONERY},
    {"株式会社ホームセンターいしずえ", "ホームセンターいしずえ", "北野原店",
     "Ishizue Home Center Co., Ltd.", "981-0199", "宮城県仙台市泉北区北野原77-2", "022-037-5160",
     "983700041139", TRADE_HARDWARE},
    {"みほんパーク株式会社", "みほんパーク24", "丸の見第3", "Mihon Park K.K.", "100-0199",
     "東京都千代田区丸の見3-3-9", "03-0520-8824", "980100455103", TRADE_PARKING},
    {"こつばめ交通株式会社", "こつばめタクシー", "本社営業所", "Kotsubame Kotsu K.K.", "812-0199",
     "福岡県福岡市博多区つばめ町2-11", "092-041-3000", "982900032840", TRADE_TAXI},
    {"株式会社七曜石油", "七曜石油", "バイパス見本SS", "Shichiyo Sekiyu Co., Ltd.", "590-0199",
     "大阪府堺市堺区見本浜通4-5-1", "072-023-7741", "981200510928", TRADE_FUEL},
    {"株式会社しろくま情報設計", "株式会社しろくま情報設計", NULL,
     "Shirokuma Joho Sekkei Co., Ltd.", "060-0199",
     "北海道札幌市中央区北見本条西4-1-2 しろくまビル5F", "011-021-9050", "984300012607",
     TRADE_SERVICES},
    {"合同会社あさつゆ企画", "合同会社あさつゆ企画", NULL, "Asatsuyu Planning LLC", "150-0199",
     "東京都渋谷区みどり坂1-15-8-302", "03-0407-6621", "980100870416", TRADE_SERVICES},
    {"株式会社クリーンこだま", "株式会社クリーンこだま", NULL, "Clean Kodama Co., Ltd.", "330-0199",
     "埼玉県さいたま市大宮東区こだま町2-30", "048-064-1155", "980300148822", TRADE_SERVICES},
    {"潮見坂印刷株式会社", "潮見坂印刷株式会社", NULL, "Shiomizaka Printing Co., Ltd.", "676-0199",
     "兵庫県高砂市潮見坂町14-6", "079-044-0207", "981400066973", TRADE_PRINTING},
    {"株式会社湖畔精密", "株式会社湖畔精密", NULL, "Kohan Seimitsu Co., Ltd.", "394-0199",
     "長野県岡谷市湖畔見本台8-21", "0266-02-4478", "981000019355", TRADE_PARTS},
    {"尾張ほしねじ株式会社", "尾張ほしねじ株式会社", NULL, "Owari Hoshineji K.K.", "456-0199",
     "愛知県名古屋市熱田区螺子町3-7", "052-068-2246", "981800377104", TRADE_PARTS},
    {"株式会社栗里食品", "株式会社栗里食品", NULL, "Kurisato Shokuhin Co., Ltd.", "669-0199",
     "兵庫県丹波篠山市栗見本215", "079-055-8830", "981400120481", TRADE_FOOD},
    {"有限会社舟見水産", "有限会社舟見水産", NULL, "Funami Suisan Ltd.", "431-0199",
     "静岡県浜松市湖西区舞見本浜40-3", "053-059-2117", "980800045590", TRADE_FOOD},
    {"Harbour Lane Instruments Ltd", "Harbour Lane Instruments Ltd", NULL,
     "Harbour Lane Instruments Ltd", "PO0 0XX", "14 Harbour Lane, Samplemouth, United Kingdom",
     "+44 1632 960 147", NULL, TRADE_EXPORT},
    {"Northgate Sample Supply, Inc.", "Northgate Sample Supply, Inc.", NULL,
     "Northgate Sample Supply, Inc.", "OR 97000", "880 Example Avenue, Sampleton, USA",
     "+1 503 555 0142", NULL, TRADE_EXPORT},
};
const unsigned n_companies = G_N_ELEMENTS(companies);

/* Who keeps the archive: most documents are addressed to them. */
static const Company company_buyers[] = {
    {"株式会社みなと商会", "株式会社みなと商会", NULL, "Minato Shokai Co., Ltd.", "108-0199",
     "東京都港区海岸見本2-6-10", "03-0455-7200", "980100259943", TRADE_SERVICES},
    {"みなとロジスティクス株式会社", "みなとロジスティクス株式会社", NULL,
     "Minato Logistics Co., Ltd.", "144-0199", "東京都大田区埋立見本1-1-1", "03-0739-5088",
     "980100612738", TRADE_SERVICES},
};

static const Goods goods_grocery[] = {
    {"国産豚こま切れ", "", 298, 680, 8, 2},
    {"北海道牛乳 1L", "", 198, 258, 8, 3},
    {"たまご Lサイズ10個", "", 218, 328, 8, 2},
    {"食パン 6枚切", "", 128, 178, 8, 2},
    {"トマト 3個入", "", 198, 350, 8, 2},
    {"キャベツ 1玉", "", 158, 328, 8, 1},
    {"塩さけ 2切", "", 338, 498, 8, 2},
    {"絹とうふ 300g", "", 48, 98, 8, 4},
    {"緑茶 2L", "", 118, 168, 8, 6},
    {"コシヒカリ 5kg", "", 2180, 4280, 8, 1},
    {"食器用洗剤", "", 148, 268, 10, 2},
    {"ティッシュ 5箱", "", 298, 428, 10, 2},
    {"ラップ 30cm", "", 178, 298, 10, 1},
    {"レジ袋 L", "", 3, 5, 10, 2},
    {"単3電池 4本", "", 298, 498, 10, 1},
};
static const Goods goods_convenience[] = {
    {"おにぎり 鮭", "", 140, 190, 8, 3},      {"サンドイッチ ハム", "", 258, 358, 8, 2},
    {"お茶 600ml", "", 148, 170, 8, 3},       {"幕の内弁当", "", 498, 698, 8, 2},
    {"プリン", "", 138, 248, 8, 2},           {"のど飴", "", 118, 218, 8, 1},
    {"ホットコーヒー R", "", 110, 150, 8, 2}, {"ボールペン 黒", "", 120, 165, 10, 2},
    {"マスク 7枚", "", 328, 498, 10, 1},      {"レジ袋 中", "", 3, 5, 10, 1},
    {"週刊誌", "", 420, 520, 10, 1},          {"ビニール傘", "", 598, 880, 10, 1},
};
static const Goods goods_cafe[] = {
    {"ブレンドコーヒー", "", 450, 550, 10, 4}, {"カフェオレ", "", 500, 620, 10, 3},
    {"紅茶 ポット", "", 550, 680, 10, 2},      {"チーズケーキ", "", 480, 580, 10, 3},
    {"モーニングセット", "", 680, 850, 10, 3}, {"ナポリタン", "", 880, 1100, 10, 2},
    {"持帰 焼菓子", "", 280, 420, 8, 4},
};
static const Goods goods_restaurant[] = {
    {"お通し", "", 380, 450, 10, 6},        {"生ビール 中", "", 550, 650, 10, 9},
    {"刺身盛合せ", "", 1580, 2680, 10, 2},  {"焼き鳥 5本", "", 780, 980, 10, 3},
    {"天ぷら盛合せ", "", 980, 1480, 10, 2}, {"海鮮丼", "", 1380, 1980, 10, 3},
    {"出汁巻き玉子", "", 580, 720, 10, 2},  {"ウーロン茶", "", 320, 400, 10, 5},
    {"日替り定食", "", 880, 1080, 10, 4},
};
static const Goods goods_stationery[] = {
    {"コピー用紙 A4 500枚", "冊", 480, 780, 10, 10}, {"ノート B5 5冊組", "組", 398, 598, 10, 5},
    {"ボールペン 0.5 黒", "本", 110, 180, 10, 12},   {"ドッチファイル A4", "冊", 480, 780, 10, 10},
    {"付箋 75mm 10冊", "組", 580, 980, 10, 3},       {"封筒 長3 100枚", "束", 380, 620, 10, 5},
    {"インクカートリッジ", "個", 1280, 3980, 10, 2}, {"電卓 12桁", "台", 1480, 2980, 10, 1},
};
static const Goods goods_hardware[] = {
    {"コーススレッド 51mm", "", 398, 698, 10, 3}, {"合板 12mm", "", 1480, 2280, 10, 4},
    {"軍手 12双", "", 398, 598, 10, 2},           {"LED電球 60W形", "", 698, 1280, 10, 4},
    {"延長コード 5m", "", 980, 1680, 10, 2},      {"養生テープ 緑", "", 248, 398, 10, 6},
    {"園芸用土 25L", "", 498, 898, 10, 4},        {"飲料水 2L×6", "", 498, 598, 8, 2},
};
static const Goods goods_parking[] = {{"駐車料金", "", 400, 3200, 10, 1}};
static const Goods goods_taxi[] = {{"運賃", "", 620, 8600, 10, 1}};
static const Goods goods_fuel[] = {{"レギュラーガソリン", "L", 158, 186, 10, 1},
                                   {"軽油", "L", 138, 164, 10, 1}};
static const Goods goods_services[] = {
    {"システム保守料", "式", 38000, 180000, 10, 1},  {"サーバー利用料", "月", 9800, 48000, 10, 3},
    {"データ移行作業", "人日", 42000, 55000, 10, 8}, {"Webサイト更新", "件", 8000, 28000, 10, 6},
    {"企画・構成費", "式", 60000, 250000, 10, 1},    {"定期清掃 事務所", "回", 12000, 28000, 10, 4},
    {"ガラス清掃", "回", 15000, 32000, 10, 2},       {"交通費実費相当", "式", 1200, 9800, 10, 1},
};
static const Goods goods_printing[] = {
    {"会社案内 A4 16頁", "部", 180, 320, 10, 1000}, {"名刺 両面 100枚", "箱", 2800, 4800, 10, 12},
    {"封筒 角2 印刷", "枚", 18, 32, 10, 2000},      {"チラシ A4 両面", "枚", 6, 14, 10, 5000},
    {"版下作成", "式", 12000, 38000, 10, 1},        {"納品書 3枚複写", "冊", 480, 880, 10, 100},
};
static const Goods goods_parts[] = {
    {"六角ボルト M8×30", "本", 12, 28, 10, 2000},
    {"アルミ精密板 A5052", "枚", 2400, 5600, 10, 40},
    {"ベアリング 6204ZZ", "個", 380, 620, 10, 120},
    {"シャフト φ12 L300", "本", 1480, 2480, 10, 60},
    {"歯車 M1.5 40T", "個", 2200, 3900, 10, 30},
    {"ばね座金 M8", "個", 3, 7, 10, 5000},
    {"切削加工費", "式", 24000, 96000, 10, 1},
};
static const Goods goods_food[] = {
    {"丹波栗 Lサイズ", "kg", 1200, 1980, 8, 40},   {"黒豆煮 1kg", "袋", 980, 1480, 8, 60},
    {"冷凍かき 1kg", "袋", 1180, 1680, 8, 40},     {"うなぎ白焼 5尾", "箱", 7800, 12800, 8, 10},
    {"釜揚げしらす 500g", "箱", 980, 1580, 8, 30}, {"しょうゆ 1.8L", "本", 580, 880, 8, 24},
    {"発泡スチロール箱", "個", 180, 320, 10, 40},  {"冷蔵配送料", "式", 1200, 3800, 10, 1},
};
static const Goods goods_export[] = {
    {"Thermal printer head, 80 mm", "pcs", 4850, 7900, 0, 20},
    {"Flat cable, 24 way, 300 mm", "pcs", 320, 890, 0, 100},
    {"Calibration service", "job", 18000, 42000, 0, 1},
    {"Stepper motor NEMA 17", "pcs", 1295, 2450, 0, 40},
    {"Air freight and insurance", "lot", 6500, 18000, 0, 1},
};

static const struct {
    const Goods *goods;
    unsigned count;
} company_catalogue[N_TRADES] = {
    [TRADE_GROCERY] = {goods_grocery, G_N_ELEMENTS(goods_grocery)},
    [TRADE_CONVENIENCE] = {goods_convenience, G_N_ELEMENTS(goods_convenience)},
    [TRADE_CAFE] = {goods_cafe, G_N_ELEMENTS(goods_cafe)},
    [TRADE_RESTAURANT] = {goods_restaurant, G_N_ELEMENTS(goods_restaurant)},
    [TRADE_STATIONERY] = {goods_stationery, G_N_ELEMENTS(goods_stationery)},
    [TRADE_HARDWARE] = {goods_hardware, G_N_ELEMENTS(goods_hardware)},
    [TRADE_PARKING] = {goods_parking, G_N_ELEMENTS(goods_parking)},
    [TRADE_TAXI] = {goods_taxi, G_N_ELEMENTS(goods_taxi)},
    [TRADE_FUEL] = {goods_fuel, G_N_ELEMENTS(goods_fuel)},
    [TRADE_SERVICES] = {goods_services, G_N_ELEMENTS(goods_services)},
    [TRADE_PRINTING] = {goods_printing, G_N_ELEMENTS(goods_printing)},
    [TRADE_PARTS] = {goods_parts, G_N_ELEMENTS(goods_parts)},
    [TRADE_FOOD] = {goods_food, G_N_ELEMENTS(goods_food)},
    [TRADE_EXPORT] = {goods_export, G_N_ELEMENTS(goods_export)},
};

const Company *
company_find(const char *name)
{
    for (unsigned i = 0; i < n_companies; i++)
        if (strcmp(companies[i].name, name) == 0 || strcmp(companies[i].shop, name) == 0)
            return &companies[i];
    for (unsigned i = 0; i < G_N_ELEMENTS(company_buyers); i++)
        if (strcmp(company_buyers[i].name, name) == 0)
            return &company_buyers[i];
    g_error("no company is called %s", name);
}

const Company *
company_any(Chance *chance, Trade trade)
{
    unsigned seen = 0;
    const Company *found = NULL;

    for (unsigned i = 0; i < n_companies; i++)
        if (companies[i].trade == trade && chance_below(chance, ++seen) == 0)
            found = &companies[i];
    g_assert(found != NULL);
    return found;
}

const Company *
company_buyer(Chance *chance)
{
    return &company_buyers[chance_below(chance, 4) == 0];
}

void
company_regnum(const Company *self, char *out)
{
    unsigned sum = 0;

    for (unsigned i = 0; i < 12; i++)
        sum += (unsigned)(self->stem[11 - i] - '0') * (i % 2 == 0 ? 1 : 2);
    out[0] = 'T';
    out[1] = (char)('0' + 9 - sum % 9);
    memcpy(out + 2, self->stem, 13);
}

const Goods *
company_goods(const Company *self, unsigned *out_count)
{
    *out_count = company_catalogue[self->trade].count;
    return company_catalogue[self->trade].goods;
}
