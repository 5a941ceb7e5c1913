/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/capsule/sheet.c - cells, and the smallest workbook that spreadsheets open.
 *
 * The workbook is a ZIP of its own within the capsule, stored and without ZIP64, which not every
 * spreadsheet reads. Its sheets lie in spools, so all sizes are known before the first byte.
 */
#include "config.h"
#include "engine/capsule/sheet.h"

#include <string.h>

enum {
    SHEET_ROWS = 1048576, /* the most that a sheet has */
    CELL_CHARACTERS = 32767,
};

static const char byte_order_mark[] = "\xef\xbb\xbf"; /* a spreadsheet takes it as "UTF-8" */

typedef struct {
    DnSpool *spool;
    uint32_t crc;
    uint32_t rows;
} Part;

struct DnSheet {
    const DnContainer *container;
    char *name;
    const char *const *head;
    char *kinds;
    DnSpool *utf8;
    DnSpool *cp932;
    DnSpool *missing;
    uint64_t missing_count;
    uint64_t rows;
    GPtrArray *sheets; /* Part */
    GIConv to_cp932;
    GIConv from_cp932;
    GString *row; /* used again for each */
};

static void
sheet_free(gpointer data)
{
    Part *sheet = data;

    dn_spool_free(sheet->spool);
    g_free(sheet);
}

void
dn_sheet_free(DnSheet *self)
{
    if (!self)
        return;
    dn_spool_free(self->utf8);
    dn_spool_free(self->cp932);
    dn_spool_free(self->missing);
    g_clear_pointer(&self->sheets, g_ptr_array_unref);
    if (self->to_cp932 != (GIConv)-1)
        g_iconv_close(self->to_cp932);
    if (self->from_cp932 != (GIConv)-1)
        g_iconv_close(self->from_cp932);
    if (self->row)
        g_string_free(self->row, TRUE);
    g_free(self->name);
    g_free(self->kinds);
    g_free(self);
}

/* --- CSV --- */

static bool
is_formula(const char *text)
{
    return text[0] && strchr("=+-@\t\r", text[0]);
}

/* RFC 4180. */
static void
add_csv_row(DnSheet *self, const char *const *cells, bool head)
{
    g_string_truncate(self->row, 0);
    for (size_t i = 0; cells[i]; i++) {
        if (i > 0)
            g_string_append_c(self->row, ',');
        g_string_append_c(self->row, '"');
        if (!head && self->kinds[i] == 't' && is_formula(cells[i]))
            g_string_append_c(self->row, '\'');
        for (const char *p = cells[i]; *p; p++) {
            if (*p == '"')
                g_string_append_c(self->row, '"');
            g_string_append_c(self->row, *p);
        }
        g_string_append_c(self->row, '"');
    }
    g_string_append(self->row, "\r\n");
}

/* The bytes of one character in CP932, 0 when it has none that leads back to it. */
static size_t
encode_one(DnSheet *self, const char *character, size_t size, char out[8])
{
    char back[16];
    char *in = (char *)character;
    char *to = out;
    gsize in_left = size;
    gsize to_left = 8;

    if (size == 1) { /* ASCII is the same in both, and most of it */
        *out = *character;
        return 1;
    }
    if (g_iconv(self->to_cp932, &in, &in_left, &to, &to_left) != 0 || in_left > 0) {
        g_iconv(self->to_cp932, NULL, NULL, NULL, NULL);
        return 0;
    }
    size_t made = 8 - to_left;
    gsize back_left = sizeof back;

    in = out;
    in_left = made;
    to = back;
    if (g_iconv(self->from_cp932, &in, &in_left, &to, &back_left) != 0 ||
        sizeof back - back_left != size || memcmp(back, character, size) != 0)
        return 0;
    return made;
}

static bool
note_missing(DnSheet *self, const char *column, const char *character, size_t size, GError **error)
{
    g_autofree char *line =
        g_strdup_printf("%" G_GUINT64_FORMAT ", %s, [U+%04X], %.*s\n", self->rows, column,
                        g_utf8_get_char(character), (int)size, character);

    self->missing_count++;
    return dn_spool_add_text(self->missing, line, error);
}

static bool
add_cp932(DnSheet *self, GError **error)
{
    size_t column = 0;
    bool quoted = false;
    char bytes[24];

    for (const char *p = self->row->str; *p; p = g_utf8_next_char(p)) {
        size_t size = (size_t)(g_utf8_next_char(p) - p);
        size_t made = encode_one(self, p, size, bytes);

        if (*p == '"')
            quoted = !quoted;
        if (*p == ',' && !quoted)
            column++;
        if (made == 0) {
            made = (size_t)g_snprintf(bytes, sizeof bytes, "[U+%04X]", g_utf8_get_char(p));
            if (!note_missing(self, self->head[column], p, size, error))
                return false;
        }
        if (!dn_spool_add(self->cp932, bytes, made, error))
            return false;
    }
    return true;
}

/* --- sheets --- */

static bool
sheet_add(Part *sheet, const char *text, size_t size, GError **error)
{
    sheet->crc = dn_crc32(sheet->crc, text, size);
    return dn_spool_add(sheet->spool, text, size, error);
}

static const char xml_head[] = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n";

static Part *
begin_sheet(DnSheet *self, GError **error)
{
    static const char begin[] =
        "<worksheet xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\">"
        "<sheetData>\n";
    Part *sheet = g_new0(Part, 1);

    g_ptr_array_add(self->sheets, sheet);
    sheet->spool = dn_container_spool(self->container, error);
    return sheet->spool && sheet_add(sheet, xml_head, strlen(xml_head), error) &&
                   sheet_add(sheet, begin, strlen(begin), error)
               ? sheet
               : NULL;
}

/* XML 1.0 has no way to write most control characters. */
static void
append_xml(GString *out, const char *text)
{
    int characters = 0;

    for (const char *p = text; *p && characters < CELL_CHARACTERS; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);

        characters += c > 0xffff ? 2 : 1;
        if (c == '&')
            g_string_append(out, "&amp;");
        else if (c == '<')
            g_string_append(out, "&lt;");
        else if (c == '>')
            g_string_append(out, "&gt;");
        else if (c == '"')
            g_string_append(out, "&quot;");
        else if ((c < 0x20 && c != '\t' && c != '\n') || c == 0xfffe || c == 0xffff)
            g_string_append(out, "\xef\xbf\xbd"); /* U+FFFD */
        else
            g_string_append_unichar(out, c);
    }
}

static bool
is_number(const char *text)
{
    size_t digits = 0;

    if (*text == '-')
        text++;
    digits = strspn(text, "0123456789");
    if (digits == 0 || digits > 15) /* a sheet's numbers have no more */
        return false;
    text += digits;
    return !*text ||
           (*text == '.' && text[1] && strspn(text + 1, "0123456789") == strlen(text + 1));
}

static bool
add_sheet_row(DnSheet *self, const char *const *cells, bool head, GError **error)
{
    Part *sheet =
        self->sheets->len > 0 ? g_ptr_array_index(self->sheets, self->sheets->len - 1) : NULL;

    if (!sheet || sheet->rows == SHEET_ROWS) {
        sheet = begin_sheet(self, error);
        if (!sheet || (!head && !add_sheet_row(self, self->head, true, error)))
            return false;
    }
    g_string_assign(self->row, "<row>");
    for (size_t i = 0; cells[i]; i++) {
        if (!head && self->kinds[i] == 'n' && is_number(cells[i])) {
            g_string_append_printf(self->row, "<c><v>%s</v></c>", cells[i]);
            continue;
        }
        g_string_append(self->row, "<c t=\"inlineStr\"><is><t xml:space=\"preserve\">");
        append_xml(self->row, cells[i]);
        g_string_append(self->row, "</t></is></c>");
    }
    g_string_append(self->row, "</row>\n");
    sheet->rows++;
    return sheet_add(sheet, self->row->str, self->row->len, error);
}

/* --- the table --- */

static bool
add_row(DnSheet *self, const char *const *cells, bool head, GError **error)
{
    self->rows++;
    add_csv_row(self, cells, head);
    return dn_spool_add(self->utf8, self->row->str, self->row->len, error) &&
           add_cp932(self, error) && add_sheet_row(self, cells, head, error);
}

DnSheet *
dn_sheet_new(const DnContainer *container, const char *name, const char *const *head,
             const char *kinds, GError **error)
{
    g_autoptr(DnSheet) self = g_new0(DnSheet, 1);

    self->container = container;
    self->name = g_strdup(name);
    self->head = head;
    self->kinds = g_strdup(kinds);
    self->row = g_string_new(NULL);
    self->sheets = g_ptr_array_new_with_free_func(sheet_free);
    self->to_cp932 = g_iconv_open("CP932", "UTF-8");
    self->from_cp932 = g_iconv_open("UTF-8", "CP932");
    if (self->to_cp932 == (GIConv)-1 || self->from_cp932 == (GIConv)-1)
        return dn_fail_null(error, DN_ERROR_UNSUPPORTED,
                            "this system cannot write CP932; install its character tables (gconv)");
    self->utf8 = dn_container_spool(container, error);
    self->cp932 = self->utf8 ? dn_container_spool(container, error) : NULL;
    self->missing = self->cp932 ? dn_container_spool(container, error) : NULL;
    if (!self->missing || !dn_spool_add_text(self->utf8, byte_order_mark, error) ||
        !add_row(self, head, true, error))
        return NULL;
    return g_steal_pointer(&self);
}

bool
dn_sheet_add(DnSheet *self, const char *const *cells, GError **error)
{
    return add_row(self, cells, false, error);
}

DnSpool *
dn_sheet_utf8(DnSheet *self)
{
    return self->utf8;
}

DnSpool *
dn_sheet_cp932(DnSheet *self)
{
    return self->cp932;
}

DnSpool *
dn_sheet_missing(DnSheet *self, uint64_t *out_count)
{
    *out_count = self->missing_count;
    return self->missing;
}

/* --- the workbook --- */

typedef struct {
    char *name;
    const char *text; /* or */
    const Part *sheet;
    uint64_t size;
    uint32_t crc;
    uint64_t offset;
} Piece;

typedef struct {
    GArray *pieces;
    GPtrArray *owned; /* names and texts */
} Workbook;

static void
workbook_add(Workbook *book, char *name, char *text, const Part *sheet)
{
    Piece piece = {.name = name, .text = text, .sheet = sheet};

    piece.size = text ? strlen(text) : dn_spool_bytes(sheet->spool);
    piece.crc = text ? dn_crc32(0, text, piece.size) : sheet->crc;
    g_ptr_array_add(book->owned, name);
    if (text)
        g_ptr_array_add(book->owned, text);
    g_array_append_val(book->pieces, piece);
}

static void
workbook_frame(Workbook *book, GPtrArray *names)
{
    GString *types = g_string_new(xml_head);
    GString *list = g_string_new(xml_head);
    GString *relations = g_string_new(xml_head);
    static const char office[] = "http://schemas.openxmlformats.org/officeDocument/2006/"
                                 "relationships";
    static const char package[] = "http://schemas.openxmlformats.org/package/2006";

    g_string_append_printf(
        types,
        "<Types xmlns=\"%s/content-types\"><Default Extension=\"rels\" "
        "ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/>"
        "<Default Extension=\"xml\" ContentType=\"application/xml\"/><Override "
        "PartName=\"/xl/workbook.xml\" ContentType=\"application/"
        "vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml\"/>",
        package);
    g_string_append_printf(
        list,
        "<workbook xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\" "
        "xmlns:r=\"%s\"><sheets>",
        office);
    g_string_append_printf(relations, "<Relationships xmlns=\"%s/relationships\">", package);
    for (guint i = 0; i < names->len; i++) {
        g_string_append_printf(types,
                               "<Override PartName=\"/xl/worksheets/sheet%u.xml\" "
                               "ContentType=\"application/vnd.openxmlformats-officedocument."
                               "spreadsheetml.worksheet+xml\"/>",
                               i + 1);
        g_string_append_printf(list, "<sheet name=\"%s\" sheetId=\"%u\" r:id=\"rId%u\"/>",
                               (const char *)g_ptr_array_index(names, i), i + 1, i + 1);
        g_string_append_printf(relations,
                               "<Relationship Id=\"rId%u\" Type=\"%s/worksheet\" "
                               "Target=\"worksheets/sheet%u.xml\"/>",
                               i + 1, office, i + 1);
    }
    g_string_append(types, "</Types>\n");
    g_string_append(list, "</sheets></workbook>\n");
    g_string_append(relations, "</Relationships>\n");
    workbook_add(book, g_strdup("[Content_Types].xml"), g_string_free(types, FALSE), NULL);
    workbook_add(book, g_strdup("_rels/.rels"),
                 g_strdup_printf("%s<Relationships xmlns=\"%s/relationships\"><Relationship "
                                 "Id=\"rId1\" Type=\"%s/officeDocument\" "
                                 "Target=\"xl/workbook.xml\"/></Relationships>\n",
                                 xml_head, package, office),
                 NULL);
    workbook_add(book, g_strdup("xl/workbook.xml"), g_string_free(list, FALSE), NULL);
    workbook_add(book, g_strdup("xl/_rels/workbook.xml.rels"), g_string_free(relations, FALSE),
                 NULL);
}

static void
put(GByteArray *out, uint32_t value, unsigned size)
{
    for (unsigned i = 0; i < size; i++) {
        uint8_t byte = (uint8_t)(value >> 8 * i);

        g_byte_array_append(out, &byte, 1);
    }
}

/* What the two headers of a file share, from "version needed" to the length of the extra field. */
static void
put_common(GByteArray *out, const Piece *piece)
{
    put(out, 20, 2);
    put(out, 0, 2);
    put(out, 0, 2); /* stored */
    put(out, 0, 2);
    put(out, 0x0021, 2); /* 1980-01-01 */
    put(out, piece->crc, 4);
    put(out, (uint32_t)piece->size, 4);
    put(out, (uint32_t)piece->size, 4);
    put(out, (uint32_t)strlen(piece->name), 2);
    put(out, 0, 2);
}

static void
put_name(GByteArray *out, const Piece *piece)
{
    g_byte_array_append(out, (const uint8_t *)piece->name, (guint)strlen(piece->name));
}

static bool
write_pieces(const Workbook *book, DnContainer *container, GError **error)
{
    g_autoptr(GByteArray) directory = g_byte_array_new();
    uint64_t at = 0;

    for (guint i = 0; i < book->pieces->len; i++) {
        Piece *piece = &g_array_index(book->pieces, Piece, i);
        g_autoptr(GByteArray) header = g_byte_array_new();

        put(header, 0x04034b50, 4);
        put_common(header, piece);
        put_name(header, piece);
        put(directory, 0x02014b50, 4);
        put(directory, 20, 2);
        put_common(directory, piece);
        put(directory, 0, 2);
        put(directory, 0, 2);
        put(directory, 0, 2);
        put(directory, 0, 4);
        put(directory, (uint32_t)at, 4);
        put_name(directory, piece);
        if (!dn_container_write(container, header->data, header->len, error) ||
            !(piece->text ? dn_container_write(container, piece->text, piece->size, error)
                          : dn_container_write_spool(container, piece->sheet->spool, error)))
            return false;
        at += header->len + piece->size;
    }
    uint32_t size = directory->len;

    put(directory, 0x06054b50, 4);
    put(directory, 0, 2);
    put(directory, 0, 2);
    put(directory, book->pieces->len, 2);
    put(directory, book->pieces->len, 2);
    put(directory, size, 4);
    put(directory, (uint32_t)at, 4);
    put(directory, 0, 2);
    return dn_container_write(container, directory->data, directory->len, error);
}

static bool
end_sheets(DnSheet *self, Workbook *book, GPtrArray *names, GError **error)
{
    static const char end[] = "</sheetData></worksheet>\n";

    for (guint i = 0; i < self->sheets->len; i++) {
        Part *sheet = g_ptr_array_index(self->sheets, i);

        if (!sheet_add(sheet, end, strlen(end), error))
            return false;
        g_ptr_array_add(names, i == 0 ? g_strdup(self->name)
                                      : g_strdup_printf("%s %u", self->name, i + 1));
        workbook_add(book, g_strdup_printf("xl/worksheets/sheet%u.xml", names->len), NULL, sheet);
    }
    return true;
}

bool
dn_sheet_write_workbook(DnSheet *const *tables, size_t count, DnContainer *container,
                        const char *name, bool *out_written, GError **error)
{
    g_autoptr(GArray) pieces = g_array_new(FALSE, FALSE, sizeof(Piece));
    g_autoptr(GPtrArray) owned = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    Workbook book = {pieces, owned};
    uint64_t bytes = 1 << 20; /* headers and directory, generously */

    for (size_t i = 0; i < count; i++)
        if (!end_sheets(tables[i], &book, names, error))
            return false;
    workbook_frame(&book, names);
    for (guint i = 0; i < pieces->len; i++)
        bytes += g_array_index(pieces, Piece, i).size;
    *out_written = bytes < UINT32_MAX && pieces->len < 1000;
    if (!*out_written)
        return true;
    return dn_container_begin(container, name, error) && write_pieces(&book, container, error) &&
           dn_container_end(container, error);
}
