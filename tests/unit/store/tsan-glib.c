/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tests/unit/store/tsan-glib.c - tells the thread sanitizer what GLib's locks do.
 *
 * GLib builds its locks on futexes and is not instrumented, so the sanitizer would take everything
 * they guard for a race. Here each lock also says "acquired" and "released". Empty in other builds.
 */
#include "config.h"

#include <glib.h>

#ifdef __SANITIZE_THREAD__
#include <dlfcn.h>
#include <stdlib.h>
#include <unistd.h>

void __tsan_acquire(void *address);
void __tsan_release(void *address);

/* GLib's slices hand memory from thread to thread unseen. The setting is read with the first slice,
 * which may be before main(): so the program starts itself again with it. */
__attribute__((constructor)) static void
without_slices(int argc, char **argv)
{
    (void)argc;
    if (!getenv("G_SLICE") && setenv("G_SLICE", "always-malloc", 1) == 0)
        execv("/proc/self/exe", argv);
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

#undef g_once_init_enter
#undef g_once_init_leave

void
g_mutex_lock(GMutex *mutex)
{
    REAL(g_mutex_lock)(mutex);
    __tsan_acquire(mutex);
}

void
g_mutex_unlock(GMutex *mutex)
{
    __tsan_release(mutex);
    REAL(g_mutex_unlock)(mutex);
}

void
g_cond_wait(GCond *cond, GMutex *mutex)
{
    __tsan_release(mutex);
    REAL(g_cond_wait)(cond, mutex);
    __tsan_acquire(mutex);
}

gboolean
g_cond_wait_until(GCond *cond, GMutex *mutex, gint64 end_time)
{
    gboolean woken = FALSE;

    __tsan_release(mutex);
    woken = REAL(g_cond_wait_until)(cond, mutex, end_time);
    __tsan_acquire(mutex);
    return woken;
}

gboolean(g_once_init_enter)(volatile void *location)
{
    gboolean first = REAL(g_once_init_enter)(location);

    __tsan_acquire((void *)(guintptr)location);
    return first;
}

void(g_once_init_leave)(volatile void *location, gsize result)
{
    __tsan_release((void *)(guintptr)location);
    REAL(g_once_init_leave)(location, result);
}
#else
extern int tests_without_tsan;
#endif
