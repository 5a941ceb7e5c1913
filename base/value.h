/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * base/value.h - canonical JSON (RFC 8785) without copies: read in place, changed, written.
 *
 * What an archive reads by the million is canonical: one byte string for one value. So reading it
 * is one pass that refuses everything else, the strings stay where they stood in the text, and the
 * members of an object are in order for looking up and for writing again. Whatever else is JSON
 * goes through base/json.h.
 *
 * A value that has been finished never changes, so values share their parts. All of it lies in an
 * arena and goes with it; the text that was read in place must live as long.
 *
 * Threads: an arena belongs to one thread at a time; values in it can be read by any.
 */
#ifndef BASE_VALUE_H
#define BASE_VALUE_H

#include "base/error.h"
#include <stddef.h>
#include <stdint.h>
#include <string.h>

G_BEGIN_DECLS

typedef struct DnArena DnArena;

DnArena *dn_arena_new(void);
/** (transfer none) @size bytes, aligned for any value, not zeroed. */
void *dn_arena_take(DnArena *self, size_t size);
/** NULL-safe. */
void dn_arena_free(DnArena *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DnArena, dn_arena_free)

typedef enum {
    DN_VALUE_NULL,
    DN_VALUE_FALSE,
    DN_VALUE_TRUE,
    DN_VALUE_INT,
    DN_VALUE_STRING,
    DN_VALUE_ARRAY,
    DN_VALUE_OBJECT
} DnValueType;

typedef struct DnValue DnValue;

typedef struct {
    const char *key;
    size_t key_size;
    const DnValue *value;
} DnMember;

struct DnValue {
    DnValueType type;
    uint32_t size; /* bytes of the string, items, members */
    uint32_t room; /* for items and members */
    union {
        int64_t number;
        const char *text; /* ended by NUL, has none within */
        const DnValue **items;
        DnMember *members; /* in canonical order */
    };
};

/** What every JSON reader keeps exactly; an integer lies within, either way. */
#define DN_VALUE_MAX_INT ((INT64_C(1) << 53) - 1)

/** How deep values may lie in each other: what is deeper is refused. */
enum { DN_VALUE_DEPTH = 2048 };

/**
 * Reads exactly one value in canonical form from @text, which is ended by a NUL at @size; @text is
 * changed and lent to the result. FORMAT with the byte for anything else: an order of members,
 * white space, an escape or a number that dn_value_write() would not have written.
 */
const DnValue *dn_value_parse(DnArena *arena, char *text, size_t size, GError **error);

/** The same of a copy in the arena. */
const DnValue *dn_value_read(DnArena *arena, const char *text, size_t size, GError **error);

/** Appends the canonical form. */
void dn_value_write(GString *out, const DnValue *value);

/** (transfer full) The canonical form. */
char *dn_value_dup_text(const DnValue *value);

/** The order of members: that of UTF-16 code units. */
int dn_value_compare_keys(const char *left, const char *right);

/* --- looking; @object may be NULL or no object: then nothing is in it --- */

const DnValue *dn_value_get(const DnValue *object, const char *key);
/** Lends; NULL when it is absent or no string. */
const char *dn_value_string(const DnValue *object, const char *key);
/** NULL when it is absent or no object, no array. */
const DnValue *dn_value_object(const DnValue *object, const char *key);
const DnValue *dn_value_array(const DnValue *object, const char *key);
int64_t dn_value_int(const DnValue *object, const char *key, int64_t fallback);
bool dn_value_bool(const DnValue *object, const char *key, bool fallback);

static inline bool
dn_value_is(const DnValue *value, DnValueType type)
{
    return value && value->type == type;
}

/** The text of a string, or NULL. */
static inline const char *
dn_value_text(const DnValue *value)
{
    return dn_value_is(value, DN_VALUE_STRING) ? value->text : NULL;
}

/** 0 for what is no array. */
static inline size_t
dn_value_count(const DnValue *array)
{
    return dn_value_is(array, DN_VALUE_ARRAY) ? array->size : 0;
}

static inline const DnValue *
dn_value_at(const DnValue *array, size_t index)
{
    return index < dn_value_count(array) ? array->items[index] : NULL;
}

/* --- making; what is made may be changed until it is handed on --- */

DnValue *dn_value_new_object(DnArena *arena);
DnValue *dn_value_new_array(DnArena *arena);
/** @text is lent. NULL for NULL. */
DnValue *dn_value_new_string(DnArena *arena, const char *text);
DnValue *dn_value_new_int(DnArena *arena, int64_t number);
DnValue *dn_value_new_bool(DnArena *arena, bool value);
/** An object or array of the same members or items; nothing below is copied. An empty one of
 * @type for NULL or what is of another type. */
DnValue *dn_value_copy(DnArena *arena, const DnValue *value, DnValueType type);

/** Sets a member; @key is lent. A NULL @value sets nothing, so that absent stays absent. */
void dn_value_set(DnArena *arena, DnValue *object, const char *key, const DnValue *value);
void dn_value_remove(DnValue *object, const char *key);
void dn_value_append(DnArena *arena, DnValue *array, const DnValue *item);
void dn_value_remove_at(DnValue *array, size_t index);

G_END_DECLS
#endif
