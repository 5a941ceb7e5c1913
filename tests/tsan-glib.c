/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tests/tsan-glib.c - tells the thread sanitizer what GLib's locks order.
 *
 * GLib's mutexes are futexes of its own, in a library that is not instrumented: the sanitizer sees
 * what they guard and not them, and calls each guarded access a race. With
 * --enable-sanitize=thread these functions stand before GLib's: each calls GLib's and says what was
 * locked, or whose work is seen from here on. Nothing of this is in another build.
 */
#include "config.h"

#include <dlfcn.h>
#include <glib.h>
#include <sanitizer/tsan_interface.h>
#include <stdlib.h>
#include <unistd.h>

/* GLib's slices hand memory from thread to thread unseen. The setting is read with the first slice,
 * which may be before main(): so the program starts itself again with it. */
__attribute__((constructor)) static void
without_slices(int argc, char **argv)
{
    (void)argc;
    if (!getenv("G_SLICE") && setenv("G_SLICE", "always-malloc", 1) == 0)
        execv("/proc/self/exe", argv);
}

/* Looked up at each call: a pointer kept in a static would want a lock itself. */
#define REAL(name) ((__typeof__(&(name)))dlsym(RTLD_NEXT, #name))

void(g_mutex_lock)(GMutex *mutex)
{
    REAL(g_mutex_lock)(mutex);
    __tsan_acquire(mutex);
}

gboolean(g_mutex_trylock)(GMutex *mutex)
{
    gboolean is_locked = REAL(g_mutex_trylock)(mutex);

    if (is_locked)
        __tsan_acquire(mutex);
    return is_locked;
}

void(g_mutex_unlock)(GMutex *mutex)
{
    __tsan_release(mutex);
    REAL(g_mutex_unlock)(mutex);
}

/* Waiting gives the mutex away and takes it again. */
void(g_cond_wait)(GCond *cond, GMutex *mutex)
{
    __tsan_release(mutex);
    REAL(g_cond_wait)(cond, mutex);
    __tsan_acquire(mutex);
}

gboolean(g_cond_wait_until)(GCond *cond, GMutex *mutex, gint64 end_time)
{
    gboolean is_signalled = FALSE;

    __tsan_release(mutex);
    is_signalled = REAL(g_cond_wait_until)(cond, mutex, end_time);
    __tsan_acquire(mutex);
    return is_signalled;
}

gboolean(g_once_init_enter)(volatile void *location)
{
    gboolean is_first = REAL(g_once_init_enter)(location);

    __tsan_acquire((void *)location);
    return is_first;
}

/* Who reads @location by g_atomic_pointer_get() sees all that was done before it was set. */
void(g_once_init_leave)(volatile void *location, gsize result)
{
    __tsan_release((void *)location);
    REAL(g_once_init_leave)(location, result);
}

/* --- pools: what was done before a push is seen by who works on it, and its work by who frees ---
 */

typedef struct {
    GFunc work;
    void *user_data;
} Pooled;

static void
work_pooled(void *data, void *user_data)
{
    Pooled *self = user_data;

    __tsan_acquire(data);
    self->work(data, self->user_data);
    __tsan_release(self);
}

GThreadPool *(g_thread_pool_new)(GFunc work, void *user_data, gint max_threads, gboolean exclusive,
                                 GError **error)
{
    Pooled *self = g_new0(Pooled, 1);
    GThreadPool *pool;

    self->work = work;
    self->user_data = user_data;
    pool = REAL(g_thread_pool_new)(work_pooled, self, max_threads, exclusive, error);
    if (!pool)
        g_free(self);
    return pool;
}

gboolean(g_thread_pool_push)(GThreadPool *pool, void *data, GError **error)
{
    __tsan_release(data);
    return REAL(g_thread_pool_push)(pool, data, error);
}

void(g_thread_pool_free)(GThreadPool *pool, gboolean immediate, gboolean wait)
{
    Pooled *self = pool->user_data;

    REAL(g_thread_pool_free)(pool, immediate, wait);
    if (!wait)
        return;
    __tsan_acquire(self);
    g_free(self);
}
