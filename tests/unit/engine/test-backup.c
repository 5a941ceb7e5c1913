/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tests/unit/engine/test-backup.c - generations: what they share, what they survive, what comes
 * back and what must not.
 */
#include "config.h"
#include "base/clock.h"
#include "base/failpoint.h"
#include "base/fs.h"
#include "engine/archive.h"
#include "engine/backup.h"
#include "engine/seal/keyring.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { THREADS = 4, DOCUMENTS_A_THREAD = 12 };

typedef struct {
    char *root;
    char *dir;
    char *key;
    char *dest;
    DnArchive *archive;
} Fixture;

#define assert_code(error, wanted)                                                                 \
    do {                                                                                           \
        g_assert_nonnull(error);                                                                   \
        if (dn_error_code(error) != DN_ERROR_##wanted)                                             \
            g_error("%s: want %s, got %s", G_STRLOC, #wanted, (error)->message);                   \
        g_clear_error(&(error));                                                                   \
    } while (0)

static void
open_archive(Fixture *f)
{
    g_autoptr(GError) error = NULL;

    f->archive = dn_archive_open(
        f->dir, &(DnArchiveOptions){.actor = "test", .worker_path = "/nonexistent"}, &error);
    g_assert_no_error(error);
}

static void
close_archive(Fixture *f)
{
    g_clear_pointer(&f->archive, dn_archive_close);
}

static void
set_up(Fixture *f, gconstpointer segment_bytes)
{
    g_autoptr(GError) error = NULL;
    const char *settings[] = {segment_bytes ? segment_bytes : "archive.segment-bytes=65536", NULL};

    f->root = g_dir_make_tmp("dencho-backup-XXXXXX", &error);
    g_assert_no_error(error);
    f->dir = g_build_filename(f->root, "archive", NULL);
    f->dest = g_build_filename(f->root, "backups", NULL);
    g_assert_true(dn_archive_init(f->dir, &(DnArchiveInit){.settings = settings}, &f->key, &error));
    g_assert_no_error(error);
    open_archive(f);
}

static void
tear_down(Fixture *f, gconstpointer data)
{
    (void)data;
    close_archive(f);
    g_assert_true(dn_fs_remove_tree(f->root, NULL));
    g_free(f->root);
    g_free(f->dir);
    g_free(f->key);
    g_free(f->dest);
}

/* A document of its own for each @content, @padding bytes long. */
static DnUuid
ingest(DnArchive *archive, const char *content, size_t padding, const char *received)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GString) text = g_string_new("\x89PNG\r\n\x1a\n");
    g_autoptr(json_t) result = NULL;
    int64_t amount = 10800;
    DnDate day;
    DnUuid id;

    g_string_append(text, content);
    while (text->len < padding)
        g_string_append_c(text, (char)(text->len * 7));
    g_autoptr(GBytes) bytes = g_bytes_new(text->str, text->len);

    g_assert_true(dn_date_parse(received, &day, &error));
    DnIngest request = {.date = &day,
                        .received = &day,
                        .amount = &amount,
                        .party = "霞商店",
                        .name = "a.png",
                        .no_wait = true};

    g_assert_true(dn_archive_ingest(archive, bytes, &request, &result, &error));
    g_assert_no_error(error);
    g_assert_cmpstr(dn_json_string(result, "status"), ==, "stored");
    g_assert_true(dn_uuid_parse(dn_json_string(result, "voucher"), &id, &error));
    return id;
}

static json_t *
back_up_as(Fixture *f, const DnBackupOptions *options)
{
    g_autoptr(GError) error = NULL;
    json_t *result = NULL;

    dn_archive_backup(f->archive, f->dest, options, NULL, NULL, &result, &error);
    g_assert_no_error(error);
    return result;
}

static json_t *
back_up(Fixture *f)
{
    return back_up_as(f, NULL);
}

static bool
collect(const json_t *row, void *user_data, GError **error)
{
    (void)error;
    if (user_data)
        g_ptr_array_add(user_data, dn_json_line(row));
    return true;
}

/* (transfer full) The key in a place of its own: beside the archive's own key lies the witness of
 * how far that archive got, which an older generation does not agree with. */
static char *
key_for(const Fixture *f, const char *name)
{
    g_autofree char *file = g_strconcat(name, ".key", NULL);
    char *path = g_build_filename(f->root, file, NULL);
    g_autofree char *text = NULL;
    gsize size = 0;

    g_assert_true(g_file_get_contents(f->key, &text, &size, NULL));
    g_assert_true(dn_fs_replace_file(path, text, size, 0600, NULL));
    return path;
}

/* Restores into a new folder; fails the test unless it verifies. (transfer full) */
static DnArchive *
restore(const Fixture *f, const DnBackupPick *pick, const char *name, json_t **out_totals)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *dir = g_build_filename(f->root, name, NULL);
    g_autoptr(json_t) totals = NULL;
    g_autofree char *key = key_for(f, name);
    const DnArchiveOptions options = {.key_file = key, .actor = "test"};

    dn_backup_restore(f->dest, pick, dir, &options, collect, NULL, NULL, &totals, &error);
    g_assert_no_error(error);
    g_assert_cmpint(dn_json_int(totals, "failed", -1), ==, 0);
    DnArchive *archive = dn_archive_open(dir, &options, &error);

    g_assert_no_error(error);
    if (out_totals)
        *out_totals = g_steal_pointer(&totals);
    return archive;
}

/* Everything that a clerk can see, one line each. */
static GPtrArray *
all_seen(DnArchive *archive)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *cursor = NULL;
    g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func(g_free);
    GPtrArray *seen = g_ptr_array_new_with_free_func(g_free);

    g_assert_true(dn_archive_search(archive, &(DnSearch){.deleted = "include"}, collect, rows,
                                    &cursor, &error));
    for (guint i = 0; i < rows->len; i++) {
        const char *line = g_ptr_array_index(rows, i);
        g_autoptr(json_t) row = dn_json_parse(line, strlen(line), &error);
        DnUuid id;

        g_ptr_array_add(seen, g_strdup(line));
        g_assert_true(dn_uuid_parse(dn_json_string(row, "voucher"), &id, &error));
        g_autoptr(json_t) shown = dn_archive_show(archive, &id, 0, &error);
        const char *type = NULL;
        g_autoptr(GBytes) original = dn_archive_cat(archive, &id, "original", 0, &type, &error);

        g_assert_no_error(error);
        DnSha256 digest = dn_sha256_bytes(original);

        g_ptr_array_add(seen, dn_json_line(shown));
        g_ptr_array_add(seen, dn_hex(digest.bytes, sizeof digest.bytes));
        g_assert_true(dn_archive_history(archive, &id, collect, seen, &error));
    }
    return seen;
}

static void
assert_same(const GPtrArray *a, const GPtrArray *b)
{
    g_assert_cmpint(a->len, ==, b->len);
    for (guint i = 0; i < a->len; i++)
        g_assert_cmpstr(g_ptr_array_index(a, i), ==, g_ptr_array_index(b, i));
}

/* Checks a generation; the failures, and the totals unless it could not be checked. */
static GPtrArray *
check(const Fixture *f, unsigned generation, bool keyed, json_t **out_totals, GError **error)
{
    GPtrArray *failures = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(json_t) totals = NULL;

    if (dn_backup_check(f->dest, &(DnBackupPick){.generation = generation},
                        &(DnArchiveOptions){.key_file = keyed ? f->key : NULL}, collect, NULL,
                        failures, &totals, error) &&
        out_totals)
        *out_totals = g_steal_pointer(&totals);
    return failures;
}

static void
assert_good(const Fixture *f, unsigned generation)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) totals = NULL;
    g_autoptr(GPtrArray) failures = check(f, generation, true, &totals, &error);

    g_assert_no_error(error);
    for (guint i = 0; i < failures->len; i++)
        g_error("%s", (const char *)g_ptr_array_index(failures, i));
    g_assert_true(dn_json_bool(totals, "opened", false));
}

/* (transfer full) Paths of all files below @dir, relative to it, sorted. */
static GPtrArray *
files_below(const char *dir, const char *prefix)
{
    g_autofree char *path = g_build_filename(dir, prefix, NULL);
    g_autoptr(GDir) listing = g_dir_open(path, 0, NULL);
    GPtrArray *all = g_ptr_array_new_with_free_func(g_free);

    for (const char *name = g_dir_read_name(listing); name; name = g_dir_read_name(listing)) {
        g_autofree char *relative = g_build_filename(prefix, name, NULL);
        g_autofree char *whole = g_build_filename(dir, relative, NULL);

        if (g_file_test(whole, G_FILE_TEST_IS_DIR))
            g_ptr_array_extend_and_steal(all, files_below(dir, relative));
        else
            g_ptr_array_add(all, g_steal_pointer(&relative));
    }
    return all;
}

/* Changes one byte, and changes it back when called again. */
static void
flip(const char *dir, const char *name, uint64_t offset)
{
    g_autofree char *path = g_build_filename(dir, name, NULL);
    uint8_t byte = 0;

    g_assert_cmpint(chmod(path, 0600), ==, 0);
    int fd = open(path, O_RDWR | O_CLOEXEC);

    g_assert_cmpint(pread(fd, &byte, 1, (off_t)offset), ==, 1);
    byte ^= 0x10;
    g_assert_cmpint(pwrite(fd, &byte, 1, (off_t)offset), ==, 1);
    close(fd);
}

static uint64_t
size_of(const char *dir, const char *name)
{
    g_autofree char *path = g_build_filename(dir, name, NULL);
    struct stat st;

    return stat(path, &st) == 0 ? (uint64_t)st.st_size : 0;
}

static uint64_t
pool_bytes(const Fixture *f)
{
    g_autoptr(GPtrArray) files = files_below(f->dest, "log");
    uint64_t bytes = 0;

    for (guint i = 0; i < files->len; i++)
        bytes += size_of(f->dest, g_ptr_array_index(files, i));
    return bytes;
}

/* --- what a generation is --- */

static void
test_a_second_run_copies_only_new_bytes(Fixture *f, gconstpointer data)
{
    (void)data;
    for (int i = 0; i < 6; i++) {
        g_autofree char *text = g_strdup_printf("before %d", i);

        ingest(f->archive, text, 20000, "2026-04-01");
    }
    g_autoptr(json_t) first = back_up(f);
    g_autoptr(json_t) nothing_new = back_up(f);

    ingest(f->archive, "after", 30000, "2026-04-02");
    g_autoptr(json_t) last = back_up(f);
    int64_t before = dn_json_int(first, "bytes", 0);
    int64_t after = dn_json_int(last, "bytes", 0);

    g_assert_cmpint(before, >, 6 * 20000);
    g_assert_cmpint(dn_json_int(first, "copied_bytes", -1), ==, before);
    g_assert_cmpint(dn_json_int(nothing_new, "copied_bytes", -1), ==, 0);
    g_assert_cmpint(dn_json_int(last, "copied_bytes", -1), ==, after - before);
    g_assert_cmpint(dn_json_int(last, "generations", -1), ==, 3);
    g_assert_cmpuint(pool_bytes(f), ==, (uint64_t)after); /* each byte once */
    for (unsigned number = 1; number <= 3; number++)
        assert_good(f, number);
}

static void
test_what_comes_back_is_what_was_there(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) row = NULL;
    g_autoptr(json_t) tenant = NULL;
    DnUuid id = ingest(f->archive, "one", 60000, "2026-04-01"); /* most of a segment */
    int64_t amount = 5;

    (void)data;
    ingest(f->archive, "two", 500, "2025-04-01");
    g_assert_true(dn_archive_tenant_create(f->archive, "another", &tenant, &error));
    g_assert_true(dn_archive_correct(f->archive, &id, &(DnCorrection){.amount = &amount}, "misread",
                                     &row, &error));
    g_autoptr(GPtrArray) then = all_seen(f->archive);
    g_autoptr(json_t) first = back_up(f);
    int64_t at = 0;

    g_assert_true(dn_clock_parse(dn_json_string(first, "at"), &at, &error));
    while (dn_clock_now_utc_ms() <= at)
        g_usleep(1000);
    ingest(f->archive, "three", 500, "2026-05-01");
    g_autoptr(GPtrArray) now = all_seen(f->archive);
    g_autoptr(json_t) second = back_up(f);

    close_archive(f);
    g_autoptr(DnArchive) newest = restore(f, NULL, "newest", NULL);
    g_autoptr(DnArchive) numbered = restore(f, &(DnBackupPick){.generation = 1}, "numbered", NULL);
    g_autoptr(DnArchive) timed = restore(f, &(DnBackupPick){.at_utc_ms = &at}, "timed", NULL);
    g_autoptr(GPtrArray) newest_seen = all_seen(newest);
    g_autoptr(GPtrArray) numbered_seen = all_seen(numbered);
    g_autoptr(GPtrArray) timed_seen = all_seen(timed);

    assert_same(newest_seen, now);
    assert_same(numbered_seen, then);
    assert_same(timed_seen, then);
    ingest(newest, "it goes on", 500, "2026-05-02");
}

/* With the key that has the witness beside it, an older generation is what it is: older. */
static void
test_an_older_generation_is_accepted_with_a_reason(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *dir = g_build_filename(f->root, "older", NULL);
    g_autoptr(json_t) totals = NULL;
    DnArchiveOptions options = {.key_file = f->key, .actor = "test"};

    (void)data;
    ingest(f->archive, "one", 500, "2026-04-01");
    g_autoptr(json_t) first = back_up(f);

    ingest(f->archive, "two", 500, "2026-05-01");
    close_archive(f);
    g_assert_true(
        dn_backup_restore(f->dest, NULL, dir, &options, collect, NULL, NULL, &totals, &error));
    g_assert_no_error(error);
    g_assert_nonnull(dn_json_string(totals, "older"));
    g_assert_null(dn_json_string(totals, "accepted"));
    g_assert_null(dn_archive_open(dir, &options, &error));
    assert_code(error, CORRUPT);
    options.accept_rollback = "the disk was lost";
    g_autoptr(DnArchive) accepted = dn_archive_open(dir, &options, &error);

    g_assert_no_error(error);
    g_clear_pointer(&accepted, dn_archive_close);
    options.accept_rollback = NULL;
    accepted = dn_archive_open(dir, &options, &error);
    g_assert_no_error(error);
}

/* One call: restored, accepted for a reason, open. Another copy then is what went another way. */
static void
test_a_restore_with_a_reason_can_be_used_at_once(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *dir = g_build_filename(f->root, "older", NULL);
    g_autofree char *newest = g_build_filename(f->root, "newest", NULL);
    g_autoptr(json_t) totals = NULL;
    g_autoptr(json_t) again = NULL;
    DnArchiveOptions options = {.key_file = f->key, .actor = "test"};

    (void)data;
    ingest(f->archive, "one", 500, "2026-04-01");
    g_autoptr(json_t) first = back_up(f);

    ingest(f->archive, "two", 500, "2026-05-01");
    g_autoptr(json_t) second = back_up(f);

    close_archive(f);
    g_assert_true(
        dn_backup_restore(f->dest, NULL, newest, &options, collect, NULL, NULL, &totals, &error));
    g_assert_no_error(error);
    g_assert_null(dn_json_string(totals, "older")); /* nothing is missing: nothing to accept */
    g_clear_pointer(&totals, json_decref);
    options.accept_rollback = "the disk was lost";
    g_assert_true(dn_backup_restore(f->dest, &(DnBackupPick){.generation = 1}, dir, &options,
                                    collect, NULL, NULL, &totals, &error));
    g_assert_no_error(error);
    g_assert_true(dn_json_bool(totals, "accepted", false));
    options.accept_rollback = NULL;
    g_autoptr(DnArchive) archive = dn_archive_open(dir, &options, &error);

    g_assert_no_error(error);
    g_assert_nonnull(archive);
    g_clear_pointer(&archive, dn_archive_close);
    g_assert_null(dn_archive_open(f->dir, &options, &error));
    assert_code(error, CORRUPT);
}

/* A copy of the archive from before its last backup is noticed, without a close in between. */
static void
test_a_backup_is_witnessed(Fixture *f, gconstpointer data)
{
    g_autofree char *witness = g_strconcat(f->key, ".witness", NULL);
    g_autofree char *before = NULL;
    g_autofree char *after = NULL;
    gsize size = 0;

    (void)data;
    g_file_get_contents(witness, &before, &size, NULL);
    ingest(f->archive, "one", 500, "2026-04-01");
    g_autoptr(json_t) made = back_up(f);

    g_assert_true(g_file_get_contents(witness, &after, &size, NULL));
    g_assert_cmpstr(before, !=, after);
}

/* A folder that cannot be listed is not one without generations: their bytes would be removed. */
static void
test_what_cannot_be_listed_is_not_let_go_of(Fixture *f, gconstpointer data)
{
#ifdef DN_FAILPOINTS
    g_autoptr(GError) error = NULL;
    enum { LISTED = 30 }; /* names before the new generation is there */
    unsigned refused = 0;

    (void)data;
    for (int i = 0; i < 3; i++) {
        g_autofree char *text = g_strdup_printf("document %d", i);

        ingest(f->archive, text, 3000, "2026-04-01");
        g_autoptr(json_t) made = back_up(f);
    }
    for (uint64_t nth = 1; nth <= LISTED; nth++) {
        g_autoptr(json_t) result = NULL;

        dn_failpoint_arm(&(DnFailPlan){.kind = DN_FAIL_EIO, .nth = nth, .only = "fs.readdir"});
        refused += !dn_archive_backup(f->archive, f->dest, NULL, NULL, NULL, &result, NULL);
        dn_failpoint_arm(NULL);
    }
    for (unsigned number = 1; number <= 3; number++)
        assert_good(f, number);
    g_assert_cmpuint(refused, >=, 10);
#else
    (void)f;
    (void)data;
    g_test_skip("built without fail points");
#endif
}

static void
test_a_restore_wants_a_new_folder_the_key_and_a_generation(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) made = back_up(f);
    g_autoptr(json_t) totals = NULL;
    g_autofree char *dir = g_build_filename(f->root, "new", NULL);
    g_autofree char *other = g_build_filename(f->root, "other", NULL);
    g_autofree char *other_key = NULL;
    DnArchiveOptions mine = {.key_file = f->key};
    int64_t long_ago = 1;

    (void)data;
    g_assert_true(dn_archive_init(other, NULL, &other_key, &error));
    g_assert_false(
        dn_backup_restore(f->dest, NULL, f->dir, &mine, collect, NULL, NULL, &totals, &error));
    assert_code(error, EXISTS);
    g_assert_false(dn_backup_restore(f->dest, NULL, dir, &(DnArchiveOptions){.key_file = other_key},
                                     collect, NULL, NULL, &totals, &error));
    assert_code(error, DENIED);
    g_assert_false(dn_backup_restore(f->dest, NULL, dir, &(DnArchiveOptions){0}, collect, NULL,
                                     NULL, &totals, &error));
    assert_code(error, NOT_FOUND);
    g_assert_false(dn_backup_restore(f->dest, &(DnBackupPick){.generation = 2}, dir, &mine, collect,
                                     NULL, NULL, &totals, &error));
    assert_code(error, NOT_FOUND);
    g_assert_false(dn_backup_restore(f->dest, &(DnBackupPick){.at_utc_ms = &long_ago}, dir, &mine,
                                     collect, NULL, NULL, &totals, &error));
    assert_code(error, NOT_FOUND);
    g_assert_false(
        dn_backup_restore(f->root, NULL, dir, &mine, collect, NULL, NULL, &totals, &error));
    assert_code(error, NOT_FOUND);
    g_assert_false(g_file_test(dir, G_FILE_TEST_EXISTS)); /* a failure leaves nothing */
}

static void
test_a_folder_of_something_else_is_left_alone(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) result = NULL;
    g_autoptr(json_t) mine = back_up(f);
    g_autofree char *inside = g_build_filename(f->dir, "backups", NULL);
    g_autofree char *link = g_build_filename(f->root, "link", NULL);
    g_autofree char *through = g_build_filename(link, "backups", NULL);
    g_autofree char *other = g_build_filename(f->root, "other", NULL);
    g_autofree char *key = NULL;

    (void)data;
    g_assert_false(dn_archive_backup(f->archive, f->root, NULL, NULL, NULL, &result, &error));
    assert_code(error, EXISTS);
    g_assert_false(dn_archive_backup(f->archive, inside, NULL, NULL, NULL, &result, &error));
    assert_code(error, INVALID);
    g_assert_false(dn_archive_backup(f->archive, f->dir, NULL, NULL, NULL, &result, &error));
    assert_code(error, INVALID);
    g_assert_cmpint(symlink(f->dir, link), ==, 0);
    g_assert_false(dn_archive_backup(f->archive, through, NULL, NULL, NULL, &result, &error));
    assert_code(error, INVALID);
    g_assert_false(g_file_test(inside, G_FILE_TEST_EXISTS));
    close_archive(f);
    g_assert_true(dn_archive_init(other, NULL, &key, &error));
    g_autoptr(DnArchive) stranger = dn_archive_open(other, &(DnArchiveOptions){0}, &error);

    g_assert_no_error(error);
    g_assert_false(dn_archive_backup(stranger, f->dest, NULL, NULL, NULL, &result, &error));
    assert_code(error, EXISTS);
    assert_good(f, 1);
}

/* --- damage --- */

static void
test_a_damaged_archive_adds_nothing(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) result = NULL;

    (void)data;
    for (int i = 0; i < 5; i++) {
        g_autofree char *text = g_strdup_printf("document %d", i);

        ingest(f->archive, text, 20000, "2026-04-01");
    }
    g_autoptr(json_t) good = back_up(f);
    uint64_t kept = pool_bytes(f);

    for (int i = 0; i < 5; i++) {
        g_autofree char *text = g_strdup_printf("later %d", i);

        ingest(f->archive, text, 20000, "2026-04-01");
    }
    /* In what was copied before, and in what would be now. */
    static const char *const segments[] = {"log/000001.seg", "log/000003.seg"};

    for (size_t i = 0; i < G_N_ELEMENTS(segments); i++) {
        flip(f->dir, segments[i], size_of(f->dir, segments[i]) / 2);
        g_assert_false(dn_archive_backup(f->archive, f->dest, NULL, NULL, NULL, &result, &error));
        g_assert_nonnull(strstr(error->message, i == 0 ? "segment 1, byte " : "segment 3, byte "));
        assert_code(error, CORRUPT);
        flip(f->dir, segments[i], size_of(f->dir, segments[i]) / 2);
        assert_good(f, 1);
        g_assert_false(dn_backup_check(f->dest, &(DnBackupPick){.generation = 2},
                                       &(DnArchiveOptions){0}, collect, NULL, NULL, &result,
                                       &error));
        assert_code(error, NOT_FOUND);
    }
    g_assert_cmpuint(pool_bytes(f), >=, kept);
    g_autoptr(json_t) healed = back_up(f);

    assert_good(f, 2);
    g_assert_cmpuint(pool_bytes(f), ==, (uint64_t)dn_json_int(healed, "bytes", 0));
}

static void
test_a_quick_run_reads_only_what_is_new(Fixture *f, gconstpointer data)
{
    (void)data;
    ingest(f->archive, "one", 50000, "2026-04-01");
    g_autoptr(json_t) first = back_up(f);

    ingest(f->archive, "two", 50000, "2026-04-01");
    g_autoptr(json_t) second = back_up_as(f, &(DnBackupOptions){.quick = true});

    g_assert_cmpint(dn_json_int(second, "checked_bytes", 0), ==,
                    dn_json_int(second, "copied_bytes", 1));
    assert_good(f, 2);
}

/* Every file of a folder of backups: a changed byte is found and its file named. */
static void
test_every_damaged_file_is_named(Fixture *f, gconstpointer data)
{
    (void)data;
    ingest(f->archive, "one", 40000, "2026-04-01");
    g_autoptr(json_t) first = back_up(f);

    ingest(f->archive, "two", 40000, "2026-04-01");
    g_autoptr(json_t) second = back_up(f);

    close_archive(f);
    g_autoptr(GPtrArray) files = files_below(f->dest, "");

    for (guint i = 0; i < files->len; i++) {
        const char *name = g_ptr_array_index(files, i);
        uint64_t size = size_of(f->dest, name);

        /* The other generation's own files are not part of this one; locks hold nothing. */
        if (g_str_has_prefix(name, "generations/000001") || strcmp(name, "lock") == 0)
            continue;
        for (uint64_t offset = size / 7; offset < size; offset += size / 3 + 1) {
            g_autoptr(GError) error = NULL;
            g_autoptr(json_t) totals = NULL;

            flip(f->dest, name, offset);
            g_autoptr(GPtrArray) failures = check(f, 2, true, &totals, &error);
            bool named = error && !g_str_has_prefix(name, "log/");

            for (guint j = 0; j < failures->len && !named; j++)
                named = strstr(g_ptr_array_index(failures, j), name) != NULL;
            if (!named)
                g_error("byte %" G_GUINT64_FORMAT " of %s changed unseen", offset, name);
            flip(f->dest, name, offset);
        }
    }
    assert_good(f, 2);
}

static void
test_damage_in_a_backup_is_placed(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;

    (void)data;
    ingest(f->archive, "one", 30000, "2026-04-01");
    g_autoptr(json_t) made = back_up(f);
    g_autoptr(GPtrArray) files = files_below(f->dest, "log");
    const char *name = g_ptr_array_index(files, 0);

    g_assert_cmpint(files->len, ==, 1);
    flip(f->dest, name, size_of(f->dest, name) / 2); /* within the document's frame */
    for (int keyed = 0; keyed < 2; keyed++) {
        g_autoptr(json_t) totals = NULL;
        g_autoptr(GPtrArray) failures = check(f, 0, keyed, &totals, &error);

        g_assert_no_error(error);
        g_assert_cmpint(failures->len, ==, 1);
        g_assert_cmpint(dn_json_int(totals, "failed", 0), ==, 1);
        g_assert_cmpint(json_boolean_value(json_object_get(totals, "opened")), ==, keyed);
        const char *line = g_ptr_array_index(failures, 0);
        g_autoptr(json_t) failure = dn_json_parse(line, strlen(line), &error);
        int64_t offset = dn_json_int(failure, "offset", -1);

        g_assert_cmpstr(dn_json_string(failure, "file"), ==, name);
        g_assert_cmpint(offset, >, 0);
        g_assert_cmpint(offset, <, (int64_t)size_of(f->dest, name) / 2);
    }
    g_autofree char *dir = g_build_filename(f->root, "new", NULL);
    g_autoptr(json_t) totals = NULL;

    g_assert_false(dn_backup_restore(f->dest, NULL, dir, &(DnArchiveOptions){.key_file = f->key},
                                     collect, NULL, NULL, &totals, &error));
    g_assert_nonnull(strstr(error->message, name));
    assert_code(error, CORRUPT);
    g_assert_false(g_file_test(dir, G_FILE_TEST_EXISTS));

    /* As the advice of the check says: the file is removed, and the next run copies it again. */
    g_autofree char *path = g_build_filename(f->dest, name, NULL);

    g_assert_cmpint(unlink(path), ==, 0);
    g_autoptr(json_t) again = back_up(f);

    g_assert_cmpint(dn_json_int(again, "copied_bytes", 0), >, 30000);
    assert_good(f, 1);
    assert_good(f, 2);
}

static void
test_a_forged_manifest_is_refused(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = g_build_filename(f->dest, "generations", "000002.json", NULL);
    g_autofree char *text = NULL;
    g_autoptr(json_t) totals = NULL;

    (void)data;
    ingest(f->archive, "one", 3000, "2026-04-01");
    g_autoptr(json_t) first = back_up(f);
    g_autoptr(json_t) second = back_up(f);

    /* Well-formed, but somebody else's: another time. */
    g_assert_true(g_file_get_contents(path, &text, NULL, &error));
    char *at = strstr(text, "\"at\":\"20");

    g_assert_nonnull(at);
    at[8] = '1';
    g_assert_cmpint(chmod(path, 0600), ==, 0);
    g_assert_true(g_file_set_contents(path, text, -1, &error));
    g_autoptr(GPtrArray) failures = check(f, 2, true, &totals, &error);

    g_assert_no_error(error);
    g_assert_cmpint(dn_json_int(totals, "failed", 0), >=, 1);
    g_assert_nonnull(strstr(g_ptr_array_index(failures, 0), "000002.json"));
    g_autofree char *dir = g_build_filename(f->root, "new", NULL);

    g_assert_false(dn_backup_restore(f->dest, NULL, dir, &(DnArchiveOptions){.key_file = f->key},
                                     collect, NULL, NULL, &totals, &error));
    assert_code(error, CORRUPT);
    /* The next run does not build on it and removes nothing that it may name. */
    ingest(f->archive, "two", 3000, "2026-04-01");
    g_autoptr(json_t) third = back_up_as(f, &(DnBackupOptions){.keep = "last=1"});

    g_assert_cmpint(dn_json_int(third, "damaged", 0), ==, 1);
    g_assert_cmpint(dn_json_int(third, "generation", 0), ==, 3);
    assert_good(f, 3);
}

static void
test_hostile_manifests_are_damage(Fixture *f, gconstpointer data)
{
    static const char *const texts[] = {"",
                                        "{",
                                        "[]",
                                        "{\"format\":2}",
                                        "{\"format\":1,\"mac\":\"00\"}",
                                        "{\"archive\":\"../../x\",\"format\":1}"};
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) made = back_up(f);
    g_autofree char *good = g_build_filename(f->dest, "generations", "000001.json", NULL);
    g_autofree char *path = g_build_filename(f->dest, "generations", "000002.json", NULL);
    g_autofree char *text = NULL;

    (void)data;
    g_assert_true(g_file_get_contents(good, &text, NULL, &error));
    for (size_t i = 0; i < G_N_ELEMENTS(texts) + 4; i++) {
        static const char *const members[][2] = {{"keys/", "../../"},
                                                 {"\"segment\":1", "\"segment\":7"},
                                                 {"\"from\":0", "\"from\":9"},
                                                 {"\"bytes\":", "\"bytes\":-"}};
        g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func(g_free);
        g_auto(GStrv) parts = g_strsplit(
            text, i < G_N_ELEMENTS(texts) ? "\n" : members[i - G_N_ELEMENTS(texts)][0], -1);
        g_autofree char *changed =
            g_strjoinv(i < G_N_ELEMENTS(texts) ? "" : members[i - G_N_ELEMENTS(texts)][1], parts);

        g_assert_true(
            g_file_set_contents(path, i < G_N_ELEMENTS(texts) ? texts[i] : changed, -1, &error));
        g_assert_true(dn_backup_list(f->dest, collect, rows, &error));
        g_assert_cmpint(rows->len, ==, 2);
        g_assert_nonnull(strstr(g_ptr_array_index(rows, 1), "\"code\":"));
        g_autoptr(json_t) totals = NULL;
        g_autoptr(GPtrArray) failures = check(f, 0, true, &totals, &error);

        g_assert_nonnull(error); /* the newest, when it is damaged, is not silently passed over */
        g_clear_error(&error);
    }
    assert_good(f, 1);
}

static void
test_an_archive_put_back_is_noticed(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) result = NULL;
    g_autofree char *copy = g_strconcat(f->dir, ".copy", NULL);
    g_autofree char *away = g_strconcat(f->dir, ".away", NULL);
    g_autofree char *witness = g_strconcat(f->key, ".witness", NULL);
    char *argv[] = {(char *)"cp", (char *)"-a", f->dir, copy, NULL};

    (void)data;
    ingest(f->archive, "one", 3000, "2026-04-01");
    close_archive(f);
    g_assert_true(
        g_spawn_sync(NULL, argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL, &error));
    open_archive(f);
    ingest(f->archive, "two", 3000, "2026-04-01");
    g_autoptr(json_t) made = back_up(f);

    close_archive(f);
    g_assert_cmpint(rename(f->dir, away), ==, 0);
    g_assert_cmpint(rename(copy, f->dir), ==, 0);
    g_assert_cmpint(unlink(witness), ==, 0); /* which would have told already */
    open_archive(f);
    g_assert_false(dn_archive_backup(f->archive, f->dest, NULL, NULL, NULL, &result, &error));
    assert_code(error, CORRUPT);
    /* Nor when it has gone on for longer since than what it lacks. */
    ingest(f->archive, "three", 3000, "2026-04-01");
    ingest(f->archive, "four", 3000, "2026-04-01");
    g_assert_false(dn_archive_backup(f->archive, f->dest, NULL, NULL, NULL, &result, &error));
    assert_code(error, CORRUPT);
    assert_good(f, 1);
}

/* --- interrupted --- */

typedef struct {
    unsigned left;
} Patience;

static bool
lose_patience(uint64_t done, uint64_t total, void *user_data)
{
    Patience *patience = user_data;

    (void)done;
    (void)total;
    return patience->left-- > 0;
}

static void
test_a_run_that_is_stopped_leaves_the_last_generation(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) result = NULL;
    g_autofree char *tmp = g_build_filename(f->dest, "tmp", NULL);

    (void)data;
    ingest(f->archive, "zero", 3000, "2026-04-01");
    g_autoptr(json_t) first = back_up(f);

    for (int i = 0; i < 6; i++) {
        g_autofree char *text = g_strdup_printf("document %d", i);

        ingest(f->archive, text, 40000, "2026-04-01");
    }
    for (unsigned steps = 0; steps < 4; steps++) {
        Patience patience = {.left = steps};

        g_assert_false(dn_archive_backup(f->archive, f->dest, NULL, lose_patience, &patience,
                                         &result, &error));
        assert_code(error, BUSY);
        g_assert_false(g_file_test(tmp, G_FILE_TEST_EXISTS));
        assert_good(f, 0);
    }
    /* What the stopped runs had copied whole is not copied again. */
    g_autoptr(json_t) last = back_up(f);

    g_assert_cmpint(dn_json_int(last, "generation", 0), ==, 2);
    g_assert_cmpint(dn_json_int(last, "copied_bytes", 0), <,
                    dn_json_int(last, "bytes", 0) - dn_json_int(first, "bytes", 0));
    assert_good(f, 2);
}

/* What a kill leaves between the last steps. */
static void
test_leftovers_of_a_kill_are_no_generation(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *manifest = g_build_filename(f->dest, "generations", "000002.json", NULL);
    g_autofree char *unfinished = g_strconcat(manifest, ".new", NULL);
    g_autofree char *folder = g_build_filename(f->dest, "generations", "000002", NULL);
    g_autofree char *tmp = g_build_filename(f->dest, "tmp", NULL);
    g_autofree char *part = g_build_filename(tmp, "extent", NULL);

    (void)data;
    ingest(f->archive, "one", 3000, "2026-04-01");
    g_autoptr(json_t) first = back_up(f);

    ingest(f->archive, "two", 3000, "2026-04-01");
    g_autoptr(json_t) second = back_up(f);

    g_assert_cmpint(rename(manifest, unfinished), ==, 0);
    g_assert_true(dn_fs_make_dir(tmp, true, &error));
    g_assert_true(g_file_set_contents(part, "half", -1, &error));
    assert_good(f, 0);
    g_assert_true(g_file_test(folder, G_FILE_TEST_EXISTS));
    g_autoptr(json_t) again = back_up(f);

    g_assert_cmpint(dn_json_int(again, "generation", 0), ==, 2);
    g_assert_cmpint(dn_json_int(again, "copied_bytes", -1), ==, 0);
    g_assert_false(g_file_test(tmp, G_FILE_TEST_EXISTS));
    g_assert_false(g_file_test(unfinished, G_FILE_TEST_EXISTS));
    assert_good(f, 1);
    assert_good(f, 2);
}

static void
test_a_full_target_keeps_the_last_generation(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) result = NULL;
    struct rlimit before;

    (void)data;
    ingest(f->archive, "one", 3000, "2026-04-01");
    g_autoptr(json_t) first = back_up(f);

    ingest(f->archive, "two", 60000, "2026-04-01");
    g_autofree char *tmp = g_build_filename(f->dest, "tmp", NULL);

    signal(SIGXFSZ, SIG_IGN);
    g_assert_cmpint(getrlimit(RLIMIT_FSIZE, &before), ==, 0);
    struct rlimit small = {.rlim_cur = 20000, .rlim_max = before.rlim_max};

    g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &small), ==, 0);
    bool done = dn_archive_backup(f->archive, f->dest, NULL, NULL, NULL, &result, &error);

    g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &before), ==, 0);
    g_assert_false(done);
    assert_code(error, IO);
    g_assert_false(g_file_test(tmp, G_FILE_TEST_EXISTS)); /* half a file takes no room */
    assert_good(f, 0);
    g_autoptr(json_t) second = back_up(f);

    assert_good(f, 2);
}

static void
test_one_backup_at_a_time(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) result = NULL;
    g_autoptr(json_t) made = back_up(f);
    int lock = -1;

    (void)data;
    g_assert_true(dn_backup_folder_lock(f->dest, false, &lock, &error)); /* as a restore does */
    assert_good(f, 0);
    g_assert_false(dn_archive_backup(f->archive, f->dest, NULL, NULL, NULL, &result, &error));
    assert_code(error, BUSY);
    close(lock);
    g_assert_true(dn_backup_folder_lock(f->dest, true, &lock, &error));
    g_autoptr(GPtrArray) failures = check(f, 0, true, NULL, &error);

    assert_code(error, BUSY);
    close(lock);
}

/* --- while work goes on --- */

static gpointer
ingest_many(gpointer archive)
{
    static gint next;
    int mine = g_atomic_int_add(&next, 1);

    for (int i = 0; i < DOCUMENTS_A_THREAD; i++) {
        g_autofree char *text = g_strdup_printf("thread %d document %d", mine, i);

        ingest(archive, text, (size_t)(500 + i * 997), "2026-04-01");
    }
    return NULL;
}

static void
test_ingest_goes_on_meanwhile(Fixture *f, gconstpointer data)
{
    GThread *threads[THREADS];
    int64_t entries = 0;
    unsigned runs = 0;

    (void)data;
    for (int i = 0; i < THREADS; i++)
        threads[i] = g_thread_new("ingest", ingest_many, f->archive);
    while (entries < 1 + THREADS * DOCUMENTS_A_THREAD) {
        g_autoptr(json_t) made = back_up_as(f, &(DnBackupOptions){.keep = "last=3"});

        g_assert_cmpint(dn_json_int(made, "entries", 0), >=, entries);
        entries = dn_json_int(made, "entries", 0);
        runs++;
        assert_good(f, runs);
    }
    for (int i = 0; i < THREADS; i++)
        g_thread_join(threads[i]);
    g_autoptr(GPtrArray) here = all_seen(f->archive);

    close_archive(f);
    g_autoptr(DnArchive) again = restore(f, NULL, "new", NULL);
    g_autoptr(GPtrArray) there = all_seen(again);

    assert_same(here, there);
}

/* --- what is kept --- */

static void
test_policies(void)
{
    /* Hours since the first Monday of 2026 in Japan, and which stay. */
    static const struct {
        const char *policy;
        const char *kept;
    } cases[] = {
        {"last=1", "........x"},   {"last=3", "......xxx"},         {"daily=1", "........x"},
        {"daily=3", "...x..x.x"},  {"daily=2,last=2", "......xxx"}, {"weekly=2", "......x.x"},
        {"weekly=3", "...x..x.x"}, {"monthly=9", "........x"},      {"yearly=9", "........x"},
        {"daily=9", ".xxx..x.x"},
    };
    static const int hours[] = {0,          23,          24,      6 * 24,     7 * 24,
                                7 * 24 + 1, 7 * 24 + 23, 14 * 24, 14 * 24 + 2};
    DnDate monday = {2026, 1, 5};
    int64_t begin_ms = ((int64_t)dn_date_to_days(&monday) * 24 - 9) * 3600 * 1000;
    int64_t times[G_N_ELEMENTS(hours)];
    g_autoptr(GError) error = NULL;

    for (size_t i = 0; i < G_N_ELEMENTS(hours); i++)
        times[i] = begin_ms + hours[i] * INT64_C(3600000);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        bool keep[G_N_ELEMENTS(hours)];
        char shown[G_N_ELEMENTS(hours) + 1] = "";
        DnBackupPolicy policy;

        g_assert_true(dn_backup_policy_parse(cases[i].policy, &policy, &error));
        dn_backup_policy_apply(&policy, times, G_N_ELEMENTS(hours), keep);
        for (size_t j = 0; j < G_N_ELEMENTS(hours); j++)
            shown[j] = keep[j] ? 'x' : '.';
        g_assert_cmpstr(shown, ==, cases[i].kept);
    }
}

static void
test_policies_that_say_nothing(void)
{
    static const char *const bad[] = {
        "",         "7",        "daily",    "daily=",          "daily=0",
        "daily=-1", "daily=7,", "hourly=3", "daily=7,daily=8", "daily=99999"};

    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        DnBackupPolicy policy;

        g_assert_false(dn_backup_policy_parse(bad[i], &policy, &error));
        assert_code(error, INVALID);
    }
}

static void
test_what_is_not_kept_goes_with_its_bytes(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func(g_free);
    DnBackupOptions two = {.keep = "last=2"};

    (void)data;
    for (int i = 0; i < 5; i++) {
        g_autofree char *text = g_strdup_printf("document %d", i);

        ingest(f->archive, text, 3000, "2026-04-01");
        g_autoptr(json_t) made = back_up_as(f, &two);

        g_assert_cmpint(dn_json_int(made, "generations", 0), ==, MIN(i + 1, 2));
    }
    g_assert_true(dn_backup_list(f->dest, collect, rows, &error));
    g_assert_cmpint(rows->len, ==, 2);
    assert_good(f, 4);
    assert_good(f, 5);
    g_autoptr(GPtrArray) left = files_below(f->dest, "generations/000005");
    g_autoptr(GPtrArray) all = files_below(f->dest, "generations");

    g_assert_cmpint(all->len, ==, 2 * (left->len + 1));
}

/* After many runs a finished segment is one file again, and the pieces go. */
static void
test_pieces_of_a_finished_segment_are_joined(Fixture *f, gconstpointer data)
{
    DnBackupOptions one = {.keep = "last=1", .quick = true};

    (void)data;
    for (int i = 0; i < 65; i++) {
        g_autofree char *text = g_strdup_printf("document %d", i);

        ingest(f->archive, text, 100, "2026-04-01");
        g_autoptr(json_t) made = back_up_as(f, &one);
    }
    g_autoptr(GPtrArray) pieces = files_below(f->dest, "log");

    g_assert_cmpint(pieces->len, ==, 65);
    ingest(f->archive, "large", 115000, "2026-04-01"); /* into the next segment */
    g_autoptr(json_t) made = back_up_as(f, &one);
    g_autoptr(GPtrArray) joined = files_below(f->dest, "log");

    g_assert_cmpint(joined->len, ==, 2);
    assert_good(f, 0);
}

/* --- keys --- */

static DnKeyring *
open_keys(const Fixture *f, const char *dir)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *conf = g_build_filename(dir, "dencho.conf", NULL);
    g_autofree char *keys = g_build_filename(dir, "keys", NULL);
    g_autoptr(DnSettings) settings = dn_settings_load(conf, &error);
    g_autoptr(DnSecret) master = dn_master_key_load(f->key, &error);
    DnUuid id;

    g_assert_no_error(error);
    g_assert_true(dn_uuid_parse(dn_settings_string(settings, "archive", "id"), &id, &error));
    DnKeyring *ring = dn_keyring_open(keys, &id, master, &error);

    g_assert_no_error(error);
    return ring;
}

static void
destroy_period(const Fixture *f, const char *period)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(DnKeyring) ring = open_keys(f, f->dir);
    g_autoptr(GArray) tenants = dn_keyring_tenants(ring);

    g_assert_true(
        dn_keyring_destroy_period(ring, &g_array_index(tenants, DnUuid, 0), period, &error));
    g_assert_no_error(error);
}

static unsigned
count_keys(const Fixture *f, const char *suffix)
{
    g_autoptr(GPtrArray) files = files_below(f->dest, "generations");
    unsigned count = 0;

    for (guint i = 0; i < files->len; i++)
        count += g_str_has_suffix(g_ptr_array_index(files, i), suffix);
    return count;
}

static void
test_what_was_destroyed_does_not_come_back(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    DnUuid old = ingest(f->archive, "old", 3000, "2016-05-01");
    DnUuid young = ingest(f->archive, "young", 3000, "2026-05-01");
    g_autoptr(json_t) before = back_up(f);
    unsigned keys = count_keys(f, ".key");

    (void)data;
    close_archive(f);
    destroy_period(f, "2016");
    open_archive(f);
    g_autoptr(json_t) after = back_up(f);

    g_assert_cmpuint(count_keys(f, ".key"), ==, 2 * (keys - 1)); /* in neither generation */
    g_assert_cmpuint(count_keys(f, ".gone"), ==, 2);             /* but the note of it in both */
    assert_good(f, 1);
    assert_good(f, 2);
    close_archive(f);
    g_autoptr(json_t) totals = NULL;
    g_autoptr(DnArchive) again = restore(f, &(DnBackupPick){.generation = 1}, "new", &totals);
    const char *type = NULL;
    g_autoptr(GBytes) none = dn_archive_cat(again, &old, "original", 0, &type, &error);

    g_assert_null(none);
    assert_code(error, NOT_FOUND);
    g_autoptr(GBytes) some = dn_archive_cat(again, &young, "original", 0, &type, &error);

    g_assert_no_error(error);
    g_assert_cmpint(dn_json_int(totals, "destroyed", 0), ==, 1);
    /* Nor when the newest manifest, which no longer names the key, is damaged. */
    flip(f->dest, "generations/000002.json", 5);
    g_autoptr(DnArchive) older = restore(f, &(DnBackupPick){.generation = 1}, "older", NULL);

    none = dn_archive_cat(older, &old, "original", 0, &type, &error);
    g_assert_null(none);
    assert_code(error, NOT_FOUND);
    assert_good(f, 1);
    flip(f->dest, "generations/000002.json", 5);
    /* And the restored archive's own backups let go of it too. */
    g_autofree char *dest = g_build_filename(f->root, "second", NULL);
    g_autoptr(json_t) made = NULL;

    g_assert_true(dn_archive_backup(again, dest, NULL, NULL, NULL, &made, &error));
    g_assert_no_error(error);
}

/* A tenant that was closed since is not opened by an older generation either. */
static void
test_a_closed_tenant_does_not_come_back(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) row = NULL;
    g_autoptr(json_t) closed = NULL;

    (void)data;
    g_assert_true(dn_archive_tenant_create(f->archive, "another", &row, &error));
    close_archive(f);
    f->archive = dn_archive_open(f->dir, &(DnArchiveOptions){.tenant = "another"}, &error);
    g_assert_no_error(error);
    ingest(f->archive, "of another", 3000, "2026-04-01");
    close_archive(f);
    open_archive(f);
    DnUuid mine = ingest(f->archive, "mine", 3000, "2026-04-01");
    g_autoptr(json_t) before = back_up(f);

    g_assert_true(dn_archive_tenant_close(
        f->archive, "another",
        &(DnTenantClose){.without_export = true, .early = true, .reason = "test"}, NULL, NULL,
        &closed, &error));
    g_assert_no_error(error);
    g_autoptr(json_t) after = back_up(f);

    assert_good(f, 1);
    assert_good(f, 2);
    close_archive(f);
    g_autoptr(DnArchive) newest = restore(f, NULL, "newest", NULL);
    g_autoptr(DnArchive) older = restore(f, &(DnBackupPick){.generation = 1}, "older", NULL);
    g_autofree char *dir = g_build_filename(f->root, "older", NULL);
    g_autofree char *dest = g_build_filename(f->root, "second", NULL);
    g_autoptr(json_t) made = NULL;
    const char *type = NULL;
    g_autoptr(GBytes) original = dn_archive_cat(older, &mine, "original", 0, &type, &error);

    g_assert_no_error(error);
    g_assert_true(dn_archive_backup(older, dest, NULL, NULL, NULL, &made, &error));
    g_assert_no_error(error);
    g_clear_pointer(&older, dn_archive_close);
    g_autofree char *key = key_for(f, "older");

    g_assert_null(
        dn_archive_open(dir, &(DnArchiveOptions){.key_file = key, .tenant = "another"}, &error));
    assert_code(error, NOT_FOUND);
    g_free(f->dest);
    f->dest = g_steal_pointer(&dest);
    assert_good(f, 1);
}

/* A key that is only lost stays where it still is. */
static void
test_a_lost_key_is_not_let_go_of(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) result = NULL;

    (void)data;
    ingest(f->archive, "old", 3000, "2016-05-01");
    g_autoptr(json_t) before = back_up(f);
    unsigned keys = count_keys(f, ".key");
    g_autoptr(GPtrArray) files = files_below(f->dir, "keys");

    close_archive(f);
    for (guint i = 0; i < files->len; i++) {
        g_autofree char *path = g_build_filename(f->dir, g_ptr_array_index(files, i), NULL);
        g_autofree char *bytes = NULL;
        gsize size = 0;

        g_assert_true(g_file_get_contents(path, &bytes, &size, &error));
        if (bytes[10] == 'p')
            g_assert_cmpint(unlink(path), ==, 0);
    }
    open_archive(f);
    g_assert_false(dn_archive_backup(f->archive, f->dest, NULL, NULL, NULL, &result, &error));
    assert_code(error, CORRUPT);
    g_assert_cmpuint(count_keys(f, ".key"), ==, keys);
    assert_good(f, 1);
}

/* An older copy of keys/ over the newer one. */
static void
test_a_destroyed_key_that_was_put_back_is_noticed(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) result = NULL;
    g_autofree char *keys = g_build_filename(f->dir, "keys", NULL);
    g_autofree char *copy = g_build_filename(f->root, "keys.copy", NULL);
    char *argv[] = {(char *)"cp", (char *)"-a", keys, copy, NULL};

    (void)data;
    ingest(f->archive, "old", 3000, "2016-05-01");
    close_archive(f);
    g_assert_true(
        g_spawn_sync(NULL, argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL, &error));
    destroy_period(f, "2016");
    open_archive(f);
    g_autoptr(json_t) made = back_up(f);
    unsigned left = count_keys(f, ".key");

    close_archive(f);
    g_assert_true(dn_fs_remove_tree(keys, &error));
    g_assert_cmpint(rename(copy, keys), ==, 0);
    open_archive(f);
    g_assert_false(dn_archive_backup(f->archive, f->dest, NULL, NULL, NULL, &result, &error));
    assert_code(error, CORRUPT);
    g_assert_cmpuint(count_keys(f, ".key"), ==, left);
}

static void
test_the_present_master_opens_every_generation(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *fresh = g_build_filename(f->root, "fresh.key", NULL);
    g_autoptr(json_t) row = NULL;

    (void)data;
    ingest(f->archive, "one", 3000, "2026-04-01");
    g_autoptr(GPtrArray) then = all_seen(f->archive);
    g_autoptr(json_t) first = back_up(f);

    g_assert_true(dn_archive_key_rotate(f->archive, fresh, false, &row, &error));
    g_autoptr(json_t) second = back_up(f);

    close_archive(f);
    g_free(f->key);
    f->key = g_steal_pointer(&fresh);
    assert_good(f, 1);
    g_autoptr(DnArchive) again = restore(f, &(DnBackupPick){.generation = 1}, "new", NULL);
    g_autoptr(GPtrArray) seen = all_seen(again);

    assert_same(seen, then);
}

/* A damaged key file is found in an older generation that has the same bytes. */
static void
test_small_files_are_found_in_other_generations(Fixture *f, gconstpointer data)
{
    (void)data;
    ingest(f->archive, "one", 3000, "2026-04-01");
    g_autoptr(json_t) first = back_up(f);
    g_autoptr(json_t) second = back_up(f);
    g_autoptr(GPtrArray) keys = files_below(f->dest, "generations/000002/keys");

    for (guint i = 0; i < keys->len; i++)
        flip(f->dest, g_ptr_array_index(keys, i), 120);
    close_archive(f);
    g_autoptr(DnArchive) again = restore(f, NULL, "new", NULL);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define T(name, data)                                                                              \
    g_test_add("/engine/backup/" #name, Fixture, data, set_up, test_##name, tear_down)
    T(a_second_run_copies_only_new_bytes, NULL);
    T(what_comes_back_is_what_was_there, NULL);
    T(an_older_generation_is_accepted_with_a_reason, NULL);
    T(a_restore_with_a_reason_can_be_used_at_once, NULL);
    T(a_backup_is_witnessed, NULL);
    T(what_cannot_be_listed_is_not_let_go_of, NULL);
    T(a_restore_wants_a_new_folder_the_key_and_a_generation, NULL);
    T(a_folder_of_something_else_is_left_alone, NULL);
    T(a_damaged_archive_adds_nothing, NULL);
    T(a_quick_run_reads_only_what_is_new, NULL);
    T(every_damaged_file_is_named, NULL);
    T(damage_in_a_backup_is_placed, NULL);
    T(a_forged_manifest_is_refused, NULL);
    T(hostile_manifests_are_damage, NULL);
    T(an_archive_put_back_is_noticed, NULL);
    T(a_run_that_is_stopped_leaves_the_last_generation, NULL);
    T(leftovers_of_a_kill_are_no_generation, NULL);
    T(a_full_target_keeps_the_last_generation, NULL);
    T(one_backup_at_a_time, NULL);
    T(ingest_goes_on_meanwhile, NULL);
    g_test_add_func("/engine/backup/policies", test_policies);
    g_test_add_func("/engine/backup/policies_that_say_nothing", test_policies_that_say_nothing);
    T(what_is_not_kept_goes_with_its_bytes, NULL);
    T(pieces_of_a_finished_segment_are_joined, "archive.segment-bytes=120000");
    T(what_was_destroyed_does_not_come_back, NULL);
    T(a_closed_tenant_does_not_come_back, NULL);
    T(a_lost_key_is_not_let_go_of, NULL);
    T(a_destroyed_key_that_was_put_back_is_noticed, NULL);
    T(the_present_master_opens_every_generation, NULL);
    T(small_files_are_found_in_other_generations, NULL);
    return g_test_run();
}
