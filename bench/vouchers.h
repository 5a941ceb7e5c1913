/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * bench/vouchers.h - vouchers as a firm has them, made up: the n-th is a pure function of n.
 *
 * Counterparties are skewed (a few suppliers write most of the paper) and one for fifty vouchers,
 * at most 200,000; dates are working days of seven years and arrive roughly in order; amounts are
 * log-normal with the round prices and the 10 % tax of tills. One in 40 has no amount, one in 100
 * no date, one in 60 is deleted.
 */
#ifndef BENCH_VOUCHERS_H
#define BENCH_VOUCHERS_H

#include "index/query.h"

G_BEGIN_DECLS

enum { BENCH_FIRST_DAY = 18353, BENCH_DAYS = 2556 }; /* 2020-04-01, seven years */

typedef struct {
    DnIndexRecord record; /* lends from here */
    char party[128];
    char number[16];
    const char *labels[2];
    char shown[384];
} BenchVoucher;

/** The @n-th of @total, n from 0. Its seq is n + 1. */
void bench_voucher(BenchVoucher *self, uint64_t n, uint64_t total);

/** How many counterparties @total vouchers have, and the name of one, of which 0 is the most
 * frequent. */
uint64_t bench_parties(uint64_t total);
void bench_party(uint64_t party, char *name, size_t size);

/** (transfer full) About 500 characters that may stand on the @n-th voucher. */
char *bench_text(uint64_t n);

/** The same numbers on every run. */
uint64_t bench_random(uint64_t seed);
uint64_t bench_below(uint64_t seed, uint64_t n);

G_END_DECLS
#endif
