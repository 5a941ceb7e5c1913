/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tests/unit/base/test-base.c - the words that every module uses.
 */
#include "config.h"
#include "base/clock.h"
#include "base/date.h"
#include "base/digest.h"
#include "base/digest-pair.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/money.h"
#include "base/settings.h"
#include "base/source.h"
#include "base/text.h"
#include "base/uuid.h"
#include "base/wire.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define assert_code(error, wanted)                                                                 \
    do {                                                                                           \
        g_assert_nonnull(error);                                                                   \
        g_assert_cmpint(dn_error_code(error), ==, DN_ERROR_##wanted);                              \
        g_clear_error(&(error));                                                                   \
    } while (0)

static void
test_error_keeps_its_code_when_context_is_added(void)
{
    g_autoptr(GError) error = NULL;

    g_assert_false(dn_fail(&error, DN_ERROR_LIMIT, "page has %d px", 7));
    g_assert_false(dn_fail_in(&error, "page %d", 3));
    g_assert_cmpstr(error->message, ==, "page 3: page has 7 px");
    g_assert_cmpint(dn_error_exit_status(dn_error_code(error)), ==, 70);
    g_assert_cmpint(dn_error_from_name("LIMIT"), ==, DN_ERROR_LIMIT);
    g_assert_cmpint(dn_error_from_name("no such"), ==, DN_ERROR_EXTERNAL);
}

static void
test_array_that_overflows_is_limit(void)
{
    g_autoptr(GError) error = NULL;

    g_assert_null(dn_try_array(SIZE_MAX / 2, 4, &error));
    assert_code(error, LIMIT);
}

static void
test_limits_name_the_figures(void)
{
    g_autoptr(GError) error = NULL;

    g_assert_true(dn_limits_check_size(&dn_limits_default, "page", 2480, 3508, &error));
    g_assert_false(dn_limits_check_size(&dn_limits_default, "page 1", 31000, 31000, &error));
    g_assert_nonnull(strstr(error->message, "31000 x 31000"));
    assert_code(error, LIMIT);
    g_assert_false(dn_limits_check_size(&dn_limits_default, "page", 0, 5, &error));
    assert_code(error, FORMAT);
}

typedef struct {
    const char *typed;
    const char *iso; /* NULL: refused */
} DateCase;

static void
test_dates_as_people_type_them(void)
{
    static const DateCase cases[] = {
        {"2026-04-01", "2026-04-01"},
        {"2026/4/1", "2026-04-01"},
        {"2026.4.1", "2026-04-01"},
        {"20260401", "2026-04-01"},
        {"2026年4月1日", "2026-04-01"},
        {"令和8年4月1日", "2026-04-01"},
        {"R8.4.1", "2026-04-01"},
        {"r8/4/1", "2026-04-01"},
        {"令和元年5月1日", "2019-05-01"},
        {"平成31年4月30日", "2019-04-30"},
        {"㋿8年4月1日", "2026-04-01"},
        {"２０２６／４／１", "2026-04-01"},
        {" 令和 8 年 4 月 1 日 ", "2026-04-01"},
        {"2024-02-29", "2024-02-29"},
        {"2026-02-29", NULL},
        {"平成31年5月1日", NULL}, /* Heisei ended the day before */
        {"令和元年4月30日", NULL},
        {"26-04-01", NULL},
        {"2026-04", NULL},
        {"2026-04-01x", NULL},
        {"", NULL},
        {"\xff", NULL},
        {"05480810", NULL}, /* as is 0548-08-10 */
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        char iso[DN_DATE_TEXT + 1];
        DnDate date;
        bool ok = dn_date_parse(cases[i].typed, &date, &error);

        if (!cases[i].iso) {
            if (ok)
                g_test_message("%s was taken", cases[i].typed);
            g_assert_false(ok);
            g_assert_nonnull(strstr(error->message, "2026-04-01")); /* shows a right one */
            assert_code(error, INVALID);
            continue;
        }
        g_assert_no_error(error);
        dn_date_format(&date, iso);
        g_assert_cmpstr(iso, ==, cases[i].iso);
    }
}

static void
test_days_go_there_and_back(void)
{
    g_assert_cmpint(dn_date_to_days(&(DnDate){1970, 1, 1}), ==, 0);
    g_assert_cmpint(dn_date_to_days(&(DnDate){2000, 3, 1}), ==, 11017);
    for (int32_t days = -800000; days < 2000000; days += 97) {
        DnDate date = dn_date_from_days(days);

        if (date.year < 1 || date.year > 9999)
            continue;
        g_assert_true(dn_date_is_valid(&date));
        g_assert_cmpint(dn_date_to_days(&date), ==, days);
    }
    /* 23:30 in London is the next day in Japan. */
    DnDate japan = dn_date_in_japan(INT64_C(1767223800000)); /* 2025-12-31T23:30:00Z */

    g_assert_cmpint(japan.year, ==, 2026);
    g_assert_cmpint(japan.day, ==, 1);
}

typedef struct {
    const char *typed;
    const char *currency;
    bool ok;
    int64_t minor;
} MoneyCase;

static void
test_amounts_as_people_type_them(void)
{
    static const MoneyCase cases[] = {
        {"10800", "JPY", true, 10800},
        {"10,800", "JPY", true, 10800},
        {"¥10,800", "JPY", true, 10800},
        {"￥１０，８００", "JPY", true, 10800},
        {"10,800円", "JPY", true, 10800},
        {"-500", "JPY", true, -500},
        {"▲500", "JPY", true, -500},
        {"¥-500", "JPY", true, -500},
        {"0", "JPY", true, 0},
        {"27.00", "EUR", true, 2700},
        {"27.5", "EUR", true, 2750},
        {"1,234.56", "USD", true, 123456},
        {"1.5", "JPY", false, 0},
        {"1,0800", "JPY", false, 0},
        {"10,80", "JPY", false, 0},
        {"", "JPY", false, 0},
        {"abc", "JPY", false, 0},
        {"1234567890123456", "JPY", false, 0},
        {"27.123", "EUR", false, 0},
        {"9999999999999", "EUR", true, 999999999999900},
        {"99999999999999", "EUR", false, 0}, /* with cents it has 16 digits */
        {"10 800", "JPY", true, 10800},
        {"10", "yen", false, 0},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        int64_t minor = 0;
        bool ok = dn_money_parse(cases[i].typed, cases[i].currency, &minor, &error);

        if (ok != cases[i].ok)
            g_test_message("%s %s", cases[i].typed, error ? error->message : "was taken");
        g_assert_cmpint(ok, ==, cases[i].ok);
        if (ok)
            g_assert_cmpint(minor, ==, cases[i].minor);
        else
            assert_code(error, INVALID);
    }
    g_autofree char *grouped = dn_money_format_grouped(-1234567, "JPY");
    g_autofree char *plain = dn_money_format(123405, "EUR");

    g_assert_cmpstr(grouped, ==, "-1,234,567");
    g_assert_cmpstr(plain, ==, "1234.05");
}

static void
test_text_is_made_safe(void)
{
    g_assert_null(dn_text_nfkc("合計\xe5\x90"));
    g_assert_null(dn_text_nfkc("\xf8\xf8"));
    g_autofree char *joined = dn_text_join_cjk("合 計 1 , 080 円 ABC DEF");
    g_autofree char *clean = dn_text_sanitise("a\x1b[31m\0z\xff", 9);
    g_autofree char *shown = dn_log_escape("a\x1b[31m\xe2\x80\xae\xff");

    g_assert_cmpstr(joined, ==, "合計 1 , 080 円 ABC DEF");
    g_assert_null(strchr(clean, 0x1b));
    g_assert_true(g_utf8_validate(clean, -1, NULL));
    g_assert_cmpstr(shown, ==, "a\\x1b[31m\\u202e\\xff");
    g_assert_cmpint(dn_text_columns("ab合計"), ==, 6);
}

/* The end of a text stands behind the last of any letters, and is none of them. */
static void
test_the_end_of_a_text_is_no_letter(void)
{
    g_assert_true(dn_text_has_letter("〇零", g_utf8_get_char("零")));
    g_assert_false(dn_text_has_letter("〇零", g_utf8_get_char("一")));
    g_assert_false(dn_text_has_letter("〇零", 0));
    g_assert_false(dn_text_has_letter("", 0));
}

/* What a hostile document may hold: the work grows as the text does, not as its square. */
static void
test_text_of_blanks_and_marks_takes_no_square(void)
{
    enum { MANY = 1 << 19 };
    g_autofree char *blanks = g_strnfill(MANY, ' ');
    g_autofree char *text = g_strconcat("x", blanks, "y 合 計", NULL);
    g_autofree char *joined = dn_text_join_cjk(text);
    GString *marks = g_string_new("e");

    g_assert_cmpuint(strlen(joined), ==, strlen(text) - 1);
    g_assert_true(g_str_has_suffix(joined, "y 合計"));
    for (int i = 0; i < MANY; i++)
        g_string_append(marks, i % 2 ? "\u0301" : "\u0323"); /* above, below: out of order */
    g_string_append(marks, "が");
    g_autofree char *hostile = g_string_free(marks, FALSE);
    g_autofree char *composed = dn_text_nfkc(hostile);
    g_autofree char *kana = dn_text_nfkc("カ\u3099"); /* marks of writing stay */

    g_assert_true(g_str_has_suffix(composed, "が"));
    g_assert_cmpuint(g_utf8_strlen(composed, -1), <, 64);
    g_assert_cmpstr(kana, ==, "ガ");
}

/* The short way for what is normal already gives what normalising gives. */
static void
test_nfkc_has_no_short_cut_that_shows(void)
{
    static const gunichar marks[] = {0x3099, 0x309a, 0x301, 0xff9e, 0x3000, 0x200b};

    for (gunichar c = 1; c < 0x11000; c++) {
        GString *text = g_string_new(NULL);

        if (c >= 0xd800 && c < 0xe000)
            continue;
        g_string_append_unichar(text, c);
        g_string_append_unichar(text, 0x304b); /* か, to which marks cling */
        if (c % 3 == 0)
            g_string_append_unichar(text, marks[c / 3 % G_N_ELEMENTS(marks)]);
        g_string_append_unichar(text, c);
        g_autofree char *raw = g_string_free(text, FALSE);
        g_autofree char *wanted = g_utf8_normalize(raw, -1, G_NORMALIZE_ALL_COMPOSE);
        g_autofree char *found = dn_text_nfkc(raw);

        g_assert_cmpstr(found, ==, wanted);
    }
}

static void
test_canonical_json_of_rfc_8785(void)
{
    g_autoptr(GError) error = NULL;
    const char *text = "{\"b\":[1,true,null],\"a\":\"\\u20ac$\\u000f\\nA'B\\\"\\\\\",\"\\ufb33\":1,"
                       "\"\\ud83d\\ude00\":2}";
    g_autoptr(json_t) value = dn_json_parse(text, strlen(text), &error);
    g_autofree char *line = dn_json_canonical(value, &error);

    g_assert_no_error(error);
    g_assert_cmpstr(line, ==,
                    "{\"a\":\"€$\\u000f\\nA'B\\\"\\\\\",\"b\":[1,true,null],\"😀\":2,\"\ufb33\":1}");

    g_autoptr(json_t) fraction = json_real(0.5);

    g_assert_null(dn_json_canonical(fraction, &error));
    assert_code(error, INVALID);
    g_assert_null(dn_json_parse("{\"a\":1,\"a\":2}", 13, &error));
    assert_code(error, FORMAT);
}

static void
test_uuids_sort_by_time(void)
{
    DnUuid before = dn_uuid_new();

    for (int i = 0; i < 10000; i++) {
        DnUuid after = dn_uuid_new();

        g_assert_cmpint(memcmp(before.bytes, after.bytes, DN_UUID_BYTES), <, 0);
        before = after;
    }
    g_autofree char *text = dn_uuid_text(&before);
    g_autoptr(GError) error = NULL;
    DnUuid back;

    g_assert_cmpint(text[14], ==, '7');
    g_assert_true(dn_uuid_parse(text, &back, &error));
    g_assert_true(dn_uuid_equal(&before, &back));
    g_assert_false(dn_uuid_parse("../../etc/passwd-4123-8123-123456789", &back, &error));
    assert_code(error, FORMAT);
}

/* @bytes from @first and from @second on, handed over in pieces that fit no block. */
static void
assert_pair_is_two_digests(const uint8_t *bytes, size_t first, size_t second, size_t piece)
{
    g_autoptr(DnDigestPair) pair = dn_digest_pair_new();
    DnSha256 wanted[2] = {dn_sha256(bytes, first), dn_sha256(bytes + 1, second)};
    DnSha256 found[2];

    for (size_t at = 0; at < MAX(first, second); at += piece)
        dn_digest_pair_add(pair, bytes + MIN(at, first), MIN(piece, first - MIN(at, first)),
                           bytes + 1 + MIN(at, second), MIN(piece, second - MIN(at, second)));
    dn_digest_pair_finish(pair, &found[0], &found[1]);
    g_assert_true(dn_sha256_equal(&wanted[0], &found[0]));
    g_assert_true(dn_sha256_equal(&wanted[1], &found[1]));
}

/* All sizes around the ends of blocks beside each other, whole and in pieces. */
static void
test_a_pair_of_digests_is_two_digests(gconstpointer by_openssl)
{
    enum { ALL = 140, LARGE = 40000 };
    static const size_t pieces[] = {1, 55, 63, 64, 65, 200, LARGE};
    g_autofree uint8_t *bytes = g_malloc(LARGE + 1);

    for (size_t i = 0; i <= LARGE; i++)
        bytes[i] = (uint8_t)(i * 167 + i / 256);
    dn_digest_pair_by_openssl = GPOINTER_TO_INT(by_openssl);
    for (size_t first = 0; first < ALL; first++)
        for (size_t second = 0; second < ALL; second++)
            assert_pair_is_two_digests(bytes, first, second, ALL);
    for (size_t i = 0; i < G_N_ELEMENTS(pieces); i++)
        for (size_t less = 0; less < 130; less += 13) {
            assert_pair_is_two_digests(bytes, LARGE, LARGE - less, pieces[i]);
            assert_pair_is_two_digests(bytes, less, LARGE, pieces[i]);
        }
    dn_digest_pair_by_openssl = false;
}

static void
test_digest_and_hex(void)
{
    g_autoptr(GError) error = NULL;
    DnSha256 digest = dn_sha256("abc", 3);
    g_autofree char *hex = dn_hex(digest.bytes, sizeof digest.bytes);
    g_autoptr(DnDigest) steps = dn_digest_new();
    uint8_t two[2];

    g_assert_cmpstr(hex, ==, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    dn_digest_add(steps, "a", 1);
    dn_digest_add(steps, "bc", 2);
    DnSha256 same = dn_digest_finish(steps);

    g_assert_true(dn_sha256_equal(&digest, &same));
    g_assert_true(dn_unhex("00fF", two, 2, &error));
    g_assert_cmpint(two[1], ==, 255);
    g_assert_false(dn_unhex("00fg", two, 2, &error));
    assert_code(error, FORMAT);
}

static void
test_settings_suggest_the_right_key(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(DnSettings) settings = dn_settings_new();

    g_assert_false(dn_settings_set(settings, "reading", "curency", "JPY", &error));
    g_assert_nonnull(strstr(error->message, "[reading] currency"));
    assert_code(error, INVALID);
    g_assert_false(dn_settings_set(settings, "limits", "pages", "many", &error));
    assert_code(error, INVALID);
    g_assert_true(dn_settings_set(settings, "limits", "pages", "12", &error));
    g_assert_cmpint(dn_settings_limits(settings).max_pages, ==, 12);
}

static void
test_settings_survive_a_file(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *dir = g_dir_make_tmp("dencho-test-XXXXXX", &error);
    g_autofree char *path = g_build_filename(dir, "dencho.conf", NULL);
    g_autoptr(DnSettings) settings = dn_settings_new();

    g_assert_true(dn_settings_set(settings, "reading", "currency", "MYR", &error));
    g_assert_true(dn_settings_save(settings, path, &error));
    g_autoptr(DnSettings) back = dn_settings_load(path, &error);

    g_assert_no_error(error);
    g_assert_cmpstr(dn_settings_string(back, "reading", "currency"), ==, "MYR");
    g_assert_cmpstr(dn_settings_string(back, "reading", "date-order"), ==, "ymd");
    g_assert_true(dn_fs_remove_tree(dir, &error));
    g_assert_null(dn_settings_load(path, &error));
    assert_code(error, NOT_FOUND);
}

static void
test_source_refuses_what_is_no_file(void)
{
    g_autoptr(GError) error = NULL;

    g_assert_null(dn_source_read_file("/dev/zero", 100, &error));
    assert_code(error, INVALID);
    g_assert_null(dn_source_read_file("/proc/self/status", 10, &error)); /* stat says 0 bytes */
    assert_code(error, LIMIT);
    g_assert_null(dn_source_read_file("/nowhere", 10, &error));
    assert_code(error, NOT_FOUND);
}

static void
test_a_mapped_document_cannot_change(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) bytes = g_bytes_new_static("receipt", 7);
    dn_autofd int fd = dn_source_memfd(bytes, &error);
    g_autoptr(GBytes) mapped = dn_source_map_sealed(fd, 100, &error);

    g_assert_no_error(error);
    g_assert_true(g_bytes_equal(bytes, mapped));
    g_assert_cmpint(ftruncate(fd, 0), ==, -1);
    g_assert_null(dn_source_map_sealed(fd, 3, &error));
    assert_code(error, LIMIT);
    g_assert_null(dn_source_map_sealed(0, 3, &error));
    assert_code(error, FORMAT);
}

static void
test_wire_caps_what_it_allocates(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) body = NULL;
    int pair[2];
    DnWireType type;

    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), ==, 0);
    g_assert_true(dn_wire_send(pair[0], DN_WIRE_TEXT, "hello", 5, -1, &error));
    g_assert_true(dn_wire_receive(pair[1], 5, 1000, &type, &body, NULL, &error));
    g_assert_cmpint(type, ==, DN_WIRE_TEXT);
    g_assert_cmpmem(g_bytes_get_data(body, NULL), g_bytes_get_size(body), "hello", 5);

    g_clear_pointer(&body, g_bytes_unref);
    g_assert_true(dn_wire_send(pair[0], DN_WIRE_TEXT, "hello", 5, -1, &error));
    g_assert_false(dn_wire_receive(pair[1], 4, 1000, &type, &body, NULL, &error));
    assert_code(error, LIMIT);
    g_assert_null(body);
    close(pair[0]);
    g_assert_false(dn_wire_receive(pair[1], 4, 1000, &type, &body, NULL, &error));
    g_clear_error(&error);
    close(pair[1]);
}

static void
test_wire_hands_a_descriptor_over_and_times_out(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) body = NULL;
    g_autoptr(GBytes) document = g_bytes_new_static("x", 1);
    dn_autofd int fd = dn_source_memfd(document, &error);
    dn_autofd int got = -1;
    int pair[2];
    DnWireType type;

    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), ==, 0);
    g_assert_true(dn_wire_send(pair[0], DN_WIRE_JOB, "{}", 2, fd, &error));
    g_assert_true(dn_wire_receive(pair[1], 5, 1000, &type, &body, &got, &error));
    g_autoptr(GBytes) mapped = dn_source_map_sealed(got, 10, &error);

    g_assert_true(g_bytes_equal(document, mapped));
    g_clear_pointer(&body, g_bytes_unref);
    g_assert_false(dn_wire_receive(pair[1], 5, 10, &type, &body, NULL, &error));
    assert_code(error, LIMIT);
    close(pair[0]);
    g_assert_false(dn_wire_receive(pair[1], 5, -1, &type, &body, NULL, &error));
    assert_code(error, EXTERNAL);
    close(pair[1]);
}

static void
test_replaced_file_is_synced_with_its_folder(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *dir = g_dir_make_tmp("dencho-test-XXXXXX", &error);
    g_autofree char *path = g_build_filename(dir, "file", NULL);
    g_autofree char *content = NULL;
    uint64_t before = dn_fs_sync_count();

    g_assert_true(dn_fs_create_file(path, "one", 3, 0600, &error));
    g_assert_false(dn_fs_create_file(path, "two", 3, 0600, &error));
    assert_code(error, EXISTS);
    g_assert_true(dn_fs_replace_file(path, "two", 3, 0600, &error));
    g_assert_cmpint(dn_fs_sync_count() - before, ==, 4);
    g_assert_true(g_file_get_contents(path, &content, NULL, NULL));
    g_assert_cmpstr(content, ==, "two");
    g_assert_true(dn_fs_remove_tree(dir, &error));
}

static void
test_clock_text_goes_there_and_back(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text = dn_clock_format(INT64_C(1767223800004));
    int64_t back = 0;
    static const char *const no_times[] = {"2026-02-30T00:00:00.000Z", "2026-13-01T00:00:00.000Z",
                                           "2026-01-01T25:00:00.000Z", "2026-01-01T00:00:0x.000Z"};

    g_assert_cmpstr(text, ==, "2025-12-31T23:30:00.004Z");
    g_assert_true(dn_clock_parse(text, &back, &error));
    g_assert_cmpint(back, ==, INT64_C(1767223800004));
    g_assert_false(dn_clock_parse("yesterday", &back, &error));
    assert_code(error, FORMAT);
    g_assert_true(dn_clock_parse("2026-01-01T08:30:00.004+09:00", &back, &error));
    g_assert_cmpint(back, ==, INT64_C(1767223800004));
    g_assert_true(dn_clock_parse("1969-12-31T23:59:59.999Z", &back, &error));
    g_assert_cmpint(back, ==, -1);
    for (size_t i = 0; i < G_N_ELEMENTS(no_times); i++) {
        g_assert_false(dn_clock_parse(no_times[i], &back, &error));
        assert_code(error, FORMAT);
    }
}

/* ISO 4217: yen have no decimals, dinars three, most two; what is no code has none. */
static void
test_money_scales(void)
{
    g_assert_cmpint(dn_money_scale("JPY"), ==, 0);
    g_assert_cmpint(dn_money_scale("PYG"), ==, 0);
    g_assert_cmpint(dn_money_scale("UGX"), ==, 0);
    g_assert_cmpint(dn_money_scale("EUR"), ==, 2);
    g_assert_cmpint(dn_money_scale("MYR"), ==, 2);
    g_assert_cmpint(dn_money_scale("KWD"), ==, 3);
    g_assert_cmpint(dn_money_scale("TND"), ==, 3);
    g_assert_cmpint(dn_money_scale("eur"), ==, -1);
    g_assert_cmpint(dn_money_scale(""), ==, -1);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define T(name) g_test_add_func("/base/" #name, test_##name)
    T(error_keeps_its_code_when_context_is_added);
    T(array_that_overflows_is_limit);
    T(limits_name_the_figures);
    T(dates_as_people_type_them);
    T(days_go_there_and_back);
    T(amounts_as_people_type_them);
    T(text_is_made_safe);
    T(the_end_of_a_text_is_no_letter);
    T(text_of_blanks_and_marks_takes_no_square);
    T(nfkc_has_no_short_cut_that_shows);
    T(canonical_json_of_rfc_8785);
    T(uuids_sort_by_time);
    T(digest_and_hex);
    g_test_add_data_func("/base/a_pair_of_digests_is_two_digests", GINT_TO_POINTER(false),
                         test_a_pair_of_digests_is_two_digests);
    g_test_add_data_func("/base/a_pair_of_digests_by_openssl", GINT_TO_POINTER(true),
                         test_a_pair_of_digests_is_two_digests);
    T(settings_suggest_the_right_key);
    T(settings_survive_a_file);
    T(source_refuses_what_is_no_file);
    T(a_mapped_document_cannot_change);
    T(wire_caps_what_it_allocates);
    T(wire_hands_a_descriptor_over_and_times_out);
    T(replaced_file_is_synced_with_its_folder);
    T(clock_text_goes_there_and_back);
    g_test_add_func("/money/scales", test_money_scales);
    return g_test_run();
}
