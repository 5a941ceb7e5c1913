/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/registry/list.c - CSV of the tax agency.
 *
 * Quotes and commas are bytes below 0x30, which are never the second byte of a character in
 * Shift_JIS: rows are cut before their characters are known.
 */
#include "config.h"
#include "engine/registry/list.h"
#include "base/date.h"

#include <errno.h>
#include <string.h>
#include <stddef.h>
#include <unistd.h>

enum {
    BUFFER_BYTES = 64 << 10,
    FIELDS_MOST = 40,
    FIELD_BYTES = 4096,
    ROW_BYTES = 32 << 10,
    NUMBER_DIGITS = 13,
    ISO_DATE = 10,
};

/* Columns, from 0; 法人番号 ... リソース定義書, and that of the 公表サイト. */
enum {
    CORPORATION_COLUMNS = 30,
    CORPORATION_NUMBER = 1,
    CORPORATION_UPDATED = 4,
    CORPORATION_NAME = 6,
    CORPORATION_CLOSED = 18,
    CORPORATION_LATEST = 23,
    ISSUER_COLUMNS = 24,
    ISSUER_NUMBER = 1,
    ISSUER_PROCESS = 2,
    ISSUER_PERSON = 4,
    ISSUER_LATEST = 6,
    ISSUER_FROM = 7,
    ISSUER_UPDATED = 8,
    ISSUER_WITHDRAWN = 9,
    ISSUER_EXPIRED = 10,
    ISSUER_NAME = 18,
    ISSUER_TRADE_NAME = 22,
};

typedef enum { CHARSET_UNKNOWN, CHARSET_UTF8, CHARSET_CP932 } Charset;

struct DnListReader {
    int fd;
    uint8_t buffer[BUFFER_BYTES];
    size_t from;
    size_t to;
    bool ended;
    uint64_t bytes;
    uint64_t row; /* its number, from 1 */
    DnDigest *digest;
    DnListKind kind;
    Charset charset;
    GIConv cp932;
    GString *text;              /* the row, its fields ended by NUL */
    size_t fields[FIELDS_MOST]; /* where in it each begins */
    unsigned count;
};

DnListReader *
dn_list_reader_new(int fd)
{
    DnListReader *self = g_new0(DnListReader, 1);

    self->fd = fd;
    self->digest = dn_digest_new();
    self->cp932 = (GIConv)-1;
    self->text = g_string_new(NULL);
    return self;
}

void
dn_list_reader_free(DnListReader *self)
{
    if (!self)
        return;
    dn_digest_free(self->digest);
    if (self->cp932 != (GIConv)-1)
        g_iconv_close(self->cp932);
    g_string_free(self->text, TRUE);
    g_free(self);
}

DnListKind
dn_list_reader_kind(const DnListReader *self)
{
    return self->kind;
}

const char *
dn_list_name(DnListKind kind)
{
    return kind == DN_LIST_CORPORATIONS ? "corporations"
           : kind == DN_LIST_ISSUERS    ? "issuers"
                                        : "unknown";
}

uint64_t
dn_list_reader_bytes(const DnListReader *self)
{
    return self->bytes;
}

DnSha256
dn_list_reader_digest(DnListReader *self)
{
    return dn_digest_finish(self->digest);
}

/* --- rows --- */

static bool
list_fill(DnListReader *self, GError **error)
{
    ssize_t got = 0;

    do
        got = read(self->fd, self->buffer, BUFFER_BYTES);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return dn_fail_errno(error, "cannot read the list");
    self->from = 0;
    self->to = (size_t)got;
    self->ended = got == 0;
    self->bytes += (uint64_t)got;
    dn_digest_add(self->digest, self->buffer, (size_t)got);
    return true;
}

/* -1 at the end. Call list_fill() when it says so. */
static bool
list_byte(DnListReader *self, int *out_byte, GError **error)
{
    if (self->from == self->to && !self->ended && !list_fill(self, error))
        return false;
    *out_byte = self->from < self->to ? self->buffer[self->from++] : -1;
    return true;
}

static bool
list_peek(DnListReader *self, int *out_byte, GError **error)
{
    if (!list_byte(self, out_byte, error))
        return false;
    if (*out_byte >= 0)
        self->from--;
    return true;
}

static bool
list_end_field(DnListReader *self, size_t begin, GError **error)
{
    if (self->count == FIELDS_MOST)
        return dn_fail(error, DN_ERROR_FORMAT, "row %" G_GUINT64_FORMAT ": more than %d columns",
                       self->row, FIELDS_MOST);
    self->fields[self->count++] = begin;
    g_string_append_c(self->text, '\0');
    return true;
}

/* One row into self->fields; *@out_more is false when there was none. */
static bool
list_cut_row(DnListReader *self, bool *out_more, GError **error)
{
    bool quoted = false;
    bool any = false;
    size_t begin = 0;

    g_string_truncate(self->text, 0);
    self->count = 0;
    self->row++;
    for (;;) {
        int byte = -1;
        int next = -1;

        if (!list_byte(self, &byte, error))
            return false;
        if (byte < 0 && quoted)
            return dn_fail(error, DN_ERROR_FORMAT,
                           "row %" G_GUINT64_FORMAT ": it ends within quotes", self->row);
        if (byte < 0 && !any) {
            *out_more = false;
            return true;
        }
        if (byte < 0 || (!quoted && byte == '\n'))
            break;
        any = true;
        if (quoted && byte == '"') {
            if (!list_peek(self, &next, error))
                return false;
            if (next != '"') {
                quoted = false;
                continue;
            }
            self->from++;
        } else if (byte == '"' && self->text->len == begin) {
            quoted = true;
            continue;
        } else if (!quoted && byte == ',') {
            if (!list_end_field(self, begin, error))
                return false;
            begin = self->text->len;
            continue;
        } else if (!quoted && byte == '\r') {
            continue;
        } else if (byte == '\0') {
            return dn_fail(error, DN_ERROR_FORMAT,
                           "row %" G_GUINT64_FORMAT
                           ": this is no CSV; the agency's files come in a ZIP: unpack it",
                           self->row);
        }
        g_string_append_c(self->text, (char)byte);
        if (self->text->len - begin > FIELD_BYTES || self->text->len > ROW_BYTES)
            return dn_fail(error, DN_ERROR_LIMIT,
                           "row %" G_GUINT64_FORMAT ": a field of more than %d bytes", self->row,
                           FIELD_BYTES);
    }
    *out_more = true;
    return list_end_field(self, begin, error);
}

/* --- columns --- */

static const char *
list_field(const DnListReader *self, unsigned column)
{
    return column < self->count ? self->text->str + self->fields[column] : "";
}

static bool
list_wrong(const DnListReader *self, unsigned column, const char *what, GError **error)
{
    return dn_fail(error, DN_ERROR_FORMAT, "row %" G_GUINT64_FORMAT ", column %u: %s", self->row,
                   column + 1, what);
}

static bool
list_number(const DnListReader *self, unsigned column, uint64_t *out_number, GError **error)
{
    const char *text = list_field(self, column);

    if (self->kind == DN_LIST_ISSUERS && *text++ != 'T')
        return list_wrong(self, column, "no T before the number", error);
    if (strlen(text) != NUMBER_DIGITS || strspn(text, "0123456789") != NUMBER_DIGITS)
        return list_wrong(self, column, "no number of 13 digits", error);
    *out_number = g_ascii_strtoull(text, NULL, 10);
    return true;
}

/* An empty field is @fallback. */
static bool
list_date(const DnListReader *self, unsigned column, int32_t fallback, int32_t *out_days,
          GError **error)
{
    const char *text = list_field(self, column);
    DnDate date;

    *out_days = fallback;
    if (!*text)
        return true;
    if (strlen(text) != ISO_DATE || text[4] != '-' || !dn_date_parse(text, &date, NULL))
        return list_wrong(self, column, "no day like 2023-10-01", error);
    *out_days = dn_date_to_days(&date);
    return true;
}

static bool
list_from_cp932(DnListReader *self, const char *text, GString *out, GError **error)
{
    char *in = (char *)(uintptr_t)text;
    gsize left = strlen(text);

    if (self->cp932 == (GIConv)-1) {
        self->cp932 = g_iconv_open("UTF-8", "CP932");
        if (self->cp932 == (GIConv)-1)
            return dn_fail(error, DN_ERROR_EXTERNAL, "the C library cannot read Shift_JIS (CP932)");
    }
    g_iconv(self->cp932, NULL, NULL, NULL, NULL);
    g_string_set_size(out, left * 3 + 1);
    char *to = out->str;
    gsize room = out->len;

    if (g_iconv(self->cp932, &in, &left, &to, &room) == (gsize)-1 || left > 0)
        return false;
    g_string_truncate(out, (gsize)(to - out->str));
    return true;
}

/* A name as it is kept: one line, NFC, no longer than a name is. The characters of the first row
 * that shows them are those of the file. */
static bool
list_take_name(DnListReader *self, unsigned column, char *out, GError **error)
{
    const char *text = list_field(self, column);
    g_autoptr(GString) converted = g_string_new(NULL);
    const char *utf8 = text;
    bool plain = true;

    for (const char *p = text; *p && plain; p++)
        plain = (guchar)*p < 0x80;
    if (!plain && self->charset == CHARSET_UNKNOWN)
        self->charset = g_utf8_validate(text, -1, NULL) ? CHARSET_UTF8 : CHARSET_CP932;
    if (!plain && self->charset == CHARSET_CP932) {
        g_autoptr(GError) problem = NULL;

        if (!list_from_cp932(self, text, converted, &problem)) {
            if (!problem)
                return list_wrong(self, column, "neither UTF-8 nor Shift_JIS", error);
            g_propagate_error(error, g_steal_pointer(&problem));
            return false;
        }
        utf8 = converted->str;
    }
    if (!g_utf8_validate(utf8, -1, NULL))
        return list_wrong(self, column, "not UTF-8, as the rows before were", error);
    g_autofree char *composed = g_utf8_normalize(utf8, -1, G_NORMALIZE_DEFAULT_COMPOSE);

    g_strstrip(composed);
    size_t size = strlen(composed);

    if (size > DN_LIST_NAME_BYTES)
        size =
            (size_t)(g_utf8_find_prev_char(composed, composed + DN_LIST_NAME_BYTES + 1) - composed);
    for (const char *p = composed; p < composed + size; p = g_utf8_next_char(p))
        if (g_unichar_iscntrl(g_utf8_get_char(p)))
            return list_wrong(self, column, "a name with control characters", error);
    memcpy(out, composed, size);
    out[size] = '\0';
    return true;
}

/* --- the two lists --- */

static bool
list_tell_kind(DnListReader *self, GError **error)
{
    const char *number = list_field(self, ISSUER_NUMBER);

    if (self->count == ISSUER_COLUMNS && *number == 'T')
        self->kind = DN_LIST_ISSUERS;
    else if (self->count == CORPORATION_COLUMNS && g_ascii_isdigit(*number))
        self->kind = DN_LIST_CORPORATIONS;
    else
        return dn_fail(error, DN_ERROR_FORMAT,
                       "row %" G_GUINT64_FORMAT
                       ": %u columns; the list of corporate numbers has %d, that of the issuers of "
                       "qualified invoices %d",
                       self->row, self->count, CORPORATION_COLUMNS, ISSUER_COLUMNS);
    return true;
}

/* *@out_tells: this row, the latest of its number, says what holds now. */
static bool
list_take_corporation(DnListReader *self, DnListRow *out_row, bool *out_tells, GError **error)
{
    *out_tells = strcmp(list_field(self, CORPORATION_LATEST), "1") == 0;
    out_row->from_days = DN_LIST_EVER;
    return !*out_tells ||
           (list_number(self, CORPORATION_NUMBER, &out_row->number, error) &&
            list_date(self, CORPORATION_UPDATED, 0, &out_row->update_days, error) &&
            list_date(self, CORPORATION_CLOSED, DN_LIST_OPEN, &out_row->to_days, error) &&
            list_take_name(self, CORPORATION_NAME, out_row->name, error));
}

static bool
list_take_issuer(DnListReader *self, DnListRow *out_row, bool *out_tells, GError **error)
{
    bool person = strcmp(list_field(self, ISSUER_PERSON), "1") == 0;
    bool latest = strcmp(list_field(self, ISSUER_LATEST), "1") == 0;
    int32_t withdrawn = 0;
    int32_t expired = 0;

    out_row->removed = strcmp(list_field(self, ISSUER_PROCESS), "99") == 0;
    if (!list_number(self, ISSUER_NUMBER, &out_row->number, error) ||
        !list_date(self, ISSUER_UPDATED, 0, &out_row->update_days, error) ||
        !list_date(self, ISSUER_WITHDRAWN, DN_LIST_OPEN, &withdrawn, error) ||
        !list_date(self, ISSUER_EXPIRED, DN_LIST_OPEN, &expired, error) ||
        !list_date(self, ISSUER_FROM, DN_LIST_EVER, &out_row->from_days, error))
        return false;
    out_row->to_days = MIN(withdrawn, expired);
    /* What was true before matters where it has an end: a registration of then. */
    *out_tells = out_row->removed || latest || out_row->to_days != DN_LIST_OPEN;
    return !*out_tells || out_row->removed ||
           list_take_name(self, person ? ISSUER_TRADE_NAME : ISSUER_NAME, out_row->name, error);
}

static bool
list_is_blank(const DnListReader *self)
{
    return self->count == 1 && !*list_field(self, 0);
}

bool
dn_list_reader_next(DnListReader *self, DnListRow *out_row, bool *out_more, GError **error)
{
    bool tells = false;

    while (!tells) {
        if (!list_cut_row(self, out_more, error))
            return false;
        if (!*out_more)
            return true;
        if (self->row == 1 && g_str_has_prefix(self->text->str, "\xef\xbb\xbf")) {
            self->charset = CHARSET_UTF8;
            self->fields[0] += 3;
        }
        if (list_is_blank(self))
            continue;
        if (self->kind == DN_LIST_UNKNOWN && !list_tell_kind(self, error))
            return false;
        if (self->count != (self->kind == DN_LIST_ISSUERS ? ISSUER_COLUMNS : CORPORATION_COLUMNS))
            return dn_fail(error, DN_ERROR_FORMAT, "row %" G_GUINT64_FORMAT ": %u columns",
                           self->row, self->count);
        memset(out_row, 0, offsetof(DnListRow, name) + 1);
        out_row->to_days = DN_LIST_OPEN;
        if (!(self->kind == DN_LIST_ISSUERS ? list_take_issuer(self, out_row, &tells, error)
                                            : list_take_corporation(self, out_row, &tells, error)))
            return false;
    }
    return true;
}
