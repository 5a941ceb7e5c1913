/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/verify.h - what the files of a verification share.
 *
 *   verify.c         the order of things: vouchers, their bytes and their evidence
 *   verify-chain.c   the ledger: every entry, and every time stamp over it
 *
 * Threads: one calls; the cores that help it touch only what stands under the lock.
 */
#ifndef ENGINE_VERIFY_H
#define ENGINE_VERIFY_H

#include "engine/batch.h"
#include "engine/internal.h"

G_BEGIN_DECLS

typedef struct {
    DnArchive *archive;
    const DnDate *from;
    const DnDate *to;
    DnVerifyDepth depth;
    DnRowVisitor visit;
    DnProgress progress;
    void *user_data;
    uint64_t checked;
    uint64_t stamped;
    uint64_t log_proved; /* without a stamp of their own, entered below a head that has one */
    uint64_t waiting;
    uint64_t failed;
    uint64_t stamped_head; /* seq of the newest head of the ledger that was stamped */
    uint64_t clock_back;   /* entries of an earlier time than the one before */
    uint64_t entries;
    uint64_t opaque;    /* entries of tenants that are closed: nobody can read them */
    uint64_t destroyed; /* blobs whose key has been destroyed */
    uint64_t unrevoked; /* stamped, with proof that no signer of their time stamps was revoked */
    bool accredited;    /* all stamps that were met are */
    GMutex lock;        /* guards the next two while the cores are at work */
    DnBatches *batches;
    GArray *proved;   /* uint64_t place_number(): blobs that were opened and are right */
    GPtrArray *round; /* Job of verify.c */
    gint next;        /* the first job that no thread has taken */
} Verify;

/** Counts a failure and visits its row, with the voucher (nullable) that it is of. */
bool dn_verify_report(Verify *self, const char *voucher, const GError *problem, GError **error);

/** Tells that so many are done. BUSY: it is to stop. */
bool dn_verify_go_on(Verify *self, uint64_t done, GError **error);

/** Checks every entry of every tenant against the one before, the stamped heads against the chain,
 * and its end against what the view knows. */
bool dn_verify_chain(Verify *self, GError **error);

G_END_DECLS
#endif
