/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * bench/rows.h - samples of a measurement and of what it is held against, and the table of them.
 *
 * A row is printed when it is finished: name, number of samples, median, 90th percentile, median of
 * the baseline, ratio (how fast it is in units of the baseline, so more is always better), what is
 * wanted, and whether that is met. A value that was not measured is "-". Names end with the unit.
 */
#ifndef BENCH_ROWS_H
#define BENCH_ROWS_H

#include <glib.h>
#include <stdbool.h>

typedef enum {
    BENCH_RATE, /* samples and baseline: more is better */
    BENCH_TIME, /* less is better */
} BenchSense;

typedef enum {
    BENCH_REPORTED,  /* nothing is asked */
    BENCH_RATIO_MIN, /* the ratio is at least @wanted */
    BENCH_MIN,       /* the median is at least @wanted */
    BENCH_MAX,       /* the median is less than @wanted */
} BenchWant;

typedef struct {
    const char *name;
    BenchSense sense;
    BenchWant want;
    double wanted;
} BenchRow;

typedef struct {
    GArray *ours; /* double */
    GArray *base;
} BenchSamples;

BenchSamples *bench_samples_new(void);
void bench_samples_free(BenchSamples *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BenchSamples, bench_samples_free)

void bench_add(GArray *samples, double value);
/** The value at @share (0.5: the median) of the sorted samples; NAN without samples. */
double bench_at(GArray *samples, double share);

void bench_print_head(void);
void bench_print(const BenchRow *row, const BenchSamples *samples);

#endif
