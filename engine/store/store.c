/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/store/store.c - the calls of store.h, each handed to the driver.
 */
#include "config.h"
#include "engine/store/store.h"

static bool
check_commit(const DnStoreCommit *commit, GError **error)
{
    if (commit->entry_count == 0)
        return dn_fail(error, DN_ERROR_INVALID, "a commit has at least one entry");
    if (commit->entry_count > UINT32_MAX || commit->blob_count > UINT32_MAX)
        return dn_fail(error, DN_ERROR_LIMIT, "too many parts in one commit");
    for (size_t i = 0; i < commit->entry_count; i++)
        if (commit->entries[i].seq != commit->expected_head + 1 + i)
            return dn_fail(error, DN_ERROR_INVALID,
                           "the entries of a commit are numbered from the head on");
    return true;
}

void
dn_store_receipt_clear(DnStoreReceipt *self)
{
    g_clear_pointer(&self->blobs, g_free);
    g_clear_pointer(&self->entries, g_free);
}

bool
dn_store_append(DnStore *self, const DnStoreCommit *commit, DnStoreReceipt *out_receipt,
                GError **error)
{
    return check_commit(commit, error) && self->driver->append(self, commit, out_receipt, error);
}

bool
dn_store_wait(DnStore *self, uint64_t ticket, GError **error)
{
    return self->driver->wait(self, ticket, error);
}

GBytes *
dn_store_read(DnStore *self, const DnStoreRef *ref, GError **error)
{
    return self->driver->read(self, ref, error);
}

DnStorePart *
dn_store_open_part(DnStore *self, const DnStoreRef *ref, GError **error)
{
    return self->driver->open_part(self, ref, false, error);
}

DnStorePart *
dn_store_open_part_again(DnStore *self, const DnStoreRef *ref, GError **error)
{
    return self->driver->open_part(self, ref, true, error);
}

bool
dn_store_part_read(DnStorePart *self, uint64_t offset, uint64_t size, void *out, GError **error)
{
    if (offset > self->size || size > self->size - offset)
        return dn_fail(error, DN_ERROR_INVALID, "the piece ends beyond the stored bytes");
    return self->read(self, offset, size, out, error);
}

void
dn_store_expect(DnStore *self, const DnStoreRef *ref)
{
    if (self->driver->expect)
        self->driver->expect(self, ref);
}

void
dn_store_part_free(DnStorePart *self)
{
    if (self)
        self->free(self);
}

bool
dn_store_each(DnStore *self, const DnStorePosition *from, unsigned flags, DnStoreVisitor visit,
              void *user_data, GError **error)
{
    return self->driver->each(self, from, flags, visit, user_data, error);
}

DnStorePosition
dn_store_end(DnStore *self)
{
    DnStorePosition end = {0, 0};

    self->driver->end(self, &end);
    return end;
}

DnStoreState
dn_store_state(DnStore *self)
{
    DnStoreState state = {0};

    self->driver->state(self, &state);
    return state;
}

bool
dn_store_check(DnStore *self, GPtrArray *problems, GError **error)
{
    return dn_store_check_rest(self, NULL, NULL, problems, error);
}

bool
dn_store_check_rest(DnStore *self, DnStoreVouch vouch, void *user_data, GPtrArray *problems,
                    GError **error)
{
    return self->driver->check(self, vouch, user_data, problems, error);
}

void
dn_store_close(DnStore *self)
{
    if (self)
        self->driver->close(self);
}

int
dn_store_position_compare(const DnStorePosition *a, const DnStorePosition *b)
{
    if (a->segment != b->segment)
        return a->segment < b->segment ? -1 : 1;
    return (a->offset > b->offset) - (a->offset < b->offset);
}
