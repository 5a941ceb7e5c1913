/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * index/span.h - dates and amounts as places of a tally (index/tally.h): where the values of a
 * counterparty lie.
 *
 * Place 0 is "missing". A day has a place of its own from 1900 to 2079, all that lie before and all
 * after share one; an amount shares its place with those within 1 % of it. Places ascend as values
 * do, so the values of a place are a range. Pure.
 */
#ifndef INDEX_SPAN_H
#define INDEX_SPAN_H

#include "index/query.h"

enum {
    DN_SPAN_MISSING = 0,
    DN_SPAN_FIRST = 1,
    DN_SPAN_LAST = UINT16_MAX,
    DN_SPAN_DAY = -25568, /* place 1 is 1900-01-01 and all before */
    DN_SPAN_ZERO = 1 << 15,
    DN_SPAN_BITS = 7, /* of an amount, below its highest */
};

static inline uint16_t
dn_span_of_days(int32_t days)
{
    return days == DN_DAYS_MISSING
               ? DN_SPAN_MISSING
               : (uint16_t)CLAMP((int64_t)days - DN_SPAN_DAY, DN_SPAN_FIRST, DN_SPAN_LAST);
}

static inline uint16_t
dn_span_of_amount(int64_t amount)
{
    uint64_t size = amount < 0 ? -(uint64_t)amount : (uint64_t)amount;
    unsigned shift =
        size >> (DN_SPAN_BITS + 1) ? 63U - DN_SPAN_BITS - (unsigned)__builtin_clzll(size) : 0;
    int place = (int)((shift << DN_SPAN_BITS) + (size >> shift));

    return amount == DN_AMOUNT_MISSING ? DN_SPAN_MISSING
                                       : (uint16_t)(DN_SPAN_ZERO + (amount < 0 ? -place : place));
}

/** The smallest and largest value that has @place, which is not that of missing ones. */
static inline void
dn_span_days(uint16_t place, int64_t *out_from, int64_t *out_to)
{
    *out_from = place == DN_SPAN_FIRST ? INT32_MIN + 1 : place + DN_SPAN_DAY;
    *out_to = place == DN_SPAN_LAST ? INT32_MAX : place + DN_SPAN_DAY;
}

static inline void
dn_span_amounts(uint16_t place, int64_t *out_from, int64_t *out_to)
{
    int from_zero = place < DN_SPAN_ZERO ? DN_SPAN_ZERO - place : place - DN_SPAN_ZERO;
    unsigned shift =
        from_zero >> (DN_SPAN_BITS + 1) ? ((unsigned)from_zero >> DN_SPAN_BITS) - 1 : 0;
    uint64_t least = MIN(shift, 63U - DN_SPAN_BITS) == shift
                         ? ((uint64_t)from_zero - ((uint64_t)shift << DN_SPAN_BITS)) << shift
                         : INT64_MAX;
    int64_t from = (int64_t)MIN(least, (uint64_t)INT64_MAX);
    int64_t to = (int64_t)MIN(least + ((UINT64_C(1) << MIN(shift, 62U)) - 1), (uint64_t)INT64_MAX);

    *out_from = place < DN_SPAN_ZERO ? -to : from;
    *out_to = place < DN_SPAN_ZERO ? -from : to;
}

#endif
