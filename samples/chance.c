/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * samples/chance.c - the random numbers of the samples (splitmix64).
 */
#include "config.h"
#include "samples/sample.h"

static uint64_t
chance_next(Chance *self)
{
    uint64_t z = self->state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

unsigned
chance_below(Chance *self, unsigned n)
{
    return (unsigned)(((chance_next(self) >> 32) * n) >> 32);
}

int
chance_between(Chance *self, int low, int high)
{
    return low + (int)chance_below(self, (unsigned)(high - low + 1));
}

double
chance_unit(Chance *self)
{
    return (double)(chance_next(self) >> 11) / 9007199254740992.0;
}

double
chance_normal(Chance *self)
{
    uint64_t bits = chance_next(self);
    double sum = 0;

    /* Four 16-bit uniforms: variance 4/12, and tails that no page of paper misses. */
    for (unsigned i = 0; i < 4; i++)
        sum += (double)((bits >> (16 * i)) & 0xffff) / 65536.0 - 0.5;
    return sum * 1.7320508;
}
