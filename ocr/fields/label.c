/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ocr/fields/label.c - finding the words that say what a value is.
 *
 * Labels are looked for in the folded line, so that 合　計 and TOTAL AMOUNT need no second form.
 * Japanese labels must stand letter by letter (their common misreadings are labels of their own); a
 * Latin one must begin a word, and when it is long enough one letter in five may be wrong.
 */
#include "config.h"
#include "ocr/fields/fields.h"

#include <string.h>

enum { FUZZY_LEAST = 5, LABEL_MOST = 64 };

static bool
is_latin(const char *label)
{
    return g_ascii_isalnum(*label) || (guchar)*label == 0xc3; /* Latin-1 letters: é ä ü */
}

static bool
begins_word(const DnFieldLine *line, size_t at)
{
    size_t plain = line->plain_of[at];

    return plain == 0 || !g_ascii_isalpha(line->plain[plain - 1]);
}

static bool
ends_word(const DnFieldLine *line, size_t end)
{
    size_t last = line->plain_of[end - 1];

    return !g_ascii_isalpha(line->plain[last + 1]);
}

/* Bytes of the prefix of @text (at most @size) that is nearest to @label, 0 when more than @most
 * letters differ. What lies further than that from the diagonal differs by more. */
static size_t
nearest_prefix(const char *text, size_t size, const char *label, size_t label_size, unsigned most)
{
    unsigned rows[2][LABEL_MOST + 16];
    size_t length = MIN(size, label_size + most);
    size_t best = 0;
    unsigned best_distance = most + 1;
    unsigned *before = rows[0];
    unsigned *now = rows[1];

    for (unsigned j = 0; j <= most; j++)
        before[j] = j;
    for (size_t i = 1; i <= label_size; i++) {
        size_t first = i > most ? i - most : 1;
        size_t last = MIN(length, i + most);
        unsigned least = now[first - 1] = first > 1 ? most + 1 : (unsigned)i;

        before[i + most] = most + 1; /* the end of the row before */
        for (size_t j = first; j <= last; j++) {
            unsigned cost = before[j - 1] + (label[i - 1] != text[j - 1]);

            now[j] = MIN(cost, MIN(before[j], now[j - 1]) + 1);
            least = MIN(least, now[j]);
        }
        if (least > most)
            return 0;
        unsigned *swap = before;

        before = now;
        now = swap;
    }
    for (size_t j = label_size > most ? label_size - most : 1; j <= length; j++)
        if (before[j] < best_distance || (before[j] == best_distance && j == label_size)) {
            best_distance = before[j];
            best = j;
        }
    return best_distance <= most ? best : 0;
}

/* Bytes of folded text at @at that are @label; 0 when it does not stand there. @begins: a word. */
static size_t
match(const DnFieldLine *line, size_t at, size_t end, const char *label, bool begins,
      bool *out_exact)
{
    const char *text = line->folded + at;
    bool latin = is_latin(label);
    size_t size = 0; /* as many bytes are alike, the end of the text differs from any */

    if (latin && !begins)
        return 0;
    while (label[size] && text[size] == label[size])
        size++;
    if (!label[size] && size <= end - at && (!latin || size > 8 || ends_word(line, at + size))) {
        *out_exact = true;
        return size;
    }
    *out_exact = false;
    if (!latin || (guchar)*text >= 0x80)
        return 0;
    size += strlen(label + size);
    if (size < FUZZY_LEAST || size > LABEL_MOST)
        return 0;
    size_t near = nearest_prefix(text, end - at, label, size, (unsigned)size / 5);

    return near > 0 && ends_word(line, at + near) ? near : 0;
}

static size_t
folded_at(const DnFieldLine *line, size_t plain)
{
    size_t low = 0;
    size_t high = line->folded_size;

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (line->plain_of[middle] < plain)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

GArray *
dn_labels_find(const DnFieldLine *line, size_t from, size_t to, const DnLabel *table, size_t count)
{
    GArray *hits = g_array_new(FALSE, FALSE, sizeof(DnLabelHit));
    size_t end = folded_at(line, to);

    for (size_t at = folded_at(line, from); at < end;) {
        DnLabelHit best = {0};
        size_t best_size = 0;
        bool begins = begins_word(line, at);

        for (size_t i = 0; i < count; i++) {
            bool exact = false;
            size_t size = match(line, at, end, table[i].text, begins, &exact);

            if (size == 0 || (best.label && best.exact && !exact) ||
                (best.label && exact == best.exact && size <= best_size))
                continue;
            best = (DnLabelHit){&table[i], exact, 0, 0};
            best_size = size;
        }
        if (best.label) {
            best.from = line->plain_of[at];
            best.to = MIN(to, (size_t)line->plain_of[at + best_size]);
            g_array_append_val(hits, best);
            at += best_size;
        } else {
            at = (size_t)(g_utf8_next_char(line->folded + at) - line->folded);
        }
    }
    return hits;
}
