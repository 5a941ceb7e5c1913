/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * codecs/exif.c - how a camera held the page, over libexif.
 */
#include "config.h"
#include "codecs/exif.h"

#include <libexif/exif-data.h>
#include <math.h>
#include <string.h>

static const uint8_t exif_mark[] = {'E', 'x', 'i', 'f', 0, 0};

/* libexif reads no block beyond 64 KiB. */
enum { EXIF_MAX_BYTES = 65534, EXIF_MAX_DPI = 50000 };

double
dn_exif_dpi(double value, unsigned unit)
{
    if (unit == DN_EXIF_UNIT_CENTIMETRE)
        value *= 2.54;
    else if (unit != DN_EXIF_UNIT_INCH)
        return 0;
    /* Also refuses what is not a number. */
    return value >= 1 && value <= EXIF_MAX_DPI ? value : 0;
}

static unsigned
exif_short(ExifData *data, ExifTag tag, unsigned fallback)
{
    ExifEntry *entry = exif_content_get_entry(data->ifd[EXIF_IFD_0], tag);

    if (!entry || entry->format != EXIF_FORMAT_SHORT || entry->components < 1 || entry->size < 2)
        return fallback;
    return exif_get_short(entry->data, exif_data_get_byte_order(data));
}

static double
exif_rational(ExifData *data, ExifTag tag)
{
    ExifEntry *entry = exif_content_get_entry(data->ifd[EXIF_IFD_0], tag);
    ExifRational ratio = {0, 0};

    if (!entry || entry->format != EXIF_FORMAT_RATIONAL || entry->components < 1 || entry->size < 8)
        return 0;
    ratio = exif_get_rational(entry->data, exif_data_get_byte_order(data));
    return ratio.denominator ? (double)ratio.numerator / ratio.denominator : 0;
}

DnExif
dn_exif_read(const uint8_t *bytes, size_t size)
{
    DnExif result = {.orientation = 1};
    g_autofree uint8_t *marked = NULL;
    ExifData *data = NULL;
    unsigned unit = 0;

    if (size < sizeof exif_mark || size > EXIF_MAX_BYTES - sizeof exif_mark)
        return result;
    if (memcmp(bytes, exif_mark, sizeof exif_mark) != 0) {
        marked = g_malloc(size + sizeof exif_mark);
        memcpy(marked, exif_mark, sizeof exif_mark);
        memcpy(marked + sizeof exif_mark, bytes, size);
        bytes = marked;
        size += sizeof exif_mark;
    }
    data = exif_data_new();
    if (!data)
        return result;
    /* Otherwise libexif adds the fields that its specification asks for: 72 dpi out of thin air. */
    exif_data_unset_option(data, EXIF_DATA_OPTION_FOLLOW_SPECIFICATION);
    exif_data_load_data(data, bytes, (unsigned)size);
    unit = exif_short(data, EXIF_TAG_RESOLUTION_UNIT, DN_EXIF_UNIT_INCH);
    result.orientation = dn_exif_orientation(exif_short(data, EXIF_TAG_ORIENTATION, 1));
    result.dpi_x = dn_exif_dpi(exif_rational(data, EXIF_TAG_X_RESOLUTION), unit);
    result.dpi_y = dn_exif_dpi(exif_rational(data, EXIF_TAG_Y_RESOLUTION), unit);
    exif_data_unref(data);
    return result;
}
