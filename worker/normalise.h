/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * worker/normalise.h - from a page as captured to one that can be read: gray, upright, not too
 * large, evenly lit, straight.
 */
#ifndef WORKER_NORMALISE_H
#define WORKER_NORMALISE_H

#include "codecs/codec.h"

G_BEGIN_DECLS

/** How the page that was read lies over the upright page as captured. */
typedef struct {
    double degrees; /* it was turned about its centre by so much, after ... */
    double scale;   /* ... this many pixels as captured became one */
} DnTurn;

/**
 * (transfer full) The page for the recogniser. What was done is appended to @operations (of char *)
 * in order. LIMIT.
 */
DnPixmap *dn_normalise_page(const DnPixmap *captured, unsigned orientation, const DnLimits *limits,
                            GPtrArray *operations, DnTurn *out_turn, GError **error);

/** True when one part of the GRAY8 page is lit much more than another, as in a photograph; the
 * lamp of a scanner lights all alike. */
bool dn_normalise_is_unevenly_lit(const DnPixmap *page_gray);

G_END_DECLS
#endif
