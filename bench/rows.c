/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * bench/rows.c - the table of a benchmark.
 */
#include "config.h"
#include "bench/rows.h"

#include <math.h>
#include <stdio.h>

BenchSamples *
bench_samples_new(void)
{
    BenchSamples *self = g_new0(BenchSamples, 1);

    self->ours = g_array_new(FALSE, FALSE, sizeof(double));
    self->base = g_array_new(FALSE, FALSE, sizeof(double));
    return self;
}

void
bench_samples_free(BenchSamples *self)
{
    if (!self)
        return;
    g_array_unref(self->ours);
    g_array_unref(self->base);
    g_free(self);
}

void
bench_add(GArray *samples, double value)
{
    g_array_append_val(samples, value);
}

static int
compare(gconstpointer a, gconstpointer b)
{
    const double *x = a;
    const double *y = b;

    return (*x > *y) - (*x < *y);
}

double
bench_at(GArray *samples, double share)
{
    double at = share * ((double)samples->len - 1);
    guint below = (guint)at;

    if (samples->len == 0)
        return NAN;
    g_array_sort(samples, compare);
    double low = g_array_index(samples, double, below);
    double high = g_array_index(samples, double, MIN(below + 1, samples->len - 1));

    return low + (high - low) * (at - below);
}

static void
print_number(double value)
{
    if (isnan(value))
        printf("\t-");
    else if (fabs(value) >= 1000)
        printf("\t%.0f", value);
    else
        printf("\t%.4g", value);
}

static void
print_verdict(const BenchRow *row, double median, double ratio)
{
    switch (row->want) {
    case BENCH_REPORTED:
        printf("\t-\t-\n");
        break;
    case BENCH_RATIO_MIN:
        printf("\t>=%gx\t%s\n", row->wanted, ratio >= row->wanted ? "yes" : "no");
        break;
    case BENCH_MIN:
        printf("\t>=%.0f\t%s\n", row->wanted, median >= row->wanted ? "yes" : "no");
        break;
    case BENCH_MAX:
        printf("\t<%g\t%s\n", row->wanted, median < row->wanted ? "yes" : "no");
        break;
    }
}

void
bench_print_head(void)
{
    printf("name\tn\tmedian\tp90\tbaseline\tratio\twanted\tmet\n");
}

void
bench_print(const BenchRow *row, const BenchSamples *samples)
{
    double median = bench_at(samples->ours, 0.5);
    double base = bench_at(samples->base, 0.5);
    double ratio = row->sense == BENCH_RATE ? median / base : base / median;

    printf("%s\t%u", row->name, samples->ours->len);
    print_number(median);
    /* The 90th percentile is that of the slow side. */
    print_number(bench_at(samples->ours, row->sense == BENCH_RATE ? 0.1 : 0.9));
    print_number(base);
    print_number(ratio);
    print_verdict(row, median, ratio);
    fflush(stdout);
}
