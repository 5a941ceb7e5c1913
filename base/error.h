/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * base/error.h - how functions fail.
 *
 * A function that can fail returns bool (or a pointer) and takes a GError ** last. The lowest layer
 * words the cause with dn_fail(); a caller adds only which object with dn_fail_in(). Codes are few
 * and chosen by what the caller can do; base/error-codes.def lists them with their exit and HTTP
 * status. A programming error is g_assert(), never a GError.
 *
 * Threads: everything here may be called from any thread.
 */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include <glib.h>
#include <stdbool.h>

G_BEGIN_DECLS

#define DN_ERROR (dn_error_quark())
GQuark dn_error_quark(void);

typedef enum {
#define DN_E(symbol, code, exit_status, http_status, meaning) DN_ERROR_##symbol = (code),
#include "base/error-codes.def"
#undef DN_E
} DnErrorCode;

/** Sets @error and returns false, so that a failure is one line: `return dn_fail(...)`. */
bool dn_fail(GError **error, DnErrorCode code, const char *fmt, ...) G_GNUC_PRINTF(3, 4);

/** Like dn_fail(), NULL for functions that return a pointer. */
#define dn_fail_null(error, code, ...) (dn_fail((error), (code), __VA_ARGS__), NULL)

/** Takes the cause from errno: "fmt: strerror". ENOENT becomes NOT_FOUND, EEXIST EXISTS, EACCES and
 * EPERM DENIED, EAGAIN BUSY, all others IO. A full disk says so in words. */
bool dn_fail_errno(GError **error, const char *fmt, ...) G_GNUC_PRINTF(2, 3);

/** Puts "fmt: " in front of an error that is already set; keeps its code. Returns false. */
bool dn_fail_in(GError **error, const char *fmt, ...) G_GNUC_PRINTF(2, 3);

/** The code of @error; errors of other domains (GLib's own) count as EXTERNAL. @error is not NULL.
 */
DnErrorCode dn_error_code(const GError *error);

/** "INVALID", "NOT_FOUND" ...: static. */
const char *dn_error_name(DnErrorCode code);

/** The code with that name, or EXTERNAL when there is none: what a peer process sent. */
DnErrorCode dn_error_from_name(const char *name);

/** Exit status of a command that failed with @code, from sysexits(3) where one fits. */
int dn_error_exit_status(DnErrorCode code);

/** HTTP status for @code. */
int dn_error_http_status(DnErrorCode code);

/** A branch that should be unreachable: true is reported as a critical warning and returned. */
#define DN_NEVER(x)                                                                                \
    (G_UNLIKELY(x) ? (g_critical("%s: unreachable: %s", G_STRLOC, #x), true) : false)

G_END_DECLS
#endif
