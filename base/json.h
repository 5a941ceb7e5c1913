/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * base/json.h - JSON in and out, over jansson.
 *
 * A ledger line is canonical JSON (RFC 8785): one byte string for one value, so that its hash means
 * something. Numbers are integers only, within 53 bits; whatever is fractional (confidence, dpi) is
 * scaled to an integer or written as a string before it enters a ledger.
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include "base/value.h"
#include <jansson.h>
#include <stdint.h>

G_BEGIN_DECLS

G_DEFINE_AUTOPTR_CLEANUP_FUNC(json_t, json_decref)

/** (transfer full) RFC 8785: keys sorted by UTF-16 code units, no white space, shortest escapes.
 * INVALID for a fraction, an integer beyond 2^53 - 1 either way, or a string that is not UTF-8. */
char *dn_json_canonical(const json_t *value, GError **error);

/** The same value for base/value.h; its strings are lent by @value. INVALID as above. */
const DnValue *dn_json_value(DnArena *arena, const json_t *value, GError **error);

/** (transfer full) The same value for jansson. */
json_t *dn_json_of_value(const DnValue *value);

/** (transfer full) One line for a person's tools: keys in the order they were set, UTF-8, fractions
 * allowed, no line break. */
char *dn_json_line(const json_t *value);

/** (transfer full) Parses exactly one value; duplicates of a key are refused. FORMAT with the byte.
 */
json_t *dn_json_parse(const char *text, size_t size, GError **error);

/** Lends a member, or NULL: a missing key, a JSON null and a wrong type are all "absent". */
const char *dn_json_string(const json_t *object, const char *key);
json_t *dn_json_object(const json_t *object, const char *key);
json_t *dn_json_array(const json_t *object, const char *key);
bool dn_json_bool(const json_t *object, const char *key, bool fallback);
int64_t dn_json_int(const json_t *object, const char *key, int64_t fallback);
double dn_json_real(const json_t *object, const char *key, double fallback);
/** A time as dn_clock_format() writes it, in milliseconds of UTC; -1 when there is none. */
int64_t dn_json_time(const json_t *object, const char *key);

/** Sets a member; a NULL string sets nothing, so that absent stays absent. */
void dn_json_set_string(json_t *object, const char *key, const char *text);
void dn_json_set_int(json_t *object, const char *key, int64_t value);
void dn_json_set_bool(json_t *object, const char *key, bool value);
/** (transfer full) @value: NULL sets nothing. */
void dn_json_take(json_t *object, const char *key, json_t *value);

G_END_DECLS
#endif
