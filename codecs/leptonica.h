/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * codecs/leptonica.h - pixmaps as Leptonica has them, for the operations that it brings.
 *
 * Leptonica allocates as it pleases; a caller has checked the size of its page against the limits,
 * and the worker's memory is capped as a whole. NULL of Leptonica is LIMIT: it fails on pages that
 * were checked only for want of memory.
 */
#ifndef CODECS_LEPTONICA_H
#define CODECS_LEPTONICA_H

#include "codecs/codec.h"

#include <leptonica/allheaders.h>

G_BEGIN_DECLS

/** (transfer full) A GRAY8 page with 8 bits a pixel. LIMIT. */
PIX *dn_pix_new(const DnPixmap *gray, GError **error);

/** (transfer full) A page of 8 bits a pixel, or of 1 (1 is black), with the resolution of @like.
 * LIMIT, also for @pix NULL. */
DnPixmap *dn_pix_to_pixmap(PIX *pix, const DnPixmap *like, const DnLimits *limits, GError **error);

static inline void
dn_pix_free(PIX *pix)
{
    pixDestroy(&pix);
}
typedef PIX DnPix;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DnPix, dn_pix_free)

G_END_DECLS
#endif
