/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * codecs/codec.h - bytes to pages of pixels, one driver a format.
 *
 * Which driver reads a document is decided by its bytes alone: each driver bids the number of bits
 * it recognises at the head, the highest bid wins, a file name is never asked. A driver is one file
 * over one foreign library and runs only inside the worker process.
 *
 * Threads: a document belongs to one thread; different documents may be open in different threads.
 * Ownership: a document keeps a reference on its bytes.
 * Life cycle: dn_document_open, then page calls in any order, then dn_document_close.
 * Errors: FORMAT malformed (with the place), UNSUPPORTED a valid form that is not read here (an
 * encrypted PDF says so), LIMIT a cap of DnLimits (with the figures), EXTERNAL the foreign library
 * failed.
 */
#ifndef CODECS_CODEC_H
#define CODECS_CODEC_H

#include "base/limits.h"
#include "codecs/pixmap.h"
#include <stddef.h>
#include <stdint.h>

G_BEGIN_DECLS

typedef struct DnDocument DnDocument;

/** How much damage a decode forgives. */
typedef enum {
    DN_FAIL_ON_ERROR,     /* keeps what could be decoded of a truncated page, rest white */
    DN_FAIL_ON_TRUNCATED, /* a truncated page is FORMAT */
} DnFailOn;

typedef enum { DN_COLOUR_BILEVEL, DN_COLOUR_GRAY, DN_COLOUR_RGB } DnColour;

/** Cheap facts of one page, as captured, before any orientation is applied. */
typedef struct {
    uint32_t width_px; /* of a rendered page (PDF): at render_dpi */
    uint32_t height_px;
    double dpi_x; /* 0 when the file does not say; 72 from a camera's EXIF is reported as said */
    double dpi_y;
    unsigned
        orientation; /* EXIF and TIFF: 1..8, 1 is upright; 1 where the library has applied it */
    unsigned bits_per_sample;
    DnColour colour;
    bool lossy;    /* the stored form lost information (JPEG) */
    bool rendered; /* no capture: drawn from a page description; a page of a PDF that is one picture
                      is a capture, drawn at its own resolution */
    const char *compression; /* static: "none", "ccitt-g4", "lzw", "jpeg", "deflate" ... */
} DnPageInfo;

/** A box in pixels of the upright page, from its top left corner. */
typedef struct {
    int32_t x;
    int32_t y;
    int32_t width;
    int32_t height;
} DnBox;

/** One character of a text layer. */
typedef struct {
    gunichar character;
    DnBox box; /* pixels of the page as dn_document_decode() gives it */
} DnGlyph;

typedef struct {
    char *name;       /* as the file says; hostile, to be escaped before it is shown */
    char *media_type; /* (nullable) as the file says */
    GBytes *bytes;
} DnAttachment;

void dn_attachment_free(DnAttachment *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DnAttachment, dn_attachment_free)

typedef struct {
    const char *name;       /* "tiff" */
    const char *media_type; /* "image/tiff" */
    /* Bits recognised in the first @size bytes (up to DN_SNIFF_BYTES are given), 0 = not mine. */
    unsigned (*bid)(const uint8_t *head, size_t size);
    DnDocument *(*open)(GBytes *bytes, const DnLimits *limits, GError **error);
    unsigned (*page_count)(const DnDocument *self); /* at least 1, at most limits.max_pages + 1 */
    bool (*header)(DnDocument *self, unsigned page, DnPageInfo *out_info, GError **error);
    /* Pixels as stored: the orientation of the header is NOT applied. */
    DnPixmap *(*decode)(DnDocument *self, unsigned page, DnFailOn fail_on, GError **error);
    void (*close)(DnDocument *self);
    /* Optional (NULL: the format has none): */
    GArray *(*text)(DnDocument *self, unsigned page,
                    GError **error);                             /* of DnGlyph, in reading order */
    GPtrArray *(*attachments)(DnDocument *self, GError **error); /* of DnAttachment */
} DnCodec;

/** First member of every driver's document. */
struct DnDocument {
    const DnCodec *codec;
    GBytes *bytes;
    DnLimits limits;
};

/** For drivers: a zeroed document of @struct_size bytes with its first member filled. A driver's
 * close() frees what the driver added and no more; dn_document_close() frees the rest. */
DnDocument *dn_document_new(const DnCodec *codec, size_t struct_size, GBytes *bytes,
                            const DnLimits *limits);

enum { DN_SNIFF_BYTES = 4096 };

/** The driver with the highest bid, or NULL with UNSUPPORTED: "no codec knows these bytes". Empty
 * bytes are FORMAT. */
const DnCodec *dn_codec_sniff(const uint8_t *head, size_t size, GError **error);

/** All drivers, ended by NULL; for contract tests. */
const DnCodec *const *dn_codec_list(void);

/** Sniffs and opens. LIMIT above limits.max_document_bytes. Pages count from 0. */
DnDocument *dn_document_open(GBytes *bytes, const DnLimits *limits, GError **error);
void dn_document_close(DnDocument *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DnDocument, dn_document_close)

unsigned dn_document_page_count(const DnDocument *self);

/** Facts of @page without decoding it. INVALID for a page that is not there. */
bool dn_document_header(DnDocument *self, unsigned page, DnPageInfo *out_info, GError **error);

/** Pixels of @page as captured: bilevel and gray pages as GRAY8, all others as RGB24. Alpha is
 * flattened on white, CMYK and palettes become RGB, 16 bits 8. */
DnPixmap *dn_document_decode(DnDocument *self, unsigned page, DnFailOn fail_on, GError **error);

/** The text layer of @page: (transfer full) array of DnGlyph, empty when there is none. */
GArray *dn_document_text(DnDocument *self, unsigned page, GError **error);

/** Embedded files: (transfer full) array of DnAttachment, empty when there are none. */
GPtrArray *dn_document_attachments(DnDocument *self, GError **error);

extern const DnCodec dn_codec_tiff;
extern const DnCodec dn_codec_png;
extern const DnCodec dn_codec_jpeg;
extern const DnCodec dn_codec_pdf;
extern const DnCodec dn_codec_heif;

/* Pixel operations, one a file: pixels in, a new pixmap out (transfer full), LIMIT on memory. */

/** codecs/orient.c: applies EXIF orientation 1..8; resolution follows. Other values count as 1. */
DnPixmap *dn_pixmap_orient(const DnPixmap *self, unsigned orientation, const DnLimits *limits,
                           GError **error);

/** The one orientation that does what @first and then @second do. */
unsigned dn_orientation_then(unsigned first, unsigned second);

/** codecs/gray.c: luminance (ITU-R BT.601). */
DnPixmap *dn_pixmap_to_gray(const DnPixmap *self, const DnLimits *limits, GError **error);

/** codecs/seal.c: the same, with red seals lifted off the print below them. @out_seals: how many
 * there were; 0 for a picture without colour. */
DnPixmap *dn_pixmap_lift_seals(const DnPixmap *self, const DnLimits *limits, unsigned *out_seals,
                               GError **error);

/** A sheet in a picture: its corners, clockwise from the one at its top left. A corner is a point
 * between pixels: the picture itself reaches from (0, 0) to (width_px, height_px). */
typedef struct {
    double x[4];
    double y[4];
} DnQuad;

enum { DN_BEND_TERMS = 4, DN_BEND_UNITS = 10 };

/**
 * How lines of print run on a page that does not lie flat. What belongs at column x of the first
 * (last) row lies lower by the sum of the terms of top (bottom) in Legendre's polynomials P1 to P4
 * over the columns from left on, span of them; beyond these as at their end. Between the rows the
 * two are blended.
 */
typedef struct {
    uint32_t width_px; /* of the bent page */
    uint32_t height_px;
    uint32_t left;
    uint32_t span;
    int32_t top[DN_BEND_TERMS]; /* in tenths of a pixel */
    int32_t bottom[DN_BEND_TERMS];
} DnBend;

/** From points of one picture to points of another: a projective map, then, for what was made from
 * a bent page, dn_bend_point() and another projective map. */
typedef struct {
    double m[9]; /* (x, y) goes to (m0 x + m1 y + m2, m3 x + m4 y + m5) / (m6 x + m7 y + m8) */
    bool bent;
    DnBend bend;
    double after[9];
} DnMap;

/** codecs/paper.c: (transfer full) array of DnQuad: the sheets of paper that clearly lie on
 * something darker; empty when there are none or the picture is nothing but a sheet. INVALID for
 * RGB24. */
GArray *dn_pixmap_find_papers(const DnPixmap *self, const DnLimits *limits, GError **error);

/** codecs/columns.c: (transfer full) array of DnQuad: blocks of print of a GRAY8 page in columns
 * that a gap parts from its top to its bottom, column by column; empty when there is one column.
 * INVALID for RGB24. */
GArray *dn_pixmap_find_columns(const DnPixmap *self, const DnLimits *limits, GError **error);

/** codecs/blank.c: *@out_blank: nothing is printed on this GRAY8 page; dust, the holes of a punch,
 * a dark rim and what shines through are not print. In doubt it is not blank. INVALID for RGB24. */
bool dn_pixmap_is_blank(const DnPixmap *self, bool *out_blank, GError **error);

/** codecs/dots.c: (transfer full) a byte a pixel, row by row: 1 where this GRAY8 page is darker
 * than
 * @share of the mean of the square around, which reaches @radius_px to each side. For reduced
 * copies, of up to 2^24 pixels. LIMIT on memory. */
uint8_t *dn_pixmap_dots(const DnPixmap *self, uint32_t radius_px, double share, GError **error);

/** codecs/quantile.c: the gray that @share of the pixels of @area, which lies within this GRAY8
 * page, do not exceed. */
uint8_t dn_pixmap_quantile(const DnPixmap *self, const DnBox *area, double share);

/** codecs/straighten.c: what lies in @quad of a GRAY8 picture as a page of @width_px x @height_px.
 * INVALID for RGB24. */
DnPixmap *dn_pixmap_straighten(const DnPixmap *self, const DnQuad *quad, uint32_t width_px,
                               uint32_t height_px, const DnLimits *limits, GError **error);

/** From a page of @width x @height to the picture in which it is @quad. */
DnMap dn_quad_map(const DnQuad *quad, double width, double height);
/** The mean lengths of its opposite sides. */
void dn_quad_size(const DnQuad *quad, double *out_width, double *out_height);
DnMap dn_map_identity(void);
/** @first and then @second; a page is unbent once, so that not both have a bend. */
DnMap dn_map_then(const DnMap *first, const DnMap *second);
/** @x, @y: a point, which is replaced by where it goes. */
void dn_map_point(const DnMap *self, double *x, double *y);

/** codecs/curl.c: *@out_bent: the lines of print of a GRAY8 page run along curves, as *@out_bend
 * says; it is written only then. Lines that are straight, or so few that nobody knows, are not
 * bent. INVALID for RGB24. */
bool dn_pixmap_find_bend(const DnPixmap *self, const DnLimits *limits, DnBend *out_bend,
                         bool *out_bent, GError **error);

/** codecs/curl.c: a bent GRAY8 page with its lines straight. Rows are added above and below so that
 * nothing is cut off. INVALID for RGB24 and for a bend that is none of this page. */
DnPixmap *dn_pixmap_unbend(const DnPixmap *self, const DnBend *bend, const DnLimits *limits,
                           GError **error);

/** codecs/curl.c: from the page that dn_pixmap_unbend() gives to the bent one; false for what is no
 * bend of a sheet. */
bool dn_bend_map(const DnBend *bend, DnMap *out_map);

/** codecs/curl.c: *@y, in a row of the straight page as long as the bent one, is replaced by where
 * it lies there. */
void dn_bend_point(const DnBend *bend, const double *x, double *y);

/** codecs/scale.c: area average to @width_px x @height_px, resolution follows. */
DnPixmap *dn_pixmap_scale(const DnPixmap *self, uint32_t width_px, uint32_t height_px,
                          const DnLimits *limits, GError **error);

/** codecs/flatten.c: evens the lighting of a GRAY8 photograph: each pixel over the blurred
 * background, paper becomes white. INVALID for RGB24. */
DnPixmap *dn_pixmap_flatten(const DnPixmap *self, const DnLimits *limits, GError **error);

/** codecs/jpeg.c: (transfer full) a baseline JPEG of @quality 1..100. LIMIT. */
GBytes *dn_pixmap_to_jpeg(const DnPixmap *self, int quality, GError **error);

/** codecs/tiff.c: true for a GRAY8 page of nothing but black and white. */
bool dn_pixmap_is_bilevel(const DnPixmap *self);

/** codecs/tiff.c: (transfer full) the codes of ITU-T T.6 for such a page, as a PDF holds them (K
 * -1, black is 0). LIMIT on memory, and where the codes are longer than the pixels. */
GBytes *dn_pixmap_to_g4(const DnPixmap *self, GError **error);

/** codecs/grain.c: true for pixels of a camera or scanner, which do not compress without loss;
 * false for what a program drew, and for black and white. */
bool dn_pixmap_has_grain(const DnPixmap *self);

/**
 * codecs/deskew.c: turns a GRAY8 page by its text lines' angle when that is clear and within 15
 * degrees; INVALID for RGB24. @out_degrees says by how much, counter-clockwise as one looks at the
 * page (0: left as it is; its lines fell to the right by as much). The page grows so that nothing
 * is cut off, and is turned about its middle: what lies at (x, y) from the middle of the result lay
 * at (x cos a - y sin a, x sin a + y cos a) from the middle of @self, with a = @out_degrees.
 */
DnPixmap *dn_pixmap_deskew(const DnPixmap *self, const DnLimits *limits, double *out_degrees,
                           GError **error);

G_END_DECLS
#endif
