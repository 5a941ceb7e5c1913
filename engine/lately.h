/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/lately.h - where the parts of vouchers lay that were opened lately.
 *
 * Who reads one range here and another there finds each part anew: the voucher's state, the place
 * of the blob, two headers. That is as long as opening a fourth of the range, and the answer is the
 * same until the voucher changes. So it is remembered for some hundreds of parts.
 *
 * What is remembered stands in plain in the log and its frames: ids, a place, a header. No key and
 * nothing that was made of one is among it: each reader asks the keyring for its key again, so that
 * a key that was destroyed opens nothing from the next range on. Nor is anything believed: all of
 * it is bound into the tags of what is opened.
 *
 * Threads: any.
 */
#ifndef ENGINE_LATELY_H
#define ENGINE_LATELY_H

#include "base/uuid.h"
#include "engine/seal/envelope.h"
#include "engine/store/store.h"

G_BEGIN_DECLS

typedef struct DnLately DnLately;

/** What was asked for. */
typedef struct {
    DnUuid tenant;
    DnUuid voucher;
    unsigned version; /* 0: the newest */
    DnPart part;
} DnLatelyAsked;

/** What was found: all that a sealed blob is opened with, but its key. */
typedef struct {
    DnSealName name;
    DnStoreRef place;
    uint8_t header[DN_SEALED_HEADER];
} DnBlobFound;

DnLately *dn_lately_new(void);
/** NULL-safe. */
void dn_lately_free(DnLately *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DnLately, dn_lately_free)

/** Asked before a state is read, for dn_lately_add(): what changes after this is newer. */
uint64_t dn_lately_changes(DnLately *self);

bool dn_lately_find(DnLately *self, const DnLatelyAsked *asked, DnBlobFound *out_found);

/** Remembers it, unless any voucher has changed since @changes. */
void dn_lately_add(DnLately *self, const DnLatelyAsked *asked, const DnBlobFound *found,
                   uint64_t changes);

/** A voucher is another from now on. */
void dn_lately_forget(DnLately *self, const DnUuid *voucher);
void dn_lately_forget_all(DnLately *self);

G_END_DECLS
#endif
