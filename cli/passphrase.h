/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cli/passphrase.h - passphrases from a descriptor or a terminal; never from argv or environment.
 *
 * From a descriptor each is a line, in the order in which they are needed: that of the present key
 * file, then that of a new one. Bytes go straight from read(2) into the locked memory of who asks.
 */
#ifndef CLI_PASSPHRASE_H
#define CLI_PASSPHRASE_H

#include "cli/cli.h"

G_BEGIN_DECLS

/** Who is asked in this run. Lends @cli. */
DnPassphrases dn_passphrases(const DnCli *cli);

/** INVALID when --passphrase-fd names a descriptor that no passphrase comes from. */
bool dn_passphrase_check(const DnCli *cli, GError **error);

G_END_DECLS
#endif
