/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ocr/fields/date.c - the day of the transaction.
 *
 * First every day that is written somewhere is found, in whatever form; then what stands before or
 * above it says whether it is the day of the transaction, of payment, of expiry or of birth. A
 * weekday in parentheses that agrees with the calendar is the best proof that the digits were read
 * right.
 */
#include "config.h"
#include "ocr/fields/fields.h"
#include "base/text.h"

#include <string.h>

enum {
    YEAR_WRITTEN_LEAST = 1868,
    YEAR_LEAST = 1980,
    YEAR_MOST = 2099,
    WINDOW_YEARS = 10,
    HITS_MOST = 200
};

/* The parts of a pattern by number of their group. */
typedef enum {
    ERA_YMD,
    YMD,
    SHORT_KANJI,
    NUMERIC_TAIL,
    NUMERIC_SHORT,
    D_NAME_Y,
    NAME_D_Y,
    COMPACT,
    BROKEN,
    KANJI
} Form;

typedef struct {
    Form form;
    double trust;
    const char *pattern;
} Pattern;

/* A kanji numeral, or what one with few strokes is taken for, and a blank that is none. */
#define LIKE_KANJI "(?:[元〇零○◯Oo0一ー二ニ三四五六七八九十+]\\s?)"
#define NENDO "\\s?[年午牛]\\s?"
#define TSUKI "\\s?[月且]\\s?"
#define HI "\\s?[日目曰]"
#define NOT_DIGIT_BEFORE "(?<![0-9])(?<![0-9][.,/])"
#define NOT_DIGIT_AFTER "(?![0-9])"

/* Earlier forms win where two match at one place. */
static const Pattern patterns[] = {
    {ERA_YMD, 1.0,
     "(令和|平成|昭和|大正|明治|令|平|昭|(?<![A-Za-z])[RHSrhs](?![A-Za-z]))\\s?\\.?\\s?"
     "(元|[0-9]{1,2})\\s?(?:[年午牛]|[./-])\\s?([0-9]{1,2})\\s?(?:[月且]|[./-])\\s?"
     "([0-9]{1,2})" NOT_DIGIT_AFTER "(?:" HI ")?"},
    {YMD, 1.0,
     NOT_DIGIT_BEFORE "([0-9]{4})" NENDO "([0-9]{1,2})" TSUKI "([0-9]{1,2})" NOT_DIGIT_AFTER
                      "(?:" HI ")?"},
    {YMD, 0.9,
     NOT_DIGIT_BEFORE "((?:1\\s9|2\\s[09])\\s[0-9]\\s[0-9])" NENDO "([01]?\\s?[0-9])" TSUKI
                      "([0-3]?\\s?[0-9])" HI},
    {YMD, 0.95,
     NOT_DIGIT_BEFORE "((?:19|2[09])[0-9]{2})\\s?[/.-]\\s?-?([0-9]{1,2})\\s?[/.-]\\s?-?"
                      "([0-9]{1,2})" NOT_DIGIT_AFTER},
    {YMD, 0.6,
     NOT_DIGIT_BEFORE
     "((?:19|20)[0-9]{2})\\s?[年/.-]\\s?([0-9]{1,2})\\s?[月/.-]\\s?([0-9]{1,2})" NOT_DIGIT_AFTER},
    {SHORT_KANJI, 0.8,
     NOT_DIGIT_BEFORE "'?([0-9]{1,2})" NENDO "([0-9]{1,2})" TSUKI "([0-9]{1,2})" NOT_DIGIT_AFTER
                      "(?:" HI ")?"},
    {SHORT_KANJI, 0.95,
     "'([0-9]{2})\\s?[/.-]\\s?([0-9]{1,2})\\s?[/.-]\\s?([0-9]{1,2})" NOT_DIGIT_AFTER},
    {NUMERIC_TAIL, 0.95,
     NOT_DIGIT_BEFORE
     "([0-9]{1,2})\\s?[/.-]\\s?([0-9]{1,2})\\s?[/.-]\\s?((?:19|20)[0-9]{2})" NOT_DIGIT_AFTER},
    {NUMERIC_SHORT, 0.75,
     NOT_DIGIT_BEFORE
     "(?<![-/])'?([0-9]{1,2})([/.-])([0-9]{1,2})\\2([0-9]{2})(?![0-9/-])(?!\\.[0-9])"},
    {D_NAME_Y, 1.0,
     NOT_DIGIT_BEFORE "([0-9]{1,2})(?:st|nd|rd|th|er|º|\\.)?\\s?(?:de |of |-|/|\\.)?\\s?"
                      "([A-Za-z\\x{c0}-\\x{ff}]{3,10})\\.?\\s?(?:del? |[-/,.])?\\s?'?"
                      "((?:19|20)[0-9]{2}|[0-9]{2})" NOT_DIGIT_AFTER},
    {NAME_D_Y, 1.0,
     "(?<![A-Za-z])([A-Za-z\\x{c0}-\\x{ff}]{3,10})\\.?\\s?([0-9]{1,2})(?:st|nd|rd|th)?\\s?,?\\s?((?"
     ":19|20)[0-9]{2})" NOT_DIGIT_AFTER},
    {COMPACT, 0.5,
     NOT_DIGIT_BEFORE "(?<![0-9A-Za-z-])(20[0-9]{2})(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])"
                      "(?![0-9A-Za-z-])"},
    {BROKEN, 0.4,
     NOT_DIGIT_BEFORE
     "(?<![0-9A-Za-z-])(0[1-9]|[12][0-9]|3[01])(0[1-9]|[12][0-9]|3[01])(20[0-9]{2})"
     "(?![0-9A-Za-z-])"},
    {BROKEN, 0.45,
     NOT_DIGIT_BEFORE "([0-9]{1,2})[/.-]([0-9]{2})[7;:|1I!]{1,2}(20[0-9]{2})" NOT_DIGIT_AFTER},
    {BROKEN, 0.45,
     NOT_DIGIT_BEFORE "([0-9]{2})[7;:|1I!]{1,2}([0-9]{2})[/.-](20[0-9]{2})" NOT_DIGIT_AFTER},
    {NUMERIC_SHORT, 0.4,
     NOT_DIGIT_BEFORE "([0-9]{2})([/])([0-9]{2})[;:.,]\\2?([0-9]{2})" NOT_DIGIT_AFTER},
    {KANJI, 0.95,
     "((?:令和|平成|昭和)?)\\s?([元〇零一二三四五六七八九十]{1,4})\\s?年\\s?"
     "([一二三四五六七八九十]{1,3})\\s?月\\s?([一二三四五六七八九十]{1,3})\\s?日"},
    {KANJI, 0.7,
     NOT_DIGIT_BEFORE "((?:令\\s?和|平\\s?成|昭\\s?和)?)\\s?(" LIKE_KANJI "{1,5})年\\s?(" LIKE_KANJI
                      "{1,3})月\\s?(" LIKE_KANJI "{1,3})[日目]"},
};

static const struct {
    const char *name; /* its first letters, folded */
    int month;
} months[] = {
    {"jan", 1}, {"feb", 2},  {"mar", 3},  {"apr", 4},  {"may", 5},   {"jun", 6},  {"jul", 7},
    {"aug", 8}, {"sep", 9},  {"oct", 10}, {"nov", 11}, {"dec", 12},  {"jän", 1},  {"mär", 3},
    {"mai", 5}, {"okt", 10}, {"dez", 12}, {"mrt", 3},  {"maart", 3}, {"mei", 5},  {"janv", 1},
    {"fév", 2}, {"avr", 4},  {"juin", 6}, {"juil", 7}, {"aoû", 8},   {"déc", 12}, {"ene", 1},
    {"abr", 4}, {"ago", 8},  {"dic", 12}, {"gen", 1},  {"mag", 5},   {"giu", 6},  {"lug", 7},
    {"set", 9}, {"ott", 10}, {"maj", 5},  {"0ct", 10}, {"out", 10},
};

static const double SEEN_PLAINLY = 0.88; /* the recogniser's own confidence in the word */
static const double FAINT_MOST = 0.93;
static const double OFFERED_LEAST = 0.12;

typedef enum { DAY, ISSUED, WEAK, ORDERED, DUE, EXPIRY, PERIOD, BIRTH, PRINTED, DELIVERY } Meaning;

static const DnLabel labels[] = {
    {"取引年月日", DAY, 3.6},
    {"取引日", DAY, 3.6},
    {"ご利用日", DAY, 3.4},
    {"御利用日", DAY, 3.4},
    {"利用日", DAY, 3.3},
    {"お買上日", DAY, 3.4},
    {"お買い上げ日", DAY, 3.4},
    {"お買上げ日", DAY, 3.4},
    {"購入日", DAY, 3.2},
    {"売上日", DAY, 3.3},
    {"領収日", DAY, 3.3},
    {"決済日", DAY, 3.0},
    {"精算日", DAY, 3.2},
    {"会計日", DAY, 3.2},
    {"ご精算日", DAY, 3.2},
    {"お支払日", DAY, 2.6},
    {"支払日", DAY, 2.4},
    {"納品日", DAY, 3.2},
    {"契約日", DAY, 3.0},
    {"締結日", DAY, 3.0},
    {"発行日", ISSUED, 3.0},
    {"発行年月日", ISSUED, 3.0},
    {"請求日", ISSUED, 3.1},
    {"ご請求日", ISSUED, 3.1},
    {"御請求日", ISSUED, 3.1},
    {"請求年月日", ISSUED, 3.1},
    {"請求書日付", ISSUED, 3.1},
    {"見積日", ISSUED, 3.1},
    {"お見積日", ISSUED, 3.1},
    {"御見積日", ISSUED, 3.1},
    {"見積年月日", ISSUED, 3.1},
    {"注文日", ISSUED, 2.8},
    {"発注日", ISSUED, 2.8},
    {"ご注文日", ISSUED, 2.6},
    {"作成日", ISSUED, 2.6},
    {"出荷日", DAY, 2.4},
    {"購入年月日", DAY, 3.4},
    {"お買上年月日", DAY, 3.4},
    {"ご利用年月日", DAY, 3.4},
    {"領収年月日", DAY, 3.3},
    {"納品年月日", DAY, 3.2},
    {"売上年月日", DAY, 3.3},
    {"支払年月日", DAY, 2.8},
    {"発券日", ISSUED, 3.0},
    {"発売日", ISSUED, 2.4},
    {"受付日", ISSUED, 2.4},
    {"申込日", ORDERED, 1.6},
    {"診療日", DAY, 2.8},
    {"調剤日", DAY, 2.8},
    {"検針日", ISSUED, 2.2},
    {"検針年月日", ISSUED, 2.2},
    {"前回検針日", PERIOD, 0},
    {"次回検針日", PERIOD, 0},
    {"検針予定日", PERIOD, 0},
    {"元取引", PERIOD, 0},
    {"元伝票", PERIOD, 0},
    {"元レシート", PERIOD, 0},
    {"原レシート", PERIOD, 0},
    {"元請求書", PERIOD, 0},
    {"宿泊日", DELIVERY, 1.4},
    {"ご宿泊日", DELIVERY, 1.4},
    {"宿泊期間", PERIOD, 0},
    {"滞在期間", PERIOD, 0},
    {"乗車日", DELIVERY, 1.4},
    {"ご乗車日", DELIVERY, 1.4},
    {"乗船日", DELIVERY, 1.4},
    {"ご乗船日", DELIVERY, 1.4},
    {"搭乗日", DELIVERY, 1.4},
    {"ご搭乗日", DELIVERY, 1.4},
    {"出発日", DELIVERY, 1.2},
    {"開催日", DELIVERY, 1.2},
    {"公演日", DELIVERY, 1.2},
    {"受講日", DELIVERY, 1.2},
    {"予約日", DELIVERY, 0.8},
    {"ご予約", DELIVERY, 0.6},
    {"お渡し", DELIVERY, 0.4},
    {"仕上", DELIVERY, 0.4},
    {"予定日", DELIVERY, 0.4},
    {"チェックイン", DELIVERY, 1.2},
    {"チェックアウト", DAY, 2.2},
    {"到着", DELIVERY, 0.8},
    {"入室", DELIVERY, 1.2},
    {"入店", DELIVERY, 1.2},
    {"入場", DELIVERY, 1.2},
    {"来店", DELIVERY, 1.6},
    {"退室", DAY, 2.0},
    {"退店", DAY, 2.0},
    {"出場", DAY, 2.4},
    {"保証期間", PERIOD, 0},
    {"契約期間", PERIOD, 0},
    {"日付", ISSUED, 2.8},
    {"年月日", ISSUED, 2.2},
    {"日時", DAY, 2.8},
    {"発行", ISSUED, 2.0},
    {"invoicedate", ISSUED, 3.2},
    {"dateofinvoice", ISSUED, 3.2},
    {"billdate", ISSUED, 3.1},
    {"receiptdate", ISSUED, 3.1},
    {"transactiondate", DAY, 3.3},
    {"datepaid", DAY, 3.2},
    {"paidon", DAY, 2.8},
    {"paymentdate", DAY, 2.8},
    {"saledate", DAY, 3.2},
    {"dateofsale", DAY, 3.2},
    {"purchasedate", DAY, 3.2},
    {"taxpoint", ISSUED, 3.0},
    {"taxdate", ISSUED, 3.0},
    {"bookedon", ISSUED, 2.8},
    {"bookingdate", ISSUED, 2.8},
    {"purchasedon", DAY, 2.8},
    {"orderplaced", ISSUED, 2.6},
    {"orderedon", ISSUED, 2.6},
    {"placedon", ISSUED, 2.4},
    {"datein", DELIVERY, 1.2},
    {"dateout", DAY, 3.0},
    {"dateofservice", DELIVERY, 1.4},
    {"hinfahrt", DELIVERY, 0.8},
    {"rückfahrt", DELIVERY, 0.8},
    {"buchungsdatum", ISSUED, 2.9},
    {"gebuchtam", ISSUED, 2.6},
    {"bestellnr", ORDERED, 1.0},
    {"bestellnummer", ORDERED, 1.0},
    {"auftragsnr", ORDERED, 1.0},
    {"arrivée", DELIVERY, 1.2},
    {"arrivee", DELIVERY, 1.2},
    {"départ", DAY, 1.6},
    {"du", ISSUED, 0.8},
    {"del", ISSUED, 0.8},
    {"vervaldag", DUE, 0},
    {"挙式日", DELIVERY, 1.0},
    {"引渡し", DELIVERY, 0.4},
    {"納期限", DUE, 0},
    {"arrival", DELIVERY, 1.2},
    {"arrivaldate", DELIVERY, 1.2},
    {"checkin", DELIVERY, 1.2},
    {"check-in", DELIVERY, 1.2},
    {"departure", DAY, 1.8},
    {"departuredate", DAY, 1.8},
    {"checkout", DAY, 2.2},
    {"check-out", DAY, 2.2},
    {"outward", DELIVERY, 0.8},
    {"outbound", DELIVERY, 0.8},
    {"inbound", DELIVERY, 0.8},
    {"flight", DELIVERY, 0.8},
    {"traveldate", DELIVERY, 1.2},
    {"dateoftravel", DELIVERY, 1.2},
    {"depart", DELIVERY, 0.8},
    {"return", DELIVERY, 0.6},
    {"returnby", EXPIRY, 0},
    {"shippedon", DELIVERY, 1.2},
    {"shipdate", DELIVERY, 1.2},
    {"shippingdate", DELIVERY, 1.2},
    {"delivered", DELIVERY, 1.0},
    {"originalpurchase", PERIOD, 0},
    {"originalinvoice", PERIOD, 0},
    {"dated", PERIOD, 0.6},
    {"servicefrom", PERIOD, 0},
    {"serviceperiod", PERIOD, 0},
    {"paymentreceived", PERIOD, 0.4},
    {"ankunft", DELIVERY, 1.2},
    {"anreise", DELIVERY, 1.2},
    {"abreise", DAY, 2.0},
    {"reisedatum", DELIVERY, 1.2},
    {"bestelltam", ORDERED, 1.6},
    {"ausstellungsdatum", ISSUED, 3.1},
    {"erstelltam", ISSUED, 2.6},
    {"kaufdatum", DAY, 3.2},
    {"quittungsdatum", ISSUED, 3.1},
    {"datad'emissione", ISSUED, 3.1},
    {"dataemissione", ISSUED, 3.1},
    {"datadocumento", ISSUED, 3.1},
    {"datadafatura", ISSUED, 3.2},
    {"datadeemissão", ISSUED, 3.1},
    {"fechadeemisión", ISSUED, 3.1},
    {"fechaemisión", ISSUED, 3.1},
    {"fechadeexpedición", ISSUED, 3.1},
    {"fechafactura", ISSUED, 3.2},
    {"dateémission", ISSUED, 3.1},
    {"fakturadatum", ISSUED, 3.2},
    {"fakturadato", ISSUED, 3.2},
    {"bondatum", ISSUED, 3.0},
    {"scadenza", DUE, 0},
    {"datascadenza", DUE, 0},
    {"fechadevencimiento", DUE, 0},
    {"datadevencimento", DUE, 0},
    {"förfallodatum", DUE, 0},
    {"forfallsdato", DUE, 0},
    {"payablele", DUE, 0},
    {"àpayeravant", DUE, 0},
    {"zahlbarbiszum", DUE, 0},
    {"dateofissue", ISSUED, 3.1},
    {"issuedate", ISSUED, 3.1},
    {"issuedat", ISSUED, 3.0},
    {"issued", ISSUED, 2.6},
    {"dateissued", ISSUED, 3.1},
    {"date", ISSUED, 2.8},
    {"datetime", ISSUED, 2.9},
    {"date/time", ISSUED, 2.9},
    {"tarikh", ISSUED, 2.6},
    {"rechnungsdatum", ISSUED, 3.2},
    {"belegdatum", ISSUED, 3.1},
    {"datum", ISSUED, 2.7},
    {"vom", ISSUED, 1.8},
    {"factuurdatum", ISSUED, 3.2},
    {"datefacture", ISSUED, 3.2},
    {"datedefacture", ISSUED, 3.2},
    {"datedefacturation", ISSUED, 3.2},
    {"dated'émission", ISSUED, 3.1},
    {"fecha", ISSUED, 2.7},
    {"fechadefactura", ISSUED, 3.2},
    {"datafattura", ISSUED, 3.2},
    {"data", ISSUED, 1.8},
    {"statementdate", ISSUED, 3.0},
    {"quotedate", ISSUED, 3.0},
    {"quotationdate", ISSUED, 3.0},
    {"beleg-datum", ISSUED, 3.1},
    {"rechnungs-datum", ISSUED, 3.2},
    {"liefer-datum", DELIVERY, 0.8},
    {"lieferschein-datum", DELIVERY, 0.8},
    {"lieferscheindatum", DELIVERY, 0.8},
    {"leistungs-datum", DELIVERY, 0.8},
    {"vertrags-datum", ORDERED, 1.0},
    {"auftrag-datum", ORDERED, 1.2},
    {"auftrag-datum-lief", ORDERED, 1.2},
    {"fälligkeitstag", DUE, 0},
    {"rechnungszeitraum", PERIOD, 0},
    {"abrechnungszeitraum", PERIOD, 0},
    {"invoicenumber", WEAK, 0},
    {"time", WEAK, 0.4},
    {"orderdate", ORDERED, 1.6},
    {"orderdatum", ORDERED, 1.6},
    {"bestelldatum", ORDERED, 1.6},
    {"auftragsdatum", ORDERED, 1.6},
    {"auftrag", ORDERED, 1.2},
    {"bestellung", ORDERED, 1.2},
    {"vertragsdatum", ORDERED, 1.0},
    {"datedecommande", ORDERED, 1.6},
    {"お支払期限", DUE, 0},
    {"支払期限", DUE, 0},
    {"お支払期日", DUE, 0},
    {"支払期日", DUE, 0},
    {"お支払い期限", DUE, 0},
    {"お支払い期日", DUE, 0},
    {"支払予定日", DUE, 0},
    {"お支払予定日", DUE, 0},
    {"振込期限", DUE, 0},
    {"お振込期限", DUE, 0},
    {"お振込期日", DUE, 0},
    {"振込期日", DUE, 0},
    {"支払い期限", DUE, 0},
    {"引落日", DUE, 0},
    {"振替日", DUE, 0},
    {"お引落日", DUE, 0},
    {"期限", DUE, 0},
    {"期日", DUE, 0},
    {"入金期限", DUE, 0},
    {"duedate", DUE, 0},
    {"due", DUE, 0},
    {"paymentdue", DUE, 0},
    {"payby", DUE, 0},
    {"payableby", DUE, 0},
    {"fällig", DUE, 0},
    {"fälligkeit", DUE, 0},
    {"zahlbarbis", DUE, 0},
    {"fälligam", DUE, 0},
    {"vervaldatum", DUE, 0},
    {"échéance", DUE, 0},
    {"dated'échéance", DUE, 0},
    {"vencimiento", DUE, 0},
    {"remituntil", DUE, 0},
    {"zahlungsziel", DUE, 0},
    {"duedateofpayment", DUE, 0},
    {"bis", DUE, 0},
    {"bisspätestens", DUE, 0},
    {"有効期限", EXPIRY, 0},
    {"有効期間", EXPIRY, 0},
    {"見積有効期限", EXPIRY, 0},
    {"賞味期限", EXPIRY, 0},
    {"消費期限", EXPIRY, 0},
    {"validuntil", EXPIRY, 0},
    {"validtill", EXPIRY, 0},
    {"expiry", EXPIRY, 0},
    {"expires", EXPIRY, 0},
    {"expirydate", EXPIRY, 0},
    {"gültigbis", EXPIRY, 0},
    {"until", EXPIRY, 0},
    {"before", EXPIRY, 0},
    {"まで有効", EXPIRY, 0},
    {"失効", EXPIRY, 0},
    {"期間", PERIOD, 0},
    {"対象期間", PERIOD, 0},
    {"利用期間", PERIOD, 0},
    {"ご利用期間", PERIOD, 0},
    {"締切日", PERIOD, 0.8},
    {"締日", PERIOD, 0.8},
    {"period", PERIOD, 0},
    {"billingperiod", PERIOD, 0},
    {"leistungszeitraum", PERIOD, 0},
    {"zeitraum", PERIOD, 0},
    {"キャンペーン", PERIOD, 0},
    {"次回", PERIOD, 0},
    {"生年月日", BIRTH, 0},
    {"birth", BIRTH, 0},
    {"dateofbirth", BIRTH, 0},
    {"dob", BIRTH, 0},
    {"geburtsdatum", BIRTH, 0},
    {"印刷日", PRINTED, 0.8},
    {"印字日", PRINTED, 0.8},
    {"出力日", PRINTED, 0.8},
    {"印刷日時", PRINTED, 0.8},
    {"printdate", PRINTED, 0.8},
    {"printedon", PRINTED, 0.8},
    {"printed", PRINTED, 0.8},
    {"納期", DELIVERY, 0.3},
    {"納入期日", DELIVERY, 0.3},
    {"納入日", DELIVERY, 1.4},
    {"お届け日", DELIVERY, 0.8},
    {"お届日", DELIVERY, 0.8},
    {"配達日", DELIVERY, 0.8},
    {"到着日", DELIVERY, 0.6},
    {"入庫日時", DELIVERY, 1.2},
    {"入庫", DELIVERY, 1.2},
    {"出庫", DAY, 3.0},
    {"deliverydate", DELIVERY, 0.8},
    {"dateofdelivery", DELIVERY, 0.8},
    {"lieferdatum", DELIVERY, 1.0},
    {"leistungsdatum", DELIVERY, 1.0},
    {"version", DELIVERY, 0},
    {"stand", DELIVERY, 0},
    {"act", BIRTH, 0},
    {"法", BIRTH, 0},
    {"gstact", BIRTH, 0},
};

static GRegex *
compiled(guint index)
{
    static GRegex *regexes[G_N_ELEMENTS(patterns)];
    static gsize ready;

    if (g_once_init_enter(&ready)) {
        for (guint i = 0; i < G_N_ELEMENTS(patterns); i++) {
            regexes[i] = g_regex_new(patterns[i].pattern, G_REGEX_OPTIMIZE, 0, NULL);
            g_assert(regexes[i]);
        }
        g_once_init_leave(&ready, 1);
    }
    return regexes[index];
}

static int
group_number(const GMatchInfo *match, int group)
{
    g_autofree char *text = g_match_info_fetch(match, group);

    if (!text || !*text)
        return -1;
    if (strcmp(text, "元") == 0)
        return 1;
    int number = 0;

    for (const char *p = text; *p; p++) /* digits may be set apart */
        if (g_ascii_isdigit(*p))
            number = number * 10 + (*p - '0');
    return number;
}

/* What a recogniser takes for a numeral that has one stroke or two. */
static gunichar
meant_kanji(gunichar c)
{
    static const struct {
        const char *seen;
        gunichar meant;
    } likes[] = {{"○◯Oo0", 0x3007}, {"ー", 0x4e00}, {"ニ", 0x4e8c}, {"+", 0x5341}};

    for (size_t i = 0; i < G_N_ELEMENTS(likes); i++)
        if (dn_text_has_letter(likes[i].seen, c))
            return likes[i].meant;
    return c;
}

static int
group_kanji(const GMatchInfo *match, int group)
{
    static const char digits[] = "〇一二三四五六七八九";
    g_autofree char *text = g_match_info_fetch(match, group);
    int total = 0;
    int digit = -1;
    bool tens = false;

    for (const char *p = text ? text : ""; *p; p = g_utf8_next_char(p)) {
        gunichar c = meant_kanji(g_utf8_get_char(p));
        const char *at = g_utf8_strchr(digits, -1, c);

        if (c == ' ')
            continue;
        if (c == 0x5143) /* 元 */
            return 1;
        if (c == 0x5341) { /* 十 */
            total = (digit < 0 ? 1 : digit) * 10;
            digit = -1;
            tens = true;
            continue;
        }
        int value = c == 0x96f6 ? 0 : at ? (int)g_utf8_pointer_to_offset(digits, at) : -1;

        if (value < 0)
            return -1;
        digit = (digit < 0 || tens ? 0 : digit * 10) + value;
    }
    return total + MAX(0, digit);
}

static int
group_month(const GMatchInfo *match, int group)
{
    g_autofree char *text = g_match_info_fetch(match, group);
    g_autofree char *folded = g_utf8_strdown(text, -1);

    for (guint i = 0; i < G_N_ELEMENTS(months); i++)
        if (g_str_has_prefix(folded, months[i].name))
            return months[i].month;
    return -1;
}

/* The year that two digits mean. */
static int
full_year(int year, const DnReadingProfile *profile)
{
    int last = profile->received.year ? profile->received.year + 1 : YEAR_MOST;

    if (year < 0 || year > 99)
        return year;
    return 2000 + year <= last ? 2000 + year : 1900 + year;
}

static const char *
era_name(const char *printed)
{
    static const char *const pairs[][2] = {{"令", "令和"}, {"平", "平成"}, {"昭", "昭和"},
                                           {"r", "R"},     {"h", "H"},     {"s", "S"}};

    for (guint i = 0; i < G_N_ELEMENTS(pairs); i++)
        if (strcmp(printed, pairs[i][0]) == 0)
            return pairs[i][1];
    return printed;
}

static bool
set_date(int year, int month, int day, DnDate *out)
{
    if (year < YEAR_WRITTEN_LEAST || year > YEAR_MOST || month < 1 || month > 12 || day < 1 ||
        day > 31)
        return false;
    *out = (DnDate){(int16_t)year, (uint8_t)month, (uint8_t)day};
    return dn_date_is_valid(out);
}

static bool
era_date(const char *era, int year, int month, int day, DnDate *out, double *trust)
{
    int full = dn_date_era_year(era_name(era), year);
    DnDate date = {0};

    if (full == 0 || !set_date(full, month, day, &date))
        return false;
    /* A day after the end of an era is on forms that were printed before; one before its begin is
     * a misreading. */
    DnDate first_year = {(int16_t)dn_date_era_year(era_name(era), 1), 1, 1};

    if (!dn_date_in_era(era_name(era), &date)) {
        if (year == 1 || dn_date_compare(&date, &first_year) < 0)
            return false;
        *trust *= 0.8;
    }
    *out = date;
    return true;
}

static bool
is_plausible(const DnDate *date, const DnReadingProfile *profile)
{
    if (!profile->received.year)
        return date->year >= YEAR_LEAST && date->year <= YEAR_MOST;
    int32_t days = dn_date_to_days(date);
    int32_t last = dn_date_to_days(&profile->received);

    return days <= last + 1 && days >= last - WINDOW_YEARS * 366;
}

/* Three numbers whose order is not written; false when no order fits. */
static bool
ordered_date(int a, int b, int c, bool year_last, const char *order, bool dotted,
             const DnReadingProfile *profile, DnDate *out, double *trust)
{
    DnDate date = {0};
    DnDate other = {0};

    if (year_last) {
        bool month_first = !dotted && order[0] == 'm';

        if (set_date(c, month_first ? a : b, month_first ? b : a, &date)) {
            /* Both orders make a day: nothing on the paper says which. */
            if (a <= 12 && b <= 12 && a != b && order[0] == 'y' && !dotted)
                *trust *= 0.75;
        } else if (set_date(c, month_first ? b : a, month_first ? a : b, &date)) {
            *trust *= 0.85;
        } else {
            return false;
        }
        *out = date;
        return true;
    }
    bool ymd = set_date(full_year(a, profile), b, c, &date);
    bool dmy = set_date(full_year(c, profile), b, a, &other);
    DnDate american = {0};
    bool mdy = set_date(full_year(c, profile), a, b, &american);

    /* 26.03.20 is written with the year first in Japan, unless only the other order is possible. */
    bool japanese = order[0] == 'y' && ymd && (!dmy || is_plausible(&date, profile));

    if (order[0] == 'd' || (dotted && !japanese)) {
        if (dmy)
            *out = other;
        else if (ymd || mdy)
            *out = ymd ? date : american;
        if (!dmy)
            *trust *= 0.7;
    } else if (order[0] == 'm') {
        if (mdy)
            *out = american;
        else if (dmy || ymd)
            *out = dmy ? other : date;
        if (!mdy)
            *trust *= 0.7;
    } else {
        if (ymd)
            *out = date;
        else if (dmy || mdy)
            *out = dmy ? other : american;
        if (!ymd)
            *trust *= 0.7;
    }
    return ymd || dmy || mdy;
}

/* A zero with a stroke is read as 9 or 8. A day that is none as it stands, but is one when such a
 * digit is a zero again, is taken; only a weekday can confirm it,
 * or a label and a time let it be offered with doubt. */
static bool
repaired_date(int year, int month, int day, DnDate *out)
{
    int fixed_year = year;

    if (year / 100 % 10 == 9 || year / 100 % 10 == 8)
        fixed_year -= year / 100 % 10 * 100;
    if (fixed_year / 10 % 10 == 9)
        fixed_year -= 90;
    if (month > 12 && month / 10 == 1 && (month % 10 == 9 || month % 10 == 8))
        month = 10;
    else if (month > 12 && (month / 10 == 9 || month / 10 == 8))
        month %= 10;
    if (day > 31 && (day / 10 == 9 || day / 10 == 8))
        day %= 10;
    return set_date(fixed_year, month, day, out);
}

static bool
date_of(const GMatchInfo *match, const Pattern *pattern, const DnReadingProfile *profile,
        const char *currency, DnDateHit *hit)
{
    int a = group_number(match, 1);
    int b = group_number(match, 2);
    int c = group_number(match, 3);
    const char *order = profile->date_order;
    g_autofree char *whole = g_match_info_fetch(match, 0);
    bool dotted = strchr(whole, '.') != NULL;

    hit->trust = pattern->trust;
    /* Dollars on a document whose archive expects another currency: its dates are American too. */
    if (order[0] == 'y' && strcmp(currency, "USD") == 0)
        order = "mdy";
    else if ((order[0] == 'y' && strcmp(currency, "JPY") != 0) || strcmp(currency, "GBP") == 0)
        order = "dmy";
    switch (pattern->form) {
    case ERA_YMD: {
        g_autofree char *era = g_match_info_fetch(match, 1);

        return era_date(era, b, c, group_number(match, 4), &hit->date, &hit->trust);
    }
    case YMD:
        if (set_date(a, b, c, &hit->date))
            return true;
        hit->trust = 0.3;
        hit->repaired = true;
        return repaired_date(a, b, c, &hit->date);
    case COMPACT:
        return set_date(a, b, c, &hit->date);
    case SHORT_KANJI: {
        /* 24年 is a Western year, as parking machines print it; one digit is an era whose name was
         * not read. */
        if (a >= 10)
            return set_date(full_year(a, profile), b, c, &hit->date);
        hit->trust *= 0.6;
        return era_date("令和", a, b, c, &hit->date, &hit->trust);
    }
    case NUMERIC_TAIL:
    case BROKEN:
        hit->either = a <= 12 && b <= 12 && a != b;
        return ordered_date(a, b, c, true, order, dotted, profile, &hit->date, &hit->trust);
    case NUMERIC_SHORT:
        return ordered_date(a, group_number(match, 3), group_number(match, 4), false, order, dotted,
                            profile, &hit->date, &hit->trust);
    case D_NAME_Y:
        return set_date(full_year(c, profile), group_month(match, 2), a, &hit->date);
    case NAME_D_Y:
        return set_date(c, group_month(match, 1), b, &hit->date);
    case KANJI: {
        g_autofree char *era = g_match_info_fetch(match, 1);
        int year = group_kanji(match, 2);

        return *era ? era_date(era, year, group_kanji(match, 3), group_kanji(match, 4), &hit->date,
                               &hit->trust)
                    : set_date(year, group_kanji(match, 3), group_kanji(match, 4), &hit->date);
    }
    }
    return false;
}

static int
by_place(gconstpointer a, gconstpointer b)
{
    const DnDateHit *first = a;
    const DnDateHit *second = b;

    return (first->from > second->from) - (first->from < second->from);
}

static bool
overlaps(const GArray *hits, size_t from, size_t to)
{
    for (guint i = 0; i < hits->len; i++) {
        const DnDateHit *hit = &g_array_index(hits, DnDateHit, i);

        if (from < hit->to && hit->from < to)
            return true;
    }
    return false;
}

GArray *
dn_dates_find(const char *plain, const DnReadingProfile *profile, const char *currency)
{
    GArray *hits = g_array_new(FALSE, FALSE, sizeof(DnDateHit));
    g_autofree char *digits = dn_text_digitise(plain);

    for (guint i = 0; i < G_N_ELEMENTS(patterns); i++) {
        g_autoptr(GMatchInfo) match = NULL;

        g_regex_match(compiled(i), digits, 0, &match);
        while (g_match_info_matches(match) && hits->len < HITS_MOST) {
            DnDateHit hit = {0};
            gint from = 0;
            gint to = 0;

            g_match_info_fetch_pos(match, 0, &from, &to);
            hit.from = (size_t)from;
            hit.to = (size_t)to;
            if (!overlaps(hits, hit.from, hit.to) &&
                date_of(match, &patterns[i], profile, currency, &hit)) {
                if (memcmp(plain + from, digits + from, (size_t)(to - from)) != 0)
                    hit.trust *= 0.7;
                g_array_append_val(hits, hit);
            }
            g_match_info_next(match, NULL);
        }
    }
    g_array_sort(hits, by_place);
    return hits;
}

/* +1: the weekday printed after the date is the right one, -1: it is another, 0: there is none. */
static int
weekday_agrees(const char *after, const DnDate *date)
{
    static const char *const names[] = {"木", "金", "土", "日", "月", "火", "水"};
    static const char *const english[] = {"thu", "fri", "sat", "sun", "mon", "tue", "wed"};
    int32_t days = dn_date_to_days(date);
    int right = (int)(((days % 7) + 7) % 7); /* 1970-01-01 was a Thursday */
    bool open = false;

    while (*after == ' ' || *after == '(' || *after == '[' || *after == '<' || *after == ',') {
        open |= *after != ' ';
        after++;
    }
    if (!open)
        return 0;
    for (int i = 0; i < 7; i++) {
        if (g_str_has_prefix(after, names[i]) || g_ascii_strncasecmp(after, english[i], 3) == 0)
            return i == right ? 1 : -1;
    }
    return 0;
}

static bool
has_time(const char *text)
{
    for (const char *p = text; *p; p++) {
        if (*p != ':' && !g_str_has_prefix(p, "時"))
            continue;
        const char *after = p + (*p == ':' ? 1 : (int)strlen("時"));

        if (*after == ' ')
            after++;
        if (p > text && (g_ascii_isdigit(p[-1]) || p[-1] == ' ') && g_ascii_isdigit(after[0]) &&
            g_ascii_isdigit(after[1]))
            return true;
    }
    return false;
}

static bool
is_range(const char *plain, const DnDateHit *hit)
{
    static const char *const signs[] = {"〜", "~", "から", "より", "まで", "to ", "bis", "→"};
    const char *after = plain + hit->to;

    while (*after == ' ' || *after == '\t' || *after == '(')
        after++;
    for (guint i = 0; i < G_N_ELEMENTS(signs); i++)
        if (g_str_has_prefix(after, signs[i]))
            return true;
    const char *before = plain + hit->from;

    while (before > plain && (before[-1] == ' ' || before[-1] == '\t'))
        before--;
    return (before - plain >= 3 && memcmp(before - 3, "〜", 3) == 0) ||
           (before - plain >= 1 && before[-1] == '~');
}

/* The label that governs what stands at @hit: the last one before it in its line, else one above
 * it. */
static const DnLabel *
label_of(const DnFieldText *text, const DnFieldLine *line, size_t scope, const DnDateHit *hit)
{
    g_autoptr(GArray) hits = dn_labels_find(line, scope, hit->from, labels, G_N_ELEMENTS(labels));
    DnBox box = dn_field_line_box(line, hit->from, hit->to);
    const DnLabel *found = NULL;

    for (guint i = 0; i < hits->len; i++) {
        const DnLabel *label = g_array_index(hits, DnLabelHit, i).label;

        /* "Date ... Time", "発行" inside "請求書発行日": the stronger of neighbours counts. */
        if (!found || label->meaning >= ORDERED || label->weight >= found->weight)
            found = label;
        /* A due date stays one though "date" follows the word, and so does that of an order
         * though "vom" does. */
        const DnLabel *before = i > 0 ? g_array_index(hits, DnLabelHit, i - 1).label : NULL;

        if (before && label->meaning == ISSUED &&
            ((before->meaning >= DUE && label->weight < 2.9) ||
             (before->meaning == ORDERED && label->weight < 2)))
            found = before;
    }
    if (found)
        return found;
    for (unsigned up = 1; up <= 2 && up <= line->index; up++) {
        const DnFieldLine *above = dn_field_text_line(text, line->index - up);
        g_autoptr(GArray) over =
            dn_labels_find(above, 0, above->plain_size, labels, G_N_ELEMENTS(labels));

        if (above->page != line->page ||
            line->line->box.y - above->line->box.y > 4 * MAX(line->height_px, above->height_px))
            break;
        for (guint i = 0; i < over->len; i++) {
            const DnLabelHit *label = &g_array_index(over, DnLabelHit, i);
            DnBox place = dn_field_line_box(above, label->from, label->to);
            bool under =
                box.x < place.x + place.width + line->height_px && place.x < box.x + box.width;

            if (under)
                found = label->label;
        }
        if (found)
            return found;
    }
    return NULL;
}

static bool
says_until(const char *after)
{
    while (*after == ' ' || *after == '\t')
        after++;
    return g_str_has_prefix(after, "まで") || g_str_has_prefix(after, "迄") ||
           g_str_has_prefix(after, "限り");
}

/* What follows the day happens on it, or covers the time about it: a seminar, a night, a month's
 * fee. */
static bool
says_event(const char *after)
{
    static const char *const events[] = {"開催", "実施", "宿泊", "乗車",   "出発", "搭乗",
                                         "公演", "利用", "受講", "お渡し", "締"};

    while (*after == ' ' || *after == '\t' || *after == ')')
        after++;
    for (guint i = 0; i < G_N_ELEMENTS(events); i++)
        if (g_str_has_prefix(after, events[i]))
            return true;
    return false;
}

/* A line of an account: a day, what was bought on it, and an amount. */
static bool
is_row(const DnFieldLine *line, const GArray *hits)
{
    if (hits->len == 0 || g_array_index(hits, DnDateHit, 0).from > 0)
        return false;
    for (guint i = 0; i < line->numbers->len; i++) {
        const DnNumber *number = &g_array_index(line->numbers, DnNumber, i);

        if (number->from >= g_array_index(hits, DnDateHit, 0).to && dn_number_is_money(number))
            return true;
    }
    return false;
}

/* A day with what speaks for it, in the unit of dn_score_confidence(). */
typedef struct {
    DnCandidate *candidate;
    double evidence; /* of this place alone */
    double total;    /* with the other places that print the same day */
    bool faint;      /* a digit may be another, and no weekday vouches for it */
    bool row;        /* heads a line of an account */
} Found;

static void
weigh(const DnFieldText *text, const DnFieldLine *line, size_t scope, const DnDateHit *hit,
      GArray *found)
{
    const DnLabel *label = label_of(text, line, scope, hit);
    int weekday = weekday_agrees(line->plain + hit->to, &hit->date);
    double seen = text->recognised ? dn_field_line_confidence(line, hit->from, hit->to) : 1.0;
    double evidence = 1.6;

    if (label)
        evidence = label->meaning == WEAK ? 1.8 : label->weight + 1.6;
    if (label && label->meaning >= ORDERED)
        evidence = label->weight - 1.5;
    if ((label && label->meaning == BIRTH) || says_until(line->plain + hit->to))
        evidence = -3;
    if (is_range(line->plain, hit))
        evidence -= 3.0;
    if (!label && says_event(line->plain + hit->to))
        evidence -= 1.6;
    if (has_time(line->plain + hit->to) && (!label || label->meaning < DUE))
        evidence += 1.4;
    evidence += weekday > 0 ? 1.8 : weekday < 0 ? -1.5 : 0;
    if (hit->repaired && weekday <= 0 &&
        (weekday < 0 || !label || label->meaning >= ORDERED || !has_time(line->plain + hit->to)))
        return;
    if (hit->repaired && weekday == 0)
        evidence -= 1.5;
    if (text->nines_doubted && weekday <= 0 && (strpbrk(line->plain + hit->from, "098") != NULL))
        evidence -= 1.5;
    if (!is_plausible(&hit->date, text->profile))
        evidence -= 4;
    evidence += 3.0 * (hit->trust - 1);
    if (text->recognised)
        evidence += weekday > 0 ? 0 : seen < 0.5 ? -2.4 : seen < 0.75 ? -1.0 : 0.2;
    else
        evidence += 0.8;

    DnCandidate *candidate = dn_candidate_new(line, hit->from, hit->to);
    char iso[DN_DATE_TEXT + 1];

    dn_date_format(&hit->date, iso);
    candidate->text = g_strdup(iso);
    Found one = {candidate, evidence, 0, text->recognised && weekday <= 0 && seen < SEEN_PLAINLY,
                 false};

    /* Of another country than the archive's: whose order it follows, nothing says. */
    one.faint = one.faint || (hit->either && text->british && text->profile->date_order[0] == 'm');

    g_array_append_val(found, one);
}

void
dn_read_due_dates(const DnFieldText *text, DnField *out)
{
    static const double LABELLED = 0.95;
    static const double SEEN_MOST = 0.9;

    for (guint i = 0; i < text->lines->len; i++) {
        const DnFieldLine *line = dn_field_text_line(text, i);
        g_autoptr(GArray) hits = dn_dates_find(line->plain, text->profile, text->currency);
        size_t scope = 0;

        for (guint h = 0; h < hits->len; h++) {
            const DnDateHit *hit = &g_array_index(hits, DnDateHit, h);
            const DnLabel *label = label_of(text, line, scope, hit);
            char iso[DN_DATE_TEXT + 1];

            scope = hit->to;
            if (!label || label->meaning != DUE || hit->date.year < YEAR_LEAST || hit->repaired)
                continue;
            DnCandidate *candidate = dn_candidate_new(line, hit->from, hit->to);
            double seen = dn_field_line_confidence(line, hit->from, hit->to);

            dn_date_format(&hit->date, iso);
            candidate->text = g_strdup(iso);
            candidate->confidence =
                hit->trust *
                (text->recognised ? MIN(SEEN_MOST, LABELLED * MAX(0.3, seen)) : LABELLED);
            g_ptr_array_add(out->candidates, candidate);
        }
    }
    dn_field_settle(out);
}

/* Several lines of an account, of more than one day: none of them is the day of the document more
 * than another, and that a day stands in two of them says nothing. */
static void
doubt_rows(GArray *found)
{
    static const double ROW_COST = 2.4;
    const char *day = NULL;
    bool several = false;

    for (guint i = 0; i < found->len; i++) {
        const Found *one = &g_array_index(found, Found, i);

        if (!one->row)
            continue;
        several = several || (day && strcmp(day, one->candidate->text) != 0);
        day = one->candidate->text;
    }
    for (guint i = 0; several && i < found->len; i++) {
        Found *one = &g_array_index(found, Found, i);

        if (one->row)
            one->evidence = MIN(one->evidence, 2.0) - ROW_COST;
    }
}

void
dn_read_dates(const DnFieldText *text, DnField *out)
{
    g_autoptr(GArray) found = g_array_new(FALSE, FALSE, sizeof(Found));
    double best = -100;

    for (guint i = 0; i < text->lines->len; i++) {
        const DnFieldLine *line = dn_field_text_line(text, i);
        g_autoptr(GArray) hits = dn_dates_find(line->plain, text->profile, text->currency);
        size_t scope = 0;

        for (guint h = 0; h < hits->len && found->len < HITS_MOST; h++) {
            const DnDateHit *hit = &g_array_index(hits, DnDateHit, h);
            guint before = found->len;

            weigh(text, line, scope, hit, found);
            if (found->len > before)
                g_array_index(found, Found, before).row = h == 0 && is_row(line, hits);
            scope = hit->to;
        }
    }
    doubt_rows(found);
    /* A day that stands at several places of a document is more likely its day. */
    for (guint i = 0; i < found->len; i++) {
        Found *one = &g_array_index(found, Found, i);
        unsigned again = 0;

        for (guint j = 0; j < found->len; j++) {
            const Found *other = &g_array_index(found, Found, j);

            again += j != i && other->evidence > 0 &&
                     strcmp(one->candidate->text, other->candidate->text) == 0;
        }
        one->total = one->evidence + MIN(again, 2) * 0.8;
        best = MAX(best, one->total);
    }
    for (guint i = 0; i < found->len; i++) {
        Found *one = &g_array_index(found, Found, i);
        double rival = -100;

        for (guint j = 0; j < found->len; j++) {
            const Found *other = &g_array_index(found, Found, j);

            if (strcmp(one->candidate->text, other->candidate->text) != 0)
                rival = MAX(rival, other->total);
        }
        double lead = one->total - rival;
        double doubt = (lead < 1.0 ? 1.5 : lead < 2.0 ? 0.6 : 0) + (one->total < best ? 0.5 : 0);
        double confidence = dn_score_confidence(one->total - doubt);

        one->candidate->confidence = one->faint ? MIN(confidence, FAINT_MOST) : confidence;
    }
    for (guint i = 0; i < found->len; i++) {
        DnCandidate *candidate = g_array_index(found, Found, i).candidate;

        if (candidate->confidence < OFFERED_LEAST)
            dn_candidate_free(candidate);
        else
            g_ptr_array_add(out->candidates, candidate);
    }
    dn_field_settle(out);
}
