/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tests/unit/engine/test-threads.c - one archive, many threads: some store, some correct, some
 * search, one verifies, one makes backups. For a build with --enable-sanitize=thread
 * (tests/tsan.supp says what of foreign libraries is passed over); in others it holds the results.
 */
#include "config.h"
#include "base/fs.h"
#include "engine/archive.h"

#include <string.h>

enum { WRITERS = 4, READERS = 2, EACH = 12 };

typedef struct {
    DnArchive *archive;
    const char *dest; /* of backups */
    int number;
    gint *working; /* writers that have not ended */
    gint64 seen;
} Client;

static bool
count(const json_t *row, void *user_data, GError **error)
{
    gint64 *seen = user_data;

    (void)row;
    (void)error;
    ++*seen;
    return true;
}

static gpointer
write_documents(gpointer data)
{
    Client *client = data;

    for (int i = 0; i < EACH; i++) {
        g_autofree char *content =
            g_strdup_printf("\x89PNG\r\n\x1a\n writer %d document %d", client->number, i);
        g_autoptr(GBytes) bytes = g_bytes_new(content, strlen(content));
        g_autoptr(GError) error = NULL;
        g_autoptr(json_t) result = NULL;
        g_autoptr(json_t) row = NULL;
        int64_t amount = client->number * 1000 + i;
        DnUuid id;

        g_assert_true(dn_archive_ingest(client->archive, bytes, &(DnIngest){.no_wait = true},
                                        &result, &error));
        g_assert_no_error(error);
        g_assert_true(dn_uuid_parse(dn_json_string(result, "voucher"), &id, NULL));
        if (i % 3 == 0)
            g_assert_true(dn_archive_correct(
                client->archive, &id, &(DnCorrection){.amount = &amount}, "seen", &row, &error));
    }
    g_atomic_int_add(client->working, -1);
    return NULL;
}

static gpointer
search_documents(gpointer data)
{
    Client *client = data;

    do {
        g_autofree char *cursor = NULL;
        g_autoptr(GError) error = NULL;
        gint64 seen = 0;

        g_assert_true(
            dn_archive_search(client->archive, &(DnSearch){0}, count, &seen, &cursor, &error));
        g_assert_cmpint(seen, >=, client->seen); /* nothing goes away */
        client->seen = seen;
    } while (g_atomic_int_get(client->working) > 0);
    return NULL;
}

static gpointer
verify_documents(gpointer data)
{
    Client *client = data;

    do {
        g_autoptr(GError) error = NULL;
        g_autoptr(json_t) totals = NULL;
        g_autoptr(json_t) stats = NULL;
        gint64 failures = 0;

        g_assert_true(dn_archive_verify(client->archive, NULL, NULL, DN_VERIFY_FULL, count, NULL,
                                        &failures, &totals, &error));
        g_assert_no_error(error);
        g_assert_cmpint(failures, ==, 0);
        stats = dn_archive_stats(client->archive, &error);
        g_assert_no_error(error);
    } while (g_atomic_int_get(client->working) > 0);
    return NULL;
}

/* The last generation is of the end: it holds all. */
static gpointer
back_up_documents(gpointer data)
{
    Client *client = data;
    bool last = false;

    do {
        g_autoptr(GError) error = NULL;
        g_autoptr(json_t) made = NULL;

        last = g_atomic_int_get(client->working) == 0;
        g_assert_true(
            dn_archive_backup(client->archive, client->dest, NULL, NULL, NULL, &made, &error));
        g_assert_no_error(error);
    } while (!last);
    return NULL;
}

static void
assert_backed_up(const char *dest, const char *key)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) totals = NULL;
    gint64 failures = 0;

    g_assert_true(dn_backup_check(dest, NULL, &(DnArchiveOptions){.key_file = key}, count, NULL,
                                  &failures, &totals, &error));
    g_assert_no_error(error);
    g_assert_cmpint(failures, ==, 0);
    g_assert_cmpint(dn_json_int(totals, "documents", 0), ==, WRITERS * EACH);
}

static void
test_all_at_once(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *root = g_dir_make_tmp("dencho-threads-XXXXXX", &error);
    g_autofree char *dir = g_build_filename(root, "archive", NULL);
    g_autofree char *key = NULL;
    g_autofree char *dest = g_build_filename(root, "backups", NULL);
    gint working = WRITERS;
    Client clients[WRITERS + READERS + 2];
    GThread *threads[G_N_ELEMENTS(clients)];
    static const char *const settings[] = {"archive.segment-bytes=32768", NULL};

    g_assert_true(dn_archive_init(dir, &(DnArchiveInit){.settings = settings}, &key, &error));
    g_autoptr(DnArchive) archive = dn_archive_open(
        dir, &(DnArchiveOptions){.actor = "test", .worker_path = "/nonexistent"}, &error);

    g_assert_no_error(error);
    for (int i = 0; i < (int)G_N_ELEMENTS(clients); i++) {
        GThreadFunc run = i < WRITERS             ? write_documents
                          : i < WRITERS + READERS ? search_documents
                          : i > WRITERS + READERS ? back_up_documents
                                                  : verify_documents;

        clients[i] = (Client){.archive = archive, .dest = dest, .number = i, .working = &working};
        threads[i] = g_thread_new("client", run, &clients[i]);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(clients); i++)
        g_thread_join(threads[i]);
    uint64_t stored = 0;

    g_assert_true(dn_archive_count(archive, &(DnSearch){0}, &stored, &error));
    g_assert_cmpuint(stored, ==, WRITERS * EACH);
    g_clear_pointer(&archive, dn_archive_close);
    assert_backed_up(dest, key);
    g_assert_true(dn_fs_remove_tree(root, NULL));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/threads/all_at_once", test_all_at_once);
    return g_test_run();
}
