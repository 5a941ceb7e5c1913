/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tests/unit/cli/test-commands.c - the program as it is run, over the scripted archive: what a
 * command asks the archive for, what it prints, and how it exits.
 */
#include "config.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define ID_A "01932b5e-7c1a-7def-8123-456789abcdef"
#define ID_B "01932b5e-7c1a-7def-9999-456789abcdef"
#define ID_C "02932b5e-7c1a-7def-8123-456789abcdef"

enum { PATIENCE_MS = 20000 };

static char *program;

typedef struct {
    char *dir;     /* everything of the test */
    char *archive; /* dir/archive */
} Fixture;

typedef struct {
    int status;
    char *out;
    char *err;
} Outcome;

static void
outcome_clear(Outcome *self)
{
    g_free(self->out);
    g_free(self->err);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Outcome, outcome_clear)

static void
set_up(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;

    (void)data;
    f->dir = g_dir_make_tmp("dencho-cli-XXXXXX", &error);
    g_assert_no_error(error);
    f->archive = g_build_filename(f->dir, "archive", NULL);
    g_assert_true(dn_fs_make_dir(f->archive, true, &error));
}

static void
tear_down(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;

    (void)data;
    g_assert_true(dn_fs_remove_tree(f->dir, &error));
    g_free(f->archive);
    g_free(f->dir);
}

/* (transfer full) The path of @name, which now holds @text. */
static char *
put(const Fixture *f, const char *name, const char *text)
{
    g_autoptr(GError) error = NULL;
    char *path = g_build_filename(f->dir, name, NULL);
    g_autofree char *folder = g_path_get_dirname(path);

    g_assert_cmpint(g_mkdir_with_parents(folder, 0700), ==, 0);
    g_assert_true(g_file_set_contents(path, text, -1, &error));
    return path;
}

#define put_done(f, name, text) g_free(put((f), (name), (text)))

/* Runs the program in the fixture's folder with DENCHO_ARCHIVE set; arguments end with NULL. */
static Outcome G_GNUC_NULL_TERMINATED
run(const Fixture *f, ...)
{
    g_autoptr(GPtrArray) words = g_ptr_array_new();
    g_autoptr(GError) error = NULL;
    g_auto(GStrv) env = g_environ_setenv(g_get_environ(), "DENCHO_ARCHIVE", f->archive, TRUE);
    Outcome outcome = {0};
    va_list args;
    const char *word = NULL;
    int wait_status = 0;

    env = g_environ_setenv(env, "LC_ALL", "C", TRUE);
    g_ptr_array_add(words, program);
    va_start(args, f);
    while ((word = va_arg(args, const char *)))
        g_ptr_array_add(words, (gpointer)word);
    va_end(args);
    g_ptr_array_add(words, NULL);
    g_assert_true(g_spawn_sync(f->dir, (char **)words->pdata, env, G_SPAWN_DEFAULT, NULL, NULL,
                               &outcome.out, &outcome.err, &wait_status, &error));
    g_assert_true(WIFEXITED(wait_status));
    outcome.status = WEXITSTATUS(wait_status);
    return outcome;
}

#define assert_has(text, part)                                                                     \
    do {                                                                                           \
        if (!strstr((text), (part)))                                                               \
            g_error("%s: '%s' is not in:\n%s", G_STRLOC, (part), (text));                          \
    } while (0)

/* (transfer full) The calls of @name that the archive has had, in order. */
static json_t *
calls(const Fixture *f, const char *name)
{
    g_autofree char *path = g_build_filename(f->archive, "calls.jsonl", NULL);
    g_autofree char *text = NULL;
    json_t *found = json_array();

    if (!g_file_get_contents(path, &text, NULL, NULL))
        return found;
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

    for (char **line = lines; *line && line[1]; line++) { /* what is not ended is being written */
        json_t *call = dn_json_parse(*line, strlen(*line), NULL);

        g_assert_nonnull(call);
        if (g_strcmp0(dn_json_string(call, "call"), name) == 0)
            json_array_append_new(found, call);
        else
            json_decref(call);
    }
    return found;
}

/* True when the last call of @name was made with these members (JSON). */
static void
assert_call(const Fixture *f, const char *name, const char *members)
{
    g_autoptr(json_t) all = calls(f, name);
    g_autoptr(json_t) wanted = dn_json_parse(members, strlen(members), NULL);
    const json_t *last = json_array_get(all, json_array_size(all) - 1);
    const char *key = NULL;
    json_t *value = NULL;

    g_assert_nonnull(wanted);
    g_assert_nonnull(last);
    json_object_foreach (wanted, key, value)
        if (!json_equal(value, json_object_get(last, key))) {
            g_autofree char *line = dn_json_line(last);

            g_error("%s: want %s in %s", key, members, line);
        }
}

static json_t *
parse_line(const char *line)
{
    json_t *value = dn_json_parse(line, strlen(line), NULL);

    if (!value)
        g_error("not JSON: %s", line);
    return value;
}

/* --- the command line --- */

static void
test_global_options_stand_anywhere(Fixture *f, gconstpointer data)
{
    g_auto(Outcome) before = run(f, "-A", "archive", "--tenant", "acme", "--json", "stats", NULL);
    g_auto(Outcome) after = run(f, "stats", "--json", "--key-file", "k", "--archive=archive", NULL);
    g_auto(Outcome) environment = run(f, "stats", "--key-fd", "5", NULL);

    (void)data;
    g_assert_cmpint(before.status, ==, 0);
    g_assert_cmpstr(before.out, ==, "{\"vouchers\":12,\"segments\":1}\n");
    g_assert_cmpstr(after.out, ==, before.out);
    g_assert_cmpstr(environment.out, ==, "vouchers: 12\nsegments: 1\n");
    g_autoptr(json_t) opened = calls(f, "open");

    g_assert_cmpuint(json_array_size(opened), ==, 3);
    g_assert_cmpstr(dn_json_string(json_array_get(opened, 0), "tenant"), ==, "acme");
    g_assert_cmpstr(dn_json_string(json_array_get(opened, 1), "key_file"), ==, "k");
    g_assert_cmpint(dn_json_int(json_array_get(opened, 2), "key_fd", 0), ==, 5);
    g_assert_true(g_str_has_prefix(dn_json_string(json_array_get(opened, 0), "actor"), "cli:"));
}

static void
test_wrong_words_are_answered_with_the_nearest(Fixture *f, gconstpointer data)
{
    g_auto(Outcome) command = run(f, "serach", NULL);
    g_auto(Outcome) option = run(f, "search", "--ammount", "5", NULL);
    g_auto(Outcome) none = run(f, NULL);
    g_auto(Outcome) few = run(f, "show", NULL);
    g_auto(Outcome) many = run(f, "stats", "extra", NULL);
    g_auto(Outcome) standard = run(f, "stats", "--key-fd", "0", NULL);
    g_auto(Outcome) hidden = run(f, "banish", NULL);

    (void)data;
    g_assert_cmpint(command.status, ==, 64);
    assert_has(command.err, "'search'");
    g_assert_cmpint(option.status, ==, 64);
    assert_has(option.err, "--amount");
    g_assert_cmpint(none.status, ==, 64);
    assert_has(none.err, "ingest");
    g_assert_cmpint(few.status, ==, 64);
    assert_has(few.err, "show ID");
    g_assert_cmpint(many.status, ==, 64);
    g_assert_cmpint(standard.status, ==, 64);
    assert_has(standard.err, "--key-fd 3");
    g_assert_cmpint(hidden.status, ==, 64);
    g_assert_cmpstr(command.out, ==, "");
}

static void
test_help_goes_to_standard_output(Fixture *f, gconstpointer data)
{
    static const char *const names[] = {"init", "ingest", "search", "show", "check-export", NULL};
    g_auto(Outcome) all = run(f, "--help", NULL);
    g_auto(Outcome) version = run(f, "--version", NULL);

    (void)data;
    g_assert_cmpint(all.status, ==, 0);
    g_assert_cmpint(version.status, ==, 0);
    g_assert_cmpstr(version.out, ==, PACKAGE_NAME " " PACKAGE_VERSION "\n");
    g_assert_null(strstr(all.out, "watch"));
    for (const char *const *name = names; *name; name++) {
        g_autofree char *example = g_strdup_printf("\n  dencho %s ", *name);
        g_auto(Outcome) one = run(f, *name, "--help", NULL);

        assert_has(all.out, *name);
        g_assert_cmpint(one.status, ==, 0);
        assert_has(one.out, "example:");
        if (!strstr(example, "ingest")) /* whose example shows a global option first */
            assert_has(one.out, example);
    }
}

static void
test_archive_errors_decide_the_exit_status(Fixture *f, gconstpointer data)
{
    g_auto(Outcome) absent = run(f, "-A", "nowhere", "stats", NULL);
    g_auto(Outcome) unnamed = run(f, "-A", "", "stats", NULL);

    (void)data;
    put_done(f, "archive/locked", "");
    g_auto(Outcome) busy = run(f, "stats", NULL);

    g_assert_cmpint(absent.status, ==, 66);
    g_assert_cmpint(unnamed.status, ==, 64);
    assert_has(unnamed.err, "DENCHO_ARCHIVE");
    g_assert_cmpint(busy.status, ==, 75);
    assert_has(busy.err, "process 7");
}

static void
test_init_hands_its_settings_over(Fixture *f, gconstpointer data)
{
    g_auto(Outcome) made = run(f, "init", "fresh", "--date-order", "dmy", "--currency", "MYR",
                               "--set", "limits.pages=7", "--key-file", "safe/k", NULL);
    g_auto(Outcome) again = run(f, "init", "fresh", NULL);
    g_auto(Outcome) wrong = run(f, "init", "other", "--date-order", "ymm", NULL);
    g_auto(Outcome) no_code = run(f, "init", "other", "--currency", "yen", NULL);
    g_autofree char *fresh = g_build_filename(f->dir, "fresh", NULL);
    Fixture other = {.dir = f->dir, .archive = fresh};

    (void)data;
    g_assert_cmpint(made.status, ==, 0);
    assert_has(made.out, "fresh");
    assert_has(made.out, "safe/k");
    assert_has(made.err, "back up");
    assert_call(&other, "init",
                "{\"settings\":[\"reading.currency=MYR\",\"reading.date-order=dmy\","
                "\"limits.pages=7\"],\"key_file\":\"safe/k\"}");
    g_assert_cmpint(again.status, ==, 73);
    g_assert_cmpint(wrong.status, ==, 64);
    g_assert_cmpint(no_code.status, ==, 64);
}

/* --- search --- */

static void
put_rows(const Fixture *f)
{
    put_done(f, "archive/rows.jsonl",
             "{\"voucher\":\"" ID_A "\",\"date\":\"2026-04-01\",\"amount\":10800,"
             "\"currency\":\"JPY\",\"party\":\"山田商店\",\"kind\":\"receipt\",\"state\":\"read\","
             "\"labels\":[\"a\",\"b\"]}\n"
             "{\"voucher\":\"" ID_B "\",\"amount\":500,\"currency\":\"EUR\","
             "\"party\":\"evil\\u001b[2J\\u202e\",\"state\":\"stored\",\"deleted\":true}\n"
             "{\"voucher\":\"" ID_C "\",\"state\":\"stored\"}\n");
}

static void
test_search_asks_for_every_term(Fixture *f, gconstpointer data)
{
    g_auto(Outcome) found =
        run(f, "search", "--date", "2026/4/1..令和8年4月30日", "--amount", "..¥20,000", "--party",
            "山田", "--text", "電球", "--kind", "receipt", "--label", "a", "--missing", "party",
            "--deleted", "only", "--sort", "-date", "--limit", "5", "--after", "0", NULL);

    (void)data;
    g_assert_cmpint(found.status, ==, 0);
    g_assert_cmpstr(found.out, ==, "");
    assert_has(found.err, "no voucher");
    assert_call(f, "search",
                "{\"date_from\":\"2026-04-01\",\"date_to\":\"2026-04-30\",\"amount_to\":20000,"
                "\"party\":\"山田\",\"text\":\"電球\",\"kind\":\"receipt\",\"label\":\"a\","
                "\"missing\":\"party\",\"deleted\":\"only\",\"sort\":\"-date\",\"limit\":5,"
                "\"after\":\"0\"}");
    g_autoptr(json_t) searches = calls(f, "search");

    g_assert_null(json_object_get(json_array_get(searches, 0), "amount_from"));
}

static void
test_search_passes_on_how_to_compare(Fixture *f, gconstpointer data)
{
    g_auto(Outcome) found = run(f, "search", "--party", "山田", "--party-match", "prefix", "--text",
                                "\"電球 2\"", "--snippets", NULL);
    g_auto(Outcome) wrong = run(f, "search", "--party", "山田", "--party-match", "like", NULL);
    g_auto(Outcome) nothing = run(f, "search", "--snippets", NULL);

    (void)data;
    g_assert_cmpint(found.status, ==, 0);
    assert_call(f, "search",
                "{\"party\":\"山田\",\"party_match\":\"prefix\",\"text\":\"\\\"電球 2\\\"\","
                "\"snippets\":true}");
    g_assert_cmpint(wrong.status, ==, 64);
    g_assert_cmpint(nothing.status, ==, 64);
}

static void
test_search_shows_where_words_stand(Fixture *f, gconstpointer data)
{
    put_done(f, "archive/rows.jsonl",
             "{\"voucher\":\"" ID_A "\",\"snippets\":[{\"text\":\"電球 \\u001b[2J\",\"page\":2,"
             "\"x\":10,\"y\":20,\"width\":5,\"height\":6}]}\n");
    g_auto(Outcome) found = run(f, "search", "--text", "電球", "--snippets", NULL);

    (void)data;
    g_assert_cmpint(found.status, ==, 0);
    assert_has(found.out, "p.2 (10,20) 電球");
    g_assert_null(strchr(found.out, '\033'));
}

static void
test_search_explains(Fixture *f, gconstpointer data)
{
    g_auto(Outcome) plan = run(f, "search", "--explain", "--party", "山田", NULL);
    g_auto(Outcome) json = run(f, "search", "--json", "--explain", NULL);

    (void)data;
    g_assert_cmpint(plan.status, ==, 0);
    assert_has(plan.out, "walk by date");
    assert_has(json.out, "\"rows\":51");
}

static void
test_search_writes_a_sheet_in_utf8(Fixture *f, gconstpointer data)
{
    put_done(f, "archive/rows.jsonl",
             "{\"voucher\":\"" ID_A "\",\"date\":\"2026-04-01\",\"amount\":-10800,"
             "\"currency\":\"JPY\",\"party\":\"=cmd|' /C calc'!A0\",\"labels\":[\"a\",\"b\"]}\n"
             "{\"voucher\":\"" ID_B "\",\"amount\":1234,\"currency\":\"EUR\","
             "\"party\":\"\\\"A\\\", 𠮷野\"}\n");
    g_auto(Outcome) sheet = run(f, "search", "--csv", "utf8", NULL);

    (void)data;
    g_assert_cmpint(sheet.status, ==, 0);
    g_assert_true(g_str_has_prefix(sheet.out, "\xef\xbb\xbfvoucher,date,amount,currency,party,"));
    assert_has(sheet.out, "\r\n" ID_A ",2026-04-01,-10800,JPY,'=cmd|' /C calc'!A0,");
    assert_has(sheet.out, "\r\n" ID_B ",,12.34,EUR,\"\"\"A\"\", 𠮷野\",");
}

static void
test_search_tells_what_cp932_lacks(Fixture *f, gconstpointer data)
{
    put_done(f, "archive/rows.jsonl",
             "{\"voucher\":\"" ID_A "\",\"party\":\"髙﨑㈱〜−\"}\n"
             "{\"voucher\":\"" ID_B "\",\"party\":\"𠮷野é\"}\n"
             "{\"voucher\":\"" ID_C "\",\"party\":\"¥100\"}\n");
    g_auto(Outcome) sheet = run(f, "search", "--csv", "cp932", NULL);
    g_auto(Outcome) wrong = run(f, "search", "--csv", "sjis", NULL);

    (void)data;
    g_assert_cmpint(sheet.status, ==, 65);
    g_assert_true(g_str_has_prefix(sheet.out, "voucher,"));
    assert_has(sheet.out, ID_A ",,,,\xfb\xfc\xfa\xb1\x87\x8a\x81\x60\x81\x7c,");
    assert_has(sheet.out, ID_B ",,,,\x81\xac\x96\xec\x81\xac,");
    assert_has(sheet.out, ID_C ",,,,\x81\x8f"
                               "100,"); /* no backslash */
    assert_has(sheet.err, ID_B ", party: CP932 lacks 𠮷é");
    g_assert_null(strstr(sheet.err, ID_A));
    g_assert_cmpint(wrong.status, ==, 64);
}

static void
test_parties_lists_names(Fixture *f, gconstpointer data)
{
    put_done(f, "archive/parties.jsonl",
             "{\"party\":\"株式会社山田商店\",\"vouchers\":12}\n{\"party\":\"山田電機\","
             "\"vouchers\":1}\n");
    g_auto(Outcome) names = run(f, "parties", "やまだ", NULL);

    (void)data;
    g_assert_cmpint(names.status, ==, 0);
    assert_has(names.out, "12  株式会社山田商店\n");
    assert_call(f, "parties", "{\"prefix\":\"やまだ\",\"limit\":20}");
    g_auto(Outcome) json = run(f, "parties", "--json", "--limit", "1", NULL);
    g_auto(Outcome) wrong = run(f, "parties", "--limit", "0", NULL);

    g_assert_cmpstr(json.out, ==, "{\"party\":\"株式会社山田商店\",\"vouchers\":12}\n");
    g_assert_cmpint(wrong.status, ==, 64);
}

static void
test_verify_checks_the_index_alone(Fixture *f, gconstpointer data)
{
    g_auto(Outcome) good = run(f, "verify", "--index", NULL);

    put_done(f, "archive/failures.jsonl",
             "{\"voucher\":\"" ID_A "\",\"code\":\"CORRUPT\",\"message\":\"lost\"}\n");
    g_auto(Outcome) bad = run(f, "verify", "--index", NULL);
    g_auto(Outcome) both = run(f, "verify", "--index", "--full", NULL);

    (void)data;
    g_assert_cmpint(good.status, ==, 0);
    assert_has(good.out, "90");
    g_assert_cmpint(bad.status, ==, 76);
    assert_has(bad.err, "rebuild");
    g_assert_cmpint(both.status, ==, 64);
}

static void
test_search_refuses_bad_forms_with_an_example(Fixture *f, gconstpointer data)
{
    static const struct {
        const char *option;
        const char *value;
        const char *example;
    } bad[] = {{"--date", "yesterday", "2026-04-01"},
               {"--amount", "lots", "10,800"},
               {"--date", "..", "A..B"},
               {"--sort", "party", "-amount"},
               {"--missing", "kind", "date, amount"},
               {"--limit", "-1", "--limit 50"},
               {"--party", "\xff", "UTF-8"}};

    (void)data;
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_auto(Outcome) outcome = run(f, "search", bad[i].option, bad[i].value, NULL);

        g_assert_cmpint(outcome.status, ==, 64);
        assert_has(outcome.err, bad[i].example);
        g_assert_cmpstr(outcome.out, ==, "");
    }
}

static void
test_search_prints_a_table_that_is_safe(Fixture *f, gconstpointer data)
{
    put_rows(f);
    g_auto(Outcome) found = run(f, "search", "--limit", "2", NULL);

    (void)data;
    g_assert_cmpint(found.status, ==, 0);
    g_assert_null(strchr(found.out, '\033'));
    g_assert_null(strstr(found.out, "\u202e"));
    assert_has(found.out, "evil\\x1b[2J");
    assert_has(found.out, ID_A "  2026-04-01  10,800  JPY  山田商店");
    assert_has(found.out, ID_B "                5.00  EUR  evil");
    assert_has(found.out, "deleted");
    assert_has(found.out, "a b\n");
    assert_has(found.out, "next page: --after 2\n");
}

static void
test_search_says_in_json_where_to_go_on(Fixture *f, gconstpointer data)
{
    put_rows(f);
    g_auto(Outcome) page = run(f, "search", "--json", "--limit", "2", NULL);
    g_auto(Outcome) rest = run(f, "search", "--json", "--after", "2", NULL);
    g_auto(Outcome) count = run(f, "search", "--count", NULL);
    g_auto(Outcome) json_count = run(f, "search", "--count", "--json", NULL);
    g_auto(GStrv) lines = g_strsplit(page.out, "\n", -1);

    (void)data;
    g_assert_cmpuint(g_strv_length(lines), ==, 4);
    g_assert_cmpstr(lines[2], ==, "{\"cursor\":\"2\"}");
    assert_has(lines[0], "山田商店");
    g_autoptr(json_t) row = parse_line(lines[1]);

    g_assert_cmpstr(dn_json_string(row, "party"), ==, "evil\033[2J\u202e");
    g_assert_null(strstr(rest.out, "cursor"));
    assert_has(rest.out, ID_C);
    g_assert_cmpstr(count.out, ==, "3\n");
    g_assert_cmpstr(json_count.out, ==, "{\"count\":3}\n");
}

static void
test_ids_may_be_abbreviated_while_unique(Fixture *f, gconstpointer data)
{
    put_rows(f);
    g_auto(Outcome) unique = run(f, "confirm", "02932B5E-7", NULL);

    (void)data;
    g_assert_cmpint(unique.status, ==, 0);
    assert_call(f, "confirm", "{\"voucher\":\"" ID_C "\"}");
    g_auto(Outcome) ambiguous = run(f, "confirm", "01932b5e-7c1a-7def", NULL);
    g_auto(Outcome) absent = run(f, "confirm", "03932b5e-7c1a", NULL);
    g_auto(Outcome) tiny = run(f, "confirm", "0193", NULL);
    g_auto(Outcome) odd = run(f, "confirm", "01932b5e_7c1a-7def-8123-456789abcdef", NULL);

    g_assert_cmpint(ambiguous.status, ==, 64);
    g_assert_cmpint(absent.status, ==, 66);
    g_assert_cmpint(tiny.status, ==, 64);
    g_assert_cmpint(odd.status, ==, 64);
}

/* --- ingest --- */

#define STORED(name) "{\"result\":{\"status\":\"stored\",\"voucher\":\"" name "\"}}"

static void
test_ingest_prints_in_the_order_of_the_input(Fixture *f, gconstpointer data)
{
    (void)data;
    for (int i = 0; i < 12; i++) {
        g_autofree char *name = g_strdup_printf("in/%02d.pdf", i);
        g_autofree char *text =
            g_strdup_printf("{\"sleep_ms\":%d,\"result\":{\"status\":\"stored\","
                            "\"voucher\":\"v%d\"}}",
                            (12 - i) * 8, i);

        put_done(f, name, text);
    }
    g_auto(Outcome) done = run(f, "ingest", "--json", "in", NULL);
    g_auto(GStrv) lines = g_strsplit(done.out, "\n", -1);

    g_assert_cmpint(done.status, ==, 0);
    g_assert_cmpuint(g_strv_length(lines), ==, 13);
    for (int i = 0; i < 12; i++) {
        g_autofree char *start = g_strdup_printf(
            "{\"file\":\"in/%02d.pdf\",\"status\":\"stored\",\"voucher\":\"v%d\"", i, i);

        g_assert_true(g_str_has_prefix(lines[i], start));
    }
}

static void
test_ingest_walks_folders_and_leaves_out_what_is_hidden(Fixture *f, gconstpointer data)
{
    (void)data;
    put_done(f, "in/b/2.pdf", STORED("x"));
    put_done(f, "in/a.pdf", STORED("x"));
    put_done(f, "in/b/1.pdf", STORED("x"));
    put_done(f, "in/.hidden", STORED("x"));
    put_done(f, "in/.git/config", STORED("x"));
    put_done(f, "in/books/log/000001.seg", STORED("x"));
    g_autofree char *link = g_build_filename(f->dir, "in", "link.pdf", NULL);

    g_assert_cmpint(symlink("a.pdf", link), ==, 0);
    g_auto(Outcome) done = run(f, "-A", "in/books", "ingest", "--json", "in", NULL);
    g_auto(GStrv) lines = g_strsplit(done.out, "\n", -1);

    g_assert_cmpuint(g_strv_length(lines), ==, 4);
    assert_has(lines[0], "in/a.pdf");
    assert_has(lines[1], "in/b/1.pdf");
    assert_has(lines[2], "in/b/2.pdf");
    g_auto(Outcome) itself = run(f, "-A", "in/books", "ingest", "in/books", NULL);

    g_assert_cmpint(itself.status, ==, 64);
}

static void
test_ingest_hands_typed_values_over(Fixture *f, gconstpointer data)
{
    (void)data;
    put_done(f, "領収書.pdf", STORED("x"));
    g_auto(Outcome) done =
        run(f, "ingest", "領収書.pdf", "--origin", "scan", "--kind", "receipt", "--received",
            "2026/4/2", "--date", "R8.4.1", "--amount", "27.00 USD", "--party", "山田", "--label",
            "a", "--label", "b", "--as-is", "--no-wait", NULL);

    g_assert_cmpint(done.status, ==, 0);
    assert_call(f, "ingest",
                "{\"name\":\"領収書.pdf\",\"origin\":\"scan\",\"kind\":\"receipt\","
                "\"received\":\"2026-04-02\",\"date\":\"2026-04-01\",\"amount\":2700,"
                "\"currency\":\"USD\",\"party\":\"山田\",\"labels\":[\"a\",\"b\"],\"as_is\":true,"
                "\"no_wait\":true}");
    g_auto(Outcome) bad = run(f, "ingest", "領収書.pdf", "--amount", "much", NULL);
    g_autoptr(json_t) all = calls(f, "ingest");

    g_assert_cmpint(bad.status, ==, 64);
    g_assert_cmpuint(json_array_size(all), ==, 1);
}

static void
test_ingest_hands_channel_and_token_over(Fixture *f, gconstpointer data)
{
    (void)data;
    put_done(f, "order.pdf", STORED("x"));
    put_done(f, "second.pdf", STORED("y"));
    put_done(f, "order.tsr", "12345");
    g_auto(Outcome) done =
        run(f, "ingest", "order.pdf", "--channel", "mail", "--token", "order.tsr", NULL);

    g_assert_cmpint(done.status, ==, 0);
    assert_call(f, "ingest",
                "{\"name\":\"order.pdf\",\"channel\":\"mail\",\"token_bytes\":5,"
                "\"as_is\":false,\"no_wait\":false}");
    /* one time stamp is of one document */
    g_auto(Outcome) two = run(f, "ingest", "order.pdf", "second.pdf", "--token", "order.tsr", NULL);
    g_auto(Outcome) none = run(f, "ingest", "order.pdf", "--token", "absent.tsr", NULL);
    g_autoptr(json_t) all = calls(f, "ingest");

    g_assert_cmpint(two.status, ==, 64);
    g_assert_cmpint(none.status, ==, 66);
    g_assert_cmpuint(json_array_size(all), ==, 1);
}

static void
test_ingest_exits_with_the_first_failure(Fixture *f, gconstpointer data)
{
    (void)data;
    put_done(f, "good", STORED("x"));
    put_done(f, "twice", "{\"result\":{\"status\":\"duplicate\",\"voucher\":\"x\"}}");
    put_done(f, "unread",
             "{\"result\":{\"status\":\"stored\",\"error\":{\"code\":\"EXTERNAL\","
             "\"message\":\"m\"}}}");
    put_done(f, "bad", "not a script");
    g_autofree char *large = g_strnfill(5000, 'x');

    put_done(f, "large", large);
    g_auto(Outcome) good = run(f, "ingest", "good", "twice", NULL);
    g_auto(Outcome) unread = run(f, "ingest", "good", "unread", "bad", NULL);
    g_auto(Outcome) bad = run(f, "ingest", "bad", "missing", NULL);
    g_auto(Outcome) missing = run(f, "ingest", "--json", "missing", "good", NULL);
    g_auto(Outcome) too_large = run(f, "ingest", "large", NULL);
    g_auto(Outcome) no_files = run(f, "ingest", NULL);

    g_assert_cmpint(good.status, ==, 0);
    assert_has(good.err, "1 stored, 1 duplicate, 0 rejected");
    g_assert_cmpint(unread.status, ==, 71);
    assert_has(unread.err, "2 stored (1 not read), 0 duplicate, 1 rejected");
    g_assert_cmpint(bad.status, ==, 65);
    g_assert_cmpint(missing.status, ==, 66);
    assert_has(missing.out, "{\"file\":\"missing\",\"status\":\"rejected\",\"error\":{\"code\":"
                            "\"NOT_FOUND\"");
    assert_has(missing.out, "{\"file\":\"good\",\"status\":\"stored\"");
    g_assert_cmpint(too_large.status, ==, 70);
    g_assert_cmpint(no_files.status, ==, 64);
}

static size_t
count_calls(const Fixture *f, const char *name)
{
    g_autoptr(json_t) all = calls(f, name);

    return json_array_size(all);
}

static void
test_ingest_closes_a_batch_that_is_due(Fixture *f, gconstpointer data)
{
    (void)data;
    put_done(f, "good", STORED("x"));
    g_auto(Outcome) early = run(f, "ingest", "good", NULL);

    g_assert_cmpuint(count_calls(f, "stamp"), ==, 0);
    put_done(f, "archive/due", "timer");
    g_auto(Outcome) others = run(f, "ingest", "good", NULL);

    assert_has(others.err, "3 documents wait for a time stamp, and a batch is due");
    g_assert_cmpuint(count_calls(f, "stamp"), ==, 0);
    put_done(f, "archive/due", "ingest");
    g_auto(Outcome) closed = run(f, "ingest", "good", NULL);

    g_assert_cmpint(closed.status, ==, 0);
    assert_has(closed.err, "2 documents were time-stamped");
    assert_has(closed.err, "NON-ACCREDITED");
    g_assert_cmpuint(count_calls(f, "stamp"), ==, 1);
    put_done(f, "archive/outage", "");
    g_auto(Outcome) outage = run(f, "ingest", "good", NULL);

    g_assert_cmpint(outage.status, ==, 0);
    assert_has(outage.err, "the documents are stored; no time stamp");
}

static void
test_ingest_stops_when_the_archive_fails(Fixture *f, gconstpointer data)
{
    (void)data;
    put_done(f, "in/00", "{\"fail\":\"IO\"}");
    for (int i = 1; i < 20; i++) {
        g_autofree char *name = g_strdup_printf("in/%02d", i);

        put_done(f, name, "{\"sleep_ms\":200,\"result\":{\"status\":\"stored\"}}");
    }
    g_auto(Outcome) done = run(f, "ingest", "--json", "in", NULL);
    g_autoptr(json_t) begun = calls(f, "ingest");
    g_auto(GStrv) lines = g_strsplit(done.out, "\n", -1);

    g_assert_cmpint(done.status, ==, 74);
    g_assert_cmpuint(json_array_size(begun), <=, 5);
    g_assert_cmpuint(g_strv_length(lines) - 1, ==, json_array_size(begun));
    assert_has(done.err, "not begun");
}

static void
test_ingest_escapes_hostile_names(Fixture *f, gconstpointer data)
{
    (void)data;
    put_done(f, "in/\033[31m\n\xff.pdf",
             "{\"result\":{\"status\":\"stored\",\"fields\":{\"party\":{\"value\":\"a\\u001bb\","
             "\"confidence\":0.5}}}}");
    g_auto(Outcome) table = run(f, "ingest", "in", NULL);
    g_auto(Outcome) json = run(f, "ingest", "in", "--json", NULL);
    g_auto(GStrv) lines = g_strsplit(table.out, "\n", -1);
    g_autoptr(json_t) row = parse_line(json.out);

    g_assert_cmpuint(g_strv_length(lines), ==, 3); /* a title, a row, and the end */
    g_assert_null(strchr(table.out, '\033'));
    assert_has(table.out, "\\x1b[31m\\x0a\\xff.pdf");
    assert_has(table.out, "a\\x1bb?");
    g_assert_cmpstr(dn_json_string(row, "file"), ==, "in/\033[31m\n\ufffd.pdf");
}

static void
test_ingest_takes_a_manifest(Fixture *f, gconstpointer data)
{
    (void)data;
    put_done(f, "set/a.pdf", STORED("a"));
    put_done(f, "set/b.pdf", STORED("b"));
    put_done(f, "set/list.csv",
             "\xef\xbb\xbf"
             "file,date,amount\r\na.pdf,2026-04-01,\"1,000\"\r\nb.pdf,2026-04-31,5\r\n");
    g_auto(Outcome) done = run(f, "ingest", "--json", "--manifest", "set/list.csv", NULL);
    g_auto(GStrv) lines = g_strsplit(done.out, "\n", -1);

    g_assert_cmpint(done.status, ==, 64);
    assert_has(lines[0], "{\"file\":\"set/a.pdf\",\"status\":\"stored\"");
    assert_has(lines[1], "{\"file\":\"set/b.pdf\",\"status\":\"rejected\"");
    assert_has(lines[1], "line 3");
    assert_call(f, "ingest", "{\"name\":\"a.pdf\",\"date\":\"2026-04-01\",\"amount\":1000}");
}

static void
test_malformed_manifest_ingests_nothing(Fixture *f, gconstpointer data)
{
    (void)data;
    put_done(f, "a.pdf", STORED("a"));
    put_done(f, "list.csv", "file,date\na.pdf,2026-04-01\na.pdf\n");
    g_auto(Outcome) done = run(f, "ingest", "--manifest", "list.csv", "a.pdf", NULL);
    g_autoptr(json_t) begun = calls(f, "ingest");

    g_assert_cmpint(done.status, ==, 65);
    assert_has(done.err, "list.csv");
    g_assert_cmpuint(json_array_size(begun), ==, 0);
    g_assert_cmpstr(done.out, ==, "");
}

/* --- signals --- */

typedef struct {
    GPid pid;
    int out;
    int err;
} Running;

static Running
start(const Fixture *f, const char *const *words)
{
    g_autoptr(GError) error = NULL;
    g_auto(GStrv) env = g_environ_setenv(g_get_environ(), "DENCHO_ARCHIVE", f->archive, TRUE);
    Running child = {0};

    g_assert_true(g_spawn_async_with_pipes(f->dir, (char **)words, env, G_SPAWN_DO_NOT_REAP_CHILD,
                                           NULL, NULL, &child.pid, NULL, &child.out, &child.err,
                                           &error));
    return child;
}

/* (transfer full) Everything up to the end of @fd, which is closed. */
static char *
drain(int fd)
{
    GString *text = g_string_new(NULL);
    char step[4096];
    ssize_t got = 0;

    while ((got = read(fd, step, sizeof step)) > 0 || (got < 0 && errno == EINTR))
        if (got > 0)
            g_string_append_len(text, step, got);
    close(fd);
    return g_string_free(text, FALSE);
}

static int
reap(GPid pid)
{
    int status = 0;

    g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

/* Until the archive has had @count calls of @name. */
static void
wait_for_calls(const Fixture *f, const char *name, size_t count)
{
    int64_t until_ms = dn_clock_monotonic_ms() + PATIENCE_MS;
    size_t seen = 0;

    while (seen < count) {
        g_autoptr(json_t) all = calls(f, name);

        seen = json_array_size(all);
        g_assert_cmpint(dn_clock_monotonic_ms(), <, until_ms);
        g_usleep(5000);
    }
}

static void
test_interrupted_ingest_finishes_what_it_began(Fixture *f, gconstpointer data)
{
    const char *const words[] = {program, "ingest", "--json", "in", NULL};

    for (int i = 0; i < 40; i++) {
        g_autofree char *name = g_strdup_printf("in/%02d.pdf", i);

        put_done(f, name, "{\"sleep_ms\":300,\"result\":{\"status\":\"stored\"}}");
    }
    Running child = start(f, words);

    wait_for_calls(f, "ingest", 3);
    g_assert_cmpint(kill(child.pid, GPOINTER_TO_INT(data)), ==, 0);
    g_autofree char *out = drain(child.out);
    g_autofree char *err = drain(child.err);
    g_auto(GStrv) lines = g_strsplit(out, "\n", -1);
    size_t printed = g_strv_length(lines) - 1;
    g_autoptr(json_t) begun = calls(f, "ingest");

    g_assert_cmpint(reap(child.pid), ==, 130);
    g_assert_cmpuint(printed, ==, json_array_size(begun));
    g_assert_cmpuint(printed, >=, 3);
    g_assert_cmpuint(printed, <, 40);
    for (size_t i = 0; i < printed; i++) {
        g_autofree char *name = g_strdup_printf("\"in/%02u.pdf\"", (unsigned)i);

        assert_has(lines[i], name);
    }
    g_autofree char *left = g_strdup_printf("%u of 40", (unsigned)(40 - printed));

    assert_has(err, left);
}

static void
test_interrupted_verify_stops(Fixture *f, gconstpointer data)
{
    const char *const words[] = {program, "verify", NULL};

    (void)data;
    put_done(f, "archive/slow", "1000");
    Running child = start(f, words);

    wait_for_calls(f, "verify", 1);
    kill(child.pid, SIGINT);
    g_autofree char *out = drain(child.out);
    g_autofree char *err = drain(child.err);

    g_assert_cmpint(reap(child.pid), ==, 130);
    g_assert_cmpstr(out, ==, "");
    assert_has(err, "interrupted");
}

/* --- output --- */

/* Runs a shell line in which $D is the program; returns the status of the shell. */
static int
run_shell(const Fixture *f, const char *line)
{
    const char *const words[] = {"/bin/sh", "-c", line, NULL};
    g_autoptr(GError) error = NULL;
    g_auto(GStrv) env = g_environ_setenv(g_get_environ(), "DENCHO_ARCHIVE", f->archive, TRUE);
    int status = 0;

    env = g_environ_setenv(env, "D", program, TRUE);
    g_assert_true(g_spawn_sync(f->dir, (char **)words, env, G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL,
                               NULL, NULL, &status, &error));
    g_assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void
test_output_that_fails_is_noticed(Fixture *f, gconstpointer data)
{
    (void)data;
    put_rows(f);
    put_done(f, "a.pdf", STORED("x"));
    if (access("/dev/full", W_OK) == 0) {
        g_assert_cmpint(run_shell(f, "exec $D search >/dev/full"), ==, 74);
        g_assert_cmpint(run_shell(f, "exec $D --version >/dev/full"), ==, 74);
        g_assert_cmpint(run_shell(f, "exec $D ingest a.pdf >/dev/full"), ==, 74);
        g_assert_cmpint(run_shell(f, "exec $D stats --json >/dev/full"), ==, 74);
    }
    g_assert_cmpint(run_shell(f, "exec $D stats >&-"), ==, 74);
    g_assert_cmpint(run_shell(f, "exec $D stats <&- 2>&- >/dev/null"), ==, 0);
}

static void
test_reader_that_went_away_is_noticed(Fixture *f, gconstpointer data)
{
    const char *const words[] = {program, "search", "--json", NULL};
    g_autoptr(GString) rows = g_string_new(NULL);

    (void)data;
    for (int i = 0; i < 20000; i++)
        g_string_append(rows, "{\"voucher\":\"" ID_A "\",\"party\":\"山田商店\"}\n");
    put_done(f, "archive/rows.jsonl", rows->str);
    Running child = start(f, words);

    close(child.out);
    g_autofree char *err = drain(child.err);

    g_assert_cmpint(reap(child.pid), ==, 74);
    assert_has(err, "standard output");
}

/* Runs with a terminal as standard output; (transfer full) what it showed. */
static char *
run_on_terminal(const Fixture *f, const char *const *words, int *out_status)
{
    dn_autofd int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    g_auto(GStrv) env = g_environ_setenv(g_get_environ(), "DENCHO_ARCHIVE", f->archive, TRUE);
    g_autoptr(GError) error = NULL;
    GPid pid = 0;

    if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0)
        return NULL;
    dn_autofd int slave = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);

    if (slave < 0)
        return NULL;
    g_assert_true(g_spawn_async_with_fds(f->dir, (char **)words, env, G_SPAWN_DO_NOT_REAP_CHILD,
                                         NULL, NULL, &pid, -1, slave, slave, &error));
    dn_clear_fd(&slave);
    char *text = drain(dn_steal_fd(&master));

    *out_status = reap(pid);
    return text;
}

/* The bar is for people: on a terminal, after a second, and gone at the end. */
static void
test_bar_shows_on_a_terminal_only(Fixture *f, gconstpointer data)
{
    const char *const words[] = {program, "rebuild", NULL};
    const char *const quiet[] = {program, "rebuild", "--quiet", NULL};
    int status = 0;

    (void)data;
    put_done(f, "archive/slow", "130");
    g_autofree char *shown = run_on_terminal(f, words, &status);

    if (!shown) {
        g_test_skip("no pseudo-terminal here");
        return;
    }
    g_assert_cmpint(status, ==, 0);
    assert_has(shown, "rebuild [#");
    assert_has(shown, " of 130");
    assert_has(shown, "\r\033[Kentries: 3");
    g_autofree char *silent = run_on_terminal(f, quiet, &status);
    g_auto(Outcome) piped = run(f, "rebuild", NULL);

    g_assert_cmpstr(silent, ==, "entries: 3\r\n");
    g_assert_cmpstr(piped.err, ==, "");
}

static void
test_unreadable_folder_is_a_result(Fixture *f, gconstpointer data)
{
    (void)data;
    put_done(f, "in/a/x.pdf", STORED("x"));
    put_done(f, "in/b.pdf", STORED("x"));
    g_autofree char *closed = g_build_filename(f->dir, "in", "a", NULL);

    if (geteuid() == 0) {
        g_test_skip("root may read everything");
        return;
    }
    g_assert_cmpint(chmod(closed, 0), ==, 0);
    g_auto(Outcome) done = run(f, "ingest", "--json", "in", NULL);

    g_assert_cmpint(chmod(closed, 0700), ==, 0);
    g_assert_cmpint(done.status, ==, 77);
    assert_has(done.out,
               "{\"file\":\"in/a\",\"status\":\"rejected\",\"error\":{\"code\":\"DENIED\"");
    assert_has(done.out, "{\"file\":\"in/b.pdf\",\"status\":\"stored\"");
}

static void
test_terminal_gets_no_bytes_of_a_document(Fixture *f, gconstpointer data)
{
    const char *const binary[] = {program, "cat", ID_A, NULL};
    const char *const words[] = {program, "cat", ID_A, "--part", "text", NULL};
    const char *const search[] = {program, "search", NULL};
    int status = 0;

    (void)data;
    put_rows(f);
    put_done(f, "archive/cat.type", "application/pdf");
    put_done(f, "archive/cat.bin", "%PDF\033]0;owned\007");
    g_autofree char *refused = run_on_terminal(f, binary, &status);

    if (!refused) {
        g_test_skip("no pseudo-terminal here");
        return;
    }
    g_assert_cmpint(status, ==, 64);
    assert_has(refused, "-o FILE");
    g_assert_null(strstr(refused, "owned"));
    put_done(f, "archive/cat.type", "text/plain");
    put_done(f, "archive/cat.bin", "合計\033[2J\n10,800\n");
    g_autofree char *shown = run_on_terminal(f, words, &status);

    g_assert_cmpint(status, ==, 0);
    g_assert_cmpstr(shown, ==, "合計\\x1b[2J\r\n10,800\r\n");
    g_autofree char *table = run_on_terminal(f, search, &status);

    g_assert_cmpint(status, ==, 0);
    assert_has(table, "01932b5e-7c1a  2026-04-01");
    g_assert_null(strstr(table, ID_A));
}

static void
test_cat_writes_only_new_private_files(Fixture *f, gconstpointer data)
{
    struct stat st;
    g_autofree char *copy = g_build_filename(f->dir, "copy", NULL);
    g_autofree char *text = NULL;

    (void)data;
    put_done(f, "archive/cat.type", "application/pdf");
    put_done(f, "archive/cat.bin", "%PDF\033\n");
    g_auto(Outcome) piped = run(f, "cat", ID_A, "--part", "page:2", "--version", "3", NULL);
    g_auto(Outcome) first = run(f, "cat", ID_A, "-o", "copy", NULL);
    g_auto(Outcome) second = run(f, "cat", ID_A, "-o", "copy", NULL);

    g_assert_cmpstr(piped.out, ==, "%PDF\033\n");
    g_autoptr(json_t) cats = calls(f, "cat");

    g_assert_cmpstr(dn_json_string(json_array_get(cats, 0), "part"), ==, "page:2");
    g_assert_cmpint(dn_json_int(json_array_get(cats, 0), "version", 0), ==, 3);
    g_assert_cmpstr(dn_json_string(json_array_get(cats, 1), "part"), ==, "original");
    g_assert_cmpint(first.status, ==, 0);
    g_assert_cmpint(second.status, ==, 73);
    g_assert_cmpint(stat(copy, &st), ==, 0);
    g_assert_cmpint(st.st_mode & 0777, ==, 0600);
    g_assert_true(g_file_get_contents(copy, &text, NULL, NULL));
    g_assert_cmpstr(text, ==, "%PDF\033\n");
}

/* --- the other commands --- */

static void
test_corrections_want_a_reason(Fixture *f, gconstpointer data)
{
    static const char *const names[] = {"delete", "undelete", "revise", "correct"};

    (void)data;
    put_done(f, "better.tif", "x");
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        bool revise = strcmp(names[i], "revise") == 0;
        const char *extra = revise ? "better.tif" : "--json";
        const char *more = strcmp(names[i], "correct") == 0 ? "--party=S" : "--quiet";
        g_auto(Outcome) silent = run(f, names[i], ID_A, extra, more, NULL);
        g_auto(Outcome) blank = run(f, names[i], ID_A, extra, more, "--reason", "  ", NULL);
        g_autoptr(json_t) none = calls(f, names[i]);
        g_auto(Outcome) good = run(f, names[i], ID_A, extra, more, "--reason", "誤読", NULL);

        g_assert_cmpint(silent.status, ==, 64);
        assert_has(silent.err, "--reason");
        g_assert_cmpint(blank.status, ==, 64);
        g_assert_cmpuint(json_array_size(none), ==, 0);
        g_assert_cmpint(good.status, ==, 0);
        assert_has(good.out, ID_A);
        assert_call(f, names[i], "{\"voucher\":\"" ID_A "\",\"reason\":\"誤読\"}");
    }
}

static void
test_correct_hands_only_what_is_given_over(Fixture *f, gconstpointer data)
{
    g_auto(Outcome) amount =
        run(f, "correct", ID_A, "--amount", "-500", "--date", "20260401", "--reason", "r", NULL);
    g_auto(Outcome) nothing = run(f, "correct", ID_A, "--reason", "r", NULL);

    (void)data;
    g_assert_cmpint(amount.status, ==, 0);
    assert_call(f, "correct", "{\"amount\":-500,\"currency\":\"JPY\",\"date\":\"2026-04-01\"}");
    g_autoptr(json_t) all = calls(f, "correct");

    g_assert_null(json_object_get(json_array_get(all, 0), "party"));
    g_assert_null(json_object_get(json_array_get(all, 0), "kind"));
    g_assert_cmpint(nothing.status, ==, 64);
}

static void
test_label_tells_words_from_options(Fixture *f, gconstpointer data)
{
    g_auto(Outcome) done =
        run(f, "label", "-A", "archive", ID_A, "+a", "-q", "--json", "+二", "-bc", NULL);

    (void)data;
    g_assert_cmpint(done.status, ==, 0);
    g_assert_cmpint(done.out[0], ==, '{');
    assert_call(f, "label", "{\"add\":[\"a\",\"二\"],\"remove\":[\"q\",\"bc\"]}");
    g_auto(Outcome) removal = run(f, "label", ID_A, "-b", NULL);

    g_assert_cmpint(removal.status, ==, 0);
    assert_call(f, "label", "{\"add\":[],\"remove\":[\"b\"]}");
    g_auto(Outcome) bare = run(f, "label", ID_A, "a", NULL);
    g_auto(Outcome) sign = run(f, "label", ID_A, "+", NULL);
    g_auto(Outcome) no_id = run(f, "label", "+a", "+b", NULL);

    g_assert_cmpint(bare.status, ==, 64);
    g_assert_cmpint(sign.status, ==, 64);
    g_assert_cmpint(no_id.status, ==, 64);
}

static void
test_history_shows_before_and_after(Fixture *f, gconstpointer data)
{
    (void)data;
    put_done(f, "archive/history.jsonl",
             "{\"seq\":7,\"at\":\"2026-04-01T00:00:00.000Z\",\"actor\":\"cli:a\",\"type\":"
             "\"voucher.corrected\",\"reason\":\"misread\\u001b\",\"changes\":[{\"field\":"
             "\"amount\",\"before\":108,\"after\":270000,\"currency\":\"EUR\"},"
             "{\"field\":\"party\",\"before\":null,\"after\":\"山\"}]}\n"
             "{\"seq\":8,\"type\":\"voucher.linked\",\"book_ref\":\"2026/7\",\"values\":{},"
             "\"add\":[],\"remove\":[\"a\",\"b\"]}\n");
    g_auto(Outcome) table = run(f, "history", ID_A, NULL);
    g_auto(Outcome) json = run(f, "history", ID_A, "--json", NULL);

    assert_has(table.out, "7  2026-04-01T00:00:00.000Z  cli:a  voucher.corrected  misread\\x1b\n");
    assert_has(table.out, "amount: 108 → 2,700.00 EUR\n");
    assert_has(table.out, "party: (none) → 山\n");
    assert_has(table.out, "book_ref: 2026/7\n");
    assert_has(table.out, "remove: a b\n");
    g_assert_null(strstr(table.out, "values"));
    g_assert_null(strstr(table.out, "add"));
    assert_has(json.out, "\"seq\":7");
}

static void
test_show_prints_values_with_their_origin(Fixture *f, gconstpointer data)
{
    (void)data;
    put_done(f, "archive/show.json",
             "{\"voucher\":\"" ID_A "\",\"amount\":270000,\"currency\":\"EUR\",\"fields\":{"
             "\"amount\":{\"value\":270000,\"currency\":\"EUR\",\"confidence\":0.9,\"page\":1}},"
             "\"checks\":[{\"rule\":\"dpi\",\"verdict\":\"pass\"}]}");
    g_auto(Outcome) shown = run(f, "show", ID_A, "--version", "2", NULL);
    g_auto(Outcome) json = run(f, "show", ID_A, "--json", NULL);
    g_auto(Outcome) bad = run(f, "show", ID_A, "--version", "-2", NULL);

    g_assert_cmpint(shown.status, ==, 0);
    assert_has(shown.out, "amount: 2,700.00\n");
    assert_has(shown.out, "  amount: 2,700.00 EUR (");
    assert_has(shown.out, "page 1");
    assert_has(shown.out, "\"rule\":\"dpi\"");
    assert_has(json.out, "{\"voucher\":\"" ID_A "\",\"amount\":270000,");
    g_assert_cmpint(bad.status, ==, 64);
    g_autoptr(json_t) shows = calls(f, "show");

    g_assert_cmpint(dn_json_int(json_array_get(shows, 0), "version", 0), ==, 2);
    g_assert_cmpint(dn_json_int(json_array_get(shows, 1), "version", 9), ==, 0);
}

static void
test_verify_exits_with_corrupt_on_failures(Fixture *f, gconstpointer data)
{
    g_auto(Outcome) good = run(f, "verify", "--date", "2026-04-01..", "--full", NULL);

    (void)data;
    g_assert_cmpint(good.status, ==, 0);
    assert_has(good.out, "failed: 0\n");
    assert_call(f, "verify", "{\"from\":\"2026-04-01\",\"full\":true}");
    g_auto(Outcome) both = run(f, "verify", "--proofs", "--full", NULL);

    g_assert_cmpint(both.status, ==, 64);
    put_done(f, "archive/failures.jsonl",
             "{\"voucher\":\"" ID_A "\",\"place\":\"original\",\"code\":\"CORRUPT\",\"message\":"
             "\"SHA-256 differs\"}\n{\"segment\":3,\"place\":\"frame 9\",\"code\":\"CORRUPT\","
             "\"message\":\"checksum\"}\n");
    g_auto(Outcome) bad = run(f, "verify", NULL);
    g_auto(Outcome) json = run(f, "verify", "--json", NULL);
    g_auto(GStrv) lines = g_strsplit(json.out, "\n", -1);

    g_assert_cmpint(bad.status, ==, 76);
    assert_has(bad.out, "voucher " ID_A);
    assert_has(bad.out, "segment 3");
    g_assert_cmpint(json.status, ==, 76);
    g_assert_cmpuint(g_strv_length(lines), ==, 4);
    assert_has(lines[2], "\"checked\":9");
}

static void
test_export_and_its_check(Fixture *f, gconstpointer data)
{
    g_auto(Outcome) unnamed = run(f, "export", NULL);
    g_auto(Outcome) made = run(f, "export", "--party", "山田", "-o", "a.zip", NULL);
    g_auto(Outcome) again = run(f, "export", "-o", "a.zip", NULL);
    g_auto(Outcome) good = run(f, "check-export", "a.zip", NULL);

    (void)data;
    put_done(f, "b.zip", "XX");
    g_auto(Outcome) bad = run(f, "check-export", "b.zip", NULL);

    g_assert_cmpint(unnamed.status, ==, 64);
    g_assert_cmpint(made.status, ==, 0);
    assert_has(made.out, "file: a.zip");
    g_assert_cmpint(again.status, ==, 73);
    g_assert_cmpint(good.status, ==, 0);
    assert_has(good.err, "NON-ACCREDITED");
    g_assert_cmpint(bad.status, ==, 76);
    assert_has(bad.out, "file index.csv: offset 7");
    g_autoptr(json_t) exports = calls(f, "export");

    g_assert_cmpstr(dn_json_string(json_array_get(exports, 0), "party"), ==, "山田");
}

static void
test_export_takes_one_place_and_a_way_to_name(Fixture *f, gconstpointer data)
{
    g_auto(Outcome) both = run(f, "export", "-o", "a.zip", "--folder", "a", NULL);
    g_auto(Outcome) odd = run(f, "export", "-o", "a.zip", "--names", "party", NULL);
    g_auto(Outcome) made = run(f, "export", "--folder", "a", "--names", "date-party-amount", NULL);

    (void)data;
    g_assert_cmpint(both.status, ==, 64);
    g_assert_cmpint(odd.status, ==, 64);
    g_assert_cmpint(made.status, ==, 0);
    assert_call(f, "export-form", "{\"folder\":true,\"names_by_values\":true,\"path\":\"a\"}");
}

static void
test_import_names_what_it_made(Fixture *f, gconstpointer data)
{
    g_auto(Outcome) absent = run(f, "import", "a.zip", "again", NULL);

    (void)data;
    put_done(f, "a.zip", "PK");
    g_auto(Outcome) made = run(f, "import", "a.zip", "again", NULL);
    g_auto(Outcome) twice = run(f, "import", "a.zip", "again", NULL);
    g_auto(Outcome) lone = run(f, "import", "a.zip", NULL);

    g_assert_cmpint(absent.status, ==, 66);
    g_assert_cmpint(made.status, ==, 0);
    assert_has(made.out, "again.key");
    g_assert_cmpint(twice.status, ==, 73);
    g_assert_cmpint(lone.status, ==, 64);
}

static void
test_registry_imports_and_shows(Fixture *f, gconstpointer data)
{
    g_auto(Outcome) bare = run(f, "registry", "import", NULL);
    g_auto(Outcome) odd = run(f, "registry", "export", NULL);
    g_auto(Outcome) both = run(f, "registry", "import", "--full", "--difference", "a.csv", NULL);
    g_auto(Outcome) whole = run(f, "registry", "import", "a.csv", "b.csv", NULL);

    (void)data;
    g_assert_cmpint(bare.status, ==, 64);
    g_assert_cmpint(odd.status, ==, 64);
    g_assert_cmpint(both.status, ==, 64);
    g_assert_cmpint(whole.status, ==, 0);
    assert_call(f, "registry_import", "{\"difference\":false,\"files\":[\"a.csv\",\"b.csv\"]}");
    g_auto(Outcome) day = run(f, "registry", "import", "in/diff_20260702.csv", NULL);

    g_assert_cmpint(day.status, ==, 0);
    assert_call(f, "registry_import", "{\"difference\":true,\"files\":[\"in/diff_20260702.csv\"]}");
    put_done(f, "archive/rows.jsonl",
             "{\"list\":\"issuers\",\"verdict\":\"damaged\",\"message\":\"block 3\"}\n");
    g_auto(Outcome) status = run(f, "registry", "status", "--check", NULL);

    g_assert_cmpint(status.status, ==, 76);
    assert_has(status.out, "damaged");
    assert_call(f, "registry_status", "{\"check\":true}");
}

static void
test_read_takes_ids_or_what_waits(Fixture *f, gconstpointer data)
{
    (void)data;
    put_done(f, "archive/pending.jsonl",
             "{\"status\":\"stored\",\"voucher\":\"" ID_A "\",\"error\":{\"code\":\"FORMAT\","
             "\"message\":\"page 1\"}}\n");
    g_auto(Outcome) pending = run(f, "read", "--pending", "--json", NULL);
    g_auto(Outcome) ids = run(f, "read", ID_A, ID_B, NULL);
    g_auto(Outcome) neither = run(f, "read", NULL);
    g_auto(Outcome) both = run(f, "read", "--pending", ID_A, NULL);

    g_assert_cmpint(pending.status, ==, 65);
    assert_has(pending.out, ID_A);
    g_assert_cmpint(ids.status, ==, 0);
    assert_has(ids.out, ID_B);
    g_assert_cmpint(neither.status, ==, 64);
    g_assert_cmpint(both.status, ==, 64);
}

static void
test_operators_commands(Fixture *f, gconstpointer data)
{
    (void)data;
    put_done(f, "archive/doctor.jsonl",
             "{\"name\":\"clock\",\"verdict\":\"ok\",\"message\":\"synchronised\"}\n");
    g_auto(Outcome) well = run(f, "doctor", NULL);

    put_done(f, "archive/doctor.jsonl",
             "{\"name\":\"disk\",\"verdict\":\"problem\",\"message\":\"full\"}\n");
    g_auto(Outcome) ill = run(f, "doctor", NULL);
    g_auto(Outcome) tenants = run(f, "tenant", "list", NULL);
    g_auto(Outcome) tenant = run(f, "tenant", "create", "acme", "--json", NULL);
    g_auto(Outcome) no_tenant = run(f, "tenant", "create", NULL);
    g_auto(Outcome) check = run(f, "key", "check", NULL);
    g_auto(Outcome) rotate = run(f, "key", "rotate", "new.key", NULL);
    g_auto(Outcome) no_key = run(f, "key", "rotate", NULL);
    g_auto(Outcome) master = run(f, "key", "rotate", "master", "new.key", NULL);
    g_auto(Outcome) no_file = run(f, "key", "rotate", "master", NULL);
    g_auto(Outcome) rotate_tenant = run(f, "key", "rotate", "tenant", NULL);
    g_auto(Outcome) sheet = run(f, "key", "recovery", NULL);
    g_auto(Outcome) json_sheet = run(f, "key", "recovery", "--json", NULL);
    g_auto(Outcome) escrow = run(f, "key", "escrow", "c.pem", "-o", "e.cms", "--json", NULL);
    g_auto(Outcome) no_envelope = run(f, "key", "escrow", "c.pem", NULL);
    g_auto(Outcome) recover =
        run(f, "key", "recover", "e.cms", "--private-key", "p.pem", "-o", "k", "--json", NULL);
    g_auto(Outcome) no_private = run(f, "key", "recover", "e.cms", "-o", "k", NULL);
    g_auto(Outcome) protect_from_stdin =
        run(f, "key", "protect", "new.key", "--passphrase-fd", "0", NULL);
    g_auto(Outcome) restore = run(f, "key", "restore", "k", "--json", NULL);
    g_auto(Outcome) closed = run(f, "tenant", "close", "acme", "--without-export", "--reason",
                                 "never used", "--json", NULL);
    g_auto(Outcome) rebuild = run(f, "rebuild", NULL);
    g_auto(Outcome) stamp = run(f, "stamp", NULL);
    g_auto(Outcome) early = run(f, "stamp", "--due", "--json", NULL);

    put_done(f, "archive/due", "");
    g_auto(Outcome) due = run(f, "stamp", "--due", "--json", NULL);
    g_auto(Outcome) link = run(f, "link", ID_A, "2026/7", NULL);

    assert_has(early.out, "\"waiting\":3");
    assert_has(due.out, "\"stamped\":2");
    g_assert_cmpint(well.status, ==, 0);
    assert_has(well.out, "synchronised");
    g_assert_cmpint(ill.status, ==, 71);
    assert_has(tenants.out, "default");
    g_assert_cmpstr(tenant.out, ==, "{\"name\":\"acme\"}\n");
    g_assert_cmpint(no_tenant.status, ==, 64);
    assert_has(check.out, "keys: 4");
    assert_has(rotate.out, "key_file: new.key");
    g_assert_cmpint(no_key.status, ==, 64);
    assert_has(master.out, "key_file: new.key");
    g_assert_cmpint(no_file.status, ==, 64);
    assert_has(rotate_tenant.out, "tenant: t");
    g_assert_cmpstr(sheet.out, ==, "SHEET\n");
    g_assert_cmpint(json_sheet.status, ==, 64);
    g_assert_cmpstr(escrow.out, ==, "{\"file\":\"e.cms\",\"recipient\":\"c.pem\"}\n");
    g_assert_cmpint(no_envelope.status, ==, 64);
    g_assert_cmpstr(recover.out, ==,
                    "{\"envelope\":\"e.cms\",\"private_key\":\"p.pem\",\"key_file\":\"k\"}\n");
    g_assert_cmpint(no_private.status, ==, 64);
    g_assert_cmpint(protect_from_stdin.status, ==, 64);
    g_assert_cmpstr(restore.out, ==, "{\"fd\":0,\"key_file\":\"k\"}\n");
    g_assert_cmpstr(closed.out, ==, "{\"name\":\"acme\"}\n");
    assert_call(f, "tenant_close",
                "{\"name\":\"acme\",\"without_export\":true,\"reason\":\"never used\"}");
    assert_has(rebuild.out, "entries: 3");
    assert_has(stamp.err, "NON-ACCREDITED");
    g_assert_cmpint(link.status, ==, 0);
    assert_call(f, "link", "{\"book_ref\":\"2026/7\"}");
}

static void
test_renewals_are_told(Fixture *f, gconstpointer data)
{
    (void)data;
    g_auto(Outcome) done = run(f, "renew", NULL);
    g_auto(Outcome) ended = run(f, "renew", "--before", "2036-01-01", NULL);
    g_auto(Outcome) plan = run(f, "renew", "--plan", NULL);
    g_auto(Outcome) lines = run(f, "renew", "--plan", "--json", NULL);
    g_auto(Outcome) no_day = run(f, "renew", "--before", "soon", NULL);

    g_assert_cmpint(done.status, ==, 0);
    assert_has(done.out, "NON-ACCREDITED");
    assert_has(done.out, "renewed: 2");
    g_assert_cmpint(ended.status, ==, dn_error_exit_status(DN_ERROR_CORRUPT));
    assert_has(ended.out, "entry 9");
    assert_has(plan.out, "2036-01-01");
    assert_has(lines.out, "\"renewal\":\"time-stamp\"");
    g_assert_cmpint(no_day.status, ==, 64);
}

static void
test_a_rollback_is_accepted_with_a_reason(Fixture *f, gconstpointer data)
{
    (void)data;
    g_auto(Outcome) without = run(f, "doctor", "--accept-rollback", NULL);
    g_auto(Outcome) with = run(f, "doctor", "--accept-rollback", "--reason", "disk lost", NULL);

    g_assert_cmpint(without.status, ==, 64);
    g_assert_cmpint(with.status, ==, 0);
    assert_call(f, "open", "{\"accept_rollback\":\"disk lost\"}");
}

static void
test_backup_hands_its_options_over(Fixture *f, gconstpointer data)
{
    g_auto(Outcome) plain = run(f, "backup", "dest", NULL);

    (void)data;
    g_assert_cmpint(plain.status, ==, 0);
    assert_has(plain.out, "generation: 3");
    assert_has(plain.err, "1 generations in dest are damaged");
    assert_call(f, "backup", "{\"dest\":\"dest\",\"quick\":false}");
    g_auto(Outcome) full = run(f, "backup", "--quick", "--keep", "daily=7,weekly=4", "dest", NULL);

    g_assert_cmpint(full.status, ==, 0);
    assert_call(f, "backup", "{\"keep\":\"daily=7,weekly=4\",\"quick\":true}");
    g_auto(Outcome) both = run(f, "backup", "--list", "--check", "dest", NULL);
    g_auto(Outcome) lost = run(f, "backup", "--generation", "3", "dest", NULL);
    g_auto(Outcome) mixed = run(f, "backup", "--check", "--quick", "dest", NULL);
    g_auto(Outcome) none = run(f, "backup", NULL);

    g_assert_cmpint(both.status, ==, 64);
    g_assert_cmpint(lost.status, ==, 64);
    g_assert_cmpint(mixed.status, ==, 64);
    g_assert_cmpint(none.status, ==, 64);
}

static void
test_backups_are_listed_and_checked(Fixture *f, gconstpointer data)
{
    g_autofree char *dest = g_build_filename(f->dir, "dest", NULL);
    Fixture there = {.dir = f->dir, .archive = dest};

    (void)data;
    put_done(f, "dest/generations.jsonl",
             "{\"generation\":3,\"at\":\"2026-11-24T01:02:03.004Z\",\"entries\":17}\n");
    g_auto(Outcome) good = run(f, "backup", "--list", "dest", NULL);

    g_assert_cmpint(good.status, ==, 0);
    assert_has(good.out, "2026-11-24T01:02:03.004Z");
    put_done(f, "dest/generations.jsonl",
             "{\"generation\":4,\"code\":\"CORRUPT\",\"message\":\"not JSON\"}\n");
    g_auto(Outcome) bad = run(f, "backup", "--list", "dest", NULL);

    g_assert_cmpint(bad.status, ==, 76);
    assert_has(bad.out, "CORRUPT");
    g_auto(Outcome) keyless = run(f, "backup", "--check", "dest", NULL);

    g_assert_cmpint(keyless.status, ==, 0);
    assert_has(keyless.err, "without the master key");
    put_done(f, "archive.key", "");
    g_auto(Outcome) keyed = run(f, "backup", "--check", "--at", "2026-11-24", "dest", NULL);

    g_assert_cmpint(keyed.status, ==, 0);
    g_assert_cmpstr(keyed.err, ==, "");
    /* The end of that day in Japan. */
    assert_call(&there, "check", "{\"generation\":0,\"at\":1795532399999}");
    put_done(f, "dest/failures.jsonl",
             "{\"file\":\"log/1\",\"offset\":812,\"code\":\"CORRUPT\",\"message\":\"m\"}\n");
    g_auto(Outcome) failed = run(f, "backup", "--check", "--generation", "3", "dest", NULL);

    g_assert_cmpint(failed.status, ==, 76);
    assert_has(failed.out, "FAILED  file log/1: offset 812: CORRUPT: m");
    assert_call(&there, "check", "{\"generation\":3}");
}

static void
test_restore_names_a_generation(Fixture *f, gconstpointer data)
{
    g_autofree char *dest = g_build_filename(f->dir, "dest", NULL);
    Fixture there = {.dir = f->dir, .archive = dest};

    (void)data;
    put_done(f, "dest/generations.jsonl", "");
    g_auto(Outcome) plain = run(f, "restore", "--key-file", "k", "dest", "new", NULL);

    g_assert_cmpint(plain.status, ==, 0);
    assert_call(&there, "restore", "{\"target\":\"new\",\"key_file\":\"k\",\"generation\":0}");
    g_auto(Outcome) timed =
        run(f, "restore", "--at", "2026-11-24T09:30:00+09:00", "dest", "new", NULL);

    g_assert_cmpint(timed.status, ==, 0);
    assert_call(&there, "restore", "{\"at\":1795480200000}");
    g_auto(Outcome) both =
        run(f, "restore", "--at", "2026-11-24", "--generation", "3", "dest", "new", NULL);
    g_auto(Outcome) wrong = run(f, "restore", "--at", "yesterday", "dest", "new", NULL);
    g_auto(Outcome) negative = run(f, "restore", "--generation", "-1", "dest", "new", NULL);
    g_auto(Outcome) few = run(f, "restore", "dest", NULL);

    g_assert_cmpint(both.status, ==, 64);
    g_assert_cmpint(wrong.status, ==, 64);
    assert_has(wrong.err, "2026-11-24T09:30:00+09:00");
    g_assert_cmpint(negative.status, ==, 64);
    g_assert_cmpint(few.status, ==, 64);
    put_done(f, "dest/failures.jsonl", "{\"code\":\"CORRUPT\",\"message\":\"m\"}\n");
    g_auto(Outcome) failed = run(f, "restore", "dest", "new", NULL);

    g_assert_cmpint(failed.status, ==, 76);
}

/* What to do stands there, to be copied; with a reason it is done. */
static void
test_restore_tells_of_an_older_generation(Fixture *f, gconstpointer data)
{
    (void)data;
    put_done(f, "dest/generations.jsonl", "");
    g_auto(Outcome) older =
        run(f, "restore", "--key-file", "my k", "--generation", "1", "dest", "new one", NULL);
    g_auto(Outcome) accepted =
        run(f, "restore", "--generation", "1", "--reason", "lost", "dest", "new", NULL);
    g_auto(Outcome) empty = run(f, "restore", "--reason", " ", "dest", "new", NULL);

    g_assert_cmpint(older.status, ==, 0);
    assert_has(older.err, "--key-file 'my k' -A 'new one' doctor --accept-rollback --reason");
    g_assert_cmpint(accepted.status, ==, 0);
    assert_has(accepted.out, "accepted");
    g_assert_null(strstr(accepted.err, "doctor"));
    g_assert_cmpint(empty.status, ==, 64);
}

static void
test_R18_a_sheet_is_split(Fixture *f, gconstpointer data)
{
    static const char *const wrong[][2] = {
        {"--at", "66,33"},        {"--at", "0,50"},     {"--at", "a"},
        {"--at", "101"},          {"--part", "0,0,50"}, {"--part", "0,0,50,101"},
        {"--part", "0,0,50,50,"}, {"--one", "--at=50"}};
    (void)data;

    g_auto(Outcome) cuts = run(f, "split", ID_A, "--at", "33.3,66", "--reason", "three", NULL);

    g_assert_cmpint(cuts.status, ==, 0);
    assert_call(f, "split",
                "{\"areas\":[[0,0,333,1000],[333,0,327,1000],[660,0,340,1000]],"
                "\"reason\":\"three\"}");
    g_auto(Outcome) parts = run(f, "split", ID_A, "--part", "0,0,50,100", "--part", "50,0,50,99.5",
                                "--reason", "two", NULL);

    g_assert_cmpint(parts.status, ==, 0);
    assert_call(f, "split", "{\"areas\":[[0,0,500,1000],[500,0,500,995]],\"reason\":\"two\"}");
    g_auto(Outcome) one = run(f, "split", ID_A, "--one", "--reason", "folded", NULL);

    g_assert_cmpint(one.status, ==, 0);
    assert_call(f, "split", "{\"areas\":[],\"reason\":\"folded\"}");
    g_auto(Outcome) unexplained = run(f, "split", ID_A, "--one", NULL);
    g_auto(Outcome) nowhere = run(f, "split", ID_A, "--reason", "x", NULL);

    g_assert_cmpint(unexplained.status, ==, 64);
    g_assert_cmpint(nowhere.status, ==, 64);
    for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_auto(Outcome) refused =
            run(f, "split", ID_A, wrong[i][0], wrong[i][1], "--reason", "x", NULL);

        g_assert_cmpint(refused.status, ==, 64);
    }
}

static void
test_what_the_law_asks(Fixture *f, gconstpointer data)
{
    (void)data;
    put_done(f, "archive/report.jsonl",
             "{\"voucher\":\"" ID_A "\",\"kind\":\"receipt\",\"version\":1,\"stamp\":\"none\","
             "\"law\":{\"on_time\":\"late\",\"entry_deadline\":\"2026-05-01\",\"link\":"
             "\"pending\",\"paper\":\"keep\",\"keep_until\":\"2033-05-31\"},\"open\":[{\"rule\":"
             "\"R19\",\"what\":\"no stamp\",\"do\":\"dencho stamp\"}]}\n"
             "{\"voucher\":\"" ID_B "\",\"kind\":\"receipt\",\"version\":1,\"stamp\":\"none\","
             "\"law\":{\"on_time\":\"n/a\",\"link\":\"linked\",\"paper\":\"n/a\"},\"open\":[]}\n");
    put_done(f, "archive/periods.jsonl",
             "{\"period\":\"2010\",\"vouchers\":3,\"keep_until\":\"2018-05-31\",\"holds\":0,"
             "\"ready\":true}\n");
    put_done(f, "archive/held.jsonl",
             "{\"voucher\":\"" ID_A "\",\"holds\":[{\"name\":\"audit\"}]}\n");
    g_auto(Outcome) report = run(f, "report", "compliance", "--date", "2026-04-01..", NULL);
    g_auto(Outcome) pending = run(f, "report", "pending", "--json", "--date", "2026-04-01..", NULL);
    g_auto(Outcome) no_report = run(f, "report", "everything", NULL);
    g_auto(Outcome) periods = run(f, "dispose", NULL);
    g_auto(Outcome) planned = run(f, "dispose", "--plan", "2010", NULL);
    g_auto(Outcome) approved = run(f, "dispose", "--approve", "7", NULL);
    g_auto(Outcome) done = run(f, "dispose", "--run", "7", NULL);
    g_auto(Outcome) two_steps = run(f, "dispose", "--run", "7", "--approve", "7", NULL);
    g_auto(Outcome) place = run(f, "hold", "place", "audit", ID_A, ID_B, "--reason", "asked", NULL);
    g_auto(Outcome) no_reason = run(f, "hold", "place", "audit", ID_A, NULL);
    g_auto(Outcome) no_id = run(f, "hold", "lift", "audit", "--reason", "over", NULL);
    g_auto(Outcome) held = run(f, "hold", "list", NULL);
    g_auto(Outcome) ask = run(f, "request", "correct", ID_A, "--amount", "10,800", "--slip", "S-1",
                              "--subject", "chairs", "--reason", "misread", NULL);
    g_auto(Outcome) ask_for_nothing = run(f, "request", "correct", ID_A, "--reason", "x", NULL);
    g_auto(Outcome) approve = run(f, "approve", ID_A, "42", NULL);
    g_auto(Outcome) approve_nothing = run(f, "approve", ID_A, "it", NULL);
    g_auto(Outcome) excuse = run(f, "excuse", ID_A, "--reason", "flood", NULL);
    g_auto(Outcome) replaces = run(f, "link", ID_A, "--replaces", ID_B, NULL);
    g_auto(Outcome) none = run(f, "link", ID_A, "--none", "--reason", "private", NULL);
    g_auto(Outcome) removed =
        run(f, "link", ID_A, "2026/7", "--remove", "--reason", "merged", NULL);
    g_auto(Outcome) unclear = run(f, "link", ID_A, "2026/7", "--none", "--reason", "x", NULL);
    g_auto(Outcome) nothing = run(f, "link", ID_A, NULL);
    g_auto(Outcome) back = run(f, "search", "--book-ref", "2026/7", NULL);
    g_auto(Outcome) paper = run(f, "correct", ID_A, "--paper", "A4", "--reason", "measured", NULL);

    g_assert_cmpint(report.status, ==, 0);
    assert_has(report.out, "entry: late by 2026-05-01");
    assert_has(report.out, "R19 no stamp: dencho stamp");
    assert_has(report.out, "vouchers: 2");
    assert_call(f, "report", "{\"from\":\"2026-04-01\"}");
    assert_has(pending.out, ID_A);
    g_assert_null(strstr(pending.out, ID_B));
    g_assert_cmpint(no_report.status, ==, 64);
    assert_has(periods.out, "documents: 3  until: 2018-05-31");
    assert_has(planned.err, "--approve 7");
    g_assert_cmpint(approved.status, ==, 0);
    g_assert_cmpint(two_steps.status, ==, 64);
    assert_call(f, "dispose_plan", "{\"period\":\"2010\"}");
    assert_call(f, "dispose_run", "{\"plan\":7}");
    assert_has(done.err, "backups");
    g_assert_cmpint(place.status, ==, 0);
    assert_call(f, "hold_place", "{\"name\":\"audit\",\"reason\":\"asked\"}");
    g_assert_cmpint(no_reason.status, ==, 64);
    g_assert_cmpint(no_id.status, ==, 64);
    assert_has(held.out, "audit");
    assert_has(ask.err, "dencho approve " ID_A " 42");
    assert_call(f, "request",
                "{\"action\":\"correct\",\"amount\":10800,\"slip\":\"S-1\",\"subject\":"
                "\"chairs\",\"reason\":\"misread\"}");
    g_assert_cmpint(ask_for_nothing.status, ==, 64);
    g_assert_cmpint(approve.status, ==, 0);
    assert_call(f, "approve", "{\"request\":42}");
    g_assert_cmpint(approve_nothing.status, ==, 64);
    g_assert_cmpint(excuse.status, ==, 0);
    assert_call(f, "replace", "{\"replaced\":\"" ID_B "\"}");
    g_assert_cmpint(replaces.status, ==, 0);
    assert_call(f, "link_none", "{\"reason\":\"private\"}");
    g_assert_cmpint(none.status, ==, 0);
    assert_call(f, "unlink", "{\"book_ref\":\"2026/7\",\"reason\":\"merged\"}");
    g_assert_cmpint(removed.status, ==, 0);
    g_assert_cmpint(unclear.status, ==, 64);
    g_assert_cmpint(nothing.status, ==, 64);
    g_assert_cmpint(back.status, ==, 0);
    assert_call(f, "search", "{\"book_ref\":\"2026/7\"}");
    g_assert_cmpint(paper.status, ==, 0);
    assert_call(f, "correct", "{\"paper\":\"A4\"}");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_autofree char *built = g_test_build_filename(G_TEST_BUILT, "dencho-scripted", NULL);

    program = g_canonicalize_filename(built, NULL);
#define T(name, data)                                                                              \
    g_test_add("/cli/commands/" #name, Fixture, data, set_up, test_##name, tear_down)
    T(global_options_stand_anywhere, NULL);
    T(wrong_words_are_answered_with_the_nearest, NULL);
    T(help_goes_to_standard_output, NULL);
    T(archive_errors_decide_the_exit_status, NULL);
    T(init_hands_its_settings_over, NULL);
    T(search_asks_for_every_term, NULL);
    T(search_refuses_bad_forms_with_an_example, NULL);
    T(search_passes_on_how_to_compare, NULL);
    T(search_shows_where_words_stand, NULL);
    T(search_explains, NULL);
    T(search_writes_a_sheet_in_utf8, NULL);
    T(search_tells_what_cp932_lacks, NULL);
    T(parties_lists_names, NULL);
    T(verify_checks_the_index_alone, NULL);
    T(search_prints_a_table_that_is_safe, NULL);
    T(search_says_in_json_where_to_go_on, NULL);
    T(ids_may_be_abbreviated_while_unique, NULL);
    T(ingest_prints_in_the_order_of_the_input, NULL);
    T(ingest_walks_folders_and_leaves_out_what_is_hidden, NULL);
    T(ingest_hands_typed_values_over, NULL);
    T(ingest_hands_channel_and_token_over, NULL);
    T(ingest_exits_with_the_first_failure, NULL);
    T(ingest_closes_a_batch_that_is_due, NULL);
    T(ingest_stops_when_the_archive_fails, NULL);
    T(ingest_escapes_hostile_names, NULL);
    T(ingest_takes_a_manifest, NULL);
    T(malformed_manifest_ingests_nothing, NULL);
    T(interrupted_ingest_finishes_what_it_began, GINT_TO_POINTER(SIGINT));
    g_test_add("/cli/commands/terminated_ingest_finishes_what_it_began", Fixture,
               GINT_TO_POINTER(SIGTERM), set_up, test_interrupted_ingest_finishes_what_it_began,
               tear_down);
    T(interrupted_verify_stops, NULL);
    T(output_that_fails_is_noticed, NULL);
    T(reader_that_went_away_is_noticed, NULL);
    T(bar_shows_on_a_terminal_only, NULL);
    T(unreadable_folder_is_a_result, NULL);
    T(terminal_gets_no_bytes_of_a_document, NULL);
    T(cat_writes_only_new_private_files, NULL);
    T(corrections_want_a_reason, NULL);
    T(correct_hands_only_what_is_given_over, NULL);
    T(label_tells_words_from_options, NULL);
    T(history_shows_before_and_after, NULL);
    T(show_prints_values_with_their_origin, NULL);
    T(verify_exits_with_corrupt_on_failures, NULL);
    T(export_and_its_check, NULL);
    T(export_takes_one_place_and_a_way_to_name, NULL);
    T(import_names_what_it_made, NULL);
    T(registry_imports_and_shows, NULL);
    T(read_takes_ids_or_what_waits, NULL);
    T(operators_commands, NULL);
    T(renewals_are_told, NULL);
    T(a_rollback_is_accepted_with_a_reason, NULL);
    T(backup_hands_its_options_over, NULL);
    T(backups_are_listed_and_checked, NULL);
    T(restore_names_a_generation, NULL);
    T(restore_tells_of_an_older_generation, NULL);
    T(R18_a_sheet_is_split, NULL);
    T(what_the_law_asks, NULL);
    int status = g_test_run();

    g_free(program);
    return status;
}
