/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/store/fault.c - a driver that fails on purpose, around a real one.
 *
 * A failure here is what a failing disk gives: everything that is not durable fails with it, by the
 * inner driver's own undoing. So a caller that survives this survives the real thing.
 */
#include "config.h"
#include "engine/store/store.h"

#include <string.h>

typedef struct {
    DnStore base;
    DnStore *inner; /* owned */
    GMutex lock;
    unsigned append_in; /* calls until the failure, 0: none */
    unsigned wait_in;
} FaultStore;

static const DnStoreDriver fault_driver;

static FaultStore *
fault_store(DnStore *store)
{
    g_assert(store->driver == &fault_driver);
    return (FaultStore *)store;
}

static bool
is_due(FaultStore *self, unsigned *countdown)
{
    bool due = false;

    g_mutex_lock(&self->lock);
    due = *countdown > 0 && --*countdown == 0;
    g_mutex_unlock(&self->lock);
    return due;
}

static bool
fault_append(DnStore *store, const DnStoreCommit *commit, DnStoreReceipt *out_receipt,
             GError **error)
{
    FaultStore *self = fault_store(store);

    if (!is_due(self, &self->append_in))
        return dn_store_append(self->inner, commit, out_receipt, error);
    return self->inner->driver->abandon(self->inner, error) &&
           dn_fail(error, DN_ERROR_IO, "the write failed, as asked");
}

static bool
fault_wait(DnStore *store, uint64_t ticket, GError **error)
{
    FaultStore *self = fault_store(store);

    if (!is_due(self, &self->wait_in))
        return dn_store_wait(self->inner, ticket, error);
    if (!self->inner->driver->abandon(self->inner, error))
        return false;
    if (!dn_store_wait(self->inner, ticket, error))
        return false;
    dn_store_fault_next(store, "wait", 1); /* it was durable before; the next one then */
    return true;
}

static GBytes *
fault_read(DnStore *store, const DnStoreRef *ref, GError **error)
{
    return dn_store_read(fault_store(store)->inner, ref, error);
}

static DnStorePart *
fault_open_part(DnStore *store, const DnStoreRef *ref, bool seen, GError **error)
{
    DnStore *inner = fault_store(store)->inner;

    return inner->driver->open_part(inner, ref, seen, error);
}

static void
fault_expect(DnStore *store, const DnStoreRef *ref)
{
    dn_store_expect(fault_store(store)->inner, ref);
}

static bool
fault_each(DnStore *store, const DnStorePosition *from, unsigned flags, DnStoreVisitor visit,
           void *user_data, GError **error)
{
    return dn_store_each(fault_store(store)->inner, from, flags, visit, user_data, error);
}

static void
fault_end(DnStore *store, DnStorePosition *out_end)
{
    *out_end = dn_store_end(fault_store(store)->inner);
}

static void
fault_state(DnStore *store, DnStoreState *out_state)
{
    *out_state = dn_store_state(fault_store(store)->inner);
}

static bool
fault_check(DnStore *store, DnStoreVouch vouch, void *user_data, GPtrArray *problems,
            GError **error)
{
    return dn_store_check_rest(fault_store(store)->inner, vouch, user_data, problems, error);
}

static bool
fault_abandon(DnStore *store, GError **error)
{
    DnStore *inner = fault_store(store)->inner;

    return inner->driver->abandon(inner, error);
}

static void
fault_close(DnStore *store)
{
    FaultStore *self = fault_store(store);

    dn_store_close(self->inner);
    g_mutex_clear(&self->lock);
    g_free(self);
}

static const DnStoreDriver fault_driver = {
    .name = "fault",
    .append = fault_append,
    .wait = fault_wait,
    .read = fault_read,
    .open_part = fault_open_part,
    .each = fault_each,
    .end = fault_end,
    .state = fault_state,
    .check = fault_check,
    .close = fault_close,
    .expect = fault_expect,
    .abandon = fault_abandon,
};

DnStore *
dn_store_open_fault(DnStore *inner)
{
    FaultStore *self = g_new0(FaultStore, 1);

    g_assert(inner->driver->abandon);
    self->base.driver = &fault_driver;
    self->inner = inner;
    g_mutex_init(&self->lock);
    return &self->base;
}

void
dn_store_fault_next(DnStore *store, const char *call, unsigned nth)
{
    FaultStore *self = fault_store(store);

    g_assert(strcmp(call, "append") == 0 || strcmp(call, "wait") == 0);
    g_mutex_lock(&self->lock);
    if (strcmp(call, "append") == 0)
        self->append_in = nth;
    else
        self->wait_in = nth;
    g_mutex_unlock(&self->lock);
}
