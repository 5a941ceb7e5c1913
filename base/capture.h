/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * base/capture.h - what the law asks of a picture of paper (規2⑥二イ; law rows R09, R10, R11, R14).
 * Pure.
 *
 * The worker judges a capture when it reads it, the archive when it reports: a person may have said
 * since what the paper is or that the document is another kind.
 */
#ifndef BASE_CAPTURE_H
#define BASE_CAPTURE_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

G_BEGIN_DECLS

/** From best to worst. "Unknown" is an honest answer: a camera knows its pixels, not the paper. */
typedef enum {
    DN_CAPTURE_CONCERNS_NOT,
    DN_CAPTURE_PASS,
    DN_CAPTURE_UNKNOWN,
    DN_CAPTURE_FAIL
} DnCaptureVerdict;

/** "pass", "unknown", "fail"; NULL for DN_CAPTURE_CONCERNS_NOT. */
const char *dn_capture_verdict_name(DnCaptureVerdict verdict);

/** True when a file's resolution can be a measurement: not absent, not the 72 or 96 dpi that
 * cameras and screens write for want of one (R10). */
bool dn_capture_believable_dpi(double dpi_x, double dpi_y);

/** R09: 200 dots in 25.4 mm, on both axes. */
DnCaptureVerdict dn_capture_resolution(double dpi_x, double dpi_y);

/** The least pixels along the longer and the shorter side of @paper ("A4", "B5" ...) at 200 dots in
 * 25.4 mm; false for a paper that is not known. */
bool dn_capture_paper(const char *paper, uint32_t *out_longer, uint32_t *out_shorter);

/** R09, R10: by pixels and the size of the paper. With @paper NULL or unknown: PASS when there are
 * enough for A4, else UNKNOWN. */
DnCaptureVerdict dn_capture_pixels(uint32_t width_px, uint32_t height_px, const char *paper);

/** R11: 256 levels of each of red, green and blue; of gray where the document is not @important.
 * @bits: of one sample. */
DnCaptureVerdict dn_capture_colour(unsigned bits, bool is_colour, bool is_bilevel, bool important);

/** R14: without loss, or with a form of which a test chart (JIS X 6933) has shown that 4 points can
 * be read. */
DnCaptureVerdict dn_capture_compression(bool lossy, bool chart_passed);

G_END_DECLS
#endif
