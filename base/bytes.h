/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * base/bytes.h - integers in files, frames and keys: unsigned, big-endian, of 1 to 8 bytes.
 *
 * Keys are compared byte by byte, and in this order they stand as their numbers do. The caller has
 * the room and has checked the length.
 */
#ifndef BASE_BYTES_H
#define BASE_BYTES_H

#include <stddef.h>
#include <stdint.h>

/** The low @size bytes of @value. */
static inline void
dn_put_be(uint8_t *to, uint64_t value, size_t size)
{
    for (size_t i = 0; i < size; i++)
        to[i] = (uint8_t)(value >> (8 * (size - 1 - i)));
}

static inline uint64_t
dn_get_be(const uint8_t *from, size_t size)
{
    uint64_t value = 0;

    for (size_t i = 0; i < size; i++)
        value = value << 8 | from[i];
    return value;
}

#endif
