/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * worker/normalise.h - from a page as captured to one that can be read: gray, upright, evenly lit,
 * straight.
 */
#ifndef WORKER_NORMALISE_H
#define WORKER_NORMALISE_H

#include "codecs/codec.h"

G_BEGIN_DECLS

/**
 * (transfer full) The page for the recogniser. What was done is appended to @operations (of char *)
 * in order; @out_deskew_degrees says by how much the page was turned last. LIMIT.
 */
DnPixmap *dn_normalise_page(const DnPixmap *captured, unsigned orientation, const DnLimits *limits,
                            GPtrArray *operations, double *out_deskew_degrees, GError **error);

/** True when one part of the GRAY8 page is lit much more than another, as in a photograph; the
 * lamp of a scanner lights all alike. */
bool dn_normalise_is_unevenly_lit(const DnPixmap *page_gray);

G_END_DECLS
#endif
