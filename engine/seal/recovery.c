/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/seal/recovery.c - the master key as lines of paper.
 *
 * Crockford's base 32: no letter that looks like a digit. A line is a word of a Reed-Solomon code
 * over GF(32): its number (which need not be typed), 13 characters and 3 that check them. Two words
 * differ in at least 4 characters, so that up to three wrong ones, and every swap of two, are
 * certain to be found, and one alone is found with its place. The number makes lines that changed
 * places wrong too. The fifth line is the key's id, which is a keyed hash of the whole.
 */
#include "config.h"
#include "base/digest.h"
#include "engine/seal/seal-internal.h"

#include <openssl/crypto.h>
#include <string.h>

enum {
    LINES = 5,
    DATA = 13,
    CHECKS = 3,
    WORD = DATA + CHECKS,
    ID_BYTES = 8,
    GROUP = 4,
    FIELD_POLYNOMIAL = 0x25, /* x^5 + x^2 + 1 */
    HEADING = 40,
};

static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/* (x - a)(x - a^2)(x - a^3) with a = 2, without the leading 1. */
static const uint8_t generator[CHECKS] = {14, 29, 10};

static uint8_t
multiply(uint8_t a, uint8_t b)
{
    unsigned product = 0;

    for (int i = 0; i < 5; i++)
        product ^= (unsigned)(b >> i & 1) * ((unsigned)a << i);
    for (int i = 9; i >= 5; i--)
        product ^= (product >> i & 1) * ((unsigned)FIELD_POLYNOMIAL << (i - 5));
    return (uint8_t)product;
}

/* The remainder of (number, data) * x^3 by the generator. */
static void
check_symbols(unsigned number, const uint8_t data[DATA], uint8_t out[CHECKS])
{
    memset(out, 0, CHECKS);
    for (int i = -1; i < DATA; i++) {
        uint8_t top = out[0] ^ (i < 0 ? (uint8_t)number : data[i]);

        for (int k = 0; k < CHECKS; k++)
            out[k] = (k + 1 < CHECKS ? out[k + 1] : 0) ^ multiply(top, generator[k]);
    }
}

/* Bits 5i to 5i + 4 of @bytes; zeros beyond its end. */
static uint8_t
symbol_at(const uint8_t *bytes, size_t size, size_t i)
{
    unsigned value = 0;

    for (size_t bit = 5 * i; bit < 5 * i + 5; bit++)
        value = value << 1 | (bit / 8 < size ? bytes[bit / 8] >> (7 - bit % 8) & 1 : 0);
    return (uint8_t)value;
}

DnSecret *
dn_recovery_text(const DnSecret *master, GError **error)
{
    size_t size = 0;
    const uint8_t *key = dn_secret_peek(master, &size);
    g_autofree char *id = dn_master_key_id(master);
    uint8_t id_bytes[ID_BYTES];
    uint8_t word[WORD];
    enum { LINE_TEXT = 3 + WORD + WORD / GROUP };
    g_autoptr(DnSecret) text = NULL;
    char heading[HEADING + 1];
    char *next = NULL;

    if (size != DN_KEY_BYTES)
        return dn_fail_null(error, DN_ERROR_INVALID, "a master key has %d bytes", DN_KEY_BYTES);
    dn_unhex(id, id_bytes, ID_BYTES, NULL);
    g_snprintf(heading, sizeof heading, "dencho recovery 1 key %s\n", id);
    text = dn_secret_new(strlen(heading) + (size_t)LINES * LINE_TEXT, error);
    if (!text)
        return NULL;
    next = (char *)dn_secret_bytes(text);
    memcpy(next, heading, strlen(heading));
    next += strlen(heading);
    for (unsigned line = 0; line < LINES; line++) {
        for (unsigned i = 0; i < DATA; i++)
            word[i] = line < LINES - 1 ? symbol_at(key, DN_KEY_BYTES, line * DATA + i)
                                       : symbol_at(id_bytes, ID_BYTES, i);
        check_symbols(line + 1, word, word + DATA);
        *next++ = (char)('1' + line);
        *next++ = ' ';
        for (unsigned i = 0; i < WORD; i++) {
            if (i % GROUP == 0)
                *next++ = ' ';
            *next++ = alphabet[word[i]];
        }
        *next++ = '\n';
    }
    OPENSSL_cleanse(word, sizeof word);
    return g_steal_pointer(&text);
}

/* --- typed back --- */

/* The value of a character, or -1. */
static int
value_of(char c)
{
    const char *found = NULL;

    c = g_ascii_toupper(c);
    if (c == 'O')
        return 0;
    if (c == 'I' || c == 'L')
        return 1;
    found = c ? strchr(alphabet, c) : NULL;
    return found ? (int)(found - alphabet) : -1;
}

static bool
word_is_good(unsigned number, const uint8_t word[WORD])
{
    uint8_t checks[CHECKS];

    check_symbols(number, word, checks);
    return memcmp(checks, word + DATA, CHECKS) == 0;
}

/* The one character whose change would make the word good, from 1; 0 when there is none. */
static unsigned
find_wrong(unsigned number, uint8_t word[WORD])
{
    for (unsigned i = 0; i < WORD; i++) {
        uint8_t was = word[i];
        bool good = false;

        for (unsigned value = 0; value < 32 && !good; value++) {
            word[i] = (uint8_t)value;
            good = word_is_good(number, word);
        }
        word[i] = was;
        if (good)
            return i + 1;
    }
    return 0;
}

static bool
check_word(unsigned number, uint8_t word[WORD], GError **error)
{
    unsigned wrong = 0;

    if (word_is_good(number, word))
        return true;
    wrong = find_wrong(number, word);
    if (wrong)
        return dn_fail(error, DN_ERROR_FORMAT,
                       "line %u: a character is wrong, most likely number %u of group %u", number,
                       (wrong - 1) % GROUP + 1, (wrong - 1) / GROUP + 1);
    return dn_fail(error, DN_ERROR_FORMAT, "line %u: some characters are wrong or swapped", number);
}

/* @symbols has room for WORD + 1: the number of the line may stand before it. */
static bool
read_line(const char *line, size_t size, unsigned number, uint8_t *symbols, GError **error)
{
    unsigned count = 0;

    for (size_t i = 0; i < size; i++) {
        int value = 0;

        if (strchr(" \t\r-", line[i]) && line[i])
            continue;
        value = value_of(line[i]);
        count++;
        if (value < 0)
            return dn_fail(error, DN_ERROR_FORMAT,
                           "line %u: character %u is none that a recovery form has", number, count);
        if (count > WORD + 1)
            return dn_fail(error, DN_ERROR_FORMAT, "line %u: it is too long", number);
        symbols[count - 1] = (uint8_t)value;
    }
    if (count == WORD + 1) {
        if (symbols[0] != number)
            return dn_fail(error, DN_ERROR_FORMAT,
                           "line %u: it has another number or a character too many", number);
        memmove(symbols, symbols + 1, WORD);
    } else if (count != WORD)
        return dn_fail(error, DN_ERROR_FORMAT, "line %u: it has %u characters instead of %d",
                       number, count, WORD);
    return check_word(number, symbols, error);
}

static bool
is_blank_or_heading(const char *line, size_t size)
{
    static const char heading[] = "dencho ";
    size_t i = 0;

    while (i < size && strchr(" \t\r", line[i]) && line[i])
        i++;
    return i == size || line[i] == '#' ||
           (size - i >= strlen(heading) &&
            g_ascii_strncasecmp(line + i, heading, strlen(heading)) == 0);
}

static void
put_symbol(uint8_t *bytes, size_t size, size_t i, uint8_t value)
{
    for (size_t k = 0; k < 5; k++) {
        size_t bit = 5 * i + k;

        if (bit / 8 < size)
            bytes[bit / 8] |= (uint8_t)((value >> (4 - k) & 1) << (7 - bit % 8));
    }
}

/* Bits beyond the key or the id are zero. */
static bool
padding_is_zero(const uint8_t *last_of_key, const uint8_t *last_of_id)
{
    return (*last_of_key & 15) == 0 && (*last_of_id & 1) == 0;
}

static DnSecret *
assemble(const uint8_t *words, GError **error)
{
    g_autoptr(DnSecret) key = dn_secret_new(DN_KEY_BYTES, error);
    uint8_t typed_id[ID_BYTES] = {0};
    uint8_t id[ID_BYTES];

    if (!key)
        return NULL;
    for (unsigned i = 0; i < (LINES - 1) * DATA; i++)
        put_symbol(dn_secret_bytes(key), DN_KEY_BYTES, i, words[i / DATA * WORD + i % DATA]);
    for (unsigned i = 0; i < DATA; i++)
        put_symbol(typed_id, ID_BYTES, i, words[(LINES - 1) * WORD + i]);
    g_autofree char *hex = dn_master_key_id(key);

    dn_unhex(hex, id, ID_BYTES, NULL);
    if (memcmp(id, typed_id, ID_BYTES) != 0 ||
        !padding_is_zero(words + (LINES - 2) * WORD + DATA - 1,
                         words + (LINES - 1) * WORD + DATA - 1))
        return dn_fail_null(error, DN_ERROR_FORMAT,
                            "each line is right by itself, together they are no key: are they of "
                            "one sheet?");
    return g_steal_pointer(&key);
}

DnSecret *
dn_recovery_parse(const DnSecret *text, GError **error)
{
    size_t size = 0;
    const char *bytes = (const char *)dn_secret_peek(text, &size);
    const char *end = bytes + size;
    g_autoptr(DnSecret) words = dn_secret_new((size_t)LINES * WORD + 1, error);
    unsigned number = 0;

    if (!words)
        return NULL;
    for (const char *line = bytes; line < end;) {
        const char *stop = memchr(line, '\n', (size_t)(end - line));
        size_t length = (size_t)((stop ? stop : end) - line);

        if (!is_blank_or_heading(line, length)) {
            if (number == LINES)
                return dn_fail_null(error, DN_ERROR_FORMAT, "there are more than %d lines", LINES);
            if (!read_line(line, length, number + 1, dn_secret_bytes(words) + (size_t)number * WORD,
                           error))
                return NULL;
            number++;
        }
        line += length + 1;
    }
    if (number < LINES)
        return dn_fail_null(error, DN_ERROR_FORMAT, "line %u is missing", number + 1);
    return assemble(dn_secret_peek(words, NULL), error);
}
