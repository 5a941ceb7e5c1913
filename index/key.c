/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * index/key.c - parts of keys, written and read.
 */
#include "config.h"
#include "index/key.h"
#include "base/digest.h"

#include <string.h>

enum {
    ESCAPE = 0x00,
    ESCAPED_ZERO = 0xff,
    STRING_END = 0x01, /* below ESCAPED_ZERO: "a" sorts before "a\0" */
    MAX_TERM_BYTES = 128,
};

GByteArray *
dn_key_new(const DnUuid *tenant, DnKeyTable table)
{
    GByteArray *key = g_byte_array_sized_new(64);

    g_byte_array_append(key, tenant->bytes, DN_UUID_BYTES);
    dn_key_add_u8(key, (uint8_t)table);
    return key;
}

void
dn_key_add_u8(GByteArray *key, uint8_t value)
{
    g_byte_array_append(key, &value, 1);
}

void
dn_key_add_u64(GByteArray *key, uint64_t value)
{
    uint64_t bytes = GUINT64_TO_BE(value);

    g_byte_array_append(key, (const guint8 *)&bytes, sizeof bytes);
}

void
dn_key_add_i32(GByteArray *key, int32_t value)
{
    uint32_t bytes = GUINT32_TO_BE((uint32_t)value ^ (1U << 31));

    g_byte_array_append(key, (const guint8 *)&bytes, sizeof bytes);
}

void
dn_key_add_i64(GByteArray *key, int64_t value)
{
    dn_key_add_u64(key, (uint64_t)value ^ (UINT64_C(1) << 63));
}

static void
add_escaped(GByteArray *key, const uint8_t *bytes, size_t size)
{
    static const uint8_t escaped[] = {ESCAPE, ESCAPED_ZERO};
    static const uint8_t end[] = {ESCAPE, STRING_END};
    const uint8_t *zero = NULL;

    while ((zero = memchr(bytes, ESCAPE, size))) {
        g_byte_array_append(key, bytes, (guint)(zero - bytes));
        g_byte_array_append(key, escaped, sizeof escaped);
        size -= (size_t)(zero + 1 - bytes);
        bytes = zero + 1;
    }
    g_byte_array_append(key, bytes, (guint)size);
    g_byte_array_append(key, end, sizeof end);
}

void
dn_key_add_string(GByteArray *key, const char *text)
{
    add_escaped(key, (const uint8_t *)text, strlen(text));
}

void
dn_key_add_term(GByteArray *key, const char *text)
{
    size_t size = strlen(text);

    if (size <= MAX_TERM_BYTES) {
        add_escaped(key, (const uint8_t *)text, size);
    } else {
        /* A byte that no UTF-8 has keeps digests apart from short terms. */
        uint8_t digest[1 + DN_SHA256_BYTES] = {0xff};
        DnSha256 hash = dn_sha256(text, size);

        memcpy(digest + 1, hash.bytes, DN_SHA256_BYTES);
        add_escaped(key, digest, sizeof digest);
    }
}

GByteArray *
dn_key_copy(const GByteArray *key)
{
    GByteArray *copy = g_byte_array_sized_new(key->len + 32);

    g_byte_array_append(copy, key->data, key->len);
    return copy;
}

bool
dn_key_next(GByteArray *key)
{
    guint size = key->len;

    while (size > 0 && key->data[size - 1] == 0xff)
        size--;
    if (size == 0)
        return false;
    g_byte_array_set_size(key, size);
    key->data[size - 1]++;
    return true;
}

static bool
take(DnKeyReader *self, void *out, size_t size)
{
    if (self->size < size)
        return false;
    memcpy(out, self->bytes, size);
    self->bytes += size;
    self->size -= size;
    return true;
}

bool
dn_key_read_u8(DnKeyReader *self, uint8_t *out)
{
    return take(self, out, 1);
}

bool
dn_key_read_u64(DnKeyReader *self, uint64_t *out)
{
    uint64_t bytes = 0;

    if (!take(self, &bytes, sizeof bytes))
        return false;
    *out = GUINT64_FROM_BE(bytes);
    return true;
}

bool
dn_key_read_i32(DnKeyReader *self, int32_t *out)
{
    uint32_t bytes = 0;

    if (!take(self, &bytes, sizeof bytes))
        return false;
    *out = (int32_t)(GUINT32_FROM_BE(bytes) ^ (1U << 31));
    return true;
}

bool
dn_key_read_i64(DnKeyReader *self, int64_t *out)
{
    uint64_t bytes = 0;

    if (!dn_key_read_u64(self, &bytes))
        return false;
    *out = (int64_t)(bytes ^ (UINT64_C(1) << 63));
    return true;
}

bool
dn_key_read_string(DnKeyReader *self, char **out)
{
    g_autoptr(GString) text = g_string_new(NULL);

    while (self->size >= 2 || (self->size == 1 && self->bytes[0] != ESCAPE)) {
        uint8_t byte = self->bytes[0];

        if (byte == ESCAPE && self->bytes[1] == STRING_END) {
            self->bytes += 2;
            self->size -= 2;
            *out = g_string_free(g_steal_pointer(&text), FALSE);
            return true;
        }
        if (byte == ESCAPE && self->bytes[1] != ESCAPED_ZERO)
            return false;
        g_string_append_c(text, (char)byte);
        self->bytes += byte == ESCAPE ? 2 : 1;
        self->size -= byte == ESCAPE ? 2 : 1;
    }
    return false;
}
