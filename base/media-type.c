/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * base/media-type.c - magic numbers, and the first element of an e-invoice.
 */
#include "config.h"
#include "base/media-type.h"

#include <stdint.h>
#include <string.h>

typedef struct {
    const char *magic;
    size_t size;
    size_t offset;
    const char *media_type;
} Magic;

static const Magic magics[] = {
    {"II*\0", 4, 0, "image/tiff"},
    {"MM\0*", 4, 0, "image/tiff"},
    {"II+\0", 4, 0, "image/tiff"},
    {"MM\0+", 4, 0, "image/tiff"}, /* BigTIFF */
    {"\x89PNG\r\n\x1a\n", 8, 0, "image/png"},
    {"\xff\xd8\xff", 3, 0, "image/jpeg"},
    {"ftypheic", 8, 4, "image/heic"},
    {"ftypheix", 8, 4, "image/heic"},
    {"ftypheim", 8, 4, "image/heic"},
    {"ftypheis", 8, 4, "image/heic"},
    {"ftypmif1", 8, 4, "image/heic"},
};

enum { PDF_HEAD_BYTES = 1024 }; /* ISO 32000 readers look that far for the header */

/* Of XML only e-invoices are known: by the name and the name space of their root. Comments before
 * it can be long (ZUGFeRD's own examples carry their licence there). */
enum { XML_HEAD_BYTES = 64 * 1024, XML_TAG_BYTES = 8 * 1024 };

static const struct {
    const char *name;
    const char *name_space;
} roots[] = {
    {"Invoice", "urn:oasis:names:specification:ubl:schema:xsd:Invoice-2"},
    {"CreditNote", "urn:oasis:names:specification:ubl:schema:xsd:CreditNote-2"},
    {"CrossIndustryInvoice", "urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100"},
    {"CrossIndustryDocument", "urn:ferd:CrossIndustryDocument:invoice:1p0"},
};

/* Where the characters of a text begin and how far each is from the next: of UTF-16 the bytes that
 * carry ASCII. */
static size_t
first_character(const uint8_t *bytes, size_t size, size_t *out_step)
{
    *out_step = 1;
    if (size >= 2 &&
        ((bytes[0] == 0xFE && bytes[1] == 0xFF) || (bytes[0] == 0xFF && bytes[1] == 0xFE))) {
        *out_step = 2;
        return bytes[0] == 0xFE ? 3 : 2;
    }
    return size >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
}

/* Behind white space: without a look at the rest, which may be long and no text at all. */
static bool
begins_with_tag(const uint8_t *bytes, size_t size)
{
    size_t step = 0;

    for (size_t at = first_character(bytes, size, &step); at < MIN(size, XML_HEAD_BYTES);
         at += step)
        if (bytes[at] && !g_ascii_isspace(bytes[at]))
            return bytes[at] == '<';
    return false;
}

/* The head as ASCII, ended by NUL. */
static char *
ascii_head(const uint8_t *bytes, size_t size)
{
    size_t step = 0;
    size_t at = first_character(bytes, size, &step);
    GString *head = g_string_new(NULL);

    for (; at < size && head->len < XML_HEAD_BYTES; at += step)
        g_string_append_c(head, bytes[at] ? (char)bytes[at] : ' ');
    return g_string_free(head, FALSE);
}

/* Behind white space, comments and processing instructions; NULL when nothing follows. */
static const char *
behind_prolog(const char *text)
{
    for (;;) {
        const char *end = NULL;

        while (g_ascii_isspace(*text))
            text++;
        if (g_str_has_prefix(text, "<!--"))
            end = strstr(text + 4, "-->");
        else if (g_str_has_prefix(text, "<?"))
            end = strstr(text + 2, "?>");
        else
            return text;
        if (!end)
            return NULL;
        text = end + (text[1] == '?' ? 2 : 3);
    }
}

static bool
is_einvoice(const uint8_t *bytes, size_t size)
{
    if (!begins_with_tag(bytes, size))
        return false;
    g_autofree char *head = ascii_head(bytes, size);
    const char *tag = behind_prolog(head);

    if (!tag || *tag != '<')
        return false;
    g_autofree char *start = g_strndup(tag + 1, MIN(strcspn(tag, ">"), (size_t)XML_TAG_BYTES));
    size_t word = strcspn(start, " \t\r\n/>");
    const char *colon = memchr(start, ':', word);
    const char *name = colon ? colon + 1 : start;
    size_t length = word - (size_t)(name - start);

    for (size_t i = 0; i < G_N_ELEMENTS(roots); i++)
        if (strlen(roots[i].name) == length && memcmp(name, roots[i].name, length) == 0 &&
            strstr(start, roots[i].name_space))
            return true;
    return false;
}

const char *
dn_media_type_sniff(GBytes *document)
{
    size_t size = 0;
    const uint8_t *bytes = g_bytes_get_data(document, &size);

    for (size_t i = 0; i < G_N_ELEMENTS(magics); i++)
        if (size >= magics[i].offset + magics[i].size &&
            memcmp(bytes + magics[i].offset, magics[i].magic, magics[i].size) == 0)
            return magics[i].media_type;
    if (size > 0 && memmem(bytes, MIN(size, PDF_HEAD_BYTES), "%PDF-", 5))
        return "application/pdf";
    if (size > 0 && is_einvoice(bytes, size))
        return DN_MEDIA_TYPE_XML;
    return NULL;
}

const char *
dn_media_type_extension(const char *media_type)
{
    static const struct {
        const char *media_type;
        const char *extension;
    } table[] = {{"image/tiff", "tif"},  {"image/png", "png"},       {"image/jpeg", "jpg"},
                 {"image/heic", "heic"}, {"application/pdf", "pdf"}, {DN_MEDIA_TYPE_XML, "xml"}};

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++)
        if (g_strcmp0(media_type, table[i].media_type) == 0)
            return table[i].extension;
    return "bin";
}
