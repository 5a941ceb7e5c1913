/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/reserve.c - space that is kept back, so that an archive on a full disk can be closed.
 *
 * The file "reserve" holds blocks and no content. The first write that fails gives them to the file
 * system; from then on commits are refused, before they seal anything, until the blocks can be had
 * again. So what is left when the disk is full goes to the view, the mark and the witness of a
 * clean close, and not to half of one more document.
 */
#include "config.h"
#include "base/failpoint.h"
#include "base/fs.h"
#include "base/memory.h"
#include "engine/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { RESERVE_BYTES = 8 << 20, BLOCK = 512 };

static int
allocate(int fd)
{
    struct stat st;

    if (DN_FAILPOINT("reserve.allocate"))
        return -1;
    if (fstat(fd, &st) == 0 && st.st_size == RESERVE_BYTES &&
        (uint64_t)st.st_blocks * BLOCK >= RESERVE_BYTES)
        return 0;
    if (fallocate(fd, 0, 0, RESERVE_BYTES) == 0)
        return 0;
    /* A file system that cannot keep space back: closing then has to do with what there is. */
    return errno == EOPNOTSUPP || errno == ENOSYS ? 0 : -1;
}

/* Under reserve_lock. */
static bool
take(DnArchive *self, GError **error)
{
    g_autofree char *path = g_build_filename(self->dir, "reserve", NULL);
    dn_autofd int fd = dn_fs_open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    int saved = 0;

    if (fd >= 0 && allocate(fd) == 0) {
        self->reserved = true;
        return true;
    }
    saved = errno;
    unlink(path);
    if (saved != ENOSPC && saved != EDQUOT && saved != EFBIG) {
        errno = saved;
        return dn_fail_errno(error, "cannot write %s", path);
    }
    return dn_fail(
        error, DN_ERROR_IO,
        "the disk is full: free %d MB or more; until then nothing new is taken, and what "
        "is stored can be read",
        RESERVE_BYTES >> 20);
}

bool
dn_reserve_take(DnArchive *self, GError **error)
{
    DN_LOCKED(&self->reserve_lock);

    return self->reserved || take(self, error);
}

void
dn_reserve_release(DnArchive *self)
{
    g_autofree char *path = g_build_filename(self->dir, "reserve", NULL);
    DN_LOCKED(&self->reserve_lock);

    g_autoptr(GError) problem = NULL;

    if (!dn_fs_unlink(path, &problem))
        g_debug("the reserve cannot be released: %s", problem->message);
    self->reserved = false;
}

void
dn_reserve_release_if_low(DnArchive *self)
{
    struct statvfs disk;

    if (statvfs(self->dir, &disk) == 0 &&
        (uint64_t)disk.f_bavail * disk.f_frsize < (uint64_t)RESERVE_BYTES)
        dn_reserve_release(self);
}
