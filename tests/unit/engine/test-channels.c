/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tests/unit/engine/test-channels.c - by which of the four ways an electronic document is kept, as
 * the report and the voucher say it, through the public header and with a real authority.
 *
 * A test that proves a row of docs/requirements.md has its number in its name.
 */
#include "config.h"
#include "base/clock.h"
#include "engine/archive.h"
#include "tests/unit/engine/fixture.h"
#include "tests/unit/engine/report.h"
#include "tests/unit/evidence/stamped-pdf.h"

#include <glib/gstdio.h>
#include <string.h>

typedef struct {
    Fixture archive;
    char *tsa;     /* folder of an authority, */
    char *trust;   /* the setting that trusts it, */
    char *trusted; /* and its trust list */
} Life;

static void
open_archive(Life *life)
{
    g_autoptr(GError) error = NULL;
    DnArchiveOptions options = {.actor = "service:orders", .worker_path = "/nonexistent"};

    g_clear_pointer(&life->archive.archive, dn_archive_close);
    life->archive.archive = dn_archive_open(life->archive.dir, &options, &error);
    g_assert_no_error(error);
}

/* The authority of the tests, called an accredited one: what else of the way there is to see. */
static void
accredit(Life *life)
{
    g_autofree char *text = NULL;
    char *word = NULL;

    g_assert_true(g_file_get_contents(life->trusted, &text, NULL, NULL));
    word = strstr(text, "accredited=false");
    g_assert_nonnull(word);
    g_autofree char *head = g_strndup(text, (gsize)(word - text));
    g_autofree char *new =
        g_strconcat(head, "accredited=true", word + strlen("accredited=false"), NULL);

    g_assert_true(g_file_set_contents(life->trusted, new, -1, NULL));
}

static void
set_up(Life *life, gconstpointer data)
{
    const char *ways = data;
    g_autofree char *electronic = g_strconcat("law.electronic=", ways, NULL);
    g_autofree char *root = g_dir_make_tmp("dencho-channels-XXXXXX", NULL);
    const char *settings[] = {"law.channels=mail;web;edi;api=engine", electronic, NULL, NULL, NULL};

    life->tsa = g_build_filename(root, "tsa", NULL);
    authority_init(life->tsa, NULL);
    life->trusted = g_build_filename(life->tsa, "trust.conf", NULL);
    life->trust = g_strconcat("evidence.trust-file=", life->trusted, NULL);
    settings[2] = life->trust;
    fixture_init(&life->archive, &(DnArchiveInit){.settings = settings});
    open_archive(life);
}

static void
take_down(Life *life, gconstpointer data)
{
    g_autofree char *root = g_path_get_dirname(life->tsa);

    tear_down(&life->archive, data);
    g_assert_true(dn_fs_remove_tree(root, NULL));
    g_free(life->tsa);
    g_free(life->trust);
    g_free(life->trusted);
}

static GBytes *
document(const char *content)
{
    g_autofree char *bytes = g_strconcat("%PDF-1.7\n", content, NULL);

    return g_bytes_new(bytes, strlen(bytes));
}

static json_t *
ingest(Life *life, GBytes *bytes, const char *channel, GBytes *token, bool exchanged,
       DnUuid *out_id)
{
    g_autoptr(GError) error = NULL;
    json_t *result = NULL;
    DnIngest request = {.channel = channel,
                        .token = token,
                        .exchanged = exchanged,
                        .kind = "invoice",
                        .no_wait = true};

    dn_archive_ingest(life->archive.archive, bytes, &request, &result, &error);
    g_assert_no_error(error);
    g_assert_true(dn_uuid_parse(dn_json_string(result, "voucher"), out_id, NULL));
    return result;
}

static void
assert_refused(Life *life, const DnIngest *request, const char *says)
{
    g_autoptr(GBytes) bytes = document("refused");
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) result = NULL;

    g_assert_false(dn_archive_ingest(life->archive.archive, bytes, request, &result, &error));
    g_assert_error(error, DN_ERROR, DN_ERROR_INVALID);
    if (!strstr(error->message, says))
        g_error("\"%s\" does not say \"%s\"", error->message, says);
}

static json_t *
show(Life *life, const DnUuid *id)
{
    g_autoptr(GError) error = NULL;
    json_t *details = dn_archive_show(life->archive.archive, id, 0, &error);

    g_assert_no_error(error);
    return details;
}

static void
assert_kept(const json_t *row, const char *word, int option)
{
    const json_t *law = json_object_get(row, "law");

    g_assert_cmpstr(dn_json_string(law, "electronic"), ==, word);
    g_assert_cmpint(dn_json_int(law, "option", 0), ==, option);
    g_assert_nonnull(dn_json_string(law, "article"));
}

static const char *
shown_by(const json_t *row)
{
    return dn_json_string(json_object_get(row, "law"), "shown_by");
}

static void
rebuild(Life *life)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) result = NULL;
    DnArchiveOptions options = {.actor = "service:orders", .worker_path = "/nonexistent"};

    g_clear_pointer(&life->archive.archive, dn_archive_close);
    g_assert_true(dn_archive_rebuild(life->archive.dir, &options, NULL, NULL, &result, &error));
    g_assert_no_error(error);
    open_archive(life);
}

/* --- option 1 --- */

static void
test_R51_option_1_a_pdf_with_its_time_stamp(Life *life, gconstpointer data)
{
    g_autoptr(GBytes) pdf = stamped_pdf(life->tsa, NULL, "order");
    DnUuid id;
    g_autoptr(json_t) result = ingest(life, pdf, "mail", NULL, false, &id);
    g_autoptr(json_t) row = report_of(life->archive.archive, &id);

    (void)data;
    assert_kept(row, "stamped", 1);
    g_assert_nonnull(shown_by(row));
    g_assert_cmpstr(dn_json_string(row, "brought"), ==, "not accredited");
    g_assert_false(report_is_open(row, "R51"));
    g_assert_true(report_is_open(row, "R19")); /* shown as what it is */
    accredit(life);
    g_autoptr(json_t) accredited =
        report_of(life->archive.archive, &id); /* verified anew, by the list of today */

    g_assert_cmpstr(dn_json_string(accredited, "brought"), ==, "accredited");
    g_assert_false(report_is_open(accredited, "R19"));
    g_assert_false(report_is_open(accredited, "R51"));
    g_autoptr(json_t) details = show(life, &id);
    const json_t *brought = json_object_get(details, "brought");

    g_assert_cmpstr(dn_json_string(details, "channel"), ==, "mail");
    g_assert_cmpstr(dn_json_string(details, "origin"), ==, "electronic");
    g_assert_cmpstr(dn_json_string(brought, "form"), ==, "pdf");
    g_assert_true(dn_json_bool(brought, "holds", false));
    g_assert_null(dn_json_string(brought, "failure"));
}

static void
test_R51_option_1_a_token_beside_it(Life *life, gconstpointer data)
{
    g_autoptr(GBytes) bytes = document("order");
    DnHash hash = dn_hash_bytes(DN_HASH_SHA256, bytes);
    g_autoptr(GBytes) token = authority_stamp(life->tsa, NULL, &hash);
    DnUuid id;

    (void)data;
    accredit(life);
    g_autoptr(json_t) result = ingest(life, bytes, "mail", token, false, &id);
    g_autoptr(json_t) row = report_of(life->archive.archive, &id);

    assert_kept(row, "stamped", 1);
    g_assert_cmpstr(dn_json_string(row, "brought"), ==, "accredited");
    g_assert_false(report_is_open(row, "R51"));
    /* the ledger has the token: a view that is built again knows it */
    rebuild(life);
    g_autoptr(json_t) again = report_of(life->archive.archive, &id);

    g_assert_true(json_equal(row, again));
    /* it cannot be put in for a document that is there */
    g_autoptr(json_t) twice = ingest(life, bytes, "mail", token, false, &id);

    g_assert_cmpstr(dn_json_string(twice, "status"), ==, "duplicate");
    g_assert_cmpstr(dn_json_string(json_object_get(twice, "error"), "code"), ==, "EXISTS");
}

static void
test_R51_option_1_without_a_stamp_that_holds(Life *life, gconstpointer data)
{
    g_autoptr(GBytes) plain = document("no stamp");
    g_autoptr(GBytes) pdf = stamped_pdf(life->tsa, NULL, "grown");
    g_autoptr(GByteArray) grown = g_byte_array_new();
    g_autoptr(GBytes) of_another = document("one");
    g_autoptr(GBytes) another = document("another");
    DnHash hash = dn_hash_bytes(DN_HASH_SHA256, another);
    g_autoptr(GBytes) token = authority_stamp(life->tsa, NULL, &hash);
    g_autoptr(GBytes) nonsense = document("no token");
    gsize size = 0;
    const guint8 *data_ = g_bytes_get_data(pdf, &size);
    DnUuid id;

    (void)data;
    accredit(life);
    g_byte_array_append(grown, data_, (guint)size);
    g_byte_array_append(grown, (const guint8 *)"\n% later\n", 9);
    g_autoptr(GBytes) changed = g_bytes_new(grown->data, grown->len);
    g_autoptr(json_t) first = ingest(life, plain, "mail", NULL, false, &id);
    g_autoptr(json_t) none = report_of(life->archive.archive, &id);

    g_assert_cmpstr(dn_json_string(none, "brought"), ==, "none");
    g_assert_true(report_is_open(none, "R51"));
    g_assert_null(shown_by(none));
    g_autoptr(json_t) second = ingest(life, changed, "mail", NULL, false, &id);
    g_autoptr(json_t) later = report_of(life->archive.archive, &id);

    g_assert_true(report_is_open(later, "R51"));
    /* taken in, and told that it proves nothing */
    g_autoptr(json_t) third = ingest(life, of_another, "mail", token, false, &id);
    g_autoptr(json_t) broken = report_of(life->archive.archive, &id);
    g_autoptr(json_t) details = show(life, &id);

    g_assert_cmpstr(dn_json_string(third, "status"), ==, "stored");
    g_assert_cmpstr(dn_json_string(broken, "brought"), ==, "broken");
    g_assert_true(report_is_open(broken, "R51"));
    g_assert_null(shown_by(broken));
    g_assert_false(dn_json_bool(json_object_get(details, "brought"), "holds", true));
    g_assert_nonnull(dn_json_string(json_object_get(details, "brought"), "failure"));
    /* what is no token at all is a slip of who hands it in */
    assert_refused(life, &(DnIngest){.channel = "mail", .token = nonsense}, "time stamp");
}

static void
test_R51_option_1_is_stamped_before_the_exchange(Life *life, gconstpointer data)
{
    enum { DAY_MS = 24 * 60 * 60 * 1000 };
    g_autoptr(GBytes) pdf = stamped_pdf(life->tsa, NULL, "order");
    DnDate today = dn_date_in_japan(dn_clock_now_utc_ms());
    DnDate before = dn_date_from_days(dn_date_to_days(&today) - 2);
    DnIngest request = {.channel = "mail", .received = &before, .no_wait = true};
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) result = NULL;
    DnUuid id;

    (void)data;
    accredit(life);
    g_assert_true(dn_archive_ingest(life->archive.archive, pdf, &request, &result, &error));
    g_assert_true(dn_uuid_parse(dn_json_string(result, "voucher"), &id, NULL));
    g_autoptr(json_t) row = report_of(life->archive.archive, &id);

    g_assert_cmpstr(dn_json_string(row, "brought"), ==, "accredited");
    g_assert_true(report_is_open(row, "R51")); /* received two days before it was stamped */
}

/* --- option 2 --- */

static void
test_R51_option_2_is_stamped_by_us(Life *life, gconstpointer data)
{
    g_autoptr(GBytes) bytes = document("order");
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) stamped = NULL;
    g_autofree char *conf = g_build_filename(life->archive.dir, "dencho.conf", NULL);
    g_autoptr(GKeyFile) settings = g_key_file_new();
    g_autoptr(Authority) authority = authority_start(life->tsa, NULL);
    DnUuid id;

    (void)data;
    accredit(life);
    g_assert_true(g_key_file_load_from_file(settings, conf, G_KEY_FILE_NONE, NULL));
    g_key_file_set_string(settings, "evidence", "tsa-url", authority_url(authority));
    g_assert_true(g_key_file_save_to_file(settings, conf, NULL));
    open_archive(life);
    g_autoptr(json_t) result = ingest(life, bytes, "mail", NULL, false, &id);
    g_autoptr(json_t) before = report_of(life->archive.archive, &id);

    assert_kept(before, "stamp", 2);
    g_assert_true(report_is_open(before, "R19"));
    g_assert_null(shown_by(before));
    g_assert_cmpstr(dn_json_string(json_object_get(before, "law"), "on_time"), ==, "waiting");
    g_assert_true(dn_archive_stamp(life->archive.archive, &stamped, &error));
    g_assert_no_error(error);
    g_autoptr(json_t) after = report_of(life->archive.archive, &id);

    g_assert_false(report_is_open(after, "R19"));
    g_assert_nonnull(shown_by(after));
    g_assert_cmpstr(dn_json_string(json_object_get(after, "law"), "on_time"), ==, "on_time");
    /* by another channel nothing of that is asked */
    g_autoptr(GBytes) other = document("other");
    g_autoptr(json_t) second = ingest(life, other, "web", NULL, false, &id);
    g_autoptr(json_t) web = report_of(life->archive.archive, &id);

    assert_kept(web, "rule", 4);
    g_assert_cmpstr(dn_json_string(json_object_get(web, "law"), "on_time"), ==, "n/a");
}

/* --- option 3 --- */

static void
test_R51_R52_option_3_is_exchanged_by_the_engine(Life *life, gconstpointer data)
{
    g_autoptr(GBytes) bytes = document("order");
    DnUuid id;

    (void)data;
    assert_refused(life, &(DnIngest){.channel = "api", .no_wait = true}, "電子問39");
    assert_refused(life, &(DnIngest){.exchanged = true}, "channel");
    g_autoptr(json_t) result = ingest(life, bytes, "api", NULL, true, &id);
    g_autoptr(json_t) row = report_of(life->archive.archive, &id);
    g_autoptr(json_t) details = show(life, &id);

    assert_kept(row, "system", 3);
    g_assert_false(report_is_open(row, "R51"));
    g_assert_false(report_is_open(row, "R52"));
    g_assert_false(report_is_open(row, "R19"));
    g_assert_nonnull(strstr(shown_by(row), "api"));
    g_assert_true(dn_json_bool(details, "exchanged", false));
}

/* A rule that is settled afterwards, for days on which people put documents in. */
static void
test_R52_what_was_put_in_does_not_become_exchanged(Life *life, gconstpointer data)
{
    g_autoptr(GBytes) bytes = document("order");
    g_autofree char *conf = g_build_filename(life->archive.dir, "dencho.conf", NULL);
    g_autoptr(GKeyFile) settings = g_key_file_new();
    DnUuid id;
    g_autoptr(json_t) result = ingest(life, bytes, "api", NULL, false, &id);
    g_autoptr(json_t) before = report_of(life->archive.archive, &id);

    (void)data;
    assert_kept(before, "rule", 4);
    g_assert_true(g_key_file_load_from_file(settings, conf, G_KEY_FILE_NONE, NULL));
    g_key_file_set_string(settings, "law", "electronic", "api:system");
    g_assert_true(g_key_file_save_to_file(settings, conf, NULL));
    open_archive(life);
    g_autoptr(json_t) after = report_of(life->archive.archive, &id);

    assert_kept(after, "system", 3);
    g_assert_true(report_is_open(after, "R52"));
    g_assert_null(shown_by(after));
}

/* --- option 4, and channels --- */

static void
test_R51_option_4_needs_the_written_rule(Life *life, gconstpointer data)
{
    g_autoptr(GBytes) bytes = document("order");
    g_autofree char *conf = g_build_filename(life->archive.dir, "dencho.conf", NULL);
    g_autoptr(GKeyFile) settings = g_key_file_new();
    DnUuid id;
    g_autoptr(json_t) result = ingest(life, bytes, "web", NULL, false, &id);
    g_autoptr(json_t) without = report_of(life->archive.archive, &id);

    (void)data;
    assert_kept(without, "rule", 4);
    g_assert_true(report_is_open(without, "R51"));
    g_assert_null(shown_by(without));
    g_assert_true(g_key_file_load_from_file(settings, conf, G_KEY_FILE_NONE, NULL));
    g_key_file_set_string(settings, "law", "procedure", "rules/2026.pdf");
    g_assert_true(g_key_file_save_to_file(settings, conf, NULL));
    open_archive(life);
    g_autoptr(json_t) with = report_of(life->archive.archive, &id);

    g_assert_false(report_is_open(with, "R51"));
    g_assert_nonnull(strstr(shown_by(with), "rules/2026.pdf"));
}

static void
test_R51_a_channel_is_of_electronic_documents(Life *life, gconstpointer data)
{
    static const uint8_t png[] = "\x89PNG\r\n\x1a\n photo of a bill";
    g_autoptr(GBytes) picture = g_bytes_new_static(png, sizeof png - 1);
    DnUuid id;

    (void)data;
    assert_refused(life, &(DnIngest){.channel = "fax"}, "mail, web, edi, api");
    assert_refused(life, &(DnIngest){.channel = "mail", .origin = "scan"}, "paper");
    /* a picture is taken for a scan, but not one that came by mail */
    g_autoptr(json_t) result = ingest(life, picture, "mail", NULL, false, &id);

    g_assert_cmpstr(dn_json_string(result, "origin"), ==, "electronic");
    g_assert_cmpstr(dn_json_string(json_object_get(result, "law"), "electronic"), ==, "rule");
}

#define T(name, ways) g_test_add("/channels/" #name, Life, ways, set_up, test_##name, take_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    T(R51_option_1_a_pdf_with_its_time_stamp, "mail:stamped");
    T(R51_option_1_a_token_beside_it, "mail:stamped");
    T(R51_option_1_without_a_stamp_that_holds, "mail:stamped");
    T(R51_option_1_is_stamped_before_the_exchange, "mail:stamped");
    T(R51_option_2_is_stamped_by_us, "mail:stamp");
    T(R51_R52_option_3_is_exchanged_by_the_engine, "api:system");
    T(R52_what_was_put_in_does_not_become_exchanged, "rule");
    T(R51_option_4_needs_the_written_rule, "rule");
    T(R51_a_channel_is_of_electronic_documents, "rule");
    return g_test_run();
}
