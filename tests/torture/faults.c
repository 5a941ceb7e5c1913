/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tests/torture/faults.c - the n-th call fails, for every n and every way of failing.
 *
 * A round copies an archive with a past, arms one fail point, opens, works and closes; then, with
 * nothing failing any more, opens again, wants the old state or the new one with every
 * acknowledgement kept, goes on working, and wants that to be right too. Rounds that end in a kill
 * run in a child, which writes down its acknowledgements.
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
work_in_child(Torture *self, const char *dir, TortureState *state, const DnFailPlan *plan)
{
    g_autofree char *program = g_file_read_link("/proc/self/exe", NULL);
    g_autofree char *state_path = g_strconcat(dir, ".state", NULL);
    g_autofree char *how =
        g_strdup_printf("%s:%" G_GUINT64_FORMAT, dn_failpoint_kind_name(plan->kind), plan->nth);
    const char *arguments[] = {program, "--work", dir, state_path, NULL};
    g_auto(GStrv) environment = g_environ_setenv(g_get_environ(), "DENCHO_FAILPOINT", how, TRUE);
    int status = 0;

    if (!g_file_set_contents(state_path, (const char *)state, sizeof *state, NULL) ||
        !g_spawn_sync(NULL, (char **)(uintptr_t)arguments, environment, 0, NULL, NULL, NULL, NULL,
                      &status, NULL))
        g_error("cannot run %s", program);
    read_state(state_path, state);
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
        self->struck++;
    else if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        g_error("the child ended with status %d", status);
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
    g_autoptr(GRand) random = g_rand_new_with_seed(torture_seed());

    make_past(&self);
    calls = count_calls(&self);
    g_print("# %" G_GUINT64_FORMAT " calls that can fail\n", calls);
    test_memory(&self);
    g_print("ok 1 - a bit that flips in memory is found before the acknowledgement\n");
    test_full_disk(&self);
    g_print("ok 2 - a full disk refuses, reads, and goes on when there is space\n");
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
        "ok 3 - old state or new state after every failure, every acknowledgement kept\n1..3\n");
    dn_fs_remove_tree(self.root, NULL);
    g_hash_table_unref(self.points);
    g_hash_table_unref(self.pairs);
    g_free(self.root);
    g_free(self.past);
    return 0;
}
