/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * base/media-type.h - what bytes are, by their first few, for the process that must not decode
 * them.
 */
#ifndef BASE_MEDIA_TYPE_H
#define BASE_MEDIA_TYPE_H

#include "base/error.h"

G_BEGIN_DECLS

#define DN_MEDIA_TYPE_XML "application/xml"

/** The media type of a kind of document that the worker can read ("image/tiff", "image/png",
 * "image/jpeg", "image/heic", "application/pdf", "application/xml" for e-invoices and no other
 * XML), static, or NULL when the bytes look like none of them. A name is never asked. */
const char *dn_media_type_sniff(GBytes *document);

/** The usual file name extension without its dot, static: "pdf", "tif"; "bin" for NULL or unknown.
 */
const char *dn_media_type_extension(const char *media_type);

G_END_DECLS
#endif
