/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tests/unit/law/test-electronic.c - channels, and by which of the four ways each is kept.
 */
#include "config.h"
#include "engine/law/electronic.h"

#include <string.h>

static DnDate
day(const char *text)
{
    DnDate date;

    g_assert_true(dn_date_parse(text, &date, NULL));
    return date;
}

static DnElectronic *
electronic(const char *channels, const char *ways, GError **error)
{
    g_autoptr(DnSettings) settings = dn_settings_new();

    if (channels)
        g_assert_true(dn_settings_set(settings, "law", "channels", channels, NULL));
    if (ways)
        g_assert_true(dn_settings_set(settings, "law", "electronic", ways, NULL));
    return dn_electronic_new(settings, error);
}

static DnElectronic *
works(const char *channels, const char *ways)
{
    g_autoptr(GError) error = NULL;
    DnElectronic *self = electronic(channels, ways, &error);

    g_assert_no_error(error);
    return self;
}

static void
assert_refused(const char *channels, const char *ways, const char *says)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(DnElectronic) self = electronic(channels, ways, &error);

    g_assert_null(self);
    g_assert_error(error, DN_ERROR, DN_ERROR_INVALID);
    if (!strstr(error->message, says))
        g_error("\"%s\" does not say \"%s\"", error->message, says);
}

static void
assert_kept(const DnElectronic *self, const char *channel, const char *received, const char *word)
{
    DnDate date = day(received);

    g_assert_cmpstr(dn_kept_name(dn_electronic_kept(self, channel, &date)), ==, word);
}

static void
test_R51_the_four_ways_and_their_articles(void)
{
    g_assert_cmpstr(dn_kept_article(DN_KEPT_STAMPED), ==, "規4①一");
    g_assert_cmpstr(dn_kept_article(DN_KEPT_STAMP), ==, "規4①二");
    g_assert_cmpstr(dn_kept_article(DN_KEPT_SYSTEM), ==, "規4①三");
    g_assert_cmpstr(dn_kept_article(DN_KEPT_RULE), ==, "規4①四");
}

static void
test_R51_each_channel_has_its_way(void)
{
    g_autoptr(DnElectronic) usual = works(NULL, NULL);
    g_autoptr(DnElectronic) mixed =
        works("mail;upload;web;edi;api=engine;bank",
              "stamp; mail:rule; web:stamped; edi:stamped; api:system; upload:stamp");

    assert_kept(usual, NULL, "2026-04-01", "rule");
    assert_kept(usual, "mail", "2026-04-01", "rule");
    assert_kept(mixed, "mail", "2026-04-01", "rule");
    assert_kept(mixed, "web", "2026-04-01", "stamped");
    assert_kept(mixed, "edi", "2026-04-01", "stamped");
    assert_kept(mixed, "api", "2026-04-01", "system");
    assert_kept(mixed, "upload", "2026-04-01", "stamp");
    assert_kept(mixed, "bank", "2026-04-01", "stamp"); /* by what holds for any */
    assert_kept(mixed, NULL, "2026-04-01", "stamp");
}

static void
test_R51_a_new_rule_is_one_more_item(void)
{
    g_autoptr(DnElectronic) self =
        works("mail;api=engine", "rule;2026-10-01=stamp;mail:2026-04-01=stamped;"
                                 "mail:2027-04-01=rule;api:2027-01-01=system");

    assert_kept(self, NULL, "2026-09-30", "rule");
    assert_kept(self, NULL, "2026-10-01", "stamp");
    assert_kept(self, "mail", "2026-03-31", "rule");
    assert_kept(self, "mail", "2026-04-01", "stamped");
    assert_kept(self, "mail", "2027-03-31", "stamped");
    assert_kept(self, "mail", "2027-04-01", "rule");
    assert_kept(self, "api", "2026-12-31", "stamp"); /* its own has not begun */
    assert_kept(self, "api", "2027-01-01", "system");
}

static void
test_R51_what_is_no_rule(void)
{
    assert_refused(NULL, "sometimes", "stamped, stamp, system or rule");
    assert_refused(NULL, "fax:rule", "mail, upload, web, edi, api");
    assert_refused(NULL, "2026-13-01=rule", "rule;mail:2026-04-01=stamp");
    assert_refused(NULL, "mail:2026-04-01=", "stamped, stamp, system or rule");
    assert_refused(NULL, "=rule", "stamped, stamp, system or rule");
    assert_refused(NULL, ":rule", "unknown channel");
    assert_refused(NULL, "2026-10-01=stamp;2026-04-01=rule", "earliest comes first");
    assert_refused(NULL, "mail:rule;mail:rule", "earliest comes first");
    assert_refused("Mail", NULL, "a-z");
    assert_refused("mail;mail", NULL, "twice");
    assert_refused("mail=us", NULL, "=engine");
    assert_refused("api=engine=engine", NULL, "=engine");
    assert_refused("", "mail:rule", "none");
}

/* Option 3 is for what the engine itself exchanges. */
static void
test_R52_what_is_put_in_later_is_not_kept_by_the_system(void)
{
    static const char *const later[] = {"mail", "upload", "web", NULL};

    assert_refused(NULL, "system", "option 3");
    assert_refused("api=engine", "2026-10-01=system", "option 3");
    for (const char *const *name = later; *name; name++) {
        g_autofree char *way = g_strconcat(*name, ":system", NULL);
        g_autofree char *engine = g_strconcat(*name, "=engine", NULL);

        assert_refused(NULL, way, "電子問39");
        assert_refused(engine, NULL, "電子問39");
    }
    assert_refused("scan", NULL, "paper");
    assert_refused("scan=engine", NULL, "paper");
    assert_refused(NULL, "api:system", "=engine"); /* and how it could be */
    assert_refused("mail;portal", "portal:system", "=engine");
    g_autoptr(DnElectronic) self = works("mail;portal=engine", "portal:system");

    assert_kept(self, "portal", "2026-04-01", "system");
    assert_kept(self, "mail", "2026-04-01", "rule");
}

static void
test_channels_are_checked(void)
{
    g_autoptr(DnElectronic) self = works("mail;portal=engine", NULL);
    g_autoptr(GError) error = NULL;

    g_assert_true(dn_electronic_check(self, NULL, &error));
    g_assert_true(dn_electronic_check(self, "portal", &error));
    g_assert_false(dn_electronic_check(self, "web", &error));
    g_assert_error(error, DN_ERROR, DN_ERROR_INVALID);
    g_assert_nonnull(strstr(error->message, "mail, portal"));
}

#define T(name) g_test_add_func("/electronic/" #name, test_##name)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    T(R51_the_four_ways_and_their_articles);
    T(R51_each_channel_has_its_way);
    T(R51_a_new_rule_is_one_more_item);
    T(R51_what_is_no_rule);
    T(R52_what_is_put_in_later_is_not_kept_by_the_system);
    T(channels_are_checked);
    return g_test_run();
}
