/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/backup.h - a folder of backups: what lies in it, and what the making of one, its check and
 * a restore share. docs/backup.md describes the folder for an operator.
 *
 *   dencho-backup.json       whose backups these are; written first
 *   lock                     one backup at a time; a check or restore keeps it from pruning
 *   log/000001-0-BYTES-SHA   extents of segments, each copied once and shared by all generations
 *   generations/000007.json  a manifest: the generation is there when this file is
 *   generations/000007/      its dencho.conf and keys/
 *   tmp/                     what an interrupted run left; emptied by the next one
 *
 * Names are new, contents synced before they get their names, and the manifest comes last: whatever
 * interrupts a run, the generations before it are untouched. A manifest is authenticated under a
 * key of the archive; it names no tenant but by id. Nothing of the view and no master key is here.
 *
 * Threads: a generation belongs to one thread.
 */
#ifndef ENGINE_BACKUP_H
#define ENGINE_BACKUP_H

#include "engine/internal.h"
#include "engine/store/segment-copy.h"

G_BEGIN_DECLS

/** Bytes of one segment, one file of the pool. */
typedef struct {
    uint32_t segment;
    uint64_t from; /* in the segment */
    uint64_t bytes;
    DnSha256 digest;
} DnExtent;

/** A small file of a generation's own: "dencho.conf", "keys/ID.key". */
typedef struct {
    char *path;
    uint64_t bytes;
    DnSha256 digest;
} DnBackupFile;

/** Where the ledger of a tenant ended. */
typedef struct {
    DnUuid tenant;
    DnLedgerHead head;
} DnBackupHead;

typedef struct {
    uint32_t number; /* from 1 */
    DnUuid archive;
    int64_t at_utc_ms; /* it holds what had been acknowledged then */
    bool checked_all;  /* the whole log was checked when it was made, not only what was copied */
    DnStorePosition end;
    uint64_t entries; /* of all tenants */
    GArray *heads;    /* DnBackupHead, by tenant */
    GArray *extents;  /* DnExtent, by segment and offset */
    GPtrArray *files; /* DnBackupFile, owned */
    GBytes *signed_bytes;
    DnSha256 mac;
    GError *damage; /* why the manifest cannot be used; then all but the number is unset */
} DnGeneration;

DnGeneration *dn_generation_new(void);
void dn_generation_free(DnGeneration *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DnGeneration, dn_generation_free)

/** The sum of its extents. */
uint64_t dn_generation_bytes(const DnGeneration *self);

/** (transfer full) The manifest's text, authenticated by @keys. */
char *dn_generation_write(const DnGeneration *self, DnKeyring *keys, GError **error);

/** CORRUPT unless @keys' archive has written the manifest. */
bool dn_generation_authenticate(const DnGeneration *self, DnKeyring *keys, GError **error);

/** (transfer full) DnGeneration of every manifest in @dest, oldest first, unusable ones too. */
GPtrArray *dn_generations_load(const char *dest, GError **error);

/** (transfer full) "dest/generations/000007" and @suffix. */
char *dn_generation_path(const char *dest, uint32_t number, const char *suffix);

/** (transfer full) Its path in the pool. */
char *dn_extent_path(const char *dest, const DnExtent *extent);

/** Which archive's backups @dest holds. NOT_FOUND when it is no folder of backups. */
bool dn_backup_folder_archive(const char *dest, DnUuid *out_archive, GError **error);

/** Takes the lock of @dest: for writing, or for reading, which a folder that cannot be written to
 * does not need (*@out_fd is then -1). BUSY. */
bool dn_backup_folder_lock(const char *dest, bool write, int *out_fd, GError **error);

/** Opens the file of @extent: it is there and as long as it should be. NOT_FOUND, CORRUPT. */
bool dn_extent_open(const char *dest, const DnExtent *extent, int *out_fd, GError **error);

/* --- what is kept --- */

/** How many of the newest generations, and of the newest ones of each day, week, month and year. */
typedef struct {
    unsigned last;
    unsigned daily;
    unsigned weekly;
    unsigned monthly;
    unsigned yearly;
} DnBackupPolicy;

/** "daily=7,weekly=4": INVALID names the word; NULL is "last=7,daily=7". */
bool dn_backup_policy_parse(const char *text, DnBackupPolicy *out, GError **error);

/** Sets @out_keep[i] for each of the @count times, oldest first. The newest is always kept. Days
 * are days in Japan, weeks begin on Monday. */
void dn_backup_policy_apply(const DnBackupPolicy *policy, const int64_t *at_utc_ms, size_t count,
                            bool *out_keep);

G_END_DECLS
#endif
