/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tests/unit/store/test-leaders.c - several syncs of one log at once: who may believe which.
 *
 * The fdatasync(2) of this program stands before libc's: two or four calls can be held and let go
 * with a result of the test's choice, in any order. A further call, as when a failure is undone,
 * passes.
 */
#include "config.h"
#include "base/fs.h"
#include "engine/store/store.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* As many as there may be at once; more than a sync must take before another is worth it. */
enum { HELD = 4, SLOW_US = 1500 };

static struct {
    GMutex lock;
    GCond changed;
    unsigned wanted; /* calls to hold */
    unsigned count;  /* calls that were held */
    int fd[HELD];
    bool let_go[HELD];
    int failure[HELD]; /* errno, 0: it succeeds */
} gate;

__attribute__((visibility("default"))) int fdatasync(int fd);

int
fdatasync(int fd)
{
    int failure = 0;

    g_mutex_lock(&gate.lock);
    if (gate.count < gate.wanted) {
        unsigned mine = gate.count++;

        gate.fd[mine] = fd;
        g_cond_broadcast(&gate.changed);
        while (!gate.let_go[mine])
            g_cond_wait(&gate.changed, &gate.lock);
        failure = gate.failure[mine];
    }
    g_mutex_unlock(&gate.lock);
    if (failure == 0)
        return fsync(fd);
    errno = failure;
    return -1;
}

static void
wait_for_calls(unsigned count)
{
    g_mutex_lock(&gate.lock);
    while (gate.count < count)
        g_cond_wait(&gate.changed, &gate.lock);
    g_mutex_unlock(&gate.lock);
}

static void
let_go(unsigned which, int failure)
{
    g_mutex_lock(&gate.lock);
    gate.failure[which] = failure;
    gate.let_go[which] = true;
    g_cond_broadcast(&gate.changed);
    g_mutex_unlock(&gate.lock);
}

/* ---- clients ---- */

static const DnUuid archive = {{0xaa}};

typedef struct {
    DnStore *store;
    DnUuid tenant;
    DnStorePosition end;
    bool durable;
    GThread *thread;
} Client;

static gpointer
put(gpointer data)
{
    Client *client = data;
    g_autoptr(GBytes) sealed = g_bytes_new_static("sealed", 6);
    DnStoreBlob blob = {.id = {{7}}, .part = 'o', .sealed = sealed};
    DnStoreEntry entry = {.seq = 1, .sealed = sealed};
    DnStoreCommit commit = {client->tenant, 0, &blob, 1, &entry, 1};
    g_auto(DnStoreReceipt) receipt = {0};
    g_autoptr(GError) error = NULL;

    g_assert_true(dn_store_append(client->store, &commit, &receipt, &error));
    client->end = receipt.end;
    client->durable = dn_store_wait(client->store, receipt.ticket, &error);
    g_assert_true(client->durable || dn_error_code(error) == DN_ERROR_IO);
    return NULL;
}

static bool
count_commit(const DnStoreVisit *visit, void *user_data, GError **error)
{
    unsigned *count = user_data;

    (void)visit;
    (void)error;
    (*count)++;
    return true;
}

static unsigned
commits_in(DnStore *store)
{
    unsigned count = 0;

    g_assert_true(dn_store_each(store, NULL, 0, count_commit, &count, NULL));
    return count;
}

/* Clients whose syncs are under way at once: each was begun before the next client came. Two, or as
 * many as the data of the fixture says. */
typedef struct {
    char *dir;
    char *log;
    Client client[HELD];
} Fixture;

static void
set_up(Fixture *self, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    unsigned count = data ? GPOINTER_TO_UINT(data) : 2;
    struct stat st[HELD];
    DnStore *store = NULL;
    Client slow;

    self->dir = g_dir_make_tmp("dencho-test-XXXXXX", NULL);
    self->log = g_build_filename(self->dir, "log", NULL);
    store = dn_store_open_segments(self->log, &archive, 0, true, &error);
    g_assert_no_error(error);
    memset(&gate.count, 0, sizeof gate - offsetof(__typeof__(gate), count));
    gate.wanted = 1;

    slow =
        (Client){.store = store, .tenant = {{1}}}; /* so that the store knows this disk as slow */
    slow.thread = g_thread_new("slow", put, &slow);
    wait_for_calls(1);
    g_usleep(SLOW_US);
    let_go(0, 0);
    g_thread_join(slow.thread);
    g_assert_true(slow.durable);

    g_mutex_lock(&gate.lock);
    memset(&gate.count, 0, sizeof gate - offsetof(__typeof__(gate), count));
    gate.wanted = count;
    g_mutex_unlock(&gate.lock);
    for (unsigned i = 0; i < count; i++) {
        self->client[i] = (Client){.store = store, .tenant = {{2, (uint8_t)i}}};
        self->client[i].thread = g_thread_new("client", put, &self->client[i]);
        wait_for_calls(i + 1);
    }
    for (unsigned i = 0; i < count; i++) {
        g_assert_cmpint(fstat(gate.fd[i], &st[i]), ==, 0);
        g_assert_cmpuint(st[i].st_ino, ==, st[0].st_ino);
        for (unsigned k = 0; k < i; k++)
            g_assert_cmpint(gate.fd[i], !=, gate.fd[k]); /* each is told of errors by itself */
    }
    g_assert_cmpuint(commits_in(store), ==, 1);
}

static void
tear_down(Fixture *self, gconstpointer data)
{
    (void)data;
    gate.wanted = 0;
    g_assert_true(dn_fs_remove_tree(self->dir, NULL));
    g_free(self->log);
    g_free(self->dir);
}

static void
join(Fixture *self, unsigned which, bool durable)
{
    g_thread_join(self->client[which].thread);
    g_assert_true(self->client[which].durable == durable);
}

/* The store takes more, or not until it is opened again; then it holds @count commits. */
static void
check_after(Fixture *self, bool usable, unsigned count)
{
    DnStore *store = self->client[0].store;
    g_autoptr(GBytes) sealed = g_bytes_new_static("sealed", 6);
    DnStoreEntry entry = {.seq = 1, .sealed = sealed};
    DnUuid tenant = {{9}};
    DnStoreCommit commit = {tenant, 0, NULL, 0, &entry, 1};
    g_auto(DnStoreReceipt) receipt = {0};
    g_autoptr(GError) error = NULL;

    g_assert_cmpuint(commits_in(store), ==, count);
    g_assert_true(dn_store_append(store, &commit, &receipt, &error) == usable);
    if (usable)
        g_assert_true(dn_store_wait(store, receipt.ticket, &error));
    dn_store_close(store);
    g_clear_error(&error);
    store = dn_store_open_segments(self->log, &archive, 0, false, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(commits_in(store), ==, count + usable);
    g_assert_cmpuint(dn_store_state(store).cut_bytes, ==, 0);
    dn_store_close(store);
}

static void
test_both_succeed_in_order(Fixture *self, gconstpointer data)
{
    (void)data;
    let_go(0, 0);
    join(self, 0, true);
    g_assert_cmpuint(commits_in(self->client[0].store), ==, 2); /* not the second, whose is not */
    let_go(1, 0);
    join(self, 1, true);
    check_after(self, true, 3);
}

/* It was begun later, so it covers what the other was begun for. */
static void
test_the_later_one_ends_first(Fixture *self, gconstpointer data)
{
    (void)data;
    let_go(1, 0);
    join(self, 1, true);
    g_assert_cmpuint(commits_in(self->client[0].store), ==, 3);
    let_go(0, 0);
    join(self, 0, true);
    check_after(self, true, 3);
}

static void
test_the_first_fails(Fixture *self, gconstpointer data)
{
    (void)data;
    let_go(0, EIO);
    join(self, 0, false);
    let_go(1,
           0); /* a success that comes when all of it has been called failed counts for nothing */
    join(self, 1, false);
    check_after(self, false, 1);
}

static void
test_the_second_fails(Fixture *self, gconstpointer data)
{
    (void)data;
    let_go(1, EIO);
    join(self, 1, false);
    let_go(0, 0);
    join(self, 0, false);
    check_after(self, false, 1);
}

/* What the later sync had vouched for stays. */
static void
test_the_first_fails_when_the_second_is_done(Fixture *self, gconstpointer data)
{
    (void)data;
    let_go(1, 0);
    join(self, 1, true);
    let_go(0, EIO);
    join(self, 0, true);
    check_after(self, false, 3);
}

static void
test_the_second_fails_when_the_first_is_done(Fixture *self, gconstpointer data)
{
    (void)data;
    let_go(0, 0);
    join(self, 0, true);
    let_go(1, EIO);
    join(self, 1, false);
    check_after(self, false, 2);
}

static void
test_both_fail(Fixture *self, gconstpointer data)
{
    (void)data;
    let_go(0, EIO);
    let_go(1, EIO);
    join(self, 0, false);
    join(self, 1, false);
    check_after(self, false, 1);
}

/* Everything that is not durable is given up while both are at work: they are waited for, and what
 * they sync stays. */
static gpointer
abandon(gpointer data)
{
    DnStore *store = data;

    g_assert_true(store->driver->abandon(store, NULL));
    return NULL;
}

static void
test_a_failed_write_waits_for_both(Fixture *self, gconstpointer data)
{
    GThread *thread = g_thread_new("abandon", abandon, self->client[0].store);

    (void)data;
    let_go(0, 0);
    let_go(1, 0);
    g_thread_join(thread);
    join(self, 0, true);
    join(self, 1, true);
    check_after(self, true, 3);
}

/* Four syncs end in @order, the one of @failing with an error. Who
 * began it leads it, so he is told as soon as it has ended. */
static void
end_in_order(const unsigned order[HELD], unsigned failing)
{
    Fixture self = {0};
    unsigned vouched = 0; /* for so many clients */
    bool failed = false;

    set_up(&self, GUINT_TO_POINTER(HELD));
    for (unsigned i = 0; i < HELD; i++) {
        unsigned which = order[i];

        let_go(which, which == failing ? EIO : 0);
        failed = failed || which == failing;
        if (!failed)
            vouched = MAX(vouched, which + 1);
        join(&self, which, which < vouched);
        g_assert_cmpuint(commits_in(self.client[0].store), ==, 1 + vouched);
    }
    check_after(&self, !failed, 1 + vouched);
    tear_down(&self, NULL);
}

static void
test_four_end_in_any_order(void)
{
    enum { ORDERS = HELD * HELD * HELD * HELD };

    for (unsigned number = 0; number < ORDERS; number++) {
        unsigned order[HELD];
        unsigned seen = 0;

        for (unsigned i = 0, rest = number; i < HELD; i++, rest /= HELD) {
            order[i] = rest % HELD;
            seen |= 1u << order[i];
        }
        if (seen != (1u << HELD) - 1)
            continue;
        for (unsigned failing = 0; failing <= HELD; failing++) /* the last: none */
            end_in_order(order, failing);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name) g_test_add("/leaders/" #name, Fixture, NULL, set_up, test_##name, tear_down)
    ADD(both_succeed_in_order);
    ADD(the_later_one_ends_first);
    ADD(the_first_fails);
    ADD(the_second_fails);
    ADD(the_first_fails_when_the_second_is_done);
    ADD(the_second_fails_when_the_first_is_done);
    ADD(both_fail);
    ADD(a_failed_write_waits_for_both);
    g_test_add_func("/leaders/four_end_in_any_order", test_four_end_in_any_order);
    return g_test_run();
}
