/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tests/unit/engine/test-proofs.c - a thousand units under one token: what of them a damaged byte
 * touches, what one of them proves alone, and what a look at the proofs alone sees.
 */
#include "config.h"
#include "base/clock.h"
#include "base/fs.h"
#include "engine/batch.h"
#include "engine/packed.h"
#include "tests/unit/evidence/authority.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

enum { UNITS = 1000, CLIENTS = 8 };

typedef struct {
    char *root;
    char *dir;
    char *key;
    char *tsa;
    Authority *authority;
    DnArchive *archive;
    DnUuid ids[UNITS];
    gint next; /* the first unit that no client has taken */
} Fixture;

static void
set_up(Fixture *fixture, gconstpointer data)
{
    DnArchiveOptions options = {.actor = "cli:clerk", .worker_path = "/nonexistent"};
    g_autoptr(GError) error = NULL;

    (void)data;
    fixture->root = g_dir_make_tmp("dencho-proofs-XXXXXX", &error);
    g_assert_no_error(error);
    fixture->dir = g_build_filename(fixture->root, "archive", NULL);
    fixture->tsa = g_build_filename(fixture->root, "tsa", NULL);
    authority_init(fixture->tsa, NULL);
    fixture->authority = authority_start(fixture->tsa, NULL);
    g_autofree char *url =
        g_strconcat("evidence.tsa-url=", authority_url(fixture->authority), NULL);
    g_autofree char *trust = g_strconcat("evidence.trust-file=", fixture->tsa, "/trust.conf", NULL);
    const char *settings[] = {url, trust, NULL};

    g_assert_true(dn_archive_init(fixture->dir, &(DnArchiveInit){.settings = settings},
                                  &fixture->key, &error));
    fixture->archive = dn_archive_open(fixture->dir, &options, &error);
    g_assert_no_error(error);
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
    (void)data;
    g_clear_pointer(&fixture->archive, dn_archive_close);
    g_clear_pointer(&fixture->authority, authority_free);
    g_assert_true(dn_fs_remove_tree(fixture->root, NULL));
    g_free(fixture->root);
    g_free(fixture->dir);
    g_free(fixture->key);
    g_free(fixture->tsa);
}

static GBytes *
unit(unsigned number)
{
    g_autofree char *text = g_strdup_printf("\x89PNG\r\n\x1a\n unit %u of a batch", number);

    return g_bytes_new(text, strlen(text));
}

static void
ingest(Fixture *fixture, unsigned number)
{
    g_autoptr(GBytes) bytes = unit(number);
    g_autoptr(json_t) result = NULL;
    g_autoptr(GError) error = NULL;
    DnDate day = {2026, 4, 1 + number % 30};
    DnIngest request = {.date = &day, .no_wait = true};

    g_assert_true(dn_archive_ingest(fixture->archive, bytes, &request, &result, &error));
    g_assert_no_error(error);
    g_assert_true(dn_uuid_parse(dn_json_string(result, "voucher"), &fixture->ids[number], NULL));
}

static gpointer
client(gpointer data)
{
    Fixture *fixture = data;

    for (;;) {
        unsigned number = (unsigned)g_atomic_int_add(&fixture->next, 1);

        if (number >= UNITS)
            return NULL;
        ingest(fixture, number);
    }
}

static void
ingest_all(Fixture *fixture)
{
    GThread *threads[CLIENTS];

    for (size_t i = 0; i < CLIENTS; i++)
        threads[i] = g_thread_new("client", client, fixture);
    for (size_t i = 0; i < CLIENTS; i++)
        g_thread_join(threads[i]);
}

static void
stamp(Fixture *fixture, int64_t wanted)
{
    g_autoptr(json_t) result = NULL;
    g_autoptr(GError) error = NULL;

    g_assert_true(dn_archive_stamp(fixture->archive, &result, &error));
    g_assert_no_error(error);
    g_assert_cmpint(dn_json_int(result, "stamped", -1), ==, wanted);
}

/* A byte in the middle of a sealed blob, under the open archive. */
static void
flip(Fixture *fixture, const char *blob)
{
    DnStoreRef place;
    DnUuid id;
    uint8_t byte = 0;

    g_assert_true(dn_uuid_parse(blob, &id, NULL));
    g_assert_true(dn_view_blob_place(fixture->archive, &id, &place, NULL));
    g_autofree char *name = g_strdup_printf("%06u.seg", place.segment);
    g_autofree char *path = g_build_filename(fixture->dir, "log", name, NULL);
    off_t at = (off_t)(place.offset + place.size - 20);

    g_assert_cmpint(g_chmod(path, 0600), ==, 0);
    int fd = g_open(path, O_RDWR | O_CLOEXEC, 0);

    g_assert_cmpint(pread(fd, &byte, 1, at), ==, 1);
    byte ^= 1;
    g_assert_cmpint(pwrite(fd, &byte, 1, at), ==, 1);
    g_assert_cmpint(close(fd), ==, 0);
}

static bool
collect(const json_t *row, void *user_data, GError **error)
{
    (void)error;
    g_ptr_array_add(user_data, g_strdup(dn_json_string(row, "voucher")));
    return true;
}

static json_t *
verify(Fixture *fixture, const DnDate *from, const DnDate *to, DnVerifyDepth depth,
       GPtrArray *failures)
{
    g_autoptr(GError) error = NULL;
    json_t *totals = NULL;

    dn_archive_verify(fixture->archive, from, to, depth, collect, NULL, failures, &totals, &error);
    g_assert_no_error(error);
    return totals;
}

#define assert_totals(totals, wanted_stamped, wanted_failed)                                       \
    do {                                                                                           \
        g_assert_cmpint(dn_json_int((totals), "stamped", -1), ==, (wanted_stamped));               \
        g_assert_cmpint(dn_json_int((totals), "failed", -1), ==, (wanted_failed));                 \
    } while (0)

static void
test_R21_of_a_thousand_under_one_token_the_altered_one_fails(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GPtrArray) failures = g_ptr_array_new_with_free_func(g_free);
    DnDate day = {2026, 4, 1 + 7 % 30};
    g_autoptr(GError) error = NULL;
    const char *type = NULL;
    g_auto(DnTokenInfo) info = {0};

    (void)data;
    ingest_all(fixture);
    stamp(fixture, UNITS);
    g_autoptr(json_t) whole = verify(fixture, NULL, NULL, DN_VERIFY_FULL, failures);
    g_autoptr(json_t) part = verify(fixture, &day, &day, DN_VERIFY_PROOFS, failures);

    assert_totals(whole, UNITS, 0);
    assert_totals(part, UNITS / 30 + 1, 0);

    g_autofree char *altered = dn_uuid_text(&fixture->ids[500]);
    g_autoptr(json_t) state = dn_view_voucher(fixture->archive, &fixture->ids[500], &error);

    flip(fixture, dn_json_string(json_object_get(dn_voucher_version(state, 0), "blob"), "id"));
    g_autoptr(json_t) damaged = verify(fixture, NULL, NULL, DN_VERIFY_DOCUMENTS, failures);

    assert_totals(damaged, UNITS - 1, 1);
    g_assert_cmpuint(failures->len, ==, 1);
    g_assert_cmpstr(g_ptr_array_index(failures, 0), ==, altered);

    /* Its bytes are what failed: the proof that they were others still holds. */
    g_autoptr(json_t) proofs = verify(fixture, NULL, NULL, DN_VERIFY_PROOFS, failures);

    assert_totals(proofs, UNITS, 0);

    /* Unit 7 alone: its original, its record with the token in it, and whom the auditor trusts. */
    g_autoptr(GBytes) record =
        dn_archive_cat(fixture->archive, &fixture->ids[7], "record", 0, &type, &error);

    g_assert_no_error(error);
    g_clear_pointer(&fixture->archive, dn_archive_close);
    g_assert_true(dn_fs_remove_tree(fixture->dir, NULL));
    g_autoptr(DnTrust) trust = authority_trust(fixture->tsa);
    g_autoptr(GBytes) seven = unit(7);
    DnHash hash = dn_hash_bytes(DN_HASH_SHA256, seven);
    unsigned proved = 0;

    g_assert_true(dn_evidence_record_verify(record, &hash, trust, &info, &error));
    g_assert_no_error(error);
    g_assert_true(info.trusted);
    dn_token_info_clear(&info);
    info = (DnTokenInfo){0};
    g_assert_cmpuint(g_bytes_get_size(record), <, 8192);
    for (unsigned i = 0; i < UNITS; i++) { /* itself and its neighbour in the tree, nobody else */
        g_autoptr(GBytes) bytes = unit(i);
        DnHash other = dn_hash_bytes(DN_HASH_SHA256, bytes);
        g_auto(DnTokenInfo) said = {0};

        proved += dn_evidence_record_verify(record, &other, trust, &said, NULL);
    }
    g_assert_cmpuint(proved, >=, 1);
    g_assert_cmpuint(proved, <=, 2);
}

/* The leaves are damaged: nobody of that batch is proved, everybody of another is. */
static void
test_damaged_leaves_fail_their_batch_alone(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GPtrArray) failures = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GError) error = NULL;

    (void)data;
    for (unsigned i = 0; i < 3; i++)
        ingest(fixture, i);
    stamp(fixture, 3);
    for (unsigned i = 3; i < 5; i++)
        ingest(fixture, i);
    stamp(fixture, 2);
    g_autoptr(json_t) state = dn_view_voucher(fixture->archive, &fixture->ids[0], &error);
    const json_t *of = json_object_get(dn_voucher_version(state, 0), "stamp");

    flip(fixture, dn_json_string(json_object_get(of, "leaves"), "id"));
    g_autoptr(json_t) totals = verify(fixture, NULL, NULL, DN_VERIFY_PROOFS, failures);

    assert_totals(totals, 2, 4); /* the entry of the stamp, and three that stand on it */
    for (unsigned i = 3; i < 5; i++) {
        g_autofree char *whole = dn_uuid_text(&fixture->ids[i]);

        for (guint j = 0; j < failures->len; j++)
            g_assert_cmpstr(g_ptr_array_index(failures, j), !=, whole);
    }
}

/* A view that states another document than the one that was stamped. */
static void
test_another_hash_is_no_leaf(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GPtrArray) failures = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GError) error = NULL;
    uint8_t key[32];

    (void)data;
    for (unsigned i = 0; i < 3; i++)
        ingest(fixture, i);
    stamp(fixture, 3);
    g_autofree char *altered = dn_uuid_text(&fixture->ids[1]);
    g_autoptr(json_t) state = dn_view_voucher(fixture->archive, &fixture->ids[1], &error);
    json_t *version = json_array_get(json_object_get(state, "versions"), 0);
    g_autofree char *hash = g_strnfill(64, 'a');

    dn_json_set_string(json_object_get(version, "blob"), "sha256", hash);
    g_autoptr(DnArena) arena = dn_arena_new();
    GString *packed = g_string_new(NULL);
    DnKvBatch *batch = dn_kv_batch_new();

    memcpy(key, fixture->archive->tenant.bytes, 16);
    memcpy(key + 16, fixture->ids[1].bytes, 16);
    dn_packed_write(packed, dn_json_value(arena, state, &error));
    dn_kv_batch_put(batch, DN_KV_VOUCHER, key, sizeof key, packed->str, packed->len);
    g_string_free(packed, TRUE);
    g_assert_true(dn_kv_write(fixture->archive->view, batch, &error));
    g_assert_no_error(error);
    dn_kv_batch_free(batch);
    g_autoptr(json_t) totals = verify(fixture, NULL, NULL, DN_VERIFY_PROOFS, failures);

    assert_totals(totals, 2, 1);
    g_assert_cmpstr(g_ptr_array_index(failures, 0), ==, altered);
}

/* Stamps that are let go of and asked for again prove what they proved. */
static void
test_few_batches_stay_in_memory(Fixture *fixture, gconstpointer data)
{
    static const unsigned order[] = {0, 4, 1, 5, 0, 2, 4, 3, 5, 1};
    g_autoptr(GError) error = NULL;
    size_t kept = dn_batches_leaves_kept;

    (void)data;
    for (unsigned i = 0; i < 6; i++) {
        ingest(fixture, i);
        if (i % 2)
            stamp(fixture, 2);
    }
    g_autoptr(DnTrust) trust = authority_trust(fixture->tsa);
    g_autoptr(DnBatches) batches = dn_batches_new(fixture->archive, trust);

    dn_batches_leaves_kept = 1;
    dn_batches_keep_few(batches);
    for (size_t i = 0; i < G_N_ELEMENTS(order); i++) {
        const DnUuid *id = &fixture->ids[order[i]];
        g_autoptr(json_t) state = dn_view_voucher(fixture->archive, id, &error);
        g_autoptr(GArray) evidence =
            dn_batches_evidence(batches, id, dn_voucher_version(state, 0), &error);

        g_assert_no_error(error);
        g_assert_cmpuint(evidence->len, ==, 1);
        g_autoptr(GBytes) record = dn_evidence_make_record(evidence, 1, &error);

        g_assert_no_error(error);
        g_assert_nonnull(record);
    }
    g_assert_cmpuint(dn_batches_loaded(batches), <=, 2);
    dn_batches_leaves_kept = kept;
}

static bool
is_due(Fixture *fixture, int64_t wanted_waiting)
{
    g_autoptr(json_t) row = NULL;
    g_autoptr(GError) error = NULL;

    g_assert_true(dn_archive_stamp_due(fixture->archive, &row, &error));
    g_assert_no_error(error);
    g_assert_cmpint(dn_json_int(row, "waiting", -1), ==, wanted_waiting);
    return dn_json_bool(row, "due", false);
}

static void
revise(Fixture *fixture, unsigned number)
{
    g_autoptr(GBytes) bytes = g_bytes_new_static("\x89PNG\r\n\x1a\n again", 14);
    g_autoptr(json_t) row = NULL;
    g_autoptr(GError) error = NULL;

    /* Nobody reads it here: it has been stored, and says that it waits to be read. */
    g_assert_true(dn_archive_revise(fixture->archive, &fixture->ids[number], bytes, "b.png", "bent",
                                    NULL, &row, &error));
    g_assert_no_error(error);
    g_assert_nonnull(json_object_get(row, "error"));
}

static void
test_a_batch_is_due_after_ten_minutes(Fixture *fixture, gconstpointer data)
{
    enum { MINUTE = 60 * 1000 };

    (void)data;
    g_assert_false(is_due(fixture, 0));
    ingest(fixture, 0);
    g_assert_false(is_due(fixture, 1));
    dn_clock_shift(9 * MINUTE);
    ingest(fixture, 1);
    g_assert_false(is_due(fixture, 2));
    dn_clock_shift(11 * MINUTE);
    g_assert_true(is_due(fixture, 2));
    stamp(fixture, 2);
    g_assert_false(is_due(fixture, 0));
    revise(fixture, 0); /* an old voucher, and a version that has not waited */
    g_assert_false(is_due(fixture, 1));
    dn_clock_shift(22 * MINUTE);
    g_assert_true(is_due(fixture, 1));
    dn_clock_shift(0);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define T(name) g_test_add("/proofs/" #name, Fixture, NULL, set_up, test_##name, tear_down)
    T(R21_of_a_thousand_under_one_token_the_altered_one_fails);
    T(damaged_leaves_fail_their_batch_alone);
    T(another_hash_is_no_leaf);
    T(few_batches_stay_in_memory);
    T(a_batch_is_due_after_ten_minutes);
    return g_test_run();
}
