/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tests/unit/cli/test-words.c - what people type and what they see: ranges, tables, manifests.
 */
#include "config.h"
#include "cli/csv.h"
#include "cli/filter.h"
#include "cli/manifest.h"
#include "cli/output.h"
#include "cli/result.h"
#include "cli/value.h"
#include "base/text.h"

#include <string.h>

#define assert_code(error, wanted)                                                                 \
    do {                                                                                           \
        g_assert_nonnull(error);                                                                   \
        g_assert_cmpint(dn_error_code(error), ==, DN_ERROR_##wanted);                              \
        g_clear_error(&(error));                                                                   \
    } while (0)

static void
test_date_ranges_have_open_ends(void)
{
    static const struct {
        const char *text;
        int from_day; /* of April 2026; 0: open */
        int to_day;
    } good[] = {
        {"2026-04-01..2026-04-30", 1, 30}, {"2026/4/2..", 2, 0},     {"..20260403", 0, 3},
        {"令和8年4月4日", 4, 4},           {"R8.4.5..R8.4.6", 5, 6}, {"2026.4.7 .. 2026.4.8", 7, 8},
    };
    static const char *const bad[] = {"",
                                      "..",
                                      "2026-04-31",
                                      "2026-04-02..2026-04-01",
                                      "a..b",
                                      "2026-04-01...",
                                      "2026-04-01..2026-04-02..2026-04-03"};
    g_autoptr(GError) error = NULL;

    for (size_t i = 0; i < G_N_ELEMENTS(good); i++) {
        DnDateRange range;

        g_assert_true(dn_value_date_range(good[i].text, &range, &error));
        g_assert_cmpint(range.has_from ? range.from.day : 0, ==, good[i].from_day);
        g_assert_cmpint(range.has_to ? range.to.day : 0, ==, good[i].to_day);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        DnDateRange range = {.has_from = true};

        g_assert_false(dn_value_date_range(bad[i], &range, &error));
        assert_code(error, INVALID);
        g_assert_true(range.has_from); /* written only on success */
    }
}

static void
test_amount_ranges_have_open_ends(void)
{
    static const char *const bad[] = {"", "..", "2..1", "1,00", "1.5", "ten..", "1..2..3"};
    g_autoptr(GError) error = NULL;
    char currency[DN_CURRENCY_TEXT + 1] = "JPY";
    DnAmountRange range;

    g_assert_true(dn_value_amount_range("10,000..¥20,000", true, currency, &range, &error));
    g_assert_true(range.has_from && range.has_to);
    g_assert_cmpint(range.from, ==, 10000);
    g_assert_cmpint(range.to, ==, 20000);
    g_assert_true(dn_value_amount_range("-500..", true, currency, &range, &error));
    g_assert_true(range.has_from && !range.has_to);
    g_assert_cmpint(range.from, ==, -500);
    g_assert_true(dn_value_amount_range("..１０８００", true, currency, &range, &error));
    g_assert_true(!range.has_from && range.has_to);
    g_assert_cmpint(range.to, ==, 10800);
    g_strlcpy(currency, "MYR", sizeof currency);
    g_assert_true(dn_value_amount_range("27.00", true, currency, &range, &error));
    g_assert_cmpint(range.from, ==, 2700);
    g_assert_cmpint(range.to, ==, 2700);
    g_strlcpy(currency, "JPY", sizeof currency);
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_assert_false(dn_value_amount_range(bad[i], true, currency, &range, &error));
        assert_code(error, INVALID);
    }
}

static void
test_a_range_may_name_its_currency(void)
{
    static const char *const forms[] = {"20.00 USD..27.00 USD", "20..27 USD", "20.00USD..27.00USD"};
    g_autoptr(GError) error = NULL;
    char currency[DN_CURRENCY_TEXT + 1];
    DnAmountRange range;

    for (size_t i = 0; i < G_N_ELEMENTS(forms); i++) {
        g_strlcpy(currency, "JPY", sizeof currency);
        g_assert_true(dn_value_amount_range(forms[i], true, currency, &range, &error));
        g_assert_no_error(error);
        g_assert_cmpstr(currency, ==, "USD");
        g_assert_cmpint(range.from, ==, 2000);
        g_assert_cmpint(range.to, ==, 2700);
    }
    g_strlcpy(currency, "JPY", sizeof currency);
    g_assert_true(dn_value_amount_range("20.00 USD..", true, currency, &range, &error));
    g_assert_cmpstr(currency, ==, "USD");
    g_assert_true(range.has_from && !range.has_to);
    /* Two currencies in one range, and another than the one that was said. */
    g_assert_false(dn_value_amount_range("20 EUR..27 USD", true, currency, &range, &error));
    assert_code(error, INVALID);
    g_strlcpy(currency, "JPY", sizeof currency);
    g_assert_false(dn_value_amount_range("27 USD", false, currency, &range, &error));
    assert_code(error, INVALID);
    g_assert_cmpstr(currency, ==, "JPY");
}

static void
test_an_amount_may_name_its_currency(void)
{
    g_autoptr(GError) error = NULL;
    char currency[DN_CURRENCY_TEXT + 1];
    int64_t minor = 0;

    g_assert_true(dn_value_amount("27.00 USD", "JPY", &minor, currency, &error));
    g_assert_cmpint(minor, ==, 2700);
    g_assert_cmpstr(currency, ==, "USD");
    g_assert_true(dn_value_amount("10,800円", "JPY", &minor, currency, &error));
    g_assert_cmpint(minor, ==, 10800);
    g_assert_cmpstr(currency, ==, "JPY");
    g_assert_false(dn_value_amount("27.00", "JPY", &minor, currency, &error));
    assert_code(error, INVALID);
}

static void
test_nearest_word_is_a_slip_of_the_pen(void)
{
    static const char *const words[] = {"search", "show", "stamp", NULL};

    g_assert_cmpstr(dn_value_nearest("serach", words), ==, "search");
    g_assert_cmpstr(dn_value_nearest("sho", words), ==, "show");
    g_assert_null(dn_value_nearest("archive-everything", words));
}

static void
test_filter_refuses_unknown_words(void)
{
    g_autoptr(GError) error = NULL;
    DnFilterTerms terms;
    DnFilter filter = {.date = (char *)"2026-04-01..", .missing = (char *)"party"};

    g_assert_true(dn_filter_read(&filter, "JPY", &terms, &error));
    g_assert_cmpint(terms.search.date_from->month, ==, 4);
    g_assert_null(terms.search.date_to);
    g_assert_null(terms.search.amount_from);
    g_assert_cmpstr(terms.search.missing, ==, "party");
    filter.missing = (char *)"colour";
    g_assert_false(dn_filter_read(&filter, "JPY", &terms, &error));
    assert_code(error, INVALID);
    filter = (DnFilter){.deleted = (char *)"yes"};
    g_assert_false(dn_filter_read(&filter, "JPY", &terms, &error));
    assert_code(error, INVALID);
}

/* --- tables --- */

static void
test_table_aligns_wide_characters(void)
{
    static const DnColumn columns[] = {{"party"}, {"amount", .right = true}, {"kind"}};
    static const int widths[] = {10, 6, 7};
    const char *wide[] = {"山田商店", "10,800", "receipt"};
    const char *narrow[] = {"Yamada", "5", "invoice"};
    const char *combining[] = {"e\u0301clair", NULL, "x"};
    g_autofree char *first = dn_table_line(columns, widths, 3, wide);
    g_autofree char *second = dn_table_line(columns, widths, 3, narrow);
    g_autofree char *third = dn_table_line(columns, widths, 3, combining);

    g_assert_cmpstr(first, ==, "山田商店    10,800  receipt");
    g_assert_cmpstr(second, ==, "Yamada           5  invoice");
    g_assert_cmpint(dn_text_columns(first), ==, dn_text_columns(second));
    g_assert_cmpstr(third, ==, "e\u0301clair              x");
}

static void
test_table_line_has_no_spaces_at_its_end(void)
{
    static const DnColumn columns[] = {{"a"}, {"b"}};
    static const int widths[] = {3, 9};
    const char *cells[] = {"x", NULL};
    g_autofree char *line = dn_table_line(columns, widths, 2, cells);

    g_assert_cmpstr(line, ==, "x");
}

static void
test_cut_counts_columns_not_characters(void)
{
    g_autofree char *cut = dn_table_cut("株式会社山田商店", 9);
    g_autofree char *odd = dn_table_cut("株式会社山田商店", 10);
    g_autofree char *whole = dn_table_cut("株式会社山田商店", 16);
    g_autofree char *free_of_cap = dn_table_cut("株式会社山田商店", 0);

    g_assert_cmpstr(cut, ==, "株式会社…");
    g_assert_cmpint(dn_text_columns(odd), <=, 10);
    g_assert_cmpstr(whole, ==, "株式会社山田商店");
    g_assert_cmpstr(free_of_cap, ==, whole);
}

/* --- results --- */

static json_t *
parse(const char *text)
{
    g_autoptr(GError) error = NULL;
    json_t *value = dn_json_parse(text, strlen(text), &error);

    g_assert_no_error(error);
    return value;
}

static void
test_doubtful_values_are_marked(void)
{
    g_autoptr(json_t) result =
        parse("{\"fields\":{\"date\":{\"value\":\"2026-04-01\",\"confidence\":0.94},"
              "\"amount\":{\"value\":1080000,\"currency\":\"EUR\",\"confidence\":0.95},"
              "\"party\":{\"value\":\"山田\"},\"registration_number\":{\"value\":null}}}");
    g_autofree char *date = dn_result_field(result, "date");
    g_autofree char *amount = dn_result_field(result, "amount");
    g_autofree char *party = dn_result_field(result, "party");
    g_autofree char *number = dn_result_field(result, "registration_number");
    g_autofree char *absent = dn_result_field(result, "tax");

    g_assert_cmpstr(date, ==, "2026-04-01?");
    g_assert_cmpstr(amount, ==, "10,800.00 EUR");
    g_assert_cmpstr(party, ==, "山田");
    g_assert_cmpstr(number, ==, "");
    g_assert_cmpstr(absent, ==, "");
}

static void
test_exit_status_of_a_result(void)
{
    static const struct {
        const char *result;
        int status;
    } cases[] = {
        {"{\"status\":\"stored\"}", 0},
        {"{\"status\":\"duplicate\"}", 0},
        {"{\"status\":\"stored\",\"error\":{\"code\":\"FORMAT\"}}", 65},
        {"{\"status\":\"rejected\",\"error\":{\"code\":\"LIMIT\"}}", 70},
        {"{\"status\":\"rejected\"}", 69},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(json_t) result = parse(cases[i].result);

        g_assert_cmpint(dn_result_exit_status(result), ==, cases[i].status);
    }
}

/* --- CSV --- */

static GPtrArray *
csv(const char *text, GError **error)
{
    return dn_csv_parse(text, strlen(text), error);
}

static void
test_csv_takes_quotes_breaks_and_a_mark(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) rows =
        csv("\xef\xbb\xbf"
            "file,party\r\n\"a,1.pdf\",\"said \"\"yes\"\"\"\r\n\r\nb.pdf,\"two\nlines\"\nc.pdf,",
            &error);

    g_assert_no_error(error);
    g_assert_cmpuint(rows->len, ==, 4);
    const DnCsvRow *titles = rows->pdata[0];
    const DnCsvRow *quoted = rows->pdata[1];
    const DnCsvRow *broken = rows->pdata[2];
    const DnCsvRow *last = rows->pdata[3];

    g_assert_cmpstr(titles->cells[0], ==, "file");
    g_assert_cmpstr(quoted->cells[0], ==, "a,1.pdf");
    g_assert_cmpstr(quoted->cells[1], ==, "said \"yes\"");
    g_assert_cmpuint(quoted->line, ==, 2);
    g_assert_cmpstr(broken->cells[1], ==, "two\nlines");
    g_assert_cmpuint(broken->line, ==, 4);
    g_assert_cmpuint(last->line, ==, 6);
    g_assert_cmpuint(last->count, ==, 2);
    g_assert_cmpstr(last->cells[1], ==, "");
}

static void
test_csv_refuses_what_it_would_have_to_guess(void)
{
    static const struct {
        const char *text;
        const char *line;
    } bad[] = {
        {"a,b\n\"open,c\nd", "line 2"},
        {"a\n\"x\"y\n", "line 2"},
        {"a\nb\nx\"y\"\n", "line 3"},
        {"a\rb\n", "line 1"},
    };
    g_autoptr(GError) error = NULL;
    g_autofree char *many = g_strnfill(300, ',');

    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_assert_null(csv(bad[i].text, &error));
        g_assert_nonnull(strstr(error->message, bad[i].line));
        assert_code(error, FORMAT);
    }
    g_assert_null(csv("caf\xe9", &error));
    assert_code(error, FORMAT);
    g_assert_null(dn_csv_parse("a\0b", 3, &error));
    assert_code(error, FORMAT);
    g_assert_null(csv(many, &error));
    assert_code(error, LIMIT);
}

/* Tables of cells that hold everything that matters to the format, written as RFC 4180 asks. */
static void
test_csv_reads_back_what_a_writer_quotes(void)
{
    static const char *const pieces[] = {"a", "\"", ",", "\n", "\r\n", "山", " ", ""};

    for (int round = 0; round < 500; round++) {
        g_autoptr(GString) text = g_string_new(NULL);
        g_autoptr(GPtrArray) cells = g_ptr_array_new_with_free_func(g_free);
        g_autoptr(GError) error = NULL;
        int columns = g_test_rand_int_range(1, 5);
        int rows = g_test_rand_int_range(1, 5);

        for (int i = 0; i < rows * columns; i++) {
            g_autoptr(GString) cell = g_string_new("x"); /* so that no line is empty */
            int length = g_test_rand_int_range(0, 6);

            while (length-- > 0)
                g_string_append(cell, pieces[g_test_rand_int_range(0, (int)G_N_ELEMENTS(pieces))]);
            g_auto(GStrv) parts = g_strsplit(cell->str, "\"", -1);
            g_autofree char *doubled = g_strjoinv("\"\"", parts);
            bool last = i % columns == columns - 1;

            g_string_append_printf(text, "\"%s\"%s", doubled, last ? "\r\n" : ",");
            g_ptr_array_add(cells, g_strdup(cell->str));
        }
        g_autoptr(GPtrArray) parsed = csv(text->str, &error);

        g_assert_no_error(error);
        g_assert_cmpuint(parsed->len, ==, (guint)rows);
        for (int i = 0; i < rows * columns; i++) {
            const DnCsvRow *row = parsed->pdata[i / columns];

            g_assert_cmpstr(row->cells[i % columns], ==, cells->pdata[i]);
        }
    }
}

static void
test_csv_survives_noise(void)
{
    static const char letters[] = {'a', '"', ',', '\n', '\r', '\xef', '\xbb', '\xbf', '\0'};
    unsigned good = 0;

    for (int round = 0; round < 20000; round++) {
        char text[12];
        size_t size = (size_t)g_test_rand_int_range(0, (int)sizeof text);
        g_autoptr(GError) error = NULL;

        for (size_t i = 0; i < size; i++)
            text[i] = letters[g_test_rand_int_range(0, (int)sizeof letters)];
        g_autofree char *exact = g_memdup2(text, size); /* so that a sanitizer sees its end */
        g_autoptr(GPtrArray) rows = dn_csv_parse(exact ? exact : "", size, &error);

        g_assert_true((rows != NULL) == (error == NULL));
        for (guint i = 0; rows && i < rows->len; i++) {
            const DnCsvRow *row = rows->pdata[i];

            g_assert_cmpuint(g_strv_length(row->cells), ==, row->count);
        }
        good += rows != NULL;
    }
    g_assert_cmpuint(good, >, 0);
}

/* --- manifests --- */

static GPtrArray *
manifest(const char *text, const DnTyped *defaults, GError **error)
{
    return dn_manifest_parse(text, strlen(text), "/in", defaults, "JPY", error);
}

static void
test_manifest_values_stand_over_the_defaults(void)
{
    g_autoptr(GError) error = NULL;
    g_auto(DnTyped) defaults = {0};

    g_assert_true(dn_typed_set(&defaults, "kind", "receipt", "JPY", &error));
    g_assert_true(dn_typed_set(&defaults, "label", "box 1", "JPY", &error));
    g_autoptr(GPtrArray) rows = manifest("File, Date ,amount,party,kind,received,label,origin\n"
                                         "a.pdf,R8.4.1,\"10,800\",山田,invoice,2026/4/2,x; y,scan\n"
                                         "/abs/b.pdf,,,,,,,\n",
                                         &defaults, &error);

    g_assert_no_error(error);
    g_assert_cmpuint(rows->len, ==, 2);
    const DnManifestRow *full = rows->pdata[0];
    const DnManifestRow *bare = rows->pdata[1];

    g_assert_no_error(full->problem);
    g_assert_cmpstr(full->path, ==, "/in/a.pdf");
    g_assert_cmpint(full->typed->date.day, ==, 1);
    g_assert_cmpint(full->typed->received.day, ==, 2);
    g_assert_cmpint(full->typed->amount, ==, 10800);
    g_assert_cmpstr(full->typed->party, ==, "山田");
    g_assert_cmpstr(full->typed->kind, ==, "invoice");
    g_assert_cmpstr(full->typed->origin, ==, "scan");
    g_autofree char *labels = g_strjoinv("|", full->typed->labels);

    g_assert_cmpstr(labels, ==, "box 1|x|y");
    g_assert_cmpstr(bare->path, ==, "/abs/b.pdf");
    g_assert_cmpstr(bare->typed->kind, ==, "receipt");
    g_assert_false(bare->typed->has_date);
    g_assert_false(bare->typed->has_amount);
}

static void
test_manifest_names_each_bad_row(void)
{
    static const DnTyped none;
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) rows = manifest("file,date,amount,origin\n"
                                         "a.pdf,2026-02-30,,\n"
                                         "b.pdf,2026-02-28,,\n"
                                         ",2026-02-28,,\n"
                                         "d.pdf,,1.5,\n"
                                         "e.pdf,,,fax\n",
                                         &none, &error);
    static const int bad_lines[] = {2, 0, 4, 5, 6};

    g_assert_no_error(error);
    g_assert_cmpuint(rows->len, ==, G_N_ELEMENTS(bad_lines));
    for (guint i = 0; i < rows->len; i++) {
        DnManifestRow *row = rows->pdata[i];
        g_autofree char *line = g_strdup_printf("line %d:", bad_lines[i]);

        g_assert_true((row->problem != NULL) == (bad_lines[i] > 0));
        g_assert_true(!row->problem || g_str_has_prefix(row->problem->message, line));
    }
}

static void
test_malformed_manifest_is_refused_whole(void)
{
    static const DnTyped none;
    static const struct {
        const char *text;
        DnErrorCode code;
        const char *says;
    } bad[] = {
        {"", DN_ERROR_FORMAT, "empty"},
        {"date,amount\n", DN_ERROR_INVALID, "file"},
        {"file,dates\n", DN_ERROR_INVALID, "date"},
        {"file,date,date\n", DN_ERROR_INVALID, "twice"},
        {"file,date\na\nb,\nc,,\n", DN_ERROR_FORMAT, "2 (1), 4 (3)"},
        {"file,date\n\"a,\n", DN_ERROR_FORMAT, "line 2"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;

        g_assert_null(manifest(bad[i].text, &none, &error));
        g_assert_cmpint(dn_error_code(error), ==, bad[i].code);
        g_assert_nonnull(strstr(error->message, bad[i].says));
    }
}

/* --- the manual page --- */

/* (transfer full) The part of @page between the heading @name and the next one. */
static char *
section_of(const char *page, const char *name)
{
    g_autofree char *heading = g_strdup_printf("\n.Ss %s\n", name);
    const char *start = strstr(page, heading);

    if (!start)
        return NULL;
    start += strlen(heading);
    const char *end = strstr(start, "\n.Ss ");
    const char *chapter = strstr(start, "\n.Sh ");

    if (!end || (chapter && chapter < end))
        end = chapter;
    return end ? g_strndup(start, (gsize)(end - start)) : g_strdup(start);
}

static void
assert_documented(const char *section, const char *where, const GOptionEntry *options)
{
    for (; options && options->long_name; options++) {
        g_autofree char *flag = g_strdup_printf("Fl -%s", options->long_name);
        const char *at = section;
        bool found = false;

        while (!found && (at = strstr(at, flag))) {
            at += strlen(flag);
            found = *at == ' ' || *at == '\n' || *at == '\0';
        }
        if (!found)
            g_error("dencho.1: %s: --%s is missing", where, options->long_name);
    }
}

static void
test_R50_manual_page_has_every_command_and_option(void)
{
    const char *source = g_getenv("DENCHO_SRCDIR");
    g_autofree char *path = g_build_filename(source ? source : ".", "docs", "dencho.1", NULL);
    g_autofree char *page = NULL;
    g_autoptr(GError) error = NULL;

    g_assert_true(g_file_get_contents(path, &page, NULL, &error));
    assert_documented(page, "options", dn_cli_global_options());
    for (const DnCommand *const *command = dn_cli_commands(); *command; command++) {
        g_autofree char *section = section_of(page, (*command)->name);

        if (!section)
            g_error("dencho.1: %s has no section", (*command)->name);
        assert_documented(section, (*command)->name, (*command)->options);
    }
    for (int code = DN_ERROR_INVALID; code <= DN_ERROR_EXTERNAL; code++) {
        g_autofree char *item =
            g_strdup_printf("\n.It %d ", dn_error_exit_status((DnErrorCode)code));

        if (!strstr(page, item))
            g_error("dencho.1: no exit status of %s", dn_error_name((DnErrorCode)code));
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define T(name) g_test_add_func("/cli/words/" #name, test_##name)
    T(date_ranges_have_open_ends);
    T(amount_ranges_have_open_ends);
    T(an_amount_may_name_its_currency);
    T(a_range_may_name_its_currency);
    T(nearest_word_is_a_slip_of_the_pen);
    T(filter_refuses_unknown_words);
    T(table_aligns_wide_characters);
    T(table_line_has_no_spaces_at_its_end);
    T(cut_counts_columns_not_characters);
    T(doubtful_values_are_marked);
    T(exit_status_of_a_result);
    T(csv_takes_quotes_breaks_and_a_mark);
    T(csv_refuses_what_it_would_have_to_guess);
    T(csv_reads_back_what_a_writer_quotes);
    T(csv_survives_noise);
    T(manifest_values_stand_over_the_defaults);
    T(manifest_names_each_bad_row);
    T(malformed_manifest_is_refused_whole);
    T(R50_manual_page_has_every_command_and_option);
    return g_test_run();
}
