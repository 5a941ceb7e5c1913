/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cli/manifest.h - the table that tells ingest what is known of each file.
 *
 * A CSV with a title row; "file" is required, the other columns are those of dn_typed_names. A
 * table that is malformed as a whole (CSV, titles, cells that are too few or too many) is an error
 * that names every such line. A row whose values are wrong is returned with its problem, so that
 * the other rows are not held up by it.
 */
#ifndef CLI_MANIFEST_H
#define CLI_MANIFEST_H

#include "cli/value.h"

G_BEGIN_DECLS

typedef struct {
    unsigned line;
    char *path;      /* as given, or below the manifest's folder */
    DnTyped *typed;  /* the row's values over the defaults */
    GError *problem; /* (nullable) INVALID, "line 3: date: ..." */
} DnManifestRow;

/** (transfer full) Rows as DnManifestRow. @folder: what relative names are below; @defaults: values
 * of empty cells. FORMAT, INVALID, LIMIT. */
GPtrArray *dn_manifest_parse(const char *text, size_t size, const char *folder,
                             const DnTyped *defaults, const char *currency, GError **error);

/** (transfer full) The same for the file @path. NOT_FOUND, DENIED, IO. */
GPtrArray *dn_manifest_read(const char *path, const DnTyped *defaults, const char *currency,
                            GError **error);

G_END_DECLS
#endif
