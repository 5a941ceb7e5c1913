/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cli/main.c - the dencho program.
 */
#include "config.h"
#include "cli/cli.h"

int
main(int argc, char **argv)
{
    return dn_cli_main(argc, argv);
}
