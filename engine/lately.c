/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/lately.c - some hundreds of places, by voucher.
 *
 * A voucher has one set of places, where those asked for last stand first; the last of a full set
 * goes. Sets are of a fixed size, so that remembering costs the same for ever.
 */
#include "config.h"
#include "engine/lately.h"

#include <string.h>

enum { SETS = 256, PLACES = 4 };

typedef struct {
    bool used;
    DnLatelyAsked asked;
    DnBlobFound found;
} Place;

struct DnLately {
    GMutex lock;
    uint64_t changes;
    Place sets[SETS][PLACES];
};

DnLately *
dn_lately_new(void)
{
    DnLately *self = g_new0(DnLately, 1);

    g_mutex_init(&self->lock);
    return self;
}

void
dn_lately_free(DnLately *self)
{
    if (!self)
        return;
    g_mutex_clear(&self->lock);
    g_free(self);
}

/* The last bytes of an id are random. */
static Place *
set_of(DnLately *self, const DnUuid *voucher)
{
    return self->sets[voucher->bytes[DN_UUID_BYTES - 1] % SETS];
}

static bool
is_same(const DnLatelyAsked *a, const DnLatelyAsked *b)
{
    return dn_uuid_equal(&a->voucher, &b->voucher) && dn_uuid_equal(&a->tenant, &b->tenant) &&
           a->version == b->version && a->part == b->part;
}

/* Puts it before those that stand before @at, which goes. */
static void
put_first(Place *set, size_t at, const Place *place)
{
    memmove(set + 1, set, at * sizeof *set);
    set[0] = *place;
}

uint64_t
dn_lately_changes(DnLately *self)
{
    uint64_t changes = 0;

    g_mutex_lock(&self->lock);
    changes = self->changes;
    g_mutex_unlock(&self->lock);
    return changes;
}

bool
dn_lately_find(DnLately *self, const DnLatelyAsked *asked, DnBlobFound *out_found)
{
    Place *set = set_of(self, &asked->voucher);
    bool found = false;

    g_mutex_lock(&self->lock);
    for (size_t i = 0; !found && i < PLACES; i++)
        if (set[i].used && is_same(&set[i].asked, asked)) {
            Place place = set[i];

            put_first(set, i, &place);
            *out_found = place.found;
            found = true;
        }
    g_mutex_unlock(&self->lock);
    return found;
}

void
dn_lately_add(DnLately *self, const DnLatelyAsked *asked, const DnBlobFound *found,
              uint64_t changes)
{
    Place place = {.used = true, .asked = *asked, .found = *found};
    Place *set = set_of(self, &asked->voucher);
    size_t at = 0;

    g_mutex_lock(&self->lock);
    while (at + 1 < PLACES && set[at].used && !is_same(&set[at].asked, asked))
        at++;
    if (changes == self->changes)
        put_first(set, at, &place);
    g_mutex_unlock(&self->lock);
}

void
dn_lately_forget(DnLately *self, const DnUuid *voucher)
{
    Place *set = set_of(self, voucher);

    g_mutex_lock(&self->lock);
    self->changes++;
    for (size_t i = 0; i < PLACES; i++)
        if (dn_uuid_equal(&set[i].asked.voucher, voucher))
            set[i].used = false;
    g_mutex_unlock(&self->lock);
}

void
dn_lately_forget_all(DnLately *self)
{
    g_mutex_lock(&self->lock);
    self->changes++;
    memset(self->sets, 0, sizeof self->sets);
    g_mutex_unlock(&self->lock);
}
