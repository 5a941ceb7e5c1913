/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/capsule/verifier.h - the source of verify-capsule, which travels in every capsule.
 */
#ifndef ENGINE_CAPSULE_VERIFIER_H
#define ENGINE_CAPSULE_VERIFIER_H

#include <glib.h>

G_BEGIN_DECLS

/** Lends the bytes of tools/verify-capsule.c as it was when this program was built. */
const void *dn_verifier_source(gsize *out_size);

G_END_DECLS
#endif
