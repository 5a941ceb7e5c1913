/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * base/settings.c - one table makes parser and defaults.
 */
#include "config.h"
#include "base/settings.h"
#include "base/failpoint.h"
#include "base/fs.h"
#include "base/text.h"

#include <string.h>

typedef enum { STRING, INT } Kind;

typedef struct {
    const char *section;
    const char *key;
    Kind kind;
    const char *fallback;
} Row;

static const Row table[] = {
#define DN_SETTING(section, key, kind, fallback, meaning) {section, key, kind, fallback},
#include "base/settings-table.def"
#undef DN_SETTING
};

struct DnSettings {
    char *values[G_N_ELEMENTS(table)];
};

static ssize_t
find_row(const char *section, const char *key)
{
    for (size_t i = 0; i < G_N_ELEMENTS(table); i++)
        if (strcmp(table[i].section, section) == 0 && strcmp(table[i].key, key) == 0)
            return (ssize_t)i;
    return -1;
}

static bool
refuse_key(const char *section, const char *key, GError **error)
{
    size_t best = 0;
    size_t least = SIZE_MAX;

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        size_t distance =
            dn_text_distance(key, table[i].key) + dn_text_distance(section, table[i].section);

        if (distance < least) {
            least = distance;
            best = i;
        }
    }
    return dn_fail(error, DN_ERROR_INVALID, "unknown setting [%s] %s; did you mean [%s] %s?",
                   section, key, table[best].section, table[best].key);
}

DnSettings *
dn_settings_new(void)
{
    DnSettings *self = g_new0(DnSettings, 1);

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++)
        self->values[i] = g_strdup(table[i].fallback);
    return self;
}

bool
dn_settings_set(DnSettings *self, const char *section, const char *key, const char *value,
                GError **error)
{
    ssize_t row = find_row(section, key);
    gint64 number = 0;

    if (row < 0)
        return refuse_key(section, key, error);
    if (table[row].kind == INT &&
        !g_ascii_string_to_signed(value, 10, 0, G_MAXINT64, &number, NULL))
        return dn_fail(error, DN_ERROR_INVALID, "[%s] %s: want a whole number, got '%s'", section,
                       key, value);
    g_free(self->values[row]);
    self->values[row] = g_strdup(value);
    return true;
}

DnSettings *
dn_settings_load(const char *path, GError **error)
{
    g_autoptr(GKeyFile) file = g_key_file_new();
    g_autoptr(GError) problem = NULL;
    g_autoptr(DnSettings) self = dn_settings_new();

    if (DN_FAILPOINT("settings.load"))
        return (dn_fail_errno(error, "cannot read %s", path), NULL);
    if (!g_key_file_load_from_file(file, path, G_KEY_FILE_NONE, &problem))
        return dn_fail_null(error,
                            g_error_matches(problem, G_FILE_ERROR, G_FILE_ERROR_NOENT)
                                ? DN_ERROR_NOT_FOUND
                                : DN_ERROR_INVALID,
                            "%s: %s", path, problem->message);
    g_auto(GStrv) sections = g_key_file_get_groups(file, NULL);

    for (char **section = sections; *section; section++) {
        g_auto(GStrv) keys = g_key_file_get_keys(file, *section, NULL, NULL);

        for (char **key = keys; keys && *key; key++) {
            g_autofree char *value = g_key_file_get_string(file, *section, *key, NULL);

            if (!dn_settings_set(self, *section, *key, value ? value : "", error)) {
                dn_fail_in(error, "%s", path);
                return NULL;
            }
        }
    }
    return g_steal_pointer(&self);
}

bool
dn_settings_save(const DnSettings *self, const char *path, GError **error)
{
    g_autoptr(GKeyFile) file = g_key_file_new();
    size_t size = 0;

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++)
        if (strcmp(self->values[i], table[i].fallback) != 0 || strcmp(table[i].key, "format") == 0)
            g_key_file_set_string(file, table[i].section, table[i].key, self->values[i]);
    g_autofree char *text = g_key_file_to_data(file, &size, NULL);

    return dn_fs_replace_file(path, text, size, 0600, error);
}

const char *
dn_settings_string(const DnSettings *self, const char *section, const char *key)
{
    ssize_t row = find_row(section, key);

    g_assert(row >= 0);
    return self->values[row];
}

int64_t
dn_settings_int(const DnSettings *self, const char *section, const char *key)
{
    return g_ascii_strtoll(dn_settings_string(self, section, key), NULL, 10);
}

bool
dn_settings_each(const DnSettings *self, const char *section, const char *key,
                 DnSettingsParser parse, void *user_data, GError **error)
{
    enum { ITEMS_MOST = 1000 };
    g_auto(GStrv) items = g_strsplit(dn_settings_string(self, section, key), ";", ITEMS_MOST);

    for (char **item = items; *item; item++) {
        g_strstrip(*item);
        if (**item && !parse(user_data, *item, error))
            return dn_fail_in(error, "[%s] %s: '%s'", section, key, *item);
    }
    return true;
}

DnLimits
dn_settings_limits(const DnSettings *self)
{
    DnLimits limits = dn_limits_default;

    limits.max_document_bytes = (uint64_t)dn_settings_int(self, "limits", "document-bytes");
    limits.max_page_pixels = (uint64_t)dn_settings_int(self, "limits", "page-pixels");
    limits.max_pages = (uint32_t)dn_settings_int(self, "limits", "pages");
    limits.max_document_ms = (uint32_t)dn_settings_int(self, "limits", "document-ms");
    limits.max_page_ms = (uint32_t)dn_settings_int(self, "limits", "page-ms");
    limits.max_memory_bytes = (uint64_t)dn_settings_int(self, "limits", "worker-bytes");
    return limits;
}

void
dn_settings_free(DnSettings *self)
{
    if (!self)
        return;
    for (size_t i = 0; i < G_N_ELEMENTS(table); i++)
        g_free(self->values[i]);
    g_free(self);
}
