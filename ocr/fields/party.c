/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ocr/fields/party.c - who issued the document.
 *
 * The page is cut into cells (words without a wide gap). A name is known by its legal form, by its
 * place at the head of a receipt, by its size, and by an address, a telephone or a registration
 * number below it. Whoever is addressed with 御中 or 様, or stands under "Bill to", is the
 * recipient and never the answer.
 */
#include "config.h"
#include "ocr/fields/fields.h"
#include "base/text.h"

#include <math.h>
#include <string.h>

typedef struct {
    const DnFieldLine *line;
    size_t from;
    size_t to;
    char *text;   /* the cell, trimmed */
    char *folded; /* without white space, lower case */
    char *begins; /* of each byte of folded: '1' where a word begins, else '0' */
    DnBox box;
    bool contact;      /* address, telephone, URL, registration number */
    bool registration; /* nothing but the number under which a company is registered */
    bool recipient;    /* names who is addressed, or says that such names follow */
    bool heads_recipient;
    unsigned rank; /* of its line among the lines with letters, from the top of the first page */
} Cell;

enum {
    CELLS_MOST = 600,
    NAME_CHARACTERS_MOST = 60,
    NEAR_LINES = 5,
    HOLDER_BYTES = 9,
    FORM_AND_ONE = 5
};

static const double SPELLED_SURELY = 0.9; /* the least confidence of its words */
static const double UNPROVEN = 0.93;
static const double DOUBTFUL_WORD = 0.7; /* it may be another one */
static const double RESPELLED_MOST = 0.9;

static const char *const legal_forms_ja[] = {
    "株式会社",     "有限会社", "合同会社",           "合名会社", "合資会社",     "(株)",
    "(有)",         "(同)",     "医療法人",           "学校法人", "社会福祉法人", "宗教法人",
    "社団法人",     "財団法人", "特定非営利活動法人", "NPO法人",  "税理士法人",   "弁護士法人",
    "独立行政法人", "相互会社", "協同組合",           "株式會社", "投資法人",     "(医)",
    "(社)",         "(財)",     "監査法人",           "信用金庫", "株式会杜",     "有限会杜",
};

/* Words of their own, folded; dots and spaces are taken out before the comparison. */
static const char *const legal_forms_latin[] = {
    "sdnbhd", "sdnbhd.", "bhd",  "gmbh",        "ag",  "kg",  "inc",  "ltd",  "limited",
    "llc",    "llp",     "corp", "corporation", "bv",  "nv",  "sarl", "sas",  "spa",
    "srl",    "aps",     "plc",  "pty",         "pte", "co",  "kk",   "ohg",  "company",
    "gbr",    "mbh",     "ek",   "eurl",        "snc", "slu", "vof",  "sasu", "kgaa",
};

/* Two letters that are also words: of a name they end it, or have their dots. */
static const char *const legal_forms_short[] = {"sa", "sl", "as", "ab", "sc"};

static const char *const trades[] = {
    "造園",         "鉄工",        "電気",
    "電工",         "土木",        "清掃",
    "警備",         "倶楽部",      "動物病院",
    "モータース",   "自動車",      "工房",
    "歯科",         "不動産",      "新聞",
    "クリーニング", "美容",        "理容",
    "荘",           "温泉",        "電力",
    "水道局",       "市役所",      "郵便局",
    "会議所",       "協会",        "組合",
    "大学",         "学園",        "航空",
    "フェリー",     "バス",        "急便",
    "事務所",       "研究所",      "製作所",
    "美術館",       "博物館",      "体育館",
    "会館",         "幼稚園",      "保育園",
    "学校",         "神社",        "ショップ",
    "サロン",       "サービス",    "販売",
    "運送",         "農園",        "牧場",
    "酒造",         "水産",        "青果",
    "精肉",         "鮮魚",        "製菓",
    "花店",         "生花",        "眼鏡",
    "メガネ",       "スポーツ",    "楽器",
    "家具",         "建具",        "塗装",
    "電設",         "設備",        "ガス",
    "家電",         "デンキ",      "ダイニング",
    "キッチン",     "ビストロ",    "ラーメン",
    "うどん",       "そば",        "焼肉",
    "焼鳥",         "食事処",      "コーヒー",
    "ホール",       "シネマ",      "コンビニ",
    "スーパー",     "ストア",      "マート",
    "マーケット",   "薬局",        "ドラッグ",
    "書店",         "食堂",        "レストラン",
    "カフェ",       "珈琲",        "喫茶",
    "病院",         "医院",        "クリニック",
    "商店",         "商会",        "工業",
    "商事",         "ホテル",      "旅館",
    "居酒屋",       "寿司",        "鮨",
    "タクシー",     "交通",        "鉄道",
    "駐車場",       "パーキング",  "石油",
    "電機",         "カメラ",      "ホームセンター",
    "ベーカリー",   "文具",        "印刷",
    "運輸",         "物流",        "建設",
    "工務店",       "酒店",        "屋",
    "堂",           "亭",          "庵",
    "百貨店",       "trading",     "enterprise",
    "restaurant",   "hardware",    "marketing",
    "store",        "mart",        "cafe",
    "bakery",       "house",       "market",
    "supermarket",  "hypermarket", "stationery",
    "station",      "pharmacy",    "hotel",
    "resources",    "supply",      "electrical",
    "services",     "service",     "shop",
    "kitchen",      "cuisine",     "catering",
    "motor",        "auto",        "industries",
    "retail",       "holdings",    "group",
    "books",        "kedai",       "restoran",
    "perniagaan",   "pasaraya",    "niaga",
    "grocer",       "food",        "foods",
    "deco",         "delights",    "florist",
    "cash&carry",   "centre",      "center",
    "computer",     "electronics", "furniture",
    "interior",     "fashion",     "beauty",
    "salon",        "clinic",      "studio",
};

static const char *const titles[] = {
    "領収書",
    "領収証",
    "領収證",
    "請求書",
    "御請求書",
    "納品書",
    "見積書",
    "御見積書",
    "お見積書",
    "注文書",
    "発注書",
    "注文請書",
    "契約書",
    "明細書",
    "利用明細",
    "レシート",
    "お買上票",
    "適格請求書",
    "適格簡易請求書",
    "領収書兼",
    "控え",
    "(控)",
    "写",
    "見本",
    "receipt",
    "invoice",
    "taxinvoice",
    "cashreceipt",
    "officialreceipt",
    "salesreceipt",
    "cashbill",
    "cashsales",
    "bill",
    "rechnung",
    "quittung",
    "kassenbon",
    "factuur",
    "facture",
    "avoir",
    "kopiefactuur",
    "quotation",
    "deliverynote",
    "simplifiedtaxinvoice",
    "taxinvoice/receipt",
    "statement",
    "original",
    "copy",
    "duplicate",
    "invoice:",
    "kundenbeleg",
    "händlerbeleg",
    "gutschrift",
    "lieferschein",
    "angebot",
    "credit",
    "creditnote",
    "purchaseorder",
    "reprint",
    "納品書(控)",
    "請求明細書",
    "印",
    "収入印紙",
    "社印",
    "角印",
};

static const char *const noise[] = {
    "ありがとう",
    "有難う",
    "いらっしゃい",
    "またの",
    "お越し",
    "ご来店",
    "下記",
    "上記",
    "申し上げ",
    "いたしま",
    "致しま",
    "ください",
    "下さい",
    "ございま",
    "です。",
    "ます。",
    "お願い",
    "但し",
    "但、",
    "として",
    "内訳",
    "品名",
    "数量",
    "単価",
    "件名",
    "備考",
    "摘要",
    "小計",
    "合計",
    "消費税",
    "税率",
    "対象",
    "釣",
    "預",
    "現金",
    "クレジット",
    "ポイント",
    "会員",
    "営業時間",
    "定休日",
    "担当",
    "レジ",
    "責no",
    "責任者",
    "扱者",
    "no.",
    "伝票",
    "番号",
    "発行日",
    "発注日",
    "領収日",
    "見積日",
    "注文日",
    "納品日",
    "日時",
    "税込",
    "税抜",
    "定期",
    "実費",
    "テーブル",
    "名様",
    "乗務員",
    "車番",
    "取引日",
    "日付",
    "請求日",
    "支払",
    "期限",
    "振込",
    "銀行",
    "支店",
    "普通預金",
    "口座",
    "印は",
    "軽減税率",
    "軽減",
    "領収いたし",
    "領収致し",
    "正に",
    "明細",
    "金額",
    "お買上",
    "お客様",
    "スタッフ",
    "電子マネー",
    "交通系ic",
    "コード決済",
    "承認",
    "キャンペーン",
    "返品",
    "交換",
    "価格",
    "プロの",
    "品質",
    "thank",
    "welcome",
    "date",
    "time:",
    "cashier",
    "gst",
    "salesperson",
    "description",
    "qty",
    "amount",
    "total",
    "item",
    "change",
    "rounding",
    "goods",
    "sold",
    "return",
    "refund",
    "price",
    "discount",
    "member",
    "slip",
    "trans",
    "terminal",
    "operator",
    "server",
    "staff",
    "pos ",
    "tax ",
    "vat",
    "ust-id",
    "ustid",
    "steuer",
    "summary",
    "page",
    "seite",
    "account",
    "customer",
    "invoiceno",
    "billno",
    "docno",
    "ordernumber",
    "iban",
    "kundennr",
    "rechnungsnr",
    "receipt#",
    "please",
    "vielendank",
    "einkauf",
    "öffnungs",
    "offnungs",
    "unsere",
    "uhr",
    "lieferdatum",
    "menge",
    "artikel",
    "beschreibung",
    "bezeichnung",
    "payment",
    "zahlung",
    "paymentterms",
    "due",
    "greetings",
    "summary",
    "anycomments",
    "we're",
    "youraccount",
    "information",
    "attn",
    "phone",
    "email",
    "e-mail",
    "visit",
    "follow",
    "facebook",
    "feedback",
    "exchange",
    "days",
    "voucher",
    "hotline",
    "website",
    "printed",
    "ref.",
    "reg no",
    "copyright",
    "stylesheet",
    "version",
    "referenz",
    "reference",
    "charges",
    "bildaa",
    "regno",
    "roc no",
    "co.reg",
    "companyreg",
    "(formerlyknown",
    "a member of",
    "amemberof",
    "openinghours",
    "businesshour",
    "operatinghours",
    "purchase",
    "carplate",
    "self",
    "cashsale",
    "visitus",
    "(roc",
    "roc:",
    "co.no",
    "companyno",
    "complaint",
    "上記正に",
    "円也",
    "円整",
    "tarikh",
    "alamat",
    "terimakasih",
    "resit",
    "barang",
    "aggregate",
    "statement of",
    "selamat",
    "bewirtung",
    "beleg-nr",
    "bezahl",
    "*betrag",
    "*summe",
    "bargeld",
    "*rückgeld",
    "*mwst",
    "hauptsitz",
    "geschäftsf",
    "vorstand",
    "aufsichtsrat",
    "registergericht",
    "割引",
    "値引",
    "クーポン",
    "お知らせ",
    "ご使用",
    "チャージ",
    "開催",
    "契約",
    "有効",
    "検針",
    "宿泊",
    "乗車",
    "入庫",
    "出庫",
    "保険",
    "gallons",
    "unleaded",
    "confirmation",
    "passenger",
    "balance",
    "approved",
    "auth code",
    "order #",
    "order no",
    "order summary",
    "check #",
    "zapfsäule",
    "tisch ",
    "kasse ",
    "quittung",
    "*rechnung",
    "caisse",
    "couverts",
    "tavolo",
    "mesa",
    "kvitto",
    "bon ",
    "券売機",
    "発券",
    "号機",
};

/* Words of a name as well, unless a number stands beside them. */
static const char *const noise_numbered[] = {
    "counter", "bank ", "table", "pump ", "guest", "ticket", "exit ", "order ", "check ", "store #",
};

static const char *const addresses[] = {
    ",japan",      "〒",          "tel",           "ＴＥＬ",      "電話",          "fax",
    "登録番号",    "事業者番号",  "事業者登録",    "http",        "www.",          "@",
    "住所",        "所在地",      "jalan",         "jln",         "taman",         "selangor",
    "kualalumpur", "johor",       "lot ",          "street ",     "road ",         "avenue ",
    "*straße",     "*strasse",    "*strabe",       "*straBe",     "postcode",      "malaysia",
    "singapore",   "*str.",       "phone",         "fon:",        "h/p",           "hp:",
    "plaza",       "bandar",      "floor ",        "ground ",     "persiaran",     "section ",
    "seksyen",     "kawasan",     "perindustrian", "industrial",  "lorong",        "wilayah",
    "petaling",    "france",      "deutschland",   "germany",     "united states", "p.o.box",
    "darulehsan",  "darul ehsan", "persekutuan",   "pulaupinang", "kampung",       "negeri",
    "jlm ",        "batu caves",
};

static const char *const recipient_heads[] = {
    "billto",
    "billingaddress",
    "billtoaddress",
    "invoiceto",
    "soldto",
    "shipto",
    "deliverto",
    "shippingaddress",
    "customer:",
    "factuuradres",
    "afleveradres",
    "adressedelivraison",
    "adressedefacturation",
    "käufer",
    "kunde:",
    "cliente",
    "destinatario",
    "spett",
    "señores",
    "rechnungsempfänger",
    "warenempfänger",
    "rechnungsadresse",
    "lieferadresse",
    "lieferanschrift",
    "rechnungsanschrift",
    "client:",
    "請求先",
    "納品先",
    "送付先",
    "お届け先",
    "ご依頼主",
    "得意先",
    "お客様名",
    "bill-to",
    "clientname",
    "preparedfor",
    "invoicerecipient",
    "facturéà",
    "宛先",
    "発注先",
    "注文先",
};

static void
cell_clear(gpointer data)
{
    Cell *cell = data;

    g_free(cell->text);
    g_free(cell->folded);
    g_free(cell->begins);
}

static bool
contains_any(const char *text, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strstr(text, words[i]))
            return true;
    return false;
}

static bool
equals_any(const char *text, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(text, words[i]) == 0)
            return true;
    return false;
}

/* True when a word for a trade is in @name: a short Latin one ends a word of it, as mart does in
 * Supermart and auto does not in Autobahn. */
static bool
names_trade(const char *name)
{
    enum { SHORT = 5 };
    g_autofree char *lower = g_utf8_strdown(name, -1);

    for (guint i = 0; i < G_N_ELEMENTS(trades); i++) {
        size_t size = strlen(trades[i]);
        bool latin = g_ascii_isalpha(trades[i][0]) && size <= SHORT;

        for (const char *at = strstr(lower, trades[i]); at; at = strstr(at + 1, trades[i]))
            if (!latin || !g_ascii_isalpha(at[size]))
                return true;
    }
    return false;
}

/* True when @name says what is paid or what the paper is, by its last letters: 駐車料金, 年会費,
 * お知らせ(検針票). */
static bool
is_subject(const char *name)
{
    static const char *const ends[] = {
        "料",     "料金",     "費",   "代",   "代金", "税",   "券",   "票",       "お知らせ",
        "割引",   "値引",     "報酬", "明細", "書",   "証",   "控",   "チャージ", "使用量",
        "購読料", "ご案内",   "額",   "点数", "日",   "日時", "時刻", "時間",     "内容",
        "氏名",   "車種",     "円",   "分",   "番",   "行",   "者",   "様",       "合計",
        "駐車場", "負担割合", "種別", "区分", "方法", "回数", "人数", "ご利用"};
    g_autofree char *bare = g_strdup(name);
    char *bracket = strchr(bare, '(');

    if (bracket && bracket - bare >= 6)
        *bracket = '\0';
    g_strchomp(bare);
    for (guint i = 0; i < G_N_ELEMENTS(ends); i++)
        if (g_str_has_suffix(bare, ends[i]))
            return true;
    return false;
}

static char *
folded_of(const char *text)
{
    GString *out = g_string_new(NULL);

    for (const char *p = text; *p; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);

        if (!g_unichar_isspace(c))
            g_string_append_unichar(out, g_unichar_tolower(c));
    }
    return g_string_free(out, FALSE);
}

/* Where the words of @text begin, in folded_of() it. */
static char *
begins_of(const char *text)
{
    GString *out = g_string_new(NULL);
    bool inside = false;

    for (const char *p = text; *p; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);
        char low[8];

        if (!g_unichar_isspace(c)) {
            int size = g_unichar_to_utf8(g_unichar_tolower(c), low);

            g_string_append_c(out, inside ? '0' : '1');
            for (int i = 1; i < size; i++)
                g_string_append_c(out, '0');
        }
        inside = g_unichar_isalpha(c);
    }
    return g_string_free(out, FALSE);
}

/* True when one of @words is in @cell; a Latin one must begin a word of it ("gst" is not in
 * "Hing Stationery"), and end one when a blank closes it, unless a star says that compounds end
 * with it. */
static bool
cell_holds(const Cell *cell, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        bool anywhere = words[i][0] == '*' || !g_ascii_isalpha(words[i][0]);
        const char *word = words[i] + (words[i][0] == '*');
        size_t size = strlen(word);
        bool closed = word[size - 1] == ' ';

        size -= closed;
        for (size_t at = 0; cell->folded[at]; at++) {
            const char *begin = cell->folded + at;

            if (*begin != *word || strncmp(begin, word, size) != 0 ||
                (!anywhere && cell->begins[at] != '1') ||
                (closed && g_ascii_isalpha(begin[size]) && cell->begins[at + size] != '1'))
                continue;
            return true;
        }
    }
    return false;
}

static unsigned
count_letters(const char *text)
{
    unsigned letters = 0;

    for (const char *p = text; *p; p = g_utf8_next_char(p))
        letters += g_unichar_isalpha(g_utf8_get_char(p)) ? 1 : 0;
    return letters;
}

static unsigned
count_digits(const char *text)
{
    unsigned digits = 0;

    for (const char *p = text; *p; p++)
        digits += g_ascii_isdigit(*p) ? 1 : 0;
    return digits;
}

/* The byte after the last Latin legal form in @text; 0 when it has none. */
static size_t
latin_form_end(const char *text)
{
    size_t end = 0;

    for (const char *p = text; *p;) {
        if (!g_ascii_isalpha(*p) || (p > text && g_ascii_isalpha(p[-1]))) {
            p++;
            continue;
        }
        /* A word, with the dots and the one-letter parts of B.V., S.A. */
        char word[16] = {0};
        size_t size = 0;
        const char *q = p;

        while ((g_ascii_isalpha(*q) || *q == '.') && size < sizeof word - 1) {
            if (*q == '.' && (!g_ascii_isalpha(q[1]) || size > 2)) {
                break;
            }
            if (*q != '.')
                word[size++] = g_ascii_tolower(*q);
            q++;
        }
        bool upper = g_ascii_isupper(*p);

        bool known = equals_any(word, legal_forms_latin, G_N_ELEMENTS(legal_forms_latin));
        bool dotted = (size_t)(q - p) > size;

        if (!known && (dotted || (q[*q == '.'] == '\0' && g_ascii_isupper(p[1]))))
            known = equals_any(word, legal_forms_short, G_N_ELEMENTS(legal_forms_short));
        /* e.K. begins with a small letter. */
        upper = upper || (dotted && strcmp(word, "ek") == 0);
        if (q > p && upper && p > text && known && !g_ascii_isalpha(*q))
            end = (size_t)(q - text) + (*q == '.');
        p = MAX(q, p + 1);
    }
    return end;
}

/* Address of the Japanese kind: a prefecture, city, ward or town with a house number. */
static bool
is_japanese_address(const char *folded)
{
    static const char *const places[] = {"都", "道", "府", "県",   "市",
                                         "区", "町", "村", "丁目", "番地"};
    static const char *const prefectures[] = {"東京都", "北海道", "大阪府", "京都府", "県"};
    unsigned hits = 0;

    for (guint i = 0; i < G_N_ELEMENTS(places); i++)
        hits += strstr(folded, places[i]) != NULL;
    if (contains_any(folded, prefectures, G_N_ELEMENTS(prefectures)) && hits >= 2)
        return true;
    return hits >= 2 && count_digits(folded) >= 2;
}

static bool
is_telephone(const char *folded)
{
    unsigned digits = 0;
    unsigned hyphens = 0;

    for (const char *p = folded; *p; p++) {
        digits += g_ascii_isdigit(*p) ? 1 : 0;
        hyphens += *p == '-';
    }
    return digits >= 9 && digits <= 11 && hyphens >= 2 && folded[0] == '0';
}

/* (162761-M), 1365663-P, JM0725755-U: a number of the registry of companies, alone on its line or
 * in its brackets. */
static bool
is_company_number(const char *text)
{
    enum { DIGITS_LEAST = 5, DIGITS_MOST = 12, LETTERS_MOST = 3 };
    unsigned digits = 0;
    unsigned letters = 0;
    const char *p = text;

    while (*p && strchr("( [{:.", *p))
        p++;
    while (g_ascii_isupper(*p) && letters++ < LETTERS_MOST)
        p++;
    for (; g_ascii_isdigit(*p) || *p == ' '; p++)
        digits += g_ascii_isdigit(*p) ? 1 : 0;
    if (digits < DIGITS_LEAST || digits > DIGITS_MOST || *p != '-')
        return false;
    for (p++; *p == ' '; p++)
        ;
    if (!g_ascii_isupper(*p))
        return false;
    for (p++; *p && strchr(") ]}.,", *p); p++)
        ;
    return *p == '\0';
}

/* 57000 KL, 33100 Paderborn, D-63571 Gelnhausen: the last line of an address. */
static bool
is_postal_line(const char *text)
{
    const char *p = text;
    unsigned digits = 0;

    if (g_ascii_isupper(p[0]) && p[1] == '-')
        p += 2;
    for (; g_ascii_isdigit(*p); p++)
        digits++;
    if ((digits != 4 && digits != 5) || (*p != ' ' && *p != ','))
        return false;
    while (*p == ' ' || *p == ',')
        p++;
    return g_unichar_isupper(g_utf8_get_char(p)) && count_digits(p) == 0;
}

/* The byte after 御中 in @text, or after what is read for it behind the name of a company; NULL
 * when nobody is addressed. */
static const char *
addressee_end(const char *text)
{
    static const char *const misread[] = {"件中", "卸中", "御申", "御由", "衛中", "御虫", "却中"};
    const char *at = strstr(text, "御中");

    for (guint i = 0; !at && i < G_N_ELEMENTS(misread); i++) {
        at = strstr(text, misread[i]);
        if (at &&
            !(g_str_has_suffix(text, misread[i]) &&
              contains_any(text, legal_forms_ja, G_N_ELEMENTS(legal_forms_ja))) &&
            !(at - text >= 12 && g_str_has_prefix(at - 12, "株式会社")) &&
            !(at - text >= 12 && g_str_has_prefix(at - 12, "有限会社")))
            at = NULL;
    }
    return at ? at + strlen("御中") : NULL;
}

static bool
names_recipient(const char *folded)
{
    size_t size = strlen(folded);

    if (addressee_end(folded) || g_str_has_suffix(folded, "殿") || strstr(folded, "各位"))
        return true;
    if (strstr(folded, "お客様") || strstr(folded, "皆様"))
        return false;
    /* 御中 whose second letter was not read. */
    if (g_str_has_suffix(folded, "御") &&
        contains_any(folded, legal_forms_ja, G_N_ELEMENTS(legal_forms_ja)))
        return true;
    return g_str_has_suffix(folded, "様") || strstr(folded, "様分") ||
           (size > 3 && strcmp(folded + size - 1, "様") == 0);
}

/* Where a telephone or the registration number is named within @text, behind a name; NULL else. */
static const char *
number_named_in(const char *text)
{
    static const char *const words[] = {"TEL", "Tel", "電話", "℡", "登録番号"};
    enum { NAME_LEAST_BYTES = 6 };

    for (guint i = 0; i < G_N_ELEMENTS(words); i++) {
        const char *at = strstr(text, words[i]);

        if (!at || at - text < NAME_LEAST_BYTES || g_ascii_isalnum(at[-1]))
            continue;
        const char *after = at + strlen(words[i]);

        while (*after == ' ' || *after == ':' || *after == '.' || *after == '(' || *after == 'T')
            after++;
        if (g_ascii_isdigit(*after))
            return at;
    }
    return NULL;
}

static void
add_cell(GArray *cells, const DnFieldLine *line, size_t from, size_t to, unsigned rank)
{
    enum { NAME_LEAST_BYTES = 12 };
    g_autofree char *whole = g_strndup(line->plain + from, to - from);
    const char *after = addressee_end(whole);

    /* Who is addressed and who writes, without a gap between them. */
    if (after && strlen(after) >= NAME_LEAST_BYTES) {
        size_t middle = from + (size_t)(after - whole);

        add_cell(cells, line, from, middle, rank);
        add_cell(cells, line, middle, to, rank);
        return;
    }
    /* A name with the telephone on its line. */
    const char *call = number_named_in(whole);

    if (call) {
        size_t middle = from + (size_t)(call - whole);

        add_cell(cells, line, from, middle, rank);
        add_cell(cells, line, middle, to, rank);
        return;
    }
    while (from < to && strchr(" \t:|*-_=~.,'\"", line->plain[from]))
        from++;
    while (to > from && strchr(" \t:|*_=~,'\"-", line->plain[to - 1]))
        to--;
    if (to <= from || cells->len >= CELLS_MOST)
        return;
    Cell cell = {.line = line, .from = from, .to = to, .rank = rank};

    cell.text = g_strndup(line->plain + from, to - from);
    cell.folded = folded_of(cell.text);
    cell.begins = begins_of(cell.text);
    cell.box = dn_field_line_box(line, from, to);
    cell.registration = is_company_number(cell.text);
    cell.contact = cell.registration || is_postal_line(cell.text) ||
                   cell_holds(&cell, addresses, G_N_ELEMENTS(addresses)) ||
                   is_japanese_address(cell.folded) || is_telephone(cell.folded);
    cell.recipient = names_recipient(cell.folded);
    cell.heads_recipient = cell_holds(&cell, recipient_heads, G_N_ELEMENTS(recipient_heads));
    g_array_append_val(cells, cell);
}

/* True when what stands before the gap at @at is only the legal form of the name after it. */
static bool
form_precedes(const DnFieldLine *line, size_t from, size_t at)
{
    g_autofree char *part = g_strndup(line->plain + from, at - from);

    g_strstrip(part);
    return equals_any(part, legal_forms_ja, G_N_ELEMENTS(legal_forms_ja));
}

/* True when what follows the gap at @at is only the legal form of the name before it. */
static bool
form_follows(const DnFieldLine *line, size_t at)
{
    static const char *const forms[] = {"sdn", "bhd", "gmbh", "b.v.", "ltd", "inc", "llc", "co."};
    g_autofree char *rest = g_ascii_strdown(line->plain + at, -1);

    if (at == 0 || strlen(rest) > 16)
        return false;
    for (guint i = 0; i < G_N_ELEMENTS(forms); i++)
        if (g_str_has_prefix(rest, forms[i]))
            return true;
    return false;
}

static GArray *
cells_of(const DnFieldText *text)
{
    GArray *cells = g_array_new(FALSE, FALSE, sizeof(Cell));
    unsigned rank = 0;

    g_array_set_clear_func(cells, cell_clear);
    for (guint i = 0; i < text->lines->len; i++) {
        const DnFieldLine *line = dn_field_text_line(text, i);
        size_t from = 0;
        bool lettered = count_letters(line->plain) >= 3;

        for (size_t at = 0; at <= line->plain_size; at++)
            if (at == line->plain_size || (line->plain[at] == '\t' && !form_follows(line, at + 1) &&
                                           !form_precedes(line, from, at))) {
                add_cell(cells, line, from, at, rank);
                from = at + 1;
            }
        rank += lettered;
    }
    return cells;
}

/* Pohlweg 110 */
static bool
ends_with_house(const char *text)
{
    size_t size = strlen(text);

    if (size > 1 && g_ascii_isalpha(text[size - 1]) && g_ascii_isdigit(text[size - 2]))
        size--;
    return size > 4 && g_ascii_isdigit(text[size - 1]) && count_digits(text) <= 4 &&
           g_unichar_isalpha(g_utf8_get_char(text));
}

/* A line between two of an address is one of it, and so is a street above the town, unless it names
 * a company. */
static void
mark_addresses(GArray *cells)
{
    for (guint i = 0; i + 1 < cells->len; i++) {
        const Cell *below = &g_array_index(cells, Cell, i + 1);
        Cell *cell = &g_array_index(cells, Cell, i);

        if (cell->line->page == below->line->page && cell->line->index + 1 == below->line->index &&
            is_postal_line(below->text) && ends_with_house(cell->text))
            cell->contact = true;
    }
    for (guint i = 1; i + 1 < cells->len; i++) {
        const Cell *above = &g_array_index(cells, Cell, i - 1);
        const Cell *below = &g_array_index(cells, Cell, i + 1);
        Cell *cell = &g_array_index(cells, Cell, i);

        if (!cell->contact && above->contact && below->contact && !above->registration &&
            !below->registration && above->line->page == below->line->page &&
            above->line->index + 1 == cell->line->index &&
            cell->line->index + 1 == below->line->index && latin_form_end(cell->text) == 0 &&
            !contains_any(cell->text, legal_forms_ja, G_N_ELEMENTS(legal_forms_ja)))
            cell->contact = true;
    }
}

static bool
share_columns(const DnBox *a, const DnBox *b, double slack_px)
{
    return a->x < b->x + b->width + slack_px && b->x < a->x + a->width + slack_px;
}

/* Whoever stands under, or right of, the head of a recipient's address is the recipient. */
static void
mark_recipients(GArray *cells)
{
    for (guint i = 0; i < cells->len; i++) {
        const Cell *head = &g_array_index(cells, Cell, i);

        if (!head->heads_recipient && strcmp(head->folded, "御中") != 0 &&
            strcmp(head->folded, "様") != 0)
            continue;
        for (guint j = 0; j < cells->len; j++) {
            Cell *cell = &g_array_index(cells, Cell, j);
            int lines = (int)cell->line->index - (int)head->line->index;

            if (cell == head || cell->line->page != head->line->page)
                continue;
            if (head->heads_recipient && lines >= 0 && lines <= 3 &&
                (lines == 0
                     ? cell->from > head->from &&
                           cell->box.x - head->box.x - head->box.width < 6 * cell->line->height_px
                     : share_columns(&cell->box, &head->box, 0)))
                cell->recipient = true;
            if (!head->heads_recipient && (lines == 0 || lines == -1) && cell->from < head->from)
                cell->recipient = true;
        }
    }
    for (guint i = 0; i < cells->len; i++) {
        Cell *cell = &g_array_index(cells, Cell, i);

        /* The department on the line above 御中, the company above the department. */
        if (strstr(cell->folded, "御中") == NULL || i == 0)
            continue;
        for (guint j = 0; j < i; j++) {
            Cell *above = &g_array_index(cells, Cell, j);

            if (above->line->page == cell->line->page &&
                cell->line->index - above->line->index <= 1 &&
                above->line->index < cell->line->index &&
                share_columns(&above->box, &cell->box, 0) &&
                ABS(above->box.x - cell->box.x) < 3 * cell->line->height_px &&
                above->box.x < cell->line->page_width_px * 0.45)
                above->recipient = true;
        }
    }
}

/* 印 stands for a seal where the name ends with it; 印刷 is a trade. */
static void
cut_seal(char *name)
{
    char *seal = g_strrstr(name, "印");

    if (seal && seal - name >= 4 && !g_unichar_isalpha(g_utf8_get_char(seal + strlen("印"))))
        *seal = '\0';
}

/* What the models for Japanese make of a Latin name: kana for a flourish, a yen sign for Y, and a
 * digit for the M of (M) SDN BHD, which stands for Malaysia. */
static void
latinise(GString *name)
{
    static const char *const malaysia[] = {"(4) S", "(N) S", "(H) S", "(W) S", "(1) S", "(11) S"};

    for (gsize at = 0; at < name->len;) {
        const char *p = name->str + at;
        gunichar c = g_utf8_get_char(p);
        gsize size = (gsize)(g_utf8_next_char(p) - p);

        if (dn_text_is_cjk(c)) {
            g_string_erase(name, (gssize)at, (gssize)size);
        } else if (c == 0xa5) {
            g_string_erase(name, (gssize)at, (gssize)size);
            g_string_insert_c(name, (gssize)at++, 'Y');
        } else {
            at += size;
        }
    }
    for (guint i = 0; i < G_N_ELEMENTS(malaysia); i++) {
        const char *hit = strstr(name->str, malaysia[i]);

        if (hit && g_ascii_strncasecmp(hit + strlen(malaysia[i]) - 1, "SDN", 3) == 0) {
            gssize at = hit - name->str;

            g_string_erase(name, at, (gssize)strlen(malaysia[i]) - 2);
            g_string_insert(name, at, "(M)");
        }
    }
}

/* @text without what is printed around a name. (transfer full) */
static char *
trimmed_name(const char *text, size_t *out_cut)
{
    static const char *const openers[] = {
        "会社名", "口座名義人", "口座名義", "口座名",  "名義人", "名義",
        "店名",   "店舗名",     "発行者",   "発行元",  "販売者", "加盟店名",
        "加盟店", "店舗",       "from:",    "seller:", "from "};
    static const char *const closers[] = {
        "登録番号",   "事業者", "tel",      "TEL",   "Tel",      "電話", "〒",
        "代表取締役", "代表",   "FAX",      "Fax",   " - ",      " | ",  " |,",
        " : ",        "●",      "•",        "(No",   "http",     "www.", "Invoice",
        "領収",       "請求書", "レシート", " ROC",  "Reg.",     "(Co",  "GST",
        "(以下",      "( 以下", " (以下",   " お客", "お客さま", " 0"};
    const char *begin = text;

    *out_cut = 0;
    for (guint i = 0; i < G_N_ELEMENTS(openers); i++)
        if (g_ascii_strncasecmp(begin, openers[i], strlen(openers[i])) == 0 ||
            g_str_has_prefix(begin, openers[i])) {
            const char *after = begin + strlen(openers[i]);

            while (*after == ':' || *after == ' ')
                after++;
            if (*after)
                begin = after;
            break;
        }
    /* "Account holder", whatever was read of its first character. */
    const char *holder = strstr(begin, "名義");

    if (holder && holder - begin <= HOLDER_BYTES && strlen(holder) > strlen("名義人:"))
        begin = holder + strlen("名義");
    while (*begin == ':' || *begin == ' ' || g_str_has_prefix(begin, "人"))
        begin = g_utf8_next_char(begin);
    g_autofree char *name = g_strdup(begin);

    for (guint i = 0; i < G_N_ELEMENTS(closers); i++) {
        char *at = strstr(name, closers[i]);

        if (at && at - name >= 4)
            *at = '\0';
    }
    cut_seal(name);
    size_t form = latin_form_end(name);

    /* After the legal form of a Latin name only an address or a place can follow. */
    if (form > 0 && name[form] &&
        (name[form] == ',' || count_digits(name + form) > 0 || name[form] == '(' ||
         (name[form] == ' ' && g_ascii_islower(name[form + 1]))))
        name[form] = '\0';
    /* The number of the company in brackets. */
    char *bracket = strrchr(name, '(');

    if (bracket && bracket - name >= 4 && count_digits(bracket) >= 4)
        *bracket = '\0';
    /* One that never closes was a scratch or the rim of a seal. */
    bracket = strrchr(name, '(');
    if (bracket && bracket - name >= 4 && !strchr(bracket, ')'))
        *bracket = '\0';
    for (size_t size = strlen(name); size > 0 && strchr(" \t:|*-_=~,;'\"(", name[size - 1]); size--)
        name[size - 1] = '\0';
    g_strdelimit(name, "\t", ' ');
    *out_cut = (size_t)(begin - text);
    return g_steal_pointer(&name);
}

static bool
is_title(const char *folded)
{
    static const char *const last[] = {"receipt", "invoice", "statement", "kvittering", "factuur"};
    enum { TITLE_MOST = 24 };
    static const char *const scraps[] = {"収", "領", "証", "請求", "納品", "見積"};
    static const char *const alone[] = {"eur",  "usd",       "myr",         "jpy",      "chf",
                                        "cash", "nederland", "netherlands", "belgique", "schweiz",
                                        "注文", "納入",      "発注",        "visa",     "bar"};

    if (equals_any(folded, alone, G_N_ELEMENTS(alone)))
        return true;

    for (guint i = 0; i < G_N_ELEMENTS(last); i++)
        if (strlen(folded) <= TITLE_MOST && g_str_has_suffix(folded, last[i]))
            return true;
    if (equals_any(folded, titles, G_N_ELEMENTS(titles)))
        return true;
    if (g_utf8_strlen(folded, -1) <= 3 && contains_any(folded, scraps, G_N_ELEMENTS(scraps)))
        return true; /* what is left of a title */
    for (guint i = 0; i < G_N_ELEMENTS(titles); i++) {
        const char *at = strstr(folded, titles[i]);

        if (at && strlen(folded) <= strlen(titles[i]) + 6)
            return true;
        if (at == folded && strlen(titles[i]) >= 7 && count_digits(folded) >= 3)
            return true;
    }
    return false;
}

/* True of 金壱万弐千円也 or 令和七年四月一日 with a letter or two misread. */
static bool
is_kanji_figure(const char *folded)
{
    static const double SHARE = 0.7;
    enum { LETTERS_LEAST = 2 };
    double letters = 0;
    double numerals = 0;
    bool sum = g_str_has_prefix(folded, "金") || strstr(folded, "円");
    bool day = strstr(folded, "月") && (strstr(folded, "年") || strstr(folded, "日"));

    for (const char *p = folded; *p; p = g_utf8_next_char(p)) {
        letters++;
        numerals += dn_text_has_letter("〇一二三四五六七八九十百千万億壱弐参拾金円也令和年月日、",
                                       g_utf8_get_char(p));
    }
    return (sum || day) && letters >= LETTERS_LEAST && numerals >= SHARE * letters;
}

static bool
is_lower_case(const char *text)
{
    unsigned upper = 0;
    unsigned lower = 0;

    for (const char *p = text; *p; p = g_utf8_next_char(p)) {
        if (dn_text_is_cjk(g_utf8_get_char(p)))
            return false;
        upper += g_ascii_isupper(*p) ? 1 : 0;
        lower += g_ascii_islower(*p) ? 1 : 0;
    }
    return upper == 0 && lower >= 3;
}

static double
contact_evidence(const DnFieldText *text, const GArray *cells, const Cell *cell)
{
    double evidence = 0;

    for (guint i = 0; i < cells->len; i++) {
        const Cell *other = &g_array_index(cells, Cell, i);
        int lines = (int)other->line->index - (int)cell->line->index;

        if (other == cell || !other->contact || other->recipient ||
            other->line->page != cell->line->page || lines < -2 || lines > NEAR_LINES ||
            !share_columns(&cell->box, &other->box, cell->line->height_px))
            continue;
        if (lines >= 0 && lines <= 1 && other->registration)
            evidence = MAX(evidence, 2.2); /* the company whose number it is */
        else if (lines >= 0)
            evidence = MAX(evidence, lines <= 3 ? 1.4 : 0.9);
        else if (text->japanese)
            evidence = MAX(evidence, 0.7); /* elsewhere goods follow the address */
    }
    return evidence;
}

/* Of the words that make up the name of @one. */
static double
least_confidence(const Cell *cell)
{
    return dn_field_line_confidence(cell->line, cell->from, cell->to);
}

static double
mean_confidence(const Cell *cell)
{
    const GPtrArray *words = cell->line->line->words;
    guint first = cell->line->word_of[cell->from];
    guint last = cell->line->word_of[cell->to - 1];
    double sum = 0;

    for (guint i = first; i <= last && i < words->len; i++)
        sum += ((const DnWord *)g_ptr_array_index(words, i))->confidence;
    return sum / (last - first + 1);
}

/* True for 有限会社 or (M) SDN BHD without a name. */
static bool
is_only_form(const char *folded)
{
    static const char *const latin[] = {
        "sdnbhd",  "bhd", "gmbh", "gmbh&cokg", "cokg", "coltd",  "inc",   "ltd",
        "limited", "llc", "plc",  "corp",      "bv",   "nv",     "vof",   "ag",
        "kg",      "ek",  "ohg",  "srl",       "spa",  "snc",    "sarl",  "sas",
        "eurl",    "sa",  "sl",   "slu",       "co",   "pteltd", "ptyltd"};
    g_autoptr(GString) bare = g_string_new(NULL);
    const char *p = folded;

    if (*p == '(' && strlen(p) > 3 && p[2] == ')')
        p += 3; /* of Malaysia */
    for (; *p; p++)
        if (!strchr(".,", *p))
            g_string_append_c(bare, *p);
    return equals_any(folded, legal_forms_ja, G_N_ELEMENTS(legal_forms_ja)) ||
           equals_any(bare->str, latin, G_N_ELEMENTS(latin));
}

/* The legal form of the name in @cell, where it takes the line below. */
static const Cell *
form_below(const GArray *cells, const Cell *cell)
{
    for (guint i = 0; i < cells->len; i++) {
        const Cell *other = &g_array_index(cells, Cell, i);

        if (other->line->page == cell->line->page && other->line->index == cell->line->index + 1 &&
            share_columns(&cell->box, &other->box, 0) && is_only_form(other->folded) &&
            other->box.y - cell->box.y < 3 * (int32_t)MAX(cell->box.height, other->box.height))
            return other;
    }
    return NULL;
}

/* True for a line of goods. */
static bool
has_price(const DnFieldLine *line)
{
    for (guint i = 0; i < line->numbers->len; i++)
        if (dn_number_is_money(&g_array_index(line->numbers, DnNumber, i)))
            return true;
    return false;
}

/* True for a line that tells of anything but who issued the paper. */
static bool
is_noise(const Cell *cell)
{
    if (cell_holds(cell, noise, G_N_ELEMENTS(noise)))
        return true;
    return (count_digits(cell->text) > 0 || strpbrk(cell->text, ":#") ||
            equals_any(cell->folded, noise_numbered, G_N_ELEMENTS(noise_numbered))) &&
           cell_holds(cell, noise_numbered, G_N_ELEMENTS(noise_numbered));
}

static double
evidence_of(const DnFieldText *text, const GArray *cells, const Cell *cell, const char *name)
{
    static const double by_rank[] = {1.9, 1.5, 1.0, 0.7, 0.4};
    g_autofree char *folded = folded_of(name);
    bool legal = contains_any(name, legal_forms_ja, G_N_ELEMENTS(legal_forms_ja));
    bool latin = latin_form_end(name) > 0;
    bool trade = names_trade(name);
    double height = cell->box.height / text->height_px;
    double contact = contact_evidence(text, cells, cell);
    double evidence = -0.6;
    double seen = text->recognised ? mean_confidence(cell) : 1.0;
    unsigned letters = count_letters(name);

    evidence += legal ? 2.6 : latin ? 2.2 : trade ? 1.3 : 0;
    if (cell->line->page == 1 && cell->rank < G_N_ELEMENTS(by_rank))
        evidence += by_rank[cell->rank];
    evidence += height >= 1.8 ? 1.3 : height >= 1.3 ? 0.8 : 0;
    evidence += contact;
    if (cell->recipient || cell->heads_recipient)
        evidence -= 7;
    if (cell->contact && !legal && !latin)
        evidence -= is_japanese_address(cell->folded) ? 5 : 3;
    if (is_noise(cell))
        evidence -= legal && !strstr(cell->folded, "銀行") ? 1.2 : 4.2;
    if (cell->line->numbers->len > 0 && !legal && !latin)
        evidence -= !text->japanese && has_price(cell->line) ? 1.6 : 0.6;
    if (!legal && !latin && is_subject(name))
        evidence -= 3.0;
    if (is_lower_case(name))
        evidence -= 3.0;
    else if (!text->japanese && g_ascii_islower(name[0]) && g_ascii_islower(name[1]) && !latin)
        evidence -= 0.9; /* the end of a word whose begin was not read */
    if (letters < 3)
        evidence -= 1.2;
    if (!text->japanese && !latin && g_ascii_isdigit(name[0]) && strchr(name, ','))
        evidence -= 1.6; /* a house and its street */
    if (count_digits(name) * 2 > letters)
        evidence -= 2.2;
    if (g_utf8_strlen(name, -1) > 40)
        evidence -= 1.2;
    /* A form in Japanese has its issuer at the foot, with an address. */
    if (cell->line->place > 0.55)
        evidence -= legal || latin || (text->japanese && contact >= 1.4) ? 0.3 : 1.6;
    /* Who is to be paid is who invoices, and no seal lies on the line of the account. */
    if (legal && strstr(cell->text, "名義"))
        evidence += 1.6;
    evidence += MAX(-2.2, 4.0 * (seen - 0.85));
    if (is_only_form(folded))
        evidence -= 6;
    else if (legal && g_utf8_strlen(folded, -1) <= FORM_AND_ONE)
        evidence -= 2.5; /* 株式会社 and one letter: the name was not read */
    /* A branch is the name of a place, not of a shop, where another name stands above it. */
    if (cell->rank > 0 && cell->rank < 4 && g_str_has_suffix(folded, "店") &&
        g_utf8_strlen(folded, -1) <= 8 && !legal)
        evidence -= 1.8;
    g_autoptr(GArray) dates = dn_dates_find(cell->text, text->profile, text->currency);

    if (dates->len > 0)
        evidence -= 4;
    if (!text->recognised)
        evidence += 0.8;
    return evidence;
}

/* 墨田店 on the line under a shop's name belongs to it. */
static const Cell *
branch_of(const GArray *cells, const Cell *cell)
{
    if (g_str_has_suffix(cell->folded, "店") || cell->contact)
        return NULL;
    for (guint i = 0; i < cells->len; i++) {
        const Cell *other = &g_array_index(cells, Cell, i);
        int lines = (int)other->line->index - (int)cell->line->index;

        if (other->line->page == cell->line->page && lines >= 0 && lines <= 2 && other != cell &&
            (lines > 0 || other->from > cell->from) && !other->recipient && !other->contact &&
            g_str_has_suffix(other->folded, "店") && g_utf8_strlen(other->folded, -1) <= 10 &&
            g_utf8_strlen(other->folded, -1) >= 2)
            return other;
    }
    return NULL;
}

static DnCandidate *
candidate_of(const DnFieldText *text, const GArray *cells, const Cell *cell)
{
    size_t cut = 0;
    g_autofree char *name = trimmed_name(cell->text, &cut);

    if (!text->japanese) {
        GString *latin = g_string_new(name);

        latinise(latin);
        g_free(name);
        name = g_string_free(latin, FALSE);
        g_strstrip(name);
    }
    bool respelled = false;
    const Cell *form = latin_form_end(name) == 0 ? form_below(cells, cell) : NULL;

    if (form && !is_only_form(cell->folded)) {
        g_autofree char *alone = name;

        name = g_strconcat(alone, " ", form->text, NULL);
    } else {
        form = NULL;
    }
    if (!text->japanese && text->recognised && least_confidence(cell) < DOUBTFUL_WORD) {
        g_autofree char *spelled = dn_spell_name(name);

        respelled = strcmp(spelled, name) != 0;
        if (respelled) {
            char *read = name;

            name = g_steal_pointer(&spelled);
            spelled = read;
        }
    }
    g_autofree char *folded = folded_of(name);
    double evidence = 0;

    if (g_utf8_strlen(name, -1) > NAME_CHARACTERS_MOST || count_letters(name) < 2 ||
        is_title(folded) || is_title(cell->folded) || is_kanji_figure(folded))
        return NULL;
    evidence = evidence_of(text, cells, cell, name);
    if (evidence < -2.5)
        return NULL;
    if (respelled)
        evidence = MIN(evidence, log2(RESPELLED_MOST / (1 - RESPELLED_MOST)));
    DnCandidate *candidate = dn_candidate_new(cell->line, cell->from + cut, cell->to);

    if (form)
        candidate->box = dn_box_union(&candidate->box, &form->box);
    const Cell *branch =
        contains_any(name, legal_forms_ja, G_N_ELEMENTS(legal_forms_ja)) || !text->japanese
            ? NULL
            : branch_of(cells, cell);

    if (branch) {
        candidate->text = g_strconcat(name, " ", branch->text, NULL);
        candidate->box = dn_box_union(&candidate->box, &branch->box);
        evidence += 0.6;
    } else {
        candidate->text = g_steal_pointer(&name);
    }
    candidate->confidence = evidence; /* becomes a probability in dn_read_parties() */
    return candidate;
}

static bool
has_form(const char *name)
{
    return contains_any(name, legal_forms_ja, G_N_ELEMENTS(legal_forms_ja)) ||
           latin_form_end(name) > 0;
}

static bool
same_name(const DnCandidate *a, const DnCandidate *b)
{
    g_autofree char *first = folded_of(a->text);
    g_autofree char *second = folded_of(b->text);

    return strcmp(first, second) == 0 ||
           (strlen(first) >= 8 && strlen(second) >= 8 &&
            (g_str_has_prefix(first, second) || g_str_has_prefix(second, first)));
}

/* The name in the head under a seal, and again beside the account: the fuller spelling is right. */
static void
complete_spelling(DnField *field)
{
    DnCandidate *best = dn_field_best(field);

    for (guint i = 1; i < field->candidates->len; i++) {
        DnCandidate *other = g_ptr_array_index(field->candidates, i);

        if (!has_form(best->text) || !has_form(other->text) || !dn_names_are_alike(best, other) ||
            g_utf8_strlen(other->text, -1) <= g_utf8_strlen(best->text, -1))
            continue;
        char *text = best->text;

        best->text = other->text;
        best->confidence = MIN(best->confidence, 0.9);
        best->page = other->page;
        best->box = other->box;
        other->text = text;
        g_ptr_array_remove_index(field->candidates, i);
        return;
    }
}

/* A name in Latin letters that takes two lines, both large and one under the other's middle: the
 * lower, which has the trade, is the best; the whole is both. */
static void
join_lines(const DnFieldText *text, DnField *field)
{
    static const double SAME_HEIGHT = 0.35;
    static const double SAME_MIDDLE = 0.12; /* of the page's width */
    static const double LEAST = 0.4;
    DnCandidate *best = dn_field_best(field);
    double width = text->lines->len ? dn_field_text_line(text, 0)->page_width_px : 0;

    if (!best || text->japanese || has_form(best->text) || best->box.height == 0 ||
        strpbrk(best->text, "0123456789():"))
        return;
    for (guint i = 1; i < field->candidates->len; i++) {
        const DnCandidate *above = g_ptr_array_index(field->candidates, i);
        double gap = best->box.y - (above->box.y + (double)above->box.height);
        double middle = above->box.x + above->box.width / 2.0 - best->box.x - best->box.width / 2.0;

        if (above->page != best->page || above->confidence < LEAST || has_form(above->text) ||
            gap < -0.5 * best->box.height || gap > 1.0 * best->box.height ||
            ABS(middle) > SAME_MIDDLE * width || above->box.height == 0 ||
            ABS(above->box.height - best->box.height) > SAME_HEIGHT * best->box.height ||
            above->box.y > best->box.y || strpbrk(above->text, "0123456789():"))
            continue;
        char *both = g_strconcat(above->text, " ", best->text, NULL);

        g_free(best->text);
        best->text = both;
        best->box = dn_box_union(&best->box, &above->box);
        best->confidence = MIN(best->confidence, 0.9);
        g_ptr_array_remove_index(field->candidates, i);
        return;
    }
}

void
dn_read_parties(const DnFieldText *text, DnField *out)
{
    g_autoptr(GArray) cells = cells_of(text);
    g_autoptr(GArray) seen = g_array_new(FALSE, FALSE, sizeof(double));
    GPtrArray *all = out->candidates;

    mark_recipients(cells);
    if (!text->japanese)
        mark_addresses(cells);
    for (guint i = 0; i < cells->len; i++) {
        const Cell *cell = &g_array_index(cells, Cell, i);
        DnCandidate *candidate = candidate_of(text, cells, cell);
        double least = least_confidence(cell);

        if (candidate) {
            g_ptr_array_add(all, candidate);
            g_array_append_val(seen, least);
        }
    }
    g_autofree double *evidence = g_new0(double, all->len + 1);
    g_autofree bool *twice = g_new0(bool, all->len + 1);

    for (guint i = 0; i < all->len; i++) {
        const DnCandidate *one = g_ptr_array_index(all, i);

        evidence[i] = one->confidence;
        for (guint j = 0; j < all->len && !twice[i]; j++)
            twice[i] = j != i && same_name(one, g_ptr_array_index(all, j));
        if (twice[i])
            evidence[i] += 0.8;
    }
    double best_formed = -100; /* the best name that has a legal form */

    for (guint i = 0; i < all->len; i++)
        if (has_form(((const DnCandidate *)g_ptr_array_index(all, i))->text))
            best_formed = MAX(best_formed, evidence[i]);
    for (guint i = 0; i < all->len; i++) {
        DnCandidate *one = g_ptr_array_index(all, i);
        double rival = -100;

        for (guint j = 0; j < all->len; j++)
            if (j != i && !same_name(one, g_ptr_array_index(all, j)))
                rival = MAX(rival, evidence[j]);
        double lead = evidence[i] - rival;
        double doubt = lead < 0 ? 1.2 : lead < 0.6 ? 1.2 : lead < 1.4 ? 0.6 : 0;

        one->confidence = dn_score_confidence(evidence[i] - doubt);
        if (text->recognised && !twice[i])
            one->confidence = MIN(one->confidence, 0.94);
        /* Kanji are taken for others, or left out, without a doubt and in the same way wherever the
         * name stands: passes that agree prove nothing. Who is known (engine/known.h) is surer. */
        if (text->recognised && text->japanese)
            one->confidence = MIN(one->confidence, UNPROVEN);
        else if (text->recognised && g_array_index(seen, double, i) < SPELLED_SURELY)
            one->confidence = MIN(one->confidence, UNPROVEN);
        /* A shop's sign beside the company that runs it: either may be meant. */
        if (!has_form(one->text) && best_formed > 0.5)
            one->confidence = MIN(one->confidence, 0.88);
    }
    for (guint i = all->len; i > 0; i--)
        if (((DnCandidate *)g_ptr_array_index(all, i - 1))->confidence < 0.18)
            g_ptr_array_remove_index(all, i - 1);
    dn_field_settle(out);
    join_lines(text, out);
    complete_spelling(out);
}
