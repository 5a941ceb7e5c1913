/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/packed.c - values written and read as engine/packed.h describes them.
 */
#include "config.h"
#include "engine/packed.h"

#include <string.h>

typedef enum {
    TAG_NULL,
    TAG_FALSE,
    TAG_TRUE,
    TAG_INT,
    TAG_STRING,
    TAG_WORD,
    TAG_UUID,
    TAG_SHA256,
    TAG_ARRAY,
    TAG_OBJECT
} Tag;

enum { UUID_BYTES = 16, UUID_TEXT = 36, SHA256_BYTES = 32, SHA256_TEXT = 64 };

/* --- words --- */

typedef struct {
    const char *text;
    size_t size;
} Word;

static const Word words[] = {
#define DN_WORD(text) {text, sizeof text - 1},
#include "engine/packed-words.def"
#undef DN_WORD
};

/* The longest of them has as many bytes. */
typedef union {
#define DN_WORD(text) char G_PASTE(word_, __COUNTER__)[sizeof text - 1];
#include "engine/packed-words.def"
#undef DN_WORD
} LongestWord;

enum { WORD_MOST = sizeof(LongestWord) };

enum { WORDS = G_N_ELEMENTS(words), SLOTS = 1 << 10 }; /* 10 bits of 64: word_slot() */
G_STATIC_ASSERT(WORDS < 256);

static unsigned
word_slot(const char *text, size_t size)
{
    uint64_t first = 0;
    uint64_t last = 0;

    /* Of few bytes, all; of more, the first and the last: always loads of a fixed size. */
    if (size >= sizeof first) {
        memcpy(&first, text, sizeof first);
        memcpy(&last, text + size - sizeof last, sizeof last);
    } else if (size >= sizeof(uint32_t)) {
        memcpy(&first, text, sizeof(uint32_t));
        memcpy(&last, text + size - sizeof(uint32_t), sizeof(uint32_t));
    } else if (size > 0) {
        first = (uint8_t)text[0];
        last = (uint64_t)(uint8_t)text[size / 2] << 8 | (uint8_t)text[size - 1];
    }
    return (unsigned)(((first ^ last << 5 ^ size) * UINT64_C(0x9e3779b97f4a7c15)) >> 54);
}

/* The number of each word where its slot says, or behind it. */
static const uint8_t *
word_slots(void)
{
    static uint8_t slots[SLOTS];
    static gsize ready;

    if (g_once_init_enter(&ready)) {
        for (unsigned i = 0; i < WORDS; i++) {
            unsigned at = word_slot(words[i].text, words[i].size);

            while (slots[at] != 0)
                at = (at + 1) % SLOTS;
            slots[at] = (uint8_t)(i + 1);
        }
        g_once_init_leave(&ready, 1);
    }
    return slots;
}

/* The number of a word, or 0. */
static uint8_t
word_number(const char *text, size_t size)
{
    const uint8_t *slots = word_slots();

    if (size == 0 || size > WORD_MOST)
        return 0;
    for (unsigned at = word_slot(text, size); slots[at] != 0; at = (at + 1) % SLOTS) {
        const Word *word = &words[slots[at] - 1];

        if (word->size == size && memcmp(word->text, text, size) == 0)
            return slots[at];
    }
    return 0;
}

/* --- hexadecimal digits --- */

static int
digit_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* False unless all of them are digits. */
static bool
take_digits(const char *text, size_t bytes, uint8_t *out)
{
    int wrong = 0;

    for (size_t i = 0; i < bytes; i++) {
        int high = digit_value(text[2 * i]);
        int low = digit_value(text[2 * i + 1]);

        wrong |= high | low;
        out[i] = (uint8_t)((unsigned)high << 4 | ((unsigned)low & 15));
    }
    return wrong >= 0;
}

static char *
give_digits(char *to, const uint8_t *bytes, size_t size)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < size; i++) {
        *to++ = digits[bytes[i] >> 4];
        *to++ = digits[bytes[i] & 15];
    }
    return to;
}

/* The bytes of a UUID's groups: 8-4-4-4-12 digits. */
static const uint8_t uuid_groups[] = {4, 2, 2, 2, 6};

static bool
take_uuid(const char *text, size_t size, uint8_t *out)
{
    if (size != UUID_TEXT)
        return false;
    for (size_t i = 0; i < G_N_ELEMENTS(uuid_groups); i++) {
        if ((i > 0 && *text++ != '-') || !take_digits(text, uuid_groups[i], out))
            return false;
        text += 2 * uuid_groups[i];
        out += uuid_groups[i];
    }
    return true;
}

static bool
take_sha256(const char *text, size_t size, uint8_t *out)
{
    return size == SHA256_TEXT && take_digits(text, SHA256_BYTES, out);
}

/* --- writing --- */

static void
write_number(GString *out, uint64_t number)
{
    for (; number >= 0x80; number >>= 7)
        g_string_append_c(out, (char)(number | 0x80));
    g_string_append_c(out, (char)number);
}

/* From its size on. */
static void
write_text(GString *out, const char *text, size_t size)
{
    write_number(out, size);
    g_string_append_len(out, text, (gssize)size);
    g_string_append_c(out, '\0');
}

static void
write_tagged(GString *out, Tag tag, const uint8_t *bytes, size_t size)
{
    g_string_append_c(out, (char)tag);
    g_string_append_len(out, (const char *)bytes, (gssize)size);
}

static void
write_string(GString *out, const char *text, size_t size)
{
    uint8_t number = word_number(text, size);
    uint8_t bytes[SHA256_BYTES];

    if (number > 0) {
        write_tagged(out, TAG_WORD, &number, 1);
    } else if (take_uuid(text, size, bytes)) {
        write_tagged(out, TAG_UUID, bytes, UUID_BYTES);
    } else if (take_sha256(text, size, bytes)) {
        write_tagged(out, TAG_SHA256, bytes, SHA256_BYTES);
    } else {
        g_string_append_c(out, TAG_STRING);
        write_text(out, text, size);
    }
}

static void
write_object(GString *out, const DnValue *object)
{
    g_string_append_c(out, TAG_OBJECT);
    write_number(out, object->size);
    for (uint32_t i = 0; i < object->size; i++) {
        const DnMember *member = &object->members[i];
        uint8_t number = word_number(member->key, member->key_size);

        g_string_append_c(out, (char)number);
        if (number == 0)
            write_text(out, member->key, member->key_size);
        dn_packed_write(out, member->value);
    }
}

void
dn_packed_write(GString *out, const DnValue *value)
{
    switch (value->type) {
    case DN_VALUE_NULL:
        g_string_append_c(out, TAG_NULL);
        break;
    case DN_VALUE_FALSE:
        g_string_append_c(out, TAG_FALSE);
        break;
    case DN_VALUE_TRUE:
        g_string_append_c(out, TAG_TRUE);
        break;
    case DN_VALUE_INT:
        g_string_append_c(out, TAG_INT);
        write_number(out, (uint64_t)value->number << 1 ^ (uint64_t)(value->number >> 63));
        break;
    case DN_VALUE_STRING:
        write_string(out, value->text, value->size);
        break;
    case DN_VALUE_ARRAY:
        g_string_append_c(out, TAG_ARRAY);
        write_number(out, value->size);
        for (uint32_t i = 0; i < value->size; i++)
            dn_packed_write(out, value->items[i]);
        break;
    case DN_VALUE_OBJECT:
        write_object(out, value);
        break;
    }
}

/* --- reading --- */

typedef struct {
    DnArena *arena;
    const uint8_t *begin;
    const uint8_t *next;
    const uint8_t *end;
    unsigned depth;
} Reader;

static size_t
left(const Reader *self)
{
    return (size_t)(self->end - self->next);
}

static bool
read_byte(Reader *self, uint8_t *out)
{
    if (self->next == self->end)
        return false;
    *out = *self->next++;
    return true;
}

/* In its shortest form only. */
static bool
read_number(Reader *self, uint64_t *out)
{
    enum { MOST_BITS = 56 }; /* 2 * DN_VALUE_MAX_INT + 1 has 54 */
    uint64_t number = 0;
    uint8_t byte = 0;

    for (unsigned shift = 0; shift < MOST_BITS; shift += 7) {
        if (!read_byte(self, &byte))
            return false;
        number |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            *out = number;
            return byte != 0 || shift == 0;
        }
    }
    return false;
}

/* @least: bytes that each of them takes. */
static bool
read_count(Reader *self, size_t least, uint32_t *out)
{
    uint64_t count = 0;

    if (!read_number(self, &count) || count > left(self) / least || count > UINT32_MAX)
        return false;
    *out = (uint32_t)count;
    return true;
}

static bool
is_ascii(const char *text, size_t size)
{
    uint8_t all = 0;

    for (size_t i = 0; i < size; i++)
        all |= (uint8_t)text[i];
    return all < 0x80;
}

/* A string from its size on, where it stands. */
static bool
read_text(Reader *self, const char **out_text, uint32_t *out_size)
{
    const char *text = NULL;
    uint32_t size = 0;

    if (!read_count(self, 1, &size) || size == left(self) || self->next[size] != '\0')
        return false;
    text = (const char *)self->next;
    if (memchr(text, '\0', size) || (!is_ascii(text, size) && !g_utf8_validate(text, size, NULL)))
        return false;
    self->next += size + 1;
    *out_text = text;
    *out_size = size;
    return true;
}

static bool
read_string(Reader *self, DnValue *out)
{
    uint8_t bytes[SHA256_BYTES];

    return read_text(self, &out->text, &out->size) && word_number(out->text, out->size) == 0 &&
           !take_uuid(out->text, out->size, bytes) && !take_sha256(out->text, out->size, bytes);
}

static bool
read_word(Reader *self, const Word **out)
{
    uint8_t number = 0;

    if (!read_byte(self, &number) || number == 0 || number > WORDS)
        return false;
    *out = &words[number - 1];
    return true;
}

static bool
read_word_string(Reader *self, DnValue *out)
{
    const Word *word = NULL;

    if (!read_word(self, &word))
        return false;
    out->text = word->text;
    out->size = (uint32_t)word->size;
    return true;
}

static bool
read_uuid(Reader *self, DnValue *out)
{
    char *text = NULL;
    char *to = NULL;

    if (left(self) < UUID_BYTES)
        return false;
    text = to = dn_arena_take(self->arena, UUID_TEXT + 1);
    for (size_t i = 0; i < G_N_ELEMENTS(uuid_groups); i++) {
        if (i > 0)
            *to++ = '-';
        to = give_digits(to, self->next, uuid_groups[i]);
        self->next += uuid_groups[i];
    }
    *to = '\0';
    out->text = text;
    out->size = UUID_TEXT;
    return true;
}

static bool
read_sha256(Reader *self, DnValue *out)
{
    char *text = NULL;

    if (left(self) < SHA256_BYTES)
        return false;
    text = dn_arena_take(self->arena, SHA256_TEXT + 1);
    *give_digits(text, self->next, SHA256_BYTES) = '\0';
    self->next += SHA256_BYTES;
    out->text = text;
    out->size = SHA256_TEXT;
    return true;
}

static const DnValue *read_value(Reader *self);

static bool
read_array(Reader *self, DnValue *out)
{
    if (!read_count(self, 1, &out->size))
        return false;
    out->room = out->size;
    out->items = dn_arena_take(self->arena, out->size * sizeof *out->items);
    for (uint32_t i = 0; i < out->size; i++) {
        out->items[i] = read_value(self);
        if (!out->items[i])
            return false;
    }
    return true;
}

static bool
read_name(Reader *self, DnMember *out)
{
    const Word *word = NULL;
    uint32_t size = 0;

    if (self->next < self->end && *self->next == 0) {
        self->next++;
        if (!read_text(self, &out->key, &size) || word_number(out->key, size) != 0)
            return false;
        out->key_size = size;
        return true;
    }
    if (!read_word(self, &word))
        return false;
    *out = (DnMember){word->text, word->size, NULL};
    return true;
}

static bool
read_object(Reader *self, DnValue *out)
{
    if (!read_count(self, 2, &out->size))
        return false;
    out->room = out->size;
    out->members = dn_arena_take(self->arena, out->size * sizeof *out->members);
    for (uint32_t i = 0; i < out->size; i++) {
        DnMember *member = &out->members[i];

        if (!read_name(self, member) ||
            (i > 0 && dn_value_compare_keys(member[-1].key, member->key) >= 0))
            return false;
        member->value = read_value(self);
        if (!member->value)
            return false;
    }
    return true;
}

static bool
read_int(Reader *self, DnValue *out)
{
    uint64_t number = 0;

    if (!read_number(self, &number) || number >> 1 > DN_VALUE_MAX_INT ||
        number == 2 * (uint64_t)DN_VALUE_MAX_INT + 1)
        return false;
    out->number = (int64_t)(number >> 1) ^ -(int64_t)(number & 1);
    return true;
}

static const DnValue *
read_value(Reader *self)
{
    static const struct {
        DnValueType type;
        bool (*read)(Reader *self, DnValue *out); /* NULL: there is no more of it */
    } table[] = {
        [TAG_NULL] = {DN_VALUE_NULL, NULL},
        [TAG_FALSE] = {DN_VALUE_FALSE, NULL},
        [TAG_TRUE] = {DN_VALUE_TRUE, NULL},
        [TAG_INT] = {DN_VALUE_INT, read_int},
        [TAG_STRING] = {DN_VALUE_STRING, read_string},
        [TAG_WORD] = {DN_VALUE_STRING, read_word_string},
        [TAG_UUID] = {DN_VALUE_STRING, read_uuid},
        [TAG_SHA256] = {DN_VALUE_STRING, read_sha256},
        [TAG_ARRAY] = {DN_VALUE_ARRAY, read_array},
        [TAG_OBJECT] = {DN_VALUE_OBJECT, read_object},
    };
    DnValue *value = NULL;
    uint8_t tag = 0;

    if (!read_byte(self, &tag) || tag >= G_N_ELEMENTS(table) || self->depth == DN_VALUE_DEPTH)
        return NULL;
    value = dn_arena_take(self->arena, sizeof *value);
    *value = (DnValue){.type = table[tag].type};
    self->depth++;
    if (table[tag].read && !table[tag].read(self, value))
        return NULL;
    self->depth--;
    return value;
}

const DnValue *
dn_packed_read(DnArena *arena, const void *bytes, size_t size, GError **error)
{
    Reader reader = {.arena = arena, .begin = bytes, .next = bytes};
    const DnValue *value = NULL;

    reader.end = reader.begin + size;
    value = read_value(&reader);
    if (!value || reader.next != reader.end)
        return dn_fail_null(error, DN_ERROR_CORRUPT, "no packed value from byte %zu on",
                            (size_t)(reader.next - reader.begin));
    return value;
}
