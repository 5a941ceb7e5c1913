/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/packed.h - a value as few bytes, for the rows of the view.
 *
 * A row is read by the million and shown by the dozen: as JSON it would be twice as long, and each
 * of its characters would be looked at. There is one byte string for one value, and reading refuses
 * every other, so that a row is the same however often the view is built.
 *
 *   0 null   1 false   2 true
 *   3 integer       (n << 1) ^ (n >> 63), as a number
 *   4 string        its size, its bytes, a NUL: it can be lent as it stands
 *   5 word          one byte, a string of packed-words.def: counted from 1
 *   6 UUID          16 bytes: a string of its 36 lower-case characters
 *   7 SHA-256       32 bytes: a string of 64 lower-case hexadecimal digits
 *   8 array         how many, the items
 *   9 object        how many, the members in canonical order: a name and a value each. A name is
 *                   the number of its word, or 0 and a string from its size on
 *
 * A number has seven bits a byte, the lowest first, and the high bit on all but the last. A string
 * that could be a word, a UUID or a SHA-256 is never written as 4.
 *
 * Pure. Threads: any. What is read is hostile: every length is held against the bytes that are
 * there before anything is taken for it.
 */
#ifndef ENGINE_PACKED_H
#define ENGINE_PACKED_H

#include "base/value.h"

G_BEGIN_DECLS

/** Appends @value. */
void dn_packed_write(GString *out, const DnValue *value);

/** Reads exactly one value, whose strings are lent from @bytes where they stand there as text.
 * CORRUPT with the byte. */
const DnValue *dn_packed_read(DnArena *arena, const void *bytes, size_t size, GError **error);

G_END_DECLS
#endif
