/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tests/unit/engine/test-renew.c - evidence through twenty years, by a clock that is moved: real
 * authorities whose certificates end, two time-stamp renewals, a hash-tree renewal, and after each
 * step everything that checks evidence, the programs of others too.
 */
#include "config.h"
#include "base/clock.h"
#include "base/fs.h"
#include "engine/archive.h"
#include "engine/evidence/evidence.h"
#include "tests/unit/evidence/authority.h"

#include <glib/gstdio.h>
#include <string.h>

static const int64_t ms_per_day = 24LL * 60 * 60 * 1000;

typedef struct {
    char *root;
    char *dir;
    char *key;
    char *trust;
    Authority *authority;
    DnArchive *archive;
    DnUuid ids[5];
    unsigned capsules;
} Life;

static DnDate
day(const char *text)
{
    DnDate date;

    g_assert_true(dn_date_parse(text, &date, NULL));
    return date;
}

static char *
path_of(const Life *life, const char *name)
{
    return g_build_filename(life->root, name, NULL);
}

/* It is noon of that day, for the archive and for the authority of this decade. */
static void
live_on(Life *life, const char *date, const char *authority)
{
    DnDate wanted = day(date);
    g_autofree char *clock = g_strconcat("--clock ", date, "T12:00:00.000Z", NULL);
    g_autofree char *folder = path_of(life, authority);
    g_autofree char *setting = NULL;
    g_autofree char *conf = g_build_filename(life->dir, "dencho.conf", NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(GKeyFile) settings = g_key_file_new();
    DnArchiveOptions options = {.actor = "cli:clerk", .worker_path = "/nonexistent"};

    g_clear_pointer(&life->archive, dn_archive_close);
    g_clear_pointer(&life->authority, authority_free);
    dn_clock_shift(0);
    dn_clock_shift((int64_t)dn_date_to_days(&wanted) * ms_per_day + ms_per_day / 2 -
                   dn_clock_now_utc_ms());
    life->authority = authority_start(folder, clock);
    g_assert_true(g_key_file_load_from_file(settings, conf, G_KEY_FILE_KEEP_COMMENTS, &error));
    g_key_file_set_string(settings, "evidence", "tsa-url", authority_url(life->authority));
    g_assert_true(g_key_file_save_to_file(settings, conf, &error));
    life->archive = dn_archive_open(life->dir, &options, &error);
    g_assert_no_error(error);
}

static char *
text_of(unsigned number)
{
    return g_strdup_printf("\x89PNG\r\n\x1a\n voucher %u of twenty years", number);
}

static void
ingest(Life *life, unsigned number)
{
    g_autofree char *text = text_of(number);
    g_autoptr(GBytes) bytes = g_bytes_new(text, strlen(text));
    g_autoptr(json_t) result = NULL;
    g_autoptr(GError) error = NULL;
    DnIngest request = {.origin = "scan", .no_wait = true};

    g_assert_true(dn_archive_ingest(life->archive, bytes, &request, &result, &error));
    g_assert_no_error(error);
    g_assert_true(dn_uuid_parse(dn_json_string(result, "voucher"), &life->ids[number], NULL));
}

static void
stamp(Life *life, int64_t wanted)
{
    g_autoptr(json_t) result = NULL;
    g_autoptr(GError) error = NULL;

    g_assert_true(dn_archive_stamp(life->archive, &result, &error));
    g_assert_no_error(error);
    g_assert_cmpint(dn_json_int(result, "stamped", -1), ==, wanted);
}

static bool
collect(const json_t *row, void *user_data, GError **error)
{
    (void)error;
    g_ptr_array_add(user_data, json_deep_copy(row));
    return true;
}

static GPtrArray *
rows(void)
{
    return g_ptr_array_new_with_free_func((GDestroyNotify)json_decref);
}

static void
tell(GPtrArray *array)
{
    for (guint i = 0; i < array->len; i++) {
        g_autofree char *line = dn_json_line(g_ptr_array_index(array, i));

        g_test_message("%s", line);
    }
}

static json_t *
renew(Life *life, const DnRenewal *how, GPtrArray *out)
{
    g_autoptr(GError) error = NULL;
    json_t *totals = NULL;

    dn_archive_renew(life->archive, how, collect, NULL, out, &totals, &error);
    g_assert_no_error(error);
    return totals;
}

static void
assert_renewed(Life *life, const DnRenewal *how, int64_t stamps, int64_t documents)
{
    g_autoptr(GPtrArray) done = rows();
    g_autoptr(json_t) totals = renew(life, how, done);

    tell(done);
    g_assert_cmpint(dn_json_int(totals, "renewed", -1), ==, stamps);
    g_assert_cmpint(dn_json_int(totals, "rehashed", -1), ==, documents);
    g_assert_cmpint(dn_json_int(totals, "failed", -1), ==, 0);
}

/* The states of a plan's groups of one renewal, "due 2, later 1", the earliest first. */
static char *
plan(Life *life, const char *renewal)
{
    g_autoptr(GPtrArray) groups = rows();
    g_autoptr(json_t) totals = renew(life, &(DnRenewal){.plan = true}, groups);
    GString *text = g_string_new(NULL);

    tell(groups);
    for (guint i = 0; i < groups->len; i++) {
        const json_t *row = g_ptr_array_index(groups, i);

        if (strcmp(dn_json_string(row, "renewal"), renewal) == 0)
            g_string_append_printf(text, "%s%s %" G_GINT64_FORMAT, text->len ? ", " : "",
                                   dn_json_string(row, "state"), dn_json_int(row, "stamps", 0));
    }
    return g_string_free(text, FALSE);
}

#define assert_plan(life, renewal, wanted)                                                         \
    do {                                                                                           \
        g_autofree char *planned = plan(life, renewal);                                            \
        g_assert_cmpstr(planned, ==, wanted);                                                      \
    } while (0)

/* What checks a capsule: the program, a fresh archive of it, and the verifier that an auditor
 * builds. */
static void
check_capsule(Life *life, int64_t stamped)
{
    g_autofree char *name = g_strdup_printf("%u.zip", life->capsules++);
    g_autofree char *path = path_of(life, name);
    g_autofree char *fresh = g_strconcat(path, ".archive", NULL);
    g_autofree char *fresh_key = NULL;
    g_autofree char *conf = g_build_filename(fresh, "dencho.conf", NULL);
    g_autofree char *verifier = path_of(life, "verify-capsule");
    g_autofree char *all_roots = path_of(life, "roots.pem");
    g_autofree char *setting = g_strconcat("evidence.trust-file=", life->trust, NULL);
    const char *settings[] = {setting, NULL};
    g_autoptr(GPtrArray) failures = rows();
    g_autoptr(json_t) exported = NULL;
    g_autoptr(json_t) checked = NULL;
    g_autoptr(json_t) imported = NULL;
    g_autoptr(json_t) verified = NULL;
    g_autoptr(GError) error = NULL;
    const char *command[] = {verifier, "-C", all_roots, path, NULL};
    DnArchiveOptions options = {.actor = "cli:auditor", .worker_path = "/nonexistent"};
    int status = -1;

    g_assert_true(dn_archive_export(life->archive, &(DnSearch){0}, &(DnExport){.path = path}, NULL,
                                    NULL, &exported, &error));
    g_assert_no_error(error);
    g_assert_true(dn_capsule_check(path, life->trust, collect, NULL, failures, &checked, &error));
    g_assert_no_error(error);
    tell(failures);
    g_assert_cmpint(dn_json_int(checked, "failed", -1), ==, 0);
    g_assert_cmpint(dn_json_int(checked, "stamped", -1), ==, stamped);

    g_assert_true(dn_archive_import(path, fresh, &(DnArchiveInit){.settings = settings}, NULL, NULL,
                                    &imported, &error));
    g_assert_no_error(error);
    g_autoptr(DnArchive) again = dn_archive_open(fresh, &options, &error);

    g_assert_no_error(error);
    g_assert_true(dn_archive_verify(again, NULL, NULL, DN_VERIFY_FULL, collect, NULL, failures,
                                    &verified, &error));
    g_assert_no_error(error);
    tell(failures);
    g_assert_cmpint(dn_json_int(verified, "failed", -1), ==, 0);
    g_assert_cmpint(dn_json_int(verified, "stamped", -1), ==, stamped);

    if (g_file_test(verifier, G_FILE_TEST_EXISTS)) {
        g_autofree char *out = NULL;

        g_assert_true(
            g_spawn_sync(NULL, (char **)command, NULL, 0, NULL, NULL, &out, NULL, &status, NULL));
        g_test_message("%s", out);
        g_assert_cmpint(status, ==, 0);
    }
}

/* The archive, and the evidence record of each voucher, whose steps are @steps. */
static void
assert_all_holds(Life *life, unsigned vouchers, const unsigned *steps)
{
    g_autoptr(GPtrArray) failures = rows();
    g_autoptr(json_t) totals = NULL;
    g_autoptr(GError) error = NULL;
    g_autoptr(DnTrust) trust = dn_trust_load(life->trust, &error);

    g_assert_true(dn_archive_verify(life->archive, NULL, NULL, DN_VERIFY_FULL, collect, NULL,
                                    failures, &totals, &error));
    g_assert_no_error(error);
    tell(failures);
    g_assert_cmpint(dn_json_int(totals, "failed", -1), ==, 0);
    g_assert_cmpint(dn_json_int(totals, "stamped", -1), ==, vouchers);
    for (unsigned i = 0; i < vouchers; i++) {
        g_autoptr(json_t) details = dn_archive_show(life->archive, &life->ids[i], 0, &error);
        const char *type = NULL;
        g_autoptr(GBytes) record =
            dn_archive_cat(life->archive, &life->ids[i], "record", 0, &type, &error);
        g_autofree char *text = text_of(i);
        DnHash hashes[] = {dn_hash(DN_HASH_SHA256, text, strlen(text)),
                           dn_hash(DN_HASH_SHA512, text, strlen(text))};
        g_auto(DnTokenInfo) info = {0};

        g_assert_no_error(error);
        g_assert_cmpuint(
            json_array_size(json_object_get(json_object_get(details, "evidence"), "chain")), ==,
            steps[i]);
        g_assert_true(
            dn_evidence_record_verify_with(record, hashes, 2, trust, NULL, &info, &error));
        g_assert_no_error(error);
        g_assert_true(info.trusted);
        hashes[0].bytes[7] ^= 1;
        hashes[1].bytes[7] ^= 1;
        dn_token_info_clear(&info);
        memset(&info, 0, sizeof info);
        g_assert_false(
            dn_evidence_record_verify_with(record, hashes, 2, trust, NULL, &info, &error));
        g_clear_error(&error);
    }
    check_capsule(life, vouchers);
}

static void
rebuild(Life *life)
{
    DnArchiveOptions options = {.actor = "cli:clerk", .worker_path = "/nonexistent"};
    g_autoptr(json_t) result = NULL;
    g_autoptr(GError) error = NULL;

    g_clear_pointer(&life->archive, dn_archive_close);
    g_assert_true(dn_archive_rebuild(life->dir, &options, NULL, NULL, &result, &error));
    g_assert_no_error(error);
    life->archive = dn_archive_open(life->dir, &options, &error);
    g_assert_no_error(error);
}

/* Authorities of three decades, in one trust list, and the verifier if there is a compiler. */
static void
set_up(Life *life, gconstpointer data)
{
    static const char *const decades[][2] = {{"first", "--valid-from 2026-01-01 --days 3650"},
                                             {"second", "--valid-from 2034-01-01 --days 3650"},
                                             {"third", "--valid-from 2042-01-01 --days 3650"}};
    g_autoptr(GString) list = g_string_new(NULL);
    g_autoptr(GString) roots = g_string_new(NULL);
    g_autofree char *verifier = NULL;
    g_autofree char *source = NULL;
    g_autofree char *all_roots = NULL;
    const char *srcdir = g_getenv("DENCHO_SRCDIR");
    g_autoptr(GError) error = NULL;

    (void)data;
    life->root = g_dir_make_tmp("dencho-renew-XXXXXX", &error);
    g_assert_no_error(error);
    for (size_t i = 0; i < G_N_ELEMENTS(decades); i++) {
        g_autofree char *folder = path_of(life, decades[i][0]);
        g_autofree char *ca = g_build_filename(folder, "ca.pem", NULL);
        g_autofree char *pem = NULL;

        authority_init(folder, decades[i][1]);
        g_assert_true(g_file_get_contents(ca, &pem, NULL, NULL));
        g_string_append(roots, pem);
        g_string_append_printf(
            list, "[authority %s]\ncertificate=%s/ca.pem\nfrom=2026-01-01\naccredited=false\n",
            decades[i][0], decades[i][0]);
    }
    write_text(life->root, "trust.conf", list->str);
    write_text(life->root, "roots.pem", roots->str);
    life->trust = path_of(life, "trust.conf");
    life->dir = path_of(life, "archive");
    g_autofree char *setting = g_strconcat("evidence.trust-file=", life->trust, NULL);
    const char *settings[] = {setting, NULL};

    g_assert_true(
        dn_archive_init(life->dir, &(DnArchiveInit){.settings = settings}, &life->key, &error));
    g_assert_no_error(error);
    verifier = path_of(life, "verify-capsule");
    source = g_build_filename(srcdir ? srcdir : ".", "tools", "verify-capsule.c", NULL);
    const char *compile[] = {"cc", "-o", verifier, source, "-lcrypto", NULL};

    g_spawn_sync(NULL, (char **)compile, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL,
                 NULL);
}

static void
tear_down(Life *life, gconstpointer data)
{
    (void)data;
    g_clear_pointer(&life->archive, dn_archive_close);
    g_clear_pointer(&life->authority, authority_free);
    dn_clock_shift(0);
    g_assert_true(dn_fs_remove_tree(life->root, NULL));
    g_free(life->root);
    g_free(life->dir);
    g_free(life->key);
    g_free(life->trust);
}

static void
test_R20_two_renewals_over_twenty_years(Life *life, gconstpointer data)
{
    (void)data;
    live_on(life, "2026-05-01", "first");
    ingest(life, 0);
    ingest(life, 1);
    ingest(life, 2);
    stamp(life, 3);
    live_on(life, "2027-05-01", "first");
    ingest(life, 3);
    stamp(life, 1);
    assert_plan(life, "time-stamp", "later 2");
    assert_plan(life, "hash-tree", "later 2");
    assert_renewed(life, &(DnRenewal){0}, 0, 0);
    assert_all_holds(life, 4, (unsigned[]){1, 1, 1, 1});

    /* Certificates of the first decade end at the end of 2035: both stamps are renewed by one. */
    live_on(life, "2035-03-01", "second");
    assert_plan(life, "time-stamp", "due 2");
    assert_renewed(life, &(DnRenewal){0}, 2, 0);
    assert_renewed(life, &(DnRenewal){0}, 0, 0);
    assert_plan(life, "time-stamp", "later 1");
    assert_all_holds(life, 4, (unsigned[]){2, 2, 2, 2});
    ingest(life, 4);
    stamp(life, 1);
    assert_all_holds(life, 5, (unsigned[]){2, 2, 2, 2, 1});

    /* And those of the second at the end of 2043. */
    live_on(life, "2043-06-01", "third");
    assert_plan(life, "time-stamp", "due 2");
    assert_renewed(life, &(DnRenewal){0}, 2, 0);
    assert_all_holds(life, 5, (unsigned[]){3, 3, 3, 3, 2});
    live_on(life, "2046-05-01", "third");
    assert_all_holds(life, 5, (unsigned[]){3, 3, 3, 3, 2});
    rebuild(life);
    assert_all_holds(life, 5, (unsigned[]){3, 3, 3, 3, 2});
}

static void
test_R20_a_stronger_hash_tree(Life *life, gconstpointer data)
{
    (void)data;
    live_on(life, "2026-05-01", "first");
    ingest(life, 0);
    ingest(life, 1);
    stamp(life, 2);
    ingest(life, 2);
    stamp(life, 1);
    live_on(life, "2035-03-01", "second");
    assert_renewed(life, &(DnRenewal){0}, 2, 0);
    assert_renewed(life, &(DnRenewal){.digest = "sha512"}, 0, 3);
    assert_renewed(life, &(DnRenewal){.digest = "sha512"}, 0, 0);
    assert_plan(life, "hash-tree", "");
    assert_plan(life, "time-stamp", "later 1");
    assert_all_holds(life, 3, (unsigned[]){3, 3, 3});
    ingest(life, 3);
    stamp(life, 1);
    assert_plan(life, "hash-tree", "later 1");

    /* The chain of the stronger digest is renewed as the first was. */
    live_on(life, "2043-06-01", "third");
    assert_renewed(life, &(DnRenewal){0}, 2, 0);
    assert_all_holds(life, 4, (unsigned[]){4, 4, 4, 2});
    rebuild(life);
    assert_all_holds(life, 4, (unsigned[]){4, 4, 4, 2});

    /* The tree of the fourth is due before the day on which its digest ends. */
    live_on(life, "2050-01-15", "third");
    assert_plan(life, "hash-tree", "due 1");
    assert_renewed(life, &(DnRenewal){0}, 1, 1); /* and the key of the third authority */
    assert_all_holds(life, 4, (unsigned[]){5, 5, 5, 3});
}

static void
test_what_has_ended_is_named(Life *life, gconstpointer data)
{
    g_autoptr(GPtrArray) done = rows();
    g_autoptr(json_t) totals = NULL;

    (void)data;
    live_on(life, "2026-05-01", "first");
    ingest(life, 0);
    stamp(life, 1);
    live_on(life, "2037-01-01", "second");
    assert_plan(life, "time-stamp", "ended 1");
    totals = renew(life, &(DnRenewal){0}, done);
    g_assert_cmpint(dn_json_int(totals, "ended", -1), ==, 1);
    g_assert_cmpint(dn_json_int(totals, "tokens", -1), ==, 0);
    g_assert_cmpuint(done->len, ==, 1);
    g_assert_cmpstr(dn_json_string(g_ptr_array_index(done, 0), "state"), ==, "ended");
    /* By its own time it still proves what it proved. */
    assert_all_holds(life, 1, (unsigned[]){1});
}

static void
test_renewing_early(Life *life, gconstpointer data)
{
    DnDate before = day("2036-01-01");
    DnDate too_early = day("2030-01-01");

    (void)data;
    live_on(life, "2026-05-01", "first");
    ingest(life, 0);
    stamp(life, 1);
    assert_renewed(life, &(DnRenewal){.before = &too_early}, 0, 0);
    assert_renewed(life, &(DnRenewal){.before = &before}, 1, 0);
    assert_all_holds(life, 1, (unsigned[]){2});
}

static void
test_no_authority_renews_nothing(Life *life, gconstpointer data)
{
    g_autoptr(GPtrArray) done = rows();
    g_autoptr(json_t) totals = NULL;
    g_autoptr(GError) error = NULL;

    (void)data;
    live_on(life, "2026-05-01", "first");
    ingest(life, 0);
    stamp(life, 1);
    g_clear_pointer(&life->authority, authority_free);
    g_assert_false(dn_archive_renew(life->archive, &(DnRenewal){.digest = "sha512"}, collect, NULL,
                                    done, &totals, &error));
    g_assert_error(error, DN_ERROR, DN_ERROR_EXTERNAL);
    g_clear_error(&error);
    g_assert_false(dn_archive_renew(life->archive, &(DnRenewal){.digest = "md5"}, collect, NULL,
                                    done, &totals, &error));
    g_assert_error(error, DN_ERROR, DN_ERROR_INVALID);
    assert_all_holds(life, 1, (unsigned[]){1});
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(path, test) g_test_add(path, Life, NULL, set_up, test, tear_down)
    ADD("/renew/R20_two_renewals_over_twenty_years", test_R20_two_renewals_over_twenty_years);
    ADD("/renew/R20_a_stronger_hash_tree", test_R20_a_stronger_hash_tree);
    ADD("/renew/what_has_ended_is_named", test_what_has_ended_is_named);
    ADD("/renew/renewing_early", test_renewing_early);
    ADD("/renew/no_authority_renews_nothing", test_no_authority_renews_nothing);
    return g_test_run();
}
