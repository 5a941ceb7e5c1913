/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * base/log.c - lines for operators.
 */
#include "config.h"
#include "base/log.h"
#include "base/clock.h"

#include <stdio.h>
#include <string.h>

static const char *program_name = "dencho";
static bool show_debug;

char *
dn_log_escape(const char *text)
{
    GString *safe = g_string_new(NULL);

    for (const char *p = text ? text : ""; *p;) {
        gunichar c = g_utf8_get_char_validated(p, -1);

        if (c == (gunichar)-1 || c == (gunichar)-2) {
            g_string_append_printf(safe, "\\x%02x", (unsigned char)*p);
            p++;
            continue;
        }
        /* Format characters include the bidirectional overrides that can disguise a line. */
        if (g_unichar_iscntrl(c) || g_unichar_type(c) == G_UNICODE_FORMAT ||
            g_unichar_type(c) == G_UNICODE_LINE_SEPARATOR ||
            g_unichar_type(c) == G_UNICODE_PARAGRAPH_SEPARATOR)
            g_string_append_printf(safe, c < 0x80 ? "\\x%02x" : "\\u%04x", c);
        else
            g_string_append_unichar(safe, c);
        p = g_utf8_next_char(p);
    }
    return g_string_free(safe, FALSE);
}

static const char *
level_name(GLogLevelFlags level)
{
    if (level & G_LOG_LEVEL_ERROR)
        return "fatal";
    if (level & G_LOG_LEVEL_CRITICAL)
        return "critical";
    if (level & G_LOG_LEVEL_WARNING)
        return "warning";
    if (level & (G_LOG_LEVEL_MESSAGE | G_LOG_LEVEL_INFO))
        return "info";
    return "debug";
}

static GLogWriterOutput
write_line(GLogLevelFlags level, const GLogField *fields, gsize count, gpointer data)
{
    const char *message = "";
    const char *domain = "";

    (void)data;
    if ((level & G_LOG_LEVEL_DEBUG) && !show_debug)
        return G_LOG_WRITER_HANDLED;
    for (gsize i = 0; i < count; i++) {
        if (strcmp(fields[i].key, "MESSAGE") == 0)
            message = fields[i].value;
        else if (strcmp(fields[i].key, "GLIB_DOMAIN") == 0)
            domain = fields[i].value;
    }
    g_autofree char *when = dn_clock_format(dn_clock_now_utc_ms());
    g_autofree char *safe = dn_log_escape(message);

    fprintf(stderr, "%s %s %s%s%s: %s\n", when, level_name(level), program_name,
            domain[0] ? "/" : "", domain, safe);
    return G_LOG_WRITER_HANDLED;
}

void
dn_log_init(const char *program, bool verbose)
{
    program_name = program;
    show_debug = verbose;
    g_log_set_writer_func(write_line, NULL, NULL);
}
