/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * codecs/curl.c - finds how the lines of print run on paper that does not lie flat, and makes them
 * straight.
 *
 * The measure is that of deskew.c, for curves: the page is cut into upright strips, each gives a
 * profile of its dark pixels, and where the strips are moved against each other as the lines run,
 * the sum of the profiles is a comb. A bend that is seen from aside moves all lines alike; one seen
 * from near moves those at the top and at the bottom apart. Hence two curves, along the first and
 * the last row, and a blend between: what holds for any sheet bent about an upright axis.
 *
 * The search is in two steps. On a coarse copy every curve of a grid is tried on each of a few
 * bands of rows by itself; the two curves are then chosen that suit all bands best, out of the
 * table. Then both are improved on a finer copy, together with the term that the grid leaves out.
 *
 * A page that is flat but seen from aside has lines that fan out, and undoing that sharpens the
 * comb as well. A bend is therefore believed for what it gains over the best fan.
 *
 * What is moved is moved by whole 256ths of a pixel, in integers: the same on any machine.
 */
#include "config.h"
#include "codecs/codec.h"

#include "base/memory.h"

#include <math.h>
#include <string.h>

enum {
    CURL_WIDE_PX = 640, /* of the finer copy */
    CURL_TALL_PX = 1600,
    CURL_LEAST_PX = 128,   /* a smaller side shows no lines */
    CURL_LEAST_DOTS = 500, /* fewer dark pixels are no text */
    CURL_MEAN_RADIUS_PX = 10,
    CURL_STRIPS = 24,
    CURL_BLOCK = 32, /* rows that are moved together */
    CURL_BANDS = 6,
    CURL_ROOM_PX = 128, /* nothing is moved farther */
    CURL_BOW_STEPS = 9, /* of the grid, to either side */
    CURL_WAVE_STEPS = 6,
    CURL_SLOPE_STEPS = 8,
    CURL_BOWS = 2 * CURL_BOW_STEPS + 1,
    CURL_WAVES = 2 * CURL_WAVE_STEPS + 1,
    CURL_SLOPES = 2 * CURL_SLOPE_STEPS + 1,
    CURL_GRID = CURL_BOWS * CURL_WAVES * CURL_SLOPES,
    CURL_ROUNDS = 6,
    CURL_STARTS = 4,
};

/* A dark pixel is darker than this share of the mean around it. */
#define CURL_DARK 0.80
#define CURL_OUTER 0.01     /* of the dark pixels lie beyond the print, to either side */
#define CURL_BOW_MOST 0.042 /* of the width: what the grid reaches */
#define CURL_WAVE_MOST 0.028
#define CURL_SLOPE_MOST 0.050
/* What a bend gains over the best fan, and more the farther it moves lines: then it may put a label
 * beside the amount of the line below. Flat pages, and those bent along the other axis, gain up to
 * 1.12, scans of crumpled receipts 1.15; of pages bent by 2 % of the width most gain 1.2 to 2.5. */
#define CURL_LEAST_GAIN 1.15
/* Less than this share of the width harms nobody: recognisers follow such lines by themselves. */
#define CURL_LEAST_BEND 0.010

/* ---- the bend ---- */

enum { CURL_ONE = 1 << 15, CURL_PARTS = 256, CURL_SIDE_MOST = 1 << 20 };

/* The sum of the four terms at @t, from -CURL_ONE to CURL_ONE, in 256ths of a pixel. */
static int64_t
curl_sum(const int32_t *terms, int64_t t)
{
    int64_t one = CURL_ONE;
    int64_t square = t * t / one;
    int64_t cube = square * t / one;
    int64_t fourth = square * square / one;
    int64_t values[DN_BEND_TERMS] = {t, (3 * square - one) / 2, (5 * cube - 3 * t) / 2,
                                     (35 * fourth - 30 * square + 3 * one) / 8};
    int64_t sum = 0;

    for (int k = 0; k < DN_BEND_TERMS; k++)
        sum += terms[k] * values[k];
    return sum * CURL_PARTS / (DN_BEND_UNITS * one);
}

/* How far below its place what belongs to the first and to the last row is found at column @x. */
static void
curl_shifts(const DnBend *bend, int64_t x, int64_t *out_top, int64_t *out_bottom)
{
    int64_t t = (2 * (x - bend->left) + 1) * CURL_ONE / bend->span - CURL_ONE;

    t = CLAMP(t, -CURL_ONE, CURL_ONE);
    *out_top = curl_sum(bend->top, t);
    *out_bottom = curl_sum(bend->bottom, t);
}

/* How many rows the straight page needs before the first and after the last one of the bent page,
 * so that nothing is cut off; false for what is no bend of a sheet. */
static bool
curl_rows(const DnBend *bend, int64_t *out_above, int64_t *out_below)
{
    int64_t tall = (int64_t)bend->height_px * CURL_PARTS;
    int64_t above = 0;
    int64_t below = 0;

    if (bend->width_px == 0 || bend->height_px == 0 || bend->span == 0 ||
        MAX(MAX(bend->width_px, bend->height_px), MAX(bend->left, bend->span)) > CURL_SIDE_MOST)
        return false;
    for (int k = 0; k < DN_BEND_TERMS; k++)
        if (ABS((int64_t)bend->top[k]) > (int64_t)bend->height_px * DN_BEND_UNITS ||
            ABS((int64_t)bend->bottom[k]) > (int64_t)bend->height_px * DN_BEND_UNITS)
            return false;
    for (uint32_t x = 0; x < bend->width_px; x++) {
        int64_t top = 0;
        int64_t bottom = 0;

        curl_shifts(bend, x, &top, &bottom);
        /* Rows that are pressed together, or change places. */
        if (2 * (top - bottom) > tall || 2 * ABS(top) > tall || 2 * ABS(bottom) > tall)
            return false;
        above = MAX(above, top * tall / (tall + bottom - top));
        below = MAX(below, -bottom * tall / (tall + bottom - top));
    }
    *out_above = above / CURL_PARTS + 1;
    *out_below = below / CURL_PARTS + 1;
    return true;
}

void
dn_bend_point(const DnBend *bend, const double *x, double *y)
{
    double column = CLAMP(*x - 0.5, 0, (double)bend->width_px - 1);
    double share = column - floor(column);
    double shifts[2] = {0};

    for (int i = 0; i < 2; i++) {
        int64_t top = 0;
        int64_t bottom = 0;

        curl_shifts(bend, (int64_t)column + i, &top, &bottom);
        shifts[0] += (double)top * (i ? share : 1 - share) / CURL_PARTS;
        shifts[1] += (double)bottom * (i ? share : 1 - share) / CURL_PARTS;
    }
    *y += shifts[0] + (shifts[1] - shifts[0]) * *y / bend->height_px;
}

bool
dn_bend_map(const DnBend *bend, DnMap *out_map)
{
    int64_t above = 0;
    int64_t below = 0;

    if (!curl_rows(bend, &above, &below))
        return false;
    *out_map = (DnMap){.m = {1, 0, 0, 0, 1, -(double)above, 0, 0, 1},
                       .bent = true,
                       .bend = *bend,
                       .after = {1, 0, 0, 0, 1, 0, 0, 0, 1}};
    return true;
}

/* How a column is moved: by @first at the middle of the first row, by @step more in each row, in
 * 65536ths of CURL_PARTS. */
typedef struct {
    int64_t first;
    int64_t step;
} Column;

DnPixmap *
dn_pixmap_unbend(const DnPixmap *self, const DnBend *bend, const DnLimits *limits, GError **error)
{
    enum { FINE = 1 << 16 };
    /* Keeps what is divided above zero. */
    const int64_t far = (int64_t)1 << 50;
    int64_t tall = self->height_px;
    int64_t above = 0;
    int64_t below = 0;
    DnPixmap *out = NULL;

    if (self->format != DN_PIXEL_GRAY8)
        return dn_fail_null(error, DN_ERROR_INVALID, "only a gray page can be unbent");
    if (bend->width_px != self->width_px || bend->height_px != self->height_px ||
        !curl_rows(bend, &above, &below))
        return dn_fail_null(error, DN_ERROR_INVALID, "no bend of this page");
    g_autofree Column *columns = dn_try_array(self->width_px, sizeof *columns, error);

    out = columns ? dn_pixmap_new(self->width_px, (uint32_t)(tall + above + below), DN_PIXEL_GRAY8,
                                  limits, error)
                  : NULL;
    if (!out)
        return NULL;
    out->dpi_x = self->dpi_x;
    out->dpi_y = self->dpi_y;
    for (uint32_t x = 0; x < self->width_px; x++) {
        int64_t top = 0;
        int64_t bottom = 0;

        curl_shifts(bend, x, &top, &bottom);
        columns[x].step = (bottom - top) * FINE / tall;
        columns[x].first = top * FINE + columns[x].step / 2;
    }
    for (uint32_t y = 0; y < out->height_px; y++) {
        uint8_t *to = dn_pixmap_row(out, y);
        int64_t row = (int64_t)y - above;

        for (uint32_t x = 0; x < self->width_px; x++) {
            uint64_t at = (uint64_t)(far + row * CURL_PARTS * FINE + columns[x].first +
                                     columns[x].step * row) /
                          FINE;
            int64_t upper = (int64_t)(at / CURL_PARTS) - far / CURL_PARTS / FINE;
            unsigned share = at % CURL_PARTS;
            size_t place = (size_t)MAX(upper, 0) * self->width_px + x;
            size_t below_it = (size_t)MAX(upper + 1, 0) * self->width_px + x;
            unsigned light = upper >= 0 && upper < tall ? self->data[place] : 255;
            unsigned next = upper >= -1 && upper + 1 < tall ? self->data[below_it] : 255;

            to[x] = (uint8_t)((light * (CURL_PARTS - share) + next * share + CURL_PARTS / 2) /
                              CURL_PARTS);
        }
    }
    return out;
}

/* ---- strips ---- */

/* Dark pixels of each row of each strip, with room before the first row and after the last. */
typedef struct {
    int16_t *rows;
    uint32_t blocks;
    uint32_t stride;
    double wide; /* of all strips together, in pixels of this copy */
} Strips;

static int16_t *
curl_strip(const Strips *self, int strip)
{
    return self->rows + (size_t)strip * self->stride + CURL_ROOM_PX;
}

static bool
curl_strips_new(Strips *self, uint32_t rows, double wide, GError **error)
{
    self->blocks = rows / CURL_BLOCK;
    self->stride = rows + 2 * CURL_ROOM_PX;
    self->wide = wide;
    self->rows = dn_try_array((size_t)CURL_STRIPS * self->stride, sizeof *self->rows, error);
    if (self->rows)
        memset(self->rows, 0, (size_t)CURL_STRIPS * self->stride * sizeof *self->rows);
    return self->rows != NULL;
}

/* Beyond its @rows the page goes on as it ends: an edge there would be a step. */
static void
curl_go_on(const Strips *self, uint32_t rows)
{
    for (int s = 0; s < CURL_STRIPS; s++) {
        int16_t *strip = curl_strip(self, s);

        for (int i = 1; i <= CURL_ROOM_PX; i++) {
            strip[-i] = strip[0];
            strip[rows + (uint32_t)i - 1] = strip[rows - 1];
        }
    }
}

/* The columns from *@out_left to *@out_right hold nearly all of @dots; both 0 when those are few.
 */
static void
curl_span(const uint8_t *dots, uint32_t width, uint32_t height, uint32_t *out_left,
          uint32_t *out_right)
{
    g_autofree uint32_t *columns = g_new0(uint32_t, width);
    double count = 0;
    double seen = 0;

    for (uint32_t y = 0; y < height; y++)
        for (uint32_t x = 0; x < width; x++)
            columns[x] += dots[(size_t)y * width + x];
    for (uint32_t x = 0; x < width; x++)
        count += columns[x];
    *out_left = *out_right = 0;
    if (count < CURL_LEAST_DOTS)
        return;
    for (uint32_t x = 0; x < width; x++) {
        seen += columns[x];
        if (seen < CURL_OUTER * count)
            *out_left = x + 1;
        if (seen <= (1 - CURL_OUTER) * count)
            *out_right = x + 1;
    }
}

/* ---- the comb ---- */

/* How sharp the comb of one block is, its strips moved by @shifts. The root, for one rule or bold
 * line must not outweigh all others. */
static double
curl_block(const Strips *self, uint32_t block, const int *shifts)
{
    int16_t sum[CURL_BLOCK] = {0};
    int32_t steps = 0;

    for (int s = 0; s < CURL_STRIPS; s++) {
        const int16_t *from = curl_strip(self, s) + block * CURL_BLOCK + shifts[s];

        for (int i = 0; i < CURL_BLOCK; i++)
            sum[i] = (int16_t)(sum[i] + from[i]);
    }
    for (int i = 1; i < CURL_BLOCK; i++)
        steps += (sum[i] - sum[i - 1]) * (sum[i] - sum[i - 1]);
    return sqrt(steps);
}

/* The four terms in the middle of each strip. */
static void
curl_terms_of(int strip, double *out)
{
    double t = 2 * (strip + 0.5) / CURL_STRIPS - 1;

    out[0] = t;
    out[1] = (3 * t * t - 1) / 2;
    out[2] = (5 * t * t * t - 3 * t) / 2;
    out[3] = (35 * t * t * t * t - 30 * t * t + 3) / 8;
}

/* A bend of a copy, in its pixels: the terms at the top and at the bottom. */
typedef struct {
    double ends[2][DN_BEND_TERMS];
} Curves;

static double
curl_score(const Strips *self, const Curves *curves)
{
    double score = 0;
    int shifts[CURL_STRIPS];
    double tops[CURL_STRIPS];
    double bottoms[CURL_STRIPS];

    for (int s = 0; s < CURL_STRIPS; s++) {
        double terms[DN_BEND_TERMS];

        tops[s] = bottoms[s] = 0;
        curl_terms_of(s, terms);
        for (int k = 0; k < DN_BEND_TERMS; k++) {
            tops[s] += curves->ends[0][k] * terms[k];
            bottoms[s] += curves->ends[1][k] * terms[k];
        }
    }
    for (uint32_t block = 0; block < self->blocks; block++) {
        double share = (block + 0.5) / self->blocks;

        for (int s = 0; s < CURL_STRIPS; s++)
            shifts[s] = (int)CLAMP(lround(tops[s] + (bottoms[s] - tops[s]) * share), -CURL_ROOM_PX,
                                   CURL_ROOM_PX);
        score += curl_block(self, block, shifts);
    }
    return score;
}

/* ---- the grid ---- */

/* A place in the grid: bow, wave, slope, at the top and at the bottom. */
typedef struct {
    int bow[2];
    int wave[2];
    int slope[2];
} Place;

typedef struct {
    double scores[CURL_BANDS][CURL_GRID];
    int bands;
} Grid;

static const int curl_steps[3] = {CURL_BOW_STEPS, CURL_WAVE_STEPS, CURL_SLOPE_STEPS};

static int
curl_index(int bow, int wave, int slope)
{
    return ((bow + CURL_BOW_STEPS) * CURL_WAVES + wave + CURL_WAVE_STEPS) * CURL_SLOPES + slope +
           CURL_SLOPE_STEPS;
}

static void
curl_fill(Grid *grid, const Strips *coarse)
{
    double terms[CURL_STRIPS][DN_BEND_TERMS];
    double bow_px = CURL_BOW_MOST * coarse->wide / CURL_BOW_STEPS;
    double wave_px = CURL_WAVE_MOST * coarse->wide / CURL_WAVE_STEPS;
    double slope_px = CURL_SLOPE_MOST * coarse->wide / CURL_SLOPE_STEPS;

    grid->bands = (int)MIN(coarse->blocks, CURL_BANDS);
    for (int s = 0; s < CURL_STRIPS; s++)
        curl_terms_of(s, terms[s]);
    for (int bow = -CURL_BOW_STEPS; bow <= CURL_BOW_STEPS; bow++)
        for (int wave = -CURL_WAVE_STEPS; wave <= CURL_WAVE_STEPS; wave++)
            for (int slope = -CURL_SLOPE_STEPS; slope <= CURL_SLOPE_STEPS; slope++) {
                int shifts[CURL_STRIPS];
                int index = curl_index(bow, wave, slope);

                for (int s = 0; s < CURL_STRIPS; s++)
                    shifts[s] =
                        (int)lround(terms[s][0] * slope * slope_px + terms[s][1] * bow * bow_px +
                                    terms[s][2] * wave * wave_px);
                for (uint32_t block = 0; block < coarse->blocks; block++)
                    grid->scores[block * (uint32_t)grid->bands / coarse->blocks][index] +=
                        curl_block(coarse, block, shifts);
            }
}

static double
curl_look_up(const Grid *grid, const Place *place)
{
    double score = 0;

    for (int band = 0; band < grid->bands; band++) {
        double share = (band + 0.5) / grid->bands;
        long bow = lround(place->bow[0] * (1 - share) + place->bow[1] * share);
        long wave = lround(place->wave[0] * (1 - share) + place->wave[1] * share);
        long slope = lround(place->slope[0] * (1 - share) + place->slope[1] * share);

        score += grid->scores[band][curl_index((int)bow, (int)wave, (int)slope)];
    }
    return score;
}

/* The place of the grid with @index, for @end of *@place. */
static void
curl_set(Place *place, int end, int index)
{
    place->slope[end] = index % CURL_SLOPES - CURL_SLOPE_STEPS;
    place->wave[end] = index / CURL_SLOPES % CURL_WAVES - CURL_WAVE_STEPS;
    place->bow[end] = index / CURL_SLOPES / CURL_WAVES - CURL_BOW_STEPS;
}

/* Both ends of one term, as far as it helps. */
static void
curl_try_term(const Grid *grid, int term, Place *place, double *best)
{
    Place next = *place;
    int *ends = term == 0 ? next.bow : term == 1 ? next.wave : next.slope;

    for (int first = -curl_steps[term]; first <= curl_steps[term]; first++)
        for (int last = -curl_steps[term]; last <= curl_steps[term]; last++) {
            ends[0] = first;
            ends[1] = last;
            double score = curl_look_up(grid, &next);

            if (score > *best) {
                *best = score;
                *place = next;
            }
        }
}

/* All terms at one end. */
static void
curl_try_end(const Grid *grid, int end, Place *place, double *best)
{
    Place next = *place;

    for (int i = 0; i < CURL_GRID; i++) {
        curl_set(&next, end, i);
        double score = curl_look_up(grid, &next);

        if (score > *best) {
            *best = score;
            *place = next;
        }
    }
}

/* Climbs from *@place as long as it helps. */
static double
curl_climb(const Grid *grid, bool fan, Place *place)
{
    double best = curl_look_up(grid, place);

    for (int round = 0; round < CURL_ROUNDS; round++) {
        double before = best;

        for (int term = fan ? 2 : 0; term < 3; term++)
            curl_try_term(grid, term, place, &best);
        for (int end = 0; end < 2 && !fan; end++)
            curl_try_end(grid, end, place, &best);
        if (best <= before)
            break;
    }
    return best;
}

/* The index of the best curve for the upper half (@half 0), the lower half (1) or the whole (2),
 * the same along all its rows. */
static int
curl_best(const Grid *grid, int half)
{
    int first = half == 1 ? grid->bands / 2 : 0;
    int last = half == 0 ? (grid->bands + 1) / 2 : grid->bands;
    int best = 0;
    double most = -1;

    for (int i = 0; i < CURL_GRID; i++) {
        double score = 0;

        for (int band = first; band < last; band++)
            score += grid->scores[band][i];
        if (score > most) {
            most = score;
            best = i;
        }
    }
    return best;
}

/* The two slopes that suit all bands best. */
static Place
curl_choose_fan(const Grid *grid)
{
    Place place = {0};

    curl_climb(grid, true, &place);
    return place;
}

/* Where to begin: at the fan, at the best single curve, at the best ones of both halves. */
static Place
curl_start(const Grid *grid, const Place *fan, int start)
{
    Place place = *fan;

    for (int end = 0; end < 2 && start > 1; end++)
        curl_set(&place, end, curl_best(grid, start == 2 ? 2 : end));
    return place;
}

/* ---- the finer copy ---- */

static Curves
curl_curves(const Place *place, double wide)
{
    Curves curves = {0};

    for (int end = 0; end < 2; end++) {
        curves.ends[end][0] = place->slope[end] * CURL_SLOPE_MOST * wide / CURL_SLOPE_STEPS;
        curves.ends[end][1] = place->bow[end] * CURL_BOW_MOST * wide / CURL_BOW_STEPS;
        curves.ends[end][2] = place->wave[end] * CURL_WAVE_MOST * wide / CURL_WAVE_STEPS;
    }
    return curves;
}

/* Improves *@curves term by term, at one end and at both; of a @fan only its slopes. */
static double
curl_improve(const Strips *fine, bool fan, Curves *curves)
{
    double best = curl_score(fine, curves);

    for (double step = 3; step > 0.2; step /= 2)
        for (int round = 0; round < CURL_ROUNDS; round++) {
            double before = best;

            for (int move = 0; move < (fan ? 6 : 6 * DN_BEND_TERMS); move++) {
                Curves next = *curves;
                int term = move / 6;
                double by = move % 2 ? step : -step;

                if (move % 6 / 2 != 1)
                    next.ends[0][term] += by;
                if (move % 6 / 2 != 0)
                    next.ends[1][term] += by;
                double score = curl_score(fine, &next);

                if (score > best) {
                    best = score;
                    *curves = next;
                }
            }
            if (best <= before)
                break;
        }
    return best;
}

static bool
curl_measure(const DnPixmap *small, const uint8_t *dots, uint32_t left, uint32_t right,
             Curves *out_curves, double *out_gain, GError **error)
{
    uint32_t span = right - left;
    Strips fine = {0};
    Strips coarse = {0};
    g_autofree int16_t *fine_rows = NULL;
    g_autofree int16_t *coarse_rows = NULL;
    g_autofree Grid *grid = NULL;

    if (!curl_strips_new(&fine, small->height_px, span, error))
        return false;
    fine_rows = fine.rows;
    if (!curl_strips_new(&coarse, (small->height_px + 1) / 2, span / 2.0, error))
        return false;
    coarse_rows = coarse.rows;
    for (uint32_t y = 0; y < small->height_px; y++)
        for (uint32_t x = left; x < right; x++) {
            int strip = (int)((uint64_t)(x - left) * CURL_STRIPS / span);
            uint8_t dot = dots[(size_t)y * small->width_px + x];

            curl_strip(&fine, strip)[y] = (int16_t)(curl_strip(&fine, strip)[y] + dot);
            curl_strip(&coarse, strip)[y / 2] = (int16_t)(curl_strip(&coarse, strip)[y / 2] + dot);
        }
    curl_go_on(&fine, small->height_px);
    curl_go_on(&coarse, (small->height_px + 1) / 2);
    grid = g_new0(Grid, 1);
    curl_fill(grid, &coarse);
    Place fanned = curl_choose_fan(grid);
    Curves fan = curl_curves(&fanned, span);
    double least = MAX(1, curl_improve(&fine, true, &fan));
    double most = 0;

    /* What is best on the coarse copy need not be so on the finer one. */
    for (int start = 0; start < CURL_STARTS; start++) {
        Curves curves = fan;

        if (start > 0) {
            Place place = curl_start(grid, &fanned, start);

            curl_climb(grid, false, &place);
            curves = curl_curves(&place, span);
        }
        double score = curl_improve(&fine, false, &curves);

        if (score > most) {
            most = score;
            *out_curves = curves;
        }
    }
    *out_gain = most / least;
    return true;
}

/* The most that the curves leave a straight line. */
static double
curl_height(const Curves *curves)
{
    double most = 0;

    for (int end = 0; end < 2; end++) {
        double low = 0;
        double high = 0;

        for (int s = 0; s < CURL_STRIPS; s++) {
            double terms[DN_BEND_TERMS];
            double bent = 0;

            curl_terms_of(s, terms);
            for (int k = 1; k < DN_BEND_TERMS; k++)
                bent += curves->ends[end][k] * terms[k];
            low = s == 0 ? bent : MIN(low, bent);
            high = s == 0 ? bent : MAX(high, bent);
        }
        most = MAX(most, high - low);
    }
    return most;
}

bool
dn_pixmap_find_bend(const DnPixmap *self, const DnLimits *limits, DnBend *out_bend, bool *out_bent,
                    GError **error)
{
    double ratio =
        MIN(1, MIN((double)CURL_WIDE_PX / self->width_px, (double)CURL_TALL_PX / self->height_px));
    uint32_t width_px = (uint32_t)lround(self->width_px * ratio);
    uint32_t height_px = (uint32_t)lround(self->height_px * ratio);
    uint32_t left = 0;
    uint32_t right = 0;
    Curves curves = {0};
    double gain = 0;

    if (self->format != DN_PIXEL_GRAY8)
        return dn_fail(error, DN_ERROR_INVALID, "a bend is looked for on a gray page");
    *out_bent = false;
    if (width_px < CURL_LEAST_PX || height_px < CURL_LEAST_PX)
        return true;
    g_autoptr(DnPixmap) small = dn_pixmap_scale(self, width_px, height_px, limits, error);
    g_autofree uint8_t *dots =
        small ? dn_pixmap_dots(small, CURL_MEAN_RADIUS_PX, CURL_DARK, error) : NULL;

    if (!dots)
        return false;
    curl_span(dots, width_px, height_px, &left, &right);
    if (right < left + CURL_LEAST_PX)
        return true;
    if (!curl_measure(small, dots, left, right, &curves, &gain, error))
        return false;
    double height = curl_height(&curves) / (right - left);

    if (height < CURL_LEAST_BEND || gain < CURL_LEAST_GAIN + height / 2)
        return true;
    DnBend bend = {.width_px = self->width_px,
                   .height_px = self->height_px,
                   .left = (uint32_t)lround(left / ratio),
                   .span = (uint32_t)lround((right - left) / ratio)};
    DnMap map;

    for (int k = 0; k < DN_BEND_TERMS; k++) {
        bend.top[k] = (int32_t)lround(curves.ends[0][k] / ratio * DN_BEND_UNITS);
        bend.bottom[k] = (int32_t)lround(curves.ends[1][k] / ratio * DN_BEND_UNITS);
    }
    *out_bent = dn_bend_map(&bend, &map);
    if (*out_bent)
        *out_bend = bend;
    return true;
}
