/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * base/log.h - one line on stderr for what an operator must know.
 *
 * Libraries return errors and log at most at debug level; a program logs each failure once. A line
 * never holds document text, an amount, a name or a key: only ids, counts, codes and places.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/error.h"

G_BEGIN_DECLS

/** Routes GLib's log of this process to stderr as "time level domain: message", with what is
 * unprintable escaped. @verbose also shows debug. Call once, before threads. */
void dn_log_init(const char *program, bool verbose);

/** (transfer full) @text with control characters, escapes and invalid UTF-8 made visible as \xNN,
 * so that nothing from a file reaches a terminal or a log line raw. NULL gives "". */
char *dn_log_escape(const char *text);

G_END_DECLS
#endif
