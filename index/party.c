/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * index/party.c - names of companies, folded.
 *
 * Two spellings that a person takes for the same company give the same bytes: width, case, accents,
 * hiragana or katakana, small kana, long vowels, old and new forms of a character, spaces and
 * punctuation, and where the legal form stands or how it is shortened. Steps: NFKC, legal forms in
 * Latin letters (they need the spaces), characters one by one, legal forms in kanji and kana, and
 * last the punctuation, because "カ)" is a legal form and "カ" is not.
 *
 * A name that is nothing but legal forms keeps them: an invoice from 会社 must be found.
 */
#include "config.h"
#include "index/party.h"
#include "base/text.h"
#include "index/query.h"
#include "index/text.h"

#include <string.h>

enum {
    MAX_NAME_BYTES = 2048,
    MAX_FOLDED_BYTES = 192,
    NUMBER_DIGITS = 13,
    IDEOGRAPH_REPEAT = 0x3005
};

/* Each string: the form that is kept, then those that are written for it in names. */
static const char *const variants[] = {
    "高髙",   "崎﨑嵜碕", "斉斎齋齊", "辺邊邉", "沢澤", "浜濱濵",   "国國圀",   "広廣", "桜櫻",
    "瀬瀨",   "徳德",     "竜龍",     "島嶋嶌", "峰峯", "槙槇",     "真眞",     "恵惠", "栄榮",
    "寿壽",   "会會",     "学學",     "芸藝",   "伝傳", "鉄鐵鐡銕", "渋澁澀",   "円圓", "仏佛",
    "万萬",   "与與",     "豊豐",     "県縣",   "来來", "松枩",     "吉𠮷",     "富冨", "柳栁桺",
    "館舘",   "関關",     "気氣",     "黒黑",   "静靜", "単單",     "団團",     "図圖", "塩鹽",
    "売賣",   "実實",     "写寫",     "宝寶寳", "専專", "将將",     "弁辨瓣辯", "弥彌", "従從",
    "応應",   "恒恆",     "戸戶",     "数數",   "条條", "楽樂",     "検檢",     "横橫", "済濟",
    "滝瀧",   "焼燒",     "独獨",     "産產",   "画畫", "穂穗",     "総總",     "絵繪", "緑綠",
    "繊纖",   "群羣",     "蔵藏",     "薬藥",   "虎乕", "蛍螢",     "証證",     "読讀", "転轉",
    "医醫",   "醸釀",     "銭錢",     "鋭銳",   "録錄", "霊靈",     "頼賴",     "顕顯", "駅驛",
    "鶏鷄",   "麦麥",     "黄黃",     "歯齒",   "亀龜", "剣劍劔",   "勲勳",     "区區", "参參",
    "号號",   "囲圍",     "声聲",     "壌壤",   "宮宫", "尽盡",     "巌巖",     "帯帶", "庁廳",
    "廃廢",   "暁曉",     "権權",     "欧歐",   "浄淨", "渓溪",     "湾灣",     "満滿", "燈灯",
    "猟獵",   "当當",     "発發",     "礼禮",   "称稱", "穏穩",     "粋粹",     "経經", "継繼",
    "続續",   "聴聽",     "舗舖",     "荘莊",   "処處", "装裝",     "覚覺",     "観觀", "誉譽",
    "軽輕",   "逓遞",     "遅遲",     "郷鄕",   "釈釋", "鉱鑛",     "闘鬪",     "陥陷", "険險",
    "随隨",   "雑雜",     "駆驅",     "験驗",   "体體", "価價",     "児兒",     "両兩", "乗乘",
    "争爭",   "予豫",     "亜亞",     "塁壘",   "奥奧", "姉姊",     "嬢孃",     "尭堯", "巣巢",
    "桧檜",   "桑桒",     "梅楳",     "祢禰",   "篭籠", "薮藪",     "諌諫",     "賎賤", "遥遙",
    "鴎鷗",   "鴬鶯",     "麹麴",     "晃晄",   "凛凜", "曽曾",     "桝枡",     "柏栢", "涼凉",
    "淵渕渊", "瑶瑤",     "竃竈",     "芦蘆",   "蝉蟬", "蝋蠟",     "醤醬",     "鈎鉤", "頬頰",
};

/* After folding, so in new forms and large katakana. Longer ones first within a group. */
static const char *const forms_anywhere[] = {
    "株式会社",
    "有限会社",
    "合同会社",
    "合名会社",
    "合資会社",
    "相互会社",
    "特定目的会社",
    "医療法人社団",
    "医療法人財団",
    "社会医療法人",
    "特定医療法人",
    "医療法人",
    "準学校法人",
    "学校法人",
    "社会福祉法人",
    "更生保護法人",
    "宗教法人",
    "公益社団法人",
    "公益財団法人",
    "一般社団法人",
    "一般財団法人",
    "特例社団法人",
    "特例財団法人",
    "社団法人",
    "財団法人",
    "認定特定非営利活動法人",
    "特定非営利活動法人",
    "認定npo法人",
    "npo法人",
    "税理士法人",
    "弁護士法人",
    "司法書士法人",
    "行政書士法人",
    "社会保険労務士法人",
    "土地家屋調査士法人",
    "特許業務法人",
    "監査法人",
    "国立大学法人",
    "公立大学法人",
    "国立研究開発法人",
    "地方独立行政法人",
    "独立行政法人",
    "農事組合法人",
    "管理組合法人",
    "有限責任事業組合",
    "投資事業有限責任組合",
    "カブシキガイシヤ",
    "ユウゲンガイシヤ",
    "ゴウドウガイシヤ",
    "ゴウメイガイシヤ",
    "ゴウシガイシヤ",
};

/* Between parentheses, anywhere: (株). */
static const char *const forms_bracketed[] = {
    "株", "有", "同",   "合",   "名",   "資",   "医",   "学",   "福", "社福",
    "宗", "社", "一社", "公社", "財",   "一財", "公財", "特非", "税", "弁",
    "独", "相", "司",   "行",   "社労", "地独", "大",   "農",
};

/* Of bank transfers: "カ)" at the beginning, "(カ)" within, "(カ" at the end. */
static const char *const forms_bank[] = {
    "カ",   "ユ",   "ド",     "メ",   "シ",   "イ",   "ガク", "フク", "シユウ",
    "シヤ", "ザイ", "トクヒ", "ゼイ", "ベン", "ドク", "ソ",   "ダイ", "ノウ",
};

/* Whole words at either end, after dots and commas became spaces. */
static const char *const forms_latin[] = {
    "co ltd",
    "co inc",
    "co llc",
    "company limited",
    "kabushiki kaisha",
    "kabushiki gaisha",
    "yugen gaisha",
    "godo kaisha",
    "pte ltd",
    "pty ltd",
    "s a r l",
    "s p a",
    "k k",
    "g k",
    "y k",
    "l l c",
    "l l p",
    "s a",
    "b v",
    "n v",
    "a g",
    "co",
    "ltd",
    "limited",
    "inc",
    "incorporated",
    "corp",
    "corporation",
    "company",
    "kk",
    "gk",
    "yk",
    "llc",
    "llp",
    "plc",
    "gmbh",
    "ag",
    "sa",
    "sarl",
    "bv",
    "nv",
    "spa",
};

static GHashTable *
variant_table(void)
{
    static gsize once;
    static GHashTable *table;

    if (g_once_init_enter(&once)) {
        table = g_hash_table_new(NULL, NULL);
        for (size_t i = 0; i < G_N_ELEMENTS(variants); i++) {
            gunichar kept = g_utf8_get_char(variants[i]);

            for (const char *p = g_utf8_next_char(variants[i]); *p; p = g_utf8_next_char(p))
                if (g_utf8_get_char(p) != kept)
                    g_hash_table_insert(table, GUINT_TO_POINTER(g_utf8_get_char(p)),
                                        GUINT_TO_POINTER(kept));
        }
        g_once_init_leave(&once, 1);
    }
    return table;
}

static bool
is_latin_separator(gunichar c)
{
    return c == '.' || c == ',' || g_unichar_isspace(c) || c == 0x3001 || c == 0x3002;
}

/* Lower case, and each run of spaces, dots and commas one space: " acme co ltd ". */
static GString *
spaced_words(const char *nfkc)
{
    GString *out = g_string_new(" ");

    for (const char *p = nfkc; *p; p = g_utf8_next_char(p)) {
        gunichar c = g_unichar_tolower(g_utf8_get_char(p));

        if (!is_latin_separator(c))
            g_string_append_unichar(out, c);
        else if (out->str[out->len - 1] != ' ')
            g_string_append_c(out, ' ');
    }
    if (out->str[out->len - 1] != ' ')
        g_string_append_c(out, ' ');
    return out;
}

static bool
is_latin_form(const GString *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(forms_latin); i++)
        if (strlen(forms_latin[i]) + 2 == name->len &&
            strncmp(name->str + 1, forms_latin[i], name->len - 2) == 0)
            return true;
    return false;
}

/* True when one was removed. A name that is nothing else stays whole. */
static bool
drop_latin_form(GString *name)
{
    if (is_latin_form(name))
        return false;
    for (size_t i = 0; i < G_N_ELEMENTS(forms_latin); i++) {
        g_autofree char *form = g_strdup_printf(" %s ", forms_latin[i]);
        size_t size = strlen(form);

        if (name->len <= size)
            continue;
        if (g_str_has_suffix(name->str, form)) {
            g_string_truncate(name, name->len - size + 1);
            return true;
        }
        if (g_str_has_prefix(name->str, form)) {
            g_string_erase(name, 0, (gssize)size - 1);
            return true;
        }
    }
    return false;
}

/* Characters one by one. Brackets stay, other punctuation and spaces go. */
static char *
fold_characters(const char *text)
{
    GString *out = g_string_sized_new(strlen(text));
    gunichar before = 0;

    for (const char *p = text; *p; p = g_utf8_next_char(p)) {
        gunichar c = dn_text_fold(g_utf8_get_char(p));
        gpointer kept = g_hash_table_lookup(variant_table(), GUINT_TO_POINTER(c));

        if (kept)
            c = GPOINTER_TO_UINT(kept);
        if (c == IDEOGRAPH_REPEAT && before != 0)
            c = before; /* 佐々木, 佐佐木 */
        if (c == 0x30f0)
            c = 0x30a4; /* ヰ */
        else if (c == 0x30f1)
            c = 0x30a8; /* ヱ */
        else if (c == 0x30f2)
            c = 0x30aa; /* ヲ */
        if (c == '(' || c == ')' || g_unichar_isalnum(c)) {
            g_string_append_unichar(out, c);
            before = c;
        }
    }
    return g_string_free(out, FALSE);
}

static void
drop_all(GString *name, const char *what)
{
    size_t size = strlen(what);
    const char *hit = NULL;

    while ((hit = strstr(name->str, what)))
        g_string_erase(name, hit - name->str, (gssize)size);
}

static void
drop_forms(GString *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(forms_bracketed); i++) {
        g_autofree char *form = g_strdup_printf("(%s)", forms_bracketed[i]);

        drop_all(name, form);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(forms_bank); i++) {
        g_autofree char *within = g_strdup_printf("(%s)", forms_bank[i]);
        g_autofree char *first = g_strdup_printf("%s)", forms_bank[i]);
        g_autofree char *last = g_strdup_printf("(%s", forms_bank[i]);

        drop_all(name, within);
        if (g_str_has_prefix(name->str, first))
            g_string_erase(name, 0, (gssize)strlen(first));
        if (g_str_has_suffix(name->str, last))
            g_string_truncate(name, name->len - strlen(last));
    }
    for (size_t i = 0; i < G_N_ELEMENTS(forms_anywhere); i++)
        drop_all(name, forms_anywhere[i]);
}

/* At the end of a character; what is longer is no name. */
static void
cut_long(char *text, size_t most)
{
    if (strlen(text) > most)
        *g_utf8_find_prev_char(text, text + most + 1) = '\0';
}

static char *
fold(const char *name)
{
    g_autofree char *valid = g_utf8_make_valid(name, (gssize)strnlen(name, MAX_NAME_BYTES + 4));
    g_autofree char *nfkc = NULL;
    g_autofree char *whole = NULL;
    g_autoptr(GString) folded = NULL;
    g_autoptr(GString) words = NULL;

    cut_long(valid, MAX_NAME_BYTES);
    nfkc = dn_text_nfkc(valid);
    words = spaced_words(nfkc);
    while (drop_latin_form(words))
        ;
    whole = fold_characters(words->str);
    folded = g_string_new(whole);
    drop_forms(folded);
    drop_all(folded, "(");
    drop_all(folded, ")");
    if (folded->len == 0) {
        g_string_assign(folded, whole);
        drop_all(folded, "(");
        drop_all(folded, ")");
    }
    cut_long(folded->str, MAX_FOLDED_BYTES);
    return g_strdup(folded->str);
}

/* A business deals with the same parties over and over, and folding is the dearest step of a
 * voucher's rows. One thread's memory of what it has folded; forgotten as a whole when it is full.
 */
static GHashTable *
folded_before(void)
{
    enum { NAMES = 512 };
    static GPrivate memory = G_PRIVATE_INIT((GDestroyNotify)g_hash_table_unref);
    GHashTable *names = g_private_get(&memory);

    if (names && g_hash_table_size(names) < NAMES)
        return names;
    names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_private_replace(&memory, names);
    return names;
}

char *
dn_party_fold(const char *name)
{
    enum { LONG_NAME = 256 };
    GHashTable *names = folded_before();
    const char *known = g_hash_table_lookup(names, name);
    char *folded = known ? g_strdup(known) : fold(name);

    if (!known && strlen(name) < LONG_NAME)
        g_hash_table_insert(names, g_strdup(name), g_strdup(folded));
    return folded;
}

char *
dn_party_number(const char *text)
{
    g_autofree char *valid = g_utf8_make_valid(text, (gssize)strnlen(text, MAX_NAME_BYTES));
    g_autofree char *nfkc = dn_text_nfkc(valid);
    GString *number = g_string_new("T");
    bool first = true;

    for (const char *p = nfkc; *p; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);

        if (first && (c == 'T' || c == 't')) {
            first = false;
        } else if (!first && c < 0x80 && g_ascii_isdigit((char)c) && number->len <= NUMBER_DIGITS) {
            g_string_append_c(number, (char)c);
        } else if (!g_unichar_isspace(c) && g_unichar_type(c) != G_UNICODE_DASH_PUNCTUATION &&
                   c != 0x2212) {
            g_string_truncate(number, 0);
            break;
        }
    }
    if (number->len != 1 + NUMBER_DIGITS) {
        g_string_free(number, TRUE);
        return NULL;
    }
    return g_string_free(number, FALSE);
}
