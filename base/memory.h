/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * base/memory.h - memory whose size comes from outside.
 *
 * GLib's allocators abort; whatever a file or a peer can make large goes through dn_try_array() and
 * ends in LIMIT. Small bookkeeping uses GLib's.
 */
#ifndef BASE_MEMORY_H
#define BASE_MEMORY_H

#include "base/error.h"
#include <stddef.h>

G_BEGIN_DECLS

/** @count zeroed elements of @size bytes, to free with g_free(), or NULL with LIMIT when the
 * product overflows or memory is short. @count and @size may be 0; the result is then still a
 * pointer. */
void *dn_try_array(size_t count, size_t size, GError **error);
/** The same for @bytes bytes that the caller fills before he reads them: they are not zeroed. */
void *dn_try_buffer(size_t bytes, GError **error);

/** Closes *@fd unless it is negative and sets it to -1; keeps errno. */
void dn_clear_fd(int *fd);

#define dn_autofd __attribute__((cleanup(dn_clear_fd)))

/** Hands the descriptor over: returns *@fd and leaves -1 behind. */
static inline int
dn_steal_fd(int *fd)
{
    int value = *fd;

    *fd = -1;
    return value;
}

G_END_DECLS
#endif
