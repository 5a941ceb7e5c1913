/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/capsule/container.h - the files of an audit capsule, in one ZIP64 or in a folder.
 *
 * The two forms hold the same files under the same names; SHA256SUMS, written last, names all
 * others.
 *
 * Threads: one at a time. Errors: EXISTS, INVALID (a name), IO, FORMAT, LIMIT.
 */
#ifndef ENGINE_CAPSULE_CONTAINER_H
#define ENGINE_CAPSULE_CONTAINER_H

#include "engine/capsule/spool.h"
#include "engine/capsule/zip.h"

G_BEGIN_DECLS

/* --- writing: memory does not grow with the number of files --- */

typedef struct DnContainer DnContainer;

/** Makes @path, a folder or a file, which must not exist (EXISTS). */
DnContainer *dn_container_create(const char *path, bool folder, GError **error);
/** One file, whole or in pieces: begin, any number of write, end. */
bool dn_container_add(DnContainer *self, const char *name, const void *bytes, size_t size,
                      GError **error);
bool dn_container_begin(DnContainer *self, const char *name, GError **error);
bool dn_container_write(DnContainer *self, const void *bytes, size_t size, GError **error);
bool dn_container_end(DnContainer *self, GError **error);
bool dn_container_add_spool(DnContainer *self, const char *name, DnSpool *spool, GError **error);
/** Copies a spool into the open file. */
bool dn_container_write_spool(DnContainer *self, DnSpool *spool, GError **error);
/** Adds SHA256SUMS and makes all durable. *@out_sums is its digest. Without it dn_container_free()
 * removes what was written. */
bool dn_container_finish(DnContainer *self, DnSha256 *out_sums, GError **error);
uint64_t dn_container_files(const DnContainer *self);
/** Bytes of all files; of a ZIP with what the container adds. */
uint64_t dn_container_bytes(const DnContainer *self);
/** (transfer full) A spool beside the capsule. */
DnSpool *dn_container_spool(const DnContainer *self, GError **error);
void dn_container_free(DnContainer *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DnContainer, dn_container_free)

/* --- reading --- */

typedef struct DnContainerReader DnContainerReader;

/** Reads all files of @path once, and of a ZIP the container too: see dn_zip_open(). */
DnContainerReader *dn_container_open(const char *path, GPtrArray *problems, GError **error);
unsigned dn_container_count(const DnContainerReader *self);
const DnZipFile *dn_container_file(const DnContainerReader *self, unsigned index);
/** Lends the file with that name, or NULL. */
const DnZipFile *dn_container_find(const DnContainerReader *self, const char *name);
/** Lends a file whose bytes have that digest, or NULL. */
const DnZipFile *dn_container_find_digest(DnContainerReader *self, const DnSha256 *digest);
/** (transfer full) Its bytes; LIMIT above @max_bytes. */
GBytes *dn_container_read(const DnContainerReader *self, const DnZipFile *file, uint64_t max_bytes,
                          GError **error);

/** Receives a line without its line feed, ended by NUL; it may be written into. */
typedef bool (*DnLineVisitor)(char *line, size_t size, void *user_data, GError **error);

/** Visits the lines of a file. FORMAT for a last line without line feed, a line with a NUL or one
 * above 64 MiB. */
bool dn_container_lines(const DnContainerReader *self, const DnZipFile *file, DnLineVisitor visit,
                        void *user_data, GError **error);
void dn_container_close(DnContainerReader *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DnContainerReader, dn_container_close)

G_END_DECLS
#endif
