/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * index/gate.c - places and a queue.
 *
 * A place is handed to the first of the queue, which cannot be overtaken by who comes just then.
 */
#include "config.h"
#include "index/gate.h"

#include <stdbool.h>

/* Then somebody is stuck, or there are far too many. */
enum { MOST_WAIT_US = 100000 };

typedef struct {
    GCond admitted;
    bool is_admitted;
} Waiter;

struct DnGate {
    GMutex lock;
    GQueue waiters; /* Waiter, on the stacks of who waits */
    unsigned room;
    unsigned inside;
    gint64 most_us;
};

DnGate *
dn_gate_new(unsigned room, gint64 most_us)
{
    DnGate *self = g_new0(DnGate, 1);

    g_assert(room > 0);
    g_mutex_init(&self->lock);
    g_queue_init(&self->waiters);
    self->room = room;
    self->most_us = most_us;
    return self;
}

void
dn_gate_free(DnGate *self)
{
    if (!self)
        return;
    g_assert(self->inside == 0 && g_queue_is_empty(&self->waiters));
    g_mutex_clear(&self->lock);
    g_free(self);
}

DnGate *
dn_gate_of_process(void)
{
    static gsize made;

    if (g_once_init_enter(&made))
        g_once_init_leave(&made, (gsize)dn_gate_new(g_get_num_processors(), MOST_WAIT_US));
    return (DnGate *)made;
}

void
dn_gate_enter(DnGate *self)
{
    Waiter waiter = {.is_admitted = false};
    gint64 end_us = 0;
    bool in_time = true;

    g_mutex_lock(&self->lock);
    if (self->inside < self->room && g_queue_is_empty(&self->waiters)) {
        self->inside++;
        g_mutex_unlock(&self->lock);
        return;
    }
    g_cond_init(&waiter.admitted);
    end_us = g_get_monotonic_time() + self->most_us;
    g_queue_push_tail(&self->waiters, &waiter);
    while (!waiter.is_admitted && in_time)
        in_time = g_cond_wait_until(&waiter.admitted, &self->lock, end_us);
    if (!waiter.is_admitted) {
        g_queue_remove(&self->waiters, &waiter);
        self->inside++;
    }
    g_mutex_unlock(&self->lock);
    g_cond_clear(&waiter.admitted);
}

void
dn_gate_return(DnGate *self)
{
    g_mutex_lock(&self->lock);
    self->inside++;
    g_mutex_unlock(&self->lock);
}

void
dn_gate_leave(DnGate *self)
{
    g_mutex_lock(&self->lock);
    self->inside--;
    while (self->inside < self->room && !g_queue_is_empty(&self->waiters)) {
        Waiter *first = g_queue_pop_head(&self->waiters);

        first->is_admitted = true;
        self->inside++;
        g_cond_signal(&first->admitted);
    }
    g_mutex_unlock(&self->lock);
}

unsigned
dn_gate_inside(DnGate *self)
{
    unsigned inside = 0;

    g_mutex_lock(&self->lock);
    inside = self->inside;
    g_mutex_unlock(&self->lock);
    return inside;
}

unsigned
dn_gate_waiting(DnGate *self)
{
    unsigned waiting = 0;

    g_mutex_lock(&self->lock);
    waiting = g_queue_get_length(&self->waiters);
    g_mutex_unlock(&self->lock);
    return waiting;
}
