/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * base/failpoint.h - calls that fail on purpose, in builds configured with --enable-failpoints.
 *
 * Every call that can fail below the engine asks DN_FAILPOINT("layer.call") first. In an ordinary
 * build that is the constant false and no code is left of it. In the other it is counted, and fails
 * as planned: by dn_failpoint_arm(), or for a whole program by the environment:
 *
 *   DENCHO_FAILPOINT=KIND:NTH[:ONLY]       e.g. ENOSPC:17, KILL:3:fs.datasync; NTH+ = from then on
 *
 * Threads: any; the calls of all threads are counted together.
 */
#ifndef BASE_FAILPOINT_H
#define BASE_FAILPOINT_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

G_BEGIN_DECLS

typedef enum {
    DN_FAIL_NONE,
    DN_FAIL_EIO,    /* the call fails with that errno */
    DN_FAIL_ENOSPC, /* the same */
    DN_FAIL_EINTR,  /* the same */
    DN_FAIL_SHORT,  /* a read or write moves half of the bytes; other calls succeed */
    DN_FAIL_KILL,   /* the process is killed before the call */
    DN_FAIL_TORN,   /* half of the bytes are written, then the process is killed */
    DN_FAIL_KINDS
} DnFailKind;

typedef struct {
    DnFailKind kind;
    uint64_t nth;      /* which call from now on, 1: the next */
    bool from_then_on; /* that one and all after it */
    const char *only;  /* (nullable) static: count only points whose name begins so */
} DnFailPlan;

#ifdef DN_FAILPOINTS

/** Begins to count anew, and to fail by @plan; NULL: only to count. */
void dn_failpoint_arm(const DnFailPlan *plan);

/** Calls since then that the plan counts. */
uint64_t dn_failpoint_calls(void);

/** The static name of the point where the plan struck first, or NULL. */
const char *dn_failpoint_struck(void);

/** "EIO" ...: static. */
const char *dn_failpoint_kind_name(DnFailKind kind);

/** True: the caller is to fail, errno says how. @name is static. */
bool dn_failpoint(const char *name);

/** How many of @size bytes the call that has just asked may move. */
size_t dn_failpoint_size(size_t size);

#define DN_FAILPOINT(name) G_UNLIKELY(dn_failpoint(name))
#define DN_FAILPOINT_SIZE(size) dn_failpoint_size(size)
#else
#define DN_FAILPOINT(name) false
#define DN_FAILPOINT_SIZE(size) (size)
#endif

G_END_DECLS
#endif
