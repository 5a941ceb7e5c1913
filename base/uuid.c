/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * base/uuid.c - UUID version 7.
 */
#include "config.h"
#include "base/uuid.h"
#include "base/clock.h"
#include "base/digest.h"

#include <openssl/rand.h>
#include <string.h>

static GMutex last_lock;
static uint64_t last_ms;
static uint16_t last_counter; /* the 12 bits of rand_a: RFC 9562 section 6.2, method 1 */

DnUuid
dn_uuid_new(void)
{
    DnUuid id;
    uint64_t ms = (uint64_t)dn_clock_now_utc_ms();
    uint16_t counter = 0;

    if (RAND_bytes(id.bytes, DN_UUID_BYTES) != 1)
        g_error("the operating system gives no random bytes");
    g_mutex_lock(&last_lock);
    if (ms > last_ms) {
        last_ms = ms;
        last_counter = (uint16_t)((id.bytes[6] << 8 | id.bytes[7]) & 0x07ff);
    } else if (++last_counter > 0x0fff) {
        last_counter = 0;
        last_ms++;
    }
    ms = last_ms;
    counter = last_counter;
    g_mutex_unlock(&last_lock);

    for (int i = 0; i < 6; i++)
        id.bytes[i] = (uint8_t)(ms >> (40 - 8 * i));
    id.bytes[6] = (uint8_t)(0x70 | counter >> 8);
    id.bytes[7] = (uint8_t)counter;
    id.bytes[8] = (uint8_t)(0x80 | (id.bytes[8] & 0x3f));
    return id;
}

int64_t
dn_uuid_utc_ms(const DnUuid *self)
{
    int64_t ms = 0;

    for (int i = 0; i < 6; i++)
        ms = ms << 8 | self->bytes[i];
    return ms;
}

char *
dn_uuid_text(const DnUuid *self)
{
    static const char digits[] = "0123456789abcdef";
    char *text = g_malloc(DN_UUID_TEXT + 1);
    char *next = text;

    for (size_t i = 0; i < DN_UUID_BYTES; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *next++ = '-';
        *next++ = digits[self->bytes[i] >> 4];
        *next++ = digits[self->bytes[i] & 15];
    }
    *next = '\0';
    return text;
}

bool
dn_uuid_parse(const char *text, DnUuid *out, GError **error)
{
    char digits[2 * DN_UUID_BYTES + 1];
    size_t n = 0;

    if (!text || strlen(text) != DN_UUID_TEXT)
        return dn_fail(error, DN_ERROR_FORMAT,
                       "not an id: want 36 characters as in "
                       "01932b5e-7c1a-7def-8123-456789abcdef");
    for (size_t i = 0; i < DN_UUID_TEXT; i++) {
        bool hyphen = i == 8 || i == 13 || i == 18 || i == 23;

        if (hyphen != (text[i] == '-'))
            return dn_fail(error, DN_ERROR_FORMAT, "not an id: character %zu", i + 1);
        if (!hyphen)
            digits[n++] = text[i];
    }
    digits[n] = '\0';
    return dn_unhex(digits, out->bytes, DN_UUID_BYTES, error);
}

bool
dn_uuid_equal(const DnUuid *a, const DnUuid *b)
{
    return memcmp(a->bytes, b->bytes, DN_UUID_BYTES) == 0;
}

guint
dn_uuid_hash(gconstpointer self)
{
    guint value;

    memcpy(&value, ((const DnUuid *)self)->bytes + 12, sizeof value); /* the random end */
    return value;
}

gboolean
dn_uuid_same(gconstpointer a, gconstpointer b)
{
    return dn_uuid_equal(a, b);
}
