/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * worker/checks.c - resolution, colour and compression of a capture.
 */
#include "config.h"
#include "worker/checks.h"

#include <math.h>
#include <string.h>

/* 規2⑥二イ(1): 200 dots in 25.4 mm. The tax agency's own example for A4 is 2,338 x 1,654 px. */
static const double DPI_LEAST = 200;
enum { A4_LONG_PX = 2338, A4_SHORT_PX = 1654 };
enum { LEVELS_BITS = 8 }; /* 256 levels */

/* PNG and JFIF keep dots a metre or a centimetre: 200 dpi comes back as 199.9 or 200.7. */
static const double DPI_ROUNDING = 0.5;
static const double DPI_BELIEVABLE_LEAST = 50;
static const double DPI_BELIEVABLE_MOST = 4800;

typedef enum { CONCERNS_NOT, PASS, UNKNOWN, FAIL } Verdict; /* from best to worst */

typedef Verdict (*Rule)(const DnPageInfo *page, bool important, GString *figure);

static bool
is_placeholder(double dpi)
{
    return fabs(dpi - 72) < DPI_ROUNDING || fabs(dpi - 96) < DPI_ROUNDING;
}

bool
dn_checks_believable_dpi(double dpi_x, double dpi_y)
{
    if (!(dpi_x >= DPI_BELIEVABLE_LEAST && dpi_x <= DPI_BELIEVABLE_MOST &&
          dpi_y >= DPI_BELIEVABLE_LEAST && dpi_y <= DPI_BELIEVABLE_MOST))
        return false;
    return !is_placeholder(dpi_x) && !is_placeholder(dpi_y);
}

bool
dn_checks_is_important(const char *kind)
{
    return !kind || (strcmp(kind, "quotation") != 0 && strcmp(kind, "order") != 0);
}

static Verdict
rule_resolution(const DnPageInfo *page, bool important, GString *figure)
{
    (void)important;
    if (page->rendered || !dn_checks_believable_dpi(page->dpi_x, page->dpi_y))
        return CONCERNS_NOT;
    g_string_printf(figure, "%.0f x %.0f dpi", page->dpi_x, page->dpi_y);
    return MIN(page->dpi_x, page->dpi_y) >= DPI_LEAST - DPI_ROUNDING ? PASS : FAIL;
}

static Verdict
rule_pixels(const DnPageInfo *page, bool important, GString *figure)
{
    uint32_t longer = MAX(page->width_px, page->height_px);
    uint32_t shorter = MIN(page->width_px, page->height_px);

    (void)important;
    if (page->rendered || dn_checks_believable_dpi(page->dpi_x, page->dpi_y))
        return CONCERNS_NOT;
    g_string_printf(figure, "%u x %u px", page->width_px, page->height_px);
    return longer >= A4_LONG_PX && shorter >= A4_SHORT_PX ? PASS : UNKNOWN;
}

static Verdict
rule_colour(const DnPageInfo *page, bool important, GString *figure)
{
    if (page->rendered)
        return CONCERNS_NOT;
    bool levels = page->bits_per_sample >= LEVELS_BITS && page->colour != DN_COLOUR_BILEVEL;

    if (page->colour == DN_COLOUR_RGB)
        g_string_printf(figure, "%u bit colour", page->bits_per_sample * 3);
    else if (page->colour == DN_COLOUR_GRAY)
        g_string_printf(figure, "%u bit gray", page->bits_per_sample);
    else
        g_string_assign(figure, "black and white");
    return levels && (page->colour == DN_COLOUR_RGB || !important) ? PASS : FAIL;
}

/* A lossy form is allowed when a test chart (JIS X 6933) shows it to be readable; that record is
 * the operator's, so here it stays open. */
static Verdict
rule_lossless(const DnPageInfo *page, bool important, GString *figure)
{
    (void)important;
    if (page->rendered)
        return CONCERNS_NOT;
    g_string_printf(figure, "%s, %s", page->compression ? page->compression : "unnamed form",
                    page->lossy ? "lossy" : "lossless");
    return page->lossy ? UNKNOWN : PASS;
}

static const struct {
    const char *name;
    Rule judge;
} rules[] = {
    {"R09", rule_resolution},
    {"R10", rule_pixels},
    {"R11", rule_colour},
    {"R14", rule_lossless},
};

static const char *const verdict_names[] = {
    [PASS] = "pass", [UNKNOWN] = "unknown", [FAIL] = "fail"};

static json_t *
judge_all(size_t rule, const DnPageInfo *pages, size_t count, bool important)
{
    g_autoptr(GString) figure = g_string_new(NULL);
    g_autoptr(GString) worst_figure = g_string_new(NULL);
    Verdict worst = CONCERNS_NOT;

    for (size_t i = 0; i < count; i++) {
        Verdict verdict = rules[rule].judge(&pages[i], important, figure);

        if (verdict <= worst)
            continue;
        worst = verdict;
        if (count > 1)
            g_string_printf(worst_figure, "page %zu: %s", i + 1, figure->str);
        else
            g_string_assign(worst_figure, figure->str);
    }
    if (worst == CONCERNS_NOT)
        return NULL;
    json_t *check = json_object();

    dn_json_set_string(check, "rule", rules[rule].name);
    dn_json_set_string(check, "verdict", verdict_names[worst]);
    dn_json_set_string(check, "figure", worst_figure->str);
    return check;
}

json_t *
dn_checks(const DnPageInfo *pages, size_t count, bool important)
{
    json_t *checks = json_array();

    for (size_t i = 0; i < G_N_ELEMENTS(rules); i++) {
        json_t *check = judge_all(i, pages, count, important);

        if (check)
            json_array_append_new(checks, check);
    }
    return checks;
}
