/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/capsule/zip.h - the container of an audit capsule: ZIP64, stored, one exact form.
 *
 * Every file is stored uncompressed with 64-bit sizes, a fixed date and a UTF-8 name, so a list of
 * files has exactly one byte string (APPNOTE.TXT 6.3.9; any unzip reads it). That is what lets a
 * check name every changed byte, the container's own included.
 */
#ifndef ENGINE_CAPSULE_ZIP_H
#define ENGINE_CAPSULE_ZIP_H

#include "base/digest.h"
#include "base/error.h"

G_BEGIN_DECLS

/* --- writing --- */

typedef struct DnZipWriter DnZipWriter;

/** A name for a file in a capsule: relative, with slashes, without "..", at most 1,000 bytes.
 * INVALID. */
bool dn_zip_check_name(const char *name, GError **error);

/** Makes @path, which must not exist (EXISTS), mode 0600. The directory waits in a spool, so memory
 * does not grow with the number of files. */
DnZipWriter *dn_zip_create(const char *path, GError **error);
/** Adds one file. */
bool dn_zip_add(DnZipWriter *self, const char *name, const void *bytes, size_t size,
                GError **error);
/** The same in pieces: begin, any number of write, end. */
bool dn_zip_begin(DnZipWriter *self, const char *name, GError **error);
bool dn_zip_write(DnZipWriter *self, const void *bytes, size_t size, GError **error);
bool dn_zip_end(DnZipWriter *self, GError **error);
/** Writes the directory and makes all durable. Without it dn_zip_free() removes the file. */
bool dn_zip_finish(DnZipWriter *self, GError **error);
uint64_t dn_zip_bytes(const DnZipWriter *self);
void dn_zip_free(DnZipWriter *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DnZipWriter, dn_zip_free)

/** CRC-32 of ISO 3309 of what @crc was of (0: nothing) and @bytes. */
uint32_t dn_crc32(uint32_t crc, const void *bytes, size_t size);

/* --- reading --- */

/** The digest and the CRC-32 (nullable out) of @size bytes at @offset. */
bool dn_zip_digest(int fd, uint64_t offset, uint64_t size, uint32_t *out_crc, DnSha256 *out_sha256,
                   GError **error);

typedef struct {
    char *name;
    uint64_t offset; /* of its bytes */
    uint64_t size;
    DnSha256 sha256;
} DnZipFile;

typedef struct DnZipReader DnZipReader;

/** Reads all of @path once: every file's digest, and the container compared with its one exact
 * form. Findings ("byte 812, in the header of originals/0001.pdf:
 * ...") are added to @problems; false only when it is no such container at all (FORMAT) or cannot
 * be read. */
DnZipReader *dn_zip_open(const char *path, GPtrArray *problems, GError **error);
unsigned dn_zip_count(const DnZipReader *self);
const DnZipFile *dn_zip_file(const DnZipReader *self, unsigned index);
/** Lends the file with that name, or NULL. */
const DnZipFile *dn_zip_find(const DnZipReader *self, const char *name);
/** (transfer full) Its bytes; LIMIT above @max_bytes. */
GBytes *dn_zip_read(DnZipReader *self, const DnZipFile *file, uint64_t max_bytes, GError **error);
/** Lends the descriptor that its files' offsets count in. */
int dn_zip_fd(const DnZipReader *self);
void dn_zip_file_free(DnZipFile *file);
void dn_zip_close(DnZipReader *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DnZipReader, dn_zip_close)

G_END_DECLS
#endif
