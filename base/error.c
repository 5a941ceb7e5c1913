/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * base/error.c - one error domain, made from one table.
 */
#include "config.h"
#include "base/error.h"

#include <errno.h>
#include <string.h>

G_DEFINE_QUARK(dn - error, dn_error)

typedef struct {
    DnErrorCode code;
    const char *name;
    int exit_status;
    int http_status;
} ErrorRow;

static const ErrorRow error_table[] = {
#define DN_E(symbol, code, exit_status, http_status, meaning)                                      \
    {DN_ERROR_##symbol, #symbol, exit_status, http_status},
#include "base/error-codes.def"
#undef DN_E
};

static const ErrorRow *
error_row(DnErrorCode code)
{
    for (size_t i = 0; i < G_N_ELEMENTS(error_table); i++)
        if (error_table[i].code == code)
            return &error_table[i];
    g_assert_not_reached();
}

G_GNUC_PRINTF(3, 0)
static void
fail_valist(GError **error, DnErrorCode code, const char *fmt, va_list args)
{
    if (error)
        *error = g_error_new_valist(DN_ERROR, (gint)code, fmt, args);
}

bool
dn_fail(GError **error, DnErrorCode code, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    fail_valist(error, code, fmt, args);
    va_end(args);
    return false;
}

static DnErrorCode
code_from_errno(int number)
{
    switch (number) {
    case ENOENT:
        return DN_ERROR_NOT_FOUND;
    case EEXIST:
        return DN_ERROR_EXISTS;
    case EACCES:
    case EPERM:
        return DN_ERROR_DENIED;
    case EAGAIN:
        return DN_ERROR_BUSY;
    default:
        return DN_ERROR_IO;
    }
}

bool
dn_fail_errno(GError **error, const char *fmt, ...)
{
    int number = errno;
    va_list args;

    va_start(args, fmt);
    if (error) {
        g_autofree char *what = g_strdup_vprintf(fmt, args);
        const char *why = number == ENOSPC ? "the disk is full" : g_strerror(number);

        *error = g_error_new(DN_ERROR, (gint)code_from_errno(number), "%s: %s", what, why);
    }
    va_end(args);
    return false;
}

bool
dn_fail_in(GError **error, const char *fmt, ...)
{
    va_list args;

    if (!error || !*error)
        return false;
    va_start(args, fmt);
    g_autofree char *what = g_strdup_vprintf(fmt, args);
    va_end(args);
    g_prefix_error(error, "%s: ", what);
    return false;
}

DnErrorCode
dn_error_code(const GError *error)
{
    return error->domain == DN_ERROR ? (DnErrorCode)error->code : DN_ERROR_EXTERNAL;
}

const char *
dn_error_name(DnErrorCode code)
{
    return error_row(code)->name;
}

DnErrorCode
dn_error_from_name(const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(error_table); i++)
        if (g_strcmp0(error_table[i].name, name) == 0)
            return error_table[i].code;
    return DN_ERROR_EXTERNAL;
}

int
dn_error_exit_status(DnErrorCode code)
{
    return error_row(code)->exit_status;
}

int
dn_error_http_status(DnErrorCode code)
{
    return error_row(code)->http_status;
}
