/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * codecs/blank.c - is there print on a page?
 *
 * The back of a sheet that was scanned on both sides, and a sheet put in the wrong way round, have
 * none; a recogniser makes words of their dust. Most pages show it at once: some of their rows
 * cross the strokes of many letters. On the others every connected piece of ink is looked at: what
 * reaches in from the rim of the picture is no print, nor are specks, nor round pieces near an
 * edge, which are the holes of a punch. What shines through from the other side is not dark enough
 * to be ink at all. Three pieces of the size of letters are print, and one that is larger is
 * something that a person should see.
 */
#include "config.h"
#include "codecs/codec.h"
#include "codecs/leptonica.h"

#include <stdlib.h>

enum {
    BLANK_PAPER_PERCENT = 80, /* of the pixels are darker than the paper */
    BLANK_PAPER_LEAST = 48,   /* what is darker is no paper: nobody can say */
    BLANK_ROW_STEP = 4,
    BLANK_STROKE_LEAST_PX = 2,
    BLANK_STROKES = 10, /* of a row through a line of print */
    BLANK_ROWS = 12,    /* of such rows: more than one line has */
    BLANK_LETTERS = 3,
    BLANK_LETTER_LEAST_PX = 5,
    BLANK_RIM_PX = 2,
    BLANK_LARGER = 5, /* times the smallest letter: a picture, a signature, a stamp */
};

#define BLANK_INK 0.85            /* of the paper's light; what shines through is lighter */
#define BLANK_STROKE_MOST 0.05    /* of the width of the page */
#define BLANK_LETTER_SHARE 0.0025 /* of the larger side: 0.7 mm on A4 */
#define BLANK_MARGIN 0.015        /* of a side: crumbs of a rim lie here */
#define BLANK_HOLE_LEAST 0.010    /* of the larger side: 3 mm on A4 */
#define BLANK_HOLE_MOST 0.06
#define BLANK_HOLE_EDGE 0.16   /* of a side: a hole lies so near to its end */
#define BLANK_HOLE_ROUND 0.75  /* smaller side to larger */
#define BLANK_HOLE_CORNER 0.02 /* of a hole's box is ink outside of its ellipse */
#define BLANK_RUNS_MOST 0.02   /* of the pixels begin a run of ink: a picture, or print */

typedef struct {
    const DnPixmap *page;
    uint8_t ink; /* what is darker is ink */
} Blank;

static int
blank_paper(const DnPixmap *page)
{
    uint64_t bins[256] = {0};
    uint64_t count = 0;
    uint64_t seen = 0;
    int level = 0;

    for (uint32_t y = 0; y < page->height_px; y += BLANK_ROW_STEP) {
        const uint8_t *row = dn_pixmap_row(page, y);

        for (uint32_t x = 0; x < page->width_px; x++)
            bins[row[x]]++;
        count += page->width_px;
    }
    while (level < 255 && (seen + bins[level]) * 100 < count * BLANK_PAPER_PERCENT)
        seen += bins[level++];
    return level;
}

/* How many strokes the row crosses; *@runs grows by all pieces of ink on it. */
static unsigned
blank_strokes(const Blank *self, uint32_t y, uint64_t *runs)
{
    const uint8_t *row = dn_pixmap_row(self->page, y);
    uint32_t width = self->page->width_px;
    uint32_t begin = 0;
    unsigned strokes = 0;

    for (uint32_t x = 0; x < width; x++) {
        if (row[x] >= self->ink) {
            begin = x + 1;
            continue;
        }
        if (x + 1 < width && row[x + 1] < self->ink)
            continue;
        (*runs)++;
        strokes +=
            x + 1 - begin >= BLANK_STROKE_LEAST_PX && x + 1 - begin <= BLANK_STROKE_MOST * width;
    }
    return strokes;
}

/* Enough rows that cross letters. */
static bool
blank_has_lines(const Blank *self, uint64_t *runs)
{
    unsigned rows = 0;

    for (uint32_t y = 0; y < self->page->height_px; y += BLANK_ROW_STEP) {
        rows += blank_strokes(self, y, runs) >= BLANK_STROKES;
        if (rows >= BLANK_ROWS)
            return true;
    }
    return false;
}

static bool
blank_is_near(double middle, double side)
{
    return middle <= BLANK_HOLE_EDGE * side || middle >= (1 - BLANK_HOLE_EDGE) * side;
}

/* A disc, or the shadow around one. */
static bool
blank_is_round(const Blank *self, l_int32 x, l_int32 y, l_int32 width, l_int32 height)
{
    unsigned outside = 0;

    if (MIN(width, height) < BLANK_HOLE_ROUND * MAX(width, height))
        return false;
    for (l_int32 dy = 0; dy < height; dy++)
        for (l_int32 dx = 0; dx < width; dx++) {
            double from_x = (dx + 0.5) * 2 / width - 1;
            double from_y = (dy + 0.5) * 2 / height - 1;

            outside += dn_pixmap_row(self->page, (uint32_t)(y + dy))[x + dx] < self->ink &&
                       from_x * from_x + from_y * from_y > 1.2;
        }
    return outside <= BLANK_HOLE_CORNER * width * height;
}

static bool
blank_is_hole(const Blank *self, l_int32 x, l_int32 y, l_int32 width, l_int32 height)
{
    double larger = MAX(self->page->width_px, self->page->height_px);

    return MIN(width, height) >= BLANK_HOLE_LEAST * larger &&
           MAX(width, height) <= BLANK_HOLE_MOST * larger &&
           (blank_is_near(x + width / 2.0, self->page->width_px) ||
            blank_is_near(y + height / 2.0, self->page->height_px)) &&
           blank_is_round(self, x, y, width, height);
}

/* In, or from out of, the rim of the picture. */
static bool
blank_is_rim(const DnPixmap *page, l_int32 x, l_int32 y, l_int32 width, l_int32 height)
{
    double margin_x = BLANK_MARGIN * page->width_px;
    double margin_y = BLANK_MARGIN * page->height_px;

    return x <= BLANK_RIM_PX || y <= BLANK_RIM_PX ||
           x + width + BLANK_RIM_PX >= (l_int32)page->width_px ||
           y + height + BLANK_RIM_PX >= (l_int32)page->height_px || x + width <= margin_x ||
           y + height <= margin_y || x >= page->width_px - margin_x ||
           y >= page->height_px - margin_y;
}

static bool
blank_has_print(const Blank *self, BOXA *pieces)
{
    double larger = MAX(self->page->width_px, self->page->height_px);
    double letter = MAX(BLANK_LETTER_LEAST_PX, BLANK_LETTER_SHARE * larger);
    unsigned letters = 0;

    for (l_int32 i = 0; i < boxaGetCount(pieces); i++) {
        l_int32 x = 0;
        l_int32 y = 0;
        l_int32 width = 0;
        l_int32 height = 0;

        boxaGetBoxGeometry(pieces, i, &x, &y, &width, &height);
        if (MAX(width, height) < letter || blank_is_rim(self->page, x, y, width, height) ||
            blank_is_hole(self, x, y, width, height))
            continue;
        if (++letters >= BLANK_LETTERS || MAX(width, height) >= BLANK_LARGER * letter)
            return true;
    }
    return false;
}

bool
dn_pixmap_is_blank(const DnPixmap *self, bool *out_blank, GError **error)
{
    Blank blank = {.page = self};
    uint64_t runs = 0;
    int paper = 0;

    if (self->format != DN_PIXEL_GRAY8)
        return dn_fail(error, DN_ERROR_INVALID, "print is looked for on a gray page");
    paper = blank_paper(self);
    blank.ink = (uint8_t)(BLANK_INK * paper);
    *out_blank = false;
    if (paper < BLANK_PAPER_LEAST || blank_has_lines(&blank, &runs))
        return true;
    runs = 0;
    for (uint32_t y = 0; y < self->height_px; y++)
        blank_strokes(&blank, y, &runs);
    if ((double)runs > BLANK_RUNS_MOST * self->width_px * self->height_px)
        return true;
    g_autoptr(DnPix) gray = dn_pix_new(self, error);

    if (!gray)
        return false;
    g_autoptr(DnPix) ink = pixThresholdToBinary(gray, blank.ink);
    BOXA *pieces = ink ? pixConnCompBB(ink, 8) : NULL;

    if (!pieces)
        return dn_fail(error, DN_ERROR_LIMIT, "no memory for the pieces of ink on a page");
    *out_blank = !blank_has_print(&blank, pieces);
    boxaDestroy(&pieces);
    return true;
}
