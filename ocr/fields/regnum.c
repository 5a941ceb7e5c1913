/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ocr/fields/regnum.c - the registration number of a qualified invoice issuer: T and 13 digits.
 *
 * One window of 13 digits in nine passes the check digit by chance (bar codes, slip numbers), so
 * digits alone are nothing: a T before them or a label near them is needed. The check digit then
 * confirms; it cannot refuse, because the numbers of sole proprietors are not made with it.
 */
#include "config.h"
#include "ocr/fields/fields.h"

#include <string.h>

enum { DIGITS = 13, LOOK_BEHIND_BYTES = 60 };
static const double DIGITS_SURE = 0.76;
enum { NINES_MANY = 4 }; /* one number in thirty has as many; zeros with a stroke make more */

static const DnLabel labels[] = {
    {"登録番号", 1, 1.0},
    {"登録番", 1, 0.8},
    {"録番号", 1, 0.8},
    {"登緑番号", 1, 0.9},
    {"登録黄号", 1, 0.8},
    {"事業者番号", 1, 1.0},
    {"事業者登録番号", 1, 1.0},
    {"業者番号", 1, 0.9},
    {"業者登録", 1, 0.9},
    {"適格", 1, 0.8},
    {"インボイス番号", 1, 1.0},
    {"インボイス登録", 1, 1.0},
    {"インボイス", 1, 0.8},
    {"登録no", 1, 0.9},
    {"事業者no", 1, 0.9},
    {"registrationno", 1, 0.6},
    {"registrationnumber", 1, 0.7},
    {"registrationnumber(t)", 1, 1.0},
    {"事業者", 1, 0.7},
    {"登録", 1, 0.6},
};

bool
dn_regnum_check_digit(const char *digits)
{
    int sum = 0;

    for (int i = 0; i < DIGITS; i++)
        if (!g_ascii_isdigit(digits[i]))
            return false;
    /* Weights run 1 2 1 2 ... from the right end of the twelve digits after the check digit. */
    for (int n = 1; n < DIGITS; n++)
        sum += (digits[DIGITS - n] - '0') * (n % 2 == 1 ? 1 : 2);
    return digits[0] - '0' == 9 - sum % 9;
}

/* Reads up to @most digits at @p across hyphens and single blanks; returns how many. */
static int
take_digits(const char *p, int most, char *out, const char **out_end)
{
    int count = 0;
    const char *end = p;

    while (count < most) {
        const char *next = p;

        if (count > 0)
            while (*next == ' ' || *next == '-' || *next == '.' || *next == '\t' || *next == '_')
                next++;
        if (next - p > 3 || !g_ascii_isdigit(*next))
            break;
        out[count++] = *next;
        p = end = next + 1;
    }
    out[count] = '\0';
    *out_end = end;
    return count;
}

static double
label_before(const DnFieldText *text, const DnFieldLine *line, size_t at)
{
    size_t from = at > LOOK_BEHIND_BYTES ? at - LOOK_BEHIND_BYTES : 0;
    g_autoptr(GArray) hits = dn_labels_find(line, from, at, labels, G_N_ELEMENTS(labels));
    double weight = 0;

    for (guint i = 0; i < hits->len; i++)
        weight = MAX(weight, g_array_index(hits, DnLabelHit, i).label->weight);
    if (weight > 0 || line->index == 0)
        return weight;

    const DnFieldLine *above = dn_field_text_line(text, line->index - 1);
    g_autoptr(GArray) over =
        dn_labels_find(above, 0, above->plain_size, labels, G_N_ELEMENTS(labels));

    if (above->page == line->page)
        for (guint i = 0; i < over->len; i++)
            weight = MAX(weight, g_array_index(over, DnLabelHit, i).label->weight * 0.9);
    return weight;
}

static bool
is_t(const char *begin, const char *p, const char **out_from)
{
    while (p > begin && (p[-1] == ' ' || p[-1] == '-' || p[-1] == ':' || p[-1] == '.'))
        p--;
    if (p == begin || (p[-1] != 'T' && p[-1] != 't'))
        return false;
    p--;
    if (p > begin && g_ascii_isalnum(p[-1]))
        return false;
    *out_from = p;
    return true;
}

static void
add(DnField *out, const DnFieldLine *line, size_t from, size_t to, const char *digits,
    double confidence)
{
    DnCandidate *candidate = dn_candidate_new(line, from, to);

    candidate->text = g_strconcat("T", digits, NULL);
    candidate->confidence = CLAMP(confidence, 0.01, 0.99);
    g_ptr_array_add(out->candidates, candidate);
}

static unsigned
count_nines(const char *digits)
{
    unsigned count = 0;

    for (; *digits; digits++)
        count += *digits == '9';
    return count;
}

/* Weighs the digits at @p of a line. */
static const char *
weigh(const DnFieldText *text, const DnFieldLine *line, const char *plain, const char *p,
      DnField *out)
{
    char digits[DIGITS + 3];
    const char *end = NULL;
    const char *from = p;
    int count = take_digits(p, DIGITS + 2, digits, &end);
    bool t = is_t(plain, p, &from);
    size_t at = (size_t)(from - plain);
    double label = label_before(text, line, at);
    bool changed = memcmp(plain + at, line->plain + at, (size_t)(end - plain) - at) != 0;
    double seen = text->recognised ? dn_field_line_confidence(line, at, (size_t)(end - plain)) : 1;
    double damp = (changed ? 0.85 : 1) * (seen < 0.3 ? 0.85 : 1);

    /* A 9 in the place of a 0 leaves the remainder by 9, and so the check digit, as it was. */
    if (text->nines_doubted && strchr(digits, '9'))
        damp *= 0.6;
    else if (text->recognised && count_nines(digits) >= NINES_MANY)
        damp *= 0.9;
    /* Digits that are what they look like are read with more than nine tenths. */
    if (text->recognised && seen < DIGITS_SURE && strchr(digits, '9'))
        damp *= 0.62;

    if (count == DIGITS && (t || label > 0)) {
        bool checked = dn_regnum_check_digit(digits);
        double confidence = t && label >= 0.8 ? (checked ? 0.985 : (text->recognised ? 0.6 : 0.9))
                            : t               ? (checked ? 0.96 : (text->recognised ? 0.45 : 0.75))
                            : checked         ? 0.90 * label
                                              : 0.3 * label;

        add(out, line, at, (size_t)(end - plain), digits, confidence * damp);
    } else if (count == DIGITS + 1 && label > 0 && !t && strchr("174", digits[0])) {
        bool checked = dn_regnum_check_digit(digits + 1);

        add(out, line, at, (size_t)(end - plain), digits + 1,
            (checked ? 0.93 : 0.35) * damp * label);
    }
    return end;
}

void
dn_read_regnums(const DnFieldText *text, DnField *out)
{
    for (guint i = 0; i < text->lines->len; i++) {
        const DnFieldLine *line = dn_field_text_line(text, i);
        g_autofree char *plain =
            text->recognised ? dn_text_digitise(line->plain) : g_strdup(line->plain);

        for (const char *p = plain; *p;) {
            if (!g_ascii_isdigit(*p)) {
                p = g_utf8_next_char(p);
                continue;
            }
            const char *end = weigh(text, line, plain, p, out);

            p = MAX(end, p + 1);
        }
    }
    dn_field_settle(out);
}

/* The number of which each digit is 0 where either has a 0 and the other a 9; NULL when they differ
 * otherwise. A zero with a stroke is taken for a 9, a 9 hardly ever for a zero. */
static char *
zeros_of_both(const char *a, const char *b)
{
    g_autofree char *both = g_strdup(a);
    bool differ = false;

    if (strlen(a) != strlen(b))
        return NULL;
    for (size_t i = 0; a[i]; i++) {
        if (a[i] == b[i])
            continue;
        if (!(a[i] == '0' && b[i] == '9') && !(a[i] == '9' && b[i] == '0'))
            return NULL;
        both[i] = '0';
        differ = true;
    }
    return differ ? g_steal_pointer(&both) : NULL;
}

void
dn_regnums_join_zeros(DnField *field)
{
    enum { TRIED = 3 };
    static const double JOINED = 0.7;
    GPtrArray *all = field->candidates;

    for (guint i = 0; i < MIN(all->len, TRIED); i++)
        for (guint k = i + 1; k < MIN(all->len, TRIED); k++) {
            DnCandidate *one = g_ptr_array_index(all, i);
            DnCandidate *other = g_ptr_array_index(all, k);
            g_autofree char *both = zeros_of_both(one->text, other->text);

            if (!both)
                continue;
            DnCandidate *joined = dn_candidate_copy(one);

            g_free(joined->text);
            joined->text = g_steal_pointer(&both);
            joined->confidence = MAX(JOINED, one->confidence);
            one->confidence = MIN(one->confidence, JOINED - 0.1);
            other->confidence = MIN(other->confidence, JOINED - 0.1);
            g_ptr_array_add(all, joined);
            dn_field_settle(field);
            return;
        }
}
