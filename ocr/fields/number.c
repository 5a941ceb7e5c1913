/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ocr/fields/number.c - the numbers of a line, and which of them may be money.
 *
 * Dates, times, telephone and serial numbers are recognised by what touches them and left out. A
 * separator before exactly three digits parts thousands when the currency has no decimals; else the
 * document's own habit decides between 1.234,50 and 1,234.50.
 */
#include "config.h"
#include "ocr/fields/fields.h"
#include "base/money.h"
#include "base/text.h"

#include <string.h>

enum { DIGITS_MOST = 12, NUMBERS_MOST = 64 };

typedef struct {
    const char *mark;
    const char *currency;
} Mark;

/* Longer marks first: S$ is not $. */
static const Mark marks[] = {
    {"US$", "USD"}, {"USS", "USD"}, {"HK$", "HKD"}, {"NT$", "TWD"},  {"NZ$", "NZD"}, {"S$", "SGD"},
    {"A$", "AUD"},  {"C$", "CAD"},  {"R$", "BRL"},  {"EURO", "EUR"}, {"EUR", "EUR"}, {"USD", "USD"},
    {"MYR", "MYR"}, {"JPY", "JPY"}, {"GBP", "GBP"}, {"CHF", "CHF"},  {"SGD", "SGD"}, {"HKD", "HKD"},
    {"AUD", "AUD"}, {"CAD", "CAD"}, {"NZD", "NZD"}, {"TWD", "TWD"},  {"SEK", "SEK"}, {"NOK", "NOK"},
    {"DKK", "DKK"}, {"KRW", "KRW"}, {"CNY", "CNY"}, {"RMB", "CNY"},  {"PLN", "PLN"}, {"CZK", "CZK"},
    {"THB", "THB"}, {"INR", "INR"}, {"PHP", "PHP"}, {"IDR", "IDR"},  {"VND", "VND"}, {"AED", "AED"},
    {"KWD", "KWD"}, {"OMR", "OMR"}, {"TND", "TND"}, {"RM", "MYR"},   {"KD", "KWD"},  {"Rp", "IDR"},
    {"kr", "SEK"},  {"zł", "PLN"},  {"Kč", "CZK"},  {"¥", "JPY"},    {"€", "EUR"},   {"£", "GBP"},
    {"$", "USD"},   {"₩", "KRW"},   {"₫", "VND"},   {"฿", "THB"},    {"₹", "INR"},   {"₱", "PHP"},
    {"円", "JPY"},
};

static const char *const counters[] = {
    "%",    "％",   "点", "個", "コ",     "ケ",       "枚", "本", "名",  "人", "件",
    "時",   "分",   "秒", "日", "月",     "年",       "号", "階", "台",  "回", "冊",
    "kg",   "KG",   "Kg", "ml", "ML",     "cm",       "mm", "倍", "箱",  "才", "歳",
    "丁",   "番",   "泊", "式", "セット", "ポイント", "pt", "PT", "kWh", "km", "Stk",
    "PCS",  "pcs",  "h ", "L ", "袋",     "束",       "缶", "杯", "食",  "桁", "週",
    "か月", "ヶ月", "株", "室", "litre",  "Uhr",
};

static bool
begins_with_any(const char *text, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (g_str_has_prefix(text, words[i]))
            return true;
    return false;
}

static bool
ends_with(const char *begin, const char *end, const char *word)
{
    size_t size = strlen(word);

    return (size_t)(end - begin) >= size && memcmp(end - size, word, size) == 0;
}

/* A kind of sign between groups of digits; one space may follow it where OCR left one. */
static bool
separator_before(const char *p, int digits, const char **out_next)
{
    if (*p != ',' && *p != '.' && *p != '\'')
        return false;
    p++;
    if (*p == ' ' || *p == '.' || *p == ',') /* a gap, or a mark that was read twice */
        p++;
    for (int i = 0; i < digits; i++)
        if (!g_ascii_isdigit(p[i]))
            return false;
    if (g_ascii_isdigit(p[digits]))
        return false;
    *out_next = p;
    return true;
}

static int64_t
power_of_ten(int exponent)
{
    int64_t value = 1;

    while (exponent-- > 0)
        value *= 10;
    return value;
}

typedef struct {
    int64_t value; /* in smallest units */
    int digits;    /* before the decimals */
    int first;     /* digits of the first group */
    bool grouped;
    bool decimals;
    bool odd; /* decimals that the currency has not */
    bool gap;
    const char *end;
} Digits;

/* A blank between groups of digits, as France and the North print it: 2 160,00. */
static bool
blank_separates(const char *p)
{
    for (int i = 1; i <= 3; i++)
        if (*p != ' ' || !g_ascii_isdigit(p[i]))
            return false;
    return p[4] == ',' || (p[4] == ' ' && blank_separates(p + 4));
}

/* Reads the digits at @p, groups and decimals included. */
static bool
take_digits(const char *p, int scale, bool decimal_comma, bool spaced, Digits *out)
{
    Digits result = {0};
    const char *next = NULL;

    while (g_ascii_isdigit(*p) && result.digits <= DIGITS_MOST) {
        result.value = result.value * 10 + (*p++ - '0');
        result.digits++;
    }
    result.first = result.digits;
    if (result.digits > DIGITS_MOST)
        return false;
    while (spaced && result.first <= 3 && result.digits + 3 <= DIGITS_MOST && blank_separates(p)) {
        result.grouped = true;
        for (int i = 1; i <= 3; i++)
            result.value = result.value * 10 + (p[i] - '0');
        result.digits += 3;
        p += 4;
    }
    while (result.first <= 3 && result.digits + 3 <= DIGITS_MOST && separator_before(p, 3, &next)) {
        char mark = *p;
        bool at_end = !separator_before(next + 3, 3, &(const char *){NULL}) &&
                      !separator_before(next + 3, 2, &(const char *){NULL});

        if (scale == 3 && at_end && mark == (decimal_comma ? ',' : '.')) {
            result.decimals = true;
            result.value = result.value * 1000 + (next[0] - '0') * 100 + (next[1] - '0') * 10 +
                           (next[2] - '0');
            result.end = next + 3;
            *out = result;
            return true;
        }
        if (scale > 0 && at_end && !result.grouped && mark == (decimal_comma ? ',' : '.')) {
            result.odd = true; /* a quantity with three decimals */
            p = next + 3;
            break;
        }
        result.gap |= next != p + 1;
        result.grouped = true;
        for (int i = 0; i < 3; i++)
            result.value = result.value * 10 + (next[i] - '0');
        result.digits += 3;
        p = next + 3;
    }
    if (!result.odd && separator_before(p, 2, &next)) {
        if (scale == 0) {
            result.odd = next[0] != '0' || next[1] != '0';
        } else {
            result.decimals = true;
            result.gap |= next != p + 1;
            result.value = result.value * 100 + (next[0] - '0') * 10 + (next[1] - '0');
            if (scale == 3)
                result.value *= 10;
        }
        p = next + 2;
    } else if (separator_before(p, 1, &next) || (scale > 0 && separator_before(p, 4, &next))) {
        result.odd = true;
        while (g_ascii_isdigit(*next))
            next++;
        p = next;
    }
    if (!result.decimals && scale > 0)
        result.value *= power_of_ten(scale);
    result.end = p;
    *out = result;
    return true;
}

/* The end of what hangs together with the digits at @p: a date, a telephone number, a code. */
static const char *
end_of_code(const char *p)
{
    while (*p && (g_ascii_isalnum(*p) || strchr("/:-.,", *p)))
        p++;
    return p;
}

/* True when the digits at @p belong to a date, a time, a telephone number or a serial number. */
static bool
is_code(const char *begin, const char *p, const char *end)
{
    if (p > begin) {
        char before = p[-1];

        if (strchr(":/", before))
            return true;
        if (strchr(",.", before))
            return true; /* the tail of a number whose head was not read */
        if (strchr("-.,", before) && p - 1 > begin && (g_ascii_isalnum(p[-2]) || p[-2] == ')'))
            return true;
    }
    if (g_ascii_isdigit(*p) && p[0] == '0' && g_ascii_isdigit(p[1]))
        return true;
    if ((*end == '/' || *end == ':' || *end == '-') && g_ascii_isdigit(end[1]))
        return true;
    return *end == '-' && g_ascii_isalpha(end[1]);
}

/* The currency mark that ends at @end, blanks between allowed; NULL when there is none. */
static const Mark *
mark_before(const char *begin, const char *end, const char **out_from)
{
    while (end > begin && end[-1] == ' ')
        end--;
    for (size_t i = 0; i < G_N_ELEMENTS(marks); i++) {
        const char *from = end - strlen(marks[i].mark);

        if (strcmp(marks[i].mark, "円") == 0 || !ends_with(begin, end, marks[i].mark))
            continue;
        if (g_ascii_isalpha(*from) && from > begin && g_ascii_isalpha(from[-1]))
            continue;
        *out_from = from;
        return &marks[i];
    }
    return NULL;
}

static const Mark *
mark_after(const char *end)
{
    while (*end == ' ')
        end++;
    for (size_t i = 0; i < G_N_ELEMENTS(marks); i++) {
        size_t size = strlen(marks[i].mark);

        if (g_str_has_prefix(end, marks[i].mark) && strcmp(marks[i].mark, "¥") != 0 &&
            strcmp(marks[i].mark, "$") != 0 &&
            !(g_ascii_isalpha(*end) && g_ascii_isalpha(end[size])))
            return &marks[i];
    }
    return NULL;
}

/* What the yen sign is misread as, where nothing else of that form can stand before a number. */
static bool
looks_like_yen(const char *begin, const char *end)
{
    static const char *const like[] = {"#", "Y",  "V",  "羊", "半", "平", "\"",
                                       "*", "・", "ギ", "キ", "W",  "M",  "$"};

    for (size_t i = 0; i < G_N_ELEMENTS(like); i++) {
        if (!ends_with(begin, end, like[i]))
            continue;
        const char *from = end - strlen(like[i]);

        return from == begin || from[-1] == ' ' || from[-1] == '\t' || !g_ascii_isalnum(from[-1]);
    }
    return false;
}

static bool
sign_before(const char *begin, const char *end)
{
    while (end > begin && end[-1] == ' ')
        end--;
    if (ends_with(begin, end, "▲"))
        return true;
    if (!ends_with(begin, end, "-"))
        return false;
    return end - 1 == begin || !g_ascii_isalnum(end[-2]);
}

static bool
sign_after(const char *end, int scale)
{
    return scale > 0 && *end == '-' && (end[1] == '\0' || end[1] == ' ' || end[1] == '\t');
}

/* As accountants write what is taken off: (150.00). */
static bool
in_brackets(const char *begin, const char *from, const char *end)
{
    return from > begin && from[-1] == '(' && *end == ')';
}

static void
set_currency(const DnFieldText *text, const Mark *mark, DnNumber *number)
{
    g_strlcpy(number->currency,
              dn_currency_of_sign(mark->mark, mark->currency, text->profile->currency),
              sizeof number->currency);
}

static bool
take_number(const DnFieldText *text, const char *begin, const char *p, DnNumber *out,
            const char **out_end)
{
    int scale = MAX(0, dn_money_scale(text->currency));
    bool yen = strcmp(text->currency, "JPY") == 0;
    Digits digits = {0};
    DnNumber number = {0};
    const char *from = p;

    if (!take_digits(p, scale, text->decimal_comma, text->spaced, &digits) ||
        is_code(begin, p, digits.end)) {
        *out_end = end_of_code(p);
        return false;
    }
    *out_end = digits.end;

    const Mark *mark = mark_before(begin, p, &from);
    bool negative = sign_before(begin, p);

    if (mark) {
        set_currency(text, mark, &number);
        number.marked = true;
        negative = negative || sign_before(begin, from);
    } else {
        const char *ahead = p;

        if (negative) {
            while (ahead > begin && (ahead[-1] == ' ' || ahead[-1] == '-'))
                ahead--;
            mark = mark_before(begin, ahead, &from);
        }
        number.marked = mark != NULL;
        if (mark)
            set_currency(text, mark, &number);
    }
    if (!mark && yen && looks_like_yen(begin, p)) {
        number.marked = true;
        number.doubtful = true;
    } else if (!mark && p > begin && g_ascii_isalpha(p[-1])) {
        bool ringgit = ends_with(begin, p, "RH") || ends_with(begin, p, "RN") ||
                       ends_with(begin, p, "R") || ends_with(begin, p, "EUR0");

        if (!ringgit || !digits.decimals) {
            *out_end = end_of_code(p);
            return false;
        }
        number.doubtful = true;
    }
    /* A stray stroke makes a dollar sign of a yen sign. */
    if (text->recognised && yen && strcmp(number.currency, "USD") == 0) {
        *number.currency = '\0';
        number.doubtful = true;
    }
    mark = mark_after(digits.end);
    if (mark && !number.marked) {
        number.marked = true;
        set_currency(text, mark, &number);
    }
    number.percent = *digits.end == '%' || g_str_has_prefix(digits.end, " %");
    number.counted =
        digits.odd || (!mark && begins_with_any(digits.end, counters, G_N_ELEMENTS(counters)));
    if (g_ascii_isalpha(*digits.end) && !mark && !digits.decimals)
        number.counted = true;
    number.grouped = digits.grouped;
    number.decimals = digits.decimals;
    number.doubtful = number.doubtful || (digits.gap && text->recognised);
    number.doubtful =
        number.doubtful || (text->nines_doubted && memchr(p, '9', (size_t)(digits.end - p)));
    negative = negative || sign_after(digits.end, scale) ||
               (text->credit && in_brackets(begin, number.marked ? MIN(from, p) : p, digits.end));
    number.minor = negative ? -digits.value : digits.value;
    if (text->recognised && yen && !number.marked && !negative && strchr("4719", *p) &&
        digits.digits >= 3 && (!digits.grouped || digits.first >= 2))
        number.other = digits.value % power_of_ten(digits.digits - 1);
    number.from = (size_t)((number.marked ? MIN(from, p) : p) - begin);
    number.to = (size_t)(digits.end - begin);
    *out = number;
    return true;
}

static int
kanji_digit(gunichar c)
{
    static const char *const forms[] = {"〇零", "一壱壹", "二弐貳", "三参參", "四肆",
                                        "五伍", "六陸",   "七漆",   "八捌",   "九玖"};

    for (int value = 0; value < (int)G_N_ELEMENTS(forms); value++)
        if (dn_text_has_letter(forms[value], c))
            return value;
    return -1;
}

static int64_t
kanji_unit(gunichar c)
{
    switch (c) {
    case 0x5341: /* 十 */
    case 0x62fe: /* 拾 */
    case 0x6368: /* and what is read for it */
        return 10;
    case 0x767e: /* 百 */
    case 0x964c:
        return 100;
    case 0x5343: /* 千 */
    case 0x4edf:
        return 1000;
    case 0x4e07: /* 万 */
    case 0x842c: /* 萬 */
        return 10000;
    case 0x5104: /* 億 */
        return 100000000;
    default:
        return 0;
    }
}

static bool
is_kanji_numeral(const char *p)
{
    gunichar c = g_utf8_get_char(p);

    return kanji_digit(c) >= 0 || kanji_unit(c) > 0;
}

/* A recogniser parts a sum into words, 四万九千 百七拾円, and what follows the blank is none. */
static bool
is_blank_within(const char *p)
{
    return *p == ' ' && is_kanji_numeral(p + 1) && is_kanji_numeral(g_utf8_prev_char(p));
}

/* An amount in kanji (壱万弐千円) at @p; digits may stand among the units (1万2千円). */
static bool
take_kanji(const char *p, int64_t *out_value, const char **out_end)
{
    int64_t total = 0, section = 0, digit = -1;
    unsigned units = 0, characters = 0;

    for (; *p && characters < 24; p = g_utf8_next_char(p), characters++) {
        if (characters > 0 && is_blank_within(p))
            p++;
        gunichar c = g_utf8_get_char(p);
        int value = g_ascii_isdigit(*p) ? *p - '0' : kanji_digit(c);
        int64_t unit = kanji_unit(c);

        if (value >= 0) {
            digit = (digit < 0 ? 0 : digit * 10) + value;
            if (digit > 99999999)
                return false;
        } else if (unit >= 10000) {
            if (section + MAX(0, digit) == 0)
                return false;
            total += (section + MAX(0, digit)) * unit;
            section = 0;
            digit = -1;
            units++;
        } else if (unit > 0) {
            section += (digit < 0 ? 1 : digit) * unit;
            digit = -1;
            units++;
        } else {
            break;
        }
    }
    if (characters < 2 || units == 0 || !g_str_has_prefix(p, "円") ||
        total > INT64_C(1000000000000))
        return false;
    *out_value = total + section + MAX(0, digit);
    *out_end = p;
    return *out_value > 0;
}

/* The length of a kanji digit as it is printed one by one, or of a digit; 0 for others. */
static size_t
place_digit(const char *p, int *out_value)
{
    gunichar c = g_utf8_get_char(p);

    *out_value = g_ascii_isdigit(*p) ? *p - '0' : c == 0x25cb || c == 0x25ef ? 0 : kanji_digit(c);
    return *out_value >= 0 ? (size_t)(g_utf8_next_char(p) - p) : 0;
}

/* An amount with a kanji for each place (一二、〇〇〇円) at @p. */
static bool
take_kanji_places(const char *p, int64_t *out_value, const char **out_end)
{
    int64_t value = 0;
    unsigned digits = 0;
    unsigned group = 0;
    unsigned kanji = 0;
    bool grouped = false;

    for (;;) {
        int digit = 0;
        size_t size = place_digit(p, &digit);
        bool mark = g_str_has_prefix(p, "、") || g_str_has_prefix(p, "・") || *p == ',';

        if (mark && digits > 0 && (grouped ? group == 3 : group <= 3)) {
            grouped = true;
            group = 0;
            p = g_utf8_next_char(p);
            continue;
        }
        if (size == 0 || digits == DIGITS_MOST)
            break;
        kanji += size > 1;
        value = value * 10 + digit;
        digits++;
        group++;
        p += size;
    }
    if (digits < 3 || kanji == 0 || (grouped && group != 3) || !g_str_has_prefix(p, "円"))
        return false;
    *out_value = value;
    *out_end = p;
    return value > 0;
}

/* True when an amount in kanji may begin at @p: after 金, a sign or a blank. Another kanji before
 * it is a misread numeral as often as not, and where a numeral stands before the blank, one between
 * them was not read. */
static bool
kanji_begins(const char *plain, const char *p)
{
    const char *blank = p;

    while (blank > plain && strchr(" \t", blank[-1]))
        blank--;
    if (blank < p && blank > plain && is_kanji_numeral(g_utf8_prev_char(blank)))
        return false;
    if (p == plain || strchr(" \t:(", p[-1]))
        return true;
    const char *before = g_utf8_prev_char(p);

    return g_str_has_prefix(before, "金") || g_str_has_prefix(before, "¥") ||
           g_str_has_prefix(before, "額") || g_str_has_prefix(before, "計");
}

/* .62, as tills of the United States print less than a dollar. */
static bool
cents_at(const DnFieldText *text, const char *plain, const char *p)
{
    return *p == '.' && !text->decimal_comma && dn_money_scale(text->currency) == 2 &&
           (p == plain || p[-1] == ' ' || p[-1] == '\t') && g_ascii_isdigit(p[1]) &&
           g_ascii_isdigit(p[2]) && !g_ascii_isalnum(p[3]) && p[3] != '/' && p[3] != ':';
}

static void
find_in_line(const DnFieldText *text, DnFieldLine *line)
{
    g_autofree char *plain =
        text->recognised ? dn_text_digitise(line->plain) : g_strdup(line->plain);
    bool yen = strcmp(text->currency, "JPY") == 0;

    for (const char *p = plain; *p && line->numbers->len < NUMBERS_MOST;) {
        DnNumber number = {0};
        const char *end = NULL;
        int64_t value = 0;

        if (yen &&
            (kanji_digit(g_utf8_get_char(p)) >= 0 || g_ascii_isdigit(*p) ||
             kanji_unit(g_utf8_get_char(p)) > 0) &&
            (take_kanji(p, &value, &end) || take_kanji_places(p, &value, &end))) {
            number = (DnNumber){.minor = value,
                                .currency = "JPY",
                                .marked = true,
                                .doubtful = text->recognised && !kanji_begins(plain, p),
                                .from = (size_t)(p - plain),
                                .to = (size_t)(end - plain)};
            g_array_append_val(line->numbers, number);
            p = end;
        } else if (cents_at(text, plain, p)) {
            number = (DnNumber){.minor = (p[1] - '0') * 10 + (p[2] - '0'),
                                .decimals = true,
                                .from = (size_t)(p - plain),
                                .to = (size_t)(p + 3 - plain)};
            g_array_append_val(line->numbers, number);
            p += 3;
        } else if (!g_ascii_isdigit(*p)) {
            p = g_utf8_next_char(p);
        } else {
            if (take_number(text, plain, p, &number, &end)) {
                number.doubtful =
                    number.doubtful || memcmp(plain + number.from, line->plain + number.from,
                                              number.to - number.from) != 0;
                g_array_append_val(line->numbers, number);
            }
            p = MAX(end, p + 1);
        }
    }
}

void
dn_numbers_find(DnFieldText *text)
{
    for (guint i = 0; i < text->lines->len; i++)
        find_in_line(text, g_ptr_array_index(text->lines, i));
}
