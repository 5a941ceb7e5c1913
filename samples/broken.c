/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * samples/broken.c - files that lie, loop, swell or end too early.
 *
 * Each is small; what it claims or unpacks to is not. expected.tsv names the verdicts that are
 * right: read, or codes of base/error-codes.def. Written without the codec libraries, which would
 * not write them.
 */
#include "config.h"
#include "samples/sample.h"
#include <string.h>
#include <zlib.h>

typedef struct {
    const char *folder;
    const char *sources;
    GString *table;
    GError **error;
} Broken;

static void
broken_le16(GByteArray *out, unsigned value)
{
    const uint8_t bytes[] = {(uint8_t)value, (uint8_t)(value >> 8)};

    g_byte_array_append(out, bytes, 2);
}

static void
broken_le32(GByteArray *out, uint32_t value)
{
    broken_le16(out, value & 0xffff);
    broken_le16(out, value >> 16);
}

static void
broken_be32(GByteArray *out, uint32_t value)
{
    const uint8_t bytes[] = {(uint8_t)(value >> 24), (uint8_t)(value >> 16), (uint8_t)(value >> 8),
                             (uint8_t)value};

    g_byte_array_append(out, bytes, 4);
}

static void
broken_text(GByteArray *out, const char *text)
{
    g_byte_array_append(out, (const uint8_t *)text, (guint)strlen(text));
}

static bool
broken_put(Broken *self, const char *name, const void *data, size_t size, const char *expected)
{
    g_autofree char *path = g_build_filename(self->folder, name, NULL);

    g_string_append_printf(self->table, "%s\t%s\n", name, expected);
    return g_file_set_contents(path, data, (gssize)size, self->error);
}

/** The first @per_mille of a whole document, under another name. */
static bool
broken_cut(Broken *self, const char *name, const char *source, unsigned per_mille,
           const char *expected)
{
    g_autofree char *path = g_build_filename(self->sources, source, NULL);
    g_autofree char *data = NULL;
    size_t size = 0;

    return g_file_get_contents(path, &data, &size, self->error) &&
           broken_put(self, name, data, size * per_mille / 1000, expected);
}

static void
broken_tag(GByteArray *out, unsigned tag, unsigned type, uint32_t count, uint32_t value)
{
    broken_le16(out, tag);
    broken_le16(out, type);
    broken_le32(out, count);
    broken_le32(out, value);
}

enum { TIFF_SHORT = 3, TIFF_LONG = 4 };

/** A grey TIFF whose @strips strips are all the same @data, after the folder at 8. */
static GByteArray *
broken_tiff(uint32_t width, uint32_t rows, uint32_t strips, unsigned compression,
            const uint8_t *data, size_t size, uint32_t next)
{
    enum { TAGS = 9, END = 8 + 2 + TAGS * 12 + 4 };
    GByteArray *out = g_byte_array_new();
    uint32_t offsets = END;
    uint32_t counts = END + 4 * strips;
    uint32_t at = END + 8 * strips;

    g_byte_array_append(out, (const uint8_t *)"II*\0\10\0\0\0", 8);
    broken_le16(out, TAGS);
    broken_tag(out, 256, TIFF_LONG, 1, width);
    broken_tag(out, 257, TIFF_LONG, 1, rows * strips);
    broken_tag(out, 258, TIFF_SHORT, 1, 8);
    broken_tag(out, 259, TIFF_SHORT, 1, compression);
    broken_tag(out, 262, TIFF_SHORT, 1, 1);
    broken_tag(out, 273, TIFF_LONG, strips, strips == 1 ? at : offsets);
    broken_tag(out, 277, TIFF_SHORT, 1, 1);
    broken_tag(out, 278, TIFF_LONG, 1, rows);
    broken_tag(out, 279, TIFF_LONG, strips, strips == 1 ? (uint32_t)size : counts);
    broken_le32(out, next);
    for (uint32_t i = 0; i < strips; i++)
        broken_le32(out, at);
    for (uint32_t i = 0; i < strips; i++)
        broken_le32(out, (uint32_t)size);
    g_byte_array_append(out, data, (guint)size);
    return out;
}

/** @size zeros, deflated. */
static GByteArray *
broken_deflate(size_t size)
{
    g_autofree uint8_t *zeros = g_malloc0(size);
    uLongf bound = compressBound(size);
    GByteArray *out = g_byte_array_new();

    g_byte_array_set_size(out, (guint)bound);
    compress2(out->data, &bound, zeros, size, 9);
    g_byte_array_set_size(out, (guint)bound);
    return out;
}

static bool
broken_tiffs(Broken *self)
{
    static const uint8_t byte[16] = {0};
    g_autoptr(GByteArray) zeros = broken_deflate(1 << 20);
    g_autoptr(GByteArray) wide = broken_tiff(0x7fffffff, 1, 1, 1, byte, sizeof byte, 0);
    g_autoptr(GByteArray) bomb =
        broken_tiff(32768, 32, 1024, 8, zeros->data, zeros->len, 0); /* 1 GiB of pixels */
    g_autoptr(GByteArray) loop = broken_tiff(4, 4, 1, 1, byte, sizeof byte, 8);
    g_autoptr(GByteArray) beyond = broken_tiff(1000, 1000, 1, 1, byte, sizeof byte, 0);
    g_autoptr(GByteArray) empty = broken_tiff(0, 4, 1, 1, byte, sizeof byte, 0);

    return broken_cut(self, "truncated.tif", "order-02.tif", 500, "FORMAT|read") &&
           broken_put(self, "tiff-huge-width.tif", wide->data, wide->len, "LIMIT|FORMAT") &&
           broken_put(self, "tiff-bomb.tif", bomb->data, bomb->len, "LIMIT") &&
           broken_put(self, "tiff-loop.tif", loop->data, loop->len, "FORMAT|LIMIT|read") &&
           broken_put(self, "tiff-strip-beyond-end.tif", beyond->data, beyond->len,
                      "FORMAT|read") &&
           broken_put(self, "tiff-zero-width.tif", empty->data, empty->len, "FORMAT");
}

static void
broken_chunk(GByteArray *out, const char *type, const uint8_t *data, size_t size)
{
    g_autoptr(GByteArray) body = g_byte_array_new();

    g_byte_array_append(body, (const uint8_t *)type, 4);
    g_byte_array_append(body, data, (guint)size);
    broken_be32(out, (uint32_t)size);
    g_byte_array_append(out, body->data, body->len);
    broken_be32(out, (uint32_t)crc32(0, body->data, body->len));
}

static GByteArray *
broken_png(uint32_t width, uint32_t height, unsigned bits, const uint8_t *idat, size_t size)
{
    GByteArray *out = g_byte_array_new();
    g_autoptr(GByteArray) header = g_byte_array_new();
    const uint8_t rest[] = {(uint8_t)bits, 0, 0, 0, 0};

    g_byte_array_append(out, (const uint8_t *)"\x89PNG\r\n\x1a\n", 8);
    broken_be32(header, width);
    broken_be32(header, height);
    g_byte_array_append(header, rest, sizeof rest);
    broken_chunk(out, "IHDR", header->data, header->len);
    broken_chunk(out, "IDAT", idat, size);
    broken_chunk(out, "IEND", NULL, 0);
    return out;
}

static bool
broken_pngs(Broken *self)
{
    g_autoptr(GByteArray) few = broken_deflate(100);
    /* 20000 rows of a filter byte and 2500 bytes: every pixel is there. */
    g_autoptr(GByteArray) many = broken_deflate(20000 * 2501);
    g_autoptr(GByteArray) lie = broken_png(60000, 60000, 8, few->data, few->len);
    g_autoptr(GByteArray) bomb = broken_png(20000, 20000, 1, many->data, many->len);
    g_autoptr(GByteArray) check = broken_png(8, 8, 8, few->data, few->len);

    check->data[29] ^= 0xff; /* the CRC of the header */
    return broken_cut(self, "truncated.png", "thermal-10.png", 450, "FORMAT|read") &&
           broken_cut(self, "truncated-header.png", "thermal-10.png", 1, "FORMAT|UNSUPPORTED") &&
           broken_put(self, "png-header-lie.png", lie->data, lie->len, "LIMIT") &&
           broken_put(self, "png-bomb.png", bomb->data, bomb->len, "LIMIT") &&
           broken_put(self, "png-bad-crc.png", check->data, check->len, "FORMAT");
}

static bool
broken_jpegs(Broken *self)
{
    g_autofree char *path = g_build_filename(self->sources, "exif-7.jpg", NULL);
    g_autofree char *data = NULL;
    size_t size = 0;
    size_t at = 2;

    if (!g_file_get_contents(path, &data, &size, self->error))
        return false;
    /* Walk the segments to the frame header and make its sides as large as libjpeg takes. */
    while (at + 9 < size && (uint8_t)data[at + 1] != 0xc0)
        at += 2 + ((size_t)(uint8_t)data[at + 2] << 8 | (uint8_t)data[at + 3]);
    if (at + 9 >= size)
        return dn_fail(self->error, DN_ERROR_FORMAT, "%s: no frame header", path);
    memcpy(data + at + 5, "\xfd\xe8\xfd\xe8", 4); /* 65000 x 65000 */
    return broken_cut(self, "truncated.jpg", "exif-7.jpg", 500, "FORMAT|read") &&
           broken_put(self, "jpeg-size-lie.jpg", data, MIN(size, 20000), "LIMIT");
}

typedef struct {
    GByteArray *bytes;
    GArray *offsets;
} BrokenPdf;

static void
broken_pdf_object(BrokenPdf *self, const char *body)
{
    g_autofree char *text = NULL;
    uint32_t offset = self->bytes->len;

    g_array_append_val(self->offsets, offset);
    text = g_strdup_printf("%u 0 obj\n%s\nendobj\n", self->offsets->len, body);
    broken_text(self->bytes, text);
}

static bool
broken_pdf_put(Broken *broken, BrokenPdf *self, const char *name, const char *expected)
{
    g_autofree char *head =
        g_strdup_printf("xref\n0 %u\n0000000000 65535 f \n", self->offsets->len + 1);
    g_autofree char *tail =
        g_strdup_printf("trailer\n<< /Size %u /Root 1 0 R >>\nstartxref\n%u\n%%%%EOF\n",
                        self->offsets->len + 1, self->bytes->len);
    bool done = false;

    broken_text(self->bytes, head);
    for (unsigned i = 0; i < self->offsets->len; i++) {
        g_autofree char *line =
            g_strdup_printf("%010u 00000 n \n", g_array_index(self->offsets, uint32_t, i));

        broken_text(self->bytes, line);
    }
    broken_text(self->bytes, tail);
    done = broken_put(broken, name, self->bytes->data, self->bytes->len, expected);
    g_byte_array_unref(self->bytes);
    g_array_unref(self->offsets);
    return done;
}

static BrokenPdf
broken_pdf_new(void)
{
    BrokenPdf self = {g_byte_array_new(), g_array_new(FALSE, FALSE, sizeof(uint32_t))};

    broken_text(self.bytes, "%PDF-1.4\n");
    broken_pdf_object(&self, "<< /Type /Catalog /Pages 2 0 R >>");
    return self;
}

static bool
broken_pdfs(Broken *self)
{
    enum { DEPTH = 500 };
    BrokenPdf huge = broken_pdf_new();
    BrokenPdf loop = broken_pdf_new();
    BrokenPdf deep = broken_pdf_new();

    broken_pdf_object(&huge, "<< /Type /Pages /Kids [3 0 R] /Count 1 >>");
    broken_pdf_object(&huge, "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 2000000 2000000] >>");
    broken_pdf_object(&loop, "<< /Type /Pages /Kids [3 0 R] /Count 2 >>");
    broken_pdf_object(&loop, "<< /Type /Pages /Parent 2 0 R /Kids [2 0 R] /Count 2 >>");
    for (unsigned i = 2; i < DEPTH; i++) {
        g_autofree char *body =
            g_strdup_printf("<< /Type /Pages /Kids [%u 0 R] /Count 1 >>", i + 1);

        broken_pdf_object(&deep, body);
    }
    broken_pdf_object(&deep, "<< /Type /Page /MediaBox [0 0 200 200] >>");
    return broken_cut(self, "truncated.pdf", "invoice-10.pdf", 500, "FORMAT|read") &&
           broken_pdf_put(self, &huge, "pdf-huge-page.pdf", "LIMIT") &&
           broken_pdf_put(self, &loop, "pdf-page-loop.pdf", "FORMAT|LIMIT|read") &&
           broken_pdf_put(self, &deep, "pdf-page-depth.pdf", "FORMAT|LIMIT|read");
}

/** With qpdf, which alone can do it; without, the file that is there stays. */
static bool
broken_encrypted(Broken *self)
{
    const char *name = "encrypted.pdf";
    g_autofree char *from = g_build_filename(self->sources, "thermal-11.pdf", NULL);
    g_autofree char *to = g_build_filename(self->folder, name, NULL);
    g_autofree char *program = g_find_program_in_path("qpdf");
    const char *argv[] = {program, "--static-id", "--static-aes-iv", "--encrypt", "secret",
                          "owner", "128",         "--use-aes=y",     "--",        from,
                          to,      NULL};
    int status = 0;

    g_string_append_printf(self->table, "%s\tUNSUPPORTED\n", name);
    if (program == NULL) {
        g_printerr("make-samples: no qpdf: %s is not made again\n", name);
        return true;
    }
    return g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, NULL, NULL, &status,
                        self->error) &&
           g_spawn_check_wait_status(status, self->error);
}

static bool
broken_strange(Broken *self)
{
    static const char text[] = "請求書ではありません。\nThis is a text file.\n";
    static const char html[] = "<!DOCTYPE html>\n<html lang=\"ja\"><head><title>請求書</title>"
                               "</head><body><p>合計 ¥1,100</p></body></html>\n";
    uint8_t noise[4096];
    Chance chance = {4096};

    for (unsigned i = 0; i < sizeof noise; i++)
        noise[i] = (uint8_t)chance_below(&chance, 256);
    return broken_put(self, "empty.pdf", "", 0, "FORMAT|UNSUPPORTED") &&
           broken_put(self, "random.bin", noise, sizeof noise, "UNSUPPORTED|FORMAT") &&
           broken_put(self, "text.txt", text, strlen(text), "UNSUPPORTED") &&
           broken_put(self, "page.html", html, strlen(html), "UNSUPPORTED") &&
           broken_cut(self, "png-named.pdf", "thermal-10.png", 1000, "read") &&
           broken_cut(self, "pdf-named.jpg", "invoice-10.pdf", 1000, "read");
}

bool
broken_make(const char *folder, const char *sources, GError **error)
{
    g_autoptr(GString) table = g_string_new("file\texpected\n");
    g_autofree char *path = g_build_filename(folder, "expected.tsv", NULL);
    Broken self = {folder, sources, table, error};

    return broken_tiffs(&self) && broken_pngs(&self) && broken_jpegs(&self) && broken_pdfs(&self) &&
           broken_encrypted(&self) && broken_strange(&self) &&
           g_file_set_contents(path, table->str, (gssize)table->len, error);
}
