/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tests/unit/engine/test-damage.c - what an archive says of files that were lost, exchanged, put
 * back, written by a newer program, or for which there is no space.
 */
#include "config.h"
#include "base/digest.h"
#include "base/fs.h"
#include "engine/internal.h"
#include "engine/view-format.h"
#include "tests/torture/common.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { STEPS = 21, MORE = 30, SMALL_DISK = 24 << 20 };

typedef struct {
    char *root;
    char *dir;
    char *copy; /* where a test keeps an older copy */
    char *witness;
    TortureState state;
    DnArchive *archive;
} Fixture;

static void
go_on(Fixture *fixture, int end)
{
    g_autoptr(GError) error = NULL;

    for (int step = fixture->state.next; step < end; step++) {
        g_assert_true(torture_step(fixture->archive, &fixture->state, step, &error));
        g_assert_no_error(error);
    }
}

static void
open_it(Fixture *fixture)
{
    g_autoptr(GError) error = NULL;

    fixture->archive = torture_open(fixture->dir, &error);
    g_assert_no_error(error);
}

static void
close_it(Fixture *fixture)
{
    g_clear_pointer(&fixture->archive, dn_archive_close);
}

static void
set_up(Fixture *fixture, gconstpointer data)
{
    (void)data;
    fixture->dir = torture_new_archive(TORTURE_SEGMENT, &fixture->root);
    fixture->copy = g_build_filename(fixture->root, "copy", NULL);
    fixture->witness = g_strconcat(fixture->dir, ".key.witness", NULL);
    open_it(fixture);
    go_on(fixture, STEPS);
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
    (void)data;
    close_it(fixture);
    g_assert_true(dn_fs_remove_tree(fixture->root, NULL));
    g_free(fixture->root);
    g_free(fixture->dir);
    g_free(fixture->copy);
    g_free(fixture->witness);
}

static void
expect_whole(Fixture *fixture)
{
    g_autofree char *wrong = torture_check(fixture->archive, &fixture->state);

    g_assert_cmpstr(wrong, ==, NULL);
}

/* It does not open; the message holds @part. */
static void
expect_refused(Fixture *fixture, DnErrorCode code, const char *part)
{
    g_autoptr(GError) error = NULL;

    g_assert_null(torture_open(fixture->dir, &error));
    g_assert_error(error, DN_ERROR, (int)code);
    if (!strstr(error->message, part))
        g_test_message("%s", error->message);
    g_assert_nonnull(strstr(error->message, part));
}

static char *
in(const Fixture *fixture, const char *name)
{
    return g_build_filename(fixture->dir, name, NULL);
}

/* --- segments --- */

/* What the view could never apply would hold up everything after it: it never gets into the log. */
static void
test_an_entry_that_does_not_fit_is_refused(Fixture *fixture, gconstpointer data)
{
    static const char *const misfits[] = {
        "{\"type\":\"voucher.corrected\",\"voucher\":\"01890000-0000-7000-8000-000000000001\","
        "\"reason\":\"x\",\"changes\":[{\"field\":\"amount\"}]}",
        "{\"type\":\"voucher.corrected\",\"voucher\":\"no id\",\"reason\":\"x\"}",
        "{\"type\":\"disposal.approved\",\"plan\":7,\"sha256\":\"x\"}",
        "{\"type\":\"disposal.done\",\"plan\":7,\"period\":\"2026\"}",
        "{\"type\":\"tenant.closed\",\"closed_tenant\":\"nobody\"}"};
    static const char *const of_a_voucher[] = {
        "voucher.registered", "voucher.corrected", "voucher.revised",
        "voucher.undeleted",  "hold.lifted",       "request.approved",
        "voucher.unreadable", "voucher.read",      "voucher.linked"};
    DnStorePosition before;

    (void)data;
    before = dn_store_end(fixture->archive->store);
    for (size_t i = 0; i < G_N_ELEMENTS(misfits) + G_N_ELEMENTS(of_a_voucher); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(json_t) entry = i < G_N_ELEMENTS(misfits)
                                      ? dn_json_parse(misfits[i], strlen(misfits[i]), &error)
                                      : json_object();
        DnStorePosition after;

        if (i >= G_N_ELEMENTS(misfits)) { /* of one that is there, and with nothing it needs */
            dn_json_set_string(entry, "type", of_a_voucher[i - G_N_ELEMENTS(misfits)]);
            dn_json_set_string(entry, "voucher", fixture->state.documents[0].voucher);
        }
        g_assert_no_error(error);
        g_assert_false(
            dn_commit(fixture->archive, &fixture->archive->tenant, NULL, NULL, 0, entry, &error));
        g_assert_nonnull(error);
        after = dn_store_end(fixture->archive->store);
        g_assert_cmpint(dn_store_position_compare(&before, &after), ==, 0);
    }
    go_on(fixture, STEPS + 3);
    g_autofree char *wrong = torture_check(fixture->archive, &fixture->state);

    g_assert_cmpstr(wrong, ==, NULL);
    close_it(fixture);
}

static void
test_two_segments_exchanged(Fixture *fixture, gconstpointer data)
{
    g_autofree char *first = in(fixture, "log/000001.seg");
    g_autofree char *second = in(fixture, "log/000002.seg");
    g_autofree char *aside = in(fixture, "log/aside");

    (void)data;
    close_it(fixture);
    g_assert_cmpint(rename(first, aside), ==, 0);
    g_assert_cmpint(rename(second, first), ==, 0);
    g_assert_cmpint(rename(aside, second), ==, 0);
    expect_refused(fixture, DN_ERROR_CORRUPT, "segment 1");
}

static void
test_a_segment_removed(Fixture *fixture, gconstpointer data)
{
    g_autofree char *first = in(fixture, "log/000001.seg");
    g_autofree char *aside = in(fixture, "aside");

    (void)data;
    close_it(fixture);
    g_assert_cmpint(rename(first, aside), ==, 0);
    expect_refused(fixture, DN_ERROR_CORRUPT, "segment 1 is missing");
}

static void
test_the_last_segment_removed(Fixture *fixture, gconstpointer data)
{
    g_autofree char *log = in(fixture, "log");
    g_autoptr(GDir) listing = g_dir_open(log, 0, NULL);
    g_autofree char *last = NULL;

    (void)data;
    close_it(fixture);
    for (const char *name = g_dir_read_name(listing); name; name = g_dir_read_name(listing))
        if (!last || strcmp(name, last) > 0) {
            g_free(last);
            last = g_strdup(name);
        }
    g_autofree char *path = g_build_filename(log, last, NULL);

    g_assert_cmpint(unlink(path), ==, 0);
    expect_refused(fixture, DN_ERROR_CORRUPT, "is missing");
}

/* --- rollback --- */

static void
put_back(Fixture *fixture)
{
    g_assert_true(dn_fs_remove_tree(fixture->dir, NULL));
    g_assert_cmpint(rename(fixture->copy, fixture->dir), ==, 0);
}

static bool
collect(const json_t *row, void *user_data, GError **error)
{
    (void)error;
    g_ptr_array_add(user_data, dn_json_line(row));
    return true;
}

static DnArchive *
accept_it(Fixture *fixture, const char *reason, GError **error)
{
    DnArchiveOptions options = {
        .actor = "test", .worker_path = "/nonexistent", .accept_rollback = reason};

    return dn_archive_open(fixture->dir, &options, error);
}

static void
test_an_older_copy_put_back(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    TortureState then = fixture->state;

    (void)data;
    close_it(fixture);
    torture_copy_tree(fixture->dir, fixture->copy);
    open_it(fixture);
    go_on(fixture, MORE);
    close_it(fixture);
    put_back(fixture);
    expect_refused(fixture, DN_ERROR_CORRUPT, "an older copy of the archive was put back");
    expect_refused(fixture, DN_ERROR_CORRUPT, "--accept-rollback"); /* looking changes nothing */
    g_assert_null(accept_it(fixture, "  ", &error));
    g_assert_error(error, DN_ERROR, DN_ERROR_INVALID);
    g_clear_error(&error);
    fixture->archive = accept_it(fixture, "the disk was lost", &error);
    g_assert_no_error(error);
    fixture->state = then;
    expect_whole(fixture);
    go_on(fixture, MORE);
    close_it(fixture);
    open_it(fixture); /* accepted once and for all */
    expect_whole(fixture);
}

/* Only the log is older: the view knows more. */
static void
test_an_older_log_put_back(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *log = in(fixture, "log");
    TortureState then = fixture->state;

    (void)data;
    close_it(fixture);
    torture_copy_tree(log, fixture->copy);
    open_it(fixture);
    go_on(fixture, MORE);
    close_it(fixture);
    g_assert_true(dn_fs_remove_tree(log, NULL));
    g_assert_cmpint(rename(fixture->copy, log), ==, 0);
    expect_refused(fixture, DN_ERROR_CORRUPT, "older copy");
    fixture->archive = accept_it(fixture, "tried out", &error);
    g_assert_no_error(error);
    fixture->state = then;
    expect_whole(fixture);
}

/* Longer than the witness has seen, but another continuation. */
static void
test_an_older_copy_that_went_on(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *kept = g_strconcat(fixture->witness, ".kept", NULL);

    (void)data;
    close_it(fixture);
    torture_copy_tree(fixture->dir, fixture->copy);
    open_it(fixture);
    go_on(fixture, STEPS + 1);
    close_it(fixture);
    g_assert_cmpint(rename(fixture->witness, kept), ==, 0);
    put_back(fixture);
    fixture->state.next = STEPS;
    fixture->state.documents[STEPS / 3] = (TortureDocument){0};
    open_it(fixture);
    go_on(fixture, MORE);
    close_it(fixture);
    g_assert_cmpint(rename(kept, fixture->witness), ==, 0);
    expect_refused(fixture, DN_ERROR_CORRUPT, "older copy");
}

/* Killed after commits that the witness has not seen: no rollback. */
static void
test_a_log_that_is_ahead_of_its_witness(Fixture *fixture, gconstpointer data)
{
    g_autofree char *kept = g_strconcat(fixture->witness, ".kept", NULL);

    (void)data;
    close_it(fixture);
    torture_copy_tree(fixture->witness, kept);
    open_it(fixture);
    go_on(fixture, MORE);
    close_it(fixture);
    g_assert_cmpint(rename(kept, fixture->witness), ==, 0);
    open_it(fixture);
    expect_whole(fixture);
}

static char *
doctor_row(DnArchive *archive, const char *name)
{
    g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GError) error = NULL;
    g_autofree char *wanted = g_strdup_printf("\"name\":\"%s\"", name);

    g_assert_true(dn_archive_doctor(archive, collect, rows, &error));
    for (guint i = 0; i < rows->len; i++)
        if (strstr(g_ptr_array_index(rows, i), wanted))
            return g_strdup(g_ptr_array_index(rows, i));
    return NULL;
}

static void
test_without_a_witness_nothing_is_compared(Fixture *fixture, gconstpointer data)
{
    (void)data;
    g_autofree char *with = doctor_row(fixture->archive, "rollback");

    g_assert_nonnull(strstr(with, "\"ok\""));
    close_it(fixture);
    g_assert_cmpint(unlink(fixture->witness), ==, 0);
    open_it(fixture);
    expect_whole(fixture);
    g_assert_cmpint(unlink(fixture->witness), ==, 0); /* opening has written a new one */
    g_autofree char *without = doctor_row(fixture->archive, "rollback");

    g_assert_nonnull(strstr(without, "\"warning\""));
}

static void
test_a_witness_that_was_changed(Fixture *fixture, gconstpointer data)
{
    g_autofree char *text = NULL;
    gsize size = 0;

    (void)data;
    close_it(fixture);
    g_assert_true(g_file_get_contents(fixture->witness, &text, &size, NULL));
    for (gsize i = 0; i < size; i += 7) {
        text[i] ^= 1;
        g_assert_true(g_file_set_contents(fixture->witness, text, (gssize)size, NULL));
        text[i] ^= 1;
        expect_refused(fixture, DN_ERROR_CORRUPT, fixture->witness);
    }
    g_assert_true(g_file_set_contents(fixture->witness, text, (gssize)size, NULL));
    open_it(fixture);
}

/* --- the view --- */

static void
test_a_damaged_view_is_built_again(Fixture *fixture, gconstpointer data)
{
    static const char *const files[] = {"CURRENT", "IDENTITY"};

    (void)data;
    for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
        g_autofree char *path = g_build_filename(fixture->dir, "view", files[i], NULL);

        close_it(fixture);
        g_assert_true(g_file_set_contents(path, "rubbish", -1, NULL));
        open_it(fixture);
        expect_whole(fixture);
    }
}

static bool
take_first_voucher(const DnValue *state, void *user_data, G_GNUC_UNUSED GError **error)
{
    DnUuid *id = user_data;

    return dn_uuid_parse(dn_value_string(state, "voucher"), id, NULL) && false;
}

static void
put_state(Fixture *fixture, const uint8_t *key, const uint8_t *bytes, size_t size)
{
    g_autoptr(DnKvBatch) batch = dn_kv_batch_new();
    g_autoptr(GError) error = NULL;

    dn_kv_batch_put(batch, DN_KV_VOUCHER, key, DN_VIEW_VOUCHER_KEY, bytes, size);
    g_assert_true(dn_kv_write(fixture->archive->view, batch, &error));
    g_assert_no_error(error);
}

/* A bit that flips where no checksum sees it: the state is read no more, or is not what the entries
 * say. */
static void
test_a_damaged_state_is_found(Fixture *fixture, gconstpointer data)
{
    DnArchive *archive = fixture->archive;
    g_autoptr(GError) error = NULL;
    g_autofree char *mark = in(fixture, "view.damaged");
    uint8_t key[DN_VIEW_VOUCHER_KEY];
    unsigned unread = 0;
    gsize size = 0;
    DnUuid id;

    (void)data;
    dn_view_each_value(archive, take_first_voucher, &id, NULL);
    dn_view_voucher_key(&archive->tenant, &id, key);
    g_autoptr(GBytes) row = dn_kv_get(archive->view, DN_KV_VOUCHER, key, sizeof key, &error);
    g_autofree uint8_t *bytes = g_bytes_unref_to_data(g_bytes_ref(row), &size);

    for (gsize bit = 0; bit < 8 * size; bit++) {
        g_autoptr(GError) problem = NULL;

        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        put_state(fixture, key, bytes, size);
        g_autoptr(json_t) state = dn_view_voucher(archive, &id, &problem);

        if (state)
            g_assert_false(dn_view_check_state(archive, &id, state, &problem));
        else
            unread++;
        g_assert_error(problem, DN_ERROR, DN_ERROR_CORRUPT);
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    g_assert_cmpuint(unread, >, 0);
    put_state(fixture, key, (const uint8_t *)"\x0a", 1);
    g_assert_null(dn_view_voucher(archive, &id, &error));
    g_assert_true(g_file_test(mark, G_FILE_TEST_EXISTS));
    close_it(fixture);
    open_it(fixture);
    expect_whole(fixture);
}

/* --- what a newer program has written --- */

static int
compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void
hash_tree(const char *path, DnDigest *digest)
{
    g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *bytes = NULL;
    gsize size = 0;

    if (!dir) {
        g_assert_true(g_file_get_contents(path, &bytes, &size, NULL));
        dn_digest_add(digest, path, strlen(path));
        dn_digest_add(digest, bytes, size);
        return;
    }
    for (const char *name = g_dir_read_name(dir); name; name = g_dir_read_name(dir))
        g_ptr_array_add(names, g_build_filename(path, name, NULL));
    g_ptr_array_sort(names, compare_names);
    for (guint i = 0; i < names->len; i++)
        hash_tree(g_ptr_array_index(names, i), digest);
}

static DnSha256
hash_of(const Fixture *fixture)
{
    g_autoptr(DnDigest) digest = dn_digest_new();

    hash_tree(fixture->root, digest);
    return dn_digest_finish(digest);
}

static void
expect_untouched(Fixture *fixture)
{
    DnSha256 before = hash_of(fixture);

    expect_refused(fixture, DN_ERROR_UNSUPPORTED, "this program knows");
    DnSha256 after = hash_of(fixture);

    g_assert_true(dn_sha256_equal(&before, &after));
}

static void
test_a_newer_archive(Fixture *fixture, gconstpointer data)
{
    g_autofree char *conf = in(fixture, "dencho.conf");
    g_autofree char *text = NULL;

    (void)data;
    close_it(fixture);
    g_assert_true(g_file_get_contents(conf, &text, NULL, NULL));
    g_auto(GStrv) parts = g_strsplit(text, "format=1", 2);

    g_assert_cmpint(g_strv_length(parts), ==, 2);
    g_autofree char *newer = g_strjoinv("format=2", parts);

    g_assert_true(g_file_set_contents(conf, newer, -1, NULL));
    expect_untouched(fixture);
}

/* Version 2 in the header of a segment, with its check made anew. */
static void
test_a_newer_segment(Fixture *fixture, gconstpointer data)
{
    g_autofree char *log = in(fixture, "log");
    g_autoptr(GDir) listing = g_dir_open(log, 0, NULL);

    (void)data;
    close_it(fixture);
    for (const char *name = g_dir_read_name(listing); name; name = g_dir_read_name(listing)) {
        g_autofree char *path = g_build_filename(log, name, NULL);
        g_autofree char *bytes = NULL;
        g_autofree char *newer = NULL;
        gsize size = 0;

        g_assert_true(g_file_get_contents(path, &bytes, &size, NULL));
        newer = g_memdup2(bytes, size);
        newer[9] = 2;
        DnSha256 check = dn_sha256(newer, 64);

        memcpy(newer + 64, check.bytes, 8);
        g_assert_true(g_file_set_contents(path, newer, (gssize)size, NULL));
        expect_untouched(fixture);
        g_assert_true(g_file_set_contents(path, bytes, (gssize)size, NULL));
    }
    open_it(fixture);
    expect_whole(fixture);
}

static void
test_a_newer_key(Fixture *fixture, gconstpointer data)
{
    g_autofree char *keys = in(fixture, "keys");
    g_autoptr(GDir) listing = g_dir_open(keys, 0, NULL);

    (void)data;
    close_it(fixture);
    for (const char *name = g_dir_read_name(listing); name; name = g_dir_read_name(listing)) {
        g_autofree char *path = g_build_filename(keys, name, NULL);
        g_autofree char *bytes = NULL;
        gsize size = 0;

        g_assert_true(g_file_get_contents(path, &bytes, &size, NULL));
        bytes[9] = 2;
        g_assert_true(g_file_set_contents(path, bytes, (gssize)size, NULL));
        expect_untouched(fixture);
        bytes[9] = 1;
        g_assert_true(g_file_set_contents(path, bytes, (gssize)size, NULL));
    }
    open_it(fixture);
    expect_whole(fixture);
}

/* An entry of a type that this program does not know, as the next of the ledger. */
static void
append_newer_entry(Fixture *fixture, const char *type)
{
    DnArchive *archive = fixture->archive;
    DnClockReading clock = dn_clock_read();
    g_autoptr(json_t) body = json_pack("{s:s}", "type", "user.added");
    g_autoptr(GError) error = NULL;
    DnLedgerHead head;
    DnLedgerHead next;

    g_assert_true(dn_view_head(archive, &archive->tenant, &head, &error));
    g_autofree char *line =
        dn_entry_line(body, &archive->tenant, "later", &clock, &head, &next, &error);
    g_auto(GStrv) parts = g_strsplit(line, "user.added", 2);
    g_autofree char *newer = g_strjoinv(type, parts);
    g_autoptr(GBytes) sealed =
        dn_seal_line(archive->keys, &archive->tenant, next.seq, newer, &error);
    DnStoreEntry entry = {.seq = next.seq, .sealed = sealed};
    DnStoreCommit commit = {archive->tenant, head.seq, NULL, 0, &entry, 1};
    g_auto(DnStoreReceipt) receipt = {0};

    g_assert_true(dn_store_append(archive->store, &commit, &receipt, &error));
    g_assert_true(dn_store_wait(archive->store, receipt.ticket, &error));
    g_assert_no_error(error);
}

static DnSha256
hash_of_part(const Fixture *fixture, const char *name)
{
    g_autoptr(DnDigest) digest = dn_digest_new();
    g_autofree char *path = in(fixture, name);

    hash_tree(path, digest);
    return dn_digest_finish(digest);
}

/* It is named, and all that the later program needs to go on is there. */
static void
test_a_newer_entry(Fixture *fixture, gconstpointer data)
{
    static const uint8_t later = UINT8_MAX;
    static const char *const parts[] = {"log", "keys", "dencho.conf"};
    g_autofree char *stays = g_build_filename(fixture->dir, "view", "stays", NULL);
    g_autoptr(DnKvBatch) batch = dn_kv_batch_new();
    g_autoptr(GError) error = NULL;
    DnSha256 before[G_N_ELEMENTS(parts)];

    (void)data;
    append_newer_entry(fixture, "voucher.translated");
    close_it(fixture);
    for (size_t i = 0; i < G_N_ELEMENTS(parts); i++)
        before[i] = hash_of_part(fixture, parts[i]);
    for (int round = 0; round < 2; round++) { /* behind the view; in a view that the later made */
        g_assert_true(g_file_set_contents(stays, "", 0, NULL));
        expect_refused(fixture, DN_ERROR_UNSUPPORTED, "voucher.translated");
        expect_refused(fixture, DN_ERROR_UNSUPPORTED, "entry ");
        expect_refused(fixture, DN_ERROR_UNSUPPORTED, PACKAGE_VERSION);
        for (size_t i = 0; i < G_N_ELEMENTS(parts); i++) {
            DnSha256 after = hash_of_part(fixture, parts[i]);

            g_assert_true(dn_sha256_equal(&before[i], &after));
        }
        g_assert_true(g_file_test(stays, G_FILE_TEST_EXISTS));
        if (round > 0)
            break;
        DnArchive *alone =
            dn_archive_open_view_only(fixture->dir, &(DnArchiveOptions){.actor = "later"}, &error);

        g_assert_no_error(error);
        dn_kv_batch_put(batch, DN_KV_META, dn_view_format_key, strlen(dn_view_format_key), &later,
                        1);
        g_assert_true(dn_kv_write(alone->view, batch, &error));
        dn_archive_close(alone);
    }
}

/* --- no space --- */

static bool
ingest_large(DnArchive *archive, size_t size, GError **error)
{
    g_autofree char *bytes = g_strnfill(size, 'x');
    g_autoptr(json_t) result = NULL;

    memcpy(bytes, "\x89PNG\r\n\x1a\n", 8);
    g_autoptr(GBytes) document = g_bytes_new(bytes, size);

    return dn_archive_ingest(archive, document, &(DnIngest){.no_wait = true}, &result, error);
}

/* A limit on the size of files is a disk that is full for the log. */
static void
test_a_full_disk_refuses_and_goes_on(Fixture *fixture, gconstpointer data)
{
    g_autofree char *reserve = in(fixture, "reserve");
    g_autoptr(GError) error = NULL;
    struct rlimit unlimited;

    (void)data;
    g_assert_true(g_file_test(reserve, G_FILE_TEST_EXISTS));
    g_assert_cmpint(getrlimit(RLIMIT_FSIZE, &unlimited), ==, 0);
    signal(SIGXFSZ, SIG_IGN);
    struct rlimit small = {.rlim_cur = 9000, .rlim_max = unlimited.rlim_max};

    g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &small), ==, 0);
    g_assert_false(ingest_large(fixture->archive, 20000, &error));
    g_assert_error(error, DN_ERROR, DN_ERROR_IO);
    g_clear_error(&error);
    g_assert_false(g_file_test(reserve, G_FILE_TEST_EXISTS)); /* given back */
    g_assert_false(ingest_large(fixture->archive, 100, &error));
    g_assert_error(error, DN_ERROR, DN_ERROR_IO);
    g_assert_nonnull(strstr(error->message, "free 8 MB"));
    g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &unlimited), ==, 0);
    expect_whole(
        fixture); /* of what is stored nothing is missing, nothing of what was refused is there */
    go_on(fixture, MORE);
    g_assert_true(g_file_test(reserve, G_FILE_TEST_EXISTS));
    expect_whole(fixture);
}

/* The same on a small disk that is really full, where it is possible to make one. */
static void
test_a_small_disk(Fixture *fixture, gconstpointer data)
{
    g_autofree char *disk = g_build_filename(fixture->root, "disk", NULL);
    g_autofree char *filler = g_build_filename(disk, "filler", NULL);
    g_autofree char *options = g_strdup_printf("size=%d", SMALL_DISK);
    g_autofree char *key = NULL;
    g_autofree char *zeros = g_malloc0(1 << 20);
    g_autoptr(GError) error = NULL;
    char *dir = g_build_filename(disk, "archive", NULL);

    (void)data;
    g_assert_cmpint(mkdir(disk, 0700), ==, 0);
    if (mount("tmpfs", disk, "tmpfs", 0, options) != 0) {
        g_test_skip("no tmpfs can be mounted here");
        g_free(dir);
        return;
    }
    close_it(fixture);
    g_free(fixture->dir);
    fixture->dir = dir;
    fixture->state = (TortureState){0};
    g_assert_true(dn_archive_init(fixture->dir, NULL, &key, &error));
    open_it(fixture);
    go_on(fixture, STEPS);
    FILE *fill = fopen(filler, "w");

    setvbuf(fill, NULL, _IONBF, 0);
    while (fwrite(zeros, 1, 1 << 20, fill) == 1 << 20)
        ;
    fclose(fill);
    g_assert_false(ingest_large(fixture->archive, 2 << 20, &error));
    g_assert_error(error, DN_ERROR, DN_ERROR_IO);
    g_assert_nonnull(strstr(error->message, "full"));
    g_clear_error(&error);
    expect_whole(fixture);
    /* Closes cleanly with what the reserve has given back, and opens for reading. */
    close_it(fixture);
    open_it(fixture);
    expect_whole(fixture);
    g_assert_cmpint(unlink(filler), ==, 0);
    go_on(fixture, MORE);
    expect_whole(fixture);
    close_it(fixture);
    g_assert_cmpint(umount(disk), ==, 0);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define T(name) g_test_add("/damage/" #name, Fixture, NULL, set_up, test_##name, tear_down)
    T(two_segments_exchanged);
    T(a_segment_removed);
    T(the_last_segment_removed);
    T(an_older_copy_put_back);
    T(an_older_log_put_back);
    T(an_older_copy_that_went_on);
    T(a_log_that_is_ahead_of_its_witness);
    T(without_a_witness_nothing_is_compared);
    T(a_witness_that_was_changed);
    T(a_damaged_view_is_built_again);
    T(a_damaged_state_is_found);
    T(a_newer_archive);
    T(a_newer_segment);
    T(a_newer_key);
    T(a_newer_entry);
    T(a_full_disk_refuses_and_goes_on);
    T(a_small_disk);
    T(an_entry_that_does_not_fit_is_refused);
    return g_test_run();
}
