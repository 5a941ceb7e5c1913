/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/capsule/folder.h - a capsule as a folder of files, and what is found in one.
 *
 * Threads: one at a time. Errors: EXISTS, IO, FORMAT, LIMIT.
 */
#ifndef ENGINE_CAPSULE_FOLDER_H
#define ENGINE_CAPSULE_FOLDER_H

#include "engine/capsule/zip.h"

G_BEGIN_DECLS

typedef struct DnFolderWriter DnFolderWriter;

/** Makes the folder @path, which must not exist. */
DnFolderWriter *dn_folder_create(const char *path, GError **error);
/** One file after the other, as in engine/capsule/zip.h. */
bool dn_folder_begin(DnFolderWriter *self, const char *name, GError **error);
bool dn_folder_write(DnFolderWriter *self, const void *bytes, size_t size, GError **error);
bool dn_folder_end(DnFolderWriter *self, GError **error);
/** Makes all durable. Without it dn_folder_free() removes the folder. */
bool dn_folder_finish(DnFolderWriter *self, GError **error);
void dn_folder_free(DnFolderWriter *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DnFolderWriter, dn_folder_free)

/** Adds every file below @path to @files (DnZipFile, offset 0), with its digest. What is neither
 * file nor folder is added to @problems and not followed. */
bool dn_folder_scan(const char *path, GPtrArray *files, GPtrArray *problems, GError **error);

G_END_DECLS
#endif
