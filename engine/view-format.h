/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/view-format.h - small values of the view as bytes. All integers are big-endian.
 */
#ifndef ENGINE_VIEW_FORMAT_H
#define ENGINE_VIEW_FORMAT_H

#include "engine/store/store.h"

G_BEGIN_DECLS

enum { DN_VIEW_REF_BYTES = 20 };

static inline void
dn_put_be(uint8_t *to, uint64_t value, unsigned size)
{
    for (unsigned i = 0; i < size; i++)
        to[i] = (uint8_t)(value >> (8 * (size - 1 - i)));
}

static inline uint64_t
dn_get_be(const uint8_t *from, unsigned size)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < size; i++)
        value = value << 8 | from[i];
    return value;
}

static inline void
dn_view_format_ref(const DnStoreRef *ref, uint8_t *to)
{
    dn_put_be(to, ref->segment, 4);
    dn_put_be(to + 4, ref->offset, 8);
    dn_put_be(to + 12, ref->size, 8);
}

static inline bool
dn_view_parse_ref(GBytes *row, DnStoreRef *out_ref, GError **error)
{
    size_t size = 0;
    const uint8_t *bytes = (const uint8_t *)g_bytes_get_data(row, &size);

    if (size != DN_VIEW_REF_BYTES)
        return dn_fail(error, DN_ERROR_CORRUPT, "the view holds a place of %zu bytes; rebuild it",
                       size);
    *out_ref = (DnStoreRef){.segment = (uint32_t)dn_get_be(bytes, 4),
                            .offset = dn_get_be(bytes + 4, 8),
                            .size = dn_get_be(bytes + 12, 8)};
    return true;
}

G_END_DECLS
#endif
