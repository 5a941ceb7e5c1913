/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * bench/slowsync.c - preload: every fsync and fdatasync takes SLOWSYNC_US longer.
 *
 * So that a machine with a fast disk can show what group commit gains on a slow one.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>

typedef int (*Sync)(int fd);

static void
linger(void)
{
    const char *text = getenv("SLOWSYNC_US");
    long us = text ? strtol(text, NULL, 10) : 0;
    struct timespec pause = {us / 1000000, us % 1000000 * 1000};

    nanosleep(&pause, NULL);
}

static int
slow(const char *name, int fd)
{
    void *symbol = dlsym(RTLD_NEXT, name);
    Sync real = *(Sync *)(void *)&symbol;

    linger();
    return real(fd);
}

__attribute__((visibility("default"))) int fsync(int fd);
__attribute__((visibility("default"))) int fdatasync(int fd);

int
fsync(int fd)
{
    return slow("fsync", fd);
}

int
fdatasync(int fd)
{
    return slow("fdatasync", fd);
}
