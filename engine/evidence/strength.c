/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/evidence/strength.c - how long keys and digests last.
 *
 * NIST SP 800-57 part 1 revision 5, table 4 (security strength time frames), column "applying
 * protection": 112 bits are acceptable through 2030 and disallowed from 2031; 128 bits and more are
 * acceptable in 2031 and beyond, without an end. Revision 3 of it: less than 112 bits are
 * disallowed from 2014. The end of 128 bits is this archive's own: a digest that is to prove
 * something for decades is not used until it falls. CRYPTREC LS-0003-2022, the Japanese counterpart
 * (暗号強度要件に関する設定基準), was not at hand to compare with.
 *
 * Evidence has to be renewed before that day, while the old stamp is still beyond doubt. A new
 * edition is a new row.
 */
#include "config.h"
#include "engine/evidence/evidence.h"

static const struct {
    unsigned bits; /* at least */
    DnDate last;
} strengths[] = {
    {192, {9999, 12, 31}},
    {128, {2050, 12, 31}}, /* SHA-256, P-256, RSA 3072: no end by NIST, ours */
    {112, {2030, 12, 31}}, /* SHA-224, RSA 2048 */
    {0, {2013, 12, 31}},   /* SHA-1, RSA 1024 */
};

DnDate
dn_strength_until(unsigned security_bits)
{
    size_t i = 0;

    while (security_bits < strengths[i].bits)
        i++;
    return strengths[i].last;
}

unsigned
dn_strength_of_hash(DnHashKind kind)
{
    return (unsigned)kind * 8 / 2;
}
