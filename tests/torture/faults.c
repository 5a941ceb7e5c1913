/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tests/torture/faults.c - the n-th call fails, for every n and every way of failing.
 *
 * A round copies an archive with a past, arms one fail point, opens, works and closes; then, with
 * nothing failing any more, opens again, wants the old state or the new one with every
 * acknowledgement kept, goes on working, and wants that to be right too. Rounds that end in a kill
 * run in a child, which writes down its acknowledgements.
 *
 * Stamping has rounds of its own, with a time-stamp authority beside.
 *
 *   faults            as many random n as fit a short time, and the fixed tests
 *   faults --all      every n of every kind, then random rounds for DENCHO_TORTURE_SECONDS
 */
#include "config.h"
#include "base/failpoint.h"
#include "base/fs.h"
#include "tests/torture/common.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAST = 7, WORK = 12, QUICK_ROUNDS = 40 };

typedef struct {
    char *root;
    char *past; /* an archive with PAST steps done */
    TortureState before;
    uint64_t rounds;
    uint64_t struck;
    GHashTable *points; /* names that were struck */
    GHashTable *pairs;  /* "KIND name" */
} Torture;

static void
make_past(Torture *self)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(DnArchive) archive = NULL;

    self->past = torture_new_archive(TORTURE_SEGMENT, &self->root);
    archive = torture_open(self->past, &error);
    for (int step = 0; step < PAST && archive; step++)
        if (!torture_step(archive, &self->before, step, &error))
            g_error("step %d: %s", step, error->message);
    if (!archive)
        g_error("%s", error->message);
}

/* Opens, works, closes; steps go on after one that failed, as a client would try again. What is
 * acknowledged is written to @told, when that is a descriptor. */
static void
work(const char *dir, TortureState *state, int told)
{
    g_autoptr(DnArchive) archive = torture_open(dir, NULL);
    int failures = 0;

    for (int step = state->next; archive && step < PAST + WORK && failures < 3;) {
        if (!torture_step(archive, state, step, NULL)) {
            failures++;
            continue;
        }
        step = state->next;
        if (told >= 0 && pwrite(told, state, sizeof *state, 0) != sizeof *state)
            _exit(1);
    }
}

static void
read_state(const char *path, TortureState *out)
{
    g_autofree char *bytes = NULL;
    gsize size = 0;

    if (!g_file_get_contents(path, &bytes, &size, NULL) || size != sizeof *out)
        g_error("no state in %s", path);
    memcpy(out, bytes, size);
}

static int
work_as_told(const char *dir, const char *state_path)
{
    TortureState state;
    int told = open(state_path, O_WRONLY | O_CLOEXEC);

    read_state(state_path, &state);
    work(dir, &state, told);
    return 0;
}

/* A program of its own: the threads of RocksDB do not survive a fork. */
static void
run_child(Torture *self, const char *dir, const char *job, const char *state_path,
          const DnFailPlan *plan)
{
    g_autofree char *program = g_file_read_link("/proc/self/exe", NULL);
    g_autofree char *how =
        g_strdup_printf("%s:%" G_GUINT64_FORMAT, dn_failpoint_kind_name(plan->kind), plan->nth);
    const char *arguments[] = {program, job, dir, state_path, NULL};
    g_auto(GStrv) environment = g_environ_setenv(g_get_environ(), "DENCHO_FAILPOINT", how, TRUE);
    int status = 0;

    if (!g_spawn_sync(NULL, (char **)(uintptr_t)arguments, environment, G_SPAWN_STDERR_TO_DEV_NULL,
                      NULL, NULL, NULL, NULL, &status, NULL))
        g_error("cannot run %s", program);
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
        self->struck++;
    else if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        g_error("%s ended with status %d", job, status);
}

static void
work_in_child(Torture *self, const char *dir, TortureState *state, const DnFailPlan *plan)
{
    g_autofree char *state_path = g_strconcat(dir, ".state", NULL);

    if (!g_file_set_contents(state_path, (const char *)state, sizeof *state, NULL))
        g_error("cannot write %s", state_path);
    run_child(self, dir, "--work", state_path, plan);
    read_state(state_path, state);
}

static void
note(Torture *self, DnFailKind kind)
{
    const char *name = dn_failpoint_struck();

    if (!name)
        return;
    self->struck++;
    g_hash_table_add(self->points, (gpointer)(uintptr_t)name);
    g_hash_table_add(self->pairs, g_strdup_printf("%s %s", dn_failpoint_kind_name(kind), name));
}

/* False when the n-th call does not come any more. */
static bool
run_round(Torture *self, const DnFailPlan *plan)
{
    g_autofree char *root = g_dir_make_tmp("dencho-torture-XXXXXX", NULL);
    g_autofree char *dir = g_build_filename(root, "archive", NULL);
    g_autofree char *past_key = g_strconcat(self->past, ".key", NULL);
    g_autofree char *past_witness = g_strconcat(past_key, ".witness", NULL);
    g_autofree char *wrong = NULL;
    TortureState state = self->before;
    uint64_t struck = self->struck;

    torture_copy_tree(self->past, root);
    torture_copy_tree(past_key, root);
    torture_copy_tree(past_witness, root);
    self->rounds++;
    if (plan->kind == DN_FAIL_KILL || plan->kind == DN_FAIL_TORN) {
        work_in_child(self, dir, &state, plan);
    } else {
        dn_failpoint_arm(plan);
        work(dir, &state, -1);
        note(self, plan->kind);
    }
    dn_failpoint_arm(NULL);
    wrong = torture_check_reopened(dir, &state, PAST + WORK + 3);
    if (wrong)
        g_error("%s at call %" G_GUINT64_FORMAT "%s (%s): %s; the archive is left in %s",
                dn_failpoint_kind_name(plan->kind), plan->nth, plan->from_then_on ? "+" : "",
                plan->only ? plan->only : "any", wrong, dir);
    dn_fs_remove_tree(root, NULL);
    return self->struck > struck;
}

static uint64_t
count_calls(Torture *self)
{
    g_autofree char *root = g_dir_make_tmp("dencho-torture-XXXXXX", NULL);
    g_autofree char *dir = g_build_filename(root, "archive", NULL);
    g_autofree char *past_key = g_strconcat(self->past, ".key", NULL);
    TortureState state = self->before;
    uint64_t calls = 0;

    torture_copy_tree(self->past, root);
    torture_copy_tree(past_key, root);
    dn_failpoint_arm(NULL);
    work(dir, &state, -1);
    calls = dn_failpoint_calls();
    dn_fs_remove_tree(root, NULL);
    return calls;
}

static DnFailPlan
random_plan(GRand *random, uint64_t calls)
{
    DnFailPlan plan = {
        .kind = (DnFailKind)g_rand_int_range(random, DN_FAIL_EIO, DN_FAIL_KINDS),
        .nth = 1 + (uint64_t)g_rand_int_range(random, 0, (gint32)calls),
    };

    /* EINTR for ever would be tried again for ever, and a program is killed once. */
    if (plan.kind == DN_FAIL_EIO || plan.kind == DN_FAIL_ENOSPC)
        plan.from_then_on = g_rand_int_range(random, 0, 4) == 0;
    return plan;
}

/* A bit that flips between sealing and comparing: the document is refused, the next one goes in. */
static void
test_memory(Torture *self)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(DnArchive) archive = torture_open(self->past, &error);
    TortureState state = self->before;

    for (uint64_t nth = 1; nth <= 2; nth++) { /* the blob, the ledger line */
        dn_failpoint_arm(&(DnFailPlan){.kind = DN_FAIL_EIO, .nth = nth, .only = "seal.memory"});
        if (torture_step(archive, &state, 9, &error))
            g_error("a damaged sealing was acknowledged");
        if (!g_error_matches(error, DN_ERROR, DN_ERROR_CORRUPT))
            g_error("a damaged sealing: %s", error->message);
        g_clear_error(&error);
    }
    dn_failpoint_arm(NULL);
    state.next = PAST;
    g_autofree char *wrong = torture_check(archive, &state);

    if (wrong)
        g_error("after a damaged sealing: %s", wrong);
}

/* Full from the n-th write on; the same open archive reads, refuses, and goes on with space. */
static void
test_full_disk(Torture *self)
{
    static const char *const points[] = {"fs.pwrite", "fs.w", "reserve.allocate"};

    for (size_t i = 0; i < G_N_ELEMENTS(points); i++) {
        g_autofree char *root = NULL;
        g_autofree char *dir = torture_new_archive(TORTURE_SEGMENT, &root);
        g_autoptr(GError) error = NULL;
        g_autoptr(DnArchive) archive = torture_open(dir, &error);
        TortureState state = {0};
        g_autofree char *wrong = NULL;
        g_autofree char *reserve = g_build_filename(dir, "reserve", NULL);

        (void)self;
        for (int step = 0; step < 3 && i < 2; step++)
            if (!torture_step(archive, &state, step, &error))
                g_error("%s", error->message);
        dn_failpoint_arm(&(DnFailPlan){
            .kind = DN_FAIL_ENOSPC, .nth = 1, .only = points[i], .from_then_on = true});
        if (i < 2 && torture_step(archive, &state, 3, NULL) && i == 0)
            g_error("a full disk took a document");
        if (i < 2 && g_file_test(reserve, G_FILE_TEST_EXISTS) && i == 0)
            g_error("the reserve was not released");
        dn_failpoint_arm(&(DnFailPlan){
            .kind = DN_FAIL_ENOSPC, .nth = 1, .only = "reserve.allocate", .from_then_on = true});
        if (i != 1 && torture_step(archive, &state, state.next, &error))
            g_error("without a reserve a document was taken");
        if (i != 1 &&
            (!g_error_matches(error, DN_ERROR, DN_ERROR_IO) || !strstr(error->message, "free ")))
            g_error("a full disk says: %s", error->message);
        wrong = torture_check(archive, &state);
        if (wrong)
            g_error("reading on a full disk: %s", wrong);
        dn_failpoint_arm(NULL);
        for (int step = state.next; step < 9; step++)
            if (!torture_step(archive, &state, step, NULL))
                g_error("space is back and step %d fails", step);
        wrong = torture_check(archive, &state);
        if (wrong)
            g_error("with space again: %s", wrong);
        g_clear_pointer(&archive, dn_archive_close);
        dn_fs_remove_tree(root, NULL);
    }
}

/* A view that does not take commits: they are durable and not acknowledged, nothing is decided on
 * what it shows meanwhile, and it follows as soon as it can. */
static void
test_view_behind(Torture *self)
{
    g_autofree char *root = NULL;
    g_autofree char *dir = torture_new_archive(TORTURE_SEGMENT, &root);
    g_autoptr(GError) error = NULL;
    g_autoptr(DnArchive) archive = torture_open(dir, &error);
    TortureState state = {0};
    uint64_t count = 0;

    (void)self;
    dn_failpoint_arm(
        &(DnFailPlan){.kind = DN_FAIL_EIO, .nth = 1, .only = "kv.write", .from_then_on = true});
    if (torture_step(archive, &state, 0, &error) || !strstr(error->message, "stored, but"))
        g_error("acknowledged without the view");
    g_clear_error(&error);
    if (torture_step(archive, &state, 0, &error))
        g_error("decided on an old view");
    dn_failpoint_arm(NULL);
    for (int step = 0; step < 6; step++) /* the first again: it is a duplicate now */
        if (!torture_step(archive, &state, step, NULL))
            g_error("the view does not follow: step %d", step);
    if (!dn_archive_count(archive, &(DnSearch){0}, &count, NULL) || count != 2)
        g_error("%" G_GUINT64_FORMAT " vouchers of two", count);
    g_autofree char *wrong = torture_check(archive, &state);

    if (wrong)
        g_error("after the view has followed: %s", wrong);
    g_clear_pointer(&archive, dn_archive_close);
    dn_fs_remove_tree(root, NULL);
}

/* --- reading --- */

/* The pipe to the worker fails at each of its calls: the document stays stored, and is read as soon
 * as nothing fails. */
static void
test_pipe(Torture *self)
{
    const char *source = g_getenv("DENCHO_SRCDIR");
    const char *build = g_getenv("DENCHO_BUILDDIR");
    g_autofree char *worker = g_build_filename(build ? build : ".", "worker/dencho-worker", NULL);
    g_autofree char *path =
        g_build_filename(source ? source : "..", "samples/documents/thermal-01.png", NULL);
    g_autofree char *bytes = NULL;
    g_autofree char *root = NULL;
    g_autofree char *dir = torture_new_archive(256 << 20, &root);
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) stored = NULL;
    gsize size = 0;
    bool struck = true;
    DnUuid id;

    if (!g_file_get_contents(path, &bytes, &size, &error))
        g_error("%s", error->message);
    g_autoptr(GBytes) document = g_bytes_new(bytes, size);
    g_autoptr(DnArchive) archive = dn_archive_open(
        dir, &(DnArchiveOptions){.actor = "torture", .worker_path = worker}, &error);

    if (!archive ||
        !dn_archive_ingest(archive, document, &(DnIngest){.no_wait = true}, &stored, &error))
        g_error("%s", error->message);
    dn_uuid_parse(dn_json_string(stored, "voucher"), &id, NULL);
    for (uint64_t n = 1; struck; n *= 4) { /* each costs the start of a worker */
        g_autoptr(json_t) result = NULL;
        bool read = false;

        dn_failpoint_arm(&(DnFailPlan){.kind = DN_FAIL_EIO, .nth = n, .only = "wire."});
        read = dn_archive_read(archive, &id, &result, NULL);
        note(self, DN_FAIL_EIO);
        struck = dn_failpoint_struck() != NULL;
        dn_failpoint_arm(NULL);
        g_autofree char *wrong = torture_check(archive, &(TortureState){0});

        if (wrong)
            g_error("after call %" G_GUINT64_FORMAT " of the pipe failed: %s", n, wrong);
        if (!struck && (!read || json_object_get(result, "error")))
            g_error("a document cannot be read after the pipe has failed");
    }
    g_clear_pointer(&archive, dn_archive_close);
    dn_fs_remove_tree(root, NULL);
}

/* --- stamping --- */

typedef struct {
    char *dir;
    GPid server;
    char *settings; /* of an archive that uses it */
} Authority;

static bool
start_authority(Authority *self)
{
    const char *build = g_getenv("DENCHO_BUILDDIR");
    g_autofree char *program = g_build_filename(build ? build : ".", "tools", "dencho-tsa", NULL);
    g_autofree char *port_file = NULL;
    g_autofree char *port = NULL;
    int status = 0;

    self->dir = g_dir_make_tmp("dencho-tsa-XXXXXX", NULL);
    g_autofree char *home = g_build_filename(self->dir, "tsa", NULL);
    const char *init[] = {program, "init", home, NULL};

    port_file = g_build_filename(home, "port", NULL);
    const char *serve[] = {program, "serve", home, "--port", "0", "--port-file", port_file, NULL};

    if (!g_spawn_sync(NULL, (char **)(uintptr_t)init, NULL, G_SPAWN_STDOUT_TO_DEV_NULL, NULL, NULL,
                      NULL, NULL, &status, NULL) ||
        status != 0 ||
        !g_spawn_async(NULL, (char **)(uintptr_t)serve, NULL,
                       G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_STDOUT_TO_DEV_NULL, NULL, NULL,
                       &self->server, NULL))
        return false;
    while (!g_file_get_contents(port_file, &port, NULL, NULL) || !*port) {
        if (waitpid(self->server, &status, WNOHANG) != 0)
            g_error("the authority has ended");
        g_clear_pointer(&port, g_free);
        g_usleep(10000);
    }
    self->settings = g_strdup_printf("\n[evidence]\ntsa-url=http://127.0.0.1:%s/\n"
                                     "trust-file=%s/trust.conf\n",
                                     g_strstrip(port), home);
    return true;
}

static void
stop_authority(Authority *self)
{
    kill(self->server, SIGTERM);
    waitpid(self->server, NULL, 0);
    dn_fs_remove_tree(self->dir, NULL);
    g_free(self->dir);
    g_free(self->settings);
}

static void
use_authority(const char *dir, const Authority *authority)
{
    g_autofree char *conf = g_build_filename(dir, "dencho.conf", NULL);
    g_autofree char *text = NULL;
    g_autofree char *more = NULL;

    if (!g_file_get_contents(conf, &text, NULL, NULL))
        g_error("cannot read %s", conf);
    more = g_strconcat(text, authority->settings, NULL);
    g_file_set_contents(conf, more, -1, NULL);
}

static bool
stamp(const char *dir, GError **error)
{
    g_autoptr(DnArchive) archive = torture_open(dir, error);
    g_autoptr(json_t) result = NULL;

    return archive && dn_archive_stamp(archive, &result, error);
}

static int64_t
unstamped(const char *dir, const TortureState *state)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(DnArchive) archive = torture_open(dir, &error);
    g_autofree char *wrong = archive ? torture_check(archive, state) : g_strdup(error->message);
    g_autoptr(json_t) stats = NULL;

    if (wrong)
        g_error("after stamping has failed: %s; it is left in %s", wrong, dir);
    stats = dn_archive_stats(archive, NULL);
    return dn_json_int(stats, "unstamped", -1);
}

static bool
run_stamp(Torture *self, const Authority *authority, const DnFailPlan *plan)
{
    g_autofree char *root = g_dir_make_tmp("dencho-torture-XXXXXX", NULL);
    g_autofree char *dir = g_build_filename(root, "archive", NULL);
    g_autofree char *past_key = g_strconcat(self->past, ".key", NULL);
    g_autoptr(GError) error = NULL;
    uint64_t struck = self->struck;
    int64_t before = 0;
    bool stamped = false;

    torture_copy_tree(self->past, root);
    torture_copy_tree(past_key, root);
    use_authority(dir, authority);
    before = unstamped(dir, &self->before);
    self->rounds++;
    if (plan->kind == DN_FAIL_KILL || plan->kind == DN_FAIL_TORN) {
        run_child(self, dir, "--stamp", NULL, plan);
    } else {
        dn_failpoint_arm(plan);
        stamped = stamp(dir, NULL);
        note(self, plan->kind);
    }
    dn_failpoint_arm(NULL);
    int64_t after = unstamped(dir, &self->before);

    if ((after != 0 && after != before) || (stamped && after != 0))
        g_error("%" G_GINT64_FORMAT " of %" G_GINT64_FORMAT " wait after a stamp that %s", after,
                before, stamped ? "was told" : "failed");
    if (!stamp(dir, &error) || unstamped(dir, &self->before) != 0)
        g_error("stamping again: %s", error ? error->message : "some wait");
    dn_fs_remove_tree(root, NULL);
    return self->struck > struck;
}

static void
test_stamp(Torture *self, bool all, GRand *random)
{
    static const DnFailKind kinds[] = {DN_FAIL_EIO, DN_FAIL_KILL};
    Authority authority = {0};

    if (!start_authority(&authority)) {
        g_print("# no authority could be started: stamping is left out\n");
        return;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++)
        for (uint64_t n = 1, step = 0;; n += step) {
            step = all ? 1 : (uint64_t)g_rand_int_range(random, 10, 40);
            if (!run_stamp(self, &authority, &(DnFailPlan){.kind = kinds[i], .nth = n}))
                break;
        }
    stop_authority(&authority);
}

static void
run_all(Torture *self, uint64_t *out_n)
{
    for (int kind = DN_FAIL_EIO; kind < DN_FAIL_KINDS; kind++)
        for (uint64_t n = 1;; n++) {
            if (!run_round(self, &(DnFailPlan){.kind = (DnFailKind)kind, .nth = n}))
                break;
            *out_n = MAX(*out_n, n);
        }
}

int
main(int argc, char **argv)
{
    Torture self = {.points = g_hash_table_new(g_str_hash, g_str_equal),
                    .pairs = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL)};
    bool all = argc > 1 && strcmp(argv[1], "--all") == 0;
    const char *seconds = g_getenv("DENCHO_TORTURE_SECONDS");
    gint64 end_us = 0;
    uint64_t calls = 0;
    uint64_t last = 0;
    if (argc > 3 && strcmp(argv[1], "--work") == 0)
        return work_as_told(argv[2], argv[3]);
    if (argc > 2 && strcmp(argv[1], "--stamp") == 0) {
        stamp(argv[2], NULL);
        return 0;
    }
    g_autoptr(GRand) random = g_rand_new_with_seed(torture_seed());

    torture_fast_disk();
    make_past(&self);
    calls = count_calls(&self);
    g_print("# %" G_GUINT64_FORMAT " calls that can fail\n", calls);
    test_memory(&self);
    g_print("ok 1 - a bit that flips in memory is found before the acknowledgement\n");
    test_full_disk(&self);
    g_print("ok 2 - a full disk refuses, reads, and goes on when there is space\n");
    test_view_behind(&self);
    g_print("ok 3 - nothing is decided on a view that is behind, and it follows\n");
    test_stamp(&self, all, random);
    g_print("ok 4 - a stamp that fails stamps all or nothing\n");
    test_pipe(&self);
    g_print("ok 5 - a pipe to the worker that fails loses no document\n");
    if (all)
        run_all(&self, &last);
    end_us = g_get_monotonic_time() +
             (all ? (seconds ? atoi(seconds) : 60) : 0) * (gint64)G_USEC_PER_SEC;
    for (int i = 0; all ? g_get_monotonic_time() < end_us : i < QUICK_ROUNDS; i++) {
        DnFailPlan plan = random_plan(random, calls);

        run_round(&self, &plan);
    }
    g_print("# %" G_GUINT64_FORMAT " rounds, %" G_GUINT64_FORMAT
            " struck, %u points, %u kinds x points (kills beside), every n up to %" G_GUINT64_FORMAT
            "\n",
            self.rounds, self.struck, g_hash_table_size(self.points), g_hash_table_size(self.pairs),
            last);
    g_print(
        "ok 6 - old state or new state after every failure, every acknowledgement kept\n1..6\n");
    dn_fs_remove_tree(self.root, NULL);
    g_hash_table_unref(self.points);
    g_hash_table_unref(self.pairs);
    g_free(self.root);
    g_free(self.past);
    return 0;
}
