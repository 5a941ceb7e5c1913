/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * base/failpoint.c - counts calls and makes the planned one fail.
 */
#include "config.h"
#include "base/failpoint.h"

#ifdef DN_FAILPOINTS
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static const char *const kind_names[DN_FAIL_KINDS] = {"NONE",  "EIO",  "ENOSPC", "EINTR",
                                                      "SHORT", "KILL", "TORN"};
static const int kind_errno[DN_FAIL_KINDS] = {
    [DN_FAIL_EIO] = EIO, [DN_FAIL_ENOSPC] = ENOSPC, [DN_FAIL_EINTR] = EINTR};

static GMutex lock;
static bool armed; /* by a call: the environment is asked no more */
static DnFailPlan plan;
static uint64_t calls;
static const char *struck;
static bool dying;              /* torn: the next call is the last */
static _Thread_local bool half; /* of the read or write that has just asked */

const char *
dn_failpoint_kind_name(DnFailKind kind)
{
    return kind_names[kind];
}

static void
arm_from_environment(void)
{
    const char *text = g_getenv("DENCHO_FAILPOINT");
    g_auto(GStrv) words = text ? g_strsplit(text, ":", 3) : NULL;
    char *end = NULL;

    armed = true;
    if (!words || !words[0] || !words[1])
        return;
    for (int kind = 0; kind < DN_FAIL_KINDS; kind++)
        if (strcmp(words[0], kind_names[kind]) == 0)
            plan.kind = (DnFailKind)kind;
    plan.nth = g_ascii_strtoull(words[1], &end, 10);
    plan.from_then_on = *end == '+';
    plan.only = g_intern_string(words[2]);
}

void
dn_failpoint_arm(const DnFailPlan *new_plan)
{
    static const DnFailPlan nothing;

    g_mutex_lock(&lock);
    armed = true;
    plan = new_plan ? *new_plan : nothing;
    calls = 0;
    struck = NULL;
    dying = false;
    g_mutex_unlock(&lock);
}

uint64_t
dn_failpoint_calls(void)
{
    uint64_t count = 0;

    g_mutex_lock(&lock);
    count = calls;
    g_mutex_unlock(&lock);
    return count;
}

const char *
dn_failpoint_struck(void)
{
    const char *name = NULL;

    g_mutex_lock(&lock);
    name = struck;
    g_mutex_unlock(&lock);
    return name;
}

/* Under the lock. */
static bool
is_due(const char *name)
{
    if (!armed)
        arm_from_environment();
    if (plan.only && !g_str_has_prefix(name, plan.only))
        return false;
    calls++;
    if (calls != plan.nth && !(plan.from_then_on && calls > plan.nth))
        return false;
    if (!struck)
        struck = name;
    return true;
}

bool
dn_failpoint(const char *name)
{
    DnFailKind kind = DN_FAIL_NONE;

    half = false;
    g_mutex_lock(&lock);
    if (dying)
        kind = DN_FAIL_KILL;
    else if (is_due(name))
        kind = plan.kind;
    dying = dying || kind == DN_FAIL_TORN;
    g_mutex_unlock(&lock);
    if (kind == DN_FAIL_KILL)
        kill(getpid(), SIGKILL);
    half = kind == DN_FAIL_SHORT || kind == DN_FAIL_TORN;
    if (kind_errno[kind] == 0)
        return false;
    errno = kind_errno[kind];
    return true;
}

size_t
dn_failpoint_size(size_t size)
{
    bool cut = half && size > 1;

    half = false;
    return cut ? size / 2 : size;
}
#endif
