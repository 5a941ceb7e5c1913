/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * base/capture.c - resolution, colour and compression of a picture of paper.
 */
#include "config.h"
#include "base/capture.h"

#include <math.h>
#include <string.h>

static const double DPI_LEAST = 200;
enum { LEVELS_BITS = 8 }; /* 256 levels */

/* PNG and JFIF keep dots a metre or a centimetre: 200 dpi comes back as 199.9 or 200.7. */
static const double DPI_ROUNDING = 0.5;
static const double DPI_BELIEVABLE_LEAST = 50;
static const double DPI_BELIEVABLE_MOST = 4800;

/* Pixels at 200 dots in 25.4 mm. Those of A4 are the tax agency's own (スキャナ保存関係 問25);
 * rounded up its longer side would be 2,339. The others are rounded down in the same way. */
static const struct {
    const char *name;
    uint32_t longer;
    uint32_t shorter;
} papers[] = {
    {"A3", 3307, 2338}, {"A4", 2338, 1654}, {"A5", 1653, 1165}, {"A6", 1165, 826},
    {"A7", 826, 582},   {"B4", 2866, 2023}, {"B5", 2023, 1433}, {"B6", 1433, 1007},
};

const char *
dn_capture_verdict_name(DnCaptureVerdict verdict)
{
    static const char *const names[] = {
        [DN_CAPTURE_PASS] = "pass", [DN_CAPTURE_UNKNOWN] = "unknown", [DN_CAPTURE_FAIL] = "fail"};

    return names[verdict];
}

static bool
is_placeholder(double dpi)
{
    return fabs(dpi - 72) < DPI_ROUNDING || fabs(dpi - 96) < DPI_ROUNDING;
}

bool
dn_capture_believable_dpi(double dpi_x, double dpi_y)
{
    if (!(dpi_x >= DPI_BELIEVABLE_LEAST && dpi_x <= DPI_BELIEVABLE_MOST &&
          dpi_y >= DPI_BELIEVABLE_LEAST && dpi_y <= DPI_BELIEVABLE_MOST))
        return false;
    return !is_placeholder(dpi_x) && !is_placeholder(dpi_y);
}

DnCaptureVerdict
dn_capture_resolution(double dpi_x, double dpi_y)
{
    if (!dn_capture_believable_dpi(dpi_x, dpi_y))
        return DN_CAPTURE_CONCERNS_NOT;
    return MIN(dpi_x, dpi_y) >= DPI_LEAST - DPI_ROUNDING ? DN_CAPTURE_PASS : DN_CAPTURE_FAIL;
}

bool
dn_capture_paper(const char *paper, uint32_t *out_longer, uint32_t *out_shorter)
{
    for (size_t i = 0; paper && i < G_N_ELEMENTS(papers); i++)
        if (strcmp(papers[i].name, paper) == 0) {
            *out_longer = papers[i].longer;
            *out_shorter = papers[i].shorter;
            return true;
        }
    return false;
}

DnCaptureVerdict
dn_capture_pixels(uint32_t width_px, uint32_t height_px, const char *paper)
{
    uint32_t longer = 0;
    uint32_t shorter = 0;
    bool is_known = dn_capture_paper(paper, &longer, &shorter);

    if (!is_known)
        dn_capture_paper("A4", &longer, &shorter);
    if (MAX(width_px, height_px) >= longer && MIN(width_px, height_px) >= shorter)
        return DN_CAPTURE_PASS;
    return is_known ? DN_CAPTURE_FAIL : DN_CAPTURE_UNKNOWN;
}

DnCaptureVerdict
dn_capture_colour(unsigned bits, bool is_colour, bool is_bilevel, bool important)
{
    bool levels = bits >= LEVELS_BITS && !is_bilevel;

    return levels && (is_colour || !important) ? DN_CAPTURE_PASS : DN_CAPTURE_FAIL;
}

DnCaptureVerdict
dn_capture_compression(bool lossy, bool chart_passed)
{
    return lossy && !chart_passed ? DN_CAPTURE_UNKNOWN : DN_CAPTURE_PASS;
}
