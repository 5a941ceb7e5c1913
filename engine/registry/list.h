/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/registry/list.h - the public lists of the National Tax Agency (国税庁), row by row.
 *
 * Two lists are published, each whole and as the difference of a day, as CSV without a header, in
 * UTF-8 or in Shift_JIS (CP932): the corporate numbers (法人番号公表サイト, 30 columns) and the
 * issuers of qualified invoices (適格請求書発行事業者公表サイト, 24 columns). Which of them a file
 * is, and in which characters, is seen from its bytes.
 *
 * Of natural persons only the number, the days and a trade name that they had published are taken,
 * never their name.
 *
 * Threads: one reader belongs to one thread. Memory is a buffer and one row, whatever the file.
 */
#ifndef ENGINE_REGISTRY_LIST_H
#define ENGINE_REGISTRY_LIST_H

#include "base/digest.h"

G_BEGIN_DECLS

typedef enum { DN_LIST_UNKNOWN, DN_LIST_CORPORATIONS, DN_LIST_ISSUERS } DnListKind;

enum { DN_LIST_NAME_BYTES = 600 };

/** Days that are not told. */
#define DN_LIST_EVER INT32_MIN
#define DN_LIST_OPEN INT32_MAX

/** A row. */
typedef struct {
    uint64_t number;     /* 13 digits */
    int32_t from_days;   /* of issuers: first day of the registration; else DN_LIST_EVER */
    int32_t to_days;     /* the first day that it does not hold any more; DN_LIST_OPEN */
    int32_t update_days; /* when the agency changed the row */
    bool removed;        /* the number is in the list no more */
    char name[DN_LIST_NAME_BYTES + 1]; /* NFC, "" when none may be taken */
} DnListRow;

typedef struct DnListReader DnListReader;

/** @fd is lent and read from where it stands. */
DnListReader *dn_list_reader_new(int fd);
void dn_list_reader_free(DnListReader *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DnListReader, dn_list_reader_free)

/** The next row that tells something of a number; *@out_more is false after the last. FORMAT names
 * the row; LIMIT (a field or a row beyond all measure), IO. */
bool dn_list_reader_next(DnListReader *self, DnListRow *out_row, bool *out_more, GError **error);

/** UNKNOWN until a row was read. */
DnListKind dn_list_reader_kind(const DnListReader *self);

/** "corporations", "issuers". */
const char *dn_list_name(DnListKind kind);

/** Bytes taken so far; after the last row those of the file, with their digest. */
uint64_t dn_list_reader_bytes(const DnListReader *self);
DnSha256 dn_list_reader_digest(DnListReader *self);

G_END_DECLS
#endif
