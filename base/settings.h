/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * base/settings.h - the settings of one archive: dencho.conf, a GKeyFile.
 *
 * All keys stand in base/settings-table.def with their defaults. An unknown key is an error with
 * the nearest known one as a suggestion. Immutable after loading, so threads may share it.
 */
#ifndef BASE_SETTINGS_H
#define BASE_SETTINGS_H

#include "base/limits.h"

G_BEGIN_DECLS

typedef struct DnSettings DnSettings;

/** All defaults. */
DnSettings *dn_settings_new(void);

/** Reads @path over the defaults. INVALID names the line's section and key; NOT_FOUND, IO. */
DnSettings *dn_settings_load(const char *path, GError **error);

/** Writes what differs from the defaults, durably, mode 0600. */
bool dn_settings_save(const DnSettings *self, const char *path, GError **error);

/** Sets one key before saving. INVALID for an unknown key or a value of the wrong kind. */
bool dn_settings_set(DnSettings *self, const char *section, const char *key, const char *value,
                     GError **error);

/** Lends the value. The key must stand in the table: a wrong one is a programming error. */
const char *dn_settings_string(const DnSettings *self, const char *section, const char *key);
int64_t dn_settings_int(const DnSettings *self, const char *section, const char *key);

/** Hands each item of a list parted by ';' to @parse, without the spaces around it; empty ones are
 * left out. What it refuses is told with the item, its section and key. */
typedef bool (*DnSettingsParser)(void *user_data, const char *item, GError **error);
bool dn_settings_each(const DnSettings *self, const char *section, const char *key,
                      DnSettingsParser parse, void *user_data, GError **error);

/** The caps that the [limits] section sets, over dn_limits_default. */
DnLimits dn_settings_limits(const DnSettings *self);

void dn_settings_free(DnSettings *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DnSettings, dn_settings_free)

G_END_DECLS
#endif
