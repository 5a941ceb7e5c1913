/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * base/value.c - canonical JSON read in place, changed and written.
 */
#include "config.h"
#include "base/value.h"

#include <stdio.h>

/* --- the arena --- */

enum { CHUNK_BYTES = 8 << 10, ALIGN = 8 };

typedef struct Chunk Chunk;
struct Chunk {
    Chunk *before;
    uint64_t bytes[];
};

struct DnArena {
    Chunk *chunk;
    uint8_t *next;
    size_t left;
};

DnArena *
dn_arena_new(void)
{
    return g_new0(DnArena, 1);
}

void *
dn_arena_take(DnArena *self, size_t size)
{
    void *taken = NULL;

    g_assert(size < SIZE_MAX / 2);
    size = (size + ALIGN - 1) / ALIGN * ALIGN;
    if (size > self->left) {
        size_t room = MAX(size, (size_t)CHUNK_BYTES - sizeof(Chunk));
        Chunk *chunk = g_malloc(sizeof(Chunk) + room);

        chunk->before = self->chunk;
        self->chunk = chunk;
        self->next = (uint8_t *)chunk->bytes;
        self->left = room;
    }
    taken = self->next;
    self->next += size;
    self->left -= size;
    return taken;
}

void
dn_arena_free(DnArena *self)
{
    if (!self)
        return;
    while (self->chunk) {
        Chunk *before = self->chunk->before;

        g_free(self->chunk);
        self->chunk = before;
    }
    g_free(self);
}

/* --- order --- */

static int
compare_utf16(const char *left, const char *right)
{
    g_autofree gunichar2 *x = g_utf8_to_utf16(left, -1, NULL, NULL, NULL);
    g_autofree gunichar2 *y = g_utf8_to_utf16(right, -1, NULL, NULL, NULL);
    size_t i = 0;

    while (x[i] && x[i] == y[i])
        i++;
    return (int)x[i] - (int)y[i];
}

/* RFC 8785 section 3.2.3 sorts by UTF-16 code units, which differs from the order of UTF-8 bytes
 * only between U+E000..U+FFFF and the supplementary planes: bytes from 0xee on. */
int
dn_value_compare_keys(const char *left, const char *right)
{
    const unsigned char *x = (const unsigned char *)left;
    const unsigned char *y = (const unsigned char *)right;

    while (*x && *x == *y) {
        x++;
        y++;
    }
    return *x < 0xee || *y < 0xee ? (int)*x - (int)*y : compare_utf16(left, right);
}

/* --- reading --- */

typedef struct {
    DnArena *arena;
    char *begin;
    char *next;
    char *end;
    unsigned depth;
    GArray *members; /* DnMember: of the objects and arrays that are open, one behind the other */
} Parser;

static bool parse_value(Parser *self, const DnValue **out);

static DnValue *
value_new(DnArena *arena, DnValueType type)
{
    DnValue *value = dn_arena_take(arena, sizeof *value);

    *value = (DnValue){.type = type};
    return value;
}

static bool
is_plain(unsigned char c)
{
    return c >= 0x20 && c != '"' && c != '\\';
}

/* Are all eight plain? The usual arithmetic on bytes: a borrow into the high bit of a byte says
 * that it was less. */
static bool
are_plain(uint64_t eight)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    uint64_t quote = eight ^ ones * '"';
    uint64_t slash = eight ^ ones * '\\';
    uint64_t below = (eight - ones * 0x20) & ~eight;

    quote = (quote - ones) & ~quote;
    slash = (slash - ones) & ~slash;
    return ((below | quote | slash) & ones * 0x80) == 0;
}

/* How many plain bytes @text begins with, and whether one of them is no ASCII. */
static size_t
plain_bytes(const char *text, size_t size, bool *out_high)
{
    const uint64_t highs = UINT64_C(0x8080808080808080);
    uint64_t high = 0;
    uint64_t eight = 0;
    size_t at = 0;

    for (; size - at >= sizeof eight; at += sizeof eight) {
        memcpy(&eight, text + at, sizeof eight);
        if (!are_plain(eight))
            break;
        high |= eight & highs;
    }
    for (; at < size && is_plain((unsigned char)text[at]); at++)
        high |= (unsigned char)text[at] & 0x80;
    *out_high |= high != 0;
    return at;
}

/* The letter that stands for a control character, or 0: it is written as \u00xx. */
static char
escape_of(unsigned char c)
{
    static const char letters[] = {
        ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r'};

    return c < sizeof letters ? letters[c] : '\0';
}

static int
hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The character of \u00xx, or 0: no other is written in this way, and a NUL has no place. */
static unsigned char
parse_hex(Parser *self)
{
    const char *at = self->next;
    int high = 0;
    int low = 0;
    unsigned char c = 0;

    if (self->end - at < 4 || at[0] != '0' || at[1] != '0')
        return 0;
    high = hex_digit(at[2]);
    low = hex_digit(at[3]);
    if (high < 0 || high > 1 || low < 0)
        return 0;
    c = (unsigned char)(high << 4 | low);
    if (escape_of(c))
        return 0;
    self->next += 4;
    return c;
}

/* Behind the backslash. */
static unsigned char
parse_escape(Parser *self)
{
    static const char letters[] = "btnfr";
    static const unsigned char meanings[] = "\b\t\n\f\r";
    char c = *self->next;
    const char *letter = NULL;

    if (c == '\0')
        return 0;
    self->next++;
    if (c == '"' || c == '\\')
        return (unsigned char)c;
    if (c == 'u')
        return parse_hex(self);
    letter = strchr(letters, c);
    return letter ? meanings[letter - letters] : 0;
}

/* Behind the quotation mark. The text moves together over its escapes and ends where its closing
 * mark was, or before. */
static bool
parse_text(Parser *self, const char **out_text, size_t *out_size)
{
    char *begin = self->next;
    char *to = begin;
    bool high = false;

    for (;;) {
        size_t plain = plain_bytes(self->next, (size_t)(self->end - self->next), &high);
        unsigned char c = 0;

        if (to != self->next)
            memmove(to, self->next, plain);
        to += plain;
        self->next += plain;
        if (*self->next == '"')
            break;
        if (*self->next != '\\')
            return false; /* a control character, or the end */
        self->next++;
        c = parse_escape(self);
        if (c == 0)
            return false;
        *to++ = (char)c;
    }
    self->next++;
    *to = '\0';
    *out_text = begin;
    *out_size = (size_t)(to - begin);
    return !high || g_utf8_validate_len(begin, *out_size, NULL);
}

static bool
parse_string(Parser *self, const DnValue **out)
{
    DnValue *value = value_new(self->arena, DN_VALUE_STRING);
    size_t size = 0;

    if (!parse_text(self, &value->text, &size) || size > UINT32_MAX)
        return false;
    value->size = (uint32_t)size;
    *out = value;
    return true;
}

static bool
parse_number(Parser *self, const DnValue **out)
{
    enum { MOST_DIGITS = 16 };
    bool negative = *self->next == '-';
    const char *begin = self->next += negative;
    int64_t number = 0;

    while (*self->next >= '0' && *self->next <= '9' && self->next - begin <= MOST_DIGITS)
        number = number * 10 + (*self->next++ - '0');
    if (self->next == begin || number > DN_VALUE_MAX_INT ||
        (*begin == '0' && (negative || self->next - begin > 1)))
        return false;
    *out = dn_value_new_int(self->arena, negative ? -number : number);
    return true;
}

static bool
parse_word(Parser *self, const char *word, DnValueType type, const DnValue **out)
{
    size_t size = strlen(word);

    if (strncmp(self->next, word, size) != 0)
        return false;
    self->next += size;
    *out = value_new(self->arena, type);
    return true;
}

/* Takes what was gathered from @first on off the stack. */
static void
finish_object(Parser *self, DnValue *value, guint first)
{
    guint count = self->members->len - first;
    const DnMember *members = &g_array_index(self->members, DnMember, first);

    value->members = dn_arena_take(self->arena, count * sizeof *members);
    memcpy(value->members, members, count * sizeof *members);
    value->size = value->room = count;
    g_array_set_size(self->members, first);
}

static void
finish_array(Parser *self, DnValue *value, guint first)
{
    guint count = self->members->len - first;

    value->items = dn_arena_take(self->arena, count * sizeof *value->items);
    for (guint i = 0; i < count; i++)
        value->items[i] = g_array_index(self->members, DnMember, first + i).value;
    value->size = value->room = count;
    g_array_set_size(self->members, first);
}

static bool
parse_member(Parser *self, const char *key_before, DnMember *out)
{
    DnMember member = {NULL, 0, NULL};

    if (*self->next != '"')
        return false;
    self->next++;
    if (!parse_text(self, &member.key, &member.key_size) || *self->next != ':')
        return false;
    self->next++;
    if ((key_before && dn_value_compare_keys(key_before, member.key) >= 0) ||
        !parse_value(self, &member.value))
        return false;
    *out = member;
    return true;
}

static bool
parse_object(Parser *self, const DnValue **out)
{
    DnValue *value = value_new(self->arena, DN_VALUE_OBJECT);
    guint first = self->members->len;
    const char *key_before = NULL;

    for (bool more = *self->next != '}'; more;) {
        DnMember member;

        if (!parse_member(self, key_before, &member))
            return false;
        key_before = member.key;
        g_array_append_val(self->members, member);
        more = *self->next == ',';
        self->next += more;
    }
    if (*self->next != '}')
        return false;
    self->next++;
    finish_object(self, value, first);
    *out = value;
    return true;
}

static bool
parse_array(Parser *self, const DnValue **out)
{
    DnValue *value = value_new(self->arena, DN_VALUE_ARRAY);
    guint first = self->members->len;

    for (bool more = *self->next != ']'; more;) {
        DnMember item = {NULL, 0, NULL};

        if (!parse_value(self, &item.value))
            return false;
        g_array_append_val(self->members, item);
        more = *self->next == ',';
        self->next += more;
    }
    if (*self->next != ']')
        return false;
    self->next++;
    finish_array(self, value, first);
    *out = value;
    return true;
}

static bool
parse_value(Parser *self, const DnValue **out)
{
    bool ok = false;

    if (self->depth >= DN_VALUE_DEPTH)
        return false;
    self->depth++;
    switch (*self->next) {
    case '"':
        self->next++;
        ok = parse_string(self, out);
        break;
    case '{':
        self->next++;
        ok = parse_object(self, out);
        break;
    case '[':
        self->next++;
        ok = parse_array(self, out);
        break;
    case 't':
        ok = parse_word(self, "true", DN_VALUE_TRUE, out);
        break;
    case 'f':
        ok = parse_word(self, "false", DN_VALUE_FALSE, out);
        break;
    case 'n':
        ok = parse_word(self, "null", DN_VALUE_NULL, out);
        break;
    default:
        ok = parse_number(self, out);
        break;
    }
    self->depth--;
    return ok;
}

static void
gathered_free(gpointer members)
{
    g_array_unref(members);
}

/* Each thread's stack of members, kept from one text to the next. */
static GArray *
gathered(void)
{
    enum { USUAL = 64, MOST = 4096 };
    static GPrivate kept = G_PRIVATE_INIT(gathered_free);
    GArray *members = g_private_get(&kept);

    if (members && members->len <= MOST) {
        g_array_set_size(members, 0);
        return members;
    }
    members = g_array_sized_new(FALSE, FALSE, sizeof(DnMember), USUAL);
    g_private_replace(&kept, members);
    return members;
}

const DnValue *
dn_value_parse(DnArena *arena, char *text, size_t size, GError **error)
{
    Parser parser = {
        .arena = arena, .begin = text, .next = text, .end = text + size, .members = gathered()};
    const DnValue *value = NULL;

    if (!parse_value(&parser, &value) || parser.next != parser.end)
        return dn_fail_null(error, DN_ERROR_FORMAT, "not canonical JSON at byte %zu",
                            (size_t)(parser.next - parser.begin));
    return value;
}

const DnValue *
dn_value_read(DnArena *arena, const char *text, size_t size, GError **error)
{
    char *copy = dn_arena_take(arena, size + 1);

    memcpy(copy, text, size);
    copy[size] = '\0';
    return dn_value_parse(arena, copy, size, error);
}

/* --- writing --- */

/* Room for @size bytes behind what is written. */
static char *
write_room(GString *out, size_t size)
{
    gsize used = out->len;

    if (used + size >= out->allocated_len) {
        g_string_set_size(out, used + size);
        out->len = used;
    }
    return out->str + used;
}

static void
write_end(GString *out, char *to)
{
    *to = '\0';
    out->len = (gsize)(to - out->str);
}

static void
write_text(GString *out, const char *text, size_t size)
{
    enum { LONGEST_ESCAPE = 6 };
    char *to = write_room(out, LONGEST_ESCAPE * size + 2);
    bool high = false;

    *to++ = '"';
    for (;;) {
        size_t plain = plain_bytes(text, size, &high);
        unsigned char c = 0;

        memcpy(to, text, plain);
        to += plain;
        text += plain;
        size -= plain;
        if (size == 0)
            break;
        c = (unsigned char)*text++;
        size--;
        *to++ = '\\';
        if (c == '"' || c == '\\')
            *to++ = (char)c;
        else if (escape_of(c))
            *to++ = escape_of(c);
        else
            to += sprintf(to, "u%04x", c);
    }
    *to++ = '"';
    write_end(out, to);
}

static void
write_number(GString *out, int64_t number)
{
    char digits[24];
    char *at = digits + sizeof digits;
    uint64_t left = number < 0 ? (uint64_t)-number : (uint64_t)number;

    do
        *--at = (char)('0' + left % 10);
    while ((left /= 10) > 0);
    if (number < 0)
        *--at = '-';
    g_string_append_len(out, at, digits + sizeof digits - at);
}

static void
write_char(GString *out, char c)
{
    char *to = write_room(out, 1);

    *to++ = c;
    write_end(out, to);
}

static void
write_items(GString *out, const DnValue *value)
{
    write_char(out, '[');
    for (uint32_t i = 0; i < value->size; i++) {
        if (i > 0)
            write_char(out, ',');
        dn_value_write(out, value->items[i]);
    }
    write_char(out, ']');
}

static void
write_members(GString *out, const DnValue *value)
{
    write_char(out, '{');
    for (uint32_t i = 0; i < value->size; i++) {
        if (i > 0)
            write_char(out, ',');
        write_text(out, value->members[i].key, value->members[i].key_size);
        write_char(out, ':');
        dn_value_write(out, value->members[i].value);
    }
    write_char(out, '}');
}

void
dn_value_write(GString *out, const DnValue *value)
{
    switch (value->type) {
    case DN_VALUE_NULL:
        g_string_append_len(out, "null", 4);
        break;
    case DN_VALUE_FALSE:
        g_string_append_len(out, "false", 5);
        break;
    case DN_VALUE_TRUE:
        g_string_append_len(out, "true", 4);
        break;
    case DN_VALUE_INT:
        write_number(out, value->number);
        break;
    case DN_VALUE_STRING:
        write_text(out, value->text, value->size);
        break;
    case DN_VALUE_ARRAY:
        write_items(out, value);
        break;
    case DN_VALUE_OBJECT:
        write_members(out, value);
        break;
    }
}

char *
dn_value_dup_text(const DnValue *value)
{
    GString *out = g_string_sized_new(1024);

    dn_value_write(out, value);
    return g_string_free(out, FALSE);
}

/* --- looking --- */

const DnValue *
dn_value_get(const DnValue *object, const char *key)
{
    size_t size = strlen(key);

    if (!dn_value_is(object, DN_VALUE_OBJECT))
        return NULL;
    for (uint32_t i = 0; i < object->size; i++) {
        const DnMember *member = &object->members[i];

        if (member->key_size == size && memcmp(member->key, key, size) == 0)
            return member->value;
    }
    return NULL;
}

const char *
dn_value_string(const DnValue *object, const char *key)
{
    return dn_value_text(dn_value_get(object, key));
}

const DnValue *
dn_value_object(const DnValue *object, const char *key)
{
    const DnValue *value = dn_value_get(object, key);

    return dn_value_is(value, DN_VALUE_OBJECT) ? value : NULL;
}

const DnValue *
dn_value_array(const DnValue *object, const char *key)
{
    const DnValue *value = dn_value_get(object, key);

    return dn_value_is(value, DN_VALUE_ARRAY) ? value : NULL;
}

int64_t
dn_value_int(const DnValue *object, const char *key, int64_t fallback)
{
    const DnValue *value = dn_value_get(object, key);

    return dn_value_is(value, DN_VALUE_INT) ? value->number : fallback;
}

bool
dn_value_bool(const DnValue *object, const char *key, bool fallback)
{
    const DnValue *value = dn_value_get(object, key);

    if (dn_value_is(value, DN_VALUE_TRUE))
        return true;
    return dn_value_is(value, DN_VALUE_FALSE) ? false : fallback;
}

/* --- making --- */

DnValue *
dn_value_new_object(DnArena *arena)
{
    return value_new(arena, DN_VALUE_OBJECT);
}

DnValue *
dn_value_new_array(DnArena *arena)
{
    return value_new(arena, DN_VALUE_ARRAY);
}

DnValue *
dn_value_new_string(DnArena *arena, const char *text)
{
    DnValue *value = NULL;

    if (!text)
        return NULL;
    value = value_new(arena, DN_VALUE_STRING);
    value->text = text;
    value->size = (uint32_t)strlen(text);
    return value;
}

DnValue *
dn_value_new_int(DnArena *arena, int64_t number)
{
    DnValue *value = value_new(arena, DN_VALUE_INT);

    value->number = number;
    return value;
}

DnValue *
dn_value_new_bool(DnArena *arena, bool value)
{
    return value_new(arena, value ? DN_VALUE_TRUE : DN_VALUE_FALSE);
}

static uint32_t
room_for(const DnValue *value, uint32_t more)
{
    enum { LEAST = 8 };

    return MAX(value->size + MAX(more, value->size / 2), (uint32_t)LEAST);
}

static void
widen(DnArena *arena, DnValue *value, uint32_t room)
{
    bool is_object = value->type == DN_VALUE_OBJECT;
    size_t each = is_object ? sizeof *value->members : sizeof *value->items;
    void *wide = dn_arena_take(arena, room * each);

    if (value->size > 0)
        memcpy(wide, is_object ? (void *)value->members : (void *)value->items, value->size * each);
    if (is_object)
        value->members = wide;
    else
        value->items = wide;
    value->room = room;
}

DnValue *
dn_value_copy(DnArena *arena, const DnValue *value, DnValueType type)
{
    DnValue *copy = value_new(arena, type);

    g_assert(type == DN_VALUE_OBJECT || type == DN_VALUE_ARRAY);
    if (!dn_value_is(value, type))
        return copy;
    *copy = *value;
    widen(arena, copy, room_for(value, 4));
    return copy;
}

void
dn_value_set(DnArena *arena, DnValue *object, const char *key, const DnValue *value)
{
    uint32_t at = object->size;
    int order = 1;

    if (!value)
        return;
    while (at > 0 && (order = dn_value_compare_keys(object->members[at - 1].key, key)) > 0)
        at--;
    if (at > 0 && order == 0) {
        object->members[at - 1].value = value;
        return;
    }
    if (object->size == object->room)
        widen(arena, object, room_for(object, 1));
    memmove(object->members + at + 1, object->members + at,
            (object->size - at) * sizeof *object->members);
    object->members[at] = (DnMember){key, strlen(key), value};
    object->size++;
}

void
dn_value_remove(DnValue *object, const char *key)
{
    for (uint32_t i = 0; i < object->size; i++) {
        if (strcmp(object->members[i].key, key) != 0)
            continue;
        object->size--;
        memmove(object->members + i, object->members + i + 1,
                (object->size - i) * sizeof *object->members);
        return;
    }
}

void
dn_value_append(DnArena *arena, DnValue *array, const DnValue *item)
{
    if (array->size == array->room)
        widen(arena, array, room_for(array, 1));
    array->items[array->size++] = item;
}

void
dn_value_remove_at(DnValue *array, size_t index)
{
    if (index >= array->size)
        return;
    array->size--;
    memmove(array->items + index, array->items + index + 1,
            (array->size - index) * sizeof(DnValue *));
}
