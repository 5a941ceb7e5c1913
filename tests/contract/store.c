/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tests/contract/store.c - what every driver of engine/store/store.h promises.
 */
#include "config.h"
#include "base/fs.h"
#include "engine/store/store.h"

#include <string.h>

#define assert_code(error, wanted)                                                                 \
    do {                                                                                           \
        g_assert_nonnull(error);                                                                   \
        g_assert_cmpint(dn_error_code(error), ==, DN_ERROR_##wanted);                              \
        g_clear_error(&(error));                                                                   \
    } while (0)

enum { SMALL_SEGMENT = 64 << 10, THREADS = 8, COMMITS = 40 };

static const DnUuid archive = {{0xaa, 1}};
static const DnUuid alice = {{0xa1}};
static const DnUuid bob = {{0xb0}};

typedef struct {
    const char *name;
    bool on_disk;
    bool faulty; /* wrapped in the fault driver */
} Driver;

static const Driver drivers[] = {{"segment", true, false},
                                 {"memory", false, false},
                                 {"fault-segment", true, true},
                                 {"fault-memory", false, true}};

typedef struct {
    const Driver *driver;
    char *dir;
    DnStore *store;
} Fixture;

static DnStore *
open_store(const Fixture *self, bool create)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *log = g_build_filename(self->dir, "log", NULL);
    DnStore *store = self->driver->on_disk
                         ? dn_store_open_segments(log, &archive, SMALL_SEGMENT, create, &error)
                         : dn_store_open_memory();

    g_assert_no_error(error);
    return self->driver->faulty ? dn_store_open_fault(store) : store;
}

static void
set_up(Fixture *self, gconstpointer driver)
{
    self->driver = driver;
    self->dir = g_dir_make_tmp("dencho-test-XXXXXX", NULL);
    self->store = open_store(self, true);
}

static void
tear_down(Fixture *self, gconstpointer driver)
{
    (void)driver;
    dn_store_close(self->store);
    g_assert_true(dn_fs_remove_tree(self->dir, NULL));
    g_free(self->dir);
}

/* One commit of a blob and an entry whose bytes tell tenant and seq. */
static GBytes *
content(char kind, const DnUuid *tenant, uint64_t seq)
{
    char *text = g_strdup_printf("%c%02x-%" G_GUINT64_FORMAT, kind, tenant->bytes[0], (guint64)seq);

    return g_bytes_new_take(text, strlen(text));
}

static bool
append(DnStore *store, const DnUuid *tenant, uint64_t head, DnStoreReceipt *out, GError **error)
{
    g_autoptr(GBytes) blob_bytes = content('b', tenant, head + 1);
    g_autoptr(GBytes) entry_bytes = content('e', tenant, head + 1);
    DnStoreBlob blob = {.id = dn_uuid_new(), .part = 'o', .sealed = blob_bytes};
    DnStoreEntry entry = {.seq = head + 1, .sealed = entry_bytes};
    DnStoreCommit commit = {.tenant = *tenant,
                            .expected_head = head,
                            .blobs = &blob,
                            .blob_count = 1,
                            .entries = &entry,
                            .entry_count = 1};

    return dn_store_append(store, &commit, out, error);
}

static bool
put(DnStore *store, const DnUuid *tenant, uint64_t head, GError **error)
{
    g_auto(DnStoreReceipt) receipt = {0};

    return append(store, tenant, head, &receipt, error) &&
           dn_store_wait(store, receipt.ticket, error);
}

static void
assert_put(DnStore *store, const DnUuid *tenant, uint64_t head)
{
    g_autoptr(GError) error = NULL;

    put(store, tenant, head, &error);
    g_assert_no_error(error);
}

typedef struct {
    unsigned commits;
    uint64_t alice;
    uint64_t bob;
    bool with_blobs;
    DnStorePosition last;
    unsigned stop_after;
} Seen;

static bool
see(const DnStoreVisit *visit, void *user_data, GError **error)
{
    Seen *seen = user_data;
    uint64_t *head = dn_uuid_equal(&visit->tenant, &alice) ? &seen->alice : &seen->bob;
    g_autoptr(GBytes) wanted = content('e', &visit->tenant, *head + 1);
    g_autoptr(GBytes) blob = content('b', &visit->tenant, *head + 1);

    if (seen->stop_after > 0 && seen->commits == seen->stop_after)
        return dn_fail(error, DN_ERROR_LIMIT, "enough");
    g_assert_cmpuint(visit->entry_count, ==, 1);
    g_assert_cmpuint(visit->blob_count, ==, 1);
    g_assert_cmpuint(visit->entries[0].seq, ==, *head + 1);
    g_assert_true(g_bytes_equal(visit->entries[0].sealed, wanted));
    g_assert_cmpint(visit->blobs[0].part, ==, 'o');
    if (seen->with_blobs)
        g_assert_true(g_bytes_equal(visit->blobs[0].sealed, blob));
    else
        g_assert_null(visit->blobs[0].sealed);
    g_assert_cmpint(dn_store_position_compare(&seen->last, &visit->end), <, 0);
    seen->last = visit->end;
    seen->commits++;
    ++*head;
    return true;
}

static Seen
see_all(DnStore *store)
{
    g_autoptr(GError) error = NULL;
    Seen seen = {0};

    dn_store_each(store, NULL, 0, see, &seen, &error);
    g_assert_no_error(error);
    return seen;
}

static void
test_what_was_put_is_read_back(Fixture *self, gconstpointer driver)
{
    g_autoptr(GError) error = NULL;
    g_auto(DnStoreReceipt) receipt = {0};
    g_autoptr(GBytes) blob_wanted = content('b', &alice, 1);
    g_autoptr(GBytes) entry_wanted = content('e', &alice, 1);
    g_autoptr(GBytes) blob = NULL;
    g_autoptr(GBytes) entry = NULL;
    DnStoreRef wrong;

    (void)driver;
    g_assert_true(append(self->store, &alice, 0, &receipt, &error));
    g_assert_true(dn_store_wait(self->store, receipt.ticket, &error));
    g_assert_true(dn_store_wait(self->store, receipt.ticket, &error)); /* as often as one likes */
    blob = dn_store_read(self->store, &receipt.blobs[0], &error);
    entry = dn_store_read(self->store, &receipt.entries[0], &error);
    g_assert_no_error(error);
    g_assert_true(g_bytes_equal(blob, blob_wanted));
    g_assert_true(g_bytes_equal(entry, entry_wanted));

    wrong = receipt.blobs[0];
    wrong.size++;
    g_assert_null(dn_store_read(self->store, &wrong, &error));
    assert_code(error, CORRUPT);
    wrong = (DnStoreRef){7, 1000, 10};
    g_assert_null(dn_store_read(self->store, &wrong, &error));
    assert_code(error, CORRUPT);
    wrong = (DnStoreRef){0, 0, 0};
    g_assert_null(dn_store_read(self->store, &wrong, &error));
    assert_code(error, CORRUPT);
    g_assert_false(dn_store_wait(self->store, receipt.ticket + 1, &error));
    assert_code(error, INVALID);
}

static void
test_a_part_is_read_without_the_rest(Fixture *self, gconstpointer driver)
{
    g_autoptr(GError) error = NULL;
    g_auto(DnStoreReceipt) receipt = {0};
    g_autoptr(GBytes) wanted = content('b', &alice, 1);
    uint64_t size = g_bytes_get_size(wanted);
    DnStoreRef wrong;

    (void)driver;
    g_assert_true(append(self->store, &alice, 0, &receipt, &error));
    g_assert_true(dn_store_wait(self->store, receipt.ticket, &error));
    g_autoptr(DnStorePart) part = dn_store_open_part(self->store, &receipt.blobs[0], &error);

    g_assert_no_error(error);
    g_autoptr(DnStorePart) again = dn_store_open_part_again(self->store, &receipt.blobs[0], &error);

    g_assert_no_error(error);
    g_assert_cmpuint(part->size, ==, size);
    g_assert_cmpuint(again->size, ==, size);
    dn_store_expect(self->store, &receipt.blobs[0]);
    dn_store_expect(self->store, &(DnStoreRef){9, 9, UINT64_MAX}); /* nothing is there */
    for (uint64_t from = 0; from <= size; from++) {
        g_autofree uint8_t *piece = g_malloc(size - from + 1);

        g_assert_true(dn_store_part_read(part, from, size - from, piece, &error));
        g_assert_cmpmem(piece, size - from, (const uint8_t *)g_bytes_get_data(wanted, NULL) + from,
                        size - from);
        g_assert_true(dn_store_part_read(again, from, size - from, piece, &error));
        g_assert_cmpmem(piece, size - from, (const uint8_t *)g_bytes_get_data(wanted, NULL) + from,
                        size - from);
    }
    g_assert_false(dn_store_part_read(again, 1, size, NULL, &error));
    assert_code(error, INVALID);
    g_assert_false(dn_store_part_read(part, 1, size, NULL, &error));
    assert_code(error, INVALID);
    g_assert_false(dn_store_part_read(part, UINT64_MAX, 2, NULL, &error));
    assert_code(error, INVALID);
    wrong = receipt.blobs[0];
    wrong.size++;
    g_assert_null(dn_store_open_part(self->store, &wrong, &error));
    assert_code(error, CORRUPT);
}

static void
test_a_visit_sees_every_durable_commit_in_order(Fixture *self, gconstpointer driver)
{
    g_autoptr(GError) error = NULL;
    g_auto(DnStoreReceipt) waiting = {0};
    Seen all = {.with_blobs = true};
    Seen rest = {0};
    Seen some = {.stop_after = 2};
    DnStorePosition middle = {0, 0};
    DnStorePosition beyond = {9, 9};

    (void)driver;
    g_assert_cmpint(dn_store_position_compare(&middle, &(DnStorePosition){0, 0}), ==, 0);
    middle = dn_store_end(self->store);
    g_assert_cmpuint(middle.segment, ==, 0);
    for (uint64_t i = 0; i < 3; i++)
        assert_put(self->store, &alice, i);
    middle = dn_store_end(self->store);
    assert_put(self->store, &bob, 0);
    assert_put(self->store, &alice, 3);
    g_assert_true(append(self->store, &bob, 1, &waiting, &error));

    g_assert_true(dn_store_each(self->store, NULL, DN_STORE_VISIT_BLOBS, see, &all, &error));
    g_assert_cmpuint(all.commits, ==, 5); /* not the one that nobody has waited for */
    g_assert_cmpuint(all.alice, ==, 4);
    rest.alice = 3;
    g_assert_true(dn_store_each(self->store, &middle, 0, see, &rest, &error));
    g_assert_cmpuint(rest.commits, ==, 2);
    g_assert_false(dn_store_each(self->store, NULL, 0, see, &some, &error));
    assert_code(error, LIMIT);
    middle = dn_store_end(self->store);
    g_assert_cmpint(dn_store_position_compare(&middle, &all.last), ==, 0);
    g_assert_false(dn_store_each(self->store, &beyond, 0, see, &rest, &error));
    assert_code(error, CORRUPT); /* a reader that knows more than the log */
    g_assert_true(dn_store_wait(self->store, waiting.ticket, &error));
}

static void
test_a_wrong_head_is_busy(Fixture *self, gconstpointer driver)
{
    g_autoptr(GError) error = NULL;
    g_auto(DnStoreReceipt) receipt = {0};

    (void)driver;
    g_assert_false(put(self->store, &alice, 5, &error));
    assert_code(error, BUSY);
    g_assert_true(append(self->store, &alice, 0, &receipt, &error));
    g_assert_false(put(self->store, &alice, 0, &error)); /* taken, durable or not */
    assert_code(error, BUSY);
    assert_put(self->store, &bob, 0); /* heads are a tenant's own */
    assert_put(self->store, &alice, 1);
    g_assert_cmpuint(see_all(self->store).commits, ==, 3);
}

static void
test_a_commit_that_makes_no_sense_is_invalid(Fixture *self, gconstpointer driver)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) bytes = g_bytes_new_static("x", 1);
    DnStoreEntry gap[] = {{1, bytes}, {3, bytes}};
    DnStoreCommit commit = {.tenant = alice, .entries = gap, .entry_count = 2};
    DnStoreReceipt receipt = {0};

    (void)driver;
    g_assert_false(dn_store_append(self->store, &commit, &receipt, &error));
    assert_code(error, INVALID);
    commit.entry_count = 0;
    g_assert_false(dn_store_append(self->store, &commit, &receipt, &error));
    assert_code(error, INVALID);
    g_assert_null(receipt.blobs);
    g_assert_cmpuint(see_all(self->store).commits, ==, 0);
}

static void
test_many_parts_and_an_empty_one(Fixture *self, gconstpointer driver)
{
    g_autoptr(GError) error = NULL;
    g_auto(DnStoreReceipt) receipt = {0};
    g_autoptr(GBytes) nothing = g_bytes_new_static("", 0);
    g_autoptr(GBytes) some = g_bytes_new_static("some", 4);
    DnStoreBlob blobs[] = {{dn_uuid_new(), 'o', some}, {dn_uuid_new(), 't', nothing}};
    DnStoreEntry entries[] = {{1, some}, {2, nothing}, {3, some}};
    DnStoreCommit commit = {
        .tenant = alice, .blobs = blobs, .blob_count = 2, .entries = entries, .entry_count = 3};

    (void)driver;
    g_assert_true(dn_store_append(self->store, &commit, &receipt, &error));
    g_assert_true(dn_store_wait(self->store, receipt.ticket, &error));
    for (int i = 0; i < 2; i++) {
        g_autoptr(GBytes) back = dn_store_read(self->store, &receipt.blobs[i], &error);

        g_assert_no_error(error);
        g_assert_true(g_bytes_equal(back, blobs[i].sealed));
    }
    for (int i = 0; i < 3; i++) {
        g_autoptr(GBytes) back = dn_store_read(self->store, &receipt.entries[i], &error);

        g_assert_no_error(error);
        g_assert_true(g_bytes_equal(back, entries[i].sealed));
    }
    assert_put(self->store, &alice, 3);
}

typedef struct {
    DnStore *store;
    DnUuid tenant;
} Worker;

static gpointer
work(gpointer data)
{
    const Worker *worker = data;

    for (uint64_t i = 0; i < COMMITS; i++)
        assert_put(worker->store, &worker->tenant, i);
    return NULL;
}

static bool
count_commits(const DnStoreVisit *visit, void *user_data, GError **error)
{
    uint64_t *heads = user_data;

    (void)error;
    g_assert_cmpuint(visit->entries[0].seq, ==, heads[visit->tenant.bytes[0]] + 1);
    heads[visit->tenant.bytes[0]]++;
    return true;
}

static void
test_threads_share_the_log(Fixture *self, gconstpointer driver)
{
    g_autoptr(GError) error = NULL;
    GThread *threads[THREADS];
    Worker workers[THREADS];
    uint64_t heads[256] = {0};

    (void)driver;
    for (int i = 0; i < THREADS; i++) {
        workers[i] = (Worker){self->store, {{(uint8_t)(i + 1)}}};
        threads[i] = g_thread_new("put", work, &workers[i]);
    }
    for (int i = 0; i < THREADS; i++)
        g_thread_join(threads[i]);
    g_assert_true(dn_store_each(self->store, NULL, 0, count_commits, heads, &error));
    for (int i = 0; i < THREADS; i++)
        g_assert_cmpuint(heads[i + 1], ==, COMMITS);
}

static void
test_check_finds_nothing_wrong(Fixture *self, gconstpointer driver)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);

    (void)driver;
    for (uint64_t i = 0; i < 400; i++) /* several segments */
        assert_put(self->store, &alice, i);
    g_assert_true(dn_store_check(self->store, problems, &error));
    g_assert_cmpuint(problems->len, ==, 0);
    if (self->driver->on_disk)
        g_assert_cmpuint(dn_store_state(self->store).segments, >, 1);
    g_assert_cmpuint(dn_store_state(self->store).bytes, >, 0);
    g_assert_cmpuint(see_all(self->store).alice, ==, 400);
}

static void
test_reopening_finds_everything(Fixture *self, gconstpointer driver)
{
    DnStorePosition end;
    DnStorePosition after;

    (void)driver;
    if (!self->driver->on_disk) {
        g_test_skip("nothing stays");
        return;
    }
    for (uint64_t i = 0; i < 300; i++) {
        assert_put(self->store, &alice, i);
        end = dn_store_end(self->store);
        if (i % 60 == 0) {
            dn_store_close(self->store);
            self->store = open_store(self, false);
            after = dn_store_end(self->store);
            g_assert_cmpint(dn_store_position_compare(&end, &after), ==, 0);
            g_assert_cmpuint(dn_store_state(self->store).cut_bytes, ==, 0);
        }
    }
    g_assert_cmpuint(see_all(self->store).alice, ==, 300);
}

static void
test_a_failed_append_leaves_nothing(Fixture *self, gconstpointer driver)
{
    g_autoptr(GError) error = NULL;
    g_auto(DnStoreReceipt) waiting = {0};

    (void)driver;
    if (!self->driver->faulty) {
        g_test_skip("does not fail on request");
        return;
    }
    assert_put(self->store, &alice, 0);
    g_assert_true(append(self->store, &bob, 0, &waiting, &error));
    dn_store_fault_next(self->store, "append", 2);
    assert_put(self->store, &alice, 1); /* makes bob's durable too */
    g_assert_false(put(self->store, &alice, 2, &error));
    assert_code(error, IO);
    g_assert_true(dn_store_wait(self->store, waiting.ticket, &error));
    assert_put(self->store, &alice, 2);
    g_assert_cmpuint(see_all(self->store).commits, ==, 4);
}

static void
test_a_failed_wait_takes_all_that_waits(Fixture *self, gconstpointer driver)
{
    g_autoptr(GError) error = NULL;
    g_auto(DnStoreReceipt) first = {0};
    g_auto(DnStoreReceipt) second = {0};
    g_auto(DnStoreReceipt) third = {0};

    (void)driver;
    if (!self->driver->faulty) {
        g_test_skip("does not fail on request");
        return;
    }
    assert_put(self->store, &alice, 0);
    g_assert_true(append(self->store, &alice, 1, &first, &error));
    g_assert_true(append(self->store, &alice, 2, &second, &error));
    g_assert_true(append(self->store, &bob, 0, &third, &error));
    dn_store_fault_next(self->store, "wait", 1);
    g_assert_false(dn_store_wait(self->store, second.ticket, &error));
    assert_code(error, IO);
    g_assert_false(dn_store_wait(self->store, first.ticket, &error));
    assert_code(error, IO);
    g_assert_false(dn_store_wait(self->store, third.ticket, &error));
    assert_code(error, IO);
    g_assert_cmpuint(see_all(self->store).commits, ==, 1);

    /* The heads went back to the durable ones. */
    g_assert_false(put(self->store, &alice, 3, &error));
    assert_code(error, BUSY);
    assert_put(self->store, &alice, 1);
    assert_put(self->store, &bob, 0);
    g_assert_cmpuint(see_all(self->store).commits, ==, 3);
    if (self->driver->on_disk) {
        dn_store_close(self->store);
        self->store = open_store(self, false);
        g_assert_cmpuint(see_all(self->store).commits, ==, 3);
    }
}

static void
test_a_wait_for_what_is_durable_does_not_fail(Fixture *self, gconstpointer driver)
{
    g_autoptr(GError) error = NULL;
    g_auto(DnStoreReceipt) first = {0};

    (void)driver;
    if (!self->driver->faulty) {
        g_test_skip("does not fail on request");
        return;
    }
    g_assert_true(append(self->store, &alice, 0, &first, &error));
    g_assert_true(dn_store_wait(self->store, first.ticket, &error));
    dn_store_fault_next(self->store, "wait", 1);
    g_assert_true(dn_store_wait(self->store, first.ticket, &error));
    g_assert_false(put(self->store, &alice, 1, &error)); /* it hits this one */
    assert_code(error, IO);
    assert_put(self->store, &alice, 1);
}

int
main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(Fixture *, gconstpointer);
    } tests[] = {
        {"read-back", test_what_was_put_is_read_back},
        {"read-part", test_a_part_is_read_without_the_rest},
        {"visit", test_a_visit_sees_every_durable_commit_in_order},
        {"busy", test_a_wrong_head_is_busy},
        {"invalid", test_a_commit_that_makes_no_sense_is_invalid},
        {"parts", test_many_parts_and_an_empty_one},
        {"threads", test_threads_share_the_log},
        {"check", test_check_finds_nothing_wrong},
        {"reopen", test_reopening_finds_everything},
        {"failed-append", test_a_failed_append_leaves_nothing},
        {"failed-wait", test_a_failed_wait_takes_all_that_waits},
        {"durable-wait", test_a_wait_for_what_is_durable_does_not_fail},
    };

    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(drivers); i++)
        for (size_t k = 0; k < G_N_ELEMENTS(tests); k++) {
            g_autofree char *path = g_strdup_printf("/%s/%s", drivers[i].name, tests[k].name);

            g_test_add(path, Fixture, &drivers[i], set_up, tests[k].run, tear_down);
        }
    return g_test_run();
}
