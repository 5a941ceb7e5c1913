/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tests/unit/codecs/made.h - small documents of every format, made in memory.
 *
 * All show the same picture: white, with a black rectangle in the upper left quarter and, where the
 * form has colour, a red one in the lower right quarter. So a test knows what it must see.
 */
#ifndef TESTS_UNIT_CODECS_MADE_H
#define TESTS_UNIT_CODECS_MADE_H

#include "codecs/codec.h"

G_BEGIN_DECLS

enum { MADE_WIDTH_PX = 96, MADE_HEIGHT_PX = 64, MADE_DPI = 200 };

/** What a pixel of the picture is, from 0 (black) to 255; @channel 0 red, 1 green, 2 blue. */
uint8_t made_sample(uint32_t x, uint32_t y, unsigned channel);

typedef struct {
    uint16_t photometric;
    uint16_t bits;
    uint16_t samples; /* colours, plus one for alpha */
    uint16_t compression;
    uint16_t orientation; /* 0: not said */
    bool planar;
    bool tiled;
    bool big_endian;
    bool big_tiff;
    bool centimetre;
    unsigned pages;      /* 0 is 1 */
    unsigned thumbnails; /* directories in front of the pages that are none */
} MadeTiff;

/** (transfer full) all makers return whole, valid documents. */
GBytes *made_tiff(const MadeTiff *form);

typedef struct {
    int colour; /* PNG_COLOR_TYPE_... */
    int bits;
    bool interlaced;
    bool transparent_key; /* a tRNS chunk: white is transparent */
    unsigned orientation; /* an eXIf chunk; 0 none */
} MadePng;
GBytes *made_png(const MadePng *form);

typedef struct {
    int components; /* 1, 3 or 4 */
    bool progressive;
    unsigned orientation; /* an EXIF block; 0 none */
    unsigned exif_dpi;    /* in the EXIF block, and then no JFIF density */
} MadeJpeg;
GBytes *made_jpeg(const MadeJpeg *form);

/** The EXIF block alone, with "Exif\0\0" in front. */
GByteArray *made_exif(unsigned orientation, unsigned dpi, bool big_endian);

/** Pages of @width_pt x @height_pt with the picture drawn in points and a line of text. */
GBytes *made_pdf(double width_pt, double height_pt, unsigned pages);

/** A page of @width_pt x @height_pt that is one picture of MADE_WIDTH_PX x MADE_HEIGHT_PX. */
GBytes *made_pdf_scan(double width_pt, double height_pt);

/** NULL when libheif has no encoder for it. */
GBytes *made_heic(void);

/** The first @size bytes of @whole. */
GBytes *made_cut(GBytes *whole, size_t size);

G_END_DECLS
#endif
