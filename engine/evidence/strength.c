/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/evidence/strength.c - how long keys and digests last.
 *
 * A table of CRYPTREC LS-0003-2022, 暗号強度要件（アルゴリズム及び鍵長選択）に関する設定基準: until
 * when what has so many bits of security may be used to make new protection. Evidence has to be
 * renewed before that day, while the old stamp is still beyond doubt. A new edition is a new row.
 */
#include "config.h"
#include "engine/evidence/evidence.h"

static const struct {
    unsigned bits; /* at least */
    DnDate last;
} strengths[] = {
    {192, {9999, 12, 31}},
    {128, {2050, 12, 31}}, /* SHA-256, P-256, RSA 3072 */
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
