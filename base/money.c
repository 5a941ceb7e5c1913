/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * base/money.c - minor units.
 */
#include "config.h"
#include "base/money.h"
#include "base/text.h"

#include <inttypes.h>
#include <string.h>

enum { DIGITS_MOST = 15 };

int
dn_money_scale(const char *currency)
{
    /* ISO 4217, list one: all that have not two decimals, but for units of account. */
    static const char *const none[] = {"BIF", "CLP", "DJF", "GNF", "ISK", "JPY",
                                       "KMF", "KRW", "PYG", "RWF", "UGX", "VND",
                                       "VUV", "XAF", "XOF", "XPF", NULL};
    static const char *const three[] = {"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND", NULL};

    if (!currency || strlen(currency) != 3)
        return -1;
    for (int i = 0; i < 3; i++)
        if (!g_ascii_isupper(currency[i]))
            return -1;
    if (g_strv_contains(none, currency))
        return 0;
    return g_strv_contains(three, currency) ? 3 : 2;
}

bool
dn_money_is_of_accents(const char *currency)
{
    static const char *const currencies[] = {"EUR", "CHF", NULL};

    return g_strv_contains(currencies, currency);
}

static uint64_t
power_of_ten(int exponent)
{
    uint64_t value = 1;

    while (exponent-- > 0)
        value *= 10;
    return value;
}

static char *
format(int64_t minor, const char *currency, bool grouped)
{
    int scale = MAX(0, dn_money_scale(currency));
    uint64_t unit = power_of_ten(scale);
    uint64_t magnitude = minor < 0 ? (uint64_t)0 - (uint64_t)minor : (uint64_t)minor;
    g_autofree char *whole = g_strdup_printf("%" PRIu64, magnitude / unit);
    GString *out = g_string_new(minor < 0 ? "-" : "");
    size_t digits = strlen(whole);

    for (size_t i = 0; i < digits; i++) {
        if (grouped && i > 0 && (digits - i) % 3 == 0)
            g_string_append_c(out, ',');
        g_string_append_c(out, whole[i]);
    }
    if (scale > 0)
        g_string_append_printf(out, ".%0*" PRIu64, scale, magnitude % unit);
    return g_string_free(out, FALSE);
}

char *
dn_money_format(int64_t minor, const char *currency)
{
    return format(minor, currency, false);
}

char *
dn_money_format_grouped(int64_t minor, const char *currency)
{
    return format(minor, currency, true);
}

static bool
refuse(const char *why, GError **error)
{
    return dn_fail(error, DN_ERROR_INVALID, "not an amount (%s): write 10800, 10,800 or ¥10,800",
                   why);
}

static bool
drop_prefix(const char **cursor, const char *prefix)
{
    if (!g_str_has_prefix(*cursor, prefix))
        return false;
    *cursor += strlen(prefix);
    return true;
}

static bool
drop_sign(const char **cursor)
{
    return drop_prefix(cursor, "-") || drop_prefix(cursor, "▲") || drop_prefix(cursor, "△") ||
           drop_prefix(cursor, "−");
}

bool
dn_money_parse(const char *text, const char *currency, int64_t *out_minor, GError **error)
{
    int scale = dn_money_scale(currency);
    g_autofree char *plain = dn_text_nfkc(text);
    int64_t value = 0;
    int digits = 0;
    int group = -1; /* digits since the last comma, -1 before the first */
    int decimals = -1;

    if (scale < 0)
        return dn_fail(error, DN_ERROR_INVALID, "not a currency code: write JPY");
    if (!plain)
        return refuse("not UTF-8", error);
    dn_text_remove_spaces(plain);
    const char *cursor = plain;
    bool negative = drop_sign(&cursor);

    if (!drop_prefix(&cursor, "¥") && !drop_prefix(&cursor, "\\") && !drop_prefix(&cursor, "€"))
        drop_prefix(&cursor, "$");
    negative = drop_sign(&cursor) || negative;
    for (; *cursor; cursor++) {
        if (g_ascii_isdigit(*cursor)) {
            if (++digits > DIGITS_MOST)
                return refuse("more than 15 digits", error);
            value = value * 10 + (*cursor - '0');
            if (decimals >= 0)
                decimals++;
            else if (group >= 0)
                group++;
        } else if (*cursor == ',' && decimals < 0 && digits > 0 &&
                   (group == 3 || (group == -1 && digits <= 3))) {
            group = 0;
        } else if (*cursor == '.' && decimals < 0 && digits > 0 && (group == -1 || group == 3)) {
            decimals = 0;
        } else {
            break;
        }
    }
    if (!drop_prefix(&cursor, "円") && !drop_prefix(&cursor, currency))
        drop_prefix(&cursor, "-"); /* the closing stroke of a cheque: 10,800- */
    if (*cursor || digits == 0)
        return refuse("it holds something else", error);
    if (group >= 0 && group != 3)
        return refuse("a comma parts three digits", error);
    if (decimals == 0 || decimals > scale)
        return refuse("the currency has fewer decimals", error);
    scale -= MAX(0, decimals);
    if (digits + scale > DIGITS_MOST) /* it could not be read again as it is written */
        return refuse("more than 15 digits with those of the cents", error);
    value *= (int64_t)power_of_ten(scale);
    *out_minor = negative ? -value : value;
    return true;
}
