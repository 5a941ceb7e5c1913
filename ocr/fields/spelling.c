/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ocr/fields/spelling.c - the common words of names, as they are spelled.
 *
 * What a business does is said with few words: RESTAURANT, TRADING, PERNIAGAAN, STATIONERY. One
 * that was read with a wrong letter or two, or in two parts, is that word; a proper name is left as
 * it was read.
 */
#include "config.h"
#include "ocr/fields/fields.h"

#include <string.h>

enum { WORD_LEAST = 6, WORD_MOST = 24, LETTERS_A_MISTAKE = 5 };

static const char *const words[] = {
    "RESTAURANT",   "RESTORAN",     "HARDWARE",     "TRADING",       "ENTERPRISE",    "STATIONERY",
    "PERNIAGAAN",   "PASARAYA",     "MARKETING",    "SUPERMARKET",   "HYPERMARKET",   "ELECTRICAL",
    "MACHINERY",    "PHARMACY",     "FURNITURE",    "ELECTRONICS",   "INDUSTRIES",    "RESOURCES",
    "HOLDINGS",     "CATERING",     "CUISINE",      "GROCER",        "BAKERY",        "FLORIST",
    "COMPANY",      "LIMITED",      "CORPORATION",  "INTERNATIONAL", "RETAIL",        "DELIGHTS",
    "ENGINEERING",  "SOLUTIONS",    "BUILDING",     "MATERIALS",     "AUTOMOBILE",    "GENERAL",
    "HANDICRAFT",   "COSMETICS",    "DEPARTMENT",   "SUPPLIES",      "TECHNOLOGY",    "LOGISTICS",
    "APOTHEKE",     "BÄCKEREI",     "METZGEREI",    "GASTHAUS",      "GETRÄNKEMARKT", "BAUMARKT",
    "BUCHHANDLUNG", "TANKSTELLE",   "BOULANGERIE",  "PHARMACIE",     "FARMACIA",      "RISTORANTE",
    "TRATTORIA",    "SUPERMERCATO", "SUPERMERCADO", "RESTAURANTE",   "FERRETERÍA",    "PANADERÍA",
};

/* How many letters differ; more than @most is only said to be more. */
static unsigned
distance(const char *a, size_t a_size, const char *b, size_t b_size, unsigned most)
{
    unsigned rows[2][WORD_MOST * 2 + 1];
    unsigned *before = rows[0];
    unsigned *now = rows[1];

    if (a_size > b_size + most || b_size > a_size + most || b_size > (size_t)WORD_MOST * 2)
        return most + 1;
    for (size_t j = 0; j <= b_size; j++)
        before[j] = (unsigned)j;
    for (size_t i = 1; i <= a_size; i++) {
        unsigned *swap = before;

        now[0] = (unsigned)i;
        for (size_t j = 1; j <= b_size; j++) {
            unsigned cost = before[j - 1] + (g_ascii_toupper(a[i - 1]) != b[j - 1]);

            now[j] = MIN(cost, MIN(before[j], now[j - 1]) + 1);
        }
        before = now;
        now = swap;
    }
    return before[b_size];
}

/* The common word for which @read stands; NULL when it is one, or none. */
static const char *
meant(const char *read, size_t size)
{
    const char *found = NULL;
    unsigned least = WORD_MOST;

    for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
        size_t length = strlen(words[i]);
        unsigned most = (unsigned)(length / LETTERS_A_MISTAKE);
        unsigned differ = distance(read, size, words[i], length, most);

        if (differ == 0)
            return NULL;
        if (differ <= most && differ < least) {
            least = differ;
            found = words[i];
        }
    }
    return found;
}

static char *
in_case_of(const char *word, const char *read)
{
    bool upper = g_ascii_isupper(read[0]) && !g_ascii_islower(read[1]);

    if (upper)
        return g_strdup(word);
    g_autofree char *rest = g_utf8_strdown(word + 1, -1);

    return g_strdup_printf("%c%s", *word, rest);
}

char *
dn_spell_name(const char *name)
{
    g_auto(GStrv) parts = g_strsplit(name, " ", -1);
    GString *out = g_string_new(NULL);

    for (guint i = 0; parts[i]; i++) {
        const char *word = NULL;
        g_autofree char *both = parts[i + 1] ? g_strconcat(parts[i], parts[i + 1], NULL) : NULL;
        g_autofree char *spelled = NULL;

        if (strlen(parts[i]) >= WORD_LEAST)
            word = meant(parts[i], strlen(parts[i]));
        if (!word && both && strlen(parts[i]) < WORD_LEAST && strlen(both) >= WORD_LEAST &&
            strlen(both) <= WORD_MOST && (word = meant(both, strlen(both))))
            i++;
        if (word)
            spelled = in_case_of(word, both && !g_str_has_prefix(both, parts[i]) ? both : parts[i]);
        if (out->len > 0)
            g_string_append_c(out, ' ');
        g_string_append(out, spelled ? spelled : parts[i]);
    }
    return g_string_free(out, FALSE);
}
