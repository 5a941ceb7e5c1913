/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ocr/fields/text.c - lines made ready for reading.
 *
 * OCR parts kanji by spaces and prints wide labels apart (合　計); a text layer joins what stands
 * far apart. Both become one form: a plain line whose gaps say only "next word" or "next cell", and
 * a folded line without any gap in which labels are looked for. Each byte knows its word, so that
 * every value can say where it stands.
 */
#include "config.h"
#include "ocr/fields/fields.h"
#include "base/money.h"
#include "base/text.h"

#include <string.h>

static const double CELL_GAP = 2.0; /* of the line's height */
enum { LINES_MOST = 5000, LINE_BYTES_MOST = 8192 };

static int
by_value(gconstpointer a, gconstpointer b)
{
    double first = *(const double *)a;
    double second = *(const double *)b;

    return (first > second) - (first < second);
}

static double
median_of(GArray *values)
{
    if (values->len == 0)
        return 0;
    g_array_sort(values, by_value);
    return g_array_index(values, double, values->len / 2);
}

static double
height_of(const DnLine *line)
{
    g_autoptr(GArray) heights = g_array_new(FALSE, FALSE, sizeof(double));

    for (guint i = 0; i < line->words->len; i++) {
        const DnWord *word = g_ptr_array_index(line->words, i);
        double height_px = word->box.height;

        g_array_append_val(heights, height_px);
    }
    return MAX(1, median_of(heights));
}

/* One word, composed, with the signs that mean one thing written one way. */
static char *
normalised_word(const char *word, bool recognised)
{
    g_autofree char *composed = dn_text_nfkc(word);
    GString *out = g_string_new(NULL);

    for (const char *p = composed ? composed : ""; *p; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);

        /* Backslash is how the yen sign is read, and with two strokes the won sign. */
        if (c == '\\' || (c == 0x20a9 && recognised))
            c = 0xa5;
        else if (c == 0x2019 || c == 0x2018 || c == 0x60 || c == 0xb4)
            c = '\'';
        else if (c == 0x2212 || c == 0x2010 || c == 0x2011 || c == 0x2012 || c == 0x2013 ||
                 c == 0x2014 || c == 0x2015)
            c = '-';
        else if (c == 0x25b3) /* white triangle: negative, like the black one */
            c = 0x25b2;
        else if (c == 0x3001 && out->len > 0 && g_ascii_isdigit(out->str[out->len - 1]))
            c = ','; /* a comma among digits, read as the Japanese one */
        if (!g_unichar_isspace(c) && !g_unichar_iscntrl(c))
            g_string_append_unichar(out, c);
    }
    return g_string_free(out, FALSE);
}

static void
append_word(GString *plain, GArray *word_of, const char *text, uint32_t word)
{
    g_string_append(plain, text);
    while (word_of->len < plain->len)
        g_array_append_val(word_of, word);
}

static const char *
gap_between(const DnWord *left, const DnWord *right, const GString *plain, const char *next,
            double height_px)
{
    double gap_px = (double)right->box.x - ((double)left->box.x + left->box.width);
    gunichar before = plain->len ? g_utf8_get_char(g_utf8_prev_char(plain->str + plain->len)) : ' ';

    if (gap_px > CELL_GAP * height_px)
        return "\t";
    if (dn_text_is_cjk(before) && dn_text_is_cjk(g_utf8_get_char(next)))
        return "";
    return gap_px < 0.12 * height_px &&
                   (dn_text_is_cjk(before) != dn_text_is_cjk(g_utf8_get_char(next)))
               ? ""
               : " ";
}

static void
fold_line(DnFieldLine *self)
{
    GString *folded = g_string_sized_new(self->plain_size);
    g_autoptr(GArray) plain_of = g_array_new(FALSE, FALSE, sizeof(uint32_t));

    for (const char *p = self->plain; *p; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);
        uint32_t at = (uint32_t)(p - self->plain);

        if (g_unichar_isspace(c))
            continue;
        g_string_append_unichar(folded, g_unichar_tolower(c));
        while (plain_of->len < folded->len)
            g_array_append_val(plain_of, at);
    }
    uint32_t end = (uint32_t)self->plain_size;

    g_array_append_val(plain_of, end);
    self->folded_size = folded->len;
    self->folded = g_string_free(folded, FALSE);
    self->plain_of = g_memdup2(plain_of->data, plain_of->len * sizeof(uint32_t));
}

static DnFieldLine *
field_line_new(const DnPageText *page, const DnLine *line, unsigned index)
{
    DnFieldLine *self = g_new0(DnFieldLine, 1);
    GString *plain = g_string_new(NULL);
    g_autoptr(GArray) word_of = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    const DnWord *before = NULL;
    bool recognised = strcmp(page->origin, "text-layer") != 0;

    self->line = line;
    self->page = page->page;
    self->index = index;
    self->height_px = height_of(line);
    self->page_width_px = MAX(1, page->width_px);
    self->place = (line->box.y + line->box.height / 2.0) / MAX(1, page->height_px);
    for (guint i = 0; i < line->words->len && plain->len < LINE_BYTES_MOST; i++) {
        const DnWord *word = g_ptr_array_index(line->words, i);
        g_autofree char *text = normalised_word(word->text, recognised);

        if (!*text)
            continue;
        if (before)
            append_word(plain, word_of, gap_between(before, word, plain, text, self->height_px), i);
        append_word(plain, word_of, text, i);
        before = word;
    }
    self->plain_size = plain->len;
    self->plain = g_string_free(plain, FALSE);
    self->word_of = g_memdup2(word_of->data, word_of->len * sizeof(uint32_t));
    self->numbers = g_array_new(FALSE, FALSE, sizeof(DnNumber));
    fold_line(self);
    return self;
}

static void
field_line_free(gpointer data)
{
    DnFieldLine *self = data;

    g_free(self->plain);
    g_free(self->word_of);
    g_free(self->folded);
    g_free(self->plain_of);
    g_array_unref(self->numbers);
    g_free(self);
}

/* How often @mark stands in @text beside a digit, @before or after it. */
static unsigned
count_mark(const char *text, const char *mark, bool letters)
{
    unsigned count = 0;
    size_t size = strlen(mark);

    for (const char *p = strstr(text, mark); p; p = strstr(p + size, mark)) {
        const char *after = p + size;
        const char *ahead = p;

        if (letters && ((p > text && g_ascii_isalpha(p[-1])) || g_ascii_isalpha(*after)))
            continue;
        while (*after == ' ' || *after == '-' || *after == ':' || *after == '\t' || *after == ')')
            after++;
        while (ahead > text && (ahead[-1] == ' ' || ahead[-1] == '\t'))
            ahead--;
        if (g_ascii_isdigit(*after) || (ahead > text && g_ascii_isdigit(ahead[-1])))
            count++;
    }
    return count;
}

/* True of a page in Japanese that names its taxes, or who is registered for them, in an archive of
 * yen: another sign there is a yen sign that was misread. */
static bool
is_of_yen(const DnFieldText *self)
{
    static const char *const words[] = {"円",       "消費税", "税込", "税抜",
                                        "登録番号", "軽減",   "%対象"};
    unsigned count = 0;

    if (strcmp(self->profile->currency, "JPY") != 0)
        return false;
    for (guint i = 0; i < self->lines->len; i++)
        for (guint w = 0; w < G_N_ELEMENTS(words); w++)
            count += strstr(dn_field_text_line(self, i)->folded, words[w]) != NULL;
    return count >= 2;
}

const char *
dn_currency_of_sign(const char *sign, const char *usual, const char *expected)
{
    static const char *const shared[][2] = {
        {"kr", "NOK"}, {"kr", "DKK"}, {"kr", "ISK"}, {"$", "CAD"}, {"$", "AUD"},
        {"$", "SGD"},  {"$", "HKD"},  {"$", "NZD"},  {"$", "TWD"}, {"$", "MXN"},
    };

    for (guint i = 0; i < G_N_ELEMENTS(shared); i++)
        if (strcmp(sign, shared[i][0]) == 0 && strcmp(expected, shared[i][1]) == 0)
            return expected;
    return usual;
}

static void
find_currency(DnFieldText *self)
{
    /* Signs, and codes where documents print them; what is of several countries is given to the
     * largest unless the archive is of another. */
    static const struct {
        const char *mark;
        const char *currency;
        bool letters;
    } marks[] = {
        {"¥", "JPY", false},  {"円", "JPY", false},  {"JPY", "JPY", true}, {"€", "EUR", false},
        {"EUR", "EUR", true}, {"EURO", "EUR", true}, {"RM", "MYR", true},  {"MYR", "MYR", true},
        {"£", "GBP", false},  {"GBP", "GBP", true},  {"CHF", "CHF", true}, {"USD", "USD", true},
        {"US$", "USD", true}, {"USS", "USD", true},  {"$", "USD", false},  {"S$", "SGD", true},
        {"SGD", "SGD", true}, {"HK$", "HKD", true},  {"HKD", "HKD", true}, {"A$", "AUD", true},
        {"AUD", "AUD", true}, {"NT$", "TWD", true},  {"TWD", "TWD", true}, {"C$", "CAD", true},
        {"CAD", "CAD", true}, {"NZ$", "NZD", true},  {"NZD", "NZD", true}, {"R$", "BRL", true},
        {"BRL", "BRL", true}, {"kr", "SEK", true},   {"SEK", "SEK", true}, {"DKK", "DKK", true},
        {"NOK", "NOK", true}, {"₩", "KRW", false},   {"KRW", "KRW", true}, {"元", "CNY", false},
        {"CNY", "CNY", true}, {"RMB", "CNY", true},  {"zł", "PLN", true},  {"PLN", "PLN", true},
        {"Kč", "CZK", true},  {"CZK", "CZK", true},  {"HUF", "HUF", true}, {"₫", "VND", false},
        {"VND", "VND", true}, {"฿", "THB", false},   {"THB", "THB", true}, {"₹", "INR", false},
        {"INR", "INR", true}, {"₱", "PHP", false},   {"PHP", "PHP", true}, {"Rp", "IDR", true},
        {"IDR", "IDR", true}, {"AED", "AED", true},  {"KD", "KWD", true},  {"KWD", "KWD", true},
        {"OMR", "OMR", true}, {"TND", "TND", true},  {"₪", "ILS", false},  {"ILS", "ILS", true},
        {"₺", "TRY", false},  {"₽", "RUB", false},
    };
    unsigned counts[G_N_ELEMENTS(marks)] = {0};
    unsigned best = 0;
    unsigned total = 0;
    const char *found = NULL;
    const char *currencies[G_N_ELEMENTS(marks)];

    for (guint m = 0; m < G_N_ELEMENTS(marks); m++)
        currencies[m] =
            dn_currency_of_sign(marks[m].mark, marks[m].currency, self->profile->currency);
    for (guint i = 0; i < self->lines->len; i++)
        for (guint m = 0; m < G_N_ELEMENTS(marks); m++)
            counts[m] +=
                count_mark(dn_field_text_line(self, i)->plain, marks[m].mark, marks[m].letters);
    /* S$, HK$: the dollar sign in them is theirs. */
    for (guint m = 0; m < G_N_ELEMENTS(marks); m++)
        if (strcmp(marks[m].mark, "$") == 0)
            for (guint n = 0; n < G_N_ELEMENTS(marks); n++)
                if (n != m && strchr(marks[n].mark, '$'))
                    counts[m] -= MIN(counts[m], counts[n]);
    for (guint m = 0; m < G_N_ELEMENTS(marks); m++) {
        unsigned count = 0;

        for (guint n = 0; n < G_N_ELEMENTS(marks); n++)
            if (strcmp(currencies[n], currencies[m]) == 0)
                count += counts[n];
        total += counts[m];
        if (count > best) {
            best = count;
            found = currencies[m];
        }
    }
    /* A lone mark is a misread letter as often as not where the characters come from pixels: the
     * yen sign has look-alikes, a dollar sign is read for an S. */
    bool believed = found && (!self->recognised || best >= 2 || total == best) &&
                    !(self->recognised && !self->japanese && strcmp(found, "JPY") == 0) &&
                    !(self->recognised && strcmp(found, "USD") == 0 && best < 3 &&
                      dn_money_scale(self->profile->currency) > 0) &&
                    !(self->japanese && strcmp(found, "JPY") != 0 && best < 3) &&
                    !(self->recognised && strcmp(found, "JPY") != 0 && is_of_yen(self));
    const char *currency = believed ? found : self->profile->currency;

    self->currency_marked = believed;
    g_strlcpy(self->currency, currency, sizeof self->currency);
}

static void
find_decimal_mark(DnFieldText *self)
{
    unsigned commas = 0;
    unsigned dots = 0;

    for (guint i = 0; i < self->lines->len; i++) {
        const char *text = dn_field_text_line(self, i)->plain;

        for (const char *p = text; *p; p++) {
            if ((*p != ',' && *p != '.') || p == text || !g_ascii_isdigit(p[-1]))
                continue;
            const char *after = p + 1;

            if (*after == ' ')
                after++;
            if (g_ascii_isdigit(after[0]) && g_ascii_isdigit(after[1]) &&
                !g_ascii_isdigit(after[2]) && after[2] != '.' && after[2] != ',') {
                commas += *p == ',';
                dots += *p == '.';
            }
        }
    }
    self->decimal_comma = commas > dots;
}

static bool
any_line_holds(const DnFieldText *self, const char *const *words, size_t count)
{
    for (guint i = 0; i < self->lines->len; i++)
        for (size_t w = 0; w < count; w++)
            if (strstr(dn_field_text_line(self, i)->folded, words[w]))
                return true;
    return false;
}

/* What the words of the document say of the way it writes numbers. */
static void
find_habits(DnFieldText *self)
{
    static const char *const blanks[] = {"tva",    "ttc",     "facture", "moms", "faktur",
                                         "mva",    "vystav",  "razem",   "dph",  "kvittering",
                                         "kvitto", "paragon", "alv"};
    static const char *const vat[] = {"vatno", "vatreg", "vat20", "vat@"};
    static const char *const credits[] = {"creditmemo", "creditnote",    "refund",
                                          "gutschrift", "avoir",         "storno",
                                          "notadecr",   "notadicredito", "creditnota"};

    self->spaced = self->decimal_comma && any_line_holds(self, blanks, G_N_ELEMENTS(blanks));
    self->british =
        strcmp(self->currency, "GBP") == 0 || any_line_holds(self, vat, G_N_ELEMENTS(vat));
    self->credit = any_line_holds(self, credits, G_N_ELEMENTS(credits));
}

static void
find_script(DnFieldText *self)
{
    unsigned cjk = 0;
    unsigned latin = 0;

    for (guint i = 0; i < self->lines->len; i++)
        for (const char *p = dn_field_text_line(self, i)->plain; *p; p = g_utf8_next_char(p)) {
            gunichar c = g_utf8_get_char(p);

            if (dn_text_is_cjk(c))
                cjk++;
            else if (g_unichar_isalpha(c))
                latin++;
        }
    /* The Japanese model reads strokes of Latin logos as a few kanji. */
    self->japanese = cjk * 4 > latin;
}

/* An hour has no minute 95 and no document is of the year 2925: where that is read, zeros are
 * printed with a stroke. */
static void
find_nines(DnFieldText *self)
{
    for (guint i = 0; self->recognised && i < self->lines->len; i++)
        for (const char *p = dn_field_text_line(self, i)->plain; *p; p++) {
            bool minute =
                p[0] == ':' && p[1] == '9' && g_ascii_isdigit(p[2]) && !g_ascii_isdigit(p[3]);
            bool year = p[0] == '2' && p[1] == '9' && g_ascii_isdigit(p[2]) &&
                        g_ascii_isdigit(p[3]) && (p[4] == '/' || g_str_has_prefix(p + 4, "年"));

            self->nines_doubted = self->nines_doubted || minute || year;
        }
}

DnFieldText *
dn_field_text_new(const DnPageText *const *pages, size_t page_count,
                  const DnReadingProfile *profile)
{
    DnFieldText *self = g_new0(DnFieldText, 1);
    g_autoptr(GArray) heights = g_array_new(FALSE, FALSE, sizeof(double));

    self->profile = profile;
    self->lines = g_ptr_array_new_with_free_func(field_line_free);
    for (size_t p = 0; p < page_count; p++) {
        if (strcmp(pages[p]->origin, "text-layer") != 0)
            self->recognised = true;
        for (guint i = 0; i < pages[p]->lines->len && self->lines->len < LINES_MOST; i++) {
            DnFieldLine *line =
                field_line_new(pages[p], g_ptr_array_index(pages[p]->lines, i), self->lines->len);

            g_ptr_array_add(self->lines, line);
            g_array_append_val(heights, line->height_px);
        }
    }
    self->height_px = MAX(1, median_of(heights));
    find_script(self);
    find_currency(self);
    find_decimal_mark(self);
    find_habits(self);
    find_nines(self);
    dn_numbers_find(self);
    return self;
}

void
dn_field_text_free(DnFieldText *self)
{
    if (!self)
        return;
    g_ptr_array_unref(self->lines);
    g_free(self);
}

DnBox
dn_field_line_box(const DnFieldLine *self, size_t from, size_t to)
{
    DnBox box = {0};

    for (size_t i = from; i < to && i < self->plain_size; i++) {
        const DnWord *word = g_ptr_array_index(self->line->words, self->word_of[i]);

        if (self->plain[i] != ' ' && self->plain[i] != '\t')
            box = dn_box_union(&box, &word->box);
    }
    return box;
}

double
dn_field_line_confidence(const DnFieldLine *self, size_t from, size_t to)
{
    double least = 1;

    for (size_t i = from; i < to && i < self->plain_size; i++) {
        const DnWord *word = g_ptr_array_index(self->line->words, self->word_of[i]);

        if (self->plain[i] != ' ' && self->plain[i] != '\t')
            least = MIN(least, word->confidence);
    }
    return least;
}

static char
digit_like(char c)
{
    switch (c) {
    case 'O':
    case 'o':
    case 'Q':
    case 'D':
        return '0';
    case 'l':
    case 'I':
    case '|':
    case '!':
    case 'i':
        return '1';
    case 'Z':
    case 'z':
        return '2';
    case 'S':
    case 's':
        return '5';
    case 'B':
        return '8';
    default:
        return '\0';
    }
}

char *
dn_text_digitise(const char *plain)
{
    char *out = g_strdup(plain);

    /* A run of digits and look-alikes counts as a number when it has no other letter on either side
     * and more digits than look-alikes. */
    for (char *p = out; *p;) {
        char *end = p;
        unsigned digits = 0;
        unsigned letters = 0;

        while (g_ascii_isdigit(*end) || digit_like(*end)) {
            if (g_ascii_isdigit(*end))
                digits++;
            else
                letters++;
            end++;
        }
        if (end == p) {
            p++;
            continue;
        }
        bool registration =
            digits >= 10 && p > out && p[-1] == 'T' && (p - 1 == out || !g_ascii_isalnum(p[-2]));
        bool alone =
            (p == out || registration || !g_ascii_isalpha(p[-1])) && !g_ascii_isalpha(*end);
        bool after_digit = p - out >= 2 && strchr(",./:-", p[-1]) && g_ascii_isdigit(p[-2]);

        bool among_kanji = p > out && (guchar)p[-1] >= 0x80 && (guchar)*end >= 0x80 &&
                           digits + letters <= 2 && digits > 0;

        bool after_yen = p - out >= 2 && memcmp(p - 2, "¥", 2) == 0;
        bool before_group = (digits > 0 || after_yen) && (*end == ',' || *end == '.') &&
                            (g_ascii_isdigit(end[1]) || digit_like(end[1]));

        if (*p == 'S' && !after_digit && end - p > 1) {
            p++; /* the letter of an era, or of a number's series */
            continue;
        }
        if (letters > 0 && alone &&
            (digits > letters || among_kanji || before_group ||
             (after_digit && digits + letters <= 4)))
            for (char *q = p; q < end; q++)
                if (!g_ascii_isdigit(*q))
                    *q = digit_like(*q);
        p = end;
    }
    return out;
}
