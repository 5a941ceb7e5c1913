/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cli/main.c - the dencho program.
 */
#include "config.h"
#include "cli/cli.h"

#include <sys/prctl.h>
#include <sys/resource.h>

/* Keys and documents pass through this process: it leaves no core, and no other process of the same
 * user looks into it. */
static void
keep_memory_private(void)
{
    const struct rlimit none = {0, 0};

    setrlimit(RLIMIT_CORE, &none);
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

int
main(int argc, char **argv)
{
    keep_memory_private();
    return dn_cli_main(argc, argv);
}
