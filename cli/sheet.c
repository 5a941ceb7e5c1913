/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cli/sheet.c - rows of a search as comma-separated values.
 */
#include "config.h"
#include "cli/sheet.h"
#include "base/money.h"
#include "base/text.h"
#include "cli/output.h"

#include <string.h>

enum { MOST_CP932 = 4 /* bytes of a character */ };

struct DnListSheet {
    DnCli *cli;
    DnSheetEncoding encoding;
    GIConv to_cp932;
    uint64_t lacking; /* cells */
};

static const char *const columns[] = {
    "voucher",  "date",       "amount", "currency", "party",  "registration_number",
    "kind",     "origin",     "state",  "version",  "labels", "deleted",
    "received", "registered", "stamped"};

/* One sign that Unicode has twice: iconv would write the yen sign as the byte of the backslash. */
static const struct {
    gunichar from;
    gunichar to;
} same_sign[] = {{0xa5, 0xffe5},   {0xa2, 0xffe0},   {0xa3, 0xffe1},   {0xac, 0xffe2},
                 {0x301c, 0xff5e}, {0x2016, 0x2225}, {0x2212, 0xff0d}, {0x2014, 0x2015}};

/* False when CP932 lacks it. */
static bool
encode_one(GIConv to_cp932, gunichar c, GByteArray *out)
{
    char utf8[6];
    char cp932[MOST_CP932];
    char *in = utf8;
    char *to = cp932;
    gsize left = 0;
    gsize room = sizeof cp932;

    for (size_t i = 0; i < G_N_ELEMENTS(same_sign); i++)
        if (same_sign[i].from == c)
            c = same_sign[i].to;
    left = (gsize)g_unichar_to_utf8(c, utf8);
    if (g_iconv(to_cp932, &in, &left, &to, &room) != 0) {
        g_iconv(to_cp932, NULL, NULL, NULL, NULL);
        return false;
    }
    if (c >= 0x80 && (guchar)cp932[0] < 0x80)
        return false; /* another character of ASCII is no encoding of this one */
    g_byte_array_append(out, (const guint8 *)cp932, (guint)(sizeof cp932 - room));
    return true;
}

GBytes *
dn_list_sheet_cp932(GIConv to_cp932, const char *text, char **out_lacking)
{
    static const guint8 geta[] = {0x81, 0xac};
    GByteArray *out = g_byte_array_new();
    GString *lacking = g_string_new(NULL);

    for (const char *p = text; *p; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);

        if (encode_one(to_cp932, c, out))
            continue;
        g_byte_array_append(out, geta, sizeof geta);
        if (!dn_text_has_letter(lacking->str, c))
            g_string_append_unichar(lacking, c);
    }
    *out_lacking = g_string_free(lacking, FALSE);
    return g_byte_array_free_to_bytes(out);
}

static bool
write_text(DnListSheet *self, const char *text, char **out_lacking, GError **error)
{
    if (self->encoding == DN_SHEET_UTF8) {
        *out_lacking = NULL;
        return dn_out_bytes(text, strlen(text), error);
    }
    g_autoptr(GBytes) bytes = dn_list_sheet_cp932(self->to_cp932, text, out_lacking);
    gsize size = 0;
    const void *data = g_bytes_get_data(bytes, &size);

    return dn_out_bytes(data, size, error);
}

/* (transfer full) Quoted where RFC 4180 asks for it. */
static char *
quoted(const char *text)
{
    if (!strpbrk(text, ",\"\r\n"))
        return g_strdup(text);
    g_auto(GStrv) parts = g_strsplit(text, "\"", -1);
    g_autofree char *doubled = g_strjoinv("\"\"", parts);

    return g_strconcat("\"", doubled, "\"", NULL);
}

/* (transfer full) What stands in a cell. */
static char *
cell_text(const json_t *row, const char *column)
{
    const json_t *value = json_object_get(row, column);
    g_autofree char *text = NULL;

    if (strcmp(column, "amount") == 0) {
        const char *currency = dn_json_string(row, "currency");

        return json_is_integer(value)
                   ? dn_money_format(json_integer_value(value), currency ? currency : "JPY")
                   : g_strdup("");
    }
    text = dn_json_text(value);
    if (*text != '\0' && strchr("=+-@\t\r", *text) != NULL)
        return g_strconcat("'", text, NULL);
    return g_steal_pointer(&text);
}

static bool
add_cell(DnListSheet *self, const json_t *row, const char *column, GError **error)
{
    g_autofree char *text = cell_text(row, column);
    g_autofree char *cell = quoted(text);
    g_autofree char *lacking = NULL;

    if (!write_text(self, cell, &lacking, error))
        return false;
    if (lacking && *lacking) {
        self->lacking++;
        dn_cli_say(self->cli, "voucher %s, %s: CP932 lacks %s; written as 〓",
                   dn_json_string(row, "voucher"), column, lacking);
    }
    return true;
}

DnListSheet *
dn_list_sheet_new(DnCli *cli, DnSheetEncoding encoding, GError **error)
{
    g_autoptr(DnListSheet) self = g_new0(DnListSheet, 1);

    self->cli = cli;
    self->encoding = encoding;
    self->to_cp932 = (GIConv)-1;
    if (encoding == DN_SHEET_CP932) {
        self->to_cp932 = g_iconv_open("CP932", "UTF-8");
        if (self->to_cp932 == (GIConv)-1)
            return dn_fail_null(error, DN_ERROR_EXTERNAL,
                                "iconv does not know CP932 here; use --csv utf8");
    } else if (!dn_out_bytes("\xef\xbb\xbf", 3, error)) {
        return NULL;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(columns); i++)
        if ((i > 0 && !dn_out_bytes(",", 1, error)) ||
            !dn_out_bytes(columns[i], strlen(columns[i]), error))
            return NULL;
    return dn_out_bytes("\r\n", 2, error) ? g_steal_pointer(&self) : NULL;
}

bool
dn_list_sheet_add(DnListSheet *self, const json_t *row, GError **error)
{
    for (size_t i = 0; i < G_N_ELEMENTS(columns); i++)
        if ((i > 0 && !dn_out_bytes(",", 1, error)) || !add_cell(self, row, columns[i], error))
            return false;
    return dn_out_bytes("\r\n", 2, error);
}

void
dn_list_sheet_finish(DnListSheet *self)
{
    if (self->lacking == 0)
        return;
    dn_cli_say(self->cli,
               "%" G_GUINT64_FORMAT " cells have characters that CP932 lacks; "
               "--csv utf8 writes them all",
               self->lacking);
    self->cli->exit_status = dn_error_exit_status(DN_ERROR_FORMAT);
}

void
dn_list_sheet_free(DnListSheet *self)
{
    if (!self)
        return;
    if (self->to_cp932 != (GIConv)-1)
        g_iconv_close(self->to_cp932);
    g_free(self);
}
