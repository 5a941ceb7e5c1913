/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * codecs/columns.c - blocks of print side by side on one white sheet.
 *
 * White receipts on a white sheet show no edges, only gaps. A page falls into columns where a gap
 * runs from its top to its bottom, which in a letter or a table something always crosses; each
 * column falls into blocks at gaps that are wider than those within a receipt. Whether the blocks
 * are papers of their own, only their words can tell: the caller reads them.
 */
#include "config.h"
#include "codecs/codec.h"

#include "base/memory.h"

#include <math.h>
#include <string.h>

enum {
    COLUMNS_SIDE_PX = 500, /* larger side of the reduced copy */
    COLUMNS_NOISE_PX = 1,  /* dark pixels in a line of the reduced copy that are dust */
};

#define COLUMNS_DARK 0.80   /* of the paper's level: print */
#define COLUMNS_GAP 0.030   /* of the width, between columns */
#define COLUMNS_LEAST 0.14  /* of the width: a column */
#define COLUMNS_BREAK 0.035 /* of the height, between blocks of one column */
#define COLUMNS_BLOCK 0.10  /* of the height: a block */
#define COLUMNS_RIM 0.01    /* of each side: a shadow there is no print */

typedef struct {
    uint32_t from;
    uint32_t to; /* after the last */
} Run;

/* The level that most of a page has: its paper. */
static int
columns_paper(const DnPixmap *page)
{
    size_t bins[256] = {0};
    int most = 255;

    for (size_t i = 0; i < (size_t)page->width_px * page->height_px; i++)
        bins[page->data[i]]++;
    for (int i = 0; i < 256; i++)
        if (bins[i] > bins[most])
            most = i;
    return most;
}

/* (transfer full) Runs of lines with print, parted by at least @gap lines without; runs shorter
 * than @least are dropped. */
static GArray *
columns_runs(const uint32_t *print, uint32_t count, double gap, double least)
{
    GArray *runs = g_array_new(FALSE, FALSE, sizeof(Run));
    Run run = {0, 0};

    for (uint32_t i = 0; i <= count; i++) {
        bool full = i < count && print[i] > COLUMNS_NOISE_PX;

        if (full && run.to == 0)
            run.from = i;
        if (full)
            run.to = i + 1;
        if (run.to == 0 || (i < count && i + 1 - run.to < gap))
            continue;
        if (run.to - run.from >= least)
            g_array_append_val(runs, run);
        run = (Run){0, 0};
    }
    return runs;
}

/* Dark pixels of each column (or row) within a part of the page. */
static void
columns_profile(const DnPixmap *page, Run x, Run y, int dark, bool by_row, uint32_t *print)
{
    for (uint32_t row = y.from; row < y.to; row++)
        for (uint32_t column = x.from; column < x.to; column++)
            print[by_row ? row : column] += dn_pixmap_row(page, row)[column] < dark;
}

static void
columns_add(GArray *blocks, const DnPixmap *self, const DnPixmap *small, Run x, Run y)
{
    double scale_x = (double)self->width_px / small->width_px;
    double scale_y = (double)self->height_px / small->height_px;
    double pad = 2;
    double left = floor(MAX(0, x.from - pad) * scale_x);
    double right = floor(MIN(small->width_px, x.to + pad) * scale_x);
    double top = floor(MAX(0, y.from - pad) * scale_y);
    double bottom = floor(MIN(small->height_px, y.to + pad) * scale_y);
    DnQuad quad = {{left, right, right, left}, {top, top, bottom, bottom}};

    g_array_append_val(blocks, quad);
}

GArray *
dn_pixmap_find_columns(const DnPixmap *self, const DnLimits *limits, GError **error)
{
    g_autoptr(GArray) blocks = g_array_new(FALSE, FALSE, sizeof(DnQuad));
    double ratio = MIN(1.0, (double)COLUMNS_SIDE_PX / MAX(self->width_px, self->height_px));
    uint32_t width_px = MAX(1U, (uint32_t)lround(self->width_px * ratio));
    uint32_t height_px = MAX(1U, (uint32_t)lround(self->height_px * ratio));

    if (self->format != DN_PIXEL_GRAY8)
        return dn_fail_null(error, DN_ERROR_INVALID, "columns are looked for on a gray page");
    g_autoptr(DnPixmap) small = dn_pixmap_scale(self, width_px, height_px, limits, error);
    g_autofree uint32_t *across = small ? dn_try_array(width_px, sizeof *across, error) : NULL;
    g_autofree uint32_t *down = across ? dn_try_array(height_px, sizeof *down, error) : NULL;

    if (!down)
        return NULL;
    uint32_t rim_x = (uint32_t)ceil(COLUMNS_RIM * width_px);
    uint32_t rim_y = (uint32_t)ceil(COLUMNS_RIM * height_px);
    Run all_x = {rim_x, width_px - MIN(width_px, rim_x)};
    Run all_y = {rim_y, height_px - MIN(height_px, rim_y)};
    int dark = (int)(COLUMNS_DARK * columns_paper(small));

    memset(across, 0, width_px * sizeof *across);
    columns_profile(small, all_x, all_y, dark, false, across);
    g_autoptr(GArray) columns =
        columns_runs(across, width_px, COLUMNS_GAP * width_px, COLUMNS_LEAST * width_px);

    for (guint i = 0; columns->len >= 2 && i < columns->len; i++) {
        Run column = g_array_index(columns, Run, i);

        memset(down, 0, height_px * sizeof *down);
        columns_profile(small, column, all_y, dark, true, down);
        g_autoptr(GArray) rows =
            columns_runs(down, height_px, COLUMNS_BREAK * height_px, COLUMNS_BLOCK * height_px);

        for (guint k = 0; k < rows->len; k++)
            columns_add(blocks, self, small, column, g_array_index(rows, Run, k));
    }
    return g_steal_pointer(&blocks);
}
