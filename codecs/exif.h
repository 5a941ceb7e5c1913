/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * codecs/exif.h - how a camera held the page, and at what resolution.
 *
 * For the drivers only. Pure apart from libexif; damaged EXIF is no EXIF, never an error.
 */
#ifndef CODECS_EXIF_H
#define CODECS_EXIF_H

#include <glib.h>
#include <stddef.h>
#include <stdint.h>

G_BEGIN_DECLS

/** Units of a resolution, with the numbers that TIFF and EXIF give them. */
enum { DN_EXIF_UNIT_NONE = 1, DN_EXIF_UNIT_INCH = 2, DN_EXIF_UNIT_CENTIMETRE = 3 };

typedef struct {
    unsigned orientation; /* 1..8 */
    double dpi_x;         /* 0 when not said */
    double dpi_y;
} DnExif;

/** Reads an EXIF block, with or without the "Exif\0\0" in front of its TIFF header. */
DnExif dn_exif_read(const uint8_t *bytes, size_t size);

/** @value per @unit as dots per inch; 0 for no unit and for what no device has. */
double dn_exif_dpi(double value, unsigned unit);

/** Orientation @value when it is one, otherwise 1. */
static inline unsigned
dn_exif_orientation(unsigned value)
{
    return value >= 1 && value <= 8 ? value : 1;
}

G_END_DECLS
#endif
