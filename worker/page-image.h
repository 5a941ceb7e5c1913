/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * worker/page-image.h - one page as a picture that any program shows.
 */
#ifndef WORKER_PAGE_IMAGE_H
#define WORKER_PAGE_IMAGE_H

#include "worker/protocol.h"

G_BEGIN_DECLS

/** (transfer full) PNG of page job->page_image (from 1), upright, otherwise as captured. INVALID
 * for a page that is not there; errors of the codecs; LIMIT above limits.max_output_bytes. */
GBytes *dn_page_image(GBytes *document, const DnJob *job, GError **error);

G_END_DECLS
#endif
