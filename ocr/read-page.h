/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ocr/read-page.h - a page of pixels to its text, in as many passes as it takes.
 *
 * Layout modes fail on different pictures, so a page whose values stay in doubt is read a second
 * time in another mode; the second reading hangs on the first (DnPageText.second) and a value may
 * be taken from either.
 *
 * Threads: as the recogniser's. The same pixels give the same text, unless the deadline ends first.
 */
#ifndef OCR_READ_PAGE_H
#define OCR_READ_PAGE_H

#include "ocr/reading.h"
#include "ocr/recognize.h"

G_BEGIN_DECLS

/**
 * Reads an upright, level GRAY8 page (lighting already evened where it was uneven).
 * @profile: (nullable) what decides whether a value is in doubt; NULL for the default
 * @deadline_ms: for all passes together; 0 for none. When it ends first, what was read by then is
 * given and *@out_complete is false.
 * Boxes are pixels of @page_gray. Errors: as dn_recognizer_page(), and LIMIT on memory.
 */
bool dn_read_page(DnRecognizer *recognizer, const DnPixmap *page_gray, unsigned page,
                  const DnReadingProfile *profile, uint32_t deadline_ms, DnPageText **out_text,
                  bool *out_complete, GError **error);

/** (transfer full) A copy of a GRAY8 page whose dark rim is white, or NULL with LIMIT. Its pixels
 * are freed by dn_pixmap_free(). */
DnPixmap *dn_page_clear_margins(const DnPixmap *page_gray, GError **error);

/** (transfer full) A copy of a GRAY8 page without its ruled lines, or NULL with LIMIT. */
DnPixmap *dn_page_clear_rules(const DnPixmap *page_gray, GError **error);

G_END_DECLS
#endif
