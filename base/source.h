/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * base/source.h - the bytes of one document, whole and unchanging.
 *
 * A source is immutable after it is made, so threads may share it. Codecs see only this: no path,
 * no name, no descriptor. A source of a file is a private copy (nobody who holds the file can
 * change what was hashed); a source of a sealed memory file is mapped.
 */
#ifndef BASE_SOURCE_H
#define BASE_SOURCE_H

#include "base/error.h"
#include <stdint.h>

G_BEGIN_DECLS

/** (transfer full) Reads @fd from its start to its end into memory. LIMIT above @max_bytes, IO. The
 * result may have size 0. The descriptor stays the caller's. */
GBytes *dn_source_read_fd(int fd, uint64_t max_bytes, GError **error);

/** (transfer full) The same for a file: refuses what is not a regular file with INVALID. */
GBytes *dn_source_read_file(const char *path, uint64_t max_bytes, GError **error);

/** (transfer full) Maps a memory file that dn_source_memfd() made. FORMAT when it is not sealed
 * against change, so that the mapping can never shrink under the reader. */
GBytes *dn_source_map_sealed(int fd, uint64_t max_bytes, GError **error);

/** A memory file with a copy of @bytes, sealed against every change; -1 with IO. The caller closes.
 */
int dn_source_memfd(GBytes *bytes, GError **error);

G_END_DECLS
#endif
