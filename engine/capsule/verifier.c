/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/capsule/verifier.c - one program as data of another.
 */
#include "config.h"
#include "engine/capsule/verifier.h"

static const guint8 source[] = {
#include "engine/capsule/verify-capsule.inc"
};

const void *
dn_verifier_source(gsize *out_size)
{
    *out_size = sizeof source;
    return source;
}
