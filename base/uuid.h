/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * base/uuid.h - 16-byte names: UUID version 7 (RFC 9562), which sort by the time they were made.
 */
#ifndef BASE_UUID_H
#define BASE_UUID_H

#include "base/error.h"
#include <stdint.h>

G_BEGIN_DECLS

enum { DN_UUID_BYTES = 16, DN_UUID_TEXT = 36 };

typedef struct {
    uint8_t bytes[DN_UUID_BYTES];
} DnUuid;

/** A new one. Within a process each is greater than the one before, also within a millisecond.
 * Random bits are the operating system's. Thread-safe. */
DnUuid dn_uuid_new(void);

/** (transfer full) "01932b5e-....": 36 lower-case characters. */
char *dn_uuid_text(const DnUuid *self);

/** Either case, with hyphens. FORMAT. */
bool dn_uuid_parse(const char *text, DnUuid *out, GError **error);

/** When it was made, by the clock of who made it. */
int64_t dn_uuid_utc_ms(const DnUuid *self);

bool dn_uuid_equal(const DnUuid *a, const DnUuid *b);

/** For hash tables whose keys are DnUuid. */
guint dn_uuid_hash(gconstpointer self);
gboolean dn_uuid_same(gconstpointer a, gconstpointer b);

G_END_DECLS
#endif
