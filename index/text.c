/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * index/text.c - tokens of full text.
 */
#include "config.h"
#include "index/text.h"
#include "base/text.h"
#include "index/query.h"

#include <string.h>

enum {
    MAX_WORD_CHARS = 32,    /* a longer one is found by its beginning */
    MAX_PIECE_BYTES = 4096, /* normalising takes the square of a run of combining marks */
    IDEOGRAPH_REPEAT = 0x3005,
};

typedef struct {
    GPtrArray *tokens;
    GHashTable *seen; /* lent from tokens */
    bool query;
    gunichar last; /* of the CJK run */
    size_t run_chars;
    gunichar before; /* the last character of all */
    GString *word;
    size_t word_chars;
} Cutter;

/* Small kana are written large and back in names and on tills: シャチハタ, キヤノン. */
static gunichar
large_kana(gunichar c)
{
    switch (c) {
    case 0x30a1: /* ァ ア */
    case 0x30a3: /* ィ イ */
    case 0x30a5: /* ゥ ウ */
    case 0x30a7: /* ェ エ */
    case 0x30a9: /* ォ オ */
    case 0x30c3: /* ッ ツ */
    case 0x30e3: /* ャ ヤ */
    case 0x30e5: /* ュ ユ */
    case 0x30e7: /* ョ ヨ */
    case 0x30ee: /* ヮ ワ */
        return c + 1;
    case 0x30f5: /* ヵ カ */
        return 0x30ab;
    case 0x30f6: /* ヶ ケ */
        return 0x30b1;
    default:
        return c;
    }
}

static gunichar
without_accent(gunichar c)
{
    gunichar first = 0;
    gunichar mark = 0;

    while (c < 0x2000 && g_unichar_decompose(c, &first, &mark) && mark != 0)
        c = first;
    return c;
}

gunichar
dn_text_fold(gunichar c)
{
    if (c == 0x30fc) /* long vowel mark: サーバー, サーバ */
        return 0;
    if (c < 0x2000) {
        c = g_unichar_tolower(without_accent(c));
        return g_unichar_ismark(c) ? 0 : c;
    }
    if ((c >= 0x3041 && c <= 0x3096) || c == 0x309d || c == 0x309e)
        c += 0x60; /* hiragana to katakana */
    if (c >= 0x30a0 && c <= 0x30ff)
        c = large_kana(c);
    return c;
}

static void
cutter_add(Cutter *self, const char *token, size_t size, bool prefix)
{
    char known[MAX_WORD_CHARS * 6 + 1]; /* a word, the longest token, in UTF-8 */
    char *copy = NULL;

    g_assert(size < sizeof known);
    memcpy(known, token, size);
    known[size] = '\0';
    if (g_hash_table_contains(self->seen, known))
        return;
    copy = g_strndup(token, size);
    g_hash_table_add(self->seen, copy);
    if (self->query) {
        DnTextTerm *term = g_new0(DnTextTerm, 1);

        term->token = copy;
        term->prefix = prefix;
        g_ptr_array_add(self->tokens, term);
    } else {
        g_ptr_array_add(self->tokens, copy);
    }
}

static void
cutter_end_run(Cutter *self)
{
    char utf8[6];

    /* A query needs the last character alone only when it has no pair. */
    if (self->run_chars > 0 && (!self->query || self->run_chars == 1))
        cutter_add(self, utf8, (size_t)g_unichar_to_utf8(self->last, utf8), true);
    self->run_chars = 0;
}

static void
cutter_end_word(Cutter *self)
{
    if (self->word->len > 0)
        cutter_add(self, self->word->str, self->word->len, false);
    g_string_truncate(self->word, 0);
    self->word_chars = 0;
}

static void
cutter_cjk(Cutter *self, gunichar c)
{
    char utf8[12];

    cutter_end_word(self);
    if (self->run_chars > 0) {
        int size = g_unichar_to_utf8(self->last, utf8);

        size += g_unichar_to_utf8(c, utf8 + size);
        cutter_add(self, utf8, (size_t)size, false);
    }
    self->last = c;
    self->run_chars++;
}

static void
cutter_word(Cutter *self, gunichar c)
{
    cutter_end_run(self);
    if (self->word_chars++ < MAX_WORD_CHARS)
        g_string_append_unichar(self->word, c);
}

/* 10,800 and 10800 are one number. */
static bool
joins_digits(const char *at, gunichar before)
{
    const char *next = g_utf8_next_char(at);

    return *at == ',' && before < 0x80 && g_ascii_isdigit((char)before) && g_ascii_isdigit(*next);
}

static void
cut_piece(Cutter *self, const char *text, size_t size)
{
    g_autofree char *piece = g_strndup(text, size);
    g_autofree char *nfkc = dn_text_nfkc(piece);

    for (const char *p = nfkc; *p; p = g_utf8_next_char(p)) {
        gunichar raw = g_utf8_get_char(p);
        gunichar c = dn_text_fold(raw);

        if (c == 0 || joins_digits(p, self->before))
            continue;
        self->before = raw;
        if (c ==
            ' ') { /* recognition puts spaces between kanji, 領 収 書; who asks, between words */
            cutter_end_word(self);
            if (self->query)
                cutter_end_run(self);
        } else if (!g_unichar_isalnum(c) && c != IDEOGRAPH_REPEAT) {
            cutter_end_word(self);
            cutter_end_run(self);
        } else if (dn_text_is_cjk(c)) {
            cutter_cjk(self, c);
        } else {
            cutter_word(self, c);
        }
    }
}

/* A line, or as much of it as may be normalised at once. */
static const char *
piece_end(const char *text)
{
    const char *end = text;

    while (*end && *end != '\n' && end - text < MAX_PIECE_BYTES)
        end++;
    if (*end == '\n')
        return end + 1;
    while (*end && ((unsigned char)*end & 0xc0) == 0x80)
        end--;
    return end;
}

static void
cut(Cutter *self, const char *text)
{
    g_autofree char *valid = g_utf8_make_valid(text, -1);

    for (const char *p = valid; *p;) {
        const char *end = piece_end(p);

        cut_piece(self, p, (size_t)(end - p));
        p = end;
    }
    cutter_end_word(self);
    cutter_end_run(self);
}

typedef struct {
    GString *out;
    gunichar last;   /* that was written */
    bool spaced;     /* since then */
    bool parted;     /* by a sign or the end of a line */
    gunichar before; /* the last character of all */
} Flattener;

static void
flatten_piece(Flattener *self, const char *text, size_t size)
{
    g_autofree char *piece = g_strndup(text, size);
    g_autofree char *nfkc = dn_text_nfkc(piece);

    for (const char *p = nfkc; *p; p = g_utf8_next_char(p)) {
        gunichar raw = g_utf8_get_char(p);
        gunichar c = dn_text_fold(raw);
        bool cjk = (c != 0 && dn_text_is_cjk(c)) || (self->last != 0 && dn_text_is_cjk(self->last));

        if (c == 0 || joins_digits(p, self->before))
            continue;
        self->before = raw;
        if (c == ' ') {
            self->spaced = true;
        } else if (!g_unichar_isalnum(c) && c != IDEOGRAPH_REPEAT) {
            self->parted = true;
        } else {
            if (self->last != 0 && (self->parted || (self->spaced && !cjk)))
                g_string_append_c(self->out, ' ');
            g_string_append_unichar(self->out, c);
            self->last = c;
            self->spaced = self->parted = false;
        }
    }
}

char *
dn_text_flat(const char *text)
{
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    Flattener flattener = {.out = g_string_sized_new(strlen(valid))};

    for (const char *p = valid; *p;) {
        const char *end = piece_end(p);

        flatten_piece(&flattener, p, (size_t)(end - p));
        p = end;
    }
    return g_string_free(flattener.out, FALSE);
}

static void
add_flat(GPtrArray *list, const char *text, size_t size)
{
    g_autofree char *part = g_strndup(text, size);
    g_autofree char *flat = dn_text_flat(part);

    if (*flat)
        g_ptr_array_add(list, g_steal_pointer(&flat));
}

static bool
is_quote(gunichar c)
{
    return c == '"' || c == 0x201c || c == 0x201d || c == 0xff02;
}

/* A quotation mark that nothing closes is none. */
static GPtrArray *
parts_of(const char *query, bool words)
{
    GPtrArray *parts = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *valid = g_utf8_make_valid(query, -1);
    const char *begin = valid;
    bool quoted = false;

    for (const char *p = valid;; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);
        bool quote = is_quote(c);

        if (c != 0 && !quote && (quoted || !g_unichar_isspace(c)))
            continue;
        if (quoted ? quote || words : words)
            add_flat(parts, begin, (size_t)(p - begin));
        if (c == 0)
            return parts;
        quoted = quote ? !quoted : quoted;
        begin = g_utf8_next_char(p);
    }
}

GPtrArray *
dn_text_phrases(const char *query)
{
    return parts_of(query, false);
}

GPtrArray *
dn_text_needles(const char *query)
{
    return parts_of(query, true);
}

static bool
is_within_word(gunichar left, gunichar right)
{
    return g_unichar_isalnum(left) && g_unichar_isalnum(right) && !dn_text_is_cjk(left) &&
           !dn_text_is_cjk(right);
}

const char *
dn_text_find_phrase(const char *flat, const char *phrase)
{
    size_t size = strlen(phrase);

    for (const char *hit = strstr(flat, phrase); hit; hit = strstr(hit + 1, phrase)) {
        const char *end = hit + size;
        gunichar before = hit > flat ? g_utf8_get_char(g_utf8_prev_char(hit)) : ' ';
        gunichar after = *end ? g_utf8_get_char(end) : ' ';

        if (!is_within_word(before, g_utf8_get_char(hit)) &&
            !is_within_word(g_utf8_get_char(g_utf8_prev_char(end)), after))
            return hit;
    }
    return NULL;
}

static void
term_free(void *data)
{
    DnTextTerm *term = data;

    g_free(term->token);
    g_free(term);
}

static GPtrArray *
cut_all(const char *text, bool query)
{
    Cutter cutter = {.query = query};

    cutter.tokens = g_ptr_array_new_with_free_func(query ? term_free : g_free);
    cutter.seen = g_hash_table_new(g_str_hash, g_str_equal);
    cutter.word = g_string_new(NULL);
    if (text)
        cut(&cutter, text);
    g_hash_table_unref(cutter.seen);
    g_string_free(cutter.word, TRUE);
    return cutter.tokens;
}

GPtrArray *
dn_text_tokens(const char *text)
{
    return cut_all(text, false);
}

GPtrArray *
dn_text_terms(const char *text)
{
    return cut_all(text, true);
}

bool
dn_text_is_token(const char *phrase)
{
    g_autoptr(GPtrArray) terms = dn_text_terms(phrase);
    const DnTextTerm *term = terms->len == 1 ? g_ptr_array_index(terms, 0) : NULL;

    /* A longer word is stored by its beginning. */
    return term && strcmp(term->token, phrase) == 0 && g_utf8_strlen(phrase, -1) < MAX_WORD_CHARS;
}
