/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tests/unit/ocr/test-papers.c - the values of whole papers of many trades and countries, written
 * as text in papers/: each right, or honestly left to a person.
 *
 * All shops, people and numbers in them are invented. A paper begins with a line of its truth:
 *
 *   === NAME | CURRENCY ORDER | DATE | AMOUNT [CURRENCY] | PARTY[/PARTY ...] | NUMBER
 *
 * "-" where it has no such value. "~" before a value: the reader may leave it in doubt (below what
 * is taken without a person), as it may be when two sayings of the paper are equally good. Each
 * paper is read twice, as a text layer and as words from pixels.
 */
#include "config.h"
#include "base/money.h"
#include "tests/unit/ocr/page.h"

#include <locale.h>
#include <stdio.h>

static const double SURE = 0.95;

typedef struct {
    char *title;
    char *values[4]; /* as the line of truth has them, without ~ */
    bool doubted[4];
    DnReadingProfile profile;
    GPtrArray *lines;
} Paper;

enum { DATE, AMOUNT, PARTY, NUMBER };

static const char *const field_names[] = {"date", "amount", "party", "number"};

static Paper *
paper_new(const char *head)
{
    g_auto(GStrv) parts = g_strsplit(head + strlen("=== "), "|", -1);
    Paper *self = g_new0(Paper, 1);

    g_assert_cmpuint(g_strv_length(parts), ==, 6);
    for (int i = 0; i < 6; i++)
        g_strstrip(parts[i]);
    self->title = g_strdup(parts[0]);
    self->profile = dn_reading_profile_default;
    self->profile.received = (DnDate){2026, 6, 10};
    g_assert_cmpint(sscanf(parts[1], "%3s %3s", self->profile.currency, self->profile.date_order),
                    ==, 2);
    for (int i = 0; i < 4; i++) {
        self->doubted[i] = *parts[i + 2] == '~';
        self->values[i] = g_strdup(parts[i + 2] + self->doubted[i]);
    }
    self->lines = g_ptr_array_new_with_free_func(g_free);
    return self;
}

static void
paper_free(Paper *self)
{
    for (int i = 0; i < 4; i++)
        g_free(self->values[i]);
    g_ptr_array_unref(self->lines);
    g_free(self->title);
    g_free(self);
}

/* --- what counts as the same --- */

static char *
letters_of(const char *name)
{
    g_autofree char *even = g_utf8_normalize(name, -1, G_NORMALIZE_NFKC);
    g_autofree char *folded = g_utf8_casefold(even, -1);
    GString *letters = g_string_new(NULL);

    for (const char *p = folded; *p; p = g_utf8_next_char(p))
        if (g_unichar_isalnum(g_utf8_get_char(p)))
            g_string_append_unichar(letters, g_utf8_get_char(p));
    return g_string_free(letters, FALSE);
}

static bool
names_agree(const char *given, const char *wanted)
{
    g_autofree char *a = letters_of(given);
    g_autofree char *b = letters_of(wanted);
    glong a_size = g_utf8_strlen(a, -1);
    glong b_size = g_utf8_strlen(b, -1);

    return (strstr(a, b) && b_size * 10 >= a_size * 6) ||
           (a_size > 0 && strstr(b, a) && a_size * 10 >= b_size * 6);
}

static bool
party_agrees(const char *given, const char *wanted)
{
    g_auto(GStrv) names = g_strsplit(wanted, "/", -1);

    for (int i = 0; names[i]; i++)
        if (names_agree(given, names[i]))
            return true;
    return false;
}

static bool
value_agrees(int field, const DnCandidate *given, const Paper *paper)
{
    if (field == PARTY)
        return party_agrees(given->text, paper->values[field]);
    if (field != AMOUNT)
        return strcmp(given->text, paper->values[field]) == 0;
    g_auto(GStrv) parts = g_strsplit(paper->values[AMOUNT], " ", 2);
    const char *currency = parts[1] ?: paper->profile.currency;
    int64_t minor = 0;

    g_assert_true(dn_money_parse(parts[0], currency, &minor, NULL));
    return given->number == minor && strcmp(given->currency, currency) == 0;
}

/* --- one paper --- */

static void
judge(const Paper *paper, int field, const DnField *read, const char *origin)
{
    const DnCandidate *best = best_of(read);
    bool none = strcmp(paper->values[field], "-") == 0;
    bool right = none ? !best : best && value_agrees(field, best, paper);
    bool sure = best && best->confidence >= SURE;
    g_autofree char *given =
        !best             ? g_strdup("nothing")
        : field == AMOUNT ? g_strdup_printf("%" G_GINT64_FORMAT " %s", best->number, best->currency)
                          : g_strdup(best->text);

    g_test_message("%s\t%s\t%s\t%s\t%s\t%.3f\t%s", field_names[field], origin,
                   right   ? "right"
                   : sure  ? "SURE"
                   : !best ? "silent"
                           : "wrong",
                   given, paper->values[field], best ? best->confidence : 0, paper->title);
    if (!right && (sure || !paper->doubted[field]))
        g_test_fail();
}

static void
test_paper(gconstpointer data)
{
    static const char *const origins[] = {"text-layer", "tesseract"};
    const Paper *paper = data;

    for (size_t i = 0; i < G_N_ELEMENTS(origins); i++) {
        g_autoptr(DnPageText) page =
            page_made_of((const char *const *)paper->lines->pdata, origins[i], i == 0 ? 1.0 : 0.9);
        const DnPageText *pages[] = {page};
        g_autoptr(DnReading) reading = dn_reading_new(pages, 1, &paper->profile);

        judge(paper, DATE, &reading->date, origins[i]);
        judge(paper, AMOUNT, &reading->amount, origins[i]);
        judge(paper, PARTY, &reading->party, origins[i]);
        judge(paper, NUMBER, &reading->registration_number, origins[i]);
    }
}

static void
add_papers(GPtrArray *papers, const char *file)
{
    g_autofree char *path = g_build_filename(g_getenv("DENCHO_SRCDIR") ?: ".", "tests", "unit",
                                             "ocr", "papers", file, NULL);
    g_autoptr(GError) error = NULL;
    g_autofree char *text = NULL;

    g_file_get_contents(path, &text, NULL, &error);
    g_assert_no_error(error);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

    for (int i = 0; lines[i]; i++) {
        if (g_str_has_prefix(lines[i], "=== "))
            g_ptr_array_add(papers, paper_new(lines[i]));
        else if (lines[i + 1]) /* what follows the last line feed is no line */
            g_ptr_array_add(((Paper *)papers->pdata[papers->len - 1])->lines, g_strdup(lines[i]));
    }
}

int
main(int argc, char **argv)
{
    static const char *const files[] = {"ja-till.txt", "ja-paper.txt", "western.txt",
                                        "ja-others.txt", "western-others.txt"};
    g_autoptr(GPtrArray) papers = g_ptr_array_new_with_free_func((GDestroyNotify)paper_free);

    setlocale(LC_CTYPE, ""); /* names in messages */
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(files); i++)
        add_papers(papers, files[i]);
    for (guint i = 0; i < papers->len; i++) {
        Paper *paper = papers->pdata[i];
        g_autofree char *path = g_strdup_printf("/papers/%s", paper->title);

        g_ptr_array_add(paper->lines, NULL);
        g_test_add_data_func(path, paper, test_paper);
    }
    return g_test_run();
}
