/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * codecs/paper.c - where in a picture the sheets of paper lie.
 *
 * A photograph shows a desk, a cloth or a hand around the paper, a mount sheet several receipts. On
 * a much reduced copy everything lighter than a threshold (Otsu's) is taken for paper, print is
 * closed up, specks are opened away, and each region that is left is held against what a sheet is:
 * four straight sides, filled, light inside and darker outside along each side that is not the rim
 * of the picture. What is no clear sheet is none: a page that is read with its desk is read worse,
 * a page of which a part was cut away is not read at all.
 */
#include "config.h"
#include "codecs/codec.h"

#include "base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    PAPER_SIDE_PX = 400,  /* larger side of the reduced copy */
    PAPER_CLOSE_PX = 4,   /* print within paper is lighter than nothing after closing by this */
    PAPER_OPEN_PX = 3,    /* what is thinner is no paper */
    PAPER_RIM_PX = 3,     /* a side this near to the rim of the picture has no outside */
    PAPER_STEP_PX = 5,    /* how far in and out of a side its two lights are compared */
    PAPER_HULL_MOST = 36, /* corners of a hull that are tried as corners of a sheet */
    PAPER_SIDE_SAMPLES = 48,
    PAPER_LEAST_PIXELS = 600, /* a region with fewer is a speck */
    PAPER_THRESHOLDS = 2,
};

#define PAPER_LEAST_SHARE 0.03  /* of the picture */
#define PAPER_LEAST_FILLED 0.90 /* of the four-sided figure is paper */
#define PAPER_LEAST_STEP 14     /* levels from outside to inside */
#define PAPER_LEAST_SIDE 0.80   /* of a side shows that step */
#define PAPER_LEAST_SINE 0.80   /* of each corner's angle: 53 to 127 degrees */
#define PAPER_WHOLE 0.97        /* a sheet of so much of the picture is the picture */

typedef struct {
    double x;
    double y;
} Point;

typedef struct {
    const DnPixmap *small;
    uint8_t *mask;
    uint8_t *spare;
    uint32_t *labels; /* of the regions, 0: none */
    uint32_t *stack;
    int width;
    int height;
} Search;

/* ---- the mask ---- */

/* Otsu's threshold among the levels from @least on: the best parting of the two classes. */
static int
paper_threshold(const DnPixmap *page, int least)
{
    double bins[256] = {0};
    double count = 0;
    double sum = 0;
    double below = 0;
    double below_sum = 0;
    double best = -1;
    int threshold = 255;

    for (size_t i = 0; i < (size_t)page->width_px * page->height_px; i++)
        bins[page->data[i]]++;
    for (int i = least; i < 256; i++) {
        count += bins[i];
        sum += bins[i] * i;
    }
    for (int i = least; i < 256; i++) {
        below += bins[i];
        below_sum += bins[i] * i;
        if (below == 0 || below == count)
            continue;
        double apart = below_sum / below - (sum - below_sum) / (count - below);
        double between = below * (count - below) * apart * apart;

        if (between > best) {
            best = between;
            threshold = i;
        }
    }
    return threshold;
}

/* The largest (or smallest) value within @radius along one line, from @from to @to. */
static void
paper_spread_line(const uint8_t *from, uint8_t *to, int count, int step, int radius, uint8_t wins)
{
    int last = -radius - 1; /* where a winner was seen last, looking ahead by the radius */

    for (int i = -radius; i < count; i++) {
        if (i + radius < count && from[(ptrdiff_t)(i + radius) * step] == wins)
            last = i + radius;
        if (i >= 0)
            to[(ptrdiff_t)i * step] = last >= i - radius ? wins : !wins;
    }
}

/* Every pixel with one of value @wins in the square around it becomes @wins. */
static void
paper_spread(Search *self, int radius, uint8_t wins)
{
    for (int y = 0; y < self->height; y++)
        paper_spread_line(self->mask + (ptrdiff_t)y * self->width,
                          self->spare + (ptrdiff_t)y * self->width, self->width, 1, radius, wins);
    for (int x = 0; x < self->width; x++)
        paper_spread_line(self->spare + x, self->mask + x, self->height, self->width, radius, wins);
}

static void
paper_mask(Search *self, int threshold)
{
    for (int i = 0; i < self->width * self->height; i++)
        self->mask[i] = self->small->data[i] > threshold;
    paper_spread(self, PAPER_CLOSE_PX, 1);
    paper_spread(self, PAPER_CLOSE_PX + PAPER_OPEN_PX, 0);
    paper_spread(self, PAPER_OPEN_PX, 1);
}

/* Marks the region of @start with @label; how many pixels it has. */
static size_t
paper_flood(Search *self, uint32_t start, uint32_t label)
{
    size_t depth = 0;
    size_t count = 0;

    self->stack[depth++] = start;
    self->labels[start] = label;
    while (depth > 0) {
        uint32_t at = self->stack[--depth];
        int x = (int)(at % (uint32_t)self->width);
        int y = (int)(at / (uint32_t)self->width);
        const int steps[4][2] = {{x - 1, y}, {x + 1, y}, {x, y - 1}, {x, y + 1}};

        count++;
        for (int i = 0; i < 4; i++) {
            if (steps[i][0] < 0 || steps[i][0] >= self->width || steps[i][1] < 0 ||
                steps[i][1] >= self->height)
                continue;
            uint32_t next = (uint32_t)(steps[i][1] * self->width + steps[i][0]);

            if (self->mask[next] && self->labels[next] == 0) {
                self->labels[next] = label;
                self->stack[depth++] = next;
            }
        }
    }
    return count;
}

/* ---- four corners ---- */

static double
paper_cross(Point o, Point a, Point b)
{
    return (a.x - o.x) * (b.y - o.y) - (a.y - o.y) * (b.x - o.x);
}

/* The convex hull of a region, by the first and last pixel of each of its rows. */
static GArray *
paper_hull(const Search *self, uint32_t label)
{
    g_autoptr(GArray) edge = g_array_new(FALSE, FALSE, sizeof(Point));
    GArray *hull = g_array_new(FALSE, FALSE, sizeof(Point));

    /* Down the left sides, then up the right ones: a chain around the region. */
    for (int pass = 0; pass < 2; pass++)
        for (int i = 0; i < self->height; i++) {
            int y = pass ? self->height - 1 - i : i;
            const uint32_t *row = self->labels + (ptrdiff_t)y * self->width;
            int x = pass ? self->width - 1 : 0;

            while (x >= 0 && x < self->width && row[x] != label)
                x += pass ? -1 : 1;
            if (x < 0 || x >= self->width)
                continue;
            Point point = {x + (pass ? 1 : 0), y + 0.5};

            g_array_append_val(edge, point);
        }
    for (guint i = 0; i < edge->len; i++) {
        Point point = g_array_index(edge, Point, i);

        /* Counter-clockwise as one looks at the page: turns to the right are taken back. */
        while (hull->len >= 2 && paper_cross(g_array_index(hull, Point, hull->len - 2),
                                             g_array_index(hull, Point, hull->len - 1), point) >= 0)
            g_array_set_size(hull, hull->len - 1);
        g_array_append_val(hull, point);
    }
    return hull;
}

static double
paper_area(const Point *corners, guint count)
{
    double area = 0;

    for (guint i = 0; i < count; i++) {
        Point a = corners[i];
        Point b = corners[(i + 1) % count];

        area += a.x * b.y - b.x * a.y;
    }
    return fabs(area) / 2;
}

/* Drops the corner that tells least until few are left. */
static void
paper_thin_out(GArray *hull)
{
    while (hull->len > PAPER_HULL_MOST) {
        double least = G_MAXDOUBLE;
        guint drop = 0;

        for (guint i = 0; i < hull->len; i++) {
            Point before = g_array_index(hull, Point, (i + hull->len - 1) % hull->len);
            Point after = g_array_index(hull, Point, (i + 1) % hull->len);
            double lost = fabs(paper_cross(before, g_array_index(hull, Point, i), after));

            if (lost < least) {
                least = lost;
                drop = i;
            }
        }
        g_array_remove_index(hull, drop);
    }
}

/* The largest four-sided figure with corners of the hull. */
static bool
paper_largest(const GArray *hull, Point corners[4])
{
    double best = 0;

    for (guint a = 0; a + 3 < hull->len; a++)
        for (guint b = a + 1; b + 2 < hull->len; b++)
            for (guint c = b + 1; c + 1 < hull->len; c++)
                for (guint d = c + 1; d < hull->len; d++) {
                    Point four[4] = {g_array_index(hull, Point, a), g_array_index(hull, Point, b),
                                     g_array_index(hull, Point, c), g_array_index(hull, Point, d)};
                    double area = paper_area(four, 4);

                    if (area > best) {
                        best = area;
                        memcpy(corners, four, sizeof four);
                    }
                }
    return best > 0;
}

/* From the corner at the top left, clockwise as one looks at the page. */
static void
paper_sort_corners(Point corners[4])
{
    Point sorted[4];
    int first = 0;

    if (paper_cross(corners[0], corners[1], corners[2]) < 0)
        for (int i = 0; i < 2; i++) {
            Point swapped = corners[i];

            corners[i] = corners[3 - i];
            corners[3 - i] = swapped;
        }
    for (int i = 1; i < 4; i++)
        if (corners[i].x + corners[i].y < corners[first].x + corners[first].y)
            first = i;
    for (int i = 0; i < 4; i++)
        sorted[i] = corners[(first + i) % 4];
    memcpy(corners, sorted, sizeof sorted);
}

/* ---- is it a sheet? ---- */

static bool
paper_near_rim(const Search *self, Point a, Point b)
{
    double limit_x = self->width - PAPER_RIM_PX;
    double limit_y = self->height - PAPER_RIM_PX;

    return (a.x <= PAPER_RIM_PX && b.x <= PAPER_RIM_PX) || (a.x >= limit_x && b.x >= limit_x) ||
           (a.y <= PAPER_RIM_PX && b.y <= PAPER_RIM_PX) || (a.y >= limit_y && b.y >= limit_y);
}

static int
paper_level(const Search *self, double x, double y)
{
    int column = CLAMP((int)x, 0, self->width - 1);
    int row = CLAMP((int)y, 0, self->height - 1);

    return dn_pixmap_row(self->small, (uint32_t)row)[column];
}

/* Along this side it is darker outside, where there is an outside. */
static bool
paper_side_is_edge(const Search *self, Point a, Point b)
{
    double length = hypot(b.x - a.x, b.y - a.y);
    double normal_x = (b.y - a.y) / length; /* outward, for corners that go clockwise */
    double normal_y = -(b.x - a.x) / length;
    int steps = 0;

    if (paper_near_rim(self, a, b))
        return true;
    for (int i = 0; i < PAPER_SIDE_SAMPLES; i++) {
        double share = (i + 0.5) / PAPER_SIDE_SAMPLES;
        double x = a.x + (b.x - a.x) * share;
        double y = a.y + (b.y - a.y) * share;
        int inside = 0;
        int outside = 255;

        /* Print may stand near the edge of paper, and light spots near its outside. */
        for (int away = 1; away <= PAPER_STEP_PX; away++) {
            inside = MAX(inside, paper_level(self, x - away * normal_x, y - away * normal_y));
            outside = MIN(outside, paper_level(self, x + away * normal_x, y + away * normal_y));
        }
        steps += inside - outside >= PAPER_LEAST_STEP;
    }
    return steps >= PAPER_LEAST_SIDE * PAPER_SIDE_SAMPLES;
}

/* Print that reaches into the edge of a region makes holes in it; those of a whole sheet are few.
 */
static size_t
paper_pixels_in(const Search *self, const Point corners[4], uint32_t label)
{
    size_t count = 0;

    for (int y = 0; y < self->height; y++)
        for (int x = 0; x < self->width; x++) {
            Point at = {x + 0.5, y + 0.5};
            bool inside = self->labels[(ptrdiff_t)y * self->width + x] == label;

            for (int i = 0; i < 4 && inside; i++)
                inside = paper_cross(corners[i], corners[(i + 1) % 4], at) >= 0;
            count += inside;
        }
    return count;
}

static bool
paper_is_sheet(const Search *self, const Point corners[4], uint32_t label)
{
    double area = paper_area(corners, 4);

    if (area > PAPER_WHOLE * self->width * self->height)
        return false;
    for (int i = 0; i < 4; i++) {
        Point before = corners[(i + 3) % 4];
        Point at = corners[i];
        Point after = corners[(i + 1) % 4];
        double lengths =
            hypot(before.x - at.x, before.y - at.y) * hypot(after.x - at.x, after.y - at.y);

        if (lengths == 0 || fabs(paper_cross(at, before, after)) < PAPER_LEAST_SINE * lengths ||
            !paper_side_is_edge(self, at, after))
            return false;
    }
    return (double)paper_pixels_in(self, corners, label) >= PAPER_LEAST_FILLED * area;
}

static void
paper_add(const Search *self, uint32_t label, GArray *sheets)
{
    g_autoptr(GArray) hull = paper_hull(self, label);
    DnQuad quad;
    Point corners[4];

    paper_thin_out(hull);
    if (hull->len < 4 || !paper_largest(hull, corners))
        return;
    paper_sort_corners(corners);
    if (!paper_is_sheet(self, corners, label))
        return;
    for (int i = 0; i < 4; i++) {
        quad.x[i] = corners[i].x;
        quad.y[i] = corners[i].y;
    }
    g_array_append_val(sheets, quad);
}

/* All sheets by one threshold; *@out_share of the picture is theirs. */
static void
paper_collect(Search *self, int threshold, GArray *sheets)
{
    uint32_t label = 0;
    double least = MAX(PAPER_LEAST_PIXELS, PAPER_LEAST_SHARE * self->width * self->height);

    paper_mask(self, threshold);
    memset(self->labels, 0, sizeof *self->labels * (size_t)self->width * (size_t)self->height);
    for (uint32_t i = 0; i < (uint32_t)(self->width * self->height); i++)
        if (self->mask[i] && self->labels[i] == 0 && (double)paper_flood(self, i, ++label) >= least)
            paper_add(self, label, sheets);
}

GArray *
dn_pixmap_find_papers(const DnPixmap *self, const DnLimits *limits, GError **error)
{
    g_autoptr(GArray) sheets = g_array_new(FALSE, FALSE, sizeof(DnQuad));
    double ratio = MIN(1.0, (double)PAPER_SIDE_PX / MAX(self->width_px, self->height_px));
    uint32_t width_px = MAX(1U, (uint32_t)lround(self->width_px * ratio));
    uint32_t height_px = MAX(1U, (uint32_t)lround(self->height_px * ratio));
    size_t count = (size_t)width_px * height_px;
    int threshold = 0;

    if (self->format != DN_PIXEL_GRAY8)
        return dn_fail_null(error, DN_ERROR_INVALID, "paper is looked for on a gray picture");
    g_autoptr(DnPixmap) small = dn_pixmap_scale(self, width_px, height_px, limits, error);
    g_autofree uint8_t *mask = small ? dn_try_array(count, 1, error) : NULL;
    g_autofree uint8_t *spare = mask ? dn_try_array(count, 1, error) : NULL;
    g_autofree uint32_t *labels = spare ? dn_try_array(count, sizeof *labels, error) : NULL;
    g_autofree uint32_t *stack = labels ? dn_try_array(count, sizeof *stack, error) : NULL;

    if (!stack)
        return NULL;
    Search search = {small, mask, spare, labels, stack, (int)width_px, (int)height_px};

    /* Lighter than a desk is also a hand, or a mount sheet with lighter receipts on it: the second
     * threshold parts those. What it finds counts when it is more than one sheet, or the first has
     * found none. */
    for (int i = 0; i < PAPER_THRESHOLDS && sheets->len < 2; i++) {
        g_autoptr(GArray) found = g_array_new(FALSE, FALSE, sizeof(DnQuad));

        threshold = paper_threshold(small, threshold);
        paper_collect(&search, threshold, found);
        if (found->len < 2 && sheets->len > 0)
            continue;
        g_array_set_size(sheets, 0);
        g_array_append_vals(sheets, found->data, found->len);
    }
    for (guint i = 0; i < sheets->len; i++) {
        DnQuad *quad = &g_array_index(sheets, DnQuad, i);

        for (int k = 0; k < 4; k++) {
            quad->x[k] *= (double)self->width_px / width_px;
            quad->y[k] *= (double)self->height_px / height_px;
        }
    }
    return g_steal_pointer(&sheets);
}
