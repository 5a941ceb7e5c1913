/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * index/gate.h - about as many long searches at work as there are processors: the others wait in
 * the order they came.
 *
 * Of many that run at once each is put off again and again until the others had their turns, and
 * all come to their end late; one after another most end sooner and none later. A gate is no lock:
 * nothing relies on how many are inside. Who has waited for long goes in all the same, so that
 * nobody hangs on one who is stuck.
 *
 * Threads: any. A place belongs to who entered, and is left before anything is waited for.
 */
#ifndef INDEX_GATE_H
#define INDEX_GATE_H

#include <glib.h>

G_BEGIN_DECLS

typedef struct DnGate DnGate;

/** (transfer full) One with @room (at least 1) places, for which nobody waits longer than
 * @most_us. */
DnGate *dn_gate_new(unsigned room, gint64 most_us);
/** When nobody is inside or waits. NULL-safe. */
void dn_gate_free(DnGate *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DnGate, dn_gate_free)

/** (transfer none) The one of this process: a place a processor. */
DnGate *dn_gate_of_process(void);

/** Waits for a place, and takes it. */
void dn_gate_enter(DnGate *self);
/** Takes one at once, beyond the room if need be: for who had one, and left it only to wait for
 * something else. */
void dn_gate_return(DnGate *self);
/** Gives the place to who has waited longest. */
void dn_gate_leave(DnGate *self);

/** How many have a place, and how many wait for one, at this moment. */
unsigned dn_gate_inside(DnGate *self);
unsigned dn_gate_waiting(DnGate *self);

G_END_DECLS
#endif
