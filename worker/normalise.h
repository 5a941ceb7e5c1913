/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * worker/normalise.h - from a page as captured to one that can be read: gray, upright, without what
 * lies around the paper, not too large, evenly lit, straight.
 *
 * What was done is appended to a list of operations in order, with all figures, so that it can be
 * done again from the captured page:
 *
 *   gray without seals          codecs/seal.c
 *   gray                        codecs/gray.c       orient N     codecs/orient.c, EXIF 1..8
 *   scale WxH                   codecs/scale.c      flatten      codecs/flatten.c
 *   straighten X,Y X,Y X,Y X,Y to WxH   codecs/straighten.c, the corners in pixels of the page that
 *                               the operation found  deskew D     codecs/deskew.c, degrees
 *   curl X+W A,B,C,D E,F,G,H    codecs/curl.c: the columns with print, W from X on; by how many
 *                               pixels what belongs to their first and last row lies lower, as the
 *                               terms P1 to P4 of a sum of Legendre's polynomials
 *
 * Pure. Errors: LIMIT.
 */
#ifndef WORKER_NORMALISE_H
#define WORKER_NORMALISE_H

#include "codecs/codec.h"

G_BEGIN_DECLS

/** (transfer full) @captured as gray, turned upright by @orientation (EXIF 1..8). */
DnPixmap *dn_normalise_upright(const DnPixmap *captured, unsigned orientation,
                               const DnLimits *limits, GPtrArray *operations, GError **error);

/**
 * (transfer full) The page for the recogniser: what lies in @area (NULL: all) of the gray, upright
 * page. *@out_map leads from its points to those of @upright.
 */
DnPixmap *dn_normalise_page(const DnPixmap *upright, const DnQuad *area, const DnLimits *limits,
                            GPtrArray *operations, DnMap *out_map, GError **error);

/** (transfer full) The part @area of a page that dn_normalise_page() gave, its corners on whole
 * pixels. *@map, which led from the page, leads from the part. */
DnPixmap *dn_normalise_part(const DnPixmap *page, const DnQuad *area, const DnLimits *limits,
                            GPtrArray *operations, DnMap *map, GError **error);

/** True when one part of the GRAY8 page is lit much more than another, as in a photograph; the
 * lamp of a scanner lights all alike. */
bool dn_normalise_is_unevenly_lit(const DnPixmap *page_gray);

G_END_DECLS
#endif
