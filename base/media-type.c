/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * base/media-type.c - magic numbers.
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
    return NULL;
}

const char *
dn_media_type_extension(const char *media_type)
{
    static const struct {
        const char *media_type;
        const char *extension;
    } table[] = {{"image/tiff", "tif"},
                 {"image/png", "png"},
                 {"image/jpeg", "jpg"},
                 {"image/heic", "heic"},
                 {"application/pdf", "pdf"}};

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++)
        if (g_strcmp0(media_type, table[i].media_type) == 0)
            return table[i].extension;
    return "bin";
}
