/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/capsule/spool.c - a nameless file behind a buffer.
 */
#include "config.h"
#include "engine/capsule/spool.h"
#include "base/failpoint.h"
#include "base/fs.h"
#include "base/memory.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { STEP_BYTES = 1 << 16 };

struct DnSpool {
    int fd;
    uint64_t written;
    size_t used;
    uint8_t buffer[STEP_BYTES];
};

/* Not every file system knows files without a name. */
static int
open_nameless(const char *dir, GError **error)
{
    int fd = dn_fs_open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

    if (fd >= 0)
        return fd;
    g_autofree char *path = g_build_filename(dir, ".dencho-XXXXXX", NULL);

    fd = DN_FAILPOINT("spool.make") ? -1 : g_mkstemp_full(path, O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0)
        dn_fail_errno(error, "cannot make a file in %s", dir);
    else
        unlink(path);
    return fd;
}

DnSpool *
dn_spool_new(const char *dir, GError **error)
{
    int fd = open_nameless(dir, error);

    if (fd < 0)
        return NULL;
    DnSpool *self = g_new0(DnSpool, 1);

    self->fd = fd;
    return self;
}

void
dn_spool_free(DnSpool *self)
{
    if (!self)
        return;
    dn_clear_fd(&self->fd);
    g_free(self);
}

static bool
flush(DnSpool *self, GError **error)
{
    if (!dn_fs_pwrite_all(self->fd, self->buffer, self->used, self->written, error))
        return false;
    self->written += self->used;
    self->used = 0;
    return true;
}

bool
dn_spool_add(DnSpool *self, const void *bytes, size_t size, GError **error)
{
    const uint8_t *at = bytes;

    while (size > 0) {
        size_t part = MIN(size, STEP_BYTES - self->used);

        memcpy(self->buffer + self->used, at, part);
        self->used += part;
        at += part;
        size -= part;
        if (self->used == STEP_BYTES && !flush(self, error))
            return false;
    }
    return true;
}

bool
dn_spool_add_text(DnSpool *self, const char *text, GError **error)
{
    return dn_spool_add(self, text, strlen(text), error);
}

uint64_t
dn_spool_bytes(const DnSpool *self)
{
    return self->written + self->used;
}

bool
dn_spool_each(DnSpool *self, DnSpoolVisitor visit, void *user_data, GError **error)
{
    uint8_t *step = self->buffer; /* empty once it is flushed */

    if (!flush(self, error))
        return false;
    for (uint64_t at = 0; at < self->written;) {
        size_t part = (size_t)MIN(self->written - at, STEP_BYTES);

        if (!dn_fs_pread_all(self->fd, step, part, at, error) ||
            !visit(step, part, user_data, error))
            return false;
        at += part;
    }
    return true;
}
