/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/export.h - what the files of an export share.
 *
 *   export.c           the order of things: vouchers, ledger, what belongs to all
 *   export-voucher.c   one voucher: its documents, its evidence, its row in each list
 *   export-front.c     what a reader opens first: README, counts, code tables, manifest
 */
#ifndef ENGINE_EXPORT_H
#define ENGINE_EXPORT_H

#include "engine/batch.h"
#include "engine/capsule/container.h"
#include "engine/capsule/sheet.h"
#include "engine/internal.h"

G_BEGIN_DECLS

enum { DN_EXPORT_BATCHES = 8 }; /* batches kept in memory; one of 10,000 leaves takes 3 MiB */

typedef struct {
    DnArchive *archive;
    const DnExport *options;
    DnContainer *container;
    DnTrust *trust;
    DnBatches *batches;
    GHashTable *batches_written; /* seq of each, and of each entry on revocations */
    GQueue batches_loaded;       /* seq, the latest first */
    GArray *ids;                 /* DnUuid of the vouchers chosen, in order of arrival */
    int digits;                  /* of a serial */
    bool complete;               /* every voucher of the tenant */
    DnLedgerHead head;           /* of the ledger when the export began */

    DnSheet *index;
    DnSheet *history;
    DnSpool *vouchers;
    DnSpool *entries;
    DnSpool *documents;
    DnSpool *page;
    DnSpool *commands;   /* that check a time stamp */
    DnSpool *proofs;     /* that check whether a signer was revoked */
    GHashTable *parties; /* "number\nname" -> count */

    uint64_t done;
    uint64_t versions;
    uint64_t stamped;
    uint64_t deleted;
    uint64_t entry_count;
    uint64_t renditions;
    uint64_t texts;
    DnProgress progress;
    void *user_data;
} Export;

/** Adds the documents, evidence and rows of the next voucher. */
bool dn_export_voucher(Export *self, const DnUuid *id, GError **error);

/** Adds the files of an entry of evidence: of a time stamp that no voucher's record has brought in,
 * of proofs on a signer. */
bool dn_export_stamp(Export *self, const json_t *entry, GError **error);

/** Adds a blob as a file. */
bool dn_export_blob(Export *self, const json_t *ref, DnPart part, const char *name, GError **error);

/** Adds what is made when all vouchers are in. */
bool dn_export_front(Export *self, const DnSearch *search, GError **error);

/** True to go on; BUSY when a person has asked to stop. */
bool dn_export_step(Export *self, GError **error);

G_END_DECLS
#endif
