/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tests/fuzz/fuzz-typed.c - what people type: days, amounts, ids, names.
 */
#include "config.h"
#include "fuzz.h"

#include "base/date.h"
#include "base/log.h"
#include "base/money.h"
#include "base/text.h"
#include "base/uuid.h"

static void
try_day(const char *text)
{
    char canonical[DN_DATE_TEXT + 1];
    DnDate day;
    DnDate again;

    if (!dn_date_parse(text, &day, NULL))
        return;
    g_assert_true(dn_date_is_valid(&day));
    dn_date_format(&day, canonical);
    g_assert_true(dn_date_parse(canonical, &again, NULL));
    g_assert_cmpint(dn_date_compare(&day, &again), ==, 0);
    again = dn_date_from_days(dn_date_to_days(&day));
    g_assert_cmpint(dn_date_compare(&day, &again), ==, 0);
}

static void
try_amount(const char *text, const char *currency)
{
    int64_t minor = 0;
    int64_t again = 0;

    if (!dn_money_parse(text, currency, &minor, NULL))
        return;
    g_autofree char *plain = dn_money_format(minor, currency);
    g_autofree char *grouped = dn_money_format_grouped(minor, currency);

    g_assert_true(dn_money_parse(plain, currency, &again, NULL));
    g_assert_cmpint(again, ==, minor);
    g_assert_true(dn_money_parse(grouped, currency, &again, NULL));
    g_assert_cmpint(again, ==, minor);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = g_strndup((const char *)data, size);
    g_autofree char *safe = dn_text_sanitise((const char *)data, (gssize)size);
    g_autofree char *composed = dn_text_nfkc(text);
    g_autofree char *joined = composed ? dn_text_join_cjk(text) : NULL;
    g_autofree char *escaped = dn_log_escape(text);
    DnUuid id;

    g_assert_true(g_utf8_validate(safe, -1, NULL) && g_utf8_validate(escaped, -1, NULL));
    try_day(text);
    try_amount(text, "JPY");
    try_amount(text, "EUR");
    try_amount(text, "KWD");
    dn_uuid_parse(text, &id, NULL);
    if (composed) {
        dn_text_columns(text);
        dn_text_remove_spaces(composed);
        g_assert_cmpuint(strlen(joined), <=, strlen(text));
    }
    return 0;
}
