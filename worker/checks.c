/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * worker/checks.c - resolution, colour and compression of a capture; pages without print.
 */
#include "config.h"
#include "worker/checks.h"
#include "base/capture.h"
#include "base/kinds.h"

enum { BLANK_NAMED = 10 }; /* page numbers in a figure */

typedef DnCaptureVerdict (*Rule)(const DnPageInfo *page, bool important, GString *figure);

bool
dn_checks_believable_dpi(double dpi_x, double dpi_y)
{
    return dn_capture_believable_dpi(dpi_x, dpi_y);
}

bool
dn_checks_is_important(const char *kind)
{
    return dn_kind(kind)->important;
}

static DnCaptureVerdict
rule_resolution(const DnPageInfo *page, bool important, GString *figure)
{
    (void)important;
    if (page->rendered)
        return DN_CAPTURE_CONCERNS_NOT;
    g_string_printf(figure, "%.0f x %.0f dpi", page->dpi_x, page->dpi_y);
    return dn_capture_resolution(page->dpi_x, page->dpi_y);
}

static DnCaptureVerdict
rule_pixels(const DnPageInfo *page, bool important, GString *figure)
{
    (void)important;
    if (page->rendered || dn_capture_believable_dpi(page->dpi_x, page->dpi_y))
        return DN_CAPTURE_CONCERNS_NOT;
    g_string_printf(figure, "%u x %u px", page->width_px, page->height_px);
    return dn_capture_pixels(page->width_px, page->height_px, NULL);
}

static DnCaptureVerdict
rule_colour(const DnPageInfo *page, bool important, GString *figure)
{
    if (page->rendered)
        return DN_CAPTURE_CONCERNS_NOT;
    if (page->colour == DN_COLOUR_RGB)
        g_string_printf(figure, "%u bit colour", page->bits_per_sample * 3);
    else if (page->colour == DN_COLOUR_GRAY)
        g_string_printf(figure, "%u bit gray", page->bits_per_sample);
    else
        g_string_assign(figure, "black and white");
    return dn_capture_colour(page->bits_per_sample, page->colour == DN_COLOUR_RGB,
                             page->colour == DN_COLOUR_BILEVEL, important);
}

/* The record of a test chart is the operator's, so here a lossy form stays open. */
static DnCaptureVerdict
rule_lossless(const DnPageInfo *page, bool important, GString *figure)
{
    (void)important;
    if (page->rendered)
        return DN_CAPTURE_CONCERNS_NOT;
    g_string_printf(figure, "%s, %s", page->compression ? page->compression : "unnamed form",
                    page->lossy ? "lossy" : "lossless");
    return dn_capture_compression(page->lossy, false);
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

static json_t *
judge_all(size_t rule, const DnPageInfo *pages, size_t count, bool important)
{
    g_autoptr(GString) figure = g_string_new(NULL);
    g_autoptr(GString) worst_figure = g_string_new(NULL);
    DnCaptureVerdict worst = DN_CAPTURE_CONCERNS_NOT;

    for (size_t i = 0; i < count; i++) {
        DnCaptureVerdict verdict = rules[rule].judge(&pages[i], important, figure);

        if (verdict <= worst)
            continue;
        worst = verdict;
        if (count > 1)
            g_string_printf(worst_figure, "page %zu: %s", i + 1, figure->str);
        else
            g_string_assign(worst_figure, figure->str);
    }
    if (worst == DN_CAPTURE_CONCERNS_NOT)
        return NULL;
    json_t *check = json_object();

    dn_json_set_string(check, "rule", rules[rule].name);
    dn_json_set_string(check, "verdict", dn_capture_verdict_name(worst));
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

json_t *
dn_checks_blank(const unsigned *blank, size_t count, unsigned page_count)
{
    g_autoptr(GString) figure = g_string_new(count == 1 ? "no print on page" : "no print on pages");
    json_t *check = NULL;

    if (count == 0)
        return NULL;
    for (size_t i = 0; i < MIN(count, BLANK_NAMED); i++)
        g_string_append_printf(figure, "%s %u", i > 0 ? "," : "", blank[i]);
    if (count > BLANK_NAMED)
        g_string_append_printf(figure, " and %zu more", count - BLANK_NAMED);
    check = json_object();
    dn_json_set_string(check, "rule", "BLANK");
    dn_json_set_string(check, "verdict", count == page_count ? "fail" : "pass");
    dn_json_set_string(check, "figure", figure->str);
    return check;
}

json_t *
dn_checks_sheet(void)
{
    json_t *check = json_object();

    dn_json_set_string(check, "rule", "R18");
    dn_json_set_string(check, "verdict", dn_capture_verdict_name(DN_CAPTURE_UNKNOWN));
    dn_json_set_string(check, "figure", "several papers are seen, read as one receipt");
    return check;
}
