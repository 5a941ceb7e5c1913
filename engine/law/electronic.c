/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine/law/electronic.c - channels and the way that each is kept, from a day on.
 */
#include "config.h"
#include "engine/law/electronic.h"

#include <string.h>

enum { NAME_MOST = 32 };

typedef struct {
    char *name;
    bool by_engine; /* a service of the owner's exchanges its documents by this engine itself */
} Channel;

typedef struct {
    char *channel; /* NULL: any that has no item of its own yet */
    DnDate from;
    DnKept kept;
} Way;

struct DnElectronic {
    GArray *channels; /* Channel */
    GArray *ways;     /* Way, of each channel the earliest first */
};

static const struct {
    const char *name;
    const char *article;
} kept_ways[] = {[DN_KEPT_STAMPED] = {"stamped", "規4①一"},
                 [DN_KEPT_STAMP] = {"stamp", "規4①二"},
                 [DN_KEPT_SYSTEM] = {"system", "規4①三"},
                 [DN_KEPT_RULE] = {"rule", "規4①四"}};

/* By these a document is there before it is put in (電子問39). */
static const char *const put_in_later[] = {"mail", "upload", "web", NULL};

static const DnDate day_first = {1, 1, 1};

const char *
dn_kept_name(DnKept kept)
{
    return kept_ways[kept].name;
}

const char *
dn_kept_article(DnKept kept)
{
    return kept_ways[kept].article;
}

static void
channel_clear(gpointer item)
{
    g_free(((Channel *)item)->name);
}

static void
way_clear(gpointer item)
{
    g_free(((Way *)item)->channel);
}

void
dn_electronic_free(DnElectronic *self)
{
    if (!self)
        return;
    g_array_unref(self->channels);
    g_array_unref(self->ways);
    g_free(self);
}

static const Channel *
find_channel(const DnElectronic *self, const char *name)
{
    for (guint i = 0; i < self->channels->len; i++) {
        const Channel *channel = &g_array_index(self->channels, Channel, i);

        if (strcmp(channel->name, name) == 0)
            return channel;
    }
    return NULL;
}

/* --- what the settings say --- */

static bool
is_name(const char *text)
{
    size_t size = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-");

    return size > 0 && size <= NAME_MOST && text[size] == '\0';
}

static bool
parse_channel(void *user_data, const char *item, GError **error)
{
    DnElectronic *self = user_data;
    g_auto(GStrv) parts = g_strsplit(item, "=", 2);
    bool by_engine = g_strcmp0(parts[1], "engine") == 0;

    if (!is_name(parts[0]) || (parts[1] && !by_engine))
        return dn_fail(error, DN_ERROR_INVALID,
                       "want names of a-z, 0-9 and '-', parted by ';', and =engine behind those "
                       "whose documents a service exchanges by this engine: mail;web;api=engine");
    if (strcmp(parts[0], "scan") == 0)
        return dn_fail(error, DN_ERROR_INVALID,
                       "a scan is of paper and comes by no channel of electronic documents");
    if (by_engine && g_strv_contains(put_in_later, parts[0]))
        return dn_fail(error, DN_ERROR_INVALID,
                       "what comes by %s is there before it is put in here: the engine does not "
                       "exchange it (電子問39); want %s alone",
                       parts[0], parts[0]);
    if (find_channel(self, parts[0]))
        return dn_fail(error, DN_ERROR_INVALID, "it stands twice");
    Channel channel = {g_strdup(parts[0]), by_engine};

    g_array_append_val(self->channels, channel);
    return true;
}

static bool
parse_kept(const char *word, DnKept *out_kept)
{
    for (size_t i = DN_KEPT_STAMPED; i < G_N_ELEMENTS(kept_ways); i++)
        if (strcmp(kept_ways[i].name, word) == 0) {
            *out_kept = (DnKept)i;
            return true;
        }
    return false;
}

/* Option 3 asks that the system itself exchanges the documents. */
static bool
check_system(const DnElectronic *self, const char *name, GError **error)
{
    const Channel *channel = name ? find_channel(self, name) : NULL;

    return (channel && channel->by_engine) ||
           dn_fail(error, DN_ERROR_INVALID,
                   "option 3 (規4①三) asks that the system itself exchanges the documents; what is "
                   "put in later%s%s cannot have it (電子問39): want stamped, stamp or rule%s",
                   name ? ", as by " : "", name ? name : "",
                   name && !g_strv_contains(put_in_later, name)
                       ? ", or say in [law] channels that it is =engine"
                       : "");
}

/* "rule", "2026-10-01=stamp", "mail:rule", "mail:2026-10-01=stamp". */
static bool
parse_way(void *user_data, const char *item, GError **error)
{
    DnElectronic *self = user_data;
    g_auto(GStrv) halves = g_strsplit(item, ":", 2);
    const char *name = halves[1] ? halves[0] : NULL;
    const char *rest = halves[1] ? halves[1] : halves[0];
    g_auto(GStrv) parts = g_strsplit(rest, "=", 2);
    const char *word = parts[0] && parts[1] ? parts[1] : rest;
    Way way = {.from = day_first};

    if ((parts[0] && parts[1] && !dn_date_parse(parts[0], &way.from, NULL)) ||
        !parse_kept(word, &way.kept))
        return dn_fail(error, DN_ERROR_INVALID,
                       "want stamped, stamp, system or rule, for one channel, from a day on, or "
                       "both: rule;mail:2026-04-01=stamp");
    if (name && !dn_electronic_check(self, name, error))
        return false;
    if (way.kept == DN_KEPT_SYSTEM && !check_system(self, name, error))
        return false;
    for (guint i = 0; i < self->ways->len; i++) {
        const Way *other = &g_array_index(self->ways, Way, i);

        if (g_strcmp0(other->channel, name) == 0 && dn_date_compare(&other->from, &way.from) >= 0)
            return dn_fail(error, DN_ERROR_INVALID, "of one channel the earliest comes first");
    }
    way.channel = g_strdup(name);
    g_array_append_val(self->ways, way);
    return true;
}

DnElectronic *
dn_electronic_new(const DnSettings *settings, GError **error)
{
    g_autoptr(DnElectronic) self = g_new0(DnElectronic, 1);

    self->channels = g_array_new(FALSE, FALSE, sizeof(Channel));
    self->ways = g_array_new(FALSE, FALSE, sizeof(Way));
    g_array_set_clear_func(self->channels, channel_clear);
    g_array_set_clear_func(self->ways, way_clear);
    if (!dn_settings_each(settings, "law", "channels", parse_channel, self, error) ||
        !dn_settings_each(settings, "law", "electronic", parse_way, self, error))
        return NULL;
    return g_steal_pointer(&self);
}

/* --- what they say of a document --- */

bool
dn_electronic_check(const DnElectronic *self, const char *channel, GError **error)
{
    g_autoptr(GString) known = g_string_new(NULL);

    if (!channel || find_channel(self, channel))
        return true;
    for (guint i = 0; i < self->channels->len; i++)
        g_string_append_printf(known, "%s%s", i > 0 ? ", " : "",
                               g_array_index(self->channels, Channel, i).name);
    return dn_fail(error, DN_ERROR_INVALID, "unknown channel; [law] channels has %s",
                   known->len > 0 ? known->str : "none");
}

DnKept
dn_electronic_kept(const DnElectronic *self, const char *channel, const DnDate *received)
{
    DnKept any = DN_KEPT_RULE;
    const Way *own = NULL;

    for (guint i = 0; i < self->ways->len; i++) {
        const Way *way = &g_array_index(self->ways, Way, i);

        if (dn_date_compare(&way->from, received) > 0)
            continue;
        if (!way->channel)
            any = way->kept;
        else if (channel && strcmp(way->channel, channel) == 0)
            own = way;
    }
    return own ? own->kept : any;
}
