/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * base/text.c - normalisation, joining, widths.
 */
#include "config.h"
#include "base/text.h"

#include <string.h>

/* Putting marks in order takes the square of their number. No writing has more than a few on one
 * letter; UAX 15 bounds them at 30 (Stream-Safe Text Format), and what is beyond goes. NULL: none.
 */
static char *
without_long_marks(const char *text)
{
    enum { MARKS_MOST = 30 };
    GString *out = NULL;
    unsigned marks = 0;

    for (const char *p = text; *p;) {
        const char *next = g_utf8_next_char(p);

        marks = (guchar)*p >= 0x80 && g_unichar_combining_class(g_utf8_get_char(p)) != 0 ? marks + 1
                                                                                         : 0;
        if (marks > MARKS_MOST && !out)
            out = g_string_new_len(text, p - text);
        else if (out && marks <= MARKS_MOST)
            g_string_append_len(out, p, next - p);
        p = next;
    }
    return out ? g_string_free(out, FALSE) : NULL;
}

/* Characters that normalising leaves as they are, also next to each other: ASCII, kana without
 * loose marks, the common ideographs. Most of a document is made of them. */
static bool
is_normal(const char *text)
{
    for (const char *p = text; *p; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);

        if (!(c < 0x80 || (c >= 0x4e00 && c <= 0x9fff) || (c >= 0x3041 && c <= 0x3096) ||
              (c >= 0x30a1 && c <= 0x30fc) || c == 0x3001 || c == 0x3002))
            return false;
    }
    return true;
}

char *
dn_text_nfkc(const char *text)
{
    /* GLib reads beyond the end of what is not UTF-8. */
    if (!text || !g_utf8_validate(text, -1, NULL))
        return NULL;
    if (is_normal(text))
        return g_strdup(text);
    g_autofree char *bounded = without_long_marks(text);

    return g_utf8_normalize(bounded ? bounded : text, -1, G_NORMALIZE_ALL_COMPOSE);
}

static bool
may_store(gunichar c)
{
    if (c == '\n' || c == '\f' || c == '\t')
        return true;
    return !g_unichar_iscntrl(c) && (c & 0xfffe) != 0xfffe && !(c >= 0xfdd0 && c <= 0xfdef);
}

char *
dn_text_sanitise(const char *text, gssize size)
{
    g_autofree char *valid = g_utf8_make_valid(text, size);
    GString *out = g_string_sized_new(strlen(valid));

    for (const char *p = valid; *p; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);

        if (may_store(c))
            g_string_append_unichar(out, c);
    }
    return g_string_free(out, FALSE);
}

void
dn_text_remove_spaces(char *text)
{
    char *to = text;

    for (const char *from = text; *from;) {
        const char *next = g_utf8_next_char(from);

        if (!g_unichar_isspace(g_utf8_get_char(from))) {
            memmove(to, from, (size_t)(next - from));
            to += next - from;
        }
        from = next;
    }
    *to = '\0';
}

bool
dn_text_is_cjk(gunichar c)
{
    return (c >= 0x3001 && c <= 0x30ff) || /* punctuation, hiragana, katakana */
           (c >= 0x31f0 && c <= 0x33ff) || /* small katakana, enclosed, squared */
           (c >= 0x3400 && c <= 0x4dbf) || /* ideographs, extension A */
           (c >= 0x4e00 && c <= 0x9fff) || /* ideographs */
           (c >= 0xf900 && c <= 0xfaff) || /* compatibility ideographs */
           (c >= 0xff5f && c <= 0xff9f) || /* half-width katakana */
           (c >= 0x20000 && c <= 0x3ffff); /* further ideographs */
}

bool
dn_text_has_letter(const char *letters, gunichar c)
{
    return c != 0 && g_utf8_strchr(letters, -1, c) != NULL;
}

char *
dn_text_join_cjk(const char *text)
{
    GString *out = g_string_sized_new(strlen(text));
    gunichar before = 0;

    for (const char *p = text; *p;) {
        const char *after = p;

        while (*after == ' ' || g_str_has_prefix(after, "\u3000"))
            after = g_utf8_next_char(after);
        if (after != p && dn_text_is_cjk(before) && dn_text_is_cjk(g_utf8_get_char(after))) {
            p = after;
            continue;
        }
        /* All blanks at once: a million of them are looked at once each. */
        if (after != p) {
            g_string_append_len(out, p, after - p);
            before = ' ';
            p = after;
            continue;
        }
        before = g_utf8_get_char(p);
        g_string_append_unichar(out, before);
        p = g_utf8_next_char(p);
    }
    return g_string_free(out, FALSE);
}

int
dn_text_columns(const char *text)
{
    int columns = 0;

    for (const char *p = text; *p; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);

        if (!g_unichar_iszerowidth(c))
            columns += g_unichar_iswide(c) ? 2 : 1;
    }
    return columns;
}

size_t
dn_text_distance(const char *a, const char *b)
{
    size_t width = strlen(b);
    g_autofree size_t *row = g_new(size_t, width + 1);

    for (size_t j = 0; j <= width; j++)
        row[j] = j;
    for (size_t i = 1; a[i - 1]; i++) {
        size_t diagonal = row[0];

        row[0] = i;
        for (size_t j = 1; j <= width; j++) {
            size_t above = row[j];
            size_t change = diagonal + (a[i - 1] != b[j - 1]);

            row[j] = MIN(change, MIN(above, row[j - 1]) + 1);
            diagonal = above;
        }
    }
    return row[width];
}
