/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/registry/file.h - a public list as a file that answers at once: number to name and days,
 * name to numbers.
 *
 * What it holds is public, so that it is not sealed; but a verdict rests on it, so that every byte
 * is under a digest, and the digest of them all is what the ledger keeps. Blocks are read with
 * pread() and checked as they are read: a file that is cut under a memory map would end the
 * process, one that is changed is CORRUPT here.
 *
 * docs/format.md, "Public lists", has the bytes. A file is never changed once it has its name.
 *
 * Threads: an open file may be asked by any thread. Memory is the directory, 56 bytes a block of
 * 16 KiB.
 */
#ifndef ENGINE_REGISTRY_FILE_H
#define ENGINE_REGISTRY_FILE_H

#include "engine/registry/list.h"
#include "engine/registry/sorter.h"

G_BEGIN_DECLS

typedef struct DnRegistryFile DnRegistryFile;

/** How a name is folded, so that two spellings of it are one: (transfer full). */
typedef char *(*DnRegistryFold)(const char *name);

/** A time in which the number was (or is) in the list. */
typedef struct {
    uint64_t number;
    int32_t from_days; /* DN_LIST_EVER */
    int32_t to_days;   /* the first day after; DN_LIST_OPEN */
    char *name;        /* owned; "" when it is not told */
} DnRegistryRow;

/** (transfer full) An empty array of DnRegistryRow that frees what it holds. */
GArray *dn_registry_rows_new(void);

/** Puts @row, the @order-th of the list, into @sorter for dn_registry_file_build(). */
bool dn_registry_sort_row(DnSorter *sorter, const DnListRow *row, uint64_t order, GError **error);

typedef struct {
    DnListKind kind;
    const char *dir;      /* for what has to be sorted */
    DnRegistryFile *base; /* (nullable) what the rows change; NULL: they are all there is */
    DnSorter *rows;       /* of dn_registry_sort_row(), not started yet */
    DnRegistryFold fold;
    bool (*progress)(void *user_data); /* (nullable) false: stop, BUSY */
    void *user_data;
} DnRegistryBuild;

typedef struct {
    uint64_t rows;
    uint64_t numbers;
    uint64_t bytes;
    DnSha256 digest;
} DnRegistryTotals;

/** Writes the file to @fd, which is empty, and syncs it. A row replaces what it overlaps of its
 * number. IO, LIMIT, CORRUPT (of the base). */
bool dn_registry_file_build(const DnRegistryBuild *build, int fd, DnRegistryTotals *out_totals,
                            GError **error);

/** Opens @path, which must be the file whose digest is @digest (nullable: any). NOT_FOUND, CORRUPT,
 * UNSUPPORTED (a later version), IO. */
DnRegistryFile *dn_registry_file_open(const char *path, const DnSha256 *digest, GError **error);
void dn_registry_file_close(DnRegistryFile *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DnRegistryFile, dn_registry_file_close)

DnListKind dn_registry_file_kind(const DnRegistryFile *self);
DnSha256 dn_registry_file_digest(const DnRegistryFile *self);

/** Appends to @rows what the list has of @number, the oldest first. CORRUPT, IO. */
bool dn_registry_file_find(DnRegistryFile *self, uint64_t number, GArray *rows, GError **error);

/** Up to @most numbers whose name folds to @folded, in order; a number may be here for another name
 * (one in 2^64): compare. CORRUPT, IO. */
bool dn_registry_file_find_name(DnRegistryFile *self, const char *folded, uint64_t *out_numbers,
                                size_t most, size_t *out_count, GError **error);

/** Reads all of it against its digests. CORRUPT, IO. */
bool dn_registry_file_check(DnRegistryFile *self, GError **error);

G_END_DECLS
#endif
