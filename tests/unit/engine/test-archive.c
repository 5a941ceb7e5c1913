/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tests/unit/engine/test-archive.c - the archive through its public header, without a worker.
 */
#include "config.h"
#include "base/clock.h"
#include "base/fs.h"
#include "engine/internal.h"
#include "tests/unit/engine/fixture.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const DnArchiveOptions defaults = {.actor = "test", .worker_path = "/nonexistent"};

static void
open_archive(Fixture *fixture)
{
    g_autoptr(GError) error = NULL;

    fixture->archive = dn_archive_open(fixture->dir, &defaults, &error);
    g_assert_no_error(error);
}

static void
reopen(Fixture *fixture)
{
    g_clear_pointer(&fixture->archive, dn_archive_close);
    open_archive(fixture);
}

static void
set_up(Fixture *fixture, gconstpointer data)
{
    (void)data;
    fixture_init(fixture, NULL);
    open_archive(fixture);
}

/* A document that looks like a PNG by its first bytes; nobody decodes it here. */
static GBytes *
document(const char *content)
{
    g_autofree char *bytes = g_strconcat("\x89PNG\r\n\x1a\n", content, NULL);

    return g_bytes_new(bytes, strlen(bytes));
}

static DnUuid
ingest(DnArchive *archive, const char *content, const char *date, int64_t amount, const char *party)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) bytes = document(content);
    g_autoptr(json_t) result = NULL;
    DnDate day;
    DnUuid id;

    g_assert_true(dn_date_parse(date, &day, &error));
    DnIngest request = {
        .date = &day, .amount = &amount, .party = party, .name = "a.png", .no_wait = true};

    g_assert_true(dn_archive_ingest(archive, bytes, &request, &result, &error));
    g_assert_no_error(error);
    g_assert_cmpstr(dn_json_string(result, "status"), ==, "stored");
    g_assert_true(dn_uuid_parse(dn_json_string(result, "voucher"), &id, &error));
    return id;
}

static bool
collect(const json_t *row, void *user_data, GError **error)
{
    (void)error;
    g_ptr_array_add(user_data, dn_json_line(row));
    return true;
}

static GPtrArray *
search(DnArchive *archive, const DnSearch *terms)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *cursor = NULL;
    GPtrArray *rows = g_ptr_array_new_with_free_func(g_free);

    g_assert_true(dn_archive_search(archive, terms, collect, rows, &cursor, &error));
    g_assert_no_error(error);
    return rows;
}

static int64_t
verify(DnArchive *archive, GPtrArray *failures)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) totals = NULL;

    g_assert_true(dn_archive_verify(archive, NULL, NULL, DN_VERIFY_FULL, collect, NULL, failures,
                                    &totals, &error));
    g_assert_no_error(error);
    return dn_json_int(totals, "failed", -1);
}

static void
test_a_voucher_is_found_after_reopening(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GPtrArray) failures = g_ptr_array_new_with_free_func(g_free);
    DnDate from = {2026, 4, 1};
    int64_t ten = 10000;

    (void)data;
    ingest(fixture->archive, "one", "2026-04-01", 10800, "株式会社 霞商店");
    ingest(fixture->archive, "two", "2026-03-31", 500, "Berry's");
    reopen(fixture);
    g_autoptr(GPtrArray) all = search(fixture->archive, &(DnSearch){0});
    g_autoptr(GPtrArray) dated = search(fixture->archive, &(DnSearch){.date_from = &from});
    g_autoptr(GPtrArray) large = search(fixture->archive, &(DnSearch){.amount_from = &ten});
    g_autoptr(GPtrArray) named = search(fixture->archive, &(DnSearch){.party = "霞"});

    g_assert_cmpint(all->len, ==, 2);
    g_assert_cmpint(dated->len, ==, 1);
    g_assert_cmpint(large->len, ==, 1);
    g_assert_cmpint(named->len, ==, 1);
    g_assert_nonnull(strstr(g_ptr_array_index(named, 0), "10800"));
    g_assert_cmpint(verify(fixture->archive, failures), ==, 0);
}

static void
test_the_same_bytes_are_one_voucher(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) bytes = document("same");
    g_autoptr(json_t) first = NULL;
    g_autoptr(json_t) second = NULL;
    DnIngest request = {.no_wait = true};

    (void)data;
    g_assert_true(dn_archive_ingest(fixture->archive, bytes, &request, &first, &error));
    g_assert_true(dn_archive_ingest(fixture->archive, bytes, &request, &second, &error));
    g_assert_cmpstr(dn_json_string(second, "status"), ==, "duplicate");
    g_assert_cmpstr(dn_json_string(second, "voucher"), ==, dn_json_string(first, "voucher"));
}

static void
test_what_is_turned_away_is_not_in_the_archive(Fixture *fixture, gconstpointer data)
{
    static const struct {
        const char *bytes;
        size_t size;
        const char *code;
    } cases[] = {{"", 0, "FORMAT"}, {"hello", 5, "UNSUPPORTED"}};
    g_autoptr(GError) error = NULL;

    (void)data;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GBytes) bytes = g_bytes_new(cases[i].bytes, cases[i].size);
        g_autoptr(json_t) result = NULL;

        g_assert_true(dn_archive_ingest(fixture->archive, bytes, &(DnIngest){.no_wait = true},
                                        &result, &error));
        g_assert_cmpstr(dn_json_string(result, "status"), ==, "rejected");
        g_assert_cmpstr(dn_json_string(json_object_get(result, "error"), "code"), ==,
                        cases[i].code);
    }
    g_autoptr(GPtrArray) all = search(fixture->archive, &(DnSearch){.deleted = "include"});

    g_assert_cmpint(all->len, ==, 0);
    g_autoptr(GBytes) bytes = g_bytes_new("hello", 5);
    g_autoptr(json_t) kept = NULL;

    g_assert_true(
        dn_archive_ingest(fixture->archive, bytes, &(DnIngest){.as_is = true}, &kept, &error));
    g_assert_cmpstr(dn_json_string(kept, "status"), ==, "stored");
}

static void
test_a_correction_keeps_what_was_before(Fixture *fixture, gconstpointer data)
{
    DnUuid id = ingest(fixture->archive, "x", "2026-04-01", 10800, "霞商店");
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) row = NULL;
    g_autoptr(GPtrArray) history = g_ptr_array_new_with_free_func(g_free);
    int64_t right = 10801;

    (void)data;
    g_assert_false(dn_archive_correct(fixture->archive, &id, &(DnCorrection){.amount = &right},
                                      "  ", &row, &error));
    g_assert_error(error, DN_ERROR, DN_ERROR_INVALID);
    g_clear_error(&error);
    g_assert_false(
        dn_archive_correct(fixture->archive, &id, &(DnCorrection){0}, "why", &row, &error));
    g_assert_error(error, DN_ERROR, DN_ERROR_INVALID);
    g_clear_error(&error);
    g_assert_true(dn_archive_correct(fixture->archive, &id, &(DnCorrection){.amount = &right},
                                     "misread", &row, &error));
    g_assert_cmpint(dn_json_int(row, "amount", 0), ==, 10801);
    g_assert_true(dn_archive_history(fixture->archive, &id, collect, history, &error));
    g_assert_cmpint(history->len, ==, 2);
    g_assert_nonnull(strstr(g_ptr_array_index(history, 1), "\"before\":10800"));
    g_assert_nonnull(strstr(g_ptr_array_index(history, 1), "misread"));
    g_autoptr(GPtrArray) old =
        search(fixture->archive,
               &(DnSearch){.amount_from = &(int64_t){10800}, .amount_to = &(int64_t){10800}});
    g_autoptr(GPtrArray) new =
        search(fixture->archive, &(DnSearch){.amount_from = &right, .amount_to = &right});

    g_assert_cmpint(old->len, ==, 0);
    g_assert_cmpint(new->len, ==, 1);
}

/* Law rows R26, R27. */
static void
test_deleted_is_hidden_not_gone(Fixture *fixture, gconstpointer data)
{
    DnUuid id = ingest(fixture->archive, "x", "2026-04-01", 10800, "霞商店");
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) row = NULL;
    const char *media_type = NULL;

    (void)data;
    g_assert_true(dn_archive_delete(fixture->archive, &id, "twice", &row, &error));
    g_autoptr(GPtrArray) plain = search(fixture->archive, &(DnSearch){0});
    g_autoptr(GPtrArray) only = search(fixture->archive, &(DnSearch){.deleted = "only"});
    g_autoptr(GBytes) bytes =
        dn_archive_cat(fixture->archive, &id, "original", 0, &media_type, &error);

    g_assert_cmpint(plain->len, ==, 0);
    g_assert_cmpint(only->len, ==, 1);
    g_assert_no_error(error);
    g_assert_cmpstr(media_type, ==, "image/png");
    g_clear_pointer(&row, json_decref);
    g_assert_false(dn_archive_delete(fixture->archive, &id, "again", &row, &error));
    g_assert_error(error, DN_ERROR, DN_ERROR_INVALID);
    g_clear_error(&error);
    g_assert_true(dn_archive_undelete(fixture->archive, &id, "it was right", &row, &error));
}

static void
test_an_unknown_id_is_not_found(Fixture *fixture, gconstpointer data)
{
    DnUuid nobody = dn_uuid_new();
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) row = NULL;

    (void)data;
    g_assert_null(dn_archive_show(fixture->archive, &nobody, 0, &error));
    g_assert_error(error, DN_ERROR, DN_ERROR_NOT_FOUND);
    g_clear_error(&error);
    g_assert_false(dn_archive_confirm(fixture->archive, &nobody, &row, &error));
    g_assert_error(error, DN_ERROR, DN_ERROR_NOT_FOUND);
}

static void
test_the_beginning_of_an_id_names_its_voucher(Fixture *fixture, gconstpointer data)
{
    DnUuid id = ingest(fixture->archive, "x", "2026-04-01", 1, "A");
    g_autofree char *text = dn_uuid_text(&id);
    g_autofree char *begin = g_strndup(text, 30);
    g_autoptr(GError) error = NULL;
    DnUuid found;

    (void)data;
    g_assert_true(dn_archive_find_id(fixture->archive, begin, &found, &error));
    g_assert_true(dn_uuid_equal(&found, &id));
    g_assert_false(dn_archive_find_id(fixture->archive, "ffffffff-ffff", &found, &error));
    g_assert_error(error, DN_ERROR, DN_ERROR_NOT_FOUND);
    g_clear_error(&error);
    g_assert_false(dn_archive_find_id(fixture->archive, "0193", &found, &error));
    g_assert_error(error, DN_ERROR, DN_ERROR_INVALID);
    g_clear_error(&error);
    /* Made within the same minute: eight characters begin both. */
    ingest(fixture->archive, "y", "2026-04-01", 2, "A");
    g_autofree char *both = g_strndup(text, DN_ID_PREFIX);

    g_assert_false(dn_archive_find_id(fixture->archive, both, &found, &error));
    g_assert_error(error, DN_ERROR, DN_ERROR_INVALID);
}

/* A tenant neither sees nor opens what is another's. */
static void
test_tenants_are_apart(Fixture *fixture, gconstpointer data)
{
    DnUuid id = ingest(fixture->archive, "mine", "2026-04-01", 1, "A");
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) row = NULL;

    (void)data;
    g_assert_true(dn_archive_tenant_create(fixture->archive, "other", &row, &error));
    g_clear_pointer(&row, json_decref);
    g_assert_false(dn_archive_tenant_create(fixture->archive, "other", &row, &error));
    g_assert_error(error, DN_ERROR, DN_ERROR_EXISTS);
    g_clear_error(&error);
    g_clear_pointer(&fixture->archive, dn_archive_close);
    DnArchiveOptions options = defaults;

    options.tenant = "other";
    fixture->archive = dn_archive_open(fixture->dir, &options, &error);
    g_assert_no_error(error);
    g_autoptr(GPtrArray) rows = search(fixture->archive, &(DnSearch){.deleted = "include"});

    g_assert_cmpint(rows->len, ==, 0);
    g_assert_null(dn_archive_show(fixture->archive, &id, 0, &error));
    g_assert_error(error, DN_ERROR, DN_ERROR_NOT_FOUND);
    g_clear_error(&error);
    ingest(fixture->archive, "mine", "2026-04-01", 1,
           "A"); /* the same bytes are no duplicate here */
}

static void
test_a_second_process_is_told_who_has_it(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *pid = g_strdup_printf("%ld", (long)getpid());

    (void)data;
    g_assert_null(dn_archive_open(fixture->dir, &defaults, &error));
    g_assert_error(error, DN_ERROR, DN_ERROR_BUSY);
    g_assert_nonnull(strstr(error->message, pid));
}

static void
test_without_its_key_nothing_opens(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *other_dir = g_build_filename(fixture->root, "other", NULL);
    g_autofree char *other_key = NULL;

    (void)data;
    g_clear_pointer(&fixture->archive, dn_archive_close);
    g_assert_true(dn_archive_init(other_dir, NULL, &other_key, &error));
    DnArchiveOptions options = defaults;

    options.key_file = other_key;
    g_assert_null(dn_archive_open(fixture->dir, &options, &error));
    g_assert_error(error, DN_ERROR, DN_ERROR_DENIED);
    g_clear_error(&error);
    g_assert_cmpint(unlink(fixture->key), ==, 0);
    g_assert_null(dn_archive_open(fixture->dir, &defaults, &error));
    g_assert_nonnull(error);
}

static void
test_a_key_that_others_can_read_is_refused(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;

    (void)data;
    g_clear_pointer(&fixture->archive, dn_archive_close);
    g_assert_cmpint(chmod(fixture->key, 0444), ==, 0);
    g_assert_null(dn_archive_open(fixture->dir, &defaults, &error));
    g_assert_error(error, DN_ERROR, DN_ERROR_DENIED);
}

static void
test_rotating_the_master_keeps_everything_readable(Fixture *fixture, gconstpointer data)
{
    DnUuid id = ingest(fixture->archive, "x", "2026-04-01", 10800, "霞商店");
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) row = NULL;
    g_autofree char *fresh = g_build_filename(fixture->root, "fresh.key", NULL);
    g_autoptr(GPtrArray) failures = g_ptr_array_new_with_free_func(g_free);
    const char *media_type = NULL;

    (void)data;
    g_assert_true(dn_archive_key_rotate(fixture->archive, fresh, false, &row, &error));
    g_assert_no_error(error);
    reopen(fixture);
    g_autoptr(GBytes) bytes =
        dn_archive_cat(fixture->archive, &id, "original", 0, &media_type, &error);

    g_assert_no_error(error);
    g_assert_cmpint(verify(fixture->archive, failures), ==, 0);
    g_clear_pointer(&fixture->archive, dn_archive_close);
    DnArchiveOptions options = defaults;

    options.key_file = fixture->key; /* the old one */
    g_assert_null(dn_archive_open(fixture->dir, &options, &error));
    g_assert_error(error, DN_ERROR, DN_ERROR_DENIED);
}

static void
test_a_folder_in_use_is_not_made_an_archive(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *key = NULL;

    (void)data;
    g_assert_false(dn_archive_init(fixture->dir, NULL, &key, &error));
    g_assert_error(error, DN_ERROR, DN_ERROR_EXISTS);
    g_clear_error(&error);
    g_assert_false(dn_archive_init(fixture->root, NULL, &key, &error));
    g_assert_error(error, DN_ERROR, DN_ERROR_EXISTS);
}

/* --- the view is only a view --- */

static GPtrArray *
everything_shown(DnArchive *archive)
{
    g_autoptr(GError) error = NULL;
    GPtrArray *lines = search(archive, &(DnSearch){.deleted = "include"});
    guint rows = lines->len;

    for (guint i = 0; i < rows; i++) {
        g_autoptr(json_t) row =
            dn_json_parse(g_ptr_array_index(lines, i), strlen(g_ptr_array_index(lines, i)), &error);
        DnUuid id;

        g_assert_true(dn_uuid_parse(dn_json_string(row, "voucher"), &id, &error));
        g_autoptr(json_t) details = dn_archive_show(archive, &id, 0, &error);

        g_ptr_array_add(lines, dn_json_line(details));
        g_assert_true(dn_archive_history(archive, &id, collect, lines, &error));
    }
    return lines;
}

static void
test_a_rebuilt_view_gives_the_same_answers(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) result = NULL;

    (void)data;
    for (int i = 0; i < 20; i++) {
        g_autofree char *content = g_strdup_printf("document %d", i);
        DnUuid id =
            ingest(fixture->archive, content, "2026-04-01", 100 * i, i % 2 ? "A" : "霞商店");
        g_autoptr(json_t) row = NULL;

        if (i % 3 == 0)
            g_assert_true(dn_archive_correct(fixture->archive, &id, &(DnCorrection){.party = "B"},
                                             "r", &row, &error));
        if (i % 5 == 0) {
            g_clear_pointer(&row, json_decref);
            g_assert_true(dn_archive_delete(fixture->archive, &id, "r", &row, &error));
        }
    }
    g_autoptr(GPtrArray) before = everything_shown(fixture->archive);

    g_clear_pointer(&fixture->archive, dn_archive_close);
    g_assert_true(dn_archive_rebuild(fixture->dir, &defaults, NULL, NULL, &result, &error));
    g_assert_no_error(error);
    g_assert_cmpint(dn_json_int(result, "vouchers", 0), ==, 20);
    open_archive(fixture);
    g_autoptr(GPtrArray) after = everything_shown(fixture->archive);

    g_assert_cmpint(before->len, ==, after->len);
    for (guint i = 0; i < before->len; i++)
        g_assert_cmpstr(g_ptr_array_index(before, i), ==, g_ptr_array_index(after, i));
}

static void
test_a_lost_view_comes_back_by_itself(Fixture *fixture, gconstpointer data)
{
    g_autofree char *view = g_build_filename(fixture->dir, "view", NULL);

    (void)data;
    ingest(fixture->archive, "x", "2026-04-01", 10800, "霞商店");
    g_clear_pointer(&fixture->archive, dn_archive_close);
    g_assert_true(dn_fs_remove_tree(view, NULL));
    open_archive(fixture);
    g_autoptr(GPtrArray) rows = search(fixture->archive, &(DnSearch){.party = "霞商店"});

    g_assert_cmpint(rows->len, ==, 1);
}

/* --- many at once --- */

enum { THREADS = 8, EACH = 25 };

typedef struct {
    DnArchive *archive;
    int number;
} Client;

static gpointer
run_client(gpointer data)
{
    Client *client = data;

    for (int i = 0; i < EACH; i++) {
        g_autofree char *content = g_strdup_printf("client %d document %d", client->number, i);
        g_autoptr(GPtrArray) rows = NULL;

        ingest(client->archive, content, "2026-04-01", client->number * 1000 + i, "霞商店");
        if (i % 8 == 0)
            rows = search(client->archive, &(DnSearch){.party = "霞", .limit = 5});
    }
    return NULL;
}

static void
test_clients_at_once_share_syncs_and_lose_nothing(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GPtrArray) failures = g_ptr_array_new_with_free_func(g_free);
    Client clients[THREADS];
    GThread *threads[THREADS];

    (void)data;
    for (int i = 0; i < THREADS; i++) {
        clients[i] = (Client){.archive = fixture->archive, .number = i};
        threads[i] = g_thread_new("client", run_client, &clients[i]);
    }
    for (int i = 0; i < THREADS; i++)
        g_thread_join(threads[i]);
    g_autoptr(GPtrArray) rows = search(fixture->archive, &(DnSearch){0});

    g_assert_cmpint(rows->len, ==, THREADS * EACH);
    reopen(fixture);
    g_assert_cmpint(verify(fixture->archive, failures), ==, 0);
}

/* --- what a damaged archive says --- */

static void
flip_byte(const char *path, long from_end)
{
    g_autofree char *content = NULL;
    gsize size = 0;

    g_assert_true(g_file_get_contents(path, &content, &size, NULL));
    content[size - (gsize)from_end] ^= 1;
    g_assert_true(g_file_set_contents(path, content, (gssize)size, NULL));
}

/* A byte flipped in a document is found and named; the others still verify. */
static void
test_a_flipped_byte_names_its_voucher(Fixture *fixture, gconstpointer data)
{
    g_autofree char *segment = g_build_filename(fixture->dir, "log", "000001.seg", NULL);
    g_autofree char *large = g_strnfill(5000, 'x');
    g_autoptr(GPtrArray) failures = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GError) error = NULL;
    struct stat st;

    (void)data;
    ingest(fixture->archive, "small", "2026-04-01", 1, "A");
    DnUuid id = ingest(fixture->archive, large, "2026-04-02", 2, "B");
    g_autofree char *voucher = dn_uuid_text(&id);

    ingest(fixture->archive, "after", "2026-04-03", 3, "C");
    g_assert_cmpint(stat(segment, &st), ==, 0);
    /* While it is open: the view stays, the bytes under it rot. The large blob fills the middle. */
    g_autofree char *content = NULL;
    gsize size = 0;

    g_assert_true(g_file_get_contents(segment, &content, &size, NULL));
    g_clear_pointer(&fixture->archive, dn_archive_close);
    open_archive(fixture);
    (void)size;
    flip_byte(segment, (long)st.st_size - 4000);
    g_clear_pointer(&fixture->archive, dn_archive_close);
    fixture->archive = dn_archive_open(fixture->dir, &defaults, &error);
    if (!fixture->archive) { /* refused as a whole, with the place: also an answer */
        g_assert_error(error, DN_ERROR, DN_ERROR_CORRUPT);
        g_assert_nonnull(strstr(error->message, "segment 1"));
        return;
    }
    g_assert_cmpint(verify(fixture->archive, failures), >, 0);
    bool named = false;

    for (guint i = 0; i < failures->len; i++)
        named = named || strstr(g_ptr_array_index(failures, i), voucher);
    g_assert_true(named);
}

/* --- pieces --- */

static GBytes *
large_document(size_t size)
{
    uint8_t *bytes = g_malloc(size);

    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)(i * 31 + i / 4099);
    return g_bytes_new_take(bytes, size);
}

static DnUuid
ingest_as_is(DnArchive *archive, GBytes *bytes)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) result = NULL;
    DnUuid id;

    g_assert_true(dn_archive_ingest(archive, bytes, &(DnIngest){.as_is = true, .no_wait = true},
                                    &result, &error));
    g_assert_no_error(error);
    g_assert_true(dn_uuid_parse(dn_json_string(result, "voucher"), &id, &error));
    return id;
}

static void
test_a_part_is_read_in_pieces(Fixture *fixture, gconstpointer data)
{
    enum { SIZE = (2 << 20) + 777, CHUNK = 1 << 20 };
    static const struct {
        uint64_t offset;
        uint64_t size;
    } pieces[] = {{0, 1},    {0, SIZE}, {CHUNK - 5, 10}, {CHUNK, CHUNK},   {SIZE - 1, 1},
                  {SIZE, 0}, {0, 0},    {1, 65536},      {2 * CHUNK, 777}, {CHUNK - 1, CHUNK + 2}};
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) bytes = large_document(SIZE);
    DnUuid id = ingest_as_is(fixture->archive, bytes);
    g_autoptr(DnPartReader) reader = dn_archive_open_part(fixture->archive, &id, NULL, 0, &error);

    (void)data;
    g_assert_no_error(error);
    g_assert_cmpuint(dn_part_reader_size(reader), ==, SIZE);
    for (size_t i = 0; i < G_N_ELEMENTS(pieces); i++) {
        g_autoptr(GBytes) wanted = g_bytes_new_from_bytes(bytes, pieces[i].offset, pieces[i].size);
        g_autoptr(GBytes) piece =
            dn_part_reader_read(reader, pieces[i].offset, pieces[i].size, &error);

        g_assert_no_error(error);
        g_assert_true(g_bytes_equal(piece, wanted));
    }
    g_assert_null(dn_part_reader_read(reader, SIZE, 1, &error));
    g_assert_error(error, DN_ERROR, DN_ERROR_INVALID);
    g_clear_error(&error);
    g_assert_null(dn_part_reader_read(reader, UINT64_MAX, 2, &error));
    g_assert_error(error, DN_ERROR, DN_ERROR_INVALID);
    g_clear_error(&error);
    g_assert_null(dn_archive_open_part(fixture->archive, &id, "page:1", 0, &error));
    g_assert_error(error, DN_ERROR, DN_ERROR_INVALID);
    g_clear_error(&error);
    g_assert_null(dn_archive_open_part(fixture->archive, &id, "text", 0, &error));
    g_assert_error(error, DN_ERROR, DN_ERROR_NOT_FOUND);
}

/* The same file, as a disk does it: flip_byte() puts a new one in its place. */
static void
flip_in_place(const char *path, long from_end)
{
    FILE *file = fopen(path, "r+");
    int byte = 0;

    g_assert_nonnull(file);
    g_assert_cmpint(fseek(file, -from_end, SEEK_END), ==, 0);
    byte = fgetc(file);
    g_assert_cmpint(fseek(file, -from_end, SEEK_END), ==, 0);
    g_assert_cmpint(fputc(byte ^ 1, file), ==, byte ^ 1);
    g_assert_cmpint(fclose(file), ==, 0);
}

/* A byte changes in the last chunk: the first can still be read, the last cannot, nor the whole,
 * and the place is named. */
static void
test_a_damaged_piece_is_not_handed_out(Fixture *fixture, gconstpointer data)
{
    enum { SIZE = (1 << 20) + 5000 };
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) bytes = large_document(SIZE);
    DnUuid id = ingest_as_is(fixture->archive, bytes);
    g_autofree char *segment = g_build_filename(fixture->dir, "log", "000001.seg", NULL);
    g_autoptr(DnPartReader) reader = dn_archive_open_part(fixture->archive, &id, NULL, 0, &error);
    g_autofree char *voucher = dn_uuid_text(&id);
    g_autoptr(GPtrArray) failures = g_ptr_array_new_with_free_func(g_free);
    const char *media_type = NULL;

    (void)data;
    g_assert_no_error(error);
    flip_in_place(segment, 4000); /* from the end; the entry and its commit are shorter */
    g_autoptr(GBytes) first = dn_part_reader_read(reader, 0, 1000, &error);

    g_assert_no_error(error);
    g_assert_nonnull(first);
    g_assert_null(dn_part_reader_read(reader, SIZE - 1, 1, &error));
    g_assert_error(error, DN_ERROR, DN_ERROR_CORRUPT);
    g_clear_error(&error);
    g_assert_null(dn_archive_cat(fixture->archive, &id, NULL, 0, &media_type, &error));
    g_assert_error(error, DN_ERROR, DN_ERROR_CORRUPT);
    g_assert_nonnull(strstr(error->message, "segment 1, byte "));
    g_assert_cmpint(verify(fixture->archive, failures), >, 0);
    g_assert_nonnull(strstr(g_ptr_array_index(failures, 0), voucher));
}

/* Opens it twice: found in the view, then remembered. NULL with the error of both. */
static GBytes *
open_twice(DnArchive *archive, const DnUuid *id, unsigned version, GError **error)
{
    enum { OFFSET = 70000, SIZE = 65536 };
    g_autoptr(GError) first_error = NULL;
    g_autoptr(DnPartReader) first = dn_archive_open_part(archive, id, NULL, version, &first_error);
    g_autoptr(DnPartReader) again = dn_archive_open_part(archive, id, NULL, version, error);

    if (!first) {
        g_assert_null(again);
        g_assert_error(*error, DN_ERROR, first_error->code);
        return NULL;
    }
    g_autoptr(GBytes) one = dn_part_reader_read(first, OFFSET, SIZE, error);
    GBytes *other = dn_part_reader_read(again, OFFSET, SIZE, error);

    g_assert_no_error(*error);
    g_assert_true(g_bytes_equal(one, other));
    return other;
}

static void
assert_piece_of(GBytes *piece, GBytes *document)
{
    g_autoptr(GBytes) wanted = g_bytes_new_from_bytes(document, 70000, g_bytes_get_size(piece));

    g_assert_true(g_bytes_equal(piece, wanted));
}

static void
destroy_every_period(const Fixture *fixture)
{
    unsigned destroyed = 0;

    for (int year = 2000; year < 2100; year++) {
        g_autofree char *period = g_strdup_printf("%d", year);

        destroyed += dn_keyring_destroy_period(fixture->archive->keys, &fixture->archive->tenant,
                                               period, NULL);
    }
    g_assert_cmpuint(destroyed, >, 0);
}

/* What is taken for a picture by its first bytes. */
static GBytes *
large_picture(size_t size)
{
    static const char first[] = "\x89PNG\r\n\x1a\n";
    uint8_t *bytes = g_malloc(size);

    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)(i * 37 + i / 251);
    memcpy(bytes, first, sizeof first - 1);
    return g_bytes_new_take(bytes, size);
}

/* Where a part lies is remembered: not when it is another, nor longer than its key is there. */
static void
test_what_is_remembered_is_what_stands(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) result = NULL;
    g_autoptr(GBytes) bent = large_document(200000);
    g_autoptr(GBytes) better = large_picture(300000);
    g_autoptr(GBytes) other = large_document(200001);
    DnUuid id = ingest_as_is(fixture->archive, bent);
    DnUuid bystander = ingest_as_is(fixture->archive, other);
    g_autoptr(GBytes) before = open_twice(fixture->archive, &id, 0, &error);
    g_autoptr(GBytes) beside = open_twice(fixture->archive, &bystander, 0, &error);

    (void)data;
    assert_piece_of(before, bent);
    assert_piece_of(beside, other);
    g_assert_true(
        dn_archive_revise(fixture->archive, &id, better, NULL, "bent", NULL, &result, &error));
    g_autoptr(GBytes) after = open_twice(fixture->archive, &id, 0, &error);
    g_autoptr(GBytes) first = open_twice(fixture->archive, &id, 1, &error);
    g_autoptr(DnPartReader) newest = dn_archive_open_part(fixture->archive, &id, NULL, 0, &error);

    assert_piece_of(after, better);
    assert_piece_of(first, bent);
    g_assert_cmpuint(dn_part_reader_size(newest), ==, g_bytes_get_size(better));
    destroy_every_period(fixture);
    g_assert_null(open_twice(fixture->archive, &bystander, 0, &error));
    g_assert_error(error, DN_ERROR, DN_ERROR_NOT_FOUND);
    g_clear_error(&error);
    g_assert_null(open_twice(fixture->archive, &id, 1, &error));
    g_assert_error(error, DN_ERROR, DN_ERROR_NOT_FOUND);
}

/* --- what is remembered, by itself --- */

static DnLatelyAsked
asked_of(unsigned number)
{
    DnLatelyAsked asked = {.part = DN_PART_ORIGINAL};

    for (size_t i = 0; i < sizeof number; i++)
        asked.voucher.bytes[DN_UUID_BYTES - 1 - i] = (uint8_t)(number >> (8 * i));
    return asked;
}

static bool
is_remembered(DnLately *lately, const DnLatelyAsked *asked, uint64_t place)
{
    DnBlobFound found;

    if (!dn_lately_find(lately, asked, &found))
        return false;
    g_assert_cmpuint(found.place.offset, ==, place);
    return true;
}

static void
remember(DnLately *lately, const DnLatelyAsked *asked, uint64_t place)
{
    DnBlobFound found = {.place = {.segment = 1, .offset = place}};

    dn_lately_add(lately, asked, &found, dn_lately_changes(lately));
}

static void
test_only_the_same_question_has_the_answer(void)
{
    g_autoptr(DnLately) lately = dn_lately_new();
    DnLatelyAsked asked = asked_of(7);
    DnLatelyAsked others[] = {asked, asked, asked, asked_of(7 + 256)};

    others[0].version = 1;
    others[1].part = DN_PART_RENDITION;
    others[2].tenant.bytes[3] = 1;
    remember(lately, &asked, 1000);
    g_assert_true(is_remembered(lately, &asked, 1000));
    for (size_t i = 0; i < G_N_ELEMENTS(others); i++)
        g_assert_false(is_remembered(lately, &others[i], 0));
    remember(lately, &others[0], 2000);
    g_assert_true(is_remembered(lately, &asked, 1000));
    g_assert_true(is_remembered(lately, &others[0], 2000));
    dn_lately_forget(lately, &asked.voucher);
    g_assert_false(is_remembered(lately, &asked, 0));
    g_assert_false(is_remembered(lately, &others[0], 0));
}

/* A state that was read before a change is not remembered after it. */
static void
test_what_was_found_before_a_change_is_not_remembered(void)
{
    g_autoptr(DnLately) lately = dn_lately_new();
    DnLatelyAsked asked = asked_of(7);
    DnBlobFound found = {.place = {.segment = 1, .offset = 10}};
    uint64_t changes = dn_lately_changes(lately);

    dn_lately_forget(lately, &asked.voucher);
    dn_lately_add(lately, &asked, &found, changes);
    g_assert_false(is_remembered(lately, &asked, 0));
    changes = dn_lately_changes(lately);
    dn_lately_forget_all(lately);
    dn_lately_add(lately, &asked, &found, changes);
    g_assert_false(is_remembered(lately, &asked, 0));
}

/* However many are asked for, the last is remembered, and the one of the same set asked for again
 * and again. */
static void
test_what_is_asked_for_again_stays(void)
{
    g_autoptr(DnLately) lately = dn_lately_new();
    DnLatelyAsked often = asked_of(0);

    remember(lately, &often, 1);
    for (unsigned i = 1; i < 10000; i++) {
        DnLatelyAsked once = asked_of(i);

        remember(lately, &once, i);
        g_assert_true(is_remembered(lately, &once, i));
        g_assert_true(is_remembered(lately, &often, 1));
    }
}

/* --- room in memory --- */

typedef struct {
    DnArchive *archive;
    char *path;
} Hand;

static gpointer
hand_in(gpointer data)
{
    const Hand *hand = data;
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) result = NULL;
    bool done = dn_archive_ingest_file(
        hand->archive, hand->path, &(DnIngest){.as_is = true, .no_wait = true}, &result, &error);

    g_assert_no_error(error);
    g_assert_true(done);
    return g_strdup(dn_json_string(result, "status"));
}

/* Less room than one document needs: each is let in alone, and all get in. */
static void
test_who_finds_no_room_waits_and_gets_in(Fixture *fixture, gconstpointer data)
{
    enum { CLIENTS = 8 };
    static const char *const settings[] = {"limits.in-hand-bytes=1000", NULL};
    g_autofree char *dir = g_build_filename(fixture->root, "narrow", NULL);
    g_autoptr(GError) error = NULL;
    Hand hands[CLIENTS];
    GThread *threads[CLIENTS];

    (void)data;
    g_clear_pointer(&fixture->archive, dn_archive_close);
    g_clear_pointer(&fixture->key, g_free);
    g_assert_true(
        dn_archive_init(dir, &(DnArchiveInit){.settings = settings}, &fixture->key, &error));
    fixture->archive = dn_archive_open(dir, &defaults, &error);
    g_assert_no_error(error);
    for (int i = 0; i < CLIENTS; i++) {
        g_autofree char *name = g_strdup_printf("document-%d", i);
        g_autoptr(GBytes) bytes = large_document((size_t)900 + (size_t)i);

        hands[i] = (Hand){fixture->archive, g_build_filename(fixture->root, name, NULL)};
        g_assert_true(g_file_set_contents(hands[i].path, g_bytes_get_data(bytes, NULL),
                                          (gssize)g_bytes_get_size(bytes), &error));
        threads[i] = g_thread_new("client", hand_in, &hands[i]);
    }
    for (int i = 0; i < CLIENTS; i++) {
        g_autofree char *status = g_thread_join(threads[i]);

        g_assert_cmpstr(status, ==, "stored");
        g_free(hands[i].path);
    }
    g_autoptr(GPtrArray) all = search(fixture->archive, &(DnSearch){0});

    g_assert_cmpint(all->len, ==, CLIENTS);
}

static void
test_a_file_that_cannot_be_read_is_rejected(Fixture *fixture, gconstpointer data)
{
    const char *const paths[] = {"/nonexistent/file", fixture->root};

    (void)data;
    for (size_t i = 0; i < G_N_ELEMENTS(paths); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(json_t) result = NULL;

        g_assert_true(dn_archive_ingest_file(fixture->archive, paths[i],
                                             &(DnIngest){.no_wait = true}, &result, &error));
        g_assert_no_error(error);
        g_assert_cmpstr(dn_json_string(result, "status"), ==, "rejected");
        g_assert_nonnull(dn_json_string(json_object_get(result, "error"), "code"));
    }
}

/* More commits than one round of catching up holds, each voucher changed in the same round again.
 */
static void
test_a_long_log_is_rebuilt_in_rounds(Fixture *fixture, gconstpointer data)
{
    enum { VOUCHERS = 700 };
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) result = NULL;

    (void)data;
    for (int i = 0; i < VOUCHERS; i++) {
        g_autofree char *content = g_strdup_printf("long %d", i);
        DnUuid id = ingest(fixture->archive, content, "2026-05-01", 1000 + i, "霞商店");
        int64_t amount = 500000 + i;
        g_autoptr(json_t) row = NULL;

        g_assert_true(dn_archive_correct(fixture->archive, &id, &(DnCorrection){.amount = &amount},
                                         "misread", &row, &error));
        g_assert_no_error(error);
    }
    g_autoptr(GPtrArray) before = search(fixture->archive, &(DnSearch){.sort = "amount"});

    g_assert_cmpint(before->len, ==, VOUCHERS);
    g_clear_pointer(&fixture->archive, dn_archive_close);
    g_assert_true(dn_archive_rebuild(fixture->dir, &defaults, NULL, NULL, &result, &error));
    g_assert_no_error(error);
    g_assert_cmpint(dn_json_int(result, "vouchers", 0), ==, VOUCHERS);
    g_assert_cmpint(dn_json_int(result, "entries", 0), ==, 2 * VOUCHERS + 1); /* and the tenant's */
    open_archive(fixture);
    g_autoptr(GPtrArray) after = search(fixture->archive, &(DnSearch){.sort = "amount"});

    g_assert_cmpint(after->len, ==, VOUCHERS);
    for (guint i = 0; i < after->len; i++)
        g_assert_cmpstr(g_ptr_array_index(after, i), ==, g_ptr_array_index(before, i));
    g_autoptr(GPtrArray) failures = g_ptr_array_new_with_free_func(g_free);

    g_assert_cmpint(verify(fixture->archive, failures), ==, 0);
}

/* --- what an auditor takes --- */

static bool
stop_at(uint64_t done, uint64_t total, void *user_data)
{
    (void)total;
    return done < *(uint64_t *)user_data;
}

static void
test_an_export_that_is_stopped_leaves_nothing(Fixture *fixture, gconstpointer data)
{
    g_autofree char *path = g_build_filename(fixture->root, "capsule", NULL);
    DnSearch all = {0};

    (void)data;
    ingest(fixture->archive, "one", "2026-04-01", 100, "霞商店");
    ingest(fixture->archive, "two", "2026-04-02", 200, "霞商店");
    for (int folder = 0; folder < 2; folder++)
        for (uint64_t stop = 1; stop < 5; stop++) { /* two vouchers, then the ledger's lines */
            g_autoptr(GError) error = NULL;
            g_autoptr(json_t) result = NULL;
            DnExport form = {.path = path, .folder = folder != 0};

            g_assert_false(
                dn_archive_export(fixture->archive, &all, &form, stop_at, &stop, &result, &error));
            g_assert_error(error, DN_ERROR, DN_ERROR_BUSY);
            g_assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
        }
}

static void
export_to(Fixture *fixture, const DnSearch *terms, const char *path)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) result = NULL;
    g_autoptr(json_t) totals = NULL;
    g_autoptr(GPtrArray) failures = g_ptr_array_new_with_free_func(g_free);
    DnExport form = {.path = path};

    g_assert_true(dn_archive_export(fixture->archive, terms, &form, NULL, NULL, &result, &error));
    g_assert_no_error(error);
    g_assert_true(dn_capsule_check(path, NULL, collect, NULL, failures, &totals, &error));
    g_assert_cmpuint(failures->len, ==, 0);
}

static void
test_R31_a_capsule_becomes_the_same_archive(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = g_build_filename(fixture->root, "all.zip", NULL);
    g_autofree char *dir = g_build_filename(fixture->root, "again", NULL);
    g_autoptr(json_t) result = NULL;
    DnSearch all = {.deleted = "include"};
    DnUuid id = ingest(fixture->archive, "one", "2026-04-01", 100, "霞商店");

    (void)data;
    ingest(fixture->archive, "two", "2026-04-02", 200, "霞商店");
    g_assert_true(dn_archive_delete(fixture->archive, &id, "twice", &result, &error));
    g_clear_pointer(&result, json_decref);
    export_to(fixture, &all, path);
    g_autoptr(GPtrArray) before = search(fixture->archive, &all);

    g_assert_true(dn_archive_import(path, dir, NULL, NULL, NULL, &result, &error));
    g_assert_no_error(error);
    g_autofree char *key = g_strdup(dn_json_string(result, "key_file"));
    g_autoptr(DnArchive) again = dn_archive_open(dir, &defaults, &error);
    g_autoptr(GPtrArray) after = search(again, &all);
    g_autoptr(GPtrArray) failures = g_ptr_array_new_with_free_func(g_free);

    g_assert_cmpuint(before->len, ==, 2);
    g_assert_cmpuint(after->len, ==, 2);
    for (guint i = 0; i < 2; i++)
        g_assert_cmpstr(g_ptr_array_index(before, i), ==, g_ptr_array_index(after, i));
    g_assert_cmpint(verify(again, failures), ==, 0);
    g_assert_true(g_file_test(key, G_FILE_TEST_EXISTS));
    /* It goes on as an archive does. */
    ingest(again, "three", "2026-04-03", 300, "霞商店");
    g_assert_cmpint(verify(again, failures), ==, 0);
}

static void
test_a_part_or_a_stopped_import_makes_nothing(Fixture *fixture, gconstpointer data)
{
    g_autofree char *part = g_build_filename(fixture->root, "part.zip", NULL);
    g_autofree char *all = g_build_filename(fixture->root, "all.zip", NULL);
    g_autofree char *dir = g_build_filename(fixture->root, "again", NULL);
    g_autofree char *key = g_strconcat(dir, ".key", NULL);
    DnSearch everything = {0};
    DnSearch some = {.party = "霞"};
    uint64_t stop = 2;

    (void)data;
    ingest(fixture->archive, "one", "2026-04-01", 100, "霞商店");
    export_to(fixture, &some, part);
    export_to(fixture, &everything, all);
    const char *const paths[] = {part, all};
    const gint codes[] = {DN_ERROR_INVALID, DN_ERROR_BUSY};

    for (size_t i = 0; i < 2; i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(json_t) result = NULL;

        g_assert_false(dn_archive_import(paths[i], dir, NULL, stop_at, &stop, &result, &error));
        g_assert_error(error, DN_ERROR, codes[i]);
        g_assert_false(g_file_test(dir, G_FILE_TEST_EXISTS));
        g_assert_false(g_file_test(key, G_FILE_TEST_EXISTS));
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define T(name) g_test_add("/archive/" #name, Fixture, NULL, set_up, test_##name, tear_down)
    T(a_voucher_is_found_after_reopening);
    T(the_same_bytes_are_one_voucher);
    T(what_is_turned_away_is_not_in_the_archive);
    T(a_correction_keeps_what_was_before);
    T(deleted_is_hidden_not_gone);
    T(an_unknown_id_is_not_found);
    T(the_beginning_of_an_id_names_its_voucher);
    T(tenants_are_apart);
    T(a_second_process_is_told_who_has_it);
    T(without_its_key_nothing_opens);
    T(a_key_that_others_can_read_is_refused);
    T(rotating_the_master_keeps_everything_readable);
    T(a_folder_in_use_is_not_made_an_archive);
    T(a_rebuilt_view_gives_the_same_answers);
    T(a_lost_view_comes_back_by_itself);
    T(clients_at_once_share_syncs_and_lose_nothing);
    T(a_flipped_byte_names_its_voucher);
    T(a_part_is_read_in_pieces);
    T(a_damaged_piece_is_not_handed_out);
    T(what_is_remembered_is_what_stands);
    g_test_add_func("/lately/only_the_same_question_has_the_answer",
                    test_only_the_same_question_has_the_answer);
    g_test_add_func("/lately/what_was_found_before_a_change_is_not_remembered",
                    test_what_was_found_before_a_change_is_not_remembered);
    g_test_add_func("/lately/what_is_asked_for_again_stays", test_what_is_asked_for_again_stays);
    T(who_finds_no_room_waits_and_gets_in);
    T(a_file_that_cannot_be_read_is_rejected);
    T(a_long_log_is_rebuilt_in_rounds);
    T(an_export_that_is_stopped_leaves_nothing);
    T(R31_a_capsule_becomes_the_same_archive);
    T(a_part_or_a_stopped_import_makes_nothing);
    return g_test_run();
}
