/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tools/score-reading.c - what `dencho --json ingest` read, held against a table of truth.
 *
 * usage: score-reading TRUTH.tsv [--class CLASS] [--recall P] [--confident-wrong P] < RESULTS.jsonl
 *
 * The table is the one of samples/truth.tsv: an empty cell is not judged, '-' means that the
 * document has no such value. A date is judged by its day, an amount by its value, a party by its
 * folded name (one contains the other and the shorter has at least 60 % of the longer, or nine
 * tenths of their letters agree), the rest exactly. Prints a line a field as TSV and a line a
 * mistake. Exit 1 when date, amount or party fall below --recall (per cent) or more than
 * --confident-wrong (per cent) of the values given with a confidence of 0.95 or more are wrong.
 */
#include "config.h"
#include "base/json.h"
#include "base/money.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double CONFIDENT = 0.95;

typedef enum { NOT_JUDGED, RIGHT, WRONG, SILENT } Verdict;

enum { DATE, AMOUNT, PARTY, NUMBER, KIND, FIELDS };

static const char *const columns[FIELDS] = {"date", "amount", "party", "regnum", "kind"};
static const char *const members[FIELDS] = {"date", "amount", "party", "registration_number", NULL};

typedef struct {
    int judged;
    int right;
    int wrong;
    int silent;
    int confident;
    int confident_wrong;
} Tally;

/* The cell of a row under the heading @name, "" when there is none. */
static const char *
cell(char **heads, char **row, const char *name)
{
    for (int i = 0; heads[i] && row[i]; i++)
        if (strcmp(heads[i], name) == 0)
            return row[i];
    return "";
}

/* Letters in the blocks that two texts share, the longest first, each side of it again (Ratcliff
 * and Obershelp): what Python's difflib counts. */
static long
shared_letters(const gunichar *a, long a_size, const gunichar *b, long b_size)
{
    long best = 0;
    long a_at = 0;
    long b_at = 0;

    for (long i = 0; i < a_size; i++)
        for (long k = 0; k < b_size; k++) {
            long same = 0;

            while (i + same < a_size && k + same < b_size && a[i + same] == b[k + same])
                same++;
            if (same > best) {
                best = same;
                a_at = i;
                b_at = k;
            }
        }
    return best == 0 ? 0
                     : best + shared_letters(a, a_at, b, b_at) +
                           shared_letters(a + a_at + best, a_size - a_at - best, b + b_at + best,
                                          b_size - b_at - best);
}

static bool
nearly_same(const char *a, const char *b)
{
    enum { LETTERS_MOST = 200 };
    long a_size = 0;
    long b_size = 0;
    g_autofree gunichar *x = g_utf8_to_ucs4_fast(a, -1, &a_size);
    g_autofree gunichar *y = g_utf8_to_ucs4_fast(b, -1, &b_size);

    return a_size > 0 && b_size > 0 && a_size <= LETTERS_MOST && b_size <= LETTERS_MOST &&
           20 * shared_letters(x, a_size, y, b_size) >= 9 * (a_size + b_size);
}

/* @name without legal forms, signs, blanks, width and case: names that differ in no more are the
 * same. Looser than dn_party_fold(), which finds vouchers: variants of a kanji are not folded. */
static char *
fold(const char *name)
{
    static const char *const forms[] = {"株式会社", "有限会社", "合同会社", "合資会社",
                                        "合名会社", "(株)",     "(有)",     "(同)"};
    static const char *const words[] = {"sdnbhd", "bhd", "inc",  "ltd", "limited", "gmbh",
                                        "ag",     "bv",  "corp", "llc", "co",      NULL};
    g_autofree char *composed = g_utf8_normalize(name, -1, G_NORMALIZE_NFKC);
    g_autofree char *low = g_utf8_casefold(composed ? composed : "", -1);
    g_autoptr(GString) text = g_string_new(low);
    GString *out = g_string_new(NULL);

    for (size_t i = 0; i < G_N_ELEMENTS(forms); i++)
        g_string_replace(text, forms[i], "", 0);
    g_auto(GStrv) parts = g_regex_split_simple("[\\s.,&'\"()\\-/・]+", text->str, 0, 0);

    for (char **part = parts; *part; part++)
        for (const char *p = *part; *p && !g_strv_contains(words, *part); p = g_utf8_next_char(p))
            if (g_unichar_isalnum(g_utf8_get_char(p)))
                g_string_append_unichar(out, g_utf8_get_char(p));
    return g_string_free(out, FALSE);
}

static bool
same_party(const char *given, const char *wanted)
{
    g_autofree char *a = fold(given);
    g_autofree char *b = fold(wanted);
    const char *shorter = strlen(a) <= strlen(b) ? a : b;
    const char *longer = shorter == a ? b : a;
    long few = g_utf8_strlen(shorter, -1);
    long many = g_utf8_strlen(longer, -1);

    return (few > 0 && strstr(longer, shorter) && few * 10 >= many * 6) || nearly_same(a, b);
}

static bool
same_amount(const json_t *field, const char *wanted)
{
    const char *currency = dn_json_string(field, "currency");
    int64_t minor = 0;

    return currency && dn_money_parse(wanted, currency, &minor, NULL) &&
           minor == dn_json_int(field, "value", INT64_MIN);
}

static bool
matches(int which, const json_t *field, const char *text, const char *wanted)
{
    if (which == AMOUNT)
        return same_amount(field, wanted);
    return which == PARTY ? same_party(text, wanted) : strcmp(text, wanted) == 0;
}

static Verdict
judge(int which, const json_t *result, char **heads, char **row)
{
    const json_t *field =
        members[which] ? json_object_get(json_object_get(result, "fields"), members[which]) : NULL;
    const char *wanted = cell(heads, row, columns[which]);
    const char *text =
        members[which] ? dn_json_string(field, "value") : dn_json_string(result, "kind");
    bool given = text || json_is_integer(json_object_get(field, "value"));
    g_autofree char *alternatives_name = g_strconcat(columns[which], "_alts", NULL);
    g_auto(GStrv) alternatives = g_strsplit(cell(heads, row, alternatives_name), "|", -1);

    if (!*wanted)
        return NOT_JUDGED;
    if (!given)
        return strcmp(wanted, "-") == 0 ? RIGHT : SILENT;
    if (strcmp(wanted, "-") == 0)
        return WRONG;
    if (matches(which, field, text, wanted))
        return RIGHT;
    for (char **one = alternatives; *one; one++)
        if (**one && matches(which, field, text, *one))
            return RIGHT;
    return WRONG;
}

static double
confidence_of(int which, const json_t *result)
{
    return members[which]
               ? dn_json_real(json_object_get(json_object_get(result, "fields"), members[which]),
                              "confidence", 0)
               : 0;
}

static void
count(Tally *tally, Verdict verdict, double confidence)
{
    if (verdict == NOT_JUDGED)
        return;
    tally->judged++;
    tally->right += verdict == RIGHT;
    tally->wrong += verdict == WRONG;
    tally->silent += verdict == SILENT;
    if (confidence >= CONFIDENT && verdict != SILENT) {
        tally->confident++;
        tally->confident_wrong += verdict == WRONG;
    }
}

/* Results by the end of their file's path, so that the table's relative names find them. */
static json_t *
find_result(GPtrArray *results, const char *file)
{
    for (guint i = 0; i < results->len; i++) {
        const char *path = dn_json_string(g_ptr_array_index(results, i), "file");

        if (path && g_str_has_suffix(path, file))
            return g_ptr_array_index(results, i);
    }
    return NULL;
}

static GPtrArray *
read_results(FILE *in)
{
    GPtrArray *results = g_ptr_array_new_with_free_func((GDestroyNotify)json_decref);
    char *line = NULL;
    size_t room = 0;
    ssize_t size = 0;

    while ((size = getline(&line, &room, in)) > 0) {
        g_autoptr(GError) error = NULL;
        json_t *result = dn_json_parse(line, (size_t)size, &error);

        if (!result) {
            fprintf(stderr, "score-reading: result %u: %s\n", results->len + 1, error->message);
            exit(65);
        }
        g_ptr_array_add(results, result);
    }
    free(line);
    return results;
}

static void
score_row(char **heads, char **row, GPtrArray *results, Tally *tallies, int *whole)
{
    const json_t *result = find_result(results, cell(heads, row, "file"));
    int judged = 0;
    int right = 0;

    for (int which = 0; which < FIELDS; which++) {
        Verdict verdict = judge(which, result, heads, row);

        count(&tallies[which], verdict, confidence_of(which, result));
        judged += which <= PARTY && verdict != NOT_JUDGED;
        right += which <= PARTY && verdict == RIGHT;
        if (verdict == WRONG || verdict == SILENT)
            printf("# %s %s: %s, wanted %s\n", cell(heads, row, "file"), columns[which],
                   verdict == WRONG ? "wrong" : "silent", cell(heads, row, columns[which]));
    }
    whole[1] += judged == PARTY + 1;
    whole[0] += right == PARTY + 1;
}

static bool
print_tallies(const Tally *tallies, double least_recall, double most_wrong)
{
    bool good = true;

    printf("field\tn\tright\twrong\tsilent\trecall\tconfident\tconfident_wrong\n");
    for (int which = 0; which < FIELDS; which++) {
        const Tally *t = &tallies[which];
        double recall = t->judged ? 100.0 * t->right / t->judged : 100;
        double wrong = t->confident ? 100.0 * t->confident_wrong / t->confident : 0;

        printf("%s\t%d\t%d\t%d\t%d\t%.1f\t%d\t%d\n", columns[which], t->judged, t->right, t->wrong,
               t->silent, recall, t->confident, t->confident_wrong);
        if (which <= PARTY)
            good = good && recall >= least_recall && wrong <= most_wrong;
    }
    return good;
}

int
main(int argc, char **argv)
{
    g_autofree char *class = NULL;
    double recall = 0;
    double wrong = 100;
    const GOptionEntry entries[] = {
        {"class", 0, 0, G_OPTION_ARG_STRING, &class, "only rows of this class", "CLASS"},
        {"recall", 0, 0, G_OPTION_ARG_DOUBLE, &recall, "least recall, per cent", "P"},
        {"confident-wrong", 0, 0, G_OPTION_ARG_DOUBLE, &wrong, "most confident mistakes, per cent",
         "P"},
        {0}};
    g_autoptr(GOptionContext) context = g_option_context_new("TRUTH.tsv < RESULTS.jsonl");
    g_autoptr(GError) error = NULL;
    g_autofree char *text = NULL;
    Tally tallies[FIELDS] = {{0}};
    int whole[2] = {0, 0}; /* documents with date, amount and party right, of how many */

    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, &argc, &argv, &error) || argc != 2 ||
        !g_file_get_contents(argv[1], &text, NULL, &error)) {
        fprintf(stderr, "score-reading: %s\n", error ? error->message : "name one table of truth");
        return 64;
    }
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    g_auto(GStrv) heads = g_strsplit(lines[0], "\t", -1);
    g_autoptr(GPtrArray) results = read_results(stdin);

    for (int i = 1; lines[i] && *lines[i]; i++) {
        g_auto(GStrv) row = g_strsplit(lines[i], "\t", -1);

        if (!class || strcmp(cell(heads, row, "class"), class) == 0)
            score_row(heads, row, results, tallies, whole);
    }
    bool good = print_tallies(tallies, recall, wrong);

    printf("all three\t%d\t%d\n", whole[1], whole[0]);
    return good ? 0 : 1;
}
