/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ocr/read-page.h - a page of pixels to its text, in as many passes as it takes.
 *
 * Layout modes fail on different pictures, so a page whose values stay in doubt is read a second
 * time in another mode; the second reading hangs on the first (DnPageText.second) and a value may
 * be taken from either.
 *
 * Threads: as the recogniser's. The same pixels give the same text.
 */
#ifndef OCR_READ_PAGE_H
#define OCR_READ_PAGE_H

#include "ocr/reading.h"
#include "ocr/recognize.h"

G_BEGIN_DECLS

/** (transfer full) A copy of a GRAY8 page whose dark rim is white, or NULL with LIMIT. Its pixels
 * are freed by dn_pixmap_free(). */
DnPixmap *dn_page_clear_margins(const DnPixmap *page_gray, GError **error);

G_END_DECLS
#endif
