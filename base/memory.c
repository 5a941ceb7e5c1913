/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * base/memory.c - the checked door to large memory.
 */
#include "config.h"
#include "base/memory.h"
#include "base/failpoint.h"

#include <errno.h>
#include <unistd.h>

void *
dn_try_array(size_t count, size_t size, GError **error)
{
    size_t bytes = 0;
    void *block = NULL;

    if (__builtin_mul_overflow(count, size, &bytes))
        return dn_fail_null(error, DN_ERROR_LIMIT, "%zu times %zu bytes do not fit memory", count,
                            size);
    block = DN_FAILPOINT("memory.array") ? NULL : g_try_malloc0(bytes ? bytes : 1);
    if (!block)
        return dn_fail_null(error, DN_ERROR_LIMIT, "no memory for %zu bytes", bytes);
    return block;
}

void *
dn_try_buffer(size_t bytes, GError **error)
{
    void *block = g_try_malloc(bytes ? bytes : 1);

    if (!block)
        return dn_fail_null(error, DN_ERROR_LIMIT, "no memory for %zu bytes", bytes);
    return block;
}

void
dn_clear_fd(int *fd)
{
    if (*fd >= 0) {
        int saved = errno;

        close(*fd);
        errno = saved;
        *fd = -1;
    }
}
